//! What leads from one list of rows to another: the events for those who know the old list (`tables` 11).
//!
//! Rows that keep their order among each other are left alone, as many as possible (the longest rising
//! sequence of their new places); every other row is told with the row that is now before it. Told in the
//! new order, each is put behind a row that is at its final place already.

/// What happens to one row of the new list, by its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is new.
    Entered,
    /// It was there, and stands elsewhere among the others now.
    Moved,
    /// It was there and stays.
    Stays,
}

/// The fates of `count` rows. `kept` are the new places of the rows that were there before, in their old order.
pub(super) fn fates(count: usize, kept: &[usize]) -> Vec<Fate> {
    let mut fates = vec![Fate::Entered; count];
    for place in kept {
        if let Some(fate) = fates.get_mut(*place) {
            *fate = Fate::Moved;
        }
    }
    for place in longest_rising(kept) {
        if let Some(fate) = fates.get_mut(place) {
            *fate = Fate::Stays;
        }
    }
    fates
}

/// A longest strictly rising subsequence.
fn longest_rising(numbers: &[usize]) -> Vec<usize> {
    // For each length, the place of the smallest last number of a sequence of that length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut sequence = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        sequence.push(numbers[at]);
        next = before[at];
    }
    sequence.reverse();
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_row_that_went_to_the_end_is_the_only_one_told() {
        // A B C D became B C D A.
        let fates = fates(4, &[3, 0, 1, 2]);
        assert_eq!(fates, [Fate::Stays, Fate::Stays, Fate::Stays, Fate::Moved]);
    }

    proptest! {
        #[test]
        fn the_told_rows_lead_from_the_old_list_to_the_new(
            new in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
            old in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
            in_old in prop::collection::vec(any::<bool>(), 40),
            in_new in prop::collection::vec(any::<bool>(), 40),
        ) {
            let new: Vec<usize> = new.into_iter().filter(|row| in_new[*row]).collect();
            let mut mirror: Vec<usize> = old.into_iter().filter(|row| in_old[*row] && in_new[*row]).collect();
            let kept: Vec<usize> = mirror.iter().filter_map(|row| new.iter().position(|other| other == row)).collect();
            for (place, fate) in fates(new.len(), &kept).into_iter().enumerate() {
                if fate == Fate::Stays {
                    continue;
                }
                mirror.retain(|row| *row != new[place]);
                let behind = match place.checked_sub(1) {
                    None => 0,
                    Some(prior) => mirror.iter().position(|row| *row == new[prior]).unwrap() + 1,
                };
                mirror.insert(behind, new[place]);
            }
            prop_assert_eq!(mirror, new);
        }
    }
}
