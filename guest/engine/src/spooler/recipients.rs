//! The recipient rows of a message being submitted: `ExpandRecips` and `PrepareSubmit` (`messages` 7.3 to
//! 7.5).
//!
//! Personal distribution lists (`MAPIPDL`) are not expanded here; such a row is left to a transport that
//! takes it.

use crate::entry_id::{EntryId, OneOff};
use crate::messages::{RECIPIENT_P1, RECIPIENT_SUBMITTED, Values};
use crate::properties::{Value, tags};

/// `MAPI_MAILUSER`.
const MAIL_USER: i32 = 6;

/// What a row is for (`messages` 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// To, cc, bcc; the number.
    Display(i32),
    /// Received already, displayed only.
    Submitted,
    /// Transmitted to, never displayed.
    Envelope,
    /// An originator or something unknown.
    Other,
}

fn kind_of(row: &Values) -> Kind {
    let kind = row.long(tags::RECIPIENT_TYPE).unwrap_or(1);
    if kind & RECIPIENT_SUBMITTED != 0 {
        Kind::Submitted
    } else if kind & RECIPIENT_P1 != 0 {
        Kind::Envelope
    } else if (1..=3).contains(&kind) {
        Kind::Display(kind)
    } else {
        Kind::Other
    }
}

/// Whether there is anybody to send to.
pub(crate) fn any_to_send_to(rows: &[Values]) -> bool {
    rows.iter().any(|row| matches!(kind_of(row), Kind::Display(_) | Kind::Envelope))
}

/// Whether a row is an envelope row, which goes when the message is finished.
pub(crate) fn is_envelope_row(row: &Values) -> bool {
    kind_of(row) == Kind::Envelope
}

/// Completes the rows: addresses, duplicates, and who is to get the message (`PR_RESPONSIBILITY` false).
pub(crate) fn prepare(rows: &mut [Values]) {
    for row in rows.iter_mut() {
        complete_address(row);
    }
    let kinds: Vec<Kind> = rows.iter().map(kind_of).collect();
    let mut done: Vec<bool> = kinds.iter().map(|kind| !matches!(kind, Kind::Display(_) | Kind::Envelope)).collect();
    for (at, kind) in kinds.iter().enumerate() {
        let Kind::Display(rank) = kind else { continue };
        let better = |other: usize, other_kind: &Kind| match other_kind {
            // A resend goes to the envelope row alone.
            Kind::Envelope => true,
            Kind::Display(other_rank) => (*other_rank, other) < (*rank, at),
            _ => false,
        };
        done[at] = kinds
            .iter()
            .enumerate()
            .any(|(other, other_kind)| other != at && better(other, other_kind) && same_recipient(&rows[at], &rows[other]));
    }
    for (row, done) in rows.iter_mut().zip(done) {
        row.put(tags::RESPONSIBILITY, Value::Boolean(done));
        row.put(tags::SPOOLER_STATUS, Value::Long(0));
    }
}

fn same_recipient(a: &Values, b: &Values) -> bool {
    let address = |row: &Values| {
        Some((row.text(tags::ADDRTYPE)?.to_ascii_lowercase(), row.text(tags::EMAIL_ADDRESS)?.to_ascii_lowercase()))
    };
    match (address(a), address(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.bytes(tags::ENTRYID).is_some_and(|id| b.bytes(tags::ENTRYID) == Some(id)),
    }
}

/// Fills the addressing properties; existing values win.
fn complete_address(row: &mut Values) {
    let one_off = match row.bytes(tags::ENTRYID).map(EntryId::parse) {
        Some(Ok(EntryId::OneOff(one_off))) => Some(one_off),
        _ => None,
    };
    if let Some(one_off) = &one_off {
        let texts = [
            (tags::ADDRTYPE, &one_off.address_type),
            (tags::EMAIL_ADDRESS, &one_off.address),
            (tags::DISPLAY_NAME, &one_off.display_name),
        ];
        for (tag, text) in texts {
            if row.text(tag).is_none_or(str::is_empty) && !text.is_empty() {
                row.put(tag, Value::Unicode(text.clone()));
            }
        }
    }
    if let (Some(kind), Some(address)) = (row.text(tags::ADDRTYPE), row.text(tags::EMAIL_ADDRESS)) {
        let key = OneOff::new("", kind, address).search_key();
        put_missing(row, tags::SEARCH_KEY, Value::Binary(key));
    }
    put_missing(row, tags::OBJECT_TYPE, Value::Long(MAIL_USER));
    put_missing(row, tags::DISPLAY_TYPE, Value::Long(0));
    let rich = one_off.is_some_and(|one_off| one_off.flags.0 & crate::entry_id::OneOffFlags::NO_RICH_INFO == 0);
    put_missing(row, tags::SEND_RICH_INFO, Value::Boolean(rich));
}

fn put_missing(row: &mut Values, tag: crate::properties::PropTag, value: Value) {
    if !row.contains(tag) {
        row.put(tag, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: i32, address: &str) -> Values {
        let mut row = Values::new();
        row.put(tags::RECIPIENT_TYPE, Value::Long(kind));
        row.put(tags::ENTRYID, Value::Binary(OneOff::new(address, "SMTP", address).to_bytes()));
        row
    }

    fn done(rows: &[Values]) -> Vec<bool> {
        rows.iter().map(|row| row.get(tags::RESPONSIBILITY) == Some(&Value::Boolean(true))).collect()
    }

    #[test]
    fn one_off_identifiers_supply_the_address() {
        let mut rows = [row(1, "Bob@Example.com")];
        prepare(&mut rows);
        assert_eq!(rows[0].text(tags::ADDRTYPE), Some("SMTP"));
        assert_eq!(rows[0].text(tags::EMAIL_ADDRESS), Some("Bob@Example.com"));
        assert_eq!(rows[0].bytes(tags::SEARCH_KEY), Some(&b"SMTP:BOB@EXAMPLE.COM\0"[..]));
        assert_eq!(done(&rows), [false]);
    }

    #[test]
    fn of_duplicates_the_best_type_and_then_the_first_stays() {
        let mut rows = [row(3, "a@x"), row(2, "A@X"), row(1, "b@x"), row(1, "B@x")];
        prepare(&mut rows);
        assert_eq!(done(&rows), [true, false, false, true]);
    }

    #[test]
    fn a_resend_goes_to_the_envelope_rows_and_to_those_added() {
        let submitted = 1 | RECIPIENT_SUBMITTED;
        let mut rows = [row(submitted, "a@x"), row(RECIPIENT_P1, "a@x"), row(1, "b@x"), row(RECIPIENT_P1, "b@x"), row(2, "c@x")];
        prepare(&mut rows);
        assert_eq!(done(&rows), [true, false, true, false, false]);
    }

    #[test]
    fn rows_that_are_displayed_only_are_nobody_to_send_to() {
        assert!(!any_to_send_to(&[row(1 | RECIPIENT_SUBMITTED, "a@x"), row(0, "b@x")]));
        assert!(any_to_send_to(&[row(RECIPIENT_P1, "a@x")]));
    }
}
