//! MAPILogonEx (`session` 2).

use crate::bench::{Bench, column, shown, status_named, status_table, value};
use crate::raw;
use crate::table::{Rows, code, warned};
use mapi_engine::error::Code;
use mapi_engine::session::logon_flags;
use mapi_session::error::{Failure, Result};
use mapi_session::flags::{self, LogonFlags};
use mapi_session::properties::{PropTag, Value, tags};
use mapi_session::{LogonOptions, Session};

/// The profile a session is on, or the code of the logon.
pub(super) async fn on(logon: Result<Session>) -> String {
    match logon {
        Ok(session) => shown(&column(&status_table(&session).await, tags::DISPLAY_NAME).await[0]),
        Err(failure) => failure.code().to_string(),
    }
}

/// A logon on a bench whose default profile is `Home`.
async fn with_default(bench: Bench, profile: Option<&str>, how: LogonFlags) -> String {
    bench.admin.set_default_profile(Some("Home")).await.unwrap();
    on(bench.logon_nameless(profile, how).await).await
}

pub(super) fn rows(rows: &mut Rows) {
    configuration(rows);
    let no_ui = [
        ("MAPI_NEW_SESSION", LogonFlags::MAPI_NEW_SESSION),
        ("MAPI_APP_PROFILE", LogonFlags::MAPI_APP_PROFILE),
        ("MAPI_ALLOW_OTHERS", LogonFlags::MAPI_ALLOW_OTHERS),
        ("MAPI_EXPLICIT_PROFILE", LogonFlags::MAPI_EXPLICIT_PROFILE),
        ("MAPI_EXTENDED", LogonFlags::MAPI_EXTENDED),
        ("MAPI_USE_DEFAULT", LogonFlags::MAPI_USE_DEFAULT),
        ("MAPI_FORCE_DOWNLOAD", LogonFlags::MAPI_FORCE_DOWNLOAD),
        ("MAPI_NO_MAIL", LogonFlags::MAPI_NO_MAIL),
        ("MAPI_NT_SERVICE", LogonFlags::MAPI_NT_SERVICE),
        ("MAPI_TIMEOUT_SHORT", LogonFlags::MAPI_TIMEOUT_SHORT),
        ("MAPI_BG_SESSION", LogonFlags::MAPI_BG_SESSION),
        ("MAPI_UNICODE", LogonFlags::MAPI_UNICODE),
    ];
    rows.of("session 2.1", "MAPILogonEx");
    rows.row("no flag, a profile", "Work", |b| async move { on(b.logon("Work", LogonFlags::empty()).await).await });
    for (name, how) in no_ui {
        rows.row(format!("{name}, a profile"), "Work", move |b| async move { on(b.logon("Work", how).await).await });
    }
    rows.row("MAPI_LOGON_UI and MAPI_PASSWORD_UI", Code::InvalidParameter, |b| async move {
        code(b.logon("Work", LogonFlags::MAPI_LOGON_UI | LogonFlags::MAPI_PASSWORD_UI).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let subsystem = raw::subsystem();
        raw::undefined(0x8033_B07F, |flags| code(subsystem.logon_ex(0, Some("Work"), None, flags)))
    });
    rows.raw("an undefined flag beside an illegal combination", Code::UnknownFlags, || {
        code(raw::subsystem().logon_ex(0, Some("Work"), None, 0x80 | 0x2_0001))
    });
    choice(rows);
    passwords(rows);
    joining(rows);
    without_mail(rows);
    rows.of("session 2.6", "MAPILogonEx");
    rows.row("a failure comes with its MAPIERROR", (Code::LogonFailed, "MAPI: There is no profile \"Nobody\"."), |b| async move {
        let failed = b.subsystem.logon(LogonOptions::profile("Nobody")).await.unwrap_err();
        let error = failed.error.unwrap();
        (failed.failure.code(), format!("{}: {}", error.component, error.error))
    });
    rows.row("a provider that cannot log on", Code::SOk, |b| async move {
        b.add("nowhere").await;
        code(b.logon("Work", LogonFlags::MAPI_NEW_SESSION).await)
    });
    rows.raw("more handles than a subsystem holds", (Code::LogonFailed, "after 1024"), || {
        let subsystem = raw::subsystem();
        let mut held = Vec::new();
        loop {
            match subsystem.logon_ex(0, Some("Work"), None, logon_flags::MAPI_NEW_SESSION | logon_flags::MAPI_NO_MAIL) {
                Ok(session) => held.push(session),
                Err(failure) => return (failure.code(), format!("after {}", held.len())),
            }
        }
    });
}

/// Which profile a logon means.
fn choice(rows: &mut Rows) {
    rows.of("session 2.3", "MAPILogonEx");
    let default = LogonFlags::MAPI_USE_DEFAULT;
    let explicit = LogonFlags::MAPI_EXPLICIT_PROFILE;
    let combinations = [
        ("no flag", LogonFlags::empty()),
        ("USE_DEFAULT", default),
        ("EXPLICIT_PROFILE", explicit),
        ("USE_DEFAULT and EXPLICIT_PROFILE", default | explicit),
    ];
    for (name, how) in combinations {
        rows.row(format!("a name, {name}"), "Work", move |b| with_default(b, Some("Work"), how));
        let expected = if how.contains(default) { "Home" } else { "MAPI_E_LOGON_FAILED" };
        rows.row(format!("no name, {name}"), expected, move |b| with_default(b, None, how));
        rows.row(format!("an empty name, {name}"), expected, move |b| with_default(b, Some(""), how));
        rows.row(format!("no name, {name}, no default profile"), "MAPI_E_LOGON_FAILED", move |b| async move {
            on(b.logon_nameless(None, how).await).await
        });
    }
    rows.row("the name in other case", "Work", |b| async move { on(b.logon("wORK", LogonFlags::empty()).await).await });
    let refused = [
        ("an unknown name", "Nobody".to_owned()),
        ("65 characters", "x".repeat(65)),
        ("64 characters, unknown", "x".repeat(64)),
        ("a leading space", " Work".to_owned()),
        ("a trailing space", "Work ".to_owned()),
        ("a slash", "Wo/rk".to_owned()),
        ("a NUL", "Work\0".to_owned()),
    ];
    for (name, profile) in refused {
        rows.row(name, Code::LogonFailed, move |b| {
            let profile = profile.clone();
            async move { code(b.logon(&profile, LogonFlags::empty()).await) }
        });
    }
    rows.row("a profile marked for deletion", Code::LogonFailed, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.delete_profile("Work").await.unwrap();
        code(b.logon("Work", LogonFlags::MAPI_NEW_SESSION).await)
    });
    rows.row("an application profile, without MAPI_APP_PROFILE", "App", |b| async move {
        b.admin.create_profile("App", flags::CreateProfileFlags::MAPI_APP_PROFILE).await.unwrap();
        on(b.logon("App", LogonFlags::empty()).await).await
    });
    rows.row("the new name of a profile renamed in use", Code::LogonFailed, |b| async move {
        let _session = b.session(&[]).await;
        b.admin.rename_profile("Work", "Office", flags::RenameProfileFlags::empty()).await.unwrap();
        code(b.logon("Office", LogonFlags::MAPI_NEW_SESSION).await)
    });
}

