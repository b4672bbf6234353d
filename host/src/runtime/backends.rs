//! What a subsystem is granted: stores, address books, transports, profiles, services.
//!
//! There is no ambient authority. A backend that is not here does not exist for the session, whatever its
//! profile says: a session that was given no transport cannot send.

use crate::runtime::Support;
use mapi_engine::backend::{
    AddressBook, Catalogue, LogLevel, Presenter, ProfileStorage, ProviderLogon, Store, Transport, Verdict,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::Property;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A store backend that may be used from any thread.
pub type SharedStore = dyn Store + Send + Sync;
/// An address book backend that may be used from any thread.
pub type SharedAddressBook = dyn AddressBook + Send + Sync;
/// A transport backend that may be used from any thread.
pub type SharedTransport = dyn Transport + Send + Sync;
/// A profile storage that may be used from any thread.
pub type SharedProfileStorage = dyn ProfileStorage + Send + Sync;
/// A service catalogue that may be used from any thread.
pub type SharedCatalogue = dyn Catalogue + Send + Sync;

/// A user interface that may be used from any thread.
pub type SharedPresenter = dyn Presenter + Send + Sync;

/// Begins to watch a store for commits, of this and of other processes, or a transport for what it has to tell:
/// the receiver is marked as changed after each, or after several. Called when somebody wants to be told; must not
/// wait.
pub type WatchChanges = Arc<dyn Fn() -> tokio::sync::watch::Receiver<u64> + Send + Sync>;

/// Takes the support object of a provider. Must not wait.
pub type WantsSupport = Box<dyn FnOnce(Support) + Send>;

/// An opened provider with what it reported while it was opened (`session` 10.1).
pub struct Opened<T: ?Sized> {
    /// The provider. Sessions that open the same store may be given the same one.
    pub provider: Arc<T>,
    /// Properties it wants written into its own profile section.
    pub section_changes: Vec<Property>,
    /// Columns of its status row, empty if it has none of its own.
    pub status_row: Vec<Property>,
    /// A warning of the logon: active, with this text as the session's last error.
    pub warning: Option<Failure>,
    /// Tells when a store has changed, or a transport has something to tell, such as new mail. Without it a
    /// session with subscriptions asks the store once a second, and a transport when it has something to do or
    /// wants to be polled.
    pub changes: Option<WatchChanges>,
    /// Is handed the support object of this logon, once it has succeeded.
    pub support: Option<WantsSupport>,
}

impl<T: ?Sized> Opened<T> {
    /// A provider that reported nothing.
    #[must_use]
    pub const fn new(provider: Arc<T>) -> Self {
        Self { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None, changes: None, support: None }
    }

    /// The provider, telling when it has changed.
    #[must_use]
    pub fn with_changes(mut self, watch: impl Fn() -> tokio::sync::watch::Receiver<u64> + Send + Sync + 'static) -> Self {
        self.changes = Some(Arc::new(watch));
        self
    }

    /// The provider, given its support object, by which it reaches the session that logs it on (`IMAPIGetSession`).
    #[must_use]
    pub fn with_support(mut self, take: impl FnOnce(Support) + Send + 'static) -> Self {
        self.support = Some(Box::new(take));
        self
    }
}

/// Where the calls of a backend run. A panic harms nothing else wherever that is; what differs is what a call
/// that stalls holds up meanwhile, and whether a deadline ([`crate::Limits`]) can end the wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Threading {
    /// Each call on a thread that may block: a stalled one holds up its own session only. Costs some ten
    /// microseconds a call.
    #[default]
    Blocking,
    /// Calls that read a bounded amount run where the session runs, long ones as above. For backends that
    /// never wait for a network or a person.
    Prompt,
    /// All calls run where the session runs, opening included; no deadline ends one. For backends that work in
    /// memory and wait for nothing at all.
    Immediate,
}

type Opener<T> = Arc<dyn Fn(&ProviderLogon, Option<&[u8]>) -> Result<Opened<T>> + Send + Sync>;

/// A registered backend.
pub(crate) struct Registered<T: ?Sized> {
    pub(crate) open: Opener<T>,
    pub(crate) threading: Threading,
}

impl<T: ?Sized> Clone for Registered<T> {
    fn clone(&self) -> Self {
        Self { open: Arc::clone(&self.open), threading: self.threading }
    }
}

/// A log sink.
pub(crate) type LogSink = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;
/// A progress display: done, total (0: unknown).
pub(crate) type ProgressSink = Arc<dyn Fn(u64, u64) -> Verdict + Send + Sync>;

/// What a subsystem is granted.
#[derive(Clone)]
pub struct Backends {
    pub(crate) stores: Arc<BTreeMap<String, Registered<SharedStore>>>,
    pub(crate) address_books: Arc<BTreeMap<String, Registered<SharedAddressBook>>>,
    pub(crate) transports: Arc<BTreeMap<String, Registered<SharedTransport>>>,
    pub(crate) profiles: Arc<SharedProfileStorage>,
    pub(crate) catalogue: Arc<SharedCatalogue>,
    /// Of the profile storage and the catalogue.
    pub(crate) profile_threading: Threading,
    pub(crate) log: Option<LogSink>,
    pub(crate) progress: Option<ProgressSink>,
    pub(crate) presenter: Option<Arc<SharedPresenter>>,
}

