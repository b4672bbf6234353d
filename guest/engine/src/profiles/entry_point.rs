//! Service entry points: the engine hands sections over by value and applies the changes that come back
//! (`profiles` 6).

use crate::backend::{ConfigureContext, ConfigureOutcome, ConfigureRequest, LogLevel, SectionValues, ServiceDefinition};
use crate::error::{Code, Failure, Result};
use crate::profiles::storage::ProtectedChange;
use crate::profiles::{ENGINE_KEPT, PROTECTED, Profile, Profiles, ServiceContents, new_extra, new_provider, provider_flags};
use crate::properties::{Guid, Property, Value, tags};

/// `SERVICE_UI_ALWAYS`.
pub const SERVICE_UI_ALWAYS: u32 = 0x2;
/// `SERVICE_UI_ALLOWED`.
pub const SERVICE_UI_ALLOWED: u32 = 0x10;
/// `SERVICE_LOGON_FAILED`: configure again because a logon failed for lack of configuration.
pub const SERVICE_LOGON_FAILED: u32 = 0x20;

/// The bits of a provider's `PR_RESOURCE_FLAGS` an entry point may set: those called modifiable, but for
/// the primary identity, which only `SetPrimaryIdentity` moves.
const MODIFIABLE: u32 = 0x1 | provider_flags::DEFAULT_STORE | 0x1000 | 0x2000;

/// What an entry point answered, ready to be applied.
pub(super) struct Answer {
    pub(super) outcome: ConfigureOutcome,
    /// The keys of the providers it creates.
    keys: Vec<Guid>,
}

/// Why and how an entry point is called.
#[derive(Clone, Debug)]
pub struct EntryPointCall {
    /// Why.
    pub context: ConfigureContext,
    /// `SERVICE_*` flags.
    pub flags: u32,
    /// Token of the parent window.
    pub ui: u64,
    /// Properties given by the caller.
    pub properties: Vec<Property>,
    /// The provider concerned, if one is.
    pub provider: Option<Guid>,
}

impl EntryPointCall {
    /// A call without UI and properties.
    #[must_use]
    pub const fn silent(context: ConfigureContext, flags: u32) -> Self {
        Self { context, flags, ui: 0, properties: Vec::new(), provider: None }
    }
}

impl Profiles {
    /// The services the host offers.
    ///
    /// # Errors
    /// The host's own.
    pub fn services(&self) -> Result<Vec<ServiceDefinition>> {
        self.catalogue.services()
    }

    /// A service of the catalogue by its key.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; the host's own.
    pub fn definition(&self, service: &str) -> Result<ServiceDefinition> {
        self.catalogue.services()?.into_iter().find(|definition| definition.name == service).ok_or_else(|| {
            Failure::not_found(format!("This host offers no message service \"{service}\".")).with_argument("service")
        })
    }

    /// Calls the entry point of a service; one without an entry point changes nothing. `fresh` are protected
    /// values that are not stored yet.
    pub(super) fn call_entry_point(
        &self,
        name: &str,
        contents: &ServiceContents,
        call: EntryPointCall,
        fresh: &[ProtectedChange],
    ) -> Result<ConfigureOutcome> {
        if !contents.service.configurable {
            return Ok(ConfigureOutcome::default());
        }
        let service = &contents.service;
        let values = |uid, properties: &crate::profiles::SectionProperties| -> Result<SectionValues> {
            let mut all: Vec<Property> = properties.plain().cloned().collect();
            for tag in properties.protected() {
                match fresh.iter().rev().find(|(section, changed, _)| *section == uid && changed.id() == tag.id()) {
                    Some((_, tag, value)) => all.extend(value.clone().map(|value| Property { tag: *tag, value })),
                    None => all.extend(self.protected_value(name, uid, tag)?),
                }
            }
            Ok(SectionValues { uid, properties: all })
        };
        let request = ConfigureRequest {
            service: service.name.clone(),
            context: call.context,
            flags: call.flags,
            ui: call.ui,
            properties: call.properties,
            profile: name.to_owned(),
            section: values(service.uid, &service.properties)?,
            providers: contents.providers.iter().map(|p| values(p.uid, &p.properties)).collect::<Result<_>>()?,
            extras: contents.extras.iter().map(|e| values(e.uid, &e.properties)).collect::<Result<_>>()?,
            provider: call.provider,
        };
        let named = |failure: Failure| {
            failure.from_provider(&super::storage::display_name(&service.properties, &service.name), service.uid)
        };
        let outcome = self.catalogue.configure(request).map_err(named)?;
        match outcome.failure {
            Some(failure) => Err(named(failure)),
            None => Ok(outcome),
        }
    }

    /// Calls the entry point of a service already in a profile and writes what it changed.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for an unknown service, `MAPI_E_NOT_INITIALIZED` for one without an entry point,
    /// `MAPI_E_NO_ACCESS` for changes of other sections; the entry point's own.
    pub fn configure_service(&self, name: &str, service: Guid, call: EntryPointCall) -> Result<()> {
        let (profile, _) = self.load(name)?;
        let contents = profile.contents_of(service).ok_or_else(|| unknown_service(service))?;
        if !contents.service.configurable {
            return Err(Failure::new(
                Code::NotInitialized,
                format!("The message service \"{}\" has nothing to configure.", contents.service.name),
            ));
        }
        let definition = self.definition(&contents.service.name)?;
        let outcome = self.call_entry_point(name, &contents, call, &[])?;
        self.check_unlocked(name, &outcome)?;
        let answer = self.answer(outcome);
        let protected = apply(&mut contents.clone(), &answer, &definition)?;
        self.write_protected(name, &protected)?;
        self.update(name, |profile| {
            let mut contents = profile.contents_of(service).ok_or_else(|| unknown_service(service))?;
            apply(&mut contents, &answer, &definition)?;
            profile.replace_contents(contents);
            Ok(())
        })
    }

