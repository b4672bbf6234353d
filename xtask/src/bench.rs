//! Measures the goals.

use crate::toolchain::Toolchain;
use crate::{cargo, run, setup};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Command, Stdio};

/// Runs `cargo xtask bench`: builds the benchmarks and the reference programs in the release profile, and lets
/// the benchmarks run both.
pub(crate) fn bench(areas: &[String], json: bool) -> Result<()> {
    // What there is to say about it would stand between the rows.
    if Toolchain::find().is_none() {
        setup::setup()?;
    }
    // Both at once: the crates they share are then built once, with the same features.
    let mut build = cargo();
    build.args(["build", "--release", "--package", "mapi-tests", "--bench", "goals"]);
    build.args(["--package", "mapi-reference", "--bin", "mapi-reference", "--message-format", "json-render-diagnostics"]);
    let built = build.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    ensure!(built.status.success(), "the benchmarks could not be built");
    let program = |name: &str| {
        let messages = built.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let mut made = messages.filter(|message| message["target"]["name"] == name);
        let found = made.find_map(|message| message["executable"].as_str().map(str::to_owned));
        found.with_context(|| format!("cargo built no program {name}"))
    };
    let mut goals = Command::new(program("goals")?);
    goals.arg("--reference").arg(program("mapi-reference")?).args(areas);
    if json {
        goals.arg("--json");
    }
    // An ambient setting would make every error value capture a backtrace.
    run(goals.env_remove("RUST_BACKTRACE"))
}
