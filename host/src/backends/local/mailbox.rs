//! Messages on their way from one profile to another, on disk.
//!
//! The hand-over folder holds a folder `writing` and one for each mailbox, named after the address. A
//! message is written and synced in `writing`, then linked into each mailbox, which is synced too: what
//! counts as delivered survives a loss of power, and a mailbox never shows half a message. A message is named
//! after its entry identifier and its bytes, so that one handed over again after a crash replaces itself as
//! long as it waits. Whoever receives holds the lock of the mailbox: two sessions of one profile never take
//! the same message.

use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::FileTime;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where messages are written.
const WRITING: &str = "writing";
/// The ending of a message.
const MESSAGE: &str = "eml";
/// The lock of a mailbox.
const LOCK: &str = "lock";

/// The mailbox of an address.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    hand_over: PathBuf,
    folder: PathBuf,
}

impl Mailbox {
    /// The mailbox of that address, made if there is none.
    pub(super) fn make(hand_over: &Path, address: &str) -> Result<Self> {
        let mailbox = Self { hand_over: hand_over.to_owned(), folder: hand_over.join(folder_name(address)) };
        let writing = hand_over.join(WRITING);
        for folder in [&writing, &mailbox.folder] {
            fs::create_dir_all(folder).map_err(|error| trouble(folder, "made", &error))?;
        }
        // Made here, so that locking does not look like a change of the mailbox.
        drop(mailbox.lock()?);
        sync(hand_over)?;
        Ok(mailbox)
    }

    /// The mailbox of another address, if there is one.
    pub(super) fn beside(&self, address: &str) -> Result<Option<Self>> {
        let folder = self.hand_over.join(folder_name(address));
        match fs::metadata(&folder) {
            Ok(found) => Ok(found.is_dir().then(|| Self { hand_over: self.hand_over.clone(), folder })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(trouble(&folder, "read", &error)),
        }
    }

    /// Whether any mailbox is in the domain of that address.
    pub(super) fn is_local(&self, address: &str) -> Result<bool> {
        let domain = |name: &str| name.rsplit_once('@').map(|(_, domain)| domain.to_owned());
        let wanted = domain(&folder_name(address));
        let entries = fs::read_dir(&self.hand_over).map_err(|error| trouble(&self.hand_over, "read", &error))?;
        Ok(wanted.is_some() && entries.flatten().any(|entry| entry.file_name().to_str().and_then(domain) == wanted))
    }

    /// Begins a message.
    pub(super) fn hand_over(&self, entry_id: &[u8]) -> Result<HandOver> {
        let folder = self.hand_over.join(WRITING);
        let file = tempfile::NamedTempFile::new_in(&folder).map_err(|error| trouble(&folder, "written to", &error))?;
        let mut digest = blake3::Hasher::new();
        digest.update(&(entry_id.len() as u64).to_le_bytes()).update(entry_id);
        Ok(HandOver { file, digest })
    }

    /// Whether a message waits that this process may take.
    pub(super) fn has_mail(&self) -> Result<bool> {
        Ok(self.oldest()?.is_some() && self.lock()?.is_some())
    }

    /// Where its messages lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// When the mailbox last changed.
    pub(super) fn changed(&self) -> Option<SystemTime> {
        fs::metadata(&self.folder).and_then(|found| found.modified()).ok()
    }

    /// The oldest message, `None` if there is none or another session is receiving.
    pub(super) fn take(&self) -> Result<Option<Waiting>> {
        let Some(lock) = self.lock()? else { return Ok(None) };
        let Some((time, path)) = self.oldest()? else { return Ok(None) };
        let file = File::open(&path).map_err(|error| trouble(&path, "read", &error))?;
        let size = file.metadata().map_err(|error| trouble(&path, "read", &error))?.len();
        Ok(Some(Waiting { folder: self.folder.clone(), path, file, size, time, _lock: lock }))
    }

    fn oldest(&self) -> Result<Option<(SystemTime, PathBuf)>> {
        let entries = fs::read_dir(&self.folder).map_err(|error| trouble(&self.folder, "read", &error))?;
        let messages = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == MESSAGE));
        // One that vanishes meanwhile was received by another session.
        Ok(messages.filter_map(|path| Some((fs::metadata(&path).and_then(|found| found.modified()).ok()?, path))).min())
    }

    fn lock(&self) -> Result<Option<File>> {
        let path = self.folder.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| trouble(&path, "locked", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(trouble(&path, "locked", &error)),
        }
    }
}

