//! The rows a view holds: their identifiers and keys in one arena, and what is known of each (`tables` 2, 6.1).
//!
//! A row is a slot; slots keep their number while the row is in the view, so that cursor and bookmarks name them.

use super::Reading;
use super::sequence::Sequence;
use crate::backend::{Batch, ObjectId};
use crate::error::{Code, Failure, Result};
use crate::properties::{Value, ValueRef};
use crate::tables::instances::RowId;
use crate::tables::order::{ViewOrder, compare_bytes, number_at, prefix};
use std::cmp::Ordering;

/// Bytes of keys and identifiers a view may hold, so that one table cannot exhaust the session.
const MAX_BYTES: usize = 512 << 20;

/// Bytes of forgotten keys and identifiers before the arena is tidied up.
const TIDY_ABOVE: usize = 1 << 20;

/// `MSGFLAG_READ`.
const READ: i32 = 1;

/// One row: where its bytes are in the arena, one part behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    start: u32,
    key: u32,
    /// The order key of the property that orders categories by its extreme; empty: the row lacks it.
    extremum: u32,
    /// The category it lies in, in a categorised view.
    category: u32,
    /// `PR_INSTANCE_NUM`: which of the instances of its object it is.
    number: u32,
    /// `PR_INSTANCE_KEY`, in an itemised view.
    instance: u16,
    id: u8,
    unread: bool,
    live: bool,
}

impl Slot {
    fn length(self) -> u32 {
        u32::from(self.id) + self.key + u32::from(self.instance) + self.extremum
    }

    /// Where the key lies.
    fn key_place(self) -> (u32, u32) {
        let start = self.start + u32::from(self.id);
        (start, start + self.key)
    }
}

/// One row in a flat order: the first bytes of its key decide most comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    prefix: u64,
    pub(super) slot: u32,
}

impl super::sequence::Item for Entry {}

impl Entry {
    /// The first bytes of the row's key.
    pub(super) fn prefix(&self) -> u64 {
        self.prefix
    }
}

/// The rows by their slots.
#[derive(Default)]
pub(super) struct Rows {
    arena: Vec<u8>,
    forgotten: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Numbers given back since an operation began: none of them names another row before its end.
    released: Vec<u32>,
    /// Slots by identifier, made when the first change comes.
    by_id: Option<Sequence<u32>>,
}

impl Rows {
    /// Rows with these keys and nothing else.
    #[cfg(test)]
    pub(super) fn of_keys(keys: &[Vec<u8>]) -> Self {
        let mut rows = Self::default();
        for key in keys {
            let (start, key_length) = (u32::try_from(rows.arena.len()).unwrap(), u32::try_from(key.len()).unwrap());
            rows.arena.extend_from_slice(key);
            rows.slots.push(Slot { start, key: key_length, live: true, ..Slot::default() });
        }
        rows
    }

