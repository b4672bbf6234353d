//! The `mapi` command: mail through Extended MAPI, for people (aligned columns, progress bars, sentences)
//! and for programs (`--json`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics"))]

mod address_book;
mod addresses;
mod args;
mod categories;
mod commands;
mod compose;
mod context;
mod explain;
mod forms;
mod output;
mod selection;
mod sending;
mod target;
mod terminal;

use args::{Arguments, Colour, Command};
use clap::{CommandFactory, Parser};
use context::Context;
use std::process::ExitCode;

/// Rows are many small values: the system's allocator takes a third of the time of a page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.color {
        Colour::Auto => {}
        Colour::Always => anstream::ColorChoice::Always.write_global(),
        Colour::Never => anstream::ColorChoice::Never.write_global(),
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("MAPI_LOG").unwrap_or_else(|_| "off".into()))
        .with_writer(std::io::stderr)
        .init();
    match run(arguments) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
            anstream::eprintln!("{style}mapi:{style:#} {}", terminal::harmless_lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of our output went away, as `head` does: no reason to complain.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe))
    })
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Command::Completions { shell } = arguments.command {
        clap_complete::generate(shell, &mut Arguments::command(), "mapi", &mut std::io::stdout());
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let context = Context::new(&arguments);
        match &arguments.command {
            Command::Demo(demo) => commands::demo::run(&context, demo).await,
            Command::Profile(profile) => commands::profile::run(&context, profile).await,
            Command::Service(service) => commands::service::run(&context, service).await,
            Command::Import(import) => commands::import::run(&context, import).await,
            Command::Export(export) => commands::export::run(&context, export).await,
            Command::Stores => commands::stores::run(&context).await,
            Command::Folders(folders) => commands::folders::run(&context, folders).await,
            Command::Table(table) => commands::table::run(&context, table).await,
            Command::Props(props) => commands::props::run(&context, props).await,
            Command::Show(show) => commands::show::run(&context, show).await,
            Command::Spool(spool) => commands::spool::run(&context, spool).await,
            Command::Queue { command } => commands::queue::run(&context, command.as_ref()).await,
            Command::Resolve(resolve) => commands::resolve::run(&context, resolve).await,
            Command::Ab(ab) => commands::ab::run(&context, ab).await,
            Command::Watch(watch) => commands::watch::run(&context, watch).await,
            Command::Send(send) => commands::send::run(&context, send).await,
            Command::Reply(reply) => commands::reply::run(&context, reply).await,
            Command::Form(form) => commands::form::run(&context, form).await,
            Command::Logon(logon) => commands::logon::run(&context, logon).await,
            Command::Cp(copy) => commands::copy::run(&context, copy, false).await,
            Command::Mv(copy) => commands::copy::run(&context, copy, true).await,
            Command::Rm(remove) => commands::remove::run(&context, remove).await,
            Command::Mkdir(mkdir) => commands::mkdir::run(&context, mkdir).await,
            Command::Rmdir(rmdir) => commands::rmdir::run(&context, rmdir).await,
            Command::Mark(mark) => commands::mark::run(&context, mark).await,
            Command::Identity => commands::identity::run(&context).await,
            Command::Status { command, watching } => commands::status::run(&context, command.as_ref(), watching).await,
            Command::Check(check) => commands::check::run(&context, check).await,
            Command::Backup { target } => commands::backup::backup(&context, target),
            Command::Restore { source } => commands::backup::restore(&context, source),
            Command::Completions { .. } => Ok(ExitCode::SUCCESS),
        }
    })
}
