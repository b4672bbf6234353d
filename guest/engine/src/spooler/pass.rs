//! A queue pass, one message at a time (`messages` 7.2, `transport` 3.3): which message is next, to whom it
//! is offered, and what becomes of it.

use crate::backend::{Envelope, LogLevel, ObjectId, OutcomeKind, QUEUE_NUMBER, RowKey, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Failure, Result};
use crate::properties::{FileTime, Property, Value, tags};
use crate::spooler::assignment::{candidates, is_resolved};
use crate::spooler::delivery::{Delivery, is_lost_race};
use crate::spooler::queue::{DEFERRAL, release_time};
use crate::spooler::queue_state::{Hold, QueueState};
use crate::spooler::retry::{RESENDS, SECOND, Verdict, after_failures};
use crate::spooler::transfer::{envelope_row, inline_values, is_transmittable, offer};
use crate::spooler::transport::ActiveTransport;
use crate::spooler::{Spooler, Surroundings, disposition, report, withdrawal};
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use std::rc::Rc;

/// Rows of the queue read at first: mostly the next one can be worked on.
const ROWS: u32 = 2;
/// Rows read at once where many have to wait.
const MOST_ROWS: u32 = 128;
/// Seconds for which a deferral holds without a sign of life of the session that knows of it.
const DEFERRAL_HOLDS: u64 = 900;

/// What a row of the queue came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worked {
    /// Something was done.
    Yes,
    /// Nothing can be done before that time, or before something else happens.
    NotBefore(Option<FileTime>),
}

/// Where a pass over the queue of a store has come to.
#[derive(Default)]
pub(crate) struct Place {
    after: Option<RowKey>,
    /// The earliest time anything in the queue waits for.
    pub(crate) wake: Option<FileTime>,
    pub(crate) is_running: bool,
}

impl Place {
    /// Begins at the head of the queue.
    pub(crate) fn begin(&mut self) {
        *self = Self { after: None, wake: None, is_running: true };
    }

