//! `mapi table`: IMAPITable on the contents of a folder.

use crate::args::TableArguments;
use crate::categories;
use crate::commands::watch;
use crate::context::Context;
use crate::explain;
use crate::target;
use anyhow::{Context as _, anyhow, bail};
use mapi_session::Table;
use mapi_session::expression::{self, ExpressionError, parse_property};
use mapi_session::flags::{
    FindRowFlags, GetContentsTableFlags, LogoffFlags, QueryColumnsFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags,
    SortTableFlags,
};
use mapi_session::properties::{PropTag, Property};
use mapi_session::restriction::Restriction;
use mapi_session::tables::{Bookmark, SortOrderSet};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &TableArguments) -> anyhow::Result<ExitCode> {
    // Everything typed is understood before anything is opened.
    let restriction = restriction(arguments)?;
    let order = |text: &str| categories::sort_order(text, arguments.categories, arguments.expanded);
    let sort = arguments.sort.as_deref().map(order).transpose()?;
    let categorised = sort.clone().filter(|sort| sort.categories > 0);
    let find = arguments.find.as_deref().map(|text| parse("--find", text)).transpose()?;
    let wanted = match arguments.columns.as_str() {
        "all" | "default" => None,
        names => Some(properties("--columns", names)?),
    };
    let share = arguments.at.as_deref().map(share).transpose()?;

    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let folder = target::folder(&store, &arguments.folder, false).await?;
    let mut flags = GetContentsTableFlags::MAPI_UNICODE;
    if arguments.associated {
        flags |= GetContentsTableFlags::MAPI_ASSOCIATED;
    }
    let table = target::contents(&folder, flags).await?;
    let columns = match wanted {
        Some(columns) => columns,
        None if arguments.columns == "all" => table.query_columns(QueryColumnsFlags::TBL_ALL_COLUMNS).await?,
        None => table.query_columns(QueryColumnsFlags::empty()).await?,
    };
    let read = categorised.as_ref().map_or_else(|| columns.clone(), |order| categories::columns(&columns, order));
    table.set_columns(&read, SetColumnsFlags::empty()).await?;
    if restriction.is_some() {
        table.restrict(restriction.as_ref(), RestrictFlags::empty()).await?;
    }
    if let Some(sort) = sort {
        table.sort_table(sort, SortTableFlags::empty()).await?;
    }
    if arguments.explain {
        explain::show(&context.output, restriction.as_ref(), &table.explain().await?)?;
        session.logoff(LogoffFlags::empty()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    for row in &arguments.expand {
        categories::expand(&table, *row, true).await?;
    }
    for row in &arguments.collapse {
        categories::expand(&table, *row, false).await?;
    }
    if !arguments.expand.is_empty() || !arguments.collapse.is_empty() {
        table.seek_row(Bookmark::BEGINNING, 0).await?;
    }
    // Before anything is shown, so that nothing happens in between.
    let happening = arguments.watching.advise(&table).await?;
    if arguments.count {
        let count = table.get_row_count().await?.value;
        if context.output.json {
            context.output.object(&serde_json::json!({ "count": count }))?;
        } else {
            context.output.line(&count.to_string())?;
        }
    } else {
        seek(&table, arguments, share, find.as_ref()).await?;
        show(context, &table, &columns, categorised.as_ref(), arguments.limit).await?;
    }
    if let Some(happening) = happening {
        watch::follow(context, &arguments.folder, arguments.watching.until(), happening, &read).await?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn seek(
    table: &Table,
    arguments: &TableArguments,
    share: Option<(u32, u32)>,
    find: Option<&Restriction>,
) -> anyhow::Result<()> {
    if let Some((numerator, denominator)) = share {
        table.seek_row_approx(numerator, denominator).await?;
    }
    if let Some(position) = arguments.position {
        let bookmark = if position < 0 { Bookmark::END } else { Bookmark::BEGINNING };
        let rows = i32::try_from(position).map_err(|_| anyhow!("--position goes from -2147483648 to 2147483647"))?;
        table.seek_row(bookmark, rows).await?;
    }
    if let Some(find) = find {
        table.find_row(find, Bookmark::CURRENT, FindRowFlags::empty()).await.context("no row from here on matches --find")?;
    }
    Ok(())
}

/// Prints rows page by page: no call returns everything at once, and printing starts early.
async fn show(
    context: &Context,
    table: &Table,
    columns: &[PropTag],
    categorised: Option<&SortOrderSet>,
    limit: u32,
) -> anyhow::Result<()> {
    let print = |rows: &[Vec<Property>]| match categorised {
        Some(order) => categories::show(&context.output, columns, order, rows),
        None => context.output.rows(columns, rows),
    };
    let mut left = limit;
    let mut rows = Vec::new();
    while left > 0 {
        let page = table.query_rows(i32::try_from(left.min(1_000)).unwrap_or(1_000), QueryRowsFlags::empty()).await?;
        if page.is_empty() {
            break;
        }
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        if context.output.json {
            print(&page)?;
        } else {
            rows.extend(page);
        }
    }
    if !context.output.json {
        print(&rows)?;
        let position = table.query_position().await?;
        context.output.line(&format!("{} rows, to {} of {}", rows.len(), position.row, position.denominator))?;
    }
    Ok(())
}

/// A restriction as people write it.
pub(crate) fn parse(option: &str, text: &str) -> anyhow::Result<Restriction> {
    expression::parse(text).map_err(|error: ExpressionError| anyhow!("{option}: {}", error.pointing_at(text)))
}

fn restriction(arguments: &TableArguments) -> anyhow::Result<Option<Restriction>> {
    if let Some(text) = &arguments.restrict {
        return parse("--restrict", text).map(Some);
    }
    let Some(text) = &arguments.restrict_json else { return Ok(None) };
    let json = serde_json::from_str(text).context("--restrict-json is no JSON of at most 64 levels of nesting")?;
    expression::restriction_from_json(&json).map(Some).map_err(|error| anyhow!("--restrict-json: {error}"))
}

/// Properties separated by commas.
pub(crate) fn properties(option: &str, names: &str) -> anyhow::Result<Vec<PropTag>> {
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| parse_property(name).ok_or_else(|| unknown(option, name)))
        .collect()
}

pub(crate) fn unknown(option: &str, name: &str) -> anyhow::Error {
    anyhow!("{option}: there is no property {name:?}; use a name such as subject or PR_SUBJECT, or a tag such as 0x0037001F")
}

fn share(text: &str) -> anyhow::Result<(u32, u32)> {
    let Some((Ok(numerator), Ok(denominator))) = text.split_once('/').map(|(num, den)| (num.trim().parse(), den.trim().parse()))
    else {
        bail!("--at takes a share such as 1/3, not {text:?}");
    };
    if denominator == 0 {
        bail!("--at: the denominator cannot be 0");
    }
    Ok((numerator, denominator))
}
