//! Searches of the text index.

use crate::backends::sqlite::texts::postings::{Set, members, narrow, trigram};
use crate::backends::sqlite::texts::segment::{self, Documents};
use crate::backends::sqlite::texts::{sharing, split, stale};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::TextMatch;
use memchr::memmem::Finder;
use rusqlite::Connection;

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
pub(in crate::backends::sqlite) fn search(connection: &Connection, tag: u16, how: TextMatch, folded: &str) -> Outcome<Vec<i64>> {
    let bytes = folded.as_bytes();
    let needle = Needle { how, bytes, finder: Finder::new(bytes) };
    let stale = stale(connection)?;
    let holds = |object: i64, serial: i64| stale.get(&object).is_none_or(|floor| serial >= *floor);
    let shared = sharing::any(connection)?;
    let mut hits = Vec::new();
    let mut hit = |object: i64, serial: i64| -> Outcome<()> {
        if holds(object, serial) {
            hits.push(object);
        }
        if shared { sharing::add_sharers(connection, serial, &mut hits) } else { Ok(()) }
    };
    {
        let mut statement = connection.prepare_cached("SELECT serial, object, texts FROM tail")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (serial, object) = (row.get(0)?, row.get(1)?);
            let found = split(row.get_ref(2)?.as_blob()?)?.into_iter().any(|(id, text)| id == tag && needle.is_in(text));
            if found {
                hit(object, serial)?;
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
                hit(document.object, document.serial)?;
            }
            continue;
        }
        // One read of everything is faster than many small ones.
        let whole = numbers.len() * 3 >= documents.len();
        if whole {
            segment::read(connection, segment, posted, 0..documents.end(documents.len() - 1)?, &mut buffer)?;
        }
        for number in numbers {
            let document = documents.get(number)?;
            let found = if whole {
                needle.is_in(buffer.get(document.start..document.end).unwrap_or_default())
            } else if posted && how == TextMatch::Substring {
                let range = document.start..document.end;
                segment::find(connection, segment, range, bytes.len().saturating_sub(1), &mut buffer, |part| needle.is_in(part))?
            } else {
                segment::read(connection, segment, posted, document.start..document.end, &mut buffer)?;
                needle.is_in(&buffer)
            };
            if found {
                hit(document.object, document.serial)?;
            }
        }
    }
    hits.sort_unstable();
    hits.dedup();
    Ok(hits)
}
