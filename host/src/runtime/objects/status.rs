//! `IMAPIStatus`.

use super::{NO_UI, has_last_error, has_properties, object};
use crate::runtime::flags;
use mapi_engine::error::Result;

object! {
    /// A status object (`IMAPIStatus`). `PR_RESOURCE_METHODS` says what it can do.
    StatusObject
}

impl StatusObject {
    has_last_error!(mapi_session_status, status_object);
    has_properties!(mapi_session_status, status_object);

    /// `ValidateState`.
    ///
    /// # Errors
    /// `status` 4.1.
    pub async fn validate_state(&self, flags: flags::ValidateStateFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPIStatus::ValidateState", |live| {
            let status = live.world.mapi_session_status().status_object();
            status.call_validate_state(&mut live.store, this, NO_UI, flags).await
        })
    }

    /// `SettingsDialog`: the provider shows its settings.
    ///
    /// # Errors
    /// `status` 4.2; `MAPI_E_NO_SUPPORT` without [`crate::Backends::with_presenter`].
    pub async fn settings_dialog(&self, flags: flags::SettingsDialogFlags) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IMAPIStatus::SettingsDialog", |live| {
            let status = live.world.mapi_session_status().status_object();
            status.call_settings_dialog(&mut live.store, this, NO_UI, flags).await
        })
    }

    /// `ChangePassword`.
    ///
    /// # Errors
    /// `status` 4.3.
    pub async fn change_password(&self, old: &str, new: &str) -> Result<()> {
        let (this, old, new) = (self.handle.resource, old.to_owned(), new.to_owned());
        call!(self.subsystem(), "IMAPIStatus::ChangePassword", |live| {
            let status = live.world.mapi_session_status().status_object();
            let flags = flags::ChangePasswordFlags::MAPI_UNICODE;
            status.call_change_password(&mut live.store, this, &old, &new, flags).await
        })
    }

    /// `FlushQueues`; `target` is `PR_ENTRYID` of a transport's row, and for the spooler's object only.
    ///
    /// # Errors
    /// `status` 4.4.
    pub async fn flush_queues(&self, target: Option<&[u8]>, flags: flags::FlushQueuesFlags) -> Result<()> {
        let (this, target) = (self.handle.resource, target.map(<[u8]>::to_vec));
        call!(self.subsystem(), "IMAPIStatus::FlushQueues", |live| {
            let status = live.world.mapi_session_status().status_object();
            status.call_flush_queues(&mut live.store, this, NO_UI, target.as_ref(), flags).await
        })
    }
}
