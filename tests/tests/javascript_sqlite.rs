//! The store backend in JavaScript on SQLite (`host/js/sqlite`): on the files of the Rust host, at the same time as the
//! Rust host. That it keeps every promise of a backend is a test of the package (`host/js/test/kit.test.mjs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::backend::{AddressBook, Change, Commit, ObjectKind, Objects, ScanKind, Scope, Store};
use mapi_session::backends::address_book::SqliteAddressBook;
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{FL_IGNORECASE, FL_SUBSTRING, Relop, Restriction};
use mapi_session::tables::{SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, ImportOptions, Limits, MessageOptions, MessageStore, Object, Opened,
    OpenedProperty, PropertyInterface, Session, SharedStore, Subsystem, Table, Threading, flags,
};
use mapi_tests::clients;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Node, where the packages of `host/js` are installed; where they are not the test is skipped, loudly, and in CI it
/// fails.
fn node() -> Option<Command> {
    let packages = root().join("host/js/node_modules");
    for package in [".bin/jco", "better-sqlite3/build/Release/better_sqlite3.node", ".bin/tsc"] {
        if !packages.join(package).exists() {
            assert!(std::env::var_os("CI").is_none(), "{package} is not there; run `cargo xtask test`");
            eprintln!("SKIPPED: {package} is not there; run `cargo xtask test`");
            return None;
        }
    }
    Some(Command::new("node"))
}

fn sources() -> PathBuf {
    root().join("host/js/sqlite")
}

fn script(name: &str) -> Command {
    let mut command = node().unwrap();
    command.arg(sources().join("tests").join(name));
    command
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
    out.into_owned()
}

/// What `open.mjs` says of a store or an address book.
fn opened(kind: &str, path: &Path) -> Json {
    serde_json::from_str(&succeeds(script("open.mjs").arg(kind).arg(path))).unwrap()
}

#[test]
fn an_address_book_of_either_host_is_one_of_the_other_and_no_message_store() {
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs, mail] = ["rust", "js", "mail"].map(|name| folder.path().join(name));
    let seen = |book: &SqliteAddressBook| {
        let identity = book.identity();
        let uid: String = identity.uid.0.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "uid": uid, "containers": book.count(&Scope::One(identity.root), ScanKind::Subfolders, &[]).unwrap() })
    };
    let book = SqliteAddressBook::open(&ours, Access::Create).unwrap();
    assert_eq!(opened("address-book", &ours), seen(&book));
    let made = opened("address-book", &theirs);
    assert_eq!(made, seen(&SqliteAddressBook::open(&theirs, Access::Write).unwrap()));
    assert_eq!(made["containers"], 1);
    in_node(&mail, &[json!({ "step": "import", "folder": "Archive", "messages": messages(0..1) })]);
    assert_eq!(opened("address-book", &mail), json!({ "failed": "mapi-e-corrupt-store" }));
}

#[test]
fn its_own_tests_pass() {
    let Some(mut node) = node() else { return };
    succeeds(node.arg("--test").arg(sources().join("tests")));
}

#[test]
fn its_types_fit() {
    let Some(mut node) = node() else { return };
    succeeds(node.arg(root().join("host/js/node_modules/typescript/bin/tsc")).arg("-p").arg(sources()));
}

/// A file made by one host is a file of the other: the same tables, columns and indexes.
#[test]
fn a_new_file_is_laid_out_as_one_of_the_rust_host() {
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("rust.mapi"), folder.path().join("js.mapi"));
    drop(SqliteStore::open(&ours, Access::Create).unwrap());
    opened("store", &theirs);
    let layout = |path: &Path| succeeds(script("layout.mjs").arg(path));
    assert_eq!(layout(&theirs), layout(&ours));
}

/// The component, transpiled once for all tests.
fn transpiled() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let wasm = folder.path().join("session.wasm");
            std::fs::write(&wasm, mapi_session::COMPONENT).unwrap();
            let mut jco = Command::new(root().join("host/js/node_modules/.bin/jco"));
            jco.arg("transpile").arg(&wasm).args(["--instantiation", "async", "--no-typescript", "--name", "session", "--quiet"]);
            succeeds(jco.arg("--out-dir").arg(folder.path()));
            std::fs::write(folder.path().join("package.json"), "{\"type\": \"module\"}").unwrap();
            folder
        })
        .path()
}

/// Has Node carry out steps in a session over that file; what each saw.
fn in_node(path: &Path, steps: &[Json]) -> Vec<Json> {
    let mut child = script("run.mjs").arg(transpiled()).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!(steps).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{steps:?}");
    let seen: Vec<Json> = output.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!(seen.len(), steps.len());
    seen
}

/// A session of the Rust host over that file.
struct Rust {
    _subsystem: Subsystem,
    _session: Session,
    store: MessageStore,
    top: Folder,
}

