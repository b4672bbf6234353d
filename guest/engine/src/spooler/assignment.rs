//! Which transports may take a recipient (`transport` 2.1, `messages` 7.2 step 4).

use crate::backend::TransportIdentity;
use crate::entry_id::ProviderEntryId;
use crate::messages::Values;
use crate::properties::tags;

/// The transports that may take a row, best first: those that know its entry identifier, then those that
/// take its address type, each in transport order. A transport stands there once.
pub(crate) fn candidates<'a>(row: &Values, transports: impl Iterator<Item = &'a TransportIdentity> + Clone) -> Vec<usize> {
    let Some(entry_id) = row.bytes(tags::ENTRYID) else { return Vec::new() };
    let owner = ProviderEntryId::parse(entry_id).ok().map(|id| id.uid);
    let by_uid = transports.clone().enumerate().filter(|(_, transport)| owner.is_some_and(|uid| transport.uids.contains(&uid)));
    let mut order: Vec<usize> = by_uid.map(|(at, _)| at).collect();
    if let Some(kind) = row.text(tags::ADDRTYPE).filter(|kind| !kind.is_empty()) {
        let takes = |transport: &TransportIdentity| match &transport.address_types {
            None => true,
            Some(types) => types.iter().any(|own| own.eq_ignore_ascii_case(kind)),
        };
        for (at, transport) in transports.enumerate() {
            if takes(transport) && !order.contains(&at) {
                order.push(at);
            }
        }
    }
    order
}

/// Whether a row names somebody at all.
pub(crate) fn is_resolved(row: &Values, has_candidate: bool) -> bool {
    row.contains(tags::ENTRYID) && (has_candidate || row.text(tags::ADDRTYPE).is_some_and(|kind| !kind.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry_id::OneOff;
    use crate::properties::{Guid, Value};

    fn transport(types: Option<&[&str]>, uids: &[Guid]) -> TransportIdentity {
        let address_types = types.map(|types| types.iter().map(|kind| (*kind).to_owned()).collect());
        TransportIdentity { address_types, uids: uids.to_vec(), polls: false, idles: false }
    }

    fn row(kind: &str) -> Values {
        let mut row = Values::new();
        row.put(tags::ENTRYID, Value::Binary(OneOff::new("x", kind, "x").to_bytes()));
        row.put(tags::ADDRTYPE, Value::Unicode(kind.into()));
        row
    }

    #[test]
    fn identifiers_beat_types_whatever_the_order() {
        let transports = [transport(Some(&["SMTP"]), &[]), transport(None, &[]), transport(Some(&["FAX"]), &[OneOff::UID])];
        assert_eq!(candidates(&row("smtp"), transports.iter()), [2, 0, 1]);
        assert_eq!(candidates(&row("FAX"), transports.iter()), [2, 1]);
    }

    #[test]
    fn a_list_of_one_empty_type_takes_nothing_and_no_list_takes_all() {
        let transports = [transport(Some(&[""]), &[]), transport(Some(&[]), &[]), transport(None, &[])];
        assert_eq!(candidates(&row("X400"), transports.iter()), [2]);
        assert_eq!(candidates(&row(""), transports.iter()), Vec::<usize>::new());
    }

    #[test]
    fn a_row_without_identifier_is_for_nobody() {
        let mut unresolved = row("SMTP");
        unresolved.remove(tags::ENTRYID);
        let transports = [transport(None, &[])];
        assert_eq!(candidates(&unresolved, transports.iter()), Vec::<usize>::new());
        assert!(!is_resolved(&unresolved, false));
        assert!(is_resolved(&row("SMTP"), false));
    }
}
