//! Which row of the status table says who is logged on (`session` 6.12).

use super::StatusRows;
use super::rows::{Columns, long};
use crate::properties::{PropTag, Property, Value, tags};

const IDENTITY: [PropTag; 3] = [tags::IDENTITY_DISPLAY, tags::IDENTITY_ENTRYID, tags::IDENTITY_SEARCH_KEY];

/// `STATUS_PRIMARY_IDENTITY`.
const PRIMARY_IDENTITY: i32 = crate::profiles::provider_flags::PRIMARY_IDENTITY.cast_signed();

/// The identity a row of the table gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowIdentity {
    /// `PR_IDENTITY_ENTRYID`.
    pub entry_id: Option<Vec<u8>>,
    /// `PR_IDENTITY_DISPLAY`.
    pub display: Option<String>,
    /// `PR_IDENTITY_SEARCH_KEY`.
    pub search_key: Option<Vec<u8>>,
    /// `PR_DISPLAY_NAME` of the row.
    pub row_name: Option<String>,
}

impl RowIdentity {
    fn of(row: &Columns) -> Self {
        Self {
            entry_id: bytes(row, tags::IDENTITY_ENTRYID),
            display: text(row, tags::IDENTITY_DISPLAY),
            search_key: bytes(row, tags::IDENTITY_SEARCH_KEY),
            row_name: text(row, tags::DISPLAY_NAME),
        }
    }

    /// Address type and address of the search key: what stands before and behind its first colon.
    #[must_use]
    pub fn address(&self) -> Option<(String, String)> {
        let key = String::from_utf8_lossy(self.search_key.as_deref()?).into_owned();
        let (kind, address) = key.strip_suffix('\0').unwrap_or(&key).split_once(':')?;
        (!kind.is_empty() && !address.is_empty()).then(|| (kind.to_owned(), address.to_owned()))
    }
}

impl StatusRows {
    /// Who is logged on by the rows in their order: the primary identity, else the first row with a whole
    /// identity, else the first with an identifier. A client without mail sees no rows of transports.
    #[must_use]
    pub fn identity(&self, no_mail: bool) -> Option<RowIdentity> {
        let rows = self.seen_by(no_mail);
        let has = |row: &&Columns, tag: PropTag| row.contains_key(&tag.id());
        let primary = || rows.iter().filter(|row| long(row, tags::RESOURCE_FLAGS).unwrap_or(0) & PRIMARY_IDENTITY != 0);
        let identified = primary().find(|row| has(row, tags::IDENTITY_ENTRYID));
        let addressed = || primary().find(|row| RowIdentity::of(row).address().is_some());
        let whole = || rows.iter().find(|row| IDENTITY.iter().all(|tag| has(row, *tag)));
        let any = || rows.iter().find(|row| has(row, tags::IDENTITY_ENTRYID));
        identified.or_else(addressed).or_else(whole).or_else(any).map(RowIdentity::of)
    }
}

fn bytes(row: &Columns, tag: PropTag) -> Option<Vec<u8>> {
    match row.get(&tag.id()) {
        Some(Property { value: Value::Binary(bytes), .. }) => Some(bytes.clone()),
        _ => None,
    }
}

fn text(row: &Columns, tag: PropTag) -> Option<String> {
    match row.get(&tag.id()) {
        Some(Property { value: Value::Unicode(text), .. }) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_key_is_split_at_its_first_colon() {
        let of = |key: &[u8]| {
            let row = RowIdentity { entry_id: None, display: None, search_key: Some(key.to_vec()), row_name: None };
            row.address()
        };
        assert_eq!(of(b"X400:/C=DE:1\0"), Some(("X400".into(), "/C=DE:1".into())));
        assert_eq!(of(b"SMTP:A@B"), Some(("SMTP".into(), "A@B".into())));
        for unusable in [&b"nothing\0"[..], b":A@B\0", b"SMTP:\0", b""] {
            assert_eq!(of(unusable), None);
        }
    }
}
