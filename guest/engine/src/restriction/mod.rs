//! Restrictions: the tree of `tables` 5.

use crate::properties::{PropTag, Property};

/// `RELOP_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named by `tables` 1.2")]
pub enum Relop {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    /// `RELOP_RE`: accepted by the type, refused by validation.
    Re,
    MemberOfDl,
}

/// `BMR_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named by `tables` 1.2")]
pub enum BitRelation {
    Eqz,
    Nez,
}

/// One node with its children (`tables` 5.1).
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named by `tables` 5.1")]
pub enum Restriction {
    And(Vec<Restriction>),
    Or(Vec<Restriction>),
    Not(Box<Restriction>),
    /// `fuzzy` is the raw `FL_*` level.
    Content {
        fuzzy: u32,
        tag: PropTag,
        value: Property,
    },
    Property {
        relop: Relop,
        tag: PropTag,
        value: Property,
    },
    CompareProps {
        relop: Relop,
        left: PropTag,
        right: PropTag,
    },
    Bitmask {
        relation: BitRelation,
        tag: PropTag,
        mask: u32,
    },
    Size {
        relop: Relop,
        tag: PropTag,
        size: u32,
    },
    Exist {
        tag: PropTag,
    },
    SubRestriction {
        subobject: PropTag,
        child: Box<Restriction>,
    },
    Comment {
        properties: Vec<Property>,
        child: Option<Box<Restriction>>,
    },
    Annotation {
        properties: Vec<Property>,
        child: Option<Box<Restriction>>,
    },
    Count {
        count: u32,
        child: Box<Restriction>,
    },
}
