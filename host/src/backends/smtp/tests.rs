//! The transport against a server that answers as the test says.

use super::*;
use mapi_engine::backend::{EnvelopeRecipient, OutcomeKind};
use mapi_engine::properties::{PropTag, Property};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A server that answers commands beginning with some words as told, once for each time it is told, and
/// anything else as if all were well.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<(String, String)>>>,
}

/// The end of the message, as a command.
const DOT: &str = ".";
/// Instead of an answer: the connection is closed.
const CLOSE: &str = "close";
/// Instead of an answer: none.
const HANG: &str = "hang";

impl Server {
    fn new(answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers: Vec<_> = answers.iter().map(|(command, answer)| ((*command).to_owned(), (*answer).to_owned())).collect();
        let server = Self { port, seen: Arc::default(), answers: Arc::new(Mutex::new(answers)) };
        let (seen, answers) = (Arc::clone(&server.seen), Arc::clone(&server.answers));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                std::thread::spawn(move || {
                    // The client may go at any time.
                    let _gone = converse(&stream.unwrap(), &seen, &answers);
                });
            }
        });
        server
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn saw(&self, command: &str) -> usize {
        self.seen().iter().filter(|line| line.starts_with(command)).count()
    }

    fn settings(&self) -> SmtpSettings {
        let identity = crate::backends::identity::MailIdentity::new(Some("Ann"), "ann@example.org").unwrap();
        SmtpSettings {
            port: self.port,
            reply_time: Duration::from_secs(10),
            final_reply_time: Duration::from_secs(10),
            ..SmtpSettings::new("127.0.0.1", Security::None, identity)
        }
    }

    fn transport(&self) -> SmtpTransport {
        SmtpTransport::new(self.settings())
    }
}

fn converse(stream: &TcpStream, seen: &Mutex<Vec<String>>, answers: &Mutex<Vec<(String, String)>>) -> std::io::Result<()> {
    let answer = |line: &str, otherwise: &str| {
        let mut answers = answers.lock().unwrap();
        match answers.iter().position(|(command, _)| line.starts_with(command.as_str())) {
            Some(at) => answers.remove(at).1,
            None => otherwise.to_owned(),
        }
    };
    let (mut out, mut lines) = (stream, BufReader::new(stream));
    let mut next = answer("greeting", "220 ready");
    let mut in_message = false;
    loop {
        match next.as_str() {
            CLOSE => return stream.shutdown(std::net::Shutdown::Both),
            HANG => std::thread::sleep(Duration::from_secs(30)),
            "" => {}
            said => out.write_all(format!("{}\r\n", said.replace('\n', "\r\n")).as_bytes())?,
        }
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            seen.lock().unwrap().push("gone".into());
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        seen.lock().unwrap().push(line.clone());
        if in_message && line != DOT {
            next = answer(&format!("text {line}"), "");
            continue;
        }
        next = answer(
            &line,
            match line.get(..4).unwrap_or(&line) {
                "EHLO" => "250-test\n250-PIPELINING\n250 8BITMIME",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            },
        );
        in_message = line == "DATA" && next.starts_with("354");
    }
}

fn envelope(to: &[&str]) -> Envelope {
    let recipients = (0..).zip(to).map(|(row, address)| EnvelopeRecipient {
        row,
        serve: true,
        properties: vec![
            Property::new(tags::ADDRTYPE, Value::Unicode("SMTP".into())),
            Property::new(tags::EMAIL_ADDRESS, Value::Unicode((*address).into())),
        ],
    });
    Envelope {
        entry_id: vec![1],
        sender: "ann@example.org".into(),
        recipients: recipients.collect(),
        properties: Vec::new(),
        size: None,
        deferred: false,
    }
}

fn send(transport: &SmtpTransport, envelope: &Envelope) -> Result<Outcome> {
    let transfer = transport.begin(envelope)?;
    for piece in [&b"Subject: x\r\n"[..], b"\r\nHello", b"\r\n.\r\nWorld"] {
        transport.write(transfer, piece)?;
    }
    transport.finish(transfer)
}

fn kinds(outcome: &Outcome) -> Vec<&'static str> {
    let kind = |kind: &OutcomeKind| match kind {
        OutcomeKind::Delivered => "delivered",
        OutcomeKind::Failed { .. } => "failed",
        OutcomeKind::NotDone => "open",
    };
    outcome.recipients.iter().map(|(_, outcome)| kind(outcome)).collect()
}

