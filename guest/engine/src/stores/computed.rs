//! Properties the engine computes when they are read: identifiers, rights, mirrors of flags, and the objects
//! that only OpenProperty opens (`properties` 7.1, `stores` 1.1, 3.4). Objects and table rows share them.

use crate::backend::{ObjectId, ObjectKind, Want};
use crate::messages::message_flags;
use crate::properties::{INLINE_LIMIT, PropTag, Value, tags};
use crate::stores::reference::{Named, StoreReference, object_type};
use crate::stores::support::{self, rights};
use crate::tables::{ComputedColumns, ComputedRow};
use std::rc::Rc;

/// Engine-private properties; no client sees them.
pub(crate) mod private {
    use crate::properties::{PropTag, tags};

    /// Identifiers the engine keeps for itself on stores, folders and messages: the outgoing queue, the
    /// original of an imported message, and those below. Never listed.
    pub(crate) const RANGE: std::ops::RangeInclusive<u16> = 0x67E0..=0x67EF;
    /// On the store object: the receive folders.
    pub(crate) const RECEIVE_FOLDERS: PropTag = PropTag(0x67E3_0102);
    /// On a folder: raised with every change of its set of subfolders, so that two who create one of the
    /// same name at once collide.
    pub(crate) const CHILDREN_CHANGED: PropTag = PropTag(0x67E4_0003);
    /// On a queued message: who is sending it, and when transports are to be tried again.
    pub(crate) const QUEUE_STATE: PropTag = PropTag(0x67E5_0102);
    /// On the store object: messages received and not acknowledged to their transports yet.
    pub(crate) const UNACKNOWLEDGED: PropTag = PropTag(0x67E6_0102);
    /// On a recipient of a queued message: the reports its sender is still to get.
    pub(crate) const REPORTS_OWED: PropTag = PropTag(0x67E7_0003);

    /// On the store object: the identifier of the Inbox, which receive folders fall back to.
    pub(crate) const INBOX: PropTag = PropTag(0x67E8_0102);

    /// What a message leaves behind when it is copied: its status, its place in the outgoing queue, the time
    /// it was deleted (`stores` 5.2).
    pub(crate) const NOT_COPIED: &[PropTag] =
        &[tags::MSG_STATUS, tags::DELETED_ON, tags::SUBMIT_FLAGS, crate::backend::QUEUE_NUMBER, QUEUE_STATE];

    /// Whether the tag is one that no client sees at all.
    pub(crate) fn is_private(tag: PropTag) -> bool {
        let hidden =
            [RECEIVE_FOLDERS, CHILDREN_CHANGED, INBOX, QUEUE_STATE, UNACKNOWLEDGED, REPORTS_OWED, crate::backend::QUEUE_NUMBER];
        hidden.iter().any(|own| own.id() == tag.id())
    }
}

/// An object as the computation sees it.
pub(crate) struct Subject<'a> {
    pub(crate) id: Option<&'a ObjectId>,
    pub(crate) kind: ObjectKind,
    pub(crate) parent: Option<&'a ObjectId>,
    pub(crate) deleted: bool,
}

const ANY: &[PropTag] = &[
    tags::ENTRYID,
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::ACCESS,
    tags::MAPPING_SIGNATURE,
    tags::STORE_ENTRYID,
    tags::STORE_RECORD_KEY,
    tags::STORE_SUPPORT_MASK,
];

const STORE: &[PropTag] = &[tags::MDB_PROVIDER, tags::DEFAULT_STORE, tags::RECEIVE_FOLDER_SETTINGS];

const FOLDER: &[PropTag] = &[
    tags::PARENT_ENTRYID,
    tags::FOLDER_TYPE,
    tags::DISPLAY_TYPE,
    tags::STATUS,
    tags::CONTAINER_CONTENTS,
    tags::CONTAINER_HIERARCHY,
    tags::FOLDER_ASSOCIATED_CONTENTS,
];

