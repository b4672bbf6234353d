//! From logon to the first page of a folder.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use mapi_session::Subsystem;
use mapi_session::flags::LogoffFlags;
use std::ffi::OsStr;
use std::time::{Duration, Instant};

const RUNS: u32 = 51;

/// `session.first_page_100k`: in a folder of 100,000 messages, against one of 1,000.
pub(crate) fn first_page_100k(stage: &Stage) -> anyhow::Result<Figures> {
    let (large, small) = (Fixture::folder_of(stage, 100_000)?, Fixture::folder_of(stage, 1_000)?);
    stage.runtime.block_on(async {
        let (in_large, in_small) = (stage.subsystem(&large.data).await?, stage.subsystem(&small.data).await?);
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        // In turns, so that what else the machine does touches both alike.
        for _ in 0..RUNS {
            reference.push(page(&in_small, &small.folder).await?);
            ours.push(page(&in_large, &large.folder).await?);
        }
        Ok(Figures::against(milliseconds(median(ours)?), milliseconds(median(reference)?)))
    })
}

/// `session.warm`: in a folder of 1,000 messages, against SQLite opening the same file and reading the same rows.
pub(crate) fn warm(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::folder_of(stage, 1_000)?;
    let ours = stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let mut samples = Vec::new();
        for _ in 0..RUNS {
            samples.push(page(&subsystem, &fixture.folder).await?);
        }
        drop(subsystem);
        median(samples)
    })?;
    let runs = RUNS.to_string();
    let reference = stage.reference(&[OsStr::new("first-rows"), fixture.file.as_os_str(), OsStr::new(&runs)])?;
    Ok(Figures::against(milliseconds(ours), milliseconds(reference)))
}

/// A logon, the page, and (not counted) the logoff, which closes the store.
async fn page(subsystem: &Subsystem, folder: &[u8]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let session = client::first_page(subsystem, folder).await?;
    let time = start.elapsed();
    session.logoff(LogoffFlags::empty()).await?;
    Ok(time)
}
