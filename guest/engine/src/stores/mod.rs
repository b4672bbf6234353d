//! Message stores and folders (`stores`).
//!
//! A [`Connection`] is one backend, shared by all references to it; a [`StoreObject`] is one reference with
//! the access it was granted, and everything opened through it. [`ChangeSet`] builds commits. Messages and
//! what is in them are `messages`'s, tables are `tables`'s. Methods on many objects stand in a module each,
//! named after the method. Search criteria and submission are not here.

mod advise;
pub(crate) mod catalogue;
mod changes;
pub(crate) mod completion;
pub(crate) mod computed;
mod connection;
mod contents_sort;
pub(crate) mod copy_folder;
mod copy_messages;
mod copy_to;
mod delete_folder;
mod delete_messages;
mod folder;
mod message_list;
mod message_status;
pub(crate) mod object;
pub(crate) mod read_flags;
pub(crate) mod receive;
pub(crate) mod reference;
mod reports;
mod standard_folders;
mod store;
mod support;
#[cfg(test)]
mod tests;
mod tree;
mod writing_handle;

pub use changes::{ChangeSet, CommitMode};
pub(crate) use changes::{FOLD_LIMIT, Indexing};
pub use connection::Connection;
pub use contents_sort::RECURSIVE_SORT;
pub use copy_folder::{COPY_SUBFOLDERS, FOLDER_MOVE};
pub use copy_messages::{MAPI_DECLINE_OK, MESSAGE_MOVE};
pub use delete_folder::{DEL_ASSOCIATED, DEL_FOLDERS, DEL_MESSAGES};
pub use delete_messages::DELETE_HARD_DELETE;
pub use folder::{CONVENIENT_DEPTH, FOLDER_GENERIC, FOLDER_SEARCH, Folder, MAPI_ASSOCIATED, OPEN_IF_EXISTS};
pub use read_flags::{CLEAR_NRN_PENDING, CLEAR_READ_FLAG, CLEAR_RN_PENDING, GENERATE_RECEIPT_ONLY, SUPPRESS_RECEIPT};
pub use reference::StoreOpening;
pub use reports::{BuiltReport, ReportKind, Reports};
pub use standard_folders::{INBOX_TAG, MAPI_FORCE_CREATE, MAPI_FULL_IPM_TREE, folder_mask};
pub use store::{OpenedEntry, SHOW_SOFT_DELETES, StoreObject};
pub use support::{mask as support_mask_of, support_mask};
pub(crate) use writing_handle::WritingHandle;
