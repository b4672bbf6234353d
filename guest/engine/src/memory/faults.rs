//! Backends that fail, stall and lie on command: a bad backend costs its own service and nothing else
//! (`session` 3.1), and that is tested with these.

use super::garble::Garble;
use super::{MemoryClock, lock};
use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Catalogue, CheckReport, Commit, Committed, ConfigureOutcome, ConfigureRequest,
    Effect, Envelope, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, InboundMessage, LoadedProfile, NamedProperty,
    ObjectHead, ObjectId, Objects, OptionData, OrderKey, Outcome, Plan, PlanRequest, ProfileEntry, ProfileStorage, Quota,
    Resolution, RowKey, ScanKind, ScanPage, ScanRequest, Scope, ServiceDefinition, Store, StoreIdentity, StoredProperty, TagSize,
    Transport, TransportIdentity, TransportNotice, Want, backend_methods,
};
use crate::error::{Code, Failure, Result};
use crate::properties::{Guid, PropTag, Property};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The call fails and does nothing.
    Fail(Failure),
    /// The call is made, then reported as failed: the caller cannot know what was done. A method that cannot
    /// fail is not touched by this one nor by the one before.
    FailAfter(Failure),
    /// The call takes that many microseconds of these clocks.
    Delay(Arc<MemoryClock>, u64),
    /// The call takes that much real time first.
    Stall(Duration),
    /// The call panics and does nothing.
    Panic,
    /// Something else happens first, as when another process is quicker.
    Meanwhile(Meanwhile),
    /// The call is made and its answer garbled: too few rows and columns, values of wrong types, endless pages.
    Garbage,
}

/// What happens before a call is made.
#[derive(Clone)]
pub struct Meanwhile(Arc<dyn Fn() + Send + Sync>);

impl Meanwhile {
    /// This happens.
    pub fn new(happens: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(happens))
    }
}

impl core::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

/// Which calls a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Each.
    Every,
    /// The n-th from now on, the next being 1.
    Nth(u64),
    /// The n-th and all behind it: the backend dies.
    From(u64),
}

#[derive(Debug)]
struct Scheduled {
    method: Option<&'static str>,
    trigger: Trigger,
    fault: Fault,
    seen: u64,
}

/// The faults of one backend; shared with the test that commands them.
#[derive(Debug, Default)]
pub struct Faults {
    scheduled: Mutex<Vec<Scheduled>>,
    calls: Mutex<Vec<&'static str>>,
}

impl Faults {
    /// Schedules a fault of the calls of one method, or of all methods. Of several faults that strike one
    /// call the one scheduled first wins.
    pub fn schedule(&self, method: Option<&'static str>, trigger: Trigger, fault: Fault) {
        lock(&self.scheduled).push(Scheduled { method, trigger, fault, seen: 0 });
    }

    /// From now on the backend is well-behaved.
    pub fn clear(&self) {
        lock(&self.scheduled).clear();
    }

    /// The names of the methods called so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        lock(&self.calls).clone()
    }

    fn strike(&self, method: &'static str) -> Option<Fault> {
        lock(&self.calls).push(method);
        let mut struck = None;
        for scheduled in lock(&self.scheduled).iter_mut().filter(|scheduled| scheduled.method.is_none_or(|name| name == method)) {
            scheduled.seen += 1;
            let strikes = match scheduled.trigger {
                Trigger::Every => true,
                Trigger::Nth(n) => scheduled.seen == n,
                Trigger::From(n) => scheduled.seen >= n,
            };
            if strikes && struck.is_none() {
                struck = Some(scheduled.fault.clone());
            }
        }
        struck
    }
}

/// A backend with faults.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    /// Its faults.
    pub faults: Arc<Faults>,
}

