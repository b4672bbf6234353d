//! Where the rows of a table come from: the border between the view pipeline and what it shows (`tables` 2).

use crate::backend::{Batch, Filter, GroupBatch, ObjectId, OrderKey, Plan, RowKey, ScanFrom, ScanPage};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Value};
use crate::restriction::Part;
use crate::tables::{ChangeQueue, SortOrderSet, TableType};
use std::rc::Rc;

/// How long values are cut in rows (`tables` 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableClass {
    /// Contents, associated, hierarchy, search results, outgoing queue, address book: strings are cut at 255 units.
    HostBacked,
    /// Rows held in memory: values above 8192 bytes are refused.
    InMemory,
}

/// What a kind of table allows (`tables` 4, 5.1, 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent abilities, each with its own refusal")]
pub struct Abilities {
    /// `Restrict` and `FindRow` work; else `MAPI_E_NO_SUPPORT`.
    pub restrict: bool,
    /// `SortTable` works; else `MAPI_E_NO_SUPPORT`.
    pub sort: bool,
    /// The order of rows is fixed, so that any sort key is `MAPI_E_TOO_COMPLEX` (`CONVENIENT_DEPTH`).
    pub fixed_order: bool,
    /// The rows are messages of a folder: they can be categorised, sub-restrictions look at their parts, and the
    /// columns of `tables` 8.1 are no sort keys.
    pub message_rows: bool,
    /// `CreateBookmark` works; else `MAPI_E_NO_SUPPORT`.
    pub bookmarks: bool,
    /// `PR_ANR` resolves names (`tables` 5.1); else nothing has it.
    pub resolves_names: bool,
    /// Columns and sort keys may be multi-value instances; else `MAPI_E_TOO_COMPLEX` (`tables` 9).
    pub instances: bool,
}

impl Abilities {
    /// All that a table in memory allows.
    pub const IN_MEMORY: Self = Self {
        restrict: true,
        sort: true,
        fixed_order: false,
        message_rows: false,
        bookmarks: true,
        resolves_names: false,
        instances: false,
    };
    /// All that a view of an `ITableData` and a recipient table allow.
    pub const DATA: Self = Self { instances: true, ..Self::IN_MEMORY };
    /// All that a folder contents table allows.
    pub const CONTENTS: Self = Self { message_rows: true, ..Self::DATA };
    /// All that a table of address book entries allows.
    pub const ENTRIES: Self = Self { resolves_names: true, ..Self::IN_MEMORY };
    /// All that a hierarchy table without `CONVENIENT_DEPTH` allows.
    pub const HIERARCHY: Self = Self::IN_MEMORY;
    /// All that a hierarchy table with `CONVENIENT_DEPTH` allows.
    pub const DEEP_HIERARCHY: Self = Self { fixed_order: true, ..Self::IN_MEMORY };
    /// All that an attachment table allows.
    pub const ATTACHMENTS: Self = Self { bookmarks: false, ..Self::IN_MEMORY };
}

/// The order of a view without a sort of its own.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DefaultOrder {
    /// The keys; empty: underlying order.
    pub order: SortOrderSet,
    /// Whether `QuerySortOrder` reports it (an order kept by `SaveContentsSort`).
    pub reported: bool,
}

/// A request for rows. The meaning of every field is that of [`crate::backend::ScanRequest`].
#[derive(Clone, Debug)]
pub struct RowRequest<'a> {
    /// The wanted cells, computed ones included; strings as `PT_UNICODE`.
    pub columns: &'a [PropTag],
    /// UTF-16 units after which cells are cut, 0: no cut.
    pub cell_limit: u32,
    /// Filters that the plan accepted.
    pub filters: &'a [Filter],
    /// An order that the plan accepted; empty: underlying order.
    pub order: &'a [OrderKey],
    /// Where to begin.
    pub from: ScanFrom,
    /// Towards the beginning.
    pub backwards: bool,
    /// At most that many rows.
    pub max: u32,
}

