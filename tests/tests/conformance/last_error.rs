//! GetLastError of every object, and how codes are passed on (`errors` 1, 3).

use crate::bench::{Bench, NOBODY, REFUSAL, open_store, status_named, status_table, text};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_session::error::MapiError;
use mapi_session::flags::{self, CreateMsgServiceFlags, OpenMsgStoreFlags};
use mapi_session::properties::{Property, Value};
use mapi_session::tables::Bookmark;
use mapi_tests::configured_provider::{FAILS_WITH, IN_METHOD};

fn said(error: Option<MapiError>) -> String {
    error.map_or_else(|| "nothing".to_owned(), |error| if error.error.is_empty() { "empty".to_owned() } else { "a text".to_owned() })
}

pub(super) fn rows(rows: &mut Rows) {
    session(rows);
    others(rows);
    passed_on(rows);
}

fn session(rows: &mut Rows) {
    rows.of("errors 3", "IMAPISession::GetLastError");
    rows.row("nothing failed yet", "nothing", |b| async move {
        said(b.session(&[]).await.get_last_error(Code::NotFound).await.unwrap())
    });
    rows.row("of the code just received", "a text", |b| async move {
        let session = b.session(&["nowhere"]).await;
        let failed = code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await);
        said(session.get_last_error(failed).await.unwrap())
    });
    rows.row("of another code", "nothing", |b| async move {
        let session = b.session(&["nowhere"]).await;
        open_store(&session, 0, OpenMsgStoreFlags::empty()).await.unwrap_err();
        said(session.get_last_error(Code::Busy).await.unwrap())
    });
    rows.row("twice", "a text, a text", |b| async move {
        let session = b.session(&["nowhere"]).await;
        let failed = code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await);
        let first = said(session.get_last_error(failed).await.unwrap());
        format!("{first}, {}", said(session.get_last_error(failed).await.unwrap()))
    });
    rows.row("after a call that succeeded", "a text", |b| async move {
        let session = b.session(&["nowhere"]).await;
        let failed = code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await);
        status_table(&session).await;
        said(session.get_last_error(failed).await.unwrap())
    });
    rows.row("after an argument error", "a text, nothing", |b| async move {
        let session = b.session(&["nowhere"]).await;
        let failed = code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await);
        let argument = code(session.open_entry(&[], flags::SessionOpenEntryFlags::empty(), None).await);
        let first = said(session.get_last_error(failed).await.unwrap());
        format!("{first}, {}", said(session.get_last_error(argument).await.unwrap()))
    });
    rows.row("after another failure", "nothing, a text", |b| async move {
        let session = b.session(&["nowhere"]).await;
        let failed = code(open_store(&session, 0, OpenMsgStoreFlags::empty()).await);
        let again = code(session.open_entry(&[7; 30], flags::SessionOpenEntryFlags::empty(), None).await);
        let first = said(session.get_last_error(failed).await.unwrap());
        format!("{first}, {}", said(session.get_last_error(again).await.unwrap()))
    });
    rows.row("of another handle of the session", "nothing", |b| async move {
        b.add("nowhere").await;
        let first = b.logon("Work", flags::LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let second = b.logon("Work", flags::LogonFlags::empty()).await.unwrap();
        let failed = code(open_store(&first, 0, OpenMsgStoreFlags::empty()).await);
        said(second.get_last_error(failed).await.unwrap())
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(raw::UNICODE, |flags| code(session.get_last_error(Code::NotFound, flags)))
    });
}

