//! Commits: changes applied in one transaction, with everything that is kept beside the objects - counters,
//! orders, tags, texts and the feed (`stores` 7, 11).

use crate::backends::sqlite::encoding::{Body, Entries, Entry, Large, encode_value};
use crate::backends::sqlite::feed::Records;
use crate::backends::sqlite::large;
use crate::backends::sqlite::orders::{Directory, Order, Place, insert_entry, remove_entry};
use crate::backends::sqlite::plan::{EAGER, ORDERED, SEARCHED};
use crate::backends::sqlite::schema::{Class, ROOT, STORE_OBJECT, is_folder, kind_number, kind_of, number_of};
use crate::backends::sqlite::staging::Staging;
use crate::backends::sqlite::texts;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{Change, Commit, Expected, FeedVerb, ObjectId, ObjectKind, QUEUE_NUMBER, StoredProperty, StoredValue};
use mapi_engine::error::{Code, Failure};
use mapi_engine::properties::{PropTag, PropType, Value, tags};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What the writer remembers between commits. Each part is checked against the file before it is used.
#[derive(Debug, Default)]
pub(super) struct Memory {
    directories: HashMap<i64, (i64, Directory)>,
    tags: HashSet<(i64, i64, u32)>,
}

/// The row of `state`.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) commits: i64,
    pub(super) next_object: i64,
    pub(super) next_arrival: i64,
    pub(super) next_value: i64,
    pub(super) next_text: i64,
    pub(super) feed_floor: i64,
    pub(super) key_version: u32,
}

impl State {
    pub(super) fn load(connection: &Connection) -> Outcome<Self> {
        Ok(connection
            .prepare_cached(
                "SELECT commits, next_object, next_arrival, next_value, next_text, feed_floor, key_version FROM state",
            )?
            .query_row([], |row| {
                Ok(Self {
                    commits: row.get(0)?,
                    next_object: row.get(1)?,
                    next_arrival: row.get(2)?,
                    next_value: row.get(3)?,
                    next_text: row.get(4)?,
                    feed_floor: row.get(5)?,
                    key_version: row.get(6)?,
                })
            })?)
    }

    pub(super) fn save(&self, connection: &Connection) -> Outcome<()> {
        connection
            .prepare_cached(
                "UPDATE state SET commits = ?1, next_object = ?2, next_arrival = ?3, next_value = ?4, next_text = ?5,
                 feed_floor = ?6, key_version = ?7",
            )?
            .execute((
                self.commits,
                self.next_object,
                self.next_arrival,
                self.next_value,
                self.next_text,
                self.feed_floor,
                self.key_version,
            ))?;
        Ok(())
    }
}

/// A property about to be stored.
#[derive(Clone, Debug)]
struct NewEntry {
    tag: PropTag,
    body: NewBody,
    key: Option<Vec<u8>>,
    unsearched: bool,
}

#[derive(Clone, Debug)]
enum NewBody {
    Inline(Vec<u8>),
    Large(Large),
}

impl NewEntry {
    fn as_entry(&self) -> Entry<'_> {
        let body = match &self.body {
            NewBody::Inline(bytes) => Body::Inline(bytes),
            NewBody::Large(large) => Body::Large(*large),
        };
        Entry { tag: self.tag, body, key: self.key.as_deref(), unsearched: self.unsearched }
    }

    fn of(entry: &Entry<'_>) -> Self {
        let body = match entry.body {
            Body::Inline(bytes) => NewBody::Inline(bytes.to_vec()),
            Body::Large(large) => NewBody::Large(large),
        };
        Self { tag: entry.tag, body, key: entry.key.map(<[u8]>::to_vec), unsearched: entry.unsearched }
    }

    fn long(&self) -> Option<u32> {
        match &self.body {
            NewBody::Inline(bytes) if self.tag.kind() == PropType::LONG => {
                Some(u32::from_le_bytes(bytes.as_slice().try_into().ok()?))
            }
            _ => None,
        }
    }

    fn i8(&self) -> Option<i64> {
        match &self.body {
            NewBody::Inline(bytes) if self.tag.kind() == PropType::I8 => {
                Some(i64::from_le_bytes(bytes.as_slice().try_into().ok()?))
            }
            _ => None,
        }
    }
}

/// The texts to be searched, folded.
type Folded = Vec<(PropTag, String)>;

/// The properties of an object while they change.
type Bag = BTreeMap<u16, NewEntry>;

fn bag_of(props: &[u8]) -> Outcome<Bag> {
    Entries::new(props)
        .map(|entry| {
            let entry = entry?;
            Ok((entry.tag.id(), NewEntry::of(&entry)))
        })
        .collect()
}

