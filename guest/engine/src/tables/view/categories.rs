//! The categories of a view: a tree whose innermost nodes hold the rows (`tables` 8).
//!
//! Every node knows how many rows below it can be seen, so that a row is found by its index, and an index by
//! its row, on one way through the tree. A category that has lost its last row stays until the end of the
//! operation ([`Categories::bury`]), unseen: if another row of the operation enters it, it is the same one.

use super::rows::Rows;
use super::sequence::{Item, Sequence, Spot};
use crate::tables::order::{Extremum, ViewOrder};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The node all outermost categories lie in. It has no header.
const ROOT: u32 = 0;

/// A visible row of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tables) enum Held {
    /// A leaf, by its slot.
    Leaf(u32),
    /// The header of a category.
    Header(u32),
}

/// Where the numbers of categories come from: one source for all views of a table, so that none is used again.
#[derive(Clone, Debug, Default)]
pub(in crate::tables) struct Numbers(Rc<Cell<u64>>);

impl Numbers {
    fn take(&self) -> u64 {
        let number = self.0.get() + 1;
        self.0.set(number);
        number
    }
}

/// A category among its siblings.
#[derive(Clone, Copy, Debug)]
struct Child {
    node: u32,
    /// Rows to be seen of it, its header included.
    shown: u32,
}

impl Item for Child {
    fn weight(&self) -> u32 {
        self.shown
    }
}

/// What lies directly in a category.
#[derive(Debug)]
enum Inner {
    Categories {
        order: Sequence<Child>,
        /// By their own keys, where an extreme orders them.
        by_key: Sequence<u32>,
        /// By their first leaves in underlying order.
        firsts: Sequence<u32>,
    },
    Leaves {
        order: Sequence<u32>,
        /// In underlying order.
        arrivals: Sequence<u32>,
        /// Those that have the property whose extreme counts, by it.
        extremes: Sequence<u32>,
    },
}

impl Inner {
    fn shown(&self) -> u64 {
        match self {
            Self::Categories { order, .. } => order.weight(),
            Self::Leaves { order, .. } => order.weight(),
        }
    }
}

/// A category.
#[derive(Debug)]
struct Node {
    parent: u32,
    level: usize,
    /// Names it to clients; never used again.
    number: u64,
    expanded: bool,
    /// Orders it among its siblings: the part of the extreme, then its own key.
    rank: Vec<u8>,
    /// Where its own key begins.
    key: usize,
    leaves: u32,
    unread: u32,
    /// Arrival number and slot of its first leaf in underlying order.
    first: (u64, u32),
    inner: Inner,
}

impl Node {
    fn shown(&self) -> u32 {
        match (self.leaves, self.expanded) {
            (0, _) => 0,
            (_, false) => 1,
            (_, true) => u32::try_from(self.inner.shown()).unwrap_or(u32::MAX - 1) + 1,
        }
    }

    fn key(&self) -> &[u8] {
        self.rank.get(self.key..).unwrap_or_default()
    }
}

/// What putting a row into its categories did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grouped {
    /// The innermost category stands elsewhere among its siblings now.
    pub(super) moved: bool,
    /// Its extreme is another one.
    pub(super) extreme_changed: bool,
}

/// What is told of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) number: u64,
    pub(super) level: usize,
    pub(super) expanded: bool,
    pub(super) leaves: u32,
    pub(super) unread: u32,
}

pub(super) struct Categories {
    levels: usize,
    expanded: usize,
    extremum: Option<Extremum>,
    nodes: Vec<Node>,
    free: Vec<u32>,
    by_number: BTreeMap<u64, u32>,
    numbers: Numbers,
    /// Categories that lost their last row in the current operation, inner ones first.
    emptied: Vec<u32>,
}

