//! `status`.

use crate::exports::Component;
use crate::exports::properties::exported as exported_properties;
use crate::types::Bits;
use crate::world::exports::mapi::session::objects::Properties;
use crate::world::exports::mapi::session::status as export;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::session::StatusObject;

impl export::Guest for Component {
    type StatusObject = ExportedStatus;
}

/// A status object.
pub(crate) struct ExportedStatus(StatusObject);

/// A status object for the world.
pub(crate) fn exported(object: StatusObject) -> export::StatusObject {
    export::StatusObject::new(ExportedStatus(object))
}

impl export::GuestStatusObject for ExportedStatus {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn properties(&self) -> Properties {
        exported_properties(self.0.properties())
    }

    fn validate_state(&self, ui: u64, how: flags::ValidateStateFlags) -> Result<(), wire::Failure> {
        Ok(self.0.validate_state(ui, how.raw())?)
    }

    fn settings_dialog(&self, ui: u64, how: flags::SettingsDialogFlags) -> Result<(), wire::Failure> {
        Ok(self.0.settings_dialog(ui, how.raw())?)
    }

    fn change_password(&self, old: String, new: String, how: flags::ChangePasswordFlags) -> Result<(), wire::Failure> {
        Ok(self.0.change_password(&old, &new, how.raw())?)
    }

    fn flush_queues(&self, ui: u64, target: Option<Vec<u8>>, how: flags::FlushQueuesFlags) -> Result<(), wire::Failure> {
        Ok(self.0.flush_queues(ui, target.as_deref(), how.raw())?)
    }
}
