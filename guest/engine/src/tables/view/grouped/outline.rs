//! The categories of a view whose rows the backend keeps: how many rows each has, which of them are expanded, and
//! what can be seen for it (`tables` 8).
//!
//! The categories stand in a list, each before those in it, which is the order of the view. A category is named by
//! the bytes its rows' order strings begin with, so that it is found in the list by them.

use crate::properties::Value;
use crate::tables::view::categories::{Facts, Numbers};
use std::collections::BTreeMap;

/// A category.
#[derive(Clone, Debug)]
pub(super) struct Category {
    /// What its rows' strings begin with.
    pub(super) path: Vec<u8>,
    /// Where in the path begins what tells it from its siblings.
    pub(super) own: usize,
    pub(super) level: usize,
    /// The category it lies in.
    pub(super) parent: Option<usize>,
    /// Names it to clients; never used again.
    pub(super) number: u64,
    pub(super) expanded: bool,
    pub(super) leaves: u32,
    pub(super) unread: u32,
    /// The values of the keys of its level, of its first leaf in underlying order.
    pub(super) values: Vec<Option<Value>>,
    /// The order keys of all keys that make categories; of the innermost ones only.
    pub(super) keys: Vec<Option<Vec<u8>>>,
    /// How many leaves stand before its own, whatever can be seen.
    pub(super) before: u64,
    /// The index of its header, if that can be seen.
    pub(super) index: Option<u64>,
}

/// What stands at an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// The header of a category.
    Header(usize),
    /// A leaf of a category, by its number in it.
    Leaf { category: usize, offset: u64 },
}

/// Rows that stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    Header(usize),
    /// So many leaves of a category, from that one on.
    Leaves {
        category: usize,
        offset: u64,
        count: u64,
    },
}

/// The categories of a view.
#[derive(Debug, Default)]
pub(super) struct Outline {
    levels: usize,
    /// Levels below this one begin expanded.
    begin_expanded: usize,
    categories: Vec<Category>,
    /// Those whose headers can be seen.
    shown: Vec<usize>,
    by_number: BTreeMap<u64, usize>,
    count: u64,
}

impl Outline {
    /// From categories in their order, each before those in it, with `path`, `own`, `level`, `values` and, of the
    /// innermost ones, `keys` and what they count. Those a former outline had keep their numbers and states.
    pub(super) fn new(
        levels: usize,
        begin_expanded: usize,
        mut categories: Vec<Category>,
        former: Option<&Self>,
        numbers: &Numbers,
    ) -> Self {
        let mut open: Vec<usize> = Vec::with_capacity(levels);
        let mut before = 0_u64;
        for at in 0..categories.len() {
            let Some(category) = categories.get_mut(at) else { break };
            open.truncate(category.level);
            let known = former.and_then(|former| former.categories.get(former.find(&category.path)?));
            category.parent = open.last().copied();
            category.before = before;
            category.number = known.map_or_else(|| numbers.take(), |known| known.number);
            category.expanded = known.map_or(category.level < begin_expanded, |known| known.expanded);
            let (leaves, unread) = (category.leaves, category.unread);
            if category.level + 1 == levels {
                before += u64::from(leaves);
                for around in &open {
                    if let Some(around) = categories.get_mut(*around) {
                        around.leaves = around.leaves.saturating_add(leaves);
                        around.unread = around.unread.saturating_add(unread);
                    }
                }
            }
            open.push(at);
        }
        let by_number = categories.iter().enumerate().map(|(at, category)| (category.number, at)).collect();
        let mut outline = Self { levels, begin_expanded, categories, shown: Vec::new(), by_number, count: 0 };
        outline.renew();
        outline
    }

    /// Counts anew what can be seen.
    fn renew(&mut self) {
        self.shown.clear();
        self.count = 0;
        for at in 0..self.categories.len() {
            let parent = self.categories.get(at).and_then(|category| category.parent);
            let visible = parent.is_none_or(|parent| self.shows(parent));
            let Some(category) = self.categories.get_mut(at) else { break };
            category.index = visible.then_some(self.count);
            if visible {
                self.shown.push(at);
                let innermost = category.level + 1 == self.levels;
                self.count += 1 + if innermost && category.expanded { u64::from(category.leaves) } else { 0 };
            }
        }
    }

