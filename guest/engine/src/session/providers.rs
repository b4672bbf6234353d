//! Logging providers on, when they are first needed (`session` 3, 3.1).

use super::provider_logon::{Consequence, consequence};
use super::shared::{Barred, SharedSession};
use crate::address_book::BookConnection;
use crate::backend::{ConfigureContext, LogLevel, Opened, ProviderKind, ProviderLogon};
use crate::error::{Code, Failure, Result};
use crate::profiles::{EntryPointCall, Profile, Provider, SERVICE_LOGON_FAILED, SERVICE_UI_ALLOWED, SERVICE_UI_ALWAYS};
use crate::properties::{Guid, Property};
use crate::spooler::ActiveTransport;
use std::rc::Rc;

/// How a provider is to be logged on.
#[derive(Clone, Copy)]
pub(super) struct LogonWish {
    pub(super) may_prompt: bool,
    pub(super) write: bool,
    /// `MDB_TEMPORARY`.
    pub(super) temporary: bool,
}

impl LogonWish {
    /// Of the engine's own: for writing, and nobody is asked.
    pub(super) const SILENT: Self = Self { may_prompt: false, write: true, temporary: false };
}

impl SharedSession {
    /// Logs a provider on: the retry after missing configuration, and what a failure means for its service.
    pub(super) fn log_on<T: ?Sized>(
        &self,
        profile: &Profile,
        provider: &Provider,
        wish: LogonWish,
        open: impl Fn(&ProviderLogon) -> Result<Opened<T>>,
    ) -> Result<Opened<T>> {
        self.check_not_barred(provider)?;
        let named = |failure: Failure| failure.from_provider(provider.display_name(), provider.uid);
        let logon = self.logon_data(profile, provider, wish)?;
        let mut result = open(&logon).map_err(named);
        if result.as_ref().is_err_and(|failure| failure.code() == Code::Unconfigured) {
            let profile = self.reconfigure(profile, provider, wish.may_prompt)?;
            let provider = profile.provider(provider.uid).unwrap_or(provider);
            let logon = self.logon_data(&profile, provider, wish)?;
            result = open(&logon).map_err(named);
        }
        let mut opened = result.map_err(|failure| self.bar(provider, failure))?;
        opened.warning = opened.warning.map(named);
        self.parts.openings.note(self.parts.host.last_opening(), self.weak());
        self.keep_section(provider, &opened.section_changes);
        Ok(opened)
    }

    /// What follows for the session from a failed logon; the failure as the caller gets it.
    fn bar(&self, provider: &Provider, failure: Failure) -> Failure {
        self.log(LogLevel::Warn, &format!("{} could not be logged on: {}", provider.display_name(), failure.brief()));
        match consequence(provider.kind, failure.code()) {
            Consequence::TryLater | Consequence::Tell => failure,
            Consequence::Configure => {
                let text = format!(
                    "{} lacks configuration; configure its message service. {}",
                    provider.display_name(),
                    failure.detail().message
                );
                Failure::new(Code::LogonFailed, text).from_provider(provider.display_name(), provider.uid)
            }
            Consequence::OnlyThisOne => {
                self.barred.borrow_mut().insert(provider.uid, Barred::Provider);
                failure
            }
            Consequence::DisableService => {
                // A provider without a service stands for itself.
                self.disable(provider.service.unwrap_or(provider.uid), failure.clone());
                failure
            }
        }
    }

    /// # Errors
    /// `MAPI_E_LOGON_FAILED` for a provider that this session does not try again.
    fn check_not_barred(&self, provider: &Provider) -> Result<()> {
        let barred = self.barred.borrow();
        let bar = barred.get(&provider.uid).or_else(|| barred.get(&provider.service.unwrap_or(provider.uid)));
        let text = match bar {
            None => return Ok(()),
            Some(Barred::Provider) => format!("{} failed to log on; log on again to retry.", provider.display_name()),
            Some(Barred::Service(cause)) => format!(
                "The message service of {} is disabled for this session because a logon failed: {}",
                provider.display_name(),
                cause.detail().message
            ),
        };
        Err(Failure::new(Code::LogonFailed, text).from_provider(provider.display_name(), provider.uid))
    }

    /// Calls the service's entry point after a logon that lacked configuration; the profile afterwards. An
    /// entry point that fails, or is missing, leaves things as they are, and the retry will say so.
    fn reconfigure(&self, profile: &Profile, provider: &Provider, may_prompt: bool) -> Result<Profile> {
        let service = provider.service.and_then(|uid| profile.service(uid));
        if let Some(service) = service.filter(|service| service.configurable) {
            let ui = if may_prompt { SERVICE_UI_ALLOWED } else { 0 };
            let call = EntryPointCall::silent(ConfigureContext::Configure, SERVICE_LOGON_FAILED | ui);
            if let Err(failure) = self.profiles().configure_service(self.profile(), service.uid, call) {
                self.log(LogLevel::Warn, &format!("the service {} could not be configured: {}", service.name, failure.brief()));
            }
        }
        self.load_profile()
    }

    /// `MAPI_SERVICE_UI_ALWAYS` (`session` 3 step 2): has a person configure every service, before anything is logged
    /// on. A service that cannot be configured is told by its logon.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL`, `MAPI_E_INVALID_OBJECT`, the profile storage's own.
    pub(super) fn configure_services(&self, ui: u64) -> Result<()> {
        for service in self.load_profile()?.services.iter().filter(|service| service.configurable) {
            let call = EntryPointCall { ui, ..EntryPointCall::silent(ConfigureContext::Configure, SERVICE_UI_ALWAYS) };
            match self.profiles().configure_service(self.profile(), service.uid, call) {
                Ok(()) => {}
                Err(failure) if failure.code() == Code::UserCancel => return Err(failure),
                Err(failure) => {
                    self.log(
                        LogLevel::Warn,
                        &format!("the service {} could not be configured: {}", service.name, failure.brief()),
                    );
                }
            }
        }
        Ok(())
    }

