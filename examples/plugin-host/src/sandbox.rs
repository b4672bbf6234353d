//! Runs a plugin: an instance of its own, over a session of its own, until it is done, ended or killed.

use crate::audit::{Audit, Event};
use crate::grants::Plugin;
use crate::guard::{Guard, exceeded};
use anyhow::Result;
use mapi_session::clients::wasmtime::component::{Component, Linker};
use mapi_session::clients::wasmtime::{self, Store, UpdateDeadline};
use mapi_session::clients::{Link, define};
use mapi_session::error::Failure;
use mapi_session::{Backends, Engine};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Bytes a plugin may hand over in one call, as the host holds them.
const HANDED_OVER: usize = 32 << 20;
/// Time the session of an ended plugin has to log off.
const LOGOFF: Duration = Duration::from_secs(5);

/// How a plugin came out.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, and says this.
    Done(String),
    /// It failed by itself, and says this.
    Failed(String),
    /// It was ended, and why.
    Ended(String),
}

/// What runs plugins.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    backends: Backends,
    linker: Linker<Guard>,
    audit: Arc<Audit>,
}

impl core::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Over these backends, of which each plugin gets what it is granted.
    ///
    /// # Errors
    /// The session cannot be offered to plugins.
    pub fn new(engine: &Engine, backends: Backends, audit: Audit) -> Result<Self> {
        let mut linker = Linker::new(engine.runtime());
        define(engine, &mut linker)?;
        Ok(Self { engine: engine.clone(), backends, linker, audit: Arc::new(audit) })
    }

    /// Compiles a plugin.
    ///
    /// # Errors
    /// It is no component.
    pub fn compile(&self, bytes: &[u8]) -> Result<Component> {
        Component::new(self.engine.runtime(), bytes).map_err(anyhow::Error::from)
    }

    /// Runs a plugin; `kill` ends it at any moment.
    ///
    /// # Errors
    /// It could not be started, or what it did could not be written down.
    pub async fn run(&self, plugin: &Plugin, component: &Component, kill: &Notify) -> Result<Outcome> {
        self.audit.write(&Event::Started { plugin: &plugin.name })?;
        let subsystem = self.engine.pulled_subsystem(&plugin.grant.narrow(&self.backends), plugin.quota.session()).await?;
        let guard = Guard::new(Link::new(subsystem.clone()), plugin.quota.clone(), plugin.name.clone(), Arc::clone(&self.audit));
        let mut store = Store::new(self.engine.runtime(), guard);
        store.limiter(|guard| guard);
        store.set_hostcall_fuel(HANDED_OVER);
        // A plugin that computes gives others their turn at every tick; its time is bounded below.
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        let outcome = tokio::select! {
            answer = call(&mut store, &self.linker, component, &plugin.arguments) => match answer {
                Ok(Ok(said)) => Outcome::Done(said),
                Ok(Err(said)) => Outcome::Failed(said),
                Err(error) => Outcome::Ended(why(store.data(), &error)),
            },
            () = tokio::time::sleep(plugin.quota.time()) => Outcome::Ended(exceeded("time")),
            () = kill.notified() => Outcome::Ended("killed by the operator".to_owned()),
        };
        // A call may still be under way, and its answer is nobody's any more.
        subsystem.cancel(None);
        let logged_off = matches!(tokio::time::timeout(LOGOFF, subsystem.uninitialize()).await, Ok(Ok(())));
        let written = match &outcome {
            Outcome::Done(_) => "done",
            // What a plugin says may be anything.
            Outcome::Failed(_) => "failed by itself",
            Outcome::Ended(why) => why,
        };
        store.data().end(written, logged_off)?;
        Ok(outcome)
    }
}

async fn call(
    store: &mut Store<Guard>,
    linker: &Linker<Guard>,
    component: &Component,
    arguments: &[String],
) -> wasmtime::Result<Result<String, String>> {
    let instance = linker.instantiate_async(&mut *store, component).await?;
    let run = instance.get_typed_func::<(&[String],), (Result<String, String>,)>(&mut *store, "run")?;
    let (answer,) = run.call_async(&mut *store, (arguments,)).await?;
    Ok(answer)
}

/// Why a plugin could not go on.
fn why(guard: &Guard, error: &wasmtime::Error) -> String {
    if let Some(why) = &guard.ended {
        why.clone()
    } else if let Some(failure) = error.downcast_ref::<Failure>() {
        format!("its session failed: {failure}")
    } else {
        format!("trapped: {}", error.root_cause())
    }
}
