//! What the spooler does in one turn (`transport` 7, `session` 8.5): at most one message out or in.

use crate::backend::{LogLevel, ObjectId, ScanKind, TransportNotice};
use crate::entry_id::ProviderEntryId;
use crate::error::Failure;
use crate::messages::Values;
use crate::properties::{FileTime, Guid};
use crate::spooler::delivery::{Delivery, Unsaved};
use crate::spooler::flush::Flush;
use crate::spooler::inbound::Received;
use crate::spooler::pass::{Place, log_failure};
use crate::spooler::queue_state::Hold;
use crate::spooler::transport::{ActiveTransport, Direction, notify};
use crate::spooler::{Surroundings, inbound, report};
use crate::stores::reference::{Named, StoreReference};
use crate::tables::{ChangeQueue, Changes, Interest};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Nanoseconds between two polls of a transport.
const POLL: u64 = 60_000_000_000;
/// Nanoseconds between two calls of `Idle` at least.
const IDLE: u64 = 1_000_000_000;

/// Bits of `SpoolerNotify`.
mod spooler_notify {
    pub(super) const NEWMAIL: u32 = 0x1;
    pub(super) const READYTOSEND: u32 = 0x2;
    pub(super) const SENTDEFERRED: u32 = 0x4;
    pub(super) const CRITSEC: u32 = 0x1000;
    pub(super) const NONCRIT: u32 = 0x2000;
    pub(super) const CONFIG_CHANGE: u32 = 0x4000;
    pub(super) const ALL: u32 = NEWMAIL | READYTOSEND | SENTDEFERRED | CRITSEC | NONCRIT | CONFIG_CHANGE;
}

/// What is left to do for the spooler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remaining {
    /// There is more to do now.
    pub(crate) more: bool,
    /// When to call again, in nanoseconds of the monotonic clock.
    pub(crate) wake_at: Option<u64>,
}

/// The queue of one store.
struct ServedQueue {
    store: Guid,
    changes: Option<Rc<ChangeQueue>>,
    place: RefCell<Place>,
}

/// The spooler of one session: what it remembers between turns.
#[derive(Default)]
pub(crate) struct Spooler {
    queues: RefCell<Vec<Rc<ServedQueue>>>,
    /// Every queue is to be looked through from its head.
    is_due: Cell<bool>,
    /// Who was there in the last turn: another set means another assignment.
    known: RefCell<(Vec<Guid>, bool)>,
    /// The last turn sent a message: the next one looks for inbound mail first.
    receives_next: Cell<bool>,
    pub(super) unsaved: RefCell<Vec<Unsaved>>,
    /// Messages this session's transports have deferred: store, message, transport.
    pub(super) deferred: RefCell<BTreeSet<(Guid, ObjectId, Guid)>>,
    pub(super) received: Received,
    /// Flushes that are not over, in the order they are worked on.
    pub(super) flushes: RefCell<Vec<Flush>>,
}

impl Spooler {
    /// Something has entered a queue, or a transport is ready.
    pub(crate) fn wake(&self) {
        self.is_due.set(true);
    }

    /// One turn.
    pub(crate) fn turn(&self, around: &Surroundings<'_>) -> Remaining {
        for transport in &around.transports {
            self.take_notices(around, transport);
        }
        self.open_directions(around);
        let known = (around.transports.iter().map(|transport| transport.section).collect(), around.is_complete);
        if self.known.replace(known.clone()) != known {
            self.is_due.set(true);
        }
        if self.flush_step(around) {
            return Remaining { more: true, wake_at: self.wake_at(around) };
        }
        let mut did = false;
        if self.receives_next.take() {
            did = self.receive_one(around);
        }
        if !did {
            did = self.send_one(around);
            self.receives_next.set(did);
        }
        if !did {
            did = self.receive_one(around);
        }
        if !did {
            did = self.poll(around);
        }
        if !did {
            self.idle(around);
        }
        Remaining { more: did, wake_at: self.wake_at(around) }
    }

