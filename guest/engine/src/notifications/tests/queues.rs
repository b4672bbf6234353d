//! Queues, dispatch, and what happens to sessions (`session` 6.9, 8.3 to 8.5).

use super::{Process, code, saved};
use crate::error::Code;
use crate::memory::MemoryHost;
use crate::notifications::{
    Connected, HandleQueue, Notification, Notifications, QUEUE_LIMIT, SESSION_LOGOFF, TableEvent, TableNotification, mask,
};
use crate::properties::{Guid, Value, tags};
use crate::session::logon_flags::{MAPI_ALLOW_OTHERS, MAPI_EXTENDED, MAPI_NEW_SESSION};
use crate::session::{MAPI_LOGOFF_SHARED, Session, Subsystem};
use crate::stores::StoreObject;
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;

#[test]
fn a_full_queue_keeps_its_bound_and_says_that_events_were_lost() {
    let notifications = Notifications::default();
    let queue = notifications.open_queue();
    let object = queue.connect(Connected::Session { mask: mask::EXTENDED }).unwrap();
    let table = queue.connect(Connected::Table).unwrap();
    let row = |event| Notification::TableModified(TableNotification::plain(event));
    for _ in 0..QUEUE_LIMIT {
        queue.push(table, row(TableEvent::RowModified));
    }
    for _ in 0..3 {
        queue.push(table, row(TableEvent::RowAdded));
        queue.push(object, Notification::Extended(crate::notifications::ExtendedNotification { event: 9, data: vec![] }));
    }
    assert_eq!(queue.len(), QUEUE_LIMIT + 2);
    queue.push(table, row(TableEvent::Reload));
    assert_eq!(queue.len(), QUEUE_LIMIT + 2, "void keys take the place of changed rows");
    let first = notifications.take(u32::try_from(QUEUE_LIMIT).unwrap());
    assert!(first.more && first.batches.len() == 1);
    queue.push(table, row(TableEvent::RowAdded));
    let rest: Vec<_> = notifications.take(0).batches.into_iter().flat_map(|batch| batch.events).collect();
    assert_eq!(rest, [row(TableEvent::Reload), Notification::lost()], "what follows is told again after it was fetched");
    queue.push(table, row(TableEvent::RowAdded));
    assert_eq!(queue.len(), 1);
}

#[test]
fn events_come_in_order_and_neighbours_of_one_registration_together() {
    let notifications = Notifications::default();
    let (first, second) = (notifications.open_queue(), notifications.open_queue());
    let connect = |queue: &HandleQueue| queue.connect(Connected::Table).unwrap();
    let (a, b, c) = (connect(&first), connect(&first), connect(&second));
    assert!(a != 0 && a != b && b != c && a != c);
    let event = || Notification::TableModified(TableNotification::plain(TableEvent::Changed));
    for connection in [a, a, b, a] {
        first.push(connection, event());
    }
    second.push(c, event());
    let order = |dispatched: crate::notifications::Dispatched| {
        dispatched.batches.into_iter().map(|batch| (batch.handle, batch.connection, batch.events.len())).collect::<Vec<_>>()
    };
    assert_eq!(order(notifications.take(3)), [(1, a, 2), (1, b, 1)]);
    // The next one goes on with the handle that was not served.
    assert_eq!(order(notifications.take(0)), [(2, c, 1), (1, a, 1)]);
    first.push(b, event());
    first.disconnect(b);
    assert_eq!(order(notifications.take(0)), []);
}

