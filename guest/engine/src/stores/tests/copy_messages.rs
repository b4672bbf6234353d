//! `stores` 5.2.

use super::*;
use crate::backend::{NamedProperty, Objects, PropertyName};
use crate::error::Failure;
use crate::memory::{Fault, Trigger};
use crate::messages::MODRECIP_ADD;
use crate::properties::interface::{IID_IMESSAGE, IID_ISTREAM};
use crate::properties::{MAPI_CREATE, OpenedProperty};
use crate::stores::{MAPI_ASSOCIATED, MAPI_DECLINE_OK, MESSAGE_MOVE, SHOW_SOFT_DELETES};

/// A message with a recipient, a named property, an attachment and a message in an attachment.
fn rich(folder: &Folder, data: usize) -> Message {
    let message = folder.create_message(None, 0).unwrap();
    let properties = message.properties();
    let name = NamedProperty { set: Guid([5; 16]), name: PropertyName::Text("colour".into()) };
    let named = properties.get_ids_from_names(Some(&[name]), MAPI_CREATE).unwrap().value[0];
    let values = vec![
        property(tags::SUBJECT, text("RE: rich")),
        property(tags::BODY, text("Look.")),
        property(named.with_kind(crate::properties::PropType::UNICODE), text("green")),
    ];
    assert!(properties.set_props(values).unwrap().is_empty());
    message.modify_recipients(MODRECIP_ADD, &[vec![property(tags::DISPLAY_NAME, text("Ann"))]]).unwrap();
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    attachment.properties().set_props(vec![property(tags::ATTACH_METHOD, Value::Long(1))]).unwrap();
    let flags = MAPI_MODIFY | MAPI_CREATE;
    let Ok(OpenedProperty::Stream(stream)) =
        attachment.properties().open_property(tags::ATTACH_DATA_BIN, Some(IID_ISTREAM), 0, flags)
    else {
        panic!("no stream")
    };
    stream.write(&vec![7; data]).unwrap();
    drop(stream);
    attachment.properties().save_changes(0).unwrap();
    let (_, holder) = message.create_attach(None, 0).unwrap();
    let Ok(OpenedProperty::Message(inner)) =
        holder.properties().open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, flags)
    else {
        panic!("no message")
    };
    inner.properties().set_props(vec![property(tags::SUBJECT, text("inner"))]).unwrap();
    inner.properties().save_changes(0).unwrap();
    holder.properties().save_changes(0).unwrap();
    properties.save_changes(KEEP_OPEN_READWRITE).unwrap();
    message
}

/// What a reader of the message sees of it.
fn seen(message: &Message) -> Vec<String> {
    let properties = message.properties();
    let name = NamedProperty { set: Guid([5; 16]), name: PropertyName::Text("colour".into()) };
    let named = properties.get_ids_from_names(Some(&[name]), 0).unwrap().value[0];
    let mut seen = vec![
        format!("{:?}", get(&properties, tags::SUBJECT)),
        format!("{:?}", get(&properties, tags::BODY)),
        format!("{:?}", get(&properties, tags::SEARCH_KEY)),
        format!("{:?}", get(&properties, tags::LAST_MODIFICATION_TIME)),
        format!("{:?}", get(&properties, tags::DISPLAY_TO)),
        format!("{:?}", get(&properties, named.with_kind(crate::properties::PropType::UNICODE))),
    ];
    let table = message.get_recipient_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::DISPLAY_NAME, tags::RECIPIENT_TYPE, tags::ROWID], 0).unwrap();
    seen.push(format!("{:?}", table.query_rows(10, 0).unwrap()));
    let attachment = message.open_attach(0, None, 0).unwrap();
    let Ok(OpenedProperty::Stream(stream)) =
        attachment.properties().open_property(tags::ATTACH_DATA_BIN, Some(IID_ISTREAM), 0, 0)
    else {
        panic!("no stream")
    };
    let bytes = stream.read(16 << 20).unwrap();
    assert!(bytes.iter().all(|byte| *byte == 7));
    seen.push(bytes.len().to_string());
    let holder = message.open_attach(1, None, 0).unwrap();
    let Ok(OpenedProperty::Message(inner)) = holder.properties().open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, 0)
    else {
        panic!("no message")
    };
    seen.push(format!("{:?}", get(&inner.properties(), tags::SUBJECT)));
    seen
}

fn first(folder: &Folder) -> Message {
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let row = table.query_rows(1, 0).unwrap().remove(0);
    match folder.open_entry(if let Value::Binary(id) = &row[0].value { Some(id) } else { None }, None, 0).unwrap() {
        OpenedEntry::Message(message) => message,
        _ => panic!("no message"),
    }
}

