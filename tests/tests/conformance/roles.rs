//! Message options, EnumAdrTypes, QueryIdentity and SetDefaultStore (`session` 6.11 to 6.13, 7).

use crate::bench::{Bench, column, list, open_store, root, status_table, store_ids, store_table, text};
use crate::raw;
use crate::table::{Outcome, Rows, code};
use mapi_engine::entry_id::{OneOff, WrappedStoreId};
use mapi_engine::error::Code;
use mapi_session::error::Failure;
use mapi_session::flags::{self, EnumAdrTypesFlags, LogoffFlags, OpenMsgStoreFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Session, StoreRole};

const ROLES: [(&str, StoreRole, i32); 5] = [
    ("MAPI_DEFAULT_STORE", StoreRole::Default, 0x2),
    ("MAPI_SIMPLE_STORE_TEMPORARY", StoreRole::SimpleTemporary, 0x8),
    ("MAPI_SIMPLE_STORE_PERMANENT", StoreRole::SimplePermanent, 0x8),
    ("MAPI_PRIMARY_STORE", StoreRole::Primary, 0x1000),
    ("MAPI_SECONDARY_STORE", StoreRole::Secondary, 0x2000),
];

/// What of a role the stores of a table show: one digit for each.
async fn holders(session: &Session, bit: i32) -> String {
    let cells = column(&store_table(session).await, tags::RESOURCE_FLAGS).await;
    cells.iter().map(|cell| if matches!(cell, Value::Long(flags) if flags & bit != 0) { '1' } else { '0' }).collect()
}

/// The same, of the stores in the status table.
async fn holders_by_status(session: &Session, bit: i32) -> String {
    let table = status_table(session).await;
    let types = column(&table, tags::RESOURCE_TYPE).await;
    let cells = column(&table, tags::RESOURCE_FLAGS).await;
    let stores = types.iter().zip(&cells).filter(|(kind, _)| **kind == Value::Long(33));
    stores.map(|(_, cell)| if matches!(cell, Value::Long(flags) if flags & bit != 0) { '1' } else { '0' }).collect()
}

