//! `mapi stores`: GetMsgStoresTable.

use crate::context::Context;
use mapi_session::flags::{GetMsgStoresTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::tags;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let table = session.get_msg_stores_table(GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    let columns = [tags::DISPLAY_NAME, tags::DEFAULT_STORE, tags::PROVIDER_DISPLAY, tags::RESOURCE_FLAGS, tags::ENTRYID];
    table.set_columns(&columns, SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    context.output.rows(&columns, &rows)?;
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}