impl Rust {
    async fn open(path: &Path) -> Self {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        let engine = Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(1)).unwrap();
        let path = path.to_owned();
        let backends = Backends::memory().with_store("memory", Threading::Blocking, move |_, _| {
            Ok(Opened::<SharedStore>::new(Arc::new(SqliteStore::open(&path, Access::Create)?)))
        });
        let (subsystem, session) = clients::session(&engine, &backends, Limits::default(), &["Mail"]).await;
        let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
        stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.unwrap();
        let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await.unwrap();
        let store =
            session.open_msg_store(&binary(&rows[0][0]), flags::OpenMsgStoreFlags::MDB_WRITE, None).await.unwrap().value.object;
        let properties = store.properties().await.unwrap();
        let subtree = properties.get_props(Some(&[tags::IPM_SUBTREE_ENTRYID]), flags::GetPropsFlags::empty()).await.unwrap();
        let opened =
            store.open_entry(Some(&binary(&subtree.value[0])), flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.unwrap();
        let Object::Folder(top) = opened.object else { panic!("the subtree is no folder") };
        Self { _subsystem: subsystem, _session: session, store, top }
    }

    async fn folder(&self, name: &str) -> Folder {
        let how = flags::CreateFolderFlags::OPEN_IF_EXISTS | flags::CreateFolderFlags::MAPI_UNICODE;
        self.top.create_folder(FolderType::Generic, name, None, how).await.unwrap()
    }

    async fn import(&self, folder: &str, messages: &[String]) {
        let import = self.folder(folder).await.import_messages(ImportOptions::default()).await.unwrap();
        for message in messages {
            import.begin(MessageOptions::default()).await.unwrap();
            import.write(message.as_bytes().to_vec()).await.unwrap();
            import.finish().await.unwrap();
        }
        import.flush().await.unwrap();
    }

    /// A contents table as a step of `run.mjs` wants it.
    async fn table(&self, step: &Json, columns: &[PropTag]) -> Table {
        let folder = self.folder(step["folder"].as_str().unwrap()).await;
        let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
        table.set_columns(columns, flags::SetColumnsFlags::empty()).await.unwrap();
        let text = |test: &Json| {
            let tag = tag(&test[0]);
            (tag, Property::new(tag, Value::Unicode(test[1].as_str().unwrap().to_owned())))
        };
        let restriction = match (&step["contains"], &step["equals"]) {
            (Json::Null, Json::Null) => None,
            (Json::Null, test) => Some(text(test)).map(|(tag, value)| Restriction::Property { relop: Relop::Eq, tag, value }),
            (test, _) => {
                Some(text(test)).map(|(tag, value)| Restriction::Content { fuzzy: FL_SUBSTRING | FL_IGNORECASE, tag, value })
            }
        };
        table.restrict(restriction.as_ref(), flags::RestrictFlags::empty()).await.unwrap();
        let key = |key: &Json| {
            if key[1] == "descend" { SortOrder::descending(tag(&key[0])) } else { SortOrder::ascending(tag(&key[0])) }
        };
        if let Some(keys) = step["sort"].as_array() {
            let categories = u32::try_from(step["categories"].as_u64().unwrap_or_default()).unwrap();
            let order = SortOrderSet { keys: keys.iter().map(key).collect(), categories, expanded: categories };
            table.sort_table(order, flags::SortTableFlags::empty()).await.unwrap();
        }
        table
    }

    /// What Node answers to the same step.
    async fn rows(&self, step: &Json) -> Json {
        let columns: Vec<PropTag> = step["columns"].as_array().unwrap().iter().map(tag).collect();
        let table = self.table(step, &columns).await;
        let count = table.get_row_count().await.unwrap().value;
        let rows = table.query_all_rows(10_000).await.unwrap();
        let cells = |row: &Vec<Property>| row.iter().map(|cell| plain(&cell.value)).collect::<Json>();
        json!({ "count": count, "rows": rows.iter().map(cells).collect::<Json>() })
    }

    async fn identifiers(&self, step: &Json) -> Vec<Vec<u8>> {
        let rows = self.table(step, &[tags::ENTRYID]).await.query_all_rows(10_000).await.unwrap();
        rows.iter().map(|row| binary(&row[0])).collect()
    }

    async fn attachment(&self, step: &Json) -> Json {
        let message = self.identifiers(step).await.remove(0);
        let opened = self.store.open_entry(Some(&message), flags::StoreOpenEntryFlags::empty(), None).await.unwrap();
        let Object::Message(message) = opened.object else { panic!("no message") };
        let attachment = message.open_attach(0, flags::OpenAttachFlags::empty(), None).await.unwrap().object;
        let properties = attachment.properties().await.unwrap();
        let options = flags::OpenPropertyOptions::empty();
        let how = flags::OpenPropertyFlags::empty();
        let opened = properties.open_property(tags::ATTACH_DATA_BIN, PropertyInterface::DataStream, options, how).await.unwrap();
        let OpenedProperty::DataStream(stream) = opened else { panic!("no stream") };
        let (mut hash, mut size) = (Sha256::new(), 0);
        loop {
            let part = stream.read(1 << 16).await.unwrap();
            if part.is_empty() {
                let sha256: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                return json!({ "size": size, "sha256": sha256 });
            }
            size += part.len();
            hash.update(&part);
        }
    }
}

