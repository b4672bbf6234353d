//! Who sends a message (`messages` 7.1 step 4), and its `Message-ID`.

use crate::backend::Environment;
use crate::entry_id::OneOff;
use crate::messages::Values;
use crate::properties::{PropTag, Value, tags};

/// The person logged on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Display name.
    pub name: String,
    /// Address type.
    pub address_type: String,
    /// Address.
    pub address: String,
    /// Entry identifier.
    pub entry_id: Vec<u8>,
}

impl Identity {
    /// A person known by name and address alone.
    #[must_use]
    pub fn one_off(name: &str, address_type: &str, address: &str) -> Self {
        let one_off = OneOff::new(name, address_type, address);
        Self {
            entry_id: one_off.to_bytes(),
            name: one_off.display_name,
            address_type: one_off.address_type,
            address: one_off.address,
        }
    }

    /// The person an identifier with its properties names.
    #[must_use]
    pub fn of_entry(entry_id: Vec<u8>, display: Option<&str>, search_key: Option<&[u8]>) -> Self {
        let one_off = OneOff::parse(&entry_id).ok();
        let key = search_key.map(|key| String::from_utf8_lossy(key).trim_end_matches('\0').to_owned());
        let (kind, address) = match (&one_off, key.as_deref().and_then(|key| key.split_once(':'))) {
            (Some(one_off), _) => (one_off.address_type.clone(), one_off.address.clone()),
            (None, Some((kind, address))) => (kind.to_owned(), address.to_owned()),
            (None, None) => (String::new(), String::new()),
        };
        let name = display.map(str::to_owned).or_else(|| one_off.map(|one_off| one_off.display_name));
        Self {
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| address.clone()),
            address_type: kind,
            address,
            entry_id,
        }
    }

    /// What a message of nobody in particular says.
    fn unknown() -> Self {
        Self { name: "Unknown".into(), address_type: String::new(), address: String::new(), entry_id: Vec::new() }
    }
}

/// The properties that name a person in one role.
struct Role {
    name: PropTag,
    entry: PropTag,
    search_key: PropTag,
    kind: PropTag,
    address: PropTag,
}

const SENDER: Role = Role {
    name: tags::SENDER_NAME,
    entry: tags::SENDER_ENTRYID,
    search_key: tags::SENDER_SEARCH_KEY,
    kind: tags::SENDER_ADDRTYPE,
    address: tags::SENDER_EMAIL_ADDRESS,
};

const SENT_REPRESENTING: Role = Role {
    name: tags::SENT_REPRESENTING_NAME,
    entry: tags::SENT_REPRESENTING_ENTRYID,
    search_key: tags::SENT_REPRESENTING_SEARCH_KEY,
    kind: tags::SENT_REPRESENTING_ADDRTYPE,
    address: tags::SENT_REPRESENTING_EMAIL_ADDRESS,
};

impl Role {
    fn tags(&self) -> [PropTag; 5] {
        [self.name, self.entry, self.search_key, self.kind, self.address]
    }

    /// Whether a client has filled any of it.
    fn is_given(&self, values: &Values) -> bool {
        self.tags().iter().any(|tag| values.contains(*tag))
    }

    fn put(&self, values: &mut Values, identity: &Identity) {
        values.put(self.name, Value::Unicode(identity.name.clone()));
        let mut set = |tag, value: Value| values.put(tag, value);
        if !identity.entry_id.is_empty() {
            set(self.entry, Value::Binary(identity.entry_id.clone()));
        }
        if !identity.address_type.is_empty() {
            set(self.kind, Value::Unicode(identity.address_type.clone()));
            set(self.address, Value::Unicode(identity.address.clone()));
            let key = OneOff::new("", &identity.address_type, &identity.address).search_key();
            set(self.search_key, Value::Binary(key));
        }
    }
}

/// What [`complete`] reads.
pub(crate) const READS: [PropTag; 11] = [
    SENDER.name,
    SENDER.entry,
    SENDER.search_key,
    SENDER.kind,
    SENDER.address,
    SENT_REPRESENTING.name,
    SENT_REPRESENTING.entry,
    SENT_REPRESENTING.search_key,
    SENT_REPRESENTING.kind,
    SENT_REPRESENTING.address,
    tags::INTERNET_MESSAGE_ID,
];

/// Fills the sender groups: the sender is who is logged on, a represented person is kept, a missing one is
/// the sender.
pub(crate) fn complete(values: &mut Values, identity: Option<Identity>) {
    match identity {
        Some(identity) => SENDER.put(values, &identity),
        // Nobody is logged on: what the client said stands.
        None if SENDER.is_given(values) => {}
        None => SENDER.put(values, &Identity::unknown()),
    }
    if SENT_REPRESENTING.is_given(values) {
        return;
    }
    for (from, to) in SENDER.tags().into_iter().zip(SENT_REPRESENTING.tags()) {
        if let Some(value) = values.get(from).cloned() {
            values.put(to, value);
        }
    }
}

/// A `Message-ID`, the same for every attempt to send the message: `messages` 10.
pub(crate) fn message_id(values: &Values, environment: &Environment) -> String {
    let address = values.text(tags::SENT_REPRESENTING_EMAIL_ADDRESS).or_else(|| values.text(tags::SENDER_EMAIL_ADDRESS));
    let usable = |domain: &&str| {
        !domain.is_empty() && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    let domain = address.and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain).filter(usable);
    let mut id = String::from("<");
    for byte in environment.new_uid().0 {
        id.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        id.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    format!("{id}@{}>", domain.unwrap_or("localhost.invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delegate_sends_for_the_person_represented() {
        let mut values = Values::new();
        values.put(tags::SENT_REPRESENTING_NAME, Value::Unicode("The Boss".into()));
        complete(&mut values, Some(Identity::one_off("Ann", "SMTP", "ann@example.com")));
        assert_eq!(values.text(tags::SENDER_NAME), Some("Ann"));
        assert_eq!(values.text(tags::SENT_REPRESENTING_NAME), Some("The Boss"));
        assert_eq!(values.text(tags::SENT_REPRESENTING_EMAIL_ADDRESS), None);
        assert_eq!(values.bytes(tags::SENDER_SEARCH_KEY), Some(&b"SMTP:ANN@EXAMPLE.COM\0"[..]));
    }

    #[test]
    fn without_anybody_logged_on_the_sender_is_unknown_unless_the_client_says_more() {
        let mut values = Values::new();
        complete(&mut values, None);
        assert_eq!(
            (values.text(tags::SENDER_NAME), values.text(tags::SENT_REPRESENTING_NAME)),
            (Some("Unknown"), Some("Unknown"))
        );
        let mut values = Values::new();
        values.put(tags::SENDER_NAME, Value::Unicode("Ann".into()));
        complete(&mut values, None);
        assert_eq!(values.text(tags::SENT_REPRESENTING_NAME), Some("Ann"));
    }

    #[test]
    fn a_person_of_another_provider_is_known_by_the_search_key() {
        let identity = Identity::of_entry(vec![0; 24], Some("Ann"), Some(b"X400:/A=B/\0"));
        assert_eq!((identity.address_type.as_str(), identity.address.as_str()), ("X400", "/A=B/"));
    }
}
