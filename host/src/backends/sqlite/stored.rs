//! The properties of an object as they lie in the file: the bag written when the object was, and what changed since.
//!
//! A bag may have many kilobytes while most changes concern a flag or a time: those are written beside it, into the
//! object's own short row, until they are too many. This is the form of the second part: how many properties are
//! gone (varint), the identifiers of these (2 bytes each, ascending), and the properties that are new or different.

use crate::backends::sqlite::encoding::{Cursor, Entries, Entry, put};
use crate::backends::sqlite::trouble::Outcome;
use rusqlite::Row;

/// Both parts of an object's properties.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stored<'a> {
    bag: Entries<'a>,
    /// Two bytes for each property that is gone.
    gone: &'a [u8],
    late: Entries<'a>,
}

impl<'a> Stored<'a> {
    /// Those of a row with the columns `props` and `late`, the first of which has that number.
    pub(super) fn of(row: &'a Row<'_>, column: usize) -> Outcome<Self> {
        Self::new(row.get_ref(column)?.as_blob()?, row.get_ref(column + 1)?.as_blob_or_null()?.unwrap_or_default())
    }

    /// Those of two byte strings; the second may be empty.
    pub(super) fn new(bag: &'a [u8], late: &'a [u8]) -> Outcome<Self> {
        let bag = Entries::new(bag);
        if late.is_empty() {
            return Ok(Self { bag, ..Self::default() });
        }
        let mut late = Cursor(late);
        let gone = usize::try_from(late.number()?).unwrap_or(usize::MAX);
        let gone = late.take(gone.saturating_mul(2))?;
        Ok(Self { bag, gone, late: Entries::new(late.0) })
    }

    /// The bag alone.
    pub(super) fn bag(&self) -> Entries<'a> {
        self.bag
    }

    /// What changed since the bag was written: identifiers of properties that are gone, and properties.
    pub(super) fn late(&self) -> (impl Iterator<Item = u16> + use<'a>, Entries<'a>) {
        (self.gone.as_chunks().0.iter().map(|id| u16::from_le_bytes(*id)), self.late)
    }

    fn is_gone(&self, id: u16) -> bool {
        self.gone.as_chunks().0.contains(&id.to_le_bytes())
    }

    /// The property with that identifier.
    pub(super) fn find(&self, id: u16) -> Outcome<Option<Entry<'a>>> {
        if self.is_gone(id) {
            return Ok(None);
        }
        match self.late.find(id)? {
            Some(entry) => Ok(Some(entry)),
            None => self.bag.find(id),
        }
    }

    /// All properties, ascending by identifier.
    pub(super) fn entries(self) -> impl Iterator<Item = Outcome<Entry<'a>>> {
        let (mut bag, mut late) = (self.bag.peekable(), self.late.peekable());
        std::iter::from_fn(move || {
            loop {
                let (Some(Ok(kept)), Some(Ok(changed))) = (bag.peek(), late.peek()) else {
                    let next = bag.next().or_else(|| late.next())?;
                    if next.as_ref().is_ok_and(|entry| self.is_gone(entry.tag.id())) {
                        continue;
                    }
                    return Some(next);
                };
                let (kept, changed) = (kept.tag.id(), changed.tag.id());
                if kept < changed {
                    let next = bag.next();
                    if !self.is_gone(kept) {
                        return next;
                    }
                } else {
                    if kept == changed {
                        bag.next();
                    }
                    return late.next();
                }
            }
        })
    }
}

