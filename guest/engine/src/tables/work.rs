//! What SetColumns, Restrict and SortTable ask for, and how it is carried out: at once, with the next call
//! that needs rows (`TBL_BATCH`), or in slices (`TBL_ASYNC`) (`tables` 2.2).

use crate::error::{Code, Failure, Result};
use crate::notifications::{TableEvent, TableNotification};
use crate::properties::PropTag;
use crate::restriction::Restriction;
use crate::tables::cell::CellRule;
use crate::tables::instances::instance_tags;
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;
use crate::tables::state::{Shape, State};
use crate::tables::view::{Building, View};
use crate::tables::{SortOrderSet, TBL_ASYNC, TBL_BATCH, TableStatus};
use std::ops::ControlFlow;
use std::rc::Rc;

/// The kinds of calls that may leave work over, in the order their work is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Columns,
    Restriction,
    Sort,
}

impl Kind {
    const fn under_way(self) -> TableStatus {
        match self {
            Self::Columns => TableStatus::SettingCols,
            Self::Restriction => TableStatus::Restricting,
            Self::Sort => TableStatus::Sorting,
        }
    }

    const fn failed(self) -> TableStatus {
        match self {
            Self::Columns => TableStatus::SetColError,
            Self::Restriction => TableStatus::RestrictError,
            Self::Sort => TableStatus::SortError,
        }
    }

    const fn done(self) -> TableEvent {
        match self {
            Self::Columns => TableEvent::SetColDone,
            Self::Restriction => TableEvent::RestrictDone,
            Self::Sort => TableEvent::SortDone,
        }
    }
}

/// What one call asked for.
pub(super) enum Change {
    Columns(Vec<PropTag>),
    Restriction(Option<Rc<Restriction>>),
    Sort(SortOrderSet),
}

/// What the last call of a kind asked for, and whether its end is told.
struct Asked<T> {
    wanted: T,
    told: bool,
}

/// What calls asked for and have not got yet.
#[derive(Default)]
pub(super) struct Pending {
    columns: Option<Asked<Vec<PropTag>>>,
    restriction: Option<Asked<Option<Rc<Restriction>>>>,
    sort: Option<Asked<SortOrderSet>>,
}

impl Pending {
    /// A later call of the same kind replaces the earlier one.
    fn put(&mut self, change: Change, told: bool) {
        match change {
            Change::Columns(wanted) => self.columns = Some(Asked { wanted, told }),
            Change::Restriction(wanted) => self.restriction = Some(Asked { wanted, told }),
            Change::Sort(wanted) => self.sort = Some(Asked { wanted, told }),
        }
    }

    /// The kinds it holds, and whether the end of each is told.
    fn kinds(&self) -> Vec<(Kind, bool)> {
        let columns = self.columns.as_ref().map(|asked| (Kind::Columns, asked.told));
        let restriction = self.restriction.as_ref().map(|asked| (Kind::Restriction, asked.told));
        let sort = self.sort.as_ref().map(|asked| (Kind::Sort, asked.told));
        columns.into_iter().chain(restriction).chain(sort).collect()
    }

    /// The kind a failure counts as.
    const fn failing(&self) -> Kind {
        match (&self.restriction, &self.sort) {
            (Some(_), _) => Kind::Restriction,
            (None, Some(_)) => Kind::Sort,
            (None, None) => Kind::Columns,
        }
    }
}

/// Work that was left over.
pub(super) struct Work {
    asked: Pending,
    /// The call that left it over.
    kind: Kind,
    building: Building,
}

/// The kinds whose last call failed, the latest last.
#[derive(Default)]
pub(super) struct Failed(Vec<Kind>);

impl Failed {
    fn note(&mut self, kind: Kind) {
        self.clear(kind);
        self.0.push(kind);
    }

    fn clear(&mut self, kind: Kind) {
        self.0.retain(|failed| *failed != kind);
    }
}

impl State {
    /// Whether work is left over.
    pub(super) fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// The check of every method that work left over keeps out.
    pub(super) fn check_idle(&self) -> Result<()> {
        if self.is_busy() {
            return Err(Failure::new(
                Code::Busy,
                "the table is still being sorted or restricted; wait for it with WaitForCompletion, or end it with Abort",
            ));
        }
        Ok(())
    }

    /// The status as far as work decides it.
    pub(super) fn status(&self) -> TableStatus {
        match (&self.work, self.failed.0.last()) {
            (Some(work), _) => work.kind.under_way(),
            (None, Some(kind)) => kind.failed(),
            (None, None) => TableStatus::Complete,
        }
    }

    /// SetColumns, Restrict or SortTable with these flags.
    pub(super) fn ask(&mut self, source: &dyn RowSource, change: Change, flags: u32) -> Result<()> {
        self.check_idle()?;
        let kind = match &change {
            Change::Columns(_) => Kind::Columns,
            Change::Restriction(_) => Kind::Restriction,
            Change::Sort(_) => Kind::Sort,
        };
        let told = flags & TBL_ASYNC != 0;
        if flags & TBL_BATCH != 0 {
            self.pending.put(change, told);
            return Ok(());
        }
        if !told {
            self.flush(source)?;
            self.pending.put(change, told);
            return self.finish(source);
        }
        // A batch that waits becomes part of the work, so that this call does not take as long as the batch.
        self.take_in(source)?;
        self.pending.put(change, told);
        self.start(source, kind)
    }

