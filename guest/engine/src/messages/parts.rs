//! Recipients and attachments of an open message as tables, and changes of the recipient list
//! (`messages` 2, 3).

use crate::backend::{ObjectId, ScanKind};
use crate::error::{Failure, Result, check_flags};
use crate::messages::content::{AttachmentContent, Content, attachment_objects, stored_recipients, stored_rows};
use crate::messages::message::MessageState;
use crate::messages::{Values, derive};
use crate::properties::{PropTag, PropType, Property, PropertyHolder, Value, tags};
use crate::stores::catalogue;
use crate::tables::{Abilities, DefaultOrder, Row, SortOrder, SortOrderSet, Table, TableData, TableType, ViewOptions};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// `MODRECIP_ADD`.
pub const MODRECIP_ADD: u32 = 0x2;
/// `MODRECIP_MODIFY`.
pub const MODRECIP_MODIFY: u32 = 0x4;
/// `MODRECIP_REMOVE`.
pub const MODRECIP_REMOVE: u32 = 0x8;

/// The live tables of an open message.
#[derive(Default)]
pub(crate) struct PartTables {
    recipients: RefCell<Option<Rc<TableData>>>,
    attachments: RefCell<Option<Rc<TableData>>>,
    /// The next row number; numbers are never used again while the message is open.
    next_row: Cell<i32>,
}

impl MessageState {
    /// The recipient rows as this handle sees them.
    pub(crate) fn recipients(&self) -> Result<Vec<Values>> {
        let object = match &*self.content.borrow() {
            Content::New(draft) => return Ok(draft.recipients.clone()),
            Content::Stored(edit) => match &edit.recipients {
                Some(rows) => return Ok(rows.clone()),
                None => edit.object.clone(),
            },
        };
        stored_recipients(&self.store, &object)
    }

    /// Whether there is a recipient, as this handle sees it.
    pub(super) fn has_recipients(&self) -> Result<bool> {
        Ok(!self.recipients()?.is_empty())
    }

    pub(crate) fn modify_recipients(&self, flags: u32, rows: &[Vec<Property>]) -> Result<()> {
        check_flags(flags, MODRECIP_ADD | MODRECIP_MODIFY | MODRECIP_REMOVE)?;
        if flags.count_ones() > 1 {
            return Err(Failure::invalid("flags", "MODRECIP_ADD, MODRECIP_MODIFY and MODRECIP_REMOVE exclude each other."));
        }
        self.check_writable()?;
        if rows.iter().flatten().any(|p| p.tag.kind() == PropType::NULL || p.value == Value::Null) {
            return Err(Failure::invalid("rows", "A recipient row holds a property of type PT_NULL; leave it out."));
        }
        // Rows without any property stand for no recipient.
        let given: Vec<Values> = rows.iter().filter(|row| !row.is_empty()).map(|row| row.iter().cloned().collect()).collect();
        let needs_row = flags & (MODRECIP_MODIFY | MODRECIP_REMOVE) != 0;
        if needs_row && given.iter().any(|row| row.long(tags::ROWID).is_none()) {
            return Err(Failure::invalid("rows", "Every row to change or remove needs its PR_ROWID."));
        }
        let mut list = self.recipients()?;
        let highest = list.iter().filter_map(|row| row.long(tags::ROWID)).max().map_or(0, |row| row.saturating_add(1));
        let mut next = highest.max(self.tables.next_row.get());
        if flags == 0 {
            list.clear();
        }
        for mut row in given {
            if needs_row {
                let number = row.long(tags::ROWID).unwrap_or_default();
                list.retain(|have| have.long(tags::ROWID) != Some(number));
                if flags == MODRECIP_REMOVE {
                    continue;
                }
                derive::complete_recipient(&mut row, number);
                next = next.max(number.saturating_add(1));
            } else {
                derive::complete_recipient(&mut row, next);
                next = next.saturating_add(1);
            }
            list.push(row);
        }
        list.sort_by_key(|row| row.long(tags::ROWID));
        self.tables.next_row.set(next);
        match &mut *self.content.borrow_mut() {
            Content::New(draft) => draft.recipients.clone_from(&list),
            Content::Stored(edit) => edit.recipients = Some(list.clone()),
        }
        let data = self.tables.recipients.borrow().clone();
        data.map_or(Ok(()), |data| refresh(&data, recipient_rows(&list)))
    }

