//! Who a profile sends as: the name and the address its transports are configured with.
//!
//! A transport shows it in the three identity columns of its status row (`status` 1.2), where the session
//! finds it for the sender of what is submitted (`messages` 7.1).

use mapi_engine::backend::ProviderLogon;
use mapi_engine::entry_id::OneOff;
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{PropTag, Property, Value, tags};

/// The address type of Internet addresses.
pub(crate) const SMTP: &str = "SMTP";

/// The text a profile section holds under that tag; an empty one counts as none.
pub(crate) fn text(configuration: &[Property], tag: PropTag) -> Option<&str> {
    let found = configuration.iter().find(|property| property.tag.id() == tag.id())?;
    match &found.value {
        Value::Unicode(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A name and an Internet address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailIdentity {
    name: String,
    address: String,
}

impl MailIdentity {
    /// The identity with that address; without a name the address is the name.
    ///
    /// # Errors
    /// `MAPI_E_UNCONFIGURED` for what is no address.
    pub fn new(name: Option<&str>, address: &str) -> Result<Self> {
        if address.parse::<lettre::Address>().is_err() {
            let message = format!("{address:?} is no Internet address; write one such as ann@example.org");
            return Err(Failure::new(Code::Unconfigured, message).with_tag(tags::SENDER_EMAIL_ADDRESS));
        }
        Ok(Self { name: name.unwrap_or(address).to_owned(), address: address.to_owned() })
    }

    /// The identity a profile section holds: `PR_SENDER_EMAIL_ADDRESS` and `PR_SENDER_NAME`.
    ///
    /// # Errors
    /// `MAPI_E_UNCONFIGURED` when the address is missing or is none.
    pub fn configured(logon: &ProviderLogon) -> Result<Self> {
        let Some(address) = text(&logon.configuration, tags::SENDER_EMAIL_ADDRESS) else {
            let message = "the service has no address to send from; configure PR_SENDER_EMAIL_ADDRESS";
            return Err(Failure::new(Code::Unconfigured, message).with_tag(tags::SENDER_EMAIL_ADDRESS));
        };
        Self::new(text(&logon.configuration, tags::SENDER_NAME), address)
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    fn one_off(&self) -> OneOff {
        OneOff::new(&self.name, SMTP, &self.address)
    }

    /// The identity columns of a status row.
    #[must_use]
    pub fn status_columns(&self) -> Vec<Property> {
        let one_off = self.one_off();
        vec![
            Property::new(tags::IDENTITY_DISPLAY, Value::Unicode(self.name.clone())),
            Property::new(tags::IDENTITY_ENTRYID, Value::Binary(one_off.to_bytes())),
            Property::new(tags::IDENTITY_SEARCH_KEY, Value::Binary(one_off.search_key())),
        ]
    }

    /// The sender group of a message (`PR_SENDER_*`).
    #[must_use]
    pub fn sender(&self) -> Vec<Property> {
        self.group([
            tags::SENDER_NAME,
            tags::SENDER_ADDRTYPE,
            tags::SENDER_EMAIL_ADDRESS,
            tags::SENDER_ENTRYID,
            tags::SENDER_SEARCH_KEY,
        ])
    }

    /// The received-by groups of a message (`PR_RECEIVED_BY_*`, `PR_RCVD_REPRESENTING_*`; `messages` 9).
    #[must_use]
    pub fn receiver(&self) -> Vec<Property> {
        let mut properties = self.group([
            tags::RECEIVED_BY_NAME,
            tags::RECEIVED_BY_ADDRTYPE,
            tags::RECEIVED_BY_EMAIL_ADDRESS,
            tags::RECEIVED_BY_ENTRYID,
            tags::RECEIVED_BY_SEARCH_KEY,
        ]);
        properties.extend(self.group([
            tags::RCVD_REPRESENTING_NAME,
            tags::RCVD_REPRESENTING_ADDRTYPE,
            tags::RCVD_REPRESENTING_EMAIL_ADDRESS,
            tags::RCVD_REPRESENTING_ENTRYID,
            tags::RCVD_REPRESENTING_SEARCH_KEY,
        ]));
        properties
    }

    fn group(&self, [name, address_type, address, entry_id, search_key]: [PropTag; 5]) -> Vec<Property> {
        let one_off = self.one_off();
        vec![
            Property::new(name, Value::Unicode(self.name.clone())),
            Property::new(address_type, Value::Unicode(SMTP.to_owned())),
            Property::new(address, Value::Unicode(self.address.clone())),
            Property::new(entry_id, Value::Binary(one_off.to_bytes())),
            Property::new(search_key, Value::Binary(one_off.search_key())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_key_is_the_address_in_upper_case() {
        let identity = MailIdentity::new(Some("Ann"), "ann@example.org").unwrap();
        let columns = identity.status_columns();
        assert_eq!(columns[2].value, Value::Binary(b"SMTP:ANN@EXAMPLE.ORG\0".to_vec()));
        assert_eq!(MailIdentity::new(None, "ann@example.org").unwrap().name, "ann@example.org");
        assert_eq!(MailIdentity::new(None, "ann").unwrap_err().code(), Code::Unconfigured);
    }
}