    /// Begins the directions whose stores are there (`transport` 1.2 step 6).
    fn open_directions(&self, around: &Surroundings<'_>) {
        for transport in around.transports.iter().filter(|transport| !transport.is_lost()) {
            let outbound = transport.outbound.get() == Direction::Closed && !around.stores.is_empty();
            let begin = |direction, flag, what: &str| {
                if let Err(failure) = transport.begin(direction, flag) {
                    log_failure(around, &format!("{} cannot {what}", transport.name), &failure);
                }
            };
            if outbound {
                begin(&transport.outbound, notify::BEGIN_OUTBOUND, "send");
                self.is_due.set(true);
            }
            let inbound = transport.inbound.get() == Direction::Closed && around.default_store.is_some();
            if inbound {
                begin(&transport.inbound, notify::BEGIN_INBOUND, "receive");
            }
            if outbound || inbound {
                self.take_notices(around, transport);
            }
        }
    }

    /// Sends one message; whether one was worked on.
    pub(super) fn send_one(&self, around: &Surroundings<'_>) -> bool {
        if !self.save_unsaved(around) {
            return false;
        }
        let is_due = self.is_due.take();
        let mut did = false;
        for store in &around.stores {
            let queue = self.queue_of(store);
            let now = around.environment.clock.now();
            let mut place = queue.place.take();
            if is_due || has_changed(&queue) || place.wake.is_some_and(|wake| wake <= now) {
                place.begin();
            }
            if place.is_running && !did {
                match self.step(around, store, &mut place) {
                    Ok(worked) => did = worked,
                    Err(failure) => {
                        log_failure(around, "the outgoing queue could not be worked on", &failure);
                        place.is_running = false;
                        place.wake = Some(FileTime(now.0.saturating_add(FAILED_PASS)));
                    }
                }
            }
            *queue.place.borrow_mut() = place;
        }
        if !did && !self.is_due.get() {
            around.transports.iter().for_each(|transport| transport.is_eager.set(false));
        }
        did
    }

    /// Saves what could not be saved before. While that is so, nothing is sent.
    fn save_unsaved(&self, around: &Surroundings<'_>) -> bool {
        let waiting = self.unsaved.take();
        let mut left = Vec::new();
        for unsaved in waiting {
            let store = around.stores.iter().find(|store| store.connection.uid() == unsaved.store);
            if let Some(Err(failure)) = store.map(|store| unsaved.save(store)) {
                log_failure(around, "what became of a message could not be saved", &failure);
                left.push(unsaved);
            }
        }
        let saved = left.is_empty();
        self.unsaved.borrow_mut().extend(left);
        saved
    }

    fn queue_of(&self, store: &Rc<StoreReference>) -> Rc<ServedQueue> {
        let uid = store.connection.uid();
        let known = self.queues.borrow().iter().find(|queue| queue.store == uid).cloned();
        known.unwrap_or_else(|| {
            let interest = Interest::Rows { container: store.connection.root().clone(), kind: ScanKind::Queue };
            // Without changes of others the queue is looked through when this session changes it.
            let changes = store.connection.feed().and_then(|feed| feed.subscribe(interest).ok());
            let mut place = Place::default();
            place.begin();
            let queue = Rc::new(ServedQueue { store: uid, changes, place: RefCell::new(place) });
            self.queues.borrow_mut().push(Rc::clone(&queue));
            queue
        })
    }

    /// Takes one message in; whether one came.
    fn receive_one(&self, around: &Surroundings<'_>) -> bool {
        let waiting = |transport: &&Rc<ActiveTransport>| transport.has_mail.get() && transport.may_receive();
        around.transports.iter().find(waiting).is_some_and(|transport| self.receive_from(around, transport))
    }

    /// Takes one message of that transport in; whether one came.
    pub(super) fn receive_from(&self, around: &Surroundings<'_>, transport: &Rc<ActiveTransport>) -> bool {
        let Some(store) = around.default_store.as_ref().filter(|_| transport.may_receive()) else { return false };
        let came = match inbound::receive(&self.received, around, store, transport) {
            Ok(came) => came,
            Err(failure) => {
                log_failure(around, &format!("{} could not deliver a message", transport.name), &failure);
                false
            }
        };
        transport.has_mail.set(came);
        self.take_notices(around, transport);
        came
    }

