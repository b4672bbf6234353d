//! Sorting rows by keys that begin alike, as subjects do: eight bytes at a time, so that a key is fetched once for
//! each eight bytes that do not decide, and not for every comparison.

use super::rows::{Entry, Rows};
use crate::tables::order::{compare_bytes, prefix};

/// Rows few enough to compare their whole keys.
const FEW: usize = 12;

/// Bytes looked at in one round.
const ROUND: u32 = 8;

/// A row with what is needed to look at its key: where the bytes that are still to decide lie. Keys lie all over
/// memory, and so do slots, which are not asked again.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// The bytes of this round.
    next: u64,
    slot: u32,
    start: u32,
    end: u32,
}

impl Rows {
    /// Sorts rows by their keys, as [`Rows::compare`] has it.
    pub(super) fn sort(&self, entries: &mut [Entry]) {
        entries.sort_unstable_by_key(Entry::prefix);
        let mut items: Vec<Item> = Vec::new();
        for alike in entries.chunk_by_mut(|a, b| a.prefix() == b.prefix()).filter(|alike| alike.len() > 1) {
            items.clear();
            items.extend(alike.iter().map(|entry| {
                let (start, end) = self.key_place(entry.slot);
                Item { next: 0, slot: entry.slot, start: end.min(start + ROUND), end }
            }));
            self.sort_items(&mut items);
            for (entry, item) in alike.iter_mut().zip(&items) {
                entry.slot = item.slot;
            }
        }
    }

    /// Sorts rows whose keys are alike up to where the items start.
    fn sort_items(&self, items: &mut [Item]) {
        loop {
            if items.len() <= FEW || items.iter().all(|item| item.start == item.end) {
                items.sort_unstable_by(|a, b| {
                    let rest = compare_bytes(self.bytes(a.start, a.end), self.bytes(b.start, b.end));
                    rest.then_with(|| self.compare_slots(a.slot, b.slot))
                });
                return;
            }
            self.fetch(items);
            items.sort_unstable_by_key(|item| item.next);
            if items.first().map(|item| item.next) != items.last().map(|item| item.next) {
                break;
            }
        }
        for alike in items.chunk_by_mut(|a, b| a.next == b.next).filter(|alike| alike.len() > 1) {
            self.sort_items(alike);
        }
    }

    /// Fetches the bytes of the next round. Nothing else is done in this loop: the shorter it is, the more keys are
    /// under way from memory at a time.
    #[inline(never)]
    fn fetch(&self, items: &mut [Item]) {
        for item in items {
            item.next = prefix(self.bytes(item.start, item.end));
            item.start = item.end.min(item.start + ROUND);
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
