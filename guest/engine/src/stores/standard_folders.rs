//! The standard folders of a store, and `HrValidateIPMSubtree`, which makes them (`stores` 3).

use crate::backend::{Expected, ObjectId, ObjectKind, Want};
use crate::error::{Code, Failure, Result, check_flags};
use crate::messages::Values;
use crate::properties::{PropTag, Property, Value, tags};
use crate::stores::computed::private;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{ChangeSet, CommitMode, receive};
use std::collections::BTreeSet;

/// `MAPI_FORCE_CREATE`: look at the folders themselves even if the mask says they are there.
pub const MAPI_FORCE_CREATE: u32 = 0x1;
/// `MAPI_FULL_IPM_TREE`: all eight folders.
pub const MAPI_FULL_IPM_TREE: u32 = 0x2;

/// Bits of `PR_VALID_FOLDER_MASK`.
pub mod folder_mask {
    #![expect(missing_docs, reason = "named by the table of `stores` 3.2")]
    pub const IPM_SUBTREE: u32 = 0x1;
    pub const IPM_INBOX: u32 = 0x2;
    pub const IPM_OUTBOX: u32 = 0x4;
    pub const IPM_WASTEBASKET: u32 = 0x8;
    pub const IPM_SENTMAIL: u32 = 0x10;
    pub const VIEWS: u32 = 0x20;
    pub const COMMON_VIEWS: u32 = 0x40;
    pub const FINDER: u32 = 0x80;
    pub const FULL: u32 = 0xFF;
    pub const MINIMUM: u32 = 0x89;
}

/// The tag of the Inbox in what the validation returns: binary, identifier null.
pub const INBOX_TAG: PropTag = PropTag(0x0000_0102);

/// How often the validation starts over when another process does it at the same time.
const ATTEMPTS: u32 = 8;

struct StandardFolder {
    bit: u32,
    /// The property of the store that names it; the Inbox has none.
    tag: Option<PropTag>,
    name: &'static str,
    in_subtree: bool,
}

/// In the order they are created; the subtree before what is in it.
const FOLDERS: [StandardFolder; 8] = [
    folder(folder_mask::VIEWS, Some(tags::VIEWS_ENTRYID), "Folder Views", false),
    folder(folder_mask::COMMON_VIEWS, Some(tags::COMMON_VIEWS_ENTRYID), "Common Views", false),
    folder(folder_mask::FINDER, Some(tags::FINDER_ENTRYID), "Search Root", false),
    folder(folder_mask::IPM_SUBTREE, Some(tags::IPM_SUBTREE_ENTRYID), "IPM Subtree", false),
    folder(folder_mask::IPM_INBOX, None, "Inbox", true),
    folder(folder_mask::IPM_OUTBOX, Some(tags::IPM_OUTBOX_ENTRYID), "Outbox", true),
    folder(folder_mask::IPM_WASTEBASKET, Some(tags::IPM_WASTEBASKET_ENTRYID), "Deleted Items", true),
    folder(folder_mask::IPM_SENTMAIL, Some(tags::IPM_SENTMAIL_ENTRYID), "Sent Items", true),
];

const fn folder(bit: u32, tag: Option<PropTag>, name: &'static str, in_subtree: bool) -> StandardFolder {
    StandardFolder { bit, tag, name, in_subtree }
}

/// What the store object says of its folders.
const STORE_TAGS: [PropTag; 10] = [
    tags::VALID_FOLDER_MASK,
    tags::VIEWS_ENTRYID,
    tags::COMMON_VIEWS_ENTRYID,
    tags::FINDER_ENTRYID,
    tags::IPM_SUBTREE_ENTRYID,
    tags::IPM_OUTBOX_ENTRYID,
    tags::IPM_WASTEBASKET_ENTRYID,
    tags::IPM_SENTMAIL_ENTRYID,
    private::INBOX,
    private::RECEIVE_FOLDERS,
];

/// `PR_VALID_FOLDER_MASK`, 0 if absent.
pub(crate) fn valid_mask(store: &StoreReference) -> Result<u32> {
    let (_, values) = store.read(&store.connection.identity().store, &[tags::VALID_FOLDER_MASK])?;
    Ok(values.into_iter().collect::<Values>().long(tags::VALID_FOLDER_MASK).unwrap_or(0).cast_unsigned())
}

/// The Inbox, if there is one: the folder the validation made or found.
pub(crate) fn inbox(store: &StoreReference) -> Result<Option<ObjectId>> {
    Ok(inbox_among(store, &read(store)?.1))
}

fn inbox_among(store: &StoreReference, values: &Values) -> Option<ObjectId> {
    let named = values.bytes(private::INBOX).and_then(ObjectId::new);
    named.or_else(|| receive::exact(receive::among(values), "IPM").filter(|folder| !store.is_root(folder)))
}

/// The version of the store object, and its [`STORE_TAGS`], however long the set of receive folders is.
fn read(store: &StoreReference) -> Result<(u64, Values)> {
    let object = &store.connection.identity().store;
    let (head, values) = store.connection.backend().read(object, Want::Tags(&STORE_TAGS), u32::MAX)?;
    Ok((head.version, values.into_iter().collect()))
}

