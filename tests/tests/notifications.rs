//! Notifications through the component: as streams and callbacks, across subsystems and processes, and the
//! random test that nothing is missed and nothing told twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_session::backend::{Change, Commit, Expected, ObjectId, ObjectKind, Objects as _, StoredProperty};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::collation;
use mapi_session::notifications::{Notification, TableEvent, TableNotification};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, Limits, LogonOptions, MessageStore, Object, Row, Session, Subscription,
    Subsystem, Table, flags,
};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// How long a notification may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(50)).unwrap()
    })
}

async fn subsystem(folder: &Path) -> Subsystem {
    engine().subsystem(&Backends::embedded(folder).unwrap(), Limits::default()).await.unwrap()
}

async fn create_profile(subsystem: &Subsystem) {
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Test", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
}

async fn open_store(session: &Session) -> MessageStore {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no entry identifier") };
    session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object
}

async fn folder(store: &MessageStore, name: &str) -> Folder {
    let root = match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("the root is no folder: {other:?}"),
    };
    let how = flags::CreateFolderFlags::MAPI_UNICODE | flags::CreateFolderFlags::OPEN_IF_EXISTS;
    root.create_folder(FolderType::Generic, name, None, how).await.unwrap()
}

async fn id(folder: &Folder) -> Vec<u8> {
    let properties = folder.properties().await.unwrap();
    let values = properties.get_props(Some(&[tags::ENTRYID]), flags::GetPropsFlags::empty()).await.unwrap().value;
    match &values[0].value {
        Value::Binary(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

/// A client of its own subsystem, with a table of the folder by subject.
struct Client {
    _session: Session,
    store: MessageStore,
    folder: Folder,
    table: Table,
}

impl Client {
    async fn new(data: &Path) -> Self {
        Self::of(&subsystem(data).await).await
    }

    async fn of(subsystem: &Subsystem) -> Self {
        let session = subsystem.logon(LogonOptions::profile("Test")).await.unwrap();
        let store = open_store(&session).await;
        let folder = folder(&store, "Shared").await;
        let table = Self::table(&folder).await;
        Self { _session: session, store, folder, table }
    }

    async fn table(folder: &Folder) -> Table {
        let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::INSTANCE_KEY, tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
        let order = SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]);
        table.sort_table(order, flags::SortTableFlags::empty()).await.unwrap();
        table
    }

    async fn save(&self, subject: &str) {
        let message = self.folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        let properties = message.properties().await.unwrap();
        properties.set_props(vec![Property::new(tags::SUBJECT, Value::Unicode(subject.into()))]).await.unwrap();
        properties.save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    }
}

async fn next(subscription: &mut Subscription) -> Notification {
    tokio::time::timeout(PATIENCE, subscription.next()).await.expect("a notification comes").expect("the stream goes on")
}

async fn rows(table: &Table) -> Vec<Row> {
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    table.query_rows(10_000, flags::QueryRowsFlags::empty()).await.unwrap()
}

/// The file of the one store in a data folder.
fn store_file(data: &Path) -> PathBuf {
    let files: Vec<PathBuf> = std::fs::read_dir(data.join("stores")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "mapi")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_one_subsystem_comes_to_another_by_itself() {
    let data = tempfile::tempdir().unwrap();
    create_profile(&subsystem(data.path()).await).await;
    let (here, there) = (Client::new(data.path()).await, Client::new(data.path()).await);
    let mut objects = here.store.advise(None, flags::EventMask::FNEV_OBJECT_CREATED).await.unwrap();
    let mut table = here.table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let (told, mut was_told) = tokio::sync::mpsc::unbounded_channel();
    let listener = there.table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap().on_notify(move |batch| {
        sink.lock().unwrap().extend_from_slice(batch);
        told.send(()).unwrap();
    });
    there.save("hello").await;
    assert!(matches!(next(&mut objects).await, Notification::ObjectCreated(created) if created.object_type == 5));
    let Notification::TableModified(row) = next(&mut table).await else { panic!("no row") };
    assert_eq!(row.event, TableEvent::RowAdded);
    assert_eq!(row.row[1].value, Value::Unicode("hello".into()));
    // The changes of the client itself come to it as well.
    tokio::time::timeout(PATIENCE, was_told.recv()).await.unwrap();
    assert_eq!(heard.lock().unwrap().len(), 1);
    drop(listener);
    let connection = table.connection();
    table.unadvise().await.unwrap();
    there.save("again").await;
    assert!(matches!(next(&mut objects).await, Notification::ObjectCreated(_)));
    assert_ne!(connection, objects.connection());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_pull_mode_notifications_come_when_they_are_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let backends = Backends::embedded(data.path()).unwrap();
    let pulled = engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
    create_profile(&pulled).await;
    let client = Client::of(&pulled).await;
    let mut table = client.table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
    client.save("one").await;
    assert!(tokio::time::timeout(Duration::from_millis(200), table.next()).await.is_err());
    assert_eq!(pulled.dispatch_notifications().await.unwrap(), 1);
    assert!(matches!(next(&mut table).await, Notification::TableModified(_)));
    assert_eq!(pulled.dispatch_notifications().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_ends_with_what_it_was_made_at() {
    let data = tempfile::tempdir().unwrap();
    let subsystem = subsystem(data.path()).await;
    create_profile(&subsystem).await;
    let shared = flags::LogonFlags::MAPI_ALLOW_OTHERS;
    let first = subsystem.logon(LogonOptions::profile("Test").with(shared)).await.unwrap();
    let joined = LogonOptions { profile: Some("Test".into()), flags: flags::LogonFlags::MAPI_EXTENDED };
    let second = subsystem.logon(joined).await.unwrap();
    let mut events = first.advise(None, flags::EventMask::empty()).await.unwrap();
    second.logoff(flags::LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
    assert!(matches!(next(&mut events).await, Notification::CriticalError(_)));
    let failure = second.advise(None, flags::EventMask::empty()).await.unwrap_err();
    assert_eq!(failure.code(), mapi_session::error::Code::InvalidObject);
}

/// What a client knows that reads a table once and then hears its notifications only.
struct Mirror(Vec<Row>);

impl Mirror {
    fn hear(&mut self, event: Option<Notification>) {
        match event {
            Some(Notification::TableModified(event)) => self.apply(event),
            other => panic!("{other:?}"),
        }
    }

    fn place(&self, key: &Property) -> Option<usize> {
        self.0.iter().position(|row| row[0] == *key)
    }

    fn apply(&mut self, event: TableNotification) {
        match event.event {
            TableEvent::RowAdded | TableEvent::RowModified => {
                let known = self.place(&event.index);
                assert_eq!(known.is_some(), event.event == TableEvent::RowModified, "{event:?}");
                assert_eq!(event.row[0], event.index, "a row has its key, also when it is gone again");
                if let Some(at) = known {
                    self.0.remove(at);
                }
                let at = if event.prior.tag == PropTag::NULL { 0 } else { self.place(&event.prior).unwrap() + 1 };
                self.0.insert(at, event.row);
            }
            TableEvent::RowDeleted => {
                let at = self.place(&event.index).expect("the row was known");
                self.0.remove(at);
            }
            other => panic!("single changes are told one by one, not as {other:?}"),
        }
    }
}

/// The objects of a folder that were told about.
#[derive(Default)]
struct Objects {
    seen: BTreeMap<Vec<u8>, usize>,
    created: usize,
    deleted: usize,
}

impl Objects {
    fn apply(&mut self, event: Notification) {
        match event {
            Notification::ObjectCreated(about) => {
                self.created += 1;
                assert_eq!(self.seen.insert(about.entry_id, 1), None, "created twice");
            }
            Notification::ObjectDeleted(about) => {
                self.deleted += 1;
                assert_eq!(self.seen.insert(about.entry_id, 2), Some(1), "deleted once, after it was created");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// One who listens to a folder and to a table of it.
struct Listener {
    objects: (Subscription, Objects),
    table: (Subscription, Mirror),
}

impl Listener {
    async fn new(client: &Client) -> Self {
        let events = flags::EventMask::FNEV_OBJECT_CREATED | flags::EventMask::FNEV_OBJECT_DELETED;
        let objects = client.store.advise(None, events).await.unwrap();
        let table = client.table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap();
        Self { objects: (objects, Objects::default()), table: (table, Mirror(rows(&client.table).await)) }
    }

    /// Hears what comes until the changes are over.
    async fn listen(mut self, mut over: watch::Receiver<bool>) -> Self {
        loop {
            tokio::select! {
                event = self.objects.0.next() => self.objects.1.apply(event.expect("the stream goes on")),
                event = self.table.0.next() => self.table.1.hear(event),
                changed = over.changed() => {
                    changed.unwrap();
                    return self;
                }
            }
        }
    }

    /// Hears the rest: everything was told once, and a mirror made of notifications is the table as it is.
    async fn finish(mut self, client: &Client, created: usize, deleted: usize) {
        let (objects, told) = &mut self.objects;
        while told.created + told.deleted < created + deleted {
            told.apply(next(objects).await);
        }
        assert_eq!((told.created, told.deleted), (created, deleted));
        let now = rows(&client.table).await;
        let fresh = rows(&Client::table(&client.folder).await).await;
        assert_eq!(now, fresh, "the open table is the table as it is");
        assert_eq!(now.len(), created - deleted);
        let (table, mirror) = &mut self.table;
        loop {
            let patience = if mirror.0 == now { Duration::from_millis(300) } else { PATIENCE };
            match tokio::time::timeout(patience, table.next()).await {
                Ok(event) => mirror.hear(event),
                Err(_) => break,
            }
        }
        assert_eq!(mirror.0, now);
        assert!(tokio::time::timeout(Duration::from_millis(100), objects.next()).await.is_err(), "nothing is told twice");
    }
}

/// Numbers that look random, the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// A subject as a session stores it, with what the backend orders and searches by.
fn stored_subject(subject: &str) -> StoredProperty {
    let value = Value::Unicode(subject.to_owned());
    let order_key = collation::order_key(&value);
    let folded = Some(collation::fold(subject).into_owned());
    StoredProperty { order_key, folded, ..Property::new(tags::SUBJECT, value).into() }
}

/// Changes messages of the folder at random: creates, renames, deletes its own; how many it created and deleted.
fn change_at_random(store: &SqliteStore, folder: &ObjectId, seed: u64, steps: usize) -> (usize, usize) {
    let mut numbers = Numbers(seed);
    let mut mine: Vec<ObjectId> = Vec::new();
    let (mut created, mut deleted) = (0, 0);
    let subject = |numbers: &mut Numbers| vec![stored_subject(&format!("{:03}", numbers.below(1000)))];
    for _ in 0..steps {
        let change = match numbers.below(4) {
            0 | 1 if mine.len() < 40 => {
                let object = store.reserve(1).unwrap().remove(0);
                mine.push(object.clone());
                created += 1;
                let (parent, properties) = (folder.clone(), subject(&mut numbers));
                Change::Create { object, parent, kind: ObjectKind::Message, properties }
            }
            3 if !mine.is_empty() => {
                deleted += 1;
                let object = mine.swap_remove(numbers.below(mine.len()));
                Change::Remove { object, expected: Expected::Exists, hard: numbers.below(2) == 0 }
            }
            _ if !mine.is_empty() => {
                let object = mine[numbers.below(mine.len())].clone();
                let (expected, set) = (Expected::Exists, subject(&mut numbers));
                Change::Set { object, expected, set, delete: vec![], quiet: false }
            }
            _ => continue,
        };
        store.commit(Commit { changes: vec![change], token: seed, ..Commit::default() }).unwrap();
    }
    (created, deleted)
}

/// Not a test of its own: the second process of the test below.
#[test]
fn child_process() {
    let Ok(file) = std::env::var("NOTIFICATIONS_CHILD") else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let store = SqliteStore::open(Path::new(&file), Access::Write).unwrap();
    let folder = ObjectId::from(number("NOTIFICATIONS_FOLDER"));
    let steps = usize::try_from(number("NOTIFICATIONS_STEPS")).unwrap();
    let (created, deleted) = change_at_random(&store, &folder, number("NOTIFICATIONS_SEED"), steps);
    println!("counted {created} {deleted}");
}

/// Two sessions and one more process change one folder at random: every notification comes, none twice, and
/// mirrors made of notifications alone equal the table as it is at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_and_nothing_told_twice_across_processes() {
    // Campaigns take more steps, and other numbers in each round.
    let seed: u64 = std::env::var("MAPI_SEED").map_or(0, |seed| seed.parse().unwrap());
    let steps: usize = std::env::var("NOTIFICATIONS_STEPS").ok().map_or(150, |steps| steps.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    create_profile(&subsystem(data.path()).await).await;
    let clients = [Client::new(data.path()).await, Client::new(data.path()).await];
    let file = store_file(data.path());
    let own = id(&clients[0].folder).await[20..].to_vec();
    let folder = ObjectId::new(&own).unwrap();
    let (end, over) = watch::channel(false);
    let mut listening = Vec::new();
    for client in &clients {
        listening.push(tokio::spawn(Listener::new(client).await.listen(over.clone())));
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--nocapture"])
        .env("NOTIFICATIONS_CHILD", &file)
        .env("NOTIFICATIONS_FOLDER", u64::from_be_bytes(own.as_slice().try_into().unwrap()).to_string())
        .env("NOTIFICATIONS_SEED", (77 + 2 * seed).to_string())
        .env("NOTIFICATIONS_STEPS", steps.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The sessions change the folder as well, one through the world and one through the file.
    let store = SqliteStore::open(&file, Access::Write).unwrap();
    let beside = folder.clone();
    let changing = tokio::task::spawn_blocking(move || change_at_random(&store, &beside, 1234 + 2 * seed, steps));
    for number in 0..steps / 10 {
        clients[number % 2].save(&format!("{:03}", number * 37 % 1000)).await;
    }
    let (mut created, mut deleted) = changing.await.unwrap();
    created += steps / 10;
    let said = tokio::task::spawn_blocking(move || {
        let mut child = child;
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        said
    });
    let said = said.await.unwrap();
    let counts = said.split("counted ").nth(1).expect("the second process has counted");
    let mut counts = counts.split_whitespace().map(|count| count.parse::<usize>().unwrap());
    created += counts.next().unwrap();
    deleted += counts.next().unwrap();

    end.send(true).unwrap();
    for (listener, client) in listening.into_iter().zip(&clients) {
        listener.await.unwrap().finish(client, created, deleted).await;
    }
}
