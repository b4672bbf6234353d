//! The transport by itself against the server.

use crate::mail::{envelope, messages, normal};
use crate::postfix::Postfix;
use mapi_session::backend::{Envelope, Outcome, OutcomeKind, Transport};
use mapi_session::backends::identity::MailIdentity;
use mapi_session::backends::smtp::{Security, SmtpSettings, SmtpTransport};
use mapi_session::error::{Code, Result};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn settings(port: u16, security: Security) -> SmtpSettings {
    let identity = MailIdentity::new(Some("Ann"), "ann@example.org").unwrap();
    SmtpSettings { port, reply_time: Duration::from_secs(60), ..SmtpSettings::new("127.0.0.1", security, identity) }
}

fn send(transport: &SmtpTransport, envelope: &Envelope, message: &[u8], piece: usize) -> Result<Outcome> {
    let transfer = transport.begin(envelope)?;
    for piece in message.chunks(piece) {
        transport.write(transfer, piece)?;
    }
    transport.finish(transfer)
}

fn delivered(outcome: &Outcome) -> bool {
    outcome.failure.is_none() && outcome.recipients.iter().all(|(_, kind)| *kind == OutcomeKind::Delivered)
}

#[test]
fn five_hundred_messages_arrive_as_they_were_sent() {
    let Some(server) = Postfix::start() else { return };
    let transport = SmtpTransport::new(settings(server.port, Security::None));
    let messages = messages(500);
    let to = ["user0@example.org".to_owned()];
    for (number, message) in messages.iter().enumerate() {
        let size = (number % 2 == 0).then_some(message.len() as u64);
        let outcome = send(&transport, &envelope(number, &to, size), message, 1 + number * 7).unwrap();
        assert!(delivered(&outcome), "{number}: {outcome:?}");
    }
    let mut sent: Vec<_> = messages.iter().map(|message| normal(message)).collect();
    let mut arrived = server.messages(0, sent.len());
    sent.sort();
    arrived.sort();
    assert_eq!(arrived.len(), sent.len());
    for (arrived, sent) in arrived.iter().zip(&sent) {
        assert!(arrived == sent, "{}\n---\n{}", String::from_utf8_lossy(arrived), String::from_utf8_lossy(sent));
    }
}

#[test]
fn one_unknown_recipient_among_twenty_fails_alone() {
    let Some(server) = Postfix::start() else { return };
    let transport = SmtpTransport::new(settings(server.port, Security::None));
    let mut to: Vec<String> = (0..20).map(|user| format!("user{user}@example.org")).collect();
    to[7] = "nobody@example.org".into();
    let message = b"Subject: to all\r\n\r\nHello.\r\n";
    let outcome = send(&transport, &envelope(0, &to, None), message, 10).unwrap();
    assert_eq!(outcome.failure, None);
    for (row, kind) in &outcome.recipients {
        match kind {
            OutcomeKind::Delivered => assert_ne!(*row, 7),
            OutcomeKind::Failed { reason: 1, diagnostic: 35, status: 511, text } => {
                assert_eq!(*row, 7);
                assert!(text.starts_with("550 5.1.1 <nobody@example.org>"), "{text}");
            }
            other => panic!("{row}: {other:?}"),
        }
    }
    for user in (0..20).filter(|user| *user != 7) {
        assert_eq!(server.messages(user, 1), [message]);
    }
}

