//! Profiles, services, providers and their sections through the component (`profiles` 8): one test for each of the
//! behaviours a test must cover.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod administration;
mod roles;
mod sections;

use mapi_engine::memory::{MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::{
    ConfigureOutcome, ConfigureRequest, ExtraDefinition, ProviderDefinition, ProviderKind, ServiceDefinition,
};
use mapi_session::error::{Code, Failure, Result};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::tables::Bookmark;
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, Opened, ProfileAdmin, Properties, ServiceAdmin, Session, SharedStore,
    Subsystem, Table, Threading, flags,
};
use std::sync::{Arc, OnceLock};

const SECRET: PropTag = PropTag(0x67F2_001F);
const SETTING: PropTag = PropTag(0x6601_001F);
const EXTRA: Guid = Guid([0xE; 16]);
/// What a silent configuration is told to make it fail.
const REFUSAL: PropTag = PropTag(0x6602_0003);

const SINGLE_COPY: u32 = 0x2;
const SERVICE_IDENTITY: i32 = 0x8;
const NO_IDENTITY: u32 = 0x20;
const SUPPLIES_IDENTITY: u32 = 0x4;
const PREFERS_LAST: u32 = 0x10;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(30)).unwrap()
    })
}

struct Fixture {
    catalogue: Arc<MemoryCatalogue>,
    subsystem: Subsystem,
    admin: ProfileAdmin,
    work: ServiceAdmin,
}

/// A subsystem with the empty profiles `Work` and `Home`, and services for everything.
async fn fixture() -> Fixture {
    let catalogue = Arc::new(catalogue());
    let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([7; 16]), "mailbox"));
    let backends = Backends::new(Arc::new(MemoryProfiles::default()), catalogue.clone())
        .with_profile_threading(Threading::Immediate)
        .with_store("memory", Threading::Immediate, move |_, _| Ok(Opened::new(Arc::clone(&store))));
    let subsystem = engine().subsystem(&backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    for name in ["Work", "Home"] {
        admin.create_profile(name, flags::CreateProfileFlags::empty()).await.unwrap();
    }
    let work = admin.admin_services("Work").await.unwrap();
    Fixture { catalogue, subsystem, admin, work }
}

impl Fixture {
    async fn home(&self) -> ServiceAdmin {
        self.admin.admin_services("Home").await.unwrap()
    }

    async fn logon(&self, profile: &str) -> Session {
        self.subsystem.logon(LogonOptions::profile(profile)).await.unwrap()
    }

    /// The names in the profile table.
    async fn names(&self) -> Vec<Value> {
        column(&self.profile_table().await, tags::DISPLAY_NAME).await
    }

    async fn profile_table(&self) -> Table {
        self.admin.get_profile_table(flags::GetProfileTableFlags::MAPI_UNICODE).await.unwrap()
    }
}

fn definition(name: &str, kind: ProviderKind, service: u32, provider: u32) -> ServiceDefinition {
    let mut definition = MemoryCatalogue::service(name, name, kind, "memory");
    definition.flags = service;
    for known in &mut definition.providers {
        known.flags = provider;
    }
    definition
}

fn catalogue() -> MemoryCatalogue {
    let mut pair = definition("pair", ProviderKind::AddressBook, 0, SUPPLIES_IDENTITY);
    pair.providers.push(ProviderDefinition { section: "second".into(), ..pair.providers[0].clone() });
    pair.extras.push(ExtraDefinition { uid: EXTRA, properties: vec![Property::new(tags::COMMENT, text("extra"))] });
    let refuses = |request: &ConfigureRequest| {
        let asked = request.properties.iter().any(|property| property.tag == REFUSAL);
        if asked { Err(Failure::new(Code::ExtendedError, "the licence has run out")) } else { Ok(ConfigureOutcome::default()) }
    };
    MemoryCatalogue::new(vec![
        definition("store", ProviderKind::Store, 0, 0),
        definition("single", ProviderKind::Store, SINGLE_COPY, 0),
        definition("silent", ProviderKind::AddressBook, NO_IDENTITY, NO_IDENTITY),
        definition("last", ProviderKind::Transport, 0, PREFERS_LAST),
        definition("wire", ProviderKind::Transport, 0, 0),
        definition("broken", ProviderKind::Store, 0, 0),
        pair,
    ])
    .with_entry_point("pair", refuses)
    .with_entry_point("broken", |_| Err(Failure::new(Code::ExtendedError, "nothing works")))
}

async fn add(services: &ServiceAdmin, name: &str) -> Guid {
    services.create_msg_service_ex(name, None, flags::CreateMsgServiceFlags::empty()).await.unwrap()
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

fn code<T>(result: Result<T>) -> Code {
    result.map_or_else(|failure| failure.code(), |_| Code::SOk)
}

/// A column of a table, from its first row on.
async fn column(table: &Table, tag: PropTag) -> Vec<Value> {
    table.set_columns(&[tag], flags::SetColumnsFlags::empty()).await.unwrap();
    table.seek_row(Bookmark::BEGINNING, 0).await.unwrap();
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await.unwrap();
    rows.into_iter().map(|mut row| row.remove(0).value).collect()
}

async fn provider_table(services: &ServiceAdmin) -> Table {
    services.get_provider_table(flags::GetProviderTableFlags::MAPI_UNICODE).await.unwrap()
}

async fn service_table(services: &ServiceAdmin) -> Table {
    services.get_msg_service_table(flags::GetMsgServiceTableFlags::MAPI_UNICODE).await.unwrap()
}

async fn providers(services: &ServiceAdmin) -> Vec<Guid> {
    let keys = column(&provider_table(services).await, tags::PROVIDER_UID).await.into_iter().map(|cell| match cell {
        Value::Binary(bytes) => Guid::from_slice(&bytes).unwrap(),
        other => panic!("a key was expected, not {other:?}"),
    });
    keys.collect()
}

async fn open(services: &ServiceAdmin, uid: Guid) -> Properties {
    let how = flags::OpenProfileSectionFlags::MAPI_MODIFY | flags::OpenProfileSectionFlags::MAPI_FORCE_ACCESS;
    services.open_profile_section(Some(uid), how).await.unwrap()
}

async fn value(section: &Properties, tag: PropTag) -> Value {
    section.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.unwrap().value.remove(0).value
}
