//! Developer tasks: `cargo xtask <task>`.

#[path = "../../host/build/component.rs"]
mod component;
#[path = "../../host/build/toolchain.rs"]
mod toolchain;

mod bench;
mod coverage;
mod demo;
mod dist;
mod guests;
mod javascript;
mod mail_server;
mod mutants;
mod python;
mod setup;
mod soak;
mod tables_faults;
mod test;
mod world;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Developer tasks of mapi-session.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the WebAssembly target usable and install what the tests need; safe to run again.
    Setup,
    /// Build and tell the whole story, on a sample mailbox or on an archive.
    Demo {
        /// mbox, Maildir or .eml, plain or compressed.
        archive: Option<PathBuf>,
    },
    /// Run every test.
    Test {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Renew the committed copy of the world.
    World,
    /// Renew what docs/coverage.md says of the conformance table.
    Coverage,
    /// Measure the goals: every row, or those of an area.
    Bench {
        /// An area (host, session, stores, transport) or a row.
        areas: Vec<String>,
        /// Print one JSON object a row.
        #[arg(long)]
        json: bool,
    },
    /// Run long campaigns: kill -9 at random moments, random programs, fuzzing.
    Soak {
        /// The campaign; absent: all of them, one after the other.
        name: Option<String>,
        #[command(flatten)]
        length: soak::Length,
    },
    /// Replace the bodies of functions of the session, profile and status modules, one after the other, and list
    /// those that no test notices.
    Mutants {
        /// Bodies give plain answers, instead of an early MAPI_E_NO_SUPPORT.
        #[arg(long)]
        plain: bool,
    },
    /// Build target/dist/session.wasm, session.wit and mapi.
    Dist,
    /// Build the plugins of examples/plugin-host.
    Plugins,
    /// Build the page and serve it on this machine.
    Web {
        /// The port.
        #[arg(default_value_t = 8025)]
        port: u16,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Setup => setup::setup().and_then(|()| mail_server::setup()),
        Task::Demo { archive } => demo::demo(archive.as_deref()),
        Task::Test { arguments } => test::test(&arguments),
        Task::World => world::world(),
        Task::Coverage => coverage::coverage(),
        Task::Bench { areas, json } => bench::bench(&areas, json),
        Task::Soak { name, length } => soak::soak(name.as_deref(), length),
        Task::Mutants { plain } => mutants::mutants(plain),
        Task::Dist => dist::dist(),
        Task::Plugins => setup::setup().and_then(|()| guests::plugins()),
        Task::Web { port } => javascript::web(port),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The directory of the workspace.
fn root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

/// The `cargo` that runs this task, in the workspace's directory.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` says of this program would make build scripts run again that look at it, and what depends on them.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}

/// Runs a command to its end; its failure is an error that names it.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} could not be started"))?;
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        bail!("`{name} {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}
