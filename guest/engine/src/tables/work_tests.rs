//! Deferred and asynchronous calls (`tables` 2.2), over rows that count how often they are read.

use crate::backend::{Batch, Clock, Column, Filter, ObjectId, ObjectKind, OrderKey, Plan, RowKey, ScanFrom, ScanPage};
use crate::error::{Code, Failure, Result};
use crate::notifications::{HandleQueue, Notification, Notifications, TableEvent, TableNotification, mask};
use crate::properties::{FileTime, PropTag, Property, Value, tags};
use crate::restriction::{Relop, Restriction};
use crate::session::Alive;
use crate::tables::slice::SLICE_STEPS;
use crate::tables::{
    Abilities, Bookmark, ChangeQueue, DefaultOrder, RowChange, RowRequest, RowSource, RowState, SortOrder, SortOrderSet,
    TBL_ASYNC, TBL_BATCH, Table, TableClass, TableData, TableStatus, TableType, ViewOptions,
};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::{Rc, Weak};

const NUMBER: PropTag = PropTag(0x6801_0003);

/// Rows a slice reads when it does nothing else: each is read and tested.
const READ_BY_A_SLICE: usize = SLICE_STEPS / 2;

/// Rows of one number each, by arrival.
#[derive(Default)]
struct Numbers {
    rows: RefCell<BTreeMap<u64, (u32, i32)>>,
    last_arrival: Cell<u64>,
    /// Rows handed out so far.
    read: Cell<usize>,
    /// So many are handed out before reading fails.
    readable: Cell<Option<usize>>,
    queues: RefCell<Vec<Weak<ChangeQueue>>>,
}

fn id(name: u32) -> ObjectId {
    ObjectId::new(&name.to_be_bytes()).unwrap()
}

fn scattered(name: u32) -> i32 {
    (name.wrapping_mul(2_654_435_761) >> 8).cast_signed()
}

impl Numbers {
    fn new(count: u32) -> Rc<Self> {
        let numbers = Self::default();
        for name in 0..count {
            numbers.append(name, scattered(name));
        }
        Rc::new(numbers)
    }

    fn append(&self, name: u32, number: i32) {
        self.last_arrival.set(self.last_arrival.get() + 1);
        self.rows.borrow_mut().insert(self.last_arrival.get(), (name, number));
    }

    fn arrival(&self, name: u32) -> Option<u64> {
        self.rows.borrow().iter().find(|(_, row)| row.0 == name).map(|(arrival, _)| *arrival)
    }

    fn tell(&self, name: u32, state: RowState) {
        for queue in self.queues.borrow().iter().filter_map(Weak::upgrade) {
            queue.push(RowChange { id: id(name), state, operation: 1 });
        }
    }

    fn put(&self, name: u32, number: i32) {
        match self.arrival(name) {
            Some(arrival) => drop(self.rows.borrow_mut().insert(arrival, (name, number))),
            None => self.append(name, number),
        }
        self.tell(name, RowState::Present);
    }

    fn delete(&self, name: u32) {
        if let Some(arrival) = self.arrival(name) {
            self.rows.borrow_mut().remove(&arrival);
            self.tell(name, RowState::Gone);
        }
    }

    /// The row leaves and comes back as the last one.
    fn come_again(&self, name: u32) {
        if let Some(row) = self.arrival(name).and_then(|arrival| self.rows.borrow_mut().remove(&arrival)) {
            self.tell(name, RowState::Gone);
            self.append(name, row.1);
            self.tell(name, RowState::Present);
        }
    }

    /// What a table of them sorted upwards shows.
    fn sorted(&self) -> Vec<i32> {
        let mut numbers: Vec<i32> = self.rows.borrow().values().map(|row| row.1).collect();
        numbers.sort_unstable();
        numbers
    }

    fn in_order_of_arrival(&self) -> Vec<i32> {
        self.rows.borrow().values().map(|row| row.1).collect()
    }

