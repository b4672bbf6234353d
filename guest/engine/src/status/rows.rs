//! Rows of the status table (`status` 1 to 3, 6).

use crate::entry_id::StatusEntryId;
use crate::error::Result;
use crate::profiles::{PROTECTED, Profile, Provider};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::tables::{Abilities, Row, Table, TableData, TableType, ViewOptions};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// `PR_OBJECT_TYPE` of a status object.
pub const MAPI_STATUS: i32 = 10;
/// `STATUS_AVAILABLE`: operational.
pub const STATUS_AVAILABLE: i32 = 0x1;
/// `STATUS_OFFLINE`: only local data or services.
pub const STATUS_OFFLINE: i32 = 0x2;
/// `STATUS_FAILURE`: a problem.
pub const STATUS_FAILURE: i32 = 0x4;
/// `STATUS_VALIDATE_STATE`, of `PR_RESOURCE_METHODS`.
pub const STATUS_VALIDATE_STATE: i32 = 0x1;
/// `STATUS_INBOUND_FLUSH`: emptying the inbound queue.
pub const STATUS_INBOUND_FLUSH: i32 = 0x0004_0000;
/// `STATUS_OUTBOUND_FLUSH`: emptying the outbound queue.
pub const STATUS_OUTBOUND_FLUSH: i32 = 0x0040_0000;
/// `STATUS_SETTINGS_DIALOG`, of `PR_RESOURCE_METHODS`.
pub const STATUS_SETTINGS_DIALOG: i32 = 0x2;
/// `STATUS_CHANGE_PASSWORD`, of `PR_RESOURCE_METHODS`.
pub const STATUS_CHANGE_PASSWORD: i32 = 0x4;
/// `STATUS_FLUSH_QUEUES`, of `PR_RESOURCE_METHODS`.
pub const STATUS_FLUSH_QUEUES: i32 = 0x8;

const TRANSPORT: i32 = 36;
const SPOOLER: i32 = 37;
const SUBSYSTEM: i32 = 39;
const ADDRESS_BOOK: i32 = 34;
const ADDRESS_BOOK_PROVIDER: i32 = 35;

/// Name of the engine where a row names its provider's file.
const ENGINE: &str = "mapi-session";

const COLUMNS: [PropTag; 15] = [
    tags::INSTANCE_KEY,
    tags::ENTRYID,
    tags::OBJECT_TYPE,
    tags::ROWID,
    tags::RESOURCE_TYPE,
    tags::RESOURCE_FLAGS,
    tags::RESOURCE_METHODS,
    tags::STATUS_CODE,
    tags::DISPLAY_NAME,
    tags::PROVIDER_DLL_NAME,
    tags::PROVIDER_DISPLAY,
    tags::STATUS_STRING,
    tags::IDENTITY_DISPLAY,
    tags::IDENTITY_ENTRYID,
    tags::IDENTITY_SEARCH_KEY,
];

/// Columns a provider cannot supply.
const ENGINE_SUPPLIED: [PropTag; 7] = [
    tags::PROVIDER_DLL_NAME,
    tags::RESOURCE_FLAGS,
    tags::RESOURCE_TYPE,
    tags::ENTRYID,
    tags::INSTANCE_KEY,
    tags::OBJECT_TYPE,
    tags::ROWID,
];

/// Whether a status object never lets a property be set (`status` 4): what the engine computes, and what the provider
/// says of itself in other ways.
pub(crate) fn is_read_only(tag: PropTag) -> bool {
    let kept = [tags::RESOURCE_METHODS, tags::STATUS_CODE, tags::PROVIDER_UID];
    ENGINE_SUPPLIED.iter().chain(&kept).any(|known| known.id() == tag.id())
}

/// Who is behind a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The subsystem as a whole.
    Subsystem,
    /// The spooler.
    Spooler,
    /// The integrated address book.
    AddressBook,
    /// A transport, by its profile section.
    Transport(Guid),
    /// Another provider, by its profile section.
    Provider(Guid),
}

impl Resource {
    /// Whether the engine itself is behind the row.
    #[must_use]
    pub const fn is_engine(self) -> bool {
        matches!(self, Self::Subsystem | Self::Spooler | Self::AddressBook)
    }
}

