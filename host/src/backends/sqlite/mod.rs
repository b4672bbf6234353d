//! A message store in one SQLite file, and what the other SQLite backends share with it.
//!
//! [`SqliteStore`] implements [`mapi_engine::backend::Store`]: a transactional set of objects with properties
//! that compares opaque order keys and folded texts, and knows no MAPI rule. The form of the file is described
//! in docs/format.md. Any number of sessions, threads and processes may use one file at once.

pub mod database;
pub mod trouble;

mod ancestry;
mod bag;
mod cache;
mod check;
mod checkpoint;
mod commit;
mod encoding;
mod feed;
mod filter;
mod groups;
mod large;
mod matching;
mod names;
mod orders;
mod plan;
mod rows;
mod runs;
mod scan;
mod schema;
mod staging;
mod state;
mod store;
mod stored;
mod texts;
mod unshared;
mod watch;

pub use store::SqliteStore;
