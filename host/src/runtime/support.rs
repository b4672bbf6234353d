//! What a provider gets of the engine: its support object (`session` 10).
//!
//! A backend that wants one asks for it when it is opened ([`crate::Opened::with_support`]). The engine cannot be
//! entered while it waits for that backend, so the session is to be used from tasks of the backend's own; during one
//! of its calls everything is `MAPI_E_BUSY`, and so nothing ever waits for itself.

use crate::runtime::subsystem::Shared;
use crate::runtime::world::exports::mapi::session::sessions as wit;
use crate::runtime::{Session, Subsystem, flags};
use mapi_engine::backend::{Effect, ProviderKind};
use mapi_engine::entry_id::{OneOff, WrappedStoreId};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{Guid, PropTag, Property};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// Where a subsystem is found once it is there.
pub(crate) type Home = Arc<OnceLock<Weak<Shared>>>;

/// How many calls of the engine a provider is in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occupied(Arc<AtomicU32>);

impl Occupied {
    /// The provider is in a call until the guard goes.
    pub(crate) fn enter(&self) -> InCall {
        self.0.fetch_add(1, Ordering::Relaxed);
        InCall(Arc::clone(&self.0))
    }

    /// # Errors
    /// `MAPI_E_BUSY` during a call of the provider.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        Err(Failure::new(
            Code::Busy,
            "the session waits for this provider and cannot be used by it meanwhile; use it later, from a task of its own",
        ))
    }
}

/// A call of a provider under way.
pub(crate) struct InCall(Arc<AtomicU32>);

impl Drop for InCall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a provider has reported through its support object and the engine has not asked for yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<Effect>>>);

impl Reports {
    fn lock(&self) -> MutexGuard<'_, Vec<Effect>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut self.lock())
    }
}

/// The provider a support object is of.
pub(crate) struct Connected {
    pub(crate) occupied: Occupied,
    pub(crate) reports: Reports,
    /// `PR_PROVIDER_DLL_NAME`.
    pub(crate) backend: String,
    /// Its profile section, as it was handed over at the logon.
    pub(crate) configuration: Vec<Property>,
}

/// The support object of one logon of a provider (`IMAPISupport`, `IMAPIGetSession`). What reports something, or is
/// answered here, may be called at any time, during a call of the provider too; what is reported counts when that call
/// has returned, or at the next turn.
#[derive(Clone)]
pub struct Support {
    home: Home,
    opening: u64,
    kind: ProviderKind,
    occupied: Occupied,
    reports: Reports,
    backend: Arc<str>,
    section: Arc<Mutex<Vec<Property>>>,
}

impl Support {
    pub(crate) fn new(home: Home, opening: u64, kind: ProviderKind, connected: Connected) -> Self {
        let Connected { occupied, reports, backend, configuration } = connected;
        let section = Arc::new(Mutex::new(configuration));
        Self { home, opening, kind, occupied, reports, backend: backend.into(), section }
    }

    fn report(&self, effect: Effect) {
        self.reports.lock().push(effect);
        if let Some(shared) = self.home.get().and_then(Weak::upgrade) {
            Subsystem::of(shared).reported();
        }
    }

    /// `ModifyStatusRow` (`status` 3): adds a row, or with `STATUSROW_UPDATE` merges columns into one there is.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` without columns.
    pub fn modify_status_row(&self, columns: Vec<Property>, flags: flags::ModifyStatusRowFlags) -> Result<()> {
        if columns.is_empty() {
            return Err(Failure::invalid("columns", "ModifyStatusRow needs columns"));
        }
        self.report(Effect::StatusRow { columns, update: flags.contains(flags::ModifyStatusRowFlags::STATUSROW_UPDATE) });
        Ok(())
    }

    /// `ModifyProfile` (`session` 6.3): the store is to stay in the profile; with `temporary` (`MDB_TEMPORARY`) nothing is
    /// done.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a provider that is no message store.
    pub fn modify_profile(&self, temporary: bool) -> Result<()> {
        self.check_store()?;
        if !temporary {
            self.report(Effect::ModifyProfile);
        }
        Ok(())
    }

    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for a provider that is no message store.
    fn check_store(&self) -> Result<()> {
        if self.kind == ProviderKind::Store {
            return Ok(());
        }
        Err(Failure::new(Code::NoSupport, "only the support object of a message store can do that"))
    }

    fn section(&self) -> MutexGuard<'_, Vec<Property>> {
        self.section.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `OpenProfileSection` without a key: the provider's own section, protected properties included, as it was at the
    /// logon, with what was written through this support object since.
    #[must_use]
    pub fn profile_section(&self) -> Vec<Property> {
        self.section().clone()
    }

    /// Writes to the provider's own section. Properties the engine keeps itself are left out.
    pub fn write_profile_section(&self, set: Vec<Property>, delete: Vec<PropTag>) {
        let mut section = self.section();
        let goes = |tag: PropTag| delete.iter().chain(set.iter().map(|property| &property.tag)).any(|gone| gone.id() == tag.id());
        section.retain(|property| !goes(property.tag));
        section.extend(set.iter().cloned());
        drop(section);
        self.report(Effect::Section { set, delete });
    }

    /// `NewUID`: an identifier that nobody else has.
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_RESOURCES` when the system gives no random bytes.
    pub fn new_uid(&self) -> Result<Guid> {
        let mut uid = Guid::default();
        getrandom::fill(&mut uid.0)
            .map_err(|error| Failure::new(Code::NotEnoughResources, format!("the system gives no random bytes: {error}")))?;
        Ok(uid)
    }

    /// `WrapStoreEntryID`: the identifier by which everybody opens the store with that private one.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a private identifier that is empty or too long.
    pub fn wrap_store_entry_id(&self, private: &[u8]) -> Result<Vec<u8>> {
        let wrapped = WrappedStoreId::new(&self.backend, private).filter(|_| !private.is_empty());
        wrapped
            .map(|id| id.to_bytes())
            .ok_or_else(|| Failure::invalid("entry-id", "a store has a private identifier of its own, not an empty one"))
    }

    /// `CreateOneOff`: the identifier of a recipient that no address book has.
    #[must_use]
    pub fn create_one_off(&self, name: &str, address_type: &str, address: &str) -> Vec<u8> {
        OneOff::new(name, address_type, address).to_bytes()
    }

    /// `GetMAPISession`: the session that logged the provider on, as a handle of the provider's own. It does not keep
    /// the session alive, and cannot log it off; its last error and its subscriptions are not the clients'.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` during a call of the provider; `MAPI_E_INVALID_OBJECT` once the session has ended.
    pub async fn get_mapi_session(&self) -> Result<Session> {
        let shared = self.home.get().and_then(Weak::upgrade);
        let shared = shared.ok_or_else(|| Failure::new(Code::InvalidObject, "the subsystem has ended"))?;
        let subsystem = Subsystem::of_provider(shared, self.occupied.clone());
        let opening = self.opening;
        let session: wit::Session = call!(subsystem, "IMAPIGetSession::GetMAPISession", |live| {
            live.world.mapi_session_sessions().call_session_of_provider(&mut live.store, opening).await
        })?;
        Ok(Session::new(subsystem.hold(session)))
    }
}

impl core::fmt::Debug for Support {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Support").field("opening", &self.opening).finish_non_exhaustive()
    }
}
