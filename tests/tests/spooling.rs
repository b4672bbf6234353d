//! Sending and receiving through the component, with a transport in Rust: what crosses the border and what
//! comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::ProviderKind;
use mapi_session::error::Code;
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, ImportOptions, LAST_ERROR, Limits, LogonOptions, Message, MessageOptions,
    MessageStore, NEXT_ATTEMPT, Object, Opened, Session, SharedStore, SharedTransport, Subsystem, Threading, flags,
};
use mapi_tests::scripted_transport::{NEWMAIL, READYTOSEND, Scripted};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

/// A profile with a store and that transport.
fn backends(transport: &Scripted) -> Backends {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
        MemoryCatalogue::service("wire", "Wire", ProviderKind::Transport, "wire"),
    ]);
    let store = Arc::new(MemoryStore::new(Guid([7; 16]), "mailbox"));
    let transport = transport.clone();
    Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
        .with_store("memory", Threading::Prompt, move |_, _| {
            let store: Arc<SharedStore> = store.clone();
            Ok(Opened::new(store))
        })
        .with_transport("wire", Threading::Blocking, move |_| {
            let provider: Arc<SharedTransport> = Arc::new(transport.clone());
            let identity = vec![
                Property::new(tags::IDENTITY_DISPLAY, Value::Unicode("Ann".into())),
                Property::new(tags::IDENTITY_ENTRYID, Value::Binary(one_off("Ann", "ann@example.com"))),
                Property::new(tags::IDENTITY_SEARCH_KEY, Value::Binary(b"SMTP:ANN@EXAMPLE.COM\0".to_vec())),
            ];
            Ok(Opened { status_row: identity, ..Opened::new(provider) })
        })
}

fn one_off(name: &str, address: &str) -> Vec<u8> {
    mapi_engine::entry_id::OneOff::new(name, "SMTP", address).to_bytes()
}

