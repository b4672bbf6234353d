//! Taking archives into a folder, once each message, however often it is done.
//!
//! A message is known again by the digest of its bytes and by how many equal ones came before it in the archive:
//! taking an archive in again adds nothing, while two equal messages inside it stay two.

use super::{Archive, ArchiveError, ArchiveMessage};
use crate::{Folder, IMPORT_KEY, ImportOptions, ImportedMessage, MessageImport, MessageOptions};
use mapi_engine::error::Failure;
use mapi_engine::properties::{FileTime, Property, Value};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Messages up to this many bytes are held in memory until their digest is known; larger ones wait in a
/// temporary file.
const IN_MEMORY: usize = 8 << 20;
/// Bytes handed to the component at a time.
const PIECE: usize = 1 << 20;

/// Why an archive could not be taken in any further.
#[derive(Debug)]
pub enum IntakeError {
    /// It cannot be read.
    Archive(ArchiveError),
    /// The session or its store refused.
    Session(Failure),
    /// A large message could not be kept in a temporary file.
    Temporary(io::Error),
}

impl core::fmt::Display for IntakeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Archive(error) => error.fmt(f),
            Self::Session(failure) => failure.fmt(f),
            Self::Temporary(error) => write!(f, "a large message could not be kept in a temporary file: {error}"),
        }
    }
}

impl std::error::Error for IntakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Archive(error) => Some(error),
            Self::Session(failure) => Some(failure),
            Self::Temporary(error) => Some(error),
        }
    }
}

impl From<ArchiveError> for IntakeError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<Failure> for IntakeError {
    fn from(failure: Failure) -> Self {
        Self::Session(failure)
    }
}

impl From<io::Error> for IntakeError {
    fn from(error: io::Error) -> Self {
        Self::Temporary(error)
    }
}

/// A running import of archives into one folder. Messages are durable after [`Intake::flush`]; before, those are
/// whose batch was full.
pub struct Intake {
    import: MessageImport,
    known: HashSet<Vec<u8>>,
}

impl Intake {
    /// Begins, and reads which messages the folder has from archives.
    ///
    /// # Errors
    /// The session's and the store's own.
    pub async fn begin(folder: &Folder, options: ImportOptions) -> Result<Self, Failure> {
        let import = folder.import_messages(options).await?;
        let known = import.keys(IMPORT_KEY).await?.into_iter().collect();
        Ok(Self { import, known })
    }

    /// Takes in what the archive has from here on. Of each message the function is told what became of it: `None`
    /// for one that was known.
    ///
    /// # Errors
    /// The first failure; the messages before it are taken in.
    pub async fn archive(
        &mut self,
        archive: &mut Archive,
        mut told: impl FnMut(&Archive, &ArchiveMessage, Option<ImportedMessage>),
    ) -> Result<(), IntakeError> {
        let mut equal: HashMap<[u8; 32], u32> = HashMap::new();
        while let Some(message) = archive.next_message()? {
            let mut content = Content::read(archive)?;
            let digest = archive.digest();
            let before = equal.entry(digest).or_default();
            let key = import_key(&digest, *before);
            *before += 1;
            let imported = match self.known.insert(key.clone()) {
                true => Some(self.message(&message, &mut content, key).await?),
                false => None,
            };
            told(archive, &message, imported);
        }
        Ok(())
    }

    async fn message(
        &self,
        message: &ArchiveMessage,
        content: &mut Content,
        key: Vec<u8>,
    ) -> Result<ImportedMessage, IntakeError> {
        let options = MessageOptions {
            received: message.envelope_date.map(|seconds| FileTime::from_unix(seconds, 0)),
            keep_original: true,
            seen: message.flags.is_some_and(|flags| flags.seen),
            properties: vec![Property::new(IMPORT_KEY, Value::Binary(key))],
        };
        self.import.begin(options).await?;
        while let Some(piece) = content.next_piece()? {
            self.import.write(piece).await?;
        }
        Ok(self.import.finish().await?)
    }

    /// Makes all messages taken in durable: how many of them were not yet.
    ///
    /// # Errors
    /// The store's own.
    pub async fn flush(&self) -> Result<u32, Failure> {
        self.import.flush().await
    }
}

impl core::fmt::Debug for Intake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Intake").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

fn import_key(digest: &[u8; 32], equal_before: u32) -> Vec<u8> {
    let mut key = digest[..20].to_vec();
    key.extend(equal_before.to_be_bytes());
    key
}

/// The bytes of one message, kept until it is clear whether they are needed.
struct Content {
    memory: Vec<u8>,
    handed_out: usize,
    rest: Option<File>,
}

impl Content {
    fn read(archive: &mut Archive) -> Result<Self, IntakeError> {
        let mut content = Self { memory: Vec::new(), handed_out: 0, rest: None };
        let mut piece = Vec::new();
        while archive.read_piece(&mut piece)? {
            if let Some(file) = &mut content.rest {
                file.write_all(&piece)?;
            } else {
                content.memory.extend_from_slice(&piece);
                if content.memory.len() > IN_MEMORY {
                    content.rest = Some(tempfile::tempfile()?);
                }
            }
        }
        if let Some(file) = &mut content.rest {
            file.seek(SeekFrom::Start(0))?;
        }
        Ok(content)
    }

    fn next_piece(&mut self) -> Result<Option<Vec<u8>>, IntakeError> {
        if self.handed_out < self.memory.len() {
            let end = self.memory.len().min(self.handed_out + PIECE);
            let piece = self.memory[self.handed_out..end].to_vec();
            self.handed_out = end;
            return Ok(Some(piece));
        }
        let Some(file) = &mut self.rest else { return Ok(None) };
        let mut piece = Vec::with_capacity(PIECE);
        file.take(PIECE as u64).read_to_end(&mut piece)?;
        Ok(if piece.is_empty() { None } else { Some(piece) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_messages_have_different_keys_and_the_same_order_gives_the_same_keys() {
        let digest = [7; 32];
        assert_ne!(import_key(&digest, 0), import_key(&digest, 1));
        assert_eq!(import_key(&digest, 1), import_key(&digest, 1));
    }
}
