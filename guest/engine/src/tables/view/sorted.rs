//! A view that holds the order of its rows: keys and identifiers in arenas, and one sorted list of them.
//!
//! A row is a slot; slots keep their number while the row is in the view, so that cursor and bookmarks
//! name them. Visible columns are read for the rows asked for only.

use super::difference::{Fate, fates};
use super::event::{Happened, RowEvent, Shown};
use super::steps::{Step, steps, wanted};
use super::{Anchor, Definition, Mark, Page, Place, ROWS_PER_SCAN, Reading, in_place, passes};
use crate::backend::{Batch, ObjectId};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, ValueRef};
use crate::restriction::{Matcher, Restriction};
use crate::tables::change::{Changes, RowChange, RowState};
use crate::tables::order::prefix;
use crate::tables::slice::Slice;
use crate::tables::source::RowSource;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Bytes of keys and identifiers a view may hold, so that one table cannot exhaust the session.
const MAX_BYTES: usize = 512 << 20;

/// Bytes of forgotten keys and identifiers before the arena is tidied up.
const TIDY_ABOVE: usize = 1 << 20;

/// One row: where its bytes are in the arena.
#[derive(Clone, Copy, Debug)]
struct Slot {
    start: usize,
    id: u8,
    key: u32,
    /// `PR_INSTANCE_KEY`, in an itemised view.
    instance: u16,
}

impl Slot {
    fn length(self) -> usize {
        usize::from(self.id) + self.key as usize + usize::from(self.instance)
    }
}

/// One row in the order: the first bytes of its key decide most comparisons.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    prefix: u64,
    slot: u32,
}

pub(in crate::tables) struct SortedView {
    definition: Definition,
    /// Rows the `COUNT`s of the restriction leave.
    limit: Option<u32>,
    matcher: Matcher,
    reading: Reading,
    /// Identifier, key and instance key of each row, one behind the other.
    arena: Vec<u8>,
    forgotten: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    order: Vec<Entry>,
    /// Slots by identifier, made when the first change comes.
    by_id: Option<Vec<u32>>,
}

impl SortedView {
    /// A view without rows yet.
    pub(super) fn empty(definition: Definition, limit: Option<u32>) -> Self {
        // Changed rows come without the backend's filters, so that the whole restriction is kept for them.
        let matcher = Matcher::new(definition.restriction.as_deref());
        let reading = Reading::of_view(&matcher, &definition);
        Self {
            definition,
            limit,
            matcher,
            reading,
            arena: Vec::new(),
            forgotten: 0,
            slots: Vec::new(),
            free: Vec::new(),
            order: Vec::new(),
            by_id: None,
        }
    }

    /// Takes in the bytes of a row, which has no place in the order yet.
    pub(super) fn hold(&mut self, batch: &Batch, row: usize, reading: &Reading) -> Result<Entry> {
        let written = self.write(batch, row, &reading.keys, reading.instance)?;
        let slot = self.take_slot(written)?;
        Ok(self.entry(slot))
    }

    /// The rows it holds, in their order.
    pub(super) fn set_order(&mut self, order: Vec<Entry>) {
        self.order = order;
    }

    /// Its rows in any order.
    pub(super) fn slots(&self) -> Vec<u32> {
        self.order.iter().map(|entry| entry.slot).collect()
    }

    pub(super) fn compare_ids(&self, a: u32, b: u32) -> Ordering {
        self.id(a).cmp(self.id(b))
    }

    /// Its rows by their identifiers.
    pub(super) fn set_index(&mut self, by_id: Vec<u32>) {
        self.by_id = Some(by_id);
    }

    /// A number for a row that was written.
    fn take_slot(&mut self, slot: Slot) -> Result<u32> {
        if let Some(free) = self.free.pop() {
            self.slots[free as usize] = slot;
            return Ok(free);
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).map_err(|_| too_many())
    }