const MESSAGE: &[PropTag] = &[
    tags::PARENT_ENTRYID,
    tags::PARENT_DISPLAY,
    tags::READ,
    tags::ASSOCIATED,
    tags::MSG_STATUS,
    tags::SUBMIT_FLAGS,
    tags::MESSAGE_RECIPIENTS,
    tags::MESSAGE_ATTACHMENTS,
];

const EMBEDDED: &[PropTag] =
    &[tags::READ, tags::ASSOCIATED, tags::MSG_STATUS, tags::MESSAGE_RECIPIENTS, tags::MESSAGE_ATTACHMENTS];

/// Embedded messages, attachments and recipients have no entry identifier.
const INNER: &[PropTag] = &[
    tags::RECORD_KEY,
    tags::OBJECT_TYPE,
    tags::MAPPING_SIGNATURE,
    tags::STORE_ENTRYID,
    tags::STORE_RECORD_KEY,
    tags::STORE_SUPPORT_MASK,
];

/// What an object of that kind has, computed when read. `PR_ACCESS_LEVEL` is the handle's own.
pub(crate) fn tags_of(kind: ObjectKind) -> impl Iterator<Item = PropTag> {
    let (common, own): (&[PropTag], &[PropTag]) = match kind {
        ObjectKind::Store => (ANY, STORE),
        ObjectKind::Folder | ObjectKind::SearchFolder => (ANY, FOLDER),
        ObjectKind::EmbeddedMessage => (INNER, EMBEDDED),
        ObjectKind::Attachment | ObjectKind::Recipient => (INNER, &[]),
        _ => (ANY, MESSAGE),
    };
    common.iter().chain(own).copied()
}

/// The stored properties the computation of a tag reads.
pub(crate) fn inputs_of(tag: PropTag) -> &'static [PropTag] {
    match tag {
        tags::READ | tags::ASSOCIATED => &[tags::MESSAGE_FLAGS],
        tags::MSG_STATUS => &[tags::MSG_STATUS],
        tags::STATUS => &[tags::STATUS],
        tags::SUBMIT_FLAGS => &[tags::SUBMIT_FLAGS, private::QUEUE_STATE],
        _ => &[],
    }
}

