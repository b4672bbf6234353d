//! Mail archives: mbox in all quoting dialects, Maildir, single messages; plain, gzip, xz or zstd.
//!
//! [`ArchiveWriter`] writes them: mboxrd, Maildir or single messages, whole or not at all. An [`Archive`] yields its messages in order, each in pieces, in bounded memory whatever its lines are
//! like, with a digest of its bytes. What a message means is not looked at.
//!
//! ```no_run
//! # fn main() -> Result<(), mapi_session::archive::ArchiveError> {
//! let mut archive = mapi_session::archive::Archive::open("list.mbox.xz".as_ref(), None)?;
//! let mut piece = Vec::new();
//! while let Some(message) = archive.next_message()? {
//!     while archive.read_piece(&mut piece)? {
//!         // … write the piece to an importer
//!     }
//!     println!("{} {:?}", message.ordinal, archive.digest());
//! }
//! # Ok(())
//! # }
//! ```

mod envelope;
mod error;
mod intake;
mod maildir;
mod mbox;
mod read_ahead;
mod source;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{ArchiveError, ArchiveTrouble};
pub use intake::{Intake, IntakeError};
pub use maildir::{MaildirFlags, MaildirSubfolder};
pub use mbox::Quoting;
pub use writer::{ArchiveWriter, Envelope, WrittenKind};

use mbox::Mbox;
use source::{Progress, Source};
use std::path::{Path, PathBuf};

/// How much of a file its kind is told by.
const HEAD: usize = 16 << 10;
/// About how much is handed out at once.
const PIECE: usize = 64 << 10;

/// What kind of archive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveKind {
    /// An mbox in that dialect.
    Mbox(Quoting),
    /// A Maildir.
    Maildir,
    /// A single message.
    Message,
}

/// A message of an archive, without its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveMessage {
    /// Its number in the archive, from 0.
    pub ordinal: u64,
    /// Where its content begins: bytes into the uncompressed file.
    pub offset: u64,
    /// The file it lies in, if that is not the archive itself.
    pub file: Option<PathBuf>,
    /// Its size on disk, if known.
    pub size_hint: Option<u64>,
    /// The sender on its envelope line.
    pub envelope_sender: Option<String>,
    /// The date on its envelope line, in seconds since 1970-01-01 UTC.
    pub envelope_date: Option<i64>,
    /// Its Maildir flags.
    pub flags: Option<MaildirFlags>,
}

enum Reading {
    Mbox(Box<Mbox>),
    Maildir { files: std::vec::IntoIter<(PathBuf, MaildirFlags)>, current: Option<Source> },
    Message { source: Source, begun: bool },
}

/// An archive being read.
pub struct Archive {
    path: PathBuf,
    reading: Reading,
    ordinal: u64,
    size: u64,
    progress: Progress,
    hasher: blake3::Hasher,
}

impl Archive {
    /// Opens an archive; kind, compression and, unless given, mbox dialect are told by its content.
    ///
    /// # Errors
    /// When it cannot be opened, or is no archive.
    pub fn open(path: &Path, quoting: Option<Quoting>) -> Result<Self, ArchiveError> {
        let metadata = std::fs::metadata(path).map_err(|error| ArchiveError::io(path, error))?;
        let progress = Progress::default();
        let (reading, size) = if metadata.is_dir() {
            let (files, size) = maildir::list(path)?;
            (Reading::Maildir { files: files.into_iter(), current: None }, size)
        } else {
            let mut source = Source::open(path, progress.clone())?;
            let reading = match tell(&mut source)? {
                Content::Mbox => Reading::Mbox(Box::new(Mbox::new(source, quoting)?)),
                Content::Message => Reading::Message { source, begun: false },
            };
            (reading, metadata.len())
        };
        Ok(Self { path: path.to_owned(), reading, ordinal: 0, size, progress, hasher: blake3::Hasher::new() })
    }

