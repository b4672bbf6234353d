//! Export of messages in RFC 5322 form.

use crate::world::exports::mapi::session::objects as export;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Code, Failure};
use mapi_engine::mime::{ComposeOptions, Exporter};
use std::cell::RefCell;

/// A running export. Taken out of its place for the time of a call, so that no borrow is held across an export.
pub(crate) struct ExportedExport(RefCell<Option<Exporter>>);

/// The engine's options.
pub(crate) fn compose_options(options: export::ExportOptions) -> ComposeOptions {
    ComposeOptions {
        original: options.original,
        bcc: options.bcc,
        trace: options.trace,
        complete: options.complete,
        network_line_ends: options.network_line_ends,
    }
}

impl ExportedExport {
    /// An export for the world.
    pub(crate) fn new(exporter: Exporter) -> Self {
        Self(RefCell::new(Some(exporter)))
    }

    fn with<T>(&self, call: impl FnOnce(&mut Exporter) -> mapi_engine::error::Result<T>) -> Result<T, wire::Failure> {
        let taken = self.0.borrow_mut().take();
        let mut exporter = taken.ok_or_else(|| Failure::new(Code::Busy, "this export is in the middle of another call"))?;
        let result = call(&mut exporter);
        self.0.replace(Some(exporter));
        Ok(result?)
    }
}

impl export::GuestMessageExport for ExportedExport {
    fn next_message(&self) -> Result<Option<export::ExportedMessage>, wire::Failure> {
        let next = self.with(Exporter::next_message)?;
        Ok(next.map(|message| export::ExportedMessage {
            entry_id: message.entry_id,
            message_flags: message.flags,
            flag_status: message.flag_status,
            last_verb: message.last_verb,
            received: message.received.map(|time| time.0),
            sender: message.sender,
            original: message.original,
        }))
    }

    fn read(&self, length: u32) -> Result<Vec<u8>, wire::Failure> {
        self.with(|exporter| exporter.read(length))
    }
}
