//! Rows in memory through a table.

use crate::error::Code;
use crate::properties::{PropTag, PropType, Property, Value, tags};
use crate::restriction::{Relop, Restriction};
use crate::tables::{
    Bookmark, Position, Row, SortOrder, SortOrderSet, TAD_ALL_ROWS, TBL_ALL_COLUMNS, TBL_BATCH, TBL_NOADVANCE, Table, TableData,
    TableStatus, TableType, ViewOptions,
};
use std::rc::Rc;

const NAME: PropTag = tags::DISPLAY_NAME;
const KEY: PropTag = tags::ROWID;

fn row(key: i32, name: &str) -> Row {
    vec![Property::new(KEY, Value::Long(key)), Property::new(NAME, Value::Unicode(name.into()))]
}

fn data(names: &[&str]) -> Rc<TableData> {
    let data = TableData::new(TableType::Dynamic, KEY, vec![NAME]).unwrap();
    for (key, name) in names.iter().enumerate() {
        data.modify_row(row(i32::try_from(key).unwrap(), name)).unwrap();
    }
    data
}

fn names(rows: &[Row]) -> Vec<String> {
    let name = |row: &Row| match &row[0].value {
        Value::Unicode(name) => name.clone(),
        other => format!("{other:?}"),
    };
    rows.iter().map(name).collect()
}

fn at(table: &Table) -> u32 {
    table.query_position().unwrap().row
}

#[test]
fn an_empty_view_answers_everything() {
    let table = data(&[]).view(ViewOptions::default()).unwrap();
    assert!(table.query_rows(10, 0).unwrap().is_empty());
    assert_eq!(table.query_rows(0, 0).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.query_position().unwrap(), Position { row: 0, numerator: 0, denominator: 1 });
    assert_eq!(table.seek_row(Bookmark::END, -5).unwrap().value, 0);
    let any = Restriction::And(vec![]);
    assert_eq!(table.find_row(Some(&any), Bookmark::BEGINNING, 0).unwrap_err().code(), Code::NotFound);
    assert!(table.create_bookmark().is_ok());
}

#[test]
fn a_bookmark_marks_the_row_at_the_cursor_also_at_the_beginning() {
    let data = data(&["first"]);
    let table = data.view(ViewOptions::default()).unwrap();
    let mark = table.create_bookmark().unwrap();
    data.insert_row(0, row(7, "before")).unwrap();
    assert_eq!(at(&table), 0, "the cursor at the beginning stays there");
    table.seek_row(mark, 0).unwrap();
    assert_eq!(at(&table), 1, "the bookmark follows its row");
}

