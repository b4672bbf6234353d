//! Whole messages through the reader (`messages` 10).

use super::*;
use crate::backend::{NamedProperty, PropertyName, StoredValue};
use crate::error::Result;
use crate::messages::Draft;
use crate::properties::{PropType, Value, tags};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A store that remembers what is staged and names.
#[derive(Default)]
struct Shelf {
    staged: RefCell<BTreeMap<u64, Vec<u8>>>,
    names: RefCell<Vec<NamedProperty>>,
    largest: RefCell<usize>,
    /// Counts bytes instead of keeping them.
    forget: bool,
}

impl Destination for Shelf {
    fn stage(&self) -> Result<u64> {
        let mut staged = self.staged.borrow_mut();
        let number = staged.last_key_value().map_or(1, |(last, _)| last + 1);
        staged.insert(number, Vec::new());
        Ok(number)
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        let mut largest = self.largest.borrow_mut();
        *largest = (*largest).max(bytes.len());
        if !self.forget {
            self.staged.borrow_mut().get_mut(&staged).unwrap().extend_from_slice(bytes);
        }
        Ok(())
    }

    fn discard(&self, staged: u64) {
        self.staged.borrow_mut().remove(&staged);
    }

    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
        let mut known = self.names.borrow_mut();
        Ok(names
            .iter()
            .map(|name| {
                let at = known.iter().position(|known| known == name).unwrap_or_else(|| {
                    known.push(name.clone());
                    known.len() - 1
                });
                u16::try_from(0x8001 + at).ok()
            })
            .collect())
    }
}

fn read_in(shelf: &Rc<Shelf>, message: &[u8], step: usize) -> Parsed {
    let options = ReadOptions { keep_original: false, ..ReadOptions::default() };
    let mut reader = Reader::new(shelf.clone(), options);
    for piece in message.chunks(step.max(1)) {
        reader.write(piece).unwrap();
    }
    reader.finish().unwrap()
}

fn read(message: &str) -> Parsed {
    let message = message.replace('\n', "\r\n");
    let whole = read_in(&Rc::new(Shelf::default()), message.as_bytes(), usize::MAX);
    for step in [1, 2, 3, 7] {
        let pieces = read_in(&Rc::new(Shelf::default()), message.as_bytes(), step);
        assert_eq!(pieces.draft, whole.draft, "pieces of {step}");
        assert_eq!(pieces.oddities, whole.oddities, "pieces of {step}");
    }
    whole
}

fn body(draft: &Draft) -> &str {
    draft.properties.text(tags::BODY).unwrap_or_default()
}

fn data(attachment: &crate::messages::DraftAttachment) -> &[u8] {
    attachment.properties.bytes(tags::ATTACH_DATA_BIN).unwrap()
}

fn names(draft: &Draft) -> Vec<&str> {
    draft.attachments.iter().map(|one| one.properties.text(tags::ATTACH_LONG_FILENAME).unwrap_or_default()).collect()
}

fn has(parsed: &Parsed, oddity: &Oddity) -> bool {
    parsed.oddities.iter().any(|one| one == oddity)
}

const HEADER: &str = "From: A <a@b>\nDate: Sat, 27 Apr 2019 00:57:56 +0300\nMessage-ID: <m@x>\nMIME-Version: 1.0\n";

