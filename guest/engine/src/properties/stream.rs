//! IStream on a property (`properties` 4.6): ranges of large values, in the width asked for.
//!
//! Text is stored as UTF-8 and shown as UTF-16LE or in the session code page; it is converted window by
//! window. A writable stream holds its value in memory until it is long, then hands it to the backend as it
//! grows: from there on it can only be appended to.

mod open;
mod text;
mod writer;

use crate::backend::{Log, LogLevel, ObjectId, Objects, StoredValue};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, PropType};
use crate::session::Alive;
pub(crate) use open::StreamOn;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use text::TextReader;
use writer::Writer;

/// Bytes one read returns at most.
const READ_LIMIT: u32 = 16 << 20;

/// The bytes a stream shows are those of this value.
#[derive(Clone)]
pub(crate) enum StreamSource {
    /// A stored value of that type and size (as counted by `RES_SIZE`).
    Stored {
        /// The backend.
        objects: Rc<dyn Objects>,
        /// The object.
        object: ObjectId,
        /// The tag with the stored type.
        tag: PropTag,
        /// Its size.
        size: u64,
    },
    /// Text held in memory.
    Text(Rc<str>),
    /// Bytes held in memory.
    Bytes(Rc<[u8]>),
}

/// Where a writable stream puts its value.
pub(crate) trait StreamTarget {
    /// Takes the value over.
    fn store(&self, tag: PropTag, value: StoredValue) -> Result<()>;
}

/// Where `Seek` counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekOrigin {
    /// The beginning.
    Start,
    /// The present position.
    Current,
    /// The end.
    End,
}

enum Content {
    Bytes(StreamSource),
    Text(RefCell<TextReader>),
    Writable(RefCell<Writer>),
}

/// A stream. It outlives its object for reading.
pub struct DataStream {
    alive: Alive,
    content: Content,
    position: Cell<u64>,
    target: Option<(Rc<dyn StreamTarget>, PropTag, bool)>,
    log: Rc<dyn Log>,
}

impl DataStream {
    /// A stream that shows a value as that type (`PT_BINARY`, `PT_UNICODE` or `PT_STRING8`).
    pub(crate) fn reader(alive: Alive, log: Rc<dyn Log>, source: StreamSource, kind: PropType) -> Self {
        let text = match &source {
            StreamSource::Stored { tag, .. } => tag.kind().is_string(),
            StreamSource::Text(_) => true,
            StreamSource::Bytes(_) => false,
        };
        let content = if text && kind.is_string() {
            Content::Text(RefCell::new(TextReader::new(source, kind)))
        } else {
            Content::Bytes(source)
        };
        Self { alive, content, position: Cell::new(0), target: None, log }
    }

    /// A stream that builds a new value from `initial`, which it begins with. Without a backend to hand a long
    /// value to, it stays short.
    pub(crate) fn writer(
        alive: Alive,
        log: Rc<dyn Log>,
        objects: Option<Rc<dyn Objects>>,
        initial: Vec<u8>,
        target: WriteTarget,
    ) -> Self {
        let position = if target.append { initial.len() as u64 } else { 0 };
        let writer = Writer::new(objects, target.tag.kind(), initial, target.created);
        Self {
            alive,
            content: Content::Writable(RefCell::new(writer)),
            position: Cell::new(position),
            target: Some((target.to, target.tag, target.transacted)),
            log,
        }
    }

    /// `Read`: up to `length` bytes, fewer at the end.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, the backend's own.
    pub fn read(&self, length: u32) -> Result<Vec<u8>> {
        self.alive.check()?;
        let (position, length) = (self.position.get(), length.min(READ_LIMIT));
        let bytes = match &self.content {
            Content::Bytes(StreamSource::Stored { objects, object, tag, .. }) => {
                objects.read_range(object, *tag, position, length)?
            }
            Content::Bytes(StreamSource::Bytes(bytes)) => part(bytes, position, length),
            Content::Bytes(StreamSource::Text(text)) => part(text.as_bytes(), position, length),
            Content::Text(reader) => reader.borrow_mut().read(position, length)?,
            Content::Writable(writer) => writer.borrow().read(position, length)?,
        };
        self.position.set(position.saturating_add(bytes.len() as u64));
        Ok(bytes)
    }

