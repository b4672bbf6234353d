//! `mapi rm`: DeleteMessages.

use crate::args::RemoveArguments;
use crate::context::Context;
use crate::selection::{self, AT_ONCE, Selection};
use anyhow::Context as _;
use mapi_session::flags::{DeleteMessagesFlags, LogoffFlags};
use serde_json::json;
use std::process::ExitCode;

/// Subjects shown by `--dry-run`.
const SHOWN: usize = 20;

pub(crate) async fn run(context: &Context, arguments: &RemoveArguments) -> anyhow::Result<ExitCode> {
    let restriction = selection::restriction(&arguments.choice)?;
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let chosen = selection::messages(&store, &arguments.targets, &arguments.choice, restriction.as_ref()).await?;
    if arguments.dry_run {
        if !context.output.json {
            for selection in &chosen {
                for subject in selection::preview(selection, &store, SHOWN).await? {
                    context.output.line(&format!("  {subject}"))?;
                }
            }
        }
        say(context, arguments, &chosen, "would be deleted")?;
    } else {
        context.show_progress("deleting")?;
        let result = delete(arguments, &chosen).await;
        context.hide_progress();
        result?;
        say(context, arguments, &chosen, "deleted")?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn delete(arguments: &RemoveArguments, chosen: &[Selection]) -> anyhow::Result<()> {
    let mut flags = DeleteMessagesFlags::MESSAGE_DIALOG;
    if arguments.hard {
        flags |= DeleteMessagesFlags::DELETE_HARD_DELETE;
    }
    for selection in chosen {
        for messages in selection.messages.chunks(AT_ONCE) {
            let answer = selection.folder.delete_messages(messages, flags).await;
            let answer = answer.with_context(|| format!("the messages of {:?} cannot be deleted", selection.place))?;
            selection::whole(&answer, &selection.folder, "deleted").await?;
        }
    }
    Ok(())
}

fn say(context: &Context, arguments: &RemoveArguments, chosen: &[Selection], done: &str) -> anyhow::Result<()> {
    for selection in chosen {
        let count = selection.messages.len();
        if context.output.json {
            let (done, place) = (!arguments.dry_run, &selection.place);
            context.output.object(&json!({ "done": done, "messages": count, "from": place, "hard": arguments.hard }))?;
        } else {
            context.output.line(&format!("{count} messages of {} {done}", selection.place))?;
        }
    }
    Ok(())
}
