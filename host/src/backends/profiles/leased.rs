//! The leases of one subsystem.

use mapi_engine::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use mapi_engine::error::Result;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A profile storage as one subsystem sees it: leases it has not given back end when this value is dropped,
/// also when the subsystem died. A host that serves many subsystems from one storage gives each its own.
#[derive(Debug)]
pub struct LeasedProfiles<T: ProfileStorage> {
    storage: T,
    held: Mutex<BTreeSet<u64>>,
}

impl<T: ProfileStorage> LeasedProfiles<T> {
    /// The storage for one subsystem.
    #[must_use]
    pub fn new(storage: T) -> Self {
        Self { storage, held: Mutex::default() }
    }
}

impl<T: ProfileStorage> Drop for LeasedProfiles<T> {
    fn drop(&mut self) {
        for lease in std::mem::take(self.held.get_mut().unwrap_or_else(PoisonError::into_inner)) {
            self.storage.release_lease(lease);
        }
    }
}

impl<T: ProfileStorage> ProfileStorage for LeasedProfiles<T> {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        self.storage.list()
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        self.storage.load(name)
    }

    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64> {
        self.storage.replace(name, bytes, expected)
    }

    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64> {
        self.storage.rename(name, new_name, expected)
    }

    fn delete(&self, name: &str, expected: u64) -> Result<()> {
        self.storage.delete(name, expected)
    }

    fn default_name(&self) -> Result<Option<String>> {
        self.storage.default_name()
    }

    fn set_default_name(&self, name: Option<&str>) -> Result<()> {
        self.storage.set_default_name(name)
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.storage.secret(profile, key)
    }

    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()> {
        self.storage.set_secret(profile, key, value)
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        let lease = self.storage.acquire_lease(name)?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(lease);
        Ok(lease)
    }

    fn release_lease(&self, lease: u64) {
        // Only its own: a subsystem cannot end another one's lease.
        if self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease) {
            self.storage.release_lease(lease);
        }
    }

    fn leases(&self, name: &str) -> Result<u32> {
        self.storage.leases(name)
    }
}
