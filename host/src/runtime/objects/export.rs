//! Exporting messages in RFC 5322 form.

use super::object;
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::Result;
use mapi_engine::properties::FileTime;

/// How messages are exported. [`ExportOptions::default`] is for the owner's archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct ExportOptions {
    /// Give back a message that was not changed as it was received, byte for byte.
    pub original: bool,
    /// Write the `Bcc` fields; never for what is sent.
    pub bcc: bool,
    /// Write the fields that tell of the journey of a received message, such as `Received`.
    pub trace: bool,
    /// Write a `Date` and a `Message-ID` where they are missing.
    pub complete: bool,
    /// End the lines of an original with CR LF too. Those of a composed message always do.
    pub network_line_ends: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { original: true, bcc: true, trace: true, complete: false, network_line_ends: false }
    }
}

impl ExportOptions {
    pub(super) const fn into_wit(self) -> wit::ExportOptions {
        wit::ExportOptions {
            original: self.original,
            bcc: self.bcc,
            trace: self.trace,
            complete: self.complete,
            network_line_ends: self.network_line_ends,
        }
    }
}

/// What is known of a message besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedMessage {
    /// Its entry identifier; empty for a message embedded in another.
    pub entry_id: Vec<u8>,
    /// `PR_MESSAGE_FLAGS`.
    pub message_flags: i32,
    /// `PR_FLAG_STATUS`, 0 if it has none.
    pub flag_status: i32,
    /// `PR_LAST_VERB_EXECUTED`, 0 if it has none.
    pub last_verb: i32,
    /// `PR_MESSAGE_DELIVERY_TIME`, else when it was submitted.
    pub received: Option<FileTime>,
    /// The address of its sender.
    pub sender: Option<String>,
    /// Its bytes are those it was received as.
    pub original: bool,
}

object! {
    /// A running export: `next_message`, then `read` until nothing comes, for each message.
    MessageExport
}

impl MessageExport {
    /// Goes on to the next message; what was not read of the last is skipped. `None` at the end. After a
    /// failure the message is passed over, and the export can go on.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a message deleted meanwhile, the store's own.
    pub async fn next_message(&self) -> Result<Option<ExportedMessage>> {
        let this = self.handle.resource;
        let next = call!(self.subsystem(), "ExportMessages::next", |live| {
            live.world.mapi_session_objects().message_export().call_next_message(&mut live.store, this).await
        })?;
        Ok(next.map(|message| ExportedMessage {
            entry_id: message.entry_id,
            message_flags: message.message_flags,
            flag_status: message.flag_status,
            last_verb: message.last_verb,
            received: message.received.map(FileTime),
            sender: message.sender,
            original: message.original,
        }))
    }

    /// The next bytes of the message, at most 16 MiB at a time; none at its end.
    ///
    /// # Errors
    /// The store's own.
    pub async fn read(&self, length: u32) -> Result<Vec<u8>> {
        let this = self.handle.resource;
        call!(self.subsystem(), "ExportMessages::read", |live| {
            live.world.mapi_session_objects().message_export().call_read(&mut live.store, this, length).await
        })
    }
}
