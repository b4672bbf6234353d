//! Values too large for one call: staged in pieces, read in ranges.

use super::subject::{INLINE, Subject, text};
use super::{Check, Outcome, ensure, refused, same};
use mapi_engine::backend::{Change, Expected, ObjectId, ObjectKind, Objects, StagedValue, StoredProperty, StoredValue, Want};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, PropType, Property, Value, tags};

pub(super) const CHECKS: &[Check] = &[
    Check { name: "a staged value is stored with the object and read in ranges", run: staged_binary },
    Check { name: "staged text is UTF-8 and keeps its size in UTF-16", run: staged_text },
    Check { name: "a staged value survives a commit that failed", run: staged_retry },
    Check { name: "an unknown or forgotten staged value is not found", run: unknown_staged },
    Check { name: "a long inline value is stored as any other", run: long_inline },
    Check { name: "a large value is copied, replaced and removed with its object", run: lifecycle },
];

const DATA: PropTag = PropTag(0x3701_0102);

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 31 % 251).unwrap_or_default()).collect()
}

fn stage(subject: &Subject, value: &[u8], size: u64) -> Outcome<StagedValue> {
    let number = subject.store.stage()?;
    for piece in value.chunks(70_001) {
        subject.store.append(number, piece)?;
    }
    Ok(StagedValue { number, size })
}

fn with_staged(object: &ObjectId, tag: PropTag, staged: StagedValue) -> Change {
    let property = StoredProperty { tag, value: StoredValue::Staged(staged), order_key: None, folded: None };
    Change::Set { object: object.clone(), expected: Expected::Exists, set: vec![property], delete: Vec::new(), quiet: false }
}

fn check_ranges(subject: &Subject, object: &ObjectId, tag: PropTag, wanted: &[u8]) -> Outcome {
    let length = wanted.len() as u64;
    for (offset, count) in [(0, 10), (length / 2, 65_536), (length - 3, 100), (length, 5), (u64::MAX, 5), (0, 0), (0, u32::MAX)] {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(wanted.len());
        let end = start.saturating_add(count as usize).min(wanted.len());
        let found = subject.store.read_range(object, tag, offset, count)?;
        ensure(found == wanted[start..end], || format!("bytes {offset}..+{count} of a large value are wrong"))?;
    }
    Ok(())
}

fn staged_binary(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    let value = bytes(300_000);
    let staged = stage(subject, &value, 300_000)?;
    subject.commit(vec![with_staged(&object, DATA, staged)])?;
    check_ranges(subject, &object, DATA, &value)?;
    let sizes: Vec<_> = subject.store.list_tags(&object)?.into_iter().map(|found| (found.tag, found.size)).collect();
    same("size", &sizes, &vec![(DATA, 300_000)])?;
    let (_, found) = subject.store.read(&object, Want::All, INLINE)?;
    let too_long = Property { tag: DATA.with_kind(PropType::ERROR), value: Value::Error(Code::NotEnoughMemory.raw()) };
    same("a long value read inline", &found, &vec![too_long])?;
    let (_, found) = subject.store.read(&object, Want::All, 300_000)?;
    same("a value as long as the limit", &found, &vec![Property::new(DATA, Value::Binary(value))])?;
    refused("appending to a used value", subject.store.append(staged.number, b"x"), Code::NotFound)
}

fn staged_text(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    let value = "Grüße 🦀 ".repeat(20_000);
    let size = 2 * value.encode_utf16().count() as u64;
    let staged = stage(subject, value.as_bytes(), size)?;
    subject.commit(vec![with_staged(&object, tags::BODY, staged)])?;
    check_ranges(subject, &object, tags::BODY, value.as_bytes())?;
    let sizes: Vec<_> = subject.store.list_tags(&object)?.into_iter().map(|found| (found.tag, found.size)).collect();
    same("size", &sizes, &vec![(tags::BODY, size)])?;
    let batch = subject.store.read_rows(std::slice::from_ref(&object), &[tags::BODY], 8)?;
    same("cut cell of a large text", &batch.columns[0].value(0), &Some(Value::Unicode("Grüße 🦀".into())))?;
    subject.commit(vec![with_staged(&object, DATA, stage(subject, b"", 0)?)])?;
    same("an empty staged value", &subject.value(&object, DATA)?, &Some(Value::Binary(Vec::new())))
}

fn staged_retry(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    let value = bytes(100_000);
    let staged = stage(subject, &value, 100_000)?;
    let mut change = with_staged(&object, DATA, staged);
    if let Change::Set { expected, .. } = &mut change {
        *expected = Expected::Version(u64::MAX);
    }
    refused("a lost race", subject.commit(vec![change]), Code::ObjectChanged)?;
    subject.commit(vec![with_staged(&object, DATA, staged)])?;
    check_ranges(subject, &object, DATA, &value)
}

fn unknown_staged(subject: &Subject) -> Outcome {
    let object = subject.create(&subject.root(), ObjectKind::Message, &[])?;
    refused("appending", subject.store.append(u64::MAX, b"x"), Code::NotFound)?;
    let staged = stage(subject, b"x", 1)?;
    subject.store.discard(staged.number);
    subject.store.discard(staged.number);
    refused("appending to a discarded value", subject.store.append(staged.number, b"x"), Code::NotFound)?;
    let result = subject.commit(vec![with_staged(&object, DATA, staged)]);
    ensure(result.is_err(), || "a discarded value was stored".to_owned())?;
    same("properties", &subject.store.list_tags(&object)?, &Vec::new())?;
    refused("reading an absent property", subject.store.read_range(&object, DATA, 0, 1), Code::NotFound)
}

fn long_inline(subject: &Subject) -> Outcome {
    let (value, words) = (bytes(200_000), "words ".repeat(30_000));
    let properties = [Property::new(DATA, Value::Binary(value.clone())), text(tags::BODY, &words)];
    let object = subject.create(&subject.root(), ObjectKind::Message, &properties)?;
    check_ranges(subject, &object, DATA, &value)?;
    check_ranges(subject, &object, tags::BODY, words.as_bytes())?;
    let (_, mut found) = subject.store.read(&object, Want::All, u32::MAX)?;
    found.sort_by_key(|property| property.tag);
    let mut wanted = properties.to_vec();
    wanted.sort_by_key(|property| property.tag);
    ensure(found == wanted, || "long inline values came back different".to_owned())
}

fn lifecycle(subject: &Subject) -> Outcome {
    let root = subject.root();
    let (first, second) = (bytes(150_000), bytes(160_000));
    let object = subject.create(&root, ObjectKind::Message, &[])?;
    let attachment = subject.create(&object, ObjectKind::Attachment, &[])?;
    for target in [&object, &attachment] {
        subject.commit(vec![with_staged(target, DATA, stage(subject, &first, 150_000)?)])?;
    }
    let copy = subject.reserve()?;
    let change = Change::Copy { source: object.clone(), object: copy.clone(), parent: root, set: Vec::new(), delete: Vec::new() };
    subject.commit(vec![change])?;
    subject.commit(vec![with_staged(&object, DATA, stage(subject, &second, 160_000)?)])?;
    check_ranges(subject, &object, DATA, &second)?;
    check_ranges(subject, &copy, DATA, &first)?;
    subject.commit(vec![super::subject::removal(&object, true)])?;
    check_ranges(subject, &copy, DATA, &first)?;
    let attachments = subject.children(&copy, mapi_engine::backend::ScanKind::Attachments)?;
    check_ranges(subject, &attachments[0], DATA, &first)
}
