//! Profile storage that lives as long as it is held (`profiles` 7).

use super::lock;
use crate::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use crate::error::{Code, Failure, Result};
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Debug)]
struct Profile {
    name: String,
    bytes: Vec<u8>,
    version: u64,
    secrets: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Default)]
struct State {
    /// By creation.
    profiles: Vec<Profile>,
    default: Option<String>,
    /// Rises with every write, so that a name created again never has a version it had before.
    last_version: u64,
    leases: BTreeMap<u64, String>,
    last_lease: u64,
}

/// Profiles in memory. Secrets are as safe as the process.
#[derive(Debug, Default)]
pub struct MemoryProfiles(Mutex<State>);

impl State {
    fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }

    fn position(&self, name: &str) -> Result<usize> {
        self.profiles
            .iter()
            .position(|profile| profile.name == name)
            .ok_or_else(|| Failure::not_found(format!("there is no profile named {name:?}")))
    }

    fn position_at(&self, name: &str, expected: u64) -> Result<usize> {
        let position = self.position(name)?;
        if self.profiles[position].version == expected { Ok(position) } else { Err(changed(name)) }
    }
}

fn changed(name: &str) -> Failure {
    Failure::new(Code::ObjectChanged, format!("profile {name:?} was changed by someone else; read it again"))
}

impl ProfileStorage for MemoryProfiles {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        let state = lock(&self.0);
        Ok(state.profiles.iter().map(|profile| ProfileEntry { name: profile.name.clone(), version: profile.version }).collect())
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        let state = lock(&self.0);
        let profile = &state.profiles[state.position(name)?];
        Ok(LoadedProfile { bytes: profile.bytes.clone(), version: profile.version })
    }

    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64> {
        let mut state = lock(&self.0);
        if expected == 0 {
            if state.position(name).is_ok() {
                return Err(changed(name));
            }
            let version = state.next_version();
            state.profiles.push(Profile { name: name.to_owned(), bytes: bytes.to_vec(), version, secrets: BTreeMap::new() });
            return Ok(version);
        }
        let Ok(position) = state.position_at(name, expected) else { return Err(changed(name)) };
        let version = state.next_version();
        let profile = &mut state.profiles[position];
        profile.bytes = bytes.to_vec();
        profile.version = version;
        Ok(version)
    }

    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64> {
        let mut state = lock(&self.0);
        let Ok(position) = state.position_at(name, expected) else { return Err(changed(name)) };
        if name != new_name && state.position(new_name).is_ok() {
            return Err(Failure::new(Code::Collision, format!("there is a profile named {new_name:?} already")));
        }
        let version = state.next_version();
        let profile = &mut state.profiles[position];
        new_name.clone_into(&mut profile.name);
        profile.version = version;
        if state.default.as_deref() == Some(name) {
            state.default = Some(new_name.to_owned());
        }
        for held in state.leases.values_mut().filter(|held| *held == name) {
            new_name.clone_into(held);
        }
        Ok(version)
    }

    fn delete(&self, name: &str, expected: u64) -> Result<()> {
        let mut state = lock(&self.0);
        let position = state.position_at(name, expected)?;
        state.profiles.remove(position);
        if state.default.as_deref() == Some(name) {
            state.default = None;
        }
        Ok(())
    }

    fn default_name(&self) -> Result<Option<String>> {
        Ok(lock(&self.0).default.clone())
    }

    fn set_default_name(&self, name: Option<&str>) -> Result<()> {
        let mut state = lock(&self.0);
        if let Some(name) = name {
            state.position(name)?;
        }
        state.default = name.map(str::to_owned);
        Ok(())
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let state = lock(&self.0);
        let position = state.position(profile)?;
        Ok(state.profiles[position].secrets.get(key).cloned())
    }

    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()> {
        let mut state = lock(&self.0);
        let position = state.position(profile)?;
        let secrets = &mut state.profiles[position].secrets;
        match value {
            Some(value) => secrets.insert(key.to_owned(), value.to_vec()),
            None => secrets.remove(key),
        };
        Ok(())
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        let mut state = lock(&self.0);
        state.position(name)?;
        state.last_lease += 1;
        let lease = state.last_lease;
        state.leases.insert(lease, name.to_owned());
        Ok(lease)
    }

    fn release_lease(&self, lease: u64) {
        lock(&self.0).leases.remove(&lease);
    }

    fn leases(&self, name: &str) -> Result<u32> {
        let held = lock(&self.0).leases.values().filter(|held| *held == name).count();
        Ok(u32::try_from(held).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_needs_the_version_it_was_read_at() {
        let profiles = MemoryProfiles::default();
        let first = profiles.replace("a", b"1", 0).unwrap();
        let second = profiles.replace("a", b"2", first).unwrap();
        assert_eq!(profiles.replace("a", b"3", first).unwrap_err().code(), Code::ObjectChanged);
        assert_eq!(profiles.replace("a", b"3", 0).unwrap_err().code(), Code::ObjectChanged);
        assert_eq!(profiles.load("a").unwrap(), LoadedProfile { bytes: b"2".to_vec(), version: second });
    }

    #[test]
    fn a_renamed_profile_keeps_its_place_its_secrets_and_the_default_mark() {
        let profiles = MemoryProfiles::default();
        let first = profiles.replace("a", b"", 0).unwrap();
        profiles.replace("b", b"", 0).unwrap();
        profiles.set_secret("a", "key", Some(b"secret")).unwrap();
        profiles.set_default_name(Some("a")).unwrap();
        assert_eq!(profiles.rename("a", "b", first).unwrap_err().code(), Code::Collision);
        profiles.rename("a", "c", first).unwrap();
        let names: Vec<_> = profiles.list().unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["c", "b"]);
        assert_eq!(profiles.secret("c", "key").unwrap().as_deref(), Some(b"secret".as_slice()));
        assert_eq!(profiles.default_name().unwrap().as_deref(), Some("c"));
    }

    #[test]
    fn a_name_used_again_has_no_secrets_and_another_version() {
        let profiles = MemoryProfiles::default();
        let first = profiles.replace("a", b"", 0).unwrap();
        profiles.set_secret("a", "key", Some(b"secret")).unwrap();
        profiles.delete("a", first).unwrap();
        assert_ne!(profiles.replace("a", b"", 0).unwrap(), first);
        assert_eq!(profiles.secret("a", "key").unwrap(), None);
    }
}