fn stored(bag: &Bag) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    for entry in bag.values() {
        entry.as_entry().write(&mut out);
    }
    out
}

fn key_in(bag: &Bag, tag: u32) -> Option<&[u8]> {
    let tag = PropTag(tag);
    bag.get(&tag.id()).filter(|entry| entry.tag.kind().same_family(tag.kind())).and_then(|entry| entry.key.as_deref())
}

/// A message is unread while bit 0 of its flags is clear.
fn unread(kind: ObjectKind, bag: &Bag) -> bool {
    matches!(kind, ObjectKind::Message | ObjectKind::DistributionList)
        && bag.get(&tags::MESSAGE_FLAGS.id()).and_then(NewEntry::long).unwrap_or_default() & 1 == 0
}

fn queue_number(kind: ObjectKind, bag: &Bag) -> Option<i64> {
    if kind == ObjectKind::Message { bag.get(&QUEUE_NUMBER.id()).and_then(NewEntry::i8) } else { None }
}

/// An object as it is stored.
#[derive(Debug)]
struct Row {
    id: i64,
    parent: i64,
    class: Class,
    arrival: i64,
    kind: ObjectKind,
    version: i64,
    unread: bool,
    text: Option<i64>,
    bag: Bag,
}

/// A commit in progress.
pub(super) struct Writer<'a> {
    connection: &'a Connection,
    staging: &'a Staging,
    memory: &'a mut Memory,
    state: State,
    counters: BTreeMap<i64, [i64; 7]>,
    orders: HashMap<(i64, Class), Vec<Order>>,
    directories: HashMap<i64, (Order, Directory)>,
    parents: HashMap<i64, ObjectKind>,
    staged: Vec<u64>,
    records: Records,
}

/// What a finished commit hands back.
pub(super) struct Finished {
    pub(super) objects: Vec<(u64, u64)>,
    pub(super) state: State,
    /// The staged values that were used.
    pub(super) staged: Vec<u64>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(connection: &'a Connection, staging: &'a Staging, memory: &'a mut Memory) -> Outcome<Self> {
        let mut state = State::load(connection)?;
        state.commits += 1;
        Ok(Self {
            connection,
            staging,
            memory,
            state,
            counters: BTreeMap::new(),
            orders: HashMap::new(),
            directories: HashMap::new(),
            parents: HashMap::new(),
            staged: Vec::new(),
            records: Records::default(),
        })
    }

    /// Applies a commit up to the transaction's own.
    pub(super) fn apply(mut self, commit: Commit) -> Outcome<Finished> {
        let mut touched = Vec::with_capacity(commit.changes.len());
        let mut states = HashMap::new();
        for change in commit.changes {
            let (id, version, arrival) = self.change(change)?;
            touched.push(id);
            states.insert(id, (version.cast_unsigned(), arrival.cast_unsigned()));
        }
        // An object changed twice answers both times what it is in the end.
        let objects = touched.iter().filter_map(|id| states.get(id).copied()).collect();
        self.records.store(self.connection, &mut self.state, commit.token, commit.delivery)?;
        if !commit.defer_indexing {
            texts::consolidate(self.connection)?;
        }
        self.finish(objects)
    }

    /// Writes what was gathered.
    pub(super) fn finish(mut self, objects: Vec<(u64, u64)>) -> Outcome<Finished> {
        for (container, [subfolders, contents, associated, unread, gone_folders, gone_contents, gone_associated]) in
            std::mem::take(&mut self.counters)
        {
            self.connection
                .prepare_cached(
                    "INSERT INTO counters VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET
                     subfolders = subfolders + ?2, contents = contents + ?3, associated = associated + ?4,
                     unread = unread + ?5, deleted_subfolders = deleted_subfolders + ?6,
                     deleted_contents = deleted_contents + ?7, deleted_associated = deleted_associated + ?8",
                )?
                .execute((container, subfolders, contents, associated, unread, gone_folders, gone_contents, gone_associated))?;
        }
        for (id, (order, mut directory)) in std::mem::take(&mut self.directories) {
            directory.flush(self.connection, &order)?;
            self.connection.prepare_cached("UPDATE orders SET stamp = ?2 WHERE id = ?1")?.execute((id, self.state.commits))?;
            // If the transaction fails after all, no order ever has this stamp with this number of commits
            // behind it but a later commit's, which writes its own directory here first.
            self.memory.directories.insert(id, (self.state.commits, directory));
        }
        self.state.save(self.connection)?;
        Ok(Finished { objects, state: self.state, staged: self.staged })
    }

