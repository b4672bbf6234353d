//! A store that fails, stalls, lies or breaks down, in each of its methods in turn, under the whole component: the
//! failure names the provider, the session goes on, nothing is lost (`session` 3.1).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{Fault, Faults, Faulty, MemoryStore, Trigger};
use mapi_session::backend::{NamedProperty, PropertyName};
use mapi_session::error::{Code, Failure, Origin, Result};
use mapi_session::properties::{Guid, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, ImportOptions, Limits, LogonOptions, Message, MessageOptions,
    MessageStore, Object, Opened, OpenedProperty, PropertyInterface, Session, SharedStore, Subsystem, Threading, flags,
};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The methods of the store import that the session calls in [`Visit::everything`].
const METHODS: [&str; 12] = [
    "changes",
    "commit",
    "container_tags",
    "feed_cursor",
    "ids_of_names",
    "list_tags",
    "names_of_ids",
    "plan",
    "read",
    "read_range",
    "reserve",
    "scan",
];

/// Messages there before anything goes wrong.
const KEPT: u32 = 6;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(8)).unwrap()
    })
}

/// A store with faults on command, and what is needed to reach it.
struct Bench {
    backends: Backends,
    faults: Arc<Faults>,
}

impl Bench {
    async fn new() -> Self {
        let store = Faulty::new(Arc::new(MemoryStore::new(Guid([7; 16]), "faulty")));
        let faults = Arc::clone(&store.faults);
        let store: Arc<SharedStore> = Arc::new(store);
        let open = move |_: &_, _: Option<&[u8]>| Ok(Opened::new(Arc::clone(&store)));
        let bench = Self { backends: Backends::memory().with_store("memory", Threading::Blocking, open), faults };
        let subsystem = bench.subsystem().await;
        let admin = subsystem.admin_profiles().await.unwrap();
        admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.unwrap();
        let services = admin.admin_services("Test").await.unwrap();
        services.create_msg_service_ex("mapi.store", Some("Mail"), flags::CreateMsgServiceFlags::empty()).await.unwrap();
        let session = logon(&subsystem).await;
        let store = open_store(&session).await.unwrap();
        let root = root(&store).await.unwrap();
        let kept = root.create_folder(FolderType::Generic, "Kept", None, flags::CreateFolderFlags::empty()).await.unwrap();
        import(&kept, 0..KEPT).await.unwrap();
        bench
    }

    async fn subsystem(&self) -> Subsystem {
        let mut limits = Limits::default();
        limits.backend_time = Duration::from_secs(1);
        engine().subsystem(&self.backends, limits).await.unwrap()
    }
}

async fn logon(subsystem: &Subsystem) -> Session {
    subsystem.logon(LogonOptions::profile("Test")).await.unwrap()
}

async fn open_store(session: &Session) -> Result<MessageStore> {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier: {rows:?}") };
    Ok(session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await?.value.object)
}

async fn root(store: &MessageStore) -> Result<Folder> {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        other => panic!("the root is no folder: {other:?}"),
    }
}

fn mail(number: u32) -> String {
    let body = "A line of a body that is too long to be handed over with its message.\r\n".repeat(6_000);
    format!(
        "From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: Note {number}\r\nX-Odd: yes\r\n\
         Date: Tue, 1 Jul 2003 10:52:00 +0200\r\nMessage-ID: <{number}@example.org>\r\n\r\n{body}"
    )
}

async fn import(folder: &Folder, numbers: std::ops::Range<u32>) -> Result<()> {
    let import = folder.import_messages(ImportOptions::default()).await?;
    for number in numbers {
        import.begin(MessageOptions::default()).await?;
        import.write(mail(number).into_bytes()).await?;
        import.finish().await?;
    }
    import.flush().await.map(drop)
}

/// The subjects in that folder of the root.
async fn subjects(store: &MessageStore, name: &str) -> Result<BTreeSet<String>> {
    let folder = child(store, name).await?;
    let contents = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await?;
    contents.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await?;
    let rows = contents.query_all_rows(1_000).await?;
    Ok(rows
        .iter()
        .filter_map(|row| if let Value::Unicode(subject) = &row[0].value { Some(subject.clone()) } else { None })
        .collect())
}

async fn child(store: &MessageStore, name: &str) -> Result<Folder> {
    let folders = root(store).await?.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await?;
    folders.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let wanted = Property::new(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
    let named = Restriction::Property { relop: Relop::Eq, tag: tags::DISPLAY_NAME, value: wanted };
    folders.restrict(Some(&named), flags::RestrictFlags::empty()).await?;
    let rows = folders.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else {
        return Err(Failure::not_found("there is no such folder"));
    };
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        other => panic!("no folder: {other:?}"),
    }
}

async fn body(message: &Message) -> Result<()> {
    let (options, how) = (flags::OpenPropertyOptions::empty(), flags::OpenPropertyFlags::empty());
    match message.properties().await?.open_property(tags::BODY, PropertyInterface::DataStream, options, how).await? {
        OpenedProperty::DataStream(stream) => stream.read_to_end().await.map(drop),
        other => panic!("no stream: {other:?}"),
    }
}

