//! The conformance kit of backends: what the imports of the world promise, as checks that every implementation
//! passes.
//!
//! In Rust a backend author calls [`store_suite`] with a way to make an empty store, and [`durable_suite`] with a
//! way to open the same store again and again; [`address_book_suite`], [`transport_suite`] and
//! [`profile_storage_suite`] check the other imports:
//!
//! ```
//! use mapi_backend_kit::store_suite;
//! use mapi_engine::memory::MemoryStore;
//! use mapi_engine::properties::Guid;
//! use std::sync::Arc;
//!
//! let report = store_suite(|| Arc::new(MemoryStore::new(Guid([1; 16]), "example")));
//! assert!(report.is_sound(), "{report}");
//! ```
//!
//! In every other language he runs the same checks out of the component this crate is built to
//! (`wit/kit.wit`): it is linked with his backends like a session.
//!
//! Checks look only at what the traits of `mapi_engine::backend` promise. What a backend does not claim
//! (soft deletion, a feed, an exact answer) is not asked of it; what it claims is compared with a naive
//! evaluation of the same rows.

mod address_books;
pub mod dice;
mod profiles;
mod report;
mod stores;
mod transports;

#[cfg(target_family = "wasm")]
mod component;

#[cfg(target_family = "wasm")]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    clippy::allow_attributes_without_reason,
    reason = "generated from the world"
)]
mod world {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "mapi:backend-kit/backend-kit",
        generate_all,
        pub_export_macro: false,
    });
}

/// The engine's traits over the imports, as the session has them.
#[cfg(target_family = "wasm")]
#[allow(dead_code, reason = "a session asks for more than backends")]
#[path = "../../../guest/component/src/imports/mod.rs"]
mod imports;

#[cfg(target_family = "wasm")]
#[allow(dead_code, unused_imports, reason = "a session has exports beside")]
#[path = "../../../guest/component/src/types/mod.rs"]
mod types;

/// Faster and smaller than the allocator of the standard library for this target.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub use address_books::address_book_suite;
pub use profiles::profile_storage_suite;
pub use report::Report;
pub use stores::{SharedStore, durable_suite, store_suite};
pub use transports::transport_suite;
