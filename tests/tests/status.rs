//! Status objects and the live rows of the status table through the component (`status` 7).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::ProviderKind;
use mapi_session::error::{Code, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::tables::Bookmark;
use mapi_session::{
    Backends, Engine, EngineOptions, Entry, Limits, LogonOptions, Opened, Session, SharedStore, SharedTransport, StatusObject,
    Subsystem, Table, Threading, flags,
};
use mapi_tests::scripted_transport::{AVAILABLE, INBOUND_FLUSH, OUTBOUND_FLUSH, Scripted};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// `NOTIFY_CRITSEC`.
const CRITSEC: u32 = 0x1000;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(20)).unwrap()
    })
}

struct Fixture {
    subsystem: Subsystem,
    wire: Scripted,
}

/// The profile `Work` with a store and a transport, and `Empty` without services. Turns are the test's own.
async fn fixture() -> Fixture {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire"),
    ]);
    let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([7; 16]), "mailbox"));
    let wire = Scripted::default();
    let transport: Arc<SharedTransport> = Arc::new(wire.clone());
    let open = move |_: &_| {
        let status_row = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x9))];
        Ok(Opened { status_row, ..Opened::new(Arc::clone(&transport)) })
    };
    let backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
        .with_store("memory", Threading::Immediate, move |_, _| Ok(Opened::new(Arc::clone(&store))))
        .with_transport("wire", Threading::Immediate, open);
    let subsystem = engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Work", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
    admin.create_profile("Empty", flags::CreateProfileFlags::empty()).await.unwrap();
    Fixture { subsystem, wire }
}

impl Fixture {
    async fn logon(&self, profile: &str) -> Session {
        self.subsystem.logon(LogonOptions::profile(profile)).await.unwrap()
    }

    async fn turns(&self) {
        while self.subsystem.pump(Duration::from_millis(20)).await.unwrap().more {}
    }
}

async fn table(session: &Session) -> Table {
    session.get_status_table(flags::GetStatusTableFlags::MAPI_UNICODE).await.unwrap()
}

async fn column(table: &Table, tag: PropTag) -> Vec<Value> {
    table.set_columns(&[tag], flags::SetColumnsFlags::empty()).await.unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().map(|mut row| row.remove(0).value).collect()
}

async fn ids(session: &Session) -> Vec<Vec<u8>> {
    let ids = column(&table(session).await, tags::ENTRYID).await.into_iter().map(|cell| match cell {
        Value::Binary(id) => id,
        other => panic!("an identifier was expected, not {other:?}"),
    });
    ids.collect()
}

async fn open(session: &Session, id: &[u8]) -> StatusObject {
    match session.open_entry(id, flags::SessionOpenEntryFlags::empty(), None).await.unwrap().object {
        Entry::Status(object) => object,
        other => panic!("not a status object: {other:?}"),
    }
}

async fn value(object: &StatusObject, tag: PropTag) -> Value {
    let properties = object.properties().await.unwrap();
    properties.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value.remove(0).value
}

fn code<T>(result: Result<T>) -> Code {
    result.map_or_else(|failure| failure.code(), |_| Code::SOk)
}

/// The row of the transport, among those of the session.
async fn transport_of(session: &Session, ids: &[Vec<u8>]) -> (Vec<u8>, StatusObject) {
    for id in ids {
        let object = open(session, id).await;
        if value(&object, tags::RESOURCE_TYPE).await == Value::Long(36) {
            return (id.clone(), object);
        }
    }
    panic!("the transport has no row");
}

#[tokio::test]
async fn a_profile_without_services_has_three_rows_that_open_and_refuse_what_they_cannot_do() {
    let fixture = fixture().await;
    let session = fixture.logon("Empty").await;
    let rows = table(&session).await;
    assert_eq!(column(&rows, tags::RESOURCE_TYPE).await, [39, 37, 34].map(Value::Long));
    assert_eq!(column(&rows, tags::RESOURCE_METHODS).await, [0x1, 0x9, 0x1].map(Value::Long));
    assert_eq!(column(&rows, tags::DISPLAY_NAME).await[0], Value::Unicode("Empty".into()));
    let (upload, none) = (flags::FlushQueuesFlags::FLUSH_UPLOAD, flags::SettingsDialogFlags::empty());
    for (at, id) in ids(&session).await.iter().enumerate() {
        let object = open(&session, id).await;
        assert_eq!(value(&object, tags::OBJECT_TYPE).await, Value::Long(10));
        object.validate_state(flags::ValidateStateFlags::all()).await.unwrap();
        assert_eq!(code(object.settings_dialog(none).await), Code::NoSupport);
        assert_eq!(code(object.change_password("old", "new").await), Code::NoSupport);
        let flushed = if at == 1 { Code::SOk } else { Code::NoSupport };
        assert_eq!(code(object.flush_queues(None, upload).await), flushed, "{at}");
        object.properties().await.unwrap().save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    }
}

