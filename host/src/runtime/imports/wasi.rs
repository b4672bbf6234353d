//! The standard imports: clocks and random bytes. Of their interfaces the component uses just these
//! functions; nothing else of WASI exists for it.

use crate::runtime::state::HostState;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

/// `wasi:clocks/wall-clock.datetime`.
#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Random bytes one call may ask for.
const MOST_RANDOM: u64 = 1 << 20;

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let mut wall = linker.instance("wasi:clocks/wall-clock@0.2.6")?;
    wall.func_wrap("now", |_: StoreContextMut<'_, HostState>, (): ()| {
        // A clock before 1970 reads as 1970.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok((Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() },))
    })?;
    wall.func_wrap("resolution", |_: StoreContextMut<'_, HostState>, (): ()| Ok((Datetime { seconds: 0, nanoseconds: 100 },)))?;

    let mut monotonic = linker.instance("wasi:clocks/monotonic-clock@0.2.6")?;
    monotonic.func_wrap("now", |store: StoreContextMut<'_, HostState>, (): ()| {
        Ok((u64::try_from(store.data().started.elapsed().as_nanos()).unwrap_or(u64::MAX),))
    })?;
    monotonic.func_wrap("resolution", |_: StoreContextMut<'_, HostState>, (): ()| Ok((1_u64,)))?;

    let mut random = linker.instance("wasi:random/random@0.2.6")?;
    random.func_wrap("get-random-bytes", |_: StoreContextMut<'_, HostState>, (length,): (u64,)| {
        if length > MOST_RANDOM {
            return Err(wasmtime::format_err!("{length} random bytes asked for at once"));
        }
        let mut bytes = vec![0; usize::try_from(length)?];
        getrandom::fill(&mut bytes)?;
        Ok((bytes,))
    })?;
    random.func_wrap("get-random-u64", |_: StoreContextMut<'_, HostState>, (): ()| Ok((getrandom::u64()?,)))?;
    Ok(())
}
