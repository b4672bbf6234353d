//! CopyMsgService, RenameMsgService, and the tables of services (`profiles` 4.3, 4.5).

use super::*;
use crate::backend::ConfigureContext;
use crate::profiles::SERVICE_UI_ALWAYS;

#[test]
fn a_copied_service_has_new_keys_and_all_values() {
    let fixture = fixture();
    let (work, home) = (fixture.services("Work"), fixture.services("Home"));
    let service = add(&work, "pair");
    let originals = providers(&work);
    fill(&work, originals[1], "second");
    fill(&work, EXTRA, "extra");
    let calls = fixture.catalogue.requests().len();
    let copy = work.copy_msg_service(service, "ignored", &home, 0, 0).unwrap();
    assert_eq!(fixture.catalogue.requests().len(), calls, "the entry point is not called");
    assert_ne!(copy, service);
    let copied = providers(&home);
    assert!(copied.len() == 2 && copied.iter().all(|uid| !originals.contains(uid)));
    assert_eq!(filled(&home, copied[1]), [text("second"), text("second")]);
    assert_eq!(value(&open(&home, copied[1]), tags::SERVICE_UID), Value::Binary(copy.0.to_vec()));
    let extras = value(&open(&home, copy), tags::SERVICE_EXTRA_UIDS);
    let Value::Binary(extra) = extras else { panic!("the copy has its extra section") };
    let extra = Guid::from_slice(&extra).unwrap();
    assert_ne!(extra, EXTRA);
    assert_eq!(filled(&home, extra), [text("extra"), text("extra")]);
    assert_eq!(column(&home.get_msg_service_table(MAPI_UNICODE).unwrap(), tags::DISPLAY_NAME), [text("Pair")]);
}

#[test]
fn a_copy_takes_no_role_from_the_service_it_was_made_of() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let (store, pair) = (add(&work, "store"), add(&work, "pair"));
    let before = flags(&work.get_msg_service_table(0).unwrap());
    assert_eq!(before, [service_flags::DEFAULT_STORE, service_flags::PRIMARY_IDENTITY]);
    work.copy_msg_service(store, "", &work, 0, 0).unwrap();
    work.copy_msg_service(pair, "", &work, 0, 0).unwrap();
    assert_eq!(flags(&work.get_msg_service_table(0).unwrap()), [before, vec![0, 0]].concat());
    let home = fixture.services("Home");
    work.copy_msg_service(pair, "", &home, 0, 0).unwrap();
    assert_eq!(flags(&home.get_msg_service_table(0).unwrap()), [0]);
}

#[test]
fn copies_are_refused_where_one_is_enough_and_for_what_is_not_there() {
    let fixture = fixture();
    let (work, home) = (fixture.services("Work"), fixture.services("Home"));
    let single = add(&work, "single");
    assert_eq!(code(work.create_msg_service_ex("single", "", 0, 0)), Code::NoAccess);
    assert_eq!(code(work.copy_msg_service(single, "", &work, 0, 0)), Code::NoAccess);
    work.copy_msg_service(single, "", &home, 0, 0).unwrap();
    assert_eq!(code(work.copy_msg_service(single, "", &home, 0, 0)), Code::NoAccess);
    assert_eq!(code(work.copy_msg_service(Guid([1; 16]), "", &home, 0, 0)), Code::NotFound);
    assert_eq!(code(work.copy_msg_service(single, "", &home, 0, 0x10)), Code::UnknownFlags);
    assert_eq!(code(work.rename_msg_service(single, 0, "x")), Code::NoSupport);
}

#[test]
fn a_copy_with_user_interface_is_configured_afterwards() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let pair = add(&work, "pair");
    let copy = work.copy_msg_service(pair, "", &work, 7, SERVICE_UI_ALWAYS).unwrap();
    let last = fixture.catalogue.requests().pop().unwrap();
    assert_eq!((last.context, last.section.uid, last.ui, last.flags), (ConfigureContext::Configure, copy, 7, SERVICE_UI_ALWAYS));
}

#[test]
fn the_tables_of_a_profile_never_change_and_tell_nothing() {
    let fixture = fixture();
    let work = fixture.services("Work");
    add(&work, "store");
    let tables = [work.get_msg_service_table(0).unwrap(), work.get_provider_table(0).unwrap()];
    add(&work, "pair");
    for table in tables {
        assert_eq!(table.get_row_count(0).unwrap().value, 1);
        assert_eq!(code(table.advise(0x100)), Code::NoSupport);
    }
    let names = column(&work.get_msg_service_table(MAPI_UNICODE).unwrap(), tags::SERVICE_NAME);
    assert_eq!(names, ["store", "pair"].map(text), "the newest comes last");
}

#[test]
fn a_service_is_told_before_it_is_deleted_and_so_is_each_service_of_a_deleted_profile() {
    let fixture = fixture_refusing(|request| (request.context == ConfigureContext::Delete).then_some(Code::ExtendedError));
    let work = fixture.services("Work");
    let service = add(&work, "pair");
    work.delete_msg_service(service).unwrap();
    let told = || fixture.catalogue.requests().last().map(|request| (request.context, request.profile.clone()));
    assert_eq!(told(), Some((ConfigureContext::Delete, "Work".into())), "and what it answers does not matter");
    add(&fixture.services("Home"), "pair");
    fixture.admin().delete_profile("Home", 0).unwrap();
    assert_eq!(told(), Some((ConfigureContext::Delete, "Home".into())));
}
