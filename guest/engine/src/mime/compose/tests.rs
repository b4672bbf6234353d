//! Whole messages out of a store in memory, and in again.

mod random;

use super::*;
use crate::backend::{Environment, NamedProperty, PropertyName};
use crate::entry_id::{OneOff, WrappedStoreId};
use crate::memory::{MemoryClock, MemoryLog, MemoryProgress, MemoryStore, SeededEntropy};
use crate::messages::{Draft, DraftAttachment};
use crate::mime::envelope::KEYWORDS;
use crate::mime::{Importer, MessageOptions, ReadOptions};
use crate::properties::{Guid, KEEP_OPEN_READWRITE, MAPI_MODIFY, PropTag, PropType, Property, Value};
use crate::stores::{ChangeSet, CommitMode, Connection, Folder, OpenedEntry, StoreObject, StoreOpening};
use std::rc::Rc;
use std::sync::Arc;

/// A store with one folder.
struct Bench {
    connection: Rc<Connection>,
    store: StoreObject,
    folder: Folder,
}

impl Bench {
    fn new() -> Self {
        let memory = Arc::new(MemoryStore::new(Guid([7; 16]), "private"));
        let environment = Environment {
            clock: Rc::<MemoryClock>::default(),
            entropy: Rc::new(SeededEntropy::new(1)),
            log: Rc::<MemoryLog>::default(),
            progress: Rc::new(MemoryProgress::default()),
        };
        let connection = Connection::new(Rc::new(memory), environment).unwrap();
        let opening = StoreOpening {
            entry_id: WrappedStoreId::new("memory", b"private").unwrap(),
            writable: true,
            alive: Alive::new(),
            is_default: Rc::new(|| true),
            mail: None,
        };
        let store = StoreObject::open(connection.clone(), opening);
        let folder = store.root_folder().unwrap().create_folder(1, "f", None, None, 1).unwrap();
        Self { connection, store, folder }
    }

    /// Reads a message into the folder.
    fn import(&self, bytes: &[u8], keep_original: bool) -> Message {
        let mut importer = Importer::new(self.connection.clone(), self.folder.object().clone(), false);
        let read = ReadOptions { keep_original, ..ReadOptions::default() };
        importer.begin(MessageOptions { read, ..MessageOptions::default() });
        importer.write(bytes).unwrap();
        importer.finish().unwrap();
        importer.flush().unwrap();
        self.last()
    }

    /// Stores a draft.
    fn add(&self, draft: Draft) -> Message {
        let mut changes = ChangeSet::new(&self.connection);
        changes.add_message(self.folder.object(), draft).unwrap();
        changes.commit(CommitMode::default()).unwrap();
        self.last()
    }

    fn last(&self) -> Message {
        let table = self.folder.get_contents_table(0).unwrap();
        table.set_columns(&[tags::ENTRYID], 0).unwrap();
        let rows = table.query_rows(1000, 0).unwrap();
        let Some(Value::Binary(entry_id)) = rows.last().map(|row| row[0].value.clone()) else { panic!("no message") };
        match self.store.open_entry(Some(&entry_id), None, MAPI_MODIFY).unwrap() {
            OpenedEntry::Message(message) => message,
            _ => panic!("no message"),
        }
    }

    fn named(&self, set: Guid, name: &str) -> PropTag {
        let name = NamedProperty { set, name: PropertyName::Text(name.into()) };
        let id = self.connection.backend().ids_of_names(&[name], true).unwrap()[0].unwrap();
        PropTag::new(id, PropType::UNSPECIFIED)
    }
}

fn composed(message: &Message, options: ComposeOptions, piece: usize) -> Vec<u8> {
    let mut composer = Composer::open(message, options).unwrap();
    let mut bytes = Vec::new();
    loop {
        let next = composer.read(piece).unwrap();
        assert!(next.len() <= piece);
        if next.is_empty() {
            return bytes;
        }
        bytes.extend(next);
    }
}

