//! A view without a row list: the backend filters, orders, counts and finds positions exactly
//! (`tables` 7 "Push-down"). Cursor and bookmarks are keys.

use super::{Anchor, BatchRow, Definition, Mark, Page, Place, ROWS_PER_SCAN, Reading, conjuncts, divide};
use crate::backend::{Filter, ObjectId, RowKey, ScanFrom, ScanPage, Support};
use crate::error::Result;
use crate::properties::PropTag;
use crate::restriction::{Matcher, Restriction};
use crate::tables::change::{Changes, RowState};
use crate::tables::instances::Instances;
use crate::tables::order::{KEY_CELL_LIMIT, ViewOrder};
use crate::tables::source::{RowRequest, RowSource};
use std::collections::BTreeMap;

/// Rows a table can have: what a backend counts beyond is a lie.
const MAX_ROWS: u64 = u32::MAX as u64;

/// A row of a pushed view, by its place in the order.
#[derive(Clone, Debug)]
pub(in crate::tables) struct StoredPlace {
    pub(super) id: ObjectId,
    pub(super) key: RowKey,
    /// Its index, and the generation of the view in which it is right.
    pub(super) index: Option<(u64, u64)>,
}

impl StoredPlace {
    pub(super) fn id(&self) -> &ObjectId {
        &self.id
    }
}

pub(in crate::tables) struct PushedView {
    order: ViewOrder,
    filters: Vec<Filter>,
    /// The whole restriction, for rows that changed.
    matcher: Matcher,
    reading: Reading,
    /// Raised by every change: indexes and counts known before are no longer right.
    generation: u64,
    count: Option<u64>,
}

impl PushedView {
    pub(super) fn new(definition: Definition, filters: Vec<Filter>) -> Self {
        let matcher = Matcher::new(definition.restriction.as_deref());
        let reading = Reading::new(&matcher, &definition.order);
        Self { order: definition.order, filters, matcher, reading, generation: 0, count: None }
    }

    pub(super) fn count(&mut self, source: &dyn RowSource) -> Result<u64> {
        if let Some(count) = self.count {
            return Ok(count);
        }
        let count = source.count(&self.filters)?.min(MAX_ROWS);
        self.count = Some(count);
        Ok(count)
    }

    pub(super) fn index_of(&mut self, source: &dyn RowSource, place: &mut StoredPlace) -> Result<u64> {
        if let Some((index, generation)) = place.index
            && generation == self.generation
        {
            return Ok(index);
        }
        let index = self.rank(source, &place.key)?;
        place.index = Some((index, self.generation));
        Ok(index)
    }

