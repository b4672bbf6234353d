//! The text index: folded texts in segments, with byte trigrams in front of the long ones (`tables` 5.5).
//!
//! A commit appends the folded texts of an object as one row of `tail`. Some hundred rows together become
//! segments, one for each property: the texts end to end in one arena, and for long ones a list of documents
//! for every sequence of three bytes. A search reads the lists, tests the candidates against the arena, and
//! scans the tail, so it is exact at any time, however far indexing lags behind. A list holds exactly the
//! documents that contain its three bytes: constants of three bytes need no test.

use crate::backends::sqlite::encoding::{Cursor, put_bytes};
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::TextMatch;
use memchr::memmem::Finder;
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Documents of a segment: their numbers fit in a byte.
const DOCUMENTS: usize = 256;

/// Bytes of text after which a segment is closed early.
const SEGMENT_BYTES: usize = 8 << 20;

/// An arena of at least this many bytes gets posting lists; a smaller one is scanned faster than they are read.
const POSTED_BYTES: usize = 128 << 10;

/// Slots the posting lists of a segment are spread over.
const SLOTS: usize = 256;
const SLOT_BITS: u32 = 8;

/// A set of documents of one segment.
type Set = [u64; 4];

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
pub(super) fn supersede(connection: &Connection, object: i64, serial: i64) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO superseded(object, serial) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET serial = excluded.serial",
        )?
        .execute((object, serial))?;
    Ok(())
}

/// The texts of an object appended under that serial number.
pub(super) fn fetch(connection: &Connection, object: i64, serial: i64) -> Outcome<Vec<(u16, Vec<u8>)>> {
    let waiting: Option<Vec<u8>> = connection
        .prepare_cached("SELECT texts FROM tail WHERE serial = ?1 AND object = ?2")?
        .query_row((serial, object), |row| row.get(0))
        .optional()?;
    if let Some(bytes) = waiting {
        return Ok(split(&bytes)?.into_iter().map(|(id, text)| (id, text.to_vec())).collect());
    }
    let mut found = Vec::new();
    let mut statement =
        connection.prepare_cached("SELECT id, tag, docs FROM segments WHERE first <= ?1 AND last >= ?1 ORDER BY tag")?;
    let mut rows = statement.query([serial])?;
    while let Some(row) = rows.next()? {
        let documents = Documents::new(row.get_ref(2)?.as_blob()?)?;
        for number in 0..documents.len() {
            let document = documents.get(number)?;
            if document.serial == serial && document.object == object {
                let blob = connection.blob_open("main", "segments", "arena", row.get(0)?, true)?;
                let mut text = vec![0; document.end - document.start];
                blob.read_at_exact(&mut text, document.start)?;
                found.push((row.get::<_, u16>(1)?, text));
            }
        }
    }
    Ok(found)
}

/// One text of a segment.
#[derive(Clone, Copy, Debug)]
struct Document {
    object: i64,
    serial: i64,
    start: usize,
    end: usize,
}

/// The documents of a segment: object, serial number and end in the arena, 20 bytes each.
struct Documents<'a>(&'a [u8]);

impl<'a> Documents<'a> {
    const WIDTH: usize = 20;

    fn new(bytes: &'a [u8]) -> Outcome<Self> {
        if bytes.len().is_multiple_of(Self::WIDTH) && bytes.len() / Self::WIDTH <= DOCUMENTS {
            Ok(Self(bytes))
        } else {
            Err(Trouble::damaged("a segment of the text index cannot be decoded"))
        }
    }

    fn len(&self) -> usize {
        self.0.len() / Self::WIDTH
    }

    fn end(&self, number: usize) -> Outcome<usize> {
        let mut cursor = Cursor(self.0.get(number * Self::WIDTH + 16..).unwrap_or_default());
        usize::try_from(u32::from_le_bytes(cursor.array()?))
            .map_err(|_| Trouble::damaged("a segment of the text index is too large"))
    }

    fn get(&self, number: usize) -> Outcome<Document> {
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
}

/// Whether texts for a whole segment are waiting.
pub(super) fn segment_waits(connection: &Connection) -> Outcome<bool> {
    Ok(waiting(connection)? >= DOCUMENTS)
}

/// Texts that wait in the tail, counted up to a whole segment.
fn waiting(connection: &Connection) -> Outcome<usize> {
    let limit = i64::try_from(DOCUMENTS).unwrap_or(i64::MAX);
    let waiting: i64 =
        connection.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM tail LIMIT ?1)")?.query_row([limit], |row| row.get(0))?;
    Ok(usize::try_from(waiting).unwrap_or_default())
}

