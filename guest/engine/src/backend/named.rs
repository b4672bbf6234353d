//! Failures that say who failed (`session` 3.1): a backend does not know by which name a profile calls it.

use crate::backend::{
    Batch, CheckReport, Commit, Committed, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, NamedProperty, ObjectHead,
    ObjectId, Objects, OrderKey, Plan, PlanRequest, Quota, RowKey, ScanKind, ScanPage, ScanRequest, Scope, Store, StoreIdentity,
    StoredProperty, TagSize, Want,
};
use crate::error::Result;
use crate::properties::{Guid, PropTag, Property};
use std::rc::Rc;

/// A provider whose failures carry its display name and the identifier of its section.
pub struct Named<T: ?Sized> {
    provider: Rc<T>,
    name: Box<str>,
    section: Guid,
}

impl<T: ?Sized> Named<T> {
    /// The provider of that section.
    #[must_use]
    pub fn new(provider: Rc<T>, name: &str, section: Guid) -> Self {
        Self { provider, name: name.into(), section }
    }

    fn call<R>(&self, run: impl FnOnce(&T) -> Result<R>) -> Result<R> {
        run(&self.provider).map_err(|failure| failure.from_provider(&self.name, self.section))
    }
}

impl<T: Objects + ?Sized> Objects for Named<T> {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.call(|provider| provider.read(object, want, inline_limit))
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.call(|provider| provider.list_tags(object))
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        self.call(|provider| provider.read_rows(objects, columns, cell_limit))
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        self.call(|provider| provider.plan(request))
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        self.call(|provider| provider.scan(request))
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        self.call(|provider| provider.count(scope, kind, filter))
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.call(|provider| provider.rank(scope, kind, filter, order, key))
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        self.call(|provider| provider.container_tags(container, kind))
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.call(|provider| provider.read_range(object, tag, offset, length))
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        self.call(|provider| provider.reserve(count))
    }

    fn stage(&self) -> Result<u64> {
        self.call(T::stage)
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.call(|provider| provider.append(staged, bytes))
    }

    fn discard(&self, staged: u64) {
        self.provider.discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        self.call(|provider| provider.commit(commit))
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.call(T::feed_cursor)
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.call(|provider| provider.changes(since, max))
    }

    fn uid(&self) -> Guid {
        self.provider.uid()
    }
}

impl<T: Store + ?Sized> Store for Named<T> {
    fn identity(&self) -> StoreIdentity {
        self.provider.identity()
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        self.call(|provider| provider.groups(request))
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        self.call(|provider| provider.ids_of_names(names, create))
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        self.call(|provider| provider.names_of_ids(ids))
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        self.call(T::all_names)
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        self.call(|provider| provider.rekey(objects, key_version, finished))
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        self.call(|provider| provider.index_step(budget_us))
    }

    fn quota(&self) -> Result<Quota> {
        self.call(T::quota)
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        self.call(|provider| provider.check(repair))
    }

    fn compact(&self) -> Result<()> {
        self.call(T::compact)
    }

    fn backup(&self, target: &str) -> Result<()> {
        self.call(|provider| provider.backup(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Failure, Origin};
    use crate::memory::{Fault, Faulty, MemoryStore, Trigger};
    use std::sync::Arc;

    #[test]
    fn a_failure_names_the_provider_and_one_that_names_another_stays() {
        let faulty = Faulty::new(Arc::new(MemoryStore::new(Guid([1; 16]), "test")));
        let faults = Arc::clone(&faulty.faults);
        let store = Named::new(Rc::new(faulty) as Rc<dyn Store>, "Mailbox", Guid([2; 16]));
        let line = Failure::new(Code::NetworkError, "the cable is out");
        faults.schedule(Some("reserve"), Trigger::Every, Fault::Fail(line.clone()));
        faults.schedule(Some("quota"), Trigger::Every, Fault::Fail(line.from_provider("Server", Guid([3; 16]))));
        let origin = |failure: Failure| failure.detail().origin.clone();
        let named = |name: &str, uid| Origin::Provider { name: name.to_owned(), uid: Guid([uid; 16]) };
        assert_eq!(origin(store.reserve(1).unwrap_err()), named("Mailbox", 2));
        assert_eq!(origin(store.quota().unwrap_err()), named("Server", 3));
    }
}
