//! What sessions cost: the first of a process, many at once, and many that wait.

use crate::client::{self, PROFILE};
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::{Context as _, ensure};
use mapi_session::flags::{CreateProfileFlags, LogoffFlags};
use mapi_session::{Backends, Engine, EngineOptions, Limits, LogonOptions, MessageStore, Session, Subsystem};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The word that makes this program the process [`cold`] starts: a cache and a data folder follow.
pub(crate) const FIRST_LOGON: &str = "first-logon";

const STARTS: usize = 21;
const WARM_RUNS: usize = 201;
const AT_ONCE: usize = 1_000;
const PROFILES: usize = 100;
const IDLE: usize = 1_000;
const MANY: usize = 10_000;

/// `session.cold`: from the start of a process to the logon and the default store, and to the logon alone.
pub(crate) fn cold(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::folder_of(stage, 1_000)?;
    let (mut opened, mut logged_on) = (Vec::new(), Vec::new());
    for _ in 0..=STARTS {
        let start = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args([FIRST_LOGON.as_ref(), stage.cache().as_os_str(), fixture.data.as_os_str()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut out = child.stdout.take().context("the process has no output")?;
        let mut byte = [0];
        out.read_exact(&mut byte).context("the process did not log on")?;
        logged_on.push(start.elapsed());
        out.read_exact(&mut byte).context("the process did not open the store")?;
        opened.push(start.elapsed());
        ensure!(child.wait()?.success(), "the process failed");
    }
    // The first start reads the files.
    Ok(Figures::with_part(milliseconds(median(opened.split_off(1))?), milliseconds(median(logged_on.split_off(1))?)))
}

/// The process: a byte when it has logged on, one when the store is open.
pub(crate) fn first_logon(cache: &Path, data: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // As the command does, which needs one subsystem.
    let engine = Engine::new(&EngineOptions::default().with_subsystems(0).with_cache(cache))?;
    let done = || -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(b".")?;
        Ok(out.flush()?)
    };
    runtime.block_on(async {
        let subsystem = engine.subsystem(&Backends::embedded(data)?, Limits::default()).await?;
        let session = client::logon(&subsystem).await?;
        done()?;
        let _store = client::default_store(&session).await?;
        done()
    })
}

/// `session.warm_full`: logon, table of stores, store, contents table and fifty rows, of 100,000 messages, while
/// another session has the store open.
pub(crate) fn warm_full(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::folder_of(stage, 100_000)?;
    stage.runtime.block_on(async {
        let backends = Backends::embedded(&fixture.data)?;
        let others = stage.engine.subsystem(&backends, Limits::default()).await?;
        let _other = client::first_page(&others, &fixture.folder).await?;
        let subsystem = stage.engine.subsystem(&backends, Limits::default()).await?;
        let mut samples = Vec::new();
        for _ in 0..WARM_RUNS {
            let start = Instant::now();
            let session = client::first_page(&subsystem, &fixture.folder).await?;
            samples.push(start.elapsed());
            session.logoff(LogoffFlags::empty()).await?;
        }
        Ok(Figures::alone(milliseconds(median(samples)?)))
    })
}

/// `session.logon_concurrent`: 1,000 logons at once over 100 profiles, ten in each of 100 subsystems that are
/// opened within the time; how many a second.
pub(crate) fn concurrent(stage: &Stage) -> anyhow::Result<Figures> {
    let data = profiles(stage, PROFILES)?;
    stage.runtime.block_on(async {
        let backends = Backends::embedded(&data)?;
        let mut samples = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let logons = (0..PROFILES).map(|profile| {
                let (engine, backends) = (stage.engine.clone(), backends.clone());
                tokio::spawn(async move {
                    let subsystem = engine.subsystem(&backends, Limits::default()).await?;
                    let logons = (0..AT_ONCE / PROFILES).map(|_| {
                        let subsystem = subsystem.clone();
                        tokio::spawn(async move { subsystem.logon(LogonOptions::profile(name(profile))).await })
                    });
                    let mut sessions = Vec::new();
                    for logon in logons.collect::<Vec<_>>() {
                        sessions.push(logon.await??);
                    }
                    anyhow::Ok(sessions)
                })
            });
            let mut sessions = Vec::new();
            for logons in logons.collect::<Vec<_>>() {
                sessions.extend(logons.await??);
            }
            samples.push(start.elapsed());
            ensure!(sessions.len() == AT_ONCE, "{} of {AT_ONCE} logged on", sessions.len());
        }
        Ok(Figures::alone(f64::from(u32::try_from(AT_ONCE)?) / median(samples)?.as_secs_f64()))
    })
}