fn status_codes(transport: &SmtpTransport) -> Vec<i32> {
    let rows = transport.notices().into_iter().filter_map(|notice| match notice {
        TransportNotice::StatusRow(row) => Some(row),
        _ => None,
    });
    let code = |property: Property| match property.value {
        Value::Long(code) if property.tag == tags::STATUS_CODE => Some(code),
        _ => None,
    };
    rows.flatten().filter_map(code).collect()
}

#[test]
fn a_message_goes_out_and_the_next_one_over_the_same_connection() {
    let server = Server::new(&[]);
    let transport = server.transport();
    for _ in 0..3 {
        let outcome = send(&transport, &envelope(&["ben@example.org", "cid@example.org"])).unwrap();
        assert_eq!((outcome.failure.as_ref(), outcome.end, kinds(&outcome)), (None, 0, vec!["delivered"; 2]));
        assert!(outcome.set.iter().any(|property| property.tag == tags::PROVIDER_SUBMIT_TIME));
    }
    assert_eq!((server.saw("EHLO"), server.saw("MAIL"), server.saw("RCPT")), (1, 3, 6));
    assert_eq!(
        &server.seen()[1..5],
        ["MAIL FROM:<ann@example.org> BODY=8BITMIME", "RCPT TO:<ben@example.org>", "RCPT TO:<cid@example.org>", "DATA"]
    );
    assert_eq!(&server.seen()[5..11], ["Subject: x", "", "Hello", "..", "World", "."]);
    assert_eq!(status_codes(&transport), [0x20_0001, 1, 0x20_0001, 1, 0x20_0001, 1]);
    transport.notify(notify::END_OUTBOUND, None).unwrap();
    while server.saw("QUIT") == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn each_recipient_has_its_own_outcome() {
    let server = Server::new(&[
        ("RCPT TO:<b@example.org>", "550 5.1.1 no such user"),
        ("RCPT TO:<c@example.org>", "450 4.2.0 greylisted"),
    ]);
    let transport = server.transport();
    let to = ["a@example.org", "b@example.org", "c@example.org", "no address", "d@example.org"];
    let mut offered = envelope(&to);
    offered.recipients[4].serve = false;
    let outcome = send(&transport, &offered).unwrap();
    assert_eq!(kinds(&outcome), ["delivered", "failed", "open", "failed"]);
    assert_eq!(outcome.failure.as_ref().map(Failure::code), Some(Code::Wait));
    let said = "550 5.1.1 no such user".to_owned();
    assert_eq!(outcome.recipients[1].1, OutcomeKind::Failed { reason: 1, diagnostic: 35, status: 511, text: said });
    assert!(matches!(outcome.recipients[3].1, OutcomeKind::Failed { diagnostic: 32, status: 513, .. }));
    assert_eq!((server.saw("RCPT TO:<no"), server.saw("RCPT TO:<d")), (0, 0));
}

#[test]
fn a_message_nobody_may_get_is_not_sent_and_the_connection_stays_usable() {
    let server = Server::new(&[("RCPT", "550 no"), ("RCPT", "550 no")]);
    let transport = server.transport();
    let outcome = send(&transport, &envelope(&["a@example.org", "b@example.org"])).unwrap();
    assert_eq!((kinds(&outcome), outcome.failure), (vec!["failed"; 2], None));
    assert!(outcome.set.is_empty());
    assert_eq!((server.saw("DATA"), server.saw("RSET")), (0, 1));
    assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"]);
    assert_eq!(server.saw("EHLO"), 1);
}

#[test]
fn more_recipients_than_the_server_takes_at_once_are_offered_again_at_once() {
    let server = Server::new(&[("RCPT TO:<c@", "452 4.5.3 too many recipients")]);
    let transport = server.transport();
    let outcome = send(&transport, &envelope(&["a@example.org", "b@example.org", "c@example.org"])).unwrap();
    assert_eq!((kinds(&outcome), outcome.failure), (vec!["delivered", "delivered", "open"], None));
    assert_eq!(outcome.end, 0x1_0000);
}

#[test]
fn what_the_server_says_of_the_message_holds_for_everybody_accepted() {
    for command in ["MAIL", "DATA", DOT] {
        let server = Server::new(&[(command, "554 5.7.1 not from you"), ("RCPT TO:<b@", "550 5.1.1 who")]);
        let outcome = send(&server.transport(), &envelope(&["a@example.org", "b@example.org"])).unwrap();
        assert_eq!((kinds(&outcome), &outcome.failure), (vec!["failed"; 2], &None), "{command}");
        assert!(matches!(outcome.recipients[0].1, OutcomeKind::Failed { status: 571, diagnostic: 29, .. }), "{command}");
        let server = Server::new(&[(command, "451 4.3.0 later")]);
        let outcome = send(&server.transport(), &envelope(&["a@example.org"])).unwrap();
        assert_eq!(kinds(&outcome), ["open"], "{command}");
        let failure = outcome.failure.unwrap();
        assert_eq!(failure.code(), Code::Wait, "{command}");
        assert!(failure.detail().message.contains("451 4.3.0 later"), "{failure}");
    }
}

#[test]
fn nothing_is_delivered_before_the_server_has_confirmed_the_message() {
    for answer in [CLOSE, "421 4.3.2 shutting down", "354 what?", "hello"] {
        let server = Server::new(&[(DOT, answer), ("RCPT TO:<b@", "550 5.1.1 who")]);
        let transport = server.transport();
        let outcome = send(&transport, &envelope(&["a@example.org", "b@example.org"])).unwrap();
        assert_eq!(kinds(&outcome), ["open", "failed"], "{answer}");
        assert_eq!(outcome.failure.as_ref().map(Failure::code), Some(Code::NetworkError), "{answer}");
        assert_eq!(status_codes(&transport), [0x20_0001, 2 | 1], "{answer}");
    }
}

#[test]
fn a_server_that_is_silent_costs_its_time_and_no_more() {
    for command in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", DOT] {
        let server = Server::new(&[(command, HANG)]);
        let time = Duration::from_millis(200);
        let settings = SmtpSettings { reply_time: time, final_reply_time: time, ..server.settings() };
        let transport = SmtpTransport::new(settings);
        let begun = Instant::now();
        let failure = match send(&transport, &envelope(&["a@example.org"])) {
            Ok(outcome) => outcome.failure.unwrap(),
            Err(failure) => failure,
        };
        assert_eq!(failure.code(), Code::NetworkError, "{command}");
        assert!(failure.detail().message.contains("did not answer within 0.2 s"), "{failure}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{command}");
    }
}

