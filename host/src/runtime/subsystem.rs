//! One instance of the component: what one process with MAPI loaded is elsewhere.

use crate::runtime::call::{CallId, Control};
use crate::runtime::convert::{self, Wire};
use crate::runtime::exports::Prepared;
use crate::runtime::limits::{self, Exceeded};
use crate::runtime::state::{HostState, enforce};
use crate::runtime::subscription::{Sinks, Source};
use crate::runtime::support::Occupied;
use crate::runtime::turns::Turns;
use crate::runtime::world;
use crate::runtime::world::exports::mapi::session::sessions as wit;
use crate::runtime::{Backends, Limits, LogonFailure, LogonOptions, ProfileAdmin, Session, Subscription, Work, flags};
use mapi_engine::error::{Code, Failure, Result};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;
use tracing::Instrument;
use wasmtime::Store;
use wasmtime::component::{Instance, ResourceAny};

/// A subsystem: sessions that share one instance of the component, and nothing with any other.
///
/// Cloning it makes another handle. Calls on one subsystem run one after the other, each in the task that
/// awaits it; a future that is dropped does not cancel its call, which ends in the background
/// ([`Subsystem::cancel`] does). The instance ends with the last handle and the last object.
#[derive(Clone)]
pub struct Subsystem {
    shared: Arc<Shared>,
    /// Of a handle a provider uses: whether the provider is in a call.
    provider: Option<Occupied>,
}

pub(crate) struct Shared {
    live: Arc<tokio::sync::Mutex<Live>>,
    control: Arc<Control>,
    limits: Arc<Limits>,
    /// Objects the client has dropped; the next call tells the component.
    dropped: Mutex<Vec<ResourceAny>>,
    /// Objects the client holds.
    handles: AtomicU32,
    turns: Arc<Turns>,
    sinks: Sinks,
    /// Held from fetching notifications until they are delivered, and while a registration gets its sink.
    delivery: tokio::sync::Mutex<()>,
    /// Whether notifications come by themselves (`MAPI_MULTITHREAD_NOTIFICATIONS`); the first initialise says.
    pushes: OnceLock<bool>,
    /// Where the component's monotonic clock begins.
    clock: Instant,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.turns.end();
        self.sinks.end();
    }
}

/// The instance, until something ends it.
enum Live {
    /// Nothing was called yet but `MAPIInitialize`.
    Fresh(Box<Fresh>),
    Running(Box<Running>),
    /// Why it was ended, for those who call nevertheless.
    Ended(String),
}

struct Fresh {
    store: Store<HostState>,
    instance: Instance,
    component: Arc<Prepared>,
}

impl Live {
    fn store(&mut self) -> Option<&mut Store<HostState>> {
        match self {
            Self::Fresh(fresh) => Some(&mut fresh.store),
            Self::Running(running) => Some(&mut running.store),
            Self::Ended(_) => None,
        }
    }
}

pub(crate) struct Running {
    pub(crate) store: Store<HostState>,
    pub(crate) world: world::Session,
    pub(crate) instance: Instance,
}

impl Subsystem {
    pub(crate) async fn instantiate(
        engine: &wasmtime::Engine,
        component: &Arc<Prepared>,
        backends: Backends,
        limits: Limits,
    ) -> Result<Self> {
        let (limits, control) = (Arc::new(limits), Arc::new(Control::default()));
        let turns = Arc::new(Turns::default());
        let mut store = Store::new(engine, HostState::new(backends, &limits, &control, &turns));
        let clock = store.data().started;
        let home = Arc::clone(&store.data().home);
        enforce(&mut store);
        store.set_epoch_deadline(1);
        let instance = component.instantiate(&mut store).await.map_err(|error| {
            Failure::new(Code::NotEnoughResources, format!("no subsystem can be opened (EngineOptions::subsystems): {error:#}"))
        })?;
        let live = Live::Fresh(Box::new(Fresh { store, instance, component: Arc::clone(component) }));
        let shared = Shared {
            live: Arc::new(tokio::sync::Mutex::new(live)),
            control,
            limits,
            dropped: Mutex::default(),
            handles: AtomicU32::new(0),
            turns,
            sinks: Sinks::default(),
            delivery: tokio::sync::Mutex::new(()),
            pushes: OnceLock::new(),
            clock,
        };
        let shared = Arc::new(shared);
        home.get_or_init(|| Arc::downgrade(&shared));
        Ok(Self { shared, provider: None })
    }

