//! IDistList: a distribution list and its members (`address-book` 8).
//!
//! A member is a row below the list that names an entry by its identifier, with a copy of its name and
//! address; a provider of its own may list entries themselves. Changes of the membership are private to the
//! handle until the list is saved.

use super::computed::{self, EntryColumns, private};
use super::connection::{BookChanges, BookConnection};
use super::create_entry::{self, Destination, DuplicateCheck};
use super::entry::Entry;
use super::open_entry::OpenedAbEntry;
use super::reference::BookReference;
use super::{AdrList, ENTRY_COLUMNS, Verdict, copy_entries, delete_entries, resolve_names};
use crate::backend::{Batch, ObjectId, ObjectKind, ScanKind};
use crate::error::{Code, Failure, MapiError, Result, Warned, check_flags};
use crate::messages::Values;
use crate::properties::{Guid, MAPI_DEFERRED_ERRORS, PropTag, Property, PropertyHolder, PropertyObject, Value, tags};
use crate::tables::{
    Abilities, DefaultOrder, MAPI_UNICODE, Row, SortOrder, SortOrderSet, StoredRows, StoredRowsOptions, Table, TableData,
    TableType, ViewOptions,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A member not saved yet.
#[derive(Clone)]
pub(super) struct NewMember {
    /// Its row in the list.
    pub(super) object: ObjectId,
    pub(super) kind: ObjectKind,
    pub(super) values: Values,
}

/// Changes of the members of an open list, and the live table of a handle that may make some.
#[derive(Default)]
pub(super) struct Membership {
    added: RefCell<Vec<NewMember>>,
    removed: RefCell<BTreeSet<ObjectId>>,
    table: RefCell<Option<Rc<TableData>>>,
    /// Of a new member: its list has it.
    handed_over: Cell<bool>,
}

impl Membership {
    pub(super) fn is_changed(&self) -> bool {
        !self.added.borrow().is_empty() || !self.removed.borrow().is_empty()
    }

    /// Adds a member, or replaces one that was added under the same row and not saved yet.
    pub(super) fn add(&self, member: NewMember) {
        let mut added = self.added.borrow_mut();
        match added.iter_mut().find(|have| have.object == member.object) {
            Some(have) => *have = member,
            None => added.push(member),
        }
    }

    /// Whether a member was added and not saved yet.
    pub(super) fn is_new(&self, object: &ObjectId) -> bool {
        self.added.borrow().iter().any(|member| member.object == *object)
    }

    /// The list has taken this entry in as a member.
    pub(super) fn hand_over(&self) {
        self.handed_over.set(true);
    }

    pub(super) fn was_handed_over(&self) -> bool {
        self.handed_over.get()
    }

    pub(super) fn added(&self) -> Vec<NewMember> {
        self.added.borrow().clone()
    }

    /// Removes a member's row; whether it was one that was not saved yet.
    fn remove(&self, object: ObjectId) {
        let mut added = self.added.borrow_mut();
        let before = added.len();
        added.retain(|member| member.object != object);
        if added.len() == before {
            self.removed.borrow_mut().insert(object);
        }
    }

    /// Adds the changes to those of the list.
    pub(super) fn push(&self, list: &ObjectId, changes: &mut BookChanges<'_>) -> Result<()> {
        let (added, removed) = (self.added(), self.removed.borrow().clone());
        for object in &removed {
            changes.remove(object);
        }
        for member in added {
            changes.create(&member.object, list, member.kind, member.values)?;
        }
        Ok(())
    }

    pub(super) fn saved(&self) {
        self.added.borrow_mut().clear();
        self.removed.borrow_mut().clear();
    }
}

/// An open distribution list.
#[derive(Clone)]
pub struct DistList(Rc<Entry>);

impl DistList {
    pub(super) fn of(entry: Rc<Entry>) -> Self {
        Self(entry)
    }

    /// Its properties (IMAPIProp). Changes are private to the handle until `SaveChanges`.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        self.0.properties()
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }

    /// `GetContentsTable`: the members. Through a handle that may change the list it shows what the handle
    /// did; through others it follows the address book.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the provider's own.
    pub fn get_contents_table(&self, flags: u32) -> Result<Table> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            check_flags(flags, MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
            let unicode = flags & MAPI_UNICODE != 0;
            if self.0.is_writable() {
                return self.0.member_table(unicode);
            }
            let book = &self.0.book;
            let options = StoredRowsOptions {
                container: self.0.object(),
                kind: ScanKind::Contents,
                abilities: Abilities::ENTRIES,
                default_columns: ENTRY_COLUMNS.to_vec(),
                default_order: by_name(),
            };
            let rows = StoredRows::new(book.backend().clone(), EntryColumns::of_members(book), book.feed().cloned(), options);
            Ok(Table::new(rows, unicode).bound_to(self.0.books.alive.clone()))
        })())
    }

    /// `GetHierarchyTable`: a list has no containers below it.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` always.
    pub fn get_hierarchy_table(&self, _flags: u32) -> Result<Table> {
        let failure = Failure::new(Code::NoSupport, "A distribution list has members only, no containers.");
        self.0.last_error.keep(Err(failure))
    }

    /// `OpenEntry`: anything of the address book; without an identifier its root container.
    ///
    /// # Errors
    /// As [`super::AddrBook::open_entry`].
    pub fn open_entry(&self, entry_id: Option<&[u8]>, interface: Option<Guid>, flags: u32) -> Result<OpenedAbEntry> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            self.0.books.open_entry(entry_id, interface, flags)
        })())
    }

    /// `CreateEntry`: a member that is no entry elsewhere. Without a template it is a user.
    ///
    /// # Errors
    /// As [`super::AbContainer::create_entry`].
    pub fn create_entry(&self, template: Option<&[u8]>, flags: u32) -> Result<OpenedAbEntry> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            let kind = create_entry::Template::parse(template)?.kind();
            DuplicateCheck::parse(flags)?;
            self.0.check_writable()?;
            let entry = Entry::create(&self.0.books, &self.0.book, kind, Destination::List(Rc::clone(&self.0)))?;
            Ok(OpenedAbEntry::of(entry))
        })())
    }

    /// `CopyEntries`: makes entries, one-off recipients among them, members of the list. One that is a member
    /// already stays so.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_UNKNOWN_FLAGS`, the provider's own. The warning is
    /// `MAPI_W_PARTIAL_COMPLETION`.
    pub fn copy_entries(&self, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            copy_entries::into_list(&self.0, entries, flags)
        })())
    }

    /// `DeleteEntries`: ends memberships; the entries themselves stay.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` on a read-only handle, `MAPI_E_INVALID_PARAMETER` for flags other than 0, the
    /// provider's own. The warning is `MAPI_W_PARTIAL_COMPLETION`: some were no members.
    pub fn delete_entries(&self, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            delete_entries::from_list(&self.0, entries, flags)
        })())
    }

    /// `ResolveNames` among the saved members (`address-book` 5.3).
    ///
    /// # Errors
    /// As [`super::AbContainer::resolve_names`].
    pub fn resolve_names(
        &self,
        tags: Option<&[PropTag]>,
        flags: u32,
        list: &mut AdrList,
        verdicts: &mut [Verdict],
    ) -> Result<()> {
        self.0.last_error.keep((|| {
            self.0.check()?;
            resolve_names::resolve_names(&self.0.book, &self.0.object(), tags, flags, list, verdicts)
        })())
    }
}

