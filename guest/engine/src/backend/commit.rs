//! Changes: created, set, moved, copied and removed together or not at all.

use crate::backend::{FeedCursor, ObjectId, ObjectKind};
use crate::properties::{PropTag, Property, Value};

/// A large value handed over by [`crate::backend::Objects::stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagedValue {
    /// Its number.
    pub number: u64,
    /// Its size as counted by `RES_SIZE`.
    pub size: u64,
}

/// The value of a stored property.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredValue {
    /// By value.
    Inline(Value),
    /// Staged before; `PT_UNICODE` text is staged as UTF-8.
    Staged(StagedValue),
}

/// A property with what the backend needs to index it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredProperty {
    /// The tag; string types are always `PT_UNICODE`.
    pub tag: PropTag,
    /// The value.
    pub value: StoredValue,
    /// The order key, given for the tags the backend named in its index plan (`tables` 6.1).
    pub order_key: Option<Vec<u8>>,
    /// The folded text, given for the tags the backend wants to search. `None` there means too long to
    /// hand over: the backend answers searches of it inexactly.
    pub folded: Option<String>,
}

impl From<Property> for StoredProperty {
    fn from(property: Property) -> Self {
        Self { tag: property.tag, value: StoredValue::Inline(property.value), order_key: None, folded: None }
    }
}

/// What must still hold for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The object exists.
    Exists,
    /// It still has this version.
    Version(u64),
}

/// One change. Objects created earlier in the same commit may be named.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Creates an object under an identifier reserved before; it gets the next arrival number.
    Create {
        /// The reserved identifier.
        object: ObjectId,
        /// Its container.
        parent: ObjectId,
        /// Its kind.
        kind: ObjectKind,
        /// Its properties.
        properties: Vec<StoredProperty>,
    },
    /// Sets and deletes properties.
    Set {
        /// The object.
        object: ObjectId,
        /// The condition.
        expected: Expected,
        /// Values to set.
        set: Vec<StoredProperty>,
        /// Identifiers to delete, types ignored.
        delete: Vec<PropTag>,
        /// Keeps the version: read state, status and submission state are no content (`stores` 7).
        quiet: bool,
    },
    /// Sets and clears bits of a `PT_LONG` property: new = (old and not `clear`) or `set`. Never raises the
    /// version. Where it changes nothing the feed has no record of it.
    Bits {
        /// The object.
        object: ObjectId,
        /// The property; absent counts as 0.
        tag: PropTag,
        /// Bits to set.
        set: u32,
        /// Bits to clear.
        clear: u32,
    },
    /// Moves an object, with all below it, to another container; identifiers stay, it gets a new arrival number there.
    Move {
        /// The object.
        object: ObjectId,
        /// The condition.
        expected: Expected,
        /// The new container.
        parent: ObjectId,
        /// Values to set on the way.
        set: Vec<StoredProperty>,
        /// Restores it if it was soft-deleted.
        restore: bool,
    },
    /// Copies a message with its recipients and attachments under a reserved identifier.
    Copy {
        /// The original.
        source: ObjectId,
        /// The reserved identifier of the copy.
        object: ObjectId,
        /// Its container.
        parent: ObjectId,
        /// Values that differ from the original's.
        set: Vec<StoredProperty>,
        /// Identifiers not to copy.
        delete: Vec<PropTag>,
    },
    /// Removes an object with all below it.
    Remove {
        /// The object.
        object: ObjectId,
        /// The condition.
        expected: Expected,
        /// For good; otherwise soft-deleted, if the backend keeps deleted items. Only folders, messages and
        /// lists are kept; other kinds always go for good.
        hard: bool,
    },
}

/// Changes to be made together.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Commit {
    /// In order.
    pub changes: Vec<Change>,
    /// Comes back in the feed, so that a committer knows its own changes.
    pub token: u64,
    /// Whether the text index may be brought up to date later; searches answer rightly meanwhile.
    pub defer_indexing: bool,
    /// Whether the changes are a delivery (`NewMail`).
    pub delivery: bool,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// One for each change, in order: the version and the arrival number of its object afterwards.
    pub objects: Vec<(u64, u64)>,
    /// The feed behind this commit.
    pub cursor: FeedCursor,
}
