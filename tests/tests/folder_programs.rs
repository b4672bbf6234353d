//! Random programs of folder and message operations, over every store backend there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{MemoryStore, PushDown};
use mapi_engine::properties::Guid;
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_tests::folder_programs::run;
use std::cell::Cell;
use std::sync::Arc;

/// Stores with identifiers of their own, one after the other.
fn memory(push_down: PushDown) -> impl Fn() -> Arc<MemoryStore> {
    let number = Cell::new(0);
    move || {
        number.set(number.get() + 1);
        let store = Arc::new(MemoryStore::new(Guid([number.get(); 16]), "programs"));
        store.set_push_down(push_down);
        store
    }
}

#[test]
fn programs_do_to_stores_in_memory_what_they_do_to_the_model() {
    for push_down in [PushDown::EXACT, PushDown::NONE] {
        run(memory(push_down), 0..20, 100).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn programs_do_to_sqlite_stores_what_they_do_to_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let number = Cell::new(0);
    let make = || {
        number.set(number.get() + 1);
        Arc::new(SqliteStore::open(&folder.path().join(format!("{}.sqlite", number.get())), Access::Create).unwrap())
    };
    run(make, 0..4, 100).unwrap_or_else(|difference| panic!("{difference}"));
}
