use super::*;
use crate::address_book::container_flags::AB_UNMODIFIABLE;
use crate::address_book::display_type::DT_GLOBAL;
use crate::address_book::{ResolvedNames, Verdict, bytes_of, text_of};
use Verdict::{Ambiguous, Resolved, Unresolved};

fn resolve(book: &AddrBook, list: AdrList) -> ResolvedNames {
    book.resolve_name(0, UNICODE, list).unwrap()
}

fn found(resolved: &ResolvedNames) -> Vec<(Verdict, Option<String>)> {
    let address = |entry: &Vec<Property>| text_of(entry, tags::EMAIL_ADDRESS);
    resolved.verdicts.iter().copied().zip(resolved.list.iter().map(address)).collect()
}

#[test]
fn every_entry_of_the_list_is_treated_and_successes_stay() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    for name in ["Billy Larson", "Bill Lee"] {
        world.user(0, &personal, name, &format!("{}@x.y", name.replace(' ', ".")));
    }
    let book = world.book();
    let bob = book.create_one_off(Some("Bob"), "SMTP", "b@c.d", UNICODE).unwrap();
    let mut list = names(&["Bob", "-", "Ann[SMTP:a@b.c]", "x@y.z", "Bill L", "Nobody"]);
    list[0].push(Property::new(tags::ENTRYID, Value::Binary(bob)));
    list[1].clear();
    list[2].push(Property::new(tags::RECIPIENT_TYPE, Value::Long(3)));
    let before = list.clone();
    let resolved = resolve(&book, list);
    assert_eq!(resolved.verdicts, [Resolved, Resolved, Resolved, Resolved, Ambiguous, Unresolved]);
    for untouched in [0, 1, 4, 5] {
        assert_eq!(resolved.list[untouched], before[untouched]);
    }
    let [ann, x] = [&resolved.list[2], &resolved.list[3]];
    assert_eq!(text_of(ann, tags::DISPLAY_NAME).as_deref(), Some("Ann"));
    assert!(ann.contains(&Property::new(tags::RECIPIENT_TYPE, Value::Long(3))), "own properties are kept");
    assert_eq!(bytes_of(ann, tags::SEARCH_KEY), Some(&b"SMTP:A@B.C\0"[..]));
    assert_eq!(text_of(x, tags::DISPLAY_NAME).as_deref(), Some("x@y.z"));
    assert!(x.contains(&Property::new(tags::SEND_RICH_INFO, Value::Boolean(false))));
    assert!(bytes_of(x, tags::ENTRYID).is_some());
    assert_eq!(resolved.failure.as_ref().unwrap().code(), Code::AmbiguousRecip);
    assert!(book.get_last_error(Code::AmbiguousRecip, UNICODE).unwrap().unwrap().error.contains("Bill L"));
    assert_eq!(resolve(&book, names(&["Nobody"])).failure.unwrap().code(), Code::NotFound);
    assert!(resolve(&book, Vec::new()).failure.is_none());
    assert_eq!(code(book.resolve_name(0, 0x1, Vec::new())), Code::UnknownFlags);
}

#[test]
fn ambiguity_is_decided_in_the_first_container_that_knows_the_name() {
    let world = World::new(2);
    let (a, _) = world.personal(0);
    let b = world.container(1, "World", AB_RECIPIENTS | AB_UNMODIFIABLE, DT_GLOBAL);
    for (name, address) in [("Bill Lee", "1@a.a"), ("Bill Logan", "2@a.a")] {
        world.user(0, &a, name, address);
    }
    world.user(1, &b, "Bill Larson", "3@b.b");
    world.user(1, &b, "Sue", "4@b.b");
    let resolved = resolve(&world.book(), names(&["Bill", "Sue", "Bill Lo", "Larson"]));
    let address = |address: &str| Some(address.to_owned());
    assert_eq!(
        found(&resolved),
        [(Ambiguous, None), (Resolved, address("4@b.b")), (Resolved, address("2@a.a")), (Resolved, address("3@b.b"))]
    );
}

#[test]
fn the_whole_name_decides_between_several() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    for (name, address) in [("Bill Lee", "1@a.a"), ("Sam Bill Lee", "2@a.a"), ("Ann", "3@a.a"), ("ann", "4@a.a")] {
        world.user(0, &personal, name, address);
    }
    let resolved = resolve(&world.book(), names(&["bill LEE", "Ann", "=sam bill lee", "2@A"]));
    assert_eq!(resolved.verdicts, [Resolved, Ambiguous, Resolved, Resolved]);
    assert_eq!(found(&resolved)[0].1.as_deref(), Some("1@a.a"));
    assert_eq!(found(&resolved)[3].1.as_deref(), Some("2@a.a"));
}

