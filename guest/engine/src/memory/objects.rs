//! [`Objects`] over the [`Database`]: reading, scanning, counting, changing.

use super::MemoryReports;
use super::database::{Database, Object};
use super::evaluate::{self, Cell};
use super::lock;
use super::segments::{LEAST_ROWS, Place, Segment};
use crate::backend::{
    Batch, Column, Commit, Committed, FeedCursor, FeedPage, Filter, FilterTest, GroupBatch, GroupRequest, IndexPlan, ObjectHead,
    ObjectId, ObjectKind, Objects, OrderKey, Plan, PlanRequest, QUEUE_NUMBER, RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest,
    Scope, StoredProperty, Support, TagSize, Want,
};
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, PropType, Property, Value, ValueRef, tags};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// What the backend says it can evaluate itself; the engine has to get along with all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushDown {
    /// How filters are answered. Inexact ones let every row through.
    pub filters: Support,
    /// Orders are evaluated.
    pub orders: bool,
    /// Rows are counted.
    pub counts: bool,
    /// Rows are found by position, and positions of rows.
    pub positions: bool,
    /// Categories are made.
    pub groups: bool,
}

impl PushDown {
    /// Everything is evaluated exactly.
    pub const EXACT: Self = Self { filters: Support::Exact, orders: true, counts: true, positions: true, groups: true };
    /// Filters are inexact; there is nothing else.
    pub const INEXACT: Self = Self { filters: Support::Inexact, orders: false, counts: false, positions: false, groups: false };
    /// Plain scans only.
    pub const NONE: Self = Self { filters: Support::Unsupported, orders: false, counts: false, positions: false, groups: false };
}

/// Objects in memory: what [`super::MemoryStore`] and [`super::MemoryAddressBook`] have in common.
#[derive(Debug)]
pub struct MemoryObjects {
    pub(super) uid: Guid,
    pub(super) feed: bool,
    pub(super) writable: bool,
    pub(super) database: Mutex<Database>,
    push_down: Mutex<PushDown>,
    index: Mutex<IndexPlan>,
    /// What it reports on its own, and its status object.
    pub reports: MemoryReports,
}

impl MemoryObjects {
    pub(super) fn new(uid: Guid) -> Self {
        Self {
            uid,
            feed: true,
            writable: true,
            database: Mutex::new(Database::new(uid)),
            push_down: Mutex::new(PushDown::EXACT),
            index: Mutex::default(),
            reports: MemoryReports::default(),
        }
    }

    /// Changes what the backend says it can evaluate.
    pub fn set_push_down(&self, push_down: PushDown) {
        *lock(&self.push_down) = push_down;
    }

    /// Asks for order keys and folded texts of these tags. Rows whose keys were not handed over then count
    /// as absent, as in a backend that compares stored keys only.
    pub fn set_index(&self, plan: IndexPlan) {
        lock(&self.database).ordered = plan.ordered.iter().map(|tag| tag.id()).collect();
        *lock(&self.index) = plan;
    }

    /// What to hand over for indexing.
    #[must_use]
    pub fn index(&self) -> IndexPlan {
        lock(&self.index).clone()
    }

    /// Drops all but the newest `keep` records of the feed: older cursors meet a gap.
    pub fn forget_feed(&self, keep: usize) {
        lock(&self.database).forget_feed(keep);
    }

    /// Bytes allowed, 0: no limit. Commits that would exceed it fail with `MAPI_E_NOT_ENOUGH_DISK`.
    pub fn set_limit(&self, limit: u64) {
        lock(&self.database).limit = limit;
    }

    /// How many commits were made.
    #[must_use]
    pub fn commits(&self) -> u64 {
        lock(&self.database).commits
    }

    /// How many objects there are, the store object and the root folder included.
    #[must_use]
    pub fn object_count(&self) -> usize {
        lock(&self.database).objects.len()
    }

