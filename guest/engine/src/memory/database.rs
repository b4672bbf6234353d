//! The objects themselves, and how a commit changes them: all of it or nothing.
//!
//! Every change goes through [`Database::put`], which keeps the lists of children and the folder counts;
//! a commit that fails half-way puts the former states back.

use super::cells::Cells;
use super::evaluate::{Cell, Indexed};
use super::segments::Segments;
use crate::backend::{
    Change, Commit, Committed, Expected, FeedCursor, FeedPage, FeedRecord, FeedVerb, ObjectId, ObjectKind, QUEUE_NUMBER,
    StoredProperty, StoredValue,
};
use crate::collation;
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, PropType, Value, tags};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::RangeBounds;
use std::sync::Arc;

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    pub(super) parent: Option<ObjectId>,
    pub(super) version: u64,
    pub(super) arrival: u64,
    /// Its own mark; [`Database::is_deleted`] also looks above.
    pub(super) deleted: bool,
    pub(super) properties: Cells,
}

impl Object {
    fn size(&self) -> u64 {
        self.properties.iter().map(|cell| cell.value.size()).sum()
    }

    fn unread(&self) -> bool {
        match self.properties.get(tags::MESSAGE_FLAGS.id()).map(|cell| &cell.value) {
            Some(Value::Long(flags)) => flags & 1 == 0,
            _ => true,
        }
    }
}

/// What a folder counts of its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) contents: u64,
    pub(super) unread: u64,
    pub(super) associated: u64,
    pub(super) subfolders: u64,
    pub(super) deleted_contents: u64,
    pub(super) deleted_associated: u64,
    pub(super) deleted_subfolders: u64,
}

impl Counts {
    fn apply(&mut self, child: &Object, entering: bool) {
        let step = |count: &mut u64| *count = if entering { *count + 1 } else { count.saturating_sub(1) };
        match (child.kind, child.deleted) {
            (ObjectKind::Message | ObjectKind::DistributionList, false) => {
                step(&mut self.contents);
                if child.unread() {
                    step(&mut self.unread);
                }
            }
            (ObjectKind::Message | ObjectKind::DistributionList, true) => step(&mut self.deleted_contents),
            (ObjectKind::Associated, false) => step(&mut self.associated),
            (ObjectKind::Associated, true) => step(&mut self.deleted_associated),
            (ObjectKind::Folder | ObjectKind::SearchFolder, false) => step(&mut self.subfolders),
            (ObjectKind::Folder | ObjectKind::SearchFolder, true) => step(&mut self.deleted_subfolders),
            _ => {}
        }
    }
}

/// All objects of one backend.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) objects: HashMap<ObjectId, Arc<Object>, RandomState>,
    /// By arrival number, which is given once.
    children: BTreeMap<ObjectId, BTreeMap<u64, ObjectId>>,
    counts: BTreeMap<ObjectId, Counts>,
    /// Objects with a place in the outgoing queue.
    queued: BTreeSet<ObjectId>,
    pub(super) store: ObjectId,
    pub(super) root: ObjectId,
    uid: Guid,
    next_id: u64,
    /// Identifiers of objects removed for good: never used again.
    spent: BTreeSet<ObjectId>,
    last_arrival: u64,
    pub(super) commits: u64,
    staged: BTreeMap<u64, Vec<u8>>,
    last_staged: u64,
    feed: VecDeque<FeedRecord>,
    /// Records that were dropped from the front of the feed.
    forgotten: u64,
    pub(super) used: u64,
    /// Bytes allowed, 0: no limit.
    pub(super) limit: u64,
    pub(super) keeps_deleted: bool,
    pub(super) ordered: BTreeSet<u16>,
    /// Columns of folders that were scanned and have not changed since.
    pub(super) segments: Segments,
}

fn gone(object: &ObjectId) -> Failure {
    Failure::new(Code::ObjectDeleted, format!("object {object:?} is not there any more"))
}

