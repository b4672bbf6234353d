//! Containers: what lies in them, what they count, what moves, is copied and is removed with them.

use super::subject::{INLINE, Subject, long, moving, removal, text};
use super::{Check, Outcome, ensure, refused, same};
use crate::dice::Dice;
use mapi_engine::backend::{Change, Expected, ObjectId, ObjectKind, Objects, QUEUE_NUMBER, ScanKind, Scope, Store, Want};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, Property, Value, tags};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "each kind of scan lists its own kinds of children, by arrival", run: kinds },
    Check { name: "a folder's counts equal a recount after any changes", run: counters },
    Check { name: "a soft-deleted object shows only among the deleted, and can be restored", run: soft_deletion },
    Check { name: "a soft-deleted message takes its last values along, and can be copied", run: soft_deleted_values },
    Check { name: "what lies below a soft-deleted folder counts as deleted and comes back with it", run: soft_deleted_folder },
    Check { name: "removing for good removes everything below", run: removal_of_trees },
    Check { name: "a move keeps identifiers and takes along what lies below", run: moves },
    Check { name: "a folder cannot be moved into itself", run: cycles },
    Check { name: "a copy is a whole of its own", run: copies },
    Check { name: "several containers are read as one, each object once", run: scopes },
    Check { name: "the outgoing queue is in the order of its numbers", run: queue },
    Check { name: "the tags of a container cover all its rows", run: container_tags },
];

fn kinds(subject: &Subject) -> Outcome {
    let root = subject.root();
    let create = |parent: &ObjectId, kind| subject.create(parent, kind, &[]);
    let (folder, search) = (create(&root, ObjectKind::Folder)?, create(&root, ObjectKind::SearchFolder)?);
    let (message, associated) = (create(&root, ObjectKind::Message)?, create(&root, ObjectKind::Associated)?);
    let second = create(&root, ObjectKind::Message)?;
    let (recipient, attachment) = (create(&message, ObjectKind::Recipient)?, create(&message, ObjectKind::Attachment)?);
    let other_recipient = create(&message, ObjectKind::Recipient)?;
    let embedded = create(&attachment, ObjectKind::EmbeddedMessage)?;
    let inner = create(&embedded, ObjectKind::Recipient)?;
    let children = |container: &ObjectId, kind| subject.children(container, kind);
    same("subfolders", &children(&root, ScanKind::Subfolders)?, &vec![folder, search])?;
    same("contents", &children(&root, ScanKind::Contents)?, &vec![message.clone(), second])?;
    same("associated", &children(&root, ScanKind::Associated)?, &vec![associated])?;
    same("recipients", &children(&message, ScanKind::Recipients)?, &vec![recipient, other_recipient])?;
    same("attachments", &children(&message, ScanKind::Attachments)?, &vec![attachment.clone()])?;
    same("the embedded message", &children(&attachment, ScanKind::Contents)?, &vec![embedded.clone()])?;
    same("its recipients", &children(&embedded, ScanKind::Recipients)?, &vec![inner])?;
    let second_embedded = create(&attachment, ObjectKind::EmbeddedMessage);
    ensure(second_embedded.is_err(), || "an attachment got two embedded messages".to_owned())
}

const COUNTS: [PropTag; 7] = [
    tags::CONTENT_COUNT,
    tags::CONTENT_UNREAD,
    tags::ASSOC_CONTENT_COUNT,
    tags::SUBFOLDERS,
    tags::DELETED_MSG_COUNT,
    tags::DELETED_ASSOC_MSG_COUNT,
    tags::DELETED_FOLDER_COUNT,
];

