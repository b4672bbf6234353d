//! `stores` 5.5.

use super::*;
use crate::error::Failure;
use crate::memory::{Fault, Trigger};
use crate::stores::{COPY_SUBFOLDERS, FOLDER_MOVE, MAPI_DECLINE_OK, MAPI_FULL_IPM_TREE};

fn sub(parent: &Folder, name: &str) -> Folder {
    parent.create_folder(1, name, None, None, 1).unwrap()
}

fn id(folder: &Folder) -> Vec<u8> {
    entry_id(&folder.properties())
}

/// Every folder below with its messages, one line each.
fn tree(folder: &Folder, store: &StoreObject) -> Vec<String> {
    let mut lines = Vec::new();
    let table = folder.get_hierarchy_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::DISPLAY_NAME, tags::ENTRYID], 0).unwrap();
    for row in table.query_rows(1000, 0).unwrap() {
        let (Value::Unicode(name), Value::Binary(id)) = (&row[0].value, &row[1].value) else { panic!("no folder") };
        let below = open_folder(store, id, MAPI_MODIFY);
        lines.push(format!("{name}: {}", subjects(&below).join(",")));
        lines.extend(tree(&below, store).into_iter().map(|line| format!("{name}/{line}")));
    }
    lines
}

/// a with x and the folders b (y) and c in b (z); and a folder "to".
fn stage(store: &StoreObject) -> (Folder, Folder, Folder) {
    let (a, to) = (folder(store, "a"), folder(store, "to"));
    let b = sub(&a, "b");
    let c = sub(&b, "c");
    put(&a, "x");
    put(&b, "y");
    put(&c, "z");
    (a, b, to)
}

#[test]
fn a_copy_takes_the_subfolders_along_only_if_asked() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let (a, _, to) = stage(&store);
    a.properties().set_props(vec![property(tags::COMMENT, text("mine"))]).unwrap();
    whole(root.copy_folder(&id(&a), None, &to, None, 0));
    assert_eq!(tree(&to, &store), ["a: x"]);
    whole(root.copy_folder(&id(&a), None, &to, Some("deep"), COPY_SUBFOLDERS));
    assert_eq!(tree(&to, &store), ["a: x", "deep: x", "deep/b: y", "deep/b/c: z"]);
    assert_eq!(subjects(&a), ["x"]);
    let table = to.get_hierarchy_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::COMMENT, tags::CONTENT_COUNT], 0).unwrap();
    for row in table.query_rows(2, 0).unwrap() {
        assert_eq!([&row[0].value, &row[1].value], [&text("mine"), &Value::Long(1)]);
    }
}

#[test]
fn a_moved_folder_keeps_the_identifiers_of_all_in_it() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let (a, b, to) = stage(&store);
    whole(root.copy_folder(&id(&a), None, &to, Some("moved"), FOLDER_MOVE));
    assert_eq!(tree(&root, &store), ["to: ", "to/moved: x", "to/moved/b: y", "to/moved/b/c: z"]);
    assert_eq!(get(&a.properties(), tags::DISPLAY_NAME), text("moved"));
    assert_eq!(get(&a.properties(), tags::PARENT_ENTRYID), get(&to.properties(), tags::ENTRYID));
    assert_eq!(subjects(&b), ["y"]);
}

#[test]
fn a_move_to_its_own_parent_renames_and_to_its_own_name_does_nothing() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let (a, _, to) = stage(&store);
    whole(root.copy_folder(&id(&a), None, &root, Some("A"), FOLDER_MOVE));
    assert_eq!(get(&a.properties(), tags::DISPLAY_NAME), text("A"));
    whole(root.copy_folder(&id(&a), None, &root, None, FOLDER_MOVE));
    assert_eq!(refused(root.copy_folder(&id(&a), None, &root, Some("TO"), FOLDER_MOVE)), Code::Collision);
    assert_eq!(refused(root.copy_folder(&id(&a), None, &root, None, 0)), Code::Collision);
    sub(&to, "a");
    assert_eq!(refused(root.copy_folder(&id(&a), None, &to, None, FOLDER_MOVE)), Code::Collision);
    assert_eq!(refused(root.copy_folder(&id(&a), None, &to, Some(""), 0)), Code::InvalidParameter);
}

#[test]
fn a_folder_cannot_be_put_into_itself() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let (a, b, _) = stage(&store);
    let before = tree(&root, &store);
    for target in [&a, &b] {
        for flags in [0, COPY_SUBFOLDERS, FOLDER_MOVE] {
            assert_eq!(refused(root.copy_folder(&id(&a), None, target, Some("n"), flags)), Code::FolderCycle);
        }
    }
    assert_eq!(tree(&root, &store), before);
}

