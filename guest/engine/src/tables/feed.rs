//! The one reader of a backend's change feed: it hands each change to every open view it concerns
//! (`tables` 2 "When a view sees changes").

use crate::backend::{FeedCursor, FeedRecord, FeedVerb, ObjectId, ObjectKind, Objects, ScanKind};
use crate::error::{Code, Result};
use crate::tables::{ChangeQueue, RowChange, RowState};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// Records taken in at one occasion.
const RECORDS_PER_POLL: u32 = 1024;

/// Pages read in a row for the sake of our own changes; a backend that never comes to an end must not hold us.
const MAX_PAGES: u32 = 65_536;

/// What a view wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Rows of one kind in one container.
    Rows {
        /// The container.
        container: ObjectId,
        /// The kind.
        kind: ScanKind,
    },
    /// Any folder of the store; the view reads all its rows again when one changes.
    Folders,
}

/// The change feed of one backend. Owned by the object that stands for the backend, shared by its tables.
pub struct Feed {
    objects: Rc<dyn Objects>,
    cursor: RefCell<FeedCursor>,
    polling: Cell<bool>,
    /// Changes of our own are in the feed, which every view must see at its next call.
    owed: Cell<bool>,
    queues: RefCell<Vec<(Interest, Weak<ChangeQueue>)>>,
}

impl Feed {
    /// Opens the feed at its end; `None` for a backend without one, whose views are fixed.
    ///
    /// # Errors
    /// The backend's own.
    pub fn open(objects: Rc<dyn Objects>) -> Result<Option<Rc<Self>>> {
        match objects.feed_cursor() {
            Ok(cursor) => Ok(Some(Rc::new(Self {
                objects,
                cursor: RefCell::new(cursor),
                polling: Cell::new(false),
                owed: Cell::new(false),
                queues: RefCell::default(),
            }))),
            Err(failure) if failure.code() == Code::NoSupport => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A queue that gets every change of interest from now on.
    #[must_use]
    pub fn subscribe(&self, interest: Interest) -> Rc<ChangeQueue> {
        let queue = Rc::new(ChangeQueue::default());
        let mut queues = self.queues.borrow_mut();
        queues.retain(|(_, queue)| queue.strong_count() > 0);
        queues.push((interest, Rc::downgrade(&queue)));
        queue
    }

    /// Says that a commit of our own was made: the next [`Feed::poll`] reads up to the end of the feed.
    pub fn committed(&self) {
        self.owed.set(true);
    }

    /// Reads what happened since the last time, one call of the backend and 1024 records at most (more only
    /// behind a commit of our own), and hands it out. Whether there is more.
    ///
    /// # Errors
    /// The backend's own; nothing is lost then.
    pub fn poll(&self) -> Result<bool> {
        // A backend that calls back while it is asked must not read the same records twice.
        if self.polling.replace(true) {
            return Ok(true);
        }
        let mut more = self.poll_page();
        for _ in 0..MAX_PAGES {
            if !self.owed.get() || !matches!(more, Ok(true)) {
                break;
            }
            more = self.poll_page();
        }
        if matches!(more, Ok(false)) {
            self.owed.set(false);
        }
        self.polling.set(false);
        more
    }

    fn poll_page(&self) -> Result<bool> {
        let since = self.cursor.borrow().clone();
        let page = self.objects.changes(&since, RECORDS_PER_POLL)?;
        *self.cursor.borrow_mut() = page.cursor;
        let queues: Vec<(Interest, Rc<ChangeQueue>)> =
            self.queues.borrow().iter().filter_map(|(interest, queue)| Some((interest.clone(), queue.upgrade()?))).collect();
        for (interest, queue) in &queues {
            if page.gap {
                queue.reload();
            }
            for record in &page.records {
                interest.tell(record, queue);
            }
        }
        Ok(page.more)
    }
}

impl Interest {
    fn tell(&self, record: &FeedRecord, queue: &ChangeQueue) {
        match self {
            // A queue spans the store, and entering or leaving it is a change of a property.
            Self::Rows { kind: ScanKind::Queue, .. } => {
                if record.kind == ObjectKind::Message {
                    queue.reread();
                }
            }
            Self::Rows { container, kind } => {
                if let Some(state) = state_in(record, container, *kind) {
                    queue.push(RowChange { id: record.object.clone(), state });
                }
                // A child that comes, goes or changes touches the counts of the folder it lies in.
                if matches!(kind, ScanKind::Subfolders | ScanKind::DeletedSubfolders) && record.object != record.parent {
                    queue.push(RowChange { id: record.parent.clone(), state: RowState::Touched });
                    if let FeedVerb::Moved { from } = &record.verb {
                        queue.push(RowChange { id: from.clone(), state: RowState::Touched });
                    }
                }
            }
            Self::Folders => {
                if is_folder(record.kind) {
                    queue.reread();
                } else {
                    queue.push(RowChange { id: record.parent.clone(), state: RowState::Touched });
                }
            }
        }
    }
}

const fn is_folder(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Folder | ObjectKind::SearchFolder)
}

/// Where a record leaves its object, seen from one container; `None`: the container has nothing to do with it.
fn state_in(record: &FeedRecord, container: &ObjectId, kind: ScanKind) -> Option<RowState> {
    let (of_kind, deleted_rows) = match kind {
        ScanKind::Subfolders => (is_folder(record.kind), false),
        ScanKind::DeletedSubfolders => (is_folder(record.kind), true),
        ScanKind::Contents => (matches!(record.kind, ObjectKind::Message | ObjectKind::DistributionList), false),
        ScanKind::DeletedContents => (record.kind == ObjectKind::Message, true),
        ScanKind::Associated => (record.kind == ObjectKind::Associated, false),
        ScanKind::DeletedAssociated => (record.kind == ObjectKind::Associated, true),
        ScanKind::Recipients => (record.kind == ObjectKind::Recipient, false),
        ScanKind::Attachments => (record.kind == ObjectKind::Attachment, false),
        ScanKind::Queue => return None,
    };
    if !of_kind {
        return None;
    }
    let here = record.parent == *container && record.object != *container;
    match &record.verb {
        FeedVerb::Moved { from } if from == container && !here => Some(RowState::Gone),
        _ if !here => None,
        FeedVerb::Deleted { soft } => Some(if deleted_rows && *soft { RowState::Present } else { RowState::Gone }),
        // A modified row of a table of deleted rows stays what it is; a created or moved one is alive again.
        FeedVerb::Modified if deleted_rows => Some(RowState::Touched),
        _ if deleted_rows => Some(RowState::Gone),
        _ => Some(RowState::Present),
    }
}
