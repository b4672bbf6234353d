//! `IMAPITable`.

use crate::columns;
use crate::failure::warning;
use crate::notifications::{Subscription, mask};
use crate::restriction::Restriction;
use crate::values::cell;
use crate::waiting::answer;
use mapi_session::flags as f;
use mapi_session::properties::PropTag;
use mapi_session::tables::{Bookmark, Evaluation, SortOrder, SortOrderSet};
use mapi_session::{Row, RowBatch};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

/// A view of a table, with columns, restriction, order, cursor and bookmarks of its own.
#[pyclass(frozen, module = "mapi_session._native")]
pub(crate) struct Table(pub(crate) mapi_session::Table);

fn tuples<'py>(py: Python<'py>, rows: Vec<Row>) -> PyResult<Bound<'py, PyList>> {
    let tuple = |row: Row| {
        let cells: Vec<_> = row.into_iter().map(|property| cell(py, Some(property.value))).collect::<PyResult<_>>()?;
        PyTuple::new(py, cells)
    };
    PyList::new(py, rows.into_iter().map(tuple).collect::<PyResult<Vec<_>>>()?)
}

/// Rows as tuples, made a column at a time.
fn rows_of<'py>(py: Python<'py>, batch: &RowBatch) -> PyResult<Bound<'py, PyList>> {
    let tuple = |row: usize| {
        let cells: Vec<_> = batch.columns.iter().map(|column| cell(py, column.value(row))).collect::<PyResult<_>>()?;
        PyTuple::new(py, cells)
    };
    PyList::new(py, (0..batch.rows as usize).map(tuple).collect::<PyResult<Vec<_>>>()?)
}

#[pymethods]
impl Table {
    /// `SetColumns`.
    fn set_columns(&self, py: Python<'_>, tags: Vec<u32>) -> PyResult<()> {
        let tags: Vec<PropTag> = tags.into_iter().map(PropTag).collect();
        answer(py, self.0.set_columns(&tags, f::SetColumnsFlags::empty()))
    }

    /// `QueryColumns`: those in force, or all there are.
    #[pyo3(signature = (everything = false))]
    fn columns(&self, py: Python<'_>, everything: bool) -> PyResult<Vec<u32>> {
        let how = flags!(QueryColumnsFlags, everything => TBL_ALL_COLUMNS);
        Ok(answer(py, self.0.query_columns(how))?.into_iter().map(|tag| tag.0).collect())
    }

    /// `Restrict`; `None` lets all rows through.
    fn restrict(&self, py: Python<'_>, condition: Option<&Restriction>) -> PyResult<()> {
        answer(py, self.0.restrict(condition.map(|condition| &condition.0), f::RestrictFlags::empty()))
    }

    /// `SortTable`: keys as tag and raw `TABLE_SORT_*` value.
    #[pyo3(signature = (keys, categories = 0, expanded = 0))]
    fn sort(&self, py: Python<'_>, keys: Vec<(u32, u32)>, categories: u32, expanded: u32) -> PyResult<()> {
        let keys = keys.into_iter().map(|(tag, order)| SortOrder { tag: PropTag(tag), order }).collect();
        answer(py, self.0.sort_table(SortOrderSet { keys, categories, expanded }, f::SortTableFlags::empty()))
    }

    /// `GetRowCount`.
    fn row_count(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(answer(py, self.0.get_row_count())?.value)
    }

    /// `QueryPosition`: the cursor's row, and how many rows there are (at least 1).
    fn position(&self, py: Python<'_>) -> PyResult<(u32, u32)> {
        let position = answer(py, self.0.query_position())?;
        Ok((position.row, position.denominator))
    }

    /// `SeekRow`: how many rows the cursor went.
    fn seek(&self, py: Python<'_>, origin: u32, count: i32) -> PyResult<i32> {
        Ok(answer(py, self.0.seek_row(Bookmark(origin), count))?.value)
    }

