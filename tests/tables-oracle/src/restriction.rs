//! What a restriction says of one row (`tables` 5.1, 5.3, 5.4).

use crate::value::{compare, elements, fold, is_of, size, text_of, without_marks};
use mapi_engine::properties::{PropTag, PropType, Value};
use mapi_engine::restriction::{
    BitRelation, FL_FULLSTRING, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE, FL_PHRASE_MATCH, FL_PREFIX, FL_PREFIX_ON_ANY_WORD,
    Relop, Restriction,
};
use std::cmp::Ordering;

/// A row a restriction is tested on.
pub(crate) trait Tested {
    /// The stored value with that identifier; for an instance tag of an expanded property the element.
    fn value(&self, tag: PropTag) -> Option<Value>;

    /// The rows of a sub-object.
    fn rows(&self, subobject: PropTag) -> Vec<Plain>;
}

/// A row that is nothing but its properties.
pub(crate) struct Plain(pub(crate) Vec<mapi_engine::properties::Property>);

impl Tested for Plain {
    fn value(&self, tag: PropTag) -> Option<Value> {
        self.0.iter().find(|cell| cell.tag.id() == tag.id()).map(|cell| cell.value.clone())
    }

    fn rows(&self, _subobject: PropTag) -> Vec<Plain> {
        Vec::new()
    }
}

/// The value, when it is one of the tag's type; an empty multi-value is absent.
pub(crate) fn typed(row: &dyn Tested, tag: PropTag) -> Option<Value> {
    row.value(tag).filter(|value| is_of(value, tag.kind()) && elements(value).is_none_or(|elements| !elements.is_empty()))
}

fn holds(order: Ordering, relop: Relop) -> bool {
    match relop {
        Relop::Lt => order.is_lt(),
        Relop::Le => order.is_le(),
        Relop::Gt => order.is_gt(),
        Relop::Ge => order.is_ge(),
        Relop::Eq => order.is_eq(),
        Relop::Ne => order.is_ne(),
        Relop::Re | Relop::MemberOfDl => unreachable!("refused by validation"),
    }
}

/// Whether the row satisfies the whole restriction; a COUNT node is here what its child is.
pub(crate) fn satisfies(row: &dyn Tested, restriction: &Restriction) -> bool {
    match restriction {
        Restriction::And(children) => children.iter().all(|child| satisfies(row, child)),
        Restriction::Or(children) => children.iter().any(|child| satisfies(row, child)),
        Restriction::Not(child) => !satisfies(row, child),
        Restriction::Count { child, .. } => satisfies(row, child),
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
            child.as_ref().is_none_or(|child| satisfies(row, child))
        }
        Restriction::Exist { tag } => {
            let there = row.value(*tag).filter(|value| elements(value).is_none_or(|elements| !elements.is_empty()));
            there.is_some_and(|value| tag.kind() == PropType::UNSPECIFIED || is_of(&value, tag.kind()))
        }
        Restriction::Bitmask { relation, tag, mask } => match typed(row, *tag) {
            Some(Value::Long(bits)) => (bits.cast_unsigned() & mask == 0) == (*relation == BitRelation::Eqz),
            _ => false,
        },
        Restriction::Size { relop, tag, size: wanted } => {
            typed(row, *tag).is_some_and(|value| holds(size(&value).cmp(wanted), *relop))
        }
        Restriction::CompareProps { relop, left, right } => match (typed(row, *left), typed(row, *right)) {
            (Some(left), Some(right)) => holds(compare(&left, &right, false), *relop),
            _ => false,
        },
        Restriction::Property { relop, tag, value: constant } => {
            let constant = &constant.value;
            any(row, *tag, elements(constant).is_some(), |value| holds(compare(value, constant, false), *relop))
        }
        Restriction::Content { fuzzy, tag, value: constant } => {
            any(row, *tag, false, |value| contains(value, &constant.value, *fuzzy))
        }
        Restriction::SubRestriction { subobject, child } => {
            let rows = row.rows(*subobject);
            let matching = |child: &Restriction| rows.iter().filter(|row| satisfies(*row, child)).count();
            match &**child {
                Restriction::Count { count, child } => u32::try_from(matching(child)) == Ok(*count),
                child => matching(child) > 0,
            }
        }
    }
}

/// Tests the value, or any element of a multi-value unless it is wanted whole.
fn any(row: &dyn Tested, tag: PropTag, whole: bool, test: impl Fn(&Value) -> bool) -> bool {
    let Some(value) = typed(row, tag) else { return false };
    match elements(&value) {
        Some(elements) if !whole => elements.iter().any(test),
        _ => test(&value),
    }
}

fn contains(value: &Value, wanted: &Value, fuzzy: u32) -> bool {
    if let (Value::Binary(value), Value::Binary(wanted)) = (value, wanted) {
        return match fuzzy & 0xF {
            FL_FULLSTRING => value == wanted,
            FL_PREFIX => value.starts_with(wanted),
            _ => wanted.is_empty() || value.windows(wanted.len()).any(|window| window == &wanted[..]),
        };
    }
    let (Some(value), Some(wanted)) = (text_of(value), text_of(wanted)) else { return false };
    let seen = |text: String| {
        let text = if fuzzy & (FL_IGNORENONSPACE | FL_LOOSE) == 0 { text } else { without_marks(&text) };
        if fuzzy & (FL_IGNORECASE | FL_LOOSE) == 0 { text } else { fold(&text) }
    };
    let (value, wanted) = (seen(value), seen(wanted));
    if fuzzy & FL_PREFIX_ON_ANY_WORD != 0 {
        return value.split(' ').any(|word| word.starts_with(&wanted));
    }
    if fuzzy & FL_PHRASE_MATCH != 0 {
        let words: Vec<&str> = value.split(' ').collect();
        let phrase: Vec<&str> = wanted.split(' ').collect();
        return words.windows(phrase.len()).any(|window| window == &phrase[..]);
    }
    match fuzzy & 0xF {
        FL_FULLSTRING => value == wanted,
        FL_PREFIX => value.starts_with(&wanted),
        _ => value.contains(&wanted),
    }
}

/// Whether there is a COUNT anywhere in it, which `FindRow` does not take.
pub(crate) fn counts(restriction: &Restriction) -> bool {
    match restriction {
        Restriction::Count { .. } => true,
        Restriction::And(children) | Restriction::Or(children) => children.iter().any(counts),
        Restriction::Not(child) | Restriction::SubRestriction { child, .. } => counts(child),
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
            child.as_ref().is_some_and(|child| counts(child))
        }
        _ => false,
    }
}
