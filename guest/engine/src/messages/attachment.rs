//! Attachments (`messages` 3): saved into their message, durable with it.

use crate::backend::{ObjectId, ObjectKind, ScanKind, Store, StoredValue, Want};
use crate::error::{Code, Failure, LastError, MapiError, Result};
use crate::messages::content::{
    AttachmentContent, AttachmentEdit, Content, Edit, EmbeddedEdit, PropertyEdit, inline, stored_rows,
};
use crate::messages::message::{MessageState, Mode, with_defaults};
use crate::messages::reading::{held_source, wants};
use crate::messages::{Draft, DraftAttachment, EMBEDDING_LIMIT, Message, derive};
use crate::properties::copy::{Copied, Copyable};
use crate::properties::interface::{IID_IMESSAGE, IID_IUNKNOWN};
use crate::properties::tags::{self, Settable};
use crate::properties::{
    KeepOpen, Numbered, OpenRequest, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, PropertyObject,
    SaveMode, StreamOn, StreamSource, StreamTarget, Value,
};
use crate::session::Alive;
use crate::stores::computed::{self, Subject, private};
use crate::stores::object::add_access_level;
use crate::stores::reference::StoreReference;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// `ATTACH_BY_VALUE`.
const BY_VALUE: i32 = 1;
/// `ATTACH_EMBEDDED_MSG`.
const EMBEDDED_MSG: i32 = 5;
/// `ATTACH_OLE`.
const OLE: i32 = 6;

/// The state of an open attachment, shared by all handles onto it.
pub(crate) struct AttachmentState {
    pub(crate) store: Rc<StoreReference>,
    pub(super) message: Rc<MessageState>,
    pub(super) number: i32,
    alive: Alive,
    mode: Cell<Mode>,
    pub(super) content: RefCell<AttachmentContent>,
    saved: Cell<bool>,
    /// The message holds the content.
    handed_over: Cell<bool>,
    /// This handle keeps others from writing.
    exclusive: bool,
    this: Weak<AttachmentState>,
    last_error: Rc<LastError>,
}

/// An open attachment.
#[derive(Clone)]
pub struct Attachment(pub(super) Rc<AttachmentState>);

impl AttachmentContent {
    pub(crate) fn stored(object: ObjectId) -> Self {
        Self::Stored(AttachmentEdit { object, properties: PropertyEdit::default(), embedded: EmbeddedEdit::Untouched })
    }
}

/// The message embedded in a stored attachment.
pub(crate) fn stored_message_in(store: &StoreReference, attachment: &ObjectId) -> Result<Option<Edit>> {
    let Some((inner, _)) = stored_rows(store, attachment, ScanKind::Contents, &[])?.into_iter().next() else {
        return Ok(None);
    };
    let (head, _) = store.read(&inner, &[])?;
    Ok(Some(Edit::new(inner, head.version)))
}

impl Attachment {
    fn with(message: Rc<MessageState>, number: i32, content: AttachmentContent, mode: Mode, saved: bool) -> Self {
        let exclusive = mode == Mode::ReadWrite;
        if exclusive {
            message.open_attachments.borrow_mut().insert(number);
        }
        Self(Rc::new_cyclic(|this| AttachmentState {
            store: message.store.clone(),
            alive: message.alive.derive(),
            last_error: message.store.last_error(),
            message,
            number,
            mode: Cell::new(mode),
            content: RefCell::new(content),
            saved: Cell::new(saved),
            handed_over: Cell::new(saved),
            exclusive,
            this: this.clone(),
        }))
    }

    pub(crate) fn create(message: Rc<MessageState>, number: i32) -> Self {
        let mut draft = DraftAttachment::default();
        draft.properties.put(tags::ATTACH_NUM, Value::Long(number));
        draft.properties.put(tags::ATTACH_METHOD, Value::Long(0));
        draft.properties.put(tags::RENDERING_POSITION, Value::Long(-1));
        Self::with(message, number, AttachmentContent::New(draft), Mode::ReadWrite, false)
    }

    pub(crate) fn open(message: Rc<MessageState>, number: i32, content: AttachmentContent, writable: bool) -> Self {
        let mode = if writable { Mode::ReadWrite } else { Mode::ReadOnly };
        Self::with(message, number, content, mode, true)
    }

    /// Its properties (IMAPIProp).
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        PropertyObject::new(self.0.clone(), self.0.last_error.clone())
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }
}

