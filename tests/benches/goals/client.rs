//! What a client does to see the first page of a folder, through the host library.

use anyhow::{Context as _, bail};
use mapi_session::flags::{
    CreateFolderFlags, CreateProfileFlags, GetContentsTableFlags, GetMsgStoresTableFlags, GetPropsFlags, OpenMsgStoreFlags,
    QueryRowsFlags, SetColumnsFlags, SortTableFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{Folder, FolderType, LogonOptions, MessageStore, Object, Session, Subsystem, Table};

pub(crate) const PROFILE: &str = "Bench";

/// The columns of a mail client's list of messages.
pub(crate) const COLUMNS: [PropTag; 8] = [
    tags::ENTRYID,
    tags::SUBJECT,
    tags::SENDER_NAME,
    tags::DISPLAY_TO,
    tags::MESSAGE_DELIVERY_TIME,
    tags::MESSAGE_SIZE,
    tags::MESSAGE_FLAGS,
    tags::IMPORTANCE,
];

/// Makes the profile.
pub(crate) async fn create_profile(subsystem: &Subsystem) -> anyhow::Result<()> {
    let admin = subsystem.admin_profiles().await?;
    admin.create_profile(PROFILE, CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
    Ok(())
}

pub(crate) async fn logon(subsystem: &Subsystem) -> anyhow::Result<Session> {
    Ok(subsystem.logon(LogonOptions::profile(PROFILE)).await?)
}

/// The identifier of the default store.
pub(crate) async fn store_id(session: &Session) -> anyhow::Result<Vec<u8>> {
    let table = session.get_msg_stores_table(GetMsgStoresTableFlags::empty()).await?;
    table.set_columns(&[tags::ENTRYID, tags::DEFAULT_STORE], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(100, QueryRowsFlags::empty()).await?;
    let is_default = |row: &&Vec<Property>| matches!(row.get(1).map(|cell| &cell.value), Some(Value::Boolean(true)));
    let row = rows.into_iter().find(|row| is_default(&row)).context("the profile has no default store")?;
    bytes(row.into_iter().next())
}

/// Opens the default store.
pub(crate) async fn default_store(session: &Session) -> anyhow::Result<MessageStore> {
    let id = store_id(session).await?;
    Ok(session.open_msg_store(&id, OpenMsgStoreFlags::MAPI_BEST_ACCESS, None).await?.value.object)
}

pub(crate) async fn folder(store: &MessageStore, entry_id: Option<&[u8]>) -> anyhow::Result<Folder> {
    match store.open_entry(entry_id, StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        _ => bail!("the entry is no folder"),
    }
}

/// Makes a folder below the root; its identifier.
pub(crate) async fn create_folder(store: &MessageStore, name: &str) -> anyhow::Result<Vec<u8>> {
    let root = folder(store, None).await?;
    let made = root.create_folder(FolderType::Generic, name, None, CreateFolderFlags::OPEN_IF_EXISTS).await?;
    let properties = made.properties().await?;
    let values = properties.get_props(Some(&[tags::ENTRYID]), GetPropsFlags::MAPI_UNICODE).await?.value;
    bytes(values.into_iter().next())
}

/// The table of a folder, newest first.
pub(crate) async fn newest_first(folder: &Folder) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    let order = SortOrderSet::plain(vec![SortOrder::descending(tags::MESSAGE_DELIVERY_TIME)]);
    table.sort_table(order, SortTableFlags::empty()).await?;
    Ok(table)
}

/// From logon to the newest fifty messages of a folder.
pub(crate) async fn first_page(subsystem: &Subsystem, entry_id: &[u8]) -> anyhow::Result<Session> {
    let session = logon(subsystem).await?;
    let store = default_store(&session).await?;
    let table = newest_first(&folder(&store, Some(entry_id)).await?).await?;
    let rows = table.query_rows(50, QueryRowsFlags::empty()).await?;
    anyhow::ensure!(rows.len() == 50, "the page has {} rows", rows.len());
    Ok(session)
}

/// A binary value.
pub(crate) fn bytes(cell: Option<Property>) -> anyhow::Result<Vec<u8>> {
    match cell.map(|cell| cell.value) {
        Some(Value::Binary(bytes)) => Ok(bytes),
        other => bail!("a binary value was expected, not {other:?}"),
    }
}
