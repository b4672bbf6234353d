//! Sending: a thousand messages to a mail server that takes everything and keeps nothing.

use crate::row::Figures;
use crate::stage::Stage;
use crate::timing::{median, milliseconds};
use anyhow::{Context as _, ensure};
use mapi_session::archive::Archive;
use mapi_session::backend::{Envelope, EnvelopeRecipient, OutcomeKind, Transport};
use mapi_session::backends::identity::MailIdentity;
use mapi_session::backends::smtp::{Security, SmtpSettings, SmtpTransport};
use mapi_session::properties::{Property, Value, tags};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Instant;

const MESSAGES: usize = 1_000;
const RUNS: u32 = 5;
/// Bytes handed over at a time, as the engine does.
const PIECE: usize = 64 << 10;

/// `transport.smtp_1k`: a thousand messages through the SMTP transport, against lettre sending the same bytes
/// to the same server over one connection.
pub(crate) fn smtp_1k(stage: &Stage) -> anyhow::Result<Figures> {
    let port = sink()?;
    let (file, messages) = messages(stage)?;
    let (port_text, runs) = (port.to_string(), RUNS.to_string());
    let reference = stage.reference(&[OsStr::new("smtp"), OsStr::new(&port_text), file.as_os_str(), OsStr::new(&runs)])?;
    let identity = MailIdentity::new(None, "ann@example.org")?;
    let settings = SmtpSettings { port, ..SmtpSettings::new("127.0.0.1", Security::None, identity) };
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let transport = SmtpTransport::new(settings.clone());
        let start = Instant::now();
        for message in &messages {
            let transfer = transport.begin(&envelope(message.len() as u64))?;
            for piece in message.chunks(PIECE) {
                transport.write(transfer, piece)?;
            }
            let outcome = transport.finish(transfer)?;
            ensure!(outcome.recipients == [(0, OutcomeKind::Delivered)], "a message was not taken: {outcome:?}");
        }
        samples.push(start.elapsed());
    }
    Ok(Figures::against(milliseconds(median(samples)?), milliseconds(reference)))
}

fn envelope(size: u64) -> Envelope {
    let recipient = EnvelopeRecipient {
        row: 0,
        serve: true,
        properties: vec![
            Property::new(tags::ADDRTYPE, Value::Unicode("SMTP".into())),
            Property::new(tags::EMAIL_ADDRESS, Value::Unicode("ben@example.org".into())),
        ],
    };
    Envelope {
        entry_id: vec![1],
        sender: "ann@example.org".into(),
        recipients: vec![recipient],
        properties: Vec::new(),
        size: Some(size),
        deferred: false,
    }
}

/// The messages, and a file of them: each behind its length, eight bytes, little-endian.
fn messages(stage: &Stage) -> anyhow::Result<(PathBuf, Vec<Vec<u8>>)> {
    let mut archive = Archive::open(&stage.archive()?, None)?;
    let (mut messages, mut piece) = (Vec::new(), Vec::new());
    while messages.len() < MESSAGES {
        archive.next_message()?.context("the archive has too few messages")?;
        let mut message = Vec::new();
        while archive.read_piece(&mut piece)? {
            message.extend_from_slice(&piece);
        }
        messages.push(with_network_line_ends(&message));
    }
    let file = stage.path("transport.messages");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file)?);
    for message in &messages {
        out.write_all(&(message.len() as u64).to_le_bytes())?;
        out.write_all(message)?;
    }
    out.flush()?;
    Ok((file, messages))
}

fn with_network_line_ends(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| [line.trim_ascii_end(), b"\r\n"].concat()).collect()
}

/// Starts a server that takes everything and keeps nothing; its port.
pub(crate) fn sink() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes ends its own conversation only.
            std::thread::spawn(move || converse(&stream).is_ok());
        }
    });
    Ok(port)
}

fn converse(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut out, mut input) = (stream, BufReader::with_capacity(PIECE, stream));
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
                while line != b".\r\n" {
                    line.clear();
                    if input.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                }
                b"250 taken\r\n"
            }
            b"QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => b"250 fine\r\n",
        };
        out.write_all(answer)?;
    }
}
