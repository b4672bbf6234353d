//! Stores, address books, transports, profile storage and catalogue fail, stall, lie and break down in turn, under
//! the whole component: the failure names who it comes from, the session goes on, and nothing is lost (`session`
//! 3.1). What there is to be tested is what the component is linked with, so that no method can be forgotten.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod address_book;
mod profile;
mod store;
mod transport;

use mapi_engine::memory::{Fault, Faults, Trigger};
use mapi_session::backend::LogLevel;
use mapi_session::error::{Code, Failure, Origin, Result};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::restriction::{Relop, Restriction};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, Limits, LogonOptions, MessageStore, Object, OpenedProperty, Properties,
    PropertyInterface, Session, Subsystem, Table, flags,
};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::task::JoinSet;
use wit_component::DecodedWasm;
use wit_parser::WorldItem;

/// Time a call of a backend may take where calls stall: more than an honest one needs on a busy machine.
const DEADLINE: Duration = Duration::from_secs(5);

/// Cases that wait at a time: they stall, so that there is little to do.
const AT_A_TIME: usize = 4;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(120)).unwrap()
    })
}

async fn subsystem(backends: &Backends) -> Subsystem {
    engine().subsystem(backends, Limits::default()).await.unwrap()
}

/// A subsystem that does not wait for a call that stalls.
async fn impatient(backends: &Backends, misdeed: Misdeed) -> Subsystem {
    let mut limits = Limits::default();
    if misdeed == Misdeed::Stall {
        limits.backend_time = DEADLINE;
        limits.transfer_time = DEADLINE;
        limits.maintenance_time = DEADLINE;
    }
    engine().subsystem(backends, limits).await.unwrap()
}

async fn logon(subsystem: &Subsystem) -> Session {
    subsystem.logon(LogonOptions::profile("Test")).await.unwrap()
}

/// A profile with that service, under that name.
async fn create_profile(subsystem: &Subsystem, services: &[(&str, &str)]) {
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Test", flags::CreateProfileFlags::empty()).await.unwrap();
    let profile = admin.admin_services("Test").await.unwrap();
    for (service, name) in services {
        profile.create_msg_service_ex(service, Some(name), flags::CreateMsgServiceFlags::empty()).await.unwrap();
    }
}

