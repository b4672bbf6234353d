//! Read and non-read reports (`messages` 8, `stores` 8): the store that holds a message says when one is
//! due, here is what it says and how it is sent.

use crate::backend::{ObjectId, QUEUE_NUMBER, Want};
use crate::entry_id::{EntryId, OneOff};
use crate::error::{Code, Failure, Result};
use crate::messages::{Draft, Values, message_flags};
use crate::properties::{INLINE_LIMIT, PropTag, Value, tags};
use crate::spooler::original::inline;
use crate::spooler::report_message::{self, Naming};
use crate::spooler::{Identity, queue, recipients, sender};
use crate::stores::{ChangeSet, CommitMode, Connection, ReportKind};
use std::rc::Rc;

/// Where a receipt goes, first come first served: the entry identifier, and the name beside it.
const DESTINATIONS: [(PropTag, Option<PropTag>); 3] = [
    (tags::READ_RECEIPT_ENTRYID, None),
    (tags::REPORT_ENTRYID, Some(tags::REPORT_NAME)),
    (tags::SENDER_ENTRYID, Some(tags::SENDER_NAME)),
];

/// What a receipt copies beside what every report does.
const COPIED: &[(PropTag, PropTag)] = &[
    (tags::MESSAGE_DELIVERY_TIME, tags::ORIGINAL_DELIVERY_TIME),
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
    let (naming, what) = match kind {
        ReportKind::Read => (Naming { suffix: "IPNRN", prefix: "Read: " }, "was read"),
        ReportKind::NonRead => (Naming { suffix: "IPNNRN", prefix: "Not read: " }, "was deleted without being read"),
    };
    let recipient = destination(&original)?;
    let mut draft = report_message::begin(&original, &naming, COPIED, connection.environment());
    draft.recipients.push(recipient);
    let values = &mut draft.properties;
    report_message::say(values, format!("Your message \u{201c}{}\u{201d} {what}.\r\n", report_message::subject(&original)));
    values.put(tags::READ_RECEIPT_REQUESTED, Value::Boolean(false));
    values.put(tags::DELETE_AFTER_SUBMIT, Value::Boolean(true));
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
