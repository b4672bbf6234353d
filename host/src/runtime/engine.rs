//! The shared part of all subsystems: the compiled component and the runtime it runs in.

use crate::runtime::exports::Prepared;
use crate::runtime::{Backends, Limits, Subsystem, cache, flags, imports};
use mapi_engine::error::{Code, Failure, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often a computing component looks up whether it is to stop, and lets other tasks run.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How an [`Engine`] is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Subsystems that may live at a time. Each reserves address space, no memory. 0: no bound, no
    /// reservation, slower to open. Default: 1,000.
    pub subsystems: u32,
    /// Folder for the compiled component, so that it is compiled once and not at every start. The folder
    /// must belong to the user of this process alone, for its contents are executed. Default: none.
    pub cache: Option<PathBuf>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { subsystems: 1_000, cache: None }
    }
}

impl EngineOptions {
    /// Keeps the compiled component in that folder.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Bounds the number of subsystems that live at a time.
    #[must_use]
    pub const fn with_subsystems(mut self, subsystems: u32) -> Self {
        self.subsystems = subsystems;
        self
    }
}

/// The compiled component. Made once a process; cloning shares it.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    engine: wasmtime::Engine,
    component: Arc<Prepared>,
}

impl Engine {
    /// Compiles the component, or loads it from the cache. Takes up to a few seconds without a cache.
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_RESOURCES`: the machine cannot run the component.
    pub fn new(options: &EngineOptions) -> Result<Self> {
        let engine = runtime(options.subsystems)?;
        let component = cache::load(&engine, options.cache.as_deref()).map_err(|error| unusable(&error))?;
        let component = prepare(&engine, &component).map_err(|error| unusable(&error))?;
        tick(&engine).map_err(|error| unusable(&error.into()))?;
        Ok(Self { shared: Arc::new(Shared { engine, component: Arc::new(component) }) })
    }

    /// Opens a subsystem: one instance of the component that can use nothing but those backends, initialised
    /// so that notifications come by themselves (`MAPI_MULTITHREAD_NOTIFICATIONS`).
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_RESOURCES`: as many subsystems live as [`EngineOptions::subsystems`] allows.
    pub async fn subsystem(&self, backends: &Backends, limits: Limits) -> Result<Subsystem> {
        let subsystem = Subsystem::instantiate(&self.shared.engine, &self.shared.component, backends.clone(), limits).await?;
        subsystem.initialize(Some(flags::InitializeFlags::MAPI_MULTITHREAD_NOTIFICATIONS)).await?;
        Ok(subsystem)
    }

    /// Opens a subsystem as [`Engine::subsystem`] does, but in pull mode: notifications come only inside
    /// [`Subsystem::dispatch_notifications`], and turns are only taken with [`Subsystem::pump`].
    ///
    /// # Errors
    /// As [`Engine::subsystem`].
    pub async fn pulled_subsystem(&self, backends: &Backends, limits: Limits) -> Result<Subsystem> {
        let subsystem = Subsystem::instantiate(&self.shared.engine, &self.shared.component, backends.clone(), limits).await?;
        subsystem.initialize(Some(flags::InitializeFlags::empty())).await?;
        Ok(subsystem)
    }

    /// Opens a subsystem that the client initialises itself, with flags of its choice
    /// ([`Subsystem::initialize`]); until then its calls are `MAPI_E_NOT_INITIALIZED`.
    ///
    /// # Errors
    /// As [`Engine::subsystem`].
    pub async fn instantiate(&self, backends: &Backends, limits: Limits) -> Result<Subsystem> {
        Subsystem::instantiate(&self.shared.engine, &self.shared.component, backends.clone(), limits).await
    }
}

impl Engine {
    /// The runtime the session runs in, for components that use it ([`crate::clients`]). Its epoch is counted up every
    /// ten milliseconds.
    #[must_use]
    pub fn runtime(&self) -> &wasmtime::Engine {
        &self.shared.engine
    }

    /// The component of the session.
    pub(crate) fn component(&self) -> &Component {
        self.shared.component.component()
    }
}

impl core::fmt::Debug for Engine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

fn unusable(error: &wasmtime::Error) -> Failure {
    Failure::new(Code::NotEnoughResources, format!("the component cannot be run on this machine: {error:#}"))
}

/// The runtime with the best way to allot memory that this machine has.
fn runtime(subsystems: u32) -> Result<wasmtime::Engine> {
    if subsystems > 0 {
        for scan in [Enabled::Yes, Enabled::No] {
            match wasmtime::Engine::new(config().allocation_strategy(pool(subsystems, scan))) {
                Ok(engine) => return Ok(engine),
                Err(error) => tracing::debug!(%error, subsystems, ?scan, "no such pool of subsystems here"),
            }
        }
        tracing::warn!(subsystems, "no address space can be reserved for subsystems; going on without");
    }
    wasmtime::Engine::new(&config()).map_err(|error| unusable(&error))
}

fn config() -> Config {
    let mut config = Config::new();
    // Without it calls into the component are 3.5 times, calls out of it 2.3 times slower, and a stale
    // handle ends the whole subsystem.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    config
}

/// `scan`: whether the kernel can tell which pages of an ended subsystem were touched. Only then may
/// memory be kept for the next one, or all of it stays resident.
fn pool(subsystems: u32, scan: Enabled) -> InstanceAllocationStrategy {
    /// Functions the component may hold in its table; it has a few thousand.
    const TABLE_ELEMENTS: usize = 20_000;
    /// Bytes of an ended subsystem kept for the next one.
    const KEPT: usize = 256 << 10;

    let kept = |bytes| if scan == Enabled::Yes { bytes } else { 0 };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(subsystems)
        .total_core_instances(subsystems.saturating_mul(3))
        .total_memories(subsystems)
        .total_tables(subsystems.saturating_mul(2))
        .total_stacks(subsystems)
        .table_elements(TABLE_ELEMENTS)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .linear_memory_keep_resident(kept(KEPT))
        .table_keep_resident(kept(TABLE_ELEMENTS * size_of::<usize>()))
        .pagemap_scan(scan);
    pool.into()
}

fn prepare(engine: &wasmtime::Engine, component: &Component) -> wasmtime::Result<Prepared> {
    Prepared::new(imports::linker(engine)?.instantiate_pre(component)?)
}

/// Ends with the engine, of which it holds nothing.
fn tick(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("mapi-session-ticker".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}
