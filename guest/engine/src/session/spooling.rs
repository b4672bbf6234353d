//! The spooler of a session: what it works with, and its turns (`session` 3 steps 4 and 7, 8.5).

use super::providers::LogonWish;
use super::shared::{OpenStore, SharedSession};
use super::turn::{Budget, Work};
use crate::backend::{Effect, LogLevel};
use crate::error::{Code, Failure, MapiError, Result};
use crate::notifications::{ErrorNotification, Notification};
use crate::properties::{Guid, Property};
use crate::session::Alive;
use crate::spooler::{ActiveTransport, LEASE, MailComposer, StatusSink, Surroundings, after_logons};
use crate::status::StatusRows;
use crate::stores::reference::StoreReference;
use crate::stores::{MAPI_FULL_IPM_TREE, StoreObject, StoreOpening};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What starting providers for mail has come to.
#[derive(Default)]
pub(super) struct MailStart {
    /// The transports of the profile, in transport order.
    order: RefCell<Vec<Guid>>,
    attempts: Cell<u32>,
    /// When those that are not there are tried again, in nanoseconds of the monotonic clock.
    next: Cell<u64>,
}

/// Status rows as the spooler changes them.
struct Rows<'a> {
    session: &'a SharedSession,
    rows: &'a StatusRows,
}

impl Rows<'_> {
    fn note(&self, changed: Result<()>) {
        if let Err(failure) = changed {
            self.session.log(LogLevel::Warn, &format!("the status table could not be brought up to date: {}", failure.brief()));
        }
    }
}

impl StatusSink for Rows<'_> {
    fn changed(&self, transport: Guid, columns: Vec<Property>) {
        self.note(self.rows.provider_changed(transport, columns));
    }

    fn reported(&self, transport: Guid, effect: Effect) {
        self.session.apply_effects(transport, vec![effect]);
    }

    fn offline(&self, transport: Guid, is_offline: bool) {
        self.note(self.rows.provider_offline(transport, is_offline));
    }

    fn code(&self, transport: Guid) -> i32 {
        self.rows.provider_code(transport)
    }
}

/// A turn of the spooler. A session of which no client has mail sends and receives nothing.
pub(super) fn spool(session: &Rc<SharedSession>, _budget: &Budget) -> Work {
    if !session.has_mail() {
        return Work::default();
    }
    session.start_mail();
    let rows = Rows { session, rows: &session.status };
    let composer = MailComposer;
    let around = session.surroundings(&composer, &rows);
    let remaining = session.spooler.turn(&around);
    session.drop_lost();
    let retry = Some(session.mail_start.next.get()).filter(|next| *next < u64::MAX);
    Work { more: remaining.more, wake_at: remaining.wake_at, ..Work::default() }.and(Work { wake_at: retry, ..Work::default() })
}

impl SharedSession {
    /// Starts the default store and the transports that are not there, and tries again later what fails.
    pub(super) fn start_mail(&self) {
        let now = self.environment().clock.monotonic();
        if now < self.mail_start.next.get() {
            return;
        }
        let missing = match self.start_providers() {
            Ok(missing) => missing,
            Err(failure) => {
                self.log(LogLevel::Warn, &format!("mail could not be started: {}", failure.brief()));
                true
            }
        };
        if missing {
            let attempts = self.mail_start.attempts.get().saturating_add(1);
            self.mail_start.attempts.set(attempts);
            self.mail_start.next.set(now.saturating_add(after_logons(attempts).saturating_mul(1_000_000_000)));
        } else {
            self.mail_start.attempts.set(0);
            self.mail_start.next.set(u64::MAX);
        }
    }

    /// Whether something is missing that a later try may bring.
    fn start_providers(&self) -> Result<bool> {
        let profile = self.load_profile()?;
        self.order_transports(&profile);
        let mut missing = false;
        if let Some(section) = profile.default_store() {
            match self.start_store(&profile, section, LogonWish::SILENT) {
                Ok((store, _)) => {
                    if !store.has_mail.replace(true) && store.connection.writable() {
                        self.make_folders(&store)?;
                    }
                }
                Err(failure) => {
                    self.log(LogLevel::Info, &format!("the default store is not available: {}", failure.brief()));
                    missing = true;
                }
            }
        }
        self.start_transports(&profile, false);
        Ok(missing || !self.is_complete())
    }

    /// Mail needs its folders, whether or not a client has opened the store.
    fn make_folders(&self, store: &OpenStore) -> Result<()> {
        StoreObject::open(Rc::clone(&store.connection), self.opening_for_mail(store)).validate_ipm_subtree(MAPI_FULL_IPM_TREE)?;
        Ok(())
    }

    /// Takes over the transport order; it counts from the next message on.
    pub(super) fn order_transports(&self, profile: &crate::profiles::Profile) {
        let order = profile.transports().iter().map(|transport| transport.uid).collect();
        self.mail_start.order.replace(order);
    }

    /// Whether every transport of the profile is logged on.
    fn is_complete(&self) -> bool {
        let transports = self.transports.borrow();
        let is_there = |section: &Guid| transports.iter().any(|transport| transport.section == *section);
        self.mail_start.order.borrow().iter().all(is_there)
    }

