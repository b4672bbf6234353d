//! Static validation of restrictions (`tables` 5.2, 5.4).

use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType, Property, Value};
use crate::restriction::{
    FL_FULLSTRING, FL_PHRASE_MATCH, FL_PREFIX, FL_PREFIX_ON_ANY_WORD, FL_SUBSTRING, MAX_DEPTH, MAX_NODES, Part, Relop,
    Restriction,
};

/// Bytes the constants of a restriction may have in sum.
const MAX_CONSTANT_BYTES: u64 = 1 << 20;

/// Where the restriction is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `Restrict` and search criteria: `COUNT` may stand at the root.
    View,
    /// `FindRow`: no `COUNT`.
    Find,
}

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Messages: sub-restrictions may look at their recipients and attachments.
    Messages,
    /// Anything else.
    Others,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    RootAnd,
    Inner,
    /// Directly below a sub-restriction.
    PartRoot,
    InPart,
}

impl Level {
    const fn in_part(self) -> bool {
        matches!(self, Self::PartRoot | Self::InPart)
    }

    /// Of the children of an ordinary node.
    const fn below(self) -> Self {
        if self.in_part() { Self::InPart } else { Self::Inner }
    }
}

/// Checks a restriction (`FBadRestriction`). Does not recurse.
///
/// # Errors
/// `MAPI_E_TOO_COMPLEX` or `MAPI_E_INVALID_PARAMETER`, as `tables` 5.2 says.
pub fn validate(restriction: &Restriction, place: Place, rows: Rows) -> Result<()> {
    let mut nodes = 0;
    let mut constants = 0;
    let mut stack = vec![(restriction, 1, Level::Root)];
    while let Some((restriction, depth, level)) = stack.pop() {
        nodes += 1;
        if nodes > MAX_NODES {
            return Err(too_complex(format!("a restriction has at most {MAX_NODES} nodes")));
        }
        if depth > MAX_DEPTH {
            return Err(too_complex(format!("a restriction is nested at most {MAX_DEPTH} levels deep")));
        }
        let inner = (depth + 1, level.below());
        match restriction {
            Restriction::And(children) => {
                let level = if level == Level::Root { Level::RootAnd } else { level.below() };
                stack.extend(children.iter().map(|child| (child, depth + 1, level)));
            }
            Restriction::Or(children) => stack.extend(children.iter().map(|child| (child, inner.0, inner.1))),
            Restriction::Not(child) => stack.push((child, inner.0, inner.1)),
            Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
                stack.extend(child.iter().map(|child| (&**child, inner.0, inner.1)));
            }
            Restriction::Count { child, .. } => {
                if place == Place::Find {
                    return Err(too_complex("FindRow takes no count restriction"));
                }
                if matches!(level, Level::Inner | Level::InPart) {
                    let message =
                        "a count restriction may only stand at the root of a restriction or right below a sub-restriction";
                    return Err(too_complex(message));
                }
                stack.push((child, inner.0, inner.1));
            }
            Restriction::SubRestriction { subobject, child } => {
                sub_restriction(*subobject, level, rows)?;
                stack.push((child, depth + 1, Level::PartRoot));
            }
            Restriction::Content { fuzzy, tag, value } => {
                constants += value.value.size();
                content(*fuzzy, *tag, value)?;
            }
            Restriction::Property { relop, tag, value } => {
                constants += value.value.size();
                relation(*relop, *tag)?;
                comparable(*tag)?;
                constant(*tag, value)?;
            }
            Restriction::CompareProps { relop, left, right } => {
                relation(*relop, *left)?;
                comparable(*left)?;
                comparable(*right)?;
                if !left.kind().same_family(right.kind()) {
                    return Err(too_complex("the two properties have different types").with_tag(*right));
                }
            }
            Restriction::Bitmask { tag, .. } => {
                if tag.kind() != PropType::LONG {
                    return Err(too_complex("a bit mask needs a PT_LONG property").with_tag(*tag));
                }
            }
            Restriction::Size { relop, tag, .. } => {
                relation(*relop, *tag)?;
                comparable(*tag)?;
            }
            Restriction::Exist { tag } => {
                if tag.kind() != PropType::UNSPECIFIED {
                    comparable(*tag)?;
                }
            }
        }
        if constants > MAX_CONSTANT_BYTES {
            return Err(too_complex("the constants of a restriction have at most 1 MiB in sum"));
        }
    }
    Ok(())
}

fn sub_restriction(subobject: PropTag, level: Level, rows: Rows) -> Result<()> {
    let message = if Part::of(subobject).is_none() {
        "a sub-restriction looks at PR_MESSAGE_RECIPIENTS or PR_MESSAGE_ATTACHMENTS"
    } else if rows == Rows::Others {
        "only rows that are messages have recipients and attachments to look at"
    } else if level.in_part() {
        "a sub-restriction cannot stand inside another one"
    } else {
        return Ok(());
    };
    Err(too_complex(message).with_tag(subobject))
}

fn relation(relop: Relop, tag: PropTag) -> Result<()> {
    match relop {
        Relop::Re => Err(too_complex("RELOP_RE is not supported").with_tag(tag)),
        Relop::MemberOfDl => {
            Err(too_complex("RELOP_MEMBER_OF_DL needs an address book that can expand distribution lists").with_tag(tag))
        }
        _ => Ok(()),
    }
}

/// Whether values of the tag's type can be compared at all.
fn comparable(tag: PropTag) -> Result<()> {
    let kind = tag.kind();
    let stored = PropType(kind.0 & !PropType::MV_INSTANCE);
    if !stored.is_storable() || (kind.0 & PropType::MV_INSTANCE != 0 && !kind.is_multi()) {
        return Err(too_complex("values of this type cannot be compared").with_tag(tag));
    }
    Ok(())
}

