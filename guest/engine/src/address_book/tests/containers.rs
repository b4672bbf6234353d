use super::*;
use crate::address_book::container_flags::{AB_SUBCONTAINERS, AB_UNMODIFIABLE};
use crate::address_book::display_type::DT_LOCAL;
use crate::properties::interface::{IID_IMAILUSER, IID_IMAPITABLE};
use crate::properties::{MAPI_BEST_ACCESS, MAPI_MODIFY, OpenedProperty};
use crate::restriction::{FL_IGNORECASE, FL_PREFIX, Relop, Restriction};
use crate::session::Entry;
use crate::stores::CONVENIENT_DEPTH;
use crate::tables::Bookmark;

fn root(book: &AddrBook) -> AbContainer {
    match book.open_entry(None, None, 0).unwrap() {
        OpenedAbEntry::Container(root) => root,
        _ => panic!("no container"),
    }
}

fn tree(table: &Table) -> Vec<(String, i32)> {
    let rows = table.query_all_rows(Some(&[tags::DISPLAY_NAME, tags::DEPTH]), None, None, 0).unwrap();
    rows.iter()
        .map(|row| match (&row[0].value, &row[1].value) {
            (Value::Unicode(name), Value::Long(depth)) => (name.clone(), *depth),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_root_shows_the_containers_of_all_providers_in_profile_order() {
    let world = World::new(3);
    let group = world.container(1, "Z", AB_SUBCONTAINERS | AB_UNMODIFIABLE, DT_LOCAL);
    world.container_below(1, &group, "inner", AB_RECIPIENTS | AB_UNMODIFIABLE, DT_LOCAL);
    world.container(1, "M", PERSONAL, DT_LOCAL);
    world.container(0, "Q", PERSONAL, DT_LOCAL);
    let root = root(&world.book());
    let opened = root.get_hierarchy_table(UNICODE).unwrap();
    assert_eq!(opened.warning, None);
    let flat = opened.value;
    assert_eq!(shown(&flat), ["Q", "M", "Z"], "a provider without containers has no row");
    let deep = root.get_hierarchy_table(UNICODE | CONVENIENT_DEPTH).unwrap().value;
    let named = |rows: &[(&str, i32)]| rows.iter().map(|(name, depth)| ((*name).to_owned(), *depth)).collect::<Vec<_>>();
    assert_eq!(tree(&deep), named(&[("Q", 0), ("M", 0), ("Z", 0), ("inner", 1)]));
    let columns =
        [tags::INSTANCE_KEY, tags::ENTRYID, tags::OBJECT_TYPE, tags::CONTAINER_FLAGS, tags::AB_PROVIDER_ID, tags::COMMENT];
    let rows = flat.query_all_rows(Some(&columns), None, None, 0).unwrap();
    let keys: Vec<_> = rows.iter().map(|row| row[0].value.clone()).collect();
    assert!(matches!(&keys[0], Value::Binary(key) if key.starts_with(&[0, 0]) && key.len() == 14));
    assert!(matches!(&keys[1], Value::Binary(key) if key.starts_with(&[0, 1])));
    assert_eq!(rows[2][1].value, Value::Binary(world.id(1, &group)));
    assert_eq!(rows[0][2].value, Value::Long(4));
    assert_eq!(rows[2][3].value, Value::Long(AB_SUBCONTAINERS | AB_UNMODIFIABLE));
    assert!(matches!(&rows[0][4].value, Value::Binary(kind) if kind.len() == 16));
    assert_eq!(rows[0][5], Property::error(tags::COMMENT, Code::NotFound));
    // Containers come and go.
    flat.seek_row(Bookmark::BEGINNING, 0).unwrap();
    world.container(0, "A", PERSONAL, DT_LOCAL);
    assert_eq!(shown(&flat), ["A", "Q", "M", "Z"]);
    let find = |value: Value| Restriction::Property {
        relop: Relop::Eq,
        tag: tags::INSTANCE_KEY,
        value: Property::new(tags::INSTANCE_KEY, value),
    };
    flat.find_row(Some(&find(keys[1].clone())), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(flat.query_position().unwrap().row, 2);
}

#[test]
fn the_root_is_read_only_and_holds_no_entries() {
    let world = World::new(1);
    let book = world.book();
    let root = root(&book);
    let properties = root.properties();
    assert_eq!(value(&properties, tags::DISPLAY_NAME), Some(text("Address Book")));
    assert_eq!(value(&properties, tags::CONTAINER_FLAGS), Some(Value::Long(10)));
    assert_eq!(value(&properties, tags::DISPLAY_TYPE), Some(Value::Long(0x5_0000)));
    let id = entry_id(&properties);
    assert_ne!(id[0] & 0x20, 0, "valid in this session");
    assert!(matches!(book.open_entry(Some(&id), None, MAPI_BEST_ACCESS), Ok(OpenedAbEntry::Container(_))));
    assert_eq!(code(book.open_entry(Some(&id), None, MAPI_MODIFY)), Code::NoAccess);
    assert_eq!(code(book.open_entry(None, Some(IID_IMAILUSER), 0)), Code::InterfaceNotSupported);
    assert!(matches!(world.session.open_entry(&id, None, 0).unwrap().value, Entry::Container(_)));
    let other = logon(&world.subsystem);
    assert_eq!(code(other.open_address_book(0, None, 0).unwrap().value.open_entry(Some(&id), None, 0)), Code::UnknownEntryid);
    assert_eq!(code(root.get_contents_table(0)), Code::NoSupport);
    assert_eq!(code(root.create_entry(None, 0)), Code::NoSupport);
    assert_eq!(code(root.copy_entries(&[], 0)), Code::NoSupport);
    assert_eq!(code(root.delete_entries(&[], 0)), Code::NoSupport);
    assert_eq!(code(root.resolve_names(None, 0, &mut names(&[]), &mut [])), Code::NoSupport);
    let table = properties.open_property(tags::CONTAINER_HIERARCHY, Some(IID_IMAPITABLE), UNICODE, 0).unwrap();
    assert!(matches!(table, OpenedProperty::Table(_)));
    assert_eq!(code(properties.save_changes(0)), Code::NoAccess);
}

#[test]
fn container_flags_say_which_tables_there_are() {
    let world = World::new(1);
    let (_, people) = world.personal(0);
    let group = world.container(0, "Group", AB_SUBCONTAINERS | AB_UNMODIFIABLE, DT_LOCAL);
    let group = world.open_container(0, &group);
    assert_eq!(code(people.get_hierarchy_table(0)), Code::NoSupport);
    assert_eq!(code(group.get_contents_table(0)), Code::NoSupport);
    assert!(group.get_hierarchy_table(CONVENIENT_DEPTH).is_ok());
    assert_eq!(code(people.get_contents_table(0x2)), Code::UnknownFlags);
    assert_eq!(code(group.create_entry(None, 0)), Code::NoAccess);
    assert_eq!(code(group.delete_entries(&[vec![1]], 0)), Code::NoAccess);
    assert_eq!(code(people.open_entry(Some(&[1]), None, 0)), Code::InvalidEntryid);
    assert!(people.open_entry(None, None, 0).is_ok_and(|opened| opened.object_type() == 4), "no identifier opens the root");
}

#[test]
fn contents_are_ordered_by_name_and_found_by_name_prefix_and_key() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    for name in ["bob", "Ann", "Cy", "anna"] {
        world.user(0, &personal, name, &format!("{name}@x.y"));
    }
    let table = container.get_contents_table(UNICODE).unwrap();
    assert_eq!(shown(&table), ["Ann", "anna", "bob", "Cy"]);
    let prefix = Restriction::Content {
        fuzzy: FL_PREFIX | FL_IGNORECASE,
        tag: tags::DISPLAY_NAME,
        value: Property::new(tags::DISPLAY_NAME, text("ann")),
    };
    let rows = table.query_all_rows(Some(&[tags::INSTANCE_KEY, tags::ENTRYID]), Some(prefix), None, 0).unwrap();
    assert_eq!(rows.len(), 2);
    table.restrict(None, 0).unwrap();
    for cell in &rows[1] {
        let test = Restriction::Property { relop: Relop::Eq, tag: cell.tag, value: cell.clone() };
        table.find_row(Some(&test), Bookmark::BEGINNING, 0).unwrap();
        assert_eq!(table.query_position().unwrap().row, 1, "{}", cell.tag);
    }
    let anr =
        |name: &str| Restriction::Property { relop: Relop::Eq, tag: tags::ANR, value: Property::new(tags::ANR, text(name)) };
    table.find_row(Some(&anr("bo")), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_position().unwrap().row, 2);
    table.restrict(Some(Restriction::Not(Box::new(anr("ann")))), 0).unwrap();
    assert_eq!(shown(&table), ["bob", "Cy"]);
    assert_eq!(code(table.find_row(Some(&anr("zoe")), Bookmark::BEGINNING, 0)), Code::NotFound);
    // A view on entries follows them.
    world.user(0, &personal, "Bobby", "bobby@x.y");
    assert_eq!(shown(&table), ["bob", "Bobby", "Cy"]);
}

#[test]
fn a_provider_that_cannot_be_changed_has_no_container_that_can() {
    let book = MemoryAddressBook::new(Guid([7; 16]));
    let root = book.identity().root;
    let properties = vec![Property::new(tags::CONTAINER_FLAGS, Value::Long(PERSONAL)).into()];
    let object = book.reserve(1).unwrap().remove(0);
    let change = Change::Create { object: object.clone(), parent: root, kind: ObjectKind::Folder, properties };
    book.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
    let world = World::with(vec![Arc::new(Faulty::new(book.read_only()))]);
    let container = world.open_container(0, &object);
    let flags = value(&container.properties(), tags::CONTAINER_FLAGS);
    assert_eq!(flags, Some(Value::Long(AB_RECIPIENTS | AB_UNICODE_OK | AB_UNMODIFIABLE)));
    assert_eq!(value(&container.properties(), tags::DEF_CREATE_MAILUSER), None);
    assert_eq!(code(container.create_entry(None, 0)), Code::NoAccess);
    let id = world.id(0, &object);
    assert_eq!(code(world.book().open_entry(Some(&id), None, MAPI_MODIFY)), Code::NoAccess);
    let best = world.book().open_entry(Some(&id), None, MAPI_BEST_ACCESS).unwrap();
    assert_eq!(value(&best.properties(), tags::ACCESS_LEVEL), Some(Value::Long(0)));
}
