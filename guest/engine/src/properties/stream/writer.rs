//! The value behind a writable stream.

use super::part;
use crate::backend::{Objects, StagedValue, StoredValue};
use crate::error::{Code, Failure, Result};
use crate::properties::{PropType, Value, code_page};
use std::rc::Rc;

/// A value above this many bytes goes to the backend as it grows.
const SPILL_ABOVE: usize = 4 << 20;
/// Bytes handed over in one call.
const CHUNK: usize = 1 << 20;
/// A gap is filled with at most this many zeros at once.
const GAP_LIMIT: u64 = 256 << 20;

/// Bytes with the backend already.
struct Staged {
    number: u64,
    /// Bytes of the stream they stand for.
    length: u64,
    /// Their size as counted by `RES_SIZE`.
    size: u64,
    /// The object holds the value: it is no longer ours to discard.
    handed_over: bool,
}

pub(super) struct Writer {
    /// `None`: the value has to stay short.
    objects: Option<Rc<dyn Objects>>,
    kind: PropType,
    /// What follows the staged part.
    bytes: Vec<u8>,
    staged: Option<Staged>,
    dirty: bool,
}

impl Writer {
    pub(super) fn new(objects: Option<Rc<dyn Objects>>, kind: PropType, bytes: Vec<u8>, dirty: bool) -> Self {
        Self { objects, kind, bytes, staged: None, dirty }
    }

    fn staged_length(&self) -> u64 {
        self.staged.as_ref().map_or(0, |staged| staged.length)
    }

    pub(super) fn size(&self) -> u64 {
        self.staged_length() + self.bytes.len() as u64
    }

    pub(super) fn read(&self, position: u64, length: u32) -> Result<Vec<u8>> {
        if position < self.staged_length() && length > 0 {
            return Err(Failure::new(
                Code::StgEInvalidfunction,
                "The beginning of this long value is on its way to the store; save the object to read it.",
            ));
        }
        Ok(part(&self.bytes, position - self.staged_length().min(position), length))
    }

    pub(super) fn write(&mut self, position: u64, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.check_end(position.saturating_add(bytes.len() as u64))?;
        let start = self.grow(position)?;
        let overlap = (self.bytes.len() - start).min(bytes.len());
        self.bytes[start..start + overlap].copy_from_slice(&bytes[..overlap]);
        self.bytes.extend_from_slice(&bytes[overlap..]);
        self.dirty = true;
        self.spill()
    }

    pub(super) fn set_size(&mut self, size: u64) -> Result<()> {
        self.check_end(size)?;
        if size == 0 {
            self.discard();
            self.bytes.clear();
        } else {
            let length = self.grow(size)?;
            self.bytes.truncate(length);
        }
        self.dirty = true;
        self.spill()
    }

    /// Without a backend to hand it to, a value cannot become long.
    fn check_end(&self, end: u64) -> Result<()> {
        if self.objects.is_none() && end > SPILL_ABOVE as u64 {
            return Err(Failure::new(Code::StgEMediumfull, "This object holds no values of that length."));
        }
        Ok(())
    }

    /// A place in the stream as a place in [`Writer::bytes`].
    fn own(&self, position: u64) -> Result<usize> {
        let Some(place) = position.checked_sub(self.staged_length()) else {
            return Err(Failure::new(
                Code::StgEInvalidfunction,
                "The beginning of this long value is on its way to the store and can no longer be changed; set the size to 0 and write it again.",
            ));
        };
        if place > GAP_LIMIT {
            return Err(Failure::new(Code::StgEMediumfull, "The stream cannot grow that much at once."));
        }
        usize::try_from(place).map_err(|_| Failure::new(Code::StgEMediumfull, "The stream cannot grow that much at once."))
    }

