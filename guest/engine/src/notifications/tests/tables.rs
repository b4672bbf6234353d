//! Events of rows (`tables` 11, 12).

use super::{Mirror, Process, code, events_of, id, memory, one, own, rows_of, saved, set_subject, sorted_by_subject, text, two};
use crate::backend::{Change, Commit, Expected, ObjectKind, Objects as _};
use crate::error::Code;
use crate::memory::{Fault, Faulty, Meanwhile, Trigger};
use crate::notifications::{Notifications, TableEvent, TableNotification, mask};
use crate::properties::{KEEP_OPEN_READWRITE, PropTag, Property, Value, tags};
use crate::session::Alive;
use crate::stores::CommitMode;
use crate::tables::{MAPI_UNICODE, SortOrderSet, TAD_ALL_ROWS, TableData, TableType, ViewOptions};
use std::rc::Rc;
use std::sync::Arc;

/// The index column of rows in memory.
const NAME: PropTag = PropTag(0x6810_0003);

#[test]
fn rows_come_change_and_go_with_the_row_before_them() {
    let (here, there) = two();
    let folder = there.folder("Inbox");
    let b = saved(&folder, "b");
    let inbox = here.folder("Inbox");
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    let connection = table.advise(mask::TABLE_MODIFIED).unwrap();
    assert_eq!(here.dispatch(), [], "rows present at opening are not told");
    let key_of = |subject: &str| {
        let rows = rows_of(&table);
        rows.iter().find(|row| row[1].value == text(subject)).map(|row| row[0].clone()).unwrap()
    };
    let d = saved(&folder, "d");
    let events = events_of(here.dispatch());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event, &events[0].prior), (TableEvent::RowAdded, &key_of("b")));
    assert_eq!(events[0].row, [key_of("d"), Property { tag: tags::SUBJECT, value: text("d") }]);
    // A row whose key change moves it is one MODIFIED, with the row that is before it afterwards.
    set_subject(&d, "a");
    let events = events_of(here.dispatch());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event, events[0].prior.tag), (TableEvent::RowModified, PropTag::NULL));
    // A save without any effect on the columns is a save all the same, and two saves are two.
    let importance = |value| Property { tag: tags::IMPORTANCE, value: Value::Long(value) };
    for value in [0, 2] {
        b.properties().set_props(vec![importance(value)]).unwrap();
        b.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    }
    let events = events_of(here.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowModified; 2]);
    assert_eq!(events[0].prior, key_of("a"));
    let gone = key_of("b");
    let remove = Change::Remove { object: own(&id(&b.properties())), expected: Expected::Exists, hard: false };
    there.connection.commit(vec![remove], CommitMode::default()).unwrap();
    let events = events_of(here.dispatch());
    assert_eq!((events[0].event, &events[0].index, events.len()), (TableEvent::RowDeleted, &gone, 1));
    table.unadvise(connection).unwrap();
    assert_eq!(code(table.unadvise(connection)), Code::NotFound);
    saved(&folder, "e");
    assert_eq!(here.dispatch(), []);
}

#[test]
fn rows_enter_and_leave_the_restriction() {
    let process = one();
    let folder = process.folder("Inbox");
    let message = saved(&folder, "spam");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    let wanted = Property { tag: tags::SUBJECT, value: text("ham") };
    let restriction =
        crate::restriction::Restriction::Property { relop: crate::restriction::Relop::Eq, tag: tags::SUBJECT, value: wanted };
    table.restrict(Some(restriction), 0).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    set_subject(&message, "more spam");
    assert_eq!(process.dispatch(), []);
    set_subject(&message, "ham");
    assert_eq!(events_of(process.dispatch())[0].event, TableEvent::RowAdded);
    set_subject(&message, "spam");
    assert_eq!(events_of(process.dispatch())[0].event, TableEvent::RowDeleted);
    // Neither a restriction nor a sort or other columns raise events.
    table.restrict(None, 0).unwrap();
    table.sort_table(Some(SortOrderSet::default()), 0).unwrap();
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    assert_eq!(process.dispatch(), []);
    set_subject(&message, "eggs");
    assert_eq!(events_of(process.dispatch())[0].row.len(), 1, "the columns in force");
}

#[test]
fn queued_rows_keep_the_columns_they_were_raised_with() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    saved(&folder, "one");
    // The call takes the change in before it acts.
    table.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    assert_eq!(events_of(process.dispatch())[0].row.len(), 2);
}

