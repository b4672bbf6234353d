//! What the methods of status objects do to the providers of a session (`status` 2, 4).

use super::handle::Handle;
use super::shared::{Barred, OpenStore, SharedSession};
use crate::address_book::BookConnection;
use crate::backend::ProviderKind;
use crate::entry_id::StatusEntryId;
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};
use crate::spooler::ActiveTransport;
use crate::status::{Resource, STATUS_VALIDATE_STATE, flush_flags, validate_flags};
use std::rc::Rc;

/// Nanoseconds a flush inside a client's call takes at most.
const FLUSH_TIME: u64 = 300 * 1_000_000_000;

/// The first failure of several calls that are all made.
#[derive(Default)]
struct First(Option<Failure>);

impl First {
    fn note(&mut self, done: Result<()>) {
        if let Err(failure) = done {
            self.0.get_or_insert(failure);
        }
    }

    fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// The provider behind a status object.
enum Answering {
    Transport(Rc<ActiveTransport>),
    Store(Rc<OpenStore>),
    Book(Rc<BookConnection>),
}

impl Handle {
    /// `ValidateState` of a row.
    pub(super) fn validate(&self, resource: Resource, flags: u32) -> Result<()> {
        match resource {
            Resource::Subsystem => self.validate_all(flags),
            Resource::Spooler if self.no_mail => {
                Err(Failure::new(Code::NoSupport, "A session without mail has no spooler to validate."))
            }
            Resource::Spooler => self.shared.validate_spooler(flags, self.may_prompt),
            Resource::AddressBook => self.address_book().validate(|| {
                let profile = self.shared.load_profile()?;
                self.shared.start_address_books(&profile, self.may_prompt);
                Ok(profile.providers_of(ProviderKind::AddressBook).map(|provider| provider.uid).collect())
            }),
            Resource::Transport(section) => self.shared.validate_transport(section, flags),
            Resource::Provider(section) => {
                let provider = self.provider_of(resource)?;
                let validated = match &provider {
                    Answering::Transport(_) => return self.shared.validate_transport(section, flags),
                    Answering::Store(store) => store.connection.backend().validate(flags),
                    Answering::Book(book) => book.backend().validate(flags),
                };
                self.take_reports_of(&provider);
                validated
            }
        }
    }

    /// `SetProps` of a provider's row: what it did not take. What it takes is in the row, until it says otherwise.
    pub(super) fn set_status_properties(
        &self,
        resource: Resource,
        id: StatusEntryId,
        values: Vec<Property>,
    ) -> Result<Vec<(PropTag, Code)>> {
        let provider = self.provider_of(resource)?;
        let answer = match &provider {
            Answering::Transport(transport) => transport.provider.set_status_properties(&values),
            Answering::Store(store) => store.connection.backend().set_status_properties(&values),
            Answering::Book(book) => book.backend().set_status_properties(&values),
        };
        let shown = answer.and_then(|refused| {
            let is_taken = |value: &Property| refused.iter().all(|(tag, _)| tag.id() != value.tag.id());
            self.shared.status.object_changed(id, values.into_iter().filter(is_taken).collect())?;
            Ok(refused)
        });
        self.take_reports_of(&provider);
        shown
    }

    /// Takes in what a provider says beside its answer.
    fn take_reports_of(&self, provider: &Answering) {
        match provider {
            Answering::Transport(transport) => {
                self.shared.with_spooler(|spooler, around| spooler.take_notices(around, transport));
            }
            Answering::Store(_) | Answering::Book(_) => self.shared.take_effects(),
        }
    }

    /// `SettingsDialog` of a row.
    pub(super) fn show_settings(&self, resource: Resource, ui: u64, flags: u32) -> Result<()> {
        let provider = self.provider_of(resource)?;
        let shown = match &provider {
            Answering::Transport(transport) => transport.provider.settings_dialog(ui, flags),
            Answering::Store(store) => store.connection.backend().settings_dialog(ui, flags),
            Answering::Book(book) => book.backend().settings_dialog(ui, flags),
        };
        self.take_reports_of(&provider);
        shown
    }

    /// `ChangePassword` of a row.
    pub(super) fn change_password(&self, resource: Resource, old: &str, new: &str) -> Result<()> {
        let provider = self.provider_of(resource)?;
        let changed = match &provider {
            Answering::Transport(transport) => transport.provider.change_password(old, new),
            Answering::Store(store) => store.connection.backend().change_password(old, new),
            Answering::Book(book) => book.backend().change_password(old, new),
        };
        self.take_reports_of(&provider);
        changed
    }

    /// The provider of a row.
    fn provider_of(&self, resource: Resource) -> Result<Answering> {
        match resource {
            Resource::Subsystem | Resource::Spooler | Resource::AddressBook => {
                Err(Failure::new(Code::NoSupport, "The session's own status objects have no settings and no password."))
            }
            Resource::Transport(section) => Ok(Answering::Transport(self.shared.active_transport(section)?)),
            Resource::Provider(section) => {
                if let Some(store) = self.shared.open_stores().into_iter().find(|store| store.section == section) {
                    return Ok(Answering::Store(store));
                }
                let book = self.shared.address_books.by_section(section);
                book.map(Answering::Book).ok_or_else(|| Failure::not_found("The provider of this status object has logged off."))
            }
        }
    }

