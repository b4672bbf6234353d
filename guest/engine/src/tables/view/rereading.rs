//! Reading all rows of a view again: marks follow their rows, and the difference is told (`tables` 2, 11).

use super::applying::anchor_of;
use super::categories::{Held, Known};
use super::difference::{Fate, Kept, fates};
use super::event::{Happened, RowEvent};
use super::headers::RowToRead;
use super::sorted::{Arrangement, SortedView};
use super::{Anchor, Mark, Place};
use crate::error::Result;
use crate::tables::change::RowChange;
use crate::tables::source::RowSource;
use std::collections::BTreeMap;

impl SortedView {
    /// Reads everything again. Marks follow their rows; those whose rows are gone move to the next one
    /// that was behind it. `changed`: rows that changed in themselves, `None`: not known.
    pub(super) fn reread(
        &mut self,
        source: &dyn RowSource,
        changed: Option<&[RowChange]>,
        marks: &mut [&mut Mark],
        events: &mut Vec<RowEvent>,
    ) -> Result<()> {
        let mut new = Self::made_anew(source, &self.definition, self.limit)?;
        new.inherit(self);
        for mark in marks.iter_mut() {
            let Anchor::Row(Place::Held(row)) = mark.anchor else { continue };
            let first = self.index_of(row);
            let mut behind = first;
            let found = loop {
                let rows = self.rows_from(behind, 64);
                let found = rows.iter().enumerate().find_map(|(at, row)| Some((behind + at as u64, new.row_of(self, *row)?)));
                if found.is_some() || rows.is_empty() {
                    break found;
                }
                behind += rows.len() as u64;
            };
            match found {
                Some((at, row)) if at == first => mark.anchor = anchor_of(Some(row)),
                Some((_, row)) => **mark = Mark { anchor: anchor_of(Some(row)), relocated: true },
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

    /// Takes over which categories there were and which of them were expanded.
    pub(super) fn inherit(&mut self, former: &Self) {
        if let (Arrangement::Grouped(categories), Arrangement::Grouped(former)) = (&mut self.order, &former.order) {
            categories.inherit(former);
        }
    }

    /// Takes over the numbers and states of categories that are known by the strings of their keys.
    pub(super) fn adopt(&mut self, known: &Known<'_>) {
        if let Arrangement::Grouped(categories) = &mut self.order {
            categories.adopt(known);
        }
    }

    /// The visible row that is the same as one of a former view whose categories were taken over.
    pub(super) fn row_of(&mut self, former: &Self, row: Held) -> Option<Held> {
        let row = match row {
            Held::Leaf(slot) => {
                let id = former.rows.id_of(slot)?;
                Held::Leaf(self.rows.slot_of(&id)?)
            }
            Held::Header(_) => Held::Header(self.header_of_key(&former.instance_key(row))?),
        };
        self.is_visible(row).then_some(row)
    }

    /// Tells what leads from a former list of the rows to this one.
    fn tell_difference(&self, former: &Self, changed: &[RowChange], events: &mut Vec<RowEvent>) {
        let operations: BTreeMap<&[u8], u64> = changed.iter().map(|change| (change.id.as_bytes(), change.operation)).collect();
        let newest = changed.last().map_or(0, |change| change.operation);
        let all = |view: &Self| view.rows_from(0, usize::MAX);
        let rows = all(self);
        let places: BTreeMap<Vec<u8>, usize> = rows.iter().enumerate().map(|(at, row)| (self.instance_key(*row), at)).collect();
        // A header shows values of leaves.
        let operation =
            |row: &Option<RowToRead>| row.iter().flat_map(RowToRead::own_ids).find_map(|id| operations.get(id.object.as_bytes()));
        let now: Vec<Option<RowToRead>> = rows.iter().map(|row| self.row_to_read(*row)).collect();
        let mut kept = Vec::with_capacity(rows.len());
        for row in all(former) {
            let was = former.row_to_read(row);
            let Some(place) = places.get(&former.instance_key(row)).copied() else {
                let operation = operation(&was).copied().unwrap_or(newest);
                events.push(RowEvent { operation, happened: Happened::Deleted(former.instance_key(row)) });
                continue;
            };
            let now = now.get(place).unwrap_or(&None);
            let is_header = matches!(row, Held::Header(_));
            let differs = is_header && was.zip(now.as_ref()).is_some_and(|(was, now)| now.differs_from(&was));
            kept.push(Kept { place, told: differs || operation(now).is_some() });
        }
        for ((fate, row), now) in fates(rows.len(), &kept).into_iter().zip(&rows).zip(&now) {
            let happened = match fate {
                Fate::Stays => continue,
                Fate::Entered => Happened::Added,
                Fate::Moved => Happened::Modified,
            };
            let operation = operation(now).copied().unwrap_or(newest);
            events.extend(self.happened(*row, happened).map(|happened| RowEvent { operation, happened }));
        }
    }
}
