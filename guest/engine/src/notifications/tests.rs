//! The rules of `session` 8 and `stores` 2.3, 11, against stores in memory.

use crate::backend::{Change, Expected, ObjectId, ObjectKind, Store};
use crate::entry_id::WrappedStoreId;
use crate::error::{Code, Failure, Result};
use crate::memory::{Fault, Faulty, MemoryHost, MemoryStore, SeededEntropy, Trigger};
use crate::messages::Message;
use crate::notifications::{
    Connected, HandleQueue, Notification, Notifications, ObjectNotification, QUEUE_LIMIT, SESSION_LOGOFF, TableEvent,
    TableNotification, mask,
};
use crate::properties::{Guid, KEEP_OPEN_READWRITE, PropTag, Property, PropertyObject, Value, tags};
use crate::session::logon_flags::{MAPI_ALLOW_OTHERS, MAPI_EXTENDED, MAPI_NEW_SESSION};
use crate::session::{Alive, MAPI_LOGOFF_SHARED, Session, Subsystem};
use crate::stores::{CommitMode, Connection, Folder, StoreObject, StoreOpening};
use crate::tables::{MAPI_UNICODE, Row, SortOrder, SortOrderSet, TAD_ALL_ROWS, Table, TableData, TableType, ViewOptions};
use proptest::prelude::*;
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

#[test]
fn changes_of_this_and_of_other_processes_arrive_alike() {
    let (here, there) = two();
    let inbox = there.folder("Inbox");
    let connection = here.store.advise(None, ALL).unwrap();
    let message = saved(&inbox, "one");
    let (message_id, folder_id) = (id(&message.properties()), id(&inbox.properties()));
    let expected = [(mask::OBJECT_CREATED, message_id.clone()), (mask::OBJECT_MODIFIED, folder_id)];
    assert_eq!(objects(here.dispatch()), expected);
    assert_eq!(here.dispatch(), []);
    let mine = here.store.open_entry(Some(&message_id), None, crate::properties::MAPI_MODIFY).unwrap();
    let crate::stores::OpenedEntry::Message(mine) = mine else { panic!("no message") };
    set_subject(&mine, "two");
    here.dispatch();
    set_subject(&mine, "three");
    // The operation's own caller hears of it too.
    assert_eq!(objects(here.dispatch()), [(mask::OBJECT_MODIFIED, message_id)]);
    here.store.unadvise(connection).unwrap();
    saved(&inbox, "three");
    assert_eq!(here.dispatch(), []);
}

#[test]
fn no_event_tells_of_what_happened_before_the_registration() {
    let process = one();
    let inbox = process.folder("Inbox");
    saved(&inbox, "before");
    let _connection = process.store.advise(None, ALL).unwrap();
    assert_eq!(process.dispatch(), []);
    saved(&inbox, "after");
    assert_eq!(process.dispatch().len(), 2);
}

#[test]
fn a_folder_registration_hears_of_the_folder_and_not_of_its_messages() {
    let process = one();
    let inbox = process.folder("Inbox");
    let folder_id = id(&inbox.properties());
    process.store.advise(Some(&folder_id), ALL).unwrap();
    let message = saved(&inbox, "one");
    // Its counts changed.
    assert_eq!(objects(process.dispatch()), [(mask::OBJECT_MODIFIED, folder_id.clone())]);
    // The second save changes the flags, and with them perhaps the unread count.
    set_subject(&message, "still one");
    assert_eq!(objects(process.dispatch()), [(mask::OBJECT_MODIFIED, folder_id)]);
    let message_id = id(&message.properties());
    process.store.advise(Some(&message_id), mask::OBJECT_MODIFIED).unwrap();
    set_subject(&message, "two");
    assert_eq!(objects(process.dispatch()), [(mask::OBJECT_MODIFIED, message_id)]);
}

#[test]
fn moves_copies_and_deletions_name_old_and_new_places() {
    let process = one();
    let (inbox, archive) = (process.folder("Inbox"), process.folder("Archive"));
    let message = id(&saved(&inbox, "one").properties());
    let (inbox, archive) = (id(&inbox.properties()), id(&archive.properties()));
    process.store.advise(None, ALL).unwrap();
    let commit = |change: Change| process.connection.commit(vec![change], CommitMode::default()).unwrap();
    let copy = process.connection.reserve().unwrap();
    commit(Change::Copy { source: own(&message), object: copy.clone(), parent: own(&archive), set: vec![], delete: vec![] });
    let (object, expected) = (own(&message), Expected::Exists);
    commit(Change::Move { object, expected, parent: own(&archive), set: vec![], restore: false });
    commit(Change::Remove { object: copy.clone(), expected, hard: true });
    let events = process.dispatch();
    let copy = [&message[..20], copy.as_bytes()].concat();
    let payload = |entry_id: &[u8], parent: &[u8], old: Option<(&[u8], &[u8])>| ObjectNotification {
        entry_id: entry_id.to_vec(),
        object_type: 5,
        parent_id: Some(parent.to_vec()),
        old_id: old.map(|(old, _)| old.to_vec()),
        old_parent_id: old.map(|(_, parent)| parent.to_vec()),
        tags: None,
    };
    assert_eq!(events[0], Notification::ObjectCopied(payload(&copy, &archive, Some((&message, &inbox)))));
    assert_eq!(events[2], Notification::ObjectMoved(payload(&message, &archive, Some((&message, &inbox)))));
    assert_eq!(events[5], Notification::ObjectDeleted(payload(&copy, &archive, None)));
    let counts: Vec<_> = objects(events).into_iter().filter(|(event, _)| *event == mask::OBJECT_MODIFIED).collect();
    let modified = |folder: &Vec<u8>| (mask::OBJECT_MODIFIED, folder.clone());
    assert_eq!(counts, [modified(&archive), modified(&inbox), modified(&archive), modified(&archive)]);
}