/// The standard folders there are.
pub(crate) fn all(store: &StoreReference) -> Result<BTreeSet<ObjectId>> {
    let (_, values) = read(store)?;
    let mask = values.long(tags::VALID_FOLDER_MASK).unwrap_or(0).cast_unsigned();
    let mut found: BTreeSet<ObjectId> = FOLDERS
        .iter()
        .filter(|standard| mask & standard.bit != 0)
        .filter_map(|standard| match store.resolve(values.bytes(standard.tag?)?) {
            Ok(Named::Object(object)) => Some(object),
            _ => None,
        })
        .collect();
    if mask & folder_mask::IPM_INBOX != 0 {
        found.extend(inbox_among(store, &values));
    }
    Ok(found)
}

/// `HrValidateIPMSubtree`.
pub(crate) fn validate(store: &StoreReference, flags: u32) -> Result<Vec<Property>> {
    check_flags(flags, MAPI_FORCE_CREATE | MAPI_FULL_IPM_TREE)?;
    if store.connection.identity().capabilities.public_folders {
        return Err(Failure::new(Code::NoSupport, "A public store has no standard folders."));
    }
    for _ in 0..ATTEMPTS {
        match attempt(store, flags) {
            Err(failure) if matches!(failure.code(), Code::ObjectChanged | Code::Collision) => {}
            result => return result,
        }
    }
    Err(Failure::new(Code::Busy, "Others keep changing the store's standard folders; try again."))
}

fn attempt(store: &StoreReference, flags: u32) -> Result<Vec<Property>> {
    let object = &store.connection.identity().store;
    let (version, values) = read(store)?;
    let wanted = if flags & MAPI_FULL_IPM_TREE != 0 { folder_mask::FULL } else { folder_mask::MINIMUM };
    let claimed = values.long(tags::VALID_FOLDER_MASK).unwrap_or(0).cast_unsigned();
    let look = flags & MAPI_FORCE_CREATE != 0 || claimed & wanted != wanted;
    let mut mask = 0;
    let mut found: Vec<(&StandardFolder, ObjectId)> = Vec::new();
    let mut set = Values::new();
    let mut subtree = None;
    for standard in &FOLDERS {
        let named = match standard.tag {
            Some(tag) => values.bytes(tag).and_then(|entry_id| match store.resolve(entry_id) {
                Ok(Named::Object(object)) => Some(object),
                _ => None,
            }),
            None => inbox_among(store, &values),
        };
        let trusted = claimed & standard.bit != 0;
        let present = match named {
            Some(folder) if trusted && !look => Some(folder),
            Some(folder) if is_live_folder(store, &folder)? => Some(folder),
            _ => None,
        };
        let folder = match present {
            Some(folder) => Some(folder),
            None if wanted & standard.bit != 0 && store.is_writable() => {
                let parent = if standard.in_subtree { subtree.clone() } else { Some(store.connection.root().clone()) };
                let Some(parent) = parent else { continue };
                Some(store.ensure_folder(&parent, ObjectKind::Folder, standard.name, None)?.0)
            }
            None => None,
        };
        let Some(folder) = folder else { continue };
        if standard.bit == folder_mask::IPM_SUBTREE {
            subtree = Some(folder.clone());
        }
        mask |= standard.bit;
        if let Some(tag) = standard.tag {
            let entry_id = store.entry_id(&folder);
            if values.bytes(tag) != Some(entry_id.as_slice()) {
                set.put(tag, Value::Binary(entry_id));
            }
        } else {
            if let Some(entries) = receive::with_inbox(store, receive::among(&values), &folder)
                && claimed & standard.bit == 0
            {
                receive::put(&mut set, &entries);
            }
            if inbox_among(store, &values).as_ref() != Some(&folder) || claimed & standard.bit == 0 {
                set.put(private::INBOX, Value::Binary(folder.as_bytes().to_vec()));
            }
        }
        found.push((standard, folder));
    }
    if mask != claimed && store.is_writable() {
        set.put(tags::VALID_FOLDER_MASK, Value::Long(mask.cast_signed()));
    }
    if !set.is_empty() && store.is_writable() {
        let mut changes = ChangeSet::new(&store.connection);
        changes.set(object, Expected::Version(version), set, Vec::new())?;
        changes.commit(CommitMode::default())?;
    }
    let mut properties = vec![Property::new(tags::VALID_FOLDER_MASK, Value::Long(mask.cast_signed()))];
    for (standard, folder) in found {
        let tag = standard.tag.unwrap_or(INBOX_TAG);
        properties.push(Property { tag, value: Value::Binary(store.entry_id(&folder)) });
    }
    Ok(properties)
}

/// Whether it is there, alive, and a folder.
fn is_live_folder(store: &StoreReference, object: &ObjectId) -> Result<bool> {
    match store.read(object, &[]) {
        Ok((head, _)) => Ok(head.kind == ObjectKind::Folder && !head.deleted),
        Err(failure) if matches!(failure.code(), Code::NotFound | Code::ObjectDeleted) => Ok(false),
        Err(failure) => Err(failure),
    }
}
