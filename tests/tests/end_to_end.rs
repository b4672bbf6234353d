//! The story of a session through the component: profile, logon, store, import, table, message; and what
//! goes wrong in one subsystem or provider and stays there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::backend::{Change, Commit, ObjectId, ObjectKind, Objects as _, Store as _};
use mapi_engine::memory::{MemoryStore, PushDown};
use mapi_session::error::{Code, Origin};
use mapi_session::notifications::{Notification, TableEvent, TableNotification};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{Bookmark, Evaluation, KeptBecause, SortOrder, SortOrderSet, TableStatus, TableType};
use mapi_session::{
    Backends, Engine, EngineOptions, Entry, Folder, FolderType, ImportOptions, Limits, LogonOptions, Message, MessageOptions,
    MessageStore, Object, Opened, Session, SharedStore, Subsystem, Table, Threading, flags,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(50)).unwrap()
    })
}

async fn subsystem(backends: &Backends) -> Subsystem {
    engine().subsystem(backends, Limits::default()).await.unwrap()
}

#[tokio::test]
async fn a_subsystem_can_be_initialised_by_its_client() {
    let subsystem = engine().instantiate(&Backends::memory(), Limits::default()).await.unwrap();
    assert_eq!(subsystem.admin_profiles().await.err().map(|failure| failure.code()), Some(Code::NotInitialized));
    subsystem.initialize(Some(flags::InitializeFlags::MAPI_NT_SERVICE)).await.unwrap();
    subsystem.admin_profiles().await.unwrap();
}

async fn create_profile(subsystem: &Subsystem) {
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.unwrap();
    let services = admin.admin_services("Test").await.unwrap();
    services.create_msg_service_ex("mapi.store", Some("Mail"), flags::CreateMsgServiceFlags::empty()).await.unwrap();
}

async fn open_store(session: &Session) -> MessageStore {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    stores.set_columns(&[tags::ENTRYID, tags::DISPLAY_NAME], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = stores.query_rows(10, flags::QueryRowsFlags::empty()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][1].value, Value::Unicode("Mailbox".into()));
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier: {:?}", rows[0]) };
    session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object
}

async fn root(store: &MessageStore) -> Folder {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("the root is no folder: {other:?}"),
    }
}

async fn import(folder: &Folder, messages: &[String]) {
    let import = folder.import_messages(ImportOptions::default()).await.unwrap();
    for message in messages {
        import.begin(MessageOptions::default()).await.unwrap();
        for piece in message.as_bytes().chunks(100) {
            import.write(piece.to_vec()).await.unwrap();
        }
        let done = import.finish().await.unwrap();
        assert_eq!(done.size, message.len() as u64);
    }
    import.flush().await.unwrap();
}

fn mail(number: u32) -> String {
    format!(
        "From: Ada Lovelace <ada@example.org>\r\nTo: Charles Babbage <charles@example.org>, mary@example.org\r\n\
         Subject: Note {number:03}\r\nDate: Tue, 1 Jul 2003 10:52:{:02} +0200\r\nMessage-ID: <{number}@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nBody of note {number}.\r\n--cut\r\n\
         Content-Type: application/pdf; name=engine.pdf\r\nContent-Disposition: attachment; filename=engine.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n--cut--\r\n",
        number % 60
    )
}