fn resource(row: &Columns) -> Option<Resource> {
    let section = || match &row.get(&tags::PROVIDER_UID.id())?.value {
        Value::Binary(uid) => Guid::from_slice(uid),
        _ => None,
    };
    match long(row, tags::RESOURCE_TYPE)? {
        SUBSYSTEM => Some(Resource::Subsystem),
        SPOOLER => Some(Resource::Spooler),
        ADDRESS_BOOK => Some(Resource::AddressBook),
        TRANSPORT => section().map(Resource::Transport),
        _ => section().map(Resource::Provider),
    }
}

/// A row by its identifiers; [`BTreeMap`] so that setting a column again replaces it.
pub(super) type Columns = BTreeMap<u16, Property>;

/// The rows of one session. Clients without mail see them without transports, and a spooler that is down.
pub struct StatusRows {
    session: Guid,
    mail: Rc<TableData>,
    no_mail: Rc<TableData>,
    rows: RefCell<Vec<Columns>>,
    next: Cell<u32>,
    /// An address book provider is missing.
    books_failed: Cell<bool>,
}

impl StatusRows {
    /// The engine's three rows; `session` is the engine-private MAPIUID of its status identifiers.
    ///
    /// # Errors
    /// The table's own.
    pub fn new(session: Guid, profile: &str) -> Result<Self> {
        let data = || TableData::new(TableType::Dynamic, tags::INSTANCE_KEY, COLUMNS.to_vec());
        let rows = Self {
            session,
            mail: data()?,
            no_mail: data()?,
            rows: RefCell::default(),
            next: Cell::new(1),
            books_failed: Cell::new(false),
        };
        rows.engine_row(SUBSYSTEM, profile, STATUS_VALIDATE_STATE)?;
        rows.engine_row(SPOOLER, "MAPI Spooler", STATUS_VALIDATE_STATE | STATUS_FLUSH_QUEUES)?;
        rows.engine_row(ADDRESS_BOOK, "MAPI Address Book", STATUS_VALIDATE_STATE)?;
        Ok(rows)
    }

    /// A view as a client with or without mail sees it.
    ///
    /// # Errors
    /// The table's own.
    pub fn table(&self, no_mail: bool, unicode: bool) -> Result<Table> {
        let data = if no_mail { &self.no_mail } else { &self.mail };
        data.view(ViewOptions { unicode, abilities: Abilities::IN_MEMORY, ..ViewOptions::default() })
    }

    /// What the object of a row shows; `None` for a row that is gone, or hidden from clients without mail.
    #[must_use]
    pub fn object(&self, id: StatusEntryId, no_mail: bool) -> Option<Vec<Property>> {
        let rows = self.rows.borrow();
        let row = rows.iter().find(|row| long(row, tags::ROWID) == Some(id.row.cast_signed()))?;
        let row = if no_mail { without_mail(row)? } else { row.clone() };
        Some(row.into_values().collect())
    }

    /// Whose row that is; `None` as for [`StatusRows::object`].
    #[must_use]
    pub fn resource(&self, id: StatusEntryId, no_mail: bool) -> Option<Resource> {
        let rows = self.rows.borrow();
        let row = rows.iter().find(|row| long(row, tags::ROWID) == Some(id.row.cast_signed()))?;
        if no_mail {
            without_mail(row)?;
        }
        resource(row)
    }

    /// Whose rows there are, in row order.
    #[must_use]
    pub fn resources(&self, no_mail: bool) -> Vec<Resource> {
        let rows = self.rows.borrow();
        rows.iter().filter(|row| !no_mail || without_mail(row).is_some()).filter_map(resource).collect()
    }

    /// `PR_RESOURCE_METHODS` of a row; 0 for one that is gone.
    #[must_use]
    pub fn methods(&self, id: StatusEntryId) -> i32 {
        let rows = self.rows.borrow();
        let row = rows.iter().find(|row| long(row, tags::ROWID) == Some(id.row.cast_signed()));
        row.and_then(|row| long(row, tags::RESOURCE_METHODS)).unwrap_or(0)
    }

    /// A number in the first row of a provider; 0 without one.
    fn first_of(&self, provider: Guid, tag: PropTag) -> i32 {
        let rows = self.rows.borrow();
        rows.iter().find(|row| is_of(row, provider)).and_then(|row| long(row, tag)).unwrap_or(0)
    }

    /// Whether a provider has a row.
    #[must_use]
    pub fn has_row(&self, provider: Guid) -> bool {
        self.rows.borrow().iter().any(|row| is_of(row, provider))
    }

