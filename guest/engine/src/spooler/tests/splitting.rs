//! The splitting table of `transport` 3.3.

use super::*;

fn two() -> Bench {
    Bench::new(vec![Scripted::new(Some(&["SMTP"])), Scripted::new(Some(&["FAX"]))])
}

const MIXED: &[&str] = &["SMTP:a@example.com", "SMTP:b@example.com", "FAX:123"];

#[test]
fn each_transport_gets_its_rows_and_the_message_is_finished_after_both() {
    let bench = two();
    bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.transports[0].served(), [["a@example.com", "b@example.com"]]);
    assert_eq!(bench.transports[1].served(), [["123"]]);
    assert_eq!(bench.subjects(tags::IPM_SENTMAIL_ENTRYID), ["x"]);
}

#[test]
fn a_busy_transport_gets_its_rows_later_and_they_alone() {
    let bench = two();
    bench.transports[1].fail(Code::Busy);
    bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["x"]);
    bench.later(5);
    assert_eq!(bench.transports[0].served().len(), 1);
    assert_eq!(bench.transports[1].served(), [["123"], ["123"]]);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn a_row_refused_or_left_goes_to_the_next_match_in_the_same_pass() {
    for refused in [true, false] {
        let bench = Bench::new(vec![Scripted::new(Some(&["SMTP"])), Scripted::new(None)]);
        if refused {
            bench.transports[0].fail(Code::NotMe);
        } else {
            bench.transports[0].answer(|envelope| Ok(taken(&[(envelope.recipients[0].row, OutcomeKind::Delivered)])));
        }
        bench.submit("x", &["SMTP:a@example.com", "SMTP:b@example.com"], Vec::new());
        bench.run();
        let expected = if refused { vec!["a@example.com", "b@example.com"] } else { vec!["b@example.com"] };
        assert_eq!(bench.transports[1].served(), [expected]);
        assert_eq!(bench.received(), Vec::<String>::new());
        assert_eq!(bench.queued(), Vec::<String>::new());
    }
}

#[test]
fn a_row_everybody_leaves_ends_in_a_report_and_the_rest_goes_out() {
    let bench = two();
    bench.transports[0].answer(|envelope| Ok(taken(&[(envelope.recipients[0].row, OutcomeKind::Delivered)])));
    bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.received(), ["Undeliverable: x"]);
    assert_eq!(bench.transports[1].served(), [["123"]]);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn an_address_nobody_registered_is_reported_only_when_all_transports_are_there() {
    let bench = two();
    bench.submit("x", &["SMTP:a@example.com", "X400:c"], Vec::new());
    bench.run();
    assert_eq!(bench.received(), ["Undeliverable: x"]);
    let mut bench = two();
    bench.is_complete = false;
    bench.submit("x", &["SMTP:a@example.com", "X400:c"], Vec::new());
    bench.run();
    assert_eq!(bench.transports[0].served().len(), 1, "the rest goes out");
    bench.later(100_000);
    assert_eq!((bench.received().len(), bench.queued().len()), (0, 1));
    bench.is_complete = true;
    bench.run();
    assert_eq!((bench.received().len(), bench.queued().len()), (1, 0));
}

#[test]
fn without_any_transport_in_the_profile_everything_comes_back() {
    let bench = Bench::new(Vec::new());
    bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.received(), ["Undeliverable: x"]);
    assert_eq!(bench.subjects(tags::IPM_SENTMAIL_ENTRYID), ["x"], "finished and filed all the same");
    let mut bench = Bench::new(Vec::new());
    bench.is_complete = false;
    bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.queued(), ["x"]);
}

#[test]
fn one_transport_defers_and_the_others_are_served_meanwhile() {
    let bench = two();
    bench.transports[0].answer(|_| Ok(Outcome { end: 0x4_0000, ..taken(&[]) }));
    let id = bench.submit("x", MIXED, Vec::new());
    bench.run();
    assert_eq!(bench.transports[1].served(), [["123"]]);
    assert_eq!(bench.queued(), ["x"]);
    bench.notice(0, 0x4, Some(&id));
    bench.run();
    assert_eq!(bench.queued(), Vec::<String>::new());
    assert_eq!(bench.transports[1].served().len(), 1);
}

#[test]
fn the_owner_of_an_identifier_beats_a_type_and_what_it_leaves_goes_by_type() {
    let bench = Bench::new(vec![Scripted::new(Some(&["SMTP"])), Scripted::new(Some(&[""]))]);
    bench.transports[1].identity.borrow_mut().uids = vec![OneOff::UID];
    bench.active[1].ask_identity();
    bench.transports[1].answer(|envelope| Ok(taken(&[(envelope.recipients[0].row, OutcomeKind::Delivered)])));
    bench.submit("x", &["SMTP:a@example.com", "SMTP:b@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.transports[1].served(), [["a@example.com", "b@example.com"]]);
    assert_eq!(bench.transports[0].served(), [["b@example.com"]]);
}

#[test]
fn a_transport_that_breaks_down_leaves_its_rows_to_others() {
    let bench = Bench::new(vec![Scripted::new(Some(&["SMTP"])), Scripted::new(None)]);
    let broken = Rc::clone(&bench.transports[0]);
    bench.transports[0].answer(move |_| {
        broken.notices.borrow_mut().push(TransportNotice::CriticalError(Failure::new(Code::CallFailed, "broken")));
        Err(Failure::new(Code::CallFailed, "broken"))
    });
    bench.submit("x", &["SMTP:a@example.com"], Vec::new());
    bench.run();
    assert_eq!(bench.transports[1].served(), [["a@example.com"]]);
    assert_eq!(bench.queued(), Vec::<String>::new());
}

#[test]
fn changed_address_types_assign_anew() {
    let mut bench = Bench::new(vec![Scripted::new(Some(&["FAX"]))]);
    bench.is_complete = false;
    bench.submit("x", &["SMTP:a@example.com"], Vec::new());
    bench.run();
    bench.transports[0].identity.borrow_mut().address_types = None;
    bench.notice(0, 0x4000, None);
    bench.run();
    assert_eq!(bench.transports[0].served(), [["a@example.com"]]);
}
