//! A user, list or container of a provider as an open object: transacted, private to its handle until saved
//! (`address-book` 1, 6, 7).

use super::computed::{self, private};
use super::connection::{BookChanges, BookConnection};
use super::create_entry::{self, Destination};
use super::dist_list::Membership;
use super::reference::BookReference;
use super::{AbContainer, DistList};
use crate::backend::{Expected, ObjectHead, ObjectId, ObjectKind, Store, StoredValue, Want};
use crate::error::{Code, Failure, LastError, Result};
use crate::messages::{Values, held_source};
use crate::properties::tags::{self, Settable};
use crate::properties::{
    KeepOpen, Numbered, OpenRequest, OpenedProperty, Problem, PropTag, PropType, Property, PropertyHolder, PropertyObject,
    SaveMode, StreamOn, StreamSource, StreamTarget, Value,
};
use crate::stores::object::{add_access_level, check_table_request, gone};
use crate::tables::MAPI_UNICODE;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// What a handle still allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    ReadOnly,
    ReadWrite,
    /// Saved without `KEEP_OPEN_*`: only release.
    Closed,
}

/// Where an open entry comes from.
#[derive(Clone)]
pub(super) enum Origin {
    /// It is stored, in this version.
    Stored { version: u64 },
    /// It was created through this handle and never saved.
    New(Destination),
}

/// Changes not saved yet.
#[derive(Clone, Default)]
pub(super) struct Edit {
    pub(super) set: Values,
    pub(super) deleted: BTreeMap<u16, PropTag>,
}

impl Edit {
    pub(super) fn put(&mut self, property: Property) {
        self.deleted.remove(&property.tag.id());
        self.set.set(property);
    }

    fn take_away(&mut self, tag: PropTag) {
        self.set.remove(tag);
        self.deleted.insert(tag.id(), tag);
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.deleted.is_empty()
    }
}

/// The state of an open entry, shared by all handles onto it.
pub(crate) struct Entry {
    pub(super) books: Rc<BookReference>,
    pub(super) book: Rc<BookConnection>,
    /// A new entry that replaces another takes over its identifier.
    object: RefCell<ObjectId>,
    pub(super) kind: ObjectKind,
    mode: Cell<Mode>,
    pub(super) origin: RefCell<Origin>,
    pub(super) edit: RefCell<Edit>,
    /// Members added and removed, of a list.
    pub(super) membership: Membership,
    this: Weak<Self>,
    pub(super) last_error: Rc<LastError>,
}

