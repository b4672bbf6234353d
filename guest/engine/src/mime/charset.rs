//! Character sets: labels of mail to decoders (`messages` 10).

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// How the bytes of a text become characters.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    /// None was named, or US-ASCII: UTF-8 if the bytes are UTF-8, else windows-1252.
    Unlabelled,
    /// One of the encodings of the Encoding Standard.
    Standard(&'static Encoding),
    /// One only the mail library knows (UTF-7, DOS code pages).
    Library(fn(&[u8]) -> String),
}

impl Charset {
    /// The character set of that label, `None` if nobody knows it.
    pub(super) fn labelled(label: &str) -> Option<Self> {
        // RFC 2231 language suffixes and quotes are seen in the wild.
        let label = label.trim().trim_matches(['"', '\'']).split('*').next().unwrap_or_default();
        if label.is_empty()
            || ["us-ascii", "ascii", "unknown-8bit", "x-unknown"].iter().any(|name| label.eq_ignore_ascii_case(name))
        {
            return Some(Self::Unlabelled);
        }
        match Encoding::for_label(label.as_bytes()) {
            // The standard maps dead encodings to one that decodes nothing.
            Some(encoding) if encoding != encoding_rs::REPLACEMENT => Some(Self::Standard(encoding)),
            _ if label.len() <= 45 => charset_decoder(label.as_bytes()).map(Self::Library),
            _ => None,
        }
    }

    /// The text of these bytes; what is no character becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Unlabelled => match core::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
            },
            Self::Standard(encoding) => encoding.decode_with_bom_removal(bytes).0.into_owned(),
            Self::Library(decode) => decode(bytes),
        }
    }

    /// The encoding that decodes a text too large for memory, chosen by its beginning.
    pub(super) fn streaming(self, beginning: &[u8]) -> &'static Encoding {
        match self {
            Self::Standard(encoding) => encoding,
            Self::Unlabelled => match core::str::from_utf8(beginning) {
                Ok(_) => UTF_8,
                Err(error) if error.error_len().is_none() => UTF_8,
                Err(_) => WINDOWS_1252,
            },
            Self::Library(_) => WINDOWS_1252,
        }
    }
}

/// The text of raw header bytes: UTF-8 if they are, else windows-1252, without NULs.
pub(super) fn raw_text(bytes: &[u8]) -> String {
    let mut text = Charset::Unlabelled.decode(bytes);
    if text.contains('\0') {
        text.retain(|character| character != '\0');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(label: &str, bytes: &[u8]) -> Option<String> {
        Charset::labelled(label).map(|charset| charset.decode(bytes))
    }

    #[test]
    fn labels_of_mail_are_known() {
        assert_eq!(decode("ISO-8859-1", b"\xE9").as_deref(), Some("é"));
        assert_eq!(decode("\"utf-8\"", "é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(decode("us-ascii", "é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(decode("", b"\x93x\x94").as_deref(), Some("“x”"));
        assert_eq!(decode("utf-7", b"+AOk-").as_deref(), Some("é"));
        assert_eq!(decode("iso-2022-jp", b"\x1b$B$\"\x1b(B").as_deref(), Some("あ"));
        assert_eq!(decode("yes", b"x"), None);
        assert_eq!(decode(&"x".repeat(500), b"x"), None);
    }
}
