//! The subsystem: what one process with MAPI loaded is elsewhere (`session` 1, 2.2).

use super::Alive;
use super::configuration::Installed;
use super::handle::{Handle, Session};
use super::logon::{LogonMode, choose_profile, refused};
use super::provider_session::{self, Openings};
use super::shared::SharedSession;
use super::turn::{self, Budget, Work};
use crate::backend::{Environment, Host, LogLevel, Presenter};
use crate::error::{Code, Failure, Result, check_flags, check_reserved};
use crate::notifications::{Dispatched, Notifications};
use crate::profiles::{ProfAdmin, Profiles};
use crate::properties::Guid;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

/// `MAPI_MULTITHREAD_NOTIFICATIONS`.
pub const MAPI_MULTITHREAD_NOTIFICATIONS: u32 = 0x1;
/// `MAPI_NO_COINIT`.
pub const MAPI_NO_COINIT: u32 = 0x8;
/// `MAPI_NT_SERVICE`, of `MAPIInitialize`.
pub const MAPI_NT_SERVICE: u32 = 0x1_0000;

/// Client handles one subsystem holds at most.
const HANDLE_LIMIT: usize = 1024;

/// MAPIINIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct InitializeOptions {
    /// Must be 0.
    pub version: u32,
    /// `MAPI_MULTITHREAD_NOTIFICATIONS`, `MAPI_NO_COINIT`, `MAPI_NT_SERVICE`.
    pub flags: u32,
}

/// What all sessions of a subsystem share.
pub(super) struct Parts {
    pub(super) host: Rc<dyn Host>,
    pub(super) presenter: Rc<dyn Presenter>,
    /// Whether the host shows any user interface; asked once.
    offers_ui: OnceCell<bool>,
    pub(super) profiles: Rc<Profiles>,
    pub(super) environment: Environment,
    /// The shared session later logons join.
    published: RefCell<Weak<SharedSession>>,
    handles: RefCell<Vec<Weak<Handle>>>,
    /// The queues of all client handles.
    pub(super) notifications: Notifications,
    /// The sessions of providers.
    pub(super) openings: Openings,
    /// The backends there are.
    pub(super) installed: Installed,
    /// The last token of a form.
    last_token: Cell<u64>,
}

impl Parts {
    /// A token of a form: never 0, and none is given twice.
    pub(super) fn next_token(&self) -> u64 {
        let token = self.last_token.get().wrapping_add(1);
        self.last_token.set(token);
        token
    }

    /// Whether the host shows any user interface.
    pub(super) fn offers_ui(&self) -> bool {
        *self.offers_ui.get_or_init(|| self.presenter.offers_ui())
    }

    /// Counts a new handle among the others.
    pub(super) fn keep(&self, handle: &Rc<Handle>) {
        self.handles.borrow_mut().push(Rc::downgrade(handle));
    }

    /// The published session, if it still has clients.
    pub(super) fn published(&self) -> Option<Rc<SharedSession>> {
        self.published.borrow().upgrade().filter(|session| session.is_live())
    }

    /// Withdraws a session from publication, if it is the published one.
    pub(super) fn withdraw(&self, session: &Rc<SharedSession>) {
        let mut published = self.published.borrow_mut();
        if published.upgrade().is_some_and(|known| Rc::ptr_eq(&known, session)) {
            *published = Weak::new();
        }
    }

    /// Forgets handles that are gone and gives those that are not.
    fn live_handles(&self) -> Vec<Rc<Handle>> {
        let mut handles = self.handles.borrow_mut();
        handles.retain(|handle| handle.upgrade().is_some_and(|handle| handle.alive.is_alive()));
        handles.iter().filter_map(Weak::upgrade).collect()
    }

    /// The client handles of a session.
    pub(super) fn handles_of(&self, session: &Rc<SharedSession>) -> Vec<Rc<Handle>> {
        let mut handles = self.live_handles();
        handles.retain(|handle| Rc::ptr_eq(&handle.shared, session));
        handles
    }

