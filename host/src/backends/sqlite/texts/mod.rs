//! The text index: folded texts in segments, with byte trigrams in front of the long ones (`tables` 5.5).
//!
//! A commit appends the folded texts of an object as one row of `tail`. Some hundred rows together become
//! segments ([`consolidation`]), one for each property: the texts end to end in one arena ([`segment`]), and for
//! long ones a list of documents for every sequence of three bytes ([`postings`]). A search reads the lists,
//! tests the candidates against the arena, and scans the tail ([`search`]), so it is exact at any time, however
//! far indexing lags behind.

mod consolidation;
mod postings;
mod search;
mod segment;
mod sharing;

pub(super) use consolidation::{consolidate, consolidate_for, drop_stale, segment_waits};
pub(super) use search::search;
pub(super) use sharing::{share, withdraw};

use crate::backends::sqlite::encoding::{Cursor, put_bytes};
use crate::backends::sqlite::plan::SEARCHED;
use crate::backends::sqlite::trouble::Outcome;
use rusqlite::{Connection, OptionalExtension};
use segment::Documents;
use std::collections::HashMap;

/// Appends the searched texts of an object.
pub(super) fn append(connection: &Connection, serial: i64, object: i64, texts: &[(u16, &[u8])]) -> Outcome<()> {
    let mut bytes = Vec::with_capacity(texts.iter().map(|(_, text)| text.len() + 8).sum());
    for (id, text) in texts {
        bytes.extend_from_slice(&id.to_le_bytes());
        put_bytes(&mut bytes, text);
    }
    connection.prepare_cached("INSERT INTO tail(serial, object, texts) VALUES (?1, ?2, ?3)")?.execute((serial, object, bytes))?;
    Ok(())
}

fn split(mut bytes: &[u8]) -> Outcome<Vec<(u16, &[u8])>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let mut cursor = Cursor(bytes);
        let id = u16::from_le_bytes(cursor.array()?);
        texts.push((id, cursor.bytes()?));
        bytes = cursor.0;
    }
    Ok(texts)
}

/// Texts of that object with a lower serial number no longer hold.
fn supersede(connection: &Connection, object: i64, serial: i64) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO superseded(object, serial) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET serial = excluded.serial",
        )?
        .execute((object, serial))?;
    Ok(())
}

fn stale(connection: &Connection) -> Outcome<HashMap<i64, i64>> {
    let mut statement = connection.prepare_cached("SELECT object, serial FROM superseded")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The texts appended under that serial number.
pub(super) fn fetch(connection: &Connection, serial: i64) -> Outcome<Vec<(u16, Vec<u8>)>> {
    let waiting: Option<Vec<u8>> = connection
        .prepare_cached("SELECT texts FROM tail WHERE serial = ?1")?
        .query_row([serial], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = waiting {
        return Ok(split(&bytes)?.into_iter().map(|(id, text)| (id, text.to_vec())).collect());
    }
    let mut found = Vec::new();
    // Segments of one property follow each other, so the last one that begins before the text has it, if any has.
    let mut statement = connection
        .prepare_cached("SELECT id, posted, docs FROM segments WHERE tag = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1")?;
    for tag in SEARCHED {
        let mut rows = statement.query((tag.id(), serial))?;
        let Some(row) = rows.next()? else { continue };
        if let Some(document) = Documents::new(row.get_ref(2)?.as_blob()?)?.find(serial)? {
            let mut text = Vec::new();
            segment::read(connection, row.get(0)?, row.get(1)?, document.start..document.end, &mut text)?;
            found.push((tag.id(), text));
        }
    }
    found.sort_unstable_by_key(|(tag, _)| *tag);
    Ok(found)
}

/// Whether texts of that property were too long to be handed over.
pub(super) fn has_unsearched(connection: &Connection, tag: u16) -> Outcome<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM unsearched WHERE tag = ?1 LIMIT 1")?.exists([tag])?)
}

/// The objects whose text of that property was too long to be handed over, ascending.
pub(super) fn unsearched(connection: &Connection, tag: u16) -> Outcome<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT object FROM unsearched WHERE tag = ?1 ORDER BY object")?;
    let rows = statement.query_map([tag], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::database::{Access, Database};
    use crate::backends::sqlite::schema::STORE;
    use mapi_engine::backend::TextMatch;

    const BODY: u16 = 0x1000;

    fn text(number: i64) -> String {
        let word = |seed: i64| format!("w{:x} ", (number * 131 + seed * 7919) % 65_521);
        (0..300).map(word).collect::<String>() + if number % 7 == 0 { "needle in it" } else { "nothing" }
    }

    #[test]
    fn segments_of_the_first_version_are_cut_into_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("../store_v1.sql")).unwrap();
        old.pragma_update(None, "application_id", STORE.application).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let (mut docs, mut arena) = (Vec::new(), Vec::new());
        for number in 1..=200_i64 {
            arena.extend_from_slice(text(number).as_bytes());
            docs.extend_from_slice(&number.to_le_bytes());
            docs.extend_from_slice(&number.to_le_bytes());
            docs.extend_from_slice(&u32::try_from(arena.len()).unwrap().to_le_bytes());
        }
        let sql = "INSERT INTO segments(tag, first, last, posted, docs, arena) VALUES (?1, 1, 200, 1, ?2, ?3)";
        old.execute(sql, (BODY, &docs, &arena)).unwrap();
        drop(old);
        let database = Database::open(&path, STORE, Access::Write).unwrap();
        for number in [1, 2, 99, 200] {
            let fetched = database.read(|connection| fetch(connection, number)).unwrap();
            assert_eq!(fetched, [(BODY, text(number).into_bytes())]);
        }
    }

    #[test]
    fn posting_lists_find_exactly_what_a_scan_finds() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a"), STORE, Access::Create).unwrap();
        let documents = 700;
        database
            .write(|connection| {
                for number in 1..=documents {
                    append(connection, number, number, &[(BODY, text(number).as_bytes()), (0x37, b"subject")])?;
                }
                // One has been replaced, one is gone.
                append(connection, documents + 1, 14, &[(BODY, b"changed")])?;
                supersede(connection, 14, documents + 1)?;
                supersede(connection, 21, i64::MAX)?;
                consolidate(connection)
            })
            .unwrap();
        let current = |number: i64| match number {
            14 => Some("changed".to_owned()),
            21 => None,
            other => Some(text(other)),
        };
        let check = || {
            for constant in ["needle", "dle", "n", "", "w1 ", "wfff", "changed", "absent", "needle in it"] {
                for how in [TextMatch::Substring, TextMatch::Prefix, TextMatch::Full] {
                    let expected: Vec<i64> = (1..=documents)
                        .filter(|number| {
                            current(*number).is_some_and(|text| match how {
                                TextMatch::Full => text == constant,
                                TextMatch::Prefix => text.starts_with(constant),
                                TextMatch::Substring => text.contains(constant),
                            })
                        })
                        .collect();
                    let found = database.read(|connection| search(connection, BODY, how, constant)).unwrap();
                    assert_eq!(found, expected, "{constant:?} {how:?}");
                }
            }
        };
        let posted: i64 = database
            .read(|connection| Ok(connection.query_row("SELECT sum(posted) FROM segments", [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(posted, 2);
        check();
        let fetched = database.read(|connection| fetch(connection, 3)).unwrap();
        assert_eq!(fetched.last().map(|(_, text)| text.clone()), Some(text(3).into_bytes()));
        database.write(drop_stale).unwrap();
        check();
    }
}
