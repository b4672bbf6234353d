//! One SQLite file: opened, recognised, migrated, with one writer, connected when something is first written,
//! and a few readers.
//!
//! The file is in WAL mode with `synchronous = FULL`: only FULL makes SQLite sync the log at every commit,
//! so that a commit that returned survives a loss of power as well as the end of the process. Several
//! processes may use one file: writes begin with `BEGIN IMMEDIATE`, everyone waits for a busy file. Where not even
//! what readers need can be written, on a full disk or in a folder that can only be read, the file is read without
//! (`unshared.rs`), until something can be written again.

use crate::backends::sqlite::checkpoint::Checkpoints;
use crate::backends::sqlite::trouble::{Outcome, Trouble, code_of};
use crate::backends::sqlite::unshared::{Unshared, lacks_company};
use mapi_engine::error::{Code, Failure, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a writer waits for another one, in this process or another.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Readers kept open between calls; more are opened when more threads read at once and closed again.
const KEPT_READERS: usize = 4;

/// Prepared statements kept by each connection.
const STATEMENT_CACHE: usize = 128;

/// What kind of file it is, and how it came to its present form.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// What people call such a file: "message store".
    pub what: &'static str,
    /// `application_id` of the file's header.
    pub application: i32,
    /// The statements that lead from each version to the next; `user_version` counts those applied.
    pub migrations: &'static [&'static str],
}

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It must exist; nothing is written.
    Read,
    /// It must exist.
    Write,
    /// It is made when it does not exist, with its folder.
    Create,
}

