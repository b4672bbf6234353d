//! Reference programs of the benchmarks. They do the same work with nothing of the engine or the host
//! library: wasmtime with an empty component, SQLite with plain queries, lettre with its own connection.
//!
//! `mapi-reference instantiate RUNS`, `mapi-reference first-rows FILE RUNS`, `mapi-reference commits FILE`,
//! `mapi-reference groups FILE RUNS EXPECTED`, `mapi-reference smtp PORT FILE RUNS`, `mapi-reference sort FILE` and `mapi-reference tree FILE EXPECTED` print the
//! median in nanoseconds.

mod tables;

use anyhow::{Context as _, bail};
use lettre::address::Envelope;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use rusqlite::{Connection, OpenFlags};
use std::time::{Duration, Instant};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

/// The allocator the programs measured against this one have.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let nanoseconds = match arguments.as_slice() {
        ["instantiate", runs] => instantiate(runs.parse()?)?,
        ["first-rows", file, runs] => first_rows(file, runs.parse()?)?,
        ["commits", file] => commits(file)?,
        ["groups", file, runs, expected] => groups(file, runs.parse()?, expected.parse()?)?,
        ["smtp", port, file, runs] => smtp(port.parse()?, file, runs.parse()?)?,
        ["sort", file] => tables::sort(file)?,
        ["tree", file, expected] => tables::tree(file, expected.parse()?)?,
        _ => bail!(
            "usage: mapi-reference instantiate RUNS | first-rows FILE RUNS | commits FILE | groups FILE RUNS EXPECTED | \
             smtp PORT FILE RUNS | sort FILE | tree FILE EXPECTED"
        ),
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
    let engine = engine(Enabled::Yes).or_else(|_| engine(Enabled::No)).map_err(anyhow::Error::from)?;
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

/// An engine with the settings of `host/src/runtime/engine.rs`.
fn engine(scan: Enabled) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1_000)
        .total_core_instances(3_000)
        .total_memories(1_000)
        .total_tables(2_000)
        .total_stacks(1_000)
        .table_elements(20_000)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .linear_memory_keep_resident(if scan == Enabled::Yes { 256 << 10 } else { 0 })
        .pagemap_scan(scan);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.epoch_interruption(true).concurrency_support(false);
    Engine::new(&config)
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
            "SELECT bags.props FROM entries JOIN bags ON bags.id = entries.object
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

/// Groups the messages of the largest folder of a store file by sender: how many there are of each, how many of them
/// unread, and which came first.
fn groups(file: &str, runs: u32, expected: usize) -> anyhow::Result<u128> {
    const SENDER_NAME: i64 = 0x0C1A_001F;
    let mut samples = Vec::new();
    for _ in 0..runs {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        let start = Instant::now();
        let order: i64 = connection.query_row(
            "SELECT orders.id FROM orders JOIN counters ON counters.container = orders.container
             WHERE tag = ?1 ORDER BY contents DESC LIMIT 1",
            [SENDER_NAME],
            |row| row.get(0),
        )?;
        let mut rows = connection.prepare(
            "SELECT sort, count(*), sum(unread), min(entries.arrival) FROM entries JOIN objects ON objects.id = entries.object
             WHERE ord = ?1 GROUP BY sort",
        )?;
        let groups: Vec<(Vec<u8>, i64, i64, i64)> =
            rows.query_map([order], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect::<Result<_, _>>()?;
        samples.push(start.elapsed().as_nanos());
        if groups.len() != expected {
            bail!("{} senders, not {expected}", groups.len());
        }
    }
    median(samples)
}

/// Writes the rows of every message of a store file into a new file beside it, a durable transaction for each
/// message: its object and the object's properties, its entries in the orders kept, its searched texts, and its record in the feed.
fn commits(file: &str) -> anyhow::Result<u128> {
    const MESSAGE: i64 = 3;
    type Object = (i64, i64, i64, i64, i64, i64, i64, Option<i64>, Vec<u8>);
    type Entry = (i64, Vec<u8>, i64, i64);
    let source = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut objects = source.prepare(
        "SELECT id, parent, class, arrival, kind, version, unread, text, props FROM objects JOIN bags USING (id)
         WHERE kind = ?1 ORDER BY id",
    )?;
    let objects: Vec<Object> = objects
        .query_map([MESSAGE], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
                row.get(8)?,
            ))
        })?
        .collect::<Result<_, _>>()?;
    let mut entries = source.prepare("SELECT ord, sort, arrival, object FROM entries WHERE object = ?1")?;
    let path = std::path::Path::new(file).with_extension("reference");
    let target = Connection::open(&path)?;
    for (name, value) in [("page_size", "8192"), ("journal_mode", "wal"), ("synchronous", "full"), ("cache_size", "-8192")] {
        target.pragma_update(None, name, value)?;
    }
    target.execute_batch(
        "CREATE TABLE objects(id INTEGER PRIMARY KEY, parent INTEGER, class INTEGER, arrival INTEGER, kind INTEGER,
           version INTEGER, unread INTEGER, text INTEGER);
         CREATE TABLE bags(id INTEGER PRIMARY KEY, props BLOB);
         CREATE INDEX children ON objects(parent, class, arrival);
         CREATE TABLE entries(ord INTEGER, sort BLOB, arrival INTEGER, object INTEGER,
           PRIMARY KEY (ord, sort, arrival)) WITHOUT ROWID;
         CREATE TABLE tail(serial INTEGER PRIMARY KEY, object INTEGER, texts BLOB);
         CREATE TABLE feed(number INTEGER PRIMARY KEY, records BLOB);",
    )?;
    let mut samples = Vec::new();
    for object in &objects {
        let entries: Vec<Entry> = entries
            .query_map([object.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<Result<_, _>>()?;
        let start = Instant::now();
        let transaction = target.unchecked_transaction()?;
        target
            .prepare_cached("INSERT INTO objects VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute((object.0, object.1, object.2, object.3, object.4, object.5, object.6, object.7))?;
        target.prepare_cached("INSERT INTO bags VALUES (?1, ?2)")?.execute((object.0, &object.8))?;
        for entry in &entries {
            target
                .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4)")?
                .execute((entry.0, &entry.1, entry.2, entry.3))?;
        }
        // Of the texts only their size counts here.
        target.prepare_cached("INSERT INTO tail(object, texts) VALUES (?1, zeroblob(150))")?.execute([object.0])?;
        target.prepare_cached("INSERT INTO feed(records) VALUES (zeroblob(12))")?.execute([])?;
        transaction.commit()?;
        samples.push(start.elapsed().as_nanos());
    }
    drop(target);
    std::fs::remove_file(&path)?;
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
