//! A stored message as a draft again: the original in a non-delivery report, and a copy for another store.

use crate::backend::{ObjectId, ScanKind, StagedValue, Store, StoredValue, Want};
use crate::error::{Code, Failure, Result};
use crate::messages::content::stored_rows;
use crate::messages::{Draft, DraftAttachment, DraftKind, EMBEDDING_LIMIT, Values};
use crate::properties::{PropTag, Value, tags};
use crate::stores::Connection;
use crate::stores::computed::private;
use crate::stores::reference::StoreReference;
use std::collections::BTreeMap;

/// Values above this many bytes go from store to store in pieces.
const INLINE: u32 = 64 << 10;
/// Bytes of such a piece.
const PIECE: u32 = 256 << 10;

/// Reads messages of one store for another.
pub(crate) struct Copier<'a> {
    from: &'a StoreReference,
    to: &'a Connection,
    /// Identifiers of named properties there, when they differ.
    names: BTreeMap<u16, Option<u16>>,
    /// Values handed over so far.
    staged: Vec<u64>,
}

impl<'a> Copier<'a> {
    pub(crate) fn new(from: &'a StoreReference, to: &'a Connection) -> Self {
        Self { from, to, names: BTreeMap::new(), staged: Vec::new() }
    }

    /// A message with its recipients and attachments. What it handed to the other store belongs to the draft.
    ///
    /// # Errors
    /// `MAPI_E_TOO_COMPLEX` for too deep embedding, the backends' own.
    pub(crate) fn read(mut self, message: &ObjectId) -> Result<Draft> {
        let read = self.message(message, 0);
        if read.is_err() {
            self.staged.iter().for_each(|number| self.to.backend().discard(*number));
        }
        read
    }

    fn message(&mut self, message: &ObjectId, depth: u32) -> Result<Draft> {
        if depth > EMBEDDING_LIMIT {
            return Err(Failure::new(Code::TooComplex, "The message is embedded too deep to be copied."));
        }
        let mut draft = Draft { kind: DraftKind::Message, properties: self.values(message)?, ..Draft::default() };
        for (recipient, _) in stored_rows(self.from, message, ScanKind::Recipients, &[])? {
            draft.recipients.push(self.values(&recipient)?);
        }
        draft.recipients.sort_by_key(|row| row.long(tags::ROWID).unwrap_or(i32::MAX));
        for (attachment, _) in stored_rows(self.from, message, ScanKind::Attachments, &[])? {
            let properties = self.values(&attachment)?;
            let embedded = match stored_rows(self.from, &attachment, ScanKind::Contents, &[])?.first() {
                Some((inner, _)) => Some(Box::new(self.message(inner, depth + 1)?)),
                None => None,
            };
            draft.attachments.push(DraftAttachment { properties, embedded });
        }
        Ok(draft)
    }

    fn values(&mut self, object: &ObjectId) -> Result<Values> {
        let backend = self.from.connection.backend().clone();
        let (_, properties) = backend.read(object, Want::All, INLINE)?;
        let mut values = Values::new();
        let mut long = Vec::new();
        for property in properties.into_iter().filter(|property| !private::RANGE.contains(&property.tag.id())) {
            match property.value {
                Value::Error(_) => long.push(property.tag),
                value => {
                    if let Some(tag) = self.tag_there(&*backend, property.tag)? {
                        values.put(tag, value);
                    }
                }
            }
        }
        if !long.is_empty() {
            let sizes = backend.list_tags(object)?;
            for tag in long {
                let Some(known) = sizes.iter().find(|known| known.tag.id() == tag.id()) else { continue };
                let Some(there) = self.tag_there(&*backend, known.tag)? else { continue };
                let number = self.long_value(&*backend, object, known.tag)?;
                values.set_staged(there, StagedValue { number, size: known.size });
            }
        }
        Ok(values)
    }

    fn long_value(&mut self, backend: &dyn Store, object: &ObjectId, tag: PropTag) -> Result<u64> {
        let number = self.to.backend().stage()?;
        self.staged.push(number);
        let mut offset = 0;
        loop {
            let piece = backend.read_range(object, tag, offset, PIECE)?;
            if piece.is_empty() {
                return Ok(number);
            }
            offset += piece.len() as u64;
            self.to.backend().append(number, &piece)?;
        }
    }

    /// The tag a property has in the other store; `None` when it has no room for the name.
    fn tag_there(&mut self, backend: &dyn Store, tag: PropTag) -> Result<Option<PropTag>> {
        let same = self.from.connection.identity().mapping_signature == self.to.identity().mapping_signature;
        if same || tag.id() < 0x8000 {
            return Ok(Some(tag));
        }
        let id = match self.names.get(&tag.id()) {
            Some(known) => *known,
            None => {
                let name = backend.names_of_ids(&[tag.id()])?.pop().flatten();
                let id = match name {
                    Some(name) => self.to.backend().ids_of_names(&[name], true)?.pop().flatten(),
                    None => None,
                };
                self.names.insert(tag.id(), id);
                id
            }
        };
        Ok(id.map(|id| PropTag(u32::from(id) << 16 | tag.0 & 0xFFFF)))
    }
}

/// The values a message held by value, for those who look at a few of them.
pub(crate) fn inline(values: &Values, tag: PropTag) -> Option<Value> {
    match values.entry(tag) {
        Some((_, StoredValue::Inline(value))) => Some(value.clone()),
        _ => None,
    }
}
