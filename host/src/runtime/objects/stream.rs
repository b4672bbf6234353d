//! `IStream`, as `OpenProperty` gives it.

use super::object;
use crate::runtime::world::exports::mapi::session::objects as wit;
use mapi_engine::error::Result;

/// `STREAM_SEEK_*`: what an offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekOrigin {
    /// The start.
    Start,
    /// The position.
    Current,
    /// The end.
    End,
}

object! {
    /// The bytes of a large property (`IStream`).
    DataStream
}

impl DataStream {
    /// `Read`: up to that many bytes; none at the end.
    ///
    /// # Errors
    /// The store's own.
    pub async fn read(&self, length: u32) -> Result<Vec<u8>> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IStream::Read", |live| {
            live.world.mapi_session_objects().data_stream().call_read(&mut live.store, this, length).await
        })
    }

    /// Everything from the position to the end, of a property known to fit into memory.
    ///
    /// # Errors
    /// The store's own.
    pub async fn read_to_end(&self) -> Result<Vec<u8>> {
        const RANGE: u32 = 1 << 20;
        let mut bytes = Vec::new();
        loop {
            let mut range = self.read(RANGE).await?;
            if range.is_empty() {
                return Ok(bytes);
            }
            bytes.append(&mut range);
        }
    }

    /// `Write`: all of the bytes.
    ///
    /// # Errors
    /// `STG_E_ACCESSDENIED`, `STG_E_MEDIUMFULL`.
    pub async fn write(&self, bytes: &[u8]) -> Result<()> {
        let (this, bytes) = (self.handle.resource, bytes.to_vec());
        call!(self.subsystem(), "IStream::Write", |live| {
            live.world.mapi_session_objects().data_stream().call_write(&mut live.store, this, &bytes).await
        })
    }

    /// `Seek`: the new position.
    ///
    /// # Errors
    /// `STG_E_INVALIDFUNCTION` before the start.
    pub async fn seek(&self, offset: i64, origin: SeekOrigin) -> Result<u64> {
        let this = self.handle.resource;
        let origin = match origin {
            SeekOrigin::Start => wit::SeekOrigin::Start,
            SeekOrigin::Current => wit::SeekOrigin::Current,
            SeekOrigin::End => wit::SeekOrigin::End,
        };
        call!(self.subsystem(), "IStream::Seek", |live| {
            live.world.mapi_session_objects().data_stream().call_seek(&mut live.store, this, offset, origin).await
        })
    }

    /// The size in bytes.
    ///
    /// # Errors
    /// The store's own.
    pub async fn size(&self) -> Result<u64> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IStream::Stat", |live| {
            live.world.mapi_session_objects().data_stream().call_size(&mut live.store, this).await
        })
    }

    /// `SetSize`.
    ///
    /// # Errors
    /// `STG_E_ACCESSDENIED`, `STG_E_MEDIUMFULL`.
    pub async fn set_size(&self, size: u64) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IStream::SetSize", |live| {
            live.world.mapi_session_objects().data_stream().call_set_size(&mut live.store, this, size).await
        })
    }

    /// `Commit`: hands what was written to the object.
    ///
    /// # Errors
    /// `STG_E_MEDIUMFULL`, `STG_E_REVERTED`.
    pub async fn commit(&self) -> Result<()> {
        let this = self.handle.resource;
        call!(self.subsystem(), "IStream::Commit", |live| {
            live.world.mapi_session_objects().data_stream().call_commit(&mut live.store, this).await
        })
    }
}
