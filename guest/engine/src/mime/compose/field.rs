//! Header fields as bytes: folding, encoded words, addresses and parameters (RFC 5322 2.2.3, RFC 2047,
//! RFC 2231). Everything written is 7-bit, and no line is longer than [`LINE_LIMIT`].

use crate::mime::header::Mailbox;
use crate::properties::FileTime;
use encodify::{Fold, hex, rfc2047};

/// The longest line of a message, without its end (RFC 5322 2.1.1).
pub(super) const LINE_LIMIT: usize = 998;
/// Lines fold here if they can.
const FOLD_AT: usize = 76;
/// A word above this many bytes is cut into encoded words.
const WORD_LIMIT: usize = 900;
/// A longer parameter is cut into sections (RFC 2231 3).
const SECTION: usize = 50;

/// A header block under construction.
#[derive(Default)]
pub(super) struct Block(Vec<u8>);

impl Block {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The empty line behind the block.
    pub(super) fn end(&mut self) {
        self.0.extend_from_slice(b"\r\n");
    }

    /// A field of free text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        let mut line = Line::begin(&mut self.0, name);
        line.text(value);
        line.end();
    }

    /// A field of identifiers, numbers or dates, which have no encoded form: what is not printable ASCII is left out.
    pub(super) fn tokens(&mut self, name: &str, value: &str) {
        let value: String = value.chars().filter(|c| (' '..='~').contains(c) || *c == '\t').collect();
        let mut line = Line::begin(&mut self.0, name);
        for token in value.split_ascii_whitespace() {
            for piece in token.as_bytes().chunks(WORD_LIMIT) {
                line.atom(piece);
            }
        }
        line.end();
    }

    /// A date, in UTC.
    pub(super) fn date(&mut self, name: &str, time: FileTime) {
        self.tokens(name, &date(time));
    }

    /// A list of mailboxes. One whose address cannot stand in a header is shown as a group without members.
    pub(super) fn mailboxes(&mut self, name: &str, mailboxes: &[Mailbox]) {
        let mut line = Line::begin(&mut self.0, name);
        for (position, mailbox) in mailboxes.iter().enumerate() {
            let tail = if position + 1 < mailboxes.len() { "," } else { "" };
            let address = addr_spec(&mailbox.address);
            match address {
                Some(address) if mailbox.name.is_empty() || mailbox.name == mailbox.address => {
                    line.atom(format!("{address}{tail}").as_bytes());
                }
                Some(address) => {
                    line.phrase(&mailbox.name, "");
                    line.atom(format!("<{address}>{tail}").as_bytes());
                }
                None => {
                    let shown = match (mailbox.name.is_empty(), mailbox.address.is_empty()) {
                        (true, _) => mailbox.address.clone(),
                        (false, true) => mailbox.name.clone(),
                        (false, false) if mailbox.name == mailbox.address => mailbox.name.clone(),
                        (false, false) => format!("{} ({})", mailbox.name, mailbox.address),
                    };
                    line.phrase(&shown, &format!(":;{tail}"));
                }
            }
        }
        line.end();
    }

    /// A value with parameters, such as Content-Type. The value and the names are this engine's own or
    /// checked by the caller.
    pub(super) fn parameterised(&mut self, name: &str, value: &str, parameters: &[(&str, &str)]) {
        let mut line = Line::begin(&mut self.0, name);
        let tail = |rest: &[(&str, &str)]| if rest.is_empty() { "" } else { ";" };
        line.atom(format!("{value}{}", tail(parameters)).as_bytes());
        for (position, (key, value)) in parameters.iter().enumerate() {
            line.parameter(key, value, tail(&parameters[position + 1..]));
        }
        line.end();
    }

    /// A field as it was received; false, and nothing written, when it breaks the rules of this module.
    pub(super) fn as_received(&mut self, name: &str, raw: &[u8]) -> bool {
        let lines: Vec<&[u8]> = raw.split_inclusive(|byte| *byte == b'\n').map(crate::mime::header::trim_end).collect();
        let sound = |line: &[u8]| line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
        let first = name.len() + 1;
        let fits = lines.iter().enumerate().all(|(at, line)| line.len() + if at == 0 { first } else { 0 } <= LINE_LIMIT);
        // A continuation of blanks alone would end the header for some readers.
        let folded = lines
            .iter()
            .skip(1)
            .all(|line| line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) && !line.trim_ascii().is_empty());
        if !fits || !folded || !lines.iter().all(|line| sound(line)) {
            return false;
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b':');
        for line in lines {
            self.0.extend_from_slice(line);
            self.0.extend_from_slice(b"\r\n");
        }
        true
    }
}

/// The folding of one field.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
    /// Whether something but the field's name is on the line.
    begun: bool,
}

impl<'a> Line<'a> {
    fn begin(out: &'a mut Vec<u8>, name: &str) -> Self {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        Self { out, column: name.len() + 1, begun: false }
    }

    fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// The blank before the next word, folded when `length` more bytes do not fit.
    fn blank(&mut self, blank: &[u8], length: usize) {
        if self.begun && self.column + blank.len() + length > FOLD_AT {
            self.out.extend_from_slice(b"\r\n");
            self.column = 0;
        }
        self.out.extend_from_slice(blank);
        self.column += blank.len();
        self.begun = true;
    }

    /// A word that is not divided.
    fn atom(&mut self, atom: &[u8]) {
        self.blank(b" ", atom.len());
        self.out.extend_from_slice(atom);
        self.column += atom.len();
    }

    fn words(&mut self, text: &str, encoder: rfc2047::WordEncoder, tail: &str) {
        // Characters that no header holds are dropped rather than hidden in an encoded word.
        let text: String = text.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }).filter(|c| *c != '\0').collect();
        self.blank(b" ", 30);
        encoder.encode_words("utf-8", &text, &mut self.column, Fold::HEADER, self.out);
        self.out.extend_from_slice(tail.as_bytes());
        self.column += tail.len();
    }

    /// Free text: as it is if it can be, with its own blanks, else in encoded words.
    fn text(&mut self, value: &str) {
        if needs_encoding(value) {
            return self.words(value, shorter(value), "");
        }
        if value.is_empty() {
            self.out.push(b' ');
            return;
        }
        let mut rest = value;
        let mut blank = " ".to_owned();
        while !rest.is_empty() {
            let end = rest.find([' ', '\t']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            self.blank(blank.as_bytes(), word.len());
            self.out.extend_from_slice(word.as_bytes());
            self.column += word.len();
            let next = behind.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(behind.len());
            blank = behind[..next].to_owned();
            rest = &behind[next..];
        }
    }

    /// A display name: quoted, or in encoded words.
    fn phrase(&mut self, name: &str, tail: &str) {
        if needs_encoding(name) || name.len() > FOLD_AT {
            return self.words(name, rfc2047::Q_PHRASE, tail);
        }
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~ ".contains(&byte));
        if plain && !name.contains("  ") {
            for (position, word) in name.split(' ').enumerate() {
                let last = position == name.matches(' ').count();
                self.atom(if last { format!("{word}{tail}") } else { word.to_owned() }.as_bytes());
            }
            return;
        }
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        self.atom(format!("\"{quoted}\"{tail}").as_bytes());
    }

    fn parameter(&mut self, key: &str, value: &str, tail: &str) {
        let ascii = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if ascii && value.len() <= FOLD_AT {
            let token = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&+-.^_`{|}~".contains(&b));
            let quoted =
                if token { value.to_owned() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) };
            return self.atom(format!("{key}={quoted}{tail}").as_bytes());
        }
        let encoded = hex::PERCENT.encode(value);
        if encoded.len() <= SECTION {
            return self.atom(format!("{key}*=utf-8''{encoded}{tail}").as_bytes());
        }
        // Some readers decode each section on its own: characters are not cut apart.
        let mut sections = vec![String::new()];
        for character in value.chars() {
            let next = hex::PERCENT.encode(character.encode_utf8(&mut [0; 4]));
            match sections.last_mut() {
                Some(last) if last.len() + next.len() <= SECTION => last.push_str(&next),
                _ => sections.push(next),
            }
        }
        for (number, piece) in sections.iter().enumerate() {
            let charset = if number == 0 { "utf-8''" } else { "" };
            let tail = if number + 1 == sections.len() { tail } else { ";" };
            self.atom(format!("{key}*{number}*={charset}{piece}{tail}").as_bytes());
        }
    }
}

/// Whether a text cannot stand in a header as it is.
fn needs_encoding(text: &str) -> bool {
    text.bytes().any(|byte| !matches!(byte, b'\t' | b' '..=b'~'))
        || text.contains("=?")
        || text.starts_with([' ', '\t'])
        || text.ends_with([' ', '\t'])
        || text.split([' ', '\t']).any(|word| word.len() > WORD_LIMIT)
        || text.split(|c| !matches!(c, ' ' | '\t')).any(|blank| blank.len() > WORD_LIMIT)
}

/// The encoding of words that is shorter for a text.
fn shorter(text: &str) -> rfc2047::WordEncoder {
    if rfc2047::Q_TEXT.payload_len(text) <= rfc2047::B.payload_len(text) { rfc2047::Q_TEXT } else { rfc2047::B }
}

/// An address that can stand in a header: printable ASCII around an `@`, nothing that would end it.
fn addr_spec(address: &str) -> Option<&str> {
    if address.len() > WORD_LIMIT || !address.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let (local, domain) = address.rsplit_once('@')?;
    let quoted =
        local.len() > 1 && local.starts_with('"') && local.ends_with('"') && !local[1..local.len() - 1].contains(['"', '\\']);
    let plain = |part: &str, also: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && (!"()<>,;:\\\"[]@".contains(c) || also.contains(c)))
    };
    ((quoted || plain(local, "")) && plain(domain, "[]:")).then_some(address)
}

/// A date as RFC 5322 3.3 writes it, in UTC.
pub(super) fn date(time: FileTime) -> String {
    mail_parser::DateTime::from_timestamp(time.unix_seconds().min(253_402_300_799)).to_rfc822()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::Oddities;
    use crate::mime::header::Header;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Block)) -> String {
        let mut block = Block::default();
        write(&mut block);
        let text = String::from_utf8(block.into_bytes()).unwrap();
        for line in text.split("\r\n") {
            assert!(line.len() <= LINE_LIMIT && line.is_ascii() && !line.contains(['\r', '\n', '\0']), "{line:?}");
        }
        text
    }

    fn parsed(text: &str) -> Header {
        let mut header = Header::default();
        for line in text.split_inclusive('\n') {
            header.push(line.as_bytes());
        }
        header
    }

    fn mailbox(name: &str, address: &str) -> Mailbox {
        Mailbox { name: name.into(), address: address.into() }
    }

    #[test]
    fn text_folds_at_its_own_blanks_and_is_encoded_when_it_must_be() {
        assert_eq!(written(|block| block.text("Subject", "plain")), "Subject: plain\r\n");
        assert_eq!(written(|block| block.text("Subject", "")), "Subject: \r\n");
        assert_eq!(written(|block| block.text("Subject", "é")), "Subject: =?utf-8?B?w6k=?=\r\n");
        assert!(!written(|block| block.text("Subject", "=?utf-8?Q?x?=")).contains("?x?"));
        let long = written(|block| block.text("Subject", &"word  ".repeat(40)[..238]));
        assert!(long.lines().all(|line| line.len() <= FOLD_AT), "{long}");
    }

    #[test]
    fn nothing_in_a_value_begins_another_field() {
        let evil = "x\r\nBcc: a@b";
        for text in [
            written(|block| block.text("Subject", evil)),
            written(|block| block.tokens("Message-ID", evil)),
            written(|block| block.mailboxes("To", &[mailbox(evil, evil)])),
            written(|block| block.parameterised("Content-Type", "a/b", &[("name", evil)])),
        ] {
            assert_eq!(parsed(&text).fields().count(), 1, "{text}");
        }
    }

    #[test]
    fn an_address_no_header_can_hold_is_shown_without_being_one() {
        assert_eq!(written(|block| block.mailboxes("To", &[mailbox("Fax", "123")])), "To: \"Fax (123)\":;\r\n");
        let two = written(|block| block.mailboxes("To", &[mailbox("a@b>, <c@d", "a@b>, <c@d")]));
        assert_eq!(parsed(&two).mailboxes("to", &mut Oddities::default()), []);
    }

    #[test]
    fn file_names_use_rfc_2231_when_they_are_long_or_not_ascii() {
        let name = "Jahresabschluß ".repeat(10);
        let text = written(|block| block.parameterised("Content-Type", "a/b", &[("name", &name), ("x", "y z")]));
        assert!(text.contains("name*0*=utf-8''"), "{text}");
        let kind = parsed(&text).parameterised("content-type").unwrap();
        assert_eq!((kind.parameter("name"), kind.parameter("x")), (Some(name.as_str()), Some("y z")));
    }

    #[test]
    fn a_field_as_received_is_kept_only_when_it_is_sound() {
        let kept = |raw: &[u8]| Block::default().as_received("X-A", raw);
        assert!(kept(b" one\n\ttwo\r\n"));
        assert!(!kept(b" \xE9\n"));
        assert!(!kept(b" one\n  \n"));
        assert!(!kept(" x".repeat(600).as_bytes()));
    }

    proptest! {
        #[test]
        fn text_reads_back(value in "[ -~\u{e9}\u{4e00}\t]{0,300}") {
            let value = value.trim();
            let text = written(|block| block.text("Subject", value));
            prop_assert_eq!(parsed(&text).text("subject", &mut Oddities::default()).unwrap(), value);
        }

        #[test]
        fn mailboxes_read_back(
            names in proptest::collection::vec("[A-Za-z\u{e9} .,\"()\\\\@-]{0,60}", 1..6),
        ) {
            let boxes: Vec<Mailbox> = names.iter().map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).enumerate()
                .map(|(at, name)| { let address = format!("u{at}@x.example"); mailbox(if name.is_empty() { &address } else { &name }, &address) })
                .collect();
            let text = written(|block| block.mailboxes("To", &boxes));
            prop_assert_eq!(parsed(&text).mailboxes("to", &mut Oddities::default()), boxes);
        }

        #[test]
        fn garbage_stays_within_its_field(value in "\\PC{0,40}|[\\x00-\\x7f]{0,60}|[a-z]{1500}") {
            for text in [
                written(|block| block.text("A", &value)),
                written(|block| block.tokens("A", &value)),
                written(|block| block.mailboxes("A", &[mailbox(&value, &value), mailbox("x", &value)])),
                written(|block| block.parameterised("A", "a/b", &[("k", &value)])),
            ] {
                prop_assert_eq!(parsed(&text).fields().count(), 1);
            }
        }
    }
}
