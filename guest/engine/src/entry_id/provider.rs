//! Provider entry identifiers: 4 flag bytes, MAPIUID, then the backend's own bytes (`properties` 6.2).

use super::{HEADER, uid_of};
use crate::backend::ObjectId;
use crate::error::Result;
use crate::properties::Guid;

/// The four flag bytes of an entry identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct EntryFlags(pub [u8; 4]);

impl EntryFlags {
    /// Valid everywhere and for ever.
    pub const LONG_TERM: Self = Self([0; 4]);
    /// Fully short-term: all bits of the first byte.
    pub const SHORT_TERM: Self = Self([0xFF, 0, 0, 0]);

    /// Whether it is permanent everywhere.
    #[must_use]
    pub const fn is_long_term(self) -> bool {
        self.0[0] == 0
    }
}

/// An identifier issued by a provider. The engine parses no further than the MAPIUID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderEntryId {
    /// How long and for whom it is valid.
    pub flags: EntryFlags,
    /// Who owns it.
    pub uid: Guid,
    /// The owner's own bytes.
    pub data: Vec<u8>,
}

impl ProviderEntryId {
    /// The long-term identifier of a backend's object.
    #[must_use]
    pub fn of_object(uid: Guid, object: &ObjectId) -> Self {
        Self { flags: EntryFlags::LONG_TERM, uid, data: object.as_bytes().to_vec() }
    }

    /// Parses the layout.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID` when there are fewer than 20 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let uid = uid_of(bytes)?;
        let mut flags = EntryFlags::default();
        flags.0.copy_from_slice(&bytes[..4]);
        Ok(Self { flags, uid, data: bytes[HEADER..].to_vec() })
    }

    /// The object of the owning backend it names.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID` when the owner's part is not 1 to 255 bytes.
    pub fn object(&self) -> Result<ObjectId> {
        ObjectId::new(&self.data)
            .ok_or_else(|| super::malformed("the entry identifier names no object: its provider part is empty or too long"))
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.data.len());
        bytes.extend_from_slice(&self.flags.0);
        bytes.extend_from_slice(&self.uid.0);
        bytes.extend_from_slice(&self.data);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    #[test]
    fn a_header_alone_names_no_object() {
        let id = ProviderEntryId::parse(&[0; HEADER]).unwrap();
        assert_eq!(id.object().unwrap_err().code(), Code::InvalidEntryid);
    }

    proptest! {
        #[test]
        fn every_identifier_long_enough_survives_parsing(bytes in proptest::collection::vec(any::<u8>(), HEADER..300)) {
            prop_assert_eq!(ProviderEntryId::parse(&bytes).unwrap().to_bytes(), bytes);
        }

        #[test]
        fn an_object_comes_back_from_its_identifier(
            uid in any::<[u8; 16]>(),
            object in proptest::collection::vec(any::<u8>(), 1..=255),
        ) {
            let object = ObjectId::new(&object).unwrap();
            let bytes = ProviderEntryId::of_object(Guid(uid), &object).to_bytes();
            let id = ProviderEntryId::parse(&bytes).unwrap();
            prop_assert!(id.flags.is_long_term());
            prop_assert_eq!(id.uid, Guid(uid));
            prop_assert_eq!(id.object().unwrap(), object);
        }
    }
}
