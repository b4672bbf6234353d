//! What an open message holds: a draft of a new one, or the edits of a stored one, and how edits become
//! changes (`messages` 1.2, `stores` 7).

use crate::backend::{Change, Expected, ObjectId, ObjectKind, Objects, ScanFrom, ScanKind, ScanRequest, Scope, Want};
use crate::error::Result;
use crate::messages::body;
use crate::messages::draft::{complete_times, derive_body, derive_thread};
use crate::messages::reading::wants;
use crate::messages::{Draft, DraftAttachment, Values, derive, message_flags};
use crate::properties::{PropTag, Property, Value, tags};
use crate::stores::ChangeSet;
use crate::stores::reference::StoreReference;
use std::collections::{BTreeMap, BTreeSet};

/// Subjects above this many bytes are not split anew.
const SUBJECT_LIMIT: u32 = 1 << 20;

/// Rows of a message read in one call.
const PAGE: u32 = 1000;

/// An open message's unsaved state.
pub(crate) enum Content {
    /// Never saved.
    New(Draft),
    /// In the store.
    Stored(Edit),
}

/// Edits of a stored message.
#[derive(Clone)]
pub(crate) struct Edit {
    pub(crate) object: ObjectId,
    /// The version the edits are based on.
    pub(crate) version: u64,
    pub(crate) properties: PropertyEdit,
    /// The whole list, if it was changed.
    pub(crate) recipients: Option<Vec<Values>>,
    /// Attachments saved into the message through this handle.
    pub(crate) attachments: BTreeMap<i32, AttachmentContent>,
    /// Stored attachments deleted through this handle.
    pub(crate) deleted: BTreeSet<i32>,
}

/// Values set and deleted; a value is in one of both at most.
#[derive(Clone, Default)]
pub(crate) struct PropertyEdit {
    pub(crate) set: Values,
    pub(crate) deleted: BTreeMap<u16, PropTag>,
}

/// An attachment saved into its message, or open.
#[derive(Clone)]
pub(crate) enum AttachmentContent {
    New(DraftAttachment),
    Stored(AttachmentEdit),
}

/// Edits of a stored attachment.
#[derive(Clone)]
pub(crate) struct AttachmentEdit {
    pub(crate) object: ObjectId,
    pub(crate) properties: PropertyEdit,
    pub(crate) embedded: EmbeddedEdit,
}

/// What became of the message embedded in a stored attachment.
#[derive(Clone)]
pub(crate) enum EmbeddedEdit {
    Untouched,
    Replaced(Box<Draft>),
    Edited(Box<Edit>),
}

impl PropertyEdit {
    pub(crate) fn set(&mut self, property: Property) {
        self.deleted.remove(&property.tag.id());
        self.set.set(property);
    }

    pub(crate) fn delete(&mut self, tag: PropTag) {
        self.set.remove(tag);
        self.deleted.insert(tag.id(), tag);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.deleted.is_empty()
    }

    /// Lays the edits over stored values.
    pub(crate) fn overlay(&self, values: &mut Vec<Property>, want: Want<'_>, limit: u32) {
        let wanted = |tag: PropTag| wants(want, tag);
        values.retain(|have| !self.deleted.contains_key(&have.tag.id()) && !self.set.contains(have.tag));
        values.extend(self.set.iter().filter(|(tag, _)| wanted(*tag)).map(|(tag, value)| inline(tag, value, limit)));
    }
}

/// A value held by a handle, as a reply: one that is too long for it is an error in place.
pub(crate) fn inline(tag: PropTag, value: &crate::backend::StoredValue, limit: u32) -> Property {
    match value {
        crate::backend::StoredValue::Inline(value) if value.size() <= u64::from(limit) => Property { tag, value: value.clone() },
        _ => Property { tag, value: Value::Error(crate::error::Code::NotEnoughMemory.raw()) },
    }
}

impl Content {
    /// Gives back what is with the backend already, when the edits are given up.
    pub(crate) fn discard(&self, objects: &dyn Objects) {
        match self {
            Self::New(draft) => draft.discard(objects),
            Self::Stored(edit) => edit.discard(objects),
        }
    }
}

impl AttachmentContent {
    /// Gives back what is with the backend already, when the edits are given up.
    pub(crate) fn discard(&self, objects: &dyn Objects) {
        match self {
            Self::New(draft) => draft.discard(objects),
            Self::Stored(edit) => {
                edit.properties.set.staged().for_each(|number| objects.discard(number));
                match &edit.embedded {
                    EmbeddedEdit::Untouched => {}
                    EmbeddedEdit::Replaced(draft) => draft.discard(objects),
                    EmbeddedEdit::Edited(edit) => edit.discard(objects),
                }
            }
        }
    }
}

