//! The status table and IMAPIStatus (`status`).

use crate::bench::{Bench, column, list, shown, status_id, status_ids, status_named, status_object, status_table, text, value};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::properties::interface::{IID_IMAPISTATUS, IID_IMSGSTORE};
use mapi_session::flags::{self, FlushQueuesFlags, LogonFlags, ValidateStateFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Session, StatusObject};
use mapi_tests::configured_provider::{FAILS_WITH, IN_METHOD};

/// The engine's own rows, in their order.
pub(super) const ENGINE: [&str; 3] = ["Work", "MAPI Spooler", "MAPI Address Book"];
/// `NOTIFY_CRITSEC`.
const CRITSEC: u32 = 0x1000;

const UPLOAD: FlushQueuesFlags = FlushQueuesFlags::FLUSH_UPLOAD;

async fn cells(bench: Bench, services: &'static [&'static str], tag: PropTag) -> String {
    let session = bench.session(services).await;
    list(&column(&status_table(&session).await, tag).await)
}

/// A session with these services, and the status object of that name.
pub(super) async fn named(bench: &Bench, services: &[&str], name: &str) -> (Session, StatusObject) {
    let session = bench.session(services).await;
    status_table(&session).await;
    bench.turns().await;
    let object = status_named(&session, name).await;
    (session, object)
}

pub(super) fn rows(rows: &mut Rows) {
    table(rows);
    objects(rows);
    validate(rows);
    passwords(rows);
    flush(rows);
    without_mail(rows);
}

