//! The same component under Python, with backends in Python: what works here works wherever a component runs.
//! `cargo xtask test` installs wasmtime-py below `target/portability`. JavaScript has a package with tests of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The tool below `target/portability`; where it is not installed the test is skipped, loudly, and in CI it fails.
fn tool(path: &str) -> Option<PathBuf> {
    let tool = root().join("target/portability").join(path);
    if tool.exists() {
        return Some(tool);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not there; run `cargo xtask test`", tool.display());
    eprintln!("SKIPPED: {} is not there; run `cargo xtask test`", tool.display());
    None
}

/// The component as a file in a folder of its own.
fn component() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.wasm");
    std::fs::write(&path, mapi_session::COMPONENT).unwrap();
    (folder, path)
}

fn output(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
    serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn expected() -> Value {
    json!({
        "store": "Mail in Python",
        "count": 3,
        "subjects": ["Alpha", "beta", "gamma"],
        "message": ["Alpha", "Hello Alpha\r\n", "<Alpha@example.org>"],
        "recipients": ["Bob"],
        "met": 2,
        "unequal": "mapi-e-invalid-parameter",
        "refused": "mapi-e-invalid-entryid",
    })
}

#[test]
fn python_runs_the_component_with_backends_in_python() {
    let Some(python) = tool("python/bin/python") else { return };
    let (_folder, wasm) = component();
    let smoke = root().join("tests/portability/python/smoke.py");
    let command = &mut Command::new(python);
    assert_eq!(output(command.arg(smoke).arg(wasm).env("PYTHONDONTWRITEBYTECODE", "1")), expected());
}
