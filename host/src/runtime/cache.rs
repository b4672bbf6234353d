//! The component as machine code, kept on disk between runs.
//!
//! A file holds for one component, one version and set of settings of the runtime and one kind of
//! processor, all of which its name tells; its contents follow their own hash, so that a torn or damaged
//! file is recompiled, not run. The folder must belong to the user alone: what lies in it is executed.

use crate::runtime::{COMPONENT, COMPONENT_HASH};
use sha2::{Digest, Sha256};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wasmtime::component::Component;

const DIGEST: usize = 32;

/// The compiled component: from the cache if it is there and sound, else compiled and put there.
pub(crate) fn load(engine: &wasmtime::Engine, folder: Option<&Path>) -> wasmtime::Result<Component> {
    let Some(folder) = folder else { return Component::from_binary(engine, COMPONENT) };
    let path = path(engine, folder);
    if let Some(code) = read(&path) {
        // SAFETY: the bytes were made by `precompile_component`: their hash holds, and the folder is the
        // user's own, as the documentation of `EngineOptions::cache` demands.
        match unsafe { Component::deserialize(engine, &code) } {
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

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let (digest, code) = bytes.split_at_checked(DIGEST)?;
    if Sha256::digest(code).as_slice() != digest {
        tracing::warn!(path = %path.display(), "the cached component is damaged; compiling it");
        return None;
    }
    bytes.drain(..DIGEST);
    Some(bytes)
}

/// Several processes may write at once: each writes a file of its own and renames it into place.
fn write(folder: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The failure that counts is reported; a left-over file is harmless.
        drop(fs::remove_file(&temporary));
    }
    done
}
