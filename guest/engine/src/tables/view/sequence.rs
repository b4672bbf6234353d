//! An ordered list in which finding a place, inserting and removing stay cheap with millions of items
//! (`tables` 2: positions are numbers of visible rows).
//!
//! The items lie in chunks of bounded length, and of each chunk is known how many rows it stands for. An item
//! stands for one row, or for as many as it says.

/// Items of a chunk before it is divided.
const MAX_ITEMS: usize = 1024;

/// Items of a chunk of a list that is made at once: some may come before it is divided.
const FILL: usize = 768;

/// Items of a chunk below which it is joined to a neighbour.
const FEW_ITEMS: usize = 128;

/// What a list is made of.
pub(super) trait Item: Copy {
    /// How many rows it stands for.
    fn weight(&self) -> u32 {
        1
    }
}

impl Item for u32 {}

/// An ordered list. It does not know the order: who inserts says where.
#[derive(Clone, Debug)]
pub(super) struct Sequence<T> {
    chunks: Vec<Vec<T>>,
    /// The rows of each chunk.
    weights: Vec<u32>,
    total: u64,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), weights: Vec::new(), total: 0 }
    }
}

/// A place in a list, right until the list changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    chunk: usize,
    at: usize,
}

impl<T: Item> Sequence<T> {
    /// A list of these items in this order.
    pub(super) fn from_sorted(items: &[T]) -> Self {
        let chunks: Vec<Vec<T>> = items.chunks(FILL).map(<[T]>::to_vec).collect();
        let weights: Vec<u32> = chunks.iter().map(|chunk| weight_of(chunk)).collect();
        let total = weights.iter().map(|weight| u64::from(*weight)).sum();
        Self { chunks, weights, total }
    }

    /// The rows all items stand for.
    pub(super) fn weight(&self) -> u64 {
        self.total
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// The first place whose item is not before what is looked for.
    pub(super) fn search(&self, before: impl Fn(&T) -> bool) -> Spot {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(&before));
        match self.chunks.get(chunk) {
            Some(items) => Spot { chunk, at: items.partition_point(before) },
            None => {
                let chunk = self.chunks.len().saturating_sub(1);
                Spot { chunk, at: self.chunks.get(chunk).map_or(0, Vec::len) }
            }
        }
    }

    pub(super) fn get(&self, spot: Spot) -> Option<&T> {
        self.chunks.get(spot.chunk)?.get(spot.at)
    }

    /// The rows of the items before a place.
    pub(super) fn weight_before(&self, spot: Spot) -> u64 {
        let chunks: u64 = self.weights.iter().take(spot.chunk).map(|weight| u64::from(*weight)).sum();
        let items = self.chunks.get(spot.chunk).map_or(&[][..], Vec::as_slice);
        chunks + u64::from(weight_of(items.get(..spot.at).unwrap_or(items)))
    }

    /// The items from the one with that row on, and the number of the row among its own.
    pub(super) fn starting_at(&self, row: u64) -> (impl Iterator<Item = &T>, u64) {
        let mut left = row;
        let mut chunk = 0;
        while let Some(weight) = self.weights.get(chunk)
            && left >= u64::from(*weight)
        {
            left -= u64::from(*weight);
            chunk += 1;
        }
        let items = self.chunks.get(chunk).map_or(&[][..], Vec::as_slice);
        let mut at = 0;
        while let Some(item) = items.get(at)
            && left >= u64::from(item.weight())
        {
            left -= u64::from(item.weight());
            at += 1;
        }
        let rest = self.chunks.get(chunk + 1..).unwrap_or_default();
        (items[at..].iter().chain(rest.iter().flatten()), left)
    }

