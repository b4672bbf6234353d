//! Delivery and non-delivery reports (`messages` 8): who gets one, and what is in it.

use crate::backend::{ObjectId, Want};
use crate::error::Result;
use crate::messages::{Draft, DraftAttachment, Values, message_flags};
use crate::properties::{INLINE_LIMIT, PropTag, Value, tags};
use crate::spooler::delivery::{Delivery, OWES_DR, OWES_NDR};
use crate::spooler::original::{Copier, inline};
use crate::spooler::recipients::is_envelope_row;
use crate::spooler::report_message::{self, Naming};
use crate::stores::computed::private;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{ChangeSet, CommitMode, receive};
use std::rc::Rc;

/// Bits of `PR_AUTO_RESPONSE_SUPPRESS`.
const SUPPRESS_DR: i32 = 0x1;
const SUPPRESS_NDR: i32 = 0x2;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Delivered,
    Failed,
}

/// What the sender of a message wants to be told.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    delivery: Option<bool>,
    non_delivery: Option<bool>,
    may_delivery: bool,
    may_non_delivery: bool,
}

fn boolean(values: &Values, tag: PropTag) -> Option<bool> {
    match values.get(tag) {
        Some(Value::Boolean(value)) => Some(*value),
        _ => None,
    }
}

impl Wanted {
    /// By the message: none on a report, none to a sender nobody knows.
    pub(crate) fn of(message: &Values) -> Self {
        let class = message.text(tags::MESSAGE_CLASS).unwrap_or_default();
        let is_report = class.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("REPORT."));
        let suppressed = message.long(tags::AUTO_RESPONSE_SUPPRESS).unwrap_or(0);
        let is_known =
            [tags::REPORT_ENTRYID, tags::SENDER_ENTRYID, tags::SENDER_EMAIL_ADDRESS].iter().any(|tag| message.contains(*tag));
        Self {
            delivery: boolean(message, tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED),
            non_delivery: boolean(message, tags::ORIGINATOR_NON_DELIVERY_REPORT_REQUESTED),
            may_delivery: is_known && !is_report && suppressed & SUPPRESS_DR == 0,
            may_non_delivery: is_known && !is_report && suppressed & SUPPRESS_NDR == 0,
        }
    }

    /// Whether a recipient's delivery is reported: only if asked for, by the row or else the message.
    pub(crate) fn delivery(&self, row: &Values) -> bool {
        let asked = boolean(row, tags::ORIGINATOR_DELIVERY_REPORT_REQUESTED).or(self.delivery);
        self.may_delivery && asked == Some(true)
    }

    /// Whether a recipient's failure is reported: unless refused.
    pub(crate) fn non_delivery(&self, row: &Values) -> bool {
        let asked = boolean(row, tags::ORIGINATOR_NON_DELIVERY_REPORT_REQUESTED).or(self.non_delivery);
        self.may_non_delivery && asked != Some(false)
    }
}

/// `StatusRecips`: a transport tells what became of recipients, perhaps long after the message was sent. At most one
/// report of each kind. Whether there was anything to report.
///
/// # Errors
/// The backends' own.
pub(crate) fn status_recips(
    store: &Rc<StoreReference>,
    reports: &Rc<StoreReference>,
    message: &ObjectId,
    told: Vec<Values>,
) -> Result<bool> {
    let (_, properties) = store.connection.backend().read(message, Want::All, INLINE_LIMIT)?;
    let values: Values = properties.into_iter().collect();
    let known = crate::messages::content::stored_recipients(store, message)?;
    let wants = Wanted::of(&values);
    let (mut delivered, mut failed) = (Vec::new(), Vec::new());
    for row in told {
        let mut whole = known.iter().find(|known| is_same(known, &row)).cloned().unwrap_or_default();
        for (tag, value) in row {
            if let crate::backend::StoredValue::Inline(value) = value {
                whole.put(tag, value);
            }
        }
        if whole.contains(tags::NDR_REASON_CODE) || whole.contains(tags::NDR_DIAG_CODE) {
            if wants.non_delivery(&whole) {
                failed.push(whole);
            }
        } else if whole.contains(tags::DELIVER_TIME) && wants.delivery(&whole) {
            delivered.push(whole);
        }
    }
    let mut changes = ChangeSet::new(&reports.connection);
    for (kind, rows) in [(Kind::Delivered, delivered), (Kind::Failed, failed)] {
        if !rows.is_empty() {
            add_report(&mut changes, store, reports, message, &values, kind, rows)?;
        }
    }
    if changes.is_empty() {
        return Ok(false);
    }
    changes.commit(CommitMode { delivery: true, ..CommitMode::default() })?;
    Ok(true)
}

