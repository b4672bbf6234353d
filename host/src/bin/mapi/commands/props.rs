//! `mapi props`: GetPropList and GetProps.

use crate::args::PropsArguments;
use crate::commands::table::properties;
use crate::context::Context;
use crate::output::cell_text;
use crate::target::{self, Found};
use crate::terminal::Grid;
use mapi_session::expression::{property_name, value_to_json};
use mapi_session::flags::{GetPropListFlags, GetPropsFlags, LogoffFlags};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &PropsArguments) -> anyhow::Result<ExitCode> {
    let wanted = arguments.tags.as_deref().map(|names| properties("--tags", names)).transpose()?;
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let object = match target::find(&store, arguments.target.target.as_deref()).await? {
        Found::Store(store) => store.properties().await?,
        Found::Folder(folder) => folder.properties().await?,
        Found::Message(message) => message.properties().await?,
    };
    let list = match wanted {
        Some(list) => list,
        None => object.get_prop_list(GetPropListFlags::MAPI_UNICODE).await?,
    };
    let values = object.get_props(Some(&list), GetPropsFlags::MAPI_UNICODE).await?.value;
    if context.output.json {
        for (tag, property) in list.iter().zip(&values) {
            context.output.object(&serde_json::json!({
                "tag": tag.to_string(),
                "name": property_name(*tag),
                "value": value_to_json(&property.value),
            }))?;
        }
    } else {
        let mut grid = Grid::new(&[("tag", false), ("name", false), ("value", false)]);
        for (tag, property) in list.iter().zip(&values) {
            grid.row([tag.to_string(), property_name(*tag), cell_text(&property.value)]);
        }
        context.output.line(grid.to_string().trim_end())?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}
