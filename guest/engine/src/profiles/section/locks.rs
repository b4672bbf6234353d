//! Who has which section open: many readers or one writer (`profiles` 3.1).

use crate::error::{Code, Failure, Result};
use crate::properties::Guid;
use crate::session::Alive;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One opening of a section. It counts only while the handle it was opened through lives: a client that
/// logs off without releasing its sections locks nobody out.
struct Opening {
    number: u64,
    write: bool,
    alive: Alive,
}

/// A section by profile and key.
type Key = (String, Guid);

/// The open sections of this instance.
#[derive(Clone, Default)]
pub(in crate::profiles) struct SectionLocks {
    open: Rc<RefCell<BTreeMap<Key, Vec<Opening>>>>,
    last: Rc<Cell<u64>>,
}

/// A section held open. Dropping it lets the section go.
pub(super) struct SectionLock {
    locks: SectionLocks,
    key: Key,
    number: u64,
}

impl SectionLocks {
    pub(super) fn take(&self, name: &str, uid: Guid, write: bool, alive: &Alive) -> Result<SectionLock> {
        let key = (name.to_owned(), uid);
        let mut open = self.open.borrow_mut();
        let openings = open.entry(key.clone()).or_default();
        openings.retain(|opening| opening.alive.is_alive());
        if openings.iter().any(|opening| opening.write || write) {
            let text = "The profile section is open elsewhere; close it there first.";
            return Err(Failure::new(Code::NoAccess, text).with_retry(true));
        }
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        openings.push(Opening { number, write, alive: alive.clone() });
        Ok(SectionLock { locks: self.clone(), key, number })
    }

    /// Refuses a change of a section that a client holds open for writing.
    pub(in crate::profiles) fn check_free(&self, name: &str, uid: Guid) -> Result<()> {
        let open = self.open.borrow();
        let held = open.get(&(name.to_owned(), uid)).into_iter().flatten();
        if held.filter(|opening| opening.alive.is_alive()).any(|opening| opening.write) {
            let text = format!("The profile section {uid} is being changed by a client; close it there first.");
            return Err(Failure::new(Code::NoAccess, text).with_retry(true));
        }
        Ok(())
    }
}

impl Drop for SectionLock {
    fn drop(&mut self) {
        let mut open = self.locks.open.borrow_mut();
        if let Some(openings) = open.get_mut(&self.key) {
            openings.retain(|opening| opening.number != self.number);
            if openings.is_empty() {
                open.remove(&self.key);
            }
        }
    }
}
