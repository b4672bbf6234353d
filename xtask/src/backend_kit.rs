//! Builds the conformance kit of backends to a component, for those who write one in another language than Rust.

use crate::{component, root};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// Builds `target/guest/backend-kit.wasm`.
pub(crate) fn build() -> Result<PathBuf> {
    let built = component::build(&root(), "mapi-backend-kit").map_err(anyhow::Error::from_boxed)?;
    let path = root().join(component::FOLDER).join("backend-kit.wasm");
    fs::write(&path, built.component).with_context(|| path.display().to_string())?;
    Ok(path)
}
