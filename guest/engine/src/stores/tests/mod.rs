//! The rules of stores, folders, messages and attachments, each against a store in memory.

mod faults;
mod folders;
mod messages;
mod properties;
mod stores;

use crate::backend::{Environment, Store, StoreCapabilities};
use crate::entry_id::WrappedStoreId;
use crate::memory::{Faults, Faulty, MemoryClock, MemoryLog, MemoryProgress, MemoryStore, SeededEntropy};
use crate::messages::Message;
use crate::properties::{Guid, KEEP_OPEN_READWRITE, MAPI_MODIFY, PropTag, Property, PropertyObject, Value, tags};
use crate::session::Alive;
use crate::stores::{Connection, Folder, OpenedEntry, StoreObject, StoreOpening};
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;
use std::sync::Arc;

const UID: Guid = Guid([9; 16]);

struct Bench {
    memory: Arc<MemoryStore>,
    clock: Rc<MemoryClock>,
    log: Rc<MemoryLog>,
}

impl Bench {
    fn new() -> Self {
        Self::with(MemoryStore::new(UID, "private"))
    }

    fn with(store: MemoryStore) -> Self {
        Self { memory: Arc::new(store), clock: Rc::default(), log: Rc::default() }
    }

    fn able(capabilities: StoreCapabilities) -> Self {
        Self::with(MemoryStore::new(UID, "private").with_capabilities(capabilities))
    }

    fn environment(&self, seed: u64) -> Environment {
        Environment {
            clock: self.clock.clone(),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: self.log.clone(),
            progress: Rc::new(MemoryProgress::default()),
        }
    }

    /// A reference of a process of its own.
    fn open_as(&self, seed: u64, writable: bool) -> StoreObject {
        self.open_on(Rc::new(self.memory.clone()), seed, writable)
    }

    /// A reference to a backend whose faults the test commands.
    fn open_faulty(&self) -> (StoreObject, Arc<Faults>) {
        let faulty = Faulty::new(self.memory.clone());
        let faults = faulty.faults.clone();
        (self.open_on(Rc::new(faulty), 1, true), faults)
    }

    fn open_on(&self, backend: Rc<dyn Store>, seed: u64, writable: bool) -> StoreObject {
        let connection = Connection::new(backend, self.environment(seed)).unwrap();
        StoreObject::open(
            connection,
            StoreOpening {
                entry_id: WrappedStoreId::new("memory", b"private").unwrap(),
                writable,
                alive: Alive::new(),
                is_default: Rc::new(|| true),
            },
        )
    }

    fn open(&self) -> StoreObject {
        self.open_as(1, true)
    }
}

fn full() -> StoreCapabilities {
    StoreCapabilities { feed: true, submit: true, attachments: true, soft_delete: true, ..StoreCapabilities::default() }
}

fn text(value: &str) -> Value {
    Value::Unicode(value.into())
}

fn property(tag: PropTag, value: Value) -> Property {
    Property { tag, value }
}

/// The value of one property, asked for as Unicode.
fn get(object: &PropertyObject, tag: PropTag) -> Value {
    object.get_props(Some(&[tag]), MAPI_UNICODE).unwrap().value.remove(0).value
}

fn folder(store: &StoreObject, name: &str) -> Folder {
    store.root_folder().unwrap().create_folder(1, name, None, None, 1).unwrap()
}

fn open_message(store: &StoreObject, entry_id: &Value, flags: u32) -> Message {
    let Value::Binary(entry_id) = entry_id else { panic!("no entry identifier") };
    match store.open_entry(Some(entry_id), None, flags).unwrap() {
        OpenedEntry::Message(message) => message,
        _ => panic!("no message"),
    }
}

/// A saved message with that subject, still open for writing.
fn saved(folder: &Folder, subject: &str) -> Message {
    let message = folder.create_message(None, 0).unwrap();
    message.properties().set_props(vec![property(tags::SUBJECT, text(subject))]).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    message
}

fn reopen(store: &StoreObject, message: &Message) -> Message {
    open_message(store, &get(&message.properties(), tags::ENTRYID), MAPI_MODIFY)
}
