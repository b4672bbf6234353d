//! The way of the log into the file, beside the commits: a log that has grown is copied by a thread of its own, so
//! that no commit waits for it. A log that grows faster than that is copied by the commit that makes it too long.

use crate::backends::sqlite::database::lock;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};
use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Pages of the log from which on it is copied. Pages written again and again are copied once in that many.
const LONG: c_int = 8_000;

/// Pages of the log that a commit does not let pass.
const TOO_LONG: c_int = 24_000;

/// Rounds in which the thread tries to catch up with the commits made meanwhile.
const ROUNDS: u32 = 4;

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
        writer.wal_hook(Some(move |log: &mut Wal, pages| {
            if pages >= TOO_LONG {
                // The transaction is durable whether or not the log can be copied.
                if let Err(error) = log.checkpoint() {
                    tracing::warn!(file = %copier.path.display(), %error, "the log could not be copied");
                }
            } else if pages >= LONG {
                copier.begin();
            }
            Ok(())
        }))
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

/// Copies the log until nothing is left of it, or commits come too fast.
fn copy(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    for _ in 0..ROUNDS {
        let (pages, copied) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        if pages == copied {
            break;
        }
    }
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
