//! Clocks, randomness, diagnostics and progress.

use crate::world::mapi::session::{logging, progress};
use crate::world::wasi::clocks::{monotonic_clock, wall_clock};
use crate::world::wasi::random::random;
use mapi_engine::backend::{Clock, Entropy, Log, LogLevel, Progress, Verdict};
use mapi_engine::properties::FileTime;

/// `wasi:clocks`.
pub(crate) struct Clocks;

impl Clock for Clocks {
    fn now(&self) -> FileTime {
        let now = wall_clock::now();
        FileTime::from_unix(i64::try_from(now.seconds).unwrap_or(i64::MAX), now.nanoseconds)
    }

    fn monotonic(&self) -> u64 {
        monotonic_clock::now()
    }
}

/// `wasi:random`.
pub(crate) struct Randomness;

impl Entropy for Randomness {
    fn fill(&self, buffer: &mut [u8]) {
        let bytes = random::get_random_bytes(buffer.len() as u64);
        for (place, byte) in buffer.iter_mut().zip(bytes) {
            *place = byte;
        }
    }
}

/// The logging import.
pub(crate) struct Diagnostics;

impl Log for Diagnostics {
    fn log(&self, level: LogLevel, text: &str) {
        let level = match level {
            LogLevel::Trace => logging::Level::Trace,
            LogLevel::Debug => logging::Level::Debug,
            LogLevel::Info => logging::Level::Info,
            LogLevel::Warn => logging::Level::Warn,
            LogLevel::Error => logging::Level::Error,
        };
        logging::log(level, text);
    }
}

/// The progress import.
pub(crate) struct ShownProgress;

impl Progress for ShownProgress {
    fn report(&self, done: u64, total: u64) -> Verdict {
        match progress::report(done, total) {
            progress::Verdict::Proceed => Verdict::Continue,
            progress::Verdict::Cancel => Verdict::Cancel,
        }
    }
}

/// Passes the text of a panic to the log: the trap that follows carries none.
pub(crate) fn hook_panics() {
    std::panic::set_hook(Box::new(|panic| logging::log(logging::Level::Error, &panic.to_string())));
}
