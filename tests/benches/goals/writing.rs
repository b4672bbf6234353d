//! Deleting and copying many messages at once, through the component: mail as it comes, with bodies, recipients
//! and attachments.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::{bail, ensure};
use mapi_session::flags::{
    CopyMessagesFlags, DeleteMessagesFlags, GetContentsTableFlags, GetPropsFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
};
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{Folder, MessageStore, Session};
use std::time::Instant;

/// Each run begins with a copy of the fixture.
const RUNS: u32 = 3;

/// `stores.delete_25k`: 25,000 messages of a folder, deleted by one call and kept to be restored.
pub(crate) fn delete_25k(stage: &Stage) -> anyhow::Result<Figures> {
    const MESSAGES: usize = 25_000;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let fixture = Fixture::archive(stage)?.copied(stage.path("writing"))?;
        samples.push(stage.runtime.block_on(async {
            let (session, _, folder) = opened(stage, &fixture).await?;
            let archive = entry_ids(&folder).await?;
            let mut have = archive.len();
            while have < MESSAGES {
                let more = archive.get(..MESSAGES - have).unwrap_or(&archive);
                ensure!(
                    folder.copy_messages(more, &folder, CopyMessagesFlags::empty()).await?.warning.is_none(),
                    "not all were copied"
                );
                have += more.len();
            }
            let all = entry_ids(&folder).await?;
            let chosen = all.get(..MESSAGES).unwrap_or(&all);
            let start = Instant::now();
            let deleted = folder.delete_messages(chosen, DeleteMessagesFlags::empty()).await?;
            let time = start.elapsed();
            ensure!(deleted.warning.is_none(), "not all were deleted");
            let counts = [count(&folder, tags::CONTENT_COUNT).await?, count(&folder, tags::DELETED_MSG_COUNT).await?];
            ensure!(counts == [all.len() - MESSAGES, MESSAGES], "live and deleted are {counts:?}");
            session.logoff(LogoffFlags::empty()).await?;
            Ok(time)
        })?);
    }
    std::fs::remove_dir_all(stage.path("writing"))?;
    Ok(Figures::alone(milliseconds(median(samples)?)))
}

/// `stores.copy_10k`: 10,000 messages copied to another folder; as many calls as the archive is too short for one.
pub(crate) fn copy_10k(stage: &Stage) -> anyhow::Result<Figures> {
    const MESSAGES: usize = 10_000;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let fixture = Fixture::archive(stage)?.copied(stage.path("writing"))?;
        samples.push(stage.runtime.block_on(async {
            let (session, store, folder) = opened(stage, &fixture).await?;
            let copies = client::folder(&store, Some(&client::create_folder(&store, "Copies").await?)).await?;
            let archive = entry_ids(&folder).await?;
            let mut have = 0;
            let start = Instant::now();
            while have < MESSAGES {
                let more = archive.get(..MESSAGES - have).unwrap_or(&archive);
                ensure!(
                    folder.copy_messages(more, &copies, CopyMessagesFlags::empty()).await?.warning.is_none(),
                    "not all were copied"
                );
                have += more.len();
            }
            let time = start.elapsed();
            let copied = count(&copies, tags::CONTENT_COUNT).await?;
            ensure!(copied == MESSAGES, "{copied} messages are in the other folder");
            session.logoff(LogoffFlags::empty()).await?;
            Ok(time)
        })?);
    }
    std::fs::remove_dir_all(stage.path("writing"))?;
    Ok(Figures::alone(milliseconds(median(samples)?)))
}

/// A session on a fixture, its store, and the folder with the mail.
async fn opened(stage: &Stage, fixture: &Fixture) -> anyhow::Result<(Session, MessageStore, Folder)> {
    let session = client::logon(&stage.subsystem(&fixture.data).await?).await?;
    let store = client::default_store(&session).await?;
    let folder = client::folder(&store, Some(&fixture.folder)).await?;
    Ok((session, store, folder))
}

async fn entry_ids(folder: &Folder) -> anyhow::Result<Vec<Vec<u8>>> {
    let table = folder.get_contents_table(GetContentsTableFlags::empty()).await?;
    table.set_columns(&[tags::ENTRYID], SetColumnsFlags::empty()).await?;
    let mut found = Vec::new();
    loop {
        let rows = table.query_rows(1_000, QueryRowsFlags::empty()).await?;
        if rows.is_empty() {
            return Ok(found);
        }
        for row in rows {
            found.push(client::bytes(row.into_iter().next())?);
        }
    }
}

async fn count(folder: &Folder, tag: PropTag) -> anyhow::Result<usize> {
    let values = folder.properties().await?.get_props(Some(&[tag]), GetPropsFlags::empty()).await?.value;
    match values.into_iter().next().map(|property| property.value) {
        Some(Value::Long(count)) => Ok(usize::try_from(count)?),
        other => bail!("a count was expected, not {other:?}"),
    }
}
