//! Long values read in windows, so that none is ever held as a whole (`tables` 5.5).

use crate::collation;
use crate::error::{Code, Result};
use crate::properties::{PropType, ValueRef};
use crate::restriction::matcher::Subject;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Bytes read at once.
const WINDOW: u32 = 64 * 1024;

/// A value in parts: text as UTF-8 cut between characters, or bytes.
pub(super) enum Parts<'a> {
    /// A value at hand, handed out once.
    Whole(Option<Cow<'a, [u8]>>),
    /// A value behind an import.
    Windows {
        /// The row.
        subject: &'a dyn Subject,
        /// Its column.
        column: usize,
        /// Whether parts must end between characters.
        text: bool,
        /// Where the next window begins; `None` behind the last.
        offset: Option<u64>,
        /// Bytes of a character that goes on in the next window.
        carry: Vec<u8>,
    },
}

impl<'a> Parts<'a> {
    /// A value at hand.
    pub(super) fn whole(value: &ValueRef<'a>) -> Option<Self> {
        match *value {
            ValueRef::Text(text) => Some(Self::Whole(Some(Cow::Borrowed(text.as_bytes())))),
            ValueRef::Bytes(bytes) => Some(Self::Whole(Some(Cow::Borrowed(bytes)))),
            _ => None,
        }
    }

    /// A long value of a row.
    pub(super) fn windows(subject: &'a dyn Subject, column: usize, kind: PropType) -> Self {
        Self::Windows { subject, column, text: kind.is_string(), offset: Some(0), carry: Vec::new() }
    }

    /// The next part, `None` behind the last one. A value that vanished meanwhile ends.
    pub(super) fn next(&mut self) -> Result<Option<Cow<'a, [u8]>>> {
        match self {
            Self::Whole(value) => Ok(value.take()),
            Self::Windows { subject, column, text, offset, carry } => {
                let Some(at) = *offset else { return Ok(None) };
                let mut window = match subject.read_range(*column, at, WINDOW) {
                    Ok(window) => window,
                    Err(failure) if failure.code() == Code::NotFound => Vec::new(),
                    Err(failure) => return Err(failure),
                };
                window.truncate(WINDOW as usize);
                let last = window.len() < WINDOW as usize;
                *offset = (!last).then(|| at.saturating_add(u64::from(WINDOW)));
                if *text {
                    let mut bytes = std::mem::take(carry);
                    bytes.append(&mut window);
                    if !last {
                        *carry = bytes.split_off(complete(&bytes));
                    }
                    window = match String::from_utf8_lossy(&bytes) {
                        Cow::Borrowed(_) => bytes,
                        Cow::Owned(text) => text.into_bytes(),
                    };
                }
                Ok(Some(Cow::Owned(window)))
            }
        }
    }
}

/// How many of these bytes end with a complete character.
fn complete(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    for start in (tail..bytes.len()).rev() {
        let length = match bytes[start] {
            0x00..=0x7F => 1,
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        return if start + length > bytes.len() { start } else { bytes.len() };
    }
    bytes.len()
}

/// Compares two values of one family, text by folded code points (`tables` 6).
pub(super) fn compare(mut left: Parts<'_>, mut right: Parts<'_>, text: bool) -> Result<Ordering> {
    let folded = |part: Cow<'_, [u8]>| -> Vec<u8> {
        match (text, std::str::from_utf8(&part)) {
            (true, Ok(part)) => collation::fold(part).into_owned().into_bytes(),
            _ => part.into_owned(),
        }
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let (mut a_at, mut b_at) = (0, 0);
    loop {
        while a_at == a.len() {
            match left.next()? {
                Some(part) => (a, a_at) = (folded(part), 0),
                None => break,
            }
        }
        while b_at == b.len() {
            match right.next()? {
                Some(part) => (b, b_at) = (folded(part), 0),
                None => break,
            }
        }
        let length = (a.len() - a_at).min(b.len() - b_at);
        if length == 0 {
            return Ok((a.len() - a_at).cmp(&(b.len() - b_at)));
        }
        let order = a[a_at..a_at + length].cmp(&b[b_at..b_at + length]);
        if order.is_ne() {
            return Ok(order);
        }
        a_at += length;
        b_at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_between_characters() {
        let euro = "€".as_bytes();
        assert_eq!(complete(b"ab"), 2);
        assert_eq!(complete(euro), 3);
        assert_eq!(complete(&euro[..2]), 0);
        assert_eq!(complete(&[b'a', euro[0]]), 1);
        assert_eq!(complete("a😀".as_bytes()), 5);
        assert_eq!(complete(&"a😀".as_bytes()[..4]), 1);
    }
}
