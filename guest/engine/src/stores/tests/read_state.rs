//! `stores` 5.8 to 5.10 and 8, `messages` 1.1: read state, status, saved orders, and the reports that fall due.

use super::*;
use crate::backend::ObjectId;
use crate::error::Failure;
use crate::memory::{Fault, Trigger};
use crate::messages::message_flags;
use crate::stores::{
    BuiltReport, CLEAR_READ_FLAG, DEL_MESSAGES, DELETE_HARD_DELETE, GENERATE_RECEIPT_ONLY, MAPI_ASSOCIATED, MESSAGE_MOVE,
    RECURSIVE_SORT, ReportKind, Reports, SUPPRESS_RECEIPT,
};
use crate::tables::{SortOrder, SortOrderSet};
use std::cell::RefCell;

const PENDING: i32 = message_flags::RN_PENDING | message_flags::NRN_PENDING;

/// Notes the reports that were sent.
#[derive(Default)]
struct Outbox {
    sent: Rc<RefCell<Vec<(ObjectId, ReportKind)>>>,
    fails: bool,
}

impl Reports for Outbox {
    fn build(&self, _connection: &Rc<Connection>, message: &ObjectId, kind: ReportKind) -> Result<BuiltReport> {
        if self.fails {
            return Err(Failure::new(Code::NotEnoughDisk, "no room for a report"));
        }
        let (sent, message) = (self.sent.clone(), message.clone());
        Ok(Box::new(move || {
            sent.borrow_mut().push((message, kind));
            Ok(())
        }))
    }
}

fn reporting(store: &StoreObject) -> Rc<RefCell<Vec<(ObjectId, ReportKind)>>> {
    let outbox = Outbox::default();
    let sent = outbox.sent.clone();
    store.connection().set_reports(Rc::new(outbox));
    sent
}

fn flags(store: &StoreObject, message: &[u8]) -> i32 {
    match get(&open_message(store, &Value::Binary(message.to_vec()), 0).properties(), tags::MESSAGE_FLAGS) {
        Value::Long(flags) => flags,
        _ => panic!("no flags"),
    }
}

#[test]
fn a_whole_folder_is_marked_in_one_commit() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let ids: Vec<_> = (0..20).map(|number| put(&a, &number.to_string())).collect();
    let modified =
        |id: &Vec<u8>| get(&open_message(&store, &Value::Binary(id.clone()), 0).properties(), tags::LAST_MODIFICATION_TIME);
    let before = modified(&ids[0]);
    bench.clock.advance(1_000_000);
    let commits = bench.memory.commits();
    whole(a.set_read_flags(None, SUPPRESS_RECEIPT));
    assert_eq!(bench.memory.commits() - commits, 1);
    assert_eq!(get(&a.properties(), tags::CONTENT_UNREAD), Value::Long(0));
    assert_eq!(flags(&store, &ids[0]) & (message_flags::READ | message_flags::EVERREAD), 0x401);
    assert_eq!(modified(&ids[0]), before);
    whole(a.set_read_flags(Some(&ids[..5]), CLEAR_READ_FLAG));
    assert_eq!(get(&a.properties(), tags::CONTENT_UNREAD), Value::Long(5));
    assert_eq!(flags(&store, &ids[0]) & 0x401, message_flags::EVERREAD);
    for flags in [CLEAR_READ_FLAG | SUPPRESS_RECEIPT, CLEAR_READ_FLAG | GENERATE_RECEIPT_ONLY, 0x80] {
        assert_eq!(refused(a.set_read_flags(None, flags)), Code::InvalidParameter);
    }
}

#[test]
fn messages_that_cannot_be_marked_are_told_and_the_others_are_marked() {
    let bench = Bench::new();
    let store = bench.open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let open = saved(&a, "open");
    let queued = put(&a, "queued");
    submit(&bench, &queued);
    let (x, elsewhere) = (put(&a, "x"), put(&b, "y"));
    let hidden = a.create_message(None, MAPI_ASSOCIATED).unwrap();
    hidden.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let all = [entry_id(&open.properties()), queued, x.clone(), elsewhere];
    partial(a.set_read_flags(Some(&all), 0));
    assert_eq!(get(&a.properties(), tags::CONTENT_UNREAD), Value::Long(2));
    assert_eq!(flags(&store, &x) & message_flags::READ, message_flags::READ);
    whole(a.set_read_flags(Some(&list(&[&hidden])), 0));
    assert_eq!(get(&hidden.properties(), tags::MESSAGE_FLAGS), Value::Long(0x4A));
}

