//! The rows that pass filters: found once for a state of the file, then counted, put in any order, read from
//! any place.

use crate::backends::sqlite::ancestry::lies_in_deleted;
use crate::backends::sqlite::encoding::{Body, decode_value};
use crate::backends::sqlite::filter::Test;
use crate::backends::sqlite::orders::Order;
use crate::backends::sqlite::rows::Counts;
use crate::backends::sqlite::runs::{key_of, runs};
use crate::backends::sqlite::scan::{Subject, kept};
use crate::backends::sqlite::schema::{Class, kind_number, number_of};
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{ObjectKind, OrderKey, QUEUE_NUMBER, RowKey, ScanFrom, Scope};
use mapi_engine::collation;
use mapi_engine::properties::PropTag;
use mapi_engine::restriction::Relop;
use rusqlite::Connection;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Entries of an index passed in the time it takes to look one object up: ten while its page is at hand, thirty
/// while it is not.
const PASSED: u64 = 20;

/// The objects that pass, with their arrival numbers, by object.
#[derive(Debug)]
pub(super) struct Found(pub(super) Vec<(i64, i64)>);

impl Found {
    /// Whether that object is among them.
    pub(super) fn holds(&self, object: i64) -> bool {
        self.0.binary_search_by_key(&object, |row| row.0).is_ok()
    }

    /// Whether a page of that many rows is found sooner by passing along an order of `total` rows than by
    /// looking up all that pass.
    pub(super) fn is_dense(&self, page: u64, total: u64) -> bool {
        let found = self.0.len() as u64;
        page.saturating_mul(total) <= found.saturating_mul(found).saturating_mul(PASSED)
    }
}

/// One matching row.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) key: RowKey,
    pub(super) object: i64,
}

/// The matching rows in order.
#[derive(Debug)]
pub(super) struct Matches(pub(super) Vec<Match>);

/// The containers of a scope.
fn containers(connection: &Connection, scope: &Scope) -> Outcome<Vec<i64>> {
    let (named, recursive) = match scope {
        Scope::One(container) => return Ok(number_of(container).into_iter().collect()),
        Scope::Several { containers, recursive } => (containers, *recursive),
    };
    let mut open: Vec<i64> = named.iter().rev().filter_map(number_of).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut below = connection
        .prepare_cached("SELECT id FROM objects WHERE parent = ?1 AND class = ?2 AND kind = ?3 ORDER BY arrival DESC")?;
    while let Some(container) = open.pop() {
        if !seen.insert(container) {
            continue;
        }
        found.push(container);
        if recursive {
            let folder = kind_number(ObjectKind::Folder);
            let rows = below.query_map((container, Class::SUBFOLDER.0, folder), |row| row.get(0))?;
            for row in rows {
                open.push(row?);
            }
        }
    }
    Ok(found)
}

