//! What outlives the opening.

use super::subject::{Subject, named, removal, text};
use super::{Open, Outcome, ensure, same};
use mapi_engine::backend::{ObjectKind, Objects, ScanKind, StagedValue, Store, StoredProperty, StoredValue};
use mapi_engine::properties::{Value, tags};

type Run = fn(Open<'_>) -> Outcome;

pub(super) const CHECKS: &[(&str, Run)] = &[
    ("objects, counts, versions and the feed outlive the opening", objects),
    ("identifiers and arrival numbers are not used again after a reopening", numbers),
    ("names keep their identifiers after a reopening", names),
    ("staged values that were never committed vanish", staged),
];

fn objects(open: Open<'_>) -> Outcome {
    let subject = Subject::new(open()?)?;
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let message = subject.create(&folder, ObjectKind::Message, &[text(tags::SUBJECT, "kept")])?;
    let gone = subject.create(&folder, ObjectKind::Message, &[])?;
    let cursor = subject.store.feed_cursor().ok();
    subject.commit(vec![removal(&gone, true)])?;
    let (head, identity) = (subject.head(&message)?, subject.identity.clone());
    drop(subject);
    let subject = Subject::new(open()?)?;
    same("identity", &subject.identity, &identity)?;
    same("head", &subject.head(&message)?, &head)?;
    same("subject", &subject.value(&message, tags::SUBJECT)?, &Some(Value::Unicode("kept".into())))?;
    same("contents", &subject.children(&folder, ScanKind::Contents)?, &vec![message])?;
    same("count", &subject.value(&folder, tags::CONTENT_COUNT)?, &Some(Value::Long(1)))?;
    if let Some(cursor) = cursor {
        let page = subject.store.changes(&cursor, 10)?;
        let objects: Vec<_> = page.records.into_iter().map(|record| record.object).collect();
        ensure(page.gap || objects == [gone], || format!("the feed goes on with {objects:?}"))?;
    }
    subject.is_sound()
}

fn numbers(open: Open<'_>) -> Outcome {
    let subject = Subject::new(open()?)?;
    let root = subject.root();
    let reserved = subject.reserve()?;
    let removed = subject.create(&root, ObjectKind::Message, &[])?;
    let arrival = subject.head(&removed)?.arrival;
    subject.commit(vec![removal(&removed, true)])?;
    drop(subject);
    let subject = Subject::new(open()?)?;
    let created = subject.create(&root, ObjectKind::Message, &[])?;
    ensure(created != reserved && created != removed, || "an identifier was used again".to_owned())?;
    ensure(subject.head(&created)?.arrival > arrival, || "an arrival number was used again".to_owned())
}

fn names(open: Open<'_>) -> Outcome {
    let subject = Subject::new(open()?)?;
    let ids = subject.store.ids_of_names(&[named(900), named(901)], true)?;
    drop(subject);
    let subject = Subject::new(open()?)?;
    same("identifiers", &subject.store.ids_of_names(&[named(900), named(901)], false)?, &ids)
}

fn staged(open: Open<'_>) -> Outcome {
    let subject = Subject::new(open()?)?;
    let root = subject.root();
    let number = subject.store.stage()?;
    subject.store.append(number, &[1; 100_000])?;
    drop(subject);
    let subject = Subject::new(open()?)?;
    let object = subject.reserve()?;
    let value = StoredValue::Staged(StagedValue { number, size: 100_000 });
    let property = StoredProperty { tag: tags::BODY, value, order_key: None, folded: None };
    let creation =
        mapi_engine::backend::Change::Create { object, parent: root, kind: ObjectKind::Message, properties: vec![property] };
    ensure(subject.commit(vec![creation]).is_err(), || "a staged value of a former opening was stored".to_owned())?;
    subject.is_sound()
}
