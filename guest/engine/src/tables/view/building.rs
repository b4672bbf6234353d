//! The making of a view, step by step: rows are read, tested and put in order in slices, so that others can
//! be served in between (`tables` 2.2, TBL_ASYNC). Who does not want to wait for slices runs the same steps to
//! their end.

use super::grouped::Outlining;
use super::obstacle::obstacle;
use super::pushed::PushedView;
use super::rows::Entry;
use super::sorted::SortedView;
use super::step_sort::StepSort;
use super::{Definition, ROWS_PER_SCAN, Reading, Split, View, divide, in_circles, passes};
use crate::backend::{Batch, Filter, RowKey, ScanFrom};
use crate::error::Result;
use crate::restriction::{Matcher, Restriction};
use crate::tables::instances::Expansion;
use crate::tables::pushdown::conjuncts;
use crate::tables::slice::Slice;
use crate::tables::source::{RowRequest, RowSource};
use crate::tables::{Evaluation, Explanation};
use std::mem;
use std::ops::ControlFlow;

/// A view in the making.
pub(in crate::tables) enum Building {
    /// The backend does it all: there is nothing to wait for.
    Pushed(Box<PushedView>),
    /// The backend is asked for the categories.
    Grouped(Box<Outlining>),
    /// The rows are gathered here.
    Rows(Box<Gathering>),
}

impl Building {
    /// Begins a view. `live`: the source tells its changes.
    pub(in crate::tables) fn begin(source: &dyn RowSource, definition: &Definition, live: bool) -> Result<Self> {
        let (parts, limit) = definition.restriction.as_deref().map(conjuncts).unwrap_or_default();
        let split = divide(source, &parts, &[], &definition.order)?;
        Ok(match (obstacle(source, definition, limit, live, &split)?, &definition.order.grouping) {
            (Some(_), _) => Self::Rows(Box::new(Gathering::new(definition.clone(), limit, split.filters, &split.rest))),
            (None, Some(_)) => Self::Grouped(Box::new(Outlining::new(definition.clone(), split.filters))),
            (None, None) => Self::Pushed(Box::new(PushedView::new(definition.clone(), split.filters))),
        })
    }

    /// Who would evaluate the parts of a view that is begun now.
    pub(in crate::tables) fn explain(source: &dyn RowSource, definition: &Definition, live: bool) -> Result<Explanation> {
        let (parts, limit) = definition.restriction.as_deref().map(conjuncts).unwrap_or_default();
        let split = divide(source, &parts, &[], &definition.order)?;
        let rows = obstacle(source, definition, limit, live, &split)?.map_or(Evaluation::Store, Evaluation::Engine);
        let categories = definition.order.grouping.as_ref().map(|_| rows);
        Ok(Explanation { conditions: split.conditions, order: split.order, categories, rows })
    }

    /// Goes on for what is left of a slice: breaks with the view when it is finished. `changed`: rows have
    /// changed since it was begun, so that the view will be asked for single ones.
    pub(in crate::tables) fn advance(
        self,
        source: &dyn RowSource,
        slice: &mut Slice,
        changed: bool,
    ) -> Result<ControlFlow<View, Self>> {
        Ok(match self {
            Self::Pushed(view) => ControlFlow::Break(View::Pushed(*view)),
            Self::Grouped(outlining) => match outlining.advance(source, slice)? {
                ControlFlow::Break(view) => ControlFlow::Break(View::Grouped(view)),
                ControlFlow::Continue(left) => ControlFlow::Continue(left),
            },
            Self::Rows(rows) => match rows.advance(source, slice, changed)? {
                ControlFlow::Break(view) => ControlFlow::Break(View::Sorted(view)),
                ControlFlow::Continue(rows) => ControlFlow::Continue(Self::Rows(rows)),
            },
        })
    }

    /// Finishes the view now.
    pub(in crate::tables) fn finish(mut self, source: &dyn RowSource) -> Result<View> {
        loop {
            match self.advance(source, &mut Slice::unlimited(), false)? {
                ControlFlow::Break(view) => return Ok(view),
                ControlFlow::Continue(left) => self = left,
            }
        }
    }
}

impl SortedView {
    /// Reads the rows of a definition again.
    pub(super) fn made_anew(source: &dyn RowSource, definition: &Definition, limit: Option<u32>) -> Result<Self> {
        let restriction = definition.restriction.clone();
        let (parts, _) = restriction.as_deref().map(conjuncts).unwrap_or_default();
        let Split { filters, rest, .. } = divide(source, &parts, &[], &definition.order)?;
        let mut gathering = Box::new(Gathering::new(definition.clone(), limit, filters, &rest));
        loop {
            match gathering.advance(source, &mut Slice::unlimited(), false)? {
                ControlFlow::Break(view) => return Ok(view),
                ControlFlow::Continue(left) => gathering = left,
            }
        }
    }
}

/// Where the reading of rows stands.
enum Scan {
    From(ScanFrom),
    Over,
}

