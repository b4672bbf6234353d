//! Status objects and live rows (`status` 3, 4, 7).

use super::logon_flags::*;
use super::scenarios::{UNICODE, cells, code, logon, text};
use super::{Entry, Session, StatusObject, Subsystem};
use crate::backend::{
    Envelope, InboundMessage, Outcome, ProviderKind, ServiceDefinition, Transport, TransportIdentity, TransportNotice,
};
use crate::entry_id::ProviderEntryId;
use crate::error::{Code, Failure, Result};
use crate::memory::{MemoryAddressBook, MemoryCatalogue, MemoryHost};
use crate::profiles::{ADDRESS_BOOK_SECTION, ExtraSection, MAPI_DEFAULT_SERVICES, Profiles, SectionProperties};
use crate::properties::{Guid, PropTag, Property, Value, tags};
use crate::status::{STATUS_INBOUND_FLUSH, STATUS_OUTBOUND_FLUSH, flush_flags, validate_flags};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

const AVAILABLE: i32 = 0x1;
const CRITSEC: u32 = 0x1000;

/// A transport that can be flushed and validated, and notes what it is asked.
#[derive(Default)]
struct Line {
    asked: RefCell<Vec<String>>,
    notices: RefCell<Vec<TransportNotice>>,
    code: Cell<i32>,
    refuses: Cell<Option<Code>>,
    identities: Cell<u32>,
}

impl Line {
    fn new() -> Rc<Self> {
        let line = Self::default();
        line.code.set(AVAILABLE);
        line.tell(vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x9))]);
        Rc::new(line)
    }

    fn tell(&self, row: Vec<Property>) {
        self.notices.borrow_mut().push(TransportNotice::StatusRow(row));
    }

    fn show(&self, set: i32, clear: i32) {
        self.code.set(self.code.get() & !clear | set);
        self.tell(vec![Property::new(tags::STATUS_CODE, Value::Long(self.code.get()))]);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.take()
    }
}

impl Transport for Line {
    fn identity(&self) -> TransportIdentity {
        self.identities.set(self.identities.get() + 1);
        TransportIdentity { address_types: Some(vec!["LINE".into()]), uids: Vec::new(), polls: false, idles: false }
    }

    fn notify(&self, flags: u32, _entry_id: Option<&[u8]>) -> Result<()> {
        if flags & 0xC_000C != 0 {
            self.asked.borrow_mut().push(format!("notify {flags:#x}"));
        }
        if flags & 0x8_0000 != 0 {
            self.show(0, STATUS_OUTBOUND_FLUSH);
        }
        if flags & 0x4_0000 != 0 {
            self.show(0, STATUS_INBOUND_FLUSH);
        }
        Ok(())
    }

    fn begin(&self, _envelope: &Envelope) -> Result<u64> {
        Err(Failure::new(Code::NotMe, "takes nothing"))
    }

    fn write(&self, _transfer: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _transfer: u64) -> Result<Outcome> {
        Err(Failure::new(Code::NotMe, "takes nothing"))
    }

    fn cancel(&self, _transfer: u64) {}

    fn poll(&self) -> Result<bool> {
        Ok(false)
    }

    fn idle(&self) {}

    fn receive(&self) -> Result<Option<InboundMessage>> {
        self.asked.borrow_mut().push("receive".into());
        Ok(None)
    }

