//! Behaviours of whole sessions (`session` 12, `profiles` 8, `status` 7).

use super::logon_flags::*;
use super::{InitializeOptions, MAPI_LOGOFF_SHARED, Session, Subsystem};
use crate::backend::{ConfigureContext, ConfigureOutcome, ProviderKind, SectionChange};
use crate::error::{Code, Failure};
use crate::memory::{MemoryCatalogue, MemoryHost};
use crate::profiles::{MAPI_APP_PROFILE, MAPI_DEFAULT_SERVICES, MAPI_FORCE_ACCESS, PROFILE_INSTANCE};
use crate::properties::{Guid, MAPI_MODIFY, PropTag, Property, Value, tags};
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;
use std::sync::Arc;

pub(super) const UNICODE: u32 = MAPI_UNICODE;

/// A subsystem on that host, initialised, with the profile `Work` of the default services.
pub(super) fn subsystem(host: &MemoryHost) -> Subsystem {
    let subsystem = Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES | UNICODE).unwrap();
    subsystem
}

pub(super) fn logon(subsystem: &Subsystem, name: &str, flags: u32) -> Session {
    subsystem.logon_ex(0, Some(name), None, flags | MAPI_EXTENDED | UNICODE).unwrap()
}

/// All cells of some columns, row by row.
pub(super) fn cells(table: &Table, columns: &[PropTag]) -> Vec<Vec<Value>> {
    table.set_columns(columns, 0).unwrap();
    let rows = table.query_rows(1000, 0).unwrap();
    rows.into_iter().map(|row| row.into_iter().map(|property| property.value).collect()).collect()
}

pub(super) fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

pub(super) fn code<T>(result: crate::error::Result<T>) -> Code {
    match result {
        Ok(_) => Code::SOk,
        Err(failure) => failure.code(),
    }
}

fn profile_of(session: &Session) -> Value {
    let table = session.get_status_table(UNICODE).unwrap();
    cells(&table, &[tags::DISPLAY_NAME])[0][0].clone()
}

#[test]
fn nothing_works_before_initialize_and_calls_nest() {
    let host = MemoryHost::new();
    let subsystem = Subsystem::new(Rc::new(host));
    assert_eq!(code(subsystem.logon_ex(0, None, None, 0)), Code::NotInitialized);
    assert_eq!(code(subsystem.admin_profiles(0)), Code::NotInitialized);
    assert_eq!(code(subsystem.initialize(Some(InitializeOptions { version: 1, flags: 0 }))), Code::InvalidParameter);
    assert_eq!(code(subsystem.initialize(Some(InitializeOptions { version: 0, flags: 0x4000_0000 }))), Code::UnknownFlags);
    subsystem.initialize(None).unwrap();
    subsystem.initialize(None).unwrap();
    subsystem.uninitialize();
    let admin = subsystem.admin_profiles(0).unwrap();
    assert_eq!(code(subsystem.admin_profiles(1)), Code::InvalidParameter);
    subsystem.uninitialize();
    subsystem.uninitialize();
    assert_eq!(code(admin.get_profile_table(0)), Code::InvalidObject);
    assert_eq!(code(subsystem.admin_profiles(0)), Code::NotInitialized);
}

#[test]
fn a_logon_joins_the_shared_session_whatever_profile_it_names() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    subsystem.admin_profiles(0).unwrap().create_profile("Home", None, 0, 0).unwrap();
    let first = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let second = logon(&subsystem, "Home", 0);
    let third = logon(&subsystem, "Home", MAPI_NEW_SESSION);
    assert_eq!(profile_of(&second), text("Work"));
    assert_eq!(profile_of(&third), text("Home"));
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(profile_of(&second), text("Work"), "the session lives until its last handle");
    assert_eq!(code(first.get_msg_stores_table(0)), Code::InvalidObject);
    assert_eq!(code(first.logoff(0, 0, 0)), Code::InvalidObject);
    second.logoff(0, 0, 0).unwrap();
    assert_eq!(profile_of(&logon(&subsystem, "Home", 0)), text("Home"), "nothing is left to join");
}

#[test]
fn a_password_is_refused_except_when_joining() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    assert_eq!(code(subsystem.logon_ex(0, Some("Work"), Some("x"), 0)), Code::LogonFailed);
    let _shared = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    assert!(subsystem.logon_ex(0, Some("Work"), Some("x"), 0).is_ok());
}

