use super::*;
use crate::address_book::create_flags::{CREATE_CHECK_DUP_LOOSE, CREATE_CHECK_DUP_STRICT, CREATE_REPLACE};
use crate::entry_id::{OneOff, ProviderEntryId};
use crate::properties::interface::{IID_IABCONTAINER, IID_IDISTLIST, IID_IMAILUSER, IID_IMESSAGE, IID_ISTREAM};
use crate::properties::{MAPI_BEST_ACCESS, MAPI_CREATE, MAPI_MODIFY, OpenedProperty};
use crate::session::Entry;

#[test]
fn a_new_user_is_seen_by_others_after_its_save() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let user = container.create_entry(None, 0).unwrap();
    let id = entry_id(&user.properties());
    assert!(contents(&container).is_empty());
    assert_eq!(code(world.book().open_entry(Some(&id), None, 0)), Code::NotFound);
    assert_eq!(fill(&user, "Ann", "Ann@x.y"), Code::SOk);
    assert_eq!(contents(&container), ["Ann"]);
    let opened = world.book().open_entry(Some(&id), None, 0).unwrap();
    assert!(matches!(opened, OpenedAbEntry::MailUser(_)));
    let properties = opened.properties();
    assert_eq!(value(&properties, tags::SEARCH_KEY), Some(Value::Binary(b"SMTP:ANN@X.Y\0".to_vec())));
    assert_eq!(value(&properties, tags::OBJECT_TYPE), Some(Value::Long(6)));
    assert_eq!(value(&properties, tags::DISPLAY_TYPE), Some(Value::Long(0)));
    assert_eq!(value(&properties, tags::TRANSMITABLE_DISPLAY_NAME), Some(text("Ann")));
    assert_eq!(value(&properties, tags::SMTP_ADDRESS), Some(text("Ann@x.y")));
    assert_eq!(value(&properties, tags::ACCESS_LEVEL), Some(Value::Long(0)));
    assert_eq!(code(properties.set_props(vec![Property::new(tags::COMMENT, text("x"))])), Code::NoAccess);
    let all = properties.get_props(None, UNICODE).unwrap().value;
    assert!(all.iter().all(|property| !(0x67E0..=0x67EF).contains(&property.tag.id())), "nothing of the engine's own shows");
    let list = properties.get_prop_list(UNICODE).unwrap();
    assert!(list.contains(&tags::SEARCH_KEY) && list.contains(&tags::DISPLAY_NAME) && list.is_sorted());
}

#[test]
fn changes_are_private_until_saved_and_the_second_saver_loses() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    let id = world.user(0, &personal, "Ann", "a@b.c");
    let open = || world.book().open_entry(Some(&id), None, MAPI_MODIFY).unwrap().properties();
    let (first, second) = (open(), open());
    let address = |address: &str| vec![Property::new(tags::EMAIL_ADDRESS, text(address))];
    first.set_props(address("new@b.c")).unwrap();
    assert_eq!(value(&first, tags::SEARCH_KEY), Some(Value::Binary(b"SMTP:NEW@B.C\0".to_vec())));
    assert_eq!(value(&second, tags::EMAIL_ADDRESS), Some(text("a@b.c")));
    first.save_changes(KEEP_OPEN_READWRITE).unwrap();
    second.set_props(address("other@b.c")).unwrap();
    assert_eq!(code(second.save_changes(KEEP_OPEN_READWRITE)), Code::ObjectChanged);
    first.set_props(vec![Property::new(tags::DISPLAY_NAME, text("Anna"))]).unwrap();
    assert_eq!(first.delete_props(&[tags::DISPLAY_NAME, tags::EMAIL_ADDRESS]).unwrap()[0].code, Code::NoAccess);
    first.save_changes(0).unwrap();
    assert_eq!(code(first.get_props(None, 0)), Code::InvalidObject, "saved without KEEP_OPEN");
    assert_eq!(contents(&container), ["Anna"]);
    assert_eq!(value(&open(), tags::SEARCH_KEY), None, "no address, no search key");
}

