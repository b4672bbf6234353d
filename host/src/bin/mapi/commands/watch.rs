//! `mapi watch`, and `--watch` of tables: prints notifications as they come (IMsgStore::Advise, IMAPITable::Advise).

use crate::args::{WatchArguments, WatchedTable, Watching};
use crate::commands::table::properties;
use crate::context::Context;
use crate::output::{cell_text, row_object};
use crate::target::{self, Found};
use anyhow::{Context as _, bail};
use mapi_session::expression::{hexadecimal, property_name, value_to_json};
use mapi_session::flags::{
    EventMask, GetContentsTableFlags, GetHierarchyTableFlags, GetPropsFlags, LogoffFlags, QueryColumnsFlags, SetColumnsFlags,
};
use mapi_session::notifications::{Notification, ObjectNotification, TableEvent, TableNotification};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{MessageStore, Subscription, Table};
use serde_json::{Map, Value as Json, json};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Columns of a row unless others are asked for.
const CONTENTS: &str = "received,from,subject,size";
const FOLDERS: &str = "display_name,content_count,content_unread";

pub(crate) async fn run(context: &Context, arguments: &WatchArguments) -> anyhow::Result<ExitCode> {
    let columns = arguments.columns.as_deref().map(|names| properties("--columns", names)).transpose()?;
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let target = arguments.target.as_deref().filter(|target| !target.eq_ignore_ascii_case("store"));
    let (subscription, columns) = match arguments.table {
        Some(kind) => {
            let (table, columns) = table(&store, target.unwrap_or("/"), kind, columns).await?;
            (table.advise(EventMask::FNEV_TABLE_MODIFIED).await?, columns)
        }
        None => (objects(&store, target).await?, Vec::new()),
    };
    let until = Until { count: arguments.count, timeout: arguments.timeout };
    let all = follow(context, target.unwrap_or("the store"), until, subscription, &columns).await;
    session.logoff(LogoffFlags::empty()).await?;
    all.map(|()| ExitCode::SUCCESS)
}

/// When to stop watching.
pub(crate) struct Until {
    /// After so many notifications.
    pub(crate) count: Option<u64>,
    /// After so many seconds.
    pub(crate) timeout: Option<f64>,
}

impl Watching {
    /// A registration for the rows of a table, if they are to be watched.
    pub(crate) async fn advise(&self, table: &Table) -> anyhow::Result<Option<Subscription>> {
        Ok(if self.watch { Some(table.advise(EventMask::FNEV_TABLE_MODIFIED).await?) } else { None })
    }

    pub(crate) const fn until(&self) -> Until {
        Until { count: self.events, timeout: self.timeout }
    }
}

/// Prints what a registration tells; `columns` are those of the rows it tells of.
///
/// # Errors
/// When fewer notifications came than were waited for.
pub(crate) async fn follow(
    context: &Context,
    what: &str,
    until: Until,
    subscription: Subscription,
    columns: &[PropTag],
) -> anyhow::Result<()> {
    // On the other stream, so that a script can wait for it before it changes anything.
    anstream::eprintln!("watching {what}");
    let seen = print(context, &until, subscription, columns).await?;
    match until.count {
        Some(count) if seen < count => bail!("only {seen} of {count} notifications came in time"),
        _ => Ok(()),
    }
}

