//! The store as the engine sees it.

use crate::backends::sqlite::cache::Cache;
use crate::backends::sqlite::commit::{Memory, Writer};
use crate::backends::sqlite::database::{Access, Database, Registry, lock};
use crate::backends::sqlite::scan::{Subject, effective};
use crate::backends::sqlite::schema::{Class, ROOT, STORE, STORE_OBJECT, name_of, number_of};
use crate::backends::sqlite::staging::Staging;
use crate::backends::sqlite::state::State;
use crate::backends::sqlite::trouble::{Outcome, Trouble};
use crate::backends::sqlite::watch::{Announcements, Commits};
use crate::backends::sqlite::{check, feed, groups, names, plan, rows, scan, texts};
use mapi_engine::backend::{
    Batch, CheckReport, Commit, Committed, FeedCursor, FeedPage, Filter, GroupBatch, GroupRequest, IndexPlan, NamedProperty,
    ObjectHead, ObjectId, Objects, OrderKey, Plan, PlanRequest, Quota, RowKey, ScanKind, ScanPage, ScanRequest, Scope, Store,
    StoreCapabilities, StoreIdentity, StoredProperty, Support, TagSize, Want,
};
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{Guid, PropTag, Property};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The kind of store this is (`PR_MDB_PROVIDER`).
const KIND: Guid = Guid::from_fields(0x6D61_7069, 0x5351, 0x4C49, *b"TE-STORE");

/// Identifiers reserved in the file at a time: one small write for thousands of messages.
const BLOCK: i64 = 4096;

/// The files this process has open.
static OPEN: Registry<Inner> = Registry::new();

/// A message store in one SQLite file: a handle, cheap to clone; all handles on one file share its
/// connections and what is remembered of it.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    inner: Arc<Inner>,
    writable: bool,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    uid: Guid,
    mapping: Guid,
    folder: PathBuf,
    reserved: Mutex<Range<i64>>,
    staging: Staging,
    memory: Mutex<Memory>,
    cache: Cache,
    announcements: Announcements,
}

impl SqliteStore {
    /// Opens a store.
    ///
    /// # Errors
    /// Those of [`Database::open`].
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let writable = access != Access::Read;
        let inner = OPEN.open(path, |inner: &Inner| inner.database.writable() || !writable, || Inner::open(path, access))?;
        Ok(Self { inner, writable })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.database.path()
    }

    /// Hears of commits, of this and of other processes: the receiver is marked as changed after each, or
    /// after several. From the first time on the file is watched.
    #[must_use]
    pub fn watch_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.announcements.subscribe(self.path(), &self.inner)
    }

    /// Limits the bytes the file may take, 0: no limit; durable.
    ///
    /// # Errors
    /// As a commit.
    pub fn set_limit(&self, bytes: u64) -> Result<()> {
        self.write(|connection, _| {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            connection.execute("UPDATE meta SET value = ?1 WHERE name = 'limit'", [bytes])?;
            Ok(())
        })
    }

    fn read<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> Outcome<T>) -> Result<T> {
        self.inner.database.read(work)
    }

    fn write<T>(&self, work: impl FnOnce(&rusqlite::Connection, &mut Memory) -> Outcome<T>) -> Result<T> {
        if !self.writable {
            return Err(Failure::new(Code::NoAccess, "The store was opened for reading only."));
        }
        let memory = &mut *lock(&self.inner.memory);
        let result = self.inner.database.write(|connection| work(connection, memory));
        if result.is_err() {
            // It may hold what was undone.
            *memory = Memory::default();
        }
        result
    }

    /// Reads in an order, after beginning to keep it if that pays.
    fn read_ordered<T>(
        &self,
        scope: &Scope,
        kind: ScanKind,
        order: &[OrderKey],
        work: impl Fn(&rusqlite::Connection) -> Outcome<T>,
    ) -> Result<T> {
        let subject = Self::subject(scope, kind, &[], order);
        let read = self.read(|connection| {
            let wanted = if self.writable { scan::wanted_order(connection, &subject)? } else { None };
            match wanted {
                Some(wanted) => Ok(Err(wanted)),
                None => work(connection).map(Ok),
            }
        })?;
        match read {
            Ok(value) => Ok(value),
            Err(wanted) => {
                self.keep_order(wanted)?;
                self.read(work)
            }
        }
    }

    /// Begins to keep an order. That it could not be made is no failure of the scan, which then sorts in memory.
    fn keep_order(&self, (container, class, tag): (i64, Class, u32)) -> Result<()> {
        let made = self.write(|connection, memory| {
            let mut writer = Writer::new(connection, &self.inner.staging, memory)?;
            writer.keep_order(container, class, tag)?;
            writer.finish(Vec::new())
        });
        match made {
            Err(failure) if matches!(failure.code(), Code::CorruptStore | Code::CorruptData) => Err(failure),
            _ => Ok(()),
        }
    }

    fn subject(scope: &Scope, kind: ScanKind, filters: &[Filter], order: &[OrderKey]) -> Subject {
        Subject { scope: scope.clone(), kind, filters: filters.to_vec(), order: effective(kind, order) }
    }
}

