//! The imports `profile-storage`, `service-catalogue`, `progress` and `logging`. Clocks and random numbers do not
//! fail.

use super::{
    Misdeed, Said, Steps, check_complete, check_told, engine, impatient, logon, open_folder, open_store, subsystem, text, try_all,
};
use mapi_engine::memory::{Faults, Faulty, MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::{ConfigureOutcome, ProviderKind, SectionChange};
use mapi_session::error::Result;
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{Backends, FolderType, Limits, LogonOptions, Opened, SharedStore, Subsystem, Threading, flags};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The methods of the storage a client that does everything calls.
const STORAGE: [&str; 12] = [
    "acquire_lease",
    "default_name",
    "delete",
    "leases",
    "list",
    "load",
    "release_lease",
    "rename",
    "replace",
    "secret",
    "set_default_name",
    "set_secret",
];

/// Those of the catalogue.
const CATALOGUE: [&str; 2] = ["configure", "services"];

/// Methods that have no way to say that they failed.
const SILENT: [&str; 1] = ["release_lease"];

/// A property that is kept apart from the profile.
const PASSWORD: PropTag = PropTag(0x67F0_001F);

struct Bench {
    backends: Backends,
    storage: Arc<Faults>,
    catalogue: Arc<Faults>,
    said: Said,
}

impl Bench {
    /// A profile named Kept, the default one.
    async fn new() -> Self {
        let catalogue = MemoryCatalogue::new(vec![MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory")])
            .with_entry_point("store", |request| {
                let provider = request.providers.first().map(|provider| provider.uid);
                let set = vec![Property::new(PASSWORD, text("secret"))];
                let sections = provider.map(|uid| SectionChange { uid, set, delete: Vec::new() });
                Ok(ConfigureOutcome { sections: sections.into_iter().collect(), ..ConfigureOutcome::default() })
            });
        let (storage, catalogue) = (Faulty::new(MemoryProfiles::default()), Faulty::new(catalogue));
        let (of_storage, of_catalogue) = (Arc::clone(&storage.faults), Arc::clone(&catalogue.faults));
        let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([7; 16]), "mailbox"));
        let backends = Backends::new(Arc::new(storage), Arc::new(catalogue))
            .with_profile_threading(Threading::Blocking)
            .with_store("memory", Threading::Immediate, move |_, _| Ok(Opened::new(Arc::clone(&store))));
        let said = Said::default();
        let bench = Self { backends: said.listen(backends), storage: of_storage, catalogue: of_catalogue, said };
        let first = subsystem(&bench.backends).await;
        create(&first, "Kept").await.unwrap();
        first.admin_profiles().await.unwrap().set_default_profile(Some("Kept")).await.unwrap();
        bench
    }

    /// Everything a client does with profiles.
    async fn visit(&self, subsystem: &Subsystem, name: &str) -> Steps {
        let mut steps = Steps::default();
        let Some(admin) = steps.take("admin-profiles", subsystem.admin_profiles()).await else { return steps };
        let created = steps.take("create-profile", create(subsystem, name)).await;
        steps.take("get-profile-table", listed(subsystem)).await;
        for options in [LogonOptions::profile("Kept"), LogonOptions::default_profile()] {
            let session = steps.take("logon", async { subsystem.logon(options).await.map_err(|failure| failure.failure) }).await;
            let Some(session) = session else { continue };
            steps.take("open-msg-store", open_store(&session)).await;
            steps.take("logoff", session.logoff(flags::LogoffFlags::empty())).await;
        }
        if created.is_some() {
            let renamed = format!("{name} again");
            let rename = admin.rename_profile(name, &renamed, flags::RenameProfileFlags::empty());
            if steps.take("rename-profile", rename).await.is_some() {
                steps.take("delete-profile", admin.delete_profile(&renamed)).await;
            }
        }
        steps.take("set-default-profile", admin.set_default_profile(Some("Kept"))).await;
        steps
    }
}

async fn create(subsystem: &Subsystem, name: &str) -> Result<()> {
    let admin = subsystem.admin_profiles().await?;
    admin.create_profile(name, flags::CreateProfileFlags::empty()).await?;
    let profile = admin.admin_services(name).await?;
    profile.create_msg_service_ex("store", Some("Mail"), flags::CreateMsgServiceFlags::empty()).await.map(drop)
}

async fn listed(subsystem: &Subsystem) -> Result<BTreeSet<String>> {
    let admin = subsystem.admin_profiles().await?;
    let table = admin.get_profile_table(flags::GetProfileTableFlags::MAPI_UNICODE).await?;
    super::shown(&table, tags::DISPLAY_NAME).await
}

/// What must hold while and after a method misbehaves.
async fn survives(bench: &Bench, faults: &Faults, who: &str, silent: &[&str], method: &'static str, misdeed: Misdeed) {
    let case = format!("{method}: {misdeed:?}");
    let client = impatient(&bench.backends, misdeed).await;
    let session = client.logon(LogonOptions::profile("Kept")).await.unwrap();
    misdeed.schedule(faults, method);
    let steps = bench.visit(&client, "New").await;
    check_told(&case, who, misdeed.is_told(method, silent), &steps.0, &bench.said);
    // The session is there, whatever can be known of its profile.
    if let Err(failure) = session.get_status_table(flags::GetStatusTableFlags::empty()).await {
        assert!(super::names(&failure, who) || misdeed == Misdeed::Garbage, "{case}: {failure:?}");
    }
    faults.clear();
    if misdeed.is_forgiven() {
        let steps = bench.visit(&client, "Newer").await;
        assert!(steps.0.is_empty(), "{case}: afterwards {:?}", steps.0);
    }
    let other = subsystem(&bench.backends).await;
    assert!(listed(&other).await.unwrap().contains("Kept"), "{case}");
    let session = other.logon(LogonOptions::profile("Kept")).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    open_store(&session).await.unwrap_or_else(|failure| panic!("{case}: {failure}"));
}

async fn storage_survives(method: &'static str, misdeed: Misdeed) {
    let bench = Bench::new().await;
    survives(&bench, &bench.storage, "Profile storage", &SILENT, method, misdeed).await;
}

async fn catalogue_survives(method: &'static str, misdeed: Misdeed) {
    let bench = Bench::new().await;
    survives(&bench, &bench.catalogue, "Service catalogue", &[], method, misdeed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_function_of_these_imports_is_tested_or_is_never_called() {
    let bench = Bench::new().await;
    let client = subsystem(&bench.backends).await;
    let steps = bench.visit(&client, "New").await;
    assert!(steps.0.is_empty(), "{:?}", steps.0);
    check_complete("profile-storage", &STORAGE, &[], &bench.storage.calls().into_iter().collect());
    check_complete("service-catalogue", &CATALOGUE, &[], &bench.catalogue.calls().into_iter().collect());
    let small = ["report", "log"].into_iter().collect();
    check_complete("progress", &["report"], &[], &small);
    check_complete("logging", &["log"], &[], &small);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_storage_that_misbehaves_is_named_and_costs_nothing_else() {
    try_all(&STORAGE, storage_survives).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_misbehaves_is_named_and_costs_nothing_else() {
    try_all(&CATALOGUE, catalogue_survives).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_display_and_a_log_that_break_down_disturb_nobody() {
    let backends = Backends::memory()
        .with_progress(|_, _| panic!("a fault of the display that a test commanded"))
        .with_log(|_, _| panic!("a fault of the log that a test commanded"));
    let subsystem = engine().subsystem(&backends, Limits::default()).await.unwrap();
    super::create_profile(&subsystem, &[("mapi.store", "Mail")]).await;
    let session = logon(&subsystem).await;
    let store = open_store(&session).await.unwrap();
    let root = open_folder(&store, None).await.unwrap();
    let folder = root.create_folder(FolderType::Generic, "Kept", None, flags::CreateFolderFlags::empty()).await.unwrap();
    for _ in 0..3 {
        let message = folder.create_message(flags::CreateMessageFlags::empty()).await.unwrap();
        message.properties().await.unwrap().save_changes(flags::SaveChangesFlags::empty()).await.unwrap();
    }
    let emptied = folder.empty_folder(flags::EmptyFolderFlags::empty()).await.unwrap();
    assert_eq!(emptied.warning, None, "the work is done");
    let count = folder.properties().await.unwrap();
    let count = count.get_props(Some(&[tags::CONTENT_COUNT]), flags::GetPropsFlags::empty()).await.unwrap().value;
    assert_eq!(count[0].value, Value::Long(0));
}
