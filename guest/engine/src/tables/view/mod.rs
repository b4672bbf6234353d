//! The view: which rows a table shows, in which order, and where its cursor and bookmarks are (`tables` 2).
//!
//! One interface over three strategies. When the backend evaluates everything exactly, with counts and
//! positions, the view holds no rows ([`pushed`]), or with categories only those ([`grouped`]); else it holds the
//! order of all rows ([`sorted`]). Which one, and why not a better one, [`obstacle`] says.

mod applying;
mod building;
mod categories;
mod difference;
mod event;
mod expanding;
mod folding;
mod grouped;
mod headers;
mod obstacle;
mod pushed;
mod rereading;
mod rows;
mod searching;
mod sequence;
mod sorted;
mod standing;
mod step_sort;
mod steps;
mod string_sort;

use crate::backend::{Batch, Column, Filter, ObjectId, Plan, ScanFrom, Support};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType, Value, tags};
use crate::restriction::{Found, Matcher, Part, Relop, Restriction, Subject};
use crate::tables::change::Changes;
use crate::tables::instances::{Instances, RowId, same_column};
use crate::tables::order::{KEY_CELL_LIMIT, ViewOrder, number_at};
use crate::tables::pushdown::{Pushed, conjuncts, translate};
use crate::tables::slice::{CALL_STEPS, Slice};
use crate::tables::source::{RowRequest, RowSource};
use crate::tables::{Evaluation, KeptBecause};
pub(super) use building::Building;
pub(super) use categories::{Held, Numbers};
pub(super) use event::{Happened, RowEvent, Shown};
use grouped::GroupedView;
pub(super) use headers::{RowToRead, page as read_rows};
use pushed::PushedView;
pub(super) use pushed::StoredPlace;
pub(super) use sorted::SortedView;
use std::cell::Cell;
use std::rc::Rc;

/// Rows read at once while a view is made or searched.
const ROWS_PER_SCAN: u32 = 1024;

/// Recipients or attachments read at once while a row is tested.
const PARTS_PER_SCAN: u32 = 256;

/// UTF-16 units of a cell that is tested without reading it in parts.
const TEST_CELL_LIMIT: u32 = 2048;

/// A row that cursor or bookmark stands on.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A row a [`SortedView`] holds.
    Held(Held),
    /// A row of a [`PushedView`], or a leaf of a [`GroupedView`].
    Stored(Box<StoredPlace>),
    /// The header of a category of a [`GroupedView`], by its number.
    Category(u64),
}

/// Where a cursor or bookmark stands (`tables` 2 "Cursor anchor kinds").
#[derive(Clone, Debug, Default)]
pub(super) enum Anchor {
    /// Always index 0.
    #[default]
    Begin,
    /// Follows its row.
    Row(Place),
    /// Always behind the last row.
    End,
}

/// An anchor, and whether its row left the view since it was last used.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    pub(super) anchor: Anchor,
    pub(super) relocated: bool,
}

impl Mark {
    /// Whether it stands on that row.
    fn is_on(&self, row: Held) -> bool {
        matches!(self.anchor, Anchor::Row(Place::Held(on)) if on == row)
    }
}

/// What a view shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Definition {
    pub(super) restriction: Option<Rc<Restriction>>,
    pub(super) order: ViewOrder,
    /// What happens to each row is told: the view then knows all its rows.
    pub(super) itemised: bool,
    /// Where its categories get their numbers from.
    pub(super) numbers: Numbers,
}

/// The rows of a view in their order.
pub(super) enum View {
    Pushed(PushedView),
    Grouped(GroupedView),
    Sorted(SortedView),
}

/// A page of rows, and the place of the row behind it; `None`: there is none.
pub(super) struct Page {
    pub(super) batch: Batch,
    /// Of what the rows are instances, and which ones; empty: each is the only one of its object.
    pub(super) instances: Instances,
    pub(super) numbers: Vec<u32>,
    pub(super) next: Option<Place>,
}

/// What a backend is left to do of a restriction, and what is not.
struct Split<'a> {
    filters: Vec<Filter>,
    rest: Vec<&'a Restriction>,
    plan: Option<Plan>,
    /// Who evaluates each part, and who orders the rows.
    conditions: Vec<Evaluation>,
    order: Evaluation,
}

impl View {
    /// Makes a view. `live`: the source tells its changes.
    pub(super) fn new(source: &dyn RowSource, definition: &Definition, live: bool) -> Result<Self> {
        Building::begin(source, definition, live)?.finish(source)
    }

