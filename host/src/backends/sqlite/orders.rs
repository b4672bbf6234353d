//! Orders of a container's rows, with counted buckets (`tables` 6.1 and 7).
//!
//! An order is kept in the table `entries`, keyed by a sort key (`00` and the order key, or `01` for an absent
//! value) and the arrival number; the order of arrival is the index `children` itself. Beside it, `buckets`
//! cuts the order into runs of about a thousand entries and holds how many stand in each, so that a position,
//! a rank or a count costs one search in a small directory and a walk inside one run.

use crate::backends::sqlite::schema::Class;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;

/// A bucket is cut when it holds more entries than this.
const FULL: u64 = 2000;

/// Entries of a bucket after a cut.
const CUT: u64 = 1000;

/// A place in an order: the sort key and the arrival number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) sort: Vec<u8>,
    pub(super) arrival: i64,
}

impl Place {
    /// Before every entry.
    pub(super) const fn first() -> Self {
        Self { sort: Vec::new(), arrival: 0 }
    }

    /// The place of an entry with that order key.
    pub(super) fn of(key: Option<&[u8]>, arrival: i64) -> Self {
        Self { sort: sort_key(key), arrival }
    }

    /// Behind every present value and before every absent one.
    pub(super) fn absent() -> Self {
        Self { sort: vec![1], arrival: 0 }
    }

    /// Behind every entry.
    pub(super) fn last() -> Self {
        Self { sort: vec![2], arrival: 0 }
    }

    /// The place right behind this one.
    pub(super) fn next(&self) -> Self {
        Self { sort: self.sort.clone(), arrival: self.arrival.saturating_add(1) }
    }
}

/// The sort key of an order key.
pub(super) fn sort_key(key: Option<&[u8]>) -> Vec<u8> {
    match key {
        Some(key) => {
            let mut sort = Vec::with_capacity(key.len() + 1);
            sort.push(0);
            sort.extend_from_slice(key);
            sort
        }
        None => vec![1],
    }
}

/// The order key of a sort key.
pub(super) fn key_of_sort(sort: &[u8]) -> Option<Vec<u8>> {
    match sort.split_first() {
        Some((0, key)) => Some(key.to_vec()),
        _ => None,
    }
}

/// One kept order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) container: i64,
    pub(super) class: Class,
    /// Identifier and type of the property, 0: the order of arrival.
    pub(super) tag: u32,
    /// The last commit that changed an order of that container.
    pub(super) stamp: i64,
}

/// An entry read from an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderEntry {
    pub(super) object: i64,
    pub(super) place: Place,
}

