//! MIME to MAPI and back (`messages` 8 to 10): RFC 5322 bytes, in pieces of any size, become message drafts,
//! and messages become bytes.
//!
//! [`Reader`] turns one message into a [`Draft`](crate::messages::Draft); [`Importer`] reads many into a
//! folder. [`Composer`] yields the bytes of one message, [`Exporter`] those of many. A message is split as it arrives: only its header blocks and values below 256 KiB are held in
//! memory, larger values go to the store while they are decoded. Nothing in a message is an error: what is
//! broken is read as well as it can be, and reported as an [`Oddity`].
//!
//! The message as received is kept byte for byte under [`ORIGINAL`], so that one that was not changed can
//! be given back exactly; a change of anything it says to others removes it. It is not compressed; the store
//! grows by about the size of the message once more.
//!
//! What is decided here: `multipart/signed` is one attachment only when it is the outermost part, with its
//! first text also as the body; winmail.dat stays an attachment; a folded text field keeps the blank it was
//! folded at (RFC 5322 2.2.3); a message without a `Received` field was delivered when its archive says,
//! else when it was sent. What a save computes is the draft's ([`crate::messages`]).

mod charset;
mod collect;
mod compose;
mod envelope;
mod export;
mod header;
mod import;
mod message;
mod oddity;
mod part;
mod reader;
mod report;
mod transfer;
mod words;

#[cfg(test)]
mod tests;

pub use collect::Destination;
pub use compose::{ComposeOptions, Composer, assign_message_id, message_id_of};
pub use export::{Exported, Exporter};
pub(crate) use import::StoreDestination;
pub use import::{Imported, Importer, MessageOptions};
pub use oddity::{Oddities, Oddity};
pub use reader::{Parsed, ReadOptions, Reader};

use crate::properties::PropTag;

/// The RFC 5322 form as received (`PT_BINARY`), private to the engine: it is in the range of internal
/// properties, which are never transmitted (`properties` 1.1).
pub const ORIGINAL: PropTag = PropTag(0x67E1_0102);

/// Who a message of an archive is (`PT_BINARY`), set by whoever imports, so that importing the archive
/// again can find what is there already. Private like [`ORIGINAL`].
pub const IMPORT_KEY: PropTag = PropTag(0x67E2_0102);
