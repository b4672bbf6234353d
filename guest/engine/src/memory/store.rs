//! A message store in memory.

use super::lock;
use super::objects::MemoryObjects;
use crate::backend::{
    CheckFinding, CheckReport, Effect, GroupBatch, GroupRequest, NamedProperty, ObjectId, Quota, Store, StoreCapabilities,
    StoreIdentity, StoredProperty,
};
use crate::error::{Code, Failure, Result};
use crate::forward_objects;
use crate::properties::{Guid, PropTag, Property};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Mutex;

/// The kind of store this is (`PR_MDB_PROVIDER`).
pub(super) const KIND: Guid = Guid::from_fields(0x6D61_7069, 0x4D45, 0x4D4F, *b"RY-STORE");

/// A message store that lives as long as it is held.
#[derive(Debug)]
pub struct MemoryStore {
    objects: MemoryObjects,
    name: String,
    capabilities: StoreCapabilities,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    ids: BTreeMap<NamedProperty, u16>,
    names: BTreeMap<u16, NamedProperty>,
}

impl MemoryStore {
    /// An empty store: the store object and the root folder. The name is its private entry identifier.
    #[must_use]
    pub fn new(uid: Guid, name: &str) -> Self {
        let capabilities =
            StoreCapabilities { feed: true, submit: true, attachments: true, soft_delete: true, ..StoreCapabilities::default() };
        Self { objects: MemoryObjects::new(uid), name: name.to_owned(), capabilities, names: Mutex::default() }
    }

    /// The store with other abilities. Without `feed` it has no change feed, with `read_only` no commit
    /// succeeds, without `soft_delete` everything is removed for good.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: StoreCapabilities) -> Self {
        self.capabilities = capabilities;
        self.objects.feed = capabilities.feed;
        self.objects.writable = !capabilities.read_only;
        lock(&self.objects.database).keeps_deleted = capabilities.soft_delete;
        self
    }

    /// Its private entry identifier.
    #[must_use]
    pub fn private_entry(&self) -> &[u8] {
        self.name.as_bytes()
    }
}

impl Deref for MemoryStore {
    type Target = MemoryObjects;

    fn deref(&self) -> &MemoryObjects {
        &self.objects
    }
}

forward_objects!([] MemoryStore, self => self.objects);

impl Store for MemoryStore {
    fn identity(&self) -> StoreIdentity {
        let database = lock(&self.objects.database);
        let (store, root) = (database.store.clone(), database.root.clone());
        drop(database);
        StoreIdentity {
            uid: self.objects.uid,
            kind: KIND,
            mapping_signature: self.objects.uid,
            store,
            root,
            private_entry: self.private_entry().to_vec(),
            writable: self.objects.writable,
            capabilities: self.capabilities,
            index: self.objects.index(),
        }
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        self.objects.groups(request)
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        let mut mapping = lock(&self.names);
        let id_of = |name: &NamedProperty| {
            if let Some(id) = mapping.ids.get(name) {
                return Some(*id);
            }
            let next = mapping.names.last_key_value().map_or(0x8001, |(id, _)| id.saturating_add(1));
            if !create || next > 0xFFFE {
                return None;
            }
            mapping.ids.insert(name.clone(), next);
            mapping.names.insert(next, name.clone());
            Some(next)
        };
        Ok(names.iter().map(id_of).collect())
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        let mapping = lock(&self.names);
        Ok(ids.iter().map(|id| mapping.names.get(id).cloned()).collect())
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        Ok(lock(&self.names).names.iter().map(|(id, name)| (*id, name.clone())).collect())
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        self.objects.rekey(objects, key_version, finished);
        Ok(())
    }

    fn index_step(&self, _budget_us: u64) -> Result<bool> {
        Ok(false)
    }

    fn quota(&self) -> Result<Quota> {
        let database = lock(&self.objects.database);
        Ok(Quota { used: database.used, limit: database.limit })
    }