    fn logon_data(&self, profile: &Profile, provider: &Provider, wish: LogonWish) -> Result<ProviderLogon> {
        Ok(ProviderLogon {
            backend: provider.backend.clone(),
            profile: self.profile().to_owned(),
            section: provider.uid,
            configuration: self.profiles().configuration(self.profile(), profile, provider.uid)?,
            may_prompt: wish.may_prompt,
            write: wish.write,
            temporary: wish.temporary,
            background: self.background,
        })
    }

    /// Writes what a provider keeps in its section. It is open all the same when that fails, as with a
    /// storage that can only be read.
    pub(super) fn keep_section(&self, provider: &Provider, changes: &[Property]) {
        let known = |change: &Property| provider.properties.get(change.tag) == Some(&change.value);
        if changes.iter().all(known) || provider.has(crate::profiles::provider_flags::TEMP_SECTION) {
            return;
        }
        if let Err(failure) = self.profiles().refresh_section(self.profile(), provider.uid, changes, &[]) {
            self.log(
                LogLevel::Warn,
                &format!("the section of {} could not be written: {}", provider.display_name(), failure.brief()),
            );
        }
    }

    /// Starts address books, transports and the default store, if they are not: what the status table
    /// shows. A provider that fails has no row and does not fail the others.
    pub(super) fn start_all(&self, may_prompt: bool) -> Result<()> {
        let profile = self.load_profile()?;
        self.start_address_books(&profile, may_prompt);
        self.start_transports(&profile, may_prompt);
        if let Some(store) = profile.default_store()
            && let Err(failure) = self.start_store(&profile, store, LogonWish::SILENT)
        {
            self.log(LogLevel::Info, &format!("the default store is not available: {}", failure.brief()));
        }
        Ok(())
    }

    /// Starts the address book providers that are not; what failed, and what those that did not warn of, in profile order.
    pub(super) fn start_address_books(&self, profile: &Profile, may_prompt: bool) -> Vec<Failure> {
        let host = Rc::clone(&self.parts.host);
        let mut complaints = Vec::new();
        let mut failed = false;
        for provider in profile.providers_of(ProviderKind::AddressBook) {
            if self.address_books.contains(provider.uid) {
                continue;
            }
            let wish = LogonWish { may_prompt, ..LogonWish::SILENT };
            let opened = self.log_on(profile, provider, wish, |logon| as_granted(logon, |logon| host.open_address_book(logon)));
            let started = opened.and_then(|opened| {
                let name = provider.display_name();
                let book = BookConnection::new(opened.provider, self.environment().clone(), provider.uid, name)?;
                Ok((book, opened.status_row, opened.warning))
            });
            match started {
                Ok((book, status_row, warning)) => {
                    complaints.extend(warning);
                    let order: Vec<_> = profile.providers_of(ProviderKind::AddressBook).map(|known| known.uid).collect();
                    self.address_books.add(Rc::clone(&book), &order);
                    self.add_status_row(profile, provider, status_row);
                    self.apply_effects(provider.uid, book.backend().effects());
                }
                Err(failure) => {
                    failed = true;
                    complaints.push(failure);
                }
            }
        }
        if let Err(failure) = self.status.address_books_settled(failed) {
            self.log(LogLevel::Warn, &format!("the status table could not be brought up to date: {}", failure.brief()));
        }
        complaints
    }

    /// Starts the transports that are not; the failures, by profile section.
    pub(super) fn start_transports(&self, profile: &Profile, may_prompt: bool) -> Vec<(Guid, Failure)> {
        let host = Rc::clone(&self.parts.host);
        let mut failures = Vec::new();
        for provider in profile.transports() {
            if self.transports.borrow().iter().any(|active| active.section == provider.uid) {
                continue;
            }
            let wish = LogonWish { may_prompt, ..LogonWish::SILENT };
            // What a failure means was noted by the logon; a transport that is not there has no row.
            match self.log_on(profile, provider, wish, |logon| host.open_transport(logon)) {
                Ok(opened) => {
                    let active = ActiveTransport::new(provider.uid, provider.display_name(), opened.provider);
                    self.transports.borrow_mut().push(active);
                    self.add_status_row(profile, provider, opened.status_row);
                }
                Err(failure) => failures.push((provider.uid, failure)),
            }
        }
        failures
    }

    pub(super) fn add_status_row(&self, profile: &Profile, provider: &Provider, columns: Vec<Property>) {
        let profile = self.with_roles(profile);
        let current = profile.provider(provider.uid).unwrap_or(provider);
        if let Err(failure) = self.status.provider_started(current, columns) {
            self.log(LogLevel::Warn, &format!("the status row of {} is missing: {}", provider.display_name(), failure.brief()));
        }
    }
}

/// Opens a provider for writing, or for reading if that is all there is: one backend object serves every
/// reference of the session, and each reference is held to the access it asked for.
pub(super) fn as_granted<T: ?Sized>(
    logon: &ProviderLogon,
    open: impl Fn(&ProviderLogon) -> Result<Opened<T>>,
) -> Result<Opened<T>> {
    let writing = ProviderLogon { write: true, ..logon.clone() };
    match open(&writing) {
        Err(failure) if failure.code() == Code::NoAccess => open(&ProviderLogon { write: false, ..writing }),
        result => result,
    }
}
