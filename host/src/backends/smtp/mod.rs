//! A transport that hands messages to a mail server (SMTP submission, RFC 6409; `transport` 1 to 5).
//!
//! It takes recipients of address type `SMTP`, sends only, and reports for each what the server said of it.
//! A message goes to the server as it comes, in pieces; the connection is kept for the next one and closed
//! when there is none. The settings are in the provider's profile section ([`SmtpSettings::configured`]);
//! the password is a protected property, and no log and no message ever shows it.

mod body;
mod connection;
mod reply;
mod settings;
mod tls;
mod transfer;

pub use settings::{
    AUTHENTICATION, Login, PASSWORD, PORT, REPLY_TIME, SECURITY, SERVER, Secret, Security, SmtpSettings, TRUSTED, USER,
};

use crate::backends::identity::SMTP;
use connection::Connection;
use mapi_engine::backend::{Envelope, InboundMessage, Outcome, Transport, TransportIdentity, TransportNotice};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{Property, Value, tags};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transfer::{Transfer, stops_the_transport};

/// How long a connection is kept without a message.
const KEPT: Duration = Duration::from_secs(10);

/// Bits of `PR_STATUS_CODE` (`status` 1.3).
mod status {
    pub(super) const AVAILABLE: u32 = 0x1;
    pub(super) const OFFLINE: u32 = 0x2;
    pub(super) const OUTBOUND_ENABLED: u32 = 0x10_0000;
    pub(super) const OUTBOUND_ACTIVE: u32 = 0x20_0000;
    pub(super) const OUTBOUND_FLUSH: u32 = 0x40_0000;
}

/// Bits of `TransportNotify` (`transport` 2.4).
mod notify {
    pub(super) const BEGIN_OUTBOUND: u32 = 0x2;
    pub(super) const END_OUTBOUND: u32 = 0x2_0000;
    pub(super) const END_OUTBOUND_FLUSH: u32 = 0x8_0000;
}

/// `STATUS_VALIDATE_STATE` and `STATUS_FLUSH_QUEUES`.
const METHODS: i32 = 0x1 | 0x8;
/// `FLUSH_UPLOAD`.
const FLUSH_UPLOAD: u32 = 0x2;
/// `CONFIG_CHANGED` of `ValidateState`.
const CONFIG_CHANGED: u32 = 0x10_0000;
/// `NOTIFY_CONFIG_CHANGE`.
const NOTIFY_CONFIG_CHANGE: u32 = 0x4000;

struct State {
    kept: Option<Connection>,
    transfer: Option<Transfer>,
    transfers: u64,
    status: u32,
    trouble: Option<String>,
    notices: Vec<TransportNotice>,
}

/// A transport for one server.
pub struct SmtpTransport {
    settings: SmtpSettings,
    state: Mutex<State>,
}

impl core::fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SmtpTransport").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl SmtpTransport {
    /// A transport with these settings. Nothing is connected before the first message.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        let state =
            State { kept: None, transfer: None, transfers: 0, status: status::AVAILABLE, trouble: None, notices: Vec::new() };
        Self { settings, state: Mutex::new(state) }
    }

    /// The columns of its status row.
    #[must_use]
    pub fn status_row(&self) -> Vec<Property> {
        let mut row = self.state().row();
        row.push(Property::new(tags::RESOURCE_METHODS, Value::Long(METHODS)));
        row.extend(self.settings.identity.status_columns());
        row
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn row(&self) -> Vec<Property> {
        let text = match &self.trouble {
            Some(trouble) => trouble.clone(),
            None if self.status & (status::OUTBOUND_ACTIVE | status::OUTBOUND_FLUSH) != 0 => "Sending".to_owned(),
            None => "Available".to_owned(),
        };
        vec![
            Property::new(tags::STATUS_CODE, Value::Long(self.status.cast_signed())),
            Property::new(tags::STATUS_STRING, Value::Unicode(text)),
        ]
    }

    /// Sets and clears status bits; a change is reported.
    fn show(&mut self, set: u32, clear: u32, trouble: Option<String>) {
        let status = self.status & !clear | set;
        if (status, &trouble) != (self.status, &self.trouble) {
            (self.status, self.trouble) = (status, trouble);
            let row = self.row();
            self.notices.push(TransportNotice::StatusRow(row));
        }
    }

    /// Shows what a failure means for the messages to come.
    fn show_failure(&mut self, failure: &Failure) {
        if stops_the_transport(failure.code()) {
            self.show(status::OFFLINE, status::OUTBOUND_ACTIVE, Some(failure.detail().message.to_string()));
        } else {
            let trouble = self.trouble.take();
            self.show(0, status::OUTBOUND_ACTIVE, trouble);
        }
        if failure.code() == Code::LogonFailed {
            self.notices.push(TransportNotice::CriticalError(failure.clone()));
        }
    }

    fn take(&mut self, number: u64) -> Result<Transfer> {
        match self.transfer.take_if(|transfer| transfer.number == number) {
            Some(transfer) => Ok(transfer),
            None => Err(Failure::invalid("transfer", "no message is in transfer under that number")),
        }
    }

    fn close(&mut self) {
        if let Some(connection) = self.kept.take() {
            connection.quit();
        }
    }
}

