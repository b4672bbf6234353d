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

/// What can be told of the profiles: names, versions, contents, and a secret of each.
type Seen = (Vec<(String, u64, Vec<u8>, Option<Vec<u8>>)>, Option<String>);

fn seen(storage: &SqliteProfiles) -> Seen {
    let profiles = storage.list().unwrap().into_iter().map(|entry| {
        let loaded = storage.load(&entry.name).unwrap();
        assert_eq!(loaded.version, entry.version);
        let secret = storage.secret(&entry.name, "key").unwrap();
        (entry.name, entry.version, loaded.bytes, secret)
    });
    (profiles.collect(), storage.default_name().unwrap())
}

/// A name for one write, and the write.
type Write = (&'static str, fn(&SqliteProfiles));

#[test]
fn a_write_cut_off_at_any_byte_leaves_the_old_state_or_the_new_one() {
    const WRITES: [Write; 6] = [
        ("replace", |profiles| {
            let version = profiles.load("a").unwrap().version;
            profiles.replace("a", &[2; 9000], version).unwrap();
        }),
        ("create", |profiles| {
            profiles.replace("c", b"new", 0).unwrap();
        }),
        ("rename", |profiles| {
            let version = profiles.load("a").unwrap().version;
            profiles.rename("a", "z", version).unwrap();
        }),
        ("delete", |profiles| {
            let version = profiles.load("a").unwrap().version;
            profiles.delete("a", version).unwrap();
        }),
        ("default", |profiles| profiles.set_default_name(Some("b")).unwrap()),
        ("secret", |profiles| profiles.set_secret("a", "key", Some(&[7; 100])).unwrap()),
    ];
    for (what, write) in WRITES {
        let folder = tempfile::tempdir().unwrap();
        let profiles = storage(folder.path());
        profiles.replace("a", &[1; 5000], 0).unwrap();
        profiles.replace("b", b"other", 0).unwrap();
        profiles.set_secret("a", "key", Some(b"first")).unwrap();
        profiles.set_default_name(Some("a")).unwrap();
        let (database, log) = (folder.path().join("profiles.sqlite"), folder.path().join("profiles.sqlite-wal"));
        let (old, file, before) = (seen(&profiles), std::fs::read(&database).unwrap(), std::fs::read(&log).unwrap());
        write(&profiles);
        let (new, after) = (seen(&profiles), std::fs::read(&log).unwrap());
        assert_eq!(std::fs::read(&database).unwrap(), file, "{what}: the write is in the log alone");
        assert!(old != new && after.len() >= before.len(), "{what}");
        // Frames overwrite what an earlier round of the log left, or lengthen it: where the bytes first differ, the
        // write begins.
        let first = before.iter().zip(&after).position(|(one, other)| one != other).unwrap_or(before.len());
        let last = after.len().max(first);
        let near_an_edge = |at: usize| (at - first) % 4120 < 64 || last - at < 64;
        let mut outcomes = Vec::new();
        for cut in (first..=last).filter(|at| near_an_edge(*at) || at % 113 == 0) {
            let broken = tempfile::tempdir().unwrap();
            let mut bytes = after.get(..cut).unwrap_or(&after).to_vec();
            bytes.extend_from_slice(before.get(cut..).unwrap_or_default());
            std::fs::write(broken.path().join("profiles.sqlite"), &file).unwrap();
            std::fs::write(broken.path().join("profiles.sqlite-wal"), &bytes).unwrap();
            let found = seen(&storage(broken.path()));
            assert!(found == old || found == new, "{what}: cut at byte {cut} of {}: {found:?}", after.len());
            outcomes.push(found == new);
        }
        assert!(!outcomes[0] && outcomes.last() == Some(&true) && outcomes.is_sorted(), "{what}: {outcomes:?}");
    }
}
