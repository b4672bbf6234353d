//! Mail between two mailboxes of one folder.

use super::*;
use mapi_engine::properties::FileTime;

fn open(folder: &Path, address: &str) -> LocalTransport {
    LocalTransport::open(folder, MailIdentity::new(None, address).unwrap()).unwrap()
}

fn envelope(entry_id: u8, to: &[&str]) -> Envelope {
    let recipients = (0..).zip(to).map(|(row, address)| EnvelopeRecipient {
        row,
        serve: true,
        properties: vec![
            Property::new(tags::ADDRTYPE, Value::Unicode("smtp".into())),
            Property::new(tags::EMAIL_ADDRESS, Value::Unicode((*address).into())),
        ],
    });
    Envelope {
        entry_id: vec![entry_id],
        sender: "ann@example.org".into(),
        recipients: recipients.collect(),
        properties: Vec::new(),
        size: None,
        deferred: false,
    }
}

fn send(from: &LocalTransport, envelope: &Envelope, text: &[u8]) -> Outcome {
    let transfer = from.begin(envelope).unwrap();
    for piece in text.chunks(7) {
        from.write(transfer, piece).unwrap();
    }
    from.finish(transfer).unwrap()
}

fn receive(at: &LocalTransport) -> Option<(u64, Vec<u8>)> {
    let message = at.receive().unwrap()?;
    let mut text = Vec::new();
    while (text.len() as u64) < message.size {
        let piece = at.read(message.number, text.len() as u64, 5).unwrap();
        assert!(!piece.is_empty());
        text.extend(piece);
    }
    assert!(at.read(message.number, message.size, 5).unwrap().is_empty());
    Some((message.number, text))
}

const TEXT: &[u8] = b"Subject: Hello\r\n\r\n.\r\nWorld";

#[test]
fn a_message_waits_until_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (ann, ben) = (open(folder.path(), "ann@example.org"), open(folder.path(), "ben@example.org"));
    assert!(!ben.poll().unwrap() && ben.receive().unwrap().is_none());
    let outcome = send(&ann, &envelope(1, &["BEN@example.org"]), TEXT);
    assert_eq!((outcome.failure, outcome.recipients), (None, vec![(0, OutcomeKind::Delivered)]));
    assert!(ben.poll().unwrap() && !ann.poll().unwrap());
    let (number, text) = receive(&ben).unwrap();
    assert_eq!(text, TEXT);
    ben.acknowledge(number, false).unwrap();
    let (again, text) = receive(&ben).unwrap();
    assert_eq!(text, TEXT);
    assert!(ben.read(number, 0, 1).is_err() && ben.acknowledge(number, true).is_err());
    drop(ben);
    let ben = open(folder.path(), "ben@example.org");
    let (last, _) = receive(&ben).unwrap();
    assert!(last > 0 && again > 0);
    ben.acknowledge(last, true).unwrap();
    assert!(!ben.poll().unwrap() && ben.receive().unwrap().is_none());
}

#[test]
fn an_unknown_address_of_a_local_domain_fails_and_a_foreign_one_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let ann = open(folder.path(), "ann@example.org");
    let _other = open(folder.path(), "zoe@example.net");
    let to = ["ann@example.org", "nobody@example.org", "ann@example.com", "nobody@example.net"];
    let outcome = send(&ann, &envelope(1, &to), TEXT);
    let unknown = |outcome: &OutcomeKind| matches!(outcome, OutcomeKind::Failed { reason: 1, diagnostic: 35, status: 511, .. });
    assert_eq!(outcome.recipients[0].1, OutcomeKind::Delivered);
    assert!(unknown(&outcome.recipients[1].1) && unknown(&outcome.recipients[3].1));
    assert_eq!(outcome.recipients[2].1, OutcomeKind::NotDone);
    assert_eq!(ann.begin(&envelope(2, &["x@example.com"])).unwrap_err().code(), Code::NotMe);
}

