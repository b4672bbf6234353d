//! Runs a program against a subject and the model, and compares after every step.

mod changes;

use crate::events::{Expectation, Keys};
use crate::oracle::{CollapseState, Landing, Oracle, Origin, Wanted};
use crate::program::{How, Program, Refused, Spot, Step, named, refused};
use crate::shares::Covered;
use crate::subject::{Answer, Subject};
use crate::tags::INSTANCE_KEY;
use crate::view::{Item, Key};
use mapi_engine::error::{Code, Warned};
use mapi_engine::notifications::TableEvent;
use mapi_engine::properties::{PropTag, Property, Value};
use mapi_engine::restriction::{Relop, Restriction};
use mapi_engine::tables::{Bookmark, Row, TBL_ASYNC, TBL_BATCH, TableStatus};

/// What went wrong, and where.
type Checked<T> = Result<T, String>;

/// An instance key no row has.
const BOGUS_KEY: &[u8] = b"no row has this key";

/// What a setting sets.
enum Work {
    Columns(Vec<PropTag>),
    Restriction(Option<Restriction>),
    Sort(mapi_engine::tables::SortOrderSet),
}

impl Work {
    const fn status(&self) -> TableStatus {
        match self {
            Self::Columns(_) => TableStatus::SettingCols,
            Self::Restriction(_) => TableStatus::Restricting,
            Self::Sort(_) => TableStatus::Sorting,
        }
    }
}

struct Run<'a> {
    oracle: Oracle,
    subject: &'a mut dyn Subject,
    turns: bool,
    keys: Keys,
    /// The bookmarks made so far.
    marks: Vec<Bookmark>,
    states: Vec<(CollapseState, Vec<u8>)>,
    names: i32,
    advised: bool,
    /// Asynchronous work is not finished: what the status says.
    busy: Option<TableStatus>,
    /// Operations whose `TABLE_*_DONE` comes when the batch is carried out: columns, restriction, sort.
    promised: [bool; 3],
    /// What is to be told by the next dispatch: the end of asynchronous work.
    done: Vec<TableEvent>,
    /// A change nobody has looked at, and what it tells.
    unseen: Option<Option<Expectation>>,
    /// Changes came while work went on: what is told of them stands in no order to its end.
    blurred: bool,
    /// Rows or categories came or went while work is put off or goes on. The view in force takes in all that happened meanwhile at
    /// once, and what that leaves of the states between is not laid down: what comes back may never have gone.
    unsettled: bool,
    covered: Covered,
}

/// Runs a program; what it covered.
///
/// # Errors
/// Where the subject and the model differ.
pub(crate) fn run(program: &Program, subject: &mut dyn Subject) -> Checked<Covered> {
    let mut run = Run {
        oracle: Oracle::new(program.columns.clone()),
        subject,
        turns: program.turns,
        keys: Keys::default(),
        marks: Vec::new(),
        states: Vec::new(),
        names: 0,
        advised: false,
        busy: None,
        promised: [false; 3],
        done: Vec::new(),
        unseen: None,
        blurred: false,
        unsettled: false,
        covered: Covered::default(),
    };
    for draft in &program.messages {
        run.step(&Step::Create(draft.clone())).map_err(|error| named(&format!("before the steps: {error}")))?;
    }
    run.step(&Step::SetColumns(program.columns.clone(), How::Now)).map_err(|error| format!("with the columns: {error}"))?;
    for (number, step) in program.steps.iter().enumerate() {
        run.whole_step(step).map_err(|error| named(&format!("step {number}: {error}\n  {step:?}")))?;
    }
    run.finish().map_err(|error| named(&format!("at the end: {error}")))?;
    Ok(run.covered)
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: T, expected: T) -> Checked<()> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?} instead of {expected:?}")) }
}

