//! An address book in memory.

use super::lock;
use super::objects::MemoryObjects;
use crate::backend::{AddressBook, AddressBookIdentity, Effect, ObjectId, Resolution};
use crate::error::{Code, Failure, Result};
use crate::forward_objects;
use crate::properties::{Guid, PropTag, Property};
use std::ops::Deref;

/// The kind of address book this is (`PR_AB_PROVIDER_ID`).
const KIND: Guid = Guid::from_fields(0x6D61_7069, 0x4D45, 0x4D4F, *b"RY-ABOOK");

/// An address book that lives as long as it is held; it leaves name resolution to the engine.
#[derive(Debug)]
pub struct MemoryAddressBook(MemoryObjects);

impl MemoryAddressBook {
    /// An empty book: its root only. Containers are created below the root by commits.
    #[must_use]
    pub fn new(uid: Guid) -> Self {
        let objects = MemoryObjects::new(uid);
        lock(&objects.database).keeps_deleted = false;
        Self(objects)
    }

    /// The book, for reading only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.0.writable = false;
        self
    }

    /// The book without a change feed.
    #[must_use]
    pub fn without_feed(mut self) -> Self {
        self.0.feed = false;
        self
    }
}

impl Deref for MemoryAddressBook {
    type Target = MemoryObjects;

    fn deref(&self) -> &MemoryObjects {
        &self.0
    }
}

forward_objects!([] MemoryAddressBook, self => self.0);

impl AddressBook for MemoryAddressBook {
    fn identity(&self) -> AddressBookIdentity {
        AddressBookIdentity {
            uid: self.0.uid,
            kind: KIND,
            root: lock(&self.0.database).root.clone(),
            writable: self.0.writable,
            feed: self.0.feed,
            index: self.0.index(),
        }
    }

    fn resolve(
        &self,
        _container: &ObjectId,
        _names: &[String],
        _tags: &[PropTag],
        _addresses_only: bool,
    ) -> Result<Vec<Resolution>> {
        Err(Failure::new(Code::NoSupport, "this address book leaves matching to the session"))
    }

    fn validate(&self, _flags: u32) -> Result<()> {
        self.0.reports.validate()
    }

    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        self.0.reports.set_status_properties(properties)
    }

    fn effects(&self) -> Vec<Effect> {
        self.0.reports.take()
    }
}
