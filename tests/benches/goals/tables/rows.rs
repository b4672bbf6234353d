//! The rows: in a store in memory for the engine, in a file for the reference program.

use crate::messages;
use crate::stage::Stage;
use anyhow::Context as _;
use mapi_engine::memory::{MemoryStore, PushDown};
use mapi_session::backend::{Change, Commit, ObjectId, ObjectKind, Objects as _, Store as _};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

const STORE: Guid = Guid([9; 16]);

/// The store, and the entry identifier of its folder with the mail; made once.
pub(super) fn store() -> anyhow::Result<(Arc<MemoryStore>, Vec<u8>)> {
    static MADE: OnceLock<(Arc<MemoryStore>, Vec<u8>)> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let store = Arc::new(MemoryStore::new(STORE, "bench"));
    let root = store.identity().root.clone();
    let folder = store.reserve(1)?.pop().context("no identifier was reserved")?;
    let name = Property::new(tags::DISPLAY_NAME, Value::Unicode("Archive".into()));
    let create = Change::Create { object: folder.clone(), parent: root, kind: ObjectKind::Folder, properties: vec![name.into()] };
    store.commit(Commit { changes: vec![create], ..Commit::default() })?;
    messages::fill(&store, &folder, super::ROWS)?;
    store.set_push_down(PushDown::NONE);
    let made = (store, entry_id(&folder));
    Ok(MADE.get_or_init(|| made).clone())
}

/// The store, and its folder with the mail as the store names it.
pub(super) fn store_and_folder() -> anyhow::Result<(Arc<MemoryStore>, ObjectId)> {
    let (store, entry_id) = store()?;
    let folder = entry_id.get(20..).and_then(ObjectId::new).context("the folder's identifier is too short")?;
    Ok((store, folder))
}

/// A provider's identifier: four flag bytes, the store's MAPIUID, the backend's own bytes.
fn entry_id(object: &ObjectId) -> Vec<u8> {
    [&[0; 4], STORE.0.as_slice(), object.as_bytes()].concat()
}

/// The file: for each row the length of its subject in bytes, the subject, and size, flags and importance. Numbers
/// have four bytes, the lowest first.
pub(super) fn file(stage: &Stage, count: u32) -> anyhow::Result<PathBuf> {
    let path = stage.path("tables.rows");
    if path.exists() {
        return Ok(path);
    }
    let unfinished = stage.path("tables.unfinished");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&unfinished)?);
    for row in messages::all(count) {
        let value = |tag: PropTag| row.iter().find(|cell| cell.tag == tag).map(|cell| &cell.value);
        let Some(Value::Unicode(subject)) = value(tags::SUBJECT) else { anyhow::bail!("a message has no subject") };
        out.write_all(&u32::try_from(subject.len())?.to_le_bytes())?;
        out.write_all(subject.as_bytes())?;
        for tag in [tags::MESSAGE_SIZE, tags::MESSAGE_FLAGS, tags::IMPORTANCE] {
            let Some(Value::Long(number)) = value(tag) else { anyhow::bail!("a message has no {tag}") };
            out.write_all(&number.to_le_bytes())?;
        }
    }
    out.flush()?;
    std::fs::rename(&unfinished, &path)?;
    Ok(path)
}