    /// Writes the bytes of a row into the arena; `keys` and `instance` say where in the batch they are.
    fn write(&mut self, batch: &Batch, row: usize, keys: &[usize], instance: Option<usize>) -> Result<Slot> {
        let start = self.arena.len();
        if start > MAX_BYTES {
            return Err(too_many());
        }
        let id = batch.ids[row].as_bytes();
        self.arena.extend_from_slice(id);
        self.definition.order.append(batch, row, keys, &mut self.arena);
        let key = self.arena.len() - start - id.len();
        let instance = instance.and_then(|place| batch.columns.get(place)?.value_ref(row));
        let instance = match &instance {
            Some(ValueRef::Bytes(bytes)) => *bytes,
            _ => &[],
        };
        self.arena.extend_from_slice(instance);
        Ok(Slot {
            start,
            id: u8::try_from(id.len()).unwrap_or(u8::MAX),
            key: u32::try_from(key).map_err(|_| too_many())?,
            instance: u16::try_from(instance.len()).map_err(|_| too_many())?,
        })
    }

    fn id(&self, slot: u32) -> &[u8] {
        let Slot { start, id, .. } = self.slots[slot as usize];
        &self.arena[start..start + usize::from(id)]
    }

    fn key(&self, slot: u32) -> &[u8] {
        let Slot { start, id, key, .. } = self.slots[slot as usize];
        let start = start + usize::from(id);
        &self.arena[start..start + key as usize]
    }

    fn instance(&self, slot: u32) -> &[u8] {
        let Slot { start, id, key, instance } = self.slots[slot as usize];
        let start = start + usize::from(id) + key as usize;
        &self.arena[start..start + usize::from(instance)]
    }

    pub(super) fn is_itemised(&self) -> bool {
        self.definition.itemised
    }

    pub(super) fn id_of(&self, slot: u32) -> Option<ObjectId> {
        self.slots.get(slot as usize)?;
        ObjectId::new(self.id(slot))
    }

    fn entry(&self, slot: u32) -> Entry {
        Entry { prefix: prefix(self.key(slot)), slot }
    }

