//! Logoff, what becomes of what was opened, and what is queued (`session` 4, 8.3, 11).

use crate::bench::{Bench, column, list, open_store, root, status_named, status_table, store_table};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::session::{MAPI_LOGOFF_SHARED, MAPI_LOGOFF_UI};
use mapi_session::flags::{self, LogoffFlags, LogonFlags};
use mapi_session::notifications::Notification;
use mapi_session::properties::tags;
use mapi_session::{Session, Subscription};

fn none() -> LogoffFlags {
    LogoffFlags::empty()
}


/// Two handles of one session.
async fn shared(bench: &Bench) -> (Session, Session) {
    bench.add("store").await;
    let first = bench.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
    let second = bench.logon("Work", LogonFlags::empty()).await.unwrap();
    (first, second)
}

async fn listen(session: &Session) -> Subscription {
    session.advise(None, flags::EventMask::FNEV_EXTENDED).await.unwrap()
}

/// What a registration was told, after a dispatch.
async fn told(bench: &Bench, subscription: &mut Subscription) -> String {
    bench.subsystem.dispatch_notifications().await.unwrap();
    let mut events = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::from_millis(20), subscription.next()).await {
        events.push(match event {
            Notification::CriticalError(error) => error.code.to_string(),
            Notification::Extended(event) => format!("event {}", event.event),
            other => format!("{other:?}"),
        });
    }
    events.join(", ")
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("session 4", "IMAPISession::Logoff");
    for (name, how) in [
        ("no flag", none()),
        ("MAPI_LOGOFF_SHARED, not shared", LogoffFlags::MAPI_LOGOFF_SHARED),
        ("MAPI_LOGOFF_UI, nothing to send", LogoffFlags::MAPI_LOGOFF_UI),
    ] {
        rows.row(name, Code::SOk, move |b| async move { code(b.session(&["store"]).await.logoff(how).await) });
    }
    rows.row("twice", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        session.logoff(none()).await.unwrap();
        code(session.logoff(none()).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(MAPI_LOGOFF_SHARED | MAPI_LOGOFF_UI, |flags| code(session.logoff(0, flags, 0)))
    });
    rows.raw("a reserved argument", Code::InvalidParameter, || code(raw::session().1.logoff(0, 0, 1)));
    rows.raw("a reserved argument and an undefined flag", Code::InvalidParameter, || code(raw::session().1.logoff(0, 4, 1)));
    rows.raw("a reserved argument on a dead handle", Code::InvalidObject, || {
        let (_subsystem, session) = raw::session();
        session.logoff(0, 0, 0).unwrap();
        code(session.logoff(0, 0, 1))
    });
    rows.row("a provider that fails to end", Code::SOk, |b| async move {
        use mapi_tests::configured_provider::{FAILS_WITH, IN_METHOD};
        let told = [(IN_METHOD, crate::bench::text("notify")), (FAILS_WITH, crate::bench::text("MAPI_E_NETWORK_ERROR"))];
        b.add_told("told wire", &told).await;
        let session = b.session(&[]).await;
        status_table(&session).await;
        code(session.logoff(none()).await)
    });
    rows.row("the transport is told of the end", "0x30000", |b| async move {
        let session = b.session(&["wire"]).await;
        status_table(&session).await;
        session.logoff(none()).await.unwrap();
        b.turns().await;
        let wires = b.providers.wires();
        let notified = wires[0].wire().notified.clone();
        notified.iter().find(|flags| **flags & 0x3_0000 != 0).map_or_else(|| "nothing".to_owned(), |flags| format!("{flags:#x}"))
    });
    afterwards(rows);
    others(rows);
}

