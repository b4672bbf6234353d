//! Sorting that can stop at any row and go on later: short runs are sorted as wholes, then merged row by row.

use crate::tables::slice::Slice;
use std::cmp::Ordering;
use std::ops::Range;

/// Rows of a run in limited slices, unless a slice is smaller: a run is the largest piece of work that is not
/// interrupted.
const RUN: usize = 2048;

/// A sort under way.
pub(super) struct StepSort<T> {
    items: Vec<T>,
    /// Sorted runs of the items, as a heap: the run whose first item comes first is at the front.
    runs: Vec<Range<usize>>,
    /// Items that are part of a run.
    cut: usize,
    /// The result, as soon as all items are part of a run.
    merged: Option<Vec<T>>,
}

impl<T: Copy> StepSort<T> {
    pub(super) fn new(items: Vec<T>) -> Self {
        Self { items, runs: Vec::new(), cut: 0, merged: None }
    }

    /// Goes on for what is left of a slice; the sorted items when all is done. `sort` puts items into the order of
    /// `compare`, which must be total, and the same in each call.
    pub(super) fn advance(
        &mut self,
        slice: &mut Slice,
        mut compare: impl FnMut(&T, &T) -> Ordering,
        sort: impl Fn(&mut [T]),
    ) -> Option<Vec<T>> {
        while self.cut < self.items.len() {
            // Work that nobody waits behind needs no runs.
            let length =
                if self.cut == 0 && slice.left() >= self.items.len() { self.items.len() } else { RUN.min(slice.whole()) };
            let run = self.cut..self.items.len().min(self.cut + length);
            if slice.left() < run.len() {
                return None;
            }
            slice.spend(run.len());
            sort(&mut self.items[run.clone()]);
            self.cut = run.end;
            self.runs.push(run);
            let last = self.runs.len() - 1;
            self.rise(last, &mut compare);
        }
        if self.runs.len() <= 1 && self.merged.is_none() {
            return Some(std::mem::take(&mut self.items));
        }
        let mut merged = self.merged.take().unwrap_or_else(|| Vec::with_capacity(self.items.len()));
        while let Some(first) = self.runs.first_mut() {
            if slice.left() == 0 {
                self.merged = Some(merged);
                return None;
            }
            slice.spend(1);
            merged.push(self.items[first.start]);
            first.start += 1;
            if first.start == first.end {
                self.runs.swap_remove(0);
            }
            self.sink(&mut compare);
        }
        Some(merged)
    }

    fn before(&self, a: usize, b: usize, compare: &mut impl FnMut(&T, &T) -> Ordering) -> bool {
        compare(&self.items[self.runs[a].start], &self.items[self.runs[b].start]).is_lt()
    }

    /// Puts a new run into the heap.
    fn rise(&mut self, mut at: usize, compare: &mut impl FnMut(&T, &T) -> Ordering) {
        while at > 0 && self.before(at, (at - 1) / 2, compare) {
            self.runs.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    /// Puts the run at the front, whose first item is another one now, where it belongs: mostly far from the
    /// front, so that it goes there at once and rises from there.
    fn sink(&mut self, compare: &mut impl FnMut(&T, &T) -> Ordering) {
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let child = if right < self.runs.len() && self.before(right, left, compare) { right } else { left };
            if child >= self.runs.len() {
                return self.rise(at, compare);
            }
            self.runs.swap(at, child);
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::slice::SLICE_STEPS;
    use proptest::prelude::*;

    fn sorted(items: &[u32], slice: fn() -> Slice) -> (Vec<u32>, usize) {
        let mut sort = StepSort::new(items.to_vec());
        let mut slices = 1;
        loop {
            let mut slice = slice();
            if let Some(sorted) = sort.advance(&mut slice, Ord::cmp, <[u32]>::sort_unstable) {
                return (sorted, slices);
            }
            assert!(slice.left() < RUN.min(slice.whole()), "a slice is used as far as it goes");
            slices += 1;
        }
    }

    #[test]
    fn many_rows_are_sorted_in_many_slices_and_each_is_moved_twice() {
        let items: Vec<u32> = (0..100_000_u32).map(|number| number.wrapping_mul(2_654_435_761)).collect();
        let mut expected = items.clone();
        expected.sort_unstable();
        let (in_slices, slices) = sorted(&items, || Slice::of(SLICE_STEPS));
        assert_eq!(in_slices, expected);
        assert_eq!(slices, (2 * items.len()).div_ceil(SLICE_STEPS));
        assert_eq!(sorted(&items, Slice::unlimited), (expected, 1));
    }

    proptest! {
        #[test]
        fn sorting_in_steps_is_sorting(items in prop::collection::vec(0..50_000_u32, 0..20_000)) {
            let mut expected = items.clone();
            expected.sort_unstable();
            prop_assert_eq!(&sorted(&items, || Slice::of(SLICE_STEPS)).0, &expected);
            prop_assert_eq!(&sorted(&items, Slice::unlimited).0, &expected);
        }

        #[test]
        fn the_smallest_slices_come_to_an_end(items in prop::collection::vec(0..20_u32, 0..40)) {
            let mut expected = items.clone();
            expected.sort_unstable();
            prop_assert_eq!(&sorted(&items, || Slice::of(1)).0, &expected);
            prop_assert_eq!(&sorted(&items, || Slice::of(7)).0, &expected);
        }
    }
}
