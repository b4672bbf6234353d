//! Taking in changes of single rows: cursor and bookmarks move along, and what happens is told (`tables` 2, 10, 11).

use super::categories::{Categories, Facts, Grouped, Held};
use super::event::{Happened, RowEvent, Shown};
use super::headers::{Header, RowToRead};
use super::rows::Slot;
use super::sorted::{Arrangement, SortedView};
use super::steps::{Step, steps, wanted};
use super::{Anchor, Mark, Place, passes};
use crate::backend::{Batch, ObjectId};
use crate::error::Result;
use crate::tables::change::{Changes, RowChange, RowState};
use crate::tables::instances::Expansion;
use crate::tables::order::number_at;
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a category that moves which are told one by one: more than any table tells of one operation.
const TOLD_BELOW: usize = 64;

/// Instances of changed rows that are taken in one by one; if there are more, all rows are read again.
const MAX_INSTANCES: usize = 1 << 20;

/// The newest state of changed rows: where in the batch it is, by object and number of the instance.
type Newest<'a> = BTreeMap<(&'a ObjectId, u32), usize>;

/// What goes on while one operation is taken in.
pub(super) struct Progress<'a> {
    pub(super) events: &'a mut Vec<RowEvent>,
    pub(super) operation: u64,
    /// How many events there were before the operation.
    begun: usize,
    /// Categories that lost their last row.
    emptied: BTreeSet<u32>,
    /// Categories whose headers were told of: what they count is told as it is at the end of the operation, and
    /// once is enough unless they move.
    told: BTreeSet<u32>,
}

impl Progress<'_> {
    fn tell(&mut self, happened: Happened) {
        self.events.push(RowEvent { operation: self.operation, happened });
    }

    /// A category that was empty in between is still the same one.
    fn revive(&mut self, node: u32, key: &[u8]) -> bool {
        if !self.emptied.remove(&node) {
            return false;
        }
        let begun = self.begun;
        let mut at = 0;
        self.events.retain(|event| {
            at += 1;
            at <= begun || !matches!(&event.happened, Happened::Deleted(gone) if gone == key)
        });
        true
    }
}

/// The anchor of a row, or of the end.
pub(super) fn anchor_of(row: Option<Held>) -> Anchor {
    row.map_or(Anchor::End, |row| Anchor::Row(Place::Held(row)))
}

impl SortedView {
    pub(super) fn apply(
        &mut self,
        source: &dyn RowSource,
        changes: &Changes,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        match changes {
            Changes::None => Ok(()),
            // What a COUNT leaves depends on all rows before.
            Changes::Rows(rows) if self.limit.is_none() => self.apply_rows(source, rows, marks, events),
            Changes::Rows(rows) => self.reread(source, Some(rows), marks, events),
            Changes::Reread(rows) => self.reread(source, rows.as_deref(), marks, events),
            Changes::Reload => self.reread(source, None, marks, events),
        }
    }

    /// Takes in the newest state of each changed row, operation by operation.
    fn apply_rows(
        &mut self,
        source: &dyn RowSource,
        changes: &[RowChange],
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        // A category that was empty between two operations is another one after them.
        let steps = steps(changes, !self.definition.itemised && !self.is_grouped());
        let wanted = wanted(&steps, |id| !self.rows.slots_of(id).is_empty());
        let mut batch =
            if wanted.is_empty() { Batch::default() } else { source.read(&wanted, &self.reading.columns, self.reading.limit)? };
        if !self.reading.instances.is_empty() {
            let mut from = Expansion::default();
            batch = self.reading.instances.expand(source, &batch, &self.reading.columns, &mut from, MAX_INSTANCES);
            if batch.len() == MAX_INSTANCES {
                return self.reread(source, Some(changes), marks, events);
            }
        }
        // Tested before anything changes, so that a failing backend leaves the view as it was.
        let mut rows = Newest::new();
        for (row, id) in batch.ids.iter().enumerate() {
            if passes(source, &batch, row, &self.matcher, &self.reading, &mut Slice::unlimited())? {
                rows.insert((id, number_at(&batch, row, self.reading.number)), row);
            }
        }
        let told = events.len();
        for step in &steps {
            let begun = events.len();
            let touched = step.gone.iter().chain(step.changed.keys()).flat_map(|id| self.rows.slots_of(id)).collect();
            let standing = self.standing(touched, marks);
            let mut progress =
                Progress { events, operation: step.operation, begun, emptied: BTreeSet::new(), told: BTreeSet::new() };
            let applied = self.apply_step(step, &batch, &rows, &mut progress);
            self.move_marks(&standing, marks);
            self.refresh_headers(events.get_mut(begun..).unwrap_or_default(), |_, now| now);
            if let Arrangement::Grouped(categories) = &mut self.order {
                categories.bury();
            }
            self.rows.reuse_released();
            applied?;
        }
        self.refresh_headers(events.get_mut(told..).unwrap_or_default(), |told, _| told);
        self.rows.tidy();
        Ok(())
    }

