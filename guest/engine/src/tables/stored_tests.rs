//! Stored rows through a table: computed columns, cutting, long values, misbehaving backends.

use crate::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects, ScanKind, Store};
use crate::error::Code;
use crate::memory::{MemoryStore, PushDown};
use crate::properties::{Guid, PropTag, PropType, Property, Value, tags};
use crate::restriction::{FL_IGNORECASE, FL_SUBSTRING, Relop, Restriction};
use crate::tables::{
    Abilities, Bookmark, ComputedColumns, ComputedRow, DefaultOrder, Evaluation, Explanation, Feed, KeptBecause, SortOrder,
    SortOrderSet, StoredRows, StoredRowsOptions, TBL_ALL_COLUMNS, TBL_NOADVANCE, Table,
};
use std::rc::Rc;

/// The record key is the object's name twice, made long.
struct Computed;

impl ComputedColumns for Computed {
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]> {
        match tag.id() {
            id if id == tags::RECORD_KEY.id() => Some(&[]),
            id if id == tags::NORMALIZED_SUBJECT.id() => Some(&[tags::SUBJECT]),
            _ => None,
        }
    }
    fn compute(&self, tag: PropTag, row: &ComputedRow<'_>) -> Option<Value> {
        if tag.id() == tags::RECORD_KEY.id() {
            return Some(Value::Binary(row.id.as_bytes().repeat(100)));
        }
        match row.stored(tags::SUBJECT)? {
            Value::Unicode(subject) => Some(Value::Unicode(subject.trim_start_matches("RE: ").to_owned())),
            _ => None,
        }
    }
    fn object_of(&self, tag: PropTag, value: &Value) -> Option<ObjectId> {
        let Value::Binary(bytes) = value else { return None };
        (tag.id() == tags::RECORD_KEY.id()).then(|| ObjectId::new(&bytes[..bytes.len() / 100])).flatten()
    }
    fn tags(&self) -> Vec<PropTag> {
        vec![tags::RECORD_KEY, tags::NORMALIZED_SUBJECT]
    }
}

struct Folder {
    store: Rc<MemoryStore>,
    feed: Rc<Feed>,
    root: ObjectId,
}

impl Folder {
    fn new(push_down: PushDown) -> Self {
        let store = Rc::new(MemoryStore::new(Guid::default(), "tests"));
        store.set_push_down(push_down);
        let feed = Feed::open(store.clone()).unwrap().unwrap();
        let root = store.identity().root;
        Self { store, feed, root }
    }

    fn add(&self, subject: &str, more: Vec<Property>) -> ObjectId {
        let object = self.store.reserve(1).unwrap().remove(0);
        let mut properties = vec![Property::new(tags::SUBJECT, Value::Unicode(subject.into())).into()];
        properties.extend(more.into_iter().map(Into::into));
        let change = Change::Create { object: object.clone(), parent: self.root.clone(), kind: ObjectKind::Message, properties };
        self.store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        object
    }

    fn table(&self) -> Table {
        let options = StoredRowsOptions {
            container: self.root.clone(),
            kind: ScanKind::Contents,
            abilities: Abilities::CONTENTS,
            default_columns: vec![tags::SUBJECT],
            default_order: DefaultOrder::default(),
        };
        Table::new(StoredRows::new(self.store.clone(), Rc::new(Computed), Some(self.feed.clone()), options), true)
    }
}

const MODES: [PushDown; 3] = [PushDown::EXACT, PushDown::INEXACT, PushDown::NONE];

fn body(text: &str) -> Vec<Property> {
    vec![Property::new(tags::BODY, Value::Unicode(text.into()))]
}

fn content(fuzzy: u32, tag: PropTag, text: &str) -> Restriction {
    Restriction::Content { fuzzy, tag, value: Property::new(tag, Value::Unicode(text.into())) }
}

fn subjects(table: &Table) -> Vec<String> {
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    let rows = table.query_rows(1000, 0).unwrap();
    rows.iter().map(|row| if let Value::Unicode(text) = &row[0].value { text.clone() } else { "?".into() }).collect()
}

#[test]
fn a_word_across_the_border_of_two_windows_is_found_in_a_body() {
    for mode in MODES {
        let folder = Folder::new(mode);
        // 64 KiB windows: the needle begins three bytes before the first border, and its ß folds to two.
        folder.add("hit", body(&format!("{}Straße and more {}", "x".repeat(65_533), "y".repeat(70_000))));
        folder.add("miss", body(&"x".repeat(200_000)));
        folder.add("none", vec![]);
        let table = folder.table();
        table.restrict(Some(content(FL_SUBSTRING | FL_IGNORECASE, tags::BODY, "STRASSE AND")), 0).unwrap();
        assert_eq!(subjects(&table), ["hit"], "{mode:?}");
        table.restrict(Some(content(FL_SUBSTRING, tags::BODY, "Straße")), 0).unwrap();
        assert_eq!(subjects(&table), ["hit"], "{mode:?}");
        let size = Restriction::Size { relop: Relop::Gt, tag: tags::BODY, size: 300_000 };
        table.restrict(Some(Restriction::Not(Box::new(size))), 0).unwrap();
        assert_eq!(subjects(&table), ["hit", "none"], "{mode:?}");
    }
}