impl Transport for SmtpTransport {
    fn identity(&self) -> TransportIdentity {
        TransportIdentity { address_types: Some(vec![SMTP.to_owned()]), uids: Vec::new(), polls: false, idles: true }
    }

    fn notify(&self, flags: u32, _entry_id: Option<&[u8]>) -> Result<()> {
        let mut state = self.state();
        let trouble = state.trouble.clone();
        if flags & notify::BEGIN_OUTBOUND != 0 {
            state.show(status::OUTBOUND_ENABLED, 0, trouble.clone());
        }
        if flags & notify::END_OUTBOUND_FLUSH != 0 {
            state.show(0, status::OUTBOUND_FLUSH, trouble.clone());
            state.close();
        }
        if flags & notify::END_OUTBOUND != 0 {
            state.show(0, status::OUTBOUND_ENABLED, trouble);
            state.close();
        }
        Ok(())
    }

    fn begin(&self, envelope: &Envelope) -> Result<u64> {
        let mut state = self.state();
        if state.transfer.is_some() {
            return Err(Failure::new(Code::Busy, "another message is in transfer"));
        }
        state.transfers += 1;
        let number = state.transfers;
        match Transfer::begin(&self.settings, &mut state.kept, number, envelope) {
            Ok(transfer) => {
                if transfer.is_sending() {
                    state.show(status::OUTBOUND_ACTIVE, status::OFFLINE, None);
                }
                state.transfer = Some(transfer);
                Ok(number)
            }
            Err(failure) => {
                state.show_failure(&failure);
                Err(failure)
            }
        }
    }

    fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let mut running = state.take(transfer)?;
        match running.write(bytes, &self.settings.server) {
            Ok(()) => {
                state.transfer = Some(running);
                Ok(())
            }
            Err(failure) => {
                state.show_failure(&failure);
                Err(failure)
            }
        }
    }

    fn finish(&self, transfer: u64) -> Result<Outcome> {
        let mut state = self.state();
        let outcome = state.take(transfer)?.finish(&self.settings, &mut state.kept);
        match &outcome.failure {
            Some(failure) => state.show_failure(failure),
            None => state.show(0, status::OUTBOUND_ACTIVE, None),
        }
        Ok(outcome)
    }

    fn cancel(&self, transfer: u64) {
        let mut state = self.state();
        // Dropping it drops its connection: the server never sees the end of the message.
        if state.take(transfer).is_ok() {
            state.show(0, status::OUTBOUND_ACTIVE, None);
        }
    }

    fn poll(&self) -> Result<bool> {
        Ok(false)
    }

    fn idle(&self) {
        let mut state = self.state();
        if state.kept.as_ref().is_some_and(|connection| connection.used.elapsed() >= KEPT) {
            state.close();
        }
    }

    fn receive(&self) -> Result<Option<InboundMessage>> {
        Ok(None)
    }

    fn read(&self, _message: u64, _offset: u64, _length: u32) -> Result<Vec<u8>> {
        Err(Failure::not_found("this transport receives nothing"))
    }

    fn acknowledge(&self, _message: u64, _stored: bool) -> Result<()> {
        Err(Failure::not_found("this transport receives nothing"))
    }

    fn flush(&self, flags: u32) -> Result<()> {
        if flags & FLUSH_UPLOAD != 0 {
            let mut state = self.state();
            let trouble = state.trouble.clone();
            state.show(status::OUTBOUND_FLUSH, 0, trouble);
        }
        Ok(())
    }

    fn validate(&self, flags: u32) -> Result<()> {
        let mut state = self.state();
        if state.transfer.is_some() {
            return Err(Failure::new(Code::Busy, "a message is in transfer"));
        }
        state.show(0, status::OFFLINE, None);
        if flags & CONFIG_CHANGED != 0 {
            state.notices.push(TransportNotice::Spooler { flags: NOTIFY_CONFIG_CHANGE, entry_id: None });
        }
        Ok(())
    }

    fn notices(&self) -> Vec<TransportNotice> {
        std::mem::take(&mut self.state().notices)
    }
}

impl Drop for SmtpTransport {
    fn drop(&mut self) {
        self.state().close();
    }
}

#[cfg(test)]
mod tests;
