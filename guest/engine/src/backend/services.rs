//! Clocks, randomness, logging and progress.

use crate::properties::FileTime;

/// The clocks.
pub trait Clock {
    /// Wall-clock time.
    fn now(&self) -> FileTime;
    /// Monotonic time in nanoseconds; time-outs follow this one.
    fn monotonic(&self) -> u64;
}

/// Random bytes.
pub trait Entropy {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// How important a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Diagnostics. Never message text, never a secret.
pub trait Log {
    /// One line.
    fn log(&self, level: LogLevel, text: &str);
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verdict {
    Continue,
    Cancel,
}

/// Progress of long work (`stores` 0).
pub trait Progress {
    /// `done` of `total` items; total 0: unknown.
    fn report(&self, done: u64, total: u64) -> Verdict;
}

/// The services every part of the engine may use, taken from the host once.
#[derive(Clone)]
pub struct Environment {
    /// The clocks.
    pub clock: std::rc::Rc<dyn Clock>,
    /// Random bytes.
    pub entropy: std::rc::Rc<dyn Entropy>,
    /// Diagnostics.
    pub log: std::rc::Rc<dyn Log>,
    /// Progress of long work.
    pub progress: std::rc::Rc<dyn Progress>,
}

impl Environment {
    /// The services of that host.
    #[must_use]
    pub fn of(host: &dyn crate::backend::Host) -> Self {
        Self { clock: host.clock(), entropy: host.entropy(), log: host.log(), progress: host.progress() }
    }

    /// Fresh random bytes for a MAPIUID or search key.
    #[must_use]
    pub fn new_uid(&self) -> crate::properties::Guid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        crate::properties::Guid(bytes)
    }
}
