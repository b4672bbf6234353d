//! Advise and Unadvise of the session (`session` 6.9).

use crate::bench::{root_id, status_ids, store_ids};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::entry_id::OneOff;
use mapi_engine::error::Code;
use mapi_session::flags::{EventMask, LogoffFlags, LogonFlags, OpenMsgStoreFlags};

fn read() -> OpenMsgStoreFlags {
    OpenMsgStoreFlags::empty()
}


pub(super) fn rows(rows: &mut Rows) {
    let told = [
        ("fnevCriticalError", EventMask::FNEV_CRITICAL_ERROR),
        ("fnevNewMail", EventMask::FNEV_NEW_MAIL),
        ("fnevObjectCreated", EventMask::FNEV_OBJECT_CREATED),
        ("fnevObjectDeleted", EventMask::FNEV_OBJECT_DELETED),
        ("fnevObjectModified", EventMask::FNEV_OBJECT_MODIFIED),
        ("fnevObjectMoved", EventMask::FNEV_OBJECT_MOVED),
        ("fnevObjectCopied", EventMask::FNEV_OBJECT_COPIED),
        ("fnevSearchComplete", EventMask::FNEV_SEARCH_COMPLETE),
        ("fnevExtended", EventMask::FNEV_EXTENDED),
    ];
    rows.of("session 6.9", "IMAPISession::Advise");
    rows.row("the session, mask 0", Code::SOk, |b| async move { code(b.session(&[]).await.advise(None, EventMask::empty()).await) });
    for (name, mask) in told {
        rows.row(format!("the session, {name}"), Code::SOk, move |b| async move {
            code(b.session(&[]).await.advise(None, mask).await)
        });
        rows.row(format!("a folder, {name}"), Code::SOk, move |b| async move {
            let session = b.session(&["store"]).await;
            let id = root_id(&session, read()).await;
            code(session.advise(Some(&id), mask).await)
        });
        rows.row(format!("a store, {name}"), Code::SOk, move |b| async move {
            let session = b.session(&["store"]).await;
            root_id(&session, read()).await;
            let id = store_ids(&session).await.remove(0);
            code(session.advise(Some(&id), mask).await)
        });
    }
    rows.row("the session, fnevIndexing", Code::NoSupport, |b| async move {
        code(b.session(&[]).await.advise(None, EventMask::FNEV_INDEXING).await)
    });
    for (name, mask) in [
        ("fnevStatusObjectModified", EventMask::FNEV_STATUS_OBJECT_MODIFIED),
        ("fnevReservedForMapi", EventMask::FNEV_RESERVED_FOR_MAPI),
        ("fnevIndexing", EventMask::FNEV_INDEXING),
    ] {
        rows.row(format!("a folder, {name}"), Code::NoSupport, move |b| async move {
            let session = b.session(&["store"]).await;
            let id = root_id(&session, read()).await;
            code(session.advise(Some(&id), mask).await)
        });
    }
    rows.raw("a store, undefined bits", Code::NoSupport, || {
        let (_subsystem, session) = raw::session();
        let _store = session.open_msg_store(0, &raw::store_id(&session), None, 0).unwrap();
        let id = raw::store_id(&session);
        let bits = [0x400, 0x800, 0x1000, 0x8000, 0x2_0000, 0x100_0000, 0x2000_0000];
        let other = bits.map(|bit| code(session.advise(Some(&id), bit))).into_iter().find(|code| *code != Code::NoSupport);
        other.unwrap_or(Code::NoSupport)
    });
    rows.row("a folder, mask 0", Code::InvalidParameter, |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, read()).await;
        code(session.advise(Some(&id), EventMask::empty()).await)
    });
    let mask = EventMask::FNEV_OBJECT_MODIFIED;
    rows.row("a one-off", Code::NoSupport, move |b| async move {
        code(b.session(&[]).await.advise(Some(&OneOff::new("A", "SMTP", "a@b").to_bytes()), mask).await)
    });
    rows.row("a status row", Code::NoSupport, move |b| async move {
        let session = b.session(&[]).await;
        let id = status_ids(&session).await.remove(0);
        code(session.advise(Some(&id), mask).await)
    });
    rows.row("an identifier that is too short", Code::InvalidEntryid, move |b| async move {
        code(b.session(&[]).await.advise(Some(&[1; 12]), mask).await)
    });
    rows.row("an identifier of nobody", Code::UnknownEntryid, move |b| async move {
        code(b.session(&["book"]).await.advise(Some(&[7; 30]), mask).await)
    });
    rows.row("a store that is not open", Code::UnknownEntryid, move |b| async move {
        let session = b.session(&["store"]).await;
        let id = store_ids(&session).await.remove(0);
        code(session.advise(Some(&id), mask).await)
    });
    rows.row("connections", "different, none of them 0", |b| async move {
        let session = b.session(&[]).await;
        let first = session.advise(None, EventMask::empty()).await.unwrap();
        let second = session.advise(None, EventMask::empty()).await.unwrap();
        let numbers = [first.connection(), second.connection()];
        if numbers[0] != numbers[1] && !numbers.contains(&0) { "different, none of them 0".into() } else { format!("{numbers:?}") }
    });
    rows.of("session 6.9", "IMAPISession::Unadvise");
    rows.row("a registration", Code::SOk, |b| async move {
        let session = b.session(&[]).await;
        code(session.advise(None, EventMask::empty()).await.unwrap().unadvise().await)
    });
    rows.row("a registration at a folder", Code::SOk, move |b| async move {
        let session = b.session(&["store"]).await;
        let id = root_id(&session, read()).await;
        code(session.advise(Some(&id), mask).await.unwrap().unadvise().await)
    });
    rows.row("a registration of a handle that is dead", Code::InvalidObject, |b| async move {
        let session = b.session(&[]).await;
        let registration = session.advise(None, EventMask::empty()).await.unwrap();
        session.logoff(LogoffFlags::empty()).await.unwrap();
        code(registration.unadvise().await)
    });
    rows.row("nothing is told afterwards", "0", |b| async move {
        let first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let second = b.logon("Work", LogonFlags::empty()).await.unwrap();
        let registration = first.advise(None, EventMask::FNEV_EXTENDED).await.unwrap();
        second.logoff(LogoffFlags::empty()).await.unwrap();
        registration.unadvise().await.unwrap();
        b.subsystem.dispatch_notifications().await.unwrap().to_string()
    });
    rows.raw("a number nobody was given", Code::NotFound, || code(raw::session().1.unadvise(4711)));
    rows.raw("0", Code::NotFound, || code(raw::session().1.unadvise(0)));
    rows.raw("the same number again", Code::NotFound, || {
        let (_subsystem, session) = raw::session();
        let connection = session.advise(None, 0).unwrap();
        session.unadvise(connection).unwrap();
        code(session.unadvise(connection))
    });
    rows.raw("a number of another handle", Code::NotFound, || {
        let subsystem = raw::subsystem();
        let (first, second) = (raw::logon(&subsystem), raw::logon(&subsystem));
        let connection = first.advise(None, 0).unwrap();
        code(second.unadvise(connection))
    });
}
