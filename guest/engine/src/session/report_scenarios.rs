//! What providers report on their own, and what is looked at before they are logged on (`session` 3 step 3, 6.3, 10.1;
//! `status` 2, 3, 4).

use super::logon_flags::*;
use super::open_store_flags::{MDB_NO_MAIL, MDB_TEMPORARY, MDB_WRITE};
use super::scenarios::{UNICODE, cells, code, logon, subsystem, text};
use super::{Entry, Session, StatusObject, Subsystem};
use crate::backend::{AddressBook, ConfigureOutcome, Effect, Opened, ProviderKind, SectionChange, Store};
use crate::entry_id::WrappedStoreId;
use crate::error::Code;
use crate::memory::{MemoryAddressBook, MemoryCatalogue, MemoryHost, MemoryStore};
use crate::profiles::{MAPI_FORCE_ACCESS, Profiles};
use crate::properties::{Guid, MAPI_MODIFY, PropTag, Property, Value, tags};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

const SECRET: PropTag = PropTag(0x67F1_001F);

/// A private identifier a store was opened by, and whether for a while.
type Opening = (Option<Vec<u8>>, bool);

/// A host with a store that no profile has, and the identifier it is opened by.
struct Elsewhere {
    host: MemoryHost,
    subsystem: Subsystem,
    store: Arc<MemoryStore>,
    /// How stores were opened, in order.
    opened: Rc<RefCell<Vec<Opening>>>,
    id: Vec<u8>,
}

impl Elsewhere {
    fn new() -> Self {
        let host = MemoryHost::new();
        let subsystem = subsystem(&host);
        let store = Arc::new(MemoryStore::new(Guid([8; 16]), "elsewhere"));
        let opened = Rc::new(RefCell::new(Vec::new()));
        let (known, seen) = (Arc::clone(&store), Rc::clone(&opened));
        let own = Rc::new(MemoryStore::new(Guid([7; 16]), "own"));
        host.add_store_opener("memory", move |logon, entry| {
            seen.borrow_mut().push((entry.map(<[u8]>::to_vec), logon.temporary));
            let provider: Rc<dyn Store> =
                if entry == Some(b"elsewhere".as_slice()) { Rc::new(Arc::clone(&known)) } else { own.clone() };
            let kept = [(tags::DISPLAY_NAME, "Elsewhere"), (SECRET, "s3cret")];
            let kept = kept.map(|(tag, value)| Property::new(tag, text(value))).to_vec();
            let section_changes = if entry.is_some() { kept } else { Vec::new() };
            Ok(Opened { provider, section_changes, status_row: Vec::new(), warning: None })
        });
        let id = WrappedStoreId::new("memory", b"elsewhere").unwrap().to_bytes();
        Self { host, subsystem, store, opened, id }
    }

    fn open(&self, session: &Session, flags: u32) {
        session.open_msg_store(0, &self.id, None, flags).unwrap();
    }

    fn rows(&self, session: &Session) -> Vec<Value> {
        let table = session.get_msg_stores_table(UNICODE).unwrap();
        cells(&table, &[tags::DISPLAY_NAME]).into_iter().map(|row| row[0].clone()).collect()
    }

    fn turn(&self) {
        self.subsystem.pump(1000).unwrap();
    }
}

