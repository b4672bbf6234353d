//! Sub-restrictions on the recipients and attachments of stored messages (`tables` 5.1, 5.4).

use crate::backend::{Change, Commit, ObjectId, ObjectKind, Objects, ScanKind, Store};
use crate::error::Code;
use crate::memory::{Faults, Faulty, MemoryStore, PushDown};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::restriction::generate::{any_message_restriction, any_parts, any_properties, oracle_of_message};
use crate::restriction::{FL_IGNORECASE, FL_SUBSTRING, Relop, Restriction};
use crate::tables::nothing_computed::NothingComputed;
use crate::tables::{Abilities, Bookmark, DefaultOrder, Feed, SortOrder, SortOrderSet, StoredRows, StoredRowsOptions, Table};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// A folder of messages with recipients and attachments.
struct Folder {
    store: Arc<MemoryStore>,
    objects: Rc<dyn Objects>,
    faults: Arc<Faults>,
    feed: Rc<Feed>,
    root: ObjectId,
}

const MODES: [PushDown; 3] = [PushDown::EXACT, PushDown::INEXACT, PushDown::NONE];

impl Folder {
    fn new(push_down: PushDown) -> Self {
        let store = Arc::new(MemoryStore::new(Guid::default(), "parts"));
        store.set_push_down(push_down);
        let faulty = Faulty::new(Arc::clone(&store));
        let faults = Arc::clone(&faulty.faults);
        let objects: Rc<dyn Objects> = Rc::new(faulty);
        let feed = Feed::open(Rc::clone(&objects)).unwrap().unwrap();
        let root = store.identity().root;
        Self { store, objects, faults, feed, root }
    }

    fn create(&self, parent: &ObjectId, kind: ObjectKind, properties: Vec<Property>) -> ObjectId {
        let object = self.store.reserve(1).unwrap().remove(0);
        let properties = properties.into_iter().map(Into::into).collect();
        let change = Change::Create { object: object.clone(), parent: parent.clone(), kind, properties };
        self.store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        object
    }

    /// A message with that subject, recipients of these names, and attachments of this text.
    fn add(&self, subject: &str, recipients: &[&str], attachments: &[&str]) -> ObjectId {
        let message = self.create(&self.root, ObjectKind::Message, vec![text(tags::SUBJECT, subject)]);
        for name in recipients {
            self.create(&message, ObjectKind::Recipient, vec![text(tags::DISPLAY_NAME, name), long(tags::RECIPIENT_TYPE, 1)]);
        }
        for body in attachments {
            let data = Property::new(tags::ATTACH_DATA_BIN, Value::Binary(body.as_bytes().to_vec()));
            self.create(&message, ObjectKind::Attachment, vec![data]);
        }
        message
    }

    fn table_of(&self, kind: ScanKind, abilities: Abilities) -> Table {
        let options = StoredRowsOptions {
            container: self.root.clone(),
            kind,
            abilities,
            default_columns: vec![tags::SUBJECT],
            default_order: DefaultOrder::default(),
        };
        Table::new(StoredRows::new(Rc::clone(&self.objects), Rc::new(NothingComputed), Some(self.feed.clone()), options), true)
    }

    fn table(&self) -> Table {
        self.table_of(ScanKind::Contents, Abilities::CONTENTS)
    }

    fn scans(&self) -> usize {
        self.faults.calls().iter().filter(|call| **call == "scan").count()
    }
}

fn text(tag: PropTag, value: &str) -> Property {
    Property::new(tag, Value::Unicode(value.into()))
}

fn long(tag: PropTag, value: i32) -> Property {
    Property::new(tag, Value::Long(value))
}

fn named(name: &str) -> Restriction {
    Restriction::Property { relop: Relop::Eq, tag: tags::DISPLAY_NAME, value: text(tags::DISPLAY_NAME, name) }
}

fn sub(subobject: PropTag, child: Restriction) -> Restriction {
    Restriction::SubRestriction { subobject, child: Box::new(child) }
}

