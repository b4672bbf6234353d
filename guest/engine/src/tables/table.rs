//! `IMAPITable`: the client's object (`tables` 4).

use crate::backend::Column;
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags, check_reserved};
use crate::notifications::{Connected, HandleQueue, Notification, Watched, mask};
use crate::properties::{PropTag, PropType};
use crate::restriction::{self, Place, Restriction, Rows, name_resolution};
use crate::session::Alive;
use crate::tables::reading::{self, Behind, Cells};
use crate::tables::sort::no_instances;
use crate::tables::state::State;
use crate::tables::view::Anchor;
use crate::tables::work::Change;
use crate::tables::{
    Bookmark, DIR_BACKWARD, Position, Row, RowSource, SortOrderSet, TBL_ALL_COLUMNS, TBL_ASYNC, TBL_BATCH, TBL_NOADVANCE,
    TableStatus, TableType,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Columns a set may have.
const MAX_COLUMNS: usize = 4096;

/// Bytes of cells `HrQueryAllRows` reads at most.
const ALL_ROWS_BYTES: u64 = 64 << 20;

/// Rows in columns, for clients that want thousands of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnarRows {
    /// How many rows there are.
    pub rows: u32,
    /// One for each column of the set, in its order. A cell without a value is not present.
    pub columns: Vec<Column>,
}

/// A table object: an independent view on a [`RowSource`].
pub struct Table {
    live: Rc<Live>,
    unicode: bool,
    alive: Alive,
}

/// The part of a table that goes on between the client's calls.
struct Live {
    source: Rc<dyn RowSource>,
    /// Taken out while a call runs, so that no borrow is held across a call of the backend.
    state: RefCell<Option<State>>,
    /// Who is told what happens to the rows: queue and connection.
    told: RefCell<Vec<(Rc<HandleQueue>, u32)>>,
    /// The queue of the client handle knows of the table.
    watched: Cell<bool>,
    last_error: LastError,
}

impl Live {
    /// Runs work on the state and hands out what follows from it; `None`: a call is running already.
    fn run<T>(&self, work: impl FnOnce(&mut State, &dyn RowSource) -> T) -> Option<T> {
        let mut state = self.state.take()?;
        let result = work(&mut state, &*self.source);
        let events = state.take_told();
        *self.state.borrow_mut() = Some(state);
        for event in events {
            for (queue, connection) in self.told.borrow().iter() {
                queue.push(*connection, Notification::TableModified(event.clone()));
            }
        }
        Some(result)
    }
}

impl Watched for Live {
    fn take_in(&self) -> Result<()> {
        if self.told.borrow().is_empty() {
            return Ok(());
        }
        // What happens while work is left over is taken in at its end.
        let take_in = |state: &mut State, source: &dyn RowSource| {
            if state.is_busy() { Ok(()) } else { state.take_changes(source) }
        };
        self.run(take_in).unwrap_or(Ok(()))
    }

    fn slice(&self) -> bool {
        let slice = |state: &mut State, source: &dyn RowSource| {
            // The status tells of a failure, and so does an event.
            state.slice(source).inspect_err(|failure| self.last_error.note(failure)).unwrap_or(false)
        };
        self.run(slice).unwrap_or(false)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for (queue, connection) in self.told.take() {
            queue.disconnect(connection);
        }
    }
}

impl Table {
    /// A table with the default columns, no restriction, the default order, and its cursor at the
    /// beginning. Rows are first read when they are needed. `unicode`: `MAPI_UNICODE` was given, which picks
    /// the width of the default columns' strings.
    #[must_use]
    pub fn new(source: Rc<dyn RowSource>, unicode: bool) -> Self {
        let columns = source.default_columns().into_iter().map(|tag| tag_in_width(tag, unicode)).collect();
        let live = Live {
            source,
            state: RefCell::new(Some(State::new(columns))),
            told: RefCell::default(),
            watched: Cell::new(false),
            last_error: LastError::default(),
        };
        Self { live: Rc::new(live), unicode, alive: Alive::new() }
    }

    /// The table, ending with that token: with the session or store it was opened through.
    #[must_use]
    pub fn bound_to(mut self, alive: Alive) -> Self {
        self.alive = alive;
        self
    }

    /// The table, doing left-over work in slices of so many row steps instead of 16,384, so that a table of a
    /// few rows can be seen at work.
    #[must_use]
    pub fn with_slices_of(self, steps: usize) -> Self {
        if let Some(state) = &mut *self.live.state.borrow_mut() {
            state.slice_steps = steps.max(1);
        }
        self
    }

