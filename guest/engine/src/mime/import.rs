//! Reading many messages into a folder, in batches of one commit each.
//!
//! A message of an archive is no delivery: nobody is told of new mail, no receipt is owed for it, and its
//! read state is the archive's.

use crate::backend::{NamedProperty, ObjectId, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Code, Failure, Result};
use crate::messages::{Draft, message_flags};
use crate::mime::{Destination, Oddities, ReadOptions, Reader};
use crate::properties::{PropTag, Property, Value, tags};
use crate::stores::{ChangeSet, CommitMode, Connection};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A batch is committed when it holds this many messages …
const BATCH_MESSAGES: usize = 256;
/// … or about this many bytes in memory.
const BATCH_BYTES: u64 = 8 << 20;
/// Rows read at once when the folder's keys are listed.
const KEYS_AT_ONCE: u32 = 4096;

/// What is known of a message beside its bytes.
#[derive(Clone, Debug, Default)]
pub struct MessageOptions {
    /// How it is read.
    pub read: ReadOptions,
    /// Whether it was read by its owner.
    pub seen: bool,
    /// Further properties to set, such as [`crate::mime::IMPORT_KEY`].
    pub properties: Vec<Property>,
}

/// A message taken in.
#[derive(Debug)]
pub struct Imported {
    /// What was odd about it.
    pub oddities: Oddities,
    /// Its size as received, in bytes.
    pub size: u64,
    /// Messages made durable by this call; they and all before them are in the store now.
    pub committed: usize,
}

/// Reads messages into one folder.
pub struct Importer {
    connection: Rc<Connection>,
    destination: Rc<StoreDestination>,
    folder: ObjectId,
    mode: CommitMode,
    queue: Vec<Draft>,
    queued_bytes: u64,
    current: Option<(Reader, MessageOptions)>,
}

impl Importer {
    /// An importer into that folder. With `defer_indexing` text searches stay right but slow until the
    /// store has caught up.
    #[must_use]
    pub fn new(connection: Rc<Connection>, folder: ObjectId, defer_indexing: bool) -> Self {
        let destination = Rc::new(StoreDestination::new(connection.clone()));
        let mode = CommitMode { defer_indexing, delivery: false };
        Self { connection, destination, folder, mode, queue: Vec::new(), queued_bytes: 0, current: None }
    }

    /// Begins a message; one begun before and not finished is dropped.
    pub fn begin(&mut self, options: MessageOptions) {
        self.current = Some((Reader::new(self.destination.clone(), options.read), options));
    }

    /// Takes the next bytes of the message begun.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when none is; the store's own.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.current {
            Some((reader, _)) => reader.write(bytes),
            None => Err(none_begun()),
        }
    }

    /// Ends the message and queues it; a full batch is committed.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when none is begun; the store's own. When a commit fails, its whole batch
    /// is dropped and nothing of it is in the store.
    pub fn finish(&mut self) -> Result<Imported> {
        let (reader, options) = self.current.take().ok_or_else(none_begun)?;
        let parsed = reader.finish()?;
        let mut draft = parsed.draft;
        if options.seen {
            let flags = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or_default();
            let seen = flags | message_flags::READ | message_flags::EVERREAD;
            draft.properties.put(tags::MESSAGE_FLAGS, Value::Long(seen));
        }
        for property in options.properties {
            draft.set(property);
        }
        self.queued_bytes = self.queued_bytes.saturating_add(parsed.held);
        self.queue.push(draft);
        let full = self.queue.len() >= BATCH_MESSAGES || self.queued_bytes >= BATCH_BYTES;
        let committed = if full { self.flush()? } else { 0 };
        Ok(Imported { oddities: parsed.oddities, size: parsed.size, committed })
    }

    /// Drops the message begun.
    pub fn abandon(&mut self) {
        self.current = None;
    }

    /// Commits what is queued; how many messages that were.
    ///
    /// # Errors
    /// The store's own; nothing of the batch is in the store then.
    pub fn flush(&mut self) -> Result<usize> {
        let queue = core::mem::take(&mut self.queue);
        self.queued_bytes = 0;
        if queue.is_empty() {
            return Ok(0);
        }
        let count = queue.len();
        let mut changes = ChangeSet::new(&self.connection);
        for draft in queue {
            changes.add_message(&self.folder, draft)?;
        }
        changes.commit(self.mode)?;
        Ok(count)
    }

    /// The values of a binary property of all messages in the folder that have it, in order of arrival.
    ///
    /// # Errors
    /// The store's own.
    pub fn keys(&self, tag: PropTag) -> Result<Vec<Vec<u8>>> {
        let scope = Scope::One(self.folder.clone());
        let mut keys = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let page = self.connection.backend().scan(&ScanRequest {
                scope: &scope,
                kind: ScanKind::Contents,
                columns: &[tag],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: KEYS_AT_ONCE,
            })?;
            let Some(column) = page.batch.columns.first() else { return Ok(keys) };
            for row in 0..page.batch.len() {
                if let Some(Value::Binary(key)) = column.value(row) {
                    keys.push(key);
                }
            }
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(keys),
            }
        }
    }
}

fn none_begun() -> Failure {
    Failure::new(Code::InvalidParameter, "No message has been begun; begin one before writing to it or finishing it.")
}

/// A store as the destination of messages; remembers the names it was asked for.
pub(crate) struct StoreDestination {
    connection: Rc<Connection>,
    names: RefCell<BTreeMap<NamedProperty, Option<u16>>>,
}

impl StoreDestination {
    pub(crate) fn new(connection: Rc<Connection>) -> Self {
        Self { connection, names: RefCell::default() }
    }
}

/// Names remembered; a hostile archive can invent them without end.
const NAMES_REMEMBERED: usize = 40_000;

impl Destination for StoreDestination {
    fn stage(&self) -> Result<u64> {
        self.connection.backend().stage()
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.connection.backend().append(staged, bytes)
    }

    fn discard(&self, staged: u64) {
        self.connection.backend().discard(staged);
    }

    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
        let unknown: Vec<NamedProperty> = {
            let known = self.names.borrow();
            names.iter().filter(|name| !known.contains_key(name)).cloned().collect()
        };
        if !unknown.is_empty() {
            let ids = self.connection.backend().ids_of_names(&unknown, true)?;
            let mut known = self.names.borrow_mut();
            if known.len() > NAMES_REMEMBERED {
                known.clear();
            }
            for (position, name) in unknown.into_iter().enumerate() {
                known.insert(name, ids.get(position).copied().flatten().filter(|id| (0x8001..=0xFFFE).contains(id)));
            }
        }
        let known = self.names.borrow();
        Ok(names.iter().map(|name| known.get(name).copied().flatten()).collect())
    }
}