#[test]
fn a_resolved_recipient_has_the_columns_of_its_entry_in_the_width_asked_for() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    let id = world.user(0, &personal, "Ann Lee", "ann@x.y");
    let mut list = names(&["ann"]);
    list[0].push(Property::new(tags::RECIPIENT_TYPE, Value::Long(2)));
    let resolved = world.book().resolve_name(0, 0, list).unwrap();
    let entry = &resolved.list[0];
    let find = |tag: PropTag| entry.iter().find(|have| have.tag.id() == tag.id()).map(|have| have.value.clone());
    assert_eq!(find(tags::ENTRYID), Some(Value::Binary(id.clone())));
    assert_eq!(find(tags::DISPLAY_NAME), Some(Value::String8(b"Ann Lee".to_vec())), "the directory's name, 8-bit");
    assert_eq!(find(tags::OBJECT_TYPE), Some(Value::Long(6)));
    assert_eq!(find(tags::DISPLAY_TYPE), Some(Value::Long(0)));
    assert_eq!(find(tags::RECORD_KEY), Some(Value::Binary(id)));
    assert_eq!(find(tags::SMTP_ADDRESS), Some(Value::String8(b"ann@x.y".to_vec())));
    assert_eq!(find(tags::SEARCH_KEY), Some(Value::Binary(b"SMTP:ANN@X.Y\0".to_vec())));
    assert_eq!(find(tags::RECIPIENT_TYPE), Some(Value::Long(2)));
    let mut ids: Vec<u16> = entry.iter().map(|have| have.tag.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entry.len(), "no property twice");
}

#[test]
fn an_empty_path_finds_no_name_but_spelled_out_recipients_still_resolve() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    world.user(0, &personal, "Ann", "a@b.c");
    let book = world.book();
    book.set_search_path(0, &[]).unwrap();
    assert_eq!(resolve(&book, names(&["Ann", "a@b.c", "x[FAX:1]"])).verdicts, [Unresolved, Resolved, Resolved]);
}

#[test]
fn an_internet_address_is_not_looked_up() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    world.user(0, &personal, "Ann", "a@b.c");
    let resolved = resolve(&world.book(), names(&["a@b.c"]));
    assert_eq!(text_of(&resolved.list[0], tags::DISPLAY_NAME).as_deref(), Some("a@b.c"));
    assert!(!world.providers[0].faults.calls().contains(&"scan"));
}

#[test]
fn a_container_resolves_only_what_is_unresolved() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    world.user(0, &personal, "Ann", "ann@x.y");
    world.user(0, &personal, "Bob", "bob@x.y");
    let mut list = names(&["Ann", "Bob", "ann@x.y", "nn@x.y"]);
    let mut verdicts = [Resolved, Unresolved, Unresolved, Unresolved];
    container.resolve_names(Some(&[tags::COMMENT, tags::EMAIL_ADDRESS]), UNICODE, &mut list, &mut verdicts).unwrap();
    assert_eq!(verdicts, [Resolved, Resolved, Resolved, Unresolved]);
    assert_eq!(list[0], names(&["Ann"])[0]);
    assert_eq!(list[1][0].tag, tags::ENTRYID);
    assert_eq!(list[1][1], Property::error(tags::COMMENT, Code::NotFound));
    assert_eq!(list[1][2], Property::new(tags::EMAIL_ADDRESS, text("bob@x.y")));
    assert_eq!(list[1][3], names(&["Bob"])[0][0], "what was not asked for stays");
    let mut list = names(&["Ann", "ANN@x.y", "ann@x"]);
    let mut verdicts = [Unresolved; 3];
    container.resolve_names(None, UNICODE | 0x1, &mut list, &mut verdicts).unwrap();
    assert_eq!(verdicts, [Unresolved, Resolved, Unresolved], "address look-up takes whole addresses only");
    assert_eq!(code(container.resolve_names(None, 0, &mut list, &mut verdicts[..2])), Code::InvalidParameter);
    assert_eq!(code(container.resolve_names(None, 0x8, &mut list, &mut verdicts)), Code::UnknownFlags);
}

#[test]
fn ten_thousand_entries_are_matched_without_reading_them_whole() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    let user = |number: usize| Change::Create {
        object: ObjectId::from(0),
        parent: personal.clone(),
        kind: ObjectKind::Message,
        properties: vec![
            Property::new(tags::DISPLAY_NAME, text(&format!("Person {number:05} Family{}", number % 97))).into(),
            Property::new(tags::EMAIL_ADDRESS, text(&format!("p{number}@example.org"))).into(),
            Property::new(tags::ADDRTYPE, text("SMTP")).into(),
        ],
    };
    let ids = world.providers[0].reserve(10_000).unwrap();
    let changes = ids.into_iter().enumerate().map(|(number, id)| match user(number) {
        Change::Create { parent, kind, properties, .. } => Change::Create { object: id, parent, kind, properties },
        change => change,
    });
    world.providers[0].commit(Commit { changes: changes.collect(), ..Commit::default() }).unwrap();
    let book = world.book();
    let before = world.providers[0].faults.calls().len();
    let resolved = resolve(&book, names(&["family7 person 00007", "p4321@", "Person", "Nobody"]));
    assert_eq!(resolved.verdicts, [Resolved, Resolved, Ambiguous, Unresolved]);
    assert_eq!(text_of(&resolved.list[1], tags::DISPLAY_NAME).as_deref(), Some("Person 04321 Family53"));
    let calls = world.providers[0].faults.calls().split_off(before);
    assert!(!calls.contains(&"read") && !calls.contains(&"list_tags"), "no entry is read whole");
    assert!(calls.len() < 25, "pages of many rows: {calls:?}");
}
