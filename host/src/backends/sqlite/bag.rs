//! The properties of an object while they change: its bag as it is stored, and what differs from it. Most commits
//! touch a few properties of many, so what stays is never taken apart.

use crate::backends::sqlite::encoding::{Body, Entries, Entry, Large};
use crate::backends::sqlite::stored::{Stored, late_form};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{ObjectKind, QUEUE_NUMBER};
use mapi_engine::properties::{PropTag, PropType, tags};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

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
    fn as_entry(&self) -> Entry<'_> {
        let body = match &self.body {
            NewBody::Inline(bytes) => Body::Inline(bytes),
            NewBody::Large(large) => Body::Large(*large),
        };
        Entry { tag: self.tag, body, key: self.key.as_deref(), unsearched: self.unsearched }
    }

    fn of(entry: &Entry<'_>) -> Self {
        let body = match entry.body {
            Body::Inline(bytes) => NewBody::Inline(bytes.to_vec()),
            Body::Large(large) => NewBody::Large(large),
        };
        Self { tag: entry.tag, body, key: entry.key.map(<[u8]>::to_vec), unsearched: entry.unsearched }
    }
}

/// What is left of a property that was replaced or deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Former {
    pub(super) tag: PropTag,
    /// The large value it had.
    pub(super) large: Option<Large>,
    pub(super) unsearched: bool,
}

impl Former {
    fn of(entry: &Entry<'_>) -> Self {
        let large = match entry.body {
            Body::Large(large) => Some(large),
            Body::Inline(_) => None,
        };
        Self { tag: entry.tag, large, unsearched: entry.unsearched }
    }
}

/// The properties of an object while they change.
#[derive(Debug, Default)]
pub(super) struct Bag {
    stored: Vec<u8>,
    /// Where in `stored` each property is, ascending by identifier.
    places: Vec<(u16, Range<usize>)>,
    /// What differs; `None`: the object has it no more.
    changes: BTreeMap<u16, Option<NewEntry>>,
}

impl Bag {
    /// The properties of a stored object.
    pub(super) fn of(stored: Stored<'_>) -> Outcome<Self> {
        let mut entries = stored.bag();
        let bytes = entries.left();
        let mut places = Vec::with_capacity(bytes.len() / 16);
        let mut start = 0;
        while let Some(entry) = entries.next() {
            let end = bytes.len() - entries.left().len();
            places.push((entry?.tag.id(), start..end));
            start = end;
        }
        let (gone, late) = stored.late();
        let mut changes: BTreeMap<u16, Option<NewEntry>> = gone.map(|id| (id, None)).collect();
        for entry in late {
            let entry = entry?;
            changes.insert(entry.tag.id(), Some(NewEntry::of(&entry)));
        }
        Ok(Self { stored: bytes.to_vec(), places, changes })
    }

    fn stored_entry(&self, place: &Range<usize>) -> Option<Entry<'_>> {
        Entries::new(self.stored.get(place.clone())?).next()?.ok()
    }

    /// The property with that identifier.
    pub(super) fn get(&self, id: u16) -> Option<Entry<'_>> {
        match self.changes.get(&id) {
            Some(change) => change.as_ref().map(NewEntry::as_entry),
            None => {
                let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
                self.stored_entry(&self.places.get(at)?.1)
            }
        }
    }

    /// All properties, in no particular order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let kept = self.places.iter().filter(|(id, _)| !self.changes.contains_key(id));
        let new = self.changes.values().flatten().map(NewEntry::as_entry);
        kept.filter_map(|(_, place)| self.stored_entry(place)).chain(new)
    }

    /// Adds a property or replaces it.
    pub(super) fn insert(&mut self, entry: NewEntry) -> Option<Former> {
        let former = self.get(entry.tag.id()).map(|entry| Former::of(&entry));
        self.changes.insert(entry.tag.id(), Some(entry));
        former
    }

    /// Takes a property away.
    pub(super) fn remove(&mut self, id: u16) -> Option<Former> {
        let former = self.get(id).map(|entry| Former::of(&entry))?;
        self.changes.insert(id, None);
        Some(former)
    }

    /// Changes what is kept beside the value of a property; whether the object has it.
    pub(super) fn amend(&mut self, id: u16, amend: impl FnOnce(&mut NewEntry)) -> bool {
        let Some(mut entry) = self.get(id).map(|entry| NewEntry::of(&entry)) else { return false };
        amend(&mut entry);
        self.changes.insert(id, Some(entry));
        true
    }

    /// The stored form of what differs from the bag.
    pub(super) fn late(&self) -> Vec<u8> {
        let stored = |id: &u16| self.places.binary_search_by_key(id, |(id, _)| *id).is_ok();
        let gone: Vec<u16> =
            self.changes.iter().filter(|(id, change)| change.is_none() && stored(id)).map(|(id, _)| *id).collect();
        late_form(&gone, self.changes.values().flatten().map(NewEntry::as_entry))
    }

    /// The stored form of all of them as one bag.
    pub(super) fn whole(&self) -> Cow<'_, [u8]> {
        if self.changes.is_empty() {
            return Cow::Borrowed(&self.stored);
        }
        let mut out = Vec::with_capacity(self.stored.len().max(512) + 64 * self.changes.len());
        let mut copied = 0;
        for (id, change) in &self.changes {
            let at = self.places.partition_point(|(known, _)| known < id);
            let place = self.places.get(at);
            let start = place.map_or(self.stored.len(), |(_, place)| place.start);
            out.extend_from_slice(self.stored.get(copied..start).unwrap_or_default());
            copied = place.filter(|(known, _)| known == id).map_or(start, |(_, place)| place.end);
            if let Some(entry) = change {
                entry.as_entry().write(&mut out);
            }
        }
        out.extend_from_slice(self.stored.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// The order key of a property, if its type has that order.
    pub(super) fn key(&self, tag: PropTag) -> Option<&[u8]> {
        self.get(tag.id()).filter(|entry| entry.tag.kind().same_family(tag.kind())).and_then(|entry| entry.key)
    }

    /// A property of the type `PT_LONG`.
    pub(super) fn long(&self, tag: PropTag) -> Option<u32> {
        self.number(tag, PropType::LONG).map(u32::from_le_bytes)
    }

    fn number<const N: usize>(&self, tag: PropTag, kind: PropType) -> Option<[u8; N]> {
        match self.get(tag.id()).filter(|entry| entry.tag.kind() == kind)?.body {
            Body::Inline(bytes) => bytes.try_into().ok(),
            Body::Large(_) => None,
        }
    }

    /// A message is unread while bit 0 of its flags is clear.
    pub(super) fn unread(&self, kind: ObjectKind) -> bool {
        matches!(kind, ObjectKind::Message | ObjectKind::DistributionList)
            && self.long(tags::MESSAGE_FLAGS).unwrap_or_default() & 1 == 0
    }

    /// The place of a message in the outgoing queue.
    pub(super) fn queue_number(&self, kind: ObjectKind) -> Option<i64> {
        if kind != ObjectKind::Message {
            return None;
        }
        self.number(QUEUE_NUMBER, PropType::I8).map(i64::from_le_bytes)
    }
}

