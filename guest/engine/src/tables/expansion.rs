//! Expanding and collapsing categories (`tables` 8.2, 8.3): the part of `IMAPITable` that tables without
//! categories do not need.

use crate::error::{Code, Failure, Result, check_reserved};
use crate::properties::{Value, tags};
use crate::tables::collapse_state::{CollapseState, Stamp};
use crate::tables::instances::RowId;
use crate::tables::reading;
use crate::tables::state::State;
use crate::tables::view::{Anchor, View};
use crate::tables::{Bookmark, Row, RowSource, Table};

/// What `ExpandRow` brought into sight.
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    /// The first of the rows, as many as were asked for and fit.
    pub rows: Vec<Row>,
    /// How many rows came into sight.
    pub total: u32,
}

impl Table {
    /// `ExpandRow`: shows what is in the category whose header has that `PR_INSTANCE_KEY`, and reads up to
    /// `max_rows` of the rows. The cursor goes behind them. Flags: none.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when no visible header has the key, `MAPI_E_INVALID_PARAMETER` for flags other than 0,
    /// the backend's own.
    pub fn expand_row(&self, key: &[u8], max_rows: u32, flags: u32) -> Result<Expanded> {
        self.call(|state, source| {
            check_reserved(flags)?;
            state.flush(source)?;
            let columns = state.columns.clone();
            let (view, _) = state.view_mut(source)?;
            let (header, index) = view.visible_header(key).ok_or_else(no_header)?;
            let total = view.expand(header);
            let wanted = total.min(u64::from(max_rows));
            let mut rows = Vec::new();
            if wanted > 0 {
                match reading::forward(view, source, &columns, index + 1, wanted, &Anchor::Begin) {
                    Ok((cells, _)) => rows = cells.rows(),
                    Err(failure) => {
                        // Nothing stands on rows that have just come into sight.
                        view.collapse(header, &mut []);
                        return Err(failure);
                    }
                }
            }
            state.set_position(source, index + 1 + rows.len() as u64)?;
            Ok(Expanded { rows, total: u32::try_from(total).unwrap_or(u32::MAX) })
        })
    }

    /// `CollapseRow`: hides what is in the category whose header has that `PR_INSTANCE_KEY`; how many rows went
    /// out of sight. Flags: none.
    ///
    /// # Errors
    /// As [`Table::expand_row`].
    pub fn collapse_row(&self, key: &[u8], flags: u32) -> Result<u32> {
        self.call(|state, source| {
            check_reserved(flags)?;
            state.flush(source)?;
            let (view, mut marks) = state.view_and_marks(source)?;
            let (header, _) = view.visible_header(key).ok_or_else(no_header)?;
            Ok(u32::try_from(view.collapse(header, &mut marks)).unwrap_or(u32::MAX))
        })
    }

    /// `GetCollapseState`: which categories are expanded, and the row with that `PR_INSTANCE_KEY`, in a form for
    /// this and later views with the same sort and restriction. Flags: none.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty key or flags other than 0, `MAPI_E_NO_SUPPORT` without categories,
    /// `MAPI_E_NOT_FOUND` for the key of no row of the view, `MAPI_E_NOT_ENOUGH_MEMORY` when the form grows too
    /// large, the backend's own.
    pub fn get_collapse_state(&self, flags: u32, key: &[u8]) -> Result<Vec<u8>> {
        self.call(|state, source| {
            check_reserved(flags)?;
            if key.is_empty() {
                return Err(Failure::invalid("key", "a collapse state names a row by its PR_INSTANCE_KEY"));
            }
            state.flush(source)?;
            let stamp = stamp(state, source);
            let view = grouped(state, source)?;
            let named = source.row_of_key(tags::INSTANCE_KEY, &Value::Binary(key.to_vec()))?;
            let id = named.map(|(object, number)| RowId { object, number: number.unwrap_or_default() });
            let Some(row) = view.name_row(source, key, id.as_ref())? else {
                return Err(Failure::not_found("no row of this view has that PR_INSTANCE_KEY"));
            };
            let kept = CollapseState { stamp, changed: view.changed_categories(), row };
            kept.to_bytes().ok_or_else(|| Failure::new(Code::NotEnoughMemory, "the state of the categories is too large to keep"))
        })
    }

    /// `SetCollapseState`: expands and collapses the categories as they were when the state was made, and puts
    /// the cursor on the row it names, or the next visible one. The bookmark on that row is the caller's to
    /// free. Flags: none.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_COMPLETE` for what is no state of a view with this sort and restriction, or when no
    /// bookmark is left; `MAPI_E_INVALID_PARAMETER` for flags other than 0, `MAPI_E_NO_SUPPORT` without categories,
    /// the backend's own.
    pub fn set_collapse_state(&self, flags: u32, state: &[u8]) -> Result<Bookmark> {
        let kept = state;
        self.call(|state, source| {
            check_reserved(flags)?;
            state.flush(source)?;
            let stamp = stamp(state, source);
            grouped(state, source)?;
            let Some(kept) = CollapseState::parse(kept, stamp) else {
                return Err(Failure::new(Code::UnableToComplete, "this is no collapse state of a view like this one"));
            };
            state.check_bookmarks()?;
            let (view, mut marks) = state.view_and_marks(source)?;
            let anchor = view.restore(source, &kept.changed, &kept.row, &mut marks)?;
            state.set_cursor(anchor.clone());
            state.keep_bookmark(anchor)
        })
    }
}

fn stamp(state: &State, source: &dyn RowSource) -> Stamp {
    Stamp::new(&state.order_set(source), state.restriction())
}

/// The view, which has categories.
fn grouped<'a>(state: &'a mut State, source: &dyn RowSource) -> Result<&'a mut View> {
    let (view, _) = state.view_mut(source)?;
    if view.is_grouped() { Ok(view) } else { Err(no_categories()) }
}

fn no_header() -> Failure {
    Failure::not_found("no visible category header has that PR_INSTANCE_KEY").with_argument("key")
}

fn no_categories() -> Failure {
    Failure::new(Code::NoSupport, "the sort of this table has no categories")
}