    /// `PR_ENTRYID` of the first row of a provider.
    #[must_use]
    pub fn entry_id_of(&self, provider: Guid) -> Option<Vec<u8>> {
        let rows = self.rows.borrow();
        let row = rows.iter().find(|row| is_of(row, provider))?;
        match &row.get(&tags::ENTRYID.id())?.value {
            Value::Binary(id) => Some(id.clone()),
            _ => None,
        }
    }

    /// `PR_STATUS_CODE` in the first row of a provider; 0 without one.
    #[must_use]
    pub fn provider_code(&self, provider: Guid) -> i32 {
        self.first_of(provider, tags::STATUS_CODE)
    }

    /// `PR_RESOURCE_METHODS` in the first row of a provider; 0 without one.
    #[must_use]
    pub fn provider_methods(&self, provider: Guid) -> i32 {
        self.first_of(provider, tags::RESOURCE_METHODS)
    }

    /// The row of a provider that was logged on, with the columns it gave.
    ///
    /// # Errors
    /// The table's own.
    pub fn provider_started(&self, provider: &Provider, given: Vec<Property>) -> Result<()> {
        let mut row: Columns = Columns::new();
        set(&mut row, tags::DISPLAY_NAME, Value::Unicode(provider.display_name().to_owned()));
        set(&mut row, tags::STATUS_CODE, Value::Long(STATUS_AVAILABLE));
        set(&mut row, tags::RESOURCE_METHODS, Value::Long(0));
        let display = provider.properties.text(tags::PROVIDER_DISPLAY).unwrap_or(&provider.backend);
        set(&mut row, tags::PROVIDER_DISPLAY, Value::Unicode(display.to_owned()));
        for property in given.into_iter().filter(is_providers_own) {
            row.insert(property.tag.id(), property);
        }
        set(&mut row, tags::PROVIDER_UID, Value::Binary(provider.uid.0.to_vec()));
        let kind = provider.kind.resource_type();
        set(&mut row, tags::PROVIDER_DLL_NAME, Value::Unicode(provider.backend.clone()));
        set(&mut row, tags::RESOURCE_FLAGS, Value::Long(provider.flags.cast_signed()));
        set(&mut row, tags::RESOURCE_TYPE, Value::Long(kind));
        if kind == TRANSPORT && !row.contains_key(&tags::STATUS_STRING.id()) {
            let text = default_text(long(&row, tags::STATUS_CODE).unwrap_or(0)).to_owned();
            set(&mut row, tags::STATUS_STRING, Value::Unicode(text));
        }
        self.add(row)?;
        self.settle_address_book()
    }

    /// The rows as a client with or without mail sees them, in their order.
    pub(super) fn seen_by(&self, no_mail: bool) -> Vec<Columns> {
        let rows = self.rows.borrow();
        if no_mail { rows.iter().filter_map(without_mail).collect() } else { rows.clone() }
    }

    /// `ModifyStatusRow` with `STATUSROW_UPDATE` (`status` 3): merges columns into a row of a provider, the one
    /// with that display name if it is given and there, else the first.
    ///
    /// # Errors
    /// The table's own.
    pub fn provider_changed(&self, provider: Guid, given: Vec<Property>) -> Result<()> {
        let name = given.iter().find(|property| property.tag == tags::DISPLAY_NAME).map(|property| property.value.clone());
        self.change(provider, name.as_ref(), |row| {
            let had_text = row.get(&tags::STATUS_STRING.id()).cloned();
            let had_code = long(row, tags::STATUS_CODE).unwrap_or(0);
            for property in given.into_iter().filter(is_providers_own) {
                row.insert(property.tag.id(), property);
            }
            if row.get(&tags::STATUS_STRING.id()) == had_text.as_ref() {
                follow_code(row, had_code);
            }
        })
    }

    /// Values that were set on the object of a row: the row shows them.
    ///
    /// # Errors
    /// The table's own.
    pub fn object_changed(&self, id: StatusEntryId, values: Vec<Property>) -> Result<()> {
        let changed = {
            let mut rows = self.rows.borrow_mut();
            let row = rows.iter_mut().find(|row| long(row, tags::ROWID) == Some(id.row.cast_signed()));
            row.and_then(|row| {
                let before = row.clone();
                for property in values.into_iter().filter(is_providers_own) {
                    row.insert(property.tag.id(), property);
                }
                (*row != before).then(|| row.clone())
            })
        };
        changed.map_or(Ok(()), |row| self.show(&row))
    }

