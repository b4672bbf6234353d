//! The backends the host brings along.

pub mod sqlite;
