//! The header block of a message or part (RFC 5322 2.2): its fields, unfolded and typed on demand.
//!
//! A line that is neither a field nor a continuation ends the block and begins the body, as does an empty
//! one; an envelope line (`From `) and a field without a name are skipped. A field's first occurrence
//! counts. Typed values are the mail library's; text, and the bytes it is made of, are decoded here.

use crate::mime::charset::raw_text;
use crate::mime::words;
use crate::mime::{Oddities, Oddity};
use crate::properties::FileTime;
use core::ops::Range;
use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderValue};

/// The most of a header block that is kept, in bytes.
pub(super) const BLOCK_LIMIT: usize = 1 << 20;
/// The most of one structured MIME field that is parsed, in bytes.
const STRUCTURED_LIMIT: usize = 16 << 10;

#[derive(Debug)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

/// A header block, read line by line.
#[derive(Debug, Default)]
pub(super) struct Header {
    block: Vec<u8>,
    fields: Vec<Field>,
    lines: usize,
    truncated: bool,
}

/// What a line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Part of the block.
    Taken,
    /// The empty line behind the block.
    End,
    /// The first line of the body: the empty line is missing.
    Body,
}

/// Content-Type or Content-Disposition.
#[derive(Debug, Default)]
pub(super) struct Parameterised {
    /// In lower case, such as `text/plain` or `attachment`.
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl Parameterised {
    /// The first parameter of that name (lower case).
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Parameterised {
    /// That value without parameters.
    pub(super) fn named(value: &str) -> Self {
        Self { value: value.to_owned(), parameters: Vec::new() }
    }

    /// Another value with the same parameters.
    pub(super) fn renamed(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }
}

/// A mailbox of an address field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// The display name; the address if there is none.
    pub(super) name: String,
    /// `local@domain`, or whatever stood in its place.
    pub(super) address: String,
}

impl Header {
    /// Takes the next line with its end. `complete` is false for a line cut at [`BLOCK_LIMIT`].
    pub(super) fn push(&mut self, line: &[u8]) -> Line {
        self.lines += 1;
        let content = trim_end(line);
        if content.is_empty() {
            return Line::End;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let start = self.block.len();
            if self.keep(line)
                && let Some(field) = self.fields.last_mut()
                && field.value.end == start
            {
                field.value.end = self.block.len();
            }
            return Line::Taken;
        }
        if line.starts_with(b"From ") {
            return Line::Taken;
        }
        let name = line.iter().position(|byte| !matches!(byte, 33..=57 | 59..=126));
        let Some(colon) = name.filter(|at| line[*at] == b':') else { return Line::Body };
        let start = self.block.len();
        if self.keep(line) && colon > 0 {
            self.fields.push(Field { name: start..start + colon, value: start + colon + 1..self.block.len() });
        }
        Line::Taken
    }

    fn keep(&mut self, line: &[u8]) -> bool {
        self.truncated |= self.block.len() + line.len() > BLOCK_LIMIT;
        if !self.truncated {
            self.block.extend_from_slice(line);
        }
        !self.truncated
    }

    /// Whether the block was too large to be kept whole.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Notes that a line was cut.
    pub(super) fn truncate(&mut self) {
        self.truncated = true;
    }

    /// Whether no line was taken yet.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The block as received, without the empty line.
    pub(super) fn block(&self) -> &[u8] {
        &self.block
    }

    /// All fields, in order: name as written, raw value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| {
            // Names are ASCII by the rule of `push`.
            (core::str::from_utf8(&self.block[field.name.clone()]).unwrap_or_default(), &self.block[field.value.clone()])
        })
    }

    /// The raw value of the first field of that name.
    pub(super) fn raw(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|field| self.block[field.name.clone()].eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| &self.block[field.value.clone()])
    }

    /// The unfolded, trimmed value of the first field of that name; encoded words stay.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.raw(name).map(unfold)
    }

    /// The text of the first field of that name, encoded words decoded.
    pub(super) fn text(&self, name: &str, oddities: &mut Oddities) -> Option<String> {
        self.raw(name).map(|raw| text_of(raw, oddities))
    }

    /// The mailboxes of every field of that name; groups are expanded to their members.
    pub(super) fn mailboxes(&self, name: &str, oddities: &mut Oddities) -> Vec<Mailbox> {
        let mut mailboxes = Vec::new();
        for (field, raw) in self.fields() {
            if field.eq_ignore_ascii_case(name) {
                parse_mailboxes(raw, &mut mailboxes, oddities);
            }
        }
        mailboxes
    }

    /// The time of the first date field of that name.
    pub(super) fn date(&self, name: &str) -> Option<Result<FileTime, ()>> {
        self.raw(name).map(|raw| parse_date(&unfold(raw)).ok_or(()))
    }

    /// Content-Type or Content-Disposition.
    pub(super) fn parameterised(&self, name: &str) -> Option<Parameterised> {
        let raw = self.raw(name)?;
        let mut text = unfold(&raw[..raw.len().min(STRUCTURED_LIMIT)]);
        text.push('\n');
        let HeaderValue::ContentType(parsed) = MessageStream::new(text.as_bytes()).parse_content_type() else {
            return Some(Parameterised::default());
        };
        let mut value = parsed.c_type.trim().to_ascii_lowercase();
        if let Some(subtype) = &parsed.c_subtype {
            value = format!("{value}/{}", subtype.trim().to_ascii_lowercase());
        }
        let parameters = parsed
            .attributes
            .unwrap_or_default()
            .into_iter()
            .map(|attribute| (attribute.name.to_ascii_lowercase(), attribute.value.into_owned()))
            .collect();
        Some(Parameterised { value, parameters })
    }
}

