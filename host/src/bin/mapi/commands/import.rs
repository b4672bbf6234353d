//! `mapi import`: archives into a folder, once each message, however often it is run.
//!
//! [`Intake`] knows messages again. Of several imports into one folder at a time each waits for the one before, so
//! that it knows what that one added.

use crate::args::ImportArguments;
use crate::context::Context;
use crate::target;
use crate::terminal::harmless;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use mapi_session::archive::{Archive, ArchiveError, ArchiveMessage, Intake, MaildirSubfolder};
use mapi_session::flags::{GetPropsFlags, LogoffFlags};
use mapi_session::properties::{Value, tags};
use mapi_session::{Folder, ImportOptions, ImportedMessage, MessageStore, Session};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Oddities listed unless all are asked for.
const LISTED: usize = 10;

/// What an import did.
#[derive(Default)]
pub(crate) struct Report {
    /// Messages in the archives.
    pub(crate) seen: u64,
    /// Messages added.
    pub(crate) added: u64,
    /// Messages added that are durable: not yet those of an unfinished batch.
    stored: u64,
    /// Messages that were there already.
    pub(crate) known: u64,
    /// How long it took.
    pub(crate) time: Duration,
    /// What was odd: a line for each message and oddity.
    oddities: Vec<String>,
    /// How often each kind of oddity was found.
    kinds: BTreeMap<String, u64>,
}

impl Report {
    /// Messages added a second.
    pub(crate) fn rate(&self) -> f64 {
        self.added as f64 / self.time.as_secs_f64().max(1e-9)
    }

    /// Notes what became of a message; `None`: it was known.
    fn note(&mut self, archive: &Archive, message: &ArchiveMessage, imported: Option<ImportedMessage>) {
        self.seen += 1;
        let Some(imported) = imported else {
            self.known += 1;
            return;
        };
        self.added += 1;
        self.stored += u64::from(imported.committed);
        for oddity in imported.oddities {
            let place = match &message.file {
                Some(file) => file.display().to_string(),
                None => format!("{} at byte {}", archive.path().display(), message.offset),
            };
            self.oddities.push(format!("{place}: {}", oddity.message));
            *self.kinds.entry(oddity.kind).or_default() += 1;
        }
    }
}

