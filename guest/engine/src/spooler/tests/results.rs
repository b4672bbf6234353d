//! The result table of `transport` 3, `EndMessage`, notices and times.

use super::*;
use crate::messages::message_flags;
use crate::properties::{FileTime, MAPI_MODIFY};
use crate::spooler::{LAST_ERROR, NEXT_ATTEMPT};

const SMTP: &[&str] = &["SMTP"];
const READYTOSEND: u32 = 0x2;
const SENTDEFERRED: u32 = 0x4;

fn one() -> Bench {
    Bench::new(vec![Scripted::new(Some(SMTP))])
}

#[test]
fn a_message_taken_is_finished_once_and_filed() {
    let bench = one();
    let id = bench.submit("x", &["SMTP:bob@example.com", "SMTP:eve@example.com:2"], Vec::new());
    bench.run();
    let transport = &bench.transports[0];
    assert_eq!(transport.served(), [["bob@example.com", "eve@example.com"]]);
    assert_eq!(transport.offers.borrow()[0].bytes, b"Subject: x\r\n\r\nx\r\n");
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert_eq!(bench.subjects(tags::IPM_SENTMAIL_ENTRYID), ["x"]);
    let message = bench.open(&id).properties();
    let flags = message_flags::SUBMIT | message_flags::UNSENT;
    assert!(matches!(get(&message, tags::MESSAGE_FLAGS), Value::Long(found) if found & flags == 0));
    assert_eq!(get(&message, tags::SUBMIT_FLAGS), Value::Long(0));
    bench.later(100_000);
    assert_eq!(transport.served().len(), 1);
    assert_eq!(transport.notified.borrow()[..2], [(2, None), (1, None)], "outbound, then inbound are begun");
}

#[test]
fn each_result_that_postpones_waits_its_time_and_keeps_the_message_id() {
    for (code, seconds, offline) in
        [(Code::Busy, 5, false), (Code::Wait, 60, false), (Code::NetworkError, 60, true), (Code::Timeout, 60, false)]
    {
        let bench = one();
        bench.transports[0].fail(code);
        bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
        bench.run();
        assert_eq!(bench.transports[0].served().len(), 1, "{code:?}");
        let due = bench.environment.clock.now().0 + seconds * SECOND;
        assert_eq!(bench.queue_cell(NEXT_ATTEMPT), Value::SysTime(FileTime(due)), "{code:?}");
        assert_eq!(bench.queue_cell(LAST_ERROR), Value::Unicode("transport 1: as told".into()));
        assert_eq!(bench.queue_cell(tags::SPOOLER_STATUS), Value::Long(code.raw().cast_signed()));
        assert_eq!(bench.queue_cell(tags::SUBMIT_FLAGS), Value::Long(0), "every way out unlocks");
        assert_eq!(bench.shown.1.borrow().last(), Some(&(Guid([1; 16]), offline)), "{code:?}");
        bench.later(seconds - 1);
        assert_eq!(bench.transports[0].served().len(), 1, "{code:?}");
        let wake = bench.turn().wake_at.unwrap();
        assert_eq!(wake, bench.environment.clock.monotonic() + 1_000_000_000, "{code:?}");
        bench.later(1);
        let offers = bench.transports[0].offers.borrow();
        assert_eq!(offers.len(), 2, "{code:?}");
        assert_eq!(offers[0].message_id, offers[1].message_id);
        assert!(!offers[0].message_id.is_empty());
        assert_eq!(bench.queued(), Vec::<String>::new());
    }
}

#[test]
fn the_seconds_a_transport_names_are_kept() {
    let bench = one();
    bench.transports[0]
        .answer(|_| Ok(Outcome { failure: Some(Failure::new(Code::Wait, "later")), retry_after: 300, ..taken(&[]) }));
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    bench.later(299);
    assert_eq!(bench.transports[0].served().len(), 1);
    bench.later(1);
    assert_eq!(bench.transports[0].served().len(), 2);
}

