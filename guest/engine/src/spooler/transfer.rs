//! Handing one message to one transport (`transport` 0, 3): the envelope, and the RFC 5322 form in pieces.

use crate::backend::{Envelope, EnvelopeRecipient, Outcome};
use crate::error::{Failure, Result};
use crate::messages::Values;
use crate::properties::{PropTag, Property, Value, tags};
use crate::spooler::transport::ActiveTransport;
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use std::rc::Rc;

/// Bytes handed over at once.
const PIECE: usize = 256 << 10;

/// The RFC 5322 form of a message, read to its end.
pub(crate) trait Content {
    /// The next bytes, at most so many; none at the end.
    ///
    /// # Errors
    /// The store's own.
    fn read(&mut self, max: usize) -> Result<Vec<u8>>;
}

/// Makes the RFC 5322 form of stored messages.
pub(crate) trait Composer {
    /// The form of a message as it goes out: without blind copies and envelope rows.
    ///
    /// # Errors
    /// The store's own.
    fn compose(&self, store: &Rc<StoreReference>, message: &crate::backend::ObjectId) -> Result<Box<dyn Content>>;
}

/// Whether a property may leave the store (`properties` 1.1, `messages` 6).
pub(crate) fn is_transmittable(tag: PropTag) -> bool {
    let held_back = [tags::ROWID, tags::DEFERRED_SEND_NUMBER, tags::DEFERRED_SEND_UNITS, tags::DEFERRED_SEND_TIME];
    matches!(tag.id(), ..0x0E00 | 0x1000..0x6000 | 0x6800..0x7C00 | 0x8000..=0xFFFE)
        && !held_back.iter().any(|held| held.id() == tag.id())
}

/// A row of an envelope.
pub(crate) fn envelope_row(row: &Values, serve: bool) -> EnvelopeRecipient {
    let mut properties: Vec<Property> = inline_values(row).filter(|property| !private::is_private(property.tag)).collect();
    properties.retain(|property| property.tag.id() != tags::RESPONSIBILITY.id());
    properties.push(Property::new(tags::RESPONSIBILITY, Value::Boolean(!serve)));
    let number = row.long(tags::ROWID).unwrap_or_default().cast_unsigned();
    EnvelopeRecipient { row: number, serve, properties }
}

/// The values of an object that are held by value.
pub(crate) fn inline_values(values: &Values) -> impl Iterator<Item = Property> {
    values.iter().filter_map(|(tag, value)| match value {
        crate::backend::StoredValue::Inline(value) if !matches!(value, Value::Error(_)) => {
            Some(Property { tag, value: value.clone() })
        }
        _ => None,
    })
}

/// Offers a message. `keep` is called between the pieces and ends the transfer when it fails.
///
/// # Errors
/// `keep`'s own: the message is not ours any more.
pub(crate) fn offer(
    transport: &ActiveTransport,
    envelope: &Envelope,
    compose: impl FnOnce() -> Result<Box<dyn Content>>,
    mut keep: impl FnMut() -> Result<()>,
) -> Result<Outcome> {
    let mut content = match compose() {
        Ok(content) => content,
        Err(failure) => return Ok(unreadable(&failure)),
    };
    let provider = &transport.provider;
    let transfer = match provider.begin(envelope) {
        Ok(transfer) => transfer,
        Err(failure) => return Ok(refused(failure)),
    };
    loop {
        let piece = match content.read(PIECE) {
            Ok(piece) => piece,
            Err(failure) => {
                provider.cancel(transfer);
                return Ok(unreadable(&failure));
            }
        };
        if piece.is_empty() {
            break;
        }
        if let Err(failure) = keep() {
            provider.cancel(transfer);
            return Err(failure);
        }
        if let Err(failure) = provider.write(transfer, &piece) {
            return Ok(refused(failure));
        }
    }
    if let Err(failure) = keep() {
        provider.cancel(transfer);
        return Err(failure);
    }
    Ok(provider.finish(transfer).unwrap_or_else(refused))
}

/// The message could not be read: whatever the store's code, it says nothing of the transport.
fn unreadable(failure: &Failure) -> Outcome {
    let text = format!("The message could not be read: {}", failure.detail().message);
    refused(Failure::new(crate::error::Code::CallFailed, text))
}

fn refused(failure: Failure) -> Outcome {
    Outcome { failure: Some(failure), retry_after: 0, end: 0, recipients: Vec::new(), set: Vec::new() }
}