    /// Whether a transport can reach its network: `STATUS_OFFLINE`.
    ///
    /// # Errors
    /// The table's own.
    pub fn provider_offline(&self, provider: Guid, is_offline: bool) -> Result<()> {
        self.change(provider, None, |row| {
            let had = long(row, tags::STATUS_CODE).unwrap_or(0);
            let code = if is_offline { had | STATUS_OFFLINE } else { had & !STATUS_OFFLINE };
            set(row, tags::STATUS_CODE, Value::Long(code));
            follow_code(row, had);
        })
    }

    /// The profile was changed: rows show the flags their providers have now (`status` 3). A provider that is
    /// gone from the profile keeps its rows until its logon ends.
    ///
    /// # Errors
    /// The table's own.
    pub fn profile_changed(&self, profile: &Profile) -> Result<()> {
        let changed: Vec<Columns> = {
            let mut rows = self.rows.borrow_mut();
            let mut changed = Vec::new();
            for row in rows.iter_mut() {
                let Some(provider) = profile.providers.iter().find(|provider| is_of(row, provider.uid)) else { continue };
                let flags = provider.flags.cast_signed();
                if long(row, tags::RESOURCE_FLAGS) != Some(flags) {
                    set(row, tags::RESOURCE_FLAGS, Value::Long(flags));
                    changed.push(row.clone());
                }
            }
            changed
        };
        changed.iter().try_for_each(|row| self.show(row))
    }

    /// A provider is not logged on any more: its rows go.
    ///
    /// # Errors
    /// The table's own.
    pub fn provider_stopped(&self, provider: Guid) -> Result<()> {
        let gone: Vec<Columns> = {
            let mut rows = self.rows.borrow_mut();
            let gone = rows.iter().filter(|row| is_of(row, provider)).cloned().collect();
            rows.retain(|row| !is_of(row, provider));
            gone
        };
        for row in gone {
            let Some(key) = row.get(&tags::INSTANCE_KEY.id()) else { continue };
            for data in [&self.mail, &self.no_mail] {
                data.delete_rows(0, core::slice::from_ref(key))?;
            }
        }
        self.settle_address_book()
    }

    /// Changes a row of a provider and shows what came of it.
    fn change(&self, provider: Guid, name: Option<&Value>, change: impl FnOnce(&mut Columns)) -> Result<()> {
        let changed = {
            let mut rows = self.rows.borrow_mut();
            let named = |row: &Columns| name.is_some() && row.get(&tags::DISPLAY_NAME.id()).map(|have| &have.value) == name;
            let at = rows.iter().position(|row| is_of(row, provider) && named(row));
            let at = at.or_else(|| rows.iter().position(|row| is_of(row, provider)));
            at.and_then(|at| rows.get_mut(at)).and_then(|row| {
                let before = row.clone();
                change(row);
                (*row != before).then(|| row.clone())
            })
        };
        let Some(row) = changed else { return Ok(()) };
        self.show(&row)?;
        self.settle_address_book()
    }

    /// A message service was disabled: the subsystem shows a failure.
    ///
    /// # Errors
    /// The table's own.
    pub fn service_disabled(&self) -> Result<()> {
        self.set_code(SUBSYSTEM, STATUS_AVAILABLE | STATUS_FAILURE)
    }

    /// All address book providers that can be started are; whether one is missing.
    ///
    /// # Errors
    /// The table's own.
    pub fn address_books_settled(&self, failed: bool) -> Result<()> {
        self.books_failed.set(failed);
        self.settle_address_book()
    }

    /// The integrated address book has failed if a provider has, and is offline if all that are active are.
    fn settle_address_book(&self) -> Result<()> {
        let (mut active, mut offline) = (0_u32, 0_u32);
        for row in self.rows.borrow().iter().filter(|row| long(row, tags::RESOURCE_TYPE) == Some(ADDRESS_BOOK_PROVIDER)) {
            active += 1;
            offline += u32::from(long(row, tags::STATUS_CODE).unwrap_or(0) & STATUS_OFFLINE != 0);
        }
        let mut code = STATUS_AVAILABLE;
        if self.books_failed.get() {
            code |= STATUS_FAILURE;
        }
        if active > 0 && offline == active {
            code |= STATUS_OFFLINE;
        }
        self.set_code(ADDRESS_BOOK, code)
    }

