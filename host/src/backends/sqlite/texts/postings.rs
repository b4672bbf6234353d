//! Posting lists: which documents of a segment contain a sequence of three bytes. A list holds exactly those
//! that do: constants of three bytes need no further test.

use crate::backends::sqlite::encoding::Cursor;
use crate::backends::sqlite::texts::segment::DOCUMENTS;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::Connection;

/// Slots the posting lists of a segment are spread over.
pub(super) const SLOTS: usize = 256;
const SLOT_BITS: u32 = 8;

/// A set of documents of one segment.
pub(super) type Set = [u64; 4];

/// The posting lists by slot: three bytes, then the number of documents and each of them, or 0 and a set.
pub(super) fn lists(arena: &[u8], ends: &[usize]) -> Vec<Vec<u8>> {
    let mut table = Table::new();
    let mut start = 0;
    for (number, end) in ends.iter().enumerate() {
        let text = arena.get(start..*end).unwrap_or_default();
        for window in text.windows(3) {
            table.add(trigram(window), number);
        }
        start = *end;
    }
    let mut slots = vec![Vec::new(); SLOTS];
    for (key, set) in table.sorted() {
        let out = &mut slots[slot_of(key)];
        out.extend_from_slice(&key.to_le_bytes()[..3]);
        let count = set.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        if count <= 31 {
            out.push(u8::try_from(count).unwrap_or_default());
            for number in members(&set) {
                out.push(u8::try_from(number).unwrap_or_default());
            }
        } else {
            out.push(0);
            for word in set {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
    }
    slots
}

pub(super) fn posting_id(segment: i64, slot: usize) -> Outcome<i64> {
    i64::try_from(slot)
        .ok()
        .and_then(|slot| segment.checked_mul(1 << SLOT_BITS)?.checked_add(slot))
        .ok_or_else(|| Trouble::damaged("the text index has too many segments"))
}

pub(super) fn trigram(window: &[u8]) -> u32 {
    window.iter().take(3).enumerate().fold(0, |key, (place, byte)| key | u32::from(*byte) << (8 * place))
}

fn spread(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1)
}

fn slot_of(key: u32) -> usize {
    (spread(key) >> (32 - SLOT_BITS)) as usize
}

pub(super) fn members(set: &Set) -> impl Iterator<Item = usize> + use<> {
    let set = *set;
    (0..DOCUMENTS).filter(move |number| set[number / 64] >> (number % 64) & 1 == 1)
}

/// An open-addressed table from trigrams to sets of documents.
struct Table {
    /// The trigram plus one; 0 is free.
    keys: Vec<u32>,
    sets: Vec<Set>,
    used: usize,
}

impl Table {
    fn new() -> Self {
        let size = 1 << 16;
        Self { keys: vec![0; size], sets: vec![[0; 4]; size], used: 0 }
    }

    fn add(&mut self, key: u32, number: usize) {
        let mask = self.keys.len() - 1;
        let mut place = spread(key) as usize >> 8 & mask;
        loop {
            let found = self.keys[place];
            if found == key + 1 {
                break;
            }
            if found == 0 {
                self.keys[place] = key + 1;
                self.used += 1;
                break;
            }
            place = (place + 1) & mask;
        }
        self.sets[place][number / 64] |= 1 << (number % 64);
        if self.used * 2 > self.keys.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let size = self.keys.len() * 2;
        let keys = std::mem::replace(&mut self.keys, vec![0; size]);
        let sets = std::mem::replace(&mut self.sets, vec![[0; 4]; size]);
        for (key, set) in keys.into_iter().zip(sets).filter(|(key, _)| *key != 0) {
            let mut place = spread(key - 1) as usize >> 8 & (size - 1);
            while self.keys[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            self.keys[place] = key;
            self.sets[place] = set;
        }
    }

    fn sorted(self) -> Vec<(u32, Set)> {
        let mut all: Vec<_> =
            self.keys.into_iter().zip(self.sets).filter(|(key, _)| *key != 0).map(|(key, set)| (key - 1, set)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

/// Keeps the candidates that contain that trigram.
pub(super) fn narrow(connection: &Connection, segment: i64, key: u32, candidates: &mut Set) -> Outcome<()> {
    let mut statement = connection.prepare_cached("SELECT data FROM postings WHERE id = ?1")?;
    let mut rows = statement.query([posting_id(segment, slot_of(key))?])?;
    let mut found: Set = [0; 4];
    if let Some(row) = rows.next()? {
        let mut cursor = Cursor(row.get_ref(0)?.as_blob()?);
        while !cursor.0.is_empty() {
            let here = trigram(&cursor.array::<3>()?);
            let count = usize::from(cursor.byte()?);
            let list = cursor.take(if count == 0 { 32 } else { count })?;
            if here != key {
                continue;
            }
            if count == 0 {
                for (word, bytes) in found.iter_mut().zip(list.chunks_exact(8)) {
                    *word = bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
                }
            } else {
                for number in list {
                    found[usize::from(number / 64)] |= 1 << (number % 64);
                }
            }
            break;
        }
    }
    for (word, found) in candidates.iter_mut().zip(found) {
        *word &= found;
    }
    Ok(())
}
