//! The backends the host brings along.

pub mod address_book;
pub mod catalogue;
pub mod profiles;
pub mod sqlite;
