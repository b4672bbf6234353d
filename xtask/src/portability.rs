//! What the portability tests run the component under: jco for Node, wasmtime-py for Python.

use crate::{root, run};
use anyhow::{Context, Result};
use std::process::Command;

/// Runs synchronous components two to three orders of magnitude faster than the versions after it.
const JCO: &str = "@bytecodealliance/jco@1.12.0";
const WASMTIME_PY: &str = "wasmtime==50.0.1";

/// Installs both below `target/portability`, unless they are there.
pub(crate) fn setup() -> Result<()> {
    let folder = root().join("target/portability");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    if !folder.join("node_modules/.bin/jco").exists() {
        println!("setup: installing {JCO} below {}", folder.display());
        std::fs::write(folder.join("package.json"), "{\"private\": true, \"type\": \"module\"}\n")?;
        run(Command::new("npm").current_dir(&folder).args(["install", "--silent", "--no-audit", "--no-fund", JCO]))?;
    }
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