/// A registration for what happens to the store or a folder or message of it.
async fn objects(store: &MessageStore, target: Option<&str>) -> anyhow::Result<Subscription> {
    let events = EventMask::FNEV_CRITICAL_ERROR
        | EventMask::FNEV_NEW_MAIL
        | EventMask::FNEV_OBJECT_CREATED
        | EventMask::FNEV_OBJECT_DELETED
        | EventMask::FNEV_OBJECT_MODIFIED
        | EventMask::FNEV_OBJECT_MOVED
        | EventMask::FNEV_OBJECT_COPIED
        | EventMask::FNEV_SEARCH_COMPLETE;
    let properties = match target::find(store, target).await? {
        Found::Store(store) => return Ok(store.advise(None, events).await?),
        Found::Folder(folder) => folder.properties().await?,
        Found::Message(message) => message.properties().await?,
    };
    let values = properties.get_props(Some(&[tags::ENTRYID]), GetPropsFlags::empty()).await?.value;
    match values.first().map(|property| &property.value) {
        Some(Value::Binary(entry_id)) => Ok(store.advise(Some(entry_id.as_slice()), events).await?),
        _ => bail!("{} has no entry identifier", target.unwrap_or("the store")),
    }
}

/// A table of a folder, with the columns to be shown.
async fn table(
    store: &MessageStore,
    folder: &str,
    kind: WatchedTable,
    columns: Option<Vec<PropTag>>,
) -> anyhow::Result<(Table, Vec<PropTag>)> {
    let folder = target::folder(store, folder, false).await?;
    let (table, names) = match kind {
        WatchedTable::Contents => (target::contents(&folder, GetContentsTableFlags::MAPI_UNICODE).await?, CONTENTS),
        WatchedTable::Associated => {
            let flags = GetContentsTableFlags::MAPI_UNICODE | GetContentsTableFlags::MAPI_ASSOCIATED;
            (target::contents(&folder, flags).await?, CONTENTS)
        }
        WatchedTable::Folders => {
            let flags = GetHierarchyTableFlags::MAPI_UNICODE | GetHierarchyTableFlags::CONVENIENT_DEPTH;
            (folder.get_hierarchy_table(flags).await?, FOLDERS)
        }
    };
    let columns = match columns {
        Some(columns) => columns,
        None => properties("--columns", names)?,
    };
    table.set_columns(&columns, SetColumnsFlags::empty()).await?;
    let columns = table.query_columns(QueryColumnsFlags::empty()).await?;
    Ok((table, columns))
}

/// Prints until enough were seen, time is up, or no more come; how many were seen.
async fn print(context: &Context, until: &Until, mut subscription: Subscription, columns: &[PropTag]) -> anyhow::Result<u64> {
    let end = match until.timeout {
        Some(seconds) => {
            let timeout = Duration::try_from_secs_f64(seconds).context("--timeout takes seconds, 0 or more")?;
            Some(Instant::now() + timeout)
        }
        None => None,
    };
    let mut seen = 0;
    while until.count.is_none_or(|count| seen < count) {
        let next = match end {
            Some(end) => timeout_at(end, subscription.next()).await.unwrap_or(None),
            None => subscription.next().await,
        };
        let Some(event) = next else { break };
        seen += 1;
        if context.output.json {
            context.output.object(&to_json(&event, columns))?;
        } else {
            context.output.line(&to_text(&event))?;
        }
    }
    Ok(seen)
}

/// What happened, as it is called in the world.
fn name(event: &Notification) -> &'static str {
    match event {
        Notification::CriticalError(_) => "critical-error",
        Notification::NewMail(_) => "new-mail",
        Notification::ObjectCreated(_) => "object-created",
        Notification::ObjectDeleted(_) => "object-deleted",
        Notification::ObjectModified(_) => "object-modified",
        Notification::ObjectMoved(_) => "object-moved",
        Notification::ObjectCopied(_) => "object-copied",
        Notification::SearchComplete(_) => "search-complete",
        Notification::TableModified(table) => match table.event {
            TableEvent::Changed => "changed",
            TableEvent::Error => "error",
            TableEvent::RowAdded => "row-added",
            TableEvent::RowDeleted => "row-deleted",
            TableEvent::RowModified => "row-modified",
            TableEvent::SortDone => "sort-done",
            TableEvent::RestrictDone => "restrict-done",
            TableEvent::SetColDone => "setcol-done",
            TableEvent::Reload => "reload",
        },
        Notification::StatusObjectModified(_) => "status-object-modified",
        Notification::Indexing(_) => "indexing",
        Notification::Extended(_) => "extended",
    }
}

