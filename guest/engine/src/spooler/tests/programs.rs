//! Random programs of submissions, times, crashes and transports of every mood: in the end every recipient of
//! every message has been served or reported exactly once.

use super::*;
use crate::spooler::LEASE;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What happened to a recipient, by subject and address: taken, bounced.
type Fates = Rc<RefCell<BTreeMap<(String, String), (u32, u32)>>>;

#[derive(Clone, Debug)]
enum Step {
    Submit {
        recipients: u8,
    },
    Turns(u8),
    Wait(u16),
    /// The process ends between two turns, and another one begins.
    Crash,
    /// The transport is ready.
    Ready(u8),
    Abort(u8),
    /// Deferred messages are due.
    Due,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u8..4).prop_map(|recipients| Step::Submit { recipients }),
        4 => (1_u8..5).prop_map(Step::Turns),
        2 => (1_u16..2000).prop_map(Step::Wait),
        1 => Just(Step::Crash),
        1 => (0_u8..2).prop_map(Step::Ready),
        1 => any::<u8>().prop_map(Step::Abort),
        1 => Just(Step::Due),
    ]
}

/// Answers an offer in one of many moods, and notes what it did.
fn mood(mood: u8, fates: &Fates, envelope: &Envelope) -> Result<Outcome> {
    let served: Vec<u32> = envelope.recipients.iter().filter(|row| row.serve).map(|row| row.row).collect();
    let failed = |code| Some(Failure::new(code, "in this mood"));
    let first = |kind: OutcomeKind| taken(&[(served[0], kind)]);
    let outcome = match mood % 14 {
        0 => Outcome { failure: failed(Code::Busy), ..first(OutcomeKind::Delivered) },
        1 => Outcome { failure: failed(Code::Wait), ..taken(&[]) },
        2 => Outcome { failure: failed(Code::NetworkError), ..taken(&[]) },
        3 => Outcome { failure: failed(Code::NotMe), ..taken(&[]) },
        4 => Outcome { failure: failed(Code::CallFailed), ..first(OutcomeKind::Delivered) },
        5 => Outcome { failure: failed(Code::Wait), ..first(bounced()) },
        6 => first(OutcomeKind::Delivered),
        7 => Outcome { end: 0x2_0000, ..first(OutcomeKind::Delivered) },
        8 => Outcome { end: 0x4_0000, ..first(OutcomeKind::Delivered) },
        9 => Outcome { end: 0x1_0000, ..taken(&[]) },
        10 => return Err(Failure::new(Code::Timeout, "no answer")),
        11 => {
            let mut outcome = all_taken(envelope);
            outcome.recipients[0].1 = bounced();
            outcome
        }
        12 => Outcome { failure: failed(Code::Cancel), ..taken(&[]) },
        _ => all_taken(envelope),
    };
    if !matches!(outcome.failure.as_ref().map(Failure::code), Some(Code::Busy | Code::NotMe)) {
        let subject = envelope.properties.iter().find_map(|property| match &property.value {
            Value::Unicode(text) if property.tag == tags::SUBJECT => Some(text.clone()),
            _ => None,
        });
        for (number, kind) in &outcome.recipients {
            let row = envelope.recipients.iter().find(|row| row.row == *number).unwrap();
            let mut fates = fates.borrow_mut();
            let fate = fates.entry((subject.clone().unwrap(), address_of(&row.properties))).or_default();
            match kind {
                OutcomeKind::Delivered => fate.0 += 1,
                OutcomeKind::Failed { .. } => fate.1 += 1,
                OutcomeKind::NotDone => {}
            }
        }
    }
    Ok(outcome)
}

/// Recipients named in the reports of the Inbox, with the subject of the original.
fn reported(bench: &Bench) -> BTreeMap<(String, String), u32> {
    let table = bench.inbox().get_contents_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID, tags::ORIGINAL_SUBJECT], 0).unwrap();
    let mut reported = BTreeMap::new();
    for row in table.query_rows(1000, 0).unwrap() {
        let (Value::Binary(id), Value::Unicode(subject)) = (&row[0].value, &row[1].value) else { panic!("no report") };
        for address in rows(&bench.open(id).get_recipient_table(MAPI_UNICODE).unwrap(), tags::EMAIL_ADDRESS) {
            *reported.entry((subject.clone(), address)).or_default() += 1;
        }
    }
    reported
}

