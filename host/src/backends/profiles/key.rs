//! The key that protects secrets at rest, and the sealing of one value.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use mapi_engine::error::{Code, Failure, Result};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key of a profile storage. Whoever has it and the file can read the secrets.
pub struct StorageKey(XChaCha20Poly1305);

impl core::fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StorageKey(..)")
    }
}

impl StorageKey {
    /// A key the host keeps elsewhere, in the key ring of the desktop for instance.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(bytes)))
    }

    /// The key in that file. A missing file is made, with a random key only its owner may read.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` when others may read the file or it cannot be made, `MAPI_E_CORRUPT_DATA` when it
    /// is no key.
    pub fn in_file(path: &Path) -> Result<Self> {
        match read_key(path) {
            Ok(Some(key)) => Ok(Self::from_bytes(key)),
            Ok(None) => {
                make_key(path)?;
                match read_key(path)? {
                    Some(key) => Ok(Self::from_bytes(key)),
                    None => Err(Failure::new(Code::NoAccess, format!("The key file {} vanished.", path.display()))),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    /// Encrypts a value so that it opens only under the same binding.
    pub(super) fn seal(&self, binding: &str, value: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        random(&mut nonce)?;
        let payload = Payload { msg: value, aad: binding.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Failure::new(Code::TooBig, "A protected value is too large to encrypt."))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`StorageKey::seal`] made; `None`: with another key, under another binding, or damaged.
    pub(super) fn open(&self, binding: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: binding.as_bytes() }).ok()
    }
}

pub(super) fn random(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer)
        .map_err(|error| Failure::new(Code::CallFailed, format!("The system gives no random numbers: {error}.")))
}

fn trouble(path: &Path, doing: &str, error: &std::io::Error) -> Failure {
    let code = if error.kind() == ErrorKind::StorageFull { Code::NotEnoughDisk } else { Code::NoAccess };
    Failure::new(code, format!("The key file {} cannot be {doing}: {error}.", path.display()))
}

fn read_key(path: &Path) -> Result<Option<[u8; KEY_BYTES]>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(trouble(path, "read", &error)),
    };
    check_private(path, &file)?;
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    (&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| trouble(path, "read", &error))?;
    let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| {
        Failure::new(
            Code::CorruptData,
            format!(
                "{} is not a key: it must hold {KEY_BYTES} bytes. Restore it from a backup; without it stored passwords are lost.",
                path.display()
            ),
        )
    })?;
    Ok(Some(key))
}

#[cfg(unix)]
fn check_private(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| trouble(path, "read", &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Code::NoAccess,
        format!(
            "Others than its owner may use the key file {} (mode {:03o}). Run: chmod 600 {}",
            path.display(),
            mode & 0o777,
            path.display()
        ),
    ))
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _file: &File) -> Result<()> {
    // Elsewhere a file inherits the rights of its folder, which is the user's own.
    Ok(())
}

/// Makes the file whole or not at all, and never over an existing one: two processes may begin at once.
fn make_key(path: &Path) -> Result<()> {
    let mut key = [0; KEY_BYTES];
    random(&mut key)?;
    let mut tail = [0; 8];
    random(&mut tail)?;
    let unfinished = path.with_extension(format!("{:016x}.new", u64::from_be_bytes(tail)));
    let written = write_private(&unfinished, &key).and_then(|()| match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(error) if error.kind() == ErrorKind::Unsupported => std::fs::rename(&unfinished, path),
        result => result,
    });
    let cleaned = std::fs::remove_file(&unfinished);
    written.map_err(|error| trouble(path, "made", &error))?;
    match cleaned {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(trouble(&unfinished, "removed", &error)),
        _ => Ok(()),
    }
}

pub(in crate::backends) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_under_its_binding_and_key() {
        let key = StorageKey::from_bytes([1; 32]);
        let sealed = key.seal("1 a", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(key.open("1 a", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(key.open("2 a", &sealed), None);
        assert_eq!(StorageKey::from_bytes([2; 32]).open("1 a", &sealed), None);
        assert_eq!(key.open("1 a", &sealed[..10]), None);
        assert_ne!(key.seal("1 a", b"secret").unwrap(), sealed);
    }

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.key");
        let sealed = StorageKey::in_file(&path).unwrap().seal("a", b"x").unwrap();
        assert_eq!(StorageKey::in_file(&path).unwrap().open("a", &sealed).as_deref(), Some(b"x".as_slice()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.key");
        StorageKey::in_file(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let failure = StorageKey::in_file(&path).unwrap_err();
        assert_eq!(failure.code(), Code::NoAccess);
        assert!(failure.to_string().contains("chmod 600"));
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.key");
        write_private(&path, b"short").unwrap();
        assert_eq!(StorageKey::in_file(&path).unwrap_err().code(), Code::CorruptData);
    }
}
