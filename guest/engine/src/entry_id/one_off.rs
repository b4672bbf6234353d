//! One-off identifiers (`properties` 6.4): recipients that exist nowhere but in their identifier.

use super::{HEADER, malformed, uid_of};
use crate::error::Result;
use crate::properties::{Guid, code_page};

/// The flag word of a one-off identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OneOffFlags(pub u16);

impl OneOffFlags {
    /// `MAPI_ONE_OFF_UNICODE`: the strings are UTF-16LE.
    pub const UNICODE: u16 = 0x8000;
    /// Do not resolve the recipient.
    pub const NO_LOOKUP: u16 = 0x1000;
    /// The recipient takes no rich text.
    pub const NO_RICH_INFO: u16 = 0x0001;

    /// Whether the strings are UTF-16LE.
    #[must_use]
    pub const fn is_unicode(self) -> bool {
        self.0 & Self::UNICODE != 0
    }
}

/// A one-off recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOff {
    /// Width of the strings, and how the recipient wants its messages.
    pub flags: OneOffFlags,
    /// Display name; without a NUL, as are the others.
    pub display_name: String,
    /// Address type, such as `SMTP`.
    pub address_type: String,
    /// The address.
    pub address: String,
}

impl OneOff {
    /// The MAPIUID of the form.
    pub const UID: Guid = Guid([0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02]);

    /// A recipient with Unicode strings and no other flag. NULs, which no string of the form can hold, are
    /// dropped.
    #[must_use]
    pub fn new(display_name: &str, address_type: &str, address: &str) -> Self {
        let clean = |text: &str| text.replace('\0', "");
        Self {
            flags: OneOffFlags(OneOffFlags::UNICODE),
            display_name: clean(display_name),
            address_type: clean(address_type),
            address: clean(address),
        }
    }

    /// Parses an identifier. The last NUL may be missing, bytes behind it are ignored, strings may be empty.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID` when a string is missing, the version is not 0, or UTF-16 is ill-formed.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if uid_of(bytes)? != Self::UID {
            return Err(malformed("the entry identifier is not that of a one-off recipient"));
        }
        let (&[v0, v1, f0, f1], rest) = bytes[HEADER..]
            .split_first_chunk::<4>()
            .ok_or_else(|| malformed("the one-off identifier is cut off before its strings"))?;
        if u16::from_le_bytes([v0, v1]) != 0 {
            return Err(malformed("the one-off identifier has an unknown version"));
        }
        let flags = OneOffFlags(u16::from_le_bytes([f0, f1]));
        let mut strings = Strings { rest, wide: flags.is_unicode() };
        Ok(Self { flags, display_name: strings.next()?, address_type: strings.next()?, address: strings.last()? })
    }

    /// The bytes. 8-bit strings are written in the session code page.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&Self::UID.0);
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.flags.0.to_le_bytes());
        for text in [&self.display_name, &self.address_type, &self.address] {
            if self.flags.is_unicode() {
                bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                bytes.extend_from_slice(&[0, 0]);
            } else {
                bytes.extend(code_page::encode(text));
                bytes.push(0);
            }
        }
        bytes
    }

    /// Whether both name the same recipient: address type and address, ignoring ASCII case; never the name.
    #[must_use]
    pub fn same_recipient(&self, other: &Self) -> bool {
        self.address_type.eq_ignore_ascii_case(&other.address_type) && self.address.eq_ignore_ascii_case(&other.address)
    }

    /// `PR_SEARCH_KEY`: `TYPE:ADDRESS` in ASCII upper case, 8-bit, with a terminating zero (`properties` 6.1,
    /// `address-book` 4.3).
    #[must_use]
    pub fn search_key(&self) -> Vec<u8> {
        let text = format!("{}:{}", self.address_type, self.address).to_ascii_uppercase();
        let mut key = code_page::encode(&text);
        key.push(0);
        key
    }
}

struct Strings<'a> {
    rest: &'a [u8],
    wide: bool,
}

impl Strings<'_> {
    /// The next string, which must end in a NUL because another follows.
    fn next(&mut self) -> Result<String> {
        let (text, ended) = self.take()?;
        if ended { Ok(text) } else { Err(malformed("the one-off identifier lacks a string")) }
    }

    fn last(&mut self) -> Result<String> {
        Ok(self.take()?.0)
    }

    fn take(&mut self) -> Result<(String, bool)> {
        let unit = if self.wide { 2 } else { 1 };
        if self.rest.len() < unit {
            return Err(malformed("the one-off identifier lacks a string"));
        }
        let nul = self.rest.chunks_exact(unit).position(|bytes| bytes.iter().all(|&byte| byte == 0));
        let length = nul.unwrap_or(self.rest.len() / unit) * unit;
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest.get(unit..).unwrap_or_default();
        let text = if self.wide {
            let units = text.chunks_exact(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
            char::decode_utf16(units)
                .collect::<Result<String, _>>()
                .map_err(|_| malformed("a string of the one-off identifier is not UTF-16"))?
        } else {
            code_page::decode(text)
        };
        Ok((text, nul.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    fn narrow() -> OneOff {
        OneOff { flags: OneOffFlags(0), ..OneOff::new("A", "SMTP", "b@c") }
    }

    #[test]
    fn the_published_example_has_35_bytes() {
        let bytes = narrow().to_bytes();
        assert_eq!(bytes.len(), 35);
        assert_eq!(&bytes[24..], b"A\0SMTP\0b@c\0");
    }

    #[test]
    fn a_missing_last_nul_and_trailing_bytes_are_tolerated() {
        let mut bytes = narrow().to_bytes();
        bytes.extend_from_slice(b"tail");
        assert_eq!(OneOff::parse(&bytes).unwrap(), narrow());
        assert_eq!(OneOff::parse(&bytes[..34]).unwrap(), narrow());
    }

    #[test]
    fn a_missing_string_is_malformed() {
        let bytes = narrow().to_bytes();
        for length in 0..=31 {
            assert_eq!(OneOff::parse(&bytes[..length]).unwrap_err().code(), Code::InvalidEntryid, "{length}");
        }
    }

    #[test]
    fn empty_strings_are_legal() {
        let empty = OneOff::new("", "", "");
        assert_eq!(OneOff::parse(&empty.to_bytes()).unwrap(), empty);
    }

    #[test]
    fn identity_is_type_and_address_without_case_and_never_the_name() {
        assert!(OneOff::new("A", "smtp", "B@C").same_recipient(&OneOff::new("Z", "SMTP", "b@c")));
        assert!(!OneOff::new("A", "SMTP", "b@c").same_recipient(&OneOff::new("A", "FAX", "b@c")));
    }

    #[test]
    fn the_search_key_is_upper_case_and_terminated() {
        assert_eq!(OneOff::new("Bob", "smtp", "bob@example.org").search_key(), b"SMTP:BOB@EXAMPLE.ORG\0");
    }

    proptest! {
        #[test]
        fn a_recipient_survives_its_unicode_identifier(name in "[^\0]{0,30}", kind in "[^\0]{0,9}", address in "[^\0]{0,30}") {
            let one_off = OneOff::new(&name, &kind, &address);
            prop_assert_eq!(OneOff::parse(&one_off.to_bytes()).unwrap(), one_off);
        }
    }
}