    fn engine_row(&self, kind: i32, name: &str, methods: i32) -> Result<()> {
        let mut row = Columns::new();
        set(&mut row, tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
        set(&mut row, tags::STATUS_CODE, Value::Long(STATUS_AVAILABLE));
        set(&mut row, tags::RESOURCE_METHODS, Value::Long(methods));
        set(&mut row, tags::PROVIDER_DLL_NAME, Value::Unicode(ENGINE.to_owned()));
        set(&mut row, tags::PROVIDER_DISPLAY, Value::Unicode(ENGINE.to_owned()));
        set(&mut row, tags::RESOURCE_FLAGS, Value::Long(0));
        set(&mut row, tags::RESOURCE_TYPE, Value::Long(kind));
        self.add(row)
    }

    fn add(&self, mut row: Columns) -> Result<()> {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let id = StatusEntryId { session: self.session, row: number };
        set(&mut row, tags::INSTANCE_KEY, Value::Binary(number.to_le_bytes().to_vec()));
        set(&mut row, tags::ENTRYID, Value::Binary(id.to_bytes()));
        set(&mut row, tags::OBJECT_TYPE, Value::Long(MAPI_STATUS));
        set(&mut row, tags::ROWID, Value::Long(number.cast_signed()));
        self.rows.borrow_mut().push(row.clone());
        self.show(&row)
    }

    fn set_code(&self, kind: i32, code: i32) -> Result<()> {
        let changed = {
            let mut rows = self.rows.borrow_mut();
            let row = rows.iter_mut().find(|row| long(row, tags::RESOURCE_TYPE) == Some(kind));
            row.filter(|row| long(row, tags::STATUS_CODE) != Some(code)).map(|row| {
                set(row, tags::STATUS_CODE, Value::Long(code));
                row.clone()
            })
        };
        changed.map_or(Ok(()), |row| self.show(&row))
    }

    fn show(&self, row: &Columns) -> Result<()> {
        self.mail.modify_row(cells(row))?;
        without_mail(row).map_or(Ok(()), |row| self.no_mail.modify_row(cells(&row)))
    }
}

/// Whether a provider may supply a column.
fn is_providers_own(property: &Property) -> bool {
    let id = property.tag.id();
    ENGINE_SUPPLIED.iter().all(|tag| tag.id() != id) && id != tags::PROVIDER_UID.id() && !PROTECTED.contains(&id)
}

/// Whether a row is of the provider with that section.
fn is_of(row: &Columns, provider: Guid) -> bool {
    matches!(row.get(&tags::PROVIDER_UID.id()).map(|uid| &uid.value), Some(Value::Binary(uid)) if *uid == provider.0)
}

/// Lets a default text follow the code it stood for.
fn follow_code(row: &mut Columns, had: i32) {
    let is_default = matches!(row.get(&tags::STATUS_STRING.id()).map(|text| &text.value),
        Some(Value::Unicode(text)) if text == default_text(had));
    if is_default {
        let text = default_text(long(row, tags::STATUS_CODE).unwrap_or(0)).to_owned();
        set(row, tags::STATUS_STRING, Value::Unicode(text));
    }
}

/// The row as clients without mail see it: no transports, and a spooler that is down.
fn without_mail(row: &Columns) -> Option<Columns> {
    match long(row, tags::RESOURCE_TYPE) {
        Some(TRANSPORT) => None,
        Some(SPOOLER) => {
            let mut row = row.clone();
            set(&mut row, tags::STATUS_CODE, Value::Long(STATUS_FAILURE));
            Some(row)
        }
        _ => Some(row.clone()),
    }
}

fn cells(row: &Columns) -> Row {
    row.values().cloned().collect()
}

fn set(row: &mut Columns, tag: PropTag, value: Value) {
    row.insert(tag.id(), Property::new(tag, value));
}

pub(super) fn long(row: &Columns, tag: PropTag) -> Option<i32> {
    match row.get(&tag.id())?.value {
        Value::Long(value) => Some(value),
        _ => None,
    }
}

/// The text of a status code (`status` 1.4).
const fn default_text(code: i32) -> &'static str {
    const INBOUND: i32 = 0x0002_0000 | 0x0004_0000;
    const OUTBOUND: i32 = 0x0020_0000 | 0x0040_0000;
    if code & STATUS_FAILURE != 0 {
        "Failed"
    } else if code & OUTBOUND != 0 {
        "Sending"
    } else if code & INBOUND != 0 {
        "Receiving"
    } else if code & STATUS_OFFLINE != 0 {
        "Offline"
    } else {
        "Available"
    }
}
