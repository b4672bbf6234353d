//! What a lying backend may answer: batches that do not fit, pages without end, cursors of somebody else.

use arbitrary::Unstructured;
use mapi_engine::backend::{
    Batch, Change, Column, ColumnData, Commit, Committed, FeedCursor, FeedPage, Filter, ObjectHead, ObjectId, ObjectKind,
    Objects, OrderKey, Plan, PlanRequest, RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest, Scope, Store, Support, TagSize,
    Want,
};
use mapi_engine::error::{Code, Result};
use mapi_engine::memory::MemoryStore;
use mapi_engine::properties::{Guid, PropTag, Property, Value, tags};
use mapi_engine::restriction::{Relop, Restriction};
use mapi_engine::tables::{
    Abilities, Bookmark, ComputedColumns, ComputedRow, DefaultOrder, Feed, SortOrder, SortOrderSet, StoredRows,
    StoredRowsOptions, Table,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Answers that are made up byte by byte, until they run out; then the truth.
struct Liar {
    inner: Arc<MemoryStore>,
    lies: RefCell<Vec<u8>>,
}

impl Liar {
    /// A made-up answer, `truth` if there is nothing left to make it of.
    fn lie<T>(
        &self,
        make: impl FnOnce(&mut Unstructured<'_>) -> arbitrary::Result<T>,
        truth: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let lies = self.lies.take();
        let mut input = Unstructured::new(&lies);
        if input.is_empty() {
            return truth();
        }
        let made = make(&mut input);
        let rest = input.take_rest().to_vec();
        // Each answer uses something up, so that the lies have an end.
        *self.lies.borrow_mut() = if rest.len() == lies.len() { rest[1..].to_vec() } else { rest };
        made.or_else(|_| truth())
    }
}

fn object(input: &mut Unstructured<'_>) -> arbitrary::Result<ObjectId> {
    Ok(ObjectId::from(u64::from(input.arbitrary::<u8>()?)))
}

fn list<T>(
    input: &mut Unstructured<'_>,
    item: impl Fn(&mut Unstructured<'_>) -> arbitrary::Result<T>,
) -> arbitrary::Result<Vec<T>> {
    (0..input.int_in_range(0..=6)?).map(|_| item(input)).collect()
}

fn column(input: &mut Unstructured<'_>) -> arbitrary::Result<Column> {
    let tag = *input.choose(&[tags::SUBJECT, tags::MESSAGE_FLAGS, tags::MESSAGE_DELIVERY_TIME, tags::SEARCH_KEY, PropTag(0)])?;
    let ends = |input: &mut Unstructured<'_>| list(input, |input| Ok(u32::from(input.arbitrary::<u8>()?)));
    let data = match input.int_in_range(0..=4)? {
        0 => ColumnData::Longs(list(input, |input| input.arbitrary())?),
        1 => ColumnData::I64s(list(input, |input| input.arbitrary())?),
        2 => ColumnData::Text(input.arbitrary()?, ends(input)?),
        3 => ColumnData::Bytes(input.arbitrary()?, ends(input)?),
        _ => ColumnData::Mixed(list(input, |input| {
            Ok(match input.int_in_range(0..=4)? {
                0 => Value::Null,
                1 => Value::Error(input.arbitrary()?),
                2 => Value::Unicode(input.arbitrary()?),
                3 => Value::MvLong(input.arbitrary()?),
                _ => Value::Double(input.arbitrary()?),
            })
        })?),
    };
    Ok(Column { tag, present: input.arbitrary::<[u8; 2]>()?[..input.int_in_range(0..=2)?].to_vec(), data })
}

fn batch(input: &mut Unstructured<'_>) -> arbitrary::Result<Batch> {
    Ok(Batch {
        ids: list(input, object)?,
        arrivals: list(input, |input| Ok(u64::from(input.arbitrary::<u8>()?)))?,
        parents: list(input, object)?,
        kinds: list(input, |input| Ok(*input.choose(&[ObjectKind::Message, ObjectKind::Folder, ObjectKind::Store])?))?,
        columns: list(input, column)?,
    })
}

fn row_key(input: &mut Unstructured<'_>) -> arbitrary::Result<RowKey> {
    Ok(RowKey { keys: list(input, |input| input.arbitrary())?, arrival: input.arbitrary()? })
}

fn support(input: &mut Unstructured<'_>) -> arbitrary::Result<Support> {
    Ok(*input.choose(&[Support::Exact, Support::Inexact, Support::Unsupported])?)
}

impl Objects for Liar {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.inner.read(object, want, inline_limit)
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.inner.list_tags(object)
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        self.lie(batch, || self.inner.read_rows(objects, columns, cell_limit))
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let make = |input: &mut Unstructured<'_>| {
            Ok(Plan {
                filters: list(input, support)?,
                order: support(input)?,
                counts: input.arbitrary()?,
                positions: input.arbitrary()?,
                groups: input.arbitrary()?,
            })
        };
        self.lie(make, || self.inner.plan(request))
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        let make = |input: &mut Unstructured<'_>| {
            let last = if input.arbitrary()? { Some(row_key(input)?) } else { None };
            Ok(ScanPage { batch: batch(input)?, last, more: input.arbitrary()? })
        };
        self.lie(make, || self.inner.scan(request))
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        self.lie(|input| input.arbitrary(), || self.inner.count(scope, kind, filter))
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.lie(|input| input.arbitrary(), || self.inner.rank(scope, kind, filter, order, key))
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        self.lie(|input| list(input, |input| Ok(PropTag(input.arbitrary()?))), || self.inner.container_tags(container, kind))
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.inner.read_range(object, tag, offset, length)
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        self.inner.reserve(count)
    }

    fn stage(&self) -> Result<u64> {
        self.inner.stage()
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.inner.append(staged, bytes)
    }

    fn discard(&self, staged: u64) {
        self.inner.discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        self.inner.commit(commit)
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.inner.feed_cursor()
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.inner.changes(since, max)
    }

    fn uid(&self) -> Guid {
        self.inner.uid()
    }
}

