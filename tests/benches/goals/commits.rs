//! Messages made one by one, each durable when its call returns.

use crate::client;
use crate::fixture::Fixture;
use crate::messages::{self, Numbers};
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::median;
use anyhow::ensure;
use mapi_session::flags::{CreateMessageFlags, LogoffFlags, SaveChangesFlags};
use std::ffi::OsStr;
use std::time::{Duration, Instant};

const MESSAGES: u32 = 500;

/// `stores.commit`: messages created, filled and saved, against SQLite writing the rows that came of it, a
/// transaction for each message, just as durable. By the median of their times: a disk's worst are the disk's.
pub(crate) fn single(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::empty(stage, stage.path("commit"))?;
    let ours = stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let folder = client::folder(&store, Some(&fixture.folder)).await?;
        let (mut numbers, mut samples) = (Numbers(3), Vec::new());
        for number in 0..MESSAGES {
            let values = messages::composed(number, &mut numbers);
            let start = Instant::now();
            let message = folder.create_message(CreateMessageFlags::empty()).await?;
            let properties = message.properties().await?;
            let problems = properties.set_props(values).await?;
            properties.save_changes(SaveChangesFlags::empty()).await?;
            samples.push(start.elapsed());
            ensure!(problems.is_empty(), "a value could not be set: {problems:?}");
        }
        session.logoff(LogoffFlags::empty()).await?;
        median(samples)
    })?;
    let reference = stage.reference(&[OsStr::new("commits"), fixture.file.as_os_str()])?;
    std::fs::remove_dir_all(stage.path("commit"))?;
    Ok(Figures::against(rate(ours), rate(reference)))
}

fn rate(time: Duration) -> f64 {
    1.0 / time.as_secs_f64()
}
