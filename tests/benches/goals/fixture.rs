//! Data folders with a folder of so many messages, made once and kept.
//!
//! Profile, store and folder are made through the host library, as a user would; the made-up messages are
//! then committed to the store's file directly, since only reading them is measured.

use crate::client;
use crate::import;
use crate::messages;
use crate::stage::Stage;
use anyhow::{Context as _, bail};
use mapi_session::backend::{ObjectId, Store};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::flags::LogoffFlags;
use std::path::{Path, PathBuf};

/// Raised when what the fixtures hold changes.
const VERSION: u32 = 2;

/// A data folder, the store's file in it, and the folder with the messages.
pub(crate) struct Fixture {
    pub(crate) data: PathBuf,
    pub(crate) file: PathBuf,
    pub(crate) folder: Vec<u8>,
}

impl Fixture {
    /// A folder of that many made-up messages.
    pub(crate) fn folder_of(stage: &Stage, count: u32) -> anyhow::Result<Self> {
        Self::made(stage, &format!("folder-{count}-v{VERSION}"), |fixture| {
            let store = SqliteStore::open(&fixture.file, Access::Write)?;
            messages::fill(&store, &fixture.own_folder()?, count)
        })
    }

    /// A folder of that many short messages.
    pub(crate) fn folder_of_short(stage: &Stage, count: u32) -> anyhow::Result<Self> {
        Self::made(stage, &format!("short-{count}-v{VERSION}"), |fixture| {
            let store = SqliteStore::open(&fixture.file, Access::Write)?;
            messages::fill_short(&store, &fixture.own_folder()?, count)
        })
    }

    /// The folder as its store names it. A provider's identifier: four flag bytes, the store's MAPIUID, the
    /// backend's own bytes.
    fn own_folder(&self) -> anyhow::Result<ObjectId> {
        self.folder.get(20..).and_then(ObjectId::new).context("the folder's identifier is too short")
    }

    /// A folder with the messages of the archive.
    pub(crate) fn archive(stage: &Stage) -> anyhow::Result<Self> {
        let archive = stage.archive()?;
        let name = archive.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::made(stage, &format!("{name}-v{VERSION}"), |fixture| {
            stage.runtime.block_on(import::import(stage, &fixture.data, &fixture.folder, &archive, false)).map(drop)
        })
    }

    fn made(stage: &Stage, name: &str, fill: impl FnOnce(&Self) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let data = stage.path(name);
        let known = data.join("folder");
        if !known.exists() {
            eprintln!("making {}, once", data.display());
            let fixture = Self::empty(stage, data)?;
            fill(&fixture)?;
            let hex: String = fixture.folder.iter().map(|byte| format!("{byte:02x}")).collect();
            std::fs::write(&known, hex)?;
            return Ok(fixture);
        }
        let hex = std::fs::read_to_string(&known)?;
        let digits =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair)?, 16).context("the identifier is no hexadecimal number");
        let folder = hex.trim().as_bytes().chunks(2).map(digits).collect::<anyhow::Result<Vec<u8>>>();
        let folder = folder.with_context(|| format!("{} is damaged; remove {}", known.display(), data.display()))?;
        Ok(Self { file: store_file(&data, &folder)?, data, folder })
    }

    /// A copy of it, to be changed.
    pub(crate) fn copied(&self, data: PathBuf) -> anyhow::Result<Self> {
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        copy(&self.data, &data)?;
        Ok(Self { file: store_file(&data, &self.folder)?, data, folder: self.folder.clone() })
    }

    /// A data folder with a profile, and a folder without messages.
    pub(crate) fn empty(stage: &Stage, data: PathBuf) -> anyhow::Result<Self> {
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let folder = stage.runtime.block_on(async {
            let subsystem = stage.subsystem(&data).await?;
            client::create_profile(&subsystem).await?;
            let session = client::logon(&subsystem).await?;
            let store = client::default_store(&session).await?;
            let folder = client::create_folder(&store, "Archive").await?;
            session.logoff(LogoffFlags::empty()).await?;
            anyhow::Ok(folder)
        })?;
        Ok(Self { file: store_file(&data, &folder)?, data, folder })
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The file of the store an entry identifier is of.
fn store_file(data: &Path, entry_id: &[u8]) -> anyhow::Result<PathBuf> {
    let uid = entry_id.get(4..20).context("the folder's identifier is too short")?;
    for entry in std::fs::read_dir(data.join("stores"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mapi") {
            let identity = SqliteStore::open(&path, Access::Write)?.identity();
            if identity.uid.as_bytes() == uid {
                return Ok(path);
            }
        }
    }
    bail!("there is no file of that store in {}", data.display())
}