    /// Headers are read in the newest state, as leaves are: from the leaves that answer for them now. What they
    /// count is that of the end of the operation, whatever they counted while the rows went one by one: `facts`
    /// chooses between what was told and what is.
    fn refresh_headers(&self, events: &mut [RowEvent], facts: fn(Facts, Facts) -> Facts) {
        let headers = events.iter_mut().filter_map(|event| match &mut event.happened {
            Happened::Added(Shown { row: RowToRead::Header(header), .. })
            | Happened::Modified(Shown { row: RowToRead::Header(header), .. }) => Some(header),
            _ => None,
        });
        for header in headers {
            let node = self.categories().and_then(|categories| categories.of_number(header.facts.number));
            if let Some(RowToRead::Header(now)) = node.and_then(|node| self.row_to_read(Held::Header(node))) {
                let facts = facts(header.facts, now.facts);
                *header = Header { facts, ..now };
            }
        }
    }

    /// Takes in one operation: first the rows that leave, then the others in the order of the view.
    fn apply_step(&mut self, step: &Step, batch: &Batch, rows: &Newest<'_>, progress: &mut Progress<'_>) -> Result<()> {
        for id in &step.gone {
            for slot in self.rows.slots_of(id) {
                self.remove(slot, progress);
            }
        }
        let mut staying = Vec::new();
        for (id, state) in &step.changed {
            let mut old = self.rows.slots_of(id);
            if *state != RowState::Present && old.is_empty() {
                continue;
            }
            for ((_, number), row) in rows.range((id, 0)..=(id, u32::MAX)) {
                let at = old.iter().position(|slot| self.rows.number(*slot) == *number);
                let mut key = Vec::new();
                self.definition.order.append(batch, *row, &self.reading.keys, &mut key, &mut Vec::new());
                staying.push((key, *row, at.map(|at| old.remove(at))));
            }
            for slot in old {
                self.remove(slot, progress);
            }
        }
        staying.sort();
        for (_, row, old) in staying {
            let mut cuts = Vec::new();
            let written = self.rows.write(batch, row, &self.definition.order, &self.reading, &mut cuts)?;
            match old {
                Some(slot) => self.replace(slot, written, &cuts, progress),
                None => self.insert(written, &cuts, progress)?,
            }
        }
        Ok(())
    }

    /// A visible row where it stands, for those who are told.
    fn shown(&self, row: Held) -> Option<Shown> {
        let prior = self.index_of(row).checked_sub(1).and_then(|before| self.row_at(before));
        Some(Shown {
            row: self.row_to_read(row)?,
            key: self.instance_key(row),
            prior: prior.map(|prior| self.instance_key(prior)),
        })
    }

    /// What is told of a visible row, if anything is told.
    pub(super) fn happened(&self, row: Held, happened: fn(Shown) -> Happened) -> Option<Happened> {
        self.definition.itemised.then(|| self.shown(row).map(happened)).flatten()
    }

    fn insert(&mut self, written: Slot, cuts: &[u32], progress: &mut Progress<'_>) -> Result<()> {
        let slot = self.rows.take_slot(written)?;
        match &mut self.order {
            Arrangement::Grouped(_) => self.regroup(slot, Regrouping { from: false, to: Some((None, cuts)) }, progress),
            Arrangement::Flat(order) => {
                let entry = self.rows.entry(slot);
                order.insert(order.search(|other| self.rows.compare(other, &entry).is_lt()), entry);
                self.happened(Held::Leaf(slot), Happened::Added).into_iter().for_each(|happened| progress.tell(happened));
            }
        }
        Ok(())
    }

    /// Gives a row its new key; it keeps its slot. A row that left and came back is another one for those who
    /// are told.
    fn replace(&mut self, slot: u32, written: Slot, cuts: &[u32], progress: &mut Progress<'_>) {
        let Arrangement::Flat(order) = &mut self.order else {
            return self.regroup(slot, Regrouping { from: true, to: Some((Some(written), cuts)) }, progress);
        };
        let old_instance = self.rows.instance(slot).to_vec();
        let entry = self.rows.entry(slot);
        let spot = order.search(|other| self.rows.compare(other, &entry).is_lt());
        if order.get(spot).is_some_and(|found| found.slot == slot) {
            order.remove(spot);
        }
        self.rows.overwrite(slot, written);
        let entry = self.rows.entry(slot);
        order.insert(order.search(|other| self.rows.compare(other, &entry).is_lt()), entry);
        if !self.definition.itemised {
            return;
        }
        let row = Held::Leaf(slot);
        let told = if self.rows.instance(slot) == old_instance {
            self.happened(row, Happened::Modified)
        } else {
            progress.tell(Happened::Deleted(old_instance));
            self.happened(row, Happened::Added)
        };
        told.into_iter().for_each(|happened| progress.tell(happened));
    }

