//! Expanding and collapsing categories, and keeping which ones are (`tables` 8.2, 8.3).

use super::applying::anchor_of;
use super::categories::{Categories, Held};
use super::sorted::{Arrangement, SortedView};
use super::{Anchor, Mark, Place};
use crate::backend::ObjectId;
use crate::tables::collapse_state::{NamedLeaf, NamedRow, Step};
use crate::tables::instances::RowId;

impl SortedView {
    /// Whether there are categories.
    pub(in crate::tables) fn is_grouped(&self) -> bool {
        matches!(self.order, Arrangement::Grouped(_))
    }

    fn grouping(&mut self) -> Option<&mut Categories> {
        match &mut self.order {
            Arrangement::Grouped(categories) => Some(categories),
            Arrangement::Flat(_) => None,
        }
    }

    /// The visible header with that `PR_INSTANCE_KEY`, and its index.
    pub(in crate::tables) fn visible_header(&self, key: &[u8]) -> Option<(u32, u64)> {
        let node = self.header_of_key(key)?;
        let header = Held::Header(node);
        self.is_visible(header).then(|| (node, self.index_of(header)))
    }

    /// Shows what is in a category; how many rows came into sight.
    pub(in crate::tables) fn expand(&mut self, header: u32) -> u64 {
        let Some(categories) = self.grouping() else { return 0 };
        if categories.set_expanded(header, true) { categories.shown_below(header) } else { 0 }
    }

    /// Hides what is in a category; how many rows went out of sight. Marks on them move to the row that follows.
    pub(in crate::tables) fn collapse(&mut self, header: u32, marks: &mut [&mut Mark]) -> u64 {
        let Some(categories) = self.grouping() else { return 0 };
        if !categories.set_expanded(header, false) {
            return 0;
        }
        let hidden = categories.shown_below(header);
        self.leave_hidden(marks);
        hidden
    }

    /// Marks on rows that are hidden move to the next visible row.
    fn leave_hidden(&self, marks: &mut [&mut Mark]) {
        let Arrangement::Grouped(categories) = &self.order else { return };
        for mark in marks.iter_mut() {
            let Anchor::Row(Place::Held(row)) = mark.anchor else { continue };
            let visible = categories.visible(&self.rows, row);
            if visible != row {
                let next = self.row_at(self.index_of(visible) + 1);
                **mark = Mark { anchor: anchor_of(next), relocated: true };
            }
        }
    }

    /// The keys of every category whose state is not its initial one.
    pub(in crate::tables) fn changed_categories(&self) -> Vec<Vec<Vec<u8>>> {
        let Arrangement::Grouped(categories) = &self.order else { return Vec::new() };
        let changed = categories.all().into_iter().filter(|node| categories.differs(*node));
        let keys = |node| {
            let path = categories.path(&self.rows, Held::Header(node));
            path.into_iter().map(|node| categories.key_and_rank(node).0.to_vec()).collect()
        };
        changed.map(keys).collect()
    }

    /// What names a row, visible or not: a header by its `PR_INSTANCE_KEY`, a leaf by its object and the number of
    /// its instance.
    pub(in crate::tables) fn name_row(&mut self, key: &[u8], id: Option<&RowId>) -> Option<NamedRow> {
        let slot = id.and_then(|id| self.rows.slot_of(id));
        let row = match slot {
            Some(slot) => Held::Leaf(slot),
            None => Held::Header(self.header_of_key(key)?),
        };
        let Arrangement::Grouped(categories) = &self.order else { return None };
        let step = |node| {
            let (key, rank) = categories.key_and_rank(node);
            Step { key: key.to_vec(), rank: rank.to_vec() }
        };
        let path = categories.path(&self.rows, row).into_iter().map(step).collect();
        let leaf = slot.map(|slot| {
            let (id, number) = (self.rows.id(slot).to_vec(), self.rows.number(slot));
            NamedLeaf { id, number, key: self.rows.key(slot).to_vec() }
        });
        Some(NamedRow { path, leaf })
    }

    /// Gives all categories their initial states, and the other one to those named; marks on rows that are
    /// hidden by it move on. Returns where the named row stands, or the next visible one.
    pub(in crate::tables) fn restore(&mut self, changed: &[Vec<Vec<u8>>], row: &NamedRow, marks: &mut [&mut Mark]) -> Anchor {
        let id = |leaf: &NamedLeaf| Some(RowId { object: ObjectId::new(&leaf.id)?, number: leaf.number });
        let slot = row.leaf.as_ref().and_then(id).and_then(|id| self.rows.slot_of(&id));
        let Some(categories) = self.grouping() else { return Anchor::End };
        let exceptions: Vec<u32> = changed.iter().filter_map(|keys| categories.of_path(keys.iter().map(Vec::as_slice))).collect();
        categories.reset_expanded(&exceptions);
        self.leave_hidden(marks);
        let Arrangement::Grouped(categories) = &self.order else { return Anchor::End };
        let index = match slot.map(Held::Leaf) {
            Some(leaf) => {
                let visible = categories.visible(&self.rows, leaf);
                categories.index_of(&self.rows, visible) + u64::from(visible != leaf)
            }
            None => {
                let path: Vec<(&[u8], &[u8])> = row.path.iter().map(|step| (&step.key[..], &step.rank[..])).collect();
                categories.index_near(&self.rows, &path, row.leaf.as_ref().map(|leaf| &leaf.key[..]))
            }
        };
        anchor_of(self.row_at(index))
    }
}