    /// Whether what lies in a category can be seen.
    pub(super) fn shows(&self, category: usize) -> bool {
        self.categories.get(category).is_some_and(|category| category.expanded && category.index.is_some())
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn levels(&self) -> usize {
        self.levels
    }

    pub(super) fn get(&self, category: usize) -> Option<&Category> {
        self.categories.get(category)
    }

    /// The category and those it lies in, from the outermost one inwards.
    pub(super) fn around(&self, category: usize) -> Vec<&Category> {
        let mut path = Vec::with_capacity(self.levels);
        let mut next = self.categories.get(category);
        while let Some(category) = next {
            path.push(category);
            next = category.parent.and_then(|parent| self.categories.get(parent));
        }
        path.reverse();
        path
    }

    pub(super) fn facts(&self, category: usize) -> Option<Facts> {
        let Category { number, level, expanded, leaves, unread, .. } = *self.categories.get(category)?;
        Some(Facts { number, level, expanded, leaves, unread })
    }

    /// The category named by a path.
    pub(super) fn find(&self, path: &[u8]) -> Option<usize> {
        self.categories.binary_search_by(|category| category.path.as_slice().cmp(path)).ok()
    }

    /// The innermost category of a leaf with that string.
    pub(super) fn category_of(&self, string: &[u8]) -> Option<usize> {
        let behind = self.categories.partition_point(|category| category.path.as_slice() <= string);
        let found = behind.checked_sub(1)?;
        let category = self.categories.get(found)?;
        (category.level + 1 == self.levels && string.starts_with(&category.path)).then_some(found)
    }

    /// The category a client knows by that number.
    pub(super) fn of_number(&self, number: u64) -> Option<usize> {
        self.by_number.get(&number).copied()
    }

    /// What stands at an index.
    pub(super) fn spot(&self, index: u64) -> Option<Spot> {
        if index >= self.count {
            return None;
        }
        let at = |category: &usize| self.categories.get(*category).and_then(|category| category.index);
        let behind = self.shown.partition_point(|category| at(category).is_some_and(|header| header <= index));
        let category = *self.shown.get(behind.checked_sub(1)?)?;
        Some(match index - at(&category)? {
            0 => Spot::Header(category),
            below => Spot::Leaf { category, offset: below - 1 },
        })
    }

    /// Up to `count` rows from an index on.
    pub(super) fn runs(&self, first: u64, count: u64) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut at = first;
        let end = first.saturating_add(count).min(self.count);
        while at < end
            && let Some(spot) = self.spot(at)
        {
            let run = match spot {
                Spot::Header(category) => Run::Header(category),
                Spot::Leaf { category, offset } => {
                    let leaves = self.categories.get(category).map_or(0, |category| u64::from(category.leaves));
                    Run::Leaves { category, offset, count: leaves.saturating_sub(offset).min(end - at) }
                }
            };
            at += match run {
                Run::Header(_) => 1,
                Run::Leaves { count, .. } => count.max(1),
            };
            runs.push(run);
        }
        runs
    }

    /// The outermost collapsed category that hides what lies in that one; `None`: it can be seen.
    pub(super) fn hides(&self, category: usize) -> Option<usize> {
        let mut hiding = None;
        let mut next = Some(category);
        while let Some(at) = next
            && let Some(category) = self.categories.get(at)
        {
            if !category.expanded {
                hiding = Some(at);
            }
            next = category.parent;
        }
        hiding
    }

    /// The first header that can be seen behind everything whose string begins with that path.
    pub(super) fn shown_behind(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let is_before = |category: &usize| {
            let category = self.categories.get(*category).map(|category| category.path.as_slice()).unwrap_or_default();
            category <= path || category.starts_with(path)
        };
        self.shown.get(self.shown.partition_point(is_before)..).unwrap_or_default().iter().copied()
    }