impl Entry {
    fn make(
        books: &Rc<BookReference>,
        book: &Rc<BookConnection>,
        object: ObjectId,
        kind: ObjectKind,
        mode: Mode,
        origin: Origin,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            books: Rc::clone(books),
            book: Rc::clone(book),
            object: RefCell::new(object),
            kind,
            mode: Cell::new(mode),
            origin: RefCell::new(origin),
            edit: RefCell::default(),
            membership: Membership::default(),
            this: this.clone(),
            last_error: BookReference::last_error(),
        })
    }

    /// A stored entry.
    pub(super) fn open(
        books: &Rc<BookReference>,
        book: &Rc<BookConnection>,
        object: ObjectId,
        head: &ObjectHead,
        writable: bool,
    ) -> Rc<Self> {
        let mode = if writable { Mode::ReadWrite } else { Mode::ReadOnly };
        Self::make(books, book, object, head.kind, mode, Origin::Stored { version: head.version })
    }

    /// A new entry, to be stored by its first save.
    pub(super) fn create(
        books: &Rc<BookReference>,
        book: &Rc<BookConnection>,
        kind: ObjectKind,
        destination: Destination,
    ) -> Result<Rc<Self>> {
        let object = book.reserve()?;
        Ok(Self::make(books, book, object, kind, Mode::ReadWrite, Origin::New(destination)))
    }

    /// The object in the backend.
    pub(super) fn object(&self) -> ObjectId {
        self.object.borrow().clone()
    }

    /// The entry itself, for objects that outlive a call.
    pub(super) fn share(&self) -> Result<Rc<Self>> {
        self.this.upgrade().ok_or_else(|| Failure::new(Code::InvalidObject, "The address book entry was released."))
    }

    /// Its properties (IMAPIProp).
    pub(super) fn properties(self: &Rc<Self>) -> PropertyObject {
        PropertyObject::new(Rc::clone(self) as Rc<dyn PropertyHolder>, Rc::clone(&self.last_error))
    }

    pub(super) fn is_stored(&self) -> bool {
        matches!(&*self.origin.borrow(), Origin::Stored { .. })
    }

    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle.
    pub(super) fn check_writable(&self) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Failure::new(Code::NoAccess, "The entry was opened read-only; open it with MAPI_MODIFY to change it."))
    }

    /// One property as this handle sees it.
    pub(super) fn value(&self, tag: PropTag) -> Result<Option<Value>> {
        let values = self.read_values(Want::Tags(&[tag]), u32::MAX)?;
        Ok(values.into_iter().find(|property| property.tag.id() == tag.id()).map(|property| property.value))
    }

    /// Properties as this handle sees them, computed ones included.
    fn read_values(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let own = computed::tags_of(self.kind);
        let is_own = |tag: PropTag| own.iter().find(|own| own.id() == tag.id());
        let wanted = |tag: PropTag| match want {
            Want::All => true,
            Want::Tags(tags) => tags.iter().any(|asked| asked.id() == tag.id()),
        };
        let asked: Vec<PropTag> = own.iter().copied().filter(|tag| wanted(*tag)).collect();
        let mut inputs: Vec<PropTag> = asked.iter().flat_map(|tag| computed::inputs_of(*tag)).copied().collect();
        let stored_want = match want {
            Want::All => Want::All,
            Want::Tags(tags) => {
                inputs.extend(tags.iter().filter(|tag| is_own(**tag).is_none()));
                Want::Tags(&inputs)
            }
        };
        let object = self.object();
        let mut stored = if self.is_stored() {
            self.book.backend().read(&object, stored_want, limit).map_err(|failure| self.book.named(gone(failure)))?.1
        } else {
            Vec::new()
        };
        let edit = self.edit.borrow();
        stored.retain(|have| !edit.deleted.contains_key(&have.tag.id()) && !edit.set.contains(have.tag));
        stored.extend(edit.set.iter().map(|(tag, value)| match value {
            StoredValue::Inline(value) if value.size() <= u64::from(limit) => Property { tag, value: value.clone() },
            _ => Property { tag, value: Value::Error(Code::NotEnoughMemory.raw()) },
        }));
        let find = |tag: PropTag| {
            // A list's own row knows no member.
            let found = stored.iter().find(|have| have.tag.id() == tag.id() && tag.id() != private::MEMBER_ENTRYID.id());
            found.map(|have| have.value.clone())
        };
        let mut values: Vec<Property> = asked
            .iter()
            .filter_map(|tag| {
                let value = computed::compute(&self.book, &object, self.kind, *tag, &find)?;
                Some(Property { tag: *tag, value })
            })
            .collect();
        let shown = |have: &Property| is_own(have.tag).is_none() && !private::is_private(have.tag) && wanted(have.tag);
        values.extend(stored.iter().filter(|have| shown(have)).cloned());
        Ok(values)
    }

    fn save_stored(&self, version: u64, force: bool) -> Result<()> {
        let edit = self.edit.borrow().clone();
        let changed = self.membership.is_changed();
        if edit.is_empty() && !changed {
            return Ok(());
        }
        let mut set = edit.set;
        if let Some(key) = self.search_key()? {
            set.put(tags::SEARCH_KEY, Value::Binary(key));
        }
        set.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(self.book.environment().clock.now()));
        let object = self.object();
        let mut changes = BookChanges::new(&self.book);
        self.membership.push(&object, &mut changes)?;
        let expected = if force { Expected::Exists } else { Expected::Version(version) };
        let mut deleted: Vec<PropTag> = edit.deleted.into_values().collect();
        if !set.contains(tags::SEARCH_KEY)
            && deleted.iter().any(|tag| [tags::ADDRTYPE.id(), tags::EMAIL_ADDRESS.id()].contains(&tag.id()))
        {
            deleted.push(tags::SEARCH_KEY);
        }
        changes.set(&object, expected, set, deleted)?;
        let place = changes.last_of(&object);
        let committed = changes.commit().map_err(gone)?;
        let version = place.and_then(|place| committed.objects.get(place)).map_or(0, |(version, _)| *version);
        self.saved(version);
        Ok(())
    }

    /// `PR_SEARCH_KEY` as of now, if the entry has an address.
    fn search_key(&self) -> Result<Option<Vec<u8>>> {
        if self.kind == ObjectKind::Folder {
            return Ok(None);
        }
        let values = self.read_values(Want::Tags(&[tags::ADDRTYPE, tags::EMAIL_ADDRESS]), u32::MAX)?;
        let text = |tag| super::text_of(&values, tag);
        Ok(text(tags::ADDRTYPE).zip(text(tags::EMAIL_ADDRESS)).map(|(kind, address)| computed::search_key(&kind, &address)))
    }

    /// Everything was stored; what others save from now on is a conflict.
    pub(super) fn saved(&self, version: u64) {
        *self.origin.borrow_mut() = Origin::Stored { version };
        *self.edit.borrow_mut() = Edit::default();
        self.membership.saved();
    }

    /// The entry goes on under the identifier of the one it replaced.
    pub(super) fn take_over(&self, object: ObjectId) {
        *self.object.borrow_mut() = object;
    }

    fn source(&self, tag: PropTag) -> Result<Option<(StreamSource, PropType)>> {
        if private::is_private(tag) {
            return Ok(None);
        }
        if let Some((_, value)) = self.edit.borrow().set.entry(tag) {
            return held_source(value).map(Some);
        }
        if self.edit.borrow().deleted.contains_key(&tag.id()) || !self.is_stored() {
            return Ok(None);
        }
        let (backend, object) = (self.book.backend(), self.object());
        let stored = backend.list_tags(&object).map_err(|failure| self.book.named(gone(failure)))?;
        Ok(stored.into_iter().find(|have| have.tag.id() == tag.id()).map(|have| {
            let source = StreamSource::Stored { objects: backend.clone(), object, tag: have.tag, size: have.size };
            (source, have.tag.kind())
        }))
    }
}

