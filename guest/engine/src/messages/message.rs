//! Message objects (`messages` 1): transacted, private to their handle until saved.

use crate::backend::{Expected, ObjectHead, ObjectId, ObjectKind, Store, StoredValue, Want};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::messages::attachment::AttachmentState;
use crate::messages::content::{AttachmentContent, Content, Edit};
use crate::messages::draft::complete_new;
use crate::messages::{Attachment, Draft, DraftKind, Values, body, message_flags, parts};
use crate::properties::interface::{IID_IATTACHMENT, check_interface};
use crate::properties::tags::{self, Settable};
use crate::properties::{
    DataStream, Guid, KeepOpen, MAPI_BEST_ACCESS, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, Numbered, OpenRequest, OpenedProperty,
    Problem, PropTag, PropType, Property, PropertyHolder, PropertyObject, SaveMode, StreamOn, StreamSource, StreamTarget, Value,
};
use crate::session::Alive;
use crate::stores::computed::{self, Subject, private};
use crate::stores::object::{add_access_level, check_table_request, gone};
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, CommitMode};
use crate::tables::{MAPI_UNICODE, Table};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::{Rc, Weak};

/// Characters of a message class, without its terminator (`messages` 1.7).
const CLASS_LIMIT: usize = 254;
/// `ATTACH_DIALOG`.
const ATTACH_DIALOG: u32 = 0x1;
/// Streams read a value into memory in pieces of this size.
const PIECE: u32 = 1 << 20;

/// What a handle still allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadOnly,
    ReadWrite,
    /// Saved without `KEEP_OPEN_*`: only release.
    Closed,
}

/// Where a message lies.
pub(crate) enum Place {
    Folder(ObjectId),
    /// Embedded in an attachment, this deep.
    Attachment(Rc<AttachmentState>, u32),
}

/// The state of an open message, shared by all handles onto it.
pub(crate) struct MessageState {
    pub(crate) store: Rc<StoreReference>,
    pub(crate) place: Place,
    /// Its identifier; a message embedded in a new attachment has none yet.
    pub(crate) object: Option<ObjectId>,
    pub(crate) kind: ObjectKind,
    pub(crate) alive: Alive,
    pub(crate) mode: Cell<Mode>,
    pub(crate) content: RefCell<Content>,
    pub(crate) tables: parts::PartTables,
    /// Numbers of attachments created here and not saved yet, and of those open for writing.
    pub(crate) open_attachments: RefCell<BTreeSet<i32>>,
    pub(crate) this: Weak<MessageState>,
    pub(crate) last_error: Rc<LastError>,
}

/// An open message.
#[derive(Clone)]
pub struct Message(pub(crate) Rc<MessageState>);

impl Message {
    fn with(
        store: Rc<StoreReference>,
        place: Place,
        object: Option<ObjectId>,
        kind: ObjectKind,
        mode: Mode,
        content: Content,
    ) -> Self {
        let (alive, last_error) = (store.opening.alive.derive(), store.last_error());
        Self(Rc::new_cyclic(|this| MessageState {
            store,
            place,
            object,
            kind,
            alive,
            mode: Cell::new(mode),
            content: RefCell::new(content),
            tables: parts::PartTables::default(),
            open_attachments: RefCell::default(),
            this: this.clone(),
            last_error,
        }))
    }

    /// A new message in a folder, with the defaults of `messages` 1.3.
    pub(crate) fn create(store: Rc<StoreReference>, folder: ObjectId, draft_kind: DraftKind) -> Result<Self> {
        let object = store.connection.reserve()?;
        let mut draft = Draft { kind: draft_kind, ..Draft::default() };
        with_defaults(&mut draft, &store);
        let kind = match draft_kind {
            DraftKind::Message => ObjectKind::Message,
            DraftKind::Associated => ObjectKind::Associated,
        };
        Ok(Self::with(store, Place::Folder(folder), Some(object), kind, Mode::ReadWrite, Content::New(draft)))
    }

    /// A stored message.
    pub(crate) fn open(store: Rc<StoreReference>, object: ObjectId, head: &ObjectHead, writable: bool) -> Result<Self> {
        let folder = head.parent.clone().ok_or_else(|| Failure::not_found("The message lies in no folder; check the store."))?;
        let content = Content::Stored(Edit::new(object.clone(), head));
        let mode = if writable { Mode::ReadWrite } else { Mode::ReadOnly };
        Ok(Self::with(store, Place::Folder(folder), Some(object), head.kind, mode, content))
    }

