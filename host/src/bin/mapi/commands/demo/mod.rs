//! `mapi demo`: from nothing to a page of real mail, and on to a message written, delivered, answered and
//! deleted, each step with the MAPI call behind it.
//!
//! Every number stated is computed from the session; for the sample mailbox it must equal what the
//! mailbox is known to hold. At the end a second process opens the data folder and computes them again.

mod correspondent;
mod mail;
mod reading;

use crate::args::DemoArguments;
use crate::context::Context;
use crate::output::{Output, cell_text};
use anyhow::{Context as _, bail, ensure};
use mapi_session::flags::{
    CreateProfileFlags, GetMsgStoresTableFlags, GetStatusTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
    StoreOpenEntryFlags,
};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{LogonOptions, MessageStore, Session, Subsystem, sample};
use serde_json::{Map, Value as Json};
use std::path::Path;
use std::process::ExitCode;

const PROFILE: &str = "Ada";

/// What was stated, or found again.
type Facts = Map<String, Json>;

pub(crate) async fn run(context: &Context, arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    if let Some(stated) = &arguments.recheck {
        return recheck(context, stated).await;
    }
    let folder = tempfile::tempdir().context("no temporary folder can be made for the demonstration")?;
    let context = Context::of(folder.path().join("data"), Some(PROFILE.into()), Output { json: false });
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
    let steps = Steps::default();
    let stated = tell(&steps, &context, &archive, known).await?;
    let file = folder.path().join("stated.json");
    std::fs::write(&file, serde_json::to_vec(&stated)?)?;
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
#[derive(Default)]
struct Steps(std::cell::Cell<u32>);

impl Steps {
    fn say(&self, call: &str, text: &str) -> anyhow::Result<()> {
        let number = self.0.get() + 1;
        self.0.set(number);
        let style = anstyle::Style::new().bold();
        use std::io::Write;
        writeln!(anstream::stdout(), "{number:>2}. {style}{call}{style:#}: {}", crate::terminal::harmless(text))?;
        Ok(())
    }
}

async fn tell(steps: &Steps, context: &Context, archive: &Path, known: Option<sample::Sample>) -> anyhow::Result<Facts> {
    let subsystem = context.subsystem().await?;
    steps.say("MAPIInitialize", "a component instance with the backends of one data folder, and nothing else")?;

    let profiles = subsystem.admin_profiles().await?;
    profiles.create_profile(PROFILE, CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
    profiles.set_default_profile(Some(PROFILE)).await?;
    steps.say("IProfAdmin::CreateProfile", &format!("profile {PROFILE:?} with the default services of the host"))?;

    mail::set_up(steps, &profiles).await?;

    let session = context.session(&subsystem).await?;
    steps.say("MAPILogonEx", "a session on that profile; the component has no file, no socket and no environment")?;

    let refused = subsystem.logon(LogonOptions::profile("Nobody"));
    let Err(refusal) = refused.await else { bail!("a logon to a profile that does not exist succeeded") };
    steps.say("MAPILogonEx", &format!("as \"Nobody\" it is refused: {refusal}"))?;

    let store = context.default_store(&session).await?;
    let name = store_name(&session).await?;
    steps.say("GetMsgStoresTable, OpenMsgStore", &format!("the default store is {name:?}, its standard folders are in place"))?;

    let mut facts = reading::tell(steps, context, &session, &store, archive, known).await?;

    let forged = store.open_entry(Some(&[0; 24]), StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await;
    let Err(refusal) = forged else { bail!("a forged entry identifier was opened") };
    steps.say("OpenEntry", &format!("a forged identifier opens nothing: {refusal}"))?;

    facts.extend(mail::tell(steps, context, &subsystem, &session, &store).await?);

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

async fn recheck(context: &Context, stated: &Path) -> anyhow::Result<ExitCode> {
    let stated: Facts = serde_json::from_slice(&std::fs::read(stated)?)?;
    let subsystem = context.subsystem().await?;
    let (ada, store) = log_on(context, &subsystem, PROFILE).await?;
    let (ben, other) = log_on(context, &subsystem, mail::OTHER).await?;
    let mut found = reading::facts(&store).await?;
    found.extend(mail::facts(&store, &other).await?);
    let wrong: Vec<&String> =
        stated.iter().filter(|(name, value)| found.get(*name) != Some(value)).map(|(name, _)| name).collect();
    for name in &wrong {
        eprintln!("{name}: stated {}, found {}", stated[name.as_str()], found.get(name.as_str()).unwrap_or(&Json::Null));
    }
    ensure!(wrong.is_empty(), "{} of {} statements do not hold in a second process", wrong.len(), stated.len());
    context.output.line(&format!("    all {} statements hold", stated.len()))?;
    ada.logoff(LogoffFlags::empty()).await?;
    ben.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

/// A session on a profile, and its default store.
async fn log_on(context: &Context, subsystem: &Subsystem, profile: &str) -> anyhow::Result<(Session, MessageStore)> {
    let context = Context::of(context.data.clone(), Some(profile.into()), Output { json: false });
    let session = context.session(subsystem).await?;
    let store = context.default_store(&session).await?;
    Ok((session, store))
}

/// The first cell of the first row.
fn first_cell(rows: &[Vec<Property>]) -> String {
    rows.first().and_then(|row| row.first()).map(|cell| cell_text(&cell.value)).unwrap_or_default()
}

/// The second cell of the first row, which is its entry identifier.
fn entry_id(rows: &[Vec<Property>]) -> anyhow::Result<Vec<u8>> {
    match rows.first().and_then(|row| row.get(1)).map(|cell| &cell.value) {
        Some(Value::Binary(entry_id)) => Ok(entry_id.clone()),
        _ => bail!("a row without an entry identifier"),
    }
}

async fn store_name(session: &Session) -> anyhow::Result<String> {
    let table = session.get_msg_stores_table(GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::DISPLAY_NAME], SetColumnsFlags::empty()).await?;
    Ok(first_cell(&table.query_rows(1, QueryRowsFlags::empty()).await?))
}
