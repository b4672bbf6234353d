//! Tables of a million messages of which the store only scans: sorting and restricting is the engine's work.
//!
//! What is native is the engine as a Rust library; the reference program has the same rows in a file.

mod changes;
mod component;
mod memory;
mod native;
mod overhead;
mod rows;

pub(crate) use changes::{delete, insert, modify};
pub(crate) use memory::memory;
pub(crate) use overhead::component_overhead;

use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, microseconds, milliseconds};
use anyhow::ensure;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{BitRelation, FL_IGNORECASE, FL_SUBSTRING, Relop, Restriction};
use mapi_session::tables::{SortOrder, SortOrderSet};
use std::ffi::OsStr;
use std::time::{Duration, Instant};

const ROWS: u32 = 1_000_000;

/// Each of them takes seconds.
const RUNS: u32 = 3;

/// Pages read of a sorted table.
const PAGES: u32 = 501;

fn by_subject() -> SortOrderSet {
    SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)])
}

fn newest_first() -> SortOrderSet {
    SortOrderSet::plain(vec![SortOrder::descending(tags::MESSAGE_DELIVERY_TIME)])
}

fn by_sender() -> SortOrderSet {
    SortOrderSet { keys: vec![SortOrder::ascending(tags::SENDER_NAME)], categories: 1, expanded: 0 }
}

const CATEGORY_COLUMNS: [PropTag; 3] = [tags::SENDER_NAME, tags::CONTENT_COUNT, tags::CONTENT_UNREAD];

fn about_budget() -> Restriction {
    let value = Property::new(tags::SUBJECT, Value::Unicode("Budget".into()));
    Restriction::Content { fuzzy: FL_SUBSTRING | FL_IGNORECASE, tag: tags::SUBJECT, value }
}

/// Six nodes: read, and about the budget, and either important or large. The reference program has it in Rust.
fn tree() -> Restriction {
    let long = |tag, relop, value| Restriction::Property { relop, tag, value: Property::new(tag, Value::Long(value)) };
    Restriction::And(vec![
        Restriction::Bitmask { relation: BitRelation::Nez, tag: tags::MESSAGE_FLAGS, mask: 1 },
        about_budget(),
        Restriction::Or(vec![long(tags::IMPORTANCE, Relop::Eq, 2), long(tags::MESSAGE_SIZE, Relop::Ge, 40_000)]),
    ])
}

/// As [`runs_of`] on the rows in memory.
fn native_runs<T: PartialEq>(work: impl Fn(&native::Mail) -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let mail = native::Mail::open()?;
    runs_of(|| work(&mail))
}

/// The median of the same work, and what comes of it.
fn runs_of<T: PartialEq>(work: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let first = work()?;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let value = work()?;
        samples.push(start.elapsed());
        ensure!(value == first, "the same work came to something else");
    }
    Ok((median(samples)?, first))
}

/// `tables.sort_string`: by subject, against `sort_by_cached_key` on the folded subjects.
pub(crate) fn sort_string(stage: &Stage) -> anyhow::Result<Figures> {
    let file = rows::file(stage, ROWS)?;
    let (ours, _) = native_runs(native::Mail::sorted)?;
    let reference = stage.reference(&[OsStr::new("sort"), file.as_ref()])?;
    Ok(Figures::against(milliseconds(ours), milliseconds(reference)))
}

/// `tables.sort_string_component`: the same through the component, against the engine as a library.
pub(crate) fn sort_string_component(stage: &Stage) -> anyhow::Result<Figures> {
    let (native, first) = native_runs(native::Mail::sorted)?;
    let ours = stage.runtime.block_on(async {
        let mail = component::Mail::open(stage).await?;
        let (time, met) = component::runs(async || mail.sorted().await).await?;
        ensure!(met == first, "the first subject is {met:?} through the component, {first:?} native");
        anyhow::Ok(time)
    })?;
    Ok(Figures::against(milliseconds(ours), milliseconds(native)))
}

/// `tables.restrict_substring`: how many subjects a second are looked through, whatever their case.
pub(crate) fn restrict_substring(_: &Stage) -> anyhow::Result<Figures> {
    let (ours, left) = native_runs(|mail| mail.restricted(about_budget()))?;
    eprintln!("  {left} of {ROWS} rows pass");
    Ok(Figures::alone(f64::from(ROWS) / ours.as_secs_f64() / 1e6))
}

/// `tables.restrict_tree`: a tree of six nodes, against the same written in Rust.
pub(crate) fn restrict_tree(stage: &Stage) -> anyhow::Result<Figures> {
    let file = rows::file(stage, ROWS)?;
    let (ours, left) = native_runs(|mail| mail.restricted(tree()))?;
    eprintln!("  {left} of {ROWS} rows pass");
    let reference = stage.reference(&[OsStr::new("tree"), file.as_ref(), OsStr::new(&left.to_string())])?;
    Ok(Figures::against(milliseconds(ours), milliseconds(reference)))
}

/// `tables.page`: fifty rows at a random position of a sorted table, through the component.
pub(crate) fn page(stage: &Stage) -> anyhow::Result<Figures> {
    stage.runtime.block_on(async {
        let mail = component::Mail::open(stage).await?;
        mail.sorted().await?;
        Ok(Figures::alone(microseconds(component::pages(&mail).await?)))
    })
}