    /// Runs a call on the state and notes its failure.
    pub(super) fn call<T>(&self, work: impl FnOnce(&mut State, &dyn RowSource) -> Result<T>) -> Result<T> {
        self.alive.check()?;
        match self.live.run(work) {
            Some(result) => self.live.last_error.keep(result),
            None => Err(Failure::new(Code::Busy, "the table is in use by a call that has not returned yet")),
        }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.alive.check()?;
        self.live.last_error.get_last_error(code, flags)
    }

    /// `Advise`: from now on what happens to the rows is told under the connection number (`tables` 11).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a mask without `fnevTableModified`; `MAPI_E_NO_SUPPORT` for a table whose
    /// rows never change, or whose backend does not tell; the backend's own.
    pub fn advise(&self, mask: u32) -> Result<u32> {
        self.alive.check()?;
        if mask & mask::TABLE_MODIFIED == 0 {
            return Err(Failure::invalid("mask", "a table tells fnevTableModified only"));
        }
        let queue = self.alive.queue().filter(|_| self.live.source.table_type() != TableType::Snapshot);
        let Some(queue) = queue else { return Err(no_notifications()) };
        self.call(|state, source| if state.subscribe(source)? { state.itemise(source) } else { Err(no_notifications()) })?;
        let connection = queue.connect(Connected::Table)?;
        self.watch(&queue);
        self.live.told.borrow_mut().push((queue, connection));
        Ok(connection)
    }

    /// Lets the queue of the client handle ask the table for its events and for its share of each turn.
    fn watch(&self, queue: &HandleQueue) {
        if !self.live.watched.replace(true) {
            let live: Rc<dyn Watched> = self.live.clone();
            queue.watch(Rc::downgrade(&live));
        }
    }

    /// Hears of changes from now on.
    pub(super) fn watch_changes(&self) -> Result<()> {
        self.call(|state, source| state.subscribe(source).map(drop))
    }

    /// `SetColumns`, `Restrict` and `SortTable`: what is left over goes on in the turns of the client handle.
    fn ask(&self, flags: u32, change: impl FnOnce(&dyn RowSource) -> Result<Change>) -> Result<()> {
        let busy = self.call(|state, source| {
            let change = change(source)?;
            state.ask(source, change, flags)?;
            Ok(state.is_busy())
        })?;
        if busy && let Some(queue) = self.alive.queue() {
            self.watch(&queue);
        }
        Ok(())
    }

    /// `Unadvise`. What is queued for the connection is dropped.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a connection that is not one of this table.
    pub fn unadvise(&self, connection: u32) -> Result<()> {
        self.alive.check()?;
        let found = {
            let mut told = self.live.told.borrow_mut();
            told.iter().position(|(_, known)| *known == connection).map(|at| told.remove(at))
        };
        let Some((queue, _)) = found else {
            return Err(Failure::not_found("this table has no registration with that number"));
        };
        queue.disconnect(connection);
        if self.live.told.borrow().is_empty() {
            self.live.run(|state, _| state.end_itemising());
        }
        Ok(())
    }

