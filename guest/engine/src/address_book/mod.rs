//! The integrated address book (`address-book`): what all address book providers of a profile offer, as one.
//!
//! [`AddrBook`] is IAddrBook, [`AbContainer`] IABContainer, [`MailUser`] IMailUser, [`DistList`] IDistList.
//! Each provider is a `BookConnection`; names are matched by `resolve`, recipients that are no entry live in
//! their identifiers (`one_off_address`). Users, lists and containers are transacted objects (`entry`).
//!
//! Everything that needs a person to look at a window (NewEntry, Address, Details, recipient options), one-off
//! templates of providers, searches in containers and entries bound to another provider are not here; nor are
//! notifications, beyond tables that follow their providers.

mod book;
mod compare_entry_ids;
mod computed;
mod connection;
mod container;
mod copy_entries;
mod create_entry;
mod delete_entries;
mod dist_list;
mod duplicates;
mod entry;
mod expansion;
mod hierarchy;
mod mail_user;
mod one_off_address;
mod open_entry;
mod options;
mod prepare_recips;
mod reference;
mod resolve_name;
mod resolve_names;
mod root;
mod search_path;
#[cfg(test)]
mod tests;

pub use book::AddrBook;
pub(crate) use compare_entry_ids::compare_entry_ids;
pub(crate) use connection::{ActiveBooks, BookConnection};
pub use container::AbContainer;
pub use create_entry::create_flags;
pub use dist_list::DistList;
pub use mail_user::MailUser;
pub use open_entry::OpenedAbEntry;
pub(crate) use reference::{BookReference, is_root};
pub use resolve_name::{ResolvedNames, Verdict};

use crate::properties::{PropTag, tags};

/// Bits of `PR_CONTAINER_FLAGS` (`address-book` 2).
pub mod container_flags {
    #![expect(missing_docs, reason = "named by `address-book` 2")]
    pub const AB_RECIPIENTS: i32 = 0x1;
    pub const AB_SUBCONTAINERS: i32 = 0x2;
    pub const AB_MODIFIABLE: i32 = 0x4;
    pub const AB_UNMODIFIABLE: i32 = 0x8;
    pub const AB_FIND_ON_OPEN: i32 = 0x10;
    pub const AB_NOT_DEFAULT: i32 = 0x20;
    pub const AB_UNICODE_OK: i32 = 0x40;
}

/// Values of `PR_DISPLAY_TYPE` (`address-book` 2).
pub mod display_type {
    #![expect(missing_docs, reason = "named by `address-book` 2")]
    pub const DT_MAILUSER: i32 = 0;
    pub const DT_DISTLIST: i32 = 1;
    pub const DT_PRIVATE_DISTLIST: i32 = 5;
    pub const DT_MODIFIABLE: i32 = 0x1_0000;
    pub const DT_GLOBAL: i32 = 0x2_0000;
    pub const DT_LOCAL: i32 = 0x3_0000;
    pub const DT_NOT_SPECIFIC: i32 = 0x5_0000;
}

/// The address type of lists the session itself expands (`address-book` 8).
pub const MAPIPDL: &str = "MAPIPDL";

/// The columns a resolved entry gets (`address-book` 5.3).
pub(crate) const RESOLVED_COLUMNS: [PropTag; 11] = [
    tags::ENTRYID,
    tags::DISPLAY_NAME,
    tags::ADDRTYPE,
    tags::EMAIL_ADDRESS,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::SEARCH_KEY,
    tags::TRANSMITABLE_DISPLAY_NAME,
    tags::RECORD_KEY,
    tags::INSTANCE_KEY,
    tags::SMTP_ADDRESS,
];

/// Default columns of a table of users and lists (`tables` 14).
pub(crate) const ENTRY_COLUMNS: [PropTag; 11] = [
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_NAME,
    tags::DISPLAY_TYPE,
    tags::ADDRTYPE,
    tags::EMAIL_ADDRESS,
    tags::SEARCH_KEY,
    tags::SEND_RICH_INFO,
    tags::TRANSMITABLE_DISPLAY_NAME,
];

/// Default columns of a table of containers (`tables` 14).
pub(crate) const CONTAINER_COLUMNS: [PropTag; 10] = [
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::DEPTH,
    tags::OBJECT_TYPE,
    tags::DISPLAY_NAME,
    tags::DISPLAY_TYPE,
    tags::COMMENT,
    tags::STATUS,
    tags::CONTAINER_FLAGS,
    tags::AB_PROVIDER_ID,
];

/// A recipient list (ADRLIST): the properties of one recipient each (`address-book` 11).
pub type AdrList = Vec<Vec<crate::properties::Property>>;

/// The value of a property of a recipient; `PT_ERROR` is none.
pub(crate) fn value_of(entry: &[crate::properties::Property], tag: PropTag) -> Option<&crate::properties::Value> {
    let found = entry.iter().find(|property| property.tag.id() == tag.id())?;
    (!matches!(found.value, crate::properties::Value::Error(_) | crate::properties::Value::Null)).then_some(&found.value)
}

/// The text of a property of a recipient, of either width.
pub(crate) fn text_of(entry: &[crate::properties::Property], tag: PropTag) -> Option<String> {
    match value_of(entry, tag)?.clone().into_unicode() {
        crate::properties::Value::Unicode(text) => Some(text),
        _ => None,
    }
}

/// The bytes of a property of a recipient.
pub(crate) fn bytes_of(entry: &[crate::properties::Property], tag: PropTag) -> Option<&[u8]> {
    match value_of(entry, tag)? {
        crate::properties::Value::Binary(bytes) => Some(bytes),
        _ => None,
    }
}
