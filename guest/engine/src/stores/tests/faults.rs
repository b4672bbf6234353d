//! Backends that others change, that fail, and that lie (`session` 3.1).

use super::*;
use crate::error::{Code, Failure};
use crate::memory::{Fault, Trigger};
use crate::messages::MODRECIP_ADD;
use crate::properties::interface::{IID_IMESSAGE, IID_ISTREAM};
use crate::properties::{MAPI_CREATE, OpenedProperty};
use crate::stores::{CONVENIENT_DEPTH, MAPI_FORCE_CREATE, MAPI_FULL_IPM_TREE, folder_mask};

fn changed() -> Failure {
    Failure::new(Code::ObjectChanged, "changed by another process")
}

fn folders(store: &StoreObject) -> u32 {
    store.root_folder().unwrap().get_hierarchy_table(CONVENIENT_DEPTH).unwrap().get_row_count(0).unwrap().value
}

#[test]
fn a_validation_that_meets_another_one_ends_with_one_tree() {
    for nth in 1..=12 {
        let bench = Bench::new();
        let (store, faults) = bench.open_faulty();
        // The commit took place, as if another process had made the same one, and ours came late.
        faults.schedule(Some("commit"), Trigger::Nth(nth), Fault::FailAfter(changed()));
        let valid = store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
        assert_eq!(valid[0].value, Value::Long(folder_mask::FULL.cast_signed()), "commit {nth}");
        assert_eq!(folders(&store), 8, "commit {nth}");
        assert_eq!(store.validate_ipm_subtree(MAPI_FULL_IPM_TREE | MAPI_FORCE_CREATE).unwrap(), valid);
    }
}

#[test]
fn a_folder_created_by_another_process_meanwhile_is_found() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::FailAfter(changed()));
    let root = store.root_folder().unwrap();
    assert_eq!(root.create_folder(1, "a", None, None, 0).err().unwrap().code(), Code::Collision);
    faults.clear();
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(changed()));
    root.create_folder(1, "b", None, None, 0).unwrap();
    assert_eq!(folders(&store), 2);
    faults.schedule(Some("commit"), Trigger::Every, Fault::Fail(changed()));
    assert_eq!(root.create_folder(1, "c", None, None, 0).err().unwrap().code(), Code::Busy);
}

#[test]
fn a_failed_save_keeps_the_handle_and_what_was_written() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let OpenedProperty::Stream(stream) =
        message.properties().open_property(tags::HTML, Some(IID_ISTREAM), 0, MAPI_MODIFY | MAPI_CREATE).unwrap()
    else {
        panic!("no stream")
    };
    for _ in 0..6 {
        stream.write(&vec![b'x'; 1 << 20]).unwrap();
    }
    drop(stream);
    let full = Failure::new(Code::NotEnoughDisk, "the disk is full");
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(full.clone()));
    assert_eq!(message.properties().save_changes(0).unwrap_err().code(), Code::NotEnoughDisk);
    let known = message.get_last_error(Code::NotEnoughDisk, 0).unwrap().unwrap();
    assert_eq!(known.error, "the disk is full");
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let size = get(&message.properties(), tags::MESSAGE_SIZE);
    assert!(matches!(size, Value::Long(size) if size > 6 << 20));
    assert!(!faults.calls().contains(&"discard"));
}

#[test]
fn what_was_written_to_a_message_never_saved_is_given_back() {
    let (store, faults) = Bench::new().open_faulty();
    let message = folder(&store, "a").create_message(None, 0).unwrap();
    let OpenedProperty::Stream(stream) =
        message.properties().open_property(tags::HTML, Some(IID_ISTREAM), 0, MAPI_MODIFY | MAPI_CREATE).unwrap()
    else {
        panic!("no stream")
    };
    stream.write(&vec![b'x'; 6 << 20]).unwrap();
    stream.commit().unwrap();
    drop(stream);
    assert!(!faults.calls().contains(&"discard"));
    drop(message);
    assert!(faults.calls().contains(&"discard"));
}

#[test]
fn a_backend_that_lies_or_fails_costs_no_more_than_an_error() {
    let failing = Fault::Fail(Failure::new(Code::DiskError, "bad sector"));
    for fault in [Fault::Garbage, failing] {
        let bench = Bench::new();
        let (store, faults) = bench.open_faulty();
        store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
        let parent = folder(&store, "a");
        let message = saved(&parent, "x");
        let (_, attachment) = message.create_attach(None, 0).unwrap();
        attachment.properties().open_property(tags::ATTACH_DATA_OBJ, Some(IID_IMESSAGE), 0, 3).ok();
        attachment.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
        message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
        faults.schedule(None, Trigger::Every, fault);
        let entry_id = parent.entry_id_of(parent.object());
        store.open_entry(Some(&entry_id), None, 0).ok();
        store.open_entry(None, None, 0).ok();
        store.properties().get_props(None, 0).ok();
        store.validate_ipm_subtree(MAPI_FULL_IPM_TREE | MAPI_FORCE_CREATE).ok();
        store.get_receive_folder(None, 0).ok();
        store.properties().get_ids_from_names(None, 0).ok();
        parent.create_folder(1, "b", None, None, 0).ok();
        parent.properties().set_props(vec![property(tags::DISPLAY_NAME, text("n"))]).ok();
        for object in [message.properties(), attachment.properties(), parent.properties()] {
            object.get_props(None, 0).ok();
            object.get_prop_list(0).ok();
            object.open_property(tags::BODY, Some(IID_ISTREAM), 0, 0).ok();
        }
        message.get_recipient_table(0).ok();
        message.get_attachment_table(0).ok();
        message.open_attach(0, None, 0).ok();
        message.modify_recipients(MODRECIP_ADD, &[vec![property(tags::DISPLAY_NAME, text("n"))]]).ok();
        message.properties().set_props(vec![property(tags::SUBJECT, text("y"))]).unwrap();
        message.properties().save_changes(KEEP_OPEN_READWRITE).ok();
        parent.create_message(None, 0).ok();
    }
}

#[test]
fn a_full_store_takes_no_value_of_a_folder() {
    let (store, faults) = Bench::new().open_faulty();
    let a = folder(&store, "a");
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::NotEnoughDisk, "the disk is full")));
    assert_eq!(refused(a.properties().set_props(vec![property(tags::COMMENT, text("c"))])), Code::NotEnoughMemory);
    assert_eq!(get(&a.properties(), tags::COMMENT), Value::Error(Code::NotFound.raw()));
}
