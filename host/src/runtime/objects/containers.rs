//! Objects of address books, and the controls of display tables.

use super::{NamedRecipient, Object, Table, WithValues, has_properties, object};
use super::{raw_tags, warned, with_values};
use crate::runtime::convert::{map, wires};
use crate::runtime::flags;
use mapi_engine::error::{Result, Warned};
use mapi_engine::properties::PropTag;

/// Defines what containers and lists, which are containers too, have in common.
macro_rules! has_entries {
    ($resource:ident, $interface:literal) => {
        has_properties!(mapi_session_objects, $resource);

        /// `GetContentsTable`.
        ///
        /// # Errors
        /// `address-book` 7.
        pub async fn get_contents_table(&self, flags: flags::GetContentsTableFlags) -> Result<Table> {
            let this = self.handle.resource;
            let table = call!(self.subsystem(), "IMAPIContainer::GetContentsTable", |live| {
                live.world.mapi_session_objects().$resource().call_get_contents_table(&mut live.store, this, flags).await
            })?;
            Ok(Table::new(self.subsystem().hold(table)))
        }

        /// `OpenEntry`: anything of the address book; without an identifier its root container.
        ///
        /// # Errors
        /// `address-book` 3.1.
        pub async fn open_entry(
            &self,
            entry_id: Option<&[u8]>,
            flags: flags::AddressBookOpenEntryFlags,
            tags: Option<&[PropTag]>,
        ) -> Result<WithValues<Object>> {
            let (this, entry_id, tags) = (self.handle.resource, entry_id.map(<[u8]>::to_vec), raw_tags(tags));
            let opened = call!(self.subsystem(), "IMAPIContainer::OpenEntry", |live| {
                let container = live.world.mapi_session_objects().$resource();
                container.call_open_entry(&mut live.store, this, entry_id.as_ref(), flags, tags.as_deref()).await
            })?;
            with_values(self.subsystem().object(opened.object), opened.values)
        }

        /// `CreateEntry`: a user or list from a template, without one a user; it exists from its first
        /// `save_changes` on.
        ///
        /// # Errors
        /// `address-book` 7.
        pub async fn create_entry(&self, template: Option<&[u8]>, flags: flags::CreateEntryFlags) -> Result<Object> {
            let (this, template) = (self.handle.resource, template.map(<[u8]>::to_vec));
            let entry = call!(self.subsystem(), concat!($interface, "::CreateEntry"), |live| {
                let container = live.world.mapi_session_objects().$resource();
                container.call_create_entry(&mut live.store, this, template.as_ref(), flags).await
            })?;
            Ok(self.subsystem().object(entry))
        }

        /// `CopyEntries`. A warning means: not all could be copied.
        ///
        /// # Errors
        /// `address-book` 7, 8.
        pub async fn copy_entries(&self, entries: Vec<Vec<u8>>, flags: flags::CopyEntriesFlags) -> Result<Warned<()>> {
            let this = self.handle.resource;
            let warning = call!(self.subsystem(), concat!($interface, "::CopyEntries"), |live| {
                live.world.mapi_session_objects().$resource().call_copy_entries(&mut live.store, this, &entries, flags).await
            })?;
            warned((), warning)
        }

        /// `DeleteEntries`. A warning means: some are not in it.
        ///
        /// # Errors
        /// `address-book` 7, 8.
        pub async fn delete_entries(&self, entries: Vec<Vec<u8>>) -> Result<Warned<()>> {
            let this = self.handle.resource;
            let warning = call!(self.subsystem(), concat!($interface, "::DeleteEntries"), |live| {
                live.world.mapi_session_objects().$resource().call_delete_entries(&mut live.store, this, &entries).await
            })?;
            warned((), warning)
        }

        /// `ResolveNames`: the list as it is afterwards.
        ///
        /// # Errors
        /// `address-book` 5.3.
        pub async fn resolve_names(
            &self,
            tags: Option<&[PropTag]>,
            flags: flags::ResolveNamesFlags,
            recipients: Vec<NamedRecipient>,
        ) -> Result<Vec<NamedRecipient>> {
            let (this, tags, recipients) = (self.handle.resource, raw_tags(tags), wires(recipients));
            let resolved = call!(self.subsystem(), concat!($interface, "::ResolveNames"), |live| {
                let container = live.world.mapi_session_objects().$resource();
                container.call_resolve_names(&mut live.store, this, tags.as_deref(), flags, &recipients).await
            })?;
            map(resolved)
        }
    };
}

object! {
    /// An address book container (`IABContainer`).
    AddressBookContainer
}

impl AddressBookContainer {
    has_entries!(container, "IABContainer");

    /// `GetHierarchyTable`. A warning means: the containers of some provider are missing.
    ///
    /// # Errors
    /// `address-book` 7.
    pub async fn get_hierarchy_table(&self, flags: flags::GetHierarchyTableFlags) -> Result<Warned<Table>> {
        let this = self.handle.resource;
        let opened = call!(self.subsystem(), "IMAPIContainer::GetHierarchyTable", |live| {
            live.world.mapi_session_objects().container().call_get_hierarchy_table(&mut live.store, this, flags).await
        })?;
        warned(Table::new(self.subsystem().hold(opened.table)), opened.warning)
    }
}

object! {
    /// A messaging user (`IMailUser`).
    MailUser
}

impl MailUser {
    has_properties!(mapi_session_objects, mail_user);
}

object! {
    /// A distribution list (`IDistList`).
    DistList
}

impl DistList {
    has_entries!(dist_list, "IDistList");
}

object! {
    /// A control of a display table (`IMAPIControl`).
    Control
}

impl Control {
    /// `GetState`: whether it is enabled.
    ///
    /// # Errors
    /// The provider's own.
    pub async fn get_state(&self) -> Result<bool> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPIControl::GetState", |live| {
            live.world.mapi_session_objects().control().call_get_state(&mut live.store, this).await
        })
    }
}