struct NothingComputed;

impl ComputedColumns for NothingComputed {
    fn inputs(&self, _tag: PropTag) -> Option<&[PropTag]> {
        None
    }

    fn compute(&self, _tag: PropTag, _row: &ComputedRow<'_>) -> Option<Value> {
        None
    }

    fn tags(&self) -> Vec<PropTag> {
        Vec::new()
    }
}

/// A store with a folder of three messages.
fn store() -> (Arc<MemoryStore>, ObjectId) {
    let store = Arc::new(MemoryStore::new(Guid::default(), "fuzzing"));
    let root = store.identity().root;
    let objects = store.reserve(4).unwrap();
    let mut changes =
        vec![Change::Create { object: objects[0].clone(), parent: root, kind: ObjectKind::Folder, properties: vec![] }];
    for (number, object) in objects.iter().enumerate().skip(1) {
        let subject = Property::new(tags::SUBJECT, Value::Unicode(format!("subject {number}")));
        let parent = objects[0].clone();
        changes.push(Change::Create {
            object: object.clone(),
            parent,
            kind: ObjectKind::Message,
            properties: vec![subject.into()],
        });
    }
    store.commit(Commit { changes, ..Commit::default() }).unwrap();
    (store, objects[0].clone())
}

/// A table over a backend that makes its answers up: rows, an end or a failure; and the truth once it tells it.
pub fn batches(bytes: &[u8]) {
    let flat = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
    for order in [flat, by_subject()] {
        let (inner, container) = store();
        let table = table(Rc::new(Liar { inner, lies: RefCell::new(bytes.to_vec()) }), container);
        let wanted = Property::new(tags::SUBJECT, Value::Unicode("SUBJECT 2".to_owned()));
        let second = Restriction::Property { relop: Relop::Eq, tag: tags::SUBJECT, value: wanted };
        let _answers = (
            table.query_rows(3, 0),
            table.get_row_count(0),
            table.sort_table(Some(order), 0),
            table.query_rows(-2, 0),
            table.create_bookmark(),
            table.restrict(Some(second.clone()), 0),
            table.find_row(Some(&second), Bookmark::BEGINNING, 0),
            table.seek_row_approx(1, 2),
            table.query_columns(1),
            table.query_rows(i32::MAX, 0),
        );
        let _lies = (0..bytes.len()).map_while(|_| table.query_rows(1, 0).ok().filter(|rows| !rows.is_empty())).count();
    }
}

fn table(objects: Rc<dyn Objects>, container: ObjectId) -> Table {
    let feed = Feed::open(Rc::clone(&objects)).unwrap();
    Table::new(StoredRows::new(objects, Rc::new(NothingComputed), feed, options(container)), true)
}

/// A table whose categories the store makes.
fn table_of_store(store: Rc<dyn Store>, container: ObjectId) -> Table {
    let feed = Feed::open(store.clone()).unwrap();
    Table::new(StoredRows::of_store(store, Rc::new(NothingComputed), feed, options(container)), true)
}

fn options(container: ObjectId) -> StoredRowsOptions {
    StoredRowsOptions {
        container,
        kind: ScanKind::Contents,
        abilities: Abilities::CONTENTS,
        default_columns: vec![tags::SUBJECT, tags::INSTANCE_KEY],
        default_order: DefaultOrder::default(),
    }
}

/// One category for each subject.
fn by_subject() -> SortOrderSet {
    SortOrderSet { keys: vec![SortOrder::descending(tags::SUBJECT)], categories: 1, expanded: 1 }
}

/// What a client hands back as a collapse state, the beginning given: it is one, or refused, and the table works.
pub fn collapse_states(bytes: &[u8]) {
    let (inner, container) = store();
    collapse_state(&table(Rc::new(inner), container), bytes);
    let (inner, container) = store();
    collapse_state(&table_of_store(Rc::new(inner), container), bytes);
}

fn collapse_state(table: &Table, bytes: &[u8]) {
    // The form and its version, and which view it belongs to.
    const BEGINNING: usize = 4 + 32;
    table.sort_table(Some(by_subject()), 0).unwrap();
    let rows = table.query_rows(1, 0).unwrap();
    let Value::Binary(key) = &rows[0][1].value else { panic!("no key: {rows:?}") };
    let state = table.get_collapse_state(0, key).unwrap();
    let answer = table.set_collapse_state(0, &[&state[..BEGINNING], bytes].concat());
    assert!(answer.is_ok() || answer.is_err_and(|failure| failure.code() == Code::UnableToComplete));
    let count = table.get_row_count(0).unwrap().value;
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_rows(i32::MAX, 0).unwrap().len(), count as usize);
    assert!(table.set_collapse_state(0, &state).is_ok());
}

/// A place in the change feed and places in a table that the store never gave out.
pub fn cursors(bytes: &[u8]) {
    let (store, folder) = store();
    if let Ok(page) = store.changes(&FeedCursor(bytes.to_vec()), 10) {
        assert!(page.records.len() <= 10);
    }
    let mut input = Unstructured::new(bytes);
    let Ok(key) = row_key(&mut input) else { return };
    let request = ScanRequest {
        scope: &Scope::One(folder),
        kind: ScanKind::Contents,
        columns: &[tags::SUBJECT],
        cell_limit: 0,
        filters: &[],
        order: &[OrderKey { tag: tags::SUBJECT, descending: false }],
        from: ScanFrom::After(key),
        backwards: false,
        max: 10,
    };
    let _page = store.scan(&request);
}
