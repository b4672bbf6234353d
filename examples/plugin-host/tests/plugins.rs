//! Plugins under their grants: a useful one, and one that misbehaves in many ways beside a session that notices
//! nothing. A backend that answers garbage is in `tests/tests/faults`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_session::properties::{Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, ImportOptions, Limits, LogonOptions, MessageOptions, MessageStore, Object, Session,
    Subsystem, Table, flags,
};
use plugin_host::audit::Audit;
use plugin_host::grants::{Access, Grant, GrantedStore, Plugin, Quota};
use plugin_host::sandbox::{Outcome, Sandbox};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Notify;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(50)).unwrap()
    })
}

/// A plugin's component. `cargo xtask test` builds them; in CI they have to be there.
fn component(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guest").join(name).with_extension("wasm");
    let found = std::fs::read(&path).ok();
    if found.is_none() {
        let missing = "the plugins are not built; run `cargo xtask plugins`";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("SKIPPED: {missing}");
    }
    found
}

/// The lines of an audit log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap();
        bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

/// A data folder with two people in it, the mail of one of them, and what runs plugins against it.
struct Bench {
    sandbox: Sandbox,
    backends: Backends,
    log: Log,
    _data: TempDir,
}

const PEOPLE: [(&str, &str); 2] = [("Ada", "ada@example.org"), ("Ben", "ben@example.org")];

