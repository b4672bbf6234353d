//! Embeds the MAPI session component: the host library, its backends and the `mapi` command.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics"))]

pub mod archive;
pub mod backends;
mod conversation;
pub mod expression;
mod runtime;
pub mod sample;

pub use conversation::create_conversation_index;
pub use mapi_engine::address_book::{AdrList, Verdict, container_flags, display_type};
pub use mapi_engine::entry_id::OneOff;
pub use mapi_engine::mime::IMPORT_KEY;
pub use mapi_engine::spooler::{LAST_ERROR, NEXT_ATTEMPT};
pub use mapi_engine::{backend, collation, error, properties, restriction, tables};
pub use runtime::*;

/// Notifications: events and what they carry.
pub mod notifications {
    pub use mapi_engine::notifications::{
        ErrorNotification, ExtendedNotification, NewMailNotification, Notification, ObjectNotification, SESSION_ENDING,
        SESSION_LOGOFF, StatusObjectNotification, TableEvent, TableNotification,
    };
}

/// The Rust example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
