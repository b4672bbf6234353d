//! Whether the instance behind a lease still lives (`profiles` 7).
//!
//! Each opening of a storage holds the lock of a file of its own. The system takes the lock away when the
//! process ends, however it ends: whoever gets the lock of another instance knows that it is dead. No
//! heartbeat, no process number that could be used again.
//!
//! Where no file can be made, on a full disk or in a folder that can only be read, an opening goes unseen: it can
//! read, and whoever changes the folder does not know that it does.

use super::key::random;
use crate::backends::sqlite::trouble::code_of;
use mapi_engine::error::{Code, Failure, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// This opening.
#[derive(Debug)]
pub(super) struct Instance {
    folder: PathBuf,
    name: String,
    /// Locked as long as it is open; `None`: nobody sees this instance.
    file: Option<File>,
    /// Likewise, shared with every other instance.
    _folder: Option<File>,
}

/// The lock file of the whole folder among those of the instances, which have longer names.
const FOLDER: &str = "folder";

fn folder_lock(leases: &Path) -> Result<(File, PathBuf)> {
    let path = leases.join(FOLDER);
    std::fs::create_dir_all(leases).map_err(|error| trouble(leases, &error))?;
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|error| trouble(&path, &error))?;
    Ok((file, path))
}

/// The lock of the folder for one who may not be able to write. `None`: there is none, and none can be made.
fn shared_folder_lock(leases: &Path) -> Result<Option<(File, PathBuf)>> {
    match folder_lock(leases) {
        Err(failure) if matches!(failure.code(), Code::NotEnoughDisk | Code::NoAccess) => {}
        locked => return locked.map(Some),
    }
    let path = leases.join(FOLDER);
    match File::open(&path) {
        Ok(file) => Ok(Some((file, path))),
        Err(error) if error.kind() == ErrorKind::NotFound || code_of(error.kind()).is_some() => Ok(None),
        Err(error) => Err(trouble(&path, &error)),
    }
}

/// Joins those who use the folder.
fn join_folder(leases: &Path) -> Result<Option<File>> {
    loop {
        let Some((file, path)) = shared_folder_lock(leases)? else { return Ok(None) };
        match file.try_lock_shared() {
            // A restore may have exchanged the folder between the opening and the lock.
            Ok(()) if is_still(&file, &path) => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("The data folder of {} is being restored. Try again when that is done.", leases.display());
                return Err(Failure::new(Code::Busy, message).with_retry(true));
            }
            Err(TryLockError::Error(error)) => return Err(trouble(&path, &error)),
        }
    }
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::io::Result<std::fs::Metadata>| metadata.ok().map(|found| (found.dev(), found.ino()));
    place(file.metadata()).is_some_and(|ours| place(std::fs::metadata(path)) == Some(ours))
}

#[cfg(not(unix))]
fn is_still(_file: &File, _path: &Path) -> bool {
    // Elsewhere a folder with an open file in it cannot be exchanged.
    true
}

/// Nobody else has the data folder open, as long as this lives.
#[derive(Debug)]
pub(in crate::backends) struct Exclusive {
    _folder: File,
}

impl Exclusive {
    /// Takes the data folder for oneself.
    ///
    /// # Errors
    /// `MAPI_E_BUSY` when somebody uses it.
    pub(in crate::backends) fn take(data: &Path) -> Result<Self> {
        let (file, path) = folder_lock(&data.join("leases"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _folder: file }),
            Err(TryLockError::WouldBlock) => {
                let message =
                    format!("The data folder {} is in use. End the programs that use it and try again.", data.display());
                Err(Failure::new(Code::Busy, message).with_retry(true))
            }
            Err(TryLockError::Error(error)) => Err(trouble(&path, &error)),
        }
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Failure {
    let code = code_of(error.kind()).unwrap_or(Code::DiskError);
    Failure::new(code, format!("The lock file {} cannot be used: {error}.", path.display()))
}

impl Instance {
    /// A new instance, alive until it is dropped or the process ends.
    pub(super) fn begin(folder: PathBuf) -> Result<Self> {
        let mut bytes = [0; 16];
        random(&mut bytes)?;
        let name = format!("{:032x}", u128::from_be_bytes(bytes));
        let shared = join_folder(&folder)?;
        let path = folder.join(&name);
        let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                file.lock().map_err(|error| trouble(&path, &error))?;
                Some(file)
            }
            // Without a folder to begin with there is nobody who could see it either.
            Err(error) if shared.is_none() || code_of(error.kind()).is_some() => None,
            Err(error) => return Err(trouble(&path, &error)),
        };
        Ok(Self { folder, name, file, _folder: shared })
    }

    /// Whether others can know that this instance lives.
    pub(super) fn is_seen(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether that instance lives. What a dead one left behind is removed.
    pub(super) fn is_alive(&self, name: &str) -> Result<bool> {
        if name == self.name {
            return Ok(true);
        }
        // Names come from a file others can write: never a path.
        if name.len() != 32 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(false);
        }
        let path = self.folder.join(name);
        // Written is nothing, but elsewhere a lock of one's own takes the right to.
        let writable = OpenOptions::new().write(true).open(&path);
        let file = match writable.or_else(|error| if code_of(error.kind()).is_some() { File::open(&path) } else { Err(error) }) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(trouble(&path, &error)),
        };
        match file.try_lock() {
            Ok(()) => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound && code_of(error.kind()).is_none() => {
                    Err(trouble(&path, &error))
                }
                _ => Ok(false),
            },
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(trouble(&path, &error)),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A file that stays behind is recognised as dead by its free lock.
        let _stays = std::fs::remove_file(self.folder.join(&self.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let ours = Instance::begin(folder.path().join("leases")).unwrap();
        let other = Instance::begin(folder.path().join("leases")).unwrap();
        let name = other.name().to_owned();
        assert!(ours.is_alive(ours.name()).unwrap());
        assert!(ours.is_alive(&name).unwrap());
        drop(other);
        assert!(!ours.is_alive(&name).unwrap());
    }

    #[test]
    fn a_lock_file_left_by_a_dead_process_counts_as_dead_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let ours = Instance::begin(folder.path().to_owned()).unwrap();
        let left = folder.path().join("0123456789abcdef0123456789abcdef");
        std::fs::write(&left, "").unwrap();
        assert!(!ours.is_alive("0123456789abcdef0123456789abcdef").unwrap());
        assert!(!left.exists());
        assert!(!ours.is_alive("../x").unwrap());
    }
}
