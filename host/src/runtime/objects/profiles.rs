//! `IProfAdmin`, `IMsgServiceAdmin` and `IProviderAdmin`.

use super::{NO_UI, Properties, Table, has_last_error, object, warned};
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

    /// `ChangeProfilePassword`: nothing happens, since profiles have no passwords.
    ///
    /// # Errors
    /// The subsystem was ended.
    pub async fn change_profile_password(&self, name: &str, old: &str, new: &str) -> Result<()> {
        let (this, name, old, new) = (self.handle.resource, name.to_owned(), old.to_owned(), new.to_owned());
        call!(self.subsystem(), "IProfAdmin::ChangeProfilePassword", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            let flags = flags::ChangeProfilePasswordFlags::MAPI_UNICODE;
            admin.call_change_profile_password(&mut live.store, this, &name, &old, &new, flags).await
        })
    }

    /// `CopyProfile`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` when the new name is taken.
    pub async fn copy_profile(&self, name: &str, new_name: &str, flags: flags::CopyProfileFlags) -> Result<()> {
        let (this, name, new_name) = (self.handle.resource, name.to_owned(), new_name.to_owned());
        let flags = flags | flags::CopyProfileFlags::MAPI_UNICODE;
        call!(self.subsystem(), "IProfAdmin::CopyProfile", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            admin.call_copy_profile(&mut live.store, this, &name, &new_name, NO_UI, flags).await
        })
    }

    /// `RenameProfile`. A profile in use keeps its name until its last session ends.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` when the new name is taken.
    pub async fn rename_profile(&self, name: &str, new_name: &str, flags: flags::RenameProfileFlags) -> Result<()> {
        let (this, name, new_name) = (self.handle.resource, name.to_owned(), new_name.to_owned());
        let flags = flags | flags::RenameProfileFlags::MAPI_UNICODE;
        call!(self.subsystem(), "IProfAdmin::RenameProfile", |live| {
            let admin = live.world.mapi_session_profiles().profile_admin();
            admin.call_rename_profile(&mut live.store, this, &name, &new_name, NO_UI, flags).await
        })
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

    /// `CopyMsgService` into the profile `destination` administers, this one or another of the same subsystem:
    /// the MAPIUID of the copy.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` where only one copy is allowed.
    pub async fn copy_msg_service(&self, service: Guid, destination: &Self, flags: flags::CopyMsgServiceFlags) -> Result<Guid> {
        let (this, to) = (self.handle.resource, self.handle.beside(&destination.handle)?);
        let service = service.into_wit();
        Guid::from_wit(call!(self.subsystem(), "IMsgServiceAdmin::CopyMsgService", |live| {
            let admin = live.world.mapi_session_profiles().service_admin();
            admin.call_copy_msg_service(&mut live.store, this, service, None, to, NO_UI, flags).await
        })?)
    }

    /// `RenameMsgService`.
    ///
    /// # Errors
    /// Always `MAPI_E_NO_SUPPORT`.
    pub async fn rename_msg_service(&self, service: Guid, display_name: &str) -> Result<()> {
        let (this, service, name) = (self.handle.resource, service.into_wit(), display_name.to_owned());
        call!(self.subsystem(), "IMsgServiceAdmin::RenameMsgService", |live| {
            live.world
                .mapi_session_profiles()
                .service_admin()
                .call_rename_msg_service(&mut live.store, this, service, &name)
                .await
        })
    }

    /// `OpenProfileSection`. The section changes at once, and is held open as long as a handle of its
    /// properties.
    ///
    /// # Errors
    /// `profiles` 3.1.
    pub async fn open_profile_section(&self, section: Option<Guid>, flags: flags::OpenProfileSectionFlags) -> Result<Properties> {
        let (this, section) = (self.handle.resource, section.map(Wire::into_wit));
        let properties = call!(self.subsystem(), "IMsgServiceAdmin::OpenProfileSection", |live| {
            let admin = live.world.mapi_session_profiles().service_admin();
            admin.call_open_profile_section(&mut live.store, this, section, flags).await
        })?;
        Ok(Properties::new(self.subsystem().hold(properties)))
    }

    /// `MsgServiceTransportOrder`: all transports of the profile by `PR_PROVIDER_UID`.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` for another number of them; `MAPI_E_NOT_FOUND`.
    pub async fn msg_service_transport_order(&self, order: &[Guid]) -> Result<()> {
        let (this, order) = (self.handle.resource, wires(order.to_vec()));
        call!(self.subsystem(), "IMsgServiceAdmin::MsgServiceTransportOrder", |live| {
            let admin = live.world.mapi_session_profiles().service_admin();
            admin.call_msg_service_transport_order(&mut live.store, this, &order).await
        })
    }

    /// `AdminProviders`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`.
    pub async fn admin_providers(&self, service: Guid) -> Result<ProviderAdmin> {
        let (this, service) = (self.handle.resource, service.into_wit());
        let admin = call!(self.subsystem(), "IMsgServiceAdmin::AdminProviders", |live| {
            live.world.mapi_session_profiles().service_admin().call_admin_providers(&mut live.store, this, service).await
        })?;
        Ok(ProviderAdmin::new(self.subsystem().hold(admin)))
    }

    /// `SetPrimaryIdentity`; `None`: nobody supplies it any more.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; `MAPI_E_NO_ACCESS` for a service that supplies none.
    pub async fn set_primary_identity(&self, service: Option<Guid>) -> Result<()> {
        let (this, service) = (self.handle.resource, service.map(Wire::into_wit));
        call!(self.subsystem(), "IMsgServiceAdmin::SetPrimaryIdentity", |live| {
            live.world.mapi_session_profiles().service_admin().call_set_primary_identity(&mut live.store, this, service).await
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

object! {
    /// Administration of the providers of one message service (`IProviderAdmin`).
    ProviderAdmin
}

impl ProviderAdmin {
    has_last_error!(mapi_session_profiles, provider_admin);

    /// `GetProviderTable`: the providers of the service, then its extra sections, which have no type.
    ///
    /// # Errors
    /// `profiles` 4.4.
    pub async fn get_provider_table(&self, flags: flags::GetProviderTableFlags) -> Result<Table> {
        let this = self.handle.resource;
        let table = call!(self.subsystem(), "IProviderAdmin::GetProviderTable", |live| {
            live.world.mapi_session_profiles().provider_admin().call_get_provider_table(&mut live.store, this, flags).await
        })?;
        Ok(Table::new(self.subsystem().hold(table)))
    }

    /// `CreateProvider`: a provider of the service's catalogue entry, with these properties on top.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; the service's own.
    pub async fn create_provider(
        &self,
        name: &str,
        properties: Vec<Property>,
        flags: flags::CreateProviderFlags,
    ) -> Result<Guid> {
        let (this, name, properties) = (self.handle.resource, name.to_owned(), wires(properties));
        let flags = flags | flags::CreateProviderFlags::MAPI_UNICODE;
        Guid::from_wit(call!(self.subsystem(), "IProviderAdmin::CreateProvider", |live| {
            let admin = live.world.mapi_session_profiles().provider_admin();
            admin.call_create_provider(&mut live.store, this, &name, &properties, NO_UI, flags).await
        })?)
    }

    /// `DeleteProvider`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`; the service's own.
    pub async fn delete_provider(&self, provider: Guid) -> Result<()> {
        let (this, provider) = (self.handle.resource, provider.into_wit());
        call!(self.subsystem(), "IProviderAdmin::DeleteProvider", |live| {
            live.world.mapi_session_profiles().provider_admin().call_delete_provider(&mut live.store, this, provider).await
        })
    }

    /// `OpenProfileSection`, as of the administration of services.
    ///
    /// # Errors
    /// `profiles` 3.1.
    pub async fn open_profile_section(&self, section: Option<Guid>, flags: flags::OpenProfileSectionFlags) -> Result<Properties> {
        let (this, section) = (self.handle.resource, section.map(Wire::into_wit));
        let properties = call!(self.subsystem(), "IProviderAdmin::OpenProfileSection", |live| {
            let admin = live.world.mapi_session_profiles().provider_admin();
            admin.call_open_profile_section(&mut live.store, this, section, flags).await
        })?;
        Ok(Properties::new(self.subsystem().hold(properties)))
    }
}