/// The counts of a folder, recounted.
fn recount(subject: &Subject, folder: &ObjectId) -> Outcome<Vec<Value>> {
    let scan = |kind| subject.rows(&Scope::One(folder.clone()), kind, &[tags::MESSAGE_FLAGS], &[], &[]);
    let count = |number: usize| Value::Long(i32::try_from(number).unwrap_or(i32::MAX));
    let contents = scan(ScanKind::Contents)?;
    let read = |row: &&super::subject::FoundRow| matches!(row.cells[0], Some(Value::Long(flags)) if flags & 1 == 1);
    Ok(vec![
        count(contents.len()),
        count(contents.len() - contents.iter().filter(read).count()),
        count(scan(ScanKind::Associated)?.len()),
        Value::Boolean(!scan(ScanKind::Subfolders)?.is_empty()),
        count(scan(ScanKind::DeletedContents)?.len()),
        count(scan(ScanKind::DeletedAssociated)?.len()),
        count(scan(ScanKind::DeletedSubfolders)?.len()),
    ])
}

/// The counts of a folder, as `read`, `read_rows` and (for subfolders) `scan` tell them.
fn told(subject: &Subject, folder: &ObjectId) -> Outcome<Vec<Value>> {
    let (_, properties) = subject.store.read(folder, Want::Tags(&COUNTS), INLINE)?;
    let value = |tag: PropTag| properties.iter().find(|property| property.tag == tag).map(|property| property.value.clone());
    let read: Vec<_> = COUNTS.iter().map(|tag| value(*tag)).collect();
    let batch = subject.store.read_rows(std::slice::from_ref(folder), &COUNTS, 0)?;
    let rows: Vec<_> = batch.columns.iter().map(|column| column.value(0)).collect();
    same("counts as cells", &rows, &read)?;
    if let Some(parent) = subject.head(folder)?.parent.filter(|parent| parent != folder) {
        let listed = subject.rows(&Scope::One(parent), ScanKind::Subfolders, &COUNTS, &[], &[])?;
        if let Some(row) = listed.into_iter().find(|row| row.object == *folder) {
            same("counts in the hierarchy", &row.cells, &read)?;
        }
    }
    Ok(read.into_iter().map(|value| value.unwrap_or(Value::Null)).collect())
}

fn counters(subject: &Subject) -> Outcome {
    let dice = Dice::new(7);
    let root = subject.root();
    let mut folders = vec![root.clone()];
    for _ in 0..3 {
        folders.push(subject.create(&root, ObjectKind::Folder, &[])?);
    }
    let fixed = folders.len();
    let mut messages: Vec<ObjectId> = Vec::new();
    for step in 0..120 {
        let folder = dice.pick(&folders).clone();
        let kind = *dice.pick(&[ObjectKind::Message, ObjectKind::Message, ObjectKind::Associated]);
        let flags = [long(tags::MESSAGE_FLAGS, i32::from(dice.once_in(2)))];
        let given = if dice.once_in(3) { &[] } else { &flags[..] };
        let some = messages.get(dice.below(messages.len())).cloned();
        let result = match (dice.below(7), some) {
            (0 | 1, _) | (_, None) => {
                messages.push(subject.create(&folder, kind, given)?);
                Ok(())
            }
            (2, Some(message)) => {
                let (set, clear) = if dice.once_in(2) { (1, 0) } else { (0, 1) };
                subject.commit(vec![Change::Bits { object: message, tag: tags::MESSAGE_FLAGS, set, clear }]).map(|_| ())
            }
            (3, Some(message)) => subject.commit(vec![moving(&message, &folder, dice.once_in(2))]).map(|_| ()),
            (4, Some(message)) => subject.commit(vec![removal(&message, dice.once_in(2))]).map(|_| ()),
            (5, Some(message)) => {
                let object = subject.reserve()?;
                let (set, delete) = (subject.all_stored(given), vec![tags::SUBJECT]);
                let copy = Change::Copy { source: message, object: object.clone(), parent: folder, set, delete };
                subject.commit(vec![copy]).map(|_| messages.push(object))
            }
            (_, Some(_)) if dice.once_in(2) => {
                folders.push(subject.create(&root, ObjectKind::Folder, &[])?);
                Ok(())
            }
            (_, Some(message)) => subject.set(&message, given).map(|_| ()),
        };
        match result {
            Ok(()) => {}
            // Objects removed before are no matter here.
            Err(failure) if failure.code() == Code::ObjectDeleted => {}
            Err(failure) => return Err(failure.into()),
        }
        if folders.len() > fixed + 2 {
            let gone = folders.remove(fixed);
            subject.commit(vec![removal(&gone, dice.once_in(2))])?;
        }
        for folder in &folders {
            same(&format!("counts after step {step}"), &told(subject, folder)?, &recount(subject, folder)?)?;
        }
    }
    Ok(())
}

