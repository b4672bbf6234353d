//! A backend that uses the session it is part of (`session` 10.1, 10.2): by its support object, from a task of its own,
//! and never while the session waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::memory::{MemoryCatalogue, MemoryProfiles, MemoryStore};
use mapi_session::backend::{Envelope, InboundMessage, Outcome, ProviderKind, Transport, TransportIdentity, TransportNotice};
use mapi_session::error::{Code, Failure, Result};
use mapi_session::notifications::{Notification, SESSION_ENDING, SESSION_LOGOFF};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{
    Backends, Engine, EngineOptions, Limits, LogonOptions, Object, Opened, Session, SharedStore, SharedTransport, Subsystem,
    Support, Table, Threading, flags,
};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/component");
        Engine::new(&EngineOptions::default().with_cache(cache).with_subsystems(10)).unwrap()
    })
}

/// A transport that writes a message into the default store: outside of its calls, and when it is validated, which
/// it must not. Clones are the same one.
#[derive(Clone, Default)]
struct Busybody(Arc<State>);

#[derive(Default)]
struct State {
    support: Mutex<Option<Support>>,
    /// What came of using the session during a call, by a call it waits for and by a task it waits for.
    during: Mutex<Vec<Code>>,
}

impl Busybody {
    fn support(&self) -> Support {
        self.0.support.lock().unwrap().clone().expect("it has logged on")
    }

    /// Puts a message into the root folder of the default store.
    async fn work(support: &Support) -> Result<()> {
        let session = support.get_mapi_session().await?;
        let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await?;
        let Some(Value::Binary(entry_id)) = column(&stores, tags::ENTRYID).await?.into_iter().next() else {
            return Err(Failure::not_found("there is no store"));
        };
        let store = session.open_msg_store(&entry_id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await?.value.object;
        let root = store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await?.object;
        let Object::Folder(root) = root else { return Err(Failure::not_found("the root is no folder")) };
        let message = root.create_message(flags::CreateMessageFlags::empty()).await?;
        let properties = message.properties().await?;
        properties.set_props(vec![Property::new(tags::SUBJECT, Value::Unicode("From the transport".into()))]).await?;
        properties.save_changes(flags::SaveChangesFlags::empty()).await
    }
}

impl Transport for Busybody {
    fn identity(&self) -> TransportIdentity {
        TransportIdentity { address_types: Some(vec!["BUSY".into()]), uids: Vec::new(), polls: false, idles: false }
    }

    fn notify(&self, _: u32, _: Option<&[u8]>) -> Result<()> {
        Ok(())
    }

    fn begin(&self, _: &Envelope) -> Result<u64> {
        Err(Failure::new(Code::NotMe, "takes nothing"))
    }

    fn write(&self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn finish(&self, _: u64) -> Result<Outcome> {
        Err(Failure::new(Code::NotMe, "takes nothing"))
    }

    fn cancel(&self, _: u64) {}

    fn poll(&self) -> Result<bool> {
        Ok(false)
    }

    fn idle(&self) {}

    fn receive(&self) -> Result<Option<InboundMessage>> {
        Ok(None)
    }

    fn read(&self, _: u64, _: u64, _: u32) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _: u64, _: bool) -> Result<()> {
        Ok(())
    }

    fn flush(&self, _: u32) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _: u32) -> Result<()> {
        let (runtime, support) = (tokio::runtime::Handle::current(), self.support());
        let at_once = runtime.block_on(Self::work(&support)).unwrap_err();
        let of_task = runtime.block_on(runtime.spawn(async move { Self::work(&support).await })).unwrap().unwrap_err();
        self.0.during.lock().unwrap().extend([at_once.code(), of_task.code()]);
        Ok(())
    }

    fn notices(&self) -> Vec<TransportNotice> {
        Vec::new()
    }
}

