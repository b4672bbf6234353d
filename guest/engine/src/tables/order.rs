//! The order of a view as one byte string a row (`tables` 6.1, 7): unsigned bytewise comparison of two
//! rows' strings is the whole comparison, ties by arrival included.

use crate::backend::{Batch, OrderKey, RowKey};
use crate::collation;
use crate::properties::{PropTag, PropType, Value, ValueRef};
use crate::tables::SortOrderSet;

/// UTF-16 units of a cell that order keys are made of: enough for 255 code points outside the basic plane.
pub(super) const KEY_CELL_LIMIT: u32 = 2 * collation::STRING_KEY_BOUND as u32;

/// How the rows of a view are ordered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct ViewOrder {
    /// The keys as the backend knows them: strings as `PT_UNICODE`.
    pub(super) keys: Vec<OrderKey>,
}

/// What an order key marks: absent values come last in both directions.
const PRESENT: u8 = 0;
const ABSENT: u8 = 1;

impl ViewOrder {
    /// From a validated set without categories.
    pub(super) fn new(set: &SortOrderSet) -> Self {
        let keys = set
            .keys
            .iter()
            .map(|key| OrderKey { tag: key.tag.with_kind(key.tag.kind().with_width(true)), descending: key.order & 1 == 1 })
            .collect();
        Self { keys }
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = PropTag> + '_ {
        self.keys.iter().map(|key| key.tag)
    }

    /// Whether every key's type has an order key a backend can hold.
    pub(super) fn can_be_pushed(&self) -> bool {
        self.keys.iter().all(|key| !key.tag.kind().is_multi())
    }

    fn ties_descending(&self) -> bool {
        self.keys.last().is_some_and(|key| key.descending)
    }

    /// Appends the row's string. `columns` says where in the batch each key is.
    pub(super) fn append(&self, batch: &Batch, row: usize, columns: &[usize], out: &mut Vec<u8>) {
        for (key, column) in self.keys.iter().zip(columns) {
            let value = batch.columns.get(*column).and_then(|column| column.value_ref(row));
            let value = value.filter(|value| is_orderable(value, key.tag.kind()));
            let start = out.len();
            match value {
                Some(value) => {
                    out.push(PRESENT);
                    append_value(&value, out);
                    if key.descending {
                        invert(&mut out[start + 1..]);
                    }
                }
                None => out.push(ABSENT),
            }
        }
        let start = out.len();
        out.extend_from_slice(&batch.arrivals.get(row).copied().unwrap_or_default().to_be_bytes());
        if self.ties_descending() {
            invert(&mut out[start..]);
        }
    }

    /// The row's place as the backend names it.
    pub(super) fn row_key(&self, batch: &Batch, row: usize, columns: &[usize]) -> RowKey {
        let keys = self
            .keys
            .iter()
            .zip(columns)
            .map(|(key, column)| {
                let value = batch.columns.get(*column)?.value_ref(row)?;
                let mut bytes = Vec::new();
                (is_orderable(&value, key.tag.kind()) && collation::append_order_key(&value, &mut bytes)).then_some(bytes)
            })
            .collect();
        RowKey { keys, arrival: batch.arrivals.get(row).copied().unwrap_or_default() }
    }
}

/// Whether the value counts as present under a key of that type.
fn is_orderable(value: &ValueRef<'_>, kind: PropType) -> bool {
    match value.plain() {
        Some(Value::Error(_) | Value::Null | Value::Object) => false,
        Some(plain) if plain.is_empty_multi() => false,
        _ => value.kind().same_family(kind) || (kind.is_instance() && value.kind().same_family(kind.base())),
    }
}

fn append_value(value: &ValueRef<'_>, out: &mut Vec<u8>) {
    if !value.kind().is_multi() {
        append_single(value, out);
        return;
    }
    // Each element is preceded by 1, the end marked by 0: the shorter of two equal arrays comes first.
    for element in (0..value.elements()).filter_map(|at| value.element(at)) {
        out.push(1);
        append_single(&element, out);
    }
    out.push(0);
}

/// Keys of varying length are escaped, so that none is a prefix of another.
fn append_single(value: &ValueRef<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    collation::append_order_key(value, out);
    let varying = value.kind().is_string() || matches!(value.kind(), PropType::BINARY | PropType::SVREID);
    if !varying {
        return;
    }
    if out[start..].contains(&0) {
        let key = out.split_off(start);
        for byte in key {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
    }
    out.extend_from_slice(&[0, 0]);
}

fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// The first bytes as a number: most comparisons end here.
pub(super) fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Column;
    use crate::restriction::generate::{ALL, value_of, value_order};
    use crate::tables::SortOrder;
    use proptest::prelude::*;
    use std::cmp::Ordering;

    fn key(order: &ViewOrder, cells: &[(PropTag, Option<Value>)], arrival: u64) -> Vec<u8> {
        let columns = cells.iter().map(|(tag, value)| Column::of(*tag, vec![value.clone()])).collect();
        let batch = Batch { arrivals: vec![arrival], columns, ..Batch::default() };
        let places: Vec<_> = (0..cells.len()).collect();
        let mut out = Vec::new();
        order.append(&batch, 0, &places, &mut out);
        out
    }

    fn cells() -> impl Strategy<Value = Vec<(PropTag, bool, Option<Value>, Option<Value>)>> {
        let cell = |tag: PropTag| {
            (any::<bool>(), prop::option::of(value_of(tag)), prop::option::of(value_of(tag)))
                .prop_map(move |(descending, a, b)| (tag, descending, a, b))
        };
        prop::collection::vec(prop::sample::select(ALL.to_vec()).prop_flat_map(cell), 0..4)
    }

    proptest! {
        #[test]
        fn bytes_compare_as_the_rules_say(cells in cells(), a in 0..3_u64, b in 0..3_u64) {
            let keys = cells.iter().map(|(tag, descending, ..)| SortOrder { tag: *tag, order: u32::from(*descending) });
            let order = ViewOrder::new(&SortOrderSet::plain(keys.collect()));
            let left: Vec<_> = cells.iter().map(|(tag, _, a, _)| (*tag, a.clone())).collect();
            let right: Vec<_> = cells.iter().map(|(tag, _, _, b)| (*tag, b.clone())).collect();
            let mut expected = Ordering::Equal;
            let mut last = false;
            for (_, descending, a, b) in &cells {
                last = *descending;
                let next = match (a, b) {
                    (Some(a), Some(b)) if *descending => value_order(b, a),
                    (Some(a), Some(b)) => value_order(a, b),
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (None, None) => Ordering::Equal,
                };
                expected = expected.then(next);
            }
            expected = expected.then(if last { b.cmp(&a) } else { a.cmp(&b) });
            let (left, right) = (key(&order, &left, a), key(&order, &right, b));
            prop_assert_eq!(left.cmp(&right), expected);
            prop_assert!(prefix(&left).cmp(&prefix(&right)).then(expected) == expected);
        }
    }
}
