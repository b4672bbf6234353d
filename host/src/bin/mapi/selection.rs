//! The messages a command is to work on: rows of folders, entry identifiers, or what a restriction finds.

use crate::args::Choice;
use crate::output::cell_text;
use crate::target::{self, Found};
use anyhow::{Context as _, anyhow, bail};
use mapi_session::error::{Code, Warned};
use mapi_session::expression::{self, ExpressionError};
use mapi_session::flags::{
    GetContentsTableFlags, GetPropsFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{Value, tags};
use mapi_session::restriction::Restriction;
use mapi_session::tables::Bookmark;
use mapi_session::{Folder, MessageStore, Object, Table};

/// Rows read in one call.
const PAGE: i32 = 1_000;
/// Messages handed over in one call.
pub(crate) const AT_ONCE: usize = 20_000;

/// Messages of one folder.
pub(crate) struct Selection {
    pub(crate) folder: Folder,
    /// As the folder was named.
    pub(crate) place: String,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// The restriction asked for.
pub(crate) fn restriction(choice: &Choice) -> anyhow::Result<Option<Restriction>> {
    let parse = |text: &String| {
        expression::parse(text).map_err(|error: ExpressionError| anyhow!("--restrict: {}", error.pointing_at(text)))
    };
    choice.restrict.as_ref().map(parse).transpose()
}

/// The messages that targets name. A folder stands for its messages only with `--restrict` or `--all`.
pub(crate) async fn messages(
    store: &MessageStore,
    targets: &[String],
    choice: &Choice,
    restriction: Option<&Restriction>,
) -> anyhow::Result<Vec<Selection>> {
    let mut found = Vec::new();
    for target in targets {
        found.push(one(store, target, choice, restriction).await?);
    }
    Ok(found)
}

async fn one(
    store: &MessageStore,
    target: &str,
    choice: &Choice,
    restriction: Option<&Restriction>,
) -> anyhow::Result<Selection> {
    if let Some(entry_id) = target::entry_id(target) {
        return by_entry_id(store, target, entry_id).await;
    }
    if let Some((path, rows)) = target.rsplit_once(':')
        && let Some(rows) = ranges(rows)
    {
        let folder = target::folder(store, path, false).await?;
        let messages = at_rows(&folder, &rows, path, restriction).await?;
        return Ok(Selection { folder, place: path.to_owned(), messages });
    }
    let folder = target::folder(store, target, false).await?;
    if restriction.is_none() && !choice.all {
        bail!("{target:?} is a folder; choose messages in it with rows such as \"{target}:0-9\", with --restrict or with --all");
    }
    let table = contents(&folder, restriction).await?;
    let mut messages = Vec::new();
    loop {
        let page = table.query_rows(PAGE, QueryRowsFlags::empty()).await?;
        if page.is_empty() {
            break;
        }
        messages.extend(page.into_iter().filter_map(|row| match row.into_iter().next().map(|cell| cell.value) {
            Some(Value::Binary(entry_id)) => Some(entry_id),
            _ => None,
        }));
    }
    Ok(Selection { folder, place: target.to_owned(), messages })
}

async fn by_entry_id(store: &MessageStore, target: &str, entry_id: Vec<u8>) -> anyhow::Result<Selection> {
    let Found::Message(message) = target::find(store, Some(target)).await? else { bail!("{target} is not a message") };
    // It must not be open when it is to be deleted.
    let parent = message.properties().await?.get_props(Some(&[tags::PARENT_ENTRYID]), GetPropsFlags::empty()).await?.value;
    drop(message);
    let Some(Value::Binary(parent)) = parent.into_iter().next().map(|property| property.value) else {
        bail!("the message {target} lies in no folder")
    };
    match store.open_entry(Some(&parent), StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await?.object {
        Object::Folder(folder) => Ok(Selection { folder, place: target.to_owned(), messages: vec![entry_id] }),
        _ => bail!("the message {target} lies in no folder"),
    }
}

async fn contents(folder: &Folder, restriction: Option<&Restriction>) -> anyhow::Result<Table> {
    let table = target::contents(folder, GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    if restriction.is_some() {
        table.restrict(restriction, RestrictFlags::empty()).await?;
    }
    Ok(table)
}

async fn at_rows(
    folder: &Folder,
    ranges: &[(u32, u32)],
    path: &str,
    restriction: Option<&Restriction>,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let table = contents(folder, restriction).await?;
    let mut messages = Vec::new();
    for (first, last) in ranges {
        let wanted = i32::try_from(last - first).unwrap_or(i32::MAX - 1).saturating_add(1);
        table.seek_row(Bookmark::BEGINNING, i32::try_from(*first).unwrap_or(i32::MAX)).await?;
        let mut left = wanted;
        while left > 0 {
            let page = table.query_rows(left.min(PAGE), QueryRowsFlags::empty()).await?;
            if page.is_empty() {
                break;
            }
            left = left.saturating_sub(i32::try_from(page.len()).unwrap_or(i32::MAX));
            messages.extend(page.into_iter().filter_map(|row| match row.into_iter().next().map(|cell| cell.value) {
                Some(Value::Binary(entry_id)) => Some(entry_id),
                _ => None,
            }));
        }
        if left > 0 {
            bail!("{path:?} has only {} such messages; rows are counted from 0", table.get_row_count().await?.value);
        }
    }
    Ok(messages)
}

/// Rows such as `3`, `3-7` or `0,3,5-7`; `None`: something else, such as a part of a name.
fn ranges(text: &str) -> Option<Vec<(u32, u32)>> {
    text.split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first, last))
        })
        .collect()
}

/// The subjects of the first messages, for people who are asked to look first.
pub(crate) async fn preview(selection: &Selection, store: &MessageStore, limit: usize) -> anyhow::Result<Vec<String>> {
    let mut subjects = Vec::new();
    for entry_id in selection.messages.iter().take(limit) {
        let wanted = [tags::SUBJECT];
        let opened = store.open_entry(Some(entry_id), StoreOpenEntryFlags::empty(), Some(&wanted)).await?;
        let subject = opened.values.and_then(|values| values.value.into_iter().next());
        subjects.push(subject.map_or_else(String::new, |subject| cell_text(&subject.value)));
    }
    Ok(subjects)
}

/// Fails with the reason when a call could not do everything.
pub(crate) async fn whole(done: &Warned<()>, folder: &Folder, what: &str) -> anyhow::Result<()> {
    if done.warning != Some(Code::WPartialCompletion) {
        return Ok(());
    }
    let told = folder.properties().await?.get_last_error(Code::WPartialCompletion).await.context("the reason is not known")?;
    let reason = told.map_or_else(|| "the reason is not known".to_owned(), |error| error.error);
    bail!("not everything could be {what}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbers_and_ranges_and_nothing_else() {
        assert_eq!(ranges("3"), Some(vec![(3, 3)]));
        assert_eq!(ranges("0,3,5-7"), Some(vec![(0, 0), (3, 3), (5, 7)]));
        for other in ["", "a", "7-5", "1,,2", "-1", "1-"] {
            assert_eq!(ranges(other), None, "{other}");
        }
    }
}