#[test]
fn a_view_says_what_it_leaves_to_its_store_and_why_not_the_rest() {
    use Evaluation::{Engine, Narrowed, Store};
    let sorted = |tag| Some(SortOrderSet::plain(vec![SortOrder::descending(tag)]));
    let and = |other| Some(Restriction::And(vec![content(FL_SUBSTRING | FL_IGNORECASE, tags::SUBJECT, "b"), other]));
    let told = |mode, restriction: Option<Restriction>, sort: Option<SortOrderSet>| {
        let table = Folder::new(mode).table();
        table.restrict(restriction, 0).unwrap();
        table.sort_table(Some(sort.unwrap_or_default()), 0).unwrap();
        let Explanation { conditions, order, categories, rows } = table.explain().unwrap();
        assert_eq!(categories, None);
        (conditions, order, rows)
    };
    let compared = || Restriction::CompareProps { relop: Relop::Eq, left: tags::SUBJECT, right: tags::BODY };
    let cased = || content(FL_SUBSTRING, tags::SUBJECT, "B");
    let computed = || content(FL_SUBSTRING | FL_IGNORECASE, tags::NORMALIZED_SUBJECT, "b");
    let exact = PushDown::EXACT;
    assert_eq!(told(exact, None, sorted(tags::SUBJECT)), (vec![], Store, Store));
    let conditions = |other| vec![Store, other];
    let kept = Engine(KeptBecause::Condition);
    assert_eq!(told(exact, and(compared()), None), (conditions(Engine(KeptBecause::NoFilter)), Store, kept));
    assert_eq!(told(exact, and(cased()), None), (conditions(Narrowed(KeptBecause::Inexact)), Store, kept));
    assert_eq!(told(exact, and(computed()), None), (conditions(Engine(KeptBecause::Computed)), Store, kept));
    let order = Engine(KeptBecause::Order);
    assert_eq!(told(exact, None, sorted(tags::NORMALIZED_SUBJECT)), (vec![], Engine(KeptBecause::Computed), order));
    assert_eq!(told(exact, None, sorted(PropTag(0x6806_301F))), (vec![], Engine(KeptBecause::Instances), order));
    assert_eq!(told(exact, None, sorted(PropTag(0x6806_101F))), (vec![], Engine(KeptBecause::MultiValue), order));
    let count = Restriction::Count { count: 1, child: Box::new(Restriction::And(Vec::new())) };
    assert_eq!(told(exact, Some(count), None), (vec![], Store, Engine(KeptBecause::Limited)));
    let refused = Engine(KeptBecause::NotEvaluated);
    assert_eq!(told(PushDown::NONE, and(cased()), sorted(tags::SUBJECT)), (vec![refused; 2], refused, kept));
}

#[test]
fn computed_columns_are_shown_searched_and_sorted_by() {
    for mode in MODES {
        let folder = Folder::new(mode);
        folder.add("RE: b", vec![]);
        let second = folder.add("c", vec![]);
        folder.add("RE: a", vec![]);
        let table = folder.table();
        let sort = crate::tables::SortOrderSet::plain(vec![crate::tables::SortOrder::ascending(tags::NORMALIZED_SUBJECT)]);
        table.sort_table(Some(sort), 0).unwrap();
        assert_eq!(subjects(&table), ["RE: a", "RE: b", "c"], "{mode:?}");
        table.set_columns(&[tags::SUBJECT, tags::RECORD_KEY, tags::INSTANCE_KEY, tags::ROW_TYPE], 0).unwrap();
        let key = Property::new(tags::RECORD_KEY, Value::Binary(second.as_bytes().repeat(100)));
        let find = Restriction::Property { relop: Relop::Eq, tag: tags::RECORD_KEY, value: key.clone() };
        table.find_row(Some(&find), Bookmark::BEGINNING, 0).unwrap();
        let row = table.query_rows(1, TBL_NOADVANCE).unwrap().remove(0);
        // Keys are never cut, however long.
        assert_eq!(row[1], key);
        assert_eq!(row[3].value, Value::Long(1));
        let find = Restriction::Property { relop: Relop::Eq, tag: tags::INSTANCE_KEY, value: row[2].clone() };
        table.find_row(Some(&find), Bookmark::END, 1).unwrap();
        assert_eq!(table.query_position().unwrap().row, 2);
        assert_eq!(table.find_row(Some(&find), Bookmark::BEGINNING, 1).unwrap_err().code(), Code::NotFound);
        table.restrict(Some(content(FL_SUBSTRING, tags::SUBJECT, "RE")), 0).unwrap();
        assert_eq!(table.find_row(Some(&find), Bookmark::BEGINNING, 0).unwrap_err().code(), Code::NotFound);
        let all = table.query_columns(TBL_ALL_COLUMNS).unwrap();
        assert!(all.is_sorted() && all.contains(&tags::RECORD_KEY) && all.contains(&tags::INSTANCE_KEY));
    }
}

