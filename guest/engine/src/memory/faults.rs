//! Backends that fail, stall and lie on command: a bad backend costs its own service and nothing else
//! (`session` 3.1), and that is tested with these.

use super::{MemoryClock, lock};
use crate::backend::{
    AddressBook, AddressBookIdentity, Batch, CheckReport, ColumnData, Commit, Committed, FeedCursor, FeedPage, Filter,
    GroupBatch, GroupRequest, NamedProperty, ObjectHead, ObjectId, ObjectKind, Objects, OrderKey, Plan, PlanRequest, Quota,
    Resolution, RowKey, ScanKind, ScanPage, ScanRequest, Scope, Store, StoreIdentity, StoredProperty, Support, TagSize, Want,
};
use crate::error::{Failure, Result};
use crate::properties::{Guid, PropTag, Property, Value};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The call fails and does nothing.
    Fail(Failure),
    /// The call is made, then reported as failed: the caller cannot know what was done.
    FailAfter(Failure),
    /// The call takes that many microseconds of these clocks.
    Delay(Arc<MemoryClock>, u64),
    /// The call takes that much real time first.
    Stall(Duration),
    /// The call panics and does nothing.
    Panic,
    /// The call is made and its answer garbled: too few rows and columns, values of wrong types, endless pages.
    Garbage,
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

    fn call<R: Garble>(&self, method: &'static str, run: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        match self.faults.strike(method) {
            None => run(&self.inner),
            Some(Fault::Fail(failure)) => Err(failure),
            Some(Fault::FailAfter(failure)) => run(&self.inner).and(Err(failure)),
            Some(Fault::Delay(clock, microseconds)) => {
                clock.advance(microseconds);
                run(&self.inner)
            }
            Some(Fault::Stall(time)) => {
                std::thread::sleep(time);
                run(&self.inner)
            }
            #[expect(clippy::panic, reason = "that is what was asked for")]
            Some(Fault::Panic) => panic!("a fault of {method} that a test commanded"),
            Some(Fault::Garbage) => run(&self.inner).map(Garble::garbled),
        }
    }
}

/// An answer that can be made nonsense of.
trait Garble {
    fn garbled(self) -> Self;
}

macro_rules! garble {
    ($($type:ty: $value:ident => $garbled:expr;)*) => { $(
        impl Garble for $type {
            fn garbled(self) -> Self {
                let $value = self;
                $garbled
            }
        }
    )* };
}

garble! {
    (): _value => ();
    bool: value => !value;
    u64: _value => u64::MAX;
    Vec<u8>: value => value.iter().map(|byte| !byte).chain([0xFF; 9]).collect();
    (ObjectHead, Vec<Property>): value => {
        let (mut head, mut properties) = value;
        head.kind = ObjectKind::Recipient;
        head.parent = Some(ObjectId::from(u64::MAX));
        for property in &mut properties {
            property.value = Value::MvLong(Vec::new());
        }
        (head, properties)
    };
    Vec<TagSize>: value => value.into_iter().map(|found| TagSize { size: u64::MAX, ..found }).collect();
    Batch: value => {
        let mut batch = value;
        for column in &mut batch.columns {
            column.present = vec![0xFF];
            column.data = ColumnData::Text("é".to_owned(), vec![1, 0, u32::MAX]);
        }
        batch.columns.pop();
        batch.kinds.pop();
        batch.arrivals = vec![0; batch.arrivals.len()];
        batch
    };
    ScanPage: value => ScanPage { batch: value.batch.garbled(), last: None, more: true };
    Plan: _value => Plan { filters: Vec::new(), order: Support::Inexact, counts: true, positions: true, groups: true };
    Vec<PropTag>: _value => vec![PropTag(0), PropTag(u32::MAX)];
    Vec<ObjectId>: value => value.into_iter().skip(1).collect();
    Committed: value => Committed { objects: Vec::new(), ..value };
    FeedCursor: _value => FeedCursor(vec![0xFF; 3]);
    FeedPage: value => FeedPage { more: true, cursor: FeedCursor::default(), ..value };
    GroupBatch: value => GroupBatch { values: Vec::new(), unread: vec![u64::MAX], ..value };
    Vec<Option<u16>>: _value => vec![Some(0)];
    Vec<Option<NamedProperty>>: _value => Vec::new();
    Vec<(u16, NamedProperty)>: value => value.into_iter().map(|(_, name)| (0, name)).collect();
    Quota: _value => Quota { used: u64::MAX, limit: 1 };
    CheckReport: value => value;
    Vec<Resolution>: _value => Vec::new();
}

impl<T: Objects> Objects for Faulty<T> {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.call("read", |inner| inner.read(object, want, inline_limit))
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.call("list_tags", |inner| inner.list_tags(object))
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        self.call("read_rows", |inner| inner.read_rows(objects, columns, cell_limit))
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        self.call("plan", |inner| inner.plan(request))
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        self.call("scan", |inner| inner.scan(request))
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        self.call("count", |inner| inner.count(scope, kind, filter))
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.call("rank", |inner| inner.rank(scope, kind, filter, order, key))
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        self.call("container_tags", |inner| inner.container_tags(container, kind))
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.call("read_range", |inner| inner.read_range(object, tag, offset, length))
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        self.call("reserve", |inner| inner.reserve(count))
    }

    fn stage(&self) -> Result<u64> {
        self.call("stage", Objects::stage)
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.call("append", |inner| inner.append(staged, bytes))
    }

    fn discard(&self, staged: u64) {
        // It cannot fail, but a test may want to know that it was called.
        lock(&self.faults.calls).push("discard");
        self.inner.discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        self.call("commit", |inner| inner.commit(commit))
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.call("feed_cursor", Objects::feed_cursor)
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.call("changes", |inner| inner.changes(since, max))
    }

    fn uid(&self) -> Guid {
        self.inner.uid()
    }
}

impl<T: Store> Store for Faulty<T> {
    fn identity(&self) -> StoreIdentity {
        self.inner.identity()
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        self.call("groups", |inner| inner.groups(request))
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        self.call("ids_of_names", |inner| inner.ids_of_names(names, create))
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        self.call("names_of_ids", |inner| inner.names_of_ids(ids))
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        self.call("all_names", Store::all_names)
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        self.call("rekey", |inner| inner.rekey(objects, key_version, finished))
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        self.call("index_step", |inner| inner.index_step(budget_us))
    }

    fn quota(&self) -> Result<Quota> {
        self.call("quota", Store::quota)
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        self.call("check", |inner| inner.check(repair))
    }

    fn compact(&self) -> Result<()> {
        self.call("compact", Store::compact)
    }

    fn backup(&self, target: &str) -> Result<()> {
        self.call("backup", |inner| inner.backup(target))
    }
}

impl<T: AddressBook> AddressBook for Faulty<T> {
    fn identity(&self) -> AddressBookIdentity {
        self.inner.identity()
    }

    fn resolve(&self, container: &ObjectId, names: &[String], tags: &[PropTag], addresses_only: bool) -> Result<Vec<Resolution>> {
        self.call("resolve", |inner| inner.resolve(container, names, tags, addresses_only))
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
