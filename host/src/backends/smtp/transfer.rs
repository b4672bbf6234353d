//! One message on its way to the server: who was accepted, what was sent, what became of it
//! (`transport` 3, `messages` 8).
//!
//! Nothing counts as delivered before the server has confirmed the whole message. A message that is given
//! up half way is never ended: the connection is dropped instead.

use super::body::Body;
use super::connection::{Connection, Trouble};
use super::reply::{Asked, Reply, refused};
use super::settings::SmtpSettings;
use crate::backends::identity::{SMTP, text};
use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use mapi_engine::backend::{Envelope, EnvelopeRecipient, Outcome, OutcomeKind};
use mapi_engine::error::{Code, Failure};
use mapi_engine::properties::{Property, Value, tags};
use std::time::{Duration, SystemTime};

/// `END_RESEND_NOW`.
const END_RESEND_NOW: u32 = 0x1_0000;

/// Recipients asked about at once where the server allows it. Their replies must fit into what the network
/// holds for us meanwhile.
const PIPELINED: usize = 50;

/// How long a server that broke off is given to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What is known of one recipient.
#[derive(Clone, Debug)]
enum Standing {
    /// Not asked about yet.
    Open(Address),
    /// The server takes mail for it.
    Accepted,
    /// Delivered, or failed for good.
    Settled(OutcomeKind),
    /// Not now, because of this reply.
    Later(Reply),
}

struct Row {
    number: u32,
    standing: Standing,
}

enum Stage {
    /// The server takes the message.
    Sending { connection: Box<Connection>, body: Body },
    /// No more bytes are wanted; the failure is the message's.
    Over(Option<Failure>),
}

/// A message in transfer.
pub(super) struct Transfer {
    pub(super) number: u64,
    rows: Vec<Row>,
    stage: Stage,
    written: u64,
    /// Bytes the server takes at most.
    limit: Option<u64>,
    eight_bit: bool,
    set: Vec<Property>,
}

impl Transfer {
    /// Offers a message to the server. A connection that is not needed any more is put back into `kept`; one
    /// found there may have been closed by the server meanwhile, and is replaced once.
    pub(super) fn begin(
        settings: &SmtpSettings,
        kept: &mut Option<Connection>,
        number: u64,
        envelope: &Envelope,
    ) -> Result<Self, Failure> {
        let mut transfer = Self::new(settings, number, envelope);
        if transfer.open_rows() == 0 {
            return Ok(transfer);
        }
        let sender = match sender(envelope) {
            Ok(sender) => sender,
            Err(address) => {
                transfer.settle_open(&refused(1, 7, format!("the sender's address {address:?} is no Internet address")));
                return Ok(transfer);
            }
        };
        if let Some(connection) = kept.take() {
            match transfer.offer(connection, kept, sender.clone(), envelope) {
                Err(Trouble::Lost(_)) => {}
                Err(Trouble::Refused(reply)) if reply.code() == 421 => {}
                done => return done.map(|()| transfer).map_err(|trouble| trouble.failure(&settings.server)),
            }
            transfer = Self::new(settings, number, envelope);
        }
        let connection = Connection::open(settings).map_err(|trouble| trouble.failure(&settings.server))?;
        transfer.offer(connection, kept, sender, envelope).map_err(|trouble| trouble.failure(&settings.server))?;
        Ok(transfer)
    }

    fn new(settings: &SmtpSettings, number: u64, envelope: &Envelope) -> Self {
        let served = envelope.recipients.iter().filter(|recipient| recipient.serve);
        let rows = served.map(|recipient| Row { number: recipient.row, standing: address_of(recipient) }).collect();
        let mut set = vec![Property::new(tags::PROVIDER_SUBMIT_TIME, Value::SysTime(SystemTime::now().into()))];
        if text(&envelope.properties, tags::SENDER_EMAIL_ADDRESS).is_none() && !envelope.sender.is_empty() {
            set.extend(settings.identity.sender());
        }
        Self { number, rows, stage: Stage::Over(None), written: 0, limit: None, eight_bit: true, set }
    }

    /// Whether the server is waiting for more.
    pub(super) const fn is_sending(&self) -> bool {
        matches!(self.stage, Stage::Sending { .. })
    }