/// Whether a call answered as it had to, up to what it gave.
fn like<T, U>(found: Answer<T>, expected: Answer<U>) -> Checked<Option<(T, U)>> {
    match (found, expected) {
        (Ok(found), Ok(expected)) => Ok(Some((found, expected))),
        (Err(found), Err(expected)) if found == expected => Ok(None),
        (found, expected) => {
            Err(format!("the call answers {:?} instead of {:?}", found.map(drop).err(), expected.map(drop).err()))
        }
    }
}

fn moved(warned: Option<Code>) -> Checked<bool> {
    match warned {
        None => Ok(false),
        Some(Code::WPositionChanged) => Ok(true),
        Some(other) => Err(format!("the warning is {other:?}")),
    }
}

impl Run<'_> {
    fn whole_step(&mut self, step: &Step) -> Checked<()> {
        let is_change = matches!(
            step,
            Step::Create(_) | Step::Change { .. } | Step::Delete { .. } | Step::MoveAway(_) | Step::MoveBack | Step::Mark { .. }
        );
        if is_change {
            if self.unseen.is_some() {
                self.look()?;
            }
            self.learn_rows()?;
        }
        self.step(step)?;
        if is_change {
            self.look()?;
        }
        self.check_place()?;
        if self.advised && self.unseen.is_none() {
            self.hear(None)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Checked<()> {
        if self.still_busy()? {
            same("waiting", self.subject.wait_for_completion(u32::MAX), Ok(TableStatus::Complete))?;
            self.still_busy()?;
        }
        self.read_all()?;
        if self.advised { self.hear(None) } else { Ok(()) }
    }

    /// Takes a change in, by a turn or by a call.
    fn look(&mut self) -> Checked<()> {
        let Some(expectation) = self.unseen.take() else { return Ok(()) };
        if self.still_busy()? {
            self.blurred = true;
            return Ok(());
        }
        if !self.turns {
            // Any call will do: it takes the change in, then carries out what was put off.
            self.flush();
            self.check_place()?;
        }
        if self.advised {
            self.hear(expectation)
        } else {
            self.subject.dispatch().map(drop).map_err(|code| format!("the dispatch fails: {code:?}"))
        }
    }

    /// Whether asynchronous work goes on; if it has come to its end, the model does it now.
    fn still_busy(&mut self) -> Checked<bool> {
        if self.busy.is_none() {
            return Ok(false);
        }
        match self.subject.query_position() {
            Err(Code::Busy) => Ok(true),
            Err(other) => Err(format!("a busy table answers {other:?}")),
            Ok(_) => {
                self.busy = None;
                self.flush();
                Ok(false)
            }
        }
    }

    /// Compares position and number of rows, unless work is put off or goes on.
    fn check_place(&mut self) -> Checked<()> {
        if self.busy.is_some() || self.oracle.is_pending() {
            return Ok(());
        }
        let position = self.subject.query_position().map_err(|code| format!("the position cannot be had: {code:?}"))?;
        let rows = self.oracle.count();
        same("the position", position.row as usize, self.oracle.position())?;
        same("the denominator", position.denominator as usize, rows.max(1))?;
        same("the number of rows", self.subject.get_row_count().map(|count| count as usize), Ok(rows))
    }

    /// Dispatches and compares what is told.
    fn hear(&mut self, expectation: Option<Expectation>) -> Checked<()> {
        let mut events = self.subject.dispatch().map_err(|code| format!("the dispatch fails: {code:?}"))?;
        // The dispatch itself may have brought work to its end.
        if self.busy.is_some() && !self.still_busy()? {
            events.extend(self.subject.dispatch().map_err(|code| format!("the dispatch fails: {code:?}"))?);
        }
        let is_done =
            |event: TableEvent| matches!(event, TableEvent::SortDone | TableEvent::RestrictDone | TableEvent::SetColDone);
        let done: Vec<TableEvent> = events.iter().map(|event| event.event).filter(|event| is_done(*event)).collect();
        same("what is told to be done", done, std::mem::take(&mut self.done))?;
        events.retain(|event| !is_done(event.event));
        if self.busy.is_some() {
            return Ok(());
        }
        if std::mem::take(&mut self.blurred) {
            return self.read_all();
        }
        self.covered.events += events.len();
        match expectation {
            Some(expectation) => expectation.check(&events, &mut self.keys),
            None if events.is_empty() => Ok(()),
            None => Err(format!("nothing happened, and yet there is told {events:?}")),
        }
    }

    fn check_rows(&mut self, rows: &[Row], items: &[Item]) -> Checked<()> {
        same("the number of rows given", rows.len(), items.len())?;
        for (number, (row, item)) in rows.iter().zip(items).enumerate() {
            let cells = self.oracle.cells(*item);
            self.keys.check(&cells, row).map_err(|error| format!("row {number} of {}: {error}", items.len()))?;
        }
        Ok(())
    }

    /// Reads the whole table, which is a use of it like any other.
    fn read_all(&mut self) -> Checked<()> {
        self.flush();
        self.seek(Origin::Beginning, Bookmark::BEGINNING, 0)?;
        self.rows(i32::MAX, false)
    }

    /// Sees to it that the instance keys of all rows are known, as events and programs name rows by them.
    fn learn_rows(&mut self) -> Checked<()> {
        if self.still_busy()? {
            return Ok(());
        }
        let known = self.oracle.view.keys().into_iter().all(|key| self.keys.bytes(key).is_some());
        if known || (self.oracle.is_pending() && !self.advised) { Ok(()) } else { self.read_all() }
    }

    /// The key of the row with that number.
    fn row_key(&self, row: Option<usize>) -> Option<Key> {
        let rows = self.oracle.view.keys();
        row.and_then(|row| rows.get(row % rows.len().max(1)).copied())
    }

    /// As [`Self::row_key`], of a header if there is one.
    fn header_key(&self, row: Option<usize>) -> Option<Key> {
        let rows = self.oracle.view.keys();
        let headers: Vec<Key> = rows.iter().copied().filter(|key| matches!(key, Key::Header(_))).collect();
        // One in eight is any row.
        let of = if headers.is_empty() || row.is_some_and(|row| row % 8 == 7) { &rows } else { &headers };
        row.and_then(|row| of.get(row % of.len().max(1)).copied())
    }

    fn bytes(&self, key: Option<Key>) -> Vec<u8> {
        key.and_then(|key| self.keys.bytes(key)).unwrap_or(BOGUS_KEY).to_vec()
    }

    fn origin(&self, from: Spot) -> (Origin, Bookmark) {
        match from {
            Spot::Beginning => (Origin::Beginning, Bookmark::BEGINNING),
            Spot::Current => (Origin::Current, Bookmark::CURRENT),
            Spot::End => (Origin::End, Bookmark::END),
            Spot::Mark(back) if !self.marks.is_empty() => {
                let number = self.marks.len() - 1 - back % self.marks.len();
                (Origin::Mark(number), self.marks[number])
            }
            Spot::Mark(_) | Spot::Unknown => (Origin::Unknown, Bookmark(9_999)),
        }
    }

    fn step(&mut self, step: &Step) -> Checked<()> {
        match step {
            Step::Create(_)
            | Step::Change { .. }
            | Step::Delete { .. }
            | Step::MoveAway(_)
            | Step::MoveBack
            | Step::Mark { .. } => {
                return self.change(step);
            }
            Step::GetStatus | Step::Abort | Step::Wait { .. } | Step::FreeBookmark(_) | Step::Advise | Step::Unadvise => {
                return self.manage(step);
            }
            _ => {}
        }
        let busy = self.still_busy()?;
        if busy && !matches!(step, Step::Refused { .. }) {
            return self.refused(step);
        }
        match step {
            Step::SetColumns(columns, how) => {
                self.covered.instances |= columns.iter().any(|tag| tag.kind().is_instance());
                let answer = self.subject.set_columns(columns, flags(*how));
                self.set(Work::Columns(columns.clone()), *how, answer)
            }
            Step::Restrict(restriction, how) => {
                let answer = self.subject.restrict(restriction.as_ref(), flags(*how));
                self.set(Work::Restriction(restriction.clone()), *how, answer)
            }
            Step::Sort(sort, how) => {
                self.covered.categories |= sort.categories > 0;
                self.covered.instances |= sort.keys.iter().any(|key| key.tag.kind().is_instance());
                let answer = self.subject.sort_table(sort, flags(*how));
                self.set(Work::Sort(sort.clone()), *how, answer)
            }
            // Whether such a call carries out what was put off is nobody's business.
            Step::Refused { .. } if busy || self.oracle.is_pending() => Ok(()),
            step => {
                self.flush();
                self.use_table(step)
            }
        }
    }

    /// The model carries out what was put off, as any use of the table does.
    fn flush(&mut self) {
        self.oracle.flush();
        let promised = std::mem::take(&mut self.promised);
        let events = [TableEvent::SetColDone, TableEvent::RestrictDone, TableEvent::SortDone];
        let done = promised.into_iter().zip(events).filter_map(|(promised, event)| promised.then_some(event));
        if self.advised {
            self.done.extend(done);
        }
    }

    /// A setting was made.
    fn set(&mut self, work: Work, how: How, answer: Answer<()>) -> Checked<()> {
        like(answer, Ok(()))?;
        let place = match &work {
            Work::Columns(_) => 0,
            Work::Restriction(_) => 1,
            Work::Sort(_) => 2,
        };
        let status = work.status();
        if how == How::Now {
            self.flush();
        } else {
            self.promised[place] = how.is_async();
        }
        self.carry_out(work, how != How::Now);
        if how == How::Async {
            // What was put off becomes part of the work. Whether the first slice was enough is seen by asking.
            self.busy = Some(status);
            self.still_busy()?;
        }
        Ok(())
    }

    fn carry_out(&mut self, work: Work, batch: bool) {
        match work {
            Work::Columns(columns) => self.oracle.set_columns(columns, batch),
            Work::Restriction(restriction) => self.oracle.restrict(restriction, batch),
            Work::Sort(sort) => self.oracle.sort(sort, batch),
        }
    }

    /// What a busy table refuses.
    fn refused(&mut self, step: &Step) -> Checked<()> {
        let any = &Restriction::And(Vec::new());
        self.covered.busy = true;
        let answer = match step {
            Step::SetColumns(columns, how) => self.subject.set_columns(columns, flags(*how)),
            Step::Restrict(restriction, how) => self.subject.restrict(restriction.as_ref(), flags(*how)),
            Step::Sort(sort, how) => self.subject.sort_table(sort, flags(*how)),
            Step::Rows { count, stay } => self.subject.query_rows(if *count == 0 { 1 } else { *count }, *stay).map(drop),
            Step::Seek(_, count) => self.subject.seek_row(Bookmark::BEGINNING, *count).map(drop),
            Step::Approx(..) => self.subject.seek_row_approx(0, 1),
            Step::Find { backward, .. } | Step::FindKey { backward, .. } => {
                self.subject.find_row(any, Bookmark::BEGINNING, *backward).map(drop)
            }
            Step::CreateBookmark => self.subject.create_bookmark().map(drop),
            Step::Expand { max, .. } => self.subject.expand_row(BOGUS_KEY, *max).map(drop),
            Step::Collapse { .. } => self.subject.collapse_row(BOGUS_KEY).map(drop),
            Step::GetState { .. } => self.subject.get_collapse_state(BOGUS_KEY).map(drop),
            Step::SetState { .. } => self.subject.set_collapse_state(b"no state").map(drop),
            Step::QueryColumns => self.subject.query_columns().map(drop),
            Step::QuerySortOrder => self.subject.query_sort_order().map(drop),
            _ => Err(Code::Busy),
        };
        same("the answer of a busy table", answer, Err(Code::Busy))
    }

    fn seek(&mut self, origin: Origin, bookmark: Bookmark, count: i32) -> Checked<()> {
        let found = self.subject.seek_row(bookmark, count);
        let Some((Warned { value, warning }, (sought, changed))) = like(found, self.oracle.seek(origin, count))? else {
            return Ok(());
        };
        same("the rows sought", i64::from(value), sought)?;
        self.covered.moved_bookmarks |= changed;
        same("whether the bookmark had moved", moved(warning)?, changed)
    }

    fn rows(&mut self, count: i32, stay: bool) -> Checked<()> {
        match like(self.subject.query_rows(count, stay), self.oracle.query_rows(count, stay))? {
            Some((rows, items)) => self.check_rows(&rows, &items),
            None => Ok(()),
        }
    }

    fn find(&mut self, restriction: &Restriction, wanted: &Wanted<'_>, from: Spot, backward: bool) -> Checked<()> {
        let (origin, bookmark) = self.origin(from);
        let found = self.subject.find_row(restriction, bookmark, backward);
        match like(found, self.oracle.find(wanted, origin, backward))? {
            Some((warned, changed)) => same("whether the bookmark had moved", moved(warned.warning)?, changed),
            None => Ok(()),
        }
    }

    /// Steps that use the table, with everything put off done.
    fn use_table(&mut self, step: &Step) -> Checked<()> {
        match step {
            Step::Rows { count, stay } => self.rows(*count, *stay),
            Step::Seek(from, count) => {
                let (origin, bookmark) = self.origin(*from);
                self.seek(origin, bookmark, *count)
            }
            Step::Approx(numerator, denominator) => {
                let found = self.subject.seek_row_approx(*numerator, *denominator);
                like(found, self.oracle.seek_approx(*numerator, *denominator)).map(drop)
            }
            Step::Find { what, from, backward } => self.find(what, &Wanted::Fits(what), *from, *backward),
            Step::FindKey { row, from, backward } => {
                self.learn_rows()?;
                let Some(key) = self.row_key(Some(*row)) else { return Ok(()) };
                let value = Property::new(INSTANCE_KEY, Value::Binary(self.bytes(Some(key))));
                let restriction = Restriction::Property { relop: Relop::Eq, tag: INSTANCE_KEY, value };
                self.find(&restriction, &Wanted::Key(key), *from, *backward)
            }
            Step::CreateBookmark => {
                let mark = self.subject.create_bookmark().map_err(|code| format!("no bookmark: {code:?}"))?;
                self.oracle.create_bookmark(self.marks.len());
                self.new_mark(mark)
            }
            Step::QueryColumns => same("the columns", self.subject.query_columns(), Ok(self.oracle.settings.columns.clone())),
            Step::QuerySortOrder => same("the order", self.subject.query_sort_order(), Ok(self.oracle.settings.sort.clone())),
            Step::Expand { .. } | Step::Collapse { .. } | Step::GetState { .. } | Step::SetState { .. } => self.fold(step),
            Step::Refused { call, batch } => {
                let flags = if *batch { TBL_BATCH } else { 0 };
                let calls = refused();
                let Some((call, code)) = calls.get(call % calls.len()) else { return Ok(()) };
                let answer = match call {
                    Refused::Columns(columns) => self.subject.set_columns(columns, flags),
                    Refused::Restriction(restriction) => self.subject.restrict(Some(restriction), flags),
                    Refused::Sort(sort) => self.subject.sort_table(sort, flags),
                };
                same("the answer to a call that makes no sense", answer, Err(*code))
            }
            _ => Ok(()),
        }
    }

    fn new_mark(&mut self, mark: Bookmark) -> Checked<()> {
        if mark.0 < 3 || self.marks.contains(&mark) {
            return Err(format!("{mark:?} is no new bookmark"));
        }
        self.marks.push(mark);
        Ok(())
    }

    fn fold(&mut self, step: &Step) -> Checked<()> {
        self.learn_rows()?;
        match step {
            Step::Expand { row, max } => {
                let key = self.header_key(*row);
                let found = self.subject.expand_row(&self.bytes(key), *max);
                let Some(((rows, total), expected)) = like(found, self.oracle.expand(key, *max))? else { return Ok(()) };
                self.covered.folds |= expected.total > 0;
                same("the rows added", total, expected.total)?;
                self.check_rows(&rows, &expected.rows)
            }
            Step::Collapse { row } => {
                let key = self.header_key(*row);
                let found = self.subject.collapse_row(&self.bytes(key));
                match like(found, self.oracle.collapse(key))? {
                    Some((found, expected)) => same("the rows removed", found, expected),
                    None => Ok(()),
                }
            }
            Step::GetState { row } => {
                let key = self.row_key(*row);
                let found = self.subject.get_collapse_state(&self.bytes(key));
                if let Some((found, expected)) = like(found, self.oracle.collapse_state(key))? {
                    self.states.push((expected, found));
                }
                Ok(())
            }
            Step::SetState { state } => {
                // The number of no state is the latest.
                let kept =
                    if *state == usize::MAX { self.states.last() } else { self.states.get(state % self.states.len().max(1)) };
                let Some((expected, blob)) = kept.cloned() else { return Ok(()) };
                let found = self.subject.set_collapse_state(&blob);
                let number = self.marks.len();
                let Some((mark, landing)) = like(found, self.oracle.set_collapse_state(&expected, number))? else {
                    return Ok(());
                };
                self.covered.states = true;
                self.new_mark(mark)?;
                if landing == Landing::Somewhere {
                    let at = self.subject.query_position().map_err(|code| format!("{code:?}"))?.row as usize;
                    self.oracle.adopt(at, number);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Steps a busy table allows.
    fn manage(&mut self, step: &Step) -> Checked<()> {
        let busy = self.still_busy()?;
        match step {
            Step::GetStatus => {
                let status = self.subject.get_status();
                if self.still_busy()? {
                    return same("the status", status, Ok(self.busy.unwrap_or(TableStatus::Complete)));
                }
                same("the status", status, Ok(TableStatus::Complete))
            }
            Step::Abort => {
                let expected = if busy { Ok(()) } else { Err(Code::UnableToAbort) };
                same("the answer of Abort", self.subject.abort(), expected)?;
                if busy {
                    self.covered.aborted = true;
                    self.busy = None;
                    self.promised = [false; 3];
                    self.oracle.drop_pending();
                }
                Ok(())
            }
            Step::Wait { milliseconds } => {
                let found = self.subject.wait_for_completion(*milliseconds);
                let busy = self.still_busy()?;
                let expected = if busy { Err(Code::Timeout) } else { Ok(TableStatus::Complete) };
                same("the answer of WaitForCompletion", found, expected)?;
                if busy && *milliseconds == u32::MAX { Err("waiting without end ends early".to_owned()) } else { Ok(()) }
            }
            Step::FreeBookmark(from) => {
                let (origin, bookmark) = self.origin(*from);
                like(self.subject.free_bookmark(bookmark), self.oracle.free_bookmark(origin)).map(drop)
            }
            Step::Advise if !self.advised => {
                like(self.subject.advise(), Ok(()))?;
                self.advised = true;
                Ok(())
            }
            Step::Unadvise if self.advised => {
                like(self.subject.unadvise(), Ok(()))?;
                self.advised = false;
                self.done.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

const fn flags(how: How) -> u32 {
    match how {
        How::Now => 0,
        How::Batch => TBL_BATCH,
        How::Async => TBL_ASYNC,
        How::Both => TBL_BATCH | TBL_ASYNC,
    }
}