pub(crate) async fn run(context: &Context, arguments: &ImportArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let report = import(context, &session, arguments, true).await?;
    session.logoff(LogoffFlags::empty()).await?;
    if context.output.json {
        context.output.object(&json!({
            "seen": report.seen, "added": report.added, "known": report.known, "seconds": report.time.as_secs_f64(),
            "oddities": report.kinds,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.line(&format!(
        "{} messages in {}: {} added, {} known already ({:.0} a second)",
        report.seen,
        arguments.folder,
        report.added,
        report.known,
        report.rate()
    ))?;
    if !report.oddities.is_empty() {
        context.output.line(&format!("{} oddities:", report.oddities.len()))?;
        let listed = if arguments.report_all { report.oddities.len() } else { LISTED };
        for oddity in report.oddities.iter().take(listed) {
            context.output.line(&format!("  {}", harmless(oddity)))?;
        }
        if report.oddities.len() > listed {
            let kinds: Vec<String> = report.kinds.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
            context.output.line(&format!("  … in all {}; --report-all lists every one", kinds.join(", ")))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Imports the archives named. With `show` a progress bar is drawn on a terminal.
pub(crate) async fn import(
    context: &Context,
    session: &Session,
    arguments: &ImportArguments,
    show: bool,
) -> anyhow::Result<Report> {
    // Every archive is opened before anything is written.
    let archives =
        arguments.archives.iter().map(|path| Ok(parts(Archive::open(path, None)?)?)).collect::<anyhow::Result<Vec<_>>>()?;
    let store = context.default_store(session).await?;
    let show = show && !context.output.json;
    let mut work = Work { context, store, defer_indexing: arguments.defer_indexing, show, report: Report::default() };
    let started = Instant::now();
    let top = target::folder(&work.store, &arguments.folder, true).await?;
    for (names, archives) in by_folder(archives) {
        let folder = target::subfolder(&work.store, &top, &names).await?;
        work.folder(&folder, archives).await?;
    }
    work.report.time = started.elapsed();
    Ok(work.report)
}

/// An archive and, of a Maildir, those of its subfolders, each with the names that lead to its folder.
fn parts(archive: Archive) -> Result<Vec<(Vec<String>, Archive)>, ArchiveError> {
    let subfolders = archive.subfolders()?;
    let mut parts = vec![(Vec::new(), archive)];
    for MaildirSubfolder { names, path } in subfolders {
        parts.push((names, Archive::open(&path, None)?));
    }
    Ok(parts)
}

/// The archives of each folder, the folder named first.
fn by_folder(archives: Vec<Vec<(Vec<String>, Archive)>>) -> BTreeMap<Vec<String>, Vec<Archive>> {
    let mut folders: BTreeMap<Vec<String>, Vec<Archive>> = BTreeMap::new();
    for (names, archive) in archives.into_iter().flatten() {
        folders.entry(names).or_default().push(archive);
    }
    folders
}

/// What is imported where.
struct Work<'a> {
    context: &'a Context,
    store: MessageStore,
    defer_indexing: bool,
    show: bool,
    report: Report,
}

impl Work<'_> {
    /// Imports archives into one folder.
    async fn folder(&mut self, folder: &Folder, archives: Vec<Archive>) -> anyhow::Result<()> {
        // Until the last message is durable: others could not know it.
        let _turn = Turn::take(self.context, folder).await?;
        let mut intake = Intake::begin(folder, ImportOptions { defer_indexing: self.defer_indexing }).await?;
        for mut archive in archives {
            let outcome = take_in(&mut intake, &mut archive, self.show, &mut self.report).await;
            // What was finished before the trouble is kept, if it can be.
            let flushed = intake.flush().await;
            if let Ok(stored) = flushed {
                self.report.stored += u64::from(stored);
            }
            outcome.with_context(|| after(&self.report))?;
            flushed.with_context(|| after(&self.report))?;
        }
        Ok(())
    }
}

/// The turn to import into a folder, of this process or another; the system ends it with the process.
struct Turn(#[expect(dead_code, reason = "locked as long as it is open")] File);

impl Turn {
    async fn take(context: &Context, folder: &Folder) -> anyhow::Result<Self> {
        let entry_id = folder.properties().await?.get_props(Some(&[tags::ENTRYID]), GetPropsFlags::empty()).await?.value;
        let Some(Value::Binary(entry_id)) = entry_id.into_iter().next().map(|property| property.value) else {
            bail!("the folder has no entry identifier");
        };
        let folder = context.data.join("imports");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join(blake3::hash(&entry_id).to_hex().as_str());
        let unusable = || format!("the lock file {} cannot be used", path.display());
        let file = OpenOptions::new().create(true).append(true).open(&path).with_context(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                if !context.output.json {
                    anstream::eprintln!("waiting for another import into this folder");
                }
                file.lock().with_context(unusable)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(unusable),
        }
        Ok(Self(file))
    }
}

fn after(report: &Report) -> String {
    format!("stopped after storing {} messages; running it again goes on from there", report.stored + report.known)
}

/// Takes an archive in, and notes what became of each message.
async fn take_in(intake: &mut Intake, archive: &mut Archive, show: bool, report: &mut Report) -> anyhow::Result<()> {
    let bar = if show { progress_bar(archive.size())? } else { ProgressBar::hidden() };
    let told = |archive: &Archive, message: &ArchiveMessage, imported: Option<ImportedMessage>| {
        report.note(archive, message, imported);
        bar.set_position(archive.bytes_read());
        bar.set_message(format!("{} messages", report.seen));
    };
    intake.archive(archive, told).await?;
    bar.finish_and_clear();
    Ok(())
}

fn progress_bar(size: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {bytes_per_sec}  {eta} left");
    let Ok(style) = style else { bail!("the progress bar has a bad template") };
    Ok(ProgressBar::new(size).with_style(style))
}