    /// Expands or collapses a category; how many rows that shows or hides.
    pub(super) fn set_expanded(&mut self, category: usize, expanded: bool) -> u64 {
        let before = self.count;
        match self.categories.get_mut(category) {
            Some(category) if category.expanded != expanded => category.expanded = expanded,
            _ => return 0,
        }
        self.renew();
        self.count.abs_diff(before)
    }

    /// Gives every category its initial state, but the other one to those of `exceptions`.
    pub(super) fn reset_expanded(&mut self, exceptions: &[usize]) {
        for category in &mut self.categories {
            category.expanded = category.level < self.begin_expanded;
        }
        for exception in exceptions {
            if let Some(category) = self.categories.get_mut(*exception) {
                category.expanded = category.level >= self.begin_expanded;
            }
        }
        self.renew();
    }

    /// Those whose state is not their initial one.
    pub(super) fn changed(&self) -> impl Iterator<Item = usize> {
        let changed =
            |(at, category): (usize, &Category)| (category.expanded != (category.level < self.begin_expanded)).then_some(at);
        self.categories.iter().enumerate().filter_map(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(path: &[u8], level: usize, leaves: u32) -> Category {
        Category {
            path: path.to_vec(),
            own: path.len() - 1,
            level,
            parent: None,
            number: 0,
            expanded: false,
            leaves,
            unread: leaves / 2,
            values: Vec::new(),
            keys: Vec::new(),
            before: 0,
            index: None,
        }
    }

    /// a (aa 2, ab 3), b (ba 1).
    fn two_levels(former: Option<&Outline>, begin_expanded: usize) -> Outline {
        let categories =
            vec![category(b"a", 0, 0), category(b"aa", 1, 2), category(b"ab", 1, 3), category(b"b", 0, 0), category(b"ba", 1, 1)];
        Outline::new(2, begin_expanded, categories, former, &Numbers::default())
    }

    #[test]
    fn outer_categories_count_what_lies_in_inner_ones() {
        let outline = two_levels(None, 0);
        let facts = outline.facts(0).unwrap();
        assert_eq!((facts.leaves, facts.unread), (5, 2));
        assert_eq!(outline.count(), 2);
        assert_eq!(outline.get(4).unwrap().before, 5);
    }

    #[test]
    fn every_index_names_a_row_and_runs_hold_them_all() {
        let mut outline = two_levels(None, 1);
        assert_eq!(outline.set_expanded(2, true), 3);
        let spots: Vec<Spot> = (0..outline.count()).filter_map(|index| outline.spot(index)).collect();
        let leaf = |offset| Spot::Leaf { category: 2, offset };
        assert_eq!(
            spots,
            [Spot::Header(0), Spot::Header(1), Spot::Header(2), leaf(0), leaf(1), leaf(2), Spot::Header(3), Spot::Header(4)]
        );
        assert_eq!(outline.spot(8), None);
        assert_eq!(outline.runs(4, 3), [Run::Leaves { category: 2, offset: 1, count: 2 }, Run::Header(3)]);
    }

    #[test]
    fn inner_states_are_remembered_while_they_cannot_be_seen() {
        let mut outline = two_levels(None, 0);
        assert_eq!(outline.set_expanded(1, true), 0, "it cannot be seen");
        assert_eq!(outline.set_expanded(0, true), 4, "two headers and two leaves");
        assert_eq!(outline.hides(2), Some(2));
        assert_eq!(outline.set_expanded(0, false), 4);
        assert_eq!(outline.hides(1), Some(0));
    }

    #[test]
    fn categories_that_stay_keep_number_and_state() {
        let mut former = two_levels(None, 0);
        former.set_expanded(0, true);
        let new = two_levels(Some(&former), 0);
        assert_eq!(new.facts(0), former.facts(0));
        assert_eq!(new.of_number(former.facts(4).unwrap().number), Some(4));
    }

    #[test]
    fn a_leaf_is_found_by_its_string() {
        let outline = two_levels(None, 0);
        assert_eq!(outline.category_of(b"abx"), Some(2));
        assert_eq!(outline.category_of(b"acx"), None);
        assert_eq!(outline.category_of(b"a"), None);
        assert_eq!(outline.shown_behind(b"a").next(), Some(3));
        assert_eq!(outline.shown_behind(b"b").next(), None);
    }
}