    pub(super) fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) {
        let mut database = lock(&self.database);
        for (id, properties) in objects {
            database.rekey(&id, properties);
        }
        drop(database);
        if finished {
            lock(&self.index).key_version = key_version;
        }
    }

    pub(super) fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        let levels = request.order.get(..request.levels as usize).unwrap_or(request.order);
        let database = lock(&self.database);
        let mut rows = database.rows(request.scope, request.kind, request.filters, levels)?;
        rows.sort_by(|a, b| evaluate::compare_rows(levels, &a.key, &b.key));
        let mut batch = GroupBatch::default();
        let mut lowest = 0;
        for row in rows {
            let unread = u64::from(row.is_unread());
            if batch.keys.last() != Some(&row.key.keys) {
                let whole = |keys: &[Option<Vec<u8>>]| RowKey { keys: keys.to_vec(), arrival: 0 };
                let behind = |after: &Vec<_>| evaluate::compare_rows(levels, &whole(&row.key.keys), &whole(after)).is_gt();
                if !request.after.as_ref().is_none_or(behind) {
                    continue;
                }
                if batch.keys.len() == request.max.max(1) as usize {
                    batch.more = true;
                    break;
                }
                batch.keys.push(row.key.keys.clone());
                batch.values.push(Vec::new());
                batch.counts.push(0);
                batch.unread.push(0);
                lowest = u64::MAX;
            }
            let (Some(count), Some(unreads), Some(values)) =
                (batch.counts.last_mut(), batch.unread.last_mut(), batch.values.last_mut())
            else {
                continue;
            };
            *count += 1;
            *unreads += unread;
            if row.key.arrival < lowest {
                lowest = row.key.arrival;
                *values = levels
                    .iter()
                    .map(|key| database.cell(row.id, row.object, key.tag).map(|cell| cell.into_owned().value))
                    .collect();
            }
        }
        Ok(batch)
    }
}

/// A row of a scan.
struct Row<'a> {
    id: &'a ObjectId,
    object: &'a Object,
    key: RowKey,
}

impl Row<'_> {
    fn is_unread(&self) -> bool {
        let flags = self.object.properties.get(tags::MESSAGE_FLAGS.id()).map(|cell| &cell.value);
        !matches!(flags, Some(Value::Long(flags)) if flags & 1 == 1)
    }
}

const QUEUE_ORDER: &[OrderKey] = &[OrderKey { tag: QUEUE_NUMBER, descending: false }];

fn effective(kind: ScanKind, order: &[OrderKey]) -> &[OrderKey] {
    if kind == ScanKind::Queue && order.is_empty() { QUEUE_ORDER } else { order }
}

