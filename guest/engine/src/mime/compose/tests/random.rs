//! Random messages: composed and read they say the same; whatever is stored composes to something sound.

use super::*;
use crate::backend::StoredValue;
use crate::entry_id::flat_entry_list;
use crate::mime::envelope::{INTERNET_HEADERS, PUBLIC_STRINGS};
use crate::properties::FileTime;
use proptest::prelude::*;

prop_compose! {
    fn word()(text in "[a-zA-Z0-9\u{e9}\u{4e00}'(),.;<>@:=?_\"\\\\-]{1,20}( [a-z\u{20ac}]{1,90}){0,3}") -> String { text }
}

prop_compose! {
    fn person()(name in proptest::option::of("[a-zA-Z\u{e9}.,\"()-]{1,20}( [a-z]{1,9}){0,2}"), user in "[a-z0-9.+=_-]{1,12}", number in 0..9) -> (String, String) {
        let address = format!("{user}{number}@x.example");
        (name.unwrap_or_else(|| address.clone()), address)
    }
}

prop_compose! {
    fn body()(lines in proptest::collection::vec("[ -~\u{e9}\u{1f600}\t]{0,200}|--=_|From x|\\.", 0..6)) -> String {
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }
}

#[derive(Debug, Clone)]
struct Attached {
    name: Option<String>,
    data: Vec<u8>,
    kind: Option<String>,
    id: Option<String>,
}

prop_compose! {
    fn attached()(
        name in proptest::option::of("[a-zA-Z0-9\u{e9}\u{4e00} ;=%'\"._-]{1,60}[a-z]"),
        data in proptest::collection::vec(any::<u8>(), 0..200),
        kind in proptest::option::of("(application|image|audio|text)/[a-z.-]{1,10}"),
        id in proptest::option::of("[a-z0-9]{3,8}@x"),
    ) -> Attached {
        Attached { name: name.map(|name| name.trim().to_owned()), data, kind, id }
    }
}

#[derive(Debug, Clone)]
struct Sample {
    subject: Option<String>,
    from: (String, String),
    sender: Option<(String, String)>,
    reply_to: Vec<(String, String)>,
    recipients: Vec<(i32, (String, String))>,
    plain: Option<String>,
    html: Option<String>,
    urgency: (i32, i32, i32),
    ids: (Option<String>, Option<String>, Option<String>),
    times: (Option<i64>, Option<i64>, Option<i64>),
    receipts: (bool, bool, i32),
    extra: Option<String>,
    keywords: Vec<String>,
    attachments: Vec<Attached>,
    embedded: Option<String>,
}

prop_compose! {
    fn sample()(
        heads in (proptest::option::of(word()), person(), proptest::option::of(person()), proptest::collection::vec(person(), 0..3)),
        recipients in proptest::collection::vec((1..=3, person()), 0..5),
        bodies in (proptest::option::of(body()), proptest::option::of(body())),
        urgency in (0..=2, -1..=1, 0..=3),
        ids in (proptest::option::of("<[a-z0-9]{1,40}@x>"), proptest::option::of("<[a-z]{1,9}@x>"), proptest::option::of("<[a-z]{1,60}@x>( <[a-z]{1,60}@y>){0,30}")),
        times in (proptest::option::of(0i64..4_000_000_000), proptest::option::of(0i64..4_000_000_000), proptest::option::of(0i64..4_000_000_000)),
        receipts in (any::<bool>(), any::<bool>(), 0..0x40),
        extra in proptest::option::of(word()),
        keywords in proptest::collection::vec("[a-z\u{e9}]{1,9}( [a-z]{1,4})?", 0..3),
        attachments in proptest::collection::vec(attached(), 0..3),
        embedded in proptest::option::of(word()),
    ) -> Sample {
        let (subject, from, sender, reply_to) = heads;
        let (plain, html) = bodies;
        Sample { subject, from, sender, reply_to, recipients, plain, html, urgency, ids, times, receipts, extra, keywords, attachments, embedded }
    }
}