impl Order {
    /// The orders kept for a container.
    pub(super) fn of(connection: &Connection, container: i64, class: Class) -> Outcome<Vec<Self>> {
        let mut statement = connection.prepare_cached(
            "SELECT id, class, tag, stamp, container FROM orders LEFT JOIN counters USING (container)
             WHERE container = ?1 AND class = ?2",
        )?;
        let rows = statement.query_map((container, class.0), Self::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The order of a container by that tag, if it is kept.
    pub(super) fn find(connection: &Connection, container: i64, class: Class, tag: u32) -> Outcome<Option<Self>> {
        let mut statement = connection.prepare_cached(
            "SELECT id, class, tag, stamp, container FROM orders LEFT JOIN counters USING (container)
             WHERE container = ?1 AND class = ?2 AND tag = ?3",
        )?;
        Ok(statement.query_row((container, class.0, tag), Self::from_row).optional()?)
    }

    /// All orders of the store.
    pub(super) fn all(connection: &Connection) -> Outcome<Vec<Self>> {
        let mut statement = connection
            .prepare_cached("SELECT id, class, tag, stamp, container FROM orders LEFT JOIN counters USING (container)")?;
        let rows = statement.query_map([], Self::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let stamp = row.get::<_, Option<i64>>(3)?.unwrap_or_default();
        Ok(Self { id: row.get(0)?, container: row.get(4)?, class: Class(row.get(1)?), tag: row.get(2)?, stamp })
    }

    /// Begins to keep an order; its entries are the caller's to add.
    pub(super) fn create(connection: &Connection, container: i64, class: Class, tag: u32) -> Outcome<Self> {
        connection
            .prepare_cached("INSERT INTO orders(container, class, tag) VALUES (?1, ?2, ?3)")?
            .execute((container, class.0, tag))?;
        let id = connection.last_insert_rowid();
        let first = Place::first();
        connection.prepare_cached("INSERT INTO buckets(ord, sort, arrival, count) VALUES (?1, ?2, ?3, 0)")?.execute((
            id,
            first.sort,
            first.arrival,
        ))?;
        Ok(Self { id, container, class, tag, stamp: 0 })
    }

    /// Forgets an order.
    pub(super) fn forget(self, connection: &Connection) -> Outcome<()> {
        for statement in
            ["DELETE FROM orders WHERE id = ?1", "DELETE FROM entries WHERE ord = ?1", "DELETE FROM buckets WHERE ord = ?1"]
        {
            connection.prepare_cached(statement)?.execute([self.id])?;
        }
        Ok(())
    }

    /// The place of an object in this order.
    pub(super) fn place(&self, key: Option<&[u8]>, arrival: i64) -> Place {
        if self.tag == 0 { Place { sort: Vec::new(), arrival } } else { Place::of(key, arrival) }
    }

    /// How many entries stand between two places, the first included; linear.
    pub(super) fn count(&self, connection: &Connection, from: &Place, to: &Place) -> Outcome<u64> {
        let count: i64 = if self.tag == 0 {
            connection
                .prepare_cached(
                    "SELECT count(*) FROM objects WHERE parent = ?1 AND class = ?2 AND arrival >= ?3 AND arrival < ?4",
                )?
                .query_row((self.container, self.class.0, arrival_bound(from), arrival_bound(to)), |row| row.get(0))?
        } else {
            connection
                .prepare_cached(
                    "SELECT count(*) FROM entries WHERE ord = ?1 AND (sort, arrival) >= (?2, ?3) AND (sort, arrival) < (?4, ?5)",
                )?
                .query_row((self.id, &from.sort, from.arrival, &to.sort, to.arrival), |row| row.get(0))?
        };
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Calls `each` with the entries from `from` (included) to `to` (left out), ascending or descending, after
    /// skipping some, until it answers false.
    pub(super) fn walk(
        &self,
        connection: &Connection,
        from: &Place,
        to: &Place,
        descending: bool,
        skip: u64,
        mut each: impl FnMut(OrderEntry) -> Outcome<bool>,
    ) -> Outcome<()> {
        let skip = i64::try_from(skip).unwrap_or(i64::MAX);
        if self.tag == 0 {
            let sql = if descending {
                "SELECT id, arrival FROM objects WHERE parent = ?1 AND class = ?2 AND arrival >= ?3 AND arrival < ?4
                 ORDER BY arrival DESC LIMIT -1 OFFSET ?5"
            } else {
                "SELECT id, arrival FROM objects WHERE parent = ?1 AND class = ?2 AND arrival >= ?3 AND arrival < ?4
                 ORDER BY arrival LIMIT -1 OFFSET ?5"
            };
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query((self.container, self.class.0, arrival_bound(from), arrival_bound(to), skip))?;
            while let Some(row) = rows.next()? {
                let entry = OrderEntry { object: row.get(0)?, place: Place { sort: Vec::new(), arrival: row.get(1)? } };
                if !each(entry)? {
                    break;
                }
            }
            return Ok(());
        }
        let sql = if descending {
            "SELECT object, arrival, sort FROM entries WHERE ord = ?1 AND (sort, arrival) >= (?2, ?3)
             AND (sort, arrival) < (?4, ?5) ORDER BY sort DESC, arrival DESC LIMIT -1 OFFSET ?6"
        } else {
            "SELECT object, arrival, sort FROM entries WHERE ord = ?1 AND (sort, arrival) >= (?2, ?3)
             AND (sort, arrival) < (?4, ?5) ORDER BY sort, arrival LIMIT -1 OFFSET ?6"
        };
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((self.id, &from.sort, from.arrival, &to.sort, to.arrival, skip))?;
        while let Some(row) = rows.next()? {
            let entry = OrderEntry { object: row.get(0)?, place: Place { sort: row.get(2)?, arrival: row.get(1)? } };
            if !each(entry)? {
                break;
            }
        }
        Ok(())
    }
}

/// The order of arrival has empty sort keys: a bound with one lies behind all of it.
fn arrival_bound(place: &Place) -> i64 {
    if place.sort.is_empty() { place.arrival } else { i64::MAX }
}

/// The buckets of one order.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    firsts: Vec<Place>,
    counts: Vec<u64>,
    /// How many entries stand before each bucket; made when it is asked for.
    sums: Vec<u64>,
    dirty: BTreeSet<Place>,
}

impl Directory {
    /// Reads the buckets of an order.
    pub(super) fn load(connection: &Connection, order: i64) -> Outcome<Self> {
        let mut statement =
            connection.prepare_cached("SELECT sort, arrival, count FROM buckets WHERE ord = ?1 ORDER BY sort, arrival")?;
        let mut rows = statement.query([order])?;
        let mut directory = Self::default();
        let mut sum = 0_u64;
        while let Some(row) = rows.next()? {
            let count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
            directory.firsts.push(Place { sort: row.get(0)?, arrival: row.get(1)? });
            directory.counts.push(count);
            directory.sums.push(sum);
            sum = sum.saturating_add(count);
        }
        if directory.firsts.first() != Some(&Place::first()) {
            return Err(Trouble::damaged("an order has no buckets"));
        }
        Ok(directory)
    }

    /// Entries of the whole order.
    pub(super) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn bucket_of(&self, place: &Place) -> usize {
        self.firsts.partition_point(|first| first <= place).saturating_sub(1)
    }

    /// Counts an entry that was added.
    pub(super) fn add(&mut self, place: &Place) {
        let bucket = self.bucket_of(place);
        if let (Some(count), Some(first)) = (self.counts.get_mut(bucket), self.firsts.get(bucket)) {
            *count += 1;
            if !self.dirty.contains(first) {
                self.dirty.insert(first.clone());
            }
        }
    }

    /// Counts an entry that was removed.
    pub(super) fn subtract(&mut self, place: &Place) {
        let bucket = self.bucket_of(place);
        if let (Some(count), Some(first)) = (self.counts.get_mut(bucket), self.firsts.get(bucket)) {
            *count = count.saturating_sub(1);
            if !self.dirty.contains(first) {
                self.dirty.insert(first.clone());
            }
        }
    }

    /// Writes what changed, cutting buckets that have become full and dropping empty ones.
    pub(super) fn flush(&mut self, connection: &Connection, order: &Order) -> Outcome<()> {
        let write = |place: &Place, count: u64| -> Outcome<()> {
            connection
                .prepare_cached(
                    "INSERT INTO buckets(ord, sort, arrival, count) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET count = excluded.count",
                )?
                .execute((order.id, &place.sort, place.arrival, i64::try_from(count).unwrap_or(i64::MAX)))?;
            Ok(())
        };
        for first in std::mem::take(&mut self.dirty) {
            let mut bucket = self.bucket_of(&first);
            let mut count = self.counts.get(bucket).copied().unwrap_or_default();
            if count == 0 && bucket > 0 {
                connection.prepare_cached("DELETE FROM buckets WHERE ord = ?1 AND sort = ?2 AND arrival = ?3")?.execute((
                    order.id,
                    &first.sort,
                    first.arrival,
                ))?;
                self.firsts.remove(bucket);
                self.counts.remove(bucket);
                continue;
            }
            let mut start = first;
            if count > FULL {
                let end = self.firsts.get(bucket + 1).cloned().unwrap_or_else(Place::last);
                let mut starts = Vec::new();
                let mut passed = 0_u64;
                let begin = start.clone();
                order.walk(connection, &begin, &end, false, 0, |entry| {
                    if passed > 0 && passed.is_multiple_of(CUT) && count - passed >= CUT / 2 {
                        starts.push(entry.place);
                    }
                    passed += 1;
                    Ok(true)
                })?;
                for next in starts {
                    write(&start, CUT)?;
                    self.counts[bucket] = CUT;
                    count = count.saturating_sub(CUT);
                    bucket += 1;
                    self.firsts.insert(bucket, next.clone());
                    self.counts.insert(bucket, count);
                    start = next;
                }
            }
            write(&start, count)?;
        }
        self.sums.clear();
        Ok(())
    }

    /// How many entries stand before that place.
    pub(super) fn rank(&self, connection: &Connection, order: &Order, place: &Place) -> Outcome<u64> {
        let bucket = self.bucket_of(place);
        let (Some(first), Some(sum)) = (self.firsts.get(bucket), self.sums.get(bucket)) else {
            return Err(Trouble::damaged("an order has no buckets"));
        };
        Ok(sum + order.count(connection, first, place)?)
    }

    /// The place to begin a walk at, and how many entries to skip, so that its first entry is the one at that
    /// position; `None` behind the last. A descending walk begins before the place answered.
    pub(super) fn seek(&self, position: u64, descending: bool) -> Option<(Place, u64)> {
        let bucket = self.sums.partition_point(|sum| *sum <= position).checked_sub(1)?;
        let (sum, count) = (*self.sums.get(bucket)?, *self.counts.get(bucket)?);
        let inside = position.checked_sub(sum).filter(|inside| *inside < count)?;
        if descending {
            let end = self.firsts.get(bucket + 1).cloned().unwrap_or_else(Place::last);
            Some((end, count - 1 - inside))
        } else {
            Some((self.firsts.get(bucket)?.clone(), inside))
        }
    }

    /// The buckets, for a check.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (&Place, u64)> {
        self.firsts.iter().zip(self.counts.iter().copied())
    }
}

/// Adds an entry to a kept order.
pub(super) fn insert_entry(connection: &Connection, order: &Order, place: &Place, object: i64) -> Outcome<()> {
    if order.tag != 0 {
        connection.prepare_cached("INSERT INTO entries(ord, sort, arrival, object) VALUES (?1, ?2, ?3, ?4)")?.execute((
            order.id,
            &place.sort,
            place.arrival,
            object,
        ))?;
    }
    Ok(())
}

/// Removes an entry from a kept order.
pub(super) fn remove_entry(connection: &Connection, order: &Order, place: &Place) -> Outcome<()> {
    if order.tag != 0 {
        connection.prepare_cached("DELETE FROM entries WHERE ord = ?1 AND sort = ?2 AND arrival = ?3")?.execute((
            order.id,
            &place.sort,
            place.arrival,
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::database::{Access, Database};
    use crate::backends::sqlite::schema::{ROOT, STORE};

    #[test]
    fn buckets_are_cut_and_still_tell_every_rank_and_position() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a"), STORE, Access::Create).unwrap();
        let mut places: Vec<Place> = (1..=9000_i64)
            .map(|arrival| {
                let key = (arrival * 7919 % 1000).to_be_bytes();
                Place::of((arrival % 5 > 0).then_some(&key[..]), arrival)
            })
            .collect();
        let order = database
            .write(|connection| {
                let order = Order::create(connection, ROOT, Class::CONTENT, 0x0037_001F)?;
                for chunk in places.chunks(700) {
                    let mut directory = Directory::load(connection, order.id)?;
                    for place in chunk {
                        insert_entry(connection, &order, place, place.arrival)?;
                        directory.add(place);
                    }
                    directory.flush(connection, &order)?;
                }
                let mut directory = Directory::load(connection, order.id)?;
                for place in places.iter().filter(|place| place.arrival <= 2500) {
                    remove_entry(connection, &order, place)?;
                    directory.subtract(place);
                }
                directory.flush(connection, &order)?;
                Ok(order)
            })
            .unwrap();
        places.retain(|place| place.arrival > 2500);
        places.sort();
        database
            .read(|connection| {
                let directory = Directory::load(connection, order.id)?;
                assert!(directory.firsts.len() > 3);
                assert!(directory.counts.iter().all(|count| *count <= FULL));
                assert_eq!(directory.total(), places.len() as u64);
                for number in (0..places.len()).step_by(97).chain([places.len() - 1]) {
                    let position = number as u64;
                    assert_eq!(directory.rank(connection, &order, &places[number])?, position);
                    for descending in [false, true] {
                        let (place, skip) = directory.seek(position, descending).unwrap();
                        let (from, to) = if descending { (Place::first(), place) } else { (place, Place::last()) };
                        let mut found = None;
                        order.walk(connection, &from, &to, descending, skip, |entry| {
                            found = Some(entry.place);
                            Ok(false)
                        })?;
                        assert_eq!(found.as_ref(), Some(&places[number]));
                    }
                }
                assert_eq!(directory.seek(places.len() as u64, false), None);
                Ok(())
            })
            .unwrap();
    }
}