fn to(child: Restriction) -> Restriction {
    sub(tags::MESSAGE_RECIPIENTS, child)
}

fn not(child: Restriction) -> Restriction {
    Restriction::Not(Box::new(child))
}

fn exactly(count: u32, child: Restriction) -> Restriction {
    Restriction::Count { count, child: Box::new(child) }
}

fn subjects(table: &Table) -> Vec<String> {
    table.seek_row(Bookmark::BEGINNING, 0).unwrap();
    let rows = table.query_rows(1000, 0).unwrap();
    rows.iter().map(|row| if let Value::Unicode(text) = &row[0].value { text.clone() } else { "?".into() }).collect()
}

#[test]
fn the_header_of_a_category_has_no_parts() {
    let folder = Folder::new(PushDown::NONE);
    folder.add("one", &["Ann"], &[]);
    let table = folder.table();
    let keys = vec![SortOrder::ascending(tags::SUBJECT)];
    table.sort_table(Some(SortOrderSet { keys, categories: 1, expanded: 1 }), 0).unwrap();
    table.find_row(Some(&to(named("Ann"))), Bookmark::BEGINNING, 0).unwrap();
    assert_eq!(table.query_position().unwrap().row, 1, "the message below it, not the header");
}

#[test]
fn some_part_must_match_as_a_whole() {
    for mode in MODES {
        let folder = Folder::new(mode);
        folder.add("both", &["Ada", "Ben"], &[]);
        folder.add("ada", &["Ada"], &[]);
        folder.add("ben", &["Ben"], &[]);
        folder.add("nobody", &[], &[]);
        let table = folder.table();
        let shown = |restriction| {
            table.restrict(Some(restriction), 0).unwrap();
            subjects(&table)
        };
        assert_eq!(shown(to(named("ada"))), ["both", "ada"], "{mode:?}");
        assert_eq!(shown(to(Restriction::And(vec![named("Ada"), named("Ben")]))), [""; 0]);
        assert_eq!(shown(Restriction::And(vec![to(named("Ada")), to(named("Ben"))])), ["both"]);
        // No row matches, and some row does not match, are two things.
        assert_eq!(shown(not(to(named("Ada")))), ["ben", "nobody"]);
        assert_eq!(shown(to(not(named("Ada")))), ["both", "ben"]);
        assert_eq!(shown(to(exactly(2, Restriction::And(vec![])))), ["both"]);
        assert_eq!(shown(to(exactly(1, named("Ada")))), ["both", "ada"]);
        assert_eq!(shown(to(exactly(0, named("Ada")))), ["ben", "nobody"]);
        assert_eq!(shown(exactly(1, to(named("Ada")))), ["both"]);
        table.restrict(None, 0).unwrap();
        table.find_row(Some(&to(named("Ben"))), Bookmark::END, crate::tables::DIR_BACKWARD).unwrap();
        assert_eq!(table.query_position().unwrap().row, 2);
        let count = table.find_row(Some(&to(exactly(1, named("Ben")))), Bookmark::BEGINNING, 0);
        assert_eq!(count.unwrap_err().code(), Code::TooComplex);
    }
}

#[test]
fn parts_are_read_of_undecided_rows_only_and_their_long_values_in_windows() {
    for mode in MODES {
        let folder = Folder::new(mode);
        // The windows are of 64 KiB: the word lies across the border of two.
        folder.add("long", &[], &["short", &format!("{}needle{}", "x".repeat(65_533), "y".repeat(70_000))]);
        folder.add("other", &[], &["needle"]);
        for number in 0..40 {
            folder.add(&format!("filler {number}"), &["Ada"], &["nothing"]);
        }
        let value = Property::new(tags::ATTACH_DATA_BIN, Value::Binary(b"needle".to_vec()));
        let content = Restriction::Content { fuzzy: FL_SUBSTRING, tag: tags::ATTACH_DATA_BIN, value };
        let subject = |fuzzy, word| Restriction::Content { fuzzy, tag: tags::SUBJECT, value: text(tags::SUBJECT, word) };
        let found = sub(tags::MESSAGE_ATTACHMENTS, content);
        let short = Restriction::Or(vec![subject(FL_SUBSTRING | FL_IGNORECASE, "LONG"), subject(FL_SUBSTRING, "other")]);
        let table = folder.table();
        let before = folder.scans();
        table.restrict(Some(Restriction::And(vec![found.clone(), short])), 0).unwrap();
        assert_eq!(subjects(&table), ["long", "other"], "{mode:?}");
        assert!(folder.scans() - before < 8, "{mode:?}: {} scans", folder.scans() - before);
        table.restrict(Some(found), 0).unwrap();
        assert_eq!(subjects(&table), ["long", "other"], "{mode:?}");
    }
}

