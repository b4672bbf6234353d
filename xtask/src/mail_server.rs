//! The mail server of the tests: Debian's Postfix. The tests start it with configuration, queues and ports of
//! their own; the machine's own configuration is not touched, and no service is set up.

use crate::setup::install;
use anyhow::{Result, bail};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// Installs it, unless it is there. Elsewhere than in CI it may be missing: the tests that need it say so.
pub(crate) fn setup() -> Result<()> {
    if Path::new("/usr/sbin/postfix").exists() {
        return Ok(());
    }
    println!("setup: installing Postfix for the tests");
    let Err(why) = preseed().and_then(|()| install(&["postfix", "openssl"])) else { return Ok(()) };
    if std::env::var_os("CI").is_some() {
        bail!("Postfix could not be installed: {why}");
    }
    println!("setup: Postfix could not be installed ({why}); the tests that need a mail server are skipped");
    Ok(())
}

/// Answers the one question the package asks: it is to be left without a configuration.
fn preseed() -> Result<(), String> {
    let failed = |error: std::io::Error| format!("its questions could not be answered ({error})");
    let mut command = crate::setup::privileged("debconf-set-selections");
    let mut running = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
    if let Some(mut input) = running.stdin.take() {
        input.write_all(b"postfix postfix/main_mailer_type select No configuration\n").map_err(failed)?;
    }
    let status = running.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err("its questions could not be answered".into()) }
}
