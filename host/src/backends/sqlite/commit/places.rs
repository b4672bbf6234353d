//! What a commit knows of containers: their kinds, and which of them are alive. A commit of thousands of changes
//! concerns a few containers, so each is looked up once.

use crate::backends::sqlite::schema::{Class, kind_of};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::ObjectKind;
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is known of containers so far.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// An object keeps its kind as long as it is there.
    kinds: HashMap<i64, ObjectKind>,
    /// Objects that neither are soft-deleted nor lie below one that is; with each all above it.
    live: HashSet<i64>,
}

impl Places {
    /// The kind of an object, if it is there.
    pub(super) fn kind(&mut self, connection: &Connection, id: i64) -> Outcome<Option<ObjectKind>> {
        if let Some(kind) = self.kinds.get(&id) {
            return Ok(Some(*kind));
        }
        let number: Option<i64> =
            connection.prepare_cached("SELECT kind FROM objects WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
        let kind = number.map(kind_of).transpose()?;
        if let Some(kind) = kind {
            self.kinds.insert(id, kind);
        }
        Ok(kind)
    }

    /// Whether an object neither is soft-deleted nor lies below one that is.
    pub(super) fn is_live(&mut self, connection: &Connection, id: i64) -> Outcome<bool> {
        if self.live.contains(&id) {
            return Ok(true);
        }
        let mut statement = connection.prepare_cached("SELECT parent, class FROM objects WHERE id = ?1")?;
        let (mut place, mut passed) = (id, BTreeSet::new());
        while !self.live.contains(&place) && passed.insert(place) {
            let found: Option<(Option<i64>, i64)> =
                statement.query_row([place], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            match found {
                Some((_, class)) if Class(class).is_deleted() => return Ok(false),
                Some((Some(parent), _)) => place = parent,
                _ => break,
            }
        }
        self.live.extend(passed);
        Ok(true)
    }

    /// An object is not where it was any more: what lies below it may not be alive.
    pub(super) fn moved(&mut self, id: i64) {
        if self.live.contains(&id) {
            self.live.clear();
        }
    }

    /// An object is gone.
    pub(super) fn gone(&mut self, id: i64) {
        self.moved(id);
        self.kinds.remove(&id);
    }
}
