//! Receiving (`messages` 9, `transport` 3.5).

use super::*;
use crate::messages::message_flags;

const NEWMAIL: u32 = 0x1;

fn mail(subject: &str) -> Vec<u8> {
    format!("From: Bob <bob@example.com>\r\nTo: Ann <ann@example.com>\r\nCc: eve@example.com\r\nSubject: {subject}\r\n\r\nhi\r\n")
        .into_bytes()
}

fn one() -> Bench {
    let bench = Bench::new(vec![Scripted::new(Some(&["SMTP"]))]);
    bench.run();
    bench
}

fn bring(bench: &Bench, bytes: Vec<u8>) {
    bench.transports[0].inbound.borrow_mut().push_back(bytes);
}

#[test]
fn announced_mail_is_delivered_until_there_is_no_more() {
    let bench = one();
    bring(&bench, mail("a"));
    bring(&bench, mail("b"));
    bench.run();
    assert_eq!(bench.received(), Vec::<String>::new(), "nobody asked");
    bench.notice(0, NEWMAIL, None);
    bench.run();
    assert_eq!(bench.received(), ["a", "b"]);
    assert_eq!(*bench.transports[0].acknowledged.borrow(), [true, true]);
}

#[test]
fn mail_announced_before_reception_began_is_forgotten() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    bench.notice(0, NEWMAIL, None);
    bring(&bench, mail("a"));
    bench.run();
    assert_eq!(bench.received(), Vec::<String>::new());
}

#[test]
fn a_transport_that_polls_is_asked_once_a_minute() {
    let bench = Bench::new(vec![Scripted::new(None)]);
    bench.transports[0].identity.borrow_mut().polls = true;
    bench.active[0].ask_identity();
    bench.run();
    assert_eq!(bench.transports[0].polls.get(), 1);
    bring(&bench, mail("a"));
    bench.later(59);
    assert_eq!((bench.transports[0].polls.get(), bench.received().len()), (1, 0));
    bench.later(1);
    assert_eq!((bench.transports[0].polls.get(), bench.received().len()), (2, 1));
    let wake = bench.turn().wake_at.unwrap();
    assert_eq!(wake, bench.environment.clock.monotonic() + 60_000_000_000);
}

#[test]
fn a_delivered_message_is_new_and_says_who_received_it() {
    let bench = one();
    bring(&bench, mail("a"));
    bench.notice(0, NEWMAIL, None);
    bench.run();
    let table = bench.inbox().get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let Value::Binary(id) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no row") };
    let message = bench.open(&id);
    let properties = message.properties();
    let flags = message_flags::UNMODIFIED | message_flags::ORIGIN_INTERNET;
    assert_eq!(get(&properties, tags::MESSAGE_FLAGS), Value::Long(flags));
    assert_eq!(get(&properties, tags::RECEIVED_BY_NAME), Value::Unicode("Ann".into()));
    assert_eq!(get(&properties, tags::MESSAGE_TO_ME), Value::Boolean(true));
    assert_eq!(get(&properties, tags::MESSAGE_CC_ME), Value::Boolean(false));
    assert_eq!(get(&properties, tags::MESSAGE_DELIVERY_TIME), Value::SysTime(bench.environment.clock.now()));
    assert_eq!(get(&properties, tags::SENDER_EMAIL_ADDRESS), Value::Unicode("bob@example.com".into()));
    let rows = message.get_recipient_table(MAPI_UNICODE).unwrap();
    rows.set_columns(&[tags::RESPONSIBILITY], 0).unwrap();
    let rows = rows.query_rows(9, 0).unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row[0].value == Value::Boolean(true)));
}

#[test]
fn a_requested_receipt_is_owed() {
    let bench = one();
    let mut bytes = b"Disposition-Notification-To: bob@example.com\r\n".to_vec();
    bytes.extend(mail("a"));
    bring(&bench, bytes);
    bench.notice(0, NEWMAIL, None);
    bench.run();
    let table = bench.inbox().get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::MESSAGE_FLAGS], 0).unwrap();
    let Value::Long(flags) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no row") };
    let pending = message_flags::RN_PENDING | message_flags::NRN_PENDING;
    assert_eq!(flags & pending, pending);
}

#[test]
fn a_message_whose_acknowledgement_was_lost_is_not_delivered_twice() {
    let bench = one();
    bring(&bench, mail("a"));
    bench.transports[0].forgets.set(true);
    bench.notice(0, NEWMAIL, None);
    bench.run();
    assert_eq!(bench.received(), ["a"]);
    let next = Bench::on(Rc::new(bench.memory.clone()), bench.memory.clone(), bench.clock.clone(), bench.transports.clone(), 2);
    next.run();
    bench.transports[0].forgets.set(false);
    next.notice(0, NEWMAIL, None);
    next.run();
    assert_eq!(next.received(), ["a"]);
    // The same bytes once more, sent again by somebody, are another message.
    bring(&next, mail("a"));
    next.notice(0, NEWMAIL, None);
    next.run();
    assert_eq!(next.received(), ["a", "a"]);
}

#[test]
fn what_cannot_be_stored_is_given_back() {
    let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
    let faulty = crate::memory::Faulty::new(memory.clone());
    let faults = faulty.faults.clone();
    let bench = Bench::on(Rc::new(faulty), memory, Rc::default(), vec![Scripted::new(None)], 1);
    bench.run();
    bring(&bench, mail("a"));
    faults.schedule(
        Some("commit"),
        crate::memory::Trigger::Every,
        crate::memory::Fault::Fail(Failure::new(Code::NotEnoughDisk, "full")),
    );
    bench.notice(0, NEWMAIL, None);
    bench.run();
    assert_eq!(*bench.transports[0].acknowledged.borrow(), [false]);
    faults.clear();
    bench.notice(0, NEWMAIL, None);
    bench.run();
    assert_eq!(bench.received(), ["a"]);
}

#[test]
fn sending_and_receiving_take_turns() {
    let bench = one();
    for subject in ["a", "b", "c"] {
        bring(&bench, mail(subject));
        bench.submit(subject, &["SMTP:x@example.com"], Vec::new());
    }
    bench.notice(0, NEWMAIL, None);
    for _ in 0..4 {
        bench.turn();
    }
    assert_eq!((bench.received().len(), bench.transports[0].served().len()), (2, 2));
}

#[test]
fn idle_time_is_given_when_there_is_nothing_else_and_not_too_often() {
    let bench = one();
    bench.transports[0].identity.borrow_mut().idles = true;
    bench.active[0].ask_identity();
    bench.submit("x", &["SMTP:x@example.com"], Vec::new());
    bench.turn();
    assert_eq!(bench.transports[0].idles.get(), 0);
    bench.run();
    bench.run();
    assert_eq!(bench.transports[0].idles.get(), 1);
    bench.later(1);
    assert_eq!(bench.transports[0].idles.get(), 2);
}