    /// `SeekRowApprox`.
    fn seek_approximately(&self, py: Python<'_>, numerator: u32, denominator: u32) -> PyResult<()> {
        answer(py, self.0.seek_row_approx(numerator, denominator))
    }

    /// `CreateBookmark`.
    fn create_bookmark(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(answer(py, self.0.create_bookmark())?.0)
    }

    /// `FreeBookmark`.
    fn free_bookmark(&self, py: Python<'_>, bookmark: u32) -> PyResult<()> {
        answer(py, self.0.free_bookmark(Bookmark(bookmark)))
    }

    /// `FindRow`; the name of a warning, such as that the bookmark had gone.
    #[pyo3(signature = (condition, origin, backward = false))]
    fn find(&self, py: Python<'_>, condition: &Restriction, origin: u32, backward: bool) -> PyResult<Option<String>> {
        let how = flags!(FindRowFlags, backward => DIR_BACKWARD);
        Ok(warning(answer(py, self.0.find_row(&condition.0, Bookmark(origin), how))?.warning))
    }

    /// `QueryRows`: rows as tuples, from the cursor on or, if negative, before it.
    #[pyo3(signature = (count, advance = true))]
    fn rows<'py>(&self, py: Python<'py>, count: i32, advance: bool) -> PyResult<Bound<'py, PyList>> {
        let how = flags!(QueryRowsFlags, !advance => TBL_NOADVANCE);
        rows_of(py, &answer(py, self.0.query_rows_columnar(count, how))?)
    }

    /// `QueryRows` by columns: how many rows, and for each tag form, bits, values and offsets.
    fn row_buffers<'py>(&self, py: Python<'py>, count: i32, tags: Vec<u32>) -> PyResult<(u32, Bound<'py, PyList>)> {
        let batch = answer(py, self.0.query_rows_columnar(count, f::QueryRowsFlags::empty()))?;
        let tags: Vec<PropTag> = tags.into_iter().map(PropTag).collect();
        Ok((batch.rows, PyList::new(py, columns::buffers(py, &tags, &batch)?)?))
    }

    /// `ExpandRow`: up to so many of the rows that came into sight, and how many these are.
    fn expand<'py>(&self, py: Python<'py>, key: &[u8], max_rows: u32) -> PyResult<(Bound<'py, PyList>, u32)> {
        let expanded = answer(py, self.0.expand_row(key, max_rows))?;
        Ok((tuples(py, expanded.rows)?, expanded.total))
    }

    /// `CollapseRow`: how many rows went out of sight.
    fn collapse(&self, py: Python<'_>, key: &[u8]) -> PyResult<u32> {
        answer(py, self.0.collapse_row(key))
    }

    /// `GetCollapseState`.
    fn collapse_state<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &answer(py, self.0.get_collapse_state(key))?))
    }

    /// `SetCollapseState`: a bookmark on the row the state names.
    fn set_collapse_state(&self, py: Python<'_>, state: &[u8]) -> PyResult<u32> {
        Ok(answer(py, self.0.set_collapse_state(state))?.0)
    }

    /// What of the view the store evaluates, and why not the rest: part and answer.
    fn explain(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        let explained = answer(py, self.0.explain())?;
        let said = |evaluation: Evaluation| match evaluation {
            Evaluation::Store => "store".to_owned(),
            Evaluation::Narrowed(why) => format!("store and session: {why:?}"),
            Evaluation::Engine(why) => format!("session: {why:?}"),
        };
        let conditions = explained.conditions.iter().map(|condition| ("condition".to_owned(), said(*condition)));
        let rest = [("order", Some(explained.order)), ("categories", explained.categories), ("rows", Some(explained.rows))];
        let rest = rest.into_iter().filter_map(|(part, evaluation)| Some((part.to_owned(), said(evaluation?))));
        Ok(conditions.chain(rest).collect())
    }

    /// `Advise` for what happens to the rows of this view.
    fn advise(&self, py: Python<'_>) -> PyResult<Subscription> {
        Ok(Subscription::new(answer(py, self.0.advise(mask(0x100)))?))
    }
}
