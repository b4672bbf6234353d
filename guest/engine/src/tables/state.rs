//! What a table object holds between calls: columns, view, cursor, bookmarks, and what waits (`tables` 2).

use crate::error::{Code, Failure, Result, Warned};
use crate::notifications::{TableEvent, TableNotification};
use crate::properties::PropTag;
use crate::restriction::Restriction;
use crate::tables::cell::CellRule;
use crate::tables::change::{ChangeQueue, Changes};
use crate::tables::instances::{Instances, instance_tags};
use crate::tables::notify::notifications;
use crate::tables::order::ViewOrder;
use crate::tables::slice::SLICE_STEPS;
use crate::tables::source::RowSource;
use crate::tables::view::{Anchor, Definition, Happened, Mark, Numbers, RowEvent, View};
use crate::tables::work::{Failed, Pending, Work};
use crate::tables::{Bookmark, SortOrderSet};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Live bookmarks a table may have.
const MAX_BOOKMARKS: usize = 1024;

/// Rows whose changes are taken in at the end of work in slices, as its last step.
const MEANWHILE: usize = 256;

/// How often an itemised view is read anew because its rows changed meanwhile. Past that the changes are told
/// although the view has them already.
const CALM_ATTEMPTS: u32 = 3;

/// What decides which rows a view has, and in which order.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) restriction: Option<Rc<Restriction>>,
    pub(super) sort: Option<SortOrderSet>,
    /// The columns that show one element of a multi-value.
    pub(super) instances: Vec<PropTag>,
}

pub(super) struct State {
    /// The current set.
    pub(super) columns: Vec<CellRule>,
    pub(super) restriction: Option<Rc<Restriction>>,
    /// As given; `None` before `SortTable`.
    pub(super) sort: Option<SortOrderSet>,
    /// What batched calls asked for.
    pub(super) pending: Pending,
    /// What a call left over.
    pub(super) work: Option<Work>,
    /// Row steps of one slice of it.
    pub(super) slice_steps: usize,
    pub(super) failed: Failed,
    /// Rows changed since rows were last read.
    pub(super) unread_change: bool,
    pub(super) view: Option<View>,
    queue: Option<Rc<ChangeQueue>>,
    cursor: Mark,
    bookmarks: BTreeMap<u32, Mark>,
    last_bookmark: u32,
    /// Somebody is told what happens to the rows.
    itemised: bool,
    /// What is to be told.
    told: Vec<TableNotification>,
    /// Numbers for the categories of all views of this table.
    numbers: Numbers,
}

impl State {
    pub(super) fn new(columns: Vec<PropTag>) -> Self {
        Self {
            columns: columns.into_iter().map(CellRule::new).collect(),
            restriction: None,
            sort: None,
            pending: Pending::default(),
            work: None,
            slice_steps: SLICE_STEPS,
            failed: Failed::default(),
            unread_change: false,
            view: None,
            queue: None,
            cursor: Mark::default(),
            bookmarks: BTreeMap::new(),
            last_bookmark: Bookmark::END.0,
            itemised: false,
            told: Vec::new(),
            numbers: Numbers::default(),
        }
    }

    /// Whether rows changed since rows were last read, as far as is known without asking anyone.
    pub(super) fn has_unread_change(&self) -> bool {
        self.unread_change || self.has_waiting_change()
    }