impl Commits for Inner {
    fn commits(&self) -> Option<u64> {
        let commits = self.database.read(|connection| Ok(State::load(connection)?.commits));
        commits.ok().map(i64::cast_unsigned)
    }
}

impl Inner {
    fn open(path: &Path, access: Access) -> Result<Self> {
        let database = Database::open(path, STORE, access)?;
        let guid = |name: &str| {
            database.read(|connection| {
                let bytes: Vec<u8> = connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))?;
                Guid::from_slice(&bytes).ok_or_else(|| Trouble::damaged("it has no identity"))
            })
        };
        let (uid, mapping) = (guid("uid")?, guid("mapping")?);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Ok(Self {
            uid,
            mapping,
            folder,
            reserved: Mutex::new(0..0),
            staging: Staging::default(),
            memory: Mutex::default(),
            cache: Cache::default(),
            announcements: Announcements::default(),
            database,
        })
    }
}

fn quota(connection: &rusqlite::Connection) -> Outcome<Quota> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    let used = u64::try_from(pages.saturating_mul(number("page_size")?)).unwrap_or_default();
    let limit: i64 = connection.prepare_cached("SELECT value FROM meta WHERE name = 'limit'")?.query_row([], |row| row.get(0))?;
    Ok(Quota { used, limit: u64::try_from(limit).unwrap_or_default() })
}

impl Objects for SqliteStore {
    fn read(&self, object: &ObjectId, want: Want<'_>, inline_limit: u32) -> Result<(ObjectHead, Vec<Property>)> {
        self.read(|connection| rows::read(connection, object, want, inline_limit))
    }

    fn list_tags(&self, object: &ObjectId) -> Result<Vec<TagSize>> {
        self.read(|connection| rows::list_tags(connection, object))
    }

    fn read_rows(&self, objects: &[ObjectId], columns: &[PropTag], cell_limit: u32) -> Result<Batch> {
        let objects: Vec<i64> = objects.iter().filter_map(number_of).collect();
        self.read(|connection| rows::batch(connection, &objects, columns, cell_limit, true))
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        self.read(|connection| {
            let filters = request.filters.iter().map(|filter| plan::support(connection, filter)).collect::<Outcome<Vec<_>>>()?;
            let queue = request.kind == ScanKind::Queue && request.order.is_empty();
            let orderable = queue || plan::is_orderable(request.order);
            Ok(Plan {
                filters,
                order: if orderable { Support::Exact } else { Support::Unsupported },
                counts: true,
                positions: orderable,
                groups: orderable
                    && !queue
                    && groups::pays(connection, &Self::subject(request.scope, request.kind, &[], request.order))?,
            })
        })
    }

    fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanPage> {
        self.read_ordered(request.scope, request.kind, request.order, |connection| {
            scan::page(connection, &self.inner.cache.at(connection)?, request)
        })
    }

    fn count(&self, scope: &Scope, kind: ScanKind, filter: &[Filter]) -> Result<u64> {
        let subject = Self::subject(scope, kind, filter, &[]);
        self.read(|connection| scan::count(connection, &self.inner.cache.at(connection)?, &subject))
    }

    fn rank(&self, scope: &Scope, kind: ScanKind, filter: &[Filter], order: &[OrderKey], key: &RowKey) -> Result<u64> {
        let subject = Self::subject(scope, kind, filter, order);
        self.read_ordered(scope, kind, order, |connection| {
            scan::rank(connection, &self.inner.cache.at(connection)?, &subject, key)
        })
    }

    fn container_tags(&self, container: &ObjectId, kind: ScanKind) -> Result<Vec<PropTag>> {
        let Some(container) = number_of(container) else { return Ok(Vec::new()) };
        self.read(|connection| rows::container_tags(connection, container, kind))
    }

    fn read_range(&self, object: &ObjectId, tag: PropTag, offset: u64, length: u32) -> Result<Vec<u8>> {
        self.read(|connection| rows::read_range(connection, object, tag, offset, length))
    }

    fn reserve(&self, count: u32) -> Result<Vec<ObjectId>> {
        let count = i64::from(count);
        let mut reserved = lock(&self.inner.reserved);
        let mut found: Vec<i64> = reserved.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
        let missing = count - i64::try_from(found.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            let block = missing.max(BLOCK);
            let start = self.write(|connection, _| State::reserve(connection, block))?;
            found.extend(start..start + missing);
            *reserved = start + missing..start + block;
        }
        found.into_iter().map(name_of).collect::<Outcome<_>>().map_err(|trouble| trouble.into_failure(STORE.what, self.path()))
    }

    fn stage(&self) -> Result<u64> {
        Ok(self.inner.staging.begin())
    }

    fn append(&self, staged: u64, bytes: &[u8]) -> Result<()> {
        self.inner
            .staging
            .append(staged, bytes, &self.inner.folder)
            .map_err(|trouble| trouble.into_failure(STORE.what, self.path()))
    }

    fn discard(&self, staged: u64) {
        self.inner.staging.discard(staged);
    }

