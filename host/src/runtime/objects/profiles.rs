//! `IProfAdmin` and `IMsgServiceAdmin`.

use super::{NO_UI, Table, has_last_error, object, warned};
use crate::runtime::convert::{Wire, wires};
use crate::runtime::flags;
use mapi_engine::error::{Result, Warned};
use mapi_engine::properties::{Guid, Property};

object! {
    /// Administration of profiles (`IProfAdmin`).
    ProfileAdmin
}

impl ProfileAdmin {
    has_last_error!(mapi_session_profiles, profile_admin);

    /// `GetProfileTable`.
    ///
    /// # Errors
    /// The profile storage's own.
    pub async fn get_profile_table(&self, flags: flags::GetProfileTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IProfAdmin::GetProfileTable", |live| {
            live.world.mapi_session_profiles().profile_admin().call_get_profile_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `CreateProfile`.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` when the name is taken.
    pub async fn create_profile(&self, name: &str, flags: flags::CreateProfileFlags) -> Result<Warned<()>> {
        let (this, name) = (self.handle.resource, name.to_owned());
        let flags = flags | flags::CreateProfileFlags::MAPI_UNICODE;
        let warning = call!(self.subsystem(), "IProfAdmin::CreateProfile", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            admin.call_create_profile(&mut live.store, this, &name, NO_UI, flags).await
        })?;
        warned((), warning)
    }

    /// `DeleteProfile`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn delete_profile(&self, name: &str) -> Result<()> {
        let (this, name) = (self.handle.resource, name.to_owned());
        call!(self.subsystem(), "IProfAdmin::DeleteProfile", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            admin.call_delete_profile(&mut live.store, this, &name, flags::DeleteProfileFlags::MAPI_UNICODE).await
        })
    }

    /// `SetDefaultProfile`; `None`: there is no default profile any more.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn set_default_profile(&self, name: Option<&str>) -> Result<()> {
        let (this, name) = (self.handle.resource, name.map(str::to_owned));
        call!(self.subsystem(), "IProfAdmin::SetDefaultProfile", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            let flags = flags::SetDefaultProfileFlags::MAPI_UNICODE;
            admin.call_set_default_profile(&mut live.store, this, name.as_deref(), flags).await
        })
    }

    /// `AdminServices` of a profile.
    ///
    /// # Errors
    /// `MAPI_E_LOGON_FAILED` for an unknown profile.
    pub async fn admin_services(&self, name: &str) -> Result<ServiceAdmin> {
        let (this, name) = (self.handle.resource, name.to_owned());
        let admin = call!(self.subsystem(), "IProfAdmin::AdminServices", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            let flags = flags::ProfileAdminServicesFlags::MAPI_UNICODE;
            admin.call_admin_services(&mut live.store, this, &name, NO_UI, flags).await
        })?;
        Ok(ServiceAdmin::new(self.subsystem().hold(admin)))
    }
}

object! {
    /// Administration of the message services of one profile (`IMsgServiceAdmin`).
    ServiceAdmin
}

impl ServiceAdmin {
    has_last_error!(mapi_session_profiles, service_admin);

    /// `GetMsgServiceTable`.
    ///
    /// # Errors
    /// `profiles` 5.
    pub async fn get_msg_service_table(&self, flags: flags::GetMsgServiceTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMsgServiceAdmin::GetMsgServiceTable", |live| {
            live.world.mapi_session_profiles().service_admin().call_get_msg_service_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `CreateMsgServiceEx`: the new service's MAPIUID.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` when the host offers no such service.
    pub async fn create_msg_service_ex(
        &self,
        service: &str,
        display_name: Option<&str>,
        flags: flags::CreateMsgServiceFlags,
    ) -> Result<Guid> {
        let (this, service, display_name) = (self.handle.resource, service.to_owned(), display_name.map(str::to_owned));
        let flags = flags | flags::CreateMsgServiceFlags::MAPI_UNICODE;
        Guid::from_wit(call!(self.subsystem(), "IMsgServiceAdmin::CreateMsgServiceEx", |live| {
            let admin = live.world.mapi_session_profiles().service_admin();
            admin.call_create_msg_service_ex(&mut live.store, this, &service, display_name.as_deref(), NO_UI, flags).await
        })?)
    }

    /// `DeleteMsgService`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn delete_msg_service(&self, service: Guid) -> Result<()> {
        let (this, service) = (self.handle.resource, service.into_wit());
        call!(self.subsystem(), "IMsgServiceAdmin::DeleteMsgService", |live| {
            live.world.mapi_session_profiles().service_admin().call_delete_msg_service(&mut live.store, this, service).await
        })
    }

    /// `ConfigureMsgService` with these properties.
    ///
    /// # Errors
    /// The service's own.
    pub async fn configure_msg_service(&self, service: Guid, properties: Vec<Property>) -> Result<()> {
        let (this, service, properties) = (self.handle.resource, service.into_wit(), wires(properties));
        call!(self.subsystem(), "IMsgServiceAdmin::ConfigureMsgService", |live| {
            let admin = live.world.mapi_session_profiles().service_admin();
            let flags = flags::ConfigureMsgServiceFlags::MAPI_UNICODE;
            admin.call_configure_msg_service(&mut live.store, this, service, NO_UI, flags, &properties).await
        })
    }

    /// `GetProviderTable`.
    ///
    /// # Errors
    /// `profiles` 5.
    pub async fn get_provider_table(&self, flags: flags::GetProviderTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IMsgServiceAdmin::GetProviderTable", |live| {
            live.world.mapi_session_profiles().service_admin().call_get_provider_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }
}