/// Whether a row a transport tells of is that recipient.
fn is_same(known: &Values, told: &Values) -> bool {
    if let Some(number) = told.long(tags::ROWID) {
        return known.long(tags::ROWID) == Some(number);
    }
    if let Some(entry_id) = told.bytes(tags::ENTRYID) {
        return known.bytes(tags::ENTRYID) == Some(entry_id);
    }
    let address = |row: &Values| row.text(tags::EMAIL_ADDRESS).map(str::to_ascii_lowercase);
    address(told).is_some() && address(told) == address(known)
}

/// Writes the reports that are owed for a message, in the commit that notes them as written when both lie
/// in one store.
///
/// # Errors
/// The backends' own; `MAPI_E_OBJECT_CHANGED` when the claim was lost.
pub(crate) fn write_owed(delivery: &mut Delivery, reports: &Rc<StoreReference>) -> Result<()> {
    let owing = |delivery: &Delivery, bit: i32| -> Vec<Values> {
        delivery.rows.iter().filter(|row| row.owes() & bit != 0).map(|row| row.values.clone()).collect()
    };
    let (delivered, failed) = (owing(delivery, OWES_DR), owing(delivery, OWES_NDR));
    if delivered.is_empty() && failed.is_empty() {
        return Ok(());
    }
    let (store, message) = (Rc::clone(&delivery.store), delivery.message.clone());
    let mut changes = ChangeSet::new(&reports.connection);
    for (kind, rows) in [(Kind::Delivered, delivered), (Kind::Failed, failed)] {
        if !rows.is_empty() {
            add_report(&mut changes, &store, reports, &message, &delivery.values, kind, rows)?;
        }
    }
    let how = CommitMode { delivery: true, ..CommitMode::default() };
    if Rc::ptr_eq(&store.connection, &reports.connection) {
        for row in delivery.rows.iter().filter(|row| row.owes() != 0) {
            changes.set(&row.object, crate::backend::Expected::Exists, Values::new(), vec![private::REPORTS_OWED])?;
        }
        changes.set(&message, delivery.expected(), Values::new(), Vec::new())?;
        delivery.commit(changes, how)?;
        delivery.rows.iter_mut().for_each(|row| drop(row.values.remove(private::REPORTS_OWED)));
        return Ok(());
    }
    changes.commit(how)?;
    for row in delivery.rows.iter_mut().filter(|row| row.owes() != 0) {
        row.put(private::REPORTS_OWED, Value::Long(0));
    }
    delivery.save(Vec::new())
}

/// Adds one report to what a commit does.
fn add_report(
    changes: &mut ChangeSet<'_>,
    store: &Rc<StoreReference>,
    reports: &Rc<StoreReference>,
    message: &ObjectId,
    values: &Values,
    kind: Kind,
    rows: Vec<Values>,
) -> Result<()> {
    let mut draft = compose(values, reports, kind, rows);
    let class = draft.properties.text(tags::MESSAGE_CLASS).unwrap_or_default().to_owned();
    let (entry_id, _) = receive::find(reports, &class)?;
    let folder = match reports.resolve(&entry_id)? {
        Named::Object(folder) => folder,
        Named::Store => reports.connection.root().clone(),
    };
    if kind == Kind::Failed {
        let mut original = Copier::new(store, &reports.connection).read(message)?;
        original.recipients.retain(|row| !is_envelope_row(row));
        draft.attachments.push(original_attachment(original));
    }
    let kept = draft.clone();
    let added = changes.add_message(&folder, draft);
    if added.is_err() {
        kept.discard(&**reports.connection.backend());
    }
    added.map(|_| ())
}

/// The original in a non-delivery report.
fn original_attachment(mut original: Draft) -> DraftAttachment {
    let mut properties = Values::new();
    let subject = original.properties.text(tags::SUBJECT).unwrap_or_default().to_owned();
    properties.put(tags::ATTACH_METHOD, Value::Long(5));
    properties.put(tags::RENDERING_POSITION, Value::Long(-1));
    properties.put(tags::ATTACH_MIME_TAG, Value::Unicode("message/rfc822".into()));
    properties.put(tags::DISPLAY_NAME, Value::Unicode(subject));
    let flags = original.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0) & !(message_flags::SUBMIT | message_flags::UNSENT);
    original.properties.put(tags::MESSAGE_FLAGS, Value::Long(flags));
    DraftAttachment { properties, embedded: Some(Box::new(original)) }
}