/// A line without its end.
pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Removes the line ends of a folded value and trims it.
pub(super) fn unfold(raw: &[u8]) -> String {
    let mut text = raw_text(raw);
    if text.contains(['\r', '\n']) {
        text.retain(|character| !matches!(character, '\r' | '\n'));
    }
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

/// The text of a raw value: unfolded, encoded words decoded.
pub(super) fn text_of(raw: &[u8], oddities: &mut Oddities) -> String {
    note_raw_bytes(raw, oddities);
    let value = unfold(raw);
    if !value.contains("=?") {
        return value;
    }
    let decoded = words::decode(&value);
    if let Some(charset) = decoded.unknown_charset {
        oddities.add(Oddity::UnknownCharset(charset));
    }
    decoded.text
}

fn note_raw_bytes(raw: &[u8], oddities: &mut Oddities) {
    if !raw.is_ascii() {
        oddities.add(Oddity::RawEightBitHeader);
    }
}

fn parse_mailboxes(raw: &[u8], mailboxes: &mut Vec<Mailbox>, oddities: &mut Oddities) {
    note_raw_bytes(raw, oddities);
    let mut value = unfold(raw);
    if value.contains("=?") {
        value = words::join_runs(&value);
    }
    value.push('\n');
    let HeaderValue::Address(parsed) = MessageStream::new(value.as_bytes()).parse_address() else { return };
    let mut add = |name: Option<&str>, address: Option<&str>| {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
        let (name, address) = (clean(name.unwrap_or_default()), clean(address.unwrap_or_default()));
        if address.is_empty() {
            oddities.add(Oddity::BadAddress);
        }
        if !(name.is_empty() && address.is_empty()) {
            mailboxes.push(Mailbox { name: if name.is_empty() { address.clone() } else { name }, address });
        }
    };
    match &parsed {
        Address::List(list) => list.iter().for_each(|one| add(one.name(), one.address())),
        Address::Group(groups) => {
            groups.iter().flat_map(|group| &group.addresses).for_each(|one| add(one.name(), one.address()));
        }
    }
}

/// The time of a date; `None` when it is none.
pub(super) fn parse_date(value: &str) -> Option<FileTime> {
    let date = mail_parser::DateTime::parse_rfc822(value)?;
    date.is_valid().then(|| FileTime::from_unix(date.to_timestamp(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(text: &str) -> Header {
        let mut header = Header::default();
        for line in text.split_inclusive('\n') {
            assert_eq!(header.push(line.as_bytes()), Line::Taken, "{line}");
        }
        header
    }

    fn mailbox(name: &str, address: &str) -> Mailbox {
        Mailbox { name: name.into(), address: address.into() }
    }

    #[test]
    fn folded_fields_are_joined_by_what_followed_the_line_end() {
        let header = header("Subject: one\r\n\ttwo\r\n three\r\nX: y\r\n");
        assert_eq!(header.value("subject").unwrap(), "one\ttwo three");
        assert_eq!(header.value("x").unwrap(), "y");
        assert_eq!(header.block(), b"Subject: one\r\n\ttwo\r\n three\r\nX: y\r\n");
    }

    #[test]
    fn a_line_that_is_no_field_begins_the_body() {
        let mut header = header("From a Mon\nA: b\n: nameless\n");
        assert_eq!(header.push(b"no field\n"), Line::Body);
        assert_eq!(header.push(b"Sub ject: x\n"), Line::Body);
        assert_eq!(header.push(b"\r\n"), Line::End);
        assert_eq!(header.fields().count(), 1);
    }

    #[test]
    fn addresses_have_names_groups_and_comments() {
        let mut oddities = Oddities::default();
        let header = header(
            "To: \"Doe, J\" <j@x>, k@y (Kay), G: a@b, \"c\" <c@d>;,\r\n =?utf-8?Q?=C3?= =?utf-8?Q?=A9?= <e@f>\r\nTo: z@z\r\n",
        );
        assert_eq!(
            header.mailboxes("to", &mut oddities),
            [
                mailbox("Doe, J", "j@x"),
                mailbox("Kay", "k@y"),
                mailbox("a@b", "a@b"),
                mailbox("c", "c@d"),
                mailbox("é", "e@f"),
                mailbox("z@z", "z@z")
            ]
        );
    }

    #[test]
    fn parameters_are_decoded() {
        let header = header("Content-Type: Text/Plain;\r\n charset=\"UTF-8\"; name*0*=utf-8''%e2%82%ac%20;\r\n name*1=rates\r\n");
        let kind = header.parameterised("content-type").unwrap();
        assert_eq!(kind.value, "text/plain");
        assert_eq!(kind.parameter("charset"), Some("UTF-8"));
        assert_eq!(kind.parameter("name"), Some("€ rates"));
    }

    #[test]
    fn dates_become_file_times() {
        let time = parse_date("Sat, 27 Apr 2019 00:57:56 +0300").unwrap();
        assert_eq!(time.unix_seconds(), 1_556_315_876);
        assert_eq!(parse_date("nonsense"), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(value in proptest::collection::vec(any::<u8>(), 0..120)) {
            let mut oddities = Oddities::default();
            let mut header = Header::default();
            header.push(&[b"To:", value.as_slice(), b"\n"].concat());
            let _ = header.mailboxes("to", &mut oddities);
            let _ = header.parameterised("to");
            let _ = header.text("to", &mut oddities);
            let _ = header.date("to");
        }

        #[test]
        fn structured_garbage_never_panics(value in "[a-z=?*;:,<>()\"'\\\\@%0-9 \t\r\n/-]{0,80}") {
            let mut oddities = Oddities::default();
            let mut header = Header::default();
            header.push(format!("To:{value}\n").as_bytes());
            let _ = header.mailboxes("to", &mut oddities);
            let _ = header.parameterised("to");
            let _ = header.date("to");
        }
    }
}
