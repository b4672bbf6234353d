//! Scans of containers: pages, counts and ranks (`tables` 5.5, 7).
//!
//! A page of an order that is kept is read from the order itself, filtered on the way. Everything else - rare
//! orders, several containers, positions among filtered rows - is answered from the sorted list of matching
//! rows, made once and remembered until the next commit.

use crate::backends::sqlite::encoding::Entries;
use crate::backends::sqlite::filter::Test;
use crate::backends::sqlite::orders::{Directory, Order, Place, key_of_sort};
use crate::backends::sqlite::rows;
use crate::backends::sqlite::schema::{Class, number_of};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{
    Filter, ObjectKind, OrderKey, QUEUE_NUMBER, RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest, Scope,
};
use mapi_engine::properties::PropTag;
use mapi_engine::restriction::Relop;
use rusqlite::Connection;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a scan is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    pub(super) scope: Scope,
    pub(super) kind: ScanKind,
    pub(super) filters: Vec<Filter>,
    pub(super) order: Vec<OrderKey>,
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

/// What scans of one state of the file share.
pub(super) trait Recall {
    /// The buckets of an order.
    fn directory(&self, connection: &Connection, order: &Order) -> Outcome<Arc<Directory>>;
    /// The filters, their text searches done.
    fn tests(&self, connection: &Connection, filters: &[Filter]) -> Outcome<Vec<Test>>;
    /// The matching rows, made by `make` if they are not at hand.
    fn matches(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Matches>) -> Outcome<Arc<Matches>>;
}

/// The order asked for; the queue has one of its own.
pub(super) fn effective(kind: ScanKind, order: &[OrderKey]) -> Vec<OrderKey> {
    if kind == ScanKind::Queue && order.is_empty() {
        return vec![OrderKey { tag: QUEUE_NUMBER, descending: false }];
    }
    order.to_vec()
}

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
            let folder = crate::backends::sqlite::schema::kind_number(ObjectKind::Folder);
            let rows = below.query_map((container, Class::SUBFOLDER.0, folder), |row| row.get(0))?;
            for row in rows {
                open.push(row?);
            }
        }
    }
    Ok(found)
}