/// Imports into a new folder and reads back through tables and objects.
async fn story(backends: &Backends) {
    let subsystem = subsystem(backends).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let store = open_store(&session).await;
    let folder = root(&store).await;
    let inbox = folder.create_folder(FolderType::Generic, "Inbox", None, flags::CreateFolderFlags::MAPI_UNICODE).await.unwrap();
    import(&inbox, &(0..20).map(mail).collect::<Vec<_>>()).await;

    let contents = inbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    assert_eq!(contents.get_row_count().await.unwrap().value, 20);
    contents.set_columns(&[tags::SUBJECT, tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let newest_first = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
    contents.sort_table(newest_first, flags::SortTableFlags::empty()).await.unwrap();
    let rows = contents.query_rows(5, flags::QueryRowsFlags::empty()).await.unwrap();
    let subjects: Vec<_> = rows.iter().map(|row| row[0].value.clone()).collect();
    assert_eq!(subjects, (15..20).rev().map(|number| Value::Unicode(format!("Note {number:03}"))).collect::<Vec<_>>());
    assert_eq!(contents.query_position().await.unwrap().row, 5);

    let only = Restriction::Property {
        relop: Relop::Eq,
        tag: tags::SUBJECT,
        value: Property::new(tags::SUBJECT, Value::Unicode("note 007".into())),
    };
    contents.restrict(Some(&only), flags::RestrictFlags::empty()).await.unwrap();
    let rows = contents.query_rows(5, flags::QueryRowsFlags::empty()).await.unwrap();
    assert_eq!(rows.len(), 1);
    let Value::Binary(entry_id) = &rows[0][1].value else { panic!("no entry identifier: {rows:?}") };
    let opened = session.open_entry(entry_id, flags::SessionOpenEntryFlags::empty(), Some(&[tags::SUBJECT, tags::BODY]));
    let opened = opened.await.unwrap();
    let values = opened.values.unwrap().value;
    assert_eq!(values[0].value, Value::Unicode("Note 007".into()));
    assert!(matches!(&values[1].value, Value::Unicode(body) if body.starts_with("Body of note 7.")), "{:?}", values[1]);
    let Entry::Object(Object::Message(message)) = opened.object else { panic!("no message: {:?}", opened.object) };
    parts(&message).await;

    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let late = contents.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidObject);
}

async fn parts(message: &Message) {
    let recipients = message.get_recipient_table(flags::GetRecipientTableFlags::MAPI_UNICODE).await.unwrap();
    recipients.set_columns(&[tags::EMAIL_ADDRESS], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = recipients.query_all_rows(10).await.unwrap();
    let addresses: Vec<_> = rows.iter().map(|row| row[0].value.clone()).collect();
    assert_eq!(addresses, ["charles@example.org", "mary@example.org"].map(|address| Value::Unicode(address.into())));
    let attachments = message.get_attachment_table(flags::GetAttachmentTableFlags::MAPI_UNICODE).await.unwrap();
    attachments.set_columns(&[tags::ATTACH_LONG_FILENAME, tags::ATTACH_NUM], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = attachments.query_all_rows(10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][0].value, Value::Unicode("engine.pdf".into()));
    let Value::Long(number) = rows[0][1].value else { panic!("no number: {rows:?}") };
    let wanted: [PropTag; 1] = [tags::ATTACH_DATA_BIN];
    let opened = message.open_attach(number.unsigned_abs(), flags::OpenAttachFlags::empty(), Some(&wanted)).await.unwrap();
    assert_eq!(opened.values.unwrap().value[0].value, Value::Binary(b"%PDF-1.4".to_vec()));
}

/// Row type, depth and count of every row from the cursor on, and its subject.
async fn rows(table: &Table) -> Vec<(i32, i32, Option<i32>, Option<String>)> {
    let long = |cell: &Property| if let Value::Long(number) = cell.value { Some(number) } else { None };
    let text = |cell: &Property| if let Value::Unicode(text) = &cell.value { Some(text.clone()) } else { None };
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.iter().map(|row| (long(&row[0]).unwrap(), long(&row[1]).unwrap(), long(&row[2]), text(&row[3]))).collect()
}

#[tokio::test]
async fn a_table_says_what_its_store_evaluates_and_why_not_the_rest() {
    let subsystem = subsystem(&Backends::memory()).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let store = open_store(&session).await;
    let table = root(&store).await.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    let exists = Restriction::Exist { tag: tags::SUBJECT };
    let compared = Restriction::CompareProps { relop: Relop::Eq, left: tags::SENDER_NAME, right: tags::SUBJECT };
    table.restrict(Some(&exists), flags::RestrictFlags::empty()).await.unwrap();
    let explained = table.explain().await.unwrap();
    assert_eq!((&explained.conditions[..], explained.rows), (&[Evaluation::Store][..], Evaluation::Store));
    let both = Restriction::And(vec![exists, compared]);
    table.restrict(Some(&both), flags::RestrictFlags::empty()).await.unwrap();
    let categories = SortOrderSet {
        keys: vec![SortOrder::ascending(tags::SUBJECT), SortOrder::descending(tags::SUBJECT)],
        categories: 1,
        expanded: 0,
    };
    table.sort_table(categories, flags::SortTableFlags::empty()).await.unwrap();
    let explained = table.explain().await.unwrap();
    assert_eq!(explained.conditions, [Evaluation::Store, Evaluation::Engine(KeptBecause::NoFilter)]);
    assert_eq!(explained.rows, Evaluation::Engine(KeptBecause::Condition));
    assert!(explained.categories.is_some());
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    assert_eq!(stores.explain().await.unwrap().rows, Evaluation::Engine(KeptBecause::NoStore));
}

#[tokio::test]
async fn categories_are_counted_expanded_and_kept() {
    let subsystem = subsystem(&Backends::memory()).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let store = open_store(&session).await;
    let folder = root(&store).await;
    let inbox = folder.create_folder(FolderType::Generic, "Inbox", None, flags::CreateFolderFlags::MAPI_UNICODE).await.unwrap();
    let headers = |from: &str, subject: &str| format!("From: {from}@example.org\r\nSubject: {subject}\r\n\r\nText.\r\n");
    let mails = [("ann", "one"), ("ben", "two"), ("Ann", "three")];
    import(&inbox, &mails.map(|(from, subject)| headers(from, subject))).await;

    let columns = [tags::ROW_TYPE, tags::DEPTH, tags::CONTENT_COUNT, tags::SUBJECT, tags::INSTANCE_KEY];
    let sort = SortOrderSet {
        keys: vec![SortOrder::ascending(tags::SENDER_EMAIL_ADDRESS), SortOrder::descending(tags::SUBJECT)],
        categories: 1,
        expanded: 0,
    };
    let open = || async {
        let table = inbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&columns, flags::SetColumnsFlags::empty()).await.unwrap();
        table.sort_table(sort.clone(), flags::SortTableFlags::empty()).await.unwrap();
        table
    };
    let table = open().await;
    assert_eq!(rows(&table).await, [(4, 0, Some(2), None), (4, 0, Some(1), None)]);
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    let header = table.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap().remove(0);
    let Value::Binary(key) = &header[4].value else { panic!("no key: {header:?}") };
    let expanded = table.expand_row(key, 1).await.unwrap();
    assert_eq!((expanded.total, expanded.rows.len()), (2, 1));
    assert_eq!(expanded.rows[0][3].value, Value::Unicode("three".into()));
    assert_eq!(table.query_position().await.unwrap().row, 2);
    let state = table.get_collapse_state(key).await.unwrap();

    // Another view of the folder shows the same.
    let other = open().await;
    let mark = other.set_collapse_state(&state).await.unwrap();
    assert_eq!(other.seek_row(mark, 0).await.unwrap().warning, None);
    let leaf = |subject: &str| (1, 1, None, Some(subject.to_owned()));
    assert_eq!(rows(&other).await, [(3, 0, Some(2), None), leaf("three"), leaf("one"), (4, 0, Some(1), None)]);
    assert_eq!(other.set_collapse_state(b"no state").await.unwrap_err().code(), Code::UnableToComplete);
    assert_eq!(table.collapse_row(key).await.unwrap(), 2);
    assert_eq!(table.get_row_count().await.unwrap().value, 2);
    assert_eq!(table.collapse_row(b"no key").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_session_imports_and_reads_mail_in_memory() {
    story(&Backends::memory()).await;
}

#[tokio::test]
async fn a_session_imports_and_reads_mail_in_files() {
    let folder = tempfile::tempdir().unwrap();
    story(&Backends::embedded(folder.path()).unwrap()).await;

    let backends = Backends::embedded(folder.path()).unwrap();
    let subsystem = subsystem(&backends).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let store = open_store(&session).await;
    let folders = root(&store).await.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await.unwrap();
    folders.set_columns(&[tags::DISPLAY_NAME, tags::CONTENT_COUNT], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = folders.query_all_rows(100).await.unwrap();
    let inbox = rows.iter().find(|row| row[0].value == Value::Unicode("Inbox".into())).unwrap();
    assert_eq!(inbox[1].value, Value::Long(20), "what was imported is there for the next session");
}

#[tokio::test]
async fn an_unknown_profile_is_a_failed_logon() {
    let subsystem = subsystem(&Backends::memory()).await;
    let failed = subsystem.logon(LogonOptions::profile("Nobody")).await.unwrap_err();
    assert_eq!(failed.failure.code(), Code::LogonFailed);
}

#[tokio::test]
async fn a_backend_the_host_does_not_grant_does_not_exist() {
    let backends = Backends::memory();
    create_profile(&subsystem(&backends).await).await;
    let poorer = backends.without_store("memory");
    let subsystem = subsystem(&poorer).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let failure = try_open_store(&session).await.unwrap_err();
    assert_ne!(failure.code(), Code::SOk);
}

async fn try_open_store(session: &Session) -> mapi_session::error::Result<()> {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier: {rows:?}") };
    session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.map(drop)
}

#[tokio::test]
async fn a_panic_of_a_backend_costs_that_provider_only() {
    let backends = Backends::memory().with_store("memory", Threading::Prompt, |_, _| panic!("a broken backend"));
    let subsystem = subsystem(&backends).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let failure = try_open_store(&session).await.unwrap_err();
    assert_eq!(failure.code(), Code::CallFailed);
    assert!(matches!(&failure.detail().origin, Origin::Provider { name, .. } if name == "Mailbox"), "{failure:?}");
    assert_eq!(
        session
            .get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE)
            .await
            .unwrap()
            .get_row_count()
            .await
            .unwrap()
            .value,
        1
    );
}

#[tokio::test]
async fn a_backend_that_stalls_runs_into_its_deadline() {
    let backends = Backends::memory().with_store("memory", Threading::Blocking, |_, _| {
        std::thread::sleep(Duration::from_secs(3));
        Err(mapi_session::error::Failure::not_found("too late"))
    });
    let mut limits = Limits::default();
    limits.backend_time = Duration::from_millis(200);
    let subsystem = engine().subsystem(&backends, limits).await.unwrap();
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let begun = Instant::now();
    let failure = try_open_store(&session).await.unwrap_err();
    assert_eq!(failure.code(), Code::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(2), "the session does not wait for it");
}

#[tokio::test]
async fn a_memory_limit_ends_the_subsystem_and_no_other() {
    let backends = Backends::memory();
    let mut limits = Limits::default();
    limits.memory = 24 << 20;
    let small = engine().subsystem(&backends, limits).await.unwrap();
    create_profile(&small).await;
    let session = small.logon(LogonOptions::profile("Test")).await.unwrap();
    let folder = root(&open_store(&session).await).await;
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
    let properties = message.properties().await.unwrap();
    let large = Property::new(tags::BODY, Value::Unicode("x".repeat(40 << 20)));
    let failure = properties.set_props(vec![large]).await.unwrap_err();
    assert_eq!(failure.code(), Code::NotEnoughResources, "{failure}");
    assert!(failure.to_string().contains("Limits::memory"), "{failure}");
    let after = session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap_err();
    assert_eq!(after.code(), Code::InvalidObject);
    let other = subsystem(&backends).await;
    other.logon(LogonOptions::profile("Test")).await.unwrap();
}

#[tokio::test]
async fn a_call_time_limit_ends_the_subsystem_and_says_so() {
    let backends = Backends::memory();
    let mut limits = Limits::default();
    limits.call_time = Duration::ZERO;
    let subsystem = match engine().subsystem(&backends, limits).await {
        Ok(subsystem) => subsystem,
        Err(failure) => return assert_eq!(failure.code(), Code::Timeout),
    };
    // A call that computes for a tick or two meets the limit; these are short, so many of them are tried.
    for _ in 0..10_000 {
        if let Err(failure) = subsystem.admin_profiles().await {
            return assert!(matches!(failure.code(), Code::Timeout | Code::InvalidObject), "{failure}");
        }
    }
    panic!("no call ever met a limit of nothing");
}

#[tokio::test]
async fn a_host_limit_on_handles_is_an_error_that_names_it() {
    let mut limits = Limits::default();
    limits.handles = 3;
    let subsystem = engine().subsystem(&Backends::memory(), limits).await.unwrap();
    let held = [
        subsystem.admin_profiles().await.unwrap(),
        subsystem.admin_profiles().await.unwrap(),
        subsystem.admin_profiles().await.unwrap(),
    ];
    let failure = subsystem.admin_profiles().await.unwrap_err();
    assert_eq!(failure.code(), Code::NotEnoughResources);
    assert!(failure.to_string().contains("Limits::handles"));
    drop(held);
    subsystem.admin_profiles().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_call_can_be_cancelled_from_another_task() {
    let entered = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&entered);
    let backends = Backends::memory().with_store("memory", Threading::Blocking, move |_, _| {
        told.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(500));
        Ok(Opened::<SharedStore>::new(Arc::new(MemoryStore::new(Guid([7; 16]), "slow"))))
    });
    let subsystem = subsystem(&backends).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let opening = tokio::spawn(async move { try_open_store(&session).await });
    while !entered.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(subsystem.cancel(None));
    assert_eq!(opening.await.unwrap().unwrap_err().code(), Code::UserCancel);
    subsystem.admin_profiles().await.unwrap();
}

/// A store of many messages that sorts nothing by itself.
fn many_messages(count: usize) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new(Guid([7; 16]), "many"));
    store.set_push_down(PushDown::NONE);
    let parent = store.identity().root;
    let objects = store.reserve(u32::try_from(count).unwrap()).unwrap();
    let create = |(number, object): (usize, ObjectId)| {
        let subject = Value::Unicode(format!("{:06}", number * 7919 % count));
        let properties = vec![Property::new(tags::SUBJECT, subject).into()];
        Change::Create { object, parent: parent.clone(), kind: ObjectKind::Message, properties }
    };
    let changes = objects.into_iter().enumerate().map(create).collect();
    store.commit(Commit { changes, ..Commit::default() }).unwrap();
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sort_that_takes_long_is_waited_for_aborted_or_told_of_while_others_are_served() {
    let store: Arc<SharedStore> = many_messages(20_000);
    let backends = Backends::memory()
        .with_store("memory", Threading::Blocking, move |_, _| Ok(Opened::<SharedStore>::new(Arc::clone(&store))));
    let subsystem = subsystem(&backends).await;
    create_profile(&subsystem).await;
    let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
    let folder = root(&open_store(&session).await).await;
    let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::TBL_ASYNC).await.unwrap();
    let sort = || {
        let order = SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]);
        table.sort_table(order, flags::SortTableFlags::TBL_ASYNC)
    };
    let second = || async {
        table.seek_row(Bookmark::BEGINNING, 1).await.unwrap();
        table.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap()[0][0].value.clone()
    };
    sort().await.unwrap();
    assert_eq!(table.get_status().await.unwrap(), (TableStatus::Sorting, TableType::Dynamic));
    assert_eq!(table.get_row_count().await.unwrap_err().code(), Code::Busy);
    session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap();
    table.abort().await.unwrap();
    assert_eq!(table.abort().await.unwrap_err().code(), Code::UnableToAbort);
    assert_eq!(second().await, Value::Unicode("007919".into()));
    sort().await.unwrap();
    assert_eq!(table.wait_for_completion(0).await.unwrap_err().code(), Code::Timeout);
    assert_eq!(table.wait_for_completion(u32::MAX).await.unwrap(), TableStatus::Complete);
    assert_eq!(second().await, Value::Unicode("000001".into()));
    // Turns finish it when nobody asks.
    let mut told = table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
    sort().await.unwrap();
    let event = tokio::time::timeout(Duration::from_secs(60), told.next()).await.unwrap().unwrap();
    assert_eq!(event, Notification::TableModified(TableNotification::plain(TableEvent::SortDone)));
    assert_eq!(table.get_row_count().await.unwrap().value, 20_000);
}

#[tokio::test]
async fn a_dropped_future_leaves_the_subsystem_usable() {
    let subsystem = subsystem(&Backends::memory()).await;
    create_profile(&subsystem).await;
    for _ in 0..50 {
        let logon = subsystem.logon(LogonOptions::profile("Test"));
        drop(tokio::time::timeout(Duration::from_micros(50), logon).await);
    }
    subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
}

#[tokio::test]
async fn sessions_of_many_tasks_share_one_engine() {
    let backends = Backends::memory();
    create_profile(&subsystem(&backends).await).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let backends = backends.clone();
        tasks.spawn(async move {
            let subsystem = subsystem(&backends).await;
            let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
            let store = open_store(&session).await;
            root(&store).await;
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}
