//! Objects that are copied, with all that lies in them.

use crate::backends::sqlite::ancestry::children;
use crate::backends::sqlite::bag::NewBody;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::schema::name_of;
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{Expected, FeedVerb, ObjectId, ObjectKind, StoredProperty};
use mapi_engine::error::Failure;
use mapi_engine::properties::PropTag;

impl Writer<'_> {
    pub(super) fn copy(
        &mut self,
        source: &ObjectId,
        object: &ObjectId,
        parent: &ObjectId,
        set: Vec<StoredProperty>,
        delete: &[PropTag],
    ) -> Outcome<(i64, i64, i64)> {
        let original = self.expect(source, Expected::Exists)?;
        if matches!(original.kind, ObjectKind::Store | ObjectKind::Folder | ObjectKind::SearchFolder) {
            return Err(Failure::invalid("source", "Only messages are copied as a whole.").into());
        }
        let id = self.new_object(object)?;
        let parent = self.parent(parent, original.kind)?;
        let verb = FeedVerb::Copied { source: source.clone(), source_parent: name_of(original.parent)? };
        let original_id = original.id;
        let mut row = self.duplicate(original, id, parent)?;
        self.merge(&mut row, set, delete)?;
        self.update(&row)?;
        self.copy_below(original_id, id)?;
        self.records.add(&row.record(verb, &[])?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Copies one object without what lies below it.
    fn duplicate(&mut self, original: Row, id: i64, parent: i64) -> Outcome<Row> {
        let mut bag = original.bag;
        for entry in bag.values_mut() {
            if let NewBody::Large(large) = &mut entry.body {
                let number = self.next_value();
                large::copy(self.connection, large.number, number)?;
                large.number = number;
            }
        }
        let text = match original.text {
            Some(serial) => {
                let kept = texts::fetch(self.connection, original.id, serial)?;
                let kept: Vec<(u16, &[u8])> = kept.iter().map(|(id, text)| (*id, text.as_slice())).collect();
                Some(self.append_texts(id, &kept)?)
            }
            None => None,
        };
        self.insert(id, parent, original.kind, bag, text)
    }

    fn copy_below(&mut self, source: i64, copy: i64) -> Outcome<()> {
        for child in children(self.connection, source)? {
            let Some(row) = self.load(child)?.filter(|row| !row.class.is_deleted()) else { continue };
            let id = self.state.next_object;
            self.state.next_object += 1;
            self.duplicate(row, id, copy)?;
            self.copy_below(child, id)?;
        }
        Ok(())
    }
}
