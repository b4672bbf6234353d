//! `mapi mark`: SetReadFlags and SetMessageStatus.

use crate::args::{Mark, MarkArguments};
use crate::context::Context;
use crate::selection::{self, AT_ONCE, Selection};
use anyhow::{Context as _, bail};
use mapi_session::flags::{LogoffFlags, SetReadFlagsFlags};
use serde_json::json;
use std::process::ExitCode;

/// What a mark is in MAPI.
enum Marking {
    Read(SetReadFlagsFlags),
    /// The bits of the status, and what they become.
    Status {
        mask: u32,
        status: u32,
    },
}

pub(crate) async fn run(context: &Context, arguments: &MarkArguments) -> anyhow::Result<ExitCode> {
    let restriction = selection::restriction(&arguments.choice)?;
    let marking = marking(arguments)?;
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let chosen = selection::messages(&store, &arguments.targets, &arguments.choice, restriction.as_ref()).await?;
    context.show_progress("marking")?;
    let result = mark(&marking, &chosen).await;
    context.hide_progress();
    result?;
    let name = clap::ValueEnum::to_possible_value(&arguments.mark).map_or_else(String::new, |value| value.get_name().to_owned());
    for selection in &chosen {
        let count = selection.messages.len();
        if context.output.json {
            context.output.object(&json!({ "messages": count, "of": selection.place, "mark": name }))?;
        } else {
            context.output.line(&format!("{count} messages of {} marked as {name}", selection.place))?;
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

fn marking(arguments: &MarkArguments) -> anyhow::Result<Marking> {
    let set = |mask| Marking::Status { mask, status: mask };
    let clear = |mask| Marking::Status { mask, status: 0 };
    let marking = match arguments.mark {
        Mark::Read if arguments.no_receipt => Marking::Read(SetReadFlagsFlags::SUPPRESS_RECEIPT),
        Mark::Read => Marking::Read(SetReadFlagsFlags::empty()),
        Mark::Unread => Marking::Read(SetReadFlagsFlags::CLEAR_READ_FLAG),
        Mark::Highlighted => set(1),
        Mark::Unhighlighted => clear(1),
        Mark::Tagged => set(2),
        Mark::Untagged => clear(2),
        Mark::Delmarked => set(8),
        Mark::Undelmarked => clear(8),
    };
    if arguments.no_receipt && arguments.mark != Mark::Read {
        bail!("--no-receipt goes with \"read\" only");
    }
    Ok(marking)
}

async fn mark(marking: &Marking, chosen: &[Selection]) -> anyhow::Result<()> {
    for selection in chosen {
        let refused = || format!("the messages of {:?} cannot be marked", selection.place);
        match marking {
            Marking::Read(flags) => {
                for messages in selection.messages.chunks(AT_ONCE) {
                    let flags = *flags | SetReadFlagsFlags::MESSAGE_DIALOG;
                    let answer = selection.folder.set_read_flags(Some(messages), flags).await.with_context(refused)?;
                    selection::whole(&answer, &selection.folder, "marked").await?;
                }
            }
            Marking::Status { mask, status } => {
                for message in &selection.messages {
                    selection.folder.set_message_status(message, *status, *mask).await.with_context(refused)?;
                }
            }
        }
    }
    Ok(())
}
