//! The import `store-backend`.

use super::{
    Misdeed, Said, Steps, change_password, change_status, check_complete, check_told, child, create_profile, impatient, logon,
    open_folder, open_store, read_stream, shown, subsystem, text, try_all,
};
use mapi_engine::memory::{Faults, Faulty, MemoryStore, PushDown};
use mapi_session::backend::{NamedProperty, PropertyName};
use mapi_session::error::Result;
use mapi_session::properties::{Guid, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{
    Backends, Folder, FolderType, ImportOptions, Message, MessageOptions, MessageStore, Object, Opened, OpenedProperty,
    PropertyInterface, SharedStore, Subsystem, Table, Threading, flags,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The methods a client that does everything calls.
const METHODS: [&str; 26] = [
    "all_names",
    "append",
    "change_password",
    "changes",
    "commit",
    "container_tags",
    "count",
    "effects",
    "feed_cursor",
    "groups",
    "identity",
    "ids_of_names",
    "index_step",
    "list_tags",
    "names_of_ids",
    "open",
    "plan",
    "read",
    "read_range",
    "read_rows",
    "rekey",
    "reserve",
    "scan",
    "set_status_properties",
    "stage",
    "validate",
];

/// The methods it does not.
const UNTESTED: [(&str, &str); 7] = [
    ("backup", "no method of the exported world asks for it"),
    ("check", "no method of the exported world asks for it"),
    ("compact", "no method of the exported world asks for it"),
    ("discard", "it cannot fail; that it is called is tested in the engine, where a commit can be made to fail"),
    ("quota", "no method of the exported world asks for it"),
    ("rank", "it is only asked for a row whose place has changed; the random programs of tables make it fail"),
    ("settings_dialog", "it waits for a person, as long as the person takes"),
];

/// Methods that have no way to say that they failed.
const SILENT: [&str; 2] = ["effects", "identity"];

/// Messages there before anything goes wrong.
const KEPT: u32 = 6;

const MAILBOX: &str = "Mailbox";

/// A store with faults on command, and what is needed to reach it.
struct Bench {
    backends: Backends,
    faults: Arc<Faults>,
    store: Arc<MemoryStore>,
    said: Said,
}

impl Bench {
    /// A profile with a store that nobody has opened yet.
    async fn unopened() -> Self {
        let store = Arc::new(MemoryStore::new(Guid([7; 16]), "faulty"));
        let faulty = Arc::new(Faulty::new(Arc::clone(&store)));
        let faults = Arc::clone(&faulty.faults);
        let open = move |_: &_, _: Option<&[u8]>| {
            let provider: Arc<SharedStore> = faulty.clone();
            let status_row = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x5))];
            faulty.open(Opened { status_row, ..Opened::new(provider) })
        };
        let said = Said::default();
        let backends = said.listen(Backends::memory().with_store("memory", Threading::Blocking, open));
        create_profile(&subsystem(&backends).await, &[("mapi.store", "Mail")]).await;
        Self { backends, faults, store, said }
    }

    /// The store with a folder of mail in it.
    async fn new() -> Self {
        let bench = Self::unopened().await;
        let subsystem = subsystem(&bench.backends).await;
        let session = logon(&subsystem).await;
        let store = open_store(&session).await.unwrap();
        let root = open_folder(&store, None).await.unwrap();
        let kept = root.create_folder(FolderType::Generic, "Kept", None, flags::CreateFolderFlags::empty()).await.unwrap();
        import(&kept, 0..KEPT).await.unwrap();
        bench
    }

    /// Everything a client does with a store.
    async fn visit(&self, subsystem: &Subsystem) -> Steps {
        let mut steps = Steps::default();
        let session = logon(subsystem).await;
        let Some(store) = steps.take("open-msg-store", open_store(&session)).await else { return steps };
        steps.take("the store's properties", names(&store)).await;
        let Some(root) = steps.take("open-entry of the root", open_folder(&store, None)).await else { return steps };
        let new = root.create_folder(FolderType::Generic, "Kept", None, flags::CreateFolderFlags::OPEN_IF_EXISTS);
        steps.take("create-folder", new).await;
        if let Some(folder) = steps.take("open-entry of a folder", child(&store, &root, "Kept")).await {
            steps.take("import", import(&folder, KEPT..KEPT + 1)).await;
            steps.take("an attachment", attach(&folder, true)).await;
            steps.take("an attachment given up", attach(&folder, false)).await;
            for able in [PushDown::EXACT, PushDown::NONE] {
                self.store.set_push_down(able);
                contents(&mut steps, &store, &folder).await;
            }
            self.store.set_push_down(PushDown::EXACT);
        }
        steps.take("change-password", change_password(&session)).await;
        steps.take("the status object", change_status(&session)).await;
        steps.take("pump", subsystem.pump(Duration::from_millis(5))).await;
        steps
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

/// Writes an attachment through a stream, and saves it or gives it up.
async fn attach(folder: &Folder, save: bool) -> Result<()> {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await?;
    let (_, attachment) = message.create_attach(flags::CreateAttachFlags::empty()).await?;
    let properties = attachment.properties().await?;
    let (options, how) =
        (flags::OpenPropertyOptions::empty(), flags::OpenPropertyFlags::MAPI_MODIFY | flags::OpenPropertyFlags::MAPI_CREATE);
    let opened = properties.open_property(tags::ATTACH_DATA_BIN, PropertyInterface::DataStream, options, how).await?;
    let OpenedProperty::DataStream(stream) = opened else { panic!("no stream: {opened:?}") };
    for piece in 0..3 {
        stream.write(&vec![piece; 1 << 20]).await?;
    }
    stream.commit().await?;
    if !save {
        return Ok(());
    }
    properties.save_changes(flags::SaveChangesFlags::empty()).await?;
    message.properties().await?.save_changes(flags::SaveChangesFlags::empty()).await
}

async fn names(store: &MessageStore) -> Result<()> {
    let properties = store.properties().await?;
    properties.get_props(None, flags::GetPropsFlags::empty()).await?;
    properties.get_prop_list(flags::GetPropListFlags::empty()).await?;
    let name = NamedProperty { set: Guid([9; 16]), name: PropertyName::Text("fault".to_owned()) };
    let ids = properties.get_ids_from_names(Some(vec![name]), flags::GetIdsFromNamesFlags::MAPI_CREATE).await?.value;
    properties.get_names_from_ids(Some(&ids), None, flags::GetNamesFromIdsFlags::empty()).await?;
    properties.get_names_from_ids(None, None, flags::GetNamesFromIdsFlags::empty()).await.map(drop)
}

async fn contents(steps: &mut Steps, store: &MessageStore, folder: &Folder) {
    let contents = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE);
    let Some(table) = steps.take("get-contents-table", contents).await else { return };
    look_around(steps, &table).await;
    let first = async {
        let wanted = Property::new(tags::SUBJECT, text(&format!("Note {KEPT}")));
        let restriction = Restriction::Property { relop: Relop::Eq, tag: tags::SUBJECT, value: wanted };
        table.restrict(Some(&restriction), flags::RestrictFlags::empty()).await?;
        table.seek_row(Bookmark::BEGINNING, 0).await?;
        table.query_rows(1, flags::QueryRowsFlags::empty()).await
    };
    let Some(rows) = steps.take("restrict", first).await else { return };
    let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else { return };
    let opened = store.open_entry(Some(entry_id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None);
    let Some(opened) = steps.take("open-entry of a message", opened).await else { return };
    let Object::Message(message) = opened.object else { return };
    steps.take("the message's properties", read(&message)).await;
    let recipients = async {
        let recipients = message.get_recipient_table(flags::GetRecipientTableFlags::MAPI_UNICODE).await?;
        recipients.query_rows(10, flags::QueryRowsFlags::empty()).await.map(drop)
    };
    steps.take("get-recipient-table", recipients).await;
}

async fn look_around(steps: &mut Steps, table: &Table) {
    steps.take("query-columns", table.query_columns(flags::QueryColumnsFlags::TBL_ALL_COLUMNS)).await;
    steps.take("set-columns", table.set_columns(&[tags::ENTRYID, tags::SUBJECT], flags::SetColumnsFlags::empty())).await;
    let by_subject = SortOrderSet { categories: 1, ..SortOrderSet::plain(vec![SortOrder::ascending(tags::SUBJECT)]) };
    steps.take("sort-table with categories", table.sort_table(by_subject, flags::SortTableFlags::empty())).await;
    steps.take("query-rows of categories", table.query_rows(2, flags::QueryRowsFlags::empty())).await;
    let order = SortOrderSet::plain(vec![SortOrder::descending(tags::SUBJECT)]);
    steps.take("sort-table", table.sort_table(order, flags::SortTableFlags::empty())).await;
    steps.take("seek-row-approx", table.seek_row_approx(1, 2)).await;
    steps.take("query-position", table.query_position()).await;
    steps.take("get-row-count", table.get_row_count()).await;
    steps.take("seek-row", table.seek_row(Bookmark::BEGINNING, 1)).await;
    steps.take("query-rows", table.query_rows(2, flags::QueryRowsFlags::empty())).await;
    steps.take("query-position", table.query_position()).await;
}

async fn read(message: &Message) -> Result<()> {
    let properties = message.properties().await?;
    properties.get_props(None, flags::GetPropsFlags::empty()).await?;
    properties.get_prop_list(flags::GetPropListFlags::empty()).await?;
    read_stream(&properties, tags::BODY).await.map(drop)
}

/// What must hold of a session while and after a method of its store misbehaves.
async fn survives(method: &'static str, misdeed: Misdeed) {
    let case = format!("{method}: {misdeed:?}");
    // Keys are handed over once in the life of a store.
    let (bench, there) = if method == "rekey" { (Bench::unopened().await, 0) } else { (Bench::new().await, KEPT) };
    let client = impatient(&bench.backends, misdeed).await;
    misdeed.schedule(&bench.faults, method);
    let steps = bench.visit(&client).await;
    check_told(&case, MAILBOX, misdeed.is_told(method, &SILENT), &steps.0, &bench.said);
    // The session is there, whatever its store does.
    let session = logon(&client).await;
    session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    bench.faults.clear();
    if misdeed.is_forgiven() {
        // A client that goes on finds everything in order again.
        let steps = bench.visit(&client).await;
        assert!(steps.0.is_empty(), "{case}: afterwards {:?}", steps.0);
    }
    let other = subsystem(&bench.backends).await;
    let found = subjects(&other).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    let kept: BTreeSet<String> = (0..there).map(|number| format!("Note {number}")).collect();
    assert!(found.is_superset(&kept), "{case}: {found:?}");
}

/// The subjects of the mail that was there from the beginning, and of what came to it.
async fn subjects(subsystem: &Subsystem) -> Result<BTreeSet<String>> {
    let session = logon(subsystem).await;
    let store = open_store(&session).await?;
    let root = open_folder(&store, None).await?;
    let new = root.create_folder(FolderType::Generic, "Kept", None, flags::CreateFolderFlags::OPEN_IF_EXISTS).await?;
    shown(&new.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await?, tags::SUBJECT).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_of_the_store_import_is_tested_or_is_never_called() {
    let bench = Bench::unopened().await;
    let client = subsystem(&bench.backends).await;
    let steps = bench.visit(&client).await;
    assert!(steps.0.is_empty(), "{:?}", steps.0);
    check_complete("store-backend", &METHODS, &UNTESTED, &bench.faults.calls().into_iter().collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_misbehaves_is_named_and_costs_nothing_else() {
    try_all(&METHODS, survives).await;
}
