//! Rows of a backend's container: folder contents, associated contents, hierarchy, queues (`tables` 14).

use crate::backend::{
    Batch, Column, ColumnData, Filter, GroupBatch, GroupRequest, ObjectId, ObjectKind, Objects, OrderKey, Plan, PlanRequest,
    RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest, Scope, Store,
};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType, Value, tags};
use crate::restriction::Part;
use crate::tables::{
    Abilities, CategoryRequest, ChangeQueue, DefaultOrder, Feed, Interest, RowRequest, RowSource, TableClass, TableType,
};
use std::rc::Rc;

/// One row, as the hook for computed columns sees it.
pub struct ComputedRow<'a> {
    /// The object.
    pub id: &'a ObjectId,
    /// Its kind.
    pub kind: ObjectKind,
    /// The container it lies in.
    pub parent: &'a ObjectId,
    /// Its arrival number.
    pub arrival: u64,
    batch: &'a Batch,
    inputs: &'a [PropTag],
    row: usize,
}

impl ComputedRow<'_> {
    /// A stored property that [`ComputedColumns::inputs`] named, found by identifier; `None` when the row
    /// lacks it.
    #[must_use]
    pub fn stored(&self, tag: PropTag) -> Option<Value> {
        let column = self.inputs.iter().position(|input| input.id() == tag.id())?;
        self.batch.columns.get(column)?.value(self.row)
    }
}

/// What the owner of a table adds to the stored properties: identifiers, rights and the like.
///
/// The columns every stored row has are not its business: `PR_INSTANCE_KEY`, `PR_INST_ID`,
/// `PR_INSTANCE_NUM`, `PR_ROW_TYPE` and `PR_DEPTH` come from the table itself.
pub trait ComputedColumns {
    /// The stored properties a computed column needs, possibly none; `None`: the column is stored. Matched
    /// by identifier.
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]>;

    /// The value of a computed column; `None`: the row has none. [`Value::Error`] says why one is missing.
    fn compute(&self, tag: PropTag, row: &ComputedRow<'_>) -> Option<Value>;

    /// Every tag it computes.
    fn tags(&self) -> Vec<PropTag>;

    /// The object whose computed column has that value, where the value names its object (an entry
    /// identifier); `None`: it must be searched for.
    fn object_of(&self, _tag: PropTag, _value: &Value) -> Option<ObjectId> {
        None
    }

    /// A part of a long computed value (a body generated from another one); `None`: the value is stored as it is.
    ///
    /// # Errors
    /// The backend's own.
    fn read_range(&self, _row: &ObjectId, _tag: PropTag, _offset: u64, _length: u32) -> Option<Result<Vec<u8>>> {
        None
    }
}

/// What kind of table it is.
#[derive(Clone, Debug)]
pub struct StoredRowsOptions {
    /// The container.
    pub container: ObjectId,
    /// Which of its children.
    pub kind: ScanKind,
    /// What the table allows.
    pub abilities: Abilities,
    /// The default column set; strings as `PT_UNICODE`.
    pub default_columns: Vec<PropTag>,
    /// The order without a sort.
    pub default_order: DefaultOrder,
}

/// Rows of one container of a backend.
pub struct StoredRows {
    objects: Rc<dyn Objects>,
    /// The same, where it can be asked for categories.
    store: Option<Rc<dyn Store>>,
    computed: Rc<dyn ComputedColumns>,
    feed: Option<Rc<Feed>>,
    scope: Scope,
    options: StoredRowsOptions,
}

impl StoredRows {
    /// The rows of a container. Without a feed the view stays as it was read until the next `Restrict` or
    /// `SortTable`.
    #[must_use]
    pub fn new(
        objects: Rc<dyn Objects>,
        computed: Rc<dyn ComputedColumns>,
        feed: Option<Rc<Feed>>,
        options: StoredRowsOptions,
    ) -> Rc<Self> {
        Rc::new(Self::over(objects, None, computed, feed, options))
    }

