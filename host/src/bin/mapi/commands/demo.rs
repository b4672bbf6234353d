//! `mapi demo`: from nothing to a page of real mail, each step with the MAPI call behind it.
//!
//! Every number stated is computed from the session; for the sample mailbox it must equal what the
//! mailbox is known to hold. At the end a second process opens the data folder and computes them again.

use crate::args::{DemoArguments, ImportArguments};
use crate::commands::import::{self, Report};
use crate::context::Context;
use crate::output::cell_text;
use crate::target;
use anyhow::{Context as _, bail, ensure};
use mapi_session::expression::{self, value_to_json};
use mapi_session::flags::{
    CreateProfileFlags, FindRowFlags, GetAttachmentTableFlags, GetContentsTableFlags, GetHierarchyTableFlags,
    GetMsgStoresTableFlags, GetPropsFlags, GetRecipientTableFlags, GetStatusTableFlags, LogoffFlags, QueryRowsFlags,
    RestrictFlags, SetColumnsFlags, SortTableFlags, StoreOpenEntryFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{Folder, LogonOptions, MessageStore, Object, Session, Table, sample};
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use std::process::ExitCode;

const PROFILE: &str = "Demo";
const FOLDER: &str = "Archive";

pub(crate) async fn run(context: &Context, arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    if let Some(stated) = &arguments.recheck {
        return recheck(context, stated).await;
    }
    let folder = tempfile::tempdir().context("no temporary folder can be made for the demonstration")?;
    let context = Context::of(folder.path().join("data"), Some(PROFILE.into()), crate::output::Output { json: false });
    let (archive, known) = match &arguments.archive {
        Some(archive) => (archive.clone(), None),
        None => {
            let archive = folder.path().join("sample.mbox");
            let mut file = std::io::BufWriter::new(std::fs::File::create(&archive)?);
            let sample = sample::write_mailbox(&mut file)?;
            std::io::Write::flush(&mut file)?;
            (archive, Some(sample))
        }
    };
    let stated = tell(&context, &archive, known).await?;
    let file = folder.path().join("stated.json");
    std::fs::write(&file, serde_json::to_vec(&stated)?)?;
    let steps = Steps::from(22);
    steps.say("A second process", "opens the data folder and computes every number again")?;
    let status = std::process::Command::new(std::env::current_exe()?)
        .arg("--data")
        .arg(&context.data)
        .args(["demo", "--recheck"])
        .arg(&file)
        .status()
        .context("the second process could not be started")?;
    ensure!(status.success(), "the second process found other numbers than were stated");
    Ok(ExitCode::SUCCESS)
}

/// Prints numbered steps.
struct Steps(std::cell::Cell<u32>);

impl Steps {
    fn from(first: u32) -> Self {
        Self(std::cell::Cell::new(first))
    }

    fn say(&self, call: &str, text: &str) -> anyhow::Result<()> {
        let number = self.0.get();
        self.0.set(number + 1);
        let style = anstyle::Style::new().bold();
        use std::io::Write;
        writeln!(anstream::stdout(), "{number:>2}. {style}{call}{style:#}: {}", crate::terminal::harmless(text))?;
        Ok(())
    }
}

async fn tell(context: &Context, archive: &Path, known: Option<sample::Sample>) -> anyhow::Result<Map<String, Json>> {
    let steps = Steps::from(1);
    let subsystem = context.subsystem().await?;
    steps.say("MAPIInitialize", "a component instance with the backends of one data folder, and nothing else")?;

    let profiles = subsystem.admin_profiles().await?;
    profiles.create_profile(PROFILE, CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
    profiles.set_default_profile(Some(PROFILE)).await?;
    steps.say("IProfAdmin::CreateProfile", &format!("profile {PROFILE:?} with the default services of the host"))?;

    let session = context.session(&subsystem).await?;
    steps.say("MAPILogonEx", "a session on that profile; the component has no file, no socket and no environment")?;

    let refused = subsystem.logon(LogonOptions::profile("Nobody"));
    let Err(refusal) = refused.await else { bail!("a logon to a profile that does not exist succeeded") };
    steps.say("MAPILogonEx", &format!("as \"Nobody\" it is refused: {refusal}"))?;

    let store = context.default_store(&session).await?;
    let name = store_name(&session).await?;
    steps.say("GetMsgStoresTable, OpenMsgStore", &format!("the default store is {name:?}, its standard folders are in place"))?;

    let before = folder_names(&store).await?;
    steps.say("GetHierarchyTable", &before.join(", "))?;

    let first = take_in(context, &session, archive).await?;
    steps.say(
        "IMAPIFolder::CreateMessage, SaveChanges",
        &format!("{} of {} messages taken in from {}, {:.0} a second", first.added, first.seen, archive.display(), first.rate()),
    )?;
    if let Some(known) = known {
        ensure!(
            first.added == u64::from(known.messages),
            "the sample holds {} messages, {} came in",
            known.messages,
            first.added
        );
    }
    let again = take_in(context, &session, archive).await?;
    ensure!(again.added == 0, "importing the same archive again added {} messages", again.added);
    steps.say("The same again", &format!("{} messages recognised, none added", again.known))?;

    let facts = facts(&store).await?;
    narrate(&steps, &facts)?;
    if let Some(known) = known {
        ensure!(facts["messages"] == json!(known.messages), "the table has {} rows", facts["messages"]);
        ensure!(
            facts["with attachments"] == json!(known.with_attachments),
            "{} messages have attachments, not {}",
            facts["with attachments"],
            known.with_attachments
        );
        ensure!(
            facts["about releases"] == json!(known.about_releases),
            "{} messages are about releases, not {}",
            facts["about releases"],
            known.about_releases
        );
    }

    let forged = store.open_entry(Some(&[0; 24]), StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await;
    let Err(refusal) = forged else { bail!("a forged entry identifier was opened") };
    steps.say("OpenEntry", &format!("a forged identifier opens nothing: {refusal}"))?;

    let status = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    steps.say(
        "GetStatusTable",
        &format!("{} rows: subsystem, spooler, address book and the providers at work", status.get_row_count().await?.value),
    )?;
    session.logoff(LogoffFlags::empty()).await?;
    steps.say("Logoff", "everything opened through the session is void now")?;
    ensure!(
        store.open_entry(None, StoreOpenEntryFlags::empty(), None).await.is_err(),
        "a store still opens things after its session has logged off"
    );
    Ok(facts)
}

async fn take_in(context: &Context, session: &Session, archive: &Path) -> anyhow::Result<Report> {
    let arguments =
        ImportArguments { archives: vec![archive.to_owned()], folder: FOLDER.into(), defer_indexing: false, report_all: false };
    import::import(context, session, &arguments, false).await
}

fn narrate(steps: &Steps, facts: &Map<String, Json>) -> anyhow::Result<()> {
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

/// Everything stated about the store, computed from a session.
async fn facts(store: &MessageStore) -> anyhow::Result<Map<String, Json>> {
    let mut facts = Map::new();
    let folder = target::folder(store, FOLDER, false).await?;
    let table = contents(&folder).await?;
    let count = table.get_row_count().await?.value;
    facts.insert("messages".into(), json!(count));
    ensure!(count > 0, "the archive held no message");

    sort(&table, SortOrder::descending(tags::CLIENT_SUBMIT_TIME)).await?;
    let newest = table.query_rows(1, QueryRowsFlags::empty()).await?;
    facts.insert("newest".into(), json!(subject(&newest)));
    table.seek_row_approx(1, 2).await?;
    facts.insert("middle".into(), json!(subject(&table.query_rows(1, QueryRowsFlags::empty()).await?)));

    sort(&table, SortOrder::ascending(tags::SUBJECT)).await?;
    let from_r = expression::parse("subject >= 'R'").map_err(anyhow::Error::new)?;
    let found = match table.find_row(&from_r, Bookmark::BEGINNING, FindRowFlags::empty()).await {
        Ok(_) => subject(&table.query_rows(1, QueryRowsFlags::empty()).await?),
        Err(_) => "none".into(),
    };
    facts.insert("first from R".into(), json!(found));
    table.seek_row(Bookmark::BEGINNING, i32::try_from(count / 3).unwrap_or(0)).await?;
    let bookmark = table.create_bookmark().await?;
    let here = subject(&table.query_rows(1, QueryRowsFlags::empty()).await?);
    table.seek_row(Bookmark::CURRENT, 10).await?;
    table.seek_row(bookmark, 0).await?;
    let back = subject(&table.query_rows(1, QueryRowsFlags::empty()).await?);
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

async fn open_newest(store: &MessageStore, table: &Table, facts: &mut Map<String, Json>) -> anyhow::Result<()> {
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

async fn recheck(context: &Context, stated: &Path) -> anyhow::Result<ExitCode> {
    let stated: Map<String, Json> = serde_json::from_slice(&std::fs::read(stated)?)?;
    let context = Context::of(context.data.clone(), Some(PROFILE.into()), crate::output::Output { json: false });
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let found = facts(&store).await?;
    let wrong: Vec<&String> =
        stated.iter().filter(|(name, value)| found.get(*name) != Some(value)).map(|(name, _)| name).collect();
    for name in &wrong {
        eprintln!("{name}: stated {}, found {}", stated[name.as_str()], found.get(name.as_str()).unwrap_or(&Json::Null));
    }
    ensure!(wrong.is_empty(), "{} of {} statements do not hold in a second process", wrong.len(), stated.len());
    context.output.line(&format!("    all {} statements hold", stated.len()))?;
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn contents(folder: &Folder) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::SUBJECT, tags::ENTRYID], SetColumnsFlags::empty()).await?;
    Ok(table)
}

async fn sort(table: &Table, key: SortOrder) -> anyhow::Result<()> {
    Ok(table.sort_table(SortOrderSet::plain(vec![key]), SortTableFlags::empty()).await?)
}

fn subject(rows: &[Vec<Property>]) -> String {
    rows.first().and_then(|row| row.first()).map(|cell| cell_text(&cell.value)).unwrap_or_default()
}

fn entry_id(rows: &[Vec<Property>]) -> anyhow::Result<Vec<u8>> {
    match rows.first().and_then(|row| row.get(1)).map(|cell| &cell.value) {
        Some(Value::Binary(entry_id)) => Ok(entry_id.clone()),
        _ => bail!("a row without an entry identifier"),
    }
}

async fn folder_names(store: &MessageStore) -> anyhow::Result<Vec<String>> {
    let table = target::folder(store, "/", false)
        .await?
        .get_hierarchy_table(GetHierarchyTableFlags::MAPI_UNICODE | GetHierarchyTableFlags::CONVENIENT_DEPTH)
        .await?;
    table.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    Ok(table.query_rows(100, QueryRowsFlags::empty()).await?.iter().flatten().map(|cell| cell_text(&cell.value)).collect())
}

async fn store_name(session: &Session) -> anyhow::Result<String> {
    let table = session.get_msg_stores_table(GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    Ok(subject(&table.query_rows(1, QueryRowsFlags::empty()).await?))
}
