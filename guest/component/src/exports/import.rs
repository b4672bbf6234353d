//! Import of messages in RFC 5322 form.

use crate::types::properties;
use crate::world::exports::mapi::session::objects as export;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Code, Failure};
use mapi_engine::mime::{Importer, MessageOptions, ReadOptions};
use mapi_engine::properties::{FileTime, PropTag};
use std::cell::RefCell;

/// A running import. Taken out of its place for the time of a call, so that no borrow is held across an import.
pub(crate) struct ExportedImport(RefCell<Option<Importer>>);

impl ExportedImport {
    /// An import for the world.
    pub(crate) fn new(importer: Importer) -> Self {
        Self(RefCell::new(Some(importer)))
    }

    fn with<T>(&self, call: impl FnOnce(&mut Importer) -> mapi_engine::error::Result<T>) -> Result<T, wire::Failure> {
        let taken = self.0.borrow_mut().take();
        let mut importer = taken.ok_or_else(|| Failure::new(Code::Busy, "this import is in the middle of another call"))?;
        let result = call(&mut importer);
        self.0.replace(Some(importer));
        Ok(result?)
    }
}

impl export::GuestMessageImport for ExportedImport {
    fn begin(&self, options: export::MessageOptions) -> Result<(), wire::Failure> {
        let options = MessageOptions {
            read: ReadOptions { received: options.received.map(FileTime), keep_original: options.keep_original },
            seen: options.seen,
            properties: properties(options.properties)?,
        };
        self.with(|importer| {
            importer.begin(options);
            Ok(())
        })
    }

    fn write(&self, bytes: Vec<u8>) -> Result<(), wire::Failure> {
        self.with(|importer| importer.write(&bytes))
    }

    fn finish(&self) -> Result<export::ImportedMessage, wire::Failure> {
        let imported = self.with(Importer::finish)?;
        let oddities = imported
            .oddities
            .iter()
            .map(|oddity| export::Oddity { kind: oddity.kind().to_owned(), message: oddity.describe().into_owned() });
        Ok(export::ImportedMessage {
            oddities: oddities.collect(),
            size: imported.size,
            committed: u32::try_from(imported.committed).unwrap_or(u32::MAX),
        })
    }

    fn abandon(&self) {
        let taken = self.0.borrow_mut().take();
        if let Some(mut importer) = taken {
            importer.abandon();
            self.0.replace(Some(importer));
        }
    }

    fn flush(&self) -> Result<u32, wire::Failure> {
        let flushed = self.with(Importer::flush)?;
        Ok(u32::try_from(flushed).unwrap_or(u32::MAX))
    }

    fn keys(&self, tag: u32) -> Result<wire::ByteArena, wire::Failure> {
        let keys = self.with(|importer| importer.keys(PropTag(tag)))?;
        let mut arena = wire::ByteArena { bytes: Vec::new(), ends: Vec::with_capacity(keys.len()) };
        for key in keys {
            arena.bytes.extend(key);
            let end = u32::try_from(arena.bytes.len())
                .map_err(|_| Failure::new(Code::TooBig, "the folder holds too many such values for one answer"))?;
            arena.ends.push(end);
        }
        Ok(arena)
    }
}
