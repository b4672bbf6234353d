//! The import `transport-backend`.

use super::{
    Misdeed, Said, Steps, change_password, change_status, check_complete, check_told, create_profile, impatient, logon,
    open_folder, open_store, shown, subsystem, text, try_all,
};
use mapi_engine::memory::{Fault, Faults, Faulty, MemoryCatalogue, MemoryProfiles, MemoryStore, Trigger};
use mapi_session::backend::ProviderKind;
use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Entry, Folder, ImportOptions, LAST_ERROR, MessageOptions, MessageStore, Object, Opened, Session, SharedStore,
    SharedTransport, StatusObject, Subsystem, Threading, flags,
};
use mapi_tests::scripted_transport::{NEWMAIL, READYTOSEND, Scripted};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The methods a session with mail calls.
const METHODS: [&str; 18] = [
    "acknowledge",
    "begin",
    "cancel",
    "change_password",
    "finish",
    "flush",
    "identity",
    "idle",
    "notices",
    "notify",
    "open",
    "poll",
    "read",
    "receive",
    "register_options",
    "set_status_properties",
    "validate",
    "write",
];

/// Methods that have no way to say that they failed.
const SILENT: [&str; 4] = ["cancel", "identity", "idle", "notices"];

const WIRE: &str = "Wire";

struct Bench {
    backends: Backends,
    wire: Scripted,
    faults: Arc<Faults>,
    /// Of the store, for what goes wrong in the middle of a message.
    store: Arc<Faults>,
    said: Said,
}

impl Bench {
    async fn new() -> Self {
        let catalogue = MemoryCatalogue::new(vec![
            MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory"),
            MemoryCatalogue::service("wire", WIRE, ProviderKind::Transport, "wire"),
        ]);
        let store = Faulty::new(Arc::new(MemoryStore::new(Guid([7; 16]), "mailbox")));
        let of_store = Arc::clone(&store.faults);
        let store: Arc<SharedStore> = Arc::new(store);
        let wire = Scripted::default();
        wire.wire().is_restless = true;
        let faulty = Arc::new(Faulty::new(wire.clone()));
        let faults = Arc::clone(&faulty.faults);
        let open = move |_: &_| {
            let provider: Arc<SharedTransport> = faulty.clone();
            let address = mapi_engine::entry_id::OneOff::new("Ann", "SMTP", "ann@example.com").to_bytes();
            let status_row = vec![
                Property::new(tags::RESOURCE_METHODS, Value::Long(0x4)),
                Property::new(tags::IDENTITY_DISPLAY, text("Ann")),
                Property::new(tags::IDENTITY_ENTRYID, Value::Binary(address)),
                Property::new(tags::IDENTITY_SEARCH_KEY, Value::Binary(b"SMTP:ANN@EXAMPLE.COM\0".to_vec())),
            ];
            faulty.open(Opened { status_row, ..Opened::new(provider) })
        };
        let backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
            .with_store("memory", Threading::Immediate, move |_, _| Ok(Opened::new(Arc::clone(&store))))
            .with_transport("wire", Threading::Blocking, open);
        let said = Said::default();
        let backends = said.listen(backends);
        create_profile(&subsystem(&backends).await, &[("store", "Mail"), ("wire", "Mail")]).await;
        Self { backends, wire, faults, store: of_store, said }
    }

    /// Sends and receives.
    async fn visit(&self, subsystem: &Subsystem) -> Steps {
        let mut steps = Steps::default();
        let session = logon(subsystem).await;
        let store = open_store(&session).await.unwrap();
        let options = async {
            match session.query_default_message_opt("SMTP").await {
                // There is no transport that could be asked.
                Err(failure) if failure.code() == Code::NotFound => Ok(()),
                asked => asked.map(drop),
            }
        };
        steps.take("options", options).await;
        for number in 1..=2 {
            submit(&store, &format!("hello {number}")).await;
            steps.take("pump", turn(subsystem)).await;
        }
        let spooler = spooler(&session).await;
        let both = flags::FlushQueuesFlags::FLUSH_UPLOAD | flags::FlushQueuesFlags::FLUSH_DOWNLOAD;
        steps.take("flush-queues", spooler.flush_queues(None, both)).await;
        steps.take("validate-state", spooler.validate_state(flags::ValidateStateFlags::SUPPRESS_UI)).await;
        // Not asked for again within the minute: it says so itself.
        self.wire
            .wire()
            .inbound
            .push_back(b"From: bob@example.com\r\nTo: ann@example.com\r\nSubject: news\r\n\r\nhi\r\n".to_vec());
        self.wire.notice(NEWMAIL);
        steps.take("pump", turn(subsystem)).await;
        submit(&store, "hello 3").await;
        steps.take("pump", turn(subsystem)).await;
        steps.take("change-password", change_password(&session)).await;
        steps.take("the status object", change_status(&session)).await;
        steps
    }

    /// The subjects of what the transport was offered to the end.
    fn offered(&self) -> BTreeSet<String> {
        let wire = self.wire.wire();
        let subject = |text: &str| Some(text.lines().find_map(|line| line.strip_prefix("Subject: "))?.to_owned());
        wire.offers.iter().filter_map(|(_, text)| subject(text)).collect()
    }
}

