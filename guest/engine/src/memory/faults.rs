//! Backends that fail, stall and lie on command: a bad backend costs its own service and nothing else
//! (`session` 3.1), and that is tested with these.

use super::garble::Garble;
use super::{MemoryClock, lock};
use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, Catalogue, CheckReport, Commit, Committed, ConfigureOutcome, ConfigureRequest,
    Envelope, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, InboundMessage, LoadedProfile, NamedProperty, ObjectHead,
    ObjectId, Objects, OrderKey, Outcome, Plan, PlanRequest, ProfileEntry, ProfileStorage, Quota, Resolution, RowKey, ScanKind,
    ScanPage, ScanRequest, Scope, ServiceDefinition, Store, StoreIdentity, StoredProperty, TagSize, Transport, TransportIdentity,
    TransportNotice, Want,
};
use crate::error::{Failure, Result};
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

/// Implements traits by calling the same methods of the backend, unless a fault strikes: those that have no way
/// to fail, and the others.
macro_rules! faulty {
    ($($trait:ident {
        $(says fn $says:ident(&self $(, $say:ident: $said:ty)*) $(-> $answer:ty)?;)*
        $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> Result<$result:ty>;)*
        $(rest { $($rest:tt)* })?
    })*) => { $(
        impl<T: $trait> $trait for Faulty<T> {
            $(fn $says(&self $(, $say: $said)*) $(-> $answer)? {
                self.say(stringify!($says), |inner| inner.$says($($say),*))
            })*

            $(fn $name(&self $(, $argument: $type)*) -> Result<$result> {
                self.call(stringify!($name), |inner| inner.$name($($argument),*))
            })*

            $($($rest)*)?
        }
    )* };
}

faulty! {
    Objects {
        says fn discard(&self, staged: u64);
        fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)>;
        fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>>;
        fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch>;
        fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan>;
        fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage>;
        fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64>;
        fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64>;
        fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>>;
        fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>>;
        fn reserve(&self, count: u32) -> Result<Vec<ObjectId>>;
        fn stage(&self) -> Result<u64>;
        fn append(&self, staged: u64, bytes: &[u8]) -> Result<()>;
        fn commit(&self, commit: Commit) -> Result<Committed>;
        fn feed_cursor(&self) -> Result<FeedCursor>;
        fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage>;
        rest {
            // Not a method of the world: a host that asks for it has it from the identity.
            fn uid(&self) -> Guid {
                self.inner.uid()
            }
        }
    }
    Store {
        says fn identity(&self) -> StoreIdentity;
        fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch>;
        fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>>;
        fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>>;
        fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>>;
        fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()>;
        fn index_step(&self, budget_us: u64) -> Result<bool>;
        fn quota(&self) -> Result<Quota>;
        fn check(&self, repair: bool) -> Result<CheckReport>;
        fn compact(&self) -> Result<()>;
        fn backup(&self, target: &str) -> Result<()>;
    }
    AddressBook {
        says fn identity(&self) -> AddressBookIdentity;
        fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>>;
    }
    Transport {
        says fn identity(&self) -> TransportIdentity;
        says fn cancel(&self, transfer: u64);
        says fn idle(&self);
        says fn notices(&self) -> Vec<TransportNotice>;
        fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()>;
        fn begin(&self, envelope: &Envelope) -> Result<u64>;
        fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()>;
        fn poll(&self) -> Result<bool>;
        fn receive(&self) -> Result<Option<InboundMessage>>;
        fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>>;
        fn acknowledge(&self, message: u64, stored: bool) -> Result<()>;
        fn flush(&self, flags: u32) -> Result<()>;
        fn validate(&self, flags: u32) -> Result<()>;
        fn finish(&self, transfer: u64) -> Result<Outcome>;
    }
    ProfileStorage {
        says fn release_lease(&self, lease: u64);
        fn list(&self) -> Result<Vec<ProfileEntry>>;
        fn load(&self, name: &str) -> Result<LoadedProfile>;
        fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64>;
        fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64>;
        fn delete(&self, name: &str, expected: u64) -> Result<()>;
        fn default_name(&self) -> Result<Option<String>>;
        fn set_default_name(&self, name: Option<&str>) -> Result<()>;
        fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>>;
        fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()>;
        fn acquire_lease(&self, name: &str) -> Result<u64>;
        fn leases(&self, name: &str) -> Result<u32>;
    }
    Catalogue {
        fn services(&self) -> Result<Vec<ServiceDefinition>>;
        fn configure(&self, request: ConfigureRequest) -> Result<ConfigureOutcome>;
    }
}

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
