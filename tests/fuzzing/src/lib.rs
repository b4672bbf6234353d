//! Fuzz targets: every parser of bytes that somebody else may have written.
//!
//! A target takes any bytes and returns; it panics when a rule is broken, and so does the code under test.
//! `cargo xtask soak fuzz` runs the targets under libFuzzer, the tests of this crate run them over the seeds in
//! `seeds/` and thousands of mutations of them, the same in every run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken rule panics")]

mod backends;
mod engine;
#[cfg(feature = "host")]
mod host;

pub use backends::{batches, collapse_states, cursors};
pub use engine::{entry_ids, mime_import, mime_reader, one_off, profile_form, restriction_lists, wrapped_ids};
#[cfg(feature = "host")]
pub use host::{archives, expressions, json_restrictions, sqlite_cursors, sqlite_properties};

/// A target by its name, which is that of its program in `fuzz/fuzz_targets` and of its folder of seeds.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// What is run.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($name:ident)*) => { &[$(Target { name: stringify!($name), run: $name }),*] };
}

/// The targets of the engine.
pub const ENGINE: &[Target] = targets![batches collapse_states cursors entry_ids mime_import mime_reader one_off profile_form restriction_lists wrapped_ids];

/// The targets of the host.
#[cfg(feature = "host")]
pub const HOST: &[Target] = targets![archives expressions json_restrictions sqlite_cursors sqlite_properties];