    /// The sessions that have clients, each once.
    fn sessions(&self) -> Vec<Rc<SharedSession>> {
        let mut sessions: Vec<Rc<SharedSession>> = Vec::new();
        for handle in self.live_handles() {
            if !sessions.iter().any(|known| Rc::ptr_eq(known, &handle.shared)) {
                sessions.push(Rc::clone(&handle.shared));
            }
        }
        sessions
    }

    /// Takes in what stores report as changed (`own`: by ourselves), and lets tables tell what follows.
    fn take_in(&self, own: bool) -> Work {
        let sessions = self.sessions();
        sessions.iter().for_each(|session| session.take_effects());
        let work = sessions.iter().fold(Work::default(), |work, session| work.and(turn::take_in_feeds(session, own)));
        if let Err(failure) = self.notifications.take_in() {
            self.environment.log.log(LogLevel::Warn, &format!("a table could not take in changes: {}", failure.brief()));
        }
        work
    }
}

/// One subsystem.
pub struct Subsystem {
    parts: Rc<Parts>,
    initialised: Cell<u32>,
    service: Cell<bool>,
    /// Lives from the first initialise to the last uninitialise.
    alive: RefCell<Alive>,
}

impl Subsystem {
    /// A subsystem that may touch what this host grants, and nothing else.
    #[must_use]
    pub fn new(host: Rc<dyn Host>) -> Self {
        let parts = Parts {
            profiles: Profiles::new(&*host),
            environment: Environment::of(&*host),
            presenter: host.presenter(),
            offers_ui: OnceCell::new(),
            host,
            published: RefCell::default(),
            handles: RefCell::default(),
            notifications: Notifications::default(),
            openings: Openings::default(),
            installed: Installed::default(),
            last_token: Cell::new(0),
        };
        Self { parts: Rc::new(parts), initialised: Cell::new(0), service: Cell::new(false), alive: RefCell::default() }
    }

