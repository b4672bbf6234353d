//! Header fields to properties (`messages` 10, first table).
//!
//! Pending read reports are not set here: whether a receipt is owed is a matter of delivery, not of form.

use crate::backend::{NamedProperty, PropertyName};
use crate::entry_id::{OneOff, OneOffFlags, flat_entry_list};
use crate::error::Result;
use crate::messages::{Draft, Values, message_flags};
use crate::mime::charset::raw_text;
use crate::mime::collect::Context;
use crate::mime::header::{Header, Mailbox, parse_date, text_of, unfold};
use crate::mime::transfer::Transfer;
use crate::mime::{Oddities, Oddity, ReadOptions};
use crate::properties::{FileTime, Guid, PropTag, PropType, Property, Value, tags};
use std::collections::BTreeMap;

/// `PS_PUBLIC_STRINGS`.
pub(super) const PUBLIC_STRINGS: Guid = Guid::mapi(0x0002_0329);
/// `PS_INTERNET_HEADERS`.
pub(super) const INTERNET_HEADERS: Guid = Guid::mapi(0x0002_0386);
/// The name of categories in the former.
pub(super) const KEYWORDS: &str = "Keywords";
/// How many header fields become named properties.
const NAMED_LIMIT: usize = 1000;
/// How many recipients are kept.
const RECIPIENT_LIMIT: usize = 10_000;
/// The longest property name (`properties` 5.1).
const NAME_LIMIT: usize = 254;
/// `MAPI_MAILUSER`.
const MAIL_USER: i32 = 6;

/// Fields with a property of their own, or that belong to the MIME structure.
const KNOWN: &[&str] = &[
    "auto-submitted",
    "bcc",
    "cc",
    "content-base",
    "content-class",
    "content-description",
    "content-disposition",
    "content-id",
    "content-language",
    "content-length",
    "content-location",
    "content-transfer-encoding",
    "content-type",
    "date",
    "disposition-notification-to",
    "expires",
    "expiry-date",
    "from",
    "importance",
    "in-reply-to",
    "keywords",
    "list-help",
    "list-subscribe",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "precedence",
    "priority",
    "received",
    "references",
    "reply-by",
    "reply-to",
    "return-receipt-to",
    "sender",
    "sensitivity",
    "subject",
    "thread-index",
    "thread-topic",
    "to",
    "x-auto-response-suppress",
    "x-message-class",
    "x-ms-tnef-correlator",
    "x-msmail-priority",
    "x-priority",
];

/// The five properties that name a person in one role, and `PR_*_SMTP_ADDRESS`.
pub(super) struct Role {
    pub(super) name: PropTag,
    pub(super) entry: PropTag,
    search_key: PropTag,
    pub(super) kind: PropTag,
    pub(super) address: PropTag,
    pub(super) smtp: PropTag,
}

pub(super) const SENDER: Role = Role {
    name: tags::SENDER_NAME,
    entry: tags::SENDER_ENTRYID,
    search_key: tags::SENDER_SEARCH_KEY,
    kind: tags::SENDER_ADDRTYPE,
    address: tags::SENDER_EMAIL_ADDRESS,
    smtp: tags::SENDER_SMTP_ADDRESS,
};

pub(super) const SENT_REPRESENTING: Role = Role {
    name: tags::SENT_REPRESENTING_NAME,
    entry: tags::SENT_REPRESENTING_ENTRYID,
    search_key: tags::SENT_REPRESENTING_SEARCH_KEY,
    kind: tags::SENT_REPRESENTING_ADDRTYPE,
    address: tags::SENT_REPRESENTING_EMAIL_ADDRESS,
    smtp: tags::SENT_REPRESENTING_SMTP_ADDRESS,
};

pub(super) const RECIPIENT: Role = Role {
    name: tags::DISPLAY_NAME,
    entry: tags::ENTRYID,
    search_key: tags::SEARCH_KEY,
    kind: tags::ADDRTYPE,
    address: tags::EMAIL_ADDRESS,
    smtp: tags::SMTP_ADDRESS,
};