#[test]
fn one_operation_tells_of_each_object_once() {
    let process = one();
    let inbox = own(&id(&process.folder("Inbox").properties()));
    process.store.advise(None, ALL).unwrap();
    let ids: Vec<ObjectId> = (0..4).map(|_| process.connection.reserve().unwrap()).collect();
    let create = |object: &ObjectId| Change::Create {
        object: object.clone(),
        parent: inbox.clone(),
        kind: ObjectKind::Message,
        properties: vec![],
    };
    let mut changes: Vec<Change> = ids.iter().map(create).collect();
    changes.push(Change::Bits { object: ids[0].clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 });
    // It came and went within the operation: nobody ever saw it.
    changes.push(Change::Remove { object: ids[3].clone(), expected: Expected::Exists, hard: true });
    process.connection.commit(changes, CommitMode::default()).unwrap();
    let events: Vec<u32> = process.dispatch().iter().map(Notification::mask).collect();
    assert_eq!(events.iter().filter(|event| **event == mask::OBJECT_CREATED).count(), 3);
    assert_eq!(events.iter().filter(|event| **event == mask::OBJECT_MODIFIED).count(), 1, "the folder's counts");
    assert_eq!(events.len(), 4);
}

#[test]
fn a_delivery_is_new_mail_once_for_store_and_receive_folder() {
    let process = one();
    let inbox = id(&process.folder("Inbox").properties());
    let other = id(&process.folder("Other").properties());
    let store = process.store.advise(None, mask::NEW_MAIL).unwrap();
    let folder = process.store.advise(Some(&inbox), mask::NEW_MAIL).unwrap();
    process.store.advise(Some(&other), mask::NEW_MAIL).unwrap();
    let object = process.connection.reserve().unwrap();
    let class = Property::new(tags::MESSAGE_CLASS, text("IPM.Note"));
    let flags = Property::new(tags::MESSAGE_FLAGS, Value::Long(2));
    let properties = vec![class.into(), flags.into()];
    let create = Change::Create { object: object.clone(), parent: own(&inbox), kind: ObjectKind::Message, properties };
    let set = Change::Set { object, expected: Expected::Exists, set: vec![], delete: vec![], quiet: true };
    let delivery = CommitMode { delivery: true, ..CommitMode::default() };
    process.connection.commit(vec![create], delivery).unwrap();
    // Saved a second time: one message, one NewMail.
    process.connection.commit(vec![set], delivery).unwrap();
    process.connection.feed().unwrap().poll().unwrap();
    let batches = process.notifications.take(0).batches;
    assert_eq!(batches.iter().map(|batch| batch.connection).collect::<Vec<_>>(), [store, folder]);
    for batch in batches {
        let [Notification::NewMail(mail)] = &batch.events[..] else { panic!("{:?}", batch.events) };
        assert_eq!((mail.message_class.as_str(), mail.message_flags), ("IPM.Note", 2));
        assert_eq!(mail.parent_id, inbox);
    }
}

#[test]
fn a_search_that_is_complete_is_told_to_store_and_folder() {
    let process = one();
    let found = id(&process.folder("Found").properties());
    process.store.advise(Some(&found), mask::SEARCH_COMPLETE).unwrap();
    process.connection.events().search_complete(&own(&found), process.connection.root());
    let [Notification::SearchComplete(payload)] = &process.dispatch()[..] else { panic!("no event") };
    assert_eq!((payload.entry_id.clone(), payload.object_type), (found, 3));
}

#[test]
fn properties_of_the_store_change_under_its_wrapped_identifier() {
    let process = one();
    process.store.advise(Some(&process.store.entry_id()), ALL).unwrap();
    process.store.properties().set_props(vec![Property { tag: tags::COMMENT, value: text("mine") }]).unwrap();
    let [Notification::ObjectModified(payload)] = &process.dispatch()[..] else { panic!("no event") };
    assert_eq!((&payload.entry_id, payload.object_type, &payload.parent_id), (&process.store.entry_id(), 1, &None));
    assert_eq!(payload.tags, Some(vec![tags::COMMENT]));
}