    /// A message embedded in an attachment.
    pub(crate) fn embedded(attachment: Rc<AttachmentState>, depth: u32, content: Content, writable: bool) -> Self {
        let object = match &content {
            Content::New(_) => None,
            Content::Stored(edit) => Some(edit.object.clone()),
        };
        let (store, mode) = (attachment.store.clone(), if writable { Mode::ReadWrite } else { Mode::ReadOnly });
        let place = Place::Attachment(attachment, depth);
        Self::with(store, place, object, ObjectKind::EmbeddedMessage, mode, content)
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

    /// `GetRecipientTable` (`messages` 2).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_recipient_table(&self, flags: u32) -> Result<Table> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, MAPI_UNICODE | MAPI_DEFERRED_ERRORS)?;
            self.0.recipient_table(flags & MAPI_UNICODE != 0)
        })())
    }

    /// `GetAttachmentTable` (`messages` 3).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_attachment_table(&self, flags: u32) -> Result<Table> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, MAPI_UNICODE | MAPI_DEFERRED_ERRORS)?;
            self.0.attachment_table(flags & MAPI_UNICODE != 0)
        })())
    }

    /// `ModifyRecipients` (`messages` 2).
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, the
    /// backend's own; nothing is changed then.
    pub fn modify_recipients(&self, flags: u32, rows: &[Vec<Property>]) -> Result<()> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            self.0.modify_recipients(flags, rows)
        })())
    }

    /// `OpenAttach` (`messages` 1.1): an attachment by its `PR_ATTACH_NUM`.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, the
    /// backend's own.
    pub fn open_attach(&self, number: u32, interface: Option<Guid>, flags: u32) -> Result<Attachment> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, MAPI_MODIFY | MAPI_BEST_ACCESS | MAPI_DEFERRED_ERRORS)?;
            check_interface(interface, &[IID_IATTACHMENT])?;
            let best = flags & MAPI_BEST_ACCESS != 0;
            let modify = flags & MAPI_MODIFY != 0 && !best;
            if modify {
                self.0.check_writable()?;
            }
            let number = i32::try_from(number).map_err(|_| no_attachment())?;
            let busy = self.0.open_attachments.borrow().contains(&number);
            if modify && busy {
                return Err(Failure::new(Code::NoAccess, "The attachment is open for writing already; use that handle."));
            }
            let content = self.0.find_attachment(number)?.ok_or_else(no_attachment)?;
            let writable = (modify || best) && self.0.is_writable() && !busy;
            Ok(Attachment::open(self.0.clone(), number, content, writable))
        })())
    }

    /// `CreateAttach` (`messages` 3): its number and the open attachment.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_NO_SUPPORT` in a store without attachments,
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, the backend's own.
    pub fn create_attach(&self, interface: Option<Guid>, flags: u32) -> Result<(u32, Attachment)> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, MAPI_DEFERRED_ERRORS)?;
            check_interface(interface, &[IID_IATTACHMENT])?;
            self.0.check_writable()?;
            if !self.0.store.connection.identity().capabilities.attachments {
                return Err(Failure::new(Code::NoSupport, "This store holds no attachments."));
            }
            let mut used = self.0.attachment_numbers()?;
            used.extend(self.0.open_attachments.borrow().iter());
            let number = (0..i32::MAX).find(|number| !used.contains(number)).unwrap_or(i32::MAX);
            let attachment = Attachment::create(self.0.clone(), number);
            Ok((number.unsigned_abs(), attachment))
        })())
    }

    /// `DeleteAttach` (`messages` 3): effective for others at the message's save.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn delete_attach(&self, number: u32, flags: u32) -> Result<()> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, ATTACH_DIALOG)?;
            self.0.check_writable()?;
            let number = i32::try_from(number).map_err(|_| no_attachment())?;
            if self.0.find_attachment(number)?.is_none() {
                return Err(no_attachment());
            }
            self.0.remove_attachment(number);
            self.0.refresh_attachment_table()
        })())
    }
}

fn no_attachment() -> Failure {
    Failure::not_found("The message has no attachment of that number.")
}

