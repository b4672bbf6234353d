//! What the host reads: archives, expressions, store files.

use mapi_session::archive::Archive;
use mapi_session::backend::{FeedCursor, Objects, ScanFrom, ScanKind, ScanRequest, Scope, Store, Want};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::expression::{parse, parse_property, restriction_from_json, restriction_to_json};
use mapi_session::properties::{PropTag, tags};
use std::io::{Seek, Write};
use tempfile::{NamedTempFile, TempDir};

thread_local! {
    /// A file written anew for each run.
    static ARCHIVE: NamedTempFile = NamedTempFile::new().unwrap();
    /// A store file that is damaged in each run, and the damage.
    static STORE: Damaged = Damaged::new();
}

/// An archive of any kind, packed or not: every message of it, or an error that names the place.
pub fn archives(bytes: &[u8]) {
    ARCHIVE.with(|file| {
        let mut writer = file.as_file();
        writer.set_len(0).unwrap();
        writer.rewind().unwrap();
        writer.write_all(bytes).unwrap();
        let Ok(mut archive) = Archive::open(file.path(), None) else { return };
        let mut piece = Vec::new();
        let mut numbers = 0..;
        while let Ok(Some(message)) = archive.next_message() {
            assert_eq!(Some(message.ordinal), numbers.next());
            // What is packed small may be large; memory stays bounded, time need not be spent.
            let mut read = 0;
            while read < 1 << 20 && archive.read_piece(&mut piece).unwrap_or(false) {
                read += piece.len();
            }
            if message.ordinal > 1_000 {
                break;
            }
        }
        assert!(archive.bytes_read() <= archive.size());
    });
}

/// A restriction in words: its JSON means the same.
pub fn expressions(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text) {
        Ok(restriction) => {
            let json = restriction_to_json(&restriction);
            let read = restriction_from_json(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
            // As text, since NaN differs from itself.
            assert_eq!(format!("{read:?}"), format!("{restriction:?}"));
        }
        Err(error) => {
            assert!(error.column <= text.chars().count());
            let _shown = error.pointing_at(&text);
        }
    }
    let _property = parse_property(&text);
}

/// A restriction in JSON.
pub fn json_restrictions(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice(bytes) else { return };
    if let Ok(restriction) = restriction_from_json(&json) {
        let again = restriction_from_json(&restriction_to_json(&restriction)).unwrap();
        assert_eq!(format!("{again:?}"), format!("{restriction:?}"));
    }
}

struct Damaged {
    store: SqliteStore,
    other: rusqlite::Connection,
    _folder: TempDir,
}

impl Damaged {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.mapi");
        let store = SqliteStore::open(&path, Access::Create).unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        // What is written here need not outlive anything.
        other.pragma_update(None, "synchronous", "OFF").unwrap();
        Self { store, other, _folder: folder }
    }

    fn read_properties(&self, bag: &[u8], late: Option<&[u8]>) {
        self.other.execute("UPDATE bags SET props = ? WHERE id = 2", [bag]).unwrap();
        self.other.execute("UPDATE objects SET late = ? WHERE id = 2", [late]).unwrap();
        let root = self.store.identity().root;
        let _read = (
            self.store.read(&root, Want::All, 4096),
            self.store.read(&root, Want::Tags(&[tags::DISPLAY_NAME, PropTag(0x0037_0000)]), 1),
            self.store.list_tags(&root),
            self.store.read_rows(std::slice::from_ref(&root), &[tags::DISPLAY_NAME, tags::SUBJECT], 255),
            self.store.read_range(&root, tags::DISPLAY_NAME, 1, 10),
            self.store.check(false),
        );
    }
}

/// The stored properties of an object, as its bag, as what changed since, and as both: read, or the store is damaged.
pub fn sqlite_properties(bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (bag, late) in [(bytes, None), (&[][..], Some(bytes)), (first, Some(second))] {
        STORE.with(|damaged| damaged.read_properties(bag, late));
    }
}

/// A cursor of the change feed that the store never gave out.
pub fn sqlite_cursors(bytes: &[u8]) {
    STORE.with(|damaged| {
        let _page = damaged.store.changes(&FeedCursor(bytes.to_vec()), 10);
        let Some((position, _)) = bytes.split_first_chunk::<8>() else { return };
        let request = ScanRequest {
            scope: &Scope::One(damaged.store.identity().root),
            kind: ScanKind::Contents,
            columns: &[tags::SUBJECT],
            cell_limit: 0,
            filters: &[],
            order: &[],
            from: ScanFrom::Position(u64::from_be_bytes(*position)),
            backwards: bytes.len() % 2 == 1,
            max: 10,
        };
        let _page = damaged.store.scan(&request);
    });
}
