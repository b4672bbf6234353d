//! `mapi export`: folders into an archive, whole or not at all.

use crate::args::{ExportArguments, ExportFormat};
use crate::commands::table::parse;
use crate::context::Context;
use crate::target;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use mapi_session::archive::{ArchiveWriter, Envelope, MaildirFlags, WrittenKind};
use mapi_session::error::Code;
use mapi_session::flags::{GetContentsTableFlags, LogoffFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags};
use mapi_session::properties::{Value, tags};
use mapi_session::restriction::Restriction;
use mapi_session::{ExportOptions, ExportedMessage, Folder};
use serde_json::json;
use std::process::ExitCode;
use std::time::Instant;

/// Messages asked for at a time.
const CHUNK: usize = 512;
/// Bytes asked for at a time.
const PIECE: u32 = 1 << 20;
/// Rows read at a time.
const ROWS: i32 = 1_000;

/// `MSGFLAG_READ` and `MSGFLAG_UNSENT`.
const READ: i32 = 0x1;
const UNSENT: i32 = 0x8;
/// `PR_FLAG_STATUS` of a message marked for follow-up.
const FLAGGED: i32 = 2;
/// `PR_LAST_VERB_EXECUTED`: replied to the sender, to all; forwarded.
const REPLIED: [i32; 2] = [102, 103];
const FORWARDED: i32 = 104;

/// What an export did.
#[derive(Default)]
struct Report {
    messages: u64,
    bytes: u64,
    /// Messages that were composed from their properties.
    composed: u64,
    /// Messages deleted by others meanwhile.
    gone: u64,
}

pub(crate) async fn run(context: &Context, arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let restriction = arguments.restrict.as_deref().map(|text| parse("--restrict", text)).transpose()?;
    let kind = match arguments.format {
        ExportFormat::Mbox => WrittenKind::Mbox,
        ExportFormat::Maildir => WrittenKind::Maildir,
        ExportFormat::Eml => WrittenKind::Messages,
    };
    let mut writer = match ArchiveWriter::create(&arguments.target, kind, arguments.force) {
        Ok(writer) => writer,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && !arguments.force => {
            bail!("{} exists already; name another target, or replace it with --force", arguments.target.display())
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", arguments.target.display())),
    };
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    // Every folder is found before anything is written.
    let mut folders = Vec::new();
    for path in &arguments.folders {
        let folder = target::folder(&store, path, false).await?;
        let entries = entries(&folder, restriction.as_ref()).await?;
        folders.push((folder, entries));
    }
    let total: usize = folders.iter().map(|(_, entries)| entries.len()).sum();
    let bar = if context.output.json { ProgressBar::hidden() } else { progress_bar(total as u64)? };
    let started = Instant::now();
    let options = ExportOptions { original: !arguments.composed, ..ExportOptions::default() };
    let mut report = Report::default();
    for (folder, entries) in folders {
        for chunk in entries.chunks(CHUNK) {
            export(&folder, chunk, options, &mut writer, &mut report, &bar)
                .await
                .with_context(|| format!("nothing was written to {}", arguments.target.display()))?;
        }
    }
    writer.finish().with_context(|| format!("cannot write {}", arguments.target.display()))?;
    bar.finish_and_clear();
    session.logoff(LogoffFlags::empty()).await?;
    let seconds = started.elapsed().as_secs_f64();
    if context.output.json {
        context.output.object(&json!({
            "messages": report.messages, "bytes": report.bytes, "composed": report.composed, "gone": report.gone, "seconds": seconds,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.line(&format!(
        "{} messages written to {}: {} as received, {} composed ({:.0} a second)",
        report.messages,
        arguments.target.display(),
        report.messages - report.composed,
        report.composed,
        report.messages as f64 / seconds.max(1e-9)
    ))?;
    if report.gone > 0 {
        context.output.line(&format!("{} were deleted meanwhile", report.gone))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The identifiers of the messages of a folder that match.
async fn entries(folder: &Folder, restriction: Option<&Restriction>) -> anyhow::Result<Vec<Vec<u8>>> {
    let table = target::contents(folder, GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    if restriction.is_some() {
        table.restrict(restriction, RestrictFlags::empty()).await?;
    }
    let mut entries = Vec::new();
    loop {
        let rows = table.query_rows(ROWS, QueryRowsFlags::empty()).await?;
        if rows.is_empty() {
            return Ok(entries);
        }
        entries.extend(rows.into_iter().filter_map(|row| match row.into_iter().next().map(|cell| cell.value) {
            Some(Value::Binary(entry_id)) => Some(entry_id),
            _ => None,
        }));
    }
}

async fn export(
    folder: &Folder,
    entries: &[Vec<u8>],
    options: ExportOptions,
    writer: &mut ArchiveWriter,
    report: &mut Report,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let export = folder.export_messages(entries.to_vec(), options).await?;
    loop {
        let message = match export.next_message().await {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(failure) if matches!(failure.code(), Code::NotFound | Code::ObjectDeleted) => {
                report.gone += 1;
                bar.inc(1);
                continue;
            }
            Err(failure) => return Err(failure.into()),
        };
        writer.begin(&envelope(&message))?;
        loop {
            let piece = export.read(PIECE).await?;
            writer.write(&piece)?;
            report.bytes += piece.len() as u64;
            // Fewer bytes than asked for come at the end only.
            if piece.len() < PIECE as usize {
                break;
            }
        }
        writer.end()?;
        report.messages += 1;
        report.composed += u64::from(!message.original);
        bar.inc(1);
    }
}

fn envelope(message: &ExportedMessage) -> Envelope {
    let has = |flag: i32| message.message_flags & flag != 0;
    Envelope {
        sender: message.sender.clone(),
        received: message.received.map(mapi_session::properties::FileTime::unix_seconds),
        flags: MaildirFlags {
            passed: message.last_verb == FORWARDED,
            replied: REPLIED.contains(&message.last_verb),
            seen: has(READ),
            trashed: false,
            draft: has(UNSENT),
            flagged: message.flag_status == FLAGGED,
        },
        network_line_ends: !message.original,
    }
}

fn progress_bar(messages: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {pos} of {len} messages  {per_sec}  {eta} left");
    let Ok(style) = style else { bail!("the progress bar has a bad template") };
    Ok(ProgressBar::new(messages).with_style(style))
}