/// Moves texts from the tail into segments while whole segments are waiting and time is left. Whether more
/// are waiting.
pub(super) fn consolidate_for(connection: &Connection, budget: Duration) -> Outcome<bool> {
    let began = Instant::now();
    while !consolidate_once(connection, DOCUMENTS)? {
        if began.elapsed() >= budget {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves texts from the tail into segments as long as whole segments are waiting.
pub(super) fn consolidate(connection: &Connection) -> Outcome<()> {
    while !consolidate_once(connection, DOCUMENTS)? {}
    Ok(())
}

/// Makes one round of segments; true when fewer than `least` rows are waiting.
fn consolidate_once(connection: &Connection, least: usize) -> Outcome<bool> {
    let limit = i64::try_from(DOCUMENTS).unwrap_or(i64::MAX);
    let waiting = waiting(connection)?;
    if waiting == 0 || waiting < least {
        return Ok(true);
    }
    let stale = stale(connection)?;
    let mut builders: BTreeMap<u16, Builder> = BTreeMap::new();
    let mut last = 0;
    {
        let mut statement = connection.prepare_cached("SELECT serial, object, texts FROM tail ORDER BY serial LIMIT ?1")?;
        let mut rows = statement.query([limit])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let (serial, object): (i64, i64) = (row.get(0)?, row.get(1)?);
            let texts = row.get_ref(2)?.as_blob()?;
            bytes += texts.len();
            if last > 0 && bytes > SEGMENT_BYTES {
                break;
            }
            last = serial;
            if stale.get(&object).is_some_and(|floor| serial < *floor) {
                continue;
            }
            for (id, text) in split(texts)? {
                builders.entry(id).or_default().add(object, serial, text);
            }
        }
    }
    for (id, builder) in builders {
        builder.store(connection, id)?;
    }
    connection.prepare_cached("DELETE FROM tail WHERE serial <= ?1")?.execute([last])?;
    Ok(false)
}

/// A segment being made.
#[derive(Default)]
struct Builder {
    documents: Vec<u8>,
    count: usize,
    first: i64,
    last: i64,
    arena: Vec<u8>,
    ends: Vec<usize>,
}

impl Builder {
    fn add(&mut self, object: i64, serial: i64, text: &[u8]) {
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

    fn store(&self, connection: &Connection, tag: u16) -> Outcome<()> {
        let posted = self.arena.len() >= POSTED_BYTES;
        connection
            .prepare_cached("INSERT INTO segments(tag, first, last, posted, docs, arena) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((tag, self.first, self.last, posted, &self.documents, &self.arena))?;
        if posted {
            let segment = connection.last_insert_rowid();
            let mut statement = connection.prepare_cached("INSERT INTO postings(id, data) VALUES (?1, ?2)")?;
            for (slot, data) in self.postings().into_iter().enumerate() {
                if !data.is_empty() {
                    statement.execute((posting_id(segment, slot)?, data))?;
                }
            }
        }
        Ok(())
    }

    /// The posting lists by slot: three bytes, then the number of documents and each of them, or 0 and a set.
    fn postings(&self) -> Vec<Vec<u8>> {
        let mut table = Table::new();
        let mut start = 0;
        for (number, end) in self.ends.iter().enumerate() {
            let text = self.arena.get(start..*end).unwrap_or_default();
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
}

fn posting_id(segment: i64, slot: usize) -> Outcome<i64> {
    i64::try_from(slot)
        .ok()
        .and_then(|slot| segment.checked_mul(1 << SLOT_BITS)?.checked_add(slot))
        .ok_or_else(|| Trouble::damaged("the text index has too many segments"))
}

fn trigram(window: &[u8]) -> u32 {
    window.iter().take(3).enumerate().fold(0, |key, (place, byte)| key | u32::from(*byte) << (8 * place))
}

fn spread(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1)
}

fn slot_of(key: u32) -> usize {
    (spread(key) >> (32 - SLOT_BITS)) as usize
}

fn members(set: &Set) -> impl Iterator<Item = usize> + use<> {
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

fn stale(connection: &Connection) -> Outcome<HashMap<i64, i64>> {
    let mut statement = connection.prepare_cached("SELECT object, serial FROM superseded")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The constant of a search.
struct Needle<'a> {
    how: TextMatch,
    bytes: &'a [u8],
    finder: Finder<'a>,
}

impl Needle<'_> {
    fn is_in(&self, text: &[u8]) -> bool {
        match self.how {
            TextMatch::Full => text == self.bytes,
            TextMatch::Prefix => text.starts_with(self.bytes),
            TextMatch::Substring => self.finder.find(text).is_some(),
        }
    }
}

/// The objects whose text of that property matches, ascending.
pub(super) fn search(connection: &Connection, tag: u16, how: TextMatch, folded: &str) -> Outcome<Vec<i64>> {
    let bytes = folded.as_bytes();
    let needle = Needle { how, bytes, finder: Finder::new(bytes) };
    let stale = stale(connection)?;
    let holds = |object: i64, serial: i64| stale.get(&object).is_none_or(|floor| serial >= *floor);
    let mut hits = Vec::new();
    {
        let mut statement = connection.prepare_cached("SELECT serial, object, texts FROM tail")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (serial, object) = (row.get(0)?, row.get(1)?);
            let found = split(row.get_ref(2)?.as_blob()?)?.into_iter().any(|(id, text)| id == tag && needle.is_in(text));
            if found && holds(object, serial) {
                hits.push(object);
            }
        }
    }
    let mut keys: Vec<u32> = bytes.windows(3).map(trigram).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut segments = connection.prepare_cached("SELECT id, posted, docs FROM segments WHERE tag = ?1 ORDER BY first")?;
    let mut rows = segments.query([tag])?;
    let mut buffer = Vec::new();
    while let Some(row) = rows.next()? {
        let (segment, posted): (i64, bool) = (row.get(0)?, row.get(1)?);
        let documents = Documents::new(row.get_ref(2)?.as_blob()?)?;
        let mut candidates: Set = [u64::MAX; 4];
        if posted {
            for key in &keys {
                narrow(connection, segment, *key, &mut candidates)?;
                if candidates == [0; 4] {
                    break;
                }
            }
        }
        let certain = posted && bytes.len() == 3 && how == TextMatch::Substring;
        let numbers: Vec<usize> = members(&candidates).filter(|number| *number < documents.len()).collect();
        if numbers.is_empty() {
            continue;
        }
        if certain || (bytes.is_empty() && how != TextMatch::Full) {
            for number in numbers {
                let document = documents.get(number)?;
                if holds(document.object, document.serial) {
                    hits.push(document.object);
                }
            }
            continue;
        }
        let blob = connection.blob_open("main", "segments", "arena", segment, true)?;
        // One read of everything is faster than many small ones.
        let whole = numbers.len() * 3 >= documents.len();
        if whole {
            buffer.resize(documents.end(documents.len() - 1)?, 0);
            blob.read_at_exact(&mut buffer, 0)?;
        }
        for number in numbers {
            let document = documents.get(number)?;
            let found = if whole {
                needle.is_in(buffer.get(document.start..document.end).unwrap_or_default())
            } else {
                buffer.resize(document.end - document.start, 0);
                blob.read_at_exact(&mut buffer, document.start)?;
                needle.is_in(&buffer)
            };
            if found && holds(document.object, document.serial) {
                hits.push(document.object);
            }
        }
    }
    hits.sort_unstable();
    hits.dedup();
    Ok(hits)
}

/// Keeps the candidates that contain that trigram.
fn narrow(connection: &Connection, segment: i64, key: u32, candidates: &mut Set) -> Outcome<()> {
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

/// Rewrites the segments that hold texts which no longer count.
pub(super) fn drop_stale(connection: &Connection) -> Outcome<()> {
    while !consolidate_once(connection, 1)? {}
    let stale = stale(connection)?;
    if stale.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = {
        let mut statement = connection.prepare_cached("SELECT id FROM segments ORDER BY id")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    for segment in ids {
        let (tag, docs): (u16, Vec<u8>) = connection
            .prepare_cached("SELECT tag, docs FROM segments WHERE id = ?1")?
            .query_row([segment], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let documents = Documents::new(&docs)?;
        let all = (0..documents.len()).map(|number| documents.get(number)).collect::<Outcome<Vec<_>>>()?;
        let holds = |document: &Document| stale.get(&document.object).is_none_or(|floor| document.serial >= *floor);
        if all.iter().all(holds) {
            continue;
        }
        let arena: Vec<u8> =
            connection.prepare_cached("SELECT arena FROM segments WHERE id = ?1")?.query_row([segment], |row| row.get(0))?;
        let mut builder = Builder::default();
        for document in all.iter().filter(|document| holds(document)) {
            let text = arena
                .get(document.start..document.end)
                .ok_or_else(|| Trouble::damaged("a segment of the text index is cut short"))?;
            builder.add(document.object, document.serial, text);
        }
        remove_segment(connection, segment)?;
        if builder.count > 0 {
            builder.store(connection, tag)?;
        }
    }
    connection.execute("DELETE FROM superseded", [])?;
    Ok(())
}

fn remove_segment(connection: &Connection, segment: i64) -> Outcome<()> {
    connection.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([segment])?;
    connection
        .prepare_cached("DELETE FROM postings WHERE id BETWEEN ?1 AND ?2")?
        .execute((posting_id(segment, 0)?, posting_id(segment, SLOTS - 1)?))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::database::{Access, Database};
    use crate::backends::sqlite::schema::STORE;

    const BODY: u16 = 0x1000;

    fn text(number: i64) -> String {
        let word = |seed: i64| format!("w{:x} ", (number * 131 + seed * 7919) % 65_521);
        (0..300).map(word).collect::<String>() + if number % 7 == 0 { "needle in it" } else { "nothing" }
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
        let fetched = database.read(|connection| fetch(connection, 3, 3)).unwrap();
        assert_eq!(fetched.last().map(|(_, text)| text.clone()), Some(text(3).into_bytes()));
        database.write(drop_stale).unwrap();
        check();
    }
}