#[test]
fn a_row_that_left_and_came_back_is_another_row() {
    let process = one();
    let (inbox, other) = (process.folder("Inbox"), process.folder("Other"));
    let message = own(&id(&saved(&inbox, "one").properties()));
    let table = inbox.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut mirror = Mirror::read(&table);
    for parent in [&other, &inbox] {
        let parent = own(&id(&parent.properties()));
        let (object, expected) = (message.clone(), Expected::Exists);
        let change = Change::Move { object, expected, parent, set: vec![], restore: false };
        process.connection.commit(vec![change], CommitMode::default()).unwrap();
    }
    let events = events_of(process.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowDeleted, TableEvent::RowAdded]);
    assert_ne!(events[0].index, events[1].index);
    assert!(mirror.apply(events));
    assert_eq!(mirror.rows, rows_of(&table));
}

#[test]
fn a_row_that_vanishes_before_it_is_told_is_told_with_its_key() {
    let store = memory();
    let there = Process::on(Rc::new(Arc::clone(&store)), 1);
    let quick = Faulty::new(Arc::clone(&store));
    let faults = Arc::clone(&quick.faults);
    let here = Process::on(Rc::new(quick), 2);
    let table = here.folder("Inbox").get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut mirror = Mirror::read(&table);
    let message = own(&id(&saved(&there.folder("Inbox"), "one").properties()));
    // Between the view's look at the row and the look at its columns.
    let remove = Meanwhile::new(move || {
        let remove = Change::Remove { object: message.clone(), expected: Expected::Exists, hard: true };
        store.commit(Commit { changes: vec![remove], ..Commit::default() }).unwrap();
    });
    faults.schedule(Some("read_rows"), Trigger::Nth(2), Fault::Meanwhile(remove));
    let events = events_of(here.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowAdded]);
    assert_eq!(events[0].row[0], events[0].index);
    assert_eq!(events[0].row[1].value, Value::Error(Code::NotFound.raw()), "nothing else is known of it any more");
    assert!(mirror.apply(events));
    let events = events_of(here.dispatch());
    assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [TableEvent::RowDeleted]);
    assert!(mirror.apply(events));
    assert!(mirror.rows.is_empty());
}

#[test]
fn many_rows_of_one_operation_are_one_changed() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    let parent = own(&id(&folder.properties()));
    let create = |count: usize| {
        let create = |_| Change::Create {
            object: process.connection.reserve().unwrap(),
            parent: parent.clone(),
            kind: ObjectKind::Message,
            properties: vec![],
        };
        process.connection.commit((0..count).map(create).collect(), CommitMode::default()).unwrap();
    };
    create(20);
    assert_eq!(events_of(process.dispatch()).len(), 20);
    create(21);
    assert_eq!(events_of(process.dispatch()), [TableNotification::plain(TableEvent::Changed)]);
    // Two operations, each small enough, are told one by one.
    create(15);
    create(15);
    assert_eq!(events_of(process.dispatch()).len(), 30);
}

#[test]
fn hierarchy_tables_tell_of_counts_and_of_the_whole_tree() {
    let process = one();
    let root = process.store.root_folder().unwrap();
    let inbox = process.folder("Inbox");
    let (flat, deep) = (root.get_hierarchy_table(MAPI_UNICODE).unwrap(), {
        root.get_hierarchy_table(MAPI_UNICODE | crate::stores::CONVENIENT_DEPTH).unwrap()
    });
    let columns = [tags::INSTANCE_KEY, tags::DISPLAY_NAME, tags::CONTENT_COUNT, tags::DEPTH];
    for table in [&flat, &deep] {
        table.set_columns(&columns, 0).unwrap();
        table.advise(mask::TABLE_MODIFIED).unwrap();
    }
    let (mut flat_mirror, mut deep_mirror) = (Mirror::read(&flat), Mirror::read(&deep));
    saved(&inbox, "one");
    let events = events_of(process.dispatch());
    assert_eq!(events.len(), 2, "one of each table");
    for event in &events {
        assert_eq!((event.event, &event.row[2].value), (TableEvent::RowModified, &Value::Long(1)));
    }
    let mut both = |events: Vec<TableNotification>, split: usize| {
        let (flat_events, deep_events) = (events[..split].to_vec(), events[split..].to_vec());
        assert!(flat_mirror.apply(flat_events) && deep_mirror.apply(deep_events));
        assert_eq!(flat_mirror.rows, rows_of(&flat));
        assert_eq!(deep_mirror.rows, rows_of(&deep));
    };
    both(events, 1);
    inbox.create_folder(1, "Below", None, None, 0).unwrap();
    let events = events_of(process.dispatch());
    assert_eq!(events.iter().filter(|event| event.event == TableEvent::RowAdded).count(), 1);
    both(events, 1);
    let name = Property { tag: tags::DISPLAY_NAME, value: text("Aardvark") };
    process.folder("Zoo").properties().set_props(vec![name]).unwrap();
    let events = events_of(process.dispatch());
    assert_eq!(events.len(), 3, "{events:?}");
    both(events, 2);
}