impl Drop for AttachmentState {
    fn drop(&mut self) {
        // What was saved belongs to the message.
        if !self.handed_over.get() {
            self.content.borrow().discard(&**self.store.connection.backend());
        }
        if self.exclusive {
            self.message.open_attachments.borrow_mut().remove(&self.number);
        }
    }
}

impl AttachmentState {
    fn check_writable(&self) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Failure::new(Code::NoAccess, "The attachment was opened read-only; open it with MAPI_MODIFY to change it."))
    }

    /// One `PT_LONG` of the attachment.
    fn long(&self, tag: PropTag) -> Result<Option<i32>> {
        let values = self.read(Want::Tags(&[tag]), crate::properties::INLINE_LIMIT)?;
        Ok(values.iter().find_map(|property| match property.value {
            Value::Long(number) if property.tag.id() == tag.id() => Some(number),
            _ => None,
        }))
    }

    /// The embedded message as this handle sees it.
    pub(super) fn embedded(&self) -> Result<Option<Content>> {
        let object = match &*self.content.borrow() {
            AttachmentContent::New(draft) => return Ok(draft.embedded.as_deref().cloned().map(Content::New)),
            AttachmentContent::Stored(edit) => match &edit.embedded {
                EmbeddedEdit::Replaced(draft) => return Ok(Some(Content::New((**draft).clone()))),
                EmbeddedEdit::Edited(edit) => return Ok(Some(Content::Stored((**edit).clone()))),
                EmbeddedEdit::Untouched => edit.object.clone(),
            },
        };
        Ok(stored_message_in(&self.store, &object)?.map(Content::Stored))
    }

    /// Takes over what the save of the embedded message made of it.
    pub(crate) fn take_embedded(&self, content: Content) -> Result<()> {
        self.check()?;
        self.check_writable()?;
        match (&mut *self.content.borrow_mut(), content) {
            (AttachmentContent::New(attachment), Content::New(draft)) => attachment.embedded = Some(Box::new(draft)),
            (AttachmentContent::Stored(edit), Content::New(draft)) => {
                edit.embedded = EmbeddedEdit::Replaced(Box::new(draft));
            }
            (AttachmentContent::Stored(edit), Content::Stored(inner)) => {
                edit.embedded = EmbeddedEdit::Edited(Box::new(inner));
            }
            // A new attachment holds no stored message.
            (AttachmentContent::New(_), Content::Stored(_)) => {}
        }
        self.put(Property { tag: tags::ATTACH_METHOD, value: Value::Long(EMBEDDED_MSG) });
        Ok(())
    }

    pub(super) fn put(&self, property: Property) {
        match &mut *self.content.borrow_mut() {
            AttachmentContent::New(draft) => draft.properties.set(property),
            AttachmentContent::Stored(edit) => edit.properties.set(property),
        }
    }

    pub(super) fn take_away(&self, tag: PropTag) {
        match &mut *self.content.borrow_mut() {
            AttachmentContent::New(draft) => {
                draft.properties.remove(tag);
                if tag.id() == tags::ATTACH_DATA_OBJ.id() {
                    draft.embedded = None;
                }
            }
            AttachmentContent::Stored(edit) => edit.properties.delete(tag),
        }
    }

    fn open_message(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        if request.modify {
            self.check_writable()?;
        }
        let method = self.long(tags::ATTACH_METHOD)?.unwrap_or(0);
        if method != EMBEDDED_MSG && !(method == 0 && request.create) {
            return Err(Failure::new(
                Code::InterfaceNotSupported,
                "The attachment holds no message (its PR_ATTACH_METHOD is not 5); open its data as a stream.",
            )
            .with_tag(request.tag));
        }
        let depth = self.message.depth() + 1;
        if depth > EMBEDDING_LIMIT {
            return Err(Failure::new(Code::TooComplex, "Messages are embedded in each other too deep."));
        }
        let this = self.this.upgrade().ok_or_else(|| Failure::new(Code::InvalidObject, "The attachment was released."))?;
        if request.create {
            let mut draft = Draft::default();
            with_defaults(&mut draft, &self.store);
            self.put(Property { tag: tags::ATTACH_METHOD, value: Value::Long(EMBEDDED_MSG) });
            return Ok(OpenedProperty::Message(Message::embedded(this, depth, Content::New(draft), true, false)));
        }
        let content =
            self.embedded()?.ok_or_else(|| Failure::not_found("The attachment holds no message yet.").with_tag(request.tag))?;
        Ok(OpenedProperty::Message(Message::embedded(this, depth, content, request.modify, true)))
    }

    pub(super) fn source(&self, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        let object = match &*self.content.borrow() {
            AttachmentContent::New(draft) => {
                return draft.properties.entry(tag).map(|(_, value)| held_source(value)).transpose();
            }
            AttachmentContent::Stored(edit) => {
                if let Some((_, value)) = edit.properties.set.entry(tag) {
                    return held_source(value).map(Some);
                }
                if edit.properties.deleted.contains_key(&tag.id()) {
                    return Ok(None);
                }
                edit.object.clone()
            }
        };
        self.store.stream_source(&object, tag)
    }
}

