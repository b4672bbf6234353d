//! Changes, and the feed that tells of them.

use super::{Wire, map, wires};
use crate::runtime::world::mapi::session::backend_types as backend;
use mapi_engine::backend::{
    Change, Commit, Committed, Expected, FeedPage, FeedRecord, FeedVerb, ObjectKind, StagedValue, StoredProperty, StoredValue,
};
use mapi_engine::error::Result;
use mapi_engine::properties::{PropTag, Value};

pub(crate) fn stored(property: backend::StoredProperty) -> Result<StoredProperty> {
    Ok(StoredProperty {
        tag: PropTag(property.tag),
        value: match property.value {
            backend::StoredValue::Inline(value) => StoredValue::Inline(Value::from_wit(value)?),
            backend::StoredValue::Staged(staged) => StoredValue::Staged(StagedValue { number: staged.number, size: staged.size }),
        },
        order_key: property.order_key,
        folded: property.folded,
    })
}

pub(crate) fn all_stored(properties: Vec<backend::StoredProperty>) -> Result<Vec<StoredProperty>> {
    properties.into_iter().map(stored).collect()
}

const fn expected(expected: backend::Expected) -> Expected {
    match expected {
        backend::Expected::Exists => Expected::Exists,
        backend::Expected::Version(version) => Expected::Version(version),
    }
}

fn change(change: backend::Change) -> Result<Change> {
    Ok(match change {
        backend::Change::Create(change) => Change::Create {
            object: Wire::from_wit(change.object)?,
            parent: Wire::from_wit(change.parent)?,
            kind: ObjectKind::from_wit(change.kind)?,
            properties: all_stored(change.properties)?,
        },
        backend::Change::Set(change) => Change::Set {
            object: Wire::from_wit(change.object)?,
            expected: expected(change.expected),
            set: all_stored(change.set)?,
            delete: map(change.delete)?,
            quiet: change.quiet,
        },
        backend::Change::Bits(change) => Change::Bits {
            object: Wire::from_wit(change.object)?,
            tag: PropTag(change.tag),
            set: change.set,
            clear: change.clear,
        },
        backend::Change::Move(change) => Change::Move {
            object: Wire::from_wit(change.object)?,
            expected: expected(change.expected),
            parent: Wire::from_wit(change.parent)?,
            set: all_stored(change.set)?,
            restore: change.restore,
        },
        backend::Change::Copy(change) => Change::Copy {
            source: Wire::from_wit(change.source)?,
            object: Wire::from_wit(change.object)?,
            parent: Wire::from_wit(change.parent)?,
            set: all_stored(change.set)?,
            delete: map(change.delete)?,
        },
        backend::Change::Remove(change) => {
            Change::Remove { object: Wire::from_wit(change.object)?, expected: expected(change.expected), hard: change.hard }
        }
    })
}

pub(crate) fn commit(request: backend::CommitRequest) -> Result<Commit> {
    Ok(Commit {
        changes: request.changes.into_iter().map(change).collect::<Result<_>>()?,
        token: request.token,
        defer_indexing: request.defer_indexing,
        delivery: request.delivery,
    })
}

pub(crate) fn committed(committed: Committed) -> backend::Committed {
    let objects = committed.objects.into_iter().map(|(version, arrival)| backend::ChangedObject { version, arrival });
    backend::Committed { objects: objects.collect(), cursor: committed.cursor.0 }
}

pub(crate) fn feed_page(page: FeedPage) -> backend::FeedPage {
    let FeedPage { records, cursor, gap, more } = page;
    backend::FeedPage { records: records.into_iter().map(feed_record).collect(), cursor: cursor.0, gap, more }
}

fn feed_record(record: FeedRecord) -> backend::FeedRecord {
    let FeedRecord { commit, token, object, kind, parent, verb, tags, delivery } = record;
    backend::FeedRecord {
        commit,
        token,
        object: object.into_wit(),
        kind: kind.into_wit(),
        parent: parent.into_wit(),
        verb: match verb {
            FeedVerb::Created => backend::FeedVerb::Created,
            FeedVerb::Modified => backend::FeedVerb::Modified,
            FeedVerb::Deleted { soft } => backend::FeedVerb::Deleted(soft),
            FeedVerb::Moved { from } => backend::FeedVerb::Moved(from.into_wit()),
            FeedVerb::Copied { source, source_parent } => backend::FeedVerb::Copied(backend::CopySource {
                source: source.into_wit(),
                source_parent: source_parent.into_wit(),
            }),
        },
        tags: wires(tags),
        delivery,
    }
}