    /// Asks the transports that want it whether they have mail; whether one does.
    fn poll(&self, around: &Surroundings<'_>) -> bool {
        let now = around.environment.clock.monotonic();
        for transport in &around.transports {
            let wants = transport.identity().polls;
            if !wants || !transport.may_receive() || transport.next_poll.get() > now || around.default_store.is_none() {
                continue;
            }
            transport.next_poll.set(now.saturating_add(POLL));
            match transport.provider.poll() {
                Ok(waits) => transport.has_mail.set(waits),
                Err(failure) => log_failure(around, &format!("{} could not look for mail", transport.name), &failure),
            }
            self.take_notices(around, transport);
            return true;
        }
        false
    }

    fn idle(&self, around: &Surroundings<'_>) {
        let now = around.environment.clock.monotonic();
        for transport in &around.transports {
            let wants = transport.identity().idles && !transport.in_critical_section.get() && !transport.is_lost();
            if wants && transport.next_idle.get() <= now {
                transport.next_idle.set(now.saturating_add(IDLE));
                transport.provider.idle();
                self.take_notices(around, transport);
            }
        }
    }

    /// When something is next due.
    fn wake_at(&self, around: &Surroundings<'_>) -> Option<u64> {
        let clock = &around.environment.clock;
        let (now, monotonic) = (clock.now(), clock.monotonic());
        let queued = self.queues.borrow().iter().filter_map(|queue| queue.place.borrow().wake).min();
        let queued = queued.map(|time| monotonic.saturating_add(time.0.saturating_sub(now.0).saturating_mul(100)));
        let polled = around.transports.iter().filter(|transport| transport.identity().polls && transport.may_receive());
        let polled = polled.map(|transport| transport.next_poll.get()).min();
        queued.into_iter().chain(polled).min()
    }

    /// Takes in what a transport has reported (`transport` 4).
    pub(crate) fn take_notices(&self, around: &Surroundings<'_>, transport: &Rc<ActiveTransport>) {
        for notice in transport.provider.notices() {
            match notice {
                TransportNotice::StatusRow(columns) => around.status.changed(transport.section, columns),
                TransportNotice::Reported(effect) => around.status.reported(transport.section, effect),
                TransportNotice::CriticalError(failure) => {
                    transport.lost.replace(Some(failure));
                    self.is_due.set(true);
                }
                TransportNotice::Spooler { flags, entry_id } => self.notified(around, transport, flags, entry_id.as_deref()),
                TransportNotice::StatusRecips { entry_id, recipients } => {
                    let rows = recipients.into_iter().map(|row| row.into_iter().collect()).collect();
                    self.told_of_recipients(around, transport, &entry_id, rows);
                }
            }
        }
    }

    fn notified(&self, around: &Surroundings<'_>, transport: &ActiveTransport, flags: u32, entry_id: Option<&[u8]>) {
        if flags & !spooler_notify::ALL != 0 {
            let text = format!("{} told the spooler what a transport cannot tell: {flags:#x}", transport.name);
            around.environment.log.log(LogLevel::Warn, &text);
            return;
        }
        // Mail announced before reception was enabled is forgotten.
        if flags & spooler_notify::NEWMAIL != 0 && transport.inbound.get() == Direction::Open {
            transport.has_mail.set(true);
        }
        if flags & spooler_notify::READYTOSEND != 0 {
            transport.is_eager.set(true);
            transport.paused_until.set(FileTime(0));
            self.is_due.set(true);
        }
        if flags & spooler_notify::SENTDEFERRED != 0
            && let Some(entry_id) = entry_id
            && let Err(failure) = self.due(around, transport, entry_id)
        {
            log_failure(around, "a deferred message could not be made due", &failure);
        }
        if flags & spooler_notify::CRITSEC != 0 {
            transport.in_critical_section.set(true);
        }
        if flags & spooler_notify::NONCRIT != 0 {
            transport.in_critical_section.set(false);
            self.is_due.set(true);
        }
        if flags & spooler_notify::CONFIG_CHANGE != 0 {
            transport.ask_identity();
            self.is_due.set(true);
        }
    }