fn table(rows: &mut Rows) {
    rows.of("status 1", "IMAPISession::GetStatusTable");
    let columns = [
        ("PR_DISPLAY_NAME", tags::DISPLAY_NAME, "Work, MAPI Spooler, MAPI Address Book"),
        ("PR_RESOURCE_TYPE", tags::RESOURCE_TYPE, "0x27, 0x25, 0x22"),
        ("PR_RESOURCE_METHODS", tags::RESOURCE_METHODS, "0x1, 0x9, 0x1"),
        ("PR_RESOURCE_FLAGS", tags::RESOURCE_FLAGS, "0x0, 0x0, 0x0"),
        ("PR_STATUS_CODE", tags::STATUS_CODE, "0x1, 0x1, 0x1"),
        ("PR_OBJECT_TYPE", tags::OBJECT_TYPE, "0xa, 0xa, 0xa"),
        ("PR_IDENTITY_ENTRYID, which they do not have", tags::IDENTITY_ENTRYID, "MAPI_E_NOT_FOUND, MAPI_E_NOT_FOUND, MAPI_E_NOT_FOUND"),
    ];
    for (name, tag, expected) in columns {
        rows.row(format!("no services: {name}"), expected, move |b| cells(b, &[], tag));
    }
    let all: &[&str] = &["store", "book", "wire"];
    let columns = [
        ("PR_RESOURCE_TYPE, by logon", tags::RESOURCE_TYPE, "0x27, 0x25, 0x22, 0x23, 0x24, 0x21"),
        ("PR_DISPLAY_NAME, by logon", tags::DISPLAY_NAME, "Work, MAPI Spooler, MAPI Address Book, book, wire, store"),
    ];
    for (name, tag, expected) in columns {
        rows.row(name, expected, move |b| cells(b, all, tag));
    }
    rows.row("PR_ROWID", "all different", |b| async move {
        let session = b.session(&["store", "book", "wire"]).await;
        let mut ids: Vec<String> = column(&status_table(&session).await, tags::ROWID).await.iter().map(shown).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() == count { "all different".to_owned() } else { ids.join(", ") }
    });
    rows.row("PR_STATUS_STRING of a transport that gives none", "Available", |b| async move {
        let (_session, wire) = named(&b, &["wire"], "wire").await;
        shown(&value(&wire.properties().await.unwrap(), tags::STATUS_STRING).await)
    });
    rows.row("asked for twice", "4, 4", |b| async move {
        let session = b.session(&["wire"]).await;
        let mut counts = Vec::new();
        for _ in 0..2 {
            counts.push(status_table(&session).await.get_row_count().await.unwrap().value.to_string());
        }
        counts.join(", ")
    });
    rows.row("a provider that cannot log on has no row", "3", |b| async move {
        let session = b.session(&["nowhere"]).await;
        status_table(&session).await.get_row_count().await.unwrap().value.to_string()
    });
    for (name, how, expected) in [
        ("no flag: PR_DISPLAY_NAME is 8-bit", flags::GetStatusTableFlags::empty(), "001E"),
        ("MAPI_UNICODE: PR_DISPLAY_NAME is Unicode", flags::GetStatusTableFlags::MAPI_UNICODE, "001F"),
    ] {
        rows.row(name, expected, move |b| async move {
            let table = b.session(&[]).await.get_status_table(how).await.unwrap();
            let columns = table.query_columns(flags::QueryColumnsFlags::empty()).await.unwrap();
            let name = columns.iter().find(|tag| tag.id() == tags::DISPLAY_NAME.id()).unwrap();
            format!("{:04X}", name.0 & 0xFFFF)
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(raw::UNICODE, |flags| code(session.get_status_table(flags)))
    });
    rows.of("status 5", "IMAPISession::GetStatusTable");
    rows.row("SetPrimaryIdentity shows in the rows", "0x4", |b| async move {
        let session = b.session(&["wire"]).await;
        let table = status_table(&session).await;
        let services = session.admin_services().await.unwrap();
        let of_services = services.get_msg_service_table(flags::GetMsgServiceTableFlags::empty()).await.unwrap();
        let key = crate::bench::keys(&of_services, tags::SERVICE_UID).await.remove(0);
        services.set_primary_identity(Some(key)).await.unwrap();
        list(&column(&table, tags::RESOURCE_FLAGS).await[3..])
    });
}

fn objects(rows: &mut Rows) {
    rows.of("status 4", "IMAPIStatus as IMAPIProp");
    for (at, name) in ENGINE.into_iter().enumerate() {
        rows.row(format!("{name}: PR_OBJECT_TYPE"), "0xa", move |b| async move {
            let (_session, object) = named(&b, &[], name).await;
            shown(&value(&object.properties().await.unwrap(), tags::OBJECT_TYPE).await)
        });
        rows.row(format!("{name}: SaveChanges"), Code::SOk, move |b| async move {
            let (_session, object) = named(&b, &[], name).await;
            code(object.properties().await.unwrap().save_changes(flags::SaveChangesFlags::empty()).await)
        });
        rows.row(format!("{name}: SetProps"), Code::NoAccess, move |b| async move {
            let (_session, object) = named(&b, &[], name).await;
            code(object.properties().await.unwrap().set_props(vec![Property::new(tags::DISPLAY_NAME, text("x"))]).await)
        });
        rows.row(format!("{name}: DeleteProps"), Code::NoAccess, move |b| async move {
            let (_session, object) = named(&b, &[], name).await;
            code(object.properties().await.unwrap().delete_props(&[tags::DISPLAY_NAME]).await)
        });
        rows.row(format!("{name}: every column of the row can be read"), "", move |b| async move {
            let session = b.session(&[]).await;
            let table = status_table(&session).await;
            let id = status_ids(&session).await.remove(at);
            let properties = status_object(&session, &id).await.properties().await.unwrap();
            let computed = [tags::ENTRYID, tags::INSTANCE_KEY, tags::ROWID, tags::OBJECT_TYPE].map(PropTag::id);
            let mut missing = Vec::new();
            for tag in table.query_columns(flags::QueryColumnsFlags::empty()).await.unwrap() {
                let cell = column(&table, tag).await.remove(at);
                if !computed.contains(&tag.id()) && value(&properties, tag).await != cell {
                    missing.push(tag.to_string());
                }
            }
            missing.join(", ")
        });
    }
    rows.of("status 4", "IMAPISession::OpenEntry");
    rows.row("the row of a transport that is gone", Code::NotFound, |b| async move {
        let session = b.session(&["wire"]).await;
        let id = status_id(&session, "wire").await;
        let broken = mapi_session::error::Failure::new(Code::NetworkError, "the line is cut");
        let wires = b.providers.wires();
        wires[0].wire().notices.push(mapi_session::backend::TransportNotice::CriticalError(broken));
        b.turns().await;
        code(session.open_entry(&id, flags::SessionOpenEntryFlags::empty(), None).await)
    });
    for (name, iid, expected) in [
        ("a row as IMAPIStatus", IID_IMAPISTATUS, Code::SOk),
        ("a row as IMsgStore", IID_IMSGSTORE, Code::InterfaceNotSupported),
    ] {
        rows.raw(name, expected, move || {
            let (_subsystem, session) = raw::session();
            let table = session.get_status_table(0).unwrap();
            table.set_columns(&[tags::ENTRYID], 0).unwrap();
            let Value::Binary(id) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("an identifier") };
            code(session.open_entry(&id, Some(iid), 0))
        });
    }
}

