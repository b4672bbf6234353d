//! Rules of `tables` 8 and 11, one by one.

use super::{Cells, FLAGS, LONG, NAME, TEXT, TIME, World, key_of, read};
use crate::error::Code;
use crate::memory::PushDown;
use crate::notifications::{TableEvent, mask};
use crate::properties::{FileTime, Property, Value, tags};
use crate::restriction::{Relop, Restriction};
use crate::tables::{Bookmark, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TBL_BATCH, Table};
use std::collections::BTreeMap;

fn message(text: &str, more: &[(char, u64)]) -> Option<Cells> {
    let mut cells = vec![Property::new(TEXT, Value::Unicode(text.into())), Property::new(FLAGS, Value::Long(0))];
    for (what, number) in more {
        let long = Value::Long(*number as i32);
        match what {
            'i' => cells.push(Property::new(LONG, long)),
            'f' => cells[1].value = long,
            _ => cells.push(Property::new(TIME, Value::SysTime(FileTime(*number)))),
        }
    }
    Some(cells)
}

fn grouped(keys: Vec<SortOrder>, categories: u32, expanded: u32) -> SortOrderSet {
    SortOrderSet { keys, categories, expanded }
}

fn by_text(expanded: u32) -> SortOrderSet {
    grouped(vec![SortOrder::ascending(TEXT)], 1, expanded)
}

fn by_text_and_importance(expanded: u32) -> SortOrderSet {
    grouped(vec![SortOrder::ascending(TEXT), SortOrder::ascending(LONG)], 2, expanded)
}

/// A short name of a row: of a leaf its number, of a header its values with its counts.
fn short(row: &[Property]) -> String {
    let text = |at: usize| match &row[at].value {
        Value::Unicode(text) => text.clone(),
        Value::Long(number) => number.to_string(),
        _ => "-".to_owned(),
    };
    match row[1].value {
        Value::Long(1) => text(0),
        _ if row[2].value == Value::Long(0) => format!("{}:{}/{}", text(5), text(3), text(4)),
        _ => format!("{}.{}:{}/{}", text(5), text(6), text(3), text(4)),
    }
}

fn shown(world: &World, table: &Table) -> Vec<String> {
    read(world, table).iter().map(|row| short(row)).collect()
}

/// A table that is told what happens, and the names of its rows by their keys.
struct Told {
    table: Table,
    names: BTreeMap<Vec<u8>, String>,
}

impl Told {
    fn new(world: &World, order: SortOrderSet) -> Self {
        let table = world.table();
        table.sort_table(Some(order), 0).unwrap();
        table.advise(mask::TABLE_MODIFIED).unwrap();
        let mut told = Self { table, names: BTreeMap::new() };
        told.note(world);
        told
    }

    fn note(&mut self, world: &World) {
        let name = |row: &Vec<Property>| short(row).split(':').next().unwrap().to_owned();
        self.names.extend(read(world, &self.table).iter().map(|row| (key_of(row), name(row))));
    }

    /// What was told since: "+" added, "~" modified, "-" deleted, the row, and behind which.
    fn events(&mut self, world: &World) -> Vec<String> {
        let events = world.dispatch();
        self.note(world);
        let name = |key: &Property| match &key.value {
            Value::Binary(key) => self.names[key].clone(),
            _ => "|".to_owned(),
        };
        let one = |event: &crate::notifications::TableNotification| match event.event {
            TableEvent::RowAdded => format!("+{} behind {}", name(&event.index), name(&event.prior)),
            TableEvent::RowModified => format!("~{} behind {}", name(&event.index), name(&event.prior)),
            TableEvent::RowDeleted => format!("-{}", name(&event.index)),
            other => format!("{other:?}"),
        };
        events.iter().map(one).collect()
    }
}