    /// The start of every call that needs rows: changes first, then what batched calls left to do.
    pub(super) fn flush(&mut self, source: &dyn RowSource) -> Result<()> {
        self.check_idle()?;
        self.take_in(source)?;
        self.finish(source)
    }

    fn take_in(&mut self, source: &dyn RowSource) -> Result<()> {
        source.refresh()?;
        self.take_changes(source)
    }

    /// Carries out what calls asked for and have not got yet; on failure all of it is dropped.
    fn finish(&mut self, source: &dyn RowSource) -> Result<()> {
        let asked = std::mem::take(&mut self.pending);
        let view = if self.needs_rows(&asked) {
            let made = self.make_view(source, self.wanted(&asked));
            Some(made.inspect_err(|_| self.failed.note(asked.failing()))?)
        } else {
            None
        };
        self.accept(asked, view);
        Ok(())
    }

    /// Begins what calls asked for and have not got yet, and does its first slice. On failure all of it is dropped.
    fn start(&mut self, source: &dyn RowSource, kind: Kind) -> Result<()> {
        let asked = std::mem::take(&mut self.pending);
        if !self.needs_rows(&asked) {
            self.accept(asked, None);
            return Ok(());
        }
        let begun = self.begin(source, &asked);
        let building = begun.inspect_err(|_| self.failed.note(asked.failing()))?;
        self.work = Some(Work { asked, kind, building });
        self.go_on(source)
    }

    fn begin(&mut self, source: &dyn RowSource, asked: &Pending) -> Result<Building> {
        // Before the rows are read: what happens meanwhile waits in the queue.
        let live = self.subscribe(source)?;
        let definition = self.definition(source, self.wanted(asked));
        Building::begin(source, &definition, live)
    }

    /// Does a slice of work that was left over; a failure of it is told. Whether some is left.
    ///
    /// # Errors
    /// Why the work failed.
    pub(super) fn slice(&mut self, source: &dyn RowSource) -> Result<bool> {
        if !self.is_busy() {
            return Ok(false);
        }
        let outcome = self.go_on(source);
        if let Err(failure) = &outcome {
            self.tell(TableNotification { code: failure.code(), ..TableNotification::plain(TableEvent::Error) });
        }
        outcome.map(|()| self.is_busy())
    }

    fn go_on(&mut self, source: &dyn RowSource) -> Result<()> {
        let Some(Work { asked, kind, building }) = self.work.take() else { return Ok(()) };
        match building.advance(source, &mut Slice::of(self.slice_steps), self.has_waiting_change()) {
            Ok(ControlFlow::Continue(building)) => {
                self.work = Some(Work { asked, kind, building });
                Ok(())
            }
            Ok(ControlFlow::Break(view)) => {
                self.accept(asked, Some(view));
                self.take_meanwhile(source);
                Ok(())
            }
            Err(failure) => {
                self.failed.note(asked.failing());
                Err(failure)
            }
        }
    }

    /// Ends work that was left over; what was in force stays.
    pub(super) fn abort(&mut self) -> Result<()> {
        match self.work.take() {
            Some(_) => Ok(()),
            None => Err(Failure::new(Code::UnableToAbort, "nothing is under way that could be ended")),
        }
    }

    /// Begins left-over work again, because what it was begun for has changed.
    pub(super) fn begin_again(&mut self, source: &dyn RowSource) -> Result<()> {
        let Some(Work { asked, kind, .. }) = self.work.take() else { return Ok(()) };
        match self.begin(source, &asked) {
            Ok(building) => {
                self.work = Some(Work { asked, kind, building });
                Ok(())
            }
            Err(failure) => {
                self.failed.note(asked.failing());
                self.tell(TableNotification { code: failure.code(), ..TableNotification::plain(TableEvent::Error) });
                Err(failure)
            }
        }
    }

    /// Whether this makes another view: columns do so when other multi-values are shown one row an element, or
    /// the same ones in another order, in which the rows change.
    fn needs_rows(&self, asked: &Pending) -> bool {
        asked.restriction.is_some() || asked.sort.is_some() || self.wanted(asked).instances != self.shape().instances
    }

    /// What is in force once this is done.
    fn wanted(&self, asked: &Pending) -> Shape {
        let mut shape = self.shape();
        if let Some(asked) = &asked.columns {
            shape.instances = instance_tags(asked.wanted.iter().copied());
        }
        if let Some(asked) = &asked.restriction {
            shape.restriction.clone_from(&asked.wanted);
        }
        if let Some(asked) = &asked.sort {
            shape.sort = Some(asked.wanted.clone());
        }
        shape
    }

    /// Puts in force what was asked for.
    fn accept(&mut self, asked: Pending, view: Option<View>) {
        for (kind, told) in asked.kinds() {
            self.failed.clear(kind);
            if told {
                self.tell(TableNotification::plain(kind.done()));
            }
        }
        if let Some(Asked { wanted, .. }) = asked.columns {
            self.columns = wanted.into_iter().map(CellRule::new).collect();
        }
        if let Some(Asked { wanted, .. }) = asked.restriction {
            self.restriction = wanted;
        }
        if let Some(Asked { wanted, .. }) = asked.sort {
            self.sort = Some(wanted);
        }
        if let Some(view) = view {
            self.view = Some(view);
            self.forget_places();
        }
    }
}