#[test]
fn a_message_that_vanishes_meanwhile_does_not_stop_the_others() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let a = folder(&store, "a");
    put(&a, "x");
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::ObjectDeleted, "gone")));
    whole(a.set_read_flags(None, 0));
    assert_eq!(get(&a.properties(), tags::CONTENT_UNREAD), Value::Long(0));
    faults.schedule(Some("commit"), Trigger::Every, Fault::Fail(Failure::new(Code::ObjectDeleted, "gone")));
    assert_eq!(refused(a.set_read_flags(None, CLEAR_READ_FLAG)), Code::Busy);
}

#[test]
fn a_handle_marks_its_message_at_once_and_keeps_its_edits() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let message = saved(&a, "x");
    message.properties().set_props(vec![property(tags::SUBJECT, text("y"))]).unwrap();
    whole(message.set_read_flag(0));
    assert_eq!(get(&a.properties(), tags::CONTENT_UNREAD), Value::Long(0));
    assert_eq!(get(&message.properties(), tags::READ), Value::Boolean(true));
    assert_eq!(subjects(&a), ["x"]);
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(subjects(&a), ["y"]);
    assert_eq!(get(&message.properties(), tags::READ), Value::Boolean(true));
    let reading = open_message(&store, &get(&message.properties(), tags::ENTRYID), 0);
    whole(reading.set_read_flag(CLEAR_READ_FLAG));
    assert_eq!(get(&message.properties(), tags::READ), Value::Boolean(false));
    assert_eq!(refused(reading.set_read_flag(2)), Code::InvalidParameter);
    // Of a message never saved the flag it will be saved with.
    let new = a.create_message(None, 0).unwrap();
    whole(new.set_read_flag(0));
    new.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&new.properties(), tags::MESSAGE_FLAGS), Value::Long(0xB));
}

#[test]
fn exactly_one_read_report_is_sent() {
    let bench = Bench::new();
    let store = bench.open();
    let sent = reporting(&store);
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let x = put(&a, "x");
    set_flags(&bench, &x, PENDING);
    whole(a.copy_messages(std::slice::from_ref(&x), None, &b, 0));
    whole(b.set_read_flags(None, 0));
    assert!(sent.borrow().is_empty(), "a copy owes nothing");
    whole(a.set_read_flags(None, GENERATE_RECEIPT_ONLY));
    assert_eq!(flags(&store, &x) & (PENDING | message_flags::READ), 0);
    for flags in [0, CLEAR_READ_FLAG, 0, GENERATE_RECEIPT_ONLY] {
        whole(a.set_read_flags(None, flags));
    }
    assert_eq!(sent.borrow().len(), 1);
    assert_eq!(sent.borrow()[0].1, ReportKind::Read);
}

#[test]
fn a_suppressed_report_is_never_sent() {
    let bench = Bench::new();
    let store = bench.open();
    let sent = reporting(&store);
    let a = folder(&store, "a");
    let message = saved(&a, "x");
    message.properties().set_props(vec![property(tags::READ_RECEIPT_REQUESTED, Value::Boolean(true))]).unwrap();
    message.properties().save_changes(crate::properties::KEEP_OPEN_READONLY).unwrap();
    let x = entry_id(&message.properties());
    set_flags(&bench, &x, PENDING);
    whole(message.set_read_flag(SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY));
    assert_eq!(get(&message.properties(), tags::READ_RECEIPT_REQUESTED), Value::Boolean(false));
    assert_eq!(flags(&store, &x) & (PENDING | message_flags::READ), 0);
    set_flags(&bench, &x, PENDING);
    whole(message.set_read_flag(SUPPRESS_RECEIPT));
    whole(message.set_read_flag(CLEAR_READ_FLAG));
    whole(message.set_read_flag(0));
    assert!(sent.borrow().is_empty());
    let silent = Bench::able(StoreCapabilities { submit: false, ..full() }).open();
    assert_eq!(refused(folder(&silent, "a").set_read_flags(None, SUPPRESS_RECEIPT)), Code::NoSuppress);
}

