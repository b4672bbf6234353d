//! `messages` 7.1 and `stores` 2.8, 2.9: into the outgoing queue and out of it.

use super::*;
use crate::backend::{Change, Expected};
use crate::entry_id::OneOff;
use crate::error::Code;
use crate::messages::{RECIPIENT_SUBMITTED, message_flags};
use crate::properties::{FileTime, MAPI_BEST_ACCESS};
use crate::stores::{ChangeSet, CommitMode};

fn to(kind: i32, address: &str) -> Vec<Property> {
    vec![
        property(tags::RECIPIENT_TYPE, Value::Long(kind)),
        property(tags::DISPLAY_NAME, text(address)),
        property(tags::ENTRYID, Value::Binary(OneOff::new(address, "SMTP", address).to_bytes())),
    ]
}

/// A new message to somebody.
fn draft(folder: &Folder, subject: &str) -> Message {
    let message = folder.create_message(None, 0).unwrap();
    message.properties().set_props(vec![property(tags::SUBJECT, text(subject))]).unwrap();
    message.modify_recipients(0, &[to(1, "bob@example.com")]).unwrap();
    message
}

fn entry_id(message: &Message) -> Value {
    get(&message.properties(), tags::ENTRYID)
}

fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Binary(bytes) => bytes,
        other => panic!("no entry identifier: {other:?}"),
    }
}

fn queue(store: &StoreObject) -> Vec<String> {
    let table = store.get_outgoing_queue(0).unwrap();
    table.set_columns(&[tags::SUBJECT], 0).unwrap();
    let rows = table.query_rows(1000, 0).unwrap();
    rows.into_iter()
        .map(|row| match &row[0].value {
            Value::Unicode(subject) => subject.clone(),
            other => panic!("no subject: {other:?}"),
        })
        .collect()
}

fn code<T>(result: crate::error::Result<T>) -> Code {
    result.err().map_or(Code::SOk, |failure| failure.code())
}

#[test]
fn a_submitted_message_is_saved_queued_and_closed_to_change() {
    let bench = Bench::new();
    let store = bench.open();
    let outbox = folder(&store, "Outbox");
    let message = draft(&outbox, "x");
    let id = entry_id(&message);
    let table = message.get_recipient_table(MAPI_UNICODE).unwrap();
    message.submit_message(1).unwrap();
    assert_eq!(code(message.submit_message(0)), Code::InvalidObject);
    assert_eq!(code(message.properties().get_props(None, 0)), Code::InvalidObject);
    assert_eq!(code(table.query_rows(1, 0)), Code::InvalidObject);
    assert_eq!(queue(&store), ["x"]);
    assert_eq!(code(store.open_entry(Some(bytes(&id)), None, MAPI_MODIFY)), Code::Submitted);
    let read = open_message(&store, &id, MAPI_BEST_ACCESS);
    let properties = read.properties();
    assert_eq!(get(&properties, tags::ACCESS_LEVEL), Value::Long(0));
    let flags = message_flags::SUBMIT | message_flags::UNSENT | message_flags::UNMODIFIED;
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(flags));
    assert_eq!(get(&properties, tags::CLIENT_SUBMIT_TIME), Value::SysTime(FileTime::from_unix(1_767_225_600, 0)));
    assert_eq!(get(&properties, tags::SENDER_NAME), text("Unknown"));
    assert!(matches!(get(&properties, tags::INTERNET_MESSAGE_ID), Value::Unicode(id) if id.starts_with('<')));
    assert!(matches!(get(&properties, tags::CONVERSATION_INDEX), Value::Binary(index) if index.len() == 22));
    let rows = read.get_recipient_table(MAPI_UNICODE).unwrap();
    rows.set_columns(&[tags::RESPONSIBILITY, tags::EMAIL_ADDRESS, tags::ADDRTYPE], 0).unwrap();
    let row: Vec<Value> = rows.query_rows(9, 0).unwrap().remove(0).into_iter().map(|cell| cell.value).collect();
    assert_eq!(row, [Value::Boolean(false), text("bob@example.com"), text("SMTP")]);
}

