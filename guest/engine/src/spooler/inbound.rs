//! Receiving (`messages` 9, `transport` 3.5): one message of a transport becomes one delivery.
//!
//! A transport forgets a message when it is acknowledged, and that happens only when the message is in the
//! store for good. Before it is delivered, the store notes under which identifier it will be: if the process
//! ends between the delivery and the acknowledgement, the transport offers the message again, and it is
//! found to be there already.

use crate::backend::{Expected, InboundMessage, ObjectId, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::{Draft, Values, message_flags};
use crate::mime::{ReadOptions, Reader, StoreDestination};
use crate::properties::{Guid, Property, Value, tags};
use crate::spooler::transfer::is_transmittable;
use crate::spooler::transport::ActiveTransport;
use crate::spooler::{Identity, Surroundings};
use crate::stores::computed::private;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{ChangeSet, CommitMode, receive};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes asked for at once.
const PIECE: u32 = 256 << 10;
/// Notes kept at most; older ones are of transports that never came back.
const NOTES: usize = 64;
/// How often a note is tried anew when others change the store meanwhile.
const ATTEMPTS: u32 = 8;
const VERSION: u8 = 1;

/// Flags a transport may set on what it brings.
const TRANSPORT_FLAGS: i32 =
    message_flags::FROMME | message_flags::ORIGIN_X400 | message_flags::ORIGIN_INTERNET | message_flags::ORIGIN_MISC_EXT;

/// A message on its way: which transport brought which bytes, and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    transport: [u8; 16],
    digest: [u8; 16],
    object: Vec<u8>,
}

/// Notes that are not needed any more and are taken away with the next one.
#[derive(Default)]
pub(crate) struct Received(RefCell<Vec<Note>>);

/// Takes the next message of a transport in; whether there was one.
///
/// # Errors
/// The transport's or the store's own; the message comes again then.
pub(crate) fn receive(
    received: &Received,
    around: &Surroundings<'_>,
    store: &Rc<StoreReference>,
    transport: &ActiveTransport,
) -> Result<bool> {
    let provider = &transport.provider;
    let Some(inbound) = provider.receive()? else {
        received.tidy(store)?;
        return Ok(false);
    };
    let delivered = deliver(received, around, store, transport, &inbound);
    // One that is not acknowledged comes again, and is known then.
    let acknowledged = provider.acknowledge(inbound.number, delivered.is_ok());
    let note = delivered?;
    acknowledged?;
    received.0.borrow_mut().push(note);
    Ok(true)
}

fn deliver(
    received: &Received,
    around: &Surroundings<'_>,
    store: &Rc<StoreReference>,
    transport: &ActiveTransport,
    inbound: &InboundMessage,
) -> Result<Note> {
    let (mut draft, digest) = read(store, transport, inbound)?;
    received.note(store, transport.section, digest).and_then(|(note, is_there)| {
        if is_there {
            draft.discard(&**store.connection.backend());
            return Ok(note);
        }
        complete(&mut draft, around, inbound);
        let kept = draft.clone();
        put(store, &note, draft).map(|()| note).inspect_err(|_| kept.discard(&**store.connection.backend()))
    })
}

/// Reads the bytes; the message, and what tells it from others.
fn read(store: &Rc<StoreReference>, transport: &ActiveTransport, inbound: &InboundMessage) -> Result<(Draft, [u8; 16])> {
    let destination = StoreDestination::new(Rc::clone(&store.connection));
    let now = store.connection.environment().clock.now();
    let mut reader = Reader::new(Rc::new(destination), ReadOptions { received: Some(now), ..ReadOptions::default() });
    let mut digest = Md5::new();
    let mut offset = 0;
    while offset < inbound.size {
        let length = u32::try_from(inbound.size - offset).unwrap_or(PIECE).min(PIECE);
        let piece = transport.provider.read(inbound.number, offset, length)?;
        if piece.is_empty() {
            return Err(Failure::new(Code::CorruptData, "The transport gave less of a message than it had announced."));
        }
        digest.update(&piece);
        reader.write(&piece)?;
        offset += piece.len() as u64;
    }
    Ok((reader.finish()?.draft, digest.finalize().into()))
}

