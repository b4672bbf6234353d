//! Taking in changes of single rows: cursor and bookmarks move along, and what happens is told (`tables` 2, 10, 11).

use super::categories::{Categories, Grouped, Held};
use super::event::{Happened, RowEvent, Shown};
use super::headers::{Header, RowToRead};
use super::rows::Slot;
use super::sorted::{Arrangement, SortedView};
use super::steps::{Step, steps, wanted};
use super::{Anchor, Mark, Place, passes};
use crate::backend::{Batch, ObjectId};
use crate::error::Result;
use crate::tables::change::{Changes, RowChange, RowState};
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;
use std::collections::BTreeMap;

/// Rows of a category that moves which are told one by one: more than any table tells of one operation.
const TOLD_BELOW: usize = 64;

/// What goes on while one operation is taken in.
pub(super) struct Progress<'a, 'm> {
    pub(super) marks: &'a mut [&'m mut Mark],
    pub(super) events: &'a mut Vec<RowEvent>,
    pub(super) operation: u64,
    /// How many events there were before the operation.
    begun: usize,
    /// Categories that lost their last row, with the marks that left their headers and how they were.
    emptied: BTreeMap<u32, Vec<(usize, bool)>>,
}

impl Progress<'_, '_> {
    fn tell(&mut self, happened: Happened) {
        self.events.push(RowEvent { operation: self.operation, happened });
    }

    /// Marks on a row that left move to the row that took its place. Which ones, and whether they had moved before.
    fn relocate(&mut self, row: Held, next: Option<Held>) -> Vec<(usize, bool)> {
        let mut moved = Vec::new();
        for (at, mark) in self.marks.iter_mut().enumerate() {
            if mark.is_on(row) {
                moved.push((at, mark.relocated));
                **mark = Mark { anchor: anchor_of(next), relocated: true };
            }
        }
        moved
    }

