//! Renews the part of docs/coverage.md that the conformance table writes, which the tests compare with the table.

use crate::{cargo, run, setup};
use anyhow::Result;

/// Runs `cargo xtask coverage`. The table is read where it is: in the test that compares the page with it.
pub(crate) fn coverage() -> Result<()> {
    setup::setup()?;
    let renew = ["--test", "conformance", "--", "--exact", "coverage::the_coverage_page_is_what_the_table_says"];
    run(cargo().args(["test", "--workspace", "--exclude", "mapi-session-component"]).args(renew).env("MAPI_RENEW_COVERAGE", "1"))
}
