//! Objects whose properties change.

use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::plan::{ORDERED, SEARCHED};
use crate::backends::sqlite::schema::{Class, keeps_lists, number_of};
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{FeedVerb, ObjectId, ObjectKind, StoredProperty};
use mapi_engine::properties::PropTag;
use std::collections::BTreeMap;

/// Bytes of what changed since the bag was written, up to which the bag is left alone.
const LATE: usize = 256;

impl Writer<'_> {
    pub(super) fn set(&mut self, row: &mut Row, set: Vec<StoredProperty>, delete: &[PropTag], quiet: bool) -> Outcome<()> {
        let changed = self.merge(row, set, delete)?;
        if !quiet {
            row.version += 1;
        }
        self.records.add(&row.record(FeedVerb::Modified, &changed)?);
        Ok(())
    }

    /// Changes the properties of a stored object and everything kept beside them, but not its row. The tags changed.
    pub(super) fn merge(&mut self, row: &mut Row, set: Vec<StoredProperty>, delete: &[PropTag]) -> Outcome<Vec<PropTag>> {
        let (entries, folded) = self.take_in(set)?;
        let mut affected = delete.iter().map(|tag| tag.id()).chain(entries.iter().map(|entry| entry.tag.id()));
        let reorders = affected.any(|id| ORDERED.iter().any(|tag| tag.id() == id));
        let old_keys: Option<Vec<_>> =
            reorders.then(|| ORDERED.iter().map(|tag| row.bag.key(*tag).map(<[u8]>::to_vec)).collect());
        let mut changed = Vec::new();
        let mut retext = !folded.is_empty();
        let mut gone = Vec::new();
        for tag in delete {
            if let Some(old) = row.bag.remove(tag.id()) {
                changed.push(old.tag);
                gone.push(old);
            }
        }
        for entry in entries {
            changed.push(entry.tag);
            if let Some(old) = row.bag.insert(entry) {
                gone.push(old);
            }
        }
        for old in gone {
            retext |= SEARCHED.iter().any(|tag| tag.id() == old.tag.id());
            if let Some(large) = old.large {
                large::remove(self.connection, large.number)?;
            }
            if old.unsearched {
                self.connection
                    .prepare_cached("DELETE FROM unsearched WHERE tag = ?1 AND object = ?2")?
                    .execute((old.tag.id(), row.id))?;
            }
        }
        if retext {
            let kept = match row.text {
                Some(serial) => texts::fetch(self.connection, serial)?,
                None => Vec::new(),
            };
            let mut now: BTreeMap<u16, &[u8]> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
            for tag in delete.iter().chain(&changed) {
                now.remove(&tag.id());
            }
            now.extend(folded.iter().map(|(tag, text)| (tag.id(), text.as_bytes())));
            let now: Vec<(u16, &[u8])> = now.into_iter().collect();
            row.text = self.retext(row.id, row.text, &now)?;
        }
        self.mark_unsearched(row)?;
        if let Some(old_keys) = old_keys {
            self.reorder(row, &old_keys)?;
        }
        let now_unread = row.bag.unread(row.kind);
        if row.class == Class::CONTENT && now_unread != row.unread {
            self.counters.entry(row.parent).or_default()[3] += if now_unread { 1 } else { -1 };
        }
        row.unread = now_unread;
        if row.class != Class::NONE && !changed.is_empty() {
            let container = self.places.kind(self.connection, row.parent)?;
            if container.is_some_and(keeps_lists) {
                self.note_tags(row, changed.iter().copied())?;
            }
        }
        Ok(changed)
    }

    /// Writes the row of an object.
    pub(super) fn update(&self, row: &Row) -> Outcome<()> {
        let queue = row.bag.queue_number(row.kind);
        let late = Some(row.bag.late()).filter(|late| late.len() <= LATE);
        if late.is_none() {
            self.connection.prepare_cached("UPDATE bags SET props = ?2 WHERE id = ?1")?.execute((row.id, row.bag.whole()))?;
        }
        if row.place == (row.parent, row.class, row.arrival) {
            // The index of the children stays as it is.
            self.connection
                .prepare_cached("UPDATE objects SET version = ?2, unread = ?3, queue = ?4, text = ?5, late = ?6 WHERE id = ?1")?
                .execute((row.id, row.version, row.unread, queue, row.text, late))?;
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "UPDATE objects SET parent = ?2, class = ?3, arrival = ?4, version = ?5, unread = ?6, queue = ?7, text = ?8,
                 late = ?9 WHERE id = ?1",
            )?
            .execute((
                row.id,
                if row.kind == ObjectKind::Store { None } else { Some(row.parent) },
                row.class.0,
                row.arrival,
                row.version,
                row.unread,
                queue,
                row.text,
                late,
            ))?;
        Ok(())
    }

    /// Replaces order keys and folded texts of an object; its version stays.
    pub(in crate::backends::sqlite) fn rekey(&mut self, object: &ObjectId, properties: Vec<StoredProperty>) -> Outcome<()> {
        let Some(mut row) = number_of(object).map(|id| self.load(id)).transpose()?.flatten() else { return Ok(()) };
        let old_keys: Vec<_> = ORDERED.iter().map(|tag| row.bag.key(*tag).map(<[u8]>::to_vec)).collect();
        let mut now = BTreeMap::new();
        for property in properties {
            let text = property.folded.filter(|_| SEARCHED.iter().any(|tag| tag.id() == property.tag.id()));
            let amended = row.bag.amend(property.tag.id(), |entry| {
                entry.key = property.order_key;
                entry.unsearched &= text.is_none();
            });
            if let Some(text) = text.filter(|_| amended) {
                now.insert(property.tag.id(), text);
            }
        }
        let kept = match row.text {
            Some(serial) => texts::fetch(self.connection, serial)?,
            None => Vec::new(),
        };
        let mut all: BTreeMap<u16, &[u8]> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
        all.extend(now.iter().map(|(id, text)| (*id, text.as_bytes())));
        if !now.is_empty() {
            let all: Vec<(u16, &[u8])> = all.into_iter().collect();
            row.text = self.retext(row.id, row.text, &all)?;
        }
        self.reorder(&row, &old_keys)?;
        self.update(&row)
    }
}
