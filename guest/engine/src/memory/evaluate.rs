//! Filters and orders on one object (`tables` 5.1, 5.5, 6.1, 7).

use crate::backend::{FilterTest, OrderKey, RowKey, TextMatch};
use crate::collation;
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType, Value};
use crate::restriction::{BitRelation, Relop};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A stored property with what the engine handed over for indexing.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) tag: PropTag,
    pub(super) value: Value,
    /// Most have none: there is room for a pointer only.
    pub(super) index: Option<Box<Indexed>>,
}

/// What the engine handed over for indexing.
#[derive(Clone, Debug)]
pub(super) struct Indexed {
    order_key: Option<Vec<u8>>,
    folded: Option<String>,
}

impl Indexed {
    pub(super) fn new(order_key: Option<Vec<u8>>, folded: Option<String>) -> Option<Box<Self>> {
        (order_key.is_some() || folded.is_some()).then(|| Box::new(Self { order_key, folded }))
    }
}

impl Cell {
    /// A value the backend knows from its own bookkeeping.
    pub(super) fn computed(tag: PropTag, value: Value) -> Self {
        Self { tag, value, index: None }
    }

    /// The key handed over.
    pub(super) fn order_key(&self) -> Option<&Vec<u8>> {
        self.index.as_ref()?.order_key.as_ref()
    }

    /// The folded text handed over.
    fn folded(&self) -> Option<&str> {
        self.index.as_ref()?.folded.as_deref()
    }

    /// The key handed over, else the one of the value.
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        self.order_key().cloned().or_else(|| collation::order_key(&self.value))
    }
}

/// Whether values of that type have an order key.
pub(super) fn is_ordered(tag: PropTag) -> bool {
    matches!(
        tag.kind(),
        PropType::I2
            | PropType::LONG
            | PropType::R4
            | PropType::DOUBLE
            | PropType::CURRENCY
            | PropType::APPTIME
            | PropType::BOOLEAN
            | PropType::I8
            | PropType::UNICODE
            | PropType::STRING8
            | PropType::SYSTIME
            | PropType::CLSID
            | PropType::SVREID
            | PropType::BINARY
    )
}

/// Whether a test can be evaluated here.
pub(super) fn is_supported(test: &FilterTest) -> bool {
    match test {
        FilterTest::Compare { tag, relop, .. } => is_ordered(*tag) && !matches!(relop, Relop::Re | Relop::MemberOfDl),
        FilterTest::Text { tag, .. } => tag.kind() == PropType::UNICODE || tag.kind() == PropType::STRING8,
        FilterTest::Size { relop, .. } => !matches!(relop, Relop::Re | Relop::MemberOfDl),
        _ => true,
    }
}

/// Whether the tests form exactly one tree of tests that can be evaluated here.
pub(super) fn is_evaluable(filter: &[FilterTest]) -> bool {
    let mut open = 1_u64;
    for (place, test) in filter.iter().enumerate() {
        open = match test {
            FilterTest::And(n) | FilterTest::Or(n) => open - 1 + u64::from(*n),
            FilterTest::Not => open,
            _ => open - 1,
        };
        if !is_supported(test) || (open == 0) != (place + 1 == filter.len()) {
            return false;
        }
    }
    open == 0
}

