//! The rules of `tables` 8 and of "Categorized views" in `tables` 11, over a store in memory.

mod model;
mod programs;
mod rules;

use crate::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects, ScanKind, Store};
use crate::memory::{MemoryStore, PushDown};
use crate::notifications::{HandleQueue, Notification, Notifications, TableNotification};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::session::Alive;
use crate::tables::nothing_computed::NothingComputed;
use crate::tables::{Abilities, Bookmark, DefaultOrder, Feed, StoredRows, StoredRowsOptions, TBL_NOADVANCE, Table};
use std::collections::BTreeMap;
use std::rc::Rc;

const NAME: PropTag = PropTag(0x6810_0003);
const TEXT: PropTag = tags::SUBJECT;
const LONG: PropTag = tags::IMPORTANCE;
const TIME: PropTag = tags::MESSAGE_DELIVERY_TIME;
const FLAGS: PropTag = tags::MESSAGE_FLAGS;
const COLUMNS: [PropTag; 9] =
    [NAME, tags::ROW_TYPE, tags::DEPTH, tags::CONTENT_COUNT, tags::CONTENT_UNREAD, TEXT, LONG, TIME, tags::INSTANCE_KEY];

type Cells = Vec<Property>;

fn find(cells: &Cells, tag: PropTag) -> Option<Value> {
    cells.iter().find(|cell| cell.tag == tag).map(|cell| cell.value.clone())
}

struct World {
    store: Rc<MemoryStore>,
    feed: Rc<Feed>,
    folder: ObjectId,
    ids: BTreeMap<i32, ObjectId>,
    notifications: Notifications,
    queue: Rc<HandleQueue>,
}

impl World {
    fn new() -> Self {
        let store = Rc::new(MemoryStore::new(Guid::default(), "categories"));
        // A row that goes and one that comes in one commit: a view that is pushed down knows no order of the two.
        store.set_push_down(PushDown::NONE);
        let feed = Feed::open(store.clone()).unwrap().unwrap();
        let folder = store.identity().root;
        let notifications = Notifications::default();
        let queue = notifications.open_queue();
        Self { store, feed, folder, ids: BTreeMap::new(), notifications, queue }
    }

    fn table(&self) -> Table {
        let options = StoredRowsOptions {
            container: self.folder.clone(),
            kind: ScanKind::Contents,
            abilities: Abilities::CONTENTS,
            default_columns: COLUMNS.to_vec(),
            default_order: DefaultOrder::default(),
        };
        let rows = StoredRows::new(self.store.clone(), Rc::new(NothingComputed), Some(self.feed.clone()), options);
        Table::new(rows, true).bound_to(Alive::of_handle(Rc::clone(&self.queue)))
    }

    /// What was told since the last time.
    fn dispatch(&self) -> Vec<TableNotification> {
        self.feed.poll().unwrap();
        self.notifications.take_in().unwrap();
        let events = self.notifications.take(0).batches.into_iter().flat_map(|batch| batch.events);
        let table_event = |event| if let Notification::TableModified(event) = event { event } else { panic!("{event:?}") };
        events.map(table_event).collect()
    }

    fn commit(&mut self, changes: &[(i32, Option<Cells>)]) {
        let mut commit = Commit::default();
        for (name, cells) in changes {
            let Some(cells) = cells else {
                if let Some(object) = self.ids.remove(name) {
                    commit.changes.push(Change::Remove { object, expected: Expected::Exists, hard: true });
                }
                continue;
            };
            let named = Property::new(NAME, Value::Long(*name));
            let set = cells.iter().cloned().chain([named]).map(Into::into).collect();
            commit.changes.push(match self.ids.get(name) {
                Some(object) => {
                    let delete = [TEXT, LONG, TIME].into_iter().filter(|tag| find(cells, *tag).is_none()).collect();
                    Change::Set { object: object.clone(), expected: Expected::Exists, set, delete, quiet: false }
                }
                None => {
                    let object = self.store.reserve(1).unwrap().remove(0);
                    self.ids.insert(*name, object.clone());
                    Change::Create { object, parent: self.folder.clone(), kind: ObjectKind::Message, properties: set }
                }
            });
        }
        if !commit.changes.is_empty() {
            self.store.commit(commit).unwrap();
        }
    }
}

fn key_of(row: &[Property]) -> Vec<u8> {
    match &row.last().unwrap().value {
        Value::Binary(key) => key.clone(),
        other => panic!("{other:?}"),
    }
}

/// The whole table, cursor and all left as they were.
fn read(world: &World, table: &Table) -> Vec<Vec<Property>> {
    let mark = table.create_bookmark().unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    let rows = table.query_rows(1000, TBL_NOADVANCE).unwrap();
    assert!(world.ids.len() < 100);
    table.seek_row(mark, 0).unwrap();
    table.free_bookmark(mark).unwrap();
    rows
}
