//! Commits: all or nothing, versions, arrival numbers, races.

use super::subject::{Subject, long, moving, removal, text};
use super::{Check, Outcome, ensure, refused, same};
use mapi_engine::backend::{Change, Expected, ObjectKind, Objects, ScanKind};
use mapi_engine::error::Code;
use mapi_engine::properties::{Value, tags};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a commit that fails changes nothing", run: atomicity },
    Check { name: "a lost race is MAPI_E_OBJECT_CHANGED", run: lost_race },
    Check { name: "content changes raise the version, quiet ones and moves keep it", run: versions },
    Check { name: "arrival numbers rise and are given on entering a container", run: arrivals },
    Check { name: "a commit answers version and arrival of each changed object", run: answers },
    Check { name: "objects created in a commit may be named later in it", run: forward_names },
    Check { name: "an identifier in use is MAPI_E_COLLISION", run: collisions },
    Check { name: "changes of removed objects are MAPI_E_OBJECT_DELETED", run: deleted },
    Check { name: "bits are set and cleared", run: bits },
    #[cfg(not(target_family = "wasm"))]
    Check { name: "two writers never lose an update", run: two_writers },
];

fn atomicity(subject: &Subject) -> Outcome {
    let root = subject.root();
    let kept = subject.create(&root, ObjectKind::Message, &[text(tags::SUBJECT, "kept")])?;
    let before = subject.head(&kept)?;
    let cursor = subject.store.feed_cursor();
    let created = subject.reserve()?;
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let cursor_after_folder = subject.store.feed_cursor();
    ensure(cursor.is_err() || cursor != cursor_after_folder, || "a commit does not move the feed".to_owned())?;
    let changes = vec![
        subject.creation(&created, &root, ObjectKind::Message, &[text(tags::SUBJECT, "new")]),
        subject.setting(&kept, Expected::Exists, &[text(tags::SUBJECT, "changed"), text(tags::BODY, "more")]),
        Change::Bits { object: kept.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 },
        moving(&kept, &folder, false),
        removal(&folder, true),
        subject.setting(&folder, Expected::Exists, &[]),
    ];
    refused("a commit that names a removed folder", subject.commit(changes), Code::ObjectDeleted)?;
    same("head", &subject.head(&kept)?, &before)?;
    same("subject", &subject.value(&kept, tags::SUBJECT)?, &Some(Value::Unicode("kept".into())))?;
    same("body", &subject.value(&kept, tags::BODY)?, &None)?;
    same("flags", &subject.value(&kept, tags::MESSAGE_FLAGS)?, &None)?;
    refused("the created object", subject.head(&created), Code::NotFound)?;
    same("contents", &subject.children(&root, ScanKind::Contents)?, &vec![kept])?;
    same("subfolders", &subject.children(&root, ScanKind::Subfolders)?, &vec![folder])?;
    same("count", &subject.value(&root, tags::CONTENT_COUNT)?, &Some(Value::Long(1)))?;
    same("unread", &subject.value(&root, tags::CONTENT_UNREAD)?, &Some(Value::Long(1)))?;
    same("feed", &subject.store.feed_cursor(), &cursor_after_folder)
}

fn lost_race(subject: &Subject) -> Outcome {
    let message = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    let version = subject.head(&message)?.version;
    let change = |subject_text: &str| {
        subject.commit(vec![subject.setting(&message, Expected::Version(version), &[text(tags::SUBJECT, subject_text)])])
    };
    change("first")?;
    refused("the second change from one version", change("second"), Code::ObjectChanged)?;
    same("subject", &subject.value(&message, tags::SUBJECT)?, &Some(Value::Unicode("first".into())))?;
    let remove = Change::Remove { object: message.clone(), expected: Expected::Version(version), hard: true };
    refused("a removal from an old version", subject.commit(vec![remove]), Code::ObjectChanged)?;
    subject.set(&message, &[text(tags::SUBJECT, "forced")])?;
    same("subject", &subject.value(&message, tags::SUBJECT)?, &Some(Value::Unicode("forced".into())))
}

fn versions(subject: &Subject) -> Outcome {
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let message = subject.create(&root, ObjectKind::Message, &[])?;
    let first = subject.head(&message)?.version;
    subject.commit(vec![Change::Bits { object: message.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 }])?;
    let quiet = Change::Set {
        object: message.clone(),
        expected: Expected::Version(first),
        set: subject.all_stored(&[long(tags::MSG_STATUS, 4)]),
        delete: Vec::new(),
        quiet: true,
    };
    subject.commit(vec![quiet])?;
    subject.commit(vec![moving(&message, &folder, false)])?;
    same("version after quiet changes and a move", &subject.head(&message)?.version, &first)?;
    subject.set(&message, &[text(tags::SUBJECT, "x")])?;
    let second = subject.head(&message)?.version;
    ensure(second > first, || format!("a content change took the version from {first} to {second}"))
}

fn arrivals(subject: &Subject) -> Outcome {
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let (a, b) = (subject.create(&root, ObjectKind::Message, &[])?, subject.create(&root, ObjectKind::Message, &[])?);
    let arrival = |object| subject.head(object).map(|head| head.arrival);
    ensure(arrival(&a)? < arrival(&b)?, || "the second message did not arrive later".to_owned())?;
    let before = arrival(&a)?;
    subject.set(&a, &[text(tags::SUBJECT, "x")])?;
    same("arrival after a save", &arrival(&a)?, &before)?;
    subject.commit(vec![moving(&a, &folder, false)])?;
    ensure(arrival(&a)? > arrival(&b)?, || "a moved message has no new arrival number".to_owned())?;
    let newest = arrival(&a)?;
    subject.commit(vec![removal(&a, true)])?;
    let c = subject.create(&root, ObjectKind::Message, &[])?;
    ensure(arrival(&c)? > newest, || "an arrival number was used again".to_owned())
}

