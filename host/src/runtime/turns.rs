//! The task that gives a subsystem its turns (`session` 8.5): it sleeps until a store has changed, a transport has
//! something to tell, a call was made, or the engine wanted to be called again, so that no client polls and an idle
//! subsystem costs nothing.

use crate::runtime::Subsystem;
use crate::runtime::backends::WatchChanges;
use crate::runtime::subsystem::Shared;
use mapi_engine::error::Code;
use mapi_engine::properties::Guid;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How long one turn may work before other calls get their chance.
const BUDGET: Duration = Duration::from_millis(20);

/// How long a turn waits behind a call of the client: calls often come in groups.
const BEHIND_CALL: Duration = Duration::from_millis(4);

/// What a subsystem is woken by.
#[derive(Default)]
pub(crate) struct Turns {
    wake: Notify,
    state: Mutex<State>,
    started: AtomicBool,
    ended: AtomicBool,
}

#[derive(Default)]
struct State {
    followed: Vec<Weak<Followed>>,
    /// Sections whose provider has changed since the last turn.
    changed: BTreeSet<Guid>,
}

/// An open store or transport whose changes wake the subsystem. Dropped with the provider.
pub(crate) struct Followed {
    section: Guid,
    watch: WatchChanges,
    task: Mutex<Option<AbortHandle>>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the changes of a provider wake the subsystem, as soon as turns are taken.
    pub(crate) fn follow(self: &Arc<Self>, section: Guid, watch: WatchChanges) -> Arc<Followed> {
        let followed = Arc::new(Followed { section, watch, task: Mutex::new(None) });
        let mut state = self.lock();
        state.followed.retain(|provider| provider.strong_count() > 0);
        state.followed.push(Arc::downgrade(&followed));
        drop(state);
        if self.is_started() {
            self.start_following(&followed);
        }
        followed
    }

    /// Follows the changes of a provider in a task that ends with it.
    fn start_following(self: &Arc<Self>, followed: &Arc<Followed>) {
        let mut task = followed.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_some() {
            return;
        }
        let (turns, section) = (Arc::clone(self), followed.section);
        let mut changes = (followed.watch)();
        let follow = async move {
            // The engine learns at once that it need not ask this store again and again.
            loop {
                turns.changed(section);
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        *task = Some(tokio::spawn(follow).abort_handle());
    }

    fn changed(&self, section: Guid) {
        self.lock().changed.insert(section);
        self.wake.notify_one();
    }

    /// A call of the client has returned: it may have left notifications.
    pub(crate) fn called(&self) {
        if self.is_started() {
            self.wake.notify_one();
        }
    }

    /// Whether turns are taken.
    fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Begins to take turns, if that was not begun yet.
    pub(crate) fn start(self: &Arc<Self>, shared: &Arc<Shared>) {
        if self.started.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
            return;
        }
        let followed: Vec<_> = self.lock().followed.iter().filter_map(Weak::upgrade).collect();
        followed.iter().for_each(|provider| self.start_following(provider));
        tokio::spawn(run(Arc::clone(self), Arc::downgrade(shared)));
        self.wake.notify_one();
    }

    /// The subsystem is gone.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(crate) fn take_changed(&self) -> BTreeSet<Guid> {
        std::mem::take(&mut self.lock().changed)
    }
}

/// Takes turns as long as the subsystem lives. It is held only while one is taken.
async fn run(turns: Arc<Turns>, shared: Weak<Shared>) {
    let mut wake_at: Option<Instant> = None;
    loop {
        let timer = async {
            match wake_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = turns.wake.notified() => {}
            () = timer => {}
        }
        if turns.ended.load(Ordering::Acquire) {
            return;
        }
        if turns.lock().changed.is_empty() {
            tokio::time::sleep(BEHIND_CALL).await;
        }
        let Some(shared) = shared.upgrade() else { return };
        let subsystem = Subsystem::of(shared);
        wake_at = match subsystem.take_turns(BUDGET).await {
            Ok(wake_at) => wake_at,
            // Everything was logged off; it may be initialised again.
            Err(failure) if failure.code() == Code::NotInitialized => None,
            Err(failure) => {
                tracing::debug!(%failure, "no more turns are taken");
                subsystem.sinks().end();
                return;
            }
        };
    }
}
