//! RTF bodies: the container of `PR_RTF_COMPRESSED`, and the HTML or plain text inside (`messages` 5).

use encoding_rs::{Encoding, WINDOWS_1252};

/// `LZFu`: compressed.
const COMPRESSED: u32 = 0x7546_5A4C;
/// `MELA`: as it is.
const RAW: u32 = 0x414C_454D;
/// The largest RTF looked into, in bytes.
const LIMIT: usize = 64 << 20;
/// Groups nested deeper than this are read as one.
const DEPTH: usize = 1000;

const DICTIONARY: usize = 4096;
const PRESET: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The RTF in a container; `None` when it is damaged.
#[must_use]
pub fn decompress(container: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u32::from_le_bytes(*container.get(at..)?.first_chunk::<4>()?));
    let (size, plain_size, magic, crc) = (word(0)? as usize, word(4)? as usize, word(8)?, word(12)?);
    let end = size.checked_add(4)?;
    let data = container.get(16..end)?;
    if plain_size > LIMIT {
        return None;
    }
    match magic {
        RAW => Some(data.get(..plain_size)?.to_vec()),
        COMPRESSED if checksum(data) == crc => expand(data, plain_size),
        _ => None,
    }
}

/// Reflected CRC-32 that begins with 0 and is not inverted at the end.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

fn expand(data: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut dictionary = [0; DICTIONARY];
    dictionary[..PRESET.len()].copy_from_slice(PRESET);
    let mut position = PRESET.len();
    let mut out = Vec::with_capacity(size.min(data.len() * 18));
    let mut bytes = data.iter().copied();
    while let Some(control) = bytes.next() {
        for bit in 0..8 {
            let mut emit = |byte: u8, out: &mut Vec<u8>| {
                out.push(byte);
                dictionary[position] = byte;
                position = (position + 1) % DICTIONARY;
            };
            if control >> bit & 1 == 0 {
                let Some(byte) = bytes.next() else { return Some(out) };
                emit(byte, &mut out);
                continue;
            }
            let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else { return Some(out) };
            let reference = usize::from(high) << 8 | usize::from(low);
            let (offset, length) = (reference >> 4, (reference & 15) + 2);
            if offset == position {
                return Some(out);
            }
            for at in 0..length {
                let byte = dictionary[(offset + at) % DICTIONARY];
                out.push(byte);
                dictionary[position] = byte;
                position = (position + 1) % DICTIONARY;
            }
            if out.len() > LIMIT {
                return None;
            }
        }
    }
    Some(out)
}

/// What RTF says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RtfContent {
    /// HTML that was wrapped in it (`\fromhtml1`).
    Html(String),
    /// Its text, without formatting.
    Text(String),
}

/// The HTML or text in RTF.
#[must_use]
pub fn content(rtf: &[u8]) -> RtfContent {
    let mut reader = Reader {
        rtf,
        at: 0,
        group: Group::default(),
        outer: Vec::new(),
        too_deep: 0,
        html: false,
        encoding: WINDOWS_1252,
        pending: Vec::new(),
        skip: 0,
        out: String::new(),
    };
    reader.read();
    reader.flush();
    if reader.html { RtfContent::Html(reader.out) } else { RtfContent::Text(reader.out) }
}

/// What holds inside a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// Its text is not shown.
    hidden: bool,
    /// Between `\htmlrtf` and `\htmlrtf0`.
    html_rtf: bool,
    /// Characters that stand in for one written by `\u`.
    fallback: usize,
}

impl Default for Group {
    fn default() -> Self {
        Self { hidden: false, html_rtf: false, fallback: 1 }
    }
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
    group: Group,
    outer: Vec<Group>,
    too_deep: usize,
    html: bool,
    encoding: &'static Encoding,
    /// Bytes in the code page, not decoded yet: characters may take several.
    pending: Vec<u8>,
    /// Stand-ins still to be passed over.
    skip: usize,
    out: String,
}

