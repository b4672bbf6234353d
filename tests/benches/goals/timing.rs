//! Medians and percentiles.

use anyhow::Context as _;
use std::time::Duration;

/// The middle one.
pub(crate) fn median(mut samples: Vec<Duration>) -> anyhow::Result<Duration> {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().context("nothing was measured")
}

/// The one that one in a hundred exceeds.
pub(crate) fn p99(mut samples: Vec<Duration>) -> anyhow::Result<Duration> {
    samples.sort_unstable();
    samples.get(samples.len() * 99 / 100).copied().context("nothing was measured")
}

/// In milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// In microseconds.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
