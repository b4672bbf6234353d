//! Tables: one engine for every table of the session (`tables`).
//!
//! A [`RowSource`] delivers the underlying rows and what happens to them, a view holds the restricted and
//! sorted order of them, and a [`Table`] is the client's object with its columns, cursor and bookmarks
//! (`tables` 2). [`TableData`] holds rows in memory, [`StoredRows`] and [`DeepHierarchy`] read them from a
//! backend, [`Feed`] hands the changes of a backend to all views on it. A view that somebody has registered
//! for tells what happens to each of its rows (`tables` 11), headers of categories included (`tables` 8).
//!
//! Rows whose multi-values are shown one row an element are expanded before anything else (`instances`). Work
//! that need not be done at once goes on in slices (`work`).

#[cfg(test)]
mod categories_tests;
mod cell;
mod change;
mod collapse_state;
mod constants;
mod data;
#[cfg(test)]
mod data_tests;
mod deep_hierarchy;
mod expansion;
mod explanation;
mod feed;
mod instances;
#[cfg(test)]
mod instances_tests;
#[cfg(test)]
mod nothing_computed;
mod notify;
#[cfg(test)]
mod oracle;
mod order;
#[cfg(test)]
mod part_tests;
mod pushdown;
mod reading;
mod slice;
mod sort;
mod source;
mod state;
mod stored;
#[cfg(test)]
mod stored_tests;
mod table;
mod view;
mod work;
#[cfg(test)]
mod work_tests;

pub use change::{ChangeQueue, Changes, RowChange, RowState};
pub use constants::{
    Bookmark, DIR_BACKWARD, MAPI_UNICODE, Position, TAD_ALL_ROWS, TBL_ALL_COLUMNS, TBL_ASYNC, TBL_BATCH, TBL_NOADVANCE,
    TableStatus, TableType,
};
pub use data::{TableData, ViewOptions};
pub use deep_hierarchy::DeepHierarchy;
pub use expansion::Expanded;
pub use explanation::{Evaluation, Explanation, KeptBecause, conditions};
pub use feed::{Feed, FeedListener, Interest, touched_folders};
pub use sort::{
    SortOrder, SortOrderSet, TABLE_SORT_ASCEND, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE,
    TABLE_SORT_DESCEND,
};
pub use source::{Abilities, CategoryRequest, DefaultOrder, RowRequest, RowSource, TableClass};
pub use stored::{ComputedColumns, ComputedRow, StoredRows, StoredRowsOptions};
pub use table::{ColumnarRows, Table};

/// One row: exactly the columns of the set, in order; missing values are `PT_ERROR` cells (`tables` 3).
pub type Row = Vec<crate::properties::Property>;
