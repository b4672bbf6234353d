//! A host for session tests: what is registered is what a session may touch.

use super::{
    MemoryAddressBook, MemoryCatalogue, MemoryClock, MemoryLog, MemoryPresenter, MemoryProfiles, MemoryProgress, MemoryStore,
    SeededEntropy,
};
use crate::backend::{
    AddressBook, Catalogue, Clock, Entropy, Host, Log, Opened, Presenter, ProfileStorage, Progress, ProviderKind, ProviderLogon,
    Store, Transport,
};
use crate::error::{Failure, Result};
use crate::properties::Guid;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Opens a provider of a backend.
type Opener<T> = Rc<dyn Fn(&ProviderLogon, Option<&[u8]>) -> Result<Opened<T>>>;

/// Stores the backend `memory` made, by the section that asked first.
type Made = RefCell<Vec<(Guid, Arc<MemoryStore>)>>;

/// Openers by backend name.
struct Openers<T: ?Sized>(RefCell<BTreeMap<String, Opener<T>>>);

impl<T: ?Sized> Openers<T> {
    fn register(&self, backend: &str, opener: Opener<T>) {
        self.0.borrow_mut().insert(backend.to_ascii_lowercase(), opener);
    }

    fn open(&self, logon: &ProviderLogon, entry: Option<&[u8]>) -> Result<Opened<T>> {
        let opener = self.0.borrow().get(&logon.backend.to_ascii_lowercase()).cloned();
        let missing = || Failure::not_found(format!("this host has no backend named {:?}", logon.backend));
        opener.ok_or_else(missing)?(logon, entry)
    }
}

impl<T: ?Sized> Default for Openers<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

/// Wraps a provider that had nothing to report while it was opened.
fn opened<T: ?Sized>(provider: Rc<T>) -> Opened<T> {
    Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None }
}

/// A host in memory.
///
/// A new one knows two backends: `memory`, a store for each profile section (or private entry identifier)
/// that asks for one, and `memory-pab`, an address book for each section; and a catalogue with the services
/// `store` and `pab` for them. Clones share everything.
#[derive(Clone)]
pub struct MemoryHost {
    stores: Rc<Openers<dyn Store>>,
    address_books: Rc<Openers<dyn AddressBook>>,
    transports: Rc<Openers<dyn Transport>>,
    made: Rc<Made>,
    openings: Rc<Cell<u64>>,
    catalogue: Rc<dyn Catalogue>,
    /// The profile storage.
    pub profiles: Arc<MemoryProfiles>,
    /// The clocks.
    pub clock: Arc<MemoryClock>,
    /// The source of random bytes.
    pub entropy: Arc<SeededEntropy>,
    /// What was logged.
    pub log: Arc<MemoryLog>,
    /// What was reported.
    pub progress: Arc<MemoryProgress>,
    /// Who answers prompts.
    pub presenter: Arc<MemoryPresenter>,
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryHost {
    /// The host described above.
    #[must_use]
    pub fn new() -> Self {
        let catalogue = MemoryCatalogue::new(vec![
            MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
            MemoryCatalogue::service("pab", "Personal Address Book", ProviderKind::AddressBook, "memory-pab"),
        ]);
        let host = Self {
            stores: Rc::default(),
            address_books: Rc::default(),
            transports: Rc::default(),
            made: Rc::default(),
            openings: Rc::default(),
            catalogue: Rc::new(catalogue),
            profiles: Arc::default(),
            clock: Arc::default(),
            entropy: Arc::new(SeededEntropy::new(1)),
            log: Arc::default(),
            progress: Arc::default(),
            presenter: Arc::default(),
        };
        let (made, entropy) = (Rc::clone(&host.made), Arc::clone(&host.entropy));
        host.stores.register(
            "memory",
            Rc::new(move |logon, entry| {
                let mut made = made.borrow_mut();
                let wanted = |(section, store): &&(Guid, Arc<MemoryStore>)| match entry {
                    Some(entry) => store.private_entry() == entry,
                    None => *section == logon.section,
                };
                let known = made.iter().find(wanted).map(|(_, store)| Arc::clone(store));
                let store = match (known, entry) {
                    (Some(store), _) => store,
                    (None, Some(_)) => return Err(Failure::not_found("there is no such store in memory")),
                    (None, None) => {
                        let mut uid = Guid::default();
                        entropy.fill(&mut uid.0);
                        let store = Arc::new(MemoryStore::new(uid, &format!("memory {uid}")));
                        made.push((logon.section, Arc::clone(&store)));
                        store
                    }
                };
                Ok(opened(Rc::new(store) as Rc<dyn Store>))
            }),
        );
        let (books, entropy) = (RefCell::<BTreeMap<Guid, Arc<MemoryAddressBook>>>::default(), Arc::clone(&host.entropy));
        host.address_books.register(
            "memory-pab",
            Rc::new(move |logon, _| {
                let mut books = books.borrow_mut();
                let book = books.entry(logon.section).or_insert_with(|| {
                    let mut uid = Guid::default();
                    entropy.fill(&mut uid.0);
                    Arc::new(MemoryAddressBook::new(uid))
                });
                Ok(opened(Rc::new(Arc::clone(book)) as Rc<dyn AddressBook>))
            }),
        );
        host
    }

    /// The host with another catalogue.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: impl Catalogue + 'static) -> Self {
        self.catalogue = Rc::new(catalogue);
        self
    }