#[test]
fn a_store_opened_by_its_identifier_is_in_the_profile_only_after_it_asks_to_stay() {
    let bench = Elsewhere::new();
    let session = logon(&bench.subsystem, "Work", 0);
    let table = session.get_msg_stores_table(UNICODE).unwrap();
    table.advise(0x100).unwrap();
    bench.open(&session, MDB_WRITE);
    assert_eq!(bench.rows(&session), [text("Mailbox")]);
    let flags = |session: &Session| {
        let rows = cells(&session.get_status_table(UNICODE).unwrap(), &[tags::DISPLAY_NAME, tags::RESOURCE_FLAGS]);
        rows.into_iter().find(|row| row[0] == text("Elsewhere")).map(|row| row[1].clone())
    };
    assert_eq!(flags(&session), Some(Value::Long(0x80)), "STATUS_TEMP_SECTION");
    // The default store shows the identifier it gives itself once it is open.
    bench.turn();
    bench.subsystem.dispatch_notifications(0, 0).unwrap();
    bench.store.reports.report(Effect::ModifyProfile);
    bench.turn();
    assert_eq!(bench.rows(&session), [text("Mailbox"), text("Elsewhere")]);
    assert_eq!(flags(&session), Some(Value::Long(0)));
    let dispatched = bench.subsystem.dispatch_notifications(0, 0).unwrap();
    assert_eq!(dispatched.batches.iter().map(|batch| batch.events.len()).sum::<usize>(), 1, "TABLE_ROW_ADDED");
    bench.store.reports.report(Effect::ModifyProfile);
    bench.turn();
    assert_eq!(bench.rows(&session).len(), 2, "asking again changes nothing");
    drop(session);
    // Another session knows it from the profile, with what it keeps there, and opens it by the identifier it has there.
    let session = logon(&bench.subsystem, "Work", 0);
    let rows = cells(
        &session.get_msg_stores_table(UNICODE).unwrap(),
        &[tags::DISPLAY_NAME, tags::ENTRYID, tags::SERVICE_UID, tags::PROVIDER_UID, tags::DEFAULT_STORE],
    );
    assert_eq!(rows[1][0..2], [text("Elsewhere"), Value::Binary(bench.id.clone())]);
    assert_eq!((&rows[1][2], &rows[1][4]), (&Value::Error(Code::NotFound.raw()), &Value::Boolean(false)), "it has no service");
    bench.opened.borrow_mut().clear();
    bench.open(&session, MDB_NO_MAIL);
    assert_eq!(bench.opened.borrow()[0], (Some(b"elsewhere".to_vec()), false));
    let Value::Binary(uid) = &rows[1][3] else { panic!("PR_PROVIDER_UID is binary") };
    let section = session.open_profile_section(Guid::from_slice(uid), None, MAPI_FORCE_ACCESS).unwrap().properties();
    assert_eq!(section.get_props(Some(&[SECRET]), UNICODE).unwrap().value[0].value, text("s3cret"));
    assert!(
        bench.host.log.lines().iter().all(|(_, line)| !line.contains("could not be applied")),
        "{:?}",
        bench.host.log.lines()
    );
}

#[test]
fn a_store_opened_for_a_while_stays_only_after_somebody_wants_it_for_longer() {
    let bench = Elsewhere::new();
    let session = logon(&bench.subsystem, "Work", 0);
    bench.open(&session, MDB_TEMPORARY);
    bench.store.reports.report(Effect::ModifyProfile);
    bench.turn();
    assert_eq!(bench.rows(&session).len(), 1, "ModifyProfile does nothing");
    assert_eq!(bench.opened.borrow()[0], (Some(b"elsewhere".to_vec()), true));
    bench.open(&session, 0);
    bench.turn();
    assert_eq!(bench.rows(&session).len(), 1, "it has to ask again");
    bench.store.reports.report(Effect::ModifyProfile);
    bench.open(&session, MDB_TEMPORARY);
    bench.turn();
    assert_eq!(bench.rows(&session).len(), 2);
}

#[test]
fn a_store_that_asks_while_it_logs_on_is_in_the_profile_at_once() {
    let bench = Elsewhere::new();
    let session = logon(&bench.subsystem, "Work", 0);
    bench.store.reports.report(Effect::ModifyProfile);
    bench.open(&session, 0);
    assert_eq!(bench.rows(&session).len(), 2);
}

fn status_objects(session: &Session, flags: u32) -> Vec<StatusObject> {
    let rows = cells(&session.get_status_table(UNICODE).unwrap(), &[tags::ENTRYID]);
    let open = |row: Vec<Value>| {
        let Value::Binary(id) = &row[0] else { panic!("PR_ENTRYID is binary") };
        match session.open_entry(id, None, flags).unwrap().value {
            Entry::Status(object) => object,
            _ => panic!("a status identifier names a status object"),
        }
    };
    rows.into_iter().map(open).collect()
}

fn value(object: &StatusObject, tag: PropTag) -> Value {
    object.properties().get_props(Some(&[tag]), UNICODE).unwrap().value[0].value.clone()
}