    fn batch<'a>(&self, rows: impl Iterator<Item = (&'a u64, &'a (u32, i32))>, columns: &[PropTag]) -> Result<Batch> {
        let rows: Vec<(u64, (u32, i32))> = rows.map(|(arrival, row)| (*arrival, *row)).collect();
        self.read.set(self.read.get() + rows.len());
        if self.readable.get().is_some_and(|readable| readable < self.read.get()) {
            return Err(Failure::new(Code::NetworkError, "the line is down"));
        }
        let cell = |tag: &PropTag, (name, number): (u32, i32)| match tag.id() {
            id if id == NUMBER.id() => Some(Value::Long(number)),
            id if id == tags::INSTANCE_KEY.id() => Some(Value::Binary(name.to_be_bytes().to_vec())),
            _ => None,
        };
        Ok(Batch {
            ids: rows.iter().map(|(_, row)| id(row.0)).collect(),
            arrivals: rows.iter().map(|(arrival, _)| *arrival).collect(),
            parents: Vec::new(),
            kinds: vec![ObjectKind::Message; rows.len()],
            columns: columns.iter().map(|tag| Column::of(*tag, rows.iter().map(|(_, row)| cell(tag, *row)).collect())).collect(),
        })
    }
}

impl RowSource for Rc<Numbers> {
    fn table_type(&self) -> TableType {
        TableType::Dynamic
    }
    fn class(&self) -> TableClass {
        TableClass::InMemory
    }
    fn abilities(&self) -> Abilities {
        Abilities::IN_MEMORY
    }
    fn default_columns(&self) -> Vec<PropTag> {
        vec![NUMBER]
    }
    fn all_columns(&self) -> Result<Vec<PropTag>> {
        Ok(vec![NUMBER, tags::INSTANCE_KEY])
    }
    fn default_order(&self) -> DefaultOrder {
        DefaultOrder::default()
    }
    fn is_computed(&self, _tag: PropTag) -> bool {
        false
    }
    fn plan(&self, _filters: &[Filter], _order: &[OrderKey]) -> Result<Option<Plan>> {
        Ok(None)
    }
    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage> {
        let begin = match &request.from {
            ScanFrom::After(key) => Bound::Excluded(key.arrival),
            ScanFrom::At(key) => Bound::Included(key.arrival),
            _ => Bound::Unbounded,
        };
        let rows = self.rows.borrow();
        let batch = self.batch(rows.range((begin, Bound::Unbounded)).take(request.max as usize), request.columns)?;
        let last = batch.arrivals.last().map(|arrival| RowKey { keys: Vec::new(), arrival: *arrival });
        Ok(ScanPage { more: batch.len() == request.max as usize, batch, last })
    }
    fn count(&self, _filters: &[Filter]) -> Result<u64> {
        Ok(self.rows.borrow().len() as u64)
    }
    fn rank(&self, _filters: &[Filter], _order: &[OrderKey], key: &RowKey) -> Result<u64> {
        Ok(self.rows.borrow().range(..key.arrival).count() as u64)
    }
    fn read(&self, wanted: &[ObjectId], columns: &[PropTag], _cell_limit: u32) -> Result<Batch> {
        let rows = self.rows.borrow();
        let by_name: BTreeMap<ObjectId, (&u64, &(u32, i32))> = rows.iter().map(|row| (id(row.1.0), row)).collect();
        self.batch(wanted.iter().filter_map(|id| by_name.get(id).copied()), columns)
    }
    fn read_range(&self, _row: &ObjectId, _tag: PropTag, _offset: u64, _length: u32) -> Result<Vec<u8>> {
        Err(Failure::not_found("there are no long values"))
    }
    fn size(&self, _row: &ObjectId, _tag: PropTag) -> Result<Option<u64>> {
        Ok(None)
    }
    fn refresh(&self) -> Result<()> {
        Ok(())
    }
    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>> {
        let queue = Rc::new(ChangeQueue::default());
        self.queues.borrow_mut().push(Rc::downgrade(&queue));
        Ok(Some(queue))
    }
}

/// A clock that goes on by so many milliseconds, perhaps backwards, whenever it is read.
struct Steps(i64, Cell<u64>);

impl Clock for Steps {
    fn now(&self) -> FileTime {
        FileTime(self.1.get())
    }
    fn monotonic(&self) -> u64 {
        self.1.set(self.1.get().saturating_add_signed(self.0 * 1_000_000));
        self.1.get()
    }
}

/// A table of a client handle.
struct Client {
    notifications: Notifications,
    queue: Rc<HandleQueue>,
    numbers: Rc<Numbers>,
    table: Table,
}

impl Client {
    fn of(count: u32) -> Self {
        Self::with_clock(count, 1)
    }

