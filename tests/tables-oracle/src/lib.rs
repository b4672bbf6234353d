//! A second, naive reading of the rules of tables (`tables`), and random programs that hold the engine to it.
//!
//! `oracle` and `view` are written from the rules alone: plain lists, made anew after every step. They
//! share nothing with the engine but plain values. A `program` is a list of table operations and changes of
//! messages; `run` runs it against a `subject` and compares after every step; `campaign` runs many,
//! and shrinks one that fails until nothing can be left out.

#![allow(clippy::unreachable, reason = "a program that makes no sense ends the test")]

mod campaign;
mod cells;
mod events;
mod oracle;
mod program;
mod restriction;
mod run;
mod shares;
mod subject;
mod tags;
mod value;
mod view;

pub use campaign::natively;
#[cfg(feature = "host")]
pub use campaign::through_the_component;
pub use shares::Shares;
