//! A transport that delivers between the profiles of one data folder, so that everything can be tried
//! without a server (`transport` 1 to 5).
//!
//! Each profile has a mailbox in the hand-over folder, named after its address; it exists from the first
//! logon on. The transport serves the address type `SMTP`, but only the domains it has a mailbox in: an
//! unknown address there has failed, one of any other domain is left for the next transport. Messages wait
//! in the mailbox until the receiving session has stored them (`Mailbox`).

mod mailbox;
mod watch;

use crate::backends::identity::{MailIdentity, SMTP, text};
use mailbox::{HandOver, Mailbox, Waiting};
use mapi_engine::backend::{
    Envelope, EnvelopeRecipient, InboundMessage, Outcome, OutcomeKind, Transport, TransportIdentity, TransportNotice,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::messages::DeliveryStatus;
use mapi_engine::properties::{Property, Value, tags};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bits of `PR_STATUS_CODE` (`status` 1.3).
mod status {
    pub(super) const AVAILABLE: u32 = 0x1;
    pub(super) const INBOUND_ENABLED: u32 = 0x1_0000;
    pub(super) const INBOUND_FLUSH: u32 = 0x4_0000;
    pub(super) const OUTBOUND_ENABLED: u32 = 0x10_0000;
    pub(super) const OUTBOUND_FLUSH: u32 = 0x40_0000;
}

/// What each bit of `TransportNotify` (`transport` 2.4) sets and clears in the status row.
const DIRECTIONS: [(u32, u32, u32); 6] = [
    (0x1, status::INBOUND_ENABLED, 0),
    (0x2, status::OUTBOUND_ENABLED, 0),
    (0x1_0000, 0, status::INBOUND_ENABLED),
    (0x2_0000, 0, status::OUTBOUND_ENABLED),
    (0x4_0000, 0, status::INBOUND_FLUSH),
    (0x8_0000, 0, status::OUTBOUND_FLUSH),
];

/// `STATUS_VALIDATE_STATE` and `STATUS_FLUSH_QUEUES`.
const METHODS: i32 = 0x1 | 0x8;
/// `FLUSH_UPLOAD` and `FLUSH_DOWNLOAD`.
const FLUSH_UPLOAD: u32 = 0x2;
const FLUSH_DOWNLOAD: u32 = 0x4;
/// `NOTIFY_NEWMAIL`.
const NOTIFY_NEWMAIL: u32 = 0x1;

/// A message being handed over.
struct Transfer {
    number: u64,
    message: HandOver,
    rows: Vec<(u32, Standing)>,
}

enum Standing {
    To(Mailbox),
    Settled(OutcomeKind),
}

struct State {
    transfer: Option<Transfer>,
    received: Option<(u64, Waiting)>,
    numbers: u64,
    status: u32,
    notices: Vec<TransportNotice>,
    /// What stood in the mailbox when new mail was last announced.
    announced: Option<std::time::SystemTime>,
}

/// The transport of one profile.
pub struct LocalTransport {
    identity: MailIdentity,
    mailbox: Mailbox,
    state: Mutex<State>,
}

impl core::fmt::Debug for LocalTransport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LocalTransport").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl LocalTransport {
    /// The transport of a profile with that identity; its mailbox is made if there is none.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_NOT_ENOUGH_DISK`, `MAPI_E_DISK_ERROR`.
    pub fn open(folder: &Path, identity: MailIdentity) -> Result<Self> {
        let mailbox = Mailbox::make(folder, identity.address())?;
        let state =
            State { transfer: None, received: None, numbers: 0, status: status::AVAILABLE, notices: Vec::new(), announced: None };
        Ok(Self { identity, mailbox, state: Mutex::new(state) })
    }

    /// The columns of its status row.
    #[must_use]
    pub fn status_row(&self) -> Vec<Property> {
        let mut row = vec![status_code(self.state().status), Property::new(tags::RESOURCE_METHODS, Value::Long(METHODS))];
        row.extend(self.identity.status_columns());
        row
    }

    /// What tells when something is put into the mailbox of that identity, by any process.
    pub fn watch_mailbox(&self) -> impl Fn() -> tokio::sync::watch::Receiver<u64> + Send + Sync + use<> {
        let folder = self.mailbox.folder().to_owned();
        move || watch::subscribe(&folder)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where mail to a recipient goes.
    fn destination(&self, recipient: &EnvelopeRecipient) -> Result<Standing> {
        let is_smtp = text(&recipient.properties, tags::ADDRTYPE).is_none_or(|kind| kind.eq_ignore_ascii_case(SMTP));
        let given = text(&recipient.properties, tags::EMAIL_ADDRESS).filter(|_| is_smtp);
        let Some(address) = given.or_else(|| text(&recipient.properties, tags::SMTP_ADDRESS)) else {
            return Ok(Standing::Settled(OutcomeKind::NotDone));
        };
        if let Some(mailbox) = self.mailbox.beside(address)? {
            return Ok(Standing::To(mailbox));
        }
        if !self.mailbox.is_local(address)? {
            return Ok(Standing::Settled(OutcomeKind::NotDone));
        }
        let unknown = DeliveryStatus::new(5, 1, 1);
        Ok(Standing::Settled(OutcomeKind::Failed {
            reason: unknown.map_or(1, DeliveryStatus::reason),
            diagnostic: unknown.map_or(35, DeliveryStatus::diagnostic),
            status: unknown.map_or(511, DeliveryStatus::number),
            text: format!("no profile of this data folder has the address {address}"),
        }))
    }
}

fn status_code(status: u32) -> Property {
    Property::new(tags::STATUS_CODE, Value::Long(status.cast_signed()))
}

impl State {
    fn show(&mut self, set: u32, clear: u32) {
        let status = self.status & !clear | set;
        if status != self.status {
            self.status = status;
            self.notices.push(TransportNotice::StatusRow(vec![status_code(status)]));
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn transfer(&mut self, number: u64) -> Result<Transfer> {
        let found = self.transfer.take_if(|transfer| transfer.number == number);
        found.ok_or_else(|| Failure::invalid("transfer", "no message is in transfer under that number"))
    }
}

impl Transport for LocalTransport {
    fn identity(&self) -> TransportIdentity {
        TransportIdentity { address_types: Some(vec![SMTP.to_owned()]), uids: Vec::new(), polls: true, idles: false }
    }

    fn notify(&self, flags: u32, _entry_id: Option<&[u8]>) -> Result<()> {
        let mut state = self.state();
        for (bit, set, clear) in DIRECTIONS {
            if flags & bit != 0 {
                state.show(set, clear);
            }
        }
        Ok(())
    }

    fn begin(&self, envelope: &Envelope) -> Result<u64> {
        let mut state = self.state();
        if state.transfer.is_some() {
            return Err(Failure::new(Code::Busy, "another message is in transfer"));
        }
        let served = envelope.recipients.iter().filter(|recipient| recipient.serve);
        let rows: Vec<(u32, Standing)> =
            served.map(|recipient| Ok((recipient.row, self.destination(recipient)?))).collect::<Result<_>>()?;
        if rows.iter().all(|(_, standing)| matches!(standing, Standing::Settled(OutcomeKind::NotDone))) {
            return Err(Failure::new(Code::NotMe, "no recipient is in a domain of this data folder"));
        }
        let message = self.mailbox.hand_over(&envelope.entry_id)?;
        let number = state.number();
        state.transfer = Some(Transfer { number, message, rows });
        Ok(number)
    }

    fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let mut running = state.transfer(transfer)?;
        running.message.write(bytes)?;
        state.transfer = Some(running);
        Ok(())
    }

    fn finish(&self, transfer: u64) -> Result<Outcome> {
        let Transfer { message, rows, .. } = self.state().transfer(transfer)?;
        let message = message.complete()?;
        let mut failure = None;
        let mut recipients = Vec::with_capacity(rows.len());
        for (row, standing) in rows {
            let outcome = match standing {
                Standing::Settled(outcome) => outcome,
                Standing::To(mailbox) => match message.deliver(&mailbox) {
                    Ok(()) => OutcomeKind::Delivered,
                    Err(trouble) => {
                        failure.get_or_insert(trouble);
                        OutcomeKind::NotDone
                    }
                },
            };
            recipients.push((row, outcome));
        }
        Ok(Outcome { failure, retry_after: 0, end: 0, recipients, set: Vec::new() })
    }

    fn cancel(&self, transfer: u64) {
        // Dropping it removes what was written.
        drop(self.state().transfer(transfer));
    }

    fn poll(&self) -> Result<bool> {
        let state = self.state();
        Ok(state.received.is_none() && self.mailbox.has_mail()?)
    }

    fn idle(&self) {}

    fn receive(&self) -> Result<Option<InboundMessage>> {
        let mut state = self.state();
        // One that was not acknowledged is offered again.
        state.received = None;
        let Some(waiting) = self.mailbox.take()? else { return Ok(None) };
        let number = state.number();
        let mut properties = self.identity.receiver();
        properties.push(Property::new(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(waiting.time())));
        let message =
            InboundMessage { number, size: waiting.size(), properties, recipients: vec![self.identity.address().to_owned()] };
        state.received = Some((number, waiting));
        Ok(Some(message))
    }

    fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>> {
        match &self.state().received {
            Some((number, waiting)) if *number == message => waiting.read(offset, length),
            _ => Err(Failure::not_found("no such message is being received")),
        }
    }

    fn acknowledge(&self, message: u64, stored: bool) -> Result<()> {
        let mut state = self.state();
        match state.received.take_if(|(number, _)| *number == message) {
            Some((_, waiting)) if stored => waiting.remove(),
            Some(_) => Ok(()),
            None => Err(Failure::not_found("no such message is being received")),
        }
    }

    fn flush(&self, flags: u32) -> Result<()> {
        let upload = if flags & FLUSH_UPLOAD != 0 { status::OUTBOUND_FLUSH } else { 0 };
        let download = if flags & FLUSH_DOWNLOAD != 0 { status::INBOUND_FLUSH } else { 0 };
        self.state().show(upload | download, 0);
        Ok(())
    }

    fn validate(&self, _flags: u32) -> Result<()> {
        match self.state().transfer {
            Some(_) => Err(Failure::new(Code::Busy, "a message is in transfer")),
            None => Ok(()),
        }
    }

    fn notices(&self) -> Vec<TransportNotice> {
        let mut state = self.state();
        // A mailbox that changed since the last look may have got mail; what is there is seen at the poll.
        if state.status & status::INBOUND_ENABLED != 0 && state.received.is_none() {
            let changed = self.mailbox.changed();
            if changed != state.announced && self.mailbox.has_mail().unwrap_or(false) {
                state.announced = changed;
                state.notices.push(TransportNotice::Spooler { flags: NOTIFY_NEWMAIL, entry_id: None });
            }
        }
        std::mem::take(&mut state.notices)
    }
}

#[cfg(test)]
mod tests;
