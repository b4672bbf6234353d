//! `IAddrBook`.

use super::{NO_UI, Object, Row, WithValues, has_last_error, has_properties, object};
use super::{raw_tags, with_values};
use crate::runtime::convert::{Wire, map, wires};
use crate::runtime::flags;
use crate::runtime::world::exports::mapi::session::objects as wit;
use crate::runtime::world::exports::mapi::session::tables as wit_tables;
use mapi_engine::address_book::{AdrList, Verdict};
use mapi_engine::error::{Failure, Result};
use mapi_engine::properties::{PropTag, Property};

/// An entry of a recipient list (`ADRENTRY`), and what became of its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRecipient {
    /// Its properties.
    pub properties: Vec<Property>,
    /// What became of its name; only unresolved ones are looked up.
    pub verdict: Verdict,
}

impl NamedRecipient {
    /// A recipient with that display name, to be looked up.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = mapi_engine::properties::Value::Unicode(name.to_owned());
        Self { properties: vec![Property::new(mapi_engine::properties::tags::DISPLAY_NAME, name)], verdict: Verdict::Unresolved }
    }
}

impl Wire for NamedRecipient {
    type Wit = wit::NamedRecipient;

    fn into_wit(self) -> wit::NamedRecipient {
        let verdict = match self.verdict {
            Verdict::Unresolved => wit::NameVerdict::Unresolved,
            Verdict::Ambiguous => wit::NameVerdict::Ambiguous,
            Verdict::Resolved => wit::NameVerdict::Resolved,
        };
        wit::NamedRecipient { properties: wires(self.properties), verdict }
    }

    fn from_wit(recipient: wit::NamedRecipient) -> Result<Self> {
        let verdict = match recipient.verdict {
            wit::NameVerdict::Unresolved => Verdict::Unresolved,
            wit::NameVerdict::Ambiguous => Verdict::Ambiguous,
            wit::NameVerdict::Resolved => Verdict::Resolved,
        };
        Ok(Self { properties: map(recipient.properties)?, verdict })
    }
}

/// A recipient list after `ResolveName`.
#[derive(Clone, Debug)]
pub struct ResolvedNames {
    /// The list: as many entries in the same order.
    pub recipients: Vec<NamedRecipient>,
    /// Why not all are resolved: `MAPI_E_AMBIGUOUS_RECIP`, else `MAPI_E_NOT_FOUND`. The others are resolved all
    /// the same.
    pub unresolved: Option<Failure>,
}

object! {
    /// The integrated address book (`IAddrBook`).
    AddressBook
}

impl AddressBook {
    has_properties!(mapi_session_address_books, address_book);
    has_last_error!(mapi_session_address_books, address_book);

