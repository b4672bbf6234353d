//! Taking an archive in and reading it: tables sorted, searched and restricted, and a message opened.

use super::{Facts, Steps, entry_id, first_cell};
use crate::args::ImportArguments;
use crate::commands::import::{self, Report};
use crate::context::Context;
use crate::output::cell_text;
use crate::target;
use anyhow::{bail, ensure};
use mapi_session::expression::{self, value_to_json};
use mapi_session::flags::{
    FindRowFlags, GetAttachmentTableFlags, GetContentsTableFlags, GetHierarchyTableFlags, GetPropsFlags, GetRecipientTableFlags,
    QueryRowsFlags, RestrictFlags, SetColumnsFlags, SortTableFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::tags;
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{Folder, MessageStore, Object, Session, Table, sample};
use serde_json::{Value as Json, json};
use std::path::Path;

const FOLDER: &str = "Archive";

/// Tells it, and answers what was stated; of the sample it is known what must come out.
pub(super) async fn tell(
    steps: &Steps,
    context: &Context,
    session: &Session,
    store: &MessageStore,
    archive: &Path,
    known: Option<sample::Sample>,
) -> anyhow::Result<Facts> {
    steps.say("GetHierarchyTable", &folder_names(store).await?.join(", "))?;

    let first = take_in(context, session, archive).await?;
    steps.say(
        "IMAPIFolder::CreateMessage, SaveChanges",
        &format!("{} of {} messages taken in from {}, {:.0} a second", first.added, first.seen, archive.display(), first.rate()),
    )?;
    if let Some(known) = known {
        let added = first.added;
        ensure!(added == u64::from(known.messages), "the sample holds {} messages, {added} came in", known.messages);
    }
    let again = take_in(context, session, archive).await?;
    ensure!(again.added == 0, "importing the same archive again added {} messages", again.added);
    steps.say("The same again", &format!("{} messages recognised, none added", again.known))?;

    let facts = facts(store).await?;
    narrate(steps, &facts)?;
    if let Some(known) = known {
        for (name, number) in
            [("messages", known.messages), ("with attachments", known.with_attachments), ("about releases", known.about_releases)]
        {
            ensure!(facts[name] == json!(number), "{name}: the sample has {number}, the table {}", facts[name]);
        }
    }
    Ok(facts)
}

async fn take_in(context: &Context, session: &Session, archive: &Path) -> anyhow::Result<Report> {
    let arguments =
        ImportArguments { archives: vec![archive.to_owned()], folder: FOLDER.into(), defer_indexing: false, report_all: false };
    import::import(context, session, &arguments, false).await
}

fn narrate(steps: &Steps, facts: &Facts) -> anyhow::Result<()> {
    let text = |name: &str| match &facts[name] {
        Json::String(text) => text.clone(),
        Json::Array(list) => {
            list.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(" | ")
        }
        other => other.to_string(),
    };
    steps.say("GetContentsTable, GetRowCount", &format!("{} messages in {FOLDER}", text("messages")))?;
    steps.say("SortTable, QueryRows", &format!("the newest: {}", text("newest")))?;
    steps.say("SeekRowApprox 1/2", &format!("in the middle stands {}", text("middle")))?;
    steps.say("FindRow", &format!("the first subject from \"R\" on is {}", text("first from R")))?;
    steps.say("CreateBookmark, SeekRow", &format!("ten rows on and back again: {}", text("bookmark")))?;
    steps.say(
        "Restrict",
        &format!(
            "{} subjects contain \"release\", {} messages have attachments",
            text("about releases"),
            text("with attachments")
        ),
    )?;
    steps.say("Restrict on bodies", &format!("{} bodies contain \"the\"", text("bodies with the")))?;
    steps.say("OpenEntry, GetProps", &format!("the newest message: {}", text("opened")))?;
    steps.say(
        "GetRecipientTable, GetAttachmentTable",
        &format!("its recipients {}, its attachments {}", text("recipients"), text("attachments")),
    )?;
    steps.say("CompareEntryIDs", &format!("the newest and itself {}, the newest and the oldest {}", text("same"), text("other")))
}

/// Everything stated about the archive, computed from a session.
pub(super) async fn facts(store: &MessageStore) -> anyhow::Result<Facts> {
    let mut facts = Facts::new();
    let folder = target::folder(store, FOLDER, false).await?;
    let table = contents(&folder).await?;
    let count = table.get_row_count().await?.value;
    facts.insert("messages".into(), json!(count));
    ensure!(count > 0, "the archive held no message");

    sort(&table, SortOrder::descending(tags::CLIENT_SUBMIT_TIME)).await?;
    let newest = table.query_rows(1, QueryRowsFlags::empty()).await?;
    facts.insert("newest".into(), json!(first_cell(&newest)));
    table.seek_row_approx(1, 2).await?;
    facts.insert("middle".into(), json!(first_cell(&table.query_rows(1, QueryRowsFlags::empty()).await?)));

    sort(&table, SortOrder::ascending(tags::SUBJECT)).await?;
    let from_r = expression::parse("subject >= 'R'").map_err(anyhow::Error::new)?;
    let found = match table.find_row(&from_r, Bookmark::BEGINNING, FindRowFlags::empty()).await {
        Ok(_) => first_cell(&table.query_rows(1, QueryRowsFlags::empty()).await?),
        Err(_) => "none".into(),
    };
    facts.insert("first from R".into(), json!(found));
    table.seek_row(Bookmark::BEGINNING, i32::try_from(count / 3).unwrap_or(0)).await?;
    let bookmark = table.create_bookmark().await?;
    let here = first_cell(&table.query_rows(1, QueryRowsFlags::empty()).await?);
    table.seek_row(Bookmark::CURRENT, 10).await?;
    table.seek_row(bookmark, 0).await?;
    let back = first_cell(&table.query_rows(1, QueryRowsFlags::empty()).await?);
    ensure!(here == back, "the bookmark led to another row");
    table.free_bookmark(bookmark).await?;
    facts.insert("bookmark".into(), json!(back));

    for (name, text) in [
        ("about releases", "subject contains 'release'"),
        ("with attachments", "attachments = true"),
        ("bodies with the", "body contains 'the'"),
    ] {
        let restriction = expression::parse(text).map_err(anyhow::Error::new)?;
        table.restrict(Some(&restriction), RestrictFlags::empty()).await?;
        facts.insert(name.into(), json!(table.get_row_count().await?.value));
    }
    table.restrict(None, RestrictFlags::empty()).await?;
    open_newest(store, &table, &mut facts).await?;
    Ok(facts)
}

async fn open_newest(store: &MessageStore, table: &Table, facts: &mut Facts) -> anyhow::Result<()> {
    sort(table, SortOrder::descending(tags::CLIENT_SUBMIT_TIME)).await?;
    let newest = entry_id(&table.query_rows(1, QueryRowsFlags::empty()).await?)?;
    table.seek_row(Bookmark::END, -1).await?;
    let oldest = entry_id(&table.query_rows(1, QueryRowsFlags::empty()).await?)?;
    let Object::Message(message) = store.open_entry(Some(&newest), StoreOpenEntryFlags::empty(), None).await?.object else {
        bail!("the newest row is not a message")
    };
    let wanted = [tags::SUBJECT, tags::SENT_REPRESENTING_NAME, tags::CLIENT_SUBMIT_TIME, tags::INTERNET_MESSAGE_ID];
    let values = message.properties().await?.get_props(Some(&wanted), GetPropsFlags::MAPI_UNICODE).await?.value;
    facts.insert("opened".into(), values.iter().map(|property| value_to_json(&property.value)).collect());
    let recipients = message.get_recipient_table(GetRecipientTableFlags::MAPI_UNICODE).await?;
    recipients.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    let rows = recipients.query_rows(20, QueryRowsFlags::empty()).await?;
    facts.insert("recipients".into(), rows.iter().flatten().map(|cell| json!(cell_text(&cell.value))).collect());
    let attachments = message.get_attachment_table(GetAttachmentTableFlags::MAPI_UNICODE).await?;
    facts.insert("attachments".into(), json!(attachments.get_row_count().await?.value));
    facts.insert("same".into(), json!(store.compare_entry_ids(&newest, &newest).await?));
    facts.insert("other".into(), json!(store.compare_entry_ids(&newest, &oldest).await?));
    Ok(())
}

async fn contents(folder: &Folder) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::SUBJECT, tags::ENTRYID], SetColumnsFlags::empty()).await?;
    Ok(table)
}

async fn sort(table: &Table, key: SortOrder) -> anyhow::Result<()> {
    Ok(table.sort_table(SortOrderSet::plain(vec![key]), SortTableFlags::empty()).await?)
}

async fn folder_names(store: &MessageStore) -> anyhow::Result<Vec<String>> {
    let table = target::folder(store, "/", false)
        .await?
        .get_hierarchy_table(GetHierarchyTableFlags::MAPI_UNICODE | GetHierarchyTableFlags::CONVENIENT_DEPTH)
        .await?;
    table.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    Ok(table.query_rows(100, QueryRowsFlags::empty()).await?.iter().flatten().map(|cell| cell_text(&cell.value)).collect())
}
