//! Transports: who they are, and messages out in pieces and in by ranges. A transport that delivers to itself is
//! sent to; of any other only what needs no mail is asked.

use crate::report::{Broken, Outcome, Report, caught, ensure, same};
use mapi_engine::backend::{Envelope, EnvelopeRecipient, InboundMessage, Outcome as Became, OutcomeKind, Transport};
use mapi_engine::properties::{Property, Value, tags};
use std::sync::Arc;

/// `BEGIN_INBOUND` and `BEGIN_OUTBOUND` (`transport` 2.4).
const BEGIN: u32 = 0x3;

/// A transport under test. Where there are threads, several use it.
#[cfg(not(target_family = "wasm"))]
pub(crate) type SharedTransport = Arc<dyn Transport + Send + Sync>;

/// A transport under test.
#[cfg(target_family = "wasm")]
pub(crate) type SharedTransport = Arc<dyn Transport>;

/// What a check is given: a transport without mail, opened in both directions.
pub(crate) struct Subject<'a> {
    transport: SharedTransport,
    /// An address it delivers to itself.
    address: &'a str,
}

/// The checks: what must hold, and how it is looked at.
type Check = (&'static str, fn(&Subject<'_>) -> Outcome);

/// Those of every transport.
const ALONE: &[Check] = &[
    ("who it is stays the same", identity),
    ("without mail nothing is received", nothing),
    ("transfers and messages nobody knows are refused", unknown),
];

/// Those of a transport that delivers to itself.
const LOOPED: &[Check] = &[
    ("a message handed over comes in with the same bytes, read in ranges", delivered),
    ("each recipient to be served has an outcome, and no other", outcomes),
    ("a message that was not stored is offered again, one that was is not", acknowledged),
    ("a transfer given up delivers nothing", cancelled),
    ("messages come in as often as they were sent", several),
];

fn checks(address: Option<&str>) -> impl Iterator<Item = &'static Check> {
    ALONE.iter().chain(if address.is_some() { LOOPED } else { &[] })
}

fn run(check: fn(&Subject<'_>) -> Outcome, transport: SharedTransport, address: Option<&str>) -> Outcome {
    transport.notify(BEGIN, None)?;
    check(&Subject { transport, address: address.unwrap_or_default() })
}

/// Runs every check, each on a transport of its own without mail. `address`: one that it delivers to itself, of
/// type `SMTP`; without one nothing is sent.
pub fn transport_suite<T: Transport + Send + Sync + 'static>(make: impl Fn() -> Arc<T>, address: Option<&str>) -> Report {
    let mut report = Report::default();
    for (name, check) in checks(address) {
        report.note(name, caught(|| run(*check, make(), address)));
    }
    report
}

/// The checks, for those who run them by name.
#[cfg(target_family = "wasm")]
pub(crate) mod named {
    use super::{SharedTransport, checks};
    use crate::report::Outcome;
    use mapi_engine::error::Result;

    pub(crate) fn all(address: Option<&str>) -> Vec<&'static str> {
        checks(address).map(|(name, _)| *name).collect()
    }

    pub(crate) fn run(name: &str, make: impl FnOnce() -> Result<SharedTransport>, address: Option<&str>) -> Option<Outcome> {
        let (_, check) = checks(address).find(|(known, _)| *known == name)?;
        Some(make().map_err(Into::into).and_then(|transport| super::run(*check, transport, address)))
    }
}

fn mail(subject: &str) -> Vec<u8> {
    let body: String = (0..500).map(|line| format!("line {line} of {subject}, neither short nor long\r\n")).collect();
    format!(
        "From: Kit <kit@example.org>\r\nTo: Kit <kit@example.org>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Subject<'_> {
    fn recipient(&self, row: u32, serve: bool) -> EnvelopeRecipient {
        let text = |tag, value: &str| Property::new(tag, Value::Unicode(value.to_owned()));
        let properties = vec![
            Property::new(tags::ROWID, Value::Long(row.cast_signed())),
            Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
            text(tags::ADDRTYPE, "SMTP"),
            text(tags::EMAIL_ADDRESS, self.address),
            text(tags::DISPLAY_NAME, "Kit"),
        ];
        EnvelopeRecipient { row, serve, properties }
    }

    fn envelope(&self, recipients: Vec<EnvelopeRecipient>, size: usize) -> Envelope {
        Envelope {
            entry_id: vec![0; 24],
            sender: self.address.to_owned(),
            recipients,
            properties: Vec::new(),
            size: u64::try_from(size).ok(),
            deferred: false,
        }
    }

    /// Hands a message over in pieces.
    fn send(&self, bytes: &[u8], recipients: Vec<EnvelopeRecipient>) -> Outcome<Became> {
        let transfer = self.transport.begin(&self.envelope(recipients, bytes.len()))?;
        for piece in bytes.chunks(997) {
            self.transport.write(transfer, piece)?;
        }
        let became = self.transport.finish(transfer)?;
        ensure(became.failure.is_none(), || format!("a message to itself was not taken: {:?}", became.failure))?;
        Ok(became)
    }

    fn send_to_itself(&self, bytes: &[u8]) -> Outcome {
        let became = self.send(bytes, vec![self.recipient(0, true)])?;
        same("the outcome", &became.recipients, &vec![(0, OutcomeKind::Delivered)])
    }

    fn receive(&self) -> Outcome<InboundMessage> {
        if self.transport.identity().polls {
            ensure(self.transport.poll()?, || "a message waits, and polling says that none does".to_owned())?;
        }
        self.transport.receive()?.ok_or_else(|| Broken("a message waits, and none is received".to_owned()))
    }

    /// Reads a message by ranges of so many bytes.
    fn read(&self, message: &InboundMessage, length: u32) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let part = self.transport.read(message.number, bytes.len() as u64, length)?;
            ensure(part.len() <= length as usize, || "a range is longer than was asked for".to_owned())?;
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
            ensure(bytes.len() as u64 <= message.size, || "a message has more bytes than it said".to_owned())?;
        }
        same("the size", &(bytes.len() as u64), &message.size)?;
        Ok(bytes)
    }

    /// The message comes in, whatever trace lines were put before it.
    fn comes_in(&self, sent: &[u8]) -> Outcome<InboundMessage> {
        let message = self.receive()?;
        let bytes = self.read(&message, 4096)?;
        ensure(bytes.ends_with(sent), || {
            let (sent, found) = (String::from_utf8_lossy(sent), String::from_utf8_lossy(&bytes));
            format!("another message came in than was sent: {found:.200} instead of {sent:.200}")
        })?;
        Ok(message)
    }

    fn is_empty(&self) -> Outcome {
        if self.transport.identity().polls {
            ensure(!self.transport.poll()?, || "no message waits, and polling says that one does".to_owned())?;
        }
        same("what is received", &self.transport.receive()?, &None)
    }
}

