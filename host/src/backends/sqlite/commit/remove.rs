//! Objects that are deleted: softly, to be restored, or for good with all that lies in them.

use crate::backends::sqlite::ancestry::children;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::encoding::Body;
use crate::backends::sqlite::orders::Order;
use crate::backends::sqlite::schema::{Class, ROOT, STORE_OBJECT, keeps_lists};
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{FeedVerb, ObjectKind};
use mapi_engine::error::{Code, Failure};

impl Writer<'_> {
    /// Whether the object is still there, soft-deleted.
    pub(super) fn remove(&mut self, row: &mut Row, hard: bool) -> Outcome<bool> {
        if row.id == STORE_OBJECT || row.id == ROOT {
            return Err(Failure::new(Code::NoAccess, "The store object and the root folder cannot be removed.").into());
        }
        let keeps = row.class.deleted().counter().is_some() && row.kind != ObjectKind::EmbeddedMessage && !hard;
        let record = row.record(FeedVerb::Deleted { soft: keeps }, &[])?;
        if keeps {
            self.check_live(row)?;
        }
        self.leave(row)?;
        if keeps {
            row.class = row.class.deleted();
            self.count(row, 1);
            self.places.moved(row.id);
        } else {
            self.erase(row)?;
        }
        self.records.add(&record);
        Ok(keeps)
    }

    /// Removes an object that has left its container, with all below it.
    fn erase(&mut self, row: &Row) -> Outcome<()> {
        let mut waiting = children(self.connection, row.id)?;
        self.erase_one(row)?;
        while let Some(id) = waiting.pop() {
            waiting.extend(children(self.connection, id)?);
            if let Some(row) = self.load(id)? {
                self.erase_one(&row)?;
            }
        }
        Ok(())
    }

    fn erase_one(&mut self, row: &Row) -> Outcome<()> {
        for entry in row.bag.entries() {
            if let Body::Large(large) = entry.body {
                large::remove(self.connection, large.number)?;
            }
            if entry.unsearched {
                self.connection
                    .prepare_cached("DELETE FROM unsearched WHERE tag = ?1 AND object = ?2")?
                    .execute((entry.tag.id(), row.id))?;
            }
        }
        if let Some(serial) = row.text {
            texts::withdraw(self.connection, serial, row.id, i64::MAX)?;
        }
        if keeps_lists(row.kind) {
            for class in [Class::CONTENT, Class::ASSOCIATED] {
                for order in Order::of(self.connection, row.id, class)? {
                    order.forget(self.connection)?;
                    self.directories.remove(&order.id);
                }
                self.orders.remove(&(row.id, class));
            }
            self.counters.remove(&row.id);
            for statement in ["DELETE FROM counters WHERE container = ?1", "DELETE FROM tags WHERE container = ?1"] {
                self.connection.prepare_cached(statement)?.execute([row.id])?;
            }
        }
        self.places.gone(row.id);
        for statement in ["DELETE FROM objects WHERE id = ?1", "DELETE FROM bags WHERE id = ?1"] {
            self.connection.prepare_cached(statement)?.execute([row.id])?;
        }
        Ok(())
    }
}
