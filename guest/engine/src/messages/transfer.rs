//! Carrying messages from one open object or store to another: properties, recipients, attachments and
//! embedded messages as a handle sees them, named properties by their names, long values in pieces
//! (`properties` 4.7, `stores` 5.2).
//!
//! Nothing is computed here and nothing is stored: what comes out is a [`Draft`] of the values there are,
//! whose long values lie staged with the backend of the destination. Who drops the draft discards them.

use crate::backend::{NamedProperty, ObjectId, StagedValue, StoredValue, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::attachment::stored_message_in;
use crate::messages::content::{
    AttachmentContent, Content, Edit, EmbeddedEdit, PropertyEdit, attachment_objects, stored_recipients,
};
use crate::messages::{Draft, DraftAttachment, DraftKind, EMBEDDING_LIMIT, Values};
use crate::properties::{PropTag, PropType, Value};
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Values up to this size are read with their object.
const INLINE: u32 = 64 << 10;
/// Text up to this size is held in memory, so that it can be indexed where it goes.
const TEXT_LIMIT: u64 = 4 << 20;
/// So much text is held for one message at most; what is beyond goes in pieces.
const HELD_LIMIT: u64 = 16 << 20;
/// Bytes of a piece.
const PIECE: u32 = 1 << 20;

/// First identifier of a name.
const FIRST_NAMED: u16 = 0x8000;

/// What is to be taken of a message.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// Which of its properties.
    pub(crate) wanted: &'a dyn Fn(PropTag) -> bool,
    pub(crate) recipients: bool,
    pub(crate) attachments: bool,
}

/// The way from one store to another, or to itself.
pub(crate) struct Transfer<'a> {
    from: &'a Rc<StoreReference>,
    to: &'a Rc<StoreReference>,
    /// The identifiers of names there, by those here; `None`: there is none.
    names: RefCell<BTreeMap<u16, Option<u16>>>,
    /// Numbers of values staged since the message was begun.
    staged: RefCell<Vec<u64>>,
    held: Cell<u64>,
}

/// A message as it was taken.
pub(crate) struct Taken {
    pub(crate) draft: Draft,
    /// Properties that could not be taken, and why.
    pub(crate) lost: Lost,
    /// Those of what is in it.
    pub(crate) lost_within: Lost,
}

/// An attachment as it was taken.
pub(crate) struct TakenAttachment {
    pub(crate) draft: DraftAttachment,
    pub(crate) lost: Lost,
    pub(crate) lost_within: Lost,
}

type Lost = Vec<(PropTag, Code)>;

impl<'a> Transfer<'a> {
    pub(crate) fn new(from: &'a Rc<StoreReference>, to: &'a Rc<StoreReference>) -> Self {
        Self { from, to, names: RefCell::default(), staged: RefCell::default(), held: Cell::new(0) }
    }

    /// The whole of a stored message.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_CHANGED` when others changed it meanwhile, `MAPI_E_TOO_COMPLEX` for too deep
    /// embedding, the backends' own. Nothing stays staged then.
    pub(crate) fn stored_message(&self, edit: Edit) -> Result<Draft> {
        let (object, version) = (edit.object.clone(), edit.version);
        let taken = self.message(&Content::Stored(edit), Parts { wanted: &|_| true, recipients: true, attachments: true }, 0)?;
        let (head, _) = self.from.read(&object, &[])?;
        if head.version == version {
            return Ok(taken.draft);
        }
        taken.draft.discard(&**self.to.connection.backend());
        Err(Failure::new(Code::ObjectChanged, "The message was changed while it was read; try again."))
    }

    /// A message that lies that deep in others where it goes.
    ///
    /// # Errors
    /// As [`Transfer::stored_message`].
    pub(crate) fn message(&self, content: &Content, parts: Parts<'_>, depth: u32) -> Result<Taken> {
        self.whole(|| {
            let (mut lost, mut lost_within) = (Vec::new(), Vec::new());
            let draft = self.message_in(content, parts, depth, &mut lost, &mut lost_within)?;
            Ok(Taken { draft, lost, lost_within })
        })
    }

