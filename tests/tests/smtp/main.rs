//! Sending through a real mail server: Postfix, set up for each test in a folder of its own, on loopback
//! ports of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod direct;
mod mail;
mod postfix;
mod sessions;
