//! Objects that are copied, with all that lies in them.

use crate::backends::sqlite::ancestry::children;
use crate::backends::sqlite::commit::{Row, Writer};
use crate::backends::sqlite::encoding::Body;
use crate::backends::sqlite::plan::SEARCHED;
use crate::backends::sqlite::schema::name_of;
use crate::backends::sqlite::trouble::Outcome;
use crate::backends::sqlite::{large, texts};
use mapi_engine::backend::{Expected, FeedVerb, ObjectId, ObjectKind, StoredProperty};
use mapi_engine::error::Failure;
use mapi_engine::properties::PropTag;
use std::collections::{BTreeMap, BTreeSet};

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
        let row = self.duplicate(original, id, parent, set, delete)?;
        self.copy_below(original_id, id)?;
        self.records.add(&row.record(verb, &[])?);
        Ok((row.id, row.version, row.arrival))
    }

    /// Copies one object without what lies below it. What does not differ and is long is shared with it.
    fn duplicate(&mut self, original: Row, id: i64, parent: i64, set: Vec<StoredProperty>, delete: &[PropTag]) -> Outcome<Row> {
        let (entries, folded) = self.take_in(set)?;
        let differs: BTreeSet<u16> =
            delete.iter().map(|tag| tag.id()).chain(entries.iter().map(|entry| entry.tag.id())).collect();
        let mut bag = original.bag;
        for tag in &differs {
            bag.remove(*tag);
        }
        for entry in bag.entries() {
            if let Body::Large(large) = entry.body {
                large::share(self.connection, large.number)?;
            }
        }
        for entry in entries {
            bag.insert(entry);
        }
        let text = match original.text {
            Some(serial) if !SEARCHED.iter().any(|tag| differs.contains(&tag.id())) => {
                texts::share(self.connection, serial, id)?;
                Some(serial)
            }
            kept => {
                let kept = kept.map_or_else(|| Ok(Vec::new()), |serial| texts::fetch(self.connection, serial))?;
                let mut now: BTreeMap<u16, &[u8]> =
                    kept.iter().filter(|(tag, _)| !differs.contains(tag)).map(|(tag, text)| (*tag, text.as_slice())).collect();
                now.extend(folded.iter().map(|(tag, text)| (tag.id(), text.as_bytes())));
                let now: Vec<(u16, &[u8])> = now.into_iter().collect();
                if now.is_empty() { None } else { Some(self.append_texts(id, &now)?) }
            }
        };
        self.insert(id, parent, original.kind, bag, text)
    }

    fn copy_below(&mut self, source: i64, copy: i64) -> Outcome<()> {
        for child in children(self.connection, source)? {
            let Some(row) = self.load(child)?.filter(|row| !row.class.is_deleted()) else { continue };
            let id = self.state.next_object;
            self.state.next_object += 1;
            // Nothing lies below a recipient.
            let holds_more = row.kind != ObjectKind::Recipient;
            self.duplicate(row, id, copy, Vec::new(), &[])?;
            if holds_more {
                self.copy_below(child, id)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::backends::sqlite::SqliteStore;
    use crate::backends::sqlite::database::Access;
    use mapi_engine::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects, ScanKind, Store, StoredProperty};
    use mapi_engine::properties::{Property, Value, tags};

    #[test]
    fn the_copy_of_a_distribution_list_keeps_orders_and_tags_of_its_members() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.mapi"), Access::Create).unwrap();
        let reserve = || store.reserve(1).unwrap().remove(0);
        let commit = |change| store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        let create = |parent: &ObjectId, kind| {
            let object = reserve();
            let properties = vec![StoredProperty::from(Property::new(tags::DISPLAY_NAME, Value::Unicode("Ada".into())))];
            commit(Change::Create { object: object.clone(), parent: parent.clone(), kind, properties });
            object
        };
        let root = store.identity().root;
        let list = create(&root, ObjectKind::DistributionList);
        create(&list, ObjectKind::Message);
        let copy = reserve();
        commit(Change::Copy { source: list, object: copy.clone(), parent: root, set: vec![], delete: vec![] });
        assert_eq!(store.container_tags(&copy, ScanKind::Contents).unwrap(), [tags::DISPLAY_NAME]);
        let member = create(&copy, ObjectKind::Message);
        assert_eq!(store.check(false).unwrap().findings, []);
        commit(Change::Remove { object: member, expected: Expected::Exists, hard: true });
        assert_eq!(store.check(false).unwrap().findings, []);
    }
}