#[test]
fn a_message_that_was_saved_before_is_submitted_with_its_unsaved_edits() {
    let store = Bench::new().open();
    let outbox = folder(&store, "Outbox");
    let message = draft(&outbox, "first");
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let id = entry_id(&message);
    let other = open_message(&store, &id, MAPI_MODIFY);
    message.properties().set_props(vec![property(tags::SUBJECT, text("second"))]).unwrap();
    message.submit_message(0).unwrap();
    assert_eq!(queue(&store), ["second"]);
    assert_eq!(code(other.submit_message(0)), Code::Submitted, "the other handle tells that it is too late");
    other.properties().set_props(vec![property(tags::SUBJECT, text("third"))]).unwrap();
    assert_eq!(code(other.properties().save_changes(0)), Code::ObjectChanged);
}

#[test]
fn submission_is_refused_in_the_order_of_its_checks_and_leaves_the_message_usable() {
    let bench = Bench::new();
    let store = bench.open();
    let outbox = folder(&store, "Outbox");
    let message = draft(&outbox, "x");
    assert_eq!(code(message.submit_message(2)), Code::UnknownFlags);
    message.modify_recipients(0, &[to(1 | RECIPIENT_SUBMITTED, "bob@example.com")]).unwrap();
    assert_eq!(code(message.submit_message(0)), Code::NoRecipients);
    message.modify_recipients(0, &[to(1, "bob@example.com")]).unwrap();
    message.properties().set_props(vec![property(tags::MESSAGE_CLASS, text("IPM..Note"))]).unwrap();
    assert_eq!(code(message.submit_message(0)), Code::InvalidParameter);
    assert_eq!(queue(&store), Vec::<String>::new());
    message.properties().set_props(vec![property(tags::MESSAGE_CLASS, text("IPM.Note"))]).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let reader = open_message(&store, &entry_id(&message), 0);
    assert_eq!(code(reader.submit_message(0)), Code::NoAccess);
    let hidden = outbox.create_message(None, crate::stores::MAPI_ASSOCIATED).unwrap();
    assert_eq!(code(hidden.submit_message(0)), Code::NoAccess);
    message.submit_message(0).unwrap();
}

#[test]
fn a_store_that_cannot_send_refuses_submission_and_has_no_queue() {
    let store = Bench::able(StoreCapabilities { submit: false, ..full() }).open();
    let message = draft(&folder(&store, "a"), "x");
    assert_eq!(code(message.submit_message(0)), Code::NoSupport);
    assert_eq!(code(store.get_outgoing_queue(0)), Code::NoSupport);
    assert_eq!(code(store.abort_submit(bytes(&entry_id(&message)), 0)), Code::NoSupport);
}

#[test]
fn a_failed_submission_leaves_everything_as_it_was() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let message = draft(&folder(&store, "Outbox"), "x");
    let failure = crate::error::Failure::new(Code::NotEnoughDisk, "full");
    faults.schedule(Some("commit"), crate::memory::Trigger::Nth(1), crate::memory::Fault::Fail(failure));
    assert_eq!(code(message.submit_message(0)), Code::NotEnoughDisk);
    assert_eq!(queue(&store), Vec::<String>::new());
    assert_eq!(get(&message.properties(), tags::MESSAGE_FLAGS), Value::Long(0xA));
    message.submit_message(0).unwrap();
    assert_eq!(queue(&store), ["x"]);
}

#[test]
fn the_queue_is_in_the_order_of_submission_and_whoever_comes_again_is_last() {
    let bench = Bench::new();
    let store = bench.open();
    let outbox = folder(&store, "Outbox");
    let late = draft(&outbox, "c");
    let early = draft(&outbox, "a");
    late.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    early.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let id = entry_id(&early);
    early.submit_message(0).unwrap();
    late.submit_message(0).unwrap();
    assert_eq!(queue(&store), ["a", "c"], "with clocks that stand still");
    let table = store.get_outgoing_queue(0).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
    store.abort_submit(bytes(&id), 0).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 1, "an open queue follows");
    bench.clock.advance(1_000_000);
    reopen_and_submit(&store, &id);
    assert_eq!(queue(&store), ["c", "a"]);
    assert_eq!(queue(&bench.open_as(2, true)), ["c", "a"], "the queue is the store's, not the process's");
}

