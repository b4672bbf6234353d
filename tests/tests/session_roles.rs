//! Roles of stores, who is logged on, address types and message options through the component (`session` 6.11 to
//! 6.13, 7).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::entry_id::OneOff;
use mapi_engine::memory::{MemoryCatalogue, MemoryPresenter, MemoryProfiles, MemoryStore};
use mapi_session::backend::ProviderKind;
use mapi_session::error::Code;
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, Object, Opened, Session, SharedStore, SharedTransport, StoreRole,
    Subsystem, Threading, flags,
};
use mapi_tests::scripted_transport::Scripted;
use std::sync::{Arc, OnceLock};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

/// Two stores and a transport whose row says `identity`.
fn backends(identity: Vec<Property>) -> Backends {
    let store = |name: &str| MemoryCatalogue::service(name, name, ProviderKind::Store, name);
    let wire = MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire");
    let catalogue = MemoryCatalogue::new(vec![store("one"), store("two"), wire]);
    let mut backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue));
    for (number, name) in (1..).zip(["one", "two"]) {
        let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([number; 16]), name));
        backends = backends.with_store(name, Threading::Prompt, move |_, _| Ok(Opened::new(Arc::clone(&store))));
    }
    let transport = Scripted::default();
    backends.with_transport("wire", Threading::Blocking, move |_| {
        let provider: Arc<SharedTransport> = Arc::new(transport.clone());
        Ok(Opened { status_row: identity.clone(), ..Opened::new(provider) })
    })
}

async fn logon(backends: &Backends) -> (Subsystem, Session) {
    let subsystem = engine().subsystem(backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Me", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
    (subsystem, session)
}

/// Columns of the store table.
async fn stores(session: &Session, columns: &[PropTag]) -> Vec<Vec<Value>> {
    let table = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(columns, flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().map(|row| row.into_iter().map(|cell| cell.value).collect()).collect()
}

async fn store_id(session: &Session, at: usize) -> Vec<u8> {
    match &stores(session, &[tags::ENTRYID]).await[at][0] {
        Value::Binary(entry_id) => entry_id.clone(),
        other => panic!("no identifier: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_given_is_kept_by_the_profile_and_a_temporary_one_is_not() {
    let backends = backends(Vec::new());
    let (subsystem, session) = logon(&backends).await;
    let second = store_id(&session, 1).await;
    session.set_default_store(StoreRole::Default, Some(&second)).await.unwrap();
    session.set_default_store(StoreRole::SimpleTemporary, Some(&second)).await.unwrap();
    session.set_default_store(StoreRole::Secondary, Some(&second)).await.unwrap();
    let flags = [tags::RESOURCE_FLAGS, tags::DEFAULT_STORE];
    let first = vec![Value::Long(0), Value::Boolean(false)];
    assert_eq!(stores(&session, &flags).await, [first.clone(), vec![Value::Long(0x200A), Value::Boolean(true)]]);
    let unknown = session.set_default_store(StoreRole::Primary, Some(&second[..second.len() - 4])).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
    assert_eq!(stores(&session, &flags).await, [first.clone(), vec![Value::Long(0x2002), Value::Boolean(true)]]);
    session.set_default_store(StoreRole::Default, None).await.unwrap();
    assert_eq!(stores(&session, &flags).await, [first, vec![Value::Long(0x2000), Value::Boolean(false)]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_logged_on_comes_with_or_without_a_warning() {
    let ann = OneOff::new("Ann", "SMTP", "ann@example.com").to_bytes();
    let backends = backends(vec![Property::new(tags::IDENTITY_ENTRYID, Value::Binary(ann.clone()))]);
    let (_subsystem, session) = logon(&backends).await;
    let identity = session.query_identity().await.unwrap();
    assert_eq!((identity.value, identity.warning), (ann, None));
    assert_eq!(session.enum_adr_types(flags::EnumAdrTypesFlags::MAPI_UNICODE).await.unwrap(), ["SMTP"]);
    let nobody = self::backends(Vec::new());
    let (_subsystem, session) = logon(&nobody).await;
    let identity = session.query_identity().await.unwrap();
    assert_eq!(identity.warning, Some(Code::WNoService));
    assert_eq!(OneOff::parse(&identity.value).unwrap(), OneOff::new("Unknown", "NONE", "Unknown"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_of_a_message_are_edited_through_the_user_interface_of_the_host() {
    let presenter = Arc::new(MemoryPresenter::default());
    presenter.answer_options(Ok(vec![Property::new(tags::PRIORITY, Value::Long(1))]));
    let silent = backends(Vec::new());
    let backends = silent.clone().with_presenter(presenter.clone());
    let (_subsystem, session) = logon(&backends).await;
    assert_eq!(session.query_default_message_opt("smtp").await.unwrap(), [Property::new(tags::PRIORITY, Value::Long(0))]);
    let first = store_id(&session, 0).await;
    let store = session.open_msg_store(&first, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
    let root = store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object;
    let Object::Folder(root) = root else { panic!("the root is a folder") };
    let message = root.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    session.message_options(Some("SMTP"), &message).await.unwrap();
    let properties = message.properties().await.unwrap();
    let values = properties.get_props(Some(&[tags::PRIORITY]), flags::GetPropsFlags::empty()).await.unwrap().value;
    assert_eq!(values, [Property::new(tags::PRIORITY, Value::Long(1))]);
    let (options, present) = presenter.edited().remove(0);
    assert_eq!((options[0].name.as_str(), options[0].data.as_slice()), ("priority", &[1, 2, 3][..]));
    assert_eq!(present, [Property::new(tags::PRIORITY, Value::Long(0))], "as a new message has it");
    assert_eq!(session.message_options(Some("SMTP"), &message).await.unwrap_err().code(), Code::UserCancel);
    assert_eq!(session.message_options(Some("FAX"), &message).await.unwrap_err().code(), Code::NotFound);
}
