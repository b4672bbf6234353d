//! Messages, recipients and attachments (`messages` 1 to 6).
//!
//! A [`Draft`] is a message that is not in the store yet, [`Message`] and [`Attachment`] are what a client
//! opens. How drafts become commits is [`crate::stores::ChangeSet`]'s; the rules of read state are those of
//! `stores` 5.8 and stand there. Submission is not here.

mod attachment;
mod body;
mod by_value;
mod composing;
pub(crate) mod content;
mod conversation;
mod copy;
mod delivery_status;
pub(crate) mod derive;
mod draft;
pub mod html;
pub(crate) mod message;
mod parts;
mod read_flag;
mod reading;
pub mod rtf;
mod transfer;
mod values;

pub use attachment::Attachment;
pub(crate) use attachment::AttachmentState;
pub(crate) use by_value::MESSAGE_HANDED_ON;
pub(crate) use composing::has_form;
pub(crate) use content::{Edit, PropertyEdit};
pub use conversation::{conversation_index, create_conversation_index};
pub use delivery_status::DeliveryStatus;
pub(crate) use derive::derive_subject;
pub use derive::{RECIPIENT_P1, RECIPIENT_SUBMITTED, message_flags, subject_prefix};
pub use draft::{Draft, DraftAttachment, DraftKind, EMBEDDING_LIMIT};
pub use message::Message;
pub(crate) use message::MessageState;
pub(crate) use parts::refresh;
pub use parts::{MODRECIP_ADD, MODRECIP_MODIFY, MODRECIP_REMOVE};
pub(crate) use reading::held_source;
pub(crate) use transfer::{Parts, Transfer};
pub use values::{Values, stored_size};