/// Composed anew, and held to what holds for every composed message.
fn export(message: &Message) -> String {
    let options = ComposeOptions { original: false, ..ComposeOptions::EXPORT };
    let bytes = composed(message, options, 1 << 20);
    assert_eq!(composed(message, options, 7), bytes, "pieces make no difference");
    let text = String::from_utf8(bytes).unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() <= field::LINE_LIMIT && line.is_ascii() && !line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    text
}

fn text(value: &str) -> Value {
    Value::Unicode(value.into())
}

fn set(message: &Message, values: Vec<(PropTag, Value)>) {
    let values = values.into_iter().map(|(tag, value)| Property { tag, value }).collect();
    assert_eq!(message.properties().set_props(values).unwrap(), []);
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
}

const RECEIVED: &str = "Received: from x by y; Sat, 27 Apr 2019 00:57:56 +0300\r\nFrom: \"A, B\" <a@b.example>\r\nTo: G: c@d.example, E <e@f.example>;\r\n\
    Bcc: secret@x.example\r\nDate: Sat, 27 Apr 2019 00:57:56 +0300\r\nSubject: one\r\n two\r\nMessage-ID: <m@x>\r\nX-Mailer: M\r\nDKIM-Signature: v=1\r\n\r\nbody\r\n";

#[test]
fn an_unchanged_message_is_given_back_byte_for_byte() {
    let bench = Bench::new();
    for bytes in
        [RECEIVED.as_bytes().to_vec(), b"X: \xE9\n\n\x80\0".to_vec(), [b"A: b\n\n".to_vec(), vec![b'z'; 300_000]].concat()]
    {
        let message = bench.import(&bytes, true);
        assert!(Composer::open(&message, ComposeOptions::EXPORT).unwrap().is_original());
        assert_eq!(composed(&message, ComposeOptions::EXPORT, 1000), bytes);
    }
}

#[test]
fn what_is_not_said_to_others_leaves_the_original() {
    let message = Bench::new().import(RECEIVED.as_bytes(), true);
    set(&message, vec![(tags::FLAG_STATUS, Value::Long(2)), (tags::ICON_INDEX, Value::Long(1))]);
    assert_eq!(composed(&message, ComposeOptions::EXPORT, 1000), RECEIVED.as_bytes());
}

#[test]
fn a_changed_message_is_never_given_back_as_it_was() {
    let bench = Bench::new();
    let is_original = |message: &Message| Composer::open(message, ComposeOptions::EXPORT).unwrap().is_original();
    let message = bench.import(RECEIVED.as_bytes(), true);
    message.properties().set_props(vec![Property { tag: tags::SUBJECT, value: text("new") }]).unwrap();
    assert!(!is_original(&message), "unsaved changes count");
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert!(!is_original(&message));
    let message = bench.import(RECEIVED.as_bytes(), true);
    message.modify_recipients(0, &[]).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert!(!is_original(&bench.last()));
    let message = bench.import(RECEIVED.as_bytes(), true);
    let (_, attachment) = message.create_attach(None, 0).unwrap();
    attachment.properties().save_changes(0).unwrap();
    message.properties().save_changes(KEEP_OPEN_READWRITE).unwrap();
    assert!(!is_original(&bench.last()));
    let message = bench.import(RECEIVED.as_bytes(), true);
    let forged = vec![Property { tag: crate::mime::ORIGINAL, value: Value::Binary(b"From: x\n\n".to_vec()) }];
    assert_eq!(message.properties().set_props(forged).unwrap().len(), 1);
    assert!(is_original(&message));
}

#[test]
fn fields_that_still_hold_are_written_as_received_and_changed_ones_anew() {
    let message = Bench::new().import(RECEIVED.as_bytes(), false);
    let fields = RECEIVED.replace("DKIM-Signature: v=1\r\n\r\nbody\r\n", "DKIM-Signature: v=1\r\n");
    assert!(export(&message).starts_with(&fields), "{}", export(&message));
    set(&message, vec![(tags::SUBJECT, text("é")), (tags::IMPORTANCE, Value::Long(2))]);
    let out = export(&message);
    assert!(out.starts_with(&fields.replace("one\r\n two", "=?utf-8?B?w6k=?=")), "{out}");
    assert!(out.contains("Importance: high\r\nX-Priority: 1 (Highest)\r\n"), "{out}");
}

