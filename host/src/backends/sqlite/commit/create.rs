//! Objects that come into being.

use crate::backends::sqlite::bag::Bag;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::schema::{Class, keeps_lists, kind_number};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{FeedVerb, ObjectId, ObjectKind, StoredProperty};
use mapi_engine::error::{Code, Failure};
use rusqlite::ErrorCode;

impl Writer<'_> {
    pub(super) fn create(
        &mut self,
        object: &ObjectId,
        parent: &ObjectId,
        kind: ObjectKind,
        properties: Vec<StoredProperty>,
    ) -> Outcome<(i64, i64, i64)> {
        let id = self.new_object(object)?;
        let parent = self.parent(parent, kind)?;
        let (entries, folded) = self.take_in(properties)?;
        let folded: Vec<(u16, &[u8])> = folded.iter().map(|(tag, text)| (tag.id(), text.as_bytes())).collect();
        let text = if folded.is_empty() { None } else { Some(self.append_texts(id, &folded)?) };
        let row = self.insert(id, parent, kind, entries.into_iter().collect(), text)?;
        self.records.add(&row.record(FeedVerb::Created, &[])?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Adds an object with everything kept beside it, but no record.
    pub(super) fn insert(&mut self, id: i64, parent: i64, kind: ObjectKind, bag: Bag, text: Option<i64>) -> Outcome<Row> {
        let arrival = self.arrive();
        let class = Class::of(kind);
        let row = Row {
            id,
            place: (parent, class, arrival),
            parent,
            class,
            arrival,
            kind,
            version: 1,
            unread: bag.unread(kind),
            text,
            bag,
        };
        if kind == ObjectKind::EmbeddedMessage && self.has_children(parent)? {
            return Err(Failure::new(Code::Collision, "The attachment has an embedded message already.").into());
        }
        let inserted = self
            .connection
            .prepare_cached(
                "INSERT INTO objects(id, parent, class, arrival, kind, version, unread, queue, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
            )?
            .execute((id, parent, class.0, arrival, kind_number(kind), row.unread, row.bag.queue_number(kind), text));
        match inserted {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(Failure::new(Code::Collision, "An object with that identifier exists already.").into());
            }
            other => other?,
        };
        self.connection.prepare_cached("INSERT INTO bags(id, props) VALUES (?1, ?2)")?.execute((id, row.bag.whole()))?;
        self.mark_unsearched(&row)?;
        if keeps_lists(kind) {
            // What lies below a copy is entered without a look at the copy.
            self.places.learn(id, kind);
        }
        self.enter(&row)?;
        Ok(row)
    }

    fn has_children(&self, parent: i64) -> Outcome<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM objects WHERE parent = ?1 LIMIT 1")?.exists([parent])?)
    }
}