#[test]
fn waiting_blocks_no_other_message_and_a_dead_network_blocks_all() {
    let bench = one();
    bench.transports[0].fail(Code::Wait);
    bench.submit("a", &["SMTP:a@example.com"], Vec::new());
    bench.submit("b", &["SMTP:b@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["a"]);
    let bench = one();
    bench.transports[0].fail(Code::NetworkError);
    bench.submit("a", &["SMTP:a@example.com"], Vec::new());
    bench.submit("b", &["SMTP:b@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["a", "b"]);
    assert_eq!(bench.transports[0].served().len(), 1);
    bench.later(60);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn neither_waiting_nor_a_dead_network_ever_ends_in_a_report() {
    let bench = one();
    for _ in 0..50 {
        bench.transports[0].fail(Code::NetworkError);
    }
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    for _ in 0..50 {
        bench.later(60);
    }
    assert_eq!((bench.queued().len(), bench.received().len()), (1, 0));
    bench.later(60);
    assert_eq!((bench.queued().len(), bench.received().len()), (0, 0));
}

#[test]
fn other_failures_back_off_and_the_tenth_becomes_a_report() {
    let bench = one();
    for _ in 0..10 {
        bench.transports[0].fail(Code::CallFailed);
    }
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    for wait in [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        assert_eq!(bench.received().len(), 0);
        bench.later(wait - 1);
        let offers = bench.transports[0].served().len();
        bench.later(1);
        assert_eq!(bench.transports[0].served().len(), offers + 1, "after {wait} seconds");
    }
    assert_eq!(bench.received(), ["Undeliverable: x"]);
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert_eq!(bench.subjects(tags::IPM_SENTMAIL_ENTRYID), ["x"], "finished and filed all the same");
}

#[test]
fn what_was_failing_waits_on_in_the_next_session() {
    let bench = one();
    for _ in 0..3 {
        bench.transports[0].fail(Code::CallFailed);
    }
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.later(0);
    bench.later(60);
    bench.later(120);
    let transport = Scripted::new(Some(SMTP));
    let next = Bench::on(Rc::new(bench.memory.clone()), bench.memory.clone(), bench.clock.clone(), vec![transport], 2);
    next.run();
    assert_eq!(next.transports[0].served().len(), 0, "the third failure waits 240 seconds, whoever asks");
    next.later(240);
    assert_eq!(next.transports[0].served().len(), 1);
}

#[test]
fn a_transport_that_wants_the_message_again_gets_it_three_times_and_then_later() {
    let bench = one();
    for _ in 0..9 {
        bench.transports[0].answer(|_| Ok(Outcome { end: 0x1_0000, ..taken(&[]) }));
    }
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.transports[0].served().len(), 4, "the first time and three more");
    bench.later(5);
    assert_eq!(bench.transports[0].served().len(), 8);
    let bench = one();
    bench.transports[0].answer(|_| Ok(Outcome { end: 0x2_0000, ..taken(&[]) }));
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["x"]);
    bench.later(5);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_deferred_message_waits_for_its_transport() {
    let bench = one();
    bench.transports[0].answer(|_| Ok(Outcome { end: 0x4_0000, ..taken(&[]) }));
    let id = bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    // The session lives and keeps its deferral.
    for _ in 0..10 {
        bench.later(450);
    }
    assert_eq!(bench.transports[0].served().len(), 1);
    bench.notice(0, SENTDEFERRED, Some(b"unknown"));
    bench.run();
    assert_eq!(bench.transports[0].served().len(), 1, "an unknown message is ignored");
    bench.notice(0, SENTDEFERRED, Some(&id));
    bench.run();
    let offers = bench.transports[0].offers.borrow();
    assert_eq!(offers.iter().map(|offer| offer.deferred).collect::<Vec<_>>(), [false, true]);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_deferral_ends_with_its_session() {
    let bench = one();
    bench.transports[0].answer(|_| Ok(Outcome { end: 0x4_0000, ..taken(&[]) }));
    let id = bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    bench.spooler.stop(&bench.around());
    let notified = bench.transports[0].notified.borrow();
    assert_eq!(notified[notified.len() - 2..], [(0x3_0000, None), (0x4000_0000, Some(id))]);
    let next = Bench::on(Rc::new(bench.memory.clone()), bench.memory.clone(), bench.clock.clone(), vec![Scripted::new(None)], 2);
    next.run();
    assert_eq!(next.transports[0].offers.borrow().iter().map(|offer| offer.deferred).collect::<Vec<_>>(), [false]);
}

#[test]
fn a_deferral_whose_session_died_is_void_after_a_while() {
    let bench = one();
    bench.transports[0].answer(|_| Ok(Outcome { end: 0x4_0000, ..taken(&[]) }));
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    let next = Bench::on(Rc::new(bench.memory.clone()), bench.memory.clone(), bench.clock.clone(), vec![Scripted::new(None)], 2);
    next.later(899);
    assert_eq!(next.transports[0].served().len(), 0);
    next.later(1);
    assert_eq!(next.transports[0].served().len(), 1);
}

#[test]
fn a_refused_message_waits_until_the_transport_is_ready() {
    let bench = one();
    bench.transports[0].fail(Code::Cancel);
    bench.submit("x", &["SMTP:bob@example.com"], Vec::new());
    bench.run();
    bench.later(1_000_000);
    assert_eq!(bench.transports[0].served().len(), 1);
    bench.notice(0, READYTOSEND, None);
    bench.run();
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_transport_that_is_ready_again_gets_what_waits_at_once() {
    let bench = one();
    bench.transports[0].fail(Code::NetworkError);
    bench.submit("a", &["SMTP:a@example.com"], Vec::new());
    bench.submit("b", &["SMTP:b@example.com"], Vec::new());
    bench.run();
    bench.notice(0, READYTOSEND, None);
    bench.run();
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_message_cancelled_by_the_user_is_a_draft_again() {
    let bench = one();
    bench.transports[0].answer(|envelope| {
        let first = (envelope.recipients[0].row, OutcomeKind::Delivered);
        Ok(Outcome { failure: Some(Failure::new(Code::UserCancel, "stop")), ..taken(&[first]) })
    });
    let id = bench.submit("x", &["SMTP:a@example.com", "SMTP:b@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert!(matches!(bench.store.open_entry(Some(&id), None, MAPI_MODIFY), Ok(OpenedEntry::Message(_))));
    assert_eq!(bench.subjects(tags::IPM_OUTBOX_ENTRYID), ["x"]);
}

#[test]
fn rows_done_count_with_an_error_but_not_when_nothing_was_done() {
    for (code, counted) in [(Code::CallFailed, true), (Code::Wait, true), (Code::Busy, false)] {
        let bench = one();
        bench.transports[0].answer(move |envelope| {
            let first = (envelope.recipients[0].row, OutcomeKind::Delivered);
            Ok(Outcome { failure: Some(Failure::new(code, "x")), ..taken(&[first]) })
        });
        bench.submit("x", &["SMTP:a@example.com", "SMTP:b@example.com"], Vec::new());
        bench.run();
        bench.later(60);
        let expected = if counted { vec!["b@example.com"] } else { vec!["a@example.com", "b@example.com"] };
        assert_eq!(bench.transports[0].served()[1], expected, "{code:?}");
    }
}

#[test]
fn a_transport_cannot_speak_for_rows_it_was_not_given() {
    let bench = Bench::new(vec![Scripted::new(Some(SMTP)), Scripted::new(Some(&["FAX"]))]);
    bench.transports[0].answer(|envelope| {
        let all: Vec<_> =
            envelope.recipients.iter().map(|row| (row.row, OutcomeKind::Delivered)).chain([(99, bounced())]).collect();
        Ok(taken(&all))
    });
    bench.submit("x", &["SMTP:a@example.com", "FAX:1"], Vec::new());
    bench.run();
    assert_eq!(bench.transports[1].served(), [["1"]]);
}

#[test]
fn a_deferred_sending_time_is_kept_and_blocks_nothing() {
    let bench = one();
    let at = FileTime(bench.environment.clock.now().0 + 100 * SECOND);
    bench.submit("later", &["SMTP:a@example.com"], vec![Property::new(tags::DEFERRED_SEND_TIME, Value::SysTime(at))]);
    bench.submit("now", &["SMTP:b@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["later"]);
    bench.later(99);
    assert_eq!(bench.queued(), ["later"]);
    bench.later(1);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_message_thrown_away_is_withdrawn() {
    let bench = one();
    let id = bench.submit("x", &["SMTP:a@example.com"], Vec::new());
    let wastebasket = object_of(&match get(&bench.store.properties(), tags::IPM_WASTEBASKET_ENTRYID) {
        Value::Binary(id) => id,
        other => panic!("{other:?}"),
    });
    let mut changes = crate::stores::ChangeSet::new(bench.store.connection());
    changes.push(crate::spooler::delivery::moved(&object_of(&id), wastebasket));
    changes.commit(crate::stores::CommitMode::default()).unwrap();
    bench.run();
    assert_eq!(bench.transports[0].served().len(), 0);
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert!(bench.store.open_entry(Some(&id), None, MAPI_MODIFY).is_ok());
}

#[test]
fn nothing_goes_to_a_transport_inside_its_critical_section() {
    let bench = one();
    bench.run();
    bench.notice(0, 0x1000, None);
    bench.submit("x", &["SMTP:a@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["x"]);
    bench.notice(0, 0x2000, None);
    bench.run();
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn two_spoolers_on_one_store_send_each_message_once() {
    let bench = one();
    let other =
        Bench::on(Rc::new(bench.memory.clone()), bench.memory.clone(), bench.clock.clone(), vec![Scripted::new(Some(SMTP))], 2);
    for number in 0..20 {
        bench.submit(&number.to_string(), &["SMTP:a@example.com"], Vec::new());
    }
    for _ in 0..50 {
        bench.turn();
        other.turn();
    }
    let (here, there) = (bench.transports[0].served().len(), other.transports[0].served().len());
    assert_eq!(here + there, 20);
    assert!(here > 0 && there > 0, "{here} and {there}");
    assert_eq!(bench.subjects(tags::IPM_SENTMAIL_ENTRYID).len(), 20);
}

#[test]
fn a_message_being_sent_by_another_process_is_closed_to_clients_until_the_claim_ends() {
    let bench = one();
    let id = bench.submit("x", &["SMTP:a@example.com"], Vec::new());
    let mut delivery =
        crate::spooler::delivery::Delivery::read(&bench.reference, &object_of(&id), Guid([7; 16]), super::super::LEASE)
            .unwrap()
            .unwrap();
    delivery.claim().unwrap();
    assert_eq!(bench.store.abort_submit(&id, 0).unwrap_err().code(), Code::UnableToAbort);
    assert_eq!(bench.store.open_entry(Some(&id), None, 0).err().unwrap().code(), Code::NoAccess);
    assert_eq!(bench.queue_cell(tags::SUBMIT_FLAGS), Value::Long(1));
    bench.run();
    assert_eq!(bench.transports[0].served().len(), 0);
    bench.later(120);
    assert_eq!(bench.transports[0].served().len(), 1, "a dead owner's claim is void");
    assert_eq!(delivery.save(Vec::new()).unwrap_err().code(), Code::ObjectChanged, "and it notices when it wakes up");
}

#[test]
fn what_could_not_be_saved_is_saved_before_anything_else_is_sent() {
    let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
    let faulty = crate::memory::Faulty::new(memory.clone());
    let faults = faulty.faults.clone();
    let bench = Bench::on(Rc::new(faulty), memory, Rc::default(), vec![Scripted::new(Some(SMTP))], 1);
    bench.submit("a", &["SMTP:a@example.com"], Vec::new());
    bench.submit("b", &["SMTP:b@example.com"], Vec::new());
    // The claim is saved, the outcome is not.
    let full = || crate::memory::Fault::Fail(Failure::new(Code::NotEnoughDisk, "full"));
    for nth in [2, 3, 4, 5] {
        faults.schedule(Some("commit"), crate::memory::Trigger::Nth(nth), full());
    }
    bench.run();
    bench.run();
    assert_eq!(bench.transports[0].served(), [["a@example.com"]], "nothing is sent while an outcome is not safe");
    faults.clear();
    bench.run();
    bench.later(120);
    assert_eq!(bench.transports[0].served(), [["a@example.com"], ["b@example.com"]]);
    assert_eq!(bench.queued(), Vec::<String>::new());
}
