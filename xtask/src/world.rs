//! Renews the committed copy of the world, which the tests compare the world with.

use crate::root;
use anyhow::{Context, Result};
use wit_component::WitPrinter;
use wit_parser::Resolve;

/// Runs `cargo xtask world`.
pub(crate) fn world() -> Result<()> {
    let mut resolve = Resolve::default();
    let (main, _) = resolve.push_dir(root().join("wit")).context("the world cannot be read")?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(&resolve, main, &others)?;
    let path = root().join("wit/committed/session.wit");
    std::fs::write(&path, printer.output.to_string()).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("world: {}", path.display());
    Ok(())
}