/// Reads the header of a message into its draft. `outermost` is false for embedded messages, whose missing
/// fields are nothing odd.
pub(super) fn read(
    header: &Header,
    draft: &mut Draft,
    options: ReadOptions,
    outermost: bool,
    context: &mut Context,
) -> Result<()> {
    let oddities = &mut context.oddities;
    let values = &mut draft.properties;
    values.put(tags::MESSAGE_FLAGS, Value::Long(message_flags::ORIGIN_INTERNET));
    put_text(values, tags::TRANSPORT_MESSAGE_HEADERS, Some(raw_text(header.block())));

    let from = header.mailboxes("from", oddities).into_iter().next();
    let sender = header.mailboxes("sender", oddities).into_iter().next();
    if let Some(from) = from.as_ref().or(sender.as_ref()) {
        put_role(values, &SENT_REPRESENTING, from);
    } else if outermost {
        oddities.add(Oddity::MissingSender);
    }
    if let Some(sender) = sender.as_ref().or(from.as_ref()) {
        put_role(values, &SENDER, sender);
    }
    let reply_to = header.mailboxes("reply-to", oddities);
    if let Some(entries) = flat_entry_list(&reply_to.iter().map(|one| one_off(one).to_bytes()).collect::<Vec<_>>())
        && !reply_to.is_empty()
    {
        values.put(tags::REPLY_RECIPIENT_ENTRIES, Value::Binary(entries));
        let names: Vec<String> = reply_to.iter().map(|one| one.name.replace(';', ",")).collect();
        values.put(tags::REPLY_RECIPIENT_NAMES, Value::Unicode(names.join(";")));
    }
    for (kind, field) in [(1, "to"), (2, "cc"), (3, "bcc")] {
        for mailbox in header.mailboxes(field, oddities) {
            if draft.recipients.len() >= RECIPIENT_LIMIT {
                oddities.add(Oddity::TooManyRecipients);
                break;
            }
            draft.recipients.push(recipient(&mailbox, kind));
        }
    }

    times(header, values, options, outermost, context);
    let oddities = &mut context.oddities;
    put_text(values, tags::SUBJECT, header.text("subject", oddities));
    put_text(values, tags::CONVERSATION_TOPIC, header.text("thread-topic", oddities).filter(|topic| !topic.is_empty()));
    if let Some(index) = header.raw("thread-index").and_then(base64).filter(|index| index.len() >= 22) {
        values.put(tags::CONVERSATION_INDEX, Value::Binary(index));
    }
    let id = header.value("message-id").filter(|id| !id.is_empty());
    let correlator = header.value("x-ms-tnef-correlator").filter(|key| !key.is_empty());
    match &id {
        Some(id) => values.put(tags::INTERNET_MESSAGE_ID, Value::Unicode(id.clone())),
        None if outermost => oddities.add(Oddity::MissingMessageId),
        None => {}
    }
    if let Some(key) = correlator.or(id) {
        values.put(tags::TNEF_CORRELATION_KEY, Value::Binary([key.as_bytes(), &[0]].concat()));
    }
    put_text(values, tags::IN_REPLY_TO_ID, header.value("in-reply-to"));
    put_text(values, tags::INTERNET_REFERENCES, header.value("references").map(|text| blanks_joined(&text)));
    put_text(values, tags::INTERNET_PRECEDENCE, header.value("precedence"));
    put_text(values, tags::LIST_HELP, header.value("list-help"));
    put_text(values, tags::LIST_SUBSCRIBE, header.value("list-subscribe"));
    put_text(values, tags::LIST_UNSUBSCRIBE, header.value("list-unsubscribe"));
    urgency(header, values);
    receipts(header, values, context);
    if let Some(class) = ["x-message-class", "content-class"]
        .into_iter()
        .filter_map(|name| header.value(name))
        .find(|class| class.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("IPM.")) && class.len() < 255)
    {
        values.put(tags::MESSAGE_CLASS, Value::Unicode(class));
    }
    if let Some(locale) = header.value("content-language").as_deref().and_then(locale_of) {
        values.put(tags::MESSAGE_LOCALE_ID, Value::Long(locale));
    }
    named(header, values, context)
}

