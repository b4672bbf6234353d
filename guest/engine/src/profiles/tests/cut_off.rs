//! A process that ends between any two calls of the storage leaves the old profiles or the new ones, never half of
//! one (`profiles` 7).

use super::*;
use crate::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use crate::error::Failure;
use crate::memory::MemoryProfiles;
use crate::profiles::Profiles;
use crate::session::Alive;
use std::cell::Cell;

/// A storage whose process ends before the call of that number.
struct Mortal {
    storage: Arc<MemoryProfiles>,
    left: Cell<u32>,
    leases: Cell<u64>,
}

impl Mortal {
    fn live(&self) -> Result<()> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Failure::new(Code::CallFailed, "the process has ended")),
        }
    }
}

impl ProfileStorage for Mortal {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        self.storage.list()
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        self.storage.load(name)
    }

    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64> {
        self.live()?;
        self.storage.replace(name, bytes, expected)
    }

    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64> {
        self.live()?;
        self.storage.rename(name, new_name, expected)
    }

    fn delete(&self, name: &str, expected: u64) -> Result<()> {
        self.live()?;
        self.storage.delete(name, expected)
    }

    fn default_name(&self) -> Result<Option<String>> {
        self.storage.default_name()
    }

    fn set_default_name(&self, name: Option<&str>) -> Result<()> {
        self.live()?;
        self.storage.set_default_name(name)
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.storage.secret(profile, key)
    }

    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()> {
        self.live()?;
        self.storage.set_secret(profile, key, value)
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        self.live()?;
        let lease = self.storage.acquire_lease(name)?;
        self.leases.set(lease);
        Ok(lease)
    }

    fn release_lease(&self, lease: u64) {
        if self.left.get() > 0 {
            self.storage.release_lease(lease);
        }
    }

    fn leases(&self, name: &str) -> Result<u32> {
        self.storage.leases(name)
    }
}

#[test]
fn a_profile_is_copied_whole_or_not_at_all_wherever_the_process_ends() {
    let mut outcomes = Vec::new();
    for calls in 0.. {
        let fixture = fixture();
        let work = fixture.services("Work");
        add(&work, "pair");
        let keys = providers(&work);
        keys.iter().for_each(|uid| fill(&work, *uid, "kept"));
        let storage = Arc::clone(&fixture.host.profiles);
        let mortal = Rc::new(Mortal { storage: Arc::clone(&storage), left: Cell::new(calls), leases: Cell::new(0) });
        let profiles = Profiles::over(&fixture.host, mortal.clone());
        let copied = ProfAdmin::new(profiles, Alive::new()).copy_profile("Work", None, "Copy", 0, 0).is_ok();
        // What died holds no leases.
        storage.release_lease(mortal.leases.get());
        let names = fixture.names();
        let is_there = names.contains(&text("Copy"));
        assert!(!copied || is_there, "what was reported is there");
        if is_there {
            let copy = fixture.services("Copy");
            keys.iter().for_each(|uid| assert_eq!(filled(&copy, *uid), [text("kept"), text("kept")], "{calls}"));
        } else {
            assert_eq!(code(fixture.subsystem.logon_ex(0, Some("Copy"), None, 0x22)), Code::LogonFailed);
            fixture.admin().create_profile("Copy", None, 0, 0).unwrap();
            assert_eq!(storage.secret("Copy", &crate::profiles::protected_key(keys[0], SECRET)).unwrap(), None);
        }
        outcomes.push(is_there);
        if copied && mortal.left.get() > 0 {
            break;
        }
    }
    assert!(outcomes.len() >= 5 && outcomes.is_sorted(), "{outcomes:?}");
}

#[test]
fn a_service_is_copied_whole_or_not_at_all_wherever_the_process_ends() {
    let mut outcomes = Vec::new();
    for calls in 0.. {
        let fixture = fixture();
        let work = fixture.services("Work");
        let service = add(&work, "pair");
        providers(&work).iter().for_each(|uid| fill(&work, *uid, "kept"));
        let storage = Arc::clone(&fixture.host.profiles);
        let mortal = Rc::new(Mortal { storage, left: Cell::new(calls), leases: Cell::new(0) });
        let profiles = Profiles::over(&fixture.host, mortal.clone());
        let [from, to] = ["Work", "Home"].map(|name| MsgServiceAdmin::new(Rc::clone(&profiles), name, Alive::new()));
        let copied = from.copy_msg_service(service, "", &to, 0, 0).is_ok();
        let home = fixture.services("Home");
        let copies = providers(&home);
        assert!(copies.is_empty() || copies.len() == 2, "{calls}");
        copies.iter().for_each(|uid| assert_eq!(filled(&home, *uid), [text("kept"), text("kept")], "{calls}"));
        assert!(!copied || !copies.is_empty(), "what was reported is there");
        outcomes.push(copied);
        if copied && mortal.left.get() > 0 {
            break;
        }
    }
    assert!(outcomes.len() >= 4 && outcomes.is_sorted(), "{outcomes:?}");
}
