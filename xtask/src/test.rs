//! Runs every test there is.

use crate::{cargo, guests, javascript, mail_server, python, run, setup};
use anyhow::Result;

/// Runs `cargo xtask test`.
///
/// The component itself is no package of the default members: it is tested through the host.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    mail_server::setup()?;
    guests::backend_kit()?;
    guests::plugins()?;
    javascript::setup()?;
    python::setup()?;
    run(cargo().args(["test", "--workspace", "--exclude", "mapi-session-component"]).args(arguments))
}