async fn open_store(session: &Session) -> Result<MessageStore> {
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await?;
    stores.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let rows = stores.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else {
        return Err(Failure::not_found("the profile shows no store"));
    };
    Ok(session.open_msg_store(entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await?.value.object)
}

async fn open_folder(store: &MessageStore, entry_id: Option<&[u8]>) -> Result<Folder> {
    match store.open_entry(entry_id, flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await?.object {
        Object::Folder(folder) => Ok(folder),
        other => panic!("no folder: {other:?}"),
    }
}

/// The folder of that name below another one.
async fn child(store: &MessageStore, parent: &Folder, name: &str) -> Result<Folder> {
    let folders = parent.get_hierarchy_table(flags::GetHierarchyTableFlags::MAPI_UNICODE).await?;
    folders.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await?;
    let wanted = Property::new(tags::DISPLAY_NAME, text(name));
    let named = Restriction::Property { relop: Relop::Eq, tag: tags::DISPLAY_NAME, value: wanted };
    folders.restrict(Some(&named), flags::RestrictFlags::empty()).await?;
    let rows = folders.query_rows(1, flags::QueryRowsFlags::empty()).await?;
    let Some(Value::Binary(entry_id)) = rows.first().map(|row| &row[0].value) else {
        return Err(Failure::not_found("there is no such folder"));
    };
    open_folder(store, Some(entry_id)).await
}

/// What a table shows in a column of text.
async fn shown(table: &Table, column: PropTag) -> Result<BTreeSet<String>> {
    table.set_columns(&[column], flags::SetColumnsFlags::empty()).await?;
    let rows = table.query_all_rows(1_000).await?;
    let text = |row: &Vec<Property>| if let Value::Unicode(text) = &row[0].value { Some(text.clone()) } else { None };
    Ok(rows.iter().filter_map(text).collect())
}

async fn read_stream(properties: &Properties, tag: PropTag) -> Result<Vec<u8>> {
    let (options, how) = (flags::OpenPropertyOptions::empty(), flags::OpenPropertyFlags::empty());
    match properties.open_property(tag, PropertyInterface::DataStream, options, how).await? {
        OpenedProperty::DataStream(stream) => stream.read_to_end().await,
        other => panic!("no stream: {other:?}"),
    }
}

fn text(value: &str) -> Value {
    Value::Unicode(value.to_owned())
}

/// What a client does, each step whatever became of the others, and what failed of it.
#[derive(Default)]
struct Steps(Vec<(&'static str, Failure)>);

impl Steps {
    async fn take<T>(&mut self, name: &'static str, step: impl Future<Output = Result<T>>) -> Option<T> {
        match step.await {
            Ok(done) => Some(done),
            Err(failure) => {
                self.0.push((name, failure));
                None
            }
        }
    }
}

/// What the component has written into the log.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn listen(&self, backends: Backends) -> Backends {
        let said = self.clone();
        backends.with_log(move |level, line| {
            if matches!(level, LogLevel::Info | LogLevel::Warn | LogLevel::Error) {
                said.0.lock().unwrap().push(line.to_owned());
            }
        })
    }

    /// Whether a failure of that provider was written down.
    fn names(&self, provider: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(&format!("{provider}: MAPI_E_")))
    }
}

fn names(failure: &Failure, provider: &str) -> bool {
    matches!(&failure.detail().origin, Origin::Provider { name, .. } if name == provider)
}

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misdeed {
    Error,
    Garbage,
    Panic,
    Stall,
}

impl Misdeed {
    const ALL: [Self; 4] = [Self::Error, Self::Garbage, Self::Panic, Self::Stall];

    fn schedule(self, faults: &Faults, method: &'static str) {
        let (trigger, fault) = match self {
            Self::Error => (Trigger::Every, Fault::Fail(Failure::new(Code::NetworkError, "the line is down; try again later"))),
            Self::Garbage => (Trigger::Every, Fault::Garbage),
            Self::Panic => (Trigger::Every, Fault::Panic),
            Self::Stall => (Trigger::Nth(1), Fault::Stall(DEADLINE * 2)),
        };
        faults.schedule(Some(method), trigger, fault);
    }

    /// Whether the provider says, or its host says for it, that it failed. A method that has no way to fail can
    /// do so only by not returning.
    fn is_told(self, method: &str, silent: &[&str]) -> bool {
        self != Self::Garbage && !(self == Self::Error && silent.contains(&method))
    }

    /// Whether the provider is as good as before when it behaves again.
    fn is_forgiven(self) -> bool {
        matches!(self, Self::Error | Self::Garbage)
    }
}

/// Tries each misdeed of each method.
async fn try_all<F>(methods: &[&'static str], case: impl Fn(&'static str, Misdeed) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failed = Vec::new();
    for misdeed in Misdeed::ALL {
        let at_a_time = if misdeed == Misdeed::Stall { AT_A_TIME } else { 1 };
        let mut running = JoinSet::new();
        for &method in methods {
            if running.len() == at_a_time {
                failed.extend(running.join_next().await.unwrap().err());
            }
            running.spawn(case(method, misdeed));
        }
        while let Some(ended) = running.join_next().await {
            failed.extend(ended.err());
        }
    }
    assert!(failed.is_empty(), "{} cases fail: {failed:#?}", failed.len());
}

/// What must hold of the failures of a client that worked while a provider misbehaved.
fn check_told(case: &str, provider: &str, is_told: bool, failures: &[(&'static str, Failure)], said: &Said) {
    for (step, failure) in failures {
        assert!(names(failure, provider) || !is_told, "{case}: {step} names nobody: {failure:?}");
        assert!(!failure.detail().message.is_empty(), "{case}: {step}");
    }
    assert!(!is_told || !failures.is_empty() || said.names(provider), "{case}: nobody hears of it: {:?}", said.0.lock().unwrap());
}

/// The functions of an import that the component is linked with. Those of its resource have their own names.
fn linked(interface: &str) -> BTreeSet<String> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(mapi_session::COMPONENT).unwrap() else {
        panic!("the artefact is no component")
    };
    let wanted = format!("mapi:session/{interface}@0.1.0");
    let found = resolve.worlds[world].imports.values().find_map(|item| match item {
        WorldItem::Interface { id, .. } if resolve.id_of(*id).is_some_and(|name| name == wanted) => Some(*id),
        _ => None,
    });
    let found = found.unwrap_or_else(|| panic!("{wanted} is not imported"));
    resolve.interfaces[found].functions.keys().map(|name| name.rsplit('.').next().unwrap().to_owned()).collect()
}

/// Every function of an import is tested here, or it is said why not. `tested` are names of the backend traits;
/// `called` are those a client that does everything has called.
fn check_complete(interface: &str, tested: &[&str], untested: &[(&str, &str)], called: &BTreeSet<&str>) {
    let of_the_world = |method: &str| match (interface, method) {
        ("transport-backend", "notices") => "take-effects".to_owned(),
        ("transport-backend", "flush") => "flush-queues".to_owned(),
        (_, "validate") => "validate-state".to_owned(),
        (_, "effects") => "take-effects".to_owned(),
        ("profile-storage", "list") => "list-profiles".to_owned(),
        _ => method.replace('_', "-"),
    };
    let mut known: BTreeSet<String> = tested.iter().map(|method| of_the_world(method)).collect();
    for (method, reason) in untested {
        assert!(known.insert(of_the_world(method)), "{method} is tested, and yet it is said that {reason}");
        assert!(!called.contains(method), "{method} is called, although it is said that {reason}");
    }
    assert_eq!(known, linked(interface), "{interface}");
    let missed: Vec<_> = tested.iter().filter(|method| !called.contains(*method)).collect();
    assert!(missed.is_empty(), "{interface}: {missed:?} are not called; {called:?} are");
}

/// `ChangePassword` of the provider whose status row says that it can; one that is away has no row.
async fn change_password(session: &Session) -> Result<()> {
    const STATUS_CHANGE_PASSWORD: i32 = 0x4;
    let table = session.get_status_table(flags::GetStatusTableFlags::empty()).await?;
    table.set_columns(&[tags::ENTRYID, tags::RESOURCE_METHODS], flags::SetColumnsFlags::empty()).await?;
    for row in table.query_rows(100, flags::QueryRowsFlags::empty()).await? {
        let (Value::Binary(id), Value::Long(methods)) = (&row[0].value, &row[1].value) else { continue };
        if methods & STATUS_CHANGE_PASSWORD == 0 {
            continue;
        }
        let opened = session.open_entry(id, flags::SessionOpenEntryFlags::empty(), None).await?.object;
        let mapi_session::Entry::Status(object) = opened else { panic!("no status object: {opened:?}") };
        match object.change_password("old", "new").await {
            // The provider behind the one that misbehaves has none.
            Err(failure) if failure.code() == Code::NoSupport => {}
            changed => changed?,
        }
    }
    Ok(())
}

/// Sets a property of the status object of the provider whose row says that it can change passwords, and validates it.
async fn change_status(session: &Session) -> Result<()> {
    const STATUS_CHANGE_PASSWORD: i32 = 0x4;
    let table = session.get_status_table(flags::GetStatusTableFlags::empty()).await?;
    table.set_columns(&[tags::ENTRYID, tags::RESOURCE_METHODS], flags::SetColumnsFlags::empty()).await?;
    for row in table.query_rows(100, flags::QueryRowsFlags::empty()).await? {
        let (Value::Binary(id), Value::Long(methods)) = (&row[0].value, &row[1].value) else { continue };
        if methods & STATUS_CHANGE_PASSWORD == 0 {
            continue;
        }
        let opened = session.open_entry(id, flags::SessionOpenEntryFlags::MAPI_MODIFY, None).await?.object;
        let mapi_session::Entry::Status(object) = opened else { panic!("no status object: {opened:?}") };
        let renamed = vec![Property::new(tags::PROVIDER_DISPLAY, text("Renamed"))];
        tolerate(object.properties().await?.set_props(renamed).await.map(drop), Code::NoAccess)?;
        tolerate(object.validate_state(flags::ValidateStateFlags::empty()).await, Code::NoSupport)?;
    }
    Ok(())
}

/// The provider behind the one that misbehaves has no status object of its own.
fn tolerate(done: Result<()>, code: Code) -> Result<()> {
    match done {
        Err(failure) if failure.code() == code => Ok(()),
        done => done,
    }
}