#[test]
fn a_copy_is_new_but_has_everything_the_original_has() {
    let bench = Bench::new();
    let store = bench.open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let original = rich(&a, 100_000);
    a.set_message_status(&entry_id(&original.properties()), 2, 2).unwrap();
    bench.clock.advance(1_000_000);
    whole(a.copy_messages(&list(&[&original]), None, &b, 0));
    let copy = first(&b);
    assert_eq!(seen(&copy), seen(&original));
    assert_ne!(get(&copy.properties(), tags::ENTRYID), get(&original.properties(), tags::ENTRYID));
    assert_ne!(get(&copy.properties(), tags::RECORD_KEY), get(&original.properties(), tags::RECORD_KEY));
    assert_eq!(get(&copy.properties(), tags::CREATION_TIME), Value::SysTime(crate::backend::Clock::now(&*bench.clock)));
    assert_eq!(get(&copy.properties(), tags::MSG_STATUS), Value::Long(0));
    assert_eq!(get(&original.properties(), tags::MSG_STATUS), Value::Long(2));
    assert_eq!(get(&copy.properties(), tags::PARENT_ENTRYID), get(&b.properties(), tags::ENTRYID));
}

#[test]
fn a_moved_message_keeps_its_identity_and_its_open_handles() {
    let store = Bench::new().open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let message = saved(&a, "x");
    let before = ["entry", "record", "search", "created"]
        .into_iter()
        .zip([tags::ENTRYID, tags::RECORD_KEY, tags::SEARCH_KEY, tags::CREATION_TIME])
        .map(|(what, tag)| (what, get(&message.properties(), tag)))
        .collect::<Vec<_>>();
    a.set_message_status(&entry_id(&message.properties()), 2, 2).unwrap();
    whole(a.copy_messages(&list(&[&message]), None, &b, MESSAGE_MOVE));
    assert!(subjects(&a).is_empty());
    assert_eq!(subjects(&b), ["x"]);
    for ((what, value), tag) in before.iter().zip([tags::ENTRYID, tags::RECORD_KEY, tags::SEARCH_KEY, tags::CREATION_TIME]) {
        assert_eq!(get(&message.properties(), tag), *value, "{what}");
    }
    assert_eq!(get(&message.properties(), tags::MSG_STATUS), Value::Long(0));
    message.properties().set_props(vec![property(tags::SUBJECT, text("y"))]).unwrap();
    message.properties().save_changes(0).unwrap();
    assert_eq!(subjects(&b), ["y"]);
}

#[test]
fn between_stores_everything_is_carried_over_and_names_keep_their_meaning() {
    let (one, two) = (Bench::new(), other());
    let (here, there) = (one.open(), two.open());
    // The same identifier means something else there.
    let taken = NamedProperty { set: Guid([6; 16]), name: PropertyName::Number(1) };
    there.properties().get_ids_from_names(Some(&[taken]), MAPI_CREATE).unwrap();
    let (a, b) = (folder(&here, "a"), folder(&there, "b"));
    let original = rich(&a, 5 << 20);
    let expected = seen(&original);
    assert_eq!(refused(a.copy_messages(&list(&[&original]), None, &b, MAPI_DECLINE_OK)), Code::DeclineCopy);
    whole(a.copy_messages(&list(&[&original]), None, &b, 0));
    assert_eq!(seen(&first(&b)), expected);
    whole(a.copy_messages(&list(&[&original]), None, &b, MESSAGE_MOVE));
    assert!(subjects(&a).is_empty());
    assert_eq!(subjects(&b).len(), 2);
    assert_eq!(refused(original.properties().save_changes(KEEP_OPEN_READWRITE)), Code::SOk);
    original.properties().set_props(vec![property(tags::SUBJECT, text("late"))]).unwrap();
    assert_eq!(refused(original.properties().save_changes(0)), Code::ObjectDeleted);
}