#[test]
fn headers_have_their_own_keys_and_the_value_of_the_first_leaf() {
    let mut world = World::new();
    world.commit(&[(1, message("Foo", &[('i', 1)]))]);
    world.commit(&[(2, message("bar", &[]))]);
    world.commit(&[(3, message("foo", &[('i', 2), ('f', 1)]))]);
    let table = world.table();
    let columns = [tags::ROW_TYPE, tags::INST_ID, tags::INSTANCE_NUM, tags::MESSAGE_CLASS, TEXT, NAME, tags::INSTANCE_KEY];
    table.set_columns(&columns, 0).unwrap();
    table.sort_table(Some(by_text(1)), 0).unwrap();
    let rows = read(&world, &table);
    let types: Vec<_> = rows.iter().map(|row| row[0].value.clone()).collect();
    assert_eq!(types, [3, 1, 3, 1, 1].map(Value::Long));
    assert_eq!(rows[2][4].value, Value::Unicode("Foo".into()), "the spelling of the first leaf in underlying order");
    assert_eq!(rows[4][4].value, Value::Unicode("foo".into()), "leaves keep their own");
    assert_eq!(rows[2][3], Property::error(tags::MESSAGE_CLASS, Code::NotFound));
    assert_eq!(rows[2][5], Property::error(NAME, Code::NotFound));
    for column in [1, 6] {
        let mut values: Vec<String> = rows.iter().map(|row| format!("{:?}", row[column].value)).collect();
        values.sort();
        values.dedup();
        assert_eq!(values.len(), rows.len(), "{:?} names one row", columns[column]);
    }
    assert!(rows.iter().all(|row| row[2].value == Value::Long(0)));
    // The first leaf goes: the next one gives the value, the key stays.
    world.commit(&[(1, None)]);
    let after = read(&world, &table);
    assert_eq!((&after[2][4].value, &after[2][6]), (&Value::Unicode("foo".into()), &rows[2][6]));
}

#[test]
fn expansion_begins_as_the_sort_says_and_inner_categories_remember_theirs() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)])), (2, message("a", &[('i', 2)])), (3, message("b", &[('i', 1), ('f', 1)]))]);
    let table = world.table();
    for (expanded, rows) in [(0, 2), (1, 5), (2, 8)] {
        table.sort_table(Some(by_text_and_importance(expanded)), TBL_BATCH).unwrap();
        assert_eq!(table.get_row_count(0).unwrap().value, rows);
    }
    assert_eq!(shown(&world, &table), ["a:2/2", "a.1:1/1", "1", "a.2:1/1", "2", "b:1/0", "b.1:1/0", "3"]);
    let rows = read(&world, &table);
    let (outer, inner) = (key_of(&rows[0]), key_of(&rows[1]));
    assert_eq!(table.collapse_row(&inner, 0).unwrap(), 1);
    assert_eq!(table.collapse_row(&outer, 0).unwrap(), 3);
    assert_eq!(table.collapse_row(&outer, 0).unwrap(), 0);
    assert_eq!(table.collapse_row(&inner, 0).unwrap_err().code(), Code::NotFound, "its parent hides it");
    let expanded = table.expand_row(&outer, 2, 0).unwrap();
    assert_eq!(
        (expanded.total, expanded.rows.iter().map(|row| short(row)).collect::<Vec<_>>()),
        (3, vec!["a.1:1/1".into(), "a.2:1/1".into()])
    );
    assert_eq!(table.query_position().unwrap().row, 3, "behind the last row returned");
    let again = table.expand_row(&outer, 9, 0).unwrap();
    assert_eq!((again.total, again.rows.len(), table.query_position().unwrap().row), (0, 0, 1));
    for key in [&key_of(&rows[2])[..], b"", b"unknown"] {
        assert_eq!(table.expand_row(key, 0, 0).unwrap_err().code(), Code::NotFound);
        assert_eq!(table.collapse_row(key, 0).unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(table.expand_row(&outer, 0, 1).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.collapse_row(&outer, 1).unwrap_err().code(), Code::InvalidParameter);
}

#[test]
fn a_bookmark_on_a_hidden_row_moves_on_and_says_so_once() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[])), (2, message("a", &[])), (3, message("b", &[]))]);
    let table = world.table();
    table.sort_table(Some(by_text(1)), 0).unwrap();
    table.seek_row(Bookmark::BEGINNING, 2).unwrap();
    let mark = table.create_bookmark().unwrap();
    let key = key_of(&read(&world, &table)[0]);
    table.collapse_row(&key, 0).unwrap();
    assert_eq!(table.query_position().unwrap().row, 1, "the cursor stood on the hidden row");
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.seek_row(mark, 0).unwrap().warning, Some(Code::WPositionChanged));
    assert_eq!(table.query_position().unwrap().row, 1);
    assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
    table.expand_row(&key, 0, 0).unwrap();
    let found = table.seek_row(mark, 0).unwrap();
    assert_eq!((found.warning, table.query_position().unwrap().row), (None, 3), "it stays where it moved");
}

