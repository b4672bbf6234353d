//! The process ends between any two calls of the store: nothing is lost, no recipient known to be done is
//! served again, nobody is told twice.

use super::*;
use crate::backend::ScanKind;
use crate::memory::{Fault, Faulty, Trigger};
use crate::messages::content::stored_rows;
use crate::spooler::LEASE;

/// A server at the other end: it outlives the processes.
fn servers() -> Vec<Rc<Scripted>> {
    vec![Scripted::new(Some(&["SMTP"])), Scripted::new(Some(&["FAX"]))]
}

/// Bounces one recipient of the first message it is offered, each time.
fn tell(servers: &[Rc<Scripted>]) {
    servers[0].answers.borrow_mut().clear();
    for _ in 0..8 {
        servers[0].answer(|envelope| {
            let mut outcome = all_taken(envelope);
            for (number, result) in &mut outcome.recipients {
                let row = envelope.recipients.iter().find(|row| row.row == *number).unwrap();
                if address_of(&row.properties).starts_with("bounce") {
                    *result = bounced();
                }
            }
            Ok(outcome)
        });
    }
}

/// Recipients the store knows to be done.
fn done(bench: &Bench, message: &[u8]) -> Vec<String> {
    let rows =
        stored_rows(&bench.reference, &object_of(message), ScanKind::Recipients, &[tags::RESPONSIBILITY, tags::EMAIL_ADDRESS]);
    let is_done = |row: &Vec<Property>| row.contains(&Property::new(tags::RESPONSIBILITY, Value::Boolean(true)));
    rows.unwrap().into_iter().filter(|(_, row)| is_done(row)).map(|(_, row)| address_of(&row)).collect()
}

fn times_served(servers: &[Rc<Scripted>], address: &str) -> usize {
    servers.iter().flat_map(|server| server.served()).flatten().filter(|served| served == address).count()
}

/// One life up to the n-th call of the store, and another that goes on. Whether the first came to its end.
fn two_lives(n: u64, fault: fn(Failure) -> Fault) -> bool {
    const ADDRESSES: [&str; 4] = ["a@example.com", "bounce@example.com", "123", "d@example.com"];
    let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
    let clock: Rc<MemoryClock> = Rc::default();
    let servers = servers();
    tell(&servers);
    let faulty = Faulty::new(memory.clone());
    let faults = faulty.faults.clone();
    let first = Bench::on(Rc::new(faulty), memory.clone(), clock.clone(), servers.clone(), 1);
    let one = first.submit("one", &["SMTP:a@example.com", "SMTP:bounce@example.com", "FAX:123"], Vec::new());
    let two = first.submit("two", &["SMTP:d@example.com"], Vec::new());
    let before = faults.calls().len() as u64;
    faults.schedule(None, Trigger::Nth(n), fault(Failure::new(Code::DiskError, "dying")));
    faults.schedule(None, Trigger::From(n + 1), Fault::Fail(Failure::new(Code::DiskError, "dead")));
    for _ in 0..40 {
        first.turn();
    }
    let survived = (faults.calls().len() as u64) - before < n;
    drop(first);
    for server in &servers {
        server.current.take();
    }
    tell(&servers);
    let second = Bench::on(Rc::new(memory.clone()), memory, clock, servers.clone(), 2);
    let known: Vec<String> = [&one, &two].iter().flat_map(|message| done(&second, message)).collect();
    let served: Vec<usize> = ADDRESSES.iter().map(|address| times_served(&servers, address)).collect();
    second.later(LEASE / SECOND);
    second.later(3600);
    for (address, before) in ADDRESSES.iter().zip(served) {
        let after = times_served(&servers, address);
        if known.iter().any(|known| known == address) {
            assert_eq!(after, before, "{address} was done and served again, call {n}");
        }
        assert!((1..=2).contains(&after), "{address} was served {after} times, call {n}");
    }
    let ids: std::collections::BTreeSet<String> =
        servers.iter().flat_map(|server| server.offers.borrow().clone()).map(|offer| offer.message_id).collect();
    assert_eq!(ids.len(), 2, "the same Message-ID each time, call {n}");
    assert_eq!(second.queued(), Vec::<String>::new(), "call {n}");
    let mut sent = second.subjects(tags::IPM_SENTMAIL_ENTRYID);
    sent.sort();
    assert_eq!(sent, ["one", "two"], "call {n}");
    assert_eq!(second.received(), ["Undeliverable: one"], "call {n}");
    survived
}

#[test]
fn the_process_may_end_before_any_call_of_the_store() {
    let end = (1..2000).find(|n| two_lives(*n, Fault::Fail));
    assert!(end.is_some_and(|end| end > 20), "{end:?}");
}

#[test]
fn the_process_may_end_after_any_call_of_the_store() {
    let end = (1..2000).find(|n| two_lives(*n, Fault::FailAfter));
    assert!(end.is_some_and(|end| end > 20), "{end:?}");
}

#[test]
fn the_process_may_end_at_any_call_while_it_receives() {
    const MAIL: &[u8] = b"From: bob@example.com\r\nTo: ann@example.com\r\nSubject: hello\r\n\r\nhi\r\n";
    for fault in [Fault::Fail as fn(Failure) -> Fault, Fault::FailAfter] {
        for n in 1..200 {
            let memory = Arc::new(MemoryStore::new(Guid([9; 16]), "private"));
            let clock: Rc<MemoryClock> = Rc::default();
            let server = Scripted::new(Some(&["SMTP"]));
            server.inbound.borrow_mut().push_back(MAIL.to_vec());
            let faulty = Faulty::new(memory.clone());
            let faults = faulty.faults.clone();
            let first = Bench::on(Rc::new(faulty), memory.clone(), clock.clone(), vec![server.clone()], 1);
            first.run();
            let before = faults.calls().len() as u64;
            faults.schedule(None, Trigger::Nth(n), fault(Failure::new(Code::DiskError, "dying")));
            faults.schedule(None, Trigger::From(n + 1), Fault::Fail(Failure::new(Code::DiskError, "dead")));
            first.notice(0, 1, None);
            for _ in 0..5 {
                first.turn();
            }
            let survived = (faults.calls().len() as u64) - before < n;
            // What was acknowledged is in the store.
            drop(first);
            let second = Bench::on(Rc::new(memory.clone()), memory, clock, vec![server.clone()], 2);
            second.run();
            second.notice(0, 1, None);
            second.run();
            assert_eq!(second.received(), ["hello"], "call {n}");
            assert!(server.inbound.borrow().is_empty());
            if survived {
                break;
            }
        }
    }
}