/// A session with a store and an address book of that host, and their status objects, opened for writing.
struct Providers {
    host: MemoryHost,
    subsystem: Subsystem,
    session: Session,
    book: Arc<MemoryAddressBook>,
}

impl Providers {
    fn new() -> Self {
        let host = MemoryHost::new();
        let book = Arc::new(MemoryAddressBook::new(Guid([5; 16])));
        let shared = Arc::clone(&book);
        host.add_address_book_opener("memory-pab", move |_| {
            let provider: Rc<dyn AddressBook> = Rc::new(Arc::clone(&shared));
            let able = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(1))];
            Ok(Opened { provider, section_changes: Vec::new(), status_row: able, warning: None })
        });
        let subsystem = subsystem(&host);
        let session = logon(&subsystem, "Work", 0);
        session.get_status_table(0).unwrap();
        Self { host, subsystem, session, book }
    }

    fn object(&self, kind: i32) -> StatusObject {
        let objects = status_objects(&self.session, crate::properties::MAPI_BEST_ACCESS);
        objects.into_iter().find(|object| value(object, tags::RESOURCE_TYPE) == Value::Long(kind)).unwrap()
    }

    fn report(&self, columns: Vec<Property>, update: bool) {
        self.book.reports.report(Effect::StatusRow { columns, update });
    }
}

#[test]
fn status_properties_are_set_by_the_provider_and_shown_by_its_row() {
    let bench = Providers::new();
    let book = bench.object(35);
    let set = |values: Vec<(PropTag, Value)>| {
        let values = values.into_iter().map(|(tag, value)| Property::new(tag, value)).collect();
        book.properties().set_props(values).map(|problems| problems.iter().map(|p| (p.index, p.code)).collect::<Vec<_>>())
    };
    let renamed = || vec![(tags::DISPLAY_NAME, text("People"))];
    assert_eq!(code(set(renamed())), Code::NoAccess, "its status object can only be read");
    bench.book.reports.gain_status_object();
    assert_eq!(set(renamed()), Ok(vec![]));
    assert_eq!(value(&book, tags::DISPLAY_NAME), text("People"));
    assert!(cells(&bench.session.get_status_table(UNICODE).unwrap(), &[tags::DISPLAY_NAME]).contains(&vec![text("People")]));
    let mixed = vec![
        (tags::STATUS_CODE, Value::Long(0)),
        (tags::PROVIDER_DISPLAY, text("Paper")),
        (PropTag(0x6701_0003), Value::Long(1)),
        (tags::RESOURCE_METHODS, Value::Long(0xF)),
        (tags::ROWID, Value::Long(7)),
    ];
    let refused = vec![(0, Code::Computed), (2, Code::InvalidType), (3, Code::Computed), (4, Code::Computed)];
    assert_eq!(set(mixed), Ok(refused));
    assert_eq!((value(&book, tags::STATUS_CODE), value(&book, tags::PROVIDER_DISPLAY)), (Value::Long(1), text("Paper")));
    let problems = book.properties().delete_props(&[tags::PROVIDER_DISPLAY]).unwrap();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::NoAccess], "nothing can be deleted");
    assert_eq!(code(bench.object(33).properties().set_props(vec![Property::new(tags::DISPLAY_NAME, text("x"))])), Code::NoAccess);
    let read_only = status_objects(&bench.session, 0);
    for object in &read_only {
        assert_eq!(code(object.properties().set_props(vec![Property::new(tags::DISPLAY_NAME, text("x"))])), Code::NoAccess);
    }
    let ids = cells(&bench.session.get_status_table(UNICODE).unwrap(), &[tags::ENTRYID]);
    let Value::Binary(engine) = &ids[0][0] else { panic!("PR_ENTRYID is binary") };
    assert_eq!(code(bench.session.open_entry(engine, None, MAPI_MODIFY)), Code::NoAccess, "the engine's cannot be changed");
}

