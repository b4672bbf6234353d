//! The numbers every commit moves: those in the newest row of the feed, which the view `state` shows.

use crate::backends::sqlite::trouble::{Outcome, Trouble};
use rusqlite::{Connection, OptionalExtension};

/// The row of the view `state`.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) commits: i64,
    pub(super) next_object: i64,
    pub(super) next_arrival: i64,
    pub(super) next_value: i64,
    pub(super) next_text: i64,
    pub(super) feed_floor: i64,
    pub(super) key_version: u32,
}

impl State {
    pub(super) fn load(connection: &Connection) -> Outcome<Self> {
        Self::find(connection)?.ok_or_else(|| Trouble::damaged("its last commit is missing"))
    }

    /// `None` in a damaged file: the feed of a store is never empty.
    pub(super) fn find(connection: &Connection) -> Outcome<Option<Self>> {
        Ok(connection
            .prepare_cached(
                "SELECT commits, next_object, next_arrival, next_value, next_text, feed_floor, key_version FROM state",
            )?
            .query_row([], |row| {
                Ok(Self {
                    commits: row.get(0)?,
                    next_object: row.get(1)?,
                    next_arrival: row.get(2)?,
                    next_value: row.get(3)?,
                    next_text: row.get(4)?,
                    feed_floor: row.get(5)?,
                    key_version: row.get(6)?,
                })
            })
            .optional()?)
    }

    /// Takes identifiers for objects out of use, which is no commit; the first of them.
    pub(super) fn reserve(connection: &Connection, count: i64) -> Outcome<i64> {
        let state = Self::load(connection)?;
        connection
            .prepare_cached("UPDATE feed SET next_object = next_object + ?2 WHERE number = ?1")?
            .execute((state.commits, count))?;
        Ok(state.next_object)
    }
}

#[cfg(test)]
mod tests {
    use crate::backends::sqlite::SqliteStore;
    use crate::backends::sqlite::database::Access;
    use crate::backends::sqlite::feed::cursor;
    use crate::backends::sqlite::schema::{STORE, name_of};
    use mapi_engine::backend::{Change, Commit, FeedVerb, ObjectKind, Objects, Store};
    use mapi_engine::error::Code;
    use rusqlite::Connection;

    /// A store of the version that kept the state in a table: one commit, which made message 3.
    fn old_store(path: &std::path::Path) {
        let old = Connection::open(path).unwrap();
        for version in &STORE.migrations[..4] {
            old.execute_batch(version).unwrap();
        }
        old.execute_batch(
            "UPDATE state SET commits = 1, next_object = 4, next_arrival = 4;
             INSERT INTO objects VALUES (3, 2, 2, 3, 3, 1, 1, NULL, NULL, NULL);
             INSERT INTO bags VALUES (3, x'');
             INSERT INTO counters(container, contents, unread) VALUES (2, 1, 1);
             INSERT INTO orders VALUES (1, 2, 2, 0, 1);
             INSERT INTO buckets VALUES (1, x'', 0, 1);
             INSERT INTO feed VALUES (1, 7, 0, x'0003030200');",
        )
        .unwrap();
        old.pragma_update(None, "application_id", STORE.application).unwrap();
        old.pragma_update(None, "user_version", 4).unwrap();
    }

    #[test]
    fn a_store_without_its_last_commit_is_damaged_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mapi");
        drop(SqliteStore::open(&path, Access::Create).unwrap());
        Connection::open(&path).unwrap().execute("DELETE FROM feed", []).unwrap();
        let store = SqliteStore::open(&path, Access::Write).unwrap();
        assert_eq!(store.reserve(1).unwrap_err().code(), Code::CorruptData);
        assert_eq!(store.check(false).unwrap().findings.len(), 1);
    }

    #[test]
    fn commits_without_records_do_not_hide_those_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.mapi"), Access::Create).unwrap();
        for _ in 0..5 {
            store.check(true).unwrap();
        }
        let (object, parent) = (store.reserve(1).unwrap().remove(0), store.identity().root);
        let create = Change::Create { object, parent, kind: ObjectKind::Message, properties: vec![] };
        store.commit(Commit { changes: vec![create], ..Commit::default() }).unwrap();
        let told = store.changes(&cursor(store.identity().uid, 0), 1).unwrap();
        assert_eq!((told.records.len(), told.more), (1, false));
    }

    #[test]
    fn a_store_of_the_version_before_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.mapi");
        old_store(&path);
        let store = SqliteStore::open(&path, Access::Write).unwrap();
        assert_eq!(store.check(false).unwrap().findings, []);
        let create = |kind| {
            let object = store.reserve(1).unwrap().remove(0);
            let create = Change::Create { object: object.clone(), parent: store.identity().root, kind, properties: vec![] };
            store.commit(Commit { changes: vec![create], ..Commit::default() }).unwrap();
            object
        };
        let objects = [name_of(3).unwrap(), create(ObjectKind::Message), create(ObjectKind::Folder)];
        assert_eq!(store.check(false).unwrap().findings, []);
        let told = store.changes(&cursor(store.identity().uid, 0), 10).unwrap();
        assert!(!told.gap && told.records.iter().all(|record| record.verb == FeedVerb::Created));
        assert_eq!(told.records.iter().map(|record| (record.commit, record.object.clone())).collect::<Vec<_>>(), {
            (1..).zip(objects).collect::<Vec<_>>()
        });
    }
}
