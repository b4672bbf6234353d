//! Address books: containers hold users and lists, lists hold their members, and names are resolved or left
//! to the session.

use crate::report::{Broken, Outcome, Report, caught, ensure, refused, same};
use crate::stores::subject::check_shape;
use mapi_engine::backend::{
    AddressBook, Change, Commit, Committed, Expected, ObjectId, ObjectKind, Objects, OrderKey, PlanRequest, Resolution, ScanFrom,
    ScanKind, ScanRequest, Scope, StoredProperty, StoredValue, Support, Want,
};
use mapi_engine::collation;
use mapi_engine::error::{Code, Result};
use mapi_engine::properties::{Guid, Property, Value, tags};
use std::sync::Arc;

/// An address book under test. Where there are threads, several use it.
#[cfg(not(target_family = "wasm"))]
pub(crate) type SharedBook = Arc<dyn AddressBook + Send + Sync>;

/// An address book under test.
#[cfg(target_family = "wasm")]
pub(crate) type SharedBook = Arc<dyn AddressBook>;

/// The checks: what must hold, and how it is looked at.
type Check = (&'static str, fn(&SharedBook) -> Outcome);

const CHECKS: &[Check] = &[
    ("the root is a container and its own parent", identity),
    ("users and lists are the contents of a container", contents),
    ("a list is the container of its members", members),
    ("a removed list takes its members along", removal),
    ("a copied list has members of its own, in any order", copied),
    ("of two changes of one version the second is refused", conflict),
    ("names get one answer each, or none of them", resolution),
    ("the feed tells of entries and of members", feed),
];

/// Runs every check, each on an address book of its own, which must be writable.
pub fn address_book_suite<B: AddressBook + Send + Sync + 'static>(make: impl Fn() -> Arc<B>) -> Report {
    let mut report = Report::default();
    for (name, run) in CHECKS {
        report.note(name, caught(|| run(&(make() as SharedBook))));
    }
    report
}

/// The checks, for those who run them by name.
#[cfg(target_family = "wasm")]
pub(crate) mod named {
    use super::{CHECKS, SharedBook};
    use crate::report::Outcome;
    use mapi_engine::error::Result;

    pub(crate) fn all() -> Vec<&'static str> {
        CHECKS.iter().map(|(name, _)| *name).collect()
    }

    pub(crate) fn run(name: &str, make: impl FnOnce() -> Result<SharedBook>) -> Option<Outcome> {
        let (_, check) = CHECKS.iter().find(|(known, _)| *known == name)?;
        Some(make().map_err(Into::into).and_then(|book| check(&book)))
    }
}

fn stored(book: &SharedBook, property: Property) -> StoredProperty {
    let index = book.identity().index;
    let ordered = index.ordered.iter().any(|tag| tag.id() == property.tag.id());
    let searched = index.searched.iter().any(|tag| tag.id() == property.tag.id());
    let order_key = if ordered { collation::order_key(&property.value) } else { None };
    let folded = match &property.value {
        Value::Unicode(text) if searched => Some(collation::fold(text).into_owned()),
        _ => None,
    };
    StoredProperty { tag: property.tag, value: StoredValue::Inline(property.value), order_key, folded }
}

fn name(name: &str) -> Property {
    Property::new(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()))
}

fn commit(book: &SharedBook, changes: Vec<Change>) -> Result<Committed> {
    book.commit(Commit { changes, ..Commit::default() })
}

fn create(book: &SharedBook, parent: &ObjectId, kind: ObjectKind, called: &str) -> Outcome<ObjectId> {
    let object = book.reserve(1)?.pop().ok_or_else(|| Broken("reserve answered no identifier".to_owned()))?;
    let properties = vec![stored(book, name(called))];
    let change = Change::Create { object: object.clone(), parent: parent.clone(), kind, properties };
    let committed = commit(book, vec![change])?;
    let (head, _) = book.read(&object, Want::Tags(&[]), 0)?;
    let answered = committed.objects == [(head.version, head.arrival)];
    ensure(answered, || "a commit answers another version or arrival number than it stored".to_owned())?;
    Ok(object)
}

fn container(book: &SharedBook) -> Outcome<ObjectId> {
    create(book, &book.identity().root, ObjectKind::Folder, "Container")
}