/// The constant has the tag's type, but for string width, and is single where the tag is multi-valued.
fn constant(tag: PropTag, value: &Property) -> Result<()> {
    let kind = value.value.kind();
    if kind.same_family(tag.kind()) || (tag.kind().is_multi() && kind.same_family(tag.kind().base())) {
        return Ok(());
    }
    if value.value == Value::Null {
        return Err(Failure::invalid("restriction", "a comparison lacks its value").with_tag(tag));
    }
    Err(too_complex("the constant has another type than the property").with_tag(tag))
}

fn content(fuzzy: u32, tag: PropTag, value: &Property) -> Result<()> {
    let text = tag.kind().is_string();
    if !text && tag.kind().base() != PropType::BINARY {
        return Err(too_complex("only text and binary properties can be searched").with_tag(tag));
    }
    comparable(tag)?;
    constant(tag, value)?;
    if value.value.kind().is_multi() {
        return Err(too_complex("the text searched for is a single value").with_tag(tag));
    }
    let known = match fuzzy & 0xFFFF {
        FL_FULLSTRING | FL_SUBSTRING | FL_PREFIX => true,
        level if level == FL_PREFIX | FL_PREFIX_ON_ANY_WORD => text,
        level if level == FL_FULLSTRING | FL_PHRASE_MATCH || level == FL_SUBSTRING | FL_PHRASE_MATCH => text,
        _ => false,
    };
    if known { Ok(()) } else { Err(too_complex(format!("unknown fuzzy level 0x{fuzzy:08X}")).with_tag(tag)) }
}

fn too_complex(message: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(Code::TooComplex, message).with_argument("restriction")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::tags;
    use crate::restriction::BitRelation;

    fn code(restriction: &Restriction) -> Option<Code> {
        validate(restriction, Place::View, Rows::Messages).err().map(|failure| failure.code())
    }

    fn text(value: &str) -> Property {
        Property::new(tags::SUBJECT, Value::Unicode(value.into()))
    }

    fn count(child: Restriction) -> Restriction {
        Restriction::Count { count: 1, child: Box::new(child) }
    }

    #[test]
    fn count_stands_at_the_root_or_right_below_a_root_and() {
        let leaf = || Restriction::Exist { tag: tags::SUBJECT };
        assert_eq!(code(&count(leaf())), None);
        assert_eq!(code(&Restriction::And(vec![leaf(), count(leaf())])), None);
        assert_eq!(code(&Restriction::And(vec![Restriction::And(vec![count(leaf())])])), Some(Code::TooComplex));
        assert_eq!(code(&Restriction::Or(vec![count(leaf())])), Some(Code::TooComplex));
        assert_eq!(code(&count(count(leaf()))), Some(Code::TooComplex));
        assert_eq!(validate(&count(leaf()), Place::Find, Rows::Messages).unwrap_err().code(), Code::TooComplex);
    }

    #[test]
    fn the_constant_has_the_type_of_the_property() {
        let property = |tag, value| Restriction::Property { relop: Relop::Eq, tag, value };
        assert_eq!(code(&property(tags::SUBJECT, text("a"))), None);
        assert_eq!(code(&property(tags::SUBJECT.with_kind(PropType::STRING8), text("a"))), None);
        assert_eq!(code(&property(tags::IMPORTANCE, text("a"))), Some(Code::TooComplex));
        assert_eq!(code(&property(tags::SUBJECT.with_kind(PropType::UNICODE.multi()), text("a"))), None);
        assert_eq!(code(&property(tags::SUBJECT.with_kind(PropType::UNSPECIFIED), text("a"))), Some(Code::TooComplex));
        assert_eq!(code(&property(tags::SUBJECT, Property::new(tags::SUBJECT, Value::Null))), Some(Code::InvalidParameter));
    }

    #[test]
    fn fuzzy_levels_other_than_the_three_are_too_complex() {
        let content = |fuzzy| code(&Restriction::Content { fuzzy, tag: tags::SUBJECT, value: text("a") });
        for fuzzy in [0, 1, 2, 0x12, 0x20, 0x21, 0x0007_0001, 0xFFF8_0002] {
            assert_eq!(content(fuzzy), None, "{fuzzy:x}");
        }
        for fuzzy in [3, 4, 0x10, 0x22, 0x32, 0x8000] {
            assert_eq!(content(fuzzy), Some(Code::TooComplex), "{fuzzy:x}");
        }
    }

    #[test]
    fn bit_masks_need_a_long_and_exist_takes_any_type() {
        let mask = |tag| code(&Restriction::Bitmask { relation: BitRelation::Eqz, tag, mask: 1 });
        assert_eq!(mask(tags::MESSAGE_FLAGS), None);
        assert_eq!(mask(tags::SUBJECT), Some(Code::TooComplex));
        let exist = |kind| code(&Restriction::Exist { tag: tags::SUBJECT.with_kind(kind) });
        assert_eq!(exist(PropType::UNSPECIFIED), None);
        assert_eq!(exist(PropType::OBJECT), Some(Code::TooComplex));
    }

    #[test]
    fn constants_are_bounded_in_sum() {
        let half = || Restriction::Property {
            relop: Relop::Eq,
            tag: tags::ENTRYID,
            value: Property::new(tags::ENTRYID, Value::Binary(vec![0; 600_000])),
        };
        assert_eq!(code(&half()), None);
        assert_eq!(code(&Restriction::Or(vec![half(), half()])), Some(Code::TooComplex));
    }
}
