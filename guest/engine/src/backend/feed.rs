//! The change feed, from which the engine makes every notification.

use crate::backend::{ObjectId, ObjectKind};
use crate::properties::PropTag;

/// A place in the feed: opaque bytes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FeedCursor(pub Vec<u8>);

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedVerb {
    /// Created.
    Created,
    /// Properties changed.
    Modified,
    /// Removed.
    Deleted {
        /// Still there as a soft-deleted object.
        soft: bool,
    },
    /// Moved.
    Moved {
        /// Where it was.
        from: ObjectId,
    },
    /// Created as a copy.
    Copied {
        /// The original.
        source: ObjectId,
        /// The original's container.
        source_parent: ObjectId,
    },
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRecord {
    /// Equal for all records of one commit, rising.
    pub commit: u64,
    /// The committer's token.
    pub token: u64,
    /// The object.
    pub object: ObjectId,
    /// Its kind.
    pub kind: ObjectKind,
    /// The container it lies (or lay) in.
    pub parent: ObjectId,
    /// What happened.
    pub verb: FeedVerb,
    /// The identifiers that changed, if the backend keeps them; empty: unknown.
    pub tags: Vec<PropTag>,
    /// Whether it was delivered.
    pub delivery: bool,
}

/// Changes since a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FeedPage {
    /// Oldest first.
    pub records: Vec<FeedRecord>,
    /// The place behind the last record.
    pub cursor: FeedCursor,
    /// Records between the asked cursor and the first one are lost: everything must be read again.
    pub gap: bool,
    /// There are more.
    pub more: bool,
}
