//! Pages and searches of large folders, through the component.

use crate::client;
use crate::fixture::Fixture;
use crate::messages::Numbers;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::ensure;
use mapi_session::Table;
use mapi_session::flags::{LogoffFlags, QueryRowsFlags, RestrictFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{FL_IGNORECASE, FL_SUBSTRING, Restriction};
use mapi_session::tables::Bookmark;
use std::time::{Duration, Instant};

/// `stores.page_random_1m`: fifty rows at a random position of 1,000,000, by date.
pub(crate) fn page_random_1m(stage: &Stage) -> anyhow::Result<Figures> {
    pages(stage, false)
}

/// `tables.page_pushdown_1m`: the same by `SeekRowApprox`.
pub(crate) fn page_approximate_1m(stage: &Stage) -> anyhow::Result<Figures> {
    pages(stage, true)
}

fn pages(stage: &Stage, approximate: bool) -> anyhow::Result<Figures> {
    const ROWS: u32 = 1_000_000;
    const RUNS: u32 = 201;
    let fixture = Fixture::folder_of(stage, ROWS)?;
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let table = client::newest_first(&client::folder(&store, Some(&fixture.folder)).await?).await?;
        let (mut numbers, mut samples) = (Numbers(7), Vec::new());
        for _ in 0..RUNS {
            let position = u32::try_from(numbers.below(u64::from(ROWS - 50)))?;
            let start = Instant::now();
            if approximate {
                table.seek_row_approx(position, ROWS).await?;
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