/// The rows of a [`SortedView`] in the making.
pub(in crate::tables) struct Gathering {
    view: SortedView,
    filters: Vec<Filter>,
    /// What the backend's filters leave to be tested.
    matcher: Matcher,
    reading: Reading,
    limit: usize,
    scan: Scan,
    before: Option<RowKey>,
    /// Rows read, and how many of their instances have been made; a view without instances has none here.
    read: (Batch, Expansion),
    /// Rows to be tested, and how many of them were.
    page: (Batch, usize),
    rows: Vec<Entry>,
    /// Where the parts of their keys end.
    cuts: Vec<u32>,
    sort: Option<StepSort<Entry>>,
    /// The finding of rows by their identifiers, if that will be needed.
    index: Option<StepSort<u32>>,
}

impl Gathering {
    fn new(definition: Definition, limit: Option<u32>, filters: Vec<Filter>, rest: &[&Restriction]) -> Self {
        let matcher = Matcher::new(rest.iter().copied());
        let reading = Reading::of_view(&matcher, &definition);
        Self {
            view: SortedView::empty(definition, limit),
            filters,
            matcher,
            reading,
            limit: limit.map_or(usize::MAX, |limit| limit as usize),
            scan: Scan::From(ScanFrom::Start),
            before: None,
            read: (Batch::default(), Expansion::default()),
            page: (Batch::default(), 0),
            rows: Vec::new(),
            cuts: Vec::new(),
            sort: None,
            index: None,
        }
    }

    fn advance(
        mut self: Box<Self>,
        source: &dyn RowSource,
        slice: &mut Slice,
        changed: bool,
    ) -> Result<ControlFlow<SortedView, Box<Self>>> {
        if self.sort.is_none() && !self.gather(source, slice)? {
            return Ok(ControlFlow::Continue(self));
        }
        let this = &mut *self;
        if this.index.is_none() {
            let sort = this.sort.get_or_insert_with(|| StepSort::new(mem::take(&mut this.rows)));
            let Some(order) = sort.advance(slice, |a, b| this.view.rows.compare(a, b), |rows| this.view.rows.sort(rows)) else {
                return Ok(ControlFlow::Continue(self));
            };
            this.view.arrange(&order, &this.cuts);
            if !changed {
                return Ok(ControlFlow::Break(self.view));
            }
        }
        let index = this.index.get_or_insert_with(|| StepSort::new(this.view.rows.live()));
        let compare = |a: &u32, b: &u32| this.view.rows.compare_identities(*a, *b);
        let Some(index) = index.advance(slice, compare, |slots| slots.sort_unstable_by(compare)) else {
            return Ok(ControlFlow::Continue(self));
        };
        this.view.rows.set_index(&index);
        Ok(ControlFlow::Break(self.view))
    }

    /// Reads and tests rows; whether all have been.
    fn gather(&mut self, source: &dyn RowSource, slice: &mut Slice) -> Result<bool> {
        loop {
            self.test(source, slice)?;
            if self.rows.len() >= self.limit {
                return Ok(true);
            }
            if slice.left() == 0 {
                return Ok(false);
            }
            if self.expand(source, slice) {
                continue;
            }
            let Scan::From(from) = mem::replace(&mut self.scan, Scan::Over) else { return Ok(true) };
            self.read(source, from, slice)?;
        }
    }

    /// Tests the rows that have been read, and takes in those that pass.
    fn test(&mut self, source: &dyn RowSource, slice: &mut Slice) -> Result<()> {
        let (batch, tested) = &mut self.page;
        while *tested < batch.len() && self.rows.len() < self.limit && slice.left() > 0 {
            let row = *tested;
            *tested += 1;
            slice.spend(1);
            if passes(source, batch, row, &self.matcher, &self.reading, slice)? {
                self.rows.push(self.view.hold(batch, row, &self.reading, &mut self.cuts)?);
            }
        }
        Ok(())
    }

    /// Makes the next instances of the rows that have been read; whether there were any.
    fn expand(&mut self, source: &dyn RowSource, slice: &Slice) -> bool {
        let most = usize::try_from(ROWS_PER_SCAN).unwrap_or(usize::MAX).min(slice.left());
        let (batch, from) = &mut self.read;
        self.page = (self.reading.instances.expand(source, batch, &self.reading.columns, from, most), 0);
        !self.page.0.is_empty()
    }

    /// Reads the next rows.
    fn read(&mut self, source: &dyn RowSource, from: ScanFrom, slice: &mut Slice) -> Result<()> {
        let most = usize::try_from(ROWS_PER_SCAN).unwrap_or(usize::MAX).min(slice.left());
        let page = source.scan(&RowRequest {
            columns: &self.reading.columns,
            cell_limit: self.reading.limit,
            filters: &self.filters,
            order: &[],
            from,
            backwards: false,
            max: u32::try_from(most).unwrap_or(ROWS_PER_SCAN),
        })?;
        slice.spend(page.batch.len().max(1));
        if let Some(last) = page.last
            && page.more
        {
            if self.before.replace(last.clone()).as_ref() == Some(&last) {
                return Err(in_circles());
            }
            self.scan = Scan::From(ScanFrom::After(last));
        }
        match self.reading.instances.is_empty() {
            true => self.page = (page.batch, 0),
            false => self.read = (page.batch, Expansion::default()),
        }
        Ok(())
    }
}
