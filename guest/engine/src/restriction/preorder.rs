//! A restriction as a flat list of nodes in preorder, each with its number of children: the form it
//! crosses the border in, where depth and size are checked in one linear pass (`tables` 5.2).

use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Property};
use crate::restriction::{BitRelation, MAX_DEPTH, MAX_NODES, Relop, Restriction};

/// One node without its children, which follow it in the list.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named by `tables` 5.1")]
pub enum Node {
    /// With the number of its children.
    And(u32),
    /// With the number of its children.
    Or(u32),
    /// One child follows.
    Not,
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
    /// One child follows.
    SubRestriction {
        subobject: PropTag,
    },
    /// A child follows if `child`.
    Comment {
        properties: Vec<Property>,
        child: bool,
    },
    /// A child follows if `child`.
    Annotation {
        properties: Vec<Property>,
        child: bool,
    },
    /// One child follows.
    Count {
        count: u32,
    },
}

impl Node {
    fn children(&self) -> u32 {
        match self {
            Self::And(children) | Self::Or(children) => *children,
            Self::Not | Self::SubRestriction { .. } | Self::Count { .. } => 1,
            Self::Comment { child, .. } | Self::Annotation { child, .. } => u32::from(*child),
            _ => 0,
        }
    }

    /// The tree node, given its children in order; `None` when a child is missing.
    fn close(self, mut children: Vec<Restriction>) -> Option<Restriction> {
        let mut only = || children.pop().map(Box::new);
        Some(match self {
            Self::And(_) => Restriction::And(children),
            Self::Or(_) => Restriction::Or(children),
            Self::Not => Restriction::Not(only()?),
            Self::SubRestriction { subobject } => Restriction::SubRestriction { subobject, child: only()? },
            Self::Count { count } => Restriction::Count { count, child: only()? },
            Self::Comment { properties, .. } => Restriction::Comment { properties, child: only() },
            Self::Annotation { properties, .. } => Restriction::Annotation { properties, child: only() },
            Self::Content { fuzzy, tag, value } => Restriction::Content { fuzzy, tag, value },
            Self::Property { relop, tag, value } => Restriction::Property { relop, tag, value },
            Self::CompareProps { relop, left, right } => Restriction::CompareProps { relop, left, right },
            Self::Bitmask { relation, tag, mask } => Restriction::Bitmask { relation, tag, mask },
            Self::Size { relop, tag, size } => Restriction::Size { relop, tag, size },
            Self::Exist { tag } => Restriction::Exist { tag },
        })
    }
}

struct Open {
    node: Node,
    missing: u32,
    children: Vec<Restriction>,
}

/// Builds the tree of a list.
///
/// # Errors
/// `MAPI_E_TOO_COMPLEX` when there are too many nodes or levels, `MAPI_E_INVALID_PARAMETER` when the list is
/// not exactly one tree.
pub fn from_nodes(nodes: Vec<Node>) -> Result<Restriction> {
    if nodes.len() > MAX_NODES {
        return Err(too_complex(format!("a restriction has at most {MAX_NODES} nodes")));
    }
    let mut nodes = nodes.into_iter();
    let mut open: Vec<Open> = Vec::new();
    while let Some(node) = nodes.next() {
        let missing = node.children();
        if open.len() >= MAX_DEPTH {
            return Err(too_complex(format!("a restriction is nested at most {MAX_DEPTH} levels deep")));
        }
        if missing as usize > nodes.len() {
            return Err(invalid("a node of the restriction names more children than follow"));
        }
        open.push(Open { node, missing, children: Vec::new() });
        // Close every node that has all its children.
        while let Some(last) = open.pop_if(|last| last.missing == 0) {
            let tree = last.node.close(last.children).ok_or_else(|| invalid("a node of the restriction lacks its child"))?;
            match open.last_mut() {
                Some(parent) => {
                    parent.children.push(tree);
                    parent.missing -= 1;
                }
                None if nodes.len() == 0 => return Ok(tree),
                None => return Err(invalid("there are nodes behind the end of the restriction")),
            }
        }
    }
    Err(invalid("the restriction ends before its last child"))
}

