//! Message objects (`messages` 1): transacted, private to their handle until saved.

use crate::backend::{Expected, ObjectHead, ObjectId, ObjectKind, Store, StoredValue, Want};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::messages::attachment::AttachmentState;
use crate::messages::content::{Content, Edit};
use crate::messages::draft::complete_new;
use crate::messages::{Attachment, Draft, DraftKind, body, message_flags, parts};
use crate::properties::copy::{Copied, Copyable};
use crate::properties::interface::{IID_IATTACHMENT, check_interface};
use crate::properties::tags::{self, Settable};
use crate::properties::{
    Guid, KeepOpen, MAPI_BEST_ACCESS, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, Numbered, OpenRequest, OpenedProperty, Problem, PropTag,
    PropType, Property, PropertyHolder, PropertyObject, SaveMode, StreamOn, StreamSource, StreamTarget, Value,
};
use crate::session::Alive;
use crate::stores::computed::{self, private};
use crate::stores::object::{add_access_level, check_table_request, gone};
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, CommitMode, WritingHandle};
use crate::tables::{MAPI_UNICODE, Table};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::{Rc, Weak};

/// Characters of a message class, without its terminator (`messages` 1.7).
const CLASS_LIMIT: usize = 254;
/// `ATTACH_DIALOG`.
const ATTACH_DIALOG: u32 = 0x1;
/// What a handle still allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadOnly,
    ReadWrite,
    /// Saved without `KEEP_OPEN_*`: only release.
    Closed,
    /// Submitted: only release, for everything opened through it too.
    Submitted,
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
    /// The attachment this message is embedded in holds its content.
    handed_over: Cell<bool>,
    /// What others are told while this handle may write.
    writing: RefCell<Option<WritingHandle>>,
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
        let in_folder = matches!(place, Place::Folder(_)) && mode == Mode::ReadWrite;
        let writing = object.as_ref().filter(|_| in_folder).map(|object| store.connection.open_for_writing(object));
        Self(Rc::new_cyclic(|this| MessageState {
            store,
            place,
            object,
            kind,
            alive,
            mode: Cell::new(mode),
            content: RefCell::new(content),
            tables: parts::PartTables::default(),
            handed_over: Cell::new(false),
            writing: RefCell::new(writing),
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
        let content = Content::Stored(Edit::new(object.clone(), head.version));
        let mode = if writable { Mode::ReadWrite } else { Mode::ReadOnly };
        Ok(Self::with(store, Place::Folder(folder), Some(object), head.kind, mode, content))
    }

    /// A message embedded in an attachment; `held`: the attachment has its content already.
    pub(crate) fn embedded(attachment: Rc<AttachmentState>, depth: u32, content: Content, writable: bool, held: bool) -> Self {
        let object = match &content {
            Content::New(_) => None,
            Content::Stored(edit) => Some(edit.object.clone()),
        };
        let (store, mode) = (attachment.store.clone(), if writable { Mode::ReadWrite } else { Mode::ReadOnly });
        let place = Place::Attachment(attachment, depth);
        let created = matches!(content, Content::New(_)) && !held;
        let message = Self::with(store, place, object, ObjectKind::EmbeddedMessage, mode, content);
        message.0.handed_over.set(!created);
        message
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

    /// `SubmitMessage` (`messages` 7.1): saves the message and puts it into the outgoing queue. Afterwards the
    /// handle and everything opened through it can only be released.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` in a store that cannot send and for an embedded message, `MAPI_E_NO_ACCESS`,
    /// `MAPI_E_SUBMITTED`, `MAPI_E_NO_RECIPIENTS`, `MAPI_E_INVALID_PARAMETER` for a malformed class,
    /// `MAPI_E_UNKNOWN_FLAGS`; those of a save. Nothing is changed then, and the handle stays usable.
    pub fn submit_message(&self, flags: u32) -> Result<()> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            self.0.submit(flags)
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

    /// Sets one value as a client may.
    pub(super) fn put(&self, property: Property) {
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

    pub(super) fn take_away(&self, tag: PropTag) {
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
        let place = changes.last_of(&object);
        let committed = changes.commit(CommitMode::default()).map_err(gone)?;
        // The version of this very commit: what others save from now on is a conflict.
        let version = place.and_then(|place| committed.objects.get(place)).map_or(0, |(version, _)| *version);
        *self.content.borrow_mut() = Content::Stored(Edit::new(object, version));
        Ok(())
    }

    /// Saves an embedded message into its attachment.
    fn save_embedded(&self, attachment: &AttachmentState) -> Result<()> {
        let content = match &*self.content.borrow() {
            Content::New(draft) => Content::New(draft.clone()),
            Content::Stored(edit) => Content::Stored(edit.clone()),
        };
        attachment.take_embedded(content)?;
        self.handed_over.set(true);
        Ok(())
    }
}

impl Drop for MessageState {
    fn drop(&mut self) {
        // Released without a save: nothing of it remains.
        if !self.handed_over.get() {
            self.content.borrow().discard(&**self.store.connection.backend());
        }
    }
}

impl PropertyHolder for MessageState {
    fn check(&self) -> Result<()> {
        match self.mode.get() {
            Mode::Submitted => Err(Failure::new(Code::InvalidObject, "The message was submitted; release it.")),
            Mode::Closed => {
                self.alive.check()?;
                Err(Failure::new(
                    Code::InvalidObject,
                    "The message was saved without KEEP_OPEN_READONLY or KEEP_OPEN_READWRITE; open it again.",
                ))
            }
            Mode::ReadOnly | Mode::ReadWrite => self.alive.check(),
        }
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
        list.retain(|tag| !private::RANGE.contains(&tag.id()));
        Ok(list)
    }

    fn settable(&self, tag: PropTag) -> Settable {
        if private::RANGE.contains(&tag.id()) {
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
        if mode.keep != KeepOpen::ReadWrite {
            self.writing.take();
        }
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
            alive: self.alive.clone(),
            log: self.log(),
            objects: Some(self.store.connection.backend().clone()),
            existing,
            target: this,
            may_write,
        };
        Ok(OpenedProperty::Stream(on.open(request)?))
    }

    fn copyable(self: Rc<Self>) -> Copyable {
        Copyable(Copied::Message(self))
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
