//! Random programs of table operations, held against a plain list written from `tables` 2, 4, 5, 7 and 10:
//! over rows in memory and over a backend, with everything pushed down, some of it, and nothing.

use crate::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects, ScanKind, Store};
use crate::error::{Code, Failure, Result};
use crate::memory::{Fault, Faults, Faulty, MemoryStore, PushDown, Trigger};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::restriction::Restriction;
use crate::restriction::generate::{ALL, any_properties, any_restriction, oracle, value_order};
use crate::tables::nothing_computed::NothingComputed;
use crate::tables::{
    Abilities, Bookmark, DefaultOrder, Feed, SortOrder, SortOrderSet, StoredRows, StoredRowsOptions, TAD_ALL_ROWS, TBL_ASYNC,
    TBL_BATCH, Table, TableData, TableType, ViewOptions,
};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Names a row in both worlds.
const NAME: PropTag = PropTag(0x6810_0003);

/// One step of a program.
#[derive(Clone, Debug)]
enum Step {
    Set(i32, Vec<Property>),
    Delete(i32),
    /// In memory: at a position; in a store: moved out and in again.
    Insert(i32, u32, Vec<Property>),
    Clear,
    /// With these flags.
    Restrict(Option<Restriction>, u32),
    Sort(Vec<(PropTag, bool)>, u32),
    Rows(i32, bool),
    Seek(usize, i32),
    Approx(u32, u32),
    Find(Restriction, usize, bool),
    Mark,
    Unmark(usize),
}

fn count_or_any() -> impl Strategy<Value = Restriction> {
    prop_oneof![
        6 => any_restriction(),
        1 => (0..6_u32, any_restriction()).prop_map(|(count, child)| Restriction::Count { count, child: Box::new(child) }),
        1 => (0..6_u32, any_restriction(), any_restriction()).prop_map(|(count, child, rest)| {
            Restriction::And(vec![rest, Restriction::Count { count, child: Box::new(child) }])
        }),
    ]
}

/// Flags of calls that may be deferred. So few rows are dealt with in the first slice.
fn how() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0, TBL_BATCH, TBL_ASYNC, TBL_ASYNC | TBL_BATCH])
}