    /// The call that runs now.
    #[must_use]
    pub fn running(&self) -> Option<CallId> {
        self.shared.control.running()
    }

    /// Cancels the call that runs now, if it is that one (`None`: whichever it is); whether there was one.
    /// It ends with `MAPI_E_USER_CANCEL` as soon as it reports progress or needs a backend; when it has not
    /// ended after [`Limits::cancel_grace`], the subsystem is ended.
    #[expect(clippy::must_use_candidate, reason = "a call that is over needs no cancelling")]
    pub fn cancel(&self, call: Option<CallId>) -> bool {
        self.shared.control.cancel(call)
    }

    /// `MAPIInitialize`. Calls nest, only the first one's flags count, and each needs its
    /// [`Subsystem::uninitialize`]. One from [`Engine::subsystem`](crate::Engine::subsystem) is initialised
    /// once already.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`.
    pub async fn initialize(&self, how: Option<flags::InitializeFlags>) -> Result<()> {
        let options = how.map(|how| wit::InitializeOptions { version: 0, how });
        let mut entered = self.enter("MAPIInitialize").await?;
        let answer = Finish::new(entered.span(), async move {
            let outcome = {
                let (store, sessions) = entered.begin_initialize()?;
                sessions.call_initialize(store, options).await
            };
            entered.leave(outcome)
        });
        if let Err(failure) = answer.await? {
            return Err(Failure::from_wit(failure)?);
        }
        let mode = how.unwrap_or(flags::InitializeFlags::empty());
        self.shared.pushes.get_or_init(|| mode.contains(flags::InitializeFlags::MAPI_MULTITHREAD_NOTIFICATIONS));
        Ok(())
    }

    /// Whether notifications come by themselves.
    fn pushes(&self) -> bool {
        self.shared.pushes.get().copied().unwrap_or(false)
    }

