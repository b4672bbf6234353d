//! The personal address book: one SQLite file of the form of a message store, with one container in it.
//!
//! Entries are objects with properties as messages are, so the book is a [`SqliteStore`] seen through
//! [`AddressBook`]. A new file gets one modifiable container below its root (`address-book` 2, 7); a mark on
//! the object that carries the store's own properties tells the book from a message store, and neither is
//! taken for the other here. Matching names is left to the session, which scans for `PR_ANR`.
//!
//! A host opens it with [`SqliteAddressBook::open`]; the backend name in the default catalogue is
//! `sqlite-pab`.

use crate::backends::sqlite::SqliteStore;
use crate::backends::sqlite::database::Access;
use mapi_engine::backend::{
    AddressBook, AddressBookIdentity, Change, Commit, Expected, ObjectId, ObjectKind, Objects, Resolution, ScanFrom, ScanKind,
    ScanRequest, Scope, Store, StoredProperty, StoredValue, Want,
};
use mapi_engine::collation;
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::forward_objects;
use mapi_engine::properties::{Guid, PropTag, Property, Value, tags};
use std::path::Path;

/// The kind of address book this is (`PR_AB_PROVIDER_ID`), and the mark of its files.
const KIND: Guid = Guid::from_fields(0x6D61_7069, 0x5351, 0x4C49, *b"TE-ABOOK");

/// The container of a new book; its owner may rename it.
const NAME: &str = "Personal Address Book";

/// Bytes a value may have to come inline; marks and names are far shorter.
const INLINE: u32 = 1 << 16;

/// Entries handed over at once while keys are renewed.
const PAGE: u32 = 500;

/// `AB_RECIPIENTS`, `AB_MODIFIABLE` and `AB_UNICODE_OK`.
const CONTAINER_FLAGS: i32 = 0x1 | 0x4 | 0x40;

/// `DT_MODIFIABLE`.
const MODIFIABLE: i32 = 0x1_0000;

/// An address book in one file; cheap to clone, all handles on one file share it.
#[derive(Clone, Debug)]
pub struct SqliteAddressBook(SqliteStore);

