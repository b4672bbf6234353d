//! What it costs to instantiate the component.

use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, microseconds};
use mapi_session::{Backends, Limits};
use std::ffi::OsStr;
use std::time::Instant;

const RUNS: u32 = 3_000;

/// `host.instantiate`: the component instantiated and dropped, against an empty one in a pool of the same settings.
pub(crate) fn instantiate(stage: &Stage) -> anyhow::Result<Figures> {
    let runs = RUNS.to_string();
    let reference = stage.reference(&[OsStr::new("instantiate"), OsStr::new(&runs)])?;
    let backends = Backends::memory();
    let (ours, initialised) = stage.runtime.block_on(async {
        let (mut bare, mut initialised) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let start = Instant::now();
            drop(stage.engine.instantiate(&backends, Limits::default()).await?);
            bare.push(start.elapsed());
        }
        for _ in 0..RUNS {
            let start = Instant::now();
            drop(stage.engine.subsystem(&backends, Limits::default()).await?);
            initialised.push(start.elapsed());
        }
        anyhow::Ok((median(bare)?, median(initialised)?))
    })?;
    eprintln!("  with MAPIInitialize: {:.1} µs", microseconds(initialised));
    Ok(Figures::against(microseconds(ours), microseconds(reference)))
}