    pub(crate) fn recipient_table(&self, unicode: bool) -> Result<Table> {
        let known = self.tables.recipients.borrow().clone();
        let data = match known {
            Some(data) => data,
            None => {
                let data = TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, catalogue::RECIPIENTS.to_vec())?;
                data.modify_rows(0, recipient_rows(&self.recipients()?))?;
                *self.tables.recipients.borrow_mut() = Some(data.clone());
                data
            }
        };
        let order = SortOrderSet::plain(vec![SortOrder::ascending(tags::ROWID)]);
        let options = ViewOptions { unicode, default_order: DefaultOrder { order, reported: false }, ..ViewOptions::default() };
        Ok(data.view(options)?.bound_to(self.alive.clone()))
    }

    /// The attachment rows as this handle sees them.
    pub(super) fn attachment_rows(&self) -> Result<Vec<Row>> {
        let (object, held, deleted) = match &*self.content.borrow() {
            Content::New(draft) => {
                return Ok(draft.attachments.iter().map(|a| attachment_row(None, a.properties.clone())).collect());
            }
            Content::Stored(edit) => (edit.object.clone(), edit.attachments.clone(), edit.deleted.clone()),
        };
        let backend = self.store.connection.backend();
        let mut columns = backend.container_tags(&object, ScanKind::Attachments)?;
        columns.retain(|tag| tag.id() != tags::ATTACH_DATA_BIN.id());
        if !columns.contains(&tags::ATTACH_NUM) {
            columns.push(tags::ATTACH_NUM);
        }
        let mut rows = Vec::new();
        for (id, values) in stored_rows(&self.store, &object, ScanKind::Attachments, &columns)? {
            let mut values: Values = values.into_iter().collect();
            let Some(number) = values.long(tags::ATTACH_NUM) else { continue };
            match held.get(&number) {
                Some(AttachmentContent::Stored(edit)) => {
                    edit.properties.deleted.values().for_each(|tag| drop(values.remove(*tag)));
                    for (tag, value) in edit.properties.set.iter() {
                        if let crate::backend::StoredValue::Inline(value) = value {
                            values.put(tag, value.clone());
                        }
                    }
                }
                Some(AttachmentContent::New(_)) => continue,
                None if deleted.contains(&number) => continue,
                None => {}
            }
            rows.push(attachment_row(Some(&id), values));
        }
        for content in held.into_values() {
            if let AttachmentContent::New(draft) = content {
                rows.push(attachment_row(None, draft.properties));
            }
        }
        Ok(rows)
    }

    pub(crate) fn attachment_table(&self, unicode: bool) -> Result<Table> {
        let known = self.tables.attachments.borrow().clone();
        let data = match known {
            Some(data) => data,
            None => {
                let data = TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, catalogue::ATTACHMENTS.to_vec())?;
                data.modify_rows(0, self.attachment_rows()?)?;
                *self.tables.attachments.borrow_mut() = Some(data.clone());
                data
            }
        };
        let keys = [tags::RENDERING_POSITION, tags::ATTACH_NUM].map(SortOrder::ascending).to_vec();
        let default_order = DefaultOrder { order: SortOrderSet::plain(keys), reported: false };
        let options = ViewOptions { unicode, default_order, abilities: Abilities::ATTACHMENTS, ..ViewOptions::default() };
        Ok(data.view(options)?.bound_to(self.alive.clone()))
    }

    /// Lets an open attachment table see what changed.
    pub(crate) fn refresh_attachment_table(&self) -> Result<()> {
        let data = self.tables.attachments.borrow().clone();
        match data {
            Some(data) => refresh(&data, self.attachment_rows()?),
            None => Ok(()),
        }
    }
}

impl MessageState {
    /// Every attachment number in use, as this handle sees it.
    pub(crate) fn attachment_numbers(&self) -> Result<BTreeSet<i32>> {
        let (object, mut numbers, deleted) = match &*self.content.borrow() {
            Content::New(draft) => {
                return Ok(draft.attachments.iter().filter_map(|a| a.properties.long(tags::ATTACH_NUM)).collect());
            }
            Content::Stored(edit) => {
                (edit.object.clone(), edit.attachments.keys().copied().collect::<BTreeSet<_>>(), edit.deleted.clone())
            }
        };
        let stored = attachment_objects(&self.store, &object)?;
        numbers.extend(stored.into_keys().filter(|number| !deleted.contains(number)));
        Ok(numbers)
    }

