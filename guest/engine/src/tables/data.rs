//! `ITableData`: rows in memory and live views on them (`tables` 12).
//!
//! A row's underlying order is a label between those of its neighbours, so that one inserted in the middle
//! moves no other; only when there is no number left between two are all rows labelled anew.

use crate::backend::{Batch, Column, Filter, ObjectId, ObjectKind, OrderKey, Plan, RowKey, ScanFrom, ScanPage};
use crate::collation;
use crate::error::{Code, Failure, Result, check_flags, check_reserved};
use crate::properties::{PropTag, Property, Value, ValueRef, tags};
use crate::tables::source::{DefaultOrder, RowRequest, RowSource, TableClass};
use crate::tables::{Abilities, ChangeQueue, Row, RowChange, RowState, SortOrderSet, TAD_ALL_ROWS, Table, TableType};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// Distance between the labels of rows that are appended.
const LABEL_STEP: u64 = 1 << 32;

/// Bytes of an identifier or an index value that find a row.
type Key = Vec<u8>;

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
        Self { unicode: true, sort: None, default_order: DefaultOrder::default(), abilities: Abilities::DATA }
    }
}

/// One row.
struct Held {
    /// Its number: names it in views, never used again.
    number: u64,
    cells: Row,
}

impl Held {
    fn value(&self, tag: PropTag) -> Option<&Value> {
        self.cells.iter().find(|cell| cell.tag.id() == tag.id()).map(|cell| &cell.value)
    }
}

#[derive(Default)]
struct Rows {
    /// By label, which is insertion order.
    by_label: BTreeMap<u64, Held>,
    /// Labels by number.
    labels: BTreeMap<u64, u64>,
    /// Numbers by index value.
    numbers: BTreeMap<Key, u64>,
    /// Every tag a row ever had, in the order they came.
    columns: Vec<PropTag>,
    last_number: u64,
}

impl Rows {
    fn of_number(&self, number: u64) -> Option<(u64, &Held)> {
        let label = self.labels.get(&number)?;
        Some((*label, self.by_label.get(label)?))
    }
}

/// Rows in memory, found by the value of one index column. Any number of live views.
pub struct TableData {
    table_type: TableType,
    index: PropTag,
    rows: RefCell<Rows>,
    queues: RefCell<Vec<Weak<ChangeQueue>>>,
    /// Calls that changed rows so far.
    operations: Cell<u64>,
}

impl TableData {
    /// `CreateTable`: no rows, these default columns.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when the index tag is multi-valued.
    pub fn new(table_type: TableType, index: PropTag, columns: Vec<PropTag>) -> Result<Rc<Self>> {
        if index.kind().is_multi() {
            return Err(Failure::invalid("index", "the index column is single-valued").with_tag(index));
        }
        let mut rows = Rows::default();
        for tag in columns {
            add_column(&mut rows.columns, tag);
        }
        Ok(Rc::new(Self { table_type, index, rows: RefCell::new(rows), queues: RefCell::default(), operations: Cell::new(0) }))
    }

    /// `HrGetView`.
    ///
    /// # Errors
    /// As `SortTable`; `MAPI_E_TOO_COMPLEX` for categories.
    pub fn view(self: &Rc<Self>, options: ViewOptions) -> Result<Table> {
        let ViewOptions { unicode, sort, default_order, abilities } = options;
        let default_columns = self.rows.borrow().columns.clone();
        let source = DataRows { data: Rc::clone(self), default_columns, default_order, abilities };
        let table = Table::new(Rc::new(source), unicode);
        if self.table_type != TableType::Dynamic {
            // Such a table says that rows changed, also before any was read.
            table.watch_changes()?;
        }
        if let Some(sort) = sort {
            if sort.categories > 0 {
                return Err(Failure::new(Code::TooComplex, "views of rows in memory have no categories"));
            }
            table.sort_table(Some(sort), 0)?;
        }
        Ok(table)
    }

    /// `HrModifyRow`: replaces the row with that index value, else appends it.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`: no index column.
    pub fn modify_row(&self, row: Row) -> Result<()> {
        self.modify_rows(0, vec![row])
    }

