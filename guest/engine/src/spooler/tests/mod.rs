//! The rules of the spooler, each with transports that do as a test says, over a store in memory.

mod crash;
mod inbound;
mod programs;
mod reports;
mod results;
mod splitting;

use super::{ActiveTransport, Composer, Content, Identity, SECOND, Spooler, StatusSink, Surroundings};
use crate::backend::{
    Envelope, Environment, InboundMessage, ObjectId, Outcome, OutcomeKind, Store, Transport, TransportIdentity, TransportNotice,
};
use crate::entry_id::{OneOff, ProviderEntryId, WrappedStoreId};
use crate::error::{Code, Failure, Result};
use crate::memory::{MemoryClock, MemoryLog, MemoryProgress, MemoryStore, SeededEntropy};
use crate::messages::Message;
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::session::Alive;
use crate::stores::reference::StoreReference;
use crate::stores::{Connection, Folder, MAPI_FULL_IPM_TREE, OpenedEntry, StoreObject, StoreOpening};
use crate::tables::MAPI_UNICODE;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// How a transport answers one offer.
type Answer = Box<dyn Fn(&Envelope) -> Result<Outcome>>;

/// A message offered, as the transport saw it.
#[derive(Clone, Debug, PartialEq)]
struct Offer {
    /// Addresses of the rows to serve.
    served: Vec<String>,
    deferred: bool,
    message_id: String,
    bytes: Vec<u8>,
}

/// A transport that answers as it is told, and takes everything when it is told nothing.
struct Scripted {
    identity: RefCell<TransportIdentity>,
    answers: RefCell<VecDeque<Answer>>,
    current: RefCell<Option<(Envelope, Vec<u8>)>>,
    offers: RefCell<Vec<Offer>>,
    notified: RefCell<Vec<(u32, Option<Vec<u8>>)>>,
    notices: RefCell<Vec<TransportNotice>>,
    inbound: RefCell<VecDeque<Vec<u8>>>,
    acknowledged: RefCell<Vec<bool>>,
    /// Acknowledgements fail, as when the line is cut.
    forgets: Cell<bool>,
    polls: Cell<u32>,
    idles: Cell<u32>,
}

impl Scripted {
    fn new(types: Option<&[&str]>) -> Rc<Self> {
        let address_types = types.map(|types| types.iter().map(|kind| (*kind).to_owned()).collect());
        let identity = TransportIdentity { address_types, uids: Vec::new(), polls: false, idles: false };
        Rc::new(Self {
            identity: RefCell::new(identity),
            answers: RefCell::default(),
            current: RefCell::default(),
            offers: RefCell::default(),
            notified: RefCell::default(),
            notices: RefCell::default(),
            inbound: RefCell::default(),
            acknowledged: RefCell::default(),
            forgets: Cell::new(false),
            polls: Cell::new(0),
            idles: Cell::new(0),
        })
    }

    fn answer(&self, answer: impl Fn(&Envelope) -> Result<Outcome> + 'static) {
        self.answers.borrow_mut().push_back(Box::new(answer));
    }

    /// Answers the next offer with that code and nothing done.
    fn fail(&self, code: Code) {
        self.answer(move |_| Ok(Outcome { failure: Some(Failure::new(code, "as told")), ..taken(&[]) }));
    }

    fn served(&self) -> Vec<Vec<String>> {
        self.offers.borrow().iter().map(|offer| offer.served.clone()).collect()
    }
}

/// An outcome with these rows.
fn taken(rows: &[(u32, OutcomeKind)]) -> Outcome {
    Outcome { failure: None, retry_after: 0, end: 0, recipients: rows.to_vec(), set: Vec::new() }
}

/// An outcome that took all rows to serve.
fn all_taken(envelope: &Envelope) -> Outcome {
    let served = envelope.recipients.iter().filter(|row| row.serve);
    taken(&served.map(|row| (row.row, OutcomeKind::Delivered)).collect::<Vec<_>>())
}

fn bounced() -> OutcomeKind {
    OutcomeKind::Failed { reason: 0, diagnostic: 35, status: 511, text: "550 5.1.1 no such user".into() }
}

fn address_of(properties: &[Property]) -> String {
    let address = properties.iter().find(|property| property.tag == tags::EMAIL_ADDRESS);
    match address.map(|property| &property.value) {
        Some(Value::Unicode(address)) => address.clone(),
        _ => String::new(),
    }
}

