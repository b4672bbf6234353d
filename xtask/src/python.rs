//! The Python package: its tools in an environment of their own below `target/python`, and the package installed there
//! as a wheel.
//!
//! maturin would build the library for the package alone, with other features of the crates it needs and so all of them
//! once more. The library is built as the tests are, therefore, and made a wheel of with what maturin says of the
//! package. `maturin build --release` in `host/python` makes the wheel that is given away.

use crate::{cargo, root, run};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const TOOLS: [&str; 7] =
    ["maturin==1.16.0", "mypy==2.4.1", "pandas==3.1.1", "pyarrow==26.0.1", "pytest==9.2.0", "wasmtime==50.0.1", "wheel==0.48.0"];

fn folder() -> PathBuf {
    root().join("target/python")
}

/// The program in the environment.
fn program(name: &str) -> PathBuf {
    let (folder_of_programs, suffix) = if cfg!(windows) { ("Scripts", ".exe") } else { ("bin", "") };
    folder().join(folder_of_programs).join(format!("{name}{suffix}"))
}

/// Installs the tools, unless they are there.
fn tools() -> Result<()> {
    let marker = folder().join("tools");
    let wanted = TOOLS.join("\n");
    if fs::read_to_string(&marker).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    println!("setup: installing {} below {}", TOOLS.join(", "), folder().display());
    run(Command::new("python3").args(["-m", "venv"]).arg(folder()))?;
    run(Command::new(program("python")).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(TOOLS))?;
    fs::write(marker, wanted)?;
    Ok(())
}

/// Installs the tools and the package, unless they are there as they are now.
pub(crate) fn setup() -> Result<()> {
    tools()?;
    // What the tests are built with, so that nothing is built twice.
    run(cargo().args(["build", "--workspace", "--exclude", "mapi-session-component", "--lib", "--test", "python"]))?;
    let wheels = folder().join("wheels");
    let marker = folder().join("installed");
    let package = sources(&root().join("target/debug").join(library()))?;
    if is_newer(&marker, package.iter().map(|(path, _)| path))? {
        return Ok(());
    }
    println!("setup: installing the Python package below {}", folder().display());
    if wheels.exists() {
        fs::remove_dir_all(&wheels)?;
    }
    let unpacked = wheels.join("unpacked");
    fs::create_dir_all(&unpacked)?;
    let describe = "import maturin, sys; maturin.prepare_metadata_for_build_wheel(sys.argv[1])";
    let mut metadata = Command::new(program("python"));
    metadata.current_dir(root().join("host/python")).args(["-c", describe]).arg(&unpacked);
    run(metadata.env("PATH", with_programs()?))?;
    copy_package(&package, &unpacked)?;
    run(Command::new(program("python")).args(["-m", "wheel", "pack"]).arg(&unpacked).arg("--dest-dir").arg(&wheels))?;
    let mut wheel = fs::read_dir(&wheels)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = wheel.find(|path| path.extension().is_some_and(|suffix| suffix == "whl")).context("no wheel was made")?;
    let mut pip = Command::new(program("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--force-reinstall"]);
    run(pip.arg(wheel))?;
    fs::remove_dir_all(&wheels)?;
    fs::write(marker, "")?;
    Ok(())
}

/// The package with that library, in a folder that is to be searched for it; and the interpreter.
pub(crate) fn beside(library: &Path) -> Result<(PathBuf, PathBuf)> {
    tools()?;
    let place = folder().join("bench");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    copy_package(&sources(library)?, &place)?;
    Ok((program("python"), place))
}

/// Copies the files of the package into a folder that holds it.
fn copy_package(package: &[(PathBuf, String)], folder: &Path) -> Result<()> {
    let place = folder.join("mapi_session");
    fs::create_dir_all(&place)?;
    for (path, name) in package {
        fs::copy(path, place.join(name)).with_context(|| format!("{} cannot be copied", path.display()))?;
    }
    Ok(())
}

/// How the library is called.
fn library() -> String {
    format!("{}mapi_session_native{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// What the package with that library is made of: where each file is, and its name in the package.
fn sources(library: &Path) -> Result<Vec<(PathBuf, String)>> {
    let package = root().join("host/python/mapi_session");
    let mut sources = Vec::new();
    for entry in fs::read_dir(&package).with_context(|| format!("{} cannot be read", package.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            sources.push((entry.path(), entry.file_name().to_string_lossy().into_owned()));
        }
    }
    let suffix = if cfg!(windows) { "pyd" } else { "abi3.so" };
    sources.push((library.to_owned(), format!("_native.{suffix}")));
    Ok(sources)
}

/// Whether the marker is newer than all of the files.
fn is_newer<'a>(marker: &Path, files: impl Iterator<Item = &'a PathBuf>) -> Result<bool> {
    let time = |path: &Path| -> Result<SystemTime> { Ok(fs::metadata(path)?.modified()?) };
    let Ok(made) = time(marker) else { return Ok(false) };
    for file in files {
        if time(file).with_context(|| format!("{} is not there", file.display()))? >= made {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The search path with the programs of the environment: maturin calls itself by its name.
fn with_programs() -> Result<std::ffi::OsString> {
    let programs = program("python").parent().map(Path::to_owned).context("the environment has no folder of programs")?;
    let others = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&others)))?)
}