    fn check(&self, _repair: bool) -> Result<CheckReport> {
        let database = lock(&self.objects.database);
        let lost = database
            .objects
            .iter()
            .filter(|(_, object)| object.parent.as_ref().is_some_and(|parent| !database.objects.contains_key(parent)));
        let findings = lost.map(|(id, _)| CheckFinding {
            object: Some(id.clone()),
            message: "lies in a container that is not there".to_owned(),
            repaired: false,
        });
        Ok(CheckReport { objects: database.objects.len() as u64, findings: findings.collect() })
    }

    fn compact(&self) -> Result<()> {
        Ok(())
    }

    fn backup(&self, _target: &str) -> Result<()> {
        Err(Failure::new(Code::NoSupport, "a store in memory has no file to copy; export it instead"))
    }

    fn validate(&self, _flags: u32) -> Result<()> {
        self.objects.reports.validate()
    }

    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        self.objects.reports.set_status_properties(properties)
    }

    fn effects(&self) -> Vec<Effect> {
        self.objects.reports.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{
        Change, Commit, Committed, Expected, FeedCursor, FeedVerb, ObjectKind, Objects, OrderKey, ScanFrom, ScanKind,
        ScanRequest, Scope, StagedValue, StoredValue, Want,
    };
    use crate::properties::{Property, Value, tags};

    fn store() -> MemoryStore {
        MemoryStore::new(Guid([7; 16]), "test")
    }

    fn commit(store: &MemoryStore, changes: Vec<Change>) -> Result<Committed> {
        store.commit(Commit { changes, token: 5, ..Commit::default() })
    }

    fn create(store: &MemoryStore, parent: &ObjectId, kind: ObjectKind, subject: &str) -> ObjectId {
        let object = store.reserve(1).unwrap().remove(0);
        let properties = vec![Property::new(tags::SUBJECT, Value::Unicode(subject.into())).into()];
        let change = Change::Create { object: object.clone(), parent: parent.clone(), kind, properties };
        commit(store, vec![change]).unwrap();
        object
    }

    fn remove(object: &ObjectId, hard: bool) -> Change {
        Change::Remove { object: object.clone(), expected: Expected::Exists, hard }
    }

    fn set(object: &ObjectId, expected: Expected, subject: &str) -> Change {
        let set = vec![Property::new(tags::SUBJECT, Value::Unicode(subject.into())).into()];
        Change::Set { object: object.clone(), expected, set, delete: Vec::new(), quiet: false }
    }

    fn subjects(
        store: &MemoryStore,
        kind: ScanKind,
        order: &[OrderKey],
        from: ScanFrom,
        backwards: bool,
        max: u32,
    ) -> Vec<String> {
        let scope = Scope::One(store.identity().root);
        let columns = [tags::SUBJECT];
        let request =
            ScanRequest { scope: &scope, kind, columns: &columns, cell_limit: 0, filters: &[], order, from, backwards, max };
        let page = store.scan(&request).unwrap();
        let texts = (0..page.batch.len()).map(|row| match page.batch.columns[0].value(row) {
            Some(Value::Unicode(text)) => text,
            _ => String::new(),
        });
        texts.collect()
    }

    #[test]
    fn a_failed_commit_changes_nothing() {
        let store = store();
        let root = store.identity().root;
        let message = create(&store, &root, ObjectKind::Message, "a");
        let cursor = store.feed_cursor().unwrap();
        let changes = vec![remove(&message, true), set(&message, Expected::Exists, "b")];
        assert_eq!(commit(&store, changes).unwrap_err().code(), Code::ObjectDeleted);
        assert_eq!(subjects(&store, ScanKind::Contents, &[], ScanFrom::Start, false, 9), ["a"]);
        assert_eq!(store.feed_cursor().unwrap(), cursor);
    }

    #[test]
    fn a_lost_race_is_object_changed_and_quiet_changes_are_no_race() {
        let store = store();
        let root = store.identity().root;
        let message = create(&store, &root, ObjectKind::Message, "a");
        let quiet = Change::Bits { object: message.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 };
        commit(&store, vec![quiet]).unwrap();
        commit(&store, vec![set(&message, Expected::Version(1), "b")]).unwrap();
        let lost = commit(&store, vec![set(&message, Expected::Version(1), "c")]).unwrap_err();
        assert_eq!(lost.code(), Code::ObjectChanged);
    }

    #[test]
    fn a_soft_deleted_message_shows_only_among_the_deleted_and_can_be_restored() {
        let store = store();
        let root = store.identity().root;
        let message = create(&store, &root, ObjectKind::Message, "a");
        commit(&store, vec![remove(&message, false)]).unwrap();
        assert!(subjects(&store, ScanKind::Contents, &[], ScanFrom::Start, false, 9).is_empty());
        assert_eq!(subjects(&store, ScanKind::DeletedContents, &[], ScanFrom::Start, false, 9), ["a"]);
        assert!(store.read(&message, Want::All, 100).unwrap().0.deleted);
        assert_eq!(commit(&store, vec![set(&message, Expected::Exists, "b")]).unwrap_err().code(), Code::ObjectDeleted);
        let restore = Change::Move { object: message, expected: Expected::Exists, parent: root, set: Vec::new(), restore: true };
        commit(&store, vec![restore]).unwrap();
        assert_eq!(subjects(&store, ScanKind::Contents, &[], ScanFrom::Start, false, 9), ["a"]);
    }

    #[test]
    fn a_folder_counts_its_messages() {
        let store = store();
        let root = store.identity().root;
        let folder = create(&store, &root, ObjectKind::Folder, "f");
        let message = create(&store, &folder, ObjectKind::Message, "a");
        create(&store, &folder, ObjectKind::Message, "b");
        create(&store, &folder, ObjectKind::Associated, "c");
        commit(&store, vec![Change::Bits { object: message.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 0 }]).unwrap();
        let counts = |tag| match store.read(&folder, Want::Tags(&[tag]), 100).unwrap().1.first().map(|found| &found.value) {
            Some(Value::Long(count)) => *count,
            _ => -1,
        };
        assert_eq!((counts(tags::CONTENT_COUNT), counts(tags::CONTENT_UNREAD), counts(tags::ASSOC_CONTENT_COUNT)), (2, 1, 1));
        commit(&store, vec![remove(&message, true)]).unwrap();
        assert_eq!((counts(tags::CONTENT_COUNT), counts(tags::CONTENT_UNREAD)), (1, 1));
    }

    #[test]
    fn pages_go_on_behind_the_last_row_in_both_directions() {
        let store = store();
        let root = store.identity().root;
        for subject in ["b", "d", "a", "c"] {
            create(&store, &root, ObjectKind::Message, subject);
        }
        let order = [OrderKey { tag: tags::SUBJECT, descending: false }];
        let page = |from, backwards| subjects(&store, ScanKind::Contents, &order, from, backwards, 2);
        assert_eq!(page(ScanFrom::Start, false), ["a", "b"]);
        assert_eq!(page(ScanFrom::Start, true), ["d", "c"]);
        assert_eq!(page(ScanFrom::Position(1), false), ["b", "c"]);
        assert_eq!(page(ScanFrom::Position(1), true), ["b", "a"]);
    }

    #[test]
    fn a_folder_read_from_end_to_end_again_shows_what_has_changed() {
        let store = store();
        let root = store.identity().root;
        let all = || subjects(&store, ScanKind::Contents, &[], ScanFrom::Start, false, 1000);
        let message = create(&store, &root, ObjectKind::Message, "a");
        assert_eq!(all(), ["a"]);
        let other = create(&store, &root, ObjectKind::Message, "b");
        assert_eq!(all(), ["a", "b"]);
        commit(&store, vec![set(&message, Expected::Exists, "c")]).unwrap();
        assert_eq!(all(), ["c", "b"]);
        let folder = create(&store, &root, ObjectKind::Folder, "f");
        let away = Change::Move { object: message, expected: Expected::Exists, parent: folder, set: Vec::new(), restore: false };
        commit(&store, vec![away]).unwrap();
        assert_eq!(all(), ["b"]);
        commit(&store, vec![remove(&other, false)]).unwrap();
        assert!(all().is_empty());
    }

    #[test]
    fn a_folder_read_again_has_its_cells_cut_as_asked_for() {
        let store = store();
        let root = store.identity().root;
        create(&store, &root, ObjectKind::Message, "abcd");
        let scope = Scope::One(root);
        let columns = [tags::SUBJECT];
        let cell = |cell_limit| {
            let (kind, from) = (ScanKind::Contents, ScanFrom::Start);
            let (filters, order) = (&[], &[]);
            let request = ScanRequest {
                scope: &scope,
                kind,
                columns: &columns,
                cell_limit,
                filters,
                order,
                from,
                backwards: false,
                max: 500,
            };
            store.scan(&request).unwrap().batch.columns[0].value(0)
        };
        for (limit, text) in [(0, "abcd"), (2, "ab"), (0, "abcd"), (3, "abc")] {
            assert_eq!(cell(limit), Some(Value::Unicode(text.into())));
        }
    }

    #[test]
    fn a_staged_value_is_read_in_ranges() {
        let store = store();
        let root = store.identity().root;
        let number = store.stage().unwrap();
        store.append(number, b"he").unwrap();
        store.append(number, b"llo").unwrap();
        let message = create(&store, &root, ObjectKind::Message, "a");
        let staged = StoredProperty {
            tag: tags::BODY,
            value: StoredValue::Staged(StagedValue { number, size: 10 }),
            order_key: None,
            folded: None,
        };
        let change = Change::Set {
            object: message.clone(),
            expected: Expected::Exists,
            set: vec![staged],
            delete: Vec::new(),
            quiet: false,
        };
        commit(&store, vec![change]).unwrap();
        assert_eq!(store.read_range(&message, tags::BODY, 1, 3).unwrap(), b"ell");
        assert_eq!(store.append(number, b"!").unwrap_err().code(), Code::NotFound);
    }

    #[test]
    fn the_feed_says_what_happened_and_when_it_lost_something() {
        let store = store();
        let root = store.identity().root;
        let start = store.feed_cursor().unwrap();
        let message = create(&store, &root, ObjectKind::Message, "a");
        commit(&store, vec![remove(&message, true)]).unwrap();
        let page = store.changes(&start, 1).unwrap();
        assert!(page.more && !page.gap);
        assert_eq!((page.records[0].verb.clone(), page.records[0].token), (FeedVerb::Created, 5));
        let rest = store.changes(&page.cursor, 9).unwrap();
        assert_eq!(rest.records[0].verb, FeedVerb::Deleted { soft: false });
        store.forget_feed(1);
        assert!(store.changes(&start, 9).unwrap().gap);
        assert!(store.changes(&FeedCursor(b"garbage".to_vec()), 9).unwrap().gap);
        assert!(!store.changes(&rest.cursor, 9).unwrap().gap);
    }

    #[test]
    fn names_get_identifiers_once() {
        let store = store();
        let name = NamedProperty { set: Guid([1; 16]), name: crate::backend::PropertyName::Number(1) };
        assert_eq!(store.ids_of_names(std::slice::from_ref(&name), false).unwrap(), [None]);
        assert_eq!(store.ids_of_names(&[name.clone(), name.clone()], true).unwrap(), [Some(0x8001), Some(0x8001)]);
        assert_eq!(store.names_of_ids(&[0x8001, 0x8002]).unwrap(), [Some(name), None]);
    }

    #[test]
    fn a_full_store_refuses_more_but_lets_go() {
        let store = store();
        let root = store.identity().root;
        let message = create(&store, &root, ObjectKind::Message, "abcdef");
        store.set_limit(4);
        let larger = commit(&store, vec![set(&message, Expected::Exists, "abcdefg")]).unwrap_err();
        assert_eq!(larger.code(), Code::NotEnoughDisk);
        commit(&store, vec![remove(&message, true)]).unwrap();
        assert_eq!(store.quota().unwrap().used, 0);
    }
}
