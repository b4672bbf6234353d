//! Measures the goals.

use crate::toolchain::Toolchain;
use crate::{cargo, python, run, setup};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Command, Stdio};

/// Runs `cargo xtask bench`: builds the benchmarks, the reference programs and the library of the Python package in
/// the release profile, and lets the benchmarks run them.
pub(crate) fn bench(areas: &[String], json: bool) -> Result<()> {
    // What there is to say about it would stand between the rows.
    if Toolchain::find().is_none() {
        setup::setup()?;
    }
    // All at once: the crates they share are then built once, with the same features.
    let mut build = cargo();
    build.args(["build", "--release", "--package", "mapi-tests", "--bench", "goals"]);
    build.args(["--package", "mapi-reference", "--bin", "mapi-reference", "--message-format", "json-render-diagnostics"]);
    build.args(["--package", "mapi-session-python", "--lib"]);
    let built = build.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    ensure!(built.status.success(), "the benchmarks could not be built");
    let made = |name: &str, path: fn(&Value) -> Option<&str>| {
        let messages = built.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let mut made = messages.filter(|message| message["target"]["name"] == name);
        let found = made.find_map(|message| path(&message).map(str::to_owned));
        found.with_context(|| format!("cargo built no {name}"))
    };
    let program = |name: &str| made(name, |message| message["executable"].as_str());
    let mut goals = Command::new(program("goals")?);
    goals.arg("--reference").arg(program("mapi-reference")?).args(areas);
    if areas.is_empty() || areas.iter().any(|area| "host.python_table".starts_with(area.as_str())) {
        let library = made("mapi_session_native", |message| message["filenames"][0].as_str())?;
        let (interpreter, package) = python::beside(library.as_ref())?;
        goals.arg("--python").arg(interpreter).env("PYTHONPATH", package);
    }
    if json {
        goals.arg("--json");
    }
    // An ambient setting would make every error value capture a backtrace.
    run(goals.env_remove("RUST_BACKTRACE"))
}
