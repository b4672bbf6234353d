//! The MAPI session engine: every rule of Extended MAPI that does not need the outside world.
//!
//! The engine is plain Rust. It knows nothing of WebAssembly, performs no I/O and starts no thread; it
//! reaches the outside only through the traits of [`backend`]. The WebAssembly component translates the
//! exported world into calls of this crate and this crate's traits into the world's imports; tests
//! implement the same traits in memory.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics"))]

pub mod address_book;
pub mod backend;
pub mod collation;
pub mod entry_id;
pub mod error;
pub mod forms;
pub mod memory;
pub mod messages;
pub mod mime;
pub mod notifications;
pub mod profiles;
pub mod properties;
pub mod restriction;
pub mod session;
pub mod spooler;
pub mod status;
pub mod stores;
pub mod tables;