impl Bench {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let (backends, log) = (Backends::embedded(data.path()).unwrap(), Log::default());
        let subsystem = engine().subsystem(&backends, Limits::default()).await.unwrap();
        let admin = subsystem.admin_profiles().await.unwrap();
        for (name, address) in PEOPLE {
            admin.create_profile(name, flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
            let services = admin.admin_services(name).await.unwrap();
            let local = services.create_msg_service_ex("mapi.local", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
            let address = Property::new(tags::SENDER_EMAIL_ADDRESS, Value::Unicode(address.into()));
            services.configure_msg_service(local, vec![address]).await.unwrap();
        }
        // Granted to nobody.
        let services = admin.admin_services("Ada").await.unwrap();
        let private = services.create_msg_service_ex("mapi.store", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
        let name = Property::new(tags::DISPLAY_NAME, Value::Unicode("Private".into()));
        services.configure_msg_service(private, vec![name]).await.unwrap();
        let (_session, store) = logon(&subsystem, "Ada").await;
        let import = inbox(&store).await.import_messages(ImportOptions::default()).await.unwrap();
        for number in 0..300 {
            import.begin(MessageOptions { seen: number % 3 == 0, ..MessageOptions::default() }).await.unwrap();
            let text = format!(
                "From: Sender {} <s@example.org>\r\nTo: ada@example.org\r\nSubject: {number}\r\n\r\ntext\r\n",
                number % 7
            );
            import.write(text.into_bytes()).await.unwrap();
            import.finish().await.unwrap();
        }
        import.flush().await.unwrap();
        let sandbox = Sandbox::new(engine(), backends.clone(), Audit::new(log.clone())).unwrap();
        Self { sandbox, backends, log, _data: data }
    }

    async fn subsystem(&self) -> Subsystem {
        engine().subsystem(&self.backends, Limits::default()).await.unwrap()
    }

    async fn run(&self, plugin: &Plugin, bytes: &[u8]) -> Outcome {
        let component = self.sandbox.compile(bytes).unwrap();
        self.sandbox.run(plugin, &component, &Notify::new()).await.unwrap()
    }

    /// How a plugin ended, as the audit log says.
    fn ended(&self, plugin: &str) -> serde_json::Value {
        self.log.lines().into_iter().rfind(|line| line["event"] == "ended" && line["plugin"] == plugin).unwrap()
    }
}

async fn logon(subsystem: &Subsystem, profile: &str) -> (Session, MessageStore) {
    let session = subsystem.logon(LogonOptions::profile(profile)).await.unwrap();
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
    let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no store: {rows:?}") };
    let store = session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
    (session, store)
}

async fn inbox(store: &MessageStore) -> Folder {
    let (id, _) = store.get_receive_folder(None).await.unwrap();
    match store.open_entry(Some(&id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

async fn contents(store: &MessageStore) -> Table {
    let table = inbox(store).await.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    table.set_columns(&[tags::SUBJECT], flags::SetColumnsFlags::empty()).await.unwrap();
    table
}

fn plugin(name: &str, arguments: &[&str], access: Access, send: bool) -> Plugin {
    Plugin {
        name: name.into(),
        component: name.into(),
        arguments: arguments.iter().map(|&argument| argument.into()).collect(),
        grant: Grant {
            profile: "Ada".into(),
            stores: vec![GrantedStore { name: "Mailbox".into(), access }],
            send,
            address_books: false,
        },
        quota: Quota { seconds: 20.0, ..Quota::default() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_reads_what_it_is_granted_and_changes_nothing() {
    let Some(digest) = component("plugin-digest") else { return };
    let bench = Bench::new().await;
    let Outcome::Done(said) = bench.run(&plugin("digest", &[], Access::Read, false), &digest).await else { panic!("not done") };
    let counts: u32 = said.lines().map(|line| line.split(' ').next().unwrap().parse::<u32>().unwrap()).sum();
    assert_eq!((counts, said.lines().count()), (200, 7), "{said}");
    assert_eq!(bench.ended("digest")["outcome"], "done");

    let outcome = bench.run(&plugin("digest", &["ben@example.org"], Access::Read, true), &digest).await;
    assert!(matches!(&outcome, Outcome::Failed(said) if said.contains("NoAccess")), "{outcome:?}");
    assert!(bench.log.lines().iter().any(|line| line["event"] == "failed" && line["outcome"] == "MAPI_E_NO_ACCESS"));

    let mut elsewhere = plugin("digest", &[], Access::Read, false);
    elsewhere.grant.stores.clear();
    assert!(matches!(bench.run(&elsewhere, &digest).await, Outcome::Failed(_)), "no store is granted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_without_a_transport_cannot_send() {
    let Some(digest) = component("plugin-digest") else { return };
    let bench = Bench::new().await;
    let to_ben = |send| plugin("digest", &["ben@example.org"], Access::Write, send);
    // Ben fetches what there is for him.
    let received = async || {
        let subsystem = bench.subsystem().await;
        let (_session, store) = logon(&subsystem, "Ben").await;
        while subsystem.pump(Duration::from_millis(50)).await.unwrap().more {}
        contents(&store).await.get_row_count().await.unwrap()
    };
    let outcome = bench.run(&to_ben(false), &digest).await;
    assert!(matches!(outcome, Outcome::Done(_)), "the message is queued: {outcome:?}");
    assert_eq!(received().await.value, 0, "and nothing leaves");
    let outcome = bench.run(&to_ben(true), &digest).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert!(received().await.value > 0, "with a transport it does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_plugin_ends_and_its_session_is_logged_off() {
    let Some(hostile) = component("plugin-hostile") else { return };
    let bench = Bench::new().await;
    let (component, kill) = (bench.sandbox.compile(&hostile).unwrap(), Notify::new());
    for behaviour in ["loops", "floods"] {
        let plugin = Plugin {
            quota: Quota { calls: u64::MAX, ..Quota::default() },
            ..plugin(behaviour, &[behaviour], Access::Read, false)
        };
        let killed = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            kill.notify_one();
            Instant::now()
        };
        let (outcome, at) = tokio::join!(bench.sandbox.run(&plugin, &component, &kill), killed);
        assert_eq!(outcome.unwrap(), Outcome::Ended("killed by the operator".into()));
        assert!(at.elapsed() < Duration::from_secs(5), "{:?}", at.elapsed());
        assert_eq!(bench.ended(behaviour)["logged_off"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fills_the_memory_of_its_session_ends_with_it() {
    let Some(hostile) = component("plugin-hostile") else { return };
    let bench = Bench::new().await;
    let mut plugin = plugin("hoards", &["hoards"], Access::Read, false);
    plugin.quota = Quota { session_memory_mib: 12, handles: u32::MAX, calls: u64::MAX, seconds: 120.0, ..plugin.quota };
    let outcome = bench.run(&plugin, &hostile).await;
    let named = matches!(&outcome, Outcome::Ended(why) if why.contains("MAPI_E_NOT_ENOUGH_RESOURCES") && why.contains("memory"));
    assert!(named, "{outcome:?}");
    assert_eq!(bench.ended("hoards")["logged_off"], false, "there is nothing left to log off");
    let failed = bench.log.lines().into_iter().find(|line| line["event"] == "failed").unwrap();
    assert_eq!(
        (&failed["call"], &failed["outcome"]),
        (&"[method]folder.get-contents-table".into(), &"MAPI_E_NOT_ENOUGH_RESOURCES".into())
    );
}

/// What the hostile plugin does, and what the audit log says of its end.
const BEHAVIOURS: [(&str, &str); 22] = [
    ("loops", "quota of time exceeded"),
    ("floods", "quota of calls exceeded"),
    ("allocates", "quota of memory exceeded"),
    ("recurses", "trapped"),
    ("forges-handles", "trapped"),
    ("uses-dropped", "trapped"),
    ("forges-identifiers", "done"),
    ("calls-after-logoff", "done"),
    ("reads-again", "quota of rows exceeded"),
    ("hoards", "quota of handles exceeded"),
    ("huge-restriction", "done"),
    ("huge-text", "trapped"),
    ("huge-columns", "trapped"),
    ("seeks", "done"),
    ("submits", "quota of submissions exceeded"),
    ("creates-profiles", "done"),
    ("traps", "trapped"),
    ("garbage", "done"),
    ("logs-on", "quota of handles exceeded"),
    ("opens-ungranted", "done"),
    ("reads-credentials", "not granted"),
    ("holds-messages", "quota of time exceeded"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_host_survives_hostile_plugins_and_a_neighbour_notices_nothing() {
    let Some(hostile) = component("plugin-hostile") else { return };
    let bench = Bench::new().await;
    let neighbour = bench.subsystem().await;
    let (_session, store) = logon(&neighbour, "Ada").await;
    let table = contents(&store).await;
    let page = async || {
        let start = Instant::now();
        table.seek_row(mapi_session::tables::Bookmark::BEGINNING, 100).await.unwrap();
        assert_eq!(table.query_rows(50, flags::QueryRowsFlags::empty()).await.unwrap().len(), 50);
        start.elapsed()
    };
    let mut before = Vec::new();
    for _ in 0..200 {
        before.push(page().await);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let component = bench.sandbox.compile(&hostile).unwrap();
    let (sandbox, done) = (bench.sandbox.clone(), Arc::new(Notify::new()));
    let running = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut outcomes = Vec::new();
            for (behaviour, _) in BEHAVIOURS {
                let mut plugin = plugin(behaviour, &[behaviour], Access::Write, false);
                plugin.quota.seconds = if matches!(behaviour, "loops" | "holds-messages") { 1.0 } else { 60.0 };
                plugin.quota.rows = 5_000;
                let start = Instant::now();
                let outcome = sandbox.run(&plugin, &component, &Notify::new()).await.unwrap();
                outcomes.push((outcome, start.elapsed()));
            }
            done.notify_one();
            outcomes
        }
    });
    let mut during = Vec::new();
    loop {
        during.push(page().await);
        if tokio::time::timeout(Duration::from_millis(2), done.notified()).await.is_ok() {
            break;
        }
    }
    let outcomes = running.await.unwrap();
    let mut wrong = Vec::new();
    for ((behaviour, expected), (outcome, took)) in BEHAVIOURS.into_iter().zip(&outcomes) {
        let ended = bench.ended(behaviour);
        let said = match outcome {
            Outcome::Done(said) | Outcome::Failed(said) => said.chars().take(60).collect(),
            Outcome::Ended(_) => String::new(),
        };
        eprintln!("{behaviour}: {} ({took:.1?}, {} calls) {said:?}", ended["outcome"], ended["calls"]);
        if !ended["outcome"].as_str().unwrap().starts_with(expected) {
            wrong.push(behaviour);
        }
    }
    let figures = |latencies: &mut Vec<Duration>| {
        latencies.sort();
        (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100], *latencies.last().unwrap())
    };
    let (before, during) = (figures(&mut before), figures(&mut during));
    eprintln!("a page of the neighbour (median, 99 %, most): before {before:.1?}, during {during:.1?}");
    let said = |behaviour| match outcomes.iter().zip(BEHAVIOURS).find(|(_, (name, _))| *name == behaviour) {
        Some(((Outcome::Done(said), _), _)) => said.as_str(),
        other => panic!("{other:?}"),
    };
    assert!(said("forges-identifiers").starts_with("0 of "), "no forged identifier opens anything");
    assert_eq!(said("calls-after-logoff"), "[true, true, true]", "all calls fail then");
    assert_eq!(said("creates-profiles"), "0 created, deleted: false");
    assert!(said("opens-ungranted").starts_with("1 stores opened"), "of two: {}", said("opens-ungranted"));
    for behaviour in ["forges-identifiers", "calls-after-logoff", "huge-restriction", "seeks", "creates-profiles"] {
        let named = |line: &serde_json::Value| {
            line["event"] == "failed" && line["plugin"] == behaviour && line["outcome"].as_str().unwrap().starts_with("MAPI_E_")
        };
        assert!(bench.log.lines().iter().any(named), "the failures of {behaviour} are named");
    }
    assert!(wrong.is_empty(), "these came out otherwise: {wrong:?}");
    assert!(during.2 < Duration::from_secs(5), "{during:?}");

    let profiles = neighbour.admin_profiles().await.unwrap().get_profile_table(flags::GetProfileTableFlags::MAPI_UNICODE).await;
    assert_eq!(profiles.unwrap().get_row_count().await.unwrap().value, 2, "no plugin has made or deleted a profile");
    page().await;
}
