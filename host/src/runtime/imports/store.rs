//! The import `store-backend`.

use super::objects::object_imports;
use super::{Find, OpenedProvider, open};
use crate::runtime::backends::{SharedStore, find};
use crate::runtime::convert::{self, Wire};
use crate::runtime::provider::{Provider, Weight};
use crate::runtime::state::HostState;
use crate::runtime::turns::Followed;
use crate::runtime::world::mapi::session::{backend_types as wit, method_flags as flags, store_backend, types};
use mapi_engine::backend::{GroupRequest, NamedProperty, ProviderKind, StoreIdentity};
use mapi_engine::error::{Code, Failure, Result};
use std::sync::Arc;
use wasmtime::component::Resource;

/// A store the component has opened.
pub struct StoreHandle {
    provider: Arc<Provider<SharedStore>>,
    /// As it was at the opening, for a backend that breaks down when asked again.
    identity: StoreIdentity,
    /// Held so that its commits wake the subsystem as long as it is open.
    _followed: Option<Arc<Followed>>,
}

impl HostState {
    fn store(&self, this: &Resource<StoreHandle>) -> Result<&StoreHandle> {
        self.providers.get(this).map_err(|_| Failure::new(Code::InvalidObject, "this store was closed"))
    }
}

impl Find<StoreHandle> for HostState {
    type Provider = SharedStore;

    fn provider(&self, this: &Resource<StoreHandle>) -> Result<Arc<Provider<SharedStore>>> {
        Ok(Arc::clone(&self.store(this)?.provider))
    }
}

impl store_backend::Host for HostState {
    async fn open(&mut self, logon: wit::ProviderLogon, entry: Option<Vec<u8>>) -> Result<store_backend::OpenedStore> {
        let support = self.count_opening(ProviderKind::Store);
        let logon = convert::logon(logon)?;
        let registered = find(&self.backends.stores, &logon)?;
        let section = logon.section;
        let OpenedProvider { provider, changes, report } = open(&self.context, registered, logon, entry, support).await?;
        let followed = changes.map(|watch| self.turns.follow(section, watch));
        let identity = provider.call(&self.context, Weight::Short, |store| Ok(store.identity())).await?;
        let store = self.providers.push(StoreHandle { provider, identity, _followed: followed });
        let store = store.map_err(|_| Failure::new(Code::NotEnoughResources, "too many providers are open"))?;
        Ok(store_backend::OpenedStore { store, report })
    }

    /// Private identifiers of one backend name one store exactly if they are equal.
    async fn compare_store_ids(&mut self, _backend: String, first: Vec<u8>, second: Vec<u8>) -> Result<bool> {
        Ok(first == second)
    }
}

impl store_backend::HostStore for HostState {
    object_imports!(StoreHandle);

    async fn identity(&mut self, this: Resource<StoreHandle>) -> wasmtime::Result<wit::StoreIdentity> {
        let handle = self.providers.get(&this)?;
        let asked = handle.provider.call(&self.context, Weight::Short, |store| Ok(store.identity())).await;
        Ok(convert::store_identity(asked.unwrap_or_else(|_| handle.identity.clone())))
    }

    async fn rekey(
        &mut self,
        this: Resource<StoreHandle>,
        objects: Vec<wit::RekeyedObject>,
        key_version: u32,
        finished: bool,
    ) -> Result<()> {
        let rekeyed = |object: wit::RekeyedObject| Ok((Wire::from_wit(object.object)?, convert::all_stored(object.properties)?));
        let objects = objects.into_iter().map(rekeyed).collect::<Result<Vec<_>>>()?;
        let rekey = move |store: &SharedStore| store.rekey(objects, key_version, finished);
        self.provider(&this)?.call(&self.context, Weight::Maintenance, rekey).await
    }

    async fn index_step(&mut self, this: Resource<StoreHandle>, budget_us: u64) -> Result<bool> {
        self.provider(&this)?.call(&self.context, Weight::Maintenance, move |store| store.index_step(budget_us)).await
    }

    async fn groups(&mut self, this: Resource<StoreHandle>, request: wit::GroupRequest) -> Result<wit::GroupPage> {
        let (scope, kind) = (convert::scope(request.scope)?, convert::scan_kind(request.kind));
        let (filters, order) = (convert::filters(request.filters)?, convert::order(request.order));
        let (levels, after, max) = (request.levels, request.after, request.max);
        let groups = move |store: &SharedStore| {
            store.groups(&GroupRequest { scope: &scope, kind, filters: &filters, order: &order, levels, after, max })
        };
        Ok(convert::group_page(self.provider(&this)?.call(&self.context, Weight::Long, groups).await?))
    }

    async fn ids_of_names(
        &mut self,
        this: Resource<StoreHandle>,
        names: Vec<types::NamedProperty>,
        create: bool,
    ) -> Result<Vec<Option<u16>>> {
        let names: Vec<NamedProperty> = convert::map(names)?;
        let weight = if create { Weight::Long } else { Weight::Short };
        self.provider(&this)?.call(&self.context, weight, move |store| store.ids_of_names(&names, create)).await
    }

    async fn names_of_ids(&mut self, this: Resource<StoreHandle>, ids: Vec<u16>) -> Result<Vec<Option<types::NamedProperty>>> {
        let names = self.provider(&this)?.call(&self.context, Weight::Short, move |store| store.names_of_ids(&ids)).await?;
        Ok(names.into_iter().map(|name| name.map(Wire::into_wit)).collect())
    }

    async fn all_names(&mut self, this: Resource<StoreHandle>) -> Result<Vec<wit::MappedName>> {
        let names = self.provider(&this)?.call(&self.context, Weight::Short, |store| store.all_names()).await?;
        Ok(names.into_iter().map(|(id, name)| wit::MappedName { id, name: name.into_wit() }).collect())
    }

    async fn quota(&mut self, this: Resource<StoreHandle>) -> Result<wit::Quota> {
        let quota = self.provider(&this)?.call(&self.context, Weight::Short, |store| store.quota()).await?;
        Ok(wit::Quota { used: quota.used, limit: quota.limit })
    }

    async fn check(&mut self, this: Resource<StoreHandle>, repair: bool) -> Result<wit::CheckReport> {
        let provider = self.provider(&this)?;
        let report = provider.call(&self.context, Weight::Maintenance, move |store| store.check(repair)).await?;
        Ok(convert::check_report(report))
    }

    async fn compact(&mut self, this: Resource<StoreHandle>) -> Result<()> {
        self.provider(&this)?.call(&self.context, Weight::Maintenance, |store| store.compact()).await
    }

    async fn backup(&mut self, this: Resource<StoreHandle>, target: String) -> Result<()> {
        self.provider(&this)?.call(&self.context, Weight::Maintenance, move |store| store.backup(&target)).await
    }
}