    /// Whether there are changes the view has not taken in.
    pub(super) fn has_waiting_change(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| !queue.is_empty())
    }

    pub(super) fn forget_places(&mut self) {
        self.bookmarks.clear();
        self.cursor = Mark::default();
    }

    /// Brings view, cursor and bookmarks up to date with what the source has told, and makes the notifications.
    pub(super) fn take_changes(&mut self, source: &dyn RowSource) -> Result<()> {
        let Some(queue) = self.queue.clone() else { return Ok(()) };
        let changes = queue.take();
        self.unread_change |= changes != Changes::None;
        let mut events = Vec::new();
        let outcome = self.apply(source, &queue, &changes, &mut events);
        if self.itemised && !events.is_empty() {
            let order = view_order(&self.shape(), source);
            self.told.extend(notifications(source, &self.columns, &order, events));
        }
        outcome?;
        // Somebody registered while work was left over, and that work came to nothing.
        if self.itemised && self.view.as_ref().is_some_and(|view| !view.is_itemised()) {
            if changes != Changes::None {
                self.tell(TableNotification::plain(TableEvent::Changed));
            }
            return self.itemise_view(source);
        }
        Ok(())
    }

    fn apply(
        &mut self,
        source: &dyn RowSource,
        queue: &ChangeQueue,
        changes: &Changes,
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        let Some(view) = &mut self.view else {
            // It could not be made again after the last reload.
            return if self.itemised { self.view(source).map(drop) } else { Ok(()) };
        };
        if *changes == Changes::Reload {
            self.view = None;
            self.forget_places();
            events.push(RowEvent { operation: 0, happened: Happened::Reload });
            return if self.itemised { self.view(source).map(drop) } else { Ok(()) };
        }
        let mut marks: Vec<&mut Mark> = self.bookmarks.values_mut().collect();
        marks.push(&mut self.cursor);
        let applied = view.apply(source, changes, &mut marks, events);
        // The changes are taken but only partly in the view: read it anew next time, by row.
        if applied.is_err() {
            queue.flood();
        }
        applied
    }

    /// Begins to hear of changes; whether the source tells any.
    pub(super) fn subscribe(&mut self, source: &dyn RowSource) -> Result<bool> {
        if self.queue.is_none() {
            self.queue = source.subscribe()?;
        }
        Ok(self.queue.is_some())
    }

    /// From now on what happens to each row is told; what happened before is not.
    pub(super) fn itemise(&mut self, source: &dyn RowSource) -> Result<()> {
        source.catch_up()?;
        if self.is_busy() {
            // The view in force waits for its end, and so do the changes.
            if std::mem::replace(&mut self.itemised, true) {
                return Ok(());
            }
            return self.begin_again(source).inspect_err(|_| self.itemised = false);
        }
        self.take_changes(source)?;
        let was = std::mem::replace(&mut self.itemised, true);
        if was && self.view.is_some() {
            return Ok(());
        }
        let made = self.itemise_view(source);
        if made.is_err() {
            self.itemised = was;
        }
        made
    }

    fn itemise_view(&mut self, source: &dyn RowSource) -> Result<()> {
        let Some(mut former) = self.view.take_if(|view| !view.is_itemised()) else {
            return self.view(source).map(drop);
        };
        let made = self.make_view(source, self.shape()).and_then(|mut view| {
            view.inherit(&former);
            let marks = self.bookmarks.values().chain([&self.cursor]);
            let place = |mark: &Mark| view.anchor_from(source, &mut former, mark.anchor.clone());
            let anchors: Vec<Anchor> = marks.map(place).collect::<Result<_>>()?;
            Ok((view, anchors))
        });
        let (view, anchors) = match made {
            Ok(made) => made,
            Err(failure) => {
                self.view = Some(former);
                return Err(failure);
            }
        };
        let marks = self.bookmarks.values_mut().chain([&mut self.cursor]);
        marks.zip(anchors).for_each(|(mark, anchor)| mark.anchor = anchor);
        self.view = Some(view);
        Ok(())
    }

    /// Nobody is told any more.
    pub(super) fn end_itemising(&mut self) {
        self.itemised = false;
        self.told.clear();
    }

    /// What is to be told.
    pub(super) fn take_told(&mut self) -> Vec<TableNotification> {
        std::mem::take(&mut self.told)
    }

    /// What is in force.
    pub(super) fn shape(&self) -> Shape {
        let instances = instance_tags(self.columns.iter().map(|rule| rule.tag));
        Shape { restriction: self.restriction.clone(), sort: self.sort.clone(), instances }
    }

    pub(super) fn make_view(&mut self, source: &dyn RowSource, shape: Shape) -> Result<View> {
        // Before the rows are read: what happens in between is then told twice rather than never.
        self.subscribe(source)?;
        let definition = self.definition(source, shape);
        let Some(queue) = self.queue.clone().filter(|_| self.itemised) else {
            return View::new(source, &definition, self.queue.is_some());
        };
        // What happens while the rows are read must not be told of rows that are read already.
        let mut attempt = 1;
        loop {
            drop(queue.take());
            let view = View::new(source, &definition, true)?;
            source.refresh()?;
            if queue.is_empty() || attempt == CALM_ATTEMPTS {
                return Ok(view);
            }
            attempt += 1;
        }
    }

    /// What a view of that shape shows.
    pub(super) fn definition(&self, source: &dyn RowSource, shape: Shape) -> Definition {
        let order = view_order(&shape, source);
        Definition { restriction: shape.restriction, order, itemised: self.itemised, numbers: self.numbers.clone() }
    }

    /// Takes in what happened while the rows of the view were read in slices. Much is left to the next call that
    /// needs rows, which then reads them anew; so is what fails now.
    pub(super) fn take_meanwhile(&mut self, source: &dyn RowSource) {
        let Some(queue) = self.queue.clone().filter(|queue| !queue.is_empty()) else { return };
        let changed = queue.changed_rows().filter(|rows| rows.len() <= MEANWHILE);
        let (Some(rows), Some(view)) = (changed, &mut self.view) else {
            queue.reread();
            return;
        };
        if view.follows_rows(&rows) && self.take_changes(source).is_ok() {
            return;
        }
        queue.reread();
    }

    /// Something is to be told.
    pub(super) fn tell(&mut self, event: TableNotification) {
        self.told.push(event);
    }

    /// The sort in force, or the default order.
    pub(super) fn order_set(&self, source: &dyn RowSource) -> SortOrderSet {
        order_under(self.sort.as_ref(), source)
    }

    pub(super) fn restriction(&self) -> Option<&Restriction> {
        self.restriction.as_deref()
    }

    /// The view, made now if it is not there yet.
    fn view(&mut self, source: &dyn RowSource) -> Result<&mut View> {
        if self.view.is_none() {
            let view = self.make_view(source, self.shape())?;
            self.view = Some(view);
        }
        self.view.as_mut().ok_or_else(|| Failure::new(Code::CallFailed, "the table has no view"))
    }

    pub(super) fn count(&mut self, source: &dyn RowSource) -> Result<u64> {
        self.view(source)?.count(source)
    }

    /// The index of the next row to be read.
    pub(super) fn position(&mut self, source: &dyn RowSource) -> Result<u64> {
        let mut anchor = std::mem::take(&mut self.cursor.anchor);
        let index = self.view(source).and_then(|view| view.index_of(source, &mut anchor));
        self.cursor.anchor = anchor;
        index
    }

    /// Puts the cursor on the row at an index, or behind the last one.
    pub(super) fn set_position(&mut self, source: &dyn RowSource, index: u64) -> Result<()> {
        let anchor = self.view(source)?.anchor_at(source, index)?;
        self.set_cursor(anchor);
        Ok(())
    }

    pub(super) fn set_cursor(&mut self, anchor: Anchor) {
        self.cursor = Mark { anchor, relocated: false };
    }

    /// The index of a bookmark. Using it clears the mark that its row had left.
    pub(super) fn resolve(&mut self, source: &dyn RowSource, bookmark: Bookmark) -> Result<Warned<u64>> {
        match bookmark {
            Bookmark::BEGINNING => Ok(Warned::ok(0)),
            Bookmark::CURRENT => self.position(source).map(Warned::ok),
            Bookmark::END => self.count(source).map(Warned::ok),
            Bookmark(number) => {
                self.view(source)?;
                let (Some(mark), Some(view)) = (self.bookmarks.get_mut(&number), &mut self.view) else {
                    return Err(unknown_bookmark());
                };
                let index = view.index_of(source, &mut mark.anchor)?;
                let relocated = std::mem::take(&mut mark.relocated);
                Ok(Warned { value: index, warning: relocated.then_some(Code::WPositionChanged) })
            }
        }
    }

    /// The number of the next bookmark, if one may be made.
    pub(super) fn check_bookmarks(&self) -> Result<u32> {
        let number = self.last_bookmark.checked_add(1).filter(|_| self.bookmarks.len() < MAX_BOOKMARKS);
        number.ok_or_else(|| {
            Failure::new(Code::UnableToComplete, format!("{MAX_BOOKMARKS} bookmarks are in use; free some of them"))
        })
    }

    /// A bookmark on the row at the cursor: that row, also when the cursor itself stays at the beginning.
    pub(super) fn create_bookmark(&mut self, source: &dyn RowSource) -> Result<Bookmark> {
        let anchor = match self.position(source)? {
            0 => match self.view(source)?.anchor_at(source, 0)? {
                Anchor::End => Anchor::Begin,
                first => first,
            },
            _ => self.cursor.anchor.clone(),
        };
        self.keep_bookmark(anchor)
    }

    /// A bookmark there.
    pub(super) fn keep_bookmark(&mut self, anchor: Anchor) -> Result<Bookmark> {
        let number = self.check_bookmarks()?;
        self.last_bookmark = number;
        self.bookmarks.insert(number, Mark { anchor, relocated: false });
        Ok(Bookmark(number))
    }

    pub(super) fn free_bookmark(&mut self, bookmark: Bookmark) -> Result<()> {
        if bookmark.0 <= Bookmark::END.0 || self.bookmarks.remove(&bookmark.0).is_some() {
            return Ok(());
        }
        Err(unknown_bookmark())
    }

    /// The view, and everything that stands on its rows.
    pub(super) fn view_and_marks(&mut self, source: &dyn RowSource) -> Result<(&mut View, Vec<&mut Mark>)> {
        self.view(source)?;
        let marks = self.bookmarks.values_mut().chain([&mut self.cursor]).collect();
        match &mut self.view {
            Some(view) => Ok((view, marks)),
            None => Err(Failure::new(Code::CallFailed, "the table has no view")),
        }
    }

    /// The view, and where the cursor stands.
    pub(super) fn view_mut(&mut self, source: &dyn RowSource) -> Result<(&mut View, &Anchor)> {
        self.view(source)?;
        match &mut self.view {
            Some(view) => Ok((view, &self.cursor.anchor)),
            None => Err(Failure::new(Code::CallFailed, "the table has no view")),
        }
    }
}

fn unknown_bookmark() -> Failure {
    Failure::new(Code::InvalidBookmark, "there is no such bookmark in this table, or a new order discarded it")
        .with_argument("bookmark")
}

/// How the rows of a view of that shape are ordered.
fn view_order(shape: &Shape, source: &dyn RowSource) -> ViewOrder {
    let order = order_under(shape.sort.as_ref(), source);
    ViewOrder::new(&order).expanded_on(Instances::of(shape.instances.iter().copied(), &order))
}

/// A sort, or the default order without one.
fn order_under(sort: Option<&SortOrderSet>, source: &dyn RowSource) -> SortOrderSet {
    sort.filter(|sort| !sort.keys.is_empty()).cloned().unwrap_or_else(|| source.default_order().order)
}
