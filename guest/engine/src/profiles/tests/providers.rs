//! IProviderAdmin (`profiles` 4.4, 6).

use super::*;
use crate::backend::{ConfigureContext, ConfigureOutcome, NewProvider};

#[test]
fn the_table_of_a_service_shows_its_extra_sections_and_that_of_the_profile_does_not() {
    let fixture = fixture();
    let work = fixture.services("Work");
    add(&work, "store");
    let service = add(&work, "pair");
    let admin = work.admin_providers(service, 0).unwrap();
    let table = admin.get_provider_table(MAPI_UNICODE).unwrap();
    let types = column(&table, tags::RESOURCE_TYPE);
    assert_eq!(types[..2], [Value::Long(35), Value::Long(35)]);
    assert!(types.len() == 3 && matches!(types[2], Value::Error(_)));
    assert_eq!(column(&table, tags::SERVICE_NAME), ["pair"; 3].map(text));
    assert_eq!(keys(&table, tags::SERVICE_UID), [service; 3]);
    assert_eq!(keys(&table, tags::INSTANCE_KEY)[2], EXTRA);
    assert!(matches!(column(&table, tags::PROVIDER_UID)[2], Value::Error(_)));
    assert_eq!(column(&table, tags::PROVIDER_ORDINAL)[..2], [Value::Long(0), Value::Long(1)]);
    let whole = work.get_provider_table(0).unwrap();
    assert_eq!(column(&whole, tags::RESOURCE_TYPE), [33, 35, 35].map(Value::Long));
    assert_eq!(code(admin.get_provider_table(1)), Code::UnknownFlags);
    assert_eq!(code(work.admin_providers(Guid([1; 16]), 0)), Code::NotFound);
    assert_eq!(code(work.admin_providers(service, 1)), Code::InvalidParameter);
}

#[test]
fn a_provider_is_created_by_the_names_of_the_catalogue_with_the_given_properties_on_top() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let service = add(&work, "pair");
    let admin = work.admin_providers(service, 0).unwrap();
    let given = vec![
        Property::new(SETTING, text("mine")),
        Property::new(SECRET, text("s3cret")),
        Property::new(tags::RESOURCE_FLAGS, Value::Long(2)),
    ];
    let created = admin.create_provider("second", given, 9, 0).unwrap();
    let request = fixture.catalogue.requests().pop().unwrap();
    assert_eq!(
        (request.context, request.provider, request.ui, request.flags),
        (ConfigureContext::ProviderCreate, Some(created), 0, 0)
    );
    let told = request.providers.iter().find(|section| section.uid == created).unwrap();
    assert!(told.properties.contains(&Property::new(SECRET, text("s3cret"))), "by value, protected ones included");
    assert_eq!(filled(&work, created), [text("mine"), text("s3cret")]);
    assert_eq!(value(&open(&work, created), tags::RESOURCE_FLAGS), Value::Long(0));
    assert_eq!(providers(&work).len(), 3);
    let other = admin.create_provider("Second", Vec::new(), 9, crate::profiles::MAPI_DIALOG).unwrap();
    let request = fixture.catalogue.requests().pop().unwrap();
    assert_eq!((request.provider, request.ui, request.flags), (Some(other), 9, 0x10));
    assert_eq!(code(admin.create_provider("store", Vec::new(), 0, 0)), Code::NotFound);
    assert_eq!(code(admin.create_provider("second", Vec::new(), 0, 1)), Code::UnknownFlags);
}

#[test]
fn a_provider_the_service_refuses_leaves_no_trace() {
    let fixture = fixture_refusing(|request| match request.context {
        ConfigureContext::ProviderCreate => Some(Code::NoSupport),
        ConfigureContext::ProviderDelete => Some(Code::ExtendedError),
        _ => None,
    });
    let work = fixture.services("Work");
    let service = add(&work, "pair");
    let admin = work.admin_providers(service, 0).unwrap();
    let before = providers(&work);
    let stored = |fixture: &Fixture| crate::backend::ProfileStorage::load(&*fixture.host.profiles, "Work").unwrap().bytes;
    let bytes = stored(&fixture);
    assert_eq!(code(admin.create_provider("second", vec![Property::new(SETTING, text("x"))], 0, 0)), Code::NoSupport);
    assert_eq!(code(admin.delete_provider(before[0])), Code::ExtendedError);
    assert_eq!(admin.get_last_error(Code::ExtendedError, MAPI_UNICODE).unwrap().unwrap().error, "the service says no");
    assert_eq!(providers(&work), before);
    assert_eq!(stored(&fixture), bytes);
}

