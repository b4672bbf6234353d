//! The operations on the engine as a Rust library.

use super::{MESSAGE_TAGS, Operation, about_budget, by_subject, fill, from_network, mail};
use crate::client::{COLUMNS, PROFILE};
use anyhow::{Context as _, bail};
use mapi_engine::backend::{Opened, Store};
use mapi_engine::memory::{MemoryHost, MemoryStore};
use mapi_engine::mime::{Importer, MessageOptions};
use mapi_engine::profiles::MAPI_DEFAULT_SERVICES;
use mapi_engine::properties::{Property, Value, tags};
use mapi_engine::session::{Session, Subsystem, logon_flags, open_store_flags};
use mapi_engine::stores::{CONVENIENT_DEPTH, FOLDER_GENERIC, Folder, OpenedEntry, StoreObject};
use mapi_engine::tables::{Bookmark, MAPI_UNICODE, Table};
use std::rc::Rc;
use std::sync::Arc;

/// A session with everything the operations need open.
pub(super) struct Native {
    subsystem: Subsystem,
    session: Session,
    store_id: Vec<u8>,
    store: StoreObject,
    folder: Folder,
    inbox: Folder,
    table: Table,
    message: Vec<u8>,
    mail: Vec<u8>,
}

impl Native {
    pub(super) fn new(backend: Arc<MemoryStore>) -> anyhow::Result<Self> {
        let host = MemoryHost::new();
        let shared = Arc::clone(&backend);
        host.add_store_opener("memory", move |_, _| {
            let provider: Rc<dyn Store> = Rc::new(Arc::clone(&shared));
            Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
        });
        let subsystem = Subsystem::new(Rc::new(host));
        subsystem.initialize(None)?;
        subsystem.admin_profiles(0)?.create_profile(PROFILE, None, 0, MAPI_DEFAULT_SERVICES | MAPI_UNICODE)?;
        let session = logon(&subsystem)?;
        let store_id = store_id(&session)?;
        let store = open_store(&session, &store_id)?;
        let root = store.root_folder()?;
        let folder = root.create_folder(FOLDER_GENERIC, "Archive", None, None, MAPI_UNICODE)?;
        let inbox = root.create_folder(FOLDER_GENERIC, "Imported", None, None, MAPI_UNICODE)?;
        fill(&backend, &entry_id(&folder.properties().get_props(Some(&[tags::ENTRYID]), MAPI_UNICODE)?.value)?)?;
        let table = sorted(&folder)?;
        let rows = table.query_rows(1, 0)?;
        let message = entry_id(rows.first().context("the folder is empty")?)?;
        Ok(Self { subsystem, session, store_id, store, folder, inbox, table, message, mail: mail() })
    }

    /// Does it; a number that must be the same everywhere.
    pub(super) fn run(&self, operation: Operation) -> anyhow::Result<usize> {
        Ok(match operation {
            Operation::Logon => {
                logon(&self.subsystem)?.logoff(0, 0, 0)?;
                0
            }
            Operation::Stores => {
                let table = self.session.get_msg_stores_table(MAPI_UNICODE)?;
                table.query_rows(100, 0)?.len()
            }
            Operation::OpenStore => {
                open_store(&self.session, &self.store_id)?.root_folder()?;
                0
            }
            Operation::Hierarchy => {
                let table = self.store.root_folder()?.get_hierarchy_table(CONVENIENT_DEPTH | MAPI_UNICODE)?;
                table.query_rows(100, 0)?.len()
            }
            Operation::Sort => sorted(&self.folder)?.query_rows(50, 0)?.len(),
            Operation::Restrict => {
                self.table.restrict(Some(about_budget()), 0)?;
                let left = self.table.get_row_count(0)?.value;
                self.table.restrict(None, 0)?;
                usize::try_from(left)?
            }
            Operation::Find => {
                self.table.find_row(Some(&from_network()), Bookmark::BEGINNING, 0)?;
                usize::try_from(self.table.query_position()?.row)?
            }
            Operation::Scroll => {
                self.table.seek_row_approx(1, 2)?;
                let rows = self.table.query_rows(50, 0)?.len();
                rows + usize::try_from(self.table.query_position()?.row)?
            }
            Operation::Message => {
                let OpenedEntry::Message(message) = self.store.open_entry(Some(&self.message), None, 0)? else {
                    bail!("the entry is no message");
                };
                let values = message.properties().get_props(Some(&MESSAGE_TAGS), MAPI_UNICODE)?.value;
                let recipients = message.get_recipient_table(MAPI_UNICODE)?.query_rows(100, 0)?;
                values.len() + recipients.len()
            }
            Operation::Import => {
                let connection = Rc::clone(self.inbox.import_into()?);
                let mut importer = Importer::new(connection, self.inbox.object().clone(), false);
                importer.begin(MessageOptions::default());
                importer.write(&self.mail)?;
                let odd = importer.finish()?.oddities.iter().count();
                importer.flush()?;
                odd
            }
        })
    }
}

fn logon(subsystem: &Subsystem) -> anyhow::Result<Session> {
    let flags = logon_flags::MAPI_EXTENDED | logon_flags::MAPI_NEW_SESSION | MAPI_UNICODE;
    Ok(subsystem.logon_ex(0, Some(PROFILE), None, flags)?)
}

fn store_id(session: &Session) -> anyhow::Result<Vec<u8>> {
    let table = session.get_msg_stores_table(MAPI_UNICODE)?;
    table.set_columns(&[tags::ENTRYID], 0)?;
    entry_id(table.query_rows(1, 0)?.first().context("the profile has no store")?)
}

fn open_store(session: &Session, id: &[u8]) -> anyhow::Result<StoreObject> {
    Ok(session.open_msg_store(0, id, None, open_store_flags::MAPI_BEST_ACCESS)?.value)
}

fn sorted(folder: &Folder) -> anyhow::Result<Table> {
    let table = folder.get_contents_table(MAPI_UNICODE)?;
    table.set_columns(&COLUMNS, 0)?;
    table.sort_table(Some(by_subject()), 0)?;
    Ok(table)
}

fn entry_id(row: &[Property]) -> anyhow::Result<Vec<u8>> {
    match row.first().map(|cell| &cell.value) {
        Some(Value::Binary(id)) => Ok(id.clone()),
        other => bail!("an entry identifier was expected, not {other:?}"),
    }
}