    /// The subfolders of a Maildir (Maildir++), parents before their children; none of any other archive. Each
    /// is opened by its own path.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn subfolders(&self) -> Result<Vec<MaildirSubfolder>, ArchiveError> {
        match &self.reading {
            Reading::Maildir { .. } => maildir::subfolders(&self.path),
            Reading::Mbox(_) | Reading::Message { .. } => Ok(Vec::new()),
        }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> ArchiveKind {
        match &self.reading {
            Reading::Mbox(mbox) => ArchiveKind::Mbox(mbox.quoting()),
            Reading::Maildir { .. } => ArchiveKind::Maildir,
            Reading::Message { .. } => ArchiveKind::Message,
        }
    }

    /// The path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size on disk, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How much of that has been read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.progress.bytes().min(self.size)
    }

    /// Goes on to the next message; what was not read of the last one is skipped. `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged there. A damaged archive yields all messages before the
    /// damage; the one it is in comes too, and fails where it is read.
    pub fn next_message(&mut self) -> Result<Option<ArchiveMessage>, ArchiveError> {
        self.hasher.reset();
        let message = match &mut self.reading {
            Reading::Mbox(mbox) => mbox.next()?.map(|envelope| ArchiveMessage {
                offset: mbox.offset(),
                envelope_sender: envelope.sender,
                envelope_date: envelope.date,
                ..ArchiveMessage::default()
            }),
            Reading::Maildir { files, current } => match files.next() {
                None => None,
                Some((file, flags)) => {
                    let size_hint = std::fs::metadata(&file).ok().map(|metadata| metadata.len());
                    *current = Some(Source::open(&file, self.progress.clone())?);
                    Some(ArchiveMessage { file: Some(file), size_hint, flags: Some(flags), ..ArchiveMessage::default() })
                }
            },
            Reading::Message { begun: true, .. } => None,
            Reading::Message { begun, .. } => {
                *begun = true;
                Some(ArchiveMessage { size_hint: Some(self.size), ..ArchiveMessage::default() })
            }
        };
        Ok(message.map(|message| {
            let ordinal = self.ordinal;
            self.ordinal += 1;
            ArchiveMessage { ordinal, ..message }
        }))
    }

    /// Replaces `piece` by the next bytes of the message; false at its end, when there are none.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged there.
    pub fn read_piece(&mut self, piece: &mut Vec<u8>) -> Result<bool, ArchiveError> {
        piece.clear();
        match &mut self.reading {
            Reading::Mbox(mbox) => mbox.read(piece)?,
            Reading::Maildir { current: Some(source), .. } | Reading::Message { source, begun: true } => {
                let buffer = source.fill()?;
                let count = buffer.len().min(PIECE);
                piece.extend_from_slice(&buffer[..count]);
                source.consume(count);
            }
            Reading::Maildir { .. } | Reading::Message { .. } => {}
        }
        self.hasher.update(piece);
        Ok(!piece.is_empty())
    }

    /// The BLAKE3 digest of the bytes of the message that were read; of all of it once it is read to its end.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

enum Content {
    Mbox,
    Message,
}

/// What a file holds, told by its beginning.
fn tell(source: &mut Source) -> Result<Content, ArchiveError> {
    let path = source.path().to_owned();
    let head = source.look_ahead(HEAD)?;
    if head.is_empty() {
        return Err(ArchiveError::new(&path, 0, ArchiveTrouble::Empty));
    }
    // Empty lines and byte order marks in front are tolerated.
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"From ") {
        return Ok(Content::Mbox);
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let name = line.iter().position(|byte| !matches!(byte, 33..=57 | 59..=126));
    if name.is_some_and(|at| at > 0 && line[at] == b':') {
        return Ok(Content::Message);
    }
    let known: [(&[u8], &str); 7] = [
        (b"!BDN", "an Outlook data file"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"BZh", "compressed with bzip2"),
        (b"\xD0\xCF\x11\xE0", "an Outlook message or Office file"),
        (b"SQLite format 3", "an SQLite database"),
        (b"%PDF", "a PDF document"),
        (b"\x7FELF", "a program"),
    ];
    let kind = known.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    Err(ArchiveError::new(&path, 0, ArchiveTrouble::Unknown(kind)))
}
