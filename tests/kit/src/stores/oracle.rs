//! The naive evaluation answers are compared with: filters and orders by the words of `tables` 5.1, 6 and 7.

use crate::dice::Dice;
use mapi_engine::backend::{FilterTest, ObjectId, OrderKey, TextMatch};
use mapi_engine::collation;
use mapi_engine::properties::{FileTime, PropTag, PropType, Property, Value, tags};
use mapi_engine::restriction::{BitRelation, Relop};
use std::cmp::Ordering;

/// A row as it was stored.
#[derive(Clone, Debug)]
pub(super) struct StoredRow {
    pub(super) object: ObjectId,
    pub(super) arrival: u64,
    pub(super) properties: Vec<Property>,
}

impl StoredRow {
    /// The value of that identifier and type family.
    pub(super) fn value(&self, tag: PropTag) -> Option<&Value> {
        let property = self.properties.iter().find(|property| property.tag.id() == tag.id())?;
        let fits = tag.kind() == PropType::UNSPECIFIED || property.tag.kind().same_family(tag.kind());
        fits.then_some(&property.value)
    }

    pub(super) fn key(&self, tag: PropTag) -> Option<Vec<u8>> {
        self.value(tag).and_then(collation::order_key)
    }

    pub(super) fn is_unread(&self) -> bool {
        !matches!(self.value(tags::MESSAGE_FLAGS), Some(Value::Long(flags)) if flags & 1 == 1)
    }
}