impl Transport for Scripted {
    fn identity(&self) -> TransportIdentity {
        self.identity.borrow().clone()
    }

    fn notify(&self, flags: u32, entry_id: Option<&[u8]>) -> Result<()> {
        self.notified.borrow_mut().push((flags, entry_id.map(<[u8]>::to_vec)));
        Ok(())
    }

    fn begin(&self, envelope: &Envelope) -> Result<u64> {
        assert!(self.current.borrow().is_none(), "one message at a time");
        *self.current.borrow_mut() = Some((envelope.clone(), Vec::new()));
        Ok(1)
    }

    fn write(&self, _transfer: u64, bytes: &[u8]) -> Result<()> {
        if let Some((_, held)) = &mut *self.current.borrow_mut() {
            held.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finish(&self, _transfer: u64) -> Result<Outcome> {
        let (envelope, bytes) = self.current.take().expect("a transfer was begun");
        let served = envelope.recipients.iter().filter(|row| row.serve).map(|row| address_of(&row.properties)).collect();
        let message_id = envelope.properties.iter().find(|property| property.tag == tags::INTERNET_MESSAGE_ID);
        let message_id = match message_id.map(|property| &property.value) {
            Some(Value::Unicode(id)) => id.clone(),
            _ => String::new(),
        };
        self.offers.borrow_mut().push(Offer { served, deferred: envelope.deferred, message_id, bytes });
        let answer = self.answers.borrow_mut().pop_front();
        answer.map_or_else(|| Ok(all_taken(&envelope)), |answer| answer(&envelope))
    }

    fn cancel(&self, _transfer: u64) {
        self.current.take();
    }

    fn poll(&self) -> Result<bool> {
        self.polls.set(self.polls.get() + 1);
        Ok(!self.inbound.borrow().is_empty())
    }

    fn idle(&self) {
        self.idles.set(self.idles.get() + 1);
    }

    fn receive(&self) -> Result<Option<InboundMessage>> {
        let inbound = self.inbound.borrow();
        Ok(inbound.front().map(|bytes| InboundMessage { number: 7, size: bytes.len() as u64, ..InboundMessage::default() }))
    }

    fn read(&self, message: u64, offset: u64, length: u32) -> Result<Vec<u8>> {
        assert_eq!(message, 7);
        let inbound = self.inbound.borrow();
        let bytes = inbound.front().map_or(&[][..], Vec::as_slice);
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        Ok(bytes[start..(start + length as usize).min(bytes.len())].to_vec())
    }

    fn acknowledge(&self, _message: u64, stored: bool) -> Result<()> {
        if self.forgets.get() {
            return Err(Failure::new(Code::NetworkError, "cut"));
        }
        self.acknowledged.borrow_mut().push(stored);
        if stored {
            self.inbound.borrow_mut().pop_front();
        }
        Ok(())
    }

    fn flush(&self, _flags: u32) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _flags: u32) -> Result<()> {
        Ok(())
    }

    fn notices(&self) -> Vec<TransportNotice> {
        self.notices.take()
    }
}

/// A form that says little: the composer is tested elsewhere.
struct Plain;

struct PlainContent(Vec<u8>);

impl Content for PlainContent {
    fn read(&mut self, max: usize) -> Result<Vec<u8>> {
        let rest = self.0.split_off(max.min(self.0.len()));
        Ok(core::mem::replace(&mut self.0, rest))
    }
}

impl Composer for Plain {
    fn compose(&self, store: &Rc<StoreReference>, message: &ObjectId) -> Result<Box<dyn Content>> {
        let (_, values) = store.read(message, &[tags::SUBJECT])?;
        let subject = match values.first().map(|property| &property.value) {
            Some(Value::Unicode(subject)) => subject.clone(),
            _ => String::new(),
        };
        Ok(Box::new(PlainContent(format!("Subject: {subject}\r\n\r\nx\r\n").into_bytes())))
    }
}

/// What transports said of themselves.
#[derive(Default)]
struct Shown(RefCell<Vec<Guid>>, RefCell<Vec<(Guid, bool)>>, RefCell<BTreeMap<Guid, i32>>);

impl StatusSink for Shown {
    fn changed(&self, transport: Guid, columns: Vec<Property>) {
        self.0.borrow_mut().push(transport);
        for column in columns.iter().filter(|column| column.tag == tags::STATUS_CODE) {
            if let Value::Long(code) = column.value {
                self.2.borrow_mut().insert(transport, code);
            }
        }
    }

