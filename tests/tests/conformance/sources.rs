//! The sources of the workspace: which tests there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The directory of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path
}

/// The names of all functions in it. A test named in a list is one of them, or the list is stale.
pub(crate) fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["guest", "host", "tests", "fuzz"] {
        collect(&workspace().join(folder), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.split_once("fn ")?.1.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
}
