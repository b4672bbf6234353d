//! Objects: who they are and what they hold.

use super::subject::{INLINE, Subject, check_shape, long, text};
use super::{Check, Outcome, ensure, refused, same};
use mapi_engine::backend::{Change, Expected, ObjectId, ObjectKind, Objects, Store, Want};
use mapi_engine::error::Code;
use mapi_engine::properties::{FileTime, Guid, PropTag, Property, Value, tags};
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check { name: "the store object has no parent and the root is its own", run: identity },
    Check { name: "reserved identifiers are distinct", run: reservation },
    Check { name: "values of every type come back as they were stored", run: values },
    Check { name: "stored tags are listed ascending with their sizes", run: listed_tags },
    Check { name: "reading by tag ignores types and leaves absent properties out", run: reading_by_tag },
    Check { name: "an absent object is not found", run: absent },
    Check { name: "rows are read in the order asked for, vanished ones left out", run: rows_by_identifier },
    Check { name: "long cells are cut at whole characters", run: cut_cells },
    Check { name: "deleted properties are gone and set ones replace", run: set_and_delete },
];

fn identity(subject: &Subject) -> Outcome {
    let identity = &subject.identity;
    same("uid", &subject.store.uid(), &identity.uid)?;
    ensure(identity.uid != Guid::default(), || "the uid is all zero".to_owned())?;
    let store = subject.head(&identity.store)?;
    same("kind of the store object", &store.kind, &ObjectKind::Store)?;
    same("parent of the store object", &store.parent, &None)?;
    let root = subject.head(&identity.root)?;
    same("kind of the root", &root.kind, &ObjectKind::Folder)?;
    same("parent of the root", &root.parent, &Some(identity.root.clone()))?;
    same("identity, asked again", &subject.store.identity(), identity)
}

fn reservation(subject: &Subject) -> Outcome {
    let mut seen = BTreeSet::new();
    for count in [0, 1, 3, 100] {
        let reserved = subject.store.reserve(count)?;
        same("number of identifiers", &reserved.len(), &(count as usize))?;
        seen.extend(reserved);
    }
    same("distinct identifiers", &seen.len(), &104)?;
    let created = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    ensure(!seen.contains(&created), || "a reserved identifier was given out again".to_owned())
}

/// One value of each storable type, edge cases among them.
fn specimens() -> Vec<Property> {
    let values = vec![
        Value::I2(i16::MIN),
        Value::Long(i32::MIN),
        Value::R4(-1.5),
        Value::Double(f64::INFINITY),
        Value::Currency(i64::MIN),
        Value::AppTime(-0.0),
        Value::Boolean(true),
        Value::I8(i64::MAX),
        Value::Unicode(String::new()),
        Value::Unicode("Grüße 🦀 \u{0}inside".replace('\u{0}', "")),
        Value::SysTime(FileTime(u64::MAX)),
        Value::SysTime(FileTime(0)),
        Value::Clsid(Guid([0xAB; 16])),
        Value::SvrEid(vec![1, 2, 3]),
        Value::Binary(Vec::new()),
        Value::Binary((0..=255).collect()),
        Value::Actions(vec![9; 9]),
        Value::MvI2(vec![1, -1]),
        Value::MvLong(vec![i32::MAX, 0]),
        Value::MvR4(vec![0.25]),
        Value::MvDouble(vec![1.0, -2.0]),
        Value::MvCurrency(vec![1]),
        Value::MvAppTime(vec![3.5]),
        Value::MvI8(vec![i64::MIN]),
        Value::MvUnicode(vec![String::new(), "b".into()]),
        Value::MvSysTime(vec![FileTime(5)]),
        Value::MvClsid(vec![Guid([1; 16]), Guid([2; 16])]),
        Value::MvBinary(vec![Vec::new(), vec![0]]),
    ];
    let tagged = values.into_iter().zip(0x6600_u16..).map(|(value, id)| Property::new(PropTag(u32::from(id) << 16), value));
    tagged.collect()
}

fn values(subject: &Subject) -> Outcome {
    let wanted = specimens();
    let object = subject.create(&subject.root(), ObjectKind::Message, &wanted)?;
    let (head, mut found) = subject.store.read(&object, Want::All, INLINE)?;
    found.sort_by_key(|property| property.tag);
    same("values", &found, &wanted)?;
    same("kind", &head.kind, &ObjectKind::Message)?;
    same("parent", &head.parent, &Some(subject.root()))?;
    ensure(!head.deleted, || "a new object counts as deleted".to_owned())?;
    let columns: Vec<PropTag> = wanted.iter().map(|property| property.tag).collect();
    let batch = subject.store.read_rows(&[object], &columns, 0)?;
    check_shape(&batch, &columns)?;
    for (column, property) in batch.columns.iter().zip(&wanted) {
        same("cell", &column.value(0), &Some(property.value.clone()))?;
    }
    Ok(())
}

