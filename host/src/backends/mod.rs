//! The backends the host brings along.

pub mod catalogue;
pub mod profiles;
pub mod sqlite;