    /// `MAPIUninitialize`. The last one logs every session off.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn uninitialize(&self) -> Result<()> {
        call_plain!(self, "MAPIUninitialize", |live| live.world.mapi_session_sessions().call_uninitialize(&mut live.store).await)
    }

    /// `MAPILogonEx`.
    ///
    /// # Errors
    /// `MAPI_E_LOGON_FAILED` for an unknown profile or bad arguments; `MAPI_E_TIMEOUT` with `MAPI_TIMEOUT_SHORT` when
    /// other calls keep the subsystem busy, or other programs the profiles locked, for five seconds; `session` 2.6.
    pub async fn logon(&self, options: LogonOptions) -> Result<Session, LogonFailure> {
        /// Time such a logon waits for the calls before it.
        const SHORT: Duration = Duration::from_secs(5);

        let turn = options.flags.contains(flags::LogonFlags::MAPI_TIMEOUT_SHORT).then_some(SHORT);
        let until = turn.map(|turn| Instant::now() + turn);
        let options = options.into_wit();
        let mut entered = self.enter_within("MAPILogonEx", turn).await?;
        let logged_on = Finish::new(entered.span(), async move {
            let outcome = {
                let live = entered.begin().await?;
                live.store.data_mut().patience = until;
                let outcome = live.world.mapi_session_sessions().call_logon(&mut live.store, &options).await;
                live.store.data_mut().patience = None;
                outcome
            };
            entered.leave(outcome)
        });
        match logged_on.await? {
            Ok(session) => Ok(Session::new(self.hold(session))),
            Err(failure) => Err(LogonFailure::from_wit(failure)?),
        }
    }

    /// `MAPIAdminProfiles`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`.
    pub async fn admin_profiles(&self) -> Result<ProfileAdmin> {
        let admin = call!(self, "MAPIAdminProfiles", |live| {
            live.world.mapi_session_profiles().call_admin_profiles(&mut live.store).await
        })?;
        Ok(ProfileAdmin::new(self.hold(admin)))
    }

    /// Takes a turn: does waiting work (changes of other processes, deferred indexing) for up to that long, in
    /// steps of a microsecond. Once there is a subscription, or the engine has asked to be called again, turns
    /// are taken by themselves.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn pump(&self, budget: Duration) -> Result<Work> {
        let work = self.turn(budget).await?;
        if self.pushes() && work.wake_at.is_some() {
            self.shared.turns.start(&self.shared);
        }
        Ok(work)
    }

    async fn turn(&self, budget: Duration) -> Result<Work> {
        let budget = u64::try_from(budget.as_micros()).unwrap_or(u64::MAX);
        let work = call!(self, "pump", |live| live.world.mapi_session_sessions().call_pump(&mut live.store, budget).await)?;
        Ok(Work::from_wit(work))
    }

    /// `DispatchNotifications`: hands everything that is due to the subscriptions; how many notifications. Only
    /// needed in pull mode ([`crate::Engine::pulled_subsystem`]): otherwise they come by themselves.
    ///
    /// # Errors
    /// `MAPI_E_NOT_INITIALIZED`.
    pub async fn dispatch_notifications(&self) -> Result<usize> {
        let mut delivered = 0;
        loop {
            let (count, more) = self.deliver().await?;
            delivered += count;
            if !more {
                return Ok(delivered);
            }
        }
    }

    /// Hands a part of what is due to the subscriptions: how many, and whether there is more.
    async fn deliver(&self) -> Result<(usize, bool)> {
        /// Notifications fetched at once.
        const AT_ONCE: u32 = 1_000;

        let _delivering = self.shared.delivery.lock().await;
        let due = call!(self, "DispatchNotifications", |live| {
            live.world.mapi_session_sessions().call_dispatch_notifications(&mut live.store, AT_ONCE).await
        })?;
        let mut count = 0;
        for batch in due.batches {
            let events = batch.events.into_iter().map(convert::notification).collect::<Result<Vec<_>>>()?;
            count += events.len();
            self.shared.sinks.deliver(batch.connection, events);
        }
        Ok((count, due.more))
    }

    /// Takes turns and delivers until nothing waits; when the next one is wanted.
    pub(crate) async fn take_turns(&self, budget: Duration) -> Result<Option<Instant>> {
        /// Turns in a row before others get more than a chance: a backend may say for ever that there is more.
        const IN_A_ROW: u32 = 64;

        for turn in 1_u32.. {
            for section in self.shared.turns.take_changed() {
                let section = section.into_wit();
                call!(self, "changed", |live| live.world.mapi_session_sessions().call_changed(&mut live.store, section).await)?;
            }
            // First what is waited for, then what can wait.
            let (_, due) = self.deliver().await?;
            let work = self.turn(budget).await?;
            if !due && !work.more && work.notifications == 0 {
                return Ok(work.wake_at.map(|at| self.shared.clock + Duration::from_nanos(at)));
            }
            if turn.is_multiple_of(IN_A_ROW) {
                tokio::time::sleep(budget).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
        Ok(None)
    }

    /// Makes a registration, and has its notifications come by themselves.
    pub(crate) async fn subscribe(&self, source: Source, advise: impl Future<Output = Result<u32>>) -> Result<Subscription> {
        let delivering = self.shared.delivery.lock().await;
        let subscription = Subscription::new(source, advise.await?);
        drop(delivering);
        if self.pushes() {
            self.shared.turns.start(&self.shared);
        }
        Ok(subscription)
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared, provider: None }
    }

    /// As a provider sees it.
    pub(crate) fn of_provider(shared: Arc<Shared>, provider: Occupied) -> Self {
        Self { shared, provider: Some(provider) }
    }

    /// A provider has reported something: a turn takes it in.
    pub(crate) fn reported(&self) {
        // Where no task can be started, the client's next call or turn does it.
        if self.pushes() && tokio::runtime::Handle::try_current().is_ok() {
            self.shared.turns.start(&self.shared);
        } else {
            self.shared.turns.called();
        }
    }

    pub(crate) fn sinks(&self) -> &Sinks {
        &self.shared.sinks
    }

    /// Takes charge of an object the component has handed out.
    pub(crate) fn hold(&self, resource: ResourceAny) -> Handle {
        self.shared.handles.fetch_add(1, Ordering::Relaxed);
        Handle { subsystem: self.clone(), resource }
    }

    /// Waits for the calls before, and begins one.
    pub(crate) async fn enter(&self, method: &'static str) -> Result<Entered> {
        self.enter_within(method, None).await
    }

    /// Waits for the calls before. A provider waits only as long as none of them waits for it.
    async fn next_turn(&self) -> Result<OwnedMutexGuard<Live>> {
        /// How often a provider's call that waits looks whether it may go on waiting.
        const LOOK: Duration = Duration::from_millis(10);

        let turn = Arc::clone(&self.shared.live).lock_owned();
        let Some(provider) = &self.provider else { return Ok(turn.await) };
        let mut turn = std::pin::pin!(turn);
        loop {
            provider.check()?;
            if let Ok(live) = tokio::time::timeout(LOOK, &mut turn).await {
                return Ok(live);
            }
        }
    }

    /// The same, but waits no longer than that.
    async fn enter_within(&self, method: &'static str, patience: Option<Duration>) -> Result<Entered> {
        if self.shared.handles.load(Ordering::Relaxed) >= self.shared.limits.handles {
            return Err(limits::too_many_handles(&self.shared.limits));
        }
        let turn = self.next_turn();
        let live = match patience {
            None => turn.await?,
            Some(patience) => tokio::time::timeout(patience, turn).await.map_err(|_| {
                Failure::new(
                    Code::Timeout,
                    "other calls keep the subsystem busy; log on again later, or without MAPI_TIMEOUT_SHORT",
                )
            })??,
        };
        Ok(Entered { live, shared: Arc::clone(&self.shared), id: CallId::next(), method })
    }
}