    /// The items from a place on.
    pub(super) fn starting_at_spot(&self, spot: Spot) -> impl Iterator<Item = &T> {
        let items = self.chunks.get(spot.chunk).and_then(|items| items.get(spot.at..)).unwrap_or_default();
        items.iter().chain(self.chunks.get(spot.chunk + 1..).unwrap_or_default().iter().flatten())
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Puts an item before the one at the place.
    pub(super) fn insert(&mut self, spot: Spot, item: T) {
        let weight = item.weight();
        self.total += u64::from(weight);
        let (Some(items), Some(total)) = (self.chunks.get_mut(spot.chunk), self.weights.get_mut(spot.chunk)) else {
            self.chunks.push(vec![item]);
            self.weights.push(weight);
            return;
        };
        items.insert(spot.at.min(items.len()), item);
        *total += weight;
        if items.len() > MAX_ITEMS {
            let half = items.split_off(items.len() / 2);
            let moved = weight_of(&half);
            *total -= moved;
            self.chunks.insert(spot.chunk + 1, half);
            self.weights.insert(spot.chunk + 1, moved);
        }
    }

    pub(super) fn remove(&mut self, spot: Spot) -> Option<T> {
        let items = self.chunks.get_mut(spot.chunk).filter(|items| spot.at < items.len())?;
        let item = items.remove(spot.at);
        if let Some(total) = self.weights.get_mut(spot.chunk) {
            *total -= item.weight();
        }
        self.total -= u64::from(item.weight());
        self.join(spot.chunk);
        Some(item)
    }

    /// Puts another item in the place of one.
    pub(super) fn replace(&mut self, spot: Spot, item: T) {
        let Some(place) = self.chunks.get_mut(spot.chunk).and_then(|items| items.get_mut(spot.at)) else { return };
        let (old, new) = (place.weight(), item.weight());
        *place = item;
        if let Some(total) = self.weights.get_mut(spot.chunk) {
            *total = *total - old + new;
        }
        self.total = self.total - u64::from(old) + u64::from(new);
    }

    /// Joins a chunk that has become short to a neighbour.
    fn join(&mut self, chunk: usize) {
        let length = |at: usize| self.chunks.get(at).map_or(MAX_ITEMS, Vec::len);
        let few = length(chunk);
        if few == 0 {
            self.chunks.remove(chunk);
            self.weights.remove(chunk);
            return;
        }
        if few >= FEW_ITEMS {
            return;
        }
        let neighbours = [chunk.checked_sub(1), Some(chunk)];
        let Some(first) = neighbours.into_iter().flatten().find(|first| length(*first) + length(first + 1) <= FILL) else {
            return;
        };
        let items = self.chunks.remove(first + 1);
        let weight = self.weights.remove(first + 1);
        if let (Some(before), Some(total)) = (self.chunks.get_mut(first), self.weights.get_mut(first)) {
            before.extend(items);
            *total += weight;
        }
    }
}

fn weight_of<T: Item>(items: &[T]) -> u32 {
    items.iter().map(Item::weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Heavy(u32, u32);

    impl Item for Heavy {
        fn weight(&self) -> u32 {
            self.1
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u32, u32),
        Remove(u32),
        Weigh(u32, u32),
        /// Many at once, so that chunks divide and join.
        Many(u32, u32),
        Few(u32, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..100_000_u32, 0..4_u32).prop_map(|(key, weight)| Step::Insert(key, weight)),
            3 => (0..100_000_u32).prop_map(Step::Remove),
            1 => (0..100_000_u32, 0..9_u32).prop_map(|(key, weight)| Step::Weigh(key, weight)),
            1 => (0..100_000_u32, 0..2000_u32).prop_map(|(key, count)| Step::Many(key, count)),
            1 => (0..100_000_u32, 0..2000_u32).prop_map(|(key, count)| Step::Few(key, count)),
        ]
    }

    fn insert(sequence: &mut Sequence<Heavy>, list: &mut Vec<Heavy>, item: Heavy) {
        sequence.insert(sequence.search(|other| other.0 < item.0), item);
        list.insert(list.partition_point(|other| other.0 < item.0), item);
    }

    fn remove(sequence: &mut Sequence<Heavy>, list: &mut Vec<Heavy>, key: u32) {
        let at = list.partition_point(|other| other.0 < key);
        let expected = (at < list.len()).then(|| list.remove(at));
        assert_eq!(sequence.remove(sequence.search(|other| other.0 < key)), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn a_sequence_is_a_list(first in prop::collection::vec(0..4_u32, 0..3000), steps in prop::collection::vec(step(), 0..60)) {
            let mut list: Vec<Heavy> = first.iter().enumerate().map(|(at, weight)| Heavy(at as u32 * 30, *weight)).collect();
            let mut sequence = Sequence::from_sorted(&list);
            for step in steps {
                let key = match step {
                    Step::Insert(key, weight) => {
                        insert(&mut sequence, &mut list, Heavy(key, weight));
                        key
                    }
                    Step::Remove(key) => {
                        remove(&mut sequence, &mut list, key);
                        key
                    }
                    Step::Weigh(key, weight) => {
                        let spot = sequence.search(|other| other.0 < key);
                        let at = list.partition_point(|other| other.0 < key);
                        if let Some(item) = list.get_mut(at) {
                            item.1 = weight;
                            sequence.replace(spot, *item);
                        }
                        key
                    }
                    Step::Many(key, count) => {
                        (0..count).for_each(|at| insert(&mut sequence, &mut list, Heavy(key + at % 7, at % 3)));
                        key
                    }
                    Step::Few(key, count) => {
                        (0..count).for_each(|_| remove(&mut sequence, &mut list, key));
                        key
                    }
                };
                prop_assert!(sequence.iter().eq(list.iter()));
                prop_assert_eq!(sequence.first(), list.first());
                prop_assert_eq!(sequence.last(), list.last());
                let total: u64 = list.iter().map(|item| u64::from(item.1)).sum();
                prop_assert_eq!(sequence.weight(), total);
                let at = list.partition_point(|other| other.0 < key);
                let spot = sequence.search(|other| other.0 < key);
                prop_assert_eq!(sequence.get(spot), list.get(at));
                prop_assert_eq!(sequence.weight_before(spot), list[..at].iter().map(|item| u64::from(item.1)).sum::<u64>());
                for row in [0, total / 3, total / 2, total.saturating_sub(1), total] {
                    let mut rows = list.iter().enumerate().flat_map(|(at, item)| (0..item.1).map(move |offset| (at, offset)));
                    let expected = rows.nth(row as usize);
                    let (items, offset) = sequence.starting_at(row);
                    let items: Vec<Heavy> = items.copied().collect();
                    match expected {
                        None => prop_assert!(items.iter().all(|item| item.1 == 0)),
                        Some((at, inside)) => {
                            prop_assert_eq!(&items[..], &list[at..]);
                            prop_assert_eq!(offset, u64::from(inside));
                        }
                    }
                }
            }
        }
    }
}
