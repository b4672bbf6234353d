//! The exports of the component, looked up in an instance when they are first called.
//!
//! That checks the type of each, which takes longer than everything else there is to an instance. What opens a
//! subsystem needs only a few of them.

use crate::runtime::state::HostState;
use crate::runtime::world::exports::mapi::session::sessions;
use crate::runtime::world::{Session, SessionIndices};
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

/// The component, ready to be instantiated, and where its exports are.
pub(crate) struct Prepared {
    pre: InstancePre<HostState>,
    all: SessionIndices,
    sessions: sessions::GuestIndices,
}

impl Prepared {
    pub(crate) fn new(pre: InstancePre<HostState>) -> wasmtime::Result<Self> {
        Ok(Self { all: SessionIndices::new(&pre)?, sessions: sessions::GuestIndices::new(&pre)?, pre })
    }

    pub(crate) fn component(&self) -> &Component {
        self.pre.component()
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<HostState>) -> wasmtime::Result<Instance> {
        self.pre.instantiate_async(store).await
    }

    /// All exports of an instance.
    pub(crate) fn exports(&self, store: &mut Store<HostState>, instance: &Instance) -> wasmtime::Result<Session> {
        self.all.load(store, instance)
    }

    /// Those of the interface `sessions`.
    pub(crate) fn sessions(&self, store: &mut Store<HostState>, instance: &Instance) -> wasmtime::Result<sessions::Guest> {
        self.sessions.load(store, instance)
    }
}
