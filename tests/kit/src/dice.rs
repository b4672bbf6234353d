//! Repeatable chance.

use mapi_engine::backend::Entropy;
use mapi_engine::memory::SeededEntropy;

/// Throws the same numbers for the same seed.
pub struct Dice(SeededEntropy);

impl Dice {
    /// The dice of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `sides`, 0 if there is none.
    #[must_use]
    pub fn below(&self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        let number = u64::from_le_bytes(bytes);
        usize::try_from(number % (sides.max(1) as u64)).unwrap_or_default()
    }

    /// True once in `times`.
    #[must_use]
    pub fn once_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of them.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
