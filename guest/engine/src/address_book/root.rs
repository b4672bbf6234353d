//! The root container: the containers of all providers as one hierarchy (`address-book` 1.1).

use super::computed::EntryColumns;
use super::connection::BookConnection;
use super::container_flags::{AB_SUBCONTAINERS, AB_UNMODIFIABLE};
use super::reference::{BookReference, root_entry_id};
use super::{AbContainer, CONTAINER_COLUMNS, display_type, hierarchy};
use crate::backend::{Batch, Column, Filter, ObjectId, ObjectKind, OrderKey, Plan, RowKey, ScanFrom, ScanPage, Want};
use crate::error::{Code, Failure, LastError, Result};
use crate::properties::tags::Settable;
use crate::properties::{
    Numbered, OpenRequest, OpenedProperty, Problem, PropTag, Property, PropertyHolder, PropertyObject, SaveMode, Value, tags,
};
use crate::stores::object::check_table_request;
use crate::tables::{
    Abilities, ChangeQueue, Changes, DefaultOrder, Interest, MAPI_UNICODE, RowChange, RowRequest, RowSource, StoredRows,
    StoredRowsOptions, TableClass, TableType,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// The root container's properties, which nobody may change.
pub(super) struct RootContainer {
    pub(super) books: Rc<BookReference>,
    pub(super) last_error: Rc<LastError>,
}

impl RootContainer {
    pub(super) fn properties(self: &Rc<Self>) -> PropertyObject {
        PropertyObject::new(Rc::clone(self) as Rc<dyn PropertyHolder>, Rc::clone(&self.last_error))
    }

    fn values(&self) -> Vec<Property> {
        let id = root_entry_id(self.books.session);
        vec![
            Property::new(tags::ENTRYID, Value::Binary(id.clone())),
            Property::new(tags::RECORD_KEY, Value::Binary(id)),
            Property::new(tags::OBJECT_TYPE, Value::Long(4)),
            Property::new(tags::DISPLAY_TYPE, Value::Long(display_type::DT_NOT_SPECIFIC)),
            Property::new(tags::CONTAINER_FLAGS, Value::Long(AB_SUBCONTAINERS | AB_UNMODIFIABLE)),
            Property::new(tags::DISPLAY_NAME, Value::Unicode("Address Book".to_owned())),
            Property { tag: tags::CONTAINER_HIERARCHY, value: Value::Object },
            Property::new(tags::ACCESS_LEVEL, Value::Long(0)),
        ]
    }
}

impl PropertyHolder for RootContainer {
    fn check(&self) -> Result<()> {
        self.books.alive.check()
    }

    fn is_writable(&self) -> bool {
        false
    }

    fn read(&self, want: Want<'_>, _limit: u32) -> Result<Vec<Property>> {
        let wanted = |property: &Property| match want {
            Want::All => true,
            Want::Tags(tags) => tags.iter().any(|tag| tag.id() == property.tag.id()),
        };
        Ok(self.values().into_iter().filter(wanted).collect())
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.values().into_iter().map(|property| property.tag).collect())
    }

    fn settable(&self, _tag: PropTag) -> Settable {
        Settable::Computed
    }

    fn change(&self, _set: Vec<Numbered<Property>>, _delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        Err(refused())
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Err(refused())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        if request.tag != tags::CONTAINER_HIERARCHY {
            return Err(Failure::not_found("The root of the address book has no such object.").with_tag(request.tag));
        }
        check_table_request(request)?;
        let root = AbContainer::root(&self.books);
        Ok(OpenedProperty::Table(root.get_hierarchy_table(request.options & MAPI_UNICODE)?.value))
    }
}

fn refused() -> Failure {
    Failure::new(Code::NoAccess, "The root of the address book can only be read.")
}

/// One provider's part of the table.
struct Part {
    book: Rc<BookConnection>,
    rows: Rc<StoredRows>,
    /// Filled when any of its containers changes.
    changes: Option<Rc<ChangeQueue>>,
}

/// A row: a container of a part.
#[derive(Clone)]
struct Row {
    part: usize,
    object: ObjectId,
    depth: i32,
}

/// The rows of all providers' hierarchies. A row is named by a number of its own, its place is its order.
pub(super) struct MergedHierarchy {
    parts: Vec<Part>,
    deep: bool,
    /// The rows as of the last walk, by their places.
    order: RefCell<Rc<Vec<u64>>>,
    rows: RefCell<BTreeMap<u64, Row>>,
    numbers: RefCell<BTreeMap<(usize, ObjectId), u64>>,
    last_number: Cell<u64>,
    queues: RefCell<Vec<Weak<ChangeQueue>>>,
}

