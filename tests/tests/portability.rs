//! The same component under Node, with backends in JavaScript: what works here works wherever a component runs.
//! `cargo xtask test` installs jco below `target/portability`. Under Python it is tested with the Python package.

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

fn expected(store: &str) -> Value {
    json!({
        "store": store,
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
fn node_runs_the_component_with_backends_in_javascript() {
    let Some(jco) = tool("node_modules/.bin/jco") else { return };
    let (folder, wasm) = component();
    let transpiled = folder.path().join("js");
    let status = Command::new(jco)
        .arg("transpile")
        .arg(&wasm)
        .args(["--instantiation", "async", "--no-typescript", "--name", "session", "--quiet", "--out-dir"])
        .arg(&transpiled)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::write(transpiled.join("package.json"), "{\"type\": \"module\"}").unwrap();
    let smoke = root().join("tests/portability/node/smoke.mjs");
    assert_eq!(output(Command::new("node").arg(smoke).arg(&transpiled)), expected("Mail in JavaScript"));
}