    /// How many rows there are.
    pub(super) fn count(&mut self, source: &dyn RowSource) -> Result<u64> {
        match self {
            Self::Pushed(view) => view.count(source),
            Self::Grouped(view) => Ok(view.count()),
            Self::Sorted(view) => Ok(view.count()),
        }
    }

    /// The index of an anchor.
    pub(super) fn index_of(&mut self, source: &dyn RowSource, anchor: &mut Anchor) -> Result<u64> {
        match (self, anchor) {
            (_, Anchor::Begin) => Ok(0),
            (Self::Pushed(view), Anchor::Row(Place::Stored(place))) => view.index_of(source, place),
            (Self::Grouped(view), Anchor::Row(Place::Stored(place))) => view.index_of(source, place),
            (Self::Grouped(view), Anchor::Row(Place::Category(number))) => Ok(view.index_of_header(*number)),
            (Self::Sorted(view), Anchor::Row(Place::Held(row))) => Ok(view.index_of(*row)),
            (view, _) => view.count(source),
        }
    }

    /// The anchor of the row at an index; behind the last row it is the end.
    pub(super) fn anchor_at(&mut self, source: &dyn RowSource, index: u64) -> Result<Anchor> {
        let place = match self {
            Self::Pushed(view) => view.place_at(source, index)?,
            Self::Grouped(view) => view.place_at(source, index)?,
            Self::Sorted(view) => view.place_at(index),
        };
        Ok(place.map_or(Anchor::End, Anchor::Row))
    }

    /// Reads up to `count` rows from `first` on.
    pub(super) fn read(
        &mut self,
        source: &dyn RowSource,
        first: u64,
        count: u32,
        columns: &[PropTag],
        cell_limit: u32,
        near: &Anchor,
    ) -> Result<Page> {
        let near = match near {
            Anchor::Row(Place::Stored(place)) => Some(&**place),
            _ => None,
        };
        match self {
            Self::Pushed(view) => view.read(source, first, count, columns, cell_limit, near),
            Self::Grouped(view) => view.read(source, first, count, columns, cell_limit, near),
            Self::Sorted(view) => view.read(source, first, count, columns, cell_limit),
        }
    }

    /// The first row at or behind `from`, or before it when searching backwards, that the restriction fits.
    pub(super) fn find(
        &mut self,
        source: &dyn RowSource,
        restriction: &Restriction,
        from: u64,
        backwards: bool,
    ) -> Result<Option<u64>> {
        // A key names its row: no need to look at all of them.
        if let Restriction::Property { relop: Relop::Eq, tag, value } = restriction
            && !tag.kind().is_multi()
        {
            let named = source.row_of_key(*tag, &value.value)?;
            let one_each = self.instances().is_none_or(Instances::is_empty);
            let row = named.as_ref().and_then(|(id, number)| Some((id, number.or(one_each.then_some(0))?)));
            if let Some((id, number)) = row {
                let index = match self {
                    Self::Pushed(_) | Self::Grouped(_) if number > 0 => None,
                    Self::Pushed(view) => view.index_of_row(source, id)?,
                    Self::Grouped(view) => view.index_of_row(source, id)?,
                    Self::Sorted(view) => view.index_of_row(&RowId { object: id.clone(), number }),
                };
                return Ok(index.filter(|index| (*index < from) == backwards));
            }
            if named.is_none()
                && let Value::Binary(key) = &value.value
                && tag.id() == tags::INSTANCE_KEY.id()
                && let Some((_, index)) = self.visible_header(key)
            {
                return Ok(Some(index).filter(|index| (*index < from) == backwards));
            }
        }
        match self {
            Self::Pushed(view) => view.find(source, restriction, from, backwards),
            Self::Grouped(view) => view.find(source, restriction, from, backwards),
            Self::Sorted(view) => view.find(source, restriction, from, backwards),
        }
    }

    /// What its rows are instances of; `None`: of nothing, since the backend holds them.
    fn instances(&self) -> Option<&Instances> {
        match self {
            Self::Pushed(_) | Self::Grouped(_) => None,
            Self::Sorted(view) => Some(&view.definition.order.instances),
        }
    }

    /// Whether what happens to each row is told.
    pub(super) fn is_itemised(&self) -> bool {
        matches!(self, Self::Sorted(view) if view.is_itemised())
    }

    /// Takes over which categories a former view of the same order had, and which of them were expanded.
    pub(super) fn inherit(&mut self, former: &Self) {
        match (self, former) {
            (Self::Sorted(view), Self::Sorted(former)) => view.inherit(former),
            (Self::Sorted(view), Self::Grouped(former)) => view.adopt(&|path| former.number_and_state(path)),
            _ => {}
        }
    }

