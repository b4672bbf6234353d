//! Encoded words (RFC 2047): text of header fields.
//!
//! Neighbouring words of one character set are joined before they are decoded, because mailers cut
//! multi-byte characters apart. What is no complete encoded word stays as it is.

use crate::mime::charset::Charset;
use crate::mime::transfer::Transfer;

/// One encoded word.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Length of its encoded form.
    length: usize,
}

/// The encoded word `text` begins with.
fn word(text: &str) -> Option<Word<'_>> {
    let rest = text.strip_prefix("=?")?;
    let (charset, rest) = rest.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    // Blanks inside are forbidden yet common; a fold is not.
    let end = rest.find("?=")?;
    let data = &rest[..end];
    if charset.is_empty() || charset.len() > 60 || charset.contains(|c: char| c.is_whitespace() || c == '=') {
        return None;
    }
    let mut bytes = Vec::with_capacity(data.len());
    match encoding {
        "b" | "B" => {
            let mut transfer = Transfer::Base64(Default::default());
            transfer.push(data.as_bytes(), &mut bytes);
            transfer.finish(&mut bytes);
        }
        "q" | "Q" => {
            let mut transfer = Transfer::QuotedPrintable(Default::default());
            transfer.push(data.replace('_', " ").as_bytes(), &mut bytes);
            transfer.finish(&mut bytes);
        }
        _ => return None,
    }
    Some(Word { charset, bytes, length: text.len() - rest.len() + end + 2 })
}

/// What [`decode`] made of a text.
pub(super) struct Decoded {
    /// The text.
    pub(super) text: String,
    /// The first character set nobody knows.
    pub(super) unknown_charset: Option<String>,
}

/// Decodes the encoded words of an unfolded text.
pub(super) fn decode(text: &str) -> Decoded {
    let mut decoded = Decoded { text: String::with_capacity(text.len()), unknown_charset: None };
    join(text, |piece| match piece {
        Piece::Plain(plain) => decoded.text.push_str(plain),
        Piece::Words { charset, bytes } => {
            if Charset::labelled(charset).is_none() && decoded.unknown_charset.is_none() {
                decoded.unknown_charset = Some(charset.to_owned());
            }
            decoded.text.push_str(&text_of(charset, &bytes));
        }
    });
    decoded.text.retain(|character| character != '\0');
    decoded
}

/// Joins runs of encoded words into one UTF-8 word each, so that a parser that decodes word by word reads
/// characters cut apart rightly.
pub(super) fn join_runs(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    join(text, |piece| match piece {
        Piece::Plain(plain) => joined.push_str(plain),
        Piece::Words { charset, bytes } => {
            joined.push_str("=?utf-8?Q?");
            for byte in text_of(charset, &bytes).bytes() {
                if byte.is_ascii_alphanumeric() {
                    joined.push(char::from(byte));
                } else if byte != 0 {
                    joined.push('=');
                    for digit in [byte >> 4, byte & 15] {
                        joined.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                    }
                }
            }
            joined.push_str("?=");
        }
    });
    joined
}

fn text_of(charset: &str, bytes: &[u8]) -> String {
    Charset::labelled(charset).unwrap_or(Charset::Unlabelled).decode(bytes)
}

enum Piece<'a> {
    Plain(&'a str),
    Words { charset: &'a str, bytes: Vec<u8> },
}

fn join<'a>(text: &'a str, mut emit: impl FnMut(Piece<'a>)) {
    let mut rest = text;
    let mut run: Option<(&'a str, Vec<u8>)> = None;
    while let Some(at) = rest.find("=?") {
        let (before, candidate) = rest.split_at(at);
        let Some(next) = word(candidate) else {
            if let Some((charset, bytes)) = run.take() {
                emit(Piece::Words { charset, bytes });
            }
            emit(Piece::Plain(&rest[..at + 2]));
            rest = &rest[at + 2..];
            continue;
        };
        let neighbour = before.chars().all(char::is_whitespace);
        match &mut run {
            Some((charset, bytes)) if neighbour && charset.eq_ignore_ascii_case(next.charset) => {
                bytes.extend_from_slice(&next.bytes);
            }
            _ => {
                let follows = run.is_some();
                if let Some((charset, bytes)) = run.take() {
                    emit(Piece::Words { charset, bytes });
                }
                // Blanks between two encoded words are no part of the text.
                if !(follows && neighbour) {
                    emit(Piece::Plain(before));
                }
                run = Some((next.charset, next.bytes));
            }
        }
        rest = &candidate[next.length..];
    }
    if let Some((charset, bytes)) = run {
        emit(Piece::Words { charset, bytes });
    }
    emit(Piece::Plain(rest));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(input: &str) -> String {
        decode(input).text
    }

    #[test]
    fn words_are_decoded_and_blanks_between_them_dropped() {
        assert_eq!(text("=?iso-8859-1?Q?J=F6rg?= Krause"), "Jörg Krause");
        assert_eq!(text("=?utf-8?B?w6k=?=\t =?utf-8?Q?_x?= y"), "é x y");
        assert_eq!(text("Re: =?US-ASCII*EN?Q?Keith_Moore?="), "Re: Keith Moore");
    }

    #[test]
    fn a_character_cut_across_words_is_whole_again() {
        assert_eq!(text("=?utf-8?Q?=C3?= =?UTF-8?Q?=A9?="), "é");
        assert_eq!(join_runs("a =?utf-8?Q?=C3?= =?UTF-8?Q?=A9?= <b@c>"), "a =?utf-8?Q?=C3=A9?= <b@c>");
    }

    #[test]
    fn what_is_no_word_stays() {
        for input in ["=?utf-8?Q?unterminated", "=?x", "a =?utf-8?Z?x?= b", "=??Q?x?=", "1 =? 2", ""] {
            assert_eq!(text(input), input);
        }
    }

    #[test]
    fn an_unknown_character_set_is_reported() {
        let decoded = decode("=?no-such?Q?a=E9?=");
        assert_eq!(decoded.unknown_charset.as_deref(), Some("no-such"));
        assert_eq!(decoded.text, "aé");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(input in "(=\\?|\\?=|\\?|[a-zA-Z0-9=_ ]|utf-8|\u{e9}){0,40}") {
            let _ = decode(&input);
            let _ = join_runs(&input);
        }

        #[test]
        fn joining_runs_keeps_the_text(input in "(=\\?utf-8\\?Q\\?[a-z]{1,4}\\?=| |[a-z]){0,20}") {
            prop_assert_eq!(text(&join_runs(&input)), text(&input));
        }
    }
}