/// `session.idle`: what 1,000 sessions, each in a subsystem of its own with a store of its own open, add to the
/// memory of this process; KiB a session.
pub(crate) fn idle(stage: &Stage) -> anyhow::Result<Figures> {
    let data = profiles(stage, IDLE)?;
    stage.runtime.block_on(async {
        let backends = Backends::embedded(&data)?;
        // The first brings what all share.
        let _first = idler(&stage.engine, &backends, 0).await?;
        let before = resident()?;
        let mut idlers = Vec::new();
        for profile in 1..IDLE {
            idlers.push(idler(&stage.engine, &backends, profile).await?);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let more = resident()?.saturating_sub(before);
        for (_, session, _) in &idlers {
            // Each still answers.
            client::store_id(session).await?;
        }
        Ok(Figures::alone(f64::from(u32::try_from(more / 1024)?) / f64::from(u32::try_from(idlers.len())?)))
    })
}

/// `host.sessions_10k`: what 10,000 sessions, each in a subsystem of its own, on 100 stores that all are open add to
/// the memory of this process; KiB a session. Each answers a call afterwards.
pub(crate) fn sessions_10k(stage: &Stage) -> anyhow::Result<Figures> {
    let data = profiles(stage, PROFILES)?;
    let options = EngineOptions::default().with_subsystems(u32::try_from(MANY)? + 1).with_cache(stage.cache());
    let engine = Engine::new(&options)?;
    stage.runtime.block_on(async {
        let backends = Backends::embedded(&data)?;
        let before = resident()?;
        let mut idlers = Vec::new();
        for number in 0..MANY {
            idlers.push(idler(&engine, &backends, number % PROFILES).await?);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let more = resident()?.saturating_sub(before);
        let start = Instant::now();
        for (_, session, _) in &idlers {
            client::store_id(session).await?;
        }
        eprintln!("  one call to each: {:.0} ms", milliseconds(start.elapsed()));
        Ok(Figures::alone(f64::from(u32::try_from(more / 1024)?) / f64::from(u32::try_from(MANY)?)))
    })
}

async fn idler(engine: &Engine, backends: &Backends, profile: usize) -> anyhow::Result<(Subsystem, Session, MessageStore)> {
    let subsystem = engine.subsystem(backends, Limits::default()).await?;
    let session = subsystem.logon(LogonOptions::profile(name(profile))).await?;
    let store = client::default_store(&session).await?;
    Ok((subsystem, session, store))
}

/// A data folder with that many profiles, each with a store of its own; made once.
fn profiles(stage: &Stage, count: usize) -> anyhow::Result<PathBuf> {
    let data = stage.path(&format!("profiles-{count}"));
    let finished = data.join("finished");
    if finished.exists() {
        return Ok(data);
    }
    eprintln!("making {}, once", data.display());
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&data).await?;
        let admin = subsystem.admin_profiles().await?;
        for profile in 0..count {
            admin.create_profile(&name(profile), CreateProfileFlags::MAPI_DEFAULT_SERVICES).await?;
            let session = subsystem.logon(LogonOptions::profile(name(profile))).await?;
            client::default_store(&session).await?;
            session.logoff(LogoffFlags::empty()).await?;
        }
        anyhow::Ok(())
    })?;
    std::fs::write(finished, "")?;
    Ok(data)
}

fn name(profile: usize) -> String {
    format!("{PROFILE} {profile}")
}

/// Bytes of memory this process occupies, shared pages counted by share.
fn resident() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").context("this system does not tell the memory of a process")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("the memory of this process is not told")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
