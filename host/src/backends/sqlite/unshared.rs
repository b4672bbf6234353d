//! Reading where nothing can be written: on a full disk, or in a folder that can only be read.
//!
//! Processes that use one file share an index of its write-ahead log in a file beside it, which must be made and
//! must grow also for those who only read. Where that is impossible the file is read without: SQLite is told to
//! keep the index to itself and to take no locks. That is sound as long as nobody changes the files, and whoever
//! does so leaves traces: the files are looked at before and after each use.

use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::error::{Code, Failure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// SQLite's access to files without locks.
const WITHOUT_LOCKS: &str = if cfg!(windows) { "win32-none" } else { "unix-none" };

/// A connection that writes nothing, and the files as they were when it was opened.
#[derive(Debug)]
pub(super) struct Unshared {
    connection: Connection,
    path: PathBuf,
    files: Files,
}

impl Unshared {
    /// Opens a file that exists.
    pub(super) fn open(path: &Path) -> Outcome<Self> {
        // The log lies beside the file itself, not beside a link to it.
        let path = path.canonicalize()?;
        let files = Files::of(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if files.log.is_none() {
            // SQLite would make a log, and this says that it needs none.
            Connection::open_with_flags(immutable(&path), flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            let connection = Connection::open_with_flags_and_vfs(&path, flags, WITHOUT_LOCKS)?;
            connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection
        };
        Ok(Self { connection, path, files })
    }

    /// Whether the files are as they were.
    pub(super) fn is_current(&self) -> bool {
        Files::of(&self.path).is_ok_and(|files| files == self.files)
    }

    /// Runs `work` on the state of the file.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        let outcome = work(&self.connection);
        if self.is_current() {
            return outcome;
        }
        // Whatever was read may be half old and half new.
        let changed = format!("{} was changed by another program while it was read. Try again.", self.path.display());
        Err(Failure::new(Code::Busy, changed).with_retry(true).into())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Length and time of a file with something in it.
type State = Option<(u64, SystemTime)>;

/// The database and its write-ahead log.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    database: State,
    log: State,
}

impl Files {
    fn of(path: &Path) -> std::io::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { database: state(path)?, log: state(Path::new(&log))? })
    }
}

fn state(path: &Path) -> std::io::Result<State> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() == 0 => Ok(None),
        Ok(file) => Ok(Some((file.len(), file.modified()?))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name by which SQLite takes a file for one that nobody changes.
fn immutable(path: &Path) -> String {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => name.push('/'),
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => name.push(char::from(*byte)),
            // Writing to a string cannot fail.
            other => drop(write!(name, "%{other:02X}")),
        }
    }
    name.push_str("?immutable=1");
    name
}

/// Whether there was no room for what SQLite wanted to write.
pub(super) fn lacks_room(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(native, _) = error else { return false };
    let rooms = [ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_IOERR_SHMMAP];
    native.code == ErrorCode::DiskFull || rooms.contains(&native.extended_code)
}

/// Whether a file cannot be read only because something beside it can neither be written nor made.
pub(super) fn lacks_company(trouble: &Trouble, writes: bool) -> bool {
    let Trouble::Sql(error) = trouble else { return false };
    let cannot_write = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    let cannot_share =
        matches!(error, rusqlite::Error::SqliteFailure(native, _) if native.extended_code == ffi::SQLITE_IOERR_SHMOPEN);
    lacks_room(error) || !writes && (cannot_write || cannot_share)
}
