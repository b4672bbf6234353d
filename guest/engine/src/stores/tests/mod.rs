//! The rules of stores, folders, messages and attachments, each against a store in memory.

mod copy_folder;
mod copy_messages;
mod copy_to;
mod delete;
mod faults;
mod folders;
mod messages;
mod properties;
mod read_state;
mod stores;
mod submission;

use crate::backend::{Environment, Store, StoreCapabilities};
use crate::entry_id::WrappedStoreId;
use crate::error::{Code, Result, Warned};
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
    progress: Rc<MemoryProgress>,
}

impl Bench {
    fn new() -> Self {
        Self::with(MemoryStore::new(UID, "private"))
    }

    fn with(store: MemoryStore) -> Self {
        Self { memory: Arc::new(store), clock: Rc::default(), log: Rc::default(), progress: Rc::default() }
    }

    fn able(capabilities: StoreCapabilities) -> Self {
        Self::with(MemoryStore::new(UID, "private").with_capabilities(capabilities))
    }

    fn environment(&self, seed: u64) -> Environment {
        Environment {
            clock: self.clock.clone(),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: self.log.clone(),
            progress: self.progress.clone(),
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
                mail: None,
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

/// The entry identifiers of messages, as an ENTRYLIST.
fn list(messages: &[&Message]) -> Vec<Vec<u8>> {
    messages.iter().map(|message| entry_id(&message.properties())).collect()
}

fn entry_id(object: &PropertyObject) -> Vec<u8> {
    match get(object, tags::ENTRYID) {
        Value::Binary(entry_id) => entry_id,
        _ => panic!("no entry identifier"),
    }
}

/// The subjects of a folder's messages, in their order.
fn subjects(folder: &Folder) -> Vec<String> {
    subjects_of(folder, 0)
}

fn subjects_of(folder: &Folder, flags: u32) -> Vec<String> {
    let table = folder.get_contents_table(MAPI_UNICODE | flags).unwrap();
    table.set_columns(&[tags::SUBJECT], 0).unwrap();
    let rows = table.query_rows(10_000, 0).unwrap();
    let subject = |row: Vec<Property>| if let Value::Unicode(text) = &row[0].value { text.clone() } else { String::new() };
    rows.into_iter().map(subject).collect()
}

/// A saved message that nobody has open.
fn put(folder: &Folder, subject: &str) -> Vec<u8> {
    entry_id(&saved(folder, subject).properties())
}

fn open_folder(store: &StoreObject, entry_id: &[u8], flags: u32) -> Folder {
    match store.open_entry(Some(entry_id), None, flags).unwrap() {
        OpenedEntry::Folder(folder) => folder,
        _ => panic!("no folder"),
    }
}

/// Everything was done.
fn whole<T>(result: Result<Warned<T>>) -> T {
    let done = result.unwrap();
    assert_eq!(done.warning, None);
    done.value
}

/// Something was not done.
fn partial<T>(result: Result<Warned<T>>) -> T {
    let done = result.unwrap();
    assert_eq!(done.warning, Some(Code::WPartialCompletion));
    done.value
}

fn refused<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => Code::SOk,
        Err(failure) => failure.code(),
    }
}

/// A store beside that of the bench, with names of its own.
fn other() -> Bench {
    Bench::with(MemoryStore::new(Guid([8; 16]), "other"))
}

/// Marks a message as submitted, as SubmitMessage does.
fn submit(bench: &Bench, message: &[u8]) {
    use crate::backend::{Change, Commit, Expected, ObjectId, Objects, QUEUE_NUMBER};
    let object = ObjectId::new(&message[20..]).unwrap();
    let set = vec![Property::new(QUEUE_NUMBER, Value::I8(1)).into()];
    let changes = vec![
        Change::Set { object: object.clone(), expected: Expected::Exists, set, delete: Vec::new(), quiet: true },
        Change::Bits { object, tag: tags::MESSAGE_FLAGS, set: 0xC, clear: 0 },
    ];
    bench.memory.commit(Commit { changes, ..Commit::default() }).unwrap();
}

/// Sets bits of `PR_MESSAGE_FLAGS`, as a delivery does.
fn set_flags(bench: &Bench, message: &[u8], set: i32) {
    use crate::backend::{Change, Commit, ObjectId, Objects};
    let object = ObjectId::new(&message[20..]).unwrap();
    let change = Change::Bits { object, tag: tags::MESSAGE_FLAGS, set: set.cast_unsigned(), clear: 0 };
    bench.memory.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
}