impl Categories {
    /// The categories of these rows, which come in the order of their keys. `cuts` says of each slot where the
    /// parts of its key end. `None`: the order has no categories.
    pub(super) fn new(
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
            first: (0, 0),
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

    pub(super) fn levels(&self) -> usize {
        self.levels
    }

    /// Whether a category of that level begins expanded.
    fn begins_expanded(&self, level: usize) -> bool {
        level < self.expanded
    }

    /// What lies in a category around that level; in the innermost one, leaves.
    fn inner_of(&self, level: usize) -> Inner {
        if level < self.levels {
            Inner::Categories { order: Sequence::default(), by_key: Sequence::default(), firsts: Sequence::default() }
        } else {
            Inner::Leaves { order: Sequence::default(), arrivals: Sequence::default(), extremes: Sequence::default() }
        }
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    fn node_mut(&mut self, node: u32) -> &mut Node {
        &mut self.nodes[node as usize]
    }

    /// What lies in the category around that one.
    fn around_mut(&mut self, node: u32) -> &mut Inner {
        let parent = self.node(node).parent;
        &mut self.node_mut(parent).inner
    }

    /// Whether the categories in that one are ordered by their extremes.
    fn ordered_by_extreme(&self, level: usize) -> Option<Extremum> {
        self.extremum.filter(|_| level + 1 == self.levels)
    }

    // Rows and positions.

    pub(super) fn count(&self) -> u64 {
        self.node(ROOT).inner.shown()
    }

    /// The categories of a row from the outermost inwards; a header's own one is the last.
    pub(super) fn path(&self, rows: &Rows, row: Held) -> Vec<u32> {
        let mut node = match row {
            Held::Leaf(slot) => rows.category(slot),
            Held::Header(node) => node,
        };
        let mut path = Vec::with_capacity(self.levels);
        while node != ROOT {
            path.push(node);
            node = self.node(node).parent;
        }
        path.reverse();
        path
    }

    /// The row itself, or the header of the outermost collapsed category that hides it.
    pub(super) fn visible(&self, rows: &Rows, row: Held) -> Held {
        let path = self.path(rows, row);
        let outer = path.into_iter().find(|node| !self.node(*node).expanded);
        match outer {
            Some(node) if row != Held::Header(node) => Held::Header(node),
            _ => row,
        }
    }

    pub(super) fn is_visible(&self, rows: &Rows, row: Held) -> bool {
        self.visible(rows, row) == row
    }

    /// The index of a visible row.
    pub(super) fn index_of(&self, rows: &Rows, row: Held) -> u64 {
        let mut node = match row {
            Held::Header(node) => node,
            Held::Leaf(slot) => rows.category(slot),
        };
        let mut index = match row {
            Held::Header(_) => 0,
            Held::Leaf(slot) => self.leaf_spot(rows, slot).map_or(0, |(order, spot)| order.weight_before(spot)) + 1,
        };
        while node != ROOT {
            let parent = self.node(node).parent;
            index += self.child_spot(node).map_or(0, |(order, spot)| order.weight_before(spot));
            index += u64::from(parent != ROOT);
            node = parent;
        }
        index
    }

    fn leaf_spot(&self, rows: &Rows, slot: u32) -> Option<(&Sequence<u32>, Spot)> {
        let Inner::Leaves { order, .. } = &self.node(rows.category(slot)).inner else { return None };
        Some((order, order.search(|other| rows.compare_slots(*other, slot).is_lt())))
    }

    /// Where a category stands, or would stand, among its siblings by their keys.
    fn key_spot(&self, node: u32) -> Spot {
        let Node { parent, .. } = *self.node(node);
        let Inner::Categories { by_key, .. } = &self.node(parent).inner else { return Spot::default() };
        by_key.search(|other| self.node(*other).key() < self.node(node).key())
    }

    fn child_spot(&self, node: u32) -> Option<(&Sequence<Child>, Spot)> {
        let Node { parent, rank, .. } = self.node(node);
        let Inner::Categories { order, .. } = &self.node(*parent).inner else { return None };
        Some((order, order.search(|other| self.node(other.node).rank < *rank)))
    }

    /// Up to `count` visible rows from an index on.
    pub(super) fn rows(&self, first: u64, count: usize) -> Vec<Held> {
        let mut out = Vec::with_capacity(count.min(1024));
        self.collect(ROOT, first, count, &mut out);
        out
    }

    fn collect(&self, node: u32, first: u64, count: usize, out: &mut Vec<Held>) {
        match &self.node(node).inner {
            Inner::Leaves { order, .. } => {
                let wanted = count.saturating_sub(out.len());
                out.extend(order.from_row(first).0.take(wanted).map(|slot| Held::Leaf(*slot)));
            }
            Inner::Categories { order, .. } => {
                let (children, mut skip) = order.from_row(first);
                for child in children.filter(|child| child.shown > 0) {
                    if out.len() >= count {
                        return;
                    }
                    if skip == 0 {
                        out.push(Held::Header(child.node));
                    }
                    if self.node(child.node).expanded && out.len() < count {
                        self.collect(child.node, skip.saturating_sub(1), count, out);
                    }
                    skip = 0;
                }
            }
        }
    }

    /// The index of a visible row named by the keys and ranks of its categories and, for a leaf, its own key; or
    /// of the next visible row, if it is gone or hidden.
    pub(super) fn index_near(&self, rows: &Rows, path: &[(&[u8], &[u8])], leaf: Option<&[u8]>) -> u64 {
        let mut index = 0;
        let mut node = ROOT;
        for (level, (key, rank)) in path.iter().enumerate() {
            let Inner::Categories { order, .. } = &self.node(node).inner else { return index };
            if !self.node(node).expanded {
                return index;
            }
            let found = self.child(node, level, key);
            let rank = found.map_or(*rank, |found| &self.node(found).rank);
            index += order.weight_before(order.search(|other| &self.node(other.node).rank[..] < rank));
            match found {
                Some(found) if level + 1 < path.len() || leaf.is_some() => {
                    index += 1;
                    node = found;
                }
                _ => return index,
            }
        }
        match (&self.node(node).inner, leaf) {
            (Inner::Leaves { order, .. }, Some(key)) if self.node(node).expanded => {
                index + order.weight_before(order.search(|other| rows.key(*other) < key))
            }
            _ => index,
        }
    }

    // What is known of a category.

    pub(super) fn facts(&self, node: u32) -> Facts {
        let Node { number, level, expanded, leaves, unread, .. } = *self.node(node);
        Facts { number, level, expanded, leaves, unread }
    }

    /// How many rows can be seen below a header when it is expanded.
    pub(super) fn shown_below(&self, node: u32) -> u64 {
        self.node(node).inner.shown()
    }

    /// The first leaf in underlying order.
    pub(super) fn first_leaf(&self, node: u32) -> u32 {
        self.node(node).first.1
    }

    /// The leaf whose value is the extreme; `None`: no leaf has one, or none counts for this category.
    pub(super) fn extreme_leaf(&self, node: u32) -> Option<u32> {
        let Inner::Leaves { extremes, .. } = &self.node(node).inner else { return None };
        let extreme = if self.extremum?.greatest { extremes.last() } else { extremes.first() };
        extreme.copied()
    }

    /// The category a client knows by that number.
    pub(super) fn of_number(&self, number: u64) -> Option<u32> {
        self.by_number.get(&number).copied().filter(|node| self.node(*node).leaves > 0)
    }

    /// The category with that key in another one; `None` for the parent: an outermost one.
    fn child(&self, parent: u32, level: usize, key: &[u8]) -> Option<u32> {
        let Inner::Categories { order, by_key, .. } = &self.node(parent).inner else { return None };
        let found = match self.ordered_by_extreme(level) {
            Some(_) => by_key.get(by_key.search(|other| self.node(*other).key() < key)).copied(),
            None => order.get(order.search(|other| self.node(other.node).key() < key)).map(|child| child.node),
        };
        found.filter(|node| self.node(*node).key() == key)
    }

    /// The category of that path of keys.
    pub(super) fn of_path<'a>(&self, keys: impl IntoIterator<Item = &'a [u8]>) -> Option<u32> {
        let mut node = ROOT;
        for (level, key) in keys.into_iter().enumerate() {
            node = self.child(node, level, key)?;
        }
        (node != ROOT && self.node(node).leaves > 0).then_some(node)
    }

    /// The key of a category, and what orders it among its siblings.
    pub(super) fn key_and_rank(&self, node: u32) -> (&[u8], &[u8]) {
        let node = self.node(node);
        (node.key(), &node.rank)
    }

    // Changes.

    /// How many of the row's new categories are those of `path`.
    pub(super) fn shared(&self, path: &[u32], key: &[u8], cuts: &[u32]) -> usize {
        let parts = parts(key, cuts);
        path.iter().zip(parts).take_while(|(node, part)| self.node(**node).key() == *part).count()
    }

    /// Puts a row into its categories, which are made if need be.
    pub(super) fn insert(&mut self, rows: &mut Rows, order: &ViewOrder, slot: u32, cuts: &[u32]) -> Grouped {
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
    pub(super) fn remove(&mut self, rows: &Rows, order: &ViewOrder, slot: u32) -> Grouped {
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
    fn allocate(&mut self, parent: u32, level: usize, key: Vec<u8>) -> u32 {
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
            first: (0, 0),
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
    fn rerank(&mut self, node: u32, extremum: Extremum, extreme: &[u8]) {
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
    fn weigh_child(&mut self, node: u32) {
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
    pub(super) fn bury(&mut self) {
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

    // Expansion.

    /// Expands or collapses a category; whether it was not so already.
    pub(super) fn set_expanded(&mut self, node: u32, expanded: bool) -> bool {
        if std::mem::replace(&mut self.node_mut(node).expanded, expanded) == expanded {
            return false;
        }
        let mut node = node;
        while node != ROOT {
            self.weigh_child(node);
            node = self.node(node).parent;
        }
        true
    }

    /// Gives every category its initial state, but the other one to those of `exceptions`.
    pub(super) fn reset_expanded(&mut self, exceptions: &[u32]) {
        for node in 0..self.nodes.len() {
            let level = self.nodes[node].level;
            self.nodes[node].expanded = node == ROOT as usize || self.begins_expanded(level);
        }
        for node in exceptions {
            let level = self.node(*node).level;
            self.node_mut(*node).expanded = !self.begins_expanded(level);
        }
        self.reweigh(ROOT);
    }

    /// All categories, outer ones before those in them.
    pub(super) fn all(&self) -> Vec<u32> {
        let mut all = Vec::new();
        self.descend(ROOT, &mut all);
        all
    }

    fn descend(&self, node: u32, all: &mut Vec<u32>) {
        let Inner::Categories { order, .. } = &self.node(node).inner else { return };
        for child in order.iter() {
            all.push(child.node);
            self.descend(child.node, all);
        }
    }

    /// Whether a category's state is not its initial one.
    pub(super) fn differs(&self, node: u32) -> bool {
        let node = self.node(node);
        node.expanded != self.begins_expanded(node.level)
    }

    /// Counts the visible rows of everything below anew.
    fn reweigh(&mut self, node: u32) {
        let Inner::Categories { order, .. } = &self.node(node).inner else { return };
        let mut children: Vec<Child> = order.iter().copied().collect();
        for child in &mut children {
            self.reweigh(child.node);
            child.shown = self.node(child.node).shown();
        }
        if let Inner::Categories { order, .. } = &mut self.node_mut(node).inner {
            *order = Sequence::from_sorted(&children);
        }
    }

    /// Takes over numbers and states of the categories that were there in a former view of the same order.
    pub(super) fn inherit(&mut self, former: &Self) {
        let mut pairs = vec![(ROOT, ROOT)];
        while let Some((node, old)) = pairs.pop() {
            if node != ROOT {
                let Node { number, expanded, .. } = *former.node(old);
                let made = self.node(node).number;
                self.by_number.remove(&made);
                self.by_number.insert(number, node);
                let node = self.node_mut(node);
                (node.number, node.expanded) = (number, expanded);
            }
            let Inner::Categories { order, .. } = &self.node(node).inner else { continue };
            let found = order.iter().filter_map(|child| {
                let level = self.node(child.node).level;
                Some((child.node, former.child(old, level, self.node(child.node).key())?))
            });
            pairs.extend(found);
        }
        self.reweigh(ROOT);
    }
}

/// The parts of a row's key that name its categories, from the outermost inwards.
pub(super) fn parts<'a>(key: &'a [u8], cuts: &'a [u32]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    starts.zip(cuts).map(|(start, end)| key.get(start as usize..*end as usize).unwrap_or_default())
}

/// Removes a slot from a list, if it is there.
fn take(list: &mut Sequence<u32>, slot: u32, before: impl Fn(&u32) -> bool) {
    let spot = list.search(before);
    if list.get(spot) == Some(&slot) {
        list.remove(spot);
    }
}
