//! Runs the plugins a file grants something, all at the same time, against a data folder.

use anyhow::{Context, Result};
use clap::Parser;
use mapi_session::{Backends, Engine, EngineOptions};
use plugin_host::audit::Audit;
use plugin_host::grants::Plugins;
use plugin_host::sandbox::{Outcome, Sandbox};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Runs untrusted plugins against a data folder, each under its own grant. Ctrl-C kills them.
#[derive(Parser)]
struct Arguments {
    /// The data folder, as of `mapi --data`.
    #[arg(long)]
    data: PathBuf,
    /// What is granted to whom.
    #[arg(long)]
    grants: PathBuf,
    /// The audit log; lines are added to it.
    #[arg(long)]
    audit: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let text = fs::read_to_string(&arguments.grants).with_context(|| arguments.grants.display().to_string())?;
    let plugins: Plugins = toml::from_str(&text).with_context(|| arguments.grants.display().to_string())?;
    let log = OpenOptions::new().create(true).append(true).open(&arguments.audit);
    let log = log.with_context(|| arguments.audit.display().to_string())?;
    let engine = Engine::new(&EngineOptions::default().with_cache(arguments.data.join("cache")))?;
    let sandbox = Sandbox::new(&engine, Backends::embedded(&arguments.data)?, Audit::new(log))?;

    let mut running = JoinSet::new();
    let mut kills = Vec::new();
    for plugin in plugins.plugins {
        let bytes = fs::read(&plugin.component).with_context(|| plugin.component.display().to_string())?;
        let component = sandbox.compile(&bytes).with_context(|| plugin.component.display().to_string())?;
        let (sandbox, kill) = (sandbox.clone(), Arc::new(Notify::new()));
        kills.push(Arc::clone(&kill));
        running.spawn(async move {
            let outcome = sandbox.run(&plugin, &component, &kill).await;
            (plugin.name, outcome)
        });
    }
    loop {
        tokio::select! {
            ended = running.join_next() => match ended {
                None => return Ok(()),
                Some(ended) => {
                    let (name, outcome) = ended?;
                    report(&name, outcome);
                }
            },
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                kills.iter().for_each(|kill| kill.notify_one());
            }
        }
    }
}

/// What a plugin says is shown escaped: it must not act on a terminal.
fn report(name: &str, outcome: Result<Outcome>) {
    match outcome {
        Ok(Outcome::Done(said)) => said.lines().take(100).for_each(|line| println!("{name}: {}", line.escape_debug())),
        Ok(Outcome::Failed(said)) => println!("{name} failed: {}", said.escape_debug()),
        Ok(Outcome::Ended(why)) => println!("{name} was ended: {why}"),
        Err(error) => println!("{name} could not be run: {error:#}"),
    }
}
