//! The Python package under pytest, mypy and stubtest. `cargo xtask test` installs it below `target/python`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// A program of the environment; where it is not installed the test is skipped, loudly, and in CI it fails.
fn program(name: &str) -> Option<Command> {
    let environment = package().parent()?.parent()?.join("target/python");
    let path = environment.join(if cfg!(windows) { "Scripts" } else { "bin" }).join(name);
    // The marker that everything is installed.
    if environment.join("installed").exists() {
        let mut command = Command::new(path);
        command.current_dir(package()).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH");
        return Some(command);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not there; run `cargo xtask test`", path.display());
    eprintln!("SKIPPED: {} is not there; run `cargo xtask test`", path.display());
    None
}

/// What the command says when it succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
    out.into_owned()
}

#[test]
fn the_package_that_is_installed_is_the_one_of_these_sources() {
    let Some(mut python) = program("python") else { return };
    let said = output(python.args(["-I", "-c", "import mapi_session; print(mapi_session.COMPONENT_HASH)"]));
    assert_eq!(said.trim(), mapi_session::COMPONENT_HASH, "run `cargo xtask test`");
}

#[test]
fn the_package_does_what_its_tests_say() {
    let Some(mut pytest) = program("pytest") else { return };
    let component = tempfile::tempdir().unwrap();
    let wasm = component.path().join("session.wasm");
    std::fs::write(&wasm, mapi_session::COMPONENT).unwrap();
    let cache = package().parent().unwrap().parent().unwrap().join("target/python/cache");
    let pytest = pytest.args(["-q", "-ra", "-W", "error", "--strict-markers"]);
    let pytest = pytest.env("MAPI_COMMAND", env!("CARGO_BIN_EXE_mapi")).env("MAPI_COMPONENT", wasm).env("MAPI_CACHE", cache);
    let said = output(pytest);
    assert!(std::env::var_os("CI").is_none() || !said.contains("skipped"), "{said}");
    eprintln!("{said}");
}

#[test]
fn the_types_of_the_package_hold() {
    let Some(mut mypy) = program("mypy") else { return };
    let cache = tempfile::tempdir().unwrap();
    output(mypy.args(["mapi_session", "tests", "--cache-dir"]).arg(cache.path()));
    let Some(mut stubtest) = program("stubtest") else { return };
    output(stubtest.current_dir(cache.path()).arg("mapi_session._native"));
}