/// What delivery sets beside what the message says.
fn complete(draft: &mut Draft, around: &Surroundings<'_>, inbound: &InboundMessage) {
    let values = &mut draft.properties;
    let mut flags = values.long(tags::MESSAGE_FLAGS).unwrap_or(0) & TRANSPORT_FLAGS;
    for property in &inbound.properties {
        match property.value {
            Value::Long(given) if property.tag == tags::MESSAGE_FLAGS => flags |= given & TRANSPORT_FLAGS,
            _ if is_transmittable(property.tag) || property.tag == tags::MESSAGE_DELIVERY_TIME => values.set(property.clone()),
            _ => {}
        }
    }
    if let Some(identity) = &around.identity {
        put_receiver(values, identity);
    }
    let is_true = |values: &Values, tag| values.get(tag) == Some(&Value::Boolean(true));
    let read_report = is_true(values, tags::READ_RECEIPT_REQUESTED);
    let non_read_report = match values.get(tags::NON_RECEIPT_NOTIFICATION_REQUESTED) {
        Some(Value::Boolean(asked)) => *asked,
        _ => read_report,
    };
    flags |= message_flags::UNMODIFIED;
    flags |= if read_report { message_flags::RN_PENDING } else { 0 };
    flags |= if non_read_report { message_flags::NRN_PENDING } else { 0 };
    values.put(tags::MESSAGE_FLAGS, Value::Long(flags));
    if !values.contains(tags::MESSAGE_DELIVERY_TIME) {
        values.put(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(around.environment.clock.now()));
    }
    let mut named = [false; 4];
    if let Some(identity) = &around.identity {
        let is_mine =
            |row: &&Values| row.text(tags::EMAIL_ADDRESS).is_some_and(|own| own.eq_ignore_ascii_case(&identity.address));
        for row in draft.recipients.iter().filter(is_mine) {
            if let Some(named) =
                usize::try_from(row.long(tags::RECIPIENT_TYPE).unwrap_or(1)).ok().and_then(|kind| named.get_mut(kind))
            {
                *named = true;
            }
        }
        let me = [
            (tags::MESSAGE_TO_ME, named[1]),
            (tags::MESSAGE_CC_ME, named[2]),
            (tags::MESSAGE_RECIP_ME, named[1] || named[2] || named[3]),
        ];
        for (tag, value) in me {
            draft.properties.put(tag, Value::Boolean(value));
        }
    }
    for row in &mut draft.recipients {
        row.put(tags::RESPONSIBILITY, Value::Boolean(true));
    }
}

/// Who received it, unless the transport said so.
fn put_receiver(values: &mut Values, identity: &Identity) {
    let groups = [
        (
            tags::RECEIVED_BY_NAME,
            tags::RECEIVED_BY_ENTRYID,
            tags::RECEIVED_BY_ADDRTYPE,
            tags::RECEIVED_BY_EMAIL_ADDRESS,
            tags::RECEIVED_BY_SEARCH_KEY,
        ),
        (
            tags::RCVD_REPRESENTING_NAME,
            tags::RCVD_REPRESENTING_ENTRYID,
            tags::RCVD_REPRESENTING_ADDRTYPE,
            tags::RCVD_REPRESENTING_EMAIL_ADDRESS,
            tags::RCVD_REPRESENTING_SEARCH_KEY,
        ),
    ];
    let key = crate::entry_id::OneOff::new("", &identity.address_type, &identity.address).search_key();
    for (name, entry, kind, address, search_key) in groups {
        if [name, entry, kind, address].iter().any(|tag| values.contains(*tag)) {
            continue;
        }
        values.put(name, Value::Unicode(identity.name.clone()));
        values.put(entry, Value::Binary(identity.entry_id.clone()));
        values.put(kind, Value::Unicode(identity.address_type.clone()));
        values.put(address, Value::Unicode(identity.address.clone()));
        values.put(search_key, Value::Binary(key.clone()));
    }
}

