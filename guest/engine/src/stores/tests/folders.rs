//! `stores` 3.4, 4 and 5.

use super::*;
use crate::error::Code;
use crate::properties::interface::{IID_IMAPITABLE, IID_ISTREAM};
use crate::properties::{OpenedProperty, PropType};
use crate::stores::{CONVENIENT_DEPTH, FOLDER_GENERIC, FOLDER_SEARCH, MAPI_ASSOCIATED, OPEN_IF_EXISTS};
use crate::tables::Table;

fn names(table: &Table) -> Vec<(String, i32)> {
    table.set_columns(&[tags::DISPLAY_NAME, tags::DEPTH], 0).unwrap();
    table
        .query_rows(100, 0)
        .unwrap()
        .into_iter()
        .map(|row| match (&row[0].value, &row[1].value) {
            (Value::Unicode(name), Value::Long(depth)) => (name.clone(), *depth),
            other => panic!("unexpected cells {other:?}"),
        })
        .collect()
}

#[test]
fn a_new_folder_has_the_required_properties() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let folder = root.create_folder(FOLDER_GENERIC, "Äpfel", Some("fruit"), None, 0).unwrap();
    let properties = folder.properties();
    assert_eq!(get(&properties, tags::DISPLAY_NAME), text("Äpfel"));
    assert_eq!(get(&properties, tags::COMMENT), text("fruit"));
    assert_eq!(get(&properties, tags::FOLDER_TYPE), Value::Long(1));
    assert_eq!(get(&properties, tags::CONTENT_COUNT), Value::Long(0));
    assert_eq!(get(&properties, tags::OBJECT_TYPE), Value::Long(3));
    assert_eq!(get(&properties, tags::PARENT_ENTRYID), get(&root.properties(), tags::ENTRYID));
    assert_eq!(get(&root.properties(), tags::PARENT_ENTRYID), get(&root.properties(), tags::ENTRYID));
    assert_eq!(get(&properties, tags::CONTAINER_CONTENTS), Value::Error(Code::NotEnoughMemory.raw()));
    assert!(properties.get_prop_list(0).unwrap().contains(&tags::CONTAINER_HIERARCHY));
    let list = properties.get_prop_list(MAPI_UNICODE).unwrap();
    assert!(list.is_sorted());
    assert!(!list.iter().any(|tag| tag.id() >= 0x67E0 && tag.id() < 0x6800));
}

#[test]
fn siblings_differ_by_more_than_case() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let a = folder(&store, "Mail");
    let create = |kind, name: &str, flags| root.create_folder(kind, name, None, None, flags).map_err(|failure| failure.code());
    assert_eq!(create(FOLDER_GENERIC, "mail", 0).err(), Some(Code::Collision));
    let opened = create(FOLDER_GENERIC, "MAIL", OPEN_IF_EXISTS).ok().unwrap();
    assert_eq!(opened.object(), a.object());
    assert_eq!(create(FOLDER_SEARCH, "mail", OPEN_IF_EXISTS).err(), Some(Code::Collision));
    assert_eq!(create(0, "x", 0).err(), Some(Code::InvalidParameter));
    assert_eq!(create(FOLDER_GENERIC, "", 0).err(), Some(Code::InvalidParameter));
    assert_eq!(create(FOLDER_GENERIC, "x", 0x40).err(), Some(Code::UnknownFlags));
}

#[test]
fn renaming_keeps_siblings_apart() {
    let store = Bench::new().open();
    folder(&store, "a");
    let b = folder(&store, "b");
    let rename = |name: &str| b.properties().set_props(vec![property(tags::DISPLAY_NAME, text(name))]);
    assert_eq!(rename("A").unwrap()[0].code, Code::Collision);
    assert_eq!(rename(&"x".repeat(256)).unwrap()[0].code, Code::TooBig);
    assert_eq!(rename("").unwrap_err().code(), Code::InvalidParameter);
    assert!(rename("B").unwrap().is_empty());
    assert_eq!(get(&b.properties(), tags::DISPLAY_NAME), text("B"));
    assert_eq!(b.properties().delete_props(&[tags::DISPLAY_NAME]).unwrap()[0].code, Code::NoAccess);
    let root = store.root_folder().unwrap().properties();
    assert_eq!(root.set_props(vec![property(tags::DISPLAY_NAME, text("r"))]).unwrap()[0].code, Code::NoAccess);
}

#[test]
fn two_processes_that_create_the_same_folder_get_the_same_one() {
    let bench = Bench::new();
    let (one, two) = (bench.open_as(1, true), bench.open_as(2, true));
    let (a, b) = (folder(&one, "a"), folder(&two, "A"));
    assert_eq!(a.object(), b.object());
}

#[test]
fn a_search_folder_takes_nothing_in() {
    let store = Bench::new().open();
    let search = store.root_folder().unwrap().create_folder(FOLDER_SEARCH, "found", None, None, 0).unwrap();
    assert_eq!(get(&search.properties(), tags::FOLDER_TYPE), Value::Long(2));
    assert_eq!(search.create_message(None, 0).err().unwrap().code(), Code::NoSupport);
    assert_eq!(search.create_folder(FOLDER_GENERIC, "x", None, None, 0).err().unwrap().code(), Code::NoSupport);
}