#[test]
fn the_default_profile_is_used_when_asked_for() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    assert_eq!(code(subsystem.logon_ex(0, None, None, MAPI_USE_DEFAULT)), Code::LogonFailed);
    subsystem.admin_profiles(0).unwrap().set_default_profile(Some("WORK"), 0).unwrap();
    assert!(subsystem.logon_ex(0, None, None, MAPI_USE_DEFAULT).is_ok());
    assert_eq!(code(subsystem.logon_ex(0, Some(""), None, 0)), Code::LogonFailed);
    assert_eq!(code(subsystem.logon_ex(0, Some("Nobody"), None, MAPI_USE_DEFAULT)), Code::LogonFailed);
}

#[test]
fn logoff_shared_withdraws_the_session_and_leaves_the_others_usable() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let first = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let second = logon(&subsystem, "Work", 0);
    subsystem.admin_profiles(0).unwrap().create_profile("Home", None, 0, 0).unwrap();
    assert_eq!(code(first.logoff(0, 0, 7)), Code::InvalidParameter);
    assert_eq!(code(first.logoff(0, 4, 0)), Code::UnknownFlags);
    first.logoff(0, MAPI_LOGOFF_SHARED, 0).unwrap();
    assert!(second.get_msg_stores_table(0).is_ok());
    assert_eq!(profile_of(&logon(&subsystem, "Home", 0)), text("Home"));
}

#[test]
fn the_last_uninitialize_ends_every_handle() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    subsystem.uninitialize();
    assert_eq!(code(session.get_status_table(0)), Code::InvalidObject);
}

#[test]
fn a_profile_without_services_has_no_stores_and_three_status_rows() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    subsystem.admin_profiles(0).unwrap().create_profile("Empty", None, 0, 0).unwrap();
    let session = logon(&subsystem, "Empty", 0);
    assert_eq!(session.get_msg_stores_table(0).unwrap().get_row_count(0).unwrap().value, 0);
    let table = session.get_status_table(UNICODE).unwrap();
    let shown = [tags::RESOURCE_TYPE, tags::DISPLAY_NAME, tags::RESOURCE_METHODS, tags::STATUS_CODE, tags::OBJECT_TYPE];
    let row = |kind, name, methods| vec![Value::Long(kind), text(name), Value::Long(methods), Value::Long(1), Value::Long(10)];
    assert_eq!(cells(&table, &shown), [row(39, "Empty", 1), row(37, "MAPI Spooler", 9), row(34, "MAPI Address Book", 1)]);
}

#[test]
fn the_store_table_shows_every_permanent_store_open_or_not() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    let shown = [tags::DISPLAY_NAME, tags::DEFAULT_STORE, tags::OBJECT_TYPE, tags::RESOURCE_TYPE];
    assert_eq!(cells(&table, &shown), [[text("Mailbox"), Value::Boolean(true), Value::Long(1), Value::Long(33)]]);
    assert!(host.stores().is_empty(), "no store is opened for its row");
}

#[test]
fn a_live_store_table_follows_the_services_of_the_profile() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    let services = session.admin_services(0).unwrap();
    let added = services.create_msg_service_ex("store", "ignored", 0, UNICODE).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
    services.delete_msg_service(added).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 1);
    assert_eq!(code(services.delete_msg_service(added)), Code::NotFound);
}

#[test]
fn clients_without_mail_see_a_spooler_that_is_down() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let mail = logon(&subsystem, "Work", MAPI_ALLOW_OTHERS);
    let quiet = logon(&subsystem, "Work", MAPI_NO_MAIL);
    let spooler = |session: &Session| cells(&session.get_status_table(0).unwrap(), &[tags::STATUS_CODE])[1][0].clone();
    assert_eq!(spooler(&mail), Value::Long(1));
    assert_eq!(spooler(&quiet), Value::Long(4));
}

#[test]
fn the_status_table_starts_what_it_shows() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let table = session.get_status_table(UNICODE).unwrap();
    let rows = cells(&table, &[tags::RESOURCE_TYPE, tags::PROVIDER_DLL_NAME]);
    assert_eq!(rows[3..], [[Value::Long(35), text("memory-pab")], [Value::Long(33), text("memory")]]);
    assert_eq!(host.stores().len(), 1);
    let again = session.get_status_table(UNICODE).unwrap();
    assert_eq!(again.get_row_count(0).unwrap().value, 5, "a provider that runs gets no second row");
}