fn put_text(values: &mut Values, tag: PropTag, text: Option<String>) {
    if let Some(text) = text {
        values.put(tag, Value::Unicode(text));
    }
}

pub(super) fn one_off(mailbox: &Mailbox) -> OneOff {
    let mut one_off = OneOff::new(&mailbox.name, "SMTP", &mailbox.address);
    one_off.flags = OneOffFlags(OneOffFlags::UNICODE | OneOffFlags::NO_RICH_INFO);
    one_off
}

fn put_role(values: &mut Values, role: &Role, mailbox: &Mailbox) {
    let one_off = one_off(mailbox);
    values.put(role.entry, Value::Binary(one_off.to_bytes()));
    values.put(role.search_key, Value::Binary(one_off.search_key()));
    values.put(role.name, Value::Unicode(one_off.display_name));
    values.put(role.kind, Value::Unicode(one_off.address_type));
    values.put(role.smtp, Value::Unicode(one_off.address.clone()));
    values.put(role.address, Value::Unicode(one_off.address));
}

/// A recipient row.
pub(super) fn recipient(mailbox: &Mailbox, kind: i32) -> Values {
    let mut row = Values::new();
    put_role(&mut row, &RECIPIENT, mailbox);
    row.put(tags::RECIPIENT_TYPE, Value::Long(kind));
    row.put(tags::OBJECT_TYPE, Value::Long(MAIL_USER));
    row.put(tags::DISPLAY_TYPE, Value::Long(0));
    row.put(tags::SEND_RICH_INFO, Value::Boolean(false));
    row.put(tags::RESPONSIBILITY, Value::Boolean(true));
    row
}

fn times(header: &Header, values: &mut Values, options: ReadOptions, outermost: bool, context: &mut Context) {
    let submitted = match header.date("date") {
        Some(Ok(time)) => Some(time),
        Some(Err(())) => {
            context.oddities.add(Oddity::BadDate);
            None
        }
        None => {
            if outermost {
                context.oddities.add(Oddity::MissingDate);
            }
            None
        }
    };
    let mut put = |tag, time: Option<FileTime>| {
        if let Some(time) = time {
            values.put(tag, Value::SysTime(time));
        }
    };
    put(tags::CLIENT_SUBMIT_TIME, submitted);
    if outermost {
        let received = header.value("received").and_then(|value| {
            let (_, date) = value.rsplit_once(';')?;
            parse_date(date.trim())
        });
        put(tags::MESSAGE_DELIVERY_TIME, received.or(options.received).or(submitted));
    }
    put(tags::REPLY_TIME, header.value("reply-by").as_deref().and_then(parse_date));
    let expiry = header.value("expires").or_else(|| header.value("expiry-date"));
    put(tags::EXPIRY_TIME, expiry.as_deref().and_then(parse_date));
}

/// Importance, priority and sensitivity.
fn urgency(header: &Header, values: &mut Values) {
    let word = |name: &str| header.value(name).map(|value| value.to_ascii_lowercase());
    let level = |value: &str| match value {
        "high" => Some(2),
        "normal" => Some(1),
        "low" => Some(0),
        _ => None,
    };
    let x_priority = word("x-priority").and_then(|value| match value.as_bytes().first() {
        Some(b'1' | b'2') => Some(2),
        Some(b'3') => Some(1),
        Some(b'4' | b'5') => Some(0),
        _ => None,
    });
    let x_priority = x_priority.or_else(|| word("x-msmail-priority").as_deref().and_then(level));
    let importance = word("importance").as_deref().and_then(level);
    let priority = word("priority").as_deref().and_then(|value| match value {
        "urgent" => Some(1),
        "normal" => Some(0),
        "non-urgent" => Some(-1),
        _ => None,
    });
    if let Some(importance) = x_priority.or(importance).or(priority.map(|priority| priority + 1)) {
        values.put(tags::IMPORTANCE, Value::Long(importance));
    }
    if let Some(priority) = priority.or(x_priority.map(|importance| importance - 1)) {
        values.put(tags::PRIORITY, Value::Long(priority));
    }
    let sensitivity = word("sensitivity").and_then(|value| match value.as_str() {
        "personal" => Some(1),
        "private" => Some(2),
        "company-confidential" => Some(3),
        _ => None,
    });
    if let Some(sensitivity) = sensitivity {
        values.put(tags::SENSITIVITY, Value::Long(sensitivity));
    }
}

