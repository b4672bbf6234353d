//! Every message of a real archive, read by the engine and by Python's `email` package, must say the same
//! (`messages` 10).
//!
//! The archive is named by `MAPI_CORPUS_MBOX`, else it is `../shared/corpus/uboot-stm32.mbox.xz` beside the
//! workspace; without it the test says SKIPPED and passes. What may differ is listed message by message in
//! [`reading::ALLOWED`], each with the reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

#[path = "../python/reading.rs"]
mod reading;

use mapi_engine::backend::{NamedProperty, StoredValue};
use mapi_engine::error::Result;
use mapi_engine::messages::Draft;
use mapi_engine::mime::{Destination, ReadOptions, Reader};
use mapi_engine::properties::{PropTag, Value, tags};
use mapi_session::archive::Archive;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A destination that keeps nothing; sizes are in the draft.
struct Nowhere;

impl Destination for Nowhere {
    fn stage(&self) -> Result<u64> {
        Ok(0)
    }

    fn append(&self, _staged: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn discard(&self, _staged: u64) {}

    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>> {
        Ok(vec![None; names.len()])
    }
}

fn role(draft: &Draft, name: PropTag, address: PropTag) -> Json {
    let text = |tag| draft.properties.text(tag).unwrap_or_default();
    json!([text(name), text(address)])
}

fn recipients(draft: &Draft, kind: i32) -> Json {
    let text = |row: &mapi_engine::messages::Values, tag| row.text(tag).unwrap_or_default().to_owned();
    draft
        .recipients
        .iter()
        .filter(|row| row.long(tags::RECIPIENT_TYPE) == Some(kind))
        .map(|row| json!([text(row, tags::DISPLAY_NAME), text(row, tags::EMAIL_ADDRESS)]))
        .collect()
}

fn ours(draft: &Draft, size: u64) -> BTreeMap<&'static str, Json> {
    let text = |tag| draft.properties.text(tag).map_or(Json::Null, Json::from);
    let date = match draft.properties.get(tags::CLIENT_SUBMIT_TIME) {
        Some(Value::SysTime(time)) => json!(time.unix_seconds()),
        _ => Json::Null,
    };
    let attachments: Json = draft
        .attachments
        .iter()
        .map(|one| {
            // A part without a name gets one by rule; Python has none for it.
            let name = one.properties.text(tags::ATTACH_LONG_FILENAME).filter(|name| !name.starts_with("Untitled Attachment"));
            let size = match one.properties.entry(tags::ATTACH_DATA_BIN) {
                Some((_, StoredValue::Inline(Value::Binary(bytes)))) => json!(bytes.len()),
                Some((_, StoredValue::Staged(staged))) => json!(staged.size),
                _ => Json::Null,
            };
            json!([name, size, one.properties.text(tags::ATTACH_MIME_TAG)])
        })
        .collect();
    BTreeMap::from([
        ("id", text(tags::INTERNET_MESSAGE_ID)),
        ("subject", text(tags::SUBJECT)),
        ("date", date),
        ("from", role(draft, tags::SENT_REPRESENTING_NAME, tags::SENT_REPRESENTING_EMAIL_ADDRESS)),
        ("sender", role(draft, tags::SENDER_NAME, tags::SENDER_EMAIL_ADDRESS)),
        ("to", recipients(draft, 1)),
        ("cc", recipients(draft, 2)),
        ("attachments", attachments),
        ("size", json!(size)),
    ])
}

fn read(archive: &mut Archive, piece: &mut Vec<u8>) -> (Draft, u64) {
    let options = ReadOptions { keep_original: false, ..ReadOptions::default() };
    let mut reader = Reader::new(Rc::new(Nowhere), options);
    while archive.read_piece(piece).unwrap() {
        reader.write(piece).unwrap();
    }
    let parsed = reader.finish().unwrap();
    (parsed.draft, parsed.size)
}

#[test]
fn every_message_reads_as_python_reads_it() {
    let Some(path) = reading::corpus() else { return };
    let mut python = reading::Python::read(&path);
    let mut archive = Archive::open(&path, None).unwrap();
    let (mut piece, mut comparison) = (Vec::new(), reading::Comparison::default());
    while archive.next_message().unwrap().is_some() {
        let (draft, size) = read(&mut archive, &mut piece);
        comparison.message(&ours(&draft, size), &python.next().expect("Python found fewer messages"));
    }
    assert!(python.next().is_none(), "Python found more messages");
    comparison.end();
}