#[test]
fn a_kept_connection_the_server_has_closed_is_replaced() {
    for answer in [CLOSE, "421 4.4.2 too long idle"] {
        let server = Server::new(&[]);
        let transport = server.transport();
        send(&transport, &envelope(&["a@example.org"])).unwrap();
        server.answers.lock().unwrap().push(("MAIL".into(), answer.into()));
        assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"], "{answer}");
        assert_eq!(server.saw("EHLO"), 2, "{answer}");
    }
    let server = Server::new(&[("MAIL", "421 4.3.2 closing")]);
    let failure = send(&server.transport(), &envelope(&["a@example.org"])).unwrap_err();
    assert_eq!(failure.code(), Code::NetworkError);
    assert!(failure.detail().message.contains("421 4.3.2 closing"), "{failure}");
}

#[test]
fn a_cancelled_message_is_never_ended() {
    let server = Server::new(&[]);
    let transport = server.transport();
    let transfer = transport.begin(&envelope(&["a@example.org"])).unwrap();
    transport.write(transfer, b"Subject: x\r\n").unwrap();
    assert_eq!(transport.begin(&envelope(&["a@example.org"])).unwrap_err().code(), Code::Busy);
    assert_eq!(transport.validate(0).unwrap_err().code(), Code::Busy);
    transport.cancel(transfer);
    while server.saw("gone") == 0 {
        std::thread::yield_now();
    }
    assert_eq!((server.saw(DOT), server.saw("QUIT")), (0, 0));
    assert!(transport.finish(transfer).is_err());
    assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"]);
}

#[test]
fn a_message_too_large_is_refused_before_or_while_it_is_sent() {
    let size = ("EHLO", "250-test\n250 SIZE 1000");
    let server = Server::new(&[size, size]);
    let transport = server.transport();
    let too_large =
        |outcome: &Outcome| matches!(outcome.recipients[0].1, OutcomeKind::Failed { status: 534, diagnostic: 13, .. });
    let known = Envelope { size: Some(1001), ..envelope(&["a@example.org"]) };
    assert!(too_large(&send(&transport, &known).unwrap()));
    assert_eq!(server.saw("MAIL"), 0);
    let transfer = transport.begin(&Envelope { size: Some(1000), ..envelope(&["a@example.org"]) }).unwrap();
    assert_eq!(server.saw("MAIL FROM:<ann@example.org> SIZE=1000"), 1);
    for _ in 0..3 {
        transport.write(transfer, &[b'x'; 400]).unwrap();
    }
    assert!(too_large(&transport.finish(transfer).unwrap()));
    assert_eq!(server.saw(DOT), 0);
}

