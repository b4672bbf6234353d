//! A plugin: counts the unread messages of the Inbox by sender, and sends the digest to the addresses given.

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
        path: ["../../../../wit", "../../wit"],
        world: "mapi:plugin/plugin",
        generate_all,
        pub_export_macro: false,
    });
}

#[cfg(target_family = "wasm")]
#[path = "../../mailbox.rs"]
mod mailbox;

#[cfg(target_family = "wasm")]
mod digest;
