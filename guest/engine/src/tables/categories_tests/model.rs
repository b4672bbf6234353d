//! The plain list: what a table with categories shows, written from `tables` 2, 7, 8 and 10.

use super::{Cells, FLAGS, LONG, TEXT, TIME, find};
use crate::properties::Value;
use crate::tables::{Bookmark, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_COMBINE};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The folded values of a category on its level; `None`: absent.
pub(super) type Values = Vec<Option<String>>;

/// A row of the plain list. A category is named by its folded values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    Leaf(i32),
    Header(Vec<Values>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Anchor {
    Begin,
    Row(Row),
    End,
}

/// The plain list.
#[derive(Clone, Default)]
pub(super) struct Model {
    /// In underlying order.
    pub(super) rows: Vec<(i32, Cells)>,
    /// Other than this importance, and so many of them.
    pub(super) restriction: (Option<i32>, Option<u32>),
    pub(super) sort: SortOrderSet,
    /// Categories that are not in their initial state.
    pub(super) changed: BTreeSet<Row>,
    pub(super) cursor: Option<Anchor>,
    pub(super) marks: BTreeMap<u32, (Anchor, bool)>,
}

/// The order of the values of this module.
fn value_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Unicode(_), Value::Unicode(_)) => folded(a).cmp(&folded(b)),
        (Value::Long(a), Value::Long(b)) => a.cmp(b),
        (Value::SysTime(a), Value::SysTime(b)) => a.0.cmp(&b.0),
        other => panic!("{other:?}"),
    }
}

fn folded(value: &Value) -> String {
    match value {
        Value::Unicode(text) => crate::collation::fold(text).to_string(),
        other => format!("{other:?}"),
    }
}

