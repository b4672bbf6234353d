//! Clocks a test winds, randomness it can repeat, and ears for what is logged and reported.

use super::lock;
use crate::backend::{Clock, Entropy, Log, LogLevel, Progress, Verdict};
use crate::properties::FileTime;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Clocks that stand still until they are wound. They begin at 2026-01-01 00:00 UTC and 1 second.
#[derive(Debug)]
pub struct MemoryClock {
    now: AtomicU64,
    monotonic: AtomicU64,
}

impl Default for MemoryClock {
    fn default() -> Self {
        Self { now: AtomicU64::new(FileTime::from_unix(1_767_225_600, 0).0), monotonic: AtomicU64::new(1_000_000_000) }
    }
}

impl MemoryClock {
    /// Lets that many microseconds pass on both clocks.
    pub fn advance(&self, microseconds: u64) {
        self.now.fetch_add(microseconds.saturating_mul(10), Ordering::Relaxed);
        self.monotonic.fetch_add(microseconds.saturating_mul(1000), Ordering::Relaxed);
    }

    /// Sets the wall clock, as a person may; the monotonic clock goes on.
    pub fn set(&self, now: FileTime) {
        self.now.store(now.0, Ordering::Relaxed);
    }
}

impl Clock for MemoryClock {
    fn now(&self) -> FileTime {
        FileTime(self.now.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> u64 {
        self.monotonic.load(Ordering::Relaxed)
    }
}

/// Bytes that look random and are the same for the same seed (splitmix64). For tests only.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The generator with that seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        for chunk in buffer.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            let length = chunk.len();
            chunk.copy_from_slice(&word.to_le_bytes()[..length]);
        }
    }
}

/// Keeps every line.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<Vec<(LogLevel, String)>>);

impl MemoryLog {
    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<(LogLevel, String)> {
        lock(&self.0).clone()
    }
}

impl Log for MemoryLog {
    fn log(&self, level: LogLevel, text: &str) {
        lock(&self.0).push((level, text.to_owned()));
    }
}

/// Keeps every report and cancels when told to.
#[derive(Debug, Default)]
pub struct MemoryProgress(Mutex<ProgressState>);

#[derive(Debug, Default)]
struct ProgressState {
    reports: Vec<(u64, u64)>,
    cancel_at: Option<u64>,
}

impl MemoryProgress {
    /// Cancels from the report on that says `done` items are done; `None`: never.
    pub fn cancel_at(&self, done: Option<u64>) {
        lock(&self.0).cancel_at = done;
    }

    /// The reports so far, `done` and `total`.
    #[must_use]
    pub fn reports(&self) -> Vec<(u64, u64)> {
        lock(&self.0).reports.clone()
    }
}

impl Progress for MemoryProgress {
    fn report(&self, done: u64, total: u64) -> Verdict {
        let mut state = lock(&self.0);
        state.reports.push((done, total));
        if state.cancel_at.is_some_and(|limit| done >= limit) { Verdict::Cancel } else { Verdict::Continue }
    }
}
