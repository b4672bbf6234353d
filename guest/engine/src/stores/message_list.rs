//! The messages a call names by an ENTRYLIST, or finds in a folder, with what decides whether they can be
//! moved, copied, deleted or marked (`stores` 5 "Multi-object rule").

use crate::backend::{Batch, Change, ObjectId, ObjectKind, RowKey, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Code, Failure, Result};
use crate::messages::message_flags;
use crate::properties::{PropTag, Value, tags};
use crate::stores::Folder;
use crate::stores::completion::Completion;
use crate::stores::object::gone;
use crate::stores::reference::{Named, StoreReference};
use std::collections::{BTreeMap, BTreeSet};

/// Messages looked at in one call of the backend.
const PAGE: u32 = 2_000;

const COLUMNS: [PropTag; 4] = [tags::MESSAGE_FLAGS, tags::MSG_STATUS, tags::MESSAGE_SIZE, tags::DELETED_ON];

/// A message in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) object: ObjectId,
    pub(crate) associated: bool,
    /// `PR_MESSAGE_FLAGS`.
    pub(crate) flags: i32,
    /// `PR_MSG_STATUS`.
    pub(crate) status: i32,
    /// `PR_MESSAGE_SIZE`, 0 if it has none.
    pub(crate) size: u64,
    /// It is soft-deleted by itself, not only with its folder.
    pub(crate) deleted: bool,
}

impl Listed {
    fn of(batch: &Batch, row: usize) -> Option<(Self, Option<ObjectId>)> {
        let object = batch.ids.get(row)?.clone();
        let associated = match batch.kinds.get(row)? {
            ObjectKind::Message => false,
            ObjectKind::Associated => true,
            _ => return None,
        };
        let cell = |tag: PropTag| {
            let place = COLUMNS.iter().position(|column| *column == tag)?;
            batch.columns.get(place)?.value(row)
        };
        let long = |tag| match cell(tag) {
            Some(Value::Long(number)) => number,
            _ => 0,
        };
        let listed = Self {
            object,
            associated,
            flags: long(tags::MESSAGE_FLAGS),
            status: long(tags::MSG_STATUS),
            size: u64::from(long(tags::MESSAGE_SIZE).unsigned_abs()),
            deleted: cell(tags::DELETED_ON).is_some(),
        };
        Some((listed, batch.parents.get(row).cloned()))
    }

    /// Whether all of these flags are set.
    pub(crate) fn has(&self, flags: i32) -> bool {
        self.flags & flags == flags
    }

    /// Why a submitted message is left alone.
    ///
    /// # Errors
    /// `MAPI_E_SUBMITTED`.
    pub(crate) fn check_not_submitted(&self) -> Result<()> {
        if self.has(message_flags::SUBMIT) {
            return Err(Failure::new(
                Code::Submitted,
                "A message waits to be sent and cannot be changed; take it back with AbortSubmit first.",
            ));
        }
        Ok(())
    }
}

impl Folder {
    /// The messages of a list that lie in this folder, in order, each once. Those that do not, and those
    /// that are soft-deleted (unless `with_deleted`), are told as failed.
    pub(crate) fn listed(&self, entry_ids: &[Vec<u8>], with_deleted: bool, completion: &mut Completion) -> Result<Vec<Listed>> {
        let mut objects = Vec::new();
        let mut seen = BTreeSet::new();
        for entry_id in entry_ids {
            match self.store.resolve(entry_id) {
                Ok(Named::Object(object)) => {
                    if seen.insert(object.clone()) {
                        objects.push(object);
                    }
                }
                Ok(Named::Store) => completion.failed(not_here()),
                Err(failure) => completion.failed(failure),
            }
        }
        let mut found = Vec::new();
        for page in objects.chunks(PAGE as usize) {
            let batch = self.store.connection.backend().read_rows(page, &COLUMNS, 0)?;
            let rows: BTreeMap<ObjectId, Listed> = (0..batch.len())
                .filter_map(|row| Listed::of(&batch, row))
                .filter(|(listed, parent)| {
                    parent.as_ref() == Some(&self.object) && (with_deleted || self.shows_deleted || !listed.deleted)
                })
                .map(|(listed, _)| (listed.object.clone(), listed))
                .collect();
            for object in page {
                match rows.get(object) {
                    Some(listed) => found.push(listed.clone()),
                    None => completion.failed(not_here()),
                }
            }
        }
        Ok(found)
    }

    /// Checks that the folder is still there.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, `MAPI_E_OBJECT_DELETED`, the backend's own.
    pub(crate) fn check_present(&self) -> Result<()> {
        self.store.opening.alive.check()?;
        let (head, _) = self.store.read(&self.object, &[]).map_err(gone)?;
        if head.deleted && !self.shows_deleted {
            return Err(Failure::new(Code::ObjectDeleted, "The folder was deleted after it was opened."));
        }
        Ok(())
    }
}

fn not_here() -> Failure {
    Failure::not_found("A message of the list is not in this folder; it may have been moved or deleted.")
}

impl StoreReference {
    /// A page of the messages of a folder, by arrival, and where the next one begins.
    pub(crate) fn messages_of(&self, folder: &ObjectId, kind: ScanKind, from: ScanFrom) -> Result<(Vec<Listed>, Option<RowKey>)> {
        let page = self.connection.backend().scan(&ScanRequest {
            scope: &Scope::One(folder.clone()),
            kind,
            columns: &COLUMNS,
            cell_limit: 0,
            filters: &[],
            order: &[],
            from,
            backwards: false,
            max: PAGE,
        })?;
        let listed = (0..page.batch.len()).filter_map(|row| Listed::of(&page.batch, row)).map(|(listed, _)| listed).collect();
        Ok((listed, page.last.filter(|_| page.more)))
    }

    /// The changes that delete an object: for good, or so that it can be brought back.
    pub(crate) fn removal(&self, object: &ObjectId, hard: bool) -> Vec<Change> {
        let keeps = self.connection.identity().capabilities.soft_delete && !hard;
        let expected = crate::backend::Expected::Exists;
        let removal = Change::Remove { object: object.clone(), expected, hard: !keeps };
        if !keeps {
            return vec![removal];
        }
        let when = crate::properties::Property::new(tags::DELETED_ON, Value::SysTime(self.connection.environment().clock.now()));
        let mark = Change::Set { object: object.clone(), expected, set: vec![when.into()], delete: Vec::new(), quiet: true };
        vec![mark, removal]
    }
}
