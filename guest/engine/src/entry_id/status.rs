//! Identifiers of status rows: short-term, good for one session (`status` 4).

use super::{EntryFlags, ProviderEntryId};
use crate::properties::Guid;

/// The identifier of one row of a session's status table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusEntryId {
    /// The engine-private MAPIUID of the session.
    pub session: Guid,
    /// `PR_ROWID` of the row.
    pub row: u32,
}

impl StatusEntryId {
    /// The row an identifier names, `None` unless it is a status identifier of that session.
    #[must_use]
    pub fn of(id: &ProviderEntryId, session: Guid) -> Option<Self> {
        let row = <[u8; 4]>::try_from(id.data.as_slice()).ok()?;
        (id.uid == session && id.flags == EntryFlags::SHORT_TERM).then(|| Self { session, row: u32::from_le_bytes(row) })
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        ProviderEntryId { flags: EntryFlags::SHORT_TERM, uid: self.session, data: self.row.to_le_bytes().to_vec() }.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_identifier_is_short_term_and_of_one_session() {
        let id = StatusEntryId { session: Guid([7; 16]), row: 3 };
        let bytes = id.to_bytes();
        assert_eq!(bytes[0], 0xFF);
        let parsed = ProviderEntryId::parse(&bytes).unwrap();
        assert_eq!(StatusEntryId::of(&parsed, Guid([7; 16])), Some(id));
        assert_eq!(StatusEntryId::of(&parsed, Guid([8; 16])), None);
    }
}
