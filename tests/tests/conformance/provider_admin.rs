//! IProviderAdmin (`profiles` 4.4).

use crate::bench::{Bench, EXTRA, NOBODY, SETTING, column, list, shown, text, value};
use crate::raw;
use crate::table::{Rows, code};
use mapi_engine::error::Code;
use mapi_engine::profiles::ProviderAdmin as RawAdmin;
use mapi_session::flags::{self, CreateProviderFlags};
use mapi_session::properties::{Guid, Property, Value, tags};
use mapi_session::ProviderAdmin;

fn none() -> CreateProviderFlags {
    CreateProviderFlags::empty()
}


/// The administration of the service `pair` of `Work`.
async fn pair(bench: &Bench) -> ProviderAdmin {
    let uid = bench.add("pair").await;
    bench.work.admin_providers(uid).await.unwrap()
}

fn with_providers<R>(run: impl FnOnce(&RawAdmin) -> R) -> R {
    let subsystem = raw::subsystem();
    let services = subsystem.admin_profiles(0).unwrap().admin_services("Work", None, 0, 0).unwrap();
    let table = services.get_msg_service_table(0).unwrap();
    table.set_columns(&[tags::SERVICE_UID], 0).unwrap();
    let Value::Binary(uid) = table.query_rows(1, 0).unwrap().remove(0).remove(0).value else { panic!("a key") };
    run(&services.admin_providers(Guid::from_slice(&uid).unwrap(), 0).unwrap())
}

pub(super) fn rows(rows: &mut Rows) {
    rows.of("profiles 4.4", "IProviderAdmin::GetProviderTable");
    let columns = [
        ("PR_RESOURCE_TYPE: extra sections have none", tags::RESOURCE_TYPE, "0x23, 0x23, MAPI_E_NOT_FOUND"),
        ("PR_INSTANCE_KEY", tags::INSTANCE_KEY, "16 bytes, 16 bytes, 16 bytes"),
        ("PR_PROVIDER_UID: extra sections have none", tags::PROVIDER_UID, "16 bytes, 16 bytes, MAPI_E_NOT_FOUND"),
        ("PR_SERVICE_NAME", tags::SERVICE_NAME, "pair, pair, pair"),
    ];
    for (name, tag, expected) in columns {
        rows.row(name, expected, move |b| async move {
            let table = pair(&b).await.get_provider_table(flags::GetProviderTableFlags::MAPI_UNICODE).await.unwrap();
            list(&column(&table, tag).await)
        });
    }
    rows.row("only the providers of the service", "3", |b| async move {
        b.add("store").await;
        let table = pair(&b).await.get_provider_table(flags::GetProviderTableFlags::empty()).await.unwrap();
        table.get_row_count().await.unwrap().value.to_string()
    });
    rows.row("of a service that was deleted", Code::NotFound, |b| async move {
        let uid = b.add("store").await;
        let admin = b.work.admin_providers(uid).await.unwrap();
        b.work.delete_msg_service(uid).await.unwrap();
        code(admin.get_provider_table(flags::GetProviderTableFlags::empty()).await)
    });
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_providers(|admin| raw::undefined(raw::UNICODE, |flags| code(admin.get_provider_table(flags))))
    });
    create(rows);
    delete(rows);
    sections(rows);
}

