//! Where the benchmarks work: the runtime, the compiled component, the folder of fixtures, the corpus and
//! the reference program.

use anyhow::{Context as _, ensure};
use mapi_session::{Backends, Engine, EngineOptions, Limits, Subsystem};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What every row is measured on.
pub(crate) struct Stage {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) engine: Engine,
    /// The interpreter that has the Python package.
    pub(crate) python: Option<PathBuf>,
    folder: PathBuf,
    reference: Option<PathBuf>,
}

impl Stage {
    /// `reference`: where `mapi-reference` is; `python`: the interpreter that has the Python package.
    pub(crate) fn new(reference: Option<PathBuf>, python: Option<PathBuf>) -> anyhow::Result<Self> {
        let folder = root().join("target/bench");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let engine = Engine::new(&EngineOptions::default().with_cache(folder.join("cache")))?;
        Ok(Self { runtime, engine, python, folder, reference })
    }

    /// A folder or file for fixtures, kept from run to run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the compiled component is kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// A subsystem on a data folder.
    pub(crate) async fn subsystem(&self, data: &Path) -> anyhow::Result<Subsystem> {
        Ok(self.engine.subsystem(&Backends::embedded(data)?, Limits::default()).await?)
    }

    /// The archive rows are measured on: the corpus, or where it is not at hand the generated sample,
    /// repeated until it has about as many messages.
    pub(crate) fn archive(&self) -> anyhow::Result<PathBuf> {
        const CORPUS_MESSAGES: u32 = 8_536;
        let corpus = root().join("../shared/corpus/uboot-stm32.mbox.xz");
        if corpus.exists() {
            return Ok(corpus);
        }
        let sample = self.path("sample.mbox");
        if !sample.exists() {
            let mut mailbox = Vec::new();
            let mut messages = 0;
            while messages < CORPUS_MESSAGES {
                messages += mapi_session::sample::write_mailbox(&mut mailbox)?.messages;
            }
            let unfinished = self.path("sample.unfinished");
            std::fs::write(&unfinished, mailbox)?;
            std::fs::rename(&unfinished, &sample)?;
        }
        Ok(sample)
    }

    /// The median a reference program measures.
    pub(crate) fn reference(&self, arguments: &[&OsStr]) -> anyhow::Result<Duration> {
        let program = self.reference.as_ref().context("the reference program is not at hand; run `cargo xtask bench`")?;
        let output = Command::new(program).args(arguments).output();
        let output = output.with_context(|| format!("{} cannot be run", program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed: {}", program.display(), said.trim());
        let nanoseconds = String::from_utf8_lossy(&output.stdout);
        Ok(Duration::from_nanos(nanoseconds.trim().parse().context("the reference program printed no number")?))
    }
}

/// The directory of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}
