//! Turns (`session` 8.5): nothing happens between calls, so the host gives the subsystem time for waiting
//! work. Each kind of it is one function of [`KINDS`], in the order the turn does them.

use super::shared::SharedSession;
use crate::backend::{Clock, Environment, LogLevel};
use std::rc::Rc;

/// What waits to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Work {
    /// There is more to do now.
    pub more: bool,
    /// So many notifications are due.
    pub notifications: u32,
    /// When to call again, in nanoseconds of the monotonic clock; absent: not before something happens.
    pub wake_at: Option<u64>,
}

impl Work {
    /// This and that together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let wake_at = match (self.wake_at, other.wake_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { more: self.more || other.more, notifications: self.notifications.saturating_add(other.notifications), wake_at }
    }
}

/// What is left of the time of a turn.
pub(super) struct Budget {
    clock: Rc<dyn Clock>,
    /// In nanoseconds of the monotonic clock.
    end: u64,
}

impl Budget {
    pub(super) fn new(environment: &Environment, budget_us: u64) -> Self {
        let clock = Rc::clone(&environment.clock);
        let end = clock.monotonic().saturating_add(budget_us.saturating_mul(1000));
        Self { clock, end }
    }

    /// Microseconds left; 0: only the least piece of work is wanted.
    pub(super) fn left_us(&self) -> u64 {
        self.end.saturating_sub(self.clock.monotonic()) / 1000
    }
}

/// Does one bounded piece of a kind of work for one session, and says what is left of that kind. It is called
/// in every turn, so that no kind of work starves another; with no time left it does the least it can.
type Kind = fn(&Rc<SharedSession>, &Budget) -> Work;

/// The kinds of waiting work, in the order of a turn.
const KINDS: [Kind; 2] = [super::spooling::spool, index_stores];

/// How long a store that does not say when it changed, or whose feed could not be read, is left alone.
const POLL_AGAIN: u64 = 1_000_000_000;

/// Takes in what stores report as changed, one page of each feed somebody hears (`session` 8.5). `own`: only
/// where there are changes of our own.
pub(super) fn take_in_feeds(session: &SharedSession, own: bool) -> Work {
    let mut work = Work::default();
    for store in session.open_stores() {
        let feed = store.connection.feed().filter(|feed| feed.is_heard() && (!own || feed.is_owed()));
        let Some(feed) = feed else { continue };
        let polled = feed.poll();
        let failed = polled.is_err();
        match polled {
            Ok(more) => work.more |= more,
            Err(failure) if !store.feed_fails.get() => {
                session.log(LogLevel::Warn, &format!("the changes of a store cannot be read: {}", failure.brief()));
            }
            Err(_) => {}
        }
        store.feed_fails.set(failed);
        if failed || !store.is_signalled.get() {
            let wake_at = session.environment().clock.monotonic().saturating_add(POLL_AGAIN);
            work = work.and(Work { wake_at: Some(wake_at), ..Work::default() });
        }
    }
    work
}

/// Does a piece of every kind of waiting work for every session.
pub(super) fn take(sessions: &[Rc<SharedSession>], budget: &Budget) -> Work {
    let mut work = Work::default();
    for kind in KINDS {
        for session in sessions {
            work = work.and(kind(session, budget));
        }
    }
    work
}

/// Lets every open store do deferred indexing.
fn index_stores(session: &Rc<SharedSession>, budget: &Budget) -> Work {
    let stores = session.open_stores();
    let share = budget.left_us() / u64::try_from(stores.len()).unwrap_or(1).max(1);
    let mut work = Work::default();
    for store in stores {
        match store.connection.backend().index_step(share) {
            Ok(left) => work.more |= left,
            Err(failure) => session.log(LogLevel::Warn, &format!("a store could not index: {}", failure.brief())),
        }
    }
    work
}
