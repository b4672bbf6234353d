//! Property names as people write them.

use mapi_engine::properties::{PropTag, PropType, tags};

/// Short names, for the properties people ask for most.
const SHORT: &[(&str, PropTag)] = &[
    ("address", tags::EMAIL_ADDRESS),
    ("attachments", tags::HASATTACH),
    ("bcc", tags::DISPLAY_BCC),
    ("body", tags::BODY),
    ("cc", tags::DISPLAY_CC),
    ("class", tags::MESSAGE_CLASS),
    ("date", tags::CLIENT_SUBMIT_TIME),
    ("filename", tags::ATTACH_LONG_FILENAME),
    ("flags", tags::MESSAGE_FLAGS),
    ("from", tags::SENT_REPRESENTING_NAME),
    ("from-address", tags::SENT_REPRESENTING_EMAIL_ADDRESS),
    ("headers", tags::TRANSPORT_MESSAGE_HEADERS),
    ("html", tags::HTML),
    ("id", tags::INTERNET_MESSAGE_ID),
    ("importance", tags::IMPORTANCE),
    ("modified", tags::LAST_MODIFICATION_TIME),
    ("name", tags::DISPLAY_NAME),
    ("received", tags::MESSAGE_DELIVERY_TIME),
    ("sender", tags::SENDER_NAME),
    ("sender-address", tags::SENDER_EMAIL_ADDRESS),
    ("size", tags::MESSAGE_SIZE),
    ("status", tags::MSG_STATUS),
    ("subject", tags::SUBJECT),
    ("to", tags::DISPLAY_TO),
    ("topic", tags::CONVERSATION_TOPIC),
];

/// What stands before the name of a multi-valued property whose elements are meant one by one (`MVI_FLAG`).
const EACH: &str = "each:";

/// The tag of a property name: a short name, a MAPI name with or without `PR_`, or eight hexadecimal
/// digits after `0x`. `each:` before the name of a multi-valued one means one row for each of its elements.
#[must_use]
pub fn parse_property(name: &str) -> Option<PropTag> {
    if let Some(name) = name.strip_prefix(EACH) {
        let tag = parse_property(name).filter(|tag| tag.kind().is_multi())?;
        return Some(tag.with_kind(PropType(tag.kind().0 | PropType::MV_INSTANCE)));
    }
    if let Some(digits) = name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
        return (digits.len() == 8).then(|| u32::from_str_radix(digits, 16).ok().map(PropTag)).flatten();
    }
    if let Some((_, tag)) = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return Some(*tag);
    }
    tags::by_name(name).map(|entry| entry.tag)
}

/// The name of a property: `PR_SUBJECT`, or the tag in hexadecimal when the catalogue has none. Names
/// stand for the catalogued type in either string width; the multi-value instance form carries `each:`.
#[must_use]
pub fn property_name(tag: PropTag) -> String {
    if tag.kind().is_instance() {
        return format!("{EACH}{}", property_name(tag.with_kind(PropType(tag.kind().0 & !PropType::MV_INSTANCE))));
    }
    let matching = tags::CATALOGUE
        .iter()
        .filter(|entry| entry.tag.id() == tag.id())
        .find(|entry| entry.tag.kind().same_family(tag.kind()) || matches!(tag.kind(), PropType::ERROR | PropType::UNSPECIFIED));
    match matching {
        Some(entry) => format!("PR_{}", tags::published_name(entry)),
        None => tag.to_string(),
    }
}

/// Catalogue names close to a misspelt one, nearest first.
#[must_use]
pub(super) fn suggestions(name: &str) -> Vec<String> {
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    let wanted = wanted.strip_prefix("PR_").unwrap_or(&wanted);
    let mut close: Vec<(f64, String)> = tags::CATALOGUE
        .iter()
        .map(|entry| (strsim::jaro_winkler(wanted, tags::published_name(entry)), format!("PR_{}", tags::published_name(entry))))
        .chain(SHORT.iter().map(|(short, _)| (strsim::jaro_winkler(&wanted.to_ascii_lowercase(), short), (*short).to_owned())))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.into_iter().take(3).map(|(_, name)| name).collect()
}
