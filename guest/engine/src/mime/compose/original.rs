//! A message as it was received, on its way out again: byte for byte, or with what the receiver must not see
//! taken out of its header. Its content stays what was signed.

use crate::error::Result;
use crate::mime::compose::ComposeOptions;
use crate::mime::compose::content::{Content, Reading};
use crate::mime::header::BLOCK_LIMIT;
use crate::properties::StreamSource;

/// The header block of an original, read before any of it is given out.
pub(super) struct Original {
    content: Content,
    /// Leave out `Bcc`: the header is still to be read.
    filter: Option<Filter>,
}

#[derive(Default)]
struct Filter {
    header: Vec<u8>,
}

impl Original {
    pub(super) fn new(source: StreamSource, options: ComposeOptions) -> Self {
        let content = if options.network_line_ends { Content::lines(source) } else { Content::as_is(source) };
        Self { content, filter: (!options.bcc).then(Filter::default) }
    }

    /// Writes the next piece; false at the end.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        let Some(filter) = &mut self.filter else { return self.content.write(out) };
        let more = self.content.write(&mut filter.header)?;
        let end = header_end(&filter.header);
        // A block too large to be one is cut off like the reader does.
        if end.is_none() && more && filter.header.len() <= BLOCK_LIMIT {
            return Ok(true);
        }
        let end = end.unwrap_or(filter.header.len());
        let bytes = self.filter.take().map(|filter| filter.header).unwrap_or_default();
        without_bcc(&bytes[..end], out);
        out.extend_from_slice(&bytes[end..]);
        Ok(more)
    }
}

/// Where the empty line behind the header block begins.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// Copies a header block but for its `Bcc` and `Resent-Bcc` fields.
fn without_bcc(block: &[u8], out: &mut Vec<u8>) {
    let mut dropping = false;
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
            dropping = line.contains(&b':') && [&b"bcc"[..], b"resent-bcc"].iter().any(|bcc| name.eq_ignore_ascii_case(bcc));
        }
        if !dropping {
            out.extend_from_slice(line);
        }
    }
}

/// Reads the header block a content begins with, up to a limit.
pub(super) fn leading_block(source: &StreamSource) -> Result<Vec<u8>> {
    let mut reading = Reading::new(source.clone());
    let mut bytes = Vec::new();
    loop {
        let piece = reading.next()?;
        bytes.extend_from_slice(&piece);
        if let Some(end) = header_end(&bytes) {
            bytes.truncate(end);
            return Ok(bytes);
        }
        if piece.is_empty() || bytes.len() > BLOCK_LIMIT {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8], options: ComposeOptions) -> Vec<u8> {
        let mut original = Original::new(StreamSource::Bytes(bytes.into()), options);
        let mut out = Vec::new();
        while original.write(&mut out).unwrap() {}
        out
    }

    #[test]
    fn an_export_is_byte_for_byte() {
        let bytes = b"To: a\nBcc: b\n\xE9\0\n\r\nbody\r";
        assert_eq!(written(bytes, ComposeOptions::EXPORT), bytes);
    }

    #[test]
    fn a_transmission_has_no_bcc_and_network_line_ends() {
        let bytes = b"To: a\nBcc: b,\n c\nresent-BCC : d\r\nSubject: Bcc: x\n\nBcc: body\n";
        assert_eq!(written(bytes, ComposeOptions::TRANSMISSION), b"To: a\r\nSubject: Bcc: x\r\n\r\nBcc: body\r\n");
        let header_only = b"Bcc: b\n";
        assert_eq!(written(header_only, ComposeOptions::TRANSMISSION), b"");
    }

    #[test]
    fn a_header_across_pieces_is_filtered_too() {
        let bytes = [b"X: ".to_vec(), vec![b'x'; 70_000], b"\nBcc: b\n\nbody".to_vec()].concat();
        let out = written(&bytes, ComposeOptions::TRANSMISSION);
        assert!(out.ends_with(b"x\r\n\r\nbody") && !out.windows(4).any(|window| window == b"Bcc:"));
    }
}
