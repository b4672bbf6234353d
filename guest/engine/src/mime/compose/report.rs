//! The machine-readable part of a report message (RFC 3464, RFC 8098; `messages` 8.4, 10 "report").

use crate::messages::Values;
use crate::mime::compose::facts::{Facts, mailbox_of};
use crate::mime::compose::field::Block;
use crate::mime::envelope::RECIPIENT;
use crate::mime::report::Action;
use crate::properties::{PropTag, Value, tags};
use encodify::base64;

/// What a report reports, told by its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Delivery(Action),
    /// A read report, else a non-read one.
    Disposition {
        read: bool,
    },
}

impl Report {
    /// `None` for a message that is no report.
    pub(super) fn of(values: &Values) -> Option<Self> {
        let class = values.text(tags::MESSAGE_CLASS)?.to_ascii_uppercase();
        let kind = class.strip_prefix("REPORT.")?;
        if kind.ends_with(".IPNRN") || kind.ends_with(".IPNNRN") {
            return Some(Self::Disposition { read: kind.ends_with(".IPNRN") });
        }
        let named = |suffix: &str| kind.ends_with(&suffix.to_ascii_uppercase());
        Action::ALL.iter().find(|(.., suffix)| named(suffix)).map(|(action, ..)| Self::Delivery(*action))
    }

    /// The `report-type`.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Delivery(_) => "delivery-status",
            Self::Disposition { .. } => "disposition-notification",
        }
    }

    /// The content of the part.
    pub(super) fn content(self, facts: &Facts) -> Vec<u8> {
        let mut block = Block::default();
        match self {
            Self::Delivery(action) => delivery(action, facts, &mut block),
            Self::Disposition { read } => disposition(read, facts, &mut block),
        }
        block.into_bytes()
    }
}

/// Who a delivery report is for: its recipient rows are those it reports on.
pub(super) fn destination(values: &Values) -> Vec<Values> {
    let mut row = Values::new();
    for (from, to) in [
        (tags::ORIGINAL_SENDER_NAME, tags::DISPLAY_NAME),
        (tags::ORIGINAL_SENDER_ENTRYID, tags::ENTRYID),
        (tags::ORIGINAL_SENDER_ADDRTYPE, tags::ADDRTYPE),
        (tags::ORIGINAL_SENDER_EMAIL_ADDRESS, tags::EMAIL_ADDRESS),
    ] {
        if let Some(value) = values.get(from) {
            row.put(to, value.clone());
        }
    }
    if row.is_empty() { Vec::new() } else { vec![row] }
}

fn delivery(action: Action, facts: &Facts, block: &mut Block) {
    let domain = facts.author().first().and_then(|author| Some(author.address.rsplit_once('@')?.1.to_owned()));
    block.text("Reporting-MTA", &format!("dns; {}", domain.as_deref().unwrap_or("mapi.invalid")));
    time(block, "Arrival-Date", &facts.values, tags::ORIGINAL_SUBMIT_TIME);
    correlation(facts, block);
    for row in &facts.reported {
        block.end();
        let action = if row.contains(tags::NDR_REASON_CODE) || row.contains(tags::NDR_DIAG_CODE) {
            Action::Failed
        } else if row.contains(tags::DELIVER_TIME) && matches!(action, Action::Failed | Action::Delayed) {
            Action::Delivered
        } else {
            action
        };
        one(row, action, block);
    }
}

fn one(row: &Values, action: Action, block: &mut Block) {
    if let Some(mailbox) = mailbox_of(row, &RECIPIENT) {
        let kind = if mailbox.address.contains('@') { "rfc822" } else { "unknown" };
        block.text("Final-Recipient", &format!("{kind}; {}", mailbox.address));
        if mailbox.name != mailbox.address {
            block.text("X-Display-Name", &mailbox.name);
        }
    }
    let word = Action::ALL.iter().find(|(known, ..)| *known == action).map_or("failed", |(_, word, _)| *word);
    block.tokens("Action", word);
    let class = match action {
        Action::Failed => 5,
        Action::Delayed => 4,
        _ => 2,
    };
    let status = row.long(tags::NDR_STATUS_CODE).filter(|status| (200..600).contains(status)).unwrap_or(class * 100);
    block.tokens("Status", &format!("{}.{}.{}", status / 100, status / 10 % 10, status % 10));
    if let Some(text) = row.text(tags::SUPPLEMENTARY_INFO).filter(|text| !text.is_empty()) {
        block.text("Diagnostic-Code", &format!("smtp; {text}"));
    }
    if let Some(name) = row.text(tags::DSN_REMOTE_MTA).filter(|name| !name.is_empty()) {
        block.text("Remote-MTA", &format!("dns; {name}"));
    }
    let attempt = if row.contains(tags::DELIVER_TIME) { tags::DELIVER_TIME } else { tags::REPORT_TIME };
    time(block, "Last-Attempt-Date", row, attempt);
}

fn disposition(read: bool, facts: &Facts, block: &mut Block) {
    if let Some(reader) = facts.author().first() {
        block.text("Final-Recipient", &format!("rfc822; {}", reader.address));
    }
    if let Some(id) = facts.values.text(tags::IN_REPLY_TO_ID) {
        block.tokens("Original-Message-ID", id);
    }
    let word = |tag, default: &'static str| {
        let valid = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/'));
        facts.values.text(tag).filter(valid).unwrap_or(default)
    };
    let mode = word(tags::REPORT_DISPOSITION_MODE, "automatic-action/MDN-sent-automatically");
    let kind = word(tags::REPORT_DISPOSITION, if read { "displayed" } else { "deleted" });
    block.tokens("Disposition", &format!("{mode}; {kind}"));
    correlation(facts, block);
}

fn correlation(facts: &Facts, block: &mut Block) {
    let key = [tags::REPORT_TAG, tags::PARENT_KEY].into_iter().find_map(|tag| facts.values.bytes(tag));
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        block.tokens("X-MSExch-Correlation-Key", &base64::STANDARD.encode(key));
    }
}

fn time(block: &mut Block, name: &str, values: &Values, tag: PropTag) {
    if let Some(Value::SysTime(time)) = values.get(tag) {
        block.date(name, *time);
    }
}
