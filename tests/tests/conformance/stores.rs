//! GetMsgStoresTable, OpenMsgStore and OpenAddressBook (`session` 6.2 to 6.4).

use crate::bench::{Bench, column, list, open_store, root, shown, status_table, store_ids, store_table, text, value};
use crate::raw;
use crate::table::{Rows, code, warned};
use mapi_engine::entry_id::WrappedStoreId;
use mapi_engine::error::Code;
use mapi_engine::properties::interface::{IID_IMAPIFOLDER, IID_IMAPIPROP, IID_IMSGSTORE, IID_IUNKNOWN};
use mapi_session::flags::{self, OpenMsgStoreFlags};
use mapi_session::properties::{Property, Value, tags};
use mapi_session::{FolderType, Session};
use mapi_tests::configured_provider::{FAILS_WITH, STORE};

const WRITE: OpenMsgStoreFlags = OpenMsgStoreFlags::MDB_WRITE;
fn read() -> OpenMsgStoreFlags {
    OpenMsgStoreFlags::empty()
}


/// Makes an identifier of that of a store.
type Make = fn(&[u8]) -> Vec<u8>;

async fn cell(bench: Bench, services: &'static [&'static str], tag: mapi_session::properties::PropTag) -> String {
    let session = bench.session(services).await;
    list(&column(&store_table(&session).await, tag).await)
}

async fn open(session: &Session, id: &[u8], how: OpenMsgStoreFlags) -> Code {
    warned(session.open_msg_store(id, how, None).await)
}

/// Rows of stores in the status table.
async fn store_rows(session: &Session) -> usize {
    let types = column(&status_table(session).await, tags::RESOURCE_TYPE).await;
    types.iter().filter(|kind| **kind == Value::Long(33)).count()
}

pub(super) fn rows(rows: &mut Rows) {
    table(rows);
    rows.of("session 6.3", "IMAPISession::OpenMsgStore");
    let every = [
        ("no flag", read()),
        ("MDB_NO_DIALOG", OpenMsgStoreFlags::MDB_NO_DIALOG),
        ("MDB_WRITE", WRITE),
        ("MAPI_DEFERRED_ERRORS", OpenMsgStoreFlags::MAPI_DEFERRED_ERRORS),
        ("MAPI_BEST_ACCESS", OpenMsgStoreFlags::MAPI_BEST_ACCESS),
        ("MDB_TEMPORARY", OpenMsgStoreFlags::MDB_TEMPORARY),
        ("MDB_NO_MAIL", OpenMsgStoreFlags::MDB_NO_MAIL),
        ("MDB_ONLINE", OpenMsgStoreFlags::MDB_ONLINE),
        ("all defined flags", OpenMsgStoreFlags::all()),
    ];
    for (name, how) in every {
        rows.row(name, Code::SOk, move |b| async move { code(open_store(&b.session(&["store"]).await, 0, how).await) });
        let writes = how.contains(WRITE) || how.contains(OpenMsgStoreFlags::MAPI_BEST_ACCESS);
        rows.row(format!("{name}: PR_ACCESS_LEVEL"), if writes { "0x1" } else { "0x0" }, move |b| async move {
            let store = open_store(&b.session(&["store"]).await, 0, how).await.unwrap();
            shown(&value(&store.properties().await.unwrap(), tags::ACCESS_LEVEL).await)
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let id = raw::store_id(&session);
        raw::undefined(0x1BD, |flags| code(session.open_msg_store(0, &id, None, flags)))
    });
    for (name, iid) in [("IMsgStore", IID_IMSGSTORE), ("IUnknown", IID_IUNKNOWN), ("IMAPIProp", IID_IMAPIPROP)] {
        rows.raw(format!("interface {name}"), Code::SOk, move || {
            let (_subsystem, session) = raw::session();
            let id = raw::store_id(&session);
            code(session.open_msg_store(0, &id, Some(iid), 0))
        });
    }
    rows.raw("another interface", Code::InterfaceNotSupported, || {
        let (_subsystem, session) = raw::session();
        let id = raw::store_id(&session);
        code(session.open_msg_store(0, &id, Some(IID_IMAPIFOLDER), 0))
    });
    rows.raw("another interface and an undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let id = raw::store_id(&session);
        code(session.open_msg_store(0, &id, Some(IID_IMAPIFOLDER), 2))
    });
    rows.raw("no identifier and an undefined flag", Code::InvalidParameter, || {
        code(raw::session().1.open_msg_store(0, &[], None, 2))
    });
    identifiers(rows);
    access(rows);
    twice(rows);
    books(rows);
}