#[test]
fn a_restriction_filters_leaves_and_headers_go_with_the_last_one() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)])), (2, message("a", &[('i', 2)])), (3, message("b", &[('i', 1)]))]);
    let table = world.table();
    table.sort_table(Some(by_text(1)), 0).unwrap();
    let wanted = Property::new(LONG, Value::Long(2));
    table.restrict(Some(Restriction::Property { relop: Relop::Eq, tag: LONG, value: wanted }), 0).unwrap();
    assert_eq!(shown(&world, &table), ["a:1/1", "2"]);
    // Headers are rows to be found, by what they show.
    let find = |tag, value| Restriction::Property { relop: Relop::Eq, tag, value: Property::new(tag, value) };
    table.find_row(Some(&find(tags::CONTENT_COUNT, Value::Long(1))), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_position().unwrap().row, 0);
    table.find_row(Some(&find(TEXT, Value::Unicode("A".into()))), Bookmark::END, 1).unwrap();
    assert_eq!(table.query_position().unwrap().row, 1);
    let none = table.find_row(Some(&find(LONG, Value::Long(2))), Bookmark(1), 1).unwrap_err();
    assert_eq!(none.code(), Code::NotFound, "a header does not show what its leaves have");
}

#[test]
fn the_greatest_value_of_its_leaves_orders_a_category() {
    let mut world = World::new();
    world.commit(&[
        (1, message("a", &[('t', 5)])),
        (2, message("b", &[('t', 9)])),
        (3, message("c", &[])),
        (4, message("a", &[('t', 7)])),
    ]);
    let table = world.table();
    let newest = SortOrder { tag: TIME, order: TABLE_SORT_CATEG_MAX };
    let keys = vec![SortOrder::descending(TEXT), newest, SortOrder::descending(TIME)];
    table.sort_table(Some(grouped(keys, 1, 1)), 0).unwrap();
    assert_eq!(shown(&world, &table), ["b:1/1", "2", "a:2/2", "4", "1", "c:1/1", "3"]);
    let rows = read(&world, &table);
    let times: Vec<_> = [0, 2, 5].map(|at| rows[at][7].value.clone()).into();
    assert_eq!(times, [Value::SysTime(FileTime(9)), Value::SysTime(FileTime(7)), Value::Error(Code::NotFound.raw())]);
    world.commit(&[(1, message("a", &[('t', 10)]))]);
    assert_eq!(shown(&world, &table), ["a:2/2", "1", "4", "b:1/1", "2", "c:1/1", "3"]);
    assert_eq!(key_of(&read(&world, &table)[0]), key_of(&rows[2]));
}

#[test]
fn a_leaf_that_comes_is_told_from_the_outermost_header_inwards() {
    let mut world = World::new();
    world.commit(&[(1, message("b", &[('i', 1)]))]);
    let mut told = Told::new(&world, by_text_and_importance(2));
    world.commit(&[(2, message("b", &[('i', 1)]))]);
    assert_eq!(told.events(&world), ["~b behind |", "~b.1 behind b", "+2 behind 1"]);
    world.commit(&[(3, message("b", &[('i', 0)]))]);
    assert_eq!(told.events(&world), ["~b behind |", "+b.0 behind b", "+3 behind b.0"]);
    world.commit(&[(4, message("c", &[('i', 1)]))]);
    assert_eq!(told.events(&world), ["+c behind 2", "+c.1 behind c", "+4 behind c.1"]);
}

#[test]
fn a_leaf_that_goes_is_told_before_its_headers_from_the_innermost_outwards() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)])), (2, message("a", &[('i', 1)])), (3, message("b", &[('i', 1)]))]);
    let mut told = Told::new(&world, by_text_and_importance(2));
    world.commit(&[(2, None)]);
    assert_eq!(told.events(&world), ["-2", "~a.1 behind a", "~a behind |"]);
    world.commit(&[(1, None)]);
    assert_eq!(told.events(&world), ["-1", "-a.1", "-a"]);
}

