//! What leads from one list of rows to another: the events for those who know the old list (`tables` 11).
//!
//! Rows that keep their order among each other are left alone, as many as possible (the longest rising
//! sequence of their new places); every other row is told with the row that is now before it, and so are those
//! that changed in themselves: what is told anyway may as well have moved. Told in the new order, each is put
//! behind a row that is at its final place already.

/// What happens to one row of the new list, by its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is new.
    Entered,
    /// It was there, and changed or stands elsewhere among the others now.
    Moved,
    /// It was there and stays.
    Stays,
}

/// A row that was there before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Its place in the new list.
    pub(super) place: usize,
    /// Whether it is told of wherever it stands.
    pub(super) told: bool,
}

/// The fates of `count` rows. `kept`: those that were there before, in their old order.
pub(super) fn fates(count: usize, kept: &[Kept]) -> Vec<Fate> {
    let mut fates = vec![Fate::Entered; count];
    for row in kept {
        if let Some(fate) = fates.get_mut(row.place) {
            *fate = Fate::Moved;
        }
    }
    let quiet: Vec<usize> = kept.iter().filter(|row| !row.told).map(|row| row.place).collect();
    for place in longest_rising(&quiet) {
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

    fn unchanged(places: &[usize]) -> Vec<Kept> {
        places.iter().map(|place| Kept { place: *place, told: false }).collect()
    }

    #[test]
    fn one_row_that_went_to_the_end_is_the_only_one_told() {
        // A B C D became B C D A.
        let fates = fates(4, &unchanged(&[3, 0, 1, 2]));
        assert_eq!(fates, [Fate::Stays, Fate::Stays, Fate::Stays, Fate::Moved]);
    }

    #[test]
    fn of_two_rows_that_changed_places_the_one_that_changed_is_told() {
        let mut kept = unchanged(&[1, 0]);
        kept[0].told = true;
        assert_eq!(fates(2, &kept), [Fate::Stays, Fate::Moved]);
        let mut kept = unchanged(&[1, 0]);
        kept[1].told = true;
        assert_eq!(fates(2, &kept), [Fate::Moved, Fate::Stays]);
    }

    proptest! {
        #[test]
        fn the_told_rows_lead_from_the_old_list_to_the_new(
            new in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
            old in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(),
            in_old in prop::collection::vec(any::<bool>(), 40),
            in_new in prop::collection::vec(any::<bool>(), 40),
            told in prop::collection::vec(any::<bool>(), 40),
        ) {
            let new: Vec<usize> = new.into_iter().filter(|row| in_new[*row]).collect();
            let mut mirror: Vec<usize> = old.into_iter().filter(|row| in_old[*row] && in_new[*row]).collect();
            let place = |row: &usize| new.iter().position(|other| other == row);
            let kept: Vec<Kept> =
                mirror.iter().filter_map(|row| Some(Kept { place: place(row)?, told: told[*row] })).collect();
            let silent: Vec<usize> = fates(new.len(), &kept).iter().zip(&new)
                .filter(|(fate, _)| **fate == Fate::Stays).map(|(_, row)| *row).collect();
            prop_assert!(silent.iter().all(|row| !told[*row]), "a row that is told anyway is not passed over");
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
