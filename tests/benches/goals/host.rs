//! What it costs to open a subsystem.

use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, microseconds};
use mapi_session::{Backends, Limits};
use std::ffi::OsStr;
use std::time::Instant;

const RUNS: u32 = 3_000;

/// `host.instantiate`: a subsystem opened, initialised and dropped, against an empty component instantiated and
/// dropped.
pub(crate) fn instantiate(stage: &Stage) -> anyhow::Result<Figures> {
    let runs = RUNS.to_string();
    let reference = stage.reference(&[OsStr::new("instantiate"), OsStr::new(&runs)])?;
    let backends = Backends::memory();
    let ours = stage.runtime.block_on(async {
        let mut samples = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            drop(stage.engine.subsystem(&backends, Limits::default()).await?);
            samples.push(start.elapsed());
        }
        median(samples)
    })?;
    Ok(Figures::against(microseconds(ours), microseconds(reference)))
}