    fn read(&self, _message: u64, _offset: u64, _length: u32) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _message: u64, _stored: bool) -> Result<()> {
        Ok(())
    }

    fn flush(&self, flags: u32) -> Result<()> {
        self.asked.borrow_mut().push(format!("flush {flags:#x}"));
        if let Some(code) = self.refuses.get() {
            return Err(Failure::new(code, "as told"));
        }
        let up = if flags & flush_flags::UPLOAD != 0 { STATUS_OUTBOUND_FLUSH } else { 0 };
        let down = if flags & flush_flags::DOWNLOAD != 0 { STATUS_INBOUND_FLUSH } else { 0 };
        self.show(up | down, 0);
        Ok(())
    }

    fn validate(&self, flags: u32) -> Result<()> {
        self.asked.borrow_mut().push(format!("validate {flags:#x}"));
        self.refuses.get().map_or(Ok(()), |code| Err(Failure::new(code, "as told")))
    }

    fn settings_dialog(&self, ui: u64, flags: u32) -> Result<()> {
        self.asked.borrow_mut().push(format!("settings {ui} {flags:#x}"));
        self.tell(vec![Property::new(tags::STATUS_STRING, text("Set up"))]);
        self.refuses.get().map_or(Ok(()), |code| Err(Failure::new(code, "as told")))
    }

    fn change_password(&self, old: &str, new: &str) -> Result<()> {
        self.asked.borrow_mut().push(format!("password {old} {new}"));
        self.refuses.get().map_or(Ok(()), |code| Err(Failure::new(code, "as told")))
    }

    fn notices(&self) -> Vec<TransportNotice> {
        self.notices.take()
    }
}

struct Fixture {
    host: MemoryHost,
    subsystem: Subsystem,
    first: Rc<Line>,
    second: Rc<Line>,
}

fn transport(name: &str) -> ServiceDefinition {
    MemoryCatalogue::service(name, name, ProviderKind::Transport, name)
}

/// A profile with a store, an address book and two transports.
fn fixture() -> Fixture {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        MemoryCatalogue::service("pab", "Book", ProviderKind::AddressBook, "memory-pab"),
        transport("first"),
        transport("second"),
    ]);
    let host = MemoryHost::new().with_catalogue(catalogue);
    let (first, second) = (Line::new(), Line::new());
    host.add_transport("first", Rc::clone(&first));
    host.add_transport("second", Rc::clone(&second));
    let subsystem = Subsystem::new(Rc::new(host.clone()));
    subsystem.initialize(None).unwrap();
    subsystem.admin_profiles(0).unwrap().create_profile("Work", None, 0, MAPI_DEFAULT_SERVICES).unwrap();
    Fixture { host, subsystem, first, second }
}

impl Fixture {
    /// A session with everything started and the rows of the transports complete.
    fn session(&self) -> Session {
        let session = logon(&self.subsystem, "Work", 0);
        session.get_status_table(0).unwrap();
        self.turns(3);
        session
    }

    fn turns(&self, count: u32) {
        for _ in 0..count {
            self.subsystem.pump(0).unwrap();
        }
    }
}

fn ids(session: &Session) -> Vec<Vec<u8>> {
    let table = session.get_status_table(UNICODE).unwrap();
    let ids = cells(&table, &[tags::ENTRYID]).into_iter().map(|mut row| match row.remove(0) {
        Value::Binary(id) => id,
        other => panic!("an identifier was expected, not {other:?}"),
    });
    ids.collect()
}

fn open(session: &Session, id: &[u8]) -> StatusObject {
    match session.open_entry(id, None, 0).unwrap().value {
        Entry::Status(object) => object,
        _ => panic!("not a status object"),
    }
}

fn value(object: &StatusObject, tag: PropTag) -> Value {
    object.properties().get_props(Some(&[tag]), UNICODE).unwrap().value.remove(0).value
}

#[test]
fn the_engines_objects_refuse_what_they_cannot_do() {
    let fixture = fixture();
    let session = fixture.session();
    let ids = ids(&session);
    let [subsystem, spooler, book] = [0, 1, 2].map(|at| open(&session, &ids[at]));
    for object in [&subsystem, &spooler, &book] {
        assert_eq!(code(object.settings_dialog(0, 0)), Code::NoSupport);
        assert_eq!(code(object.change_password("a", "b", 0)), Code::NoSupport);
        assert_eq!(code(object.validate_state(0, 0x2)), Code::UnknownFlags);
        assert_eq!(code(object.settings_dialog(0, 2)), Code::UnknownFlags);
        assert_eq!(code(object.change_password("a", "b", 1)), Code::UnknownFlags);
        object.properties().save_changes(0).unwrap();
        for bit in [0x1, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000] {
            object.validate_state(0, bit).unwrap();
        }
    }
    for object in [&subsystem, &book] {
        assert_eq!(code(object.flush_queues(0, None, flush_flags::UPLOAD)), Code::NoSupport);
    }
    assert_eq!(code(session.open_entry(&ids[0], None, 1)), Code::NoAccess);
    let store = open(&session, ids.last().unwrap());
    for refused in [store.validate_state(0, 0), store.flush_queues(0, None, flush_flags::UPLOAD)] {
        assert_eq!(code(refused), Code::NoSupport, "a provider without a status object of its own");
    }
    assert!(store.get_last_error(Code::NoSupport, UNICODE).unwrap().is_some());
}