impl core::fmt::Debug for Subsystem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subsystem").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// An object of the component, dropped there with the next call after it is dropped here.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) subsystem: Subsystem,
    pub(crate) resource: ResourceAny,
}

impl Handle {
    /// Another object as an argument of a call on this one.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an object of another subsystem, which this one cannot know.
    pub(crate) fn beside(&self, other: &Self) -> Result<ResourceAny> {
        if Arc::ptr_eq(&self.subsystem.shared, &other.subsystem.shared) {
            return Ok(other.resource);
        }
        Err(Failure::invalid(
            "destination",
            "Both objects must belong to the same subsystem; open the destination through this one.",
        ))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let shared = &self.subsystem.shared;
        shared.handles.fetch_sub(1, Ordering::Relaxed);
        shared.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(self.resource);
    }
}

/// A call under way: nobody else is in the instance.
pub(crate) struct Entered {
    live: OwnedMutexGuard<Live>,
    shared: Arc<Shared>,
    id: CallId,
    method: &'static str,
}

impl Entered {
    pub(crate) fn span(&self) -> tracing::Span {
        tracing::debug_span!("mapi", call = %self.id, method = self.method)
    }

    /// Makes the instance ready for `MAPIInitialize`, which needs few of its exports.
    fn begin_initialize(&mut self) -> Result<(&mut Store<HostState>, wit::Guest)> {
        self.ready()?;
        let sessions = match &mut *self.live {
            Live::Fresh(fresh) => fresh.component.sessions(&mut fresh.store, &fresh.instance),
            Live::Running(running) => Ok(running.world.mapi_session_sessions().clone()),
            Live::Ended(why) => return Err(ended(why)),
        };
        let sessions = sessions.map_err(|error| self.end(&error))?;
        match self.live.store() {
            Some(store) => Ok((store, sessions)),
            None => Err(ended("it is not running")),
        }
    }

    /// Starts the accounts of the call.
    fn ready(&mut self) -> Result<()> {
        let store = match &mut *self.live {
            Live::Ended(why) => return Err(ended(why)),
            Live::Fresh(fresh) => &mut fresh.store,
            Live::Running(running) => &mut running.store,
        };
        store.data_mut().begin();
        store.set_epoch_deadline(1);
        self.shared.control.begin(self.id);
        Ok(())
    }

    /// Looks the exports up in an instance that was only initialised.
    fn look_up(&mut self) -> Result<()> {
        let Live::Fresh(fresh) = &mut *self.live else { return Ok(()) };
        let world = fresh.component.exports(&mut fresh.store, &fresh.instance).map_err(|error| self.end(&error))?;
        if let Live::Fresh(fresh) = std::mem::replace(&mut *self.live, Live::Ended(String::new())) {
            *self.live = Live::Running(Box::new(Running { store: fresh.store, world, instance: fresh.instance }));
        }
        Ok(())
    }