/// The kept order a scan can be read from: of one container, by arrival or by one key.
fn kept(connection: &Connection, subject: &Subject) -> Outcome<Option<(Order, bool)>> {
    let (Scope::One(container), Some(class)) = (&subject.scope, Class::scanned(subject.kind)) else { return Ok(None) };
    let Some(container) = number_of(container).filter(|_| class.is_ordered()) else { return Ok(None) };
    let (tag, descending) = match subject.order.as_slice() {
        [] => (0, false),
        [key] => match crate::backends::sqlite::plan::listed(&crate::backends::sqlite::plan::ORDERED, key.tag) {
            Some(tag) => (tag.0, key.descending),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Order::find(connection, container, class, tag)?.map(|order| (order, descending)))
}

/// A stretch of an order, read in one direction.
#[derive(Clone, Debug)]
struct Run {
    from: Place,
    to: Place,
    descending: bool,
    skip: u64,
}

impl Run {
    fn holds(&self, place: &Place) -> bool {
        self.from <= *place && *place < self.to
    }
}

/// The stretches that make an order: absent values come last in both directions.
fn runs(order: &Order, descending: bool, backwards: bool) -> Vec<Run> {
    let run = |from, to, descending| Run { from, to, descending, skip: 0 };
    if !descending || order.tag == 0 {
        return vec![run(Place::first(), Place::last(), descending != backwards)];
    }
    let present = run(Place::first(), Place::absent(), !backwards);
    let absent = run(Place::absent(), Place::last(), !backwards);
    if backwards { vec![absent, present] } else { vec![present, absent] }
}

/// The place of a row in a kept order.
fn place_of(order: &Order, key: &RowKey) -> Place {
    order.place(key.keys.first().and_then(Option::as_deref), i64::try_from(key.arrival).unwrap_or(i64::MAX))
}

/// The key of an entry of a kept order.
fn key_of(order: &Order, place: &Place) -> RowKey {
    let keys = if order.tag == 0 { Vec::new() } else { vec![key_of_sort(&place.sort)] };
    RowKey { keys, arrival: place.arrival.cast_unsigned() }
}

/// Cuts the stretches so that reading begins at that place.
fn begin_at(mut runs: Vec<Run>, place: &Place, included: bool) -> Vec<Run> {
    let Some(first) = runs.iter().position(|run| run.holds(place)) else {
        // Places of one order lie in one of its stretches, so this one is of no row.
        return runs;
    };
    runs.drain(..first);
    if let Some(run) = runs.first_mut() {
        match (run.descending, included) {
            (false, true) => run.from = place.clone(),
            (false, false) => run.from = place.next(),
            (true, true) => run.to = place.next(),
            (true, false) => run.to = place.clone(),
        }
    }
    runs
}

/// The stretches from the row at that position on.
fn begin_at_position(
    connection: &Connection,
    recall: &dyn Recall,
    order: &Order,
    mut runs: Vec<Run>,
    descending: bool,
    backwards: bool,
    position: u64,
) -> Outcome<Vec<Run>> {
    let directory = recall.directory(connection, order)?;
    let total = directory.total();
    let position = if backwards { position.min(total.saturating_sub(1)) } else { position };
    if position >= total {
        return Ok(Vec::new());
    }
    // The position counted from the smallest entry.
    let (ascending, in_absent) = if !descending {
        (position, false)
    } else if order.tag == 0 {
        (total - 1 - position, false)
    } else {
        let present = directory.rank(connection, order, &Place::absent())?;
        if position < present { (present - 1 - position, false) } else { (total - 1 - (position - present), true) }
    };
    if runs.len() > 1 && in_absent != backwards {
        runs.remove(0);
    }
    if let Some(run) = runs.first_mut() {
        match directory.seek(ascending, run.descending) {
            Some((place, skip)) => {
                if run.descending {
                    run.to = place;
                } else {
                    run.from = place;
                }
                run.skip = skip;
            }
            None => return Ok(Vec::new()),
        }
    }
    Ok(runs)
}

/// A page of rows.
pub(super) fn page(connection: &Connection, recall: &dyn Recall, request: &ScanRequest<'_>) -> Outcome<ScanPage> {
    let subject = Subject {
        scope: request.scope.clone(),
        kind: request.kind,
        filters: request.filters.to_vec(),
        order: effective(request.kind, request.order),
    };
    let max = request.max as usize;
    let tests = recall.tests(connection, &subject.filters)?;
    let filtered_position = !tests.is_empty() && matches!(request.from, ScanFrom::Position(_));
    let source = if filtered_position || is_selective(&tests) { None } else { kept(connection, &subject)? };
    let (objects, last, more) = match source {
        Some((order, descending)) => from_order(connection, recall, &order, descending, request, &tests)?,
        None => {
            let matches = recall.matches(&subject, &mut || gather(connection, &subject, &tests))?;
            let (first, end) = range(&matches.0, &subject.order, &request.from, request.backwards);
            let rows = matches.0.get(first..end).unwrap_or_default();
            let more = rows.len() > max;
            let taken: Vec<&Match> =
                if request.backwards { rows.iter().rev().take(max).collect() } else { rows.iter().take(max).collect() };
            let last = taken.last().map(|row| row.key.clone());
            (taken.iter().map(|row| row.object).collect(), last, more)
        }
    };
    let parents = request.kind == ScanKind::Queue || matches!(request.scope, Scope::Several { .. });
    let batch = rows::batch(connection, &objects, request.columns, request.cell_limit, parents)?;
    Ok(ScanPage { batch, last, more })
}

type Taken = (Vec<i64>, Option<RowKey>, bool);

fn from_order(
    connection: &Connection,
    recall: &dyn Recall,
    order: &Order,
    descending: bool,
    request: &ScanRequest<'_>,
    tests: &[Test],
) -> Outcome<Taken> {
    let runs = runs(order, descending, request.backwards);
    let runs = match &request.from {
        ScanFrom::Start => runs,
        ScanFrom::After(key) => begin_at(runs, &place_of(order, key), false),
        ScanFrom::At(key) => begin_at(runs, &place_of(order, key), true),
        ScanFrom::Position(position) => {
            begin_at_position(connection, recall, order, runs, descending, request.backwards, *position)?
        }
    };
    let max = request.max as usize;
    let mut objects = Vec::new();
    let mut last = None;
    let mut more = false;
    let mut props = connection.prepare_cached("SELECT props FROM objects WHERE id = ?1")?;
    for run in runs {
        order.walk(connection, &run.from, &run.to, run.descending, run.skip, |entry| {
            if !tests.is_empty() {
                let mut rows = props.query([entry.object])?;
                let Some(row) = rows.next()? else { return Ok(true) };
                if !passes(tests, entry.object, row.get_ref(0)?.as_blob()?)? {
                    return Ok(true);
                }
            }
            if objects.len() >= max {
                more = true;
                return Ok(false);
            }
            objects.push(entry.object);
            last = Some(entry.place);
            Ok(true)
        })?;
        if more {
            break;
        }
    }
    Ok((objects, last.map(|place| key_of(order, &place)), more))
}

fn passes(tests: &[Test], object: i64, props: &[u8]) -> Outcome<bool> {
    for test in tests {
        if !test.passes(object, props)? {
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
fn is_selective(tests: &[Test]) -> bool {
    equality(tests).is_some() || hits(tests).is_some()
}

/// Finds the matching rows and sorts them.
fn gather(connection: &Connection, subject: &Subject, tests: &[Test]) -> Outcome<Matches> {
    let mut found = Vec::new();
    let order = &subject.order;
    let mut add = |object: i64, arrival: i64, props: &[u8]| -> Outcome<()> {
        if passes(tests, object, props)? {
            let keys = order.iter().map(|key| order_key(props, key.tag)).collect::<Outcome<_>>()?;
            found.push(Match { key: RowKey { keys, arrival: arrival.cast_unsigned() }, object });
        }
        Ok(())
    };
    if let Some(class) = Class::scanned(subject.kind) {
        let containers = containers(connection, &subject.scope)?;
        if let Some(candidates) = candidates(connection, &containers, class, tests)? {
            let among: BTreeSet<i64> = containers.into_iter().collect();
            let mut statement = connection.prepare_cached("SELECT parent, class, arrival, props FROM objects WHERE id = ?1")?;
            for object in candidates {
                let mut rows = statement.query([object])?;
                let Some(row) = rows.next()? else { continue };
                let parent: Option<i64> = row.get(0)?;
                if row.get::<_, i64>(1)? == class.0 && parent.is_some_and(|parent| among.contains(&parent)) {
                    add(object, row.get(2)?, row.get_ref(3)?.as_blob()?)?;
                }
            }
        } else {
            let mut statement = connection
                .prepare_cached("SELECT id, arrival, props FROM objects WHERE parent = ?1 AND class = ?2 ORDER BY arrival")?;
            for container in containers {
                let mut rows = statement.query((container, class.0))?;
                while let Some(row) = rows.next()? {
                    add(row.get(0)?, row.get(1)?, row.get_ref(2)?.as_blob()?)?;
                }
            }
        }
    } else {
        let mut statement = connection.prepare_cached(
            "SELECT id, arrival, props, parent, class FROM objects WHERE queue IS NOT NULL ORDER BY queue, arrival",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let deleted =
                Class(row.get(4)?).is_deleted() || crate::backends::sqlite::commit::lies_in_deleted(connection, row.get(3)?)?;
            if !deleted {
                add(row.get(0)?, row.get(1)?, row.get_ref(2)?.as_blob()?)?;
            }
        }
    }
    found.sort_by(|a, b| compare(&subject.order, &a.key, &b.key));
    Ok(Matches(found))
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

fn order_key(props: &[u8], tag: PropTag) -> Outcome<Option<Vec<u8>>> {
    let found = Entries::find(props, tag.id())?.filter(|entry| entry.tag.kind().same_family(tag.kind()));
    Ok(match found {
        Some(entry) if tag.id() == QUEUE_NUMBER.id() => match entry.body {
            crate::backends::sqlite::encoding::Body::Inline(bytes) => {
                let value = crate::backends::sqlite::encoding::decode_value(entry.tag.kind(), bytes)?;
                mapi_engine::collation::order_key(&value)
            }
            crate::backends::sqlite::encoding::Body::Large(_) => None,
        },
        Some(entry) => entry.key.map(<[u8]>::to_vec),
        None => None,
    })
}

/// The order of two rows: absent values last, ties by arrival in the direction of the last key.
fn compare(order: &[OrderKey], a: &RowKey, b: &RowKey) -> Ordering {
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
fn range(rows: &[Match], order: &[OrderKey], from: &ScanFrom, backwards: bool) -> (usize, usize) {
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

/// How many rows there are.
pub(super) fn count(connection: &Connection, recall: &dyn Recall, subject: &Subject) -> Outcome<u64> {
    if subject.filters.is_empty()
        && let (Scope::One(container), Some(class)) = (&subject.scope, Class::scanned(subject.kind))
    {
        let Some(container) = number_of(container) else { return Ok(0) };
        if let Some(order) = Order::find(connection, container, class, 0)? {
            let counts = rows::Counts::of(connection, container)?;
            if let Some(count) = counts.class(order.class) {
                return Ok(u64::try_from(count).unwrap_or_default());
            }
        }
        let count: i64 = connection
            .prepare_cached("SELECT count(*) FROM objects WHERE parent = ?1 AND class = ?2")?
            .query_row((container, class.0), |row| row.get(0))?;
        return Ok(u64::try_from(count).unwrap_or_default());
    }
    let tests = recall.tests(connection, &subject.filters)?;
    let matches = recall.matches(subject, &mut || gather(connection, subject, &tests))?;
    Ok(matches.0.len() as u64)
}

/// How many rows stand before that key.
pub(super) fn rank(connection: &Connection, recall: &dyn Recall, subject: &Subject, key: &RowKey) -> Outcome<u64> {
    let tests = recall.tests(connection, &subject.filters)?;
    let source = if tests.is_empty() { kept(connection, subject)? } else { None };
    if let Some((order, descending)) = source {
        let directory = recall.directory(connection, &order)?;
        let place = place_of(&order, key);
        if !descending {
            return directory.rank(connection, &order, &place);
        }
        let behind = directory.rank(connection, &order, &place.next())?;
        let present = directory.rank(connection, &order, &Place::absent())?;
        return Ok(if place < Place::absent() {
            present.saturating_sub(behind)
        } else {
            present + directory.total().saturating_sub(behind)
        });
    }
    let matches = recall.matches(subject, &mut || gather(connection, subject, &tests))?;
    Ok(matches.0.partition_point(|row| compare(&subject.order, &row.key, key).is_lt()) as u64)
}

/// The order a scan would best be read from, if it is not kept yet.
pub(super) fn wanted_order(connection: &Connection, subject: &Subject) -> Outcome<Option<(i64, Class, u32)>> {
    /// Smaller folders are sorted in memory as fast.
    const LARGE: i64 = 256;
    let (Scope::One(container), Some(class), [key]) = (&subject.scope, Class::scanned(subject.kind), subject.order.as_slice())
    else {
        return Ok(None);
    };
    let tag = crate::backends::sqlite::plan::listed(&crate::backends::sqlite::plan::ORDERED, key.tag);
    let (Some(container), Some(tag)) = (number_of(container).filter(|_| class.is_ordered()), tag) else { return Ok(None) };
    let large = rows::Counts::of(connection, container)?.class(class).is_some_and(|count| count >= LARGE);
    let kept = Order::find(connection, container, class, tag.0)?.is_some();
    // Without the order of arrival it is no folder, or has never held anything.
    let folder = Order::find(connection, container, class, 0)?.is_some();
    Ok((large && folder && !kept).then_some((container, class, tag.0)))
}
