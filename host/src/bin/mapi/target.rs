//! What people name: folders by path, messages by row or entry identifier.

use anyhow::{Context as _, anyhow, bail};
use mapi_session::flags::{
    CreateFolderFlags, GetContentsTableFlags, GetHierarchyTableFlags, GetPropsFlags, QueryRowsFlags, RestrictFlags,
    SetColumnsFlags, SortTableFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_DESCEND};
use mapi_session::{Folder, FolderType, Message, MessageStore, Object, Table};

/// As much access as there is.
const BEST: StoreOpenEntryFlags = StoreOpenEntryFlags::MAPI_BEST_ACCESS;

/// The folder at a path below the top of the store, such as `Inbox` or `Archive/2024`. With `create`,
/// missing folders are made on the way. `/` is the top itself.
pub(crate) async fn folder(store: &MessageStore, path: &str, create: bool) -> anyhow::Result<Folder> {
    let mut folder = top(store).await?;
    let mut walked = String::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        folder = match child(&folder, store, name).await? {
            Some(found) => found,
            None if create => folder.create_folder(FolderType::Generic, name, None, CreateFolderFlags::OPEN_IF_EXISTS).await?,
            None => return Err(missing(&folder, name, &walked).await?),
        };
        walked = if walked.is_empty() { name.to_owned() } else { format!("{walked}/{name}") };
    }
    Ok(folder)
}

/// The folder that many names below another one. What is missing is made on the way.
pub(crate) async fn subfolder(store: &MessageStore, parent: &Folder, names: &[String]) -> anyhow::Result<Folder> {
    let mut folder = parent.clone();
    for name in names {
        folder = match child(&folder, store, name).await? {
            Some(found) => found,
            None => folder.create_folder(FolderType::Generic, name, None, CreateFolderFlags::OPEN_IF_EXISTS).await?,
        };
    }
    Ok(folder)
}

/// The folder users see as the top: the IPM subtree, or the root of a store that has none.
async fn top(store: &MessageStore) -> anyhow::Result<Folder> {
    let values = store.properties().await?.get_props(Some(&[tags::IPM_SUBTREE_ENTRYID]), GetPropsFlags::empty()).await?.value;
    let entry_id = match values.first().map(|property| &property.value) {
        Some(Value::Binary(entry_id)) => Some(entry_id.as_slice()),
        _ => None,
    };
    match store.open_entry(entry_id, BEST, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        _ => bail!("the top of this store is not a folder"),
    }
}

/// The folder a path lies in, and the entry identifier of what the path names.
pub(crate) async fn folder_in_parent(store: &MessageStore, path: &str) -> anyhow::Result<(Folder, Vec<u8>)> {
    let path = path.trim_end_matches('/');
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.is_empty() {
        bail!("the top of a store stays where it is; name a folder below it");
    }
    let parent_folder = folder(store, parent, false).await?;
    match child_id(&parent_folder, name).await? {
        Some(entry_id) => Ok((parent_folder, entry_id)),
        None => Err(missing(&parent_folder, name, parent.trim_start_matches('/')).await?),
    }
}

async fn child(parent: &Folder, store: &MessageStore, name: &str) -> anyhow::Result<Option<Folder>> {
    let Some(entry_id) = child_id(parent, name).await? else { return Ok(None) };
    match store.open_entry(Some(&entry_id), BEST, None).await?.object {
        Object::Folder(folder) => Ok(Some(folder)),
        _ => bail!("{name:?} is not a folder"),
    }
}

