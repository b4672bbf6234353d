//! The session code page: `PT_STRING8` to and from `PT_UNICODE` (`properties` 2.1, `session` 0).
//!
//! The world has no setting for it, so it is 1252, the specified default. An unmappable character becomes
//! `?`; a string ends at its first NUL (`properties` 2).

use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;

/// The text of 8-bit bytes, up to the first NUL.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    WINDOWS_1252.decode_without_bom_handling(&bytes[..end]).0.into_owned()
}

/// The 8-bit form of a text.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        // encoding_rs answers an unmappable character with a numeric character reference; MAPI wants `?`.
        let (encoded, _, unmappable) = WINDOWS_1252.encode(character.encode_utf8(&mut buffer));
        if unmappable { bytes.push(b'?') } else { bytes.extend_from_slice(&encoded) }
    }
    bytes
}

/// A text up to its first NUL.
#[must_use]
pub fn until_nul(text: &str) -> Cow<'_, str> {
    match text.find('\0') {
        Some(end) => Cow::Owned(text[..end].to_owned()),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_but_nul_survives_the_round_trip() {
        let bytes: Vec<u8> = (1..=255).collect();
        assert_eq!(encode(&decode(&bytes)), bytes);
    }

    #[test]
    fn an_unmappable_character_becomes_a_question_mark() {
        assert_eq!(encode("a→é"), b"a?\xe9");
    }

    #[test]
    fn a_string_ends_at_its_first_nul() {
        assert_eq!(decode(b"ab\0cd"), "ab");
        assert_eq!(until_nul("ab\0cd"), "ab");
    }
}
