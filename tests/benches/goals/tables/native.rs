//! The table of the engine as a library.

use crate::client::{COLUMNS, PROFILE};
use crate::tables::{by_subject, rows};
use anyhow::{Context as _, bail};
use mapi_engine::backend::{Opened, Store};
use mapi_engine::memory::MemoryHost;
use mapi_engine::profiles::MAPI_DEFAULT_SERVICES;
use mapi_engine::properties::{Value, tags};
use mapi_engine::restriction::Restriction;
use mapi_engine::session::{Session, Subsystem, logon_flags, open_store_flags};
use mapi_engine::stores::{Folder, OpenedEntry};
use mapi_engine::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;
use std::sync::Arc;

/// The folder of the mail, and all that keeps it open.
pub(super) struct Mail {
    folder: Folder,
    _session: Session,
    _subsystem: Subsystem,
}

impl Mail {
    pub(super) fn open() -> anyhow::Result<Self> {
        let (backend, entry_id) = rows::store()?;
        let host = MemoryHost::new();
        host.add_store_opener("memory", move |_, _| {
            let provider: Rc<dyn Store> = Rc::new(Arc::clone(&backend));
            Ok(Opened { provider, section_changes: Vec::new(), status_row: Vec::new(), warning: None })
        });
        let subsystem = Subsystem::new(Rc::new(host));
        subsystem.initialize(None)?;
        subsystem.admin_profiles(0)?.create_profile(PROFILE, None, 0, MAPI_DEFAULT_SERVICES | MAPI_UNICODE)?;
        let flags = logon_flags::MAPI_EXTENDED | logon_flags::MAPI_NEW_SESSION | MAPI_UNICODE;
        let session = subsystem.logon_ex(0, Some(PROFILE), None, flags)?;
        let stores = session.get_msg_stores_table(MAPI_UNICODE)?;
        stores.set_columns(&[tags::ENTRYID], 0)?;
        let row = stores.query_rows(1, 0)?.into_iter().flatten().next().context("the profile has no store")?;
        let Value::Binary(id) = row.value else { bail!("the store has no identifier") };
        let store = session.open_msg_store(0, &id, None, open_store_flags::MAPI_BEST_ACCESS)?.value;
        let OpenedEntry::Folder(folder) = store.open_entry(Some(&entry_id), None, 0)? else {
            bail!("the entry is no folder");
        };
        Ok(Self { folder, _session: session, _subsystem: subsystem })
    }

    pub(super) fn table(&self) -> anyhow::Result<Table> {
        let table = self.folder.get_contents_table(MAPI_UNICODE)?;
        table.set_columns(&COLUMNS, 0)?;
        Ok(table)
    }

    /// A table sorted by subject; its first subject.
    pub(super) fn sorted(&self) -> anyhow::Result<Value> {
        let table = self.table()?;
        table.sort_table(Some(by_subject()), 0)?;
        let cell = table.query_rows(1, 0)?.into_iter().flatten().nth(1);
        Ok(cell.context("the folder is empty")?.value)
    }

    /// How many rows the page at a position of that table has.
    pub(super) fn page(table: &Table, position: u32, rows: u32) -> anyhow::Result<usize> {
        table.seek_row_approx(position, rows)?;
        Ok(table.query_rows(50, 0)?.len())
    }

    /// A restricted table; how many rows pass.
    pub(super) fn restricted(&self, restriction: Restriction) -> anyhow::Result<u32> {
        let table = self.table()?;
        table.restrict(Some(restriction), 0)?;
        Ok(table.get_row_count(0)?.value)
    }
}