#[test]
fn settings_are_shown_by_the_provider_whose_row_says_so_and_by_nobody_without_a_user_interface() {
    let fixture = fixture();
    fixture.first.tell(vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0xB))]);
    let session = fixture.session();
    let transport = of_transport(&session, &ids(&session));
    assert_eq!(code(transport.settings_dialog(0, 0)), Code::NoSupport, "the host has no user interface");
    // Whether it has one is asked once.
    let fixture = self::fixture();
    fixture.host.presenter.appear();
    fixture.first.tell(vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0xB))]);
    let session = fixture.session();
    let transport = of_transport(&session, &ids(&session));
    fixture.first.asked();
    transport.settings_dialog(4, 1).unwrap();
    assert_eq!(fixture.first.asked(), ["settings 4 0x1"]);
    assert_eq!(value(&transport, tags::STATUS_STRING), text("Set up"), "what it says of itself meanwhile counts");
    for (refusal, told) in [(Code::UserCancel, Code::UserCancel), (Code::Other(0x8009_0001), Code::CallFailed)] {
        fixture.first.refuses.set(Some(refusal));
        assert_eq!(code(transport.settings_dialog(0, 0)), told);
    }
    fixture.first.asked();
    assert_eq!(code(transport.settings_dialog(0, 2)), Code::UnknownFlags);
    let objects: Vec<_> = ids(&session).iter().map(|id| open(&session, id)).collect();
    let second = objects.iter().find(|object| value(object, tags::DISPLAY_NAME) == text("second")).unwrap();
    assert_eq!(code(second.settings_dialog(0, 0)), Code::NoSupport, "its row does not say so");
    let service = logon(&fixture.subsystem, "Work", MAPI_NEW_SESSION | MAPI_NT_SERVICE);
    let of_store = open(&service, ids(&service).last().unwrap());
    assert_eq!(code(of_store.settings_dialog(0, 0)), Code::NoSupport);
    assert!(fixture.first.asked().is_empty() && fixture.second.asked().iter().all(|call| !call.starts_with("settings")));
}

#[test]
fn a_password_is_changed_by_the_provider_whose_row_says_so() {
    let fixture = fixture();
    fixture.first.tell(vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0xD))]);
    let session = fixture.session();
    let transport = of_transport(&session, &ids(&session));
    fixture.first.asked();
    transport.change_password("old", "new", UNICODE).unwrap();
    assert_eq!(fixture.first.asked(), ["password old new"]);
    for (refusal, told) in [(Code::NoAccess, Code::NoAccess), (Code::Other(0x8009_0001), Code::CallFailed)] {
        fixture.first.refuses.set(Some(refusal));
        assert_eq!(code(transport.change_password("old", "new", 0)), told);
    }
    fixture.first.asked();
    assert_eq!(code(transport.change_password("old", "new", 2)), Code::UnknownFlags);
    assert!(fixture.first.asked().is_empty(), "a call that is refused asks nobody");
    let objects: Vec<_> = ids(&session).iter().map(|id| open(&session, id)).collect();
    for object in objects.iter().filter(|object| value(object, tags::DISPLAY_NAME) != text("first")) {
        assert_eq!(code(object.change_password("old", "new", 0)), Code::NoSupport, "its row does not say so");
    }
}