impl PropertyHolder for AttachmentState {
    fn check(&self) -> Result<()> {
        self.alive.check()?;
        if self.mode.get() == Mode::Closed {
            return Err(Failure::new(
                Code::InvalidObject,
                "The attachment was saved without KEEP_OPEN_READONLY or KEEP_OPEN_READWRITE; open it again.",
            ));
        }
        Ok(())
    }

    fn is_writable(&self) -> bool {
        self.mode.get() == Mode::ReadWrite && self.store.is_writable()
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let wanted = |tag: PropTag| wants(want, tag);
        let stored = match &*self.content.borrow() {
            AttachmentContent::New(draft) => Err(draft.properties.clone()),
            AttachmentContent::Stored(edit) => Ok((edit.object.clone(), edit.properties.clone())),
        };
        let mut values = match stored {
            Err(held) => {
                let subject = Subject { id: None, kind: ObjectKind::Attachment, parent: None, deleted: false };
                let mut values: Vec<Property> = computed::tags_of(ObjectKind::Attachment)
                    .filter(|tag| wanted(*tag))
                    .filter_map(|tag| {
                        let value = computed::compute(&self.store, &subject, tag, &|_| None)?;
                        Some(Property { tag, value })
                    })
                    .collect();
                values.extend(held.iter().filter(|(tag, _)| wanted(*tag)).map(|(tag, value)| inline(tag, value, limit)));
                values
            }
            Ok((object, edit)) => {
                let (_, mut values) = self.store.read_object(&object, ObjectKind::Attachment, want, limit)?;
                edit.overlay(&mut values, want, limit);
                values
            }
        };
        // Objects are told by the method: they have no value of their own.
        if wanted(tags::ATTACH_DATA_OBJ) && !values.iter().any(|have| have.tag.id() == tags::ATTACH_DATA_OBJ.id()) {
            let method = match values.iter().find(|have| have.tag == tags::ATTACH_METHOD) {
                Some(Property { value: Value::Long(method), .. }) => Some(*method),
                _ if matches!(want, Want::All) => None,
                _ => self.long(tags::ATTACH_METHOD)?,
            };
            if method == Some(EMBEDDED_MSG) {
                values.push(Property { tag: tags::ATTACH_DATA_OBJ, value: Value::Object });
            }
        }
        add_access_level(&mut values, want, self.is_writable());
        Ok(values)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        let stored = match &*self.content.borrow() {
            AttachmentContent::New(draft) => Err(draft.properties.iter().map(|(tag, _)| tag).collect::<Vec<_>>()),
            AttachmentContent::Stored(edit) => Ok((edit.object.clone(), edit.properties.clone())),
        };
        let mut list = match stored {
            Err(mut held) => {
                held.extend(computed::tags_of(ObjectKind::Attachment).filter(|tag| *tag != tags::RECORD_KEY));
                held.push(tags::ACCESS_LEVEL);
                held
            }
            Ok((object, edit)) => {
                let mut list = self.store.list_object(&object, ObjectKind::Attachment)?;
                list.retain(|tag| !edit.deleted.contains_key(&tag.id()) && !edit.set.contains(*tag));
                list.extend(edit.set.iter().map(|(tag, _)| tag));
                list
            }
        };
        if self.long(tags::ATTACH_METHOD)? == Some(EMBEDDED_MSG) {
            list.retain(|tag| tag.id() != tags::ATTACH_DATA_OBJ.id());
            list.push(tags::ATTACH_DATA_OBJ);
        }
        Ok(list)
    }

    fn settable(&self, tag: PropTag) -> Settable {
        match tag.id() {
            id if id == tags::SEARCH_KEY.id() => Settable::Computed,
            _ if private::is_private(tag) => Settable::Computed,
            _ => tags::by_id(tag.id()).map_or(Settable::Free, |entry| entry.settable),
        }
    }

