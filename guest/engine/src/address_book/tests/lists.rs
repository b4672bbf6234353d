use super::*;
use crate::address_book::{DistList, Verdict, bytes_of, text_of};
use crate::properties::MAPI_MODIFY;

/// A new list in a container, not saved yet.
fn new_list(container: &AbContainer, name: &str) -> DistList {
    let Some(Value::Binary(template)) = value(&container.properties(), tags::DEF_CREATE_DL) else { panic!("no template") };
    let OpenedAbEntry::DistList(list) = container.create_entry(Some(&template), 0).unwrap() else { panic!("no list") };
    list.properties().set_props(vec![Property::new(tags::DISPLAY_NAME, text(name))]).unwrap();
    list
}

fn save(list: &DistList) {
    list.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
}

fn members(list: &DistList) -> Vec<String> {
    shown(&list.get_contents_table(UNICODE).unwrap())
}

fn open(book: &AddrBook, id: &[u8], flags: u32) -> DistList {
    match book.open_entry(Some(id), None, flags).unwrap() {
        OpenedAbEntry::DistList(list) => list,
        _ => panic!("no list"),
    }
}

/// The addresses a message to that list is sent to; "?" for one that cannot be.
fn expanded(book: &AddrBook, id: &[u8]) -> Vec<String> {
    let row = vec![
        Property::new(tags::ENTRYID, Value::Binary(id.to_vec())),
        Property::new(tags::ADDRTYPE, text("MAPIPDL")),
        Property::new(tags::DISPLAY_NAME, text("the list")),
        Property::new(tags::RECIPIENT_TYPE, Value::Long(2)),
    ];
    let rows = book.expand_recips(vec![row]).unwrap();
    assert!(rows.iter().all(|row| row.contains(&Property::new(tags::RECIPIENT_TYPE, Value::Long(2)))));
    rows.iter().map(|row| text_of(row, tags::EMAIL_ADDRESS).unwrap_or_else(|| "?".into())).collect()
}

#[test]
fn membership_is_saved_with_the_list() {
    let world = World::new(2);
    let (_, container) = world.personal(0);
    let (other, _) = world.personal(1);
    let ann = world.user(1, &other, "Ann", "ann@x.y");
    let book = world.book();
    let bob = book.create_one_off(Some("Bob"), "SMTP", "bob@x.y", UNICODE).unwrap();
    let list = new_list(&container, "Team");
    assert_eq!(list.copy_entries(&[ann.clone(), bob.clone()], 0).unwrap().warning, None);
    assert_eq!(members(&list), ["Ann", "Bob"], "the handle sees its own changes");
    save(&list);
    let id = entry_id(&list.properties());
    let reader = open(&book, &id, 0);
    assert_eq!(members(&reader), ["Ann", "Bob"]);
    let properties = reader.properties();
    assert_eq!(value(&properties, tags::ADDRTYPE), Some(text("MAPIPDL")));
    assert_eq!(value(&properties, tags::OBJECT_TYPE), Some(Value::Long(8)));
    assert_eq!(value(&properties, tags::DISPLAY_TYPE), Some(Value::Long(5)));
    // A row names the member's own entry.
    let table = reader.get_contents_table(UNICODE).unwrap();
    let rows = table.query_all_rows(Some(&[tags::ENTRYID, tags::EMAIL_ADDRESS]), None, None, 0).unwrap();
    assert_eq!(rows[0][0].value, Value::Binary(ann.clone()));
    assert_eq!(rows[1][0].value, Value::Binary(bob.clone()));
    // Changes wait for the save, and deleting a member leaves the entry.
    let writer = open(&book, &id, MAPI_MODIFY);
    assert_eq!(writer.delete_entries(std::slice::from_ref(&ann), 0).unwrap().warning, None);
    assert_eq!(writer.delete_entries(&[ann.clone(), vec![0; 30]], 0).unwrap().warning, Some(Code::WPartialCompletion));
    assert_eq!((members(&writer).len(), members(&reader).len()), (1, 2));
    save(&writer);
    assert_eq!(members(&reader), ["Bob"]);
    assert!(book.open_entry(Some(&ann), None, 0).is_ok());
    assert_eq!(writer.copy_entries(&[bob], 0).unwrap().warning, None);
    assert_eq!(members(&writer), ["Bob"], "one that is a member stays one");
    assert_eq!(code(reader.copy_entries(std::slice::from_ref(&ann), 0)), Code::NoAccess);
    assert_eq!(code(reader.delete_entries(&[ann], 0)), Code::NoAccess);
    assert_eq!(code(reader.get_hierarchy_table(0)), Code::NoSupport);
    assert_eq!(contents(&container), ["Team"], "members are no entries of the container");
}

