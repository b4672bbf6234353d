//! The world, as the component runtime's bindings have it. Private: what is public is promised by the
//! typed objects.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated")]

/// The standard interfaces, of which [`crate::runtime::imports`] links single functions by hand: nothing here.
pub mod standard {
    use wasmtime::component::{HasData, Linker};

    pub trait Host {}
    impl<T: ?Sized> Host for T {}

    pub trait HostWithStore<T>: HasData {}
    impl<T, D: HasData + ?Sized> HostWithStore<T> for D {}

    pub fn add_to_linker<T: 'static, D: HasData>(
        _linker: &mut Linker<T>,
        _getter: fn(&mut T) -> D::Data<'_>,
    ) -> wasmtime::Result<()> {
        Ok(())
    }
}

wasmtime::component::bindgen!({
    path: "wit",
    world: "session",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:io/poll": crate::runtime::world::standard,
        "wasi:clocks/wall-clock": crate::runtime::world::standard,
        "wasi:clocks/monotonic-clock": crate::runtime::world::standard,
        "wasi:random/random": crate::runtime::world::standard,
        "mapi:session/store-backend.store": crate::runtime::imports::StoreHandle,
        "mapi:session/address-book-backend.address-book": crate::runtime::imports::AddressBookHandle,
        "mapi:session/transport-backend.transport": crate::runtime::imports::TransportHandle,
        "mapi:session/transport-backend.hook": crate::runtime::imports::HookHandle,
    },
    trappable_error_type: { "mapi:session/types.failure" => mapi_engine::error::Failure },
    require_store_data_send: true,
});
