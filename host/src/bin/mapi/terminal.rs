//! What people see: aligned columns, harmless text, colours on a terminal only.
//!
//! Mail is hostile: every text from a message passes [`harmless`] before it reaches a terminal, so that
//! no control character or escape sequence of a sender is ever executed.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::borrow::Cow;
use std::io::IsTerminal;

/// Whether a character could move the cursor, change colours, hide or reverse text.
#[must_use]
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// A text on one line: line ends and tabs become spaces, anything else that acts on a terminal becomes �.
#[must_use]
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => {}
            '\n' | '\t' => line.push(' '),
            c if is_harmful(c) => line.push('\u{FFFD}'),
            c => line.push(c),
        }
    }
    Cow::Owned(line)
}

/// A text of several lines: line ends and tabs stay, the rest is as [`harmless`].
#[must_use]
pub(crate) fn harmless_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .split('\n')
        .map(|line| line.split('\t').map(|part| harmless(part).into_owned()).collect::<Vec<_>>().join("\t"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Rows under headings, numbers to the right. On a terminal it fits the width; elsewhere nothing is cut.
pub(crate) struct Grid(Table);

impl Grid {
    /// A grid with these headings; `true` marks a column of numbers.
    pub(crate) fn new(headings: &[(&str, bool)]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if std::io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(headings.iter().map(|(heading, _)| Cell::new(heading.to_uppercase())));
        for (index, (_, number)) in headings.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, 2));
                if *number {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        Self(table)
    }

    /// Adds a row; every text is made harmless.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(|cell| Cell::new(harmless(cell.as_ref()))));
    }
}

impl core::fmt::Display for Grid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for line in self.0.lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number of bytes for people.
#[must_use]
pub(crate) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_of_a_sender_reaches_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mred\u{7}\u{9b}2J"), "a\u{FFFD}[31mred\u{FFFD}\u{FFFD}2J");
        assert_eq!(harmless("one\r\ntwo\tthree"), "one two three");
        assert_eq!(harmless("evil\u{202E}txt.exe"), "evil\u{FFFD}txt.exe");
        assert_eq!(harmless_lines("a\r\n\u{1b}b\tc\n"), "a\n\u{FFFD}b\tc\n");
    }

    #[test]
    fn a_grid_aligns_its_columns() {
        let mut grid = Grid::new(&[("name", false), ("size", true)]);
        grid.row(["a", "1"]);
        grid.row(["longer", "100"]);
        let text = grid.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["NAME    SIZE", "a          1", "longer   100"]);
    }
}
