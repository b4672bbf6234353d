//! `IMAPITable`: the client's object (`tables` 4).

use crate::backend::Column;
use crate::error::{Code, Failure, MapiError, Result, Warned};
use crate::properties::PropTag;
use crate::restriction::Restriction;
use crate::tables::{Bookmark, Position, Row, RowSource, SortOrderSet, TableStatus, TableType};
use std::rc::Rc;

/// Rows in columns, for clients that want thousands of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnarRows {
    /// How many rows there are.
    pub rows: u32,
    /// One for each column of the set, in its order.
    pub columns: Vec<Column>,
}

/// A table object: an independent view on a [`RowSource`].
pub struct Table {
    source: Rc<dyn RowSource>,
}

fn missing<T>() -> Result<T> {
    Err(Failure::new(Code::NoSupport, "not built yet"))
}

impl Table {
    /// A table with the default columns, no restriction, the default order, and its cursor at the
    /// beginning. Rows are first read when they are needed.
    #[must_use]
    pub fn new(source: Rc<dyn RowSource>, _unicode: bool) -> Self {
        Self { source }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn get_last_error(&self, _code: Code, _flags: u32) -> Result<Option<MapiError>> {
        missing()
    }

    /// `GetStatus`.
    #[must_use]
    pub fn get_status(&self) -> (TableStatus, TableType) {
        (TableStatus::Complete, self.source.table_type())
    }

    /// `SetColumns`. Flags: `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_TOO_COMPLEX`, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn set_columns(&self, _columns: &[PropTag], _flags: u32) -> Result<()> {
        missing()
    }

    /// `QueryColumns`: the current set, or with `TBL_ALL_COLUMNS` all that can be asked for.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn query_columns(&self, _flags: u32) -> Result<Vec<PropTag>> {
        missing()
    }

    /// `GetRowCount`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0, the backend's own.
    pub fn get_row_count(&self, _flags: u32) -> Result<Warned<u32>> {
        missing()
    }

    /// `SeekRow`: how many rows the cursor stands behind the bookmark.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`, the backend's own.
    pub fn seek_row(&self, _origin: Bookmark, _count: i32) -> Result<Warned<i32>> {
        missing()
    }

    /// `SeekRowApprox`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a zero denominator, the backend's own.
    pub fn seek_row_approx(&self, _numerator: u32, _denominator: u32) -> Result<()> {
        missing()
    }

    /// `QueryPosition`.
    ///
    /// # Errors
    /// The backend's own.
    pub fn query_position(&self) -> Result<Position> {
        missing()
    }

    /// `FindRow`: moves the cursor to the first match. Flag: `DIR_BACKWARD`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_INVALID_BOOKMARK`, and as [`Table::restrict`].
    pub fn find_row(&self, _restriction: Option<&Restriction>, _origin: Bookmark, _flags: u32) -> Result<Warned<()>> {
        missing()
    }

    /// `Restrict`; `None` shows all rows. Flags: `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// As `tables` 5.2.
    pub fn restrict(&self, _restriction: Option<Restriction>, _flags: u32) -> Result<()> {
        missing()
    }

    /// `CreateBookmark` at the cursor.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_COMPLETE` when 1024 are in use, `MAPI_E_NO_SUPPORT` on attachment tables.
    pub fn create_bookmark(&self) -> Result<Bookmark> {
        missing()
    }

    /// `FreeBookmark`; the predefined ones are ignored.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`.
    pub fn free_bookmark(&self, _bookmark: Bookmark) -> Result<()> {
        missing()
    }

    /// `SortTable`; `None` (a missing argument) is refused, an empty set restores the default order. Flags:
    /// `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// As `tables` 7.1.
    pub fn sort_table(&self, _order: Option<SortOrderSet>, _flags: u32) -> Result<()> {
        missing()
    }

    /// `QuerySortOrder`.
    ///
    /// # Errors
    /// The backend's own, when a batched sort has to be carried out first.
    pub fn query_sort_order(&self) -> Result<SortOrderSet> {
        missing()
    }

    /// `QueryRows`: rows behind the cursor, or before it for a negative count; an empty answer is the end.
    /// Flag: `TBL_NOADVANCE`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a count of 0, the backend's own.
    pub fn query_rows(&self, _count: i32, _flags: u32) -> Result<Vec<Row>> {
        missing()
    }

    /// As [`Table::query_rows`], in columns.
    ///
    /// # Errors
    /// As [`Table::query_rows`].
    pub fn query_rows_columnar(&self, _count: i32, _flags: u32) -> Result<ColumnarRows> {
        missing()
    }

    /// `HrQueryAllRows`: given arguments are applied and stay; at most `max` rows, 0: no limit.
    ///
    /// # Errors
    /// `MAPI_E_TABLE_TOO_BIG`, `MAPI_E_NOT_ENOUGH_RESOURCES`, and those of the calls it makes.
    pub fn query_all_rows(
        &self,
        _columns: Option<&[PropTag]>,
        _restriction: Option<Restriction>,
        _order: Option<SortOrderSet>,
        _max: u32,
    ) -> Result<Vec<Row>> {
        missing()
    }
}