    /// A deferred message is due. One that is not known, or not deferred by it, is ignored.
    fn due(&self, around: &Surroundings<'_>, transport: &ActiveTransport, entry_id: &[u8]) -> Result<(), Failure> {
        let Some((store, message)) = find(around, entry_id) else { return Ok(()) };
        let Some(mut delivery) = Delivery::read(&store, &message, around.owner, around.lease)? else { return Ok(()) };
        if delivery.state.get(transport.section).is_none_or(|state| state.hold != Hold::Deferred) {
            return Ok(());
        }
        delivery.state.with(transport.section).hold = Hold::Due;
        delivery.save(Vec::new())?;
        self.is_due.set(true);
        Ok(())
    }

    fn told_of_recipients(&self, around: &Surroundings<'_>, transport: &ActiveTransport, entry_id: &[u8], rows: Vec<Values>) {
        let Some((store, message)) = find(around, entry_id) else {
            let text = format!("{} told of recipients of a message that is not here", transport.name);
            around.environment.log.log(LogLevel::Info, &text);
            return;
        };
        let reports = around.default_store.as_ref().unwrap_or(&store);
        if let Err(failure) = report::status_recips(&store, reports, &message, rows) {
            log_failure(around, "a report could not be written", &failure);
        }
    }

    /// The user took a message back: the transports that have deferred it forget it.
    pub(crate) fn withdrawn(&self, transports: &[Rc<ActiveTransport>], entry_id: &[u8], sections: &[Guid]) {
        self.deferred.borrow_mut().retain(|(uid, message, _)| ProviderEntryId::of_object(*uid, message).to_bytes() != entry_id);
        for transport in transports.iter().filter(|transport| sections.contains(&transport.section) && !transport.is_lost()) {
            // What it answers changes nothing.
            let _ = transport.provider.notify(notify::ABORT_DEFERRED | notify::CANCEL_MESSAGE, Some(entry_id));
        }
    }

    /// Ends sending and receiving (`transport` 1.3): deferred messages stay in the queue for the next session.
    pub(crate) fn stop(&self, around: &Surroundings<'_>) {
        let deferred = self.deferred.take();
        for transport in around.transports.iter().filter(|transport| !transport.is_lost()) {
            // What it answers changes nothing.
            let _ = transport.provider.notify(notify::END_INBOUND | notify::END_OUTBOUND, None);
            for (uid, message, _) in deferred.iter().filter(|(_, _, section)| *section == transport.section) {
                let Some(store) = around.stores.iter().find(|store| store.connection.uid() == *uid) else { continue };
                let _ = transport.provider.notify(notify::ABORT_DEFERRED, Some(&store.entry_id(message)));
                let freed = Delivery::read(store, message, around.owner, around.lease).and_then(|delivery| match delivery {
                    Some(mut delivery) => {
                        delivery.state.forget(transport.section);
                        delivery.save(Vec::new())
                    }
                    None => Ok(()),
                });
                if let Err(failure) = freed {
                    log_failure(around, "a deferred message could not be freed", &failure);
                }
            }
        }
    }
}

/// Ticks until a queue that could not be read is tried again.
const FAILED_PASS: u64 = 60 * crate::spooler::retry::SECOND;

/// Whether messages entered, left or changed since the feed was read the last time.
fn has_changed(queue: &ServedQueue) -> bool {
    queue.changes.as_ref().is_some_and(|changes| changes.take() != Changes::None)
}

/// The message an entry identifier names, in whichever store it is.
fn find(around: &Surroundings<'_>, entry_id: &[u8]) -> Option<(Rc<StoreReference>, ObjectId)> {
    around.stores.iter().find_map(|store| match store.resolve(entry_id) {
        Ok(Named::Object(message)) => Some((Rc::clone(store), message)),
        _ => None,
    })
}