impl Sample {
    fn draft(&self, bench: &Bench) -> Draft {
        let mut draft = Draft::new();
        let put_role = |draft: &mut Draft, (name, address): &(String, String), tags: [PropTag; 3]| {
            draft.properties.put(tags[0], text(name));
            draft.properties.put(tags[1], text("SMTP"));
            draft.properties.put(tags[2], text(address));
        };
        put_role(
            &mut draft,
            &self.from,
            [tags::SENT_REPRESENTING_NAME, tags::SENT_REPRESENTING_ADDRTYPE, tags::SENT_REPRESENTING_EMAIL_ADDRESS],
        );
        let sender = self.sender.as_ref().unwrap_or(&self.from);
        put_role(&mut draft, sender, [tags::SENDER_NAME, tags::SENDER_ADDRTYPE, tags::SENDER_EMAIL_ADDRESS]);
        if !self.reply_to.is_empty() {
            let entries: Vec<_> =
                self.reply_to.iter().map(|(name, address)| OneOff::new(name, "SMTP", address).to_bytes()).collect();
            draft.properties.put(tags::REPLY_RECIPIENT_ENTRIES, Value::Binary(flat_entry_list(&entries).unwrap()));
        }
        for (kind, (name, address)) in &self.recipients {
            let values = [
                (tags::RECIPIENT_TYPE, Value::Long(*kind)),
                (tags::DISPLAY_NAME, text(name)),
                (tags::EMAIL_ADDRESS, text(address)),
            ];
            draft.add_recipient(values.map(|(tag, value)| Property { tag, value }));
        }
        let mut put = |tag, value: Option<Value>| {
            if let Some(value) = value {
                draft.properties.put(tag, value);
            }
        };
        let text_of = |value: &Option<String>| value.as_deref().map(text);
        put(tags::SUBJECT, text_of(&self.subject));
        put(tags::BODY, text_of(&self.plain));
        put(tags::HTML, self.html.as_ref().map(|html| Value::Binary(html.as_bytes().to_vec())));
        put(tags::INTERNET_CPID, self.html.as_ref().map(|_| Value::Long(65001)));
        put(tags::IMPORTANCE, Some(Value::Long(self.urgency.0)));
        put(tags::PRIORITY, Some(Value::Long(self.urgency.1)));
        put(tags::SENSITIVITY, Some(Value::Long(self.urgency.2)));
        put(tags::INTERNET_MESSAGE_ID, text_of(&self.ids.0));
        put(tags::IN_REPLY_TO_ID, text_of(&self.ids.1));
        put(tags::INTERNET_REFERENCES, text_of(&self.ids.2));
        let time = |seconds: Option<i64>| seconds.map(|seconds| Value::SysTime(FileTime::from_unix(seconds, 0)));
        put(tags::CLIENT_SUBMIT_TIME, time(self.times.0));
        put(tags::REPLY_TIME, time(self.times.1));
        put(tags::EXPIRY_TIME, time(self.times.2));
        put(tags::READ_RECEIPT_REQUESTED, self.receipts.0.then_some(Value::Boolean(true)));
        put(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, self.receipts.1.then_some(Value::Boolean(true)));
        put(tags::AUTO_RESPONSE_SUPPRESS, Some(Value::Long(self.receipts.2)));
        put(bench.named(INTERNET_HEADERS, "x-extra"), text_of(&self.extra));
        put(bench.named(PUBLIC_STRINGS, KEYWORDS), (!self.keywords.is_empty()).then(|| Value::MvUnicode(self.keywords.clone())));
        for one in &self.attachments {
            let mut attachment = DraftAttachment::default();
            let mut put = |tag, value: Option<Value>| {
                if let Some(value) = value {
                    attachment.properties.put(tag, value);
                }
            };
            put(tags::ATTACH_METHOD, Some(Value::Long(1)));
            put(tags::ATTACH_DATA_BIN, Some(Value::Binary(one.data.clone())));
            put(tags::ATTACH_LONG_FILENAME, text_of(&one.name));
            put(tags::ATTACH_MIME_TAG, text_of(&one.kind));
            put(tags::ATTACH_CONTENT_ID, text_of(&one.id));
            draft.add_attachment(attachment);
        }
        if let Some(subject) = &self.embedded {
            let mut inner = Draft::new();
            inner.properties.put(tags::SUBJECT, text(subject));
            inner.properties.put(tags::BODY, text("inner\r\n"));
            draft.add_attachment(DraftAttachment { embedded: Some(Box::new(inner)), ..DraftAttachment::default() });
        }
        draft
    }