/// One open file.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    schema: Schema,
    writable: bool,
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// What is read through instead as long as `reads_unshared`.
    unshared: Mutex<Option<Unshared>>,
    reads_unshared: AtomicBool,
    checkpoints: Checkpoints,
}

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS`, `MAPI_E_CORRUPT_STORE` for a file of another kind,
    /// `MAPI_E_VERSION` for one written by a newer version, `MAPI_E_NOT_ENOUGH_DISK`.
    pub fn open(path: &Path, schema: Schema, access: Access) -> Result<Self> {
        prepare_place(path, schema, access)?;
        let database = Self {
            path: path.to_owned(),
            schema,
            writable: access != Access::Read,
            writer: Mutex::new(None),
            readers: Mutex::new(Vec::new()),
            unshared: Mutex::new(None),
            reads_unshared: AtomicBool::new(false),
            checkpoints: Checkpoints::of(path),
        };
        let opened = database.open_reader(&mut lock(&database.unshared));
        opened.map_err(|trouble| trouble.into_failure(schema.what, path))?;
        Ok(database)
    }

    /// Makes the file ready to be read: as one of many who use it, or, where that takes what cannot be written,
    /// by itself.
    fn open_reader(&self, unshared: &mut Option<Unshared>) -> Outcome<()> {
        *unshared = None;
        match self.first_reader() {
            Ok(reader) => {
                lock(&self.readers).push(reader);
                self.reads_unshared.store(false, Ordering::Release);
                Ok(())
            }
            Err(trouble) if lacks_company(&trouble, self.writable) => {
                // What cannot be opened so, or is not up to date, must be opened as usual first.
                let Some(by_itself) = self.by_itself() else { return Err(trouble) };
                tracing::warn!(file = %self.path.display(), "nothing can be written there; the file is read as it is");
                *unshared = Some(by_itself);
                self.reads_unshared.store(true, Ordering::Release);
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The file without anything beside it, if it is of this kind and up to date.
    fn by_itself(&self) -> Option<Unshared> {
        let opened = Unshared::open(&self.path).ok()?;
        set_up(opened.connection()).ok()?;
        let found = recognise(opened.connection(), self.schema, &self.path).ok()?;
        (found == self.schema.migrations.len()).then_some(opened)
    }

    /// A reader of the file, which is of this kind and up to date then.
    fn first_reader(&self) -> Outcome<Connection> {
        let mut reader =
            if self.writable { self.connect_for_writing()? } else { self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)? };
        let found = recognise(&reader, self.schema, &self.path)?;
        if self.writable {
            // The page size only takes effect on a file without pages. 8 KiB holds most messages without
            // overflow pages and halves the pages of a body.
            reader.pragma_update(None, "page_size", 8192)?;
            switch_to_wal(&reader)?;
        }
        if found < self.schema.migrations.len() {
            if !self.writable {
                return Err(Failure::new(
                    Code::NoAccess,
                    format!(
                        "The {} {} was written by an older version and must be opened for writing once to be brought up to date.",
                        self.schema.what,
                        self.path.display()
                    ),
                )
                .into());
            }
            self.migrate(&mut reader)?;
        }
        only_read(&reader)?;
        Ok(reader)
    }

    /// Applies the migrations that are missing, together or not at all.
    fn migrate(&self, writer: &mut Connection) -> Outcome<()> {
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let found = recognise(&transaction, self.schema, &self.path)?;
        for statements in self.schema.migrations.iter().skip(found) {
            transaction.execute_batch(statements)?;
        }
        transaction.pragma_update(None, "application_id", self.schema.application)?;
        let version = i64::try_from(self.schema.migrations.len()).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        Ok(())
    }

    /// The last connection closed writes the log back into the file, which one that can only read cannot: the log
    /// would stay, and whoever opens the file next would have to read all of it.
    fn reader_flags(&self) -> OpenFlags {
        if self.writable { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY }
    }

    fn connect_for_writing(&self) -> Outcome<Connection> {
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        self.checkpoints.follow(&mut connection)?;
        connection.pragma_update(None, "journal_size_limit", 96 << 20)?;
        Ok(connection)
    }

    fn connect(&self, flags: OpenFlags) -> Outcome<Connection> {
        let connection = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        set_up(&connection)?;
        Ok(connection)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was opened for writing.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.writable
    }

    /// Runs `work` on one consistent state of the file.
    ///
    /// # Errors
    /// Those of `work`, and SQLite's, as a sentence that names the file.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.read_inner(work).map_err(|trouble| trouble.into_failure(self.schema.what, &self.path))
    }

    fn read_inner<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        if self.reads_unshared.load(Ordering::Acquire) {
            let mut unshared = lock(&self.unshared);
            if unshared.as_ref().is_some_and(|unshared| !unshared.is_current()) {
                // Somebody can write again.
                self.open_reader(&mut unshared)?;
            }
            if let Some(unshared) = &*unshared {
                return unshared.read(work);
            }
        }
        let kept = lock(&self.readers).pop();
        let reader = match kept {
            Some(reader) => reader,
            None => {
                let reader = self.connect(self.reader_flags())?;
                only_read(&reader)?;
                reader
            }
        };
        reader.prepare_cached("BEGIN")?.execute([])?;
        let outcome = work(&reader);
        // A reader that cannot end its transaction is closed instead of kept.
        let ended = reader.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([])).is_ok();
        if ended {
            let mut readers = lock(&self.readers);
            if readers.len() < KEPT_READERS {
                readers.push(reader);
            }
        }
        outcome
    }

    /// Runs `work` in a transaction that is durable when this returns, or is undone.
    ///
    /// # Errors
    /// Those of `work`, and SQLite's; `MAPI_E_NO_ACCESS` when the file was opened for reading.
    pub fn write<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.write_inner(work).map_err(|trouble| trouble.into_failure(self.schema.what, &self.path))
    }

    fn write_inner<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        self.with_writer(|writer| transact(writer, work))
    }

    /// As [`Database::write`], but what was written may be lost when the machine loses power, as long as no
    /// durable transaction follows. For what then means nothing any more.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn write_fleeting<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.write_fleeting_inner(work).map_err(|trouble| trouble.into_failure(self.schema.what, &self.path))
    }

    fn write_fleeting_inner<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        self.check_writable()?;
        self.share()?;
        let mut slot = lock(&self.writer);
        // Out of its place meanwhile: a writer that cannot be made durable again is not used again.
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.connect_for_writing()?,
        };
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        let outcome = transact(&mut writer, work);
        writer.pragma_update(None, "synchronous", "FULL")?;
        *slot = Some(writer);
        outcome
    }

    /// Runs `work` on the writer outside a transaction, for what SQLite refuses inside one.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn maintain<T>(&self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.with_writer(|writer| work(writer)).map_err(|trouble| trouble.into_failure(self.schema.what, &self.path))
    }

    /// Copies the file, in use or not, to a new one that appears when it is whole.
    ///
    /// # Errors
    /// `MAPI_E_COLLISION` when the target exists; SQLite's, about the target.
    pub fn backup(&self, target: &Path) -> Result<()> {
        if target.exists() {
            return Err(Failure::new(
                Code::Collision,
                format!("{} exists already. Name a new file for the backup.", target.display()),
            ));
        }
        let mut partial = target.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let copied = self.read(|connection| {
            // The target's size must be this state's, so the copy begins on an empty file.
            if partial.exists() {
                std::fs::remove_file(&partial)?;
            }
            let mut copy = Connection::open(&partial)?;
            rusqlite::backup::Backup::new(connection, &mut copy)?.run_to_completion(1024, Duration::ZERO, None)?;
            copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
            drop(copy);
            std::fs::File::open(&partial)?.sync_all()?;
            std::fs::rename(&partial, target)?;
            Ok(())
        });
        if copied.is_err() {
            // The failure to report is the first one.
            drop(std::fs::remove_file(&partial));
        }
        copied
    }

    fn check_writable(&self) -> Outcome<()> {
        if self.writable {
            return Ok(());
        }
        let read_only = format!("The {} {} was opened for reading only.", self.schema.what, self.path.display());
        Err(Failure::new(Code::NoAccess, read_only).into())
    }

    /// Writing takes what reading does, and more: whoever could not have it tries again.
    fn share(&self) -> Outcome<()> {
        if !self.reads_unshared.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut unshared = lock(&self.unshared);
        if unshared.is_none() {
            return Ok(());
        }
        let reader = self.first_reader()?;
        lock(&self.readers).push(reader);
        *unshared = None;
        self.reads_unshared.store(false, Ordering::Release);
        Ok(())
    }

    fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> Outcome<T>) -> Outcome<T> {
        self.check_writable()?;
        self.share()?;
        let mut writer = lock(&self.writer);
        match &mut *writer {
            Some(writer) => work(writer),
            none => work(none.insert(self.connect_for_writing()?)),
        }
    }
}

/// What every connection is set to.
fn set_up(connection: &Connection) -> Outcome<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Else a statement whose plan might depend on what is bound to it is prepared anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // In KiB when negative. Messages of any size pass through writers, which look little of it up again.
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(())
}

/// Sets a connection up for reading: with room for what a search looks up.
fn only_read(reader: &Connection) -> Outcome<()> {
    reader.pragma_update(None, "query_only", true)?;
    reader.pragma_update(None, "cache_size", -32_768)?;
    Ok(())
}

/// Runs `work` in a transaction, undone if it fails.
fn transact<T>(writer: &mut Connection, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// The guarded value; a panic of another holder left no transaction open, so the value is sound.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes sure that the file, or the folder it is to be made in, is there.
fn prepare_place(path: &Path, schema: Schema, access: Access) -> Result<()> {
    if path.is_dir() {
        return Err(Failure::new(
            Code::InvalidParameter,
            format!("{} is a folder; name a {} file.", path.display(), schema.what),
        ));
    }
    if access != Access::Create {
        return match std::fs::metadata(path) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::new(
                code_of(error.kind()).unwrap_or(Code::NotFound),
                format!("There is no {} {}: {error}.", schema.what, path.display()),
            )),
        };
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(
                code_of(error.kind()).unwrap_or(Code::NoAccess),
                format!(
                    "The folder {} for the {} cannot be made: {error}. Choose a folder that can be written to.",
                    folder.display(),
                    schema.what
                ),
            )
        })?;
    }
    Ok(())
}

/// How many migrations the file has seen. Refuses files of other kinds.
fn recognise(connection: &Connection, schema: Schema, path: &Path) -> Outcome<usize> {
    let foreign = || {
        Trouble::from(Failure::new(
            Code::CorruptStore,
            format!("{} is not a {} of this program; it was left untouched. Name another file.", path.display(), schema.what),
        ))
    };
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = match number("application_id") {
        Ok(application) => application,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => return Err(foreign()),
        Err(error) => return Err(error.into()),
    };
    let version = number("user_version")?;
    if application != i64::from(schema.application) {
        // A process that died while it made the file leaves an empty one behind.
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        return if application == 0 && tables == 0 && version == 0 { Ok(0) } else { Err(foreign()) };
    }
    match usize::try_from(version) {
        Ok(version) if version <= schema.migrations.len() => Ok(version),
        _ => Err(Failure::new(
            Code::Version,
            format!(
                "The {} {} has format {version}, this program knows formats up to {}. Use a newer version of the program.",
                schema.what,
                path.display(),
                schema.migrations.len()
            ),
        )
        .into()),
    }
}

/// Turns the write-ahead log on. SQLite answers busy at once, without waiting, while another process does the same.
fn switch_to_wal(connection: &Connection) -> Outcome<()> {
    let began = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(Failure::new(
                    Code::NoSupport,
                    format!("The file system does not support a shared write-ahead log (journal mode {mode}); use a local disk."),
                )
                .into());
            }
            Err(error) if busy(&error) && began.elapsed() < BUSY_TIMEOUT => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(error.into()),
        }
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What is open in this process, by file: opening a file twice shares one value.
#[derive(Debug)]
pub struct Registry<T>(Mutex<BTreeMap<PathBuf, Weak<T>>>);

impl<T> Registry<T> {
    /// Nothing is open.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The value open for that file if it passes `fits`, otherwise the one `open` makes.
    ///
    /// # Errors
    /// Those of `open`.
    pub fn open(&self, path: &Path, fits: impl Fn(&T) -> bool, open: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut known = lock(&self.0);
        known.retain(|_, value| value.strong_count() > 0);
        // A file that does not exist yet has no canonical name.
        let name = |path: &Path| path.canonicalize().ok();
        let open_one = name(path).and_then(|name| known.get(&name)?.upgrade());
        if let Some(value) = open_one.filter(|value| fits(value)) {
            return Ok(value);
        }
        let value = Arc::new(open()?);
        if let Some(name) = name(path) {
            known.insert(name, Arc::downgrade(&value));
        }
        Ok(value)
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema { what: "test file", application: 0x5445_5354, migrations: &["CREATE TABLE t(a)"] };

    fn code(result: Result<Database>) -> Code {
        result.expect_err("refused").code()
    }

    #[test]
    fn a_long_log_is_copied_into_the_file_beside_the_commits() {
        const BYTES: i64 = 70 << 20;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let database = Database::open(&path, SCHEMA, Access::Create).unwrap();
        let insert = |connection: &Connection| Ok(connection.execute("INSERT INTO t VALUES (zeroblob(?1))", [BYTES])?);
        database.write(insert).unwrap();
        let begun = std::time::Instant::now();
        while std::fs::metadata(&path).unwrap().len() < BYTES.cast_unsigned() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the log is still where it was");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_file_of_another_kind_is_refused_and_left_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text");
        std::fs::write(&text, "not a database at all, only words, words and words, long enough for a header of SQLite").unwrap();
        assert_eq!(code(Database::open(&text, SCHEMA, Access::Create)), Code::CorruptStore);
        assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a"));
        let other = folder.path().join("other");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE x(a)").unwrap();
        let before = std::fs::read(&other).unwrap();
        assert_eq!(code(Database::open(&other, SCHEMA, Access::Create)), Code::CorruptStore);
        assert_eq!(std::fs::read(&other).unwrap(), before);
    }

    #[test]
    fn a_newer_file_is_refused_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        drop(Database::open(&path, SCHEMA, Access::Create).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let failure = Database::open(&path, SCHEMA, Access::Write).expect_err("newer");
        assert_eq!(failure.code(), Code::Version);
        assert!(failure.to_string().contains("format 9"));
    }

    #[test]
    fn a_missing_file_and_an_unwritable_place_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(code(Database::open(&folder.path().join("none"), SCHEMA, Access::Write)), Code::NotFound);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(code(Database::open(&file.join("below"), SCHEMA, Access::Create)), Code::NoAccess);
        assert_eq!(code(Database::open(folder.path(), SCHEMA, Access::Create)), Code::InvalidParameter);
    }

    #[test]
    fn an_empty_file_left_by_a_dead_process_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, "").unwrap();
        let database = Database::open(&path, SCHEMA, Access::Write).unwrap();
        database.write(|connection| Ok(connection.execute("INSERT INTO t VALUES (1)", [])?)).unwrap();
        let count: i64 =
            database.read(|connection| Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)).unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn a_failed_transaction_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a"), SCHEMA, Access::Create).unwrap();
        let failed: Result<()> = database.write(|connection| {
            connection.execute("INSERT INTO t VALUES (1)", [])?;
            Err(Failure::not_found("no").into())
        });
        assert!(failed.is_err());
        let count: i64 =
            database.read(|connection| Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)).unwrap();
        assert_eq!(count, 0);
    }

    #[test]
    fn one_file_is_opened_once_in_a_process() {
        static OPEN: Registry<Database> = Registry::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let open = || OPEN.open(&path, |_| true, || Database::open(&path, SCHEMA, Access::Create)).unwrap();
        let (first, second) = (open(), open());
        assert!(Arc::ptr_eq(&first, &second));
    }
}
