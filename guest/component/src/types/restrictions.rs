//! Restrictions, sort orders.

use crate::types::Bits;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::Result;
use mapi_engine::properties::{PropTag, Property, Value};
use mapi_engine::restriction::{BitRelation, Node, Preorder, Relop, Restriction};
use mapi_engine::tables::{
    SortOrder, SortOrderSet, TABLE_SORT_ASCEND, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE,
    TABLE_SORT_DESCEND,
};

macro_rules! same_cases {
    ($engine:ident, $wire:ident: $($case:ident = $wire_case:ident),*) => {
        impl From<$engine> for wire::$wire {
            fn from(value: $engine) -> Self {
                match value {
                    $($engine::$case => Self::$wire_case,)*
                }
            }
        }

        impl From<wire::$wire> for $engine {
            fn from(value: wire::$wire) -> Self {
                match value {
                    $(wire::$wire::$wire_case => Self::$case,)*
                }
            }
        }
    };
}

same_cases!(Relop, Relop: Lt = Lt, Le = Le, Gt = Gt, Ge = Ge, Eq = Eq, Ne = Ne, Re = Re, MemberOfDl = MemberOfDl);
same_cases!(BitRelation, BitRelation: Eqz = Eqz, Nez = Nez);

fn constant(property: wire::ConstantProperty) -> Result<Property> {
    Ok(Property { tag: PropTag(property.tag), value: Value::try_from(property.value)? })
}

fn wire_constant(property: Property) -> Result<wire::ConstantProperty> {
    Ok(wire::ConstantProperty { tag: property.tag.0, value: property.value.try_into()? })
}

fn node(node: wire::Node) -> Node {
    match node {
        wire::Node::And(children) => Node::And(children),
        wire::Node::Or(children) => Node::Or(children),
        wire::Node::Not => Node::Not,
        wire::Node::Content(test) => Node::Content { fuzzy: test.fuzzy.raw(), tag: PropTag(test.tag) },
        wire::Node::Property(test) => Node::Property { relop: test.relop.into(), tag: PropTag(test.tag) },
        wire::Node::CompareProps(test) => {
            Node::CompareProps { relop: test.relop.into(), left: PropTag(test.left), right: PropTag(test.right) }
        }
        wire::Node::Bitmask(test) => Node::Bitmask { relation: test.relation.into(), tag: PropTag(test.tag), mask: test.mask },
        wire::Node::Size(test) => Node::Size { relop: test.relop.into(), tag: PropTag(test.tag), size: test.size },
        wire::Node::Exist(tag) => Node::Exist { tag: PropTag(tag) },
        wire::Node::SubRestriction(tag) => Node::SubRestriction { subobject: PropTag(tag) },
        wire::Node::Comment(test) => Node::Comment { properties: test.properties, child: test.has_child },
        wire::Node::Annotation(test) => Node::Annotation { properties: test.properties, child: test.has_child },
        wire::Node::Count(count) => Node::Count { count },
    }
}

fn wire_node(node: Node) -> wire::Node {
    match node {
        Node::And(children) => wire::Node::And(children),
        Node::Or(children) => wire::Node::Or(children),
        Node::Not => wire::Node::Not,
        Node::Content { fuzzy, tag } => {
            wire::Node::Content(wire::ContentTest { fuzzy: wire::FuzzyLevel::from_raw(fuzzy), tag: tag.0 })
        }
        Node::Property { relop, tag } => wire::Node::Property(wire::PropertyTest { relop: relop.into(), tag: tag.0 }),
        Node::CompareProps { relop, left, right } => {
            wire::Node::CompareProps(wire::CompareTest { relop: relop.into(), left: left.0, right: right.0 })
        }
        Node::Bitmask { relation, tag, mask } => {
            wire::Node::Bitmask(wire::BitmaskTest { relation: relation.into(), tag: tag.0, mask })
        }
        Node::Size { relop, tag, size } => wire::Node::Size(wire::SizeTest { relop: relop.into(), tag: tag.0, size }),
        Node::Exist { tag } => wire::Node::Exist(tag.0),
        Node::SubRestriction { subobject } => wire::Node::SubRestriction(subobject.0),
        Node::Comment { properties, child } => wire::Node::Comment(wire::CommentTest { properties, has_child: child }),
        Node::Annotation { properties, child } => wire::Node::Annotation(wire::CommentTest { properties, has_child: child }),
        Node::Count { count } => wire::Node::Count(count),
    }
}

