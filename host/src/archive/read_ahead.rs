//! Decompression on a thread of its own, a few blocks ahead of whoever reads.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, sync_channel};

/// Bytes handed over at once.
const BLOCK: usize = 256 << 10;

/// Blocks that may wait for the reader.
const WAITING: usize = 4;

/// What a reader on another thread has read. The thread ends with the input, or when this is dropped.
pub(super) struct ReadAhead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    used: usize,
    /// The error that ended the input; it stays.
    failed: Option<(io::ErrorKind, String)>,
}

impl ReadAhead {
    pub(super) fn start(mut reader: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, blocks) = sync_channel(WAITING);
        let read = move || {
            loop {
                let mut block = Vec::with_capacity(BLOCK);
                let outcome = reader.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                // What was read before an error counts.
                if !block.is_empty() && sender.send(Ok(block)).is_err() {
                    return;
                }
                match outcome {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) => {
                        // Nobody may be left to hear of it.
                        let _unheard = sender.send(Err(error));
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new().name("mapi-session-archive".into()).spawn(read)?;
        Ok(Self { blocks, block: Vec::new(), used: 0, failed: None })
    }
}

impl BufRead for ReadAhead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.block.len() && self.failed.is_none() {
            match self.blocks.recv() {
                Ok(Ok(block)) => (self.block, self.used) = (block, 0),
                Ok(Err(error)) => self.failed = Some((error.kind(), error.to_string())),
                // The end.
                Err(_) => return Ok(&[]),
            }
        }
        match &self.failed {
            Some((kind, message)) if self.used == self.block.len() => Err(io::Error::new(*kind, message.clone())),
            _ => Ok(&self.block[self.used..]),
        }
    }

    fn consume(&mut self, count: usize) {
        self.used = self.block.len().min(self.used + count);
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails after its bytes.
    struct Broken(usize);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("worn out"));
            }
            let count = self.0.min(buffer.len());
            buffer[..count].fill(7);
            self.0 -= count;
            Ok(count)
        }
    }

    #[test]
    fn all_bytes_arrive_and_then_the_end() {
        let bytes: Vec<u8> = (0..BLOCK * 6 + 17).map(|number| number.to_le_bytes()[0]).collect();
        let mut ahead = ReadAhead::start(io::Cursor::new(bytes.clone())).unwrap();
        let mut read = Vec::new();
        ahead.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        assert_eq!(ahead.fill_buf().unwrap(), b"");
    }

    #[test]
    fn an_error_comes_behind_the_bytes_before_it_and_stays() {
        let mut ahead = ReadAhead::start(Broken(BLOCK + 5)).unwrap();
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap_err().to_string(), "worn out");
        assert_eq!(read.len(), BLOCK + 5);
        assert_eq!(ahead.fill_buf().unwrap_err().to_string(), "worn out");
    }
}
