//! A view with categories whose rows the backend keeps: it filters and orders them, counts the categories and
//! finds positions (`tables` 7 "Push-down", 8).
//!
//! The rows of the view without categories are the leaves in their order. The [`Outline`] says how many of them
//! each category has, so the leaves of one are a stretch of the order, read when it is asked for; those of a
//! collapsed category never are.

mod asking;
mod changing;
mod folding;
mod outline;

use super::headers::{is_count, number_of};
use super::pushed::{StoredPlace, key_now, place};
use super::searching::{nearest, search};
use super::{Anchor, BatchRow, Building, Definition, Page, Place, Reading};
use crate::backend::{Batch, Column, Filter, FilterTest, ObjectId, RowKey, ScanFrom, ScanPage, Support};
use crate::collation::{self, BINARY_KEY_BOUND, STRING_KEY_BOUND};
use crate::error::Result;
use crate::properties::{PropTag, Value, tags};
use crate::restriction::{Matcher, Relop, Restriction};
use crate::tables::instances::Instances;
use crate::tables::slice::Slice;
use crate::tables::source::{RowRequest, RowSource};
use asking::Asking;
use outline::{Category, Outline, Run, Spot};
use std::cell::RefCell;
use std::ops::ControlFlow;

/// A view in the making.
pub(in crate::tables) struct Outlining {
    view: GroupedView,
    asking: Asking,
}

impl Outlining {
    /// Begins a view of rows that pass these filters.
    pub(super) fn new(definition: Definition, filters: Vec<Filter>) -> Self {
        let asking = Asking::new(definition.order.levels());
        let matcher = Matcher::new(definition.restriction.as_deref());
        let reading = Reading::new(&matcher, &definition.order);
        let outline = Outline::default();
        let view = GroupedView { definition, filters, matcher, reading, outline, generation: 0, narrowed: RefCell::default() };
        Self { view, asking }
    }

    /// Goes on for what is left of a slice.
    pub(super) fn advance(
        mut self: Box<Self>,
        source: &dyn RowSource,
        slice: &mut Slice,
    ) -> Result<ControlFlow<GroupedView, Building>> {
        let Self { view, asking } = &mut *self;
        if !asking.advance(source, &view.definition.order, &view.filters, slice)? {
            return Ok(ControlFlow::Continue(Building::Grouped(self)));
        }
        let Self { mut view, asking } = *self;
        view.outline = asking.outline(&view.definition, None);
        Ok(ControlFlow::Break(view))
    }
}

/// The filters that leave the rows of a category only, and which one.
type Narrowed = (Vec<u8>, Option<Vec<Filter>>);

pub(in crate::tables) struct GroupedView {
    definition: Definition,
    filters: Vec<Filter>,
    /// The whole restriction, for rows that changed.
    matcher: Matcher,
    reading: Reading,
    outline: Outline,
    /// Raised by every change: indexes known before are no longer right.
    generation: u64,
    /// Of the category read last.
    narrowed: RefCell<Option<Narrowed>>,
}

impl GroupedView {
    pub(super) fn count(&self) -> u64 {
        self.outline.count()
    }

    /// The index of a visible header.
    pub(super) fn index_of_header(&self, number: u64) -> u64 {
        let category = self.outline.of_number(number).and_then(|category| self.outline.get(category));
        category.and_then(|category| category.index).unwrap_or_else(|| self.count())
    }

    /// The index of a visible leaf.
    pub(super) fn index_of(&self, source: &dyn RowSource, place: &mut StoredPlace) -> Result<u64> {
        if let Some((index, generation)) = place.index
            && generation == self.generation
        {
            return Ok(index);
        }
        let index = self.index_of_key(source, &place.key)?.unwrap_or_else(|| self.count());
        place.index = Some((index, self.generation));
        Ok(index)
    }

