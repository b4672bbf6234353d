//! `IMAPIFolder::CopyFolder` (`stores` 5.5).

use crate::backend::{Change, Expected, ObjectId, ObjectKind, ScanKind};
use crate::error::{Code, Failure, Result, Warned, check_flags};
use crate::messages::{PropertyEdit, Transfer, Values};
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, check_interface};
use crate::properties::tags::{self, Settable};
use crate::properties::{Guid, PropTag, Value};
use crate::stores::completion::Completion;
use crate::stores::computed::private;
use crate::stores::copy_messages::MAPI_DECLINE_OK;
use crate::stores::delete_folder::{Child, FOLDER_DIALOG};
use crate::stores::tree::{Below, name_taken};
use crate::stores::{ChangeSet, CommitMode, Folder};
use crate::tables::MAPI_UNICODE;
use std::collections::BTreeSet;

/// `FOLDER_MOVE`.
pub const FOLDER_MOVE: u32 = 0x1;
/// `COPY_SUBFOLDERS`.
pub const COPY_SUBFOLDERS: u32 = 0x10;

/// How often a name is claimed anew when others change its siblings meanwhile.
const ATTEMPTS: u32 = 8;

/// What is copied or moved of a folder.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) contents: bool,
    pub(crate) associated: bool,
    pub(crate) subfolders: bool,
    pub(crate) moving: bool,
}

