//! The engine's backend traits over the world's imports.

pub(crate) mod address_book;
mod catalogue;
mod changes;
mod objects;
mod presenter;
pub(crate) mod profiles;
pub(crate) mod providers;
mod scans;
pub(crate) mod services;
pub(crate) mod store;
pub(crate) mod transport;

pub(crate) use presenter::{form, library as form_library, wire_form, wire_library};
pub(crate) use services::{Diagnostics, hook_panics};

use crate::imports::address_book::ImportedAddressBook;
use crate::imports::catalogue::ImportedCatalogue;
use crate::imports::presenter::ImportedPresenter;
use crate::imports::profiles::ImportedProfiles;
use crate::imports::providers::{Report, wire_logon};
use crate::imports::services::{Clocks, Randomness, ShownProgress};
use crate::imports::store::ImportedStore;
use crate::imports::transport::ImportedTransport;
use crate::world::mapi::session::{address_book_backend, store_backend, transport_backend};
use mapi_engine::backend::{
    AddressBook, Catalogue, Clock, Entropy, Host, Log, Opened, Presenter, ProfileStorage, Progress, ProviderLogon, Store,
    Transport,
};
use mapi_engine::error::Result;
use std::cell::Cell;
use std::rc::Rc;

thread_local! {
    /// How many times a provider was opened. The host counts its side of the same calls.
    static OPENINGS: Cell<u64> = const { Cell::new(0) };
}

fn count_opening() {
    OPENINGS.set(OPENINGS.get().wrapping_add(1));
}

/// The host behind the imports.
pub(crate) struct Imports;

impl Host for Imports {
    fn open_store(&self, logon: &ProviderLogon, entry: Option<&[u8]>) -> Result<Opened<dyn Store>> {
        let logon = wire_logon(logon)?;
        count_opening();
        let store = store_backend::open(&logon, entry)?;
        let (report, pending) = Report::of(store.report)?;
        Ok(report.opened(Rc::new(ImportedStore::new(store.store, pending)?)))
    }

    fn open_address_book(&self, logon: &ProviderLogon) -> Result<Opened<dyn AddressBook>> {
        let logon = wire_logon(logon)?;
        count_opening();
        let book = address_book_backend::open(&logon)?;
        let (report, pending) = Report::of(book.report)?;
        Ok(report.opened(Rc::new(ImportedAddressBook::new(book.address_book, pending)?)))
    }

    fn open_transport(&self, logon: &ProviderLogon) -> Result<Opened<dyn Transport>> {
        let logon = wire_logon(logon)?;
        count_opening();
        let transport = transport_backend::open(&logon)?;
        let (report, pending) = Report::of(transport.report)?;
        Ok(report.opened(Rc::new(ImportedTransport::new(transport.transport, pending))))
    }

    fn last_opening(&self) -> u64 {
        OPENINGS.get()
    }

    fn profiles(&self) -> Rc<dyn ProfileStorage> {
        Rc::new(ImportedProfiles)
    }

    fn catalogue(&self) -> Rc<dyn Catalogue> {
        Rc::new(ImportedCatalogue)
    }

    fn clock(&self) -> Rc<dyn Clock> {
        Rc::new(Clocks)
    }

    fn entropy(&self) -> Rc<dyn Entropy> {
        Rc::new(Randomness)
    }

    fn log(&self) -> Rc<dyn Log> {
        Rc::new(Diagnostics)
    }

    fn progress(&self) -> Rc<dyn Progress> {
        Rc::new(ShownProgress)
    }

    fn presenter(&self) -> Rc<dyn Presenter> {
        Rc::new(ImportedPresenter)
    }
}