fn table(rows: &mut Rows) {
    rows.of("session 6.2", "IMAPISession::GetMsgStoresTable");
    rows.row("a profile without services", "0 rows", |b| async move {
        let table = store_table(&b.session(&[]).await).await;
        format!("{} rows", table.get_row_count().await.unwrap().value)
    });
    for (name, how) in [
        ("no flag: PR_DISPLAY_NAME is 8-bit", flags::GetMsgStoresTableFlags::empty()),
        ("MAPI_UNICODE: PR_DISPLAY_NAME is Unicode", flags::GetMsgStoresTableFlags::MAPI_UNICODE),
    ] {
        let expected = if how == flags::GetMsgStoresTableFlags::empty() { "001E" } else { "001F" };
        rows.row(name, expected, move |b| async move {
            let table = b.session(&["store"]).await.get_msg_stores_table(how).await.unwrap();
            let columns = table.query_columns(flags::QueryColumnsFlags::empty()).await.unwrap();
            let name = columns.iter().find(|tag| tag.id() == tags::DISPLAY_NAME.id()).unwrap();
            format!("{:04X}", name.0 & 0xFFFF)
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(raw::UNICODE, |flags| code(session.get_msg_stores_table(flags)))
    });
    let two: &[&str] = &["store", "fixed", "book", "wire"];
    rows.row("PR_DISPLAY_NAME, open or not, in profile order", "store, fixed", |b| cell(b, two, tags::DISPLAY_NAME));
    rows.row("PR_DEFAULT_STORE: one at most", "true, false", |b| cell(b, two, tags::DEFAULT_STORE));
    rows.row("PR_OBJECT_TYPE", "0x1, 0x1", |b| cell(b, two, tags::OBJECT_TYPE));
    rows.row("PR_RESOURCE_TYPE", "0x21, 0x21", |b| cell(b, two, tags::RESOURCE_TYPE));
    rows.row("PR_RESOURCE_FLAGS", "0x2, 0x0", |b| cell(b, two, tags::RESOURCE_FLAGS));
    rows.row("PR_PROVIDER_DISPLAY", "store, fixed", |b| cell(b, two, tags::PROVIDER_DISPLAY));
    rows.row("PR_INSTANCE_KEY", "16 bytes, 16 bytes", |b| cell(b, two, tags::INSTANCE_KEY));
    rows.row("PR_PROVIDER_UID", "16 bytes, 16 bytes", |b| cell(b, two, tags::PROVIDER_UID));
    rows.row("PR_SERVICE_NAME", "store, fixed", |b| cell(b, two, tags::SERVICE_NAME));
    rows.row("PR_COMMENT, which no section has", "MAPI_E_NOT_FOUND, MAPI_E_NOT_FOUND", |b| cell(b, two, tags::COMMENT));
    rows.row("PR_INSTANCE_KEY is the key of the section", "true", |b| async move {
        let session = b.session(&["store"]).await;
        let table = store_table(&session).await;
        (column(&table, tags::INSTANCE_KEY).await == column(&table, tags::PROVIDER_UID).await).to_string()
    });
    rows.row("PR_ENTRYID is accepted by OpenMsgStore and OpenEntry", "S_OK, S_OK", |b| async move {
        let session = b.session(&["store"]).await;
        let id = store_ids(&session).await.remove(0);
        let first = open(&session, &id, read()).await;
        format!("{first}, {}", code(session.open_entry(&id, flags::SessionOpenEntryFlags::empty(), None).await))
    });
    rows.row("a store added while a table is open", "2 rows", |b| async move {
        let session = b.session(&["store"]).await;
        let table = store_table(&session).await;
        session.admin_services().await.unwrap();
        b.add("store").await;
        format!("{} rows", table.get_row_count().await.unwrap().value)
    });
}

fn identifiers(rows: &mut Rows) {
    rows.of("session 6.3", "IMAPISession::OpenMsgStore");
    let cases: [(&str, Make, Code); 6] = [
        ("no identifier", |_| Vec::new(), Code::InvalidParameter),
        ("4 bytes", |id| id[..4].to_vec(), Code::InvalidEntryid),
        ("19 bytes", |id| id[..19].to_vec(), Code::InvalidEntryid),
        ("a wrapped identifier cut off in its name", |id| id[..24].to_vec(), Code::InvalidEntryid),
        ("an identifier of nobody", |_| vec![0; 40], Code::UnknownEntryid),
        (
            "a backend that is not installed",
            |_| WrappedStoreId::new("nowhere", b"x").unwrap().to_bytes(),
            Code::UnknownEntryid,
        ),
    ];
    for (name, make, expected) in cases {
        rows.row(name, expected, move |b| async move {
            let session = b.session(&["store"]).await;
            let id = make(&store_ids(&session).await[0]);
            open(&session, &id, read()).await
        });
    }
    rows.row("a constructed identifier of a store that is not there", Code::NotFound, |b| async move {
        let session = b.session(&["store"]).await;
        open(&session, &WrappedStoreId::new(STORE, b"elsewhere").unwrap().to_bytes(), read()).await
    });
    for (name, how) in [("MDB_TEMPORARY", OpenMsgStoreFlags::MDB_TEMPORARY), ("no flag", read())] {
        rows.row(format!("a constructed identifier, {name}: rows in the store table"), "S_OK, 1", move |b| async move {
            // The store is made under another profile, so that this one does not know it.
            let home = b.home().await;
            home.create_msg_service_ex("store", None, flags::CreateMsgServiceFlags::empty()).await.unwrap();
            let other = b.logon("Home", flags::LogonFlags::MAPI_NEW_SESSION).await.unwrap();
            open_store(&other, 0, read()).await.unwrap();
            let id = store_ids(&other).await.remove(0);
            let session = b.session(&["store"]).await;
            let opened = open(&session, &id, how).await;
            format!("{opened}, {}", store_table(&session).await.get_row_count().await.unwrap().value)
        });
    }
    rows.row("what it warns of", "MAPI_W_ERRORS_RETURNED, a store", |b| async move {
        b.add_told("told store", &[(FAILS_WITH, text("MAPI_W_ERRORS_RETURNED"))]).await;
        let session = b.session(&[]).await;
        let id = store_ids(&session).await.remove(0);
        let opened = session.open_msg_store(&id, WRITE, None).await.unwrap();
        root(&opened.value.object).await;
        format!("{}, a store", opened.warning.unwrap())
    });
}

/// What a store opened for reading refuses.
fn access(rows: &mut Rows) {
    rows.of("session 6.3", "a store opened for reading");
    rows.row("OpenEntry with MAPI_MODIFY", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        code(store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await)
    });
    rows.row("CreateFolder", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        let made = root(&store).await.create_folder(FolderType::Generic, "New", None, flags::CreateFolderFlags::empty()).await;
        code(made)
    });
    rows.row("CreateMessage", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        code(root(&store).await.create_message(flags::CreateMessageFlags::empty()).await)
    });
    rows.row("DeleteMessages", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        code(root(&store).await.delete_messages(&[], flags::DeleteMessagesFlags::empty()).await)
    });
    rows.row("SetProps of the store", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        code(store.properties().await.unwrap().set_props(vec![Property::new(tags::COMMENT, text("x"))]).await)
    });
    rows.row("DeleteProps of the store", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["store"]).await, 0, read()).await.unwrap();
        code(store.properties().await.unwrap().delete_props(&[tags::COMMENT]).await)
    });
    for (name, service, how, expected) in [
        ("MODIFY_OK and CREATE_OK of PR_STORE_SUPPORT_MASK, read-only", "store", read(), "0x0"),
        ("the same, MDB_WRITE", "store", WRITE, "0x18"),
        ("the same, MDB_WRITE on a store that can only be read", "fixed", WRITE, "0x0"),
    ] {
        rows.row(name, expected, move |b| async move {
            let session = b.session(&[service]).await;
            let store = open_store(&session, 0, how).await.unwrap();
            match value(&store.properties().await.unwrap(), tags::STORE_SUPPORT_MASK).await {
                Value::Long(mask) => format!("{:#x}", mask & 0x18),
                other => format!("{other:?}"),
            }
        });
    }
    rows.row("MDB_WRITE on a store that can only be read", Code::SOk, |b| async move {
        code(open_store(&b.session(&["fixed"]).await, 0, WRITE).await)
    });
    rows.row("CreateFolder in a store that can only be read", Code::NoAccess, |b| async move {
        let store = open_store(&b.session(&["fixed"]).await, 0, WRITE).await.unwrap();
        let made = root(&store).await.create_folder(FolderType::Generic, "New", None, flags::CreateFolderFlags::empty()).await;
        code(made)
    });
}

