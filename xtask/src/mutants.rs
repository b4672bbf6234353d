//! Mutants of the session, profile and status modules: each function body replaced in turn, by an early
//! `MAPI_E_NO_SUPPORT` or by a plain answer, and the tests of the engine have to notice. What they do not notice is
//! listed, and judged in `tests/mutants.md`.
//!
//! cargo-mutants finds them. It would build the engine anew for each; here one build has them all, each behind a
//! question for its number, so that a mutant costs one run of the tests.

use crate::{cargo, root, run};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The version of cargo-mutants whose mutants `tests/mutants.md` judges.
const VERSION: &str = "26.2.0";

/// The modules that are mutated.
const FILES: [&str; 3] = ["guest/engine/src/session/**", "guest/engine/src/profiles/**", "guest/engine/src/status/**"];

/// Tests are no rules.
const TESTS: [&str; 3] = ["**/*scenarios.rs", "**/tests/**", "**/tests.rs"];

/// What a method that nobody implemented answers.
const REFUSAL: &str = r#"Err(crate::error::Failure::new(crate::error::Code::NoSupport, "mutant"))"#;

/// The modules whose tests see what these do.
const SEEN_BY: [&str; 5] = ["session::", "profiles::", "status::", "spooler::", "address_book::"];

/// How long the tests may take; a mutant may make them wait for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether the mutant of that number is asked for.
const SWITCH: &str = r#"
/// Whether that mutant was chosen.
pub(crate) fn is_mutant(number: usize) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<usize>> =
        std::sync::LazyLock::new(|| std::env::var("MAPI_MUTANT").ok()?.parse().ok());
    *CHOSEN == Some(number)
}
"#;

/// A place in a file, counted from 1.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
}

/// One of those cargo-mutants lists.
#[derive(Deserialize)]
struct Mutant {
    name: String,
    file: String,
    genre: String,
    replacement: String,
    /// The body.
    span: Span,
}

/// Runs `cargo xtask mutants`. Bodies refuse, or with `plain` give plain answers.
pub(crate) fn mutants(plain: bool) -> Result<()> {
    let mut mutants = listed(plain)?;
    let folder = root().join("target/mutants");
    let program = loop {
        let sources = folder.join("sources");
        mutate(&sources, &mutants)?;
        match build(&sources, &folder.join("target"))? {
            Built::Program(program) => break program,
            Built::Refused(places) => {
                // It has no such value: there is no such mutant.
                let before = mutants.len();
                mutants.retain(|mutant| !places.contains(&(mutant.file.clone(), mutant.span.start.line)));
                if mutants.len() == before {
                    bail!("the mutants do not build, and none of them is to blame");
                }
            }
        }
    };
    let folder = folder.join("sources/guest/engine");
    if !passes(&program, &folder, None)? {
        bail!("the tests fail without a mutant");
    }
    let mut missed = String::new();
    let mut count = 0;
    for (number, mutant) in mutants.iter().enumerate() {
        if passes(&program, &folder, Some(number))? {
            count += 1;
            writeln!(missed, "{}", mutant.name)?;
        }
    }
    println!("mutants: {} of {} were noticed", mutants.len() - count, mutants.len());
    if count > 0 {
        // What they are for is to be listed, not to fail.
        println!("not noticed, to be judged in tests/mutants.md:\n{missed}");
    }
    Ok(())
}

/// The mutants there are; those of one body by one name.
fn listed(plain: bool) -> Result<Vec<Mutant>> {
    let tool = root().join("target/cargo-mutants/bin/cargo-mutants");
    if !tool.exists() {
        let folder = root().join("target/cargo-mutants");
        run(cargo().args(["install", "cargo-mutants", "--locked", "--version", VERSION, "--root"]).arg(folder))?;
    }
    let mut command = Command::new(&tool);
    command.current_dir(root()).args(["mutants", "--list", "--json", "--package", "mapi-engine", "--error", "refused"]);
    command.args(FILES.iter().flat_map(|files| ["--file", files]));
    command.args(TESTS.iter().flat_map(|tests| ["--exclude", tests]));
    let output = command.stderr(Stdio::inherit()).output().context("cargo-mutants could not be started")?;
    if !output.status.success() {
        bail!("cargo-mutants failed ({})", output.status);
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&output.stdout).context("the list of cargo-mutants")?;
    mutants.retain(|mutant| mutant.genre == "FnValue" && (mutant.replacement == "Err(refused)") != plain);
    if !plain {
        mutants.iter_mut().for_each(|mutant| mutant.replacement = REFUSAL.to_owned());
    }
    // From the end of a file to its beginning, so that what is put in moves nothing that comes later.
    mutants.sort_by(|a, b| (&a.file, b.span.start).cmp(&(&b.file, a.span.start)));
    Ok(mutants)
}