#[test]
fn stores_and_address_books_show_their_settings_and_take_passwords_too() {
    /// Which providers were asked, and the flags.
    type Asked = Rc<RefCell<Vec<(&'static str, u32)>>>;
    struct WithSettings<T>(T, &'static str, Asked);
    crate::forward_objects!([T: crate::backend::Objects] WithSettings<T>, self => self.0);
    impl crate::backend::AddressBook for WithSettings<Arc<MemoryAddressBook>> {
        fn identity(&self) -> crate::backend::AddressBookIdentity {
            self.0.identity()
        }

        fn resolve(
            &self,
            container: &crate::backend::ObjectId,
            names: &[String],
            tags: &[PropTag],
            addresses_only: bool,
        ) -> Result<Vec<crate::backend::Resolution>> {
            self.0.resolve(container, names, tags, addresses_only)
        }

        fn settings_dialog(&self, _ui: u64, flags: u32) -> Result<()> {
            self.2.borrow_mut().push((self.1, flags));
            Ok(())
        }

        fn change_password(&self, old: &str, new: &str) -> Result<()> {
            self.2.borrow_mut().push((self.1, u32::from(old == "old" && new == "new")));
            Ok(())
        }
    }
    let asked = Asked::default();
    let host = MemoryHost::new();
    host.presenter.appear();
    let seen = Rc::clone(&asked);
    host.add_address_book_opener("memory-pab", move |_| {
        let book = WithSettings(Arc::new(MemoryAddressBook::new(Guid([5; 16]))), "book", Rc::clone(&seen));
        Ok(crate::backend::Opened {
            provider: Rc::new(book),
            section_changes: Vec::new(),
            status_row: vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x6))],
            warning: None,
        })
    });
    let subsystem = super::scenarios::subsystem(&host);
    let session = logon(&subsystem, "Work", 0);
    let objects: Vec<_> = ids(&session).iter().map(|id| open(&session, id)).collect();
    let book = objects.iter().find(|object| value(object, tags::RESOURCE_TYPE) == Value::Long(35)).unwrap();
    book.settings_dialog(0, 1).unwrap();
    book.change_password("old", "new", 0).unwrap();
    assert_eq!(*asked.borrow(), [("book", 1), ("book", 1)]);
    let store = objects.iter().find(|object| value(object, tags::RESOURCE_TYPE) == Value::Long(33)).unwrap();
    assert_eq!(code(store.settings_dialog(0, 0)), Code::NoSupport, "a store without settings");
}

#[test]
fn the_spooler_flushes_the_transport_named_or_all_of_them() {
    let fixture = fixture();
    let session = fixture.session();
    let ids = ids(&session);
    let spooler = open(&session, &ids[1]);
    let both = flush_flags::UPLOAD | flush_flags::DOWNLOAD;
    spooler.flush_queues(0, None, both | flush_flags::FORCE).unwrap();
    let whole = ["flush 0xe", "notify 0x8", "notify 0x80000", "notify 0x4", "receive", "notify 0x40000"];
    assert_eq!(fixture.first.asked(), whole);
    assert_eq!(fixture.second.asked(), whole);
    spooler.flush_queues(0, Some(&ids[5]), flush_flags::DOWNLOAD).unwrap();
    let named = [fixture.first.asked(), fixture.second.asked()];
    let down = ["flush 0x4", "notify 0x4", "receive", "notify 0x40000"].map(str::to_owned).to_vec();
    assert!(named == [down.clone(), Vec::new()] || named == [Vec::new(), down], "{named:?}");
    for unknown in [ids[2].as_slice(), &ids[0], &[1, 2, 3], &[0xFF; 24]] {
        assert_eq!(code(spooler.flush_queues(0, Some(unknown), both)), Code::NotFound);
    }
    assert_eq!(code(spooler.flush_queues(0, None, 0)), Code::InvalidParameter);
    assert_eq!(code(spooler.flush_queues(0, None, flush_flags::FORCE)), Code::InvalidParameter);
    assert_eq!(code(spooler.flush_queues(0, None, both | 0x40)), Code::UnknownFlags);
}

/// The row of the first transport.
fn of_transport(session: &Session, ids: &[Vec<u8>]) -> StatusObject {
    let objects = ids.iter().map(|id| open(session, id));
    objects.into_iter().find(|object| value(object, tags::DISPLAY_NAME) == text("first")).unwrap()
}