/// Gives a new draft what is readable before its first save.
pub(crate) fn with_defaults(draft: &mut Draft, store: &StoreReference) {
    complete_new(&mut draft.properties, store.connection.environment(), draft.kind);
    for tag in [tags::DISPLAY_TO, tags::DISPLAY_CC, tags::DISPLAY_BCC] {
        draft.properties.put(tag, Value::Unicode(String::new()));
    }
    draft.properties.put(tags::HASATTACH, Value::Boolean(false));
}

impl MessageState {
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Failure::new(Code::NoAccess, "The message was opened read-only; open it with MAPI_MODIFY to change it."))
    }

    /// How many messages this one is embedded in.
    pub(crate) fn depth(&self) -> u32 {
        match &self.place {
            Place::Folder(_) => 0,
            Place::Attachment(_, depth) => *depth,
        }
    }

    /// The values there are before bodies and handle properties are added.
    fn plain_values(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        // A borrow must not be held while the backend is asked.
        let (object, edit) = match &*self.content.borrow() {
            Content::New(draft) => return Ok(self.draft_values(draft, want, limit)),
            Content::Stored(edit) => (edit.object.clone(), edit.properties.clone()),
        };
        let (_, mut values) = self.store.read_object(&object, self.kind, want, limit)?;
        edit.overlay(&mut values, want, limit);
        Ok(values)
    }

    fn draft_values(&self, draft: &Draft, want: Want<'_>, limit: u32) -> Vec<Property> {
        let wanted = |tag: PropTag| match want {
            Want::All => true,
            Want::Tags(asked) => asked.iter().any(|have| have.id() == tag.id()),
        };
        let mut values: Vec<Property> = draft
            .properties
            .iter()
            .filter(|(tag, _)| wanted(*tag))
            .map(|(tag, value)| crate::messages::content::inline(tag, value, limit))
            .collect();
        let parent = match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Attachment(..) => None,
        };
        let subject = Subject { id: self.object.as_ref(), kind: self.kind, parent, deleted: false };
        for tag in computed::tags_of(self.kind).filter(|tag| wanted(*tag)) {
            let value = match tag {
                // Until the first save there is nothing to delete.
                tags::ACCESS => Some(Value::Long(3)),
                _ => computed::compute(&self.store, &subject, tag, &|tag| draft.properties.get(tag).cloned()),
            };
            values.retain(|have| have.tag.id() != tag.id());
            values.extend(value.map(|value| Property { tag, value }));
        }
        values
    }

    /// The whole value of one stored or held property as a stream source.
    fn source(&self, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        let object = {
            let content = self.content.borrow();
            let (entry, object, deleted) = match &*content {
                Content::New(draft) => (draft.properties.entry(tag), None, false),
                Content::Stored(edit) => {
                    (edit.properties.set.entry(tag), Some(edit.object.clone()), edit.properties.deleted.contains_key(&tag.id()))
                }
            };
            if let Some((_, value)) = entry {
                return held_source(value).map(Some);
            }
            if deleted {
                return Ok(None);
            }
            object
        };
        match object {
            Some(object) => self.store.stream_source(&object, tag),
            None => Ok(None),
        }
    }

    /// The plain text of the body, from which other formats are generated.
    fn plain_text(&self) -> Result<Option<String>> {
        let text = |source: StreamSource| -> Result<Option<String>> {
            let stream = DataStream::reader(self.alive.clone(), self.log(), source, PropType::BINARY);
            if stream.size()? > body::GENERATE_LIMIT {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            loop {
                let piece = stream.read(PIECE)?;
                if piece.is_empty() {
                    return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
                }
                bytes.extend_from_slice(&piece);
            }
        };
        match self.source(tags::BODY)? {
            Some((source, PropType::UNICODE)) => text(source),
            _ => Ok(None),
        }
    }

    fn log(&self) -> Rc<dyn crate::backend::Log> {
        self.store.connection.environment().log.clone()
    }

    /// A format that is not stored, generated from the one that is.
    fn generated(&self, tag: PropTag) -> Result<Option<Value>> {
        let values: Values =
            self.plain_values(Want::Tags(&[tags::INTERNET_CPID]), crate::properties::INLINE_LIMIT)?.into_iter().collect();
        Ok(self.plain_text()?.and_then(|text| body::generate(tag, &text, values.long(tags::INTERNET_CPID))))
    }

    /// Adds the formats of the body that are generated, and what follows from the master.
    fn add_body(&self, values: &mut Vec<Property>, want: Want<'_>, limit: u32) -> Result<()> {
        let stored = self.plain_values(Want::Tags(&body::BODY_TAGS), limit)?;
        let has = |tag: PropTag| stored.iter().find(|have| have.tag.id() == tag.id());
        let master = match has(tags::NATIVE_BODY_INFO).map(|property| &property.value) {
            Some(Value::Long(master)) => Some(*master),
            _ if has(tags::RTF_COMPRESSED).is_some() => Some(2),
            _ if has(tags::HTML).is_some() => Some(3),
            _ if has(tags::BODY).is_some() => Some(1),
            _ => None,
        };
        let Some(master) = master else { return Ok(()) };
        let wanted = |tag: PropTag| match want {
            Want::All => true,
            Want::Tags(asked) => asked.iter().any(|have| have.id() == tag.id()),
        };
        values.retain(|have| ![tags::NATIVE_BODY_INFO, tags::RTF_IN_SYNC].iter().any(|tag| tag.id() == have.tag.id()));
        if wanted(tags::NATIVE_BODY_INFO) {
            values.push(Property { tag: tags::NATIVE_BODY_INFO, value: Value::Long(master) });
        }
        if wanted(tags::RTF_IN_SYNC) && matches!(master, 2 | 3) {
            values.push(Property { tag: tags::RTF_IN_SYNC, value: Value::Boolean(master == 2) });
        }
        for tag in [tags::HTML, tags::RTF_COMPRESSED] {
            if !wanted(tag) || has(tag).is_some() {
                continue;
            }
            // The generated value is longer than the text: a text that is too long need not be fetched.
            let too_long = has(tags::BODY).is_some_and(|body| matches!(body.value, Value::Error(_)));
            if too_long {
                values.push(Property { tag, value: Value::Error(Code::NotEnoughMemory.raw()) });
            } else if let Some(value) = self.generated(tag)? {
                values.push(body::limited(tag, value, limit));
            }
        }
        Ok(())
    }

    /// Sets one value as a client may.
    fn put(&self, property: Property) {
        let property = match (&*self.content.borrow(), property.value) {
            (Content::New(draft), Value::Long(flags)) if property.tag == tags::MESSAGE_FLAGS => {
                let old = draft.properties.long(tags::MESSAGE_FLAGS).unwrap_or(0);
                let flags = (old & !message_flags::CLIENT) | (flags & message_flags::CLIENT);
                Property { tag: property.tag, value: Value::Long(flags) }
            }
            (_, value) => Property { tag: property.tag, value },
        };
        let body = body::is_format(property.tag);
        match &mut *self.content.borrow_mut() {
            Content::New(draft) => {
                if body {
                    body::BODY_TAGS.iter().for_each(|tag| drop(draft.properties.remove(*tag)));
                }
                draft.properties.set(property);
            }
            Content::Stored(edit) => {
                if body {
                    body::BODY_TAGS.iter().for_each(|tag| edit.properties.delete(*tag));
                }
                edit.properties.set(property);
            }
        }
    }

    fn take_away(&self, tag: PropTag) {
        // The prefix and the rest go with the subject, every format with the body.
        let also: &[PropTag] = match tag.id() {
            id if id == tags::SUBJECT.id() => &[tags::SUBJECT_PREFIX, tags::NORMALIZED_SUBJECT],
            _ if body::is_format(tag) => &body::BODY_TAGS,
            _ => &[],
        };
        for tag in also.iter().chain([&tag]) {
            match &mut *self.content.borrow_mut() {
                Content::New(draft) => drop(draft.properties.remove(*tag)),
                Content::Stored(edit) => edit.properties.delete(*tag),
            }
        }
    }

    /// Saves a message in a folder.
    fn save_top(&self, folder: &ObjectId, force: bool) -> Result<()> {
        let connection = &self.store.connection;
        let mut changes = ChangeSet::new(connection);
        let edit = match &*self.content.borrow() {
            Content::New(draft) => Err(draft.clone()),
            Content::Stored(edit) => Ok(edit.clone()),
        };
        let object = self.object.clone().ok_or_else(|| Failure::new(Code::CallFailed, "The message has no identifier."))?;
        match edit {
            Ok(edit) if edit.is_empty() => return Ok(()),
            Ok(edit) => {
                let expected = if force { Expected::Exists } else { Expected::Version(edit.version) };
                edit.push(&self.store, &mut changes, expected).map_err(gone)?;
            }
            Err(draft) => changes.add_message_as(&object, folder, draft)?,
        }
        changes.commit(CommitMode::default()).map_err(gone)?;
        // What others wrote meanwhile is part of the new version only if it was overwritten on purpose.
        let (head, _) = self.store.read(&object, &[]).map_err(gone)?;
        *self.content.borrow_mut() = Content::Stored(Edit::new(object, &head));
        Ok(())
    }

    /// Saves an embedded message into its attachment.
    fn save_embedded(&self, attachment: &AttachmentState) -> Result<()> {
        let content = match &*self.content.borrow() {
            Content::New(draft) => Content::New(draft.clone()),
            Content::Stored(edit) => Content::Stored(edit.clone()),
        };
        attachment.take_embedded(content)
    }
}