    fn with_clock(count: u32, step: i64) -> Self {
        let notifications = Notifications::default();
        let queue = notifications.open_queue();
        let numbers = Numbers::new(count);
        let clock = Rc::new(Steps(step, Cell::new(1 << 40)));
        let table =
            Table::new(Rc::new(Rc::clone(&numbers)), true).bound_to(Alive::of_handle(Rc::clone(&queue)).with_clock(clock));
        Self { notifications, queue, numbers, table }
    }

    fn status(&self) -> TableStatus {
        self.table.get_status().unwrap().0
    }

    /// The kinds of the events that wait.
    fn told(&self) -> Vec<(TableEvent, Code)> {
        self.notifications.take_in().unwrap();
        let events = self.notifications.take(0).batches.into_iter().flat_map(|batch| batch.events);
        events
            .map(|event| match event {
                Notification::TableModified(TableNotification { event, code, .. }) => (event, code),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Reads all rows.
    fn shown(&self) -> Vec<i32> {
        self.table.seek_row(Bookmark::BEGINNING, 0).unwrap();
        let mut shown = Vec::new();
        loop {
            let rows = self.table.query_rows(i32::MAX, 0).unwrap();
            if rows.is_empty() {
                return shown;
            }
            shown.extend(rows.iter().map(|row| if let Value::Long(number) = row[0].value { number } else { panic!("{row:?}") }));
        }
    }

    fn sort(&self, flags: u32) -> Result<()> {
        self.table.sort_table(Some(upwards()), flags)
    }
}

fn upwards() -> SortOrderSet {
    SortOrderSet::plain(vec![SortOrder::ascending(NUMBER)])
}

fn below(limit: i32) -> Restriction {
    Restriction::Property { relop: Relop::Lt, tag: NUMBER, value: Property::new(NUMBER, Value::Long(limit)) }
}

fn code<T>(result: Result<T>) -> Code {
    result.err().map_or(Code::SOk, |failure| failure.code())
}

const DONE: (TableEvent, Code) = (TableEvent::SortDone, Code::SOk);

#[test]
fn every_call_that_goes_on_with_work_does_one_slice_of_it() {
    let client = Client::of(40_000);
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(client.numbers.read.get(), READ_BY_A_SLICE, "the first slice runs inside the call");
    assert_eq!(client.status(), TableStatus::Sorting);
    assert_eq!(client.numbers.read.get(), 2 * READ_BY_A_SLICE, "GetStatus");
    assert!(client.notifications.slice(), "a turn");
    assert_eq!(client.numbers.read.get(), 3 * READ_BY_A_SLICE);
    assert_eq!(code(client.table.wait_for_completion(0, 0)), Code::Timeout);
    assert_eq!(client.numbers.read.get(), 4 * READ_BY_A_SLICE, "WaitForCompletion");
    let mut slices = 4;
    while client.notifications.slice() {
        slices += 1;
    }
    slices += 1;
    assert_eq!(client.numbers.read.get(), 40_000, "no row is read twice");
    // Each row is read, tested, sorted among its neighbours and merged with the others.
    let least = (4 * 40_000_usize).div_ceil(SLICE_STEPS);
    assert!((least..=least + 1).contains(&slices), "{slices} slices");
    assert!(!client.notifications.slice());
    assert_eq!(client.status(), TableStatus::Complete);
    assert_eq!(client.shown(), client.numbers.sorted());
}

#[test]
fn rows_that_a_restriction_drops_count_as_well() {
    let client = Client::of(40_000);
    client.table.restrict(Some(below(i32::MIN)), TBL_ASYNC).unwrap();
    assert_eq!(client.numbers.read.get(), READ_BY_A_SLICE);
    assert_eq!(client.status(), TableStatus::Restricting);
    assert_eq!(client.table.wait_for_completion(0, u32::MAX).unwrap(), TableStatus::Complete);
    assert_eq!(client.shown(), [0; 0]);
}

#[test]
fn work_that_fits_in_a_slice_is_complete_at_return() {
    let client = Client::of(4_000);
    client.table.advise(mask::TABLE_MODIFIED).unwrap();
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(client.told(), [DONE]);
    assert_eq!(client.shown(), client.numbers.sorted());
    assert_eq!(client.table.wait_for_completion(0, 0).unwrap(), TableStatus::Complete);
}

#[test]
fn only_calls_that_need_no_rows_are_served_while_work_is_left_over() {
    let client = Client::of(20_000);
    let table = &client.table;
    table.query_rows(10, 0).unwrap();
    let mark = table.create_bookmark().unwrap();
    client.sort(TBL_ASYNC).unwrap();
    let refused = [
        code(table.set_columns(&[NUMBER], 0)),
        code(table.set_columns(&[NUMBER], TBL_BATCH)),
        code(table.query_columns(0)),
        code(table.get_row_count(0)),
        code(table.seek_row(Bookmark::BEGINNING, 0)),
        code(table.seek_row_approx(0, 1)),
        code(table.query_position()),
        code(table.find_row(Some(&below(0)), Bookmark::BEGINNING, 0)),
        code(table.restrict(None, 0)),
        code(table.restrict(None, TBL_BATCH)),
        code(table.create_bookmark()),
        code(client.sort(TBL_ASYNC)),
        code(client.sort(TBL_BATCH)),
        code(table.query_sort_order()),
        code(table.query_rows(1, 0)),
        code(table.query_rows_columnar(1, 0)),
    ];
    assert_eq!(refused, [Code::Busy; 16]);
    assert_eq!(code(table.query_rows(0, 0)), Code::InvalidParameter, "arguments are checked first");
    assert!(table.get_last_error(Code::Busy, 0).unwrap().is_some());
    let connection = table.advise(mask::TABLE_MODIFIED).unwrap();
    table.unadvise(connection).unwrap();
    table.free_bookmark(mark).unwrap();
    assert_eq!(client.status(), TableStatus::Sorting);
    assert_eq!(table.wait_for_completion(0, u32::MAX).unwrap(), TableStatus::Complete);
    assert_eq!(table.query_rows(1, 0).unwrap().len(), 1);
}

#[test]
fn an_aborted_sort_leaves_order_cursor_and_bookmarks_as_they_were() {
    let client = Client::of(20_000);
    let table = &client.table;
    assert_eq!(code(table.abort()), Code::UnableToAbort);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    table.query_rows(10, 0).unwrap();
    let mark = table.create_bookmark().unwrap();
    table.query_rows(5, 0).unwrap();
    client.sort(TBL_ASYNC).unwrap();
    let read = client.numbers.read.get();
    table.abort().unwrap();
    assert_eq!(client.numbers.read.get(), read, "no slice runs in it");
    assert_eq!(client.status(), TableStatus::Complete);
    assert_eq!(client.told(), []);
    assert_eq!(table.query_position().unwrap().row, 15);
    assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
    assert_eq!(table.query_position().unwrap().row, 10);
    assert_eq!(table.query_sort_order().unwrap(), SortOrderSet::default());
    assert_eq!(client.shown(), client.numbers.in_order_of_arrival());
    assert_eq!(code(table.abort()), Code::UnableToAbort);
}

#[test]
fn the_end_is_told_of_calls_that_asked_for_it_only() {
    let client = Client::of(20_000);
    let table = &client.table;
    table.advise(mask::TABLE_MODIFIED).unwrap();
    client.sort(0).unwrap();
    table.restrict(None, TBL_BATCH).unwrap();
    table.query_position().unwrap();
    assert_eq!(client.told(), []);
    table.set_columns(&[NUMBER], TBL_ASYNC).unwrap();
    assert_eq!(client.told(), [(TableEvent::SetColDone, Code::SOk)]);
    // With both flags the work waits, and its end is told when it is done: in the order it is applied in.
    client.sort(TBL_ASYNC | TBL_BATCH).unwrap();
    table.restrict(Some(below(0)), TBL_ASYNC | TBL_BATCH).unwrap();
    table.set_columns(&[NUMBER], TBL_ASYNC | TBL_BATCH).unwrap();
    let read = client.numbers.read.get();
    assert_eq!(client.status(), TableStatus::Complete);
    assert_eq!((client.told(), client.numbers.read.get()), (vec![], read));
    table.query_position().unwrap();
    let done = [TableEvent::SetColDone, TableEvent::RestrictDone, TableEvent::SortDone].map(|event| (event, Code::SOk));
    assert_eq!(client.told(), done);
    // The later call replaces the earlier one, its flags too.
    table.restrict(Some(below(0)), TBL_ASYNC | TBL_BATCH).unwrap();
    table.restrict(None, TBL_BATCH).unwrap();
    assert_eq!(client.shown(), client.numbers.sorted());
    assert_eq!(client.told(), []);
}

#[test]
fn what_was_batched_becomes_part_of_asynchronous_work() {
    let client = Client::of(20_000);
    client.table.restrict(Some(below(1 << 23)), TBL_BATCH).unwrap();
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(client.numbers.read.get(), READ_BY_A_SLICE, "the call does not wait for the batch");
    assert_eq!(client.status(), TableStatus::Sorting);
    client.table.wait_for_completion(0, u32::MAX).unwrap();
    assert_eq!(client.numbers.read.get(), 20_000);
    let expected: Vec<i32> = client.numbers.sorted().into_iter().filter(|number| *number < 1 << 23).collect();
    assert!(!expected.is_empty() && expected.len() < 20_000);
    assert_eq!(client.shown(), expected);
}

#[test]
fn a_failure_in_the_middle_is_told_and_leaves_what_was_in_force() {
    let client = Client::of(20_000);
    let table = &client.table;
    table.restrict(Some(below(1 << 22)), 0).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let before = client.shown();
    table.seek_row(Bookmark::BEGINNING, 7).unwrap();
    client.sort(TBL_ASYNC).unwrap();
    client.numbers.readable.set(Some(client.numbers.read.get() + 100));
    assert_eq!(client.status(), TableStatus::SortError);
    assert_eq!(client.told(), [(TableEvent::Error, Code::NetworkError)]);
    assert_eq!(table.get_last_error(Code::NetworkError, 0).unwrap().unwrap().error, "the line is down");
    assert_eq!(code(table.abort()), Code::UnableToAbort);
    client.numbers.readable.set(None);
    assert_eq!(table.query_position().unwrap().row, 7);
    assert_eq!(client.shown(), before);
    // A success of another kind does not hide it.
    table.restrict(Some(below(1 << 22)), 0).unwrap();
    table.set_columns(&[NUMBER], 0).unwrap();
    assert_eq!(client.status(), TableStatus::SortError);
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(client.status(), TableStatus::Sorting);
    assert_eq!(table.wait_for_completion(0, u32::MAX).unwrap(), TableStatus::Complete);
    assert_eq!(client.told(), [DONE]);
}

#[test]
fn a_failure_of_the_first_slice_is_the_failure_of_the_call() {
    let client = Client::of(20_000);
    client.table.advise(mask::TABLE_MODIFIED).unwrap();
    client.numbers.readable.set(Some(client.numbers.read.get()));
    assert_eq!(code(client.table.restrict(Some(below(0)), TBL_ASYNC)), Code::NetworkError);
    assert_eq!((client.status(), client.told()), (TableStatus::RestrictError, vec![]));
    client.numbers.readable.set(None);
    assert_eq!(client.shown(), client.numbers.in_order_of_arrival());
}

#[test]
fn a_batch_that_fails_is_dropped_as_a_whole() {
    let client = Client::of(2_000);
    let table = &client.table;
    assert_eq!(client.shown().len(), 2_000);
    client.sort(TBL_BATCH).unwrap();
    table.set_columns(&[tags::INSTANCE_KEY], TBL_BATCH).unwrap();
    client.numbers.readable.set(Some(client.numbers.read.get()));
    assert_eq!(code(table.query_position()), Code::NetworkError);
    client.numbers.readable.set(None);
    assert_eq!(client.status(), TableStatus::SortError);
    assert_eq!(table.query_columns(0).unwrap(), [NUMBER]);
    assert_eq!(client.shown(), client.numbers.in_order_of_arrival());
    assert_eq!(client.status(), TableStatus::SortError, "reading rows is no success of that kind");
    client.sort(0).unwrap();
    assert_eq!(client.status(), TableStatus::Complete);
}

#[test]
fn waiting_ends_when_the_clock_says_so() {
    // One millisecond passes with each slice.
    let client = Client::of(60_000);
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(code(client.table.wait_for_completion(1, 0)), Code::InvalidParameter);
    assert_eq!(code(client.table.wait_for_completion(0, 3)), Code::Timeout);
    assert_eq!(client.numbers.read.get(), 4 * READ_BY_A_SLICE);
    assert_eq!(client.table.wait_for_completion(0, 1_000).unwrap(), TableStatus::Complete);
    // A clock that goes backwards stands still.
    let client = Client::with_clock(60_000, -1);
    client.sort(TBL_ASYNC).unwrap();
    assert_eq!(code(client.table.wait_for_completion(0, 0)), Code::Timeout);
    assert_eq!(client.table.wait_for_completion(0, 1).unwrap(), TableStatus::Complete);
}

#[test]
fn a_row_that_is_read_twice_because_it_moved_is_shown_once() {
    let client = Client::of(20_000);
    client.sort(TBL_ASYNC).unwrap();
    client.numbers.come_again(5);
    client.numbers.delete(6);
    client.numbers.put(7, -1);
    client.numbers.put(30_000, -2);
    assert_eq!(client.table.wait_for_completion(0, u32::MAX).unwrap(), TableStatus::Complete);
    assert_eq!(client.shown(), client.numbers.sorted());
    client.numbers.delete(5);
    assert_eq!(client.shown(), client.numbers.sorted());
}

#[test]
fn whoever_registers_meanwhile_is_told_of_the_end_and_of_rows_after_it() {
    for aborts in [false, true] {
        let client = Client::of(20_000);
        assert_eq!(client.table.query_rows(1, 0).unwrap().len(), 1);
        client.sort(TBL_ASYNC).unwrap();
        client.table.advise(mask::TABLE_MODIFIED).unwrap();
        assert_eq!(client.status(), TableStatus::Sorting);
        if aborts {
            client.table.abort().unwrap();
            client.numbers.put(3, 1);
            assert_eq!(client.told(), [(TableEvent::Changed, Code::SOk)], "the view could not itemise it yet");
            assert_eq!(client.table.query_position().unwrap().row, 1);
        } else {
            client.table.wait_for_completion(0, u32::MAX).unwrap();
            assert_eq!(client.told(), [DONE]);
        }
        client.numbers.put(4, 1);
        assert_eq!(client.told(), [(TableEvent::RowModified, Code::SOk)]);
        let expected = if aborts { client.numbers.in_order_of_arrival() } else { client.numbers.sorted() };
        assert_eq!(client.shown(), expected);
    }
}

#[test]
fn work_of_a_handle_that_has_logged_off_does_not_go_on() {
    let client = Client::of(40_000);
    client.sort(TBL_ASYNC).unwrap();
    client.queue.close();
    assert!(!client.notifications.slice());
    assert_eq!(client.numbers.read.get(), READ_BY_A_SLICE);
}

#[test]
fn a_table_that_does_not_follow_changes_tells_of_those_before_its_first_row_was_read() {
    let data = TableData::new(TableType::Keyset, NUMBER, vec![NUMBER]).unwrap();
    let row = |number| vec![Property::new(NUMBER, Value::Long(number))];
    data.modify_row(row(1)).unwrap();
    let table = data.view(ViewOptions::default()).unwrap();
    let status = || table.get_status().unwrap().0;
    assert_eq!(status(), TableStatus::Complete);
    data.modify_row(row(2)).unwrap();
    assert_eq!(status(), TableStatus::QChanged);
    table.sort_table(Some(upwards()), 0).unwrap();
    assert_eq!(status(), TableStatus::QChanged);
    assert_eq!(table.query_rows(5, 0).unwrap().len(), 2);
    assert_eq!(status(), TableStatus::Complete);
}

#[derive(Clone, Debug)]
enum Meanwhile {
    Put(u32, i32),
    Delete(u32),
    ComeAgain(u32),
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    let name = || prop_oneof![0..10_u32, 8_990..9_010_u32, 0..9_000_u32];
    prop_oneof![
        (name(), -5..5_i32).prop_map(|(name, number)| Meanwhile::Put(name, number)),
        name().prop_map(Meanwhile::Delete),
        name().prop_map(Meanwhile::ComeAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn changes_that_arrive_meanwhile_are_applied_at_the_end(
        slices in prop::collection::vec(prop::collection::vec(meanwhile(), 0..12), 1..5), itemised in any::<bool>(),
    ) {
        let client = Client::of(9_000);
        if itemised {
            client.table.advise(mask::TABLE_MODIFIED).unwrap();
        }
        client.sort(TBL_ASYNC).unwrap();
        for changes in slices {
            for change in changes {
                match change {
                    Meanwhile::Put(name, number) => client.numbers.put(name, number),
                    Meanwhile::Delete(name) => client.numbers.delete(name),
                    Meanwhile::ComeAgain(name) => client.numbers.come_again(name),
                }
            }
            client.status();
        }
        prop_assert_eq!(client.table.wait_for_completion(0, u32::MAX).unwrap(), TableStatus::Complete);
        prop_assert_eq!(client.shown(), client.numbers.sorted());
    }
}