/// Evaluates a filter whose cells `cell` finds. Two-valued: a test on an absent property is false.
pub(super) fn matches<'a>(filter: &[FilterTest], cell: impl Fn(PropTag) -> Option<Cow<'a, Cell>>) -> Result<bool> {
    // Backwards, preorder is postfix: every operator finds its operands on the stack.
    let mut stack: Vec<bool> = Vec::new();
    for test in filter.iter().rev() {
        let value = match test {
            FilterTest::And(n) => fold(&mut stack, *n, true)?,
            FilterTest::Or(n) => fold(&mut stack, *n, false)?,
            FilterTest::Not => !stack.pop().ok_or_else(malformed)?,
            FilterTest::Compare { tag, relop, key, bounded, constant } => {
                let order = cell(*tag).and_then(|cell| compare(&cell, key, *bounded, constant));
                order.is_some_and(|order| holds(*relop, order))
            }
            FilterTest::Text { tag, how, folded } => cell(*tag).is_some_and(|cell| contains(&cell, *how, folded)),
            FilterTest::Bits { tag, relation, mask } => match cell(*tag).map(|cell| cell.value.clone()) {
                Some(Value::Long(bits)) => (bits.cast_unsigned() & mask == 0) == (*relation == BitRelation::Eqz),
                _ => false,
            },
            FilterTest::Size { tag, relop, size } => {
                cell(*tag).is_some_and(|cell| holds(*relop, cell.value.size().cmp(&u64::from(*size))))
            }
            FilterTest::Exist(tag) => cell(*tag).is_some(),
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(malformed()),
    }
}

fn malformed() -> Failure {
    Failure::new(Code::TooComplex, "the filter is not one tree of tests this backend evaluates")
}

/// All of the last `n` values (`unit` true), or any of them (`unit` false).
fn fold(stack: &mut Vec<bool>, n: u32, unit: bool) -> Result<bool> {
    let rest = stack.len().checked_sub(n as usize).ok_or_else(malformed)?;
    let same = stack.drain(rest..).filter(|value| *value == unit).count() == n as usize;
    Ok(same == unit)
}

fn holds(relop: Relop, order: Ordering) -> bool {
    match relop {
        Relop::Lt => order.is_lt(),
        Relop::Le => order.is_le(),
        Relop::Gt => order.is_gt(),
        Relop::Ge => order.is_ge(),
        Relop::Eq => order.is_eq(),
        Relop::Ne => order.is_ne(),
        Relop::Re | Relop::MemberOfDl => false,
    }
}

/// Keys decide unless the constant fills its key: relational operators compare whole values (`tables` 6.1).
fn compare(cell: &Cell, key: &[u8], bounded: bool, constant: &Value) -> Option<Ordering> {
    match (&cell.value, constant) {
        (Value::Unicode(text), Value::Unicode(constant)) if bounded => {
            Some(collation::fold(text).cmp(&collation::fold(constant)))
        }
        (Value::Binary(bytes) | Value::SvrEid(bytes), Value::Binary(constant) | Value::SvrEid(constant)) if bounded => {
            Some(bytes.cmp(constant))
        }
        _ => Some(cell.key()?.as_slice().cmp(key)),
    }
}

fn contains(cell: &Cell, how: TextMatch, wanted: &str) -> bool {
    let Value::Unicode(text) = &cell.value else { return false };
    let folded = match cell.folded() {
        Some(folded) => Cow::Borrowed(folded),
        None => collation::fold(text),
    };
    match how {
        TextMatch::Full => folded == wanted,
        TextMatch::Prefix => folded.starts_with(wanted),
        TextMatch::Substring => folded.contains(wanted),
    }
}

/// The order of two rows: keys by their directions, absent ones last in both, ties by arrival in the
/// direction of the last key (`tables` 7).
pub(super) fn compare_rows(order: &[OrderKey], a: &RowKey, b: &RowKey) -> Ordering {
    let directed = |descending: bool, order: Ordering| if descending { order.reverse() } else { order };
    let keys = order.iter().zip(a.keys.iter().zip(&b.keys)).map(|(key, (a, b))| match (a, b) {
        (Some(a), Some(b)) => directed(key.descending, a.cmp(b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let tie = || directed(order.last().is_some_and(|key| key.descending), a.arrival.cmp(&b.arrival));
    keys.into_iter().find(|order| order.is_ne()).unwrap_or_else(tie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::tags;

    fn long(value: i32) -> Cell {
        Cell::computed(tags::MESSAGE_FLAGS, Value::Long(value))
    }

    fn test(filter: &[FilterTest], value: Option<i32>) -> bool {
        let cell = value.map(long);
        matches(filter, |_| cell.as_ref().map(Cow::Borrowed)).unwrap()
    }

    fn ne(value: i32) -> FilterTest {
        let constant = Value::Long(value);
        let key = collation::order_key(&constant).unwrap();
        FilterTest::Compare { tag: tags::MESSAGE_FLAGS, relop: Relop::Ne, key, bounded: false, constant }
    }

    #[test]
    fn a_test_on_an_absent_property_is_false_and_not_makes_it_true() {
        assert!(!test(&[ne(1)], None));
        assert!(test(&[FilterTest::Not, ne(1)], None));
        assert!(test(&[ne(1)], Some(2)));
    }

    #[test]
    fn no_children_make_and_true_and_or_false() {
        assert!(test(&[FilterTest::And(0)], None));
        assert!(!test(&[FilterTest::Or(0)], None));
        assert!(test(&[FilterTest::Or(2), ne(2), ne(1)], Some(2)));
        assert!(!test(&[FilterTest::And(2), ne(2), ne(1)], Some(2)));
    }

    #[test]
    fn only_one_whole_tree_is_evaluable() {
        assert!(is_evaluable(&[FilterTest::And(2), ne(1), FilterTest::Not, ne(2)]));
        assert!(!is_evaluable(&[FilterTest::And(2), ne(1)]));
        assert!(!is_evaluable(&[ne(1), ne(2)]));
        assert!(!is_evaluable(&[]));
    }

    #[test]
    fn absent_keys_come_last_in_both_directions_and_ties_follow_the_last_key() {
        let row = |key: Option<u8>, arrival| RowKey { keys: vec![key.map(|key| vec![key])], arrival };
        for descending in [false, true] {
            let order = [OrderKey { tag: tags::SUBJECT, descending }];
            assert!(compare_rows(&order, &row(Some(1), 9), &row(None, 1)).is_lt());
            assert_eq!(compare_rows(&order, &row(None, 1), &row(None, 2)).is_lt(), !descending);
            assert_eq!(compare_rows(&order, &row(Some(1), 1), &row(Some(2), 1)).is_lt(), !descending);
        }
    }
}
