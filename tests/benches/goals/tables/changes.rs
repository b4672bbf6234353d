//! One change in a sorted, restricted view of a million rows with two levels of categories.

use crate::messages::{self, Numbers};
use crate::row::Figures;
use crate::stage::Stage;
use crate::tables::{ROWS, native, rows};
use crate::timing::{median, microseconds, p99};
use anyhow::{Context as _, ensure};
use mapi_engine::memory::MemoryStore;
use mapi_engine::tables::Table;
use mapi_session::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects as _};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{SortOrder, SortOrderSet};
use std::time::{Duration, Instant};

/// Changes measured, and changes before, with which the view begins to follow single rows.
const RUNS: u32 = 1_000;
const BEFORE: u32 = 50;

/// What is changed of a row that is modified: it moves to another place, and often to another category.
const MOVED: [PropTag; 3] = [tags::SENDER_NAME, tags::IMPORTANCE, tags::MESSAGE_DELIVERY_TIME];

/// `tables.insert`: a new row.
pub(crate) fn insert(_: &Stage) -> anyhow::Result<Figures> {
    let (inserted, ..) = measure()?;
    figures(inserted)
}

/// `tables.modify`: a row that moves.
pub(crate) fn modify(_: &Stage) -> anyhow::Result<Figures> {
    let (_, modified, _) = measure()?;
    figures(modified)
}

/// `tables.delete`: a row that goes.
pub(crate) fn delete(_: &Stage) -> anyhow::Result<Figures> {
    let (.., deleted) = measure()?;
    figures(deleted)
}

fn figures(samples: Vec<Duration>) -> anyhow::Result<Figures> {
    let slow = p99(samples.clone())?;
    Ok(Figures::spread(microseconds(median(samples)?), microseconds(slow)))
}

/// By sender and importance, the newest first.
pub(super) fn categorised() -> SortOrderSet {
    let keys = vec![
        SortOrder::ascending(tags::SENDER_NAME),
        SortOrder::descending(tags::IMPORTANCE),
        SortOrder::descending(tags::MESSAGE_DELIVERY_TIME),
    ];
    SortOrderSet { keys, categories: 2, expanded: 2 }
}

/// All made-up messages are that large.
fn large() -> Restriction {
    let tag = tags::MESSAGE_SIZE;
    Restriction::Property { relop: Relop::Ge, tag, value: Property::new(tag, Value::Long(2_000)) }
}

/// Puts rows into the view, moves each of them and takes them out again: what each change took.
fn measure() -> anyhow::Result<(Vec<Duration>, Vec<Duration>, Vec<Duration>)> {
    let (store, folder) = rows::store_and_folder()?;
    let mail = native::Mail::open()?;
    let table = mail.table()?;
    table.restrict(Some(large()), 0)?;
    table.sort_table(Some(categorised()), 0)?;
    let before = table.get_row_count(0)?.value;
    ensure!(before > ROWS, "{before} rows, headers included");
    let mut numbers = Numbers(17);
    let objects = store.reserve(BEFORE + RUNS)?;
    let (mut inserted, mut modified, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    for (object, number) in objects.iter().zip(ROWS..) {
        let properties = messages::message(number, &mut numbers).into_iter().map(Into::into).collect();
        let (object, parent) = (object.clone(), folder.clone());
        inserted.push(change(&store, &table, Change::Create { object, parent, kind: ObjectKind::Message, properties })?);
    }
    for object in &objects {
        let number = u32::try_from(numbers.below(u64::from(ROWS)))?;
        let mut set = messages::message(number, &mut numbers);
        set.retain(|property| MOVED.contains(&property.tag));
        let set = set.into_iter().map(Into::into).collect();
        let (object, expected) = (object.clone(), Expected::Exists);
        modified.push(change(&store, &table, Change::Set { object, expected, set, delete: Vec::new(), quiet: false })?);
    }
    for object in &objects {
        deleted.push(change(&store, &table, removal(object))?);
    }
    let after = table.get_row_count(0)?.value;
    ensure!(after == before, "{after} rows are left of {before}");
    for samples in [&mut inserted, &mut modified, &mut deleted] {
        samples.drain(..BEFORE as usize);
    }
    Ok((inserted, modified, deleted))
}

fn removal(object: &ObjectId) -> Change {
    Change::Remove { object: object.clone(), expected: Expected::Exists, hard: true }
}

/// Changes the store, and lets the table take it in, which is what is measured.
fn change(store: &MemoryStore, table: &Table, change: Change) -> anyhow::Result<Duration> {
    let committed = store.commit(Commit { changes: vec![change], ..Commit::default() })?;
    committed.objects.first().context("the commit did nothing")?;
    let start = Instant::now();
    table.query_position()?;
    Ok(start.elapsed())
}