#[test]
fn the_hierarchy_table_lists_children_by_name_and_follows_them() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let b = folder(&store, "b");
    folder(&store, "A");
    b.create_folder(FOLDER_GENERIC, "inner", None, None, 0).unwrap();
    let table = root.get_hierarchy_table(MAPI_UNICODE).unwrap();
    let pair = |name: &str, depth| (name.to_owned(), depth);
    assert_eq!(names(&table), [pair("A", 0), pair("b", 0)]);
    folder(&store, "C");
    assert_eq!(table.get_row_count(0).unwrap().value, 3);
}

#[test]
fn convenient_depth_lists_all_descendants_in_pre_order() {
    let store = Bench::new().open();
    let root = store.root_folder().unwrap();
    let b = folder(&store, "b");
    folder(&store, "A");
    let inner = b.create_folder(FOLDER_GENERIC, "z", None, None, 0).unwrap();
    inner.create_folder(FOLDER_GENERIC, "deep", None, None, 0).unwrap();
    b.create_folder(FOLDER_GENERIC, "Y", None, None, 0).unwrap();
    let table = root.get_hierarchy_table(MAPI_UNICODE | CONVENIENT_DEPTH).unwrap();
    let pair = |name: &str, depth| (name.to_owned(), depth);
    let rows = [pair("A", 0), pair("b", 0), pair("Y", 1), pair("z", 1), pair("deep", 2)];
    assert_eq!(names(&table), rows);
    table.set_columns(&[tags::PARENT_ENTRYID], 0).unwrap();
    table.seek_row(crate::tables::Bookmark::BEGINNING, 4).unwrap();
    assert_eq!(table.query_rows(1, 0).unwrap()[0][0].value, get(&inner.properties(), tags::ENTRYID));
    folder(&store, "c");
    assert_eq!(table.get_row_count(0).unwrap().value, 6);
}

#[test]
fn both_routes_open_equal_contents_tables() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    saved(&folder, "one");
    let method = folder.get_contents_table(MAPI_UNICODE).unwrap();
    let OpenedProperty::Table(opened) =
        folder.properties().open_property(tags::CONTAINER_CONTENTS, Some(IID_IMAPITABLE), MAPI_UNICODE, 0).unwrap()
    else {
        panic!("no table")
    };
    assert_eq!(method.query_rows(10, 0).unwrap(), opened.query_rows(10, 0).unwrap());
    let open = |iid, flags| folder.properties().open_property(tags::CONTAINER_CONTENTS, iid, 0, flags).err().unwrap().code();
    assert_eq!(open(Some(IID_ISTREAM), 0), Code::InterfaceNotSupported);
    assert_eq!(open(Some(IID_IMAPITABLE), 3), Code::InvalidParameter);
    assert_eq!(open(None, 0), Code::InvalidParameter);
}

#[test]
fn contents_rows_carry_what_the_message_has() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    let message = saved(&folder, "RE: hello");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    let row = table.query_rows(1, 0).unwrap().remove(0);
    for cell in row {
        if cell.tag.kind() == PropType::ERROR || cell.tag == tags::INSTANCE_KEY {
            continue;
        }
        assert_eq!(get(&message.properties(), cell.tag), cell.value, "{}", cell.tag);
    }
    let count = |tag| get(&folder.properties(), tag);
    assert_eq!(count(tags::CONTENT_COUNT), Value::Long(1));
    assert_eq!(count(tags::CONTENT_UNREAD), Value::Long(1));
}

#[test]
fn hidden_messages_are_apart_from_the_others() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    let hidden = folder.create_message(None, MAPI_ASSOCIATED).unwrap();
    hidden.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert_eq!(get(&hidden.properties(), tags::MESSAGE_FLAGS), Value::Long(0x4A));
    assert_eq!(get(&hidden.properties(), tags::ASSOCIATED), Value::Boolean(true));
    assert_eq!(get(&folder.properties(), tags::CONTENT_COUNT), Value::Long(0));
    assert_eq!(get(&folder.properties(), tags::ASSOC_CONTENT_COUNT), Value::Long(1));
    assert_eq!(folder.get_contents_table(0).unwrap().get_row_count(0).unwrap().value, 0);
    assert_eq!(folder.get_contents_table(MAPI_ASSOCIATED).unwrap().get_row_count(0).unwrap().value, 1);
    assert_eq!(folder.get_contents_table(0x100).err().unwrap().code(), Code::UnknownFlags);
}

#[test]
fn a_saved_sort_is_the_default_order() {
    let store = Bench::new().open();
    let folder = folder(&store, "a");
    saved(&folder, "b");
    saved(&folder, "a");
    let order = vec![1, 0, 0, tags::SUBJECT.0.cast_signed(), 0];
    folder.properties().set_props(vec![property(tags::CONTENTS_SORT_ORDER, Value::MvLong(order))]).unwrap();
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    assert_eq!(table.query_sort_order().unwrap().keys.len(), 1);
    table.set_columns(&[tags::SUBJECT], 0).unwrap();
    let rows = table.query_rows(2, 0).unwrap();
    assert_eq!([&rows[0][0].value, &rows[1][0].value], [&text("a"), &text("b")]);
}