#[test]
fn a_change_of_the_read_state_is_told_of_headers_first() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)]))]);
    let mut told = Told::new(&world, by_text_and_importance(2));
    world.commit(&[(1, message("a", &[('i', 1), ('f', 1)]))]);
    assert_eq!(told.events(&world), ["~a behind |", "~a.1 behind a", "~1 behind a.1"]);
    world.commit(&[(1, message("a", &[('i', 1), ('f', 1)]))]);
    assert_eq!(told.events(&world), ["~1 behind a.1"], "nothing of the headers changed");
}

#[test]
fn a_leaf_that_changes_its_category_is_told_after_old_and_new_headers() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)])), (2, message("a", &[('i', 1)])), (3, message("b", &[('i', 1)]))]);
    let mut told = Told::new(&world, by_text_and_importance(2));
    world.commit(&[(3, message("a", &[('i', 1)]))]);
    assert_eq!(told.events(&world), ["-b.1", "-b", "~a behind |", "~a.1 behind a", "~3 behind 2"]);
    // The outer category stays: only the inner ones differ.
    world.commit(&[(3, message("a", &[('i', 2)]))]);
    assert_eq!(told.events(&world), ["~a.1 behind a", "+a.2 behind 2", "~3 behind a.2"]);
    // Into a collapsed category: the leaf is told first; out of it, it is new.
    let rows = read(&world, &told.table);
    told.table.collapse_row(&key_of(&rows[1]), 0).unwrap();
    world.commit(&[(3, message("a", &[('i', 1)]))]);
    assert_eq!(told.events(&world), ["-3", "-a.2", "~a.1 behind a"]);
    world.commit(&[(3, message("c", &[]))]);
    assert_eq!(told.events(&world), ["~a.1 behind a", "~a behind |", "+c behind a.1", "+c.- behind c", "+3 behind c.-"]);
}

#[test]
fn what_a_collapsed_category_hides_says_nothing() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('i', 1)]))]);
    let mut told = Told::new(&world, by_text_and_importance(0));
    world.commit(&[(2, message("a", &[('i', 2)]))]);
    assert_eq!(told.events(&world), ["~a behind |"]);
    world.commit(&[(2, message("a", &[('i', 1)]))]);
    assert_eq!(told.events(&world), Vec::<String>::new());
    world.commit(&[(2, None)]);
    assert_eq!(told.events(&world), ["~a behind |"]);
}

#[test]
fn a_category_that_moves_takes_its_rows_along() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[('t', 1)])), (2, message("a", &[('t', 2)])), (3, message("b", &[('t', 5)]))]);
    let newest = SortOrder { tag: TIME, order: TABLE_SORT_CATEG_MAX };
    let mut told = Told::new(&world, grouped(vec![SortOrder::descending(TEXT), newest, SortOrder::ascending(TIME)], 1, 1));
    assert_eq!(shown(&world, &told.table), ["b:1/1", "3", "a:2/2", "1", "2"]);
    world.commit(&[(2, message("a", &[('t', 6)]))]);
    assert_eq!(told.events(&world), ["~a behind |", "~1 behind a", "~2 behind 1"]);
    // A leaf that comes and moves its category is told where it stands.
    world.commit(&[(4, message("b", &[('t', 9)]))]);
    assert_eq!(told.events(&world), ["~b behind |", "~3 behind b", "+4 behind 3"]);
    world.commit(&[(4, None)]);
    assert_eq!(told.events(&world), ["-4", "~b behind 2", "~3 behind b"]);
}

#[test]
fn a_category_with_many_rows_that_moves_is_one_changed() {
    let mut world = World::new();
    let mut messages: Vec<_> = (0..30).map(|name| (name, message("a", &[('t', 1)]))).collect();
    messages.push((50, message("b", &[('t', 5)])));
    world.commit(&messages);
    let newest = SortOrder { tag: TIME, order: TABLE_SORT_CATEG_MAX };
    let mut told = Told::new(&world, grouped(vec![SortOrder::descending(TEXT), newest], 1, 1));
    world.commit(&[(7, message("a", &[('t', 9)]))]);
    assert_eq!(told.events(&world), ["Changed"]);
    assert_eq!(key_of(&read(&world, &told.table)[0]).len(), 8, "the header is the first row");
}

