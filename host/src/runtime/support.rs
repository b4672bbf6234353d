//! What a provider gets of the engine: its support object (`session` 10).
//!
//! A backend that wants one asks for it when it is opened ([`crate::Opened::with_support`]). The engine cannot be
//! entered while it waits for that backend, so the session is to be used from tasks of the backend's own; during one
//! of its calls everything is `MAPI_E_BUSY`, and so nothing ever waits for itself.

use crate::runtime::subsystem::Shared;
use crate::runtime::world::exports::mapi::session::sessions as wit;
use crate::runtime::{Session, Subsystem};
use mapi_engine::error::{Code, Failure, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};

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

/// The support object of one logon of a provider (`IMAPISupport`, `IMAPIGetSession`).
#[derive(Clone)]
pub struct Support {
    home: Home,
    opening: u64,
    occupied: Occupied,
}

impl Support {
    pub(crate) const fn new(home: Home, opening: u64, occupied: Occupied) -> Self {
        Self { home, opening, occupied }
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