#[test]
fn a_transmission_has_neither_bcc_nor_traces_but_a_date_and_an_identifier() {
    let bench = Bench::new();
    let options = ComposeOptions { original: false, ..ComposeOptions::TRANSMISSION };
    let out = String::from_utf8(composed(&bench.import(RECEIVED.as_bytes(), false), options, 100)).unwrap();
    for absent in ["secret@", "Received:", "DKIM"] {
        assert!(!out.contains(absent), "{out}");
    }
    let mut draft = Draft::new();
    draft.properties.put(tags::SENT_REPRESENTING_EMAIL_ADDRESS, text("me@home.example"));
    let message = bench.add(draft);
    let out = composed(&message, options, 100);
    assert_eq!(composed(&message, options, 100), out, "the same at each attempt");
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("@home.example>\r\n") && out.contains("Date: "), "{out}");
    assert!(!export(&message).contains("Message-ID"));
}

#[test]
fn recipients_are_shown_but_envelope_rows_are_not() {
    let mut draft = Draft::new();
    let mut row = |kind: i32, values: Vec<(PropTag, Value)>| {
        let kind = Property { tag: tags::RECIPIENT_TYPE, value: Value::Long(kind) };
        draft.add_recipient(values.into_iter().map(|(tag, value)| Property { tag, value }).chain([kind]));
    };
    row(1, vec![(tags::DISPLAY_NAME, text("Jörg")), (tags::ADDRTYPE, text("smtp")), (tags::EMAIL_ADDRESS, text("j@x.example"))]);
    row(1 | i32::MIN, vec![(tags::EMAIL_ADDRESS, text("done@x.example"))]);
    row(0x1000_0000, vec![(tags::EMAIL_ADDRESS, text("envelope@x.example"))]);
    row(2, vec![(tags::ENTRYID, Value::Binary(OneOff::new("One", "SMTP", "one@off.example").to_bytes()))]);
    row(
        2,
        vec![
            (tags::DISPLAY_NAME, text("Ex")),
            (tags::ADDRTYPE, text("EX")),
            (tags::EMAIL_ADDRESS, text("/o=x")),
            (tags::SMTP_ADDRESS, text("ex@x.example")),
        ],
    );
    row(2, vec![(tags::DISPLAY_NAME, text("Fax")), (tags::ADDRTYPE, text("FAX")), (tags::EMAIL_ADDRESS, text("+49"))]);
    row(3, vec![(tags::EMAIL_ADDRESS, text("b@x.example"))]);
    let out = export(&Bench::new().add(draft));
    assert!(out.contains("To: =?utf-8?Q?J=C3=B6rg?= <j@x.example>, done@x.example\r\n"), "{out}");
    assert!(out.contains("Cc: One <one@off.example>, Ex <ex@x.example>, \"Fax (FAX:+49)\":;\r\n"), "{out}");
    assert!(out.contains("Bcc: b@x.example\r\n") && !out.contains("envelope"), "{out}");
}