#[test]
fn a_flush_is_busy_and_shows_its_bits_until_the_turn_that_ends_it() {
    let fixture = fixture();
    let session = fixture.session();
    let ids = ids(&session);
    let (spooler, transport) = (open(&session, &ids[1]), of_transport(&session, &ids));
    let both = flush_flags::UPLOAD | flush_flags::DOWNLOAD;
    transport.flush_queues(0, None, both).unwrap();
    assert_eq!(value(&transport, tags::STATUS_CODE), Value::Long(AVAILABLE | STATUS_OUTBOUND_FLUSH | STATUS_INBOUND_FLUSH));
    assert_eq!(value(&transport, tags::STATUS_STRING), text("Sending"));
    assert_eq!(code(transport.flush_queues(0, None, both)), Code::Busy);
    assert_eq!(code(spooler.flush_queues(0, None, both | flush_flags::ASYNC_OK)), Code::Busy, "the first failure is told");
    assert_eq!(fixture.second.asked(), ["flush 0x6"], "and the others are flushed");
    fixture.turns(20);
    assert_eq!(value(&transport, tags::STATUS_CODE), Value::Long(AVAILABLE));
    assert_eq!(value(&transport, tags::STATUS_STRING), text("Available"));
    assert_eq!(code(transport.flush_queues(0, Some(&ids[1]), both)), Code::InvalidParameter);
    assert_eq!(code(transport.flush_queues(0, None, both | flush_flags::ASYNC_OK)), Code::UnknownFlags);
    fixture.first.notices.borrow_mut().push(TransportNotice::Spooler { flags: CRITSEC, entry_id: None });
    fixture.turns(1);
    assert_eq!(code(transport.flush_queues(0, None, both)), Code::Busy, "inside a critical section");
    assert_eq!(code(transport.validate_state(0, 0)), Code::Busy);
}

#[test]
fn a_transport_that_cannot_flush_is_told_and_does_not_stop_the_others() {
    let fixture = fixture();
    let session = fixture.session();
    let spooler = open(&session, &ids(&session)[1]);
    fixture.first.refuses.set(Some(Code::NetworkError));
    assert_eq!(code(spooler.flush_queues(0, None, flush_flags::UPLOAD)), Code::NetworkError);
    assert_eq!(fixture.second.asked(), ["flush 0x2", "notify 0x8", "notify 0x80000"]);
}

#[test]
fn validating_the_spooler_validates_every_transport_and_tells_the_first_failure() {
    let fixture = fixture();
    let session = fixture.session();
    let spooler = open(&session, &ids(&session)[1]);
    let asked = fixture.first.identities.get();
    spooler.validate_state(0, validate_flags::CONFIG_CHANGED).unwrap();
    assert_eq!(fixture.first.identities.get(), asked + 1, "its address types are asked again");
    fixture.first.refuses.set(Some(Code::NetworkError));
    fixture.second.refuses.set(Some(Code::Busy));
    assert_eq!(code(spooler.validate_state(0, 0)), Code::NetworkError);
    assert_eq!(fixture.second.asked(), ["validate 0x100000", "validate 0x0"]);
    let error = spooler.get_last_error(Code::NetworkError, UNICODE).unwrap().unwrap();
    assert_eq!(error.component, "first", "{error:?}");
}

#[test]
fn validating_the_spooler_logs_a_transport_that_broke_down_on_again() {
    let fixture = fixture();
    let session = fixture.session();
    let before = ids(&session);
    let broken = of_transport(&session, &before);
    let failure = Failure::new(Code::NetworkError, "the line is cut");
    fixture.first.notices.borrow_mut().push(TransportNotice::CriticalError(failure));
    fixture.turns(1);
    assert_eq!(code(broken.validate_state(0, 0)), Code::NotFound, "its row is gone");
    assert_eq!(code(broken.properties().get_props(None, 0)), Code::NotFound);
    open(&session, &before[1]).validate_state(0, 0).unwrap();
    let after = ids(&session);
    assert_eq!(after.len(), before.len());
    let gone = before.iter().find(|id| !after.contains(id)).unwrap();
    assert_eq!(code(session.open_entry(gone, None, 0)), Code::NotFound, "the new logon has a row of its own");
}