#[test]
fn masks_and_identifiers_of_a_store_registration_are_checked() {
    let process = one();
    assert_eq!(code(process.store.advise(None, 0)), Code::InvalidParameter);
    for refused in [mask::TABLE_MODIFIED, mask::STATUS_OBJECT_MODIFIED, mask::INDEXING, 0x400] {
        assert_eq!(code(process.store.advise(None, refused)), Code::NoSupport);
    }
    assert_eq!(code(process.store.advise(Some(&[0; 8]), ALL)), Code::InvalidEntryid);
    assert_eq!(code(process.store.advise(Some(&[7; 40]), ALL)), Code::UnknownEntryid);
    let inbox = process.folder("Inbox");
    let gone = id(&saved(&inbox, "gone").properties());
    let remove = Change::Remove { object: own(&gone), expected: Expected::Exists, hard: false };
    process.connection.commit(vec![remove], CommitMode::default()).unwrap();
    assert_eq!(code(process.store.advise(Some(&gone), ALL)), Code::NotFound);
    assert_eq!(code(process.store.unadvise(1)), Code::NotFound);
    let silent = MemoryStore::new(UID, "private").with_capabilities(crate::backend::StoreCapabilities::default());
    let silent = Process::on(Rc::new(silent), 1);
    assert_eq!(code(silent.store.advise(None, ALL)), Code::NoSupport);
    let table = silent.store.root_folder().unwrap().get_contents_table(0).unwrap();
    assert_eq!(code(table.advise(mask::TABLE_MODIFIED)), Code::NoSupport);
}

#[test]
fn a_gap_in_the_feed_tells_that_events_were_lost() {
    let memory = memory();
    let process = Process::on(Rc::new(Arc::clone(&memory)), 1);
    let inbox = process.folder("Inbox");
    process.store.advise(Some(&id(&inbox.properties())), mask::OBJECT_DELETED).unwrap();
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    saved(&inbox, "one");
    memory.forget_feed(0);
    let events = process.dispatch();
    assert_eq!(events[0], Notification::lost());
    assert_eq!(events[1], Notification::TableModified(TableNotification::plain(TableEvent::Reload)));
    assert_eq!(events.len(), 2);
    // The registrations go on.
    saved(&inbox, "two");
    let Notification::TableModified(added) = &process.dispatch()[0] else { panic!("no row") };
    assert_eq!(added.event, TableEvent::RowAdded);
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
}

#[test]
fn a_feed_that_fails_loses_nothing() {
    let faulty = Faulty::new(memory());
    let faults = Arc::clone(&faulty.faults);
    let process = Process::on(Rc::new(faulty), 1);
    let inbox = process.folder("Inbox");
    process.store.advise(None, mask::OBJECT_CREATED).unwrap();
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    saved(&inbox, "one");
    faults.schedule(Some("changes"), Trigger::Every, Fault::Fail(Failure::new(Code::NetworkError, "gone")));
    assert_eq!(code(process.connection.feed().unwrap().poll()), Code::NetworkError);
    assert_eq!(process.notifications.due(), 0);
    faults.clear();
    assert_eq!(process.dispatch().len(), 2);
    // A view that cannot read the rows keeps the change for the next time.
    saved(&inbox, "two");
    process.connection.feed().unwrap().poll().unwrap();
    faults.schedule(Some("read_rows"), Trigger::Every, Fault::Fail(Failure::new(Code::NetworkError, "gone")));
    assert_eq!(code(process.notifications.take_in()), Code::NetworkError);
    faults.clear();
    let told: Vec<_> = process.dispatch().iter().map(Notification::mask).collect();
    assert_eq!(told, [mask::OBJECT_CREATED, mask::TABLE_MODIFIED]);
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
}

#[test]
fn a_full_queue_keeps_its_bound_and_says_that_events_were_lost() {
    let notifications = Notifications::default();
    let queue = notifications.open_queue();
    let object = queue.connect(Connected::Session { mask: mask::EXTENDED }).unwrap();
    let table = queue.connect(Connected::Table).unwrap();
    let row = |event| Notification::TableModified(TableNotification::plain(event));
    for _ in 0..QUEUE_LIMIT {
        queue.push(table, row(TableEvent::RowModified));
    }
    for _ in 0..3 {
        queue.push(table, row(TableEvent::RowAdded));
        queue.push(object, Notification::Extended(crate::notifications::ExtendedNotification { event: 9, data: vec![] }));
    }
    assert_eq!(queue.len(), QUEUE_LIMIT + 2);
    queue.push(table, row(TableEvent::Reload));
    assert_eq!(queue.len(), QUEUE_LIMIT + 2, "void keys take the place of changed rows");
    let first = notifications.take(u32::try_from(QUEUE_LIMIT).unwrap());
    assert!(first.more && first.batches.len() == 1);
    queue.push(table, row(TableEvent::RowAdded));
    let rest: Vec<_> = notifications.take(0).batches.into_iter().flat_map(|batch| batch.events).collect();
    assert_eq!(rest, [row(TableEvent::Reload), Notification::lost()], "what follows is told again after it was fetched");
    queue.push(table, row(TableEvent::RowAdded));
    assert_eq!(queue.len(), 1);
}