    /// Takes out a row nobody has seen yet.
    pub(super) fn forget(&mut self, slot: u32) {
        let (emptied, told) = (BTreeSet::new(), BTreeSet::new());
        self.remove(slot, &mut Progress { events: &mut Vec::new(), operation: 0, begun: 0, emptied, told });
    }

    /// Takes a row out.
    fn remove(&mut self, slot: u32, progress: &mut Progress<'_>) {
        match &mut self.order {
            Arrangement::Grouped(_) => self.regroup(slot, Regrouping { from: true, to: None }, progress),
            Arrangement::Flat(order) => {
                let entry = self.rows.entry(slot);
                let spot = order.search(|other| self.rows.compare(other, &entry).is_lt());
                if order.get(spot).is_none_or(|found| found.slot != slot) {
                    return;
                }
                order.remove(spot);
                if self.definition.itemised {
                    progress.tell(Happened::Deleted(self.rows.instance(slot).to_vec()));
                }
            }
        }
        self.rows.release(slot);
    }
}

/// From where to where a row goes in a view with categories.
struct Regrouping<'a> {
    /// It is in the view.
    from: bool,
    /// It stays in or enters it: with these bytes, `None` if it has them already, and the ends of the parts of
    /// its key.
    to: Option<(Option<Slot>, &'a [u32])>,
}

/// The state of a row's categories before a change.
#[derive(Default)]
struct Before {
    path: Vec<u32>,
    /// Which of their headers could be seen.
    seen: Vec<bool>,
    /// The leaf could be seen.
    leaf: bool,
    unread: bool,
    instance: Vec<u8>,
    /// Where the innermost header stood.
    index: u64,
}

impl SortedView {
    fn categories(&self) -> Option<&Categories> {
        match &self.order {
            Arrangement::Grouped(categories) => Some(categories),
            Arrangement::Flat(_) => None,
        }
    }

    /// The parts of a view with categories.
    fn grouped(&mut self) -> Option<(&mut Categories, &mut super::rows::Rows, &crate::tables::order::ViewOrder)> {
        match &mut self.order {
            Arrangement::Grouped(categories) => Some((categories, &mut self.rows, &self.definition.order)),
            Arrangement::Flat(_) => None,
        }
    }

    /// The state of a row's categories; where nobody is told, only which ones they are.
    fn before(&self, slot: u32) -> Option<Before> {
        let categories = self.categories()?;
        let leaf = Held::Leaf(slot);
        let path = categories.path(&self.rows, leaf);
        let unread = self.rows.is_unread(slot);
        if !self.definition.itemised {
            return Some(Before { path, unread, ..Before::default() });
        }
        let seen = path.iter().map(|node| categories.is_visible(&self.rows, Held::Header(*node))).collect();
        let last = categories.visible(&self.rows, leaf);
        Some(Before {
            seen,
            leaf: last == leaf,
            unread,
            instance: self.rows.instance(slot).to_vec(),
            index: path.last().map_or(0, |node| categories.index_of(&self.rows, Held::Header(*node))),
            path,
        })
    }

    /// Changes the categories of a row and tells it in the order of `tables` 11 "Categorized views": the leaf if
    /// it disappears, the headers it leaves from the innermost outwards, those it enters from the outermost
    /// inwards, the leaf. What is told of the headers it leaves is said before it has entered the others: whoever
    /// is told still knows the leaf by its old place.
    fn regroup(&mut self, slot: u32, change: Regrouping<'_>, progress: &mut Progress<'_>) {
        let leaf = Held::Leaf(slot);
        let before = change.from.then(|| self.before(slot)).flatten();
        let shared = match (&before, &change.to) {
            (Some(before), Some((Some(written), cuts))) => {
                self.categories().map_or(0, |categories| categories.shared(&before.path, self.rows.key_of(written), cuts))
            }
            _ => 0,
        };
        let mut left = Vec::new();
        let mut grouped = Grouped::default();
        if let Some(before) = &before
            && let Some((categories, rows, order)) = self.grouped()
        {
            grouped = categories.remove(rows, order, slot);
            self.tell_left(before, shared, grouped, progress, &mut left);
        }
        let mut entered = Vec::new();
        let mut is_leaf_visible = false;
        if let Some((written, cuts)) = change.to
            && let Some((categories, rows, order)) = self.grouped()
        {
            if let Some(written) = written {
                rows.overwrite(slot, written);
            }
            let again = categories.insert(rows, order, slot, cuts);
            // Within one category both halves count together.
            let extreme_changed = grouped.extreme_changed || again.extreme_changed;
            grouped = if shared == categories.levels() { Grouped { extreme_changed, ..again } } else { again };
            is_leaf_visible = categories.is_visible(rows, leaf);
            self.tell_entered(slot, before.as_ref(), shared, grouped, progress, &mut entered);
        }
        if let Some(before) = &before {
            self.note_emptied(before, shared, progress);
        }
        if !self.definition.itemised {
            return;
        }
        if let Some(before) = before
            && before.leaf
            && (!is_leaf_visible || self.rows.instance(slot) != before.instance)
        {
            progress.tell(Happened::Deleted(before.instance));
        }
        left.into_iter().chain(entered).for_each(|happened| progress.tell(happened));
    }

