//! The order of a view as one byte string a row (`tables` 6.1, 7): unsigned bytewise comparison of two
//! rows' strings is the whole comparison, ties by arrival included.

use crate::backend::{Batch, OrderKey, RowKey};
use crate::collation;
use crate::properties::{PropTag, PropType, Value, ValueRef, tags};
use crate::tables::instances::Instances;
use crate::tables::{KeptBecause, SortOrder, SortOrderSet, TABLE_SORT_CATEG_MAX, TABLE_SORT_CATEG_MIN, TABLE_SORT_COMBINE};
use std::cmp::Ordering;

/// UTF-16 units of a cell that order keys are made of: enough for 255 code points outside the basic plane.
pub(super) const KEY_CELL_LIMIT: u32 = 2 * collation::STRING_KEY_BOUND as u32;

/// How the rows of a view are ordered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct ViewOrder {
    /// The keys as the backend knows them: strings as `PT_UNICODE`. Those of the categories come first.
    pub(super) keys: Vec<OrderKey>,
    /// The direction of the ties.
    ties_descending: bool,
    /// The categories, if there are any.
    pub(super) grouping: Option<Grouping>,
    /// What the rows are instances of. Their numbers are the last key, behind the arrival numbers.
    pub(super) instances: Instances,
}

/// Where a row stands in underlying order (`tables` 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Arrival {
    arrival: u64,
    /// `PR_INSTANCE_NUM`.
    number: u32,
}

/// What categories a view has (`tables` 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouping {
    /// For each level the number of keys up to its end.
    pub(super) levels: Vec<usize>,
    /// Levels below this one begin expanded.
    pub(super) expanded: u32,
    /// What orders the categories of the innermost level instead of their values.
    pub(super) extremum: Option<Extremum>,
}

/// `TABLE_SORT_CATEG_MAX` or `_MIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extremum {
    pub(super) tag: PropTag,
    /// The greatest value counts, else the smallest.
    pub(super) greatest: bool,
    /// Direction of the categories.
    pub(super) descending: bool,
}

impl Grouping {
    /// The keys of a level.
    pub(super) fn keys_of(&self, level: usize) -> std::ops::Range<usize> {
        let end = |level: Option<usize>| level.and_then(|level| self.levels.get(level).copied()).unwrap_or_default();
        end(level.checked_sub(1))..end(Some(level))
    }
}

/// What an order key marks: absent values come last in both directions.
const PRESENT: u8 = 0;
const ABSENT: u8 = 1;

impl ViewOrder {
    /// From a validated set.
    pub(super) fn new(set: &SortOrderSet) -> Self {
        let is_extreme = |key: &SortOrder| matches!(key.order, TABLE_SORT_CATEG_MAX | TABLE_SORT_CATEG_MIN);
        let known = |tag: PropTag| tag.with_kind(tag.kind().with_width(true));
        let mut keys: Vec<OrderKey> = set
            .keys
            .iter()
            .filter(|key| !is_extreme(key))
            .map(|key| OrderKey { tag: known(key.tag), descending: key.order & 1 == 1 })
            .collect();
        let ties_descending = keys.last().is_some_and(|key| key.descending);
        let categories = set.keys.get(..set.categories as usize).unwrap_or_default();
        if categories.is_empty() {
            return Self { keys, ties_descending, ..Self::default() };
        }
        let starts = categories.iter().enumerate().filter(|(_, key)| key.order & TABLE_SORT_COMBINE == 0).map(|(at, _)| at);
        let levels: Vec<usize> = starts.skip(1).chain([categories.len()]).collect();
        let mut grouping = Grouping { levels, expanded: set.expanded, extremum: None };
        if let Some(extreme) = set.keys.get(categories.len()).filter(|key| is_extreme(key)) {
            let innermost = grouping.keys_of(grouping.levels.len() - 1);
            let descending = keys.get(innermost.start).is_some_and(|key| key.descending);
            // Equal extremes are told apart by all values in that one direction.
            keys.get_mut(innermost).unwrap_or_default().iter_mut().for_each(|key| key.descending = descending);
            let greatest = extreme.order == TABLE_SORT_CATEG_MAX;
            grouping.extremum = Some(Extremum { tag: known(extreme.tag), greatest, descending });
        }
        Self { keys, ties_descending, grouping: Some(grouping), instances: Instances::default() }
    }

    /// The order of the instances of these properties.
    pub(super) fn expanded_on(self, instances: Instances) -> Self {
        Self { instances, ..self }
    }