async fn column(table: &Table, column: PropTag) -> Result<Vec<Value>> {
    table.set_columns(&[column], flags::SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(100, flags::QueryRowsFlags::empty()).await?;
    Ok(rows.into_iter().flatten().map(|cell| cell.value).collect())
}

async fn logon(busybody: &Busybody) -> (Subsystem, Session) {
    let catalogue = MemoryCatalogue::new(vec![
        MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "one"),
        MemoryCatalogue::service("busy", "Busybody", ProviderKind::Transport, "busy"),
    ]);
    let store: Arc<SharedStore> = Arc::new(MemoryStore::new(Guid([1; 16]), "one"));
    let busybody = busybody.clone();
    let backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue))
        .with_store("one", Threading::Prompt, move |_, _| Ok(Opened::new(Arc::clone(&store))))
        .with_transport("busy", Threading::Blocking, move |_| {
            let (provider, state): (Arc<SharedTransport>, _) = (Arc::new(busybody.clone()), Arc::clone(&busybody.0));
            let status_row = vec![Property::new(tags::RESOURCE_METHODS, Value::Long(0x1))];
            let opened = Opened { status_row, ..Opened::new(provider) };
            Ok(opened.with_support(move |support| *state.support.lock().unwrap() = Some(support)))
        });
    let subsystem = engine().subsystem(&backends, Limits::default()).await.unwrap();
    let admin = subsystem.admin_profiles().await.unwrap();
    admin.create_profile("Me", flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES).await.unwrap();
    let session = subsystem.logon(LogonOptions::profile("Me")).await.unwrap();
    session.get_status_table(flags::GetStatusTableFlags::MAPI_UNICODE).await.unwrap();
    (subsystem, session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backend_works_in_the_session_that_logged_it_on() {
    let busybody = Busybody::default();
    let (_subsystem, session) = logon(&busybody).await;
    let support = busybody.support();
    Busybody::work(&support).await.unwrap();
    let stores = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap();
    let Value::Binary(entry_id) = column(&stores, tags::ENTRYID).await.unwrap().remove(0) else { panic!("a store has one") };
    let store = session.open_msg_store(&entry_id, flags::OpenMsgStoreFlags::empty(), None).await.unwrap().value.object;
    let root = store.open_entry(None, flags::StoreOpenEntryFlags::empty(), None).await.unwrap().object;
    let Object::Folder(root) = root else { panic!("the root is a folder") };
    let contents = root.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.unwrap();
    assert_eq!(column(&contents, tags::SUBJECT).await.unwrap(), [Value::Unicode("From the transport".into())]);

    let own = support.get_mapi_session().await.unwrap();
    assert_eq!(own.logoff(flags::LogoffFlags::empty()).await.unwrap_err().code(), Code::NoAccess);
    let mut told = own.advise(None, flags::EventMask::FNEV_EXTENDED).await.unwrap();
    session.logoff(flags::LogoffFlags::empty()).await.unwrap();
    let mut events = Vec::new();
    while events.len() < 2 {
        let next = tokio::time::timeout(Duration::from_secs(20), told.next()).await.expect("it is told of the end");
        match next {
            Some(Notification::Extended(extended)) => events.push(extended.event),
            other => panic!("not expected: {other:?}"),
        }
    }
    assert_eq!(events, [SESSION_LOGOFF, SESSION_ENDING], "a client has logged off, and the session ends");
    assert_eq!(support.get_mapi_session().await.unwrap_err().code(), Code::InvalidObject);
    let after = own.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.unwrap_err();
    assert_eq!(after.code(), Code::InvalidObject);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backend_that_uses_the_session_during_a_call_is_told_that_it_is_busy() {
    let busybody = Busybody::default();
    let (subsystem, session) = logon(&busybody).await;
    let rows = session.get_status_table(flags::GetStatusTableFlags::MAPI_UNICODE).await.unwrap();
    let Value::Binary(subsystem_row) = column(&rows, tags::ENTRYID).await.unwrap().remove(0) else { panic!("a row has one") };
    let opened = session.open_entry(&subsystem_row, flags::SessionOpenEntryFlags::empty(), None).await.unwrap().object;
    let mapi_session::Entry::Status(object) = opened else { panic!("no status object: {opened:?}") };
    let validated = object.validate_state(flags::ValidateStateFlags::SUPPRESS_UI);
    tokio::time::timeout(Duration::from_secs(30), validated).await.expect("no deadlock").unwrap();
    let during = busybody.0.during.lock().unwrap().clone();
    assert!(!during.is_empty() && during.iter().all(|code| *code == Code::Busy), "{during:?}");
    Busybody::work(&busybody.support()).await.unwrap();
    drop((session, subsystem));
}