    fn reported(&self, transport: Guid, _effect: crate::backend::Effect) {
        self.0.borrow_mut().push(transport);
    }

    fn offline(&self, transport: Guid, is_offline: bool) {
        self.1.borrow_mut().push((transport, is_offline));
    }

    fn code(&self, transport: Guid) -> i32 {
        self.2.borrow().get(&transport).copied().unwrap_or(0)
    }
}

/// A session's spooler with a store and transports.
struct Bench {
    memory: Arc<MemoryStore>,
    clock: Rc<MemoryClock>,
    log: Rc<MemoryLog>,
    environment: Environment,
    store: StoreObject,
    reference: Rc<StoreReference>,
    transports: Vec<Rc<Scripted>>,
    active: Vec<Rc<ActiveTransport>>,
    spooler: Spooler,
    owner: Guid,
    is_complete: bool,
    shown: Shown,
}

impl Bench {
    fn new(transports: Vec<Rc<Scripted>>) -> Self {
        let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
        Self::on(Rc::new(Arc::clone(&memory)), memory, Rc::default(), transports, 1)
    }

    /// Another process on that store.
    fn on(
        backend: Rc<dyn Store>,
        memory: Arc<MemoryStore>,
        clock: Rc<MemoryClock>,
        transports: Vec<Rc<Scripted>>,
        seed: u64,
    ) -> Self {
        let log: Rc<MemoryLog> = Rc::default();
        let environment = Environment {
            clock: clock.clone(),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: log.clone(),
            progress: Rc::new(MemoryProgress::default()),
        };
        let connection = Connection::new(backend, environment.clone()).unwrap();
        let opening = StoreOpening {
            entry_id: WrappedStoreId::new("memory", b"private").unwrap(),
            writable: true,
            alive: Alive::new(),
            is_default: Rc::new(|| true),
            mail: None,
        };
        let store = StoreObject::open(connection.clone(), opening.clone());
        store.validate_ipm_subtree(MAPI_FULL_IPM_TREE).unwrap();
        let active = (1..)
            .zip(&transports)
            .map(|(number, transport)| {
                let provider: Rc<dyn Transport> = transport.clone();
                ActiveTransport::new(Guid([number; 16]), &format!("transport {number}"), provider)
            })
            .collect();
        Self {
            memory,
            clock,
            log,
            owner: environment.new_uid(),
            environment,
            store,
            reference: Rc::new(StoreReference { connection, opening }),
            transports,
            active,
            spooler: Spooler::default(),
            is_complete: true,
            shown: Shown::default(),
        }
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings {
            environment: &self.environment,
            owner: self.owner,
            lease: super::LEASE,
            stores: vec![Rc::clone(&self.reference)],
            default_store: Some(Rc::clone(&self.reference)),
            transports: self.active.iter().filter(|transport| !transport.is_lost()).cloned().collect(),
            is_complete: self.is_complete,
            identity: Some(Identity::one_off("Ann", "SMTP", "ann@example.com")),
            composer: &Plain,
            status: &self.shown,
        }
    }

    /// Turns until there is nothing to do now.
    fn run(&self) {
        for _ in 0..10_000 {
            if !self.turn().more {
                return;
            }
        }
        panic!("the spooler never comes to rest");
    }

    /// One turn, behind what the session takes in first.
    fn turn(&self) -> super::turn::Remaining {
        if let Some(feed) = self.reference.connection.feed() {
            // A store that fails is the test's.
            let _ = feed.poll();
        }
        self.spooler.turn(&self.around())
    }

    /// Lets time pass, then turns.
    fn later(&self, seconds: u64) {
        self.clock.advance(seconds * 1_000_000);
        self.run();
    }

    /// A folder by a property of the store.
    fn folder(&self, tag: PropTag) -> Folder {
        let Value::Binary(id) = get(&self.store.properties(), tag) else { panic!("no folder {tag}") };
        match self.store.open_entry(Some(&id), None, 1).unwrap() {
            OpenedEntry::Folder(folder) => folder,
            _ => panic!("no folder"),
        }
    }

    /// A submitted message to these recipients, `TYPE:address`.
    fn submit(&self, subject: &str, to: &[&str], properties: Vec<Property>) -> Vec<u8> {
        let message = self.draft(subject, to, properties);
        let Value::Binary(id) = get(&message.properties(), tags::ENTRYID) else { panic!("no identifier") };
        message.submit_message(0).unwrap();
        id
    }