/// A session with two stores, both open.
async fn two_stores(bench: &Bench) -> (Session, Vec<Vec<u8>>) {
    let session = bench.session(&["store", "store"]).await;
    for at in 0..2 {
        open_store(&session, at, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
    }
    let ids = store_ids(&session).await;
    (session, ids)
}

pub(super) fn rows(rows: &mut Rows) {
    set_default_store(rows);
    address_types(rows);
    identity(rows);
    options(rows);
}

fn set_default_store(rows: &mut Rows) {
    rows.of("session 6.13", "IMAPISession::SetDefaultStore");
    for (name, role, bit) in ROLES {
        rows.row(format!("{name}: PR_RESOURCE_FLAGS of both stores"), "01", move |b| async move {
            let (session, ids) = two_stores(&b).await;
            session.set_default_store(role, Some(&ids[0])).await.unwrap();
            session.set_default_store(role, Some(&ids[1])).await.unwrap();
            holders(&session, bit).await
        });
        rows.row(format!("{name}: the rows of the status table"), "01", move |b| async move {
            let (session, ids) = two_stores(&b).await;
            session.set_default_store(role, Some(&ids[1])).await.unwrap();
            holders_by_status(&session, bit).await
        });
        rows.row(format!("{name}: no store"), "00", move |b| async move {
            let (session, ids) = two_stores(&b).await;
            session.set_default_store(role, Some(&ids[1])).await.unwrap();
            session.set_default_store(role, None).await.unwrap();
            holders(&session, bit).await
        });
        rows.row(format!("{name}: who holds it already"), Code::SOk, move |b| async move {
            let (session, ids) = two_stores(&b).await;
            session.set_default_store(role, Some(&ids[1])).await.unwrap();
            code(session.set_default_store(role, Some(&ids[1])).await)
        });
        let kept = if role == StoreRole::SimpleTemporary { "00" } else { "01" };
        rows.row(format!("{name}: after the next logon"), kept, move |b| async move {
            let (session, ids) = two_stores(&b).await;
            session.set_default_store(role, Some(&ids[1])).await.unwrap();
            session.logoff(LogoffFlags::empty()).await.unwrap();
            holders(&b.session(&[]).await, bit).await
        });
        rows.row(format!("{name}: a store that is not in the profile"), Code::NotFound, move |b| async move {
            let session = b.session(&["store"]).await;
            let foreign = WrappedStoreId::new(mapi_tests::configured_provider::STORE, &[7; 16]).unwrap().to_bytes();
            code(session.set_default_store(role, Some(&foreign)).await)
        });
        rows.row(format!("{name}: a one-off"), Code::NotFound, move |b| async move {
            let session = b.session(&["store"]).await;
            code(session.set_default_store(role, Some(&OneOff::new("A", "SMTP", "a@b").to_bytes())).await)
        });
        rows.row(format!("{name}: an identifier that is too short"), Code::InvalidEntryid, move |b| async move {
            let session = b.session(&["store"]).await;
            code(session.set_default_store(role, Some(&[1; 12])).await)
        });
        let refused = if role == StoreRole::Default { Code::NoSupport } else { Code::SOk };
        for service in ["fixed", "never default"] {
            rows.row(format!("{name}: a store of the service \"{service}\""), refused, move |b| async move {
                let session = b.session(&["store", service]).await;
                let ids = store_ids(&session).await;
                code(session.set_default_store(role, Some(&ids[1])).await)
            });
        }
    }
    rows.row("MAPI_DEFAULT_STORE: PR_DEFAULT_STORE", "false, true", |b| async move {
        let (session, ids) = two_stores(&b).await;
        session.set_default_store(StoreRole::Default, Some(&ids[1])).await.unwrap();
        list(&column(&store_table(&session).await, tags::DEFAULT_STORE).await)
    });
    rows.row("MAPI_DEFAULT_STORE: flags of the services", "0x0, 0x1", |b| async move {
        let (session, ids) = two_stores(&b).await;
        session.set_default_store(StoreRole::Default, Some(&ids[1])).await.unwrap();
        let table = b.work.get_msg_service_table(flags::GetMsgServiceTableFlags::empty()).await.unwrap();
        list(&column(&table, tags::RESOURCE_FLAGS).await)
    });
    rows.row("MAPI_DEFAULT_STORE: row events in both tables, then none", "4, 0", |b| async move {
        let (session, ids) = two_stores(&b).await;
        let tables = [store_table(&session).await, status_table(&session).await];
        let mut told = Vec::new();
        for table in &tables {
            told.push(table.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await.unwrap());
        }
        b.subsystem.dispatch_notifications().await.unwrap();
        session.set_default_store(StoreRole::Default, Some(&ids[1])).await.unwrap();
        let first = b.subsystem.dispatch_notifications().await.unwrap();
        session.set_default_store(StoreRole::Default, Some(&ids[1])).await.unwrap();
        format!("{first}, {}", b.subsystem.dispatch_notifications().await.unwrap())
    });
    rows.raw("every value that is none of the five", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        let id = raw::store_id(&session);
        let values = std::iter::once(0).chain(6..64).chain((6..32).map(|bit| 1 << bit));
        let other = values.map(|value| (value, code(session.set_default_store(value, 0, Some(&id)))));
        let other = other.into_iter().find(|(_, got)| *got != Code::UnknownFlags);
        other.map_or_else(|| Code::UnknownFlags.into(), |(value, got)| Outcome::from((got, format!("for {value:#x}"))))
    });
}

