//! Messages, recipients and attachments (`messages` 1 to 6).
//!
//! A [`Draft`] is a message that is not in the store yet, [`Message`] and [`Attachment`] are what a client
//! opens. How drafts become commits is [`crate::stores::ChangeSet`]'s. Read state, submission and reports are
//! not here.

mod attachment;
mod body;
mod content;
mod delivery_status;
mod derive;
mod draft;
pub mod html;
mod message;
mod parts;
mod reading;
mod values;

pub use attachment::Attachment;
pub use delivery_status::DeliveryStatus;
pub use derive::{RECIPIENT_P1, RECIPIENT_SUBMITTED, message_flags, subject_prefix};
pub use draft::{Draft, DraftAttachment, DraftKind, EMBEDDING_LIMIT};
pub use message::Message;
pub use parts::{MODRECIP_ADD, MODRECIP_MODIFY, MODRECIP_REMOVE};
pub use values::{Values, stored_size};