#[test]
fn a_plain_message_becomes_properties_and_recipients() {
    let parsed = read(&format!(
        "Received: from x by y;\n Fri, 26 Apr 2019 21:58:14 +0000 (UTC)\n{HEADER}To: B <b@c>, c@d\nCc: E <e@f>\nSender: S <s@t>\n\
         Reply-To: R <r@s>\nSubject: =?utf-8?Q?=C3=A9?= x\nIn-Reply-To: <p@x>\nReferences: <o@x>\n <p@x>\nX-Priority: 1 (Highest)\n\
         Sensitivity: Private\nX-Mailer: M\nKeywords: a, b\n\nHello\nWorld\n"
    ));
    let draft = &parsed.draft;
    let text = |tag| draft.properties.text(tag).unwrap_or_default();
    assert_eq!(text(tags::SUBJECT), "é x");
    assert_eq!(text(tags::SENT_REPRESENTING_NAME), "A");
    assert_eq!(text(tags::SENDER_EMAIL_ADDRESS), "s@t");
    assert_eq!(draft.properties.bytes(tags::SENDER_SEARCH_KEY), Some(&b"SMTP:S@T\0"[..]));
    assert_eq!(text(tags::INTERNET_MESSAGE_ID), "<m@x>");
    assert_eq!(text(tags::INTERNET_REFERENCES), "<o@x> <p@x>");
    assert_eq!(text(tags::REPLY_RECIPIENT_NAMES), "R");
    assert_eq!(draft.properties.long(tags::IMPORTANCE), Some(2));
    assert_eq!(draft.properties.long(tags::PRIORITY), Some(1));
    assert_eq!(draft.properties.long(tags::SENSITIVITY), Some(2));
    assert_eq!(body(draft), "Hello\r\nWorld\r\n");
    let rows: Vec<_> =
        draft.recipients.iter().map(|row| (row.long(tags::RECIPIENT_TYPE), row.text(tags::DISPLAY_NAME))).collect();
    assert_eq!(rows, [(Some(1), Some("B")), (Some(1), Some("c@d")), (Some(2), Some("E"))]);
    let time = |tag| match draft.properties.get(tag) {
        Some(Value::SysTime(time)) => time.unix_seconds(),
        other => panic!("{other:?}"),
    };
    assert_eq!(time(tags::CLIENT_SUBMIT_TIME), 1_556_315_876);
    assert_eq!(time(tags::MESSAGE_DELIVERY_TIME), 1_556_315_894);
    assert!(text(tags::TRANSPORT_MESSAGE_HEADERS).starts_with("Received: from x by y;\r\n Fri"));
    assert!(parsed.oddities.is_empty(), "{:?}", parsed.oddities);
}

#[test]
fn unknown_fields_are_named_and_repeated_ones_joined() {
    let shelf = Rc::new(Shelf::default());
    let message = format!("{HEADER}X-One: a\nReceived: x\nx-one: b\nKeywords: k, l\n\n");
    let draft = read_in(&shelf, message.as_bytes(), 5).draft;
    let names = shelf.names.borrow();
    let named: Vec<_> = draft
        .properties
        .iter()
        .filter(|(tag, _)| tag.id() > 0x8000)
        .map(|(tag, value)| (names[usize::from(tag.id() - 0x8001)].name.clone(), value.clone()))
        .collect();
    assert_eq!(
        named,
        [
            (PropertyName::Text("x-one".into()), StoredValue::Inline(Value::Unicode("a\r\nb".into()))),
            (PropertyName::Text("Keywords".into()), StoredValue::Inline(Value::MvUnicode(vec!["k".into(), "l".into()]))),
        ]
    );
}

#[test]
fn the_bodies_of_an_alternative_are_taken_and_a_footer_attached() {
    let parsed = read(&format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=out\n\npreamble\n--out\nContent-Type: multipart/alternative; boundary=\"in\"\n\n\
         --in\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nw6kK\n--in\nContent-Type: text/html\n\n<p>e\n\
         --in\nContent-Type: text/calendar\n\ndropped\n--in--\n\n--out\nContent-Type: text/plain\n\n-- \nfooter\n--out--\nepilogue\n"
    ));
    let draft = &parsed.draft;
    assert_eq!(body(draft), "é\n");
    assert_eq!(draft.properties.bytes(tags::HTML), Some(&b"<p>e"[..]));
    assert_eq!(names(draft), ["Untitled Attachment.txt"]);
    assert_eq!(data(&draft.attachments[0]), b"-- \r\nfooter");
    assert!(parsed.oddities.is_empty(), "{:?}", parsed.oddities);
}

