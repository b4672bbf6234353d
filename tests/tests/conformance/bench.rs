//! What a row of the table works on: a subsystem of its own with services for everything, and what clients do with it.

use mapi_engine::backend::{
    ConfigureContext, ConfigureOutcome, ConfigureRequest, ExtraDefinition, ProviderDefinition, ProviderKind, SectionChange,
    ServiceDefinition,
};
use mapi_engine::memory::{MemoryCatalogue, MemoryPresenter, MemoryProfiles};
use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, ProfileAdmin, Properties, ServiceAdmin, Session, Subsystem, Threading,
    flags,
};
pub(crate) use mapi_tests::clients::{
    column, keys, list, open_store, root, root_id, shown, status_id, status_ids, status_named, status_object, status_table,
    store_ids, store_table, text, value,
};
use mapi_tests::configured_provider::{BOOK, ConfiguredProviders, FIXED, STORE, WIRE};
use std::sync::{Arc, Mutex, OnceLock};

/// A protected property.
pub(crate) const SECRET: PropTag = PropTag(0x67F2_001F);
/// An ordinary private property.
pub(crate) const SETTING: PropTag = PropTag(0x6601_001F);
/// What makes the entry point of `pair` fail.
pub(crate) const REFUSAL: PropTag = PropTag(0x6602_0003);
/// The key of the extra section of `pair`.
pub(crate) const EXTRA: Guid = Guid([0xE; 16]);
/// A key nobody has.
pub(crate) const NOBODY: Guid = Guid([0x77; 16]);

pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(60)).unwrap()
    })
}

/// A subsystem with the empty profiles `Work` and `Home`.
pub(crate) struct Bench {
    pub(crate) backends: Backends,
    pub(crate) subsystem: Subsystem,
    pub(crate) admin: ProfileAdmin,
    pub(crate) work: ServiceAdmin,
    pub(crate) catalogue: Arc<MemoryCatalogue>,
    pub(crate) providers: ConfiguredProviders,
    pub(crate) presenter: Arc<MemoryPresenter>,
    /// Sessions that live as long as the bench, so that a row need not keep what it opens something through.
    kept: Mutex<Vec<Session>>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let catalogue = Arc::new(catalogue());
        let providers = ConfiguredProviders::default();
        let presenter = Arc::new(MemoryPresenter::default());
        let backends = Backends::new(Arc::new(MemoryProfiles::default()), catalogue.clone())
            .with_profile_threading(Threading::Immediate)
            .with_presenter(presenter.clone());
        let backends = providers.grant(backends);
        // Turns are the row's own.
        let subsystem = engine().pulled_subsystem(&backends, Limits::default()).await.unwrap();
        let admin = subsystem.admin_profiles().await.unwrap();
        for name in ["Work", "Home"] {
            admin.create_profile(name, flags::CreateProfileFlags::empty()).await.unwrap();
        }
        let work = admin.admin_services("Work").await.unwrap();
        Self { backends, subsystem, admin, work, catalogue, providers, presenter, kept: Mutex::default() }
    }

    /// Adds a service to `Work`.
    pub(crate) async fn add(&self, service: &str) -> Guid {
        self.work.create_msg_service_ex(service, None, flags::CreateMsgServiceFlags::empty()).await.unwrap()
    }

    /// Adds a service whose first provider is told these things.
    pub(crate) async fn add_told(&self, service: &str, told: &[(PropTag, Value)]) -> Guid {
        let uid = self.add(service).await;
        let told = told.iter().map(|(tag, value)| Property::new(*tag, value.clone())).collect();
        self.work.configure_msg_service(uid, told).await.unwrap();
        uid
    }

    /// A session of its own on `Work`, with these services added before.
    pub(crate) async fn session(&self, services: &[&str]) -> Session {
        for service in services {
            self.add(service).await;
        }
        let session = self.logon("Work", flags::LogonFlags::MAPI_NEW_SESSION).await.unwrap();
        self.kept.lock().unwrap().push(session.clone());
        session
    }

    pub(crate) async fn logon(&self, profile: &str, how: flags::LogonFlags) -> Result<Session> {
        let options = LogonOptions { profile: Some(profile.to_owned()), flags: how };
        self.subsystem.logon(options).await.map_err(Failure::from)
    }

    /// A logon without a name.
    pub(crate) async fn logon_nameless(&self, profile: Option<&str>, how: flags::LogonFlags) -> Result<Session> {
        let options = LogonOptions { profile: profile.map(str::to_owned), flags: how };
        self.subsystem.logon(options).await.map_err(Failure::from)
    }

    pub(crate) async fn home(&self) -> ServiceAdmin {
        self.admin.admin_services("Home").await.unwrap()
    }

    /// The keys of the providers of `Work`.
    pub(crate) async fn provider_keys(&self) -> Vec<Guid> {
        let table = self.work.get_provider_table(flags::GetProviderTableFlags::empty()).await.unwrap();
        keys(&table, tags::PROVIDER_UID).await
    }

    /// A section of `Work`, held open for writing.
    pub(crate) async fn section(&self, uid: Guid) -> Properties {
        let how = flags::OpenProfileSectionFlags::MAPI_MODIFY | flags::OpenProfileSectionFlags::MAPI_FORCE_ACCESS;
        self.work.open_profile_section(Some(uid), how).await.unwrap()
    }

    /// Turns until nothing is left to do.
    pub(crate) async fn turns(&self) {
        while self.subsystem.pump(std::time::Duration::from_millis(20)).await.unwrap().more {}
    }
}

