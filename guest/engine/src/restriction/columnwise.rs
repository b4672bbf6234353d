//! Evaluation of restrictions (`tables` 5.1) over the columns of many rows at once. What the columns do not decide, a
//! value of another type or one that may have been cut, is left to [`Matcher::matches`], row by row.

use crate::backend::{Column, ColumnData};
use crate::collation;
use crate::properties::{PropType, Value};
use crate::restriction::BitRelation;
use crate::restriction::content::ContentTest;
use crate::restriction::matcher::{Constant, Matcher, Test, answers, holds};
use std::cmp::Ordering;

/// The columns under test, numbered as in [`Matcher::columns`].
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// How many rows each has.
    pub rows: usize,
    /// UTF-16 units after which text was cut, 0: it was not.
    pub cut_at: u32,
}

/// What is known of the rows; of those in neither list, that they do not match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Rows that match, ascending.
    pub matching: Vec<u32>,
    /// Rows that must be looked at one by one, ascending.
    pub open: Vec<u32>,
}

impl Matcher {
    /// Decides as many rows as the columns allow.
    #[must_use]
    pub fn sift(&self, columns: &Columns<'_>) -> Sifted {
        let mut open = Vec::new();
        let mut matching: Vec<u32> = (0..u32::try_from(columns.rows).unwrap_or(u32::MAX)).collect();
        sift(self.root(), columns, &mut matching, &mut open);
        open.sort_unstable();
        Sifted { matching, open }
    }
}

/// Leaves the rows that match; those that cannot be decided are moved to `open`.
fn sift(test: &Test, columns: &Columns<'_>, rows: &mut Vec<u32>, open: &mut Vec<u32>) {
    match test {
        Test::All(tests) => tests.iter().for_each(|test| sift(test, columns, rows, open)),
        Test::Any(tests) => {
            let mut matching = Vec::new();
            for test in tests {
                let mut found = rows.clone();
                let before = open.len();
                sift(test, columns, &mut found, open);
                let undecided = open.get(before..).unwrap_or_default();
                remove(rows, &found);
                remove_unsorted(rows, undecided);
                matching.append(&mut found);
            }
            matching.sort_unstable();
            *rows = matching;
        }
        Test::Not(test) => {
            let mut found = rows.clone();
            let before = open.len();
            sift(test, columns, &mut found, open);
            remove(rows, &found);
            remove_unsorted(rows, open.get(before..).unwrap_or_default());
        }
        _ => match columns.columns.get(column_of(test).unwrap_or(usize::MAX)) {
            Some(column) if holds_rows(column, columns.rows) => sift_leaf(test, column, columns.cut_at, rows, open),
            _ => open.append(rows),
        },
    }
}

/// The one column a leaf looks at.
fn column_of(test: &Test) -> Option<usize> {
    match test {
        Test::Content { column, .. } | Test::Compare { column, .. } | Test::Bits { column, .. } | Test::Exist { column, .. } => {
            Some(*column)
        }
        _ => None,
    }
}

/// Whether the column is as long as it should be.
fn holds_rows(column: &Column, rows: usize) -> bool {
    let cells = match &column.data {
        ColumnData::Longs(cells) => cells.len(),
        ColumnData::I64s(cells) => cells.len(),
        ColumnData::Text(arena, ends) => match ends.last() {
            Some(end) if *end as usize != arena.len() => return false,
            _ => ends.len(),
        },
        ColumnData::Bytes(_, ends) => ends.len(),
        ColumnData::Mixed(_) => return false,
    };
    cells == rows && (column.present.is_empty() || column.present.len() == rows.div_ceil(8))
}