    /// The index of the leaf with that place, if it can be seen.
    fn index_of_key(&self, source: &dyn RowSource, key: &RowKey) -> Result<Option<u64>> {
        let string = self.definition.order.string_of(key);
        let found = self.outline.category_of(&string).filter(|category| self.outline.shows(*category));
        let Some(category) = found.and_then(|category| self.outline.get(category)) else { return Ok(None) };
        let (filters, before) = self.scope(source, &self.outline, category)?;
        let rank = source.rank(&filters, &self.definition.order.keys, key)?.saturating_sub(before);
        Ok(category.index.map(|header| header + 1 + rank.min(u64::from(category.leaves))))
    }

    /// The index of the leaf of an object, if it can be seen.
    pub(super) fn index_of_row(&self, source: &dyn RowSource, id: &ObjectId) -> Result<Option<u64>> {
        match self.place_now(source, &self.outline, id, true)? {
            Some(key) => self.index_of_key(source, &key),
            None => Ok(None),
        }
    }

    /// The header with that `PR_INSTANCE_KEY`, hidden or not.
    fn header_of(&self, key: &[u8]) -> Option<usize> {
        self.outline.of_number(number_of(key)?)
    }

    /// The number and the state of the category of that path.
    pub(super) fn number_and_state(&self, path: &[u8]) -> Option<(u64, bool)> {
        self.outline.get(self.outline.find(path)?).map(|category| (category.number, category.expanded))
    }

    pub(super) fn place_at(&self, source: &dyn RowSource, index: u64) -> Result<Option<Place>> {
        match self.outline.spot(index) {
            None => Ok(None),
            Some(Spot::Header(category)) => Ok(self.header_place(category)),
            Some(Spot::Leaf { category, offset }) => {
                let mut page = self.leaves(source, category, offset, &[], 0, 1, None)?;
                Ok(place(&mut page, Some((index, self.generation))))
            }
        }
    }

    fn header_place(&self, category: usize) -> Option<Place> {
        self.outline.get(category).map(|category| Place::Category(category.number))
    }

    /// Where a row that is not told to be gone stands now. `outline`: of this state of the rows. `doubted`: the row
    /// exists, but perhaps in another container by now.
    fn place_now(&self, source: &dyn RowSource, outline: &Outline, id: &ObjectId, doubted: bool) -> Result<Option<RowKey>> {
        let Some(key) = key_now(source, id, &self.definition.order, &self.matcher, &self.reading)? else { return Ok(None) };
        let found = outline.category_of(&self.definition.order.string_of(&key)).and_then(|category| outline.get(category));
        let Some(category) = found else { return Ok(None) };
        if doubted {
            let (filters, _) = self.scope(source, outline, category)?;
            let page = self.scan(source, &filters, &[], 0, ScanFrom::At(key.clone()), 1)?;
            return Ok((page.batch.ids.first() == Some(id)).then_some(key));
        }
        Ok(Some(key))
    }

    fn scan(
        &self,
        source: &dyn RowSource,
        filters: &[Filter],
        columns: &[PropTag],
        cell_limit: u32,
        from: ScanFrom,
        max: u32,
    ) -> Result<ScanPage> {
        let order = &self.definition.order.keys;
        source.scan(&RowRequest { columns, cell_limit, filters, order, from, backwards: false, max })
    }

    /// Reads leaves of a category from one of them on, perhaps beyond its end. `near`: the place of the first.
    #[expect(clippy::too_many_arguments, reason = "a request for rows is no less")]
    fn leaves(
        &self,
        source: &dyn RowSource,
        category: usize,
        offset: u64,
        columns: &[PropTag],
        cell_limit: u32,
        max: u32,
        near: Option<&RowKey>,
    ) -> Result<ScanPage> {
        let Some(category) = self.outline.get(category) else { return Ok(ScanPage::default()) };
        let (filters, before) = self.scope(source, &self.outline, category)?;
        let from = near.map_or(ScanFrom::Position(before + offset), |key| ScanFrom::At(key.clone()));
        self.scan(source, &filters, columns, cell_limit, from, max)
    }

    /// The filters to read the leaves of a category with, and the position of the first. Where the leaves have keys
    /// of their own the backend is told to look at the category only: it need not order all others for it.
    fn scope(&self, source: &dyn RowSource, outline: &Outline, category: &Category) -> Result<(Vec<Filter>, u64)> {
        if category.keys.len() < self.definition.order.keys.len()
            && let Some(filters) = self.narrow(source, outline, category)?
        {
            return Ok((filters, 0));
        }
        Ok((self.filters.clone(), category.before))
    }

