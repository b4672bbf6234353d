//! Checking a store: SQLite's own check, and what must hold between the tables. What is kept beside the
//! objects can be made again from them, so all of that is mended on request.

use crate::backends::sqlite::encoding::Body;
use crate::backends::sqlite::orders::{Directory, Order, Place};
use crate::backends::sqlite::schema::{STORE_OBJECT, kind_of, name_of};
use crate::backends::sqlite::state::State;
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{CheckFinding, CheckReport, ObjectKind};
use mapi_engine::properties::PropTag;
use rusqlite::{Connection, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};

/// The rows of `counters` as they follow from the objects; kind 7 is an embedded message, which no folder holds.
const COUNTED: &str = "SELECT parent, sum(class = 1), sum(class = 2), sum(class = 3), sum(class = 2 AND unread),
    sum(class = 9), sum(class = 10), sum(class = 11)
    FROM objects WHERE class IN (1, 2, 3, 9, 10, 11) AND kind <> 7 GROUP BY parent";

/// Checks the store; with `repair` in a transaction that may write.
pub(super) fn check(connection: &Connection, repair: bool) -> Outcome<CheckReport> {
    let mut report = CheckReport::default();
    match inspect(connection, repair, &mut report) {
        // Damage that ends the reading is what a check is there to find. A repair fails on it instead, so
        // that nothing half mended is kept.
        Err(Trouble::Sql(error)) if !repair && error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            let message = format!("the file is damaged so that the rest of it cannot be read: {error}");
            report.findings.push(CheckFinding { object: None, message, repaired: false });
            Ok(report)
        }
        outcome => outcome.map(|()| report),
    }
}

fn inspect(connection: &Connection, repair: bool, report: &mut CheckReport) -> Outcome<()> {
    let mut find = |object: Option<i64>, message: String, repaired: bool| -> Outcome<()> {
        report.findings.push(CheckFinding { object: object.map(name_of).transpose()?, message, repaired });
        Ok(())
    };
    {
        let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let line: String = row.get(0)?;
            if line != "ok" {
                find(None, format!("the file is damaged: {line}"), false)?;
            }
        }
    }
    if State::find(connection)?.is_none() {
        return find(None, "its last commit is missing".to_owned(), false);
    }
    report.objects = objects(connection, repair, &mut find)?;
    counters(connection, repair, &mut find)?;
    orders(connection, repair, &mut find)?;
    feed(connection, &mut find)
}

type Find<'a> = dyn FnMut(Option<i64>, String, bool) -> Outcome<()> + 'a;

/// Every object decodes, has a container that holds such objects, and all its large values.
fn objects(connection: &Connection, repair: bool, find: &mut Find<'_>) -> Outcome<u64> {
    let mut statement = connection.prepare(
        "SELECT o.id, o.parent, o.kind, b.id, p.id, o.arrival >= s.next_arrival OR o.id >= s.next_object, b.props, o.late
         FROM objects o CROSS JOIN state s LEFT JOIN bags b ON b.id = o.id LEFT JOIN objects p ON p.id = o.parent",
    )?;
    let mut chunks = connection.prepare("SELECT coalesce(sum(length(data)), 0) FROM large WHERE id BETWEEN ?1 AND ?2")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    // Each large value, and how many objects have it.
    let mut values: BTreeMap<i64, i64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        count += 1;
        let id: i64 = row.get(0)?;
        let kind = kind_of(row.get(2)?);
        if kind.is_err() {
            find(Some(id), "is of an unknown kind".to_owned(), false)?;
        }
        let held = row.get::<_, Option<i64>>(4)?.is_some();
        let is_store = id == STORE_OBJECT && matches!(kind, Ok(ObjectKind::Store));
        if !held && !is_store {
            find(Some(id), "lies in a container that is not there".to_owned(), false)?;
        }
        if row.get(5)? {
            find(Some(id), "has a number that has not been given out yet".to_owned(), false)?;
        }
        if row.get::<_, Option<i64>>(3)?.is_none() {
            find(Some(id), "has lost its properties".to_owned(), false)?;
            continue;
        }
        let Ok(stored) = Stored::of(row, 6) else {
            find(Some(id), "has properties that cannot be decoded".to_owned(), false)?;
            continue;
        };
        let mut last: Option<u16> = None;
        for entry in stored.entries() {
            let Ok(entry) = entry else {
                find(Some(id), "has properties that cannot be decoded".to_owned(), false)?;
                break;
            };
            if last.is_some_and(|last| last >= entry.tag.id()) {
                find(Some(id), format!("has property {} out of order", entry.tag), false)?;
            }
            last = Some(entry.tag.id());
            match entry.body {
                Body::Inline(bytes) => {
                    if crate::backends::sqlite::encoding::decode_value(entry.tag.kind(), bytes).is_err() {
                        find(Some(id), format!("has a value of {} that cannot be decoded", entry.tag), false)?;
                    }
                }
                Body::Large(large) => {
                    let first = large.number << 20;
                    let stored: i64 = chunks.query_row((first, first | 0xF_FFFF), |row| row.get(0))?;
                    if u64::try_from(stored).ok() != Some(large.bytes) {
                        find(Some(id), format!("has lost a part of {}", entry.tag), false)?;
                    }
                    *values.entry(large.number).or_default() += 1;
                }
            }
        }
    }
    let mut statement = connection.prepare("SELECT DISTINCT id >> 20 FROM large")?;
    let stored = statement.query_map([], |row| row.get::<_, i64>(0))?;
    let mut lost = 0;
    for number in stored {
        lost += u64::from(!values.contains_key(&number?));
    }
    if lost > 0 {
        find(None, format!("{lost} large values belong to no object"), false)?;
    }
    shared_values(connection, &values, repair, find)?;
    Ok(count)
}

