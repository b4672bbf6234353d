//! Read and non-read reports (`messages` 8, `stores` 8): the store that holds a message says when one is
//! due, here is what it says and how it is sent.

use crate::backend::{ObjectId, QUEUE_NUMBER, Want};
use crate::entry_id::{EntryId, OneOff};
use crate::error::{Code, Failure, Result};
use crate::messages::{Draft, Values, create_conversation_index, message_flags};
use crate::properties::{INLINE_LIMIT, PropTag, Value, tags};
use crate::spooler::original::inline;
use crate::spooler::{Identity, queue, recipients, sender};
use crate::stores::{ChangeSet, CommitMode, Connection, ReportKind};
use std::rc::Rc;

/// Where a receipt goes, first come first served: the entry identifier, and the name beside it.
const DESTINATIONS: [(PropTag, Option<PropTag>); 3] = [
    (tags::READ_RECEIPT_ENTRYID, None),
    (tags::REPORT_ENTRYID, Some(tags::REPORT_NAME)),
    (tags::SENDER_ENTRYID, Some(tags::SENDER_NAME)),
];

/// What a receipt copies from the message it reports on, under which name.
const COPIED: &[(PropTag, PropTag)] = &[
    (tags::SUBJECT, tags::ORIGINAL_SUBJECT),
    (tags::CLIENT_SUBMIT_TIME, tags::ORIGINAL_SUBMIT_TIME),
    (tags::MESSAGE_DELIVERY_TIME, tags::ORIGINAL_DELIVERY_TIME),
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
    (tags::PRIORITY, tags::PRIORITY),
    (tags::IMPORTANCE, tags::IMPORTANCE),
];

/// Builds the receipt on a message.
///
/// # Errors
/// `MAPI_E_NOT_FOUND` when the message names nobody it could go to; the backend's own.
pub(crate) fn build(connection: &Connection, message: &ObjectId, kind: ReportKind) -> Result<Draft> {
    let (_, properties) = connection.backend().read(message, Want::All, INLINE_LIMIT)?;
    let original: Values = properties.into_iter().collect();
    let environment = connection.environment();
    let mut draft = Draft::default();
    draft.recipients.push(destination(&original)?);
    let values = &mut draft.properties;
    for (from, to) in COPIED {
        if let Some(value) = inline(&original, *from) {
            values.put(*to, value);
        }
    }
    let class = original.text(tags::MESSAGE_CLASS).filter(|class| !class.is_empty()).unwrap_or("IPM.Note");
    let subject = original.text(tags::SUBJECT).unwrap_or_default();
    let (suffix, prefix, what) = match kind {
        ReportKind::Read => ("IPNRN", "Read: ", "was read"),
        ReportKind::NonRead => ("IPNNRN", "Not read: ", "was deleted without being read"),
    };
    let now = environment.clock.now();
    values.put(tags::MESSAGE_CLASS, Value::Unicode(format!("REPORT.{class}.{suffix}")));
    values.put(tags::SUBJECT, Value::Unicode(format!("{prefix}{subject}")));
    values.put(tags::SUBJECT_PREFIX, Value::Unicode(prefix.to_owned()));
    let text = format!("Your message \u{201c}{subject}\u{201d} {what}.\r\n");
    values.put(tags::REPORT_TEXT, Value::Unicode(text.clone()));
    values.put(tags::BODY, Value::Unicode(text));
    values.put(tags::REPORT_TIME, Value::SysTime(now));
    values.put(tags::READ_RECEIPT_REQUESTED, Value::Boolean(false));
    values.put(tags::DELETE_AFTER_SUBMIT, Value::Boolean(true));
    let index = create_conversation_index(original.bytes(tags::CONVERSATION_INDEX), environment);
    values.put(tags::CONVERSATION_INDEX, Value::Binary(index));
    Ok(draft)
}

/// The one recipient of a receipt.
fn destination(original: &Values) -> Result<Values> {
    for (tag, name) in DESTINATIONS {
        let Some(entry_id) = original.bytes(tag) else { continue };
        let mut row = Values::new();
        row.put(tags::ENTRYID, Value::Binary(entry_id.to_vec()));
        row.put(tags::RECIPIENT_TYPE, Value::Long(1));
        if let Ok(EntryId::OneOff(OneOff { display_name, .. })) = EntryId::parse(entry_id) {
            row.put(tags::DISPLAY_NAME, Value::Unicode(display_name));
        } else if let Some(name) = name.and_then(|name| inline(original, name)) {
            row.put(tags::DISPLAY_NAME, name);
        }
        return Ok(row);
    }
    Err(Failure::new(Code::NotFound, "The message does not say whom a receipt could be sent to."))
}

/// Puts a message made here into a folder and into the outgoing queue.
///
/// # Errors
/// The backend's own.
pub(crate) fn submit(connection: &Rc<Connection>, folder: &ObjectId, mut draft: Draft, identity: Option<Identity>) -> Result<()> {
    let environment = connection.environment();
    recipients::prepare(&mut draft.recipients);
    let values = &mut draft.properties;
    values.put(tags::CLIENT_SUBMIT_TIME, Value::SysTime(environment.clock.now()));
    sender::complete(values, identity);
    let id = sender::message_id(values, environment);
    values.put(tags::INTERNET_MESSAGE_ID, Value::Unicode(id));
    values.put(tags::SUBMIT_FLAGS, Value::Long(0));
    values.put(tags::MESSAGE_FLAGS, Value::Long(message_flags::SUBMIT | message_flags::UNSENT));
    values.put(QUEUE_NUMBER, Value::I8(queue::next_number(connection)?));
    let mut changes = ChangeSet::new(connection);
    changes.add_message(folder, draft)?;
    changes.commit(CommitMode::default())?;
    Ok(())
}