impl Database {
    /// The value of that identifier and type family, from the object or from the folder's bookkeeping.
    fn cell<'a>(&self, id: &ObjectId, object: &'a Object, tag: PropTag) -> Option<Cow<'a, Cell>> {
        let cell = self.any_cell(id, object, tag.id())?;
        (tag.kind() == PropType::UNSPECIFIED || cell.tag.kind().same_family(tag.kind())).then_some(cell)
    }

    fn any_cell<'a>(&self, id: &ObjectId, object: &'a Object, tag: u16) -> Option<Cow<'a, Cell>> {
        if object.kind == ObjectKind::Folder
            && let Some(cell) = self.counted(id).into_iter().find(|cell| cell.tag.id() == tag)
        {
            return Some(Cow::Owned(cell));
        }
        object.properties.get(tag).map(Cow::Borrowed)
    }

    /// What a folder knows without being told.
    fn counted(&self, id: &ObjectId) -> [Cell; 7] {
        let counts = self.counts(id);
        let count = |tag, count| Cell::computed(tag, Value::Long(i32::try_from(count).unwrap_or(i32::MAX)));
        [
            count(tags::CONTENT_COUNT, counts.contents),
            count(tags::CONTENT_UNREAD, counts.unread),
            count(tags::ASSOC_CONTENT_COUNT, counts.associated),
            count(tags::DELETED_MSG_COUNT, counts.deleted_contents),
            count(tags::DELETED_ASSOC_MSG_COUNT, counts.deleted_associated),
            count(tags::DELETED_FOLDER_COUNT, counts.deleted_subfolders),
            Cell::computed(tags::SUBFOLDERS, Value::Boolean(counts.subfolders > 0)),
        ]
    }

    fn containers(&self, scope: &Scope) -> Vec<ObjectId> {
        match scope {
            Scope::One(container) => vec![container.clone()],
            Scope::Several { containers, recursive } => {
                let mut found = Vec::new();
                let mut seen = BTreeSet::new();
                let mut open: Vec<_> = containers.iter().rev().cloned().collect();
                while let Some(container) = open.pop() {
                    if !seen.insert(container.clone()) {
                        continue;
                    }
                    if *recursive {
                        let below = self.children(&container);
                        let folders = below.filter(|(_, child)| child.kind == ObjectKind::Folder && !child.deleted);
                        open.extend(folders.map(|(id, _)| id.clone()));
                    }
                    found.push(container);
                }
                found
            }
        }
    }

    fn rows<'a>(&'a self, scope: &Scope, kind: ScanKind, filters: &[Filter], order: &[OrderKey]) -> Result<Vec<Row<'a>>> {
        let candidates: Vec<(&ObjectId, &Object)> = if kind == ScanKind::Queue {
            let queued = self.queued().filter(|(_, object)| object.kind == ObjectKind::Message && !self.is_deleted(object));
            queued.map(|(id, object)| (id, &**object)).collect()
        } else {
            let containers = self.containers(scope);
            let children = containers.iter().flat_map(|container| self.children(container));
            children.filter(|(_, child)| belongs(kind, child)).map(|(id, child)| (id, &**child)).collect()
        };
        let mut rows = Vec::new();
        for (id, object) in candidates {
            if self.passes(id, object, filters)? {
                let keys = order.iter().map(|key| self.order_key(id, object, key.tag)).collect();
                rows.push(Row { id, object, key: RowKey { keys, arrival: object.arrival } });
            }
        }
        Ok(rows)
    }

    fn passes(&self, id: &ObjectId, object: &Object, filters: &[Filter]) -> Result<bool> {
        for filter in filters {
            if !evaluate::matches(filter, |tag| self.cell(id, object, tag))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next rows of a container in the order they arrived, one more than asked for if there is one. The others
    /// are not looked at: a scan from page to page would take the square of the rows.
    fn arrived<'a>(
        &'a self,
        container: &ObjectId,
        arrivals: (Bound<u64>, Bound<u64>),
        request: &ScanRequest<'_>,
        filters: &[Filter],
    ) -> Result<Vec<Row<'a>>> {
        let mut children = self.children_within(container, arrivals);
        let mut next = || if request.backwards { children.next_back() } else { children.next() };
        let mut rows = Vec::new();
        while rows.len() <= request.max as usize
            && let Some((id, object)) = next()
        {
            if belongs(request.kind, object) && self.passes(id, object, filters)? {
                rows.push(Row { id, object, key: RowKey { keys: Vec::new(), arrival: object.arrival } });
            }
        }
        Ok(rows)
    }

    fn order_key(&self, id: &ObjectId, object: &Object, tag: PropTag) -> Option<Vec<u8>> {
        let cell = self.cell(id, object, tag)?;
        if self.ordered.contains(&tag.id()) { cell.order_key().cloned() } else { cell.key() }
    }

    /// What is delivered of the rows that are still to be read.
    fn page(&self, rows: &[&Row<'_>], request: &ScanRequest<'_>) -> ScanPage {
        let page = rows.get(..request.max as usize).unwrap_or(rows);
        let objects: Vec<_> = page.iter().map(|row| (row.id, row.object)).collect();
        let parents = request.kind == ScanKind::Queue || matches!(request.scope, Scope::Several { .. });
        ScanPage {
            batch: self.batch(&objects, request.columns, request.cell_limit, parents),
            last: page.last().map(|row| row.key.clone()),
            more: page.len() < rows.len(),
        }
    }

    /// A column of these rows.
    fn column<'a>(&self, rows: impl Iterator<Item = (&'a ObjectId, &'a Object)>, tag: PropTag, cell_limit: u32) -> Column {
        let cells: Vec<Option<Cow<'_, Cell>>> = rows.map(|(id, object)| self.any_cell(id, object, tag.id())).collect();
        let values = cells.iter().map(|cell| cell.as_deref().map(|cell| cut(&cell.value, cell_limit)));
        Column::of_refs(tag, &values.collect::<Vec<_>>())
    }

    /// A page of a folder's messages in the order they arrived, kept for whoever reads it again.
    fn segment(&mut self, container: &ObjectId, place: Place, request: &ScanRequest<'_>) -> ScanPage {
        let mut segments = std::mem::take(&mut self.segments);
        let read = || {
            let arrivals = (place.after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
            let rows = self.children_within(container, arrivals).filter(|(_, child)| belongs(request.kind, child));
            Segment::new(rows, place.max)
        };
        let make = |segment: &Segment, tag: PropTag| self.column(segment.rows(), tag, request.cell_limit);
        let page = segments.page(container, place, request.columns, request.cell_limit, read, make);
        self.segments = segments;
        page
    }

    fn batch(&self, rows: &[(&ObjectId, &Object)], columns: &[PropTag], cell_limit: u32, parents: bool) -> Batch {
        let column = |tag: &PropTag| self.column(rows.iter().copied(), *tag, cell_limit);
        let parent = |(id, object): &(&ObjectId, &Object)| object.parent.clone().unwrap_or_else(|| (*id).clone());
        Batch {
            ids: rows.iter().map(|(id, _)| (*id).clone()).collect(),
            arrivals: rows.iter().map(|(_, object)| object.arrival).collect(),
            parents: if parents { rows.iter().map(parent).collect() } else { Vec::new() },
            kinds: rows.iter().map(|(_, object)| object.kind).collect(),
            columns: columns.iter().map(column).collect(),
        }
    }
}

