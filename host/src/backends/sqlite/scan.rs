//! Scans of containers: pages, counts and ranks (`tables` 5.5, 7).
//!
//! A page of an order that is kept is read from the order itself, filtered on the way. Everything else - rare
//! orders, several containers, few rows that pass, positions among them - is answered from the rows that pass,
//! found once and remembered until the next commit.

use crate::backends::sqlite::filter::Test;
use crate::backends::sqlite::matching::{Found, Match, Matches, arrange, compare, find, is_selective, passes, range, total};
use crate::backends::sqlite::orders::{Directory, Order, Place};
use crate::backends::sqlite::plan::{ORDERED, listed};
use crate::backends::sqlite::rows::{self, Counts};
use crate::backends::sqlite::runs::{begin_at, begin_at_position, key_of, place_of, runs};
use crate::backends::sqlite::schema::{Class, number_of};
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{Filter, OrderKey, QUEUE_NUMBER, RowKey, ScanFrom, ScanKind, ScanPage, ScanRequest, Scope};
use rusqlite::Connection;
use std::sync::Arc;

/// What a scan is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    pub(super) scope: Scope,
    pub(super) kind: ScanKind,
    pub(super) filters: Vec<Filter>,
    pub(super) order: Vec<OrderKey>,
}

/// What scans of one state of the file share.
pub(super) trait Recall {
    /// The buckets of an order.
    fn directory(&self, connection: &Connection, order: &Order) -> Outcome<Arc<Directory>>;
    /// The filters, their text searches done.
    fn tests(&self, connection: &Connection, filters: &[Filter]) -> Outcome<Vec<Test>>;
    /// The rows that pass, whatever their order, found by `make` if they are not at hand.
    fn found(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Found>) -> Outcome<Arc<Found>>;
    /// The matching rows in order, made by `make` if they are not at hand.
    fn matches(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Matches>) -> Outcome<Arc<Matches>>;
}

/// The order asked for; the queue has one of its own.
pub(super) fn effective(kind: ScanKind, order: &[OrderKey]) -> Vec<OrderKey> {
    if kind == ScanKind::Queue && order.is_empty() {
        return vec![OrderKey { tag: QUEUE_NUMBER, descending: false }];
    }
    order.to_vec()
}