fn binary(property: &Property) -> Vec<u8> {
    let Value::Binary(bytes) = &property.value else { panic!("no bytes: {property:?}") };
    bytes.clone()
}

fn tag(json: &Json) -> PropTag {
    PropTag(u32::try_from(json.as_u64().unwrap()).unwrap())
}

/// A cell as `run.mjs` prints it.
fn plain(value: &Value) -> Json {
    match value {
        Value::Error(_) => Json::Null,
        Value::Long(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
        Value::Unicode(text) => json!(text),
        Value::SysTime(time) => json!(time.0.to_string()),
        Value::Binary(bytes) => json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        other => panic!("a cell of another type: {other:?}"),
    }
}

/// Enough messages for orders to be kept and texts to become segments, some with long texts.
fn messages(numbers: std::ops::Range<usize>) -> Vec<String> {
    let one = |number: usize| {
        let long = "A sentence that stands there again and again. ".repeat(if number.is_multiple_of(3) { 60 } else { 1 });
        let needle = if number.is_multiple_of(40) { "A needle is here." } else { "" };
        format!(
            "From: Ada {} <ada{}@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: {} {}\r\nDate: Tue, 02 Jan 2024 {:02}:{:02}:00 +0000\r\n\
             Message-ID: <{number}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{long}{number}. {needle}\r\n",
            number % 7,
            number % 7,
            if number.is_multiple_of(2) { "=?utf-8?q?=C3=84pfel?=" } else { "birnen" },
            number * 7919 % 1000,
            number / 60 % 24,
            number % 60,
        )
    };
    numbers.map(one).collect()
}

/// Tables that together use arrival, kept orders, absent values, text searches, equalities, several keys and categories.
fn questions() -> Vec<Json> {
    let (subject, received, from, body) = (0x0037_001F, 0x0E06_0040, 0x0042_001F, 0x1000_001F);
    let columns = [subject, received, 0x0E07_0003, 0x0E08_0003, 0x0E04_001F];
    let ask = |folder: &str, more: Json| {
        let mut step = json!({ "step": "rows", "folder": folder, "columns": columns });
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    vec![
        ask("Archive", json!({})),
        ask("Archive", json!({ "sort": [[received, "descend"]] })),
        ask("Archive", json!({ "sort": [[subject, "ascend"]] })),
        ask("Archive", json!({ "contains": [body, "NEEDLE"], "sort": [[subject, "descend"]] })),
        ask("Archive", json!({ "contains": [subject, "\u{e4}pf"] })),
        ask("Archive", json!({ "equals": [from, "ada 3"], "sort": [[from, "ascend"], [received, "descend"]] })),
        ask("Archive", json!({ "sort": [[from, "ascend"], [subject, "descend"]], "categories": 1 })),
        ask("Copies", json!({ "sort": [[received, "ascend"]] })),
        ask("Copies", json!({ "contains": [body, "needle"] })),
        ask("Moved", json!({ "sort": [[0x1035_001F, "ascend"]] })),
    ]
}

/// Both hosts answer the questions alike; the answers.
async fn both_agree(rust: &Rust, path: &Path) -> Vec<Json> {
    let questions = questions();
    let seen = in_node(path, &questions);
    for (question, seen) in questions.iter().zip(&seen) {
        assert_eq!(*seen, rust.rows(question).await, "{question}");
    }
    seen
}

fn counts(answers: &[Json]) -> Vec<i64> {
    answers.iter().map(|answer| answer["count"].as_i64().unwrap()).collect()
}

fn sound(path: &Path) {
    let store = SqliteStore::open(path, Access::Write).unwrap();
    assert_eq!(store.check(false).unwrap().findings, []);
    assert_eq!(in_node(path, &[json!({ "step": "check" })]), [json!([])]);
}

#[tokio::test]
async fn a_file_of_the_rust_host_is_read_and_written_in_javascript_while_it_is_open() {
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let rust = Rust::open(&path).await;
    rust.import("Archive", &messages(0..320)).await;
    let answers = both_agree(&rust, &path).await;
    assert_eq!(counts(&answers), [320, 320, 320, 8, 160, 46, 327, 0, 0, 0]);
    let open = rust.table(&json!({ "folder": "Archive" }), &[tags::SUBJECT]).await;
    assert_eq!(open.get_row_count().await.unwrap().value, 320);

    let needle = json!([0x1000_001F, "needle"]);
    let seen = in_node(
        &path,
        &[
            json!({ "step": "import", "folder": "Archive", "messages": messages(320..400) }),
            json!({ "step": "copy", "folder": "Archive", "to": "Copies", "contains": needle }),
            json!({ "step": "move", "folder": "Archive", "to": "Moved", "equals": [0x0042_001F, "Ada 1"] }),
            json!({ "step": "delete", "folder": "Archive", "contains": [0x0037_001F, "birnen"], "hard": false }),
            json!({ "step": "delete", "folder": "Archive", "equals": [0x0042_001F, "Ada 2"], "hard": true }),
            json!({ "step": "mark", "folder": "Copies" }),
            json!({ "step": "attach", "folder": "Copies", "subject": "large", "parts": 70 }),
        ],
    );
    assert_eq!(seen.len(), 7);
    sound(&path);
    assert_eq!(counts(&both_agree(&rust, &path).await), [143, 143, 143, 8, 143, 28, 148, 11, 10, 57]);
    assert_eq!(open.get_row_count().await.unwrap().value, 143, "a table that is open follows the feed of the other process");
    let large = json!({ "step": "attachment", "folder": "Copies", "equals": [0x0037_001F, "large"] });
    let attachment = rust.attachment(&large).await;
    assert_eq!(attachment["size"], 70 << 16);
    assert_eq!(in_node(&path, &[large]), [attachment]);

    rust.import("Archive", &messages(400..440)).await;
    let read = rust.identifiers(&json!({ "folder": "Moved" })).await;
    rust.folder("Moved").await.set_read_flags(Some(&read), flags::SetReadFlagsFlags::empty()).await.unwrap();
    let gone = rust.identifiers(&json!({ "folder": "Copies", "contains": needle })).await;
    rust.folder("Copies").await.delete_messages(&gone, flags::DeleteMessagesFlags::DELETE_HARD_DELETE).await.unwrap();
    assert_eq!(counts(&both_agree(&rust, &path).await), [183, 183, 183, 9, 163, 34, 190, 1, 0, 57]);
    sound(&path);
}

#[tokio::test]
async fn a_file_made_in_javascript_is_one_of_the_rust_host() {
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    in_node(&path, &[json!({ "step": "import", "folder": "Archive", "messages": messages(0..320) })]);
    let rust = Rust::open(&path).await;
    assert_eq!(counts(&both_agree(&rust, &path).await), [320, 320, 320, 8, 160, 46, 327, 0, 0, 0]);
    sound(&path);
    let store = SqliteStore::open(&path, Access::Write).unwrap();
    store.compact().unwrap();
    assert_eq!(counts(&both_agree(&rust, &path).await), [320, 320, 320, 8, 160, 46, 327, 0, 0, 0]);
}

fn messages_below_the_root(store: &SqliteStore) -> u64 {
    store.count(&Scope::One(store.identity().root), ScanKind::Contents, &[]).unwrap()
}

#[test]
fn both_hosts_commit_to_one_file_at_once_and_nothing_is_lost() {
    const COMMITS: u64 = 60;
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let store = SqliteStore::open(&path, Access::Create).unwrap();
    let cursor = store.feed_cursor().unwrap();
    let mut node = script("writer.mjs").arg(&path).arg(COMMITS.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    for _ in 0..COMMITS {
        let object = store.reserve(1).unwrap().remove(0);
        let create = Change::Create { object, parent: store.identity().root, kind: ObjectKind::Message, properties: vec![] };
        store.commit(Commit { changes: vec![create], ..Commit::default() }).unwrap();
    }
    assert!(node.wait().unwrap().success());
    assert_eq!(messages_below_the_root(&store), COMMITS * 11);
    let told = store.changes(&cursor, 10_000).unwrap();
    assert_eq!((told.records.len() as u64, told.gap, told.more), (COMMITS * 11, false, false));
    assert_eq!(store.check(false).unwrap().findings, []);
}

#[test]
fn a_node_process_killed_in_a_commit_leaves_the_old_or_the_new_state() {
    if node().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let store = SqliteStore::open(&path, Access::Create).unwrap();
    let mut reported = 0;
    for round in 0..6_u64 {
        let mut node = script("writer.mjs").arg(&path).arg("on").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
        reported += u64::from(lines.next().unwrap().is_ok());
        std::thread::sleep(std::time::Duration::from_millis(11 * round));
        node.kill().unwrap();
        node.wait().unwrap();
        reported += lines.count() as u64;
        let messages = messages_below_the_root(&store);
        assert!(messages.is_multiple_of(10) && messages >= 10 * reported, "{messages} messages, {reported} commits reported");
        assert_eq!(store.check(false).unwrap().findings, []);
    }
}
