//! The change feed: what each commit did and the state it left, one row a commit, the oldest forgotten in time.

use crate::backends::sqlite::encoding::{Cursor, put};
use crate::backends::sqlite::schema::{kind_number, kind_of, name_of, number_of};
use crate::backends::sqlite::state::State;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{FeedCursor, FeedPage, FeedRecord, FeedVerb, ObjectKind};
use mapi_engine::properties::{Guid, PropTag};
use rusqlite::Connection;

/// Commits the feed goes back. A reader that has slept through more reads everything again.
const KEPT: i64 = 20_000;

/// What happened to one object.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) object: i64,
    pub(super) kind: ObjectKind,
    pub(super) parent: i64,
    pub(super) verb: FeedVerb,
    pub(super) tags: Vec<PropTag>,
}

/// The records of a commit in their stored form: verb, kind, object, parent, what the verb carries, tags.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
}

fn number(object: &mapi_engine::backend::ObjectId) -> u64 {
    number_of(object).unwrap_or_default().cast_unsigned()
}

impl Records {
    /// Adds a record. Recipients and attachments have none of their own: their message's changes with them.
    pub(super) fn add(&mut self, record: &Record) {
        if matches!(record.kind, ObjectKind::Recipient | ObjectKind::Attachment | ObjectKind::EmbeddedMessage) {
            return;
        }
        let out = &mut self.bytes;
        let (verb, extra) = match &record.verb {
            FeedVerb::Created => (0, vec![]),
            FeedVerb::Modified => (1, vec![]),
            FeedVerb::Deleted { soft: false } => (2, vec![]),
            FeedVerb::Deleted { soft: true } => (3, vec![]),
            FeedVerb::Moved { from } => (4, vec![number(from)]),
            FeedVerb::Copied { source, source_parent } => (5, vec![number(source), number(source_parent)]),
        };
        put(out, verb);
        put(out, kind_number(record.kind).cast_unsigned());
        put(out, record.object.cast_unsigned());
        put(out, record.parent.cast_unsigned());
        for value in extra {
            put(out, value);
        }
        put(out, record.tags.len() as u64);
        for tag in &record.tags {
            put(out, u64::from(tag.0));
        }
    }

    /// Writes the records and the state under the commit's number, and forgets old commits now and then.
    pub(super) fn store(&self, connection: &Connection, state: &mut State, token: u64, delivery: bool) -> Outcome<()> {
        let floor = state.commits - KEPT;
        if floor >= state.feed_floor + KEPT / 10 {
            connection.prepare_cached("DELETE FROM feed WHERE number <= ?1")?.execute([floor])?;
            state.feed_floor = floor;
        }
        connection
            .prepare_cached(
                "INSERT INTO feed(number, token, delivery, next_object, next_arrival, next_value, next_text, feed_floor,
                 key_version, records) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                state.commits,
                token.cast_signed(),
                delivery,
                state.next_object,
                state.next_arrival,
                state.next_value,
                state.next_text,
                state.feed_floor,
                state.key_version,
                &self.bytes,
            ))?;
        Ok(())
    }
}

fn decode(bytes: &[u8], commit: i64, token: i64, delivery: bool) -> Outcome<Vec<FeedRecord>> {
    let damaged = || Trouble::damaged("the change feed cannot be decoded");
    let mut cursor = Cursor(bytes);
    let mut records = Vec::new();
    while !cursor.0.is_empty() {
        let verb = cursor.number()?;
        let kind = kind_of(cursor.number()?.cast_signed())?;
        let object = name_of(cursor.number()?.cast_signed())?;
        let parent = name_of(cursor.number()?.cast_signed())?;
        let verb = match verb {
            0 => FeedVerb::Created,
            1 => FeedVerb::Modified,
            2 => FeedVerb::Deleted { soft: false },
            3 => FeedVerb::Deleted { soft: true },
            4 => FeedVerb::Moved { from: name_of(cursor.number()?.cast_signed())? },
            5 => FeedVerb::Copied {
                source: name_of(cursor.number()?.cast_signed())?,
                source_parent: name_of(cursor.number()?.cast_signed())?,
            },
            _ => return Err(damaged()),
        };
        let count = cursor.number()?;
        if count > bytes.len() as u64 {
            return Err(damaged());
        }
        let mut tags = Vec::new();
        for _ in 0..count {
            tags.push(PropTag(u32::try_from(cursor.number()?).map_err(|_| damaged())?));
        }
        records.push(FeedRecord {
            commit: commit.cast_unsigned(),
            token: token.cast_unsigned(),
            object,
            kind,
            parent,
            verb,
            tags,
            delivery,
        });
    }
    Ok(records)
}

/// A place in the feed: the store, the last commit read, and how many records of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    uid: Guid,
    commit: i64,
    passed: u32,
}

impl Place {
    fn cursor(self) -> FeedCursor {
        let mut bytes = self.uid.as_bytes().to_vec();
        bytes.extend(self.commit.to_be_bytes());
        bytes.extend(self.passed.to_be_bytes());
        FeedCursor(bytes)
    }

    fn of(cursor: &FeedCursor) -> Option<Self> {
        let mut rest = Cursor(&cursor.0);
        let place = Self {
            uid: Guid(rest.array().ok()?),
            commit: i64::from_be_bytes(rest.array().ok()?),
            passed: u32::from_be_bytes(rest.array().ok()?),
        };
        rest.0.is_empty().then_some(place)
    }
}

/// The cursor behind a commit.
pub(super) fn cursor(uid: Guid, commit: i64) -> FeedCursor {
    Place { uid, commit, passed: 0 }.cursor()
}

/// The records since a cursor.
pub(super) fn changes(connection: &Connection, uid: Guid, since: &FeedCursor, max: u32) -> Outcome<FeedPage> {
    let state = State::load(connection)?;
    // Otherwise another store was put in this one's place, it was put back to an older state, or the reader
    // has slept too long.
    let known = |place: &Place| place.uid == uid && (state.feed_floor..=state.commits).contains(&place.commit);
    let Some(place) = Place::of(since).filter(known) else {
        return Ok(FeedPage { records: Vec::new(), cursor: cursor(uid, state.commits), gap: true, more: false });
    };
    let max = usize::try_from(max.max(1)).unwrap_or(usize::MAX);
    let mut page = FeedPage { cursor: place.cursor(), ..FeedPage::default() };
    // As many rows as it takes: commits may have no records.
    let mut statement =
        connection.prepare_cached("SELECT number, token, delivery, records FROM feed WHERE number > ?1 ORDER BY number")?;
    let mut rows = statement.query([place.commit])?;
    let mut passed = usize::try_from(place.passed).unwrap_or(usize::MAX);
    let mut last = place.commit;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if page.records.len() >= max {
            page.more = true;
            break;
        }
        let records = decode(row.get_ref(3)?.as_blob()?, number, row.get(1)?, row.get(2)?)?;
        let room = max - page.records.len();
        let fresh = records.len().saturating_sub(passed);
        let taken = fresh.min(room);
        page.records.extend(records.into_iter().skip(passed).take(taken));
        if taken < fresh {
            let passed = u32::try_from(passed + taken).unwrap_or(u32::MAX);
            page.cursor = Place { uid, commit: last, passed }.cursor();
            page.more = true;
            return Ok(page);
        }
        passed = 0;
        last = number;
        page.cursor = cursor(uid, last);
    }
    Ok(page)
}
