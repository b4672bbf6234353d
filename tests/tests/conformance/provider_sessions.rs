//! GetMAPISession (`session` 10.2): what a provider has of the session that logged it on.

use crate::bench::{Bench, store_table};
use crate::logon::on;
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::memory::MemoryHost;
use mapi_engine::session::Subsystem as RawSubsystem;
use mapi_session::Session;
use mapi_session::flags::{GetStatusTableFlags, LogoffFlags, LogonFlags};
use std::rc::Rc;

/// A session with that service logged on, and the session its provider has.
async fn of_provider(bench: &Bench, service: &str) -> (Session, Session) {
    let session = bench.session(&[service]).await;
    session.get_status_table(GetStatusTableFlags::empty()).await.unwrap();
    let support = bench.providers.supports().remove(0);
    (session, support.get_mapi_session().await.unwrap())
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("session 10.2", "IMAPIGetSession::GetMAPISession");
    for (kind, service) in [("a store", "store"), ("an address book", "book"), ("a transport", "wire")] {
        rows.row(format!("{kind}: the session that logged it on"), "Work", move |b| async move {
            let (_session, own) = of_provider(&b, service).await;
            on(Ok(own)).await
        });
        rows.row(format!("{kind}, two sessions"), "Work, Home", move |b| async move {
            let (_session, own) = of_provider(&b, service).await;
            b.home().await.create_msg_service_ex(service, None, mapi_session::flags::CreateMsgServiceFlags::empty()).await.unwrap();
            let home = b.logon("Home", LogonFlags::MAPI_NEW_SESSION).await.unwrap();
            home.get_status_table(GetStatusTableFlags::empty()).await.unwrap();
            let other = b.providers.supports().remove(1).get_mapi_session().await.unwrap();
            format!("{}, {}", on(Ok(own)).await, on(Ok(other)).await)
        });
        rows.row(format!("{kind}, the session has ended"), Code::InvalidObject, move |b| async move {
            let (session, _own) = of_provider(&b, service).await;
            session.logoff(LogoffFlags::empty()).await.unwrap();
            code(b.providers.supports().remove(0).get_mapi_session().await)
        });
        rows.row(format!("{kind}, a session it had before the end"), Code::InvalidObject, move |b| async move {
            let (session, own) = of_provider(&b, service).await;
            session.logoff(LogoffFlags::empty()).await.unwrap();
            code(own.get_status_table(GetStatusTableFlags::empty()).await)
        });
    }
    rows.row("one of two clients has logged off", "Work", |b| async move {
        b.add("wire").await;
        let first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let _second = b.logon("Work", LogonFlags::empty()).await.unwrap();
        first.get_status_table(GetStatusTableFlags::empty()).await.unwrap();
        first.logoff(LogoffFlags::empty()).await.unwrap();
        on(b.providers.supports().remove(0).get_mapi_session().await).await
    });
    for (flag, how) in [("no flag", LogoffFlags::empty()), ("MAPI_LOGOFF_SHARED", LogoffFlags::MAPI_LOGOFF_SHARED)] {
        rows.row(format!("Logoff through it, {flag}"), "MAPI_E_NO_ACCESS, then S_OK", move |b| async move {
            let (session, own) = of_provider(&b, "wire").await;
            let refused = code(own.logoff(how).await);
            format!("{refused}, then {}", code(session.get_status_table(GetStatusTableFlags::empty()).await))
        });
    }
    rows.row("its handle goes, the session stays", Code::SOk, |b| async move {
        let (session, own) = of_provider(&b, "wire").await;
        drop(own);
        b.turns().await;
        code(session.get_status_table(GetStatusTableFlags::empty()).await)
    });
    rows.row("its last error is its own", "client: true, provider: false", |b| async move {
        let (session, own) = of_provider(&b, "wire").await;
        let failed = code(session.open_entry(&[7; 30], mapi_session::flags::SessionOpenEntryFlags::empty(), None).await);
        let client = session.get_last_error(failed).await.unwrap().is_some();
        let provider = own.get_last_error(failed).await.unwrap().is_some();
        format!("client: {client}, provider: {provider}")
    });
    rows.row("what it opens is there", "1 store", |b| async move {
        let (_session, own) = of_provider(&b, "store").await;
        format!("{} store", store_table(&own).await.get_row_count().await.unwrap().value)
    });
    rows.raw("an opening that never was", Code::InvalidObject, || code(raw::subsystem().session_of_provider(0)));
    rows.raw("not initialised", Code::NotInitialized, || {
        code(RawSubsystem::new(Rc::new(MemoryHost::new())).session_of_provider(0))
    });
}
