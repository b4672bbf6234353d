//! What store and address book imports have in common: objects read, scanned and changed.

use crate::imports::scans::rows;
use crate::types::plain;
use crate::world::mapi::session::backend_types as wire;
use mapi_engine::backend::{IndexPlan, ObjectHead, ObjectId, ObjectKind, TagSize};
use mapi_engine::error::Result;
use mapi_engine::properties::PropTag;

/// An object identifier of a backend.
pub(crate) fn object_id(bytes: &[u8]) -> Result<ObjectId> {
    ObjectId::new(bytes).ok_or_else(|| plain("the backend named an object by an identifier that is not 1 to 255 bytes long"))
}

impl From<wire::ObjectKind> for ObjectKind {
    fn from(kind: wire::ObjectKind) -> Self {
        match kind {
            wire::ObjectKind::Store => Self::Store,
            wire::ObjectKind::Folder => Self::Folder,
            wire::ObjectKind::SearchFolder => Self::SearchFolder,
            wire::ObjectKind::Message => Self::Message,
            wire::ObjectKind::Associated => Self::Associated,
            wire::ObjectKind::Recipient => Self::Recipient,
            wire::ObjectKind::Attachment => Self::Attachment,
            wire::ObjectKind::EmbeddedMessage => Self::EmbeddedMessage,
            wire::ObjectKind::DistributionList => Self::DistributionList,
        }
    }
}

impl From<ObjectKind> for wire::ObjectKind {
    fn from(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::Store => Self::Store,
            ObjectKind::Folder => Self::Folder,
            ObjectKind::SearchFolder => Self::SearchFolder,
            ObjectKind::Message => Self::Message,
            ObjectKind::Associated => Self::Associated,
            ObjectKind::Recipient => Self::Recipient,
            ObjectKind::Attachment => Self::Attachment,
            ObjectKind::EmbeddedMessage => Self::EmbeddedMessage,
            ObjectKind::DistributionList => Self::DistributionList,
        }
    }
}

/// What is known of an object.
pub(crate) fn head(head: &wire::ObjectHead) -> Result<ObjectHead> {
    Ok(ObjectHead {
        kind: head.kind.into(),
        parent: head.parent.as_deref().map(object_id).transpose()?,
        version: head.version,
        arrival: head.arrival,
        deleted: head.deleted,
    })
}

/// The properties to read.
pub(crate) fn wire_want(want: mapi_engine::backend::Want<'_>) -> wire::Want {
    match want {
        mapi_engine::backend::Want::All => wire::Want::All,
        mapi_engine::backend::Want::Tags(tags) => wire::Want::Tags(crate::types::wire_tags(tags)),
    }
}

impl From<wire::TagSize> for TagSize {
    fn from(entry: wire::TagSize) -> Self {
        Self { tag: PropTag(entry.tag), size: entry.size }
    }
}

impl From<wire::IndexPlan> for IndexPlan {
    fn from(plan: wire::IndexPlan) -> Self {
        Self {
            ordered: crate::types::tags(plan.ordered),
            searched: crate::types::tags(plan.searched),
            key_version: plan.key_version,
        }
    }
}

/// Rows of a backend.
pub(crate) fn page(page: wire::ScanPage) -> Result<mapi_engine::backend::ScanPage> {
    Ok(mapi_engine::backend::ScanPage { batch: rows(page.batch)?, last: page.last.map(Into::into), more: page.more })
}

