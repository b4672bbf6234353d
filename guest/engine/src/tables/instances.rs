//! Multi-value instances: a row whose property has k elements is k rows of the view (`tables` 9).
//!
//! The rows of a source are expanded before anything looks at them: what is tested, ordered, counted and told is
//! always an instance. A view that is not expanded has one instance of each row, with the number 0.

use crate::backend::{Batch, Column, ObjectId};
use crate::error::Result;
use crate::properties::{PropTag, Value, tags};
use crate::tables::SortOrderSet;
use crate::tables::source::RowSource;
use std::collections::BTreeMap;

/// A row of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId {
    pub(super) object: ObjectId,
    /// `PR_INSTANCE_NUM`: which of the object's instances it is.
    pub(super) number: u32,
}

/// The properties a view is expanded on; the elements of the first one change slowest.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Instances(Vec<PropTag>);

/// How far a batch has been expanded: a row, and the number of its next instance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expansion {
    row: usize,
    number: u32,
}

/// What a column of instances shows.
enum Shows {
    /// What the object has.
    Same,
    /// The element of the property with that place among those the view is expanded on.
    Element(usize),
    Number,
    Key,
}

/// The instance tags of a column set, each once, in their order.
pub(super) fn instance_tags(columns: impl IntoIterator<Item = PropTag>) -> Vec<PropTag> {
    let mut found = Vec::new();
    for tag in columns {
        if tag.kind().is_instance() && !found.contains(&tag) {
            found.push(tag);
        }
    }
    found
}

/// Whether both are the same column of a batch: the array of a property and its elements are two.
pub(super) fn same_column(a: PropTag, b: PropTag) -> bool {
    a.id() == b.id() && a.kind().is_instance() == b.kind().is_instance()
}

impl Instances {
    /// Of a column set and an order.
    pub(super) fn of(columns: impl IntoIterator<Item = PropTag>, order: &SortOrderSet) -> Self {
        let mut found: Vec<PropTag> = Vec::new();
        for tag in instance_tags(columns.into_iter().chain(order.keys.iter().map(|key| key.tag))) {
            if !found.iter().any(|have| have.id() == tag.id()) {
                found.push(tag.with_kind(tag.kind().with_width(true)));
            }
        }
        Self(found)
    }

