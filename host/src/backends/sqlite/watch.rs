//! Noticing commits, of whichever process, without asking for them again and again.
//!
//! Commits of this process are announced. Those of others are noticed by the operating system's file watching:
//! every commit writes to the write-ahead log. The log is written before the commit can be read, so that
//! after each sign of life the number of commits is looked up a few times. One thread watches all files; it
//! sleeps while nothing is written. Where files cannot be watched it looks at the logs every 50 ms instead.

use crate::backends::sqlite::database::lock;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// When the number of commits is looked up after a sign of life: the log is synced to the disk in between.
const LOOKS: [Duration; 9] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(4),
    Duration::from_millis(8),
    Duration::from_millis(16),
    Duration::from_millis(32),
    Duration::from_millis(128),
    Duration::from_millis(512),
];

/// How often logs are looked at that cannot be watched.
const POLL: Duration = Duration::from_millis(50);

/// Says how many commits a file has seen; `None` when it cannot be read now.
pub(super) trait Commits: Send + Sync {
    /// The number of commits.
    fn commits(&self) -> Option<u64>;
}

/// The announcements of one file.
pub(super) struct Announcements {
    sender: watch::Sender<u64>,
    watched: Mutex<bool>,
}

impl core::fmt::Debug for Announcements {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Announcements").finish_non_exhaustive()
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self { sender: watch::Sender::new(0), watched: Mutex::new(false) }
    }
}

impl Announcements {
    /// A commit of this process.
    pub(super) fn committed(&self, commits: u64) {
        self.sender.send_if_modified(|known| commits > std::mem::replace(known, commits.max(*known)));
    }

    /// Hears every commit from now on. The file is watched from the first time on, as long as `file` lives.
    pub(super) fn subscribe<T: Commits + 'static>(&self, path: &Path, file: &Arc<T>) -> watch::Receiver<u64> {
        let mut watched = lock(&self.watched);
        if !*watched {
            *watched = true;
            if let Some(commits) = file.commits() {
                self.committed(commits);
            }
            let file: Weak<dyn Commits> = Arc::<T>::downgrade(file);
            if let Some(thread) = thread() {
                // It lives as long as the process.
                drop(lock(thread).send(Message::Watch(Watched::new(path, file, self.sender.clone()))));
            }
        }
        self.sender.subscribe()
    }
}

enum Message {
    Watch(Watched),
    /// Something was written there.
    Written(Vec<PathBuf>),
}

/// One file.
struct Watched {
    log: PathBuf,
    file: Weak<dyn Commits>,
    sender: watch::Sender<u64>,
    /// The log as it was last seen, where it cannot be watched.
    seen: Option<(u64, SystemTime)>,
    /// The looks still to be taken: which one, since when.
    looking: Option<(usize, Instant)>,
}

impl Watched {
    fn new(path: &Path, file: Weak<dyn Commits>, sender: watch::Sender<u64>) -> Self {
        // The operating system tells of files by their real names.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut log = path.into_os_string();
        log.push("-wal");
        Self { log: log.into(), file, sender, seen: None, looking: None }
    }

    fn folder(&self) -> &Path {
        self.log.parent().unwrap_or(Path::new("."))
    }

    /// When it is to be looked at next.
    fn due(&self) -> Option<Instant> {
        let (look, since) = self.looking?;
        Some(since + *LOOKS.get(look)?)
    }

    /// Looks the number of commits up; announces it when it has risen.
    fn look(&mut self, now: Instant) {
        let Some((look, since)) = self.looking.take() else { return };
        // A closed file is not looked at again, or its look would be due for ever.
        let Some(file) = self.file.upgrade() else { return };
        if let Some(commits) = file.commits() {
            self.sender.send_if_modified(|known| commits > std::mem::replace(known, commits.max(*known)));
        }
        let next = (look + 1..LOOKS.len()).find(|next| since + LOOKS[*next] > now);
        self.looking = next.map(|next| (next, since));
    }

    /// Whether the log was written since the last time, as far as its size and time tell.
    fn was_written(&mut self) -> bool {
        let state = std::fs::metadata(&self.log).ok().map(|log| (log.len(), log.modified().unwrap_or(SystemTime::UNIX_EPOCH)));
        std::mem::replace(&mut self.seen, state) != state
    }
}

/// The one thread; `None` if it could not be started.
fn thread() -> Option<&'static Mutex<Sender<Message>>> {
    static THREAD: OnceLock<Option<Mutex<Sender<Message>>>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = channel();
        let events = sender.clone();
        let run = move || run(&receiver, &events);
        match std::thread::Builder::new().name("mapi-session-watch".into()).spawn(run) {
            Ok(_) => Some(Mutex::new(sender)),
            Err(error) => {
                tracing::warn!(%error, "commits of other processes go unnoticed until something is read");
                None
            }
        }
    };
    THREAD.get_or_init(start).as_ref()
}

