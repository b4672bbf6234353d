//! The numbers every commit moves, kept in the one row of the table `state`.

use crate::backends::sqlite::trouble::Outcome;
use rusqlite::Connection;

/// The row of `state`.
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
            })?)
    }

    pub(super) fn save(&self, connection: &Connection) -> Outcome<()> {
        connection
            .prepare_cached(
                "UPDATE state SET commits = ?1, next_object = ?2, next_arrival = ?3, next_value = ?4, next_text = ?5,
                 feed_floor = ?6, key_version = ?7",
            )?
            .execute((
                self.commits,
                self.next_object,
                self.next_arrival,
                self.next_value,
                self.next_text,
                self.feed_floor,
                self.key_version,
            ))?;
        Ok(())
    }
}
