//! Sorting rows by keys that begin alike, as subjects do: eight bytes at a time, so that a key is fetched once for
//! each eight bytes that do not decide, and not for every comparison.

use super::rows::{Entry, Rows};
use crate::tables::order::prefix;

/// Rows few enough to compare their whole keys.
const FEW: usize = 24;

/// Bytes looked at in one round.
const ROUND: usize = 8;

/// The next bytes of a row's key, and the row.
type Item = (u64, u32);

impl Rows {
    /// Sorts rows by their keys, as [`Rows::compare`] has it.
    pub(super) fn sort(&self, entries: &mut [Entry]) {
        entries.sort_unstable_by_key(Entry::prefix);
        let mut items: Vec<Item> = Vec::new();
        for alike in entries.chunk_by_mut(|a, b| a.prefix() == b.prefix()).filter(|alike| alike.len() > 1) {
            items.clear();
            items.extend(alike.iter().map(|entry| (0, entry.slot)));
            self.sort_from(&mut items, ROUND);
            for (entry, (_, slot)) in alike.iter_mut().zip(&items) {
                entry.slot = *slot;
            }
        }
    }

    /// Sorts rows whose keys are alike up to `from`.
    fn sort_from(&self, items: &mut [Item], mut from: usize) {
        loop {
            let mut longest = 0;
            if items.len() > FEW {
                for (next, slot) in &mut *items {
                    let key = self.key(*slot);
                    longest = longest.max(key.len());
                    *next = prefix(key.get(from..).unwrap_or_default());
                }
            }
            if longest <= from {
                items.sort_unstable_by(|(_, a), (_, b)| self.compare_slots(*a, *b));
                return;
            }
            from += ROUND;
            items.sort_unstable_by_key(|(next, _)| *next);
            let is_split = items.first().map(|(next, _)| next) != items.last().map(|(next, _)| next);
            if is_split {
                break;
            }
        }
        for alike in items.chunk_by_mut(|(a, _), (b, _)| a == b).filter(|alike| alike.len() > 1) {
            self.sort_from(alike, from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys of which many are alike for long, down to those that are the beginning of another.
    fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let part = prop::sample::select(vec![&b""[..], b"\0", b"a", b"b", b"\0\0\0\0\0\0\0\0", b"the same words", b"\xFF\xFF"]);
        prop::collection::vec(prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat()), 0..300)
    }

    proptest! {
        #[test]
        fn rows_are_sorted_as_comparing_them_does(keys in keys()) {
            let rows = Rows::of_keys(&keys);
            let mut sorted: Vec<Entry> = (0_u32..).zip(&keys).map(|(slot, _)| rows.entry(slot)).collect();
            let mut expected = sorted.clone();
            expected.sort_by(|a, b| rows.compare(a, b));
            rows.sort(&mut sorted);
            prop_assert_eq!(sorted, expected);
        }
    }
}
