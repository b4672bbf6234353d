//! Multi-value instances on rows in memory (`tables` 9); programs over stores are in `tests/tables-oracle`.

use crate::error::Code;
use crate::properties::{PropTag, PropType, Property, Value, tags};
use crate::restriction::{Relop, Restriction};
use crate::tables::{Abilities, Bookmark, Row, SortOrder, SortOrderSet, Table, TableData, TableType, ViewOptions};
use std::rc::Rc;

const KEY: PropTag = tags::ROWID;
const WORDS: PropTag = PropTag(0x6806_101F);
const EACH_WORD: PropTag = PropTag(0x6806_301F);
const NUMBERS: PropTag = PropTag(0x6807_1003);
const EACH_NUMBER: PropTag = PropTag(0x6807_3003);

fn row(key: i32, words: &[&str], numbers: &[i32]) -> Row {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    vec![
        Property::new(KEY, Value::Long(key)),
        Property::new(WORDS, Value::MvUnicode(words)),
        Property::new(NUMBERS, Value::MvLong(numbers.to_vec())),
    ]
}

fn data(rows: Vec<Row>) -> Rc<TableData> {
    let data = TableData::new(TableType::Dynamic, KEY, vec![KEY]).unwrap();
    data.modify_rows(0, rows).unwrap();
    data
}

fn shown(table: &Table) -> Vec<Vec<Value>> {
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    let rows = table.query_rows(100, 0).unwrap();
    rows.into_iter().map(|row| row.into_iter().map(|cell| cell.value).collect()).collect()
}

fn text(word: &str) -> Value {
    Value::Unicode(word.to_owned())
}

#[test]
fn a_row_is_shown_once_for_each_element_and_once_without_any() {
    let data = data(vec![row(1, &["b", "a", "b"], &[]), row(2, &[], &[])]);
    let table = data.view(ViewOptions::default()).unwrap();
    table.set_columns(&[KEY, EACH_WORD, tags::INSTANCE_NUM, WORDS], 0).unwrap();
    let whole = Value::MvUnicode(["b", "a", "b"].map(str::to_owned).to_vec());
    let of = |word: &str, number| vec![Value::Long(1), text(word), Value::Long(number), whole.clone()];
    let absent = || Value::Error(Code::NotFound.raw());
    let rows = shown(&table);
    assert_eq!(rows[..3], [of("b", 0), of("a", 1), of("b", 2)]);
    assert_eq!(rows[3..], [vec![Value::Long(2), absent(), Value::Long(0), absent()]]);
    table.set_columns(&[tags::INSTANCE_KEY, EACH_WORD], 0).unwrap();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for row in shown(&table) {
        let Value::Binary(key) = &row[0] else { panic!("{row:?}") };
        assert!(!keys.contains(key), "every instance has a key of its own");
        keys.push(key.clone());
    }
    data.modify_row(row(1, &["a"], &[])).unwrap();
    assert_eq!(table.get_row_count(0).unwrap().value, 2);
}

#[test]
fn two_properties_make_every_pair_and_the_first_column_changes_slowest() {
    let table = data(vec![row(1, &["a", "b"], &[7, 8])]).view(ViewOptions::default()).unwrap();
    table.set_columns(&[EACH_WORD, EACH_NUMBER], 0).unwrap();
    let pair = |word: &str, number| vec![text(word), Value::Long(number)];
    assert_eq!(shown(&table), [pair("a", 7), pair("a", 8), pair("b", 7), pair("b", 8)]);
    table.seek_row(Bookmark::BEGINNING, 2).unwrap();
    let mark = table.create_bookmark().unwrap();
    table.set_columns(&[EACH_NUMBER, EACH_WORD], 0).unwrap();
    assert_eq!(shown(&table)[1], [Value::Long(7), text("b")]);
    assert_eq!(table.seek_row(mark, 0).unwrap_err().code(), Code::InvalidBookmark, "other rows have no old bookmarks");
}

#[test]
fn a_key_expands_too_and_the_column_beside_it_stays_whole() {
    let table = data(vec![row(1, &["b", "c"], &[]), row(2, &["a"], &[])]).view(ViewOptions::default()).unwrap();
    table.set_columns(&[KEY, WORDS], 0).unwrap();
    table.sort_table(Some(SortOrderSet::plain(vec![SortOrder::descending(EACH_WORD)])), 0).unwrap();
    let keys: Vec<Value> = shown(&table).into_iter().map(|mut row| row.remove(0)).collect();
    assert_eq!(keys, [1, 1, 2].map(Value::Long));
    let Value::MvUnicode(words) = &shown(&table)[1][1] else { panic!("an array") };
    assert_eq!(words.len(), 2);
}

#[test]
fn an_element_too_long_for_a_cell_is_compared_to_its_end() {
    let long = |end: &str| format!("{}{end}", "x".repeat(5000));
    let table = data(vec![row(1, &[&long("a"), &long("b"), "short"], &[])]).view(ViewOptions::default()).unwrap();
    table.set_columns(&[tags::INSTANCE_NUM, EACH_WORD], 0).unwrap();
    let equal = |text: String| Restriction::Property {
        relop: Relop::Eq,
        tag: EACH_WORD,
        value: Property::new(EACH_WORD, Value::Unicode(text)),
    };
    table.restrict(Some(equal(long("b"))), 0).unwrap();
    assert_eq!(shown(&table).len(), 1);
    assert_eq!(shown(&table)[0][0], Value::Long(1));
    let size = Restriction::Size { relop: Relop::Gt, tag: EACH_WORD, size: 10_000 };
    table.restrict(Some(size), 0).unwrap();
    assert_eq!(shown(&table).len(), 2);
    table.restrict(None, 0).unwrap();
    table.find_row(Some(&equal(long("b"))), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_position().unwrap().row, 1);
}

#[test]
fn tables_that_show_every_row_once_say_so() {
    let options = ViewOptions { abilities: Abilities::IN_MEMORY, ..ViewOptions::default() };
    let table = data(vec![row(1, &["a"], &[])]).view(options).unwrap();
    assert_eq!(table.set_columns(&[EACH_WORD], 0).unwrap_err().code(), Code::TooComplex);
    let order = SortOrderSet::plain(vec![SortOrder::ascending(EACH_WORD)]);
    assert_eq!(table.sort_table(Some(order), 0).unwrap_err().code(), Code::TooComplex);
    let single = KEY.with_kind(PropType(PropType::LONG.0 | PropType::MV_INSTANCE));
    assert_eq!(table.set_columns(&[single], 0).unwrap_err().code(), Code::InvalidParameter);
}