/// Groups whose content is no text of the document.
const DESTINATIONS: &[&str] =
    &["fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "footer", "object", "themedata", "generator"];

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(&byte) = self.rtf.get(self.at) {
            self.at += 1;
            match byte {
                b'{' if self.outer.len() >= DEPTH => self.too_deep += 1,
                b'{' => self.outer.push(self.group),
                b'}' if self.too_deep > 0 => self.too_deep -= 1,
                b'}' => {
                    self.flush();
                    self.group = self.outer.pop().unwrap_or_default();
                    self.skip = 0;
                }
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => {}
                byte => self.byte(byte),
            }
        }
    }

    fn control(&mut self) {
        let Some(&byte) = self.rtf.get(self.at) else { return };
        if !byte.is_ascii_alphabetic() {
            self.at += 1;
            return self.symbol(byte);
        }
        let rest = &self.rtf[self.at..];
        let name_length = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = core::str::from_utf8(&rest[..name_length]).unwrap_or_default();
        let number_length = rest[name_length..]
            .iter()
            .take(11)
            .enumerate()
            .take_while(|(at, b)| b.is_ascii_digit() || (*at == 0 && **b == b'-'))
            .count();
        let number =
            core::str::from_utf8(&rest[name_length..name_length + number_length]).ok().and_then(|text| text.parse::<i32>().ok());
        self.at += name_length + number_length;
        if self.rtf.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        self.word(name, number);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\'' => {
                let digits = self.rtf.get(self.at..self.at + 2).and_then(|digits| core::str::from_utf8(digits).ok());
                if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    self.at += 2;
                    self.byte(byte);
                }
            }
            b'*' => {
                // HTML is the one ignorable destination that is read.
                let is_html = self.rtf[self.at..].trim_ascii_start().starts_with(b"\\htmltag");
                self.group.hidden |= !is_html;
                if is_html && self.html {
                    self.group.html_rtf = false;
                }
            }
            b'~' => self.text("\u{a0}"),
            b'_' => self.text("-"),
            b'\\' | b'{' | b'}' => self.byte(symbol),
            b'\r' | b'\n' => self.text("\r\n"),
            _ => {}
        }
    }

    fn word(&mut self, name: &str, number: Option<i32>) {
        match name {
            "fromhtml" => self.html = number != Some(0),
            "htmlrtf" => {
                self.flush();
                self.group.html_rtf = number != Some(0);
            }
            "ansicpg" => {
                let encoding = number.and_then(crate::messages::html::encoding_of_code_page);
                self.encoding = encoding.unwrap_or(self.encoding);
            }
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            "u" => {
                let unit = number.unwrap_or(0).rem_euclid(0x1_0000);
                let character = u32::try_from(unit).ok().and_then(char::from_u32);
                self.unit(unit, character);
            }
            "par" | "line" | "sect" | "page" | "row" => self.text("\r\n"),
            "tab" | "cell" => self.text("\t"),
            "lquote" => self.text("\u{2018}"),
            "rquote" => self.text("\u{2019}"),
            "ldblquote" => self.text("\u{201c}"),
            "rdblquote" => self.text("\u{201d}"),
            "bullet" => self.text("\u{2022}"),
            "endash" => self.text("\u{2013}"),
            "emdash" => self.text("\u{2014}"),
            "bin" => self.at = self.at.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0)),
            _ if DESTINATIONS.contains(&name) => self.group.hidden = true,
            _ => {}
        }
    }

    fn is_shown(&self) -> bool {
        !(self.group.hidden || self.html && self.group.html_rtf)
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            self.pending.push(byte);
        }
    }

    fn text(&mut self, text: &str) {
        self.flush();
        if self.is_shown() {
            self.out.push_str(text);
        }
    }

    /// A UTF-16 unit; the halves of a pair follow each other.
    fn unit(&mut self, unit: i32, character: Option<char>) {
        self.flush();
        self.skip = self.group.fallback;
        if !self.is_shown() {
            return;
        }
        match character {
            Some(character) => self.out.push(character),
            None if unit < 0xDC00 => {
                // Half of a pair: the other half is the next control word.
                let rest = &self.rtf[self.at.min(self.rtf.len())..];
                let behind = rest.iter().take(self.skip + 4).position(|byte| *byte == b'\\').map(|at| &rest[at..]);
                let low = behind.and_then(|rest| rest.strip_prefix(b"\\u")).and_then(|rest| {
                    let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'-')?;
                    core::str::from_utf8(&rest[..end]).ok()?.parse::<i32>().ok()
                });
                let pair = low.and_then(|low| {
                    let units = [u16::try_from(unit).ok()?, u16::try_from(low.rem_euclid(0x1_0000)).ok()?];
                    char::decode_utf16(units).next()?.ok()
                });
                self.out.extend(pair);
            }
            None => {}
        }
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.out.push_str(&self.encoding.decode_without_bom_handling(&self.pending).0);
            self.pending.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(rtf: &str) -> String {
        match content(rtf.as_bytes()) {
            RtfContent::Text(text) => text,
            RtfContent::Html(html) => panic!("HTML: {html}"),
        }
    }

    #[test]
    fn the_published_containers_are_expanded() {
        let compressed = [
            0x2D, 0, 0, 0, 0x2B, 0, 0, 0, 0x4C, 0x5A, 0x46, 0x75, 0xF1, 0xC5, 0xC7, 0xA7, 0x03, 0, 0x0A, 0, 0x72, 0x63, 0x70,
            0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0A, 0xF3, 0x20, 0x68, 0x65, 0x6C, 0x09, 0, 0x20, 0x62, 0x77, 0x05, 0xB0, 0x6C,
            0x64, 0x7D, 0x0A, 0x80, 0x0F, 0xA0,
        ];
        assert_eq!(decompress(&compressed).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let mut damaged = compressed;
        damaged[30] ^= 1;
        assert_eq!(decompress(&damaged), None);
    }

    #[test]
    fn text_is_told_without_its_formatting() {
        assert_eq!(text("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 one\\par two\\tab \\{x\\}}"), "one\r\ntwo\t{x}");
        assert_eq!(text("{\\rtf1\\ansicpg1251 \\'cf\\u8364?\\uc2\\u233\\'e9x}"), "П€é");
        assert_eq!(text("{\\rtf1{\\*\\generator hidden}\\u-10179?\\u-8704? shown}"), "\u{1f600} shown");
    }

    #[test]
    fn html_is_unwrapped() {
        let rtf = b"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf \\par\\htmlrtf0 a &amp; b{\\*\\htmltag72 </p>}}";
        assert_eq!(content(rtf), RtfContent::Html("<p>a &amp; b</p>".into()));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), rtf in "[\\\\{}a-z0-9'*u -]{0,80}") {
            let _ = decompress(&bytes);
            let mut container = vec![0; 16];
            container[..4].copy_from_slice(&u32::try_from(bytes.len() + 12).unwrap().to_le_bytes());
            container[4] = 200;
            container[8..12].copy_from_slice(&COMPRESSED.to_le_bytes());
            container[12..16].copy_from_slice(&checksum(&bytes).to_le_bytes());
            container.extend(&bytes);
            let _ = decompress(&container);
            let _ = content(rtf.as_bytes());
            let _ = content(&bytes);
        }
    }
}
