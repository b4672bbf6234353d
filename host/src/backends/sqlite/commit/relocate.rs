//! Objects that move to another container (`stores` 7).

use crate::backends::sqlite::ancestry::lies_in;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::schema::{Class, is_folder, name_of};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{FeedVerb, ObjectId, StoredProperty};
use mapi_engine::error::{Code, Failure};

impl Writer<'_> {
    pub(super) fn relocate(&mut self, mut row: Row, parent: &ObjectId, set: Vec<StoredProperty>) -> Outcome<(i64, i64, i64)> {
        let parent = self.parent(parent, row.kind)?;
        if row.class == Class::NONE {
            return Err(Failure::new(Code::NoAccess, "The root folder cannot be moved.").into());
        }
        if is_folder(row.kind) && lies_in(self.connection, parent, row.id)? {
            return Err(Failure::new(Code::FolderCycle, "A folder cannot be moved into itself or below itself.").into());
        }
        let from = row.parent;
        self.leave(&row)?;
        row.parent = parent;
        row.class = row.class.live();
        row.arrival = self.arrive();
        // The new container must list it before its values change there.
        self.enter(&row)?;
        let changed = self.merge(&mut row, set, &[])?;
        self.update(&row)?;
        self.records.add(&row.record(FeedVerb::Moved { from: name_of(from)? }, &changed)?);
        Ok((row.id, row.version, row.arrival))
    }
}
