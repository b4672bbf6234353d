//! The one queue of a client handle (`session` 8.4 rules 2 and 8), and what is registered through it.

use crate::error::{Code, Failure, Result};
use crate::notifications::{Notification, StoreEvents, TableEvent, TableNotification, mask};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::{Rc, Weak};

/// Events a queue holds before those of a connection collapse.
pub const QUEUE_LIMIT: usize = 10_000;

/// Registrations of one client handle.
const MAX_REGISTRATIONS: usize = 65_536;

/// Where a registration was made, and so where it can be taken back.
#[derive(Clone)]
pub enum Connected {
    /// At the session, for its own events.
    Session {
        /// The events.
        mask: u32,
    },
    /// At the session, for an object of that store.
    ThroughSession(Weak<StoreEvents>),
    /// At the store.
    Store(Weak<StoreEvents>),
    /// At a table.
    Table,
}

/// Consecutive events of one registration.
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationBatch {
    /// The number of the client handle.
    pub handle: u64,
    /// The registration.
    pub connection: u32,
    /// The events, oldest first; they make sense read first to last.
    pub events: Vec<Notification>,
}

/// A source whose events are made when it is asked to take in what has changed.
pub trait Watched {
    /// Takes changes in and queues what follows from them.
    ///
    /// # Errors
    /// The backend's own; nothing is lost then.
    fn take_in(&self) -> Result<()>;

    /// Does a slice of work that was left over (`tables` 2.2). Whether some is left.
    fn slice(&self) -> bool;
}

struct Queued {
    connection: u32,
    event: Notification,
    /// It stands for events that were lost.
    stands_for_more: bool,
}

#[derive(Default)]
struct State {
    events: VecDeque<Queued>,
    registrations: BTreeMap<u32, Connected>,
    /// Connections with an event that stands for lost ones.
    lossy: BTreeSet<u32>,
    watched: Vec<Weak<dyn Watched>>,
}

/// The queue of one client handle. It outlives the handle until it is empty.
pub struct HandleQueue {
    number: u64,
    last_connection: Rc<Cell<u32>>,
    open: Cell<bool>,
    state: RefCell<State>,
}

impl HandleQueue {
    pub(super) fn new(number: u64, last_connection: Rc<Cell<u32>>) -> Rc<Self> {
        Rc::new(Self { number, last_connection, open: Cell::new(true), state: RefCell::default() })
    }

    /// The number of the client handle.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the client handle is still logged on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// Allots a connection number, unique in the whole subsystem and never 0.
    ///
    /// # Errors
    /// `MAPI_E_NOT_ENOUGH_RESOURCES` when too many registrations are in force.
    pub fn connect(&self, registration: Connected) -> Result<u32> {
        let mut state = self.state.borrow_mut();
        let number = self.last_connection.get().checked_add(1).filter(|_| state.registrations.len() < MAX_REGISTRATIONS);
        let Some(number) = number else {
            return Err(Failure::new(
                Code::NotEnoughResources,
                format!("{MAX_REGISTRATIONS} registrations are in force; take some of them back with Unadvise."),
            ));
        };
        self.last_connection.set(number);
        state.registrations.insert(number, registration);
        Ok(number)
    }

    /// The registration with that number.
    #[must_use]
    pub fn registration(&self, connection: u32) -> Option<Connected> {
        self.state.borrow().registrations.get(&connection).cloned()
    }

    /// Forgets a registration, and its events that wait.
    pub fn disconnect(&self, connection: u32) {
        // After the logoff nobody takes a registration back any more: objects are merely released.
        if !self.is_open() {
            return;
        }
        let mut state = self.state.borrow_mut();
        state.registrations.remove(&connection);
        state.lossy.remove(&connection);
        state.events.retain(|queued| queued.connection != connection);
    }

    /// A source to be asked for its changes before events are handed out; held weakly.
    pub fn watch(&self, source: Weak<dyn Watched>) {
        let mut state = self.state.borrow_mut();
        state.watched.retain(|watched| watched.strong_count() > 0);
        state.watched.push(source);
    }

    /// The sources to be asked for their changes.
    pub(super) fn watched(&self) -> Vec<Rc<dyn Watched>> {
        let mut state = self.state.borrow_mut();
        state.watched.retain(|watched| watched.strong_count() > 0);
        state.watched.iter().filter_map(Weak::upgrade).collect()
    }

    /// Queues an event for a registration in force. In a full queue the events of a connection become one:
    /// of a table "changed", of anything else "events were lost".
    pub fn push(&self, connection: u32, event: Notification) {
        let mut state = self.state.borrow_mut();
        if !state.registrations.contains_key(&connection) {
            return;
        }
        if state.lossy.contains(&connection) {
            // Void keys are more than changed rows: that must not be lost among them.
            if is_reload(&event)
                && let Some(queued) =
                    state.events.iter_mut().find(|queued| queued.connection == connection && queued.stands_for_more)
            {
                queued.event = event;
            }
            return;
        }
        let full = state.events.len() >= QUEUE_LIMIT;
        let event = match event {
            event if !full || is_reload(&event) || matches!(event, Notification::CriticalError(_)) => event,
            Notification::TableModified(_) => Notification::TableModified(TableNotification::plain(TableEvent::Changed)),
            _ => Notification::lost(),
        };
        if full {
            state.lossy.insert(connection);
        }
        state.events.push_back(Queued { connection, event, stands_for_more: full });
    }

    /// Queues an event of the session itself for all who registered for it. A critical error reaches everyone.
    pub fn push_of_session(&self, event: &Notification) {
        let interested: Vec<u32> = self
            .state
            .borrow()
            .registrations
            .iter()
            .filter(|(_, registration)| {
                matches!(registration, Connected::Session { mask } if (mask | mask::CRITICAL_ERROR) & event.mask() != 0)
            })
            .map(|(connection, _)| *connection)
            .collect();
        for connection in interested {
            self.push(connection, event.clone());
        }
    }

    /// Takes up to so many events, oldest first, and gathers neighbours of one registration.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<NotificationBatch> {
        let mut state = self.state.borrow_mut();
        let count = state.events.len().min(max);
        let taken: Vec<Queued> = state.events.drain(..count).collect();
        let mut batches: Vec<NotificationBatch> = Vec::new();
        for queued in taken {
            if queued.stands_for_more {
                state.lossy.remove(&queued.connection);
            }
            match batches.last_mut() {
                Some(batch) if batch.connection == queued.connection => batch.events.push(queued.event),
                _ => batches.push(NotificationBatch {
                    handle: self.number,
                    connection: queued.connection,
                    events: vec![queued.event],
                }),
            }
        }
        batches
    }

    /// How many events wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.borrow().events.len()
    }

    /// Whether no event waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether anything is registered.
    #[must_use]
    pub fn has_registrations(&self) -> bool {
        !self.state.borrow().registrations.is_empty()
    }

    /// The handle has logged off: its registrations end, what waits can still be fetched.
    pub fn close(&self) {
        self.open.set(false);
        let mut state = self.state.borrow_mut();
        state.registrations.clear();
        state.watched.clear();
    }
}

impl core::fmt::Debug for HandleQueue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HandleQueue").field("number", &self.number).finish_non_exhaustive()
    }
}

fn is_reload(event: &Notification) -> bool {
    matches!(event, Notification::TableModified(TableNotification { event: TableEvent::Reload, .. }))
}
