//! The rules of `session` 8 and `stores` 2.3, 11, against stores in memory.

mod queues;
mod random;
mod stores;
mod tables;

use crate::backend::{ObjectId, Store};
use crate::entry_id::WrappedStoreId;
use crate::error::{Code, Result};
use crate::memory::{MemoryStore, SeededEntropy};
use crate::messages::Message;
use crate::notifications::{HandleQueue, Notification, Notifications, TableEvent, TableNotification, mask};
use crate::properties::{Guid, KEEP_OPEN_READWRITE, PropTag, Property, PropertyObject, Value, tags};
use crate::session::Alive;
use crate::stores::{Connection, Folder, StoreObject, StoreOpening};
use crate::tables::{MAPI_UNICODE, Row, SortOrder, SortOrderSet, Table};
use std::rc::Rc;
use std::sync::Arc;

const UID: Guid = Guid([9; 16]);

/// One process on a store: a client handle's queue and a connection of its own.
struct Process {
    notifications: Notifications,
    queue: Rc<HandleQueue>,
    connection: Rc<Connection>,
    store: StoreObject,
}

impl Process {
    fn on(backend: Rc<dyn Store>, seed: u64) -> Self {
        let notifications = Notifications::default();
        let queue = notifications.open_queue();
        let environment = crate::backend::Environment {
            clock: Rc::new(crate::memory::MemoryClock::default()),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: Rc::new(crate::memory::MemoryLog::default()),
            progress: Rc::new(crate::memory::MemoryProgress::default()),
        };
        let connection = Connection::new(backend, environment).unwrap();
        let opening = StoreOpening {
            entry_id: WrappedStoreId::new("memory", b"private").unwrap(),
            writable: true,
            alive: Alive::of_handle(Rc::clone(&queue)).derive(),
            is_default: Rc::new(|| true),
            mail: None,
        };
        let store = StoreObject::open(Rc::clone(&connection), opening);
        Self { notifications, queue, connection, store }
    }

    fn folder(&self, name: &str) -> Folder {
        self.store.root_folder().unwrap().create_folder(1, name, None, None, 1).unwrap()
    }

    /// As a dispatch of the subsystem does it.
    fn dispatch(&self) -> Vec<Notification> {
        self.connection.feed().unwrap().poll().unwrap();
        self.notifications.take_in().unwrap();
        self.notifications.take(0).batches.into_iter().flat_map(|batch| batch.events).collect()
    }
}

fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(UID, "private"))
}

fn one() -> Process {
    Process::on(Rc::new(memory()), 1)
}

/// Two processes on one store.
fn two() -> (Process, Process) {
    let store = memory();
    (Process::on(Rc::new(Arc::clone(&store)), 1), Process::on(Rc::new(store), 2))
}

fn text(value: &str) -> Value {
    Value::Unicode(value.into())
}

fn set_subject(message: &Message, subject: &str) {
    message.properties().set_props(vec![Property { tag: tags::SUBJECT, value: text(subject) }]).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
}

fn saved(folder: &Folder, subject: &str) -> Message {
    let message = folder.create_message(None, 0).unwrap();
    set_subject(&message, subject);
    message
}

fn id(object: &PropertyObject) -> Vec<u8> {
    match object.get_props(Some(&[tags::ENTRYID]), MAPI_UNICODE).unwrap().value.remove(0).value {
        Value::Binary(id) => id,
        other => panic!("{other:?}"),
    }
}

/// The backend's name of what an entry identifier names.
fn own(entry_id: &[u8]) -> ObjectId {
    ObjectId::new(&entry_id[20..]).unwrap()
}

fn code<T>(result: Result<T>) -> Code {
    result.err().map_or(Code::SOk, |failure| failure.code())
}

/// The kind of each event and whom it is about.
fn objects(events: Vec<Notification>) -> Vec<(u32, Vec<u8>)> {
    let about = |event: &Notification| match event {
        Notification::NewMail(payload) => payload.entry_id.clone(),
        Notification::ObjectCreated(payload)
        | Notification::ObjectDeleted(payload)
        | Notification::ObjectModified(payload)
        | Notification::ObjectMoved(payload)
        | Notification::ObjectCopied(payload)
        | Notification::SearchComplete(payload) => payload.entry_id.clone(),
        _ => Vec::new(),
    };
    events.iter().map(|event| (event.mask(), about(event))).collect()
}

const ALL: u32 = 0xFF | mask::EXTENDED;

fn events_of(events: Vec<Notification>) -> Vec<TableNotification> {
    events
        .into_iter()
        .filter_map(|event| match event {
            Notification::TableModified(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// What a client knows that reads a table once and then hears its notifications only. The first column is the
/// instance key.
#[derive(Debug)]
struct Mirror {
    rows: Vec<Row>,
}

impl Mirror {
    fn read(table: &Table) -> Self {
        Self { rows: rows_of(table) }
    }

    fn place(&self, key: &Property) -> Option<usize> {
        self.rows.iter().position(|row| row[0] == *key)
    }

    /// Takes events in; whether all is still known.
    fn apply(&mut self, events: Vec<TableNotification>) -> bool {
        for event in events {
            match event.event {
                TableEvent::RowAdded | TableEvent::RowModified => {
                    let known = self.place(&event.index);
                    assert_eq!(known.is_some(), event.event == TableEvent::RowModified, "{event:?} in {self:?}");
                    assert_eq!(event.row[0], event.index);
                    if let Some(at) = known {
                        self.rows.remove(at);
                    }
                    let at = match event.prior.tag {
                        PropTag::NULL => 0,
                        _ => self.place(&event.prior).expect("the row before it is known") + 1,
                    };
                    self.rows.insert(at, event.row);
                }
                TableEvent::RowDeleted => {
                    assert!(event.row.is_empty());
                    let at = self.place(&event.index).expect("the row was known");
                    self.rows.remove(at);
                }
                _ => return false,
            }
        }
        true
    }
}

/// All rows, read without moving the cursor of the table.
fn rows_of(table: &Table) -> Vec<Row> {
    let position = table.create_bookmark().unwrap();
    table.seek_row(crate::tables::Bookmark::BEGINNING, 0).unwrap();
    let rows = table.query_rows(10_000, 0).unwrap();
    table.seek_row(position, 0).unwrap();
    table.free_bookmark(position).unwrap();
    rows
}

fn sorted_by_subject(table: &Table) {
    table.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], 0).unwrap();
    let order = SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]);
    table.sort_table(Some(order), 0).unwrap();
}