async fn child_id(parent: &Folder, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let table = parent.get_hierarchy_table(GetHierarchyTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    let wanted = Property::new(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
    let named = Restriction::Property { relop: Relop::Eq, tag: tags::DISPLAY_NAME, value: wanted };
    table.restrict(Some(&named), RestrictFlags::empty()).await?;
    let rows = table.query_rows(1, QueryRowsFlags::empty()).await?;
    Ok(match rows.into_iter().next().and_then(|row| row.into_iter().next()).map(|cell| cell.value) {
        Some(Value::Binary(entry_id)) => Some(entry_id),
        _ => None,
    })
}

/// What to say about a folder that is not there: what is there instead.
async fn missing(parent: &Folder, name: &str, walked: &str) -> anyhow::Result<anyhow::Error> {
    let table = parent.get_hierarchy_table(GetHierarchyTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    let names: Vec<String> = table
        .query_rows(20, QueryRowsFlags::empty())
        .await?
        .into_iter()
        .filter_map(|row| match row.into_iter().next().map(|cell| cell.value) {
            Some(Value::Unicode(name)) => Some(name),
            _ => None,
        })
        .collect();
    let place = if walked.is_empty() { "at the top of the store".to_owned() } else { format!("in {walked:?}") };
    let there = if names.is_empty() { "it has no subfolders".to_owned() } else { format!("there are {}", names.join(", ")) };
    Ok(anyhow!("there is no folder {name:?} {place}; {there}"))
}

/// What a target names.
pub(crate) enum Found {
    Store(MessageStore),
    Folder(Folder),
    Message(Message),
}

/// Finds the store (no target), a folder by path, a message by row (`Inbox:0`), or either by entry identifier.
pub(crate) async fn find(store: &MessageStore, target: Option<&str>) -> anyhow::Result<Found> {
    let Some(target) = target else { return Ok(Found::Store(store.clone())) };
    if let Some(entry_id) = entry_id(target) {
        let opened = store.open_entry(Some(&entry_id), BEST, None).await.with_context(|| format!("cannot open {target}"))?;
        return match opened.object {
            Object::Folder(folder) => Ok(Found::Folder(folder)),
            Object::Message(message) => Ok(Found::Message(message)),
            Object::Store(store) => Ok(Found::Store(store)),
            _ => bail!("{target} is neither a store, a folder nor a message"),
        };
    }
    if let Some((path, row)) = target.rsplit_once(':')
        && let Ok(row) = row.parse::<u32>()
    {
        let folder = folder(store, path, false).await?;
        return Ok(Found::Message(message_at(store, &folder, row, path).await?));
    }
    Ok(Found::Folder(folder(store, target, false).await?))
}

/// The contents table of a folder with every message a row. The order kept for the folder may have categories:
/// their headers are no messages, and hide those in them.
pub(crate) async fn contents(folder: &Folder, flags: GetContentsTableFlags) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(flags).await?;
    if let Some(order) = without_categories(table.query_sort_order().await?) {
        table.sort_table(order, SortTableFlags::empty()).await?;
    }
    Ok(table)
}

/// The same order for messages alone; `None`: it is one already.
fn without_categories(order: SortOrderSet) -> Option<SortOrderSet> {
    let plain = |key: &SortOrder| SortOrder { order: key.order & TABLE_SORT_DESCEND, ..*key };
    let is_extreme = |key: &&SortOrder| matches!(key.order, TABLE_SORT_CATEG_MAX | TABLE_SORT_CATEG_MIN);
    let keys = order.keys.iter().filter(|key| !is_extreme(key)).map(plain);
    (order.categories > 0).then(|| SortOrderSet::plain(keys.collect()))
}

/// The message a target names; anything else is refused with a sentence.
pub(crate) async fn message(store: &MessageStore, target: &str) -> anyhow::Result<Message> {
    match find(store, Some(target)).await? {
        Found::Message(message) => Ok(message),
        _ => bail!("{target} is not a message; name a row such as {target}:0, or an entry identifier"),
    }
}

async fn message_at(store: &MessageStore, folder: &Folder, row: u32, path: &str) -> anyhow::Result<Message> {
    let table = contents(folder, GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    table.seek_row(Bookmark::BEGINNING, i32::try_from(row).unwrap_or(i32::MAX)).await?;
    let rows = table.query_rows(1, QueryRowsFlags::empty()).await?;
    let Some(Value::Binary(entry_id)) = rows.first().and_then(|row| row.first()).map(|cell| &cell.value) else {
        bail!("{path:?} has only {} messages; rows are counted from 0", table.get_row_count().await?.value);
    };
    match store.open_entry(Some(entry_id), BEST, None).await?.object {
        Object::Message(message) => Ok(message),
        _ => bail!("row {row} of {path:?} is not a message"),
    }
}

/// An entry identifier written in hexadecimal: at least the 20 bytes of its fixed part.
pub(crate) fn entry_id(text: &str) -> Option<Vec<u8>> {
    if text.len() < 40 || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapi_session::tables::TABLE_SORT_COMBINE;

    #[test]
    fn an_order_with_categories_becomes_one_of_messages() {
        let key = |tag, order| SortOrder { tag, order };
        let keys = vec![
            key(tags::SENDER_NAME, TABLE_SORT_DESCEND),
            key(tags::SUBJECT, TABLE_SORT_COMBINE),
            key(tags::MESSAGE_DELIVERY_TIME, TABLE_SORT_CATEG_MAX),
            key(tags::MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND),
        ];
        let plain = SortOrderSet::plain(vec![
            SortOrder::descending(tags::SENDER_NAME),
            SortOrder::ascending(tags::SUBJECT),
            SortOrder::descending(tags::MESSAGE_DELIVERY_TIME),
        ]);
        assert_eq!(without_categories(SortOrderSet { keys, categories: 2, expanded: 0 }), Some(plain.clone()));
        assert_eq!(without_categories(plain), None);
    }
}