/// A value held by a handle as the source of a stream.
pub(crate) fn held_source(value: &StoredValue) -> Result<(StreamSource, PropType)> {
    match value {
        StoredValue::Inline(Value::Unicode(text)) => Ok((StreamSource::Text(text.as_str().into()), PropType::UNICODE)),
        StoredValue::Inline(Value::Binary(bytes)) => Ok((StreamSource::Bytes(bytes.as_slice().into()), PropType::BINARY)),
        StoredValue::Inline(value) => Ok((StreamSource::Bytes(Rc::from([])), value.kind())),
        StoredValue::Staged(_) => {
            Err(Failure::new(Code::NotEnoughMemory, "This long value is on its way to the store; save the object to read it."))
        }
    }
}

impl PropertyHolder for MessageState {
    fn check(&self) -> Result<()> {
        self.alive.check()?;
        if self.mode.get() == Mode::Closed {
            return Err(Failure::new(
                Code::InvalidObject,
                "The message was saved without KEEP_OPEN_READONLY or KEEP_OPEN_READWRITE; open it again.",
            ));
        }
        Ok(())
    }

    fn is_writable(&self) -> bool {
        self.mode.get() == Mode::ReadWrite && self.store.is_writable()
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let mut values = self.plain_values(want, limit)?;
        if body::concerns_body(want) {
            self.add_body(&mut values, want, limit)?;
        }
        add_access_level(&mut values, want, self.is_writable());
        Ok(values)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        let stored = match &*self.content.borrow() {
            Content::New(draft) => Err(draft.properties.iter().map(|(tag, _)| tag).collect::<Vec<_>>()),
            Content::Stored(edit) => Ok((edit.object.clone(), edit.properties.clone())),
        };
        let mut list = match stored {
            Err(mut held) => {
                held.extend(computed::tags_of(self.kind).chain([tags::ACCESS_LEVEL]));
                held
            }
            Ok((object, edit)) => {
                let mut list = self.store.list_object(&object, self.kind)?;
                list.retain(|tag| !edit.deleted.contains_key(&tag.id()) && !edit.set.contains(*tag));
                list.extend(edit.set.iter().map(|(tag, _)| tag));
                list
            }
        };
        // All formats are listed as soon as there is one.
        if list.iter().any(|tag| body::is_format(*tag)) {
            for tag in [tags::BODY, tags::HTML, tags::RTF_COMPRESSED, tags::NATIVE_BODY_INFO] {
                if !list.iter().any(|have| have.id() == tag.id()) {
                    list.push(tag.with_kind(if tag == tags::NATIVE_BODY_INFO {
                        PropType::LONG
                    } else {
                        body::generated_kind(tag)
                    }));
                }
            }
        }
        Ok(list)
    }

