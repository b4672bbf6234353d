//! Restrictions: the tree of `tables` 5, its flat form, its validation and its evaluation.

mod columnwise;
mod content;
#[cfg(test)]
pub(crate) mod generate;
mod matcher;
pub(crate) mod name_resolution;
mod preorder;
mod reader;
mod validation;

pub use columnwise::{Columns, Sifted};
pub use matcher::{Found, Matcher, Subject};
pub use preorder::{Node, Preorder};
pub use validation::{Place, Rows, validate};

use crate::properties::{PropTag, Property, tags};

/// Levels a restriction may have.
pub const MAX_DEPTH: usize = 64;

/// Nodes a restriction may have.
pub const MAX_NODES: usize = 4096;

/// `FL_FULLSTRING`.
pub const FL_FULLSTRING: u32 = 0;
/// `FL_SUBSTRING`.
pub const FL_SUBSTRING: u32 = 1;
/// `FL_PREFIX`.
pub const FL_PREFIX: u32 = 2;
/// `FL_PREFIX_ON_ANY_WORD`.
pub const FL_PREFIX_ON_ANY_WORD: u32 = 0x10;
/// `FL_PHRASE_MATCH`.
pub const FL_PHRASE_MATCH: u32 = 0x20;
/// `FL_IGNORECASE`.
pub const FL_IGNORECASE: u32 = 0x0001_0000;
/// `FL_IGNORENONSPACE`.
pub const FL_IGNORENONSPACE: u32 = 0x0002_0000;
/// `FL_LOOSE`.
pub const FL_LOOSE: u32 = 0x0004_0000;

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

/// What a sub-restriction looks at: the parts of a message (`tables` 1.2 "sub-object ids").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// `PR_MESSAGE_RECIPIENTS`.
    Recipients,
    /// `PR_MESSAGE_ATTACHMENTS`.
    Attachments,
}

impl Part {
    /// The part with that tag.
    #[must_use]
    pub fn of(subobject: PropTag) -> Option<Self> {
        match subobject {
            tags::MESSAGE_RECIPIENTS => Some(Self::Recipients),
            tags::MESSAGE_ATTACHMENTS => Some(Self::Attachments),
            _ => None,
        }
    }
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

impl Restriction {
    /// Moves the children out, leaving an empty node of the same kind.
    fn take_children(&mut self, into: &mut Vec<Restriction>) {
        match self {
            Self::And(children) | Self::Or(children) => into.append(children),
            Self::Not(child) | Self::SubRestriction { child, .. } | Self::Count { child, .. } => {
                // An empty AND owns no memory, so that an already emptied node costs nothing.
                if !matches!(&**child, Self::And(children) if children.is_empty()) {
                    into.push(std::mem::replace(&mut **child, Self::And(Vec::new())));
                }
            }
            Self::Comment { child, .. } | Self::Annotation { child, .. } => into.extend(child.take().map(|child| *child)),
            Self::Content { .. }
            | Self::Property { .. }
            | Self::CompareProps { .. }
            | Self::Bitmask { .. }
            | Self::Size { .. }
            | Self::Exist { .. } => {}
        }
    }
}

/// A tree of any depth is dropped without recursion: a client can build one before it is validated.
impl Drop for Restriction {
    fn drop(&mut self) {
        let mut nodes = Vec::new();
        self.take_children(&mut nodes);
        while let Some(mut node) = nodes.pop() {
            node.take_children(&mut nodes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_a_million_levels_is_dropped_and_refused() {
        let mut deep = Restriction::And(Vec::new());
        for _ in 0..1_000_000 {
            deep = Restriction::Not(Box::new(deep));
        }
        assert_eq!(validate(&deep, Place::View, Rows::Messages).unwrap_err().code(), crate::error::Code::TooComplex);
    }
}