    /// `HrModifyRows`: all or none.
    ///
    /// # Errors
    /// As [`TableData::modify_row`]; flags other than 0 too.
    pub fn modify_rows(&self, flags: u32, rows: Vec<Row>) -> Result<()> {
        check_reserved(flags)?;
        let rows: Vec<(Key, Row)> = rows.into_iter().map(|row| self.prepare(row)).collect::<Result<_>>()?;
        let mut changed = Vec::with_capacity(rows.len());
        {
            let mut held = self.rows.borrow_mut();
            for (key, cells) in rows {
                note_columns(&mut held, &cells);
                let number = match held.numbers.get(&key) {
                    Some(number) => *number,
                    None => {
                        let label =
                            held.by_label.last_key_value().map_or(LABEL_STEP, |(label, _)| label.saturating_add(LABEL_STEP));
                        place(&mut held, key, label, cells);
                        changed.push((held.last_number, RowState::Present));
                        continue;
                    }
                };
                if let Some(label) = held.labels.get(&number).copied()
                    && let Some(row) = held.by_label.get_mut(&label)
                {
                    row.cells = cells;
                }
                changed.push((number, RowState::Present));
            }
        }
        self.tell(&changed);
        Ok(())
    }

    /// `HrInsertRow`: the row takes that position.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`: the index value exists or is missing, or the position is past the end.
    pub fn insert_row(&self, position: u32, row: Row) -> Result<()> {
        let (key, cells) = self.prepare(row)?;
        let mut held = self.rows.borrow_mut();
        if held.numbers.contains_key(&key) {
            return Err(Failure::invalid("row", "a row with that index value exists already"));
        }
        let position = position as usize;
        if position > held.by_label.len() {
            return Err(Failure::invalid("position", "the position lies behind the end of the table"));
        }
        note_columns(&mut held, &cells);
        let mut relabelled = false;
        let label = loop {
            let before = position.checked_sub(1).and_then(|at| held.by_label.keys().nth(at).copied()).unwrap_or(0);
            let label = match held.by_label.keys().nth(position) {
                Some(after) => before + (after - before) / 2,
                None => before.saturating_add(LABEL_STEP),
            };
            if label > before {
                break label;
            }
            relabel(&mut held);
            relabelled = true;
        };
        place(&mut held, key, label, cells);
        let number = held.last_number;
        drop(held);
        self.tell(&[(number, RowState::Present)]);
        if relabelled {
            self.each_queue(ChangeQueue::reread);
        }
        Ok(())
    }

