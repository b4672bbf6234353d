//! Random restrictions and rows for property tests, and the naive oracle they are held against.

use crate::collation;
use crate::properties::{PropTag, PropType, Property, Value, tags};
use crate::restriction::{BitRelation, Part, Relop, Restriction};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(crate) const TEXT: PropTag = PropTag(0x6801_001F);
pub(crate) const OTHER_TEXT: PropTag = PropTag(0x6802_001F);
pub(crate) const LONG: PropTag = PropTag(0x6803_0003);
pub(crate) const DOUBLE: PropTag = PropTag(0x6804_0005);
pub(crate) const BINARY: PropTag = PropTag(0x6805_0102);
pub(crate) const TEXTS: PropTag = PropTag(0x6806_101F);
pub(crate) const LONGS: PropTag = PropTag(0x6807_1003);
pub(crate) const BOOLEAN: PropTag = PropTag(0x6808_000B);

pub(crate) const ALL: [PropTag; 8] = [TEXT, OTHER_TEXT, LONG, DOUBLE, BINARY, TEXTS, LONGS, BOOLEAN];

fn text() -> impl Strategy<Value = String> {
    "[abAB éß]{0,5}"
}

pub(crate) fn value_of(tag: PropTag) -> BoxedStrategy<Value> {
    match tag.kind() {
        PropType::UNICODE => text().prop_map(Value::Unicode).boxed(),
        PropType::LONG => (-3..4_i32).prop_map(Value::Long).boxed(),
        PropType::DOUBLE => prop::sample::select(vec![f64::NAN, -0.0, 0.0, 1.5, -2.0]).prop_map(Value::Double).boxed(),
        PropType::BOOLEAN => any::<bool>().prop_map(Value::Boolean).boxed(),
        PropType::BINARY => prop::collection::vec(0..3_u8, 0..4).prop_map(Value::Binary).boxed(),
        kind if kind == PropType::UNICODE.multi() => prop::collection::vec(text(), 1..3).prop_map(Value::MvUnicode).boxed(),
        _ => prop::collection::vec(-2..3_i32, 1..3).prop_map(Value::MvLong).boxed(),
    }
}

/// A row: some of the tags, each with a value of its type.
pub(crate) fn any_properties() -> impl Strategy<Value = Vec<Property>> {
    let cells: Vec<_> =
        ALL.iter().map(|tag| prop::option::weighted(0.7, value_of(*tag).prop_map(|value| (*tag, value)))).collect();
    cells.prop_map(|cells| cells.into_iter().flatten().map(|(tag, value)| Property { tag, value }).collect())
}

fn relop() -> impl Strategy<Value = Relop> {
    prop::sample::select(vec![Relop::Lt, Relop::Le, Relop::Gt, Relop::Ge, Relop::Eq, Relop::Ne])
}

fn tag() -> impl Strategy<Value = PropTag> {
    prop::sample::select(ALL.to_vec())
}

fn leaf() -> impl Strategy<Value = Restriction> {
    let constant = |tag: PropTag, value: Value| Property::new(tag, value);
    prop_oneof![
        4 => (relop(), tag()).prop_flat_map(move |(relop, tag)| {
            let base = tag.with_kind(tag.kind().base());
            prop_oneof![value_of(tag), value_of(base)]
                .prop_map(move |value| Restriction::Property { relop, tag, value: constant(tag, value) })
        }),
        4 => (
            prop::sample::select(vec![0_u32, 1, 2, 0x12, 0x20, 0x21]),
            0_u32..8,
            prop::sample::select(vec![TEXT, OTHER_TEXT, TEXTS, BINARY]),
        )
            .prop_flat_map(move |(level, high, tag)| {
                let fuzzy = if tag == BINARY { level & 3 } else { level } | high << 16;
                value_of(tag.with_kind(tag.kind().base()))
                    .prop_map(move |value| Restriction::Content { fuzzy, tag, value: constant(tag, value) })
            }),
        1 => relop().prop_map(|relop| Restriction::CompareProps { relop, left: TEXT, right: OTHER_TEXT }),
        1 => (any::<bool>(), 0..8_u32).prop_map(|(nez, mask)| Restriction::Bitmask {
            relation: if nez { BitRelation::Nez } else { BitRelation::Eqz },
            tag: LONG,
            mask,
        }),
        1 => (relop(), tag(), 0..12_u32).prop_map(|(relop, tag, size)| Restriction::Size { relop, tag, size }),
        1 => (tag(), any::<bool>()).prop_map(|(tag, any)| Restriction::Exist {
            tag: if any { tag.with_kind(PropType::UNSPECIFIED) } else { tag },
        }),
    ]
}

