//! What is remembered of the file between calls: rows that pass filters and their order, text hits, bucket
//! directories. Each is good for one state of the file, told by its number of commits, whoever made them.

use crate::backends::sqlite::database::lock;
use crate::backends::sqlite::filter::Test;
use crate::backends::sqlite::matching::{Found, Matches};
use crate::backends::sqlite::orders::{Directory, Order};
use crate::backends::sqlite::scan::{Recall, Subject};
use crate::backends::sqlite::state::State;
use crate::backends::sqlite::texts;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{Filter, TextMatch};
use mapi_engine::properties::PropTag;
use rusqlite::Connection;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Lists of matching rows kept: as many views as a person keeps open on one store.
const LISTS: usize = 16;

/// Text searches kept.
const SEARCHES: usize = 16;

/// Rows all kept lists may have together, some hundred bytes each.
const ROWS: usize = 1 << 20;

/// As many without their keys, 16 bytes each.
const BARE_ROWS: usize = 1 << 22;

/// Directories kept.
const DIRECTORIES: usize = 256;

type Sought = (u32, TextMatch, String);

/// What was remembered at a number of commits, about what; newest first.
type Remembered<K, V> = Mutex<VecDeque<(i64, K, Arc<V>)>>;

/// The memory of one open file.
#[derive(Debug, Default)]
pub(super) struct Cache {
    found: Remembered<Subject, Found>,
    lists: Remembered<Subject, Matches>,
    searches: Remembered<Sought, Vec<i64>>,
    directories: Mutex<HashMap<i64, (i64, Arc<Directory>)>>,
}

/// The memory as seen from one state of the file.
pub(super) struct At<'a> {
    cache: &'a Cache,
    commits: i64,
}

impl Cache {
    /// As seen from the state that connection reads.
    pub(super) fn at(&self, connection: &Connection) -> Outcome<At<'_>> {
        Ok(At { cache: self, commits: State::load(connection)?.commits })
    }
}

impl Recall for At<'_> {
    fn directory(&self, connection: &Connection, order: &Order) -> Outcome<Arc<Directory>> {
        if let Some((stamp, directory)) = lock(&self.cache.directories).get(&order.id)
            && *stamp == order.stamp
        {
            return Ok(Arc::clone(directory));
        }
        let directory = Arc::new(Directory::load(connection, order.id)?);
        let mut known = lock(&self.cache.directories);
        if known.len() >= DIRECTORIES {
            known.clear();
        }
        known.insert(order.id, (order.stamp, Arc::clone(&directory)));
        Ok(directory)
    }

    fn tests(&self, connection: &Connection, filters: &[Filter]) -> Outcome<Vec<Test>> {
        Test::compile(filters, &mut |tag: PropTag, how, folded| {
            let sought = (tag.0, how, folded.to_owned());
            let known = lock(&self.cache.searches)
                .iter()
                .find(|(commits, known, _)| *commits == self.commits && *known == sought)
                .map(|(_, _, hits)| Arc::clone(hits));
            if let Some(hits) = known {
                return Ok(hits);
            }
            let mut hits = texts::search(connection, tag.id(), how, folded)?;
            hits.extend(texts::unsearched(connection, tag.id())?);
            hits.sort_unstable();
            hits.dedup();
            let hits = Arc::new(hits);
            let mut searches = lock(&self.cache.searches);
            searches.retain(|(commits, ..)| *commits == self.commits);
            searches.truncate(SEARCHES - 1);
            searches.push_front((self.commits, sought, Arc::clone(&hits)));
            Ok(hits)
        })
    }

    fn found(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Found>) -> Outcome<Arc<Found>> {
        let unordered = Subject { order: Vec::new(), ..subject.clone() };
        self.remember(&self.cache.found, &unordered, |found| found.0.len(), BARE_ROWS, make)
    }

    fn matches(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Matches>) -> Outcome<Arc<Matches>> {
        self.remember(&self.cache.lists, subject, |matches| matches.0.len(), ROWS, make)
    }
}

impl At<'_> {
    /// What is remembered of the subject, otherwise what `make` makes, which is remembered with the latest
    /// others that have at most `most` rows together.
    fn remember<V>(
        &self,
        remembered: &Remembered<Subject, V>,
        subject: &Subject,
        rows: impl Fn(&V) -> usize,
        most: usize,
        make: &mut dyn FnMut() -> Outcome<V>,
    ) -> Outcome<Arc<V>> {
        let known = lock(remembered)
            .iter()
            .find(|(commits, known, _)| *commits == self.commits && known == subject)
            .map(|(_, _, value)| Arc::clone(value));
        if let Some(value) = known {
            return Ok(value);
        }
        let value = Arc::new(make()?);
        let mut lists = lock(remembered);
        lists.retain(|(commits, ..)| *commits == self.commits);
        lists.push_front((self.commits, subject.clone(), Arc::clone(&value)));
        let mut together = 0;
        let mut kept = 0;
        for (_, _, value) in lists.iter() {
            together += rows(value);
            if together > most && kept > 0 {
                break;
            }
            kept += 1;
        }
        lists.truncate(kept.min(LISTS));
        Ok(value)
    }
}
