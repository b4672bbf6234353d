//! Commits and the change feed.

use crate::imports::objects::object_id;
use crate::types::wire_tags;
use crate::world::mapi::session::backend_types as wire;
use mapi_engine::backend::{
    Change, Commit, Committed, Expected, FeedCursor, FeedPage, FeedRecord, FeedVerb, StoredProperty, StoredValue,
};
use mapi_engine::error::{Failure, Result};

impl TryFrom<StoredProperty> for wire::StoredProperty {
    type Error = Failure;

    fn try_from(property: StoredProperty) -> Result<Self> {
        Ok(Self {
            tag: property.tag.0,
            value: match property.value {
                StoredValue::Inline(value) => wire::StoredValue::Inline(value.try_into()?),
                StoredValue::Staged(staged) => {
                    wire::StoredValue::Staged(wire::StagedValue { number: staged.number, size: staged.size })
                }
            },
            order_key: property.order_key,
            folded: property.folded,
        })
    }
}

/// Properties to be stored.
pub(crate) fn wire_stored(properties: Vec<StoredProperty>) -> Result<Vec<wire::StoredProperty>> {
    properties.into_iter().map(TryInto::try_into).collect()
}

impl From<Expected> for wire::Expected {
    fn from(expected: Expected) -> Self {
        match expected {
            Expected::Exists => Self::Exists,
            Expected::Version(version) => Self::Version(version),
        }
    }
}

fn wire_change(change: Change) -> Result<wire::Change> {
    Ok(match change {
        Change::Create { object, parent, kind, properties } => wire::Change::Create(wire::CreateChange {
            object: object.as_bytes().to_vec(),
            parent: parent.as_bytes().to_vec(),
            kind: kind.into(),
            properties: wire_stored(properties)?,
        }),
        Change::Set { object, expected, set, delete, quiet } => wire::Change::Set(wire::SetChange {
            object: object.as_bytes().to_vec(),
            expected: expected.into(),
            set: wire_stored(set)?,
            delete: wire_tags(&delete),
            quiet,
        }),
        Change::Bits { object, tag, set, clear } => {
            wire::Change::Bits(wire::BitsChange { object: object.as_bytes().to_vec(), tag: tag.0, set, clear })
        }
        Change::Move { object, expected, parent, set, restore } => wire::Change::Move(wire::MoveChange {
            object: object.as_bytes().to_vec(),
            expected: expected.into(),
            parent: parent.as_bytes().to_vec(),
            set: wire_stored(set)?,
            restore,
        }),
        Change::Copy { source, object, parent, set, delete } => wire::Change::Copy(wire::CopyChange {
            source: source.as_bytes().to_vec(),
            object: object.as_bytes().to_vec(),
            parent: parent.as_bytes().to_vec(),
            set: wire_stored(set)?,
            delete: wire_tags(&delete),
        }),
        Change::Remove { object, expected, hard } => {
            wire::Change::Remove(wire::RemoveChange { object: object.as_bytes().to_vec(), expected: expected.into(), hard })
        }
    })
}

/// Changes for a backend.
pub(crate) fn wire_commit(commit: Commit) -> Result<wire::CommitRequest> {
    Ok(wire::CommitRequest {
        changes: commit.changes.into_iter().map(wire_change).collect::<Result<_>>()?,
        token: commit.token,
        defer_indexing: commit.defer_indexing,
        delivery: commit.delivery,
    })
}

impl From<wire::Committed> for Committed {
    fn from(committed: wire::Committed) -> Self {
        Self {
            objects: committed.objects.into_iter().map(|object| (object.version, object.arrival)).collect(),
            cursor: FeedCursor(committed.cursor),
        }
    }
}

fn record(record: wire::FeedRecord) -> Result<FeedRecord> {
    Ok(FeedRecord {
        commit: record.commit,
        token: record.token,
        object: object_id(&record.object)?,
        kind: record.kind.into(),
        parent: object_id(&record.parent)?,
        verb: match record.verb {
            wire::FeedVerb::Created => FeedVerb::Created,
            wire::FeedVerb::Modified => FeedVerb::Modified,
            wire::FeedVerb::Deleted(soft) => FeedVerb::Deleted { soft },
            wire::FeedVerb::Moved(container) => FeedVerb::Moved { from: object_id(&container)? },
            wire::FeedVerb::Copied(copy) => {
                FeedVerb::Copied { source: object_id(&copy.source)?, source_parent: object_id(&copy.source_parent)? }
            }
        },
        tags: crate::types::tags(record.tags),
        delivery: record.delivery,
    })
}

/// Changes of a backend.
pub(crate) fn feed(page: wire::FeedPage) -> Result<FeedPage> {
    Ok(FeedPage {
        records: page.records.into_iter().map(record).collect::<Result<_>>()?,
        cursor: FeedCursor(page.cursor),
        gap: page.gap,
        more: page.more,
    })
}