fn soft_deletion(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.soft_delete {
        return Ok(());
    }
    let root = subject.root();
    for (kind, live, deleted) in [
        (ObjectKind::Message, ScanKind::Contents, ScanKind::DeletedContents),
        (ObjectKind::Associated, ScanKind::Associated, ScanKind::DeletedAssociated),
        (ObjectKind::Folder, ScanKind::Subfolders, ScanKind::DeletedSubfolders),
    ] {
        let object = subject.create(&root, kind, &[text(tags::DISPLAY_NAME, "x")])?;
        let arrival = subject.head(&object)?.arrival;
        subject.commit(vec![removal(&object, false)])?;
        same("live", &subject.children(&root, live)?, &Vec::new())?;
        same("deleted", &subject.children(&root, deleted)?, &vec![object.clone()])?;
        ensure(subject.head(&object)?.deleted, || "a soft-deleted object does not say so".to_owned())?;
        refused("setting", subject.set(&object, &[text(tags::SUBJECT, "y")]), Code::ObjectDeleted)?;
        refused("moving", subject.commit(vec![moving(&object, &root, false)]), Code::ObjectDeleted)?;
        subject.commit(vec![moving(&object, &root, true)])?;
        same("live again", &subject.children(&root, live)?, &vec![object.clone()])?;
        same("deleted no more", &subject.children(&root, deleted)?, &Vec::new())?;
        ensure(subject.head(&object)?.arrival > arrival, || "a restored object did not arrive anew".to_owned())?;
        subject.commit(vec![removal(&object, false)])?;
        subject.commit(vec![removal(&object, true)])?;
        refused("reading what is removed for good", subject.head(&object), Code::NotFound)?;
    }
    Ok(())
}

/// Values may be set in the commit that deletes an object, and deleted in the one that restores it; a copy of
/// a deleted message is a live one.
fn soft_deleted_values(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.soft_delete {
        return Ok(());
    }
    let root = subject.root();
    let message = subject.create(&root, ObjectKind::Message, &[text(tags::SUBJECT, "x")])?;
    let version = subject.head(&message)?.version;
    let object = message.clone();
    let expected = Expected::Exists;
    let set = subject.all_stored(&[text(tags::COMMENT, "deleted")]);
    let mark = Change::Set { object: object.clone(), expected, set, delete: Vec::new(), quiet: true };
    subject.commit(vec![mark, removal(&message, false)])?;
    same("the mark", &subject.value(&message, tags::COMMENT)?, &Some(Value::Unicode("deleted".to_owned())))?;
    let copy = subject.reserve()?;
    let delete = vec![tags::COMMENT];
    let change = Change::Copy { source: object.clone(), object: copy.clone(), parent: root.clone(), set: Vec::new(), delete };
    subject.commit(vec![change])?;
    same("the copy", &subject.children(&root, ScanKind::Contents)?, &vec![copy.clone()])?;
    ensure(!subject.head(&copy)?.deleted, || "the copy of a deleted message is deleted".to_owned())?;
    let unmark = Change::Set { object, expected, set: Vec::new(), delete: vec![tags::COMMENT], quiet: true };
    subject.commit(vec![moving(&message, &root, true), unmark])?;
    same("the mark afterwards", &subject.value(&message, tags::COMMENT)?, &None)?;
    same("the version", &subject.head(&message)?.version, &version)
}

