//! The component, through the host library, over SQLite. Messages are changed by the client of the table.

use crate::program::Draft;
use crate::subject::{Answer, Subject};
use crate::tags::NAME;
use mapi_engine::error::{Code, Failure, Warned};
use mapi_engine::notifications::{Notification, TableNotification};
use mapi_engine::properties::{PropTag, Property, Value, tags};
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::{Bookmark, Position, Row, SortOrderSet, TBL_ASYNC, TBL_BATCH, TableStatus};
use mapi_session::{
    Backends, Engine, EngineOptions, Folder, FolderType, Limits, LogonOptions, Message, MessageStore, Object, Properties,
    Session, Subscription, Subsystem, Table, flags,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::runtime::Runtime;

/// A session with a store, used for many programs.
pub(crate) struct Host {
    runtime: Runtime,
    subsystem: Subsystem,
    _session: Session,
    store: MessageStore,
    elsewhere: Folder,
    _data: tempfile::TempDir,
}

fn code(failure: Failure) -> Code {
    failure.code()
}

async fn folder(store: &MessageStore, name: &str) -> Answer<Folder> {
    match store.open_entry(None, flags::StoreOpenEntryFlags::MAPI_MODIFY, None).await.map_err(code)?.object {
        Object::Folder(root) => {
            let how = flags::CreateFolderFlags::MAPI_UNICODE | flags::CreateFolderFlags::OPEN_IF_EXISTS;
            root.create_folder(FolderType::Generic, name, None, how).await.map_err(code)
        }
        _ => Err(Code::InvalidEntryid),
    }
}

async fn binary(properties: &Properties, tag: PropTag) -> Answer<Vec<u8>> {
    let values = properties.get_props(Some(&[tag]), flags::GetPropsFlags::MAPI_UNICODE).await.map_err(code)?.value;
    match values.into_iter().next().map(|cell| cell.value) {
        Some(Value::Binary(bytes)) => Ok(bytes),
        _ => Err(Code::NotFound),
    }
}

async fn open_store(session: &Session) -> Answer<MessageStore> {
    let table = session.get_msg_stores_table(flags::GetMsgStoresTableFlags::MAPI_UNICODE).await.map_err(code)?;
    table.set_columns(&[tags::ENTRYID], flags::SetColumnsFlags::empty()).await.map_err(code)?;
    let rows = table.query_rows(1, flags::QueryRowsFlags::empty()).await.map_err(code)?;
    let Some(Value::Binary(id)) = rows.first().and_then(|row| row.first()).map(|cell| &cell.value) else {
        return Err(Code::NotFound);
    };
    let opened = session.open_msg_store(id, flags::OpenMsgStoreFlags::MDB_WRITE, None).await.map_err(code)?;
    Ok(opened.value.object)
}

impl Host {
    /// A session on a new profile; the compiled component is kept in that folder.
    pub(crate) fn new(cache: &Path) -> Result<Self, String> {
        let said = |error: &dyn core::fmt::Debug| format!("no session: {error:?}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| said(&error))?;
        let memory = Path::new("/dev/shm");
        let data = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let data = data.map_err(|error| said(&error))?;
        let opened = runtime.block_on(async {
            let engine = Engine::new(&EngineOptions::default().with_cache(cache)).map_err(|error| said(&error))?;
            let backends = Backends::embedded(data.path()).map_err(|error| said(&error))?;
            let subsystem = engine.pulled_subsystem(&backends, Limits::default()).await.map_err(|error| said(&error))?;
            let admin = subsystem.admin_profiles().await.map_err(|error| said(&error))?;
            let how = flags::CreateProfileFlags::MAPI_DEFAULT_SERVICES;
            admin.create_profile("Test", how).await.map_err(|error| said(&error))?;
            let session = subsystem.logon(LogonOptions::profile("Test")).await.map_err(|error| said(&error))?;
            let store = open_store(&session).await.map_err(|error| said(&error))?;
            let elsewhere = folder(&store, "elsewhere").await.map_err(|error| said(&error))?;
            Ok::<_, String>((subsystem, session, store, elsewhere))
        });
        let (subsystem, _session, store, elsewhere) = opened?;
        Ok(Self { runtime, subsystem, _session, store, elsewhere, _data: data })
    }
}

/// A table of the component.
pub(crate) struct Component<'a> {
    host: &'a Host,
    folder: Folder,
    table: Table,
    ids: BTreeMap<i32, Vec<u8>>,
    subscription: Option<Subscription>,
}

impl<'a> Component<'a> {
    /// A table on a folder of that name.
    pub(crate) fn new(host: &'a Host, name: &str) -> Answer<Self> {
        host.runtime.block_on(async {
            let folder = folder(&host.store, name).await?;
            let table = folder.get_contents_table(flags::GetContentsTableFlags::MAPI_UNICODE).await.map_err(code)?;
            Ok(Self { host, folder, table, ids: BTreeMap::new(), subscription: None })
        })
    }

    fn ids(&self, names: &[i32]) -> Vec<Vec<u8>> {
        names.iter().filter_map(|name| self.ids.get(name).cloned()).collect()
    }

    fn wait<T>(&self, work: impl Future<Output = mapi_session::error::Result<T>>) -> Answer<T> {
        self.host.runtime.block_on(work).map_err(code)
    }

    fn whole(&self, work: impl Future<Output = mapi_session::error::Result<Warned<()>>>) -> Answer<()> {
        self.wait(work)?.warning.map_or(Ok(()), Err)
    }
}

async fn message(store: &MessageStore, id: &[u8]) -> Answer<Message> {
    match store.open_entry(Some(id), flags::StoreOpenEntryFlags::MAPI_BEST_ACCESS, None).await.map_err(code)?.object {
        Object::Message(message) => Ok(message),
        _ => Err(Code::InvalidEntryid),
    }
}

async fn set(properties: &Properties, values: &[Property]) -> Answer<()> {
    let problems = properties.set_props(values.to_vec()).await.map_err(code)?;
    problems.first().map_or(Ok(()), |problem| Err(problem.code))
}

async fn saved(folder: &Folder, name: i32, draft: &Draft) -> Answer<Vec<u8>> {
    let message = folder.create_message(flags::CreateMessageFlags::empty()).await.map_err(code)?;
    let properties = message.properties().await.map_err(code)?;
    set(&properties, &[&draft.values[..], &[Property::new(NAME, Value::Long(name))]].concat()).await?;
    if !draft.recipients.is_empty() {
        let how = flags::ModifyRecipientsFlags::empty();
        message.modify_recipients(how, draft.recipients.clone()).await.map_err(code)?;
    }
    for row in &draft.attachments {
        let (_, attachment) = message.create_attach(flags::CreateAttachFlags::empty()).await.map_err(code)?;
        let properties = attachment.properties().await.map_err(code)?;
        set(&properties, row).await?;
        properties.save_changes(flags::SaveChangesFlags::empty()).await.map_err(code)?;
    }
    properties.save_changes(flags::SaveChangesFlags::KEEP_OPEN_READWRITE).await.map_err(code)?;
    binary(&properties, tags::ENTRYID).await
}

async fn changed(message: &Message, values: &[Property], delete: &[PropTag]) -> Answer<()> {
    let properties = message.properties().await.map_err(code)?;
    set(&properties, values).await?;
    if !delete.is_empty() {
        let problems = properties.delete_props(delete).await.map_err(code)?;
        if let Some(problem) = problems.iter().find(|problem| problem.code != Code::NotFound) {
            return Err(problem.code);
        }
    }
    properties.save_changes(flags::SaveChangesFlags::empty()).await.map_err(code)
}

/// The flags of a call that may be put off.
macro_rules! deferring {
    ($kind:ident, $raw:expr) => {{
        let mut flags = flags::$kind::empty();
        if $raw & TBL_ASYNC != 0 {
            flags |= flags::$kind::TBL_ASYNC;
        }
        if $raw & TBL_BATCH != 0 {
            flags |= flags::$kind::TBL_BATCH;
        }
        flags
    }};
}

impl Subject for Component<'_> {
    fn create(&mut self, name: i32, draft: &Draft) -> Answer<()> {
        let id = self.host.runtime.block_on(saved(&self.folder, name, draft))?;
        self.ids.insert(name, id);
        Ok(())
    }

    fn change(&mut self, name: i32, values: &[Property], delete: &[PropTag]) -> Answer<()> {
        let id = self.ids.get(&name).ok_or(Code::NotFound)?;
        self.host.runtime.block_on(async { changed(&message(&self.host.store, id).await?, values, delete).await })
    }

    fn delete(&mut self, names: &[i32], hard: bool) -> Answer<()> {
        let how = if hard { flags::DeleteMessagesFlags::DELETE_HARD_DELETE } else { flags::DeleteMessagesFlags::empty() };
        self.whole(self.folder.delete_messages(&self.ids(names), how))
    }

    fn carry(&mut self, names: &[i32], back: bool) -> Answer<()> {
        let elsewhere = &self.host.elsewhere;
        let (from, to) = if back { (elsewhere, &self.folder) } else { (&self.folder, elsewhere) };
        self.whole(from.copy_messages(&self.ids(names), to, flags::CopyMessagesFlags::MESSAGE_MOVE))
    }

    fn mark(&mut self, names: &[i32], read: bool) -> Answer<()> {
        let how = if read { flags::SetReadFlagsFlags::SUPPRESS_RECEIPT } else { flags::SetReadFlagsFlags::CLEAR_READ_FLAG };
        self.whole(self.folder.set_read_flags(Some(&self.ids(names)), how))
    }

    fn set_columns(&mut self, columns: &[PropTag], flags: u32) -> Answer<()> {
        self.wait(self.table.set_columns(columns, deferring!(SetColumnsFlags, flags)))
    }

    fn query_columns(&mut self) -> Answer<Vec<PropTag>> {
        self.wait(self.table.query_columns(flags::QueryColumnsFlags::empty()))
    }

    fn restrict(&mut self, restriction: Option<&Restriction>, flags: u32) -> Answer<()> {
        self.wait(self.table.restrict(restriction, deferring!(RestrictFlags, flags)))
    }

    fn sort_table(&mut self, order: &SortOrderSet, flags: u32) -> Answer<()> {
        self.wait(self.table.sort_table(order.clone(), deferring!(SortTableFlags, flags)))
    }

    fn query_sort_order(&mut self) -> Answer<SortOrderSet> {
        self.wait(self.table.query_sort_order())
    }

    fn query_rows(&mut self, count: i32, stay: bool) -> Answer<Vec<Row>> {
        let how = if stay { flags::QueryRowsFlags::TBL_NOADVANCE } else { flags::QueryRowsFlags::empty() };
        self.wait(self.table.query_rows(count, how))
    }

    fn seek_row(&mut self, origin: Bookmark, count: i32) -> Answer<Warned<i32>> {
        self.wait(self.table.seek_row(origin, count))
    }

    fn seek_row_approx(&mut self, numerator: u32, denominator: u32) -> Answer<()> {
        self.wait(self.table.seek_row_approx(numerator, denominator))
    }

    fn query_position(&mut self) -> Answer<Position> {
        self.wait(self.table.query_position())
    }

    fn get_row_count(&mut self) -> Answer<u32> {
        self.wait(self.table.get_row_count()).map(|count| count.value)
    }

    fn find_row(&mut self, restriction: &Restriction, origin: Bookmark, backward: bool) -> Answer<Warned<()>> {
        let how = if backward { flags::FindRowFlags::DIR_BACKWARD } else { flags::FindRowFlags::empty() };
        self.wait(self.table.find_row(restriction, origin, how))
    }

    fn create_bookmark(&mut self) -> Answer<Bookmark> {
        self.wait(self.table.create_bookmark())
    }

    fn free_bookmark(&mut self, bookmark: Bookmark) -> Answer<()> {
        self.wait(self.table.free_bookmark(bookmark))
    }

    fn expand_row(&mut self, key: &[u8], max: u32) -> Answer<(Vec<Row>, u32)> {
        self.wait(self.table.expand_row(key, max)).map(|expanded| (expanded.rows, expanded.total))
    }

    fn collapse_row(&mut self, key: &[u8]) -> Answer<u32> {
        self.wait(self.table.collapse_row(key))
    }

    fn get_collapse_state(&mut self, key: &[u8]) -> Answer<Vec<u8>> {
        self.wait(self.table.get_collapse_state(key))
    }

    fn set_collapse_state(&mut self, state: &[u8]) -> Answer<Bookmark> {
        self.wait(self.table.set_collapse_state(state))
    }

    fn get_status(&mut self) -> Answer<TableStatus> {
        self.wait(self.table.get_status()).map(|(status, _)| status)
    }

    fn abort(&mut self) -> Answer<()> {
        self.wait(self.table.abort())
    }

    fn wait_for_completion(&mut self, milliseconds: u32) -> Answer<TableStatus> {
        self.wait(self.table.wait_for_completion(milliseconds))
    }

    fn advise(&mut self) -> Answer<()> {
        self.subscription = Some(self.wait(self.table.advise(flags::EventMask::FNEV_TABLE_MODIFIED))?);
        Ok(())
    }

    fn unadvise(&mut self) -> Answer<()> {
        let subscription = self.subscription.take().ok_or(Code::NotFound)?;
        self.wait(subscription.unadvise())
    }

    fn dispatch(&mut self) -> Answer<Vec<TableNotification>> {
        let mut events = Vec::new();
        while self.wait(self.host.subsystem.dispatch_notifications())? > 0 {}
        if let Some(subscription) = &mut self.subscription {
            let waiting = pin!(subscription.next_batch());
            if let Poll::Ready(batch) = waiting.poll(&mut Context::from_waker(Waker::noop())) {
                events = batch;
            }
        }
        let tables = |event| if let Notification::TableModified(event) = event { Some(event) } else { None };
        Ok(events.into_iter().filter_map(tables).collect())
    }
}