fn run(steps: &[Step], moods: &[u8]) {
    let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
    let clock: Rc<MemoryClock> = Rc::default();
    let fates: Fates = Rc::default();
    let transports = vec![Scripted::new(Some(&["SMTP"])), Scripted::new(None)];
    for (at, number) in moods.iter().copied().enumerate() {
        let fates = fates.clone();
        transports[at % 2].answer(move |envelope| mood(number, &fates, envelope));
    }
    for transport in &transports {
        for _ in 0..200 {
            let fates = fates.clone();
            transport.answer(move |envelope| mood(13, &fates, envelope));
        }
    }
    let begin = |seed| Bench::on(Rc::new(memory.clone()), memory.clone(), clock.clone(), transports.clone(), seed);
    let mut bench = begin(1);
    let mut submitted: Vec<(String, Vec<u8>, u8)> = Vec::new();
    let mut aborted: Vec<String> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Submit { recipients } => {
                let to: Vec<String> = (0..*recipients).map(|row| format!("SMTP:{row}@example.com")).collect();
                let to: Vec<&str> = to.iter().map(String::as_str).collect();
                let subject = format!("message {number}");
                let id = bench.submit(&subject, &to, Vec::new());
                submitted.push((subject, id, *recipients));
            }
            Step::Turns(turns) => {
                for _ in 0..*turns {
                    bench.turn();
                }
            }
            Step::Wait(seconds) => clock.advance(u64::from(*seconds) * 1_000_000),
            Step::Crash => {
                clock.advance(LEASE / 10);
                bench = begin(number as u64 + 2);
            }
            Step::Ready(transport) => bench.notice(usize::from(*transport), 0x2, None),
            Step::Abort(which) => {
                let Some((subject, id, _)) = submitted.get(usize::from(*which) % submitted.len().max(1)) else { continue };
                if bench.store.abort_submit(id, 0).is_ok() {
                    aborted.push(subject.clone());
                }
            }
            Step::Due => {
                for (_, id, _) in &submitted {
                    bench.notice(0, 0x4, Some(id));
                    bench.notice(1, 0x4, Some(id));
                }
            }
        }
    }
    // From now on everybody is well-behaved, and time goes by.
    for transport in &transports {
        transport.answers.borrow_mut().clear();
        for _ in 0..200 {
            let fates = fates.clone();
            transport.answer(move |envelope| mood(13, &fates, envelope));
        }
    }
    bench.run();
    for _ in 0..4 {
        bench.notice(0, 0x2, None);
        bench.notice(1, 0x2, None);
        bench.later(3600);
        for (_, id, _) in &submitted {
            bench.notice(0, 0x4, Some(id));
            bench.notice(1, 0x4, Some(id));
        }
        bench.run();
    }
    assert_eq!(bench.queued(), Vec::<String>::new());
    let sent = bench.subjects(tags::IPM_SENTMAIL_ENTRYID);
    let (fates, reported) = (fates.borrow(), reported(&bench));
    for (subject, _, recipients) in &submitted {
        if aborted.contains(subject) {
            continue;
        }
        assert_eq!(sent.iter().filter(|sent| *sent == subject).count(), 1, "{subject}");
        for row in 0..*recipients {
            let key = (subject.clone(), format!("{row}@example.com"));
            let (taken, bounced) = fates.get(&key).copied().unwrap_or_default();
            let told = reported.get(&key).copied().unwrap_or_default();
            // Taken once and never told of, or told of once: bounced, or given up by the spooler.
            assert!(matches!((taken, bounced, told), (1, 0, 0) | (0, 1, 1) | (0, 0, 1)), "{key:?}: {taken} {bounced} {told}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_recipient_is_served_or_reported_exactly_once(
        steps in proptest::collection::vec(step(), 1..24),
        moods in proptest::collection::vec(any::<u8>(), 0..24),
    ) {
        run(&steps, &moods);
    }
}