/// It is known how many objects have each large value, so that none is removed while one still has it.
fn shared_values(connection: &Connection, values: &BTreeMap<i64, i64>, repair: bool, find: &mut Find<'_>) -> Outcome<()> {
    let counted: BTreeMap<i64, i64> =
        values.iter().filter(|(_, objects)| **objects > 1).map(|(value, objects)| (*value, objects - 1)).collect();
    let kept: BTreeMap<i64, i64> = {
        let mut statement = connection.prepare("SELECT value, further FROM shared_values")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    if kept == counted {
        return Ok(());
    }
    find(None, "counts wrongly how many objects share a large value".to_owned(), repair)?;
    if repair {
        connection.execute("DELETE FROM shared_values", [])?;
        let mut statement = connection.prepare("INSERT INTO shared_values(value, further) VALUES (?1, ?2)")?;
        for shared in counted {
            statement.execute(shared)?;
        }
    }
    Ok(())
}

fn counters(connection: &Connection, repair: bool, find: &mut Find<'_>) -> Outcome<()> {
    let read = |sql: &str| -> Outcome<BTreeMap<i64, [i64; 7]>> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let mut counts = [0; 7];
            for (place, count) in counts.iter_mut().enumerate() {
                *count = row.get(place + 1)?;
            }
            found.insert(row.get(0)?, counts);
        }
        Ok(found)
    };
    let kept = read(
        "SELECT container, subfolders, contents, associated, unread, deleted_subfolders, deleted_contents, deleted_associated
         FROM counters",
    )?;
    let counted = read(COUNTED)?;
    let containers: BTreeSet<i64> = kept.keys().chain(counted.keys()).copied().collect();
    let mut wrong = false;
    for container in containers {
        let none = [0; 7];
        let (kept, counted) = (kept.get(&container).unwrap_or(&none), counted.get(&container).unwrap_or(&none));
        if kept != counted {
            wrong = true;
            find(Some(container), "counts its children wrongly".to_owned(), repair)?;
        }
    }
    if wrong && repair {
        connection.execute("DELETE FROM counters", [])?;
        // The repair is a commit of its own.
        let counted = format!("INSERT INTO counters SELECT counted.*, commits + 1 FROM ({COUNTED}) counted CROSS JOIN state");
        connection.execute(&counted, [])?;
    }
    Ok(())
}

fn orders(connection: &Connection, repair: bool, find: &mut Find<'_>) -> Outcome<()> {
    for order in Order::all(connection)? {
        let mut wrong = None;
        if order.tag != 0 {
            // Every object stands where its key puts it, and nothing else stands anywhere.
            let mut expected = BTreeMap::new();
            let mut statement = connection.prepare_cached(
                "SELECT id, arrival, props, late FROM objects CROSS JOIN bags USING (id) WHERE parent = ?1 AND class = ?2",
            )?;
            let mut rows = statement.query((order.container, order.class.0))?;
            let tag = PropTag(order.tag);
            while let Some(row) = rows.next()? {
                let key = Stored::of(row, 2)
                    .and_then(|stored| stored.find(tag.id()))
                    .ok()
                    .flatten()
                    .filter(|entry| entry.tag.kind().same_family(tag.kind()))
                    .and_then(|entry| entry.key);
                expected.insert(order.place(key, row.get(1)?), row.get::<_, i64>(0)?);
            }
            let mut stood = 0;
            order.walk(connection, &Place::first(), &Place::last(), false, 0, |entry| {
                stood += 1;
                if expected.get(&entry.place) != Some(&entry.object) {
                    wrong = Some("misplaces rows");
                }
                Ok(true)
            })?;
            if stood != expected.len() {
                wrong = Some("misses rows");
            }
        }
        match Directory::load(connection, order.id) {
            Ok(directory) => {
                let buckets: Vec<_> = directory.buckets().collect();
                for (number, (first, count)) in buckets.iter().enumerate() {
                    let last = Place::last();
                    let end = buckets.get(number + 1).map_or(&last, |(next, _)| *next);
                    if order.count(connection, first, end)? != *count {
                        wrong = Some("counts rows wrongly");
                    }
                }
            }
            Err(_) => wrong = Some("has no buckets"),
        }
        if let Some(wrong) = wrong {
            // A forgotten order is made again when it is next asked for; the order of arrival at once.
            find(Some(order.container), format!("its order by {} {wrong}", PropTag(order.tag)), repair)?;
            if repair {
                order.forget(connection)?;
                if order.tag == 0 {
                    let new = Order::create(connection, order.container, order.class, 0)?;
                    let mut directory = Directory::load(connection, new.id)?;
                    new.walk(connection, &Place::first(), &Place::last(), false, 0, |entry| {
                        directory.add(&entry.place);
                        Ok(true)
                    })?;
                    directory.flush(connection, &new)?;
                }
            }
        }
    }
    Ok(())
}

fn feed(connection: &Connection, find: &mut Find<'_>) -> Outcome<()> {
    let state = State::load(connection)?;
    let oldest: i64 = connection.query_row("SELECT min(number) FROM feed", [], |row| row.get(0))?;
    if oldest < state.feed_floor {
        find(None, "the change feed does not fit the number of commits".to_owned(), false)?;
    }
    Ok(())
}
