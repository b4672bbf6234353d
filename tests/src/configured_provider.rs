//! Providers that fail as their profile section tells them to (`session` 3.1): stores, address books and transports
//! a profile loads like any other.
//!
//! | property | meaning |
//! |---|---|
//! | [`FAILS_WITH`] | the name of the code the logon fails with; `MAPI_W_ERRORS_RETURNED`: it succeeds with a warning |
//! | [`TIMES`] | so many logons fail; absent: all |
//! | [`IN_METHOD`] | not the logon fails, but this method of the backend |
//! | [`MILLISECONDS`] | it takes so long first |
//! | [`BREAKS_DOWN`] | it panics in place of a code |
//! | [`HAS_STATUS`] | its status object can be validated and written; not of transports |
//! | [`ABLE`] | what `PR_RESOURCE_METHODS` of its status row says |
//!
//! What a section has of the identity of its user is shown in the status row. Without any of this they are honest
//! providers in memory, one for each section.

use crate::scripted_transport::Scripted;
use mapi_engine::memory::{Fault, Faults, Faulty, MemoryAddressBook, MemoryStore, Trigger};
use mapi_session::backend::{ProviderLogon, StoreCapabilities};
use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{Backends, Opened, SharedAddressBook, SharedStore, SharedTransport, Support, Threading};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The name of a code.
pub const FAILS_WITH: PropTag = PropTag(0x6700_001F);
/// How often the logon fails.
pub const TIMES: PropTag = PropTag(0x6701_0003);
/// The method that fails.
pub const IN_METHOD: PropTag = PropTag(0x6702_001F);
/// How long it takes.
pub const MILLISECONDS: PropTag = PropTag(0x6703_0003);
/// Whether it panics.
pub const BREAKS_DOWN: PropTag = PropTag(0x6704_000B);

/// What it can do by its status row; absent: a transport validates and flushes, the others do nothing.
pub const ABLE: PropTag = PropTag(0x6705_0003);

/// Whether a store or an address book has a status object of its own.
pub const HAS_STATUS: PropTag = PropTag(0x6706_000B);

/// What a failure says.
pub const EXPLANATION: &str = "the profile says so; say otherwise there";

/// The backends, by the name profile sections carry.
pub const STORE: &str = "configured-store";
/// The same, for address books.
pub const BOOK: &str = "configured-book";
/// The same, for transports.
pub const WIRE: &str = "configured-wire";
/// A store that can only be read.
pub const FIXED: &str = "configured-fixed";

/// Methods that can be told to fail.
const METHODS: [&str; 14] = [
    "change_password",
    "changes",
    "commit",
    "feed_cursor",
    "finish",
    "flush",
    "notify",
    "plan",
    "read",
    "read_rows",
    "scan",
    "set_status_properties",
    "settings_dialog",
    "validate",
];

#[derive(Default)]
struct State {
    attempts: BTreeMap<Guid, u32>,
    stores: BTreeMap<Guid, Arc<MemoryStore>>,
    books: BTreeMap<Guid, Arc<MemoryAddressBook>>,
    wires: BTreeMap<Guid, Scripted>,
    order: Vec<String>,
    permissions: Vec<bool>,
    supports: Vec<Support>,
}

/// The providers of one host; clones are the same ones.
#[derive(Clone, Default)]
pub struct ConfiguredProviders(Arc<Mutex<State>>);

impl ConfiguredProviders {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants them all.
    #[must_use]
    pub fn grant(&self, backends: Backends) -> Backends {
        let [stores, fixed, books, wires] = [(); 4].map(|()| self.clone());
        backends
            .with_store(STORE, Threading::Blocking, move |logon, entry| stores.store(logon, entry, false))
            .with_store(FIXED, Threading::Blocking, move |logon, entry| fixed.store(logon, entry, true))
            .with_address_book(BOOK, Threading::Blocking, move |logon| books.book(logon))
            .with_transport(WIRE, Threading::Blocking, move |logon| wires.wire(logon))
    }

    /// The logons that were tried so far, by display name.
    #[must_use]
    pub fn logons(&self) -> Vec<String> {
        self.state().order.clone()
    }

    /// Whether each of these logons was allowed to ask a person.
    #[must_use]
    pub fn permissions(&self) -> Vec<bool> {
        self.state().permissions.clone()
    }

    /// The support objects of the logons that succeeded.
    #[must_use]
    pub fn supports(&self) -> Vec<Support> {
        self.state().supports.clone()
    }

    /// Keeps the support object of a logon.
    fn supported<T: ?Sized>(&self, opened: Opened<T>) -> Opened<T> {
        let providers = self.clone();
        opened.with_support(move |support| providers.state().supports.push(support))
    }

    /// The wires of the transports that were ever logged on, by section.
    #[must_use]
    pub fn wires(&self) -> Vec<Scripted> {
        self.state().wires.values().cloned().collect()
    }

    fn store(&self, logon: &ProviderLogon, entry: Option<&[u8]>, read_only: bool) -> Result<Opened<SharedStore>> {
        let warning = self.log_on(logon)?;
        let known = {
            let mut state = self.state();
            let make = || {
                let store = MemoryStore::new(logon.section, &format!("configured {}", logon.section));
                let able = StoreCapabilities { read_only: true, feed: true, submit: true, ..StoreCapabilities::default() };
                Arc::new(if read_only { store.with_capabilities(able) } else { store })
            };
            match entry {
                None => Arc::clone(state.stores.entry(logon.section).or_insert_with(make)),
                Some(entry) => state
                    .stores
                    .values()
                    .find(|store| store.private_entry() == entry)
                    .cloned()
                    .ok_or_else(|| Failure::not_found("no store was ever made under that identifier"))?,
            }
        };
        if has_status(logon) {
            known.reports.gain_status_object();
        }
        let faulty = Faulty::new(known);
        schedule(&faulty.faults, logon)?;
        let provider: Arc<SharedStore> = Arc::new(faulty);
        Ok(self.supported(Opened { status_row: status_row(logon, None), warning, ..Opened::new(provider) }))
    }