    fn commit(&self, commit: Commit) -> Result<Committed> {
        let finished = self.write(|connection, memory| {
            let before = quota(connection)?;
            let finished = Writer::new(connection, &self.inner.staging, memory)?.apply(commit)?;
            if before.limit > 0 {
                let after = quota(connection)?;
                if after.used > before.limit && after.used > before.used {
                    return Err(Failure::new(
                        Code::NotEnoughDisk,
                        "The store has reached its size limit. Delete something, or raise the limit.",
                    )
                    .into());
                }
            }
            Ok(finished)
        })?;
        self.inner.announcements.committed(finished.state.commits.cast_unsigned());
        for staged in finished.staged {
            self.inner.staging.discard(staged);
        }
        Ok(Committed { objects: finished.objects, cursor: feed::cursor(self.inner.uid, finished.state.commits) })
    }

    fn feed_cursor(&self) -> Result<FeedCursor> {
        self.read(|connection| {
            let state = State::load(connection)?;
            Ok(feed::cursor(self.inner.uid, state.commits))
        })
    }

    fn changes(&self, since: &FeedCursor, max: u32) -> Result<FeedPage> {
        self.read(|connection| feed::changes(connection, self.inner.uid, since, max))
    }

    fn uid(&self) -> Guid {
        self.inner.uid
    }
}

impl Store for SqliteStore {
    fn identity(&self) -> StoreIdentity {
        let key_version = self.read(|connection| Ok(State::load(connection)?.key_version));
        let name = |number: i64| ObjectId::from(number.cast_unsigned());
        StoreIdentity {
            uid: self.inner.uid,
            kind: KIND,
            mapping_signature: self.inner.mapping,
            store: name(STORE_OBJECT),
            root: name(ROOT),
            private_entry: self.inner.uid.as_bytes().to_vec(),
            writable: self.writable,
            capabilities: StoreCapabilities {
                read_only: false,
                feed: true,
                submit: true,
                attachments: true,
                soft_delete: true,
                public_folders: false,
                plain_scans_only: false,
            },
            index: IndexPlan {
                ordered: plan::ORDERED.to_vec(),
                searched: plan::SEARCHED.to_vec(),
                // An unreadable file answers every other call with the reason.
                key_version: key_version.unwrap_or_default(),
            },
        }
    }

    fn groups(&self, request: &GroupRequest<'_>) -> Result<GroupBatch> {
        let keys = request.order.get(..request.levels as usize).unwrap_or(request.order);
        let subject = Self::subject(request.scope, request.kind, request.filters, keys);
        if self.writable
            && let Some(flags) = self.read(|connection| groups::wanted_flags(connection, &subject))?
        {
            self.keep_order(flags)?;
        }
        self.read_ordered(request.scope, request.kind, keys, |connection| {
            groups::groups(connection, &self.inner.cache.at(connection)?, &subject, request.after.as_ref(), request.max)
        })
    }

    fn ids_of_names(&self, names: &[NamedProperty], create: bool) -> Result<Vec<Option<u16>>> {
        let known = self.read(|connection| names::ids(connection, names))?;
        if !create || known.iter().all(Option::is_some) {
            return Ok(known);
        }
        self.write(|connection, _| names::create(connection, names))
    }

    fn names_of_ids(&self, ids: &[u16]) -> Result<Vec<Option<NamedProperty>>> {
        self.read(|connection| names::names(connection, ids))
    }

    fn all_names(&self) -> Result<Vec<(u16, NamedProperty)>> {
        self.read(names::all)
    }

    fn rekey(&self, objects: Vec<(ObjectId, Vec<StoredProperty>)>, key_version: u32, finished: bool) -> Result<()> {
        self.write(|connection, memory| {
            let mut writer = Writer::new(connection, &self.inner.staging, memory)?;
            for (object, properties) in objects {
                writer.rekey(&object, properties)?;
            }
            if finished {
                writer.state().key_version = key_version;
            }
            writer.finish(Vec::new())
        })?;
        Ok(())
    }

    fn index_step(&self, budget_us: u64) -> Result<bool> {
        // Looked up first: a turn with nothing to do must not wait for other writers.
        if !self.writable || !self.read(texts::segment_waits)? {
            return Ok(false);
        }
        self.write(|connection, _| texts::consolidate_for(connection, Duration::from_micros(budget_us)))
    }

    fn quota(&self) -> Result<Quota> {
        self.read(quota)
    }

    fn check(&self, repair: bool) -> Result<CheckReport> {
        if repair {
            self.write(|connection, memory| {
                let report = check::check(connection, true)?;
                *memory = Memory::default();
                // Whatever was remembered of the old state no longer holds.
                Writer::new(connection, &self.inner.staging, memory)?.finish(Vec::new())?;
                Ok(report)
            })
        } else {
            self.read(|connection| check::check(connection, false))
        }
    }

    fn compact(&self) -> Result<()> {
        self.write(|connection, _| texts::drop_stale(connection))?;
        self.inner.database.maintain(|connection| {
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
            Ok(())
        })
    }

    fn backup(&self, target: &str) -> Result<()> {
        self.inner.database.backup(Path::new(target))
    }
}
