//! A restriction as a flat list of nodes in preorder, each with its number of children, and a list of the
//! constants they compare with: the form it crosses the border in, where depth and size are checked in one
//! linear pass (`tables` 5.2).

use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Property};
use crate::restriction::{BitRelation, MAX_DEPTH, MAX_NODES, Relop, Restriction};

/// A restriction as two lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preorder {
    /// The nodes in preorder, each directly before its children, forming exactly one tree.
    pub nodes: Vec<Node>,
    /// The constants of the nodes, in the order of the nodes: each constant belongs to one node.
    pub constants: Vec<Property>,
}

/// One node without its children, which follow it in the list, and without its constants.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named by `tables` 5.1")]
pub enum Node {
    /// With the number of its children.
    And(u32),
    /// With the number of its children.
    Or(u32),
    /// One child follows.
    Not,
    /// Takes one constant.
    Content {
        fuzzy: u32,
        tag: PropTag,
    },
    /// Takes one constant.
    Property {
        relop: Relop,
        tag: PropTag,
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
    /// Takes so many constants; a child follows if `child`.
    Comment {
        properties: u32,
        child: bool,
    },
    /// Takes so many constants; a child follows if `child`.
    Annotation {
        properties: u32,
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

    fn constants(&self) -> u32 {
        match self {
            Self::Content { .. } | Self::Property { .. } => 1,
            Self::Comment { properties, .. } | Self::Annotation { properties, .. } => *properties,
            _ => 0,
        }
    }

    /// The tree node, given its constants and its children in order; `None` when one is missing.
    fn close(self, mut constants: Vec<Property>, mut children: Vec<Restriction>) -> Option<Restriction> {
        let mut only = || children.pop().map(Box::new);
        let mut constant = || constants.pop();
        Some(match self {
            Self::And(_) => Restriction::And(children),
            Self::Or(_) => Restriction::Or(children),
            Self::Not => Restriction::Not(only()?),
            Self::SubRestriction { subobject } => Restriction::SubRestriction { subobject, child: only()? },
            Self::Count { count } => Restriction::Count { count, child: only()? },
            Self::Comment { .. } => Restriction::Comment { properties: constants, child: only() },
            Self::Annotation { .. } => Restriction::Annotation { properties: constants, child: only() },
            Self::Content { fuzzy, tag } => Restriction::Content { fuzzy, tag, value: constant()? },
            Self::Property { relop, tag } => Restriction::Property { relop, tag, value: constant()? },
            Self::CompareProps { relop, left, right } => Restriction::CompareProps { relop, left, right },
            Self::Bitmask { relation, tag, mask } => Restriction::Bitmask { relation, tag, mask },
            Self::Size { relop, tag, size } => Restriction::Size { relop, tag, size },
            Self::Exist { tag } => Restriction::Exist { tag },
        })
    }
}

struct Open {
    node: Node,
    constants: Vec<Property>,
    missing: u32,
    children: Vec<Restriction>,
}

impl Preorder {
    /// The lists of a tree. Does not recurse.
    #[must_use]
    pub fn of(restriction: &Restriction) -> Self {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let mut lists = Self::default();
        let mut stack = vec![restriction];
        while let Some(restriction) = stack.pop() {
            let start = stack.len();
            lists.nodes.push(match restriction {
                Restriction::And(children) => {
                    stack.extend(children);
                    Node::And(count(children.len()))
                }
                Restriction::Or(children) => {
                    stack.extend(children);
                    Node::Or(count(children.len()))
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
                    lists.constants.extend_from_slice(properties);
                    Node::Comment { properties: count(properties.len()), child: child.is_some() }
                }
                Restriction::Annotation { properties, child } => {
                    stack.extend(child.as_deref());
                    lists.constants.extend_from_slice(properties);
                    Node::Annotation { properties: count(properties.len()), child: child.is_some() }
                }
                Restriction::Content { fuzzy, tag, value } => {
                    lists.constants.push(value.clone());
                    Node::Content { fuzzy: *fuzzy, tag: *tag }
                }
                Restriction::Property { relop, tag, value } => {
                    lists.constants.push(value.clone());
                    Node::Property { relop: *relop, tag: *tag }
                }
                Restriction::CompareProps { relop, left, right } => {
                    Node::CompareProps { relop: *relop, left: *left, right: *right }
                }
                Restriction::Bitmask { relation, tag, mask } => Node::Bitmask { relation: *relation, tag: *tag, mask: *mask },
                Restriction::Size { relop, tag, size } => Node::Size { relop: *relop, tag: *tag, size: *size },
                Restriction::Exist { tag } => Node::Exist { tag: *tag },
            });
            stack[start..].reverse();
        }
        lists
    }

    /// Builds the tree of the lists.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX` when there are too many nodes or levels, `MAPI_E_INVALID_PARAMETER` when the nodes
    /// are not exactly one tree or take more or fewer constants than there are.
    pub fn into_tree(self) -> Result<Restriction> {
        if self.nodes.len() > MAX_NODES {
            return Err(too_complex(format!("a restriction has at most {MAX_NODES} nodes")));
        }
        let mut nodes = self.nodes.into_iter();
        let mut constants = self.constants.into_iter();
        let mut open: Vec<Open> = Vec::new();
        while let Some(node) = nodes.next() {
            let (missing, taken) = (node.children(), node.constants());
            if open.len() >= MAX_DEPTH {
                return Err(too_complex(format!("a restriction is nested at most {MAX_DEPTH} levels deep")));
            }
            if missing as usize > nodes.len() {
                return Err(invalid("a node of the restriction names more children than follow"));
            }
            if taken as usize > constants.len() {
                return Err(invalid("the nodes of the restriction take more constants than there are"));
            }
            let constants_of_node = constants.by_ref().take(taken as usize).collect();
            open.push(Open { node, constants: constants_of_node, missing, children: Vec::new() });
            // Close every node that has all its children.
            while let Some(last) = open.pop_if(|last| last.missing == 0) {
                let tree = last.node.close(last.constants, last.children);
                let tree = tree.ok_or_else(|| invalid("a node of the restriction lacks its child"))?;
                match open.last_mut() {
                    Some(parent) => {
                        parent.children.push(tree);
                        parent.missing -= 1;
                    }
                    None if nodes.len() > 0 => return Err(invalid("there are nodes behind the end of the restriction")),
                    None if constants.len() > 0 => return Err(invalid("no node of the restriction takes its last constant")),
                    None => return Ok(tree),
                }
            }
        }
        Err(invalid("the restriction ends before its last child"))
    }
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
    use crate::properties::Value;
    use crate::restriction::generate::any_message_restriction;
    use proptest::prelude::*;

    fn tree(nodes: Vec<Node>, constants: usize) -> Result<Restriction> {
        let constant = Property { tag: PropTag(0x0037_001F), value: Value::Unicode("x".into()) };
        Preorder { nodes, constants: vec![constant; constants] }.into_tree()
    }

    #[test]
    fn ten_thousand_levels_are_too_complex() {
        let nested = |levels: usize| {
            let mut nodes = vec![Node::Not; levels];
            nodes.push(Node::And(0));
            tree(nodes, 0)
        };
        assert_eq!(nested(10_000).unwrap_err().code(), Code::TooComplex);
        assert_eq!(nested(MAX_DEPTH).unwrap_err().code(), Code::TooComplex);
        assert!(nested(MAX_DEPTH - 1).is_ok());
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
            assert_eq!(tree(nodes, 0).unwrap_err().code(), Code::InvalidParameter);
        }
    }

    #[test]
    fn each_constant_belongs_to_one_node() {
        let content = Node::Content { fuzzy: 0, tag: PropTag(0x0037_001F) };
        let comment = |properties| Node::Comment { properties, child: false };
        let code = |nodes: &[Node], constants| tree(nodes.to_vec(), constants).map_err(|failure| failure.code()).err();
        assert_eq!(code(std::slice::from_ref(&content), 1), None);
        assert_eq!(code(&[Node::And(2), content.clone(), comment(2)], 3), None);
        // Too few, too many, and a number that nothing can hold.
        assert_eq!(code(std::slice::from_ref(&content), 0), Some(Code::InvalidParameter));
        assert_eq!(code(&[content], 2), Some(Code::InvalidParameter));
        assert_eq!(code(&[Node::And(0)], 1), Some(Code::InvalidParameter));
        assert_eq!(code(&[comment(u32::MAX)], 2), Some(Code::InvalidParameter));
    }

    proptest! {
        #[test]
        fn a_tree_survives_the_trip_through_its_lists(restriction in any_message_restriction()) {
            // As text, since NaN differs from itself.
            let returned = Preorder::of(&restriction).into_tree();
            prop_assert_eq!(format!("{returned:?}"), format!("{:?}", Ok::<_, ()>(&restriction)));
        }

        #[test]
        fn any_lists_are_a_tree_or_an_error(nodes in prop::collection::vec(any_node(), 0..200), constants in 0_usize..200) {
            let constant = Property { tag: PropTag(0x0037_001F), value: Value::Unicode("x".into()) };
            let lists = Preorder { nodes, constants: vec![constant; constants] };
            if let Ok(tree) = lists.clone().into_tree() {
                prop_assert_eq!(Preorder::of(&tree), lists);
            }
        }
    }

    fn any_node() -> impl Strategy<Value = Node> {
        prop_oneof![
            (0_u32..4).prop_map(Node::And),
            Just(Node::Not),
            Just(Node::Content { fuzzy: 0, tag: PropTag(0x0037_001F) }),
            (0_u32..3, any::<bool>()).prop_map(|(properties, child)| Node::Comment { properties, child }),
        ]
    }
}
