//! The properties of an object while they change, between two of their stored forms.

use crate::backends::sqlite::encoding::{Body, Entries, Entry, Large};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{ObjectKind, QUEUE_NUMBER};
use mapi_engine::properties::{PropTag, PropType, tags};
use std::collections::BTreeMap;

/// A property about to be stored.
#[derive(Clone, Debug)]
pub(super) struct NewEntry {
    pub(super) tag: PropTag,
    pub(super) body: NewBody,
    pub(super) key: Option<Vec<u8>>,
    pub(super) unsearched: bool,
}

#[derive(Clone, Debug)]
pub(super) enum NewBody {
    Inline(Vec<u8>),
    Large(Large),
}

impl NewEntry {
    pub(super) fn as_entry(&self) -> Entry<'_> {
        let body = match &self.body {
            NewBody::Inline(bytes) => Body::Inline(bytes),
            NewBody::Large(large) => Body::Large(*large),
        };
        Entry { tag: self.tag, body, key: self.key.as_deref(), unsearched: self.unsearched }
    }

    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let body = match entry.body {
            Body::Inline(bytes) => NewBody::Inline(bytes.to_vec()),
            Body::Large(large) => NewBody::Large(large),
        };
        Self { tag: entry.tag, body, key: entry.key.map(<[u8]>::to_vec), unsearched: entry.unsearched }
    }

    pub(super) fn long(&self) -> Option<u32> {
        match &self.body {
            NewBody::Inline(bytes) if self.tag.kind() == PropType::LONG => {
                Some(u32::from_le_bytes(bytes.as_slice().try_into().ok()?))
            }
            _ => None,
        }
    }

    pub(super) fn i8(&self) -> Option<i64> {
        match &self.body {
            NewBody::Inline(bytes) if self.tag.kind() == PropType::I8 => {
                Some(i64::from_le_bytes(bytes.as_slice().try_into().ok()?))
            }
            _ => None,
        }
    }
}

/// The properties of an object while they change.
pub(super) type Bag = BTreeMap<u16, NewEntry>;

pub(super) fn bag_of(props: &[u8]) -> Outcome<Bag> {
    Entries::new(props)
        .map(|entry| {
            let entry = entry?;
            Ok((entry.tag.id(), NewEntry::of(&entry)))
        })
        .collect()
}

pub(super) fn stored(bag: &Bag) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    for entry in bag.values() {
        entry.as_entry().write(&mut out);
    }
    out
}

pub(super) fn key_in(bag: &Bag, tag: u32) -> Option<&[u8]> {
    let tag = PropTag(tag);
    bag.get(&tag.id()).filter(|entry| entry.tag.kind().same_family(tag.kind())).and_then(|entry| entry.key.as_deref())
}

/// A message is unread while bit 0 of its flags is clear.
pub(super) fn unread(kind: ObjectKind, bag: &Bag) -> bool {
    matches!(kind, ObjectKind::Message | ObjectKind::DistributionList)
        && bag.get(&tags::MESSAGE_FLAGS.id()).and_then(NewEntry::long).unwrap_or_default() & 1 == 0
}

pub(super) fn queue_number(kind: ObjectKind, bag: &Bag) -> Option<i64> {
    if kind == ObjectKind::Message { bag.get(&QUEUE_NUMBER.id()).and_then(NewEntry::i8) } else { None }
}