/// The arrival numbers of the rows still to be read in the order of these; a position names none.
fn arrivals(request: &ScanRequest<'_>) -> Option<(Bound<u64>, Bound<u64>)> {
    Some(match (&request.from, request.backwards) {
        (ScanFrom::Start, _) => (Bound::Unbounded, Bound::Unbounded),
        (ScanFrom::After(key), false) => (Bound::Excluded(key.arrival), Bound::Unbounded),
        (ScanFrom::At(key), false) => (Bound::Included(key.arrival), Bound::Unbounded),
        (ScanFrom::After(key), true) => (Bound::Unbounded, Bound::Excluded(key.arrival)),
        (ScanFrom::At(key), true) => (Bound::Unbounded, Bound::Included(key.arrival)),
        (ScanFrom::Position(_), _) => return None,
    })
}

/// Which rows a request reads that are kept in columns: messages, of which a folder has many.
fn to_keep(request: &ScanRequest<'_>) -> Option<Place> {
    let after = match &request.from {
        ScanFrom::Start => None,
        ScanFrom::After(key) => Some(key.arrival),
        ScanFrom::At(_) | ScanFrom::Position(_) => return None,
    };
    let kept = request.kind == ScanKind::Contents && !request.backwards && request.max >= LEAST_ROWS;
    kept.then_some(Place { after, max: request.max })
}

fn belongs(kind: ScanKind, child: &Object) -> bool {
    let folder = matches!(child.kind, ObjectKind::Folder | ObjectKind::SearchFolder);
    let message = matches!(child.kind, ObjectKind::Message | ObjectKind::DistributionList | ObjectKind::EmbeddedMessage);
    let associated = child.kind == ObjectKind::Associated;
    match kind {
        ScanKind::Subfolders => folder && !child.deleted,
        ScanKind::Contents => message && !child.deleted,
        ScanKind::Associated => associated && !child.deleted,
        ScanKind::Recipients => child.kind == ObjectKind::Recipient,
        ScanKind::Attachments => child.kind == ObjectKind::Attachment,
        ScanKind::DeletedContents => message && child.deleted,
        ScanKind::DeletedAssociated => associated && child.deleted,
        ScanKind::DeletedSubfolders => folder && child.deleted,
        ScanKind::Queue => false,
    }
}

