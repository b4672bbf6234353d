//! The call a subsystem is in: its number, and whether it is to stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of a call: unique in this process, and in every `tracing` span of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

impl CallId {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }
}

impl core::fmt::Display for CallId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Shared by the call and those who may cancel it.
#[derive(Default)]
pub(crate) struct Control {
    state: Mutex<State>,
    /// The call that is to stop, 0: none. Looked at by every call of a backend, so it takes no lock.
    cancelled: AtomicU64,
}

#[derive(Default)]
struct State {
    running: Option<CallId>,
    cancelled_at: Option<Instant>,
}

impl Control {
    pub(crate) fn begin(&self, call: CallId) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State { running: Some(call), cancelled_at: None };
    }

    pub(crate) fn end(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
        self.cancelled.store(0, Ordering::Relaxed);
    }

    pub(crate) fn running(&self) -> Option<CallId> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).running
    }

    /// Cancels the running call, if it is that one (`None`: whichever it is).
    pub(crate) fn cancel(&self, call: Option<CallId>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = state.running.filter(|running| call.is_none_or(|call| call == *running)) else { return false };
        state.cancelled_at.get_or_insert_with(Instant::now);
        self.cancelled.store(running.0, Ordering::Relaxed);
        true
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) != 0
    }

    /// Whether it was cancelled longer ago than that.
    pub(crate) fn is_overdue(&self, grace: Duration) -> bool {
        self.is_cancelled()
            && self
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .cancelled_at
                .is_some_and(|cancelled| cancelled.elapsed() > grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_running_call_can_be_cancelled() {
        let control = Control::default();
        assert!(!control.cancel(None));
        let (first, second) = (CallId::next(), CallId::next());
        control.begin(first);
        assert!(!control.cancel(Some(second)));
        assert!(!control.is_cancelled());
        assert!(control.cancel(Some(first)));
        assert!(control.is_cancelled());
        assert!(control.is_overdue(Duration::ZERO));
        assert!(!control.is_overdue(Duration::from_secs(3600)));
        control.end();
        control.begin(second);
        assert!(!control.is_cancelled(), "the next call is not cancelled");
    }
}
