//! The MAPI session engine as a WebAssembly component: translation between the world (`wit/`) and the
//! engine, and no logic.
//!
//! [`types`] translates what both sides of the world share, [`imports`] implements the engine's backend
//! traits over the imports, [`exports`] answers the world's calls with the engine's.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics"))]

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    clippy::allow_attributes_without_reason,
    reason = "generated from the world"
)]
mod world {
    wit_bindgen::generate!({ path: "../../wit", world: "session", generate_all, pub_export_macro: false });
}

mod exports;
mod imports;
mod types;

/// Faster and smaller than the allocator of the standard library for this target.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
