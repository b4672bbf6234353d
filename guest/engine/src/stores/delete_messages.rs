//! `IMAPIFolder::DeleteMessages` (`stores` 5.3).

use crate::backend::{Change, ObjectId, ScanFrom, ScanKind};
use crate::error::{Code, Failure, Result, Warned, check_flags};
use crate::messages::message_flags;
use crate::stores::completion::{Batches, Completion};
use crate::stores::message_list::Listed;
use crate::stores::reference::StoreReference;
use crate::stores::reports::ReportKind;
use crate::stores::{CommitMode, Folder};

/// `MESSAGE_DIALOG`.
const MESSAGE_DIALOG: u32 = 0x2;
/// `DELETE_HARD_DELETE`.
pub const DELETE_HARD_DELETE: u32 = 0x10;

impl Folder {
    /// `DeleteMessages`: soft, if the store keeps deleted items, or for good.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_OBJECT_DELETED`, `MAPI_E_USER_CANCEL`, the
    /// backend's own.
    pub fn delete_messages(&self, entry_ids: &[Vec<u8>], flags: u32) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, MESSAGE_DIALOG | DELETE_HARD_DELETE)?;
            self.store.check_writable()?;
            self.check_present()?;
            let hard = flags & DELETE_HARD_DELETE != 0;
            let mut completion = Completion::new(self.store.connection.environment(), entry_ids.len());
            let listed = self.listed(entry_ids, hard, &mut completion)?;
            let mut batches = Batches::new(&self.store.connection);
            for message in listed {
                self.store.delete_message(&message, hard, &mut batches, &mut completion);
            }
            batches.flush(&mut completion);
            completion.finish(&self.last_error)
        })())
    }
}

impl StoreReference {
    /// Deletes one message, with the next batch.
    pub(crate) fn delete_message(&self, message: &Listed, hard: bool, batches: &mut Batches<'_>, completion: &mut Completion) {
        if completion.is_stopped() {
            return;
        }
        if let Err(failure) = self.check_deletable(message, hard) {
            return completion.failed(failure);
        }
        let changes = self.removal(&message.object, hard);
        // Of a soft-deleted message the report was sent when that was done.
        let owes = message.has(message_flags::NRN_PENDING) && !message.has(message_flags::READ) && !message.deleted;
        if owes && !message.associated && self.connection.keeps_reports() {
            batches.flush(completion);
            self.delete_and_report(&message.object, changes, completion);
        } else {
            batches.add(changes, 0, completion);
        }
    }

    fn check_deletable(&self, message: &Listed, hard: bool) -> Result<()> {
        message.check_not_submitted()?;
        if message.deleted && !hard {
            return Err(Failure::new(
                Code::ObjectDeleted,
                "A message is deleted already; DELETE_HARD_DELETE removes it for good.",
            ));
        }
        if self.connection.is_open_for_writing(&message.object) {
            return Err(Failure::new(Code::NoAccess, "A message is open for writing; release it first."));
        }
        Ok(())
    }

    /// Deletes a message on whose being unread its sender wanted to be told.
    fn delete_and_report(&self, message: &ObjectId, changes: Vec<Change>, completion: &mut Completion) {
        if completion.is_stopped() {
            return;
        }
        let report = self.connection.build_report(message, ReportKind::NonRead);
        match self.connection.commit(changes, CommitMode::default()) {
            Ok(_) => {
                completion.succeeded(1);
                if let Err(failure) = report.and_then(|send| send()) {
                    completion.failed(failure);
                }
            }
            Err(failure) => completion.refused(failure),
        }
    }

    /// Deletes all messages of a folder of one kind.
    pub(crate) fn delete_all(&self, folder: &ObjectId, kind: ScanKind, hard: bool, completion: &mut Completion) -> Result<()> {
        let mut from = ScanFrom::Start;
        while !completion.is_stopped() {
            let (page, next) = self.messages_of(folder, kind, from)?;
            completion.expect(page.len());
            let mut batches = Batches::new(&self.connection);
            for message in &page {
                self.delete_message(message, hard, &mut batches, completion);
            }
            batches.flush(completion);
            match next {
                Some(next) => from = ScanFrom::After(next),
                None => break,
            }
        }
        Ok(())
    }
}
