//! The conformance suites over every backend there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_backend_kit::{address_book_suite, durable_suite, profile_storage_suite, store_suite, transport_suite};
use mapi_engine::backend::IndexPlan;
use mapi_engine::memory::{Fault, Faulty, MemoryAddressBook, MemoryProfiles, MemoryStore, PushDown, Trigger};
use mapi_engine::properties::{Guid, tags};
use mapi_session::backends::address_book::SqliteAddressBook;
use mapi_session::backends::identity::MailIdentity;
use mapi_session::backends::local::LocalTransport;
use mapi_session::backends::profiles::{SqliteProfiles, StorageKey};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use std::sync::Arc;

fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(Guid([7; 16]), "conformance"))
}

#[test]
fn the_memory_store_conforms() {
    let report = store_suite(memory);
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_memory_store_conforms_when_it_answers_less() {
    for push_down in [PushDown::INEXACT, PushDown::NONE] {
        let report = store_suite(|| {
            let store = memory();
            store.set_push_down(push_down);
            store
        });
        assert!(report.is_sound(), "{report}");
    }
}

#[test]
fn the_memory_store_conforms_when_it_compares_stored_keys_only() {
    let report = store_suite(|| {
        let store = memory();
        let ordered = vec![tags::SUBJECT, tags::MESSAGE_DELIVERY_TIME, tags::IMPORTANCE, tags::MESSAGE_FLAGS];
        store.set_index(IndexPlan { ordered, searched: vec![tags::SUBJECT], key_version: 0 });
        store
    });
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_memory_store_conforms_without_feed_and_deleted_items() {
    let report = store_suite(|| {
        let capabilities = mapi_engine::backend::StoreCapabilities::default();
        Arc::new(MemoryStore::new(Guid([7; 16]), "conformance").with_capabilities(capabilities))
    });
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_sqlite_store_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let report = store_suite(|| {
        number.set(number.get() + 1);
        let path = folder.path().join(format!("{}.sqlite", number.get()));
        Arc::new(SqliteStore::open(&path, Access::Create).unwrap())
    });
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_sqlite_store_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let report = durable_suite(|| Arc::new(SqliteStore::open(&path, Access::Create).unwrap()));
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_suite_notices_a_backend_that_lies() {
    for method in ["read", "list_tags", "read_rows", "plan", "scan", "count", "rank", "container_tags", "read_range", "reserve"]
        .into_iter()
        .chain(["commit", "feed_cursor", "changes", "groups", "ids_of_names", "names_of_ids", "all_names"])
    {
        let report = store_suite(|| {
            let store = Faulty::new(memory());
            store.faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
            Arc::new(store)
        });
        assert!(!report.is_sound(), "garbage from {method} went unnoticed");
    }
}

#[test]
fn the_memory_address_book_conforms() {
    let report = address_book_suite(|| Arc::new(MemoryAddressBook::new(Guid([7; 16]))));
    assert!(report.is_sound(), "{report}");
    let report = address_book_suite(|| Arc::new(MemoryAddressBook::new(Guid([7; 16])).without_feed()));
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_sqlite_address_book_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let report = address_book_suite(|| {
        number.set(number.get() + 1);
        let path = folder.path().join(format!("{}.sqlite", number.get()));
        Arc::new(SqliteAddressBook::open(&path, Access::Create).unwrap())
    });
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_suite_notices_an_address_book_that_lies() {
    for method in ["read", "scan", "reserve", "commit", "changes"] {
        let report = address_book_suite(|| {
            let book = Faulty::new(MemoryAddressBook::new(Guid([7; 16])));
            book.faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
            Arc::new(book)
        });
        assert!(!report.is_sound(), "garbage from {method} went unnoticed");
    }
}

#[test]
fn the_memory_profile_storage_conforms() {
    let report = profile_storage_suite(&MemoryProfiles::default(), "kit");
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_sqlite_profile_storage_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteProfiles::open(folder.path(), StorageKey::from_bytes([9; 32])).unwrap();
    let report = profile_storage_suite(&storage, "kit");
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_suite_notices_a_profile_storage_that_lies() {
    for method in ["list", "load", "default_name", "secret", "leases"] {
        let storage = Faulty::new(MemoryProfiles::default());
        storage.faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
        let report = profile_storage_suite(&storage, "kit");
        assert!(!report.is_sound(), "garbage from {method} went unnoticed");
    }
}

#[test]
fn the_local_transport_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let make = || {
        number.set(number.get() + 1);
        let folder = folder.path().join(number.get().to_string());
        Arc::new(LocalTransport::open(&folder, MailIdentity::new(Some("Kit"), "kit@example.org").unwrap()).unwrap())
    };
    let report = transport_suite(make, Some("kit@example.org"));
    assert!(report.is_sound(), "{report}");
}

#[test]
fn the_suite_notices_a_transport_that_lies() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    for method in ["begin", "finish", "poll", "receive", "read"] {
        let make = || {
            number.set(number.get() + 1);
            let folder = folder.path().join(number.get().to_string());
            let identity = MailIdentity::new(Some("Kit"), "kit@example.org").unwrap();
            let transport = Faulty::new(LocalTransport::open(&folder, identity).unwrap());
            transport.faults.schedule(Some(method), Trigger::Every, Fault::Garbage);
            Arc::new(transport)
        };
        let report = transport_suite(make, Some("kit@example.org"));
        assert!(!report.is_sound(), "garbage from {method} went unnoticed");
    }
}