/// The recipients and attachments of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) recipients: Vec<Vec<Property>>,
    pub(crate) attachments: Vec<Vec<Property>>,
}

impl Parts {
    pub(crate) fn of(&self, part: Part) -> &[Vec<Property>] {
        match part {
            Part::Recipients => &self.recipients,
            Part::Attachments => &self.attachments,
        }
    }
}

/// Up to three of each, with properties of the tags of this module.
pub(crate) fn any_parts() -> impl Strategy<Value = Parts> {
    let rows = || prop::collection::vec(any_properties(), 0..4);
    (rows(), rows()).prop_map(|(recipients, attachments)| Parts { recipients, attachments })
}

/// A restriction on recipients or attachments, with and without a number of them.
fn sub_restriction() -> impl Strategy<Value = Restriction> {
    (any::<bool>(), any_restriction(), prop::option::of(0..4_u32)).prop_map(|(recipients, child, count)| {
        let child = match count {
            Some(count) => Restriction::Count { count, child: Box::new(child) },
            None => child,
        };
        let subobject = if recipients { tags::MESSAGE_RECIPIENTS } else { tags::MESSAGE_ATTACHMENTS };
        Restriction::SubRestriction { subobject, child: Box::new(child) }
    })
}

/// A restriction of every kind of node but `COUNT` and sub-restrictions, over the tags of this module.
pub(crate) fn any_restriction() -> impl Strategy<Value = Restriction> {
    tree(leaf().boxed())
}

/// As [`any_restriction`], with sub-restrictions.
pub(crate) fn any_message_restriction() -> impl Strategy<Value = Restriction> {
    tree(prop_oneof![2 => leaf(), 1 => sub_restriction()].boxed())
}

fn tree(leaf: BoxedStrategy<Restriction>) -> impl Strategy<Value = Restriction> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Restriction::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Restriction::Or),
            inner.clone().prop_map(|child| Restriction::Not(Box::new(child))),
            prop::option::of(inner.clone())
                .prop_map(|child| Restriction::Comment { properties: vec![], child: child.map(Box::new) }),
            prop::option::of(inner).prop_map(|child| Restriction::Annotation { properties: vec![], child: child.map(Box::new) }),
        ]
    })
}

/// Whether a value is one that can be read in parts and is longer than the limit.
pub(crate) fn long_below(value: &Value, inline: usize) -> bool {
    match value {
        Value::Unicode(text) => text.len() > inline,
        Value::Binary(bytes) => bytes.len() > inline,
        Value::MvUnicode(_) => inline == 0,
        _ => false,
    }
}

fn folded(text: &str) -> Vec<char> {
    collation::fold(text).chars().collect()
}

fn single_order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Unicode(a), Value::Unicode(b)) => folded(a).cmp(&folded(b)),
        (Value::Long(a), Value::Long(b)) => a.cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Binary(a), Value::Binary(b)) => a.cmp(b),
        (Value::Double(a), Value::Double(b)) => match (a.is_nan(), b.is_nan()) {
            (true, true) => std::cmp::Ordering::Equal,
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
            _ => a.partial_cmp(b).unwrap(),
        },
        _ => panic!("the oracle compares values of one type"),
    }
}

fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::MvUnicode(items) => items.iter().cloned().map(Value::Unicode).collect(),
        Value::MvLong(items) => items.iter().copied().map(Value::Long).collect(),
        single => vec![single.clone()],
    }
}