#[test]
fn events_come_in_order_and_neighbours_of_one_registration_together() {
    let notifications = Notifications::default();
    let (first, second) = (notifications.open_queue(), notifications.open_queue());
    let connect = |queue: &HandleQueue| queue.connect(Connected::Table).unwrap();
    let (a, b, c) = (connect(&first), connect(&first), connect(&second));
    assert!(a != 0 && a != b && b != c && a != c);
    let event = || Notification::TableModified(TableNotification::plain(TableEvent::Changed));
    for connection in [a, a, b, a] {
        first.push(connection, event());
    }
    second.push(c, event());
    let order = |dispatched: crate::notifications::Dispatched| {
        dispatched.batches.into_iter().map(|batch| (batch.handle, batch.connection, batch.events.len())).collect::<Vec<_>>()
    };
    assert_eq!(order(notifications.take(3)), [(1, a, 2), (1, b, 1)]);
    // The next one goes on with the handle that was not served.
    assert_eq!(order(notifications.take(0)), [(2, c, 1), (1, a, 1)]);
    first.push(b, event());
    first.disconnect(b);
    assert_eq!(order(notifications.take(0)), []);
}

#[test]
fn session_registrations_hear_of_logoffs_alone() {
    let host = MemoryHost::new();
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, 0).unwrap();
    let logon = |flags| subsystem.logon_ex(0, Some("Work"), None, flags | MAPI_EXTENDED).unwrap();
    let (first, second, apart) = (logon(MAPI_ALLOW_OTHERS), logon(0), logon(MAPI_NEW_SESSION));
    let events = |subsystem: &Subsystem| {
        let batches = subsystem.dispatch_notifications(0, 0).unwrap().batches;
        batches
            .into_iter()
            .flat_map(|batch| batch.events.into_iter().map(move |event| (batch.handle, event.mask())))
            .collect::<Vec<_>>()
    };
    // Critical errors are heard with any mask, even none.
    first.advise(None, 0).unwrap();
    let other = second.advise(None, mask::EXTENDED | mask::NEW_MAIL).unwrap();
    apart.advise(None, mask::EXTENDED).unwrap();
    for session in [&first, &second] {
        assert_eq!(code(session.advise(None, mask::STATUS_OBJECT_MODIFIED)), Code::NoSupport);
        assert_eq!(code(session.unadvise(other + 100)), Code::NotFound);
    }
    assert_eq!(code(first.unadvise(other)), Code::NotFound, "the registration of another handle");
    second.logoff(0, MAPI_LOGOFF_SHARED, 0).unwrap();
    let (one, two) = (first.number(), second.number());
    assert_eq!(events(&subsystem), [(one, mask::CRITICAL_ERROR), (two, mask::EXTENDED)]);
    assert_eq!(events(&subsystem), [], "the queue of a handle that is gone is fetched once");
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(events(&subsystem), [], "mask 0 hears no other event, and other sessions none at all");
    assert_eq!(code(subsystem.dispatch_notifications(1, 0)), Code::InvalidParameter);
    assert_eq!(SESSION_LOGOFF, 1);
    subsystem.uninitialize();
    assert_eq!(code(subsystem.dispatch_notifications(0, 0)), Code::NotInitialized);
}

fn store_of(session: &Session) -> StoreObject {
    let table = session.get_msg_stores_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let Value::Binary(entry_id) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no store") };
    session.open_msg_store(0, &entry_id, None, crate::session::open_store_flags::MDB_WRITE).unwrap().value
}

