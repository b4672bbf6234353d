//! A table read from Python.

use crate::client::PROFILE;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::milliseconds;
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ROWS: u32 = 100_000;
const RUNS: u32 = 11;

/// `host.python_table`: the columns of a mail client for all messages of a folder, newest first, from opening the
/// table to an Arrow table in Python.
pub(crate) fn table(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::folder_of(stage, ROWS)?;
    let python = stage.python.as_ref().context("the Python package is not at hand; run `cargo xtask bench`")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/goals/table.py");
    let folder: String = fixture.folder.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut command = Command::new(python);
    // Its engine has other settings than the stage's.
    command.arg(script).arg(stage.path("python-cache")).arg(&fixture.data);
    command.args([PROFILE, &folder, &ROWS.to_string(), &RUNS.to_string()]);
    let output = command.output().with_context(|| format!("{} cannot be run", python.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the table was not read: {}", said.trim());
    let nanoseconds = String::from_utf8_lossy(&output.stdout);
    let median = Duration::from_nanos(nanoseconds.trim().parse().context("the script printed no number")?);
    Ok(Figures::alone(milliseconds(median)))
}