fn identity(subject: &Subject<'_>) -> Outcome {
    same("the identity", &subject.transport.identity(), &subject.transport.identity())
}

fn nothing(subject: &Subject<'_>) -> Outcome {
    subject.is_empty()
}

fn unknown(subject: &Subject<'_>) -> Outcome {
    const NOBODY: u64 = 0xDEAD_BEEF;
    let transport = &subject.transport;
    transport.cancel(NOBODY);
    ensure(transport.write(NOBODY, b"x").is_err(), || "bytes of an unknown transfer were taken".to_owned())?;
    ensure(transport.finish(NOBODY).is_err(), || "an unknown transfer was finished".to_owned())?;
    ensure(transport.read(NOBODY, 0, 1).is_err(), || "an unknown message was read".to_owned())
}

fn delivered(subject: &Subject<'_>) -> Outcome {
    let sent = mail("delivered");
    subject.send_to_itself(&sent)?;
    let message = subject.comes_in(&sent)?;
    let (small, large) = (subject.read(&message, 1000)?, subject.read(&message, 1 << 20)?);
    same("the bytes, read in ranges of another length", &small, &large)?;
    same("a range behind the end", &subject.transport.read(message.number, message.size + 1, 10)?, &Vec::new())?;
    subject.transport.acknowledge(message.number, true)?;
    subject.is_empty()
}

fn outcomes(subject: &Subject<'_>) -> Outcome {
    let sent = mail("outcomes");
    let rows = vec![subject.recipient(3, true), subject.recipient(5, false), subject.recipient(8, true)];
    let became = subject.send(&sent, rows)?;
    let mut served: Vec<u32> = became.recipients.iter().map(|(row, _)| *row).collect();
    served.sort_unstable();
    same("the rows with an outcome", &served, &vec![3, 8])?;
    for (row, kind) in became.recipients {
        same(&format!("row {row}"), &kind, &OutcomeKind::Delivered)?;
    }
    Ok(())
}

fn acknowledged(subject: &Subject<'_>) -> Outcome {
    let sent = mail("acknowledged");
    subject.send_to_itself(&sent)?;
    let message = subject.comes_in(&sent)?;
    subject.transport.acknowledge(message.number, false)?;
    let message = subject.comes_in(&sent)?;
    subject.transport.acknowledge(message.number, true)?;
    subject.is_empty()
}

fn cancelled(subject: &Subject<'_>) -> Outcome {
    let sent = mail("cancelled");
    let transfer = subject.transport.begin(&subject.envelope(vec![subject.recipient(0, true)], sent.len()))?;
    subject.transport.write(transfer, &sent[..sent.len() / 2])?;
    subject.transport.cancel(transfer);
    subject.is_empty()?;
    // The way is free for the next one.
    let next = mail("next");
    subject.send_to_itself(&next)?;
    let message = subject.comes_in(&next)?;
    Ok(subject.transport.acknowledge(message.number, true)?)
}

fn several(subject: &Subject<'_>) -> Outcome {
    let all: Vec<Vec<u8>> = (0..5).map(|number| mail(&format!("number {number}"))).collect();
    for sent in &all {
        subject.send_to_itself(sent)?;
    }
    let mut left = all;
    while !left.is_empty() {
        let message = subject.receive()?;
        let bytes = subject.read(&message, 1 << 20)?;
        let place = left.iter().position(|sent| bytes.ends_with(sent));
        let place = place.ok_or_else(|| Broken("a message came in that was not sent, or came twice".to_owned()))?;
        left.remove(place);
        subject.transport.acknowledge(message.number, true)?;
    }
    subject.is_empty()
}