    /// An outcome with the keys of what it creates: the same however often it is applied.
    pub(super) fn answer(&self, outcome: ConfigureOutcome) -> Answer {
        let keys = outcome.create.iter().map(|_| self.environment.new_uid()).collect();
        Answer { outcome, keys }
    }

    /// Refuses an outcome that changes a section a client holds open for writing (`profiles` 3.1).
    pub(super) fn check_unlocked(&self, name: &str, outcome: &ConfigureOutcome) -> Result<()> {
        let changed = outcome.sections.iter().map(|section| section.uid).chain(outcome.delete.iter().copied());
        changed.into_iter().try_for_each(|uid| self.locks.check_free(name, uid))
    }

    /// Tells the entry point of a service that it is about to be removed. What it answers changes nothing.
    pub(super) fn announce_deletion(&self, name: &str, profile: &Profile, service: Guid) {
        let Some(contents) = profile.contents_of(service) else { return };
        let call = EntryPointCall::silent(ConfigureContext::Delete, 0);
        if let Err(failure) = self.call_entry_point(name, &contents, call, &[]) {
            let text = format!("the service {} did not agree to its removal: {}", contents.service.name, failure.brief());
            self.log(LogLevel::Warn, &text);
        }
    }
}

/// Applies the changes an entry point asked for, all or none; gives the protected values to be written.
pub(super) fn apply(
    contents: &mut ServiceContents,
    answer: &Answer,
    definition: &ServiceDefinition,
) -> Result<Vec<ProtectedChange>> {
    let outcome = &answer.outcome;
    let mut changed = contents.clone();
    let mut protected = Vec::new();
    for extra in &outcome.extras {
        if changed.section_mut(extra.uid).is_none() {
            changed.extras.push(new_extra(extra, changed.service.uid));
        }
    }
    for (wanted, uid) in outcome.create.iter().zip(&answer.keys) {
        let found = definition.providers.iter().find(|known| known.section == wanted.section).ok_or_else(|| {
            let text = format!("The service \"{}\" has no provider section \"{}\".", definition.name, wanted.section);
            Failure::not_found(text)
        })?;
        changed.providers.push(new_provider(found, changed.service.uid, *uid));
        set_properties(&mut changed, *uid, &wanted.properties, &mut protected)?;
    }
    for section in &outcome.sections {
        set_properties(&mut changed, section.uid, &section.set, &mut protected)?;
        let stored = changed.section_mut(section.uid).ok_or_else(|| foreign(definition))?;
        for tag in &section.delete {
            stored.remove(*tag);
            if PROTECTED.contains(&tag.id()) {
                protected.push((section.uid, *tag, None));
            }
        }
    }
    if outcome.delete.iter().any(|uid| !changed.providers.iter().any(|provider| provider.uid == *uid)) {
        return Err(foreign(definition));
    }
    for gone in changed.providers.iter().filter(|provider| outcome.delete.contains(&provider.uid)) {
        protected.extend(gone.properties.protected().map(|tag| (gone.uid, tag, None)));
    }
    changed.providers.retain(|provider| !outcome.delete.contains(&provider.uid));
    *contents = changed;
    Ok(protected)
}

/// Sets properties of a section of the service; those the engine keeps are left out.
pub(super) fn set_properties(
    contents: &mut ServiceContents,
    section: Guid,
    properties: &[Property],
    protected: &mut Vec<ProtectedChange>,
) -> Result<()> {
    for property in properties {
        if property.tag.id() == tags::RESOURCE_FLAGS.id() {
            if let (Value::Long(flags), Some(provider)) =
                (&property.value, contents.providers.iter_mut().find(|provider| provider.uid == section))
            {
                provider.flags = provider.flags & !MODIFIABLE | flags.cast_unsigned() & MODIFIABLE;
            }
            continue;
        }
        if property.tag.id() >= 0x8000 || ENGINE_KEPT.iter().any(|tag| tag.id() == property.tag.id()) {
            continue;
        }
        // Refuses types a section cannot hold before anything is written.
        super::form::write_value(&property.value)?;
        let stored = contents
            .section_mut(section)
            .ok_or_else(|| Failure::new(Code::NoAccess, "The service tried to change a section that is not its own."))?;
        stored.set(property.clone());
        if PROTECTED.contains(&property.tag.id()) {
            protected.push((section, property.tag, Some(property.value.clone())));
        }
    }
    Ok(())
}

fn foreign(definition: &ServiceDefinition) -> Failure {
    Failure::new(Code::NoAccess, format!("The service \"{}\" tried to change a section that is not its own.", definition.name))
}

/// The failure for a `PR_SERVICE_UID` that is not in the profile.
pub(super) fn unknown_service(uid: Guid) -> Failure {
    Failure::not_found(format!("The profile has no message service {uid}.")).with_argument("service-uid")
}