/// Computes a tag of [`tags_of`]; `None`: the object has no value.
pub(crate) fn compute(
    store: &StoreReference,
    subject: &Subject<'_>,
    tag: PropTag,
    stored: &dyn Fn(PropTag) -> Option<Value>,
) -> Option<Value> {
    let long = |number: u32| Some(Value::Long(number.cast_signed()));
    let connection = &store.connection;
    let root = subject.id.is_some_and(|id| store.is_root(id));
    let flags = || match stored(tags::MESSAGE_FLAGS) {
        Some(Value::Long(flags)) => flags,
        _ => 0,
    };
    match tag {
        tags::ENTRYID | tags::LONGTERM_ENTRYID_FROM_TABLE => match subject.kind {
            ObjectKind::Store => Some(Value::Binary(store.opening.entry_id.to_bytes())),
            _ => Some(Value::Binary(store.entry_id(subject.id?))),
        },
        tags::RECORD_KEY => match subject.kind {
            ObjectKind::Store => Some(Value::Binary(connection.uid().0.to_vec())),
            _ => Some(Value::Binary(subject.id?.as_bytes().to_vec())),
        },
        tags::OBJECT_TYPE => Some(Value::Long(object_type(subject.kind))),
        tags::ACCESS => long(rights(subject.kind, store.is_writable(), root, subject.deleted)),
        tags::MAPPING_SIGNATURE => Some(Value::Binary(connection.identity().mapping_signature.0.to_vec())),
        tags::STORE_ENTRYID => Some(Value::Binary(store.opening.entry_id.to_bytes())),
        tags::STORE_RECORD_KEY => Some(Value::Binary(connection.uid().0.to_vec())),
        tags::STORE_SUPPORT_MASK => long(support::mask(&connection.identity().capabilities, store.is_writable())),
        tags::MDB_PROVIDER => Some(Value::Binary(connection.identity().kind.0.to_vec())),
        tags::DEFAULT_STORE => Some(Value::Boolean((store.opening.is_default)())),
        // The root is its own parent.
        tags::PARENT_ENTRYID => {
            let parent = if root { subject.id } else { subject.parent };
            Some(Value::Binary(store.entry_id(parent?)))
        }
        tags::PARENT_DISPLAY => {
            let folder = match connection.backend().read(subject.parent?, Want::Tags(&[tags::DISPLAY_NAME]), INLINE_LIMIT) {
                Ok((_, values)) => values,
                Err(failure) => return Some(Value::Error(failure.code().raw())),
            };
            folder.into_iter().find(|property| property.tag == tags::DISPLAY_NAME).map(|property| property.value)
        }
        tags::FOLDER_TYPE => Some(Value::Long(match subject.kind {
            _ if root => 0,
            ObjectKind::SearchFolder => 2,
            _ => 1,
        })),
        tags::DISPLAY_TYPE => long(if subject.kind == ObjectKind::SearchFolder { 0x0200_0000 } else { 0x0100_0000 }),
        tags::STATUS => Some(stored(tags::STATUS).unwrap_or(Value::Long(0))),
        tags::MSG_STATUS => Some(stored(tags::MSG_STATUS).unwrap_or(Value::Long(0))),
        tags::SUBMIT_FLAGS => Some(crate::spooler::submit_flags(stored, connection.environment().clock.now())),
        tags::READ => Some(Value::Boolean(flags() & message_flags::READ != 0)),
        tags::ASSOCIATED => Some(Value::Boolean(subject.kind == ObjectKind::Associated)),
        tags::RECEIVE_FOLDER_SETTINGS
        | tags::CONTAINER_CONTENTS
        | tags::CONTAINER_HIERARCHY
        | tags::FOLDER_ASSOCIATED_CONTENTS
        | tags::MESSAGE_RECIPIENTS
        | tags::MESSAGE_ATTACHMENTS => Some(Value::Object),
        _ => None,
    }
}

/// The computed columns of tables of folders and messages.
pub(crate) struct StoreColumns {
    store: Rc<StoreReference>,
    tags: Vec<PropTag>,
}

impl StoreColumns {
    /// Those of rows of that kind, for one reference to the store.
    pub(crate) fn new(store: Rc<StoreReference>, kind: ObjectKind) -> Rc<Self> {
        let mut tags: Vec<PropTag> = tags_of(kind).collect();
        if kind == ObjectKind::Message {
            tags.push(tags::LONGTERM_ENTRYID_FROM_TABLE);
        }
        Rc::new(Self { store, tags })
    }
}

impl ComputedColumns for StoreColumns {
    fn inputs(&self, tag: PropTag) -> Option<&[PropTag]> {
        let own = self.tags.iter().find(|own| own.id() == tag.id())?;
        Some(inputs_of(*own))
    }

    fn compute(&self, tag: PropTag, row: &ComputedRow<'_>) -> Option<Value> {
        let own = *self.tags.iter().find(|own| own.id() == tag.id())?;
        let subject = Subject { id: Some(row.id), kind: row.kind, parent: Some(row.parent), deleted: false };
        compute(&self.store, &subject, own, &|tag| row.stored(tag))
    }

    fn object_of(&self, tag: PropTag, value: &Value) -> Option<ObjectId> {
        let own = *self.tags.iter().find(|own| own.id() == tag.id())?;
        let Value::Binary(bytes) = value else { return None };
        match own {
            tags::ENTRYID | tags::LONGTERM_ENTRYID_FROM_TABLE => match self.store.resolve(bytes) {
                Ok(Named::Object(object)) if self.store.entry_id(&object) == *bytes => Some(object),
                _ => None,
            },
            tags::RECORD_KEY => ObjectId::new(bytes),
            _ => None,
        }
    }

    fn tags(&self) -> Vec<PropTag> {
        self.tags.clone()
    }
}
