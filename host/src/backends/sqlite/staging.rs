//! Large values on their way into a commit: in memory while small, then in a nameless temporary file, so
//! that nothing of them outlives the process.

use crate::backends::sqlite::database::lock;
use crate::backends::sqlite::large;
use crate::backends::sqlite::trouble::Outcome;
use mapi_engine::error::{Failure, Result};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Bytes a value may have before it is written to a file.
const IN_MEMORY: usize = 1 << 20;

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    File(File, u64),
}

/// One value that is being staged.
#[derive(Debug)]
pub(super) struct Staged(Mutex<Content>);

impl Staged {
    /// Stores the value in the file and says how many bytes it has.
    pub(super) fn store(&self, connection: &Connection, number: i64) -> Outcome<u64> {
        match &mut *lock(&self.0) {
            Content::Memory(bytes) => {
                large::store(connection, number, bytes)?;
                Ok(bytes.len() as u64)
            }
            Content::File(file, length) => {
                file.seek(SeekFrom::Start(0))?;
                large::store_from(connection, number, file)?;
                Ok(*length)
            }
        }
    }

    fn append(&self, bytes: &[u8], folder: &Path) -> std::io::Result<()> {
        let content = &mut *lock(&self.0);
        match content {
            Content::Memory(held) if held.len() + bytes.len() <= IN_MEMORY => held.extend_from_slice(bytes),
            Content::Memory(held) => {
                let mut file = tempfile::tempfile_in(folder)?;
                file.write_all(held)?;
                file.write_all(bytes)?;
                *content = Content::File(file, (held.len() + bytes.len()) as u64);
            }
            Content::File(file, length) => {
                file.seek(SeekFrom::Start(*length))?;
                file.write_all(bytes)?;
                *length += bytes.len() as u64;
            }
        }
        Ok(())
    }
}

/// The values being staged by the sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Staging {
    values: Mutex<(u64, BTreeMap<u64, Arc<Staged>>)>,
}

impl Staging {
    /// Begins a value.
    pub(super) fn begin(&self) -> u64 {
        let (last, values) = &mut *lock(&self.values);
        *last += 1;
        values.insert(*last, Arc::new(Staged(Mutex::new(Content::Memory(Vec::new())))));
        *last
    }

    /// The value with that number.
    pub(super) fn find(&self, number: u64) -> Result<Arc<Staged>> {
        lock(&self.values)
            .1
            .get(&number)
            .cloned()
            .ok_or_else(|| Failure::not_found("No such value is being staged; it was used or discarded."))
    }

    /// Appends to a value; its file lies in that folder.
    pub(super) fn append(&self, number: u64, bytes: &[u8], folder: &Path) -> Outcome<()> {
        Ok(self.find(number)?.append(bytes, folder)?)
    }

    /// Forgets a value.
    pub(super) fn discard(&self, number: u64) {
        lock(&self.values).1.remove(&number);
    }
}