    /// As [`StoredRows::new`], for a container of a store, which may make categories of the rows.
    #[must_use]
    pub fn of_store(
        store: Rc<dyn Store>,
        computed: Rc<dyn ComputedColumns>,
        feed: Option<Rc<Feed>>,
        options: StoredRowsOptions,
    ) -> Rc<Self> {
        Rc::new(Self::over(store.clone(), Some(store), computed, feed, options))
    }

    fn over(
        objects: Rc<dyn Objects>,
        store: Option<Rc<dyn Store>>,
        computed: Rc<dyn ComputedColumns>,
        feed: Option<Rc<Feed>>,
        options: StoredRowsOptions,
    ) -> Self {
        let scope = Scope::One(options.container.clone());
        Self { objects, store, computed, feed, scope, options }
    }

    /// The row of a queue with that arrival number. A queue is in the order of its numbers, so it is searched.
    fn queued_row(&self, arrival: u64) -> Result<Option<ObjectId>> {
        let mut from = ScanFrom::Start;
        loop {
            let page = self.scan(&RowRequest {
                columns: &[],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: 1000,
            })?;
            if let Some(row) = page.batch.arrivals.iter().position(|have| *have == arrival) {
                return Ok(page.batch.ids.get(row).cloned());
            }
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(None),
            }
        }
    }

    /// The stored columns to read for the wanted ones, each identifier once.
    fn stored_columns(&self, wanted: &[PropTag]) -> Vec<PropTag> {
        let mut stored: Vec<PropTag> = Vec::with_capacity(wanted.len());
        let mut add = |tag: PropTag| {
            if !stored.iter().any(|have| have.id() == tag.id()) {
                stored.push(tag);
            }
        };
        for tag in wanted {
            if row_column(*tag) || *tag == PropTag::NULL {
                continue;
            }
            match self.computed.inputs(*tag) {
                Some(inputs) => inputs.iter().copied().for_each(&mut add),
                None => add(stored_form(*tag)),
            }
        }
        stored
    }

    /// The batch with exactly the wanted columns, computed ones included.
    fn complete(&self, batch: Batch, stored: &[PropTag], wanted: &[PropTag]) -> Batch {
        // A computed column may be made of the stored value of the same tag.
        let computed = wanted.iter().any(|tag| self.computed.inputs(*tag).is_some());
        if !computed && stored == wanted && batch.columns.len() == wanted.len() {
            return batch;
        }
        let columns = wanted
            .iter()
            .map(|tag| {
                if row_column(*tag) {
                    return self.row_column_cells(&batch, *tag);
                }
                if self.computed.inputs(*tag).is_some() {
                    return self.computed_cells(&batch, stored, *tag);
                }
                let found = stored.iter().position(|have| have.id() == tag.id()).and_then(|at| batch.columns.get(at));
                found.cloned().unwrap_or_else(|| absent(*tag, batch.len()))
            })
            .collect();
        Batch { columns, ..batch }
    }

    fn computed_cells(&self, batch: &Batch, inputs: &[PropTag], tag: PropTag) -> Column {
        let Scope::One(container) = &self.scope else { return absent(tag, batch.len()) };
        let cells = (0..batch.len())
            .map(|row| {
                self.computed.compute(
                    tag,
                    &ComputedRow {
                        id: &batch.ids[row],
                        kind: batch.kinds.get(row).copied().unwrap_or(ObjectKind::Message),
                        parent: batch.parents.get(row).unwrap_or(container),
                        arrival: batch.arrivals.get(row).copied().unwrap_or_default(),
                        batch,
                        inputs,
                        row,
                    },
                )
            })
            .collect();
        Column::of(tag, cells)
    }

    fn row_column_cells(&self, batch: &Batch, tag: PropTag) -> Column {
        let rows = batch.len();
        let every = |data| Column { tag, present: Vec::new(), data };
        match tag.id() {
            id if id == tags::INSTANCE_KEY.id() => {
                let mut arena = Vec::with_capacity(rows * 12);
                let mut ends = Vec::with_capacity(rows);
                for row in 0..rows {
                    arena.extend_from_slice(&batch.arrivals.get(row).copied().unwrap_or_default().to_be_bytes());
                    arena.extend_from_slice(&[0; 4]);
                    ends.push(u32::try_from(arena.len()).unwrap_or(u32::MAX));
                }
                every(ColumnData::Bytes(arena, ends))
            }
            id if id == tags::INST_ID.id() => {
                every(ColumnData::I64s(batch.arrivals.iter().map(|arrival| arrival.cast_signed()).collect()))
            }
            id if id == tags::ROW_TYPE.id() => every(ColumnData::Longs(vec![TBL_LEAF_ROW; rows])),
            _ => every(ColumnData::Longs(vec![0; rows])),
        }
    }
}