#[test]
fn duplicates_are_looked_for_when_an_entry_is_saved() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let new = |flags| container.create_entry(None, flags).unwrap();
    let first = new(CREATE_CHECK_DUP_STRICT);
    assert_eq!(fill(&first, "Ann", "a@b.c"), Code::SOk);
    assert_eq!(fill(&first, "Ann", "a@b.c"), Code::SOk, "an entry never collides with itself");
    let second = new(CREATE_CHECK_DUP_STRICT);
    assert_eq!(fill(&second, "ann", "A@b.c"), Code::Collision);
    assert_eq!(fill(&second, "ann", "other@b.c"), Code::SOk, "it stayed open");
    assert_eq!(fill(&new(CREATE_CHECK_DUP_LOOSE), "ANN", "third@b.c"), Code::Collision);
    assert_eq!(fill(&new(0), "Ann", "a@b.c"), Code::SOk, "without a flag it is always stored");
    assert_eq!(contents(&container).len(), 3);
    assert_eq!(code(container.create_entry(None, 0x8)), Code::UnknownFlags);
    assert_eq!(code(container.create_entry(Some(&[0; 21]), 0)), Code::UnknownEntryid);
}

#[test]
fn a_replaced_entry_keeps_its_identifier() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let old = container.create_entry(None, 0).unwrap();
    old.properties().set_props(vec![Property::new(tags::COMMENT, text("old"))]).unwrap();
    assert_eq!(fill(&old, "Ann", "a@b.c"), Code::SOk);
    let new = container.create_entry(None, CREATE_REPLACE).unwrap();
    assert_eq!(fill(&new, "ANN", "A@B.C"), Code::SOk);
    assert_eq!(entry_id(&new.properties()), entry_id(&old.properties()));
    assert_eq!(contents(&container), ["ANN"]);
    assert_eq!(value(&new.properties(), tags::COMMENT), None);
    assert_eq!(fill(&new, "Anna", "a@b.c"), Code::SOk, "and goes on as that entry");
    assert_eq!(contents(&container), ["Anna"]);
}

#[test]
fn deleted_entries_are_gone_for_those_who_have_them_open() {
    let world = World::new(2);
    let (personal, container) = world.personal(0);
    let (other, _) = world.personal(1);
    let ann = world.user(0, &personal, "Ann", "a@b.c");
    let foreign = world.user(1, &other, "Bob", "b@b.c");
    let open = world.book().open_entry(Some(&ann), None, MAPI_MODIFY).unwrap().properties();
    assert_eq!(container.delete_entries(&[], 0).unwrap().warning, None);
    let partly = container.delete_entries(&[foreign, ann.clone(), ann.clone(), vec![0; 30]], 0).unwrap();
    assert_eq!(partly.warning, Some(Code::WPartialCompletion));
    assert!(contents(&container).is_empty());
    open.set_props(vec![Property::new(tags::COMMENT, text("x"))]).unwrap();
    assert_eq!(code(open.save_changes(0)), Code::ObjectDeleted);
    assert_eq!(code(world.book().open_entry(Some(&ann), None, 0)), Code::NotFound);
    assert_eq!(code(container.delete_entries(&[ann], 1)), Code::InvalidParameter);
}

#[test]
fn entries_of_any_provider_and_one_off_recipients_are_copied() {
    let world = World::new(2);
    let (_, container) = world.personal(0);
    let (other, _) = world.personal(1);
    let foreign = world.user(1, &other, "Bob", "bob@b.c");
    let one_off = world.book().create_one_off(Some("Cy"), "FAX", "123", UNICODE).unwrap();
    let entries = [foreign.clone(), one_off, vec![0; 30]];
    assert_eq!(container.copy_entries(&entries, 0).unwrap().warning, Some(Code::WPartialCompletion));
    assert_eq!(contents(&container), ["Bob", "Cy"]);
    assert_eq!(container.copy_entries(&entries[..2], CREATE_CHECK_DUP_STRICT).unwrap().warning, None, "duplicates are skipped");
    assert_eq!(contents(&container), ["Bob", "Cy"]);
    let resolved = world.book().resolve_name(0, UNICODE, names(&["bob"])).unwrap();
    let id = crate::address_book::bytes_of(&resolved.list[0], tags::ENTRYID).unwrap().to_vec();
    assert_ne!(id, foreign);
    let copy = world.book().open_entry(Some(&id), None, 0).unwrap().properties();
    assert_eq!(value(&copy, tags::ORIGINAL_ENTRYID), Some(Value::Binary(foreign)));
    assert_eq!(value(&copy, tags::ORIGINAL_DISPLAY_NAME), Some(text("Bob")));
    assert_eq!(value(&copy, tags::ORIGINAL_SEARCH_KEY), Some(Value::Binary(b"SMTP:BOB@B.C\0".to_vec())));
    assert_eq!(code(container.copy_entries(&[vec![0; 30]], 0x10)), Code::UnknownFlags);
}