fn twice(rows: &mut Rows) {
    rows.of("session 6.3", "IMAPISession::OpenMsgStore, again");
    rows.row("status rows", "1", |b| async move {
        let session = b.session(&["store"]).await;
        for how in [read(), WRITE] {
            open_store(&session, 0, how).await.unwrap();
        }
        store_rows(&session).await.to_string()
    });
    rows.row("logons of the provider", "1", |b| async move {
        let session = b.session(&["store"]).await;
        for how in [read(), WRITE] {
            open_store(&session, 0, how).await.unwrap();
        }
        b.providers.logons().len().to_string()
    });
    rows.row("access is that of each reference", "0x0, 0x1", |b| async move {
        let session = b.session(&["store"]).await;
        let reader = open_store(&session, 0, read()).await.unwrap();
        let writer = open_store(&session, 0, WRITE).await.unwrap();
        let reader = value(&reader.properties().await.unwrap(), tags::ACCESS_LEVEL).await;
        let writer = value(&writer.properties().await.unwrap(), tags::ACCESS_LEVEL).await;
        list([&reader, &writer])
    });
    rows.row("by the identifier from before it was first open", Code::SOk, |b| async move {
        let session = b.session(&["store"]).await;
        let id = store_ids(&session).await.remove(0);
        open(&session, &id, read()).await;
        open(&session, &id, read()).await
    });
}

