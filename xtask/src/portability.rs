//! What the portability tests run the component under: jco for Node, wasmtime-py for Python; and what the store
//! backend in JavaScript needs.

use crate::{root, run};
use anyhow::{Context, Result};
use std::process::Command;

/// Runs synchronous components two to three orders of magnitude faster than the versions after it.
const JCO: &str = "@bytecodealliance/jco@1.12.0";
/// SQLite for Node; version 13 needs a newer Node than 20.
const BETTER_SQLITE3: &str = "better-sqlite3@12.11.1";
/// What checks the types of the JavaScript.
const TYPES: [&str; 3] = ["typescript@7.0.2", "@types/node@20.19.43", "@types/better-sqlite3@9.6.0"];
const WASMTIME_PY: &str = "wasmtime==50.0.1";

/// Installs them below `target/portability`, unless they are there.
pub(crate) fn setup() -> Result<()> {
    let folder = root().join("target/portability");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let there = |path: &str| folder.join("node_modules").join(path).exists();
    if !there(".bin/jco") || !there("better-sqlite3/build/Release/better_sqlite3.node") || !there(".bin/tsc") {
        println!("setup: installing {JCO}, {BETTER_SQLITE3} and what checks types below {}", folder.display());
        std::fs::write(folder.join("package.json"), "{\"private\": true, \"type\": \"module\"}\n")?;
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["install", "--silent", "--no-audit", "--no-fund", JCO, BETTER_SQLITE3]).args(TYPES);
        run(&mut npm)?;
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
