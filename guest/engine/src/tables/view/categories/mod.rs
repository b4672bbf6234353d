//! The categories of a view: a tree whose innermost nodes hold the rows (`tables` 8).
//!
//! Every node knows how many rows below it can be seen, so that a row is found by its index, and an index by
//! its row, on one way through the tree. A category that has lost its last row stays until the end of the
//! operation ([`Categories::bury`]), unseen: if another row of the operation enters it, it is the same one.

mod building;
mod changing;
mod expansion;

pub(super) use expansion::Known;

use super::rows::Rows;
use super::sequence::{Item, Sequence, Spot};
use crate::tables::order::{Arrival, Extremum};
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
    pub(super) fn take(&self) -> u64 {
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
    /// Place and slot of its first leaf in underlying order.
    first: (Arrival, u32),
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
                out.extend(order.starting_at(first).0.take(wanted).map(|slot| Held::Leaf(*slot)));
            }
            Inner::Categories { order, .. } => {
                let (children, mut skip) = order.starting_at(first);
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
}

/// The parts of a row's key that name its categories, from the outermost inwards.
pub(super) fn parts<'a>(key: &'a [u8], cuts: &'a [u32]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    starts.zip(cuts).map(|(start, end)| key.get(start as usize..*end as usize).unwrap_or_default())
}
