//! What the portability test runs the component under: jco for Node.

use crate::{root, run};
use anyhow::{Context, Result};
use std::process::Command;

/// Runs synchronous components two to three orders of magnitude faster than the versions after it.
const JCO: &str = "@bytecodealliance/jco@1.12.0";

/// Installs it below `target/portability`, unless it is there.
pub(crate) fn setup() -> Result<()> {
    let folder = root().join("target/portability");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    if !folder.join("node_modules/.bin/jco").exists() {
        println!("setup: installing {JCO} below {}", folder.display());
        std::fs::write(folder.join("package.json"), "{\"private\": true, \"type\": \"module\"}\n")?;
        run(Command::new("npm").current_dir(&folder).args(["install", "--silent", "--no-audit", "--no-fund", JCO]))?;
    }
    Ok(())
}
