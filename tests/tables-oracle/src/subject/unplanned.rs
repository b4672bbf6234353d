//! A store that answers no filter, order, count or position: the engine does everything itself.

use mapi_engine::backend::{
    Batch, CheckReport, Commit, Committed, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, NamedProperty, ObjectHead,
    ObjectId, Objects, OrderKey, Plan, PlanRequest, Quota, RowKey, ScanKind, ScanPage, ScanRequest, Scope, Store, StoreIdentity,
    StoredProperty, Support, TagSize, Want,
};
use mapi_engine::error::Result;
use mapi_engine::properties::{Guid, PropTag, Property};
use std::rc::Rc;

/// Another store without its abilities to search.
pub(crate) struct Unplanned(pub(crate) Rc<dyn Store>);

impl Objects for Unplanned {
    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let filters = vec![Support::Unsupported; request.filters.len()];
        Ok(Plan { filters, order: Support::Unsupported, counts: false, positions: false, groups: false })
    }

    fn uid(&self) -> Guid {
        self.0.uid()
    }

    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.0.read(object, want, inline_limit)
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.0.list_tags(object)
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        self.0.read_rows(objects, columns, cell_limit)
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        self.0.scan(request)
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        self.0.count(scope, kind, filter)
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        self.0.rank(scope, kind, filter, order, key)
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        self.0.container_tags(container, kind)
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.0.read_range(object, tag, offset, length)
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        self.0.reserve(count)
    }

    fn stage(&self) -> Result<u64> {
        self.0.stage()
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.0.append(staged, bytes)
    }

    fn discard(&self, staged: u64) {
        self.0.discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        self.0.commit(commit)
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.0.feed_cursor()
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.0.changes(since, max)
    }
}

impl Store for Unplanned {
    fn identity(&self) -> StoreIdentity {
        self.0.identity()
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        self.0.groups(request)
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        self.0.ids_of_names(names, create)
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        self.0.names_of_ids(ids)
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        self.0.all_names()
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        self.0.rekey(objects, key_version, finished)
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        self.0.index_step(budget_us)
    }

    fn quota(&self) -> Result<Quota> {
        self.0.quota()
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        self.0.check(repair)
    }

    fn compact(&self) -> Result<()> {
        self.0.compact()
    }

    fn backup(&self, target: &str) -> Result<()> {
        self.0.backup(target)
    }
}
