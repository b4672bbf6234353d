//! Delivery status and disposition notifications (RFC 3464, RFC 8098) to properties of a report
//! (`messages` 8.4, 8.5, 10 "multipart/report").
//!
//! The class a report gets names what happened; with several recipients, the worst of it. The original
//! class is not told by a notification: it is that of the message returned with it, else IPM.Note.

use crate::messages::{DeliveryStatus, Draft, Values};
use crate::mime::Oddities;
use crate::mime::envelope::{self, one_off};
use crate::mime::header::{Header, Line, Mailbox, parse_date};
use crate::properties::{FileTime, PropTag, Value, tags};

/// Recipients of one report that are kept.
const RECIPIENT_LIMIT: usize = 10_000;

/// What happened to a recipient; a later one is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Expanded,
    Relayed,
    Delivered,
    Delayed,
    Failed,
}

impl Action {
    pub(super) const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Expanded, "expanded", ".Expanded.DR"),
        (Self::Relayed, "relayed", ".Relayed.DR"),
        (Self::Delayed, "delayed", ".Delayed.DR"),
        (Self::Delivered, "delivered", ".DR"),
        (Self::Failed, "failed", ".NDR"),
    ];

    fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(action, ..)| *action)
    }

    fn suffix(self) -> &'static str {
        Self::ALL.iter().find(|(action, ..)| *action == self).map_or(".NDR", |(_, _, suffix)| suffix)
    }
}

/// The enhanced status code of a `Status` field, such as `5.1.1 (bad mailbox)`.
fn status(field: &str) -> Option<DeliveryStatus> {
    DeliveryStatus::parse(field.split_whitespace().next()?)
}

/// Reads the machine-readable part of a report into its draft; false when it says nothing, so that it has
/// to be kept as it is.
pub(super) fn read(kind: &str, bytes: &[u8], draft: &mut Draft) -> bool {
    let groups = groups(bytes);
    match kind {
        "message/delivery-status" | "message/global-delivery-status" => delivery(&groups, draft),
        _ => groups.first().is_some_and(|group| disposition(group, draft)),
    }
}

/// Whether a part of a report is one this module reads.
pub(super) fn is_machine_readable(kind: &str) -> bool {
    matches!(
        kind,
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/global-disposition-notification"
    )
}

