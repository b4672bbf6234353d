//! Random programs of changes, expansions and movements, held against the plain list; a second table follows
//! the events.

use super::model::{Anchor, Model, Row, toggle};
use super::{Cells, FLAGS, LONG, TEXT, TIME, World, key_of, read};
use crate::backend::ObjectId;
use crate::error::Code;
use crate::notifications::{TableEvent, mask};
use crate::properties::{FileTime, PropTag, Property, Value, tags};
use crate::restriction::{Relop, Restriction};
use crate::tables::{Bookmark, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE, Table};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One step of a program.
#[derive(Clone, Debug)]
enum Step {
    /// One commit that sets, removes (no cells) or moves out and in again (both) these messages.
    Change(Vec<(i32, Option<Cells>)>),
    Sort(SortOrderSet),
    /// Other than this importance, and so many of them.
    Restrict(Option<i32>, Option<u32>),
    Expand(usize, u32),
    Collapse(usize),
    Rows(i32, bool),
    Seek(usize, i32),
    Find(usize, usize, bool),
    Mark,
    Keep(usize),
    Restore,
    /// A message is set, and no record says so.
    Lose(Cells),
}

fn cells() -> impl Strategy<Value = Cells> {
    let text = prop::option::weighted(0.8, prop::sample::select(vec!["a", "A", "b", "ß", "SS"]));
    let long = prop::option::weighted(0.8, 0..3_i32);
    let time = prop::option::weighted(0.7, 1..5_u64);
    (text, long, time, 0..2_i32).prop_map(|(text, long, time, flags)| {
        let mut cells = vec![Property::new(FLAGS, Value::Long(flags))];
        cells.extend(text.map(|text| Property::new(TEXT, Value::Unicode(text.into()))));
        cells.extend(long.map(|long| Property::new(LONG, Value::Long(long))));
        cells.extend(time.map(|time| Property::new(TIME, Value::SysTime(FileTime(time)))));
        cells
    })
}

