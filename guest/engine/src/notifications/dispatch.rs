//! `DispatchNotifications` (`session` 8.4 rule 3): the only way events leave the engine.

use crate::error::Result;
use crate::notifications::{HandleQueue, NotificationBatch};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What was due.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Dispatched {
    /// Queue by queue.
    pub batches: Vec<NotificationBatch>,
    /// More is due, or more changes wait to be taken in.
    pub more: bool,
}

/// The queues of all client handles of a subsystem.
#[derive(Default)]
pub struct Notifications {
    queues: RefCell<Vec<Rc<HandleQueue>>>,
    last_handle: Cell<u64>,
    last_connection: Rc<Cell<u32>>,
}

impl Notifications {
    /// The queue of a new client handle.
    #[must_use]
    pub fn open_queue(&self) -> Rc<HandleQueue> {
        let number = self.last_handle.get().saturating_add(1);
        self.last_handle.set(number);
        let queue = HandleQueue::new(number, Rc::clone(&self.last_connection));
        self.queues.borrow_mut().push(Rc::clone(&queue));
        queue
    }

    /// Forgets everything that waits.
    pub fn clear(&self) {
        let queues = self.queues.take();
        for queue in queues {
            queue.close();
        }
    }

    /// How many events are due.
    #[must_use]
    pub fn due(&self) -> u32 {
        let due: usize = self.queues.borrow().iter().map(|queue| queue.len()).sum();
        u32::try_from(due).unwrap_or(u32::MAX)
    }

    /// Lets every source make its events of what has changed. All are asked even when one fails.
    ///
    /// # Errors
    /// The first failure; what it kept from being told is told later.
    pub fn take_in(&self) -> Result<()> {
        let queues: Vec<Rc<HandleQueue>> = self.queues.borrow().clone();
        let mut outcome = Ok(());
        for source in queues.iter().flat_map(|queue| queue.watched()) {
            outcome = outcome.and(source.take_in());
        }
        outcome
    }

    /// Lets every source do a slice of work that was left over (`session` 8.5). Whether some is left.
    pub fn slice(&self) -> bool {
        let queues: Vec<Rc<HandleQueue>> = self.queues.borrow().clone();
        let mut left = false;
        for source in queues.iter().flat_map(|queue| queue.watched()) {
            left |= source.slice();
        }
        left
    }

    /// Takes up to so many events, 0: all. The next call goes on where this one stopped.
    #[must_use]
    pub fn take(&self, max: u32) -> Dispatched {
        let mut left = if max == 0 { usize::MAX } else { usize::try_from(max).unwrap_or(usize::MAX) };
        let mut queues = self.queues.borrow_mut();
        queues.retain(|queue| queue.is_open() || !queue.is_empty());
        let mut dispatched = Dispatched::default();
        let mut served = 0;
        for queue in queues.iter() {
            if left == 0 {
                break;
            }
            let batches = queue.take(left);
            left -= batches.iter().map(|batch| batch.events.len()).sum::<usize>();
            dispatched.batches.extend(batches);
            served += 1;
        }
        dispatched.more = queues.iter().any(|queue| !queue.is_empty());
        if dispatched.more && served > 0 {
            // A handle with very much to tell must not keep the others waiting.
            queues.rotate_left(served);
        }
        queues.retain(|queue| queue.is_open() || !queue.is_empty());
        dispatched
    }
}
