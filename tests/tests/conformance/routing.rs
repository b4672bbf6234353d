//! Entry identifiers: OpenEntry, CompareEntryIDs and who owns what (`session` 5, 6.7, 6.8).

use crate::bench::{open_store, root, root_id, status_ids, store_ids};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::entry_id::{OneOff, WrappedStoreId};
use mapi_engine::error::Code;
use mapi_engine::properties::interface::{IID_IADDRBOOK, IID_IMAILUSER, IID_IMAPIFOLDER, IID_IMAPISTATUS, IID_IMSGSTORE};
use mapi_session::error::Result;
use mapi_session::flags::{self, OpenMsgStoreFlags, SessionOpenEntryFlags};
use mapi_session::{Entry, Object, Session};

fn none() -> SessionOpenEntryFlags {
    SessionOpenEntryFlags::empty()
}

const MODIFY: SessionOpenEntryFlags = SessionOpenEntryFlags::MAPI_MODIFY;
fn read() -> OpenMsgStoreFlags {
    OpenMsgStoreFlags::empty()
}

const WRITE: OpenMsgStoreFlags = OpenMsgStoreFlags::MDB_WRITE;

fn one_off(name: &str, kind: &str, address: &str) -> Vec<u8> {
    OneOff::new(name, kind, address).to_bytes()
}

async fn open(session: &Session, id: &[u8], how: SessionOpenEntryFlags) -> Result<Entry> {
    Ok(session.open_entry(id, how, None).await?.object)
}

/// The type of what an identifier opens, or the code.
async fn kind(session: &Session, id: &[u8], how: SessionOpenEntryFlags) -> String {
    match open(session, id, how).await {
        Ok(Entry::Object(object)) => match object {
            Object::Store(_) => "store",
            Object::Folder(_) => "folder",
            Object::Container(_) => "container",
            Object::Message(_) => "message",
            Object::MailUser(_) => "messaging user",
            Object::DistList(_) => "distribution list",
            _ => "properties",
        }
        .to_owned(),
        Ok(Entry::Status(_)) => "status".to_owned(),
        Ok(_) => "something else".to_owned(),
        Err(failure) => failure.code().to_string(),
    }
}

/// The identifier of the root container of the address book.
async fn book_root(session: &Session) -> Vec<u8> {
    let book = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
    let Object::Container(root) = book.open_entry(None, flags::AddressBookOpenEntryFlags::empty(), None).await.unwrap().object
    else {
        panic!("the root is a container")
    };
    let id = crate::bench::value(&root.properties().await.unwrap(), mapi_session::properties::tags::ENTRYID).await;
    match id {
        mapi_session::properties::Value::Binary(id) => id,
        other => panic!("an identifier was expected, not {other:?}"),
    }
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("session 6.7", "IMAPISession::OpenEntry");
    rows.row("a store, by the identifier of its row", "store", |b| async move {
        let session = b.session(&["store"]).await;
        kind(&session, &store_ids(&session).await[0], none()).await
    });
    rows.row("a folder of an open store", "folder", |b| async move {
        let session = b.session(&["store"]).await;
        kind(&session, &root_id(&session, read()).await, none()).await
    });
    rows.row("a message of an open store", "message", |b| async move {
        let session = b.session(&["store"]).await;
        let store = open_store(&session, 0, WRITE).await.unwrap();
        let message = root(&store).await.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        let properties = message.properties().await.unwrap();
        properties.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.unwrap();
        let id = mapi_tests::clients::entry_id(&properties).await;
        kind(&session, &id, none()).await
    });
    rows.row("a one-off", "messaging user", |b| async move {
        kind(&b.session(&[]).await, &one_off("Ann", "SMTP", "ann@example.com"), none()).await
    });
    rows.row("the root of the address book", "container", |b| async move {
        let session = b.session(&["book"]).await;
        kind(&session, &book_root(&session).await, none()).await
    });
    for (at, name) in ["subsystem", "spooler", "address book"].into_iter().enumerate() {
        rows.row(format!("the status row of the {name}"), "status", move |b| async move {
            let session = b.session(&[]).await;
            kind(&session, &status_ids(&session).await[at], none()).await
        });
        rows.row(format!("the status row of the {name}, MAPI_MODIFY"), "MAPI_E_NO_ACCESS", move |b| async move {
            let session = b.session(&[]).await;
            kind(&session, &status_ids(&session).await[at], MODIFY).await
        });
    }
    rows.row("the status row of a provider", "status", |b| async move {
        let session = b.session(&["store"]).await;
        let ids = status_ids(&session).await;
        kind(&session, &ids[3], none()).await
    });
    let every = [
        ("no flag", none()),
        ("SHOW_SOFT_DELETES", SessionOpenEntryFlags::SHOW_SOFT_DELETES),
        ("MAPI_DEFERRED_ERRORS", SessionOpenEntryFlags::MAPI_DEFERRED_ERRORS),
        ("MAPI_BEST_ACCESS", SessionOpenEntryFlags::MAPI_BEST_ACCESS),
        ("MAPI_GAL_ONLY", SessionOpenEntryFlags::MAPI_GAL_ONLY),
        ("MAPI_NO_CACHE", SessionOpenEntryFlags::MAPI_NO_CACHE),
        ("MAPI_CACHE_ONLY", SessionOpenEntryFlags::MAPI_CACHE_ONLY),
    ];
    for (name, how) in every {
        rows.row(format!("a folder, {name}"), "folder", move |b| async move {
            let session = b.session(&["store"]).await;
            kind(&session, &root_id(&session, read()).await, how).await
        });
        rows.row(format!("the root of the address book, {name}"), "container", move |b| async move {
            let session = b.session(&["book"]).await;
            kind(&session, &book_root(&session).await, how).await
        });
    }
    refusals(rows);
    access(rows);
    compare(rows);
}

