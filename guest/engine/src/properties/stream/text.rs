//! Text shown as UTF-16LE or in the session code page, converted window by window.

use super::{StreamSource, part};
use crate::error::Result;
use crate::properties::{PropType, code_page};

/// Bytes of UTF-8 converted at once.
const WINDOW: u32 = 64 << 10;

/// A reader with the places it has been at, so that going back does not convert everything again.
pub(super) struct TextReader {
    source: StreamSource,
    kind: PropType,
    /// Where windows begin: in the stream, and in the stored UTF-8. The first is (0, 0).
    marks: Vec<(u64, u64)>,
    /// The whole text has been seen: the size of the stream.
    end: Option<u64>,
    /// The window converted last, by the number of its mark.
    window: Option<(usize, Vec<u8>)>,
}

impl TextReader {
    pub(super) fn new(source: StreamSource, kind: PropType) -> Self {
        Self { source, kind, marks: vec![(0, 0)], end: None, window: None }
    }

    /// The size of the stream.
    pub(super) fn size(&mut self) -> Result<u64> {
        if let (StreamSource::Stored { size, .. }, PropType::UNICODE) = (&self.source, self.kind) {
            return Ok(*size);
        }
        while self.end.is_none() {
            self.load(self.marks.len() - 1)?;
        }
        Ok(self.end.unwrap_or_default())
    }

    pub(super) fn read(&mut self, position: u64, length: u32) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut at = position;
        while bytes.len() < length as usize {
            // Go on from the last window known to begin at or before the position.
            let mut mark = self.marks.partition_point(|(start, _)| *start <= at) - 1;
            while self.end.is_none() && mark + 1 == self.marks.len() {
                self.load(mark)?;
                if mark + 1 < self.marks.len() && self.marks[mark + 1].0 <= at {
                    mark += 1;
                } else {
                    break;
                }
            }
            self.load(mark)?;
            let Some((_, window)) = &self.window else { break };
            let want = u32::try_from(length as usize - bytes.len()).unwrap_or(u32::MAX);
            let piece = part(window, at - self.marks[mark].0, want);
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Converts the window at a mark, and notes where the next one begins.
    fn load(&mut self, mark: usize) -> Result<()> {
        if self.window.as_ref().is_some_and(|(loaded, _)| *loaded == mark) {
            return Ok(());
        }
        let (start, offset) = self.marks[mark];
        let raw = match &self.source {
            StreamSource::Stored { objects, object, tag, .. } => objects.read_range(object, *tag, offset, WINDOW)?,
            StreamSource::Text(text) => part(text.as_bytes(), offset, WINDOW),
            StreamSource::Bytes(bytes) => part(bytes, offset, WINDOW),
        };
        // A window may end inside a character: that one belongs to the next.
        let whole = if raw.len() < WINDOW as usize { raw.len() } else { complete(&raw) };
        let text = String::from_utf8_lossy(&raw[..whole]);
        let converted = match self.kind {
            PropType::STRING8 => code_page::encode(&text),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        if mark + 1 == self.marks.len() && self.end.is_none() {
            let next = (start + converted.len() as u64, offset + whole as u64);
            if raw.len() < WINDOW as usize || whole == 0 {
                self.end = Some(next.0);
            } else {
                self.marks.push(next);
            }
        }
        self.window = Some((mark, converted));
        Ok(())
    }
}

/// The length of the bytes without a character cut off at their end.
fn complete(bytes: &[u8]) -> usize {
    match core::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str, kind: PropType) -> TextReader {
        TextReader::new(StreamSource::Text(text.into()), kind)
    }

    #[test]
    fn text_is_utf16_without_terminator_across_windows() {
        let text = "aé😀".repeat(40_000);
        let expected: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut stream = reader(&text, PropType::UNICODE);
        let mut all = Vec::new();
        loop {
            let piece = stream.read(all.len() as u64, 10_001).unwrap();
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        assert!(all == expected);
        assert_eq!(stream.size().unwrap(), expected.len() as u64);
        assert_eq!(stream.read(150_000, 100).unwrap(), &expected[150_000..150_100]);
        assert_eq!(stream.read(3, 4).unwrap(), &expected[3..7]);
        assert!(stream.read(expected.len() as u64 + 5, 4).unwrap().is_empty());
    }

    #[test]
    fn an_8_bit_stream_knows_its_size_before_it_is_read() {
        let text = "é→".repeat(50_000);
        let mut stream = reader(&text, PropType::STRING8);
        assert_eq!(stream.size().unwrap(), 100_000);
        assert_eq!(stream.read(99_998, 10).unwrap(), b"\xe9?");
    }
}