/// A catalogue whose only service `trouble` holds the address books `first` and `memory-pab`. Its entry
/// point, if it has one, sets a password.
fn catalogue(entry_point: bool) -> Arc<MemoryCatalogue> {
    let mut service = MemoryCatalogue::service("trouble", "Trouble", ProviderKind::AddressBook, "first");
    let mut second = service.providers[0].clone();
    second.section = "second".into();
    second.backend = "memory-pab".into();
    service.providers.push(second);
    let mut catalogue = MemoryCatalogue::new(vec![service]);
    if entry_point {
        catalogue = catalogue.with_entry_point("trouble", |request| {
            let provider = request.providers[0].uid;
            let secret = Property::new(PropTag(0x67F0_001F), Value::Unicode("password".into()));
            let sections = vec![SectionChange { uid: provider, set: vec![secret], delete: Vec::new() }];
            Ok(ConfigureOutcome { sections, ..ConfigureOutcome::default() })
        });
    }
    Arc::new(catalogue)
}

/// A host of that catalogue whose address book `first` fails with that code as often as told.
fn troubled(failure: Code, times: u32, catalogue: Arc<MemoryCatalogue>) -> MemoryHost {
    let host = MemoryHost::new().with_catalogue(catalogue);
    let left = std::cell::Cell::new(times);
    let works = Rc::new(crate::memory::MemoryAddressBook::new(Guid([9; 16])));
    host.add_address_book_opener("first", move |_| {
        if left.get() > 0 {
            left.set(left.get() - 1);
            return Err(Failure::new(failure, "no"));
        }
        let provider: Rc<dyn crate::backend::AddressBook> = works.clone();
        Ok(crate::backend::Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
    });
    host
}

/// Which of the two address books are active, and the status of the subsystem and of the address book.
fn active(session: &Session) -> (Vec<Value>, Value, Value) {
    let rows = cells(&session.get_status_table(UNICODE).unwrap(), &[tags::PROVIDER_DLL_NAME, tags::STATUS_CODE]);
    (rows[3..].iter().map(|row| row[0].clone()).collect(), rows[0][1].clone(), rows[2][1].clone())
}

#[test]
fn a_hard_failure_disables_the_whole_service() {
    let host = troubled(Code::CorruptData, 1, catalogue(false));
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(active(&session), (vec![], Value::Long(5), Value::Long(5)));
    assert_eq!(active(&session).0, [], "and no retry logs it on");
}

#[test]
fn failing_alone_leaves_the_siblings_active() {
    let host = troubled(Code::Failoneprovider, 1, catalogue(false));
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(active(&session), (vec![text("memory-pab")], Value::Long(1), Value::Long(5)));
    assert_eq!(active(&session).0, [text("memory-pab")], "it is not tried again");
}

#[test]
fn a_lost_network_is_tried_again_at_the_next_use() {
    let host = troubled(Code::NetworkError, 1, catalogue(false));
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(active(&session).0, [text("memory-pab")]);
    assert_eq!(active(&session), (vec![text("memory-pab"), text("first")], Value::Long(1), Value::Long(1)));
}

#[test]
fn a_provider_that_lacks_configuration_is_configured_once_and_retried_once() {
    let host = troubled(Code::Unconfigured, 1, catalogue(true));
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(active(&session).0, [text("first"), text("memory-pab")]);
}

#[test]
fn a_profile_deleted_in_use_vanishes_with_its_last_session() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let admin = subsystem.admin_profiles(0).unwrap();
    let session = logon(&subsystem, "Work", 0);
    admin.delete_profile("work", 0).unwrap();
    assert_eq!(admin.get_profile_table(0).unwrap().get_row_count(0).unwrap().value, 0);
    assert_eq!(code(subsystem.logon_ex(0, Some("Work"), None, MAPI_NEW_SESSION)), Code::LogonFailed);
    assert_eq!(code(admin.admin_services("Work", None, 0, 0)), Code::LogonFailed);
    assert_eq!(code(admin.delete_profile("Work", 0)), Code::NotFound);
    assert!(session.get_msg_stores_table(0).is_ok());
    assert_eq!(code(admin.create_profile("Work", None, 0, 0)), Code::NoAccess);
    drop(session);
    admin.create_profile("Work", None, 0, 0).unwrap();
    assert_eq!(admin.get_profile_table(0).unwrap().get_row_count(0).unwrap().value, 1);
}

#[test]
fn unknown_and_taken_profile_names_have_the_codes_of_each_method() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let admin = subsystem.admin_profiles(0).unwrap();
    assert_eq!(code(admin.admin_services("Nobody", None, 0, 0)), Code::LogonFailed);
    assert_eq!(code(admin.admin_services("", None, 0, 0)), Code::InvalidParameter);
    assert_eq!(code(admin.delete_profile("Nobody", 0)), Code::NotFound);
    assert_eq!(code(admin.create_profile("WORK", None, 0, 0)), Code::NoAccess);
    assert_eq!(code(admin.set_default_profile(Some("Nobody"), 0)), Code::NotFound);
    assert_eq!(admin.change_profile_password("Nobody", "a", "b", 0), Ok(()));
}

