//! What every command starts from: the data folder, a subsystem in it, a session on a profile.

use crate::args::Arguments;
use crate::output::Output;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mapi_session::backend::Verdict;
use mapi_session::error::Code;
use mapi_session::flags::{GetMsgStoresTableFlags, InitializeFlags, OpenMsgStoreFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Backends, Engine, EngineOptions, Limits, LogonOptions, MessageStore, Session, SharedPresenter, Subsystem};
use std::path::PathBuf;
use std::sync::Arc;

/// The settings of this invocation.
pub(crate) struct Context {
    pub(crate) data: PathBuf,
    pub(crate) profile: Option<String>,
    pub(crate) output: Output,
    /// How far long work of the engine has come; drawn on a terminal only.
    progress: ProgressBar,
}

impl Context {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        Self::of(arguments.data.clone(), arguments.profile.clone(), Output { json: arguments.json })
    }

    pub(crate) fn of(data: PathBuf, profile: Option<String>, output: Output) -> Self {
        Self { data, profile, output, progress: ProgressBar::hidden() }
    }

    /// Draws the progress of the work that begins now, if people see it.
    pub(crate) fn show_progress(&self, what: &str) -> anyhow::Result<()> {
        if !self.output.json {
            self.progress.reset();
            self.progress.set_draw_target(ProgressDrawTarget::stderr());
            self.progress.set_style(ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")?);
            self.progress.set_message(what.to_owned());
        }
        Ok(())
    }

    /// The work is done.
    pub(crate) fn hide_progress(&self) {
        self.progress.finish_and_clear();
        self.progress.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// A subsystem on the data folder, initialised, that asks nobody anything.
    pub(crate) async fn subsystem(&self) -> anyhow::Result<Subsystem> {
        self.subsystem_with(None).await
    }

    /// A subsystem that asks whoever is given.
    pub(crate) async fn subsystem_with(&self, presenter: Option<Arc<SharedPresenter>>) -> anyhow::Result<Subsystem> {
        let backends = Backends::embedded(&self.data)
            .with_context(|| format!("the data folder {} cannot be used; name another with --data", self.data.display()))?;
        let progress = self.progress.clone();
        let backends = backends.with_progress(move |done, total| {
            progress.set_length(total);
            progress.set_position(done);
            Verdict::Continue
        });
        let mut how = InitializeFlags::MAPI_MULTITHREAD_NOTIFICATIONS;
        let backends = match presenter {
            Some(presenter) => backends.with_presenter(presenter),
            None => {
                how |= InitializeFlags::MAPI_NT_SERVICE;
                backends
            }
        };
        let engine = Engine::new(&EngineOptions::default().with_subsystems(0).with_cache(self.data.join("cache")))?;
        let subsystem = engine.instantiate(&backends, Limits::default()).await?;
        subsystem.initialize(Some(how)).await?;
        Ok(subsystem)
    }

    /// A session on the profile asked for, or on the default one.
    pub(crate) async fn session(&self, subsystem: &Subsystem) -> anyhow::Result<Session> {
        let options = match &self.profile {
            Some(name) => LogonOptions::profile(name),
            None => LogonOptions::default_profile(),
        };
        subsystem.logon(options).await.map_err(|failure| {
            // Only a profile that is not there is a reason to make or name another one.
            let absent = failure.failure.code() == Code::LogonFailed;
            let said = match &self.profile {
                Some(name) if absent => format!("cannot log on to the profile {name:?}; `mapi profile list` shows what there is"),
                Some(name) => format!("cannot log on to the profile {name:?}"),
                None if absent => {
                    "cannot log on to the default profile; `mapi profile create NAME --default` makes one".to_owned()
                }
                None => "cannot log on to the default profile".to_owned(),
            };
            anyhow::Error::new(failure).context(said)
        })
    }

    /// The default store of the session, opened for writing if it allows that.
    pub(crate) async fn default_store(&self, session: &Session) -> anyhow::Result<MessageStore> {
        const COLUMNS: [PropTag; 2] = [tags::ENTRYID, tags::DEFAULT_STORE];
        let table = session.get_msg_stores_table(GetMsgStoresTableFlags::empty()).await?;
        table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
        let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
        let is_default = |row: &&Vec<Property>| matches!(row.get(1).map(|cell| &cell.value), Some(Value::Boolean(true)));
        let Some(row) = rows.iter().find(is_default).or_else(|| rows.first()) else {
            bail!("this profile has no message store; `mapi profile create` makes one with the default services");
        };
        match row.first().map(|cell| &cell.value) {
            Some(Value::Binary(entry_id)) => {
                Ok(session.open_msg_store(entry_id, OpenMsgStoreFlags::MAPI_BEST_ACCESS, None).await?.value.object)
            }
            _ => bail!("the store of this profile has no entry identifier"),
        }
    }

    /// Every store and address book file of the data folder.
    pub(crate) fn store_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for kind in ["stores", "address-books"] {
            let folder = self.data.join(kind);
            if !folder.exists() {
                continue;
            }
            for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "mapi") {
                    files.push(path);
                }
            }
        }
        files.sort();
        if files.is_empty() {
            bail!("there is no store in {}; name the data folder with --data", self.data.display());
        }
        Ok(files)
    }
}
