//! `mapi cp` and `mapi mv`: CopyMessages and CopyFolder.

use crate::args::CopyArguments;
use crate::context::Context;
use crate::selection::{self, AT_ONCE};
use crate::target;
use anyhow::{Context as _, bail};
use mapi_session::flags::{CopyFolderFlags, CopyMessagesFlags, LogoffFlags};
use mapi_session::{Folder, MessageStore};
use serde_json::json;
use std::process::ExitCode;

/// Subjects shown by `--dry-run`.
const SHOWN: usize = 20;

pub(crate) async fn run(context: &Context, arguments: &CopyArguments, moving: bool) -> anyhow::Result<ExitCode> {
    // Everything typed is understood before anything is opened.
    let restriction = selection::restriction(&arguments.choice)?;
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let names_folders = restriction.is_none() && !arguments.choice.all;
    let (folders, messages): (Vec<String>, Vec<String>) =
        arguments.sources.iter().cloned().partition(|source| names_folders && is_folder(source));
    if arguments.name.is_some() && (folders.len() != 1 || !messages.is_empty()) {
        bail!("--name names one folder that is copied or moved; name only that");
    }
    let create = arguments.create && !arguments.dry_run;
    let chosen = selection::messages(&store, &messages, &arguments.choice, restriction.as_ref()).await?;
    for folder in &folders {
        target::folder_in_parent(&store, folder).await?;
    }
    let done = if moving { "moved" } else { "copied" };
    let count: usize = chosen.iter().map(|selection| selection.messages.len()).sum();
    if arguments.dry_run {
        for selection in &chosen {
            for subject in selection::preview(selection, &store, SHOWN).await? {
                context.output.line(&format!("  {subject}"))?;
            }
        }
        say(context, arguments, &format!("would be {done}"), count, &folders)?;
        session.logoff(LogoffFlags::empty()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let destination = target::folder(&store, &arguments.destination, create).await?;
    context.show_progress(if moving { "moving" } else { "copying" })?;
    let result = work(&store, arguments, &chosen, &folders, &destination, moving).await;
    context.hide_progress();
    result?;
    say(context, arguments, done, count, &folders)?;
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn work(
    store: &MessageStore,
    arguments: &CopyArguments,
    chosen: &[selection::Selection],
    folders: &[String],
    destination: &Folder,
    moving: bool,
) -> anyhow::Result<()> {
    let done = if moving { "moved" } else { "copied" };
    let mut flags = CopyMessagesFlags::MESSAGE_DIALOG;
    if moving {
        flags |= CopyMessagesFlags::MESSAGE_MOVE;
    }
    for selection in chosen {
        for messages in selection.messages.chunks(AT_ONCE) {
            let answer = selection.folder.copy_messages(messages, destination, flags).await;
            let answer = answer.with_context(|| format!("the messages of {:?} cannot be {done}", selection.place))?;
            selection::whole(&answer, &selection.folder, done).await?;
        }
    }
    let mut flags = CopyFolderFlags::FOLDER_DIALOG | CopyFolderFlags::COPY_SUBFOLDERS | CopyFolderFlags::MAPI_UNICODE;
    if moving {
        flags |= CopyFolderFlags::FOLDER_MOVE;
    }
    for path in folders {
        let (parent, entry_id) = target::folder_in_parent(store, path).await?;
        let answer = parent.copy_folder(&entry_id, destination, arguments.name.as_deref(), flags).await;
        let answer = answer.with_context(|| format!("the folder {path:?} cannot be {done}"))?;
        selection::whole(&answer, &parent, done).await?;
    }
    Ok(())
}

/// Whether a source names a folder, and neither rows nor an entry identifier.
fn is_folder(source: &str) -> bool {
    target::entry_id(source).is_none()
        && !source.rsplit_once(':').is_some_and(|(_, rows)| rows.starts_with(|c: char| c.is_ascii_digit()))
}

fn say(context: &Context, arguments: &CopyArguments, done: &str, count: usize, folders: &[String]) -> anyhow::Result<()> {
    if context.output.json {
        let (messages, to) = (count, &arguments.destination);
        return context.output.object(&json!({ "done": !arguments.dry_run, "messages": messages, "folders": folders, "to": to }));
    }
    let mut parts = Vec::new();
    if count > 0 || folders.is_empty() {
        parts.push(format!("{count} messages"));
    }
    parts.extend(folders.iter().map(|folder| format!("the folder {folder:?}")));
    context.output.line(&format!("{} {done} to {}", parts.join(" and "), arguments.destination))
}
