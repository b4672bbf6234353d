//! Content-Transfer-Encoding: decoders fed in pieces (RFC 2045 6.7 and 6.8, and uuencode).
//!
//! Damaged encodings are decoded as far as they make sense: characters outside the base64 alphabet are
//! skipped and what follows a complete padding is dropped (mailing lists append text there); an `=` that
//! starts no escape stands for itself.

/// A decoder fed in pieces.
#[derive(Debug)]
pub(super) enum Transfer {
    /// 7bit, 8bit, binary, and any encoding that is not known.
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
    Uuencode(Uuencode),
}

impl Transfer {
    /// The decoder of that field value; `None` for an encoding nobody knows, whose bytes are kept as they are.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" => Self::Identity,
            "base64" => Self::Base64(Base64::default()),
            "quoted-printable" => Self::QuotedPrintable(QuotedPrintable::default()),
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Self::Uuencode(Uuencode::default()),
            _ => return None,
        })
    }

    /// Decodes a piece, appending to `out`.
    pub(super) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Identity => out.extend_from_slice(input),
            Self::Base64(decoder) => decoder.push(input, out),
            Self::QuotedPrintable(decoder) => decoder.push(input, out),
            Self::Uuencode(decoder) => decoder.push(input, out),
        }
    }

    /// Decodes what is held back; whether the encoding was sound.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Identity => true,
            Self::Base64(decoder) => decoder.finish(out),
            Self::QuotedPrintable(decoder) => decoder.finish(out),
            Self::Uuencode(decoder) => decoder.finish(out),
        }
    }
}

const SKIP: u8 = 0xFF;
const PAD: u8 = 0xFE;

const BASE64: [u8; 256] = {
    let mut table = [SKIP; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        table[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    table[b'=' as usize] = PAD;
    table
};

/// Base64.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    group: u32,
    held: u8,
    pads: u8,
    done: bool,
    damaged: bool,
}

impl Base64 {
    pub(super) fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !self.done {
            if self.held == 0 {
                input = Self::whole_groups(input, out);
            }
            let Some((&byte, rest)) = input.split_first() else { return };
            input = rest;
            self.push_one(byte, out);
        }
    }

    /// The common case: groups of four characters of the alphabet, one after the other.
    fn whole_groups<'a>(input: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let mut rest = input;
        while let Some((&[a, b, c, d], tail)) = rest.split_first_chunk::<4>() {
            let (a, b, c, d) = (BASE64[usize::from(a)], BASE64[usize::from(b)], BASE64[usize::from(c)], BASE64[usize::from(d)]);
            if a | b | c | d > 0x3F {
                break;
            }
            let group = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
            out.extend_from_slice(&group.to_be_bytes()[1..]);
            rest = tail;
        }
        rest
    }

    fn push_one(&mut self, byte: u8, out: &mut Vec<u8>) {
        match BASE64[usize::from(byte)] {
            PAD => {
                if self.held >= 2 {
                    self.pads += 1;
                    if self.held + self.pads >= 4 {
                        self.partial(out);
                        self.done = true;
                    }
                } else {
                    self.damaged = true;
                }
            }
            SKIP => self.damaged |= !byte.is_ascii_whitespace(),
            bits => {
                self.damaged |= self.pads > 0;
                self.pads = 0;
                self.group = self.group << 6 | u32::from(bits);
                self.held += 1;
                if self.held == 4 {
                    out.extend_from_slice(&self.group.to_be_bytes()[1..]);
                    (self.group, self.held) = (0, 0);
                }
            }
        }
    }

    fn partial(&mut self, out: &mut Vec<u8>) {
        let bytes = (self.group << (6 * (4 - u32::from(self.held)))).to_be_bytes();
        out.extend_from_slice(&bytes[1..usize::from(self.held)]);
        (self.group, self.held) = (0, 0);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        self.damaged |= self.held > 0;
        if self.held >= 2 {
            self.partial(out);
        }
        !self.damaged
    }
}

/// What quoted-printable is in the middle of.
#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    None,
    Begun,
    Digit(u8),
    LineEnd,
}

/// Quoted-printable.
#[derive(Debug, Default)]
pub(super) struct QuotedPrintable {
    escape: Escape,
    damaged: bool,
}