#[test]
fn rows_in_memory_are_told_like_rows_of_a_store() {
    let notifications = Notifications::default();
    let queue = notifications.open_queue();
    let data = TableData::new(TableType::Dynamic, NAME, vec![NAME, tags::INSTANCE_KEY]).unwrap();
    let row = |name: i32, subject: &str| {
        vec![Property::new(NAME, Value::Long(name)), Property { tag: tags::SUBJECT, value: text(subject) }]
    };
    data.modify_rows(0, vec![row(1, "b"), row(2, "c")]).unwrap();
    let table = data.view(ViewOptions::default()).unwrap().bound_to(Alive::of_handle(Rc::clone(&queue)));
    sorted_by_subject(&table);
    let connection = table.advise(mask::TABLE_MODIFIED).unwrap();
    let mut mirror = Mirror::read(&table);
    let dispatch = || {
        notifications.take_in().unwrap();
        events_of(notifications.take(0).batches.into_iter().flat_map(|batch| batch.events).collect())
    };
    data.insert_row(0, row(3, "d")).unwrap();
    data.modify_row(row(2, "a")).unwrap();
    data.delete_row(&Property::new(NAME, Value::Long(1))).unwrap();
    let events = dispatch();
    let kinds: Vec<_> = events.iter().map(|event| event.event).collect();
    assert_eq!(kinds, [TableEvent::RowAdded, TableEvent::RowModified, TableEvent::RowDeleted]);
    assert!(mirror.apply(events));
    assert_eq!(mirror.rows, rows_of(&table));
    // Eight rows of one call are told one by one, nine are not.
    data.modify_rows(0, (10..18).map(|name| row(name, "x")).collect()).unwrap();
    assert_eq!(dispatch().len(), 8);
    data.modify_rows(0, (20..29).map(|name| row(name, "x")).collect()).unwrap();
    assert_eq!(dispatch(), [TableNotification::plain(TableEvent::Changed)]);
    data.notify(0, &[Property::new(NAME, Value::Long(3))]).unwrap();
    data.notify(0, &[Property::new(NAME, Value::Long(99))]).unwrap();
    assert_eq!(dispatch()[0].event, TableEvent::RowModified);
    data.delete_rows(TAD_ALL_ROWS, &[]).unwrap();
    assert_eq!(dispatch(), [TableNotification::plain(TableEvent::Reload)]);
    assert_eq!(code(table.advise(mask::OBJECT_CREATED)), Code::InvalidParameter);
    let fixed = TableData::new(TableType::Snapshot, NAME, vec![NAME]).unwrap();
    let fixed = fixed.view(ViewOptions::default()).unwrap().bound_to(Alive::of_handle(Rc::clone(&queue)));
    assert_eq!(code(fixed.advise(mask::TABLE_MODIFIED)), Code::NoSupport);
    data.modify_row(row(1, "again")).unwrap();
    table.unadvise(connection).unwrap();
    assert_eq!(dispatch(), [], "what was queued is dropped");
}

#[test]
fn a_table_that_is_released_is_told_no_more() {
    let process = one();
    let folder = process.folder("Inbox");
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    drop(table);
    assert!(!process.queue.has_registrations());
    saved(&folder, "one");
    assert_eq!(process.dispatch(), []);
}

#[test]
fn cursor_and_bookmarks_survive_the_first_registration() {
    let process = one();
    let folder = process.folder("Inbox");
    for subject in ["a", "b", "c", "d"] {
        saved(&folder, subject);
    }
    let table = folder.get_contents_table(MAPI_UNICODE).unwrap();
    sorted_by_subject(&table);
    table.query_rows(2, 0).unwrap();
    let mark = table.create_bookmark().unwrap();
    table.query_rows(1, 0).unwrap();
    table.advise(mask::TABLE_MODIFIED).unwrap();
    assert_eq!(table.query_position().unwrap().row, 3);
    assert_eq!(table.seek_row(mark, 0).unwrap().warning, None);
    assert_eq!(table.query_rows(1, 0).unwrap()[0][1].value, text("c"));
}
