//! The behaviours of sessions that a test must cover (`session` 12), each as one story: stores and address books in
//! SQLite, and beside them providers a profile loads like any other, which fail as their service is configured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod bench;
mod failing;
mod identifiers;
mod linked;
mod logons;
mod many;
mod notifications;
mod roles;