    fn change(&mut self, change: Change) -> Outcome<(i64, i64, i64)> {
        match change {
            Change::Create { object, parent, kind, properties } => self.create(&object, &parent, kind, properties),
            Change::Set { object, expected, set, delete, quiet } => {
                let row = self.expect_live(&object, expected)?;
                self.set(row, set, &delete, quiet)
            }
            Change::Bits { object, tag, set, clear } => {
                let row = self.expect_live(&object, Expected::Exists)?;
                let known = row.bag.get(&tag.id()).and_then(NewEntry::long);
                let old = known.unwrap_or_default();
                let new = (old & !clear) | set;
                if known == Some(new) {
                    // Nothing changes, and nothing is told.
                    return Ok((row.id, row.version, row.arrival));
                }
                let mut property =
                    StoredProperty::from(mapi_engine::properties::Property::new(tag, Value::Long(new.cast_signed())));
                property.order_key = ORDERED
                    .iter()
                    .any(|known| known.id() == tag.id())
                    .then(|| mapi_engine::collation::order_key(&Value::Long(new.cast_signed())))
                    .flatten();
                self.set(row, vec![property], &[], true)
            }
            Change::Move { object, expected, parent, set, restore } => {
                let row = if restore { self.expect(&object, expected)? } else { self.expect_live(&object, expected)? };
                self.relocate(row, &parent, set)
            }
            Change::Copy { source, object, parent, set, delete } => self.copy(&source, &object, &parent, set, &delete),
            Change::Remove { object, expected, hard } => {
                let row = self.expect(&object, expected)?;
                self.remove(row, hard)
            }
        }
    }

    fn load(&self, id: i64) -> Outcome<Option<Row>> {
        self.connection
            .prepare_cached("SELECT parent, class, arrival, kind, version, unread, text, props FROM objects WHERE id = ?1")?
            .query_row([id], |row| {
                Ok((
                    row.get::<_, Option<i64>>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, bool>(5)?,
                    row.get::<_, Option<i64>>(6)?,
                    row.get::<_, Vec<u8>>(7)?,
                ))
            })
            .optional()?
            .map(|(parent, class, arrival, kind, version, unread, text, props)| {
                Ok(Row {
                    id,
                    parent: parent.unwrap_or_default(),
                    class: Class(class),
                    arrival,
                    kind: kind_of(kind)?,
                    version,
                    unread,
                    text,
                    bag: bag_of(&props)?,
                })
            })
            .transpose()
    }

    fn expect(&self, object: &ObjectId, expected: Expected) -> Outcome<Row> {
        let row = match number_of(object) {
            Some(id) => self.load(id)?,
            None => None,
        };
        let row = row.ok_or_else(|| Failure::new(Code::ObjectDeleted, "The object was deleted meanwhile."))?;
        match expected {
            Expected::Version(version) if version.cast_signed() != row.version => {
                Err(Failure::new(Code::ObjectChanged, "The object was changed meanwhile by someone else.").into())
            }
            _ => Ok(row),
        }
    }

    /// As `expect`, refusing an object that is soft-deleted or lies below one that is.
    fn expect_live(&self, object: &ObjectId, expected: Expected) -> Outcome<Row> {
        let row = self.expect(object, expected)?;
        if row.class.is_deleted() || lies_in_deleted(self.connection, row.parent)? {
            return Err(Failure::new(Code::ObjectDeleted, "The object was deleted meanwhile.").into());
        }
        Ok(row)
    }

