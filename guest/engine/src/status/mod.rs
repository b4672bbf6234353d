//! The status table of a session and the objects behind its rows (`status`).
//!
//! The engine has three rows of its own; a provider's row is there from its logon to its logoff. What the
//! spooler and remote transports do with status objects is not here.

mod identity;
mod rows;

pub use identity::RowIdentity;
pub use rows::{
    MAPI_STATUS, STATUS_AVAILABLE, STATUS_FAILURE, STATUS_FLUSH_QUEUES, STATUS_OFFLINE, STATUS_VALIDATE_STATE, StatusRows,
};
