//! What providers report on their own, applied in order (`session` 10.1): after their logon and after calls of their
//! status objects at once, otherwise at the next turn or dispatch.

use super::shared::{OpenStore, SharedSession};
use crate::backend::{Effect, LogLevel};
use crate::error::{Failure, Result};
use crate::profiles::{PROTECTED, Profile, Provider, provider_flags};
use crate::properties::{Guid, PropTag, Property};
use std::rc::Rc;

/// The section of a store that is not in the profile; gone with the session, unless the store asks for more.
pub(super) struct Temporary {
    pub(super) provider: Provider,
    /// Protected values it keeps: a profile has them stored elsewhere.
    secrets: Vec<Property>,
}

impl Temporary {
    pub(super) const fn new(provider: Provider) -> Self {
        Self { provider, secrets: Vec::new() }
    }

    pub(super) fn keep(&mut self, set: &[Property], delete: &[PropTag]) {
        for tag in delete {
            self.provider.properties.remove(*tag);
            self.secrets.retain(|secret| secret.tag.id() != tag.id());
        }
        for property in set.iter().filter(|property| Profile::is_providers_to_keep(property.tag)) {
            self.provider.properties.set(property.clone());
            if PROTECTED.contains(&property.tag.id()) {
                self.secrets.retain(|secret| secret.tag.id() != property.tag.id());
                self.secrets.push(property.clone());
            }
        }
    }
}

impl SharedSession {
    /// Takes in what stores and address books have reported meanwhile.
    pub(super) fn take_effects(&self) {
        for store in self.open_stores() {
            self.take_effects_of_store(&store);
        }
        for book in self.address_books.all() {
            self.apply_effects(book.section(), book.backend().effects());
        }
    }

    pub(super) fn take_effects_of_store(&self, store: &Rc<OpenStore>) {
        self.apply_effects(store.section, store.connection.backend().effects());
    }

    /// Applies what the provider of that section has reported. What cannot be applied does not hinder what follows.
    pub(super) fn apply_effects(&self, section: Guid, effects: Vec<Effect>) {
        for effect in effects {
            if let Err(failure) = self.apply(section, effect) {
                self.log(LogLevel::Warn, &format!("what a provider reported could not be applied: {}", failure.brief()));
            }
        }
    }

    fn apply(&self, section: Guid, effect: Effect) -> Result<()> {
        match effect {
            Effect::StatusRow { columns, .. } if columns.is_empty() => {
                Err(Failure::invalid("columns", "ModifyStatusRow needs columns."))
            }
            Effect::StatusRow { columns, update } => {
                if update && self.status.has_row(section) {
                    return self.status.provider_changed(section, columns);
                }
                let profile = self.load_profile()?;
                match self.section_of(&profile, section) {
                    Some(provider) => self.status.provider_started(&provider, columns),
                    // Deleted meanwhile: its rows stay as they are until it is logged off.
                    None => Ok(()),
                }
            }
            Effect::Section { set, delete } => self.write_section(section, &set, &delete),
            Effect::ModifyProfile => self.make_permanent(section),
        }
    }

    /// The section of a provider with the roles it has in this session.
    fn section_of(&self, profile: &Profile, section: Guid) -> Option<Provider> {
        let known = self.with_roles(profile).provider(section).cloned();
        let temporary = || self.temporary.borrow().iter().map(|known| &known.provider).find(|p| p.uid == section).cloned();
        known.or_else(temporary)
    }

    fn write_section(&self, section: Guid, set: &[Property], delete: &[PropTag]) -> Result<()> {
        if let Some(known) = self.temporary.borrow_mut().iter_mut().find(|known| known.provider.uid == section) {
            known.keep(set, delete);
            return Ok(());
        }
        self.profiles().refresh_section(self.profile(), section, set, delete)
    }

    /// `ModifyProfile` (`session` 6.3): the section of a store that was opened by a constructed identifier becomes one of
    /// the profile, without a service. Nothing happens while every client wants the store for a while only.
    fn make_permanent(&self, section: Guid) -> Result<()> {
        let may_stay = self.open_stores().iter().any(|store| store.section == section && store.may_stay.get());
        let taken = {
            let mut temporary = self.temporary.borrow_mut();
            let at = temporary.iter().position(|known| known.provider.uid == section);
            at.filter(|_| may_stay).map(|at| temporary.remove(at))
        };
        let Some(kept) = taken else { return Ok(()) };
        let provider = Provider { flags: kept.provider.flags & !provider_flags::TEMP_SECTION, ..kept.provider.clone() };
        let added = self.profiles().add_provider(self.profile(), &provider, &kept.secrets);
        if added.is_err() {
            // It is temporary still, and may ask again.
            self.temporary.borrow_mut().push(kept);
        }
        added
    }
}
