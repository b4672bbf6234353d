//! `mapi identity`: QueryIdentity and EnumAdrTypes.

use crate::context::Context;
use crate::terminal::harmless;
use mapi_session::expression::hexadecimal;
use mapi_session::flags::{EnumAdrTypesFlags, LogoffFlags, SessionOpenEntryFlags};
use mapi_session::properties::{Value, tags};
use serde_json::json;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let identity = session.query_identity().await?;
    let is_known = identity.warning.is_none();
    let columns = [tags::DISPLAY_NAME, tags::ADDRTYPE, tags::EMAIL_ADDRESS];
    let opened = session.open_entry(&identity.value, SessionOpenEntryFlags::empty(), Some(&columns)).await?;
    let mut cells = opened.values.map(|values| values.value).unwrap_or_default().into_iter().map(|cell| match cell.value {
        Value::Unicode(text) => text,
        _ => String::new(),
    });
    let [name, kind, address] = std::array::from_fn(|_| cells.next().unwrap_or_default());
    let types = session.enum_adr_types(EnumAdrTypesFlags::MAPI_UNICODE).await?;
    if context.output.json {
        context.output.object(&json!({
            "known": is_known,
            "name": name,
            "address_type": kind,
            "address": address,
            "entry_id": hexadecimal(&identity.value),
            "address_types": types,
        }))?;
    } else if is_known {
        context.output.line(&format!("{} ({}:{})", harmless(&name), harmless(&kind), harmless(&address)))?;
        context.output.line(&format!("Address types: {}", harmless(&types.join(", "))))?;
    } else {
        context.output.line("No service of this profile says who you are; `mapi service add` adds one that sends mail.")?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}