impl PropertyHolder for Entry {
    fn check(&self) -> Result<()> {
        self.books.alive.check()?;
        if self.mode.get() == Mode::Closed {
            return Err(Failure::new(
                Code::InvalidObject,
                "The entry was saved without KEEP_OPEN_READONLY or KEEP_OPEN_READWRITE; open it again.",
            ));
        }
        Ok(())
    }

    fn is_writable(&self) -> bool {
        self.mode.get() == Mode::ReadWrite && self.book.is_writable()
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let mut values = self.read_values(want, limit)?;
        add_access_level(&mut values, want, self.is_writable());
        Ok(values)
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        let mut list = Vec::new();
        if self.is_stored() {
            let stored = self.book.backend().list_tags(&self.object());
            list.extend(stored.map_err(|failure| self.book.named(gone(failure)))?.into_iter().map(|have| have.tag));
        }
        let edit = self.edit.borrow();
        list.retain(|tag| !edit.deleted.contains_key(&tag.id()) && !edit.set.contains(*tag));
        list.extend(edit.set.iter().map(|(tag, _)| tag));
        drop(edit);
        let own: Vec<PropTag> =
            self.read_values(Want::Tags(computed::tags_of(self.kind)), 0)?.into_iter().map(|p| p.tag).collect();
        list.retain(|tag| !private::is_private(*tag) && !own.iter().any(|own| own.id() == tag.id()));
        list.extend(own.iter().map(|tag| computed::tags_of(self.kind).iter().find(|own| own.id() == tag.id()).unwrap_or(tag)));
        list.push(tags::ACCESS_LEVEL);
        Ok(list)
    }

