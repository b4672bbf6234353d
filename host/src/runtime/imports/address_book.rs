//! The import `address-book-backend`.

use super::objects::object_imports;
use super::{Find, OpenedProvider, open, unsupported};
use crate::runtime::backends::{SharedAddressBook, find};
use crate::runtime::convert;
use crate::runtime::provider::{Provider, Weight};
use crate::runtime::state::HostState;
use crate::runtime::world::mapi::session::{address_book_backend, backend_types as wit, method_flags as flags, types};
use mapi_engine::backend::{AddressBookIdentity, ObjectId, ProviderKind};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::PropTag;
use std::sync::Arc;
use wasmtime::component::Resource;

/// An address book the component has opened.
pub struct AddressBookHandle {
    provider: Arc<Provider<SharedAddressBook>>,
    /// As it was at the opening, for a backend that breaks down when asked again.
    identity: AddressBookIdentity,
}

impl Find<AddressBookHandle> for HostState {
    type Provider = SharedAddressBook;

    fn provider(&self, this: &Resource<AddressBookHandle>) -> Result<Arc<Provider<SharedAddressBook>>> {
        let handle = self.providers.get(this);
        let handle = handle.map_err(|_| Failure::new(Code::InvalidObject, "this address book was closed"))?;
        Ok(Arc::clone(&handle.provider))
    }
}

impl address_book_backend::Host for HostState {
    async fn open(&mut self, logon: wit::ProviderLogon) -> Result<address_book_backend::OpenedAddressBook> {
        let support = self.count_opening(ProviderKind::AddressBook);
        let logon = convert::logon(logon)?;
        let registered = find(&self.backends.address_books, &logon)?;
        let OpenedProvider { provider, report, .. } = open(&self.context, registered, logon, None, support).await?;
        let identity = provider.call(&self.context, Weight::Short, |book| Ok(book.identity())).await?;
        let address_book = self.providers.push(AddressBookHandle { provider, identity });
        let address_book = address_book.map_err(|_| Failure::new(Code::NotEnoughResources, "too many providers are open"))?;
        Ok(address_book_backend::OpenedAddressBook { address_book, report })
    }
}

impl address_book_backend::HostAddressBook for HostState {
    object_imports!(AddressBookHandle);

    async fn identity(&mut self, this: Resource<AddressBookHandle>) -> wasmtime::Result<wit::AddressBookIdentity> {
        let handle = self.providers.get(&this)?;
        let asked = handle.provider.call(&self.context, Weight::Short, |book| Ok(book.identity())).await;
        Ok(convert::address_book_identity(asked.unwrap_or_else(|_| handle.identity.clone())))
    }

    async fn rekey(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _objects: Vec<wit::RekeyedObject>,
        _key_version: u32,
        _finished: bool,
    ) -> Result<()> {
        unsupported("stored order keys")
    }

    async fn index_step(&mut self, _this: Resource<AddressBookHandle>, _budget_us: u64) -> Result<bool> {
        Ok(false)
    }

    async fn resolve(
        &mut self,
        this: Resource<AddressBookHandle>,
        container: Vec<u8>,
        names: Vec<String>,
        tags: Vec<u32>,
        how: flags::ResolveNamesFlags,
    ) -> Result<Vec<wit::Resolution>> {
        let container: ObjectId = convert::Wire::from_wit(container)?;
        let tags: Vec<PropTag> = convert::map(tags)?;
        let addresses_only = how.contains(flags::ResolveNamesFlags::EMS_AB_ADDRESS_LOOKUP);
        let resolve = move |book: &SharedAddressBook| book.resolve(&container, &names, &tags, addresses_only);
        let found = self.provider(&this)?.call(&self.context, Weight::Long, resolve).await?;
        Ok(found.into_iter().map(convert::resolution).collect())
    }

    async fn templates(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _container: Option<Vec<u8>>,
    ) -> Result<Vec<Vec<types::Property>>> {
        unsupported("templates")
    }

    async fn details(&mut self, _this: Resource<AddressBookHandle>, _object: Vec<u8>) -> Result<Vec<Vec<types::Property>>> {
        unsupported("forms")
    }

    async fn control_enabled(&mut self, _this: Resource<AddressBookHandle>, _object: Vec<u8>, _control: u32) -> Result<bool> {
        unsupported("forms")
    }

    async fn control_activate(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _object: Vec<u8>,
        _control: u32,
        _ui: u64,
    ) -> Result<()> {
        unsupported("forms")
    }

    async fn search_form(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _container: Vec<u8>,
    ) -> Result<Vec<Vec<types::Property>>> {
        unsupported("forms")
    }

    async fn search(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _container: Vec<u8>,
        _criteria: Vec<types::Property>,
        _request: wit::ScanRequest,
    ) -> Result<wit::ScanPage> {
        unsupported("search of its own")
    }

    async fn open_template(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _template: Vec<u8>,
        _how: flags::OpenTemplateIdFlags,
        _entry: Vec<types::Property>,
    ) -> Result<Option<wit::TemplateBinding>> {
        unsupported("templates")
    }

    async fn template_get(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _binding: u64,
        _tags: Vec<u32>,
    ) -> Result<Vec<types::Property>> {
        unsupported("templates")
    }

    async fn template_set(
        &mut self,
        _this: Resource<AddressBookHandle>,
        _binding: u64,
        _values: Vec<types::Property>,
    ) -> Result<()> {
        unsupported("templates")
    }

    async fn template_close(&mut self, _this: Resource<AddressBookHandle>, _binding: u64) -> wasmtime::Result<()> {
        Ok(())
    }
}
