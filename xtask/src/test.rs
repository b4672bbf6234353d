//! Runs every test there is.

use crate::{backend_kit, cargo, javascript, mail_server, plugins, python, run, setup};
use anyhow::Result;

/// Runs `cargo xtask test`.
///
/// The component itself is no package of the default members: it is tested through the host.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    mail_server::setup()?;
    backend_kit::build()?;
    plugins::build()?;
    javascript::setup()?;
    python::setup()?;
    run(cargo().args(["test", "--workspace", "--exclude", "mapi-session-component"]).args(arguments))
}
