//! Mail between two profiles of a data folder is announced to whoever is logged on there, as soon as it is
//! delivered: in the same subsystem, in another one, and in another process (`session` 8, `transport` 3.5, 4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_session::notifications::{NewMailNotification, Notification, TableEvent, TableNotification};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, Limits, LogonOptions, MessageStore, Object, Session, Subscription, Subsystem, Table,
    flags,
};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// How long an announcement may take on a busy machine: less than the minute after which a transport is asked
/// for mail in any case.
const PATIENCE: Duration = Duration::from_secs(40);

/// Names the data folder to the process of its own.
const CHILD_DATA: &str = "NEW_MAIL_DATA";

const PEOPLE: [(&str, &str); 2] = [("Ann", "ann@example.org"), ("Ben", "ben@example.org")];

async fn subsystem(data: &Path) -> Subsystem {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    });
    engine.subsystem(&Backends::embedded(data).unwrap(), Limits::default()).await.unwrap()
}

/// Two profiles that can write to each other.
async fn correspondents(data: &Path) {
    let admin = subsystem(data).await.admin_profiles().await.unwrap();
    for (name, address) in PEOPLE {
        admin.create_profile(name, flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
        let services = admin.admin_services(name).await.unwrap();
        let local = services.create_msg_service_ex("mapi.local", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
        let address = Property::new(tags::SENDER_EMAIL_ADDRESS, Value::Unicode(address.into()));
        services.configure_msg_service(local, vec![address]).await.unwrap();
    }
}

/// Somebody who has the Inbox open, the newest first, and is told of new mail.
struct Client {
    _session: Session,
    store: MessageStore,
    inbox: Table,
    mail: Subscription,
    rows: Subscription,
}

impl Client {
    async fn new(subsystem: &Subsystem, profile: &str) -> Self {
        let session = subsystem.logon(LogonOptions::profile(profile)).await.unwrap();
        let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
        stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
        let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier") };
        let store = session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
        let folder = inbox(&store).await;
        let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::SUBJECT, tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let order = SortOrderSet::plain(vec![SortOrder::descending(tags::MESSAGE_DELIVERY_TIME)]);
        table.sort_table(order, flags::SortTableFlags::empty()).await.unwrap();
        let rows = table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
        let mail = store.advise(None, flags::EventMask::FNEV_NEW_MAIL).await.unwrap();
        Self { _session: session, store, inbox: table, mail, rows }
    }

    /// Sends a message.
    async fn write(&self, to: &str, subject: &str) {
        let outbox = folder(&self.store, tags::IPM_OUTBOX_ENTRYID).await;
        let message = outbox.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        let properties = message.properties().await.unwrap();
        let text = |tag, text: &str| Property::new(tag, Value::Unicode(text.to_owned()));
        properties.set_props(vec![text(tags::SUBJECT, subject), text(tags::BODY, "text")]).await.unwrap();
        let row = vec![
            Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
            text(tags::DISPLAY_NAME, to),
            text(tags::ADDRTYPE, "SMTP"),
            text(tags::EMAIL_ADDRESS, to),
            Property::new(tags::ENTRYID, Value::Binary(mapi_engine::entry_id::OneOff::new(to, "SMTP", to).to_bytes())),
        ];
        message.modify_recipients(flags::ModifyRecipientsFlags::MODRECIP_ADD, vec![row]).await.unwrap();
        message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
    }

    /// Waits until a message is announced, and has its row in the table.
    async fn hears_of(&mut self, subject: &str) -> NewMailNotification {
        let next = tokio::time::timeout(PATIENCE, self.mail.next()).await;
        let Notification::NewMail(mail) = next.expect("it is announced").unwrap() else { panic!("no new mail") };
        let next = tokio::time::timeout(PATIENCE, self.rows.next()).await;
        let Some(Notification::TableModified(added)) = next.expect("its row comes") else { panic!("no row") };
        let TableNotification { event, prior, row, .. } = added;
        assert_eq!((event, prior.tag), (TableEvent::RowAdded, PropTag::NULL), "the newest row is the first");
        let expected = [Value::Unicode(subject.to_owned()), Value::Binary(mail.entry_id.clone())];
        assert_eq!(row.into_iter().map(|cell| cell.value).collect::<Vec<_>>(), expected);
        mail
    }
}

async fn folder(store: &MessageStore, tag: PropTag) -> Folder {
    let values = store.properties().await.unwrap().get_props(Some(&[tag]), flags::GetPropsFlags::empty()).await.unwrap().value;
    let Value::Binary(entry_id) = &values[0].value else { panic!("no folder {tag}") };
    open_folder(store, entry_id).await
}

async fn open_folder(store: &MessageStore, entry_id: &[u8]) -> Folder {
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

/// The folder mail is received in.
async fn inbox(store: &MessageStore) -> Folder {
    let (entry_id, _) = store.get_receive_folder(Some("IPM.Note")).await.unwrap();
    open_folder(store, &entry_id).await
}

/// Several messages each way, so that every order of sending and receiving comes about.
async fn write_to_each_other(ann: &mut Client, ben: &mut Client) {
    for round in 0..3 {
        let subject = format!("question {round}");
        ann.write(PEOPLE[1].1, &subject).await;
        let mail = ben.hears_of(&subject).await;
        assert_eq!(mail.message_class, "IPM.Note");
        let (received_in, _) = ben.store.get_receive_folder(Some("IPM.Note")).await.unwrap();
        assert!(ben.store.compare_entry_ids(&mail.parent_id, &received_in).await.unwrap());
        let subject = format!("answer {round}");
        ben.write(PEOPLE[0].1, &subject).await;
        ann.hears_of(&subject).await;
    }
    for client in [&ann, &ben] {
        assert_eq!(client.inbox.get_row_count().await.unwrap().value, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_from_another_session_of_the_subsystem_is_announced() {
    let data = tempfile::tempdir().unwrap();
    correspondents(data.path()).await;
    let subsystem = subsystem(data.path()).await;
    let (mut ann, mut ben) = (Client::new(&subsystem, "Ann").await, Client::new(&subsystem, "Ben").await);
    write_to_each_other(&mut ann, &mut ben).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_from_another_subsystem_of_the_process_is_announced() {
    let data = tempfile::tempdir().unwrap();
    correspondents(data.path()).await;
    let mut ann = Client::new(&subsystem(data.path()).await, "Ann").await;
    let mut ben = Client::new(&subsystem(data.path()).await, "Ben").await;
    write_to_each_other(&mut ann, &mut ben).await;
}

/// Not a test of its own: the second process of the test below, which answers what it is told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process() {
    let Some(data) = std::env::var_os(CHILD_DATA) else { return };
    let mut ben = Client::new(&subsystem(Path::new(&data)).await, "Ben").await;
    println!("listening");
    for round in 0..3 {
        ben.hears_of(&format!("question {round}")).await;
        ben.write(PEOPLE[0].1, &format!("answer {round}")).await;
    }
    // What is sent goes out before the session ends.
    while ben.store.get_outgoing_queue().await.unwrap().get_row_count().await.unwrap().value > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_from_another_process_is_announced() {
    let data = tempfile::tempdir().unwrap();
    correspondents(data.path()).await;
    let mut ann = Client::new(&subsystem(data.path()).await, "Ann").await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--nocapture"])
        .env(CHILD_DATA, data.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut said, &mut line).unwrap(), 0, "the other process logs on");
    }
    for round in 0..3 {
        ann.write(PEOPLE[1].1, &format!("question {round}")).await;
        ann.hears_of(&format!("answer {round}")).await;
    }
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
}