#[test]
fn rows_keep_insertion_order_and_views_follow() {
    let data = data(&["b", "a"]);
    let table = data.view(ViewOptions::default()).unwrap();
    assert_eq!(names(&table.query_rows(10, TBL_NOADVANCE).unwrap()), ["b", "a"]);
    data.insert_row(1, row(7, "between")).unwrap();
    data.modify_row(row(0, "B")).unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(names(&table.query_rows(10, 0).unwrap()), ["B", "between", "a"]);
    data.delete_row(&Property::new(KEY, Value::Long(7))).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
    assert_eq!(data.delete_row(&Property::new(KEY, Value::Long(7))).unwrap_err().code(), Code::NotFound);
    assert_eq!(data.insert_row(0, row(0, "x")).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(data.insert_row(3, row(9, "x")).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(data.query_row(&Property::new(KEY, Value::Long(1))).unwrap().1, 1);
    assert_eq!(data.delete_rows(TAD_ALL_ROWS, &[]).unwrap(), 2);
    assert_eq!(table.get_row_count(0).unwrap().value, 0);
}

#[test]
fn a_thousand_rows_can_be_inserted_at_one_place() {
    let data = data(&["first", "last"]);
    let table = data.view(ViewOptions::default()).unwrap();
    table.query_rows(1, 0).unwrap();
    for key in 10..1010 {
        data.insert_row(1, row(key, &key.to_string())).unwrap();
    }
    assert_eq!(at(&table), 1001);
    table.seek_row(Bookmark::BEGINNING, 1).unwrap();
    assert_eq!(names(&table.query_rows(1, 0).unwrap()), ["1009"]);
}

#[test]
fn a_batch_of_rows_with_one_bad_row_changes_nothing() {
    let data = data(&["a"]);
    let bad = vec![Property::new(NAME, Value::Unicode("no key".into()))];
    assert_eq!(data.modify_rows(0, vec![row(5, "b"), bad]).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(data.len(), 1);
}

#[test]
fn new_columns_become_available() {
    let data = data(&["a"]);
    let old = data.view(ViewOptions::default()).unwrap();
    let mut wider = row(0, "a");
    wider.push(Property::new(tags::COMMENT, Value::String8(b"c".to_vec())));
    data.modify_row(wider).unwrap();
    assert_eq!(old.query_columns(0).unwrap(), [NAME, KEY]);
    assert!(old.query_columns(TBL_ALL_COLUMNS).unwrap().contains(&tags::COMMENT));
    let new = data.view(ViewOptions { unicode: false, ..ViewOptions::default() }).unwrap();
    let narrow = |tag: PropTag| tag.with_kind(PropType::STRING8);
    assert_eq!(new.query_columns(0).unwrap(), [narrow(NAME), KEY, narrow(tags::COMMENT)]);
    assert_eq!(new.query_rows(1, 0).unwrap()[0][2].value, Value::String8(b"c".to_vec()));
}

#[test]
fn a_view_can_begin_sorted_and_a_multi_valued_index_is_refused() {
    let data = data(&["b", "a", "C"]);
    let sort = Some(SortOrderSet::plain(vec![SortOrder::descending(NAME)]));
    let table = data.view(ViewOptions { sort, ..ViewOptions::default() }).unwrap();
    assert_eq!(names(&table.query_rows(10, 0).unwrap()), ["C", "b", "a"]);
    let index = tags::CONTACT_ENTRYIDS;
    assert_eq!(TableData::new(TableType::Dynamic, index, vec![]).err().unwrap().code(), Code::InvalidParameter);
}

#[test]
fn batched_calls_take_effect_at_the_next_call_that_needs_them() {
    let data = data(&["b", "a", "c"]);
    let table = data.view(ViewOptions::default()).unwrap();
    table.query_rows(2, 0).unwrap();
    let sort = SortOrderSet::plain(vec![SortOrder::ascending(NAME)]);
    table.sort_table(Some(sort.clone()), TBL_BATCH).unwrap();
    let not_a = Restriction::Property { relop: Relop::Ne, tag: NAME, value: Property::new(NAME, Value::Unicode("A".into())) };
    table.restrict(Some(not_a), TBL_BATCH).unwrap();
    assert_eq!(at(&table), 0);
    assert_eq!(table.query_sort_order().unwrap(), sort);
    assert_eq!(names(&table.query_rows(10, 0).unwrap()), ["b", "c"]);
    assert_eq!(table.query_all_rows(None, None, None, 1).unwrap_err().code(), Code::TableTooBig);
    assert_eq!(table.query_all_rows(None, None, None, 2).unwrap().len(), 2);
}

#[test]
fn a_snapshot_tells_of_changes_until_rows_are_read() {
    let data = TableData::new(TableType::Snapshot, KEY, vec![NAME]).unwrap();
    let table = data.view(ViewOptions::default()).unwrap();
    assert!(table.query_rows(1, 0).unwrap().is_empty());
    assert_eq!(table.get_status().unwrap(), (TableStatus::Complete, TableType::Snapshot));
    data.modify_row(row(1, "a")).unwrap();
    assert_eq!(table.get_status().unwrap().0, TableStatus::QChanged);
    table.query_position().unwrap();
    assert_eq!(table.get_status().unwrap().0, TableStatus::QChanged);
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_rows(1, 0).unwrap().len(), 1);
    assert_eq!(table.get_status().unwrap().0, TableStatus::Complete);
}

#[test]
fn added_columns_come_first() {
    let table = data(&["a"]).view(ViewOptions::default()).unwrap();
    table.add_columns(&[tags::COMMENT, KEY]).unwrap();
    assert_eq!(table.query_columns(0).unwrap(), [tags::COMMENT, KEY, NAME]);
    assert_eq!(table.set_columns(&[], 0).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.set_columns(&[NAME.with_kind(PropType::UNSPECIFIED)], 0).unwrap_err().code(), Code::InvalidParameter);
    assert_eq!(table.set_columns(&[NAME], 4).unwrap_err().code(), Code::UnknownFlags);
}

#[test]
fn instance_keys_exist_and_find_their_rows_on_every_view() {
    let data = data(&["a", "b"]);
    let table = data.view(ViewOptions::default()).unwrap();
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    let keys = table.query_rows(2, 0).unwrap();
    let value = keys[1][0].clone();
    let find = Restriction::Property { relop: Relop::Eq, tag: tags::INSTANCE_KEY, value };
    table.find_row(Some(&find), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(at(&table), 1);
}
