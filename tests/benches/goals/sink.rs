//! A mail server that takes everything and keeps the bytes until they are asked for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;

/// The server; it ends with the process.
pub(crate) struct Sink {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// When the server acknowledges what it was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// When the kernel does: up to 40 ms late, in the hope of an answer to send along.
    Late,
    /// With every packet, where the kernel can be told so.
    AtOnce,
}

impl Sink {
    /// Starts it.
    pub(crate) fn start(acknowledge: Acknowledge) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let keep = Arc::clone(&keep);
                // A client that goes ends its own conversation only.
                std::thread::spawn(move || converse(Peer { stream: &stream, acknowledge }, &keep).is_ok());
            }
        });
        Ok(Self { port, taken })
    }

    /// The messages taken since this was called the last time, as they were before they were sent.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The client's side of a connection.
struct Peer<'a> {
    stream: &'a TcpStream,
    acknowledge: Acknowledge,
}

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        #[cfg(target_os = "linux")]
        if self.acknowledge == Acknowledge::AtOnce {
            // It holds for what comes next only.
            std::os::linux::net::TcpStreamExt::set_quickack(self.stream, true)?;
        }
        (&mut &*self.stream).read(buffer)
    }
}

fn converse(peer: Peer<'_>, keep: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<()> {
    peer.stream.set_nodelay(true)?;
    let (mut out, mut input) = (peer.stream, BufReader::with_capacity(BUFFER, peer));
    out.write_all(b"220 sink\r\n")?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            b"EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n",
            b"DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let Some(message) = message(&mut input)? else { return Ok(()) };
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                b"250 taken\r\n"
            }
            b"QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => b"250 fine\r\n",
        };
        out.write_all(answer)?;
    }
}

/// The lines up to the single dot, without the dots that were added; `None` where the client goes in between.
fn message(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    loop {
        let begin = message.len();
        if input.read_until(b'\n', &mut message)? == 0 {
            return Ok(None);
        }
        if message.get(begin..) == Some(b".\r\n") {
            message.truncate(begin);
            return Ok(Some(message));
        }
        if message.get(begin) == Some(&b'.') {
            message.remove(begin);
        }
    }
}
