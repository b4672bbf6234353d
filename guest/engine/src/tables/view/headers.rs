//! Reading rows of which some are headers of categories (`tables` 8.1).
//!
//! A header has no object of its own: what it shows of its category's values is read from leaves, and what it
//! counts is known to the view.

use super::Page;
use super::categories::Facts;
use crate::backend::{Batch, Column, ObjectId};
use crate::error::Result;
use crate::properties::{PropTag, Value, ValueRef, tags};
use crate::tables::instances::{RowId, same_column};
use crate::tables::order::{ViewOrder, is_orderable};
use crate::tables::source::RowSource;
use std::collections::BTreeMap;

/// `TBL_EXPANDED_CATEGORY`.
const EXPANDED: i32 = 3;

/// `TBL_COLLAPSED_CATEGORY`.
const COLLAPSED: i32 = 4;

/// A row to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tables) enum RowToRead {
    /// The row of an object, or one of its instances.
    Leaf(RowId),
    /// The header of a category.
    Header(Header),
}

/// What is told of a category at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tables) struct Header {
    pub(super) facts: Facts,
    /// The first leaf, in underlying order, of the outermost category, the one in it, and so on to its own.
    pub(super) firsts: Vec<RowId>,
    /// The leaf with the extreme.
    pub(super) extreme: Option<RowId>,
}

/// `PR_INSTANCE_KEY` of a header. Those of leaves have another length.
pub(super) fn header_key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The number of the category a key names, if it is one of a header.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

impl RowToRead {
    /// The leaves whose values it shows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &RowId> {
        match self {
            Self::Leaf(id) => std::slice::from_ref(id).iter().chain(&None),
            Self::Header(header) => header.firsts.iter().chain(&header.extreme),
        }
    }

    /// The leaves whose change is one of the row: for a header, not those of the categories around its own.
    pub(super) fn own_ids(&self) -> impl Iterator<Item = &RowId> {
        let extreme = if let Self::Header(header) = self { header.extreme.as_ref() } else { None };
        self.id().into_iter().chain(extreme)
    }

    /// Whether it is another header than that one in what is its own: the categories around it are told themselves.
    pub(super) fn differs_from(&self, former: &Self) -> bool {
        match (self, former) {
            (Self::Header(now), Self::Header(was)) => now.facts != was.facts || !self.own_ids().eq(former.own_ids()),
            _ => self != former,
        }
    }

    /// The leaf that answers for the row.
    fn id(&self) -> Option<&RowId> {
        match self {
            Self::Leaf(id) => Some(id),
            Self::Header(header) => header.firsts.last(),
        }
    }
}

/// Reads these rows in this order, and says of what they are instances.
pub(in crate::tables) fn page(
    source: &dyn RowSource,
    order: &ViewOrder,
    rows: &[RowToRead],
    columns: &[PropTag],
    cell_limit: u32,
) -> Result<Page> {
    let batch = read(source, order, rows, columns, cell_limit)?;
    let number = |row: &RowToRead| row.id().map_or(0, |id| id.number);
    Ok(Page { batch, instances: order.instances.clone(), numbers: rows.iter().map(number).collect(), next: None })
}

/// Reads these rows in this order; rows of objects that are gone are empty.
pub(super) fn read(
    source: &dyn RowSource,
    order: &ViewOrder,
    rows: &[RowToRead],
    columns: &[PropTag],
    cell_limit: u32,
) -> Result<Batch> {
    if order.grouping.is_none() {
        let ids: Vec<RowId> = rows.iter().filter_map(|row| row.id().cloned()).collect();
        return order.instances.read(source, &ids, columns, cell_limit);
    }
    let mut wanted: Vec<RowId> = Vec::with_capacity(rows.len());
    let mut places: BTreeMap<&RowId, usize> = BTreeMap::new();
    for id in rows.iter().flat_map(RowToRead::ids) {
        if !places.contains_key(id) {
            places.insert(id, wanted.len());
            wanted.push(id.clone());
        }
    }
    let batch = order.instances.read(source, &wanted, columns, cell_limit)?;
    let values = columns
        .iter()
        .enumerate()
        .map(|(at, tag)| {
            let of = |id: &RowId| batch.columns.get(at)?.value(*places.get(id)?);
            let cells = rows.iter().map(|row| match row {
                RowToRead::Leaf(_) if tag.id() == tags::DEPTH.id() => i32::try_from(order.levels()).ok().map(Value::Long),
                RowToRead::Leaf(_) if is_count(*tag) => None,
                RowToRead::Leaf(id) => of(id),
                RowToRead::Header(header) => header.value(order, *tag, of),
            });
            Column::of(*tag, cells.collect())
        })
        .collect();
    let answering = || rows.iter().filter_map(RowToRead::id);
    let arrivals = answering().map(|id| places.get(id).and_then(|at| batch.arrivals.get(*at)).copied().unwrap_or_default());
    let ids: Vec<ObjectId> = answering().map(|id| id.object.clone()).collect();
    Ok(Batch { arrivals: arrivals.collect(), ids, parents: Vec::new(), kinds: Vec::new(), columns: values })
}

pub(super) fn is_count(tag: PropTag) -> bool {
    [tags::CONTENT_COUNT, tags::CONTENT_UNREAD].iter().any(|count| count.id() == tag.id())
}

impl Facts {
    /// The value of a column that says something of the category as such.
    pub(super) fn value(self, tag: PropTag) -> Option<Value> {
        let Self { number, level, expanded, leaves, unread } = self;
        let count = |count: u32| Some(Value::Long(count.cast_signed()));
        match tag.id() {
            id if id == tags::INSTANCE_KEY.id() => Some(Value::Binary(header_key(number))),
            // Leaves have arrival numbers, which are positive.
            id if id == tags::INST_ID.id() => Some(Value::I8(number.cast_signed().wrapping_neg())),
            id if id == tags::INSTANCE_NUM.id() => Some(Value::Long(0)),
            id if id == tags::ROW_TYPE.id() => Some(Value::Long(if expanded { EXPANDED } else { COLLAPSED })),
            id if id == tags::DEPTH.id() => i32::try_from(level).ok().map(Value::Long),
            id if id == tags::CONTENT_COUNT.id() => count(leaves),
            id if id == tags::CONTENT_UNREAD.id() => count(unread),
            _ => None,
        }
    }
}

/// A value of a leaf as its category shows it; one of another type than the key's counts as absent.
pub(super) fn known(value: Value, key: PropTag) -> Option<Value> {
    Some(value).filter(|value| is_orderable(&ValueRef::from(value), key.kind()))
}

impl Header {
    /// The value of a column. `of` reads it from a leaf.
    fn value(&self, order: &ViewOrder, tag: PropTag, of: impl Fn(&RowId) -> Option<Value>) -> Option<Value> {
        if let Some(value) = self.facts.value(tag) {
            return Some(value);
        }
        let grouping = order.grouping.as_ref()?;
        for (level, first) in self.firsts.iter().enumerate() {
            let keys = order.keys.get(grouping.keys_of(level)).unwrap_or_default();
            // The array of a property is another column than its elements.
            if let Some(key) = keys.iter().find(|key| same_column(key.tag, tag)) {
                return of(first).and_then(|value| known(value, key.tag));
            }
        }
        let extremum = grouping.extremum.filter(|extremum| same_column(extremum.tag, tag))?;
        of(self.extreme.as_ref()?).and_then(|value| known(value, extremum.tag))
    }
}