    /// The anchor in this view of where an anchor stood in a former one.
    pub(super) fn anchor_from(&mut self, source: &dyn RowSource, former: &mut Self, mut anchor: Anchor) -> Result<Anchor> {
        let found = match (&mut *self, &*former, &anchor) {
            (Self::Sorted(view), _, Anchor::Row(Place::Stored(place))) => {
                view.rows.slot_of(&RowId { object: place.id().clone(), number: 0 }).map(Held::Leaf)
            }
            (Self::Sorted(view), _, Anchor::Row(Place::Category(number))) => view.header_of_number(*number).map(Held::Header),
            (Self::Sorted(view), Self::Sorted(former), Anchor::Row(Place::Held(row))) => view.row_of(former, *row),
            (_, _, Anchor::Row(_)) => None,
            _ => return Ok(anchor),
        };
        if let Some(row) = found {
            return Ok(Anchor::Row(Place::Held(row)));
        }
        let index = former.index_of(source, &mut anchor)?;
        self.anchor_at(source, index)
    }

    /// Makes sure that each of these rows, which changed while the view was made, is in it once at most. Whether
    /// the view takes in their changes row by row.
    pub(super) fn follows_rows(&mut self, rows: &[ObjectId]) -> bool {
        match self {
            Self::Pushed(_) | Self::Grouped(_) => true,
            Self::Sorted(view) => view.follows_rows(rows),
        }
    }

    /// Takes in changes of single rows, or of any row, and moves the marks along. What an itemised view
    /// tells is added to the events, also when it fails half-way.
    pub(super) fn apply(
        &mut self,
        source: &dyn RowSource,
        changes: &Changes,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        match self {
            Self::Pushed(view) => view.apply(source, changes, marks),
            Self::Grouped(view) => view.apply(source, changes, marks),
            Self::Sorted(view) => view.apply(source, changes, marks, events),
        }
    }
}

/// Divides the parts of a restriction between the backend and the engine. `given` are filters the backend
/// evaluates already.
fn divide<'a>(source: &dyn RowSource, parts: &[&'a Restriction], given: &[Filter], order: &ViewOrder) -> Result<Split<'a>> {
    let computed = |tag: PropTag| source.is_computed(tag);
    let pushed: Vec<Result<Pushed, KeptBecause>> = parts.iter().map(|part| translate(part, &computed)).collect();
    let mut filters = given.to_vec();
    filters.extend(pushed.iter().flatten().map(|pushed| pushed.filter.clone()));
    let kept = order.kept_because().or_else(|| order.tags().any(computed).then_some(KeptBecause::Computed));
    let Some(mut plan) = source.plan(&filters, if kept.is_none() { &order.keys } else { &[] })? else {
        let nobody = Evaluation::Engine(KeptBecause::NoStore);
        let conditions = vec![nobody; parts.len()];
        return Ok(Split { filters: Vec::new(), rest: parts.to_vec(), plan: None, conditions, order: nobody });
    };
    if kept.is_some() {
        plan.order = Support::Unsupported;
    }
    let order = match plan.order {
        Support::Exact => Evaluation::Store,
        _ => Evaluation::Engine(kept.unwrap_or(KeptBecause::NotEvaluated)),
    };
    let mut accepted = given.to_vec();
    let mut rest = Vec::new();
    let mut conditions = Vec::with_capacity(parts.len());
    // A plan shorter than the filters (a lying backend) leaves the others to the engine.
    let mut answers = plan.filters.iter().skip(given.len());
    for (part, pushed) in parts.iter().zip(pushed) {
        let evaluation = match pushed {
            Err(why) => Evaluation::Engine(why),
            Ok(Pushed { filter, exact }) => {
                let answer = answers.next().copied().unwrap_or(Support::Unsupported);
                if answer != Support::Unsupported {
                    accepted.push(filter);
                }
                match answer {
                    Support::Exact if exact => Evaluation::Store,
                    Support::Exact | Support::Inexact => Evaluation::Narrowed(KeptBecause::Inexact),
                    Support::Unsupported => Evaluation::Engine(KeptBecause::NotEvaluated),
                }
            }
        };
        if evaluation != Evaluation::Store {
            rest.push(*part);
        }
        conditions.push(evaluation);
    }
    Ok(Split { filters: accepted, rest, plan: Some(plan), conditions, order })
}

