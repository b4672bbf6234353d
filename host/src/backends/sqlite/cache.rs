//! What is remembered of the file between calls: lists of matching rows, text hits, bucket directories. Each
//! is good for one state of the file, told by its number of commits, whoever made them.

use crate::backends::sqlite::commit::State;
use crate::backends::sqlite::database::lock;
use crate::backends::sqlite::filter::Test;
use crate::backends::sqlite::orders::{Directory, Order};
use crate::backends::sqlite::scan::{Matches, Recall, Subject};
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

/// Directories kept.
const DIRECTORIES: usize = 256;

type Sought = (u32, TextMatch, String);

/// What was remembered at a number of commits, about what; newest first.
type Remembered<K, V> = Mutex<VecDeque<(i64, K, Arc<V>)>>;

/// The memory of one open file.
#[derive(Debug, Default)]
pub(super) struct Cache {
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

    fn matches(&self, subject: &Subject, make: &mut dyn FnMut() -> Outcome<Matches>) -> Outcome<Arc<Matches>> {
        let known = lock(&self.cache.lists)
            .iter()
            .find(|(commits, known, _)| *commits == self.commits && known == subject)
            .map(|(_, _, matches)| Arc::clone(matches));
        if let Some(matches) = known {
            return Ok(matches);
        }
        let matches = Arc::new(make()?);
        let mut lists = lock(&self.cache.lists);
        lists.retain(|(commits, ..)| *commits == self.commits);
        lists.push_front((self.commits, subject.clone(), Arc::clone(&matches)));
        let mut rows = 0;
        let mut kept = 0;
        for (_, _, matches) in lists.iter() {
            rows += matches.0.len();
            if rows > ROWS && kept > 0 {
                break;
            }
            kept += 1;
        }
        lists.truncate(kept.min(LISTS));
        Ok(matches)
    }
}
