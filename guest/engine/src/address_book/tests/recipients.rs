use super::*;
use crate::entry_id::ProviderEntryId;
use crate::properties::PropType;

#[test]
fn wanted_properties_come_first_and_own_values_win() {
    let world = World::new(1);
    let (personal, _) = world.personal(0);
    let id = world.user(0, &personal, "Ann", "ann@x.y");
    let mut short = id.clone();
    short[0] = 0xFF;
    let mut list = vec![vec![
        Property::new(tags::DISPLAY_NAME, text("mine")),
        Property::new(tags::ADDRTYPE, text("x")),
        Property::new(tags::ENTRYID, Value::Binary(short.clone())),
    ]];
    let book = world.book();
    book.prepare_recips(0, Some(&[tags::EMAIL_ADDRESS, tags::ADDRTYPE, tags::COMMENT]), &mut list).unwrap();
    let expected = vec![
        Property::new(tags::EMAIL_ADDRESS, text("ann@x.y")),
        Property::new(tags::ADDRTYPE, text("x")),
        Property::error(tags::COMMENT, Code::NotFound),
        Property::new(tags::DISPLAY_NAME, text("mine")),
        Property::new(tags::ENTRYID, Value::Binary(id.clone())),
    ];
    assert_eq!(list, [expected]);
    // Without tags only the identifier becomes long-term.
    let mut list = vec![vec![Property::new(tags::ENTRYID, Value::Binary(short))]];
    book.prepare_recips(0, None, &mut list).unwrap();
    assert_eq!(list, [vec![Property::new(tags::ENTRYID, Value::Binary(id))]]);
}

#[test]
fn what_nobody_owns_is_left_alone_and_what_is_gone_is_said() {
    let world = World::new(1);
    let (personal, container) = world.personal(0);
    let gone = world.user(0, &personal, "Ann", "ann@x.y");
    container.delete_entries(std::slice::from_ref(&gone), 0).unwrap();
    let book = world.book();
    let one_off = book.create_one_off(Some("Bob"), "SMTP", "bob@x.y", UNICODE).unwrap();
    let entry = |id: Vec<u8>| vec![Property::new(tags::ENTRYID, Value::Binary(id))];
    let foreign = entry(ProviderEntryId::of_object(Guid([9; 16]), &personal).to_bytes());
    let unresolved = names(&["Cy"]).remove(0);
    let mut list = vec![foreign.clone(), unresolved.clone(), Vec::new(), entry(gone), entry(one_off)];
    // The list of an error is no value.
    list[4].push(Property::error(tags::SMTP_ADDRESS, Code::NotFound));
    let narrow = tags::SMTP_ADDRESS.with_kind(PropType::STRING8);
    book.prepare_recips(0x4000, Some(&[narrow, narrow]), &mut list).unwrap();
    assert_eq!(list[..3], [foreign, unresolved, Vec::new()]);
    assert_eq!(list[3][0], Property::error(tags::SMTP_ADDRESS, Code::NotFound));
    assert_eq!(list[4][0], Property::new(narrow, Value::String8(b"bob@x.y".to_vec())));
    assert_eq!(list[4].len(), 2, "no property twice");
    let untyped = tags::COMMENT.with_kind(PropType::UNSPECIFIED);
    assert_eq!(code(book.prepare_recips(0, Some(&[untyped]), &mut list)), Code::InvalidParameter);
    assert_eq!(code(book.prepare_recips(0x1, None, &mut list)), Code::UnknownFlags);
}
