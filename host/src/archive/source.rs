//! The bytes of a file, uncompressed: gzip, xz and zstd are told by their first bytes, never by name.

use crate::archive::read_ahead::ReadAhead;
use crate::archive::{ArchiveError, ArchiveTrouble};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is read at once.
const BUFFER: usize = 256 << 10;

/// How many bytes of a file were read, compressed ones where it is compressed.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

struct Counted {
    file: File,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.progress.add(count as u64);
        Ok(count)
    }
}

/// An open file.
pub(super) struct Source {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    compressed: bool,
    /// Uncompressed bytes consumed.
    offset: u64,
    /// Bytes looked at before they are consumed.
    ahead: Vec<u8>,
    ahead_used: usize,
}

impl Source {
    pub(super) fn open(path: &Path, progress: Progress) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(|error| ArchiveError::io(path, error))?;
        let mut input = BufReader::with_capacity(BUFFER, Counted { file, progress });
        let start = input.fill_buf().map_err(|error| ArchiveError::io(path, error))?;
        let damaged = |error| ArchiveError::new(path, 0, ArchiveTrouble::Damaged(error));
        let unreadable = |error| ArchiveError::io(path, error);
        let (input, compressed): (Box<dyn BufRead + Send>, bool) = match start {
            [0x1F, 0x8B, ..] => {
                (Box::new(ReadAhead::start(flate2::bufread::MultiGzDecoder::new(input)).map_err(unreadable)?), true)
            }
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => {
                let decoder = liblzma::bufread::XzDecoder::new_multi_decoder(input);
                (Box::new(ReadAhead::start(decoder).map_err(unreadable)?), true)
            }
            [0x28, 0xB5, 0x2F, 0xFD, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(damaged)?;
                (Box::new(ReadAhead::start(decoder).map_err(unreadable)?), true)
            }
            _ => (Box::new(input), false),
        };
        Ok(Self { path: path.to_owned(), input, compressed, offset: 0, ahead: Vec::new(), ahead_used: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Uncompressed bytes consumed so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes, at most `limit` of them, without consuming them; fewer only at the end.
    pub(super) fn look_ahead(&mut self, limit: usize) -> Result<&[u8], ArchiveError> {
        self.ahead.drain(..self.ahead_used);
        self.ahead_used = 0;
        if let Some(more) = limit.checked_sub(self.ahead.len())
            && let Err(error) = (&mut self.input).take(more as u64).read_to_end(&mut self.ahead)
        {
            // What could be read is used first; the error comes again when it is reached.
            if self.ahead.is_empty() {
                return Err(self.failed(error));
            }
        }
        Ok(&self.ahead[..limit.min(self.ahead.len())])
    }

    /// Some of the next bytes; none at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], ArchiveError> {
        if self.ahead_used < self.ahead.len() {
            return Ok(&self.ahead[self.ahead_used..]);
        }
        loop {
            // The borrow of a successful read cannot be returned from inside the loop's match.
            match self.input.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        let offset = self.offset;
        let (path, compressed) = (&self.path, self.compressed);
        self.input.fill_buf().map_err(|error| failure(path, offset, compressed, error))
    }

    /// Consumes bytes that [`Source::fill`] showed.
    pub(super) fn consume(&mut self, count: usize) {
        self.offset += count as u64;
        if self.ahead_used < self.ahead.len() {
            self.ahead_used += count;
        } else {
            self.input.consume(count);
        }
    }

    fn failed(&self, error: io::Error) -> ArchiveError {
        failure(&self.path, self.offset + (self.ahead.len() - self.ahead_used) as u64, self.compressed, error)
    }
}

fn failure(path: &Path, offset: u64, compressed: bool, error: io::Error) -> ArchiveError {
    let trouble = if compressed { ArchiveTrouble::Damaged(error) } else { ArchiveTrouble::Io(error) };
    ArchiveError::new(path, offset, trouble)
}
