//! Pages and searches of large folders, through the component.

use crate::client;
use crate::fixture::Fixture;
use crate::messages::Numbers;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::{bail, ensure};
use mapi_session::flags::{GetContentsTableFlags, LogoffFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags, SortTableFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{FL_IGNORECASE, FL_SUBSTRING, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{Folder, Table};
use std::ffi::OsStr;
use std::time::{Duration, Instant};

/// `stores.page_random_1m`: fifty rows at a random position of 1,000,000, by date.
pub(crate) fn page_random_1m(stage: &Stage) -> anyhow::Result<Figures> {
    pages(stage, &Fixture::folder_of(stage, 1_000_000)?, 1_000_000, false)
}

/// `tables.page_pushdown_1m`: the same by `SeekRowApprox`.
pub(crate) fn page_approximate_1m(stage: &Stage) -> anyhow::Result<Figures> {
    pages(stage, &Fixture::folder_of(stage, 1_000_000)?, 1_000_000, true)
}

const TEN_MILLION: u32 = 10_000_000;

/// `tables.page_pushdown_10m`: the same of 10,000,000.
pub(crate) fn page_approximate_10m(stage: &Stage) -> anyhow::Result<Figures> {
    pages(stage, &Fixture::folder_of_short(stage, TEN_MILLION)?, TEN_MILLION, true)
}

/// `tables.open_pushdown_10m`: from a folder of 10,000,000 to its newest fifty messages.
pub(crate) fn open_10m(stage: &Stage) -> anyhow::Result<Figures> {
    const RUNS: u32 = 51;
    let fixture = Fixture::folder_of_short(stage, TEN_MILLION)?;
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let mut samples = Vec::new();
        // Each with the store just opened, which remembers nothing.
        for _ in 0..RUNS {
            let session = client::logon(&subsystem).await?;
            let store = client::default_store(&session).await?;
            let folder = client::folder(&store, Some(&fixture.folder)).await?;
            let start = Instant::now();
            let rows = client::newest_first(&folder).await?.query_rows(50, QueryRowsFlags::empty()).await?;
            samples.push(start.elapsed());
            ensure!(rows.len() == 50, "the page has {} rows", rows.len());
            session.logoff(LogoffFlags::empty()).await?;
        }
        Ok(Figures::alone(milliseconds(median(samples)?)))
    })
}

/// `tables.categories_1m`: from a folder of 1,000,000 to its senders, each with its counts, against one `GROUP BY` on
/// the same file.
pub(crate) fn categories_1m(stage: &Stage) -> anyhow::Result<Figures> {
    categories(stage, 1_000_000)
}

fn categories(stage: &Stage, rows: u32) -> anyhow::Result<Figures> {
    const RUNS: u32 = 11;
    let fixture = Fixture::folder_of(stage, rows)?;
    let (ours, senders) = stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let (mut samples, mut senders) = (Vec::new(), 0);
        // The first one begins to keep the orders; each other one has a store just opened, which remembers nothing.
        for run in 0..=RUNS {
            let session = client::logon(&subsystem).await?;
            let store = client::default_store(&session).await?;
            let folder = client::folder(&store, Some(&fixture.folder)).await?;
            let start = Instant::now();
            let headers = by_sender(&folder).await?;
            if run > 0 {
                samples.push(start.elapsed());
            }
            let sum = |column: usize| -> anyhow::Result<i64> {
                let counts = headers.iter().map(|row| match row.get(column).map(|cell| &cell.value) {
                    Some(Value::Long(count)) => Ok(i64::from(*count)),
                    other => bail!("a header counts {other:?}"),
                });
                counts.sum()
            };
            let (messages, unread) = (sum(1)?, sum(2)?);
            ensure!(messages == i64::from(rows) && unread == i64::from(rows) / 10, "{messages} messages, {unread} unread");
            senders = headers.len();
            session.logoff(LogoffFlags::empty()).await?;
        }
        anyhow::Ok((median(samples)?, senders))
    })?;
    let (runs, senders) = (RUNS.to_string(), senders.to_string());
    let arguments = [OsStr::new("groups"), fixture.file.as_os_str(), OsStr::new(&runs), OsStr::new(&senders)];
    Ok(Figures::against(milliseconds(ours), milliseconds(stage.reference(&arguments)?)))
}

/// The first page of a folder by sender, collapsed.
async fn by_sender(folder: &Folder) -> anyhow::Result<Vec<Vec<Property>>> {
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::SENDER_NAME, tags::CONTENT_COUNT, tags::CONTENT_UNREAD], SetColumnsFlags::empty()).await?;
    let keys = vec![SortOrder::ascending(tags::SENDER_NAME)];
    table.sort_table(SortOrderSet { keys, categories: 1, expanded: 0 }, SortTableFlags::empty()).await?;
    Ok(table.query_rows(50, QueryRowsFlags::empty()).await?)
}