    fn is_saved(&self) -> bool {
        self.saved.get()
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        for numbered in delete {
            self.take_away(numbered.tag);
        }
        for numbered in set {
            self.put(numbered.item);
        }
        Ok(Vec::new())
    }

    fn save(&self, mode: SaveMode) -> Result<()> {
        let now = self.store.connection.environment().clock.now();
        let content = self.content.borrow().clone();
        let content = match content {
            AttachmentContent::New(mut draft) => {
                if let Some(embedded) = &mut draft.embedded {
                    embedded.complete(self.store.connection.environment())?;
                }
                draft.complete(now);
                self.content.replace(AttachmentContent::New(draft.clone()));
                AttachmentContent::New(draft)
            }
            AttachmentContent::Stored(mut edit) => {
                if let EmbeddedEdit::Replaced(embedded) = &mut edit.embedded {
                    embedded.complete(self.store.connection.environment())?;
                }
                if !edit.properties.is_empty() {
                    edit.properties.set(Property { tag: tags::LAST_MODIFICATION_TIME, value: Value::SysTime(now) });
                    let old = self.long(tags::ATTACH_SIZE)?.unwrap_or(0).unsigned_abs();
                    let size = u64::from(old).max(edit.properties.set.size());
                    edit.properties.set(Property { tag: tags::ATTACH_SIZE, value: derive::size_value(size) });
                }
                AttachmentContent::Stored(edit)
            }
        };
        self.message.put_attachment(self.number, content)?;
        self.saved.set(true);
        self.handed_over.set(true);
        self.mode.set(match mode.keep {
            KeepOpen::ReadWrite => Mode::ReadWrite,
            KeepOpen::ReadOnly => Mode::ReadOnly,
            KeepOpen::No => Mode::Closed,
        });
        Ok(())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        let data = request.tag.id() == tags::ATTACH_DATA_OBJ.id();
        if data
            && (request.interface == IID_IMESSAGE || (request.interface == IID_IUNKNOWN && request.tag == tags::ATTACH_DATA_OBJ))
        {
            return self.open_message(request);
        }
        if data {
            let method = self.long(tags::ATTACH_METHOD)?.unwrap_or(0);
            let object = request.tag == tags::ATTACH_DATA_OBJ;
            let fits = if object { method == OLE } else { matches!(method, 0 | BY_VALUE | OLE) };
            if !fits {
                return Err(Failure::new(
                    Code::InterfaceNotSupported,
                    "The attachment's PR_ATTACH_METHOD does not allow its data to be opened as a stream.",
                )
                .with_tag(request.tag));
            }
        }
        let may_write = match self.settable(request.tag) {
            Settable::Free => self.check_writable(),
            _ => Err(Failure::new(Code::NoAccess, "A computed property cannot be written.").with_tag(request.tag)),
        };
        let target = self.this.upgrade().ok_or_else(|| Failure::new(Code::InvalidObject, "The attachment was released."))?;
        let on = StreamOn {
            alive: self.alive.clone(),
            log: self.store.connection.environment().log.clone(),
            objects: Some(self.store.connection.backend().clone()),
            existing: self.source(request.tag)?,
            target,
            may_write,
        };
        Ok(OpenedProperty::Stream(on.open(request)?))
    }

    fn copyable(self: Rc<Self>) -> Copyable {
        Copyable(Copied::Attachment(self))
    }

    fn names(&self) -> Option<(Rc<dyn Store>, bool)> {
        Some((self.store.connection.backend().clone(), self.store.is_writable()))
    }
}

impl StreamTarget for AttachmentState {
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()> {
        self.check()?;
        self.check_writable()?;
        match value {
            StoredValue::Inline(value) => self.put(Property { tag: tag.with_kind(value.kind()), value }),
            StoredValue::Staged(staged) => {
                let kind = if tag.kind().is_string() { PropType::UNICODE } else { PropType::BINARY };
                match &mut *self.content.borrow_mut() {
                    AttachmentContent::New(draft) => draft.properties.set_staged(tag.with_kind(kind), staged),
                    AttachmentContent::Stored(edit) => {
                        edit.properties.deleted.remove(&tag.id());
                        edit.properties.set.set_staged(tag.with_kind(kind), staged);
                    }
                }
            }
        }
        Ok(())
    }
}
