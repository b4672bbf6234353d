//! The content of a part on its way out: read from the store in ranges and transfer-encoded as it goes
//! (RFC 2045 6). No content is held in memory whole.

use crate::error::Result;
use crate::mime::compose::field::LINE_LIMIT;
use crate::properties::{PropType, StreamSource};
use encodify::{base64, qp};

/// Bytes read at once.
const PIECE: u32 = 64 << 10;
/// Bytes of one line of base64.
const BASE64_LINE: usize = 57;
/// Quoted-printable is encoded line by line; a line longer than this, in parts.
const LONG_LINE: usize = 16 << 10;
/// A text with a line longer than this is encoded (`messages` 10 "charset").
const TEXT_LINE: usize = 140;
/// What every boundary made here begins with; no line of an encoded content does.
pub(super) const BOUNDARY_START: &str = "=_";

/// A long value being read.
#[derive(Clone)]
pub(super) struct Reading {
    source: StreamSource,
    offset: u64,
}

impl Reading {
    pub(super) fn new(source: StreamSource) -> Self {
        Self { source, offset: 0 }
    }

    /// The next bytes, none at the end. Text comes as UTF-8.
    pub(super) fn next(&mut self) -> Result<Vec<u8>> {
        let held = |bytes: &[u8]| {
            let start = usize::try_from(self.offset).unwrap_or(usize::MAX).min(bytes.len());
            bytes[start..bytes.len().min(start + PIECE as usize)].to_vec()
        };
        let piece = match &self.source {
            StreamSource::Stored { objects, object, tag, .. } => objects.read_range(object, *tag, self.offset, PIECE)?,
            StreamSource::Text(text) => held(text.as_bytes()),
            StreamSource::Bytes(bytes) => held(bytes),
        };
        self.offset += piece.len() as u64;
        Ok(piece)
    }

    /// All of it, up to a limit; `None` when it is longer.
    pub(super) fn whole(mut self, limit: usize) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        loop {
            let piece = self.next()?;
            if piece.is_empty() {
                return Ok(Some(bytes));
            }
            bytes.extend_from_slice(&piece);
            if bytes.len() > limit {
                return Ok(None);
            }
        }
    }
}

/// Whether a value of that type reads as text.
pub(super) fn is_text(kind: PropType) -> bool {
    kind == PropType::UNICODE
}

/// What is in a content, found by reading it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// Only bytes below 128.
    ascii: bool,
    /// The longest line, without its end.
    longest: usize,
    /// A NUL.
    nul: bool,
    /// A CR that ends no line.
    bare_cr: bool,
    /// A line that could be taken for a delimiter of ours.
    delimiter: bool,
}

impl Survey {
    pub(super) fn of(source: &StreamSource) -> Result<Self> {
        let mut reading = Reading::new(source.clone());
        let mut survey = Self { ascii: true, longest: 0, nul: false, bare_cr: false, delimiter: false };
        let start = format!("--{BOUNDARY_START}").into_bytes();
        let (mut column, mut matched, mut after_cr) = (0usize, 0usize, false);
        loop {
            let piece = reading.next()?;
            if piece.is_empty() {
                survey.bare_cr |= after_cr;
                survey.longest = survey.longest.max(column);
                return Ok(survey);
            }
            survey.ascii &= piece.is_ascii();
            for byte in piece {
                if byte == b'\n' {
                    survey.longest = survey.longest.max(column - usize::from(after_cr));
                    (column, matched, after_cr) = (0, 0, false);
                    continue;
                }
                survey.bare_cr |= after_cr;
                after_cr = byte == b'\r';
                survey.nul |= byte == 0;
                if matched == column && matched < start.len() && byte == start[matched] {
                    matched += 1;
                    survey.delimiter |= matched == start.len();
                }
                column += 1;
            }
        }
    }

    /// How a text with this survey travels.
    pub(super) fn text_encoding(self) -> Encoding {
        if self.nul && !self.ascii {
            // Not a text in an 8-bit character set.
            return Encoding::Base64;
        }
        if self.ascii && !self.nul && !self.bare_cr && !self.delimiter && self.longest <= TEXT_LINE {
            Encoding::SevenBit
        } else {
            Encoding::QuotedPrintable
        }
    }

