//! `IMAPIFolder::DeleteFolder` and `EmptyFolder` (`stores` 5.6, 5.7).

use crate::backend::{ObjectId, ObjectKind, ScanFrom, ScanKind};
use crate::error::{Code, Failure, Result, Warned, check_flags};
use crate::messages::message_flags;
use crate::stores::completion::Completion;
use crate::stores::delete_messages::DELETE_HARD_DELETE;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::reports::ReportKind;
use crate::stores::tree::Below;
use crate::stores::{ChangeSet, CommitMode, Folder, receive, standard_folders};
use std::collections::BTreeSet;

/// `DEL_MESSAGES`.
pub const DEL_MESSAGES: u32 = 0x1;
/// `FOLDER_DIALOG`.
pub(crate) const FOLDER_DIALOG: u32 = 0x2;
/// `DEL_FOLDERS`.
pub const DEL_FOLDERS: u32 = 0x4;
/// `DEL_ASSOCIATED`.
pub const DEL_ASSOCIATED: u32 = 0x8;

/// How often a removal is tried anew when others change the receive folders meanwhile.
const ATTEMPTS: u32 = 8;

impl Folder {
    /// `DeleteFolder`: a subfolder of this folder, with what is in it if the flags allow that.
    ///
    /// # Errors
    /// `MAPI_E_HAS_FOLDERS`, `MAPI_E_HAS_MESSAGES`, `MAPI_E_NOT_FOUND` unless it is a subfolder of this
    /// folder, `MAPI_E_NO_ACCESS` for a standard folder, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_ENTRYID`,
    /// `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn delete_folder(&self, entry_id: &[u8], flags: u32) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, DEL_MESSAGES | FOLDER_DIALOG | DEL_FOLDERS | DELETE_HARD_DELETE)?;
            self.store.check_writable()?;
            let hard = flags & DELETE_HARD_DELETE != 0;
            let child = self.child(entry_id, hard)?;
            if self.store.is_protected(&child.object)? {
                return Err(Failure::new(Code::NoAccess, "The root and the standard folders of a store cannot be deleted."));
            }
            let below = self.store.descendants(&child.object)?;
            if child.kind == ObjectKind::Folder && !child.deleted {
                self.check_contents(&child, &below, flags)?;
            }
            let mut completion = Completion::new(self.store.connection.environment(), 0);
            self.store.remove_tree(&child.object, child.kind, below, hard, &mut completion)?;
            completion.finish(&self.last_error)
        })())
    }

    fn check_contents(&self, child: &Child, below: &[Below], flags: u32) -> Result<()> {
        if !below.is_empty() && flags & DEL_FOLDERS == 0 {
            return Err(Failure::new(Code::HasFolders, "The folder has subfolders; DEL_FOLDERS deletes them with it."));
        }
        let messages = child.messages > 0 || below.iter().any(|folder| folder.kind == ObjectKind::Folder && folder.messages > 0);
        if messages && flags & DEL_MESSAGES == 0 {
            return Err(Failure::new(
                Code::HasMessages,
                "There are messages in the folder or below it; DEL_MESSAGES deletes them with it.",
            ));
        }
        let standard = standard_folders::all(&self.store)?;
        if below.iter().any(|folder| standard.contains(&folder.object)) {
            return Err(Failure::new(Code::NoAccess, "A standard folder of the store lies below this folder; move it first."));
        }
        Ok(())
    }

    /// `EmptyFolder`: deletes all messages and subfolders of this folder, hidden messages only with
    /// `DEL_ASSOCIATED`.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` for the root and for search folders, `MAPI_E_INVALID_PARAMETER` for other flags,
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_OBJECT_DELETED`, `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn empty_folder(&self, flags: u32) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            if flags & !(FOLDER_DIALOG | DEL_ASSOCIATED | DELETE_HARD_DELETE) != 0 {
                return Err(Failure::invalid("flags", "EmptyFolder knows DEL_ASSOCIATED and DELETE_HARD_DELETE only."));
            }
            if self.kind == ObjectKind::SearchFolder || self.store.is_root(&self.object) {
                return Err(Failure::new(Code::NoSupport, "The root folder and search folders cannot be emptied."));
            }
            self.store.check_writable()?;
            self.check_present()?;
            let mut completion = Completion::new(self.store.connection.environment(), 0);
            self.empty(flags, &mut completion)?;
            completion.finish(&self.last_error)
        })())
    }

    fn empty(&self, flags: u32, completion: &mut Completion) -> Result<()> {
        let hard = flags & DELETE_HARD_DELETE != 0;
        let mut kinds = vec![ScanKind::Contents];
        if flags & DEL_ASSOCIATED != 0 {
            kinds.push(ScanKind::Associated);
        }
        // What was deleted before goes for good as well.
        if hard {
            kinds.push(ScanKind::DeletedContents);
            if flags & DEL_ASSOCIATED != 0 {
                kinds.push(ScanKind::DeletedAssociated);
            }
        }
        for kind in kinds {
            self.store.delete_all(&self.object, kind, hard, completion)?;
        }
        let mut subfolders = self.store.subfolders(&self.object, false)?;
        if hard {
            subfolders.extend(self.store.subfolders(&self.object, true)?);
        }
        for folder in subfolders {
            if completion.is_stopped() {
                break;
            }
            let below = self.store.descendants(&folder.object)?;
            self.store.remove_tree(&folder.object, folder.kind, below, hard, completion)?;
        }
        Ok(())
    }

    /// The subfolder of that identifier; with `deleted` also a soft-deleted one.
    pub(crate) fn child(&self, entry_id: &[u8], deleted: bool) -> Result<Child> {
        let missing = || Failure::not_found("This folder has no such subfolder.").with_argument("entry-id");
        let Named::Object(object) = self.store.resolve(entry_id)? else { return Err(missing()) };
        let (head, values) = self.store.read(&object, &[crate::properties::tags::CONTENT_COUNT])?;
        let is_folder = matches!(head.kind, ObjectKind::Folder | ObjectKind::SearchFolder);
        if self.store.is_root(&object) && is_folder {
            return Err(Failure::new(Code::NoAccess, "The root folder cannot be moved, copied or deleted."));
        }
        if !is_folder || head.parent.as_ref() != Some(&self.object) || (head.deleted && !deleted) {
            return Err(missing());
        }
        let messages = values.into_iter().collect::<crate::messages::Values>();
        let messages = messages.long(crate::properties::tags::CONTENT_COUNT).unwrap_or(0);
        Ok(Child { object, kind: head.kind, deleted: head.deleted, messages })
    }
}

