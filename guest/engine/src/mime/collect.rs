//! Values under construction: small ones in memory, large ones handed to the store piece by piece.
//!
//! No value is ever held whole once it is larger than [`INLINE_LIMIT`], a text [`FOLD_LIMIT`], and all values
//! of a message together hold little more than [`MESSAGE_BUDGET`].

use crate::backend::{NamedProperty, StagedValue, StoredValue};
use crate::error::Result;
use crate::messages::Values;
use crate::mime::charset::Charset;
use crate::mime::{Oddities, Oddity};
use crate::properties::{PropTag, Value, utf16_units};
use crate::stores::FOLD_LIMIT;
use encoding_rs::Decoder;
use std::rc::Rc;

/// Values larger than this are staged, in bytes.
pub(super) const INLINE_LIMIT: usize = 256 << 10;
/// Once the values of a message hold this much memory, further ones are staged beyond [`SMALL_LIMIT`].
const MESSAGE_BUDGET: usize = 4 << 20;
const SMALL_LIMIT: usize = 4 << 10;
/// How much is handed to the backend at once.
const PIECE: usize = 256 << 10;

/// What a message being read needs of the store it is read for.
pub trait Destination {
    /// As [`Objects::stage`](crate::backend::Objects::stage).
    ///
    /// # Errors
    /// The backend's own.
    fn stage(&self) -> Result<u64>;

    /// As [`Objects::append`](crate::backend::Objects::append).
    ///
    /// # Errors
    /// The backend's own.
    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()>;

    /// As [`Objects::discard`](crate::backend::Objects::discard).
    fn discard(&self, staged: u64);

    /// The identifiers of names, new ones included; `None` when the store takes no more.
    ///
    /// # Errors
    /// The backend's own.
    fn name_ids(&self, names: &[NamedProperty]) -> Result<Vec<Option<u16>>>;
}

/// What all values of one message share.
pub(super) struct Context {
    pub(super) destination: Rc<dyn Destination>,
    pub(super) oddities: Oddities,
    /// Staged values no commit has used yet.
    pub(super) staged: Vec<u64>,
    /// Bytes finished values hold in memory.
    held: usize,
    /// Parts seen.
    pub(super) parts: usize,
}

impl Context {
    pub(super) fn new(destination: Rc<dyn Destination>) -> Self {
        Self { destination, oddities: Oddities::default(), staged: Vec::new(), held: 0, parts: 0 }
    }

    /// Bytes finished values hold in memory.
    pub(super) fn held(&self) -> u64 {
        self.held as u64
    }

    pub(super) fn discard(&mut self, number: u64) {
        self.destination.discard(number);
        self.staged.retain(|known| *known != number);
    }
}

/// Bytes under construction.
#[derive(Default)]
pub(super) struct Bytes {
    memory: Vec<u8>,
    staged: Option<u64>,
    total: u64,
}

/// Finished bytes.
pub(super) enum Collected {
    Memory(Vec<u8>),
    Staged(StagedValue),
}

impl Bytes {
    pub(super) fn push(&mut self, bytes: &[u8], context: &mut Context) -> Result<()> {
        self.memory.extend_from_slice(bytes);
        self.total += bytes.len() as u64;
        self.settle(context)
    }

    /// Appends what `write` appends to the buffer it is given.
    pub(super) fn push_with(&mut self, context: &mut Context, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let before = self.memory.len();
        write(&mut self.memory);
        self.total += self.memory.len().saturating_sub(before) as u64;
        self.settle(context)
    }

    fn settle(&mut self, context: &mut Context) -> Result<()> {
        let limit = match self.staged {
            Some(_) => PIECE,
            None if context.held > MESSAGE_BUDGET => SMALL_LIMIT,
            None => INLINE_LIMIT,
        };
        if self.memory.len() > limit { self.flush(context) } else { Ok(()) }
    }

    fn flush(&mut self, context: &mut Context) -> Result<()> {
        let number = match self.staged {
            Some(number) => number,
            None => {
                let number = context.destination.stage()?;
                context.staged.push(number);
                *self.staged.insert(number)
            }
        };
        for piece in self.memory.chunks(PIECE) {
            context.destination.append(number, piece)?;
        }
        self.memory.clear();
        Ok(())
    }