    /// `MAPIInitialize`. Calls nest; only the first sets the mode.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a version other than 0, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn initialize(&self, options: Option<InitializeOptions>) -> Result<()> {
        let options = options.unwrap_or_default();
        if options.version != 0 {
            return Err(Failure::invalid("version", "The version of the initialisation options must be 0."));
        }
        check_flags(options.flags, MAPI_MULTITHREAD_NOTIFICATIONS | MAPI_NO_COINIT | MAPI_NT_SERVICE)?;
        if self.initialised.get() == 0 {
            self.service.set(options.flags & MAPI_NT_SERVICE != 0);
            self.alive.replace(Alive::new());
        }
        self.initialised.set(self.initialised.get().saturating_add(1));
        Ok(())
    }

    /// `MAPIUninitialize`. The last one logs every remaining handle off; a surplus one does nothing.
    pub fn uninitialize(&self) {
        match self.initialised.get() {
            0 => {}
            1 => {
                self.initialised.set(0);
                for handle in self.parts.live_handles() {
                    handle.end(false);
                }
                self.alive.borrow().end();
                self.parts.notifications.clear();
            }
            count => self.initialised.set(count - 1),
        }
    }

    fn check_initialised(&self) -> Result<()> {
        if self.initialised.get() > 0 {
            return Ok(());
        }
        Err(Failure::new(Code::NotInitialized, "The subsystem is not initialised; call initialize first."))
    }

    /// `MAPILogonEx`. A failed logon leaves no session; what is known of the failure is in the failure.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_PARAMETER`; `MAPI_E_LOGON_FAILED`
    /// for a profile that cannot be had, a password, or too many sessions; `MAPI_E_USER_CANCEL` when a person does not
    /// choose a profile, or does not configure a service.
    pub fn logon_ex(&self, ui: u64, profile: Option<&str>, password: Option<&str>, flags: u32) -> Result<Session> {
        self.check_initialised()?;
        let mode = LogonMode::parse(flags, self.service.get(), || self.parts.offers_ui())?;
        if self.parts.live_handles().len() >= HANDLE_LIMIT {
            return Err(refused(format!("{HANDLE_LIMIT} sessions are open; log one off first.")));
        }
        let joined = if mode.new_session { None } else { self.parts.published() };
        let is_new = joined.is_none();
        let shared = match joined {
            Some(shared) => shared,
            None => {
                let whom = (&*self.parts.presenter, ui);
                let name = choose_profile(&self.parts.profiles, (profile, password), mode, whom)?;
                let (shared, mut profile) = SharedSession::open(&self.parts, &name, mode.background)?;
                if mode.configure_services {
                    shared.configure_services(ui)?;
                    profile = shared.load_profile()?;
                }
                shared.verify_configuration(&profile, mode.may_prompt, ui)?;
                if mode.allow_others {
                    *self.parts.published.borrow_mut() = Rc::downgrade(&shared);
                }
                shared
            }
        };
        let handle = Handle::new(Rc::clone(&self.parts), shared, mode);
        self.parts.keep(&handle);
        // Whoever joins takes the session as it is.
        if is_new && mode.force_download {
            handle.force_download();
        }
        Ok(Session::new(handle))
    }

    /// `IMAPIGetSession::GetMAPISession` (`session` 10.2): the session that opened a provider, as a handle of the
    /// provider's own, which does not keep the session alive. `opening` is the number the host gave the opening
    /// ([`Host::last_opening`]).
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`; `MAPI_E_INVALID_OBJECT` once the session has ended.
    pub fn session_of_provider(&self, opening: u64) -> Result<Session> {
        self.check_initialised()?;
        provider_session::of_provider(&self.parts, opening)
    }

    /// `MAPIAdminProfiles`: administration of profiles, without a session.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`; `MAPI_E_INVALID_PARAMETER` for flags other than 0.
    pub fn admin_profiles(&self, flags: u32) -> Result<ProfAdmin> {
        self.check_initialised()?;
        check_reserved(flags)?;
        Ok(ProfAdmin::new(Rc::clone(&self.parts.profiles), self.alive.borrow().derive()))
    }

    /// `DispatchNotifications` (`session` 8.4): what is due, up to so many events (0: all), for every client handle.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`; `MAPI_E_INVALID_PARAMETER` for flags other than 0.
    pub fn dispatch_notifications(&self, flags: u32, max: u32) -> Result<Dispatched> {
        self.check_initialised()?;
        check_reserved(flags)?;
        let work = self.parts.take_in(false);
        self.parts.notifications.slice();
        let dispatched = self.parts.notifications.take(max);
        Ok(Dispatched { more: dispatched.more || work.more, ..dispatched })
    }

    /// The host says that the store of that profile section has changed, or that it will say so from now on.
    /// A store of which the host never says it is asked again and again. An unknown one is no error: it may
    /// have been closed meanwhile.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`.
    pub fn changed(&self, provider: Guid) -> Result<()> {
        self.check_initialised()?;
        let stores = self.parts.sessions().into_iter().flat_map(|session| session.open_stores());
        stores.filter(|store| store.section == provider).for_each(|store| store.is_signalled.set(true));
        Ok(())
    }

    /// A turn: does waiting work for up to that many microseconds.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`.
    pub fn pump(&self, budget_us: u64) -> Result<Work> {
        self.check_initialised()?;
        let budget = Budget::new(&self.parts.environment, budget_us);
        let work = self.parts.take_in(false).and(turn::take(&self.parts.sessions(), &budget));
        let sliced = Work { more: self.parts.notifications.slice(), ..Work::default() };
        // What the work changed is to be told now, not at the next turn.
        let work = work.and(sliced).and(self.parts.take_in(true));
        Ok(Work { notifications: self.parts.notifications.due(), ..work })
    }
}

impl Drop for Subsystem {
    fn drop(&mut self) {
        self.initialised.set(self.initialised.get().min(1));
        self.uninitialize();
    }
}