/// The list of a tree. Does not recurse.
#[must_use]
pub fn to_nodes(restriction: &Restriction) -> Vec<Node> {
    let count = |children: &[Restriction]| u32::try_from(children.len()).unwrap_or(u32::MAX);
    let mut nodes = Vec::new();
    let mut stack = vec![restriction];
    while let Some(restriction) = stack.pop() {
        let start = stack.len();
        nodes.push(match restriction {
            Restriction::And(children) => {
                stack.extend(children);
                Node::And(count(children))
            }
            Restriction::Or(children) => {
                stack.extend(children);
                Node::Or(count(children))
            }
            Restriction::Not(child) => {
                stack.push(child);
                Node::Not
            }
            Restriction::SubRestriction { subobject, child } => {
                stack.push(child);
                Node::SubRestriction { subobject: *subobject }
            }
            Restriction::Count { count, child } => {
                stack.push(child);
                Node::Count { count: *count }
            }
            Restriction::Comment { properties, child } => {
                stack.extend(child.as_deref());
                Node::Comment { properties: properties.clone(), child: child.is_some() }
            }
            Restriction::Annotation { properties, child } => {
                stack.extend(child.as_deref());
                Node::Annotation { properties: properties.clone(), child: child.is_some() }
            }
            Restriction::Content { fuzzy, tag, value } => Node::Content { fuzzy: *fuzzy, tag: *tag, value: value.clone() },
            Restriction::Property { relop, tag, value } => Node::Property { relop: *relop, tag: *tag, value: value.clone() },
            Restriction::CompareProps { relop, left, right } => Node::CompareProps { relop: *relop, left: *left, right: *right },
            Restriction::Bitmask { relation, tag, mask } => Node::Bitmask { relation: *relation, tag: *tag, mask: *mask },
            Restriction::Size { relop, tag, size } => Node::Size { relop: *relop, tag: *tag, size: *size },
            Restriction::Exist { tag } => Node::Exist { tag: *tag },
        });
        stack[start..].reverse();
    }
    nodes
}

fn too_complex(message: String) -> Failure {
    Failure::new(Code::TooComplex, message).with_argument("restriction")
}

fn invalid(message: &'static str) -> Failure {
    Failure::invalid("restriction", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restriction::generate::any_restriction;
    use proptest::prelude::*;

    #[test]
    fn ten_thousand_levels_are_too_complex() {
        let mut nodes = vec![Node::Not; 10_000];
        nodes.push(Node::And(0));
        assert_eq!(from_nodes(nodes).unwrap_err().code(), Code::TooComplex);
        let mut nodes = vec![Node::Not; MAX_DEPTH];
        nodes.push(Node::And(0));
        assert_eq!(from_nodes(nodes).unwrap_err().code(), Code::TooComplex);
        let mut nodes = vec![Node::Not; MAX_DEPTH - 1];
        nodes.push(Node::And(0));
        assert!(from_nodes(nodes).is_ok());
    }

    #[test]
    fn lying_child_counts_are_refused() {
        for nodes in [
            vec![],
            vec![Node::Not],
            vec![Node::And(u32::MAX), Node::And(0)],
            vec![Node::And(2), Node::And(0)],
            vec![Node::And(0), Node::And(0)],
            vec![Node::And(1), Node::And(1)],
        ] {
            assert_eq!(from_nodes(nodes).unwrap_err().code(), Code::InvalidParameter);
        }
    }

    proptest! {
        #[test]
        fn a_tree_survives_the_trip_through_its_list(restriction in any_restriction()) {
            // As text, since NaN differs from itself.
            prop_assert_eq!(format!("{:?}", from_nodes(to_nodes(&restriction))), format!("{:?}", Ok::<_, ()>(&restriction)));
        }

        #[test]
        fn any_list_is_a_tree_or_an_error(counts in prop::collection::vec(0_u32..4, 0..200)) {
            let nodes = counts.into_iter().map(Node::And).collect::<Vec<_>>();
            if let Ok(tree) = from_nodes(nodes.clone()) {
                prop_assert_eq!(to_nodes(&tree), nodes);
            }
        }
    }
}
