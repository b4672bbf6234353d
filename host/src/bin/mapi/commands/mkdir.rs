//! `mapi mkdir`: CreateFolder.

use crate::args::MkdirArguments;
use crate::context::Context;
use crate::target;
use anyhow::{Context as _, bail};
use mapi_session::FolderType;
use mapi_session::flags::{CreateFolderFlags, LogoffFlags};
use serde_json::json;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &MkdirArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    for path in &arguments.paths {
        let trimmed = path.trim_matches('/');
        let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        if name.is_empty() {
            bail!("{path:?} names no folder; give a path such as Archive/2024");
        }
        let parent = target::folder(&store, parent, arguments.parents).await?;
        let mut flags = CreateFolderFlags::MAPI_UNICODE;
        if arguments.parents {
            flags |= CreateFolderFlags::OPEN_IF_EXISTS;
        }
        let created = parent.create_folder(FolderType::Generic, name, arguments.comment.as_deref(), flags).await;
        created.with_context(|| format!("the folder {path:?} cannot be created"))?;
        if context.output.json {
            context.output.object(&json!({ "created": trimmed }))?;
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}
