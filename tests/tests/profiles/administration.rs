//! Profiles, services and providers: behaviours 1, 2, 6, 7 and 10.

use super::*;
use mapi_session::notifications::{Notification, TableEvent};

/// MUID_PROFILE_INSTANCE.
const INSTANCE: Guid = Guid::mapi(0x0002_0385);

async fn search_key(fixture: &Fixture, profile: &str) -> Value {
    let services = fixture.admin.admin_services(profile).await.unwrap();
    let section = services.open_profile_section(Some(INSTANCE), flags::OpenProfileSectionFlags::empty()).await.unwrap();
    value(&section, tags::SEARCH_KEY).await
}

#[tokio::test]
async fn a_profile_deleted_in_use_is_gone_from_new_tables_and_lives_until_its_session_ends() {
    let fixture = fixture().await;
    let key = search_key(&fixture, "Work").await;
    let session = fixture.logon("Work").await;
    let table = fixture.profile_table().await;
    fixture.admin.delete_profile("Work").await.unwrap();
    assert_eq!(column(&table, tags::DISPLAY_NAME).await, ["Work", "Home"].map(text), "a profile table is static");
    assert_eq!(fixture.names().await, [text("Home")]);
    assert!(session.get_msg_stores_table(flags::GetMsgStoresTableFlags::empty()).await.is_ok());
    assert!(fixture.subsystem.logon(LogonOptions::profile("Work")).await.is_err());
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    fixture.admin.create_profile("Work", flags::CreateProfileFlags::empty()).await.unwrap();
    assert_ne!(search_key(&fixture, "Work").await, key, "a name used again has another search key");
}

#[tokio::test]
async fn a_profile_renamed_in_use_gets_its_name_when_its_session_ends() {
    let fixture = fixture().await;
    let session = fixture.logon("Work").await;
    fixture.admin.rename_profile("Work", "Office", flags::RenameProfileFlags::empty()).await.unwrap();
    let taken = fixture.admin.create_profile("office", flags::CreateProfileFlags::empty()).await;
    assert_eq!(code(taken), Code::NoAccess);
    assert_eq!(fixture.names().await, ["Work", "Home"].map(text));
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    assert_eq!(fixture.names().await, ["Office", "Home"].map(text));
    fixture.admin.change_profile_password("Nobody", "old", "new").await.unwrap();
}

#[tokio::test]
async fn unknown_and_taken_names_have_the_code_of_each_method() {
    let fixture = fixture().await;
    let admin = &fixture.admin;
    assert_eq!(code(admin.admin_services("Nobody").await), Code::LogonFailed);
    assert_eq!(code(admin.delete_profile("Nobody").await), Code::NotFound);
    assert_eq!(code(admin.copy_profile("Nobody", "New", flags::CopyProfileFlags::empty()).await), Code::NotFound);
    assert_eq!(code(admin.rename_profile("Nobody", "New", flags::RenameProfileFlags::empty()).await), Code::NotFound);
    assert_eq!(code(admin.create_profile("WORK", flags::CreateProfileFlags::empty()).await), Code::NoAccess);
    assert_eq!(code(admin.copy_profile("Work", "home", flags::CopyProfileFlags::empty()).await), Code::NoAccess);
    assert_eq!(code(admin.rename_profile("Work", "home", flags::RenameProfileFlags::empty()).await), Code::NoAccess);
}

#[tokio::test]
async fn a_copied_profile_has_the_services_of_the_original_with_their_keys() {
    let fixture = fixture().await;
    add(&fixture.work, "pair").await;
    let keys = providers(&fixture.work).await;
    open(&fixture.work, keys[0]).await.set_props(vec![Property::new(SECRET, text("s3cret"))]).await.unwrap();
    fixture.admin.copy_profile("Work", "Copy", flags::CopyProfileFlags::empty()).await.unwrap();
    let copy = fixture.admin.admin_services("Copy").await.unwrap();
    assert_eq!(providers(&copy).await, keys);
    assert_eq!(value(&open(&copy, keys[0]).await, SECRET).await, text("s3cret"));
    assert_ne!(search_key(&fixture, "Copy").await, search_key(&fixture, "Work").await);
}