#[test]
fn clients_with_mail_hear_of_a_transport_that_breaks_down_and_of_its_row() {
    let fixture = fixture();
    let client = logon(&fixture.subsystem, "Work", MAPI_ALLOW_OTHERS);
    let rows = ids(&client);
    let quiet = fixture.subsystem.logon_ex(0, None, None, MAPI_EXTENDED | MAPI_NO_MAIL).unwrap();
    for session in [&client, &quiet] {
        session.advise(None, 0).unwrap();
    }
    let row = rows.iter().find(|id| value(&open(&client, id), tags::DISPLAY_NAME) == text("first")).unwrap();
    let failure = Failure::new(Code::NetworkError, "the line is cut");
    fixture.first.notices.borrow_mut().push(TransportNotice::CriticalError(failure));
    fixture.turns(1);
    let told = fixture.subsystem.dispatch_notifications(0, 0).unwrap().batches;
    assert_eq!(told.iter().map(|batch| batch.handle).collect::<Vec<_>>(), [client.number()]);
    let [crate::notifications::Notification::CriticalError(error)] = told[0].events.as_slice() else { panic!("{told:?}") };
    assert_eq!((error.code, error.entry_id.as_ref()), (Code::NetworkError, Some(row)));
    let details = error.error.as_ref().unwrap();
    assert_eq!((details.error.as_str(), details.component.as_str()), ("the line is cut", "first"));
}

