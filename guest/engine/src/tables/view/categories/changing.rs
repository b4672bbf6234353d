//! Rows that enter and leave categories, and categories that come and go with them (`tables` 8).

use super::{Categories, Child, Grouped, Held, Inner, Node, ROOT, parts};
use crate::tables::order::{Arrival, Extremum, ViewOrder};
use crate::tables::view::rows::Rows;
use crate::tables::view::sequence::Sequence;

impl Categories {
    /// How many of the row's new categories are those of `path`.
    pub(in crate::tables::view) fn shared(&self, path: &[u32], key: &[u8], cuts: &[u32]) -> usize {
        let parts = parts(key, cuts);
        path.iter().zip(parts).take_while(|(node, part)| self.node(**node).key() == *part).count()
    }

    /// Puts a row into its categories, which are made if need be.
    pub(in crate::tables::view) fn insert(&mut self, rows: &mut Rows, order: &ViewOrder, slot: u32, cuts: &[u32]) -> Grouped {
        let first = (order.arrival(rows.key(slot)), slot);
        let mut path = Vec::with_capacity(self.levels);
        let mut parent = ROOT;
        for (level, part) in parts(rows.key(slot), cuts).enumerate() {
            let node = self.child(parent, level, part).unwrap_or_else(|| self.create(parent, level, part.to_vec()));
            path.push(node);
            parent = node;
        }
        for node in &path {
            if self.node(*node).leaves == 0 || first < self.node(*node).first {
                self.forget_first(*node);
                self.node_mut(*node).first = first;
            }
        }
        rows.put_into(slot, parent);
        if let Inner::Leaves { order: leaves, arrivals, extremes } = &mut self.nodes[parent as usize].inner {
            leaves.insert(leaves.search(|other| rows.compare_slots(*other, slot).is_lt()), slot);
            let arrival = |slot: u32| (order.arrival(rows.key(slot)), slot);
            arrivals.insert(arrivals.search(|other| arrival(*other) < first), slot);
            let extreme = (rows.extremum(slot), slot);
            if !extreme.0.is_empty() {
                extremes.insert(extremes.search(|other| (rows.extremum(*other), *other) < extreme), slot);
            }
        }
        for node in &path {
            let node = self.node_mut(*node);
            node.leaves += 1;
            node.unread += u32::from(rows.is_unread(slot));
        }
        self.settle(rows, &path)
    }

    /// Takes a row out of its categories.
    pub(in crate::tables::view) fn remove(&mut self, rows: &Rows, order: &ViewOrder, slot: u32) -> Grouped {
        let path = self.path(rows, Held::Leaf(slot));
        let first = (order.arrival(rows.key(slot)), slot);
        let led: Vec<u32> = path.iter().copied().filter(|node| self.node(*node).first == first).collect();
        led.iter().for_each(|node| self.forget_first(*node));
        let mut next = None;
        if let Inner::Leaves { order: leaves, arrivals, extremes } = &mut self.nodes[rows.category(slot) as usize].inner {
            take(leaves, slot, |other| rows.compare_slots(*other, slot).is_lt());
            let arrival = |slot: u32| (order.arrival(rows.key(slot)), slot);
            take(arrivals, slot, |other| arrival(*other) < first);
            let extreme = (rows.extremum(slot), slot);
            take(extremes, slot, |other| (rows.extremum(*other), *other) < extreme);
            next = arrivals.first().map(|slot| arrival(*slot));
        }
        for node in path.iter().rev() {
            let unread = u32::from(rows.is_unread(slot));
            let held = self.node_mut(*node);
            held.leaves = held.leaves.saturating_sub(1);
            held.unread = held.unread.saturating_sub(unread);
            if held.leaves == 0 {
                self.emptied.push(*node);
            }
            if !led.contains(node) {
                continue;
            }
            // The inner categories have their new first leaves already.
            if let Inner::Categories { firsts, .. } = &self.node(*node).inner {
                next = firsts.first().map(|inner| self.node(*inner).first);
            }
            if let Some(next) = next {
                self.node_mut(*node).first = next;
                self.note_first(*node);
            }
        }
        self.settle(rows, &path)
    }

