//! How texts come from the tail into segments, and out of them when they no longer hold.

use crate::backends::sqlite::texts::segment::{self, Builder, DOCUMENTS, Document, Documents};
use crate::backends::sqlite::texts::{sharing, split, stale};
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Bytes of text after which a segment is closed early.
const SEGMENT_BYTES: usize = 8 << 20;

/// Whether texts for a whole segment are waiting.
pub(in crate::backends::sqlite) fn segment_waits(connection: &Connection) -> Outcome<bool> {
    Ok(waiting(connection)? >= DOCUMENTS)
}

/// Moves texts from the tail into segments while whole segments are waiting and time is left. Whether more
/// are waiting.
pub(in crate::backends::sqlite) fn consolidate_for(connection: &Connection, budget: Duration) -> Outcome<bool> {
    let began = Instant::now();
    while !consolidate_once(connection, DOCUMENTS)? {
        if began.elapsed() >= budget {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves texts from the tail into segments as long as whole segments are waiting.
pub(in crate::backends::sqlite) fn consolidate(connection: &Connection) -> Outcome<()> {
    while !consolidate_once(connection, DOCUMENTS)? {}
    Ok(())
}

/// Texts that wait in the tail, counted up to a whole segment.
fn waiting(connection: &Connection) -> Outcome<usize> {
    let limit = i64::try_from(DOCUMENTS).unwrap_or(i64::MAX);
    let waiting: i64 =
        connection.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM tail LIMIT ?1)")?.query_row([limit], |row| row.get(0))?;
    Ok(usize::try_from(waiting).unwrap_or_default())
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
            if stale.get(&object).is_some_and(|floor| serial < *floor) && sharing::heir(connection, serial)?.is_none() {
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

/// Rewrites the segments that hold texts which no longer count.
pub(in crate::backends::sqlite) fn drop_stale(connection: &Connection) -> Outcome<()> {
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
    let holds = |document: &Document| stale.get(&document.object).is_none_or(|floor| document.serial >= *floor);
    let mut inherited = BTreeSet::new();
    for segment in ids {
        let (tag, docs, posted): (u16, Vec<u8>, bool) = connection
            .prepare_cached("SELECT tag, docs, posted FROM segments WHERE id = ?1")?
            .query_row([segment], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let documents = Documents::new(&docs)?;
        let all = (0..documents.len()).map(|number| documents.get(number)).collect::<Outcome<Vec<_>>>()?;
        if all.iter().all(holds) {
            continue;
        }
        let mut arena = Vec::new();
        segment::read(connection, segment, posted, 0..all.last().map_or(0, |document| document.end), &mut arena)?;
        let mut builder = Builder::default();
        for document in &all {
            let owner = if holds(document) { Some(document.object) } else { sharing::heir(connection, document.serial)? };
            let Some(owner) = owner else { continue };
            if owner != document.object {
                inherited.insert((document.serial, owner));
            }
            let text = arena
                .get(document.start..document.end)
                .ok_or_else(|| Trouble::damaged("a segment of the text index is cut short"))?;
            builder.add(owner, document.serial, text);
        }
        segment::remove(connection, segment)?;
        if builder.count > 0 {
            builder.store(connection, tag)?;
        }
    }
    for (serial, heir) in inherited {
        sharing::unshare(connection, serial, heir)?;
    }
    connection.execute("DELETE FROM superseded", [])?;
    Ok(())
}