fn books(rows: &mut Rows) {
    rows.of("session 6.4", "IMAPISession::OpenAddressBook");
    for (name, how) in [("no flag", flags::OpenAddressBookFlags::empty()), ("AB_NO_DIALOG", flags::OpenAddressBookFlags::AB_NO_DIALOG)] {
        rows.row(name, Code::SOk, move |b| async move { warned(b.session(&["book"]).await.open_address_book(how).await) });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(1, |flags| code(session.open_address_book(0, None, flags)))
    });
    rows.raw("another interface", Code::InterfaceNotSupported, || {
        code(raw::session().1.open_address_book(0, Some(IID_IMSGSTORE), 0))
    });
    rows.row("no address book provider in the profile", "S_OK, a one-off", |b| async move {
        let opened = b.session(&[]).await.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
        let made = opened.value.create_one_off(Some("Ann"), "SMTP", "ann@example.com", flags::CreateOneOffFlags::empty()).await;
        assert_eq!(opened.warning, None);
        format!("{}, a one-off", code(made))
    });
    rows.row("several providers fail", "MAPI: told book: the profile says so; say otherwise there (2 lines)", |b| async move {
        for _ in 0..2 {
            b.add_told("told book", &[(FAILS_WITH, text("MAPI_E_FAILONEPROVIDER"))]).await;
        }
        let session = b.session(&[]).await;
        let opened = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
        let error = session.get_last_error(opened.warning.unwrap()).await.unwrap().unwrap();
        let lines: Vec<_> = error.error.lines().collect();
        format!("{}: {} ({} lines)", error.component, lines[0], lines.len())
    });
    rows.row("again: live logons are used again", "[\"book\"]", |b| async move {
        let session = b.session(&["book"]).await;
        for _ in 0..2 {
            session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
        }
        format!("{:?}", b.providers.logons())
    });
    rows.row("again: the first object is undisturbed", Code::SOk, |b| async move {
        b.add_told("told book", &[(FAILS_WITH, text("MAPI_E_FAILONEPROVIDER"))]).await;
        let session = b.session(&[]).await;
        let first = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
        session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap();
        code(first.open_entry(None, flags::AddressBookOpenEntryFlags::empty(), None).await)
    });
}
