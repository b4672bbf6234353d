//! The promises of [`ProfileStorage`], kept by the file.

use super::*;

fn storage(folder: &Path) -> SqliteProfiles {
    SqliteProfiles::open(folder, StorageKey::from_bytes([9; 32])).unwrap()
}

fn names(storage: &SqliteProfiles) -> Vec<String> {
    storage.list().unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn a_replacement_needs_the_version_it_was_read_at() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = storage(folder.path());
    let first = profiles.replace("a", b"1", 0).unwrap();
    let second = profiles.replace("a", b"2", first).unwrap();
    assert_eq!(profiles.replace("a", b"3", first).unwrap_err().code(), Code::ObjectChanged);
    assert_eq!(profiles.replace("a", b"3", 0).unwrap_err().code(), Code::ObjectChanged);
    assert_eq!(profiles.load("a").unwrap(), LoadedProfile { bytes: b"2".to_vec(), version: second });
    assert_eq!(profiles.load("b").unwrap_err().code(), Code::NotFound);
}

#[test]
fn profiles_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let version = storage(folder.path()).replace("a", b"1", 0).unwrap();
    let again = storage(folder.path());
    assert_eq!(again.list().unwrap(), [ProfileEntry { name: "a".into(), version }]);
}

#[test]
fn a_renamed_profile_keeps_its_place_its_secrets_and_the_default_mark() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = storage(folder.path());
    let first = profiles.replace("a", b"", 0).unwrap();
    profiles.replace("b", b"", 0).unwrap();
    profiles.set_secret("a", "key", Some(b"secret")).unwrap();
    profiles.set_default_name(Some("a")).unwrap();
    assert_eq!(profiles.rename("a", "b", first).unwrap_err().code(), Code::Collision);
    profiles.rename("a", "c", first).unwrap();
    assert_eq!(names(&profiles), ["c", "b"]);
    assert_eq!(profiles.secret("c", "key").unwrap().as_deref(), Some(b"secret".as_slice()));
    assert_eq!(profiles.default_name().unwrap().as_deref(), Some("c"));
}

#[test]
fn a_deleted_profile_takes_its_secrets_and_the_default_mark_along() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = storage(folder.path());
    let first = profiles.replace("a", b"", 0).unwrap();
    profiles.set_secret("a", "key", Some(b"secret")).unwrap();
    profiles.set_default_name(Some("a")).unwrap();
    profiles.delete("a", first).unwrap();
    assert_eq!(profiles.delete("a", first).unwrap_err().code(), Code::NotFound);
    assert_eq!(profiles.default_name().unwrap(), None);
    let again = profiles.replace("a", b"", 0).unwrap();
    assert_ne!(again, first);
    assert_eq!(profiles.secret("a", "key").unwrap(), None);
}

#[test]
fn secrets_are_not_readable_in_the_file_nor_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = storage(folder.path());
    profiles.replace("a", b"", 0).unwrap();
    profiles.set_secret("a", "key", Some(b"correct horse battery")).unwrap();
    profiles.set_secret("a", "gone", Some(b"x")).unwrap();
    profiles.set_secret("a", "gone", None).unwrap();
    assert_eq!(profiles.secret("a", "gone").unwrap(), None);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(7).any(|window| window == b"correct"), "{}", path.display());
        }
    }
    drop(profiles);
    let other = SqliteProfiles::open(folder.path(), StorageKey::from_bytes([8; 32])).unwrap();
    let failure = other.secret("a", "key").unwrap_err();
    assert_eq!(failure.code(), Code::CorruptData);
}

#[test]
fn leases_are_counted_over_all_instances_that_live() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, other) = (storage(folder.path()), storage(folder.path()));
    ours.replace("a", b"", 0).unwrap();
    let lease = ours.acquire_lease("a").unwrap();
    other.acquire_lease("a").unwrap();
    assert_eq!(ours.leases("a").unwrap(), 2);
    other.release_lease(lease);
    assert_eq!(ours.leases("a").unwrap(), 2, "a lease is given back by its holder only");
    drop(other);
    assert_eq!(ours.leases("a").unwrap(), 1);
    ours.release_lease(lease);
    assert_eq!(ours.leases("a").unwrap(), 0);
    assert_eq!(ours.acquire_lease("b").unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_folder_is_opened_once_in_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = SqliteProfiles::in_folder(&data).unwrap();
    let second = SqliteProfiles::in_folder(&data).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(data.join("profiles.key").exists());
}
