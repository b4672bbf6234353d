//! A data folder as a whole: copied while it is in use, and put in place of another one.
//!
//! Backed up are the profile storage with its key, the catalogue, and every store and address book file
//! wherever in the folder it lies (`PR_RESOURCE_PATH` may name any place in it); not the compiled component,
//! leases and locks. The files are copied one after the other, profiles first, each at one moment of its own:
//! what a profile in the copy names is in the copy too. Identifiers are kept in the files, so that entry
//! identifiers stay valid.
//!
//! A backup appears when it is whole and on disk. A restore exchanges two folders in one step of the file
//! system. Killed at any moment, either leaves what was there or what is to be there, and at most a folder
//! beside it whose name begins with a dot.

use crate::backends::profiles::{Exclusive, write_private};
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use mapi_engine::error::{Code, Failure, Result};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The file every data folder has.
const PROFILES: &str = "profiles.sqlite";
/// The key of its secrets, unless the host keeps it elsewhere.
const KEY: &str = "profiles.key";
const CATALOGUE: &str = "services.toml";
/// Folders in it that hold nothing to keep.
const PASSING: [&str; 3] = ["cache", "imports", "leases"];
/// `MAPP` and `MAPI`: profile storage, and stores and address books.
const APPLICATIONS: [i64; 2] = [0x4D41_5050, 0x4D41_5049];
/// How long a copy waits for a process that changes a file's mode.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Copies a data folder, in use or not, to a folder that does not exist yet. How many files there are in it.
///
/// # Errors
/// `MAPI_E_COLLISION` when there is something at the target, `MAPI_E_NOT_FOUND` when the folder is no data
/// folder, `MAPI_E_NOT_ENOUGH_DISK`, `MAPI_E_CORRUPT_STORE` for a file that is damaged.
pub fn backup(folder: &Path, target: &Path) -> Result<usize> {
    if target.exists() {
        let message = format!("{} exists already. Name a new folder for the backup.", target.display());
        return Err(Failure::new(Code::Collision, message));
    }
    let staged = stage(target, "backup")?;
    let count = copy_all(folder, staged.path())?;
    std::fs::rename(staged.path(), target).map_err(|error| trouble(target, "made", &error))?;
    // It has another name now.
    drop(staged.keep());
    sync(parent(target))?;
    Ok(count)
}

/// Puts a copy of a backup in place of a data folder that nobody uses. Where the former folder is kept, if
/// there was one: it may hold what is nowhere else.
///
/// # Errors
/// `MAPI_E_NOT_FOUND` when the source is no backup, `MAPI_E_BUSY` when somebody uses the folder,
/// `MAPI_E_CORRUPT_STORE` when a file of the backup is damaged, `MAPI_E_NO_SUPPORT` when the file system cannot
/// exchange folders.
pub fn restore(folder: &Path, source: &Path) -> Result<Option<PathBuf>> {
    let staged = stage(folder, "restore")?;
    copy_all(source, staged.path())?;
    if !folder.exists() {
        std::fs::rename(staged.path(), folder).map_err(|error| trouble(folder, "made", &error))?;
        drop(staged.keep());
        sync(parent(folder))?;
        return Ok(None);
    }
    let alone = Exclusive::take(folder)?;
    exchange(staged.path(), folder)?;
    // From here on it holds the former folder, which must not vanish.
    let former = staged.keep();
    drop(alone);
    sync(parent(folder))?;
    let kept = free_name(folder);
    match std::fs::rename(&former, &kept) {
        Ok(()) => Ok(Some(kept)),
        Err(_) => Ok(Some(former)),
    }
}