/// Columns to read, each identifier once, and where in the batch the keys of the order are. The matcher's
/// columns come first, in its numbering.
struct Reading {
    columns: Vec<PropTag>,
    keys: Vec<usize>,
    /// Where `PR_INSTANCE_KEY` is, in an itemised view.
    instance: Option<usize>,
    /// Where `PR_MESSAGE_FLAGS` is, in a view with categories.
    flags: Option<usize>,
    /// Where the property is whose extreme orders the categories.
    extremum: Option<usize>,
    /// Where `PR_INSTANCE_NUM` is, in a view of instances.
    number: Option<usize>,
    /// What the rows are instances of.
    instances: Instances,
    limit: u32,
}

impl Reading {
    fn new(matcher: &Matcher, order: &ViewOrder) -> Self {
        let mut columns: Vec<PropTag> = matcher.columns().to_vec();
        let tested = columns.len();
        let keys = order.tags().map(|tag| place_of(&mut columns, tag)).collect();
        let flags = order.grouping.as_ref().map(|_| place_of(&mut columns, tags::MESSAGE_FLAGS));
        let extremum = order.grouping.as_ref().and_then(|grouping| grouping.extremum);
        let extremum = extremum.map(|extremum| place_of(&mut columns, extremum.tag));
        let instances = order.instances.clone();
        for on in instances.tags() {
            place_of(&mut columns, on);
        }
        let number = (!instances.is_empty()).then(|| place_of(&mut columns, tags::INSTANCE_NUM));
        let limit = if tested > 0 { TEST_CELL_LIMIT } else { KEY_CELL_LIMIT };
        Self { columns, keys, instance: None, flags, extremum, number, instances, limit }
    }

    /// For a view of that definition.
    fn of_view(matcher: &Matcher, definition: &Definition) -> Self {
        let mut reading = Self::new(matcher, &definition.order);
        if definition.itemised {
            reading.instance = Some(place_of(&mut reading.columns, tags::INSTANCE_KEY));
        }
        reading
    }
}

/// Where that column is, added if it is not there.
fn place_of(columns: &mut Vec<PropTag>, tag: PropTag) -> usize {
    columns.iter().position(|have| same_column(*have, tag)).unwrap_or_else(|| {
        columns.push(tag);
        columns.len() - 1
    })
}

/// Whether a row of a batch passes; what had to be read for it alone is spent of the slice.
fn passes(
    source: &dyn RowSource,
    batch: &Batch,
    row: usize,
    matcher: &Matcher,
    reading: &Reading,
    slice: &mut Slice,
) -> Result<bool> {
    if matcher.is_trivial() {
        return Ok(true);
    }
    let number = number_at(batch, row, reading.number);
    let row = BatchRow::new(source, batch, row, matcher.columns(), reading.limit).instance(&reading.instances, number);
    let answer = matcher.matches(&row);
    slice.spend(row.spent.get());
    answer
}

/// A row of a batch under test.
struct BatchRow<'a> {
    source: &'a dyn RowSource,
    batch: &'a Batch,
    columns: &'a [PropTag],
    limit: u32,
    row: usize,
    /// It is the header of a category: there is nothing to it but its cells.
    header: bool,
    /// What it is an instance of, and which one.
    instance: Option<(&'a Instances, u32)>,
    /// Row steps it cost to read what is not in the batch.
    spent: Cell<usize>,
}

impl<'a> BatchRow<'a> {
    fn new(source: &'a dyn RowSource, batch: &'a Batch, row: usize, columns: &'a [PropTag], limit: u32) -> Self {
        Self { source, batch, columns, limit, row, header: false, instance: None, spent: Cell::new(0) }
    }

    /// The header of a category.
    fn header(source: &'a dyn RowSource, batch: &'a Batch, row: usize, columns: &'a [PropTag]) -> Self {
        Self { header: true, ..Self::new(source, batch, row, columns, 0) }
    }

    /// An instance of the row.
    fn instance(self, instances: &'a Instances, number: u32) -> Self {
        Self { instance: Some((instances, number)), ..self }
    }

    /// The element of a long multi-value that the row shows; `None`: it shows the value as it is.
    fn element(&self, tag: PropTag) -> Result<Option<Value>> {
        let Some((instances, number)) = self.instance.filter(|(instances, _)| instances.are_of(tag)) else { return Ok(None) };
        let row = RowId { object: self.id().clone(), number };
        let batch = instances.read(self.source, &[row], &[tag], 0)?;
        // One that is gone by now has no bytes.
        Ok(Some(batch.columns.first().and_then(|column| column.value(0)).unwrap_or(Value::Null)))
    }

    fn spend(&self, steps: usize) {
        self.spent.set(self.spent.get().saturating_add(steps));
    }

    fn id(&self) -> &ObjectId {
        &self.batch.ids[self.row]
    }

