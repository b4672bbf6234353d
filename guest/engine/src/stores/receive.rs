//! Receive folders: which folder takes in messages of a class (`stores` 2.6).
//!
//! The set is kept on the store object in a property of the engine's own: for each entry the length of the
//! class, the class, the length of the folder's identifier, the identifier.

use crate::backend::{Expected, ObjectId, ObjectKind};
use crate::error::{Code, Failure, Result};
use crate::messages::Values;
use crate::properties::{PropTag, Property, Value, tags};
use crate::stores::computed::private;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{ChangeSet, CommitMode, catalogue, standard_folders};
use crate::tables::{Abilities, MAPI_UNICODE, Table, TableData, TableType, ViewOptions};
use std::collections::BTreeSet;

/// Characters of a class, without its terminator.
const CLASS_LIMIT: usize = 254;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiveFolder {
    /// The class as it was set, "" for the default.
    pub(crate) class: String,
    /// The folder.
    pub(crate) folder: ObjectId,
}

/// Checks the syntax of a message class.
///
/// # Errors
/// `MAPI_E_INVALID_PARAMETER`.
pub(crate) fn check_class(class: &str) -> Result<()> {
    let printable = class.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
    let dots = class.starts_with('.') || class.ends_with('.') || class.contains("..");
    if printable && !dots && class.len() <= CLASS_LIMIT {
        return Ok(());
    }
    Err(Failure::invalid(
        "class",
        "A message class is 8-bit text of at most 254 printable characters, without leading, trailing or doubled dots.",
    ))
}

/// The entry that serves a class: the longest one that equals it or ends before a dot in it.
fn serving<'a>(entries: &'a [ReceiveFolder], class: &str) -> Option<&'a ReceiveFolder> {
    let matches = |entry: &&ReceiveFolder| {
        let length = entry.class.len();
        class.get(..length).is_some_and(|head| head.eq_ignore_ascii_case(&entry.class))
            && (class.len() == length || class.as_bytes()[length] == b'.')
    };
    let named = entries.iter().filter(|entry| !entry.class.is_empty()).filter(matches).max_by_key(|entry| entry.class.len());
    named.or_else(|| entries.iter().find(|entry| entry.class.is_empty()))
}

/// The entry identifier of the folder that serves a class, and the class that matched.
pub(crate) fn find(store: &StoreReference, class: &str) -> Result<(Vec<u8>, String)> {
    check_class(class)?;
    let entries = load(store)?;
    let entry = serving(&entries, class).ok_or_else(|| Failure::not_found("The store has no receive folder."))?;
    Ok((store.entry_id(&entry.folder), entry.class.clone()))
}

/// How often a change is made anew when others change the set meanwhile.
const ATTEMPTS: u32 = 8;

/// `SetReceiveFolder`: sets the folder of a class, or removes the entry of the class.
pub(crate) fn set(store: &StoreReference, class: &str, entry_id: Option<&[u8]>) -> Result<()> {
    load(store)?;
    check_class(class)?;
    store.check_writable()?;
    let folder = match entry_id.filter(|entry_id| !entry_id.is_empty()) {
        Some(entry_id) => Some(receiving(store, entry_id)?),
        None => None,
    };
    for _ in 0..ATTEMPTS {
        let (head, _) = store.read(&store.connection.identity().store, &[])?;
        let mut entries = load(store)?;
        let place = entries.iter().position(|entry| entry.class.eq_ignore_ascii_case(class));
        match (&folder, place) {
            (Some(folder), Some(place)) => entries[place].folder = folder.clone(),
            (Some(folder), None) => entries.push(ReceiveFolder { class: class.to_owned(), folder: folder.clone() }),
            (None, _) if class.is_empty() => {
                return Err(Failure::new(Code::CallFailed, "The default receive folder cannot be removed, only changed."));
            }
            (None, _) if ["IPM", "REPORT.IPM"].iter().any(|kept| kept.eq_ignore_ascii_case(class)) => {
                return Err(Failure::new(
                    Code::NoAccess,
                    "The receive folders of IPM and REPORT.IPM can be changed, not removed.",
                ));
            }
            (None, Some(place)) => drop(entries.remove(place)),
            (None, None) => return Ok(()),
        }
        let mut changes = ChangeSet::new(&store.connection);
        store_entries(store, &entries, head.version, &mut changes)?;
        match changes.commit(CommitMode::default()) {
            Err(failure) if failure.code() == Code::ObjectChanged => {}
            result => return result.map(|_| ()),
        }
    }
    Err(Failure::new(Code::Busy, "Others keep changing the receive folders of the store; try again."))
}