#[test]
fn one_off_identifiers_have_the_published_layout_and_their_properties() {
    let world = World::new(0);
    let book = world.book();
    let id = book.create_one_off(Some("Jo"), "SMTP", "a@b.c", UNICODE).unwrap();
    let expected = "00000000812B1FA4BEA310199D6E00DD010F5402000000804A006F00000053004D00540050000000610040006200\
                    2E0063000000";
    assert_eq!(id.iter().map(|byte| format!("{byte:02X}")).collect::<String>(), expected);
    let opened = book.open_entry(Some(&id), None, MAPI_BEST_ACCESS).unwrap();
    let user = opened.properties();
    for (tag, expected) in [
        (tags::DISPLAY_NAME, text("Jo")),
        (tags::ADDRTYPE, text("SMTP")),
        (tags::EMAIL_ADDRESS, text("a@b.c")),
        (tags::SMTP_ADDRESS, text("a@b.c")),
        (tags::TRANSMITABLE_DISPLAY_NAME, text("Jo")),
        (tags::ENTRYID, Value::Binary(id.clone())),
        (tags::RECORD_KEY, Value::Binary(id.clone())),
        (tags::INSTANCE_KEY, Value::Binary(id.clone())),
        (tags::SEARCH_KEY, Value::Binary(b"SMTP:A@B.C\0".to_vec())),
        (tags::OBJECT_TYPE, Value::Long(6)),
        (tags::DISPLAY_TYPE, Value::Long(0)),
        (tags::SEND_RICH_INFO, Value::Boolean(false)),
        (tags::ACCESS_LEVEL, Value::Long(0)),
    ] {
        assert_eq!(value(&user, tag), Some(expected), "{tag}");
    }
    assert_eq!(code(user.save_changes(0)), Code::NoAccess);
    assert_eq!(code(book.open_entry(Some(&id), None, MAPI_MODIFY)), Code::NoAccess);
    assert!(matches!(world.session.open_entry(&id, None, 0).unwrap().value, Entry::MailUser(_)));
    let nameless = book.create_one_off(None, "FAX", "1", 0x1_0000).unwrap();
    let parsed = OneOff::parse(&nameless).unwrap();
    assert_eq!((parsed.display_name.as_str(), parsed.flags.0), ("1", 1));
    assert_eq!(
        value(&book.open_entry(Some(&nameless), None, 0).unwrap().properties(), tags::SEND_RICH_INFO),
        Some(Value::Boolean(false))
    );
    let rich = book.create_one_off(Some(""), "FAX", "1", 0).unwrap();
    assert_eq!(OneOff::parse(&rich).unwrap().display_name, "");
    assert_eq!(
        value(&book.open_entry(Some(&rich), None, 0).unwrap().properties(), tags::SEND_RICH_INFO),
        Some(Value::Boolean(true))
    );
    assert_eq!(code(book.create_one_off(None, "", "a", 0)), Code::InvalidParameter);
    assert_eq!(code(book.create_one_off(None, "T", "", 0)), Code::InvalidParameter);
    assert_eq!(code(book.create_one_off(None, "T", "a", 0x1)), Code::UnknownFlags);
}

#[test]
fn identifiers_are_compared_by_their_owner() {
    let world = World::new(2);
    let (personal, _) = world.personal(0);
    let (ann, bob) = (world.user(0, &personal, "Ann", "a@b.c"), world.user(0, &personal, "Bob", "b@b.c"));
    let book = world.book();
    let one = |name: &str, kind: &str, address: &str| book.create_one_off(Some(name), kind, address, UNICODE).unwrap();
    let same = |first: &[u8], second: &[u8]| {
        let answer = book.compare_entry_ids(first, second, 0).unwrap();
        assert_eq!(world.session.compare_entry_ids(first, second, 0).unwrap(), answer);
        answer
    };
    let mut short = ann.clone();
    short[0] = 0xFF;
    assert!(same(&ann, &short));
    assert!(!same(&ann, &bob) && !same(&ann, &world.id(1, &personal)));
    assert!(same(&one("A", "smtp", "A@B.C"), &one("B", "SMTP", "a@b.c")));
    assert!(!same(&one("A", "SMTP", "a@b.c"), &one("A", "FAX", "a@b.c")));
    assert!(!same(&one("Ann", "SMTP", "a@b.c"), &ann), "a one-off recipient is no entry");
    let unknown = ProviderEntryId::of_object(Guid([9; 16]), &personal).to_bytes();
    assert_eq!(code(book.compare_entry_ids(&unknown, &unknown, 0)), Code::UnknownEntryid, "even for equal bytes");
    assert_eq!(code(book.compare_entry_ids(&[], &ann, 0)), Code::InvalidParameter);
    assert_eq!(code(book.compare_entry_ids(&ann[..19], &ann, 0)), Code::InvalidEntryid);
    assert_eq!(code(book.compare_entry_ids(&ann, &ann, 1)), Code::InvalidParameter);
}