#[test]
fn an_html_body_leaves_a_later_text_attached() {
    let parsed = read(&format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=iso-8859-1\n\n<b>\n--b\n\nfooter\n--b--\n"
    ));
    assert_eq!(parsed.draft.properties.bytes(tags::HTML), Some(&b"<b>"[..]));
    assert_eq!(parsed.draft.properties.long(tags::INTERNET_CPID), Some(1252));
    assert_eq!(names(&parsed.draft), ["Untitled Attachment.txt"]);
}

#[test]
fn related_parts_with_an_id_are_hidden_attachments() {
    let parsed = read(&format!(
        "{HEADER}Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=cid:i>\n--b\n\
         Content-Type: image/png; name=\"=?utf-8?Q?=C3=A9?=.png\"\nContent-ID: <i>\nContent-Transfer-Encoding: base64\n\nAAEC\n--b--\n"
    ));
    let attachment = &parsed.draft.attachments[0];
    assert_eq!(attachment.properties.text(tags::ATTACH_CONTENT_ID), Some("i"));
    assert_eq!(attachment.properties.long(tags::ATTACH_FLAGS), Some(4));
    assert_eq!(attachment.properties.get(tags::ATTACHMENT_HIDDEN), Some(&Value::Boolean(true)));
    assert_eq!(names(&parsed.draft), ["é.png"]);
    assert_eq!(data(attachment), [0, 1, 2]);
}

#[test]
fn an_embedded_message_is_read_too_even_encoded() {
    let inner = "Subject: inner\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Disposition: attachment; filename=f\n\nx\n--b--\n";
    for encoding in ["7bit", "base64"] {
        let content = if encoding == "7bit" {
            inner.to_owned()
        } else {
            use core::fmt::Write;
            let mut text = String::new();
            // Base64 by hand: three bytes at a time.
            for group in inner.as_bytes().chunks(3) {
                let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
                for at in 0..4 {
                    let digit = if at > group.len() { 64 } else { (bits >> (18 - 6 * at)) & 63 };
                    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
                    write!(text, "{}", char::from(alphabet[digit as usize])).unwrap();
                }
            }
            text
        };
        let parsed = read(&format!(
            "{HEADER}Content-Type: multipart/mixed; boundary=out\n\n--out\n\nbody\n--out\nContent-Type: message/rfc822\n\
             Content-Transfer-Encoding: {encoding}\n\n{content}\n--out--\n"
        ));
        let attachment = &parsed.draft.attachments[0];
        assert_eq!(attachment.properties.long(tags::ATTACH_METHOD), Some(5));
        assert_eq!(attachment.properties.text(tags::DISPLAY_NAME), Some("inner"));
        let embedded = attachment.embedded.as_ref().unwrap();
        assert_eq!(body(embedded), "hi");
        assert_eq!(names(embedded), ["f"]);
    }
}

#[test]
fn a_clear_signed_message_is_one_attachment_and_keeps_its_body() {
    let parsed = read(&format!(
        "{HEADER}Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsigned\n--b\n\
         Content-Type: application/pgp-signature; name=s.asc\n\nxyz\n--b--\n"
    ));
    let draft = &parsed.draft;
    assert_eq!(draft.properties.text(tags::MESSAGE_CLASS), Some("IPM.Note.SMIME.MultipartSigned"));
    assert_eq!(body(draft), "signed");
    assert_eq!(names(draft), ["smime.p7m"]);
    let whole = String::from_utf8(data(&draft.attachments[0]).to_vec()).unwrap();
    assert!(whole.starts_with("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n"), "{whole}");
    assert!(whole.ends_with("--b--\r\n"), "{whole}");
}