    /// Makes the instance ready for the call, and drops what the client has dropped since the last one.
    pub(crate) async fn begin(&mut self) -> Result<&mut Running> {
        self.ready()?;
        self.look_up()?;
        let running = match &mut *self.live {
            Live::Running(running) => &mut **running,
            Live::Fresh(_) => return Err(ended("its exports were not found")),
            Live::Ended(why) => return Err(ended(why)),
        };
        let dropped = std::mem::take(&mut *self.shared.dropped.lock().unwrap_or_else(PoisonError::into_inner));
        let mut outcome = Ok(());
        for resource in dropped {
            outcome = outcome.and(resource.resource_drop_async(&mut running.store).await);
        }
        match outcome {
            Ok(()) => match &mut *self.live {
                Live::Running(running) => Ok(running),
                Live::Fresh(_) | Live::Ended(_) => Err(ended("it is not running")),
            },
            Err(error) => Err(self.end(&error)),
        }
    }

    /// Ends the call: what the component answered, or why it could not.
    pub(crate) fn leave<T>(mut self, outcome: wasmtime::Result<T>) -> Result<T> {
        let outcome = outcome.map_err(|error| self.end(&error));
        self.shared.control.end();
        if !matches!(self.method, "pump" | "DispatchNotifications" | "changed") {
            self.shared.turns.called();
        }
        outcome
    }

    /// A trap has ended the instance. Its memory and its providers go at once.
    fn end(&mut self, error: &wasmtime::Error) -> Failure {
        let exceeded = self.live.store().and_then(|store| store.data().limiter.exceeded);
        let failure = match exceeded {
            Some(exceeded) => Exceeded::failure(exceeded, &self.shared.limits),
            None => Failure::new(
                Code::CallFailed,
                format!(
                    "the engine broke down in {} and the subsystem was ended; open another one ({})",
                    self.method,
                    error.root_cause()
                ),
            ),
        };
        tracing::error!(call = %self.id, method = self.method, error = format!("{error:#}"), "a subsystem was ended");
        *self.live = Live::Ended(failure.to_string());
        self.shared.control.end();
        failure
    }
}

fn ended(why: &str) -> Failure {
    Failure::new(Code::InvalidObject, format!("the subsystem was ended ({why}); open another one"))
}

/// A call that is finished even if nobody waits for it any more: an instance left in the middle of a call
/// cannot be entered again.
pub(crate) struct Finish<T: Send + 'static> {
    call: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T: Send + 'static> Finish<T> {
    pub(crate) fn new(span: tracing::Span, call: impl Future<Output = T> + Send + 'static) -> Self {
        let call: Pin<Box<dyn Future<Output = T> + Send>> =
            if span.is_disabled() { Box::pin(call) } else { Box::pin(call.instrument(span)) };
        Self { call: Some(call) }
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let polled = call.as_mut().poll(context);
        if polled.is_ready() {
            self.call = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let (Some(call), Ok(runtime)) = (self.call.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Engine, EngineOptions};

    #[tokio::test]
    async fn a_trap_ends_that_subsystem_alone_and_says_so() {
        let options = EngineOptions::default().with_subsystems(2).with_cache(concat!(env!("OUT_DIR"), "/component"));
        let (engine, backends) = (Engine::new(&options).unwrap(), Backends::memory());
        let doomed = engine.subsystem(&backends, Limits::default()).await.unwrap();
        let other = engine.subsystem(&backends, Limits::default()).await.unwrap();
        let (held, others) = (doomed.admin_profiles().await.unwrap(), other.admin_profiles().await.unwrap());
        // From now on the component traps where it is at the next tick, instead of being asked to yield.
        doomed.shared.live.lock().await.store().unwrap().epoch_deadline_trap();
        let how = flags::GetProfileTableFlags::MAPI_UNICODE;
        let failure = loop {
            if let Err(failure) = held.get_profile_table(how).await {
                break failure;
            }
        };
        assert_eq!(failure.code(), Code::CallFailed);
        let text = failure.to_string();
        assert!(text.contains("broke down in IProfAdmin::GetProfileTable") && text.contains("open another one"), "{text}");
        assert!(text.contains("trap"), "{text}");
        let after = held.get_profile_table(how).await.unwrap_err();
        assert_eq!(after.code(), Code::InvalidObject);
        assert!(after.to_string().contains("broke down"), "later calls tell why: {after}");
        others.get_profile_table(how).await.unwrap();
        drop((held, doomed));
        let third = engine.subsystem(&backends, Limits::default()).await.unwrap();
        third.admin_profiles().await.unwrap();
    }
}