#[tokio::test]
async fn one_copy_of_a_service_is_enough_where_the_catalogue_says_so_and_what_fails_leaves_no_trace() {
    let fixture = fixture().await;
    let (work, home) = (&fixture.work, fixture.home().await);
    let single = add(work, "single").await;
    let create = work.create_msg_service_ex("single", None, flags::CreateMsgServiceFlags::empty()).await;
    assert_eq!(code(create), Code::NoAccess);
    let none = flags::CopyMsgServiceFlags::empty();
    assert_eq!(code(work.copy_msg_service(single, work, none).await), Code::NoAccess);
    let calls = fixture.catalogue.requests().len();
    assert_ne!(work.copy_msg_service(single, &home, none).await.unwrap(), single);
    assert_eq!(code(work.copy_msg_service(single, &home, none).await), Code::NoAccess);
    let pair = add(work, "pair").await;
    work.copy_msg_service(pair, &home, none).await.unwrap();
    let called = &fixture.catalogue.requests()[calls..];
    assert!(called.iter().all(|request| request.profile == "Work"), "a copy does not call the entry point");
    assert_eq!(code(work.copy_msg_service(Guid([1; 16]), &home, none).await), Code::NotFound);
    assert_eq!(code(work.rename_msg_service(pair, "New").await), Code::NoSupport);
    let broken = work.create_msg_service_ex("broken", None, flags::CreateMsgServiceFlags::empty()).await;
    assert_eq!(code(broken), Code::ExtendedError);
    assert_eq!(column(&service_table(work).await, tags::SERVICE_NAME).await, ["single", "pair"].map(text));
    assert_eq!(providers(work).await.len(), 3);
}

#[tokio::test]
async fn what_the_entry_point_says_comes_through_get_last_error() {
    let fixture = fixture().await;
    let work = &fixture.work;
    let (store, pair) = (add(work, "store").await, add(work, "pair").await);
    assert_eq!(code(work.configure_msg_service(store, Vec::new()).await), Code::NotInitialized);
    let refused = work.configure_msg_service(pair, vec![Property::new(REFUSAL, Value::Long(1))]).await;
    assert_eq!(code(refused), Code::ExtendedError);
    let error = work.get_last_error(Code::ExtendedError).await.unwrap().unwrap();
    assert_eq!(error.error, "the licence has run out");
}

#[tokio::test]
async fn the_table_of_a_service_shows_its_extra_sections_and_that_of_the_profile_does_not() {
    let fixture = fixture().await;
    let pair = add(&fixture.work, "pair").await;
    let admin = fixture.work.admin_providers(pair).await.unwrap();
    let table = admin.get_provider_table(flags::GetProviderTableFlags::MAPI_UNICODE).await.unwrap();
    let types = column(&table, tags::RESOURCE_TYPE).await;
    assert_eq!(types[..2], [Value::Long(35), Value::Long(35)]);
    assert!(types.len() == 3 && matches!(types[2], Value::Error(_)), "{types:?}");
    assert_eq!(column(&table, tags::INSTANCE_KEY).await[2], Value::Binary(EXTRA.0.to_vec()));
    let whole = column(&provider_table(&fixture.work).await, tags::RESOURCE_TYPE).await;
    assert_eq!(whole, [35, 35].map(Value::Long));
    let section = admin.open_profile_section(Some(EXTRA), flags::OpenProfileSectionFlags::empty()).await.unwrap();
    assert_eq!(value(&section, tags::COMMENT).await, text("extra"));
    assert_eq!(code(fixture.work.admin_providers(Guid([1; 16])).await), Code::NotFound);
}

#[tokio::test]
async fn providers_come_and_go_and_live_store_tables_follow() {
    let fixture = fixture().await;
    let work = &fixture.work;
    let store = add(work, "store").await;
    let session = fixture.logon("Work").await;
    let table = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::empty()).await.unwrap();
    let mut told = table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
    let admin = work.admin_providers(store).await.unwrap();
    let given = vec![Property::new(SETTING, text("mine"))];
    let created = admin.create_provider("store", given, flags::CreateProviderFlags::empty()).await.unwrap();
    assert_eq!(value(&open(work, created).await, SETTING).await, text("mine"));
    assert_eq!(column(&table, tags::INSTANCE_KEY).await.len(), 2);
    assert_eq!(event(told.next().await), TableEvent::RowAdded);
    admin.delete_provider(created).await.unwrap();
    assert_eq!(code(admin.delete_provider(created).await), Code::NotFound);
    assert_eq!(column(&table, tags::INSTANCE_KEY).await.len(), 1);
    while event(told.next().await) != TableEvent::RowDeleted {}
    let unknown = admin.create_provider("wire", Vec::new(), flags::CreateProviderFlags::empty()).await;
    assert_eq!(code(unknown), Code::NotFound);
}

fn event(told: Option<Notification>) -> TableEvent {
    match told {
        Some(Notification::TableModified(told)) => told.event,
        other => panic!("an event of a table was expected, not {other:?}"),
    }
}