/// What answers when a handle is dead.
fn afterwards(rows: &mut Rows) {
    async fn ended(bench: &Bench) -> Session {
        let session = bench.session(&["store"]).await;
        session.logoff(none()).await.unwrap();
        session
    }
    rows.of("session 11", "IMAPISession on a dead handle");
    rows.row("GetMsgStoresTable", Code::InvalidObject, |b| async move {
        code(ended(&b).await.get_msg_stores_table(flags::GetMsgStoresTableFlags::empty()).await)
    });
    rows.row("GetStatusTable", Code::InvalidObject, |b| async move {
        code(ended(&b).await.get_status_table(flags::GetStatusTableFlags::empty()).await)
    });
    rows.row("OpenMsgStore without an identifier", Code::InvalidObject, |b| async move {
        code(ended(&b).await.open_msg_store(&[], flags::OpenMsgStoreFlags::empty(), None).await)
    });
    rows.row("OpenAddressBook", Code::InvalidObject, |b| async move {
        code(ended(&b).await.open_address_book(flags::OpenAddressBookFlags::empty()).await)
    });
    rows.row("OpenEntry without an identifier", Code::InvalidObject, |b| async move {
        code(ended(&b).await.open_entry(&[], flags::SessionOpenEntryFlags::empty(), None).await)
    });
    rows.row("CompareEntryIDs without identifiers", Code::InvalidObject, |b| async move {
        code(ended(&b).await.compare_entry_ids(&[], &[]).await)
    });
    rows.row("Advise", Code::InvalidObject, |b| async move {
        code(ended(&b).await.advise(None, flags::EventMask::empty()).await)
    });
    rows.row("EnumAdrTypes", Code::InvalidObject, |b| async move {
        code(ended(&b).await.enum_adr_types(flags::EnumAdrTypesFlags::empty()).await)
    });
    rows.row("QueryIdentity", Code::InvalidObject, |b| async move { code(ended(&b).await.query_identity().await) });
    rows.row("QueryDefaultMessageOpt", Code::InvalidObject, |b| async move {
        code(ended(&b).await.query_default_message_opt("").await)
    });
    rows.row("SetDefaultStore", Code::InvalidObject, |b| async move {
        code(ended(&b).await.set_default_store(mapi_session::StoreRole::Default, None).await)
    });
    rows.row("OpenProfileSection without a key", Code::InvalidObject, |b| async move {
        code(ended(&b).await.open_profile_section(None, flags::OpenProfileSectionFlags::empty()).await)
    });
    rows.row("AdminServices", Code::InvalidObject, |b| async move { code(ended(&b).await.admin_services().await) });
    rows.row("GetLastError", Code::InvalidObject, |b| async move {
        code(ended(&b).await.get_last_error(Code::NotFound).await)
    });
    rows.raw("every method that takes an undefined flag", Code::InvalidObject, || {
        let (_subsystem, session) = raw::session();
        session.logoff(0, 0, 0).unwrap();
        let answers = [
            code(session.get_last_error(Code::NotFound, 1)),
            code(session.get_msg_stores_table(1)),
            code(session.get_status_table(1)),
            code(session.open_address_book(0, None, 2)),
            code(session.enum_adr_types(1)),
            code(session.admin_services(1)),
            code(session.unadvise(7)),
        ];
        answers.into_iter().find(|code| *code != Code::InvalidObject).unwrap_or(Code::InvalidObject)
    });
    rows.of("session 4", "objects of a handle that logged off");
    rows.row("a store", Code::InvalidObject, |b| async move {
        let session = b.session(&["store"]).await;
        let store = open_store(&session, 0, flags::OpenMsgStoreFlags::empty()).await.unwrap();
        session.logoff(none()).await.unwrap();
        code(store.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await)
    });
    rows.row("the properties of a store", Code::InvalidObject, |b| async move {
        let session = b.session(&["store"]).await;
        let store = open_store(&session, 0, flags::OpenMsgStoreFlags::empty()).await.unwrap();
        let properties = store.properties().await.unwrap();
        session.logoff(none()).await.unwrap();
        code(properties.get_props(None, flags::GetPropsFlags::empty()).await)
    });
    rows.row("a folder", Code::InvalidObject, |b| async move {
        let session = b.session(&["store"]).await;
        let store = open_store(&session, 0, flags::OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
        let root = root(&store).await;
        session.logoff(none()).await.unwrap();
        code(root.get_contents_table(flags::GetContentsTableFlags::empty()).await)
    });
    rows.row("a table", Code::InvalidObject, |b| async move {
        let session = b.session(&["store"]).await;
        let table = store_table(&session).await;
        session.logoff(none()).await.unwrap();
        code(table.get_row_count().await)
    });
    rows.row("an address book", Code::InvalidObject, |b| async move {
        let session = b.session(&["book"]).await;
        let book = session.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
        session.logoff(none()).await.unwrap();
        code(book.get_pab().await)
    });
    rows.row("a status object", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        let spooler = status_named(&session, "MAPI Spooler").await;
        session.logoff(none()).await.unwrap();
        code(spooler.validate_state(flags::ValidateStateFlags::empty()).await)
    });
    rows.row("an administration of services", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        let services = session.admin_services().await.unwrap();
        session.logoff(none()).await.unwrap();
        code(services.get_msg_service_table(flags::GetMsgServiceTableFlags::empty()).await)
    });
    rows.row("a profile section", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        let section = session.open_profile_section(Some(crate::bench::NOBODY), flags::OpenProfileSectionFlags::MAPI_MODIFY).await;
        let section = section.unwrap();
        session.logoff(none()).await.unwrap();
        code(section.get_props(None, flags::GetPropsFlags::empty()).await)
    });
    rows.row("a session whose handle was dropped without Logoff", "Home", |b| async move {
        let first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        drop(first);
        let next = b.logon("Home", LogonFlags::empty()).await.unwrap();
        list(&column(&status_table(&next).await, tags::DISPLAY_NAME).await[..1])
    });
}