    pub(super) fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        // Equal arrivals are a backend's lie; the identifier keeps the order total all the same.
        a.prefix
            .cmp(&b.prefix)
            .then_with(|| self.key(a.slot).cmp(self.key(b.slot)))
            .then_with(|| self.id(a.slot).cmp(self.id(b.slot)))
    }

    pub(super) fn count(&self) -> u64 {
        self.order.len() as u64
    }

    /// Where the row stands, or would stand.
    fn position(&self, slot: u32) -> usize {
        let entry = self.entry(slot);
        self.order.partition_point(|other| self.compare(other, &entry).is_lt())
    }

    pub(super) fn index_of(&self, slot: u32) -> u64 {
        self.position(slot) as u64
    }

    /// The index of a row, if it is in the view.
    pub(super) fn index_of_row(&mut self, id: &ObjectId) -> Option<u64> {
        self.slot_of(id).map(|slot| self.index_of(slot))
    }

    pub(super) fn place_at(&self, index: u64) -> Option<Place> {
        let entry = self.order.get(usize::try_from(index).ok()?)?;
        Some(Place::Slot(entry.slot))
    }

    fn ids(&self, first: usize, count: usize) -> Vec<ObjectId> {
        let end = first.saturating_add(count).min(self.order.len());
        let rows = self.order.get(first..end).unwrap_or_default();
        rows.iter().filter_map(|entry| ObjectId::new(self.id(entry.slot))).collect()
    }

    pub(super) fn read(
        &self,
        source: &dyn RowSource,
        first: u64,
        count: u32,
        columns: &[PropTag],
        cell_limit: u32,
    ) -> Result<Page> {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let ids = self.ids(first, count as usize);
        let batch = source.read(&ids, columns, cell_limit)?;
        let batch = in_place(batch, &ids, columns);
        Ok(Page { batch, next: self.place_at((first + ids.len()) as u64) })
    }

    pub(super) fn find(
        &self,
        source: &dyn RowSource,
        restriction: &Restriction,
        from: u64,
        backwards: bool,
    ) -> Result<Option<u64>> {
        let matcher = Matcher::new([restriction]);
        let reading = Reading::new(&matcher, &super::ViewOrder::default());
        let mut at = usize::try_from(from).unwrap_or(usize::MAX).min(self.order.len());
        // Matches are often near: the first steps are short ones.
        let mut step = 64;
        loop {
            let first = if backwards { at.saturating_sub(step) } else { at };
            let length = if backwards { at - first } else { step.min(self.order.len() - at) };
            if length == 0 {
                return Ok(None);
            }
            let ids = self.ids(first, length);
            let batch = in_place(source.read(&ids, &reading.columns, reading.limit)?, &ids, &reading.columns);
            let test = |row: &usize| passes(source, &batch, *row, &matcher, &reading, &mut Slice::unlimited());
            let mut rows: Vec<usize> = (0..batch.len()).collect();
            if backwards {
                rows.reverse();
            }
            for row in rows {
                if test(&row)? {
                    return Ok(Some((first + row) as u64));
                }
            }
            at = if backwards { first } else { first + length };
            step = (step * 2).min(ROWS_PER_SCAN as usize);
        }
    }

    /// A row that left and came back while the others were read has been read twice: one of the two goes.
    pub(super) fn follows_rows(&mut self, rows: &[ObjectId]) -> bool {
        if self.limit.is_some() {
            return false;
        }
        for id in rows {
            while let Some(slot) = self.twin_of(id) {
                self.remove(slot, &mut [], 0, &mut Vec::new());
            }
        }
        true
    }

    /// The first of several rows with that identifier.
    fn twin_of(&mut self, id: &ObjectId) -> Option<u32> {
        let slot = self.slot_of(id)?;
        let by_id = self.by_id.as_deref().unwrap_or_default();
        let at = by_id.partition_point(|other| self.id(*other) < id.as_bytes());
        by_id.get(at + 1).filter(|next| self.id(**next) == id.as_bytes()).map(|_| slot)
    }

    pub(super) fn apply(
        &mut self,
        source: &dyn RowSource,
        changes: &Changes,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        match changes {
            Changes::None => Ok(()),
            // What a COUNT leaves depends on all rows before.
            Changes::Rows(rows) if self.limit.is_none() => self.apply_rows(source, rows, marks, events),
            Changes::Rows(rows) => self.reread(source, Some(rows), marks, events),
            Changes::Reread(rows) => self.reread(source, rows.as_deref(), marks, events),
            Changes::Reload => self.reread(source, None, marks, events),
        }
    }

    /// Takes in the newest state of each changed row, operation by operation.
    fn apply_rows(
        &mut self,
        source: &dyn RowSource,
        changes: &[RowChange],
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        let steps = steps(changes, !self.definition.itemised);
        let wanted = wanted(&steps, |id| self.slot_of(id).is_some());
        let batch =
            if wanted.is_empty() { Batch::default() } else { source.read(&wanted, &self.reading.columns, self.reading.limit)? };
        let rows: BTreeMap<&ObjectId, usize> = batch.ids.iter().enumerate().map(|(row, id)| (id, row)).collect();
        // Tested before anything changes, so that a failing backend leaves the view as it was.
        let mut shown = vec![false; batch.len()];
        for (row, shown) in shown.iter_mut().enumerate() {
            *shown = passes(source, &batch, row, &self.matcher, &self.reading, &mut Slice::unlimited())?;
        }
        let find = |id: &ObjectId| rows.get(id).copied().filter(|row| shown[*row]);
        for step in &steps {
            self.apply_step(step, &batch, find, marks, events)?;
        }
        self.tidy();
        Ok(())
    }

    /// Takes in one operation: first the rows that leave, then the others in the order of the view.
    fn apply_step(
        &mut self,
        step: &Step,
        batch: &Batch,
        find: impl Fn(&ObjectId) -> Option<usize>,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        for id in &step.gone {
            if let Some(slot) = self.slot_of(id) {
                self.remove(slot, marks, step.operation, events);
            }
        }
        let mut staying = Vec::new();
        for (id, state) in &step.changed {
            let old = self.slot_of(id);
            match find(id).filter(|_| *state == RowState::Present || old.is_some()) {
                Some(row) => {
                    let mut key = Vec::new();
                    self.definition.order.append(batch, row, &self.reading.keys, &mut key);
                    staying.push((key, row, old));
                }
                None => {
                    if let Some(slot) = old {
                        self.remove(slot, marks, step.operation, events);
                    }
                }
            }
        }
        staying.sort();
        for (_, row, old) in staying {
            match old {
                Some(slot) => self.replace(slot, batch, row, step.operation, events)?,
                None => self.insert(batch, row, step.operation, events)?,
            }
        }
        Ok(())
    }

    /// Where a row stands, for those who are told.
    fn shown_at(&self, at: usize) -> Option<Shown> {
        let slot = self.order.get(at)?.slot;
        let prior = at.checked_sub(1).and_then(|before| self.order.get(before));
        Some(Shown {
            id: ObjectId::new(self.id(slot))?,
            key: self.instance(slot).to_vec(),
            prior: prior.map(|entry| self.instance(entry.slot).to_vec()),
        })
    }

    /// Tells of the row at an index.
    fn tell(&self, at: usize, operation: u64, happened: fn(Shown) -> Happened, events: &mut Vec<RowEvent>) {
        if self.definition.itemised
            && let Some(shown) = self.shown_at(at)
        {
            events.push(RowEvent { operation, happened: happened(shown) });
        }
    }

    fn insert(&mut self, batch: &Batch, row: usize, operation: u64, events: &mut Vec<RowEvent>) -> Result<()> {
        let written = self.write(batch, row, &self.reading.keys.clone(), self.reading.instance)?;
        let slot = self.take_slot(written)?;
        let at = self.position(slot);
        self.order.insert(at, self.entry(slot));
        let mut by_id = self.by_id.take().unwrap_or_default();
        let found = by_id.partition_point(|other| self.id(*other) < self.id(slot));
        by_id.insert(found, slot);
        self.by_id = Some(by_id);
        self.tell(at, operation, Happened::Added, events);
        Ok(())
    }

    /// Gives a row its new key; it keeps its slot. A row that left and came back is another one for those who
    /// are told.
    fn replace(&mut self, slot: u32, batch: &Batch, row: usize, operation: u64, events: &mut Vec<RowEvent>) -> Result<()> {
        let old = self.position(slot);
        let former = self.slots[slot as usize];
        let old_instance = self.instance(slot).to_vec();
        let written = self.write(batch, row, &self.reading.keys.clone(), self.reading.instance)?;
        self.order.remove(old);
        self.slots[slot as usize] = written;
        self.forgotten += former.length();
        let new = self.position(slot);
        self.order.insert(new, self.entry(slot));
        if self.instance(slot) == old_instance {
            self.tell(new, operation, Happened::Modified, events);
        } else if self.definition.itemised {
            events.push(RowEvent { operation, happened: Happened::Deleted(old_instance) });
            self.tell(new, operation, Happened::Added, events);
        }
        Ok(())
    }

    /// Takes a row out; marks on it move to the row that takes its place.
    fn remove(&mut self, slot: u32, marks: &mut [&mut Mark], operation: u64, events: &mut Vec<RowEvent>) {
        let at = self.position(slot);
        if self.order.get(at).is_none_or(|entry| entry.slot != slot) {
            return;
        }
        self.order.remove(at);
        let next = self.order.get(at).map_or(Anchor::End, |entry| Anchor::Row(Place::Slot(entry.slot)));
        for mark in marks.iter_mut() {
            if matches!(&mark.anchor, Anchor::Row(Place::Slot(on)) if *on == slot) {
                mark.anchor = next.clone();
                mark.relocated = true;
            }
        }
        let mut by_id = self.by_id.take().unwrap_or_default();
        let found = by_id.partition_point(|other| self.id(*other) < self.id(slot));
        if by_id.get(found) == Some(&slot) {
            by_id.remove(found);
        }
        self.by_id = Some(by_id);
        if self.definition.itemised {
            events.push(RowEvent { operation, happened: Happened::Deleted(self.instance(slot).to_vec()) });
        }
        self.forgotten += self.slots[slot as usize].length();
        self.free.push(slot);
    }

    pub(super) fn slot_of(&mut self, id: &ObjectId) -> Option<u32> {
        let by_id = self.by_id.take().unwrap_or_else(|| {
            let mut slots = self.slots();
            slots.sort_unstable_by(|a, b| self.compare_ids(*a, *b));
            slots
        });
        let at = by_id.partition_point(|other| self.id(*other) < id.as_bytes());
        let slot = by_id.get(at).copied().filter(|slot| self.id(*slot) == id.as_bytes());
        self.by_id = Some(by_id);
        slot
    }

    /// Moves the live rows together once half of the arena is forgotten.
    fn tidy(&mut self) {
        if self.forgotten < TIDY_ABOVE || self.forgotten * 2 < self.arena.len() {
            return;
        }
        let mut arena = Vec::with_capacity(self.arena.len() - self.forgotten);
        for entry in &self.order {
            let slot = &mut self.slots[entry.slot as usize];
            let length = slot.length();
            let start = std::mem::replace(&mut slot.start, arena.len());
            arena.extend_from_slice(&self.arena[start..start + length]);
        }
        self.arena = arena;
        self.forgotten = 0;
    }

    /// Reads everything again. Marks follow their rows; those whose rows are gone move to the next one
    /// that was behind it. `changed`: rows that changed in themselves, `None`: not known.
    fn reread(
        &mut self,
        source: &dyn RowSource,
        changed: Option<&[RowChange]>,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        let mut new = Self::made_anew(source, &self.definition, self.limit)?;
        for mark in marks.iter_mut() {
            let Anchor::Row(Place::Slot(slot)) = mark.anchor else { continue };
            let at = self.position(slot);
            let behind = self.order.get(at..).unwrap_or_default();
            let found = behind.iter().enumerate().find_map(|(steps, entry)| {
                let id = ObjectId::new(self.id(entry.slot))?;
                Some((steps, new.slot_of(&id)?))
            });
            match found {
                Some((0, slot)) => mark.anchor = Anchor::Row(Place::Slot(slot)),
                Some((_, slot)) => **mark = Mark { anchor: Anchor::Row(Place::Slot(slot)), relocated: true },
                None => **mark = Mark { anchor: Anchor::End, relocated: true },
            }
        }
        match changed {
            _ if !self.definition.itemised => {}
            Some(changed) => new.tell_difference(self, changed, events),
            None => events.push(RowEvent { operation: 0, happened: Happened::Changed }),
        }
        *self = new;
        Ok(())
    }

    /// Tells what leads from a former list of the rows to this one.
    fn tell_difference(&mut self, former: &Self, changed: &[RowChange], events: &mut Vec<RowEvent>) {
        let operations: BTreeMap<&[u8], u64> = changed.iter().map(|change| (change.id.as_bytes(), change.operation)).collect();
        let newest = changed.last().map_or(0, |change| change.operation);
        let mut kept = Vec::with_capacity(former.order.len());
        for entry in &former.order {
            let id = former.id(entry.slot);
            let slot = ObjectId::new(id).and_then(|id| self.slot_of(&id));
            match slot.filter(|slot| self.instance(*slot) == former.instance(entry.slot)) {
                Some(slot) => kept.push(self.position(slot)),
                None => events.push(RowEvent {
                    operation: operations.get(id).copied().unwrap_or(newest),
                    happened: Happened::Deleted(former.instance(entry.slot).to_vec()),
                }),
            }
        }
        for (at, fate) in fates(self.order.len(), &kept).into_iter().enumerate() {
            let operation = operations.get(self.id(self.order[at].slot)).copied();
            match (fate, operation) {
                (Fate::Entered, operation) => self.tell(at, operation.unwrap_or(newest), Happened::Added, events),
                (Fate::Moved, operation) => self.tell(at, operation.unwrap_or(newest), Happened::Modified, events),
                (Fate::Stays, Some(operation)) => self.tell(at, operation, Happened::Modified, events),
                (Fate::Stays, None) => {}
            }
        }
    }
}

fn too_many() -> Failure {
    Failure::new(Code::NotEnoughMemory, "the view holds more rows than fit into memory; restrict it")
}