    /// The index of a row, if it is in the view.
    pub(super) fn index_of_row(&self, source: &dyn RowSource, id: &ObjectId) -> Result<Option<u64>> {
        match self.current(source, id, RowState::Touched)? {
            Some(key) => self.rank(source, &key).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn place_at(&mut self, source: &dyn RowSource, index: u64) -> Result<Option<Place>> {
        if index >= self.count(source)? {
            return Ok(None);
        }
        let mut page = self.scan(source, &[], 0, ScanFrom::Position(index), false, 1)?;
        Ok(place(&mut page, Some((index, self.generation))))
    }

    fn rank(&self, source: &dyn RowSource, key: &RowKey) -> Result<u64> {
        Ok(source.rank(&self.filters, &self.order.keys, key)?.min(MAX_ROWS))
    }

    fn scan(
        &self,
        source: &dyn RowSource,
        columns: &[PropTag],
        cell_limit: u32,
        from: ScanFrom,
        backwards: bool,
        max: u32,
    ) -> Result<ScanPage> {
        let filters = &self.filters;
        source.scan(&RowRequest { columns, cell_limit, filters, order: &self.order.keys, from, backwards, max })
    }

    pub(super) fn read(
        &mut self,
        source: &dyn RowSource,
        first: u64,
        count: u32,
        columns: &[PropTag],
        cell_limit: u32,
        near: Option<&StoredPlace>,
    ) -> Result<Page> {
        let here = near.filter(|place| place.index == Some((first, self.generation)));
        let from = match here {
            Some(place) => ScanFrom::At(place.key.clone()),
            None if first == 0 => ScanFrom::Start,
            None => ScanFrom::Position(first),
        };
        // One row more: the place the cursor will stand on.
        let mut page = self.scan(source, columns, cell_limit, from, false, count.saturating_add(1))?;
        let count = count as usize;
        let next =
            if page.batch.len() == count + 1 { place(&mut page, Some((first + count as u64, self.generation))) } else { None };
        page.batch.truncate(count);
        Ok(Page { batch: page.batch, instances: Instances::default(), numbers: Vec::new(), next })
    }

    pub(super) fn find(
        &mut self,
        source: &dyn RowSource,
        restriction: &Restriction,
        from: u64,
        backwards: bool,
    ) -> Result<Option<u64>> {
        let start = match (backwards, from) {
            (true, 0) => return Ok(None),
            (false, 0) => ScanFrom::Start,
            _ => match (self.place_at(source, from)?, backwards) {
                (Some(Place::Stored(place)), false) => ScanFrom::At(place.key),
                (Some(Place::Stored(place)), true) => ScanFrom::After(place.key),
                (_, false) => return Ok(None),
                (_, true) => ScanFrom::Start,
            },
        };
        // What the backend finds by itself it need not hand over.
        let (parts, _) = conjuncts(restriction);
        let split = divide(source, &parts, &self.filters, &self.order)?;
        let ordered = split.plan.is_some_and(|plan| plan.order == Support::Exact);
        let (filters, rest) = if ordered { (split.filters, split.rest) } else { (self.filters.clone(), parts) };
        let matcher = Matcher::new(rest);
        let reading = Reading::new(&matcher, &self.order);
        let mut max = if matcher.is_trivial() { 1 } else { 64 };
        let mut from = start;
        loop {
            let page = source.scan(&RowRequest {
                columns: &reading.columns,
                cell_limit: reading.limit,
                filters: &filters,
                order: &self.order.keys,
                from,
                backwards,
                max,
            })?;
            for row in 0..page.batch.len() {
                let subject = BatchRow::new(source, &page.batch, row, matcher.columns(), reading.limit);
                if matcher.matches(&subject)? {
                    let key = self.order.row_key(&page.batch, row, &reading.keys);
                    return self.rank(source, &key).map(Some);
                }
            }
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(None),
            }
            max = (max * 2).min(ROWS_PER_SCAN);
        }
    }

    pub(super) fn apply(&mut self, source: &dyn RowSource, changes: &Changes, marks: &mut [&mut Mark]) -> Result<()> {
        if *changes == Changes::None {
            return Ok(());
        }
        let changed = newest(changes);
        self.generation += 1;
        self.count = None;
        for mark in marks.iter_mut() {
            let Anchor::Row(Place::Stored(place)) = &mark.anchor else { continue };
            let state = match &changed {
                Some(changed) => changed.get(&place.id).copied(),
                None => Some(RowState::Touched),
            };
            let Some(state) = state else { continue };
            match self.current(source, &place.id, state)? {
                Some(key) => {
                    let place = StoredPlace { id: place.id.clone(), key, index: None };
                    mark.anchor = Anchor::Row(Place::Stored(Box::new(place)));
                }
                None => {
                    let behind = ScanFrom::After(place.key.clone());
                    let mut page = self.scan(source, &[], 0, behind, false, 1)?;
                    mark.anchor = self::place(&mut page, None).map_or(Anchor::End, Anchor::Row);
                    mark.relocated = true;
                }
            }
        }
        Ok(())
    }

    /// Where a changed row stands now; `None`: it left the view.
    fn current(&self, source: &dyn RowSource, id: &ObjectId, state: RowState) -> Result<Option<RowKey>> {
        if state == RowState::Gone {
            return Ok(None);
        }
        let Some(key) = key_now(source, id, &self.order, &self.matcher, &self.reading)? else { return Ok(None) };
        if state == RowState::Touched {
            // The row exists, but perhaps in another container by now.
            let page = self.scan(source, &[], 0, ScanFrom::At(key.clone()), false, 1)?;
            return Ok((page.batch.ids.first() == Some(id)).then_some(key));
        }
        Ok(Some(key))
    }
}

/// What became of each changed row in the end; `None`: any row may have changed.
pub(super) fn newest(changes: &Changes) -> Option<BTreeMap<&ObjectId, RowState>> {
    let Changes::Rows(rows) = changes else { return None };
    let mut last = BTreeMap::new();
    for change in rows {
        // A touch leaves it as it was.
        if change.state != RowState::Touched || !last.contains_key(&change.id) {
            last.insert(&change.id, change.state);
        }
    }
    Some(last)
}

/// Where the row of an object stands in an order, if there is the object and the row passes.
pub(super) fn key_now(
    source: &dyn RowSource,
    id: &ObjectId,
    order: &ViewOrder,
    matcher: &Matcher,
    reading: &Reading,
) -> Result<Option<RowKey>> {
    let limit = reading.limit.max(KEY_CELL_LIMIT);
    let batch = source.read(std::slice::from_ref(id), &reading.columns, limit)?;
    if batch.ids.first() != Some(id) {
        return Ok(None);
    }
    let row = BatchRow::new(source, &batch, 0, matcher.columns(), limit);
    Ok(matcher.matches(&row)?.then(|| order.row_key(&batch, 0, &reading.keys)))
}

/// The place of the last row of a page.
pub(super) fn place(page: &mut ScanPage, index: Option<(u64, u64)>) -> Option<Place> {
    let id = page.batch.ids.last()?.clone();
    Some(Place::Stored(Box::new(StoredPlace { id, key: page.last.take()?, index })))
}