    /// Makes a category without rows that stands nowhere yet.
    pub(super) fn allocate(&mut self, parent: u32, level: usize, key: Vec<u8>) -> u32 {
        let number = self.numbers.take();
        let node = Node {
            parent,
            level,
            number,
            expanded: self.begins_expanded(level),
            rank: key,
            key: 0,
            leaves: 0,
            unread: 0,
            first: (Arrival::default(), 0),
            inner: self.inner_of(level + 1),
        };
        let place = match self.free.pop() {
            Some(free) => {
                self.nodes[free as usize] = node;
                free
            }
            None => {
                self.nodes.push(node);
                // Each has a row, and rows are numbered in as many bits.
                u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_number.insert(number, place);
        place
    }

    /// Makes a category without rows.
    fn create(&mut self, parent: u32, level: usize, key: Vec<u8>) -> u32 {
        let node = self.allocate(parent, level, key);
        if let Some(extremum) = self.ordered_by_extreme(level) {
            self.rerank(node, extremum, &[]);
            let spot = self.key_spot(node);
            if let Inner::Categories { by_key, .. } = &mut self.nodes[parent as usize].inner {
                by_key.insert(spot, node);
            }
        }
        self.place_child(node);
        node
    }

    /// Gives a category that stands nowhere the rank its extreme asks for.
    pub(super) fn rerank(&mut self, node: u32, extremum: Extremum, extreme: &[u8]) {
        let node = self.node_mut(node);
        let key = node.rank.split_off(node.key);
        node.rank.clear();
        extremum.append(extreme, &mut node.rank);
        node.key = node.rank.len();
        node.rank.extend(key);
    }

    /// Puts a category among its siblings.
    fn place_child(&mut self, node: u32) -> u64 {
        let child = Child { node, shown: self.node(node).shown() };
        let Some((order, spot)) = self.child_spot(node) else { return 0 };
        let before = order.weight_before(spot);
        if let Inner::Categories { order, .. } = self.around_mut(node) {
            order.insert(spot, child);
        }
        before
    }

    /// Takes a category from among its siblings; how many rows of them stood before it.
    fn displace_child(&mut self, node: u32) -> u64 {
        let Some((order, spot)) = self.child_spot(node) else { return 0 };
        let before = order.weight_before(spot);
        if order.get(spot).is_some_and(|child| child.node == node)
            && let Inner::Categories { order, .. } = self.around_mut(node)
        {
            order.remove(spot);
        }
        before
    }

    /// Lets the siblings know how many rows of a category are to be seen.
    pub(super) fn weigh_child(&mut self, node: u32) {
        let child = Child { node, shown: self.node(node).shown() };
        let Some((_, spot)) = self.child_spot(node) else { return };
        if let Inner::Categories { order, .. } = self.around_mut(node)
            && order.get(spot).is_some_and(|old| old.node == node && old.shown != child.shown)
        {
            order.replace(spot, child);
        }
    }

    /// Brings ranks and counts of a changed path up to date.
    fn settle(&mut self, rows: &Rows, path: &[u32]) -> Grouped {
        let mut grouped = Grouped::default();
        if let Some(innermost) = path.last()
            && let Some(extremum) = self.extremum
            && self.node(*innermost).leaves > 0
        {
            let extreme = self.extreme_leaf(*innermost).map(|slot| rows.extremum(slot)).unwrap_or_default();
            let mut part = Vec::new();
            extremum.append(extreme, &mut part);
            let Node { rank, key, .. } = self.node(*innermost);
            if rank.get(..*key) != Some(&part[..]) {
                let before = self.displace_child(*innermost);
                self.rerank(*innermost, extremum, extreme);
                grouped.extreme_changed = true;
                grouped.moved = self.place_child(*innermost) != before;
            }
        }
        for node in path.iter().rev() {
            self.weigh_child(*node);
        }
        for node in path {
            self.note_first(*node);
        }
        grouped
    }

    /// Takes a category from the list of its siblings by their first leaves.
    fn forget_first(&mut self, node: u32) {
        let first = self.node(node).first;
        let Inner::Categories { firsts, .. } = &self.node(self.node(node).parent).inner else { return };
        let spot = firsts.search(|other| self.node(*other).first < first);
        if firsts.get(spot) == Some(&node)
            && let Inner::Categories { firsts, .. } = self.around_mut(node)
        {
            firsts.remove(spot);
        }
    }

    /// Puts a category with rows into that list, if it is not there.
    fn note_first(&mut self, node: u32) {
        let Node { first, leaves, .. } = *self.node(node);
        let Inner::Categories { firsts, .. } = &self.node(self.node(node).parent).inner else { return };
        let spot = firsts.search(|other| self.node(*other).first < first);
        if leaves > 0
            && firsts.get(spot) != Some(&node)
            && let Inner::Categories { firsts, .. } = self.around_mut(node)
        {
            firsts.insert(spot, node);
        }
    }

    /// The end of an operation: categories without rows are gone.
    pub(in crate::tables::view) fn bury(&mut self) {
        let mut emptied = std::mem::take(&mut self.emptied);
        emptied.retain(|node| self.node(*node).leaves == 0);
        // Inner ones first; one that was emptied twice only once.
        emptied.sort_by_key(|node| (std::cmp::Reverse(self.node(*node).level), *node));
        emptied.dedup();
        for node in emptied {
            self.displace_child(node);
            let Node { number, parent, .. } = *self.node(node);
            let spot = self.key_spot(node);
            if let Inner::Categories { by_key, .. } = &mut self.node_mut(parent).inner
                && by_key.get(spot) == Some(&node)
            {
                by_key.remove(spot);
            }
            self.by_number.remove(&number);
            self.free.push(node);
        }
    }
}

/// Removes a slot from a list, if it is there.
fn take(list: &mut Sequence<u32>, slot: u32, before: impl Fn(&u32) -> bool) {
    let spot = list.search(before);
    if list.get(spot) == Some(&slot) {
        list.remove(spot);
    }
}
