//! Builds the component from the guest's sources and embeds it with its hash.
//!
//! Only builds: what the target needs is installed by `cargo xtask setup`. A published crate carries the
//! component ready made, since the guest's sources are not in its package.

#[path = "build/toolchain.rs"]
mod toolchain;

use sha2::{Digest, Sha256};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use toolchain::{DEBIAN_RUSTC, TARGET, Toolchain, clean};

fn main() {
    if let Err(error) = embed() {
        println!("cargo::error={error}");
    }
}

fn embed() -> Result<(), Box<dyn Error>> {
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/toolchain.rs");
    let component = match host.parent().filter(|root| root.join("guest/component/Cargo.toml").is_file()) {
        Some(root) => build(root)?,
        None => {
            println!("cargo::rerun-if-changed=prebuilt/session.wasm");
            fs::read(host.join("prebuilt/session.wasm"))?
        }
    };
    let output = PathBuf::from(env::var("OUT_DIR")?).join("session.wasm");
    fs::write(&output, &component)?;
    println!("cargo::rustc-env=MAPI_SESSION_COMPONENT={}", output.display());
    println!("cargo::rustc-env=MAPI_SESSION_COMPONENT_HASH={}", hex(&Sha256::digest(&component)));
    Ok(())
}

/// Builds the guest, in one directory for all profiles of the host: it is the same component for each.
fn build(root: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let inputs = ["Cargo.toml", "Cargo.lock", "guest/engine/Cargo.toml", "guest/component/Cargo.toml", "wit"];
    for input in inputs {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let toolchain =
        Toolchain::find().ok_or("this Rust toolchain cannot build for wasm32-unknown-unknown; run `cargo xtask setup` once")?;
    let directory = root.join("target/guest");
    let mut cargo = cargo(&toolchain);
    cargo
        .current_dir(root)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root)?.join("\u{1f}"))
        .args(["build", "--package", "mapi-session-component", "--profile", "component", "--target", TARGET, "--target-dir"])
        .arg(&directory);
    if matches!(toolchain, Toolchain::Debian { .. }) {
        cargo.arg("-Zbuild-std=std,panic_abort");
    }
    let output = cargo.output().map_err(|error| format!("cargo could not be started to build the component: {error}"))?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Err("the component does not build; the compiler's messages are above".into());
    }
    let built = directory.join(TARGET).join("component");
    for source in sources(&fs::read_to_string(built.join("mapi_session_component.d"))?) {
        println!("cargo::rerun-if-changed={source}");
    }
    let module = fs::read(built.join("mapi_session_component.wasm"))?;
    let component = wit_component::ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    // Beside the embedded copy, for other hosts: one place to find it, whatever the profile.
    fs::write(directory.join("session.wasm"), &component)?;
    Ok(component)
}

/// The `cargo` of that toolchain.
fn cargo(toolchain: &Toolchain) -> Command {
    match toolchain {
        Toolchain::Usual => {
            let mut cargo = Command::new("cargo");
            clean(&mut cargo);
            cargo
        }
        Toolchain::Debian { linker } => {
            let mut cargo = Command::new("/usr/bin/cargo");
            clean(&mut cargo);
            cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            cargo
        }
    }
}

/// Flags of the compiler: vector instructions, for scanning text; and no paths of this machine, so that the
/// same sources give the same bytes anywhere.
fn flags(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut flags = vec!["-Ctarget-feature=+simd128".to_owned(), format!("--remap-path-prefix={}=/mapi-session", root.display())];
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .ok_or("neither CARGO_HOME nor a home directory is known")?;
    // Each registry has a directory of its own, named by a hash of its address.
    let mut registries: Vec<PathBuf> = match fs::read_dir(home.join("registry/src")) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?,
        Err(_) => Vec::new(),
    };
    registries.sort();
    flags.extend(registries.iter().map(|registry| format!("--remap-path-prefix={}=/crates", registry.display())));
    Ok(flags)
}

/// The prerequisites a dependency file lists; a space in a path is escaped.
fn sources(dependencies: &str) -> Vec<String> {
    let Some((_, list)) = dependencies.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    list.replace("\\ ", "\0").split(' ').filter(|path| !path.is_empty()).map(|path| path.replace('\0', " ")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
