//! Flags, bookmarks and states of tables, by their MAPI names and values (`tables` 1.1).

/// `TBL_ALL_COLUMNS`: every column the table can produce.
pub const TBL_ALL_COLUMNS: u32 = 0x1;
/// `TBL_ASYNC`: the call may return before the work is done.
pub const TBL_ASYNC: u32 = 0x1;
/// `TBL_BATCH`: the work may wait until its result is needed.
pub const TBL_BATCH: u32 = 0x2;
/// `TBL_NOADVANCE`: `QueryRows` leaves the cursor on the first row it returned.
pub const TBL_NOADVANCE: u32 = 0x1;
/// `DIR_BACKWARD`: `FindRow` searches towards the beginning.
pub const DIR_BACKWARD: u32 = 0x1;
/// `MAPI_UNICODE`: strings of the call are Unicode.
pub const MAPI_UNICODE: u32 = 0x8000_0000;
/// `TAD_ALL_ROWS`: `HrDeleteRows` removes every row.
pub const TAD_ALL_ROWS: u32 = 0x1;

/// A place in a table: one of three predefined ones, or a number from `CreateBookmark`, 3 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bookmark(pub u32);

impl Bookmark {
    /// `BOOKMARK_BEGINNING`.
    pub const BEGINNING: Self = Self(0);
    /// `BOOKMARK_CURRENT`: the cursor.
    pub const CURRENT: Self = Self(1);
    /// `BOOKMARK_END`.
    pub const END: Self = Self(2);
}

/// `TBLTYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableType {
    /// `TBLTYPE_SNAPSHOT`.
    Snapshot,
    /// `TBLTYPE_KEYSET`.
    Keyset,
    /// `TBLTYPE_DYNAMIC`.
    Dynamic,
}

impl TableType {
    /// The number `GetStatus` reports.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// `TBLSTAT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by `tables` 1.1")]
pub enum TableStatus {
    Complete = 0,
    QChanged = 7,
    Sorting = 9,
    SortError = 10,
    SettingCols = 11,
    SetColError = 13,
    Restricting = 14,
    RestrictError = 15,
}

impl TableStatus {
    /// The number `GetStatus` reports.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// What `QueryPosition` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index of the next row to be read.
    pub row: u32,
    /// The fraction of the table before it; equals `row`.
    pub numerator: u32,
    /// Number of rows, at least 1.
    pub denominator: u32,
}