    /// The columns a row's string is made of.
    pub(super) fn tags(&self) -> impl Iterator<Item = PropTag> + '_ {
        let number = (!self.instances.is_empty()).then_some(tags::INSTANCE_NUM);
        self.keys.iter().map(|key| key.tag).chain(number)
    }

    /// Why no backend can be asked for the order: some key has no order key, or more than keys decides.
    pub(super) fn kept_because(&self) -> Option<KeptBecause> {
        let by_extreme = self.grouping.as_ref().is_some_and(|grouping| grouping.extremum.is_some());
        if by_extreme {
            Some(KeptBecause::Categories)
        } else if !self.instances.is_empty() {
            Some(KeptBecause::Instances)
        } else {
            self.keys.iter().any(|key| key.tag.kind().is_multi()).then_some(KeptBecause::MultiValue)
        }
    }

    /// The keys that make categories.
    pub(super) fn category_keys(&self) -> &[OrderKey] {
        let end = self.grouping.as_ref().and_then(|grouping| grouping.levels.last().copied());
        self.keys.get(..end.unwrap_or_default()).unwrap_or_default()
    }

    /// How many levels of categories there are.
    pub(super) fn levels(&self) -> usize {
        self.grouping.as_ref().map_or(0, |grouping| grouping.levels.len())
    }

    /// The arrival number and the number of the instance in a row's string.
    pub(super) fn arrival(&self, key: &[u8]) -> Arrival {
        let (key, number) = match key.split_last_chunk() {
            Some((key, number)) if !self.instances.is_empty() => (key, u32::from_be_bytes(*number)),
            _ => (key, 0),
        };
        let arrival = key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        if !self.ties_descending {
            Arrival { arrival, number }
        } else {
            Arrival { arrival: !arrival, number: if self.instances.is_empty() { number } else { !number } }
        }
    }

    /// Appends the row's string. `columns` says where in the batch each of [`ViewOrder::tags`] is. To `cuts` is added for each
    /// level of categories how long the part of the string is that names the row's categories up to it.
    pub(super) fn append(&self, batch: &Batch, row: usize, columns: &[usize], out: &mut Vec<u8>, cuts: &mut Vec<u32>) {
        let begin = out.len();
        for (at, (key, column)) in self.keys.iter().zip(columns).enumerate() {
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
            if self.grouping.as_ref().is_some_and(|grouping| grouping.levels.contains(&(at + 1))) {
                cuts.push(u32::try_from(out.len() - begin).unwrap_or(u32::MAX));
            }
        }
        let start = out.len();
        out.extend_from_slice(&batch.arrivals.get(row).copied().unwrap_or_default().to_be_bytes());
        if !self.instances.is_empty() {
            out.extend_from_slice(&number_at(batch, row, columns.get(self.keys.len()).copied()).to_be_bytes());
        }
        if self.ties_descending {
            invert(&mut out[start..]);
        }
    }

    /// Appends the ascending key of a value that takes part in an extreme; nothing if it does not.
    pub(super) fn append_extremum(&self, value: &ValueRef<'_>, out: &mut Vec<u8>) {
        let extremum = self.grouping.as_ref().and_then(|grouping| grouping.extremum);
        if extremum.is_some_and(|extremum| is_orderable(value, extremum.tag.kind())) {
            append_value(value, out);
        }
    }

    /// Appends the part of a row's string that one key makes, from the order key a backend has of its value.
    pub(super) fn append_part(&self, at: usize, order_key: Option<&[u8]>, out: &mut Vec<u8>) {
        let Some(key) = self.keys.get(at) else { return };
        let Some(order_key) = order_key else {
            out.push(ABSENT);
            return;
        };
        out.push(PRESENT);
        let start = out.len();
        out.extend_from_slice(order_key);
        if is_varying(key.tag.kind()) {
            end_varying(start, out);
        }
        if key.descending {
            invert(&mut out[start..]);
        }
    }

    /// The row's string, from its place as the backend names it.
    pub(super) fn string_of(&self, place: &RowKey) -> Vec<u8> {
        let mut out = Vec::new();
        for at in 0..self.keys.len() {
            self.append_part(at, place.keys.get(at).and_then(Option::as_deref), &mut out);
        }
        let start = out.len();
        out.extend_from_slice(&place.arrival.to_be_bytes());
        if self.ties_descending {
            invert(&mut out[start..]);
        }
        out
    }

    /// The place a row's string stands for; `None`: it is none of this order.
    pub(super) fn place_of(&self, string: &[u8]) -> Option<RowKey> {
        let mut rest = string;
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let (mark, tail) = rest.split_first()?;
            rest = tail;
            match *mark {
                ABSENT => keys.push(None),
                PRESENT => {
                    let (order_key, tail) = split_key(rest, key.tag.kind(), key.descending)?;
                    keys.push(Some(order_key));
                    rest = tail;
                }
                _ => return None,
            }
        }
        let number = u64::from_be_bytes(rest.try_into().ok()?);
        Some(RowKey { keys, arrival: if self.ties_descending { !number } else { number } })
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

impl Extremum {
    /// The first part of the string that orders a category among its siblings. `extreme`: the ascending key of
    /// the extreme, empty when no leaf has the property.
    pub(super) fn append(self, extreme: &[u8], out: &mut Vec<u8>) {
        if extreme.is_empty() {
            out.push(ABSENT);
            return;
        }
        out.push(PRESENT);
        let start = out.len();
        out.extend_from_slice(extreme);
        if self.descending {
            invert(&mut out[start..]);
        }
    }
}

