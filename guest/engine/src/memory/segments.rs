//! What was read of a folder from end to end, kept in columns until something in the folder changes: who types the
//! words of a restriction looks through the same columns again and again.

use super::database::Object;
use crate::backend::{Batch, Column, ObjectId, ObjectKind, RowKey, ScanPage};
use crate::properties::PropTag;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Pages of fewer rows are not those of somebody who reads a folder from end to end.
pub(super) const LEAST_ROWS: u32 = 256;

/// Bytes that are kept.
const MAX_BYTES: usize = 256 << 20;

/// Which rows of a folder: so many behind that arrival number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) after: Option<u64>,
    pub(super) max: u32,
}

/// A column as it was asked for: its tag, and where its cells are cut.
pub(super) type Wanted = (PropTag, u32);

/// Some rows in the order they arrived.
#[derive(Debug)]
pub(super) struct Segment {
    ids: Vec<ObjectId>,
    arrivals: Vec<u64>,
    kinds: Vec<ObjectKind>,
    objects: Vec<Arc<Object>>,
    /// Whether there are rows behind them.
    more: bool,
    columns: Vec<(Wanted, Column)>,
}

impl Segment {
    /// The first of these rows.
    pub(super) fn new<'a>(rows: impl Iterator<Item = (&'a ObjectId, &'a Arc<Object>)>, max: u32) -> Self {
        let mut rows = rows.fuse();
        let (ids, objects): (Vec<_>, Vec<_>) =
            rows.by_ref().take(max as usize).map(|(id, row)| (id.clone(), Arc::clone(row))).unzip();
        Self {
            arrivals: objects.iter().map(|object| object.arrival).collect(),
            kinds: objects.iter().map(|object| object.kind).collect(),
            more: rows.next().is_some(),
            ids,
            objects,
            columns: Vec::new(),
        }
    }

    /// Its rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&ObjectId, &Object)> {
        self.ids.iter().zip(&self.objects).map(|(id, object)| (id, &**object))
    }

    /// Bytes it takes, roughly.
    fn bytes(&self) -> usize {
        let row = size_of::<ObjectId>() + size_of::<u64>() + size_of::<ObjectKind>() + size_of::<Arc<Object>>();
        let columns: usize = self.columns.iter().map(|(_, column)| column.data.bytes()).sum();
        self.ids.len() * row + columns
    }

    fn column(&self, wanted: Wanted) -> Option<&Column> {
        self.columns.iter().find(|(have, _)| *have == wanted).map(|(_, column)| column)
    }

    /// The page with these columns, all of which are there.
    fn page(&self, columns: &[PropTag], limit: u32) -> ScanPage {
        let batch = Batch {
            ids: self.ids.clone(),
            arrivals: self.arrivals.clone(),
            parents: Vec::new(),
            kinds: self.kinds.clone(),
            columns: columns.iter().filter_map(|tag| self.column((*tag, limit)).cloned()).collect(),
        };
        let last = self.arrivals.last().map(|arrival| RowKey { keys: Vec::new(), arrival: *arrival });
        ScanPage { batch, last, more: self.more }
    }
}

/// The segments of the folders.
#[derive(Debug, Default)]
pub(super) struct Segments {
    folders: HashMap<ObjectId, HashMap<Place, Segment>>,
    bytes: usize,
}

impl Segments {
    /// Something in the folder changes.
    pub(super) fn forget(&mut self, folder: &ObjectId) {
        if let Some(segments) = self.folders.remove(folder) {
            self.bytes = self.bytes.saturating_sub(segments.values().map(Segment::bytes).sum());
        }
    }

    /// A page of a folder. `read` finds its rows if they are not known, `make` a column of them.
    pub(super) fn page(
        &mut self,
        folder: &ObjectId,
        place: Place,
        columns: &[PropTag],
        limit: u32,
        read: impl FnOnce() -> Segment,
        make: impl Fn(&Segment, PropTag) -> Column,
    ) -> ScanPage {
        if self.bytes > MAX_BYTES {
            *self = Self::default();
        }
        let segments = self.folders.entry(folder.clone()).or_default();
        let segment = match segments.entry(place) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => {
                let segment = read();
                self.bytes += segment.bytes();
                free.insert(segment)
            }
        };
        for tag in columns {
            if segment.column((*tag, limit)).is_none() {
                let column = make(segment, *tag);
                self.bytes += column.data.bytes();
                segment.columns.push(((*tag, limit), column));
            }
        }
        segment.page(columns, limit)
    }
}
