//! Builds what is given away: the component, its world, and the command.

use crate::{cargo, guests, root, run, setup};
use anyhow::{Context, Result, bail};
use std::fs;
use wit_component::{DecodedWasm, WitPrinter};

/// Runs `cargo xtask dist`.
pub(crate) fn dist() -> Result<()> {
    setup::setup()?;
    run(cargo().args(["build", "--release", "--package", "mapi-session", "--bin", "mapi"]))?;
    let target = root().join("target");
    let dist = target.join("dist");
    fs::create_dir_all(&dist).with_context(|| format!("{} cannot be created", dist.display()))?;
    let command = if cfg!(windows) { "mapi.exe" } else { "mapi" };
    fs::copy(target.join("release").join(command), dist.join(command)).context("the command cannot be copied")?;
    fs::copy(target.join("guest/session.wasm"), dist.join("session.wasm")).context("the component cannot be copied")?;
    fs::copy(guests::backend_kit()?, dist.join("backend-kit.wasm")).context("the kit cannot be copied")?;
    let component = fs::read(dist.join("session.wasm"))?;
    fs::write(dist.join("session.wit"), world(&component)?)?;
    for name in ["session.wasm", "session.wit", "backend-kit.wasm", command] {
        let path = dist.join(name);
        println!("dist: {} ({} bytes)", path.display(), fs::metadata(&path)?.len());
    }
    Ok(())
}

/// The world of a component as text, with the packages it uses.
fn world(component: &[u8]) -> Result<String> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("session.wasm is not a component");
    };
    let main = resolve.worlds[world].package.context("the world has no package")?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(&resolve, main, &others)?;
    Ok(printer.output.to_string())
}
