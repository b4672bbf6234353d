//! Every message of a real archive out of a store again (`messages` 10): byte for byte as it was received;
//! and, composed from what was stored of it, the same to Python's `email` package.
//!
//! The archive is the one of `mime_like_python`. Of the composed form every fifth message is compared, all of
//! them with `MAPI_SOAK` set. What may differ is listed message by message in [`ALLOWED`], with the reason;
//! the script has the two rules of structure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

#[path = "../python/reading.rs"]
#[allow(dead_code, reason = "another test compares field by field")]
mod reading;

use mapi_engine::backend::Environment;
use mapi_engine::entry_id::WrappedStoreId;
use mapi_engine::memory::{MemoryClock, MemoryLog, MemoryProgress, MemoryStore, SeededEntropy};
use mapi_engine::mime::{ComposeOptions, Exporter, Importer, MessageOptions, ReadOptions};
use mapi_engine::properties::{Guid, Value, tags};
use mapi_engine::session::Alive;
use mapi_engine::stores::{Connection, Folder, StoreObject, StoreOpening};
use mapi_session::archive::{Archive, ArchiveWriter, Envelope, WrittenKind};
use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

/// Differences that are right: Message-ID, what differs, why.
const ALLOWED: &[(&str, &str, &str)] = &[(
    "<80f7f6f4-22bf-7ece-2a6e-0ae34c493cd9@foss.st.com>",
    "content text/plain",
    "its text begins with a byte order mark, which is taken as one and not as text; Python keeps it as a character",
)];

/// Messages in one store at a time.
const BATCH: usize = 500;

/// A folder in a store in memory.
fn folder() -> (Rc<Connection>, Folder) {
    let environment = Environment {
        clock: Rc::<MemoryClock>::default(),
        entropy: Rc::new(SeededEntropy::new(1)),
        log: Rc::<MemoryLog>::default(),
        progress: Rc::new(MemoryProgress::default()),
    };
    let store = Arc::new(MemoryStore::new(Guid([7; 16]), "private"));
    let connection = Connection::new(Rc::new(store), environment).unwrap();
    let opening = StoreOpening {
        entry_id: WrappedStoreId::new("memory", b"private").unwrap(),
        writable: true,
        alive: Alive::new(),
        is_default: Rc::new(|| true),
        mail: None,
    };
    let store = StoreObject::open(connection.clone(), opening);
    let folder = store.root_folder().unwrap().create_folder(1, "f", None, None, 1).unwrap();
    (connection, folder)
}

/// Puts messages into a store and takes them out again.
fn through_a_store(messages: &[Vec<u8>], keep_original: bool, mut take: impl FnMut(usize, bool, Vec<u8>)) {
    let (connection, folder) = folder();
    let mut importer = Importer::new(connection, folder.object().clone(), true);
    for message in messages {
        let read = ReadOptions { keep_original, ..ReadOptions::default() };
        importer.begin(MessageOptions { read, ..MessageOptions::default() });
        importer.write(message).unwrap();
        importer.finish().unwrap();
    }
    importer.flush().unwrap();
    let table = folder.get_contents_table(0).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let rows = table.query_rows(i32::try_from(messages.len()).unwrap(), 0).unwrap();
    let entries = rows.into_iter().map(|row| match row.into_iter().next().map(|cell| cell.value) {
        Some(Value::Binary(entry_id)) => entry_id,
        other => panic!("no entry identifier: {other:?}"),
    });
    let mut exporter = Exporter::of_entries(&folder, entries.collect(), ComposeOptions::EXPORT);
    let mut number = 0;
    while let Some(message) = exporter.next_message().unwrap() {
        let mut bytes = Vec::new();
        loop {
            let piece = exporter.read(1 << 20).unwrap();
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
        }
        take(number, message.original, bytes);
        number += 1;
    }
    assert_eq!(number, messages.len());
}

/// The messages of an archive, in batches, every so many of them.
fn batches(archive: &Path, every: usize, mut each: impl FnMut(&[Vec<u8>])) -> usize {
    let mut archive = Archive::open(archive, None).unwrap();
    let (mut piece, mut batch, mut count) = (Vec::new(), Vec::new(), 0);
    while let Some(message) = archive.next_message().unwrap() {
        if !message.ordinal.is_multiple_of(every as u64) {
            continue;
        }
        let mut bytes = Vec::new();
        while archive.read_piece(&mut piece).unwrap() {
            bytes.extend_from_slice(&piece);
        }
        batch.push(bytes);
        count += 1;
        if batch.len() == BATCH {
            each(&batch);
            batch.clear();
        }
    }
    each(&batch);
    count
}

#[test]
fn every_message_is_given_back_byte_for_byte() {
    let Some(path) = reading::corpus() else { return };
    let count = batches(&path, 1, |messages| {
        through_a_store(messages, true, |number, original, bytes| {
            assert!(original && bytes == messages[number], "message {number} of its batch");
        });
    });
    println!("{count} messages given back as received");
}

#[test]
fn messages_composed_anew_read_like_the_received_ones() {
    let Some(path) = reading::corpus() else { return };
    let every = if std::env::var_os("MAPI_SOAK").is_some() { 1 } else { 5 };
    let folder = tempfile::tempdir().unwrap();
    let composed = folder.path().join("composed.mbox");
    let mut writer = ArchiveWriter::create(&composed, WrittenKind::Mbox, false).unwrap();
    batches(&path, every, |messages| {
        through_a_store(messages, false, |_, original, bytes| {
            assert!(!original);
            let longest = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
            assert!(longest <= Some(999) && bytes.is_ascii());
            writer.begin(&Envelope { network_line_ends: true, ..Envelope::default() }).unwrap();
            writer.write(&bytes).unwrap();
            writer.end().unwrap();
        });
    });
    writer.finish().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/compare_composed.py");
    let output = Command::new("python3").arg(script).args([&path, &composed]).arg(every.to_string()).output();
    let output = output.expect("python3 is needed to compare with");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = lines.pop().unwrap();
    let allowed = |line: &Json, what: &String| ALLOWED.iter().any(|(id, field, _)| line["id"] == *id && what == field);
    let left: Vec<String> = lines
        .iter()
        .filter(|line| line["differences"].as_object().unwrap().keys().any(|what| !allowed(line, what)))
        .map(Json::to_string)
        .collect();
    assert!(left.is_empty(), "{} messages differ ({end}):\n{}", left.len(), left.join("\n"));
    println!("{end}, {} differences as listed", lines.len());
}