/// What a row of a report says of its recipient.
const ROW: &[PropTag] = &[
    tags::DISPLAY_NAME,
    tags::ENTRYID,
    tags::SEARCH_KEY,
    tags::OBJECT_TYPE,
    tags::DISPLAY_TYPE,
    tags::ADDRTYPE,
    tags::EMAIL_ADDRESS,
    tags::DELIVER_TIME,
    tags::NDR_REASON_CODE,
    tags::NDR_DIAG_CODE,
    tags::NDR_STATUS_CODE,
    tags::REPORT_TIME,
    tags::REPORT_TEXT,
    tags::SUPPLEMENTARY_INFO,
    tags::DSN_REMOTE_MTA,
    tags::ORIGINAL_DISPLAY_NAME,
    tags::ORIGINAL_ENTRYID,
    tags::ORIGINAL_SEARCH_KEY,
];

/// The report without its attachment.
fn compose(message: &Values, reports: &StoreReference, kind: Kind, rows: Vec<Values>) -> Draft {
    let environment = reports.connection.environment();
    let naming = match kind {
        Kind::Delivered => Naming { suffix: "DR", prefix: "Delivered: " },
        Kind::Failed => Naming { suffix: "NDR", prefix: "Undeliverable: " },
    };
    let mut draft = report_message::begin(message, &naming, &[], environment);
    let values = &mut draft.properties;
    values.put(tags::SENDER_NAME, Value::Unicode("System Administrator".into()));
    values.put(tags::SENT_REPRESENTING_NAME, Value::Unicode("System Administrator".into()));
    let now = Value::SysTime(environment.clock.now());
    values.put(tags::MESSAGE_DELIVERY_TIME, now.clone());
    values.put(tags::CLIENT_SUBMIT_TIME, now);
    values.put(tags::PRIORITY, Value::Long(0));
    values.put(tags::IMPORTANCE, Value::Long(1));
    // Delivered mail: neither sent by a client nor read.
    values.put(tags::MESSAGE_FLAGS, Value::Long(message_flags::UNMODIFIED));
    report_message::say(values, report_text(kind, report_message::subject(message), &rows));
    for row in rows {
        let mut reported = Values::new();
        for tag in ROW {
            if let Some(value) = inline(&row, *tag) {
                reported.put(*tag, value);
            }
        }
        for (from, to) in [
            (tags::DISPLAY_NAME, tags::ORIGINAL_DISPLAY_NAME),
            (tags::ENTRYID, tags::ORIGINAL_ENTRYID),
            (tags::SEARCH_KEY, tags::ORIGINAL_SEARCH_KEY),
        ] {
            if let Some(value) = inline(&row, from).filter(|_| !reported.contains(to)) {
                reported.put(to, value);
            }
        }
        let kind = row.long(tags::RECIPIENT_TYPE).unwrap_or(1) & 3;
        reported.put(tags::RECIPIENT_TYPE, Value::Long(kind.max(1)));
        reported.put(tags::RESPONSIBILITY, Value::Boolean(true));
        draft.recipients.push(reported);
    }
    draft
}

/// What a report says to people.
fn report_text(kind: Kind, subject: &str, rows: &[Values]) -> String {
    let mut text = match kind {
        Kind::Delivered => format!("Your message \u{201c}{subject}\u{201d} was delivered to:\r\n"),
        Kind::Failed => format!("Your message \u{201c}{subject}\u{201d} did not reach:\r\n"),
    };
    for row in rows {
        let name = row.text(tags::DISPLAY_NAME).unwrap_or_default();
        let address = row.text(tags::EMAIL_ADDRESS).unwrap_or_default();
        text.push_str("\r\n    ");
        text.push_str(name);
        if !address.is_empty() && address != name {
            text.push_str(&format!(" <{address}>"));
        }
        if let (Kind::Failed, Some(reason)) = (kind, row.text(tags::REPORT_TEXT).filter(|reason| !reason.is_empty())) {
            text.push_str("\r\n        ");
            text.push_str(reason);
        }
    }
    text.push_str("\r\n");
    text
}