/// Each object keeps its own.
fn others(rows: &mut Rows) {
    rows.of("errors 3", "GetLastError of other objects");
    rows.row("IProfAdmin", "a text", |b| async move {
        let failed = code(b.admin.delete_profile("Nobody").await);
        said(b.admin.get_last_error(failed).await.unwrap())
    });
    rows.row("IMsgServiceAdmin", "a text", |b| async move {
        let failed = code(b.work.create_msg_service_ex("nothing", None, CreateMsgServiceFlags::empty()).await);
        said(b.work.get_last_error(failed).await.unwrap())
    });
    rows.row("IMsgServiceAdmin, what IProfAdmin was asked", "nothing", |b| async move {
        let failed = code(b.admin.delete_profile("Nobody").await);
        said(b.work.get_last_error(failed).await.unwrap())
    });
    rows.row("IMsgServiceAdmin, MAPI_E_EXTENDED_ERROR", "Service catalogue: the licence has run out", |b| async move {
        let uid = b.add("pair").await;
        let failed = code(b.work.configure_msg_service(uid, vec![Property::new(REFUSAL, Value::Long(1))]).await);
        let error = b.work.get_last_error(failed).await.unwrap().unwrap();
        format!("{}: {}", error.component, error.error)
    });
    rows.row("IProviderAdmin", "a text", |b| async move {
        let uid = b.add("pair").await;
        let admin = b.work.admin_providers(uid).await.unwrap();
        let failed = code(admin.delete_provider(NOBODY).await);
        said(admin.get_last_error(failed).await.unwrap())
    });
    rows.row("IProfSect", "a text", |b| async move {
        let session = b.session(&[]).await;
        let section = session.open_profile_section(Some(NOBODY), flags::OpenProfileSectionFlags::MAPI_MODIFY).await.unwrap();
        let failed = code(section.get_ids_from_names(None, flags::GetIdsFromNamesFlags::empty()).await);
        said(section.get_last_error(failed).await.unwrap())
    });
    rows.row("IMAPIStatus", "a text", |b| async move {
        let session = b.session(&[]).await;
        let spooler = status_named(&session, "MAPI Spooler").await;
        let failed = code(spooler.change_password("old", "new").await);
        said(spooler.get_last_error(failed).await.unwrap())
    });
    rows.row("IMAPITable", "a text", |b| async move {
        let table = status_table(&b.session(&[]).await).await;
        let failed = code(table.free_bookmark(Bookmark(77)).await);
        said(table.get_last_error(failed).await.unwrap())
    });
    rows.row("IAddrBook", "a text", |b| async move {
        let book = b.session(&["book"]).await.open_address_book(flags::OpenAddressBookFlags::empty()).await.unwrap().value;
        let failed = code(book.open_entry(Some(&[7; 30]), flags::AddressBookOpenEntryFlags::empty(), None).await);
        said(book.get_last_error(failed).await.unwrap())
    });
    for object in ["IProfAdmin", "IMsgServiceAdmin", "IMAPIStatus"] {
        rows.raw(format!("{object}, every undefined flag"), Code::UnknownFlags, move || {
            let (subsystem, session) = raw::session();
            let admin = subsystem.admin_profiles(0).unwrap();
            let services = admin.admin_services("Work", None, 0, 0).unwrap();
            let status = raw::status(&session, 1);
            raw::undefined(raw::UNICODE, |flags| match object {
                "IProfAdmin" => code(admin.get_last_error(Code::NotFound, flags)),
                "IMsgServiceAdmin" => code(services.get_last_error(Code::NotFound, flags)),
                _ => code(status.get_last_error(Code::NotFound, flags)),
            })
        });
    }
}

/// The codes of a provider's method, as the client gets them.
fn passed_on(rows: &mut Rows) {
    let told = |b: Bench, code_name: String| async move {
        b.add_told("told wire", &[(IN_METHOD, text("flush")), (FAILS_WITH, text(&code_name))]).await;
        let session = b.session(&[]).await;
        status_table(&session).await;
        b.turns().await;
        let object = status_named(&session, "told wire").await;
        let failed = code(object.flush_queues(None, flags::FlushQueuesFlags::FLUSH_UPLOAD).await);
        let error = object.get_last_error(failed).await.unwrap();
        let said = error.map_or_else(|| "nothing".to_owned(), |error| format!("{} ({:#x})", error.component, error.low_level));
        format!("{failed}: {said}")
    };
    rows.of("errors 1", "a provider's code");
    for code in [
        Code::NetworkError,
        Code::Offline,
        Code::Timeout,
        Code::Reconnected,
        Code::EndOfSession,
        Code::DiskError,
        Code::NotEnoughDisk,
        Code::CorruptData,
        Code::CorruptStore,
        Code::ObjectDeleted,
        Code::UnableToComplete,
        Code::StoreFull,
        Code::LockidLimit,
        Code::NonStandard,
        Code::StgEMediumfull,
        Code::ProfileDeleted,
        Code::SessionLimit,
        Code::BadValue,
        Code::NoSuppress,
        Code::TableEmpty,
        Code::Wait,
        Code::Cancel,
        // The engine answers these for a provider alone.
        Code::BadCharwidth,
        Code::BadColumn,
        Code::TypeNoSupport,
        Code::NamedPropQuotaExceeded,
        Code::StgEReverted,
    ] {
        let name = code.to_string();
        rows.row(format!("{code} of a method"), format!("{code}: told wire (0x0)"), move |b| told(b, name.clone()));
    }
    rows.row("a code nobody has a name for, of the interface facility", "0x8004FFFF: told wire (0x0)", move |b| {
        told(b, "0x8004FFFF".into())
    });
    rows.row("a code of the RPC facility", "0x800106BA: told wire (0x0)", move |b| told(b, "0x800106BA".into()));
    rows.row("a code of the operating system", "0x80070020: told wire (0x0)", move |b| told(b, "0x80070020".into()));
    rows.row("a code of a foreign facility", "MAPI_E_CALL_FAILED: told wire (0x80090001)", move |b| told(b, "0x80090001".into()));
}
