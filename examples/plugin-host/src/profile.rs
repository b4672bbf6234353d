//! The profile storage of a plugin: one profile, which it cannot change.

use mapi_session::SharedProfileStorage;
use mapi_session::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use mapi_session::error::{Code, Failure, Result};
use std::sync::Arc;

/// One profile of another storage.
pub(crate) struct OneProfile {
    all: Arc<SharedProfileStorage>,
    name: String,
    /// Whether its protected values are there: the credentials of transports.
    secrets: bool,
}

impl OneProfile {
    pub(crate) fn new(all: Arc<SharedProfileStorage>, name: String, secrets: bool) -> Self {
        Self { all, name, secrets }
    }

    fn is_granted(&self, name: &str) -> Result<()> {
        if name == self.name { Ok(()) } else { Err(Failure::not_found("the plugin has no such profile")) }
    }
}

fn fixed<T>() -> Result<T> {
    Err(Failure::new(Code::NoAccess, "the plugin is not granted to change profiles"))
}

impl ProfileStorage for OneProfile {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        Ok(self.all.list()?.into_iter().filter(|profile| profile.name == self.name).collect())
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        self.is_granted(name)?;
        self.all.load(name)
    }

    fn replace(&self, _: &str, _: &[u8], _: u64) -> Result<u64> {
        fixed()
    }

    fn rename(&self, _: &str, _: &str, _: u64) -> Result<u64> {
        fixed()
    }

    fn delete(&self, _: &str, _: u64) -> Result<()> {
        fixed()
    }

    fn default_name(&self) -> Result<Option<String>> {
        Ok(Some(self.name.clone()))
    }

    fn set_default_name(&self, _: Option<&str>) -> Result<()> {
        fixed()
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.is_granted(profile)?;
        if self.secrets { self.all.secret(profile, key) } else { Ok(None) }
    }

    fn set_secret(&self, _: &str, _: &str, _: Option<&[u8]>) -> Result<()> {
        fixed()
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        self.is_granted(name)?;
        self.all.acquire_lease(name)
    }

    fn release_lease(&self, lease: u64) {
        self.all.release_lease(lease);
    }

    fn leases(&self, name: &str) -> Result<u32> {
        self.is_granted(name)?;
        self.all.leases(name)
    }
}
