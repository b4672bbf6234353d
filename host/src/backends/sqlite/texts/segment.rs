//! Segments of the text index: the texts of up to 256 objects end to end. Long ones lie in pieces of their own.

use crate::backends::sqlite::encoding::Cursor;
use crate::backends::sqlite::texts::postings::{self, posting_id};
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::Connection;
use std::cmp::Ordering;
use std::ops::Range;

/// Documents of a segment: their numbers fit in a byte.
pub(super) const DOCUMENTS: usize = 256;

/// An arena of at least this many bytes gets posting lists; a smaller one is scanned faster than they are read.
const POSTED_BYTES: usize = 128 << 10;

/// Bytes of a piece: with what SQLite keeps of it, it fills a page.
const PIECE: usize = 8000;

/// Bits of a piece's number in its identifier.
const PIECE_BITS: u32 = 16;

/// One text of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) object: i64,
    pub(super) serial: i64,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The documents of a segment: object, serial number and end in the arena, 20 bytes each.
pub(super) struct Documents<'a>(&'a [u8]);

impl<'a> Documents<'a> {
    const WIDTH: usize = 20;

    pub(super) fn new(bytes: &'a [u8]) -> Outcome<Self> {
        if bytes.len().is_multiple_of(Self::WIDTH) && bytes.len() / Self::WIDTH <= DOCUMENTS {
            Ok(Self(bytes))
        } else {
            Err(Trouble::damaged("a segment of the text index cannot be decoded"))
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len() / Self::WIDTH
    }

    pub(super) fn end(&self, number: usize) -> Outcome<usize> {
        let mut cursor = Cursor(self.0.get(number * Self::WIDTH + 16..).unwrap_or_default());
        usize::try_from(u32::from_le_bytes(cursor.array()?))
            .map_err(|_| Trouble::damaged("a segment of the text index is too large"))
    }

    pub(super) fn get(&self, number: usize) -> Outcome<Document> {
        let mut cursor = Cursor(self.0.get(number * Self::WIDTH..).unwrap_or_default());
        let object = i64::from_le_bytes(cursor.array()?);
        let serial = i64::from_le_bytes(cursor.array()?);
        let start = if number == 0 { 0 } else { self.end(number - 1)? };
        let end = self.end(number)?;
        if start > end {
            return Err(Trouble::damaged("a segment of the text index cannot be decoded"));
        }
        Ok(Document { object, serial, start, end })
    }

    /// The document with that serial number, by which they ascend.
    pub(super) fn find(&self, serial: i64) -> Outcome<Option<Document>> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            let document = self.get(middle)?;
            match document.serial.cmp(&serial) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(document)),
            }
        }
        Ok(None)
    }
}

/// A segment being made.
#[derive(Default)]
pub(super) struct Builder {
    documents: Vec<u8>,
    pub(super) count: usize,
    first: i64,
    last: i64,
    arena: Vec<u8>,
    ends: Vec<usize>,
}