    /// Fills a gap before a position with zeros, a window at a time: a far position must not cost its length in memory.
    fn grow(&mut self, position: u64) -> Result<usize> {
        loop {
            let place = self.own(position)?;
            let length = self.bytes.len();
            if place <= length {
                return Ok(place);
            }
            self.bytes.resize(place.min(length + CHUNK), 0);
            self.spill()?;
        }
    }

    /// Hands a long value to the backend, but for its last window, which may still be changed.
    fn spill(&mut self) -> Result<()> {
        let Some(objects) = self.objects.clone() else { return Ok(()) };
        while self.bytes.len() > SPILL_ABOVE {
            let length = if self.kind == PropType::UNICODE { whole_units(&self.bytes[..CHUNK]) } else { CHUNK };
            let (piece, size) = self.stored_form(&self.bytes[..length]);
            let number = match &self.staged {
                Some(staged) => staged.number,
                None => {
                    let number = objects.stage()?;
                    self.staged = Some(Staged { number, length: 0, size: 0, handed_over: false });
                    number
                }
            };
            objects.append(number, &piece)?;
            if let Some(staged) = &mut self.staged {
                staged.length += length as u64;
                staged.size += size;
            }
            self.bytes.drain(..length);
        }
        Ok(())
    }

    /// Bytes of the stream as the backend stores them, and their size as counted by `RES_SIZE`.
    fn stored_form(&self, bytes: &[u8]) -> (Vec<u8>, u64) {
        match self.kind {
            PropType::UNICODE => {
                let text = utf16(bytes);
                let size = Value::Unicode(text.clone()).size();
                (text.into_bytes(), size)
            }
            PropType::STRING8 => {
                let text = code_page::decode(bytes);
                let size = Value::Unicode(text.clone()).size();
                (text.into_bytes(), size)
            }
            _ => (bytes.to_vec(), bytes.len() as u64),
        }
    }

    /// The value so far, `None` when nothing changed since it was last taken.
    pub(super) fn value(&mut self) -> Result<Option<StoredValue>> {
        if !self.dirty {
            return Ok(None);
        }
        if self.staged.is_none() {
            return Ok(Some(StoredValue::Inline(match self.kind {
                PropType::UNICODE => Value::Unicode(code_page::until_nul(&utf16(&self.bytes)).into_owned()),
                PropType::STRING8 => Value::Unicode(code_page::decode(&self.bytes)),
                _ => Value::Binary(self.bytes.clone()),
            })));
        }
        let (piece, size) = self.stored_form(&self.bytes);
        let length = self.bytes.len() as u64;
        let (Some(staged), Some(objects)) = (&mut self.staged, &self.objects) else { return Ok(None) };
        for chunk in piece.chunks(CHUNK) {
            objects.append(staged.number, chunk)?;
        }
        staged.length += length;
        staged.size += size;
        let value = StagedValue { number: staged.number, size: staged.size };
        self.bytes.clear();
        Ok(Some(StoredValue::Staged(value)))
    }

    /// The object has taken the value over.
    pub(super) fn committed(&mut self) {
        self.dirty = false;
        if let Some(staged) = &mut self.staged {
            staged.handed_over = true;
        }
    }

    /// Forgets that anything was written.
    pub(super) fn revert(&mut self) {
        self.dirty = false;
    }

    fn discard(&mut self) {
        if let Some(staged) = self.staged.take()
            && !staged.handed_over
            && let Some(objects) = &self.objects
        {
            objects.discard(staged.number);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.discard();
    }
}

/// How many of the bytes are whole characters of UTF-16LE.
fn whole_units(bytes: &[u8]) -> usize {
    let even = bytes.len() & !1;
    let last = even.checked_sub(2).and_then(|at| bytes.get(at..even)).map_or(0, |unit| u16::from_le_bytes([unit[0], unit[1]]));
    if (0xD800..0xDC00).contains(&last) { even - 2 } else { even }
}

/// UTF-16LE bytes as text: an odd byte at the end is cut, a lone surrogate becomes U+FFFD.
fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16_lossy(&units)
}
