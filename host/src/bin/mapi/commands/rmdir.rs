//! `mapi rmdir`: DeleteFolder.

use crate::args::RmdirArguments;
use crate::context::Context;
use crate::selection;
use crate::target;
use mapi_session::error::{Code, Failure};
use mapi_session::flags::{DeleteFolderFlags, GetPropsFlags, LogoffFlags};
use mapi_session::properties::{Value, tags};
use serde_json::json;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &RmdirArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let mut flags = DeleteFolderFlags::FOLDER_DIALOG;
    if arguments.recursive {
        flags |= DeleteFolderFlags::DEL_MESSAGES | DeleteFolderFlags::DEL_FOLDERS;
    }
    if arguments.hard {
        flags |= DeleteFolderFlags::DELETE_HARD_DELETE;
    }
    for path in &arguments.paths {
        let (parent, entry_id) = target::folder_in_parent(&store, path).await?;
        let folder = target::folder(&store, path, false).await?;
        let wanted = [tags::CONTENT_COUNT];
        let counted = folder.properties().await?.get_props(Some(&wanted), GetPropsFlags::empty()).await?.value;
        let count = match counted.first().map(|property| &property.value) {
            Some(Value::Long(count)) => *count,
            _ => 0,
        };
        drop(folder);
        if !arguments.dry_run {
            context.show_progress("deleting")?;
            let answer = parent.delete_folder(&entry_id, flags).await;
            context.hide_progress();
            let answer = answer.map_err(|failure| advised(failure, path))?;
            selection::whole(&answer, &parent, "deleted").await?;
        }
        if context.output.json {
            context.output.object(&json!({ "done": !arguments.dry_run, "folder": path, "messages": count }))?;
        } else {
            let done = if arguments.dry_run { "would be deleted" } else { "deleted" };
            context.output.line(&format!("the folder {path:?} with {count} messages {done}"))?;
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

/// What a person can do about a folder that is not empty.
fn advised(failure: Failure, path: &str) -> anyhow::Error {
    let said = if matches!(failure.code(), Code::HasMessages | Code::HasFolders) {
        format!("the folder {path:?} is not empty; --recursive deletes it with what is in it")
    } else {
        format!("the folder {path:?} cannot be deleted")
    };
    anyhow::Error::new(failure).context(said)
}
