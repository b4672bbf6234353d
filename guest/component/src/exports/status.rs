//! `status`.

use crate::exports::Component;
use crate::world::exports::mapi::session::objects::Properties;
use crate::world::exports::mapi::session::status as export;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;

pub(crate) enum ExportedStatus {}

impl export::Guest for Component {
    type StatusObject = ExportedStatus;
}

impl export::GuestStatusObject for ExportedStatus {
    fn properties(&self) -> Properties {
        match *self {}
    }

    fn validate_state(&self, _ui: u64, _how: flags::ValidateStateFlags) -> Result<(), wire::Failure> {
        match *self {}
    }

    fn settings_dialog(&self, _ui: u64, _how: flags::SettingsDialogFlags) -> Result<(), wire::Failure> {
        match *self {}
    }

    fn change_password(&self, _old: String, _new: String, _how: flags::ChangePasswordFlags) -> Result<(), wire::Failure> {
        match *self {}
    }
}
