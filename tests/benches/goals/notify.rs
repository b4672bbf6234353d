//! From a commit in one process to the row event in another.

use crate::client;
use crate::fixture::Fixture;
use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::{Context as _, bail, ensure};
use mapi_session::backend::{Change, Commit, ObjectId, ObjectKind, Objects};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::flags::{EventMask, LogoffFlags};
use mapi_session::notifications::{Notification, TableEvent};
use mapi_session::properties::{FileTime, Property, Value, tags};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

/// The argument that makes this program the second process.
pub(crate) const COMMITTER: &str = "--committer";

const RUNS: u32 = 101;

/// `session.notify`: a message is committed by another process, and its row comes as a notification. The
/// subscriber does nothing in between.
pub(crate) fn notify(stage: &Stage) -> anyhow::Result<Figures> {
    let fixture = Fixture::empty(stage, stage.path("notify"))?;
    stage.runtime.block_on(async {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let table = client::newest_first(&client::folder(&store, Some(&fixture.folder)).await?).await?;
        let mut subscription = table.advise(EventMask::FNEV_TABLE_MODIFIED).await?;
        let mut other = Other::start(&fixture)?;
        let mut samples = Vec::new();
        for _ in 0..RUNS {
            other.commit()?;
            let event = tokio::time::timeout(Duration::from_secs(30), subscription.next()).await;
            let received = SystemTime::now();
            match event.context("no notification came")? {
                Some(Notification::TableModified(row)) if row.event == TableEvent::RowAdded => {}
                other => bail!("a new row was expected, not {other:?}"),
            }
            let committed = other.committed_at()?;
            samples.push(received.duration_since(committed).unwrap_or_default());
        }
        other.end()?;
        drop(subscription);
        session.logoff(LogoffFlags::empty()).await?;
        Ok(Figures::alone(milliseconds(median(samples)?)))
    })
}

/// The second process.
struct Other {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(fixture: &Fixture) -> anyhow::Result<Self> {
        let own: String = fixture.folder.get(20..).unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
        let arguments = [OsStr::new(COMMITTER), fixture.file.as_os_str(), OsStr::new(&own)];
        let mut child =
            Command::new(std::env::current_exe()?).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().context("the second process says nothing")?);
        Ok(Self { child, answers })
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("the second process hears nothing")?;
        Ok(writeln!(input)?)
    }

    /// When the commit asked for returned there.
    fn committed_at(&mut self) -> anyhow::Result<SystemTime> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let nanoseconds = line.trim().parse().context("the second process printed no time")?;
        Ok(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds))
    }

    fn end(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "the second process failed: {status}");
        Ok(())
    }
}

/// The second process: commits a message for each line it reads, and prints when the commit had returned.
pub(crate) fn committer(file: &Path, folder: &str) -> anyhow::Result<()> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair)?, 16).context("the folder is no hexadecimal number");
    let own = folder.as_bytes().chunks(2).map(digits).collect::<anyhow::Result<Vec<u8>>>()?;
    let parent = ObjectId::new(&own).context("the folder has no identifier")?;
    let store = SqliteStore::open(file, Access::Write)?;
    for (number, line) in (0_u64..).zip(std::io::stdin().lines()) {
        line?;
        let object = store.reserve(1)?.into_iter().next().context("no identifier was reserved")?;
        let properties = vec![
            Property::new(tags::SUBJECT, Value::Unicode(format!("Message {number}"))).into(),
            Property::new(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(FileTime(number))).into(),
        ];
        let change = Change::Create { object, parent: parent.clone(), kind: ObjectKind::Message, properties };
        store.commit(Commit { changes: vec![change], ..Commit::default() })?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        println!("{}", now.as_nanos());
    }
    Ok(())
}