impl Database {
    /// A database with its store object and root folder.
    pub(super) fn new(uid: Guid) -> Self {
        let (store, root) = (ObjectId::from(1), ObjectId::from(2));
        let mut database = Self {
            objects: HashMap::default(),
            children: BTreeMap::new(),
            counts: BTreeMap::new(),
            queued: BTreeSet::new(),
            store: store.clone(),
            root: root.clone(),
            uid,
            next_id: 3,
            spent: BTreeSet::new(),
            last_arrival: 1,
            commits: 0,
            staged: BTreeMap::new(),
            last_staged: 0,
            feed: VecDeque::new(),
            forgotten: 0,
            used: 0,
            limit: 0,
            keeps_deleted: true,
            ordered: BTreeSet::new(),
            segments: Segments::default(),
        };
        let object =
            |kind, parent, arrival| Object { kind, parent, version: 1, arrival, deleted: false, properties: Cells::default() };
        database.put(&store, Some(Arc::new(object(ObjectKind::Store, None, 0))));
        database.put(&root.clone(), Some(Arc::new(object(ObjectKind::Folder, Some(root), 1))));
        database
    }

    /// The state of an object becomes that; the former one comes back.
    fn put(&mut self, id: &ObjectId, object: Option<Arc<Object>>) -> Option<Arc<Object>> {
        let mut account = |object: &Object, entering: bool| {
            self.used = if entering { self.used + object.size() } else { self.used.saturating_sub(object.size()) };
            if object.properties.get(QUEUE_NUMBER.id()).is_some() {
                match entering {
                    true => self.queued.insert(id.clone()),
                    false => self.queued.remove(id),
                };
            }
            let Some(parent) = object.parent.as_ref().filter(|parent| *parent != id) else { return };
            self.segments.forget(parent);
            let children = self.children.entry(parent.clone()).or_default();
            if entering {
                children.insert(object.arrival, id.clone());
            } else {
                children.remove(&object.arrival);
            }
            self.counts.entry(parent.clone()).or_default().apply(object, entering);
        };
        if let Some(former) = self.objects.get(id) {
            account(former, false);
        }
        match object {
            Some(object) => {
                account(&object, true);
                self.objects.insert(id.clone(), object)
            }
            None => self.objects.remove(id),
        }
    }

    /// The objects with a place in the outgoing queue.
    pub(super) fn queued(&self) -> impl Iterator<Item = (&ObjectId, &Arc<Object>)> {
        self.queued.iter().filter_map(|id| self.objects.get_key_value(id))
    }

    pub(super) fn counts(&self, id: &ObjectId) -> Counts {
        self.counts.get(id).copied().unwrap_or_default()
    }

    /// The children of a container, by ascending arrival numbers.
    pub(super) fn children(&self, id: &ObjectId) -> impl Iterator<Item = (&ObjectId, &Arc<Object>)> {
        self.children_within(id, ..)
    }

    /// The children of a container with these arrival numbers, ascending.
    pub(super) fn children_within(
        &self,
        id: &ObjectId,
        arrivals: impl RangeBounds<u64>,
    ) -> impl DoubleEndedIterator<Item = (&ObjectId, &Arc<Object>)> {
        let places = self.children.get(id).map(|children| children.range(arrivals));
        places.into_iter().flatten().filter_map(|(_, child)| self.objects.get_key_value(child))
    }

    pub(super) fn get(&self, id: &ObjectId) -> Result<&Arc<Object>> {
        self.objects.get(id).ok_or_else(|| Failure::not_found(format!("there is no object {id:?}")))
    }

    /// Whether the object or a container above it is soft-deleted.
    pub(super) fn is_deleted(&self, object: &Object) -> bool {
        self.line(object).any(|above| above.deleted)
    }