fn validate(rows: &mut Rows) {
    let every = [
        ("no flag", ValidateStateFlags::empty()),
        ("SUPPRESS_UI", ValidateStateFlags::SUPPRESS_UI),
        ("REFRESH_XP_HEADER_CACHE", ValidateStateFlags::REFRESH_XP_HEADER_CACHE),
        ("PROCESS_XP_HEADER_CACHE", ValidateStateFlags::PROCESS_XP_HEADER_CACHE),
        ("FORCE_XP_CONNECT", ValidateStateFlags::FORCE_XP_CONNECT),
        ("FORCE_XP_DISCONNECT", ValidateStateFlags::FORCE_XP_DISCONNECT),
        ("CONFIG_CHANGED", ValidateStateFlags::CONFIG_CHANGED),
        ("ABORT_XP_HEADER_OPERATION", ValidateStateFlags::ABORT_XP_HEADER_OPERATION),
        ("SHOW_XP_SESSION_UI", ValidateStateFlags::SHOW_XP_SESSION_UI),
    ];
    rows.of("status 4.1", "IMAPIStatus::ValidateState");
    for (flag, how) in every {
        for name in ENGINE {
            rows.row(format!("{name}, {flag}"), Code::SOk, move |b| async move {
                let (_session, object) = named(&b, &[], name).await;
                code(object.validate_state(how).await)
            });
        }
        let passed = [0, 0x1, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000];
        let at = every.iter().position(|(known, _)| *known == flag).unwrap();
        rows.row(format!("a transport, {flag}"), format!("S_OK, given [{}]", passed[at]), move |b| async move {
            let (_session, object) = named(&b, &["wire"], "wire").await;
            let done = code(object.validate_state(how).await);
            let wires = b.providers.wires();
            let validated = wires[0].wire().validated.clone();
            format!("{done}, given {validated:?}")
        });
    }
    for (at, name) in ENGINE.into_iter().enumerate() {
        rows.raw(format!("{name}, every undefined flag"), Code::UnknownFlags, move || {
            let (_subsystem, session) = raw::session();
            let object = raw::status(&session, at);
            raw::undefined(0x7F_0001, |flags| code(object.validate_state(0, flags)))
        });
    }
    rows.row("a provider without a status object of its own", Code::NoSupport, |b| async move {
        let (_session, object) = named(&b, &["store"], "store").await;
        code(object.validate_state(ValidateStateFlags::empty()).await)
    });
    rows.row("a transport inside a critical section", Code::Busy, |b| async move {
        let (_session, object) = named(&b, &["wire"], "wire").await;
        let wires = b.providers.wires();
        wires[0].notice(CRITSEC);
        b.turns().await;
        code(object.validate_state(ValidateStateFlags::empty()).await)
    });
    for failing in [Code::Busy, Code::NoSupport, Code::UserCancel, Code::NetworkError] {
        let told = move |b: Bench, name: &'static str| async move {
            b.add_told("told wire", &[(IN_METHOD, text("validate")), (FAILS_WITH, text(failing.name().unwrap()))]).await;
            let (_session, object) = named(&b, &[], name).await;
            code(object.validate_state(ValidateStateFlags::empty()).await)
        };
        rows.row(format!("a transport that answers {failing}"), failing, move |b| told(b, "told wire"));
        rows.row(format!("the spooler, a transport answers {failing}"), failing, move |b| told(b, "MAPI Spooler"));
        let of_all = if failing == Code::NoSupport { Code::SOk } else { failing };
        rows.row(format!("the subsystem, a transport answers {failing}"), of_all, move |b| told(b, "Work"));
    }
    rows.of("status 2", "IMAPIStatus::ValidateState");
    rows.row("the subsystem: every transport is asked, by the spooler and by its own row", "[1, 1]", |b| async move {
        let (_session, object) = named(&b, &["wire"], "Work").await;
        object.validate_state(ValidateStateFlags::SUPPRESS_UI).await.unwrap();
        let wires = b.providers.wires();
        let validated = wires[0].wire().validated.clone();
        format!("{validated:?}")
    });
    rows.row("the spooler logs a transport that broke down on again", "[\"wire\", \"wire\"]", |b| async move {
        let (_session, spooler) = named(&b, &["wire"], "MAPI Spooler").await;
        let broken = mapi_session::error::Failure::new(Code::NetworkError, "the line is cut");
        let wires = b.providers.wires();
        wires[0].wire().notices.push(mapi_session::backend::TransportNotice::CriticalError(broken));
        b.turns().await;
        spooler.validate_state(ValidateStateFlags::empty()).await.unwrap();
        format!("{:?}", b.providers.logons())
    });
}