#[test]
fn what_is_not_in_the_folder_fails_alone() {
    let bench = Bench::new();
    let store = bench.open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let (x, y) = (put(&a, "x"), put(&b, "y"));
    let gone = put(&a, "gone");
    whole(a.delete_messages(std::slice::from_ref(&gone), 0));
    let queued = put(&a, "queued");
    submit(&bench, &queued);
    let foreign = put(&folder(&other().open(), "a"), "foreign");
    let all = [x.clone(), y, gone, queued.clone(), foreign, b"short".to_vec(), x.clone()];
    partial(a.copy_messages(&all, None, &b, MESSAGE_MOVE));
    assert_eq!(subjects(&b), ["y", "x"]);
    assert_eq!(subjects(&a), ["queued"]);
    let told = a.get_last_error(Code::WPartialCompletion, 0).unwrap().unwrap();
    assert!(told.error.contains("does not belong to this store"), "{told:?}");
    // A copy of a submitted message is not submitted.
    whole(a.copy_messages(&[queued], None, &b, 0));
    let copies = subjects(&b).iter().filter(|subject| *subject == "queued").count();
    assert_eq!(copies, 1);
    let table = b.get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::MESSAGE_FLAGS], 0).unwrap();
    let rows = table.query_rows(10, 0).unwrap();
    assert!(rows.iter().all(|row| matches!(row[0].value, Value::Long(flags) if flags & 4 == 0)));
    partial(a.copy_messages(&[vec![0; 30]], None, &b, 0));
    whole(a.copy_messages(&[], None, &b, 0));
}

#[test]
fn the_same_folder_is_doubled_by_a_copy_and_left_by_a_move() {
    let store = Bench::new().open();
    let a = folder(&store, "a");
    let (x, y) = (put(&a, "x"), put(&a, "y"));
    whole(a.copy_messages(&[x.clone(), y.clone()], None, &a, MESSAGE_MOVE));
    assert_eq!(subjects(&a), ["x", "y"]);
    whole(a.copy_messages(&[x, y], None, &a, 0));
    assert_eq!(subjects(&a), ["x", "y", "x", "y"]);
}

#[test]
fn hidden_messages_stay_hidden() {
    let store = Bench::new().open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let hidden = a.create_message(None, MAPI_ASSOCIATED).unwrap();
    hidden.properties().set_props(vec![property(tags::SUBJECT, text("h"))]).unwrap();
    hidden.properties().save_changes(0).unwrap();
    let entry_id = {
        let table = a.get_contents_table(MAPI_UNICODE | MAPI_ASSOCIATED).unwrap();
        table.set_columns(&[tags::ENTRYID], 0).unwrap();
        match table.query_rows(1, 0).unwrap().remove(0).remove(0).value {
            Value::Binary(id) => id,
            _ => panic!("no identifier"),
        }
    };
    for flags in [0, MESSAGE_MOVE] {
        whole(a.copy_messages(std::slice::from_ref(&entry_id), None, &b, flags));
    }
    assert!(subjects(&b).is_empty());
    assert_eq!(subjects_of(&b, MAPI_ASSOCIATED), ["h", "h"]);
}

#[test]
fn a_destination_must_take_messages_in() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let x = put(&a, "x");
    let search = store.root_folder().unwrap().create_folder(2, "s", None, None, 0).unwrap();
    assert_eq!(refused(a.copy_messages(std::slice::from_ref(&x), None, &search, 0)), Code::NoSupport);
    let reading = bench.open_as(2, false);
    let there = open_folder(&reading, &entry_id(&a.properties()), 0);
    assert_eq!(refused(a.copy_messages(std::slice::from_ref(&x), None, &there, 0)), Code::NoAccess);
    assert_eq!(refused(there.copy_messages(std::slice::from_ref(&x), None, &a, MESSAGE_MOVE)), Code::NoAccess);
    whole(there.copy_messages(std::slice::from_ref(&x), None, &a, 0));
    assert_eq!(refused(a.copy_messages(std::slice::from_ref(&x), None, &a, 0x10)), Code::UnknownFlags);
    assert_eq!(refused(a.copy_messages(&[x], Some(IID_IMESSAGE), &a, 0)), Code::InterfaceNotSupported);
}

#[test]
fn a_soft_deleted_message_is_brought_back_by_moving_it() {
    let store = Bench::able(full()).open();
    let a = folder(&store, "a");
    let x = put(&a, "x");
    whole(a.delete_messages(std::slice::from_ref(&x), 0));
    partial(a.copy_messages(std::slice::from_ref(&x), None, &a, MESSAGE_MOVE));
    let showing = open_folder(&store, &entry_id(&a.properties()), MAPI_MODIFY | SHOW_SOFT_DELETES);
    whole(showing.copy_messages(std::slice::from_ref(&x), None, &a, MESSAGE_MOVE));
    assert_eq!(subjects(&a), ["x"]);
    let message = open_message(&store, &Value::Binary(x.clone()), 0);
    assert_eq!(get(&message.properties(), tags::DELETED_ON), Value::Error(Code::NotFound.raw()));
    drop(message);
    whole(a.delete_messages(std::slice::from_ref(&x), 0));
    whole(showing.copy_messages(&[x], None, &a, 0));
    assert_eq!(subjects(&a), ["x"]);
    assert_eq!(subjects_of(&a, SHOW_SOFT_DELETES), ["x"]);
}

