//! Commits: changes applied in one transaction, with everything that is kept beside the objects - counters,
//! orders, tags, texts and the feed (`stores` 7, 11).

mod copy;
mod create;
mod listing;
mod places;
mod relocate;
mod remove;
mod set;
mod values;

use crate::backends::sqlite::bag::Bag;
use crate::backends::sqlite::commit::places::Places;
use crate::backends::sqlite::feed::{Record, Records};
use crate::backends::sqlite::orders::{Directory, Order};
use crate::backends::sqlite::plan::ORDERED;
use crate::backends::sqlite::schema::{Class, is_folder, kind_of, number_of};
use crate::backends::sqlite::staging::Staging;
use crate::backends::sqlite::state::State;
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::texts;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{Change, Commit, Expected, FeedVerb, ObjectId, ObjectKind, StoredProperty};
use mapi_engine::collation;
use mapi_engine::error::{Code, Failure};
use mapi_engine::properties::{PropTag, Property, Value};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the writer remembers between commits. Each part is checked against the file before it is used.
#[derive(Debug, Default)]
pub(super) struct Memory {
    directories: HashMap<i64, (i64, Directory)>,
    tags: HashSet<(i64, i64, u32)>,
}

/// An object as it is to be stored.
#[derive(Debug)]
struct Row {
    id: i64,
    /// Where it is stored now.
    place: (i64, Class, i64),
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
    places: Places,
    /// The object changed last, not written yet: several changes of one object cost one read and one write.
    held: Option<Row>,
    staged: Vec<u64>,
    records: Records,
    token: u64,
    delivery: bool,
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
            places: Places::default(),
            held: None,
            staged: Vec::new(),
            records: Records::default(),
            token: 0,
            delivery: false,
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
        self.release()?;
        // An object changed twice answers both times what it is in the end.
        let objects = touched.iter().filter_map(|id| states.get(id).copied()).collect();
        (self.token, self.delivery) = (commit.token, commit.delivery);
        if !commit.defer_indexing {
            texts::consolidate(self.connection)?;
        }
        self.finish(objects)
    }

    /// Writes what was gathered.
    pub(super) fn finish(mut self, objects: Vec<(u64, u64)>) -> Outcome<Finished> {
        let mut reordered = HashSet::new();
        for (id, (order, mut directory)) in std::mem::take(&mut self.directories) {
            directory.flush(self.connection, &order)?;
            reordered.insert(order.container);
            self.counters.entry(order.container).or_default();
            // If the transaction fails after all, no order ever has this stamp with this number of commits
            // behind it but a later commit's, which writes its own directory here first.
            self.memory.directories.insert(id, (self.state.commits, directory));
        }
        for (container, [subfolders, contents, associated, unread, gone_folders, gone_contents, gone_associated]) in
            std::mem::take(&mut self.counters)
        {
            let stamp = if reordered.contains(&container) { self.state.commits } else { 0 };
            self.connection
                .prepare_cached(
                    "INSERT INTO counters VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET
                     subfolders = subfolders + ?2, contents = contents + ?3, associated = associated + ?4,
                     unread = unread + ?5, deleted_subfolders = deleted_subfolders + ?6,
                     deleted_contents = deleted_contents + ?7, deleted_associated = deleted_associated + ?8,
                     stamp = max(stamp, ?9)",
                )?
                .execute((
                    container,
                    subfolders,
                    contents,
                    associated,
                    unread,
                    gone_folders,
                    gone_contents,
                    gone_associated,
                    stamp,
                ))?;
        }
        self.records.store(self.connection, &mut self.state, self.token, self.delivery)?;
        Ok(Finished { objects, state: self.state, staged: self.staged })
    }

    /// Makes a change; the object, its version and its arrival number afterwards.
    fn change(&mut self, change: Change) -> Outcome<(i64, i64, i64)> {
        let row = match change {
            Change::Create { object, parent, kind, properties } => {
                self.release()?;
                return self.create(&object, &parent, kind, properties);
            }
            Change::Set { object, expected, set, delete, quiet } => {
                let mut row = self.expect_live(&object, expected)?;
                self.set(&mut row, set, &delete, quiet)?;
                row
            }
            Change::Bits { object, tag, set, clear } => {
                let mut row = self.expect_live(&object, Expected::Exists)?;
                let known = row.bag.long(tag);
                let new = (known.unwrap_or_default() & !clear) | set;
                if known == Some(new) {
                    // Nothing changes, and nothing is told.
                    return Ok(self.hold(row));
                }
                let mut property = StoredProperty::from(Property::new(tag, Value::Long(new.cast_signed())));
                property.order_key = ORDERED
                    .iter()
                    .any(|known| known.id() == tag.id())
                    .then(|| collation::order_key(&Value::Long(new.cast_signed())))
                    .flatten();
                self.set(&mut row, vec![property], &[], true)?;
                row
            }
            Change::Move { object, expected, parent, set, restore } => {
                let mut row = if restore { self.expect(&object, expected)? } else { self.expect_live(&object, expected)? };
                self.relocate(&mut row, &parent, set)?;
                row
            }
            Change::Copy { source, object, parent, set, delete } => {
                self.release()?;
                return self.copy(&source, &object, &parent, set, &delete);
            }
            Change::Remove { object, expected, hard } => {
                let mut row = self.expect(&object, expected)?;
                if !self.remove(&mut row, hard)? {
                    return Ok((row.id, row.version, row.arrival));
                }
                row
            }
        };
        Ok(self.hold(row))
    }

    /// Keeps a changed object until another one is at hand.
    fn hold(&mut self, row: Row) -> (i64, i64, i64) {
        let state = (row.id, row.version, row.arrival);
        self.held = Some(row);
        state
    }

    /// Writes the object that is held.
    fn release(&mut self) -> Outcome<()> {
        match self.held.take() {
            Some(row) => self.update(&row),
            None => Ok(()),
        }
    }

    /// The object as it is by now, to be changed.
    fn take(&mut self, id: i64) -> Outcome<Option<Row>> {
        if let Some(row) = self.held.take_if(|held| held.id == id) {
            return Ok(Some(row));
        }
        self.release()?;
        self.load(id)
    }

    fn load(&self, id: i64) -> Outcome<Option<Row>> {
        self.connection
            .prepare_cached("SELECT parent, class, arrival, kind, version, unread, text, props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?
            .query_row([id], |row| Ok(read_row(id, row)))
            .optional()?
            .transpose()
    }

    fn expect(&mut self, object: &ObjectId, expected: Expected) -> Outcome<Row> {
        let row = match number_of(object) {
            Some(id) => self.take(id)?,
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
    fn expect_live(&mut self, object: &ObjectId, expected: Expected) -> Outcome<Row> {
        let row = self.expect(object, expected)?;
        self.check_live(&row)?;
        Ok(row)
    }

    /// Refuses an object that is soft-deleted or lies below one that is.
    fn check_live(&mut self, row: &Row) -> Outcome<()> {
        if row.class.is_deleted() || !self.places.is_live(self.connection, row.parent)? {
            return Err(Failure::new(Code::ObjectDeleted, "The object was deleted meanwhile.").into());
        }
        Ok(())
    }

    /// The kind of a container that is to take an object in.
    fn parent(&mut self, parent: &ObjectId, kind: ObjectKind) -> Outcome<i64> {
        let gone = || Failure::new(Code::ObjectDeleted, "The container was deleted meanwhile.");
        let id = number_of(parent).ok_or_else(gone)?;
        let found = self.places.kind(self.connection, id)?.ok_or_else(gone)?;
        if !self.places.is_live(self.connection, id)? {
            return Err(gone().into());
        }
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

    fn next_value(&mut self) -> i64 {
        let number = self.state.next_value;
        self.state.next_value += 1;
        number
    }

    /// The state that will be saved.
    pub(super) fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

/// The object with that identifier, from the columns [`Writer::load`] asks for.
fn read_row(id: i64, row: &rusqlite::Row<'_>) -> Outcome<Row> {
    let (parent, class, arrival) = (row.get::<_, Option<i64>>(0)?.unwrap_or_default(), Class(row.get(1)?), row.get(2)?);
    Ok(Row {
        id,
        place: (parent, class, arrival),
        parent,
        class,
        arrival,
        kind: kind_of(row.get(3)?)?,
        version: row.get(4)?,
        unread: row.get(5)?,
        text: row.get(6)?,
        bag: Bag::of(Stored::of(row, 7)?)?,
    })
}

impl Row {
    /// Whether orders are kept of the container it lies in; an embedded message lies in an attachment.
    fn is_ordered(&self) -> bool {
        self.class.is_ordered() && self.kind != ObjectKind::EmbeddedMessage
    }

    fn record(&self, verb: FeedVerb, tags: &[PropTag]) -> Outcome<Record> {
        Ok(Record { object: self.id, kind: self.kind, parent: self.parent, verb, tags: tags.to_vec() })
    }
}
