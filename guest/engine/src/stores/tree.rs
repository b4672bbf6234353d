//! The tree of folders: what lies above and below a folder, names among siblings, and what may not be moved
//! or deleted with it (`stores` 3.3, 5.5, 5.6).

use crate::backend::{Expected, ObjectId, ObjectKind, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Code, Failure, Result};
use crate::messages::Values;
use crate::properties::{PropTag, Value, tags};
use crate::stores::computed::private;
use crate::stores::object::gone;
use crate::stores::reference::StoreReference;
use crate::stores::{ChangeSet, standard_folders};
use std::collections::BTreeSet;

/// Rows read in one call.
const PAGE: u32 = 1000;
/// Folders lie in each other at most this deep; a backend that says otherwise is damaged.
const DEPTH_LIMIT: usize = 10_000;

/// A folder below another.
#[derive(Clone, Debug)]
pub(crate) struct Below {
    pub(crate) object: ObjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) parent: ObjectId,
    /// `PR_CONTENT_COUNT`.
    pub(crate) messages: i32,
}

impl StoreReference {
    /// The live (or only the soft-deleted) subfolders of a folder, by arrival.
    pub(crate) fn subfolders(&self, folder: &ObjectId, deleted: bool) -> Result<Vec<Below>> {
        let scope = Scope::One(folder.clone());
        let mut found = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let page = self.connection.backend().scan(&ScanRequest {
                scope: &scope,
                kind: if deleted { ScanKind::DeletedSubfolders } else { ScanKind::Subfolders },
                columns: &[tags::CONTENT_COUNT],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: PAGE,
            })?;
            for (row, object) in page.batch.ids.iter().enumerate().filter(|(_, object)| *object != folder) {
                let messages = match page.batch.columns.first().and_then(|column| column.value(row)) {
                    Some(Value::Long(count)) => count,
                    _ => 0,
                };
                let kind = page.batch.kinds.get(row).copied().unwrap_or(ObjectKind::Folder);
                found.push(Below { object: object.clone(), kind, parent: folder.clone(), messages });
            }
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(found),
            }
        }
    }

    /// All live folders below a folder, each behind the one it lies in.
    pub(crate) fn descendants(&self, folder: &ObjectId) -> Result<Vec<Below>> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([folder.clone()]);
        let mut open = vec![folder.clone()];
        while let Some(next) = open.pop() {
            for below in self.subfolders(&next, false)? {
                if seen.insert(below.object.clone()) {
                    open.push(below.object.clone());
                    found.push(below);
                }
            }
        }
        Ok(found)
    }

    /// Whether a folder is another one or lies below it.
    pub(crate) fn lies_in(&self, inner: &ObjectId, outer: &ObjectId) -> Result<bool> {
        let mut place = inner.clone();
        for _ in 0..DEPTH_LIMIT {
            if place == *outer {
                return Ok(true);
            }
            match self.read(&place, &[])?.0.parent {
                Some(parent) if parent != place => place = parent,
                _ => return Ok(false),
            }
        }
        Err(Failure::new(Code::CorruptStore, "The folders of the store lie in each other without end; check the store."))
    }

    /// Messages in these folders that must stay where they are: submitted ones and ones that are open for
    /// writing. Each with its folder.
    pub(crate) fn held_back(&self, folders: &BTreeSet<ObjectId>) -> Result<Vec<(ObjectId, ObjectId)>> {
        let mut found = self.submitted_in(folders)?;
        let open = self.connection.messages_open_for_writing();
        if !open.is_empty() {
            let batch = self.connection.backend().read_rows(&open, &[], 0)?;
            found.extend(
                batch.ids.iter().cloned().zip(batch.parents.iter().cloned()).filter(|(_, folder)| folders.contains(folder)),
            );
        }
        Ok(found)
    }

    /// The submitted messages in these folders, each with its folder.
    pub(crate) fn submitted_in(&self, folders: &BTreeSet<ObjectId>) -> Result<Vec<(ObjectId, ObjectId)>> {
        let scope = Scope::One(self.connection.root().clone());
        let mut found = Vec::new();
        let mut from = ScanFrom::Start;
        loop {
            let page = self.connection.backend().scan(&ScanRequest {
                scope: &scope,
                kind: ScanKind::Queue,
                columns: &[],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: PAGE,
            })?;
            let rows = page.batch.ids.iter().cloned().zip(page.batch.parents.iter().cloned());
            found.extend(rows.filter(|(_, folder)| folders.contains(folder)));
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(found),
            }
        }
    }

    /// Whether it is the root or one of the standard folders, which stay where they are (`stores` 3.3).
    pub(crate) fn is_protected(&self, folder: &ObjectId) -> Result<bool> {
        Ok(self.is_root(folder) || standard_folders::all(self)?.contains(folder))
    }

    /// The live child folder of that name, ignoring ASCII case.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn child_by_name(&self, parent: &ObjectId, name: &str) -> Result<Option<(ObjectId, ObjectKind)>> {
        let scope = Scope::One(parent.clone());
        let mut from = ScanFrom::Start;
        loop {
            let page = self.connection.backend().scan(&ScanRequest {
                scope: &scope,
                kind: ScanKind::Subfolders,
                columns: &[tags::DISPLAY_NAME],
                cell_limit: 0,
                filters: &[],
                order: &[],
                from,
                backwards: false,
                max: PAGE,
            })?;
            for (row, id) in page.batch.ids.iter().enumerate() {
                let value = page.batch.columns.first().and_then(|column| column.value(row));
                if matches!(value, Some(Value::Unicode(have)) if have.eq_ignore_ascii_case(name)) {
                    let kind = page.batch.kinds.get(row).copied().unwrap_or(ObjectKind::Folder);
                    return Ok(Some((id.clone(), kind)));
                }
            }
            match page.last {
                Some(last) if page.more => from = ScanFrom::After(last),
                _ => return Ok(None),
            }
        }
    }

    /// Makes a name among the subfolders of a folder one's own, in the commit being gathered; the folder
    /// that has it already, other than `except`, if one has.
    ///
    /// Others may do the same at the same time: every claim raises a counter on the parent under the version
    /// it was read at, so that the second commit fails with `MAPI_E_OBJECT_CHANGED` and is to be built anew.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_DELETED` when the parent is gone, the backend's own.
    pub(crate) fn claim_name(
        &self,
        changes: &mut ChangeSet<'_>,
        parent: &ObjectId,
        name: &str,
        except: Option<&ObjectId>,
    ) -> Result<Option<(ObjectId, ObjectKind)>> {
        const COUNTER: PropTag = private::CHILDREN_CHANGED;
        let (head, values) = self.read(parent, &[COUNTER]).map_err(gone)?;
        if let Some(taken) = self.child_by_name(parent, name)?.filter(|(object, _)| Some(object) != except) {
            return Ok(Some(taken));
        }
        let counter = values.into_iter().collect::<Values>().long(COUNTER).unwrap_or(0);
        let mut raised = Values::new();
        raised.put(COUNTER, Value::Long(counter.wrapping_add(1)));
        changes.set(parent, Expected::Version(head.version), raised, Vec::new())?;
        Ok(None)
    }
}

/// A name two folders cannot share.
pub(crate) fn name_taken(name: &str) -> Failure {
    Failure::new(Code::Collision, format!("There is a subfolder named \u{201c}{name}\u{201d} already; choose another name."))
}
