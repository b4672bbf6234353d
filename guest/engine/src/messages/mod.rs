//! Messages, recipients and attachments (`messages`).

mod derive;
mod draft;
pub mod html;
mod values;

pub use derive::{RECIPIENT_P1, RECIPIENT_SUBMITTED, message_flags, subject_prefix};
pub use draft::{Draft, DraftAttachment, DraftKind, EMBEDDING_LIMIT};
pub use values::{Values, stored_size};
