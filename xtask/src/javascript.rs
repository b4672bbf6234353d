//! The JavaScript package: what its build and its tests need, and its page.

use crate::{cargo, root, run, setup};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where Debian's package puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Installs the npm packages the lock names and Chromium, unless they are there.
pub(crate) fn setup() -> Result<()> {
    packages()?;
    if Path::new(CHROMIUM).exists() || std::env::var_os("CHROMIUM").is_some() {
        return Ok(());
    }
    println!("setup: installing Chromium for the tests of the page");
    let Err(why) = setup::install(&["chromium"]) else { return Ok(()) };
    if std::env::var_os("CI").is_some() {
        bail!("Chromium could not be installed: {why}");
    }
    println!("setup: Chromium could not be installed ({why}); the tests in a browser are skipped");
    Ok(())
}

/// Installs the npm packages, unless those of this lock are there.
fn packages() -> Result<()> {
    let folder = root().join("host/js");
    let lock = fs::read_to_string(folder.join("package-lock.json")).context("host/js has no package-lock.json")?;
    let stamp = folder.join("node_modules/.lock-of-mapi-session");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("setup: installing the npm packages of host/js");
    run(Command::new("npm").current_dir(&folder).args(["ci", "--silent", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, lock).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// Runs `cargo xtask web`: builds the component and the package, and serves the page until it is ended.
pub(crate) fn web(port: u16) -> Result<()> {
    setup::setup()?;
    packages()?;
    // The build script of the command builds the component; what the demonstration and the distribution build is used
    // again.
    run(cargo().args(["build", "--release", "--package", "mapi-session", "--bin", "mapi"]))?;
    let folder = root().join("host/js");
    run(Command::new("node").current_dir(&folder).arg("build.mjs"))?;
    run(Command::new("node").current_dir(&folder).arg("serve.mjs").arg(port.to_string()))
}