impl<T> Faulty<T> {
    /// The backend, with no fault yet.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner, faults: Arc::default() }
    }

    /// What a host answers when this backend is opened: faults of `open`, which is no method of it, strike here.
    /// What is opened cannot be garbled.
    ///
    /// # Errors
    /// The fault's.
    pub fn open<R>(&self, opened: R) -> Result<R> {
        match self.faults.strike("open") {
            Some(Fault::Fail(failure) | Fault::FailAfter(failure)) => Err(failure),
            other => Ok(self.run("open", other, |_| opened)),
        }
    }

    fn call<R: Garble>(&self, method: &'static str, run: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        match self.faults.strike(method) {
            Some(Fault::Fail(failure)) => Err(failure),
            Some(Fault::FailAfter(failure)) => run(&self.inner).and(Err(failure)),
            Some(Fault::Garbage) => run(&self.inner).map(Garble::garbled),
            other => self.run(method, other, run),
        }
    }

    /// A call of a method that has no way to fail.
    fn say<R: Garble>(&self, method: &'static str, run: impl FnOnce(&T) -> R) -> R {
        match self.faults.strike(method) {
            Some(Fault::Garbage) => run(&self.inner).garbled(),
            other => self.run(method, other, run),
        }
    }

    fn run<R>(&self, method: &'static str, fault: Option<Fault>, run: impl FnOnce(&T) -> R) -> R {
        match fault {
            Some(Fault::Delay(clock, microseconds)) => clock.advance(microseconds),
            Some(Fault::Stall(time)) => std::thread::sleep(time),
            Some(Fault::Meanwhile(Meanwhile(happens))) => happens(),
            #[expect(clippy::panic, reason = "that is what was asked for")]
            Some(Fault::Panic) => panic!("a fault of {method} that a test commanded"),
            None | Some(Fault::Fail(_) | Fault::FailAfter(_) | Fault::Garbage) => {}
        }
        run(&self.inner)
    }
}

/// The answer of a method, unless a fault strikes.
macro_rules! answer {
    // Not a method of the world: a host that asks for it has it from the identity.
    (is $this:ident $name:ident($($argument:ident),*)) => { $this.inner.$name($($argument),*) };
    (says $this:ident $name:ident($($argument:ident),*)) => { $this.say(stringify!($name), |inner| inner.$name($($argument),*)) };
    (tries $this:ident $name:ident($($argument:ident),*)) => { $this.call(stringify!($name), |inner| inner.$name($($argument),*)) };
    (reports $($method:tt)*) => { answer!(says $($method)*) };
    (ends $($method:tt)*) => { answer!(tries $($method)*) };
}

macro_rules! faulty {
    ([] $($trait:ident { $($kind:ident fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $answer:ty)?;)* })*) => { $(
        impl<T: $trait> $trait for Faulty<T> {
            $(fn $name(&self $(, $argument: $type)*) $(-> $answer)? {
                answer!($kind self $name($($argument),*))
            })*
        }
    )* };
}

backend_methods! { faulty [] }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Clock;
    use crate::error::Code;
    use crate::memory::MemoryStore;

    fn faulty() -> Faulty<Arc<MemoryStore>> {
        Faulty::new(Arc::new(MemoryStore::new(Guid([1; 16]), "test")))
    }

    #[test]
    fn only_the_call_asked_for_fails() {
        let store = faulty();
        let failure = Failure::new(Code::NetworkError, "the cable is out");
        store.faults.schedule(Some("reserve"), Trigger::Nth(2), Fault::Fail(failure.clone()));
        assert!(store.reserve(1).is_ok());
        assert!(store.feed_cursor().is_ok());
        assert_eq!(store.reserve(1).unwrap_err(), failure);
        assert!(store.reserve(1).is_ok());
        assert_eq!(store.faults.calls(), ["reserve", "feed_cursor", "reserve", "reserve"]);
    }

    #[test]
    fn a_slow_call_takes_time() {
        let store = faulty();
        let clock = Arc::new(MemoryClock::default());
        let before = clock.monotonic();
        store.faults.schedule(None, Trigger::Every, Fault::Delay(Arc::clone(&clock), 7));
        store.reserve(1).unwrap();
        assert_eq!(clock.monotonic() - before, 7000);
    }

    #[test]
    fn a_lying_backend_answers_nonsense() {
        let store = faulty();
        store.faults.schedule(Some("reserve"), Trigger::Every, Fault::Garbage);
        assert_eq!(store.reserve(2).unwrap().len(), 1);
        store.faults.clear();
        assert_eq!(store.reserve(2).unwrap().len(), 2);
    }
}