    fn check(&self, back: &Draft) -> std::result::Result<(), TestCaseError> {
        let values = &back.properties;
        let owned = |tag| values.text(tag).map(str::to_owned);
        let role = |name, address| (owned(name).unwrap_or_default(), owned(address).unwrap_or_default());
        prop_assert_eq!(owned(tags::SUBJECT), self.subject.clone());
        prop_assert_eq!(role(tags::SENT_REPRESENTING_NAME, tags::SENT_REPRESENTING_EMAIL_ADDRESS), self.from.clone());
        prop_assert_eq!(
            role(tags::SENDER_NAME, tags::SENDER_EMAIL_ADDRESS),
            self.sender.clone().unwrap_or_else(|| self.from.clone())
        );
        let entries = values
            .bytes(tags::REPLY_RECIPIENT_ENTRIES)
            .map(|list| crate::entry_id::parse_flat_entry_list(list).unwrap())
            .unwrap_or_default();
        let reply_to: Vec<_> =
            entries.iter().map(|entry| OneOff::parse(entry).unwrap()).map(|one| (one.display_name, one.address)).collect();
        prop_assert_eq!(&reply_to, &self.reply_to);
        let mut expected = self.recipients.clone();
        expected.sort_by_key(|(kind, _)| *kind);
        let rows: Vec<_> = back
            .recipients
            .iter()
            .map(|row| {
                (
                    row.long(tags::RECIPIENT_TYPE).unwrap(),
                    (row.text(tags::DISPLAY_NAME).unwrap().to_owned(), row.text(tags::EMAIL_ADDRESS).unwrap().to_owned()),
                )
            })
            .collect();
        prop_assert_eq!(rows, expected);
        if self.plain.is_some() || (self.html.is_none() && self.attachments.len() + usize::from(self.embedded.is_some()) != 1) {
            prop_assert_eq!(owned(tags::BODY).unwrap_or_default(), self.plain.clone().unwrap_or_default());
        }
        prop_assert_eq!(values.bytes(tags::HTML), self.html.as_deref().map(str::as_bytes));
        let long = |tag, default| values.long(tag).unwrap_or(default);
        prop_assert_eq!((long(tags::IMPORTANCE, 1), long(tags::PRIORITY, 0), long(tags::SENSITIVITY, 0)), self.urgency);
        prop_assert_eq!(
            (owned(tags::INTERNET_MESSAGE_ID), owned(tags::IN_REPLY_TO_ID), owned(tags::INTERNET_REFERENCES)),
            self.ids.clone()
        );
        let time = |tag| match values.get(tag) {
            Some(Value::SysTime(time)) => Some(time.unix_seconds()),
            _ => None,
        };
        prop_assert_eq!((time(tags::CLIENT_SUBMIT_TIME), time(tags::REPLY_TIME), time(tags::EXPIRY_TIME)), self.times);
        let flag = |tag| values.get(tag) == Some(&Value::Boolean(true));
        prop_assert_eq!(
            (
                flag(tags::READ_RECEIPT_REQUESTED),
                flag(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED),
                long(tags::AUTO_RESPONSE_SUPPRESS, 0)
            ),
            self.receipts
        );
        prop_assert_eq!(values.text(PropTag(0x8002_001F + ((u32::from(b'a')) << 16))).map(str::to_owned), self.extra.clone());
        let keywords = match values.get(PropTag(0x8001_101F)) {
            Some(Value::MvUnicode(words)) => words.clone(),
            _ => Vec::new(),
        };
        prop_assert_eq!(&keywords, &self.keywords);
        self.check_attachments(back)
    }

