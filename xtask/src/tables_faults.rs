//! Faults on purpose: each patch of `tests/tables-oracle/faults` breaks one rule of tables in a copy of the tree,
//! and the programs of `tests/tables-oracle` have to notice. What they do not notice, they do not prove.

use crate::{cargo, root, run};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the programs say when they have found something (`tests/tables-oracle/src/campaign.rs`).
const FOUND: &str = " of seed ";

/// The patches, in the order of their numbers.
fn faults() -> Result<Vec<PathBuf>> {
    let folder = root().join("tests/tables-oracle/faults");
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        faults.push(entry?.path());
    }
    faults.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    faults.sort();
    ensure!(!faults.is_empty(), "there are no faults in {}", folder.display());
    Ok(faults)
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder);
    git
}

/// Runs `cargo xtask soak tables-faults`.
pub(crate) fn run_all(programs: Option<u64>, seed: Option<u64>) -> Result<()> {
    let copy = root().join("target/tables-faults");
    let remove = || git(&root()).args(["worktree", "remove", "--force"]).arg(&copy).output();
    // One that an earlier run has left.
    remove().context("git could not be started")?;
    run(git(&root()).args(["worktree", "add", "--detach"]).arg(&copy).arg("HEAD"))?;
    let outcome = in_copy(&copy, programs.unwrap_or(2_000), seed.unwrap_or(1));
    remove().context("git could not be started")?;
    outcome
}

fn in_copy(copy: &Path, programs: u64, seed: u64) -> Result<()> {
    let (sound, said) = tested(copy, programs, seed)?;
    ensure!(sound, "the programs fail without any fault:\n{said}");
    let faults = faults()?;
    let mut missed = Vec::new();
    for fault in &faults {
        let name = fault.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        run(git(copy).args(["checkout", "--quiet", "--", "."]))?;
        let applied = git(copy).args(["apply", "--whitespace=nowarn"]).arg(fault).output().context("git could not be started")?;
        let why = if applied.status.success() {
            let (sound, said) = tested(copy, programs, seed)?;
            if sound {
                Some("is not noticed".to_owned())
            } else if let Some(program) = said.lines().find(|line| line.contains(FOUND)) {
                println!("soak tables-faults: {name} is found: {}", program.chars().take(160).collect::<String>());
                None
            } else {
                Some(format!("breaks more than a rule:\n{said}"))
            }
        } else {
            Some(format!("does not apply any more: {}", String::from_utf8_lossy(&applied.stderr)))
        };
        if let Some(why) = why {
            println!("soak tables-faults: {name} {why}");
            missed.push(name);
        }
    }
    if !missed.is_empty() {
        bail!("{} of {} faults are missed: {}", missed.len(), faults.len(), missed.join(", "));
    }
    println!("soak tables-faults: all {} faults are found", faults.len());
    Ok(())
}

/// Whether the programs find nothing in the copy as it is, and what they say.
fn tested(copy: &Path, programs: u64, seed: u64) -> Result<(bool, String)> {
    let mut test = cargo();
    // Stores in memory are enough for faults of the engine, and the component need not be built.
    test.current_dir(copy).args(["test", "-p", "mapi-tables-oracle", "--no-default-features", "--test", "programs"]);
    test.env("CARGO_TARGET_DIR", root().join("target"));
    test.env("MAPI_PROGRAMS", programs.to_string()).env("MAPI_SEED", seed.to_string());
    let output = test.output().context("cargo could not be started")?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((output.status.success(), said))
}