/// What is no identifier, or nobody's.
fn refusals(rows: &mut Rows) {
    rows.of("session 6.7", "IMAPISession::OpenEntry");
    rows.row("an empty identifier", Code::InvalidParameter, |b| async move { code(open(&b.session(&[]).await, &[], none()).await) });
    for length in [1, 4, 19] {
        rows.row(format!("{length} bytes"), Code::InvalidEntryid, move |b| async move {
            code(open(&b.session(&[]).await, &vec![0; length], none()).await)
        });
    }
    rows.row("20 bytes of nobody", Code::UnknownEntryid, |b| async move {
        code(open(&b.session(&["book"]).await, &[7; 20], none()).await)
    });
    rows.row("a folder of a store that is not open", Code::UnknownEntryid, |b| async move {
        let first = b.session(&["store"]).await;
        let id = root_id(&first, read()).await;
        first.logoff(flags::LogoffFlags::empty()).await.unwrap();
        let session = b.session(&[]).await;
        code(open(&session, &id, none()).await)
    });
    rows.row("a status row of another session", Code::UnknownEntryid, |b| async move {
        let first = b.session(&[]).await;
        let id = status_ids(&first).await.remove(0);
        code(open(&b.session(&[]).await, &id, none()).await)
    });
    rows.row("an object that its open store does not have", Code::NotFound, |b| async move {
        let session = b.session(&["store"]).await;
        let mut id = root_id(&session, read()).await;
        *id.last_mut().unwrap() ^= 0x55;
        code(open(&session, &id, none()).await)
    });
    rows.row("a store of a backend that is not installed", Code::UnknownEntryid, |b| async move {
        let id = WrappedStoreId::new("nowhere", b"x").unwrap().to_bytes();
        code(open(&b.session(&[]).await, &id, none()).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let id = raw::store_id(&session);
        raw::undefined(0x429B, |flags| code(session.open_entry(&id, None, flags)))
    });
    rows.raw("an empty identifier and an undefined flag", Code::InvalidParameter, || {
        code(raw::session().1.open_entry(&[], None, 0x8000))
    });
    rows.raw("a short identifier and an undefined flag", Code::UnknownFlags, || {
        code(raw::session().1.open_entry(&[1], None, 0x8000))
    });
    rows.raw("a short identifier and an unknown interface", Code::InterfaceNotSupported, || {
        code(raw::session().1.open_entry(&[1], Some(IID_IADDRBOOK), 0))
    });
    let interfaces = [
        ("a store as IMsgStore", 0, IID_IMSGSTORE, Code::SOk),
        ("a store as IMAPIFolder", 0, IID_IMAPIFOLDER, Code::InterfaceNotSupported),
        ("a one-off as IMailUser", 1, IID_IMAILUSER, Code::SOk),
        ("a one-off as IMAPIFolder", 1, IID_IMAPIFOLDER, Code::InterfaceNotSupported),
        ("a store as IMAPIStatus", 0, IID_IMAPISTATUS, Code::InterfaceNotSupported),
    ];
    for (name, which, iid, expected) in interfaces {
        rows.raw(name, expected, move || {
            let (_subsystem, session) = raw::session();
            let id = if which == 0 { raw::store_id(&session) } else { one_off("Ann", "SMTP", "ann@example.com") };
            code(session.open_entry(&id, Some(iid), 0))
        });
    }
}

fn access(rows: &mut Rows) {
    rows.of("session 6.7", "IMAPISession::OpenEntry");
    rows.row("MAPI_MODIFY, the store opened for reading", "MAPI_E_NO_ACCESS", |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, read()).await;
        kind(&session, &id, MODIFY).await
    });
    rows.row("MAPI_MODIFY, the store opened for writing", "folder", |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, WRITE).await;
        kind(&session, &id, MODIFY).await
    });
    rows.row("MAPI_MODIFY, one of two references is for writing", "folder", |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, WRITE).await;
        root_id(&session, read()).await;
        kind(&session, &id, MODIFY).await
    });
    rows.row("MAPI_MODIFY, only another handle's reference is for writing", "MAPI_E_NO_ACCESS", |b| async move {
        b.add("store").await;
        let first = b.logon("Work", flags::LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let second = b.logon("Work", flags::LogonFlags::empty()).await.unwrap();
        let id = root_id(&first, WRITE).await;
        root_id(&second, read()).await;
        kind(&second, &id, MODIFY).await
    });
    rows.row("MAPI_MODIFY on a one-off", "MAPI_E_NO_ACCESS", |b| async move {
        kind(&b.session(&[]).await, &one_off("Ann", "SMTP", "ann@example.com"), MODIFY).await
    });
}

