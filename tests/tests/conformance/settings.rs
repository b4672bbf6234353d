//! SettingsDialog and ChangePassword (`status` 4.2, 4.3): of the engine's objects, and of providers whose rows say that
//! they can.

use crate::bench::{Bench, status_named, status_table, text};
use crate::raw;
use crate::status::{ENGINE, named};
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_session::StatusObject;
use mapi_session::flags::{LogonFlags, SettingsDialogFlags};
use mapi_session::properties::Value;
use mapi_tests::configured_provider::{ABLE, FAILS_WITH, IN_METHOD};

/// `STATUS_SETTINGS_DIALOG`, `STATUS_CHANGE_PASSWORD`.
const BOTH: i32 = 0x6;

/// A provider of each kind, by the name of its service.
const PROVIDERS: [(&str, &str); 3] = [("a store", "told store"), ("an address book", "told book"), ("a transport", "told wire")];

/// What providers answer, and what the client is told.
const ANSWERS: [(&str, Code); 7] = [
    ("MAPI_E_USER_CANCEL", Code::UserCancel),
    ("MAPI_E_NO_ACCESS", Code::NoAccess),
    ("MAPI_E_NO_SUPPORT", Code::NoSupport),
    ("MAPI_E_BUSY", Code::Busy),
    ("MAPI_E_NETWORK_ERROR", Code::NetworkError),
    ("MAPI_E_CALL_FAILED", Code::CallFailed),
    ("0x80090001", Code::CallFailed),
];

/// The status object of a provider that can do both, on a host with a user interface.
async fn able(bench: &Bench, service: &str) -> (mapi_session::Session, StatusObject) {
    bench.presenter.appear();
    bench.add_told(service, &[(ABLE, Value::Long(BOTH))]).await;
    named(bench, &[], service).await
}

/// The same, one of whose methods answers like that.
async fn answering(bench: &Bench, service: &str, method: &str, answer: &str) -> (mapi_session::Session, StatusObject) {
    bench.presenter.appear();
    let told = [(ABLE, Value::Long(BOTH)), (IN_METHOD, text(method)), (FAILS_WITH, text(answer))];
    bench.add_told(service, &told).await;
    named(bench, &[], service).await
}

pub(super) fn rows(rows: &mut Rows) {
    settings(rows);
    passwords(rows);
}