fn passwords(rows: &mut Rows) {
    rows.of("status 4.3", "IMAPIStatus::ChangePassword");
    for name in ENGINE {
        rows.row(name, Code::NoSupport, move |b| async move {
            let (_session, object) = named(&b, &[], name).await;
            code(object.change_password("old", "new").await)
        });
    }
    for (at, name) in ENGINE.into_iter().enumerate() {
        rows.raw(format!("{name}, every undefined flag"), Code::UnknownFlags, move || {
            let (_subsystem, session) = raw::session();
            let object = raw::status(&session, at);
            raw::undefined(raw::UNICODE, |flags| code(object.change_password("old", "new", flags)))
        });
    }
    rows.row("a provider without a status object of its own", Code::NoSupport, |b| async move {
        let (_session, object) = named(&b, &["store"], "store").await;
        code(object.change_password("old", "new").await)
    });
}

fn flush(rows: &mut Rows) {
    let both = UPLOAD | FlushQueuesFlags::FLUSH_DOWNLOAD;
    rows.of("status 4.4", "IMAPIStatus::FlushQueues");
    let accepted = [
        ("FLUSH_UPLOAD", UPLOAD, 0x2),
        ("FLUSH_DOWNLOAD", FlushQueuesFlags::FLUSH_DOWNLOAD, 0x4),
        ("both queues", both, 0x6),
        ("both queues, FLUSH_FORCE", both | FlushQueuesFlags::FLUSH_FORCE, 0xE),
        ("both queues, FLUSH_NO_UI", both | FlushQueuesFlags::FLUSH_NO_UI, 0x16),
    ];
    for (flag, how, passed) in accepted {
        for (name, given) in [("MAPI Spooler", "the spooler"), ("wire", "a transport")] {
            rows.row(format!("{given}, {flag}"), format!("S_OK, given [{passed}]"), move |b| async move {
                let (_session, object) = named(&b, &["wire"], name).await;
                let done = code(object.flush_queues(None, how).await);
                let wires = b.providers.wires();
                let flushed = wires[0].wire().flushed.clone();
                format!("{done}, given {flushed:?}")
            });
        }
    }
    rows.row("the spooler, FLUSH_ASYNC_OK", Code::SOk, move |b| async move {
        let (_session, object) = named(&b, &["wire"], "MAPI Spooler").await;
        code(object.flush_queues(None, both | FlushQueuesFlags::FLUSH_ASYNC_OK).await)
    });
    rows.row("a transport, FLUSH_ASYNC_OK", Code::UnknownFlags, move |b| async move {
        let (_session, object) = named(&b, &["wire"], "wire").await;
        code(object.flush_queues(None, both | FlushQueuesFlags::FLUSH_ASYNC_OK).await)
    });
    for name in ["MAPI Spooler", "wire"] {
        for (flag, how) in [
            ("no flag", FlushQueuesFlags::empty()),
            ("FLUSH_FORCE alone", FlushQueuesFlags::FLUSH_FORCE),
            ("FLUSH_NO_UI alone", FlushQueuesFlags::FLUSH_NO_UI),
        ] {
            rows.row(format!("{name}, {flag}"), Code::InvalidParameter, move |b| async move {
                let (_session, object) = named(&b, &["wire"], name).await;
                code(object.flush_queues(None, how).await)
            });
        }
    }
    for name in ["Work", "MAPI Address Book", "store"] {
        rows.row(format!("{name}, FLUSH_UPLOAD"), Code::NoSupport, move |b| async move {
            let (_session, object) = named(&b, &["store"], name).await;
            code(object.flush_queues(None, UPLOAD).await)
        });
    }
    rows.raw("the spooler, every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let spooler = raw::status(&session, 1);
        raw::undefined(0x3E, |flags| code(spooler.flush_queues(0, None, flags | 0x2)))
    });
    targets(rows);
    busy(rows);
}

