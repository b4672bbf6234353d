//! IProviderAdmin: the providers of one message service (`profiles` 4.4).

use crate::backend::{ConfigureContext, ProviderDefinition, SectionChange, ServiceDefinition};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::profiles::entry_point::{EntryPointCall, SERVICE_UI_ALLOWED, apply, set_properties, unknown_service};
use crate::profiles::{MAPI_DIALOG, MsgServiceAdmin, ProfileSection, Profiles, ServiceContents, new_provider};
use crate::properties::{Guid, Property, tags};
use crate::session::Alive;
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;

/// IProviderAdmin.
pub struct ProviderAdmin {
    profiles: Rc<Profiles>,
    profile: String,
    service: Guid,
    alive: Alive,
    last_error: LastError,
}

impl ProviderAdmin {
    pub(super) fn new(services: &MsgServiceAdmin, service: Guid) -> Self {
        Self {
            profiles: Rc::clone(&services.profiles),
            profile: services.name.clone(),
            service,
            alive: services.alive.derive(),
            last_error: LastError::default(),
        }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.alive.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `GetProviderTable`: the providers of the service, then its extra sections.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`; `MAPI_E_NOT_FOUND` once the service is gone; the storage's own.
    pub fn get_provider_table(&self, flags: u32) -> Result<Table> {
        let open = || {
            self.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            let (profile, _) = self.profiles.load(&self.profile)?;
            profile.service(self.service).ok_or_else(|| unknown_service(self.service))?;
            super::tables::provider_table(&self.profile, &profile, Some(self.service), flags & MAPI_UNICODE != 0)
        };
        self.last_error.keep(open())
    }

    /// `CreateProvider`: a provider section of the service's catalogue entry, by its name or its display name,
    /// with these properties on top; its `PR_PROVIDER_UID`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for what is no provider of the service; `MAPI_E_UNKNOWN_FLAGS`;
    /// `MAPI_E_INVALID_TYPE`; the entry point's own, and then there is no new provider.
    pub fn create_provider(&self, provider: &str, properties: Vec<Property>, ui: u64, flags: u32) -> Result<Guid> {
        self.last_error.keep(self.create(provider, properties, ui, flags))
    }

    fn create(&self, provider: &str, mut properties: Vec<Property>, ui: u64, flags: u32) -> Result<Guid> {
        self.alive.check()?;
        check_flags(flags, MAPI_DIALOG | MAPI_UNICODE)?;
        let (contents, definition) = self.contents()?;
        let found = named(&definition, provider)?;
        // Clients change no flags (`profiles` 2.3).
        properties.retain(|property| property.tag.id() != tags::RESOURCE_FLAGS.id());
        let uid = self.profiles.environment.new_uid();
        let add = |contents: &mut ServiceContents, protected: &mut Vec<_>| {
            contents.providers.push(new_provider(found, self.service, uid));
            set_properties(contents, uid, &properties, protected)
        };
        let (mut created, mut protected) = (contents, Vec::new());
        add(&mut created, &mut protected)?;
        let (ui, ui_flags) = if flags & MAPI_DIALOG == 0 { (0, 0) } else { (ui, SERVICE_UI_ALLOWED) };
        let call =
            EntryPointCall { ui, provider: Some(uid), ..EntryPointCall::silent(ConfigureContext::ProviderCreate, ui_flags) };
        let mut outcome = self.profiles.call_entry_point(&self.profile, &created, call, &protected)?;
        self.profiles.check_unlocked(&self.profile, &outcome)?;
        // A service that asks for the provider it was told of means this one.
        if let Some(at) = outcome.create.iter().position(|wanted| wanted.section == found.section) {
            let wanted = outcome.create.remove(at);
            outcome.sections.push(SectionChange { uid, set: wanted.properties, delete: Vec::new() });
        }
        let answer = self.profiles.answer(outcome);
        protected.extend(apply(&mut created, &answer, &definition)?);
        self.profiles.write_protected(&self.profile, &protected)?;
        self.profiles.update(&self.profile, |profile| {
            let mut contents = profile.contents_of(self.service).ok_or_else(|| unknown_service(self.service))?;
            add(&mut contents, &mut Vec::new())?;
            apply(&mut contents, &answer, &definition)?;
            profile.replace_contents(contents);
            Ok(uid)
        })
    }

    /// `DeleteProvider`. Its roles go to others; a session that has it logged on keeps it.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; the entry point's own, and then it stays.
    pub fn delete_provider(&self, provider: Guid) -> Result<()> {
        self.last_error.keep(self.delete(provider))
    }

    fn delete(&self, uid: Guid) -> Result<()> {
        self.alive.check()?;
        let (profile, _) = self.profiles.load(&self.profile)?;
        let mut contents = profile.contents_of(self.service).ok_or_else(|| unknown_service(self.service))?;
        let unknown = || Failure::not_found(format!("The service has no provider {uid}.")).with_argument("uid");
        if !contents.providers.iter().any(|provider| provider.uid == uid) {
            return Err(unknown());
        }
        let call = EntryPointCall { provider: Some(uid), ..EntryPointCall::silent(ConfigureContext::ProviderDelete, 0) };
        let mut outcome = self.profiles.call_entry_point(&self.profile, &contents, call, &[])?;
        self.profiles.check_unlocked(&self.profile, &outcome)?;
        if !outcome.delete.contains(&uid) {
            outcome.delete.push(uid);
        }
        // The service may have left the catalogue; what it still has can be deleted nevertheless.
        let definition = if outcome.create.is_empty() { None } else { Some(self.profiles.definition(&contents.service.name)?) };
        let definition = definition.unwrap_or_else(|| bare(&contents));
        let answer = self.profiles.answer(outcome);
        let protected = apply(&mut contents, &answer, &definition)?;
        self.profiles.update(&self.profile, |profile| {
            let mut contents = profile.contents_of(self.service).ok_or_else(|| unknown_service(self.service))?;
            if !contents.providers.iter().any(|provider| provider.uid == uid) {
                return Err(unknown());
            }
            apply(&mut contents, &answer, &definition)?;
            profile.replace_contents(contents);
            Ok(())
        })?;
        self.profiles.write_protected(&self.profile, &protected)
    }

    /// `OpenProfileSection` (`profiles` 3).
    ///
    /// # Errors
    /// As [`Profiles::open_profile_section`].
    pub fn open_profile_section(&self, uid: Option<Guid>, interface: Option<Guid>, flags: u32) -> Result<ProfileSection> {
        let open = || {
            self.alive.check()?;
            self.profiles.open_profile_section(&self.profile, uid, interface, flags, self.alive.derive())
        };
        self.last_error.keep(open())
    }

    fn contents(&self) -> Result<(ServiceContents, ServiceDefinition)> {
        let (profile, _) = self.profiles.load(&self.profile)?;
        let contents = profile.contents_of(self.service).ok_or_else(|| unknown_service(self.service))?;
        let definition = self.profiles.definition(&contents.service.name)?;
        Ok((contents, definition))
    }
}

/// A provider section of the catalogue by its name, else by its display name.
fn named<'a>(definition: &'a ServiceDefinition, name: &str) -> Result<&'a ProviderDefinition> {
    let sections = || definition.providers.iter();
    let found = sections().find(|known| known.section == name).or_else(|| sections().find(|known| known.display_name == name));
    found.ok_or_else(|| {
        let text = format!("The service \"{}\" has no provider \"{name}\".", definition.name);
        Failure::not_found(text).with_argument("provider")
    })
}

/// What the catalogue says of a service it does not know.
fn bare(contents: &ServiceContents) -> ServiceDefinition {
    ServiceDefinition {
        name: contents.service.name.clone(),
        display_name: contents.service.name.clone(),
        flags: contents.service.flags,
        default: false,
        configurable: contents.service.configurable,
        properties: Vec::new(),
        providers: Vec::new(),
        extras: Vec::new(),
    }
}
