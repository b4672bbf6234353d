//! Reference programs of the benchmarks. They do the same work with nothing of the engine or the host
//! library: wasmtime with an empty component, SQLite with plain queries, lettre with its own connection.
//!
//! `mapi-reference instantiate RUNS`, `mapi-reference first-rows FILE RUNS` and `mapi-reference smtp PORT FILE
//! RUNS` print the median in nanoseconds.

use anyhow::{Context as _, bail};
use lettre::address::Envelope;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use rusqlite::{Connection, OpenFlags};
use std::time::{Duration, Instant};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let nanoseconds = match arguments.as_slice() {
        ["instantiate", runs] => instantiate(runs.parse()?)?,
        ["first-rows", file, runs] => first_rows(file, runs.parse()?)?,
        ["smtp", port, file, runs] => smtp(port.parse()?, file, runs.parse()?)?,
        _ => bail!("usage: mapi-reference instantiate RUNS | first-rows FILE RUNS | smtp PORT FILE RUNS"),
    };
    println!("{nanoseconds}");
    Ok(())
}

fn median(mut samples: Vec<u128>) -> anyhow::Result<u128> {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().context("no run was asked for")
}

/// Instantiates the empty component in a store of its own, and drops both.
fn instantiate(runs: u32) -> anyhow::Result<u128> {
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::default()));
    config.epoch_interruption(true).concurrency_support(false);
    let engine = Engine::new(&config).map_err(anyhow::Error::from)?;
    let component = Component::new(&engine, EMPTY).map_err(anyhow::Error::from)?;
    let linker = Linker::<()>::new(&engine).instantiate_pre(&component).map_err(anyhow::Error::from)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut samples = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1_000_000);
        let instance = runtime.block_on(linker.instantiate_async(&mut store)).map_err(anyhow::Error::from)?;
        drop((instance, store));
        samples.push(start.elapsed().as_nanos());
    }
    median(samples)
}

/// Opens a store file and reads the first fifty rows of its largest folder by delivery time, newest first.
fn first_rows(file: &str, runs: u32) -> anyhow::Result<u128> {
    const DELIVERY_TIME: i64 = 0x0E06_0040;
    let mut samples = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        let order: i64 = connection.query_row(
            "SELECT orders.id FROM orders JOIN counters ON counters.container = orders.container
             WHERE tag = ?1 ORDER BY contents DESC LIMIT 1",
            [DELIVERY_TIME],
            |row| row.get(0),
        )?;
        let mut rows = connection.prepare(
            "SELECT objects.props FROM entries JOIN objects ON objects.id = entries.object
             WHERE ord = ?1 ORDER BY sort DESC, entries.arrival DESC LIMIT 50",
        )?;
        let read: Vec<Vec<u8>> = rows.query_map([order], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if read.len() != 50 {
            bail!("{file} has a folder of {} messages, not of at least 50", read.len());
        }
        drop(rows);
        drop(connection);
        samples.push(start.elapsed().as_nanos());
    }
    median(samples)
}

/// Sends every message of a file over one connection.
fn smtp(port: u16, file: &str, runs: u32) -> anyhow::Result<u128> {
    let bytes = std::fs::read(file)?;
    let mut messages = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, tail)) = rest.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length))?;
        let (message, tail) = tail.split_at_checked(length).context("the file is cut off")?;
        messages.push(message);
        rest = tail;
    }
    let envelope = Envelope::new(Some("ann@example.org".parse()?), vec!["ben@example.org".parse()?])?;
    let mut samples = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        let time = Some(Duration::from_secs(30));
        let mut connection = SmtpConnection::connect(("127.0.0.1", port), time, &ClientId::default(), None, None)?;
        for message in &messages {
            connection.send(&envelope, message)?;
        }
        connection.quit()?;
        samples.push(start.elapsed().as_nanos());
    }
    median(samples)
}