    /// The kind of a container that is to take an object in.
    fn parent(&mut self, parent: &ObjectId, kind: ObjectKind) -> Outcome<i64> {
        let gone = || Failure::new(Code::ObjectDeleted, "The container was deleted meanwhile.");
        let id = number_of(parent).ok_or_else(gone)?;
        let found = match self.parents.get(&id) {
            Some(found) => *found,
            None => {
                let number = self
                    .connection
                    .prepare_cached("SELECT kind FROM objects WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))
                    .optional()?
                    .ok_or_else(gone)?;
                if lies_in_deleted(self.connection, id)? {
                    return Err(gone().into());
                }
                let found = kind_of(number)?;
                self.parents.insert(id, found);
                found
            }
        };
        let fits = match kind {
            ObjectKind::Store => false,
            ObjectKind::Folder | ObjectKind::SearchFolder | ObjectKind::Associated => is_folder(found),
            // A distribution list is the container of its members.
            ObjectKind::Message | ObjectKind::DistributionList => is_folder(found) || found == ObjectKind::DistributionList,
            ObjectKind::Recipient | ObjectKind::Attachment => {
                matches!(found, ObjectKind::Message | ObjectKind::Associated | ObjectKind::EmbeddedMessage)
            }
            ObjectKind::EmbeddedMessage => found == ObjectKind::Attachment,
        };
        if fits { Ok(id) } else { Err(Failure::invalid("parent", "An object of that kind cannot lie there.").into()) }
    }

    fn new_object(&self, object: &ObjectId) -> Outcome<i64> {
        number_of(object)
            .filter(|id| *id < self.state.next_object)
            .ok_or_else(|| Failure::invalid("object", "The identifier was not reserved in this store.").into())
    }

    fn arrive(&mut self) -> i64 {
        let arrival = self.state.next_arrival;
        self.state.next_arrival += 1;
        arrival
    }

    /// Stores the values and splits off the folded texts.
    fn take_in(&mut self, properties: Vec<StoredProperty>) -> Outcome<(Vec<NewEntry>, Folded)> {
        let mut entries = Vec::with_capacity(properties.len());
        let mut folded = Vec::new();
        for property in properties {
            let searched = SEARCHED.iter().any(|tag| tag.id() == property.tag.id());
            let (tag, body) = match property.value {
                StoredValue::Inline(value) => {
                    let bytes = encode_value(&value);
                    let tag = property.tag.with_kind(value.kind());
                    if bytes.len() > large::INLINE {
                        let number = self.next_value();
                        large::store(self.connection, number, &bytes)?;
                        (tag, NewBody::Large(Large { number, bytes: bytes.len() as u64, size: value.size() }))
                    } else {
                        (tag, NewBody::Inline(bytes))
                    }
                }
                StoredValue::Staged(staged) => {
                    let value = self.staging.find(staged.number)?;
                    let number = self.next_value();
                    let bytes = value.store(self.connection, number)?;
                    self.staged.push(staged.number);
                    (property.tag, NewBody::Large(Large { number, bytes, size: staged.size }))
                }
            };
            let unsearched = searched && property.folded.is_none() && tag.kind() == PropType::UNICODE;
            entries.push(NewEntry { tag, body, key: property.order_key, unsearched });
            if let Some(text) = property.folded.filter(|_| searched) {
                folded.push((tag, text));
            }
        }
        Ok((entries, folded))
    }

    fn next_value(&mut self) -> i64 {
        let number = self.state.next_value;
        self.state.next_value += 1;
        number
    }

    fn append_texts(&mut self, object: i64, folded: &[(u16, &[u8])]) -> Outcome<i64> {
        let serial = self.state.next_text;
        self.state.next_text += 1;
        texts::append(self.connection, serial, object, folded)?;
        Ok(serial)
    }

    fn create(
        &mut self,
        object: &ObjectId,
        parent: &ObjectId,
        kind: ObjectKind,
        properties: Vec<StoredProperty>,
    ) -> Outcome<(i64, i64, i64)> {
        let id = self.new_object(object)?;
        let parent = self.parent(parent, kind)?;
        let (entries, folded) = self.take_in(properties)?;
        let folded: Vec<(u16, &[u8])> = folded.iter().map(|(tag, text)| (tag.id(), text.as_bytes())).collect();
        let text = if folded.is_empty() { None } else { Some(self.append_texts(id, &folded)?) };
        let bag: Bag = entries.into_iter().map(|entry| (entry.tag.id(), entry)).collect();
        let row = self.insert(id, parent, kind, bag, text)?;
        self.records.add(&row.record(FeedVerb::Created, &[])?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Adds an object with everything kept beside it, but no record.
    fn insert(&mut self, id: i64, parent: i64, kind: ObjectKind, bag: Bag, text: Option<i64>) -> Outcome<Row> {
        let arrival = self.arrive();
        let class = Class::of(kind);
        let row = Row { id, parent, class, arrival, kind, version: 1, unread: unread(kind, &bag), text, bag };
        if kind == ObjectKind::EmbeddedMessage && self.has_children(parent)? {
            return Err(Failure::new(Code::Collision, "The attachment has an embedded message already.").into());
        }
        let props = stored(&row.bag);
        let inserted = self
            .connection
            .prepare_cached(
                "INSERT INTO objects(id, parent, class, arrival, kind, version, unread, queue, text, props)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9)",
            )?
            .execute((id, parent, class.0, arrival, kind_number(kind), row.unread, queue_number(kind, &row.bag), text, props));
        match inserted {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(Failure::new(Code::Collision, "An object with that identifier exists already.").into());
            }
            other => other?,
        };
        self.mark_unsearched(&row)?;
        self.enter(&row)?;
        Ok(row)
    }

    fn has_children(&self, parent: i64) -> Outcome<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM objects WHERE parent = ?1 LIMIT 1")?.exists([parent])?)
    }

    fn mark_unsearched(&self, row: &Row) -> Outcome<()> {
        for entry in row.bag.values().filter(|entry| entry.unsearched) {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO unsearched(tag, object) VALUES (?1, ?2)")?
                .execute((entry.tag.id(), row.id))?;
        }
        Ok(())
    }

    /// Counts an object in its container and adds it to the orders kept there.
    fn enter(&mut self, row: &Row) -> Outcome<()> {
        self.count(row, 1);
        let in_folder = matches!(self.parents.get(&row.parent), Some(kind) if is_folder(*kind));
        if !in_folder {
            return Ok(());
        }
        self.note_tags(row)?;
        if row.is_ordered() {
            for order in self.orders_of(row.parent, row.class)? {
                let place = order.place(key_in(&row.bag, order.tag), row.arrival);
                insert_entry(self.connection, &order, &place, row.id)?;
                self.directory(&order)?.add(&place);
            }
        }
        Ok(())
    }

    /// The opposite of `enter`.
    fn leave(&mut self, row: &Row) -> Outcome<()> {
        self.count(row, -1);
        if row.is_ordered() {
            for order in self.orders_of(row.parent, row.class)? {
                let place = order.place(key_in(&row.bag, order.tag), row.arrival);
                remove_entry(self.connection, &order, &place)?;
                self.directory(&order)?.subtract(&place);
            }
        }
        Ok(())
    }

    fn count(&mut self, row: &Row, by: i64) {
        let Some(counter) = row.class.counter() else { return };
        if row.kind == ObjectKind::EmbeddedMessage {
            return;
        }
        let counters = self.counters.entry(row.parent).or_default();
        counters[counter] += by;
        if row.class == Class::CONTENT && row.unread {
            counters[3] += by;
        }
    }

    fn note_tags(&mut self, row: &Row) -> Outcome<()> {
        let class = row.class.live();
        for entry in row.bag.values() {
            if self.memory.tags.insert((row.parent, class.0, entry.tag.0)) {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO tags(container, class, tag) VALUES (?1, ?2, ?3)")?
                    .execute((row.parent, class.0, entry.tag.0))?;
            }
        }
        Ok(())
    }

    /// The orders kept for a folder; the usual ones begin with its first object.
    fn orders_of(&mut self, container: i64, class: Class) -> Outcome<Vec<Order>> {
        if let Some(orders) = self.orders.get(&(container, class)) {
            return Ok(orders.clone());
        }
        let mut orders = Order::of(self.connection, container, class)?;
        if orders.is_empty() {
            orders.push(Order::create(self.connection, container, class, 0)?);
            for tag in EAGER {
                orders.push(Order::create(self.connection, container, class, tag.0)?);
            }
        }
        self.orders.insert((container, class), orders.clone());
        Ok(orders)
    }

    fn directory(&mut self, order: &Order) -> Outcome<&mut Directory> {
        match self.directories.entry(order.id) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let directory = match self.memory.directories.remove(&order.id) {
                    Some((stamp, directory)) if stamp == order.stamp => directory,
                    _ => Directory::load(self.connection, order.id)?,
                };
                Ok(&mut entry.insert((*order, directory)).1)
            }
        }
    }

    fn set(&mut self, mut row: Row, set: Vec<StoredProperty>, delete: &[PropTag], quiet: bool) -> Outcome<(i64, i64, i64)> {
        let changed = self.merge(&mut row, set, delete)?;
        if !quiet {
            row.version += 1;
        }
        self.update(&row)?;
        self.records.add(&row.record(FeedVerb::Modified, &changed)?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Changes the properties of a stored object and everything kept beside them, but not its row. The tags changed.
    fn merge(&mut self, row: &mut Row, set: Vec<StoredProperty>, delete: &[PropTag]) -> Outcome<Vec<PropTag>> {
        let (entries, folded) = self.take_in(set)?;
        let old_keys: Vec<_> = ORDERED.iter().map(|tag| key_in(&row.bag, tag.0).map(<[u8]>::to_vec)).collect();
        let mut changed = Vec::new();
        let mut retext = !folded.is_empty();
        let mut gone = Vec::new();
        for tag in delete {
            if let Some(old) = row.bag.remove(&tag.id()) {
                changed.push(old.tag);
                gone.push(old);
            }
        }
        for entry in entries {
            changed.push(entry.tag);
            if let Some(old) = row.bag.insert(entry.tag.id(), entry) {
                gone.push(old);
            }
        }
        for old in gone {
            retext |= SEARCHED.iter().any(|tag| tag.id() == old.tag.id());
            if let NewBody::Large(large) = old.body {
                large::remove(self.connection, large.number)?;
            }
            if old.unsearched {
                self.connection
                    .prepare_cached("DELETE FROM unsearched WHERE tag = ?1 AND object = ?2")?
                    .execute((old.tag.id(), row.id))?;
            }
        }
        if retext {
            let kept = match row.text {
                Some(serial) => texts::fetch(self.connection, row.id, serial)?,
                None => Vec::new(),
            };
            let mut now: BTreeMap<u16, &[u8]> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
            for tag in delete.iter().chain(&changed) {
                now.remove(&tag.id());
            }
            now.extend(folded.iter().map(|(tag, text)| (tag.id(), text.as_bytes())));
            let now: Vec<(u16, &[u8])> = now.into_iter().collect();
            row.text = self.retext(row.id, row.text, &now)?;
        }
        self.mark_unsearched(row)?;
        self.reorder(row, &old_keys)?;
        let now_unread = unread(row.kind, &row.bag);
        if row.class == Class::CONTENT && now_unread != row.unread {
            self.counters.entry(row.parent).or_default()[3] += if now_unread { 1 } else { -1 };
        }
        row.unread = now_unread;
        if row.class != Class::NONE && !changed.is_empty() {
            let folder = self
                .connection
                .prepare_cached("SELECT kind FROM objects WHERE id = ?1")?
                .query_row([row.parent], |parent| parent.get::<_, i64>(0))
                .optional()?;
            if folder.map(kind_of).transpose()?.is_some_and(is_folder) {
                self.note_tags(row)?;
            }
        }
        Ok(changed)
    }

    /// Replaces the searched texts of an object.
    fn retext(&mut self, id: i64, old: Option<i64>, now: &[(u16, &[u8])]) -> Outcome<Option<i64>> {
        let serial = if now.is_empty() { None } else { Some(self.append_texts(id, now)?) };
        if old.is_some() {
            texts::supersede(self.connection, id, serial.unwrap_or(self.state.next_text))?;
        }
        Ok(serial)
    }

    /// Moves an object within the orders whose keys have changed; `old_keys` as `ORDERED`.
    fn reorder(&mut self, row: &Row, old_keys: &[Option<Vec<u8>>]) -> Outcome<()> {
        if !row.is_ordered() {
            return Ok(());
        }
        let same = ORDERED.iter().zip(old_keys).all(|(tag, old)| old.as_deref() == key_in(&row.bag, tag.0));
        if same {
            return Ok(());
        }
        for order in self.orders_of(row.parent, row.class)? {
            let Some(place) = ORDERED.iter().position(|tag| tag.0 == order.tag) else { continue };
            let old = order.place(old_keys.get(place).and_then(Option::as_deref), row.arrival);
            let new = order.place(key_in(&row.bag, order.tag), row.arrival);
            if old != new {
                remove_entry(self.connection, &order, &old)?;
                self.directory(&order)?.subtract(&old);
                insert_entry(self.connection, &order, &new, row.id)?;
                self.directory(&order)?.add(&new);
            }
        }
        Ok(())
    }

    fn update(&self, row: &Row) -> Outcome<()> {
        self.connection
            .prepare_cached(
                "UPDATE objects SET parent = ?2, class = ?3, arrival = ?4, version = ?5, unread = ?6, queue = ?7, text = ?8,
                 props = ?9 WHERE id = ?1",
            )?
            .execute((
                row.id,
                if row.kind == ObjectKind::Store { None } else { Some(row.parent) },
                row.class.0,
                row.arrival,
                row.version,
                row.unread,
                queue_number(row.kind, &row.bag),
                row.text,
                stored(&row.bag),
            ))?;
        Ok(())
    }

    fn relocate(&mut self, mut row: Row, parent: &ObjectId, set: Vec<StoredProperty>) -> Outcome<(i64, i64, i64)> {
        let parent = self.parent(parent, row.kind)?;
        if row.class == Class::NONE {
            return Err(Failure::new(Code::NoAccess, "The root folder cannot be moved.").into());
        }
        if is_folder(row.kind) && self.lies_in(parent, row.id)? {
            return Err(Failure::new(Code::FolderCycle, "A folder cannot be moved into itself or below itself.").into());
        }
        let from = row.parent;
        self.leave(&row)?;
        row.parent = parent;
        row.class = row.class.live();
        row.arrival = self.arrive();
        // The new container must list it before its values change there.
        self.enter(&row)?;
        let changed = self.merge(&mut row, set, &[])?;
        self.update(&row)?;
        self.records.add(&row.record(FeedVerb::Moved { from: crate::backends::sqlite::schema::name_of(from)? }, &changed)?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Whether `inner` is `outer` or lies below it.
    fn lies_in(&self, inner: i64, outer: i64) -> Outcome<bool> {
        let mut place = inner;
        let mut seen = BTreeSet::new();
        while seen.insert(place) {
            if place == outer {
                return Ok(true);
            }
            let parent: Option<Option<i64>> = self
                .connection
                .prepare_cached("SELECT parent FROM objects WHERE id = ?1")?
                .query_row([place], |row| row.get(0))
                .optional()?;
            match parent.flatten() {
                Some(parent) => place = parent,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    fn copy(
        &mut self,
        source: &ObjectId,
        object: &ObjectId,
        parent: &ObjectId,
        set: Vec<StoredProperty>,
        delete: &[PropTag],
    ) -> Outcome<(i64, i64, i64)> {
        let original = self.expect(source, Expected::Exists)?;
        if matches!(original.kind, ObjectKind::Store | ObjectKind::Folder | ObjectKind::SearchFolder) {
            return Err(Failure::invalid("source", "Only messages are copied as a whole.").into());
        }
        let id = self.new_object(object)?;
        let parent = self.parent(parent, original.kind)?;
        let verb = FeedVerb::Copied {
            source: source.clone(),
            source_parent: crate::backends::sqlite::schema::name_of(original.parent)?,
        };
        let original_id = original.id;
        let mut row = self.duplicate(original, id, parent)?;
        self.merge(&mut row, set, delete)?;
        self.update(&row)?;
        self.copy_below(original_id, id)?;
        self.records.add(&row.record(verb, &[])?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Copies one object without what lies below it.
    fn duplicate(&mut self, original: Row, id: i64, parent: i64) -> Outcome<Row> {
        let mut bag = original.bag;
        for entry in bag.values_mut() {
            if let NewBody::Large(large) = &mut entry.body {
                let number = self.next_value();
                large::copy(self.connection, large.number, number)?;
                large.number = number;
            }
        }
        let text = match original.text {
            Some(serial) => {
                let kept = texts::fetch(self.connection, original.id, serial)?;
                let kept: Vec<(u16, &[u8])> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
                Some(self.append_texts(id, &kept)?)
            }
            None => None,
        };
        self.insert(id, parent, original.kind, bag, text)
    }

    fn copy_below(&mut self, source: i64, copy: i64) -> Outcome<()> {
        for child in self.children(source)? {
            let Some(row) = self.load(child)?.filter(|row| !row.class.is_deleted()) else { continue };
            let id = self.state.next_object;
            self.state.next_object += 1;
            self.duplicate(row, id, copy)?;
            self.copy_below(child, id)?;
        }
        Ok(())
    }

    fn children(&self, parent: i64) -> Outcome<Vec<i64>> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM objects WHERE parent = ?1 AND id <> ?1 ORDER BY class, arrival")?;
        let rows = statement.query_map([parent], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn remove(&mut self, mut row: Row, hard: bool) -> Outcome<(i64, i64, i64)> {
        if row.id == STORE_OBJECT || row.id == ROOT {
            return Err(Failure::new(Code::NoAccess, "The store object and the root folder cannot be removed.").into());
        }
        let keeps = row.class.deleted().counter().is_some() && row.kind != ObjectKind::EmbeddedMessage;
        let record = row.record(FeedVerb::Deleted { soft: keeps && !hard }, &[])?;
        if keeps && !hard {
            if row.class.is_deleted() || lies_in_deleted(self.connection, row.parent)? {
                return Err(Failure::new(Code::ObjectDeleted, "The object was deleted meanwhile.").into());
            }
            self.leave(&row)?;
            row.class = row.class.deleted();
            self.count(&row, 1);
            self.update(&row)?;
            self.records.add(&record);
            // What was known to take objects in may lie below this one.
            self.parents.clear();
        } else {
            self.leave(&row)?;
            self.erase(&row)?;
            self.records.add(&record);
        }
        Ok((row.id, row.version, row.arrival))
    }

    /// Removes an object that has left its container, with all below it.
    fn erase(&mut self, row: &Row) -> Outcome<()> {
        let mut waiting = vec![row.id];
        while let Some(id) = waiting.pop() {
            waiting.extend(self.children(id)?);
            let Some(row) = self.load(id)? else { continue };
            for entry in row.bag.values() {
                if let NewBody::Large(large) = entry.body {
                    large::remove(self.connection, large.number)?;
                }
                if entry.unsearched {
                    self.connection
                        .prepare_cached("DELETE FROM unsearched WHERE tag = ?1 AND object = ?2")?
                        .execute((entry.tag.id(), id))?;
                }
            }
            if row.text.is_some() {
                texts::supersede(self.connection, id, i64::MAX)?;
            }
            if is_folder(row.kind) {
                for class in [Class::CONTENT, Class::ASSOCIATED] {
                    for order in Order::of(self.connection, id, class)? {
                        order.forget(self.connection)?;
                        self.directories.remove(&order.id);
                    }
                    self.orders.remove(&(id, class));
                }
                self.counters.remove(&id);
                for statement in ["DELETE FROM counters WHERE container = ?1", "DELETE FROM tags WHERE container = ?1"] {
                    self.connection.prepare_cached(statement)?.execute([id])?;
                }
            }
            self.parents.remove(&id);
            self.connection.prepare_cached("DELETE FROM objects WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }

    /// Replaces order keys and folded texts of an object; its version stays.
    pub(super) fn rekey(&mut self, object: &ObjectId, properties: Vec<StoredProperty>) -> Outcome<()> {
        let Some(mut row) = number_of(object).map(|id| self.load(id)).transpose()?.flatten() else { return Ok(()) };
        let old_keys: Vec<_> = ORDERED.iter().map(|tag| key_in(&row.bag, tag.0).map(<[u8]>::to_vec)).collect();
        let mut now = BTreeMap::new();
        for property in properties {
            if let Some(entry) = row.bag.get_mut(&property.tag.id()) {
                entry.key = property.order_key;
                if let Some(text) = property.folded.filter(|_| SEARCHED.iter().any(|tag| tag.id() == property.tag.id())) {
                    entry.unsearched = false;
                    now.insert(property.tag.id(), text);
                }
            }
        }
        let kept = match row.text {
            Some(serial) => texts::fetch(self.connection, row.id, serial)?,
            None => Vec::new(),
        };
        let mut all: BTreeMap<u16, &[u8]> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
        all.extend(now.iter().map(|(id, text)| (*id, text.as_bytes())));
        if !now.is_empty() {
            let all: Vec<(u16, &[u8])> = all.into_iter().collect();
            row.text = self.retext(row.id, row.text, &all)?;
        }
        self.reorder(&row, &old_keys)?;
        self.update(&row)
    }

    /// The state that will be saved.
    pub(super) fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Begins to keep an order of a folder by that tag.
    pub(super) fn keep_order(&mut self, container: i64, class: Class, tag: u32) -> Outcome<()> {
        if Order::find(self.connection, container, class, tag)?.is_some() {
            return Ok(());
        }
        let order = Order::create(self.connection, container, class, tag)?;
        let mut places: Vec<(Place, i64)> = Vec::new();
        {
            let mut statement =
                self.connection.prepare_cached("SELECT id, arrival, props FROM objects WHERE parent = ?1 AND class = ?2")?;
            let mut rows = statement.query((container, class.0))?;
            while let Some(row) = rows.next()? {
                let props = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
                let wanted = PropTag(tag);
                let key = Entries::find(props, wanted.id())?
                    .filter(|entry| entry.tag.kind().same_family(wanted.kind()))
                    .and_then(|entry| entry.key);
                places.push((order.place(key, row.get(1)?), row.get(0)?));
            }
        }
        places.sort_unstable();
        for (place, object) in &places {
            insert_entry(self.connection, &order, place, *object)?;
            self.directory(&order)?.add(place);
        }
        Ok(())
    }
}

/// Whether an object is soft-deleted or lies below one that is.
pub(super) fn lies_in_deleted(connection: &Connection, object: i64) -> Outcome<bool> {
    let mut place = object;
    let mut seen = BTreeSet::new();
    let mut statement = connection.prepare_cached("SELECT parent, class FROM objects WHERE id = ?1")?;
    while seen.insert(place) {
        let found: Option<(Option<i64>, i64)> = statement.query_row([place], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((_, class)) if Class(class).is_deleted() => return Ok(true),
            Some((Some(parent), _)) => place = parent,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

impl Row {
    /// Whether orders are kept of the container it lies in; an embedded message lies in an attachment.
    fn is_ordered(&self) -> bool {
        self.class.is_ordered() && self.kind != ObjectKind::EmbeddedMessage
    }

    fn record(&self, verb: FeedVerb, tags: &[PropTag]) -> Outcome<crate::backends::sqlite::feed::Record> {
        Ok(crate::backends::sqlite::feed::Record {
            object: self.id,
            kind: self.kind,
            parent: self.parent,
            verb,
            tags: tags.to_vec(),
        })
    }
}

impl From<rusqlite::types::FromSqlError> for Trouble {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sql(error.into())
    }
}
