//! The table of the engine as a library.

use crate::client::{COLUMNS, PROFILE};
use crate::fixture::Fixture;
use crate::tables::{CATEGORY_COLUMNS, by_sender, by_subject, newest_first, rows};
use anyhow::{Context as _, bail};
use mapi_engine::backend::{Opened, Store};
use mapi_engine::memory::MemoryHost;
use mapi_engine::profiles::MAPI_DEFAULT_SERVICES;
use mapi_engine::properties::{Value, tags};
use mapi_engine::restriction::Restriction;
use mapi_engine::session::{Session, Subsystem, logon_flags, open_store_flags};
use mapi_engine::stores::{Folder, OpenedEntry};
use mapi_engine::tables::{MAPI_UNICODE, Table};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use std::rc::Rc;

/// The folder of the mail, and all that keeps it open.
pub(super) struct Mail {
    folder: Folder,
    _session: Session,
    _subsystem: Subsystem,
}

impl Mail {
    pub(super) fn open() -> anyhow::Result<Self> {
        let (backend, entry_id) = rows::store()?;
        Self::of(Rc::new(backend), &entry_id)
    }

    /// The same over a store's file.
    pub(super) fn of_file(fixture: &Fixture) -> anyhow::Result<Self> {
        Self::of(Rc::new(SqliteStore::open(&fixture.file, Access::Write)?), &fixture.folder)
    }

    fn of(backend: Rc<dyn Store>, entry_id: &[u8]) -> anyhow::Result<Self> {
        let host = MemoryHost::new();
        host.add_store_opener("memory", move |_, _| {
            let provider = Rc::clone(&backend);
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
        let OpenedEntry::Folder(folder) = store.open_entry(Some(entry_id), None, 0)? else {
            bail!("the entry is no folder");
        };
        Ok(Self { folder, _session: session, _subsystem: subsystem })
    }

    pub(super) fn table(&self) -> anyhow::Result<Table> {
        let table = self.folder.get_contents_table(MAPI_UNICODE)?;
        table.set_columns(&COLUMNS, 0)?;
        Ok(table)
    }

    /// A table, newest first.
    pub(super) fn newest_first(&self) -> anyhow::Result<Table> {
        let table = self.table()?;
        table.sort_table(Some(newest_first()), 0)?;
        Ok(table)
    }

    /// The first page of the categories by sender, collapsed: what each says.
    pub(super) fn categories(&self) -> anyhow::Result<Vec<Value>> {
        let table = self.table()?;
        table.set_columns(&CATEGORY_COLUMNS, 0)?;
        table.sort_table(Some(by_sender()), 0)?;
        Ok(table.query_rows(50, 0)?.into_iter().flatten().map(|cell| cell.value).collect())
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
