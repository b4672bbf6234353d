//! Restrictions: the world's lists and the engine's.

use super::Wire;
use super::values::{from_constant, to_constant};
use crate::runtime::world::mapi::session::types as wit;
use mapi_engine::error::Result;
use mapi_engine::properties::{PropTag, Property};
use mapi_engine::restriction::{BitRelation, Node, Preorder, Relop, Restriction};

impl Wire for Relop {
    type Wit = wit::Relop;

    fn into_wit(self) -> wit::Relop {
        match self {
            Self::Lt => wit::Relop::Lt,
            Self::Le => wit::Relop::Le,
            Self::Gt => wit::Relop::Gt,
            Self::Ge => wit::Relop::Ge,
            Self::Eq => wit::Relop::Eq,
            Self::Ne => wit::Relop::Ne,
            Self::Re => wit::Relop::Re,
            Self::MemberOfDl => wit::Relop::MemberOfDl,
        }
    }

    fn from_wit(relop: wit::Relop) -> Result<Self> {
        Ok(match relop {
            wit::Relop::Lt => Self::Lt,
            wit::Relop::Le => Self::Le,
            wit::Relop::Gt => Self::Gt,
            wit::Relop::Ge => Self::Ge,
            wit::Relop::Eq => Self::Eq,
            wit::Relop::Ne => Self::Ne,
            wit::Relop::Re => Self::Re,
            wit::Relop::MemberOfDl => Self::MemberOfDl,
        })
    }
}

impl Wire for BitRelation {
    type Wit = wit::BitRelation;

    fn into_wit(self) -> wit::BitRelation {
        match self {
            Self::Eqz => wit::BitRelation::Eqz,
            Self::Nez => wit::BitRelation::Nez,
        }
    }

    fn from_wit(relation: wit::BitRelation) -> Result<Self> {
        Ok(match relation {
            wit::BitRelation::Eqz => Self::Eqz,
            wit::BitRelation::Nez => Self::Nez,
        })
    }
}

/// `FL_*` by their positions in the world.
const FUZZY: [(u32, wit::FuzzyLevel); 7] = [
    (0x1, wit::FuzzyLevel::FL_SUBSTRING),
    (0x2, wit::FuzzyLevel::FL_PREFIX),
    (0x10, wit::FuzzyLevel::FL_PREFIX_ON_ANY_WORD),
    (0x20, wit::FuzzyLevel::FL_PHRASE_MATCH),
    (0x1_0000, wit::FuzzyLevel::FL_IGNORECASE),
    (0x2_0000, wit::FuzzyLevel::FL_IGNORENONSPACE),
    (0x4_0000, wit::FuzzyLevel::FL_LOOSE),
];

fn fuzzy_to_wit(raw: u32) -> wit::FuzzyLevel {
    FUZZY.iter().filter(|(bit, _)| raw & bit != 0).fold(wit::FuzzyLevel::empty(), |level, (_, flag)| level | *flag)
}

fn fuzzy_from_wit(level: wit::FuzzyLevel) -> u32 {
    FUZZY.iter().filter(|(_, flag)| level.contains(*flag)).fold(0, |raw, (bit, _)| raw | bit)
}

fn constant_property(property: Property) -> wit::ConstantProperty {
    wit::ConstantProperty { tag: property.tag.0, value: to_constant(property.value) }
}

fn property(constant: wit::ConstantProperty) -> Result<Property> {
    Ok(Property { tag: PropTag(constant.tag), value: from_constant(constant.value)? })
}

/// A tree as the world's lists.
pub(crate) fn to_lists(restriction: &Restriction) -> wit::Restriction {
    let Preorder { nodes, constants } = Preorder::of(restriction);
    wit::Restriction {
        nodes: nodes.into_iter().map(node).collect(),
        constants: constants.into_iter().map(constant_property).collect(),
    }
}

fn node(node: Node) -> wit::Node {
    match node {
        Node::And(children) => wit::Node::And(children),
        Node::Or(children) => wit::Node::Or(children),
        Node::Not => wit::Node::Not,
        Node::Content { fuzzy, tag } => wit::Node::Content(wit::ContentTest { fuzzy: fuzzy_to_wit(fuzzy), tag: tag.0 }),
        Node::Property { relop, tag } => wit::Node::Property(wit::PropertyTest { relop: relop.into_wit(), tag: tag.0 }),
        Node::CompareProps { relop, left, right } => {
            wit::Node::CompareProps(wit::CompareTest { relop: relop.into_wit(), left: left.0, right: right.0 })
        }
        Node::Bitmask { relation, tag, mask } => {
            wit::Node::Bitmask(wit::BitmaskTest { relation: relation.into_wit(), tag: tag.0, mask })
        }
        Node::Size { relop, tag, size } => wit::Node::Size(wit::SizeTest { relop: relop.into_wit(), tag: tag.0, size }),
        Node::Exist { tag } => wit::Node::Exist(tag.0),
        Node::SubRestriction { subobject } => wit::Node::SubRestriction(subobject.0),
        Node::Comment { properties, child } => wit::Node::Comment(wit::CommentTest { properties, has_child: child }),
        Node::Annotation { properties, child } => wit::Node::Annotation(wit::CommentTest { properties, has_child: child }),
        Node::Count { count } => wit::Node::Count(count),
    }
}

/// The world's lists as a tree.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER` when they are not exactly one tree, `MAPI_E_TOO_COMPLEX` when it is too large.
pub(super) fn from_lists(restriction: wit::Restriction) -> Result<Restriction> {
    let nodes = restriction.nodes.into_iter().map(engine_node).collect::<Result<_>>()?;
    let constants = restriction.constants.into_iter().map(property).collect::<Result<_>>()?;
    Preorder { nodes, constants }.into_tree()
}

fn engine_node(node: wit::Node) -> Result<Node> {
    Ok(match node {
        wit::Node::And(children) => Node::And(children),
        wit::Node::Or(children) => Node::Or(children),
        wit::Node::Not => Node::Not,
        wit::Node::Content(test) => Node::Content { fuzzy: fuzzy_from_wit(test.fuzzy), tag: PropTag(test.tag) },
        wit::Node::Property(test) => Node::Property { relop: Relop::from_wit(test.relop)?, tag: PropTag(test.tag) },
        wit::Node::CompareProps(test) => {
            Node::CompareProps { relop: Relop::from_wit(test.relop)?, left: PropTag(test.left), right: PropTag(test.right) }
        }
        wit::Node::Bitmask(test) => {
            Node::Bitmask { relation: BitRelation::from_wit(test.relation)?, tag: PropTag(test.tag), mask: test.mask }
        }
        wit::Node::Size(test) => Node::Size { relop: Relop::from_wit(test.relop)?, tag: PropTag(test.tag), size: test.size },
        wit::Node::Exist(tag) => Node::Exist { tag: PropTag(tag) },
        wit::Node::SubRestriction(subobject) => Node::SubRestriction { subobject: PropTag(subobject) },
        wit::Node::Comment(test) => Node::Comment { properties: test.properties, child: test.has_child },
        wit::Node::Annotation(test) => Node::Annotation { properties: test.properties, child: test.has_child },
        wit::Node::Count(count) => Node::Count { count },
    })
}