/// What the sender asks to be told, and what it asks not to be answered with.
fn receipts(header: &Header, values: &mut Values, context: &mut Context) {
    if let Some(reader) = header.mailboxes("disposition-notification-to", &mut context.oddities).first() {
        let one_off = one_off(reader);
        values.put(tags::READ_RECEIPT_REQUESTED, Value::Boolean(true));
        values.put(tags::NON_RECEIPT_NOTIFICATION_REQUESTED, Value::Boolean(true));
        for (entry, key) in
            [(tags::READ_RECEIPT_ENTRYID, tags::READ_RECEIPT_SEARCH_KEY), (tags::REPORT_ENTRYID, tags::REPORT_SEARCH_KEY)]
        {
            values.put(entry, Value::Binary(one_off.to_bytes()));
            values.put(key, Value::Binary(one_off.search_key()));
        }
        values.put(tags::REPORT_NAME, Value::Unicode(one_off.display_name));
    }
    if header.raw("return-receipt-to").is_some() {
        values.put(tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED, Value::Boolean(true));
    }
    let mut suppress = 0;
    if header.value("auto-submitted").is_some_and(|value| !value.eq_ignore_ascii_case("no")) {
        suppress |= 0x30;
    }
    for word in header.value("x-auto-response-suppress").unwrap_or_default().split(',') {
        suppress |= match word.trim().to_ascii_lowercase().as_str() {
            "dr" => 0x1,
            "ndr" => 0x2,
            "rn" => 0x4,
            "nrn" => 0x8,
            "oof" => 0x10,
            "autoreply" => 0x20,
            "all" => -1,
            _ => 0,
        };
    }
    if suppress != 0 {
        values.put(tags::AUTO_RESPONSE_SUPPRESS, Value::Long(suppress));
    }
}

/// Keywords and all fields nothing else is known of, as named properties.
fn named(header: &Header, values: &mut Values, context: &mut Context) -> Result<()> {
    let (names, texts): (Vec<_>, Vec<_>) = named_fields(header, &mut context.oddities).into_iter().unzip();
    if names.is_empty() {
        return Ok(());
    }
    let ids = context.destination.name_ids(&names)?;
    for (position, value) in texts.into_iter().enumerate() {
        match ids.get(position).copied().flatten() {
            Some(id) => values.set(Property::new(PropTag::new(id, PropType::UNSPECIFIED), value)),
            None => context.oddities.add(Oddity::NamedPropertiesFull),
        }
    }
    Ok(())
}

/// The named properties of a header: fields nothing else is known of by their name in lower case, repeated
/// ones joined, and Keywords.
pub(super) fn named_fields(header: &Header, oddities: &mut Oddities) -> Vec<(NamedProperty, Value)> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut keywords = Vec::new();
    for (name, raw) in header.fields() {
        let name = name.to_ascii_lowercase();
        if name == "keywords" {
            let text = text_of(raw, oddities);
            keywords.extend(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned));
        }
        if is_known(&name) || name.len() > NAME_LIMIT {
            continue;
        }
        if fields.len() >= NAMED_LIMIT && !fields.contains_key(&name) {
            oddities.add(Oddity::NamedPropertiesFull);
            continue;
        }
        let text = text_of(raw, oddities);
        match fields.get_mut(&name) {
            Some(value) => {
                value.push_str("\r\n");
                value.push_str(&text);
            }
            None => {
                fields.insert(name, text);
            }
        }
    }
    let text_name = |set, name: &str| NamedProperty { set, name: PropertyName::Text(name.to_owned()) };
    let mut named: Vec<_> =
        fields.into_iter().map(|(name, text)| (text_name(INTERNET_HEADERS, &name), Value::Unicode(text))).collect();
    if !keywords.is_empty() {
        named.push((text_name(PUBLIC_STRINGS, KEYWORDS), Value::MvUnicode(keywords)));
    }
    named
}