fn reopen_and_submit(store: &StoreObject, id: &Value) {
    open_message(store, id, MAPI_MODIFY).submit_message(0).unwrap();
}

#[test]
fn a_message_taken_back_is_a_draft_again() {
    let store = Bench::new().open();
    let outbox = folder(&store, "Outbox");
    let message = draft(&outbox, "x");
    let id = entry_id(&message);
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(code(store.abort_submit(bytes(&id), 0)), Code::NotInQueue);
    message.submit_message(0).unwrap();
    assert_eq!(code(store.abort_submit(bytes(&id), 1)), Code::InvalidParameter);
    store.abort_submit(bytes(&id), 0).unwrap();
    assert_eq!(code(store.abort_submit(bytes(&id), 0)), Code::NotInQueue);
    let again = open_message(&store, &id, MAPI_MODIFY);
    let flags = get(&again.properties(), tags::MESSAGE_FLAGS);
    assert!(
        matches!(flags, Value::Long(flags) if flags & (message_flags::SUBMIT | message_flags::UNSENT) == message_flags::UNSENT)
    );
    assert_eq!(get(&again.properties(), tags::SUBMIT_FLAGS), Value::Long(0));
    assert_eq!(code(store.abort_submit(bytes(&get(&outbox.properties(), tags::ENTRYID)), 0)), Code::InvalidEntryid);
    assert_eq!(code(store.abort_submit(&bytes(&id)[..10], 0)), Code::InvalidEntryid);
    let mut missing = bytes(&id).to_vec();
    missing.push(0);
    assert_eq!(code(store.abort_submit(&missing, 0)), Code::NotFound);
}

#[test]
fn the_queue_shows_when_a_deferred_message_goes_out() {
    let store = Bench::new().open();
    let message = draft(&folder(&store, "Outbox"), "x");
    let later = vec![property(tags::DEFERRED_SEND_NUMBER, Value::Long(2)), property(tags::DEFERRED_SEND_UNITS, Value::Long(1))];
    message.properties().set_props(later).unwrap();
    message.submit_message(0).unwrap();
    let table = store.get_outgoing_queue(0).unwrap();
    table.set_columns(&[crate::spooler::NEXT_ATTEMPT], 0).unwrap();
    let value = table.query_rows(1, 0).unwrap().remove(0).remove(0).value;
    assert_eq!(value, Value::SysTime(FileTime::from_unix(1_767_225_600 + 7200, 0)));
}

#[test]
fn what_the_spooler_keeps_is_seen_by_no_client() {
    let store = Bench::new().open();
    let message = draft(&folder(&store, "Outbox"), "x");
    let id = entry_id(&message);
    message.submit_message(0).unwrap();
    let read = open_message(&store, &id, 0).properties();
    let number = read.get_props(Some(&[crate::backend::QUEUE_NUMBER]), 0).unwrap().value.remove(0).value;
    assert_eq!(number, Value::Error(Code::NotFound.raw()));
    assert!(!read.get_prop_list(0).unwrap().iter().any(|tag| (0x67E0..=0x67EF).contains(&tag.id())));
    // A row of the queue is found by its key, though its order is none of arrival.
    let table = store.get_outgoing_queue(0).unwrap();
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    assert_eq!(table.query_rows(5, 0).unwrap().len(), 1);
}

#[test]
fn a_moved_message_stays_in_the_queue() {
    let store = Bench::new().open();
    let message = draft(&folder(&store, "Outbox"), "x");
    let id = entry_id(&message);
    let elsewhere = folder(&store, "Elsewhere");
    message.submit_message(0).unwrap();
    let object = crate::entry_id::ProviderEntryId::parse(bytes(&id)).unwrap().object().unwrap();
    let parent = crate::entry_id::ProviderEntryId::parse(bytes(&get(&elsewhere.properties(), tags::ENTRYID))).unwrap();
    let mut changes = ChangeSet::new(store.connection());
    changes.push(Change::Move {
        object,
        expected: Expected::Exists,
        parent: parent.object().unwrap(),
        set: Vec::new(),
        restore: false,
    });
    changes.commit(CommitMode::default()).unwrap();
    assert_eq!(queue(&store), ["x"]);
    store.abort_submit(bytes(&id), 0).unwrap();
}
