//! Filters evaluated on stored objects, two-valued (`tables` 5.1, 5.5): a test of an absent property is false.

use crate::backends::sqlite::encoding::{Body, Entry};
use crate::backends::sqlite::plan::{ORDERED, SEARCHED, listed};
use crate::backends::sqlite::stored::Stored;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::backend::{Filter, FilterTest, TextMatch};
use mapi_engine::error::{Code, Failure};
use mapi_engine::properties::{PropTag, PropType};
use mapi_engine::restriction::{BitRelation, Relop};
use std::cmp::Ordering;
use std::sync::Arc;

/// A compiled filter.
#[derive(Debug)]
pub(super) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Compare {
        tag: PropTag,
        relop: Relop,
        key: Vec<u8>,
        bounded: bool,
    },
    /// The objects whose text matches, ascending.
    Text(Arc<Vec<i64>>),
    Bits {
        tag: PropTag,
        relation: BitRelation,
        mask: u32,
    },
    Size {
        tag: PropTag,
        relop: Relop,
        size: u32,
    },
    Exist(PropTag),
}

/// Finds the objects whose text matches.
pub(super) type Search<'a> = dyn FnMut(PropTag, TextMatch, &str) -> Outcome<Arc<Vec<i64>>> + 'a;

fn unplanned() -> Trouble {
    Failure::new(Code::TooComplex, "The store was asked for what its plan did not offer.").into()
}

impl Test {
    /// All filters together, the text searches done.
    pub(super) fn compile(filters: &[Filter], search: &mut Search<'_>) -> Outcome<Vec<Self>> {
        filters
            .iter()
            .map(|filter| {
                let mut rest = filter.as_slice();
                let test = Self::tree(&mut rest, search, 0)?;
                if rest.is_empty() { Ok(test) } else { Err(unplanned()) }
            })
            .collect()
    }

    fn tree(rest: &mut &[FilterTest], search: &mut Search<'_>, depth: u32) -> Outcome<Self> {
        let (test, tail) = rest.split_first().ok_or_else(unplanned)?;
        *rest = tail;
        if depth > 100 {
            return Err(unplanned());
        }
        let mut children = |count: u32| (0..count).map(|_| Self::tree(rest, search, depth + 1)).collect::<Outcome<Vec<_>>>();
        Ok(match test {
            FilterTest::And(count) => Self::And(children(*count)?),
            FilterTest::Or(count) => Self::Or(children(*count)?),
            FilterTest::Not => Self::Not(Box::new(Self::tree(rest, search, depth + 1)?)),
            FilterTest::Compare { tag, relop, key, bounded, .. } => Self::Compare {
                tag: listed(&ORDERED, *tag).ok_or_else(unplanned)?,
                relop: *relop,
                key: key.clone(),
                bounded: *bounded,
            },
            FilterTest::Text { tag, how, folded } => {
                Self::Text(search(listed(&SEARCHED, *tag).ok_or_else(unplanned)?, *how, folded)?)
            }
            FilterTest::Bits { tag, relation, mask } => Self::Bits { tag: *tag, relation: *relation, mask: *mask },
            FilterTest::Size { tag, relop, size } => Self::Size { tag: *tag, relop: *relop, size: *size },
            FilterTest::Exist(tag) => Self::Exist(*tag),
        })
    }

    /// Whether it depends on the properties of the object, not just on what a search found.
    pub(super) fn reads(&self) -> bool {
        match self {
            Self::And(children) | Self::Or(children) => children.iter().any(Self::reads),
            Self::Not(child) => child.reads(),
            Self::Text(_) => false,
            Self::Compare { .. } | Self::Bits { .. } | Self::Size { .. } | Self::Exist(_) => true,
        }
    }

    /// Whether an object passes.
    pub(super) fn passes(&self, object: i64, stored: Stored<'_>) -> Outcome<bool> {
        Ok(match self {
            Self::And(children) => {
                for child in children {
                    if !child.passes(object, stored)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(children) => {
                for child in children {
                    if child.passes(object, stored)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(child) => !child.passes(object, stored)?,
            Self::Compare { tag, relop, key, bounded } => match find(stored, *tag)?.and_then(|entry| entry.key) {
                Some(stored) => compare(*relop, stored.cmp(key.as_slice()), *bounded)?,
                None => false,
            },
            Self::Text(hits) => hits.binary_search(&object).is_ok(),
            Self::Bits { tag, relation, mask } => match find(stored, *tag)?.map(|entry| entry.body) {
                Some(Body::Inline(bytes)) => {
                    let bits = bytes
                        .try_into()
                        .map(u32::from_le_bytes)
                        .map_err(|_| Trouble::damaged("a number is stored with a wrong width"))?;
                    (bits & mask == 0) == (*relation == BitRelation::Eqz)
                }
                _ => false,
            },
            Self::Size { tag, relop, size } => match find(stored, *tag)? {
                Some(entry) => compare(*relop, entry.size()?.cmp(&u64::from(*size)), false)?,
                None => false,
            },
            Self::Exist(tag) => find(stored, *tag)?.is_some(),
        })
    }
}

/// The stored property with that identifier, if its type is of the family asked for.
fn find(stored: Stored<'_>, tag: PropTag) -> Outcome<Option<Entry<'_>>> {
    Ok(stored.find(tag.id())?.filter(|entry| tag.kind() == PropType::UNSPECIFIED || entry.tag.kind().same_family(tag.kind())))
}

/// Of a constant cut at the bound of keys only a superset can be told.
fn compare(relop: Relop, order: Ordering, bounded: bool) -> Outcome<bool> {
    Ok(match relop {
        Relop::Lt if !bounded => order.is_lt(),
        Relop::Gt if !bounded => order.is_gt(),
        Relop::Ne if !bounded => order.is_ne(),
        Relop::Ne => true,
        Relop::Lt | Relop::Le => order.is_le(),
        Relop::Gt | Relop::Ge => order.is_ge(),
        Relop::Eq => order.is_eq(),
        Relop::Re | Relop::MemberOfDl => return Err(unplanned()),
    })
}
