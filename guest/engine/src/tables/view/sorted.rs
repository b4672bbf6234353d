//! A view that holds the order of its rows: their keys, and one sorted list of them, or a tree of categories.
//!
//! Visible columns are read for the rows asked for only.

use super::categories::{Categories, Held};
use super::headers::{self, Header, RowToRead, header_key, number_of};
use super::rows::{Entry, Rows};
use super::searching::{nearest, search};
use super::sequence::Sequence;
use super::{BatchRow, Definition, Page, Place, Reading, ViewOrder, passes};
use crate::backend::{Batch, ObjectId};
use crate::error::Result;
use crate::properties::PropTag;
use crate::restriction::{Matcher, Restriction};
use crate::tables::instances::RowId;
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;

/// The order of the rows.
pub(super) enum Arrangement {
    Flat(Sequence<Entry>),
    Grouped(Box<Categories>),
}

pub(in crate::tables) struct SortedView {
    pub(super) definition: Definition,
    /// Rows the `COUNT`s of the restriction leave.
    pub(super) limit: Option<u32>,
    pub(super) matcher: Matcher,
    pub(super) reading: Reading,
    pub(super) rows: Rows,
    pub(super) order: Arrangement,
}

impl SortedView {
    /// A view without rows yet.
    pub(super) fn empty(definition: Definition, limit: Option<u32>) -> Self {
        // Changed rows come without the backend's filters, so that the whole restriction is kept for them.
        let matcher = Matcher::new(definition.restriction.as_deref());
        let reading = Reading::of_view(&matcher, &definition);
        let order = Arrangement::Flat(Sequence::default());
        Self { definition, limit, matcher, reading, rows: Rows::default(), order }
    }

    /// Takes in the bytes of a row, which has no place in the order yet. `cuts`: of each slot where the parts of
    /// its key end.
    pub(super) fn hold(&mut self, batch: &Batch, row: usize, reading: &Reading, cuts: &mut Vec<u32>) -> Result<Entry> {
        let written = self.rows.write(batch, row, &self.definition.order, reading, cuts)?;
        let slot = self.rows.take_slot(written)?;
        Ok(self.rows.entry(slot))
    }

    /// Puts all rows into their places. `order`: sorted; `cuts`: of each slot where the parts of its key end.
    pub(super) fn arrange(&mut self, order: &[Entry], cuts: &[u32]) {
        let Definition { order: wanted, numbers, .. } = &self.definition;
        let slots = order.iter().map(|entry| entry.slot);
        self.order = match Categories::new(wanted, numbers.clone(), &mut self.rows, slots, cuts) {
            None => Arrangement::Flat(Sequence::from_sorted(order)),
            Some(categories) => Arrangement::Grouped(Box::new(categories)),
        };
    }

    pub(super) fn is_itemised(&self) -> bool {
        self.definition.itemised
    }

    pub(super) fn count(&self) -> u64 {
        match &self.order {
            Arrangement::Flat(order) => order.weight(),
            Arrangement::Grouped(categories) => categories.count(),
        }
    }

    /// The index of a visible row.
    pub(super) fn index_of(&self, row: Held) -> u64 {
        match (&self.order, row) {
            (Arrangement::Grouped(categories), row) => categories.index_of(&self.rows, row),
            (Arrangement::Flat(order), Held::Leaf(slot)) => {
                let entry = self.rows.entry(slot);
                order.weight_before(order.search(|other| self.rows.compare(other, &entry).is_lt()))
            }
            (Arrangement::Flat(_), Held::Header(_)) => 0,
        }
    }

    pub(super) fn is_visible(&self, row: Held) -> bool {
        match &self.order {
            Arrangement::Flat(_) => true,
            Arrangement::Grouped(categories) => categories.is_visible(&self.rows, row),
        }
    }

    /// The index of that leaf, if it can be seen.
    pub(super) fn index_of_row(&mut self, row: &RowId) -> Option<u64> {
        let row = Held::Leaf(self.rows.slot_of(row)?);
        self.is_visible(row).then(|| self.index_of(row))
    }

    /// The header with that `PR_INSTANCE_KEY`, hidden or not.
    pub(super) fn header_of_key(&self, key: &[u8]) -> Option<u32> {
        let Arrangement::Grouped(categories) = &self.order else { return None };
        categories.of_number(number_of(key)?)
    }

