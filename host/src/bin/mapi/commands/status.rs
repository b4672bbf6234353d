//! `mapi status`: GetStatusTable.

use crate::context::Context;
use mapi_session::flags::{GetStatusTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::tags;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let table = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    let columns = [
        tags::DISPLAY_NAME,
        tags::RESOURCE_TYPE,
        tags::STATUS_CODE,
        tags::STATUS_STRING,
        tags::RESOURCE_FLAGS,
        tags::PROVIDER_DLL_NAME,
    ];
    table.set_columns(&columns, SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    context.output.rows(&columns, &rows)?;
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}