fn step() -> impl Strategy<Value = Step> {
    let key = (prop::sample::select(ALL.to_vec()), any::<bool>());
    prop_oneof![
        9 => (0..8_i32, any_properties()).prop_map(|(name, cells)| Step::Set(name, cells)),
        3 => (0..8_i32).prop_map(Step::Delete),
        2 => (0..8_i32, 0..12_u32, any_properties()).prop_map(|(name, at, cells)| Step::Insert(name, at, cells)),
        1 => Just(Step::Clear),
        1 => (prop::option::weighted(0.7, count_or_any()), how()).prop_map(|(restriction, flags)| Step::Restrict(restriction, flags)),
        1 => (prop::collection::vec(key, 0..4), how()).prop_map(|(keys, flags)| Step::Sort(keys, flags)),
        5 => (prop_oneof![-5..6_i32, Just(i32::MIN), Just(i32::MAX)], any::<bool>()).prop_map(|(count, stay)| Step::Rows(count, stay)),
        6 => (0..5_usize, prop_oneof![-4..5_i32, Just(i32::MIN)]).prop_map(|(mark, count)| Step::Seek(mark, count)),
        1 => (0..5_u32, 0..4_u32).prop_map(|(numerator, denominator)| Step::Approx(numerator, denominator)),
        4 => (any_restriction(), 0..8_usize, any::<bool>()).prop_map(|(restriction, mark, back)| Step::Find(restriction, mark, back)),
        4 => Just(Step::Mark),
        1 => (0..8_usize).prop_map(Step::Unmark),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Anchor {
    Begin,
    Row(i32),
    End,
}

/// The plain list.
#[derive(Default)]
struct Model {
    /// In underlying order.
    rows: Vec<(i32, Vec<Property>)>,
    restriction: Option<Restriction>,
    sort: Vec<(PropTag, bool)>,
    cursor: Option<Anchor>,
    marks: BTreeMap<u32, (Anchor, bool)>,
}

impl Model {
    fn view(&self) -> Vec<i32> {
        let mut left = u32::MAX;
        let shown = |cells: &Vec<Property>| match &self.restriction {
            None => true,
            Some(Restriction::Count { child, .. }) => oracle(child, cells),
            Some(Restriction::And(parts)) => parts.iter().all(|part| match part {
                Restriction::Count { child, .. } => oracle(child, cells),
                part => oracle(part, cells),
            }),
            Some(restriction) => oracle(restriction, cells),
        };
        match &self.restriction {
            Some(Restriction::Count { count, .. }) => left = *count,
            Some(Restriction::And(parts)) => {
                for part in parts {
                    if let Restriction::Count { count, .. } = part {
                        left = *count;
                    }
                }
            }
            _ => {}
        }
        let mut rows: Vec<(usize, &(i32, Vec<Property>))> =
            self.rows.iter().enumerate().filter(|(_, (_, cells))| shown(cells)).take(left as usize).collect();
        let find =
            |cells: &[Property], tag: PropTag| cells.iter().find(|cell| cell.tag.id() == tag.id()).map(|cell| cell.value.clone());
        rows.sort_by(|(place_a, (_, a)), (place_b, (_, b))| {
            for (tag, descending) in &self.sort {
                let order = match (find(a, *tag), find(b, *tag)) {
                    (Some(a), Some(b)) if *descending => value_order(&b, &a),
                    (Some(a), Some(b)) => value_order(&a, &b),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                };
                if order != Ordering::Equal {
                    return order;
                }
            }
            let order = place_a.cmp(place_b);
            if self.sort.last().is_some_and(|(_, descending)| *descending) { order.reverse() } else { order }
        });
        rows.into_iter().map(|(_, (name, _))| *name).collect()
    }

    /// Changes rows; anchors of rows that left go to the next one that stayed.
    fn change(&mut self, change: impl FnOnce(&mut Vec<(i32, Vec<Property>)>)) {
        let before = self.view();
        change(&mut self.rows);
        let after = self.view();
        let moved = |anchor: Anchor| match anchor {
            Anchor::Row(name) if !after.contains(&name) => {
                let at = before.iter().position(|row| *row == name).unwrap_or(before.len());
                let next = before[at..].iter().find(|row| after.contains(row));
                (next.map_or(Anchor::End, |row| Anchor::Row(*row)), true)
            }
            anchor => (anchor, false),
        };
        self.cursor = self.cursor.map(|anchor| moved(anchor).0);
        for (anchor, flag) in self.marks.values_mut() {
            let (new, left) = moved(*anchor);
            *anchor = new;
            *flag |= left;
        }
    }

    fn index(&self, anchor: Anchor) -> usize {
        let view = self.view();
        match anchor {
            Anchor::Begin => 0,
            Anchor::Row(name) => view.iter().position(|row| *row == name).unwrap(),
            Anchor::End => view.len(),
        }
    }

    fn position(&self) -> usize {
        self.index(self.cursor.unwrap_or(Anchor::Begin))
    }

    fn put(&mut self, index: usize) {
        self.cursor = Some(self.view().get(index).map_or(Anchor::End, |name| Anchor::Row(*name)));
    }

    fn forget(&mut self) {
        self.cursor = None;
        self.marks.clear();
    }

    fn resolve(&mut self, mark: Bookmark) -> Option<(usize, bool)> {
        match mark {
            Bookmark::BEGINNING => Some((0, false)),
            Bookmark::CURRENT => Some((self.position(), false)),
            Bookmark::END => Some((self.view().len(), false)),
            Bookmark(number) => {
                let (anchor, flag) = self.marks.get_mut(&number)?;
                let (anchor, flag) = (*anchor, std::mem::take(flag));
                Some((self.index(anchor), flag))
            }
        }
    }
}

/// Where the rows of the table under test are changed.
trait World {
    fn table(&self) -> Table;
    fn set(&mut self, name: i32, cells: &[Property]);
    fn delete(&mut self, name: i32);
    /// What `Step::Insert` does here, told to the model too.
    fn insert(&mut self, name: i32, at: usize, cells: &[Property], model: &mut Model);
    fn clear(&mut self, model: &mut Model);
}

fn named(name: i32, cells: &[Property]) -> Vec<Property> {
    let mut cells = cells.to_vec();
    cells.push(Property::new(NAME, Value::Long(name)));
    cells
}

struct InMemory(Rc<TableData>);

impl World for InMemory {
    fn table(&self) -> Table {
        self.0.view(ViewOptions::default()).unwrap()
    }
    fn set(&mut self, name: i32, cells: &[Property]) {
        self.0.modify_row(named(name, cells)).unwrap();
    }
    fn delete(&mut self, name: i32) {
        self.0.delete_row(&Property::new(NAME, Value::Long(name))).unwrap();
    }
    fn insert(&mut self, name: i32, at: usize, cells: &[Property], model: &mut Model) {
        if model.rows.iter().any(|(row, _)| *row == name) {
            let refused = self.0.insert_row(0, named(name, cells));
            assert_eq!(refused.unwrap_err().code(), Code::InvalidParameter);
            return;
        }
        let at = at.min(model.rows.len());
        self.0.insert_row(u32::try_from(at).unwrap(), named(name, cells)).unwrap();
        model.change(|rows| rows.insert(at, (name, cells.to_vec())));
    }
    fn clear(&mut self, model: &mut Model) {
        self.0.delete_rows(TAD_ALL_ROWS, &[]).unwrap();
        model.rows.clear();
        model.forget();
    }
}

struct Stored {
    store: Arc<MemoryStore>,
    /// The same store as the tables see it.
    objects: Rc<dyn Objects>,
    faults: Arc<Faults>,
    feed: Rc<Feed>,
    folder: ObjectId,
    elsewhere: ObjectId,
    ids: BTreeMap<i32, ObjectId>,
}

impl Stored {
    fn new(push_down: PushDown) -> Self {
        let store = Arc::new(MemoryStore::new(Guid::default(), "oracle"));
        store.set_push_down(push_down);
        let faulty = Faulty::new(Arc::clone(&store));
        let faults = Arc::clone(&faulty.faults);
        let objects: Rc<dyn Objects> = Rc::new(faulty);
        let feed = Feed::open(Rc::clone(&objects)).unwrap().unwrap();
        let root = store.identity().root;
        let folders = store.reserve(2).unwrap();
        for folder in &folders {
            let change =
                Change::Create { object: folder.clone(), parent: root.clone(), kind: ObjectKind::Folder, properties: vec![] };
            commit(&store, change).unwrap();
        }
        Self { store, objects, faults, feed, folder: folders[0].clone(), elsewhere: folders[1].clone(), ids: BTreeMap::new() }
    }
}

fn commit(store: &MemoryStore, change: Change) -> Result<()> {
    store.commit(Commit { changes: vec![change], ..Commit::default() }).map(drop)
}

impl World for Stored {
    fn table(&self) -> Table {
        let options = StoredRowsOptions {
            container: self.folder.clone(),
            kind: ScanKind::Contents,
            abilities: Abilities::CONTENTS,
            default_columns: vec![NAME, tags::INSTANCE_KEY],
            default_order: DefaultOrder::default(),
        };
        let rows = StoredRows::new(Rc::clone(&self.objects), Rc::new(NothingComputed), Some(self.feed.clone()), options);
        Table::new(rows, true)
    }
    fn set(&mut self, name: i32, cells: &[Property]) {
        let set: Vec<_> = named(name, cells).into_iter().map(Into::into).collect();
        let change = match self.ids.get(&name) {
            Some(object) => {
                let delete = ALL.iter().copied().filter(|tag| !cells.iter().any(|cell| cell.tag == *tag)).collect();
                Change::Set { object: object.clone(), expected: Expected::Exists, set, delete, quiet: false }
            }
            None => {
                let object = self.store.reserve(1).unwrap().remove(0);
                self.ids.insert(name, object.clone());
                Change::Create { object, parent: self.folder.clone(), kind: ObjectKind::Message, properties: set }
            }
        };
        commit(&self.store, change).unwrap();
    }
    fn delete(&mut self, name: i32) {
        let object = self.ids.remove(&name).unwrap();
        commit(&self.store, Change::Remove { object, expected: Expected::Exists, hard: name % 2 == 0 }).unwrap();
    }
    fn insert(&mut self, name: i32, _at: usize, _cells: &[Property], model: &mut Model) {
        let Some(object) = self.ids.get(&name) else { return };
        for parent in [&self.elsewhere, &self.folder] {
            let change = Change::Move {
                object: object.clone(),
                expected: Expected::Exists,
                parent: parent.clone(),
                set: vec![],
                restore: false,
            };
            commit(&self.store, change).unwrap();
        }
        // It comes back before any view looks: one row that got a new arrival number.
        model.change(|rows| {
            let at = rows.iter().position(|(row, _)| *row == name).unwrap();
            let row = rows.remove(at);
            rows.push(row);
        });
    }
    fn clear(&mut self, model: &mut Model) {
        // Records are lost: the view must find out all the same.
        for (_, object) in std::mem::take(&mut self.ids) {
            commit(&self.store, Change::Remove { object, expected: Expected::Exists, hard: true }).unwrap();
        }
        self.store.forget_feed(0);
        model.rows.clear();
        model.forget();
    }
}

fn names(table: &Table, count: i32, flags: u32) -> Result<Vec<i32>> {
    let name = |row: &Vec<Property>| match row[0].value {
        Value::Long(name) => name,
        _ => panic!("a row without a name"),
    };
    Ok(table.query_rows(count, flags)?.iter().map(name).collect())
}

/// Mostly one of the last marks: the others are often discarded.
fn recent(marks: &[Bookmark], steps: usize) -> Bookmark {
    marks[marks.len() - 1 - steps % marks.len()]
}

fn run(world: &mut dyn World, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let table = world.table();
    table.set_columns(&[NAME], 0).unwrap();
    let mut model = Model::default();
    let mut marks = vec![Bookmark::BEGINNING, Bookmark::CURRENT, Bookmark::END, Bookmark(77)];
    for step in steps {
        match step {
            Step::Set(name, cells) => {
                world.set(name, &cells);
                model.change(|rows| match rows.iter_mut().find(|(row, _)| *row == name) {
                    Some((_, row)) => *row = cells,
                    None => rows.push((name, cells)),
                });
            }
            Step::Delete(name) => {
                if model.rows.iter().any(|(row, _)| *row == name) {
                    world.delete(name);
                    model.change(|rows| rows.retain(|(row, _)| *row != name));
                }
            }
            Step::Insert(name, at, cells) => world.insert(name, at as usize, &cells, &mut model),
            Step::Clear => {
                if model.rows.len() > 7 {
                    world.clear(&mut model);
                }
            }
            Step::Restrict(restriction, flags) => {
                table.restrict(restriction.clone(), flags).unwrap();
                model.restriction = restriction;
                model.forget();
            }
            Step::Sort(keys, flags) => {
                let set = keys.iter().map(|(tag, descending)| SortOrder { tag: *tag, order: u32::from(*descending) }).collect();
                table.sort_table(Some(SortOrderSet::plain(set)), flags).unwrap();
                model.sort = keys;
                model.forget();
            }
            Step::Rows(0, _) => prop_assert_eq!(table.query_rows(0, 0).unwrap_err().code(), Code::InvalidParameter),
            Step::Rows(count, stay) => {
                let view = model.view();
                let at = model.position();
                let wanted = count.unsigned_abs() as usize;
                let (first, end) =
                    if count > 0 { (at, view.len().min(at.saturating_add(wanted))) } else { (at.saturating_sub(wanted), at) };
                prop_assert_eq!(&names(&table, count, u32::from(stay)).unwrap(), &view[first..end]);
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
                        let rows = model.view().len() as i64;
                        let target = (base as i64 + i64::from(count)).clamp(0, rows);
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
            Step::Approx(_, 0) => {
                prop_assert_eq!(table.seek_row_approx(1, 0).unwrap_err().code(), Code::InvalidParameter);
            }
            Step::Approx(numerator, denominator) => {
                table.seek_row_approx(numerator, denominator).unwrap();
                let rows = model.view().len();
                model.put(if numerator >= denominator { rows } else { rows * numerator as usize / denominator as usize });
                if numerator == 0 {
                    model.cursor = Some(Anchor::Begin);
                }
            }
            Step::Find(restriction, mark, back) => {
                let mark = recent(&marks, mark);
                let answer = table.find_row(Some(&restriction), mark, u32::from(back));
                match model.resolve(mark) {
                    None => prop_assert_eq!(answer.unwrap_err().code(), Code::InvalidBookmark),
                    Some((base, flag)) => {
                        let view = model.view();
                        let fits = |at: &usize| {
                            let (_, cells) = model.rows.iter().find(|(row, _)| *row == view[*at]).unwrap();
                            oracle(&restriction, cells)
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
                let anchor = match model.view().get(model.position()) {
                    Some(name) => Anchor::Row(*name),
                    None if model.view().is_empty() => Anchor::Begin,
                    None => Anchor::End,
                };
                model.marks.insert(mark.0, (anchor, false));
                marks.push(mark);
            }
            Step::Unmark(mark) => {
                let mark = recent(&marks, mark);
                let known = mark.0 < 3 || model.marks.remove(&mark.0).is_some();
                prop_assert_eq!(table.free_bookmark(mark).map_err(|failure| failure.code()).is_ok(), known);
            }
        }
        // Each change is taken in by itself, and a batch carried out, as the next call would.
        let position = table.query_position().unwrap();
        let rows = u32::try_from(model.view().len()).unwrap();
        prop_assert_eq!(table.get_row_count(0).unwrap().value, rows);
        prop_assert_eq!((position.row as usize, position.denominator), (model.position(), rows.max(1)));
    }
    Ok(())
}

/// Carries out a step without expecting anything of its answer.
fn attempt(table: &Table, step: Step) {
    // Whatever the backend did, the answer is one; what it says is not the point.
    let _ = match step {
        Step::Restrict(restriction, flags) => table.restrict(restriction, flags),
        Step::Sort(keys, flags) => {
            let keys = keys.iter().map(|(tag, descending)| SortOrder { tag: *tag, order: u32::from(*descending) });
            let keys: Vec<SortOrder> = keys.collect();
            // All but the last key make categories, so that some orders have none.
            let categories = keys.len().saturating_sub(1) as u32;
            table.sort_table(Some(SortOrderSet { keys, categories, expanded: categories }), flags)
        }
        Step::Rows(count, stay) => table.query_rows(count, u32::from(stay)).map(drop),
        Step::Seek(mark, count) => table.seek_row(Bookmark(mark as u32), count).map(drop),
        Step::Approx(numerator, denominator) => table.seek_row_approx(numerator, denominator),
        Step::Find(restriction, mark, back) => {
            table.find_row(Some(&restriction), Bookmark(mark as u32), u32::from(back)).map(drop)
        }
        Step::Mark => table.create_bookmark().map(drop),
        Step::Unmark(mark) => table.free_bookmark(Bookmark(mark as u32)),
        Step::Set(..) | Step::Delete(_) | Step::Insert(..) | Step::Clear => table.query_position().map(drop),
    };
}

/// Runs a program while the backend fails or answers nonsense now and then; afterwards the table works.
fn survive(push_down: PushDown, steps: Vec<(Step, Option<(u64, bool)>)>) -> Result<(), TestCaseError> {
    let mut world = Stored::new(push_down);
    let table = world.table();
    table.set_columns(&[NAME], 0).unwrap();
    let mut model = Model::default();
    for (step, fault) in steps {
        match &step {
            Step::Set(name, cells) => {
                world.set(*name, cells);
                match model.rows.iter_mut().find(|(row, _)| row == name) {
                    Some((_, row)) => *row = cells.clone(),
                    None => model.rows.push((*name, cells.clone())),
                }
            }
            Step::Delete(name) if model.rows.iter().any(|(row, _)| row == name) => {
                world.delete(*name);
                model.rows.retain(|(row, _)| row != name);
            }
            _ => {}
        }
        if let Some((nth, fails)) = fault {
            let fault = if fails { Fault::Fail(Failure::new(Code::NetworkError, "no line")) } else { Fault::Garbage };
            world.faults.schedule(None, Trigger::Nth(nth), fault);
        }
        attempt(&table, step);
        world.faults.clear();
    }
    // A batch that failed is dropped, so that the first call may still report it.
    let _ = table.query_position();
    table.restrict(None, 0).unwrap();
    table.sort_table(Some(SortOrderSet::default()), 0).unwrap();
    prop_assert_eq!(names(&table, i32::MAX, 0).unwrap(), model.view());
    Ok(())
}

fn faulty_steps() -> impl Strategy<Value = Vec<(Step, Option<(u64, bool)>)>> {
    prop::collection::vec((step(), prop::option::of((1..5_u64, any::<bool>()))), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn rows_in_memory_follow_the_plain_list(steps in prop::collection::vec(step(), 0..60)) {
        run(&mut InMemory(TableData::new(TableType::Dynamic, NAME, vec![NAME]).unwrap()), steps)?;
    }

    #[test]
    fn pushed_down_views_follow_the_plain_list(steps in prop::collection::vec(step(), 0..60)) {
        run(&mut Stored::new(PushDown::EXACT), steps)?;
    }

    #[test]
    fn views_with_inexact_filters_follow_the_plain_list(steps in prop::collection::vec(step(), 0..60)) {
        run(&mut Stored::new(PushDown::INEXACT), steps)?;
    }

    #[test]
    fn views_without_push_down_follow_the_plain_list(steps in prop::collection::vec(step(), 0..60)) {
        run(&mut Stored::new(PushDown::NONE), steps)?;
    }

    #[test]
    fn pushed_down_views_survive_a_bad_backend(steps in faulty_steps()) {
        survive(PushDown::EXACT, steps)?;
    }

    #[test]
    fn sorted_views_survive_a_bad_backend(steps in faulty_steps()) {
        survive(PushDown::NONE, steps)?;
    }
}