fn soft_deleted_folder(subject: &Subject) -> Outcome {
    if !subject.identity.capabilities.soft_delete {
        return Ok(());
    }
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let message = subject.create(&folder, ObjectKind::Message, &[])?;
    subject.commit(vec![removal(&folder, false)])?;
    ensure(subject.head(&message)?.deleted, || "a message below a deleted folder counts as live".to_owned())?;
    same("contents below", &subject.children(&folder, ScanKind::Contents)?, &vec![message.clone()])?;
    refused("setting below", subject.set(&message, &[]), Code::ObjectDeleted)?;
    let child = subject.reserve()?;
    let creation = subject.creation(&child, &folder, ObjectKind::Message, &[]);
    refused("creating below", subject.commit(vec![creation]), Code::ObjectDeleted)?;
    subject.commit(vec![moving(&folder, &root, true)])?;
    ensure(!subject.head(&message)?.deleted, || "a message of a restored folder still counts as deleted".to_owned())?;
    subject.set(&message, &[])?;
    Ok(())
}

fn removal_of_trees(subject: &Subject) -> Outcome {
    let root = subject.root();
    let top = subject.create(&root, ObjectKind::Folder, &[])?;
    let mut all = vec![top.clone()];
    let inner = subject.create(&top, ObjectKind::Folder, &[])?;
    for parent in [&top, &inner] {
        let message = subject.create(parent, ObjectKind::Message, &[])?;
        let attachment = subject.create(&message, ObjectKind::Attachment, &[])?;
        let embedded = subject.create(&attachment, ObjectKind::EmbeddedMessage, &[])?;
        all.extend([subject.create(&message, ObjectKind::Recipient, &[])?, message, attachment, embedded]);
    }
    all.push(inner);
    let used = subject.store.quota()?.used;
    subject.commit(vec![removal(&top, true)])?;
    for object in &all {
        refused("reading", subject.head(object), Code::NotFound)?;
    }
    same("rows", &subject.store.read_rows(&all, &[], 0)?.len(), &0)?;
    ensure(subject.store.quota()?.used <= used, || "removing made the store larger".to_owned())
}

fn moves(subject: &Subject) -> Outcome {
    let root = subject.root();
    let (from, to) = (subject.create(&root, ObjectKind::Folder, &[])?, subject.create(&root, ObjectKind::Folder, &[])?);
    let message = subject.create(&from, ObjectKind::Message, &[text(tags::SUBJECT, "x")])?;
    let recipient = subject.create(&message, ObjectKind::Recipient, &[])?;
    let set = subject.all_stored(&[long(tags::IMPORTANCE, 2)]);
    let expected = Expected::Version(subject.head(&message)?.version);
    subject.commit(vec![Change::Move { object: message.clone(), expected, parent: to.clone(), set, restore: false }])?;
    same("former contents", &subject.children(&from, ScanKind::Contents)?, &Vec::new())?;
    same("contents", &subject.children(&to, ScanKind::Contents)?, &vec![message.clone()])?;
    same("parent", &subject.head(&message)?.parent, &Some(to.clone()))?;
    same("values set on the way", &subject.value(&message, tags::IMPORTANCE)?, &Some(Value::Long(2)))?;
    same("recipients", &subject.children(&message, ScanKind::Recipients)?, &vec![recipient])?;
    subject.commit(vec![moving(&to, &from, false)])?;
    same("moved folder", &subject.children(&from, ScanKind::Subfolders)?, &vec![to.clone()])?;
    same("its contents", &subject.children(&to, ScanKind::Contents)?, &vec![message])
}

fn cycles(subject: &Subject) -> Outcome {
    let root = subject.root();
    let outer = subject.create(&root, ObjectKind::Folder, &[])?;
    let inner = subject.create(&outer, ObjectKind::Folder, &[])?;
    for target in [&outer, &inner] {
        let result = subject.commit(vec![moving(&outer, target, false)]);
        ensure(result.is_err(), || "a folder was moved into itself".to_owned())?;
    }
    let result = subject.commit(vec![moving(&root, &outer, false)]);
    ensure(result.is_err(), || "the root was moved".to_owned())?;
    let result = subject.commit(vec![removal(&root, true)]);
    ensure(result.is_err(), || "the root was removed".to_owned())?;
    same("subfolders", &subject.children(&root, ScanKind::Subfolders)?, &vec![outer])
}