fn address_types(rows: &mut Rows) {
    rows.of("session 6.11", "IMAPISession::EnumAdrTypes");
    for (name, how) in [("no flag", EnumAdrTypesFlags::empty()), ("MAPI_UNICODE", EnumAdrTypesFlags::MAPI_UNICODE)] {
        rows.row(format!("{name}, two transports of one type"), "[\"SMTP\"]", move |b| async move {
            format!("{:?}", b.session(&["wire", "wire"]).await.enum_adr_types(how).await.unwrap())
        });
        rows.row(format!("{name}, no transport"), "[]", move |b| async move {
            format!("{:?}", b.session(&["store"]).await.enum_adr_types(how).await.unwrap())
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(raw::UNICODE, |flags| code(session.enum_adr_types(flags)))
    });
}

/// A transport that shows these columns; `service` says whether it supplies the primary identity.
async fn identified(bench: &Bench, service: &str, columns: &[(PropTag, Value)]) {
    bench.add_told(service, columns).await;
}

/// Who is logged on: the name and address of a one-off, or the identifier's first byte.
async fn asked(bench: Bench) -> Outcome {
    let session = bench.session(&[]).await;
    let identity = session.query_identity().await.unwrap();
    let shows = match OneOff::parse(&identity.value) {
        Ok(one_off) => format!("{one_off:?}").replace('"', ""),
        Err(_) => format!("identifier {}", identity.value[0]),
    };
    (identity.warning.unwrap_or(Code::SOk), shows).into()
}

fn identity(rows: &mut Rows) {
    let id = |byte: u8| (tags::IDENTITY_ENTRYID, Value::Binary(vec![byte; 24]));
    let display = |name: &str| (tags::IDENTITY_DISPLAY, text(name));
    let key = |key: &[u8]| (tags::IDENTITY_SEARCH_KEY, Value::Binary(key.to_vec()));
    let one_off = |name: &str, kind: &str, address: &str| {
        format!("{:?}", OneOff::new(name, kind, address)).replace('"', "")
    };
    rows.of("session 6.12", "IMAPISession::QueryIdentity");
    rows.row("rule 1: the primary row with an identifier", "identifier 2", move |b| async move {
        identified(&b, "told wire", &[id(1), display("A"), key(b"X:A\0")]).await;
        identified(&b, "primary", &[id(2)]).await;
        asked(b).await
    });
    rows.row("rule 2: the primary row without one", one_off("Ann", "SMTP", "ANN@EXAMPLE.COM"), move |b| async move {
        identified(&b, "told wire", &[id(1)]).await;
        identified(&b, "primary", &[display("Ann"), key(b"SMTP:ANN@EXAMPLE.COM\0")]).await;
        asked(b).await
    });
    rows.row("rule 2: without a display name", one_off("primary", "X400", "/C=DE:1"), move |b| async move {
        identified(&b, "primary", &[key(b"X400:/C=DE:1\0")]).await;
        asked(b).await
    });
    rows.row("rule 2: the key has no colon", "identifier 1", move |b| async move {
        identified(&b, "told wire", &[id(1)]).await;
        identified(&b, "primary", &[display("Ann"), key(b"nothing\0")]).await;
        asked(b).await
    });
    rows.row("rule 3: the first row with all three", "identifier 2", move |b| async move {
        identified(&b, "told wire", &[id(1)]).await;
        identified(&b, "told wire", &[id(2), display("B"), key(b"X:B\0")]).await;
        asked(b).await
    });
    rows.row("rule 3: the first row with an identifier", "identifier 2", move |b| async move {
        identified(&b, "told wire", &[display("A")]).await;
        identified(&b, "told wire", &[id(2)]).await;
        asked(b).await
    });
    let nobody = (Code::WNoService, one_off("Unknown", "NONE", "Unknown"));
    rows.row("rule 4: nobody", nobody.clone(), move |b| async move {
        b.add("wire").await;
        asked(b).await
    });
    rows.row("rule 4: no service at all", nobody, asked);
}

fn options(rows: &mut Rows) {
    async fn composed(bench: &Bench, services: &[&str]) -> (Session, mapi_session::Message) {
        let session = bench.session(services).await;
        let store = open_store(&session, 0, OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
        let message = root(&store).await.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        (session, message)
    }
    rows.of("session 7", "IMAPISession::QueryDefaultMessageOpt");
    for (name, kind, expected) in [
        ("a type that has options", "SMTP", Code::SOk),
        ("the type in other case", "smtp", Code::SOk),
        ("a type nobody registered for", "FAX", Code::NotFound),
        ("no type", "", Code::InvalidParameter),
    ] {
        rows.row(name, expected, move |b| async move { code(b.session(&["wire"]).await.query_default_message_opt(kind).await) });
    }
    rows.row("no transport", Code::NotFound, |b| async move { code(b.session(&[]).await.query_default_message_opt("SMTP").await) });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        let (_subsystem, session) = raw::session();
        raw::undefined(raw::UNICODE, |flags| code(session.query_default_message_opt("SMTP", flags)))
    });
    rows.of("session 7", "IMAPISession::MessageOptions");
    rows.row("no transport", Code::NotFound, |b| async move {
        let (session, message) = composed(&b, &["store"]).await;
        code(session.message_options(Some("SMTP"), &message).await)
    });
    rows.row("a type nobody registered for", Code::NotFound, |b| async move {
        let (session, message) = composed(&b, &["store", "wire"]).await;
        code(session.message_options(Some("FAX"), &message).await)
    });
    rows.row("no user interface", Code::NoSupport, |b| async move {
        let (session, message) = composed(&b, &["store", "wire"]).await;
        code(session.message_options(Some("SMTP"), &message).await)
    });
    for (name, kind) in [("of a type", Some("SMTP")), ("of all types", None)] {
        rows.row(format!("edited, {name}"), Code::SOk, move |b| async move {
            b.presenter.answer_options(Ok(vec![Property::new(tags::PRIORITY, Value::Long(1))]));
            let (session, message) = composed(&b, &["store", "wire"]).await;
            code(session.message_options(kind, &message).await)
        });
    }
    rows.row("cancelled", Code::UserCancel, |b| async move {
        b.presenter.answer_options(Err(Failure::new(Code::UserCancel, "no")));
        let (session, message) = composed(&b, &["store", "wire"]).await;
        code(session.message_options(Some("SMTP"), &message).await)
    });
}