    /// `GetStatus`. Does a slice of work that was left over.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub fn get_status(&self) -> Result<(TableStatus, TableType)> {
        self.alive.check()?;
        self.live.slice();
        Ok((self.status(), self.live.source.table_type()))
    }

    fn status(&self) -> TableStatus {
        let fixed = self.live.source.table_type() != TableType::Dynamic;
        match &*self.live.state.borrow() {
            Some(state) => match state.status() {
                TableStatus::Complete if fixed && state.has_unread_change() => TableStatus::QChanged,
                status => status,
            },
            None => TableStatus::Complete,
        }
    }

    /// `WaitForCompletion`: goes on with work that was left over for that many milliseconds, 0: for one slice,
    /// 0xFFFFFFFF: to its end. A table without a session has no clock, and waits to the end too.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0; `MAPI_E_TIMEOUT` when work is still left over.
    pub fn wait_for_completion(&self, flags: u32, milliseconds: u32) -> Result<TableStatus> {
        self.call(|_, _| check_reserved(flags))?;
        let clock = self.alive.clock().filter(|_| milliseconds != u32::MAX);
        let now = || clock.as_ref().map_or(0, |clock| clock.monotonic());
        let limit = u64::from(milliseconds) * 1_000_000;
        let (mut before, mut passed) = (now(), 0_u64);
        while self.live.slice() {
            let now = now();
            // A clock that goes backwards stands still.
            passed = passed.saturating_add(now.saturating_sub(before));
            before = now;
            if passed >= limit {
                let why = Failure::new(Code::Timeout, "the table is still being sorted or restricted; wait longer");
                return self.live.last_error.keep(Err(why));
            }
        }
        Ok(self.status())
    }

    /// `Abort`: ends work that was left over. What it would have replaced stays in force.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_ABORT` when nothing is under way.
    pub fn abort(&self) -> Result<()> {
        self.call(|state, _| state.abort())
    }

    /// `SetColumns`. Flags: `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_TOO_COMPLEX`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_BUSY`.
    pub fn set_columns(&self, columns: &[PropTag], flags: u32) -> Result<()> {
        self.ask(flags, |source| {
            check_columns_present(columns)?;
            check_flags(flags, TBL_ASYNC | TBL_BATCH)?;
            check_columns(columns, source.abilities().instances)?;
            Ok(Change::Columns(columns.to_vec()))
        })
    }

    /// `QueryColumns`: the current set, or with `TBL_ALL_COLUMNS` all that can be asked for.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn query_columns(&self, flags: u32) -> Result<Vec<PropTag>> {
        self.call(|state, source| {
            check_flags(flags, TBL_ALL_COLUMNS)?;
            state.flush(source)?;
            if flags & TBL_ALL_COLUMNS == 0 {
                return Ok(state.columns.iter().map(|rule| rule.tag).collect());
            }
            let mut all = source.default_columns();
            all.extend(source.all_columns()?);
            for tag in &mut all {
                *tag = tag_in_width(*tag, self.unicode);
            }
            all.sort_unstable();
            all.dedup();
            Ok(all)
        })
    }

    /// `GetRowCount`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0, the backend's own.
    pub fn get_row_count(&self, flags: u32) -> Result<Warned<u32>> {
        self.call(|state, source| {
            check_reserved(flags)?;
            state.flush(source)?;
            Ok(Warned::ok(narrow(state.count(source)?)))
        })
    }

    /// `SeekRow`: how many rows the cursor stands behind the bookmark.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`, the backend's own.
    pub fn seek_row(&self, origin: Bookmark, count: i32) -> Result<Warned<i32>> {
        self.call(|state, source| {
            state.flush(source)?;
            let Warned { value: base, warning } = state.resolve(source, origin)?;
            let rows = state.count(source)?;
            let target = base.saturating_add_signed(i64::from(count)).min(rows);
            if target == 0 && origin == Bookmark::BEGINNING {
                state.set_cursor(Anchor::Begin);
            } else {
                state.set_position(source, target)?;
            }
            let sought = i128::from(target) - i128::from(base);
            let value = i32::try_from(sought).unwrap_or(if sought < 0 { i32::MIN } else { i32::MAX });
            Ok(Warned { value, warning })
        })
    }

    /// `SeekRowApprox`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a zero denominator, the backend's own.
    pub fn seek_row_approx(&self, numerator: u32, denominator: u32) -> Result<()> {
        self.call(|state, source| {
            if denominator == 0 {
                return Err(Failure::invalid("denominator", "the denominator of a position cannot be 0"));
            }
            state.flush(source)?;
            if numerator == 0 {
                state.set_cursor(Anchor::Begin);
                return Ok(());
            }
            let rows = state.count(source)?;
            let target = if numerator >= denominator {
                rows
            } else {
                // Below the number of rows, since the fraction is below 1.
                let target = u128::from(rows) * u128::from(numerator) / u128::from(denominator);
                u64::try_from(target).unwrap_or(rows)
            };
            state.set_position(source, target)
        })
    }

    /// `QueryPosition`.
    ///
    /// # Errors
    /// The backend's own.
    pub fn query_position(&self) -> Result<Position> {
        self.call(|state, source| {
            state.flush(source)?;
            let row = narrow(state.position(source)?);
            let rows = narrow(state.count(source)?);
            Ok(Position { row, numerator: row, denominator: rows.max(1) })
        })
    }

    /// `FindRow`: moves the cursor to the first match. Flag: `DIR_BACKWARD`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_INVALID_BOOKMARK`, and as [`Table::restrict`].
    pub fn find_row(&self, restriction: Option<&Restriction>, origin: Bookmark, flags: u32) -> Result<Warned<()>> {
        self.call(|state, source| {
            let Some(restriction) = restriction else {
                return Err(Failure::invalid("restriction", "FindRow needs a restriction"));
            };
            check_flags(flags, DIR_BACKWARD)?;
            check_restriction(source, restriction, Place::Find)?;
            let mut named = source.abilities().resolves_names.then(|| restriction.clone());
            if let Some(named) = &mut named {
                name_resolution::recognise(named);
            }
            let restriction = named.as_ref().unwrap_or(restriction);
            state.flush(source)?;
            let Warned { value: from, warning } = state.resolve(source, origin)?;
            let (view, _) = state.view_mut(source)?;
            match view.find(source, restriction, from, flags & DIR_BACKWARD != 0)? {
                Some(index) => state.set_position(source, index)?,
                None => return Err(Failure::not_found("no row matches the restriction")),
            }
            Ok(Warned { value: (), warning })
        })
    }

    /// `Restrict`; `None` shows all rows. Flags: `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// As `tables` 5.2.
    pub fn restrict(&self, mut restriction: Option<Restriction>, flags: u32) -> Result<()> {
        self.ask(flags, |source| {
            check_flags(flags, TBL_ASYNC | TBL_BATCH)?;
            if !source.abilities().restrict {
                return Err(no_restrictions());
            }
            if let Some(restriction) = &mut restriction {
                check_restriction(source, restriction, Place::View)?;
                if source.abilities().resolves_names {
                    name_resolution::recognise(restriction);
                }
            }
            Ok(Change::Restriction(restriction.map(Rc::new)))
        })
    }

    /// `CreateBookmark` at the cursor.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_COMPLETE` when 1024 are in use, `MAPI_E_NO_SUPPORT` on attachment tables.
    pub fn create_bookmark(&self) -> Result<Bookmark> {
        self.call(|state, source| {
            if !source.abilities().bookmarks {
                return Err(Failure::new(Code::NoSupport, "this table has no bookmarks"));
            }
            state.flush(source)?;
            state.create_bookmark(source)
        })
    }

    /// `FreeBookmark`; the predefined ones are ignored.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_BOOKMARK`.
    pub fn free_bookmark(&self, bookmark: Bookmark) -> Result<()> {
        self.call(|state, _| state.free_bookmark(bookmark))
    }

    /// `SortTable`; `None` (a missing argument) is refused, an empty set restores the default order. Flags:
    /// `TBL_ASYNC`, `TBL_BATCH`.
    ///
    /// # Errors
    /// As `tables` 7.1.
    pub fn sort_table(&self, order: Option<SortOrderSet>, flags: u32) -> Result<()> {
        self.ask(flags, |source| {
            let Some(order) = order else {
                return Err(Failure::invalid("sort", "SortTable needs a sort order; an empty one removes the sort"));
            };
            check_flags(flags, TBL_ASYNC | TBL_BATCH)?;
            order.validate(&source.abilities())?;
            Ok(Change::Sort(order))
        })
    }

    /// `QuerySortOrder`.
    ///
    /// # Errors
    /// The backend's own, when a batched sort has to be carried out first.
    pub fn query_sort_order(&self) -> Result<SortOrderSet> {
        self.call(|state, source| {
            state.flush(source)?;
            if let Some(sort) = &state.sort {
                return Ok(sort.clone());
            }
            let default = source.default_order();
            let mut order = if default.reported { default.order } else { SortOrderSet::default() };
            for key in &mut order.keys {
                key.tag = tag_in_width(key.tag, self.unicode);
            }
            Ok(order)
        })
    }

    /// `QueryRows`: rows behind the cursor, or before it for a negative count; an empty answer is the end.
    /// At most 65,536 rows and 16 MiB at once. Flag: `TBL_NOADVANCE`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a count of 0, the backend's own.
    pub fn query_rows(&self, count: i32, flags: u32) -> Result<Vec<Row>> {
        self.call(|state, source| Ok(query_rows(state, source, count, flags)?.rows()))
    }

    /// As [`Table::query_rows`], in columns.
    ///
    /// # Errors
    /// As [`Table::query_rows`].
    pub fn query_rows_columnar(&self, count: i32, flags: u32) -> Result<ColumnarRows> {
        self.call(|state, source| {
            let cells = query_rows(state, source, count, flags)?;
            Ok(ColumnarRows { rows: narrow(cells.len() as u64), columns: cells.columns() })
        })
    }

    /// `HrAddColumns`: these columns, then those of the current set that are not among them.
    ///
    /// # Errors
    /// As [`Table::query_columns`] and [`Table::set_columns`].
    pub fn add_columns(&self, columns: &[PropTag]) -> Result<()> {
        let mut all = columns.to_vec();
        all.extend(self.query_columns(0)?.into_iter().filter(|tag| !columns.contains(tag)));
        self.set_columns(&all, 0)
    }

    /// `HrQueryAllRows`: given arguments are applied and stay; at most `max` rows, 0: no limit.
    ///
    /// # Errors
    /// `MAPI_E_TABLE_TOO_BIG`, `MAPI_E_NOT_ENOUGH_RESOURCES`, and those of the calls it makes.
    pub fn query_all_rows(
        &self,
        columns: Option<&[PropTag]>,
        restriction: Option<Restriction>,
        order: Option<SortOrderSet>,
        max: u32,
    ) -> Result<Vec<Row>> {
        if let Some(columns) = columns {
            self.set_columns(columns, TBL_BATCH)?;
        }
        if restriction.is_some() {
            self.restrict(restriction, TBL_BATCH)?;
        }
        if order.is_some() {
            self.sort_table(order, TBL_BATCH)?;
        }
        self.call(|state, source| {
            state.flush(source)?;
            state.set_cursor(Anchor::Begin);
            if max > 0 && state.count(source)? > u64::from(max) {
                return Err(Failure::new(Code::TableTooBig, format!("the table has more than {max} rows")));
            }
            let mut rows = Vec::new();
            let mut bytes = 0;
            loop {
                let cells = query_rows(state, source, i32::MAX, 0)?;
                if cells.len() == 0 {
                    return Ok(rows);
                }
                bytes += cells.bytes();
                if bytes > ALL_ROWS_BYTES {
                    return Err(Failure::new(
                        Code::NotEnoughResources,
                        "the rows have more than 64 MiB of cells; read them page by page",
                    ));
                }
                rows.append(&mut cells.rows());
            }
        })
    }
}

