//! Asking a backend for the categories of a view, page by page, so that it can be done in slices (`tables` 2.2, 8).

use super::outline::{Category, Outline};
use crate::backend::{Filter, GroupBatch};
use crate::error::{Code, Failure, Result};
use crate::properties::Value;
use crate::tables::order::{Grouping, ViewOrder};
use crate::tables::slice::Slice;
use crate::tables::source::{CategoryRequest, RowSource};
use crate::tables::view::headers::known;
use crate::tables::view::{Definition, ROWS_PER_SCAN, in_circles};
use std::collections::BTreeMap;

/// Bytes of keys and values the categories of a view may have, so that one table cannot exhaust the session.
const MAX_BYTES: usize = 512 << 20;

/// An innermost category as the backend tells it.
struct Found {
    path: Vec<u8>,
    /// Where in the path each level ends.
    ends: Vec<usize>,
    keys: Vec<Option<Vec<u8>>>,
    values: Vec<Option<Value>>,
    leaves: u32,
    unread: u32,
}

/// The categories of a view in the making. Innermost ones are asked for first, with all they count; of the others
/// only their values are wanted, which are those of their first leaves.
pub(super) struct Asking {
    level: usize,
    after: Option<Vec<Option<Vec<u8>>>>,
    innermost: Vec<Found>,
    /// For each outer level the values of its categories, by their paths.
    outer: Vec<BTreeMap<Vec<u8>, Vec<Option<Value>>>>,
    bytes: usize,
}

impl Asking {
    /// `levels`: how many there are.
    pub(super) fn new(levels: usize) -> Self {
        let level = levels.saturating_sub(1);
        Self { level, after: None, innermost: Vec::new(), outer: vec![BTreeMap::new(); level], bytes: 0 }
    }

    /// Goes on for what is left of a slice; whether all is known.
    pub(super) fn advance(
        &mut self,
        source: &dyn RowSource,
        order: &ViewOrder,
        filters: &[Filter],
        slice: &mut Slice,
    ) -> Result<bool> {
        let Some(grouping) = &order.grouping else { return Ok(true) };
        loop {
            let left = u32::try_from(slice.left()).unwrap_or(u32::MAX);
            if left == 0 {
                return Ok(false);
            }
            let keys = grouping.levels.get(self.level).copied().unwrap_or_default();
            let page = source.categories(&CategoryRequest {
                filters,
                order: order.category_keys(),
                levels: u32::try_from(keys).unwrap_or(u32::MAX),
                after: self.after.take(),
                max: ROWS_PER_SCAN.min(left),
            })?;
            slice.spend(page.keys.len().max(1));
            let more = page.more;
            let last = page.keys.last().cloned();
            self.take(order, grouping, page)?;
            match (more, last) {
                (true, None) => return Err(in_circles()),
                (true, last) => self.after = last,
                (false, _) if self.level == 0 => return Ok(true),
                (false, _) => self.level -= 1,
            }
        }
    }

    fn take(&mut self, order: &ViewOrder, grouping: &Grouping, page: GroupBatch) -> Result<()> {
        let GroupBatch { keys, values, counts, unread, .. } = page;
        let mut values = values.into_iter();
        for (row, keys) in keys.into_iter().enumerate() {
            if Some(&keys.len()) != grouping.levels.get(self.level) {
                return Err(Failure::new(Code::CallFailed, "the store answered with categories of another order"));
            }
            let (mut path, mut ends) = (Vec::new(), Vec::new());
            for (at, key) in keys.iter().enumerate() {
                order.append_part(at, key.as_deref(), &mut path);
                if grouping.levels.contains(&(at + 1)) {
                    ends.push(path.len());
                }
            }
            let told = values.next().unwrap_or_default();
            let mut told = told.into_iter().chain(std::iter::repeat(None));
            let values: Vec<Option<Value>> = order
                .keys
                .iter()
                .take(keys.len())
                .map(|key| told.next().flatten().and_then(|value| known(value, key.tag)))
                .collect();
            let bytes = |values: &[Option<Value>]| values.iter().flatten().map(|value| value.size()).sum::<u64>();
            let size = usize::try_from(bytes(&values)).unwrap_or(usize::MAX);
            self.bytes = self.bytes.saturating_add(2 * path.len()).saturating_add(size);
            if self.bytes > MAX_BYTES {
                return Err(Failure::new(
                    Code::NotEnoughMemory,
                    "the view has more categories than fit into memory; restrict it",
                ));
            }
            let count = |counts: &[u64]| u32::try_from(counts.get(row).copied().unwrap_or_default()).unwrap_or(u32::MAX);
            if let Some(outer) = self.outer.get_mut(self.level) {
                let own = values.get(grouping.keys_of(self.level)).unwrap_or_default();
                outer.insert(path, own.to_vec());
            } else {
                if self.innermost.last().is_some_and(|last| last.path >= path) {
                    return Err(in_circles());
                }
                let leaves = count(&counts);
                self.innermost.push(Found { path, ends, keys, values, leaves, unread: count(&unread).min(leaves) });
            }
        }
        Ok(())
    }

    /// What was found out; categories of a former outline go on.
    pub(super) fn outline(self, definition: &Definition, former: Option<&Outline>) -> Outline {
        let Some(grouping) = &definition.order.grouping else { return Outline::default() };
        let levels = grouping.levels.len();
        let mut outer = self.outer;
        let mut categories: Vec<Category> = Vec::with_capacity(self.innermost.len());
        let mut open: Vec<Vec<u8>> = Vec::new();
        for found in self.innermost.into_iter().filter(|found| found.leaves > 0) {
            let category = |level: usize, path: &[u8], values| Category {
                path: path.to_vec(),
                own: level.checked_sub(1).and_then(|outer| found.ends.get(outer).copied()).unwrap_or_default(),
                level,
                parent: None,
                number: 0,
                expanded: false,
                leaves: 0,
                unread: 0,
                values,
                keys: Vec::new(),
                before: 0,
                index: None,
            };
            let own = |level: usize| found.values.get(grouping.keys_of(level)).unwrap_or_default().to_vec();
            for (level, end) in found.ends.iter().enumerate().take(levels.saturating_sub(1)) {
                let path = found.path.get(..*end).unwrap_or_default();
                if open.get(level).is_some_and(|open| open == path) {
                    continue;
                }
                open.truncate(level);
                open.push(path.to_vec());
                // A category that came in between has the values of some leaf.
                let values = outer.get_mut(level).and_then(|values| values.remove(path)).unwrap_or_else(|| own(level));
                categories.push(category(level, path, values));
            }
            let innermost = levels.saturating_sub(1);
            let made = category(innermost, &found.path, own(innermost));
            categories.push(Category { leaves: found.leaves, unread: found.unread, keys: found.keys, ..made });
        }
        Outline::new(levels, grouping.expanded as usize, categories, former, &definition.numbers)
    }
}