    /// How a text in the character set its part names travels.
    pub(super) fn markup_encoding(self) -> Encoding {
        // NULs are half characters of UTF-16.
        if self.nul { Encoding::Base64 } else { self.text_encoding() }
    }

    /// Whether the content can travel as it is inside a message made here.
    pub(super) fn is_seven_bit(self) -> bool {
        self.ascii && self.is_kept_whole()
    }

    /// Whether the content can travel as it is when it must not be encoded, 8-bit characters included.
    pub(super) fn is_kept_whole(self) -> bool {
        !self.nul && !self.bare_cr && !self.delimiter && self.longest <= LINE_LIMIT
    }
}

/// A Content-Transfer-Encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    SevenBit,
    QuotedPrintable,
    Base64,
}

impl Encoding {
    /// The value of the field.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }
}

/// How a content is written.
enum Writer {
    /// Byte for byte.
    AsIs,
    /// Byte for byte, but every line ends in CR LF.
    Lines {
        after_cr: bool,
    },
    QuotedPrintable {
        held: Vec<u8>,
    },
    Base64 {
        held: Vec<u8>,
    },
}

/// A content being written.
pub(super) struct Content {
    reading: Reading,
    writer: Writer,
}

impl Content {
    /// Byte for byte.
    pub(super) fn as_is(source: StreamSource) -> Self {
        Self { reading: Reading::new(source), writer: Writer::AsIs }
    }

    /// Byte for byte but for the line ends.
    pub(super) fn lines(source: StreamSource) -> Self {
        Self { reading: Reading::new(source), writer: Writer::Lines { after_cr: false } }
    }

    pub(super) fn encoded(source: StreamSource, encoding: Encoding) -> Self {
        let writer = match encoding {
            Encoding::SevenBit => Writer::Lines { after_cr: false },
            Encoding::QuotedPrintable => Writer::QuotedPrintable { held: Vec::new() },
            Encoding::Base64 => Writer::Base64 { held: Vec::new() },
        };
        Self { reading: Reading::new(source), writer }
    }

    /// Writes the next piece; false when that was the last one.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let piece = self.reading.next()?;
        let last = piece.is_empty();
        match &mut self.writer {
            Writer::AsIs => out.extend_from_slice(&piece),
            Writer::Lines { after_cr } => write_lines(&piece, after_cr, out),
            Writer::QuotedPrintable { held } => write_quoted_printable(&piece, held, last, out),
            Writer::Base64 { held } => write_base64(&piece, held, last, out),
        }
        Ok(!last)
    }
}

fn write_lines(piece: &[u8], after_cr: &mut bool, out: &mut Vec<u8>) {
    for line in piece.split_inclusive(|byte| *byte == b'\n') {
        let Some((b'\n', content)) = line.split_last() else {
            out.extend_from_slice(line);
            *after_cr = line.ends_with(b"\r");
            continue;
        };
        let has_cr = if content.is_empty() { *after_cr } else { content.ends_with(b"\r") };
        out.extend_from_slice(content);
        out.extend_from_slice(if has_cr { b"\n" } else { b"\r\n" });
        *after_cr = false;
    }
}

fn write_base64(piece: &[u8], held: &mut Vec<u8>, last: bool, out: &mut Vec<u8>) {
    held.extend_from_slice(piece);
    let whole = if last { held.len() } else { held.len() - held.len() % BASE64_LINE };
    for line in held[..whole].chunks(BASE64_LINE) {
        base64::STANDARD.encode_append(line, out);
        out.extend_from_slice(b"\r\n");
    }
    held.drain(..whole);
}

