//! Scans of containers: filters, orders, positions (`tables` 5.5, 6.1, 7).

use crate::backend::{Batch, ObjectId};
use crate::properties::{PropTag, Value};
use crate::restriction::{BitRelation, Relop};

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In one container.
    One(ObjectId),
    /// In these containers and, if `recursive`, all generic folders below them. Each object once.
    Several {
        /// The containers.
        containers: Vec<ObjectId>,
        /// Whether their subfolders count too.
        recursive: bool,
    },
}

/// The property that holds a submitted message's place in the outgoing queue (`stores` 2.9): `PT_I8`, set by
/// the engine at submission, deleted when the message leaves the queue. The identifier lies in the range
/// `properties` 3 leaves to providers; no client sees it.
pub const QUEUE_NUMBER: PropTag = PropTag(0x67E0_0014);

/// Which children to look at. Soft-deleted children appear only in the kinds named so; what lies below a
/// soft-deleted child is listed as if that child were not. Contents below an attachment are its embedded message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ScanKind {
    Subfolders,
    Contents,
    Associated,
    Recipients,
    Attachments,
    DeletedContents,
    DeletedAssociated,
    DeletedSubfolders,
    /// Messages of the whole store that carry a [`QUEUE_NUMBER`], in its order unless another is asked for;
    /// the scope is ignored.
    Queue,
}

/// How text is matched. The constant is folded as an order key is, without a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// The folded value equals the folded constant.
    Full,
    /// It begins with it.
    Prefix,
    /// It contains it.
    Substring,
}

/// One test of a filter. A test on an absent property is false, and `Not` of that is true.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterTest {
    /// All of the next `n` subtrees.
    And(u32),
    /// Any of the next `n` subtrees.
    Or(u32),
    /// Not the next subtree.
    Not,
    /// The value compared with a constant.
    Compare {
        /// The property.
        tag: PropTag,
        /// The relation.
        relop: Relop,
        /// The constant's order key; bounded for strings and binaries (`tables` 6.1).
        key: Vec<u8>,
        /// The constant reached the bound of the key: an answer by keys alone is inexact.
        bounded: bool,
        /// The constant itself.
        constant: Value,
    },
    /// Text or bytes.
    Text {
        /// The property.
        tag: PropTag,
        /// How.
        how: TextMatch,
        /// The folded constant.
        folded: String,
    },
    /// The bits of a `PT_LONG`.
    Bits {
        /// The property.
        tag: PropTag,
        /// Zero or non-zero.
        relation: BitRelation,
        /// The mask.
        mask: u32,
    },
    /// The size of the value.
    Size {
        /// The property.
        tag: PropTag,
        /// The relation, unsigned.
        relop: Relop,
        /// Bytes.
        size: u32,
    },
    /// The property has a value (of any type when the tag's type is `PT_UNSPECIFIED`).
    Exist(PropTag),
}

/// A filter: tests in preorder, forming exactly one tree.
pub type Filter = Vec<FilterTest>;

/// One key of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The property.
    pub tag: PropTag,
    /// Direction. Absent values come last in both.
    pub descending: bool,
}

/// How well a backend evaluates something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Exactly the rows that match.
    Exact,
    /// A superset; the engine tests again.
    Inexact,
    /// Not at all; the engine does it.
    Unsupported,
}

/// What the engine would like evaluated.
#[derive(Clone, Debug)]
pub struct PlanRequest<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// What.
    pub kind: ScanKind,
    /// Filters that all must hold.
    pub filters: &'a [Filter],
    /// The wanted order, ties by arrival in the direction of the last key; empty: by arrival ascending.
    pub order: &'a [OrderKey],
}

/// What the backend can do of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One answer for each filter.
    pub filters: Vec<Support>,
    /// Whether the order is exact together with the accepted filters; inexact does not exist here.
    pub order: Support,
    /// Whether `count` works with all exact filters.
    pub counts: bool,
    /// Whether `rank` and [`ScanFrom::Position`] work with them and the order.
    pub positions: bool,
    /// Whether `groups` works on the leading keys of the order.
    pub groups: bool,
}

/// The place of a row in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// One order key each, `None` for an absent value.
    pub keys: Vec<Option<Vec<u8>>>,
    /// The arrival number.
    pub arrival: u64,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanFrom {
    /// At the first row, or the last when reading backwards.
    Start,
    /// Behind that place, in reading direction; the row there is left out.
    After(RowKey),
    /// At that place: the row there is the first.
    At(RowKey),
    /// At the row with that number from the start of the order, whatever the reading direction.
    Position(u64),
}

/// A request for a page of rows.
#[derive(Clone, Debug)]
pub struct ScanRequest<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// What.
    pub kind: ScanKind,
    /// The wanted cells.
    pub columns: &'a [PropTag],
    /// Cells are cut as in `read_rows`.
    pub cell_limit: u32,
    /// Filters that all must hold.
    pub filters: &'a [Filter],
    /// The order; empty: arrival ascending.
    pub order: &'a [OrderKey],
    /// Where to begin.
    pub from: ScanFrom,
    /// Whether to read towards the start of the order. The rows of the page still come in reading direction.
    pub backwards: bool,
    /// At most that many rows.
    pub max: u32,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ScanPage {
    /// The rows.
    pub batch: Batch,
    /// The order keys of the last row, for going on behind it; `None` when there is no row.
    pub last: Option<RowKey>,
    /// Whether there are more.
    pub more: bool,
}

/// A request for categories: one grouped query.
#[derive(Clone, Debug)]
pub struct GroupRequest<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// What.
    pub kind: ScanKind,
    /// Filters that all must hold.
    pub filters: &'a [Filter],
    /// The order; its first `levels` keys make the categories.
    pub order: &'a [OrderKey],
    /// How many keys make a category.
    pub levels: u32,
    /// Begin behind the category with these keys.
    pub after: Option<Vec<Option<Vec<u8>>>>,
    /// At most that many categories.
    pub max: u32,
}

/// Categories, in order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GroupBatch {
    /// The order keys of each category.
    pub keys: Vec<Vec<Option<Vec<u8>>>>,
    /// The values of its row of lowest arrival, one for each key.
    pub values: Vec<Vec<Option<Value>>>,
    /// How many rows each has.
    pub counts: Vec<u64>,
    /// How many of them are unread messages.
    pub unread: Vec<u64>,
    /// Whether there are more categories.
    pub more: bool,
}
