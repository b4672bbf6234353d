//! Which objects lie in which.

use crate::backends::sqlite::schema::Class;
use crate::backends::sqlite::trouble::Outcome;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;

/// Whether an object is soft-deleted or lies below one that is.
pub(super) fn lies_in_deleted(connection: &Connection, object: i64) -> Outcome<bool> {
    let mut place = object;
    let mut seen = BTreeSet::new();
    let mut statement = connection.prepare_cached("SELECT parent, class FROM objects WHERE id = ?1")?;
    while seen.insert(place) {
        let found: Option<(Option<i64>, i64)> = statement.query_row([place], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((_, class)) if Class(class).is_deleted() => return Ok(true),
            Some((Some(parent), _)) => place = parent,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Whether `inner` is `outer` or lies below it.
pub(super) fn lies_in(connection: &Connection, inner: i64, outer: i64) -> Outcome<bool> {
    let mut place = inner;
    let mut seen = BTreeSet::new();
    while seen.insert(place) {
        if place == outer {
            return Ok(true);
        }
        let parent: Option<Option<i64>> = connection
            .prepare_cached("SELECT parent FROM objects WHERE id = ?1")?
            .query_row([place], |row| row.get(0))
            .optional()?;
        match parent.flatten() {
            Some(parent) => place = parent,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// All objects that lie in that one, by class and arrival.
pub(super) fn children(connection: &Connection, parent: i64) -> Outcome<Vec<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM objects WHERE parent = ?1 AND id <> ?1 ORDER BY class, arrival")?;
    let rows = statement.query_map([parent], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