impl QuotedPrintable {
    pub(super) fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        loop {
            if matches!(self.escape, Escape::None) {
                let plain = memchr::memchr(b'=', input).unwrap_or(input.len());
                out.extend_from_slice(&input[..plain]);
                input = &input[plain..];
                if input.is_empty() {
                    return;
                }
                self.escape = Escape::Begun;
                input = &input[1..];
            }
            let Some((&byte, rest)) = input.split_first() else { return };
            input = rest;
            self.escape = self.after_equals(byte, out);
        }
    }

    fn after_equals(&mut self, byte: u8, out: &mut Vec<u8>) -> Escape {
        match self.escape {
            Escape::None => {
                out.push(byte);
                Escape::None
            }
            Escape::Begun => match byte {
                b'\n' => Escape::None,
                b'\r' => Escape::LineEnd,
                b'=' => {
                    self.damaged = true;
                    out.push(b'=');
                    Escape::None
                }
                digit if digit.is_ascii_hexdigit() => Escape::Digit(digit),
                other => {
                    self.damaged = true;
                    out.extend_from_slice(&[b'=', other]);
                    Escape::None
                }
            },
            Escape::Digit(first) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                if let (Some(high), Some(low)) = (digit(first), digit(byte)) {
                    out.push(high << 4 | low);
                    return Escape::None;
                }
                self.damaged = true;
                out.extend_from_slice(&[b'=', first]);
                if byte == b'=' {
                    return Escape::Begun;
                }
                out.push(byte);
                Escape::None
            }
            Escape::LineEnd => match byte {
                b'\n' => Escape::None,
                b'=' => Escape::Begun,
                other => {
                    out.push(other);
                    Escape::None
                }
            },
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        if let Escape::Digit(first) = self.escape {
            self.damaged = true;
            out.extend_from_slice(&[b'=', first]);
        }
        self.escape = Escape::None;
        !self.damaged
    }
}

/// Where uuencoded data stands.
#[derive(Debug, Default, PartialEq)]
enum UuState {
    #[default]
    Before,
    Data,
    Ended,
}

/// Uuencode, lines of at most 63 bytes between `begin` and `end`.
#[derive(Debug, Default)]
pub(super) struct Uuencode {
    line: Vec<u8>,
    state: UuState,
}

impl Uuencode {
    /// The longest line that makes sense, with room for trailing blanks.
    const LINE: usize = 200;

    pub(super) fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !input.is_empty() && self.state != UuState::Ended {
            let end = memchr::memchr(b'\n', input);
            let piece = &input[..end.unwrap_or(input.len())];
            let room = Self::LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            match end {
                Some(end) => {
                    input = &input[end + 1..];
                    self.end_line(out);
                }
                None => return,
            }
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let mut line = core::mem::take(&mut self.line);
        while line.last().is_some_and(|byte| *byte == b'\r') {
            line.pop();
        }
        match self.state {
            UuState::Before if line.starts_with(b"begin ") => self.state = UuState::Data,
            UuState::Data if line == b"end" => self.state = UuState::Ended,
            UuState::Data => Self::decode_line(&line, out),
            _ => {}
        }
        line.clear();
        self.line = line;
    }

    fn decode_line(line: &[u8], out: &mut Vec<u8>) {
        let bits = |at: usize| u32::from(line.get(at).copied().unwrap_or(b' ').wrapping_sub(b' ') & 0x3F);
        let Some(&length) = line.first() else { return };
        let length = usize::from(length.wrapping_sub(b' ') & 0x3F);
        let start = out.len();
        for at in (1..).step_by(4).take(length.div_ceil(3)) {
            let group = bits(at) << 18 | bits(at + 1) << 12 | bits(at + 2) << 6 | bits(at + 3);
            out.extend_from_slice(&group.to_be_bytes()[1..]);
        }
        out.truncate(start + length);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> bool {
        if !self.line.is_empty() {
            self.end_line(out);
        }
        self.state == UuState::Ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(name: &str, input: &[u8], step: usize) -> (Vec<u8>, bool) {
        let mut transfer = Transfer::named(name).unwrap();
        let mut out = Vec::new();
        for piece in input.chunks(step) {
            transfer.push(piece, &mut out);
        }
        let sound = transfer.finish(&mut out);
        (out, sound)
    }

    #[test]
    fn base64_skips_foreign_characters_and_stops_behind_the_padding() {
        assert_eq!(decode("base64", b"aGVs\r\nbG8=\r\n", 3), (b"hello".to_vec(), true));
        assert_eq!(decode("BASE64", b"aGVsbG8=\n____\nfooter text", 5).0, b"hello");
        assert_eq!(decode("base64", b"aG*Vs", 1), (b"hel".to_vec(), false));
        assert_eq!(decode("base64", b"aGVsbA", 4), (b"hell".to_vec(), false));
        assert_eq!(decode("base64", b"aGVsbG8gd29ybGQ=", 16).0, b"hello world");
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        assert_eq!(decode("quoted-printable", b"a=3Db=\r\nc=\nd=20\n", 1), (b"a=bcd \n".to_vec(), true));
        assert_eq!(decode("quoted-printable", b"x=zz=4y==", 2).0, b"x=zz=4y=");
        assert_eq!(decode("quoted-printable", b"end=4", 3).0, b"end=4");
    }

    #[test]
    fn uuencode_decodes_between_begin_and_end() {
        let text = b"junk\nbegin 644 cat.txt\n#0V%T\n`\nend\nmore\n";
        assert_eq!(decode("x-uuencode", text, 7), (b"Cat".to_vec(), true));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(input in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..9) {
            for name in ["base64", "quoted-printable", "uuencode"] {
                prop_assert_eq!(decode(name, &input, step), decode(name, &input, 500));
            }
        }
    }
}
