//! Wrapped store identifiers (`properties` 6.3): the form in which the identifier of a store travels.

use super::{HEADER, malformed, uid_of};
use crate::error::Result;
use crate::properties::Guid;

/// Where the provider's name begins: behind the header, a version byte and a flag byte.
const NAME: usize = HEADER + 2;

/// The identifier of a message store: which provider, and the provider's private identifier of it.
///
/// Equality ignores the ASCII case of the provider's name, which is an opaque backend name.
#[derive(Clone, Debug)]
pub struct WrappedStoreId {
    provider: String,
    private: Vec<u8>,
}

impl PartialEq for WrappedStoreId {
    fn eq(&self, other: &Self) -> bool {
        self.provider.eq_ignore_ascii_case(&other.provider) && self.private == other.private
    }
}

impl Eq for WrappedStoreId {}

impl WrappedStoreId {
    /// The MAPIUID of the form.
    pub const UID: Guid = Guid([0x38, 0xA1, 0xBB, 0x10, 0x05, 0xE5, 0x10, 0x1A, 0xA1, 0xBB, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2]);

    /// Wraps a private identifier. `None` for a provider name that is empty or contains a NUL.
    #[must_use]
    pub fn new(provider: &str, private: &[u8]) -> Option<Self> {
        (!provider.is_empty() && !provider.contains('\0'))
            .then(|| Self { provider: provider.to_owned(), private: private.to_vec() })
    }

    /// Unwraps an identifier.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID` for anything but the layout of `properties` 6.3.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if uid_of(bytes)? != Self::UID || bytes[..4] != [0; 4] {
            return Err(malformed("the entry identifier is not that of a message store"));
        }
        if bytes.get(HEADER..NAME) != Some(&[0, 0]) {
            return Err(malformed("the wrapped store identifier has an unknown version"));
        }
        let name = &bytes[NAME..];
        let length = name
            .iter()
            .position(|&byte| byte == 0)
            .ok_or_else(|| malformed("the provider name of the wrapped store identifier does not end"))?;
        let provider = core::str::from_utf8(&name[..length])
            .map_err(|_| malformed("the provider name of the wrapped store identifier is not text"))?;
        let end = NAME + length + 1;
        let start = end.next_multiple_of(4);
        if !bytes.get(end..start).is_some_and(|padding| padding.iter().all(|&byte| byte == 0)) {
            return Err(malformed("the wrapped store identifier is cut off or its padding is not zero"));
        }
        Self::new(provider, &bytes[start..]).ok_or_else(|| malformed("the wrapped store identifier names no provider"))
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&Self::UID.0);
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(self.provider.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend_from_slice(&self.private);
        bytes
    }

    /// The provider's name (`PR_PROVIDER_DLL_NAME`).
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The provider's private identifier of the store.
    #[must_use]
    pub fn private(&self) -> &[u8] {
        &self.private
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    #[test]
    fn the_private_part_of_the_published_example_begins_at_36() {
        let bytes = WrappedStoreId::new("msstub.dll", &[1, 2, 3]).unwrap().to_bytes();
        assert_eq!(&bytes[22..33], b"msstub.dll\0");
        assert_eq!(&bytes[33..36], [0; 3]);
        assert_eq!(&bytes[36..], [1, 2, 3]);
    }

    #[test]
    fn provider_names_compare_ignoring_ascii_case() {
        assert_eq!(WrappedStoreId::new("SQLite", b"x"), WrappedStoreId::new("sqlite", b"x"));
        assert_ne!(WrappedStoreId::new("sqlite", b"X"), WrappedStoreId::new("sqlite", b"x"));
    }

    #[test]
    fn every_truncation_before_the_private_part_is_malformed() {
        let bytes = WrappedStoreId::new("msstub.dll", &[1, 2, 3]).unwrap().to_bytes();
        for length in 0..36 {
            assert_eq!(WrappedStoreId::parse(&bytes[..length]).unwrap_err().code(), Code::InvalidEntryid);
        }
        assert!(WrappedStoreId::parse(&bytes[..36]).is_ok());
    }

    proptest! {
        #[test]
        fn wrapping_and_unwrapping_give_the_same(
            name in "[a-zA-Z0-9._ -]{1,40}",
            private in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let id = WrappedStoreId::new(&name, &private).unwrap();
            let parsed = WrappedStoreId::parse(&id.to_bytes()).unwrap();
            prop_assert_eq!(parsed.provider(), name.as_str());
            prop_assert_eq!(parsed.private(), private.as_slice());
        }
    }
}