fn answers(subject: &Subject) -> Outcome {
    let root = subject.root();
    let (a, b) = (subject.reserve()?, subject.reserve()?);
    let committed = subject.commit(vec![
        subject.creation(&a, &root, ObjectKind::Message, &[]),
        subject.creation(&b, &root, ObjectKind::Message, &[]),
    ])?;
    let heads = [subject.head(&a)?, subject.head(&b)?];
    same("answers", &committed.objects, &heads.iter().map(|head| (head.version, head.arrival)).collect())?;
    let committed =
        subject.commit(vec![subject.setting(&b, Expected::Exists, &[text(tags::SUBJECT, "x")]), removal(&a, true)])?;
    let head = subject.head(&b)?;
    same("number of answers", &committed.objects.len(), &2)?;
    same("answer", &committed.objects[0], &(head.version, head.arrival))?;
    match subject.store.feed_cursor() {
        Ok(cursor) => same("cursor", &committed.cursor, &cursor),
        Err(_) => Ok(()),
    }
}

fn forward_names(subject: &Subject) -> Outcome {
    let root = subject.root();
    let (folder, message, recipient) = (subject.reserve()?, subject.reserve()?, subject.reserve()?);
    subject.commit(vec![
        subject.creation(&folder, &root, ObjectKind::Folder, &[]),
        subject.creation(&message, &folder, ObjectKind::Message, &[]),
        subject.creation(&recipient, &message, ObjectKind::Recipient, &[]),
        subject.setting(&message, Expected::Exists, &[text(tags::SUBJECT, "x")]),
    ])?;
    same("contents", &subject.children(&folder, ScanKind::Contents)?, &vec![message.clone()])?;
    same("recipients", &subject.children(&message, ScanKind::Recipients)?, &vec![recipient])?;
    same("subject", &subject.value(&message, tags::SUBJECT)?, &Some(Value::Unicode("x".into())))
}

fn collisions(subject: &Subject) -> Outcome {
    let root = subject.root();
    let message = subject.create(&root, ObjectKind::Message, &[])?;
    let again = || subject.commit(vec![subject.creation(&message, &root, ObjectKind::Message, &[])]);
    refused("creating an object twice", again(), Code::Collision)?;
    let copy = Change::Copy {
        source: message.clone(),
        object: message.clone(),
        parent: root.clone(),
        set: Vec::new(),
        delete: Vec::new(),
    };
    refused("copying onto itself", subject.commit(vec![copy]), Code::Collision)
}

fn deleted(subject: &Subject) -> Outcome {
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let message = subject.create(&folder, ObjectKind::Message, &[])?;
    let child = subject.reserve()?;
    subject.commit(vec![removal(&folder, true)])?;
    refused("reading below a removed folder", subject.head(&message), Code::NotFound)?;
    refused("setting", subject.set(&message, &[]), Code::ObjectDeleted)?;
    refused("removing again", subject.commit(vec![removal(&folder, true)]), Code::ObjectDeleted)?;
    refused("moving", subject.commit(vec![moving(&message, &root, false)]), Code::ObjectDeleted)?;
    let creation = subject.creation(&child, &folder, ObjectKind::Message, &[]);
    refused("creating in a removed folder", subject.commit(vec![creation]), Code::ObjectDeleted)
}

fn bits(subject: &Subject) -> Outcome {
    let message = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    for (set, clear, wanted) in [(0x8000_0005, 0, 0x8000_0005_u32), (2, 4, 0x8000_0003), (1, 1, 0x8000_0003), (0, u32::MAX, 0)] {
        subject.commit(vec![Change::Bits { object: message.clone(), tag: tags::MESSAGE_FLAGS, set, clear }])?;
        same("bits", &subject.value(&message, tags::MESSAGE_FLAGS)?, &Some(Value::Long(wanted.cast_signed())))?;
    }
    Ok(())
}

/// Needs threads.
#[cfg(not(target_family = "wasm"))]
fn two_writers(subject: &Subject) -> Outcome {
    use super::Broken;
    use std::sync::Arc;
    const WRITERS: i32 = 4;
    const STEPS: i32 = 25;
    let message = subject.create(&subject.root(), ObjectKind::Message, &[long(tags::IMPORTANCE, 0)])?;
    let work = |store: super::SharedStore| -> Outcome {
        let subject = Subject::new(store)?;
        let mut done = 0;
        while done < STEPS {
            let version = subject.head(&message)?.version;
            let Some(Value::Long(count)) = subject.value(&message, tags::IMPORTANCE)? else {
                return Err(Broken("the counter vanished".to_owned()));
            };
            let change = subject.setting(&message, Expected::Version(version), &[long(tags::IMPORTANCE, count + 1)]);
            match subject.commit(vec![change]) {
                Ok(_) => done += 1,
                Err(failure) if failure.code() == Code::ObjectChanged => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| work(Arc::clone(&subject.store)))).collect();
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or_else(|_| Err(Broken("a writer panicked".to_owned()))))
    })?;
    same("the counter", &subject.value(&message, tags::IMPORTANCE)?, &Some(Value::Long(WRITERS * STEPS)))
}