fn passwords(rows: &mut Rows) {
    rows.of("session 2.4", "MAPILogonEx");
    rows.raw("an empty password", Code::SOk, || code(raw::subsystem().logon_ex(0, Some("Work"), Some(""), 0)));
    rows.raw("a password", Code::LogonFailed, || code(raw::subsystem().logon_ex(0, Some("Work"), Some("x"), 0)));
    rows.raw("a password, joining", Code::SOk, || {
        let subsystem = raw::subsystem();
        let _shared = subsystem.logon_ex(0, Some("Work"), None, logon_flags::MAPI_ALLOW_OTHERS).unwrap();
        code(subsystem.logon_ex(0, Some("Work"), Some("x"), 0))
    });
    rows.raw("a password and an unknown profile", Code::LogonFailed, || {
        code(raw::subsystem().logon_ex(0, Some("Nobody"), Some("x"), 0))
    });
}

/// Sessions that are shared.
fn joining(rows: &mut Rows) {
    rows.of("session 2.2", "MAPILogonEx");
    let shared = LogonFlags::MAPI_ALLOW_OTHERS;
    let joins = [
        ("another profile", Some("Home"), LogonFlags::empty(), "Work"),
        ("an unknown profile", Some("Nobody"), LogonFlags::empty(), "Work"),
        ("no name", None, LogonFlags::empty(), "Work"),
        ("USE_DEFAULT", None, LogonFlags::MAPI_USE_DEFAULT, "Work"),
        ("EXPLICIT_PROFILE", None, LogonFlags::MAPI_EXPLICIT_PROFILE, "Work"),
        ("FORCE_DOWNLOAD", None, LogonFlags::MAPI_FORCE_DOWNLOAD, "Work"),
        ("ALLOW_OTHERS", Some("Home"), shared, "Work"),
        ("NEW_SESSION", Some("Home"), LogonFlags::MAPI_NEW_SESSION, "Home"),
        ("NEW_SESSION, an unknown profile", Some("Nobody"), LogonFlags::MAPI_NEW_SESSION, "MAPI_E_LOGON_FAILED"),
        ("NEW_SESSION and ALLOW_OTHERS", Some("Home"), LogonFlags::MAPI_NEW_SESSION | shared, "Home"),
    ];
    for (name, profile, how, expected) in joins {
        rows.row(format!("{name}, a session is shared"), expected, move |b| async move {
            let _first = b.logon("Work", shared).await.unwrap();
            on(b.logon_nameless(profile, how).await).await
        });
    }
    rows.row("another profile, a session is there but not shared", "Home", |b| async move {
        let _first = b.logon("Work", LogonFlags::empty()).await.unwrap();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("the one that shared has logged off", "Work", move |b| async move {
        let first = b.logon("Work", shared).await.unwrap();
        let _second = b.logon("Home", LogonFlags::empty()).await.unwrap();
        first.logoff(flags::LogoffFlags::empty()).await.unwrap();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("the last of a shared session has logged off", "Home", move |b| async move {
        let first = b.logon("Work", shared).await.unwrap();
        first.logoff(flags::LogoffFlags::empty()).await.unwrap();
        on(b.logon("Home", LogonFlags::empty()).await).await
    });
    rows.row("another session was shared since", "Home", move |b| async move {
        let _first = b.logon("Work", shared).await.unwrap();
        let _other = b.logon("Home", shared | LogonFlags::MAPI_NEW_SESSION).await.unwrap();
        on(b.logon("Work", LogonFlags::empty()).await).await
    });
    rows.row("a session was shared since; its clients go on", "Work", move |b| async move {
        let first = b.logon("Work", shared).await.unwrap();
        let _other = b.logon("Home", shared | LogonFlags::MAPI_NEW_SESSION).await.unwrap();
        on(Ok::<_, Failure>(first)).await
    });
}

/// What a client without mail sees.
fn without_mail(rows: &mut Rows) {
    rows.of("session 2.5", "MAPILogonEx");
    for (name, how) in [("MAPI_NO_MAIL", LogonFlags::MAPI_NO_MAIL), ("MAPI_NT_SERVICE", LogonFlags::MAPI_NT_SERVICE)] {
        let quiet = move |b: Bench| async move {
            b.add("store").await;
            b.add("wire").await;
            let session = b.logon("Work", how).await.unwrap();
            (b, session)
        };
        rows.row(format!("{name}: rows of transports"), "0", move |b| async move {
            let (_b, session) = quiet(b).await;
            let types = column(&status_table(&session).await, tags::RESOURCE_TYPE).await;
            types.iter().filter(|kind| **kind == Value::Long(36)).count().to_string()
        });
        rows.row(format!("{name}: status of the spooler"), "0x4", move |b| async move {
            let (_b, session) = quiet(b).await;
            let spooler = status_named(&session, "MAPI Spooler").await;
            shown(&value(&spooler.properties().await.unwrap(), tags::STATUS_CODE).await)
        });
        rows.row(format!("{name}: EnumAdrTypes"), "[]", move |b| async move {
            let (_b, session) = quiet(b).await;
            format!("{:?}", session.enum_adr_types(flags::EnumAdrTypesFlags::MAPI_UNICODE).await.unwrap())
        });
        rows.row(format!("{name}: QueryDefaultMessageOpt"), Code::NotFound, move |b| async move {
            let (_b, session) = quiet(b).await;
            code(session.query_default_message_opt("SMTP").await)
        });
        rows.row(format!("{name}: with MAPI_FORCE_DOWNLOAD nothing is fetched"), "0 transports", move |b| async move {
            b.add("wire").await;
            let _session = b.logon("Work", how | LogonFlags::MAPI_FORCE_DOWNLOAD).await.unwrap();
            format!("{} transports", b.providers.wires().len())
        });
    }
    rows.row("MAPI_FORCE_DOWNLOAD with mail fetches at once", "[20]", |b| async move {
        b.add("wire").await;
        let _session = b.logon("Work", LogonFlags::MAPI_FORCE_DOWNLOAD).await.unwrap();
        format!("{:?}", b.providers.wires()[0].wire().flushed)
    });
}

/// What a session has of a service that lacks something of its provider's section.
async fn lacking(bench: Bench, service: &'static str, tag: PropTag) -> String {
    bench.add(service).await;
    let uid = bench.provider_keys().await.remove(0);
    bench.section(uid).await.delete_props(&[tag]).await.unwrap();
    let configured = bench.catalogue.requests().len();
    let session = bench.logon("Work", LogonFlags::MAPI_NEW_SESSION).await.unwrap();
    let configured = bench.catalogue.requests().len() - configured;
    let book = warned(session.open_address_book(flags::OpenAddressBookFlags::empty()).await);
    let cells = column(&status_table(&session).await, tags::STATUS_CODE).await;
    format!("configured {configured} times, {book}, {} active, the subsystem shows {}", cells.len() - 3, shown(&cells[0]))
}

/// What is looked at before anything is logged on (`session` 3 step 3).
fn configuration(rows: &mut Rows) {
    rows.of("session 3", "MAPILogonEx");
    let disabled = "MAPI_W_ERRORS_RETURNED, 0 active, the subsystem shows 0x5";
    for (name, tag) in [("PR_DISPLAY_NAME", tags::DISPLAY_NAME), ("PR_PROVIDER_DISPLAY", tags::PROVIDER_DISPLAY)] {
        let expected = format!("configured 0 times, {disabled}");
        rows.row(format!("a provider without {name}, no entry point"), expected, move |b| lacking(b, "book", tag));
        let expected = format!("configured 1 times, {disabled}");
        rows.row(format!("a provider without {name}, its entry point does nothing"), expected, move |b| lacking(b, "pair", tag));
    }
    rows.row("a provider that lacks nothing it must have", "configured 0 times, S_OK, 1 active, the subsystem shows 0x1", |b| {
        lacking(b, "book", tags::COMMENT)
    });
}