#[test]
fn broken_structures_are_read_and_reported() {
    let parsed = read(&format!("{HEADER}Content-Type: multipart/mixed\n\n--x\n\nall text\n"));
    assert!(has(&parsed, &Oddity::MissingBoundary));
    assert_eq!(body(&parsed.draft), "--x\r\n\r\nall text\r\n");

    let parsed = read(&format!("{HEADER}Content-Type: multipart/mixed; boundary=b\n\nnothing here\n"));
    assert!(has(&parsed, &Oddity::BoundaryNotFound) && !has(&parsed, &Oddity::UnclosedMultipart));
    assert_eq!(body(&parsed.draft), "nothing here\r\n");

    let parsed =
        read(&format!("{HEADER}Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: a/b; name=n\n\ncut"));
    assert!(has(&parsed, &Oddity::UnclosedMultipart));
    assert_eq!((body(&parsed.draft), names(&parsed.draft)), ("text", vec!["n"]));

    let parsed = read(&format!("{HEADER}no field\n\nrest"));
    assert!(has(&parsed, &Oddity::MissingSeparator));
    assert_eq!(body(&parsed.draft), "no field\r\n\r\nrest");

    let parsed = read("");
    assert!(has(&parsed, &Oddity::Empty));

    let parsed = read(&format!("{HEADER}Content-Type: text/plain; charset=yes\n\nx"));
    assert!(has(&parsed, &Oddity::UnknownCharset("yes".into())));
    assert_eq!((body(&parsed.draft), names(&parsed.draft)), ("", vec!["Untitled Attachment.txt"]));

    let parsed = read(&format!("{HEADER}\na\0b"));
    assert!(has(&parsed, &Oddity::NulInText));
    assert_eq!(body(&parsed.draft), "ab");
}

#[test]
fn nesting_beyond_the_limit_is_cut() {
    let mut message = HEADER.to_owned();
    for level in 0..60 {
        message.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
    }
    message.push_str("\ninnermost\n");
    assert!(has(&read(&message), &Oddity::TooDeep));
    let message = format!("{HEADER}{}\nx", "Content-Type: message/rfc822\n\n".repeat(60));
    assert!(has(&read(&message), &Oddity::TooDeep));
}

#[test]
fn large_values_are_staged_in_small_pieces() {
    let shelf = Rc::new(Shelf { forget: true, ..Shelf::default() });
    let mut reader = Reader::new(shelf.clone(), ReadOptions::default());
    let head = format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
    );
    reader.write(head.as_bytes()).unwrap();
    let line = format!("{}\n", "QUJD".repeat(19));
    let block = line.repeat(1000);
    let blocks = 400;
    for _ in 0..blocks {
        reader.write(block.as_bytes()).unwrap();
    }
    reader.write(b"--b--\n").unwrap();
    let parsed = reader.finish().unwrap();
    let (_, value) = parsed.draft.attachments[0].properties.entry(tags::ATTACH_DATA_BIN).unwrap();
    let StoredValue::Staged(staged) = value else { panic!("{value:?}") };
    assert_eq!(staged.size, 57 * 1000 * blocks);
    assert!(*shelf.largest.borrow() <= 512 << 10);
    assert_eq!(shelf.staged.borrow().len(), 2);
}

#[test]
fn one_endless_line_is_read_in_bounded_memory() {
    for head in ["Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "\n", "X-Long: "] {
        let shelf = Rc::new(Shelf { forget: true, ..Shelf::default() });
        let mut reader = Reader::new(shelf.clone(), ReadOptions { keep_original: false, ..ReadOptions::default() });
        reader.write(HEADER.as_bytes()).unwrap();
        reader.write(head.as_bytes()).unwrap();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            reader.write(&piece).unwrap();
        }
        let parsed = reader.finish().unwrap();
        match parsed.draft.properties.entry(tags::BODY) {
            Some((_, StoredValue::Staged(staged))) => assert_eq!(staged.size, 200 << 20),
            _ => assert!(has(&parsed, &Oddity::HeaderTooLarge), "{head}"),
        }
    }
}

