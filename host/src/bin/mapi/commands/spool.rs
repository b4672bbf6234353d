//! `mapi spool`: gives the spooler its turns, so that queued messages go out and waiting mail comes in.

use super::queue;
use crate::args::SpoolArguments;
use crate::context::Context;
use mapi_session::Subsystem;
use mapi_session::flags::LogoffFlags;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// How long one turn may take before the command looks whether it is to stop.
const TURN: Duration = Duration::from_millis(200);
/// How long to rest when there is nothing to do.
const REST: Duration = Duration::from_secs(1);

pub(crate) async fn run(context: &Context, arguments: &SpoolArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    if arguments.follow && !arguments.once {
        let stopped = tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped.map_err(anyhow::Error::from),
            turned = follow(&subsystem) => turned,
        };
        stopped?;
    } else {
        turn_until_idle(&subsystem).await?;
    }
    let waiting = queue::rows(&store).await?;
    session.logoff(LogoffFlags::empty()).await?;
    if context.output.json {
        context.output.object(&json!({ "waiting": waiting.len() }))?;
    } else {
        match waiting.len() {
            0 => context.output.line("No message waits to be sent.")?,
            1 => context.output.line("1 message waits to be sent; `mapi queue` shows why.")?,
            count => context.output.line(&format!("{count} messages wait to be sent; `mapi queue` shows why."))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn follow(subsystem: &Subsystem) -> anyhow::Result<()> {
    loop {
        turn_until_idle(subsystem).await?;
        tokio::time::sleep(REST).await;
    }
}

/// Turns until nothing is left to do now.
pub(crate) async fn turn_until_idle(subsystem: &Subsystem) -> anyhow::Result<()> {
    while subsystem.pump(TURN).await?.more {}
    Ok(())
}