/// What a client does with a store, each step whatever became of the others.
struct Visit {
    failures: Vec<(&'static str, Failure)>,
}

impl Visit {
    async fn everything(session: &Session) -> Vec<(&'static str, Failure)> {
        let mut visit = Self { failures: Vec::new() };
        let Some(store) = visit.step("open-msg-store", open_store(session)).await else { return visit.failures };
        visit
            .step("the store's properties", async {
                let properties = store.properties().await?;
                properties.get_props(None, flags::GetPropsFlags::empty()).await?;
                properties.get_prop_list(flags::GetPropListFlags::empty()).await?;
                let name = NamedProperty { set: Guid([9; 16]), name: PropertyName::Text("fault".to_owned()) };
                let ids = properties.get_ids_from_names(Some(vec![name]), flags::GetIdsFromNamesFlags::MAPI_CREATE).await?.value;
                properties.get_names_from_ids(Some(&ids), None, flags::GetNamesFromIdsFlags::empty()).await.map(drop)
            })
            .await;
        visit.step("import", async { import(&child(&store, "Kept").await?, KEPT..KEPT + 1).await }).await;
        visit
            .step("create-folder", async {
                let folder = root(&store).await?;
                folder.create_folder(FolderType::Generic, "New", None, flags::CreateFolderFlags::OPEN_IF_EXISTS).await.map(drop)
            })
            .await;
        if let Some(folder) = visit.step("open-entry of a folder", child(&store, "Kept")).await {
            visit.contents(&store, &folder).await;
        }
        visit.failures
    }

    async fn contents(&mut self, store: &MessageStore, folder: &Folder) {
        let contents = self.step("get-contents-table", folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE));
        let Some(table) = contents.await else { return };
        self.step("query-columns", table.query_columns(flags::QueryColumnsFlags::TBL_ALL_COLUMNS)).await;
        self.step("set-columns", table.set_columns(&[tags::ENTRYID, tags::SUBJECT], flags::SetColumnsFlags::empty())).await;
        let order = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
        self.step("sort-table", table.sort_table(order, flags::SortTableFlags::empty())).await;
        self.step("seek-row-approx", table.seek_row_approx(1, 2)).await;
        self.step("query-position", table.query_position()).await;
        self.step("get-row-count", table.get_row_count()).await;
        self.step("seek-row-approx", table.seek_row_approx(0, 1)).await;
        let Some(rows) = self.step("query-rows", table.query_rows(1, flags::QueryRowsFlags::empty())).await else { return };
        let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else { return };
        let opened = store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None);
        let Some(opened) = self.step("open-entry of a message", opened).await else { return };
        let Object::Message(message) = opened.object else { return };
        self.step("the message's properties", async {
            let properties = message.properties().await?;
            properties.get_props(None, flags::GetPropsFlags::empty()).await?;
            properties.get_prop_list(flags::GetPropListFlags::empty()).await.map(drop)
        })
        .await;
        self.step("the message's body", body(&message)).await;
        self.step("get-recipient-table", async {
            let recipients = message.get_recipient_table(flags::GetRecipientTableFlags::MAPI_UNICODE).await?;
            recipients.query_rows(10, flags::QueryRowsFlags::empty()).await.map(drop)
        })
        .await;
    }

    async fn step<T>(&mut self, name: &'static str, step: impl Future<Output = Result<T>>) -> Option<T> {
        match step.await {
            Ok(done) => Some(done),
            Err(failure) => {
                self.failures.push((name, failure));
                None
            }
        }
    }
}

fn names_the_provider(failure: &Failure) -> bool {
    matches!(&failure.detail().origin, Origin::Provider { name, uid } if name == "Mailbox" && *uid != Guid::default())
}

/// What must hold of a session while and after a method of its store misbehaves.
async fn survives(method: &'static str, trigger: Trigger, fault: Fault) {
    let case = format!("{method}: {fault:?}");
    let reusable = matches!(fault, Fault::Fail(_) | Fault::Garbage);
    let answers = !matches!(fault, Fault::Garbage);
    let bench = Bench::new().await;
    let subsystem = bench.subsystem().await;
    let session = logon(&subsystem).await;
    bench.faults.schedule(Some(method), trigger, fault);
    for (step, failure) in Visit::everything(&session).await {
        assert!(names_the_provider(&failure) || !answers, "{case}: {step} names nobody: {failure:?}");
        assert!(!failure.detail().message.is_empty(), "{case}: {step}");
    }
    // The session is there, whatever its store does.
    session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    bench.faults.clear();
    let kept: BTreeSet<String> = (0..KEPT).map(|number| format!("Note {number}")).collect();
    if reusable {
        // A client that goes on finds everything in order again.
        let failures = Visit::everything(&session).await;
        assert!(failures.is_empty(), "{case}: afterwards {failures:?}");
    }
    let other = bench.subsystem().await;
    let session = logon(&other).await;
    let store = open_store(&session).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    let found = subjects(&store, "Kept").await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    assert!(found.is_superset(&kept), "{case}: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_calls_every_method_tested_here_and_fails_nowhere() {
    let bench = Bench::new().await;
    let before = bench.faults.calls().len();
    let failures = Visit::everything(&logon(&bench.subsystem().await).await).await;
    assert!(failures.is_empty(), "{failures:?}");
    let called: BTreeSet<&str> = bench.faults.calls().split_off(before).into_iter().collect();
    let missed: Vec<&str> = METHODS.into_iter().filter(|method| !called.contains(method)).collect();
    assert!(missed.is_empty(), "{missed:?} are not called; {called:?} are");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_in_any_method_names_the_provider_and_costs_nothing_else() {
    for method in METHODS {
        let failure = Failure::new(Code::NetworkError, "the line is down; try again later");
        survives(method, Trigger::Every, Fault::Fail(failure)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_any_method_names_the_provider_and_costs_nothing_else() {
    for method in METHODS {
        survives(method, Trigger::Every, Fault::Panic).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_from_any_method_costs_nothing_else() {
    for method in METHODS {
        survives(method, Trigger::Every, Fault::Garbage).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_in_any_method_names_the_provider_and_costs_nothing_else() {
    for method in METHODS {
        survives(method, Trigger::Nth(1), Fault::Stall(Duration::from_millis(2500))).await;
    }
}
