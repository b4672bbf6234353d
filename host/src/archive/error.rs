//! Why an archive could not be read, naming the file and the place in it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with an archive.
#[derive(Debug)]
pub enum ArchiveTrouble {
    /// It cannot be opened or read.
    Io(io::Error),
    /// Its compressed data ends too early or is damaged.
    Damaged(io::Error),
    /// It is empty.
    Empty,
    /// It is of no kind that can be read; what it seems to be, if that is known.
    Unknown(Option<&'static str>),
    /// It is a directory but no Maildir.
    NoMaildir,
}

/// An archive that could not be read.
#[derive(Debug)]
pub struct ArchiveError {
    /// The file.
    pub path: PathBuf,
    /// How far it was read: bytes of its uncompressed content.
    pub offset: u64,
    /// Why.
    pub trouble: ArchiveTrouble,
}

impl ArchiveError {
    pub(super) fn new(path: &Path, offset: u64, trouble: ArchiveTrouble) -> Self {
        Self { path: path.to_owned(), offset, trouble }
    }

    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::new(path, 0, ArchiveTrouble::Io(error))
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.trouble {
            ArchiveTrouble::Io(error) if self.offset == 0 => {
                write!(f, "{path} cannot be read: {error}; name an mbox, a Maildir or a single message that can be")
            }
            ArchiveTrouble::Io(error) => write!(f, "{path} cannot be read beyond byte {}: {error}", self.offset),
            ArchiveTrouble::Damaged(error) => write!(
                f,
                "{path} is truncated or damaged: its compressed data ends after {} bytes of content ({error}); \
                 get a complete copy and try again",
                self.offset
            ),
            ArchiveTrouble::Empty => write!(f, "{path} is empty; name an mbox, a Maildir or a single message"),
            ArchiveTrouble::Unknown(Some(kind)) => {
                write!(f, "{path} is {kind}, which cannot be imported; name an mbox, a Maildir or a single message")
            }
            ArchiveTrouble::Unknown(None) => {
                write!(f, "{path} is no mail archive: it begins with neither an mbox envelope line nor a message header")
            }
            ArchiveTrouble::NoMaildir => write!(f, "{path} is a directory but no Maildir: it has neither a cur nor a new folder"),
        }
    }
}

/// The sentence holds the system's reason already, so there is no source to print after it.
impl std::error::Error for ArchiveError {}