    fn draft(&self, subject: &str, to: &[&str], properties: Vec<Property>) -> Message {
        let message = self.folder(tags::IPM_OUTBOX_ENTRYID).create_message(None, 0).unwrap();
        let sent = get(&self.store.properties(), tags::IPM_SENTMAIL_ENTRYID);
        let mut values = vec![
            Property::new(tags::SUBJECT, Value::Unicode(subject.into())),
            Property::new(tags::SENDER_ENTRYID, Value::Binary(OneOff::new("Ann", "SMTP", "ann@example.com").to_bytes())),
            Property::new(tags::SENDER_EMAIL_ADDRESS, Value::Unicode("ann@example.com".into())),
            Property::new(tags::SENTMAIL_ENTRYID, sent),
        ];
        values.extend(properties);
        message.properties().set_props(values).unwrap();
        let rows: Vec<Vec<Property>> = to.iter().map(|to| recipient(to)).collect();
        message.modify_recipients(0, &rows).unwrap();
        message
    }

    /// Subjects of the messages in a folder, in order of arrival.
    fn subjects(&self, tag: PropTag) -> Vec<String> {
        rows(&self.folder(tag).get_contents_table(MAPI_UNICODE).unwrap(), tags::SUBJECT)
    }

    fn queued(&self) -> Vec<String> {
        rows(&self.store.get_outgoing_queue(0).unwrap(), tags::SUBJECT)
    }

    /// A column of the only row in the queue.
    fn queue_cell(&self, tag: PropTag) -> Value {
        let table = self.store.get_outgoing_queue(0).unwrap();
        table.set_columns(&[tag], 0).unwrap();
        table.query_rows(1, 0).unwrap().remove(0).remove(0).value
    }

    fn inbox(&self) -> Folder {
        let (id, _) = self.store.get_receive_folder(None, 0).unwrap();
        match self.store.open_entry(Some(&id), None, 1).unwrap() {
            OpenedEntry::Folder(folder) => folder,
            _ => panic!("no inbox"),
        }
    }

    /// Subjects in the Inbox.
    fn received(&self) -> Vec<String> {
        rows(&self.inbox().get_contents_table(MAPI_UNICODE).unwrap(), tags::SUBJECT)
    }

    fn open(&self, entry_id: &[u8]) -> Message {
        match self.store.open_entry(Some(entry_id), None, 0).unwrap() {
            OpenedEntry::Message(message) => message,
            _ => panic!("no message"),
        }
    }

    /// Tells the spooler something on behalf of a transport.
    fn notice(&self, transport: usize, flags: u32, entry_id: Option<&[u8]>) {
        let notice = TransportNotice::Spooler { flags, entry_id: entry_id.map(<[u8]>::to_vec) };
        self.transports[transport].notices.borrow_mut().push(notice);
    }
}

/// A recipient, `TYPE:address` or `TYPE:address:kind`; without a type one that is not resolved.
fn recipient(to: &str) -> Vec<Property> {
    let mut parts = to.split(':');
    let (kind, address) = (parts.next().unwrap(), parts.next().unwrap());
    let mut row = vec![
        Property::new(tags::RECIPIENT_TYPE, Value::Long(parts.next().map_or(1, |kind| kind.parse().unwrap()))),
        Property::new(tags::DISPLAY_NAME, Value::Unicode(address.into())),
    ];
    if !kind.is_empty() {
        row.push(Property::new(tags::ENTRYID, Value::Binary(OneOff::new(address, kind, address).to_bytes())));
    }
    row
}

fn get(object: &crate::properties::PropertyObject, tag: PropTag) -> Value {
    object.get_props(Some(&[tag]), MAPI_UNICODE).unwrap().value.remove(0).value
}

/// The texts of one column.
fn rows(table: &crate::tables::Table, tag: PropTag) -> Vec<String> {
    table.set_columns(&[tag], 0).unwrap();
    let rows = table.query_rows(1000, 0).unwrap();
    rows.into_iter()
        .map(|row| match &row[0].value {
            Value::Unicode(text) => text.clone(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn object_of(entry_id: &[u8]) -> ObjectId {
    ProviderEntryId::parse(entry_id).unwrap().object().unwrap()
}
