//! Columns of many rows, and arenas.

use crate::types::plain;
use crate::world::mapi::session::types as wire;
use mapi_engine::backend::{Column, ColumnData, ObjectId};
use mapi_engine::error::{Failure, Result};
use mapi_engine::properties::PropTag;

impl TryFrom<Column> for wire::Column {
    type Error = Failure;

    fn try_from(column: Column) -> Result<Self> {
        Ok(Self {
            tag: column.tag.0,
            present: column.present,
            data: match column.data {
                ColumnData::Longs(cells) => wire::ColumnData::Longs(cells),
                ColumnData::I64s(cells) => wire::ColumnData::I64s(cells),
                ColumnData::Text(text, ends) => wire::ColumnData::Text(wire::TextArena { text, ends }),
                ColumnData::Bytes(bytes, ends) => wire::ColumnData::Bytes(wire::ByteArena { bytes, ends }),
                ColumnData::Mixed(cells) => {
                    wire::ColumnData::Mixed(cells.into_iter().map(TryInto::try_into).collect::<Result<_>>()?)
                }
            },
        })
    }
}

/// A column of a backend. That it is as long as it should be is checked where its cells are read.
impl TryFrom<wire::Column> for Column {
    type Error = Failure;

    fn try_from(column: wire::Column) -> Result<Self> {
        Ok(Self {
            tag: PropTag(column.tag),
            present: column.present,
            data: match column.data {
                wire::ColumnData::Longs(cells) => ColumnData::Longs(cells),
                wire::ColumnData::I64s(cells) => ColumnData::I64s(cells),
                wire::ColumnData::Text(arena) => ColumnData::Text(arena.text, arena.ends),
                wire::ColumnData::Bytes(arena) => ColumnData::Bytes(arena.bytes, arena.ends),
                wire::ColumnData::Mixed(cells) => {
                    ColumnData::Mixed(cells.into_iter().map(TryInto::try_into).collect::<Result<_>>()?)
                }
            },
        })
    }
}

/// The identifiers in an arena.
pub(crate) fn identifiers(arena: &wire::ByteArena) -> Result<Vec<ObjectId>> {
    let mut start = 0;
    arena
        .ends
        .iter()
        .map(|&end| {
            let end = end as usize;
            let id = arena.bytes.get(start..end).and_then(ObjectId::new);
            start = end;
            id.ok_or_else(|| plain("the backend named a row by an identifier that is not 1 to 255 bytes long"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_that_lies_about_its_ends_is_refused() {
        for ends in [vec![2, 1], vec![4], vec![0], vec![u32::MAX], vec![1, 1]] {
            assert!(identifiers(&wire::ByteArena { bytes: vec![1, 2, 3], ends }).is_err());
        }
        let ids = identifiers(&wire::ByteArena { bytes: vec![1, 2, 3], ends: vec![1, 3] }).unwrap();
        assert_eq!(ids, [ObjectId::new(&[1]).unwrap(), ObjectId::new(&[2, 3]).unwrap()]);
    }
}