    /// All resources of the session; what does not support it does not matter.
    fn validate_all(&self, flags: u32) -> Result<()> {
        let mut first = First::default();
        for resource in self.shared.status.resources(self.no_mail) {
            let is_able = match resource {
                Resource::Subsystem => false,
                Resource::Transport(section) | Resource::Provider(section) => {
                    self.shared.status.provider_methods(section) & STATUS_VALIDATE_STATE != 0
                }
                Resource::Spooler | Resource::AddressBook => true,
            };
            if is_able {
                let done = self.validate(resource, flags);
                first.note(done.or_else(|failure| if failure.code() == Code::NoSupport { Ok(()) } else { Err(failure) }));
            }
        }
        first.finish()
    }

    /// `MAPI_FORCE_DOWNLOAD` (`session` 3 step 8): what fails is told by the last error and by the status rows, and
    /// does not fail the logon.
    pub(super) fn force_download(&self) {
        if let Err(failure) = self.shared.flush(None, flush_flags::DOWNLOAD | flush_flags::NO_UI | flush_flags::ASYNC_OK) {
            self.last_error.warn(failure.code(), crate::error::MapiError::of(&failure));
        }
    }
}

impl SharedSession {
    fn active_transport(&self, section: Guid) -> Result<Rc<ActiveTransport>> {
        let found = self.transports.borrow().iter().find(|active| active.section == section).cloned();
        found.ok_or_else(|| Failure::not_found("The transport has logged off."))
    }

    /// Every transport of the profile: those that are not there log on, the others are validated. The first
    /// failure in transport order.
    fn validate_spooler(&self, flags: u32, may_prompt: bool) -> Result<()> {
        let profile = self.load_profile()?;
        // Those that failed alone are tried again when somebody asks for it; those of disabled services are not.
        let is_transport = |section: &Guid| profile.transports().iter().any(|transport| transport.uid == *section);
        self.barred.borrow_mut().retain(|section, barred| matches!(barred, Barred::Service(_)) || !is_transport(section));
        let active: Vec<Guid> = self.transports.borrow().iter().map(|transport| transport.section).collect();
        let mut failed = self.start_transports(&profile, may_prompt);
        let mut first = First::default();
        for transport in profile.transports() {
            let at = failed.iter().position(|(section, _)| *section == transport.uid);
            match at {
                Some(at) => first.note(Err(failed.swap_remove(at).1)),
                None if active.contains(&transport.uid) => {
                    first.note(self.validate_transport(transport.uid, flags));
                    if flags & validate_flags::CONFIG_CHANGED != 0
                        && let Ok(transport) = self.active_transport(transport.uid)
                    {
                        transport.ask_identity();
                    }
                }
                None => {}
            }
        }
        self.spooler.wake();
        first.finish()
    }

    fn validate_transport(&self, section: Guid, flags: u32) -> Result<()> {
        let transport = self.active_transport(section)?;
        if transport.in_critical_section.get() {
            let text = format!("{} is at work; validate it again when it is done.", transport.name);
            return Err(Failure::new(Code::Busy, text).with_retry(true).from_provider(&transport.name, section));
        }
        let validated = transport.provider.validate(flags);
        self.with_spooler(|spooler, around| spooler.take_notices(around, &transport));
        validated
    }

    /// `FlushQueues` of a transport's object.
    pub(super) fn mark_flush(&self, section: Guid, flags: u32) -> Result<()> {
        let transport = self.active_transport(section)?;
        let begun = self.with_spooler(|spooler, around| spooler.begin_flush(around, &transport, flags));
        self.spooler.wake();
        begun
    }

    /// `FlushQueues` of the spooler's object, of one transport or of all.
    pub(super) fn flush(&self, target: Option<Guid>, flags: u32) -> Result<()> {
        self.start_mail();
        let mut first = First::default();
        let mut begun = Vec::new();
        let targets = match target {
            Some(section) => vec![section],
            None => self.load_profile()?.transports().iter().map(|transport| transport.uid).collect(),
        };
        for section in targets {
            // Of all transports those are meant that are active.
            match self.active_transport(section) {
                Err(failure) if target.is_some() => return Err(failure),
                Err(_) => {}
                Ok(transport) => match self
                    .with_spooler(|spooler, around| spooler.begin_flush(around, &transport, flags & !flush_flags::ASYNC_OK))
                {
                    Ok(()) => begun.push(section),
                    Err(failure) => first.note(Err(failure)),
                },
            }
        }
        self.spooler.wake();
        if flags & flush_flags::ASYNC_OK == 0 {
            first.note(self.finish_flushes(&begun));
        }
        first.finish()
    }

    /// Turns until these transports are flushed.
    fn finish_flushes(&self, sections: &[Guid]) -> Result<()> {
        let clock = Rc::clone(&self.environment().clock);
        let end = clock.monotonic().saturating_add(FLUSH_TIME);
        while self.spooler.is_flushing(sections) {
            if clock.monotonic() >= end {
                self.with_spooler(|spooler, around| spooler.end_flushes(around, sections));
                let text = "The queues could not be flushed in time; what was sent and received stays so.";
                return Err(Failure::new(Code::Timeout, text).with_retry(true));
            }
            self.with_spooler(|spooler, around| spooler.turn(around));
        }
        Ok(())
    }
}