fn sort() -> impl Strategy<Value = SortOrderSet> {
    let key = || (prop::sample::select(vec![TEXT, LONG, TIME]), 0..2_u32);
    let categories = prop::collection::vec((key(), any::<bool>()), 0..4);
    let extreme = prop::option::weighted(0.4, (prop::sample::select(vec![LONG, TIME]), any::<bool>()));
    (categories, extreme, prop::collection::vec(key(), 0..3), 0..4_u32).prop_map(|(categories, extreme, leaves, expanded)| {
        let count = categories.len() as u32;
        let mut keys: Vec<SortOrder> = Vec::new();
        for ((tag, order), combined) in categories {
            let order = if combined && !keys.is_empty() { TABLE_SORT_COMBINE } else { order };
            keys.push(SortOrder { tag, order });
        }
        if let Some((tag, greatest)) = extreme.filter(|_| count > 0) {
            keys.push(SortOrder { tag, order: if greatest { TABLE_SORT_CATEG_MAX } else { TABLE_SORT_CATEG_MIN } });
        }
        keys.extend(leaves.into_iter().map(|(tag, order)| SortOrder { tag, order }));
        SortOrderSet { keys, categories: count, expanded: expanded.min(count) }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let change = || (0..9_i32, prop::option::weighted(0.8, cells()));
    prop_oneof![
        10 => change().prop_map(|change| Step::Change(vec![change])),
        2 => prop::collection::vec(change(), 2..5).prop_map(Step::Change),
        2 => sort().prop_map(Step::Sort),
        1 => (prop::option::of(0..3_i32), prop::option::weighted(0.4, 1..7_u32)).prop_map(|(long, count)| Step::Restrict(long, count)),
        6 => (0..12_usize, 0..6_u32).prop_map(|(at, max)| Step::Expand(at, max)),
        4 => (0..12_usize).prop_map(Step::Collapse),
        3 => (prop_oneof![-5..0_i32, 1..6_i32], any::<bool>()).prop_map(|(count, stay)| Step::Rows(count, stay)),
        4 => (0..6_usize, -4..5_i32).prop_map(|(mark, count)| Step::Seek(mark, count)),
        2 => (0..12_usize, 0..6_usize, any::<bool>()).prop_map(|(at, mark, back)| Step::Find(at, mark, back)),
        4 => Just(Step::Mark),
        1 => (0..12_usize).prop_map(Step::Keep),
        1 => Just(Step::Restore),
        1 => cells().prop_map(Step::Lose),
    ]
}

/// A client that follows the events of a table of its own.
struct Mirror {
    table: Table,
    rows: Vec<Vec<Property>>,
}

impl Mirror {
    /// Takes the events in; how many there were.
    fn follow(&mut self, world: &World) -> usize {
        let events = world.dispatch();
        let count = events.len();
        for event in events {
            let place = |rows: &[Vec<Property>], key: &Property| rows.iter().position(|row| row.last() == Some(key));
            let old = place(&self.rows, &event.index);
            match event.event {
                TableEvent::RowDeleted => {
                    self.rows.remove(old.expect("a row that was not there is gone"));
                }
                TableEvent::RowAdded | TableEvent::RowModified => {
                    assert_eq!(old.is_some(), event.event == TableEvent::RowModified, "{event:?}");
                    old.into_iter().for_each(|old| drop(self.rows.remove(old)));
                    let at = if event.prior.tag == PropTag::NULL {
                        0
                    } else {
                        place(&self.rows, &event.prior).expect("an unknown row before") + 1
                    };
                    self.rows.insert(at, event.row);
                }
                TableEvent::Changed | TableEvent::Reload => self.rows = read(world, &self.table),
                other => panic!("{other:?}"),
            }
        }
        count
    }
}

impl World {
    /// The object of a leaf.
    fn object(&self, row: &Row) -> Option<ObjectId> {
        match row {
            Row::Leaf(name) => self.ids.get(name).cloned(),
            Row::Header(_) => None,
        }
    }
}

/// Mostly one of the last marks: the others are often discarded.
fn recent(marks: &[Bookmark], steps: usize) -> Bookmark {
    marks[marks.len() - 1 - steps % marks.len()]
}

/// The category cells that follow the first leaf's spelling are left out: a header whose leaf alone is spelt
/// otherwise is not told.
fn without_values(rows: &[Vec<Property>]) -> Vec<Vec<Property>> {
    let is_header = |row: &[Property]| matches!(row[1].value, Value::Long(3 | 4));
    let strip = |row: &Vec<Property>| {
        let mut row = row.clone();
        if is_header(&row) {
            row.remove(5);
        }
        row
    };
    rows.iter().map(strip).collect()
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let table = world.table();
    let mut mirror = Mirror { table: world.table(), rows: Vec::new() };
    mirror.table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut model = Model::default();
    let mut marks = vec![Bookmark::BEGINNING, Bookmark::CURRENT, Bookmark::END];
    let mut kept: Option<(Vec<u8>, Model, Row, Option<ObjectId>)> = None;
    let mut keys: BTreeMap<Row, Vec<u8>> = BTreeMap::new();
    let mut used: BTreeSet<Vec<u8>> = BTreeSet::new();
    for step in steps {
        let view = model.view();
        let is_change = matches!(step, Step::Change(_) | Step::Lose(_));
        let key_at = |at: usize| view.get(at % view.len().max(1)).map(|(row, _)| (row.clone(), keys[row].clone()));
        match step {
            Step::Change(changes) => {
                // One commit changes a message once.
                let once: BTreeMap<i32, Option<Cells>> = changes.into_iter().collect();
                let changes: Vec<_> = once.into_iter().collect();
                world.commit(&changes);
                let together = changes.len() > 1;
                model.change(true, |model| {
                    for (name, cells) in changes {
                        let at = model.rows.iter().position(|(row, _)| *row == name);
                        match (at, cells) {
                            (Some(at), Some(cells)) => model.rows[at].1 = cells,
                            (Some(at), None) => drop(model.rows.remove(at)),
                            (None, Some(cells)) => model.rows.push((name, cells)),
                            (None, None) => {}
                        }
                    }
                });
                if together {
                    // Of rows that leave at once, the rules do not say which one goes first.
                    let after: BTreeSet<Row> = model.view().into_iter().map(|(row, _)| row).collect();
                    let left = |anchor: &Anchor| {
                        let old = |(row, _): &(Row, Vec<i32>)| !after.contains(row);
                        *anchor != Anchor::Begin && view.iter().any(old)
                    };
                    if model.cursor.as_ref().is_some_and(left) {
                        model.put(table.query_position().unwrap().row as usize);
                    }
                    let unclear: Vec<u32> =
                        model.marks.iter().filter(|(_, (anchor, _))| left(anchor)).map(|(mark, _)| *mark).collect();
                    for mark in unclear {
                        model.marks.remove(&mark);
                        table.free_bookmark(Bookmark(mark)).unwrap();
                    }
                }
            }
            Step::Sort(sort) => {
                table.sort_table(Some(sort.clone()), 0).unwrap();
                mirror.table.sort_table(Some(sort.clone()), 0).unwrap();
                model.sort = sort;
                model.forget();
                keys.clear();
            }
            Step::Restrict(long, count) => {
                let other = long.map(|long| {
                    let value = Property::new(LONG, Value::Long(long));
                    Restriction::Property { relop: Relop::Ne, tag: LONG, value }
                });
                let restriction = match count {
                    Some(count) => {
                        let child = Box::new(other.unwrap_or(Restriction::And(Vec::new())));
                        Some(Restriction::Count { count, child })
                    }
                    None => other,
                };
                table.restrict(restriction.clone(), 0).unwrap();
                mirror.table.restrict(restriction, 0).unwrap();
                model.restriction = (long, count);
                model.forget();
                keys.clear();
            }
            Step::Expand(at, max) => {
                let Some((row, key)) = key_at(at) else { continue };
                let answer = table.expand_row(&key, max, 0);
                let Row::Header(path) = &row else {
                    prop_assert_eq!(answer.unwrap_err().code(), Code::NotFound);
                    continue;
                };
                mirror.table.expand_row(&key_of_mirror(&mirror, &model, &row), 0, 0).unwrap();
                let at = model.index(&Anchor::Row(row.clone()));
                if !model.is_expanded(path) {
                    model.change(true, |model| toggle(model, &row));
                }
                let after = model.view();
                let total = after.len() - view.len();
                let answer = answer.unwrap();
                prop_assert_eq!(answer.total as usize, total);
                let shown = total.min(max as usize);
                prop_assert_eq!(answer.rows.len(), shown);
                for (cells, (row, leaves)) in answer.rows.iter().zip(&after[at + 1..]) {
                    prop_assert_eq!(values(cells), model.expected(row, leaves));
                }
                model.put(at + 1 + shown);
            }
            Step::Collapse(at) => {
                let Some((row, key)) = key_at(at) else { continue };
                let answer = table.collapse_row(&key, 0);
                let Row::Header(path) = &row else {
                    prop_assert_eq!(answer.unwrap_err().code(), Code::NotFound);
                    continue;
                };
                mirror.table.collapse_row(&key_of_mirror(&mirror, &model, &row), 0).unwrap();
                if model.is_expanded(path) {
                    model.change(true, |model| toggle(model, &row));
                }
                prop_assert_eq!(answer.unwrap() as usize, view.len() - model.view().len());
            }
            Step::Rows(count, stay) => {
                let at = model.position();
                let wanted = count.unsigned_abs() as usize;
                let (first, end) = if count > 0 { (at, view.len().min(at + wanted)) } else { (at.saturating_sub(wanted), at) };
                let rows = table.query_rows(count, u32::from(stay)).unwrap();
                prop_assert_eq!(rows.len(), end - first);
                for (cells, (row, leaves)) in rows.iter().zip(&view[first..end]) {
                    prop_assert_eq!(values(cells), model.expected(row, leaves));
                }
                if end > first {
                    model.put(if stay { first } else { end });
                }
            }
            Step::Seek(mark, count) => {
                let mark = recent(&marks, mark);
                let answer = table.seek_row(mark, count);
                match model.resolve(mark) {
                    None => prop_assert_eq!(answer.unwrap_err().code(), Code::InvalidBookmark),
                    Some((base, flag)) => {
                        let target = (base as i64 + i64::from(count)).clamp(0, view.len() as i64);
                        let answer = answer.unwrap();
                        prop_assert_eq!(i64::from(answer.value), target - base as i64);
                        prop_assert_eq!(answer.warning, flag.then_some(Code::WPositionChanged));
                        model.put(target as usize);
                        if mark == Bookmark::BEGINNING && target == 0 {
                            model.cursor = Some(Anchor::Begin);
                        }
                    }
                }
            }
            Step::Find(at, mark, back) => {
                // By the instance key of any row, and by the depth, which headers have too.
                let mark = recent(&marks, mark);
                let value = match key_at(at).filter(|_| at % 2 == 0) {
                    Some((_, key)) => Property::new(tags::INSTANCE_KEY, Value::Binary(key)),
                    None => Property::new(tags::ROW_TYPE, Value::Long(at as i32 % 5)),
                };
                let restriction = Restriction::Property { relop: Relop::Eq, tag: value.tag, value: value.clone() };
                let answer = table.find_row(Some(&restriction), mark, u32::from(back));
                match model.resolve(mark) {
                    None => prop_assert_eq!(answer.unwrap_err().code(), Code::InvalidBookmark),
                    Some((base, flag)) => {
                        let fits = |at: &usize| {
                            let (row, leaves) = &view[*at];
                            match &value.value {
                                Value::Binary(key) => keys[row] == *key,
                                wanted => model.expected(row, leaves)[1].as_ref() == Some(wanted),
                            }
                        };
                        let found = if back { (0..base).rev().find(fits) } else { (base..view.len()).find(fits) };
                        match found {
                            None => prop_assert_eq!(answer.unwrap_err().code(), Code::NotFound),
                            Some(at) => {
                                prop_assert_eq!(answer.unwrap().warning, flag.then_some(Code::WPositionChanged));
                                model.put(at);
                            }
                        }
                    }
                }
            }
            Step::Mark => {
                let mark = table.create_bookmark().unwrap();
                let rows = model.view().len();
                let anchor = if rows == 0 { Anchor::Begin } else { model.anchor_at(model.position()) };
                model.marks.insert(mark.0, (anchor, false));
                marks.push(mark);
            }
            Step::Keep(at) => {
                if model.sort.categories == 0 {
                    prop_assert_eq!(table.get_collapse_state(0, b"any").unwrap_err().code(), Code::NoSupport);
                } else if let Some((row, key)) = key_at(at) {
                    let state = table.get_collapse_state(0, &key).unwrap();
                    let object = world.object(&row);
                    kept = Some((state, model.clone(), row, object));
                }
            }
            Step::Restore => {
                let Some((state, then, named, object)) = &kept else { continue };
                let answer = table.set_collapse_state(0, state);
                if model.sort.categories == 0 {
                    prop_assert_eq!(answer.unwrap_err().code(), Code::NoSupport);
                } else if (&then.sort, then.restriction) == (&model.sort, model.restriction) {
                    let mark = answer.unwrap();
                    // Another view of the same container takes it too.
                    let other = mirror.table.set_collapse_state(0, state).unwrap();
                    mirror.table.free_bookmark(other).unwrap();
                    model.change(true, |model| model.changed.clone_from(&then.changed));
                    let view = model.view();
                    let there = model.list(true);
                    // A message of the same name may be another one.
                    let found = there.iter().position(|(row, _)| row == named && world.object(row) == *object);
                    if let Some(at) = found {
                        // Itself, or the first visible row behind it.
                        let next = there[at..].iter().find_map(|(row, _)| view.iter().position(|(other, _)| other == row));
                        model.put(next.unwrap_or(view.len()));
                    } else {
                        model.put(table.query_position().unwrap().row as usize);
                    }
                    model.marks.insert(mark.0, (model.cursor.clone().unwrap(), false));
                    marks.push(mark);
                } else {
                    prop_assert_eq!(answer.unwrap_err().code(), Code::UnableToComplete);
                }
            }
            Step::Lose(cells) => {
                world.commit(&[(0, Some(cells.clone()))]);
                world.store.forget_feed(0);
                match model.rows.iter_mut().find(|(name, _)| *name == 0) {
                    Some((_, row)) => *row = cells,
                    None => model.rows.push((0, cells)),
                }
                model.forget();
                keys.clear();
            }
        }
        // Each change is taken in by itself, as the next call would.
        let told = mirror.follow(&world);
        prop_assert!(is_change || told == 0, "events that no change raised");
        let view = model.view();
        let rows = read_and_restore(&world, &table, &mut model);
        prop_assert_eq!(rows.len(), view.len());
        for (cells, (row, leaves)) in rows.iter().zip(&view) {
            prop_assert_eq!(values(cells), model.expected(row, leaves), "{:?}", row);
            let key = key_of(cells);
            match keys.get(row) {
                Some(known) => prop_assert_eq!(known, &key, "the key of {:?} changed", row),
                None => {
                    if matches!(row, Row::Header(_)) {
                        prop_assert!(used.insert(key.clone()), "the key of {:?} was used before", row);
                    }
                    keys.insert(row.clone(), key);
                }
            }
        }
        let all: BTreeSet<Row> = model.list(true).into_iter().map(|(row, _)| row).collect();
        keys.retain(|row, _| all.contains(row));
        let position = table.query_position().unwrap();
        prop_assert_eq!((position.row as usize, position.denominator as usize), (model.position(), view.len().max(1)));
        let mirrored = read(&world, &mirror.table);
        if is_change {
            prop_assert_eq!(without_values(&mirror.rows), without_values(&mirrored));
        }
        mirror.rows = mirrored;
    }
    Ok(())
}

/// Reads all rows; the cursor goes where the model has it.
fn read_and_restore(world: &World, table: &Table, model: &mut Model) -> Vec<Vec<Property>> {
    let was_beginning = matches!(model.cursor, None | Some(Anchor::Begin));
    let rows = read(world, table);
    if was_beginning {
        table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    }
    rows
}

/// The key of the same row in the mirror's table; both have the same rows in the same states.
fn key_of_mirror(mirror: &Mirror, model: &Model, row: &Row) -> Vec<u8> {
    let at = model.view().iter().position(|(other, _)| other == row).unwrap();
    key_of(&mirror.rows[at])
}

/// The cells but for the instance key.
fn values(row: &[Property]) -> Vec<Option<Value>> {
    row[..row.len() - 1].iter().map(|cell| (!matches!(cell.value, Value::Error(_))).then(|| cell.value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn tables_with_categories_follow_the_plain_list(steps in prop::collection::vec(step(), 0..50)) {
        run(steps)?;
    }
}
