//! `mapi spool` and `mapi queue`, and the spooler killed in the middle of its work.

use crate::running::{Data, command};
use mapi_session::backend::{Change, Commit, Expected, Objects, ScanFrom, ScanKind, ScanRequest, Scope, Store};
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

/// Lets the time of every claim be over, as it would be two minutes after the death of its owner.
fn end_claims(data: &Data) {
    for entry in std::fs::read_dir(data.path().join("stores")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() != Some("mapi".as_ref()) {
            continue;
        }
        let store = SqliteStore::open(&path, Access::Write).unwrap();
        let scope = Scope::One(store.identity().root);
        let request = ScanRequest {
            scope: &scope,
            kind: ScanKind::Queue,
            columns: &[],
            cell_limit: 0,
            filters: &[],
            order: &[],
            from: ScanFrom::Start,
            backwards: false,
            max: 10_000,
        };
        let queued = store.scan(&request).unwrap().batch.ids;
        let changes = queued.into_iter().map(|object| Change::Set {
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

/// Numbers that look random and are the same in every run.
fn dice(seed: &mut u64, sides: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % sides
}

/// `SPOOL_KILLS` says how often.
#[test]
fn a_spooler_killed_at_any_moment_loses_nothing_and_repeats_at_most_what_it_was_sending() {
    let kills: usize = std::env::var("SPOOL_KILLS").ok().map_or(4, |kills| kills.parse().unwrap());
    let data = correspondents();
    let count = kills * 10;
    submit(&data, (0..count).map(|number| (format!("message {number}"), "you@example.org")));
    let mut seed = 0x5EED;
    let mut left = Vec::new();
    for _ in 0..kills {
        let mut spooler = command(&data.path())
            .args(["--profile", "Me", "spool", "--follow"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 + dice(&mut seed, 500)));
        spooler.kill().unwrap();
        spooler.wait().unwrap();
        end_claims(&data);
        left.push(data.run(["--profile", "Me", "--json", "queue"]).succeeds().json().len());
    }
    println!("in the queue after each kill: {left:?}");
    data.run(["--profile", "Me", "spool"]).succeeds();
    assert_eq!(data.run(["--profile", "Me", "--json", "queue"]).succeeds().json().len(), 0);
    data.run(["--profile", "You", "spool"]).succeeds();
    let columns = "subject,PR_INTERNET_MESSAGE_ID";
    let rows = data.run(["--profile", "You", "--json", "table", "Inbox", "--columns", columns, "-n", "100000"]).succeeds().json();
    let mut received: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        received.entry(text("PR_SUBJECT")).or_default().push(text("PR_INTERNET_MESSAGE_ID"));
    }
    assert_eq!(received.len(), count, "every message arrived");
    let repeats: usize = received.values().map(|ids| ids.len() - 1).sum();
    println!("{repeats} repeats after {kills} kills");
    assert!(repeats <= kills, "{repeats} repeats after {kills} kills");
    for (subject, ids) in &received {
        assert!(ids.iter().all(|id| *id == ids[0]), "{subject} has several identifiers: {ids:?}");
    }
}