#[test]
fn the_session_forwards_registrations_and_turns_take_changes_in() {
    let host = MemoryHost::new();
    let subsystem = crate::session::Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    let flags = crate::profiles::MAPI_DEFAULT_SERVICES | MAPI_UNICODE;
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, flags).unwrap();
    let session = subsystem.logon_ex(0, Some("Work"), None, MAPI_EXTENDED | MAPI_UNICODE).unwrap();
    let store = store_of(&session);
    assert_eq!(code(session.advise(Some(&store.entry_id()), 0)), Code::InvalidParameter);
    assert_eq!(code(session.advise(Some(&store.entry_id()), mask::TABLE_MODIFIED)), Code::NoSupport);
    let through = session.advise(Some(&store.entry_id()), mask::OBJECT_CREATED).unwrap();
    assert_eq!(code(store.unadvise(through)), Code::NotFound, "it was made at the session");
    // Another process; nothing here says that the store has changed.
    let other = Process::on(Rc::new(host.stores().remove(0)), 7);
    saved(&other.folder("New"), "one");
    let work = subsystem.pump(0).unwrap();
    assert_eq!(work.notifications, 2);
    assert!(work.wake_at.is_some(), "a store of which the host never says that it changed is asked again");
    assert_eq!(subsystem.dispatch_notifications(0, 0).unwrap().batches[0].events.len(), 2);
    let section = session.get_msg_stores_table(0).unwrap();
    section.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    let Value::Binary(section) = section.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no key") };
    subsystem.changed(Guid::from_slice(&section).unwrap()).unwrap();
    assert_eq!(subsystem.pump(0).unwrap().wake_at, None);
    session.unadvise(through).unwrap();
    saved(&other.folder("Newer"), "two");
    assert_eq!(subsystem.pump(0).unwrap().notifications, 0);
}

// Tables.

const NAME: PropTag = PropTag(0x6810_0003);

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

#[test]
fn rows_come_change_and_go_with_the_row_before_them() {
    let (here, there) = two();
    let folder = there.folder("Inbox");
    let b = saved(&folder, "b");
    let inbox = here.folder("Inbox");
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    let connection = table.advise(mask::TABLE_MODIFIED).unwrap();
    assert_eq!(here.dispatch(), [], "rows present at opening are not told");
    let key_of = |subject: &str| {
        let rows = rows_of(&table);
        rows.iter().find(|row| row[1].value == text(subject)).map(|row| row[0].clone()).unwrap()
    };
    let d = saved(&folder, "d");
    let events = events_of(here.dispatch());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event, &events[0].prior), (TableEvent::RowAdded, &key_of("b")));
    assert_eq!(events[0].row, [key_of("d"), Property { tag: tags::SUBJECT, value: text("d") }]);
    // A row whose key change moves it is one MODIFIED, with the row that is before it afterwards.
    set_subject(&d, "a");
    let events = events_of(here.dispatch());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event, events[0].prior.tag), (TableEvent::RowModified, PropTag::NULL));
    // A save without any effect on the columns is a save all the same, and two saves are two.
    let importance = |value| Property { tag: tags::IMPORTANCE, value: Value::Long(value) };
    for value in [0, 2] {
        b.properties().set_props(vec![importance(value)]).unwrap();
        b.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    }
    let events = events_of(here.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowModified; 2]);
    assert_eq!(events[0].prior, key_of("a"));
    let gone = key_of("b");
    let remove = Change::Remove { object: own(&id(&b.properties())), expected: Expected::Exists, hard: false };
    there.connection.commit(vec![remove], CommitMode::default()).unwrap();
    let events = events_of(here.dispatch());
    assert_eq!((events[0].event, &events[0].index, events.len()), (TableEvent::RowDeleted, &gone, 1));
    table.unadvise(connection).unwrap();
    assert_eq!(code(table.unadvise(connection)), Code::NotFound);
    saved(&folder, "e");
    assert_eq!(here.dispatch(), []);
}

#[test]
fn rows_enter_and_leave_the_restriction() {
    let process = one();
    let folder = process.folder("Inbox");
    let message = saved(&folder, "spam");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    let wanted = Property { tag: tags::SUBJECT, value: text("ham") };
    let restriction =
        crate::restriction::Restriction::Property { relop: crate::restriction::Relop::Eq, tag: tags::SUBJECT, value: wanted };
    table.restrict(Some(restriction), 0).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    set_subject(&message, "more spam");
    assert_eq!(process.dispatch(), []);
    set_subject(&message, "ham");
    assert_eq!(events_of(process.dispatch())[0].event, TableEvent::RowAdded);
    set_subject(&message, "spam");
    assert_eq!(events_of(process.dispatch())[0].event, TableEvent::RowDeleted);
    // Neither a restriction nor a sort or other columns raise events.
    table.restrict(None, 0).unwrap();
    table.sort_table(Some(SortOrderSet::default()), 0).unwrap();
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    assert_eq!(process.dispatch(), []);
    set_subject(&message, "eggs");
    assert_eq!(events_of(process.dispatch())[0].row.len(), 1, "the columns in force");
}

#[test]
fn queued_rows_keep_the_columns_they_were_raised_with() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    saved(&folder, "one");
    // The call takes the change in before it acts.
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    assert_eq!(events_of(process.dispatch())[0].row.len(), 2);
}