    fn opening_for_mail(&self, store: &OpenStore) -> StoreOpening {
        StoreOpening {
            entry_id: store.entry_id.clone(),
            writable: true,
            alive: Alive::new(),
            is_default: Rc::new(|| false),
            mail: None,
        }
    }

    fn surroundings<'a>(&'a self, composer: &'a MailComposer, status: &'a dyn StatusSink) -> Surroundings<'a> {
        let mut stores = Vec::new();
        let mut default_store = None;
        for store in self.open_stores() {
            let capabilities = store.connection.identity().capabilities;
            let can_send = capabilities.submit && capabilities.feed && !capabilities.public_folders;
            if !store.has_mail.get() || !store.connection.writable() || !can_send {
                continue;
            }
            let opening = self.opening_for_mail(&store);
            let reference = Rc::new(StoreReference { connection: Rc::clone(&store.connection), opening });
            if self.default_store.get() == Some(store.section) {
                default_store = Some(Rc::clone(&reference));
            }
            stores.push(reference);
        }
        Surroundings {
            environment: self.environment(),
            owner: self.uid,
            lease: LEASE,
            stores,
            default_store,
            transports: self.transports_in_order(),
            is_complete: self.is_complete(),
            identity: self.identity(false),
            composer,
            status,
        }
    }

    /// The transports that are logged on, in transport order.
    pub(super) fn transports_in_order(&self) -> Vec<Rc<ActiveTransport>> {
        let order = self.mail_start.order.borrow();
        let place = |transport: &Rc<ActiveTransport>| order.iter().position(|section| *section == transport.section);
        let mut transports: Vec<Rc<ActiveTransport>> = self.transports.borrow().clone();
        transports.retain(|transport| !transport.is_lost());
        transports.sort_by_key(|transport| place(transport).unwrap_or(usize::MAX));
        transports
    }

    /// Lets the next turn start what mail needs, as after the logon.
    pub(super) fn restart_mail(&self) {
        self.mail_start.attempts.set(0);
        self.mail_start.next.set(0);
        self.spooler.wake();
    }

    /// The default store as the spooler sees it, if it is open and can be written.
    pub(super) fn default_reference(&self) -> Option<Rc<StoreReference>> {
        let default = self.default_store.get()?;
        let store = self.open_stores().into_iter().find(|store| store.section == default && store.connection.writable())?;
        let opening = self.opening_for_mail(&store);
        Some(Rc::new(StoreReference { connection: Rc::clone(&store.connection), opening }))
    }

    /// Releases transports that broke down; their rows go.
    fn drop_lost(&self) {
        let lost: Vec<Rc<ActiveTransport>> = {
            let mut transports = self.transports.borrow_mut();
            let lost = transports.iter().filter(|transport| transport.is_lost()).cloned().collect();
            transports.retain(|transport| !transport.is_lost());
            lost
        };
        for transport in lost {
            let cause = transport.lost.borrow().clone();
            self.log(LogLevel::Warn, &format!("{} broke down: {:?}", transport.name, cause.as_ref().map(Failure::code)));
            if let Some(cause) = cause {
                self.tell_of_loss(transport.section, &cause.from_provider(&transport.name, transport.section));
            }
            if let Err(failure) = self.status.provider_stopped(transport.section) {
                self.log(LogLevel::Warn, &format!("the status table could not be brought up to date: {}", failure.brief()));
            }
        }
    }

    /// Clients hear of a transport that broke down, by its status row (`session` 8.3); those without mail see none.
    fn tell_of_loss(&self, transport: Guid, cause: &Failure) {
        let Some(session) = self.weak().upgrade() else { return };
        let entry_id = self.status.entry_id_of(transport);
        let error = ErrorNotification { entry_id, code: cause.code(), error: Some(MapiError::of(cause)) };
        let event = Notification::CriticalError(error);
        let handles = self.parts.handles_of(&session);
        handles.iter().filter(|handle| !handle.no_mail).for_each(|handle| handle.queue.push_of_session(&event));
    }

    /// How many messages wait to be sent in the stores that are open.
    pub(super) fn pending_mail(&self) -> u32 {
        let waiting = |store: &Rc<OpenStore>| {
            let queue = StoreObject::open(Rc::clone(&store.connection), self.opening_for_mail(store)).get_outgoing_queue(0);
            match queue.and_then(|queue| queue.get_row_count(0)) {
                Ok(count) => count.value,
                Err(failure) if failure.code() == Code::NoSupport => 0,
                Err(failure) => {
                    self.log(LogLevel::Warn, &format!("an outgoing queue could not be read: {}", failure.brief()));
                    0
                }
            }
        };
        self.open_stores().iter().map(waiting).fold(0, u32::saturating_add)
    }

    /// Does something with the spooler and what it works with.
    pub(super) fn with_spooler<R>(&self, act: impl FnOnce(&crate::spooler::Spooler, &Surroundings<'_>) -> R) -> R {
        let rows = Rows { session: self, rows: &self.status };
        let composer = MailComposer;
        let around = self.surroundings(&composer, &rows);
        let result = act(&self.spooler, &around);
        self.drop_lost();
        result
    }

    /// Ends sending and receiving before the transports go.
    pub(super) fn stop_mail(&self) {
        let rows = Rows { session: self, rows: &self.status };
        let composer = MailComposer;
        let around = self.surroundings(&composer, &rows);
        self.spooler.stop(&around);
    }
}