async fn logon(backends: &Backends) -> (Subsystem, Session, MessageStore) {
    let subsystem = engine().subsystem(backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    // A second subsystem finds the profile there.
    drop(admin.create_profile("Me", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await);
    let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no store: {rows:?}") };
    let store = session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
    (subsystem, session, store)
}

async fn folder(store: &MessageStore, tag: PropTag) -> Folder {
    let properties = store.properties().await.unwrap();
    let values = properties.get_props(Some(&[tag]), flags::GetPropsFlags::empty()).await.unwrap().value;
    let Value::Binary(entry_id) = &values[0].value else { panic!("no folder {tag}") };
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

/// A message in the Outbox, ready to be submitted, and its entry identifier.
async fn draft(store: &MessageStore, subject: &str, to: &str) -> (Message, Vec<u8>) {
    let outbox = folder(store, tags::IPM_OUTBOX_ENTRYID).await;
    let import = outbox.import_messages(ImportOptions::default()).await.unwrap();
    import.begin(MessageOptions::default()).await.unwrap();
    let text = format!(
        "From: ann@example.com\r\nTo: {to}\r\nBcc: hidden@example.com\r\nSubject: {subject}\r\n\r\nbody of {subject}\r\n"
    );
    import.write(text.into_bytes()).await.unwrap();
    import.finish().await.unwrap();
    import.flush().await.unwrap();
    let table = outbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID, tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    let row = rows.iter().find(|row| row[1].value == Value::Unicode(subject.into())).unwrap();
    let Value::Binary(entry_id) = &row[0].value else { panic!("no message") };
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Message(message) => (message, entry_id.clone()),
        other => panic!("no message: {other:?}"),
    }
}

async fn submit(store: &MessageStore, subject: &str, to: &str) -> Vec<u8> {
    let (message, entry_id) = draft(store, subject, to).await;
    message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
    entry_id
}

async fn turn(subsystem: &Subsystem) {
    for _ in 0..100 {
        if !subsystem.pump(Duration::from_millis(50)).await.unwrap().more {
            return;
        }
    }
    panic!("the session never comes to rest");
}

async fn queue(store: &MessageStore, columns: &[PropTag]) -> Vec<Vec<Value>> {
    let table = store.get_outgoing_queue().await.unwrap();
    table.set_columns(columns, flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().map(|row| row.into_iter().map(|cell| cell.value).collect()).collect()
}

async fn subjects(folder: &Folder) -> Vec<String> {
    let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter()
        .map(|row| if let Value::Unicode(subject) = &row[0].value { subject.clone() } else { panic!("{row:?}") })
        .collect()
}

/// The Inbox: the first folder below the top that is named so.
async fn inbox(store: &MessageStore) -> Folder {
    let top = folder(store, tags::IPM_SUBTREE_ENTRYID).await;
    let table = top.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID, tags::DISPLAY_NAME], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    let row = rows.iter().find(|row| row[1].value == Value::Unicode("Inbox".into())).unwrap();
    let Value::Binary(entry_id) = &row[0].value else { panic!("no Inbox") };
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_goes_out_after_a_retry_and_the_failed_recipient_is_reported() {
    let transport = Scripted::default();
    let backends = backends(&transport);
    let (subsystem, session, store) = logon(&backends).await;
    transport.wire().answers.push_back(Code::Wait);
    submit(&store, "hello", "bob@example.com, bounce@example.com").await;
    turn(&subsystem).await;
    let rows = queue(&store, &[tags::SUBJECT, LAST_ERROR, NEXT_ATTEMPT]).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][0], Value::Unicode("hello".into()));
    assert_eq!(rows[0][1], Value::Unicode("Wire: the script says so".into()));
    assert!(matches!(rows[0][2], Value::SysTime(_)));
    assert!(subsystem.pump(Duration::ZERO).await.unwrap().wake_at.is_some(), "the session says when it wants to go on");
    transport.notice(READYTOSEND);
    turn(&subsystem).await;
    assert_eq!(queue(&store, &[tags::SUBJECT]).await, Vec::<Vec<Value>>::new());
    let offers = transport.wire().offers.clone();
    assert_eq!(offers.len(), 2);
    assert_eq!(offers[1].0, ["bob@example.com", "bounce@example.com", "hidden@example.com"]);
    assert_eq!(offers[0].1, offers[1].1, "the same bytes, and so the same Message-ID");
    assert!(offers[1].1.contains("body of hello") && !offers[1].1.contains("hidden@"), "{}", offers[1].1);
    assert_eq!(subjects(&inbox(&store).await).await, ["Undeliverable: hello"]);
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let notified = transport.wire().notified.clone();
    assert_eq!(notified, [0x2, 0x1, 0x3_0000], "begun outward and inward, ended at logoff");
}

#[tokio::test]
async fn two_subsystems_on_one_store_send_each_message_once() {
    let transport = Scripted::default();
    let backends = backends(&transport);
    let (first, _one, store) = logon(&backends).await;
    let (second, _two, _) = logon(&backends).await;
    for number in 0..10 {
        submit(&store, &format!("message {number}"), "bob@example.com").await;
    }
    for _ in 0..30 {
        first.pump(Duration::from_millis(10)).await.unwrap();
        second.pump(Duration::from_millis(10)).await.unwrap();
    }
    assert_eq!(transport.wire().offers.len(), 10);
    assert_eq!(queue(&store, &[tags::SUBJECT]).await.len(), 0);
}

#[tokio::test]
async fn mail_comes_in_and_a_queued_message_can_be_taken_back() {
    let transport = Scripted::default();
    let backends = backends(&transport);
    let (subsystem, _session, store) = logon(&backends).await;
    turn(&subsystem).await;
    transport.wire().inbound.push_back(b"From: bob@example.com\r\nTo: ann@example.com\r\nSubject: news\r\n\r\nhi\r\n".to_vec());
    transport.notice(NEWMAIL);
    turn(&subsystem).await;
    assert_eq!(subjects(&inbox(&store).await).await, ["news"]);
    assert!(transport.wire().inbound.is_empty());
    let entry_id = submit(&store, "too soon", "bob@example.com").await;
    store.abort_submit(&entry_id).await.unwrap();
    assert_eq!(store.abort_submit(&entry_id).await.unwrap_err().code(), Code::NotInQueue);
    turn(&subsystem).await;
    assert_eq!(transport.wire().offers.len(), 0);
    assert_eq!(subjects(&folder(&store, tags::IPM_OUTBOX_ENTRYID).await).await, ["too soon"]);
}