    /// The number of bytes.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, the backend's own.
    pub fn size(&self) -> Result<u64> {
        self.alive.check()?;
        match &self.content {
            Content::Bytes(StreamSource::Stored { size, .. }) => Ok(*size),
            Content::Bytes(StreamSource::Bytes(bytes)) => Ok(bytes.len() as u64),
            Content::Bytes(StreamSource::Text(text)) => Ok(text.len() as u64),
            Content::Text(reader) => reader.borrow_mut().size(),
            Content::Writable(writer) => Ok(writer.borrow().size()),
        }
    }

    /// `Seek`: the new position, which may lie behind the end.
    ///
    /// # Errors
    /// `STG_E_INVALIDFUNCTION` before the beginning.
    pub fn seek(&self, origin: SeekOrigin, offset: i64) -> Result<u64> {
        let base = match origin {
            SeekOrigin::Start => 0,
            SeekOrigin::Current => self.position.get(),
            SeekOrigin::End => self.size()?,
        };
        self.alive.check()?;
        let position = base.checked_add_signed(offset).ok_or_else(|| {
            Failure::new(Code::StgEInvalidfunction, "The position would lie before the beginning of the stream.")
        })?;
        self.position.set(position);
        Ok(position)
    }

    fn writer_cell(&self) -> Result<&RefCell<Writer>> {
        match &self.content {
            Content::Writable(writer) => Ok(writer),
            _ => Err(Failure::new(
                Code::StgEAccessdenied,
                "The stream was opened for reading; open the property with MAPI_MODIFY to write.",
            )),
        }
    }

    /// `Write` at the position; a gap reads as zero.
    ///
    /// # Errors
    /// `STG_E_ACCESSDENIED` on a read-only stream, `STG_E_MEDIUMFULL`, `STG_E_INVALIDFUNCTION` in a part of a
    /// long value that is with the backend already, the backend's own.
    pub fn write(&self, bytes: &[u8]) -> Result<u32> {
        self.alive.check()?;
        let position = self.position.get();
        self.writer_cell()?.borrow_mut().write(position, bytes)?;
        self.position.set(position.saturating_add(bytes.len() as u64));
        Ok(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
    }

    /// `SetSize`.
    ///
    /// # Errors
    /// As [`DataStream::write`].
    pub fn set_size(&self, size: u64) -> Result<()> {
        self.alive.check()?;
        self.writer_cell()?.borrow_mut().set_size(size)
    }

    /// `Commit`: makes the value visible on the object.
    ///
    /// # Errors
    /// The object's own.
    pub fn commit(&self) -> Result<()> {
        self.alive.check()?;
        self.commit_inner()
    }

    fn commit_inner(&self) -> Result<()> {
        let (Some((target, tag, _)), Content::Writable(writer)) = (&self.target, &self.content) else { return Ok(()) };
        let Some(value) = writer.borrow_mut().value()? else { return Ok(()) };
        target.store(*tag, value)?;
        writer.borrow_mut().committed();
        Ok(())
    }

    /// `Revert`: of a transacted stream, forgets what was written since the last commit, so that its release
    /// stores nothing; void on others.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub fn revert(&self) -> Result<()> {
        self.alive.check()?;
        if let (Some((_, _, true)), Content::Writable(writer)) = (&self.target, &self.content) {
            writer.borrow_mut().revert();
        }
        Ok(())
    }
}

impl Drop for DataStream {
    fn drop(&mut self) {
        // Release commits, unless the stream is transacted or the session is over.
        if !matches!(self.target, Some((_, _, false))) || !self.alive.is_alive() {
            return;
        }
        if let Err(failure) = self.commit_inner() {
            self.log.log(LogLevel::Warn, &format!("a released stream could not store its value: {failure}"));
        }
    }
}

/// What a writable stream is for.
pub(crate) struct WriteTarget {
    /// The object.
    pub(crate) to: Rc<dyn StreamTarget>,
    /// The property, with the type the stream shows.
    pub(crate) tag: PropTag,
    /// `STGM_TRANSACTED`.
    pub(crate) transacted: bool,
    /// `STREAM_APPEND`.
    pub(crate) append: bool,
    /// The value was created by opening it: it becomes visible even if nothing is written.
    pub(crate) created: bool,
}

/// A range of bytes, fewer at the end.
fn part(bytes: &[u8], position: u64, length: u32) -> Vec<u8> {
    let start = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
    let end = start.saturating_add(length as usize).min(bytes.len());
    bytes[start..end].to_vec()
}