#[test]
fn a_fault_in_the_middle_leaves_what_was_done_and_says_so() {
    let failure = |code| Failure::new(code, "injected");
    for (code, moving) in [(Code::ObjectDeleted, 0), (Code::ObjectDeleted, MESSAGE_MOVE), (Code::DiskError, 0)] {
        let bench = Bench::new();
        let (store, faults) = bench.open_faulty();
        let (a, b) = (folder(&store, "a"), folder(&store, "b"));
        let ids: Vec<_> = (0..10).map(|number| put(&a, &number.to_string())).collect();
        faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(failure(code)));
        let result = a.copy_messages(&ids, None, &b, moving);
        if code == Code::DiskError {
            // The store itself is in trouble: nothing was done, and that is said.
            assert_eq!(refused(result), Code::DiskError);
            assert!(subjects(&b).is_empty());
        } else {
            // A batch that cannot be committed is tried in parts.
            whole(result);
            assert_eq!(subjects(&b).len(), 10);
        }
    }
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let ids: Vec<_> = (0..4).map(|number| put(&a, &number.to_string())).collect();
    // The batch, its first half, and the first message of that.
    for nth in 1..=3 {
        faults.schedule(Some("commit"), Trigger::Nth(nth), Fault::Fail(failure(Code::ObjectDeleted)));
    }
    partial(a.copy_messages(&ids, None, &b, MESSAGE_MOVE));
    assert_eq!(subjects(&a), ["0"]);
    assert_eq!(subjects(&b), ["1", "2", "3"]);
    // Done, but reported as failed: nothing is there twice.
    faults.clear();
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::FailAfter(failure(Code::ObjectChanged)));
    partial(b.copy_messages(&ids[1..], None, &a, 0));
    assert_eq!(subjects(&a), ["0", "1", "2", "3"]);
}

#[test]
fn a_move_to_another_store_never_loses_what_others_changed_meanwhile() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let there = other().open();
    let (a, b) = (folder(&store, "a"), folder(&there, "b"));
    let x = put(&a, "x");
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::ObjectChanged, "changed")));
    partial(a.copy_messages(std::slice::from_ref(&x), None, &b, MESSAGE_MOVE));
    assert_eq!(subjects(&a), ["x"]);
    assert!(subjects(&b).is_empty(), "the copy of what was there before is taken back");
}

#[test]
fn a_failed_copy_between_stores_leaves_nothing_staged() {
    let target = other();
    let (there, faults) = target.open_faulty();
    let store = Bench::new().open();
    let (a, b) = (folder(&store, "a"), folder(&there, "b"));
    let original = rich(&a, 5 << 20);
    let full = Failure::new(Code::NotEnoughDisk, "the disk is full");
    faults.schedule(Some("commit"), Trigger::Every, Fault::Fail(full.clone()));
    assert_eq!(refused(a.copy_messages(&list(&[&original]), None, &b, 0)), Code::NotEnoughDisk);
    let discarded = faults.calls().iter().filter(|call| **call == "discard").count();
    let staged = faults.calls().iter().filter(|call| **call == "stage").count();
    assert!(staged > 0 && discarded == staged, "{staged} staged, {discarded} discarded");
    faults.clear();
    faults.schedule(Some("append"), Trigger::Nth(2), Fault::Fail(full));
    assert_eq!(refused(a.copy_messages(&list(&[&original]), None, &b, 0)), Code::NotEnoughDisk);
    let discarded = faults.calls().iter().filter(|call| **call == "discard").count();
    let staged = faults.calls().iter().filter(|call| **call == "stage").count();
    assert_eq!(discarded, staged);
    assert!(subjects(&b).is_empty());
}

#[test]
fn progress_is_shown_and_may_cancel() {
    let bench = Bench::new();
    let store = bench.open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let ids: Vec<_> = (0..2_100).map(|number| put(&a, &number.to_string())).collect();
    bench.progress.cancel_at(Some(1));
    partial(a.copy_messages(&ids, None, &b, MESSAGE_MOVE));
    let moved = subjects(&b).len();
    assert!(moved > 0 && moved < 2_100, "{moved}");
    assert_eq!(subjects(&a).len() + moved, 2_100);
    let (done, total) = bench.progress.reports()[0];
    assert_eq!((usize::try_from(done).unwrap(), total), (moved, 2_100));
    let commits = bench.memory.commits();
    bench.progress.cancel_at(None);
    whole(a.copy_messages(&ids[moved..], None, &b, 0));
    assert_eq!(bench.memory.commits() - commits, 1, "many copies are one commit");
    assert!(bench.memory.feed_cursor().is_ok());
}