fn create(rows: &mut Rows) {
    rows.of("profiles 4.4", "IProviderAdmin::CreateProvider");
    for (name, how) in [("no flag", none()), ("MAPI_DIALOG", CreateProviderFlags::MAPI_DIALOG), ("MAPI_UNICODE", CreateProviderFlags::MAPI_UNICODE)] {
        rows.row(name, Code::SOk, move |b| async move { code(pair(&b).await.create_provider("pair", Vec::new(), how).await) });
    }
    rows.raw("every undefined flag", Code::UnknownFlags, || {
        with_providers(|admin| raw::undefined(raw::UNICODE | 0x8, |flags| code(admin.create_provider("store", Vec::new(), 0, flags))))
    });
    rows.row("a provider of another service", Code::NotFound, |b| async move {
        code(pair(&b).await.create_provider("store", Vec::new(), none()).await)
    });
    rows.row("what the catalogue does not have", Code::NotFound, |b| async move {
        code(pair(&b).await.create_provider("nothing", Vec::new(), none()).await)
    });
    rows.row("the given properties come on top", "mine", |b| async move {
        let admin = pair(&b).await;
        let made = admin.create_provider("sibling", vec![Property::new(SETTING, text("mine"))], none()).await.unwrap();
        shown(&value(&b.section(made).await, SETTING).await)
    });
    rows.row("PR_RESOURCE_FLAGS cannot be given", "0x0", |b| async move {
        let admin = pair(&b).await;
        let made = admin.create_provider("sibling", vec![Property::new(tags::RESOURCE_FLAGS, Value::Long(0x2))], none()).await.unwrap();
        shown(&value(&b.section(made).await, tags::RESOURCE_FLAGS).await)
    });
    rows.row("the entry point is told", "ProviderCreate", |b| async move {
        pair(&b).await.create_provider("pair", Vec::new(), none()).await.unwrap();
        format!("{:?}", b.catalogue.requests().pop().unwrap().context)
    });
    rows.row("the entry point refuses", Code::Unconfigured, |b| async move {
        let uid = b.add("unconfigured").await;
        let admin = b.work.admin_providers(uid).await.unwrap();
        code(admin.create_provider("unconfigured", Vec::new(), none()).await)
    });
    rows.row("the entry point refuses: nothing is left", "1", |b| async move {
        let uid = b.add("unconfigured").await;
        let admin = b.work.admin_providers(uid).await.unwrap();
        admin.create_provider("unconfigured", Vec::new(), none()).await.unwrap_err();
        b.provider_keys().await.len().to_string()
    });
    rows.row("the service was deleted", Code::NotFound, |b| async move {
        let uid = b.add("pair").await;
        let admin = b.work.admin_providers(uid).await.unwrap();
        b.work.delete_msg_service(uid).await.unwrap();
        code(admin.create_provider("pair", Vec::new(), none()).await)
    });
}

fn delete(rows: &mut Rows) {
    rows.of("profiles 4.4", "IProviderAdmin::DeleteProvider");
    rows.row("a provider", Code::SOk, |b| async move {
        let admin = pair(&b).await;
        let key = b.provider_keys().await.remove(0);
        code(admin.delete_provider(key).await)
    });
    rows.row("twice", Code::NotFound, |b| async move {
        let admin = pair(&b).await;
        let key = b.provider_keys().await.remove(0);
        admin.delete_provider(key).await.unwrap();
        code(admin.delete_provider(key).await)
    });
    rows.row("an unknown one", Code::NotFound, |b| async move { code(pair(&b).await.delete_provider(NOBODY).await) });
    rows.row("one of another service", Code::NotFound, |b| async move {
        b.add("store").await;
        let key = b.provider_keys().await.remove(0);
        code(pair(&b).await.delete_provider(key).await)
    });
    rows.row("an extra section", Code::NotFound, |b| async move { code(pair(&b).await.delete_provider(EXTRA).await) });
    rows.row("the entry point refuses", Code::Unconfigured, |b| async move {
        let uid = b.add("unconfigured").await;
        let key = b.provider_keys().await.remove(0);
        code(b.work.admin_providers(uid).await.unwrap().delete_provider(key).await)
    });
    rows.row("the entry point refuses: it is still there", "1", |b| async move {
        let uid = b.add("unconfigured").await;
        let key = b.provider_keys().await.remove(0);
        b.work.admin_providers(uid).await.unwrap().delete_provider(key).await.unwrap_err();
        b.provider_keys().await.len().to_string()
    });
    rows.row("the entry point is told of it once", "Create, ProviderDelete", |b| async move {
        let admin = pair(&b).await;
        let key = b.provider_keys().await.remove(0);
        admin.delete_provider(key).await.unwrap();
        b.catalogue.requests().iter().map(|request| format!("{:?}", request.context)).collect::<Vec<_>>().join(", ")
    });
}

fn sections(rows: &mut Rows) {
    rows.of("profiles 4.4", "IProviderAdmin::OpenProfileSection");
    let read = flags::OpenProfileSectionFlags::empty();
    rows.row("no key", Code::InvalidParameter, move |b| async move { code(pair(&b).await.open_profile_section(None, read).await) });
    rows.row("an extra section", Code::SOk, move |b| async move { code(pair(&b).await.open_profile_section(Some(EXTRA), read).await) });
    rows.row("a provider, no flag", Code::NoAccess, move |b| async move {
        let admin = pair(&b).await;
        let key = b.provider_keys().await.remove(0);
        code(admin.open_profile_section(Some(key), read).await)
    });
    rows.row("a provider, MAPI_FORCE_ACCESS", Code::SOk, |b| async move {
        let admin = pair(&b).await;
        let key = b.provider_keys().await.remove(0);
        code(admin.open_profile_section(Some(key), flags::OpenProfileSectionFlags::MAPI_FORCE_ACCESS).await)
    });
}
