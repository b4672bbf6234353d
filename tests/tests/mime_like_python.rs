//! Every message of a real archive, read by the engine and by Python's `email` package, must say the same
//! (`messages` 10).
//!
//! The archive is named by `MAPI_CORPUS_MBOX`, else it is `../shared/corpus/uboot-stm32.mbox.xz` beside the
//! workspace; without it, or without Python, the test says SKIPPED and passes. What may differ is listed
//! message by message in [`ALLOWED`], each with the reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::backend::{NamedProperty, StoredValue};
use mapi_engine::error::Result;
use mapi_engine::messages::Draft;
use mapi_engine::mime::{Destination, ReadOptions, Reader};
use mapi_engine::properties::{PropTag, Value, tags};
use mapi_session::archive::Archive;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// Differences that are right: Message-ID, what differs, why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "<20200128091106.28552-3-patrick.delaunay@st.com>",
        "attachments",
        "the charset of its text is \"yes\": a text in an unknown character set is attached by rule",
    ),
    (
        "<20221124103605.298002-3-gabriel.fernandez@foss.st.com>",
        "attachments",
        "the charset of its text is \"n\": a text in an unknown character set is attached by rule",
    ),
    (
        "<20210301131752.1.I8cbd6f92056fa2d10bf3880746d89ee0779f8e27>",
        "id",
        "the field is malformed, with text behind the closing bracket: kept as written, Python cuts it",
    ),
    (
        "<20210922210845.25e65944@thinkpad>",
        "cc",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<20220625091013.04cea814@crub>",
        "cc",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<87mscidip3.fsf@kernel.org>",
        "to",
        "a name split over two encoded words: no blank stands between them (RFC 2047 6.2), Python adds one",
    ),
    (
        "<20260203114702.1867224-2-peng.fan@oss.nxp.com>",
        "to",
        "the comment behind a bare address names it, as Python's getaddresses has it too; its modern parser drops it",
    ),
];

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

/// Python's answer in the form of [`ours`]: the first From and Sender, the one for the other if it is missing.
fn theirs(line: &str) -> BTreeMap<String, Json> {
    let mut fields: BTreeMap<String, Json> = serde_json::from_str(line).unwrap();
    let first = |list: &Json| list.as_array().and_then(|list| list.first()).cloned();
    let (from, sender) = (first(&fields["from"]), first(&fields["sender"]));
    let nobody = json!(["", ""]);
    fields.insert("from".into(), from.clone().or_else(|| sender.clone()).unwrap_or_else(|| nobody.clone()));
    fields.insert("sender".into(), sender.or(from).unwrap_or(nobody));
    fields
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
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = std::env::var_os("MAPI_CORPUS_MBOX")
        .map_or_else(|| workspace.join("../shared/corpus/uboot-stm32.mbox.xz"), PathBuf::from);
    if !path.exists() {
        println!("SKIPPED: {} is not there; name an mbox by MAPI_CORPUS_MBOX", path.display());
        return;
    }
    let script = workspace.join("tests/python/compare_mbox.py");
    let Ok(mut python) = Command::new("python3").arg(script).arg(&path).stdout(Stdio::piped()).spawn() else {
        println!("SKIPPED: python3 cannot be started");
        return;
    };
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let mut archive = Archive::open(&path, None).unwrap();
    let (mut piece, mut count, mut differences, mut allowed) = (Vec::new(), 0u64, Vec::new(), 0usize);
    while archive.next_message().unwrap().is_some() {
        let (draft, size) = read(&mut archive, &mut piece);
        let line = lines.next().expect("Python found fewer messages").unwrap();
        let (ours, theirs) = (ours(&draft, size), theirs(&line));
        let id = theirs["id"].as_str().unwrap_or_default().to_owned();
        for (field, ours) in ours {
            let theirs = &theirs[field];
            if *theirs == ours {
                continue;
            }
            if ALLOWED.iter().any(|(message, what, _)| *message == id && *what == field) {
                allowed += 1;
            } else {
                differences.push(format!("message {count} {id} {field}\n  python {theirs}\n  ours   {ours}"));
            }
        }
        count += 1;
    }
    assert!(lines.next().is_none(), "Python found more messages");
    assert!(python.wait().unwrap().success(), "the Python script failed");
    assert!(differences.is_empty(), "{} differences in {count} messages:\n{}", differences.len(), differences.join("\n"));
    println!("{count} messages read alike, {allowed} differences as listed");
}
