//! Importing an archive, from its first byte to the last durable message.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use anyhow::ensure;
use mapi_session::archive::Archive;
use mapi_session::flags::{GetContentsTableFlags, LogoffFlags};
use mapi_session::properties::{FileTime, Property, Value};
use mapi_session::{IMPORT_KEY, ImportOptions, MessageOptions};
use std::path::Path;
use std::time::Instant;

/// Imports take seconds each.
const RUNS: u32 = 3;

/// `stores.import`: durable, and indexed at the end.
pub(crate) fn indexed(stage: &Stage) -> anyhow::Result<Figures> {
    rate(stage, false)
}

/// `stores.import_deferred`: durable; searches answer rightly, the index follows.
pub(crate) fn deferred(stage: &Stage) -> anyhow::Result<Figures> {
    rate(stage, true)
}

fn rate(stage: &Stage, defer_indexing: bool) -> anyhow::Result<Figures> {
    let archive = stage.archive()?;
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let fixture = Fixture::empty(stage, stage.path("import"))?;
        rates.push(stage.runtime.block_on(import(stage, &fixture.data, &fixture.folder, &archive, defer_indexing))?);
    }
    std::fs::remove_dir_all(stage.path("import"))?;
    rates.sort_by(f64::total_cmp);
    Ok(Figures::alone(rates.get(rates.len() / 2).copied().unwrap_or_default()))
}

/// Imports an archive into a folder, as `mapi import` does; messages a second, the reading of the archive
/// included.
pub(crate) async fn import(
    stage: &Stage,
    data: &Path,
    folder: &[u8],
    archive: &Path,
    defer_indexing: bool,
) -> anyhow::Result<f64> {
    let subsystem = stage.subsystem(data).await?;
    let session = client::logon(&subsystem).await?;
    let store = client::default_store(&session).await?;
    let folder = client::folder(&store, Some(folder)).await?;
    let start = Instant::now();
    let mut archive = Archive::open(archive, None)?;
    let import = folder.import_messages(ImportOptions { defer_indexing }).await?;
    let (mut messages, mut piece) = (0_u32, Vec::new());
    while let Some(message) = archive.next_message()? {
        let mut content = Vec::new();
        while archive.read_piece(&mut piece)? {
            content.extend_from_slice(&piece);
        }
        let options = MessageOptions {
            received: message.envelope_date.map(|seconds| FileTime::from_unix(seconds, 0)),
            keep_original: true,
            seen: false,
            properties: vec![Property::new(IMPORT_KEY, Value::Binary(archive.digest().to_vec()))],
        };
        import.begin(options).await?;
        import.write(content).await?;
        import.finish().await?;
        messages += 1;
    }
    import.flush().await?;
    let time = start.elapsed();
    let count = folder.get_contents_table(GetContentsTableFlags::empty()).await?.get_row_count().await?.value;
    ensure!(count == messages, "{messages} messages were imported, the folder holds {count}");
    session.logoff(LogoffFlags::empty()).await?;
    Ok(f64::from(messages) / time.as_secs_f64())
}
