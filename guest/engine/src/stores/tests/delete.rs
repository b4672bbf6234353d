//! `stores` 5.3, 5.6, 5.7.

use super::*;
use crate::error::Failure;
use crate::memory::{Fault, Trigger};
use crate::stores::{
    DEL_ASSOCIATED, DEL_FOLDERS, DEL_MESSAGES, DELETE_HARD_DELETE, MAPI_ASSOCIATED, MAPI_FULL_IPM_TREE, SHOW_SOFT_DELETES,
};

fn sub(parent: &Folder, name: &str) -> Folder {
    parent.create_folder(1, name, None, None, 1).unwrap()
}

fn hidden(folder: &Folder, subject: &str) {
    let message = folder.create_message(None, MAPI_ASSOCIATED).unwrap();
    message.properties().set_props(vec![property(tags::SUBJECT, text(subject))]).unwrap();
    message.properties().save_changes(0).unwrap();
}

fn children(folder: &Folder) -> Vec<String> {
    let table = folder.get_hierarchy_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::DISPLAY_NAME], 0).unwrap();
    let name = |row: Vec<Property>| if let Value::Unicode(name) = &row[0].value { name.clone() } else { String::new() };
    table.query_rows(1000, 0).unwrap().into_iter().map(name).collect()
}

#[test]
fn a_deleted_message_is_kept_until_it_is_deleted_for_good() {
    let bench = Bench::able(full());
    let store = bench.open();
    let a = folder(&store, "a");
    let x = put(&a, "x");
    whole(a.delete_messages(std::slice::from_ref(&x), 0));
    assert!(subjects(&a).is_empty());
    assert_eq!(get(&a.properties(), tags::CONTENT_COUNT), Value::Long(0));
    assert_eq!(refused(store.open_entry(Some(&x), None, 0)), Code::NotFound);
    let message = open_message(&store, &Value::Binary(x.clone()), SHOW_SOFT_DELETES);
    assert_eq!(get(&message.properties(), tags::ACCESS_LEVEL), Value::Long(0));
    let now = crate::backend::Clock::now(&*bench.clock);
    assert_eq!(get(&message.properties(), tags::DELETED_ON), Value::SysTime(now));
    partial(a.delete_messages(std::slice::from_ref(&x), 0));
    whole(a.delete_messages(std::slice::from_ref(&x), DELETE_HARD_DELETE));
    assert_eq!(refused(store.open_entry(Some(&x), None, SHOW_SOFT_DELETES)), Code::NotFound);
    let y = put(&a, "y");
    let objects = bench.memory.object_count();
    whole(a.delete_messages(&[y], DELETE_HARD_DELETE));
    assert_eq!(bench.memory.object_count(), objects - 1);
}

#[test]
fn a_store_that_keeps_nothing_deletes_for_good() {
    let bench = Bench::able(StoreCapabilities { soft_delete: false, ..full() });
    let store = bench.open();
    let a = folder(&store, "a");
    let objects = bench.memory.object_count();
    let x = put(&a, "x");
    whole(a.delete_messages(&[x], 0));
    assert_eq!(bench.memory.object_count(), objects);
}

#[test]
fn a_message_open_for_writing_or_submitted_stays() {
    let bench = Bench::new();
    let store = bench.open();
    let a = folder(&store, "a");
    let open = saved(&a, "open");
    let id = entry_id(&open.properties());
    let queued = put(&a, "queued");
    submit(&bench, &queued);
    let x = put(&a, "x");
    partial(a.delete_messages(&[id.clone(), queued, x], 0));
    assert_eq!(subjects(&a), ["open", "queued"]);
    // A handle for reading is no obstacle.
    open.properties().save_changes(crate::properties::KEEP_OPEN_READONLY).unwrap();
    whole(a.delete_messages(&[id], 0));
    assert_eq!(subjects(&a), ["queued"]);
}

#[test]
fn deleting_a_folder_asks_for_what_is_in_it() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let (a, b) = (folder(&store, "a"), folder(&store, "b"));
    let inner = sub(&a, "inner");
    put(&a, "x");
    put(&inner, "y");
    let id = entry_id(&a.properties());
    assert_eq!(refused(root.delete_folder(&id, 0)), Code::HasFolders);
    assert_eq!(refused(root.delete_folder(&id, DEL_MESSAGES)), Code::HasFolders);
    assert_eq!(refused(root.delete_folder(&id, DEL_FOLDERS)), Code::HasMessages);
    assert_eq!(subjects(&a), ["x"]);
    assert_eq!(refused(root.delete_folder(&id, 8)), Code::UnknownFlags);
    assert_eq!(refused(b.delete_folder(&id, DEL_FOLDERS | DEL_MESSAGES)), Code::NotFound);
    assert_eq!(refused(root.delete_folder(&entry_id(&inner.properties()), 0)), Code::NotFound);
    assert_eq!(refused(root.delete_folder(&entry_id(&root.properties()), 0)), Code::NoAccess);
    whole(root.delete_folder(&id, DEL_FOLDERS | DEL_MESSAGES));
    assert_eq!(children(&root), ["b"]);
    assert_eq!(refused(a.get_contents_table(0).and_then(|table| table.query_rows(1, 0))), Code::SOk);
    assert_eq!(refused(a.delete_messages(&[], 0)), Code::ObjectDeleted);
    hidden(&b, "h");
    whole(root.delete_folder(&entry_id(&b.properties()), 0));
    assert!(children(&root).is_empty());
}

#[test]
fn a_search_folder_goes_without_being_asked() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let search = root.create_folder(2, "found", None, None, 0).unwrap();
    whole(root.delete_folder(&entry_id(&search.properties()), 0));
    assert!(children(&root).is_empty());
}

