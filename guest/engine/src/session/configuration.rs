//! Whether the services of a profile are configured at all (`session` 3 step 3), looked at once, before anything is
//! logged on. What a provider needs beyond that only the provider knows: its logon says so.

use super::shared::{Barred, SharedSession};
use crate::backend::{ConfigureContext, LogLevel, ProviderKind};
use crate::error::{Code, Failure, Result};
use crate::profiles::{EntryPointCall, Profile, Provider, SERVICE_UI_ALLOWED};
use crate::properties::{Guid, tags};
use std::cell::RefCell;

/// The backends the services of the catalogue name, as of the last time one was missing.
#[derive(Default)]
pub(super) struct Installed(RefCell<Vec<(ProviderKind, String)>>);

impl Installed {
    fn knows(&self, provider: &Provider) -> bool {
        let is_it =
            |(kind, backend): &(ProviderKind, String)| *kind == provider.kind && backend.eq_ignore_ascii_case(&provider.backend);
        self.0.borrow().iter().any(is_it)
    }
}

impl SharedSession {
    /// Has services that lack something configured, once; those that lack it still are disabled for this session.
    ///
    /// # Errors
    /// The profile storage's own.
    pub(super) fn verify_configuration(&self, profile: &Profile, may_prompt: bool, ui: u64) -> Result<()> {
        let lacking = self.lacking(profile);
        if lacking.is_empty() {
            return Ok(());
        }
        let allowed = if may_prompt { SERVICE_UI_ALLOWED } else { 0 };
        for (service, _) in &lacking {
            let call = EntryPointCall { ui, ..EntryPointCall::silent(ConfigureContext::Configure, allowed) };
            match self.profiles().configure_service(self.profile(), *service, call) {
                Ok(()) => {}
                // Nobody is there to be asked; the service is looked at again all the same.
                Err(failure) if failure.code() == Code::NotInitialized => {}
                Err(failure) => {
                    self.log(LogLevel::Warn, &format!("a message service could not be configured: {}", failure.brief()));
                }
            }
        }
        for (service, missing) in self.lacking(&self.load_profile()?) {
            self.disable(service, Failure::new(Code::Unconfigured, format!("{missing} Configure the message service.")));
        }
        Ok(())
    }

    /// The services that lack something, and what.
    fn lacking(&self, profile: &Profile) -> Vec<(Guid, String)> {
        let mut lacking: Vec<(Guid, String)> = Vec::new();
        for provider in &profile.providers {
            let Some(service) = provider.service else { continue };
            if let Some(missing) = self.missing(provider)
                && lacking.iter().all(|(known, _)| *known != service)
            {
                lacking.push((service, missing));
            }
        }
        lacking
    }

    /// What a provider lacks. Its backend, its kind and its flags are always there, if the backend is known.
    fn missing(&self, provider: &Provider) -> Option<String> {
        let name = provider.display_name();
        if provider.properties.text(tags::DISPLAY_NAME).is_none_or(str::is_empty) {
            return Some(format!("A provider of the backend \"{name}\" has no name (PR_DISPLAY_NAME)."));
        }
        if provider.properties.text(tags::PROVIDER_DISPLAY).is_none_or(str::is_empty) {
            return Some(format!("{name} does not say what it is (PR_PROVIDER_DISPLAY)."));
        }
        if provider.backend.is_empty() || !self.is_installed(provider) {
            return Some(format!("No message service of this host names the backend \"{}\" of {name}.", provider.backend));
        }
        None
    }

    /// Whether a service of the catalogue names the backend. A catalogue that cannot be read condemns nobody.
    fn is_installed(&self, provider: &Provider) -> bool {
        let installed = &self.parts.installed;
        if installed.knows(provider) {
            return true;
        }
        match self.profiles().services() {
            Err(failure) => {
                self.log(LogLevel::Warn, &format!("the service catalogue could not be read: {}", failure.brief()));
                true
            }
            Ok(services) => {
                let providers = services.into_iter().flat_map(|service| service.providers);
                installed.0.replace(providers.map(|provider| (provider.kind, provider.backend)).collect());
                installed.knows(provider)
            }
        }
    }

    /// No provider of the service is logged on any more in this session.
    pub(super) fn disable(&self, service: Guid, cause: Failure) {
        self.log(LogLevel::Warn, &format!("a message service is disabled for this session: {}", cause.brief()));
        self.barred.borrow_mut().insert(service, Barred::Service(cause));
        if let Err(failure) = self.status.service_disabled() {
            self.log(LogLevel::Warn, &format!("the status table could not be brought up to date: {}", failure.brief()));
        }
    }
}