impl MergedHierarchy {
    /// The rows, and why those of some providers are missing.
    pub(super) fn open(books: &BookReference, deep: bool) -> (Rc<Self>, Vec<Failure>) {
        let parts = books.books.all().into_iter().map(|book| {
            let options = StoredRowsOptions {
                container: book.root().clone(),
                kind: crate::backend::ScanKind::Subfolders,
                abilities: Abilities::HIERARCHY,
                default_columns: CONTAINER_COLUMNS.to_vec(),
                default_order: DefaultOrder::default(),
            };
            let rows = StoredRows::new(book.backend().clone(), EntryColumns::of_containers(&book), book.feed().cloned(), options);
            // A feed that cannot be read now leaves the rows as they are.
            let changes = book.feed().and_then(|feed| {
                feed.subscribe(Interest::Folders)
                    .inspect_err(|failure| book.note("changes of containers cannot be read", failure))
                    .ok()
            });
            Part { book, rows, changes }
        });
        let merged = Rc::new(Self {
            parts: parts.collect(),
            deep,
            order: RefCell::default(),
            rows: RefCell::default(),
            numbers: RefCell::default(),
            last_number: Cell::new(0),
            queues: RefCell::default(),
        });
        let failures = merged.walk();
        (merged, failures)
    }

    /// Reads all containers again. A provider that fails has no rows.
    fn walk(&self) -> Vec<Failure> {
        let (mut order, mut rows, mut failures) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (part, provider) in self.parts.iter().enumerate() {
            let listed = match hierarchy::of_provider(&provider.book, self.deep) {
                Ok(listed) => listed,
                Err(failure) => {
                    provider.book.note("containers cannot be read", &failure);
                    failures.push(failure);
                    continue;
                }
            };
            for container in listed {
                let number = self.number(part, &container.object);
                order.push(number);
                rows.insert(number, Row { part, object: container.object, depth: container.depth });
            }
        }
        *self.order.borrow_mut() = Rc::new(order);
        *self.rows.borrow_mut() = rows;
        failures
    }

    fn number(&self, part: usize, object: &ObjectId) -> u64 {
        *self.numbers.borrow_mut().entry((part, object.clone())).or_insert_with(|| {
            self.last_number.set(self.last_number.get() + 1);
            self.last_number.get()
        })
    }

    /// The cells of some rows, by the place of each row.
    fn cells(&self, wanted: &[(u64, Row)], columns: &[PropTag], cell_limit: u32) -> Result<BTreeMap<u64, Vec<Option<Value>>>> {
        let mut cells = BTreeMap::new();
        for (part, provider) in self.parts.iter().enumerate() {
            let own: Vec<&(u64, Row)> = wanted.iter().filter(|(_, row)| row.part == part).collect();
            let ids: Vec<ObjectId> = own.iter().map(|(_, row)| row.object.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            // A provider that fails later loses its rows.
            let batch = match provider.rows.read(&ids, columns, cell_limit) {
                Ok(batch) => batch,
                Err(failure) => {
                    provider.book.note("containers cannot be read", &failure);
                    continue;
                }
            };
            for (at, id) in batch.ids.iter().enumerate() {
                let Some((number, row)) = own.iter().find(|(_, row)| row.object == *id) else { continue };
                let values = columns.iter().enumerate().map(|(column, tag)| {
                    let value = batch.columns.get(column).and_then(|column| column.value(at));
                    match value {
                        Some(Value::Binary(key)) if tag.id() == tags::INSTANCE_KEY.id() => {
                            let prefix = u16::try_from(part).unwrap_or(u16::MAX).to_be_bytes();
                            Some(Value::Binary([&prefix, key.as_slice()].concat()))
                        }
                        _ if tag.id() == tags::DEPTH.id() => Some(Value::Long(row.depth)),
                        value => value,
                    }
                });
                cells.insert(*number, values.collect());
            }
        }
        Ok(cells)
    }

    fn batch(&self, numbers: &[u64], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let wanted: Vec<(u64, Row)> = {
            let rows = self.rows.borrow();
            numbers.iter().filter_map(|number| Some((*number, rows.get(number)?.clone()))).collect()
        };
        let mut cells = self.cells(&wanted, columns, cell_limit)?;
        let order = Rc::clone(&self.order.borrow());
        let place = |number: u64| order.iter().position(|have| *have == number).map_or(u64::MAX, |place| place as u64);
        let mut batch = Batch::default();
        let mut rows = Vec::new();
        for (number, _) in wanted {
            if let Some(values) = cells.remove(&number) {
                batch.ids.push(ObjectId::from(number));
                batch.arrivals.push(place(number));
                batch.kinds.push(ObjectKind::Folder);
                rows.push(values);
            }
        }
        batch.columns = columns
            .iter()
            .enumerate()
            .map(|(column, tag)| Column::of(*tag, rows.iter().map(|row| row.get(column).cloned().flatten()).collect()))
            .collect();
        Ok(batch)
    }

    /// Tells the views what changed in a provider.
    fn pass_on(&self, number: usize, part: &Part) {
        let Some(changes) = part.changes.as_ref().map(|queue| queue.take()) else { return };
        let queues: Vec<Rc<ChangeQueue>> = self.queues.borrow().iter().filter_map(Weak::upgrade).collect();
        let rows = match changes {
            Changes::None => return,
            Changes::Rows(rows) | Changes::Reread(Some(rows)) => rows,
            Changes::Reread(None) | Changes::Reload => {
                queues.iter().for_each(|queue| queue.flood());
                return;
            }
        };
        for queue in queues {
            for change in &rows {
                let id = ObjectId::from(self.number(number, &change.id));
                queue.push(RowChange { id, ..*change });
            }
            // Where the rows stand depends on their names and on what lies above them.
            queue.reread();
        }
    }

    fn row_of(&self, id: &ObjectId) -> Option<Row> {
        let number = u64::from_be_bytes(id.as_bytes().try_into().ok()?);
        self.rows.borrow().get(&number).cloned()
    }
}

impl RowSource for MergedHierarchy {
    fn table_type(&self) -> TableType {
        TableType::Dynamic
    }