#[test]
fn a_dropped_reader_gives_back_what_it_staged() {
    let shelf = Rc::new(Shelf::default());
    let mut reader = Reader::new(shelf.clone(), ReadOptions::default());
    reader.write(&vec![b'\n'; 2 << 20]).unwrap();
    assert!(!shelf.staged.borrow().is_empty());
    drop(reader);
    assert!(shelf.staged.borrow().is_empty());
}

#[test]
fn the_original_is_kept_byte_for_byte() {
    let message = b"Subject: \xFF\x00x\r\n\r\n\x80body\n";
    let mut reader = Reader::new(Rc::new(Shelf::default()), ReadOptions::default());
    reader.write(message).unwrap();
    assert_eq!(reader.finish().unwrap().draft.properties.bytes(ORIGINAL), Some(&message[..]));
}

#[test]
fn a_large_text_is_decoded_across_pieces() {
    // Beyond what is held to be folded whole.
    const COUNT: usize = 2_400_000;
    for (label, sample, text) in
        [("utf-8", "é€".as_bytes(), "é€"), ("iso-8859-1", b"\xE9x".as_slice(), "éx"), ("", "é€".as_bytes(), "é€")]
    {
        let shelf = Rc::new(Shelf::default());
        let mut message = format!("{HEADER}Content-Type: text/plain; charset=\"{label}\"\n\n").into_bytes();
        message.extend(sample.repeat(COUNT));
        let parsed = read_in(&shelf, &message, 10_001);
        let Some((tag, StoredValue::Staged(staged))) = parsed.draft.properties.entry(tags::BODY) else { panic!() };
        assert_eq!(tag.kind(), PropType::UNICODE);
        assert_eq!(staged.size, COUNT as u64 * 4);
        assert!(shelf.staged.borrow()[&staged.number] == text.repeat(COUNT).into_bytes());
    }
}

fn sample() -> Vec<u8> {
    format!(
        "{HEADER}To: \"a, b\" <c@d>, =?utf-8?B?w6k=?= <e@f>\nSubject: =?utf-8?Q?x?=\nContent-Type: multipart/mixed;\n boundary=\"b\"\n\npre\n--b\n\
         Content-Type: multipart/alternative; boundary=c\n\n--c\nContent-Transfer-Encoding: quoted-printable\n\na=3D=\nb\n--c\n\
         Content-Type: text/html; charset=utf-8\n\n<p>x\n--c--\n--b\nContent-Type: message/rfc822\n\nSubject: i\n\ninner\n--b\n\
         Content-Type: a/b; name*0*=utf-8''%e9; name*1=x\nContent-Transfer-Encoding: base64\n\nQUJD\nREVG\n--b--\nepi\n"
    )
    .into_bytes()
}

proptest! {
    #[test]
    fn garbage_never_fails(message in proptest::collection::vec(any::<u8>(), 0..400), step in 1usize..50) {
        let _ = read_in(&Rc::new(Shelf::default()), &message, step);
    }

    #[test]
    fn mutated_messages_never_fail_and_pieces_make_no_difference(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..3, "[\\x00-\\x7f]{0,6}|\r|\n|--b\n|--c--|=\\?|\u{e9}"), 1..12),
        step in 1usize..40,
    ) {
        let mut message = sample();
        for (at, kind, text) in edits {
            let at = at.index(message.len());
            match kind {
                0 => { message.splice(at..at, text.bytes()); }
                1 => { let end = (at + text.len()).min(message.len()); message.splice(at..end, text.bytes()); }
                _ => { let end = (at + 3 * text.len()).min(message.len()); message.drain(at..end); }
            }
            if message.is_empty() {
                break;
            }
        }
        let whole = read_in(&Rc::new(Shelf::default()), &message, usize::MAX);
        let pieces = read_in(&Rc::new(Shelf::default()), &message, step);
        prop_assert_eq!(whole.draft, pieces.draft);
        prop_assert_eq!(whole.oddities, pieces.oddities);
    }
}