/// The form of what changed since the bag was written; empty if nothing did.
pub(super) fn late_form<'a>(gone: &[u16], entries: impl Iterator<Item = Entry<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, gone.len() as u64);
    for id in gone {
        out.extend_from_slice(&id.to_le_bytes());
    }
    for entry in entries {
        entry.write(&mut out);
    }
    if out.len() == 1 { Vec::new() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::commit::{Memory, Writer};
    use crate::backends::sqlite::database::{Access, Database};
    use crate::backends::sqlite::encoding::Body;
    use crate::backends::sqlite::schema::{STORE, name_of};
    use crate::backends::sqlite::staging::Staging;
    use mapi_engine::backend::{Change, Commit, Expected};
    use mapi_engine::properties::{PropTag, Property, Value, tags};
    use rusqlite::Connection;

    const MESSAGE: i64 = 3;

    fn inline(tag: PropTag, bytes: &[u8]) -> Entry<'_> {
        Entry { tag, body: Body::Inline(bytes), key: None, unsearched: false }
    }

    fn read(database: &Database) -> (Vec<u8>, Vec<(PropTag, Vec<u8>)>) {
        database
            .read(|connection| {
                let mut statement =
                    connection.prepare("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
                let mut rows = statement.query([MESSAGE])?;
                let row = rows.next()?.unwrap();
                let entries = Stored::of(row, 0)?.entries().map(|entry| match entry? {
                    Entry { tag, body: Body::Inline(bytes), .. } => Ok((tag, bytes.to_vec())),
                    other => panic!("{other:?} was stored inline"),
                });
                Ok((row.get(0)?, entries.collect::<Outcome<_>>()?))
            })
            .unwrap()
    }

    fn set(database: &Database, properties: Vec<Property>) {
        let commit = Commit {
            changes: vec![Change::Set {
                object: name_of(MESSAGE).unwrap(),
                expected: Expected::Exists,
                set: properties.into_iter().map(Into::into).collect(),
                delete: vec![tags::SENSITIVITY],
                quiet: false,
            }],
            ..Commit::default()
        };
        let staging = Staging::default();
        let written =
            database.write(|connection| Writer::new(connection, &staging, &mut Memory::default())?.apply(commit).map(drop));
        written.unwrap();
    }

    /// A store of the version before bags had a table of their own.
    fn old_store(path: &std::path::Path, bag: &[u8]) {
        let old = Connection::open(path).unwrap();
        for version in [include_str!("store_v1.sql"), include_str!("store_v2.sql"), include_str!("store_v3.sql")] {
            old.execute_batch(version).unwrap();
        }
        old.execute("UPDATE state SET next_object = 4, next_arrival = 4", []).unwrap();
        old.execute("INSERT INTO objects VALUES (?1, 2, 2, 3, 3, 1, 1, NULL, NULL, ?2)", (MESSAGE, bag)).unwrap();
        old.execute("INSERT INTO counters(container, contents, unread) VALUES (2, 1, 1)", []).unwrap();
        old.pragma_update(None, "application_id", STORE.application).unwrap();
        old.pragma_update(None, "user_version", 3).unwrap();
    }

    #[test]
    fn a_small_change_leaves_the_bag_alone_and_a_large_one_writes_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        let mut bag = Vec::new();
        for (tag, value) in [(tags::IMPORTANCE, [1, 0, 0, 0]), (tags::SENSITIVITY, [2, 0, 0, 0])] {
            inline(tag, &value).write(&mut bag);
        }
        old_store(&path, &bag);
        let database = Database::open(&path, STORE, Access::Write).unwrap();
        let important = (tags::IMPORTANCE, vec![1, 0, 0, 0]);
        assert_eq!(read(&database), (bag.clone(), vec![important.clone(), (tags::SENSITIVITY, vec![2, 0, 0, 0])]));
        set(&database, vec![Property::new(tags::PRIORITY, Value::Long(1))]);
        let urgent = (tags::PRIORITY, vec![1, 0, 0, 0]);
        assert_eq!(read(&database), (bag.clone(), vec![important.clone(), urgent.clone()]));
        let long = "a".repeat(300);
        set(&database, vec![Property::new(tags::SUBJECT, Value::Unicode(long.clone()))]);
        let (rewritten, entries) = read(&database);
        assert_ne!(rewritten, bag);
        assert_eq!(entries, [important, urgent, (tags::SUBJECT, long.into_bytes())]);
    }
}