/// A folder that can receive messages.
fn receiving(store: &StoreReference, entry_id: &[u8]) -> Result<ObjectId> {
    let unfit = || Failure::invalid("entry-id", "Messages are received into folders, and not into search folders.");
    let Named::Object(object) = store.resolve(entry_id)? else { return Err(unfit()) };
    let (head, _) = store.read(&object, &[])?;
    match head.kind {
        _ if head.deleted => Err(Failure::not_found("The folder was deleted.")),
        ObjectKind::Folder => Ok(object),
        _ => Err(unfit()),
    }
}

fn store_entries(store: &StoreReference, entries: &[ReceiveFolder], version: u64, changes: &mut ChangeSet<'_>) -> Result<()> {
    let mut values = Values::new();
    put(&mut values, entries);
    changes.set(&store.connection.identity().store, Expected::Version(version), values, Vec::new())
}

/// Takes folders that are deleted out of the set, in the same commit. Without its folder the default entry
/// points to the Inbox.
pub(crate) fn leave(store: &StoreReference, gone: &BTreeSet<ObjectId>, changes: &mut ChangeSet<'_>) -> Result<()> {
    let (head, _) = store.read(&store.connection.identity().store, &[])?;
    let Some(entries) = stored(store)? else { return Ok(()) };
    if !entries.iter().any(|entry| gone.contains(&entry.folder)) {
        return Ok(());
    }
    let inbox = standard_folders::inbox(store)?.filter(|inbox| !gone.contains(inbox));
    let fallback = inbox.unwrap_or_else(|| store.connection.root().clone());
    let mut left: Vec<ReceiveFolder> = Vec::new();
    for mut entry in entries {
        if !gone.contains(&entry.folder) {
            left.push(entry);
        } else if entry.class.is_empty() {
            entry.folder = fallback.clone();
            left.push(entry);
        }
    }
    store_entries(store, &left, head.version, changes)
}

/// All entries; before any were made, the root folder takes everything in.
pub(crate) fn load(store: &StoreReference) -> Result<Vec<ReceiveFolder>> {
    if store.connection.identity().capabilities.public_folders {
        return Err(Failure::new(Code::NoSupport, "A public store has no receive folders."));
    }
    Ok(stored(store)?.unwrap_or_else(|| {
        let root = store.connection.root();
        ["", "IPC"].map(|class| ReceiveFolder { class: class.to_owned(), folder: root.clone() }).to_vec()
    }))
}

/// The entries as they were stored, `None` if they never were.
fn stored(store: &StoreReference) -> Result<Option<Vec<ReceiveFolder>>> {
    let object = &store.connection.identity().store;
    let values = store.connection.backend().read(object, crate::backend::Want::Tags(&[private::RECEIVE_FOLDERS]), u32::MAX)?.1;
    Ok(among(&values.into_iter().collect()))
}

/// The entries among the values of the store object, `None` if they were never stored.
pub(crate) fn among(values: &Values) -> Option<Vec<ReceiveFolder>> {
    values.bytes(private::RECEIVE_FOLDERS).map(decode)
}

/// Adds the set as it is to be stored to the store object's values.
pub(crate) fn put(values: &mut Values, entries: &[ReceiveFolder]) {
    let mut bytes = Vec::new();
    for entry in entries {
        // Both lengths fit a byte: classes have at most 254 characters, identifiers 255 bytes.
        for part in [entry.class.as_bytes(), entry.folder.as_bytes()] {
            let part = &part[..part.len().min(255)];
            bytes.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(part);
        }
    }
    values.put(private::RECEIVE_FOLDERS, Value::Binary(bytes));
}

fn decode(bytes: &[u8]) -> Vec<ReceiveFolder> {
    fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, tail) = rest.split_first()?;
        let (part, tail) = tail.split_at_checked(usize::from(*length))?;
        *rest = tail;
        Some(part)
    }
    let mut rest = bytes;
    let mut entries = Vec::new();
    while let (Some(class), Some(folder)) = (part(&mut rest), part(&mut rest)) {
        if let (Ok(class), Some(folder)) = (core::str::from_utf8(class), ObjectId::new(folder)) {
            entries.push(ReceiveFolder { class: class.to_owned(), folder });
        }
    }
    entries
}