#[test]
fn a_server_killed_and_started_again_loses_nothing_it_has_confirmed() {
    let Some(mut server) = Postfix::start() else { return };
    let transport =
        SmtpTransport::new(SmtpSettings { reply_time: Duration::from_secs(5), ..settings(server.port, Security::None) });
    let messages = messages(60);
    let to = ["user1@example.org".to_owned()];
    let mut attempts = BTreeMap::new();
    for (number, message) in messages.iter().enumerate() {
        let piece = 1 + message.len() / 3;
        // The server goes between two messages, and in the middle of one.
        if number == 20 {
            server.kill();
        }
        let mut in_the_middle = number == 40;
        loop {
            *attempts.entry(normal(message)).or_insert(0) += 1;
            let outcome = if std::mem::take(&mut in_the_middle) {
                let transfer = transport.begin(&envelope(number, &to, None)).unwrap();
                transport.write(transfer, &message[..piece]).unwrap();
                server.kill();
                match transport.write(transfer, &message[piece..]) {
                    Ok(()) => transport.finish(transfer),
                    Err(failure) => Err(failure),
                }
            } else {
                send(&transport, &envelope(number, &to, None), message, piece)
            };
            let failure = match outcome {
                Ok(outcome) if delivered(&outcome) => break,
                Ok(outcome) => outcome.failure.unwrap(),
                Err(failure) => failure,
            };
            assert_eq!(failure.code(), Code::NetworkError, "{failure}");
            assert!(failure.detail().message.contains("127.0.0.1"), "{failure}");
            server.run();
        }
    }
    assert_eq!(attempts.values().filter(|attempts| **attempts > 1).count(), 2);
    server.settle();
    let mut arrived = BTreeMap::new();
    for message in server.messages(1, messages.len()) {
        *arrived.entry(message).or_insert(0) += 1;
    }
    for (message, attempts) in attempts {
        let copies = arrived.remove(&message).unwrap_or(0);
        assert!((1..=attempts).contains(&copies), "{copies} of {attempts}: {}", String::from_utf8_lossy(&message));
    }
    assert!(arrived.is_empty());
}

#[test]
fn a_self_signed_certificate_is_trusted_only_explicitly() {
    let Some(server) = Postfix::start() else { return };
    let message = b"Subject: secret\r\n\r\nHello.\r\n";
    let envelope = envelope(0, &["user2@example.org".into()], None);
    let ways = [(server.port, Security::StartTls), (server.port, Security::Opportunistic), (server.tls_port, Security::Tls)];
    for (port, security) in ways {
        let transport = SmtpTransport::new(settings(port, security));
        let failure = send(&transport, &envelope, message, 10).unwrap_err();
        assert_eq!(failure.code(), Code::NetworkError);
        assert!(failure.detail().message.contains("trust"), "{failure}");
    }
    for (port, security) in ways {
        let trusting = SmtpSettings { trusted: Some(server.certificate()), ..settings(port, security) };
        assert!(delivered(&send(&SmtpTransport::new(trusting), &envelope, message, 10).unwrap()));
    }
    assert_eq!(server.messages(2, 3), [message; 3]);
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_is_a_lost_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let time = Duration::from_millis(300);
    let transport = SmtpTransport::new(SmtpSettings { reply_time: time, ..settings(port, Security::None) });
    let envelope = envelope(0, &["user0@example.org".into()], None);
    let begun = Instant::now();
    let silent = send(&transport, &envelope, b"x", 1).unwrap_err();
    assert_eq!(silent.code(), Code::NetworkError);
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(listener);
    let refused = send(&transport, &envelope, b"x", 1).unwrap_err();
    assert_eq!(refused.code(), Code::NetworkError);
    assert!(refused.detail().message.contains(&format!("cannot be reached on port {port}")), "{refused}");
    assert!(refused.detail().retry);
}

#[test]
fn a_large_message_is_never_in_memory() {
    const SIZE: u64 = 512 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sink = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut out, mut input) = (&stream, BufReader::with_capacity(1 << 16, &stream));
        out.write_all(b"220 sink\r\n").unwrap();
        for answer in ["250 sink\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n"] {
            input.read_line(&mut String::new()).unwrap();
            out.write_all(answer.as_bytes()).unwrap();
        }
        let mut line = Vec::new();
        let mut size = 0;
        while line != b".\r\n" {
            line.clear();
            size += input.read_until(b'\n', &mut line).unwrap() as u64;
        }
        out.write_all(b"250 taken\r\n").unwrap();
        size
    });
    let transport = SmtpTransport::new(settings(port, Security::None));
    let transfer = transport.begin(&envelope(0, &["user0@example.org".into()], None)).unwrap();
    let piece = [&[b'x'; 1022][..], b"\r\n"].concat().repeat(64);
    let before = peak_memory();
    for _ in 0..SIZE / piece.len() as u64 {
        transport.write(transfer, &piece).unwrap();
    }
    assert!(delivered(&transport.finish(transfer).unwrap()));
    assert_eq!(sink.join().unwrap(), SIZE + 3);
    let grown = peak_memory() - before;
    assert!(grown < 64 << 20, "the process grew by {} MiB", grown >> 20);
}

/// The most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
