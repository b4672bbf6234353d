//! The one reader of a backend's change feed: it hands each change to every open view it concerns
//! (`tables` 2 "When a view sees changes"), and every record to those who make object events of it.

use crate::backend::{FeedCursor, FeedPage, FeedRecord, FeedVerb, ObjectId, ObjectKind, Objects, ScanKind};
use crate::error::{Code, Result};
use crate::properties::{PropTag, tags};
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

/// One who hears every record of a feed.
pub trait FeedListener {
    /// Whether it wants to; a feed nobody hears is not read.
    fn listens(&self) -> bool;

    /// Takes in a page; with a gap before its first record.
    fn heard(&self, page: &FeedPage);
}

/// The change feed of one backend. Owned by the object that stands for the backend, shared by its tables.
pub struct Feed {
    objects: Rc<dyn Objects>,
    cursor: RefCell<FeedCursor>,
    polling: Cell<bool>,
    /// Changes of our own are in the feed, which every view must see at its next call.
    owed: Cell<bool>,
    queues: RefCell<Vec<(Interest, Weak<ChangeQueue>)>>,
    listeners: RefCell<Vec<Weak<dyn FeedListener>>>,
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
                listeners: RefCell::default(),
            }))),
            Err(failure) if failure.code() == Code::NoSupport => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A queue that gets every change of interest from now on.
    ///
    /// # Errors
    /// The backend's own.
    pub fn subscribe(&self, interest: Interest) -> Result<Rc<ChangeQueue>> {
        self.skip_unheard()?;
        let queue = Rc::new(ChangeQueue::default());
        self.queues.borrow_mut().push((interest, Rc::downgrade(&queue)));
        Ok(queue)
    }

    /// Lets someone hear every record, as long as it lives.
    pub fn listen(&self, listener: Weak<dyn FeedListener>) {
        self.listeners.borrow_mut().push(listener);
    }

    /// Whether anybody wants to hear of changes.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.queues.borrow_mut().retain(|(_, queue)| queue.strong_count() > 0);
        self.listeners.borrow_mut().retain(|listener| listener.strong_count() > 0);
        let listeners: Vec<_> = self.listeners.borrow().iter().filter_map(Weak::upgrade).collect();
        !self.queues.borrow().is_empty() || listeners.iter().any(|listener| listener.listens())
    }

    /// Comes to the end of the feed, so that who begins to listen now hears only what happens from now on.
    ///
    /// # Errors
    /// The backend's own.
    pub fn catch_up(&self) -> Result<()> {
        self.skip_unheard()?;
        self.owed.set(true);
        self.poll().map(drop)
    }

    /// What happened while nobody listened concerns nobody.
    fn skip_unheard(&self) -> Result<()> {
        if self.is_heard() {
            return Ok(());
        }
        let end = self.objects.feed_cursor()?;
        *self.cursor.borrow_mut() = end;
        self.owed.set(false);
        Ok(())
    }

    /// Says that a commit of our own was made: the next [`Feed::poll`] reads up to the end of the feed.
    pub fn committed(&self) {
        self.owed.set(true);
    }

    /// Whether a commit of our own has not been read yet.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        self.owed.get()
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
        *self.cursor.borrow_mut() = page.cursor.clone();
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
        let listeners: Vec<_> = self.listeners.borrow().iter().filter_map(Weak::upgrade).collect();
        for listener in listeners.iter().filter(|listener| listener.listens()) {
            listener.heard(&page);
        }
        Ok(page.more)
    }
}

impl Interest {
    fn tell(&self, record: &FeedRecord, queue: &ChangeQueue) {
        let change = |id: &ObjectId, state| RowChange { id: id.clone(), state, operation: record.commit };
        match self {
            // A queue spans the store, and entering or leaving it is a change of a property.
            Self::Rows { kind: ScanKind::Queue, .. } => {
                if record.kind == ObjectKind::Message {
                    queue.push(change(&record.object, RowState::Touched));
                    queue.reread();
                }
            }
            Self::Rows { container, kind } => {
                if let Some(state) = state_in(record, container, *kind) {
                    queue.push(change(&record.object, state));
                }
                if matches!(kind, ScanKind::Subfolders | ScanKind::DeletedSubfolders) {
                    touched_folders(record).for_each(|folder| queue.push(change(folder, RowState::Touched)));
                }
            }
            Self::Folders => {
                touched_folders(record).for_each(|folder| queue.push(change(folder, RowState::Touched)));
                if is_folder(record.kind) {
                    queue.push(change(&record.object, RowState::Touched));
                    queue.reread();
                }
            }
        }
    }
}

/// The folders whose counts a record changes (`stores` 11): children came or went, or changed their read state.
pub fn touched_folders(record: &FeedRecord) -> impl Iterator<Item = &ObjectId> {
    let is_part =
        matches!(record.kind, ObjectKind::Recipient | ObjectKind::Attachment | ObjectKind::EmbeddedMessage | ObjectKind::Store);
    let (mut left, mut entered) = (None, None);
    if !is_part && record.object != record.parent {
        match &record.verb {
            // Which values changed is not always known.
            FeedVerb::Modified => {
                let flags = |tag: &PropTag| tag.id() == tags::MESSAGE_FLAGS.id();
                let unread = record.kind == ObjectKind::Message && (record.tags.is_empty() || record.tags.iter().any(flags));
                entered = unread.then_some(&record.parent);
            }
            FeedVerb::Moved { from } => {
                left = Some(from);
                entered = Some(&record.parent);
            }
            FeedVerb::Created | FeedVerb::Copied { .. } | FeedVerb::Deleted { .. } => entered = Some(&record.parent),
        }
    }
    left.into_iter().chain(entered)
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
