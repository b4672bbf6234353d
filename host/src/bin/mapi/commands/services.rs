//! `mapi service`: what there is in a profile, copies, order and identity (IMsgServiceAdmin, IProviderAdmin).

use super::service::{find, is_meant};
use crate::args::ServiceArrangement;
use crate::context::Context;
use anyhow::{Context as _, bail};
use mapi_session::flags::{
    CopyMsgServiceFlags, GetMsgServiceTableFlags, GetProviderTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{ServiceAdmin, Table};

/// `PR_RESOURCE_TYPE` of a transport.
const TRANSPORT: i32 = 36;
/// `SERVICE_PRIMARY_IDENTITY`.
const PRIMARY_IDENTITY: i32 = 0x8;

const SERVICE_COLUMNS: [PropTag; 4] = [tags::SERVICE_NAME, tags::DISPLAY_NAME, tags::RESOURCE_FLAGS, tags::SERVICE_UID];
const PROVIDER_COLUMNS: [PropTag; 6] = [
    tags::SERVICE_NAME,
    tags::DISPLAY_NAME,
    tags::RESOURCE_TYPE,
    tags::PROVIDER_ORDINAL,
    tags::RESOURCE_FLAGS,
    tags::PROVIDER_UID,
];

pub(super) async fn run(context: &Context, command: &ServiceArrangement) -> anyhow::Result<()> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let services = session.admin_services().await?;
    let say = |text: String| if context.output.json { Ok(()) } else { context.output.line(&text) };
    match command {
        ServiceArrangement::List => context.output.rows(&SERVICE_COLUMNS, &service_rows(&services).await?)?,
        ServiceArrangement::Providers { service: None } => {
            let table = services.get_provider_table(GetProviderTableFlags::MAPI_UNICODE).await?;
            context.output.rows(&PROVIDER_COLUMNS, &rows(&table, &PROVIDER_COLUMNS).await?)?;
        }
        ServiceArrangement::Providers { service: Some(service) } => {
            let providers = services.admin_providers(find(&services, service).await?).await?;
            let table = providers.get_provider_table(GetProviderTableFlags::MAPI_UNICODE).await?;
            context.output.rows(&PROVIDER_COLUMNS, &rows(&table, &PROVIDER_COLUMNS).await?)?;
        }
        ServiceArrangement::Copy { service, to } => {
            let uid = find(&services, service).await?;
            let copied = match to {
                None => services.copy_msg_service(uid, &services, CopyMsgServiceFlags::empty()).await,
                Some(profile) => {
                    let profiles = subsystem.admin_profiles().await?;
                    let there = profiles.admin_services(profile).await;
                    let there = there.with_context(|| format!("the profile {profile:?} cannot be changed"))?;
                    services.copy_msg_service(uid, &there, CopyMsgServiceFlags::empty()).await
                }
            };
            let copy = copied.with_context(|| format!("the service {service:?} cannot be copied"))?;
            if context.output.json {
                let row = [Property::new(tags::SERVICE_UID, Value::Binary(copy.0.to_vec()))];
                context.output.rows(&[tags::SERVICE_UID], &[row.to_vec()])?;
            }
            say(format!("Service {service} copied."))?;
        }
        ServiceArrangement::Order { transports } => {
            if !transports.is_empty() {
                let order = order(&transport_rows(&services).await?, transports)?;
                services.msg_service_transport_order(&order).await?;
            }
            context.output.rows(&PROVIDER_COLUMNS, &transport_rows(&services).await?)?;
        }
        ServiceArrangement::Identity { service, none } => {
            match service {
                Some(service) => {
                    let chosen = services.set_primary_identity(Some(find(&services, service).await?)).await;
                    chosen.with_context(|| format!("the service {service:?} cannot say who sends"))?;
                }
                None if *none => services.set_primary_identity(None).await?,
                None => {}
            }
            let supplies = |row: &Vec<Property>| matches!(row.get(2).map(|cell| &cell.value), Some(Value::Long(flags)) if flags & PRIMARY_IDENTITY != 0);
            let shown: Vec<_> = service_rows(&services).await?.into_iter().filter(supplies).collect();
            context.output.rows(&SERVICE_COLUMNS, &shown)?;
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(())
}

async fn rows(table: &Table, columns: &[PropTag]) -> anyhow::Result<Vec<Vec<Property>>> {
    table.set_columns(columns, SetColumnsFlags::empty()).await?;
    Ok(table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?)
}

async fn service_rows(services: &ServiceAdmin) -> anyhow::Result<Vec<Vec<Property>>> {
    let table = services.get_msg_service_table(GetMsgServiceTableFlags::MAPI_UNICODE).await?;
    rows(&table, &SERVICE_COLUMNS).await
}

/// The transports of the profile, in transport order.
async fn transport_rows(services: &ServiceAdmin) -> anyhow::Result<Vec<Vec<Property>>> {
    let table = services.get_provider_table(GetProviderTableFlags::MAPI_UNICODE).await?;
    let mut rows = rows(&table, &PROVIDER_COLUMNS).await?;
    let long = |row: &Vec<Property>, at: usize| match row.get(at).map(|cell| &cell.value) {
        Some(Value::Long(number)) => Some(*number),
        _ => None,
    };
    rows.retain(|row| long(row, 2) == Some(TRANSPORT));
    rows.sort_by_key(|row| long(row, 3));
    Ok(rows)
}

/// The transports with those named first.
fn order(rows: &[Vec<Property>], named: &[String]) -> anyhow::Result<Vec<Guid>> {
    let mut left: Vec<(&str, Guid)> = Vec::new();
    for row in rows {
        let name = row.first().map(|cell| &cell.value);
        let uid = row.get(5).map(|cell| &cell.value);
        if let (Some(Value::Unicode(name)), Some(Value::Binary(uid))) = (name, uid) {
            left.push((name, Guid::from_slice(uid).context("a transport has no identifier")?));
        }
    }
    let mut order = Vec::new();
    for written in named {
        let (meant, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|(name, uid)| is_meant(name, &uid.0, written));
        if meant.is_empty() {
            bail!("no transport is called {written:?}, or it was named before; `mapi service order` shows what there is");
        }
        order.extend(meant.into_iter().map(|(_, uid)| uid));
        left = others;
    }
    order.extend(left.into_iter().map(|(_, uid)| uid));
    Ok(order)
}
