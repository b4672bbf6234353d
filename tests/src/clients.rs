//! What clients in tests do all the time: a profile, its stores, folders, values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use mapi_session::error::{Result, Warned};
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{
    Backends, Engine, Folder, FolderType, Limits, LogonOptions, MessageStore, Object, Properties, Session, Subsystem, flags,
};

/// A session on a new profile with stores of these names.
pub async fn session(engine: &Engine, backends: &Backends, limits: Limits, stores: &[&str]) -> (Subsystem, Session) {
    let subsystem = engine.subsystem(backends, limits).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.unwrap();
    let services = admin.admin_services("Test").await.unwrap();
    for name in stores {
        services.create_msg_service_ex("mapi.store", Some(name), flags::CreateMsgServiceFlags::empty()).await.unwrap();
    }
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    (subsystem, session)
}

/// The stores of its profile, in order.
pub async fn open_stores(session: &Session) -> Vec<MessageStore> {
    let table = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let mut stores = Vec::new();
    for row in table.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap() {
        let Value::Binary(entry_id) = &row[0].value else { panic!("no entry identifier: {row:?}") };
        stores.push(session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object);
    }
    stores
}

/// The folder of that name below the root, made if there is none.
pub async fn folder(store: &MessageStore, name: &str) -> Folder {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(root) => {
            root.create_folder(FolderType::Generic, name, None, flags::CreateFolderFlags::OPEN_IF_EXISTS).await.unwrap()
        }
        other => panic!("the root is no folder: {other:?}"),
    }
}

/// One value, or the error in its place.
pub async fn value(properties: &Properties, tag: PropTag) -> Value {
    properties.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value.remove(0).value
}

/// The entry identifier of an object.
pub async fn entry_id(properties: &Properties) -> Vec<u8> {
    match value(properties, tags::ENTRYID).await {
        Value::Binary(entry_id) => entry_id,
        other => panic!("no entry identifier: {other:?}"),
    }
}

/// What a call gave that did all there was to do.
pub fn whole<T>(done: Result<Warned<T>>) -> T {
    let done = done.unwrap();
    assert_eq!(done.warning, None);
    done.value
}
