//! The import `address-book-backend`.

use super::{
    Misdeed, Said, Steps, change_password, change_status, check_complete, check_told, create_profile, impatient, logon,
    read_stream, shown, subsystem, text, try_all,
};
use mapi_engine::backend::{AddressBook as _, Change, Commit, ObjectKind, Objects};
use mapi_engine::memory::{Fault, Faults, Faulty, MemoryAddressBook, PushDown, Trigger};
use mapi_session::error::{Code, Failure, MapiError, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::tables::{Bookmark, SortOrder, SortOrderSet};
use mapi_session::{
    AddressBook, AddressBookContainer, Backends, NamedRecipient, Object, Opened, Properties, Session, SharedAddressBook,
    Subsystem, Table, Threading, flags,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The methods a client that does everything calls.
const METHODS: [&str; 22] = [
    "append",
    "change_password",
    "changes",
    "commit",
    "container_tags",
    "count",
    "discard",
    "effects",
    "feed_cursor",
    "identity",
    "list_tags",
    "open",
    "plan",
    "read",
    "read_range",
    "read_rows",
    "reserve",
    "resolve",
    "scan",
    "set_status_properties",
    "stage",
    "validate",
];

/// The methods it does not.
const UNTESTED: [(&str, &str); 2] = [
    ("rank", "it is only asked for a row whose place has changed; the random programs of tables make it fail"),
    ("settings_dialog", "it waits for a person, as long as the person takes"),
];

/// Methods that have no way to say that they failed.
const SILENT: [&str; 3] = ["discard", "effects", "identity"];

const BOOK: &str = "Personal Address Book";

/// Entries there before anything goes wrong.
const KEPT: [&str; 4] = ["Ann Lee", "Bob Lee", "Cy Moe", "Dee Moe"];

/// A value too long to be handed over with its entry.
const LONG: usize = 3 << 20;

struct Bench {
    backends: Backends,
    faults: Arc<Faults>,
    book: Arc<MemoryAddressBook>,
    said: Said,
}

impl Bench {
    async fn new() -> Self {
        let book = Arc::new(MemoryAddressBook::new(Guid([7; 16])));
        let properties = vec![
            Property::new(tags::DISPLAY_NAME, text("People")).into(),
            Property::new(tags::CONTAINER_FLAGS, Value::Long(0x5)).into(),
        ];
        let (object, parent) = (book.reserve(1).unwrap().remove(0), book.identity().root);
        let change = Change::Create { object, parent, kind: ObjectKind::Folder, properties };
        book.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        let faulty = Arc::new(Faulty::new(Arc::clone(&book)));
        let faults = Arc::clone(&faulty.faults);
        let open = move |_: &_| {
            let provider: Arc<SharedAddressBook> = faulty.clone();
            let status_row = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x5))];
            faulty.open(Opened { status_row, ..Opened::new(provider) })
        };
        let said = Said::default();
        let backends = said.listen(Backends::memory().with_address_book("memory-pab", Threading::Blocking, open));
        let first = subsystem(&backends).await;
        create_profile(&first, &[("mapi.pab", BOOK)]).await;
        let session = logon(&first).await;
        let people = open_people(&open_book(&session).await.unwrap()).await.unwrap().unwrap();
        for name in KEPT {
            add(&people, name, 0).await.unwrap();
        }
        Self { backends, faults, book, said }
    }

    /// Everything a client does with an address book.
    async fn visit(&self, subsystem: &Subsystem, number: u32) -> Steps {
        let mut steps = Steps::default();
        let session = logon(subsystem).await;
        let Some(book) = steps.take("open-address-book", open_book(&session)).await else { return steps };
        let people = steps.take("the container", open_people(&book)).await.flatten();
        // A book that could not be opened, or shows nothing, is missing from the root: the log says so.
        let Some(people) = people else { return steps };
        for able in [PushDown::EXACT, PushDown::NONE] {
            self.book.set_push_down(able);
            if let Some(table) = steps.take("get-contents-table", contents(&people)).await {
                look_around(&mut steps, &table).await;
            }
        }
        self.book.set_push_down(PushDown::EXACT);
        steps.take("create-entry", add(&people, &format!("New {number}"), LONG)).await;
        steps.take("resolve-names", resolve(&people)).await;
        if let Some(Some(entry)) = steps.take("an entry", find(&people, "Ann Lee")).await {
            steps.take("the entry's properties", read(&book, &entry)).await;
            steps.take("prepare-recips", prepare(&book, entry)).await;
        }
        if let Some(Some(entry)) = steps.take("an entry with a long value", find(&people, &format!("New {number}"))).await {
            steps.take("a long value", read_long(&book, &entry)).await;
        }
        steps.take("change-password", change_password(&session)).await;
        steps.take("the status object", change_status(&session)).await;
        steps
    }
}

