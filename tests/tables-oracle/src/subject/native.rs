//! The engine itself, over a store. Messages are changed by the client of the table, or by another one.

use crate::program::Draft;
use crate::subject::{Answer, Subject};
use crate::tags::NAME;
use mapi_engine::backend::{Environment, Store};
use mapi_engine::entry_id::WrappedStoreId;
use mapi_engine::error::{Code, Failure, Warned};
use mapi_engine::memory::{MemoryClock, MemoryLog, MemoryProgress, SeededEntropy};
use mapi_engine::messages::Message;
use mapi_engine::notifications::{HandleQueue, Notification, Notifications, TableNotification, mask};
use mapi_engine::properties::{KEEP_OPEN_READWRITE, MAPI_BEST_ACCESS, PropTag, Property, Value, tags};
use mapi_engine::restriction::Restriction;
use mapi_engine::session::Alive;
use mapi_engine::stores::{
    CLEAR_READ_FLAG, Connection, DELETE_HARD_DELETE, Folder, MESSAGE_MOVE, OpenedEntry, SUPPRESS_RECEIPT, StoreObject,
    StoreOpening,
};
use mapi_engine::tables::{Bookmark, MAPI_UNICODE, Position, Row, SortOrderSet, Table, TableStatus};
use std::collections::BTreeMap;
use std::rc::Rc;

/// `OPEN_IF_EXISTS`.
const OPEN_IF_EXISTS: u32 = 1;

/// A client with its queue and its connection to the store.
struct Client {
    notifications: Notifications,
    _queue: Rc<HandleQueue>,
    store: StoreObject,
}

impl Client {
    fn new(backend: Rc<dyn Store>, seed: u64) -> Answer<Self> {
        let notifications = Notifications::default();
        let queue = notifications.open_queue();
        let environment = Environment {
            clock: Rc::new(MemoryClock::default()),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: Rc::new(MemoryLog::default()),
            progress: Rc::new(MemoryProgress::default()),
        };
        let private = backend.identity().private_entry;
        let opening = StoreOpening {
            entry_id: WrappedStoreId::new("programs", &private).ok_or(Code::InvalidEntryid)?,
            writable: true,
            alive: Alive::of_handle(Rc::clone(&queue)).derive(),
            is_default: Rc::new(|| true),
            mail: None,
        };
        let store = StoreObject::open(Connection::new(backend, environment).map_err(code)?, opening);
        Ok(Self { notifications, _queue: queue, store })
    }

    fn folder(&self, name: &str) -> Answer<Folder> {
        self.store.root_folder().and_then(|root| root.create_folder(1, name, None, None, OPEN_IF_EXISTS)).map_err(code)
    }
}

/// A table of the engine.
pub(crate) struct Native {
    here: Client,
    /// Who changes messages, if not the client of the table.
    there: Option<Client>,
    table: Table,
    folder: Folder,
    elsewhere: Folder,
    /// Entry identifiers by name.
    ids: BTreeMap<i32, Vec<u8>>,
    connection: Option<u32>,
}

fn code(failure: Failure) -> Code {
    failure.code()
}

/// Whatever was asked for was done.
fn whole(done: mapi_engine::error::Result<Warned<()>>) -> Answer<()> {
    done.map_err(code)?.warning.map_or(Ok(()), Err)
}

impl Native {
    /// A table on a folder of that name, which messages are put into with the next call.
    pub(crate) fn new(backend: &Rc<dyn Store>, folder: &str, alone: bool, slice: usize) -> Answer<Self> {
        let here = Client::new(Rc::clone(backend), 1)?;
        let there = if alone { None } else { Some(Client::new(Rc::clone(backend), 2)?) };
        let changer = there.as_ref().unwrap_or(&here);
        let (of_changer, elsewhere) = (changer.folder(folder)?, changer.folder("elsewhere")?);
        let table = here.folder(folder)?.get_contents_table(MAPI_UNICODE).map_err(code)?.with_slices_of(slice);
        Ok(Self { table, folder: of_changer, elsewhere, ids: BTreeMap::new(), connection: None, here, there })
    }

    fn changer(&self) -> &Client {
        self.there.as_ref().unwrap_or(&self.here)
    }

    fn ids(&self, names: &[i32]) -> Vec<Vec<u8>> {
        names.iter().filter_map(|name| self.ids.get(name).cloned()).collect()
    }

    fn message(&self, name: i32) -> Answer<Message> {
        let id = self.ids.get(&name).ok_or(Code::NotFound)?;
        match self.changer().store.open_entry(Some(id), None, MAPI_BEST_ACCESS).map_err(code)? {
            OpenedEntry::Message(message) => Ok(message),
            _ => Err(Code::InvalidEntryid),
        }
    }
}

fn set(message: &mapi_engine::properties::PropertyObject, values: &[Property]) -> Answer<()> {
    let problems = message.set_props(values.to_vec()).map_err(code)?;
    problems.first().map_or(Ok(()), |problem| Err(problem.code))
}

impl Subject for Native {
    fn create(&mut self, name: i32, draft: &Draft) -> Answer<()> {
        let message = self.folder.create_message(None, 0).map_err(code)?;
        set(&message.properties(), &[&draft.values[..], &[Property::new(NAME, Value::Long(name))]].concat())?;
        if !draft.recipients.is_empty() {
            message.modify_recipients(0, &draft.recipients).map_err(code)?;
        }
        for row in &draft.attachments {
            let (_, attachment) = message.create_attach(None, 0).map_err(code)?;
            set(&attachment.properties(), row)?;
            attachment.properties().save_changes(0).map_err(code)?;
        }
        message.properties().save_changes(KEEP_OPEN_READWRITE).map_err(code)?;
        let id = message.properties().get_props(Some(&[tags::ENTRYID]), MAPI_UNICODE).map_err(code)?.value;
        match id.into_iter().next().map(|cell| cell.value) {
            Some(Value::Binary(id)) => self.ids.insert(name, id),
            _ => return Err(Code::NotFound),
        };
        Ok(())
    }

