//! A message store in one SQLite file, and what the other SQLite backends share with it.

pub mod database;
pub mod trouble;