fn copies(subject: &Subject) -> Outcome {
    let root = subject.root();
    let properties = [text(tags::SUBJECT, "x"), long(tags::IMPORTANCE, 1), long(tags::MESSAGE_FLAGS, 1)];
    let message = subject.create(&root, ObjectKind::Message, &properties)?;
    subject.create(&message, ObjectKind::Recipient, &[text(tags::DISPLAY_NAME, "Ann")])?;
    let attachment = subject.create(&message, ObjectKind::Attachment, &[text(tags::DISPLAY_NAME, "file")])?;
    let embedded = subject.create(&attachment, ObjectKind::EmbeddedMessage, &[text(tags::SUBJECT, "inner")])?;
    subject.create(&embedded, ObjectKind::Recipient, &[text(tags::DISPLAY_NAME, "Bob")])?;
    let copy = subject.reserve()?;
    let set = subject.all_stored(&[long(tags::IMPORTANCE, 2)]);
    let delete = vec![tags::MESSAGE_FLAGS];
    let change = Change::Copy { source: message.clone(), object: copy.clone(), parent: root.clone(), set, delete };
    subject.commit(vec![change])?;
    let (head, found) = subject.store.read(&copy, Want::All, INLINE)?;
    same("kind", &head.kind, &ObjectKind::Message)?;
    let by_tag = |properties: &[Property]| properties.iter().map(|p| (p.tag, p.value.clone())).collect::<BTreeMap<_, _>>();
    same("properties", &by_tag(&found).into_values().collect::<Vec<_>>(), &{
        by_tag(&[text(tags::SUBJECT, "x"), long(tags::IMPORTANCE, 2)]).into_values().collect()
    })?;
    let names = |object: &ObjectId, kind, tag| -> Outcome<Vec<(ObjectId, Option<Value>)>> {
        let rows = subject.rows(&Scope::One(object.clone()), kind, &[tag], &[], &[])?;
        Ok(rows.into_iter().map(|row| (row.object, row.cells[0].clone())).collect())
    };
    let only = |found: Vec<(ObjectId, Option<Value>)>, wanted: &str| -> Outcome<ObjectId> {
        same("copied children", &found.len(), &1)?;
        same("copied child", &found[0].1, &Some(Value::Unicode(wanted.to_owned())))?;
        Ok(found[0].0.clone())
    };
    only(names(&copy, ScanKind::Recipients, tags::DISPLAY_NAME)?, "Ann")?;
    let copied_attachment = only(names(&copy, ScanKind::Attachments, tags::DISPLAY_NAME)?, "file")?;
    ensure(copied_attachment != attachment, || "copy and original share an attachment".to_owned())?;
    let copied_embedded = only(names(&copied_attachment, ScanKind::Contents, tags::SUBJECT)?, "inner")?;
    only(names(&copied_embedded, ScanKind::Recipients, tags::DISPLAY_NAME)?, "Bob")?;
    subject.commit(vec![removal(&message, true)])?;
    only(names(&copied_embedded, ScanKind::Recipients, tags::DISPLAY_NAME)?, "Bob")?;
    same("contents", &subject.children(&root, ScanKind::Contents)?, &vec![copy])?;
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let object = subject.reserve()?;
    let change = Change::Copy { source: folder, object, parent: root, set: Vec::new(), delete: Vec::new() };
    ensure(subject.commit(vec![change]).is_err(), || "a folder was copied as if it were a message".to_owned())
}