pub(crate) fn value_order(a: &Value, b: &Value) -> std::cmp::Ordering {
    let (a, b) = (elements(a), elements(b));
    for (a, b) in a.iter().zip(&b) {
        let order = single_order(a, b);
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn holds(relop: Relop, order: std::cmp::Ordering) -> bool {
    match relop {
        Relop::Lt => order.is_lt(),
        Relop::Le => order.is_le(),
        Relop::Gt => order.is_gt(),
        Relop::Ge => order.is_ge(),
        Relop::Eq => order.is_eq(),
        _ => order.is_ne(),
    }
}

fn content(fuzzy: u32, value: &Value, constant: &Value) -> bool {
    if let (Value::Binary(value), Value::Binary(constant)) = (value, constant) {
        return match fuzzy & 3 {
            0 => value == constant,
            2 => value.starts_with(constant),
            _ => constant.is_empty() || value.windows(constant.len()).any(|window| window == constant),
        };
    }
    let (Value::Unicode(value), Value::Unicode(constant)) = (value, constant) else { return false };
    let normal = |text: &str| -> String {
        let text: String = match fuzzy & 0x0006_0000 {
            0 => text.to_owned(),
            _ => text.nfd().filter(|character| !is_combining_mark(*character)).collect(),
        };
        if fuzzy & 0x0005_0000 == 0 { text } else { collation::fold(&text).into_owned() }
    };
    let (value, constant) = (normal(value), normal(constant));
    if constant.is_empty() {
        return fuzzy & 3 != 0 || value.is_empty();
    }
    let of_word = |character: char| character.is_alphanumeric() || is_combining_mark(character);
    let words = |text: &str| -> Vec<String> {
        text.split(|character: char| !of_word(character)).filter(|word| !word.is_empty()).map(String::from).collect()
    };
    match fuzzy & 0x33 {
        0 => value == constant,
        1 => value.contains(&constant),
        2 => value.starts_with(&constant),
        0x12 => {
            let value: Vec<char> = value.chars().collect();
            let constant: Vec<char> = constant.chars().collect();
            (0..value.len())
                .any(|at| value[at..].starts_with(&constant) && of_word(value[at]) && (at == 0 || !of_word(value[at - 1])))
        }
        _ => {
            let (value, constant) = (words(&value), words(&constant));
            !constant.is_empty() && value.windows(constant.len()).any(|window| window == constant)
        }
    }
}

/// Evaluates a restriction as `tables` 5.1 words it, without regard to cost.
pub(crate) fn oracle(restriction: &Restriction, row: &[Property]) -> bool {
    oracle_of_message(restriction, row, &Parts::default())
}

/// As [`oracle`], for a message with these parts.
pub(crate) fn oracle_of_message(restriction: &Restriction, row: &[Property], parts: &Parts) -> bool {
    let find = |tag: &PropTag| row.iter().find(|property| property.tag.id() == tag.id()).map(|property| &property.value);
    match restriction {
        Restriction::And(children) => children.iter().all(|child| oracle_of_message(child, row, parts)),
        Restriction::Or(children) => children.iter().any(|child| oracle_of_message(child, row, parts)),
        Restriction::Not(child) => !oracle_of_message(child, row, parts),
        Restriction::Comment { child, .. } | Restriction::Annotation { child, .. } => {
            child.as_ref().is_none_or(|child| oracle_of_message(child, row, parts))
        }
        Restriction::Content { fuzzy, tag, value } => {
            find(tag).is_some_and(|have| elements(have).iter().any(|have| content(*fuzzy, have, &value.value)))
        }
        Restriction::Property { relop, tag, value } => find(tag).is_some_and(|have| {
            if value.value.kind().is_multi() {
                holds(*relop, value_order(have, &value.value))
            } else {
                elements(have).iter().any(|have| holds(*relop, single_order(have, &value.value)))
            }
        }),
        Restriction::CompareProps { relop, left, right } => match (find(left), find(right)) {
            (Some(left), Some(right)) => holds(*relop, value_order(left, right)),
            _ => false,
        },
        Restriction::Bitmask { relation, tag, mask } => match find(tag) {
            Some(Value::Long(bits)) => (bits.cast_unsigned() & mask == 0) == (*relation == BitRelation::Eqz),
            _ => false,
        },
        Restriction::Size { relop, tag, size } => find(tag).is_some_and(|have| holds(*relop, have.size().cmp(&u64::from(*size)))),
        Restriction::Exist { tag } => find(tag).is_some(),
        Restriction::SubRestriction { subobject, child } => {
            let rows = parts.of(Part::of(*subobject).unwrap());
            match &**child {
                Restriction::Count { count, child } => rows.iter().filter(|row| oracle(child, row)).count() == *count as usize,
                child => rows.iter().any(|row| oracle(child, row)),
            }
        }
        Restriction::Count { .. } => panic!("not generated"),
    }
}
