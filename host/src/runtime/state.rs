//! What an instance of the component can reach: its backends, and the limits it runs under.

use crate::runtime::call::Control;
use crate::runtime::engine::TICK;
use crate::runtime::limits::Exceeded;
use crate::runtime::provider::{Context, Provider};
use crate::runtime::support::{Connected, Home, Support};
use crate::runtime::turns::Turns;
use crate::runtime::{Backends, Limits, SharedCatalogue, SharedPresenter, SharedProfileStorage, Threading};
use mapi_engine::backend::ProviderKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};

/// The data of one instance.
pub(crate) struct HostState {
    pub(crate) backends: Backends,
    pub(crate) profiles: Provider<SharedProfileStorage>,
    pub(crate) catalogue: Provider<SharedCatalogue>,
    pub(crate) presenter: Option<Provider<SharedPresenter>>,
    /// The providers the component has opened.
    pub(crate) providers: ResourceTable,
    /// Leases of profiles, given back when the instance ends without having done so.
    pub(crate) leases: Vec<u64>,
    pub(crate) context: Context,
    /// Until when the logon that runs waits for other programs that have the profiles locked (`MAPI_TIMEOUT_SHORT`).
    pub(crate) patience: Option<Instant>,
    /// What wakes the subsystem.
    pub(crate) turns: Arc<Turns>,
    /// How many times a provider was opened; the component counts its side of the same calls.
    pub(crate) openings: u64,
    /// The subsystem, for support objects.
    pub(crate) home: Home,
    pub(crate) limiter: Limiter,
    /// Where the monotonic clock begins.
    pub(crate) started: Instant,
    /// Ticks the running call has computed for.
    ticks: u32,
}

impl HostState {
    pub(crate) fn new(backends: Backends, limits: &Arc<Limits>, control: &Arc<Control>, turns: &Arc<Turns>) -> Self {
        let (profiles, catalogue, threading) =
            (Arc::clone(&backends.profiles), Arc::clone(&backends.catalogue), backends.profile_threading);
        let profiles = Provider::new(profiles, "Profile storage", threading);
        let catalogue = Provider::new(catalogue, "Service catalogue", threading);
        let presenter = backends.presenter.clone();
        let presenter = presenter.map(|presenter| Provider::new(presenter, "User interface", Threading::Blocking));
        Self {
            backends,
            presenter,
            profiles,
            catalogue,
            providers: ResourceTable::new(),
            leases: Vec::new(),
            context: Context { control: Arc::clone(control), limits: Arc::clone(limits), patience: None },
            patience: None,
            turns: Arc::clone(turns),
            openings: 0,
            home: Home::default(),
            limiter: Limiter { memory: limits.memory, exceeded: None },
            started: Instant::now(),
            ticks: 0,
        }
    }

    /// Counts an opening of a provider, whatever comes of it; what its support object is made of.
    pub(crate) fn count_opening(&mut self, kind: ProviderKind) -> impl FnOnce(Connected) -> Support + use<> {
        self.openings = self.openings.wrapping_add(1);
        let (home, opening) = (Arc::clone(&self.home), self.openings);
        move |connected| Support::new(home, opening, kind, connected)
    }

    /// What calls of the profile storage may use.
    pub(crate) fn profile_context(&self) -> Context {
        Context { patience: self.patience, ..self.context.clone() }
    }

    /// Starts the accounts of a call.
    pub(crate) fn begin(&mut self) {
        self.ticks = 0;
        self.limiter.exceeded = None;
    }

    /// One more tick was computed in this call.
    fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.ticks = self.ticks.saturating_add(1);
        let limits = &self.context.limits;
        let exceeded = if self.context.control.is_overdue(limits.cancel_grace) {
            Exceeded::Cancelled
        } else if TICK.saturating_mul(self.ticks) > limits.call_time {
            Exceeded::CallTime
        } else {
            // Other tasks of this thread have waited a tick.
            return Ok(UpdateDeadline::Yield(1));
        };
        self.limiter.exceeded = Some(exceeded);
        Err(wasmtime::format_err!("the host ended the call"))
    }
}

impl Drop for HostState {
    fn drop(&mut self) {
        for lease in self.leases.drain(..) {
            // The subsystem ends all the same, maybe while another panic unwinds.
            if catch_unwind(AssertUnwindSafe(|| self.backends.profiles.release_lease(lease))).is_err() {
                tracing::error!("the profile storage panicked when a profile was given back");
            }
        }
    }
}

/// Puts the limits of the state in force.
pub(crate) fn enforce(store: &mut Store<HostState>) {
    store.limiter(|state| &mut state.limiter);
    store.epoch_deadline_callback(|mut store| store.data_mut().tick());
}

/// Keeps the memory of the instance within its limit.
pub(crate) struct Limiter {
    memory: usize,
    /// The limit that was hit during this call.
    pub(crate) exceeded: Option<Exceeded>,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired <= self.memory {
            return Ok(true);
        }
        tracing::warn!(current, desired, limit = self.memory, "a subsystem has reached its memory limit");
        self.exceeded = Some(Exceeded::Memory);
        Ok(false)
    }

    fn table_growing(&mut self, _current: usize, _desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The component's tables have the size its code needs; nothing in it grows them.
        Ok(true)
    }
}