fn sift_leaf(test: &Test, column: &Column, cut_at: u32, rows: &mut Vec<u32>, open: &mut Vec<u32>) {
    let kind = column.tag.kind();
    let here = |row: &u32| column.has(*row as usize);
    match (test, &column.data) {
        (Test::Exist { kind: asked, .. }, _) => {
            let answered = *asked == PropType::UNSPECIFIED || answers(*asked, kind);
            rows.retain(|row| answered && here(row));
        }
        (Test::Bits { relation, mask, .. }, ColumnData::Longs(cells)) => {
            let wanted = matches!(relation, BitRelation::Nez);
            let passes = |row: &u32| cells.get(*row as usize).is_some_and(|bits| (bits.cast_unsigned() & mask != 0) == wanted);
            rows.retain(|row| kind == PropType::LONG && passes(row) && here(row));
        }
        (Test::Compare { kind: asked, .. }, _) if !answers(*asked, kind) => rows.clear(),
        (Test::Compare { relop, constant, .. }, ColumnData::Longs(cells)) => match constant {
            Constant::Value(Value::Long(constant)) if kind == PropType::LONG => {
                rows.retain(|row| cells.get(*row as usize).is_some_and(|cell| holds(*relop, cell.cmp(constant))) && here(row));
            }
            _ => open.append(rows),
        },
        (Test::Compare { relop, constant, .. }, ColumnData::I64s(cells)) => {
            let Some(compare) = comparison(constant, kind) else { return open.append(rows) };
            rows.retain(|row| cells.get(*row as usize).is_some_and(|cell| holds(*relop, compare(*cell))) && here(row));
        }
        (Test::Compare { relop, constant: Constant::Folded(folded), .. }, ColumnData::Text(..)) => {
            let passes = |text: &str| holds(*relop, collation::compare_to_folded(text, folded));
            each_text(column, cut_at, rows, open, passes);
        }
        (Test::Content { kind: asked, .. }, ColumnData::Text(..)) if !answers(*asked, kind) => rows.clear(),
        (Test::Content { test, .. }, ColumnData::Text(arena, ends)) => {
            let most = ends.len() / 4;
            match test.finds_in(arena) {
                Some(found) if rows.len() > most => {
                    leave_cut(ends, cut_at, rows, open);
                    keep_found(test, &found, ends, rows);
                }
                _ => each_text(column, cut_at, rows, open, |text| test.matches_text(text)),
            }
        }
        _ => open.append(rows),
    }
}

/// How cells of a type compare with a constant of the same type.
fn comparison(constant: &Constant, kind: PropType) -> Option<impl Fn(i64) -> Ordering> {
    // Times are unsigned, which the highest bit turned over makes of signed numbers.
    let (constant, turn) = match constant {
        Constant::Value(Value::SysTime(time)) if kind == PropType::SYSTIME => (time.0.cast_signed(), i64::MIN),
        Constant::Value(Value::I8(value)) if kind == PropType::I8 => (*value, 0),
        Constant::Value(Value::Currency(value)) if kind == PropType::CURRENCY => (*value, 0),
        _ => return None,
    };
    Some(move |cell: i64| (cell ^ turn).cmp(&(constant ^ turn)))
}

/// Tests the texts of single rows.
fn each_text(column: &Column, cut_at: u32, rows: &mut Vec<u32>, open: &mut Vec<u32>, passes: impl Fn(&str) -> bool) {
    let ColumnData::Text(arena, ends) = &column.data else { return };
    leave_cut(ends, cut_at, rows, open);
    rows.retain(|row| {
        let (start, end) = span(ends, *row);
        column.has(*row as usize) && arena.get(start..end).is_some_and(&passes)
    });
}

/// Moves rows whose text may have been cut to `open`.
fn leave_cut(ends: &[u32], cut_at: u32, rows: &mut Vec<u32>, open: &mut Vec<u32>) {
    if cut_at == 0 {
        return;
    }
    // The last unit is missing when a character of two would have crossed the limit; no text has more units than bytes.
    let longest = cut_at as usize - 1;
    rows.retain(|row| {
        let (start, end) = span(ends, *row);
        let whole = end.saturating_sub(start) < longest;
        if !whole {
            open.push(*row);
        }
        whole
    });
}

/// Where a text lies in its arena.
fn span(ends: &[u32], row: u32) -> (usize, usize) {
    let row = row as usize;
    let end = |at: usize| ends.get(at).map_or(0, |end| *end as usize);
    (if row == 0 { 0 } else { end(row - 1) }, end(row))
}

/// Keeps the rows in whose text the constant lies, looking through all of them at once.
fn keep_found(test: &ContentTest, folded: &[u8], ends: &[u32], rows: &mut Vec<u32>) {
    let (mut matching, mut row, mut from) = (Vec::new(), 0, 0);
    while let Some(at) = folded.get(from..).and_then(|rest| test.find(rest)).map(|found| from + found) {
        while ends.get(row).is_some_and(|end| *end as usize <= at) {
            row += 1;
        }
        let Some(end) = ends.get(row).map(|end| *end as usize) else { break };
        if at + test.length() <= end {
            matching.extend(u32::try_from(row));
            from = end;
        } else {
            // It would reach into the next row.
            from = at + 1;
        }
    }
    intersect(rows, &matching);
}

/// Keeps what is in both lists, which ascend.
fn intersect(rows: &mut Vec<u32>, other: &[u32]) {
    let mut other = other.iter().copied().peekable();
    rows.retain(|row| {
        while other.next_if(|next| next < row).is_some() {}
        other.peek() == Some(row)
    });
}