#[test]
fn a_deleted_provider_goes_with_its_protected_values_and_is_unknown_then() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let service = add(&work, "pair");
    let admin = work.admin_providers(service, 0).unwrap();
    let gone = providers(&work)[0];
    fill(&work, gone, "x");
    let shown = admin.get_provider_table(0).unwrap();
    admin.delete_provider(gone).unwrap();
    let request = fixture.catalogue.requests().pop().unwrap();
    assert_eq!((request.context, request.provider), (ConfigureContext::ProviderDelete, Some(gone)));
    assert!(!providers(&work).contains(&gone));
    assert_eq!(shown.get_row_count(0).unwrap().value, 3, "the table is static");
    let key = crate::profiles::protected_key(gone, SECRET);
    assert_eq!(crate::backend::ProfileStorage::secret(&*fixture.host.profiles, "Work", &key).unwrap(), None);
    assert_eq!(code(admin.delete_provider(gone)), Code::NotFound);
    assert_eq!(code(work.open_profile_section(Some(gone), None, MAPI_FORCE_ACCESS)), Code::NotFound);
}

#[test]
fn what_the_entry_point_names_in_its_changes_happens_once() {
    let catalogue = MemoryCatalogue::new(vec![MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory")])
        .with_entry_point("store", |request| {
            let mut outcome = ConfigureOutcome::default();
            match request.context {
                ConfigureContext::ProviderCreate => {
                    let properties = vec![Property::new(SETTING, text("by the service"))];
                    outcome.create.push(NewProvider { section: "store".into(), properties });
                }
                ConfigureContext::ProviderDelete => outcome.delete.extend(request.provider),
                _ => {}
            }
            Ok(outcome)
        });
    let host = MemoryHost::new().with_catalogue(catalogue);
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("Work", None, 0, 0).unwrap();
    let work = admin.admin_services("Work", None, 0, 0).unwrap();
    let service = add(&work, "store");
    let admin = work.admin_providers(service, 0).unwrap();
    let created = admin.create_provider("store", vec![Property::new(SETTING, text("by the client"))], 0, 0).unwrap();
    assert_eq!(providers(&work).len(), 2);
    assert_eq!(value(&open(&work, created), SETTING), text("by the service"));
    admin.delete_provider(created).unwrap();
    assert_eq!(providers(&work).len(), 1);
}

#[test]
fn a_deleted_default_store_hands_its_role_on() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let (first, _) = (add(&work, "store"), add(&work, "store"));
    let stores = providers(&work);
    work.admin_providers(first, 0).unwrap().delete_provider(stores[0]).unwrap();
    assert_eq!(flags(&work.get_provider_table(0).unwrap()), [provider_flags::DEFAULT_STORE]);
    assert_eq!(flags(&work.get_msg_service_table(0).unwrap()), [0, service_flags::DEFAULT_STORE]);
}

#[test]
fn a_provider_that_is_logged_on_stays_for_its_session_and_is_gone_from_the_live_table() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let service = add(&work, "store");
    let session = fixture.logon("Work");
    let table = session.get_msg_stores_table(0).unwrap();
    let Value::Binary(entry_id) = column(&table, tags::ENTRYID).remove(0) else { panic!("an identifier") };
    let store = session.open_msg_store(0, &entry_id, None, 0).unwrap();
    work.admin_providers(service, 0).unwrap().delete_provider(providers(&work)[0]).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 0);
    assert!(store.value.properties().get_props(Some(&[tags::RECORD_KEY]), 0).unwrap().warning.is_none());
}

#[test]
fn the_administration_of_providers_opens_their_sections_and_saving_them_is_nothing_to_do() {
    let fixture = fixture();
    let work = fixture.services("Work");
    let service = add(&work, "pair");
    let admin = work.admin_providers(service, 0).unwrap();
    let provider = providers(&work)[0];
    let section = admin.open_profile_section(Some(provider), None, MAPI_MODIFY | MAPI_FORCE_ACCESS).unwrap().properties();
    assert!(section.set_props(vec![Property::new(SETTING, text("set"))]).unwrap().is_empty());
    section.save_changes(0).unwrap();
    drop(section);
    assert_eq!(filled(&work, provider)[0], text("set"));
    assert_eq!(code(admin.open_profile_section(Some(Guid([1; 16])), None, 0)), Code::NotFound);
}