    /// The stores the backend `memory` has made so far.
    #[must_use]
    pub fn stores(&self) -> Vec<Arc<MemoryStore>> {
        self.made.borrow().iter().map(|(_, store)| Arc::clone(store)).collect()
    }

    /// Registers that store under a backend name.
    pub fn add_store(&self, backend: &str, store: impl Store + 'static) {
        let store: Rc<dyn Store> = Rc::new(store);
        self.add_store_opener(backend, move |_, _| Ok(opened(Rc::clone(&store))));
    }

    /// Registers a way to open stores under a backend name, one that fails among them.
    pub fn add_store_opener(
        &self,
        backend: &str,
        opener: impl Fn(&ProviderLogon, Option<&[u8]>) -> Result<Opened<dyn Store>> + 'static,
    ) {
        self.stores.register(backend, Rc::new(opener));
    }

    /// Registers that address book under a backend name.
    pub fn add_address_book(&self, backend: &str, book: impl AddressBook + 'static) {
        let book: Rc<dyn AddressBook> = Rc::new(book);
        self.add_address_book_opener(backend, move |_| Ok(opened(Rc::clone(&book))));
    }

    /// Registers a way to open address books under a backend name.
    pub fn add_address_book_opener(
        &self,
        backend: &str,
        opener: impl Fn(&ProviderLogon) -> Result<Opened<dyn AddressBook>> + 'static,
    ) {
        self.address_books.register(backend, Rc::new(move |logon, _| opener(logon)));
    }

    /// Registers that transport under a backend name.
    pub fn add_transport(&self, backend: &str, transport: impl Transport + 'static) {
        let transport: Rc<dyn Transport> = Rc::new(transport);
        self.add_transport_opener(backend, move |_| Ok(opened(Rc::clone(&transport))));
    }

    /// Registers a way to open transports under a backend name.
    pub fn add_transport_opener(
        &self,
        backend: &str,
        opener: impl Fn(&ProviderLogon) -> Result<Opened<dyn Transport>> + 'static,
    ) {
        self.transports.register(backend, Rc::new(move |logon, _| opener(logon)));
    }
}

impl Host for MemoryHost {
    fn open_store(&self, logon: &ProviderLogon, entry: Option<&[u8]>) -> Result<Opened<dyn Store>> {
        self.openings.set(self.openings.get().wrapping_add(1));
        self.stores.open(logon, entry)
    }

    fn open_address_book(&self, logon: &ProviderLogon) -> Result<Opened<dyn AddressBook>> {
        self.openings.set(self.openings.get().wrapping_add(1));
        self.address_books.open(logon, None)
    }

    fn open_transport(&self, logon: &ProviderLogon) -> Result<Opened<dyn Transport>> {
        self.openings.set(self.openings.get().wrapping_add(1));
        self.transports.open(logon, None)
    }

    fn last_opening(&self) -> u64 {
        self.openings.get()
    }

    fn profiles(&self) -> Rc<dyn ProfileStorage> {
        Rc::new(Arc::clone(&self.profiles))
    }

    fn catalogue(&self) -> Rc<dyn Catalogue> {
        Rc::clone(&self.catalogue)
    }

    fn clock(&self) -> Rc<dyn Clock> {
        Rc::new(Arc::clone(&self.clock))
    }

    fn entropy(&self) -> Rc<dyn Entropy> {
        Rc::new(Arc::clone(&self.entropy))
    }

    fn log(&self) -> Rc<dyn Log> {
        Rc::new(Arc::clone(&self.log))
    }

    fn progress(&self) -> Rc<dyn Progress> {
        Rc::new(Arc::clone(&self.progress))
    }

    fn presenter(&self) -> Rc<dyn Presenter> {
        Rc::new(Arc::clone(&self.presenter))
    }
}
