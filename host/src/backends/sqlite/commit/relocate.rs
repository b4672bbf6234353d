//! Objects that move to another container (`stores` 7).

use crate::backends::sqlite::ancestry::lies_in;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::schema::{Class, is_folder, name_of};
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::backend::{FeedVerb, ObjectId, StoredProperty};
use mapi_engine::error::{Code, Failure};

impl Writer<'_> {
    pub(super) fn relocate(&mut self, row: &mut Row, parent: &ObjectId, set: Vec<StoredProperty>) -> Outcome<()> {
        if row.class == Class::NONE {
            return Err(Failure::new(Code::NoAccess, "The root folder cannot be moved.").into());
        }
        let parent = self.parent(parent, row.kind)?;
        if is_folder(row.kind) && lies_in(self.connection, parent, row.id)? {
            return Err(Failure::new(Code::FolderCycle, "A folder cannot be moved into itself or below itself.").into());
        }
        let from = row.parent;
        self.leave(row)?;
        row.parent = parent;
        row.class = row.class.live();
        row.arrival = self.arrive();
        // The new container must list it before its values change there.
        self.enter(row)?;
        let changed = self.merge(row, set, &[])?;
        self.places.moved(row.id);
        self.records.add(&row.record(FeedVerb::Moved { from: name_of(from)? }, &changed)?);
        Ok(())
    }
}