#[test]
fn a_category_whose_rows_are_all_exchanged_in_one_commit_is_the_same_one() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[])), (2, message("b", &[]))]);
    let mut told = Told::new(&world, by_text(0));
    let key = key_of(&read(&world, &told.table)[0]);
    told.table.expand_row(&key, 0, 0).unwrap();
    told.note(&world);
    world.commit(&[(1, None), (3, message("A", &[]))]);
    assert_eq!(told.events(&world), ["-1", "~A behind |", "+3 behind A"]);
    let rows = read(&world, &told.table);
    assert_eq!((key_of(&rows[0]), short(&rows[0])), (key, "A:1/1".to_owned()));
    assert_eq!(short(&rows[1]), "3", "it is still expanded");
}

#[test]
fn a_collapse_state_returns_to_its_row_or_the_next_visible_one() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[])), (2, message("a", &[])), (3, message("b", &[])), (4, message("c", &[]))]);
    let table = world.table();
    table.sort_table(Some(by_text(0)), 0).unwrap();
    let headers = read(&world, &table);
    let leaf = key_of(&table.expand_row(&key_of(&headers[0]), 9, 0).unwrap().rows[1]);
    let state = table.get_collapse_state(0, &leaf).unwrap();
    let restored = |table: &Table| {
        let mark = table.set_collapse_state(0, &state).unwrap();
        let position = table.query_position().unwrap().row;
        assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
        assert_eq!(table.query_position().unwrap().row, position);
        table.free_bookmark(mark).unwrap();
        position
    };
    let later = world.table();
    later.sort_table(Some(by_text(0)), 0).unwrap();
    assert_eq!(
        (restored(&later), shown(&world, &later)),
        (2, vec!["a:2/2".into(), "1".into(), "2".into(), "b:1/1".into(), "c:1/1".into()])
    );
    // It lies in a collapsed category, behind which there is nothing.
    world.commit(&[(2, message("c", &[]))]);
    assert_eq!(restored(&later), 4);
    // The leaf is gone, then its whole category.
    world.commit(&[(2, None)]);
    assert_eq!(restored(&later), 2);
    world.commit(&[(1, None)]);
    assert_eq!(restored(&later), 0);
    assert_eq!(shown(&world, &later), ["b:1/1", "c:1/1"]);
}

#[test]
fn a_collapse_state_is_refused_where_it_does_not_belong() {
    let mut world = World::new();
    world.commit(&[(1, message("a", &[]))]);
    let table = world.table();
    assert_eq!(table.get_collapse_state(0, b"key").unwrap_err().code(), Code::NoSupport);
    assert_eq!(table.set_collapse_state(0, b"state").unwrap_err().code(), Code::NoSupport);
    table.sort_table(Some(by_text(1)), 0).unwrap();
    assert_eq!(table.get_collapse_state(0, b"").unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.get_collapse_state(1, b"key").unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.get_collapse_state(0, b"unknown").unwrap_err().code(), Code::NotFound);
    let key = key_of(&read(&world, &table)[0]);
    let state = table.get_collapse_state(0, &key).unwrap();
    assert_eq!(table.set_collapse_state(1, &state).unwrap_err().code(), Code::InvalidParameter);
    table.collapse_row(&key, 0).unwrap();
    for wrong in [&b""[..], b"MCS", &state[..state.len() - 1], &[&state[..], b"x"].concat()] {
        assert_eq!(table.set_collapse_state(0, wrong).unwrap_err().code(), Code::UnableToComplete);
    }
    table.sort_table(Some(by_text(0)), 0).unwrap();
    assert_eq!(table.set_collapse_state(0, &state).unwrap_err().code(), Code::UnableToComplete);
    assert_eq!(table.get_row_count(0).unwrap().value, 1, "nothing was changed");
}

#[test]
fn a_state_finds_its_category_again_when_it_has_come_back() {
    for push_down in [PushDown::NONE, PushDown::EXACT] {
        let mut world = World::new();
        world.store.set_push_down(push_down);
        let table = world.table();
        table.sort_table(Some(by_text(0)), 0).unwrap();
        world.commit(&[(1, message("a", &[]))]);
        let state = table.get_collapse_state(0, &key_of(&read(&world, &table)[0])).unwrap();
        world.commit(&[(1, None)]);
        table.set_collapse_state(0, &state).unwrap();
        world.commit(&[(2, message("a", &[]))]);
        let mark = table.set_collapse_state(0, &state).unwrap();
        assert_eq!(table.query_position().unwrap().row, 0, "{push_down:?}");
        assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
        assert_eq!(table.query_position().unwrap().row, 0, "{push_down:?}");
    }
}