    /// The attachment of that number, as this handle sees it.
    pub(super) fn find_attachment(&self, number: i32) -> Result<Option<AttachmentContent>> {
        let object = match &*self.content.borrow() {
            Content::New(draft) => {
                let found = draft.attachments.iter().find(|a| a.properties.long(tags::ATTACH_NUM) == Some(number));
                return Ok(found.cloned().map(AttachmentContent::New));
            }
            Content::Stored(edit) => {
                if let Some(content) = edit.attachments.get(&number) {
                    return Ok(Some(content.clone()));
                }
                if edit.deleted.contains(&number) {
                    return Ok(None);
                }
                edit.object.clone()
            }
        };
        let stored = attachment_objects(&self.store, &object)?;
        Ok(stored.get(&number).map(|object| AttachmentContent::stored(object.clone())))
    }

    pub(super) fn remove_attachment(&self, number: i32) {
        match &mut *self.content.borrow_mut() {
            Content::New(draft) => draft.attachments.retain(|a| a.properties.long(tags::ATTACH_NUM) != Some(number)),
            Content::Stored(edit) => {
                edit.attachments.remove(&number);
                edit.deleted.insert(number);
            }
        }
    }

    /// Takes a saved attachment in.
    pub(crate) fn put_attachment(&self, number: i32, content: AttachmentContent) -> Result<()> {
        self.check()?;
        self.check_writable()?;
        match (&mut *self.content.borrow_mut(), content) {
            (Content::New(draft), AttachmentContent::New(attachment)) => {
                draft.attachments.retain(|a| a.properties.long(tags::ATTACH_NUM) != Some(number));
                draft.attachments.push(attachment);
                draft.attachments.sort_by_key(|a| a.properties.long(tags::ATTACH_NUM));
            }
            (Content::Stored(edit), content) => {
                // One saved before under this number is replaced.
                if matches!(content, AttachmentContent::New(_)) {
                    edit.deleted.insert(number);
                }
                edit.attachments.insert(number, content);
            }
            // A new message has no stored attachments.
            (Content::New(_), AttachmentContent::Stored(_)) => {}
        }
        self.refresh_attachment_table()
    }
}

/// Replaces the rows of a table by these, keeping those that are in both.
pub(crate) fn refresh(data: &TableData, rows: Vec<Row>) -> Result<()> {
    let key = |row: &Row| row.iter().find(|property| property.tag == tags::INSTANCE_KEY).cloned();
    let keep: BTreeSet<Vec<u8>> = rows.iter().filter_map(key).filter_map(|property| key_bytes(&property)).collect();
    let mut vanished = Vec::new();
    for position in 0..u32::MAX {
        let Some(row) = data.enum_row(position) else { break };
        vanished.extend(key(&row).filter(|property| key_bytes(property).is_some_and(|bytes| !keep.contains(&bytes))));
    }
    if !vanished.is_empty() {
        data.delete_rows(0, &vanished)?;
    }
    if rows.is_empty() { Ok(()) } else { data.modify_rows(0, rows) }
}

fn key_bytes(property: &Property) -> Option<Vec<u8>> {
    match &property.value {
        Value::Binary(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

pub(super) fn inline_row(values: Values) -> Row {
    values
        .into_iter()
        .filter_map(|(tag, value)| match value {
            crate::backend::StoredValue::Inline(value) => Some(Property { tag, value }),
            crate::backend::StoredValue::Staged(_) => None,
        })
        .collect()
}

fn recipient_rows(list: &[Values]) -> Vec<Row> {
    list.iter()
        .map(|values| {
            let number = values.long(tags::ROWID).unwrap_or_default();
            let mut row = inline_row(values.clone());
            row.retain(|property| property.tag.id() != tags::INSTANCE_KEY.id());
            row.push(instance_key(number));
            row
        })
        .collect()
}

fn attachment_row(object: Option<&ObjectId>, mut values: Values) -> Row {
    let number = values.long(tags::ATTACH_NUM).unwrap_or_default();
    let data: Option<PropTag> = values.remove(tags::ATTACH_DATA_BIN).map(|(tag, _)| tag);
    let mut row = inline_row(values);
    row.retain(|property| property.tag.id() != tags::INSTANCE_KEY.id());
    row.push(instance_key(number));
    if let Some(object) = object {
        row.push(Property::new(tags::RECORD_KEY, Value::Binary(object.as_bytes().to_vec())));
    }
    // The data never travels in a row: the cell says that it is there.
    if data.is_some() || object.is_some() {
        row.push(Property { tag: tags::ATTACH_DATA_OBJ, value: Value::Object });
    }
    row
}

fn instance_key(number: i32) -> Property {
    Property::new(tags::INSTANCE_KEY, Value::Binary(number.to_be_bytes().to_vec()))
}
