//! Profile storage: bytes under names, with versions, protected values and leases. Profiles of others stay as they
//! are, so the storage need not be empty.

use crate::report::{Broken, Outcome, Report, caught, ensure, refused, same};
use mapi_engine::backend::ProfileStorage;
use mapi_engine::error::Code;

/// The checks: what must hold, and how it is looked at.
type Check = (&'static str, fn(&Storage<'_>) -> Outcome);

const CHECKS: &[Check] = &[
    ("a profile is what was written last", written),
    ("a profile is written only over the version that was read", versions),
    ("profiles are listed in the order of their creation, with their versions", listed),
    ("names are compared exactly", exact_names),
    ("bytes come back as they are, none or a mebibyte of them", sizes),
    ("a renamed profile keeps its place, its bytes and its protected values", renamed),
    ("a profile is renamed only from the version that was read, to a name nobody has", renaming_refused),
    ("a deleted profile takes its protected values along", deleted),
    ("a profile is deleted only at the version that was read", deletion_refused),
    ("the default profile is the one that was set", default_profile),
    ("protected values are kept by profile and key", secrets),
    ("leases are counted until they are given back", leases),
];

/// The storage, and what the names of a check begin with.
pub(crate) struct Storage<'a> {
    storage: &'a dyn ProfileStorage,
    prefix: &'a str,
}

impl Storage<'_> {
    fn name(&self, name: &str) -> String {
        format!("{} {name}", self.prefix)
    }

    fn make(&self, name: &str, bytes: &[u8]) -> Outcome<(String, u64)> {
        let name = self.name(name);
        let version = self.storage.replace(&name, bytes, 0)?;
        ensure(version != 0, || "version 0 means that there is no profile".to_owned())?;
        Ok((name, version))
    }

    fn is(&self, name: &str, bytes: &[u8], version: u64) -> Outcome {
        let loaded = self.storage.load(name)?;
        same("the bytes", loaded.bytes.as_slice(), bytes)?;
        same("the version", &loaded.version, &version)
    }

    /// The profiles of this check.
    fn list(&self) -> Outcome<Vec<(String, u64)>> {
        let all = self.storage.list()?.into_iter().filter(|entry| entry.name.starts_with(self.prefix));
        Ok(all.map(|entry| (entry.name, entry.version)).collect())
    }

    /// Removes what the check has left.
    fn clear(&self) -> Outcome {
        for (name, version) in self.list()? {
            self.storage.delete(&name, version)?;
        }
        Ok(())
    }
}

/// Runs every check. Names of profiles begin with `prefix`, which no other profile's name may do; what the checks made
/// is removed afterwards.
pub fn profile_storage_suite(storage: &dyn ProfileStorage, prefix: &str) -> Report {
    let mut report = Report::default();
    for (number, (name, check)) in CHECKS.iter().enumerate() {
        let prefix = format!("{prefix} {number}");
        report.note(name, caught(|| run(check, &Storage { storage, prefix: &prefix })));
    }
    report
}

fn run(check: &fn(&Storage<'_>) -> Outcome, storage: &Storage<'_>) -> Outcome {
    let outcome = check(storage);
    // What was found first is what is told.
    outcome.and(storage.clear())
}

/// The checks, for those who run them by name.
#[cfg(target_family = "wasm")]
pub(crate) mod named {
    use super::{CHECKS, Storage};
    use crate::report::Outcome;
    use mapi_engine::backend::ProfileStorage;

    pub(crate) fn all() -> Vec<&'static str> {
        CHECKS.iter().map(|(name, _)| *name).collect()
    }

    pub(crate) fn run(name: &str, storage: &dyn ProfileStorage, prefix: &str) -> Option<Outcome> {
        let (_, check) = CHECKS.iter().find(|(known, _)| *known == name)?;
        Some(super::run(check, &Storage { storage, prefix }))
    }
}

fn written(storage: &Storage<'_>) -> Outcome {
    let (name, first) = storage.make("Work", b"one")?;
    storage.is(&name, b"one", first)?;
    let second = storage.storage.replace(&name, b"two", first)?;
    ensure(second != first, || "the version stays when the bytes change".to_owned())?;
    storage.is(&name, b"two", second)?;
    refused("loading a profile there is not", storage.storage.load(&storage.name("Nobody")), Code::NotFound)
}

fn versions(storage: &Storage<'_>) -> Outcome {
    let (name, first) = storage.make("Work", b"one")?;
    let second = storage.storage.replace(&name, b"two", first)?;
    refused("creating what is there", storage.storage.replace(&name, b"new", 0), Code::ObjectChanged)?;
    refused("writing over a former version", storage.storage.replace(&name, b"late", first), Code::ObjectChanged)?;
    let never = storage.storage.replace(&storage.name("Nobody"), b"x", 1);
    ensure(never.is_err(), || "a profile that was not there was written over".to_owned())?;
    storage.is(&name, b"two", second)
}

fn listed(storage: &Storage<'_>) -> Outcome {
    let mut made = Vec::new();
    for name in ["Zoe", "Ann", "Mia"] {
        made.push(storage.make(name, name.as_bytes())?);
    }
    same("the profiles", &storage.list()?, &made)?;
    made[0].1 = storage.storage.replace(&made[0].0, b"again", made[0].1)?;
    same("the profiles after one was written again", &storage.list()?, &made)
}

