//! Reading one message.

use crate::backend::StoredValue;
use crate::error::Result;
use crate::messages::Draft;
use crate::mime::collect::{Bytes, Context, Destination, set_stored};
use crate::mime::message::Message;
use crate::mime::{ORIGINAL, Oddities};
use crate::properties::FileTime;
use std::rc::Rc;

/// How a message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// When the message was received, for one without a `Received` field.
    pub received: Option<FileTime>,
    /// Whether to keep its original form ([`ORIGINAL`]).
    pub keep_original: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { received: None, keep_original: true }
    }
}

/// A message read to its end.
#[derive(Debug)]
pub struct Parsed {
    /// The message.
    pub draft: Draft,
    /// What was odd about it.
    pub oddities: Oddities,
    /// Its size as received, in bytes.
    pub size: u64,
    /// Bytes of memory its values hold, about.
    pub held: u64,
}

/// Reads one message. Dropped before [`Reader::finish`], it gives back what it handed to the store.
pub struct Reader {
    message: Option<Message>,
    original: Option<Bytes>,
    size: u64,
    context: Context,
}

impl Reader {
    /// Begins a message.
    #[must_use]
    pub fn new(destination: Rc<dyn Destination>, options: ReadOptions) -> Self {
        Self {
            message: Some(Message::new(options, 0)),
            original: options.keep_original.then(Bytes::default),
            size: 0,
            context: Context::new(destination),
        }
    }

    /// Reads the next bytes; pieces may be of any size.
    ///
    /// # Errors
    /// The store's own, when it cannot take a large value.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len() as u64;
        // Memory in use at once follows the piece, not what the caller happens to hand over.
        for piece in bytes.chunks(64 << 10) {
            if let Some(original) = &mut self.original {
                original.push(piece, &mut self.context)?;
            }
            if let Some(message) = &mut self.message {
                message.push(piece, &mut self.context)?;
            }
        }
        Ok(())
    }

    /// Ends the message.
    ///
    /// # Errors
    /// The store's own.
    pub fn finish(mut self) -> Result<Parsed> {
        let mut draft = match self.message.take() {
            Some(message) => message.finish(&mut self.context)?,
            None => Draft::default(),
        };
        if let Some(original) = self.original.take() {
            let original: StoredValue = original.finish(&mut self.context)?.into_stored();
            set_stored(&mut draft.properties, ORIGINAL, original);
        }
        // From now on they belong to the draft.
        self.context.staged.clear();
        Ok(Parsed { draft, oddities: core::mem::take(&mut self.context.oddities), size: self.size, held: self.context.held() })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for number in self.context.staged.drain(..) {
            self.context.destination.discard(number);
        }
    }
}
