//! An open store backend, shared by every reference a session holds to the store (`session` 6.3).

use crate::backend::{Change, Commit, Committed, Environment, ObjectId, Store, StoreIdentity, StoredProperty, StoredValue};
use crate::collation::KEY_VERSION;
use crate::error::{Code, Failure, Result};
use crate::notifications::StoreEvents;
use crate::properties::{Guid, Property};
use crate::stores::changes::Indexing;
use crate::stores::reports::Reports;
use crate::stores::{CommitMode, WritingHandle};
use crate::tables::{Feed, FeedListener};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Identifiers reserved at once when there is much to create.
const RESERVE_AT_ONCE: u32 = 256;

/// One backend, with what the engine knows of it: its identity, the reader of its change feed, identifiers
/// reserved for objects to be created.
pub struct Connection {
    backend: Rc<dyn Store>,
    identity: StoreIdentity,
    indexing: Indexing,
    feed: Option<Rc<Feed>>,
    events: Rc<StoreEvents>,
    environment: Environment,
    token: u64,
    reserved: RefCell<VecDeque<ObjectId>>,
    reserve_next: Cell<u32>,
    /// Messages open for writing, each with the number of its handles.
    writing: RefCell<BTreeMap<ObjectId, u32>>,
    reports: RefCell<Option<Rc<dyn Reports>>>,
}

impl Connection {
    /// Takes a backend over.
    ///
    /// # Errors
    /// The backend's own.
    pub fn new(backend: Rc<dyn Store>, environment: Environment) -> Result<Rc<Self>> {
        let mut identity = backend.identity();
        // A store that was never written has no keys of any version: from now on it has ours.
        if identity.index.key_version == 0 && identity.writable {
            backend.rekey(Vec::new(), KEY_VERSION, true)?;
            identity = backend.identity();
        }
        let feed = if identity.capabilities.feed { Feed::open(backend.clone())? } else { None };
        let events = StoreEvents::new(Rc::clone(&backend), &identity);
        if let Some(feed) = &feed {
            let listener: Rc<dyn FeedListener> = events.clone();
            feed.listen(Rc::downgrade(&listener));
        }
        let mut token = [0; 8];
        environment.entropy.fill(&mut token);
        Ok(Rc::new(Self {
            backend,
            indexing: Indexing::of(&identity.index),
            identity,
            feed,
            events,
            environment,
            token: u64::from_le_bytes(token),
            reserved: RefCell::default(),
            reserve_next: Cell::new(1),
            writing: RefCell::default(),
            reports: RefCell::default(),
        }))
    }

    /// Says who builds and sends the read and non-read reports that fall due in this store.
    pub fn set_reports(&self, reports: Rc<dyn Reports>) {
        self.reports.replace(Some(reports));
    }

    /// Who builds and sends reports.
    pub(crate) fn reports(&self) -> Option<Rc<dyn Reports>> {
        self.reports.borrow().clone()
    }

    /// Notes that a message is open for writing, as long as what is returned lives.
    pub(crate) fn open_for_writing(self: &Rc<Self>, message: &ObjectId) -> WritingHandle {
        *self.writing.borrow_mut().entry(message.clone()).or_default() += 1;
        WritingHandle::new(self.clone(), message.clone())
    }

    /// A handle for writing was released.
    pub(crate) fn close_for_writing(&self, message: &ObjectId) {
        let mut writing = self.writing.borrow_mut();
        if let Some(handles) = writing.get_mut(message) {
            *handles -= 1;
            if *handles == 0 {
                writing.remove(message);
            }
        }
    }

    /// Whether a handle of this engine has the message open for writing.
    pub(crate) fn is_open_for_writing(&self, message: &ObjectId) -> bool {
        self.writing.borrow().contains_key(message)
    }

    /// Every message that is open for writing.
    pub(crate) fn messages_open_for_writing(&self) -> Vec<ObjectId> {
        self.writing.borrow().keys().cloned().collect()
    }

    /// The stored form of a short value.
    pub(crate) fn stored(&self, property: Property) -> StoredProperty {
        self.indexing.stored(property.tag, StoredValue::Inline(property.value))
    }

    /// What the backend wants beside the values.
    pub(crate) fn indexing(&self) -> &Indexing {
        &self.indexing
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &Rc<dyn Store> {
        &self.backend
    }

    /// Who the store is.
    #[must_use]
    pub fn identity(&self) -> &StoreIdentity {
        &self.identity
    }

    /// The MAPIUID its entry identifiers carry.
    #[must_use]
    pub fn uid(&self) -> Guid {
        self.identity.uid
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &ObjectId {
        &self.identity.root
    }

    /// Whether the backend was opened for writing and can be written.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.identity.writable && !self.identity.capabilities.read_only
    }

    /// The reader of the change feed, `None` for a backend without one.
    #[must_use]
    pub fn feed(&self) -> Option<&Rc<Feed>> {
        self.feed.as_ref()
    }

    /// The registrations at the store.
    #[must_use]
    pub fn events(&self) -> &Rc<StoreEvents> {
        &self.events
    }

    /// The services of the host.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Reserves the identifier of an object to be created.
    ///
    /// # Errors
    /// The backend's own; `MAPI_E_CALL_FAILED` when it reserves nothing.
    pub fn reserve(&self) -> Result<ObjectId> {
        if let Some(id) = self.reserved.borrow_mut().pop_front() {
            return Ok(id);
        }
        // One message needs a few identifiers, an import thousands: ask for more each time.
        let count = self.reserve_next.get();
        self.reserve_next.set((count * 4).min(RESERVE_AT_ONCE));
        let mut ids: VecDeque<ObjectId> = self.backend.reserve(count)?.into();
        let first = ids.pop_front().ok_or_else(|| {
            Failure::new(Code::CallFailed, "The store did not allot an identifier for a new object; check the store.")
        })?;
        self.reserved.borrow_mut().extend(ids);
        Ok(first)
    }

    /// Commits changes, and lets every open view see them.
    ///
    /// # Errors
    /// The backend's own; nothing is changed then.
    pub(crate) fn commit(&self, changes: Vec<Change>, how: CommitMode) -> Result<Committed> {
        let committed = self.backend.commit(Commit {
            changes,
            token: self.token,
            defer_indexing: how.defer_indexing,
            delivery: how.delivery,
        })?;
        // The feed also carries our own changes; views read all of them at their next flush point.
        if let Some(feed) = &self.feed {
            feed.committed();
        }
        Ok(committed)
    }
}
