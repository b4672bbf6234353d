//! The main job on real input.

use crate::{cargo, run, setup};
use anyhow::{Context, Result};
use std::path::Path;

/// Runs `cargo xtask demo [ARCHIVE]`.
pub(crate) fn demo(archive: Option<&Path>) -> Result<()> {
    setup::setup()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "mapi-session", "--bin", "mapi", "--", "demo"]);
    if let Some(archive) = archive {
        command.arg(archive.canonicalize().with_context(|| format!("there is no archive {}", archive.display()))?);
    }
    run(&mut command)
}