/// Puts the message into the receive folder of its class.
fn put(store: &Rc<StoreReference>, note: &Note, draft: Draft) -> Result<()> {
    let class = draft.properties.text(tags::MESSAGE_CLASS).unwrap_or("IPM.Note").to_owned();
    // A class no folder can be found for is received like one that none was set for.
    let (entry_id, _) = receive::find(store, &class).or_else(|_| receive::find(store, ""))?;
    let folder = match store.resolve(&entry_id)? {
        Named::Object(folder) => folder,
        Named::Store => store.connection.root().clone(),
    };
    let object =
        ObjectId::new(&note.object).ok_or_else(|| Failure::new(Code::CorruptData, "A note of received mail is damaged."))?;
    let mut changes = ChangeSet::new(&store.connection);
    changes.add_message_as(&object, &folder, draft)?;
    match changes.commit(CommitMode { delivery: true, ..CommitMode::default() }) {
        // Another process was quicker with the same message.
        Err(failure) if failure.code() == Code::Collision => Ok(()),
        committed => committed.map(|_| ()),
    }
}

impl Received {
    /// Notes where a message will be, before it is there; and whether it is there already.
    fn note(&self, store: &Rc<StoreReference>, transport: Guid, digest: [u8; 16]) -> Result<(Note, bool)> {
        let object = store.connection.reserve()?;
        let new = Note { transport: transport.0, digest, object: object.as_bytes().to_vec() };
        let mut found = None;
        self.change(store, |notes| {
            found = notes.iter().find(|note| note.transport == new.transport && note.digest == digest).cloned();
            if found.is_none() {
                notes.push(new.clone());
            }
        })?;
        let Some(note) = found else { return Ok((new, false)) };
        let is_there = match ObjectId::new(&note.object) {
            Some(object) => match store.connection.backend().read(&object, Want::Tags(&[]), 0) {
                Ok(_) => true,
                Err(failure) if failure.code() == Code::NotFound => false,
                Err(failure) => return Err(failure),
            },
            None => false,
        };
        Ok((note, is_there))
    }

    /// Takes away what is not needed any more.
    fn tidy(&self, store: &Rc<StoreReference>) -> Result<()> {
        if self.0.borrow().is_empty() { Ok(()) } else { self.change(store, |_| {}) }
    }

    /// Changes the notes of a store, without losing what others note meanwhile.
    fn change(&self, store: &Rc<StoreReference>, mut change: impl FnMut(&mut Vec<Note>)) -> Result<()> {
        let object = store.connection.identity().store.clone();
        for _ in 0..ATTEMPTS {
            let (head, values) = store.connection.backend().read(&object, Want::Tags(&[private::UNACKNOWLEDGED]), u32::MAX)?;
            let old = parse(&values);
            let mut notes = old.clone();
            let done = self.0.borrow().clone();
            notes.retain(|note| !done.contains(note));
            change(&mut notes);
            let surplus = notes.len().saturating_sub(NOTES);
            notes.drain(..surplus);
            if notes != old {
                let mut set = Values::new();
                let mut delete = Vec::new();
                match to_bytes(&notes) {
                    Some(bytes) => set.put(private::UNACKNOWLEDGED, Value::Binary(bytes)),
                    None => delete.push(private::UNACKNOWLEDGED),
                }
                let mut changes = ChangeSet::new(&store.connection);
                changes.set(&object, Expected::Version(head.version), set, delete)?;
                match changes.commit(CommitMode::default()) {
                    Ok(_) => {}
                    Err(failure) if failure.code() == Code::ObjectChanged => continue,
                    Err(failure) => return Err(failure),
                }
            }
            self.0.borrow_mut().retain(|note| !done.contains(note));
            return Ok(());
        }
        Err(Failure::new(Code::Busy, "Others keep changing the properties of the store; try again."))
    }
}

/// Notes that cannot be read are none: a message may come twice then, and none is lost.
fn parse(values: &[Property]) -> Vec<Note> {
    let stored = values.iter().find_map(|property| match &property.value {
        Value::Binary(bytes) if property.tag.id() == private::UNACKNOWLEDGED.id() => Some(bytes),
        _ => None,
    });
    match stored.and_then(|bytes| bytes.split_first()) {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn to_bytes(notes: &Vec<Note>) -> Option<Vec<u8>> {
    if notes.is_empty() {
        return None;
    }
    postcard::to_extend(notes, vec![VERSION]).ok()
}