    /// `HrDeleteRow`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub fn delete_row(&self, index: &Property) -> Result<()> {
        match self.delete_rows(0, std::slice::from_ref(index))? {
            0 => Err(Failure::not_found("there is no row with that index value")),
            _ => Ok(()),
        }
    }

    /// `HrDeleteRows`: how many were removed; with `TAD_ALL_ROWS` all of them.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`.
    pub fn delete_rows(&self, flags: u32, rows: &[Property]) -> Result<u32> {
        check_flags(flags, TAD_ALL_ROWS)?;
        let mut held = self.rows.borrow_mut();
        if flags & TAD_ALL_ROWS != 0 {
            let count = held.by_label.len();
            held.by_label.clear();
            held.labels.clear();
            held.numbers.clear();
            drop(held);
            self.each_queue(ChangeQueue::reload);
            return Ok(u32::try_from(count).unwrap_or(u32::MAX));
        }
        let mut gone = Vec::new();
        for row in rows {
            let Some(key) = self.key_of(&row.value).filter(|_| row.tag.id() == self.index.id()) else { continue };
            if let Some(number) = held.numbers.remove(&key)
                && let Some(label) = held.labels.remove(&number)
            {
                held.by_label.remove(&label);
                gone.push((number, RowState::Gone));
            }
        }
        drop(held);
        self.tell(&gone);
        Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
    }

    /// `HrNotify`: tells the views that a row was modified, though nothing in it changed. No such row: nothing.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0.
    pub fn notify(&self, flags: u32, properties: &[Property]) -> Result<()> {
        check_reserved(flags)?;
        let fits = |row: &Held| properties.iter().all(|wanted| row.value(wanted.tag) == Some(&wanted.value));
        let found = self.rows.borrow().by_label.values().find(|row| fits(row)).map(|row| row.number);
        if let Some(number) = found {
            self.tell(&[(number, RowState::Present)]);
        }
        Ok(())
    }

    /// `HrQueryRow`: the row and its number in insertion order.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_INVALID_PARAMETER` when it is not the index property.
    pub fn query_row(&self, index: &Property) -> Result<(Row, u32)> {
        let Some(key) = self.key_of(&index.value).filter(|_| index.tag.id() == self.index.id()) else {
            return Err(Failure::invalid("index", "a row is found by its index column only").with_tag(index.tag));
        };
        let held = self.rows.borrow();
        let found = held.numbers.get(&key).and_then(|number| held.of_number(*number));
        let Some((label, row)) = found else {
            return Err(Failure::not_found("there is no row with that index value"));
        };
        let position = held.by_label.range(..label).count();
        Ok((row.cells.clone(), u32::try_from(position).unwrap_or(u32::MAX)))
    }

    /// `HrEnumRow`: the row at that position in insertion order.
    #[must_use]
    pub fn enum_row(&self, position: u32) -> Option<Row> {
        self.rows.borrow().by_label.values().nth(position as usize).map(|row| row.cells.clone())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.borrow().by_label.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stored form of a row, and its index value.
    fn prepare(&self, row: Row) -> Result<(Key, Row)> {
        let mut cells: Row = Vec::with_capacity(row.len());
        for Property { tag, value } in row {
            let value = value.into_unicode();
            let dropped = match &value {
                Value::Null => true,
                // A value that exists but cannot be delivered is told from an absent one.
                Value::Error(code) => *code != Code::NotEnoughMemory.raw(),
                value => value.is_empty_multi(),
            };
            if dropped {
                continue;
            }
            let cell = match value {
                Value::Error(_) => Property { tag, value },
                value => Property::new(tag, value),
            };
            match cells.iter_mut().find(|have| have.tag.id() == tag.id()) {
                Some(have) => *have = cell,
                None => cells.push(cell),
            }
        }
        let index = cells.iter().find(|cell| cell.tag.id() == self.index.id());
        let key = index.and_then(|cell| self.key_of(&cell.value));
        match key {
            Some(key) => Ok((key, cells)),
            None => Err(Failure::invalid("row", "the row lacks its index column").with_tag(self.index)),
        }
    }

    /// What an index value is found by: equal exactly where `tables` 6 says that values are equal.
    fn key_of(&self, value: &Value) -> Option<Key> {
        let value = value.clone().into_unicode();
        if !value.kind().same_family(self.index.kind()) {
            return None;
        }
        Some(match &value {
            Value::Unicode(text) => collation::fold(text).into_owned().into_bytes(),
            Value::Binary(bytes) | Value::SvrEid(bytes) => bytes.clone(),
            value => collation::order_key(value)?,
        })
    }

    fn each_queue(&self, tell: impl Fn(&ChangeQueue)) {
        self.queues.borrow_mut().retain(|queue| queue.upgrade().inspect(|queue| tell(queue)).is_some());
    }

    /// Tells the views what one call changed.
    fn tell(&self, changed: &[(u64, RowState)]) {
        let operation = self.operations.get().wrapping_add(1);
        self.operations.set(operation);
        self.each_queue(|queue| {
            for (number, state) in changed {
                if let Some(id) = id_of(*number) {
                    queue.push(RowChange { id, state: *state, operation });
                }
            }
        });
    }
}

fn id_of(number: u64) -> Option<ObjectId> {
    ObjectId::new(&number.to_be_bytes())
}

fn number_of(id: &ObjectId) -> Option<u64> {
    id.as_bytes().try_into().ok().map(u64::from_be_bytes)
}

fn add_column(columns: &mut Vec<PropTag>, tag: PropTag) {
    if !columns.iter().any(|have| have.id() == tag.id()) {
        columns.push(tag);
    }
}

fn note_columns(held: &mut Rows, cells: &Row) {
    for cell in cells {
        if !matches!(cell.value, Value::Error(_)) {
            add_column(&mut held.columns, cell.tag);
        }
    }
}

/// Puts a new row at a label.
fn place(held: &mut Rows, key: Key, label: u64, cells: Row) {
    held.last_number += 1;
    let number = held.last_number;
    held.numbers.insert(key, number);
    held.labels.insert(number, label);
    held.by_label.insert(label, Held { number, cells });
}

/// Gives all rows labels at even distances.
fn relabel(held: &mut Rows) {
    let rows = std::mem::take(&mut held.by_label);
    held.labels.clear();
    let mut label = 0;
    for row in rows.into_values() {
        label += LABEL_STEP;
        held.labels.insert(row.number, label);
        held.by_label.insert(label, row);
    }
}

/// The rows of a [`TableData`] as one of its views has them.
struct DataRows {
    data: Rc<TableData>,
    default_columns: Vec<PropTag>,
    default_order: DefaultOrder,
    abilities: Abilities,
}