impl FromIterator<NewEntry> for Bag {
    fn from_iter<I: IntoIterator<Item = NewEntry>>(entries: I) -> Self {
        Self { changes: entries.into_iter().map(|entry| (entry.tag.id(), Some(entry))).collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(id: u16, value: Vec<u8>) -> NewEntry {
        let key = id.is_multiple_of(3).then(|| value.clone());
        NewEntry { tag: PropTag::new(id, PropType::BINARY), body: NewBody::Inline(value), key, unsearched: id.is_multiple_of(5) }
    }

    fn plain(bag: &BTreeMap<u16, NewEntry>) -> Vec<u8> {
        let mut out = Vec::new();
        bag.values().for_each(|entry| entry.as_entry().write(&mut out));
        out
    }

    proptest! {
        #[test]
        fn a_changed_bag_is_read_as_if_made_anew(
            first in prop::collection::btree_map(1..24_u16, prop::collection::vec(any::<u8>(), 0..6), 0..12),
            changes in prop::collection::vec((1..24_u16, prop::option::of(prop::collection::vec(any::<u8>(), 0..6)), any::<bool>()), 0..12),
        ) {
            let mut model: BTreeMap<u16, NewEntry> = first.into_iter().map(|(id, value)| (id, entry(id, value))).collect();
            let written = model.values().cloned().collect::<Bag>().whole().into_owned();
            let mut bag = Bag::of(Stored::new(&written, &[]).unwrap()).unwrap();
            for (id, change, again) in changes {
                let (former, known) = match change {
                    Some(value) => (bag.insert(entry(id, value.clone())), model.insert(id, entry(id, value))),
                    None => (bag.remove(id), model.remove(&id)),
                };
                prop_assert_eq!(former.map(|former| former.tag), known.map(|known| known.tag));
                if again {
                    let late = bag.late();
                    bag = Bag::of(Stored::new(&written, &late).unwrap()).unwrap();
                }
            }
            prop_assert_eq!(&*bag.whole(), &*plain(&model));
            let late = bag.late();
            let stored = Stored::new(&written, &late).unwrap();
            let read: Vec<Entry<'_>> = stored.entries().map(Outcome::unwrap).collect();
            prop_assert_eq!(read, model.values().map(NewEntry::as_entry).collect::<Vec<_>>());
            let mut entries: Vec<Entry<'_>> = bag.entries().collect();
            entries.sort_by_key(|entry| entry.tag.id());
            prop_assert_eq!(entries, model.values().map(NewEntry::as_entry).collect::<Vec<_>>());
            for id in 0..25 {
                prop_assert_eq!(bag.get(id), model.get(&id).map(NewEntry::as_entry));
                prop_assert_eq!(stored.find(id).unwrap(), model.get(&id).map(NewEntry::as_entry));
            }
        }
    }
}