fn exact_names(storage: &Storage<'_>) -> Outcome {
    let mut made = Vec::new();
    for name in ["work", "Work", "work ", "wörk", "wo\u{308}rk"] {
        let (full, version) = storage.make(name, name.as_bytes())?;
        made.push((full, version, name));
    }
    for (full, version, name) in made {
        storage.is(&full, name.as_bytes(), version)?;
    }
    Ok(())
}

fn sizes(storage: &Storage<'_>) -> Outcome {
    let all: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    for (name, bytes) in [("empty", &[][..]), ("long", &all)] {
        let (name, version) = storage.make(name, bytes)?;
        storage.is(&name, bytes, version)?;
    }
    Ok(())
}

fn renamed(storage: &Storage<'_>) -> Outcome {
    let (old, version) = storage.make("Old", b"kept")?;
    let (other, of_other) = storage.make("Other", b"")?;
    storage.storage.set_secret(&old, "key", Some(b"secret"))?;
    let new = storage.name("New");
    let renamed = storage.storage.rename(&old, &new, version)?;
    storage.is(&new, b"kept", renamed)?;
    refused("loading by the former name", storage.storage.load(&old), Code::NotFound)?;
    same("the profiles", &storage.list()?, &vec![(new.clone(), renamed), (other, of_other)])?;
    same("the protected value", &storage.storage.secret(&new, "key")?, &Some(b"secret".to_vec()))
}

fn renaming_refused(storage: &Storage<'_>) -> Outcome {
    let (one, first) = storage.make("One", b"1")?;
    let (two, of_two) = storage.make("Two", b"2")?;
    let second = storage.storage.replace(&one, b"one", first)?;
    let free = storage.name("Free");
    refused("renaming a former version", storage.storage.rename(&one, &free, first), Code::ObjectChanged)?;
    refused("renaming to a name in use", storage.storage.rename(&one, &two, second), Code::Collision)?;
    storage.is(&one, b"one", second)?;
    storage.is(&two, b"2", of_two)
}

fn deleted(storage: &Storage<'_>) -> Outcome {
    let (name, version) = storage.make("Work", b"old")?;
    storage.storage.set_secret(&name, "key", Some(b"secret"))?;
    storage.storage.delete(&name, version)?;
    refused("loading what was deleted", storage.storage.load(&name), Code::NotFound)?;
    same("the profiles", &storage.list()?, &Vec::new())?;
    let (name, _) = storage.make("Work", b"new")?;
    same("the protected value of its successor", &storage.storage.secret(&name, "key")?, &None)
}

fn deletion_refused(storage: &Storage<'_>) -> Outcome {
    let (name, first) = storage.make("Work", b"one")?;
    let second = storage.storage.replace(&name, b"two", first)?;
    refused("deleting a former version", storage.storage.delete(&name, first), Code::ObjectChanged)?;
    refused("deleting what is not there", storage.storage.delete(&storage.name("Nobody"), 1), Code::NotFound)?;
    storage.is(&name, b"two", second)
}

fn default_profile(storage: &Storage<'_>) -> Outcome {
    let before = storage.storage.default_name()?;
    let (name, _) = storage.make("Work", b"")?;
    storage.storage.set_default_name(Some(&name))?;
    let set = storage.storage.default_name()?;
    storage.storage.set_default_name(None)?;
    let cleared = storage.storage.default_name()?;
    storage.storage.set_default_name(before.as_deref())?;
    same("the default profile", &set, &Some(name))?;
    same("the default profile when there is none", &cleared, &None)?;
    same("the default profile there was before", &storage.storage.default_name()?, &before)
}

fn secrets(storage: &Storage<'_>) -> Outcome {
    let (one, _) = storage.make("One", b"")?;
    let (two, _) = storage.make("Two", b"")?;
    let secret = |profile: &str, key: &str| storage.storage.secret(profile, key).map_err(Broken::from);
    same("a value nobody set", &secret(&one, "a")?, &None)?;
    storage.storage.set_secret(&one, "a", Some(b"first"))?;
    storage.storage.set_secret(&one, "b", Some(b""))?;
    storage.storage.set_secret(&two, "a", Some(&[0, 255]))?;
    storage.storage.set_secret(&one, "a", Some(b"second"))?;
    same("a value set twice", &secret(&one, "a")?, &Some(b"second".to_vec()))?;
    same("an empty value", &secret(&one, "b")?, &Some(Vec::new()))?;
    same("the value of another profile", &secret(&two, "a")?, &Some(vec![0, 255]))?;
    storage.storage.set_secret(&one, "a", None)?;
    same("a value that was taken away", &secret(&one, "a")?, &None)?;
    same("the value of another profile afterwards", &secret(&two, "a")?, &Some(vec![0, 255]))
}

fn leases(storage: &Storage<'_>) -> Outcome {
    let (name, _) = storage.make("Work", b"")?;
    let (other, _) = storage.make("Other", b"")?;
    let first = match storage.storage.acquire_lease(&name) {
        Err(failure) if failure.code() == Code::NoSupport => {
            return refused("counting leases there are not", storage.storage.leases(&name), Code::NoSupport);
        }
        first => first?,
    };
    let second = storage.storage.acquire_lease(&name)?;
    let both = storage.storage.leases(&name)?;
    let of_other = storage.storage.leases(&other)?;
    storage.storage.release_lease(first);
    let one = storage.storage.leases(&name)?;
    storage.storage.release_lease(second);
    same("leases of two holders, of another profile, and after one was given back", &[both, of_other, one], &[2, 0, 1])?;
    same("leases in the end", &storage.storage.leases(&name)?, &0)
}
