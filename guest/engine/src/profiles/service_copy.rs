//! CopyMsgService, MsgServiceTransportOrder, SetPrimaryIdentity, AdminProviders (`profiles` 4.3).

use crate::backend::ConfigureContext;
use crate::error::{Code, Failure, Result, check_flags, check_reserved};
use crate::profiles::entry_point::{EntryPointCall, SERVICE_UI_ALWAYS, unknown_service};
use crate::profiles::storage::ProtectedChange;
use crate::profiles::{MsgServiceAdmin, Profile, ProviderAdmin, ServiceContents, provider_flags, service_flags};
use crate::properties::Guid;
use std::collections::BTreeMap;

impl ServiceContents {
    /// The same with other keys and without the roles of the original; which key became which.
    fn copied(mut self, mut new_uid: impl FnMut() -> Guid) -> (Self, BTreeMap<Guid, Guid>) {
        let mut keys = BTreeMap::new();
        let mut exchange = |key: &mut Guid| {
            let new = new_uid();
            keys.insert(core::mem::replace(key, new), new);
        };
        exchange(&mut self.service.uid);
        self.service.flags &= !(service_flags::DEFAULT_STORE | service_flags::PRIMARY_IDENTITY);
        let owner = Some(self.service.uid);
        for provider in &mut self.providers {
            exchange(&mut provider.uid);
            provider.service = owner;
            provider.flags &= !(provider_flags::DEFAULT_STORE | provider_flags::PRIMARY_IDENTITY);
        }
        for extra in &mut self.extras {
            exchange(&mut extra.uid);
            extra.service = owner;
        }
        (self, keys)
    }
}

impl MsgServiceAdmin {
    /// `CopyMsgService` into the profile of `destination`, this one or another; the new `PR_SERVICE_UID`. All
    /// sections are copied, protected properties included, under new keys. The copy takes no role from
    /// anybody. With `SERVICE_UI_ALWAYS` it is configured afterwards; else its entry point is not called.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` where only one copy is allowed; `MAPI_E_UNKNOWN_FLAGS`; the
    /// entry point's own, and the copy is there all the same.
    pub fn copy_msg_service(&self, service: Guid, _display_name: &str, destination: &Self, ui: u64, flags: u32) -> Result<Guid> {
        self.last_error.keep((|| {
            self.alive.check()?;
            destination.alive.check()?;
            check_flags(flags, SERVICE_UI_ALWAYS)?;
            let (profile, _) = self.profiles.load(&self.name)?;
            let contents = profile.contents_of(service).ok_or_else(|| unknown_service(service))?;
            destination.check_single(&contents)?;
            let values = self.profiles.protected_values(&self.name, contents.sections())?;
            let (copy, keys) = contents.copied(|| self.profiles.environment.new_uid());
            let uid = copy.service.uid;
            let values: Vec<ProtectedChange> =
                values.into_iter().filter_map(|(section, tag, value)| Some((*keys.get(&section)?, tag, value))).collect();
            destination.profiles.write_protected(&destination.name, &values)?;
            let added = destination.profiles.update(&destination.name, |profile| {
                check_single(profile, &copy)?;
                profile.append(copy.clone());
                Ok(())
            });
            if let Err(failure) = added {
                let withdrawn: Vec<ProtectedChange> = values.into_iter().map(|(section, tag, _)| (section, tag, None)).collect();
                destination.profiles.write_protected(&destination.name, &withdrawn)?;
                return Err(failure);
            }
            if flags & SERVICE_UI_ALWAYS != 0 && copy.service.configurable {
                let call = EntryPointCall { ui, ..EntryPointCall::silent(ConfigureContext::Configure, SERVICE_UI_ALWAYS) };
                destination.profiles.configure_service(&destination.name, uid, call)?;
            }
            Ok(uid)
        })())
    }

    fn check_single(&self, contents: &ServiceContents) -> Result<()> {
        check_single(&self.profiles.load(&self.name)?.0, contents)
    }

    /// `RenameMsgService`: nothing can be renamed.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT`.
    pub fn rename_msg_service(&self, _service: Guid, _flags: u32, _display_name: &str) -> Result<()> {
        let rename = || {
            self.alive.check()?;
            Err(Failure::new(Code::NoSupport, "Message services cannot be renamed."))
        };
        self.last_error.keep(rename())
    }

    /// `MsgServiceTransportOrder`: all transports of the profile by `PR_PROVIDER_UID`, each once.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` for another number of them, `MAPI_E_NOT_FOUND` for what is no transport or comes twice,
    /// `MAPI_E_INVALID_PARAMETER` for flags.
    pub fn msg_service_transport_order(&self, order: &[Guid], flags: u32) -> Result<()> {
        let put = || {
            self.alive.check()?;
            check_reserved(flags)?;
            self.profiles.update(&self.name, |profile| profile.order_transports(order))
        };
        self.last_error.keep(put())
    }

    /// `SetPrimaryIdentity`: the service that supplies it, by its key or that of one of its providers; `None`:
    /// nobody does.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` for a service that supplies none; `MAPI_E_INVALID_PARAMETER` for
    /// flags.
    pub fn set_primary_identity(&self, service: Option<Guid>, flags: u32) -> Result<()> {
        let set = || {
            self.alive.check()?;
            check_reserved(flags)?;
            self.profiles.update(&self.name, |profile| profile.set_primary_identity(service))
        };
        self.last_error.keep(set())
    }

    /// `AdminProviders`: the providers of one service.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_INVALID_PARAMETER` for flags.
    pub fn admin_providers(&self, service: Guid, flags: u32) -> Result<ProviderAdmin> {
        let open = || {
            self.alive.check()?;
            check_reserved(flags)?;
            self.profiles.load(&self.name)?.0.service(service).ok_or_else(|| unknown_service(service))?;
            Ok(ProviderAdmin::new(self, service))
        };
        self.last_error.keep(open())
    }
}

/// Refuses a second copy of a service that may have only one.
fn check_single(profile: &Profile, contents: &ServiceContents) -> Result<()> {
    let service = &contents.service;
    if service.flags & service_flags::SINGLE_COPY != 0 && profile.services.iter().any(|known| known.name == service.name) {
        let text = format!("The profile has the message service \"{}\" already, and it can have only one.", service.name);
        return Err(Failure::new(Code::NoAccess, text));
    }
    Ok(())
}