/// A folder beside another one, of its owner only, gone with the value.
fn stage(beside: &Path, doing: &str) -> Result<TempDir> {
    let folder = parent(beside);
    std::fs::create_dir_all(folder).map_err(|error| trouble(folder, "made", &error))?;
    let name = beside.file_name().unwrap_or_default().to_string_lossy();
    let staged = tempfile::Builder::new().prefix(&format!(".{name}.{doing}-")).tempdir_in(folder);
    staged.map_err(|error| trouble(folder, "written to", &error))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `mail.replaced`, or with a number behind it.
fn free_name(folder: &Path) -> PathBuf {
    let name = |tail: String| {
        let mut name = folder.as_os_str().to_owned();
        name.push(tail);
        PathBuf::from(name)
    };
    let first = name(".replaced".to_owned());
    if !first.exists() {
        return first;
    }
    let mut number = 2_u32;
    while name(format!(".replaced-{number}")).exists() {
        number += 1;
    }
    name(format!(".replaced-{number}"))
}

fn copy_all(from: &Path, to: &Path) -> Result<usize> {
    if !from.join(PROFILES).is_file() {
        let message = format!("{} is no data folder: there is no {PROFILES} in it.", from.display());
        return Err(Failure::not_found(message));
    }
    let mut files = vec![PathBuf::from(PROFILES)];
    databases(from, Path::new(""), &mut files)?;
    let mut folders = vec![to.to_owned()];
    let mut count = 0;
    for file in &files {
        let (source, target) = (from.join(file), to.join(file));
        if let Some(folder) = target.parent().filter(|folder| !folders.iter().any(|made| made == folder)) {
            std::fs::create_dir_all(folder).map_err(|error| trouble(folder, "made", &error))?;
            folders.push(folder.to_owned());
        }
        if copy_database(&source, &target).map_err(|trouble| trouble.into_failure("file", &source))? {
            count += 1;
        }
    }
    for file in [KEY, CATALOGUE] {
        let (source, target) = (from.join(file), to.join(file));
        match std::fs::read(&source) {
            Ok(bytes) => write_private(&target, &bytes).map_err(|error| trouble(&target, "written", &error))?,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(trouble(&source, "read", &error)),
        }
        count += 1;
    }
    for folder in &folders {
        sync(folder)?;
    }
    Ok(count)
}

/// Every file of ours below a folder but the profile storage at its top. Links are not followed.
fn databases(top: &Path, below: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let folder = top.join(below);
    let fail = |error| trouble(&folder, "read", &error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        entries.push((entry.file_name(), entry.file_type().map_err(fail)?));
    }
    entries.sort_by(|(first, _), (second, _)| first.cmp(second));
    for (name, kind) in entries {
        let path = below.join(&name);
        let at_top = below.as_os_str().is_empty();
        if kind.is_dir() && !(at_top && PASSING.iter().any(|passing| name == *passing)) {
            databases(top, &path, found)?;
        } else if kind.is_file() && !(at_top && name == PROFILES) && begins_like_sqlite(&top.join(&path)) {
            found.push(path);
        }
    }
    Ok(())
}

fn begins_like_sqlite(path: &Path) -> bool {
    let mut head = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

/// Copies one file at one moment, and looks the copy through. False: it is not ours.
fn copy_database(source: &Path, target: &Path) -> Outcome<bool> {
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    from.busy_timeout(BUSY_TIMEOUT)?;
    let application: i64 = from.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if !APPLICATIONS.contains(&application) {
        return Ok(false);
    }
    from.execute_batch("BEGIN; SELECT count(*) FROM sqlite_master")?;
    let mut copy = Connection::open(target)?;
    // The folder they go into is not in use before they are whole.
    copy.pragma_update(None, "synchronous", "OFF")?;
    rusqlite::backup::Backup::new(&from, &mut copy)?.run_to_completion(1024, Duration::ZERO, None)?;
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        let message = format!("{} is damaged ({verdict}). Run `mapi check` on it, or use another backup.", source.display());
        return Err(Trouble::from(Failure::new(Code::CorruptStore, message)));
    }
    drop(copy);
    File::open(target)?.sync_all()?;
    Ok(true)
}

/// Makes what was done in a folder durable.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| trouble(folder, "written", &error))
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> Result<()> {
    // Elsewhere a folder cannot be synced by itself.
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(new: &Path, old: &Path) -> Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).map_err(|error| no_exchange(old, &error.to_string()))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_new: &Path, old: &Path) -> Result<()> {
    Err(no_exchange(old, "this system has no such step"))
}

fn no_exchange(old: &Path, why: &str) -> Failure {
    let old = old.display();
    Failure::new(Code::NoSupport, format!("{old} cannot be replaced in one step ({why}). Move {old} away and run this again."))
}

fn trouble(path: &Path, doing: &str, error: &std::io::Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::NotEnoughDisk,
        ErrorKind::NotFound => Code::NotFound,
        _ => Code::NoAccess,
    };
    Failure::new(code, format!("{} cannot be {doing}: {error}.", path.display()))
}
