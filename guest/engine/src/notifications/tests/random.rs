//! Random programs of three processes on one folder, two of which listen.

use super::{ALL, Mirror, Process, events_of, id, memory, objects, own, rows_of, sorted_by_subject, text};
use crate::backend::{Change, Expected, ObjectId, ObjectKind};
use crate::notifications::mask;
use crate::properties::{Property, tags};
use crate::stores::CommitMode;
use crate::tables::{MAPI_UNICODE, Table};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// One change of a folder by one of three processes.
#[derive(Clone, Debug)]
enum Step {
    Create(usize, u8),
    Change(usize, usize, u8),
    Remove(usize, usize),
    Away(usize, usize),
    Back(usize, usize),
    Batch(usize, u8, u8),
    Dispatch(usize),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (process, row) = (0..3_usize, any::<usize>());
    prop_oneof![
        4 => (process.clone(), any::<u8>()).prop_map(|(process, subject)| Step::Create(process, subject)),
        6 => (process.clone(), row, any::<u8>()).prop_map(|(process, row, subject)| Step::Change(process, row, subject)),
        2 => (process.clone(), row).prop_map(|(process, row)| Step::Remove(process, row)),
        1 => (process.clone(), row).prop_map(|(process, row)| Step::Away(process, row)),
        1 => (process.clone(), row).prop_map(|(process, row)| Step::Back(process, row)),
        1 => (process.clone(), 1..25_u8, any::<u8>()).prop_map(|(process, rows, subject)| Step::Batch(process, rows, subject)),
        3 => (0..2_usize).prop_map(Step::Dispatch),
        1 => (0..2_usize).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Two sessions hear, three processes change one folder: nothing is missed, nothing told twice, and what
    /// was told leads to the table as it is.
    #[test]
    fn a_mirror_made_of_notifications_equals_the_table(steps in prop::collection::vec(step(), 1..80)) {
        let memory = memory();
        let all: Vec<Process> = (1..=3).map(|seed| Process::on(Rc::new(Arc::clone(&memory)), seed)).collect();
        let parent = own(&id(&all[0].folder("Inbox").properties()));
        let elsewhere = own(&id(&all[0].folder("Elsewhere").properties()));
        let inbox = |process: &Process| process.folder("Inbox");
        let subject = |subject: u8| vec![Property { tag: tags::SUBJECT, value: text(&subject.to_string()) }.into()];
        let (mut here, mut away): (Vec<ObjectId>, Vec<ObjectId>) = (Vec::new(), Vec::new());
        let tables: Vec<[Table; 2]> = all[..2].iter().map(|process| {
            let plain = inbox(process).get_contents_table(MAPI_UNICODE).unwrap();
            sorted_by_subject(&plain);
            let few = inbox(process).get_contents_table(MAPI_UNICODE).unwrap();
            few.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], 0).unwrap();
            let value = Property { tag: tags::SUBJECT, value: text("2") };
            let (relop, tag) = (crate::restriction::Relop::Ge, tags::SUBJECT);
            few.restrict(Some(crate::restriction::Restriction::Property { relop, tag, value }), 0).unwrap();
            [plain, few]
        }).collect();
        let mut listening: Vec<Vec<(u32, Mirror)>> = tables.iter().map(|tables| {
            tables.iter().map(|table| (table.advise(mask::TABLE_MODIFIED).unwrap(), Mirror::read(table))).collect()
        }).collect();
        let stores: Vec<u32> = all[..2].iter().map(|process| process.store.advise(None, ALL & !mask::OBJECT_MODIFIED).unwrap()).collect();
        let mut heard = [Vec::new(), Vec::new()];
        let mut happened: Vec<(u32, ObjectId)> = Vec::new();
        let mut dispatch = |at: usize, listening: &mut Vec<Vec<(u32, Mirror)>>| {
            all[at].connection.feed().unwrap().poll().unwrap();
            all[at].notifications.take_in().unwrap();
            let mut due = [Vec::new(), Vec::new()];
            for batch in all[at].notifications.take(0).batches {
                if batch.connection == stores[at] {
                    heard[at].extend(objects(batch.events).into_iter().map(|(event, id)| (event, own(&id))));
                    continue;
                }
                let which = listening[at].iter().position(|(connection, _)| *connection == batch.connection).unwrap();
                due[which].extend(events_of(batch.events));
            }
            for (which, events) in due.into_iter().enumerate() {
                if !listening[at][which].1.apply(events) {
                    // "Changed": read again, and forget what else was due.
                    listening[at][which].1 = Mirror::read(&tables[at][which]);
                }
            }
        };
        for step in &steps {
            let commit = |process: usize, changes: Vec<Change>| {
                all[process].connection.commit(changes, CommitMode::default()).unwrap();
            };
            match step.clone() {
                Step::Create(process, text) => {
                    let object = all[process].connection.reserve().unwrap();
                    let (kind, properties) = (ObjectKind::Message, subject(text));
                    commit(process, vec![Change::Create { object: object.clone(), parent: parent.clone(), kind, properties }]);
                    happened.push((mask::OBJECT_CREATED, object.clone()));
                    here.push(object);
                }
                Step::Batch(process, rows, text) => {
                    let objects: Vec<ObjectId> = (0..rows).map(|_| all[process].connection.reserve().unwrap()).collect();
                    let create = |object: &ObjectId| Change::Create {
                        object: object.clone(), parent: parent.clone(), kind: ObjectKind::Message, properties: subject(text),
                    };
                    commit(process, objects.iter().map(create).collect());
                    happened.extend(objects.iter().map(|object| (mask::OBJECT_CREATED, object.clone())));
                    here.extend(objects);
                }
                Step::Change(process, row, text) if !here.is_empty() => {
                    let object = here[row % here.len()].clone();
                    let (expected, set) = (Expected::Exists, subject(text));
                    commit(process, vec![Change::Set { object, expected, set, delete: vec![], quiet: false }]);
                }
                Step::Remove(process, row) if !here.is_empty() => {
                    let object = here.remove(row % here.len());
                    commit(process, vec![Change::Remove { object: object.clone(), expected: Expected::Exists, hard: row % 2 == 0 }]);
                    happened.push((mask::OBJECT_DELETED, object));
                }
                Step::Away(process, row) | Step::Back(process, row) => {
                    let leaves = matches!(step, Step::Away(..));
                    let (from, to, parent) = if leaves { (&mut here, &mut away, &elsewhere) } else { (&mut away, &mut here, &parent) };
                    if from.is_empty() {
                        continue;
                    }
                    let object = from.remove(row % from.len());
                    let (expected, parent) = (Expected::Exists, parent.clone());
                    commit(process, vec![Change::Move { object: object.clone(), expected, parent, set: vec![], restore: false }]);
                    happened.push((mask::OBJECT_MOVED, object.clone()));
                    to.push(object);
                }
                Step::Dispatch(at) => dispatch(at, &mut listening),
                // A client that reads rows takes changes in as well.
                Step::Read(at) => drop(tables[at][0].query_rows(3, 0).unwrap()),
                Step::Change(..) | Step::Remove(..) => {}
            }
        }
        for at in 0..2 {
            dispatch(at, &mut listening);
            for ((_, mirror), table) in listening[at].iter().zip(&tables[at]) {
                prop_assert_eq!(&mirror.rows, &rows_of(table));
                // And as a table opened now.
                let fresh = inbox(&all[2]).get_contents_table(MAPI_UNICODE).unwrap();
                fresh.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], 0).unwrap();
                fresh.sort_table(Some(table.query_sort_order().unwrap()), 0).unwrap();
                if std::ptr::eq(table, &raw const tables[at][0]) {
                    prop_assert_eq!(&mirror.rows, &rows_of(&fresh));
                }
            }
        }
        prop_assert_eq!(&heard[0], &happened);
        prop_assert_eq!(&heard[1], &happened);
    }
}