    fn wait_for(&mut self, time: Option<FileTime>) {
        self.wake = match (self.wake, time) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

impl Spooler {
    /// Goes on with a pass until one message was worked on, or the queue is at its end; whether one was.
    ///
    /// # Errors
    /// The store's own.
    pub(crate) fn step(&self, around: &Surroundings<'_>, store: &Rc<StoreReference>, place: &mut Place) -> Result<bool> {
        let scope = Scope::One(store.connection.root().clone());
        let columns = [[private::QUEUE_STATE].as_slice(), &DEFERRAL, &[QUEUE_NUMBER]].concat();
        let mut max = ROWS;
        loop {
            let from = place.after.clone().map_or(ScanFrom::Start, ScanFrom::After);
            let page = store.connection.backend().scan(&ScanRequest {
                scope: &scope,
                kind: ScanKind::Queue,
                columns: &columns,
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max,
            })?;
            max = (max * 4).min(MOST_ROWS);
            for (row, message) in page.batch.ids.iter().enumerate() {
                let value = |tag: crate::properties::PropTag| {
                    let column = columns.iter().position(|have| have.id() == tag.id())?;
                    page.batch.columns.get(column)?.value(row)
                };
                if let Some(Value::I8(number)) = value(QUEUE_NUMBER) {
                    let key = crate::collation::order_key(&Value::I8(number));
                    let arrival = page.batch.arrivals.get(row).copied().unwrap_or_default();
                    place.after = Some(RowKey { keys: vec![key], arrival });
                }
                match self.message(around, store, message, &value)? {
                    Worked::Yes => return Ok(true),
                    Worked::NotBefore(time) => place.wait_for(time),
                }
            }
            if !page.more || page.batch.is_empty() {
                place.is_running = false;
                return Ok(false);
            }
        }
    }

    /// Works on one message of the queue, if there is anything to do.
    fn message(
        &self,
        around: &Surroundings<'_>,
        store: &Rc<StoreReference>,
        message: &ObjectId,
        value: &dyn Fn(crate::properties::PropTag) -> Option<Value>,
    ) -> Result<Worked> {
        let now = around.environment.clock.now();
        if let Some(release) = release_time(value).filter(|release| *release > now) {
            return Ok(Worked::NotBefore(Some(release)));
        }
        let state = match value(private::QUEUE_STATE) {
            Some(Value::Binary(bytes)) => QueueState::parse(&bytes),
            _ => QueueState::default(),
        };
        if let Some(claim) = state.claim.filter(|claim| claim.is_live(now) && !claim.is_of(around.owner)) {
            return Ok(Worked::NotBefore(Some(claim.until())));
        }
        if around.transports.is_empty() && !around.is_complete {
            return Ok(Worked::NotBefore(None));
        }
        let Some(mut delivery) = Delivery::read(store, message, around.owner, around.lease)? else {
            return Ok(Worked::NotBefore(None));
        };
        if delivery.is_foreign() {
            return Ok(Worked::NotBefore(None));
        }
        match self.work(around, &mut delivery) {
            Err(failure) => {
                // What a transport said counts even when it could not be saved now.
                self.unsaved.borrow_mut().extend(delivery.unsaved());
                if is_lost_race(&failure) { Ok(Worked::NotBefore(None)) } else { Err(failure) }
            }
            worked => worked,
        }
    }

    fn work(&self, around: &Surroundings<'_>, delivery: &mut Delivery) -> Result<Worked> {
        if delivery.is_thrown_away()? {
            withdrawal::withdraw(&delivery.store.connection, &delivery.message, delivery.version())?;
            return Ok(Worked::Yes);
        }
        assign(around, delivery);
        let failing = self.failing(around, delivery);
        let next = next_offer(around, delivery, &[]);
        let idle = failing.is_empty() && next.is_none() && delivery.rows.iter().all(|row| row.owes() == 0);
        if idle && !delivery.rows.iter().all(crate::spooler::delivery::Row::is_done) {
            return self.keep_deferral(around, delivery);
        }
        delivery.claim()?;
        self.fail(delivery, failing)?;
        if self.offer_all(around, delivery)? == Offered::Withdrawn {
            withdrawal::withdraw(&delivery.store.connection, &delivery.message, delivery.version())?;
            return Ok(Worked::Yes);
        }
        // Rows that nobody was left for.
        let failing = self.failing(around, delivery);
        self.fail(delivery, failing)?;
        let reports = around.default_store.as_ref().unwrap_or(&delivery.store).clone();
        report::write_owed(delivery, &reports)?;
        if delivery.rows.iter().all(crate::spooler::delivery::Row::is_done) {
            disposition::finish(delivery, &around.stores)?;
        } else {
            delivery.release()?;
        }
        Ok(Worked::Yes)
    }

    /// The rows that end in a report now: nobody can be meant, nobody takes them, or it is too late.
    fn failing(&self, around: &Surroundings<'_>, delivery: &Delivery) -> Vec<(u32, OutcomeKind)> {
        let late = match delivery.values.get(tags::LATEST_DELIVERY_TIME) {
            Some(Value::SysTime(time)) => *time < delivery.now(),
            _ => false,
        };
        let failed =
            |diagnostic: i32, text: &str| OutcomeKind::Failed { reason: 1, diagnostic, status: 0, text: text.to_owned() };
        let fate = |row: &crate::spooler::delivery::Row| {
            if late {
                Some(failed(5, "The message was not sent before its latest delivery time."))
            } else if !is_resolved(&row.values, !row.candidates.is_empty()) {
                Some(failed(0, "The recipient was not resolved to an address."))
            } else if row.candidate().is_none() && around.is_complete {
                Some(failed(-1, "No transport of the profile takes this kind of address."))
            } else {
                None
            }
        };
        let open = delivery.rows.iter().filter(|row| !row.is_done());
        open.filter_map(|row| Some((row.number(), fate(row)?))).collect()
    }

    /// Marks rows as failed, durably.
    fn fail(&self, delivery: &mut Delivery, failing: Vec<(u32, OutcomeKind)>) -> Result<()> {
        if failing.is_empty() {
            return Ok(());
        }
        for (number, outcome) in &failing {
            if let OutcomeKind::Failed { text, .. } = outcome {
                delivery.state.last_error.clone_from(text);
            }
            delivery.note(*number, outcome);
        }
        delivery.save(Vec::new())
    }

    /// Offers the message to one transport after the other, each its rows.
    fn offer_all(&self, around: &Surroundings<'_>, delivery: &mut Delivery) -> Result<Offered> {
        let mut resent = 0;
        // Transports that had their chance in this pass.
        let mut asked: Vec<usize> = Vec::new();
        while let Some(at) = next_offer(around, delivery, &asked) {
            let Some(transport) = around.transports.get(at) else { break };
            let verdict = self.offer_one(around, delivery, transport, at)?;
            match verdict {
                Verdict::Again if resent < RESENDS => resent += 1,
                Verdict::Again => {
                    resent = 0;
                    asked.push(at);
                    self.put_off(delivery, transport, 5)?;
                }
                Verdict::Withdrawn => return Ok(Offered::Withdrawn),
                Verdict::Taken | Verdict::NotMe => {
                    resent = 0;
                    for row in delivery.rows.iter_mut().filter(|row| !row.is_done() && row.candidate() == Some(at)) {
                        row.next += 1;
                    }
                }
                _ => {
                    resent = 0;
                    asked.push(at);
                }
            }
        }
        Ok(Offered::All)
    }

    /// Offers the message to a transport. What came of it is durable when this returns, unless it was the last thing to
    /// be done for the message: then it becomes so with the commit that takes the message out of the queue.
    fn offer_one(
        &self,
        around: &Surroundings<'_>,
        delivery: &mut Delivery,
        transport: &Rc<ActiveTransport>,
        at: usize,
    ) -> Result<Verdict> {
        delivery.keep()?;
        let envelope = envelope(delivery, transport, at);
        let (store, message) = (Rc::clone(&delivery.store), delivery.message.clone());
        let outcome = offer(transport, &envelope, || around.composer.compose(&store, &message), || delivery.keep());
        self.take_notices(around, transport);
        let outcome = outcome?;
        let verdict = if transport.is_lost() { Verdict::Failed } else { Verdict::on(&outcome) };
        if Verdict::counts_rows(&outcome) {
            let served: Vec<u32> = envelope.recipients.iter().filter(|row| row.serve).map(|row| row.row).collect();
            for (number, result) in outcome.recipients.iter().filter(|(number, _)| served.contains(number)) {
                delivery.note(*number, result);
            }
        }
        let status = outcome.failure.as_ref().map_or(0, |failure| failure.code().raw().cast_signed());
        let mut set = vec![Property::new(tags::SPOOLER_STATUS, Value::Long(status))];
        if outcome.failure.is_none() {
            set.extend(outcome.set.iter().filter(|property| is_transmittable(property.tag)).cloned());
        }
        self.remember(around, delivery, transport, verdict, outcome.failure.as_ref());
        if verdict == Verdict::Taken && delivery.is_over() {
            delivery.keep_back(set);
        } else {
            delivery.save(set)?;
        }
        Ok(verdict)
    }

    /// Notes what an answer means for later passes.
    fn remember(
        &self,
        around: &Surroundings<'_>,
        delivery: &mut Delivery,
        transport: &ActiveTransport,
        verdict: Verdict,
        failure: Option<&Failure>,
    ) {
        let now = delivery.now();
        let in_seconds = |seconds: u64| FileTime(now.0.saturating_add(seconds.saturating_mul(SECOND)));
        let section = transport.section;
        if let Some(failure) = failure.filter(|_| verdict != Verdict::NotMe) {
            delivery.state.last_error = format!("{}: {}", transport.name, failure.detail().message);
        }
        match verdict {
            Verdict::Taken | Verdict::NotMe => {
                delivery.state.forget(section);
                self.deferred.borrow_mut().remove(&(delivery.store.connection.uid(), delivery.message.clone(), section));
            }
            Verdict::Again | Verdict::Withdrawn => {}
            Verdict::Later { after, pauses } => {
                if pauses {
                    transport.paused_until.set(in_seconds(after));
                    transport.is_eager.set(false);
                    around.status.offline(section, true);
                }
                let state = delivery.state.with(section);
                state.hold = Hold::None;
                state.set_next_attempt(in_seconds(after));
            }
            Verdict::Deferred => {
                let state = delivery.state.with(section);
                state.hold = Hold::Deferred;
                state.set_next_attempt(in_seconds(DEFERRAL_HOLDS));
                self.deferred.borrow_mut().insert((delivery.store.connection.uid(), delivery.message.clone(), section));
            }
            Verdict::Refused => delivery.state.with(section).hold = Hold::Refused,
            Verdict::Failed => {
                let state = delivery.state.with(section);
                state.hold = Hold::None;
                state.failures = state.failures.saturating_add(1);
                match after_failures(state.failures) {
                    Some(seconds) => state.set_next_attempt(in_seconds(seconds)),
                    None => {
                        delivery.state.forget(section);
                        let text = failure.map_or_else(String::new, |failure| failure.detail().message.clone().into_owned());
                        let outcome = OutcomeKind::Failed { reason: 0, diagnostic: -1, status: 0, text };
                        let at = around.transports.iter().position(|known| known.section == section);
                        let rows: Vec<u32> = delivery
                            .rows
                            .iter()
                            .filter(|row| !row.is_done() && row.candidate() == at)
                            .map(crate::spooler::delivery::Row::number)
                            .collect();
                        rows.into_iter().for_each(|number| delivery.note(number, &outcome));
                    }
                }
            }
        }
        if !matches!(verdict, Verdict::Later { pauses: true, .. }) {
            transport.paused_until.set(FileTime(0));
            around.status.offline(section, false);
        }
    }

    fn put_off(&self, delivery: &mut Delivery, transport: &ActiveTransport, seconds: u64) -> Result<()> {
        let time = FileTime(delivery.now().0.saturating_add(seconds * SECOND));
        delivery.state.with(transport.section).set_next_attempt(time);
        delivery.save(Vec::new())
    }

    /// Nothing can be done for a message: says when, and keeps its deferral alive as long as this session
    /// knows of it.
    fn keep_deferral(&self, around: &Surroundings<'_>, delivery: &mut Delivery) -> Result<Worked> {
        let now = delivery.now();
        let uid = delivery.store.connection.uid();
        let mut wake: Option<FileTime> = None;
        let mut renew = false;
        let renewed = FileTime(now.0.saturating_add(DEFERRAL_HOLDS * SECOND));
        for state in &mut delivery.state.transports {
            let mut time = state.next_attempt();
            if state.hold == Hold::Deferred {
                let ours = self.deferred.borrow().contains(&(uid, delivery.message.clone(), state.section()));
                if ours {
                    if time.0.saturating_sub(now.0) < DEFERRAL_HOLDS / 2 * SECOND {
                        state.set_next_attempt(renewed);
                        renew = true;
                        time = renewed;
                    }
                    time = FileTime(time.0.saturating_sub(DEFERRAL_HOLDS / 2 * SECOND));
                }
            }
            if matches!(state.hold, Hold::None | Hold::Deferred) && time > now {
                wake = Some(wake.map_or(time, |wake| wake.min(time)));
            }
        }
        for transport in around.transports.iter().filter(|transport| transport.paused_until.get() > now) {
            wake = Some(wake.map_or(transport.paused_until.get(), |wake| wake.min(transport.paused_until.get())));
        }
        if renew {
            delivery.release()?;
        }
        Ok(Worked::NotBefore(wake))
    }
}

/// What came of offering a message around.
#[derive(PartialEq, Eq)]
enum Offered {
    All,
    Withdrawn,
}

/// Finds the transports of every recipient that is not done.
fn assign(around: &Surroundings<'_>, delivery: &mut Delivery) {
    let identities: Vec<_> = around.transports.iter().map(|transport| transport.identity().clone()).collect();
    for row in delivery.rows.iter_mut().filter(|row| !row.is_done()) {
        row.candidates = candidates(&row.values, identities.iter());
        row.next = 0;
    }
}

/// The first transport in order that some recipient waits for and that may be tried now.
fn next_offer(around: &Surroundings<'_>, delivery: &Delivery, asked: &[usize]) -> Option<usize> {
    let now = delivery.now();
    let wanted = |at: usize| delivery.rows.iter().any(|row| !row.is_done() && row.candidate() == Some(at));
    let is_due = |transport: &ActiveTransport| {
        transport.may_send(now)
            && delivery.state.get(transport.section).is_none_or(|state| match state.hold {
                Hold::Due => true,
                // Void: the session that knew of the deferral is gone.
                Hold::Deferred => state.next_attempt() <= now,
                Hold::Refused => transport.is_eager.get(),
                Hold::None => transport.is_eager.get() || state.next_attempt() <= now,
            })
    };
    (0..around.transports.len())
        .find(|at| !asked.contains(at) && wanted(*at) && around.transports.get(*at).is_some_and(|transport| is_due(transport)))
}

/// What a transport gets to see of a message.
fn envelope(delivery: &Delivery, transport: &ActiveTransport, at: usize) -> Envelope {
    let class = delivery.values.text(tags::MESSAGE_CLASS).unwrap_or_default();
    let is_report = class.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("REPORT."));
    let sender = match delivery.values.text(tags::SENDER_EMAIL_ADDRESS) {
        Some(address) if !is_report => address.to_owned(),
        _ => String::new(),
    };
    let properties = inline_values(&delivery.values).filter(|property| is_transmittable(property.tag)).collect();
    let serves = |row: &crate::spooler::delivery::Row| !row.is_done() && row.candidate() == Some(at);
    Envelope {
        entry_id: delivery.entry_id(),
        sender,
        recipients: delivery.rows.iter().map(|row| envelope_row(&row.values, serves(row))).collect(),
        properties,
        size: None,
        deferred: delivery.state.get(transport.section).is_some_and(|state| state.hold == Hold::Due),
    }
}

/// Says in the log why a queue could not be worked on.
pub(crate) fn log_failure(around: &Surroundings<'_>, what: &str, failure: &Failure) {
    around.environment.log.log(LogLevel::Warn, &format!("{what}: {}", failure.brief()));
}