    pub(super) fn finish(mut self, context: &mut Context) -> Result<Collected> {
        match self.staged {
            None => {
                context.held += self.memory.len();
                Ok(Collected::Memory(self.memory))
            }
            Some(number) => {
                if !self.memory.is_empty() {
                    self.flush(context)?;
                }
                Ok(Collected::Staged(StagedValue { number, size: self.total }))
            }
        }
    }

    pub(super) fn discard(self, context: &mut Context) {
        if let Some(number) = self.staged {
            context.discard(number);
        }
    }
}

impl Collected {
    pub(super) fn into_stored(self) -> StoredValue {
        match self {
            Self::Memory(bytes) => StoredValue::Inline(Value::Binary(bytes)),
            Self::Staged(staged) => StoredValue::Staged(staged),
        }
    }
}

/// Sets a value that may be staged.
pub(super) fn set_stored(values: &mut Values, tag: PropTag, value: StoredValue) {
    match value {
        StoredValue::Inline(value) => values.put(tag, value),
        StoredValue::Staged(staged) => values.set_staged(tag, staged),
    }
}

/// A text under construction.
pub(super) struct Text {
    charset: Charset,
    /// Undecoded while the text is small.
    bytes: Vec<u8>,
    /// Decodes what is too large to be held.
    large: Option<Box<LargeText>>,
}

struct LargeText {
    decoder: Decoder,
    utf8: Bytes,
    units: u64,
}

impl Text {
    pub(super) fn new(charset: Charset) -> Self {
        Self { charset, bytes: Vec::new(), large: None }
    }

    pub(super) fn push_with(&mut self, context: &mut Context, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        write(&mut self.bytes);
        // What is searched is folded whole, as long as there is room for it.
        let limit = if context.held > MESSAGE_BUDGET { INLINE_LIMIT } else { FOLD_LIMIT };
        if self.large.is_some() || self.bytes.len() > limit {
            let decoder = || self.charset.streaming(&self.bytes).new_decoder_without_bom_handling();
            let large = match &mut self.large {
                Some(large) => large,
                none => none.insert(Box::new(LargeText { decoder: decoder(), utf8: Bytes::default(), units: 0 })),
            };
            large.push(&self.bytes, false, context)?;
            self.bytes.clear();
        }
        Ok(())
    }

    pub(super) fn finish(self, context: &mut Context) -> Result<StoredValue> {
        if let Some(mut large) = self.large {
            large.push(&self.bytes, true, context)?;
            let LargeText { utf8, units, .. } = *large;
            return Ok(match utf8.finish(context)? {
                Collected::Staged(staged) => StoredValue::Staged(StagedValue { size: units * 2, ..staged }),
                // Only NULs, which are no text.
                Collected::Memory(bytes) => StoredValue::Inline(Value::Unicode(String::from_utf8_lossy(&bytes).into_owned())),
            });
        }
        let mut text = self.charset.decode(&self.bytes);
        if text.contains('\0') {
            context.oddities.add(Oddity::NulInText);
            text.retain(|character| character != '\0');
        }
        context.held += text.len();
        Ok(StoredValue::Inline(Value::Unicode(text)))
    }
}

impl LargeText {
    fn push(&mut self, bytes: &[u8], last: bool, context: &mut Context) -> Result<()> {
        for piece in bytes.chunks(PIECE).chain(last.then_some(&[][..])) {
            let mut text = String::with_capacity(self.decoder.max_utf8_buffer_length(piece.len()).unwrap_or(PIECE * 3));
            let finishing = last && piece.is_empty();
            let (_, _, _) = self.decoder.decode_to_string(piece, &mut text, finishing);
            if text.contains('\0') {
                context.oddities.add(Oddity::NulInText);
                text.retain(|character| character != '\0');
            }
            self.units += utf16_units(&text);
            self.utf8.push(text.as_bytes(), context)?;
        }
        Ok(())
    }
}
