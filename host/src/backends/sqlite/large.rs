//! Large values: kept in chunks beside the objects, written once, read in ranges.

use crate::backends::sqlite::encoding::Large;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::{Connection, OptionalExtension};
use std::io::Read;

/// Values up to this size lie in the object's own row. Most text and binary properties of a message do;
/// bodies, headers and attachments do not, so that reading a page of rows never touches them.
pub(super) const INLINE: usize = 1024;

/// Bytes of a chunk. Reading a range never touches more than it needs by more than this.
const CHUNK: usize = 256 << 10;

/// Bits of a chunk's number in its identifier.
const CHUNK_BITS: u32 = 20;

fn identifier(number: i64, chunk: u64) -> Outcome<i64> {
    let too_big = || Trouble::damaged("a large value has too many chunks");
    let chunk = i64::try_from(chunk).ok().filter(|chunk| *chunk < 1 << CHUNK_BITS).ok_or_else(too_big)?;
    number.checked_mul(1 << CHUNK_BITS).and_then(|base| base.checked_add(chunk)).ok_or_else(too_big)
}

/// Stores a value that is in memory.
pub(super) fn store(connection: &Connection, number: i64, mut bytes: &[u8]) -> Outcome<()> {
    let mut chunk = 0;
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at(bytes.len().min(CHUNK));
        insert(connection, number, chunk, head)?;
        bytes = rest;
        chunk += 1;
    }
    Ok(())
}

/// Stores a value from a file.
pub(super) fn store_from(connection: &Connection, number: i64, source: &mut impl Read) -> Outcome<()> {
    let mut buffer = Vec::with_capacity(CHUNK);
    let mut chunk = 0;
    loop {
        buffer.clear();
        let read = source.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        insert(connection, number, chunk, &buffer)?;
        chunk += 1;
    }
}

fn insert(connection: &Connection, number: i64, chunk: u64, bytes: &[u8]) -> Outcome<()> {
    let mut statement = connection.prepare_cached("INSERT INTO large(id, data) VALUES (?1, ?2)")?;
    statement.execute((identifier(number, chunk)?, bytes))?;
    Ok(())
}

/// Takes a value from an object; with the last one that has it, it is gone.
pub(super) fn remove(connection: &Connection, number: i64) -> Outcome<()> {
    let mut statement = connection.prepare_cached("SELECT further FROM shared_values WHERE value = ?1")?;
    let further: Option<i64> = statement.query_row([number], |row| row.get(0)).optional()?;
    if let Some(further) = further {
        let change = if further > 1 {
            "UPDATE shared_values SET further = further - 1 WHERE value = ?1"
        } else {
            "DELETE FROM shared_values WHERE value = ?1"
        };
        connection.prepare_cached(change)?.execute([number])?;
        return Ok(());
    }
    let mut statement = connection.prepare_cached("DELETE FROM large WHERE id BETWEEN ?1 AND ?2")?;
    statement.execute((identifier(number, 0)?, identifier(number, (1 << CHUNK_BITS) - 1)?))?;
    Ok(())
}

/// Gives a value to one more object. A value never changes, so a copy of an object has the same.
pub(super) fn share(connection: &Connection, number: i64) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared_values(value, further) VALUES (?1, 1) ON CONFLICT DO UPDATE SET further = further + 1",
        )?
        .execute([number])?;
    Ok(())
}

/// Reads bytes `offset..offset + length`, fewer at the end of the value.
pub(super) fn read(connection: &Connection, value: Large, offset: u64, length: usize) -> Outcome<Vec<u8>> {
    let end = offset.saturating_add(length as u64).min(value.bytes);
    let mut bytes = Vec::new();
    let mut place = offset;
    let mut statement = connection.prepare_cached("SELECT data FROM large WHERE id = ?1")?;
    while place < end {
        let (chunk, skip) = (place / CHUNK as u64, usize::try_from(place % CHUNK as u64).unwrap_or_default());
        let wanted = usize::try_from(end - place).unwrap_or(usize::MAX);
        let taken = statement
            .query_row([identifier(value.number, chunk)?], |row| {
                let data = row.get_ref(0)?.as_blob()?;
                let part = data.get(skip..).unwrap_or_default();
                let part = &part[..part.len().min(wanted)];
                bytes.extend_from_slice(part);
                Ok(part.len())
            })
            .optional()?
            .filter(|taken| *taken > 0)
            .ok_or_else(|| Trouble::damaged("a part of a large value is missing"))?;
        place += taken as u64;
    }
    Ok(bytes)
}