    fn class(&self) -> TableClass {
        TableClass::HostBacked
    }

    fn abilities(&self) -> Abilities {
        if self.deep { Abilities::DEEP_HIERARCHY } else { Abilities::HIERARCHY }
    }

    fn default_columns(&self) -> Vec<PropTag> {
        CONTAINER_COLUMNS.to_vec()
    }

    fn all_columns(&self) -> Result<Vec<PropTag>> {
        let mut all = CONTAINER_COLUMNS.to_vec();
        for part in &self.parts {
            match part.rows.all_columns() {
                Ok(columns) => all.extend(columns),
                Err(failure) => part.book.note("the columns of containers cannot be read", &failure),
            }
        }
        Ok(all)
    }

    fn default_order(&self) -> DefaultOrder {
        DefaultOrder::default()
    }

    fn is_computed(&self, _tag: PropTag) -> bool {
        true
    }

    fn plan(&self, _filters: &[Filter], _order: &[OrderKey]) -> Result<Option<Plan>> {
        Ok(None)
    }

    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage> {
        let first = match &request.from {
            ScanFrom::Start => {
                self.walk();
                0
            }
            ScanFrom::After(key) => key.arrival.saturating_add(1),
            ScanFrom::At(key) => key.arrival,
            ScanFrom::Position(position) => *position,
        };
        let order = Rc::clone(&self.order.borrow());
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(order.len());
        let end = first.saturating_add(request.max as usize).min(order.len());
        let batch = self.batch(&order[first..end], request.columns, request.cell_limit)?;
        let last = end.checked_sub(1).map(|last| RowKey { keys: Vec::new(), arrival: last as u64 });
        Ok(ScanPage { batch, last, more: end < order.len() })
    }

    fn count(&self, _filters: &[Filter]) -> Result<u64> {
        Ok(self.order.borrow().len() as u64)
    }

    fn rank(&self, _filters: &[Filter], _order: &[OrderKey], key: &RowKey) -> Result<u64> {
        Ok(key.arrival)
    }

    fn read(&self, rows: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let number = |id: &ObjectId| id.as_bytes().try_into().ok().map(u64::from_be_bytes);
        let numbers: Vec<u64> = rows.iter().filter_map(number).collect();
        self.batch(&numbers, columns, cell_limit)
    }

    fn read_range(&self, row: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        let found = self.row_of(row).and_then(|row| Some((self.parts.get(row.part)?, row.object)));
        let (part, object) = found.ok_or_else(|| Failure::not_found("The container is gone."))?;
        part.rows.read_range(&object, tag, offset, length)
    }

    fn size(&self, row: &ObjectId, tag: PropTag) -> Result<Option<u64>> {
        match self.row_of(row).and_then(|row| Some((self.parts.get(row.part)?, row.object))) {
            Some((part, object)) => part.rows.size(&object, tag),
            None => Ok(None),
        }
    }

    fn refresh(&self) -> Result<()> {
        for (number, part) in self.parts.iter().enumerate() {
            // One that fails now shows no changes; the others do.
            match part.rows.refresh() {
                Ok(()) => self.pass_on(number, part),
                Err(failure) => part.book.note("changes of containers cannot be read", &failure),
            }
        }
        Ok(())
    }

    fn catch_up(&self) -> Result<()> {
        for (number, part) in self.parts.iter().enumerate() {
            match part.rows.catch_up() {
                Ok(()) => self.pass_on(number, part),
                Err(failure) => part.book.note("changes of containers cannot be read", &failure),
            }
        }
        Ok(())
    }

    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>> {
        let queue = Rc::new(ChangeQueue::default());
        let mut queues = self.queues.borrow_mut();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Rc::downgrade(&queue));
        Ok(Some(queue))
    }
}
