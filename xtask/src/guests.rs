//! Builds components beside the session: the conformance kit of backends, for those who write one in another language
//! than Rust, and the plugins of `examples/plugin-host`.

use crate::{component, root};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// Builds `target/guest/backend-kit.wasm`.
pub(crate) fn backend_kit() -> Result<PathBuf> {
    build("mapi-backend-kit", "backend-kit.wasm")
}

/// Builds `target/guest/plugin-digest.wasm` and `plugin-hostile.wasm`.
pub(crate) fn plugins() -> Result<()> {
    build("plugin-digest", "plugin-digest.wasm")?;
    build("plugin-hostile", "plugin-hostile.wasm")?;
    Ok(())
}

fn build(package: &str, name: &str) -> Result<PathBuf> {
    let built = component::build(&root(), package).map_err(anyhow::Error::from_boxed)?;
    let path = root().join(component::FOLDER).join(name);
    fs::write(&path, built.component).with_context(|| path.display().to_string())?;
    Ok(path)
}
