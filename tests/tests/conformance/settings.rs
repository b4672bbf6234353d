//! What providers do with their status objects (`status` 4 to 4.3): SettingsDialog and ChangePassword, of the engine's
//! objects too, properties that are set, and the state of stores and address books.

use crate::bench::{Bench, shown, status_id, status_named, status_table, text, value};
use crate::raw;
use crate::status::{ENGINE, named};
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_session::flags::{LogonFlags, SessionOpenEntryFlags, SettingsDialogFlags, ValidateStateFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Entry, Session, StatusObject};
use mapi_tests::configured_provider::{ABLE, FAILS_WITH, HAS_STATUS, IN_METHOD};

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
    properties(rows);
    states(rows);
}

/// The status object of a provider that has one of its own, opened like that.
async fn own(bench: &Bench, service: &str, told: &[(PropTag, Value)], how: SessionOpenEntryFlags) -> (Session, StatusObject) {
    let has = [(HAS_STATUS, Value::Boolean(true)), (ABLE, Value::Long(0x1))];
    bench.add_told(service, &[&has, told].concat()).await;
    let session = bench.session(&[]).await;
    let id = status_id(&session, service).await;
    match session.open_entry(&id, how, None).await.unwrap().object {
        Entry::Status(object) => (session, object),
        other => panic!("not a status object: {other:?}"),
    }
}

/// Sets values, and says what became of each.
async fn set(object: &StatusObject, values: Vec<(PropTag, Value)>) -> String {
    let values = values.into_iter().map(|(tag, value)| Property::new(tag, value)).collect();
    match object.properties().await.unwrap().set_props(values).await {
        Ok(problems) => problems.iter().map(|problem| problem.code.to_string()).collect::<Vec<_>>().join(", "),
        Err(failure) => format!("{} for all", failure.code()),
    }
}

/// Writing the objects of providers (`status` 4).
fn properties(rows: &mut Rows) {
    let (write, best, read) =
        (SessionOpenEntryFlags::MAPI_MODIFY, SessionOpenEntryFlags::MAPI_BEST_ACCESS, SessionOpenEntryFlags::empty());
    rows.of("status 4", "IMAPIStatus as IMAPIProp");
    for (kind, service) in PROVIDERS.into_iter().take(2) {
        for (name, tag) in [("PR_DISPLAY_NAME", tags::DISPLAY_NAME), ("PR_PROVIDER_DISPLAY", tags::PROVIDER_DISPLAY)] {
            for (flag, how, expected) in [
                ("MAPI_MODIFY", write, ": x"),
                ("MAPI_BEST_ACCESS", best, ": x"),
                ("no flag", read, "MAPI_E_NO_ACCESS for all"),
            ] {
                rows.row(format!("{kind}, {flag}: {name} is set"), expected, move |b| async move {
                    let (_session, object) = own(&b, service, &[], how).await;
                    let done = set(&object, vec![(tag, text("x"))]).await;
                    let held = shown(&value(&object.properties().await.unwrap(), tag).await);
                    if done.is_empty() { format!("{done}: {held}") } else { done }
                });
            }
        }
        for (name, tag, given) in [
            ("PR_STATUS_CODE", tags::STATUS_CODE, Value::Long(0)),
            ("PR_RESOURCE_METHODS", tags::RESOURCE_METHODS, Value::Long(0)),
            ("PR_RESOURCE_TYPE", tags::RESOURCE_TYPE, Value::Long(0)),
            ("PR_RESOURCE_FLAGS", tags::RESOURCE_FLAGS, Value::Long(0)),
            ("PR_PROVIDER_DLL_NAME", tags::PROVIDER_DLL_NAME, text("x")),
            ("PR_OBJECT_TYPE", tags::OBJECT_TYPE, Value::Long(0)),
        ] {
            let call = format!("{kind}: {name} is set, and PR_DISPLAY_NAME with it");
            rows.row(call, "MAPI_E_COMPUTED", move |b| {
                let given = given.clone();
                async move {
                    let (_session, object) = own(&b, service, &[], write).await;
                    set(&object, vec![(tag, given), (tags::DISPLAY_NAME, text("x"))]).await
                }
            });
        }
        rows.row(format!("{kind}: one value the provider does not take"), "MAPI_E_INVALID_TYPE", move |b| async move {
            let (_session, object) = own(&b, service, &[], write).await;
            set(&object, vec![(PropTag(0x6601_0003), Value::Long(1)), (tags::DISPLAY_NAME, text("x"))]).await
        });
        rows.row(format!("{kind}: DeleteProps"), "MAPI_E_NO_ACCESS", move |b| async move {
            let (_session, object) = own(&b, service, &[], write).await;
            let problems = object.properties().await.unwrap().delete_props(&[tags::PROVIDER_DISPLAY]).await.unwrap();
            problems.iter().map(|problem| problem.code.to_string()).collect::<Vec<_>>().join(", ")
        });
        for (answer, expected) in [
            ("MAPI_E_NO_SUPPORT", Code::NoAccess),
            ("MAPI_E_NO_ACCESS", Code::NoAccess),
            ("MAPI_E_NETWORK_ERROR", Code::NetworkError),
            ("MAPI_E_BUSY", Code::Busy),
            ("0x80090001", Code::CallFailed),
        ] {
            rows.row(format!("{kind} answers {answer}"), format!("{expected} for all"), move |b| async move {
                let told = [(IN_METHOD, text("set_status_properties")), (FAILS_WITH, text(answer))];
                let (_session, object) = own(&b, service, &told, write).await;
                set(&object, vec![(tags::DISPLAY_NAME, text("x"))]).await
            });
        }
    }
    for (kind, service) in PROVIDERS {
        rows.row(format!("{kind} without an object of its own, MAPI_MODIFY"), "MAPI_E_NO_ACCESS for all", move |b| async move {
            b.add(service).await;
            let session = b.session(&[]).await;
            let id = status_id(&session, service).await;
            let Entry::Status(object) = session.open_entry(&id, write, None).await.unwrap().object else { panic!("no object") };
            set(&object, vec![(tags::DISPLAY_NAME, text("x"))]).await
        });
    }
}

/// ValidateState of stores and address books (`status` 4.1).
fn states(rows: &mut Rows) {
    let none = ValidateStateFlags::empty();
    rows.of("status 4.1", "IMAPIStatus::ValidateState");
    for (kind, service) in PROVIDERS.into_iter().take(2) {
        rows.row(format!("{kind} whose row says that it can"), Code::SOk, move |b| async move {
            let (_session, object) = own(&b, service, &[], SessionOpenEntryFlags::empty()).await;
            code(object.validate_state(none).await)
        });
        for (answer, expected) in ANSWERS {
            rows.row(format!("{kind} answers {answer}"), expected, move |b| async move {
                let told = [(IN_METHOD, text("validate")), (FAILS_WITH, text(answer))];
                let (_session, object) = own(&b, service, &told, SessionOpenEntryFlags::empty()).await;
                code(object.validate_state(none).await)
            });
        }
        rows.row(format!("{kind} that is asked with all others"), Code::NetworkError, move |b| async move {
            let told = [(IN_METHOD, text("validate")), (FAILS_WITH, text("MAPI_E_NETWORK_ERROR"))];
            let (session, _object) = own(&b, service, &told, SessionOpenEntryFlags::empty()).await;
            code(status_named(&session, "Work").await.validate_state(none).await)
        });
    }
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