/// A restriction from the world.
pub(crate) fn tree(restriction: wire::Restriction) -> Result<Restriction> {
    let constants = restriction.constants.into_iter().map(constant).collect::<Result<_>>()?;
    Preorder { nodes: restriction.nodes.into_iter().map(node).collect(), constants }.into_tree()
}

/// A restriction for the world.
pub(crate) fn flatten(restriction: &Restriction) -> Result<wire::Restriction> {
    let Preorder { nodes, constants } = Preorder::of(restriction);
    let constants = constants.into_iter().map(wire_constant).collect::<Result<_>>()?;
    Ok(wire::Restriction { nodes: nodes.into_iter().map(wire_node).collect(), constants })
}

impl From<wire::SortOrderSet> for SortOrderSet {
    fn from(set: wire::SortOrderSet) -> Self {
        let order = |order: wire::SortOrder| SortOrder {
            tag: PropTag(order.tag),
            order: match order.direction {
                wire::SortDirection::Ascend => TABLE_SORT_ASCEND,
                wire::SortDirection::Descend => TABLE_SORT_DESCEND,
                wire::SortDirection::Combine => TABLE_SORT_COMBINE,
                wire::SortDirection::CategMax => TABLE_SORT_CATEG_MAX,
                wire::SortDirection::CategMin => TABLE_SORT_CATEG_MIN,
            },
        };
        Self { keys: set.orders.into_iter().map(order).collect(), categories: set.categories, expanded: set.expanded }
    }
}

/// An order the engine accepted, so that every direction has a name.
impl From<SortOrderSet> for wire::SortOrderSet {
    fn from(set: SortOrderSet) -> Self {
        let order = |order: SortOrder| wire::SortOrder {
            tag: order.tag.0,
            direction: match order.order {
                TABLE_SORT_DESCEND => wire::SortDirection::Descend,
                TABLE_SORT_COMBINE => wire::SortDirection::Combine,
                TABLE_SORT_CATEG_MAX => wire::SortDirection::CategMax,
                TABLE_SORT_CATEG_MIN => wire::SortDirection::CategMin,
                _ => wire::SortDirection::Ascend,
            },
        };
        Self { orders: set.keys.into_iter().map(order).collect(), categories: set.categories, expanded: set.expanded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_survives_the_border() {
        let value = Property { tag: PropTag(0x0037_001F), value: Value::Unicode("x".into()) };
        let leaf = Restriction::Exist { tag: PropTag(0x0037_0000) };
        let tree_in = Restriction::And(vec![
            Restriction::Or(vec![]),
            Restriction::Not(Box::new(leaf.clone())),
            Restriction::Content { fuzzy: 0x0001_0021, tag: value.tag, value: value.clone() },
            Restriction::Property { relop: Relop::Ge, tag: value.tag, value: value.clone() },
            Restriction::CompareProps { relop: Relop::Ne, left: PropTag(1), right: PropTag(2) },
            Restriction::Bitmask { relation: BitRelation::Nez, tag: PropTag(0x0E07_0003), mask: 1 },
            Restriction::Size { relop: Relop::Gt, tag: PropTag(0x0E08_0003), size: 9 },
            Restriction::SubRestriction { subobject: PropTag(0x0E12_000D), child: Box::new(leaf.clone()) },
            Restriction::Comment { properties: vec![value.clone()], child: None },
            Restriction::Annotation { properties: vec![value], child: Some(Box::new(leaf.clone())) },
            Restriction::Count { count: 3, child: Box::new(leaf) },
        ]);
        assert_eq!(tree(flatten(&tree_in).unwrap()).unwrap(), tree_in);
    }
}
