//! Which categories are expanded, and what can be seen of them for it (`tables` 8.2, 8.3).

use super::{Categories, Child, Inner, Node, ROOT};
use crate::tables::view::sequence::Sequence;

/// What a former view knows of the category of a path: its number, and whether it is expanded.
pub(in crate::tables::view) type Known<'a> = dyn Fn(&[u8]) -> Option<(u64, bool)> + 'a;

impl Categories {
    /// Expands or collapses a category; whether it was not so already.
    pub(in crate::tables::view) fn set_expanded(&mut self, node: u32, expanded: bool) -> bool {
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
    pub(in crate::tables::view) fn reset_expanded(&mut self, exceptions: &[u32]) {
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
    pub(in crate::tables::view) fn all(&self) -> Vec<u32> {
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
    pub(in crate::tables::view) fn differs(&self, node: u32) -> bool {
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
    pub(in crate::tables::view) fn inherit(&mut self, former: &Self) {
        let mut pairs = vec![(ROOT, ROOT)];
        while let Some((node, old)) = pairs.pop() {
            if node != ROOT {
                let Node { number, expanded, .. } = *former.node(old);
                self.take_over(node, number, expanded);
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

    /// Takes over numbers and states of the categories that are known by the keys that lead to them.
    pub(in crate::tables::view) fn adopt(&mut self, known: &Known<'_>) {
        let mut open = vec![(ROOT, Vec::new())];
        while let Some((node, path)) = open.pop() {
            if node != ROOT
                && let Some((number, expanded)) = known(&path)
            {
                self.take_over(node, number, expanded);
            }
            let Inner::Categories { order, .. } = &self.node(node).inner else { continue };
            open.extend(order.iter().map(|child| (child.node, [&path, self.node(child.node).key()].concat())));
        }
        self.reweigh(ROOT);
    }

    fn take_over(&mut self, node: u32, number: u64, expanded: bool) {
        let made = self.node(node).number;
        self.by_number.remove(&made);
        self.by_number.insert(number, node);
        let node = self.node_mut(node);
        (node.number, node.expanded) = (number, expanded);
    }
}