    /// An attachment of a message that lies that deep in others where it goes.
    ///
    /// # Errors
    /// As [`Transfer::stored_message`].
    pub(crate) fn attachment(
        &self,
        content: &AttachmentContent,
        wanted: &dyn Fn(PropTag) -> bool,
        depth: u32,
    ) -> Result<TakenAttachment> {
        self.whole(|| {
            let (mut lost, mut lost_within) = (Vec::new(), Vec::new());
            let draft = self.attachment_in(content, wanted, depth, &mut lost, &mut lost_within)?;
            Ok(TakenAttachment { draft, lost, lost_within })
        })
    }

    /// The stored values of an object under edits, and what could not be taken.
    ///
    /// # Errors
    /// The backends' own. Nothing stays staged then.
    pub(crate) fn values(
        &self,
        object: &ObjectId,
        edits: &PropertyEdit,
        wanted: &dyn Fn(PropTag) -> bool,
    ) -> Result<(Values, Lost)> {
        self.whole(|| {
            let mut lost = Vec::new();
            let values = self.values_in(object, edits, wanted, &mut lost)?;
            Ok((values, lost))
        })
    }

    /// Gives staged values back when something of what they belong to cannot be taken.
    fn whole<T>(&self, take: impl FnOnce() -> Result<T>) -> Result<T> {
        self.held.set(0);
        let result = take();
        let staged = self.staged.take();
        if result.is_err() {
            staged.into_iter().for_each(|number| self.to.connection.backend().discard(number));
        }
        result
    }

    fn message_in(&self, content: &Content, parts: Parts<'_>, depth: u32, lost: &mut Lost, within: &mut Lost) -> Result<Draft> {
        if depth > EMBEDDING_LIMIT {
            return Err(Failure::new(Code::TooComplex, "Messages are embedded in each other too deep."));
        }
        let mut draft = Draft::default();
        match content {
            Content::New(source) => {
                draft.kind = source.kind;
                draft.properties = self.held_values(&source.properties, parts.wanted, lost)?;
                if parts.recipients {
                    draft.recipients = self.rows(&source.recipients, within)?;
                }
                for attachment in source.attachments.iter().filter(|_| parts.attachments) {
                    let content = AttachmentContent::New(attachment.clone());
                    draft.attachments.push(self.part(&content, depth, within)?);
                }
            }
            Content::Stored(edit) => {
                let (head, _) = self.from.read(&edit.object, &[])?;
                draft.kind = match head.kind {
                    crate::backend::ObjectKind::Associated => DraftKind::Associated,
                    _ => DraftKind::Message,
                };
                draft.properties = self.values_in(&edit.object, &edit.properties, parts.wanted, lost)?;
                if parts.recipients {
                    let rows = match &edit.recipients {
                        Some(rows) => rows.clone(),
                        None => stored_recipients(self.from, &edit.object)?,
                    };
                    draft.recipients = self.rows(&rows, within)?;
                }
                if parts.attachments {
                    draft.attachments = self.attachments_in(edit, depth, within)?;
                }
            }
        }
        Ok(draft)
    }

    /// The attachments of a stored message as its handle sees them, by their numbers.
    fn attachments_in(&self, edit: &Edit, depth: u32, lost: &mut Lost) -> Result<Vec<DraftAttachment>> {
        let stored = attachment_objects(self.from, &edit.object)?;
        let mut contents: BTreeMap<i32, AttachmentContent> = stored
            .into_iter()
            .filter(|(number, _)| !edit.deleted.contains(number))
            .map(|(number, object)| (number, AttachmentContent::stored(object)))
            .collect();
        contents.extend(edit.attachments.iter().map(|(number, content)| (*number, content.clone())));
        contents.values().map(|content| self.part(content, depth, lost)).collect()
    }