    fn open_rows(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.standing, Standing::Open(_))).count()
    }

    fn settle_open(&mut self, outcome: &OutcomeKind) {
        for row in &mut self.rows {
            if matches!(row.standing, Standing::Open(_) | Standing::Accepted) {
                row.standing = Standing::Settled(outcome.clone());
            }
        }
    }

    /// What a reply to the sender or to the message means for everybody accepted so far.
    fn refuse_all(&mut self, reply: &Reply) {
        let outcome = reply.failure(Asked::Message);
        for row in &mut self.rows {
            if matches!(row.standing, Standing::Open(_) | Standing::Accepted) {
                row.standing =
                    if reply.is_permanent() { Standing::Settled(outcome.clone()) } else { Standing::Later(reply.clone()) };
            }
        }
    }

    /// Sender, recipients and, if anybody is accepted, the beginning of the message.
    fn offer(
        &mut self,
        mut connection: Connection,
        kept: &mut Option<Connection>,
        sender: Option<Address>,
        envelope: &Envelope,
    ) -> Result<(), Trouble> {
        let offer = connection.offer().clone();
        self.limit = offer.size.filter(|limit| *limit > 0);
        self.eight_bit = offer.eight_bit;
        if let (Some(size), Some(limit)) = (envelope.size, self.limit)
            && size > limit
        {
            self.settle_open(&too_large(limit));
            *kept = Some(connection);
            return Ok(());
        }
        let mut parameters = Vec::new();
        if let (Some(size), Some(_)) = (envelope.size.and_then(|size| usize::try_from(size).ok()), offer.size) {
            parameters.push(MailParameter::Size(size));
        }
        if offer.eight_bit {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if offer.utf8 {
            if sender.iter().chain(self.open()).any(|address| !is_ascii(address)) {
                parameters.push(MailParameter::SmtpUtfEight);
            }
        } else {
            let text = "the mail server takes no addresses with characters outside ASCII (SMTPUTF8)";
            if sender.as_ref().is_some_and(|address| !is_ascii(address)) {
                self.settle_open(&refused(6, 7, text));
            }
            for row in &mut self.rows {
                if matches!(&row.standing, Standing::Open(address) if !is_ascii(address)) {
                    row.standing = Standing::Settled(refused(6, 7, text));
                }
            }
            if self.open_rows() == 0 {
                *kept = Some(connection);
                return Ok(());
            }
        }
        let reply = connection.command(&Mail::new(sender, parameters))?;
        if !reply.is_positive() {
            // A 421 and the like end the connection; the caller makes the failure of it.
            if reply.code() == 421 {
                return Err(Trouble::Refused(reply));
            }
            self.refuse_all(&reply);
            return self.give_back(connection, kept);
        }
        self.ask_recipients(&mut connection, offer.pipelining)?;
        if !self.rows.iter().any(|row| matches!(row.standing, Standing::Accepted)) {
            return self.give_back(connection, kept);
        }
        let reply = connection.command(&Data)?;
        if reply.code() != 354 {
            self.refuse_all(&reply);
            return self.give_back(connection, kept);
        }
        self.stage = Stage::Sending { connection: Box::new(connection), body: Body::new() };
        Ok(())
    }

    fn open(&self) -> impl Iterator<Item = &Address> {
        self.rows.iter().filter_map(|row| match &row.standing {
            Standing::Open(address) => Some(address),
            _ => None,
        })
    }

    fn ask_recipients(&mut self, connection: &mut Connection, pipelining: bool) -> Result<(), Trouble> {
        let asked: Vec<(usize, Address)> = (self.rows.iter().enumerate())
            .filter_map(|(index, row)| match &row.standing {
                Standing::Open(address) => Some((index, address.clone())),
                _ => None,
            })
            .collect();
        for together in asked.chunks(if pipelining { PIPELINED } else { 1 }) {
            let commands: String =
                together.iter().map(|(_, address)| Rcpt::new(address.clone(), Vec::new()).to_string()).collect();
            connection.send(commands.as_bytes())?;
            for (index, _) in together {
                let reply = connection.next_reply()?;
                if reply.code() == 421 {
                    return Err(Trouble::Refused(reply));
                }
                self.rows[*index].standing = if reply.is_positive() {
                    Standing::Accepted
                } else if reply.is_permanent() {
                    Standing::Settled(reply.failure(Asked::Recipient))
                } else {
                    Standing::Later(reply)
                };
            }
        }
        Ok(())
    }

    /// Makes the connection ready for the next message.
    fn give_back(&self, mut connection: Connection, kept: &mut Option<Connection>) -> Result<(), Trouble> {
        // A connection that cannot be reset is not kept; what became of this message is known already.
        if connection.command(&Rset).is_ok_and(|reply| reply.is_positive()) {
            *kept = Some(connection);
        }
        Ok(())
    }

    /// The next bytes of the message.
    pub(super) fn write(&mut self, bytes: &[u8], server: &str) -> Result<(), Failure> {
        self.written = self.written.saturating_add(bytes.len() as u64);
        let Stage::Sending { connection, body } = &mut self.stage else { return Ok(()) };
        if let Some(limit) = self.limit.filter(|limit| self.written > *limit) {
            self.abandon(&too_large(limit));
            return Ok(());
        }
        if !self.eight_bit && !bytes.is_ascii() {
            self.abandon(&refused(6, 3, "the mail server takes no message with 8-bit text (8BITMIME)"));
            return Ok(());
        }
        let mut encoded = Vec::new();
        body.encode(bytes, &mut encoded);
        match connection.send(&encoded) {
            Ok(()) => Ok(()),
            Err(trouble) => self.broken_off(trouble, server),
        }
    }

    /// Nothing more is sent; the connection goes, and the server discards what it has.
    fn abandon(&mut self, outcome: &OutcomeKind) {
        self.settle_open(outcome);
        self.stage = Stage::Over(None);
    }

    /// The connection broke while the message was being sent. A server that will not have it says so before
    /// it closes.
    fn broken_off(&mut self, trouble: Trouble, server: &str) -> Result<(), Failure> {
        let Stage::Sending { mut connection, .. } = std::mem::replace(&mut self.stage, Stage::Over(None)) else {
            return Err(trouble.failure(server));
        };
        match connection.reply(LAST_WORDS) {
            Ok(reply) if reply.is_permanent() => {
                self.refuse_all(&reply);
                Ok(())
            }
            Ok(reply) if !reply.is_positive() => Err(Trouble::Refused(reply).failure(server)),
            _ => Err(trouble.failure(server)),
        }
    }

    /// Ends the message; what became of it. The connection is put back into `kept` if it is good for more.
    pub(super) fn finish(mut self, settings: &SmtpSettings, kept: &mut Option<Connection>) -> Outcome {
        if let Stage::Sending { .. } = self.stage
            && let Stage::Sending { mut connection, body } = std::mem::replace(&mut self.stage, Stage::Over(None))
        {
            let mut end = Vec::new();
            body.end(&mut end);
            match connection.send(&end).and_then(|()| connection.reply(settings.final_reply_time)) {
                Ok(reply) if reply.code() == 250 => {
                    for row in &mut self.rows {
                        if matches!(row.standing, Standing::Accepted) {
                            row.standing = Standing::Settled(OutcomeKind::Delivered);
                        }
                    }
                    *kept = Some(*connection);
                }
                Ok(reply) if reply.is_positive() => {
                    let what = format!("confirmed the message in a way that cannot be understood: {}", reply.words());
                    self.stage = Stage::Over(Some(Trouble::Lost(what).failure(&settings.server)));
                }
                Ok(reply) if reply.code() == 421 => {
                    self.stage = Stage::Over(Some(Trouble::Refused(reply).failure(&settings.server)));
                }
                Ok(reply) => {
                    self.refuse_all(&reply);
                    *kept = Some(*connection);
                }
                Err(trouble) => self.stage = Stage::Over(Some(trouble.failure(&settings.server))),
            }
        }
        self.outcome(settings)
    }

    fn outcome(self, settings: &SmtpSettings) -> Outcome {
        let mut failure = match self.stage {
            Stage::Over(failure) => failure,
            Stage::Sending { .. } => None,
        };
        let delivered = self.rows.iter().any(|row| matches!(row.standing, Standing::Settled(OutcomeKind::Delivered)));
        let mut later = self.rows.iter().filter_map(|row| match &row.standing {
            Standing::Later(reply) => Some(reply),
            _ => None,
        });
        let mut end = 0;
        if failure.is_none()
            && let Some(first) = later.next()
        {
            if delivered && first.is_full() && later.all(Reply::is_full) {
                end = END_RESEND_NOW;
            } else {
                failure = Some(Trouble::Refused(first.clone()).failure(&settings.server));
            }
        }
        let kind = |standing| match standing {
            Standing::Settled(outcome) => outcome,
            Standing::Open(_) | Standing::Accepted | Standing::Later(_) => OutcomeKind::NotDone,
        };
        Outcome {
            failure,
            retry_after: 0,
            end,
            recipients: self.rows.into_iter().map(|row| (row.number, kind(row.standing))).collect(),
            set: if delivered { self.set } else { Vec::new() },
        }
    }
}