#[test]
fn a_cancelled_message_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ann = open(folder.path(), "ann@example.org");
    let transfer = ann.begin(&envelope(1, &["ann@example.org"])).unwrap();
    ann.write(transfer, TEXT).unwrap();
    assert_eq!(ann.begin(&envelope(2, &["ann@example.org"])).unwrap_err().code(), Code::Busy);
    ann.cancel(transfer);
    assert!(ann.finish(transfer).is_err() && !ann.poll().unwrap());
    assert_eq!(std::fs::read_dir(folder.path().join("writing")).unwrap().count(), 0);
}

#[test]
fn a_message_handed_over_twice_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    let ann = open(folder.path(), "ann@example.org");
    let ben = open(folder.path(), "ben@example.org");
    for _ in 0..2 {
        send(&ann, &envelope(1, &["ben@example.org"]), TEXT);
    }
    send(&ann, &envelope(2, &["ben@example.org"]), TEXT);
    let mut received = 0;
    while let Some((number, _)) = receive(&ben) {
        ben.acknowledge(number, true).unwrap();
        received += 1;
    }
    assert_eq!(received, 2);
}

#[test]
fn two_sessions_of_one_profile_never_take_the_same_message() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path(), "ann@example.org"), open(folder.path(), "ann@example.org"));
    send(&one, &envelope(1, &["ann@example.org"]), TEXT);
    let (number, _) = receive(&one).unwrap();
    assert!(!two.poll().unwrap() && two.receive().unwrap().is_none());
    one.acknowledge(number, false).unwrap();
    assert!(two.poll().unwrap());
    let (number, _) = receive(&two).unwrap();
    two.acknowledge(number, true).unwrap();
    assert!(one.receive().unwrap().is_none());
}

#[test]
fn new_mail_is_announced_once_and_only_while_inbound_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let ann = open(folder.path(), "ann@example.org");
    let news = |transport: &LocalTransport| {
        let notices = transport.notices();
        notices.iter().filter(|notice| matches!(notice, TransportNotice::Spooler { flags: 1, .. })).count()
    };
    send(&ann, &envelope(1, &["ann@example.org"]), TEXT);
    assert_eq!(news(&ann), 0);
    ann.notify(0x1, None).unwrap();
    assert_eq!((news(&ann), news(&ann)), (1, 0));
    let message = ann.receive().unwrap().unwrap();
    assert!(
        message.properties.contains(&Property::new(tags::RECEIVED_BY_EMAIL_ADDRESS, Value::Unicode("ann@example.org".into())))
    );
    let time = message.properties.iter().find(|property| property.tag == tags::MESSAGE_DELIVERY_TIME).unwrap();
    assert!(matches!(time.value, Value::SysTime(time) if time > FileTime::from_unix(1_700_000_000, 0)));
    ann.acknowledge(message.number, true).unwrap();
    ann.notify(0x1_0000, None).unwrap();
    send(&ann, &envelope(2, &["ann@example.org"]), TEXT);
    assert_eq!(news(&ann), 0);
}

#[test]
fn flushing_shows_in_the_status_row_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let ann = open(folder.path(), "ann@example.org");
    let shown = |transport: &LocalTransport| {
        let rows = transport.notices().into_iter().filter_map(|notice| match notice {
            TransportNotice::StatusRow(row) => Some(row),
            _ => None,
        });
        let mut codes = rows.flatten().filter_map(|property| match property.value {
            Value::Long(code) if property.tag == tags::STATUS_CODE => Some(code),
            _ => None,
        });
        codes.next_back()
    };
    ann.flush(0x2 | 0x4 | 0x10).unwrap();
    assert_eq!(shown(&ann), Some(0x44_0001));
    ann.notify(0x8_0000, None).unwrap();
    assert_eq!(shown(&ann), Some(0x4_0001));
    ann.notify(0x4_0000, None).unwrap();
    assert_eq!(shown(&ann), Some(0x1));
    ann.notify(0x4_0000, None).unwrap();
    assert_eq!(shown(&ann), None);
}
