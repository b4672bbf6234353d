//! Makes the WebAssembly target usable on a machine that has only a stable Rust.
//!
//! The first way that works is taken: what is there already, `rustup target add`, Debian's packages. Asks
//! nothing, changes nothing when there is nothing to do, and says what it did.

use crate::toolchain::{TARGET, Toolchain};
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Debian's compiler, its standard library's sources, its `cargo`, and a linker for WebAssembly.
const PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "cargo-web", "lld-22"];

/// Makes the WebAssembly target usable.
pub(crate) fn setup() -> Result<()> {
    match Toolchain::find() {
        Some(Toolchain::Usual) => {
            println!("setup: the toolchain has {TARGET}; nothing to do");
            return Ok(());
        }
        Some(Toolchain::Debian { .. }) => {
            println!("setup: Debian's toolchain builds for {TARGET}; nothing to do");
            return Ok(());
        }
        None => {}
    }
    let mut tried = Vec::new();
    for (name, way) in [("rustup", rustup as fn() -> Result<(), String>), ("apt-get", debian)] {
        match way() {
            Ok(()) if Toolchain::find().is_some() => {
                println!("setup: {TARGET} was installed with {name}");
                return Ok(());
            }
            Ok(()) => tried.push(format!("{name} did its work, but the toolchain still lacks the target")),
            Err(why) => tried.push(format!("{name} {why}")),
        }
    }
    bail!(
        "{TARGET} could not be made usable: {}; install the target's standard library for the Rust on the path and run this again",
        tried.join("; ")
    )
}

fn rustup() -> Result<(), String> {
    attempt(Command::new("rustup").args(["target", "add", TARGET]))
}

fn debian() -> Result<(), String> {
    install(&PACKAGES)
}

/// Installs Debian packages. A new machine knows none before it has fetched its lists.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let apt_get = |arguments: &[&str]| {
        let mut command = privileged("apt-get");
        attempt(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    let arguments = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    apt_get(&arguments).or_else(|_| apt_get(&["update"]).and_then(|()| apt_get(&arguments)))
}

/// A command that needs the right to install.
pub(crate) fn privileged(program: &str) -> Command {
    if Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Command::new(program);
    }
    // `sudo` may have the right; -n: it never asks.
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

fn attempt(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("could not be started ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("failed ({})", last.trim()))
}
