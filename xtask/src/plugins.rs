//! Builds the plugins of `examples/plugin-host` to components.

use crate::{component, root};
use anyhow::{Context, Result};
use std::fs;

/// Builds `target/guest/plugin-digest.wasm` and `plugin-hostile.wasm`.
pub(crate) fn build() -> Result<()> {
    for package in ["plugin-digest", "plugin-hostile"] {
        let built = component::build(&root(), package).map_err(anyhow::Error::from_boxed)?;
        let path = root().join(component::FOLDER).join(package).with_extension("wasm");
        fs::write(&path, built.component).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