/// Absent values come last in both directions.
fn compare(a: Option<&Value>, b: Option<&Value>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => value_order(b, a),
        (Some(a), Some(b)) => value_order(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

impl Model {
    fn extreme(&self) -> Option<SortOrder> {
        self.sort.keys.get(self.sort.categories as usize).copied().filter(|key| key.order & 12 != 0)
    }

    /// The sort keys of each level.
    fn levels(&self) -> Vec<Vec<SortOrder>> {
        let mut levels: Vec<Vec<SortOrder>> = Vec::new();
        for key in &self.sort.keys[..self.sort.categories as usize] {
            match levels.last_mut().filter(|_| key.order == TABLE_SORT_COMBINE) {
                Some(level) => level.push(*key),
                None => levels.push(vec![*key]),
            }
        }
        levels
    }

    pub(super) fn is_expanded(&self, path: &[Values]) -> bool {
        let initial = path.len() <= self.sort.expanded as usize;
        initial != self.changed.contains(&Row::Header(path.to_vec()))
    }

    fn shown(&self) -> Vec<&(i32, Cells)> {
        let fits = |cells: &Cells| match self.restriction.0 {
            None => true,
            Some(long) => matches!(find(cells, LONG), Some(Value::Long(value)) if value != long),
        };
        self.rows
            .iter()
            .filter(|(_, cells)| fits(cells))
            .take(self.restriction.1.map_or(usize::MAX, |count| count as usize))
            .collect()
    }

    /// The visible rows, with the leaves of each header in underlying order.
    pub(super) fn view(&self) -> Vec<(Row, Vec<i32>)> {
        self.list(false)
    }

    /// With `all`, hidden rows too.
    pub(super) fn list(&self, all: bool) -> Vec<(Row, Vec<i32>)> {
        let mut out = Vec::new();
        let shown = self.shown();
        self.list_below(&self.levels(), &[], &shown, all, &mut out);
        out
    }

    fn list_below(
        &self,
        levels: &[Vec<SortOrder>],
        path: &[Values],
        rows: &[&(i32, Cells)],
        all: bool,
        out: &mut Vec<(Row, Vec<i32>)>,
    ) {
        let Some(level) = levels.get(path.len()) else {
            let mut rows: Vec<(usize, &&(i32, Cells))> = rows.iter().enumerate().collect();
            let skipped = self.sort.categories as usize + usize::from(self.extreme().is_some());
            let descending = |key: &SortOrder| key.order == 1;
            let last = self.sort.keys.iter().rev().find(|key| key.order < 4).is_some_and(descending);
            rows.sort_by(|(at, (_, a)), (bt, (_, b))| {
                let keys = self.sort.keys[skipped.min(self.sort.keys.len())..].iter();
                let order = keys.fold(Ordering::Equal, |order, key| {
                    order.then_with(|| compare(find(a, key.tag).as_ref(), find(b, key.tag).as_ref(), descending(key)))
                });
                order.then(if last { bt.cmp(at) } else { at.cmp(bt) })
            });
            out.extend(rows.into_iter().map(|(_, (name, _))| (Row::Leaf(*name), vec![])));
            return;
        };
        let mut groups: Vec<(Values, Vec<&(i32, Cells)>)> = Vec::new();
        for row in rows {
            let values: Values = level.iter().map(|key| find(&row.1, key.tag).as_ref().map(folded)).collect();
            match groups.iter_mut().find(|(have, _)| *have == values) {
                Some((_, members)) => members.push(row),
                None => groups.push((values, vec![row])),
            }
        }
        let extreme = self.extreme().filter(|_| path.len() + 1 == levels.len());
        let first = level[0].order == 1;
        groups.sort_by(|(_, a), (_, b)| {
            let mut order = Ordering::Equal;
            if let Some(key) = extreme {
                let of = |members: &[&(i32, Cells)]| self.extreme_of(members, key);
                order = compare(of(a).as_ref(), of(b).as_ref(), first);
            }
            level.iter().fold(order, |order, key| {
                let descending = if extreme.is_some() { first } else { key.order == 1 };
                order.then_with(|| compare(find(&a[0].1, key.tag).as_ref(), find(&b[0].1, key.tag).as_ref(), descending))
            })
        });
        for (values, members) in groups {
            let mut path = path.to_vec();
            path.push(values);
            out.push((Row::Header(path.clone()), members.iter().map(|(name, _)| *name).collect()));
            if all || self.is_expanded(&path) {
                self.list_below(levels, &path, &members, all, out);
            }
        }
    }

    fn extreme_of(&self, members: &[&(i32, Cells)], key: SortOrder) -> Option<Value> {
        let values = members.iter().filter_map(|(_, cells)| find(cells, key.tag));
        if key.order == TABLE_SORT_CATEG_MAX { values.max_by(value_order) } else { values.min_by(value_order) }
    }

    fn cells_of(&self, name: i32) -> &Cells {
        &self.rows.iter().find(|(row, _)| *row == name).unwrap().1
    }

    /// What a row shows in [`COLUMNS`] but the instance key; `None`: no value.
    pub(super) fn expected(&self, row: &Row, leaves: &[i32]) -> Vec<Option<Value>> {
        let long = |value: usize| Some(Value::Long(value as i32));
        let levels = self.levels();
        let Row::Header(path) = row else {
            let Row::Leaf(name) = row else { unreachable!() };
            let cells = self.cells_of(*name);
            let own = [TEXT, LONG, TIME].map(|tag| find(cells, tag));
            return [vec![Some(Value::Long(*name)), long(1), long(levels.len()), None, None], own.to_vec()].concat();
        };
        let unread = leaves.iter().filter(|name| find(self.cells_of(**name), FLAGS) == Some(Value::Long(0))).count();
        let row_type = if self.is_expanded(path) { 3 } else { 4 };
        let mut values = vec![None, long(row_type), long(path.len() - 1), long(leaves.len()), long(unread)];
        let all = self.list(true);
        for tag in [TEXT, LONG, TIME] {
            let level = levels[..path.len()].iter().position(|keys| keys.iter().any(|key| key.tag == tag));
            values.push(match level {
                Some(level) => {
                    let outer = Row::Header(path[..=level].to_vec());
                    let leaves = &all.iter().find(|(row, _)| *row == outer).unwrap().1;
                    find(self.cells_of(leaves[0]), tag)
                }
                None => {
                    let extreme = self.extreme().filter(|key| key.tag == tag && path.len() == levels.len());
                    let members: Vec<&(i32, Cells)> = self.rows.iter().filter(|(name, _)| leaves.contains(name)).collect();
                    extreme.and_then(|key| self.extreme_of(&members, key))
                }
            });
        }
        values
    }

    /// Does something after which rows may be hidden or gone: anchors on them go to the next row that stayed.
    pub(super) fn change(&mut self, flagged: bool, change: impl FnOnce(&mut Self)) {
        let names = |model: &Self| model.view().into_iter().map(|(row, _)| row).collect::<Vec<_>>();
        let before = names(self);
        change(self);
        let after = names(self);
        let exist: BTreeSet<Row> = self.list(true).into_iter().map(|(row, _)| row).collect();
        self.changed.retain(|row| exist.contains(row));
        let moved = |anchor: Anchor| match anchor {
            Anchor::Row(row) if !after.contains(&row) => {
                let at = before.iter().position(|other| *other == row).unwrap();
                let next = before[at..].iter().find(|row| after.contains(row));
                (next.map_or(Anchor::End, |row| Anchor::Row(row.clone())), flagged)
            }
            anchor => (anchor, false),
        };
        self.cursor = self.cursor.take().map(|anchor| moved(anchor).0);
        for (anchor, flag) in self.marks.values_mut() {
            let (new, left) = moved(anchor.clone());
            *anchor = new;
            *flag |= left;
        }
    }

    pub(super) fn index(&self, anchor: &Anchor) -> usize {
        match anchor {
            Anchor::Begin => 0,
            Anchor::Row(row) => self.view().iter().position(|(other, _)| other == row).unwrap(),
            Anchor::End => self.view().len(),
        }
    }

    pub(super) fn position(&self) -> usize {
        self.index(self.cursor.as_ref().unwrap_or(&Anchor::Begin))
    }

    pub(super) fn anchor_at(&self, index: usize) -> Anchor {
        self.view().get(index).map_or(Anchor::End, |(row, _)| Anchor::Row(row.clone()))
    }

    pub(super) fn put(&mut self, index: usize) {
        self.cursor = Some(self.anchor_at(index));
    }

    pub(super) fn forget(&mut self) {
        self.cursor = None;
        self.marks.clear();
        self.changed.clear();
    }

    pub(super) fn resolve(&mut self, mark: Bookmark) -> Option<(usize, bool)> {
        match mark {
            Bookmark::BEGINNING => Some((0, false)),
            Bookmark::CURRENT => Some((self.position(), false)),
            Bookmark::END => Some((self.view().len(), false)),
            Bookmark(number) => {
                let (anchor, flag) = self.marks.get_mut(&number)?;
                let (anchor, flag) = (anchor.clone(), std::mem::take(flag));
                Some((self.index(&anchor), flag))
            }
        }
    }
}

/// Expands or collapses.
pub(super) fn toggle(model: &mut Model, row: &Row) {
    if !model.changed.remove(row) {
        model.changed.insert(row.clone());
    }
}
