//! Rows and values, for people or for programs.

use crate::terminal::{Grid, harmless, is_harmful};
use mapi_session::error::Code;
use mapi_session::expression::{hexadecimal, property_name, timestamp, value_to_json};
use mapi_session::properties::{PropTag, PropType, Property, Value};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Value as Json};
use std::io::Write;

/// Where a command's data goes.
pub(crate) struct Output {
    pub(crate) json: bool,
}

/// JSON in which what acts on a terminal is escaped: it means the same to a program, and a person may look
/// at it. JSON itself demands that of C0 only.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> std::io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_harmful(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

impl Output {
    /// One JSON object on a line of its own.
    pub(crate) fn object(&self, object: &Json) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        object.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless))?;
        writeln!(out)?;
        Ok(())
    }

    /// A line for people.
    pub(crate) fn line(&self, text: &str) -> anyhow::Result<()> {
        writeln!(std::io::stdout().lock(), "{text}")?;
        Ok(())
    }

    /// Rows of a table: columns with the given headings, or objects with property names as keys.
    pub(crate) fn rows(&self, columns: &[PropTag], rows: &[Vec<Property>]) -> anyhow::Result<()> {
        if self.json {
            for row in rows {
                self.object(&row_object(columns, row))?;
            }
            return Ok(());
        }
        let headings: Vec<String> = columns.iter().map(|tag| heading(*tag)).collect();
        let marked: Vec<(&str, bool)> =
            headings.iter().zip(columns).map(|(heading, tag)| (heading.as_str(), is_number(*tag))).collect();
        let mut grid = Grid::new(&marked);
        for row in rows {
            grid.row(row.iter().map(|cell| cell_text(&cell.value)));
        }
        let mut out = std::io::stdout().lock();
        write!(out, "{grid}")?;
        Ok(())
    }
}

/// What stands above a column.
pub(crate) fn heading(tag: PropTag) -> String {
    property_name(tag).replacen("PR_", "", 1).replace('_', " ")
}

/// A row as a JSON object; cells without a value are left out.
pub(crate) fn row_object(columns: &[PropTag], row: &[Property]) -> Json {
    let mut object = Map::new();
    for (tag, cell) in columns.iter().zip(row) {
        if !matches!(cell.value, Value::Error(raw) if Code::from_raw(raw) == Code::NotFound) {
            object.insert(property_name(*tag), value_to_json(&cell.value));
        }
    }
    Json::Object(object)
}

fn is_number(tag: PropTag) -> bool {
    matches!(tag.kind(), PropType::I2 | PropType::LONG | PropType::I8 | PropType::R4 | PropType::DOUBLE | PropType::CURRENCY)
}

/// A value on one line. Nothing in it acts on a terminal.
pub(crate) fn cell_text(value: &Value) -> String {
    match value {
        Value::Error(raw) if Code::from_raw(*raw) == Code::NotFound => String::new(),
        Value::Error(raw) => format!("({})", Code::from_raw(*raw)),
        Value::Unicode(text) => harmless(text).into_owned(),
        Value::String8(bytes) => harmless(&String::from_utf8_lossy(bytes)).into_owned(),
        Value::SysTime(time) => {
            let text = timestamp(*time);
            text.get(..16).filter(|_| text.len() >= 20).map_or(text.clone(), |minute| minute.replace('T', " "))
        }
        Value::Binary(bytes) | Value::SvrEid(bytes) => hexadecimal(bytes),
        Value::MvUnicode(texts) => texts.iter().map(|text| harmless(text).into_owned()).collect::<Vec<_>>().join("; "),
        other => match value_to_json(other) {
            Json::String(text) => text,
            json => json.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapi_session::properties::{FileTime, tags};
    use serde_json::json;

    #[test]
    fn a_missing_cell_is_empty_for_people_and_absent_for_programs() {
        let missing = Property { tag: tags::SUBJECT, value: Value::Error(Code::NotFound.raw()) };
        assert_eq!(cell_text(&missing.value), "");
        assert_eq!(row_object(&[tags::SUBJECT], &[missing]), serde_json::json!({}));
    }

    #[test]
    fn json_escapes_what_acts_on_a_terminal_and_means_the_same() {
        let text = "a\u{1b}[31m \u{9b}2J \u{202e}turned \u{7f} é 山 \u{1F600} \"quoted\"";
        let mut written = Vec::new();
        json!(text).serialize(&mut serde_json::Serializer::with_formatter(&mut written, Harmless)).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains(is_harmful), "{written}");
        assert_eq!(serde_json::from_str::<Json>(&written).unwrap(), json!(text));
    }

    #[test]
    fn times_show_to_the_minute_for_people_and_in_full_for_programs() {
        let time = Value::SysTime(FileTime::from_unix(1_717_149_600, 0));
        assert_eq!(cell_text(&time), "2024-05-31 10:00");
        assert_eq!(value_to_json(&time), serde_json::json!("2024-05-31T10:00:00Z"));
    }
}
