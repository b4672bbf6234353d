//! The measured goals: each row is our figure, the reference on the same work in the same run, and the goal.
//!
//! `cargo xtask bench [AREA] [--json]` builds this program and `mapi-reference` in the release profile and
//! runs it. A row that cannot be produced is missing and fails, as does a missed goal.

mod allocated;
mod client;
mod commits;
mod engine;
mod fixture;
mod host;
mod import;
mod javascript;
mod logon;
mod messages;
mod notify;
mod opening;
mod python;
mod row;
mod session;
mod sink;
mod stage;
mod stores;
mod tables;
mod timing;
mod transport;
mod writing;

use anyhow::{Context as _, ensure};
use row::{Goal, Row};
use stage::Stage;
use std::path::PathBuf;
use std::process::ExitCode;

/// A row, and how it is measured.
struct Bench {
    name: &'static str,
    unit: &'static str,
    goal: Goal,
    measure: fn(&Stage) -> anyhow::Result<row::Figures>,
}

const BENCHES: [Bench; 38] = [
    Bench { name: "host.browser_scroll", unit: "ms", goal: Goal::Under(16.0), measure: javascript::browser_scroll },
    Bench { name: "host.instantiate", unit: "µs", goal: Goal::RatioAtMost(4.0), measure: host::instantiate },
    Bench { name: "host.engine", unit: "µs", goal: Goal::RatioAtMost(1.5), measure: engine::ten_operations },
    Bench { name: "host.node_table", unit: "ms", goal: Goal::RatioAtMost(4.0), measure: javascript::node_table },
    Bench { name: "host.python_table", unit: "ms", goal: Goal::Under(500.0), measure: python::table },
    Bench { name: "host.sessions_10k", unit: "KiB", goal: Goal::Under(512.0), measure: logon::sessions_10k },
    Bench { name: "session.cold", unit: "ms", goal: Goal::UnderAndPart(15.0, 10.0, "without the store"), measure: logon::cold },
    Bench { name: "session.first_page_100k", unit: "ms", goal: Goal::RatioAtMost(1.3), measure: session::first_page_100k },
    Bench { name: "session.idle", unit: "KiB", goal: Goal::Under(512.0), measure: logon::idle },
    Bench { name: "session.logon_concurrent", unit: "logons/s", goal: Goal::AtLeast(2_000.0), measure: logon::concurrent },
    Bench { name: "session.notify", unit: "ms", goal: Goal::Under(50.0), measure: notify::notify },
    Bench { name: "session.warm", unit: "ms", goal: Goal::RatioAtMost(6.0), measure: session::warm },
    Bench { name: "session.warm_full", unit: "ms", goal: Goal::Under(1.0), measure: logon::warm_full },
    Bench { name: "stores.commit", unit: "messages/s", goal: Goal::RatioAtLeast(0.5), measure: commits::single },
    Bench { name: "stores.copy_10k", unit: "ms", goal: Goal::Under(2_000.0), measure: writing::copy_10k },
    Bench { name: "stores.delete_25k", unit: "ms", goal: Goal::Under(1_000.0), measure: writing::delete_25k },
    Bench { name: "stores.open_message", unit: "µs", goal: Goal::Under(300.0), measure: opening::open_message },
    Bench { name: "stores.import", unit: "messages/s", goal: Goal::AtLeast(1_200.0), measure: import::indexed },
    Bench { name: "stores.import_deferred", unit: "messages/s", goal: Goal::AtLeast(2_000.0), measure: import::deferred },
    Bench { name: "stores.page_random_1m", unit: "ms", goal: Goal::Under(3.0), measure: stores::page_random_1m },
    Bench { name: "stores.search_body", unit: "ms", goal: Goal::Under(8.0), measure: stores::search_body },
    Bench { name: "stores.search_body_short", unit: "ms", goal: Goal::Under(80.0), measure: stores::search_body_short },
    Bench { name: "stores.search_subject", unit: "ms", goal: Goal::Under(3.0), measure: stores::search_subject },
    Bench { name: "tables.categories_1m", unit: "ms", goal: Goal::UnderAndAtMost(150.0, 1.5), measure: stores::categories_1m },
    Bench { name: "tables.component_overhead", unit: "x", goal: Goal::AtMost(1.3), measure: tables::component_overhead },
    Bench { name: "tables.delete", unit: "µs", goal: Goal::UnderBoth(20.0, 100.0), measure: tables::delete },
    Bench { name: "tables.insert", unit: "µs", goal: Goal::UnderBoth(20.0, 100.0), measure: tables::insert },
    Bench { name: "tables.memory", unit: "bytes", goal: Goal::AtMost(96.0), measure: tables::memory },
    Bench { name: "tables.modify", unit: "µs", goal: Goal::UnderBoth(20.0, 100.0), measure: tables::modify },
    Bench { name: "tables.open_pushdown_10m", unit: "ms", goal: Goal::Under(3.0), measure: stores::open_10m },
    Bench { name: "tables.page", unit: "µs", goal: Goal::Under(100.0), measure: tables::page },
    Bench { name: "tables.page_pushdown_10m", unit: "ms", goal: Goal::Under(3.0), measure: stores::page_approximate_10m },
    Bench { name: "tables.page_pushdown_1m", unit: "ms", goal: Goal::Under(3.0), measure: stores::page_approximate_1m },
    Bench { name: "tables.restrict_substring", unit: "M rows/s", goal: Goal::AtLeast(15.0), measure: tables::restrict_substring },
    Bench { name: "tables.restrict_tree", unit: "ms", goal: Goal::RatioAtMost(2.0), measure: tables::restrict_tree },
    Bench { name: "tables.sort_string", unit: "ms", goal: Goal::RatioAtMost(1.3), measure: tables::sort_string },
    Bench {
        name: "tables.sort_string_component",
        unit: "ms",
        goal: Goal::RatioAtMost(1.5),
        measure: tables::sort_string_component,
    },
    Bench { name: "transport.submit_1k", unit: "messages/s", goal: Goal::RatioAtLeast(0.8), measure: transport::submit_1k },
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every row asked for met its goal.
fn run() -> anyhow::Result<bool> {
    let mut json = false;
    let (mut areas, mut reference, mut python) = (Vec::new(), None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            // This program is its own second process.
            notify::COMMITTER => {
                let (file, folder) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
                return notify::committer(file.as_ref(), &folder).map(|()| true);
            }
            logon::FIRST_LOGON => {
                let (cache, data) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
                return logon::first_logon(cache.as_ref(), data.as_ref()).map(|()| true);
            }
            "--reference" => reference = arguments.next().map(PathBuf::from),
            "--python" => python = arguments.next().map(PathBuf::from),
            // What cargo passes to every benchmark.
            "--bench" => {}
            _ => areas.push(argument),
        }
    }
    let wanted = |bench: &&Bench| areas.is_empty() || areas.iter().any(|area| is_in(bench.name, area));
    let benches: Vec<&Bench> = BENCHES.iter().filter(wanted).collect();
    ensure!(
        !benches.is_empty(),
        "no row is in the area {}; areas are host, session, stores, tables and transport",
        areas.join(", ")
    );
    let stage = Stage::new(reference, python).context("the benchmarks cannot be set up")?;
    let mut rows = Vec::new();
    for bench in benches {
        eprintln!("{} …", bench.name);
        let figures = (bench.measure)(&stage);
        if let Err(error) = &figures {
            eprintln!("{} is missing: {error:#}", bench.name);
        }
        rows.push(Row { name: bench.name, unit: bench.unit, goal: bench.goal, figures: figures.ok() });
    }
    if json {
        row::print_json(&rows)?;
    } else {
        row::print_table(&rows)?;
    }
    Ok(rows.iter().all(Row::met))
}

/// Whether a row is the one named, or of the area named.
fn is_in(name: &str, area: &str) -> bool {
    let area = area.trim_end_matches('.');
    name == area || name.strip_prefix(area).is_some_and(|rest| rest.starts_with('.'))
}
