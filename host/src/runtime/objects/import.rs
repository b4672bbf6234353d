//! Importing messages in RFC 5322 form.

use super::object;
use crate::runtime::convert::wires;
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::{Failure, Result};
use mapi_engine::properties::{FileTime, PropTag, Property};

/// How messages are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Whether the text index may follow later; searches answer rightly meanwhile.
    pub defer_indexing: bool,
}

impl ImportOptions {
    pub(super) const fn into_wit(self) -> wit::ImportOptions {
        wit::ImportOptions { defer_indexing: self.defer_indexing }
    }
}

/// What is known of a message besides its bytes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MessageOptions {
    /// When it was received, for one that does not say so itself.
    pub received: Option<FileTime>,
    /// Whether to keep its original form, so that it can be given back byte for byte.
    pub keep_original: bool,
    /// Whether it was read by its owner.
    pub seen: bool,
    /// Values to set on top of what the message itself says.
    pub properties: Vec<Property>,
}

impl MessageOptions {
    fn into_wit(self) -> wit::MessageOptions {
        wit::MessageOptions {
            received: self.received.map(|time| time.0),
            keep_original: self.keep_original,
            seen: self.seen,
            properties: wires(self.properties),
        }
    }
}

/// Something odd in a message that was read as well as it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// A short name, the same for all of a kind.
    pub kind: String,
    /// A sentence.
    pub message: String,
}

/// A message taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedMessage {
    /// What was odd about it.
    pub oddities: Vec<Oddity>,
    /// Its size in bytes.
    pub size: u64,
    /// So many messages were made durable by this call; they and all before them are in the store now.
    pub committed: u32,
}

object! {
    /// A running import into one folder: `begin`, `write` as often as needed, `finish`, for each message,
    /// and `flush` at the end. Messages are made durable together, in batches; those not yet durable when
    /// it is dropped are not imported.
    MessageImport
}

impl MessageImport {
    /// Begins a message; one begun before and not finished is dropped.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub async fn begin(&self, options: MessageOptions) -> Result<()> {
        let (this, options) = (self.handle.resource, options.into_wit());
        call!(self.subsystem(), "ImportMessages::begin", |live| {
            live.world.mapi_session_objects().message_import().call_begin(&mut live.store, this, &options).await
        })
    }

    /// The next bytes of the message.
    ///
    /// # Errors
    /// The store's own.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "ImportMessages::write", |live| {
            live.world.mapi_session_objects().message_import().call_write(&mut live.store, this, &bytes).await
        })
    }

    /// Ends the message. When this fails because a batch could not be stored, nothing of the batch is in
    /// the store.
    ///
    /// # Errors
    /// The store's own.
    pub async fn finish(&self) -> Result<ImportedMessage> {
        let this = self.handle.resource;
        let done = call!(self.subsystem(), "ImportMessages::finish", |live| {
            live.world.mapi_session_objects().message_import().call_finish(&mut live.store, this).await
        })?;
        let oddities = done.oddities.into_iter().map(|odd| Oddity { kind: odd.kind, message: odd.message });
        Ok(ImportedMessage { oddities: oddities.collect(), size: done.size, committed: done.committed })
    }

    /// Drops the message begun.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn abandon(&self) -> Result<()> {
        let this = self.handle.resource;
        call_plain!(self.subsystem(), "ImportMessages::abandon", |live| {
            live.world.mapi_session_objects().message_import().call_abandon(&mut live.store, this).await
        })
    }

    /// Makes all finished messages durable; how many there were.
    ///
    /// # Errors
    /// The store's own.
    pub async fn flush(&self) -> Result<u32> {
        let this = self.handle.resource;
        call!(self.subsystem(), "ImportMessages::flush", |live| {
            live.world.mapi_session_objects().message_import().call_flush(&mut live.store, this).await
        })
    }

    /// The values of a binary property of all messages in the folder that have it: which messages of an
    /// archive are there already.
    ///
    /// # Errors
    /// The store's own; `MAPI_E_CORRUPT_DATA` when the component's answer makes no sense.
    pub async fn keys(&self, tag: PropTag) -> Result<Vec<Vec<u8>>> {
        let this = self.handle.resource;
        let arena = call!(self.subsystem(), "ImportMessages::keys", |live| {
            live.world.mapi_session_objects().message_import().call_keys(&mut live.store, this, tag.0).await
        })?;
        let mut start = 0;
        let key = |end: u32| {
            let end = usize::try_from(end).ok()?;
            let key = arena.bytes.get(start..end)?.to_vec();
            start = end;
            Some(key)
        };
        let keys: Option<Vec<_>> = arena.ends.iter().copied().map(key).collect();
        keys.ok_or_else(|| Failure::new(mapi_engine::error::Code::CorruptData, "the engine's list of keys makes no sense"))
    }
}
