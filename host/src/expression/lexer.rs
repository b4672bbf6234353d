//! Words of the expression language, each with its column.

use super::ExpressionError;
use mapi_engine::properties::FileTime;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A quoted text.
    Text(String),
    /// `x"…"`.
    Bytes(Vec<u8>),
    /// A number, with the text it was written as.
    Number(i64),
    /// A floating-point number.
    Float(f64),
    /// A date.
    Date(FileTime),
    /// One of `( ) [ ] ,` and the relations.
    Symbol(&'static str),
}

/// A word and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

const SYMBOLS: [&str; 13] = ["!=", "<=", ">=", "<>", "==", "=", "<", ">", "(", ")", "[", "]", ","];

pub(super) fn lex(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let column = at;
        let token = if let Some(symbol) = SYMBOLS.iter().find(|symbol| starts_with(&chars[at..], symbol)) {
            at += symbol.len();
            Token::Symbol(match *symbol {
                "<>" => "!=",
                "==" => "=",
                other => other,
            })
        } else if c == '"' || c == '\'' {
            Token::Text(quoted(&chars, &mut at)?)
        } else if (c == 'x' || c == 'X') && matches!(chars.get(at + 1), Some('"' | '\'')) {
            at += 1;
            let digits = quoted(&chars, &mut at)?;
            Token::Bytes(hexadecimal(&digits).ok_or_else(|| {
                ExpressionError::new(column, "a binary value is an even number of hexadecimal digits, as in x\"0a1b\"")
            })?)
        } else if c.is_ascii_digit() || (c == '-' && chars.get(at + 1).is_some_and(char::is_ascii_digit)) {
            let word = take(&chars, &mut at, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+'));
            number(&word).ok_or_else(|| {
                ExpressionError::new(column, format!("\"{word}\" is neither a number nor a date such as 2024-05-31T10:00:00Z"))
            })?
        } else if c.is_alphabetic() || c == '_' {
            Token::Word(take(&chars, &mut at, |c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        } else {
            return Err(ExpressionError::new(column, format!("the character {c:?} has no meaning here; text goes in quotes")));
        };
        tokens.push(Placed { token, column });
    }
    Ok(tokens)
}

fn starts_with(chars: &[char], symbol: &str) -> bool {
    symbol.chars().enumerate().all(|(i, s)| chars.get(i) == Some(&s))
}

fn take(chars: &[char], at: &mut usize, wanted: impl Fn(char) -> bool) -> String {
    let word: String = chars[*at..].iter().copied().take_while(|c| wanted(*c)).collect();
    *at += word.chars().count();
    word
}

/// A quoted text; inside, a backslash takes the next character as it is, `\n` and `\t` excepted.
fn quoted(chars: &[char], at: &mut usize) -> Result<String, ExpressionError> {
    let start = *at;
    let quote = chars.get(start).copied();
    let mut text = String::new();
    let mut next = start + 1;
    loop {
        match chars.get(next) {
            None => return Err(ExpressionError::new(start, "this quoted text has no end; add the closing quote")),
            Some(&c) if Some(c) == quote => break,
            Some('\\') => {
                next += 1;
                text.push(match chars.get(next) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(&c) => c,
                    None => return Err(ExpressionError::new(start, "this quoted text has no end; add the closing quote")),
                });
            }
            Some(&c) => text.push(c),
        }
        next += 1;
    }
    *at = next + 1;
    Ok(text)
}

/// The bytes written as hexadecimal digits.
pub(super) fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn number(word: &str) -> Option<Token> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok().map(Token::Number);
    }
    if let Ok(value) = word.parse() {
        return Some(Token::Number(value));
    }
    if let Some(time) = date(word) {
        return Some(Token::Date(time));
    }
    // What overflows is no number: JSON has no form for it.
    word.parse().ok().filter(|value: &f64| value.is_finite()).map(Token::Float)
}

/// A date or RFC 3339 time, to the tick; a time without an offset is UTC. Times before 1601 are tick 0.
pub(super) fn date(word: &str) -> Option<FileTime> {
    use jiff::{Timestamp, civil};
    let ticks = |stamp: Timestamp| {
        let ticks = stamp.as_nanosecond().div_euclid(100) + i128::from(FileTime::UNIX_EPOCH.0);
        FileTime(u64::try_from(ticks.max(0)).unwrap_or(u64::MAX))
    };
    if let Ok(stamp) = word.parse::<Timestamp>() {
        return Some(ticks(stamp));
    }
    let zoned = match word.parse::<civil::DateTime>() {
        Ok(moment) => moment,
        Err(_) => word.parse::<civil::Date>().ok()?.to_datetime(civil::Time::midnight()),
    };
    zoned.in_tz("UTC").ok().map(|zoned| ticks(zoned.timestamp()))
}
