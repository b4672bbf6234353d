//! Message stores and folders (`stores`).
//!
//! A [`Connection`] is one backend, shared by all references to it. [`ChangeSet`] builds commits. Messages and
//! what is in them are `messages`'s, tables are `tables`'s.

mod changes;
mod connection;

pub use changes::{ChangeSet, CommitMode};
pub use connection::Connection;
