use super::*;
use crate::address_book::container_flags::{AB_NOT_DEFAULT, AB_SUBCONTAINERS, AB_UNMODIFIABLE};
use crate::address_book::display_type::{DT_GLOBAL, DT_LOCAL, DT_MODIFIABLE};
use crate::profiles::{ADDRESS_BOOK_SECTION, MAPI_FORCE_ACCESS};

const DIRECTORY: i32 = AB_RECIPIENTS | AB_UNMODIFIABLE;

fn path(book: &AddrBook) -> Vec<String> {
    let rows = book.get_search_path(UNICODE).unwrap();
    rows.iter().map(|row| crate::address_book::text_of(row, tags::DISPLAY_NAME).unwrap()).collect()
}

fn row(id: Vec<u8>) -> Vec<Property> {
    vec![Property::new(tags::ENTRYID, Value::Binary(id))]
}

#[test]
fn without_containers_there_is_no_personal_book_no_directory_and_no_path() {
    let world = World::new(1);
    let book = world.book();
    assert!(book.get_pab().is_ok_and(|id| id.is_empty()));
    assert!(book.get_default_dir().is_ok_and(|id| id.is_empty()));
    assert!(book.get_search_path(UNICODE).is_ok_and(|rows| rows.is_empty()));
    assert_eq!(code(book.set_pab(&[])), Code::InvalidParameter);
    assert_eq!(code(book.set_default_dir(None)), Code::SOk);
}

#[test]
fn the_first_changeable_container_is_the_personal_book_and_the_first_other_the_directory() {
    let world = World::new(2);
    let group = world.container(0, "A group", AB_SUBCONTAINERS | AB_UNMODIFIABLE, DT_LOCAL);
    world.container_below(0, &group, "Below", PERSONAL, DT_MODIFIABLE);
    let hidden = world.container(1, "B hidden", DIRECTORY | AB_NOT_DEFAULT, DT_LOCAL);
    let directory = world.container(1, "C directory", DIRECTORY, DT_LOCAL);
    let book = world.book();
    let personal = world.container(1, "D personal", PERSONAL, DT_MODIFIABLE);
    assert_eq!(book.get_pab().unwrap(), world.id(1, &personal), "top-level containers come first");
    let below = book.get_default_dir().unwrap();
    assert_ne!(below, world.id(1, &hidden));
    book.set_pab(&world.id(1, &directory)).unwrap();
    assert_eq!(book.get_pab().unwrap(), world.id(1, &directory), "whether it can be changed is not asked");
    book.set_default_dir(Some(&world.id(1, &hidden))).unwrap();
    assert_eq!(book.get_default_dir().unwrap(), world.id(1, &hidden));
    book.set_default_dir(None).unwrap();
    assert_eq!(book.get_default_dir().unwrap(), below);
}

#[test]
fn the_default_path_is_computed_anew_each_time() {
    let world = World::new(1);
    world.container(0, "Personal", PERSONAL, DT_MODIFIABLE);
    world.container(0, "Local", DIRECTORY, DT_LOCAL);
    let book = world.book();
    assert_eq!(path(&book), ["Personal", "Local"]);
    world.container(0, "World", DIRECTORY, DT_GLOBAL);
    assert_eq!(path(&book), ["Personal", "World"], "the default directory drops out");
}

#[test]
fn a_path_once_set_is_the_path_also_when_it_is_empty() {
    let world = World::new(1);
    let personal = world.container(0, "Personal", PERSONAL, DT_MODIFIABLE);
    let local = world.container(0, "Local", DIRECTORY, DT_LOCAL);
    let book = world.book();
    let rows = [row(world.id(0, &local)), row(world.id(0, &personal))];
    book.set_search_path(0, &rows).unwrap();
    let bad = vec![Property::new(tags::DISPLAY_NAME, text("x")), rows[0][0].clone()];
    assert_eq!(code(book.set_search_path(0, &[bad])), Code::MissingRequiredColumn);
    assert_eq!(code(book.set_search_path(1, &rows)), Code::InvalidParameter);
    assert_eq!(code(book.set_search_path(0, &[row(vec![1, 2])])), Code::InvalidEntryid);
    assert_eq!(path(&book), ["Local", "Personal"]);
    // Other sessions see it, and after this one ended too.
    assert_eq!(path(&logon(&world.subsystem).open_address_book(0, None, 0).unwrap().value), ["Local", "Personal"]);
    let mut short = world.id(0, &local);
    short[0] = 0xFF;
    let gone = crate::entry_id::ProviderEntryId::of_object(Guid([9; 16]), &personal).to_bytes();
    book.set_search_path(0, &[row(gone), row(short)]).unwrap();
    assert_eq!(path(&book), ["Local"], "what cannot be opened is left out, not forgotten");
    let Some(Value::MvBinary(stored)) = value(&book.properties(), tags::AB_SEARCH_PATH) else { panic!() };
    assert_eq!((stored.len(), &stored[1]), (2, &world.id(0, &local)), "short-term identifiers are made long-term");
    book.set_search_path(0, &[]).unwrap();
    assert!(path(&book).is_empty());
    assert!(path(&logon(&world.subsystem).open_address_book(0, None, 0).unwrap().value).is_empty());
}

#[test]
fn the_options_are_read_only_properties_of_the_book() {
    let world = World::new(1);
    let (object, _) = world.personal(0);
    let book = world.book();
    assert_eq!(value(&book.properties(), tags::OBJECT_TYPE), Some(Value::Long(2)));
    assert_eq!(value(&book.properties(), tags::AB_DEFAULT_PAB), None);
    book.set_pab(&world.id(0, &object)).unwrap();
    assert_eq!(value(&book.properties(), tags::AB_DEFAULT_PAB), Some(Value::Binary(world.id(0, &object))));
    let properties = book.properties();
    assert_eq!(code(properties.set_props(vec![Property::new(tags::COMMENT, text("x"))])), Code::NoAccess);
    assert_eq!(code(properties.delete_props(&[tags::AB_DEFAULT_PAB])), Code::NoAccess);
    assert_eq!(code(properties.save_changes(0)), Code::NoAccess);
    assert_eq!(code(world.session.open_profile_section(Some(ADDRESS_BOOK_SECTION), None, 0)), Code::NoAccess);
    assert!(world.session.open_profile_section(Some(ADDRESS_BOOK_SECTION), None, MAPI_FORCE_ACCESS).is_ok());
}

#[test]
fn only_a_container_that_can_be_opened_becomes_the_personal_book() {
    let world = World::new(1);
    let (object, _) = world.personal(0);
    let user = world.user(0, &object, "Ann", "a@b.c");
    let book = world.book();
    let one_off = book.create_one_off(None, "SMTP", "a@b.c", UNICODE).unwrap();
    for (id, expected) in [
        (user, Code::InvalidParameter),
        (one_off, Code::InvalidParameter),
        (crate::entry_id::ProviderEntryId::of_object(Guid([9; 16]), &object).to_bytes(), Code::UnknownEntryid),
        (world.id(0, &ObjectId::new(b"nothing").unwrap()), Code::NotFound),
        (vec![0; 5], Code::InvalidEntryid),
    ] {
        assert_eq!(code(book.set_pab(&id)), expected);
        assert_eq!(code(book.set_default_dir(Some(&id))), expected);
    }
}