/// Cuts strings at that many UTF-16 units and binaries at twice as many bytes; 0: no cut.
fn cut(value: &Value, limit: u32) -> ValueRef<'_> {
    let limit = limit as usize;
    match value {
        Value::Unicode(text) if limit > 0 && text.len() > limit => {
            let mut units = 0;
            let fits = |character: &char| {
                units += character.len_utf16();
                units <= limit
            };
            let length = text.chars().take_while(fits).map(char::len_utf8).sum();
            ValueRef::Text(text.get(..length).unwrap_or(text))
        }
        Value::Binary(bytes) if limit > 0 => ValueRef::Bytes(bytes.get(..2 * limit).unwrap_or(bytes)),
        value => ValueRef::from(value),
    }
}

fn is_long(value: &Value, limit: u32) -> bool {
    let fixed = matches!(
        value.kind(),
        PropType::I2
            | PropType::LONG
            | PropType::R4
            | PropType::DOUBLE
            | PropType::CURRENCY
            | PropType::APPTIME
            | PropType::BOOLEAN
            | PropType::I8
            | PropType::SYSTIME
            | PropType::CLSID
    );
    !fixed && value.size() > u64::from(limit)
}

fn unplanned() -> Failure {
    Failure::new(Code::TooComplex, "the backend was asked for what its plan did not offer")
}

impl MemoryObjects {
    /// Inexact filters let every row through; ones the plan refused are refused again.
    fn accepted<'a>(&self, filters: &'a [Filter]) -> Result<&'a [Filter]> {
        match lock(&self.push_down).filters {
            Support::Exact if filters.iter().all(is_evaluable) => Ok(filters),
            Support::Inexact => Ok(&[]),
            _ if filters.is_empty() => Ok(filters),
            _ => Err(unplanned()),
        }
    }

    fn with_feed(&self) -> Result<()> {
        if self.feed { Ok(()) } else { Err(Failure::new(Code::NoSupport, "this backend has no change feed")) }
    }
}

/// Name resolution is no comparison of a stored value, so the engine does it (`tables` 5.1).
fn is_evaluable(filter: &Filter) -> bool {
    let resolves = |test: &FilterTest| matches!(test, FilterTest::Compare { tag, .. } if tag.id() == tags::ANR.id());
    evaluate::is_evaluable(filter) && !filter.iter().any(resolves)
}