    fn narrow(&self, source: &dyn RowSource, outline: &Outline, category: &Category) -> Result<Option<Vec<Filter>>> {
        if let Some((path, filters)) = &*self.narrowed.borrow()
            && *path == category.path
        {
            return Ok(filters.clone());
        }
        let filters = match self.tests(outline, category) {
            None => None,
            Some(tests) => {
                let filters = [self.filters.as_slice(), &tests].concat();
                let plan = source.plan(&filters, &self.definition.order.keys)?;
                let exact = plan.is_some_and(|plan| {
                    let all = plan.filters.len() == filters.len() && plan.filters.iter().all(|filter| *filter == Support::Exact);
                    all && plan.order == Support::Exact && plan.positions
                });
                exact.then_some(filters)
            }
        };
        *self.narrowed.borrow_mut() = Some((category.path.clone(), filters.clone()));
        Ok(filters)
    }

    /// What is true of the rows of a category and of no others; `None`: a backend could take it another way.
    fn tests(&self, outline: &Outline, category: &Category) -> Option<Vec<Filter>> {
        let path = category.parent.map(|parent| outline.around(parent)).unwrap_or_default();
        let values = path.into_iter().chain([category]).flat_map(|category| &category.values);
        let keys = self.definition.order.keys.iter().zip(&category.keys);
        keys.zip(values)
            .map(|((order, key), value)| {
                let Some(key) = key else { return Some(vec![FilterTest::Not, FilterTest::Exist(order.tag)]) };
                let constant = value.clone()?.into_unicode();
                // Values with keys of that length may differ behind it.
                let bounded = match &constant {
                    Value::Unicode(_) => std::str::from_utf8(key).ok()?.chars().count() >= STRING_KEY_BOUND,
                    Value::Binary(_) | Value::SvrEid(_) => key.len() >= BINARY_KEY_BOUND,
                    _ => false,
                };
                let same = collation::order_key(&constant).as_ref() == Some(key);
                (same && !bounded).then(|| {
                    let key = key.clone();
                    vec![FilterTest::Compare { tag: order.tag, relop: Relop::Eq, key, bounded, constant }]
                })
            })
            .collect()
    }

    /// Reads up to `count` rows from `first` on.
    pub(super) fn read(
        &self,
        source: &dyn RowSource,
        first: u64,
        count: u32,
        columns: &[PropTag],
        cell_limit: u32,
        near: Option<&StoredPlace>,
    ) -> Result<Page> {
        let near = near.filter(|place| place.index == Some((first, self.generation))).map(|place| &place.key);
        let runs = self.outline.runs(first, u64::from(count));
        let end = runs.iter().fold(first, |at, run| at + rows_of(run));
        let behind = self.outline.spot(end);
        let mut next = match behind {
            Some(Spot::Header(category)) => self.header_place(category),
            _ => None,
        };
        let mut pieces = Vec::with_capacity(runs.len());
        for (number, run) in runs.iter().enumerate() {
            let Run::Leaves { category, offset, count } = *run else {
                pieces.push(ScanPage::default());
                continue;
            };
            let near = near.filter(|_| number == 0);
            // One row more: the place the cursor will stand on.
            let goes_on = number + 1 == runs.len() && matches!(behind, Some(Spot::Leaf { .. }));
            let wanted = count + u64::from(goes_on);
            let max = u32::try_from(wanted).unwrap_or(u32::MAX);
            let mut page = self.leaves(source, category, offset, columns, cell_limit, max, near)?;
            if goes_on && page.batch.len() as u64 == wanted {
                next = place(&mut page, Some((end, self.generation)));
            }
            page.batch.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            pieces.push(page);
        }
        if next.is_none() && behind.is_some() {
            next = self.place_at(source, end)?;
        }
        let batch = self.put_together(&runs, pieces, columns);
        Ok(Page { batch, instances: Instances::default(), numbers: Vec::new(), next })
    }

