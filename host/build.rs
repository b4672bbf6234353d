//! Builds the component from the guest's sources and embeds it with its hash.
//!
//! Only builds: what the target needs is installed by `cargo xtask setup`. A published crate carries the
//! component ready made, since the guest's sources are not in its package.

#[path = "build/component.rs"]
mod component;
#[path = "build/toolchain.rs"]
mod toolchain;

use sha2::{Digest, Sha256};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    if let Err(error) = embed() {
        println!("cargo::error={error}");
    }
}

fn embed() -> Result<(), Box<dyn Error + Send + Sync>> {
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/component.rs");
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
fn build(root: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let inputs = ["Cargo.toml", "Cargo.lock", "guest/engine/Cargo.toml", "guest/component/Cargo.toml", "wit"];
    for input in inputs {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    let built = component::build(root, "mapi-session-component")?;
    for source in built.sources {
        println!("cargo::rerun-if-changed={source}");
    }
    // Beside the embedded copy, for other hosts: one place to find it, whatever the profile.
    fs::write(root.join(component::FOLDER).join("session.wasm"), &built.component)?;
    Ok(built.component)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
