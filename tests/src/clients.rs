//! What clients in tests do all the time: a profile, its stores, folders, values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use mapi_session::error::{Code, Result, Warned};
use mapi_session::properties::{Guid, PropTag, Value, tags};
use mapi_session::tables::Bookmark;
use mapi_session::{
    Backends, Engine, Entry, Folder, FolderType, Limits, LogonOptions, MessageStore, Object, Properties, Session, StatusObject,
    Subsystem, Table, flags,
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

/// A text.
pub fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

/// A value as a person would write it into a table.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Unicode(text) => text.clone(),
        Value::Long(number) => format!("{number:#x}"),
        Value::Boolean(value) => value.to_string(),
        Value::Error(raw) => Code::from_raw(*raw).to_string(),
        Value::Binary(bytes) => format!("{} bytes", bytes.len()),
        other => format!("{other:?}"),
    }
}

/// Values, with commas between them.
pub fn list<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    values.into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// A column of a table, from its first row on.
pub async fn column(table: &Table, tag: PropTag) -> Vec<Value> {
    table.set_columns(&[tag], flags::SetColumnsFlags::empty()).await.unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().map(|mut row| row.remove(0).value).collect()
}

/// The keys in a column of a table.
pub async fn keys(table: &Table, tag: PropTag) -> Vec<Guid> {
    let cells = column(table, tag).await;
    cells.iter().filter_map(|cell| if let Value::Binary(bytes) = cell { Guid::from_slice(bytes) } else { None }).collect()
}

fn identifiers(cells: Vec<Value>) -> Vec<Vec<u8>> {
    let bytes = |cell| match cell {
        Value::Binary(bytes) => bytes,
        other => panic!("an identifier was expected, not {other:?}"),
    };
    cells.into_iter().map(bytes).collect()
}

/// The table of stores.
pub async fn store_table(session: &Session) -> Table {
    session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap()
}

/// The status table.
pub async fn status_table(session: &Session) -> Table {
    session.get_status_table(flags::GetStatusTableFlags::MAPI_UNICODE).await.unwrap()
}

/// The identifiers in the table of stores.
pub async fn store_ids(session: &Session) -> Vec<Vec<u8>> {
    identifiers(column(&store_table(session).await, tags::ENTRYID).await)
}

/// The identifiers in the status table.
pub async fn status_ids(session: &Session) -> Vec<Vec<u8>> {
    identifiers(column(&status_table(session).await, tags::ENTRYID).await)
}

/// The identifier of the status row of that name.
pub async fn status_id(session: &Session, name: &str) -> Vec<u8> {
    let names = column(&status_table(session).await, tags::DISPLAY_NAME).await;
    let at = names.iter().position(|known| *known == text(name)).unwrap();
    status_ids(session).await.remove(at)
}

/// The status object with that identifier.
pub async fn status_object(session: &Session, id: &[u8]) -> StatusObject {
    match session.open_entry(id, flags::SessionOpenEntryFlags::empty(), None).await.unwrap().object {
        Entry::Status(object) => object,
        other => panic!("not a status object: {other:?}"),
    }
}

/// The status object of that name.
pub async fn status_named(session: &Session, name: &str) -> StatusObject {
    status_object(session, &status_id(session, name).await).await
}

/// Opens the store in that place of the table.
///
/// # Errors
/// Those of `OpenMsgStore`.
pub async fn open_store(session: &Session, at: usize, how: flags::OpenMsgStoreFlags) -> Result<MessageStore> {
    let id = store_ids(session).await.remove(at);
    Ok(session.open_msg_store(&id, how, None).await?.value.object)
}

/// The root folder of a store.
pub async fn root(store: &MessageStore) -> Folder {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("the root is no folder: {other:?}"),
    }
}

/// The identifier of the root folder of the first store, opened like that.
pub async fn root_id(session: &Session, how: flags::OpenMsgStoreFlags) -> Vec<u8> {
    let store = open_store(session, 0, how).await.unwrap();
    let properties = root(&store).await.properties().await.unwrap();
    identifiers(vec![value(&properties, tags::ENTRYID).await]).remove(0)
}
