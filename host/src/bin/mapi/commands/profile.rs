//! `mapi profile`: IProfAdmin and IMsgServiceAdmin.

use crate::args::ProfileCommand;
use crate::context::Context;
use anyhow::Context as _;
use mapi_session::flags::{
    CopyProfileFlags, CreateMsgServiceFlags, CreateProfileFlags, GetProfileTableFlags, GetProviderTableFlags, LogoffFlags,
    QueryRowsFlags, RenameProfileFlags, SetColumnsFlags,
};
use mapi_session::properties::tags;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, command: &ProfileCommand) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let profiles = subsystem.admin_profiles().await?;
    match command {
        ProfileCommand::List => {
            let table = profiles.get_profile_table(GetProfileTableFlags::MAPI_UNICODE).await?;
            let columns = [tags::DISPLAY_NAME, tags::DEFAULT_PROFILE];
            table.set_columns(&columns, SetColumnsFlags::empty()).await?;
            context.output.rows(&columns, &table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?)?;
        }
        ProfileCommand::Create { name, default, service } => {
            let flags = if service.is_empty() { CreateProfileFlags::MAPI_DEFAULT_SERVICES } else { CreateProfileFlags::empty() };
            profiles.create_profile(name, flags).await.with_context(|| format!("the profile {name:?} cannot be created"))?;
            let services = profiles.admin_services(name).await?;
            for service in service {
                services
                    .create_msg_service_ex(service, None, CreateMsgServiceFlags::empty())
                    .await
                    .with_context(|| format!("the profile is there, but the service {service:?} cannot be added"))?;
            }
            if *default {
                profiles.set_default_profile(Some(name)).await?;
            }
            if !context.output.json {
                context.output.line(&format!("Profile {name} created."))?;
            }
        }
        ProfileCommand::Delete { name } => {
            profiles.delete_profile(name).await.with_context(|| format!("the profile {name:?} cannot be deleted"))?;
            if !context.output.json {
                context.output.line(&format!("Profile {name} deleted; its store files are still there."))?;
            }
        }
        ProfileCommand::Copy { name, new_name } => {
            let copied = profiles.copy_profile(name, new_name, CopyProfileFlags::empty()).await;
            copied.with_context(|| format!("the profile {name:?} cannot be copied"))?;
            if !context.output.json {
                context.output.line(&format!("Profile {name} copied to {new_name}."))?;
            }
        }
        ProfileCommand::Rename { name, new_name } => {
            let renamed = profiles.rename_profile(name, new_name, RenameProfileFlags::empty()).await;
            renamed.with_context(|| format!("the profile {name:?} cannot be renamed"))?;
            if !context.output.json {
                let when = if profiles.admin_services(name).await.is_ok() && !name.eq_ignore_ascii_case(new_name) {
                    " when its last session ends"
                } else {
                    ""
                };
                context.output.line(&format!("Profile {name} is renamed to {new_name}{when}."))?;
            }
        }
        ProfileCommand::Default { name } => {
            profiles.set_default_profile(name.as_deref()).await?;
        }
        ProfileCommand::Services => {
            let session = context.session(&subsystem).await?;
            let services = session.admin_services().await?;
            let table = services.get_provider_table(GetProviderTableFlags::MAPI_UNICODE).await?;
            let columns =
                [tags::SERVICE_NAME, tags::DISPLAY_NAME, tags::RESOURCE_TYPE, tags::PROVIDER_DLL_NAME, tags::RESOURCE_FLAGS];
            table.set_columns(&columns, SetColumnsFlags::empty()).await?;
            context.output.rows(&columns, &table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?)?;
            session.logoff(LogoffFlags::empty()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
