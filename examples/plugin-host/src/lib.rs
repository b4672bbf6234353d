//! An example: runs untrusted client components against a data folder, each under its own grant.
//!
//! A plugin is a component of the world in `wit/plugin.wit`. It is given a session of its own over the backends its
//! grant names ([`grants`]), a budget ([`guard`]), and nothing else; what it does is written down ([`audit`]).
//! [`sandbox`] runs it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics"))]

pub mod audit;
pub mod grants;
pub mod guard;
mod profile;
pub mod sandbox;