/// What the other clients are told, and keep.
fn others(rows: &mut Rows) {
    rows.of("session 4", "IMAPISession::Logoff");
    rows.row("MAPI_LOGOFF_SHARED: the others stay usable", Code::SOk, |b| async move {
        let (first, second) = shared(&b).await;
        first.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
        code(open_store(&second, 0, flags::OpenMsgStoreFlags::MDB_WRITE).await)
    });
    rows.row("MAPI_LOGOFF_SHARED: nobody joins any more", "Home", |b| async move {
        let (first, _second) = shared(&b).await;
        first.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
        let next = b.logon("Home", LogonFlags::empty()).await.unwrap();
        list(&column(&status_table(&next).await, tags::DISPLAY_NAME).await[..1])
    });
    rows.row("MAPI_LOGOFF_SHARED by one that only joined", "MAPI_E_END_OF_SESSION, event 1", |b| async move {
        let (first, second) = shared(&b).await;
        let mut told_first = listen(&first).await;
        second.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
        told(&b, &mut told_first).await
    });
    rows.of("session 8.3", "session notifications");
    rows.row("another logs off with MAPI_LOGOFF_SHARED", "MAPI_E_END_OF_SESSION, event 1", |b| async move {
        let (first, second) = shared(&b).await;
        let mut told_second = listen(&second).await;
        first.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
        told(&b, &mut told_second).await
    });
    rows.row("another logs off without it", "event 1", |b| async move {
        let (first, second) = shared(&b).await;
        let mut told_second = listen(&second).await;
        first.logoff(none()).await.unwrap();
        told(&b, &mut told_second).await
    });
    rows.row("mask 0: critical errors alone", "MAPI_E_END_OF_SESSION", |b| async move {
        let (first, second) = shared(&b).await;
        let mut told_second = second.advise(None, flags::EventMask::empty()).await.unwrap();
        first.logoff(LogoffFlags::MAPI_LOGOFF_SHARED).await.unwrap();
        told(&b, &mut told_second).await
    });
    rows.row("what is queued for a handle that logged off itself", "event 1", |b| async move {
        let (_first, second) = shared(&b).await;
        let mut told_second = listen(&second).await;
        second.logoff(none()).await.unwrap();
        told(&b, &mut told_second).await
    });
    rows.row("a client of another session logs off", "", |b| async move {
        let session = b.session(&[]).await;
        let mut told_session = listen(&session).await;
        b.logon("Work", LogonFlags::MAPI_NEW_SESSION).await.unwrap().logoff(none()).await.unwrap();
        told(&b, &mut told_session).await
    });
    rows.of("profiles 1.5", "IMAPISession::Logoff");
    rows.row("of the last session of a profile marked for deletion", Code::SOk, |b| async move {
        let session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        session.logoff(none()).await.unwrap();
        code(b.admin.create_profile("Work", flags::CreateProfileFlags::empty()).await)
    });
    rows.row("of the last session of a profile with a new name", "Office", |b| async move {
        let session = b.session(&[]).await;
        b.admin.rename_profile("Work", "Office", flags::RenameProfileFlags::empty()).await.unwrap();
        session.logoff(none()).await.unwrap();
        let table = b.admin.get_profile_table(flags::GetProfileTableFlags::MAPI_UNICODE).await.unwrap();
        list(&column(&table, tags::DISPLAY_NAME).await[..1])
    });
}