    /// Whether every row has one instance.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns a batch needs to be expanded.
    pub(super) fn tags(&self) -> impl Iterator<Item = PropTag> + '_ {
        self.0.iter().copied()
    }

    /// Whether the column shows one element of its property.
    pub(super) fn are_of(&self, tag: PropTag) -> bool {
        self.shows(tag).is_element()
    }

    fn shows(&self, tag: PropTag) -> Shows {
        let on = self.0.iter().position(|on| same_column(*on, tag));
        match (on, tag.id()) {
            (Some(at), _) => Shows::Element(at),
            (None, id) if id == tags::INSTANCE_NUM.id() => Shows::Number,
            (None, id) if id == tags::INSTANCE_KEY.id() => Shows::Key,
            _ => Shows::Same,
        }
    }

    /// How many elements of each property a row has; one where it has none to show.
    fn lengths(&self, batch: &Batch, columns: &[PropTag], row: usize) -> Vec<usize> {
        let length = |on: &PropTag| {
            let at = columns.iter().position(|column| same_column(*column, *on));
            let value = at.and_then(|at| batch.columns.get(at)?.value_ref(row));
            value.map_or(1, |value| value.elements().max(1))
        };
        self.0.iter().map(length).collect()
    }

    /// The next instances of a batch, `most` of them at most. Its columns are these.
    pub(super) fn expand(
        &self,
        source: &dyn RowSource,
        batch: &Batch,
        columns: &[PropTag],
        from: &mut Expansion,
        most: usize,
    ) -> Batch {
        let mut rows = Vec::new();
        while rows.len() < most && from.row < batch.len() {
            let count = self.lengths(batch, columns, from.row).into_iter().fold(1, usize::saturating_mul);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            while rows.len() < most && from.number < count {
                rows.push(Some((from.row, from.number)));
                from.number += 1;
            }
            if from.number >= count {
                *from = Expansion { row: from.row + 1, number: 0 };
            }
        }
        self.pick(source, batch, columns, &rows)
    }

    /// These instances of these rows of a batch; what is not there is an empty row without an object.
    fn pick(&self, source: &dyn RowSource, batch: &Batch, columns: &[PropTag], rows: &[Option<(usize, u32)>]) -> Batch {
        // Which element of each property an instance shows.
        let elements: Vec<Option<Vec<usize>>> = rows
            .iter()
            .map(|row| {
                let (row, number) = (*row)?;
                let mut left = number as usize;
                let mut elements = self.lengths(batch, columns, row);
                for length in elements.iter_mut().rev() {
                    (left, *length) = (left / *length, left % *length);
                }
                (left == 0).then_some(elements)
            })
            .collect();
        let cells = |at: usize, tag: PropTag| {
            let shows = self.shows(tag);
            let column = batch.columns.get(at);
            let cell = |(row, elements): (&Option<(usize, u32)>, &Option<Vec<usize>>)| {
                let (row, number) = (*row)?;
                let elements = elements.as_ref()?;
                match shows {
                    Shows::Same => column?.value(row),
                    Shows::Element(at) => Some(column?.value_ref(row)?.element(*elements.get(at)?)?.to_value()),
                    Shows::Number => Some(Value::Long(number.cast_signed())),
                    Shows::Key => match column?.value(row)? {
                        Value::Binary(key) => Some(Value::Binary(source.instance_key(&key, number))),
                        other => Some(other),
                    },
                }
            };
            Column::of(tag, rows.iter().zip(&elements).map(cell).collect())
        };
        let of = |row: &Option<(usize, u32)>| row.and_then(|(row, _)| batch.arrivals.get(row).copied()).unwrap_or_default();
        Batch {
            ids: rows.iter().filter_map(|row| batch.ids.get((*row)?.0).cloned()).collect(),
            arrivals: rows.iter().map(of).collect(),
            parents: Vec::new(),
            kinds: Vec::new(),
            columns: columns.iter().enumerate().map(|(at, tag)| cells(at, *tag)).collect(),
        }
    }

    /// Reads these rows in this order; those that are gone are empty.
    pub(super) fn read(&self, source: &dyn RowSource, rows: &[RowId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let mut objects: Vec<ObjectId> = rows.iter().map(|row| row.object.clone()).collect();
        if self.is_empty() {
            return Ok(in_place(source.read(&objects, columns, cell_limit)?, &objects, columns));
        }
        objects.sort_unstable();
        objects.dedup();
        let mut wanted = columns.to_vec();
        for on in self.tags() {
            if !wanted.iter().any(|have| same_column(*have, on)) {
                wanted.push(on);
            }
        }
        let batch = source.read(&objects, &wanted, cell_limit)?;
        let found: BTreeMap<&ObjectId, usize> = batch.ids.iter().enumerate().map(|(row, id)| (id, row)).collect();
        let picked: Vec<_> = rows.iter().map(|row| Some((*found.get(&row.object)?, row.number))).collect();
        let mut read = self.pick(source, &batch, &wanted, &picked);
        read.columns.truncate(columns.len());
        Ok(Batch { ids: rows.iter().map(|row| row.object.clone()).collect(), ..read })
    }
}

impl Shows {
    const fn is_element(&self) -> bool {
        matches!(self, Self::Element(_))
    }
}

/// The batch with one row for each identifier, in their order: rows that vanished meanwhile are empty.
fn in_place(batch: Batch, ids: &[ObjectId], columns: &[PropTag]) -> Batch {
    if batch.ids == ids {
        return batch;
    }
    let rows: BTreeMap<&ObjectId, usize> = batch.ids.iter().enumerate().map(|(row, id)| (id, row)).collect();
    let at: Vec<Option<usize>> = ids.iter().map(|id| rows.get(id).copied()).collect();
    let columns = columns
        .iter()
        .enumerate()
        .map(|(column, tag)| {
            let cells = at.iter().map(|row| batch.columns.get(column)?.value((*row)?)).collect();
            Column::of(*tag, cells)
        })
        .collect();
    let arrivals = at.iter().map(|row| row.and_then(|row| batch.arrivals.get(row).copied()).unwrap_or_default()).collect();
    Batch { ids: ids.to_vec(), arrivals, parents: Vec::new(), kinds: Vec::new(), columns }
}