#[test]
fn a_row_that_left_and_came_back_is_another_row() {
    let process = one();
    let (inbox, other) = (process.folder("Inbox"), process.folder("Other"));
    let message = own(&id(&saved(&inbox, "one").properties()));
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut mirror = Mirror::read(&table);
    for parent in [&other, &inbox] {
        let parent = own(&id(&parent.properties()));
        let (object, expected) = (message.clone(), Expected::Exists);
        let change = Change::Move { object, expected, parent, set: vec![], restore: false };
        process.connection.commit(vec![change], CommitMode::default()).unwrap();
    }
    let events = events_of(process.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowDeleted, TableEvent::RowAdded]);
    assert_ne!(events[0].index, events[1].index);
    assert!(mirror.apply(events));
    assert_eq!(mirror.rows, rows_of(&table));
}

#[test]
fn many_rows_of_one_operation_are_one_changed() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let parent = own(&id(&folder.properties()));
    let create = |count: usize| {
        let create = |_| Change::Create {
            object: process.connection.reserve().unwrap(),
            parent: parent.clone(),
            kind: ObjectKind::Message,
            properties: vec![],
        };
        process.connection.commit((0..count).map(create).collect(), CommitMode::default()).unwrap();
    };
    create(20);
    assert_eq!(events_of(process.dispatch()).len(), 20);
    create(21);
    assert_eq!(events_of(process.dispatch()), [TableNotification::plain(TableEvent::Changed)]);
    // Two operations, each small enough, are told one by one.
    create(15);
    create(15);
    assert_eq!(events_of(process.dispatch()).len(), 30);
}

#[test]
fn hierarchy_tables_tell_of_counts_and_of_the_whole_tree() {
    let process = one();
    let root = process.store.root_folder().unwrap();
    let inbox = process.folder("Inbox");
    let (flat, deep) = (root.get_hierarchy_table(MAPI_UNICODE).unwrap(), {
        root.get_hierarchy_table(MAPI_UNICODE | crate::stores::CONVENIENT_DEPTH).unwrap()
    });
    let columns = [tags::INSTANCE_KEY, tags::DISPLAY_NAME, tags::CONTENT_COUNT, tags::DEPTH];
    for table in [&flat, &deep] {
        table.set_columns(&columns, 0).unwrap();
        table.advise(mask::TABLE_MODIFIED).unwrap();
    }
    let (mut flat_mirror, mut deep_mirror) = (Mirror::read(&flat), Mirror::read(&deep));
    saved(&inbox, "one");
    let events = events_of(process.dispatch());
    assert_eq!(events.len(), 2, "one of each table");
    for event in &events {
        assert_eq!((event.event, &event.row[2].value), (TableEvent::RowModified, &Value::Long(1)));
    }
    let mut both = |events: Vec<TableNotification>, split: usize| {
        let (flat_events, deep_events) = (events[..split].to_vec(), events[split..].to_vec());
        assert!(flat_mirror.apply(flat_events) && deep_mirror.apply(deep_events));
        assert_eq!(flat_mirror.rows, rows_of(&flat));
        assert_eq!(deep_mirror.rows, rows_of(&deep));
    };
    both(events, 1);
    inbox.create_folder(1, "Below", None, None, 0).unwrap();
    let events = events_of(process.dispatch());
    assert_eq!(events.iter().filter(|event| event.event == TableEvent::RowAdded).count(), 1);
    both(events, 1);
    let name = Property { tag: tags::DISPLAY_NAME, value: text("Aardvark") };
    process.folder("Zoo").properties().set_props(vec![name]).unwrap();
    let events = events_of(process.dispatch());
    assert_eq!(events.len(), 3, "{events:?}");
    both(events, 2);
}

