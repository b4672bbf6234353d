//! Message stores and folders (`stores`).
//!
//! A [`Connection`] is one backend, shared by all references to it; a [`StoreObject`] is one reference with
//! the access it was granted, and everything opened through it. [`ChangeSet`] builds commits. Messages and
//! what is in them are `messages`'s, tables are `tables`'s. Moving, copying and deleting, read state, search
//! criteria and submission are not here.

pub(crate) mod catalogue;
mod changes;
pub(crate) mod computed;
mod connection;
mod folder;
pub(crate) mod object;
mod receive;
pub(crate) mod reference;
mod standard_folders;
mod store;
mod support;
#[cfg(test)]
mod tests;

pub(crate) use changes::FOLD_LIMIT;
pub use changes::{ChangeSet, CommitMode};
pub use connection::Connection;
pub use folder::{CONVENIENT_DEPTH, FOLDER_GENERIC, FOLDER_SEARCH, Folder, MAPI_ASSOCIATED, OPEN_IF_EXISTS};
pub use reference::StoreOpening;
pub use standard_folders::{INBOX_TAG, MAPI_FORCE_CREATE, MAPI_FULL_IPM_TREE, folder_mask};
pub use store::{OpenedEntry, SHOW_SOFT_DELETES, StoreObject};
pub use support::{mask as support_mask_of, support_mask};