    fn book(&self, logon: &ProviderLogon) -> Result<Opened<SharedAddressBook>> {
        let warning = self.log_on(logon)?;
        let make = || Arc::new(MemoryAddressBook::new(logon.section));
        let book = Arc::clone(self.state().books.entry(logon.section).or_insert_with(make));
        if has_status(logon) {
            book.reports.gain_status_object();
        }
        let faulty = Faulty::new(book);
        schedule(&faulty.faults, logon)?;
        let provider: Arc<SharedAddressBook> = Arc::new(faulty);
        Ok(self.supported(Opened { status_row: status_row(logon, None), warning, ..Opened::new(provider) }))
    }

    fn wire(&self, logon: &ProviderLogon) -> Result<Opened<SharedTransport>> {
        let warning = self.log_on(logon)?;
        let wire = self.state().wires.entry(logon.section).or_default().clone();
        let faulty = Faulty::new(wire);
        schedule(&faulty.faults, logon)?;
        let provider: Arc<SharedTransport> = Arc::new(faulty);
        let status_row = status_row(logon, Some(Value::Long(0x9)));
        Ok(self.supported(Opened { status_row, warning, ..Opened::new(provider) }))
    }

    /// What becomes of the logon itself: the warning it succeeds with, if with one.
    fn log_on(&self, logon: &ProviderLogon) -> Result<Option<Failure>> {
        let attempt = {
            let mut state = self.state();
            state.order.push(text(logon, tags::DISPLAY_NAME).unwrap_or_default());
            state.permissions.push(logon.may_prompt);
            let attempt = state.attempts.entry(logon.section).or_default();
            *attempt += 1;
            *attempt
        };
        if text(logon, IN_METHOD).is_some() || long(logon, TIMES).is_some_and(|times| attempt > times) {
            return Ok(None);
        }
        if let Some(time) = long(logon, MILLISECONDS) {
            std::thread::sleep(Duration::from_millis(time.into()));
        }
        #[expect(clippy::panic, reason = "that is what was asked for")]
        if breaks_down(logon) {
            panic!("{EXPLANATION}");
        }
        match code(logon)? {
            None => Ok(None),
            Some(Code::WErrorsReturned) => Ok(Some(Failure::new(Code::Offline, EXPLANATION))),
            Some(code) => Err(Failure::new(code, EXPLANATION)),
        }
    }
}

fn schedule(faults: &Faults, logon: &ProviderLogon) -> Result<()> {
    let Some(method) = text(logon, IN_METHOD) else { return Ok(()) };
    let unknown = || Failure::invalid("method", format!("{method} cannot be told to fail"));
    let method = METHODS.into_iter().find(|known| *known == method).ok_or_else(unknown)?;
    let fault = match (code(logon)?, long(logon, MILLISECONDS)) {
        _ if breaks_down(logon) => Fault::Panic,
        (Some(code), _) => Fault::Fail(Failure::new(code, EXPLANATION)),
        (None, time) => Fault::Stall(Duration::from_millis(time.unwrap_or(0).into())),
    };
    faults.schedule(Some(method), Trigger::Every, fault);
    Ok(())
}

fn code(logon: &ProviderLogon) -> Result<Option<Code>> {
    let Some(name) = text(logon, FAILS_WITH) else { return Ok(None) };
    if let Some(raw) = name.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
        return Ok(Some(Code::from_raw(raw)));
    }
    let found = Code::NAMED.iter().copied().find(|code| code.name() == Some(name.as_str()));
    found.map(Some).ok_or_else(|| Failure::invalid("code", format!("there is no code {name}")))
}

fn has_status(logon: &ProviderLogon) -> bool {
    matches!(value(logon, HAS_STATUS), Some(Value::Boolean(true)))
}

fn breaks_down(logon: &ProviderLogon) -> bool {
    matches!(value(logon, BREAKS_DOWN), Some(Value::Boolean(true)))
}

/// What the status row says of the user, and of what the provider can do.
fn status_row(logon: &ProviderLogon, able: Option<Value>) -> Vec<Property> {
    let columns = [tags::IDENTITY_DISPLAY, tags::IDENTITY_ENTRYID, tags::IDENTITY_SEARCH_KEY];
    let identity = logon.configuration.iter().filter(|held| columns.contains(&held.tag)).cloned();
    let able = value(logon, ABLE).cloned().or(able).map(|able| Property::new(tags::RESOURCE_METHODS, able));
    identity.chain(able).collect()
}

fn value(logon: &ProviderLogon, tag: PropTag) -> Option<&Value> {
    logon.configuration.iter().find(|held| held.tag == tag).map(|held| &held.value)
}

fn text(logon: &ProviderLogon, tag: PropTag) -> Option<String> {
    match value(logon, tag) {
        Some(Value::Unicode(text)) => Some(text.clone()),
        _ => None,
    }
}

fn long(logon: &ProviderLogon, tag: PropTag) -> Option<u32> {
    match value(logon, tag) {
        Some(Value::Long(number)) => u32::try_from(*number).ok(),
        _ => None,
    }
}
