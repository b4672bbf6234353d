//! Random programs of table operations against a naive reading of the rules.
//!
//! The same programs in every run; `MAPI_SEED` and `MAPI_PROGRAMS` make a campaign of others.

#![allow(clippy::panic, reason = "a failed test panics")]

use mapi_tables_oracle::{Shares, natively};

fn shown(shares: Result<Shares, String>) -> Shares {
    match shares {
        Ok(shares) => {
            println!("{shares}");
            shares
        }
        Err(error) => panic!("{error}"),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a part of the programs: parts run side by side.
fn part(number_of_part: u64) -> Shares {
    let programs = u32::try_from(number("MAPI_PROGRAMS").unwrap_or(5_000) / 2).unwrap_or(u32::MAX);
    let seed = number("MAPI_SEED").unwrap_or(1);
    let shares = shown(natively(seed.wrapping_mul(2).wrapping_add(number_of_part), programs));
    assert_eq!(shares.programs, programs, "every program was run");
    shares
}

/// That the programs meet what is worth meeting; of a few programs it is not asked.
fn assert_shares(shares: &Shares) {
    if shares.programs < 1_000 {
        return;
    }
    let percent = |count| shares.percent(count);
    assert!(percent(shares.categories) >= 30, "{shares}");
    assert!(percent(shares.instances) >= 15, "{shares}");
    assert!(percent(shares.made) >= 10, "{shares}");
    assert!(percent(shares.aborted) >= 10, "{shares}");
    if cfg!(feature = "host") {
        assert!(percent(shares.on_disk_both_ways) >= 30, "{shares}");
        assert!(percent(shares.made_on_disk) >= 2, "{shares}");
    }
}

#[test]
fn the_engine_does_what_the_rules_say() {
    assert_shares(&part(0));
}

#[test]
fn the_engine_does_what_the_rules_say_in_other_programs_too() {
    assert_shares(&part(1));
}

#[cfg(feature = "host")]
#[test]
fn the_component_does_what_the_rules_say() {
    let cache = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("component");
    let programs = u32::try_from(number("MAPI_PROGRAMS").unwrap_or(5_000) / 25).unwrap_or(u32::MAX);
    let shares = shown(mapi_tables_oracle::through_the_component(&cache, number("MAPI_SEED").unwrap_or(1), programs));
    assert_eq!(shares.programs, programs, "every program was run");
}