impl Objects for MemoryObjects {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        let database = lock(&self.database);
        let found = database.get(object)?;
        let head = ObjectHead {
            kind: found.kind,
            parent: found.parent.clone(),
            version: found.version,
            arrival: found.arrival,
            deleted: database.is_deleted(found),
        };
        let ids: BTreeSet<u16> = match want {
            Want::Tags(tags) => tags.iter().map(|tag| tag.id()).collect(),
            Want::All => {
                let counted = if found.kind == ObjectKind::Folder { database.counted(object).to_vec() } else { Vec::new() };
                found.properties.iter().chain(&counted).map(|cell| cell.tag.id()).collect()
            }
        };
        let properties = ids.into_iter().filter_map(|id| {
            let cell = database.any_cell(object, found, id)?;
            if is_long(&cell.value, inline_limit) {
                return Some(Property::new(cell.tag, Value::Error(Code::NotEnoughMemory.raw())));
            }
            let Cell { tag, value, .. } = cell.into_owned();
            Some(Property { tag, value })
        });
        Ok((head, properties.collect()))
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        let database = lock(&self.database);
        let found = database.get(object)?;
        Ok(found.properties.iter().map(|cell| TagSize { tag: cell.tag, size: cell.value.size() }).collect())
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let database = lock(&self.database);
        let rows: Vec<_> = objects.iter().filter_map(|id| Some((id, &**database.objects.get(id)?))).collect();
        Ok(database.batch(&rows, columns, cell_limit, true))
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let mode = *lock(&self.push_down);
        let answer = |filter: &Filter| if is_evaluable(filter) { mode.filters } else { Support::Unsupported };
        let ordered = mode.orders && request.order.iter().all(|key| evaluate::is_ordered(key.tag));
        Ok(Plan {
            filters: request.filters.iter().map(answer).collect(),
            order: if ordered { Support::Exact } else { Support::Unsupported },
            counts: mode.counts,
            positions: mode.positions && ordered,
            groups: mode.groups && ordered,
        })
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        let order = effective(request.kind, request.order);
        let filters = self.accepted(request.filters)?;
        let mut database = lock(&self.database);
        if let (Scope::One(container), [], [], Some(place)) = (request.scope, order, filters, to_keep(request)) {
            return Ok(database.segment(container, place, request));
        }
        if let (Scope::One(container), [], Some(arrivals)) = (request.scope, order, arrivals(request)) {
            let rows = database.arrived(container, arrivals, request, filters)?;
            return Ok(database.page(&rows.iter().collect::<Vec<_>>(), request));
        }
        let mut rows = database.rows(request.scope, request.kind, filters, order)?;
        rows.sort_by(|a, b| evaluate::compare_rows(order, &a.key, &b.key));
        let place = |key: &RowKey, behind: bool| {
            rows.partition_point(|row| {
                let order = evaluate::compare_rows(order, &row.key, key);
                order.is_lt() || (behind && order.is_eq())
            })
        };
        // The half-open range that is still to be read.
        let (first, end) = match (&request.from, request.backwards) {
            (ScanFrom::Start, _) => (0, rows.len()),
            (ScanFrom::After(key), false) => (place(key, true), rows.len()),
            (ScanFrom::At(key), false) => (place(key, false), rows.len()),
            (ScanFrom::After(key), true) => (0, place(key, false)),
            (ScanFrom::At(key), true) => (0, place(key, true)),
            (ScanFrom::Position(position), backwards) => {
                let position = usize::try_from(*position).unwrap_or(usize::MAX);
                if backwards { (0, position.saturating_add(1).min(rows.len())) } else { (position.min(rows.len()), rows.len()) }
            }
        };
        let mut range: Vec<&Row<'_>> = rows[first..end].iter().collect();
        if request.backwards {
            range.reverse();
        }
        Ok(database.page(&range, request))
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        if !lock(&self.push_down).counts {
            return Err(unplanned());
        }
        Ok(lock(&self.database).rows(scope, kind, self.accepted(filter)?, &[])?.len() as u64)
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        if !lock(&self.push_down).positions {
            return Err(unplanned());
        }
        let order = effective(kind, order);
        let filters = self.accepted(filter)?;
        let database = lock(&self.database);
        let rows = database.rows(scope, kind, filters, order)?;
        Ok(rows.iter().filter(|row| evaluate::compare_rows(order, &row.key, key).is_lt()).count() as u64)
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        let database = lock(&self.database);
        let rows = database.rows(&Scope::One(container.clone()), kind, &[], &[])?;
        let tags: BTreeMap<_, _> = rows.iter().flat_map(|row| row.object.properties.iter()).map(|cell| (cell.tag, ())).collect();
        Ok(tags.into_keys().collect())
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        let database = lock(&self.database);
        let found = Arc::clone(database.get(object)?);
        drop(database);
        let cell = found.properties.get(tag.id());
        let bytes = match cell.map(|cell| &cell.value) {
            Some(Value::Unicode(text)) => text.as_bytes(),
            Some(Value::Binary(bytes) | Value::String8(bytes) | Value::SvrEid(bytes) | Value::Actions(bytes)) => bytes,
            Some(_) => {
                return Err(Failure::new(Code::NoSupport, "only strings and binaries are read in ranges").with_tag(tag));
            }
            None => return Err(Failure::not_found("the object does not have this property").with_tag(tag)),
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(length as usize).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        Ok(lock(&self.database).reserve(count))
    }

    fn stage(&self) -> Result<u64> {
        Ok(lock(&self.database).stage())
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        lock(&self.database).append(staged, bytes)
    }

    fn discard(&self, staged: u64) {
        lock(&self.database).discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        if !self.writable {
            return Err(Failure::new(Code::NoAccess, "the store is open for reading only"));
        }
        lock(&self.database).commit(&commit)
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.with_feed()?;
        Ok(lock(&self.database).cursor())
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.with_feed()?;
        Ok(lock(&self.database).changes(since, max))
    }

    fn uid(&self) -> Guid {
        self.uid
    }
}