#[test]
fn parts_are_put_together_as_they_belong() {
    let structure = |draft: Draft| {
        let out = export(&Bench::new().add(draft));
        out.lines()
            .filter_map(|line| line.strip_prefix("Content-Type: "))
            .map(|kind| kind.split(';').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let bodies = |plain: bool, html: bool| {
        let mut draft = Draft::new();
        if plain {
            draft.properties.put(tags::BODY, text("text"));
        }
        if html {
            draft.properties.put(tags::HTML, Value::Binary(b"<img src=\"cid:i@x\">".to_vec()));
        }
        draft
    };
    let attached = |draft: &mut Draft, kind: &str, id: Option<&str>| {
        let mut attachment = DraftAttachment::default();
        attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
        attachment.properties.put(tags::ATTACH_MIME_TAG, text(kind));
        attachment.properties.put(tags::ATTACH_DATA_BIN, Value::Binary(b"data".to_vec()));
        if let Some(id) = id {
            attachment.properties.put(tags::ATTACH_CONTENT_ID, text(id));
        }
        draft.add_attachment(attachment);
    };
    assert_eq!(structure(Draft::new()), ["text/plain"]);
    assert_eq!(structure(bodies(true, false)), ["text/plain"]);
    assert_eq!(structure(bodies(true, true)), ["multipart/alternative", "text/plain", "text/html"]);
    let mut draft = bodies(true, true);
    attached(&mut draft, "image/png", Some("i@x"));
    attached(&mut draft, "image/gif", Some("i"));
    attached(&mut draft, "not a type", None);
    let expected = [
        "multipart/mixed",
        "multipart/related",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
        "image/gif",
        "application/octet-stream",
    ];
    assert_eq!(structure(draft), expected);
    let mut draft = Draft::new();
    attached(&mut draft, "application/pdf", None);
    assert_eq!(structure(draft), ["application/pdf"]);
}

#[test]
fn a_body_of_rtf_travels_as_the_html_or_text_inside() {
    let out = |rtf: &str| {
        let mut container = Vec::new();
        for word in [u32::try_from(rtf.len() + 12).unwrap(), u32::try_from(rtf.len()).unwrap(), 0x414C_454D, 0] {
            container.extend(word.to_le_bytes());
        }
        container.extend(rtf.as_bytes());
        let mut draft = Draft::new();
        draft.properties.put(tags::RTF_COMPRESSED, Value::Binary(container));
        export(&Bench::new().add(draft))
    };
    let html = out("{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <b>}bold{\\*\\htmltag72 </b>}}");
    assert!(html.contains("\r\n<b>bold</b>\r\n") && html.contains("multipart/alternative"), "{html}");
    assert!(out("{\\rtf1 plain\\par}").ends_with("\r\n\r\nplain\r\n"));
}

#[test]
fn attachments_of_every_method_travel() {
    let mut draft = Draft::new();
    draft.properties.put(tags::BODY, text("text"));
    for (method, tag) in
        [(2, tags::ATTACH_LONG_PATHNAME), (3, tags::ATTACH_PATHNAME), (4, tags::ATTACH_PATHNAME), (7, tags::ATTACH_LONG_PATHNAME)]
    {
        let mut attachment = DraftAttachment::default();
        attachment.properties.put(tags::ATTACH_METHOD, Value::Long(method));
        attachment.properties.put(tag, text(&format!("path-{method}")));
        draft.add_attachment(attachment);
    }
    let mut ole = DraftAttachment::default();
    ole.properties.put(tags::ATTACH_METHOD, Value::Long(6));
    ole.properties.put(tags::ATTACH_DATA_BIN, Value::Binary(b"ABC".to_vec()));
    draft.add_attachment(ole);
    let mut inner = Draft::new();
    inner.properties.put(tags::SUBJECT, text("inner"));
    inner.properties.put(tags::BODY, text("inner body"));
    draft.add_attachment(DraftAttachment { embedded: Some(Box::new(inner)), ..DraftAttachment::default() });
    draft.add_attachment(DraftAttachment::default());
    let out = export(&Bench::new().add(draft));
    for part in [
        "path-2",
        "path-3",
        "path-4",
        "path-7",
        "\r\nQUJD\r\n",
        "Content-Type: message/rfc822\r\n",
        "Subject: inner\r\n",
        "\r\ninner body\r\n",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert_eq!(out.matches("Content-Type:").count(), 9);
}

#[test]
fn a_signed_message_is_passed_on_as_it_was_signed() {
    let signed = "Content-Type: multipart/signed; boundary=s; protocol=\"application/pkcs7-signature\"\r\n\r\n--s\r\n\r\ntext with  \r\n--s\r\n\
        Content-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--s--\r\n";
    let message =
        Bench::new().import(format!("From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n{signed}").as_bytes(), false);
    let out = export(&message);
    assert_eq!(out, format!("From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n{signed}"));
    let enveloped = "From: a@b.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nMIIBBgkqhkiG9w0BBwM=\r\n";
    let out = export(&Bench::new().import(enveloped.as_bytes(), false));
    assert!(
        out.contains("application/pkcs7-mime; smime-type=enveloped-data\r\n") && out.contains("MIIBBgkqhkiG9w0BBwM="),
        "{out}"
    );
}

#[test]
fn no_attachment_forges_a_header() {
    let mut draft = Draft::new();
    draft.properties.put(tags::MESSAGE_CLASS, text("IPM.Note.SMIME.MultipartSigned"));
    let mut attachment = DraftAttachment::default();
    attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
    attachment.properties.put(tags::ATTACH_MIME_TAG, text("multipart/signed"));
    let data = b"From: forged@x.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n".to_vec();
    attachment.properties.put(tags::ATTACH_DATA_BIN, Value::Binary(data));
    draft.add_attachment(attachment);
    assert!(!export(&Bench::new().add(draft)).contains("forged"));
}

#[test]
fn a_large_attachment_is_never_held_whole() {
    let bench = Bench::new();
    let backend = bench.connection.backend().clone();
    let staged = backend.stage().unwrap();
    for _ in 0..64 {
        backend.append(staged, &vec![1; 1 << 20]).unwrap();
    }
    let mut draft = Draft::new();
    let mut attachment = DraftAttachment::default();
    attachment.properties.put(tags::ATTACH_METHOD, Value::Long(1));
    attachment.properties.set_staged(tags::ATTACH_DATA_BIN, crate::backend::StagedValue { number: staged, size: 64 << 20 });
    draft.add_attachment(attachment);
    let mut composer = Composer::open(&bench.add(draft), ComposeOptions::EXPORT).unwrap();
    let mut total = 0;
    loop {
        let piece = composer.read(16 << 10).unwrap();
        assert!(composer.ready.capacity() < 1 << 20);
        if piece.is_empty() {
            break;
        }
        total += piece.len();
    }
    assert!(total > (64 << 20) * 4 / 3);
}

#[test]
fn a_report_says_to_programs_what_its_rows_say_and_is_read_again() {
    let mut draft = Draft::new();
    let mut put = |tag, value| draft.properties.put(tag, value);
    put(tags::MESSAGE_CLASS, text("REPORT.IPM.Note.NDR"));
    put(tags::SENDER_NAME, text("System Administrator"));
    put(tags::SENDER_EMAIL_ADDRESS, text("postmaster@here.example"));
    put(tags::SUBJECT, text("Undeliverable: x"));
    put(tags::ORIGINAL_SENDER_EMAIL_ADDRESS, text("me@here.example"));
    put(tags::ORIGINAL_SENDER_NAME, text("Me"));
    put(tags::PARENT_KEY, Value::Binary(vec![1, 2, 3]));
    put(tags::REPORT_TEXT, text("It did not arrive."));
    let row = [
        (tags::DISPLAY_NAME, text("Jörg")),
        (tags::EMAIL_ADDRESS, text("j@x.example")),
        (tags::NDR_REASON_CODE, Value::Long(1)),
        (tags::NDR_DIAG_CODE, Value::Long(35)),
        (tags::NDR_STATUS_CODE, Value::Long(511)),
        (tags::SUPPLEMENTARY_INFO, text("550 no such user")),
        (tags::DSN_REMOTE_MTA, text("mx.x.example")),
    ];
    draft.add_recipient(row.map(|(tag, value)| Property { tag, value }));
    let mut original = Draft::new();
    original.properties.put(tags::SUBJECT, text("x"));
    original.properties.put(tags::INTERNET_MESSAGE_ID, text("<o@here.example>"));
    draft.add_attachment(DraftAttachment { embedded: Some(Box::new(original)), ..DraftAttachment::default() });
    let out = export(&Bench::new().add(draft));
    assert!(out.contains("Content-Type: multipart/report; report-type=delivery-status;"), "{out}");
    assert!(out.contains("To: Me <me@here.example>\r\n") && out.contains("Final-Recipient: rfc822; j@x.example\r\n"), "{out}");
    let back = read_back(&out);
    let owned = |tag| back.properties.text(tag).unwrap_or_default();
    assert_eq!(owned(tags::MESSAGE_CLASS), "REPORT.IPM.Note.NDR");
    assert_eq!(owned(tags::ORIGINAL_SENDER_EMAIL_ADDRESS), "me@here.example");
    assert_eq!(owned(tags::BODY), "It did not arrive.");
    assert_eq!(owned(tags::ORIGINAL_SUBJECT), "x");
    assert_eq!(owned(tags::IN_REPLY_TO_ID), "<o@here.example>");
    assert_eq!(back.properties.bytes(tags::PARENT_KEY), Some(&[1, 2, 3][..]));
    let row = &back.recipients[0];
    for (tag, value) in
        [(tags::DISPLAY_NAME, "Jörg"), (tags::SUPPLEMENTARY_INFO, "550 no such user"), (tags::DSN_REMOTE_MTA, "mx.x.example")]
    {
        assert_eq!(row.text(tag), Some(value));
    }
    for (tag, value) in [(tags::NDR_REASON_CODE, 1), (tags::NDR_DIAG_CODE, 35), (tags::NDR_STATUS_CODE, 511)] {
        assert_eq!(row.long(tag), Some(value));
    }
}

#[test]
fn a_read_report_tells_whose_message_was_read() {
    let mut draft = Draft::new();
    let mut put = |tag, value| draft.properties.put(tag, value);
    put(tags::MESSAGE_CLASS, text("REPORT.IPM.Note.IPNNRN"));
    put(tags::SENDER_EMAIL_ADDRESS, text("reader@x.example"));
    put(tags::IN_REPLY_TO_ID, text("<o@here.example>"));
    put(tags::REPORT_TAG, Value::Binary(vec![9]));
    draft.add_recipient([Property { tag: tags::EMAIL_ADDRESS, value: text("me@here.example") }]);
    let out = export(&Bench::new().add(draft));
    assert!(out.contains("Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"), "{out}");
    let back = read_back(&out);
    assert_eq!(back.properties.text(tags::MESSAGE_CLASS), Some("REPORT.IPM.Note.IPNNRN"));
    assert_eq!(back.properties.text(tags::IN_REPLY_TO_ID), Some("<o@here.example>"));
    assert_eq!(back.properties.bytes(tags::REPORT_TAG), Some(&[9][..]));
    assert_eq!(back.recipients[0].text(tags::EMAIL_ADDRESS), Some("me@here.example"));
}

fn read_back(bytes: &str) -> Draft {
    struct Shelf;
    impl crate::mime::Destination for Shelf {
        fn stage(&self) -> Result<u64> {
            panic!("a value of a small message was staged")
        }
        fn append(&self, _: u64, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn discard(&self, _: u64) {}
        fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
            // Identifiers by name, so that they are the same in every reading.
            let id = |name: &NamedProperty| match &name.name {
                PropertyName::Text(text) if text == KEYWORDS => 0x8001,
                PropertyName::Text(text) => 0x8002 + u16::from(text.as_bytes()[text.len() - 1]),
                PropertyName::Number(_) => 0x9000,
            };
            Ok(names.iter().map(|name| Some(id(name))).collect())
        }
    }
    let mut reader = crate::mime::Reader::new(Rc::new(Shelf), ReadOptions { keep_original: false, ..ReadOptions::default() });
    reader.write(bytes.as_bytes()).unwrap();
    let parsed = reader.finish().unwrap();
    parsed.draft
}
