//! Sessions and their spooler against the server.

use crate::postfix::Postfix;
use mapi_engine::entry_id::OneOff;
use mapi_session::backends::smtp;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, LAST_ERROR, Limits, LogonOptions, MessageStore, Object, Properties, Session,
    Subsystem, flags,
};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

async fn subsystem(data: &Path) -> Subsystem {
    engine().subsystem(&Backends::embedded(data).unwrap(), Limits::default()).await.unwrap()
}

/// A profile with a mailbox and the server.
async fn create_profile(subsystem: &Subsystem, server: &Postfix) {
    let profiles = subsystem.admin_profiles().await.unwrap();
    profiles.create_profile("Test", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
    let services = profiles.admin_services("Test").await.unwrap();
    let service = services.create_msg_service_ex("mapi.smtp", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
    let text = |tag, text: &str| Property::new(tag, Value::Unicode(text.to_owned()));
    let properties = vec![
        text(tags::SENDER_NAME, "Ann"),
        text(tags::SENDER_EMAIL_ADDRESS, "user0@example.org"),
        text(smtp::SERVER, "127.0.0.1"),
        Property::new(smtp::PORT, Value::Long(server.port.into())),
        text(smtp::SECURITY, "starttls"),
        text(smtp::TRUSTED, &server.certificate()),
    ];
    services.configure_msg_service(service, properties).await.unwrap();
}

async fn store(session: &Session) -> MessageStore {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier: {:?}", rows[0]) };
    session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object
}

async fn folder(store: &MessageStore, entry_id: &[u8]) -> Folder {
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

async fn id(properties: &Properties, tag: PropTag) -> Vec<u8> {
    match &properties.get_props(Some(&[tag]), flags::GetPropsFlags::empty()).await.unwrap().value[0].value {
        Value::Binary(id) => id.clone(),
        other => panic!("no identifier: {other:?}"),
    }
}

async fn submit(store: &MessageStore, subject: &str, to: &[&str]) {
    let outbox = id(&store.properties().await.unwrap(), tags::IPM_OUTBOX_ENTRYID).await;
    let message = folder(store, &outbox).await.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let text = |tag, text: &str| Property::new(tag, Value::Unicode(text.to_owned()));
    let properties = vec![text(tags::SUBJECT, subject), text(tags::BODY, "Hello.\r\n.\r\nGood-bye.\r\n")];
    assert!(message.properties().await.unwrap().set_props(properties).await.unwrap().is_empty());
    let row = |address: &&str| {
        let entry_id = OneOff::new(address, "SMTP", address).to_bytes();
        vec![
            Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
            text(tags::DISPLAY_NAME, address),
            text(tags::ADDRTYPE, "SMTP"),
            text(tags::EMAIL_ADDRESS, address),
            Property::new(tags::ENTRYID, Value::Binary(entry_id)),
        ]
    };
    message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, to.iter().map(row).collect()).await.unwrap();
    message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
}

async fn turn_until_idle(subsystem: &Subsystem) {
    while subsystem.pump(Duration::from_secs(1)).await.unwrap().more {}
}

async fn waiting(store: &MessageStore) -> u32 {
    store.get_outgoing_queue().await.unwrap().get_row_count().await.unwrap().value
}

/// The subjects of the messages in the Inbox.
async fn subjects(store: &MessageStore) -> Vec<Value> {
    let tree = id(&store.properties().await.unwrap(), tags::IPM_SUBTREE_ENTRYID).await;
    let folders = folder(store, &tree).await.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap();
    folders.set_columns(&[tags::DISPLAY_NAME, tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let folders = folders.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    let inbox = folders.iter().find(|row| row[0].value == Value::Unicode("Inbox".into())).expect("there is an Inbox");
    let Value::Binary(inbox) = &inbox[1].value else { panic!("no entry identifier: {inbox:?}") };
    let table = folder(store, inbox).await.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().flatten().map(|cell| cell.value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn submitted_messages_arrive_once_and_an_unknown_recipient_is_reported() {
    let Some(server) = Postfix::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let subsystem = subsystem(data.path()).await;
    create_profile(&subsystem, &server).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let store = store(&session).await;
    for number in 0..20 {
        submit(&store, &format!("Note {number}"), &["user1@example.org", "user2@example.org"]).await;
    }
    submit(&store, "To nobody", &["nobody@example.org", "user3@example.org"]).await;
    turn_until_idle(&subsystem).await;
    assert_eq!(waiting(&store).await, 0);
    for user in [1, 2] {
        let messages = server.messages(user, 20);
        assert_eq!(messages.len(), 20);
        for number in 0..20 {
            let line = format!("\r\nSubject: Note {number}\r\n");
            let with: Vec<_> = messages.iter().map(|message| String::from_utf8_lossy(message)).collect();
            let with: Vec<_> = with.iter().filter(|message| message.contains(&line)).collect();
            assert_eq!(with.len(), 1, "{line}");
            assert!(with[0].contains("<user0@example.org>") && with[0].contains("Hello.\r\n.\r\nGood-bye."), "{}", with[0]);
        }
    }
    assert_eq!(server.messages(3, 1).len(), 1);
    assert_eq!(subjects(&store).await, [Value::Unicode("Undeliverable: To nobody".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_waits_with_the_reason_also_for_a_later_session() {
    let Some(mut server) = Postfix::start() else { return };
    let data = tempfile::tempdir().unwrap();
    let subsystem = subsystem(data.path()).await;
    create_profile(&subsystem, &server).await;
    server.kill();
    for _ in 0..2 {
        let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
        let store = store(&session).await;
        if waiting(&store).await == 0 {
            for number in 0..3 {
                submit(&store, &format!("Note {number}"), &["user4@example.org"]).await;
            }
        }
        turn_until_idle(&subsystem).await;
        let queue = store.get_outgoing_queue().await.unwrap();
        queue.set_columns(&[LAST_ERROR], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = queue.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap();
        assert_eq!(rows.len(), 3);
        let reached =
            |row: &Vec<Property>| matches!(&row[0].value, Value::Unicode(text) if text.contains("127.0.0.1 cannot be reached"));
        assert!(rows.iter().any(reached), "{rows:?}");
        assert!(subjects(&store).await.is_empty(), "mail that waits is not returned");
        session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    }
}