#[test]
fn only_messages_have_parts_and_parts_have_none() {
    let folder = Folder::new(PushDown::EXACT);
    let code = |table: &Table, restriction| table.restrict(Some(restriction), 0).err().map(|failure| failure.code());
    let messages = folder.table();
    assert_eq!(code(&messages, to(to(named("Ada")))), Some(Code::TooComplex));
    assert_eq!(code(&messages, to(not(to(named("Ada"))))), Some(Code::TooComplex));
    assert_eq!(code(&messages, sub(tags::SUBJECT, named("Ada"))), Some(Code::TooComplex));
    assert_eq!(code(&messages, to(Restriction::And(vec![exactly(1, named("Ada"))]))), Some(Code::TooComplex));
    assert_eq!(code(&messages, to(exactly(1, exactly(1, named("Ada"))))), Some(Code::TooComplex));
    assert_eq!(code(&messages, not(exactly(1, named("Ada")))), Some(Code::TooComplex));
    let folders = folder.table_of(ScanKind::Subfolders, Abilities::HIERARCHY);
    assert_eq!(code(&folders, to(named("Ada"))), Some(Code::TooComplex));
    assert_eq!(code(&messages, to(named("Ada"))), None);
}

#[test]
fn a_message_enters_and_leaves_as_its_recipients_change() {
    let folder = Folder::new(PushDown::NONE);
    let message = folder.add("one", &["Ben"], &[]);
    let table = folder.table();
    table.restrict(Some(to(named("Ada"))), 0).unwrap();
    assert_eq!(subjects(&table), [""; 0]);
    // A save of recipients is a save of their message.
    folder.create(&message, ObjectKind::Recipient, vec![text(tags::DISPLAY_NAME, "Ada")]);
    let set = vec![text(tags::SUBJECT, "saved").into()];
    let change = Change::Set { object: message, expected: crate::backend::Expected::Exists, set, delete: vec![], quiet: false };
    folder.store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
    assert_eq!(subjects(&table), ["saved"]);
}

proptest! {
    #[test]
    fn messages_match_as_the_oracle_says(
        restriction in any_message_restriction(), messages in prop::collection::vec((any_properties(), any_parts()), 0..4),
    ) {
        for mode in MODES {
            let folder = Folder::new(mode);
            for (number, (properties, parts)) in messages.iter().enumerate() {
                let mut properties = properties.clone();
                properties.push(text(tags::SUBJECT, &number.to_string()));
                let message = folder.create(&folder.root, ObjectKind::Message, properties);
                for (kind, rows) in [(ObjectKind::Recipient, &parts.recipients), (ObjectKind::Attachment, &parts.attachments)] {
                    for row in rows {
                        folder.create(&message, kind, row.clone());
                    }
                }
            }
            let table = folder.table();
            let expected: Vec<String> = messages
                .iter()
                .enumerate()
                .filter(|(_, (properties, parts))| oracle_of_message(&restriction, properties, parts))
                .map(|(number, _)| number.to_string())
                .collect();
            if table.restrict(Some(restriction.clone()), 0).is_ok() {
                prop_assert_eq!(subjects(&table), expected, "{:?}", mode);
            }
        }
    }
}