/// What the rows of recipients and attachments have beside what is stored (`tables` 14).
struct PartColumns(Part);

impl ComputedColumns for PartColumns {
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]> {
        (self.0 == Part::Attachments && tag.id() == tags::RECORD_KEY.id()).then_some(&[])
    }

    fn compute(&self, _tag: PropTag, row: &ComputedRow<'_>) -> Option<Value> {
        Some(Value::Binary(row.id.as_bytes().to_vec()))
    }

    fn tags(&self) -> Vec<PropTag> {
        Vec::new()
    }
}

/// `TBL_LEAF_ROW`: `PR_ROW_TYPE` of a row that is no category header.
const TBL_LEAF_ROW: i32 = 1;

/// Whether the column comes from the table itself (`tables` 8.1, "Leaf").
fn row_column(tag: PropTag) -> bool {
    [tags::INSTANCE_KEY, tags::INST_ID, tags::INSTANCE_NUM, tags::ROW_TYPE, tags::DEPTH]
        .iter()
        .any(|column| column.id() == tag.id())
}

/// The tag as a backend stores it: strings as `PT_UNICODE`, no instance bit.
fn stored_form(tag: PropTag) -> PropTag {
    let kind = PropType(tag.kind().0 & !PropType::MV_INSTANCE);
    tag.with_kind(kind.with_width(true))
}

fn absent(tag: PropTag, rows: usize) -> Column {
    Column::of(tag, vec![None; rows])
}

impl RowSource for StoredRows {
    fn table_type(&self) -> TableType {
        TableType::Dynamic
    }

    fn class(&self) -> TableClass {
        TableClass::HostBacked
    }

    fn abilities(&self) -> Abilities {
        self.options.abilities
    }

    fn default_columns(&self) -> Vec<PropTag> {
        self.options.default_columns.clone()
    }

    fn all_columns(&self) -> Result<Vec<PropTag>> {
        let mut all = self.objects.container_tags(&self.options.container, self.options.kind)?;
        all.extend(self.computed.tags());
        all.extend([tags::INSTANCE_KEY, tags::INST_ID, tags::INSTANCE_NUM, tags::ROW_TYPE, tags::DEPTH]);
        Ok(all)
    }

    fn default_order(&self) -> DefaultOrder {
        self.options.default_order.clone()
    }

    fn is_computed(&self, tag: PropTag) -> bool {
        row_column(tag) || self.computed.inputs(tag).is_some()
    }

    fn plan(&self, filters: &[Filter], order: &[OrderKey]) -> Result<Option<Plan>> {
        let plan = self.objects.plan(&PlanRequest { scope: &self.scope, kind: self.options.kind, filters, order })?;
        Ok(Some(Plan { groups: plan.groups && self.store.is_some(), ..plan }))
    }

    fn scan(&self, request: &RowRequest<'_>) -> Result<ScanPage> {
        let columns = self.stored_columns(request.columns);
        let page = self.objects.scan(&ScanRequest {
            scope: &self.scope,
            kind: self.options.kind,
            columns: &columns,
            cell_limit: request.cell_limit,
            filters: request.filters,
            order: request.order,
            from: request.from.clone(),
            backwards: request.backwards,
            max: request.max,
        })?;
        Ok(ScanPage { batch: self.complete(page.batch, &columns, request.columns), ..page })
    }