async fn open_book(session: &Session) -> Result<AddressBook> {
    let opened = session.open_address_book(flags::OpenAddressBookFlags::AB_NO_DIALOG).await?;
    match opened.warning {
        None => Ok(opened.value),
        Some(warning) => Err(told(session.get_last_error(warning).await?)),
    }
}

/// Something is missing, and it is said whose fault that is.
fn told(error: Option<MapiError>) -> Failure {
    let error = error.expect("a warning is explained");
    // Of several providers, each in a line of its own.
    let name = error.error.split_once(": ").filter(|_| error.component == "MAPI").map_or(&*error.component, |(name, _)| name);
    Failure::new(Code::CallFailed, error.error.clone()).from_provider(name, Guid::default())
}

/// The container of the book, if the root shows it.
async fn open_people(book: &AddressBook) -> Result<Option<AddressBookContainer>> {
    let root = container(book, None).await?;
    let opened = root.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await?;
    if let Some(warning) = opened.warning {
        return Err(told(root.properties().await?.get_last_error(warning).await?));
    }
    let table = opened.value;
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else { return Ok(None) };
    container(book, Some(entry_id)).await.map(Some)
}

async fn container(book: &AddressBook, entry_id: Option<&[u8]>) -> Result<AddressBookContainer> {
    match book.open_entry(entry_id, flags::AddressBookOpenEntryFlags::MAPI_BEST_ACCESS, None).await?.object {
        Object::Container(container) => Ok(container),
        other => panic!("no container: {other:?}"),
    }
}

async fn contents(container: &AddressBookContainer) -> Result<Table> {
    container.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await
}

/// Makes an entry, with a comment of that length.
async fn add(container: &AddressBookContainer, name: &str, length: usize) -> Result<()> {
    let Object::MailUser(user) = container.create_entry(None, flags::CreateEntryFlags::empty()).await? else { panic!("no user") };
    let properties = user.properties().await?;
    let mut values = vec![
        Property::new(tags::DISPLAY_NAME, text(name)),
        Property::new(tags::ADDRTYPE, text("SMTP")),
        Property::new(tags::EMAIL_ADDRESS, text(&format!("{}@example.org", name.replace(' ', ".")))),
    ];
    if length > 0 {
        values.push(Property::new(tags::COMMENT, text(&"c".repeat(length))));
    }
    properties.set_props(values).await?;
    properties.save_changes(flags::SaveChangesFlags::empty()).await
}

/// The identifier of the entry of that name.
async fn find(container: &AddressBookContainer, name: &str) -> Result<Option<Vec<u8>>> {
    let table = contents(container).await?;
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let wanted = Property::new(tags::DISPLAY_NAME, text(name));
    let named = Restriction::Property { relop: Relop::Eq, tag: tags::DISPLAY_NAME, value: wanted };
    table.restrict(Some(&named), flags::RestrictFlags::empty()).await?;
    let rows = table.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    Ok(rows.first().and_then(|row| if let Value::Binary(entry) = &row[0].value { Some(entry.clone()) } else { None }))
}

async fn look_around(steps: &mut Steps, table: &Table) {
    steps.take("query-columns", table.query_columns(flags::QueryColumnsFlags::TBL_ALL_COLUMNS)).await;
    let columns = [tags::ENTRYID, tags::DISPLAY_NAME];
    steps.take("set-columns", table.set_columns(&columns, flags::SetColumnsFlags::empty())).await;
    let order = SortOrderSet::plain(vec![SortOrder::descending(tags::DISPLAY_NAME)]);
    steps.take("sort-table", table.sort_table(order, flags::SortTableFlags::empty())).await;
    steps.take("get-row-count", table.get_row_count()).await;
    steps.take("seek-row", table.seek_row(Bookmark::BEGINNING, 1)).await;
    steps.take("query-rows", table.query_rows(2, flags::QueryRowsFlags::empty())).await;
    steps.take("query-position", table.query_position()).await;
}

