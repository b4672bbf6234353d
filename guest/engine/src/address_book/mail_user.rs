//! IMailUser: a person or mailbox, stored in an address book or spelled out in a one-off identifier
//! (`address-book` 4.3, 6).

use crate::address_book::entry::Entry;
use crate::address_book::one_off_address::is_internet_address;
use crate::entry_id::{OneOff, OneOffFlags};
use crate::error::{Code, MapiError, Result};
use crate::properties::{Property, PropertyObject, ReadOnlyProperties, Value, tags};
use crate::session::Alive;
use std::rc::Rc;

/// `PR_OBJECT_TYPE` of a messaging user.
pub(crate) const MAPI_MAILUSER: i32 = 6;

/// A messaging user.
#[derive(Clone)]
pub struct MailUser(Kind);

#[derive(Clone)]
enum Kind {
    Stored(Rc<Entry>),
    OneOff(ReadOnlyProperties),
}

impl MailUser {
    pub(super) fn stored(entry: Rc<Entry>) -> Self {
        Self(Kind::Stored(entry))
    }

    /// The user a one-off identifier spells out, read-only.
    pub(crate) fn one_off(one_off: &OneOff, alive: Alive) -> Self {
        Self(Kind::OneOff(ReadOnlyProperties::new(one_off_properties(one_off), alive)))
    }

    /// Its properties (IMAPIProp). Changes are private to the handle until `SaveChanges`.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        match &self.0 {
            Kind::Stored(entry) => entry.properties(),
            Kind::OneOff(properties) => properties.properties(),
        }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }
}

/// The properties of a one-off recipient (`address-book` 4.3).
pub(crate) fn one_off_properties(one_off: &OneOff) -> Vec<Property> {
    let id = one_off.to_bytes();
    let rich = one_off.flags.0 & OneOffFlags::NO_RICH_INFO == 0 && !is_internet_address(&one_off.address);
    let mut properties = vec![
        Property::new(tags::ENTRYID, Value::Binary(id.clone())),
        Property::new(tags::RECORD_KEY, Value::Binary(id.clone())),
        Property::new(tags::INSTANCE_KEY, Value::Binary(id)),
        Property::new(tags::SEARCH_KEY, Value::Binary(one_off.search_key())),
        Property::new(tags::OBJECT_TYPE, Value::Long(MAPI_MAILUSER)),
        Property::new(tags::DISPLAY_TYPE, Value::Long(super::display_type::DT_MAILUSER)),
        Property::new(tags::DISPLAY_NAME, Value::Unicode(one_off.display_name.clone())),
        Property::new(tags::TRANSMITABLE_DISPLAY_NAME, Value::Unicode(one_off.display_name.clone())),
        Property::new(tags::ADDRTYPE, Value::Unicode(one_off.address_type.clone())),
        Property::new(tags::EMAIL_ADDRESS, Value::Unicode(one_off.address.clone())),
        Property::new(tags::SEND_RICH_INFO, Value::Boolean(rich)),
        Property::new(tags::ACCESS_LEVEL, Value::Long(0)),
    ];
    if one_off.address_type.eq_ignore_ascii_case("SMTP") {
        properties.push(Property::new(tags::SMTP_ADDRESS, Value::Unicode(one_off.address.clone())));
    }
    properties
}