#[test]
fn forged_identifiers_are_errors_and_open_nothing_else() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    let id = world.user(0, &personal, "Ann", "a@b.c");
    let book = world.book();
    for length in 0..id.len() {
        let opened = book.open_entry(Some(&id[..length]), None, 0);
        match length {
            0 => assert!(opened.is_ok(), "no identifier is the root"),
            1..=20 => assert_eq!(code(opened), Code::InvalidEntryid, "{length}"),
            _ => assert_eq!(code(opened), Code::NotFound, "{length}"),
        }
    }
    let mut long = id.clone();
    long.resize(400, 0);
    assert_eq!(code(book.open_entry(Some(&long), None, 0)), Code::InvalidEntryid);
    // The object with the provider's own properties is no entry.
    let root = AddressBook::identity(&*world.providers[0]).root;
    let (head, _) = world.providers[0].read(&root, crate::backend::Want::Tags(&[]), 0).unwrap();
    let store = world.id(0, &head.parent.unwrap_or(root));
    assert!(!matches!(book.open_entry(Some(&store), None, 0), Ok(OpenedAbEntry::MailUser(_))));
    let one_off = OneOff::new("A", "SMTP", "b@c.d").to_bytes();
    assert_eq!(code(book.open_entry(Some(&one_off[..30]), None, 0)), Code::InvalidEntryid);
    assert_eq!(code(book.open_entry(Some(&id), Some(IID_IMESSAGE), 0)), Code::InterfaceNotSupported);
    assert_eq!(code(book.open_entry(Some(&id), Some(IID_IDISTLIST), 0)), Code::InterfaceNotSupported);
    assert_eq!(code(book.open_entry(Some(&id), Some(IID_IABCONTAINER), 0)), Code::InterfaceNotSupported);
    assert!(book.open_entry(Some(&id), Some(IID_IMAILUSER), 0x80 | 0x200 | 0x4000 | 0x8).is_ok(), "hints are accepted");
    assert_eq!(code(book.open_entry(Some(&id), None, 0x2)), Code::UnknownFlags);
}

#[test]
fn a_long_value_is_written_as_a_stream_and_stored_with_the_entry() {
    let world = World::new(1);
    let (_, container) = world.personal(0);
    let user = container.create_entry(None, 0).unwrap();
    let how = MAPI_MODIFY | MAPI_CREATE;
    let opened = user.properties().open_property(tags::USER_CERTIFICATE, Some(IID_ISTREAM), 2, how).unwrap();
    let OpenedProperty::Stream(stream) = opened else { panic!("no stream") };
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    stream.write(&bytes).unwrap();
    stream.commit().unwrap();
    drop(stream);
    assert_eq!(fill(&user, "Ann", "a@b.c"), Code::SOk);
    let again = world.book().open_entry(Some(&entry_id(&user.properties())), None, 0).unwrap().properties();
    let OpenedProperty::Stream(stream) = again.open_property(tags::USER_CERTIFICATE, Some(IID_ISTREAM), 0, 0).unwrap() else {
        panic!("no stream")
    };
    assert_eq!(stream.size().unwrap(), 3_000_000);
    assert_eq!(stream.read(10).unwrap(), bytes[..10]);
}

#[test]
fn nothing_works_after_logoff() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    world.user(0, &personal, "Ann", "a@b.c");
    let book = world.book();
    let table = container.get_contents_table(UNICODE).unwrap();
    world.session.logoff(0, 0, 0).unwrap();
    assert_eq!(code(book.get_pab()), Code::InvalidObject);
    assert_eq!(code(container.get_contents_table(0)), Code::InvalidObject);
    assert_eq!(code(table.query_rows(1, 0)), Code::InvalidObject);
    assert_eq!(code(container.properties().get_props(None, 0)), Code::InvalidObject);
}