#[test]
fn rows_in_memory_are_told_like_rows_of_a_store() {
    let notifications = Notifications::default();
    let queue = notifications.open_queue();
    let data = TableData::new(TableType::Dynamic, NAME, vec![NAME, tags::INSTANCE_KEY]).unwrap();
    let row = |name: i32, subject: &str| {
        vec![Property::new(NAME, Value::Long(name)), Property { tag: tags::SUBJECT, value: text(subject) }]
    };
    data.modify_rows(0, vec![row(1, "b"), row(2, "c")]).unwrap();
    let table = data.view(ViewOptions::default()).unwrap().bound_to(Alive::of_handle(Rc::clone(&queue)));
    sorted_by_subject(&table);
    let connection = table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut mirror = Mirror::read(&table);
    let dispatch = || {
        notifications.take_in().unwrap();
        events_of(notifications.take(0).batches.into_iter().flat_map(|batch| batch.events).collect())
    };
    data.insert_row(0, row(3, "d")).unwrap();
    data.modify_row(row(2, "a")).unwrap();
    data.delete_row(&Property::new(NAME, Value::Long(1))).unwrap();
    let events = dispatch();
    let kinds: Vec<_> = events.iter().map(|event| event.event).collect();
    assert_eq!(kinds, [TableEvent::RowAdded, TableEvent::RowModified, TableEvent::RowDeleted]);
    assert!(mirror.apply(events));
    assert_eq!(mirror.rows, rows_of(&table));
    // Eight rows of one call are told one by one, nine are not.
    data.modify_rows(0, (10..18).map(|name| row(name, "x")).collect()).unwrap();
    assert_eq!(dispatch().len(), 8);
    data.modify_rows(0, (20..29).map(|name| row(name, "x")).collect()).unwrap();
    assert_eq!(dispatch(), [TableNotification::plain(TableEvent::Changed)]);
    data.notify(0, &[Property::new(NAME, Value::Long(3))]).unwrap();
    data.notify(0, &[Property::new(NAME, Value::Long(99))]).unwrap();
    assert_eq!(dispatch()[0].event, TableEvent::RowModified);
    data.delete_rows(TAD_ALL_ROWS, &[]).unwrap();
    assert_eq!(dispatch(), [TableNotification::plain(TableEvent::Reload)]);
    assert_eq!(code(table.advise(mask::OBJECT_CREATED)), Code::InvalidParameter);
    let fixed = TableData::new(TableType::Snapshot, NAME, vec![NAME]).unwrap();
    let fixed = fixed.view(ViewOptions::default()).unwrap().bound_to(Alive::of_handle(Rc::clone(&queue)));
    assert_eq!(code(fixed.advise(mask::TABLE_MODIFIED)), Code::NoSupport);
    data.modify_row(row(1, "again")).unwrap();
    table.unadvise(connection).unwrap();
    assert_eq!(dispatch(), [], "what was queued is dropped");
}

#[test]
fn a_table_that_is_released_is_told_no_more() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    drop(table);
    assert!(!process.queue.has_registrations());
    saved(&folder, "one");
    assert_eq!(process.dispatch(), []);
}

#[test]
fn cursor_and_bookmarks_survive_the_first_registration() {
    let process = one();
    let folder = process.folder("Inbox");
    for subject in ["a", "b", "c", "d"] {
        saved(&folder, subject);
    }
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.query_rows(2, 0).unwrap();
    let mark = table.create_bookmark().unwrap();
    table.query_rows(1, 0).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    assert_eq!(table.query_position().unwrap().row, 3);
    assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
    assert_eq!(table.query_rows(1, 0).unwrap()[0][1].value, text("c"));
}

