//! The JavaScript package (`host/js`) over the component under test: its types, its tests in Node, and those of its
//! page in Chromium. `cargo xtask test` installs what they need.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("host/js")
}

/// Runs a program in the folder of the package.
fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).current_dir(package()).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}\n{out}\n{err}");
    // What is skipped elsewhere than in CI is said.
    eprint!("{err}");
}

/// Builds the package over the component; whether what that needs is installed. In CI it has to be.
fn built() -> bool {
    static BUILT: OnceLock<bool> = OnceLock::new();
    *BUILT.get_or_init(|| {
        if !package().join("node_modules/.bin/jco").exists() {
            let missing = "the npm packages of host/js are not there; run `cargo xtask test`";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("SKIPPED: {missing}");
            return false;
        }
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("session.wasm");
        std::fs::write(&component, mapi_session::COMPONENT).unwrap();
        run("node", &["build.mjs", component.to_str().unwrap()]);
        true
    })
}

#[test]
fn the_types_say_what_the_package_does() {
    if built() {
        run("node_modules/.bin/tsc", &["--project", "tsconfig.check.json"]);
    }
}

#[test]
fn the_package_works_in_node() {
    if built() {
        let tests = ["scenario", "package", "backends", "kit", "server"].map(|name| format!("test/{name}.test.mjs"));
        let arguments: Vec<&str> = std::iter::once("--test").chain(tests.iter().map(String::as_str)).collect();
        run("node", &arguments);
    }
}

#[test]
fn the_package_and_its_page_work_in_chromium() {
    if built() {
        run("node", &["--test", "test/browser.test.mjs"]);
    }
}