/// The children of a kind by pages of two, with their kinds.
fn children(book: &SharedBook, parent: &ObjectId, kind: ScanKind) -> Outcome<Vec<(ObjectId, ObjectKind)>> {
    let scope = Scope::One(parent.clone());
    let (mut found, mut from) = (Vec::new(), ScanFrom::Start);
    loop {
        let page = book.scan(&ScanRequest {
            scope: &scope,
            kind,
            columns: &[tags::DISPLAY_NAME],
            cell_limit: 0,
            filters: &[],
            order: &[],
            from,
            backwards: false,
            max: 2,
        })?;
        check_shape(&page.batch, &[tags::DISPLAY_NAME])?;
        found.extend(page.batch.ids.into_iter().zip(page.batch.kinds));
        match page.last {
            Some(last) if page.more => from = ScanFrom::After(last),
            _ => return Ok(found),
        }
        ensure(found.len() < 1_000, || "the pages do not end".to_owned())?;
    }
}

fn identity(book: &SharedBook) -> Outcome {
    let identity = book.identity();
    same("uid", &book.uid(), &identity.uid)?;
    ensure(identity.uid != Guid::default(), || "the uid is all zero".to_owned())?;
    ensure(identity.writable, || "the suite needs an address book it may change".to_owned())?;
    let (root, _) = book.read(&identity.root, Want::Tags(&[]), 0)?;
    same("kind of the root", &root.kind, &ObjectKind::Folder)?;
    same("parent of the root", &root.parent, &Some(identity.root.clone()))?;
    let before = children(book, &identity.root, ScanKind::Subfolders)?;
    let made = container(book)?;
    let after = children(book, &identity.root, ScanKind::Subfolders)?;
    same("containers at the top", &after.len(), &(before.len() + 1))?;
    ensure(after.contains(&(made, ObjectKind::Folder)), || "a new container is not listed".to_owned())
}

fn contents(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let mut wanted = Vec::new();
    for (called, kind) in [("Ann", ObjectKind::Message), ("Team", ObjectKind::DistributionList), ("Bob", ObjectKind::Message)] {
        wanted.push((create(book, &container, kind, called)?, kind));
    }
    same("contents in the order they came", &children(book, &container, ScanKind::Contents)?, &wanted)?;
    same("containers below", &children(book, &container, ScanKind::Subfolders)?, &Vec::new())
}

fn members(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let list = create(book, &container, ObjectKind::DistributionList, "Team")?;
    let mut wanted = Vec::new();
    for (called, kind) in [("Ann", ObjectKind::Message), ("Inner", ObjectKind::DistributionList), ("Cy", ObjectKind::Message)] {
        wanted.push((create(book, &list, kind, called)?, kind));
    }
    same("members in the order they came", &children(book, &list, ScanKind::Contents)?, &wanted)?;
    let inside = children(book, &container, ScanKind::Contents)?;
    same("contents of the container", &inside, &vec![(list.clone(), ObjectKind::DistributionList)])?;
    let (head, _) = book.read(&wanted[0].0, Want::Tags(&[]), 0)?;
    same("parent of a member", &head.parent, &Some(list.clone()))?;
    let change = Change::Remove { object: wanted.remove(0).0, expected: Expected::Exists, hard: true };
    commit(book, vec![change])?;
    same("members after one was removed", &children(book, &list, ScanKind::Contents)?, &wanted)
}

fn removal(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let list = create(book, &container, ObjectKind::DistributionList, "Team")?;
    let member = create(book, &list, ObjectKind::Message, "Ann")?;
    commit(book, vec![Change::Remove { object: list.clone(), expected: Expected::Exists, hard: true }])?;
    for gone in [list, member] {
        refused("reading what was removed", book.read(&gone, Want::Tags(&[]), 0), Code::NotFound)?;
    }
    same("contents of the container", &children(book, &container, ScanKind::Contents)?, &Vec::new())
}