/// The initial entries, once there is an Inbox: everything goes there but interprocess messages.
pub(crate) fn initial(store: &StoreReference, inbox: &ObjectId) -> Vec<ReceiveFolder> {
    let entry = |class: &str, folder: &ObjectId| ReceiveFolder { class: class.to_owned(), folder: folder.clone() };
    vec![entry("", inbox), entry("IPM", inbox), entry("REPORT.IPM", inbox), entry("IPC", store.connection.root())]
}

/// The entries as they should be with that Inbox; `None` when they are.
pub(crate) fn with_inbox(
    store: &StoreReference,
    stored: Option<Vec<ReceiveFolder>>,
    inbox: &ObjectId,
) -> Option<Vec<ReceiveFolder>> {
    let Some(mut entries) = stored else { return Some(initial(store, inbox)) };
    let mut changed = false;
    for class in ["", "IPM", "REPORT.IPM"] {
        match entries.iter_mut().find(|entry| entry.class.eq_ignore_ascii_case(class)) {
            Some(entry) if entry.folder == *inbox => continue,
            Some(entry) => entry.folder = inbox.clone(),
            None => entries.push(ReceiveFolder { class: class.to_owned(), folder: inbox.clone() }),
        }
        changed = true;
    }
    changed.then_some(entries)
}

/// The folder of the entry for a class, if it has one of its own.
pub(crate) fn exact(entries: Option<Vec<ReceiveFolder>>, class: &str) -> Option<ObjectId> {
    let mut entries = entries.unwrap_or_default().into_iter();
    entries.find(|entry| entry.class.eq_ignore_ascii_case(class)).map(|entry| entry.folder)
}

/// The receive folder table.
pub(crate) fn table(store: &StoreReference, flags: u32) -> Result<Table> {
    let entries = load(store)?;
    let mut columns: Vec<PropTag> = catalogue::RECEIVE_FOLDERS.to_vec();
    // Classes are 8-bit in this table whatever the flags say.
    for column in columns.iter_mut().filter(|column| **column == tags::MESSAGE_CLASS) {
        *column = column.with_kind(crate::properties::PropType::STRING8);
    }
    let data = TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, columns)?;
    let mut rows = Vec::new();
    for (number, entry) in (0_i32..).zip(&entries) {
        rows.push(vec![
            Property::new(tags::INSTANCE_KEY, Value::Binary(number.to_be_bytes().to_vec())),
            Property::new(tags::ROWID, Value::Long(number)),
            Property::new(tags::ENTRYID, Value::Binary(store.entry_id(&entry.folder))),
            Property::new(tags::RECORD_KEY, Value::Binary(entry.folder.as_bytes().to_vec())),
            Property::new(tags::MESSAGE_CLASS, Value::String8(entry.class.clone().into_bytes())),
        ]);
    }
    data.modify_rows(0, rows)?;
    data.view(ViewOptions { unicode: flags & MAPI_UNICODE != 0, abilities: Abilities::IN_MEMORY, ..ViewOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(class: &str, folder: &[u8]) -> ReceiveFolder {
        ReceiveFolder { class: class.into(), folder: ObjectId::new(folder).unwrap() }
    }

    #[test]
    fn the_longest_whole_component_match_wins() {
        let entries = [entry("", b"i"), entry("IPM", b"i"), entry("IPM.Note", b"x")];
        let class = |asked| serving(&entries, asked).unwrap().class.clone();
        assert_eq!(class("IPM.Note.Phone"), "IPM.Note");
        assert_eq!(class("ipm.note"), "IPM.Note");
        assert_eq!(class("IPM.Contact"), "IPM");
        assert_eq!(class("IPM.Noted"), "IPM");
        assert_eq!(class("IPM.Not"), "IPM");
        assert_eq!(class("Foo"), "");
        assert_eq!(class(""), "");
    }

    #[test]
    fn a_malformed_class_is_refused() {
        for class in [".a", "a.", "a..b", "é", "a\tb", &"x".repeat(255)] {
            assert_eq!(check_class(class).unwrap_err().code(), Code::InvalidParameter, "{class}");
        }
        assert!(check_class("IPM.Note").is_ok());
    }

    #[test]
    fn entries_survive_storage_and_garbage_reads_as_no_entry() {
        let entries = vec![entry("", b"i"), entry("IPM.Note", &[7; 255])];
        let mut values = Values::new();
        put(&mut values, &entries);
        assert_eq!(decode(values.bytes(private::RECEIVE_FOLDERS).unwrap()), entries);
        assert!(decode(&[200, 1]).is_empty());
    }
}