fn compare(rows: &mut Rows) {
    async fn same(session: &Session, one: &[u8], other: &[u8]) -> String {
        match session.compare_entry_ids(one, other).await {
            Ok(same) => same.to_string(),
            Err(failure) => failure.code().to_string(),
        }
    }
    rows.of("session 6.8", "IMAPISession::CompareEntryIDs");
    let ann = || one_off("Ann", "SMTP", "ann@example.com");
    for (name, one, other, expected) in [
        ("the first absent", Vec::new(), ann(), "MAPI_E_INVALID_PARAMETER"),
        ("the second absent", ann(), Vec::new(), "MAPI_E_INVALID_PARAMETER"),
        ("both absent", Vec::new(), Vec::new(), "MAPI_E_INVALID_PARAMETER"),
        ("one too short", ann(), vec![0; 19], "MAPI_E_INVALID_ENTRYID"),
        ("equal bytes of nobody", vec![7; 30], vec![7; 30], "MAPI_E_UNKNOWN_ENTRYID"),
        ("one of nobody", ann(), vec![7; 30], "MAPI_E_UNKNOWN_ENTRYID"),
        ("one-offs that differ in name only", ann(), one_off("B", "SMTP", "ann@example.com"), "true"),
        ("one-offs that differ in case only", ann(), one_off("Ann", "smtp", "ANN@example.com"), "true"),
        ("one-offs that differ in address", ann(), one_off("Ann", "SMTP", "b@example.com"), "false"),
        ("one-offs that differ in type", ann(), one_off("Ann", "FAX", "ann@example.com"), "false"),
    ] {
        rows.row(name, expected, move |b| {
            let (one, other) = (one.clone(), other.clone());
            async move { same(&b.session(&["store", "book"]).await, &one, &other).await }
        });
    }
    rows.row("a folder and itself", "true", |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, read()).await;
        same(&session, &id, &id).await
    });
    rows.row("a folder and a one-off", "false", |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, read()).await;
        same(&session, &id, &one_off("Ann", "SMTP", "ann@example.com")).await
    });
    rows.row("a store by its row before and after it was open", "true", |b| async move {
        let session = b.session(&["store"]).await;
        let before = store_ids(&session).await.remove(0);
        open_store(&session, 0, read()).await.unwrap();
        same(&session, &before, &store_ids(&session).await[0]).await
    });
    rows.row("two stores that are not open", "false", |b| async move {
        let session = b.session(&["store", "store"]).await;
        let ids = store_ids(&session).await;
        same(&session, &ids[0], &ids[1]).await
    });
    rows.row("a status row and itself", "true", |b| async move {
        let session = b.session(&[]).await;
        let ids = status_ids(&session).await;
        same(&session, &ids[0], &ids[0]).await
    });
    rows.row("two status rows", "false", |b| async move {
        let session = b.session(&[]).await;
        let ids = status_ids(&session).await;
        same(&session, &ids[0], &ids[1]).await
    });
    rows.raw("every flag", Code::InvalidParameter, || {
        let (_subsystem, session) = raw::session();
        raw::reserved(|flags| code(session.compare_entry_ids(&[7; 30], &[7; 30], flags)))
    });
}