    fn column(&self, column: usize) -> Option<&Column> {
        self.batch.columns.get(column)
    }
}

/// A part of a value's bytes, text as UTF-8.
fn part_of(value: &Value, offset: u64, length: u32) -> Vec<u8> {
    let bytes = match value {
        Value::Unicode(text) => text.as_bytes(),
        Value::Binary(bytes) => bytes,
        _ => &[],
    };
    let start = bytes.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
    let end = bytes.len().min(start.saturating_add(length as usize));
    bytes.get(start..end).unwrap_or_default().to_vec()
}

/// Whether a value may have been cut at that many units.
fn may_be_cut(value: &crate::properties::ValueRef<'_>, limit: usize) -> bool {
    use crate::properties::ValueRef;
    // The last unit is missing when a character of two would have crossed the limit.
    let text = |text: &str| text.len() >= limit - 1 && text.encode_utf16().count() >= limit - 1;
    match value {
        ValueRef::Text(value) => text(value),
        ValueRef::Bytes(value) => value.len() >= 2 * limit,
        other => match other.plain() {
            Some(Value::MvUnicode(items)) => items.iter().any(|item| text(item)),
            Some(Value::MvBinary(items)) => items.iter().any(|item| item.len() >= 2 * limit),
            _ => false,
        },
    }
}

impl Subject for BatchRow<'_> {
    fn find(&self, column: usize) -> Found<'_> {
        let tag = self.columns.get(column).copied().unwrap_or(PropTag::NULL);
        match Found::cell(self.column(column).and_then(|column| column.value_ref(self.row)), tag) {
            Found::Here(value) if self.limit > 0 && may_be_cut(&value, self.limit as usize) => Found::Long(value.kind()),
            found => found,
        }
    }

    fn read_range(&self, column: usize, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.spend(CALL_STEPS);
        let tag = self.columns.get(column).copied().unwrap_or(PropTag::NULL);
        match self.element(tag)? {
            Some(element) => Ok(part_of(&element, offset, length)),
            None => self.source.read_range(self.id(), tag, offset, length),
        }
    }

    fn size(&self, column: usize) -> Result<Option<u64>> {
        self.spend(CALL_STEPS);
        let tag = self.columns.get(column).copied().unwrap_or(PropTag::NULL);
        match self.element(tag)? {
            Some(element) => Ok(Some(element.size()).filter(|_| element != Value::Null)),
            None => self.source.size(self.id(), tag),
        }
    }

    fn whole(&self, column: usize) -> Result<Option<Value>> {
        self.spend(CALL_STEPS);
        let Some(tag) = self.columns.get(column) else { return Ok(None) };
        if let Some(element) = self.element(*tag)? {
            return Ok(Some(element).filter(|element| *element != Value::Null));
        }
        let kind = PropType(tag.kind().0 & !PropType::MV_INSTANCE);
        let batch = self.source.read(std::slice::from_ref(self.id()), &[tag.with_kind(kind)], 0)?;
        Ok(batch.columns.first().and_then(|column| column.value(0)))
    }

    fn count_parts(&self, part: Part, matcher: &Matcher, enough: u64) -> Result<u64> {
        let parts = if self.header { None } else { self.source.parts(self.id(), part) };
        let Some(parts) = parts else { return Ok(0) };
        let reading = Reading::new(matcher, &ViewOrder::default());
        let mut found = 0;
        let mut from = ScanFrom::Start;
        let mut before = None;
        loop {
            let page = parts.scan(&RowRequest {
                columns: &reading.columns,
                cell_limit: reading.limit,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: PARTS_PER_SCAN,
            });
            let page = match page {
                Ok(page) => page,
                // The row vanished meanwhile.
                Err(failure) if failure.code() == Code::NotFound => return Ok(found),
                Err(failure) => return Err(failure),
            };
            self.spend(CALL_STEPS + page.batch.len());
            for row in 0..page.batch.len() {
                let row = BatchRow::new(&*parts, &page.batch, row, matcher.columns(), reading.limit);
                let matches = matcher.matches(&row);
                self.spend(row.spent.get());
                found += u64::from(matches?);
                if found >= enough {
                    return Ok(found);
                }
            }
            match page.last {
                Some(last) if page.more && before.as_ref() != Some(&last) => {
                    before = Some(last.clone());
                    from = ScanFrom::After(last);
                }
                Some(_) if page.more => return Err(in_circles()),
                _ => return Ok(found),
            }
        }
    }
}

/// A backend that goes in circles must not hold us.
fn in_circles() -> Failure {
    Failure::new(Code::CallFailed, "the store delivers the same rows over and over")
}