fn pages(stage: &Stage, fixture: &Fixture, count: u32, approximate: bool) -> anyhow::Result<Figures> {
    const RUNS: u32 = 201;
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let table = client::newest_first(&client::folder(&store, Some(&fixture.folder)).await?).await?;
        let (mut numbers, mut samples) = (Numbers(7), Vec::new());
        for _ in 0..RUNS {
            let position = u32::try_from(numbers.below(u64::from(count - 50)))?;
            let start = Instant::now();
            if approximate {
                table.seek_row_approx(position, count).await?;
            } else {
                table.seek_row(Bookmark::BEGINNING, i32::try_from(position)?).await?;
            }
            let rows = table.query_rows(50, QueryRowsFlags::empty()).await?;
            samples.push(start.elapsed());
            let reached = table.query_position().await?.row;
            ensure!(reached == position + 50 && rows.len() == 50, "row {position}: to {reached}, {} rows", rows.len());
        }
        session.logoff(LogoffFlags::empty()).await?;
        Ok(Figures::alone(milliseconds(median(samples)?)))
    })
}

/// What people look for in the corpus, a list for developers. Each term is different, so that no search is
/// answered from what another one left behind.
const BODY_TERMS: [&str; 15] = [
    "regulator",
    "stm32mp157c",
    "device tree",
    "reviewed-by: patrick",
    "boot_device",
    "ethernet",
    "pinctrl",
    "sd card",
    "env_size",
    "kconfig",
    "default-trigger",
    "fail to",
    "op-tee",
    "dfu",
    "dm-pre-reloc",
];

const SHORT_TERMS: [&str; 15] = ["dm", "v2", "sd", "dt", "ti", "ok", "i2", "x", "q", "é", "z9", "@@", "if", "mx", "3c"];

const SUBJECT_TERMS: [&str; 15] = [
    "pinctrl",
    "[patch v3",
    "ethernet",
    "dt-bindings",
    "usb",
    "clk:",
    "fix",
    "pull",
    "spl",
    "optee",
    "video",
    "i2c",
    "stm32mp15",
    "revert",
    "rfc",
];

/// `stores.search_body`: terms of three and more characters.
pub(crate) fn search_body(stage: &Stage) -> anyhow::Result<Figures> {
    search(stage, tags::BODY, &BODY_TERMS)
}

/// `stores.search_body_short`: terms of one and two characters.
pub(crate) fn search_body_short(stage: &Stage) -> anyhow::Result<Figures> {
    search(stage, tags::BODY, &SHORT_TERMS)
}

/// `stores.search_subject`.
pub(crate) fn search_subject(stage: &Stage) -> anyhow::Result<Figures> {
    search(stage, tags::SUBJECT, &SUBJECT_TERMS)
}

/// From the restriction to the number of hits and the newest fifty of them. Each round begins with the store
/// closed, which forgets earlier answers.
fn search(stage: &Stage, tag: PropTag, terms: &[&str]) -> anyhow::Result<Figures> {
    const ROUNDS: u32 = 5;
    let fixture = Fixture::archive(stage)?;
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let mut samples = Vec::new();
        for _ in 0..ROUNDS {
            let session = client::logon(&subsystem).await?;
            let store = client::default_store(&session).await?;
            let table = client::newest_first(&client::folder(&store, Some(&fixture.folder)).await?).await?;
            // Opens the connections.
            hits(&table, tag, "a term nobody wrote").await?;
            for term in terms {
                let (time, count) = hits(&table, tag, term).await?;
                if samples.len() < terms.len() {
                    eprintln!("  {term:?}: {count} hits, {:.2} ms", milliseconds(time));
                }
                samples.push(time);
            }
            session.logoff(LogoffFlags::empty()).await?;
        }
        Ok(Figures::alone(milliseconds(median(samples)?)))
    })
}

async fn hits(table: &Table, tag: PropTag, term: &str) -> anyhow::Result<(Duration, u32)> {
    let restriction = Restriction::Content {
        fuzzy: FL_SUBSTRING | FL_IGNORECASE,
        tag,
        value: Property::new(tag, Value::Unicode(term.to_owned())),
    };
    let start = Instant::now();
    table.restrict(Some(&restriction), RestrictFlags::empty()).await?;
    let count = table.get_row_count().await?.value;
    let rows = table.query_rows(50, QueryRowsFlags::empty()).await?;
    let time = start.elapsed();
    ensure!(rows.len() == usize::try_from(count)?.min(50), "{term:?}: {count} hits, a page of {}", rows.len());
    Ok((time, count))
}
