//! Runs every test there is.

use crate::{cargo, mail_server, portability, python, run, setup};
use anyhow::Result;

/// Runs `cargo xtask test`.
///
/// The component itself is no package of the default members: it is tested through the host.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    mail_server::setup()?;
    portability::setup()?;
    python::setup()?;
    run(cargo().args(["test", "--workspace", "--exclude", "mapi-session-component"]).args(arguments))
}
