//! Entry identifiers as typed values (`properties` 6.2 to 6.5, `session` 5).
//!
//! Every byte string a client hands in is parsed here before anything else looks at it; one that is too
//! short or malformed is `MAPI_E_INVALID_ENTRYID`. Who owns an identifier is decided by the session's
//! routing, whether its object exists by the owner.

mod flat_list;
mod one_off;
mod provider;
mod status;
mod wrapped;

pub use flat_list::{flat_entry, flat_entry_list, parse_flat_entry, parse_flat_entry_list};
pub use one_off::{OneOff, OneOffFlags};
pub use provider::{EntryFlags, ProviderEntryId};
pub use status::StatusEntryId;
pub use wrapped::WrappedStoreId;

use crate::error::{Code, Failure, Result};
use crate::properties::Guid;

/// Flag bytes and MAPIUID: what every entry identifier begins with.
pub const HEADER: usize = 20;

/// An entry identifier by its form, as told by the MAPIUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryId {
    /// A wrapped store identifier.
    Store(WrappedStoreId),
    /// A one-off recipient.
    OneOff(OneOff),
    /// Anything else: routed by its MAPIUID.
    Provider(ProviderEntryId),
}

impl EntryId {
    /// Parses an identifier of any form.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when it is empty, `MAPI_E_INVALID_ENTRYID` when it is shorter than 20
    /// bytes or malformed for its form.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Failure::invalid("entry-id", "an entry identifier is required"));
        }
        let plain = ProviderEntryId::parse(bytes)?;
        Ok(match plain.uid {
            WrappedStoreId::UID => Self::Store(WrappedStoreId::parse(bytes)?),
            OneOff::UID => Self::OneOff(OneOff::parse(bytes)?),
            _ => Self::Provider(plain),
        })
    }
}

fn malformed(why: &'static str) -> Failure {
    Failure::new(Code::InvalidEntryid, why).with_argument("entry-id")
}

/// The MAPIUID of an identifier that is long enough to have one.
fn uid_of(bytes: &[u8]) -> Result<Guid> {
    bytes
        .get(4..HEADER)
        .and_then(Guid::from_slice)
        .ok_or_else(|| malformed("the entry identifier is shorter than 20 bytes, so it names no provider"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_absent_identifier_is_a_parameter_error_and_a_short_one_is_not() {
        assert_eq!(EntryId::parse(&[]).unwrap_err().code(), Code::InvalidParameter);
        for length in 1..HEADER {
            assert_eq!(EntryId::parse(&vec![0; length]).unwrap_err().code(), Code::InvalidEntryid);
        }
        assert!(EntryId::parse(&[0; HEADER]).is_ok());
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = EntryId::parse(&bytes);
        }

        #[test]
        fn garbage_behind_a_known_uid_is_an_error_and_never_a_panic(
            store in any::<bool>(),
            tail in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut bytes = vec![0; 4];
            bytes.extend_from_slice(if store { &WrappedStoreId::UID.0 } else { &OneOff::UID.0 });
            bytes.extend_from_slice(&tail);
            match EntryId::parse(&bytes) {
                Ok(EntryId::Store(id)) => prop_assert_eq!(id.to_bytes(), bytes),
                Ok(EntryId::OneOff(id)) => prop_assert_eq!(OneOff::parse(&id.to_bytes()).unwrap(), id),
                Ok(EntryId::Provider(_)) => prop_assert!(false),
                Err(failure) => prop_assert_eq!(failure.code(), Code::InvalidEntryid),
            }
        }
    }
}