    /// What is told of the headers a row left.
    fn tell_left(&self, before: &Before, shared: usize, grouped: Grouped, progress: &mut Progress<'_>, told: &mut Vec<Happened>) {
        let Some(categories) = self.categories().filter(|_| self.definition.itemised) else { return };
        let innermost = before.path.len().saturating_sub(1);
        for (level, (node, seen)) in before.path.iter().zip(&before.seen).enumerate().skip(shared).rev() {
            if !seen {
                continue;
            }
            let header = Held::Header(*node);
            if categories.facts(*node).leaves == 0 {
                progress.told.remove(node);
                told.push(Happened::Deleted(self.instance_key(header)));
                continue;
            }
            let moved = level == innermost && grouped.moved;
            if progress.told.insert(*node) || moved {
                told.extend(self.happened(header, Happened::Modified));
            }
            if moved {
                told.extend(self.below(*node).into_iter().filter_map(|row| self.happened(row, Happened::Modified)));
            }
        }
    }

    /// What is told of the headers a row entered, and of the row.
    fn tell_entered(
        &self,
        slot: u32,
        before: Option<&Before>,
        shared: usize,
        grouped: Grouped,
        progress: &mut Progress<'_>,
        told: &mut Vec<Happened>,
    ) {
        let Some(categories) = self.categories() else { return };
        let leaf = Held::Leaf(slot);
        let path = categories.path(&self.rows, leaf);
        let innermost = path.len().saturating_sub(1);
        let was_shown = before.is_some_and(|before| before.leaf && before.instance == self.rows.instance(slot));
        let leaf_event = if was_shown { Happened::Modified } else { Happened::Added };
        let unread_changed = before.is_some_and(|before| before.unread != self.rows.is_unread(slot));
        let mut leaf_told = false;
        for (level, node) in path.iter().enumerate() {
            let header = Held::Header(*node);
            let kept = level < shared;
            let is_new = !kept && categories.facts(*node).leaves == 1 && !progress.revive(*node, &self.instance_key(header));
            if !self.definition.itemised || !categories.is_visible(&self.rows, header) {
                continue;
            }
            let is_innermost = level == innermost;
            if kept && !unread_changed && !(is_innermost && grouped.extreme_changed) {
                continue;
            }
            let moved = is_innermost
                && match before.filter(|_| kept) {
                    Some(before) => before.index != self.index_of(header),
                    None => grouped.moved && !is_new,
                };
            if progress.told.insert(*node) || is_new || moved {
                told.extend(self.happened(header, if is_new { Happened::Added } else { Happened::Modified }));
            }
            if moved {
                for row in self.below(*node) {
                    leaf_told |= row == leaf;
                    told.extend(self.happened(row, if row == leaf { leaf_event } else { Happened::Modified }));
                }
            }
        }
        if !leaf_told && categories.is_visible(&self.rows, leaf) {
            told.extend(self.happened(leaf, leaf_event));
        }
    }

    /// Notes which categories went with their last row.
    fn note_emptied(&self, before: &Before, shared: usize, progress: &mut Progress<'_>) {
        let Some(categories) = self.categories() else { return };
        let left = before.path.iter().skip(shared).copied();
        progress.emptied.extend(left.filter(|node| categories.facts(*node).leaves == 0));
    }

    /// The visible rows below the header of an innermost category, as many as are told.
    fn below(&self, node: u32) -> Vec<Held> {
        let Some(categories) = self.categories().filter(|categories| categories.facts(node).expanded) else { return Vec::new() };
        let count = usize::try_from(categories.shown_below(node)).unwrap_or(usize::MAX).min(TOLD_BELOW);
        self.rows_from(self.index_of(Held::Header(node)) + 1, count)
    }
}
