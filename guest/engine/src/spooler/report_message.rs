//! What all reports have in common (`messages` 8.4): what they copy from the message they report on, and
//! how they are named after it.

use crate::backend::Environment;
use crate::messages::{Draft, Values, create_conversation_index};
use crate::properties::{PropTag, Value, tags};
use crate::spooler::original::inline;

/// What a report copies from the message it reports on, under which name.
const COPIED: &[(PropTag, PropTag)] = &[
    (tags::SUBJECT, tags::ORIGINAL_SUBJECT),
    (tags::CLIENT_SUBMIT_TIME, tags::ORIGINAL_SUBMIT_TIME),
    (tags::DISPLAY_TO, tags::ORIGINAL_DISPLAY_TO),
    (tags::DISPLAY_CC, tags::ORIGINAL_DISPLAY_CC),
    (tags::DISPLAY_BCC, tags::ORIGINAL_DISPLAY_BCC),
    (tags::SENDER_NAME, tags::ORIGINAL_SENDER_NAME),
    (tags::SENDER_ENTRYID, tags::ORIGINAL_SENDER_ENTRYID),
    (tags::SENDER_SEARCH_KEY, tags::ORIGINAL_SENDER_SEARCH_KEY),
    (tags::SENDER_ADDRTYPE, tags::ORIGINAL_SENDER_ADDRTYPE),
    (tags::SENDER_EMAIL_ADDRESS, tags::ORIGINAL_SENDER_EMAIL_ADDRESS),
    (tags::SEARCH_KEY, tags::ORIGINAL_SEARCH_KEY),
    (tags::SEARCH_KEY, tags::PARENT_KEY),
    (tags::MESSAGE_CLASS, tags::ORIG_MESSAGE_CLASS),
    (tags::REPORT_TAG, tags::REPORT_TAG),
    (tags::CONVERSATION_TOPIC, tags::CONVERSATION_TOPIC),
    (tags::INTERNET_MESSAGE_ID, tags::IN_REPLY_TO_ID),
];

/// What makes a kind of report: the end of its class, and what its subject begins with.
pub(crate) struct Naming {
    pub(crate) suffix: &'static str,
    pub(crate) prefix: &'static str,
}

/// A report on a message, still without recipients: what is copied (`also` beside what every report copies), its
/// name, and its date.
pub(crate) fn begin(original: &Values, naming: &Naming, also: &[(PropTag, PropTag)], environment: &Environment) -> Draft {
    let mut draft = Draft::default();
    let values = &mut draft.properties;
    for (from, to) in COPIED.iter().chain(also) {
        if let Some(value) = inline(original, *from) {
            values.put(*to, value);
        }
    }
    let class = original.text(tags::MESSAGE_CLASS).filter(|class| !class.is_empty()).unwrap_or("IPM.Note");
    let Naming { suffix, prefix } = naming;
    values.put(tags::MESSAGE_CLASS, Value::Unicode(format!("REPORT.{class}.{suffix}")));
    values.put(tags::SUBJECT, Value::Unicode(format!("{prefix}{}", subject(original))));
    values.put(tags::SUBJECT_PREFIX, Value::Unicode((*prefix).to_owned()));
    values.put(tags::REPORT_TIME, Value::SysTime(environment.clock.now()));
    let index = create_conversation_index(original.bytes(tags::CONVERSATION_INDEX), environment);
    values.put(tags::CONVERSATION_INDEX, Value::Binary(index));
    draft
}

/// The subject of the message reported on.
pub(crate) fn subject(original: &Values) -> &str {
    original.text(tags::SUBJECT).unwrap_or_default()
}

/// What a report says to people.
pub(crate) fn say(values: &mut Values, text: String) {
    values.put(tags::REPORT_TEXT, Value::Unicode(text.clone()));
    values.put(tags::BODY, Value::Unicode(text));
}