#[test]
fn address_books_and_stores_validate_their_state_if_they_can() {
    let bench = Providers::new();
    let (book, store) = (bench.object(35), bench.object(33));
    assert_eq!(code(store.validate_state(0, 0)), Code::NoSupport, "its row says that it cannot");
    assert_eq!(code(book.validate_state(0, 0)), Code::NoSupport);
    bench.book.reports.gain_status_object();
    bench.report(vec![Property::new(tags::STATUS_STRING, text("Sound"))], true);
    book.validate_state(0, 0).unwrap();
    assert_eq!(value(&book, tags::STATUS_STRING), text("Sound"), "its row is up to date when the call returns");
    let all = status_objects(&bench.session, 0).remove(0);
    all.validate_state(0, 0).unwrap();
}

#[test]
fn a_provider_may_have_several_rows_and_updates_the_one_it_names() {
    let bench = Providers::new();
    let named = |name: &str, more: Vec<Property>| {
        let mut columns = vec![Property::new(tags::DISPLAY_NAME, text(name))];
        columns.extend(more);
        columns
    };
    let says = |what: &str| vec![Property::new(tags::STATUS_STRING, text(what))];
    bench.report(named("Second", says("new")), false);
    bench.report(named("Second", says("changed")), true);
    bench.report(says("of the first"), true);
    bench.report(Vec::new(), true);
    bench.subsystem.pump(1000).unwrap();
    let rows = cells(
        &bench.session.get_status_table(UNICODE).unwrap(),
        &[tags::RESOURCE_TYPE, tags::DISPLAY_NAME, tags::STATUS_STRING, tags::STATUS_CODE],
    );
    let of_book: Vec<_> = rows.into_iter().filter(|row| row[0] == Value::Long(35)).map(|row| row[1..].to_vec()).collect();
    let available = Value::Long(1);
    assert_eq!(
        of_book,
        [[text("Personal Address Book"), text("of the first"), available.clone()], [text("Second"), text("changed"), available]]
    );
    assert!(bench.host.log.lines().iter().any(|(_, line)| line.contains("could not be applied")));
}

#[test]
fn an_address_book_that_warns_is_active_and_the_caller_hears_of_it_once() {
    let host = MemoryHost::new();
    let book = Arc::new(MemoryAddressBook::new(Guid([5; 16])));
    host.add_address_book_opener("memory-pab", move |_| {
        let provider: Rc<dyn AddressBook> = Rc::new(Arc::clone(&book));
        let warning = Some(crate::error::Failure::new(Code::Offline, "only what was fetched before"));
        Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning })
    });
    let subsystem = subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(session.open_address_book(0, None, 0).unwrap().warning, Some(Code::WErrorsReturned));
    let error = session.get_last_error(Code::WErrorsReturned, UNICODE).unwrap().unwrap();
    assert!(error.error.contains("only what was fetched before"), "{error:?}");
    assert_eq!(session.open_address_book(0, None, 0).unwrap().warning, None);
    assert_eq!(value(&status_objects(&session, 0)[2], tags::STATUS_CODE), Value::Long(1), "nothing has failed");
}

#[test]
fn the_address_book_is_offline_when_all_its_providers_are() {
    let bench = Providers::new();
    let whole = bench.object(34);
    assert_eq!(value(&whole, tags::STATUS_CODE), Value::Long(1));
    let online = |code| vec![Property::new(tags::STATUS_CODE, Value::Long(code))];
    for (of_provider, of_all) in [(0x2, 0x3), (0x1, 0x1), (0x3, 0x3)] {
        bench.report(online(of_provider), true);
        bench.subsystem.pump(1000).unwrap();
        assert_eq!(value(&whole, tags::STATUS_CODE), Value::Long(of_all));
    }
}

#[test]
fn what_a_provider_writes_into_its_section_while_it_runs_is_kept() {
    let bench = Providers::new();
    let kept = PropTag(0x6601_001F);
    let set = |values: &[(PropTag, &str)], delete: &[PropTag]| {
        let set = values.iter().map(|(tag, value)| Property::new(*tag, text(value))).collect();
        bench.book.reports.report(Effect::Section { set, delete: delete.to_vec() });
        bench.subsystem.pump(1000).unwrap();
        let (profile, _) = Profiles::new(&bench.host).load("Work").unwrap();
        let book = profile.providers_of(ProviderKind::AddressBook).next().unwrap().clone();
        (book.properties.get(kept).cloned(), book.backend, book.properties.protected().count())
    };
    assert_eq!(
        set(&[(kept, "a"), (SECRET, "s"), (tags::PROVIDER_DLL_NAME, "x")], &[]),
        (Some(text("a")), "memory-pab".into(), 1)
    );
    assert_eq!(set(&[], &[kept, SECRET, tags::PROVIDER_UID]), (None, "memory-pab".into(), 0));
}

