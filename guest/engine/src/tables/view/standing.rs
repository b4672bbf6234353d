//! Marks on rows that an operation takes out of sight: they move to the first row behind that is still there
//! (`tables` 2 "Cursor anchor kinds", 10).
//!
//! Which row that is shows only at the end of the operation, when the rows stand elsewhere; so what stood behind
//! a mark is noted before it, up to the first row that stays in any case.

use super::applying::anchor_of;
use super::categories::Held;
use super::sorted::{Arrangement, SortedView};
use super::{Anchor, Mark, Place};
use std::collections::{BTreeMap, BTreeSet};

/// Rows looked at together.
const AT_ONCE: usize = 64;

/// The rows an operation may take away.
struct Touched {
    slots: BTreeSet<u32>,
    /// How many of them lie in each category.
    below: BTreeMap<u32, u32>,
}

/// What stood behind marks before an operation.
#[derive(Default)]
pub(super) struct Standing {
    /// Neighbouring rows that may go, and the one behind them that stays, if there is one.
    runs: Vec<Vec<Held>>,
    /// Each mark on such a row: its number, the run, and its place in it.
    marks: Vec<(usize, usize, usize)>,
}

impl SortedView {
    /// Before an operation that may take these rows away.
    pub(super) fn standing(&self, slots: BTreeSet<u32>, marks: &[&mut Mark]) -> Standing {
        let on_row = |(number, mark): (usize, &&mut Mark)| match mark.anchor {
            Anchor::Row(Place::Held(row)) => Some((number, row)),
            _ => None,
        };
        let marked: Vec<(usize, Held)> = marks.iter().enumerate().filter_map(on_row).collect();
        let mut standing = Standing::default();
        if marked.is_empty() {
            return standing;
        }
        let mut below = BTreeMap::new();
        if let Arrangement::Grouped(categories) = &self.order {
            for node in slots.iter().flat_map(|slot| categories.path(&self.rows, Held::Leaf(*slot))) {
                *below.entry(node).or_default() += 1;
            }
        }
        let touched = Touched { slots, below };
        let mut places: Vec<(u64, usize)> = marked
            .into_iter()
            .filter(|(_, row)| self.may_go(*row, &touched))
            .map(|(number, row)| (self.index_of(row), number))
            .collect();
        places.sort_unstable();
        let mut covered = 0..0;
        for (index, number) in places {
            if !covered.contains(&index) {
                let run = self.run(index, &touched);
                covered = index..index + run.len() as u64;
                standing.runs.push(run);
            }
            let place = usize::try_from(index - covered.start).unwrap_or(usize::MAX);
            standing.marks.push((number, standing.runs.len() - 1, place));
        }
        standing
    }

    fn may_go(&self, row: Held, touched: &Touched) -> bool {
        match (row, &self.order) {
            (Held::Leaf(slot), _) => touched.slots.contains(&slot),
            (Held::Header(node), Arrangement::Grouped(categories)) => {
                touched.below.get(&node).is_some_and(|below| *below >= categories.facts(node).leaves)
            }
            (Held::Header(_), Arrangement::Flat(_)) => false,
        }
    }

    /// The rows from an index on, up to the first that stays.
    fn run(&self, index: u64, touched: &Touched) -> Vec<Held> {
        let mut run = Vec::new();
        loop {
            let rows = self.rows_from(index + run.len() as u64, AT_ONCE);
            if rows.is_empty() {
                return run;
            }
            for row in rows {
                run.push(row);
                if !self.may_go(row, touched) {
                    return run;
                }
            }
        }
    }

    /// After the operation: marks whose rows went out of sight move on.
    pub(super) fn move_marks(&self, standing: &Standing, marks: &mut [&mut Mark]) {
        let seen = |row: &Held| self.is_held(*row) && self.is_visible(*row);
        // Of each row of a run the first one from it on that can be seen.
        let next: Vec<Vec<Option<Held>>> = standing
            .runs
            .iter()
            .map(|run| {
                let mut next = None;
                let mut found: Vec<Option<Held>> = run
                    .iter()
                    .rev()
                    .map(|row| {
                        next = Some(*row).filter(seen).or(next);
                        next
                    })
                    .collect();
                found.reverse();
                found
            })
            .collect();
        for (number, run, place) in &standing.marks {
            let row = next.get(*run).and_then(|next| next.get(*place).copied()).flatten();
            if let Some(mark) = marks.get_mut(*number)
                && row.is_none_or(|row| !mark.is_on(row))
            {
                **mark = Mark { anchor: anchor_of(row), relocated: true };
            }
        }
    }

    fn is_held(&self, row: Held) -> bool {
        match (row, &self.order) {
            (Held::Leaf(slot), _) => self.rows.is_live(slot),
            (Held::Header(node), Arrangement::Grouped(categories)) => categories.facts(node).leaves > 0,
            (Held::Header(_), Arrangement::Flat(_)) => false,
        }
    }
}
