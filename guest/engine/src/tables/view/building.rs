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
use crate::restriction::{Columns, Matcher, Restriction, Sifted};
use crate::tables::instances::Expansion;
use crate::tables::pushdown::conjuncts;
use crate::tables::slice::Slice;
use crate::tables::source::{RowRequest, RowSource};
use crate::tables::{Evaluation, Explanation};
use std::iter::Peekable;
use std::ops::ControlFlow;
use std::{mem, vec};

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

/// Rows that are being tested.
#[derive(Default)]
struct Testing {
    batch: Batch,
    sifted: Answers,
    /// How many of them were.
    tested: usize,
}

impl Testing {
    fn new(batch: Batch, matcher: &Matcher, reading: &Reading) -> Self {
        let columns = Columns { columns: &batch.columns, rows: batch.len(), cut_at: reading.limit };
        let Sifted { matching, open } = matcher.sift(&columns);
        Self {
            batch,
            sifted: Answers { matching: matching.into_iter().peekable(), open: open.into_iter().peekable() },
            tested: 0,
        }
    }
}

/// What the columns of a batch say of its rows, to be asked for one after the other.
struct Answers {
    matching: Peekable<vec::IntoIter<u32>>,
    open: Peekable<vec::IntoIter<u32>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { matching: Vec::new().into_iter().peekable(), open: Vec::new().into_iter().peekable() }
    }
}

impl Answers {
    /// Whether the row matches; `None`: it has to be looked at.
    fn next(&mut self, row: usize) -> Option<bool> {
        let is_row = |next: &u32| *next as usize == row;
        match self.open.next_if(is_row) {
            Some(_) => None,
            None => Some(self.matching.next_if(is_row).is_some()),
        }
    }
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
    page: Testing,
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
            page: Testing::default(),
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
        let Testing { batch, sifted, tested } = &mut self.page;
        while *tested < batch.len() && self.rows.len() < self.limit && slice.left() > 0 {
            let row = *tested;
            *tested += 1;
            slice.spend(1);
            let matches = match sifted.next(row) {
                Some(matches) => matches,
                None => passes(source, batch, row, &self.matcher, &self.reading, slice)?,
            };
            if matches {
                self.rows.push(self.view.hold(batch, row, &self.reading, &mut self.cuts)?);
            }
        }
        Ok(())
    }

    /// Makes the next instances of the rows that have been read; whether there were any.
    fn expand(&mut self, source: &dyn RowSource, slice: &Slice) -> bool {
        let most = usize::try_from(ROWS_PER_SCAN).unwrap_or(usize::MAX).min(slice.left());
        let (batch, from) = &mut self.read;
        let instances = self.reading.instances.expand(source, batch, &self.reading.columns, from, most);
        self.page = Testing::new(instances, &self.matcher, &self.reading);
        !self.page.batch.is_empty()
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
            true => self.page = Testing::new(page.batch, &self.matcher, &self.reading),
            false => self.read = (page.batch, Expansion::default()),
        }
        Ok(())
    }
}