async fn resolve(container: &AddressBookContainer) -> Result<()> {
    let names = vec![NamedRecipient::named("Ann"), NamedRecipient::named("nobody")];
    container.resolve_names(None, flags::ResolveNamesFlags::MAPI_UNICODE, names).await.map(drop)
}

async fn open(book: &AddressBook, entry: &[u8]) -> Result<Properties> {
    match book.open_entry(Some(entry), flags::AddressBookOpenEntryFlags::empty(), None).await?.object {
        Object::MailUser(user) => user.properties().await,
        other => panic!("no user: {other:?}"),
    }
}

async fn read(book: &AddressBook, entry: &[u8]) -> Result<()> {
    let properties = open(book, entry).await?;
    properties.get_props(None, flags::GetPropsFlags::empty()).await?;
    properties.get_prop_list(flags::GetPropListFlags::empty()).await.map(drop)
}

async fn read_long(book: &AddressBook, entry: &[u8]) -> Result<()> {
    read_stream(&open(book, entry).await?, tags::COMMENT).await.map(drop)
}

async fn prepare(book: &AddressBook, entry: Vec<u8>) -> Result<()> {
    const WANTED: [PropTag; 2] = [tags::DISPLAY_NAME, tags::EMAIL_ADDRESS];
    let recipient = vec![Property::new(tags::ENTRYID, Value::Binary(entry))];
    book.prepare_recips(flags::PrepareRecipsFlags::empty(), Some(&WANTED), vec![recipient]).await.map(drop)
}

/// What must hold of a session while and after a method of its address book misbehaves.
async fn survives(method: &'static str, misdeed: Misdeed) {
    let case = format!("{method}: {misdeed:?}");
    let bench = Bench::new().await;
    let client = impatient(&bench.backends, misdeed).await;
    if method == "discard" {
        // Nothing else takes back what was handed over.
        let fault = Fault::Fail(Failure::new(Code::DiskError, "the disk is broken"));
        bench.faults.schedule(Some("commit"), Trigger::Nth(1), fault);
    }
    misdeed.schedule(&bench.faults, method);
    let steps = bench.visit(&client, 1).await;
    check_told(&case, BOOK, misdeed.is_told(method, &SILENT), &steps.0, &bench.said);
    // The session is there, whatever its address book does.
    let session = logon(&client).await;
    session.get_status_table(flags::GetStatusTableFlags::empty()).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    bench.faults.clear();
    if misdeed.is_forgiven() {
        // A client that goes on finds everything in order again.
        let steps = bench.visit(&client, 2).await;
        assert!(steps.0.is_empty(), "{case}: afterwards {:?}", steps.0);
    }
    let other = subsystem(&bench.backends).await;
    let session = logon(&other).await;
    let book = open_book(&session).await.unwrap();
    let people = open_people(&book).await.unwrap().unwrap_or_else(|| panic!("{case}: no container is left"));
    let found = shown(&contents(&people).await.unwrap(), tags::DISPLAY_NAME).await.unwrap();
    let kept: BTreeSet<String> = KEPT.map(str::to_owned).into();
    assert!(found.is_superset(&kept), "{case}: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_of_the_address_book_import_is_tested_or_is_never_called() {
    let bench = Bench::new().await;
    let client = subsystem(&bench.backends).await;
    let steps = bench.visit(&client, 1).await;
    assert!(steps.0.is_empty(), "{:?}", steps.0);
    bench.faults.schedule(Some("commit"), Trigger::Nth(1), Fault::Fail(Failure::new(Code::DiskError, "the disk is broken")));
    let steps = bench.visit(&client, 2).await;
    assert_eq!(steps.0.len(), 1, "{:?}", steps.0);
    check_complete("address-book-backend", &METHODS, &UNTESTED, &bench.faults.calls().into_iter().collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_book_that_misbehaves_is_named_and_costs_nothing_else() {
    try_all(&METHODS, survives).await;
}
