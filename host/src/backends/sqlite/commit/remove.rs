//! Objects that are deleted: softly, to be restored, or for good with all that lies in them.

use crate::backends::sqlite::ancestry::{children, lies_in_deleted};
use crate::backends::sqlite::bag::NewBody;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::orders::Order;
use crate::backends::sqlite::schema::{Class, ROOT, STORE_OBJECT, keeps_lists};
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{FeedVerb, ObjectKind};
use mapi_engine::error::{Code, Failure};

impl Writer<'_> {
    pub(super) fn remove(&mut self, mut row: Row, hard: bool) -> Outcome<(i64, i64, i64)> {
        if row.id == STORE_OBJECT || row.id == ROOT {
            return Err(Failure::new(Code::NoAccess, "The store object and the root folder cannot be removed.").into());
        }
        let keeps = row.class.deleted().counter().is_some() && row.kind != ObjectKind::EmbeddedMessage;
        let record = row.record(FeedVerb::Deleted { soft: keeps && !hard }, &[])?;
        if keeps && !hard {
            if row.class.is_deleted() || lies_in_deleted(self.connection, row.parent)? {
                return Err(Failure::new(Code::ObjectDeleted, "The object was deleted meanwhile.").into());
            }
            self.leave(&row)?;
            row.class = row.class.deleted();
            self.count(&row, 1);
            self.update(&row)?;
            self.records.add(&record);
            // What was known to take objects in may lie below this one.
            self.parents.clear();
        } else {
            self.leave(&row)?;
            self.erase(&row)?;
            self.records.add(&record);
        }
        Ok((row.id, row.version, row.arrival))
    }

    /// Removes an object that has left its container, with all below it.
    fn erase(&mut self, row: &Row) -> Outcome<()> {
        let mut waiting = vec![row.id];
        while let Some(id) = waiting.pop() {
            waiting.extend(children(self.connection, id)?);
            let Some(row) = self.load(id)? else { continue };
            for entry in row.bag.values() {
                if let NewBody::Large(large) = entry.body {
                    large::remove(self.connection, large.number)?;
                }
                if entry.unsearched {
                    self.connection
                        .prepare_cached("DELETE FROM unsearched WHERE tag = ?1 AND object = ?2")?
                        .execute((entry.tag.id(), id))?;
                }
            }
            if row.text.is_some() {
                texts::supersede(self.connection, id, i64::MAX)?;
            }
            if keeps_lists(row.kind) {
                for class in [Class::CONTENT, Class::ASSOCIATED] {
                    for order in Order::of(self.connection, id, class)? {
                        order.forget(self.connection)?;
                        self.directories.remove(&order.id);
                    }
                    self.orders.remove(&(id, class));
                }
                self.counters.remove(&id);
                for statement in ["DELETE FROM counters WHERE container = ?1", "DELETE FROM tags WHERE container = ?1"] {
                    self.connection.prepare_cached(statement)?.execute([id])?;
                }
            }
            self.parents.remove(&id);
            self.connection.prepare_cached("DELETE FROM objects WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }
}
