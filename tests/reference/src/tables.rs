//! The rows of a table in a vector: sorted and filtered as Rust does it.

use crate::median;
use anyhow::{Context as _, ensure};
use icu_casemap::CaseMapper;
use memchr::memmem::Finder;
use std::time::Instant;

const RUNS: u32 = 3;

struct Row {
    subject: String,
    size: i32,
    flags: i32,
    importance: i32,
}

/// Reads a file of rows: for each the length of its subject, the subject, and size, flags and importance.
fn rows(file: &str) -> anyhow::Result<Vec<Row>> {
    let bytes = std::fs::read(file)?;
    let mut rest = bytes.as_slice();
    let mut number = |length: usize| -> anyhow::Result<(u32, &[u8])> {
        let (number, tail) = rest.split_first_chunk().context("the file is cut off")?;
        let number = u32::from_le_bytes(*number);
        let (head, tail) = tail.split_at_checked(length * number as usize).context("the file is cut off")?;
        rest = tail;
        Ok((number, head))
    };
    let mut rows = Vec::new();
    while let Ok((_, subject)) = number(1) {
        let mut next = || number(0).map(|(number, _)| number.cast_signed());
        rows.push(Row { subject: std::str::from_utf8(subject)?.to_owned(), size: next()?, flags: next()?, importance: next()? });
    }
    Ok(rows)
}

/// Sorts the numbers of the rows by their folded subjects.
pub(crate) fn sort(file: &str) -> anyhow::Result<u128> {
    let rows = rows(file)?;
    let fold = CaseMapper::new();
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let mut order: Vec<u32> = (0..u32::try_from(rows.len())?).collect();
        let start = Instant::now();
        order.sort_by_cached_key(|row| (fold.fold_string(&rows[*row as usize].subject).into_owned(), *row));
        samples.push(start.elapsed().as_nanos());
        ensure!(order.len() == rows.len(), "rows were lost");
    }
    median(samples)
}

/// Collects the numbers of the rows that are read and about the budget, and important or large: so many.
pub(crate) fn tree(file: &str, expected: usize) -> anyhow::Result<u128> {
    let rows = rows(file)?;
    let (fold, budget) = (CaseMapper::new(), Finder::new("budget"));
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let passes = |row: &Row| {
            row.flags & 1 != 0
                && (row.importance == 2 || row.size >= 40_000)
                && budget.find(fold.fold_string(&row.subject).as_bytes()).is_some()
        };
        let found: Vec<usize> = rows.iter().enumerate().filter(|(_, row)| passes(row)).map(|(row, _)| row).collect();
        samples.push(start.elapsed().as_nanos());
        ensure!(found.len() == expected, "{} rows pass, not {expected}", found.len());
    }
    median(samples)
}
