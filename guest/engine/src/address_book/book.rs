//! IAddrBook (`address-book` 1, 3).

use super::open_entry::OpenedAbEntry;
use super::options::OPTIONS;
use super::reference::BookReference;
use super::resolve_name::ResolvedNames;
use super::{AdrList, compare_entry_ids};
use crate::backend::Want;
use crate::entry_id::{OneOff, OneOffFlags};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::properties::tags::Settable;
use crate::properties::{Guid, Numbered, Problem, PropTag, Property, PropertyHolder, PropertyObject, SaveMode, Value, tags};
use crate::tables::{MAPI_UNICODE, Row};
use std::rc::Rc;

/// `MAPI_SEND_NO_RICH_INFO`.
const MAPI_SEND_NO_RICH_INFO: u32 = 0x1_0000;

/// `PR_OBJECT_TYPE` of the address book.
const MAPI_ADDRBOOK: i32 = 2;

/// The integrated address book.
#[derive(Clone)]
pub struct AddrBook {
    books: Rc<BookReference>,
    last_error: Rc<LastError>,
}

impl AddrBook {
    pub(crate) fn new(books: Rc<BookReference>) -> Self {
        Self { books, last_error: BookReference::last_error() }
    }

    fn call<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.last_error.keep(self.books.alive.check().and_then(|()| work()))
    }

    /// Its properties (IMAPIProp): what it is, and the options that are set. They change through the methods
    /// below only.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        PropertyObject::new(Rc::new(Options(Rc::clone(&self.books))), Rc::clone(&self.last_error))
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.books.alive.check()?;
        self.last_error.get_last_error(code, flags)
    }

    /// `OpenEntry` (`address-book` 3.1): a container, user or list, or a one-off recipient; without an
    /// identifier the root container.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID`, `MAPI_E_UNKNOWN_ENTRYID` when no active provider owns it, `MAPI_E_NOT_FOUND`
    /// when the entry is gone, `MAPI_E_NO_ACCESS` with `MAPI_MODIFY` where nothing can be changed,
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, the provider's own.
    pub fn open_entry(&self, entry_id: Option<&[u8]>, interface: Option<Guid>, flags: u32) -> Result<OpenedAbEntry> {
        self.call(|| self.books.open_entry(entry_id, interface, flags))
    }

    /// `CompareEntryIDs` (`address-book` 3.2). After a failure nothing may be concluded.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_INVALID_ENTRYID`, `MAPI_E_UNKNOWN_ENTRYID` when no active provider
    /// owns one of them.
    pub fn compare_entry_ids(&self, first: &[u8], second: &[u8], flags: u32) -> Result<bool> {
        self.call(|| compare_entry_ids(&self.books, first, second, flags))
    }

    /// `CreateOneOff` (`address-book` 3.4): the identifier of a recipient that is no entry. Without a name
    /// the address is its name.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty type or address, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn create_one_off(&self, name: Option<&str>, address_type: &str, address: &str, flags: u32) -> Result<Vec<u8>> {
        self.call(|| {
            check_flags(flags, MAPI_UNICODE | MAPI_SEND_NO_RICH_INFO)?;
            let mut one_off = OneOff::new(name.unwrap_or(address), address_type, address);
            if one_off.address_type.is_empty() {
                return Err(Failure::invalid("address-type", "A one-off recipient needs an address type, such as SMTP."));
            }
            if one_off.address.is_empty() {
                return Err(Failure::invalid("address", "A one-off recipient needs an address."));
            }
            let width = if flags & MAPI_UNICODE == 0 { 0 } else { OneOffFlags::UNICODE };
            let plain = if flags & MAPI_SEND_NO_RICH_INFO == 0 { 0 } else { OneOffFlags::NO_RICH_INFO };
            one_off.flags = OneOffFlags(width | plain);
            Ok(one_off.to_bytes())
        })
    }

    /// `ResolveName` (`address-book` 3.7): every name of the list is treated, and what could be resolved
    /// stays resolved also when others could not. Nobody is asked.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`, the profile storage's own.
    pub fn resolve_name(&self, _ui: u64, flags: u32, list: AdrList) -> Result<ResolvedNames> {
        self.call(|| {
            let resolved = self.books.resolve_name(flags, list)?;
            if let Some(failure) = &resolved.failure {
                self.last_error.note(failure);
            }
            Ok(resolved)
        })
    }

    /// `GetPAB` (`address-book` 3.11): the container people keep their own entries in; empty if there is none.
    ///
    /// # Errors
    /// The profile storage's own.
    pub fn get_pab(&self) -> Result<Vec<u8>> {
        self.call(|| self.books.pab())
    }

    /// `SetPAB`.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for something else than a container, `MAPI_E_NOT_FOUND`,
    /// `MAPI_E_UNKNOWN_ENTRYID`, the profile storage's own.
    pub fn set_pab(&self, entry_id: &[u8]) -> Result<()> {
        self.call(|| {
            let container = self.books.check_container(entry_id)?;
            self.books.set_option(tags::AB_DEFAULT_PAB, Some(&Value::Binary(container)))
        })
    }

    /// `GetDefaultDir` (`address-book` 3.12): the container shown first; empty if there is none.
    ///
    /// # Errors
    /// The profile storage's own.
    pub fn get_default_dir(&self) -> Result<Vec<u8>> {
        self.call(|| self.books.default_dir())
    }

    /// `SetDefaultDir`; `None` clears the setting.
    ///
    /// # Errors
    /// As [`AddrBook::set_pab`].
    pub fn set_default_dir(&self, entry_id: Option<&[u8]>) -> Result<()> {
        self.call(|| {
            let container = entry_id.filter(|bytes| !bytes.is_empty()).map(|id| self.books.check_container(id)).transpose()?;
            self.books.set_option(tags::AB_DEFAULT_DIR, container.map(Value::Binary).as_ref())
        })
    }

    /// `GetSearchPath` (`address-book` 3.13): the containers names are looked up in, `PR_ENTRYID` first.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the profile storage's own.
    pub fn get_search_path(&self, flags: u32) -> Result<Vec<Row>> {
        self.call(|| self.books.get_search_path(flags))
    }

    /// `SetSearchPath`: from now on exactly these containers, none for an empty path.
    ///
    /// # Errors
    /// `MAPI_E_MISSING_REQUIRED_COLUMN` when the first property of a row is not `PR_ENTRYID`,
    /// `MAPI_E_INVALID_ENTRYID`, `MAPI_E_INVALID_PARAMETER`, the profile storage's own; nothing is stored then.
    pub fn set_search_path(&self, flags: u32, rows: &[Row]) -> Result<()> {
        self.call(|| self.books.set_search_path(flags, rows))
    }

    /// `PrepareRecips` (`address-book` 3.5): long-term identifiers, and the wanted properties first.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a tag without type, `MAPI_E_UNKNOWN_FLAGS`.
    pub fn prepare_recips(&self, flags: u32, tags: Option<&[PropTag]>, list: &mut AdrList) -> Result<()> {
        self.call(|| self.books.prepare_recips(flags, tags, list))
    }

    /// The rows of a recipient list with every list the session expands replaced by its members
    /// (`address-book` 8): what is sent to when the message is submitted.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub fn expand_recips(&self, list: AdrList) -> Result<AdrList> {
        self.call(|| self.books.expand_recips(list))
    }
}