/// Removes what is in the other list; both ascend.
fn remove(rows: &mut Vec<u32>, other: &[u32]) {
    let mut other = other.iter().copied().peekable();
    rows.retain(|row| {
        while other.next_if(|next| next < row).is_some() {}
        other.peek() != Some(row)
    });
}

fn remove_unsorted(rows: &mut Vec<u32>, other: &[u32]) {
    if !other.is_empty() {
        let mut other = other.to_vec();
        other.sort_unstable();
        remove(rows, &other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::{FileTime, PropTag, Property, ValueRef, tags};
    use crate::restriction::generate::{Parts, any_message_restriction, any_properties, oracle_of_message};
    use crate::restriction::{FL_IGNORECASE, FL_SUBSTRING, Place, Relop, Restriction, Rows};
    use proptest::prelude::*;

    fn columns(tags: &[PropTag], rows: &[Vec<Property>]) -> Vec<Column> {
        let column = |tag: &PropTag| {
            let cell = |row: &Vec<Property>| row.iter().find(|have| have.tag.id() == tag.id()).map(|have| have.value.clone());
            Column::of(*tag, rows.iter().map(cell).collect())
        };
        tags.iter().map(column).collect()
    }

    fn sifted(restriction: &Restriction, rows: &[Vec<Property>], cut_at: u32) -> Sifted {
        let matcher = Matcher::new([restriction]);
        matcher.sift(&Columns { columns: &columns(matcher.columns(), rows), rows: rows.len(), cut_at })
    }

    fn subjects(texts: &[&str]) -> Vec<Vec<Property>> {
        texts.iter().map(|text| vec![Property::new(tags::SUBJECT, Value::Unicode((*text).into()))]).collect()
    }

    fn containing(text: &str) -> Restriction {
        let value = Property::new(tags::SUBJECT, Value::Unicode(text.into()));
        Restriction::Content { fuzzy: FL_SUBSTRING | FL_IGNORECASE, tag: tags::SUBJECT, value }
    }

    #[test]
    fn no_row_is_found_by_what_reaches_into_the_next() {
        let rows = subjects(&["a bud", "get budget", "", "no BUDGETs", "budge", "tbudge"]);
        assert_eq!(sifted(&containing("Budget"), &rows, 0), Sifted { matching: vec![1, 3], open: vec![] });
    }

    #[test]
    fn a_text_that_may_have_been_cut_is_left_open() {
        let rows = subjects(&["abc", "abcd", "b"]);
        assert_eq!(sifted(&containing("b"), &rows, 4), Sifted { matching: vec![2], open: vec![0, 1] });
    }

    #[test]
    fn times_compare_without_a_sign() {
        let time = |ticks| Property::new(tags::CREATION_TIME, Value::SysTime(FileTime(ticks)));
        let late = Restriction::Property { relop: Relop::Gt, tag: tags::CREATION_TIME, value: time(5) };
        let rows = [vec![time(4)], vec![time(u64::MAX)], vec![], vec![time(6)]];
        assert_eq!(sifted(&late, &rows, 0), Sifted { matching: vec![1, 3], open: vec![] });
    }

    #[test]
    fn a_column_of_another_length_decides_nothing() {
        let matcher = Matcher::new([&containing("a")]);
        let short = [Column::of_refs(tags::SUBJECT, &[Some(ValueRef::Text("a"))])];
        let sifted = matcher.sift(&Columns { columns: &short, rows: 2, cut_at: 0 });
        assert_eq!(sifted, Sifted { matching: vec![], open: vec![0, 1] });
    }

    proptest! {
        #[test]
        fn what_is_decided_is_what_the_oracle_says(
            restriction in any_message_restriction(), rows in prop::collection::vec(any_properties(), 0..12),
            cut_at in prop::sample::select(vec![0, 3, 1000]),
        ) {
            prop_assume!(crate::restriction::validate(&restriction, Place::View, Rows::Messages).is_ok());
            let sifted = sifted(&restriction, &rows, cut_at);
            prop_assert!(sifted.matching.is_sorted() && sifted.open.is_sorted());
            for (row, number) in rows.iter().zip(0..) {
                if sifted.open.contains(&number) {
                    prop_assert!(!sifted.matching.contains(&number));
                    continue;
                }
                let expected = oracle_of_message(&restriction, row, &Parts::default());
                prop_assert_eq!(sifted.matching.contains(&number), expected, "row {} of {:?}", number, rows);
            }
        }
    }
}