fn targets(rows: &mut Rows) {
    let target = |b: Bench, services: &'static [&'static str], object: &'static str, target: &'static str| async move {
        let (session, object) = named(&b, services, object).await;
        let id = status_id(&session, target).await;
        let done = code(object.flush_queues(Some(&id), UPLOAD).await);
        let flushed: Vec<_> = b.providers.wires().iter().map(|wire| wire.wire().flushed.len()).collect();
        (done, flushed.iter().sum::<usize>())
    };
    let two: &[&str] = &["wire", "last"];
    rows.row("the spooler, the row of a transport", "1 of 2", move |b| async move {
        let (_, flushed) = target(b, two, "MAPI Spooler", "wire").await;
        format!("{flushed} of 2")
    });
    rows.row("the spooler, no target", "2 of 2", |b| async move {
        let (_session, spooler) = named(&b, &["wire", "last"], "MAPI Spooler").await;
        spooler.flush_queues(None, UPLOAD).await.unwrap();
        let flushed: Vec<_> = b.providers.wires().iter().map(|wire| wire.wire().flushed.len()).collect();
        format!("{} of 2", flushed.iter().sum::<usize>())
    });
    for name in ["Work", "MAPI Address Book"] {
        rows.row(format!("the spooler, the row of {name}"), Code::NotFound, move |b| async move {
            target(b, &["wire"], "MAPI Spooler", name).await.0
        });
    }
    rows.row("the spooler, the row of a store", Code::NotFound, move |b| async move {
        target(b, &["wire", "store"], "MAPI Spooler", "store").await.0
    });
    for (name, id) in [("3 bytes", vec![1, 2, 3]), ("nobody's identifier", vec![0xFF; 24])] {
        rows.row(format!("the spooler, {name}"), Code::NotFound, move |b| {
            let id = id.clone();
            async move {
                let (_session, spooler) = named(&b, &["wire"], "MAPI Spooler").await;
                code(spooler.flush_queues(Some(&id), UPLOAD).await)
            }
        });
    }
    rows.row("a transport, its own row", Code::InvalidParameter, move |b| async move {
        target(b, &["wire"], "wire", "wire").await.0
    });
}