/// Whether an object with those properties passes all tests.
pub(super) fn passes(tests: &[Test], object: i64, stored: Stored<'_>) -> Outcome<bool> {
    for test in tests {
        if !test.passes(object, stored)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The text hits all rows must be among, if few.
fn hits(tests: &[Test]) -> Option<&Arc<Vec<i64>>> {
    let mut found: Option<&Arc<Vec<i64>>> = None;
    let mut open: Vec<&Test> = tests.iter().collect();
    while let Some(test) = open.pop() {
        match test {
            Test::And(children) => open.extend(children),
            Test::Text(hits) if found.is_none_or(|best| hits.len() < best.len()) => found = Some(hits),
            _ => {}
        }
    }
    found
}

/// An equality all rows must fulfil.
fn equality(tests: &[Test]) -> Option<(PropTag, &[u8])> {
    let mut open: Vec<&Test> = tests.iter().collect();
    while let Some(test) = open.pop() {
        match test {
            Test::And(children) => open.extend(children),
            Test::Compare { tag, relop: Relop::Eq, key, bounded: false } => return Some((*tag, key)),
            _ => {}
        }
    }
    None
}

/// Whether the filters let so few rows through that finding them at once beats reading the order.
pub(super) fn is_selective(tests: &[Test]) -> bool {
    equality(tests).is_some() || hits(tests).is_some()
}

/// Finds the rows that pass.
pub(super) fn find(connection: &Connection, subject: &Subject, tests: &[Test]) -> Outcome<Found> {
    let mut found = match Class::scanned(subject.kind) {
        Some(class) => find_in(connection, &containers(connection, &subject.scope)?, class, tests)?,
        None => queued(connection, tests)?,
    };
    found.sort_unstable();
    Ok(Found(found))
}

fn find_in(connection: &Connection, containers: &[i64], class: Class, tests: &[Test]) -> Outcome<Vec<(i64, i64)>> {
    let reads = tests.iter().any(Test::reads);
    let candidates = candidates(connection, containers, class, tests)?;
    let few = |candidates: &Vec<i64>| -> Outcome<bool> {
        // Properties are read of each row that is looked at, wherever it is found.
        Ok(reads || (candidates.len() as u64).saturating_mul(PASSED) < total(connection, containers, class)?)
    };
    if let Some(candidates) = candidates
        && few(&candidates)?
    {
        return among(connection, &candidates, containers, class, tests, reads);
    }
    let sql = if reads {
        "SELECT id, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ?1 AND class = ?2"
    } else {
        "SELECT id, arrival FROM objects WHERE parent = ?1 AND class = ?2"
    };
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(sql)?;
    for container in containers {
        let mut rows = statement.query((container, class.0))?;
        while let Some(row) = rows.next()? {
            let object = row.get(0)?;
            let stored = if reads { Stored::of(row, 2)? } else { Stored::default() };
            if passes(tests, object, stored)? {
                found.push((object, row.get(1)?));
            }
        }
    }
    Ok(found)
}

/// Looks the candidates up.
fn among(
    connection: &Connection,
    candidates: &[i64],
    containers: &[i64],
    class: Class,
    tests: &[Test],
    reads: bool,
) -> Outcome<Vec<(i64, i64)>> {
    let containers: BTreeSet<i64> = containers.iter().copied().collect();
    let sql = if reads {
        "SELECT parent, class, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1"
    } else {
        "SELECT parent, class, arrival FROM objects WHERE id = ?1"
    };
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(sql)?;
    for object in candidates {
        let mut rows = statement.query([object])?;
        let Some(row) = rows.next()? else { continue };
        let parent: Option<i64> = row.get(0)?;
        let lies_there = row.get::<_, i64>(1)? == class.0 && parent.is_some_and(|parent| containers.contains(&parent));
        let stored = if reads { Stored::of(row, 3)? } else { Stored::default() };
        if lies_there && passes(tests, *object, stored)? {
            found.push((*object, row.get(2)?));
        }
    }
    Ok(found)
}

/// The messages of the queue.
fn queued(connection: &Connection, tests: &[Test]) -> Outcome<Vec<(i64, i64)>> {
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT id, arrival, parent, class, props, late FROM objects CROSS JOIN bags USING (id) WHERE queue IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let deleted = Class(row.get(3)?).is_deleted() || lies_in_deleted(connection, row.get(2)?)?;
        if !deleted && passes(tests, row.get(0)?, Stored::of(row, 4)?)? {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(found)
}

/// How many rows of a class lie in containers.
pub(super) fn total(connection: &Connection, containers: &[i64], class: Class) -> Outcome<u64> {
    let mut total = 0_u64;
    for container in containers {
        let count = Counts::of(connection, *container)?.class(class).unwrap_or_default();
        total = total.saturating_add(u64::try_from(count).unwrap_or_default());
    }
    Ok(total)
}

/// Puts the rows found in order.
pub(super) fn arrange(connection: &Connection, subject: &Subject, found: &Found) -> Outcome<Matches> {
    if let Some((order, descending)) = kept(connection, subject)?
        && (found.0.len() as u64).saturating_mul(PASSED) >= total(connection, &[order.container], order.class)?
    {
        let mut rows = Vec::with_capacity(found.0.len());
        for run in runs(&order, descending, false) {
            order.walk(connection, &run.from, &run.to, run.descending, 0, |entry| {
                if found.holds(entry.object) {
                    rows.push(Match { key: key_of(&order, &entry.place), object: entry.object });
                }
                Ok(true)
            })?;
        }
        return Ok(Matches(rows));
    }
    let order = &subject.order;
    let mut statement = connection.prepare_cached("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
    let mut matches = Vec::with_capacity(found.0.len());
    for (object, arrival) in &found.0 {
        let keys = if order.is_empty() {
            Vec::new()
        } else {
            let mut rows = statement.query([object])?;
            let Some(row) = rows.next()? else { continue };
            let stored = Stored::of(row, 0)?;
            order.iter().map(|key| order_key(stored, key.tag)).collect::<Outcome<_>>()?
        };
        matches.push(Match { key: RowKey { keys, arrival: arrival.cast_unsigned() }, object: *object });
    }
    matches.sort_by(|a, b| compare(order, &a.key, &b.key));
    Ok(Matches(matches))
}

/// The only objects that can pass, where an index tells and they are few among the rows.
fn candidates(connection: &Connection, containers: &[i64], class: Class, tests: &[Test]) -> Outcome<Option<Vec<i64>>> {
    if let Some((tag, key)) = equality(tests) {
        let mut found = Vec::new();
        for container in containers {
            let Some(order) = Order::find(connection, *container, class, tag.0)? else { return Ok(None) };
            let (from, to) = (order.place(Some(key), 0), order.place(Some(key), i64::MAX));
            order.walk(connection, &from, &to, false, 0, |entry| {
                found.push(entry.object);
                Ok(true)
            })?;
        }
        return Ok(Some(found));
    }
    Ok(hits(tests).map(|hits| hits.to_vec()))
}

fn order_key(stored: Stored<'_>, tag: PropTag) -> Outcome<Option<Vec<u8>>> {
    let found = stored.find(tag.id())?.filter(|entry| entry.tag.kind().same_family(tag.kind()));
    Ok(match found {
        Some(entry) if tag.id() == QUEUE_NUMBER.id() => match entry.body {
            Body::Inline(bytes) => {
                let value = decode_value(entry.tag.kind(), bytes)?;
                collation::order_key(&value)
            }
            Body::Large(_) => None,
        },
        Some(entry) => entry.key.map(<[u8]>::to_vec),
        None => None,
    })
}

/// The order of two rows: absent values last, ties by arrival in the direction of the last key.
pub(super) fn compare(order: &[OrderKey], a: &RowKey, b: &RowKey) -> Ordering {
    for (place, key) in order.iter().enumerate() {
        let pair = (a.keys.get(place).and_then(Option::as_ref), b.keys.get(place).and_then(Option::as_ref));
        let result = match pair {
            (Some(a), Some(b)) if key.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if result.is_ne() {
            return result;
        }
    }
    if order.last().is_some_and(|key| key.descending) { b.arrival.cmp(&a.arrival) } else { a.arrival.cmp(&b.arrival) }
}

/// The rows still to be read, as a half-open range.
pub(super) fn range(rows: &[Match], order: &[OrderKey], from: &ScanFrom, backwards: bool) -> (usize, usize) {
    let place = |key: &RowKey, behind: bool| {
        rows.partition_point(|row| {
            let result = compare(order, &row.key, key);
            result.is_lt() || (behind && result.is_eq())
        })
    };
    match (from, backwards) {
        (ScanFrom::Start, _) => (0, rows.len()),
        (ScanFrom::After(key), false) => (place(key, true), rows.len()),
        (ScanFrom::At(key), false) => (place(key, false), rows.len()),
        (ScanFrom::After(key), true) => (0, place(key, false)),
        (ScanFrom::At(key), true) => (0, place(key, true)),
        (ScanFrom::Position(position), backwards) => {
            let position = usize::try_from(*position).unwrap_or(usize::MAX);
            if backwards { (0, position.saturating_add(1).min(rows.len())) } else { (position.min(rows.len()), rows.len()) }
        }
    }
}