impl SqliteAddressBook {
    /// Opens the book in that file; a new one gets its container.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`]; `MAPI_E_CORRUPT_STORE` for a file that holds a message store.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let store = SqliteStore::open(path, access)?;
        let identity = Store::identity(&store);
        let book = Self(store);
        if !book.is_marked(&identity.store)? {
            if access == Access::Read || !book.is_empty(&identity.root)? {
                return Err(foreign(path));
            }
            book.begin(&identity.store, &identity.root, path)?;
        }
        if identity.writable && identity.index.key_version != collation::KEY_VERSION {
            book.renew_keys(&identity.root)?;
        }
        Ok(book)
    }

    fn is_marked(&self, store: &ObjectId) -> Result<bool> {
        let (_, properties) = self.0.read(store, Want::Tags(&[tags::AB_PROVIDER_ID]), INLINE)?;
        Ok(properties.iter().any(|property| property.value == Value::Binary(KIND.as_bytes().to_vec())))
    }

    fn is_empty(&self, root: &ObjectId) -> Result<bool> {
        for kind in [ScanKind::Subfolders, ScanKind::Contents] {
            if self.0.count(&Scope::One(root.clone()), kind, &[])? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes an empty file a book. Of two programs that do so at once one wins, and the other finds its work.
    fn begin(&self, store: &ObjectId, root: &ObjectId, path: &Path) -> Result<()> {
        let (head, _) = self.0.read(store, Want::Tags(&[]), INLINE)?;
        let Some(container) = self.0.reserve(1)?.pop() else {
            return Err(Failure::new(Code::CallFailed, "The address book gave no identifier for its container."));
        };
        let properties = [
            Property::new(tags::DISPLAY_NAME, Value::Unicode(NAME.to_owned())),
            Property::new(tags::CONTAINER_FLAGS, Value::Long(CONTAINER_FLAGS)),
            Property::new(tags::DISPLAY_TYPE, Value::Long(MODIFIABLE)),
        ];
        let mark = Property::new(tags::AB_PROVIDER_ID, Value::Binary(KIND.as_bytes().to_vec()));
        let changes = vec![
            Change::Set {
                object: store.clone(),
                expected: Expected::Version(head.version),
                set: vec![mark.into()],
                delete: Vec::new(),
                quiet: false,
            },
            Change::Create {
                object: container,
                parent: root.clone(),
                kind: ObjectKind::Folder,
                properties: properties.into_iter().map(|property| self.indexed(property)).collect(),
            },
        ];
        match self.0.commit(Commit { changes, ..Commit::default() }) {
            Err(failure) if failure.code() == Code::ObjectChanged => {
                if self.is_marked(store)? {
                    Ok(())
                } else {
                    Err(foreign(path))
                }
            }
            result => result.map(|_| ()),
        }
    }

    /// A property with the key and the text the file keeps of it.
    fn indexed(&self, property: Property) -> StoredProperty {
        let index = Store::identity(&self.0).index;
        let listed = |tags: &[PropTag]| tags.iter().any(|tag| tag.id() == property.tag.id());
        let order_key = if listed(&index.ordered) { collation::order_key(&property.value) } else { None };
        let folded = match &property.value {
            Value::Unicode(text) if listed(&index.searched) => Some(collation::fold(text).into_owned()),
            _ => None,
        };
        StoredProperty { tag: property.tag, value: StoredValue::Inline(property.value), order_key, folded }
    }

    /// Hands over the keys of this version of the engine for everything in the book. Books are small, and the
    /// engine does it for message stores only.
    fn renew_keys(&self, root: &ObjectId) -> Result<()> {
        let index = Store::identity(&self.0).index;
        let wanted: Vec<PropTag> = index.ordered.iter().chain(&index.searched).copied().collect();
        let mut containers = vec![root.clone()];
        while let Some(container) = containers.pop() {
            for kind in [ScanKind::Subfolders, ScanKind::Contents] {
                let objects = self.children(&container, kind)?;
                for page in objects.chunks(PAGE as usize) {
                    let mut keyed = Vec::new();
                    for object in page {
                        let (_, properties) = self.0.read(object, Want::Tags(&wanted), INLINE)?;
                        let whole = properties.into_iter().filter(|property| !matches!(property.value, Value::Error(_)));
                        keyed.push((object.clone(), whole.map(|property| self.indexed(property)).collect()));
                    }
                    self.0.rekey(keyed, collation::KEY_VERSION, false)?;
                }
                containers.extend(objects);
            }
        }
        self.0.rekey(Vec::new(), collation::KEY_VERSION, true)
    }

    fn children(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<ObjectId>> {
        let scope = Scope::One(container.clone());
        let (mut objects, mut from) = (Vec::new(), ScanFrom::Start);
        loop {
            let page = self.0.scan(&ScanRequest {
                scope: &scope,
                kind,
                columns: &[],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: PAGE,
            })?;
            objects.extend(page.batch.ids);
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(objects),
            }
        }
    }
}

fn foreign(path: &Path) -> Failure {
    let message = format!("{} holds no address book; it was left untouched. Name another file.", path.display());
    Failure::new(Code::CorruptStore, message)
}

forward_objects!([] SqliteAddressBook, self => self.0);

impl AddressBook for SqliteAddressBook {
    fn identity(&self) -> AddressBookIdentity {
        let identity = Store::identity(&self.0);
        AddressBookIdentity {
            uid: identity.uid,
            kind: KIND,
            root: identity.root,
            writable: identity.writable,
            feed: identity.capabilities.feed,
            index: identity.index,
        }
    }

    fn resolve(
        &self,
        _container: &ObjectId,
        _names: &[String],
        _tags: &[PropTag],
        _addresses_only: bool,
    ) -> Result<Vec<Resolution>> {
        Err(Failure::new(Code::NoSupport, "The personal address book leaves matching to the session."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn containers(book: &SqliteAddressBook) -> Vec<ObjectId> {
        book.children(&book.identity().root, ScanKind::Subfolders).unwrap()
    }

    fn add(book: &SqliteAddressBook, container: &ObjectId, name: &str) -> ObjectId {
        let object = book.reserve(1).unwrap().remove(0);
        let properties = vec![book.indexed(Property::new(tags::DISPLAY_NAME, Value::Unicode(name.to_owned())))];
        let change = Change::Create { object: object.clone(), parent: container.clone(), kind: ObjectKind::Message, properties };
        book.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        object
    }

    #[test]
    fn a_new_book_has_one_modifiable_container() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pab.sqlite");
        let book = SqliteAddressBook::open(&path, Access::Create).unwrap();
        let found = containers(&book);
        assert_eq!(found.len(), 1);
        let (_, properties) = book.read(&found[0], Want::Tags(&[tags::DISPLAY_NAME, tags::CONTAINER_FLAGS]), INLINE).unwrap();
        assert!(properties.contains(&Property::new(tags::DISPLAY_NAME, Value::Unicode(NAME.into()))));
        assert!(properties.contains(&Property::new(tags::CONTAINER_FLAGS, Value::Long(0x45))));
        assert_eq!(book.identity().index.key_version, collation::KEY_VERSION);
    }

    #[test]
    fn entries_outlive_the_opening_and_the_container_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pab.sqlite");
        let book = SqliteAddressBook::open(&path, Access::Create).unwrap();
        let uid = book.uid();
        let entry = add(&book, &containers(&book)[0], "Ann");
        drop(book);
        let book = SqliteAddressBook::open(&path, Access::Create).unwrap();
        assert_eq!(book.uid(), uid);
        let found = containers(&book);
        assert_eq!(found.len(), 1);
        assert_eq!(book.children(&found[0], ScanKind::Contents).unwrap(), [entry]);
        assert!(!SqliteAddressBook::open(&path, Access::Read).unwrap().identity().writable);
    }

    #[test]
    fn a_message_store_is_no_address_book() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::open(&path, Access::Create).unwrap();
        let object = store.reserve(1).unwrap().remove(0);
        let parent = Store::identity(&store).root;
        let change = Change::Create { object, parent, kind: ObjectKind::Message, properties: Vec::new() };
        store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        let refused = SqliteAddressBook::open(&path, Access::Create).unwrap_err();
        assert_eq!(refused.code(), Code::CorruptStore);
    }

    #[test]
    fn keys_of_another_version_are_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pab.sqlite");
        let book = SqliteAddressBook::open(&path, Access::Create).unwrap();
        let container = containers(&book)[0].clone();
        let entries: Vec<_> = ["b", "a"].map(|name| add(&book, &container, name)).into();
        let wrong = entries.iter().zip(["1", "2"]).map(|(entry, key)| {
            let value = StoredValue::Inline(Value::Null);
            let property = StoredProperty { tag: tags::DISPLAY_NAME, value, order_key: Some(key.into()), folded: None };
            (entry.clone(), vec![property])
        });
        book.0.rekey(wrong.collect(), collation::KEY_VERSION + 1, true).unwrap();
        let book = SqliteAddressBook::open(&path, Access::Write).unwrap();
        assert_eq!(book.identity().index.key_version, collation::KEY_VERSION);
        let order = [mapi_engine::backend::OrderKey { tag: tags::DISPLAY_NAME, descending: false }];
        let scope = Scope::One(container);
        let request = ScanRequest {
            scope: &scope,
            kind: ScanKind::Contents,
            columns: &[],
            cell_limit: 0,
            filters: &[],
            order: &order,
            from: ScanFrom::Start,
            backwards: false,
            max: 9,
        };
        assert_eq!(book.scan(&request).unwrap().batch.ids, [entries[1].clone(), entries[0].clone()]);
    }
}
