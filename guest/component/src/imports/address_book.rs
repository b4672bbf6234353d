//! Address books.

use crate::imports::objects::{object_id, objects};
use crate::imports::providers::{effects, problems};
use crate::types::{Bits, properties, wire_properties, wire_tags};
use crate::world::mapi::session::address_book_backend;
use crate::world::mapi::session::backend_types as wire;
use crate::world::mapi::session::method_flags::{ResolveNamesFlags, SettingsDialogFlags, ValidateStateFlags};
use mapi_engine::backend::{AddressBook, AddressBookIdentity, Effect, ObjectId, Resolution};
use mapi_engine::error::{Code, Result};
use mapi_engine::properties::{PropTag, Property};
use std::cell::RefCell;

/// An address book of the host.
pub(crate) struct ImportedAddressBook {
    import: address_book_backend::AddressBook,
    identity: AddressBookIdentity,
    /// What it reported while it was opened.
    pending: RefCell<Vec<Effect>>,
}

impl ImportedAddressBook {
    /// Asks the address book who it is.
    pub(crate) fn new(import: address_book_backend::AddressBook, pending: Vec<Effect>) -> Result<Self> {
        let identity = import.identity();
        let identity = AddressBookIdentity {
            uid: identity.uid.into(),
            kind: identity.kind.into(),
            root: object_id(&identity.root)?,
            writable: identity.writable,
            feed: identity.feed,
            index: identity.index.into(),
        };
        Ok(Self { import, identity, pending: RefCell::new(pending) })
    }
}

objects!(ImportedAddressBook);

impl AddressBook for ImportedAddressBook {
    fn identity(&self) -> AddressBookIdentity {
        self.identity.clone()
    }

    fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>> {
        let how = if addresses_only { ResolveNamesFlags::EMS_AB_ADDRESS_LOOKUP } else { ResolveNamesFlags::empty() };
        let found = self.import.resolve(container.as_bytes(), names, &wire_tags(tags), how)?;
        found
            .into_iter()
            .map(|resolution| {
                Ok(match resolution {
                    wire::Resolution::Unresolved => Resolution::Unresolved,
                    wire::Resolution::Ambiguous => Resolution::Ambiguous,
                    wire::Resolution::Resolved(entry) => {
                        Resolution::Resolved(object_id(&entry.object)?, properties(entry.properties)?)
                    }
                })
            })
            .collect()
    }

    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        Ok(self.import.settings_dialog(ui, SettingsDialogFlags::from_raw(flags))?)
    }

    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        Ok(self.import.change_password(old, new)?)
    }

    fn validate(&self, flags: u32) -> Result<()> {
        Ok(self.import.validate_state(0, ValidateStateFlags::from_raw(flags))?)
    }

    fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        Ok(problems(self.import.set_status_properties(&wire_properties(properties.to_vec())?)?))
    }

    fn effects(&self) -> Vec<Effect> {
        effects(&self.pending, self.import.take_effects())
    }
}