/// One change of a folder by one of three processes.
#[derive(Clone, Debug)]
enum Step {
    Create(usize, u8),
    Change(usize, usize, u8),
    Remove(usize, usize),
    Away(usize, usize),
    Back(usize, usize),
    Batch(usize, u8, u8),
    Dispatch(usize),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (process, row) = (0..3_usize, any::<usize>());
    prop_oneof![
        4 => (process.clone(), any::<u8>()).prop_map(|(process, subject)| Step::Create(process, subject)),
        6 => (process.clone(), row, any::<u8>()).prop_map(|(process, row, subject)| Step::Change(process, row, subject)),
        2 => (process.clone(), row).prop_map(|(process, row)| Step::Remove(process, row)),
        1 => (process.clone(), row).prop_map(|(process, row)| Step::Away(process, row)),
        1 => (process.clone(), row).prop_map(|(process, row)| Step::Back(process, row)),
        1 => (process.clone(), 1..25_u8, any::<u8>()).prop_map(|(process, rows, subject)| Step::Batch(process, rows, subject)),
        3 => (0..2_usize).prop_map(Step::Dispatch),
        1 => (0..2_usize).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Two sessions hear, three processes change one folder: nothing is missed, nothing told twice, and what
    /// was told leads to the table as it is.
    #[test]
    fn a_mirror_made_of_notifications_equals_the_table(steps in prop::collection::vec(step(), 1..80)) {
        let memory = memory();
        let all: Vec<Process> = (1..=3).map(|seed| Process::on(Rc::new(Arc::clone(&memory)), seed)).collect();
        let parent = own(&id(&all[0].folder("Inbox").properties()));
        let elsewhere = own(&id(&all[0].folder("Elsewhere").properties()));
        let inbox = |process: &Process| process.folder("Inbox");
        let subject = |subject: u8| vec![Property { tag: tags::SUBJECT, value: text(&subject.to_string()) }.into()];
        let (mut here, mut away): (Vec<ObjectId>, Vec<ObjectId>) = (Vec::new(), Vec::new());
        let tables: Vec<[Table; 2]> = all[..2].iter().map(|process| {
            let plain = inbox(process).get_contents_table(MAPI_UNICODE).unwrap();
            sorted_by_subject(&plain);
            let few = inbox(process).get_contents_table(MAPI_UNICODE).unwrap();
            few.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], 0).unwrap();
            let value = Property { tag: tags::SUBJECT, value: text("2") };
            let (relop, tag) = (crate::restriction::Relop::Ge, tags::SUBJECT);
            few.restrict(Some(crate::restriction::Restriction::Property { relop, tag, value }), 0).unwrap();
            [plain, few]
        }).collect();
        let mut listening: Vec<Vec<(u32, Mirror)>> = tables.iter().map(|tables| {
            tables.iter().map(|table| (table.advise(mask::TABLE_MODIFIED).unwrap(), Mirror::read(table))).collect()
        }).collect();
        let stores: Vec<u32> = all[..2].iter().map(|process| process.store.advise(None, ALL & !mask::OBJECT_MODIFIED).unwrap()).collect();
        let mut heard = [Vec::new(), Vec::new()];
        let mut happened: Vec<(u32, ObjectId)> = Vec::new();
        let mut dispatch = |at: usize, listening: &mut Vec<Vec<(u32, Mirror)>>| {
            all[at].connection.feed().unwrap().poll().unwrap();
            all[at].notifications.take_in().unwrap();
            let mut due = [Vec::new(), Vec::new()];
            for batch in all[at].notifications.take(0).batches {
                if batch.connection == stores[at] {
                    heard[at].extend(objects(batch.events).into_iter().map(|(event, id)| (event, own(&id))));
                    continue;
                }
                let which = listening[at].iter().position(|(connection, _)| *connection == batch.connection).unwrap();
                due[which].extend(events_of(batch.events));
            }
            for (which, events) in due.into_iter().enumerate() {
                if !listening[at][which].1.apply(events) {
                    // "Changed": read again, and forget what else was due.
                    listening[at][which].1 = Mirror::read(&tables[at][which]);
                }
            }
        };
        for step in &steps {
            let commit = |process: usize, changes: Vec<Change>| {
                all[process].connection.commit(changes, CommitMode::default()).unwrap();
            };
            match step.clone() {
                Step::Create(process, text) => {
                    let object = all[process].connection.reserve().unwrap();
                    let (kind, properties) = (ObjectKind::Message, subject(text));
                    commit(process, vec![Change::Create { object: object.clone(), parent: parent.clone(), kind, properties }]);
                    happened.push((mask::OBJECT_CREATED, object.clone()));
                    here.push(object);
                }
                Step::Batch(process, rows, text) => {
                    let objects: Vec<ObjectId> = (0..rows).map(|_| all[process].connection.reserve().unwrap()).collect();
                    let create = |object: &ObjectId| Change::Create {
                        object: object.clone(), parent: parent.clone(), kind: ObjectKind::Message, properties: subject(text),
                    };
                    commit(process, objects.iter().map(create).collect());
                    happened.extend(objects.iter().map(|object| (mask::OBJECT_CREATED, object.clone())));
                    here.extend(objects);
                }
                Step::Change(process, row, text) if !here.is_empty() => {
                    let object = here[row % here.len()].clone();
                    let (expected, set) = (Expected::Exists, subject(text));
                    commit(process, vec![Change::Set { object, expected, set, delete: vec![], quiet: false }]);
                }
                Step::Remove(process, row) if !here.is_empty() => {
                    let object = here.remove(row % here.len());
                    commit(process, vec![Change::Remove { object: object.clone(), expected: Expected::Exists, hard: row % 2 == 0 }]);
                    happened.push((mask::OBJECT_DELETED, object));
                }
                Step::Away(process, row) | Step::Back(process, row) => {
                    let leaves = matches!(step, Step::Away(..));
                    let (from, to, parent) = if leaves { (&mut here, &mut away, &elsewhere) } else { (&mut away, &mut here, &parent) };
                    if from.is_empty() {
                        continue;
                    }
                    let object = from.remove(row % from.len());
                    let (expected, parent) = (Expected::Exists, parent.clone());
                    commit(process, vec![Change::Move { object: object.clone(), expected, parent, set: vec![], restore: false }]);
                    happened.push((mask::OBJECT_MOVED, object.clone()));
                    to.push(object);
                }
                Step::Dispatch(at) => dispatch(at, &mut listening),
                // A client that reads rows takes changes in as well.
                Step::Read(at) => drop(tables[at][0].query_rows(3, 0).unwrap()),
                Step::Change(..) | Step::Remove(..) => {}
            }
        }
        for at in 0..2 {
            dispatch(at, &mut listening);
            for ((_, mirror), table) in listening[at].iter().zip(&tables[at]) {
                prop_assert_eq!(&mirror.rows, &rows_of(table));
                // And as a table opened now.
                let fresh = inbox(&all[2]).get_contents_table(MAPI_UNICODE).unwrap();
                fresh.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], 0).unwrap();
                fresh.sort_table(Some(table.query_sort_order().unwrap()), 0).unwrap();
                if std::ptr::eq(table, &raw const tables[at][0]) {
                    prop_assert_eq!(&mirror.rows, &rows_of(&fresh));
                }
            }
        }
        prop_assert_eq!(&heard[0], &happened);
        prop_assert_eq!(&heard[1], &happened);
    }
}
