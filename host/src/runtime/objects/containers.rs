//! Objects of address books, and the controls of display tables.

use super::{has_properties, object};
use mapi_engine::error::Result;

object! {
    /// An address book container (`IABContainer`).
    AddressBookContainer
}

impl AddressBookContainer {
    has_properties!(mapi_session_objects, container);
}

object! {
    /// A messaging user (`IMailUser`).
    MailUser
}

impl MailUser {
    has_properties!(mapi_session_objects, mail_user);
}

object! {
    /// A distribution list (`IDistList`).
    DistList
}

impl DistList {
    has_properties!(mapi_session_objects, dist_list);
}

object! {
    /// A control of a display table (`IMAPIControl`).
    Control
}

impl Control {
    /// `GetState`: whether it is enabled.
    ///
    /// # Errors
    /// The provider's own.
    pub async fn get_state(&self) -> Result<bool> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPIControl::GetState", |live| {
            live.world.mapi_session_objects().control().call_get_state(&mut live.store, this).await
        })
    }
}
