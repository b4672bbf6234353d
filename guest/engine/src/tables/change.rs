//! Changes of underlying rows on their way to a view (`tables` 2 "When a view sees changes").

use crate::backend::ObjectId;
use std::cell::{Cell, RefCell};

/// Records a queue holds before it asks its view to read everything again instead.
const QUEUE_LIMIT: usize = 65_536;

/// Whether a row is among the underlying rows of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It is, and may be new or changed.
    Present,
    /// It is not.
    Gone,
    /// If it is, some of its values may have changed.
    Touched,
}

/// What is known of one row after a change. Applying a change twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The row.
    pub id: ObjectId,
    /// Where it is now.
    pub state: RowState,
    /// Equal for all changes of one operation: one commit, or one call of `ITableData`.
    pub operation: u64,
}

/// What a view is told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Nothing happened.
    None,
    /// These rows changed, oldest change first.
    Rows(Vec<RowChange>),
    /// Any row may have changed: read them again, keep cursor and bookmarks by row. The changed rows are
    /// these, oldest change first, and others only in their place; `None`: it is not known which.
    Reread(Option<Vec<RowChange>>),
    /// Nothing stays valid (`TABLE_RELOAD`).
    Reload,
}

/// The changes one view has not taken in yet. The producer holds it weakly, the view strongly.
#[derive(Debug, Default)]
pub struct ChangeQueue {
    rows: RefCell<Vec<RowChange>>,
    reread: Cell<bool>,
    /// Which rows changed is not known any more.
    flooded: Cell<bool>,
    reload: Cell<bool>,
}

impl ChangeQueue {
    /// Adds a change of one row.
    pub fn push(&self, change: RowChange) {
        if self.reload.get() {
            return;
        }
        let mut rows = self.rows.borrow_mut();
        if rows.len() >= QUEUE_LIMIT {
            rows.clear();
            self.flooded.set(true);
            self.reread.set(true);
        } else {
            rows.push(change);
        }
    }

    /// Any row may stand elsewhere, or be there no more; the rows that changed are told one by one.
    pub fn reread(&self) {
        self.reread.set(true);
    }

    /// Any row may have changed, and it is not known which.
    pub fn flood(&self) {
        self.flooded.set(true);
        self.reread.set(true);
    }

    /// Changes were lost, or all rows were replaced: keys, bookmarks and positions become void.
    pub fn reload(&self) {
        self.rows.borrow_mut().clear();
        self.reload.set(true);
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.reread.get() && !self.reload.get() && self.rows.borrow().is_empty()
    }

    /// The rows that changed; `None`: more must be read again than these.
    #[must_use]
    pub fn changed_rows(&self) -> Option<Vec<ObjectId>> {
        let itemised = !self.reread.get() && !self.reload.get();
        itemised.then(|| self.rows.borrow().iter().map(|change| change.id.clone()).collect())
    }

    /// Takes everything.
    #[must_use]
    pub fn take(&self) -> Changes {
        let rows = self.rows.take();
        let (reread, flooded) = (self.reread.take(), self.flooded.take());
        if self.reload.take() {
            Changes::Reload
        } else if reread {
            Changes::Reread((!flooded).then_some(rows))
        } else if rows.is_empty() {
            Changes::None
        } else {
            Changes::Rows(rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_changes_becomes_one_reread() {
        let queue = ChangeQueue::default();
        let id = ObjectId::new(b"a").unwrap();
        for _ in 0..=QUEUE_LIMIT {
            queue.push(RowChange { id: id.clone(), state: RowState::Present, operation: 1 });
        }
        assert_eq!(queue.take(), Changes::Reread(None));
        assert!(queue.is_empty());
    }
}
