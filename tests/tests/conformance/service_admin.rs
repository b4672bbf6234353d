//! IMsgServiceAdmin (`profiles` 4.3, 5).

use crate::bench::{Bench, NOBODY, REFUSAL, SECRET, column, keys, list, shown, store_table, text, value};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::profiles::MsgServiceAdmin;
use mapi_session::flags::{self, CopyMsgServiceFlags, CreateMsgServiceFlags};
use mapi_session::properties::{Guid, Property, Value, tags};
use mapi_session::{ServiceAdmin, Table};

fn none() -> CreateMsgServiceFlags {
    CreateMsgServiceFlags::empty()
}

fn plainly() -> CopyMsgServiceFlags {
    CopyMsgServiceFlags::empty()
}


fn with_services<R>(run: impl FnOnce(&MsgServiceAdmin) -> R) -> R {
    let subsystem = raw::subsystem();
    run(&subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap())
}

/// The key of the first service of the raw profile.
fn first(services: &MsgServiceAdmin) -> Guid {
    let table = services.get_msg_service_table(0).unwrap();
    table.set_columns(&[tags::SERVICE_UID], 0).unwrap();
    match &table.query_rows(1, 0).unwrap()[0][0].value {
        Value::Binary(bytes) => Guid::from_slice(bytes).unwrap(),
        other => panic!("a key was expected, not {other:?}"),
    }
}

async fn services(admin: &ServiceAdmin) -> Table {
    admin.get_msg_service_table(flags::GetMsgServiceTableFlags::MAPI_UNICODE).await.unwrap()
}

async fn providers(admin: &ServiceAdmin) -> Table {
    admin.get_provider_table(flags::GetProviderTableFlags::MAPI_UNICODE).await.unwrap()
}

/// How many services a profile has.
async fn count(admin: &ServiceAdmin) -> String {
    services(admin).await.get_row_count().await.unwrap().value.to_string()
}

pub(super) fn rows(rows: &mut Rows) {
    tables(rows);
    create(rows);
    delete(rows);
    copy(rows);
    configure(rows);
    order(rows);
    identity(rows);
}

