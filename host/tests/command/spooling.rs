//! `mapi spool` and `mapi queue`, and the spooler killed in the middle of its work.

use crate::moments::{Moments, store_files, wait_until};
use crate::running::{Data, command};
use mapi_session::backend::{Batch, Change, Commit, Expected, Objects, ScanFrom, ScanKind, ScanRequest, Scope, Store};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, ImportOptions, Limits, LogonOptions, MessageOptions, MessageStore, Object, flags,
};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

/// What the engine keeps on a queued message, its claim among it (docs/format.md).
const QUEUE_STATE: PropTag = PropTag(0x67E5_0102);

/// Two profiles that send to each other.
fn correspondents() -> Data {
    let data = Data::bare();
    for (name, address) in [("Me", "me@example.org"), ("You", "you@example.org")] {
        data.run(["profile", "create", name]).succeeds();
        data.run(["--profile", name, "service", "add", "local", "--from", address]).succeeds();
    }
    data
}

/// Submits messages of the profile `Me`, through the library.
fn submit(data: &Data, messages: impl Iterator<Item = (String, &'static str)>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let backends = Backends::embedded(&data.path()).unwrap();
        let options = EngineOptions::default().with_subsystems(0).with_cache(data.path().join("cache"));
        let subsystem = Engine::new(&options).unwrap().subsystem(&backends, Limits::default()).await.unwrap();
        let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
        let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
        stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
        let Value::Binary(entry_id) = &rows[0][0].value else { panic!("no store: {rows:?}") };
        let store = session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
        let outbox = outbox(&store).await;
        let import = outbox.import_messages(ImportOptions::default()).await.unwrap();
        for (subject, to) in messages {
            import.begin(MessageOptions::default()).await.unwrap();
            let text = format!("From: me@example.org\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{}\r\n", "text ".repeat(2000));
            import.write(text.into_bytes()).await.unwrap();
            import.finish().await.unwrap();
        }
        import.flush().await.unwrap();
        let table = outbox.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        for row in table.query_rows(10_000, flags::QueryRowsFlags::empty()).await.unwrap() {
            let Value::Binary(entry_id) = &row[0].value else { panic!("no message: {row:?}") };
            let opened = store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap();
            let Object::Message(message) = opened.object else { panic!("no message") };
            message.submit_message(flags::SubmitMessageFlags::empty()).await.unwrap();
        }
        session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    });
}

async fn outbox(store: &MessageStore) -> Folder {
    let properties = store.properties().await.unwrap();
    let values = properties.get_props(Some(&[tags::IPM_OUTBOX_ENTRYID]), flags::GetPropsFlags::empty()).await.unwrap().value;
    let Value::Binary(entry_id) = &values[0].value else { panic!("no Outbox") };
    match store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap().object {
        Object::Folder(folder) => folder,
        other => panic!("no folder: {other:?}"),
    }
}

/// The queue of a store, with what the engine keeps on its messages.
fn queue_of(store: &SqliteStore) -> Batch {
    let request = ScanRequest {
        scope: &Scope::One(store.identity().root),
        kind: ScanKind::Queue,
        columns: &[QUEUE_STATE],
        cell_limit: 0,
        filters: &[],
        order: &[],
        from: ScanFrom::Start,
        backwards: false,
        max: 10_000,
    };
    store.scan(&request).unwrap().batch
}

/// Lets the time of every claim be over, as it would be two minutes after the death of its owner.
fn end_claims(data: &Data) {
    for path in store_files(&data.path()) {
        let store = SqliteStore::open(&path, Access::Write).unwrap();
        let changes = queue_of(&store).ids.into_iter().map(|object| Change::Set {
            object,
            expected: Expected::Exists,
            set: Vec::new(),
            delete: vec![QUEUE_STATE],
            quiet: false,
        });
        store.commit(Commit { changes: changes.collect(), ..Commit::default() }).unwrap();
    }
}