#[test]
fn long_cells_are_cut_and_both_widths_and_forms_agree() {
    for mode in MODES {
        let folder = Folder::new(mode);
        folder.add(&"é".repeat(300), vec![Property::new(tags::IMPORTANCE, Value::Long(2))]);
        folder.add("short", vec![]);
        let table = folder.table();
        let narrow = tags::SUBJECT.with_kind(PropType::STRING8);
        table.set_columns(&[tags::SUBJECT, narrow, tags::IMPORTANCE, PropTag::NULL, tags::SUBJECT], 0).unwrap();
        let rows = table.query_rows(10, TBL_NOADVANCE).unwrap();
        assert_eq!(rows[0][0].value.size(), 510);
        assert_eq!(rows[0][1].value, Value::String8(vec![0xE9; 255]));
        assert_eq!(rows[1][2], Property::error(tags::IMPORTANCE, Code::NotFound));
        assert_eq!(rows[1][3].tag, PropTag::NULL);
        assert_eq!(rows[1][4], rows[1][0]);
        let columnar = table.query_rows_columnar(10, 0).unwrap();
        assert_eq!(columnar.rows, 2);
        for (at, column) in columnar.columns.iter().enumerate() {
            for (row, cells) in rows.iter().enumerate() {
                let expected = Some(&cells[at].value).filter(|value| **value != Value::Error(Code::NotFound.raw()));
                assert_eq!(column.value(row).as_ref(), expected, "{mode:?} column {at} row {row}");
            }
        }
    }
}

#[test]
fn pages_walk_through_a_folder_both_ways() {
    for mode in MODES {
        let folder = Folder::new(mode);
        for number in 0..25 {
            folder.add(&format!("{number:02}"), vec![]);
        }
        let table = folder.table();
        let mut seen = Vec::new();
        loop {
            let page = table.query_rows(7, 0).unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen.len(), 25);
        let mut back = Vec::new();
        loop {
            let mut page = table.query_rows(-7, TBL_NOADVANCE).unwrap();
            if page.is_empty() {
                break;
            }
            page.append(&mut back);
            back = page;
        }
        assert_eq!(back, seen, "{mode:?}");
    }
}

#[test]
fn another_table_of_the_same_store_sees_every_change_once() {
    let folder = Folder::new(PushDown::EXACT);
    let first = folder.add("a", vec![]);
    let (one, two) = (folder.table(), folder.table());
    assert_eq!((one.get_row_count(0).unwrap().value, two.get_row_count(0).unwrap().value), (1, 1));
    folder.add("b", vec![]);
    // The first table reads the feed, the second finds the record in its queue.
    assert_eq!((one.get_row_count(0).unwrap().value, two.get_row_count(0).unwrap().value), (2, 2));
    let remove = Change::Remove { object: first, expected: Expected::Exists, hard: false };
    folder.store.commit(Commit { changes: vec![remove], ..Commit::default() }).unwrap();
    assert_eq!(subjects(&two), ["b"]);
    assert_eq!(subjects(&one), ["b"]);
}

#[test]
fn a_large_commit_of_our_own_is_seen_at_once_and_of_others_bit_by_bit() {
    let folder = Folder::new(PushDown::NONE);
    let table = folder.table();
    assert_eq!(table.get_row_count(0).unwrap().value, 0);
    let add = || {
        let ids = folder.store.reserve(1500).unwrap();
        let create =
            |object| Change::Create { object, parent: folder.root.clone(), kind: ObjectKind::Message, properties: vec![] };
        folder.store.commit(Commit { changes: ids.into_iter().map(create).collect(), ..Commit::default() }).unwrap();
    };
    add();
    assert_eq!(table.get_row_count(0).unwrap().value, 1024);
    assert_eq!(table.get_row_count(0).unwrap().value, 1500);
    add();
    folder.feed.committed();
    assert_eq!(table.get_row_count(0).unwrap().value, 3000);
}
