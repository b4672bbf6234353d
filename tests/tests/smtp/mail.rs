//! Messages of the shapes real mail has, and envelopes for them.

use mapi_session::archive::Archive;
use mapi_session::backend::{Envelope, EnvelopeRecipient};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::sample;

/// So many different messages: those of the sample mailbox, again and again under other message identifiers.
pub(crate) fn messages(count: usize) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.mbox");
    sample::write_mailbox(&mut std::fs::File::create(&path).unwrap()).unwrap();
    let mut archive = Archive::open(&path, None).unwrap();
    let (mut sample, mut piece) = (Vec::new(), Vec::new());
    while archive.next_message().unwrap().is_some() {
        let mut message = Vec::new();
        while archive.read_piece(&mut piece).unwrap() {
            message.extend_from_slice(&piece);
        }
        sample.push(message);
    }
    let numbered = |(number, message): (usize, &Vec<u8>)| [format!("X-Number: {number}\r\n").as_bytes(), message].concat();
    sample.iter().cycle().take(count).enumerate().map(numbered).collect()
}

/// A message as it stands after line ends have become those of the network.
pub(crate) fn normal(message: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(message.len());
    let mut rest = message;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'\r' => {
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                normal.extend_from_slice(b"\r\n");
            }
            b'\n' => normal.extend_from_slice(b"\r\n"),
            other => normal.push(other),
        }
    }
    if !normal.ends_with(b"\r\n") {
        normal.extend_from_slice(b"\r\n");
    }
    normal
}

pub(crate) fn envelope(number: usize, to: &[String], size: Option<u64>) -> Envelope {
    let recipients = (0..).zip(to).map(|(row, address)| EnvelopeRecipient {
        row,
        serve: true,
        properties: vec![
            Property::new(tags::ADDRTYPE, Value::Unicode("SMTP".into())),
            Property::new(tags::EMAIL_ADDRESS, Value::Unicode(address.clone())),
        ],
    });
    Envelope {
        entry_id: number.to_le_bytes().to_vec(),
        sender: "ann@example.org".into(),
        recipients: recipients.collect(),
        properties: Vec::new(),
        size,
        deferred: false,
    }
}
