//! The backends this crate brings along, put together.

use crate::backends::address_book::SqliteAddressBook;
use crate::backends::catalogue::TomlCatalogue;
use crate::backends::identity::MailIdentity;
use crate::backends::local::LocalTransport;
use crate::backends::profiles::SqliteProfiles;
use crate::backends::smtp::{SmtpSettings, SmtpTransport};
use crate::backends::sqlite::SqliteStore;
use crate::backends::sqlite::database::Access;
use crate::runtime::{Backends, Opened, SharedAddressBook, SharedStore, SharedTransport, Threading};
use mapi_engine::backend::{ProviderKind, ProviderLogon, Store};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::memory::{MemoryAddressBook, MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_engine::properties::{Guid, Value, tags};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The folder of the stores in the data folder.
const STORES: &str = "stores";

/// How store and address book files are called.
const EXTENSION: &str = "mapi";

impl Backends {
    /// Everything in one data folder, durable: profiles, and a mailbox or address book file for each
    /// provider of a profile; mail to other profiles of the folder through `hand-over` in it, mail to
    /// anybody else through the server a profile names. To the built-in services come those of
    /// `services.toml` in the folder. Any number of processes may use one folder.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_CORRUPT_STORE`, `MAPI_E_VERSION`, `MAPI_E_NOT_ENOUGH_DISK`.
    pub fn embedded(folder: &Path) -> Result<Self> {
        let profiles = SqliteProfiles::in_folder(folder)?;
        let catalogue = TomlCatalogue::in_file(&folder.join("services.toml"))?;
        Ok(Self::new(profiles, Arc::new(catalogue)).with_sqlite(folder).with_memory().with_transports(folder))
    }

    /// Everything in memory, gone with the last clone of this value: for tests, and for hosts that want
    /// nothing on disk. The services have the names of [`Backends::embedded`].
    #[must_use]
    pub fn memory() -> Self {
        let catalogue = MemoryCatalogue::new(vec![
            MemoryCatalogue::service("mapi.store", "Mailbox", ProviderKind::Store, "memory"),
            MemoryCatalogue::service("mapi.pab", "Personal Address Book", ProviderKind::AddressBook, "memory-pab"),
        ]);
        Self::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
            .with_profile_threading(Threading::Immediate)
            .with_memory()
    }

    /// Grants the backends `sqlite` and `sqlite-pab`: a file for each profile section, the one its
    /// `PR_RESOURCE_PATH` names, inside the folder, or one of its own.
    fn with_sqlite(self, folder: &Path) -> Self {
        let (stores, books) = (folder.to_owned(), folder.to_owned());
        let open_store = move |logon: &ProviderLogon, entry: Option<&[u8]>| {
            let store = match entry {
                None => SqliteStore::open(&provider_file(&stores, STORES, logon)?, access(logon))?,
                Some(entry) => find_store(&stores.join(STORES), logon.write, entry)?,
            };
            let watched = store.clone();
            Ok(Opened::<SharedStore>::new(Arc::new(store)).with_changes(move || watched.watch_changes()))
        };
        let open_book = move |logon: &ProviderLogon| {
            let book = SqliteAddressBook::open(&provider_file(&books, "address-books", logon)?, access(logon))?;
            Ok(Opened::<SharedAddressBook>::new(Arc::new(book)))
        };
        self.with_store("sqlite", Threading::Prompt, open_store).with_address_book("sqlite-pab", Threading::Prompt, open_book)
    }

    /// Grants the backends `smtp`, a mail server for each profile section, and `local`, the other profiles of
    /// the folder.
    fn with_transports(self, folder: &Path) -> Self {
        let open_smtp = |logon: &ProviderLogon| {
            let transport = SmtpTransport::new(SmtpSettings::configured(logon)?);
            let status_row = transport.status_row();
            Ok(Opened { status_row, ..Opened::<SharedTransport>::new(Arc::new(transport)) })
        };
        let hand_over = folder.join("hand-over");
        let open_local = move |logon: &ProviderLogon| {
            let transport = LocalTransport::open(&hand_over, MailIdentity::configured(logon)?)?;
            let (status_row, watch) = (transport.status_row(), transport.watch_mailbox());
            Ok(Opened { status_row, ..Opened::<SharedTransport>::new(Arc::new(transport)).with_changes(watch) })
        };
        self.with_transport("smtp", Threading::Blocking, open_smtp).with_transport("local", Threading::Blocking, open_local)
    }

    /// Grants the backends `memory` and `memory-pab`: a store or address book for each profile section.
    fn with_memory(self) -> Self {
        let stores = Mutex::new(Vec::<(Guid, Arc<MemoryStore>)>::new());
        let open_store = move |logon: &ProviderLogon, entry: Option<&[u8]>| {
            let mut stores = stores.lock().unwrap_or_else(PoisonError::into_inner);
            let wanted = |(section, store): &&(Guid, Arc<MemoryStore>)| match entry {
                Some(entry) => store.private_entry() == entry,
                None => *section == logon.section,
            };
            let known = stores.iter().find(wanted).map(|(_, store)| Arc::clone(store));
            let store = match (known, entry) {
                (Some(store), _) => store,
                (None, Some(_)) => return Err(Failure::not_found("there is no such store in memory any more")),
                (None, None) => {
                    let uid = random_uid()?;
                    let store = Arc::new(MemoryStore::new(uid, &format!("memory {uid}")));
                    stores.push((logon.section, Arc::clone(&store)));
                    store
                }
            };
            Ok(Opened::<SharedStore>::new(store))
        };
        let books = Mutex::new(Vec::<(Guid, Arc<MemoryAddressBook>)>::new());
        let open_book = move |logon: &ProviderLogon| {
            let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
            let known = books.iter().find(|(section, _)| *section == logon.section).map(|(_, book)| Arc::clone(book));
            let book = match known {
                Some(book) => book,
                None => {
                    let book = Arc::new(MemoryAddressBook::new(random_uid()?));
                    books.push((logon.section, Arc::clone(&book)));
                    book
                }
            };
            Ok(Opened::<SharedAddressBook>::new(book))
        };
        self.with_store("memory", Threading::Immediate, open_store).with_address_book(
            "memory-pab",
            Threading::Immediate,
            open_book,
        )
    }
}

fn access(logon: &ProviderLogon) -> Access {
    if logon.write { Access::Create } else { Access::Read }
}

/// The file of a provider: what its section says, or one named after the section.
fn provider_file(folder: &Path, kind: &str, logon: &ProviderLogon) -> Result<PathBuf> {
    let named = logon.configuration.iter().find(|property| property.tag.id() == tags::RESOURCE_PATH.id());
    match named.map(|property| &property.value) {
        Some(Value::Unicode(path)) if !path.is_empty() => inside(folder, path),
        _ => {
            let name: String = logon.section.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(folder.join(kind).join(name).with_extension(EXTENSION))
        }
    }
}

/// A path a profile names. Profiles are the client's to change; what it may touch is the folder.
fn inside(folder: &Path, path: &str) -> Result<PathBuf> {
    let relative = Path::new(path);
    if relative.components().all(|component| matches!(component, Component::Normal(_))) {
        return Ok(folder.join(relative));
    }
    let outside = format!("the profile names the file {path:?}, which is not inside {}; name one that is", folder.display());
    Err(Failure::new(Code::NoAccess, outside).with_tag(tags::RESOURCE_PATH))
}

/// A store that no section of the profile names, by its private identifier.
fn find_store(folder: &Path, write: bool, entry: &[u8]) -> Result<SqliteStore> {
    let unknown = || Failure::not_found(format!("no mailbox in {} has that identifier", folder.display()));
    let files = std::fs::read_dir(folder).map_err(|_| unknown())?;
    let files = files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|name| name == EXTENSION));
    for path in files {
        // A file that cannot be opened is not the one that was asked for, as far as anybody can tell.
        let store = SqliteStore::open(&path, if write { Access::Write } else { Access::Read });
        if let Ok(store) = store
            && store.identity().private_entry == entry
        {
            return Ok(store);
        }
    }
    Err(unknown())
}

fn random_uid() -> Result<Guid> {
    let mut uid = Guid::default();
    getrandom::fill(&mut uid.0)
        .map_err(|error| Failure::new(Code::NotEnoughResources, format!("the system gives no random bytes: {error}")))?;
    Ok(uid)
}
