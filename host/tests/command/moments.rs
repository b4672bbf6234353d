//! Random moments, and striking a process at one.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

/// How often a process is looked at while something is waited for.
const LOOK: Duration = Duration::from_millis(2);

/// Random moments (xorshift): the same in every run, but for campaigns, which give each round a seed.
pub(crate) struct Moments(u64);

impl Moments {
    pub(crate) fn new() -> Self {
        let seed: u64 = std::env::var("MAPI_SEED").map_or(0, |seed| seed.parse().expect("MAPI_SEED is a number"));
        // Zero would stay zero, and small numbers would begin with small ones.
        Self(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed.wrapping_mul(2) | 1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub(crate) fn next_below(&mut self, bound: Duration) -> Duration {
        bound.mul_f64(self.next() as f64 / (1u64 << 53) as f64)
    }

    pub(crate) fn number_below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Waits until something has come so far, or the process has ended; whether it runs.
pub(crate) fn wait_until(process: &mut Child, mut there: impl FnMut() -> bool) -> bool {
    loop {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if there() {
            return true;
        }
        std::thread::sleep(LOOK);
    }
}

/// The files of the stores in a data folder.
pub(crate) fn store_files(data: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(data.join("stores")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension() == Some("mapi".as_ref())).collect()
}
