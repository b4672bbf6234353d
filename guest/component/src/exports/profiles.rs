//! `profiles`.

use crate::exports::Component;
use crate::exports::properties::exported as exported_properties;
use crate::exports::tables::exported as exported_table;
use crate::types::{Bits, properties, scode};
use crate::world::exports::mapi::session::objects::Properties;
use crate::world::exports::mapi::session::profiles as export;
use crate::world::exports::mapi::session::tables::Table;
use crate::world::mapi::session::method_flags as flags;
use crate::world::mapi::session::types as wire;
use mapi_engine::error::Result as EngineResult;
use mapi_engine::profiles::{MsgServiceAdmin, ProfAdmin, ProfileSection, ProviderAdmin};
use mapi_engine::properties::Guid;

impl export::Guest for Component {
    type ProfileAdmin = ExportedProfileAdmin;
    type ServiceAdmin = ExportedServiceAdmin;
    type ProviderAdmin = ExportedProviderAdmin;

    fn admin_profiles() -> Result<export::ProfileAdmin, wire::Failure> {
        Ok(export::ProfileAdmin::new(ExportedProfileAdmin(super::sessions::subsystem().admin_profiles(0)?)))
    }
}

/// The administration of profiles.
pub(crate) struct ExportedProfileAdmin(ProfAdmin);

/// The administration of services.
pub(crate) struct ExportedServiceAdmin(MsgServiceAdmin);

/// The administration of providers.
pub(crate) struct ExportedProviderAdmin(ProviderAdmin);

/// A profile section for the world: its properties hold it open.
pub(crate) fn section(opened: EngineResult<ProfileSection>) -> Result<Properties, wire::Failure> {
    Ok(exported_properties(opened?.properties()))
}

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

    fn change_profile_password(
        &self,
        name: String,
        old: String,
        new: String,
        how: flags::ChangeProfilePasswordFlags,
    ) -> Result<(), wire::Failure> {
        Ok(self.0.change_profile_password(&name, &old, &new, how.raw())?)
    }

    fn copy_profile(&self, name: String, new: String, ui: u64, how: flags::CopyProfileFlags) -> Result<(), wire::Failure> {
        Ok(self.0.copy_profile(&name, None, &new, ui, how.raw())?)
    }

    fn rename_profile(&self, name: String, new: String, ui: u64, how: flags::RenameProfileFlags) -> Result<(), wire::Failure> {
        Ok(self.0.rename_profile(&name, None, &new, ui, how.raw())?)
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

    fn copy_msg_service(
        &self,
        uid: wire::Guid,
        display_name: Option<String>,
        destination: export::ServiceAdminBorrow<'_>,
        ui: u64,
        how: flags::CopyMsgServiceFlags,
    ) -> Result<wire::Guid, wire::Failure> {
        let destination = &destination.get::<Self>().0;
        let display_name = display_name.unwrap_or_default();
        Ok(self.0.copy_msg_service(uid.into(), &display_name, destination, ui, how.raw())?.into())
    }

    fn rename_msg_service(&self, uid: wire::Guid, display_name: String) -> Result<(), wire::Failure> {
        Ok(self.0.rename_msg_service(uid.into(), 0, &display_name)?)
    }

    fn open_profile_section(
        &self,
        uid: Option<wire::Guid>,
        how: flags::OpenProfileSectionFlags,
    ) -> Result<Properties, wire::Failure> {
        section(self.0.open_profile_section(uid.map(Into::into), None, how.raw()))
    }

    fn msg_service_transport_order(&self, uids: Vec<wire::Guid>) -> Result<(), wire::Failure> {
        let order: Vec<Guid> = uids.into_iter().map(Into::into).collect();
        Ok(self.0.msg_service_transport_order(&order, 0)?)
    }

    fn admin_providers(&self, uid: wire::Guid) -> Result<export::ProviderAdmin, wire::Failure> {
        Ok(export::ProviderAdmin::new(ExportedProviderAdmin(self.0.admin_providers(uid.into(), 0)?)))
    }

    fn set_primary_identity(&self, uid: Option<wire::Guid>) -> Result<(), wire::Failure> {
        Ok(self.0.set_primary_identity(uid.map(Into::into), 0)?)
    }

    fn get_provider_table(&self, how: flags::GetProviderTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_provider_table(how.raw())?))
    }
}

impl export::GuestProviderAdmin for ExportedProviderAdmin {
    fn get_last_error(&self, code: wire::Scode, how: flags::GetLastErrorFlags) -> Result<Option<wire::MapiError>, wire::Failure> {
        Ok(self.0.get_last_error(code.into(), how.raw())?.map(Into::into))
    }

    fn get_provider_table(&self, how: flags::GetProviderTableFlags) -> Result<Table, wire::Failure> {
        Ok(exported_table(self.0.get_provider_table(how.raw())?))
    }

    fn create_provider(
        &self,
        name: String,
        values: Vec<wire::Property>,
        ui: u64,
        how: flags::CreateProviderFlags,
    ) -> Result<wire::Guid, wire::Failure> {
        Ok(self.0.create_provider(&name, properties(values)?, ui, how.raw())?.into())
    }

    fn delete_provider(&self, uid: wire::Guid) -> Result<(), wire::Failure> {
        Ok(self.0.delete_provider(uid.into())?)
    }

    fn open_profile_section(
        &self,
        uid: Option<wire::Guid>,
        how: flags::OpenProfileSectionFlags,
    ) -> Result<Properties, wire::Failure> {
        section(self.0.open_profile_section(uid.map(Into::into), None, how.raw()))
    }
}