fn groups(bytes: &[u8]) -> Vec<Header> {
    let mut groups = Vec::new();
    let mut group = Header::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        // What is no field is skipped.
        if group.push(line) == Line::End && !group.is_empty() {
            groups.push(core::mem::take(&mut group));
            if groups.len() > RECIPIENT_LIMIT {
                return groups;
            }
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// The value of a field `type; value`, without the type.
fn typed(group: &Header, name: &str) -> Option<String> {
    let value = group.value(name)?;
    let value = value.split_once(';').map_or(value.as_str(), |(_, value)| value).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn delivery(groups: &[Header], draft: &mut Draft) -> bool {
    let mut worst = None;
    let mut rows = Vec::new();
    let sent = draft.properties.get(tags::CLIENT_SUBMIT_TIME).cloned();
    for group in groups {
        let Some(action) = group.value("action").as_deref().and_then(Action::named) else { continue };
        worst = worst.max(Some(action));
        rows.push(row(group, action, sent.as_ref()));
    }
    let Some(worst) = worst else { return false };
    // Who the report is for is known as the sender of the original; its rows are those reported on.
    let destination = core::mem::replace(&mut draft.recipients, rows);
    if let Some(to) = destination.into_iter().next() {
        for (from, tag) in [
            (tags::DISPLAY_NAME, tags::ORIGINAL_SENDER_NAME),
            (tags::ENTRYID, tags::ORIGINAL_SENDER_ENTRYID),
            (tags::SEARCH_KEY, tags::ORIGINAL_SENDER_SEARCH_KEY),
            (tags::ADDRTYPE, tags::ORIGINAL_SENDER_ADDRTYPE),
            (tags::EMAIL_ADDRESS, tags::ORIGINAL_SENDER_EMAIL_ADDRESS),
        ] {
            put(&mut draft.properties, tag, to.get(from).cloned());
        }
    }
    if let Some(first) = groups.first() {
        put(&mut draft.properties, tags::ORIGINAL_SUBMIT_TIME, time(first.value("arrival-date")));
        correlate(first, draft);
    }
    draft.properties.put(tags::MESSAGE_CLASS, Value::Unicode(format!("REPORT.IPM.Note{}", worst.suffix())));
    put(&mut draft.properties, tags::REPORT_TIME, sent);
    true
}

fn row(group: &Header, action: Action, sent: Option<&Value>) -> Values {
    let address = typed(group, "final-recipient").or_else(|| typed(group, "original-recipient")).unwrap_or_default();
    let name = group.text("x-display-name", &mut Oddities::default()).filter(|name| !name.is_empty());
    let mut row = envelope::recipient(&Mailbox { name: name.unwrap_or_else(|| address.clone()), address }, 1);
    let attempt = time(group.value("last-attempt-date")).or_else(|| sent.cloned());
    match action {
        Action::Failed => {
            let status = group.value("status").as_deref().and_then(status);
            row.put(tags::NDR_REASON_CODE, Value::Long(status.map_or(0, DeliveryStatus::reason)));
            row.put(tags::NDR_DIAG_CODE, Value::Long(status.map_or(-1, DeliveryStatus::diagnostic)));
            row.put(tags::NDR_STATUS_CODE, Value::Long(status.map_or(0, DeliveryStatus::number)));
            put(&mut row, tags::REPORT_TIME, attempt);
        }
        Action::Delayed => put(&mut row, tags::REPORT_TIME, attempt),
        _ => put(&mut row, tags::DELIVER_TIME, attempt),
    }
    let text = |value: Option<String>| value.map(Value::Unicode);
    put(&mut row, tags::SUPPLEMENTARY_INFO, text(typed(group, "diagnostic-code")));
    put(&mut row, tags::DSN_REMOTE_MTA, text(typed(group, "remote-mta")));
    row
}

fn disposition(group: &Header, draft: &mut Draft) -> bool {
    let Some((mode, kind)) = group.value("disposition").and_then(|value| {
        let (mode, kind) = value.split_once(';')?;
        // Modifiers follow a slash.
        let kind = kind.split('/').next()?.trim().to_ascii_lowercase();
        Some((mode.trim().to_owned(), kind))
    }) else {
        return false;
    };
    let suffix = match kind.as_str() {
        "displayed" | "processed" | "dispatched" => ".IPNRN",
        "deleted" | "denied" | "failed" => ".IPNNRN",
        _ => return false,
    };
    let values = &mut draft.properties;
    values.put(tags::MESSAGE_CLASS, Value::Unicode(format!("REPORT.IPM.Note{suffix}")));
    values.put(tags::REPORT_DISPOSITION, Value::Unicode(kind));
    values.put(tags::REPORT_DISPOSITION_MODE, Value::Unicode(mode));
    if let Some(id) = group.value("original-message-id").filter(|id| !id.is_empty()) {
        values.put(tags::IN_REPLY_TO_ID, Value::Unicode(id));
    }
    let sent = values.get(tags::CLIENT_SUBMIT_TIME).cloned();
    put(values, tags::REPORT_TIME, sent);
    if let Some(address) = typed(group, "original-recipient").or_else(|| typed(group, "final-recipient")) {
        let one_off = one_off(&Mailbox { name: address.clone(), address });
        values.put(tags::ORIGINALLY_INTENDED_RECIP_ENTRYID, Value::Binary(one_off.to_bytes()));
    }
    correlate(group, draft);
    true
}

fn correlate(group: &Header, draft: &mut Draft) {
    let key = group.raw("x-msexch-correlation-key").and_then(envelope::base64).filter(|key| !key.is_empty());
    if let Some(key) = key {
        draft.properties.put(tags::REPORT_TAG, Value::Binary(key.clone()));
        draft.properties.put(tags::PARENT_KEY, Value::Binary(key));
    }
}

/// Takes over what the returned message tells of the original.
pub(super) fn finish(draft: &mut Draft) {
    let class = draft.properties.text(tags::MESSAGE_CLASS).unwrap_or_default().to_owned();
    let Some(suffix) = class.strip_prefix("REPORT.IPM.Note") else { return };
    let Some(original) = draft.attachments.iter().find_map(|attachment| attachment.embedded.as_deref()) else {
        draft.properties.put(tags::ORIG_MESSAGE_CLASS, Value::Unicode("IPM.Note".into()));
        return;
    };
    let of = &original.properties;
    let original_class = of.text(tags::MESSAGE_CLASS).unwrap_or("IPM.Note").to_owned();
    let id = of.text(tags::INTERNET_MESSAGE_ID).map(str::to_owned);
    let told = [
        (tags::ORIGINAL_SUBJECT, of.get(tags::SUBJECT).cloned()),
        (tags::ORIGINAL_SUBMIT_TIME, of.get(tags::CLIENT_SUBMIT_TIME).cloned()),
        (tags::MESSAGE_CLASS, Some(Value::Unicode(format!("REPORT.{original_class}{suffix}")))),
        (tags::ORIG_MESSAGE_CLASS, Some(Value::Unicode(original_class))),
    ];
    for (tag, value) in told {
        put(&mut draft.properties, tag, value);
    }
    if let Some(id) = id.filter(|_| !draft.properties.contains(tags::IN_REPLY_TO_ID)) {
        draft.properties.put(tags::IN_REPLY_TO_ID, Value::Unicode(id));
    }
}

fn put(values: &mut Values, tag: PropTag, value: Option<Value>) {
    if let Some(value) = value {
        values.put(tag, value);
    }
}

fn time(text: Option<String>) -> Option<Value> {
    let time: FileTime = text.as_deref().and_then(parse_date)?;
    Some(Value::SysTime(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_recipient_has_the_numbers_of_its_status() {
        for (field, numbers) in [
            ("Status: 5.1.1 (bad mailbox)\n", (1, 35, 511)),
            ("Status: 5.1.10\n", (0, 0, 520)),
            ("Status: nonsense\n", (0, -1, 0)),
            ("", (0, -1, 0)),
        ] {
            let mut draft = Draft::new();
            let text = format!("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\nAction: failed\n{field}");
            assert!(read("message/delivery-status", text.as_bytes(), &mut draft));
            let number = |tag| draft.recipients[0].long(tag).unwrap();
            let told = (number(tags::NDR_REASON_CODE), number(tags::NDR_DIAG_CODE), number(tags::NDR_STATUS_CODE));
            assert_eq!(told, numbers, "{field}");
        }
    }

    #[test]
    fn the_worst_that_happened_names_the_report() {
        let mut draft = Draft::new();
        let status = b"Reporting-MTA: dns; x\nX-MSExch-Correlation-Key: AQI=\n\nFinal-Recipient: rfc822; a@b\nAction: delivered\nStatus: 2.0.0\n\n\
            Final-Recipient: rfc822;c@d\nAction: Failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\nRemote-MTA: dns; mx\n";
        assert!(read("message/delivery-status", status, &mut draft));
        assert_eq!(draft.properties.text(tags::MESSAGE_CLASS), Some("REPORT.IPM.Note.NDR"));
        assert_eq!(draft.properties.bytes(tags::PARENT_KEY), Some(&[1, 2][..]));
        let failed = &draft.recipients[1];
        assert_eq!(failed.text(tags::EMAIL_ADDRESS), Some("c@d"));
        assert_eq!(failed.long(tags::NDR_STATUS_CODE), Some(511));
        assert_eq!(failed.text(tags::SUPPLEMENTARY_INFO), Some("550 no such user"));
        assert!(!read("message/delivery-status", b"no fields\n", &mut Draft::new()));
    }

    #[test]
    fn a_disposition_is_a_read_or_non_read_report() {
        for (kind, class) in [("displayed", "REPORT.IPM.Note.IPNRN"), ("deleted/error", "REPORT.IPM.Note.IPNNRN")] {
            let mut draft = Draft::new();
            let text = format!("Original-Message-ID: <o@x>\nDisposition: manual-action/MDN-sent-manually; {kind}\n");
            assert!(read("message/disposition-notification", text.as_bytes(), &mut draft));
            assert_eq!(draft.properties.text(tags::MESSAGE_CLASS), Some(class));
            assert_eq!(draft.properties.text(tags::IN_REPLY_TO_ID), Some("<o@x>"));
        }
    }
}
