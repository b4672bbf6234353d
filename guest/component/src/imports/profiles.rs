//! Profile storage.

use crate::world::mapi::session::profile_storage;
use mapi_engine::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use mapi_engine::error::Result;

/// The profile storage of the host.
pub(crate) struct ImportedProfiles;

impl ProfileStorage for ImportedProfiles {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        let entries = profile_storage::list_profiles()?;
        Ok(entries.into_iter().map(|entry| ProfileEntry { name: entry.name, version: entry.version }).collect())
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        let loaded = profile_storage::load(name)?;
        Ok(LoadedProfile { bytes: loaded.bytes, version: loaded.version })
    }

    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64> {
        Ok(profile_storage::replace(name, bytes, expected)?)
    }

    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64> {
        Ok(profile_storage::rename(name, new_name, expected)?)
    }

    fn delete(&self, name: &str, expected: u64) -> Result<()> {
        Ok(profile_storage::delete(name, expected)?)
    }

    fn default_name(&self) -> Result<Option<String>> {
        Ok(profile_storage::default_name()?)
    }

    fn set_default_name(&self, name: Option<&str>) -> Result<()> {
        Ok(profile_storage::set_default_name(name)?)
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(profile_storage::secret(profile, key)?)
    }

    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()> {
        Ok(profile_storage::set_secret(profile, key, value)?)
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        Ok(profile_storage::acquire_lease(name)?)
    }

    fn release_lease(&self, lease: u64) {
        profile_storage::release_lease(lease);
    }

    fn leases(&self, name: &str) -> Result<u32> {
        Ok(profile_storage::leases(name)?)
    }
}