impl DataRows {
    fn batch<'a>(&self, rows: impl Iterator<Item = (u64, &'a Held)>, columns: &[PropTag]) -> Batch {
        let rows: Vec<(u64, &Held)> = rows.collect();
        let synthetic = self.data.index.id() != tags::INSTANCE_KEY.id();
        let cells = |tag: &PropTag| {
            let cells = rows.iter().map(|(_, row)| {
                if synthetic && tag.id() == tags::INSTANCE_KEY.id() {
                    return Some(Value::Binary(row.number.to_be_bytes().to_vec()));
                }
                row.value(*tag).cloned()
            });
            Column::of(*tag, cells.collect())
        };
        Batch {
            ids: rows.iter().filter_map(|(_, row)| id_of(row.number)).collect(),
            arrivals: rows.iter().map(|(label, _)| *label).collect(),
            parents: Vec::new(),
            kinds: vec![ObjectKind::Message; rows.len()],
            columns: columns.iter().map(cells).collect(),
        }
    }
}

impl RowSource for DataRows {
    fn table_type(&self) -> TableType {
        self.data.table_type
    }

    fn class(&self) -> TableClass {
        TableClass::InMemory
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn default_columns(&self) -> Vec<PropTag> {
        self.default_columns.clone()
    }

    fn all_columns(&self) -> Result<Vec<PropTag>> {
        let mut all = self.data.rows.borrow().columns.clone();
        add_column(&mut all, tags::INSTANCE_KEY);
        Ok(all)
    }

    fn default_order(&self) -> DefaultOrder {
        self.default_order.clone()
    }

    fn is_computed(&self, _tag: PropTag) -> bool {
        false
    }

    fn plan(&self, _filters: &[Filter], _order: &[OrderKey]) -> Result<Option<Plan>> {
        Ok(None)
    }

    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let held = self.data.rows.borrow();
        let begin = match &request.from {
            ScanFrom::Start => Unbounded,
            ScanFrom::After(key) => Excluded(key.arrival),
            ScanFrom::At(key) => Included(key.arrival),
            ScanFrom::Position(position) => {
                let at = usize::try_from(*position).unwrap_or(usize::MAX);
                held.by_label.keys().nth(at).map_or(Excluded(u64::MAX), |label| Included(*label))
            }
        };
        let max = request.max as usize;
        let rows: Vec<(u64, &Held)> = match request.backwards {
            false => held.by_label.range((begin, Unbounded)).take(max).map(|(label, row)| (*label, row)).collect(),
            true => held.by_label.range((Unbounded, begin)).rev().take(max).map(|(label, row)| (*label, row)).collect(),
        };
        let last = rows.last().map(|(label, _)| RowKey { keys: Vec::new(), arrival: *label });
        Ok(ScanPage { more: rows.len() == max, batch: self.batch(rows.into_iter(), request.columns), last })
    }

    fn count(&self, _filters: &[Filter]) -> Result<u64> {
        Ok(self.data.len() as u64)
    }

    fn rank(&self, _filters: &[Filter], _order: &[OrderKey], key: &RowKey) -> Result<u64> {
        Ok(self.data.rows.borrow().by_label.range(..key.arrival).count() as u64)
    }

    fn read(&self, rows: &[ObjectId], columns: &[PropTag], _cell_limit: u32) -> Result<Batch> {
        let held = self.data.rows.borrow();
        let found = rows.iter().filter_map(|id| held.of_number(number_of(id)?));
        Ok(self.batch(found, columns))
    }

    fn read_range(&self, row: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        let held = self.data.rows.borrow();
        let value = number_of(row).and_then(|number| held.of_number(number)?.1.value(tag));
        let bytes = match value.map(ValueRef::from) {
            Some(ValueRef::Text(text)) => text.as_bytes(),
            Some(ValueRef::Bytes(bytes)) => bytes,
            _ => return Err(Failure::not_found("the row has no such value").with_tag(tag)),
        };
        let start = bytes.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let end = bytes.len().min(start.saturating_add(length as usize));
        Ok(bytes[start..end].to_vec())
    }

    fn size(&self, row: &ObjectId, tag: PropTag) -> Result<Option<u64>> {
        let held = self.data.rows.borrow();
        Ok(number_of(row).and_then(|number| held.of_number(number)?.1.value(tag)).map(Value::size))
    }

    fn refresh(&self) -> Result<()> {
        Ok(())
    }

    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>> {
        let queue = Rc::new(ChangeQueue::default());
        self.data.queues.borrow_mut().push(Rc::downgrade(&queue));
        Ok(Some(queue))
    }
}
