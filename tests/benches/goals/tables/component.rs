//! The table through the component.

use crate::client::{self, COLUMNS};
use crate::fixture::Fixture;
use crate::messages::Numbers;
use crate::stage::Stage;
use crate::tables::{CATEGORY_COLUMNS, PAGES, ROWS, RUNS, by_sender, by_subject, rows};
use crate::timing::median;
use anyhow::{Context as _, ensure};
use mapi_engine::memory::{MemoryCatalogue, MemoryProfiles};
use mapi_session::backend::ProviderKind;
use mapi_session::flags::{GetContentsTableFlags, QueryRowsFlags, RestrictFlags, SetColumnsFlags, SortTableFlags};
use mapi_session::properties::Value;
use mapi_session::restriction::Restriction;
use mapi_session::{Backends, Folder, Limits, Opened, Session, SharedStore, Subsystem, Table, Threading};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A million keys and identifiers.
const MEMORY: usize = 1 << 30;

/// The folder of the mail, and all that keeps it open.
pub(super) struct Mail {
    folder: Folder,
    sorted: RefCell<Option<Table>>,
    _session: Session,
    _subsystem: Subsystem,
}

impl Mail {
    pub(super) async fn open(stage: &Stage) -> anyhow::Result<Self> {
        let (backend, entry_id) = rows::store()?;
        let catalogue = MemoryCatalogue::new(vec![MemoryCatalogue::service("store", "Mailbox", ProviderKind::Store, "memory")]);
        let backends = Backends::new(Arc::new(MemoryProfiles::default()), Arc::new(catalogue)).with_store(
            "memory",
            Threading::Immediate,
            move |_, _| Ok(Opened::<SharedStore>::new(backend.clone())),
        );
        let mut limits = Limits::default();
        limits.memory = MEMORY;
        let subsystem = stage.engine.subsystem(&backends, limits).await?;
        client::create_profile(&subsystem).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let folder = client::folder(&store, Some(&entry_id)).await?;
        Ok(Self { folder, sorted: RefCell::default(), _session: session, _subsystem: subsystem })
    }

    /// The same over a store's file.
    pub(super) async fn of_file(stage: &Stage, fixture: &Fixture) -> anyhow::Result<Self> {
        let subsystem = stage.subsystem(&fixture.data).await?;
        let session = client::logon(&subsystem).await?;
        let store = client::default_store(&session).await?;
        let folder = client::folder(&store, Some(&fixture.folder)).await?;
        Ok(Self { folder, sorted: RefCell::default(), _session: session, _subsystem: subsystem })
    }

    /// How many rows the newest page of a table just opened has.
    pub(super) async fn newest(&self) -> anyhow::Result<usize> {
        Ok(client::newest_first(&self.folder).await?.query_rows(50, QueryRowsFlags::empty()).await?.len())
    }

    /// The first page of the categories by sender, collapsed: what each says.
    pub(super) async fn categories(&self) -> anyhow::Result<Vec<Value>> {
        let table = self.folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
        table.set_columns(&CATEGORY_COLUMNS, SetColumnsFlags::empty()).await?;
        table.sort_table(by_sender(), SortTableFlags::empty()).await?;
        let rows = table.query_rows(50, QueryRowsFlags::empty()).await?;
        Ok(rows.into_iter().flatten().map(|cell| cell.value).collect())
    }

    /// A table sorted by subject; its first subject.
    pub(super) async fn sorted(&self) -> anyhow::Result<Value> {
        // Else the memory would be needed twice.
        self.sorted.take();
        let table = self.folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
        table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
        table.sort_table(by_subject(), SortTableFlags::empty()).await?;
        let cell = table.query_rows(1, QueryRowsFlags::empty()).await?.into_iter().flatten().nth(1);
        self.sorted.replace(Some(table));
        Ok(cell.context("the folder is empty")?.value)
    }

    /// A restricted table; how many rows pass.
    pub(super) async fn restricted(&self, restriction: &Restriction) -> anyhow::Result<u32> {
        self.sorted.take();
        let table = self.folder.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
        table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
        table.restrict(Some(restriction), RestrictFlags::empty()).await?;
        Ok(table.get_row_count().await?.value)
    }

    /// How many rows the page at a position of the sorted table has.
    pub(super) async fn page(&self, position: u32, rows: u32) -> anyhow::Result<usize> {
        let table = self.sorted.take().context("the table is not sorted")?;
        table.seek_row_approx(position, rows).await?;
        let page = table.query_rows(50, QueryRowsFlags::empty()).await?;
        self.sorted.replace(Some(table));
        Ok(page.len())
    }
}

/// The median of the same work, and what comes of it.
pub(super) async fn runs<T: PartialEq>(work: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let first = work().await?;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let value = work().await?;
        samples.push(start.elapsed());
        ensure!(value == first, "the same work came to something else");
    }
    Ok((median(samples)?, first))
}

/// The median of reading fifty rows at a random position of the table that was sorted.
pub(super) async fn pages(mail: &Mail) -> anyhow::Result<Duration> {
    let (mut numbers, mut samples) = (Numbers(11), Vec::new());
    for _ in 0..PAGES {
        let position = u32::try_from(numbers.below(u64::from(ROWS - 50)))?;
        let start = Instant::now();
        let rows = mail.page(position, ROWS).await?;
        samples.push(start.elapsed());
        ensure!(rows == 50, "the page at {position} has {rows} rows");
    }
    median(samples)
}