#[test]
fn deleting_unread_sends_one_non_read_report() {
    for flags in [0, DELETE_HARD_DELETE] {
        let bench = Bench::able(full());
        let store = bench.open();
        let sent = reporting(&store);
        let a = folder(&store, "a");
        let ids: Vec<_> = ["x", "read", "plain"].into_iter().map(|subject| put(&a, subject)).collect();
        set_flags(&bench, &ids[0], PENDING);
        set_flags(&bench, &ids[1], PENDING | message_flags::READ);
        whole(a.delete_messages(&ids, flags));
        assert_eq!(sent.borrow().iter().map(|(_, kind)| *kind).collect::<Vec<_>>(), [ReportKind::NonRead]);
        let b = folder(&store, "b");
        let y = put(&b, "y");
        set_flags(&bench, &y, PENDING);
        whole(store.root_folder().unwrap().delete_folder(&entry_id(&b.properties()), DEL_MESSAGES | flags));
        assert_eq!(sent.borrow().len(), 2);
        // A move keeps what is owed and sends nothing.
        let (c, d) = (folder(&store, "c"), folder(&store, "d"));
        let z = put(&c, "z");
        set_flags(&bench, &z, PENDING);
        whole(c.copy_messages(std::slice::from_ref(&z), None, &d, MESSAGE_MOVE));
        assert_eq!(sent.borrow().len(), 2);
        // To another store the report goes first.
        let there = other();
        let e = folder(&there.open(), "e");
        whole(d.copy_messages(&[z], None, &e, MESSAGE_MOVE));
        assert_eq!(sent.borrow().last().map(|(_, kind)| *kind), Some(ReportKind::Read));
        assert_eq!(sent.borrow().len(), 3);
    }
}

#[test]
fn a_report_that_cannot_be_built_is_owed_no_longer() {
    let bench = Bench::new();
    let store = bench.open();
    store.connection().set_reports(Rc::new(Outbox { fails: true, ..Outbox::default() }));
    let a = folder(&store, "a");
    let x = put(&a, "x");
    set_flags(&bench, &x, PENDING);
    partial(a.set_read_flags(None, 0));
    assert_eq!(flags(&store, &x) & (PENDING | message_flags::READ), message_flags::READ);
    assert_eq!(a.get_last_error(Code::WPartialCompletion, 0).unwrap().unwrap().error, "no room for a report");
    whole(a.set_read_flags(None, 0));
}

#[test]
fn status_bits_are_set_under_a_mask_and_the_old_ones_come_back() {
    let bench = Bench::new();
    let store = bench.open();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let message = saved(&a, "x");
    let x = entry_id(&message.properties());
    assert_eq!(a.set_message_status(&x, 0x8000_0003, 0x8000_0007).unwrap(), 0);
    assert_eq!(a.set_message_status(&x, 0xFFFF_FFFF, 0).unwrap(), 0x8000_0003);
    assert_eq!(a.set_message_status(&x, 0, 1).unwrap(), 0x8000_0003);
    assert_eq!(a.get_message_status(&x, 0).unwrap(), 0x8000_0002);
    a.set_message_status(&x, 0x800, 0x800).unwrap();
    assert_eq!(a.get_message_status(&x, 0).unwrap() & 0x800, 0);
    assert_eq!(refused(a.get_message_status(&x, 1)), Code::InvalidParameter);
    assert_eq!(refused(b.set_message_status(&x, 1, 1)), Code::NotFound);
    assert_eq!(refused(a.get_message_status(&entry_id(&b.properties()), 0)), Code::NotFound);
    // No content: the handle saves without conflict.
    message.properties().set_props(vec![property(tags::SUBJECT, text("y"))]).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    let problems = message.properties().set_props(vec![property(tags::MSG_STATUS, Value::Long(0))]).unwrap();
    assert_eq!(problems[0].code, Code::Computed);
    submit(&bench, &x);
    assert_eq!(a.set_message_status(&x, 4, 4).unwrap(), 0x8000_0002);
}

#[test]
fn an_order_is_kept_for_later_tables_and_below_if_asked() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let inner = a.create_folder(1, "inner", None, None, 0).unwrap();
    for folder in [&a, &inner] {
        put(folder, "b");
        put(folder, "c");
        put(folder, "a");
    }
    let open = a.get_contents_table(MAPI_UNICODE).unwrap();
    open.set_columns(&[tags::SUBJECT], 0).unwrap();
    let order = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
    a.save_contents_sort(&order, 0).unwrap();
    assert_eq!(subjects(&a), ["c", "b", "a"]);
    assert_eq!(subjects(&inner), ["b", "c", "a"]);
    assert_eq!(open.query_rows(1, 0).unwrap()[0][0].value, text("b"));
    let commits = bench.memory.commits();
    a.save_contents_sort(&order, RECURSIVE_SORT).unwrap();
    assert_eq!(bench.memory.commits() - commits, 1);
    assert_eq!(subjects(&inner), ["c", "b", "a"]);
    let bad = SortOrderSet { keys: Vec::new(), categories: 1, expanded: 0 };
    assert_eq!(refused(a.save_contents_sort(&bad, 0)), Code::InvalidParameter);
    assert_eq!(refused(a.save_contents_sort(&order, 1)), Code::UnknownFlags);
    let plain = Bench::able(StoreCapabilities { plain_scans_only: true, ..full() }).open();
    assert_eq!(refused(folder(&plain, "a").save_contents_sort(&order, 0)), Code::NoSupport);
}