fn too_large(limit: u64) -> OutcomeKind {
    refused(3, 4, format!("the mail server takes messages of at most {limit} bytes, and this one is larger"))
}

fn is_ascii(address: &Address) -> bool {
    let text: &str = address.as_ref();
    text.is_ascii()
}

/// The address mail to a recipient goes to.
fn address_of(recipient: &EnvelopeRecipient) -> Standing {
    let is_smtp = text(&recipient.properties, tags::ADDRTYPE).is_none_or(|kind| kind.eq_ignore_ascii_case(SMTP));
    let given = text(&recipient.properties, tags::EMAIL_ADDRESS).filter(|_| is_smtp);
    let Some(address) = given.or_else(|| text(&recipient.properties, tags::SMTP_ADDRESS)) else {
        return Standing::Settled(refused(1, 3, "the recipient has no Internet address"));
    };
    match address.parse::<Address>() {
        Ok(parsed) => Standing::Open(parsed),
        Err(_) => Standing::Settled(refused(1, 3, format!("{address:?} is no Internet address"))),
    }
}

/// The envelope's sender, none for a report; what it says where that is no address.
fn sender(envelope: &Envelope) -> Result<Option<Address>, &str> {
    match envelope.sender.as_str() {
        "" => Ok(None),
        address => address.parse().map(Some).map_err(|_| address),
    }
}

/// A code of a failure after which the next messages would fare no better.
pub(super) const fn stops_the_transport(code: Code) -> bool {
    matches!(code, Code::NetworkError | Code::LogonFailed)
}