#[test]
fn eight_bit_text_goes_only_where_it_is_taken() {
    let server = Server::new(&[("EHLO", "250 test")]);
    let transport = server.transport();
    let transfer = transport.begin(&envelope(&["a@example.org"])).unwrap();
    transport.write(transfer, "é".as_bytes()).unwrap();
    let outcome = transport.finish(transfer).unwrap();
    assert!(matches!(outcome.recipients[0].1, OutcomeKind::Failed { status: 563, diagnostic: 8, .. }));
    assert_eq!((server.saw(DOT), server.saw("MAIL FROM:<ann@example.org> BODY")), (0, 0));
}

#[test]
fn addresses_outside_ascii_need_a_server_that_takes_them() {
    let to = ["jörg@example.org", "a@example.org"];
    let server = Server::new(&[]);
    let outcome = send(&server.transport(), &envelope(&to)).unwrap();
    assert_eq!(kinds(&outcome), ["failed", "delivered"]);
    assert!(matches!(outcome.recipients[0].1, OutcomeKind::Failed { status: 567, .. }));
    let server = Server::new(&[("EHLO", "250-test\n250 SMTPUTF8")]);
    assert_eq!(kinds(&send(&server.transport(), &envelope(&to)).unwrap()), ["delivered"; 2]);
    assert_eq!(server.saw("MAIL FROM:<ann@example.org> SMTPUTF8"), 1);
}

#[test]
fn a_server_that_breaks_off_is_asked_why() {
    let server = Server::new(&[("text stop", "552 5.3.4 enough")]);
    let transport = server.transport();
    let transfer = transport.begin(&envelope(&["a@example.org"])).unwrap();
    transport.write(transfer, b"stop\r\n").unwrap();
    server.answers.lock().unwrap().push(("text more".into(), CLOSE.into()));
    let outcome = loop {
        match transport.write(transfer, &b"more\r\n".repeat(1000)) {
            Ok(()) if transport.state().transfer.as_ref().is_some_and(Transfer::is_sending) => {}
            Ok(()) => break transport.finish(transfer),
            Err(failure) => break Err(failure),
        }
    };
    // The reply may have been lost with the connection: then the message is tried again.
    match outcome {
        Ok(outcome) => assert!(matches!(outcome.recipients[0].1, OutcomeKind::Failed { status: 534, .. })),
        Err(failure) => assert_eq!(failure.code(), Code::NetworkError),
    }
}

fn login(user: &str, secret: &str, token: bool) -> Option<Login> {
    Some(Login { user: user.into(), secret: Secret::new(secret), token })
}

