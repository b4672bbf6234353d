//! The component as machine code, kept on disk between runs.
//!
//! A file holds for one component, one version and set of settings of the runtime and one kind of
//! processor, all of which its name tells. It is mapped, not read: a process that starts touches only the
//! pages it runs. A file is written whole and renamed into place, so that it is never torn; beside it lies
//! a stamp with its hash, its length and the time it was written. A file that is not as its stamp says is
//! hashed, and compiled anew if the hash does not hold. The folder must belong to the user alone: what lies
//! in it is executed.

use crate::runtime::{COMPONENT, COMPONENT_HASH};
use sha2::{Digest, Sha256};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, io};
use wasmtime::component::Component;

/// Files that are kept: of two versions in turn, as while one is replaced by the other.
const KEPT: usize = 2;

/// The compiled component: from the cache if it is there and sound, else compiled and put there.
pub(crate) fn load(engine: &wasmtime::Engine, folder: Option<&Path>) -> wasmtime::Result<Component> {
    let Some(folder) = folder else { return Component::from_binary(engine, COMPONENT) };
    let path = path(engine, folder);
    if is_sound(&path) {
        // SAFETY: the file was made by `precompile_component`: its stamp says so, and the folder is the user's
        // own, as the documentation of `EngineOptions::cache` demands. Nobody writes into a file that lies
        // there: others are renamed into its place.
        match unsafe { Component::deserialize_file(engine, &path) } {
            Ok(component) => return Ok(component),
            Err(error) => tracing::warn!(path = %path.display(), %error, "the cached component is not usable; compiling it"),
        }
    }
    let code = engine.precompile_component(COMPONENT)?;
    if let Err(error) = write(folder, &path, &code) {
        tracing::warn!(path = %path.display(), %error, "the compiled component cannot be kept; it will be compiled again");
    }
    // SAFETY: just made by `precompile_component` of the same engine.
    unsafe { Component::deserialize(engine, &code) }
}

fn path(engine: &wasmtime::Engine, folder: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let component = COMPONENT_HASH.get(..16).unwrap_or(COMPONENT_HASH);
    folder.join(format!("session-{component}-{:016x}.cwasm", hasher.finish()))
}

/// What a stamp says of its file.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    digest: String,
    length: u64,
    /// Nanoseconds since 1970.
    written: u128,
}

impl Stamp {
    fn of(path: &Path, digest: String) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let written = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_nanos();
        Ok(Self { digest, length: metadata.len(), written })
    }

    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(stamp_path(path)).ok()?;
        let mut words = text.split_ascii_whitespace();
        let digest = words.next()?.to_owned();
        Some(Self { digest, length: words.next()?.parse().ok()?, written: words.next()?.parse().ok()? })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        replace(&stamp_path(path), format!("{} {} {}\n", self.digest, self.length, self.written).as_bytes())
    }
}

fn stamp_path(path: &Path) -> PathBuf {
    path.with_extension("stamp")
}

/// Whether the file is the one that was written: by its stamp, else by its hash.
fn is_sound(path: &Path) -> bool {
    let Some(stamp) = Stamp::read(path) else { return false };
    let Ok(found) = Stamp::of(path, stamp.digest.clone()) else { return false };
    if found == stamp {
        return true;
    }
    if fs::read(path).is_ok_and(|code| digest(&code) == stamp.digest) {
        if let Err(error) = found.write(path) {
            tracing::debug!(path = %path.display(), %error, "the stamp of the compiled component cannot be renewed");
        }
        return true;
    }
    tracing::warn!(path = %path.display(), "the cached component is damaged; compiling it");
    false
}

fn digest(code: &[u8]) -> String {
    Sha256::digest(code).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(folder: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    replace(path, code)?;
    Stamp::of(path, digest(code))?.write(path)?;
    forget_old(folder)
}

/// Leaves the newest files: each version of the component or of the runtime brings another one.
fn forget_old(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cwasm") {
            files.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    files.sort_unstable();
    for (_, path) in files.iter().rev().skip(KEPT) {
        for gone in [stamp_path(path), path.clone()] {
            match fs::remove_file(gone) {
                // Another process removes the same.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Writes a file whole. Several processes may write at once: each writes a file of its own and renames it
/// into place.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(contents)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The failure that counts is reported; a left-over file is harmless.
        drop(fs::remove_file(&temporary));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_sound_while_it_is_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.cwasm");
        assert!(!is_sound(&path));
        write(folder.path(), &path, b"code").unwrap();
        assert!(is_sound(&path));
        // Copied elsewhere and back: another time, the same code.
        fs::write(&path, b"code").unwrap();
        assert!(is_sound(&path));
        assert_eq!(Stamp::read(&path), Stamp::of(&path, digest(b"code")).ok());
        fs::write(&path, b"cody").unwrap();
        assert!(!is_sound(&path));
        write(folder.path(), &path, b"code").unwrap();
        fs::write(&path, b"cod").unwrap();
        assert!(!is_sound(&path));
        fs::remove_file(stamp_path(&path)).unwrap();
        assert!(!is_sound(&path));
    }

    #[test]
    fn the_files_of_two_versions_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..4).map(|version| folder.path().join(format!("session-{version}.cwasm"))).collect();
        for (seconds, path) in (0..).zip(&paths) {
            write(folder.path(), path, b"code").unwrap();
            // Times of files written at once can be equal.
            let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60 - seconds);
            fs::File::options().append(true).open(path).unwrap().set_modified(earlier).unwrap();
        }
        assert_eq!(paths.iter().map(|path| is_sound(path)).collect::<Vec<_>>(), [false, false, true, true]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "a file and its stamp each");
    }
}
