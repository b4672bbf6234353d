//! The mapping of named properties (`properties` 5): identifiers 0x8001 to 0xFFFE, given once and for ever.

use crate::backends::sqlite::encoding::Cursor;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{NamedProperty, PropertyName};
use mapi_engine::properties::Guid;
use rusqlite::{Connection, OptionalExtension};

const FIRST: u16 = 0x8001;
const LAST: u16 = 0xFFFE;

/// The stored form: property set, then 0 and a number or 1 and a text.
fn stored(name: &NamedProperty) -> Vec<u8> {
    let mut bytes = name.set.as_bytes().to_vec();
    match &name.name {
        PropertyName::Number(number) => {
            bytes.push(0);
            bytes.extend(number.to_le_bytes());
        }
        PropertyName::Text(text) => {
            bytes.push(1);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

fn name_of(bytes: &[u8]) -> Outcome<NamedProperty> {
    let mut cursor = Cursor(bytes);
    let set = Guid(cursor.array()?);
    let name = match cursor.byte()? {
        0 => PropertyName::Number(u32::from_le_bytes(cursor.array()?)),
        1 => {
            let text = std::str::from_utf8(cursor.0).map_err(|_| Trouble::damaged("a property name is no text"))?;
            PropertyName::Text(text.to_owned())
        }
        _ => return Err(Trouble::damaged("a property name is of an unknown kind")),
    };
    Ok(NamedProperty { set, name })
}

/// The identifiers of names.
pub(super) fn ids(connection: &Connection, names: &[NamedProperty]) -> Outcome<Vec<Option<u16>>> {
    let mut statement = connection.prepare_cached("SELECT id FROM names WHERE name = ?1")?;
    names.iter().map(|name| Ok(statement.query_row([stored(name)], |row| row.get(0)).optional()?)).collect()
}

/// Gives names identifiers where they have none yet; `None` when all are taken.
pub(super) fn create(connection: &Connection, names: &[NamedProperty]) -> Outcome<Vec<Option<u16>>> {
    let mut found = Vec::new();
    for name in names {
        if let Some(id) = ids(connection, std::slice::from_ref(name))?.into_iter().flatten().next() {
            found.push(Some(id));
            continue;
        }
        let next: i64 = connection.query_row("SELECT coalesce(max(id) + 1, ?1) FROM names", [FIRST], |row| row.get(0))?;
        let next = u16::try_from(next).ok().filter(|next| *next <= LAST);
        if let Some(id) = next {
            connection.prepare_cached("INSERT INTO names(id, name) VALUES (?1, ?2)")?.execute((id, stored(name)))?;
        }
        found.push(next);
    }
    Ok(found)
}

/// The names of identifiers.
pub(super) fn names(connection: &Connection, ids: &[u16]) -> Outcome<Vec<Option<NamedProperty>>> {
    let mut statement = connection.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
    ids.iter()
        .map(|id| {
            let bytes: Option<Vec<u8>> = statement.query_row([id], |row| row.get(0)).optional()?;
            bytes.map(|bytes| name_of(&bytes)).transpose()
        })
        .collect()
}

/// The whole mapping, ascending.
pub(super) fn all(connection: &Connection) -> Outcome<Vec<(u16, NamedProperty)>> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM names ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(0)?, name_of(row.get_ref(1)?.as_blob()?)?));
    }
    Ok(found)
}