#[test]
fn only_a_child_that_may_move_does() {
    let bench = Bench::new();
    let store = bench.open();
    store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
    let root = store.root_folder().unwrap();
    let (a, b, to) = stage(&store);
    assert_eq!(refused(root.copy_folder(&id(&b), None, &to, None, 0)), Code::NotFound);
    assert_eq!(refused(root.copy_folder(&id(&root), None, &to, None, FOLDER_MOVE)), Code::NoAccess);
    let (inbox, _) = store.get_receive_folder(None, 0).unwrap();
    let Value::Binary(subtree) = get(&store.properties(), tags::IPM_SUBTREE_ENTRYID) else { panic!("no tree") };
    let subtree = open_folder(&store, &subtree, MAPI_MODIFY);
    assert_eq!(refused(subtree.copy_folder(&inbox, None, &to, None, FOLDER_MOVE)), Code::NoAccess);
    whole(subtree.copy_folder(&inbox, None, &to, None, 0));
    assert_eq!(store.get_receive_folder(None, 0).unwrap().0, inbox);
    let search = root.create_folder(2, "s", None, None, 0).unwrap();
    assert_eq!(refused(root.copy_folder(&id(&a), None, &search, None, 0)), Code::NoSupport);
    whole(root.copy_folder(&id(&search), None, &to, None, 0));
    let queued = put(&b, "queued");
    submit(&bench, &queued);
    assert_eq!(refused(root.copy_folder(&id(&a), None, &to, None, FOLDER_MOVE)), Code::NoAccess);
    whole(root.copy_folder(&id(&a), None, &to, None, COPY_SUBFOLDERS));
}

#[test]
fn between_stores_a_folder_is_copied_and_then_removed() {
    let (here, there) = (Bench::new().open(), other().open());
    let (root, target) = (here.root_folder().unwrap(), there.root_folder().unwrap());
    let (a, _, _) = stage(&here);
    assert_eq!(refused(root.copy_folder(&id(&a), None, &target, None, MAPI_DECLINE_OK)), Code::DeclineCopy);
    whole(root.copy_folder(&id(&a), None, &target, None, COPY_SUBFOLDERS));
    assert_eq!(tree(&target, &there), ["a: x", "a/b: y", "a/b/c: z"]);
    whole(root.copy_folder(&id(&a), None, &target, Some("again"), FOLDER_MOVE));
    assert_eq!(tree(&target, &there)[3..], ["again: x", "again/b: y", "again/b/c: z"]);
    assert_eq!(tree(&root, &here), ["to: "]);
}

#[test]
fn what_could_not_be_moved_to_another_store_stays() {
    let bench = Bench::new();
    let (here, faults) = bench.open_faulty();
    let there = other().open();
    let (root, target) = (here.root_folder().unwrap(), there.root_folder().unwrap());
    let (a, _, _) = stage(&here);
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::ObjectChanged, "changed")));
    partial(root.copy_folder(&id(&a), None, &target, None, FOLDER_MOVE));
    assert_eq!(tree(&target, &there), ["a: ", "a/b: y", "a/b/c: z"]);
    let left = tree(&root, &here);
    assert_eq!(left[0], "a: x");
}

#[test]
fn a_name_claimed_by_another_process_meanwhile_is_taken() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let root = store.root_folder().unwrap();
    let (a, _, to) = stage(&store);
    let changed = Failure::new(Code::ObjectChanged, "changed by another process");
    // Another claim came first: the move looks again and succeeds.
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(changed.clone()));
    whole(root.copy_folder(&id(&a), None, &to, None, FOLDER_MOVE));
    assert_eq!(tree(&to, &store)[0], "a: x");
    faults.schedule(Some("commit"), Trigger::Every, Fault::Fail(changed));
    assert_eq!(refused(to.copy_folder(&id(&a), None, &root, None, FOLDER_MOVE)), Code::Busy);
    faults.clear();
    // Renaming is the same claim.
    let other = bench.open_as(2, true);
    folder(&other, "taken");
    let problems = to.properties().set_props(vec![property(tags::DISPLAY_NAME, text("Taken"))]).unwrap();
    assert_eq!(problems[0].code, Code::Collision);
}

#[test]
fn a_copy_that_ends_half_way_says_so() {
    let bench = Bench::new();
    let (store, faults) = bench.open_faulty();
    let root = store.root_folder().unwrap();
    let (a, _, to) = stage(&store);
    let full = Failure::new(Code::NotEnoughDisk, "the disk is full");
    // The folder, then its messages.
    faults.schedule(Some("commit"), Trigger::Nth(2), Fault::Fail(full.clone()));
    partial(root.copy_folder(&id(&a), None, &to, None, COPY_SUBFOLDERS));
    assert_eq!(tree(&to, &store), ["a: "]);
    assert_eq!(root.get_last_error(Code::WPartialCompletion, 0).unwrap().unwrap().error, "the disk is full");
    faults.clear();
    faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(full));
    assert_eq!(refused(root.copy_folder(&id(&a), None, &to, Some("n"), 0)), Code::NotEnoughDisk);
}