    fn settable(&self, tag: PropTag) -> Settable {
        if private::is_private(tag) {
            return Settable::Computed;
        }
        tags::by_id(tag.id()).map_or(Settable::Free, |entry| entry.settable)
    }

    fn is_saved(&self) -> bool {
        matches!(&*self.content.borrow(), Content::Stored(_))
    }

    fn check_values(&self, set: &[Property]) -> Result<()> {
        let long_class = |property: &&Property| {
            property.tag.id() == tags::MESSAGE_CLASS.id()
                && match &property.value {
                    Value::Unicode(text) => text.chars().count() > CLASS_LIMIT,
                    Value::String8(text) => text.len() > CLASS_LIMIT,
                    _ => false,
                }
        };
        match set.iter().find(long_class) {
            Some(property) => {
                Err(Failure::invalid("values", "A message class has at most 254 characters.").with_tag(property.tag))
            }
            None => Ok(()),
        }
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for numbered in delete {
            match numbered.tag.id() {
                id if id == tags::MESSAGE_CLASS.id() => problems.push(numbered.problem(Code::NoAccess)),
                id if id == tags::MESSAGE_RECIPIENTS.id() => self.modify_recipients(0, &[])?,
                id if id == tags::MESSAGE_ATTACHMENTS.id() => {
                    self.attachment_numbers()?.into_iter().for_each(|number| self.remove_attachment(number));
                    self.refresh_attachment_table()?;
                }
                _ => self.take_away(numbered.tag),
            }
        }
        // Several formats at once: RTF over HTML over plain. The last one set is the master.
        let rank = |tag: PropTag| match tag.id() {
            id if id == tags::BODY.id() => 1,
            id if id == tags::HTML.id() => 2,
            id if id == tags::RTF_COMPRESSED.id() => 3,
            _ => 0,
        };
        let mut set = set;
        set.sort_by_key(|numbered| rank(numbered.tag));
        for numbered in set {
            self.put(numbered.item);
        }
        Ok(problems)
    }