/// A host whose service `book` gives its provider a name when it is configured, if it `mends` anything.
fn nameless(mends: bool) -> (MemoryHost, Subsystem, Arc<MemoryCatalogue>) {
    let service = MemoryCatalogue::service("book", "Book", ProviderKind::AddressBook, "memory-pab");
    let catalogue = MemoryCatalogue::new(vec![service]).with_entry_point("book", move |request| {
        let set = vec![Property::new(tags::DISPLAY_NAME, text("Mended"))];
        let change = SectionChange { uid: request.providers[0].uid, set, delete: Vec::new() };
        Ok(ConfigureOutcome { sections: if mends { vec![change] } else { Vec::new() }, ..ConfigureOutcome::default() })
    });
    let catalogue = Arc::new(catalogue);
    let host = MemoryHost::new().with_catalogue(Arc::clone(&catalogue));
    let subsystem = subsystem(&host);
    change_provider(&host, |provider| provider.properties.remove(tags::DISPLAY_NAME));
    (host, subsystem, catalogue)
}

fn change_provider(host: &MemoryHost, mut change: impl FnMut(&mut crate::profiles::Provider)) {
    let edit = |profile: &mut crate::profiles::Profile| {
        profile.providers.iter_mut().for_each(&mut change);
        Ok(())
    };
    Profiles::new(host).update("Work", edit).unwrap();
}

/// The names of the providers that are active, and the status of the subsystem.
fn active(session: &Session) -> (Vec<Value>, Value) {
    let rows = cells(&session.get_status_table(UNICODE).unwrap(), &[tags::DISPLAY_NAME, tags::STATUS_CODE]);
    (rows[3..].iter().map(|row| row[0].clone()).collect(), rows[0][1].clone())
}

#[test]
fn a_service_that_lacks_something_is_configured_once_before_anything_is_logged_on() {
    let (_host, subsystem, catalogue) = nameless(true);
    let calls = catalogue.requests().len();
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(catalogue.requests().len(), calls + 1);
    assert_eq!(active(&session), (vec![text("Mended")], Value::Long(1)));
    let _other = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(catalogue.requests().len(), calls + 1, "nothing is missing any more");
}

#[test]
fn a_service_that_lacks_something_still_is_disabled_for_the_session() {
    let (host, subsystem, catalogue) = nameless(false);
    let calls = catalogue.requests().len();
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(catalogue.requests().len(), calls + 1, "it is configured once");
    assert_eq!(active(&session), (vec![], Value::Long(5)));
    let opened = session.open_address_book(0, None, 0).unwrap();
    assert_eq!(opened.warning, Some(Code::WErrorsReturned));
    let error = session.get_last_error(Code::WErrorsReturned, UNICODE).unwrap().unwrap();
    assert!(error.error.contains("PR_DISPLAY_NAME"), "{error:?}");
    change_provider(&host, |provider| provider.properties.put(tags::DISPLAY_NAME, text("Book")));
    let next = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(active(&next).0, [text("Book")], "the next session looks again");
}

#[test]
fn a_service_whose_backend_no_service_of_the_host_names_is_disabled() {
    let host = MemoryHost::new();
    let subsystem = subsystem(&host);
    change_provider(&host, |provider| {
        if provider.kind == ProviderKind::AddressBook {
            provider.backend = "gone".into();
        }
    });
    let session = logon(&subsystem, "Work", 0);
    assert_eq!(active(&session), (vec![text("Mailbox")], Value::Long(5)), "the other services work");
    change_provider(&host, |provider| {
        if provider.kind == ProviderKind::AddressBook {
            provider.backend = "MEMORY-PAB".into();
        }
    });
    let next = logon(&subsystem, "Work", MAPI_NEW_SESSION);
    assert_eq!(active(&next).0.len(), 2, "names of backends are compared ignoring case");
}