    /// The object and the containers above it.
    fn line<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Object> {
        std::iter::successors(Some(object), |below| {
            let parent = self.objects.get(below.parent.as_ref()?)?;
            (!std::ptr::eq(&raw const **parent, *below)).then_some(&**parent)
        })
    }

    pub(super) fn reserve(&mut self, count: u32) -> Vec<ObjectId> {
        let first = self.next_id;
        self.next_id += u64::from(count);
        (first..self.next_id).map(ObjectId::from).collect()
    }

    pub(super) fn stage(&mut self) -> u64 {
        self.last_staged += 1;
        self.staged.insert(self.last_staged, Vec::new());
        self.last_staged
    }

    pub(super) fn append(&mut self, staged: u64, bytes: &[u8]) -> Result<()> {
        let value = self.staged.get_mut(&staged);
        value.ok_or_else(|| Failure::not_found(format!("there is no staged value {staged}")))?.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn discard(&mut self, staged: u64) {
        self.staged.remove(&staged);
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Result<Committed> {
        let mut batch = Transaction::default();
        let used = self.used;
        let result = commit.changes.iter().try_for_each(|change| self.apply(change, &mut batch)).and_then(|()| {
            if self.limit != 0 && self.used > self.limit && self.used > used {
                return Err(Failure::new(Code::NotEnoughDisk, "the store is full; delete something first"));
            }
            Ok(())
        });
        if let Err(failure) = result {
            for (id, former) in batch.former.into_iter().rev() {
                self.put(&id, former);
            }
            return Err(failure);
        }
        for (id, former) in &batch.former {
            if former.is_some() && !self.objects.contains_key(id) {
                self.spent.insert(id.clone());
            }
        }
        for staged in batch.staged {
            self.staged.remove(&staged);
        }
        self.commits += 1;
        for (object, kind, parent, verb, tags) in batch.records {
            self.feed.push_back(FeedRecord {
                commit: self.commits,
                token: commit.token,
                object,
                kind,
                parent,
                verb,
                tags,
                delivery: commit.delivery,
            });
        }
        let objects = batch.results.into_iter().map(|(id, state)| match self.objects.get(&id) {
            Some(object) => (object.version, object.arrival),
            None => state,
        });
        Ok(Committed { objects: objects.collect(), cursor: self.cursor() })
    }

    fn apply(&mut self, change: &Change, batch: &mut Transaction) -> Result<()> {
        match change {
            Change::Create { object, parent, kind, properties } => {
                self.check_new(object)?;
                self.check_parent(parent, *kind)?;
                let mut cells = Cells::default();
                self.assign(&mut cells, properties, batch)?;
                let created = Object {
                    kind: *kind,
                    parent: Some(parent.clone()),
                    version: 1,
                    arrival: self.next_arrival(),
                    deleted: false,
                    properties: cells,
                };
                let tags = properties.iter().map(|property| property.tag).collect();
                self.store(batch, object, created, FeedVerb::Created, tags);
            }
            Change::Set { object, expected, set, delete, quiet } => {
                let mut changed = self.live(object, *expected)?;
                let former = changed.properties.clone();
                self.assign(&mut changed.properties, set, batch)?;
                for tag in delete {
                    changed.properties.remove(tag.id());
                }
                if !quiet {
                    changed.version += 1;
                }
                let value = |cells: &Cells, tag: PropTag| cells.get(tag.id()).map(|cell| cell.value.clone());
                let named = set.iter().map(|property| property.tag).chain(delete.iter().copied());
                let differs = |tag: &PropTag| value(&former, *tag) != value(&changed.properties, *tag);
                let tags = named.filter(differs).collect();
                self.store(batch, object, changed, FeedVerb::Modified, tags);
            }
            Change::Bits { object, tag, set, clear } => {
                let mut changed = self.live(object, Expected::Exists)?;
                let old = match changed.properties.get(tag.id()).map(|cell| &cell.value) {
                    Some(Value::Long(bits)) => bits.cast_unsigned(),
                    _ => 0,
                };
                let new = old & !clear | set;
                let known = changed.properties.get(tag.id()).is_some();
                if known && new == old {
                    // Nothing changes, and nothing is told.
                    batch.results.push((object.clone(), (changed.version, changed.arrival)));
                    return Ok(());
                }
                let value = Value::Long(new.cast_signed());
                let order_key = collation::order_key(&value).filter(|_| self.ordered.contains(&tag.id()));
                let tag = tag.with_kind(PropType::LONG);
                changed.properties.insert(Cell { tag, value, index: Indexed::new(order_key, None) });
                self.store(batch, object, changed, FeedVerb::Modified, vec![tag]);
            }
            Change::Move { object, expected, parent, set, restore } => {
                let mut moved = if *restore { self.expect(object, *expected)? } else { self.live(object, *expected)? };
                let Some(from) = moved.parent.clone().filter(|from| from != object) else {
                    return Err(Failure::new(Code::NoAccess, "the store and its root folder cannot be moved"));
                };
                self.check_parent(parent, moved.kind)?;
                if self.lies_below(parent, object) {
                    return Err(Failure::new(Code::FolderCycle, "a folder cannot be moved into itself"));
                }
                self.assign(&mut moved.properties, set, batch)?;
                moved.parent = Some(parent.clone());
                moved.deleted = false;
                moved.arrival = self.next_arrival();
                let tags = set.iter().map(|property| property.tag).collect();
                self.store(batch, object, moved, FeedVerb::Moved { from }, tags);
            }
            Change::Copy { source, object, parent, set, delete } => self.copy(source, object, parent, set, delete, batch)?,
            Change::Remove { object, expected, hard } => {
                let mut removed = self.expect(object, *expected)?;
                if removed.parent.as_ref().is_none_or(|parent| parent == object) {
                    return Err(Failure::new(Code::NoAccess, "the store and its root folder cannot be removed"));
                }
                let kept = matches!(
                    removed.kind,
                    ObjectKind::Message
                        | ObjectKind::Associated
                        | ObjectKind::DistributionList
                        | ObjectKind::Folder
                        | ObjectKind::SearchFolder
                );
                if *hard || !kept || !self.keeps_deleted {
                    self.remove(object, &removed, batch);
                } else if self.is_deleted(&removed) {
                    return Err(gone(object));
                } else {
                    removed.deleted = true;
                    self.store(batch, object, removed, FeedVerb::Deleted { soft: true }, Vec::new());
                }
            }
        }
        Ok(())
    }

    fn copy(
        &mut self,
        source: &ObjectId,
        object: &ObjectId,
        parent: &ObjectId,
        set: &[StoredProperty],
        delete: &[PropTag],
        batch: &mut Transaction,
    ) -> Result<()> {
        let original = self.expect(source, Expected::Exists)?;
        let (ObjectKind::Message | ObjectKind::Associated | ObjectKind::DistributionList, Some(source_parent)) =
            (original.kind, original.parent.clone())
        else {
            return Err(Failure::invalid("source", "only messages are copied as a whole"));
        };
        self.check_new(object)?;
        self.check_parent(parent, original.kind)?;
        // Listed before anything is stored: a list copied into itself has an end.
        let mut below = Vec::new();
        let mut open = vec![(source.clone(), object.clone())];
        while let Some((from, to)) = open.pop() {
            let children: Vec<_> = self.children(&from).map(|(id, child)| (id.clone(), Arc::clone(child))).collect();
            for (id, child) in children {
                let Some(copy) = self.reserve(1).pop() else { continue };
                below.push((copy.clone(), to.clone(), child));
                open.push((id, copy));
            }
        }
        let mut copied = original;
        self.assign(&mut copied.properties, set, batch)?;
        for tag in delete {
            copied.properties.remove(tag.id());
        }
        copied.parent = Some(parent.clone());
        copied.version = 1;
        copied.deleted = false;
        copied.arrival = self.next_arrival();
        self.store(batch, object, copied, FeedVerb::Copied { source: source.clone(), source_parent }, Vec::new());
        for (id, parent, child) in below {
            let arrival = self.next_arrival();
            let copied = Object { parent: Some(parent), version: 1, arrival, ..(*child).clone() };
            batch.former.push((id.clone(), None));
            self.put(&id, Some(Arc::new(copied)));
        }
        Ok(())
    }

    fn remove(&mut self, object: &ObjectId, state: &Object, batch: &mut Transaction) {
        let mut below = vec![object.clone()];
        let mut next = 0;
        while let Some(id) = below.get(next).cloned() {
            let children: Vec<_> = self.children(&id).map(|(id, _)| id.clone()).collect();
            below.extend(children);
            next += 1;
        }
        for id in below.iter().rev() {
            let former = self.put(id, None);
            batch.former.push((id.clone(), former));
        }
        let parent = state.parent.clone().unwrap_or_else(|| self.root.clone());
        batch.records.push((object.clone(), state.kind, parent, FeedVerb::Deleted { soft: false }, Vec::new()));
        batch.results.push((object.clone(), (state.version, state.arrival)));
    }

    /// Puts an object and notes what is needed to undo and to report it.
    fn store(&mut self, batch: &mut Transaction, id: &ObjectId, object: Object, verb: FeedVerb, tags: Vec<PropTag>) {
        let parent = object.parent.clone().unwrap_or_else(|| id.clone());
        batch.results.push((id.clone(), (object.version, object.arrival)));
        batch.records.push((id.clone(), object.kind, parent, verb, tags));
        let former = self.put(id, Some(Arc::new(object)));
        batch.former.push((id.clone(), former));
    }

    fn next_arrival(&mut self) -> u64 {
        self.last_arrival += 1;
        self.last_arrival
    }

    fn expect(&self, id: &ObjectId, expected: Expected) -> Result<Object> {
        let object = self.objects.get(id).ok_or_else(|| gone(id))?;
        match expected {
            Expected::Version(version) if version != object.version => {
                Err(Failure::new(Code::ObjectChanged, format!("object {id:?} was changed by someone else")))
            }
            _ => Ok((**object).clone()),
        }
    }

    fn live(&self, id: &ObjectId, expected: Expected) -> Result<Object> {
        let object = self.objects.get(id).ok_or_else(|| gone(id))?;
        if self.is_deleted(object) { Err(gone(id)) } else { self.expect(id, expected) }
    }

    fn check_new(&self, id: &ObjectId) -> Result<()> {
        if self.objects.contains_key(id) || self.spent.contains(id) {
            return Err(Failure::new(Code::Collision, format!("object {id:?} exists already")));
        }
        let reserved = <[u8; 8]>::try_from(id.as_bytes()).map(u64::from_be_bytes).is_ok_and(|number| number < self.next_id);
        if reserved { Ok(()) } else { Err(Failure::invalid("object", format!("identifier {id:?} was never reserved"))) }
    }

    fn check_parent(&self, parent: &ObjectId, kind: ObjectKind) -> Result<()> {
        let above = self.objects.get(parent).filter(|above| !self.is_deleted(above)).ok_or_else(|| gone(parent))?;
        match kind {
            ObjectKind::Store => Err(Failure::invalid("kind", "there is one store object, made with the store")),
            ObjectKind::EmbeddedMessage if self.children(parent).next().is_some() => {
                Err(Failure::new(Code::Collision, "the attachment has its embedded message already"))
            }
            _ if above.kind == ObjectKind::Store => Err(Failure::invalid("parent", "nothing lies below the store object")),
            _ => Ok(()),
        }
    }

    /// Whether `id` is `top` or lies somewhere below it.
    fn lies_below(&self, id: &ObjectId, top: &ObjectId) -> bool {
        let Some(top) = self.objects.get(top) else { return false };
        self.objects.get(id).is_some_and(|object| self.line(object).any(|above| std::ptr::eq(above, &raw const **top)))
    }

    fn assign(&self, cells: &mut Cells, set: &[StoredProperty], batch: &mut Transaction) -> Result<()> {
        for property in set {
            let value = match &property.value {
                StoredValue::Inline(value) => value.clone(),
                StoredValue::Staged(staged) => {
                    let bytes = self.staged.get(&staged.number).cloned().ok_or_else(|| {
                        Failure::not_found(format!("there is no staged value {}", staged.number)).with_tag(property.tag)
                    })?;
                    batch.staged.push(staged.number);
                    decode(property.tag, bytes)?
                }
            };
            let index = Indexed::new(property.order_key.clone(), property.folded.clone());
            cells.insert(Cell { tag: property.tag, value, index });
        }
        Ok(())
    }

    /// New keys for what is stored.
    pub(super) fn rekey(&mut self, id: &ObjectId, properties: Vec<StoredProperty>) {
        let Some(object) = self.objects.get(id) else { return };
        let mut object = (**object).clone();
        for property in properties {
            if let Some(cell) = object.properties.get_mut(property.tag.id()) {
                cell.index = Indexed::new(property.order_key, property.folded);
            }
        }
        self.put(id, Some(Arc::new(object)));
    }

    pub(super) fn cursor(&self) -> FeedCursor {
        self.cursor_at(self.forgotten + self.feed.len() as u64)
    }

    fn cursor_at(&self, record: u64) -> FeedCursor {
        FeedCursor([self.uid.as_bytes().as_slice(), &record.to_be_bytes()].concat())
    }

    /// Drops all but the newest records of the feed, as a backend does that keeps its feed for a while only.
    pub(super) fn forget_feed(&mut self, keep: usize) {
        while self.feed.len() > keep {
            self.feed.pop_front();
            self.forgotten += 1;
        }
    }

    pub(super) fn changes(&self, since: &FeedCursor, max: u32) -> FeedPage {
        let newest = self.forgotten + self.feed.len() as u64;
        let place = since.0.strip_prefix(self.uid.as_bytes().as_slice());
        let place = place.and_then(|rest| <[u8; 8]>::try_from(rest).ok()).map(u64::from_be_bytes);
        let Some(place) = place.filter(|place| *place <= newest) else {
            return FeedPage { records: Vec::new(), cursor: self.cursor(), gap: true, more: false };
        };
        let start = place.max(self.forgotten);
        let skip = usize::try_from(start - self.forgotten).unwrap_or(usize::MAX);
        let records: Vec<_> = self.feed.iter().skip(skip).take(max.max(1) as usize).cloned().collect();
        let end = start + records.len() as u64;
        FeedPage { records, cursor: self.cursor_at(end), gap: place < self.forgotten, more: end < newest }
    }
}

/// What a commit has done so far.
#[derive(Default)]
struct Transaction {
    /// Former states, in the order of the changes.
    former: Vec<(ObjectId, Option<Arc<Object>>)>,
    records: Vec<(ObjectId, ObjectKind, ObjectId, FeedVerb, Vec<PropTag>)>,
    results: Vec<(ObjectId, (u64, u64))>,
    staged: Vec<u64>,
}

fn decode(tag: PropTag, bytes: Vec<u8>) -> Result<Value> {
    match tag.kind() {
        PropType::UNICODE => String::from_utf8(bytes)
            .map(Value::Unicode)
            .map_err(|_| Failure::new(Code::InvalidParameter, "a staged PT_UNICODE value is not UTF-8").with_tag(tag)),
        PropType::BINARY | PropType::OBJECT => Ok(Value::Binary(bytes)),
        _ => Err(Failure::new(Code::InvalidParameter, "only strings, binaries and objects are staged").with_tag(tag)),
    }
}