impl Backends {
    /// Profiles and services, and no provider yet.
    #[must_use]
    pub fn new(profiles: Arc<SharedProfileStorage>, catalogue: Arc<SharedCatalogue>) -> Self {
        Self {
            stores: Arc::default(),
            address_books: Arc::default(),
            transports: Arc::default(),
            profiles,
            catalogue,
            profile_threading: Threading::Prompt,
            log: None,
            progress: None,
            presenter: None,
        }
    }

    /// Says where calls of the profile storage and of the service catalogue run, which are
    /// [`Threading::Prompt`] otherwise. Those that may wait for a network or a person are to be
    /// [`Threading::Blocking`].
    #[must_use]
    pub const fn with_profile_threading(mut self, threading: Threading) -> Self {
        self.profile_threading = threading;
        self
    }

    /// Grants a kind of message store under the name its profile sections carry (`PR_PROVIDER_DLL_NAME`;
    /// ASCII case does not count). The opener is given the profile section and the store's private
    /// identifier, if it is opened by one.
    #[must_use]
    pub fn with_store<F>(mut self, name: &str, threading: Threading, open: F) -> Self
    where
        F: Fn(&ProviderLogon, Option<&[u8]>) -> Result<Opened<SharedStore>> + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.stores).insert(name.to_ascii_lowercase(), Registered { open: Arc::new(open), threading });
        self
    }

    /// Takes a kind of message store away.
    #[must_use]
    pub fn without_store(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.stores).remove(&name.to_ascii_lowercase());
        self
    }

    /// Has every store opened as is decided for it: with the logon that comes back, for example without write access, or
    /// not at all. The private identifier is that of a store no profile section names.
    #[must_use]
    pub fn with_stores_narrowed<F>(mut self, decide: F) -> Self
    where
        F: Fn(&ProviderLogon, Option<&[u8]>) -> Result<ProviderLogon> + Send + Sync + 'static,
    {
        let decide = Arc::new(decide);
        for store in Arc::make_mut(&mut self.stores).values_mut() {
            let (decide, open) = (Arc::clone(&decide), Arc::clone(&store.open));
            store.open = Arc::new(move |logon, entry| open(&decide(logon, entry)?, entry));
        }
        self
    }

    /// Takes all address books away.
    #[must_use]
    pub fn without_address_books(mut self) -> Self {
        self.address_books = Arc::default();
        self
    }

    /// Takes all transports away: such a session cannot send.
    #[must_use]
    pub fn without_transports(mut self) -> Self {
        self.transports = Arc::default();
        self
    }

    /// Exchanges the profile storage, given the one there was.
    #[must_use]
    pub fn with_profiles(mut self, exchange: impl FnOnce(Arc<SharedProfileStorage>) -> Arc<SharedProfileStorage>) -> Self {
        self.profiles = exchange(self.profiles);
        self
    }

    /// Grants a kind of address book under the name its profile sections carry.
    #[must_use]
    pub fn with_address_book<F>(mut self, name: &str, threading: Threading, open: F) -> Self
    where
        F: Fn(&ProviderLogon) -> Result<Opened<SharedAddressBook>> + Send + Sync + 'static,
    {
        let open = move |logon: &ProviderLogon, _: Option<&[u8]>| open(logon);
        Arc::make_mut(&mut self.address_books).insert(name.to_ascii_lowercase(), Registered { open: Arc::new(open), threading });
        self
    }

    /// Takes a kind of address book away.
    #[must_use]
    pub fn without_address_book(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.address_books).remove(&name.to_ascii_lowercase());
        self
    }

    /// Grants a kind of transport under the name its profile sections carry.
    #[must_use]
    pub fn with_transport<F>(mut self, name: &str, threading: Threading, open: F) -> Self
    where
        F: Fn(&ProviderLogon) -> Result<Opened<SharedTransport>> + Send + Sync + 'static,
    {
        let open = move |logon: &ProviderLogon, _: Option<&[u8]>| open(logon);
        Arc::make_mut(&mut self.transports).insert(name.to_ascii_lowercase(), Registered { open: Arc::new(open), threading });
        self
    }

    /// Takes a kind of transport away.
    #[must_use]
    pub fn without_transport(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.transports).remove(&name.to_ascii_lowercase());
        self
    }

    /// Also hands the engine's diagnostics to that function; `tracing` gets them in any case.
    #[must_use]
    pub fn with_log(mut self, log: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.log = Some(Arc::new(log));
        self
    }

    /// Shows the progress of long work, `done` of `total` items (0: unknown), and may cancel it. Called
    /// where the session runs: it must not wait.
    #[must_use]
    pub fn with_progress(mut self, progress: impl Fn(u64, u64) -> Verdict + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Grants a user interface. Each prompt is one call, on a thread that may block; the session waits for it as
    /// long as the person takes.
    #[must_use]
    pub fn with_presenter(mut self, presenter: Arc<SharedPresenter>) -> Self {
        self.presenter = Some(presenter);
        self
    }
}

impl core::fmt::Debug for Backends {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Backends")
            .field("stores", &self.stores.keys())
            .field("address_books", &self.address_books.keys())
            .field("transports", &self.transports.keys())
            .finish_non_exhaustive()
    }
}

/// Finds what a profile section names.
pub(crate) fn find<T: ?Sized>(backends: &BTreeMap<String, Registered<T>>, logon: &ProviderLogon) -> Result<Registered<T>> {
    backends.get(&logon.backend.to_ascii_lowercase()).cloned().ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            format!(
                "this host offers no backend named {:?}; remove the service from the profile or run it where the backend is",
                logon.backend
            ),
        )
    })
}
