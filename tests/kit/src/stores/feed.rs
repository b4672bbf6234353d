//! The change feed: everything that happened, once, in order.

use super::subject::{Subject, long, moving, removal, text};
use super::{Broken, Check, Outcome, ensure, refused, same};
use mapi_engine::backend::{Change, Commit, Expected, FeedCursor, FeedRecord, FeedVerb, ObjectKind, Objects};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, tags};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "every change is in the feed once, in order, with its verb", run: verbs },
    Check { name: "the feed tells commits, tokens and deliveries apart", run: commits },
    Check { name: "the feed is read on from a cursor in pages of any size", run: pages },
    Check { name: "a cursor that is none is a gap or refused, never a wrong page", run: garbage },
    Check { name: "without a feed, asking for one is MAPI_E_NO_SUPPORT", run: no_feed },
];

/// Everything after a cursor, by pages of that size.
fn read_all(subject: &Subject, since: &FeedCursor, max: u32) -> Outcome<Vec<FeedRecord>> {
    let mut records = Vec::new();
    let mut since = since.clone();
    for _ in 0..1000 {
        let page = subject.store.changes(&since, max)?;
        ensure(!page.gap, || "the feed reports a gap".to_owned())?;
        ensure(!page.more || !page.records.is_empty(), || "an empty page says there are more".to_owned())?;
        records.extend(page.records);
        since = page.cursor;
        if !page.more {
            same("the cursor at the end", &since, &subject.store.feed_cursor()?)?;
            return Ok(records);
        }
    }
    Err(Broken("the feed does not end".to_owned()))
}

fn verbs(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.feed {
        return Ok(());
    }
    let root = subject.root();
    let start = subject.store.feed_cursor()?;
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let message = subject.create(&root, ObjectKind::Message, &[])?;
    subject.set(&message, &[text(tags::SUBJECT, "x")])?;
    subject.commit(vec![Change::Bits { object: message.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 }])?;
    subject.commit(vec![moving(&message, &folder, false)])?;
    let copy = subject.reserve()?;
    let copying =
        Change::Copy { source: message.clone(), object: copy.clone(), parent: root.clone(), set: Vec::new(), delete: Vec::new() };
    subject.commit(vec![copying])?;
    let soft = subject.identity.capabilities.soft_delete;
    subject.commit(vec![removal(&copy, false)])?;
    subject.commit(vec![removal(&message, true)])?;
    let records = read_all(subject, &start, 100)?;
    let found: Vec<_> =
        records.iter().map(|record| (record.object.clone(), record.kind, record.parent.clone(), record.verb.clone())).collect();
    let wanted = vec![
        (folder.clone(), ObjectKind::Folder, root.clone(), FeedVerb::Created),
        (message.clone(), ObjectKind::Message, root.clone(), FeedVerb::Created),
        (message.clone(), ObjectKind::Message, root.clone(), FeedVerb::Modified),
        (message.clone(), ObjectKind::Message, root.clone(), FeedVerb::Modified),
        (message.clone(), ObjectKind::Message, folder.clone(), FeedVerb::Moved { from: root.clone() }),
        (
            copy.clone(),
            ObjectKind::Message,
            root.clone(),
            FeedVerb::Copied { source: message.clone(), source_parent: folder.clone() },
        ),
        (copy, ObjectKind::Message, root, FeedVerb::Deleted { soft }),
        (message, ObjectKind::Message, folder, FeedVerb::Deleted { soft: false }),
    ];
    same("records", &found, &wanted)?;
    let told = |record: &FeedRecord, tag: PropTag| record.tags.is_empty() || record.tags.iter().any(|t| t.id() == tag.id());
    ensure(told(&records[2], tags::SUBJECT) && told(&records[3], tags::MESSAGE_FLAGS), || {
        "a record lists tags, but not the one that changed".to_owned()
    })
}

fn commits(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.feed {
        return Ok(());
    }
    let root = subject.root();
    let start = subject.store.feed_cursor()?;
    let objects = subject.store.reserve(3)?;
    let create = |number: usize| subject.creation(&objects[number], &root, ObjectKind::Message, &[]);
    let both = Commit { changes: vec![create(0), create(1)], token: u64::MAX, ..Commit::default() };
    subject.store.commit(both)?;
    let lost = Commit { changes: vec![create(2), removal(&objects[0], true), removal(&objects[0], true)], ..Commit::default() };
    ensure(subject.store.commit(lost).is_err(), || "removing twice in one commit was accepted".to_owned())?;
    let delivered = Commit { changes: vec![create(2)], token: 7, delivery: true, ..Commit::default() };
    let committed = subject.store.commit(delivered)?;
    let records = read_all(subject, &start, 100)?;
    let found: Vec<_> = records.iter().map(|record| (record.object.clone(), record.token, record.delivery)).collect();
    let wanted =
        vec![(objects[0].clone(), u64::MAX, false), (objects[1].clone(), u64::MAX, false), (objects[2].clone(), 7, true)];
    same("records", &found, &wanted)?;
    ensure(records[0].commit == records[1].commit && records[1].commit < records[2].commit, || {
        "records of one commit have different numbers, or of two the same".to_owned()
    })?;
    same("changes behind the committed cursor", &subject.store.changes(&committed.cursor, 10)?.records, &Vec::new())
}

fn pages(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.feed {
        return Ok(());
    }
    let start = subject.store.feed_cursor()?;
    let message = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    for number in 0..20 {
        subject.set(&message, &[long(tags::IMPORTANCE, number)])?;
    }
    // Pages end inside a commit of many records, too.
    let objects = subject.store.reserve(9)?;
    let many = objects.iter().map(|object| subject.creation(object, &subject.root(), ObjectKind::Message, &[])).collect();
    subject.commit(many)?;
    let whole = read_all(subject, &start, 1000)?;
    same("records", &whole.len(), &30)?;
    for max in [0, 1, 2, 4, 7, 29, 30, 31] {
        same(&format!("records by pages of {max}"), &read_all(subject, &start, max)?, &whole)?;
    }
    let change = subject.setting(&message, Expected::Exists, &[]);
    subject.commit(vec![change])?;
    same("records after another change", &read_all(subject, &start, 5)?.len(), &31)
}

fn garbage(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.feed {
        return Ok(());
    }
    subject.create(&subject.root(), ObjectKind::Message, &[])?;
    let newest = subject.store.feed_cursor()?;
    let mut beyond = newest.0.clone();
    beyond.iter_mut().for_each(|byte| *byte = 0xFF);
    let cut = newest.0.get(1..).unwrap_or_default().to_vec();
    for bytes in [Vec::new(), vec![0xFF], beyond, cut, vec![7; 300]] {
        match subject.store.changes(&FeedCursor(bytes.clone()), 10) {
            Ok(page) => ensure(page.gap, || format!("the cursor {bytes:?} was believed"))?,
            Err(failure) => {
                let code = failure.code();
                ensure(code == Code::InvalidParameter, || format!("the cursor {bytes:?} was refused with {code}"))?;
            }
        }
    }
    Ok(())
}

fn no_feed(subject: &Subject) -> Outcome {
    if subject.identity.capabilities.feed {
        return Ok(());
    }
    refused("the cursor", subject.store.feed_cursor(), Code::NoSupport)?;
    refused("changes", subject.store.changes(&FeedCursor::default(), 1), Code::NoSupport)
}