fn query_rows(state: &mut State, source: &dyn RowSource, count: i32, flags: u32) -> Result<Cells> {
    if count == 0 {
        return Err(Failure::invalid("count", "the number of rows to read cannot be 0"));
    }
    check_flags(flags, TBL_NOADVANCE)?;
    state.flush(source)?;
    state.unread_change = false;
    let cursor = state.position(source)?;
    let wanted = u64::from(count.unsigned_abs());
    let columns = state.columns.clone();
    let (view, near) = state.view_mut(source)?;
    let near = near.clone();
    let (first, cells, behind) = if count > 0 {
        let (cells, behind) = reading::forward(view, source, &columns, cursor, wanted, &near)?;
        (cursor, cells, behind)
    } else {
        let cells = reading::backward(view, source, &columns, cursor, wanted.min(cursor))?;
        (cursor - cells.len() as u64, cells, Behind::Unread)
    };
    if cells.len() == 0 {
        return Ok(cells);
    }
    match behind {
        _ if flags & TBL_NOADVANCE != 0 => state.set_position(source, first)?,
        Behind::Anchor(anchor) => state.set_cursor(anchor),
        Behind::Unread => state.set_position(source, first + cells.len() as u64)?,
    }
    Ok(cells)
}

/// The tag with strings in the width of the opening call; `PT_STRING8` stays what it is, since some
/// columns are always 8-bit.
fn tag_in_width(tag: PropTag, unicode: bool) -> PropTag {
    if tag.kind().base() == PropType::UNICODE { tag.with_kind(tag.kind().with_width(unicode)) } else { tag }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn check_columns_present(columns: &[PropTag]) -> Result<()> {
    if columns.is_empty() {
        return Err(Failure::invalid("columns", "a column set has at least one column"));
    }
    Ok(())
}

/// `FBadColumnSet`.
fn check_columns(columns: &[PropTag], instances: bool) -> Result<()> {
    if columns.len() > MAX_COLUMNS {
        return Err(Failure::new(Code::TooComplex, format!("a column set has at most {MAX_COLUMNS} columns")));
    }
    for tag in columns {
        let kind = tag.kind();
        let instance = kind.0 & PropType::MV_INSTANCE != 0;
        let known = matches!(kind, PropType::NULL | PropType::OBJECT)
            || (PropType(kind.0 & !PropType::MV_INSTANCE).is_storable() && (!instance || kind.is_multi()));
        if !known {
            return Err(Failure::invalid("columns", "a column needs a known type").with_tag(*tag));
        }
    }
    match columns.iter().find(|tag| tag.kind().is_instance() && !instances) {
        Some(tag) => Err(no_instances().with_tag(*tag)),
        None => Ok(()),
    }
}

fn no_notifications() -> Failure {
    Failure::new(Code::NoSupport, "this table does not tell what happens to its rows")
}

fn no_restrictions() -> Failure {
    Failure::new(Code::NoSupport, "this store does not restrict its tables")
}

fn check_restriction(source: &dyn RowSource, restriction: &Restriction, place: Place) -> Result<()> {
    if !source.abilities().restrict {
        return Err(no_restrictions());
    }
    let rows = if source.abilities().message_rows { Rows::Messages } else { Rows::Others };
    restriction::validate(restriction, place, rows)
}
