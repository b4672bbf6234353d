//! Transport order and primary identity (`profiles` 1.4, 4.3, 5).

use super::*;
use crate::profiles::provider_flags::{NO_PRIMARY_IDENTITY, PRIMARY_IDENTITY};

#[test]
fn transports_that_want_to_be_last_are_until_an_order_is_given() {
    let fixture = fixture();
    let work = fixture.services("Work");
    add(&work, "last");
    add(&work, "wire");
    add(&work, "wire");
    let transports = providers(&work);
    let ordinals = || column(&work.get_provider_table(0).unwrap(), tags::PROVIDER_ORDINAL);
    assert_eq!(ordinals(), [2, 0, 1].map(Value::Long));
    work.msg_service_transport_order(&[transports[0], transports[2], transports[1]], 0).unwrap();
    assert_eq!(ordinals(), [0, 2, 1].map(Value::Long));
    add(&work, "wire");
    assert_eq!(ordinals(), [0, 2, 1, 3].map(Value::Long), "a new one comes behind those that were put in order");
}

#[test]
fn an_order_names_every_transport_once() {
    let fixture = fixture();
    let work = fixture.services("Work");
    add(&work, "store");
    add(&work, "wire");
    add(&work, "wire");
    let all = providers(&work);
    let order = |order: &[Guid]| code(work.msg_service_transport_order(order, 0));
    assert_eq!(order(&[all[1]]), Code::Busy);
    assert_eq!(order(&[all[1], all[2], all[0]]), Code::Busy);
    assert_eq!(order(&[all[1], all[0]]), Code::NotFound);
    assert_eq!(order(&[all[1], all[1]]), Code::NotFound);
    assert_eq!(order(&[all[1], Guid([7; 16])]), Code::NotFound);
    assert_eq!(code(work.msg_service_transport_order(&[all[1], all[2]], 1)), Code::InvalidParameter);
    assert_eq!(column(&work.get_provider_table(0).unwrap(), tags::PROVIDER_ORDINAL), [0, 0, 1].map(Value::Long));
}

#[test]
fn a_deleted_transport_leaves_the_order() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let first = add(&work, "wire");
    add(&work, "wire");
    let transports = providers(&work);
    work.msg_service_transport_order(&[transports[1], transports[0]], 0).unwrap();
    work.delete_msg_service(first).unwrap();
    assert_eq!(code(work.msg_service_transport_order(&[transports[1]], 0)), Code::SOk);
}

#[test]
fn the_first_that_can_supplies_the_identity() {
    let fixture = fixture();
    let work = fixture.services("Work");
    add(&work, "silent");
    add(&work, "pair");
    add(&work, "pair");
    assert_eq!(flags(&work.get_provider_table(0).unwrap()), [0, 0, PRIMARY_IDENTITY, 0, 0]);
    let services = flags(&work.get_msg_service_table(0).unwrap());
    assert_eq!(services, [service_flags::NO_PRIMARY_IDENTITY, service_flags::PRIMARY_IDENTITY, 0]);
}

#[test]
fn a_chosen_service_supplies_the_identity_with_all_its_providers() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let silent = add(&work, "silent");
    let (first, second) = (add(&work, "pair"), add(&work, "pair"));
    let of_providers = || flags(&work.get_provider_table(0).unwrap());
    let of_services = || flags(&work.get_msg_service_table(0).unwrap());
    work.set_primary_identity(Some(second), 0).unwrap();
    assert_eq!(of_providers(), [0, 0, 0, PRIMARY_IDENTITY, PRIMARY_IDENTITY]);
    let chosen = [service_flags::NO_PRIMARY_IDENTITY, 0, service_flags::PRIMARY_IDENTITY];
    assert_eq!(of_services(), chosen);
    assert_eq!(code(work.set_primary_identity(Some(silent), 0)), Code::NoAccess);
    assert_eq!(code(work.set_primary_identity(Some(Guid([3; 16])), 0)), Code::NotFound);
    assert_eq!(code(work.set_primary_identity(None, 1)), Code::InvalidParameter);
    assert_eq!(of_services(), chosen, "a call that fails changes nothing");
    let provider = providers(&work)[1];
    work.set_primary_identity(Some(provider), 0).unwrap();
    assert_eq!(of_providers(), [0, PRIMARY_IDENTITY, PRIMARY_IDENTITY, 0, 0], "a provider stands for its service");
    assert_eq!(of_services()[1], service_flags::PRIMARY_IDENTITY);
    work.set_primary_identity(None, 0).unwrap();
    assert_eq!(of_providers(), [0; 5]);
    add(&work, "pair");
    assert_eq!(of_providers(), [0; 7], "an identity that was taken back is not given by adding a service");
    work.set_primary_identity(Some(first), 0).unwrap();
    work.delete_msg_service(first).unwrap();
    assert_eq!(of_providers(), [0, 0, PRIMARY_IDENTITY, 0, 0], "the next the catalogue marks takes over");
    assert_eq!(of_services(), [service_flags::NO_PRIMARY_IDENTITY, service_flags::PRIMARY_IDENTITY, 0]);
}

#[test]
fn a_deleted_supplier_hands_the_identity_on() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let first = add(&work, "pair");
    add(&work, "pair");
    let admin = work.admin_providers(first, 0).unwrap();
    admin.delete_provider(providers(&work)[1]).unwrap();
    assert_eq!(flags(&work.get_provider_table(0).unwrap()), [0, 0, PRIMARY_IDENTITY]);
    assert_eq!(flags(&work.get_msg_service_table(0).unwrap()), [0, service_flags::PRIMARY_IDENTITY]);
}

#[test]
fn providers_without_an_identity_of_their_own_are_left_out() {
    let mut mixed = MemoryCatalogue::service("mixed", "Mixed", ProviderKind::AddressBook, "memory-pab");
    let mut second = mixed.providers[0].clone();
    second.flags = NO_PRIMARY_IDENTITY;
    mixed.providers.push(second);
    let host = MemoryHost::new().with_catalogue(MemoryCatalogue::new(vec![mixed]));
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("Work", None, 0, 0).unwrap();
    let work = admin.admin_services("Work", None, 0, 0).unwrap();
    let service = add(&work, "mixed");
    work.set_primary_identity(Some(service), 0).unwrap();
    assert_eq!(flags(&work.get_provider_table(0).unwrap()), [PRIMARY_IDENTITY, NO_PRIMARY_IDENTITY]);
}

#[test]
fn the_status_rows_of_a_running_session_show_who_supplies_the_identity() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let (first, second) = (add(&work, "pair"), add(&work, "pair"));
    work.set_primary_identity(Some(first), 0).unwrap();
    let session = fixture.logon("Work");
    let table = session.get_status_table(0).unwrap();
    let shown = || flags(&table)[3..].to_vec();
    assert_eq!(shown(), [PRIMARY_IDENTITY, PRIMARY_IDENTITY, 0, 0]);
    work.set_primary_identity(Some(second), 0).unwrap();
    assert_eq!(shown(), [0, 0, PRIMARY_IDENTITY, PRIMARY_IDENTITY]);
}