#[test]
fn the_queue_is_shown_sent_and_taken_back() {
    let data = correspondents();
    let messages = [("one", "you@example.org"), ("two", "nobody@elsewhere.example"), ("three", "you@example.org")];
    submit(&data, messages.into_iter().map(|(subject, to)| (subject.to_owned(), to)));
    let me = |arguments: &[&str]| data.run([&["--profile", "Me", "--json"], arguments].concat()).succeeds().json();
    let queue = me(&["queue"]);
    assert_eq!(queue.iter().map(|row| row["subject"].as_str().unwrap()).collect::<Vec<_>>(), ["one", "two", "three"]);
    assert!(queue.iter().all(|row| row["state"] == "queued" && row["entry_id"].is_string()), "{queue:?}");
    me(&["queue", "abort", "2"]);
    data.run(["--profile", "Me", "queue", "abort", "7"]).refuses(&["no message 7", "mapi queue"]);
    data.run(["--profile", "Me", "queue", "abort", "x"]).refuses(&["neither a place"]);
    assert!(data.run(["--profile", "Me", "queue"]).succeeds().stdout.contains("STATE"));
    assert_eq!(me(&["spool"])[0]["waiting"], 0);
    let column = |profile: &str, folder: &str| -> Vec<String> {
        let rows = data.run(["--profile", profile, "--json", "table", folder, "--columns", "subject"]).succeeds().json();
        rows.iter().map(|row| row["PR_SUBJECT"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(column("Me", "Inbox"), ["Undeliverable: two"], "no transport takes that domain");
    data.run(["--profile", "You", "spool", "--once"]).succeeds();
    assert_eq!(column("You", "Inbox"), ["one"]);
    assert_eq!(column("Me", "Outbox").len(), 3, "without a folder for sent mail a message stays");
}

/// Whether fewer than so many messages are in the queue, and one of them is being sent.
fn sends_after(store: &SqliteStore, before: usize) -> bool {
    let queue = queue_of(store);
    queue.len() < before && (0..queue.len()).any(|row| queue.columns[0].value(row).is_some())
}

/// `SPOOL_KILLS` says how often. One in five kills strikes at a time, perhaps while the process starts; the others
/// when some messages have left the queue and one is being sent, or a little later.
#[test]
fn a_spooler_killed_at_any_moment_loses_nothing_and_repeats_at_most_what_it_was_sending() {
    const EACH: u64 = 10;
    let kills: u64 = std::env::var("SPOOL_KILLS").ok().map_or(4, |kills| kills.parse().unwrap());
    let data = correspondents();
    let count = usize::try_from(kills * EACH).unwrap();
    submit(&data, (0..count).map(|number| (format!("message {number}"), "you@example.org")));
    let mut stores = store_files(&data.path()).into_iter().map(|path| SqliteStore::open(&path, Access::Write).unwrap());
    let store = stores.find(|store| !queue_of(store).is_empty()).expect("messages are queued");
    let shown = || data.run(["--profile", "Me", "--json", "queue"]).succeeds().json();
    let mut moments = Moments::new();
    let mut left = Vec::new();
    // How often each message was being sent when its spooler died.
    let mut cut_off: BTreeMap<String, usize> = BTreeMap::new();
    for kill in 0..kills {
        let mut spooler = command(&data.path())
            .args(["--profile", "Me", "spool", "--follow"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if kill % 5 == 4 {
            std::thread::sleep(moments.next_below(Duration::from_millis(500)));
        } else {
            let sent = usize::try_from(moments.number_below(EACH - 2)).unwrap();
            let before = queue_of(&store).len() - sent;
            assert!(wait_until(&mut spooler, || sends_after(&store, before)), "the spooler ended by itself");
            std::thread::sleep(moments.next_below(Duration::from_millis(if kill % 5 < 2 { 1 } else { 30 })));
        }
        spooler.kill().unwrap();
        spooler.wait().unwrap();
        let rows = shown();
        let sending: Vec<_> = rows.iter().filter(|row| row["state"] == "sending").collect();
        assert!(sending.len() <= 1, "one message is sent at a time: {sending:?}");
        assert!(rows.iter().all(|row| row["state"] == "sending" || row["state"] == "queued"), "{rows:?}");
        for row in sending {
            *cut_off.entry(row["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        // What was cut off is to be tried again, as the queue shows.
        end_claims(&data);
        let again = shown();
        assert_eq!(again.len(), rows.len(), "nothing has left the queue meanwhile");
        assert!(again.iter().all(|row| row["state"] == "queued"), "{again:?}");
        left.push(again.len());
    }
    println!("in the queue after each kill: {left:?}");
    data.run(["--profile", "Me", "spool"]).succeeds();
    assert_eq!(shown().len(), 0);
    data.run(["--profile", "You", "spool"]).succeeds();
    let columns = "subject,PR_INTERNET_MESSAGE_ID";
    let rows = data.run(["--profile", "You", "--json", "table", "Inbox", "--columns", columns, "-n", "100000"]).succeeds().json();
    let mut received: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        received.entry(text("PR_SUBJECT")).or_default().push(text("PR_INTERNET_MESSAGE_ID"));
    }
    assert_eq!(received.len(), count, "every message arrived");
    let mut repeats = 0;
    for (subject, ids) in &received {
        assert!(ids.iter().all(|id| *id == ids[0]), "{subject} has several identifiers: {ids:?}");
        let repeated = ids.len() - 1;
        let allowed = cut_off.get(subject).copied().unwrap_or_default();
        assert!(repeated <= allowed, "{subject} came {repeated} times too often and was cut off {allowed} times");
        repeats += repeated;
    }
    let struck: usize = cut_off.values().sum();
    println!("{kills} kills, {struck} while a message was being sent; {repeats} repeats");
    assert!(struck > 0 || kills < 20, "the moments miss the sending");
}

#[test]
fn the_queues_are_flushed_and_the_state_checked_on_demand() {
    let data = correspondents();
    submit(&data, std::iter::once(("Plan".to_owned(), "you@example.org")));
    data.run(["--profile", "Me", "status", "flush", "--upload"]).succeeds();
    let rows = data.run(["--json", "--profile", "You", "status", "flush", "--download"]).succeeds().json();
    assert!(rows.iter().any(|row| row["PR_RESOURCE_TYPE"] == 36 && row["PR_STATUS_STRING"] == "Available"), "{rows:?}");
    let rows = data.run(["--json", "--profile", "You", "table", "Inbox", "--columns", "subject"]).succeeds().json();
    assert_eq!(rows.len(), 1, "{rows:?}");
    data.run(["--profile", "You", "status", "validate"]).succeeds();
    data.run(["--profile", "You", "status", "validate", "nobody"]).refuses(&["\"nobody\""]);
}