/// A copy of the sources in which each of the mutants is asked for by its number.
fn mutate(sources: &Path, mutants: &[Mutant]) -> Result<()> {
    let listed = Command::new("git").current_dir(root()).args(["ls-files", "-z"]).output().context("git")?;
    for file in listed.stdout.split(|byte| *byte == 0).filter(|file| !file.is_empty()) {
        let file = std::str::from_utf8(file)?;
        if root().join(file).is_dir() {
            // A link; the engine needs none.
            continue;
        }
        let mut text = fs::read(root().join(file)).with_context(|| file.to_owned())?;
        if file == "guest/engine/src/lib.rs" {
            text.extend(SWITCH.as_bytes());
        }
        let mut mutated = mutants.iter().enumerate().filter(|(_, mutant)| mutant.file == file).peekable();
        if mutated.peek().is_some() {
            let mut lines: Vec<String> = String::from_utf8(text)?.split('\n').map(ToOwned::to_owned).collect();
            for (number, mutant) in mutated {
                let Place { line, column } = mutant.span.start;
                let line = lines.get_mut(line - 1).context("a mutant behind the end of its file")?;
                let at = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
                // On the same line, so that what the compiler says of it names the mutant.
                line.insert_str(at, &format!("if crate::is_mutant({number}) {{ return {}; }} ", mutant.replacement));
            }
            text = lines.join("\n").into_bytes();
        }
        let copy = sources.join(file);
        // What is as it was is not built again.
        if fs::read(&copy).ok().as_deref() != Some(text.as_slice()) {
            fs::create_dir_all(copy.parent().context("a file has a folder")?)?;
            fs::write(&copy, text).with_context(|| copy.display().to_string())?;
        }
    }
    Ok(())
}

/// What came of building the mutants.
enum Built {
    /// The tests.
    Program(PathBuf),
    /// Where the compiler found mistakes: file and line.
    Refused(BTreeSet<(String, usize)>),
}

fn build(sources: &Path, target: &Path) -> Result<Built> {
    let mut command = cargo();
    command.current_dir(sources).args(["test", "--package", "mapi-engine", "--lib", "--no-run", "--message-format", "json"]);
    // Nobody looks into them.
    command.env("CARGO_PROFILE_TEST_DEBUG", "0").env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TARGET_DIR", target);
    let output = command.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    let mut places = BTreeSet::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line)?;
        if let Some(program) = message["executable"].as_str().filter(|_| output.status.success()) {
            return Ok(Built::Program(program.into()));
        }
        let spans = message["message"]["spans"].as_array().filter(|_| message["message"]["level"] == "error");
        for span in spans.into_iter().flatten() {
            let line = span["line_start"].as_u64().and_then(|line| usize::try_from(line).ok());
            places.extend(span["file_name"].as_str().map(ToOwned::to_owned).zip(line));
        }
    }
    Ok(Built::Refused(places))
}

/// Whether the tests pass in that folder, with a mutant or without.
fn passes(program: &Path, folder: &Path, mutant: Option<usize>) -> Result<bool> {
    let mut command = Command::new(program);
    command.current_dir(folder).args(SEEN_BY).arg("--quiet");
    // What fails with a mutant is nothing to try again without it.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(mutant.map(|number| ("MAPI_MUTANT", number.to_string())));
    let mut tests = command.spawn().context("the tests could not be started")?;
    let begun = Instant::now();
    loop {
        if let Some(status) = tests.try_wait()? {
            return Ok(status.success());
        }
        if begun.elapsed() > PATIENCE {
            tests.kill()?;
            tests.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