/// The order of two rows.
pub(super) fn compare_rows(order: &[OrderKey], a: &StoredRow, b: &StoredRow) -> Ordering {
    for key in order {
        let ordering = match (a.key(key.tag), b.key(key.tag)) {
            (Some(a), Some(b)) if key.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    let tie = a.arrival.cmp(&b.arrival);
    if order.last().is_some_and(|key| key.descending) { tie.reverse() } else { tie }
}

/// Whether a row passes the filter that begins there; what follows it comes back.
pub(super) fn passes<'a>(filter: &'a [FilterTest], row: &StoredRow) -> (bool, &'a [FilterTest]) {
    let Some((test, mut rest)) = filter.split_first() else { return (false, filter) };
    let mut children = |count: u32| {
        let mut answers = Vec::new();
        for _ in 0..count {
            let (answer, behind) = passes(rest, row);
            answers.push(answer);
            rest = behind;
        }
        answers
    };
    let answer = match test {
        FilterTest::And(count) => children(*count).into_iter().all(|answer| answer),
        FilterTest::Or(count) => children(*count).into_iter().any(|answer| answer),
        FilterTest::Not => !children(1)[0],
        leaf => leaf_holds(leaf, row),
    };
    (answer, rest)
}

fn leaf_holds(leaf: &FilterTest, row: &StoredRow) -> bool {
    match leaf {
        FilterTest::Compare { tag, relop, constant, .. } => row.value(*tag).is_some_and(|value| {
            let ordering = match (value, constant) {
                (Value::Unicode(a), Value::Unicode(b)) => collation::fold(a).cmp(&collation::fold(b)),
                (Value::Binary(a), Value::Binary(b)) => a.cmp(b),
                (a, b) => collation::order_key(a).cmp(&collation::order_key(b)),
            };
            relation(*relop, ordering)
        }),
        FilterTest::Text { tag, how, folded } => match row.value(*tag) {
            Some(Value::Unicode(text)) => {
                let text = collation::fold(text);
                match how {
                    TextMatch::Full => text == *folded,
                    TextMatch::Prefix => text.starts_with(folded.as_str()),
                    TextMatch::Substring => text.contains(folded.as_str()),
                }
            }
            _ => false,
        },
        FilterTest::Bits { tag, relation, mask } => match row.value(*tag) {
            Some(Value::Long(bits)) => (bits.cast_unsigned() & mask == 0) == (*relation == BitRelation::Eqz),
            _ => false,
        },
        FilterTest::Size { tag, relop, size } => {
            row.value(*tag).is_some_and(|value| relation(*relop, value.size().cmp(&u64::from(*size))))
        }
        FilterTest::Exist(tag) => row.value(*tag).is_some(),
        FilterTest::And(_) | FilterTest::Or(_) | FilterTest::Not => false,
    }
}

fn relation(relop: Relop, ordering: Ordering) -> bool {
    match relop {
        Relop::Lt => ordering.is_lt(),
        Relop::Le => ordering.is_le(),
        Relop::Gt => ordering.is_gt(),
        Relop::Ge => ordering.is_ge(),
        Relop::Eq => ordering.is_eq(),
        Relop::Ne => ordering.is_ne(),
        Relop::Re | Relop::MemberOfDl => false,
    }
}

/// Tags the rows of the suite use.
pub(super) const TAGS: [PropTag; 9] = [
    tags::SUBJECT,
    tags::SENDER_NAME,
    tags::DISPLAY_TO,
    tags::BODY,
    tags::MESSAGE_DELIVERY_TIME,
    tags::CLIENT_SUBMIT_TIME,
    tags::IMPORTANCE,
    tags::MESSAGE_FLAGS,
    tags::CONVERSATION_INDEX,
];

/// A value for a tag, from so small a choice that rows tie, differ in case only, or beyond the key's bound.
pub(super) fn value_of(dice: &Dice, tag: PropTag) -> Value {
    match tag.kind() {
        PropType::LONG => Value::Long(*dice.pick(&[i32::MIN, -1, 0, 1, 2, 3, 5, 0x7FFF_FFFF])),
        PropType::SYSTIME => Value::SysTime(FileTime(*dice.pick(&[0, 1, 1 << 62, (1 << 63) + 1, u64::MAX, 133_000_000]))),
        PropType::BINARY => {
            let mut bytes = vec![1; *dice.pick(&[0, 1, 2, 509, 510, 511, 600])];
            bytes.push(*dice.pick(&[0, 1, 255]));
            Value::Binary(bytes)
        }
        _ => {
            let long = "x".repeat(300);
            let texts =
                ["", "a", "A", "b", "Straße", "STRASSE", "é", "e\u{301}", "Re: Angebot für März", "100%_'\"*", "ab c", &long];
            let mut text = (*dice.pick(&texts)).to_owned();
            if dice.once_in(4) {
                text.push_str(["z", "Z", " end", "🦀"][dice.below(4)]);
            }
            Value::Unicode(text)
        }
    }
}

/// The properties of one row; each is absent now and then.
pub(super) fn row_of(dice: &Dice) -> Vec<Property> {
    let present = TAGS.iter().filter(|_| !dice.once_in(4));
    present.map(|tag| Property::new(*tag, value_of(dice, *tag))).collect()
}

/// A filter of at most that depth.
pub(super) fn filter_of(dice: &Dice, depth: usize, out: &mut Vec<FilterTest>) {
    let kind = if depth == 0 { 3 + dice.below(7) } else { dice.below(10) };
    let tag = *dice.pick(&TAGS);
    let number = *dice.pick(&[tags::IMPORTANCE, tags::MESSAGE_FLAGS]);
    let relop = *dice.pick(&[Relop::Lt, Relop::Le, Relop::Gt, Relop::Ge, Relop::Eq, Relop::Ne]);
    match kind {
        0 | 1 => {
            let count = dice.below(4);
            let children = u32::try_from(count).unwrap_or_default();
            out.push(if kind == 0 { FilterTest::And(children) } else { FilterTest::Or(children) });
            for _ in 0..count {
                filter_of(dice, depth - 1, out);
            }
        }
        2 => {
            out.push(FilterTest::Not);
            filter_of(dice, depth - 1, out);
        }
        3..=5 => {
            let constant = value_of(dice, tag);
            let bounded = match &constant {
                Value::Unicode(text) => collation::fold(text).chars().count() >= collation::STRING_KEY_BOUND,
                Value::Binary(bytes) => bytes.len() >= collation::BINARY_KEY_BOUND,
                _ => false,
            };
            let key = collation::order_key(&constant).unwrap_or_default();
            out.push(FilterTest::Compare { tag, relop, key, bounded, constant });
        }
        6 => {
            let tag = *dice.pick(&[tags::SUBJECT, tags::SENDER_NAME, tags::BODY]);
            let how = *dice.pick(&[TextMatch::Full, TextMatch::Prefix, TextMatch::Substring]);
            let wanted = match value_of(dice, tag) {
                Value::Unicode(text) if dice.once_in(2) => text.chars().take(3).collect(),
                Value::Unicode(text) => text.chars().skip(1).collect(),
                _ => String::new(),
            };
            out.push(FilterTest::Text { tag, how, folded: collation::fold(&wanted).into_owned() });
        }
        7 => {
            let relation = *dice.pick(&[BitRelation::Eqz, BitRelation::Nez]);
            out.push(FilterTest::Bits { tag: number, relation, mask: *dice.pick(&[0, 1, 2, 0x8000_0000, u32::MAX]) });
        }
        8 => out.push(FilterTest::Size { tag, relop, size: *dice.pick(&[0, 1, 2, 4, 8, 600]) }),
        _ => out.push(FilterTest::Exist(if dice.once_in(3) { tag.with_kind(PropType::UNSPECIFIED) } else { tag })),
    }
}
