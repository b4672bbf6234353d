//! Calls of backends: kept from harming anything but their own provider.
//!
//! A backend that panics or stalls costs its own service and nothing else (`session` 3.1): a panic is
//! `MAPI_E_CALL_FAILED` then and ever after, a call past its deadline `MAPI_E_TIMEOUT`, and until it has
//! returned the provider is given no other.

use crate::runtime::call::Control;
use crate::runtime::support::{Occupied, Reports};
use crate::runtime::{Limits, Threading};
use mapi_engine::backend::Effect;
use mapi_engine::error::{Code, Failure, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a call may be expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Reads a bounded amount.
    Short,
    /// May wait for a disk or a network.
    Long,
    /// Hands a message over.
    Transfer,
    /// Works on a whole store.
    Maintenance,
    /// Waits for a person, without end.
    Person,
}

/// One opened backend, or one of the host's own services.
pub(crate) struct Provider<T: ?Sized> {
    backend: Arc<T>,
    /// For the log.
    name: Arc<str>,
    threading: Threading,
    panicked: AtomicBool,
    occupied: Occupied,
    /// What it reports through its support object.
    reports: Reports,
    late: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// What a call of a provider may use of the call it is part of.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) control: Arc<Control>,
    pub(crate) limits: Arc<Limits>,
    /// Until when the call waits for others at most, if it said so.
    pub(crate) patience: Option<Instant>,
}

impl<T: ?Sized + Send + Sync + 'static> Provider<T> {
    pub(crate) fn new(backend: Arc<T>, name: &str, threading: Threading) -> Self {
        Self {
            backend,
            name: name.into(),
            threading,
            panicked: AtomicBool::new(false),
            occupied: Occupied::default(),
            reports: Reports::default(),
            late: Mutex::new(None),
        }
    }

    /// Whether it is in a call.
    pub(crate) fn occupied(&self) -> Occupied {
        self.occupied.clone()
    }

    /// Where its support object leaves reports.
    pub(crate) fn reports(&self) -> Reports {
        self.reports.clone()
    }

    /// What it has reported: in calls, and through its support object.
    pub(crate) fn reported(&self, in_calls: Result<Vec<Effect>>) -> Vec<Effect> {
        let mut effects = in_calls.unwrap_or_else(|failure| {
            // Its next call says it to somebody who can do something about it.
            tracing::debug!(provider = &*self.name, %failure, "a backend could not say what it has to report");
            Vec::new()
        });
        effects.extend(self.reports.take());
        effects
    }

    /// Calls the backend. The engine knows by which name a profile calls it, and names it in failures.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        context: &Context,
        weight: Weight,
        call: impl FnOnce(&T) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        if context.control.is_cancelled() {
            return Err(Failure::new(Code::UserCancel, "the call was cancelled"));
        }
        if self.panicked.load(Ordering::Relaxed) {
            return Err(lost());
        }
        if self.is_late() {
            return Err(Failure::new(Code::Timeout, "an earlier call has not returned yet; try again later"));
        }
        let _in_call = self.occupied.enter();
        let at_once = match self.threading {
            // Whoever waits a short time only cannot wait on this thread.
            _ if context.patience.is_some() => false,
            Threading::Blocking => false,
            Threading::Prompt => weight == Weight::Short,
            // Nothing else of the session's thread may wait for a person.
            Threading::Immediate => weight != Weight::Person,
        };
        if at_once {
            return self.unwound(catch_unwind(AssertUnwindSafe(|| call(&self.backend))));
        }
        let patience = context.patience.map(|until| until.saturating_duration_since(Instant::now()));
        let limit = match weight {
            Weight::Short | Weight::Long => context.limits.backend_time,
            Weight::Transfer => context.limits.transfer_time,
            Weight::Maintenance => context.limits.maintenance_time,
            Weight::Person => Duration::MAX,
        };
        let limit = patience.map_or(limit, |patience| patience.min(limit));
        let (answer, answered) = tokio::sync::oneshot::channel();
        let backend = Arc::clone(&self.backend);
        let span = tracing::Span::current();
        let running = tokio::task::spawn_blocking(move || {
            let _entered = span.enter();
            let outcome = catch_unwind(AssertUnwindSafe(|| call(&backend)));
            // Nobody may wait any more: the answer came too late.
            drop(answer.send(outcome));
        });
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(outcome)) => self.unwound(outcome),
            Ok(Err(_)) => Err(Failure::new(Code::CallFailed, "the process is ending")),
            Err(_) => {
                *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
                Err(if patience.is_some() { impatient() } else { overrun(limit) })
            }
        }
    }

    fn is_late(&self) -> bool {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.take_if(|running| running.is_finished());
        late.is_some()
    }

    fn unwound<R>(&self, outcome: std::thread::Result<Result<R>>) -> Result<R> {
        outcome.unwrap_or_else(|_| {
            self.panicked.store(true, Ordering::Relaxed);
            tracing::error!(provider = &*self.name, "a backend panicked; it is not used any more");
            Err(lost())
        })
    }
}

fn lost() -> Failure {
    Failure::new(Code::CallFailed, "the backend broke down (a panic, see the log) and is not used any more by this subsystem")
}

fn impatient() -> Failure {
    Failure::new(Code::Timeout, "another program keeps the profiles locked; log on again later, or without MAPI_TIMEOUT_SHORT")
}

fn overrun(limit: Duration) -> Failure {
    Failure::new(
        Code::Timeout,
        format!("the backend did not answer within {limit:?} (Limits::backend_time, transfer_time or maintenance_time)"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test panics")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_runs_where_the_threading_says() {
        let context = Context { control: Arc::default(), limits: Arc::default(), patience: None };
        let here = std::thread::current().id();
        for (threading, weight, at_once) in [
            (Threading::Blocking, Weight::Short, false),
            (Threading::Blocking, Weight::Long, false),
            (Threading::Prompt, Weight::Short, true),
            (Threading::Prompt, Weight::Long, false),
            (Threading::Immediate, Weight::Short, true),
            (Threading::Immediate, Weight::Long, true),
            (Threading::Immediate, Weight::Maintenance, true),
            (Threading::Immediate, Weight::Person, false),
        ] {
            let provider = Provider::new(Arc::new(()), "mailbox", threading);
            let ran = provider.call(&context, weight, |()| Ok(std::thread::current().id())).await.unwrap();
            assert_eq!(ran == here, at_once, "{threading:?} {weight:?}");
        }
    }
}
