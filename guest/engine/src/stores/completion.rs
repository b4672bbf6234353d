//! What becomes of a call on many objects (`stores` 5 "Multi-object rule"): everything that can be done is
//! done; what failed, or a cancelled progress (`stores` 0), makes it `MAPI_W_PARTIAL_COMPLETION`.

use crate::backend::{Change, Environment, Progress, Verdict};
use crate::error::{Code, Failure, LastError, MapiError, Result, Warned};
use crate::stores::{CommitMode, Connection};
use std::rc::Rc;

/// Items committed together at most: a batch costs one write to the disk, and is what a crash or a
/// cancelled progress leaves undone.
const BATCH_ITEMS: usize = 2_000;
/// Bytes of messages that one commit copies at most, about.
const BATCH_BYTES: u64 = 64 << 20;

/// How far a call has come.
pub(crate) struct Completion {
    progress: Rc<dyn Progress>,
    total: u64,
    done: u64,
    /// The first item that failed.
    failed: Option<Failure>,
    /// What ends the call before its end.
    stopped: Option<Failure>,
}

impl Completion {
    /// A call on that many objects, 0 if their number is not known.
    pub(crate) fn new(environment: &Environment, total: usize) -> Self {
        Self { progress: environment.progress.clone(), total: total as u64, done: 0, failed: None, stopped: None }
    }

    /// More objects were found.
    pub(crate) fn expect(&mut self, more: usize) {
        self.total = self.total.saturating_add(more as u64);
    }

    /// So many more are done. Shows it, and lets the host ask to cancel.
    pub(crate) fn succeeded(&mut self, items: usize) {
        self.done = self.done.saturating_add(items as u64);
        if self.stopped.is_none() && self.progress.report(self.done, self.total.max(self.done)) == Verdict::Cancel {
            self.stopped = Some(Failure::new(Code::UserCancel, "The work was cancelled before it was done."));
        }
    }

    /// One of them cannot be done.
    pub(crate) fn failed(&mut self, failure: Failure) {
        self.failed.get_or_insert(failure);
    }

    /// Nothing more can be done.
    pub(crate) fn stop(&mut self, failure: Failure) {
        self.stopped.get_or_insert(failure);
    }

    /// Takes a failure the way its code demands: one of an item, or one of the store.
    pub(crate) fn refused(&mut self, failure: Failure) {
        if concerns_an_item(failure.code()) { self.failed(failure) } else { self.stop(failure) }
    }

    /// Whether the call is to end now.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Whether everything so far was done.
    pub(crate) fn is_whole(&self) -> bool {
        self.stopped.is_none() && self.failed.is_none()
    }

    /// What went wrong, of a call that answers more than that.
    ///
    /// # Errors
    /// As [`Completion::finish`].
    pub(crate) fn into_failure(self) -> Result<Option<Failure>> {
        match self.stopped {
            Some(stopped) if self.done == 0 => Err(stopped),
            stopped => Ok(stopped.or(self.failed)),
        }
    }

    /// The answer of the call. What went wrong is what `GetLastError` tells of the warning.
    ///
    /// # Errors
    /// `MAPI_E_USER_CANCEL` or the store's own, if nothing was done.
    pub(crate) fn finish(self, last_error: &LastError) -> Result<Warned<()>> {
        match self.into_failure()? {
            None => Ok(Warned::ok(())),
            Some(failure) => {
                last_error.warn(Code::WPartialCompletion, MapiError::of(&failure));
                Ok(Warned::warn((), Code::WPartialCompletion))
            }
        }
    }
}

/// Codes that say something of one object; with any other the store itself is in trouble.
const fn concerns_an_item(code: Code) -> bool {
    matches!(
        code,
        Code::ObjectDeleted
            | Code::ObjectChanged
            | Code::NotFound
            | Code::NoAccess
            | Code::Submitted
            | Code::Collision
            | Code::FolderCycle
            | Code::InvalidParameter
            | Code::InvalidEntryid
            | Code::UnknownEntryid
            | Code::TooComplex
            | Code::TooBig
            | Code::CorruptData
            | Code::NoSupport
    )
}

/// Commits the changes of many items in batches. Those of one item are made together or not at all.
pub(crate) struct Batches<'a> {
    connection: &'a Connection,
    queue: Vec<Vec<Change>>,
    bytes: u64,
}

impl<'a> Batches<'a> {
    /// Batches for that store.
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection, queue: Vec::new(), bytes: 0 }
    }

    /// Adds the changes of an item; a full batch is committed.
    pub(crate) fn add(&mut self, changes: Vec<Change>, bytes: u64, completion: &mut Completion) {
        self.queue.push(changes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.queue.len() >= BATCH_ITEMS || self.bytes >= BATCH_BYTES {
            self.flush(completion);
        }
    }

    /// Commits what is queued, unless the call was stopped.
    pub(crate) fn flush(&mut self, completion: &mut Completion) {
        let queue = core::mem::take(&mut self.queue);
        self.bytes = 0;
        self.commit(&queue, completion);
    }

    /// Commits items together; if one of them cannot be done, the others without it.
    fn commit(&self, items: &[Vec<Change>], completion: &mut Completion) {
        if items.is_empty() || completion.is_stopped() {
            return;
        }
        match self.connection.commit(items.concat(), CommitMode::default()) {
            Ok(_) => completion.succeeded(items.len()),
            Err(failure) if items.len() > 1 && concerns_an_item(failure.code()) => {
                let (first, second) = items.split_at(items.len() / 2);
                self.commit(first, completion);
                self.commit(second, completion);
            }
            Err(failure) => completion.refused(failure),
        }
    }
}