/// A subfolder.
pub(crate) struct Child {
    pub(crate) object: ObjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) deleted: bool,
    /// `PR_CONTENT_COUNT`.
    pub(crate) messages: i32,
}

impl StoreReference {
    /// Deletes a folder with all below it. Messages that must stay keep the folders above them; standard
    /// folders stay as they are.
    pub(crate) fn remove_tree(
        &self,
        top: &ObjectId,
        kind: ObjectKind,
        below: Vec<Below>,
        hard: bool,
        completion: &mut Completion,
    ) -> Result<()> {
        let whole: BTreeSet<ObjectId> = below.iter().map(|folder| folder.object.clone()).chain([top.clone()]).collect();
        let standard = standard_folders::all(self)?;
        // A standard folder keeps what it holds.
        let mut spared: BTreeSet<ObjectId> = whole.intersection(&standard).cloned().collect();
        if !spared.is_empty() {
            completion.failed(Failure::new(Code::NoAccess, "The standard folders of a store cannot be deleted."));
        }
        let mut kept = BTreeSet::new();
        for folder in spared.iter().chain(self.held_back(&whole)?.iter().map(|(_, folder)| folder)) {
            keep_line(folder, &below, &mut kept);
        }
        for folder in &below {
            if spared.contains(&folder.parent) || standard.contains(top) {
                spared.insert(folder.object.clone());
            }
        }
        let soft = self.connection.identity().capabilities.soft_delete && !hard;
        if soft && kept.is_empty() {
            completion.expect(1);
            let owed = self.owed_in(&whole)?;
            return self.remove_folder(top, &whole, hard, &owed, completion);
        }
        // From the inside out: what is done when the work is interrupted is done for good.
        let folders = below.into_iter().rev().map(|folder| (folder.object, folder.kind)).chain([(top.clone(), kind)]);
        for (folder, kind) in folders.filter(|(folder, _)| !spared.contains(folder)) {
            if completion.is_stopped() {
                break;
            }
            let goes = !kept.contains(&folder);
            if kind == ObjectKind::Folder {
                self.delete_all(&folder, ScanKind::Contents, hard, completion)?;
                // Hidden messages go with their folder, or by themselves.
                if hard || !goes {
                    self.delete_all(&folder, ScanKind::Associated, hard, completion)?;
                }
            }
            if goes && !completion.is_stopped() {
                completion.expect(1);
                self.remove_folder(&folder, &BTreeSet::from([folder.clone()]), hard, &[], completion)?;
            }
        }
        Ok(())
    }