/// Implements the engine's `Objects` over an import resource kept in field `import`, with its MAPIUID in `uid`.
macro_rules! objects {
    ($type:ty) => {
        impl mapi_engine::backend::Objects for $type {
            fn read(
                &self,
                object: &mapi_engine::backend::ObjectId,
                want: mapi_engine::backend::Want<'_>,
                inline_limit: u32,
            ) -> mapi_engine::error::Result<(mapi_engine::backend::ObjectHead, Vec<mapi_engine::properties::Property>)> {
                let want = $crate::imports::objects::wire_want(want);
                let hints = $crate::world::mapi::session::backend_types::ReadHints::empty();
                let state = self.import.read(object.as_bytes(), &want, inline_limit, hints)?;
                Ok(($crate::imports::objects::head(&state.head)?, $crate::types::properties(state.properties)?))
            }

            fn list_tags(
                &self,
                object: &mapi_engine::backend::ObjectId,
            ) -> mapi_engine::error::Result<Vec<mapi_engine::backend::TagSize>> {
                Ok(self.import.list_tags(object.as_bytes())?.into_iter().map(Into::into).collect())
            }

            fn read_rows(
                &self,
                objects: &[mapi_engine::backend::ObjectId],
                columns: &[mapi_engine::properties::PropTag],
                cell_limit: u32,
            ) -> mapi_engine::error::Result<mapi_engine::backend::Batch> {
                let objects: Vec<_> = objects.iter().map(|object| object.as_bytes().to_vec()).collect();
                let columns = $crate::types::wire_tags(columns);
                $crate::imports::scans::rows(self.import.read_rows(&objects, &columns, cell_limit)?)
            }

            fn plan(
                &self,
                request: &mapi_engine::backend::PlanRequest<'_>,
            ) -> mapi_engine::error::Result<mapi_engine::backend::Plan> {
                Ok(self.import.plan(&$crate::imports::scans::wire_plan_request(request)?)?.into())
            }

            fn scan(
                &self,
                request: &mapi_engine::backend::ScanRequest<'_>,
            ) -> mapi_engine::error::Result<mapi_engine::backend::ScanPage> {
                $crate::imports::objects::page(self.import.scan(&$crate::imports::scans::wire_scan_request(request)?)?)
            }

            fn count(
                &self,
                scope: &mapi_engine::backend::Scope,
                kind: mapi_engine::backend::ScanKind,
                filter: &[mapi_engine::backend::Filter],
            ) -> mapi_engine::error::Result<u64> {
                Ok(self.import.count(&$crate::imports::scans::wire_count_request(scope, kind, filter)?)?)
            }

            fn rank(
                &self,
                scope: &mapi_engine::backend::Scope,
                kind: mapi_engine::backend::ScanKind,
                filter: &[mapi_engine::backend::Filter],
                order: &[mapi_engine::backend::OrderKey],
                key: &mapi_engine::backend::RowKey,
            ) -> mapi_engine::error::Result<u64> {
                let request = $crate::imports::scans::wire_count_request(scope, kind, filter)?;
                let order = $crate::imports::scans::wire_order(order);
                Ok(self.import.rank(&request, &order, &key.clone().into())?)
            }

            fn container_tags(
                &self,
                container: &mapi_engine::backend::ObjectId,
                kind: mapi_engine::backend::ScanKind,
            ) -> mapi_engine::error::Result<Vec<mapi_engine::properties::PropTag>> {
                Ok($crate::types::tags(self.import.container_tags(container.as_bytes(), kind.into())?))
            }

            fn read_range(
                &self,
                object: &mapi_engine::backend::ObjectId,
                tag: mapi_engine::properties::PropTag,
                offset: u64,
                length: u32,
            ) -> mapi_engine::error::Result<Vec<u8>> {
                Ok(self.import.read_range(object.as_bytes(), tag.0, offset, length)?)
            }

            fn reserve(&self, count: u32) -> mapi_engine::error::Result<Vec<mapi_engine::backend::ObjectId>> {
                self.import.reserve(count)?.iter().map(|id| $crate::imports::objects::object_id(id)).collect()
            }

            fn stage(&self) -> mapi_engine::error::Result<u64> {
                Ok(self.import.stage()?)
            }

            fn append(&self, staged: u64, bytes: &[u8]) -> mapi_engine::error::Result<()> {
                Ok(self.import.append(staged, bytes)?)
            }

            fn discard(&self, staged: u64) {
                self.import.discard(staged);
            }

            fn commit(
                &self,
                commit: mapi_engine::backend::Commit,
            ) -> mapi_engine::error::Result<mapi_engine::backend::Committed> {
                Ok(self.import.commit(&$crate::imports::changes::wire_commit(commit)?)?.into())
            }

            fn feed_cursor(&self) -> mapi_engine::error::Result<mapi_engine::backend::FeedCursor> {
                Ok(mapi_engine::backend::FeedCursor(self.import.feed_cursor()?))
            }

            fn changes(
                &self,
                since: &mapi_engine::backend::FeedCursor,
                max: u32,
            ) -> mapi_engine::error::Result<mapi_engine::backend::FeedPage> {
                $crate::imports::changes::feed(self.import.changes(&since.0, max)?)
            }

            fn uid(&self) -> mapi_engine::properties::Guid {
                self.identity.uid
            }
        }
    };
}

pub(crate) use objects;