/// The address book's own properties.
struct Options(Rc<BookReference>);

impl Options {
    fn values(&self) -> Result<Vec<Property>> {
        let mut values =
            vec![Property::new(tags::OBJECT_TYPE, Value::Long(MAPI_ADDRBOOK)), Property::new(tags::ACCESS_LEVEL, Value::Long(0))];
        values.extend(self.0.options()?.into_iter().filter(|option| !option.value.is_empty_multi()));
        Ok(values)
    }
}

impl PropertyHolder for Options {
    fn check(&self) -> Result<()> {
        self.0.alive.check()
    }

    fn is_writable(&self) -> bool {
        false
    }

    fn read(&self, want: Want<'_>, _limit: u32) -> Result<Vec<Property>> {
        let wanted = |property: &Property| match want {
            Want::All => true,
            Want::Tags(tags) => tags.iter().any(|tag| tag.id() == property.tag.id()),
        };
        Ok(self.values()?.into_iter().filter(wanted).collect())
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.values()?.into_iter().map(|property| property.tag).collect())
    }

    fn settable(&self, tag: PropTag) -> Settable {
        if OPTIONS.contains(&tag) { Settable::Computed } else { Settable::Free }
    }

    fn change(&self, _set: Vec<Numbered<Property>>, _delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        Err(refused())
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Err(refused())
    }
}

fn refused() -> Failure {
    Failure::new(Code::NoAccess, "The address book itself can only be read; its options have methods of their own.")
}