impl Edit {
    pub(crate) fn new(object: ObjectId, version: u64) -> Self {
        Self {
            object,
            version,
            properties: PropertyEdit::default(),
            recipients: None,
            attachments: BTreeMap::new(),
            deleted: BTreeSet::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.recipients.is_none() && self.attachments.is_empty() && self.deleted.is_empty()
    }

    /// Gives back what is with the backend already.
    fn discard(&self, objects: &dyn Objects) {
        self.properties.set.staged().for_each(|number| objects.discard(number));
        self.attachments.values().for_each(|attachment| attachment.discard(objects));
    }

    /// Adds the changes that store the edits. Read state may change meanwhile without conflict, so flags
    /// are changed bit by bit.
    pub(crate) fn push(mut self, store: &StoreReference, changes: &mut ChangeSet<'_>, expected: Expected) -> Result<()> {
        let backend = store.connection.backend();
        let now = store.connection.environment().clock.now();
        let stored: Values = backend.read(&self.object, Want::Tags(DERIVED_FROM), SUBJECT_LIMIT)?.1.into_iter().collect();
        let old_size = stored.long(tags::MESSAGE_SIZE).unwrap_or(0).unsigned_abs();
        let mut values = stored.clone();
        for tag in self.properties.deleted.values() {
            values.remove(*tag);
        }
        for (tag, value) in self.properties.set.iter() {
            match value {
                crate::backend::StoredValue::Inline(value) => values.put(tag, value.clone()),
                crate::backend::StoredValue::Staged(staged) => values.set_staged(tag, *staged),
            }
        }
        let touches = |tag: PropTag| self.properties.set.contains(tag) || self.properties.deleted.contains_key(&tag.id());
        if touches(tags::SUBJECT) || touches(tags::SUBJECT_PREFIX) {
            derive::derive_subject(&mut values);
        }
        derive_thread(&mut values, false);
        if body::BODY_TAGS.iter().any(|tag| touches(*tag)) {
            derive_body(&mut values);
        }
        complete_times(&mut values, now, false);
        if let Some(rows) = &self.recipients {
            derive::derive_display(&mut values, rows);
        }
        let changes_form = self.changes_form();
        let mut grown = i64::try_from(self.properties.set.size()).unwrap_or(i64::MAX);
        let present = attachment_objects(store, &self.object)?;
        let mut numbers: BTreeSet<i32> = present.keys().copied().filter(|number| !self.deleted.contains(number)).collect();
        for number in &self.deleted {
            if let Some(object) = present.get(number) {
                changes.push(Change::Remove { object: object.clone(), expected: Expected::Exists, hard: true });
            }
        }
        for (number, attachment) in core::mem::take(&mut self.attachments) {
            numbers.insert(number);
            match attachment {
                AttachmentContent::New(draft) => {
                    grown = grown.saturating_add(i64::try_from(draft.size()).unwrap_or(i64::MAX));
                    changes.add_attachment(&self.object, draft)?;
                }
                AttachmentContent::Stored(edit) => edit.push(store, changes)?,
            }
        }
        if let Some(rows) = self.recipients.take() {
            for (object, _) in stored_rows(store, &self.object, ScanKind::Recipients, &[])? {
                changes.push(Change::Remove { object, expected: Expected::Exists, hard: true });
            }
            for row in rows {
                let id = store.connection.reserve()?;
                changes.create(id, &self.object, ObjectKind::Recipient, row)?;
            }
        }
        let size = i64::from(old_size).saturating_add(grown).max(1).cast_unsigned();
        values.put(tags::MESSAGE_SIZE, derive::size_value(size));
        values.put(tags::HASATTACH, Value::Boolean(!numbers.is_empty()));
        // Only what differs from the store is written; the flags go bit by bit.
        let mut set = self.properties.set;
        let mut deleted: Vec<PropTag> = self.properties.deleted.into_values().collect();
        for tag in DERIVED {
            match values.entry(*tag) {
                Some((tag, value)) if stored.entry(*tag).map(|(_, old)| old) != Some(value) => match value {
                    crate::backend::StoredValue::Inline(value) => set.put(*tag, value.clone()),
                    crate::backend::StoredValue::Staged(staged) => set.set_staged(*tag, *staged),
                },
                None if stored.contains(*tag) => {
                    set.remove(*tag);
                    deleted.push(*tag);
                }
                _ => {}
            }
        }
        if changes_form {
            deleted.push(crate::mime::ORIGINAL);
        }
        deleted.retain(|tag| !set.contains(*tag));
        set.remove(tags::MESSAGE_FLAGS);
        changes.set(&self.object, expected, set, deleted)?;
        let attached = if numbers.is_empty() { 0 } else { message_flags::HASATTACH };
        changes.push(Change::Bits {
            object: self.object,
            tag: tags::MESSAGE_FLAGS,
            set: attached.cast_unsigned(),
            clear: (message_flags::UNMODIFIED | message_flags::HASATTACH).cast_unsigned(),
        });
        Ok(())
    }
}

/// What a save computes.
const DERIVED: &[PropTag] = &[
    tags::SUBJECT_PREFIX,
    tags::NORMALIZED_SUBJECT,
    tags::CONVERSATION_ID,
    tags::NATIVE_BODY_INFO,
    tags::BODY,
    tags::LAST_MODIFICATION_TIME,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::DISPLAY_BCC,
    tags::MESSAGE_SIZE,
    tags::HASATTACH,
];

/// What it is computed from, besides itself.
const DERIVED_FROM: &[PropTag] = &[
    tags::SUBJECT,
    tags::SUBJECT_PREFIX,
    tags::NORMALIZED_SUBJECT,
    tags::CONVERSATION_TOPIC,
    tags::CONVERSATION_INDEX,
    tags::CONVERSATION_INDEX_TRACKING,
    tags::CONVERSATION_ID,
    tags::NATIVE_BODY_INFO,
    tags::INTERNET_CPID,
    tags::LAST_MODIFICATION_TIME,
    tags::DISPLAY_TO,
    tags::DISPLAY_CC,
    tags::DISPLAY_BCC,
    tags::MESSAGE_SIZE,
    tags::HASATTACH,
];

impl AttachmentEdit {
    fn push(self, store: &StoreReference, changes: &mut ChangeSet<'_>) -> Result<()> {
        match self.embedded {
            EmbeddedEdit::Untouched => {}
            EmbeddedEdit::Edited(edit) => edit.push(store, changes, Expected::Exists)?,
            EmbeddedEdit::Replaced(draft) => {
                for (object, _) in stored_rows(store, &self.object, ScanKind::Contents, &[])? {
                    changes.push(Change::Remove { object, expected: Expected::Exists, hard: true });
                }
                let inner = store.connection.reserve()?;
                changes.add_completed(&inner, &self.object, ObjectKind::EmbeddedMessage, *draft)?;
            }
        }
        let deleted = self.properties.deleted.into_values().collect();
        changes.set(&self.object, Expected::Exists, self.properties.set, deleted)
    }
}

/// The parts of a stored message with chosen values; all pages, in order of arrival.
pub(crate) fn stored_rows(
    store: &StoreReference,
    message: &ObjectId,
    kind: ScanKind,
    columns: &[PropTag],
) -> Result<Vec<(ObjectId, Vec<Property>)>> {
    let scope = Scope::One(message.clone());
    let mut rows = Vec::new();
    let mut from = ScanFrom::Start;
    loop {
        let page = store.connection.backend().scan(&ScanRequest {
            scope: &scope,
            kind,
            columns,
            cell_limit: 0,
            filters: &[],
            order: &[],
            from,
            backwards: false,
            max: PAGE,
        })?;
        for (row, id) in page.batch.ids.iter().enumerate() {
            let values = page
                .batch
                .columns
                .iter()
                .filter_map(|column| {
                    let value = column.value(row)?;
                    Some(Property { tag: column.tag.with_kind(value.kind()), value })
                })
                .collect();
            rows.push((id.clone(), values));
        }
        match page.last {
            Some(last) if page.more => from = ScanFrom::After(last),
            _ => return Ok(rows),
        }
    }
}

/// The stored attachments of a message by number.
pub(crate) fn attachment_objects(store: &StoreReference, message: &ObjectId) -> Result<BTreeMap<i32, ObjectId>> {
    let rows = stored_rows(store, message, ScanKind::Attachments, &[tags::ATTACH_NUM])?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, values)| match values.first()?.value {
            Value::Long(number) => Some((number, id)),
            _ => None,
        })
        .collect())
}

/// The recipient rows of a stored message, by ascending row number.
pub(crate) fn stored_recipients(store: &StoreReference, message: &ObjectId) -> Result<Vec<Values>> {
    let mut columns = store.connection.backend().container_tags(message, ScanKind::Recipients)?;
    columns.retain(|tag| !crate::stores::computed::private::is_private(*tag));
    let mut rows: Vec<Values> = stored_rows(store, message, ScanKind::Recipients, &columns)?
        .into_iter()
        .map(|(_, values)| values.into_iter().collect())
        .collect();
    rows.sort_by_key(|row| row.long(tags::ROWID).unwrap_or(i32::MAX));
    Ok(rows)
}