    fn settable(&self, tag: PropTag) -> Settable {
        match tag.id() {
            _ if private::is_private(tag) => Settable::Computed,
            id if id == tags::SEARCH_KEY.id() => Settable::Computed,
            id if id == tags::CONTAINER_FLAGS.id() && self.kind == ObjectKind::Folder => Settable::Free,
            _ => tags::by_id(tag.id()).map_or(Settable::Free, |entry| entry.settable),
        }
    }

    fn is_saved(&self) -> bool {
        self.is_stored()
    }

    fn change(&self, set: Vec<Numbered<Property>>, delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        let mut edit = self.edit.borrow_mut();
        for numbered in set {
            edit.put(numbered.item);
        }
        let mut problems = Vec::new();
        for numbered in delete {
            // What everything else is found by cannot be taken away.
            if numbered.tag.id() == tags::DISPLAY_NAME.id() {
                problems.push(numbered.problem(Code::NoAccess));
            } else {
                edit.take_away(numbered.tag);
            }
        }
        Ok(problems)
    }

    fn save(&self, mode: SaveMode) -> Result<()> {
        let origin = self.origin.borrow().clone();
        match origin {
            Origin::Stored { version } => self.save_stored(version, mode.force)?,
            Origin::New(destination) => create_entry::save_new(self, &destination)?,
        }
        self.mode.set(match mode.keep {
            KeepOpen::ReadWrite => Mode::ReadWrite,
            KeepOpen::ReadOnly => Mode::ReadOnly,
            KeepOpen::No => Mode::Closed,
        });
        Ok(())
    }

    fn open(&self, request: &OpenRequest) -> Result<OpenedProperty> {
        let this = self.share()?;
        let unicode = request.options & MAPI_UNICODE;
        if request.tag == tags::CONTAINER_CONTENTS && self.kind != ObjectKind::Message {
            check_table_request(request)?;
            return Ok(OpenedProperty::Table(match self.kind {
                ObjectKind::DistributionList => DistList::of(this).get_contents_table(unicode)?,
                _ => AbContainer::stored(this).get_contents_table(unicode)?,
            }));
        }
        if request.tag == tags::CONTAINER_HIERARCHY && self.kind == ObjectKind::Folder {
            check_table_request(request)?;
            return Ok(OpenedProperty::Table(AbContainer::stored(this).get_hierarchy_table(unicode)?.value));
        }
        let may_write = match self.settable(request.tag) {
            Settable::Free => self.check_writable(),
            _ => Err(Failure::new(Code::NoAccess, "A computed property cannot be written.").with_tag(request.tag)),
        };
        let on = StreamOn {
            alive: self.books.alive.clone(),
            log: self.book.environment().log.clone(),
            objects: Some(self.book.backend().clone()),
            existing: self.source(request.tag)?,
            target: this,
            may_write,
        };
        Ok(OpenedProperty::Stream(on.open(request)?))
    }

    fn names(&self) -> Option<(Rc<dyn Store>, bool)> {
        None
    }
}

impl StreamTarget for Entry {
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()> {
        self.check()?;
        self.check_writable()?;
        let mut edit = self.edit.borrow_mut();
        match value {
            StoredValue::Inline(value) => edit.put(Property::new(tag, value)),
            StoredValue::Staged(staged) => {
                let kind = if tag.kind().is_string() { PropType::UNICODE } else { PropType::BINARY };
                edit.deleted.remove(&tag.id());
                edit.set.set_staged(tag.with_kind(kind), staged);
            }
        }
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Released without a save: nothing of it remains. What was handed to a list is the list's.
        let own = (!self.membership.was_handed_over()).then(|| self.edit.borrow().set.clone());
        let members = self.membership.added().into_iter().map(|member| member.values);
        for values in own.into_iter().chain(members) {
            values.staged().for_each(|number| self.book.backend().discard(number));
        }
    }
}