fn tables(rows: &mut Rows) {
    rows.of("profiles 4.5", "IMsgServiceAdmin::GetMsgServiceTable");
    let columns = [
        ("PR_DISPLAY_NAME", tags::DISPLAY_NAME, "store, pair"),
        ("PR_SERVICE_NAME", tags::SERVICE_NAME, "store, pair"),
        ("PR_SERVICE_UID", tags::SERVICE_UID, "16 bytes, 16 bytes"),
        ("PR_INSTANCE_KEY", tags::INSTANCE_KEY, "16 bytes, 16 bytes"),
        ("PR_RESOURCE_FLAGS", tags::RESOURCE_FLAGS, "0x1, 0x8"),
        ("PR_SERVICE_SUPPORT_FILES, which no service has", tags::SERVICE_SUPPORT_FILES, "MAPI_E_NOT_FOUND, MAPI_E_NOT_FOUND"),
    ];
    for (name, tag, expected) in columns {
        rows.row(name, expected, move |b| async move {
            b.add("store").await;
            b.add("pair").await;
            list(&column(&services(&b.work).await, tag).await)
        });
    }
    rows.row("no services", "0", |b| async move { count(&b.work).await });
    rows.row("it never changes after it was returned", "0", |b| async move {
        let table = services(&b.work).await;
        b.add("store").await;
        table.get_row_count().await.unwrap().value.to_string()
    });
    rows.row("Advise on it", Code::NoSupport, |b| async move {
        code(services(&b.work).await.advise(flags::EventMask::FNEV_TABLE_MODIFIED).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_services(|services| raw::undefined(raw::UNICODE, |flags| code(services.get_msg_service_table(flags))))
    });
    rows.of("profiles 4.5", "IMsgServiceAdmin::GetProviderTable");
    let columns = [
        ("PR_DISPLAY_NAME", tags::DISPLAY_NAME, "store, pair, sibling"),
        ("PR_RESOURCE_TYPE", tags::RESOURCE_TYPE, "0x21, 0x23, 0x23"),
        ("PR_PROVIDER_ORDINAL, within the type", tags::PROVIDER_ORDINAL, "0x0, 0x0, 0x1"),
        ("PR_SERVICE_NAME", tags::SERVICE_NAME, "store, pair, pair"),
        ("PR_PROVIDER_UID", tags::PROVIDER_UID, "16 bytes, 16 bytes, 16 bytes"),
        ("PR_SERVICE_UID", tags::SERVICE_UID, "16 bytes, 16 bytes, 16 bytes"),
    ];
    for (name, tag, expected) in columns {
        rows.row(name, expected, move |b| async move {
            b.add("store").await;
            b.add("pair").await;
            list(&column(&providers(&b.work).await, tag).await)
        });
    }
    rows.row("a protected property is no column", "MAPI_E_NOT_FOUND", |b| async move {
        b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        b.section(key).await.set_props(vec![Property::new(SECRET, text("x"))]).await.unwrap();
        list(&column(&providers(&b.work).await, SECRET).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_services(|services| raw::undefined(raw::UNICODE, |flags| code(services.get_provider_table(flags))))
    });
}

fn create(rows: &mut Rows) {
    rows.of("profiles 4.3", "IMsgServiceAdmin2::CreateMsgServiceEx");
    for (name, how) in [
        ("no flag", none()),
        ("SERVICE_UI_ALWAYS", CreateMsgServiceFlags::SERVICE_UI_ALWAYS),
        ("SERVICE_UI_ALLOWED", CreateMsgServiceFlags::SERVICE_UI_ALLOWED),
        ("SERVICE_NO_RESTART_WARNING", CreateMsgServiceFlags::SERVICE_NO_RESTART_WARNING),
        ("MAPI_UNICODE", CreateMsgServiceFlags::MAPI_UNICODE),
    ] {
        rows.row(name, Code::SOk, move |b| async move { code(b.work.create_msg_service_ex("store", None, how).await) });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_services(|services| {
            raw::undefined(raw::UNICODE | 0x92, |flags| code(services.create_msg_service_ex("store", "", 0, flags)))
        })
    });
    rows.row("not in the catalogue", Code::NotFound, |b| async move {
        code(b.work.create_msg_service_ex("nothing", None, none()).await)
    });
    rows.row("the catalogue's name wins over the argument", "store", |b| async move {
        b.work.create_msg_service_ex("store", Some("Mine"), none()).await.unwrap();
        list(&column(&services(&b.work).await, tags::DISPLAY_NAME).await)
    });
    rows.row("a single-copy service", Code::SOk, |b| async move { code(b.work.create_msg_service_ex("single", None, none()).await) });
    rows.row("a single-copy service, again", Code::NoAccess, |b| async move {
        b.add("single").await;
        code(b.work.create_msg_service_ex("single", None, none()).await)
    });
    rows.row("a single-copy service, after it was deleted", Code::SOk, |b| async move {
        let single = b.add("single").await;
        b.work.delete_msg_service(single).await.unwrap();
        code(b.work.create_msg_service_ex("single", None, none()).await)
    });
    rows.row("the entry point fails", Code::ExtendedError, |b| async move {
        code(b.work.create_msg_service_ex("broken", None, none()).await)
    });
    rows.row("the entry point fails: what is left of it", "0", |b| async move {
        b.work.create_msg_service_ex("broken", None, none()).await.unwrap_err();
        count(&b.work).await
    });
    rows.row("the entry point lacks configuration, no user interface", "S_OK, 1", |b| async move {
        let made = code(b.work.create_msg_service_ex("unconfigured", None, none()).await);
        format!("{made}, {}", count(&b.work).await)
    });
    for (name, how) in [
        ("SERVICE_UI_ALLOWED", CreateMsgServiceFlags::SERVICE_UI_ALLOWED),
        ("SERVICE_UI_ALWAYS", CreateMsgServiceFlags::SERVICE_UI_ALWAYS),
    ] {
        rows.row(format!("the entry point lacks configuration, {name}"), Code::Unconfigured, move |b| async move {
            code(b.work.create_msg_service_ex("unconfigured", None, how).await)
        });
    }
    for (name, how, expected) in [
        ("what the entry point is given, no flag", none(), "0x0"),
        ("what the entry point is given, SERVICE_UI_ALLOWED", CreateMsgServiceFlags::SERVICE_UI_ALLOWED, "0x10"),
        ("what the entry point is given, SERVICE_UI_ALWAYS", CreateMsgServiceFlags::SERVICE_UI_ALWAYS, "0x2"),
    ] {
        rows.row(name, expected, move |b| async move {
            b.work.create_msg_service_ex("pair", None, how).await.unwrap();
            format!("{:#x}", b.catalogue.requests()[0].flags & 0x1F)
        });
    }
    rows.of("profiles 5", "IMsgServiceAdmin2::CreateMsgServiceEx");
    for (name, services_added, expected) in [
        ("the first store becomes the default", &["store", "store"][..], "0x2, 0x0"),
        ("a store that cannot be the default does not", &["never default", "store"], "0x40, 0x2"),
    ] {
        rows.row(name, expected, move |b| async move {
            let session = b.session(services_added).await;
            list(&column(&store_table(&session).await, tags::RESOURCE_FLAGS).await)
        });
    }
    rows.row("the first supplier of an identity is the primary one", "0x4, 0x0, 0x0, 0x0", |b| async move {
        b.add("pair").await;
        b.add("pair").await;
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.of("profiles 1.5", "IMsgServiceAdmin2::CreateMsgServiceEx");
    rows.row("while a session is on the profile: providers are not started", "[]", |b| async move {
        let _session = b.session(&[]).await;
        b.add("store").await;
        format!("{:?}", b.providers.logons())
    });
}

fn delete(rows: &mut Rows) {
    rows.of("profiles 4.3", "IMsgServiceAdmin::DeleteMsgService");
    rows.row("a service", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        code(b.work.delete_msg_service(uid).await)
    });
    rows.row("an unknown one", Code::NotFound, |b| async move { code(b.work.delete_msg_service(NOBODY).await) });
    rows.row("twice", Code::NotFound, |b| async move {
        let uid = b.add("store").await;
        b.work.delete_msg_service(uid).await.unwrap();
        code(b.work.delete_msg_service(uid).await)
    });
    rows.row("the entry point is told", "Create, Delete", |b| async move {
        let uid = b.add("pair").await;
        b.work.delete_msg_service(uid).await.unwrap();
        b.catalogue.requests().iter().map(|request| format!("{:?}", request.context)).collect::<Vec<_>>().join(", ")
    });
    rows.row("its sections are gone", Code::NotFound, |b| async move {
        let uid = b.add("store").await;
        let provider = b.provider_keys().await.remove(0);
        b.work.delete_msg_service(uid).await.unwrap();
        code(b.work.open_profile_section(Some(provider), flags::OpenProfileSectionFlags::MAPI_FORCE_ACCESS).await)
    });
    rows.of("profiles 5", "IMsgServiceAdmin::DeleteMsgService");
    rows.row("of the default store: the next one takes over", "0x2", |b| async move {
        let first = b.add("store").await;
        b.add("store").await;
        b.work.delete_msg_service(first).await.unwrap();
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.row("of the supplier of the identity: the next one takes over", "0x4, 0x0", |b| async move {
        let first = b.add("pair").await;
        b.add("pair").await;
        b.work.delete_msg_service(first).await.unwrap();
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.of("profiles 1.5", "IMsgServiceAdmin::DeleteMsgService");
    rows.row("in use: the live table of stores", "0 rows", |b| async move {
        let uid = b.add("store").await;
        let session = b.session(&[]).await;
        let table = store_table(&session).await;
        b.work.delete_msg_service(uid).await.unwrap();
        format!("{} rows", table.get_row_count().await.unwrap().value)
    });
    rows.row("in use: an open store goes on", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        let session = b.session(&[]).await;
        let store = crate::bench::open_store(&session, 0, flags::OpenMsgStoreFlags::MDB_WRITE).await.unwrap();
        b.work.delete_msg_service(uid).await.unwrap();
        code(store.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await)
    });
}

fn copy(rows: &mut Rows) {
    rows.of("profiles 4.3", "IMsgServiceAdmin::CopyMsgService");
    rows.row("into the same profile", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        code(b.work.copy_msg_service(uid, &b.work, plainly()).await)
    });
    rows.row("into another profile", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        code(b.work.copy_msg_service(uid, &b.home().await, plainly()).await)
    });
    rows.row("into the profile of a session", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        let session = b.logon("Home", flags::LogonFlags::MAPI_NEW_SESSION).await.unwrap();
        code(b.work.copy_msg_service(uid, &session.admin_services().await.unwrap(), plainly()).await)
    });
    rows.row("an unknown service", Code::NotFound, |b| async move {
        code(b.work.copy_msg_service(NOBODY, &b.home().await, plainly()).await)
    });
    rows.row("a single-copy service into its own profile", Code::NoAccess, |b| async move {
        let uid = b.add("single").await;
        code(b.work.copy_msg_service(uid, &b.work, plainly()).await)
    });
    rows.row("a single-copy service into another profile", Code::SOk, |b| async move {
        let uid = b.add("single").await;
        code(b.work.copy_msg_service(uid, &b.home().await, plainly()).await)
    });
    rows.row("the entry point is not called", "Create", |b| async move {
        let uid = b.add("pair").await;
        b.work.copy_msg_service(uid, &b.home().await, plainly()).await.unwrap();
        b.catalogue.requests().iter().map(|request| format!("{:?}", request.context)).collect::<Vec<_>>().join(", ")
    });
    rows.row("SERVICE_UI_ALWAYS: it is configured afterwards", "Create, Configure", |b| async move {
        let uid = b.add("pair").await;
        b.work.copy_msg_service(uid, &b.home().await, CopyMsgServiceFlags::SERVICE_UI_ALWAYS).await.unwrap();
        b.catalogue.requests().iter().map(|request| format!("{:?}", request.context)).collect::<Vec<_>>().join(", ")
    });
    rows.row("protected values are copied", "s3cret", |b| async move {
        let uid = b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        b.section(key).await.set_props(vec![Property::new(SECRET, text("s3cret"))]).await.unwrap();
        let home = b.home().await;
        b.work.copy_msg_service(uid, &home, plainly()).await.unwrap();
        let copied = keys(&providers(&home).await, tags::PROVIDER_UID).await.remove(0);
        let section = home.open_profile_section(Some(copied), flags::OpenProfileSectionFlags::MAPI_FORCE_ACCESS).await.unwrap();
        shown(&value(&section, SECRET).await)
    });
    rows.row("a copy takes no role", "0x2, 0x0", |b| async move {
        let uid = b.add("store").await;
        b.work.copy_msg_service(uid, &b.work, plainly()).await.unwrap();
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_services(|services| {
            let uid = first(services);
            raw::undefined(0x2, |flags| code(services.copy_msg_service(uid, "", services, 0, flags)))
        })
    });
    rows.of("profiles 4.3", "IMsgServiceAdmin::RenameMsgService");
    rows.row("a service", Code::NoSupport, |b| async move {
        let uid = b.add("store").await;
        code(b.work.rename_msg_service(uid, "New").await)
    });
    rows.row("an unknown one", Code::NoSupport, |b| async move { code(b.work.rename_msg_service(NOBODY, "New").await) });
}

fn configure(rows: &mut Rows) {
    rows.of("profiles 4.3", "IMsgServiceAdmin::ConfigureMsgService");
    rows.row("a service with an entry point", Code::SOk, |b| async move {
        let uid = b.add("pair").await;
        code(b.work.configure_msg_service(uid, Vec::new()).await)
    });
    rows.row("a service without one", Code::NotInitialized, |b| async move {
        let uid = b.add("store").await;
        code(b.work.configure_msg_service(uid, Vec::new()).await)
    });
    rows.row("an unknown service", Code::NotFound, |b| async move {
        code(b.work.configure_msg_service(NOBODY, Vec::new()).await)
    });
    rows.row("the entry point refuses", (Code::ExtendedError, "the licence has run out"), |b| async move {
        let uid = b.add("pair").await;
        let refused = code(b.work.configure_msg_service(uid, vec![Property::new(REFUSAL, Value::Long(1))]).await);
        (refused, b.work.get_last_error(refused).await.unwrap().unwrap().error)
    });
    rows.row("the entry point lacks configuration", Code::Unconfigured, |b| async move {
        let uid = b.add("unconfigured").await;
        code(b.work.configure_msg_service(uid, Vec::new()).await)
    });
    for (name, flag) in [
        ("SERVICE_UI_ALWAYS", 0x2),
        ("UI_CURRENT_PROVIDER_FIRST", 0x4),
        ("MSG_SERVICE_UI_READ_ONLY", 0x8),
        ("SERVICE_UI_ALLOWED", 0x10),
        ("MAPI_UNICODE", raw::UNICODE),
    ] {
        rows.raw(format!("{name}, no entry point"), Code::NotInitialized, move || {
            with_services(|services| code(services.configure_msg_service(first(services), 0, flag, Vec::new())))
        });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_services(|services| {
            let uid = first(services);
            raw::undefined(raw::UNICODE | 0x1E, |flags| code(services.configure_msg_service(uid, 0, flags, Vec::new())))
        })
    });
    rows.row("a change to a section that a client writes", Code::NoAccess, |b| async move {
        let uid = b.add("pair").await;
        let key = b.provider_keys().await.remove(0);
        let _held = b.section(key).await;
        code(b.work.configure_msg_service(uid, vec![Property::new(tags::COMMENT, text("x"))]).await)
    });
    rows.of("profiles 4.3", "IMsgServiceAdmin::AdminProviders");
    rows.row("a service", Code::SOk, |b| async move {
        let uid = b.add("store").await;
        code(b.work.admin_providers(uid).await)
    });
    rows.row("an unknown one", Code::NotFound, |b| async move { code(b.work.admin_providers(NOBODY).await) });
    rows.raw("every flag", Code::InvalidParameter, || {
        with_services(|services| {
            let uid = first(services);
            raw::reserved(|flags| code(services.admin_providers(uid, flags)))
        })
    });
}

/// Makes an order of the keys of all providers.
type Order = fn(&[Guid]) -> Vec<Guid>;

fn order(rows: &mut Rows) {
    async fn transports(bench: &Bench) -> Vec<Guid> {
        for service in ["store", "wire", "wire"] {
            bench.add(service).await;
        }
        bench.provider_keys().await
    }
    rows.of("profiles 4.3", "IMsgServiceAdmin::MsgServiceTransportOrder");
    let cases: [(&str, Order, Code); 7] = [
        ("all of them, the other way round", |all| vec![all[2], all[1]], Code::SOk),
        ("one too few", |all| vec![all[1]], Code::Busy),
        ("none", |_| Vec::new(), Code::Busy),
        ("one too many", |all| vec![all[1], all[2], all[0]], Code::Busy),
        ("a store among them", |all| vec![all[1], all[0]], Code::NotFound),
        ("one of them twice", |all| vec![all[1], all[1]], Code::NotFound),
        ("an unknown one", |all| vec![all[1], NOBODY], Code::NotFound),
    ];
    for (name, order, expected) in cases {
        rows.row(name, expected, move |b| async move {
            let all = transports(&b).await;
            code(b.work.msg_service_transport_order(&order(&all)).await)
        });
    }
    rows.raw("every flag", Code::InvalidParameter, || {
        with_services(|services| raw::reserved(|flags| code(services.msg_service_transport_order(&[], flags))))
    });
    rows.row("PR_PROVIDER_ORDINAL afterwards", "0x0, 0x1, 0x0", |b| async move {
        let all = transports(&b).await;
        b.work.msg_service_transport_order(&[all[2], all[1]]).await.unwrap();
        list(&column(&providers(&b.work).await, tags::PROVIDER_ORDINAL).await)
    });
    rows.of("profiles 1.4", "IMsgServiceAdmin::MsgServiceTransportOrder");
    rows.row("STATUS_XP_PREFER_LAST, no order given", "0x2, 0x0, 0x1", |b| async move {
        for service in ["last", "wire", "wire"] {
            b.add(service).await;
        }
        list(&column(&providers(&b.work).await, tags::PROVIDER_ORDINAL).await)
    });
    rows.row("STATUS_XP_PREFER_LAST, put first", "0x0, 0x1", |b| async move {
        b.add("last").await;
        b.add("wire").await;
        let all = b.provider_keys().await;
        b.work.msg_service_transport_order(&all).await.unwrap();
        list(&column(&providers(&b.work).await, tags::PROVIDER_ORDINAL).await)
    });
}

fn identity(rows: &mut Rows) {
    rows.of("profiles 5", "IMsgServiceAdmin::SetPrimaryIdentity");
    for (name, service, expected) in [
        ("a service", "pair", Code::SOk),
        ("a service that supplies none", "silent", Code::NoAccess),
    ] {
        rows.row(name, expected, move |b| async move {
            let uid = b.add(service).await;
            code(b.work.set_primary_identity(Some(uid)).await)
        });
    }
    rows.row("none", Code::SOk, |b| async move {
        b.add("pair").await;
        code(b.work.set_primary_identity(None).await)
    });
    rows.row("an unknown one", Code::NotFound, |b| async move { code(b.work.set_primary_identity(Some(NOBODY)).await) });
    rows.row("the key of a provider means its service", "0x0, 0x0, 0x4, 0x4", |b| async move {
        b.add("pair").await;
        b.add("pair").await;
        let key = b.provider_keys().await.remove(2);
        b.work.set_primary_identity(Some(key)).await.unwrap();
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.row("PR_RESOURCE_FLAGS of the services", "0x0, 0x8", |b| async move {
        b.add("pair").await;
        let second = b.add("pair").await;
        b.work.set_primary_identity(Some(second)).await.unwrap();
        list(&column(&services(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.row("none: PR_RESOURCE_FLAGS of the providers", "0x0, 0x0", |b| async move {
        b.add("pair").await;
        b.work.set_primary_identity(None).await.unwrap();
        list(&column(&providers(&b.work).await, tags::RESOURCE_FLAGS).await)
    });
    rows.raw("every flag", Code::InvalidParameter, || {
        with_services(|services| raw::reserved(|flags| code(services.set_primary_identity(None, flags))))
    });
}