fn copied(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let list = create(book, &container, ObjectKind::DistributionList, "Team")?;
    for called in ["Mia", "Ann", "Zoe"] {
        create(book, &list, ObjectKind::Message, called)?;
    }
    let copy = book.reserve(1)?.pop().ok_or_else(|| Broken("reserve answered no identifier".to_owned()))?;
    let (source, object, parent) = (list.clone(), copy.clone(), container);
    commit(book, vec![Change::Copy { source, object, parent, set: Vec::new(), delete: Vec::new() }])?;
    let inside = children(book, &copy, ScanKind::Contents)?;
    same("members of the copy", &inside.len(), &3)?;
    ensure(inside.iter().all(|(member, _)| *member != list), || "the list is a member of its copy".to_owned())?;
    same("names of the members by name", &by_name(book, &copy)?, &["Ann", "Mia", "Zoe"].map(String::from).to_vec())?;
    commit(book, vec![Change::Remove { object: inside[0].0.clone(), expected: Expected::Exists, hard: true }])?;
    same("after one was removed", &by_name(book, &copy)?, &["Ann", "Zoe"].map(String::from).to_vec())?;
    same("members of the list copied from", &children(book, &list, ScanKind::Contents)?.len(), &3)
}

/// The names of the members of a list in the order the book has of them, or in ours if it has none.
fn by_name(book: &SharedBook, list: &ObjectId) -> Outcome<Vec<String>> {
    let scope = Scope::One(list.clone());
    let order = [OrderKey { tag: tags::DISPLAY_NAME, descending: false }];
    let (kind, columns) = (ScanKind::Contents, [tags::DISPLAY_NAME]);
    let plan = book.plan(&PlanRequest { scope: &scope, kind, filters: &[], order: &order })?;
    let ordered = plan.order == Support::Exact;
    let page = book.scan(&ScanRequest {
        scope: &scope,
        kind,
        columns: &columns,
        cell_limit: 0,
        filters: &[],
        order: if ordered { &order } else { &[] },
        from: ScanFrom::Start,
        backwards: false,
        max: 100,
    })?;
    check_shape(&page.batch, &columns)?;
    let cells = (0..page.batch.len()).map(|row| page.batch.columns[0].value(row));
    let mut names: Vec<String> =
        cells.map(|cell| if let Some(Value::Unicode(name)) = cell { name } else { String::new() }).collect();
    if !ordered {
        names.sort();
    }
    Ok(names)
}

fn conflict(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let entry = create(book, &container, ObjectKind::Message, "Ann")?;
    let (head, _) = book.read(&entry, Want::Tags(&[]), 0)?;
    let change = |called: &str| Change::Set {
        object: entry.clone(),
        expected: Expected::Version(head.version),
        set: vec![stored(book, name(called))],
        delete: Vec::new(),
        quiet: false,
    };
    commit(book, vec![change("Anna")])?;
    refused("a change of an old version", commit(book, vec![change("Annette")]), Code::ObjectChanged)?;
    let (_, values) = book.read(&entry, Want::Tags(&[tags::DISPLAY_NAME]), 4096)?;
    same("name", &values, &vec![name("Anna")])
}

fn resolution(book: &SharedBook) -> Outcome {
    let container = container(book)?;
    let entries =
        [create(book, &container, ObjectKind::Message, "Ann Lee")?, create(book, &container, ObjectKind::Message, "Bob")?];
    let names = ["ann".to_owned(), "nobody at all".to_owned()];
    for addresses_only in [false, true] {
        match book.resolve(&container, &names, &[tags::DISPLAY_NAME], addresses_only) {
            Err(failure) if failure.code() == Code::NoSupport => {}
            Err(failure) => return Err(failure.into()),
            Ok(answers) => {
                same("answers", &answers.len(), &names.len())?;
                for answer in answers {
                    if let Resolution::Resolved(object, _) = answer {
                        ensure(entries.contains(&object), || format!("{object:?} is no entry of the container"))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn feed(book: &SharedBook) -> Outcome {
    if !book.identity().feed {
        return refused("the cursor of a feed there is not", book.feed_cursor(), Code::NoSupport);
    }
    let container = container(book)?;
    let list = create(book, &container, ObjectKind::DistributionList, "Team")?;
    let since = book.feed_cursor()?;
    let user = create(book, &container, ObjectKind::Message, "Ann")?;
    let member = create(book, &list, ObjectKind::Message, "Ann")?;
    let page = book.changes(&since, 100)?;
    ensure(!page.more, || "the feed promises more than there is".to_owned())?;
    let told = |object: &ObjectId, parent: &ObjectId| {
        page.records.iter().any(|record| record.object == *object && record.parent == *parent)
    };
    ensure(told(&user, &container), || "the feed does not tell of a new entry".to_owned())?;
    ensure(told(&member, &list), || "the feed does not tell of a new member".to_owned())
}
