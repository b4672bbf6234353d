//! The component as it is shipped: what it imports, and what its bytes give away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeMap;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem};

fn decoded() -> (Resolve, WorldId) {
    match wit_component::decode(mapi_session::COMPONENT).unwrap() {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => panic!("the artefact is no component"),
    }
}

/// Each imported interface with the functions used of it.
fn imports() -> BTreeMap<String, Vec<String>> {
    let (resolve, world) = decoded();
    let interface = |item: &WorldItem| match item {
        WorldItem::Interface { id, .. } => *id,
        other => panic!("imported beside the interfaces: {other:?}"),
    };
    resolve.worlds[world]
        .imports
        .values()
        .map(|item| {
            let id = interface(item);
            (resolve.id_of(id).unwrap(), resolve.interfaces[id].functions.keys().cloned().collect())
        })
        .collect()
}

#[test]
fn the_component_imports_the_world_and_nothing_else() {
    let expected = [
        "mapi:session/address-book-backend@0.1.0",
        "mapi:session/backend-types@0.1.0",
        "mapi:session/form-presenter@0.1.0",
        "mapi:session/logging@0.1.0",
        "mapi:session/method-flags@0.1.0",
        "mapi:session/profile-storage@0.1.0",
        "mapi:session/progress@0.1.0",
        "mapi:session/service-catalogue@0.1.0",
        "mapi:session/store-backend@0.1.0",
        "mapi:session/transport-backend@0.1.0",
        "mapi:session/types@0.1.0",
        "wasi:clocks/monotonic-clock@0.2.6",
        "wasi:clocks/wall-clock@0.2.6",
        "wasi:random/random@0.2.6",
    ];
    let imports = imports();
    let names: Vec<&str> = imports.keys().map(String::as_str).collect();
    assert_eq!(names, expected);
    for (interface, functions) in imports.iter().filter(|(interface, _)| interface.starts_with("wasi:")) {
        let linked = ["now", "get-random-bytes", "get-random-u64", "resolution"];
        assert!(functions.iter().all(|function| linked.contains(&function.as_str())), "{interface}: {functions:?}");
    }
}

#[test]
fn the_component_names_no_path_of_the_machine_it_was_built_on() {
    let root = env!("CARGO_MANIFEST_DIR").strip_suffix("/tests").unwrap_or(env!("CARGO_MANIFEST_DIR"));
    // With the separator: a module may well be called as the directory is.
    let home = std::env::var("HOME").map(|home| format!("{}/", home.trim_end_matches('/'))).unwrap_or_default();
    let tell_tale = [root, "/registry/src/", "/.cargo/", "/.rustup/", &home];
    for path in tell_tale.into_iter().filter(|path| path.len() > 1) {
        let found = mapi_session::COMPONENT.windows(path.len()).any(|window| window == path.as_bytes());
        assert!(!found, "{path} is in the component");
    }
}

#[test]
fn the_hash_is_the_component_s() {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(mapi_session::COMPONENT).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, mapi_session::COMPONENT_HASH);
}