fn run(receiver: &Receiver<Message>, events: &Sender<Message>) {
    let events = events.clone();
    let told = move |event: notify::Result<notify::Event>| {
        // Reading a log is no sign of life.
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            drop(events.send(Message::Written(event.paths)));
        }
    };
    let mut watcher = notify::recommended_watcher(told)
        .inspect_err(|error| tracing::warn!(%error, "files cannot be watched here; looking at them instead"))
        .ok();
    let mut files: Vec<Watched> = Vec::new();
    let mut folders: BTreeMap<PathBuf, bool> = BTreeMap::new();
    loop {
        let now = Instant::now();
        let polled = folders.values().any(|watched| !watched);
        let due = files.iter().filter_map(Watched::due).min();
        let due = if polled { Some(due.unwrap_or(now + POLL).min(now + POLL)) } else { due };
        let message = match due {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => receiver.recv_timeout(due.saturating_duration_since(now)),
        };
        let now = Instant::now();
        match message {
            Ok(Message::Watch(mut file)) => {
                forget_closed(&mut files, &mut folders, watcher.as_mut());
                let folder = file.folder().to_owned();
                folders.entry(folder).or_insert_with_key(|folder| watch_folder(watcher.as_mut(), folder));
                // What was written before the folder was watched left no sign of life.
                file.looking = Some((0, now));
                files.push(file);
            }
            Ok(Message::Written(paths)) => {
                for file in files.iter_mut().filter(|file| paths.contains(&file.log)) {
                    file.looking = Some((0, now));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for file in &mut files {
            if folders.get(file.folder()) == Some(&false) && file.was_written() {
                file.looking = Some((0, now));
            }
            if file.due().is_some_and(|due| due <= now) {
                file.look(now);
            }
        }
    }
}

/// Whether the folder is watched now.
fn watch_folder(watcher: Option<&mut RecommendedWatcher>, folder: &Path) -> bool {
    let Some(watcher) = watcher else { return false };
    match watcher.watch(folder, RecursiveMode::NonRecursive) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "a folder cannot be watched; looking at its files instead");
            false
        }
    }
}

/// Forgets files that nobody has open any more, and the folders they lay in.
fn forget_closed(files: &mut Vec<Watched>, folders: &mut BTreeMap<PathBuf, bool>, watcher: Option<&mut RecommendedWatcher>) {
    files.retain(|file| file.file.strong_count() > 0);
    let empty: Vec<PathBuf> =
        folders.keys().filter(|folder| files.iter().all(|file| file.folder() != folder.as_path())).cloned().collect();
    let mut watcher = watcher;
    for folder in empty {
        if folders.remove(&folder) == Some(true)
            && let Some(watcher) = watcher.as_deref_mut()
        {
            // A folder that is gone is not watched any more either.
            drop(watcher.unwatch(&folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::sqlite::SqliteStore;
    use crate::backends::sqlite::database::Access;
    use mapi_engine::backend::{Change, Commit, ObjectKind, Objects, Store};

    fn commit(store: &SqliteStore) {
        let object = store.reserve(1).unwrap().remove(0);
        let parent = store.identity().root;
        let change = Change::Create { object, parent, kind: ObjectKind::Message, properties: vec![] };
        store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
    }

    #[test]
    fn a_file_that_was_closed_is_not_looked_at_any_more() {
        struct File;
        impl Commits for File {
            fn commits(&self) -> Option<u64> {
                Some(1)
            }
        }
        let open = Arc::new(File);
        let file: Weak<dyn Commits> = Arc::<File>::downgrade(&open);
        let mut watched = Watched::new(Path::new("a.mapi"), file, watch::Sender::new(0));
        let now = Instant::now();
        watched.looking = Some((0, now));
        watched.look(now);
        assert!(watched.due().is_some_and(|due| due > now), "an open file is looked at again");
        drop(open);
        watched.look(now);
        assert_eq!(watched.due(), None);
    }

    #[test]
    fn a_commit_of_this_process_is_announced_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.mapi"), Access::Create).unwrap();
        let mut changes = store.watch_changes();
        changes.mark_unchanged();
        commit(&store);
        assert!(changes.has_changed().unwrap());
    }

    #[tokio::test]
    async fn a_write_to_the_file_from_elsewhere_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mapi");
        let store = SqliteStore::open(&path, Access::Create).unwrap();
        let mut changes = store.watch_changes();
        changes.mark_unchanged();
        // A connection of its own is what another process has.
        let other = rusqlite::Connection::open(&path).unwrap();
        other
            .execute(
                "INSERT INTO feed SELECT commits + 1, 0, 0, next_object, next_arrival, next_value, next_text, feed_floor,
                 key_version, x'' FROM state",
                [],
            )
            .unwrap();
        tokio::time::timeout(Duration::from_secs(20), changes.changed()).await.unwrap().unwrap();
    }
}
