//! `ITableData`: rows in memory and live views on them (`tables` 12).

use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Property};
use crate::tables::{Abilities, DefaultOrder, Row, SortOrderSet, Table, TableType};
use std::rc::Rc;

/// How a view on rows in memory is opened.
#[derive(Clone, Debug)]
pub struct ViewOptions {
    /// `MAPI_UNICODE`: width of the strings of the default column set.
    pub unicode: bool,
    /// The sort it begins with.
    pub sort: Option<SortOrderSet>,
    /// The order without a sort; its default is insertion order.
    pub default_order: DefaultOrder,
    /// What the table allows.
    pub abilities: Abilities,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self { unicode: true, sort: None, default_order: DefaultOrder::default(), abilities: Abilities::IN_MEMORY }
    }
}

/// Rows in memory, found by the value of one index column. Any number of live views.
pub struct TableData {
    table_type: TableType,
    index: PropTag,
    columns: Vec<PropTag>,
}

fn missing<T>() -> Result<T> {
    Err(Failure::new(Code::NoSupport, "not built yet"))
}

impl TableData {
    /// `CreateTable`: no rows, these default columns.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when the index tag is multi-valued.
    pub fn new(table_type: TableType, index: PropTag, columns: Vec<PropTag>) -> Result<Rc<Self>> {
        Ok(Rc::new(Self { table_type, index, columns }))
    }

    /// `HrGetView`.
    ///
    /// # Errors
    /// As `SortTable`.
    pub fn view(self: &Rc<Self>, _options: ViewOptions) -> Result<Table> {
        missing()
    }

    /// `HrModifyRow`: replaces the row with that index value, else appends it.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`: no index column.
    pub fn modify_row(&self, _row: Row) -> Result<()> {
        missing()
    }

    /// `HrModifyRows`: all or none.
    ///
    /// # Errors
    /// As [`TableData::modify_row`]; flags other than 0 too.
    pub fn modify_rows(&self, _flags: u32, _rows: Vec<Row>) -> Result<()> {
        missing()
    }

    /// `HrInsertRow`: the row takes that position.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`: the index value exists or is missing, or the position is past the end.
    pub fn insert_row(&self, _position: u32, _row: Row) -> Result<()> {
        missing()
    }

    /// `HrDeleteRow`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub fn delete_row(&self, _index: &Property) -> Result<()> {
        missing()
    }

    /// `HrDeleteRows`: how many were removed; with `TAD_ALL_ROWS` all of them.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn delete_rows(&self, _flags: u32, _rows: &[Property]) -> Result<u32> {
        missing()
    }

    /// `HrQueryRow`: the row and its number.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_INVALID_PARAMETER` when it is not the index property.
    pub fn query_row(&self, _index: &Property) -> Result<(Row, u32)> {
        missing()
    }

    /// `HrEnumRow`: the row at that position in insertion order.
    #[must_use]
    pub fn enum_row(&self, _position: u32) -> Option<Row> {
        None
    }
}
