//! IABContainer: the root of the address book, and the containers of its providers (`address-book` 1.1, 7).

use super::computed::EntryColumns;
use super::create_entry::{Destination, DuplicateCheck, Template, check_modifiable};
use super::dist_list::by_name;
use super::entry::Entry;
use super::open_entry::OpenedAbEntry;
use super::reference::BookReference;
use super::root::{MergedHierarchy, RootContainer};
use super::{AdrList, CONTAINER_COLUMNS, ENTRY_COLUMNS, Verdict, container_flags, copy_entries, delete_entries, resolve_names};
use crate::backend::ScanKind;
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned, check_flags};
use crate::properties::{Guid, MAPI_DEFERRED_ERRORS, PropTag, PropertyHolder, PropertyObject, Value, tags};
use crate::stores::CONVENIENT_DEPTH;
use crate::tables::{Abilities, DeepHierarchy, DefaultOrder, MAPI_UNICODE, StoredRows, StoredRowsOptions, Table};
use std::rc::Rc;

/// An open container.
#[derive(Clone)]
pub struct AbContainer(Kind);

#[derive(Clone)]
enum Kind {
    Root(Rc<RootContainer>),
    Stored(Rc<Entry>),
}

impl AbContainer {
    pub(super) fn root(books: &Rc<BookReference>) -> Self {
        Self(Kind::Root(Rc::new(RootContainer { books: Rc::clone(books), last_error: BookReference::last_error() })))
    }

    pub(super) fn stored(entry: Rc<Entry>) -> Self {
        Self(Kind::Stored(entry))
    }

    fn books(&self) -> &Rc<BookReference> {
        match &self.0 {
            Kind::Root(root) => &root.books,
            Kind::Stored(entry) => &entry.books,
        }
    }

    fn last_error(&self) -> &LastError {
        match &self.0 {
            Kind::Root(root) => &root.last_error,
            Kind::Stored(entry) => &entry.last_error,
        }
    }

    fn check(&self) -> Result<()> {
        match &self.0 {
            Kind::Root(root) => root.check(),
            Kind::Stored(entry) => entry.check(),
        }
    }

    /// The container of a provider, for calls the root does not serve.
    fn entry(&self) -> Result<&Rc<Entry>> {
        match &self.0 {
            Kind::Stored(entry) => Ok(entry),
            Kind::Root(_) => {
                Err(Failure::new(Code::NoSupport, "The root of the address book holds containers only; open one of them."))
            }
        }
    }