impl Builder {
    pub(super) fn add(&mut self, object: i64, serial: i64, text: &[u8]) {
        if self.count == 0 {
            self.first = serial;
        }
        self.last = serial;
        self.count += 1;
        self.arena.extend_from_slice(text);
        self.ends.push(self.arena.len());
        self.documents.extend_from_slice(&object.to_le_bytes());
        self.documents.extend_from_slice(&serial.to_le_bytes());
        self.documents.extend_from_slice(&u32::try_from(self.arena.len()).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn store(&self, connection: &Connection, tag: u16) -> Outcome<()> {
        let posted = self.arena.len() >= POSTED_BYTES;
        let arena: &[u8] = if posted { &[] } else { &self.arena };
        connection
            .prepare_cached("INSERT INTO segments(tag, first, last, posted, docs, arena) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((tag, self.first, self.last, posted, &self.documents, arena))?;
        if posted {
            let segment = connection.last_insert_rowid();
            let mut statement = connection.prepare_cached("INSERT INTO pieces(id, data) VALUES (?1, ?2)")?;
            for (number, piece) in self.arena.chunks(PIECE).enumerate() {
                statement.execute((piece_id(segment, number)?, piece))?;
            }
            let mut statement = connection.prepare_cached("INSERT INTO postings(id, data) VALUES (?1, ?2)")?;
            for (slot, data) in postings::lists(&self.arena, &self.ends).into_iter().enumerate() {
                if !data.is_empty() {
                    statement.execute((posting_id(segment, slot)?, data))?;
                }
            }
        }
        Ok(())
    }
}

fn piece_id(segment: i64, number: usize) -> Outcome<i64> {
    i64::try_from(number)
        .ok()
        .filter(|number| *number < 1 << PIECE_BITS)
        .and_then(|number| segment.checked_mul(1 << PIECE_BITS)?.checked_add(number))
        .ok_or_else(|| Trouble::damaged("the text index has too large a segment"))
}

/// Puts those bytes of a segment's texts into the buffer, and nothing else.
pub(super) fn read(
    connection: &Connection,
    segment: i64,
    posted: bool,
    range: Range<usize>,
    buffer: &mut Vec<u8>,
) -> Outcome<()> {
    buffer.clear();
    if range.is_empty() {
        return Ok(());
    }
    if !posted {
        buffer.resize(range.len(), 0);
        let blob = connection.blob_open("main", "segments", "arena", segment, true)?;
        blob.read_at_exact(buffer, range.start)?;
        return Ok(());
    }
    let (first, last) = (range.start / PIECE, (range.end - 1) / PIECE);
    let mut statement = connection.prepare_cached("SELECT data FROM pieces WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query((piece_id(segment, first)?, piece_id(segment, last)?))?;
    let mut skip = range.start % PIECE;
    while let Some(row) = rows.next()? {
        let piece = row.get_ref(0)?.as_blob()?;
        let piece = piece.get(skip..).unwrap_or_default();
        buffer.extend_from_slice(&piece[..piece.len().min(range.len() - buffer.len())]);
        skip = 0;
    }
    if buffer.len() == range.len() { Ok(()) } else { Err(cut_short()) }
}

/// Whether something is found in those bytes of a segment's texts. It is looked for in one stretch after the other,
/// and where two of them meet in `overlap` bytes on either side; nothing is read behind the first hit.
pub(super) fn find(
    connection: &Connection,
    segment: i64,
    range: Range<usize>,
    overlap: usize,
    buffer: &mut Vec<u8>,
    is_in: impl Fn(&[u8]) -> bool,
) -> Outcome<bool> {
    buffer.clear();
    if range.is_empty() {
        return Ok(is_in(&[]));
    }
    let (first, last) = (range.start / PIECE, (range.end - 1) / PIECE);
    let mut statement = connection.prepare_cached("SELECT data FROM pieces WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query((piece_id(segment, first)?, piece_id(segment, last)?))?;
    let (mut skip, mut left) = (range.start % PIECE, range.len());
    while let Some(row) = rows.next()? {
        let piece = row.get_ref(0)?.as_blob()?.get(skip..).unwrap_or_default();
        let piece = &piece[..piece.len().min(left)];
        (skip, left) = (0, left - piece.len());
        // Here are the last bytes before this piece.
        let before = buffer.len();
        buffer.extend_from_slice(&piece[..piece.len().min(overlap)]);
        if is_in(piece) || (before > 0 && is_in(buffer)) {
            return Ok(true);
        }
        if piece.len() >= overlap {
            buffer.clear();
            buffer.extend_from_slice(&piece[piece.len() - overlap..]);
        } else {
            buffer.drain(..buffer.len().saturating_sub(overlap));
        }
    }
    if left == 0 { Ok(false) } else { Err(cut_short()) }
}

fn cut_short() -> Trouble {
    Trouble::damaged("a segment of the text index is cut short")
}

/// Removes a segment with its posting lists.
pub(super) fn remove(connection: &Connection, segment: i64) -> Outcome<()> {
    connection.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([segment])?;
    connection
        .prepare_cached("DELETE FROM postings WHERE id BETWEEN ?1 AND ?2")?
        .execute((posting_id(segment, 0)?, posting_id(segment, postings::SLOTS - 1)?))?;
    connection
        .prepare_cached("DELETE FROM pieces WHERE id BETWEEN ?1 AND ?2")?
        .execute((piece_id(segment, 0)?, piece_id(segment, (1 << PIECE_BITS) - 1)?))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::database::{Access, Database};
    use crate::backends::sqlite::schema::STORE;
    use memchr::memmem;

    /// One needle across each border of pieces at each offset, short ones and ones longer than a piece.
    #[test]
    fn what_lies_across_the_borders_of_pieces_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a"), STORE, Access::Create).unwrap();
        let mut builder = Builder::default();
        builder.add(1, 1, &vec![b'-'; 100_000]);
        let filler: Vec<u8> = (0..10_000_u32).flat_map(|number| number.to_be_bytes()).collect();
        builder.add(2, 2, &filler);
        database.write(|connection| builder.store(connection, 1)).unwrap();
        let documents = 100_000..100_000 + filler.len();
        let mut buffer = Vec::new();
        let mut found = |needle: &[u8]| {
            let finds = |part: &[u8]| memmem::find(part, needle).is_some();
            database.read(|connection| find(connection, 1, documents.clone(), needle.len() - 1, &mut buffer, finds)).unwrap()
        };
        for length in [1, 2, 3, 7, 40, 7_999, 8_000, 8_001, 20_000] {
            for border in (PIECE..filler.len()).step_by(PIECE).map(|border| border - 100_000 % PIECE) {
                for start in [border.saturating_sub(length), border.saturating_sub(length / 2), border - 1, border] {
                    let end = (start + length).min(filler.len());
                    let mut needle = filler[start..end].to_vec();
                    assert!(found(&needle), "{length} bytes at {start}");
                    needle.extend_from_slice(b"\xFF\xFF\xFF\xFF!");
                    assert!(!found(&needle), "{length} bytes at {start} and more");
                }
            }
        }
        assert!(!found(b"-----"), "the text before it does not count");
    }
}