/// The kept order a scan can be read from: of one container, by arrival or by one key.
pub(super) fn kept(connection: &Connection, subject: &Subject) -> Outcome<Option<(Order, bool)>> {
    let (Scope::One(container), Some(class)) = (&subject.scope, Class::scanned(subject.kind)) else { return Ok(None) };
    let Some(container) = number_of(container).filter(|_| class.is_ordered()) else { return Ok(None) };
    let (tag, descending) = match subject.order.as_slice() {
        [] => (0, false),
        [key] => match listed(&ORDERED, key.tag) {
            Some(tag) => (tag.0, key.descending),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Order::find(connection, container, class, tag)?.map(|order| (order, descending)))
}

fn found(connection: &Connection, recall: &dyn Recall, subject: &Subject, tests: &[Test]) -> Outcome<Arc<Found>> {
    recall.found(subject, &mut || find(connection, subject, tests))
}

fn matches(connection: &Connection, recall: &dyn Recall, subject: &Subject, tests: &[Test]) -> Outcome<Arc<Matches>> {
    recall.matches(subject, &mut || arrange(connection, subject, &*found(connection, recall, subject, tests)?))
}

/// The rows that pass, in order.
pub(super) fn in_order(connection: &Connection, recall: &dyn Recall, subject: &Subject) -> Outcome<Arc<Matches>> {
    let tests = recall.tests(connection, &subject.filters)?;
    matches(connection, recall, subject, &tests)
}

/// Which rows of an order make up a page.
enum Pick<'a> {
    Passing(&'a [Test]),
    Among(&'a Found),
}

/// A page of rows.
pub(super) fn page(connection: &Connection, recall: &dyn Recall, request: &ScanRequest<'_>) -> Outcome<ScanPage> {
    let subject = Subject {
        scope: request.scope.clone(),
        kind: request.kind,
        filters: request.filters.to_vec(),
        order: effective(request.kind, request.order),
    };
    let tests = recall.tests(connection, &subject.filters)?;
    let filtered_position = !tests.is_empty() && matches!(request.from, ScanFrom::Position(_));
    let order = if filtered_position { None } else { kept(connection, &subject)? };
    let (objects, last, more) = match order {
        Some((order, descending)) if is_selective(&tests) => {
            let found = found(connection, recall, &subject, &tests)?;
            let total = total(connection, &[order.container], order.class)?;
            if found.is_dense(u64::from(request.max) + 1, total) {
                from_order(connection, recall, &order, descending, request, &Pick::Among(&found))?
            } else {
                from_matches(&*matches(connection, recall, &subject, &tests)?, &subject.order, request)
            }
        }
        Some((order, descending)) => from_order(connection, recall, &order, descending, request, &Pick::Passing(&tests))?,
        None => from_matches(&*matches(connection, recall, &subject, &tests)?, &subject.order, request),
    };
    let parents = request.kind == ScanKind::Queue || matches!(request.scope, Scope::Several { .. });
    let batch = rows::batch(connection, &objects, request.columns, request.cell_limit, parents)?;
    Ok(ScanPage { batch, last, more })
}

/// The objects of a page, the place of its last row, and whether rows follow.
type Taken = (Vec<i64>, Option<RowKey>, bool);

fn from_matches(matches: &Matches, order: &[OrderKey], request: &ScanRequest<'_>) -> Taken {
    let max = request.max as usize;
    let (first, end) = range(&matches.0, order, &request.from, request.backwards);
    let rows = matches.0.get(first..end).unwrap_or_default();
    let taken: Vec<&Match> =
        if request.backwards { rows.iter().rev().take(max).collect() } else { rows.iter().take(max).collect() };
    let last = taken.last().map(|row| row.key.clone());
    (taken.iter().map(|row| row.object).collect(), last, rows.len() > max)
}

fn from_order(
    connection: &Connection,
    recall: &dyn Recall,
    order: &Order,
    descending: bool,
    request: &ScanRequest<'_>,
    pick: &Pick<'_>,
) -> Outcome<Taken> {
    let runs = runs(order, descending, request.backwards);
    let runs = match &request.from {
        ScanFrom::Start => runs,
        ScanFrom::After(key) => begin_at(runs, &place_of(order, key), false),
        ScanFrom::At(key) => begin_at(runs, &place_of(order, key), true),
        ScanFrom::Position(position) => {
            let directory = recall.directory(connection, order)?;
            begin_at_position(connection, &directory, order, runs, descending, request.backwards, *position)?
        }
    };
    let max = request.max as usize;
    let mut objects = Vec::new();
    let mut last = None;
    let mut more = false;
    let mut props = connection.prepare_cached("SELECT props, late FROM objects CROSS JOIN bags USING (id) WHERE id = ?1")?;
    for run in runs {
        order.walk(connection, &run.from, &run.to, run.descending, run.skip, |entry| {
            let picked = match pick {
                Pick::Passing([]) => true,
                Pick::Among(found) => found.holds(entry.object),
                Pick::Passing(tests) => {
                    let mut rows = props.query([entry.object])?;
                    match rows.next()? {
                        Some(row) => passes(tests, entry.object, Stored::of(row, 0)?)?,
                        None => false,
                    }
                }
            };
            if !picked {
                return Ok(true);
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

/// How many rows there are.
pub(super) fn count(connection: &Connection, recall: &dyn Recall, subject: &Subject) -> Outcome<u64> {
    if subject.filters.is_empty()
        && let (Scope::One(container), Some(class)) = (&subject.scope, Class::scanned(subject.kind))
    {
        let Some(container) = number_of(container) else { return Ok(0) };
        if let Some(order) = Order::find(connection, container, class, 0)? {
            let counts = Counts::of(connection, container)?;
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
    Ok(found(connection, recall, subject, &tests)?.0.len() as u64)
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
    let matches = matches(connection, recall, subject, &tests)?;
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
    let tag = listed(&ORDERED, key.tag);
    let (Some(container), Some(tag)) = (number_of(container).filter(|_| class.is_ordered()), tag) else { return Ok(None) };
    if Order::find(connection, container, class, tag.0)?.is_some() {
        return Ok(None);
    }
    let large = Counts::of(connection, container)?.class(class).is_some_and(|count| count >= LARGE);
    // Without the order of arrival it is no folder, or has never held anything.
    let folder = Order::find(connection, container, class, 0)?.is_some();
    Ok((large && folder).then_some((container, class, tag.0)))
}