/// The folder of an address: in lower case, with everything a file system may dislike as %XX. Long ones are
/// cut and told apart by a hash.
fn folder_name(address: &str) -> String {
    const LIMIT: usize = 200;
    let mut name = String::with_capacity(address.len());
    for byte in address.to_lowercase().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'@' | b'.' | b'-' | b'_' | b'+' => name.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    if name.len() > LIMIT {
        let hash = blake3::hash(name.as_bytes()).to_hex();
        let domain = name.rsplit_once('@').map_or("", |(_, domain)| domain);
        name = format!("%{}@{}", &hash[..32], &domain[..domain.len().min(100)]);
    }
    // An address may be as short as a name that means something to the file system.
    if name.contains('@') { name } else { format!("%{name}") }
}

/// A message being written.
pub(super) struct HandOver {
    file: tempfile::NamedTempFile,
    digest: blake3::Hasher,
}

impl HandOver {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(|error| trouble(self.file.path(), "written", &error))
    }

    /// All bytes are there, and on the disk.
    pub(super) fn complete(self) -> Result<Complete> {
        self.file.as_file().sync_all().map_err(|error| trouble(self.file.path(), "written", &error))?;
        Ok(Complete { name: format!("{}.{MESSAGE}", self.digest.finalize().to_hex()), file: self.file })
    }
}

/// A message to be delivered; what was written goes with it.
pub(super) struct Complete {
    file: tempfile::NamedTempFile,
    name: String,
}

impl Complete {
    /// Puts it into a mailbox, durably.
    pub(super) fn deliver(&self, mailbox: &Mailbox) -> Result<()> {
        let path = mailbox.folder.join(&self.name);
        match fs::hard_link(self.file.path(), &path) {
            Ok(()) => {}
            // It was delivered before and still waits.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(trouble(&path, "written", &error)),
        }
        sync(&mailbox.folder)
    }
}

/// A message being received. The mailbox is locked as long as it lives.
pub(super) struct Waiting {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    size: u64,
    time: SystemTime,
    _lock: File,
}

impl Waiting {
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// When it was handed over.
    pub(super) fn time(&self) -> FileTime {
        self.time.into()
    }

    pub(super) fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(length.into()).read_to_end(&mut bytes));
        read.map_err(|error| trouble(&self.path, "read", &error))?;
        Ok(bytes)
    }

    /// It is stored elsewhere; it goes from here, durably.
    pub(super) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(|error| trouble(&self.path, "removed", &error))?;
        sync(&self.folder)
    }
}

/// Makes what a folder lists durable.
fn sync(folder: &Path) -> Result<()> {
    // Elsewhere a folder cannot be opened, and its entries are durable by themselves.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| trouble(folder, "written", &error))?;
    }
    Ok(())
}

fn trouble(path: &Path, doing: &str, error: &io::Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::PermissionDenied => Code::NoAccess,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::NotEnoughDisk,
        _ => Code::DiskError,
    };
    Failure::new(code, format!("{} cannot be {doing}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_name_stays_inside_and_ignores_case() {
        assert_eq!(folder_name("Ann@Example.org"), "ann@example.org");
        assert_eq!(folder_name("../x@y/z"), "..%2Fx@y%2Fz");
        assert_eq!(folder_name(".."), "%..");
        assert_eq!(folder_name("writing"), "%writing");
        assert_eq!(folder_name("%2f@x"), "%252f@x");
        let long = |last: char| format!("{}{last}@example.org", "a".repeat(300));
        assert_ne!(folder_name(&long('b')), folder_name(&long('c')));
        assert!(folder_name(&long('b')).len() < 160 && folder_name(&long('b')).ends_with("@example.org"));
    }
}
