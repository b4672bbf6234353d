//! What the portability tests run the component under: wasmtime-py.

use crate::{root, run};
use anyhow::{Context, Result};
use std::process::Command;

const WASMTIME_PY: &str = "wasmtime==50.0.1";

/// Installs it below `target/portability`, unless it is there.
pub(crate) fn setup() -> Result<()> {
    let folder = root().join("target/portability");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let python = folder.join("python");
    let marker = python.join(WASMTIME_PY);
    if !marker.exists() {
        println!("setup: installing {WASMTIME_PY} below {}", folder.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&python))?;
        run(Command::new(python.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", WASMTIME_PY]))?;
        std::fs::write(marker, "")?;
    }
    Ok(())
}