fn listed_tags(subject: &Subject) -> Outcome {
    let wanted = specimens();
    let object = subject.create(&subject.root(), ObjectKind::Message, &wanted)?;
    let found: Vec<_> = subject.store.list_tags(&object)?.into_iter().map(|found| (found.tag, found.size)).collect();
    let wanted: Vec<_> = wanted.iter().map(|property| (property.tag, property.value.size())).collect();
    same("tags and sizes", &found, &wanted)
}

fn reading_by_tag(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[text(tags::SUBJECT, "x")])?;
    let asked = [tags::SUBJECT.with_kind(mapi_engine::properties::PropType::LONG), tags::BODY];
    let (_, found) = subject.store.read(&object, Want::Tags(&asked), INLINE)?;
    same("properties", &found, &vec![text(tags::SUBJECT, "x")])
}

fn absent(subject: &Subject) -> Outcome {
    let reserved = subject.reserve()?;
    for object in [reserved, ObjectId::from(u64::MAX), foreign()] {
        refused("reading", subject.store.read(&object, Want::All, INLINE), Code::NotFound)?;
        refused("listing tags", subject.store.list_tags(&object), Code::NotFound)?;
        refused("reading a range", subject.store.read_range(&object, tags::BODY, 0, 1), Code::NotFound)?;
        refused("setting", subject.set(&object, &[]), Code::ObjectDeleted)?;
        same("children", &subject.children(&object, mapi_engine::backend::ScanKind::Contents)?.len(), &0)?;
    }
    Ok(())
}

/// An identifier no backend of this kind would make.
fn foreign() -> ObjectId {
    ObjectId::new(&[0xEE; 255]).unwrap_or_else(|| ObjectId::from(u64::MAX - 1))
}

fn rows_by_identifier(subject: &Subject) -> Outcome {
    let root = subject.root();
    let objects = (0..5)
        .map(|number| subject.create(&root, ObjectKind::Message, &[long(tags::IMPORTANCE, number)]))
        .collect::<Outcome<Vec<_>>>()?;
    let asked = [objects[3].clone(), foreign(), objects[0].clone(), objects[3].clone()];
    let columns = [tags::IMPORTANCE, tags::SUBJECT];
    let batch = subject.store.read_rows(&asked, &columns, 0)?;
    check_shape(&batch, &columns)?;
    same("rows", &batch.ids, &vec![objects[3].clone(), objects[0].clone(), objects[3].clone()])?;
    let cells: Vec<_> = (0..3).map(|row| batch.columns[0].value(row)).collect();
    same("cells", &cells, &vec![Some(Value::Long(3)), Some(Value::Long(0)), Some(Value::Long(3))])?;
    same("absent cell", &batch.columns[1].value(0), &None)
}

fn cut_cells(subject: &Subject) -> Outcome {
    let long = text(tags::SUBJECT, "aé🦀b");
    let binary = Property::new(tags::SEARCH_KEY, Value::Binary(vec![7; 20]));
    let object = subject.create(&subject.root(), ObjectKind::Message, &[long, binary])?;
    let columns = [tags::SUBJECT, tags::SEARCH_KEY];
    for (limit, wanted, bytes) in [(3, "aé", 6), (4, "aé🦀", 8), (1, "a", 2), (0, "aé🦀b", 20), (100, "aé🦀b", 20)] {
        let batch = subject.store.read_rows(std::slice::from_ref(&object), &columns, limit)?;
        same("text cut", &batch.columns[0].value(0), &Some(Value::Unicode(wanted.to_owned())))?;
        same("bytes cut", &batch.columns[1].value(0), &Some(Value::Binary(vec![7; bytes])))?;
    }
    Ok(())
}

fn set_and_delete(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[text(tags::SUBJECT, "a"), long(tags::IMPORTANCE, 1)])?;
    let change = Change::Set {
        object: object.clone(),
        expected: Expected::Exists,
        set: subject.all_stored(&[text(tags::SUBJECT, "b")]),
        // Types are ignored, absent properties too.
        delete: vec![tags::IMPORTANCE.with_kind(mapi_engine::properties::PropType::UNICODE), tags::BODY],
        quiet: false,
    };
    subject.commit(vec![change])?;
    let (_, found) = subject.store.read(&object, Want::All, INLINE)?;
    same("properties", &found, &vec![text(tags::SUBJECT, "b")])
}