    /// The cells of these runs, of whose leaves these pages were read. Leaves that are gone are empty rows.
    fn put_together(&self, runs: &[Run], pages: Vec<ScanPage>, columns: &[PropTag]) -> Batch {
        let levels = i32::try_from(self.outline.levels()).ok().map(Value::Long);
        let plain = |tag: &PropTag| tag.id() != tags::DEPTH.id() && !is_count(*tag);
        let mut pages: Vec<Batch> = pages.into_iter().map(|page| page.batch).collect();
        if let ([run @ Run::Leaves { .. }], [page]) = (runs, &mut pages[..])
            && page.len() as u64 == rows_of(run)
            && columns.iter().all(plain)
        {
            return std::mem::take(page);
        }
        let cells = |at: usize, tag: &PropTag| {
            let mut cells = Vec::new();
            for (run, page) in runs.iter().zip(&pages) {
                match run {
                    Run::Header(category) => cells.push(self.header_cell(*category, *tag)),
                    Run::Leaves { .. } => {
                        let rows = usize::try_from(rows_of(run)).unwrap_or(usize::MAX);
                        cells.extend((0..rows).map(|row| match tag.id() {
                            _ if row >= page.len() => None,
                            id if id == tags::DEPTH.id() => levels.clone(),
                            _ if is_count(*tag) => None,
                            _ => page.columns.get(at)?.value(row),
                        }));
                    }
                }
            }
            Column::of(*tag, cells)
        };
        let columns = columns.iter().enumerate().map(|(at, tag)| cells(at, tag)).collect();
        let mut batch = Batch { columns, ..Batch::default() };
        for (run, page) in runs.iter().zip(pages) {
            let rows = usize::try_from(rows_of(run)).unwrap_or(usize::MAX);
            let end = batch.ids.len() + rows;
            batch.ids.extend(page.ids);
            batch.arrivals.extend(page.arrivals);
            batch.ids.resize_with(end, nobody);
            batch.arrivals.resize(end, 0);
        }
        batch
    }

    fn header_cell(&self, category: usize, tag: PropTag) -> Option<Value> {
        if let Some(value) = self.outline.facts(category)?.value(tag) {
            return Some(value);
        }
        let grouping = self.definition.order.grouping.as_ref()?;
        self.outline.around(category).into_iter().find_map(|category| {
            let keys = self.definition.order.keys.get(grouping.keys_of(category.level)).unwrap_or_default();
            let at = keys.iter().position(|key| key.tag.id() == tag.id())?;
            category.values.get(at).cloned()
        })?
    }

    /// The first row at or behind `from`, or before it when searching backwards, that the restriction fits.
    pub(super) fn find(
        &self,
        source: &dyn RowSource,
        restriction: &Restriction,
        from: u64,
        backwards: bool,
    ) -> Result<Option<u64>> {
        let matcher = Matcher::new([restriction]);
        let reading = Reading::new(&matcher, &super::ViewOrder::default());
        search(self.count(), from, backwards, |first, length| {
            let count = u32::try_from(length).unwrap_or(u32::MAX);
            let batch = self.read(source, first, count, &reading.columns, reading.limit, None)?.batch;
            nearest(batch.len(), backwards, |row| {
                let is_leaf = matches!(self.outline.spot(first + row as u64), Some(Spot::Leaf { .. }));
                if !is_leaf || batch.ids.get(row) == Some(&nobody()) {
                    matcher.matches(&BatchRow::header(source, &batch, row, matcher.columns()))
                } else {
                    matcher.matches(&BatchRow::new(source, &batch, row, matcher.columns(), reading.limit))
                }
            })
        })
    }
}

fn rows_of(run: &Run) -> u64 {
    match run {
        Run::Header(_) => 1,
        Run::Leaves { count, .. } => *count,
    }
}

/// The anchor of a row, or of the end.
fn anchor_of(place: Option<Place>) -> Anchor {
    place.map_or(Anchor::End, Anchor::Row)
}

/// Stands for the object that headers and vanished rows do not have: as long as an identifier can be, so that it is
/// nobody's.
fn nobody() -> ObjectId {
    ObjectId::new(&[0xFF; 255]).unwrap_or_else(|| ObjectId::from(0))
}