    /// A category that was empty in between is still the same one.
    fn revive(&mut self, node: u32, key: &[u8]) -> bool {
        let Some(marks) = self.emptied.remove(&node) else { return false };
        for (at, relocated) in marks {
            if let Some(mark) = self.marks.get_mut(at) {
                **mark = Mark { anchor: anchor_of(Some(Held::Header(node))), relocated };
            }
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
        let steps = steps(changes, !self.definition.itemised);
        let wanted = wanted(&steps, |id| self.rows.slot_of(id).is_some());
        let batch =
            if wanted.is_empty() { Batch::default() } else { source.read(&wanted, &self.reading.columns, self.reading.limit)? };
        let rows: BTreeMap<&ObjectId, usize> = batch.ids.iter().enumerate().map(|(row, id)| (id, row)).collect();
        // Tested before anything changes, so that a failing backend leaves the view as it was.
        let mut shown = vec![false; batch.len()];
        for (row, shown) in shown.iter_mut().enumerate() {
            *shown = passes(source, &batch, row, &self.matcher, &self.reading, &mut Slice::unlimited())?;
        }
        let find = |id: &ObjectId| rows.get(id).copied().filter(|row| shown[*row]);
        let told = events.len();
        for step in &steps {
            let begun = events.len();
            let mut progress = Progress { marks, events, operation: step.operation, begun, emptied: BTreeMap::new() };
            self.apply_step(step, &batch, find, &mut progress)?;
        }
        self.refresh_headers(events.get_mut(told..).unwrap_or_default());
        self.rows.tidy();
        Ok(())
    }

    /// Headers are read in the newest state, as leaves are: from the leaves that answer for them now.
    fn refresh_headers(&self, events: &mut [RowEvent]) {
        let headers = events.iter_mut().filter_map(|event| match &mut event.happened {
            Happened::Added(Shown { row: RowToRead::Header(header), .. })
            | Happened::Modified(Shown { row: RowToRead::Header(header), .. }) => Some(header),
            _ => None,
        });
        for header in headers {
            let node = self.categories().and_then(|categories| categories.of_number(header.facts.number));
            if let Some(RowToRead::Header(now)) = node.and_then(|node| self.row_to_read(Held::Header(node))) {
                let facts = header.facts;
                *header = Header { facts, ..now };
            }
        }
    }

    /// Takes in one operation: first the rows that leave, then the others in the order of the view.
    fn apply_step(
        &mut self,
        step: &Step,
        batch: &Batch,
        find: impl Fn(&ObjectId) -> Option<usize>,
        progress: &mut Progress<'_, '_>,
    ) -> Result<()> {
        for id in &step.gone {
            if let Some(slot) = self.rows.slot_of(id) {
                self.remove(slot, progress);
            }
        }
        let mut staying = Vec::new();
        for (id, state) in &step.changed {
            let old = self.rows.slot_of(id);
            match find(id).filter(|_| *state == RowState::Present || old.is_some()) {
                Some(row) => {
                    let mut key = Vec::new();
                    self.definition.order.append(batch, row, &self.reading.keys, &mut key, &mut Vec::new());
                    staying.push((key, row, old));
                }
                None => {
                    if let Some(slot) = old {
                        self.remove(slot, progress);
                    }
                }
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
        if let Arrangement::Grouped(categories) = &mut self.order {
            categories.bury();
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

    fn insert(&mut self, written: Slot, cuts: &[u32], progress: &mut Progress<'_, '_>) -> Result<()> {
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
    fn replace(&mut self, slot: u32, written: Slot, cuts: &[u32], progress: &mut Progress<'_, '_>) {
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
        self.remove(
            slot,
            &mut Progress { marks: &mut [], events: &mut Vec::new(), operation: 0, begun: 0, emptied: BTreeMap::new() },
        );
    }

    /// Takes a row out; marks on it move to the row that takes its place.
    fn remove(&mut self, slot: u32, progress: &mut Progress<'_, '_>) {
        match &mut self.order {
            Arrangement::Grouped(_) => self.regroup(slot, Regrouping { from: true, to: None }, progress),
            Arrangement::Flat(order) => {
                let entry = self.rows.entry(slot);
                let spot = order.search(|other| self.rows.compare(other, &entry).is_lt());
                if order.get(spot).is_none_or(|found| found.slot != slot) {
                    return;
                }
                let at = order.weight_before(spot);
                order.remove(spot);
                progress.relocate(Held::Leaf(slot), self.row_at(at));
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
    /// What takes the place of rows that leave.
    next: Option<Held>,
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

    /// The state of a row's categories; where nobody is told and nothing stands on the row or its headers, only
    /// which ones they are.
    fn before(&self, slot: u32, progress: &Progress<'_, '_>) -> Option<Before> {
        let categories = self.categories()?;
        let leaf = Held::Leaf(slot);
        let path = categories.path(&self.rows, leaf);
        let unread = self.rows.is_unread(slot);
        let watched =
            progress.marks.iter().any(|mark| mark.is_on(leaf) || path.iter().any(|node| mark.is_on(Held::Header(*node))));
        if !watched && !self.definition.itemised {
            return Some(Before { path, unread, ..Before::default() });
        }
        let seen = path.iter().map(|node| categories.is_visible(&self.rows, Held::Header(*node))).collect();
        let last = categories.visible(&self.rows, leaf);
        Some(Before {
            seen,
            leaf: last == leaf,
            next: self.row_at(categories.index_of(&self.rows, last) + 1),
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
    fn regroup(&mut self, slot: u32, change: Regrouping<'_>, progress: &mut Progress<'_, '_>) {
        let leaf = Held::Leaf(slot);
        let before = change.from.then(|| self.before(slot, progress)).flatten();
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
            self.tell_left(before, shared, grouped, &mut left);
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
            let mut next = before.next;
            if before.leaf && is_leaf_visible {
                // It followed the headers it left.
                next = Some(leaf);
            } else if before.leaf {
                progress.relocate(leaf, next);
            }
            self.note_emptied(before, shared, next, progress);
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
    fn tell_left(&self, before: &Before, shared: usize, grouped: Grouped, told: &mut Vec<Happened>) {
        let Some(categories) = self.categories().filter(|_| self.definition.itemised) else { return };
        let innermost = before.path.len().saturating_sub(1);
        for (level, (node, seen)) in before.path.iter().zip(&before.seen).enumerate().skip(shared).rev() {
            if !seen {
                continue;
            }
            let header = Held::Header(*node);
            if categories.facts(*node).leaves == 0 {
                told.push(Happened::Deleted(self.instance_key(header)));
                continue;
            }
            told.extend(self.happened(header, Happened::Modified));
            if level == innermost && grouped.moved {
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
        progress: &mut Progress<'_, '_>,
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
            told.extend(self.happened(header, if is_new { Happened::Added } else { Happened::Modified }));
            let moved = match before.filter(|_| kept) {
                Some(before) => before.index != self.index_of(header),
                None => grouped.moved && !is_new,
            };
            if is_innermost && moved {
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

    /// Marks on headers that went with their last row move on.
    fn note_emptied(&self, before: &Before, shared: usize, next: Option<Held>, progress: &mut Progress<'_, '_>) {
        let Some(categories) = self.categories() else { return };
        for node in before.path.iter().skip(shared).filter(|node| categories.facts(**node).leaves == 0) {
            let moved = progress.relocate(Held::Header(*node), next);
            progress.emptied.insert(*node, moved);
        }
    }

    /// The visible rows below the header of an innermost category, as many as are told.
    fn below(&self, node: u32) -> Vec<Held> {
        let Some(categories) = self.categories().filter(|categories| categories.facts(node).expanded) else { return Vec::new() };
        let count = usize::try_from(categories.shown_below(node)).unwrap_or(usize::MAX).min(TOLD_BELOW);
        self.rows_from(self.index_of(Held::Header(node)) + 1, count)
    }
}