    /// Its properties (IMAPIProp). Changes are private to the handle until `SaveChanges`.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        match &self.0 {
            Kind::Root(root) => root.properties(),
            Kind::Stored(entry) => entry.properties(),
        }
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }

    /// `GetContentsTable`: its users and lists, by display name.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` on the root and on a container without `AB_RECIPIENTS`, `MAPI_E_UNKNOWN_FLAGS`,
    /// the provider's own.
    pub fn get_contents_table(&self, flags: u32) -> Result<Table> {
        self.last_error().keep((|| {
            self.check()?;
            check_flags(flags, MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
            let entry = self.entry()?;
            entry.check_holds(container_flags::AB_RECIPIENTS, "recipients")?;
            let options = StoredRowsOptions {
                container: entry.object(),
                kind: ScanKind::Contents,
                abilities: Abilities::ENTRIES,
                default_columns: ENTRY_COLUMNS.to_vec(),
                default_order: by_name(),
            };
            let book = &entry.book;
            let rows = StoredRows::new(book.backend().clone(), EntryColumns::of_entries(book), book.feed().cloned(), options);
            Ok(Table::new(rows, flags & MAPI_UNICODE != 0).bound_to(entry.books.alive.clone()))
        })())
    }

    /// `GetHierarchyTable`: the containers below it. On the root `MAPI_W_ERRORS_RETURNED` says that those of
    /// some provider are missing.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` on a container without `AB_SUBCONTAINERS`, `MAPI_E_UNKNOWN_FLAGS`, the provider's own.
    pub fn get_hierarchy_table(&self, flags: u32) -> Result<Warned<Table>> {
        self.last_error().keep((|| {
            self.check()?;
            check_flags(flags, CONVENIENT_DEPTH | MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
            let (unicode, deep) = (flags & MAPI_UNICODE != 0, flags & CONVENIENT_DEPTH != 0);
            let alive = self.books().alive.clone();
            let Kind::Stored(entry) = &self.0 else {
                let (rows, failures) = MergedHierarchy::open(self.books(), deep);
                let table = Table::new(rows, unicode).bound_to(alive);
                return Ok(match MapiError::of_all(&failures) {
                    None => Warned::ok(table),
                    Some(details) => {
                        self.last_error().warn(Code::WErrorsReturned, details);
                        Warned::warn(table, Code::WErrorsReturned)
                    }
                });
            };
            entry.check_holds(container_flags::AB_SUBCONTAINERS, "containers")?;
            let options = StoredRowsOptions {
                container: entry.object(),
                kind: ScanKind::Subfolders,
                abilities: Abilities::HIERARCHY,
                default_columns: CONTAINER_COLUMNS.to_vec(),
                default_order: if deep { DefaultOrder::default() } else { by_name() },
            };
            let (book, feed) = (&entry.book, entry.book.feed().cloned());
            let columns = EntryColumns::of_containers(book);
            let table = if deep {
                Table::new(DeepHierarchy::new(book.backend().clone(), columns, feed, options), unicode)
            } else {
                Table::new(StoredRows::new(book.backend().clone(), columns, feed, options), unicode)
            };
            Ok(Warned::ok(table.bound_to(alive)))
        })())
    }

    /// `OpenEntry`: anything of the address book; without an identifier its root container.
    ///
    /// # Errors
    /// As [`super::AddrBook::open_entry`].
    pub fn open_entry(&self, entry_id: Option<&[u8]>, interface: Option<Guid>, flags: u32) -> Result<OpenedAbEntry> {
        self.last_error().keep((|| {
            self.check()?;
            self.books().open_entry(entry_id, interface, flags)
        })())
    }

    /// `CreateEntry`: a user or list from a template (`PR_DEF_CREATE_MAILUSER`, `PR_DEF_CREATE_DL`), without
    /// one a user. It is stored by its first save, which also looks for duplicates.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS` for a container without `AB_MODIFIABLE`, `MAPI_E_UNKNOWN_ENTRYID` for an unknown
    /// template, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_NO_SUPPORT` on the root, the provider's own.
    pub fn create_entry(&self, template: Option<&[u8]>, flags: u32) -> Result<OpenedAbEntry> {
        self.last_error().keep((|| {
            self.check()?;
            let entry = self.entry()?;
            let check = DuplicateCheck::parse(flags)?;
            let kind = Template::parse(template)?.kind();
            check_modifiable(entry.container_flags()?)?;
            let destination = Destination::Container(entry.object(), check);
            Ok(OpenedAbEntry::of(Entry::create(&entry.books, &entry.book, kind, destination)?))
        })())
    }

    /// `CopyEntries`: copies entries of any container, and one-off recipients, into this one. Duplicates are
    /// skipped, or replaced with `CREATE_REPLACE`.
    ///
    /// # Errors
    /// As [`AbContainer::create_entry`]. The warning is `MAPI_W_PARTIAL_COMPLETION`: something that is no
    /// duplicate could not be copied.
    pub fn copy_entries(&self, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
        self.last_error().keep((|| {
            self.check()?;
            copy_entries::into_container(self.entry()?, entries, flags)
        })())
    }

    /// `DeleteEntries`: removes entries of this container, lists and containers with all below them.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_INVALID_PARAMETER` for flags other than 0, `MAPI_E_NO_SUPPORT` on the
    /// root, the provider's own. The warning is `MAPI_W_PARTIAL_COMPLETION`: some are not of this container.
    pub fn delete_entries(&self, entries: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
        self.last_error().keep((|| {
            self.check()?;
            delete_entries::from_container(self.entry()?, entries, flags)
        })())
    }

    /// `ResolveNames` among its entries (`address-book` 5.3): those of the list that are unresolved so far.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` when there is not one verdict for each entry, `MAPI_E_UNKNOWN_FLAGS`,
    /// `MAPI_E_NO_SUPPORT` on the root, the provider's own.
    pub fn resolve_names(
        &self,
        tags: Option<&[PropTag]>,
        flags: u32,
        list: &mut AdrList,
        verdicts: &mut [Verdict],
    ) -> Result<()> {
        self.last_error().keep((|| {
            self.check()?;
            let entry = self.entry()?;
            resolve_names::resolve_names(&entry.book, &entry.object(), tags, flags, list, verdicts)
        })())
    }
}

impl Entry {
    /// `PR_CONTAINER_FLAGS` of a container.
    pub(super) fn container_flags(&self) -> Result<i32> {
        Ok(match self.value(tags::CONTAINER_FLAGS)? {
            Some(Value::Long(flags)) => flags,
            _ => 0,
        })
    }

    fn check_holds(&self, flag: i32, what: &str) -> Result<()> {
        if self.container_flags()? & flag != 0 {
            return Ok(());
        }
        Err(Failure::new(Code::NoSupport, format!("This container of the address book holds no {what}.")))
    }
}