fn scopes(subject: &Subject) -> Outcome {
    let root = subject.root();
    let outer = subject.create(&root, ObjectKind::Folder, &[])?;
    let inner = subject.create(&outer, ObjectKind::Folder, &[])?;
    let other = subject.create(&root, ObjectKind::Folder, &[])?;
    let search = subject.create(&outer, ObjectKind::SearchFolder, &[])?;
    let mut messages = Vec::new();
    for parent in [&other, &inner, &outer, &inner, &other] {
        messages.push((subject.create(parent, ObjectKind::Message, &[])?, parent));
    }
    let wanted = |parents: &[&ObjectId]| -> Vec<ObjectId> {
        messages.iter().filter(|(_, parent)| parents.contains(parent)).map(|(message, _)| message.clone()).collect()
    };
    for (containers, recursive, parents) in [
        (vec![outer.clone(), other.clone()], false, vec![&outer, &other]),
        (vec![outer.clone()], true, vec![&outer, &inner]),
        (vec![outer.clone(), inner.clone(), outer.clone()], true, vec![&outer, &inner]),
        (vec![root.clone()], true, vec![&outer, &inner, &other]),
        (vec![search.clone()], true, vec![]),
        (vec![], true, vec![]),
    ] {
        let scope = Scope::Several { containers, recursive };
        let rows = subject.rows(&scope, ScanKind::Contents, &[], &[], &[])?;
        let found: Vec<_> = rows.into_iter().map(|row| row.object).collect();
        same(&format!("rows of {scope:?}"), &found, &wanted(&parents))?;
    }
    let scope = Scope::Several { containers: vec![root], recursive: true };
    let request = mapi_engine::backend::ScanRequest {
        scope: &scope,
        kind: ScanKind::Contents,
        columns: &[],
        cell_limit: 0,
        filters: &[],
        order: &[],
        from: mapi_engine::backend::ScanFrom::Start,
        backwards: false,
        max: 100,
    };
    let batch = subject.store.scan(&request)?.batch;
    let parents: Vec<_> = messages.iter().map(|(_, parent)| (*parent).clone()).collect();
    same("parents of rows of several containers", &batch.parents, &parents)?;
    if subject.identity.capabilities.soft_delete {
        subject.commit(vec![removal(&inner, false)])?;
        let rows = subject.rows(&scope, ScanKind::Contents, &[], &[], &[])?;
        same("rows without those of a deleted folder", &rows.len(), &3)?;
    }
    Ok(())
}

fn queue(subject: &Subject) -> Outcome {
    let root = subject.root();
    let folder = subject.create(&root, ObjectKind::Folder, &[])?;
    let number = |value| Property::new(QUEUE_NUMBER, Value::I8(value));
    let third = subject.create(&root, ObjectKind::Message, &[number(30)])?;
    subject.create(&root, ObjectKind::Message, &[])?;
    let first = subject.create(&folder, ObjectKind::Message, &[number(10)])?;
    let second = subject.create(&root, ObjectKind::Message, &[])?;
    subject.set(&second, &[number(20)])?;
    let queue = || subject.children(&folder, ScanKind::Queue);
    same("queue", &queue()?, &vec![first.clone(), second.clone(), third.clone()])?;
    let sent =
        Change::Set { object: first, expected: Expected::Exists, set: Vec::new(), delete: vec![QUEUE_NUMBER], quiet: true };
    subject.commit(vec![sent, removal(&second, true)])?;
    same("queue afterwards", &queue()?, &vec![third])
}

fn container_tags(subject: &Subject) -> Outcome {
    let root = subject.root();
    subject.create(&root, ObjectKind::Message, &[text(tags::SUBJECT, "x")])?;
    let message = subject.create(&root, ObjectKind::Message, &[])?;
    subject.set(&message, &[long(tags::IMPORTANCE, 1)])?;
    subject.create(&root, ObjectKind::Associated, &[text(tags::COMMENT, "x")])?;
    let found: BTreeSet<PropTag> = subject.store.container_tags(&root, ScanKind::Contents)?.into_iter().collect();
    for tag in [tags::SUBJECT, tags::IMPORTANCE] {
        ensure(found.contains(&tag), || format!("the tags of a container lack {tag}: {found:?}"))?;
    }
    let associated = subject.store.container_tags(&root, ScanKind::Associated)?;
    ensure(associated.contains(&tags::COMMENT), || format!("the tags of associated rows lack PR_COMMENT: {associated:?}"))
}