#[test]
fn a_submitted_message_keeps_the_folders_above_it() {
    for flags in [0, DELETE_HARD_DELETE] {
        let bench = Bench::able(full());
        let store = bench.open();
        let root = store.root_folder().unwrap();
        let a = folder(&store, "a");
        let (kept, gone) = (sub(&a, "kept"), sub(&a, "gone"));
        put(&a, "x");
        put(&gone, "y");
        put(&kept, "z");
        let queued = put(&kept, "queued");
        submit(&bench, &queued);
        partial(root.delete_folder(&entry_id(&a.properties()), DEL_FOLDERS | DEL_MESSAGES | flags));
        assert_eq!(children(&root), ["a"]);
        assert_eq!(children(&a), ["kept"]);
        assert!(subjects(&a).is_empty());
        assert_eq!(subjects(&kept), ["queued"]);
    }
}

#[test]
fn the_standard_folders_stay() {
    let store = Bench::new().open();
    store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
    let root = store.root_folder().unwrap();
    let (inbox, _) = store.get_receive_folder(Some("IPM.Note"), 0).unwrap();
    let Value::Binary(tree) = get(&store.properties(), tags::IPM_SUBTREE_ENTRYID) else { panic!("no tree") };
    let tree_folder = open_folder(&store, &tree, MAPI_MODIFY);
    assert_eq!(refused(root.delete_folder(&tree, DEL_FOLDERS | DEL_MESSAGES)), Code::NoAccess);
    assert_eq!(refused(tree_folder.delete_folder(&inbox, DEL_FOLDERS | DEL_MESSAGES)), Code::NoAccess);
    // The Inbox is the Inbox, wherever messages are received.
    let own = sub(&tree_folder, "own");
    store.set_receive_folder(Some("IPM"), 0, Some(&entry_id(&own.properties()))).unwrap();
    assert_eq!(refused(tree_folder.delete_folder(&inbox, 0)), Code::NoAccess);
    put(&open_folder(&store, &inbox, MAPI_MODIFY), "mail");
    partial(tree_folder.empty_folder(0));
    let mut left = children(&tree_folder);
    left.sort();
    assert_eq!(left, ["Deleted Items", "Inbox", "Outbox", "Sent Items"]);
    assert_eq!(subjects(&open_folder(&store, &inbox, 0)), ["mail"]);
    // What received into the deleted folder is gone; IPM has no entry left, the default is the Inbox's.
    assert_eq!(store.get_receive_folder(Some("IPM.Note"), 0).unwrap(), (inbox, String::new()));
}

#[test]
fn emptying_leaves_hidden_messages_unless_asked() {
    let bench = Bench::able(full());
    let store = bench.open();
    let a = folder(&store, "a");
    let inner = sub(&a, "inner");
    put(&a, "x");
    put(&inner, "y");
    hidden(&a, "h");
    assert_eq!(refused(a.empty_folder(1)), Code::InvalidParameter);
    assert_eq!(refused(store.root_folder().unwrap().empty_folder(0)), Code::NoSupport);
    whole(a.empty_folder(0));
    assert!(subjects(&a).is_empty() && children(&a).is_empty());
    assert_eq!(subjects_of(&a, MAPI_ASSOCIATED), ["h"]);
    assert_eq!(subjects_of(&a, SHOW_SOFT_DELETES), ["x"]);
    let objects = bench.memory.object_count();
    whole(a.empty_folder(DEL_ASSOCIATED | DELETE_HARD_DELETE));
    assert!(subjects_of(&a, MAPI_ASSOCIATED).is_empty() && subjects_of(&a, SHOW_SOFT_DELETES).is_empty());
    assert_eq!(bench.memory.object_count(), objects - 4, "two messages, a folder, and the message in it");
}

#[test]
fn deleting_is_done_in_few_commits_and_a_fault_leaves_the_rest() {
    let bench = Bench::able(full());
    let (store, faults) = bench.open_faulty();
    let root = store.root_folder().unwrap();
    let a = folder(&store, "a");
    let ids: Vec<_> = (0..2_100).map(|number| put(&a, &number.to_string())).collect();
    let commits = bench.memory.commits();
    faults.schedule(Some("commit"), Trigger::Nth(2), Fault::Fail(Failure::new(Code::DiskError, "bad sector")));
    partial(a.delete_messages(&ids, DELETE_HARD_DELETE));
    let left = subjects(&a).len();
    assert!(left > 0 && left < 2_100);
    assert!(bench.memory.commits() - commits <= 2);
    // A whole folder goes in one commit.
    faults.clear();
    let commits = bench.memory.commits();
    whole(root.delete_folder(&entry_id(&a.properties()), DEL_MESSAGES));
    assert_eq!(bench.memory.commits() - commits, 1);
}

#[test]
fn a_deleted_folder_keeps_its_tree_under_soft_deletes() {
    let store = Bench::able(full()).open();
    let root = store.root_folder().unwrap();
    let a = folder(&store, "a");
    let x = put(&a, "x");
    let id = entry_id(&a.properties());
    whole(root.delete_folder(&id, DEL_MESSAGES));
    assert_eq!(refused(store.open_entry(Some(&id), None, 0)), Code::NotFound);
    open_message(&store, &Value::Binary(x.clone()), SHOW_SOFT_DELETES);
    let deleted = open_folder(&store, &id, SHOW_SOFT_DELETES);
    let b = folder(&store, "b");
    whole(deleted.copy_messages(&[x], None, &b, crate::stores::MESSAGE_MOVE));
    assert_eq!(subjects(&b), ["x"]);
    whole(root.delete_folder(&id, DELETE_HARD_DELETE));
    assert_eq!(refused(store.open_entry(Some(&id), None, SHOW_SOFT_DELETES)), Code::NotFound);
}
