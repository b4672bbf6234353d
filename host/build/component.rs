//! Builds a crate of this workspace to a component.
//!
//! Shared by the build script of the host crate, which builds the session, and by the developer tasks, which build
//! the conformance kit of backends.

use crate::toolchain::{DEBIAN_RUSTC, TARGET, Toolchain, clean};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Where components are built, below the root of the workspace: apart from what the host is built in.
pub(crate) const FOLDER: &str = "target/guest";

/// What came of it.
pub(crate) struct Built {
    /// The component.
    pub(crate) component: Vec<u8>,
    /// The files it was built from.
    #[allow(dead_code, reason = "only a build script has to name them")]
    pub(crate) sources: Vec<String>,
}

/// Builds a package.
pub(crate) fn build(root: &Path, package: &str) -> Result<Built, Box<dyn Error + Send + Sync>> {
    let toolchain =
        Toolchain::find().ok_or("this Rust toolchain cannot build for wasm32-unknown-unknown; run `cargo xtask setup` once")?;
    let directory = root.join(FOLDER);
    let mut cargo = cargo(&toolchain);
    cargo
        .current_dir(root)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root)?.join("\u{1f}"))
        .args(["rustc", "--package", package, "--lib", "--crate-type", "cdylib"])
        .args(["--profile", "component", "--target", TARGET, "--target-dir"])
        .arg(&directory);
    if matches!(toolchain, Toolchain::Debian { .. }) {
        cargo.arg("-Zbuild-std=std,panic_abort");
    }
    let output = cargo.output().map_err(|error| format!("cargo could not be started to build {package}: {error}"))?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(format!("{package} does not build; the compiler's messages are above").into());
    }
    let built = directory.join(TARGET).join("component").join(package.replace('-', "_"));
    let sources = sources(&fs::read_to_string(built.with_extension("d"))?);
    let module = fs::read(built.with_extension("wasm"))?;
    let component = wit_component::ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    Ok(Built { component, sources })
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
fn flags(root: &Path) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
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
