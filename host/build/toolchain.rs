//! Finds a Rust toolchain that can build for `wasm32-unknown-unknown`, and clears the environment for it.
//!
//! Shared by the build script of the host crate, which only uses what is there, and by `cargo xtask
//! setup`, which installs what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The target the component is built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A way to build for [`TARGET`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The usual toolchain, which has the standard library of the target.
    Usual,
    /// The packages of a Debian system: the standard library is built from its source.
    Debian {
        /// The linker.
        linker: PathBuf,
    },
}

/// Where Debian's compiler lies; the one on the path may be another.
pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

impl Toolchain {
    /// The first way that is there.
    pub(crate) fn find() -> Option<Self> {
        let usual =
            sysroot(Path::new("rustc")).is_some_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir());
        if usual {
            return Some(Self::Usual);
        }
        let source = sysroot(Path::new(DEBIAN_RUSTC))?.join("lib/rustlib/src/rust/library/std/Cargo.toml");
        let linker = PathBuf::from("/usr/bin/wasm-ld-22");
        (source.is_file() && linker.is_file()).then_some(Self::Debian { linker })
    }
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    clean(&mut command);
    let output = command.args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim_end()))
}

/// Takes away what the calling `cargo` put into the environment: the settings of the outer build, its
/// toolchain and clippy's wrapper are not the inner build's.
pub(crate) fn clean(command: &mut Command) {
    const KEPT: [&str; 4] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR"];
    const CLEARED: [&str; 5] = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"];
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let kept = KEPT.iter().any(|prefix| name.starts_with(prefix));
        if name == "CLIPPY_ARGS" || (!kept && CLEARED.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
}