#[test]
fn application_profiles_show_only_when_asked_for() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let admin = subsystem.admin_profiles(0).unwrap();
    admin.create_profile("App", None, 0, MAPI_APP_PROFILE).unwrap();
    assert_eq!(admin.get_profile_table(0).unwrap().get_row_count(0).unwrap().value, 1);
    assert_eq!(admin.get_profile_table(MAPI_APP_PROFILE).unwrap().get_row_count(0).unwrap().value, 2);
    assert_eq!(code(admin.set_default_profile(Some("App"), 0)), Code::CallFailed);
    assert_eq!(code(admin.delete_profile("App", 0)), Code::NoAccess);
    admin.delete_profile("App", MAPI_APP_PROFILE).unwrap();
    logon(&subsystem, "Work", 0);
}

#[test]
fn a_service_whose_entry_point_fails_leaves_no_trace() {
    let service = MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory");
    let catalogue = MemoryCatalogue::new(vec![service])
        .with_entry_point("store", |_| Err(Failure::new(Code::ExtendedError, "the licence has run out")));
    let host = MemoryHost::new().with_catalogue(catalogue);
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    let made = admin.create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES).unwrap();
    assert_eq!(made.warning, Some(Code::WErrorsReturned));
    assert_eq!(admin.get_last_error(Code::WErrorsReturned, 0).unwrap().unwrap().error, "the licence has run out");
    let services = admin.admin_services("Work", None, 0, 0).unwrap();
    assert_eq!(code(services.create_msg_service("store", "", 0, 0)), Code::ExtendedError);
    assert_eq!(services.get_last_error(Code::ExtendedError, 0).unwrap().unwrap().error, "the licence has run out");
    assert_eq!(services.get_msg_service_table(0).unwrap().get_row_count(0).unwrap().value, 0);
    assert_eq!(code(services.create_msg_service("nothing", "", 0, 0)), Code::NotFound);
}

#[test]
fn a_service_without_entry_point_cannot_be_configured() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let services = subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap();
    let table = services.get_msg_service_table(UNICODE).unwrap();
    let rows = cells(&table, &[tags::SERVICE_UID, tags::SERVICE_NAME, tags::RESOURCE_FLAGS]);
    assert_eq!(rows[0][1..], [text("store"), Value::Long(1)]);
    let Value::Binary(uid) = &rows[0][0] else { panic!("PR_SERVICE_UID is binary") };
    let uid = Guid::from_slice(uid).unwrap();
    assert_eq!(code(services.configure_msg_service(uid, 0, 0, Vec::new())), Code::NotInitialized);
    let providers = cells(&services.get_provider_table(UNICODE).unwrap(), &[tags::PROVIDER_DLL_NAME, tags::PROVIDER_ORDINAL]);
    assert_eq!(providers, [[text("memory"), Value::Long(0)], [text("memory-pab"), Value::Long(0)]]);
}

#[test]
fn protected_values_reach_the_entry_point_by_value_and_never_the_stored_profile() {
    let catalogue = catalogue(true);
    let host = troubled(Code::Unconfigured, 0, Arc::clone(&catalogue));
    let subsystem = subsystem(&host);
    let services = subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap();
    let bytes = crate::backend::ProfileStorage::load(&*host.profiles, "Work").unwrap().bytes;
    assert!(!bytes.windows(8).any(|window| window == b"password"));
    let rows = cells(&services.get_msg_service_table(UNICODE).unwrap(), &[tags::SERVICE_UID]);
    let Value::Binary(uid) = &rows[0][0] else { panic!("PR_SERVICE_UID is binary") };
    let uid = Guid::from_slice(uid).unwrap();
    services.configure_msg_service(uid, 0, 0, Vec::new()).unwrap();
    let requests = catalogue.requests();
    assert_eq!(
        requests.iter().map(|request| request.context).collect::<Vec<_>>(),
        [ConfigureContext::Create, ConfigureContext::Configure]
    );
    let secret = Property::new(PropTag(0x67F0_001F), text("password"));
    assert!(!requests[0].providers[0].properties.contains(&secret));
    assert!(requests[1].providers[0].properties.contains(&secret));
}