/// A request for categories. The meaning of every field is that of [`crate::backend::GroupRequest`].
#[derive(Clone, Debug)]
pub struct CategoryRequest<'a> {
    /// Filters that the plan accepted.
    pub filters: &'a [Filter],
    /// An order that the plan accepted.
    pub order: &'a [OrderKey],
    /// How many of its keys make a category.
    pub levels: u32,
    /// Begin behind the category with these keys.
    pub after: Option<Vec<Option<Vec<u8>>>>,
    /// At most that many categories.
    pub max: u32,
}

/// The underlying rows of a table. [`Batch::arrivals`] give the underlying order, ascending.
pub trait RowSource {
    /// What `GetStatus` reports.
    fn table_type(&self) -> TableType;

    /// How cells are cut.
    fn class(&self) -> TableClass;

    /// What the table allows.
    fn abilities(&self) -> Abilities;

    /// The default column set in its order; strings as `PT_UNICODE`.
    fn default_columns(&self) -> Vec<PropTag>;

    /// Every tag the table can produce, in any order, duplicates allowed.
    ///
    /// # Errors
    /// The backend's own.
    fn all_columns(&self) -> Result<Vec<PropTag>>;

    /// The order without a sort.
    fn default_order(&self) -> DefaultOrder;

    /// Whether the column is computed by the engine, so that no backend can filter or order by it.
    fn is_computed(&self, tag: PropTag) -> bool;

    /// What of these filters and that order can be left to the backend; `None`: nothing.
    ///
    /// # Errors
    /// The backend's own.
    fn plan(&self, filters: &[Filter], order: &[OrderKey]) -> Result<Option<Plan>>;

    /// Reads a page of rows.
    ///
    /// # Errors
    /// The backend's own.
    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage>;

    /// Counts rows. Only asked when the plan said so.
    ///
    /// # Errors
    /// The backend's own.
    fn count(&self, filters: &[Filter]) -> Result<u64>;

    /// How many rows stand before a place. Only asked when the plan said so.
    ///
    /// # Errors
    /// The backend's own.
    fn rank(&self, filters: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64>;

    /// A page of categories with what they count. Only asked when the plan said so.
    ///
    /// # Errors
    /// The backend's own.
    fn categories(&self, _request: &CategoryRequest<'_>) -> Result<GroupBatch> {
        Err(Failure::new(Code::TooComplex, "the rows were asked for categories their plan did not offer"))
    }

    /// Reads rows by identifier in the order given; rows that are gone are left out.
    ///
    /// # Errors
    /// The backend's own.
    fn read(&self, rows: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch>;

    /// Reads a part of a long value, fewer bytes at its end; text as UTF-8.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when the row or the value is not there.
    fn read_range(&self, row: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>>;

    /// The size of a value as counted by `RES_SIZE`, without reading it.
    ///
    /// # Errors
    /// The backend's own.
    fn size(&self, row: &ObjectId, tag: PropTag) -> Result<Option<u64>>;

    /// The object whose value of a key column that is, if it can be told without looking through the rows, and
    /// the number of its instance, where the value names one. It need not be in any view.
    ///
    /// # Errors
    /// The backend's own.
    fn row_of_key(&self, _tag: PropTag, _value: &Value) -> Result<Option<(ObjectId, Option<u32>)>> {
        Ok(None)
    }

    /// `PR_INSTANCE_KEY` of an instance of the row that has this one (`tables` 9).
    fn instance_key(&self, row: &[u8], number: u32) -> Vec<u8> {
        [row, &number.to_be_bytes()].concat()
    }

    /// The recipients or attachments of a row that is a message, for sub-restrictions; `None`: rows have none.
    fn parts(&self, _row: &ObjectId, _part: Part) -> Option<Rc<dyn RowSource>> {
        None
    }

    /// Takes in what others changed (one call of the backend at most); the queues get the changes.
    ///
    /// # Errors
    /// The backend's own.
    fn refresh(&self) -> Result<()>;

    /// Takes in everything up to now, so that a view read afterwards is told only what happens from now on.
    ///
    /// # Errors
    /// The backend's own.
    fn catch_up(&self) -> Result<()> {
        self.refresh()
    }

    /// A queue that gets every change from now on, `None` when the rows never change.
    ///
    /// # Errors
    /// The backend's own.
    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>>;
}
