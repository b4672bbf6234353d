//! A transport that says what a test wants it to say, and keeps what it was given.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]
#![allow(clippy::missing_panics_doc, reason = "a failed test panics")]

use mapi_session::backend::{
    Envelope, InboundMessage, OptionData, OptionKind, Outcome, OutcomeKind, Transport, TransportIdentity, TransportNotice,
};
use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Property, Value, tags};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// `NOTIFY_NEWMAIL`.
pub const NEWMAIL: u32 = 0x1;
/// `NOTIFY_READYTOSEND`.
pub const READYTOSEND: u32 = 0x2;

/// `STATUS_AVAILABLE`.
pub const AVAILABLE: i32 = 0x1;
/// `STATUS_INBOUND_FLUSH`.
pub const INBOUND_FLUSH: i32 = 0x4_0000;
/// `STATUS_OUTBOUND_FLUSH`.
pub const OUTBOUND_FLUSH: i32 = 0x40_0000;

/// What a transport was given, and what it is to say.
#[derive(Debug, Default)]
pub struct Wire {
    /// The codes of the next answers; without one everything is taken, but for addresses that begin with "bounce".
    pub answers: VecDeque<Code>,
    /// Transfers under way; several sessions may share the wire.
    current: BTreeMap<u64, (Envelope, Vec<u8>)>,
    begun: u64,
    /// Addresses served and bytes, of each message offered.
    pub offers: Vec<(Vec<String>, String)>,
    /// What is reported when it is next asked.
    pub notices: Vec<TransportNotice>,
    /// Messages that wait to be received.
    pub inbound: VecDeque<Vec<u8>>,
    /// The flags of each `TransportNotify`.
    pub notified: Vec<u32>,
    /// The flags of each `FlushQueues`.
    pub flushed: Vec<u32>,
    /// The flags of each `ValidateState`.
    pub validated: Vec<u32>,
    /// The flags of each `SettingsDialog`.
    pub settings: Vec<u32>,
    /// The old and the new one of each `ChangePassword`.
    pub passwords: Vec<(String, String)>,
    /// The flush bits its status row shows.
    flushing: i32,
    /// Whether it wants to be polled and to be given idle time.
    pub is_restless: bool,
}

/// The transport; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Arc<Mutex<Wire>>);

impl Scripted {
    /// What it was given, and what it is to say.
    pub fn wire(&self) -> std::sync::MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports `SpoolerNotify` with these flags.
    pub fn notice(&self, flags: u32) {
        self.wire().notices.push(TransportNotice::Spooler { flags, entry_id: None });
    }
}

impl Wire {
    /// Sets and clears flush bits of its status row.
    fn show(&mut self, set: i32, clear: i32) {
        let flushing = self.flushing & !clear | set;
        if flushing != self.flushing {
            self.flushing = flushing;
            let row = vec![Property::new(tags::STATUS_CODE, Value::Long(AVAILABLE | flushing))];
            self.notices.push(TransportNotice::StatusRow(row));
        }
    }
}

fn address(properties: &[Property]) -> String {
    match properties.iter().find(|property| property.tag == tags::EMAIL_ADDRESS).map(|property| &property.value) {
        Some(Value::Unicode(address)) => address.clone(),
        other => panic!("a recipient without address: {other:?}"),
    }
}

fn unknown() -> Failure {
    Failure::invalid("transfer", "no message is in transfer under that number")
}

impl Transport for Scripted {
    fn identity(&self) -> TransportIdentity {
        let is_restless = self.wire().is_restless;
        TransportIdentity { address_types: Some(vec!["SMTP".into()]), uids: Vec::new(), polls: is_restless, idles: is_restless }
    }

    /// The priority, for messages to addresses of the Internet.
    fn register_options(&self) -> Result<Vec<OptionData>> {
        Ok(vec![OptionData {
            kind: OptionKind::Message,
            uid: None,
            address_type: Some("SMTP".into()),
            name: "priority".into(),
            data: vec![1, 2, 3],
            defaults: vec![Property::new(tags::PRIORITY, Value::Long(0))],
        }])
    }

