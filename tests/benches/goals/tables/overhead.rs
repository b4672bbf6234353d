//! What the component costs: the same work through it and native.

use crate::fixture::Fixture;
use crate::messages::Numbers;
use crate::row::Figures;
use crate::stage::Stage;
use crate::tables::{PAGES, ROWS, about_budget, component, native, native_runs, runs_of, tree};
use crate::timing::median;
use anyhow::{Context as _, ensure};
use mapi_engine::tables::Table;
use std::time::{Duration, Instant};

/// Work that runs both ways: how long it takes natively and through the component.
struct Both {
    name: &'static str,
    native: Duration,
    component: Duration,
}

/// `tables.component_overhead`: the rows that run both ways, each through the component against native; the one in the
/// middle. Sorting, two restrictions and pages of a store that only scans, the opening of a folder and categories
/// of a store that evaluates them in its file.
pub(crate) fn component_overhead(stage: &Stage) -> anyhow::Result<Figures> {
    let mut ratios = Vec::new();
    for Both { name, native, component } in in_memory(stage)?.into_iter().chain(in_file(stage)?) {
        let ratio = component.as_secs_f64() / native.as_secs_f64();
        eprintln!("  {name}: {native:?} native, {component:?} through the component, {ratio:.2}x");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().map(Figures::alone).context("nothing was measured")
}

fn in_memory(stage: &Stage) -> anyhow::Result<[Both; 4]> {
    let sorting = native_runs(native::Mail::sorted)?.0;
    let substring = native_runs(|mail| mail.restricted(about_budget()))?.0;
    let six_nodes = native_runs(|mail| mail.restricted(tree()))?.0;
    let mail = native::Mail::open()?;
    let table = mail.table()?;
    table.sort_table(Some(super::by_subject()), 0)?;
    let page = native_pages(&table)?;
    drop((table, mail));
    stage.runtime.block_on(async {
        let mail = component::Mail::open(stage).await?;
        let both = |name, native, component| Both { name, native, component };
        Ok([
            both("tables.sort_string", sorting, component::runs(async || mail.sorted().await).await?.0),
            both("tables.page", page, component::pages(&mail).await?),
            both(
                "tables.restrict_substring",
                substring,
                component::runs(async || mail.restricted(&about_budget()).await).await?.0,
            ),
            both("tables.restrict_tree", six_nodes, component::runs(async || mail.restricted(&tree()).await).await?.0),
        ])
    })
}

fn in_file(stage: &Stage) -> anyhow::Result<[Both; 2]> {
    let fixture = Fixture::folder_of(stage, ROWS)?;
    let mail = native::Mail::of_file(&fixture)?;
    let (open, rows) = runs_of(|| Ok(mail.newest_first()?.query_rows(50, 0)?.len()))?;
    let (categories, said) = runs_of(|| mail.categories())?;
    drop(mail);
    stage.runtime.block_on(async {
        let mail = component::Mail::of_file(stage, &fixture).await?;
        let (open_through, rows_through) = component::runs(async || mail.newest().await).await?;
        let (categories_through, said_through) = component::runs(async || mail.categories().await).await?;
        ensure!(rows == rows_through && said == said_through, "the component says something else than the engine");
        let both = |name, native, component| Both { name, native, component };
        Ok([
            both("opening a folder of 1,000,000", open, open_through),
            both("tables.categories_1m", categories, categories_through),
        ])
    })
}

fn native_pages(table: &Table) -> anyhow::Result<Duration> {
    let (mut numbers, mut samples) = (Numbers(11), Vec::new());
    for _ in 0..PAGES {
        let position = u32::try_from(numbers.below(u64::from(ROWS - 50)))?;
        let start = Instant::now();
        let rows = native::Mail::page(table, position, ROWS)?;
        samples.push(start.elapsed());
        ensure!(rows == 50, "the page at {position} has {rows} rows");
    }
    median(samples)
}
