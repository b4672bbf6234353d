//! `mapi status`: GetStatusTable and IMAPIStatus.

use crate::args::{StatusCommand, Watching};
use crate::commands::watch;
use crate::context::Context;
use crate::output::cell_text;
use crate::terminal::{Grid, harmless};
use anyhow::{Context as _, bail};
use mapi_session::flags::{
    FlushQueuesFlags, GetStatusTableFlags, LogoffFlags, QueryRowsFlags, SessionOpenEntryFlags, SetColumnsFlags,
    ValidateStateFlags,
};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Entry, Session, StatusObject, Table};
use std::process::ExitCode;

/// `PR_RESOURCE_TYPE` of the subsystem and of the spooler.
const SUBSYSTEM: i32 = 39;
const SPOOLER: i32 = 37;

const COLUMNS: [PropTag; 6] = [
    tags::DISPLAY_NAME,
    tags::RESOURCE_TYPE,
    tags::STATUS_CODE,
    tags::STATUS_STRING,
    tags::RESOURCE_FLAGS,
    tags::PROVIDER_DLL_NAME,
];

pub(crate) async fn run(context: &Context, command: Option<&StatusCommand>, watching: &Watching) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    match command {
        None => {}
        Some(StatusCommand::Validate { row }) => {
            let id = match row {
                Some(name) => named(&session, name).await?,
                None => of_type(&session, SUBSYSTEM).await?,
            };
            let validated = open(&session, &id).await?.validate_state(ValidateStateFlags::SUPPRESS_UI).await;
            validated.context("not everything is as it should be")?;
        }
        Some(StatusCommand::Flush { transport, upload, download, force }) => {
            let mut how = FlushQueuesFlags::FLUSH_NO_UI;
            let wanted = [
                (FlushQueuesFlags::FLUSH_UPLOAD, !*download),
                (FlushQueuesFlags::FLUSH_DOWNLOAD, !*upload),
                (FlushQueuesFlags::FLUSH_FORCE, *force),
            ];
            wanted.into_iter().filter(|(_, is_wanted)| *is_wanted).for_each(|(flag, _)| how |= flag);
            let target = match transport {
                Some(name) => Some(named(&session, name).await?),
                None => None,
            };
            let spooler = open(&session, &of_type(&session, SPOOLER).await?).await?;
            spooler.flush_queues(target.as_deref(), how).await.context("the queues could not be flushed")?;
        }
    }
    let table = table(&session, &COLUMNS).await?;
    // Before the rows are shown, so that nothing happens in between.
    let happening = watching.advise(&table).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    match context.output.json {
        true => context.output.rows(&COLUMNS, &rows)?,
        false => context.output.line(in_words(&rows).to_string().trim_end())?,
    }
    if let Some(happening) = happening {
        watch::follow(context, "the status table", watching.until(), happening, &COLUMNS).await?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn table(session: &Session, columns: &[PropTag]) -> anyhow::Result<Table> {
    let table = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    table.set_columns(columns, SetColumnsFlags::empty()).await?;
    Ok(table)
}

/// The identifier of the first row for which that holds of a column.
async fn find(session: &Session, column: PropTag, holds: impl Fn(&Value) -> bool) -> anyhow::Result<Option<Vec<u8>>> {
    for row in table(session, &[column, tags::ENTRYID]).await?.query_rows(i32::MAX, QueryRowsFlags::empty()).await? {
        if let [shown, Property { value: Value::Binary(id), .. }] = row.as_slice()
            && holds(&shown.value)
        {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

async fn named(session: &Session, name: &str) -> anyhow::Result<Vec<u8>> {
    let is_named = |value: &Value| matches!(value, Value::Unicode(shown) if shown.eq_ignore_ascii_case(name));
    match find(session, tags::DISPLAY_NAME, is_named).await? {
        Some(id) => Ok(id),
        None => bail!("nothing is called {name:?} in the status table; `mapi status` shows it"),
    }
}

async fn of_type(session: &Session, wanted: i32) -> anyhow::Result<Vec<u8>> {
    let found = find(session, tags::RESOURCE_TYPE, |value| *value == Value::Long(wanted)).await?;
    found.context("the status table lacks a row that is always there")
}

async fn open(session: &Session, id: &[u8]) -> anyhow::Result<StatusObject> {
    match session.open_entry(id, SessionOpenEntryFlags::empty(), None).await?.object {
        Entry::Status(object) => Ok(object),
        _ => bail!("the row names something else than a status object"),
    }
}

/// Rows of the status table for people: name, type, code and text stand first in them, in this order.
pub(crate) fn in_words(rows: &[Vec<Property>]) -> Grid {
    let mut grid = Grid::new(&[("name", false), ("type", false), ("state", false)]);
    for row in rows {
        let kind = match row.get(1).map(|cell| &cell.value) {
            Some(Value::Long(kind)) => type_name(*kind),
            _ => "other",
        };
        grid.row([row.first().map(|cell| cell_text(&cell.value)).unwrap_or_default(), kind.to_owned(), state(row)]);
    }
    grid
}

/// `PR_RESOURCE_TYPE` in words (`status` 1.5).
const fn type_name(kind: i32) -> &'static str {
    match kind {
        33 => "store",
        34 => "address book",
        35 => "address book provider",
        36 => "transport",
        SPOOLER => "spooler",
        SUBSYSTEM => "subsystem",
        _ => "other",
    }
}

/// The text of a row, or what its code says.
fn state(row: &[Property]) -> String {
    match (row.get(3).map(|cell| &cell.value), row.get(2).map(|cell| &cell.value)) {
        (Some(Value::Unicode(text)), _) if !text.is_empty() => harmless(text).into_owned(),
        (_, Some(Value::Long(code))) if code & 0x4 != 0 => "Failed".to_owned(),
        (_, Some(Value::Long(code))) if code & 0x2 != 0 => "Offline".to_owned(),
        (_, Some(Value::Long(code))) if code & 0x1 != 0 => "Available".to_owned(),
        _ => String::new(),
    }
}