    fn change(&mut self, name: i32, values: &[Property], delete: &[PropTag]) -> Answer<()> {
        let message = self.message(name)?;
        set(&message.properties(), values)?;
        if !delete.is_empty() {
            let problems = message.properties().delete_props(delete).map_err(code)?;
            // What is not there need not be deleted.
            if let Some(problem) = problems.iter().find(|problem| problem.code != Code::NotFound) {
                return Err(problem.code);
            }
        }
        message.properties().save_changes(0).map_err(code)
    }

    fn delete(&mut self, names: &[i32], hard: bool) -> Answer<()> {
        whole(self.folder.delete_messages(&self.ids(names), if hard { DELETE_HARD_DELETE } else { 0 }))
    }

    fn carry(&mut self, names: &[i32], back: bool) -> Answer<()> {
        let (from, to) = if back { (&self.elsewhere, &self.folder) } else { (&self.folder, &self.elsewhere) };
        whole(from.copy_messages(&self.ids(names), None, to, MESSAGE_MOVE))
    }

    fn mark(&mut self, names: &[i32], read: bool) -> Answer<()> {
        let flags = if read { SUPPRESS_RECEIPT } else { CLEAR_READ_FLAG };
        whole(self.folder.set_read_flags(Some(&self.ids(names)), flags))
    }

    fn set_columns(&mut self, columns: &[PropTag], flags: u32) -> Answer<()> {
        self.table.set_columns(columns, flags).map_err(code)
    }

    fn query_columns(&mut self) -> Answer<Vec<PropTag>> {
        self.table.query_columns(0).map_err(code)
    }

    fn restrict(&mut self, restriction: Option<&Restriction>, flags: u32) -> Answer<()> {
        self.table.restrict(restriction.cloned(), flags).map_err(code)
    }

    fn sort_table(&mut self, order: &SortOrderSet, flags: u32) -> Answer<()> {
        self.table.sort_table(Some(order.clone()), flags).map_err(code)
    }

    fn query_sort_order(&mut self) -> Answer<SortOrderSet> {
        self.table.query_sort_order().map_err(code)
    }

    fn query_rows(&mut self, count: i32, stay: bool) -> Answer<Vec<Row>> {
        self.table.query_rows(count, u32::from(stay)).map_err(code)
    }

    fn seek_row(&mut self, origin: Bookmark, count: i32) -> Answer<Warned<i32>> {
        self.table.seek_row(origin, count).map_err(code)
    }

    fn seek_row_approx(&mut self, numerator: u32, denominator: u32) -> Answer<()> {
        self.table.seek_row_approx(numerator, denominator).map_err(code)
    }

    fn query_position(&mut self) -> Answer<Position> {
        self.table.query_position().map_err(code)
    }

    fn get_row_count(&mut self) -> Answer<u32> {
        self.table.get_row_count(0).map(|count| count.value).map_err(code)
    }

    fn find_row(&mut self, restriction: &Restriction, origin: Bookmark, backward: bool) -> Answer<Warned<()>> {
        self.table.find_row(Some(restriction), origin, u32::from(backward)).map_err(code)
    }

    fn create_bookmark(&mut self) -> Answer<Bookmark> {
        self.table.create_bookmark().map_err(code)
    }

    fn free_bookmark(&mut self, bookmark: Bookmark) -> Answer<()> {
        self.table.free_bookmark(bookmark).map_err(code)
    }

    fn expand_row(&mut self, key: &[u8], max: u32) -> Answer<(Vec<Row>, u32)> {
        self.table.expand_row(key, max, 0).map(|expanded| (expanded.rows, expanded.total)).map_err(code)
    }

    fn collapse_row(&mut self, key: &[u8]) -> Answer<u32> {
        self.table.collapse_row(key, 0).map_err(code)
    }

    fn get_collapse_state(&mut self, key: &[u8]) -> Answer<Vec<u8>> {
        self.table.get_collapse_state(0, key).map_err(code)
    }

    fn set_collapse_state(&mut self, state: &[u8]) -> Answer<Bookmark> {
        self.table.set_collapse_state(0, state).map_err(code)
    }

    fn get_status(&mut self) -> Answer<TableStatus> {
        self.table.get_status().map(|(status, _)| status).map_err(code)
    }

    fn abort(&mut self) -> Answer<()> {
        self.table.abort().map_err(code)
    }

    fn wait_for_completion(&mut self, milliseconds: u32) -> Answer<TableStatus> {
        self.table.wait_for_completion(0, milliseconds).map_err(code)
    }

    fn advise(&mut self) -> Answer<()> {
        self.connection = Some(self.table.advise(mask::TABLE_MODIFIED).map_err(code)?);
        Ok(())
    }

    fn unadvise(&mut self) -> Answer<()> {
        self.connection.take().map_or(Err(Code::NotFound), |connection| self.table.unadvise(connection).map_err(code))
    }

    fn dispatch(&mut self) -> Answer<Vec<TableNotification>> {
        self.here.store.connection().feed().ok_or(Code::NoSupport)?.poll().map_err(code)?;
        self.here.notifications.take_in().map_err(code)?;
        self.here.notifications.slice();
        let events = self.here.notifications.take(0).batches.into_iter().flat_map(|batch| batch.events);
        let tables = |event| if let Notification::TableModified(event) = event { Some(event) } else { None };
        Ok(events.filter_map(tables).collect())
    }
}
