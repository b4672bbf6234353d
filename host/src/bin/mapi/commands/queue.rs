//! `mapi queue`: GetOutgoingQueue and AbortSubmit.

use crate::args::QueueCommand;
use crate::context::Context;
use crate::output::cell_text;
use crate::target;
use crate::terminal::Grid;
use anyhow::bail;
use mapi_session::MessageStore;
use mapi_session::error::Code;
use mapi_session::expression::{hexadecimal, value_to_json};
use mapi_session::flags::{LogoffFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{LAST_ERROR, NEXT_ATTEMPT};
use serde_json::{Map, Value as Json};
use std::process::ExitCode;

/// `SUBMITFLAG_LOCKED`.
const LOCKED: i32 = 0x1;
const COLUMNS: [PropTag; 8] = [
    tags::ENTRYID,
    tags::SUBJECT,
    tags::DISPLAY_TO,
    tags::CLIENT_SUBMIT_TIME,
    tags::SUBMIT_FLAGS,
    NEXT_ATTEMPT,
    LAST_ERROR,
    tags::SPOOLER_STATUS,
];

/// A message that waits.
pub(crate) struct Waiting(Vec<Property>);

impl Waiting {
    fn cell(&self, tag: PropTag) -> Option<&Value> {
        let cell = &self.0.get(COLUMNS.iter().position(|column| *column == tag)?)?.value;
        (!matches!(cell, Value::Error(raw) if Code::from_raw(*raw) == Code::NotFound)).then_some(cell)
    }

    pub(crate) fn entry_id(&self) -> &[u8] {
        match self.cell(tags::ENTRYID) {
            Some(Value::Binary(entry_id)) => entry_id,
            _ => &[],
        }
    }

    /// What it waits for.
    fn state(&self) -> &'static str {
        match (self.cell(tags::SUBMIT_FLAGS), self.cell(NEXT_ATTEMPT), self.cell(LAST_ERROR)) {
            (Some(Value::Long(flags)), ..) if flags & LOCKED != 0 => "sending",
            (_, Some(_), Some(_)) => "retry",
            (_, Some(_), None) => "deferred",
            (_, None, Some(_)) => "held",
            _ => "queued",
        }
    }

    /// What it waits for, for a person.
    pub(crate) fn reason(&self) -> String {
        let (until, error) = (self.text(NEXT_ATTEMPT), self.text(LAST_ERROR));
        match (until.as_str(), error.as_str()) {
            ("", "") => "no transport has taken it yet".to_owned(),
            (until, "") => format!("it waits until {until}"),
            (_, error) => error.to_owned(),
        }
    }

    fn text(&self, tag: PropTag) -> String {
        self.cell(tag).map(cell_text).unwrap_or_default()
    }

    pub(crate) fn object(&self) -> Json {
        let mut object = Map::new();
        object.insert("entry_id".into(), hexadecimal(self.entry_id()).into());
        object.insert("state".into(), self.state().into());
        let cells = [
            ("subject", tags::SUBJECT),
            ("to", tags::DISPLAY_TO),
            ("submitted", tags::CLIENT_SUBMIT_TIME),
            ("next_attempt", NEXT_ATTEMPT),
            ("last_error", LAST_ERROR),
        ];
        for (name, tag) in cells {
            if let Some(value) = self.cell(tag) {
                object.insert(name.into(), value_to_json(value));
            }
        }
        Json::Object(object)
    }
}

/// The outgoing queue of a store.
pub(crate) async fn rows(store: &MessageStore) -> anyhow::Result<Vec<Waiting>> {
    let table = store.get_outgoing_queue().await?;
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    Ok(table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?.into_iter().map(Waiting).collect())
}

pub(crate) async fn run(context: &Context, command: Option<&QueueCommand>) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    match command {
        None => show(context, &rows(&store).await?)?,
        Some(QueueCommand::Abort { messages, all }) => {
            let waiting = rows(&store).await?;
            let chosen: Vec<Vec<u8>> = if *all {
                waiting.iter().map(|row| row.entry_id().to_vec()).collect()
            } else {
                messages.iter().map(|name| named(name, &waiting)).collect::<anyhow::Result<_>>()?
            };
            for entry_id in &chosen {
                store.abort_submit(entry_id).await?;
            }
            if !context.output.json {
                let count = chosen.len();
                context.output.line(&format!("{count} taken back; each is a draft again in the folder it was sent from."))?;
            }
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

fn show(context: &Context, waiting: &[Waiting]) -> anyhow::Result<()> {
    if context.output.json {
        for row in waiting {
            context.output.object(&row.object())?;
        }
        return Ok(());
    }
    let mut grid = Grid::new(&[
        ("", true),
        ("STATE", false),
        ("SUBMITTED", false),
        ("TO", false),
        ("SUBJECT", false),
        ("NEXT ATTEMPT", false),
        ("LAST ERROR", false),
    ]);
    for (number, row) in waiting.iter().enumerate() {
        grid.row([
            number.to_string(),
            row.state().to_owned(),
            row.text(tags::CLIENT_SUBMIT_TIME),
            row.text(tags::DISPLAY_TO),
            row.text(tags::SUBJECT),
            row.text(NEXT_ATTEMPT),
            row.text(LAST_ERROR),
        ]);
    }
    context.output.line(grid.to_string().trim_end())
}

/// A message by its place in the queue or by its entry identifier.
fn named(name: &str, waiting: &[Waiting]) -> anyhow::Result<Vec<u8>> {
    if let Ok(place) = name.parse::<usize>() {
        let Some(row) = waiting.get(place) else {
            bail!("there is no message {place} in the queue; `mapi queue` shows what there is");
        };
        return Ok(row.entry_id().to_vec());
    }
    match target::entry_id(name) {
        Some(entry_id) => Ok(entry_id),
        None => bail!("{name:?} is neither a place in the queue nor an entry identifier in hexadecimal"),
    }
}
