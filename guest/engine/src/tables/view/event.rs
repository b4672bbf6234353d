//! What happens to the rows of a view, for those who are told (`tables` 11).

use super::headers::RowToRead;

/// One event of one row, or of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tables) struct RowEvent {
    /// The operation that caused it.
    pub(in crate::tables) operation: u64,
    pub(in crate::tables) happened: Happened,
}

/// What happened. Keys are values of `PR_INSTANCE_KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tables) enum Happened {
    /// `TABLE_ROW_ADDED`.
    Added(Shown),
    /// `TABLE_ROW_MODIFIED`.
    Modified(Shown),
    /// `TABLE_ROW_DELETED`, with the key of the row.
    Deleted(Vec<u8>),
    /// `TABLE_CHANGED`: more than can be told one by one.
    Changed,
    /// `TABLE_RELOAD`.
    Reload,
}

/// A row where it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tables) struct Shown {
    pub(in crate::tables) row: RowToRead,
    pub(in crate::tables) key: Vec<u8>,
    /// The row before it; `None`: it is the first.
    pub(in crate::tables) prior: Option<Vec<u8>>,
}
