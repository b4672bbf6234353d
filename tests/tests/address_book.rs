//! The address book through the component, over the personal address book in SQLite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::backend::{AddressBook as _, Change, Commit, ObjectKind, Objects};
use mapi_engine::memory::MemoryAddressBook;
use mapi_session::error::{Code, Failure};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::Bookmark;
use mapi_session::{
    AddressBook, AddressBookContainer, Backends, DistList, Engine, EngineOptions, Entry, Limits, LogonOptions, NamedRecipient,
    Object, Opened, Properties, Session, SharedAddressBook, Subsystem, Table, Threading, Verdict, flags,
};
use std::path::Path;
use std::sync::{Arc, OnceLock};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

/// A session on a profile with these services.
async fn session(backends: &Backends, services: &[&str]) -> (Subsystem, Session) {
    let subsystem = engine().subsystem(backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    if admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.is_ok() {
        let profile = admin.admin_services("Test").await.unwrap();
        for service in services {
            profile.create_msg_service_ex(service, None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
        }
    }
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    (subsystem, session)
}

async fn personal(folder: &Path) -> (Subsystem, Session, AddressBook) {
    let (subsystem, session) = session(&Backends::embedded(folder).unwrap(), &["mapi.pab"]).await;
    let opened = session.open_address_book(flags::OpenAddressBookFlags::AB_NO_DIALOG).await.unwrap();
    assert_eq!(opened.warning, None);
    (subsystem, session, opened.value)
}

async fn pab(book: &AddressBook) -> AddressBookContainer {
    let id = book.get_pab().await.unwrap().expect("a profile with the service has a personal address book");
    match book.open_entry(Some(&id), flags::AddressBookOpenEntryFlags::empty(), None).await.unwrap().object {
        Object::Container(container) => container,
        other => panic!("{other:?}"),
    }
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

async fn properties(object: &Object) -> Properties {
    match object {
        Object::MailUser(user) => user.properties().await.unwrap(),
        Object::DistList(list) => list.properties().await.unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn value(properties: &Properties, tag: PropTag) -> Value {
    let values = properties.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value;
    values[0].value.clone()
}

async fn entry_id(properties: &Properties) -> Vec<u8> {
    match value(properties, tags::ENTRYID).await {
        Value::Binary(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn fill(object: &Object, name: &str, address: &str) -> Result<(), Failure> {
    let properties = properties(object).await;
    let values = vec![
        Property::new(tags::DISPLAY_NAME, text(name)),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text(address)),
    ];
    assert!(properties.set_props(values).await.unwrap().is_empty());
    properties.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await
}

async fn add(container: &AddressBookContainer, name: &str, address: &str) -> Result<Vec<u8>, Failure> {
    let user = container.create_entry(None, flags::CreateEntryFlags::CREATE_CHECK_DUP_STRICT).await.unwrap();
    fill(&user, name, address).await?;
    Ok(entry_id(&properties(&user).await).await)
}

async fn shown(table: &Table) -> Vec<String> {
    table.set_columns(&[tags::DISPLAY_NAME], flags::SetColumnsFlags::empty()).await.unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.iter()
        .map(|row| match &row[0].value {
            Value::Unicode(name) => name.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn contents(container: &AddressBookContainer) -> Table {
    container.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap()
}

async fn new_list(container: &AddressBookContainer, name: &str, members: Vec<Vec<u8>>) -> DistList {
    let Value::Binary(template) = value(&container.properties().await.unwrap(), tags::DEF_CREATE_DL).await else {
        panic!("no template for lists")
    };
    let list = container.create_entry(Some(&template), flags::CreateEntryFlags::empty()).await.unwrap();
    let Object::DistList(list) = list else { panic!("{list:?}") };
    let properties = list.properties().await.unwrap();
    properties.set_props(vec![Property::new(tags::DISPLAY_NAME, text(name))]).await.unwrap();
    assert_eq!(list.copy_entries(members, flags::CopyEntriesFlags::empty()).await.unwrap().warning, None);
    properties.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    list
}

fn names(names: &[&str]) -> Vec<Vec<Property>> {
    names.iter().map(|name| NamedRecipient::named(name).properties).collect()
}

#[tokio::test]
async fn entries_are_kept_found_changed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (_subsystem, _session, book) = personal(folder.path()).await;
        let container = pab(&book).await;
        add(&container, "Ann Lee", "ann@example.org").await.unwrap();
        add(&container, "Bob Lee", "bob@example.org").await.unwrap();
        let again = add(&container, "ann lee", "ANN@example.org").await.unwrap_err();
        assert_eq!(again.code(), Code::Collision);
        assert_eq!(shown(&contents(&container).await).await, ["Ann Lee", "Bob Lee"]);
    }
    // In another subsystem, as in another process.
    let (_subsystem, session, book) = personal(folder.path()).await;
    let container = pab(&book).await;
    let table = contents(&container).await;
    assert_eq!(shown(&table).await, ["Ann Lee", "Bob Lee"]);
    let by_name = Restriction::Property { relop: Relop::Eq, tag: tags::ANR, value: Property::new(tags::ANR, text("lee b")) };
    table.restrict(Some(&by_name), flags::RestrictFlags::empty()).await.unwrap();
    assert_eq!(shown(&table).await, ["Bob Lee"]);

    let resolved =
        book.resolve_name(flags::ResolveNameFlags::MAPI_UNICODE, names(&["bob", "Lee", "x@y.z", "zoe"])).await.unwrap();
    let verdicts: Vec<Verdict> = resolved.recipients.iter().map(|recipient| recipient.verdict).collect();
    assert_eq!(verdicts, [Verdict::Resolved, Verdict::Ambiguous, Verdict::Resolved, Verdict::Unresolved]);
    assert_eq!(resolved.unresolved.unwrap().code(), Code::AmbiguousRecip);
    let bob = &resolved.recipients[0].properties;
    let Some(Value::Binary(id)) = bob.iter().find(|have| have.tag == tags::ENTRYID).map(|have| have.value.clone()) else {
        panic!("{bob:?}")
    };
    let opened = session.open_entry(&id, flags::SessionOpenEntryFlags::MAPI_MODIFY, Some(&[tags::EMAIL_ADDRESS])).await.unwrap();
    assert_eq!(opened.values.unwrap().value[0].value, text("bob@example.org"));
    let Entry::Object(user) = opened.object else { panic!("{:?}", opened.object) };
    fill(&user, "Robert Lee", "bob@example.org").await.unwrap();
    assert!(book.compare_entry_ids(&id, &entry_id(&properties(&user).await).await).await.unwrap());
    assert_eq!(container.delete_entries(vec![id.clone()]).await.unwrap().warning, None);
    assert_eq!(container.delete_entries(vec![id]).await.unwrap().warning, Some(Code::WPartialCompletion));
    assert_eq!(shown(&contents(&container).await).await, ["Ann Lee"]);
}

#[tokio::test]
async fn a_list_keeps_its_members() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (_subsystem, _session, book) = personal(folder.path()).await;
        let container = pab(&book).await;
        let ann = add(&container, "Ann", "ann@example.org").await.unwrap();
        let how = flags::CreateOneOffFlags::MAPI_UNICODE;
        let one_off = book.create_one_off(Some("Cy"), "FAX", "123", how).await.unwrap();
        let list = new_list(&container, "Team", vec![ann.clone(), one_off]).await;
        assert_eq!(list.delete_entries(vec![ann]).await.unwrap().warning, None);
        let table = list.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        assert_eq!(shown(&table).await, ["Cy"], "the handle sees what it did");
        // Released without a save: both are members still.
    }
    let (_subsystem, _session, book) = personal(folder.path()).await;
    let resolved = book.resolve_name(flags::ResolveNameFlags::MAPI_UNICODE, names(&["team"])).await.unwrap();
    assert!(resolved.unresolved.is_none());
    let team = resolved.recipients[0].properties.iter().find(|have| have.tag == tags::ENTRYID).unwrap();
    let Value::Binary(id) = &team.value else { panic!("{team:?}") };
    let opened = book.open_entry(Some(id), flags::AddressBookOpenEntryFlags::MAPI_BEST_ACCESS, None).await.unwrap();
    let Object::DistList(list) = opened.object else { panic!("{:?}", opened.object) };
    let table = list.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    assert_eq!(shown(&table).await, ["Ann", "Cy"]);
    let asked = vec![NamedRecipient::named("cy"), NamedRecipient::named("bob")];
    let answer = list.resolve_names(None, flags::ResolveNamesFlags::MAPI_UNICODE, asked).await.unwrap();
    assert_eq!((answer[0].verdict, answer[1].verdict), (Verdict::Resolved, Verdict::Unresolved));
    assert_eq!(answer[1], NamedRecipient::named("bob"));
    let member = list.create_entry(None, flags::CreateEntryFlags::empty()).await.unwrap();
    fill(&member, "Zoe", "zoe@example.org").await.unwrap();
    let properties = list.properties().await.unwrap();
    properties.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
    assert_eq!(shown(&table).await, ["Ann", "Cy", "Zoe"]);
    let opened = list.open_entry(None, flags::AddressBookOpenEntryFlags::empty(), None).await.unwrap();
    assert!(matches!(opened.object, Object::Container(_)));
}

#[tokio::test]
async fn the_options_of_the_book_outlive_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let (_subsystem, _session, book) = personal(folder.path()).await;
        let how = flags::GetSearchPathFlags::MAPI_UNICODE;
        let path = book.get_search_path(how).await.unwrap();
        assert_eq!(path.len(), 1);
        assert_eq!(path[0][0].tag, tags::ENTRYID);
        assert_eq!(path[0][1].value, text("Personal Address Book"));
        let id = book.get_pab().await.unwrap().unwrap();
        assert_eq!(book.get_default_dir().await.unwrap().as_ref(), Some(&id));
        book.set_pab(&id).await.unwrap();
        book.set_default_dir(Some(&id)).await.unwrap();
        book.set_default_dir(None).await.unwrap();
        book.set_search_path(Vec::new()).await.unwrap();
        let refused = book.set_search_path(vec![vec![Property::new(tags::DISPLAY_NAME, text("x"))]]).await.unwrap_err();
        assert_eq!(refused.code(), Code::MissingRequiredColumn);
        assert!(book.get_last_error(Code::MissingRequiredColumn).await.unwrap().is_some());
        id
    };
    let (_subsystem, _session, book) = personal(folder.path()).await;
    assert!(book.get_search_path(flags::GetSearchPathFlags::MAPI_UNICODE).await.unwrap().is_empty());
    let stored = value(&book.properties().await.unwrap(), tags::AB_DEFAULT_PAB).await;
    assert_eq!(stored, Value::Binary(id));
}

#[tokio::test]
async fn recipients_are_prepared_and_entries_copied() {
    let folder = tempfile::tempdir().unwrap();
    let (_subsystem, _session, book) = personal(folder.path()).await;
    let container = pab(&book).await;
    let how = flags::CreateOneOffFlags::MAPI_UNICODE;
    let one_off = book.create_one_off(Some("Cy"), "FAX", "123", how).await.unwrap();
    let copied = container.copy_entries(vec![one_off.clone(), vec![0; 30]], flags::CopyEntriesFlags::empty()).await.unwrap();
    assert_eq!(copied.warning, Some(Code::WPartialCompletion));
    assert_eq!(shown(&contents(&container).await).await, ["Cy"]);
    let list = vec![vec![Property::new(tags::ENTRYID, Value::Binary(one_off))], names(&["nobody"]).remove(0)];
    let prepared = book
        .prepare_recips(flags::PrepareRecipsFlags::empty(), Some(&[tags::ADDRTYPE, tags::EMAIL_ADDRESS]), list)
        .await
        .unwrap();
    assert_eq!(prepared[0][..2], [Property::new(tags::ADDRTYPE, text("FAX")), Property::new(tags::EMAIL_ADDRESS, text("123"))]);
    assert_eq!(prepared[1], names(&["nobody"])[0]);
}

#[tokio::test]
async fn a_provider_that_fails_leaves_the_others() {
    // The provider that comes first fails.
    let first = OnceLock::new();
    let backends = Backends::memory().with_address_book("memory-pab", Threading::Blocking, move |logon| {
        if *first.get_or_init(|| logon.section) == logon.section {
            return Err(Failure::new(Code::NetworkError, "the cable is out"));
        }
        let book = MemoryAddressBook::new(Guid([7; 16]));
        let properties = vec![Property::new(tags::DISPLAY_NAME, text("Kept")).into()];
        let (object, parent) = (book.reserve(1)?.remove(0), book.identity().root);
        let change = Change::Create { object, parent, kind: ObjectKind::Folder, properties };
        book.commit(Commit { changes: vec![change], ..Commit::default() })?;
        Ok(Opened::<SharedAddressBook>::new(Arc::new(book)))
    });
    let (_subsystem, session) = session(&backends, &["mapi.pab", "mapi.pab"]).await;
    let opened = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
    assert_eq!(opened.warning, Some(Code::WErrorsReturned));
    let details = session.get_last_error(Code::WErrorsReturned).await.unwrap().unwrap();
    assert!(details.error.contains("the cable is out"), "{}", details.error);
    let root = opened.value.open_entry(None, flags::AddressBookOpenEntryFlags::empty(), None).await.unwrap();
    let Object::Container(root) = root.object else { panic!("{:?}", root.object) };
    let opened = root.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap();
    assert_eq!(opened.warning, None, "who is not logged on has no rows to miss");
    assert_eq!(shown(&opened.value).await, ["Kept"]);
}