    fn save(&self, mode: SaveMode) -> Result<()> {
        match &self.place {
            Place::Folder(folder) => self.save_top(folder, mode.force)?,
            Place::Attachment(attachment, _) => self.save_embedded(attachment)?,
        }
        self.mode.set(match mode.keep {
            KeepOpen::ReadWrite => Mode::ReadWrite,
            KeepOpen::ReadOnly => Mode::ReadOnly,
            KeepOpen::No => Mode::Closed,
        });
        Ok(())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        let table = [tags::MESSAGE_RECIPIENTS, tags::MESSAGE_ATTACHMENTS].into_iter().find(|tag| *tag == request.tag);
        if let Some(tag) = table {
            check_table_request(request)?;
            let unicode = request.options & MAPI_UNICODE != 0;
            return Ok(OpenedProperty::Table(if tag == tags::MESSAGE_RECIPIENTS {
                self.recipient_table(unicode)?
            } else {
                self.attachment_table(unicode)?
            }));
        }
        let mut existing = self.source(request.tag)?;
        if existing.is_none()
            && body::is_format(request.tag)
            && let Some(Value::Binary(bytes)) = self.generated(request.tag)?
        {
            existing = Some((StreamSource::Bytes(bytes.into()), PropType::BINARY));
        }
        let may_write = match self.settable(request.tag) {
            Settable::Free => self.check_writable(),
            _ => Err(Failure::new(Code::NoAccess, "A computed property cannot be written.").with_tag(request.tag)),
        };
        let this = self.this.upgrade().ok_or_else(|| Failure::new(Code::InvalidObject, "The message was released."))?;
        let on = StreamOn {
            alive: self.store.opening.alive.clone(),
            log: self.log(),
            objects: self.store.connection.backend().clone(),
            existing,
            target: this,
            may_write,
        };
        Ok(OpenedProperty::Stream(on.open(request)?))
    }

    fn names(&self) -> Option<(Rc<dyn Store>, bool)> {
        Some((self.store.connection.backend().clone(), self.store.is_writable()))
    }
}

impl StreamTarget for MessageState {
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()> {
        self.check()?;
        self.check_writable()?;
        match value {
            StoredValue::Inline(value) => self.put(Property { tag: tag.with_kind(value.kind()), value }),
            StoredValue::Staged(staged) => {
                self.take_away(tag);
                let kind = if tag.kind().is_string() { PropType::UNICODE } else { PropType::BINARY };
                match &mut *self.content.borrow_mut() {
                    Content::New(draft) => draft.properties.set_staged(tag.with_kind(kind), staged),
                    Content::Stored(edit) => {
                        edit.properties.deleted.remove(&tag.id());
                        edit.properties.set.set_staged(tag.with_kind(kind), staged);
                    }
                }
            }
        }
        Ok(())
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
        let stored = crate::messages::content::attachment_objects(&self.store, &object)?;
        numbers.extend(stored.into_keys().filter(|number| !deleted.contains(number)));
        Ok(numbers)
    }

    /// The attachment of that number, as this handle sees it.
    fn find_attachment(&self, number: i32) -> Result<Option<AttachmentContent>> {
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
        let stored = crate::messages::content::attachment_objects(&self.store, &object)?;
        Ok(stored.get(&number).map(|object| AttachmentContent::stored(object.clone())))
    }

    fn remove_attachment(&self, number: i32) {
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