fn busy(rows: &mut Rows) {
    rows.row("a transport, another flush is not over", Code::Busy, |b| async move {
        let (_session, wire) = named(&b, &["wire"], "wire").await;
        wire.flush_queues(None, UPLOAD).await.unwrap();
        code(wire.flush_queues(None, UPLOAD).await)
    });
    rows.row("the spooler, another flush is not over", Code::Busy, |b| async move {
        let (session, wire) = named(&b, &["wire"], "wire").await;
        wire.flush_queues(None, UPLOAD).await.unwrap();
        code(status_named(&session, "MAPI Spooler").await.flush_queues(None, UPLOAD).await)
    });
    rows.row("a transport, after the turns that end a flush", Code::SOk, |b| async move {
        let (_session, wire) = named(&b, &["wire"], "wire").await;
        wire.flush_queues(None, UPLOAD).await.unwrap();
        b.turns().await;
        code(wire.flush_queues(None, UPLOAD).await)
    });
    rows.row("a transport inside a critical section", Code::Busy, |b| async move {
        let (_session, wire) = named(&b, &["wire"], "wire").await;
        let wires = b.providers.wires();
        wires[0].notice(CRITSEC);
        b.turns().await;
        code(wire.flush_queues(None, UPLOAD).await)
    });
    rows.row("the bits of the row meanwhile, and afterwards", "0x400001, 0x1", |b| async move {
        let (_session, wire) = named(&b, &["wire"], "wire").await;
        let properties = wire.properties().await.unwrap();
        wire.flush_queues(None, UPLOAD).await.unwrap();
        let meanwhile = shown(&value(&properties, tags::STATUS_CODE).await);
        b.turns().await;
        format!("{meanwhile}, {}", shown(&value(&properties, tags::STATUS_CODE).await))
    });
    rows.row("the spooler, one transport fails", "MAPI_E_NETWORK_ERROR, 1 flushed", |b| async move {
        b.add_told("told wire", &[(IN_METHOD, text("flush")), (FAILS_WITH, text("MAPI_E_NETWORK_ERROR"))]).await;
        let (_session, spooler) = named(&b, &[], "MAPI Spooler").await;
        let done = code(spooler.flush_queues(None, UPLOAD).await);
        let flushed: Vec<_> = b.providers.wires().iter().map(|wire| wire.wire().flushed.len()).collect();
        format!("{done}, {} flushed", flushed.iter().sum::<usize>())
    });
}

/// What a client without mail sees and may do (`status` 6).
fn without_mail(rows: &mut Rows) {
    async fn quiet(bench: &Bench) -> (Session, Session) {
        for service in ["store", "wire"] {
            bench.add(service).await;
        }
        let loud = bench.logon("Work", LogonFlags::MAPI_ALLOW_OTHERS).await.unwrap();
        let quiet = bench.logon("Work", LogonFlags::MAPI_NO_MAIL).await.unwrap();
        (loud, quiet)
    }
    rows.of("status 6", "IMAPISession::GetStatusTable");
    rows.row("one session, a client with mail and one without", "5 and 4 rows", |b| async move {
        let (loud, quiet) = quiet(&b).await;
        let [loud, quiet] = [status_ids(&loud).await.len(), status_ids(&quiet).await.len()];
        format!("{loud} and {quiet} rows")
    });
    rows.row("PR_STATUS_CODE of the spooler, with mail and without", "0x1, 0x4", |b| async move {
        let (loud, quiet) = quiet(&b).await;
        let mut seen = Vec::new();
        for session in [&loud, &quiet] {
            seen.push(column(&status_table(session).await, tags::STATUS_CODE).await.remove(1));
        }
        list(&seen)
    });
    rows.of("status 6", "IMAPIStatus of a client without mail");
    rows.row("the spooler, ValidateState", Code::NoSupport, |b| async move {
        let (_loud, quiet) = quiet(&b).await;
        code(status_named(&quiet, "MAPI Spooler").await.validate_state(ValidateStateFlags::empty()).await)
    });
    rows.row("the spooler, FlushQueues", Code::NoSupport, |b| async move {
        let (_loud, quiet) = quiet(&b).await;
        code(status_named(&quiet, "MAPI Spooler").await.flush_queues(None, UPLOAD).await)
    });
    rows.row("the subsystem, ValidateState: no transport is asked", "S_OK, []", |b| async move {
        let (loud, quiet) = quiet(&b).await;
        status_table(&loud).await;
        let done = code(status_named(&quiet, "Work").await.validate_state(ValidateStateFlags::empty()).await);
        let wires = b.providers.wires();
        let validated = wires[0].wire().validated.clone();
        format!("{done}, {validated:?}")
    });
    rows.row("the row of a transport another client sees", Code::NotFound, |b| async move {
        let (loud, quiet) = quiet(&b).await;
        let id = status_id(&loud, "wire").await;
        code(quiet.open_entry(&id, flags::SessionOpenEntryFlags::empty(), None).await)
    });
}
