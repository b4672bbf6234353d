//! Texts that several objects have: a copy has those of its original until one of the two changes, so none are
//! written for it, and what finds the original finds its copies.

use crate::backends::sqlite::texts::supersede;
use crate::backends::sqlite::trouble::Outcome;
use rusqlite::{Connection, OptionalExtension};

/// Gives an object the texts with that serial number as well.
pub(in crate::backends::sqlite) fn share(connection: &Connection, serial: i64, object: i64) -> Outcome<()> {
    connection.prepare_cached("INSERT INTO shared_texts(serial, object) VALUES (?1, ?2)")?.execute((serial, object))?;
    Ok(())
}

/// Takes the texts with that serial number from an object; others may keep them. Texts it has from `next` on are its.
pub(in crate::backends::sqlite) fn withdraw(connection: &Connection, serial: i64, object: i64, next: i64) -> Outcome<()> {
    if unshare(connection, serial, object)? { Ok(()) } else { supersede(connection, object, next) }
}

/// Whether it was one of those that share the texts.
pub(super) fn unshare(connection: &Connection, serial: i64, object: i64) -> Outcome<bool> {
    let mut statement = connection.prepare_cached("DELETE FROM shared_texts WHERE serial = ?1 AND object = ?2")?;
    Ok(statement.execute((serial, object))? > 0)
}

/// Whether anything is shared.
pub(super) fn any(connection: &Connection) -> Outcome<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM shared_texts LIMIT 1")?.exists([])?)
}

/// Adds the objects that share those texts.
pub(super) fn add_sharers(connection: &Connection, serial: i64, to: &mut Vec<i64>) -> Outcome<()> {
    let mut statement = connection.prepare_cached("SELECT object FROM shared_texts WHERE serial = ?1")?;
    let mut rows = statement.query([serial])?;
    while let Some(row) = rows.next()? {
        to.push(row.get(0)?);
    }
    Ok(())
}

/// Who takes the texts over when the object they were written for has them no longer.
pub(super) fn heir(connection: &Connection, serial: i64) -> Outcome<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT object FROM shared_texts WHERE serial = ?1 ORDER BY object LIMIT 1")?;
    Ok(statement.query_row([serial], |row| row.get(0)).optional()?)
}
