//! The session beneath its client handles: the profile in use, the providers logged on, the status rows
//! (`session` 2.2, 3, 4).

use super::effects::Temporary;
use super::set_default_store::SimpleStore;
use super::spooling::MailStart;
use super::store_table::StoreTable;
use super::subsystem::Parts;
use crate::address_book::ActiveBooks;
use crate::backend::{Environment, LogLevel};
use crate::error::{Failure, Result};
use crate::profiles::{Profile, ProfileUse, ProfileWatcher, Profiles};
use crate::properties::Guid;
use crate::session::logon::refused;
use crate::spooler::{ActiveTransport, Spooler};
use crate::status::StatusRows;
use crate::stores::Connection;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

/// A store logged on in this session.
pub(super) struct OpenStore {
    /// Its profile section, a temporary one included.
    pub(super) section: Guid,
    /// Its identifier as clients see it.
    pub(super) entry_id: crate::entry_id::WrappedStoreId,
    /// The backend, shared by all references.
    pub(super) connection: Rc<Connection>,
    /// The host says when it changed.
    pub(super) is_signalled: Cell<bool>,
    /// Its change feed could not be read the last time.
    pub(super) feed_fails: Cell<bool>,
    /// The spooler serves it.
    pub(super) has_mail: Cell<bool>,
    /// Somebody opened it without `MDB_TEMPORARY`, so that it may become permanent.
    pub(super) may_stay: Cell<bool>,
}

/// Why a provider or a service is not logged on again.
#[derive(Clone, Debug)]
pub(super) enum Barred {
    /// The provider alone, for the life of the session.
    Provider,
    /// Its whole service.
    Service(Failure),
}

/// A session.
pub(super) struct SharedSession {
    pub(super) parts: Rc<Parts>,
    name: String,
    usage: RefCell<Option<ProfileUse>>,
    /// The engine-private MAPIUID its status identifiers carry.
    pub(super) uid: Guid,
    /// Backends are to work unobtrusively (`MAPI_BG_SESSION`).
    pub(super) background: bool,
    handles: Cell<u32>,
    /// Of them, those that want mail.
    mail_handles: Cell<u32>,
    pub(super) barred: RefCell<BTreeMap<Guid, Barred>>,
    /// Sections of stores opened by a constructed identifier; gone with the session.
    pub(super) temporary: RefCell<Vec<Temporary>>,
    pub(super) stores: RefCell<Vec<Rc<OpenStore>>>,
    /// The address book providers that are logged on.
    pub(super) address_books: Rc<ActiveBooks>,
    pub(super) transports: RefCell<Vec<Rc<ActiveTransport>>>,
    pub(super) spooler: Spooler,
    pub(super) mail_start: MailStart,
    pub(super) status: StatusRows,
    pub(super) store_rows: StoreTable,
    /// The section of the default store, as of the last time the profile was read.
    pub(super) default_store: Cell<Option<Guid>>,
    /// Who has the role of the simple interface here.
    pub(super) simple_store: Cell<SimpleStore>,
    /// How often the profile was changed through this instance.
    pub(super) edits: Cell<u64>,
    this: Weak<SharedSession>,
}

impl SharedSession {
    /// Starts a session on the profile with that stored name. No provider is logged on yet. The profile comes along, as it
    /// was read.
    pub(super) fn open(parts: &Rc<Parts>, name: &str, background: bool) -> Result<(Rc<Self>, Profile)> {
        let profiles = &parts.profiles;
        let usage = profiles.use_profile(name)?;
        let (profile, _) = profiles.load(name)?;
        if !profile.is_there() {
            return Err(refused(format!("The profile \"{name}\" has been deleted.")));
        }
        let uid = parts.environment.new_uid();
        let status = StatusRows::new(uid, name)?;
        let store_rows = StoreTable::new()?;
        let session = Rc::new_cyclic(|this| Self {
            this: this.clone(),
            parts: Rc::clone(parts),
            name: name.to_owned(),
            usage: RefCell::new(Some(usage)),
            uid,
            background,
            handles: Cell::new(0),
            mail_handles: Cell::new(0),
            barred: RefCell::default(),
            temporary: RefCell::default(),
            stores: RefCell::default(),
            address_books: Rc::default(),
            transports: RefCell::default(),
            spooler: Spooler::default(),
            mail_start: MailStart::default(),
            status,
            store_rows,
            default_store: Cell::new(profile.default_store().map(|store| store.uid)),
            simple_store: Cell::default(),
            edits: Cell::new(0),
        });
        let watcher: Rc<dyn ProfileWatcher> = session.clone();
        profiles.watch(Rc::downgrade(&watcher));
        Ok((session, profile))
    }

    /// Itself, as long as a handle or a store of it is there.
    pub(super) fn weak(&self) -> Weak<Self> {
        self.this.clone()
    }

    /// Another client handle.
    pub(super) fn join(&self, mail: bool) {
        self.handles.set(self.handles.get().saturating_add(1));
        self.mail_handles.set(self.mail_handles.get().saturating_add(u32::from(mail)));
    }

    /// Whether any client sends and receives.
    pub(super) fn has_mail(&self) -> bool {
        self.mail_handles.get() > 0
    }

    /// A client handle less. The last one ends the session: providers go in the order transports, address
    /// books, stores, and then the profile is free.
    pub(super) fn leave(&self, mail: bool) {
        self.mail_handles.set(self.mail_handles.get().saturating_sub(u32::from(mail)));
        let left = self.handles.get().saturating_sub(1);
        self.handles.set(left);
        if left > 0 {
            return;
        }
        self.stop_mail();
        // Taken out first: dropping a provider calls the host.
        let transports = self.transports.take();
        drop(transports);
        self.address_books.end();
        let stores = self.stores.take();
        drop(stores);
        self.temporary.take();
        let usage = self.usage.take();
        drop(usage);
    }

    /// Whether no other client is logged on than one.
    pub(super) fn is_last_client(&self) -> bool {
        self.handles.get() == 1
    }

    /// Whether a client is logged on.
    pub(super) fn is_live(&self) -> bool {
        self.handles.get() > 0
    }

    /// The stored name of the profile.
    pub(super) fn profile(&self) -> &str {
        &self.name
    }

    pub(super) fn profiles(&self) -> &Rc<Profiles> {
        &self.parts.profiles
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.parts.environment
    }

    /// The profile as it is now.
    pub(super) fn load_profile(&self) -> Result<Profile> {
        let (profile, _) = self.profiles().load(&self.name)?;
        self.default_store_changed(profile.default_store().map(|store| store.uid));
        Ok(profile)
    }

    pub(super) fn log(&self, level: LogLevel, text: &str) {
        self.environment().log.log(level, text);
    }

    /// The stores that are open now.
    pub(super) fn open_stores(&self) -> Vec<Rc<OpenStore>> {
        self.stores.borrow().clone()
    }
}

impl ProfileWatcher for SharedSession {
    fn profile_changed(&self, name: &str, profile: &Profile) {
        if name != self.name {
            return;
        }
        self.edits.set(self.edits.get().wrapping_add(1));
        self.default_store_changed(profile.default_store().map(|store| store.uid));
        self.order_transports(profile);
        self.show_roles(profile);
    }
}
