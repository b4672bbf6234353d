//! Noticing that something was put into a mailbox, by whichever process (`NOTIFY_NEWMAIL`, `transport` 4).
//!
//! The operating system tells of new files. One watcher serves all mailboxes of the process. Where folders
//! cannot be watched, mail is found when the transport is polled.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;

/// The folders that are watched, by their real names, and who wants to hear of each.
type Folders = Arc<Mutex<BTreeMap<PathBuf, watch::Sender<u64>>>>;

/// The mailboxes of this process.
struct Mailboxes {
    folders: Folders,
    /// Never locked by its own thread, which answers before a folder is watched.
    watcher: Mutex<Option<RecommendedWatcher>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears of everything that is put into the folder from now on.
pub(super) fn subscribe(folder: &Path) -> watch::Receiver<u64> {
    static MAILBOXES: OnceLock<Mailboxes> = OnceLock::new();
    MAILBOXES.get_or_init(Mailboxes::new).subscribe(folder)
}

impl Mailboxes {
    fn new() -> Self {
        let folders = Folders::default();
        let told = Arc::clone(&folders);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Locking a mailbox and emptying it is the receiver's own doing.
            if let Ok(event) = event
                && !event.kind.is_access()
                && !event.kind.is_remove()
            {
                let folders = lock(&told);
                let concerned = event.paths.iter().filter_map(|path| folders.get(path.parent()?));
                concerned.for_each(|sender| sender.send_modify(|times| *times = times.wrapping_add(1)));
            }
        });
        let watcher = watcher.inspect_err(|error| tracing::warn!(%error, "mailboxes cannot be watched here"));
        Self { folders, watcher: Mutex::new(watcher.ok()) }
    }

    fn subscribe(&self, folder: &Path) -> watch::Receiver<u64> {
        // The operating system tells of files by their real names.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let mut watcher = lock(&self.watcher);
        self.forget_unheard(watcher.as_mut());
        let mut is_new = false;
        let receiver = lock(&self.folders)
            .entry(folder.clone())
            .or_insert_with(|| {
                is_new = true;
                watch::Sender::new(0)
            })
            .subscribe();
        if is_new
            && let Some(watcher) = watcher.as_mut()
            && let Err(error) = watcher.watch(&folder, RecursiveMode::NonRecursive)
        {
            tracing::warn!(%error, "a mailbox cannot be watched; it is looked at now and then");
        }
        receiver
    }

    /// Ends the watch of folders nobody wants to hear of any more.
    fn forget_unheard(&self, watcher: Option<&mut RecommendedWatcher>) {
        let mut unheard = Vec::new();
        lock(&self.folders).retain(|folder, sender| {
            let heard = sender.receiver_count() > 0;
            if !heard {
                unheard.push(folder.clone());
            }
            heard
        });
        if let Some(watcher) = watcher {
            // A folder that is gone is not watched any more either.
            unheard.iter().for_each(|folder| drop(watcher.unwatch(folder)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn what_is_put_into_a_folder_is_heard_of_by_everybody_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        for folder in [&one, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        let mut heard = [subscribe(&one), subscribe(&one)];
        let quiet = subscribe(&other);
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        std::fs::hard_link(&file, one.join("linked")).unwrap();
        for heard in &mut heard {
            tokio::time::timeout(Duration::from_secs(20), heard.changed()).await.unwrap().unwrap();
        }
        assert!(!quiet.has_changed().unwrap());
    }
}
