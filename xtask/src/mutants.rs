//! Mutants of the session, profile and status modules: each function body replaced in turn, by an early
//! `MAPI_E_NO_SUPPORT` or by a plain answer, and the tests of the engine have to notice. What they do not notice is
//! listed, and judged in `tests/mutants.md`.

use crate::{cargo, root};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The version of cargo-mutants whose mutants `tests/mutants.md` judges.
const VERSION: &str = "26.2.0";

/// The modules that are mutated.
const FILES: [&str; 3] = ["guest/engine/src/session/**", "guest/engine/src/profiles/**", "guest/engine/src/status/**"];

/// Tests are no rules.
const TESTS: [&str; 3] = ["**/*scenarios.rs", "**/tests/**", "**/tests.rs"];

/// What a method that nobody implemented answers.
const REFUSAL: &str = r#"crate::error::Failure::new(crate::error::Code::NoSupport, "mutant")"#;

/// The mutants that refuse.
const REFUSING: &str = r"with Err\(crate::error::Failure";

/// Everything but whole bodies: operators, guards, arms and fields.
const PARTS: &str = "(: delete |match guard| in [A-Za-z]|replace [^A-Za-z<]+ with )";

/// The modules whose tests see what these do.
const SEEN_BY: [&str; 5] = ["session::", "profiles::", "status::", "spooler::", "address_book::"];

/// Runs `cargo xtask mutants`, all of them or one part: `1/8`. Bodies refuse, or give plain answers.
pub(crate) fn mutants(part: Option<&str>, plain: bool) -> Result<()> {
    let tool = root().join("target/cargo-mutants/bin/cargo-mutants");
    if !tool.exists() {
        let folder = root().join("target/cargo-mutants");
        crate::run(cargo().args(["install", "cargo-mutants", "--locked", "--version", VERSION, "--root"]).arg(folder))?;
    }
    let mut command = Command::new(&tool);
    command.current_dir(root()).args(["mutants", "--package", "mapi-engine", "--exclude-re", PARTS]);
    command.args(FILES.iter().flat_map(|files| ["--file", files]));
    command.args(TESTS.iter().flat_map(|tests| ["--exclude", tests]));
    if !plain {
        command.args(["--error", REFUSAL, "--re", REFUSING]);
    }
    command.arg("--output").arg(root().join("target"));
    command.args(["--timeout", "120"]);
    // A part is a sample of all modules.
    command.args(part.iter().flat_map(|part| ["--sharding", "round-robin", "--shard", part]));
    command.args(["--", "--lib", "--"]).args(SEEN_BY);
    // Nobody looks into them.
    command.env("CARGO_PROFILE_TEST_DEBUG", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    let status = command.status().context("cargo-mutants could not be started")?;
    match status.code() {
        Some(0) => println!("mutants: every one was noticed"),
        // What they are for is to be listed, not to fail.
        Some(2 | 3) => {
            let survivors = root().join("target/mutants.out/missed.txt");
            let survivors = std::fs::read_to_string(&survivors).with_context(|| survivors.display().to_string())?;
            println!("mutants: not noticed, to be judged in tests/mutants.md:\n{survivors}");
        }
        _ => bail!("cargo-mutants failed ({status})"),
    }
    Ok(())
}
