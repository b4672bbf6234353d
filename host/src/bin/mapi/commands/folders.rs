//! `mapi folders`: GetHierarchyTable.

use crate::args::FoldersArguments;
use crate::context::Context;
use crate::output::row_object;
use crate::target;
use crate::terminal::Grid;
use mapi_session::flags::{GetHierarchyTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::{Property, Value, tags};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &FoldersArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let folder = target::folder(&store, arguments.path.as_deref().unwrap_or("/"), false).await?;
    let mut flags = GetHierarchyTableFlags::MAPI_UNICODE;
    if !arguments.shallow {
        flags |= GetHierarchyTableFlags::CONVENIENT_DEPTH;
    }
    let table = folder.get_hierarchy_table(flags).await?;
    let columns = [tags::DEPTH, tags::DISPLAY_NAME, tags::CONTENT_COUNT, tags::CONTENT_UNREAD, tags::ENTRYID];
    table.set_columns(&columns, SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    if context.output.json {
        for row in &rows {
            context.output.object(&row_object(&columns, row))?;
        }
    } else {
        let mut grid = Grid::new(&[("folder", false), ("messages", true), ("unread", true)]);
        for row in &rows {
            grid.row([
                format!("{}{}", "  ".repeat(number(row, 0)), text(row, 1)),
                number(row, 2).to_string(),
                number(row, 3).to_string(),
            ]);
        }
        context.output.line(grid.to_string().trim_end())?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

fn number(row: &[Property], index: usize) -> usize {
    match row.get(index).map(|cell| &cell.value) {
        Some(Value::Long(number)) => usize::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

fn text(row: &[Property], index: usize) -> &str {
    match row.get(index).map(|cell| &cell.value) {
        Some(Value::Unicode(text)) => text,
        _ => "",
    }
}