fn to_json(event: &Notification, columns: &[PropTag]) -> Json {
    let mut object = Map::new();
    object.insert("event".to_owned(), json!(name(event)));
    let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
    match event {
        Notification::CriticalError(error) => {
            put("code", json!(error.code.to_string()));
            if let Some(entry_id) = &error.entry_id {
                put("entry_id", json!(hexadecimal(entry_id)));
            }
        }
        Notification::NewMail(mail) => {
            put("entry_id", json!(hexadecimal(&mail.entry_id)));
            put("parent_id", json!(hexadecimal(&mail.parent_id)));
            put("message_class", json!(mail.message_class));
            put("message_flags", json!(mail.message_flags));
        }
        Notification::ObjectCreated(about)
        | Notification::ObjectDeleted(about)
        | Notification::ObjectModified(about)
        | Notification::ObjectMoved(about)
        | Notification::ObjectCopied(about)
        | Notification::SearchComplete(about) => {
            put("entry_id", json!(hexadecimal(&about.entry_id)));
            put("object_type", json!(about.object_type));
            let places = [("parent_id", &about.parent_id), ("old_id", &about.old_id), ("old_parent_id", &about.old_parent_id)];
            for (name, id) in places {
                if let Some(id) = id {
                    put(name, json!(hexadecimal(id)));
                }
            }
            if let Some(tags) = &about.tags {
                put("tags", json!(tags.iter().map(|tag| property_name(*tag)).collect::<Vec<_>>()));
            }
        }
        Notification::TableModified(table) => {
            for (name, key) in [("index", &table.index), ("prior", &table.prior)] {
                if key.tag != PropTag::NULL {
                    put(name, value_to_json(&key.value));
                }
            }
            if !table.row.is_empty() {
                put("row", row_object(columns, &table.row));
            }
        }
        Notification::StatusObjectModified(status) => {
            put("entry_id", json!(hexadecimal(&status.entry_id)));
        }
        Notification::Indexing(other) | Notification::Extended(other) => {
            put("number", json!(other.event));
        }
    }
    Json::Object(object)
}

fn to_text(event: &Notification) -> String {
    let details = match event {
        Notification::CriticalError(error) => error.code.to_string(),
        Notification::NewMail(mail) => {
            format!("{} in {}", cell_text(&Value::Unicode(mail.message_class.clone())), hexadecimal(&mail.parent_id))
        }
        Notification::ObjectCreated(about)
        | Notification::ObjectDeleted(about)
        | Notification::ObjectModified(about)
        | Notification::ObjectMoved(about)
        | Notification::ObjectCopied(about)
        | Notification::SearchComplete(about) => object_text(about),
        Notification::TableModified(table) => row_text(table),
        Notification::StatusObjectModified(status) => hexadecimal(&status.entry_id),
        Notification::Indexing(other) | Notification::Extended(other) => other.event.to_string(),
    };
    format!("{:<16}{details}", name(event)).trim_end().to_owned()
}

fn object_text(about: &ObjectNotification) -> String {
    let kind = match about.object_type {
        1 => "store".to_owned(),
        3 => "folder".to_owned(),
        5 => "message".to_owned(),
        other => format!("object of type {other}"),
    };
    let old = about.old_parent_id.as_ref().map(|old| format!(" from {}", hexadecimal(old))).unwrap_or_default();
    format!("{kind} {}{old}", hexadecimal(&about.entry_id))
}

fn row_text(table: &TableNotification) -> String {
    if table.row.is_empty() {
        return if table.index.tag == PropTag::NULL { String::new() } else { cell_text(&table.index.value) };
    }
    let cell = |cell: &Property| cell_text(&cell.value);
    table.row.iter().map(cell).collect::<Vec<_>>().join("  ")
}
