//! Stretches of a kept order: where reading it begins, in which direction, and where it ends.

use crate::backends::sqlite::orders::{Directory, Order, Place, key_of_sort};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::RowKey;
use rusqlite::Connection;

/// A stretch of an order, read in one direction.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) descending: bool,
    pub(super) skip: u64,
}

impl Run {
    fn holds(&self, place: &Place) -> bool {
        self.from <= *place && *place < self.to
    }
}

/// The stretches that make an order: absent values come last in both directions.
pub(super) fn runs(order: &Order, descending: bool, backwards: bool) -> Vec<Run> {
    let run = |from, to, descending| Run { from, to, descending, skip: 0 };
    if !descending || order.tag == 0 {
        return vec![run(Place::first(), Place::last(), descending != backwards)];
    }
    let present = run(Place::first(), Place::absent(), !backwards);
    let absent = run(Place::absent(), Place::last(), !backwards);
    if backwards { vec![absent, present] } else { vec![present, absent] }
}

/// The place of a row in a kept order.
pub(super) fn place_of(order: &Order, key: &RowKey) -> Place {
    order.place(key.keys.first().and_then(Option::as_deref), i64::try_from(key.arrival).unwrap_or(i64::MAX))
}

/// The key of an entry of a kept order.
pub(super) fn key_of(order: &Order, place: &Place) -> RowKey {
    let keys = if order.tag == 0 { Vec::new() } else { vec![key_of_sort(&place.sort)] };
    RowKey { keys, arrival: place.arrival.cast_unsigned() }
}

/// Cuts the stretches so that reading begins at that place.
pub(super) fn begin_at(mut runs: Vec<Run>, place: &Place, included: bool) -> Vec<Run> {
    let Some(first) = runs.iter().position(|run| run.holds(place)) else {
        // Places of one order lie in one of its stretches, so this one is of no row.
        return runs;
    };
    runs.drain(..first);
    if let Some(run) = runs.first_mut() {
        match (run.descending, included) {
            (false, true) => run.from = place.clone(),
            (false, false) => run.from = place.next(),
            (true, true) => run.to = place.next(),
            (true, false) => run.to = place.clone(),
        }
    }
    runs
}

/// The stretches from the row at that position on.
pub(super) fn begin_at_position(
    connection: &Connection,
    directory: &Directory,
    order: &Order,
    mut runs: Vec<Run>,
    descending: bool,
    backwards: bool,
    position: u64,
) -> Outcome<Vec<Run>> {
    let total = directory.total();
    let position = if backwards { position.min(total.saturating_sub(1)) } else { position };
    if position >= total {
        return Ok(Vec::new());
    }
    // The position counted from the smallest entry.
    let (ascending, in_absent) = if !descending {
        (position, false)
    } else if order.tag == 0 {
        (total - 1 - position, false)
    } else {
        let present = directory.rank(connection, order, &Place::absent())?;
        if position < present { (present - 1 - position, false) } else { (total - 1 - (position - present), true) }
    };
    if runs.len() > 1 && in_absent != backwards {
        runs.remove(0);
    }
    if let Some(run) = runs.first_mut() {
        match directory.seek(ascending, run.descending) {
            Some((place, skip)) => {
                if run.descending {
                    run.to = place;
                } else {
                    run.from = place;
                }
                run.skip = skip;
            }
            None => return Ok(Vec::new()),
        }
    }
    Ok(runs)
}