    fn count(&self, filters: &[Filter]) -> Result<u64> {
        self.objects.count(&self.scope, self.options.kind, filters)
    }

    fn rank(&self, filters: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.objects.rank(&self.scope, self.options.kind, filters, order, key)
    }

    fn categories(&self, request: &CategoryRequest<'_>) -> Result<GroupBatch> {
        let Some(store) = &self.store else {
            return Err(Failure::new(Code::TooComplex, "only a message store makes categories"));
        };
        store.groups(&GroupRequest {
            scope: &self.scope,
            kind: self.options.kind,
            filters: request.filters,
            order: request.order,
            levels: request.levels,
            after: request.after.clone(),
            max: request.max,
        })
    }

    fn read(&self, rows: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let stored = self.stored_columns(columns);
        let batch = self.objects.read_rows(rows, &stored, cell_limit)?;
        Ok(self.complete(batch, &stored, columns))
    }

    fn read_range(&self, row: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        match self.computed.read_range(row, tag, offset, length) {
            Some(part) => part,
            None => self.objects.read_range(row, stored_form(tag), offset, length),
        }
    }

    fn size(&self, row: &ObjectId, tag: PropTag) -> Result<Option<u64>> {
        let sizes = self.objects.list_tags(row)?;
        Ok(sizes.iter().find(|entry| entry.tag.id() == tag.id()).map(|entry| entry.size))
    }

    fn row_of_key(&self, tag: PropTag, value: &Value) -> Result<Option<(ObjectId, Option<u32>)>> {
        let Value::Binary(bytes) = value else { return Ok(None) };
        if tag.id() != tags::INSTANCE_KEY.id() {
            return Ok(self.computed.object_of(tag, value).map(|object| (object, None)));
        }
        let Some((arrival, number)) = bytes.split_first_chunk().map(|(arrival, rest)| (u64::from_be_bytes(*arrival), rest))
        else {
            return Ok(None);
        };
        let Some(number) = number.try_into().ok().map(u32::from_be_bytes) else { return Ok(None) };
        if self.options.kind == ScanKind::Queue {
            return Ok(self.queued_row(arrival)?.map(|row| (row, Some(number))));
        }
        let from = ScanFrom::At(RowKey { keys: Vec::new(), arrival });
        let page =
            self.scan(&RowRequest { columns: &[], cell_limit: 0, filters: &[], order: &[], from, backwards: false, max: 1 })?;
        let found = page.batch.arrivals.first() == Some(&arrival);
        Ok(page.batch.ids.into_iter().next().filter(|_| found).map(|row| (row, Some(number))))
    }

    fn instance_key(&self, row: &[u8], number: u32) -> Vec<u8> {
        // The key of a row ends in the number of its first instance.
        [row.get(..8).unwrap_or(row), &number.to_be_bytes()].concat()
    }

    fn parts(&self, row: &ObjectId, part: Part) -> Option<Rc<dyn RowSource>> {
        if !self.options.abilities.message_rows {
            return None;
        }
        let kind = match part {
            Part::Recipients => ScanKind::Recipients,
            Part::Attachments => ScanKind::Attachments,
        };
        let options = StoredRowsOptions {
            container: row.clone(),
            kind,
            abilities: Abilities::IN_MEMORY,
            default_columns: Vec::new(),
            default_order: DefaultOrder::default(),
        };
        Some(Self::new(Rc::clone(&self.objects), Rc::new(PartColumns(part)), None, options))
    }

    fn refresh(&self) -> Result<()> {
        match &self.feed {
            Some(feed) => feed.poll().map(drop),
            None => Ok(()),
        }
    }

    fn catch_up(&self) -> Result<()> {
        self.feed.as_ref().map_or(Ok(()), |feed| feed.catch_up())
    }

    fn subscribe(&self) -> Result<Option<Rc<ChangeQueue>>> {
        let interest = Interest::Rows { container: self.options.container.clone(), kind: self.options.kind };
        self.feed.as_ref().map(|feed| feed.subscribe(interest)).transpose()
    }
}