    /// A number for a row that was written.
    pub(super) fn take_slot(&mut self, slot: Slot) -> Result<u32> {
        let number = match self.free.pop() {
            Some(free) => {
                self.slots[free as usize] = slot;
                free
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).map_err(|_| too_many())?
            }
        };
        if let Some(mut by_id) = self.by_id.take() {
            by_id.insert(by_id.search(|other| self.identity(*other) < self.identity(number)), number);
            self.by_id = Some(by_id);
        }
        Ok(number)
    }

    /// Gives a row its new bytes; it keeps its number, identifier and category.
    pub(super) fn overwrite(&mut self, number: u32, slot: Slot) {
        let old = &mut self.slots[number as usize];
        self.forgotten += old.length() as usize;
        *old = Slot { category: old.category, ..slot };
    }

    /// Gives a number back.
    pub(super) fn release(&mut self, number: u32) {
        if let Some(mut by_id) = self.by_id.take() {
            let found = by_id.search(|other| (self.identity(*other), *other) < (self.identity(number), number));
            if by_id.get(found) == Some(&number) {
                by_id.remove(found);
            }
            self.by_id = Some(by_id);
        }
        let slot = &mut self.slots[number as usize];
        slot.live = false;
        self.forgotten += slot.length() as usize;
        self.released.push(number);
    }

    /// The end of an operation: numbers given back may name other rows.
    pub(super) fn reuse_released(&mut self) {
        self.free.append(&mut self.released);
    }

    /// Whether the row is in the view.
    pub(super) fn is_live(&self, number: u32) -> bool {
        self.slots.get(number as usize).is_some_and(|slot| slot.live)
    }

    /// Writes the bytes of a row into the arena. Where the parts of its key that name its categories end is
    /// added to `cuts`.
    pub(super) fn write(
        &mut self,
        batch: &Batch,
        row: usize,
        order: &ViewOrder,
        reading: &Reading,
        cuts: &mut Vec<u32>,
    ) -> Result<Slot> {
        let start = self.arena.len();
        if start > MAX_BYTES {
            return Err(too_many());
        }
        let cell = |place: Option<usize>| batch.columns.get(place?)?.value_ref(row);
        let id = batch.ids[row].as_bytes();
        // As almost all are eight bytes long, the copy is made of known length: one of any length is a call out of
        // the component.
        match id.as_array::<8>() {
            Some(number) => self.arena.extend_from_slice(number),
            None => self.arena.extend_from_slice(id),
        }
        order.append(batch, row, &reading.keys, &mut self.arena, cuts);
        let key = self.arena.len() - start - id.len();
        if let Some(ValueRef::Bytes(bytes)) = cell(reading.instance) {
            self.arena.extend_from_slice(bytes);
        }
        let instance = self.arena.len() - start - id.len() - key;
        if let Some(value) = cell(reading.extremum) {
            order.append_extremum(&value, &mut self.arena);
        }
        let extremum = self.arena.len() - start - id.len() - key - instance;
        // Offsets within the arena are numbers of 32 bits.
        u32::try_from(self.arena.len()).map_err(|_| too_many())?;
        let flags = cell(reading.flags);
        let read = matches!(flags.as_ref().and_then(ValueRef::plain), Some(Value::Long(flags)) if flags & READ != 0);
        Ok(Slot {
            start: u32::try_from(start).map_err(|_| too_many())?,
            key: u32::try_from(key).map_err(|_| too_many())?,
            extremum: u32::try_from(extremum).map_err(|_| too_many())?,
            category: 0,
            number: number_at(batch, row, reading.number),
            instance: u16::try_from(instance).map_err(|_| too_many())?,
            id: u8::try_from(id.len()).unwrap_or(u8::MAX),
            unread: !read,
            live: true,
        })
    }

    pub(super) fn id(&self, slot: u32) -> &[u8] {
        let Slot { start, id, .. } = self.slots[slot as usize];
        self.bytes(start, start + u32::from(id))
    }

    /// Bytes of the arena.
    pub(super) fn bytes(&self, start: u32, end: u32) -> &[u8] {
        &self.arena[start as usize..end as usize]
    }

    /// Which of the instances of its object the row is.
    pub(super) fn number(&self, slot: u32) -> u32 {
        self.slots[slot as usize].number
    }

    /// What tells the row from all others.
    fn identity(&self, slot: u32) -> (&[u8], u32) {
        (self.id(slot), self.number(slot))
    }

    /// Orders rows by what they are rows of.
    pub(super) fn compare_identities(&self, a: u32, b: u32) -> Ordering {
        self.identity(a).cmp(&self.identity(b)).then(a.cmp(&b))
    }

    /// The rows of these slots that there are. What lies all over memory is fetched in loops that do nothing else, so
    /// that much of it is under way at a time.
    pub(super) fn ids_of(&self, slots: &[u32]) -> Vec<RowId> {
        let found: Vec<Slot> = slots.iter().filter_map(|slot| self.slots.get(*slot as usize)).copied().collect();
        let object = |slot: &Slot| ObjectId::new(self.bytes(slot.start, slot.start + u32::from(slot.id)));
        let objects: Vec<Option<ObjectId>> = found.iter().map(object).collect();
        let row = |(object, slot): (Option<ObjectId>, &Slot)| Some(RowId { object: object?, number: slot.number });
        objects.into_iter().zip(&found).filter_map(row).collect()
    }

    pub(super) fn id_of(&self, slot: u32) -> Option<RowId> {
        self.slots.get(slot as usize)?;
        Some(RowId { object: ObjectId::new(self.id(slot))?, number: self.number(slot) })
    }

    pub(super) fn key(&self, slot: u32) -> &[u8] {
        let (start, end) = self.key_place(slot);
        self.bytes(start, end)
    }

    /// Where in the arena the key of a row lies.
    pub(super) fn key_place(&self, slot: u32) -> (u32, u32) {
        self.slots[slot as usize].key_place()
    }

    /// The key of a row that was written.
    pub(super) fn key_of(&self, written: &Slot) -> &[u8] {
        let (start, end) = written.key_place();
        self.bytes(start, end)
    }

    pub(super) fn instance(&self, slot: u32) -> &[u8] {
        let slot = self.slots[slot as usize];
        let (_, start) = slot.key_place();
        self.bytes(start, start + u32::from(slot.instance))
    }

    pub(super) fn extremum(&self, slot: u32) -> &[u8] {
        let slot = self.slots[slot as usize];
        let end = slot.start + slot.length();
        self.bytes(end - slot.extremum, end)
    }

    pub(super) fn category(&self, slot: u32) -> u32 {
        self.slots[slot as usize].category
    }

    pub(super) fn put_into(&mut self, slot: u32, category: u32) {
        self.slots[slot as usize].category = category;
    }

    pub(super) fn is_unread(&self, slot: u32) -> bool {
        self.slots[slot as usize].unread
    }

    pub(super) fn entry(&self, slot: u32) -> Entry {
        Entry { prefix: prefix(self.key(slot)), slot }
    }

    pub(super) fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        a.prefix.cmp(&b.prefix).then_with(|| self.compare_slots(a.slot, b.slot))
    }

    /// Compares whole keys.
    pub(super) fn compare_slots(&self, a: u32, b: u32) -> Ordering {
        // Equal arrivals and the same row twice are a backend's lies; the order is total all the same.
        compare_bytes(self.key(a), self.key(b)).then_with(|| compare_bytes(self.id(a), self.id(b))).then(a.cmp(&b))
    }

    /// The slots that are in use, in any order.
    pub(super) fn live(&self) -> Vec<u32> {
        (0_u32..).zip(&self.slots).filter(|(_, slot)| slot.live).map(|(number, _)| number).collect()
    }

    /// The slots in use, by identifier.
    pub(super) fn set_index(&mut self, by_id: &[u32]) {
        self.by_id = Some(Sequence::from_sorted(by_id));
    }

    /// The slots in use, by what they are rows of.
    fn index(&mut self) -> &Sequence<u32> {
        let by_id = self.by_id.take().unwrap_or_else(|| {
            let mut slots = self.live();
            slots.sort_unstable_by(|a, b| self.compare_identities(*a, *b));
            Sequence::from_sorted(&slots)
        });
        self.by_id.insert(by_id)
    }

    /// The slot of a row, if it is in the view.
    pub(super) fn slot_of(&mut self, row: &RowId) -> Option<u32> {
        self.index();
        let wanted = (row.object.as_bytes(), row.number);
        let by_id = self.by_id.as_ref()?;
        let found = by_id.get(by_id.search(|other| self.identity(*other) < wanted));
        found.copied().filter(|slot| self.identity(*slot) == wanted)
    }

    /// The slots of the instances of an object, by their numbers.
    pub(super) fn slots_of(&mut self, object: &ObjectId) -> Vec<u32> {
        self.index();
        let Some(by_id) = &self.by_id else { return Vec::new() };
        let first = by_id.search(|other| self.id(*other) < object.as_bytes());
        by_id.starting_at_spot(first).copied().take_while(|slot| self.id(*slot) == object.as_bytes()).collect()
    }

    /// The first of two rows that are the same instance of that object.
    pub(super) fn twin_of(&mut self, object: &ObjectId) -> Option<u32> {
        let slots = self.slots_of(object);
        let twins = slots.windows(2).find(|pair| pair.iter().map(|slot| self.number(*slot)).is_sorted_by(|a, b| a == b))?;
        twins.first().copied()
    }

    /// Moves the live rows together once half of the arena is forgotten.
    pub(super) fn tidy(&mut self) {
        if self.forgotten < TIDY_ABOVE || self.forgotten * 2 < self.arena.len() {
            return;
        }
        let mut arena = Vec::with_capacity(self.arena.len().saturating_sub(self.forgotten));
        for slot in self.slots.iter_mut().filter(|slot| slot.live) {
            let (start, length) = (slot.start as usize, slot.length() as usize);
            // No row moves up.
            slot.start = u32::try_from(arena.len()).unwrap_or(slot.start);
            arena.extend_from_slice(&self.arena[start..start + length]);
        }
        self.arena = arena;
        self.forgotten = 0;
    }
}

fn too_many() -> Failure {
    Failure::new(Code::NotEnoughMemory, "the view holds more rows than fit into memory; restrict it")
}
