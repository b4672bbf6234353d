//! Events and what they carry (`session` 8.1).

use crate::error::{Code, MapiError};
use crate::properties::{PropTag, Property, Value};
use crate::tables::Row;

/// Event masks.
pub mod mask {
    #![expect(missing_docs, reason = "named and explained by `session` 8.1")]
    pub const CRITICAL_ERROR: u32 = 0x1;
    pub const NEW_MAIL: u32 = 0x2;
    pub const OBJECT_CREATED: u32 = 0x4;
    pub const OBJECT_DELETED: u32 = 0x8;
    pub const OBJECT_MODIFIED: u32 = 0x10;
    pub const OBJECT_MOVED: u32 = 0x20;
    pub const OBJECT_COPIED: u32 = 0x40;
    pub const SEARCH_COMPLETE: u32 = 0x80;
    pub const TABLE_MODIFIED: u32 = 0x100;
    pub const STATUS_OBJECT_MODIFIED: u32 = 0x200;
    pub const INDEXING: u32 = 0x1_0000;
    pub const EXTENDED: u32 = 0x8000_0000;
}

/// `ERROR_NOTIFICATION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorNotification {
    /// The object concerned, if one is.
    pub entry_id: Option<Vec<u8>>,
    /// Why.
    pub code: Code,
    /// What is known of it.
    pub error: Option<MapiError>,
}

/// `NEWMAIL_NOTIFICATION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMailNotification {
    /// The message.
    pub entry_id: Vec<u8>,
    /// The folder it was delivered to.
    pub parent_id: Vec<u8>,
    /// Its message class.
    pub message_class: String,
    /// Its `PR_MESSAGE_FLAGS`.
    pub message_flags: u32,
}

/// `OBJECT_NOTIFICATION`. Entry identifiers are long-term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectNotification {
    /// The object.
    pub entry_id: Vec<u8>,
    /// Its `PR_OBJECT_TYPE`.
    pub object_type: u32,
    /// Its container, if it has one.
    pub parent_id: Option<Vec<u8>>,
    /// What it was before it moved, or what it is a copy of.
    pub old_id: Option<Vec<u8>>,
    /// Where that lies.
    pub old_parent_id: Option<Vec<u8>>,
    /// The properties that changed; `None`: not known.
    pub tags: Option<Vec<PropTag>>,
}

/// `TABLE_*` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named and explained by `tables` 11")]
pub enum TableEvent {
    Changed = 1,
    Error = 2,
    RowAdded = 3,
    RowDeleted = 4,
    RowModified = 5,
    SortDone = 6,
    RestrictDone = 7,
    SetColDone = 8,
    Reload = 9,
}

/// `TABLE_NOTIFICATION`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableNotification {
    /// What happened.
    pub event: TableEvent,
    /// Why unfinished work failed; `S_OK` in all other events.
    pub code: Code,
    /// `PR_INSTANCE_KEY` of the row; `PR_NULL` if there is none.
    pub index: Property,
    /// `PR_INSTANCE_KEY` of the row now before it; `PR_NULL` if it is the first.
    pub prior: Property,
    /// The row, with the columns in force when the event was raised.
    pub row: Row,
}

impl TableNotification {
    /// An event that is about no row.
    #[must_use]
    pub fn plain(event: TableEvent) -> Self {
        let none = || Property { tag: PropTag::NULL, value: Value::Null };
        Self { event, code: Code::SOk, index: none(), prior: none(), row: Vec::new() }
    }
}

/// `EXTENDED_NOTIFICATION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedNotification {
    /// Which event.
    pub event: u32,
    /// Its own data.
    pub data: Vec<u8>,
}

/// `STATUS_OBJECT_NOTIFICATION`: internal, never delivered to clients.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusObjectNotification {
    /// The status object.
    pub entry_id: Vec<u8>,
    /// What changed.
    pub properties: Vec<Property>,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named and explained by `session` 8.1")]
pub enum Notification {
    CriticalError(ErrorNotification),
    NewMail(NewMailNotification),
    ObjectCreated(ObjectNotification),
    ObjectDeleted(ObjectNotification),
    ObjectModified(ObjectNotification),
    ObjectMoved(ObjectNotification),
    ObjectCopied(ObjectNotification),
    SearchComplete(ObjectNotification),
    TableModified(TableNotification),
    StatusObjectModified(StatusObjectNotification),
    Indexing(ExtendedNotification),
    Extended(ExtendedNotification),
}

impl Notification {
    /// Its bit in the mask of a registration.
    #[must_use]
    pub const fn mask(&self) -> u32 {
        match self {
            Self::CriticalError(_) => mask::CRITICAL_ERROR,
            Self::NewMail(_) => mask::NEW_MAIL,
            Self::ObjectCreated(_) => mask::OBJECT_CREATED,
            Self::ObjectDeleted(_) => mask::OBJECT_DELETED,
            Self::ObjectModified(_) => mask::OBJECT_MODIFIED,
            Self::ObjectMoved(_) => mask::OBJECT_MOVED,
            Self::ObjectCopied(_) => mask::OBJECT_COPIED,
            Self::SearchComplete(_) => mask::SEARCH_COMPLETE,
            Self::TableModified(_) => mask::TABLE_MODIFIED,
            Self::StatusObjectModified(_) => mask::STATUS_OBJECT_MODIFIED,
            Self::Indexing(_) => mask::INDEXING,
            Self::Extended(_) => mask::EXTENDED,
        }
    }

    /// "Events were lost, read again" (`session` 8.4 rule 8).
    #[must_use]
    pub const fn lost() -> Self {
        Self::CriticalError(ErrorNotification { entry_id: None, code: Code::NotEnoughResources, error: None })
    }
}