    fn check_attachments(&self, back: &Draft) -> std::result::Result<(), TestCaseError> {
        let (embedded, attached): (Vec<_>, Vec<_>) = back.attachments.iter().partition(|one| one.embedded.is_some());
        let subjects: Vec<_> = embedded.iter().filter_map(|one| one.embedded.as_ref()?.properties.text(tags::SUBJECT)).collect();
        prop_assert_eq!(subjects, self.embedded.iter().map(String::as_str).collect::<Vec<_>>());
        let found: Vec<_> = attached
            .iter()
            .map(|one| {
                let name = one.properties.text(tags::ATTACH_LONG_FILENAME).filter(|name| !name.starts_with("Untitled"));
                let data = match one.properties.entry(tags::ATTACH_DATA_BIN) {
                    Some((_, StoredValue::Inline(Value::Binary(bytes)))) => bytes.clone(),
                    other => panic!("{other:?}"),
                };
                (
                    name.map(str::to_owned),
                    data,
                    one.properties.text(tags::ATTACH_MIME_TAG).map(str::to_owned),
                    one.properties.text(tags::ATTACH_CONTENT_ID).map(str::to_owned),
                )
            })
            .collect();
        let expected: Vec<_> = self
            .attachments
            .iter()
            .map(|one| {
                (
                    one.name.clone(),
                    one.data.clone(),
                    Some(one.kind.clone().unwrap_or_else(|| "application/octet-stream".into())),
                    one.id.clone(),
                )
            })
            .collect();
        prop_assert_eq!(found, expected);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_message_composed_and_read_says_the_same(sample in sample()) {
        let bench = Bench::new();
        let out = export(&bench.add(sample.draft(&bench)));
        sample.check(&read_back(&out))?;
    }

    #[test]
    fn stored_garbage_composes_to_something_that_breaks_no_rule(
        texts in proptest::collection::vec((0u16..0x1100, "\\PC{0,20}|[\\x00-\\x7f]{0,40}|[a-z]{1200}"), 0..30),
        bytes in proptest::collection::vec((0u16..0x1100, proptest::collection::vec(any::<u8>(), 0..60)), 0..10),
        attachment in proptest::collection::vec((0x3700u16..0x3720, "\\PC{0,20}|[\\x00-\\x7f]{0,40}|multipart/signed|message/rfc822"), 0..6),
        method in 0..9,
        class in "IPM.Note.SMIME.MultipartSigned|IPM.Note.SMIME|REPORT.IPM.Note.NDR|REPORT.IPM.Note.IPNRN|IPM.x|[a-z.]{0,20}",
    ) {
        let mut draft = Draft::new();
        for (id, value) in texts {
            draft.properties.put(PropTag::new(id, PropType::UNICODE), text(&value.replace('\0', "")));
            draft.add_recipient([Property { tag: PropTag::new(0x3000 + (id & 0xFF), PropType::UNICODE), value: text(&value.replace('\0', "")) }]);
        }
        for (id, value) in bytes {
            draft.properties.put(PropTag::new(id, PropType::BINARY), Value::Binary(value));
        }
        draft.properties.put(tags::MESSAGE_CLASS, text(&class));
        let mut one = DraftAttachment::default();
        for (id, value) in attachment {
            let binary = id == 0x3701;
            let value = if binary { Value::Binary(value.into_bytes()) } else { text(&value.replace('\0', "")) };
            one.properties.put(PropTag::new(id, if binary { PropType::BINARY } else { PropType::UNICODE }), value);
        }
        one.properties.put(tags::ATTACH_METHOD, Value::Long(method));
        draft.add_attachment(one);
        export(&Bench::new().add(draft));
    }
}