fn write_quoted_printable(piece: &[u8], held: &mut Vec<u8>, last: bool, out: &mut Vec<u8>) {
    held.extend_from_slice(piece);
    if last {
        qp::BODY.encode_append(&*held, out);
        held.clear();
        return;
    }
    if let Some(end) = memchr::memrchr(b'\n', held) {
        qp::BODY.encode_append(&held[..=end], out);
        held.drain(..=end);
    }
    if held.len() > LONG_LINE {
        // A CR may belong to a line end that follows.
        let end = held.len() - usize::from(held.ends_with(b"\r"));
        let from = out.len();
        qp::BODY.encode_append(&held[..end], out);
        held.drain(..end);
        break_softly(out, from);
    }
}

/// Ends a line in the middle of the text, leaving room for what marks that.
fn break_softly(out: &mut Vec<u8>, from: usize) {
    let start = memchr::memrchr(b'\n', &out[from..]).map_or(from, |at| from + at + 1);
    if out.len() - start > 75 {
        let end = out.len();
        let inside = out[end - 3..end].iter().position(|byte| *byte == b'=').unwrap_or(2);
        let at = end - 3 + inside;
        out.splice(at..at, *b"=\r\n");
    }
    out.extend_from_slice(b"=\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::transfer::Transfer;
    use proptest::prelude::*;

    fn source(bytes: &[u8]) -> StreamSource {
        StreamSource::Bytes(bytes.into())
    }

    fn write(mut content: Content) -> Vec<u8> {
        let mut out = Vec::new();
        while content.write(&mut out).unwrap() {}
        out
    }

    fn decode(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut transfer = Transfer::named(name).unwrap();
        transfer.push(bytes, &mut out);
        assert!(transfer.finish(&mut out));
        out
    }

    fn longest_line(bytes: &[u8]) -> usize {
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max().unwrap_or(0)
    }

    #[test]
    fn a_survey_tells_what_keeps_a_text_from_travelling_as_it_is() {
        let encoding = |text: &str| Survey::of(&source(text.as_bytes())).unwrap().text_encoding();
        assert_eq!(encoding("plain\r\ntext\n"), Encoding::SevenBit);
        for text in ["é", "a\rb", "\0", "--=_x\n", "a\n--=_", &"x".repeat(141)] {
            assert_eq!(encoding(text), Encoding::QuotedPrintable, "{text:?}");
        }
        assert_eq!(encoding("é\0"), Encoding::Base64);
        assert_eq!(encoding(&"x".repeat(140)), Encoding::SevenBit);
        assert_eq!(encoding(&format!("{}\r\n", "x".repeat(140))), Encoding::SevenBit);
        assert_eq!(encoding("-\n--=\n=_\n"), Encoding::SevenBit);
    }

    #[test]
    fn very_long_lines_are_broken_softly_without_cutting_an_escape() {
        for unit in ["x", "é", "xé", "xxé", "a="] {
            let text = unit.repeat(120_000);
            let out = write(Content::encoded(source(text.as_bytes()), Encoding::QuotedPrintable));
            assert!(longest_line(&out) <= 76, "{unit}");
            assert_eq!(decode("quoted-printable", &out), text.as_bytes(), "{unit}");
        }
    }

    #[test]
    fn line_ends_become_cr_lf_across_pieces() {
        let text = [vec![b'x'; PIECE as usize - 1], b"\r\ny\nz\r\n\n".to_vec()].concat();
        let out = write(Content::lines(source(&text)));
        assert!(out.ends_with(b"x\r\ny\r\nz\r\n\r\n"));
    }

    proptest! {
        #[test]
        fn bytes_survive_base64(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let out = write(Content::encoded(source(&bytes), Encoding::Base64));
            prop_assert!(longest_line(&out) <= 76);
            prop_assert_eq!(decode("base64", &out), bytes);
        }

        #[test]
        fn text_survives_quoted_printable_but_for_its_line_ends(text in "([a-z =\t\u{e9}.-]|\r\n|\n|\r|\\x00){0,300}") {
            let out = write(Content::encoded(source(text.as_bytes()), Encoding::QuotedPrintable));
            prop_assert!(longest_line(&out) <= 76);
            let expected = text.replace("\r\n", "\n").replace('\n', "\r\n");
            prop_assert_eq!(String::from_utf8(decode("quoted-printable", &out)).unwrap(), expected);
        }
    }
}
