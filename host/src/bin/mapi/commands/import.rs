//! `mapi import`: archives into a folder, once each message, however often it is run.
//!
//! A message is known again by the digest of its bytes and by how many equal ones came before it in the
//! archive: importing an archive again adds nothing, while two equal messages inside it stay two. Of several
//! imports into one folder at a time each waits for the one before, so that it knows what that one added.

use crate::args::ImportArguments;
use crate::context::Context;
use crate::target;
use crate::terminal::harmless;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use mapi_session::archive::{Archive, ArchiveError, ArchiveMessage, MaildirSubfolder};
use mapi_session::flags::{GetPropsFlags, LogoffFlags};
use mapi_session::properties::{FileTime, Property, Value, tags};
use mapi_session::{Folder, IMPORT_KEY, ImportOptions, MessageImport, MessageOptions, MessageStore, Session};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Messages up to this many bytes are held in memory until their digest is known; larger ones wait in a
/// temporary file.
const IN_MEMORY: usize = 8 << 20;
/// Bytes handed to the component at a time.
const PIECE: usize = 1 << 20;
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
        let import = folder.import_messages(ImportOptions { defer_indexing: self.defer_indexing }).await?;
        let known = import.keys(IMPORT_KEY).await?.into_iter().collect();
        let mut intake = Intake { import, known, report: &mut self.report };
        for mut archive in archives {
            let outcome = intake.archive(&mut archive, self.show).await;
            // What was finished before the trouble is kept, if it can be.
            let flushed = intake.import.flush().await;
            if let Ok(stored) = flushed {
                intake.report.stored += u64::from(stored);
            }
            outcome.with_context(|| after(intake.report))?;
            flushed.with_context(|| after(intake.report))?;
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

struct Intake<'a> {
    import: MessageImport,
    known: HashSet<Vec<u8>>,
    report: &'a mut Report,
}

impl Intake<'_> {
    async fn archive(&mut self, archive: &mut Archive, show: bool) -> anyhow::Result<()> {
        let bar = if show { progress_bar(archive.size())? } else { ProgressBar::hidden() };
        let mut equal: HashMap<[u8; 32], u32> = HashMap::new();
        while let Some(message) = archive.next_message()? {
            let mut content = Content::read(archive)?;
            self.report.seen += 1;
            let digest = archive.digest();
            let before = equal.entry(digest).or_default();
            let key = import_key(&digest, *before);
            *before += 1;
            if self.known.insert(key.clone()) {
                self.message(archive, &message, &mut content, key).await?;
                self.report.added += 1;
            } else {
                self.report.known += 1;
            }
            bar.set_position(archive.bytes_read());
            bar.set_message(format!("{} messages", self.report.seen));
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn message(
        &mut self,
        archive: &Archive,
        message: &ArchiveMessage,
        content: &mut Content,
        key: Vec<u8>,
    ) -> anyhow::Result<()> {
        let options = MessageOptions {
            received: message.envelope_date.map(|seconds| FileTime::from_unix(seconds, 0)),
            keep_original: true,
            seen: message.flags.is_some_and(|flags| flags.seen),
            properties: vec![Property::new(IMPORT_KEY, Value::Binary(key))],
        };
        self.import.begin(options).await?;
        while let Some(piece) = content.next_piece()? {
            self.import.write(piece).await?;
        }
        let imported = self.import.finish().await?;
        self.report.stored += u64::from(imported.committed);
        for oddity in imported.oddities {
            let place = match &message.file {
                Some(file) => file.display().to_string(),
                None => format!("{} at byte {}", archive.path().display(), message.offset),
            };
            self.report.oddities.push(format!("{place}: {}", oddity.message));
            *self.report.kinds.entry(oddity.kind).or_default() += 1;
        }
        Ok(())
    }
}

fn import_key(digest: &[u8; 32], equal_before: u32) -> Vec<u8> {
    let mut key = digest[..20].to_vec();
    key.extend(equal_before.to_be_bytes());
    key
}

/// The bytes of one message, kept until it is clear whether they are needed.
struct Content {
    memory: Vec<u8>,
    handed_out: usize,
    rest: Option<std::fs::File>,
}

impl Content {
    fn read(archive: &mut Archive) -> anyhow::Result<Self> {
        let mut content = Self { memory: Vec::new(), handed_out: 0, rest: None };
        let mut piece = Vec::new();
        while archive.read_piece(&mut piece)? {
            if let Some(file) = &mut content.rest {
                file.write_all(&piece).context("a large message could not be kept in a temporary file")?;
            } else {
                content.memory.extend_from_slice(&piece);
                if content.memory.len() > IN_MEMORY {
                    content.rest = Some(tempfile::tempfile().context("a large message needs a temporary file")?);
                }
            }
        }
        if let Some(file) = &mut content.rest {
            file.seek(SeekFrom::Start(0))?;
        }
        Ok(content)
    }

    fn next_piece(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        if self.handed_out < self.memory.len() {
            let end = self.memory.len().min(self.handed_out + PIECE);
            let piece = self.memory[self.handed_out..end].to_vec();
            self.handed_out = end;
            return Ok(Some(piece));
        }
        let Some(file) = &mut self.rest else { return Ok(None) };
        let mut piece = Vec::with_capacity(PIECE);
        file.take(PIECE as u64).read_to_end(&mut piece)?;
        Ok(if piece.is_empty() { None } else { Some(piece) })
    }
}

fn progress_bar(size: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {bytes_per_sec}  {eta} left");
    let Ok(style) = style else { bail!("the progress bar has a bad template") };
    Ok(ProgressBar::new(size).with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_messages_have_different_keys_and_the_same_order_gives_the_same_keys() {
        let digest = [7; 32];
        assert_ne!(import_key(&digest, 0), import_key(&digest, 1));
        assert_eq!(import_key(&digest, 1), import_key(&digest, 1));
    }
}
