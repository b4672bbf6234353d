//! The store backend in JavaScript on SQLite (`host/js/sqlite`): it keeps every promise of a backend, on the files of
//! the Rust host. `cargo xtask test` installs better-sqlite3 below `target/portability`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_tests::conformance::{durable_suite, store_suite};
use mapi_tests::remote_store::RemoteStore;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Node with a script of the backend; where its packages are not installed the test is skipped, loudly, and in CI it
/// fails.
fn node(script: &str) -> Option<Command> {
    let packages = root().join("target/portability/node_modules");
    if !packages.join("better-sqlite3/build/Release/better_sqlite3.node").exists() {
        assert!(std::env::var_os("CI").is_none(), "better-sqlite3 is not there; run `cargo xtask test`");
        eprintln!("SKIPPED: better-sqlite3 is not there; run `cargo xtask test`");
        return None;
    }
    let mut command = Command::new("node");
    command.arg(root().join("host/js/sqlite/tests").join(script)).env("NODE_PATH", packages);
    Some(command)
}

fn open(path: &Path) -> Arc<RemoteStore> {
    Arc::new(RemoteStore::open(&mut node("serve.mjs").unwrap(), path).unwrap())
}

#[test]
fn the_store_in_javascript_conforms() {
    if node("serve.mjs").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let report = store_suite(|| {
        number.set(number.get() + 1);
        open(&folder.path().join(format!("{}.mapi", number.get())))
    });
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_store_in_javascript_is_durable() {
    if node("serve.mjs").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let report = durable_suite(|| open(&path));
    assert!(report.is_sound(), "{report}");
}