fn service(name: &str, kind: ProviderKind, backend: &str) -> ServiceDefinition {
    ServiceDefinition { default: false, ..MemoryCatalogue::service(name, name, kind, backend) }
}

fn flagged(mut service: ServiceDefinition, of_service: u32, of_providers: u32) -> ServiceDefinition {
    service.flags = of_service;
    service.providers.iter_mut().for_each(|provider| provider.flags = of_providers);
    service
}

/// A service with that provider and an honest one behind it.
fn with_sibling(mut service: ServiceDefinition) -> ServiceDefinition {
    let sibling =
        ProviderDefinition { section: "sibling".into(), display_name: "sibling".into(), ..service.providers[0].clone() };
    service.providers.push(sibling);
    service
}

/// A silent configuration tells the first provider what it is given.
fn tell_first(request: &ConfigureRequest) -> ConfigureOutcome {
    let change = SectionChange { uid: request.providers[0].uid, set: request.properties.clone(), delete: Vec::new() };
    ConfigureOutcome { sections: vec![change], ..ConfigureOutcome::default() }
}

/// An entry point that answers so when it is to configure.
fn configures_with(request: &ConfigureRequest, code: Code) -> Result<ConfigureOutcome> {
    match request.context {
        ConfigureContext::Configure => Err(Failure::new(code, "the person says so")),
        _ => Ok(ConfigureOutcome::default()),
    }
}

fn catalogue() -> MemoryCatalogue {
    use ProviderKind::{AddressBook, Store, Transport};
    let mut pair = flagged(with_sibling(service("pair", AddressBook, BOOK)), 0, 0x4);
    pair.extras.push(ExtraDefinition { uid: EXTRA, properties: vec![Property::new(tags::COMMENT, text("extra"))] });
    let told = [("told store", Store, STORE), ("told book", AddressBook, BOOK), ("told wire", Transport, WIRE)];
    let mut services = vec![
        service("store", Store, STORE),
        service("fixed", Store, FIXED),
        service("nowhere", Store, "not installed"),
        flagged(service("never default", Store, STORE), 0, 0x40),
        service("book", AddressBook, BOOK),
        service("wire", Transport, WIRE),
        flagged(service("last", Transport, WIRE), 0, 0x10),
        flagged(service("primary", Transport, WIRE), 0, 0x4),
        flagged(service("silent", AddressBook, BOOK), 0x20, 0x20),
        flagged(service("single", Store, STORE), 0x2, 0),
        service("broken", Store, STORE),
        service("unconfigured", Store, STORE),
        service("declined", Store, STORE),
        service("refusing", Store, STORE),
        pair,
    ];
    services.extend(told.map(|(name, kind, backend)| with_sibling(service(name, kind, backend))));
    let mut catalogue = MemoryCatalogue::new(services)
        .with_entry_point("pair", |request| {
            let refused = request.properties.iter().any(|property| property.tag == REFUSAL);
            if refused { Err(Failure::new(Code::ExtendedError, "the licence has run out")) } else { Ok(tell_first(request)) }
        })
        .with_entry_point("broken", |_| Err(Failure::new(Code::ExtendedError, "nothing works")))
        .with_entry_point("unconfigured", |_| Err(Failure::new(Code::Unconfigured, "nobody said which server")))
        .with_entry_point("declined", |request| configures_with(request, Code::UserCancel))
        .with_entry_point("refusing", |request| configures_with(request, Code::ExtendedError))
        .with_entry_point("primary", |request| Ok(tell_first(request)));
    for (name, ..) in told {
        catalogue = catalogue.with_entry_point(name, |request| Ok(tell_first(request)));
    }
    catalogue
}