    fn notify(&self, flags: u32, _entry_id: Option<&[u8]>) -> Result<()> {
        let mut wire = self.wire();
        wire.notified.push(flags);
        let ended = [(0x8_0000, OUTBOUND_FLUSH), (0x4_0000, INBOUND_FLUSH)].into_iter().filter(|(flag, _)| flags & flag != 0);
        let ended = ended.fold(0, |bits, (_, bit)| bits | bit);
        wire.show(0, ended);
        Ok(())
    }

    fn begin(&self, envelope: &Envelope) -> Result<u64> {
        let mut wire = self.wire();
        wire.begun += 1;
        let number = wire.begun;
        wire.current.insert(number, (envelope.clone(), Vec::new()));
        Ok(number)
    }

    fn write(&self, transfer: u64, bytes: &[u8]) -> Result<()> {
        let mut wire = self.wire();
        let (_, written) = wire.current.get_mut(&transfer).ok_or_else(unknown)?;
        written.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&self, transfer: u64) -> Result<Outcome> {
        let mut wire = self.wire();
        let (envelope, bytes) = wire.current.remove(&transfer).ok_or_else(unknown)?;
        let served: Vec<_> = envelope.recipients.iter().filter(|row| row.serve).collect();
        wire.offers.push((served.iter().map(|row| address(&row.properties)).collect(), String::from_utf8(bytes).unwrap()));
        let failure = wire.answers.pop_front().map(|code| Failure::new(code, "the script says so"));
        let recipients = served.iter().filter(|_| failure.is_none()).map(|row| {
            let bounced = OutcomeKind::Failed { reason: 0, diagnostic: 35, status: 511, text: "no such user".into() };
            (row.row, if address(&row.properties).starts_with("bounce") { bounced } else { OutcomeKind::Delivered })
        });
        Ok(Outcome { recipients: recipients.collect(), failure, retry_after: 0, end: 0, set: Vec::new() })
    }

    fn cancel(&self, transfer: u64) {
        self.wire().current.remove(&transfer);
    }

    fn poll(&self) -> Result<bool> {
        Ok(!self.wire().inbound.is_empty())
    }

    fn idle(&self) {}

    fn receive(&self) -> Result<Option<InboundMessage>> {
        let wire = self.wire();
        Ok(wire.inbound.front().map(|bytes| InboundMessage { number: 1, size: bytes.len() as u64, ..InboundMessage::default() }))
    }

    fn read(&self, _message: u64, offset: u64, length: u32) -> Result<Vec<u8>> {
        let wire = self.wire();
        let bytes = wire.inbound.front().unwrap();
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        Ok(bytes[start..(start + length as usize).min(bytes.len())].to_vec())
    }

    fn acknowledge(&self, _message: u64, stored: bool) -> Result<()> {
        if stored {
            self.wire().inbound.pop_front();
        }
        Ok(())
    }

    fn flush(&self, flags: u32) -> Result<()> {
        let mut wire = self.wire();
        wire.flushed.push(flags);
        let asked = [(0x2, OUTBOUND_FLUSH), (0x4, INBOUND_FLUSH)].into_iter().filter(|(flag, _)| flags & flag != 0);
        let asked = asked.fold(0, |bits, (_, bit)| bits | bit);
        wire.show(asked, 0);
        Ok(())
    }

    fn validate(&self, flags: u32) -> Result<()> {
        self.wire().validated.push(flags);
        Ok(())
    }

    fn settings_dialog(&self, _ui: u64, flags: u32) -> Result<()> {
        self.wire().settings.push(flags);
        Ok(())
    }

    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        self.wire().passwords.push((old.to_owned(), new.to_owned()));
        Ok(())
    }

    fn notices(&self) -> Vec<TransportNotice> {
        std::mem::take(&mut self.wire().notices)
    }
}