    /// The messages in these folders on which a non-read report is due when they are deleted.
    fn owed_in(&self, folders: &BTreeSet<ObjectId>) -> Result<Vec<ObjectId>> {
        let mut owed = Vec::new();
        if !self.connection.keeps_reports() || self.connection.reports().is_none() {
            return Ok(owed);
        }
        for folder in folders {
            let mut from = ScanFrom::Start;
            loop {
                let (page, next) = self.messages_of(folder, ScanKind::Contents, from)?;
                let unread =
                    page.iter().filter(|message| message.has(message_flags::NRN_PENDING) && !message.has(message_flags::READ));
                owed.extend(unread.map(|message| message.object.clone()));
                match next {
                    Some(next) => from = ScanFrom::After(next),
                    None => break,
                }
            }
        }
        Ok(owed)
    }

    /// Removes a folder and, in the same commit, what receives messages into it or below it (`stores` 2.6).
    fn remove_folder(
        &self,
        folder: &ObjectId,
        whole: &BTreeSet<ObjectId>,
        hard: bool,
        owed: &[ObjectId],
        completion: &mut Completion,
    ) -> Result<()> {
        let reports: Vec<_> = owed.iter().map(|message| self.connection.build_report(message, ReportKind::NonRead)).collect();
        for _ in 0..ATTEMPTS {
            let mut changes = ChangeSet::new(&self.connection);
            receive::leave(self, whole, &mut changes)?;
            let alone = changes.is_empty();
            self.removal(folder, hard).into_iter().for_each(|change| changes.push(change));
            match changes.commit(CommitMode::default()) {
                Ok(_) => {
                    completion.succeeded(1);
                    for failure in reports.into_iter().filter_map(|report| report.and_then(|send| send()).err()) {
                        completion.failed(failure);
                    }
                    return Ok(());
                }
                Err(failure) if failure.code() == Code::ObjectChanged && !alone => {}
                Err(failure) => {
                    completion.refused(failure);
                    return Ok(());
                }
            }
        }
        completion.refused(Failure::new(Code::Busy, "Others keep changing the receive folders of the store; try again."));
        Ok(())
    }
}

/// Notes that a folder stays, and with it those above it.
fn keep_line(folder: &ObjectId, below: &[Below], kept: &mut BTreeSet<ObjectId>) {
    let mut place = Some(folder);
    while let Some(folder) = place.filter(|folder| kept.insert((*folder).clone())) {
        place = below.iter().find(|known| known.object == *folder).map(|known| &known.parent);
    }
}