/// By display name, as tables of entries are sorted by default.
pub(super) fn by_name() -> DefaultOrder {
    DefaultOrder { order: SortOrderSet::plain(vec![SortOrder::ascending(tags::DISPLAY_NAME)]), reported: false }
}

/// One member of a list.
pub(super) struct Member {
    /// Its row.
    pub(super) object: ObjectId,
    /// The entry it stands for.
    pub(super) entry_id: Vec<u8>,
    /// The copy of its name and address.
    pub(super) row: Row,
}

/// The rows of a batch: identifier, and the cells that have a value.
fn rows_of(batch: &Batch) -> impl Iterator<Item = (&ObjectId, Row)> {
    batch.ids.iter().enumerate().map(|(at, id)| {
        let cells = batch.columns.iter().filter_map(|column| Some(Property::new(column.tag, column.value(at)?)));
        (id, cells.collect())
    })
}

/// The stored members of a list in their order.
///
/// # Errors
/// The provider's own.
pub(super) fn stored_members(book: &Rc<BookConnection>, list: &ObjectId) -> Result<Vec<Member>> {
    let ids = super::hierarchy::children(book, list, ScanKind::Contents)?;
    let columns: Vec<PropTag> = ENTRY_COLUMNS.iter().copied().chain([tags::SMTP_ADDRESS]).collect();
    let mut members = Vec::with_capacity(ids.len());
    for page in ids.chunks(super::hierarchy::PAGE as usize) {
        let batch = book.read_columns(page, &columns)?;
        members.extend(rows_of(&batch).filter_map(|(object, row)| {
            let entry_id = super::bytes_of(&row, tags::ENTRYID)?.to_vec();
            Some(Member { object: object.clone(), entry_id, row })
        }));
    }
    Ok(members)
}

