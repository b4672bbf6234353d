//! Who is first among the providers of a profile: the default store, the supplier of the primary identity, and
//! the order of transports (`profiles` 1.4, 5).

use crate::backend::ProviderKind;
use crate::error::{Code, Failure, Result};
use crate::profiles::{Profile, Provider, Service, provider_flags, service_flags};
use crate::properties::Guid;

impl Profile {
    /// Transports in transport order. Those that were put in order come first; of the others those that want
    /// to be last go last, stable among themselves.
    #[must_use]
    pub fn transports(&self) -> Vec<&Provider> {
        let mut transports: Vec<_> = self.providers_of(ProviderKind::Transport).collect();
        transports.sort_by_key(|transport| match self.transport_order.iter().position(|uid| *uid == transport.uid) {
            Some(place) => (false, false, place),
            None => (true, transport.has(provider_flags::XP_PREFER_LAST), 0),
        });
        transports
    }

    /// MsgServiceTransportOrder: all transports by `PR_PROVIDER_UID`, each once.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` when there are more or fewer transports, `MAPI_E_NOT_FOUND` for what is none of them, or
    /// is named twice.
    pub fn order_transports(&mut self, order: &[Guid]) -> Result<()> {
        let count = self.providers_of(ProviderKind::Transport).count();
        if order.len() != count {
            let text = format!("The profile has {count} transports and the order names {}; read the table again.", order.len());
            return Err(Failure::new(Code::Busy, text));
        }
        for (at, uid) in order.iter().enumerate() {
            let is_transport = self.provider(*uid).is_some_and(|provider| provider.kind == ProviderKind::Transport);
            if !is_transport || order.iter().take(at).any(|earlier| earlier == uid) {
                let text = format!("{uid} is not a transport of the profile, or is named twice.");
                return Err(Failure::not_found(text).with_argument("order"));
            }
        }
        order.clone_into(&mut self.transport_order);
        Ok(())
    }

    /// A transport that is gone has no place any more.
    pub(super) fn settle_transport_order(&mut self) {
        let known: Vec<Guid> = self.providers_of(ProviderKind::Transport).map(|transport| transport.uid).collect();
        self.transport_order.retain(|uid| known.contains(uid));
    }

    /// Exactly the first flagged store is the default; without one, the first that may be. The service
    /// mirrors it.
    pub(super) fn settle_default_store(&mut self) {
        let stores = || self.providers.iter().filter(|provider| provider.kind == ProviderKind::Store);
        let may = |store: &&Provider| !store.has(provider_flags::NO_DEFAULT_STORE);
        let holder = stores()
            .find(|store| store.has(provider_flags::DEFAULT_STORE) && may(store))
            .or_else(|| stores().find(may))
            .map(|store| (store.uid, store.service));
        for store in &mut self.providers {
            if store.kind == ProviderKind::Store {
                set_bit(&mut store.flags, provider_flags::DEFAULT_STORE, holder.is_some_and(|(uid, _)| uid == store.uid));
            }
        }
        for service in &mut self.services {
            let holds = holder.is_some_and(|(_, owner)| owner == Some(service.uid));
            set_bit(&mut service.flags, service_flags::DEFAULT_STORE, holds);
        }
    }

    /// Gives a store a role of `SetDefaultStore` by its bit, and takes it from every other one; with `None`
    /// nobody has it any more. The service of the default store mirrors that.
    pub fn give_store_role(&mut self, bit: u32, holder: Option<Guid>) {
        let owner = holder.and_then(|uid| self.provider(uid)).and_then(|store| store.service);
        for store in self.providers.iter_mut().filter(|store| store.kind == ProviderKind::Store) {
            set_bit(&mut store.flags, bit, holder == Some(store.uid));
        }
        if bit == provider_flags::DEFAULT_STORE {
            for service in &mut self.services {
                set_bit(&mut service.flags, service_flags::DEFAULT_STORE, owner == Some(service.uid));
            }
        }
    }

    fn may_supply_identity(&self, provider: &Provider) -> bool {
        let refused = |service: &Service| service.flags & service_flags::NO_PRIMARY_IDENTITY != 0;
        provider.may_supply_identity && !provider.service.and_then(|uid| self.service(uid)).is_some_and(refused)
    }

    /// Whether a provider supplies the primary identity.
    pub(super) fn has_supplier(&self) -> bool {
        self.providers.iter().any(|provider| provider.has(provider_flags::PRIMARY_IDENTITY))
    }

    /// Whether the primary identity waits for a provider that may supply it. A profile whose identity was
    /// taken back by SetPrimaryIdentity has such a provider, and does not wait.
    pub(super) fn lacks_supplier(&self) -> bool {
        !self.has_supplier() && !self.providers.iter().any(|provider| self.may_supply_identity(provider))
    }

    /// Marks the first provider that the catalogue lets supply the primary identity, and its service, and nobody
    /// else.
    pub(super) fn choose_identity(&mut self) {
        self.clear_identity();
        let chosen = self.providers.iter().find(|provider| self.may_supply_identity(provider));
        let Some((uid, owner)) = chosen.map(|provider| (provider.uid, provider.service)) else { return };
        if let Some(provider) = self.providers.iter_mut().find(|provider| provider.uid == uid) {
            provider.flags |= provider_flags::PRIMARY_IDENTITY;
        }
        if let Some(service) = self.services.iter_mut().find(|service| Some(service.uid) == owner) {
            service.flags |= service_flags::PRIMARY_IDENTITY;
        }
    }

    fn clear_identity(&mut self) {
        self.providers.iter_mut().for_each(|provider| provider.flags &= !provider_flags::PRIMARY_IDENTITY);
        self.services.iter_mut().for_each(|service| service.flags &= !service_flags::PRIMARY_IDENTITY);
    }

    /// SetPrimaryIdentity: all providers of that service that can supply it, and nobody else. The key may be
    /// that of one of its providers; `None`: nobody supplies it.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` for a service that supplies no identity.
    pub fn set_primary_identity(&mut self, uid: Option<Guid>) -> Result<()> {
        let Some(uid) = uid else {
            self.clear_identity();
            return Ok(());
        };
        let owner = self.provider(uid).and_then(|provider| provider.service).unwrap_or(uid);
        let service = self.service(owner).ok_or_else(|| super::entry_point::unknown_service(uid))?;
        if service.flags & service_flags::NO_PRIMARY_IDENTITY != 0 {
            let text = format!("The message service \"{}\" supplies no identity.", service.name);
            return Err(Failure::new(Code::NoAccess, text));
        }
        self.clear_identity();
        for provider in &mut self.providers {
            let supplies = provider.service == Some(owner) && !provider.has(provider_flags::NO_PRIMARY_IDENTITY);
            set_bit(&mut provider.flags, provider_flags::PRIMARY_IDENTITY, supplies);
        }
        for service in &mut self.services {
            set_bit(&mut service.flags, service_flags::PRIMARY_IDENTITY, service.uid == owner);
        }
        Ok(())
    }
}

fn set_bit(flags: &mut u32, bit: u32, on: bool) {
    *flags = if on { *flags | bit } else { *flags & !bit };
}
