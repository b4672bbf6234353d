//! What a person is asked at logon and logoff (`session` 2.1 to 2.3, 3, 4), and what the answers do.

use crate::bench::{Bench, engine, open_store, status_table};
use crate::desk::{Desk, cancelled};
use crate::logon::on;
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::backend::ConfigureContext;
use mapi_engine::error::Code;
use mapi_session::error::Failure;
use mapi_session::flags::{self, LogoffFlags, LogonFlags};
use mapi_session::{Limits, LogonOptions, Session};
use mapi_tests::configured_provider::{FAILS_WITH, TIMES};

const UI: LogonFlags = LogonFlags::MAPI_LOGON_UI;

/// Who there is to be asked, and what they say.
#[derive(Clone, Copy)]
enum Person {
    /// The host has no user interface.
    Nobody,
    Cancels,
    Chooses(&'static str),
}

impl Person {
    fn sits_at(self, bench: &Bench) {
        match self {
            Self::Nobody => {}
            Self::Cancels => bench.presenter.answer_profile(cancelled()),
            Self::Chooses(name) => bench.presenter.answer_profile(Ok(name.to_owned())),
        }
    }
}

/// The profiles a person was offered, and in brackets the one preselected.
fn offered(bench: &Bench) -> String {
    let choices = bench.presenter.choices();
    let shown = choices.iter().map(|choice| {
        let names = choice.profiles.join(" or ");
        choice.preselected.as_ref().map_or_else(|| names.clone(), |name| format!("{names} ({name})"))
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { "not asked".to_owned() } else { format!("asked: {}", shown.join(", ")) }
}

async fn nameless(bench: Bench, person: Person, how: LogonFlags) -> String {
    person.sits_at(&bench);
    let outcome = on(bench.logon_nameless(None, how).await).await;
    format!("{outcome}, {}", offered(&bench))
}

pub(super) fn rows(rows: &mut Rows) {
    table(rows);
    choices(rows);
    permissions(rows);
    configuration(rows);
    pending(rows);
}

/// Every line of the table, with each person there may be.
fn table(rows: &mut Rows) {
    rows.of("session 2.3", "MAPILogonEx");
    let (default, explicit) = (LogonFlags::MAPI_USE_DEFAULT, LogonFlags::MAPI_EXPLICIT_PROFILE);
    let combinations = [
        ("LOGON_UI", UI),
        ("LOGON_UI, USE_DEFAULT", UI | default),
        ("LOGON_UI, EXPLICIT_PROFILE", UI | explicit),
        ("LOGON_UI, USE_DEFAULT, EXPLICIT_PROFILE", UI | default | explicit),
    ];
    let people = [
        ("chosen", Person::Chooses("Work"), "Work"),
        ("cancelled", Person::Cancels, "MAPI_E_USER_CANCEL"),
        ("no user interface", Person::Nobody, "MAPI_E_LOGON_FAILED"),
    ];
    for (flag, how) in combinations {
        for (answer, person, outcome) in people {
            for has_default in [false, true] {
                let takes_default = has_default && how.contains(default);
                let is_asked = !takes_default && !matches!(person, Person::Nobody);
                let preselected = if has_default && !how.contains(explicit) { "asked: Work or Home (Home)" } else { "asked: Work or Home" };
                let outcome = if takes_default { "Home" } else { outcome };
                let expected = format!("{outcome}, {}", if is_asked { preselected } else { "not asked" });
                let known = if has_default { "a default profile" } else { "no default profile" };
                for (name, profile) in [("no name", None), ("an empty name", Some(""))] {
                    rows.row(format!("{name}, {flag}, {known}, {answer}"), expected.clone(), move |b| async move {
                        if has_default {
                            b.admin.set_default_profile(Some("Home")).await.unwrap();
                        }
                        person.sits_at(&b);
                        let outcome = on(b.logon_nameless(profile, how).await).await;
                        format!("{outcome}, {}", offered(&b))
                    });
                }
            }
            rows.row(format!("a name, {flag}, {answer}"), "Home, not asked", move |b| async move {
                person.sits_at(&b);
                let outcome = on(b.logon_nameless(Some("Home"), how).await).await;
                format!("{outcome}, {}", offered(&b))
            });
        }
    }
}

fn choices(rows: &mut Rows) {
    let failed = "MAPI_E_LOGON_FAILED, asked: Work or Home";
    let long: &'static str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for (name, chosen, expected) in [
        ("other case", "hOME", "Home, asked: Work or Home"),
        ("an unknown name", "Nobody", failed),
        ("no name", "", failed),
        ("65 characters", long, failed),
        ("a leading space", " Work", failed),
    ] {
        rows.row(format!("LOGON_UI, {name} chosen"), expected, move |b| nameless(b, Person::Chooses(chosen), UI));
    }
    rows.row("LOGON_UI, a profile marked for deletion is not offered", "Home, asked: Home", |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        Person::Chooses("Home").sits_at(&b);
        let outcome = on(b.logon_nameless(None, UI | LogonFlags::MAPI_NEW_SESSION).await).await;
        format!("{outcome}, {}", offered(&b))
    });
    rows.row("LOGON_UI, cancelled: there is no session to join", "Home", |b| async move {
        Person::Cancels.sits_at(&b);
        b.logon_nameless(None, UI | LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap_err();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("LOGON_UI, cancelled: the failure comes with its MAPIERROR", (Code::UserCancel, "MAPI"), |b| async move {
        Person::Cancels.sits_at(&b);
        let asked = LogonOptions { profile: None, flags: UI };
        let failed = b.subsystem.logon(asked).await.unwrap_err();
        (failed.failure.code(), failed.error.unwrap().component)
    });
    rows.of("session 2.1", "MAPILogonEx");
    for (name, how, expected) in [
        ("LOGON_UI: application profiles are not offered", UI, "App, asked: Work or Home"),
        ("LOGON_UI, APP_PROFILE: they are", UI | LogonFlags::MAPI_APP_PROFILE, "App, asked: Work or Home or App"),
    ] {
        rows.row(name, expected, move |b| async move {
            b.admin.create_profile("App", flags::CreateProfileFlags::MAPI_APP_PROFILE).await.unwrap();
            nameless(b, Person::Chooses("App"), how).await
        });
    }
    let nobody = "MAPI_E_LOGON_FAILED, not asked";
    for (name, how) in [
        ("no flag", LogonFlags::empty()),
        ("PASSWORD_UI", LogonFlags::MAPI_PASSWORD_UI),
        ("SERVICE_UI_ALWAYS alone", LogonFlags::MAPI_SERVICE_UI_ALWAYS),
        ("LOGON_UI, NT_SERVICE", UI | LogonFlags::MAPI_NT_SERVICE),
        ("PASSWORD_UI, NT_SERVICE", LogonFlags::MAPI_PASSWORD_UI | LogonFlags::MAPI_NT_SERVICE),
    ] {
        rows.row(format!("no name, {name}, a user interface"), nobody, move |b| nameless(b, Person::Chooses("Work"), how));
    }
    rows.row("no name, LOGON_UI, MAPI_NT_SERVICE at MAPIInitialize", nobody, |b| async move {
        Person::Chooses("Work").sits_at(&b);
        let service = engine().instantiate(&b.backends, Limits::default()).await.unwrap();
        service.initialize(Some(flags::InitializeFlags::MAPI_NT_SERVICE)).await.unwrap();
        let logon = service.logon(LogonOptions { profile: None, flags: UI }).await.map_err(Failure::from);
        format!("{}, {}", on(logon).await, offered(&b))
    });
    rows.of("session 2.2", "MAPILogonEx");
    rows.row("LOGON_UI, no name, a session is shared", "Work, not asked", |b| async move {
        let _first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        nameless(b, Person::Chooses("Home"), UI).await
    });
    rows.row("LOGON_UI, NEW_SESSION, no name, a session is shared", "Home, asked: Work or Home", |b| async move {
        let _first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        nameless(b, Person::Chooses("Home"), UI | LogonFlags::MAPI_NEW_SESSION).await
    });
}

/// Whether providers may ask for credentials.
fn permissions(rows: &mut Rows) {
    let logons = [
        ("no flag", LogonFlags::empty(), false),
        ("LOGON_UI", UI, true),
        ("PASSWORD_UI", LogonFlags::MAPI_PASSWORD_UI, true),
        ("SERVICE_UI_ALWAYS", LogonFlags::MAPI_SERVICE_UI_ALWAYS, false),
        ("LOGON_UI, NT_SERVICE", UI | LogonFlags::MAPI_NT_SERVICE, false),
        ("PASSWORD_UI, NT_SERVICE", LogonFlags::MAPI_PASSWORD_UI | LogonFlags::MAPI_NT_SERVICE, false),
    ];
    async fn start(session: &Session, service: &str, is_silent: bool) {
        match service {
            "store" => {
                let silent = if is_silent { flags::OpenMsgStoreFlags::MDB_NO_DIALOG } else { flags::OpenMsgStoreFlags::empty() };
                open_store(session, 0, silent).await.unwrap();
            }
            "book" => {
                let silent =
                    if is_silent { flags::OpenAddressBookFlags::AB_NO_DIALOG } else { flags::OpenAddressBookFlags::empty() };
                session.open_address_book(silent).await.unwrap();
            }
            _ => drop(status_table(session).await),
        }
    }
    let may = |allowed: bool| if allowed { "[true]" } else { "[false]" };
    rows.of("session 2.1", "MAPILogonEx");
    for (flag, how, allowed) in logons {
        for (kind, service) in [("a store", "store"), ("an address book", "book"), ("a transport", "wire")] {
            if service == "wire" && how.contains(LogonFlags::MAPI_NT_SERVICE) {
                continue;
            }
            rows.row(format!("{flag}: {kind} may ask for credentials"), may(allowed), move |b| async move {
                b.presenter.appear();
                b.add(service).await;
                start(&b.logon("Work", how).await.unwrap(), service, false).await;
                format!("{:?}", b.providers.permissions())
            });
            if !allowed {
                continue;
            }
            rows.row(format!("{flag}, no user interface: {kind} may not"), may(false), move |b| async move {
                b.add(service).await;
                start(&b.logon("Work", how).await.unwrap(), service, false).await;
                format!("{:?}", b.providers.permissions())
            });
            if service != "wire" {
                rows.row(format!("{flag}, opened without dialogue: {kind} may not"), may(false), move |b| async move {
                    b.presenter.appear();
                    b.add(service).await;
                    start(&b.logon("Work", how).await.unwrap(), service, true).await;
                    format!("{:?}", b.providers.permissions())
                });
            }
        }
    }
    rows.row("PASSWORD_UI: the default store of the status table may not", may(false), |b| async move {
        b.presenter.appear();
        b.add("store").await;
        status_table(&b.logon("Work", LogonFlags::MAPI_PASSWORD_UI).await.unwrap()).await;
        format!("{:?}", b.providers.permissions())
    });
    rows.of("session 2.2", "MAPILogonEx");
    for (name, first, second, allowed) in [
        ("only the other client of the session may be asked", LogonFlags::MAPI_PASSWORD_UI, LogonFlags::empty(), false),
        ("only this client of the session may be asked", LogonFlags::empty(), LogonFlags::MAPI_PASSWORD_UI, true),
    ] {
        rows.row(name, may(allowed), move |b| async move {
            b.presenter.appear();
            b.add("book").await;
            let _first = b.logon("Work", first | LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
            start(&b.logon("Work", second).await.unwrap(), "book", false).await;
            format!("{:?}", b.providers.permissions())
        });
    }
}

/// The configurations that entry points were called for with more than the width of strings.
fn configured(bench: &Bench) -> String {
    let requests = bench.catalogue.requests().into_iter();
    let asked = requests.filter(|request| request.context == ConfigureContext::Configure && request.flags & !raw::UNICODE != 0);
    let asked: Vec<_> = asked.map(|request| format!("{} {:#x}", request.service, request.flags)).collect();
    if asked.is_empty() { "nothing configured".to_owned() } else { asked.join(", ") }
}

fn configuration(rows: &mut Rows) {
    let always = LogonFlags::MAPI_SERVICE_UI_ALWAYS;
    let shown = |b: Bench, services: &'static [&'static str], how: LogonFlags| async move {
        b.presenter.appear();
        for service in services {
            b.add(service).await;
        }
        let done = code(b.logon("Work", how).await);
        format!("{done}, {}", configured(&b))
    };
    rows.of("session 3", "MAPILogonEx");
    let two: &[&str] = &["told store", "told wire"];
    rows.row("LOGON_UI, SERVICE_UI_ALWAYS: every service, in profile order", "S_OK, told store 0x2, told wire 0x2", move |b| {
        shown(b, two, UI | always)
    });
    rows.row("before any provider is logged on", "[]", move |b| async move {
        b.presenter.appear();
        b.add("told store").await;
        let _session = b.logon("Work", UI | always).await.unwrap();
        format!("{:?}", b.providers.logons())
    });
    for (flag, how) in [
        ("LOGON_UI alone", UI),
        ("SERVICE_UI_ALWAYS alone", always),
        ("SERVICE_UI_ALWAYS, PASSWORD_UI", always | LogonFlags::MAPI_PASSWORD_UI),
        ("SERVICE_UI_ALWAYS, LOGON_UI, NT_SERVICE", always | UI | LogonFlags::MAPI_NT_SERVICE),
    ] {
        rows.row(flag, "S_OK, nothing configured", move |b| shown(b, two, how));
    }
    rows.row("LOGON_UI, SERVICE_UI_ALWAYS, no user interface", "S_OK, nothing configured", move |b| async move {
        b.add("told store").await;
        let done = code(b.logon("Work", UI | always).await);
        format!("{done}, {}", configured(&b))
    });
    rows.row("LOGON_UI, SERVICE_UI_ALWAYS, joining", "S_OK, nothing configured", move |b| async move {
        b.presenter.appear();
        b.add("told store").await;
        let _first = b.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let done = code(b.logon("Work", UI | always).await);
        format!("{done}, {}", configured(&b))
    });
    rows.row("LOGON_UI, SERVICE_UI_ALWAYS, no entry point", "S_OK, nothing configured", move |b| shown(b, &["store"], UI | always));
    rows.row("cancelled: the others are not asked", "MAPI_E_USER_CANCEL, declined 0x2", move |b| {
        shown(b, &["declined", "told wire"], UI | always)
    });
    rows.row("cancelled: nobody holds the profile", Code::NotFound, move |b| async move {
        b.presenter.appear();
        b.add("declined").await;
        b.logon("Work", UI | always).await.unwrap_err();
        b.admin.delete_profile("Work").await.unwrap();
        code(b.admin.delete_profile("Work").await)
    });
    rows.row("cancelled: there is no session to join", "Home", move |b| async move {
        b.presenter.appear();
        b.add("declined").await;
        b.logon("Work", UI | always | LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap_err();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("a service that fails to be configured", "S_OK, refusing 0x2, told wire 0x2", move |b| {
        shown(b, &["refusing", "told wire"], UI | always)
    });
    rows.of("session 3.1", "store logon");
    for (name, how, expected) in [
        ("configuration is missing, nobody may be asked", LogonFlags::empty(), "told store 0x20"),
        ("configuration is missing, LOGON_UI", UI, "told store 0x30"),
        ("configuration is missing, PASSWORD_UI", LogonFlags::MAPI_PASSWORD_UI, "told store 0x30"),
    ] {
        rows.row(name, format!("S_OK, {expected}"), move |b| async move {
            b.presenter.appear();
            let told = [
                (FAILS_WITH, crate::bench::text("MAPI_E_UNCONFIGURED")),
                (TIMES, mapi_session::properties::Value::Long(1)),
            ];
            b.add_told("told store", &told).await;
            let session = b.logon("Work", how).await.unwrap();
            let done = code(open_store(&session, 0, flags::OpenMsgStoreFlags::empty()).await);
            format!("{done}, {}", configured(&b))
        });
    }
}

/// The question of a logoff.
fn pending(rows: &mut Rows) {
    /// A session of its own with a message that waits to be sent.
    async fn waiting(bench: &Bench, how: LogonFlags) -> Session {
        bench.add("store").await;
        let desk = Desk::of(bench.logon("Work", how).await.unwrap()).await;
        desk.submit().await;
        desk.session
    }
    async fn outcome(bench: &Bench, session: &Session, how: LogoffFlags) -> String {
        let done = code(session.logoff(how).await);
        let after = code(session.get_msg_stores_table(flags::GetMsgStoresTableFlags::empty()).await);
        format!("{done}, asked {} times, then {after}", bench.presenter.questions().len())
    }
    let with_ui = LogoffFlags::MAPI_LOGOFF_UI;
    rows.of("session 4", "IMAPISession::Logoff");
    for (name, answer, expected) in [
        ("agreed to", Some(true), "S_OK, asked 1 times, then MAPI_E_INVALID_OBJECT"),
        ("refused", Some(false), "MAPI_E_USER_CANCEL, asked 1 times, then S_OK"),
        ("cancelled", None, "MAPI_E_USER_CANCEL, asked 1 times, then S_OK"),
    ] {
        rows.row(format!("MAPI_LOGOFF_UI, a message waits, {name}"), expected, move |b| async move {
            b.presenter.answer_question(answer.map_or_else(cancelled, Ok));
            let session = waiting(&b, LogonFlags::empty()).await;
            outcome(&b, &session, with_ui).await
        });
    }
    let silent = "S_OK, asked 0 times, then MAPI_E_INVALID_OBJECT";
    rows.row("no flag, a message waits", silent, |b| async move {
        b.presenter.appear();
        let session = waiting(&b, LogonFlags::empty()).await;
        outcome(&b, &session, LogoffFlags::empty()).await
    });
    rows.row("MAPI_LOGOFF_UI, nothing waits", silent, move |b| async move {
        b.presenter.appear();
        outcome(&b, &Desk::new(&b).await.session, with_ui).await
    });
    rows.row("MAPI_LOGOFF_UI, a message waits, no user interface", silent, move |b| async move {
        let session = waiting(&b, LogonFlags::empty()).await;
        outcome(&b, &session, with_ui).await
    });
    rows.row("MAPI_LOGOFF_UI, a message waits, a service", silent, move |b| async move {
        b.presenter.appear();
        let _first = waiting(&b, LogonFlags::MAPI_ALLOW_OTHERS).await;
        let service = b.logon("Work", LogonFlags::MAPI_NT_SERVICE).await.unwrap();
        outcome(&b, &service, with_ui).await
    });
    rows.row("both flags, refused: the session is still shared", "Work", move |b| async move {
        b.presenter.answer_question(Ok(false));
        let session = waiting(&b, LogonFlags::MAPI_ALLOW_OTHERS).await;
        session.logoff(LogoffFlags::all()).await.unwrap_err();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("MAPI_LOGOFF_UI, twice refused, then agreed to", "S_OK, asked 3 times, then MAPI_E_INVALID_OBJECT", move |b| async move {
        for answer in [false, false, true] {
            b.presenter.answer_question(Ok(answer));
        }
        let session = waiting(&b, LogonFlags::empty()).await;
        for _ in 0..2 {
            session.logoff(with_ui).await.unwrap_err();
        }
        outcome(&b, &session, with_ui).await
    });
}