impl Entry {
    /// The members of this list as the handle sees them.
    pub(super) fn members(&self) -> Result<Vec<Member>> {
        let mut members = if self.is_stored() { stored_members(&self.book, &self.object())? } else { Vec::new() };
        let removed = self.membership.removed.borrow().clone();
        members.retain(|member| !removed.contains(&member.object));
        members.extend(self.membership.added().into_iter().map(|member| {
            let find = |tag: PropTag| member.values.get(tag).cloned();
            let computed = computed::tags_of(ObjectKind::Message).iter().filter_map(|tag| {
                let value = computed::compute(&self.book, &member.object, member.kind, *tag, &find)?;
                Some(Property { tag: *tag, value })
            });
            let mut row: Row = computed.collect();
            for (tag, value) in member.values.iter() {
                if let crate::backend::StoredValue::Inline(value) = value
                    && !private::is_private(tag)
                    && !row.iter().any(|have| have.tag.id() == tag.id())
                {
                    row.push(Property { tag, value: value.clone() });
                }
            }
            row.push(Property::new(tags::INSTANCE_KEY, Value::Binary(member.object.as_bytes().to_vec())));
            let entry_id = super::bytes_of(&row, tags::ENTRYID).map(<[u8]>::to_vec).unwrap_or_default();
            Member { object: member.object, entry_id, row }
        }));
        Ok(members)
    }

    /// Removes a member's row.
    pub(super) fn remove_member(&self, object: ObjectId) {
        self.membership.remove(object);
    }

    /// Lets an open table of this handle see what changed.
    pub(super) fn refresh_members(&self) -> Result<()> {
        let table = self.membership.table.borrow().clone();
        match table {
            Some(data) => crate::messages::refresh(&data, self.members()?.into_iter().map(|member| member.row).collect()),
            None => Ok(()),
        }
    }

    fn member_table(&self, unicode: bool) -> Result<Table> {
        let known = self.membership.table.borrow().clone();
        let data = match known {
            Some(data) => data,
            None => {
                let data = TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, ENTRY_COLUMNS.to_vec())?;
                *self.membership.table.borrow_mut() = Some(Rc::clone(&data));
                data
            }
        };
        crate::messages::refresh(&data, self.members()?.into_iter().map(|member| member.row).collect())?;
        let options = ViewOptions { unicode, default_order: by_name(), abilities: Abilities::ENTRIES, ..ViewOptions::default() };
        Ok(data.view(options)?.bound_to(self.books.alive.clone()))
    }
}

/// The row of a member: which entry it stands for, and a copy of its name and address.
pub(super) fn member_values(books: &BookReference, entry_id: &[u8]) -> Result<(ObjectKind, Values)> {
    let source = copy_entries::read_source(books, entry_id)?;
    let mut values = Values::new();
    let copied = [
        tags::DISPLAY_NAME,
        tags::ADDRTYPE,
        tags::EMAIL_ADDRESS,
        tags::SMTP_ADDRESS,
        tags::DISPLAY_TYPE,
        tags::SEARCH_KEY,
        tags::SEND_RICH_INFO,
        tags::TRANSMITABLE_DISPLAY_NAME,
    ];
    for property in source.values {
        if copied.iter().any(|tag| tag.id() == property.tag.id()) {
            values.set(property);
        }
    }
    values.put(private::MEMBER_ENTRYID, Value::Binary(source.entry_id));
    Ok((source.kind, values))
}
