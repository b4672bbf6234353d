//! What the component costs: the same work through it and native.

use crate::messages::Numbers;
use crate::row::Figures;
use crate::stage::Stage;
use crate::tables::{PAGES, ROWS, about_budget, component, native, native_runs, tree};
use crate::timing::median;
use anyhow::{Context as _, ensure};
use std::time::{Duration, Instant};

/// `tables.component_overhead`: sorting, two restrictions and pages, each through the component against native; the
/// one in the middle.
pub(crate) fn component_overhead(stage: &Stage) -> anyhow::Result<Figures> {
    let natively = [
        native_runs(native::Mail::sorted)?.0,
        native_runs(|mail| mail.restricted(about_budget()))?.0,
        native_runs(|mail| mail.restricted(tree()))?.0,
        native_pages()?,
    ];
    let through = stage.runtime.block_on(async {
        let mail = component::Mail::open(stage).await?;
        anyhow::Ok([
            component::runs(async || mail.sorted().await).await?.0,
            component::runs(async || mail.restricted(&about_budget()).await).await?.0,
            component::runs(async || mail.restricted(&tree()).await).await?.0,
            component::pages(&mail).await?,
        ])
    })?;
    let names = ["sorting", "a substring", "a tree", "a page"];
    let mut ratios = Vec::new();
    for ((name, native), component) in names.iter().zip(natively).zip(through) {
        let ratio = component.as_secs_f64() / native.as_secs_f64();
        eprintln!("  {name}: {native:?} native, {component:?} through the component, {ratio:.2}x");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    // Of an even number the greater one in the middle.
    ratios.get(ratios.len() / 2).copied().map(Figures::alone).context("nothing was measured")
}

fn native_pages() -> anyhow::Result<Duration> {
    let mail = native::Mail::open()?;
    let table = mail.table()?;
    table.sort_table(Some(super::by_subject()), 0)?;
    let (mut numbers, mut samples) = (Numbers(11), Vec::new());
    for _ in 0..PAGES {
        let position = u32::try_from(numbers.below(u64::from(ROWS - 50)))?;
        let start = Instant::now();
        let rows = native::Mail::page(&table, position, ROWS)?;
        samples.push(start.elapsed());
        ensure!(rows == 50, "the page at {position} has {rows} rows");
    }
    median(samples)
}