#[tokio::test]
async fn a_flush_is_done_inside_the_call_or_in_turns_and_shows_meanwhile() {
    let fixture = fixture().await;
    let session = fixture.logon("Work").await;
    let rows = ids(&session).await;
    fixture.turns().await;
    let spooler = open(&session, &rows[1]).await;
    let (id, transport) = transport_of(&session, &rows).await;
    let both = flags::FlushQueuesFlags::FLUSH_UPLOAD | flags::FlushQueuesFlags::FLUSH_DOWNLOAD;
    let how = both | flags::FlushQueuesFlags::FLUSH_FORCE;
    let mail = b"From: bob@example.com\r\nTo: ann@example.com\r\nSubject: news\r\n\r\nhi\r\n";
    fixture.wire.wire().inbound.push_back(mail.to_vec());
    fixture.wire.wire().notified.clear();
    spooler.flush_queues(Some(&id), how).await.unwrap();
    {
        let wire = fixture.wire.wire();
        assert_eq!(wire.flushed, [0xE], "FORCE is passed on");
        assert_eq!(wire.notified, [0x8, 0x8_0000, 0x4, 0x4_0000]);
        assert!(wire.inbound.is_empty(), "what waited was fetched");
    }
    assert_eq!(value(&transport, tags::STATUS_CODE).await, Value::Long(AVAILABLE));
    transport.flush_queues(None, both).await.unwrap();
    let bits = AVAILABLE | OUTBOUND_FLUSH | INBOUND_FLUSH;
    assert_eq!(value(&transport, tags::STATUS_CODE).await, Value::Long(bits), "only marked so far");
    assert_eq!(value(&transport, tags::STATUS_STRING).await, Value::Unicode("Sending".into()));
    assert_eq!(code(spooler.flush_queues(None, both | flags::FlushQueuesFlags::FLUSH_ASYNC_OK).await), Code::Busy);
    fixture.turns().await;
    assert_eq!(value(&transport, tags::STATUS_CODE).await, Value::Long(AVAILABLE));
    assert_eq!(code(spooler.flush_queues(Some(&rows[0]), both).await), Code::NotFound);
    assert_eq!(code(spooler.flush_queues(None, flags::FlushQueuesFlags::FLUSH_FORCE).await), Code::InvalidParameter);
    assert_eq!(code(transport.flush_queues(Some(&id), both).await), Code::InvalidParameter);
    let asynchronous = both | flags::FlushQueuesFlags::FLUSH_ASYNC_OK;
    assert_eq!(code(transport.flush_queues(None, asynchronous).await), Code::UnknownFlags);
    spooler.flush_queues(None, asynchronous).await.unwrap();
    fixture.turns().await;
    fixture.wire.notice(CRITSEC);
    fixture.turns().await;
    assert_eq!(code(transport.validate_state(flags::ValidateStateFlags::empty()).await), Code::Busy);
    assert_eq!(code(transport.flush_queues(None, both).await), Code::Busy);
}

#[tokio::test]
async fn the_subsystem_has_everything_validated() {
    let fixture = fixture().await;
    let session = fixture.logon("Work").await;
    let rows = ids(&session).await;
    open(&session, &rows[0]).await.validate_state(flags::ValidateStateFlags::SUPPRESS_UI).await.unwrap();
    assert_eq!(fixture.wire.wire().validated, [1, 1], "by the spooler and by its own row");
}

#[tokio::test]
async fn clients_with_and_without_mail_see_different_tables_of_one_session() {
    let fixture = fixture().await;
    let options = LogonOptions { profile: Some("Work".into()), flags: flags::LogonFlags::MAPI_ALLOW_OTHERS };
    let first = fixture.subsystem.logon(options).await.unwrap();
    let options = LogonOptions { profile: Some("Work".into()), flags: flags::LogonFlags::MAPI_NO_MAIL };
    let quiet = fixture.subsystem.logon(options).await.unwrap();
    let (all, seen) = (ids(&first).await, ids(&quiet).await);
    assert_eq!(all.len(), seen.len() + 1);
    let spooler = open(&quiet, &seen[1]).await;
    assert_eq!(value(&spooler, tags::STATUS_CODE).await, Value::Long(0x4));
    assert_eq!(code(spooler.flush_queues(None, flags::FlushQueuesFlags::FLUSH_UPLOAD).await), Code::NoSupport);
}

#[tokio::test]
async fn changes_of_the_primary_identity_show_in_the_rows() {
    let fixture = fixture().await;
    let session = fixture.logon("Work").await;
    let rows = table(&session).await;
    let services = session.admin_services().await.unwrap();
    let of_services = services.get_msg_service_table(flags::GetMsgServiceTableFlags::empty()).await.unwrap();
    let Value::Binary(wire) = column(&of_services, tags::SERVICE_UID).await.remove(1) else { panic!("a key") };
    let supplies = |flags: Vec<Value>| flags.iter().filter(|cell| matches!(cell, Value::Long(flags) if flags & 0x4 != 0)).count();
    assert_eq!(supplies(column(&rows, tags::RESOURCE_FLAGS).await), 0);
    services.set_primary_identity(Guid::from_slice(&wire)).await.unwrap();
    assert_eq!(supplies(column(&rows, tags::RESOURCE_FLAGS).await), 1);
    services.set_primary_identity(None).await.unwrap();
    assert_eq!(supplies(column(&rows, tags::RESOURCE_FLAGS).await), 0);
}