/// Whether a field (in lower case) has a property of its own or belongs to the MIME structure.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

/// The bytes of a value in base64.
pub(super) fn base64(raw: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut transfer = Transfer::named("base64")?;
    transfer.push(unfold(raw).as_bytes(), &mut bytes);
    transfer.finish(&mut bytes).then_some(bytes)
}

fn blanks_joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Language tags and their locale identifiers.
const LOCALES: &[(&str, i32)] = &[
    ("ar", 0x0401),
    ("bg", 0x0402),
    ("ca", 0x0403),
    ("cs", 0x0405),
    ("da", 0x0406),
    ("de", 0x0407),
    ("de-at", 0x0C07),
    ("de-ch", 0x0807),
    ("de-de", 0x0407),
    ("el", 0x0408),
    ("en", 0x0409),
    ("en-au", 0x0C09),
    ("en-ca", 0x1009),
    ("en-gb", 0x0809),
    ("en-us", 0x0409),
    ("es", 0x0C0A),
    ("es-es", 0x0C0A),
    ("es-mx", 0x080A),
    ("et", 0x0425),
    ("fi", 0x040B),
    ("fr", 0x040C),
    ("fr-be", 0x080C),
    ("fr-ca", 0x0C0C),
    ("fr-ch", 0x100C),
    ("fr-fr", 0x040C),
    ("he", 0x040D),
    ("hi", 0x0439),
    ("hr", 0x041A),
    ("hu", 0x040E),
    ("it", 0x0410),
    ("it-ch", 0x0810),
    ("it-it", 0x0410),
    ("ja", 0x0411),
    ("ja-jp", 0x0411),
    ("ko", 0x0412),
    ("ko-kr", 0x0412),
    ("lt", 0x0427),
    ("lv", 0x0426),
    ("nb", 0x0414),
    ("nb-no", 0x0414),
    ("nl", 0x0413),
    ("nl-be", 0x0813),
    ("nl-nl", 0x0413),
    ("nn", 0x0814),
    ("pl", 0x0415),
    ("pl-pl", 0x0415),
    ("pt", 0x0816),
    ("pt-br", 0x0416),
    ("pt-pt", 0x0816),
    ("ro", 0x0418),
    ("ru", 0x0419),
    ("ru-ru", 0x0419),
    ("sk", 0x041B),
    ("sl", 0x0424),
    ("sv", 0x041D),
    ("sv-se", 0x041D),
    ("th", 0x041E),
    ("tr", 0x041F),
    ("tr-tr", 0x041F),
    ("uk", 0x0422),
    ("vi", 0x042A),
    ("zh", 0x0804),
    ("zh-cn", 0x0804),
    ("zh-hk", 0x0C04),
    ("zh-tw", 0x0404),
];

/// The locale identifier of the first language tag.
fn locale_of(value: &str) -> Option<i32> {
    let tag = value.split(',').next()?.trim().to_ascii_lowercase();
    let find = |tag: &str| LOCALES.iter().find(|(known, _)| *known == tag).map(|(_, locale)| *locale);
    find(&tag).or_else(|| find(tag.split('-').next()?))
}

/// The most precise language tag of a locale identifier.
pub(super) fn language_of(locale: i32) -> Option<&'static str> {
    LOCALES.iter().rev().find(|(_, known)| *known == locale).map(|(tag, _)| *tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_fields_are_sorted() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn a_language_falls_back_to_its_main_form() {
        assert_eq!(locale_of("en-US, de"), Some(0x0409));
        assert_eq!(locale_of("de-LI"), Some(0x0407));
        assert_eq!(locale_of("tlh"), None);
    }
}
