//! One module for each command.

pub(crate) mod ab;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod copy;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod folders;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod mark;
pub(crate) mod mkdir;
pub(crate) mod profile;
pub(crate) mod props;
pub(crate) mod queue;
pub(crate) mod remove;
pub(crate) mod reply;
pub(crate) mod resolve;
pub(crate) mod rmdir;
pub(crate) mod send;
pub(crate) mod service;
mod services;
pub(crate) mod show;
pub(crate) mod spool;
pub(crate) mod status;
pub(crate) mod stores;
pub(crate) mod table;
pub(crate) mod watch;
