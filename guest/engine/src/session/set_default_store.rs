//! SetDefaultStore: the roles a store may have in a profile (`session` 6.13).

use super::handle::Handle;
use super::providers::LogonWish;
use super::shared::SharedSession;
use super::store_table;
use crate::backend::{LogLevel, ProviderKind};
use crate::entry_id::EntryId;
use crate::error::{Code, Failure, Result};
use crate::profiles::{Profile, Provider, provider_flags};
use crate::properties::Guid;
use crate::stores::{support_mask, support_mask_of};
use std::borrow::Cow;

/// The values of `SetDefaultStore`: an enumeration, not bits.
pub mod store_roles {
    #![expect(missing_docs, reason = "named and explained by `session` 6.13")]
    pub const MAPI_DEFAULT_STORE: u32 = 0x1;
    pub const MAPI_SIMPLE_STORE_TEMPORARY: u32 = 0x2;
    pub const MAPI_SIMPLE_STORE_PERMANENT: u32 = 0x3;
    pub const MAPI_PRIMARY_STORE: u32 = 0x4;
    pub const MAPI_SECONDARY_STORE: u32 = 0x5;
}

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Mail arrives in it and goes out through it.
    Default,
    /// The one of the simple interface, for this session only.
    SimpleTemporary,
    SimplePermanent,
    /// Clients are to make it the default at their next logon.
    Primary,
    Secondary,
}

impl Role {
    fn parse(value: u32) -> Result<Self> {
        Ok(match value {
            store_roles::MAPI_DEFAULT_STORE => Self::Default,
            store_roles::MAPI_SIMPLE_STORE_TEMPORARY => Self::SimpleTemporary,
            store_roles::MAPI_SIMPLE_STORE_PERMANENT => Self::SimplePermanent,
            store_roles::MAPI_PRIMARY_STORE => Self::Primary,
            store_roles::MAPI_SECONDARY_STORE => Self::Secondary,
            _ => {
                let text = "SetDefaultStore gives exactly one role, by a value from 1 to 5.";
                return Err(Failure::new(Code::UnknownFlags, text).with_argument("flags"));
            }
        })
    }

    /// Its `STATUS_*` bit.
    const fn bit(self) -> u32 {
        match self {
            Self::Default => provider_flags::DEFAULT_STORE,
            Self::SimpleTemporary | Self::SimplePermanent => provider_flags::SIMPLE_STORE,
            Self::Primary => provider_flags::PRIMARY_STORE,
            Self::Secondary => provider_flags::SECONDARY_STORE,
        }
    }
}

/// Who has the role of the simple interface in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum SimpleStore {
    /// Whoever the profile says.
    #[default]
    OfProfile,
    /// That store, or none, until the session ends.
    Temporary(Option<Guid>),
}

impl Handle {
    pub(super) fn set_default_store(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()> {
        self.alive.check()?;
        let role = Role::parse(flags)?;
        let profile = self.shared.load_profile()?;
        let store = match entry_id.filter(|entry_id| !entry_id.is_empty()) {
            None => None,
            Some(entry_id) => Some(store_of(&profile, entry_id)?),
        };
        let holder = store.map(|store| store.uid);
        if role == Role::SimpleTemporary {
            return self.shared.set_simple_store(&profile, SimpleStore::Temporary(holder));
        }
        if let (Role::Default, Some(store)) = (role, store)
            && !store.has(provider_flags::DEFAULT_STORE)
        {
            self.check_may_be_default(&profile, store)?;
        }
        if role == Role::SimplePermanent {
            self.shared.simple_store.set(SimpleStore::OfProfile);
        }
        self.shared.profiles().update(self.shared.profile(), |profile| {
            if holder.is_some_and(|uid| profile.provider(uid).is_none()) {
                return Err(not_in_profile());
            }
            profile.give_store_role(role.bit(), holder);
            Ok(())
        })?;
        // A role that the profile had given already may have been hidden by a temporary one.
        self.shared.show_roles(&self.shared.load_profile()?);
        Ok(())
    }

    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a store that mail cannot arrive in or go out from; what opening it said.
    fn check_may_be_default(&self, profile: &Profile, store: &Provider) -> Result<()> {
        const NEEDED: u32 = support_mask::SUBMIT_OK | support_mask::CREATE_OK | support_mask::MODIFY_OK;
        let refused = || {
            Failure::new(
                Code::NoSupport,
                "This store cannot be the default: messages can be neither sent from it nor put into it.",
            )
            .with_argument("entry-id")
        };
        if store.has(provider_flags::NO_DEFAULT_STORE) {
            return Err(refused());
        }
        let (open, _) = self.shared.start_store(profile, store, LogonWish::SILENT)?;
        let mask = support_mask_of(&open.connection.identity().capabilities, open.connection.writable());
        if mask & NEEDED == NEEDED { Ok(()) } else { Err(refused()) }
    }
}

/// The store of the profile an identifier names.
fn store_of<'a>(profile: &'a Profile, entry_id: &[u8]) -> Result<&'a Provider> {
    match EntryId::parse(entry_id)? {
        EntryId::Store(id) => profile.providers_of(ProviderKind::Store).find(|store| store_table::names(store, &id)),
        _ => None,
    }
    .ok_or_else(not_in_profile)
}

fn not_in_profile() -> Failure {
    Failure::not_found("The profile has no such message store; take the identifier from the message stores table.")
        .with_argument("entry-id")
}

impl SharedSession {
    fn set_simple_store(&self, profile: &Profile, store: SimpleStore) -> Result<()> {
        self.simple_store.set(store);
        self.show_roles(profile);
        Ok(())
    }

    /// The profile with the roles its stores have in this session.
    pub(super) fn with_roles<'a>(&self, profile: &'a Profile) -> Cow<'a, Profile> {
        match self.simple_store.get() {
            SimpleStore::OfProfile => Cow::Borrowed(profile),
            SimpleStore::Temporary(holder) => {
                let mut shown = profile.clone();
                shown.give_store_role(provider_flags::SIMPLE_STORE, holder);
                Cow::Owned(shown)
            }
        }
    }

    /// Shows the roles of providers in the store table and the status table; rows that have them already raise no
    /// event.
    pub(super) fn show_roles(&self, profile: &Profile) {
        let profile = self.with_roles(profile);
        let failed = |failure: Failure| {
            self.log(LogLevel::Warn, &format!("the roles of providers could not be shown: {}", failure.brief()));
        };
        self.store_rows.show(&profile).unwrap_or_else(failed);
        self.status.profile_changed(&profile).unwrap_or_else(failed);
    }

    /// Another store, or none, is the default from now on: new mail work uses it. What is in progress ends where
    /// it began, since the old one stays open.
    pub(super) fn default_store_changed(&self, store: Option<Guid>) {
        if self.default_store.replace(store) != store {
            self.restart_mail();
        }
    }
}
