//! `profiles`.

use crate::exports::Component;
use crate::exports::tables::exported as exported_table;
use crate::types::{Bits, properties, scode};
use crate::world::exports::mapi::session::profiles as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::profiles::{MsgServiceAdmin, ProfAdmin};

impl export::Guest for Component {
    type ProfileAdmin = ExportedProfileAdmin;
    type ServiceAdmin = ExportedServiceAdmin;

    fn admin_profiles() -> Result<export::ProfileAdmin, wire::Failure> {
        Ok(export::ProfileAdmin::new(ExportedProfileAdmin(super::sessions::subsystem().admin_profiles(0)?)))
    }
}

/// The administration of profiles.
pub(crate) struct ExportedProfileAdmin(ProfAdmin);

/// The administration of services.
pub(crate) struct ExportedServiceAdmin(MsgServiceAdmin);

/// A service administration for the world.
pub(crate) fn exported(admin: MsgServiceAdmin) -> export::ServiceAdmin {
    export::ServiceAdmin::new(ExportedServiceAdmin(admin))
}

impl export::GuestProfileAdmin for ExportedProfileAdmin {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn get_profile_table(&self, how: flags::GetProfileTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_profile_table(how.raw())?))
    }

    fn create_profile(
        &self,
        name: String,
        ui: u64,
        how: flags::CreateProfileFlags,
    ) -> Result<Option<wire::Scode>, wire::Failure> {
        Ok(scode(self.0.create_profile(&name, None, ui, how.raw())?.warning))
    }

    fn delete_profile(&self, name: String, how: flags::DeleteProfileFlags) -> Result<(), wire::Failure> {
        Ok(self.0.delete_profile(&name, how.raw())?)
    }

    fn set_default_profile(&self, name: Option<String>, how: flags::SetDefaultProfileFlags) -> Result<(), wire::Failure> {
        Ok(self.0.set_default_profile(name.as_deref(), how.raw())?)
    }

    fn admin_services(
        &self,
        name: String,
        ui: u64,
        how: flags::ProfileAdminServicesFlags,
    ) -> Result<export::ServiceAdmin, wire::Failure> {
        Ok(exported(self.0.admin_services(&name, None, ui, how.raw())?))
    }
}

impl export::GuestServiceAdmin for ExportedServiceAdmin {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn get_msg_service_table(&self, how: flags::GetMsgServiceTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_msg_service_table(how.raw())?))
    }

    fn create_msg_service_ex(
        &self,
        service: String,
        display_name: Option<String>,
        ui: u64,
        how: flags::CreateMsgServiceFlags,
    ) -> Result<wire::Guid, wire::Failure> {
        let display_name = display_name.unwrap_or_default();
        Ok(self.0.create_msg_service_ex(&service, &display_name, ui, how.raw())?.into())
    }

    fn delete_msg_service(&self, uid: wire::Guid) -> Result<(), wire::Failure> {
        Ok(self.0.delete_msg_service(uid.into())?)
    }

    fn configure_msg_service(
        &self,
        uid: wire::Guid,
        ui: u64,
        how: flags::ConfigureMsgServiceFlags,
        values: Vec<wire::Property>,
    ) -> Result<(), wire::Failure> {
        Ok(self.0.configure_msg_service(uid.into(), ui, how.raw(), properties(values)?)?)
    }

    fn get_provider_table(&self, how: flags::GetProviderTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_provider_table(how.raw())?))
    }
}
