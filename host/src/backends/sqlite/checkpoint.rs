//! The way of the log into the file, beside the commits: a log that has grown is copied by a thread of its own, so
//! that no commit waits for it, and is written from its start again then. A log that grows faster than that is copied
//! by the commit that makes it too long.

use crate::backends::sqlite::database::lock;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Pages of the log from which on it is copied. Pages written again and again are copied once in that many.
const LONG: c_int = 8_000;

/// The same for a log of small commits. What they wait for is the disk, which is much faster where a file is written
/// again than where it grows: they are served best by a log that soon begins again.
const LONG_FOR_SMALL: c_int = 1_000;

/// Pages of a commit that is small.
const SMALL: c_int = 32;

/// Pages of the log that a commit does not let pass.
const TOO_LONG: c_int = 24_000;

/// Rounds in which the thread tries to catch up with the commits made meanwhile.
const ROUNDS: u32 = 4;

/// Pages few enough for commits to wait until they are copied.
const FEW: c_int = 500;

/// How often the thread tries to keep commits from being made.
const TRIES: u32 = 20;

/// How long it tries each time, and keeps commits waiting at most where a reader is in the way.
const PATIENCE: Duration = Duration::from_millis(20);

/// The log of one file. Dropping it waits for the thread.
#[derive(Debug)]
pub(super) struct Checkpoints(Arc<Copier>);

#[derive(Debug)]
struct Copier {
    path: PathBuf,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Checkpoints {
    pub(super) fn of(path: &Path) -> Self {
        Self(Arc::new(Copier { path: path.to_owned(), running: Mutex::new(None) }))
    }

    /// Looks after the log from that connection's commits on.
    pub(super) fn follow(&self, writer: &mut Connection) -> rusqlite::Result<()> {
        let copier = self.0.clone();
        let mut growth = Growth::default();
        writer.wal_hook(Some(move |log: &mut Wal, pages| {
            match growth.committed(pages) {
                Need::Nothing => {}
                Need::Copy => copier.begin(),
                Need::CopyNow => {
                    // The transaction is durable whether or not the log can be copied.
                    if let Err(error) = log.checkpoint() {
                        tracing::warn!(file = %copier.path.display(), %error, "the log could not be copied");
                    }
                }
            }
            Ok(())
        }))
    }
}

/// What a log needs after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Copy,
    CopyNow,
}

/// How a log grows by the commits of one connection.
#[derive(Debug, Default)]
struct Growth {
    pages: c_int,
    small: c_int,
    /// Where copying was asked for last.
    asked: c_int,
}

impl Growth {
    /// After a commit that made the log that long.
    fn committed(&mut self, pages: c_int) -> Need {
        if pages < self.pages {
            *self = Self::default();
        }
        let written = pages - self.pages;
        if written <= SMALL {
            self.small += written;
        }
        self.pages = pages;
        let long = if self.small > pages / 2 { LONG_FOR_SMALL } else { LONG };
        if pages >= TOO_LONG {
            Need::CopyNow
        } else if pages - self.asked >= long {
            self.asked = pages;
            Need::Copy
        } else {
            Need::Nothing
        }
    }
}

impl Copier {
    /// Has the log copied, unless that is being done.
    fn begin(&self) {
        let mut running = lock(&self.running);
        if running.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let path = self.path.clone();
        let thread = std::thread::Builder::new().name("mapi-session-log".to_owned()).spawn(move || {
            if let Err(error) = copy(&path) {
                tracing::warn!(file = %path.display(), %error, "the log could not be copied");
            }
        });
        // Without a thread the log grows until a commit copies it.
        *running = thread.ok();
    }
}

/// Copies the log. It begins again only when nothing of it is left to be copied, which commits that follow each other
/// closely never allow; so the last few wait until the end of it is copied.
fn copy(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let mut copied = 0;
    for round in 1.. {
        let (_, now) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        let arrived = now - copied;
        copied = now;
        if arrived <= FEW {
            break;
        }
        if round == ROUNDS {
            return Ok(());
        }
    }
    connection.busy_timeout(PATIENCE)?;
    for _ in 0..TRIES {
        match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::FULL) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            outcome => return outcome.map(drop),
        }
    }
    // What is left is copied when the log has grown again.
    Ok(())
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        if let Some(thread) = lock(&self.0.running).take() {
            // A panic of it is reported where it happens, and leaves nothing behind.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths at which copying is asked for, of a log that commits of so many pages make.
    fn asked(commit: c_int, until: c_int) -> Vec<c_int> {
        let mut growth = Growth::default();
        let lengths = (1..).map(|number| number * commit).take_while(|pages| *pages <= until);
        lengths.filter(|pages| growth.committed(*pages) == Need::Copy).collect()
    }

    #[test]
    fn a_log_of_small_commits_is_copied_early_and_not_asked_for_at_every_commit() {
        assert_eq!(asked(10, 3_500), [1_000, 2_000, 3_000]);
        assert_eq!(asked(100, 17_000), [8_000, 16_000]);
    }

    #[test]
    fn a_log_that_begins_again_is_counted_anew() {
        let mut growth = Growth::default();
        assert_eq!(growth.committed(7_900), Need::Nothing);
        assert_eq!(growth.committed(8_100), Need::Copy);
        assert_eq!(growth.committed(100), Need::Nothing);
        assert_eq!(growth.committed(8_100), Need::Copy);
        assert_eq!(growth.committed(24_000), Need::CopyNow);
    }
}