fn settings(rows: &mut Rows) {
    let none = SettingsDialogFlags::empty();
    rows.of("status 4.2", "IMAPIStatus::SettingsDialog");
    for (at, name) in ENGINE.into_iter().enumerate() {
        rows.row(name, Code::NoSupport, move |b| async move {
            b.presenter.appear();
            let (_session, object) = named(&b, &[], name).await;
            code(object.settings_dialog(none).await)
        });
        rows.raw(format!("{name}, every undefined flag"), Code::UnknownFlags, move || {
            let (_subsystem, session) = raw::session();
            let object = raw::status(&session, at);
            raw::undefined(0x1, |flags| code(object.settings_dialog(0, flags)))
        });
    }
    for (flag, how, given) in [("no flag", none, 0), ("UI_READONLY", SettingsDialogFlags::UI_READONLY, 1)] {
        rows.row(format!("a transport, {flag}"), format!("S_OK, given [{given}]"), move |b| async move {
            let (_session, object) = able(&b, "told wire").await;
            let done = code(object.settings_dialog(how).await);
            let wires = b.providers.wires();
            let given = wires.iter().flat_map(|wire| wire.wire().settings.clone()).collect::<Vec<_>>();
            format!("{done}, given {given:?}")
        });
    }
    for (kind, service) in PROVIDERS {
        rows.row(format!("{kind}, its row does not say so"), Code::NoSupport, move |b| async move {
            b.presenter.appear();
            let (_session, object) = named(&b, &[service], service).await;
            code(object.settings_dialog(none).await)
        });
        rows.row(format!("{kind}, no user interface"), "MAPI_E_NO_SUPPORT, nobody is asked", move |b| async move {
            let told = [(ABLE, Value::Long(BOTH)), (IN_METHOD, text("settings_dialog")), (FAILS_WITH, text("MAPI_E_BUSY"))];
            b.add_told(service, &told).await;
            let (_session, object) = named(&b, &[], service).await;
            match code(object.settings_dialog(none).await) {
                Code::Busy => "the provider is asked".to_owned(),
                other => format!("{other}, nobody is asked"),
            }
        });
        for (answer, told) in ANSWERS {
            rows.row(format!("{kind} that answers {answer}"), told, move |b| async move {
                let (_session, object) = answering(&b, service, "settings_dialog", answer).await;
                code(object.settings_dialog(none).await)
            });
        }
    }
    for (kind, service) in PROVIDERS.into_iter().take(2) {
        rows.row(format!("{kind}, for a service"), Code::NoSupport, move |b| async move {
            b.presenter.appear();
            b.add_told(service, &[(ABLE, Value::Long(BOTH)), (IN_METHOD, text("settings_dialog")), (FAILS_WITH, text("MAPI_E_BUSY"))])
                .await;
            let session = b.logon("Work", LogonFlags::MAPI_NT_SERVICE).await.unwrap();
            status_table(&session).await;
            code(status_named(&session, service).await.settings_dialog(none).await)
        });
        rows.row(format!("{kind}, its row promises what it cannot do"), Code::NoSupport, move |b| async move {
            let (_session, object) = able(&b, service).await;
            code(object.settings_dialog(none).await)
        });
    }
    rows.row("the object of a handle that logged off", Code::InvalidObject, move |b| async move {
        let (session, object) = able(&b, "told wire").await;
        session.logoff(mapi_session::flags::LogoffFlags::empty()).await.unwrap();
        code(object.settings_dialog(none).await)
    });
}

fn passwords(rows: &mut Rows) {
    rows.of("status 4.3", "IMAPIStatus::ChangePassword");
    rows.row("a transport", "S_OK, given old and new", |b| async move {
        let (_session, object) = able(&b, "told wire").await;
        let done = code(object.change_password("old", "new").await);
        let wires = b.providers.wires();
        let given = wires.iter().flat_map(|wire| wire.wire().passwords.clone()).collect::<Vec<_>>();
        format!("{done}, given {}", given.iter().map(|(old, new)| format!("{old} and {new}")).collect::<Vec<_>>().join(", "))
    });
    rows.row("a transport, no user interface", Code::SOk, |b| async move {
        b.add_told("told wire", &[(ABLE, Value::Long(BOTH))]).await;
        let (_session, object) = named(&b, &[], "told wire").await;
        code(object.change_password("old", "new").await)
    });
    for (kind, service) in PROVIDERS {
        rows.row(format!("{kind}, its row does not say so"), Code::NoSupport, move |b| async move {
            let (_session, object) = named(&b, &[service], service).await;
            code(object.change_password("old", "new").await)
        });
        for (answer, told) in ANSWERS {
            rows.row(format!("{kind} that answers {answer}"), told, move |b| async move {
                let (_session, object) = answering(&b, service, "change_password", answer).await;
                code(object.change_password("old", "new").await)
            });
        }
    }
    for (kind, service) in PROVIDERS.into_iter().take(2) {
        rows.row(format!("{kind}, its row promises what it cannot do"), Code::NoSupport, move |b| async move {
            let (_session, object) = able(&b, service).await;
            code(object.change_password("old", "new").await)
        });
    }
    rows.row("the object of a handle that logged off", Code::InvalidObject, |b| async move {
        let (session, object) = able(&b, "told wire").await;
        session.logoff(mapi_session::flags::LogoffFlags::empty()).await.unwrap();
        code(object.change_password("old", "new").await)
    });
}