    /// An attachment as a part of its message.
    fn part(&self, content: &AttachmentContent, depth: u32, within: &mut Lost) -> Result<DraftAttachment> {
        let mut lost = Vec::new();
        let attachment = self.attachment_in(content, &|_| true, depth, &mut lost, within)?;
        within.append(&mut lost);
        Ok(attachment)
    }

    fn attachment_in(
        &self,
        content: &AttachmentContent,
        wanted: &dyn Fn(PropTag) -> bool,
        depth: u32,
        lost: &mut Lost,
        within: &mut Lost,
    ) -> Result<DraftAttachment> {
        let (properties, embedded) = match content {
            AttachmentContent::New(draft) => {
                let embedded = draft.embedded.as_deref().cloned().map(Content::New);
                (self.held_values(&draft.properties, wanted, lost)?, embedded)
            }
            AttachmentContent::Stored(edit) => {
                let embedded = match &edit.embedded {
                    EmbeddedEdit::Untouched => stored_message_in(self.from, &edit.object)?.map(Content::Stored),
                    EmbeddedEdit::Replaced(draft) => Some(Content::New((**draft).clone())),
                    EmbeddedEdit::Edited(edit) => Some(Content::Stored((**edit).clone())),
                };
                (self.values_in(&edit.object, &edit.properties, wanted, lost)?, embedded)
            }
        };
        let parts = Parts { wanted: &|_| true, recipients: true, attachments: true };
        let embedded = match embedded {
            Some(content) if wanted(crate::properties::tags::ATTACH_DATA_OBJ) => {
                let mut inner = Vec::new();
                let message = self.message_in(&content, parts, depth + 1, &mut inner, within)?;
                within.append(&mut inner);
                Some(Box::new(message))
            }
            _ => None,
        };
        Ok(DraftAttachment { properties, embedded })
    }

    /// Values a handle holds.
    fn held_values(&self, held: &Values, wanted: &dyn Fn(PropTag) -> bool, lost: &mut Lost) -> Result<Values> {
        let mut values = Values::new();
        let tags: Vec<PropTag> = held.iter().map(|(tag, _)| tag).filter(|tag| wanted(*tag)).collect();
        self.learn_names(&tags)?;
        for (tag, value) in held.iter().filter(|(tag, _)| wanted(*tag)) {
            match (self.renamed(tag), value) {
                (None, _) => lost.push((tag, Code::UnableToComplete)),
                (Some(tag), StoredValue::Inline(value)) => values.put(tag, value.clone()),
                // It is on its way to the store and cannot be read before it is there.
                (Some(_), StoredValue::Staged(_)) => lost.push((tag, Code::NotEnoughMemory)),
            }
        }
        Ok(values)
    }

    fn rows(&self, rows: &[Values], lost: &mut Lost) -> Result<Vec<Values>> {
        rows.iter().map(|row| self.held_values(row, &|_| true, lost)).collect()
    }

    /// Stored values under edits.
    fn values_in(
        &self,
        object: &ObjectId,
        edits: &PropertyEdit,
        wanted: &dyn Fn(PropTag) -> bool,
        lost: &mut Lost,
    ) -> Result<Values> {
        let mut values = self.held_values(&edits.set, wanted, lost)?;
        let backend = self.from.connection.backend();
        let (_, mut stored) = backend.read(object, Want::All, INLINE)?;
        stored.retain(|have| {
            let edited = edits.set.contains(have.tag) || edits.deleted.contains_key(&have.tag.id());
            !edited && !private::is_private(have.tag) && wanted(have.tag)
        });
        self.learn_names(&stored.iter().map(|have| have.tag).collect::<Vec<_>>())?;
        let mut sizes = None;
        for property in stored {
            let Some(tag) = self.renamed(property.tag) else {
                lost.push((property.tag, Code::UnableToComplete));
                continue;
            };
            if !matches!(property.value, Value::Error(_)) {
                values.put(tag, property.value);
                continue;
            }
            if sizes.is_none() {
                sizes = Some(backend.list_tags(object)?);
            }
            let found = sizes.iter().flatten().find(|have| have.tag.id() == property.tag.id());
            match found {
                Some(have) => self.long_value(object, have.tag, have.size, tag, &mut values)?,
                None => lost.push((property.tag, Code::NotFound)),
            }
        }
        Ok(values)
    }

