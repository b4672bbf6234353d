//! Looking through the rows of a view one by one (`tables` 4.1 "FindRow").

use super::ROWS_PER_SCAN;
use crate::error::Result;

/// Rows looked at first: matches are often near.
const FIRST_STEP: u64 = 64;

/// The index of the row nearest to `from` that is looked for: at or behind it, or before it when searching backwards.
/// `look` answers which one it is among so many rows from an index on.
pub(super) fn search(
    count: u64,
    from: u64,
    backwards: bool,
    mut look: impl FnMut(u64, u64) -> Result<Option<usize>>,
) -> Result<Option<u64>> {
    let mut at = from.min(count);
    let mut step = FIRST_STEP;
    loop {
        let first = if backwards { at.saturating_sub(step) } else { at };
        let length = if backwards { at - first } else { step.min(count - at) };
        if length == 0 {
            return Ok(None);
        }
        if let Some(row) = look(first, length)? {
            return Ok(Some(first + row as u64));
        }
        at = if backwards { first } else { first + length };
        step = (step * 2).min(u64::from(ROWS_PER_SCAN));
    }
}

/// The first of so many rows that passes, or the last when searching backwards.
pub(super) fn nearest(rows: usize, backwards: bool, mut test: impl FnMut(usize) -> Result<bool>) -> Result<Option<usize>> {
    for number in 0..rows {
        let row = if backwards { rows - 1 - number } else { number };
        if test(row)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
