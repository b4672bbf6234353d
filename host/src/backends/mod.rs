//! The backends the host brings along.

pub mod address_book;
pub mod catalogue;
pub mod data_folder;
pub mod identity;
pub mod local;
pub mod profiles;
pub mod smtp;
pub mod sqlite;
