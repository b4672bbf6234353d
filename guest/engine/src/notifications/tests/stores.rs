//! Object events, from the change feed to the registrations at stores (`session` 8.2, `stores` 2.3, 11).

use super::{ALL, Process, UID, code, id, memory, objects, one, own, saved, set_subject, text, two};
use crate::backend::{Change, Expected, ObjectId, ObjectKind};
use crate::error::{Code, Failure};
use crate::memory::{Fault, Faulty, MemoryStore, Trigger};
use crate::notifications::{Notification, ObjectNotification, TableEvent, TableNotification, mask};
use crate::properties::{Property, Value, tags};
use crate::stores::CommitMode;
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;
use std::sync::Arc;

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