/// `PR_INSTANCE_NUM` of a row, where that column is read at all.
pub(super) fn number_at(batch: &Batch, row: usize, column: Option<usize>) -> u32 {
    let value = column.and_then(|column| batch.columns.get(column)?.value_ref(row));
    match value.as_ref().and_then(ValueRef::plain) {
        Some(Value::Long(number)) => number.cast_unsigned(),
        _ => 0,
    }
}

/// Whether the value counts as present under a key of that type.
pub(super) fn is_orderable(value: &ValueRef<'_>, kind: PropType) -> bool {
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
    if is_varying(value.kind()) {
        end_varying(start, out);
    }
}

/// Whether the order keys of that type are not all of one length.
fn is_varying(kind: PropType) -> bool {
    kind.is_string() || matches!(kind, PropType::BINARY | PropType::SVREID)
}

/// Escapes the key from `start` on, and marks its end.
fn end_varying(start: usize, out: &mut Vec<u8>) {
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

/// Takes the order key of a value of that type from the beginning of a string; and what is left of the string.
fn split_key(string: &[u8], kind: PropType, inverted: bool) -> Option<(Vec<u8>, &[u8])> {
    let plain = |byte: &u8| if inverted { !byte } else { *byte };
    let length = match kind {
        PropType::BOOLEAN => 1,
        PropType::I2 => 2,
        PropType::LONG => 4,
        PropType::CLSID => 16,
        kind if is_varying(kind) => {
            let mut key = Vec::new();
            let mut at = 0;
            loop {
                let byte = plain(string.get(at)?);
                if byte != 0 {
                    key.push(byte);
                    at += 1;
                    continue;
                }
                match plain(string.get(at + 1)?) {
                    0 => return Some((key, string.get(at + 2..)?)),
                    0xFF => key.push(0),
                    _ => return None,
                }
                at += 2;
            }
        }
        _ => 8,
    };
    let (key, rest) = string.split_at_checked(length)?;
    Some((key.iter().map(plain).collect(), rest))
}

fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// The first bytes as a number: most comparisons end here.
pub(super) fn prefix(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => key.iter().zip(1..).map(|(byte, place)| u64::from(*byte) << (64 - 8 * place)).sum(),
    }
}

/// Compares bytes as slices do, eight at a time: a comparison of unknown length is a call out of the component's code,
/// and there a loop over single bytes.
pub(super) fn compare_bytes(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while let (Some((left, after_left)), Some((right, after_right))) = (a.split_first_chunk(), b.split_first_chunk()) {
        match u64::from_be_bytes(*left).cmp(&u64::from_be_bytes(*right)) {
            Ordering::Equal => (a, b) = (after_left, after_right),
            order => return order,
        }
    }
    let common = a.len().min(b.len());
    prefix(&a[..common]).cmp(&prefix(&b[..common])).then(a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Column;
    use crate::restriction::generate::{ALL, value_of, value_order};
    use proptest::prelude::*;

    fn key(order: &ViewOrder, cells: &[(PropTag, Option<Value>)], arrival: u64) -> Vec<u8> {
        let columns = cells.iter().map(|(tag, value)| Column::of(*tag, vec![value.clone()])).collect();
        let batch = Batch { arrivals: vec![arrival], columns, ..Batch::default() };
        let places: Vec<_> = (0..cells.len()).collect();
        let mut out = Vec::new();
        order.append(&batch, 0, &places, &mut out, &mut Vec::new());
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
        fn bytes_compare_as_slices_do(common in any::<Vec<u8>>(), a in any::<Vec<u8>>(), b in any::<Vec<u8>>()) {
            let (a, b) = ([&common[..], &a].concat(), [&common[..], &b].concat());
            prop_assert_eq!(compare_bytes(&a, &b), a.cmp(&b));
        }

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

        #[test]
        fn a_string_and_the_place_it_stands_for_say_the_same(cells in cells(), arrival in any::<u64>(), cut in any::<prop::sample::Index>()) {
            let keys = cells.iter().map(|(tag, descending, ..)| SortOrder { tag: *tag, order: u32::from(*descending) });
            let order = ViewOrder::new(&SortOrderSet::plain(keys.collect()));
            prop_assume!(order.kept_because().is_none());
            let columns: Vec<_> = cells.iter().map(|(tag, _, value, _)| Column::of(*tag, vec![value.clone()])).collect();
            let batch = Batch { arrivals: vec![arrival], columns, ..Batch::default() };
            let places: Vec<_> = (0..cells.len()).collect();
            let place = order.row_key(&batch, 0, &places);
            let mut string = Vec::new();
            order.append(&batch, 0, &places, &mut string, &mut Vec::new());
            prop_assert_eq!(&order.string_of(&place), &string);
            prop_assert_eq!(order.place_of(&string), Some(place));
            prop_assert_eq!(order.place_of(&string[..cut.index(string.len())]), None);
        }
    }
}