#[test]
fn a_member_can_be_created_in_the_list() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let list = new_list(&container, "Team");
    let user = list.create_entry(None, 0).unwrap();
    assert_eq!(fill(&user, "Ann", "ann@x.y"), Code::SOk);
    assert_eq!(fill(&user, "Anna", "ann@x.y"), Code::SOk, "and changed until the list is saved");
    save(&list);
    assert_eq!(members(&list), ["Anna"]);
    assert_eq!(fill(&user, "Annette", "ann@x.y"), Code::ObjectChanged);
    let id = entry_id(&list.properties());
    assert_eq!(expanded(&world.book(), &id), ["ann@x.y"]);
    let mut list_of_names = names(&["ann", "bob"]);
    let mut verdicts = [Verdict::Unresolved; 2];
    open(&world.book(), &id, 0).resolve_names(None, UNICODE, &mut list_of_names, &mut verdicts).unwrap();
    assert_eq!(verdicts, [Verdict::Resolved, Verdict::Unresolved], "names are looked up among the members");
}

#[test]
fn a_released_list_changes_nothing() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    let ann = world.user(0, &personal, "Ann", "ann@x.y");
    let list = new_list(&container, "Team");
    list.copy_entries(&[ann], 0).unwrap();
    drop(list);
    assert_eq!(contents(&container), ["Ann"]);
}

#[test]
fn lists_are_expanded_in_order_and_cycles_end() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    let user = world.user(0, &personal, "u", "u@x.y");
    let (a, b) = (new_list(&container, "A"), new_list(&container, "B"));
    save(&a);
    save(&b);
    let (a_id, b_id) = (entry_id(&a.properties()), entry_id(&b.properties()));
    a.copy_entries(std::slice::from_ref(&b_id), 0).unwrap();
    save(&a);
    let one_off = world.book().create_one_off(Some("v"), "SMTP", "v@x.y", UNICODE).unwrap();
    b.copy_entries(&[a_id.clone(), user.clone(), one_off], 0).unwrap();
    save(&b);
    let book = world.book();
    assert_eq!(expanded(&book, &a_id), ["u@x.y", "v@x.y"]);
    // A member that is gone becomes a recipient nothing can be sent to.
    container.delete_entries(&[user], 0).unwrap();
    assert_eq!(expanded(&book, &a_id), ["?", "v@x.y"]);
    container.delete_entries(&[b_id], 0).unwrap();
    assert_eq!(expanded(&book, &a_id), ["?"], "so does a list that is gone");
    let empty = new_list(&container, "Empty");
    save(&empty);
    assert!(expanded(&book, &entry_id(&empty.properties())).is_empty());
    let plain = names(&["x"]);
    assert_eq!(book.expand_recips(plain.clone()).unwrap(), plain, "other rows stay");
}

#[test]
fn a_list_too_deep_cannot_be_opened() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    let mut below = world.user(0, &personal, "u", "u@x.y");
    let mut ids = Vec::new();
    for depth in 0..34 {
        let list = new_list(&container, &format!("L{depth}"));
        list.copy_entries(&[below], 0).unwrap();
        save(&list);
        below = entry_id(&list.properties());
        ids.push(below.clone());
    }
    let book = world.book();
    assert_eq!(expanded(&book, &ids[31]), ["u@x.y"]);
    assert_eq!(expanded(&book, &ids[32]), ["?"]);
}

#[test]
fn a_copied_list_has_the_same_members() {
    let world = World::new(2);
    let (personal, container) = world.personal(0);
    let (_, other) = world.personal(1);
    let ann = world.user(0, &personal, "Ann", "ann@x.y");
    let list = new_list(&container, "Team");
    list.copy_entries(std::slice::from_ref(&ann), 0).unwrap();
    save(&list);
    assert_eq!(other.copy_entries(&[entry_id(&list.properties())], 0).unwrap().warning, None);
    let resolved = world.book().resolve_name(0, UNICODE, names(&["Team"])).unwrap();
    assert_eq!(resolved.verdicts, [Verdict::Resolved]);
    assert_eq!(text_of(&resolved.list[0], tags::ADDRTYPE).as_deref(), Some("MAPIPDL"));
    let table = other.get_contents_table(UNICODE).unwrap();
    let rows = table.query_all_rows(Some(&[tags::ENTRYID]), None, None, 0).unwrap();
    let copy = open(&world.book(), bytes_of(&rows[0], tags::ENTRYID).unwrap(), 0);
    let rows = copy.get_contents_table(UNICODE).unwrap().query_all_rows(Some(&[tags::ENTRYID]), None, None, 0).unwrap();
    assert_eq!(rows[0][0].value, Value::Binary(ann));
}