#[test]
fn sections_are_shared_by_readers_or_held_by_one_writer() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let own = Some(Guid([5; 16]));
    assert_eq!(code(session.open_profile_section(None, None, 0)), Code::InvalidParameter);
    assert_eq!(code(session.open_profile_section(own, None, 0)), Code::NotFound);
    let writer = session.open_profile_section(own, None, MAPI_MODIFY).unwrap();
    assert_eq!(code(session.open_profile_section(own, None, 0)), Code::NoAccess);
    drop(writer);
    let readers = [0, 0].map(|flags| session.open_profile_section(own, None, flags).unwrap());
    assert_eq!(code(session.open_profile_section(own, None, MAPI_MODIFY)), Code::NoAccess);
    drop(readers);
    assert!(session.open_profile_section(own, None, MAPI_MODIFY).is_ok());
    assert!(session.open_profile_section(Some(PROFILE_INSTANCE), None, 0).is_ok());
    assert_eq!(code(session.open_profile_section(Some(PROFILE_INSTANCE), None, MAPI_MODIFY)), Code::NoAccess);
    assert_eq!(code(session.open_profile_section(own, None, 0x2)), Code::UnknownFlags);
}

#[test]
fn a_section_of_a_provider_needs_forced_access() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let rows = cells(&session.get_msg_stores_table(UNICODE).unwrap(), &[tags::PROVIDER_UID]);
    let Value::Binary(uid) = &rows[0][0] else { panic!("PR_PROVIDER_UID is binary") };
    let uid = Guid::from_slice(uid);
    assert_eq!(code(session.open_profile_section(uid, None, 0)), Code::NoAccess);
    let section = session.open_profile_section(uid, None, MAPI_FORCE_ACCESS).unwrap().properties();
    let values = section.get_props(Some(&[tags::PROFILE_NAME, tags::RESOURCE_TYPE, tags::OBJECT_TYPE]), UNICODE).unwrap();
    let values: Vec<Value> = values.value.into_iter().map(|property| property.value).collect();
    assert_eq!(values, [text("Work"), Value::Long(33), Value::Long(9)]);
}

#[test]
fn a_protected_property_is_returned_by_exact_tag_only() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let section = session.open_profile_section(Some(Guid([5; 16])), None, MAPI_MODIFY).unwrap().properties();
    let secret = Property::new(PropTag(0x67F3_001F), text("s3cret"));
    let named = Property::new(PropTag(0x8001_001F), text("x"));
    let plain = Property::new(tags::COMMENT, text("plain"));
    let problems = section.set_props(vec![secret.clone(), named, plain.clone()]).unwrap();
    assert_eq!(problems.iter().map(|problem| (problem.index, problem.code)).collect::<Vec<_>>(), [(1, Code::UnexpectedId)]);
    let all = section.get_props(None, UNICODE).unwrap().value;
    assert!(all.contains(&plain) && !all.contains(&secret));
    assert!(!section.get_prop_list(UNICODE).unwrap().contains(&secret.tag));
    assert_eq!(section.get_props(Some(&[secret.tag]), UNICODE).unwrap().value, std::slice::from_ref(&secret));
    let bytes = crate::backend::ProfileStorage::load(&*host.profiles, "Work").unwrap().bytes;
    assert!(!bytes.windows(6).any(|window| window == b"s3cret"));
    section.delete_props(&[secret.tag]).unwrap();
    assert_eq!(section.get_props(Some(&[secret.tag]), UNICODE).unwrap().warning, Some(Code::WErrorsReturned));
}

#[test]
fn a_lost_race_is_retried_once_and_then_refused() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    let left = std::cell::Cell::new(0);
    let profiles = crate::profiles::Profiles::new(&host);
    let attempt = |races: u32| {
        left.set(races);
        profiles.update("Work", |profile| {
            if left.get() > 0 {
                left.set(left.get() - 1);
                let other = crate::profiles::Profiles::new(&host);
                other.update("Work", |profile| {
                    profile.application = !profile.application;
                    Ok(())
                })?;
            }
            profile.search_key = Guid([profile.search_key.0[0].wrapping_add(1); 16]);
            Ok(())
        })
    };
    assert_eq!(attempt(0), Ok(()));
    assert_eq!(attempt(1), Ok(()));
    assert_eq!(code(attempt(2)), Code::NoAccess);
    logon(&subsystem, "Work", 0);
}

#[test]
fn a_damaged_profile_is_listed_cannot_be_used_and_can_be_deleted() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    crate::backend::ProfileStorage::replace(&*host.profiles, "Broken", b"MAPIPROF\x01\0garbage", 0).unwrap();
    let admin = subsystem.admin_profiles(0).unwrap();
    assert_eq!(admin.get_profile_table(0).unwrap().get_row_count(0).unwrap().value, 2);
    assert_eq!(code(subsystem.logon_ex(0, Some("Broken"), None, 0)), Code::CorruptData);
    admin.delete_profile("Broken", 0).unwrap();
    assert_eq!(admin.get_profile_table(0).unwrap().get_row_count(0).unwrap().value, 1);
}