#[test]
fn session_registrations_hear_of_logoffs_alone() {
    let host = MemoryHost::new();
    let subsystem = Subsystem::new(Rc::new(host));
    subsystem.initialize(None).unwrap();
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, 0).unwrap();
    let logon = |flags| subsystem.logon_ex(0, Some("Work"), None, flags | MAPI_EXTENDED).unwrap();
    let (first, second, apart) = (logon(MAPI_ALLOW_OTHERS), logon(0), logon(MAPI_NEW_SESSION));
    let events = |subsystem: &Subsystem| {
        let batches = subsystem.dispatch_notifications(0, 0).unwrap().batches;
        batches
            .into_iter()
            .flat_map(|batch| batch.events.into_iter().map(move |event| (batch.handle, event.mask())))
            .collect::<Vec<_>>()
    };
    // Critical errors are heard with any mask, even none.
    first.advise(None, 0).unwrap();
    let other = second.advise(None, mask::EXTENDED | mask::NEW_MAIL).unwrap();
    apart.advise(None, mask::EXTENDED).unwrap();
    for session in [&first, &second] {
        assert_eq!(code(session.advise(None, mask::STATUS_OBJECT_MODIFIED)), Code::NoSupport);
        assert_eq!(code(session.unadvise(other + 100)), Code::NotFound);
    }
    assert_eq!(code(first.unadvise(other)), Code::NotFound, "the registration of another handle");
    second.logoff(0, MAPI_LOGOFF_SHARED, 0).unwrap();
    let (one, two) = (first.number(), second.number());
    assert_eq!(events(&subsystem), [(one, mask::CRITICAL_ERROR), (two, mask::EXTENDED)]);
    assert_eq!(events(&subsystem), [], "the queue of a handle that is gone is fetched once");
    first.logoff(0, 0, 0).unwrap();
    assert_eq!(events(&subsystem), [], "mask 0 hears no other event, and other sessions none at all");
    assert_eq!(code(subsystem.dispatch_notifications(1, 0)), Code::InvalidParameter);
    assert_eq!(SESSION_LOGOFF, 1);
    subsystem.uninitialize();
    assert_eq!(code(subsystem.dispatch_notifications(0, 0)), Code::NotInitialized);
}

fn store_of(session: &Session) -> StoreObject {
    let table = session.get_msg_stores_table(MAPI_UNICODE).unwrap();
    table.set_columns(&[tags::ENTRYID], 0).unwrap();
    let Value::Binary(entry_id) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no store") };
    session.open_msg_store(0, &entry_id, None, crate::session::open_store_flags::MDB_WRITE).unwrap().value
}

#[test]
fn the_session_forwards_registrations_and_turns_take_changes_in() {
    let host = MemoryHost::new();
    let subsystem = crate::session::Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    let flags = crate::profiles::MAPI_DEFAULT_SERVICES | MAPI_UNICODE;
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, flags).unwrap();
    let session = subsystem.logon_ex(0, Some("Work"), None, MAPI_EXTENDED | MAPI_UNICODE).unwrap();
    let store = store_of(&session);
    assert_eq!(code(session.advise(Some(&store.entry_id()), 0)), Code::InvalidParameter);
    assert_eq!(code(session.advise(Some(&store.entry_id()), mask::TABLE_MODIFIED)), Code::NoSupport);
    let through = session.advise(Some(&store.entry_id()), mask::OBJECT_CREATED).unwrap();
    assert_eq!(code(store.unadvise(through)), Code::NotFound, "it was made at the session");
    // Another process; nothing here says that the store has changed.
    let other = Process::on(Rc::new(host.stores().remove(0)), 7);
    saved(&other.folder("New"), "one");
    let work = subsystem.pump(0).unwrap();
    assert_eq!(work.notifications, 2);
    assert!(work.wake_at.is_some(), "a store of which the host never says that it changed is asked again");
    assert_eq!(subsystem.dispatch_notifications(0, 0).unwrap().batches[0].events.len(), 2);
    let section = session.get_msg_stores_table(0).unwrap();
    section.set_columns(&[tags::INSTANCE_KEY], 0).unwrap();
    let Value::Binary(section) = section.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("no key") };
    subsystem.changed(Guid::from_slice(&section).unwrap()).unwrap();
    assert_eq!(subsystem.pump(0).unwrap().wake_at, None);
    session.unadvise(through).unwrap();
    saved(&other.folder("Newer"), "two");
    assert_eq!(subsystem.pump(0).unwrap().notifications, 0);
}