/// The status object of the spooler: the second row there is.
async fn spooler(session: &Session) -> StatusObject {
    let table = session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap();
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(2, flags::QueryRowsFlags::empty()).await.unwrap();
    let Value::Binary(id) = &rows[1][0].value else { panic!("no entry identifier: {rows:?}") };
    match session.open_entry(id, flags::SessionOpenEntryFlags::empty(), None).await.unwrap().object {
        Entry::Status(object) => object,
        other => panic!("no status object: {other:?}"),
    }
}

async fn turn(subsystem: &Subsystem) -> Result<()> {
    for _ in 0..100 {
        if !subsystem.pump(Duration::from_millis(50)).await?.more {
            return Ok(());
        }
    }
    panic!("the session never comes to rest");
}

async fn folder(store: &MessageStore, tag: PropTag) -> Folder {
    let properties = store.properties().await.unwrap();
    let values = properties.get_props(Some(&[tag]), flags::GetPropsFlags::empty()).await.unwrap().value;
    let Value::Binary(entry_id) = &values[0].value else { panic!("no folder {tag}") };
    open_folder(store, Some(entry_id)).await.unwrap()
}

/// Submits a message with a body that is handed over in several pieces.
async fn submit(store: &MessageStore, subject: &str) {
    let outbox = folder(store, tags::IPM_OUTBOX_ENTRYID).await;
    let import = outbox.import_messages(ImportOptions::default()).await.unwrap();
    import.begin(MessageOptions::default()).await.unwrap();
    let body = "A line of a body that is too long to be handed over at once.\r\n".repeat(10_000);
    let text = format!("From: ann@example.com\r\nTo: bob@example.com\r\nSubject: {subject}\r\n\r\n{body}");
    import.write(text.into_bytes()).await.unwrap();
    import.finish().await.unwrap();
    import.flush().await.unwrap();
    let table = outbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::ENTRYID, tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    let row = rows.iter().find(|row| row[1].value == Value::Unicode(subject.into())).unwrap();
    let Value::Binary(entry_id) = &row[0].value else { panic!("no message") };
    let opened = store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object;
    let Object::Message(message) = opened else { panic!("no message: {opened:?}") };
    message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
}

/// A column of the outgoing queue.
async fn queue(store: &MessageStore, column: PropTag) -> BTreeSet<String> {
    shown(&store.get_outgoing_queue().await.unwrap(), column).await.unwrap()
}

/// The subjects in the Inbox, in order.
async fn inbox(store: &MessageStore) -> Vec<String> {
    let (entry_id, _) = store.get_receive_folder(None).await.unwrap();
    let folder = open_folder(store, Some(&entry_id)).await.unwrap();
    let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = table.query_all_rows(100).await.unwrap();
    rows.iter().filter_map(|row| if let Value::Unicode(subject) = &row[0].value { Some(subject.clone()) } else { None }).collect()
}

/// What must hold of a session, its mail and the next session when a method of its transport misbehaves.
async fn survives(method: &'static str, misdeed: Misdeed) {
    let case = format!("{method}: {misdeed:?}");
    let bench = Bench::new().await;
    let client = impatient(&bench.backends, misdeed).await;
    if method == "cancel" {
        let fault = Fault::Fail(Failure::new(Code::DiskError, "the disk is broken"));
        bench.store.schedule(Some("read_range"), Trigger::Nth(1), fault);
    }
    misdeed.schedule(&bench.faults, method);
    let steps = bench.visit(&client).await;
    let session = logon(&client).await;
    let store = open_store(&session).await.unwrap();
    let waiting = queue(&store, LAST_ERROR).await;
    let is_told = misdeed.is_told(method, &SILENT);
    let is_shown = waiting.iter().any(|error| error.starts_with("Wire: "));
    check_told(&case, WIRE, is_told && !is_shown, &steps.0, &bench.said);
    bench.faults.clear();
    drop((store, session, client));

    // The next session sends and receives what is left, and nothing comes twice.
    let other = subsystem(&bench.backends).await;
    let session = logon(&other).await;
    let store = open_store(&session).await.unwrap();
    turn(&other).await.unwrap();
    bench.wire.notice(READYTOSEND | NEWMAIL);
    turn(&other).await.unwrap();
    let (offered, waiting, received) = (bench.offered(), queue(&store, tags::SUBJECT).await, inbox(&store).await);
    for subject in (1..=3).map(|number| format!("hello {number}")) {
        let reported = received.contains(&format!("Undeliverable: {subject}"));
        let is_safe = offered.contains(&subject) || misdeed != Misdeed::Error && (waiting.contains(&subject) || reported);
        assert!(is_safe, "{case}: {subject:?} is lost; sent {offered:?}, waiting {waiting:?}, received {received:?}");
    }
    // Bytes that were told wrong cannot be known.
    if (method, misdeed) != ("read", Misdeed::Garbage) {
        assert_eq!(received.iter().filter(|subject| *subject == "news").count(), 1, "{case}: {received:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_of_the_transport_import_is_tested_or_is_never_called() {
    let bench = Bench::new().await;
    let client = subsystem(&bench.backends).await;
    let fault = Fault::Fail(Failure::new(Code::DiskError, "the disk is broken"));
    bench.store.schedule(Some("read_range"), Trigger::Nth(1), fault);
    let steps = bench.visit(&client).await;
    assert!(steps.0.is_empty(), "{:?}", steps.0);
    check_complete(
        "transport-backend",
        &METHODS,
        &[("settings_dialog", "it waits for a person, as long as the person takes")],
        &bench.faults.calls().into_iter().collect(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transport_that_misbehaves_is_named_and_loses_no_mail() {
    try_all(&METHODS, survives).await;
}
