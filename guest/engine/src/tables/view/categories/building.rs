//! Making the categories of rows that are there already (`tables` 8).

use super::{Categories, Child, Inner, Node, Numbers, ROOT, parts};
use crate::tables::order::{Arrival, ViewOrder};
use crate::tables::view::rows::Rows;
use crate::tables::view::sequence::Sequence;
use std::collections::BTreeMap;

impl Categories {
    /// The categories of these rows, which come in the order of their keys. `cuts` says of each slot where the
    /// parts of its key end. `None`: the order has no categories.
    pub(in crate::tables::view) fn new(
        order: &ViewOrder,
        numbers: Numbers,
        rows: &mut Rows,
        sorted: impl Iterator<Item = u32>,
        cuts: &[u32],
    ) -> Option<Self> {
        let grouping = order.grouping.as_ref()?;
        let mut categories = Self {
            levels: grouping.levels.len(),
            expanded: grouping.expanded as usize,
            extremum: grouping.extremum,
            nodes: Vec::new(),
            free: Vec::new(),
            by_number: BTreeMap::new(),
            numbers,
            emptied: Vec::new(),
        };
        let inner = categories.inner_of(0);
        categories.nodes.push(Node {
            parent: ROOT,
            level: 0,
            number: 0,
            expanded: true,
            rank: Vec::new(),
            key: 0,
            leaves: 0,
            unread: 0,
            first: (Arrival::default(), 0),
            inner,
        });
        // The category being filled and those around it, with what lies in each so far.
        let mut open: Vec<(u32, Vec<u32>)> = vec![(ROOT, Vec::new())];
        for slot in sorted {
            let start = slot as usize * categories.levels;
            let cuts = cuts.get(start..start + categories.levels).unwrap_or_default();
            let shared = {
                let path = open.iter().skip(1);
                let parts = parts(rows.key(slot), cuts);
                path.zip(parts).take_while(|((node, _), part)| categories.node(*node).key() == *part).count()
            };
            while open.len() > shared + 1 {
                categories.close(&mut open, rows, order);
            }
            for (level, part) in parts(rows.key(slot), cuts).enumerate().skip(shared) {
                let parent = open.last().map_or(ROOT, |(node, _)| *node);
                open.push((categories.allocate(parent, level, part.to_vec()), Vec::new()));
            }
            if let Some((node, members)) = open.last_mut() {
                rows.put_into(slot, *node);
                members.push(slot);
            }
        }
        while !open.is_empty() {
            categories.close(&mut open, rows, order);
        }
        Some(categories)
    }

    /// Fills the innermost open category with what was found in it.
    fn close(&mut self, open: &mut Vec<(u32, Vec<u32>)>, rows: &Rows, order: &ViewOrder) {
        let Some((node, mut members)) = open.pop() else { return };
        let level = self.node(node).level + usize::from(node != ROOT);
        let (leaves, unread, first, inner) = if level == self.levels {
            let leaves = Sequence::from_sorted(&members);
            let unread = members.iter().filter(|slot| rows.is_unread(**slot)).count();
            let count = members.len();
            members.sort_by_cached_key(|slot| (order.arrival(rows.key(*slot)), *slot));
            let first = members.first().map(|slot| (order.arrival(rows.key(*slot)), *slot));
            let arrivals = Sequence::from_sorted(&members);
            members.retain(|slot| !rows.extremum(*slot).is_empty());
            members.sort_unstable_by(|a, b| (rows.extremum(*a), *a).cmp(&(rows.extremum(*b), *b)));
            let extremes = Sequence::from_sorted(&members);
            (count as u32, unread as u32, first, Inner::Leaves { order: leaves, arrivals, extremes })
        } else {
            let leaves = members.iter().map(|child| self.node(*child).leaves).sum();
            let unread = members.iter().map(|child| self.node(*child).unread).sum();
            let ordered_by_extreme = self.ordered_by_extreme(level).is_some();
            let by_key = if ordered_by_extreme { Sequence::from_sorted(&members) } else { Sequence::default() };
            if ordered_by_extreme {
                members.sort_by(|a, b| self.node(*a).rank.cmp(&self.node(*b).rank));
            }
            let children: Vec<Child> =
                members.iter().map(|child| Child { node: *child, shown: self.node(*child).shown() }).collect();
            members.sort_by_key(|child| self.node(*child).first);
            let first = members.first().map(|child| self.node(*child).first);
            let firsts = Sequence::from_sorted(&members);
            (leaves, unread, first, Inner::Categories { order: Sequence::from_sorted(&children), by_key, firsts })
        };
        let held = self.node_mut(node);
        (held.leaves, held.unread, held.inner) = (leaves, unread, inner);
        held.first = first.unwrap_or_default();
        if let Some(extremum) = self.extremum.filter(|_| level == self.levels && node != ROOT) {
            let extreme = self.extreme_leaf(node).map(|slot| rows.extremum(slot)).unwrap_or_default();
            self.rerank(node, extremum, extreme);
        }
        if let Some((_, siblings)) = open.last_mut() {
            siblings.push(node);
        }
    }
}
