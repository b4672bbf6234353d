//! Every target over its seeds and mutations of them: no rule is broken. The same in every run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_fuzzing::{ENGINE, HOST, Target};
use std::panic::catch_unwind;
use std::path::Path;

/// Mutations of the seeds of a target.
const RUNS: usize = 3_000;
/// No input is longer.
const LONGEST: usize = 4 << 10;

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no seeds", target.name);
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A few changes: bytes, pieces repeated, taken out, taken from another seed, numbers at their bounds.
fn mutate(input: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(input.len());
        match dice.below(7) {
            0 if !input.is_empty() => input[at] = dice.below(256) as u8,
            1 if !input.is_empty() => input[at] ^= 1 << dice.below(8),
            2 => input.insert(at.min(input.len()), dice.below(256) as u8),
            3 if !input.is_empty() => {
                let end = input.len().min(at + 1 + dice.below(16));
                input.drain(at..end);
            }
            4 if !input.is_empty() => {
                let piece = input[at..input.len().min(at + 1 + dice.below(64))].to_vec();
                input.splice(at..at, piece);
            }
            5 => {
                let from = dice.below(other.len());
                let piece = other[from..other.len().min(from + dice.below(64))].to_vec();
                let at = at.min(input.len());
                input.splice(at..at, piece);
            }
            _ => {
                let number: &[u8] =
                    [&[0xFF; 4][..], &[0; 4], &[0xFF, 0xFF, 0xFF, 0x7F], &[0, 0, 0, 0x80], &[0x80; 9]][dice.below(5)];
                for (to, from) in input.iter_mut().skip(at).zip(number) {
                    *to = *from;
                }
            }
        }
    }
    input.truncate(LONGEST);
}

fn run(target: &Target) {
    let seeds = seeds(target);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let try_one = |input: &[u8]| {
        if catch_unwind(|| (target.run)(input)).is_err() {
            panic!("{} fails on {}", target.name, input.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        }
    };
    try_one(&[]);
    seeds.iter().for_each(|seed| try_one(seed));
    for _ in 0..RUNS {
        let mut input = seeds[dice.below(seeds.len())].clone();
        mutate(&mut input, &seeds[dice.below(seeds.len())], &mut dice);
        try_one(&input);
    }
}

#[test]
fn the_engine_keeps_its_rules_on_any_bytes() {
    ENGINE.iter().for_each(run);
}

#[test]
fn the_host_keeps_its_rules_on_any_bytes() {
    HOST.iter().for_each(run);
}

#[test]
fn every_target_has_its_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let mut programs: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    programs.sort();
    let mut names: Vec<&str> = ENGINE.iter().chain(HOST).map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(programs, names);
}