#[test]
fn receive_folders_are_set_and_removed() {
    let store = Bench::new().open();
    store.validate_ipm_subtree(crate::stores::MAPI_FULL_IPM_TREE).unwrap();
    let inbox = store.get_receive_folder(None, 0).unwrap().0;
    let own = folder(&store, "own");
    let id = entry_id(&own.properties());
    let at = |class: &str| store.get_receive_folder(Some(class), 0).unwrap();
    store.set_receive_folder(Some("IPM.Note"), 0, Some(&id)).unwrap();
    assert_eq!(at("ipm.note.Phone"), (id.clone(), "IPM.Note".to_owned()));
    assert_eq!(at("IPM.Contact"), (inbox.clone(), "IPM".to_owned()));
    for _ in 0..2 {
        store.set_receive_folder(Some("ipm.note"), 0, None).unwrap();
        assert_eq!(at("IPM.Note"), (inbox.clone(), "IPM".to_owned()));
    }
    store.set_receive_folder(None, 0, Some(&id)).unwrap();
    assert_eq!(at("Foo"), (id.clone(), String::new()));
    assert_eq!(refused(store.set_receive_folder(None, 0, None)), Code::CallFailed);
    assert_eq!(refused(store.set_receive_folder(Some("report.ipm"), 0, None)), Code::NoAccess);
    assert_eq!(refused(store.set_receive_folder(Some("a..b"), 0, Some(&id))), Code::InvalidParameter);
    let search = store.root_folder().unwrap().create_folder(2, "s", None, None, 0).unwrap();
    assert_eq!(refused(store.set_receive_folder(Some("X"), 0, Some(&entry_id(&search.properties())))), Code::InvalidParameter);
    let foreign = entry_id(&folder(&other().open(), "a").properties());
    assert_eq!(refused(store.set_receive_folder(Some("X"), 0, Some(&foreign))), Code::UnknownEntryid);
    whole(store.root_folder().unwrap().delete_folder(&id, 0));
    assert_eq!(refused(store.set_receive_folder(Some("X"), 0, Some(&id))), Code::NotFound);
    assert_eq!(at("Foo"), (inbox, String::new()), "the default falls back to the Inbox");
    let public = Bench::able(StoreCapabilities { public_folders: true, ..full() }).open();
    assert_eq!(refused(public.set_receive_folder(None, 0, None)), Code::NoSupport);
}

#[test]
fn a_receive_folder_set_by_another_process_meanwhile_is_kept() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let own = folder(&store, "own");
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::ObjectChanged, "changed")));
    store.set_receive_folder(Some("X"), 0, Some(&entry_id(&own.properties()))).unwrap();
    assert_eq!(store.get_receive_folder(Some("X"), 0).unwrap().1, "X");
}

#[test]
fn a_deleted_message_is_neither_marked_nor_flagged() {
    let store = Bench::able(full()).open();
    let a = folder(&store, "a");
    let x = put(&a, "x");
    a.set_message_status(&x, 2, 2).unwrap();
    whole(a.delete_messages(std::slice::from_ref(&x), 0));
    let showing = open_folder(&store, &entry_id(&a.properties()), MAPI_MODIFY | crate::stores::SHOW_SOFT_DELETES);
    assert_eq!(refused(a.get_message_status(&x, 0)), Code::NotFound);
    assert_eq!(showing.get_message_status(&x, 0).unwrap(), 2);
    assert_eq!(refused(showing.set_message_status(&x, 0, 2)), Code::NoAccess);
    partial(showing.set_read_flags(Some(std::slice::from_ref(&x)), 0));
    let message = open_message(&store, &Value::Binary(x), crate::stores::SHOW_SOFT_DELETES);
    assert_eq!(refused(message.set_read_flag(0)), Code::NoAccess);
    whole(store.root_folder().unwrap().delete_folder(&entry_id(&a.properties()), DEL_MESSAGES));
    assert_eq!(refused(showing.set_read_flags(None, 0)), Code::NoAccess);
}