    /// The header of the category with that number.
    pub(super) fn header_of_number(&self, number: u64) -> Option<u32> {
        let Arrangement::Grouped(categories) = &self.order else { return None };
        categories.of_number(number)
    }

    /// Up to `count` visible rows from an index on.
    pub(super) fn rows_from(&self, first: u64, count: usize) -> Vec<Held> {
        match &self.order {
            Arrangement::Flat(order) => order.starting_at(first).0.take(count).map(|entry| Held::Leaf(entry.slot)).collect(),
            Arrangement::Grouped(categories) => categories.rows(first, count),
        }
    }

    pub(super) fn row_at(&self, index: u64) -> Option<Held> {
        self.rows_from(index, 1).first().copied()
    }

    pub(super) fn place_at(&self, index: u64) -> Option<Place> {
        self.row_at(index).map(Place::Held)
    }

    /// `PR_INSTANCE_KEY` of a row of an itemised view.
    pub(super) fn instance_key(&self, row: Held) -> Vec<u8> {
        match (&self.order, row) {
            (Arrangement::Grouped(categories), Held::Header(node)) => header_key(categories.facts(node).number),
            (Arrangement::Flat(_), Held::Header(_)) => Vec::new(),
            (_, Held::Leaf(slot)) => self.rows.instance(slot).to_vec(),
        }
    }

    /// What there is to read of a row.
    pub(super) fn row_to_read(&self, row: Held) -> Option<RowToRead> {
        match (&self.order, row) {
            (_, Held::Leaf(slot)) => self.rows.id_of(slot).map(RowToRead::Leaf),
            (Arrangement::Flat(_), Held::Header(_)) => None,
            (Arrangement::Grouped(categories), Held::Header(node)) => {
                let path = categories.path(&self.rows, row);
                let leaf = |slot: u32| self.rows.id_of(slot);
                let firsts = path.iter().map(|node| leaf(categories.first_leaf(*node))).collect::<Option<_>>()?;
                let extreme = categories.extreme_leaf(node).and_then(leaf);
                Some(RowToRead::Header(Header { facts: categories.facts(node), firsts, extreme }))
            }
        }
    }

    fn to_read(&self, first: u64, count: usize) -> Vec<RowToRead> {
        if let Arrangement::Flat(order) = &self.order {
            let slots: Vec<u32> = order.starting_at(first).0.take(count).map(|entry| entry.slot).collect();
            return self.rows.ids_of(&slots).into_iter().map(RowToRead::Leaf).collect();
        }
        self.rows_from(first, count).into_iter().filter_map(|row| self.row_to_read(row)).collect()
    }

    pub(super) fn read(
        &self,
        source: &dyn RowSource,
        first: u64,
        count: u32,
        columns: &[PropTag],
        cell_limit: u32,
    ) -> Result<Page> {
        let rows = self.to_read(first, count as usize);
        let page = headers::page(source, &self.definition.order, &rows, columns, cell_limit)?;
        Ok(Page { next: self.place_at(first + rows.len() as u64), ..page })
    }

    pub(super) fn find(
        &self,
        source: &dyn RowSource,
        restriction: &Restriction,
        from: u64,
        backwards: bool,
    ) -> Result<Option<u64>> {
        let matcher = Matcher::new([restriction]);
        let underlying = ViewOrder::default().expanded_on(self.definition.order.instances.clone());
        let reading = Reading::new(&matcher, &underlying);
        search(self.count(), from, backwards, |first, length| {
            let rows = self.to_read(first, usize::try_from(length).unwrap_or(usize::MAX));
            let batch = headers::read(source, &self.definition.order, &rows, &reading.columns, reading.limit)?;
            nearest(batch.len(), backwards, |row| match rows.get(row) {
                Some(RowToRead::Header(_)) => matcher.matches(&BatchRow::header(source, &batch, row, matcher.columns())),
                _ => passes(source, &batch, row, &matcher, &reading, &mut Slice::unlimited()),
            })
        })
    }

    /// A row that left and came back while the others were read has been read twice: one of the two goes, and with
    /// it its instances.
    pub(super) fn follows_rows(&mut self, rows: &[ObjectId]) -> bool {
        if self.limit.is_some() {
            return false;
        }
        for id in rows {
            while let Some(slot) = self.rows.twin_of(id) {
                self.forget(slot);
            }
        }
        self.rows.reuse_released();
        true
    }
}