    /// `OpenEntry`; without an identifier the root container.
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
        let opened = call!(self.subsystem(), "IAddrBook::OpenEntry", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_open_entry(&mut live.store, this, entry_id.as_ref(), flags, tags.as_deref()).await
        })?;
        with_values(self.subsystem().object(opened.object), opened.values)
    }

    /// `CompareEntryIDs`.
    ///
    /// # Errors
    /// `address-book` 3.2.
    pub async fn compare_entry_ids(&self, first: &[u8], second: &[u8]) -> Result<bool> {
        let (this, first, second) = (self.handle.resource, first.to_vec(), second.to_vec());
        call!(self.subsystem(), "IAddrBook::CompareEntryIDs", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_compare_entry_ids(&mut live.store, this, &first, &second).await
        })
    }

    /// `CreateOneOff`: the identifier of a recipient that is no entry.
    ///
    /// # Errors
    /// `address-book` 3.4.
    pub async fn create_one_off(
        &self,
        name: Option<&str>,
        address_type: &str,
        address: &str,
        flags: flags::CreateOneOffFlags,
    ) -> Result<Vec<u8>> {
        let (this, name) = (self.handle.resource, name.map(str::to_owned));
        let (kind, address) = (address_type.to_owned(), address.to_owned());
        call!(self.subsystem(), "IAddrBook::CreateOneOff", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_create_one_off(&mut live.store, this, name.as_deref(), &kind, &address, flags).await
        })
    }

    /// `ResolveName`: every name of the list is treated; what could be resolved stays resolved also when others
    /// could not.
    ///
    /// # Errors
    /// `address-book` 3.7.
    pub async fn resolve_name(&self, flags: flags::ResolveNameFlags, recipients: AdrList) -> Result<ResolvedNames> {
        let this = self.handle.resource;
        let recipients: Vec<_> = recipients.into_iter().map(wires).collect();
        let resolved = call!(self.subsystem(), "IAddrBook::ResolveName", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_resolve_name(&mut live.store, this, NO_UI, flags, &recipients).await
        })?;
        let unresolved = resolved.unresolved.map(Failure::from_wit).transpose()?;
        Ok(ResolvedNames { recipients: map(resolved.recipients)?, unresolved })
    }

    /// `GetPAB`: the container people keep their own entries in.
    ///
    /// # Errors
    /// `address-book` 3.11.
    pub async fn get_pab(&self) -> Result<Option<Vec<u8>>> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IAddrBook::GetPAB", |live| {
            live.world.mapi_session_address_books().address_book().call_get_pab(&mut live.store, this).await
        })
    }

    /// `SetPAB`.
    ///
    /// # Errors
    /// `address-book` 3.11.
    pub async fn set_pab(&self, entry_id: &[u8]) -> Result<()> {
        let (this, entry_id) = (self.handle.resource, entry_id.to_vec());
        call!(self.subsystem(), "IAddrBook::SetPAB", |live| {
            live.world.mapi_session_address_books().address_book().call_set_pab(&mut live.store, this, &entry_id).await
        })
    }

    /// `GetDefaultDir`: the container shown first.
    ///
    /// # Errors
    /// `address-book` 3.12.
    pub async fn get_default_dir(&self) -> Result<Option<Vec<u8>>> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IAddrBook::GetDefaultDir", |live| {
            live.world.mapi_session_address_books().address_book().call_get_default_dir(&mut live.store, this).await
        })
    }

    /// `SetDefaultDir`; `None`: the session chooses.
    ///
    /// # Errors
    /// `address-book` 3.12.
    pub async fn set_default_dir(&self, entry_id: Option<&[u8]>) -> Result<()> {
        let (this, entry_id) = (self.handle.resource, entry_id.map(<[u8]>::to_vec));
        call!(self.subsystem(), "IAddrBook::SetDefaultDir", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_set_default_dir(&mut live.store, this, entry_id.as_ref()).await
        })
    }

    /// `GetSearchPath`: the containers names are looked up in, `PR_ENTRYID` first in each row.
    ///
    /// # Errors
    /// `address-book` 3.13.
    pub async fn get_search_path(&self, flags: flags::GetSearchPathFlags) -> Result<Vec<Row>> {
        let this = self.handle.resource;
        let rows = call!(self.subsystem(), "IAddrBook::GetSearchPath", |live| {
            live.world.mapi_session_address_books().address_book().call_get_search_path(&mut live.store, this, flags).await
        })?;
        rows.into_iter().map(|row| map(row.cells)).collect()
    }

    /// `SetSearchPath`: from now on exactly these containers.
    ///
    /// # Errors
    /// `address-book` 3.13.
    pub async fn set_search_path(&self, rows: Vec<Row>) -> Result<()> {
        let this = self.handle.resource;
        let rows: Vec<_> = rows.into_iter().map(|row| wit_tables::Row { cells: wires(row) }).collect();
        call!(self.subsystem(), "IAddrBook::SetSearchPath", |live| {
            live.world.mapi_session_address_books().address_book().call_set_search_path(&mut live.store, this, &rows).await
        })
    }

    /// `PrepareRecips`: long-term identifiers, and the wanted properties first.
    ///
    /// # Errors
    /// `address-book` 3.5.
    pub async fn prepare_recips(
        &self,
        flags: flags::PrepareRecipsFlags,
        tags: Option<&[PropTag]>,
        recipients: AdrList,
    ) -> Result<AdrList> {
        let (this, tags) = (self.handle.resource, raw_tags(tags));
        let recipients: Vec<_> = recipients.into_iter().map(wires).collect();
        let prepared = call!(self.subsystem(), "IAddrBook::PrepareRecips", |live| {
            let book = live.world.mapi_session_address_books().address_book();
            book.call_prepare_recips(&mut live.store, this, flags, tags.as_deref(), &recipients).await
        })?;
        prepared.into_iter().map(map).collect()
    }
}