    /// A value too long to be read with its object: text in memory, if it is not too much, anything else in
    /// pieces.
    fn long_value(&self, object: &ObjectId, source: PropTag, size: u64, tag: PropTag, values: &mut Values) -> Result<()> {
        let backend = self.from.connection.backend();
        let text = source.kind() == PropType::UNICODE;
        if !text && source.kind() != PropType::BINARY {
            let (_, whole) = backend.read(object, Want::Tags(&[source]), u32::MAX)?;
            whole.into_iter().for_each(|property| values.put(tag, property.value));
            return Ok(());
        }
        let kind = if text { PropType::UNICODE } else { PropType::BINARY };
        if text && size <= TEXT_LIMIT && self.held.get() + size <= HELD_LIMIT {
            let mut bytes = Vec::new();
            self.pieces(object, source, |piece| {
                bytes.extend_from_slice(&piece);
                Ok(())
            })?;
            self.held.set(self.held.get() + size);
            values.put(tag.with_kind(kind), Value::Unicode(String::from_utf8_lossy(&bytes).into_owned()));
            return Ok(());
        }
        let target = self.to.connection.backend();
        let number = target.stage()?;
        self.staged.borrow_mut().push(number);
        self.pieces(object, source, |piece| target.append(number, &piece))?;
        values.set_staged(tag.with_kind(kind), StagedValue { number, size });
        Ok(())
    }

    fn pieces(&self, object: &ObjectId, tag: PropTag, mut take: impl FnMut(Vec<u8>) -> Result<()>) -> Result<()> {
        let mut offset = 0;
        loop {
            let piece = self.from.connection.backend().read_range(object, tag, offset, PIECE)?;
            if piece.is_empty() {
                return Ok(());
            }
            let last = piece.len() < PIECE as usize;
            offset += piece.len() as u64;
            take(piece)?;
            if last {
                return Ok(());
            }
        }
    }

    /// The tag of a property where it goes; `None`: its name has no identifier there.
    fn renamed(&self, tag: PropTag) -> Option<PropTag> {
        if tag.id() < FIRST_NAMED || self.shares_names() {
            return Some(tag);
        }
        let id = self.names.borrow().get(&tag.id()).copied().flatten()?;
        Some(PropTag::new(id, tag.kind()))
    }

    fn shares_names(&self) -> bool {
        self.from.connection.identity().mapping_signature == self.to.connection.identity().mapping_signature
    }

    /// Finds out, and makes if need be, the identifiers of names where they go.
    fn learn_names(&self, tags: &[PropTag]) -> Result<()> {
        if self.shares_names() {
            return Ok(());
        }
        let unknown: Vec<u16> = {
            let known = self.names.borrow();
            tags.iter().map(|tag| tag.id()).filter(|id| *id >= FIRST_NAMED && !known.contains_key(id)).collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let names = self.from.connection.backend().names_of_ids(&unknown)?;
        let named: Vec<(u16, NamedProperty)> = unknown.iter().zip(names).filter_map(|(id, name)| Some((*id, name?))).collect();
        let wanted: Vec<NamedProperty> = named.iter().map(|(_, name)| name.clone()).collect();
        let ids = if wanted.is_empty() { Vec::new() } else { self.to.connection.backend().ids_of_names(&wanted, true)? };
        let mut known = self.names.borrow_mut();
        known.extend(unknown.into_iter().map(|id| (id, None)));
        for ((id, _), there) in named.into_iter().zip(ids) {
            known.insert(id, there.filter(|there| (FIRST_NAMED..0xFFFF).contains(there)));
        }
        Ok(())
    }
}
