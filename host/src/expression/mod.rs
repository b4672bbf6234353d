//! Restrictions and property names in text: what a person types after `mapi table --restrict`.
//!
//! ```text
//! expression = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation   = "not" negation | primary
//! primary    = "(" expression ")"
//!            | "exists" "(" property ")"
//!            | "size" "(" property ")" relation number
//!            | "count" "(" number "," expression ")"
//!            | "any" "(" ( "recipients" | "attachments" ) "," expression ")"
//!            | property relation ( value | property )
//!            | property ( "contains" | "begins" | "equals" ) [ "[" modifier { "," modifier } "]" ] value
//!            | property ( "has" | "lacks" ) number
//! relation   = "=" | "!=" | "<" | "<=" | ">" | ">="
//! modifier   = "case" | "nonspace" | "word" | "phrase"
//! property   = a short name (subject, from, received, …), a MAPI name with or without PR_, or a tag 0x0037001F
//! value      = "text" | number | 0x… | true | false | 2024-05-31 | 2024-05-31T10:00:00Z | x"0a1b"
//! ```
//!
//! Text tests ignore case unless `[case]` is given, as does `=` on text (`tables` 6). `has` and `lacks`
//! test bits. Dates are UTC. The node a text becomes is that of `tables` 5.1.

mod json;
mod lexer;
mod names;
mod parser;

pub use json::{hexadecimal, restriction_from_json, restriction_to_json, timestamp, value_to_json};
pub use names::{parse_property, property_name};

use mapi_engine::restriction::Restriction;

/// Why a text is no expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// Column of the fault, counted in characters from 0.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

impl ExpressionError {
    fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into() }
    }

    /// The error with the text and a caret below the fault. Long texts are cut around the fault.
    #[must_use]
    pub fn pointing_at(&self, text: &str) -> String {
        const REACH: usize = 60;
        let start = self.column.saturating_sub(REACH);
        let shown: String = text.chars().skip(start).take(2 * REACH).map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("column {}: {}\n  {shown}\n  {}^", self.column + 1, self.message, " ".repeat(self.column - start))
    }
}

impl core::fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "column {}: {}", self.column + 1, self.message)
    }
}

impl std::error::Error for ExpressionError {}

/// Parses an expression.
///
/// # Errors
/// The first fault, with its column.
pub fn parse(text: &str) -> Result<Restriction, ExpressionError> {
    parser::parse(text)
}

#[cfg(test)]
mod tests;