#[test]
fn users_authenticate_with_what_the_server_takes() {
    let offer = |mechanisms: &str| format!("250-test\n250 AUTH {mechanisms}");
    let server = Server::new(&[("EHLO", &offer("LOGIN PLAIN")), ("AUTH", "235 welcome")]);
    let transport = SmtpTransport::new(SmtpSettings { login: login("ann", "secret", false), ..server.settings() });
    assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"]);
    assert_eq!(server.seen()[1], "AUTH PLAIN AGFubgBzZWNyZXQ=");

    let challenges = [("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("YW5u", "334 UGFzc3dvcmQ6"), ("c2VjcmV0", "235 welcome")];
    let hello = offer("LOGIN");
    let server = Server::new(&[&[("EHLO", hello.as_str())][..], &challenges].concat());
    let transport = SmtpTransport::new(SmtpSettings { login: login("ann", "secret", false), ..server.settings() });
    assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"]);

    let server = Server::new(&[("EHLO", &offer("PLAIN XOAUTH2")), ("AUTH XOAUTH2", "235 welcome")]);
    let transport = SmtpTransport::new(SmtpSettings { login: login("ann", "token", true), ..server.settings() });
    assert_eq!(kinds(&send(&transport, &envelope(&["a@example.org"])).unwrap()), ["delivered"]);
    assert_eq!(server.seen()[1], "AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rZW4BAQ==");
}

#[test]
fn a_wrong_password_stops_the_transport_instead_of_being_tried_again_and_again() {
    for (token, answers) in [
        (false, vec![("AUTH", "535 5.7.8 wrong")]),
        (true, vec![("AUTH", "334 eyJzdGF0dXMiOiI0MDAifQ=="), ("greeting", "220 ready"), ("", "535 5.7.8 wrong")]),
    ] {
        let server = Server::new(&[&[("EHLO", "250-test\n250 AUTH PLAIN XOAUTH2")][..], &answers].concat());
        let transport = SmtpTransport::new(SmtpSettings { login: login("ann", "hunter2", token), ..server.settings() });
        let failure = send(&transport, &envelope(&["a@example.org"])).unwrap_err();
        assert_eq!(failure.code(), Code::LogonFailed);
        let text = failure.to_string();
        assert!(text.contains("535 5.7.8 wrong") && text.contains("\"ann\"") && !text.contains("hunter2"), "{text}");
        let critical = |notice: &TransportNotice| matches!(notice, TransportNotice::CriticalError(told) if *told == failure);
        assert!(transport.notices().iter().any(critical));
    }
    let server = Server::new(&[("EHLO", "250-test\n250 AUTH PLAIN"), ("AUTH", "454 4.7.0 try later")]);
    let transport = SmtpTransport::new(SmtpSettings { login: login("ann", "secret", false), ..server.settings() });
    assert_eq!(send(&transport, &envelope(&["a@example.org"])).unwrap_err().code(), Code::Wait);
}

#[test]
fn no_password_goes_out_in_the_clear_unless_that_is_configured() {
    for (security, code) in [(Security::Opportunistic, Code::LogonFailed), (Security::StartTls, Code::NetworkError)] {
        let server = Server::new(&[("EHLO", "250-test\n250 AUTH PLAIN LOGIN")]);
        let settings = SmtpSettings { security, login: login("ann", "secret", false), ..server.settings() };
        let failure = send(&SmtpTransport::new(settings), &envelope(&["a@example.org"])).unwrap_err();
        assert_eq!(failure.code(), code);
        assert_eq!((server.saw("AUTH"), server.saw("MAIL")), (0, 0));
    }
}

#[test]
fn what_was_said_before_tls_is_not_believed_after_it() {
    let server = Server::new(&[("EHLO", "250-test\n250 STARTTLS"), ("STARTTLS", "220 go on\n250 injected")]);
    let settings = SmtpSettings { security: Security::StartTls, ..server.settings() };
    let failure = send(&SmtpTransport::new(settings), &envelope(&["a@example.org"])).unwrap_err();
    assert!(failure.detail().message.contains("between STARTTLS and TLS"), "{failure}");
}

#[test]
fn garbage_from_a_server_is_an_error_and_no_more() {
    let endless = "250-x\n".repeat(60_000);
    for answer in ["250-\n250-   \n250 ", "999 x", "2", "\u{e9}\u{e9}", &"x".repeat(5000), &endless, "250-a\n550 b"] {
        let server = Server::new(&[("EHLO", answer)]);
        let sent = send(&server.transport(), &envelope(&["a@example.org"]));
        assert!(sent.is_ok_and(|outcome| outcome.failure.is_none()) == (answer == "250-\n250-   \n250 "), "{answer:.50}");
    }
}

#[test]
fn the_status_row_names_the_identity_and_shows_the_flush() {
    let server = Server::new(&[]);
    let transport = server.transport();
    let row = transport.status_row();
    let has = |tag: PropTag| row.iter().any(|property| property.tag == tag);
    assert!([tags::STATUS_CODE, tags::RESOURCE_METHODS, tags::IDENTITY_SEARCH_KEY, tags::IDENTITY_ENTRYID].into_iter().all(has));
    transport.notify(notify::BEGIN_OUTBOUND, None).unwrap();
    transport.flush(FLUSH_UPLOAD).unwrap();
    transport.notify(notify::END_OUTBOUND_FLUSH, None).unwrap();
    transport.notify(notify::END_OUTBOUND, None).unwrap();
    assert_eq!(status_codes(&transport), [0x10_0001, 0x50_0001, 0x10_0001, 1]);
    assert!(!transport.poll().unwrap() && transport.receive().unwrap().is_none());
}
