//! The JavaScript package against the Rust host, and its page against the time a frame has.

use crate::row::Figures;
use crate::stage::{Stage, root};
use crate::timing::{median, milliseconds};
use anyhow::{Context as _, ensure};
use mapi_session::properties::{Value, tags};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{Backends, ImportOptions, Limits, LogonOptions, MessageOptions, Object, Session, Table, flags};
use std::process::Command;
use std::time::Instant;

const ROWS: u32 = 10_000;
const SCROLLED: u32 = 100_000;
const RUNS: u32 = 15;

/// `host.node_table`: ten thousand rows of a store in memory read by columns in Node, every cell looked at, against
/// the same work in Rust.
pub(crate) fn node_table(stage: &Stage) -> anyhow::Result<Figures> {
    let ours = measured("table", ROWS)?;
    let reference = stage.runtime.block_on(rust_table(stage))?;
    Ok(Figures::against(ours, reference))
}

/// `host.browser_scroll`: the slowest frame while a hundred thousand rows are scrolled and jumped through in Chromium.
pub(crate) fn browser_scroll(_stage: &Stage) -> anyhow::Result<Figures> {
    Ok(Figures::alone(measured("scroll", SCROLLED)?))
}

/// What the package measures of itself, in milliseconds.
fn measured(what: &str, rows: u32) -> anyhow::Result<f64> {
    let package = root().join("host/js");
    ensure!(package.join("node_modules").exists(), "the npm packages of host/js are not there; run `cargo xtask test`");
    let folder = tempfile::tempdir()?;
    let component = folder.path().join("session.wasm");
    std::fs::write(&component, mapi_session::COMPONENT)?;
    run(Command::new("node").current_dir(&package).arg("build.mjs").arg(component))?;
    let said = run(Command::new("node").current_dir(&package).args(["test/bench.mjs", what, &rows.to_string()]))?;
    let said: serde_json::Value = serde_json::from_str(said.trim()).with_context(|| format!("no figures: {said}"))?;
    eprintln!("  {said}");
    said["milliseconds"].as_f64().context("nothing was measured")
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {}", said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// Milliseconds for the work of the package's measurement.
async fn rust_table(stage: &Stage) -> anyhow::Result<f64> {
    let (_session, table) = filled(stage).await?;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        table.seek_row(Bookmark::BEGINNING, 0).await?;
        let start = Instant::now();
        let batch = table.query_rows_columnar(ROWS.cast_signed(), flags::QueryRowsFlags::empty()).await?;
        let mut seen = 0;
        for row in batch.into_rows() {
            for cell in row {
                seen += match cell.value {
                    Value::Unicode(text) => text.len(),
                    Value::Long(number) => number.unsigned_abs() as usize,
                    Value::SysTime(time) => usize::from(time.0 != 0),
                    other => anyhow::bail!("{other:?} was read"),
                };
            }
        }
        samples.push(start.elapsed());
        ensure!(seen > 0, "nothing was read");
    }
    Ok(milliseconds(median(samples)?))
}

/// The table, and the session it lives as long as: the same messages, columns and order.
async fn filled(stage: &Stage) -> anyhow::Result<(Session, Table)> {
    let subsystem = stage.engine.subsystem(&Backends::memory(), Limits::default()).await?;
    let admin = subsystem.admin_profiles().await?;
    admin.create_profile("Bench", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
    let session = subsystem.logon(LogonOptions::profile("Bench")).await?;
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let rows = stores.query_all_rows(1).await?;
    let Some(Value::Binary(entry_id)) = rows.first().and_then(|row| row.first()).map(|cell| &cell.value) else {
        anyhow::bail!("the profile has no store");
    };
    let store = session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await?.value.object;
    let (inbox, _) = store.get_receive_folder(None).await?;
    let opened = store.open_entry(Some(&inbox), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await?;
    let Object::Folder(inbox) = opened.object else { anyhow::bail!("the Inbox is no folder") };
    let import = inbox.import_messages(ImportOptions::default()).await?;
    for number in 0..u64::from(ROWS) {
        let subject = number * 7919 % u64::from(ROWS);
        let text = format!(
            "From: Ada <ada@example.org>\nTo: You <you@here.example>\nSubject: Note {subject}\n\
             Date: Tue, 02 Jan 2024 08:00:00 +0000\nMessage-ID: <{number}@example.org>\n\nBody {number}\n"
        );
        import.begin(MessageOptions::default()).await?;
        import.write(text.into_bytes()).await?;
        import.finish().await?;
    }
    import.flush().await?;
    let table = inbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await?;
    let columns = [tags::SUBJECT, tags::SENDER_NAME, tags::MESSAGE_DELIVERY_TIME, tags::MESSAGE_SIZE, tags::MESSAGE_FLAGS];
    table.set_columns(&columns, flags::SetColumnsFlags::empty()).await?;
    let newest_first = SortOrderSet::plain(vec![SortOrder::descending(tags::MESSAGE_DELIVERY_TIME)]);
    table.sort_table(newest_first, flags::SortTableFlags::empty()).await?;
    Ok((session, table))
}
