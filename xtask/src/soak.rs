//! Long campaigns: tests repeated with other random numbers, and coverage-guided fuzzing.
//!
//! A round of a campaign is a test that takes its random numbers from `MAPI_SEED`, or from proptest; the test
//! run alone, as in CI, tries the same cases each time. To add a campaign, name its test in [`CAMPAIGNS`].

use crate::{cargo, root, run, tables_faults};
use anyhow::{Context, Result, bail, ensure};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Campaign {
    name: &'static str,
    about: &'static str,
    work: Work,
}

enum Work {
    /// Rounds of `cargo test` with these arguments and variables.
    Test(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// Every fuzz target in turn.
    Fuzz,
    /// Every seeded fault of the tables in turn.
    TablesFaults,
}

const CAMPAIGNS: [Campaign; 8] = [
    Campaign {
        name: "kills",
        about: "imports killed at random moments (8 a round), checked and run again",
        work: Work::Test(&["-p", "mapi-session", "--test", "command", "an_import_killed_at_any_moment"], &[]),
    },
    Campaign {
        name: "spool",
        about: "spoolers killed at random moments (20 a round): nothing is lost, and at most what was being sent repeated",
        work: Work::Test(
            &["-p", "mapi-session", "--test", "command", "a_spooler_killed_at_any_moment"],
            &[("SPOOL_KILLS", "20")],
        ),
    },
    Campaign {
        name: "notifications",
        about: "random changes by three processes and sessions (a minute a round): each is told once",
        work: Work::Test(
            &["-p", "mapi-tests", "--test", "notifications", "nothing_is_missed"],
            &[("NOTIFICATIONS_STEPS", "16000")],
        ),
    },
    Campaign {
        name: "backups",
        about: "backups and restores in use and killed at random moments (12 of each a round)",
        work: Work::Test(&["-p", "mapi-session", "--test", "command", "backups::"], &[]),
    },
    Campaign {
        name: "tables",
        about: "random programs of table operations against a naive reading of the rules (5,000 a round, or --programs)",
        work: Work::Test(&["-p", "mapi-tables-oracle", "--test", "programs"], &[]),
    },
    Campaign {
        name: "lists",
        about: "random programs over rows in memory and backends that fail and lie, against plain lists",
        work: Work::Test(&["-p", "mapi-engine", "--lib", "oracle"], &[]),
    },
    Campaign {
        name: "tables-faults",
        about: "faults put into a copy of the engine one by one: the programs find each of them",
        work: Work::TablesFaults,
    },
    Campaign { name: "fuzz", about: "coverage-guided fuzzing of every parser of untrusted bytes", work: Work::Fuzz },
];

/// How long a campaign lasts.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Length {
    /// Minutes for each campaign. A round that was begun is finished.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Rounds for each campaign instead of minutes.
    #[arg(long, conflicts_with = "minutes")]
    rounds: Option<u64>,
    /// Programs of each round, in the campaigns that run programs of tables; one round of them unless more is said.
    #[arg(long)]
    programs: Option<u64>,
    /// Seed of the first round; each further round counts on from it. Absent: the time of day.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs `cargo xtask soak`: one campaign, or all.
pub(crate) fn soak(name: Option<&str>, length: Length) -> Result<()> {
    let chosen: Vec<&Campaign> = CAMPAIGNS.iter().filter(|campaign| name.is_none_or(|name| name == campaign.name)).collect();
    if chosen.is_empty() {
        let known: Vec<String> = CAMPAIGNS.iter().map(|campaign| format!("  {:13} {}", campaign.name, campaign.about)).collect();
        bail!("there is no campaign {:?}; there are\n{}", name.unwrap_or_default(), known.join("\n"));
    }
    for campaign in chosen {
        println!("soak {}: {}", campaign.name, campaign.about);
        match campaign.work {
            Work::Test(arguments, variables) => rounds(campaign.name, arguments, variables, length)?,
            Work::Fuzz => fuzz(length)?,
            Work::TablesFaults => tables_faults::run_all(length.programs, length.seed)?,
        }
    }
    Ok(())
}

fn rounds(name: &str, arguments: &[&str], variables: &[(&str, &str)], length: Length) -> Result<()> {
    let first = match length.seed {
        Some(seed) => seed,
        None => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs(),
    };
    // Building is no part of the campaign.
    run(cargo().arg("test").args(arguments).arg("--no-run"))?;
    let (began, limit) = (Instant::now(), Duration::from_secs(length.minutes.saturating_mul(60)));
    let mut round = 0;
    while length.rounds.or(length.programs.map(|_| 1)).map_or(round == 0 || began.elapsed() < limit, |rounds| round < rounds) {
        let seed = first.wrapping_add(round);
        let mut test = cargo();
        test.arg("test").args(arguments).args(["--", "--nocapture"]);
        test.envs(variables.iter().copied()).env("MAPI_SEED", seed.to_string()).env("PROPTEST_RNG_SEED", seed.to_string());
        if let Some(programs) = length.programs {
            test.env("MAPI_PROGRAMS", programs.to_string());
        }
        let output = test.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            print!("{said}");
            bail!("round {round} failed; to repeat it: cargo xtask soak {name} --rounds 1 --seed {seed}");
        }
        // A name that fits no test would succeed too.
        ensure!(!said.contains("running 0 tests"), "the campaign {name} names no test");
        round += 1;
        println!("soak {name}: {round} rounds in {} s, last seed {seed}", began.elapsed().as_secs());
    }
    Ok(())
}

/// The fuzz targets: the programs of `fuzz`.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn fuzz(length: Length) -> Result<()> {
    let there = |program: &str, arguments: &[&str], wanted: &str| {
        let output = Command::new(program).args(arguments).stderr(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success() && String::from_utf8_lossy(&output.stdout).contains(wanted))
    };
    ensure!(
        there("rustup", &["toolchain", "list"], "nightly"),
        "fuzzing needs a nightly compiler; run `rustup toolchain install nightly`"
    );
    ensure!(
        there("cargo", &["fuzz", "--version"], "cargo-fuzz"),
        "fuzzing needs cargo-fuzz; run `cargo install --locked cargo-fuzz`"
    );
    let targets = targets()?;
    let seconds = length.minutes.saturating_mul(60) / u64::try_from(targets.len())?.max(1);
    for target in targets {
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(root().join("fuzz")).env("RUSTUP_TOOLCHAIN", "nightly");
        // What is found goes into fuzz/corpus; the seeds stay as they are.
        let (found, seeds) = (root().join("fuzz/corpus").join(&target), root().join("tests/fuzzing/seeds").join(&target));
        std::fs::create_dir_all(&found)?;
        fuzz.args(["fuzz", "run", &target]).arg(found).arg(seeds).arg("--");
        match length.rounds {
            Some(rounds) => fuzz.arg(format!("-runs={rounds}")),
            None => fuzz.arg(format!("-max_total_time={}", seconds.max(1))),
        };
        if let Some(seed) = length.seed {
            fuzz.arg(format!("-seed={seed}"));
        }
        run(fuzz.args(["-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]))?;
    }
    Ok(())
}