impl Folder {
    /// `CopyFolder`: copies or moves a subfolder of this folder into another folder, of this store or
    /// another; with a new name if one is given.
    ///
    /// # Errors
    /// `MAPI_E_FOLDER_CYCLE`, `MAPI_E_COLLISION`, `MAPI_E_NOT_FOUND` unless it is a subfolder of this
    /// folder, `MAPI_E_NO_ACCESS`, `MAPI_E_NO_SUPPORT` into a search folder, `MAPI_E_DECLINE_COPY`,
    /// `MAPI_E_INVALID_PARAMETER`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`,
    /// `MAPI_E_USER_CANCEL`, the backend's own.
    pub fn copy_folder(
        &self,
        entry_id: &[u8],
        interface: Option<Guid>,
        destination: &Folder,
        new_name: Option<&str>,
        flags: u32,
    ) -> Result<Warned<()>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            destination.store.opening.alive.check()?;
            check_flags(flags, FOLDER_MOVE | FOLDER_DIALOG | MAPI_DECLINE_OK | COPY_SUBFOLDERS | MAPI_UNICODE)?;
            check_interface(interface, &[IID_IMAPIFOLDER, IID_IMAPICONTAINER])?;
            let moving = flags & FOLDER_MOVE != 0;
            self.check_copy_into(destination, moving)?;
            let inside = self.same_store(destination);
            let source = self.child(entry_id, self.shows_deleted)?;
            if flags & MAPI_DECLINE_OK != 0 && !inside {
                return Err(Failure::new(
                    Code::DeclineCopy,
                    "The folder would have to be copied message by message between two stores.",
                ));
            }
            if inside && self.store.lies_in(&destination.object, &source.object)? {
                return Err(Failure::new(
                    Code::FolderCycle,
                    "A folder cannot be copied or moved into itself or a folder below it.",
                ));
            }
            if moving && self.store.is_protected(&source.object)? {
                return Err(Failure::new(Code::NoAccess, "The standard folders of a store cannot be moved."));
            }
            let name = match new_name {
                Some(name) => checked_name(name)?,
                None => self.name_of(&source.object)?,
            };
            if moving {
                self.check_nothing_submitted(&source.object)?;
            }
            let mut completion = Completion::new(self.store.connection.environment(), 1);
            if moving && inside {
                self.move_inside(&source, destination, &name)?;
                completion.succeeded(1);
            } else {
                let subfolders = moving || flags & COPY_SUBFOLDERS != 0;
                let extent = Extent { contents: true, associated: true, subfolders, moving };
                let from =
                    Folder::of(self.store.clone(), source.object.clone(), source.kind, true).showing_deleted(source.deleted);
                from.copy_tree(destination, &name, extent, &mut completion)?;
            }
            completion.finish(&self.last_error)
        })())
    }

    /// A submitted message below a folder keeps it where it is.
    fn check_nothing_submitted(&self, folder: &ObjectId) -> Result<()> {
        let below = self.store.descendants(folder)?;
        let whole: BTreeSet<ObjectId> = below.into_iter().map(|folder| folder.object).chain([folder.clone()]).collect();
        if self.store.submitted_in(&whole)?.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Code::NoAccess, "A message in the folder waits to be sent; take it back with AbortSubmit, or wait."))
    }

    fn name_of(&self, folder: &ObjectId) -> Result<String> {
        let (_, values) = self.store.read(folder, &[tags::DISPLAY_NAME])?;
        let values: Values = values.into_iter().collect();
        let name = values.text(tags::DISPLAY_NAME).filter(|name| !name.is_empty());
        Ok(name.unwrap_or("Folder").to_owned())
    }

    fn move_inside(&self, source: &Child, destination: &Self, name: &str) -> Result<()> {
        let connection = &self.store.connection;
        for _ in 0..ATTEMPTS {
            let stays = self.object == destination.object && !source.deleted;
            if stays && self.name_of(&source.object)? == name {
                return Ok(());
            }
            let mut changes = ChangeSet::new(connection);
            if self.store.claim_name(&mut changes, &destination.object, name, Some(&source.object))?.is_some() {
                return Err(name_taken(name));
            }
            if !stays {
                let (object, parent) = (source.object.clone(), destination.object.clone());
                let restore = source.deleted;
                changes.push(Change::Move { object, expected: Expected::Exists, parent, set: Vec::new(), restore });
            }
            let mut values = Values::new();
            values.put(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
            let revived = if source.deleted { vec![tags::DELETED_ON] } else { Vec::new() };
            changes.set(&source.object, Expected::Exists, values, revived)?;
            match changes.commit(CommitMode::default()) {
                Ok(_) => return Ok(()),
                Err(failure) if failure.code() == Code::ObjectChanged => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(busy())
    }

    /// Copies this folder into another one under that name. A folder that could not be made is an error for
    /// the first one, and a failure of the work for those below it.
    fn copy_tree(&self, destination: &Self, name: &str, extent: Extent, completion: &mut Completion) -> Result<()> {
        let copy = self.copy_alone(destination, name)?;
        completion.succeeded(1);
        self.copy_within(&copy, extent, completion)?;
        if extent.moving && completion.is_whole() {
            self.remove_emptied(completion)?;
        }
        Ok(())
    }

    /// Removes this folder, of which everything was moved to another store.
    fn remove_emptied(&self, completion: &mut Completion) -> Result<()> {
        let (_, values) = self.store.read(&self.object, &[tags::CONTENT_COUNT, tags::ASSOC_CONTENT_COUNT, tags::SUBFOLDERS])?;
        if values.iter().any(|property| !matches!(property.value, Value::Long(0) | Value::Boolean(false))) {
            completion.failed(Failure::new(Code::ObjectChanged, "Something came into the folder while it was moved; it stays."));
            return Ok(());
        }
        self.store.remove_tree(&self.object, self.kind, Vec::new(), true, completion)
    }

    /// Copies or moves what is in this folder into another one.
    pub(crate) fn copy_within(&self, copy: &Self, extent: Extent, completion: &mut Completion) -> Result<()> {
        if self.kind == ObjectKind::SearchFolder || copy.kind == ObjectKind::SearchFolder {
            return Ok(());
        }
        for (kind, wanted) in [(ScanKind::Contents, extent.contents), (ScanKind::Associated, extent.associated)] {
            if wanted && !completion.is_stopped() {
                self.copy_all(kind, copy, extent.moving, completion)?;
            }
        }
        if !extent.subfolders {
            return Ok(());
        }
        let inner = Extent { contents: true, associated: true, ..extent };
        for below in self.store.subfolders(&self.object, false)? {
            if completion.is_stopped() {
                break;
            }
            completion.expect(1);
            let folder = Self::of(self.store.clone(), below.object.clone(), below.kind, true);
            let copied = folder.name_of(&below.object).and_then(|name| match extent.moving && self.same_store(copy) {
                false => folder.copy_tree(copy, &name, inner, completion),
                true => {
                    self.move_subfolder(&below, copy, &name)?;
                    completion.succeeded(1);
                    Ok(())
                }
            });
            if let Err(failure) = copied {
                completion.refused(failure);
            }
        }
        Ok(())
    }

    /// Moves a subfolder of this folder as it is.
    fn move_subfolder(&self, below: &Below, destination: &Self, name: &str) -> Result<()> {
        if self.store.is_protected(&below.object)? {
            return Err(Failure::new(Code::NoAccess, "The standard folders of a store cannot be moved."));
        }
        self.check_nothing_submitted(&below.object)?;
        let child = Child { object: below.object.clone(), kind: below.kind, deleted: false, messages: below.messages };
        self.move_inside(&child, destination, name)
    }

    /// Creates a folder with the properties of this one.
    fn copy_alone(&self, destination: &Self, name: &str) -> Result<Self> {
        let target = &destination.store;
        let transfer = Transfer::new(&self.store, target);
        let edits = PropertyEdit::default();
        let (mut values, _) = transfer.values(&self.object, &edits, &|tag| is_own(tag))?;
        let now = Value::SysTime(target.connection.environment().clock.now());
        values.put(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
        values.put(tags::CREATION_TIME, now.clone());
        values.put(tags::LAST_MODIFICATION_TIME, now);
        let made = target.make_child(&destination.object, self.kind, name, &values);
        if made.is_err() {
            values.staged().for_each(|number| target.connection.backend().discard(number));
        }
        match made? {
            (_, Some(_)) => {
                values.staged().for_each(|number| target.connection.backend().discard(number));
                Err(name_taken(name))
            }
            (object, None) => Ok(Self::of(target.clone(), object, self.kind, true)),
        }
    }
}

/// Whether a folder's property is its own, not kept by the store or the engine.
pub(crate) fn is_own(tag: PropTag) -> bool {
    !private::is_private(tag) && tags::by_id(tag.id()).is_none_or(|entry| entry.settable == Settable::Free)
}

/// A folder's name as a caller gives it.
pub(crate) fn checked_name(name: &str) -> Result<String> {
    let name = crate::properties::code_page::until_nul(name);
    if name.is_empty() {
        return Err(Failure::invalid("name", "A folder needs a name that is not empty."));
    }
    if name.chars().count() > 255 {
        return Err(Failure::invalid("name", "The name of a folder has at most 255 characters."));
    }
    Ok(name.into_owned())
}

pub(crate) fn busy() -> Failure {
    Failure::new(Code::Busy, "Others keep changing the subfolders of this folder; try again.")
}
