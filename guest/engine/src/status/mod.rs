//! The status table of a session and what its objects are asked for (`status`).
//!
//! The engine has three rows of its own; a provider's row is there from its logon to its logoff. What the
//! methods of status objects do to providers is the session's.

pub mod flush_flags;
mod identity;
mod rows;
pub mod validate_flags;

pub use identity::RowIdentity;
pub(crate) use rows::is_read_only;
pub use rows::{
    MAPI_STATUS, Resource, STATUS_AVAILABLE, STATUS_CHANGE_PASSWORD, STATUS_FAILURE, STATUS_FLUSH_QUEUES, STATUS_INBOUND_FLUSH,
    STATUS_OFFLINE, STATUS_OUTBOUND_FLUSH, STATUS_SETTINGS_DIALOG, STATUS_VALIDATE_STATE, StatusRows,
};
