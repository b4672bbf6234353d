//! The `mapi` command from outside: what a person types, what is said, what is in the store afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod address_book;
mod backups;
mod bad_input;
mod categories;
mod corpus;
mod escapes;
mod explain;
mod exports;
mod forms;
mod imports;
mod instances;
mod mailbox;
mod moments;
mod places;
mod restrictions;
mod running;
mod sending;
#[cfg(target_os = "linux")]
mod service_account;
mod services;
mod spooling;
mod story;
mod unwritable;
mod watch;
mod writing;