#[test]
fn validating_the_spooler_tries_a_transport_that_failed_alone_again() {
    for (refusal, expected) in [(Code::Failoneprovider, 4), (Code::UserCancel, 4), (Code::DiskError, 3)] {
        let fixture = fixture();
        let (line, refusal) = (Line::new(), Cell::new(Some(refusal)));
        fixture.host.add_transport_opener("first", move |_| match refusal.take() {
            Some(code) => Err(Failure::new(code, "as told")),
            None => {
                let provider: Rc<dyn Transport> = line.clone();
                Ok(crate::backend::Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
            }
        });
        let session = logon(&fixture.subsystem, "Work", 0);
        let providers = || ids(&session).len() - 3;
        assert_eq!(providers(), 3, "the address book, the second transport, the store");
        let validated = open(&session, &ids(&session)[1]).validate_state(0, 0);
        assert_eq!((validated.is_ok(), providers()), (expected == 4, expected));
    }
}

#[test]
fn validating_the_subsystem_validates_everything_and_ignores_what_cannot() {
    let fixture = fixture();
    let session = fixture.session();
    let subsystem = open(&session, &ids(&session)[0]);
    subsystem.validate_state(0, validate_flags::SUPPRESS_UI).unwrap();
    assert_eq!(fixture.first.asked(), ["validate 0x1", "validate 0x1"], "by the spooler and by its own row");
    fixture.first.refuses.set(Some(Code::NoSupport));
    fixture.second.refuses.set(Some(Code::UserCancel));
    assert_eq!(code(subsystem.validate_state(0, 0)), Code::UserCancel);
    assert!(!fixture.first.asked().is_empty());
}

#[test]
fn a_client_without_mail_sees_no_transports_and_cannot_flush() {
    let fixture = fixture();
    let first = logon(&fixture.subsystem, "Work", MAPI_ALLOW_OTHERS);
    first.get_status_table(0).unwrap();
    fixture.turns(3);
    let quiet = fixture.subsystem.logon_ex(0, None, None, MAPI_EXTENDED | MAPI_NO_MAIL).unwrap();
    let (all, seen) = (ids(&first), ids(&quiet));
    assert_eq!(all.len(), seen.len() + 2);
    let spooler = open(&quiet, &seen[1]);
    assert_eq!(value(&spooler, tags::STATUS_CODE), Value::Long(0x4));
    assert_eq!(code(spooler.validate_state(0, 0)), Code::NoSupport);
    assert_eq!(code(spooler.flush_queues(0, None, flush_flags::UPLOAD)), Code::NoSupport);
    let hidden = all.iter().find(|id| !seen.contains(id)).unwrap();
    assert_eq!(code(quiet.open_entry(hidden, None, 0)), Code::NotFound);
    open(&quiet, &seen[0]).validate_state(0, 0).unwrap();
    assert!(fixture.first.asked().is_empty(), "and it validates none");
}

#[test]
fn a_logon_may_fetch_what_waits_and_does_not_fail_for_it() {
    let fixture = fixture();
    fixture.first.refuses.set(Some(Code::NetworkError));
    let session = logon(&fixture.subsystem, "Work", MAPI_FORCE_DOWNLOAD);
    assert!(session.get_last_error(Code::NetworkError, UNICODE).unwrap().is_some());
    fixture.turns(20);
    assert_eq!(fixture.second.asked(), ["flush 0x14", "notify 0x4", "receive", "notify 0x40000"]);
    let quiet = logon(&fixture.subsystem, "Work", MAPI_FORCE_DOWNLOAD | MAPI_NO_MAIL | MAPI_NEW_SESSION);
    assert!(fixture.second.asked().is_empty());
    drop(quiet);
}

#[test]
fn validating_the_address_book_drops_what_is_no_longer_in_the_profile() {
    let fixture = fixture();
    let uid = Guid([9; 16]);
    fixture.host.add_address_book("memory-pab", Arc::new(MemoryAddressBook::new(uid)));
    let session = fixture.session();
    let [known, strange] = [uid, Guid([3; 16])].map(|uid| ProviderEntryId::of_object(uid, &1.into()).to_bytes());
    let profiles = Profiles::new(&fixture.host);
    let path = Value::MvBinary(vec![strange.clone(), known.clone()]);
    profiles
        .update("Work", |profile| {
            let mut properties = SectionProperties::default();
            properties.put(tags::AB_SEARCH_PATH, path.clone());
            properties.put(tags::AB_DEFAULT_DIR, Value::Binary(strange.clone()));
            properties.put(tags::AB_DEFAULT_PAB, Value::Binary(known.clone()));
            profile.extras.push(ExtraSection { uid: ADDRESS_BOOK_SECTION, service: None, properties });
            Ok(())
        })
        .unwrap();
    open(&session, &ids(&session)[2]).validate_state(0, 0).unwrap();
    let (profile, _) = profiles.load("Work").unwrap();
    let section = profile.stored_section(ADDRESS_BOOK_SECTION).unwrap();
    assert_eq!(section.get(tags::AB_SEARCH_PATH), Some(&Value::MvBinary(vec![known.clone()])));
    assert_eq!(section.get(tags::AB_DEFAULT_DIR), None);
    assert_eq!(section.get(tags::AB_DEFAULT_PAB), Some(&Value::Binary(known)));
}

#[test]
fn a_partial_update_is_one_event_and_no_change_is_none() {
    let fixture = fixture();
    let session = fixture.session();
    let table = session.get_status_table(UNICODE).unwrap();
    table.advise(0x100).unwrap();
    let events =
        || fixture.subsystem.dispatch_notifications(0, 0).unwrap().batches.iter().map(|batch| batch.events.len()).sum::<usize>();
    assert_eq!(events(), 0);
    fixture.first.tell(vec![Property::new(tags::STATUS_STRING, text("Dialling"))]);
    fixture.turns(1);
    assert_eq!(events(), 1);
    let shown = cells(&table, &[tags::STATUS_STRING, tags::RESOURCE_METHODS]);
    assert!(shown.contains(&vec![text("Dialling"), Value::Long(0x9)]), "other columns keep their values: {shown:?}");
    fixture.first.tell(vec![Property::new(tags::STATUS_STRING, text("Dialling"))]);
    fixture.first.tell(vec![Property::new(tags::RESOURCE_TYPE, Value::Long(1))]);
    fixture.turns(1);
    assert_eq!(events(), 0, "nothing changed");
    let failure = Failure::new(Code::NetworkError, "the line is cut");
    fixture.first.notices.borrow_mut().push(TransportNotice::CriticalError(failure));
    fixture.turns(1);
    assert_eq!(events(), 1, "the row went with its provider");
}
