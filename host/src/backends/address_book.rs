//! The personal address book: one SQLite file, in the form of a store file.
//!
//! Entries and containers are objects like any other, so the book is the object database of
//! [`SqliteStore`] under another identity. It has one modifiable container, made when the file is; matching
//! names is left to the engine, which knows `PR_ANR`.

use crate::backends::sqlite::SqliteStore;
use crate::backends::sqlite::database::Access;
use mapi_engine::backend::{
    AddressBook, AddressBookIdentity, Change, Commit, ObjectId, ObjectKind, Objects, Resolution, ScanFrom, ScanKind, ScanRequest,
    Scope, Store, StoredProperty,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::forward_objects;
use mapi_engine::properties::{Guid, PropTag, Property, Value, tags};
use std::path::Path;

/// The kind of address book this is (`PR_AB_PROVIDER_ID`).
const KIND: Guid = Guid::from_fields(0x6D61_7069, 0x5351, 0x4C49, *b"TE-ABOOK");

/// `AB_RECIPIENTS` and `AB_MODIFIABLE`.
const CONTAINER_FLAGS: i32 = 0x1 | 0x4;
/// `DT_MODIFIABLE`.
const DISPLAY_TYPE: i32 = 0x0001_0000;

/// A personal address book in one file.
#[derive(Debug, Clone)]
pub struct SqliteAddressBook(SqliteStore);

impl SqliteAddressBook {
    /// Opens an address book; a new one gets its container.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let book = Self(SqliteStore::open(path, access)?);
        if access == Access::Create && !book.has_container()? {
            book.create_container()?;
        }
        Ok(book)
    }

    fn has_container(&self) -> Result<bool> {
        let scope = Scope::One(self.0.identity().root);
        let page = self.0.scan(&ScanRequest {
            scope: &scope,
            kind: ScanKind::Subfolders,
            columns: &[],
            cell_limit: 0,
            filters: &[],
            order: &[],
            from: ScanFrom::Start,
            backwards: false,
            max: 1,
        })?;
        Ok(!page.batch.is_empty())
    }

    fn create_container(&self) -> Result<()> {
        let object =
            self.0.reserve(1)?.pop().ok_or_else(|| Failure::new(Code::CallFailed, "The address book gave no identifier."))?;
        let properties = [
            Property::new(tags::DISPLAY_NAME, Value::Unicode("Personal Address Book".into())),
            Property::new(tags::CONTAINER_FLAGS, Value::Long(CONTAINER_FLAGS)),
            Property::new(tags::DISPLAY_TYPE, Value::Long(DISPLAY_TYPE)),
        ];
        let properties = properties.into_iter().map(StoredProperty::from).collect();
        let create = Change::Create { object, parent: self.0.identity().root, kind: ObjectKind::Folder, properties };
        self.0.commit(Commit { changes: vec![create], ..Commit::default() })?;
        Ok(())
    }
}

forward_objects!([] SqliteAddressBook, self => self.0);

impl AddressBook for SqliteAddressBook {
    fn identity(&self) -> AddressBookIdentity {
        let store = self.0.identity();
        AddressBookIdentity {
            uid: store.uid,
            kind: KIND,
            root: store.root,
            writable: store.writable,
            feed: store.capabilities.feed,
            index: store.index,
        }
    }

    fn resolve(&self, _container: &ObjectId, _names: &[String], _tags: &[PropTag]) -> Result<Vec<Resolution>> {
        Err(Failure::new(Code::NoSupport, "This address book leaves matching to the session."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_book_has_one_modifiable_container_however_often_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book");
        for _ in 0..2 {
            let book = SqliteAddressBook::open(&path, Access::Create).unwrap();
            let scope = Scope::One(AddressBook::identity(&book).root);
            let request = ScanRequest {
                scope: &scope,
                kind: ScanKind::Subfolders,
                columns: &[tags::CONTAINER_FLAGS],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from: ScanFrom::Start,
                backwards: false,
                max: 10,
            };
            let page = book.scan(&request).unwrap();
            assert_eq!(page.batch.len(), 1);
            assert_eq!(page.batch.columns[0].value(0), Some(Value::Long(CONTAINER_FLAGS)));
        }
    }
}
