//! Folders (`stores` 3.4, 4, 5): tables of what is in them, and what can be created in them.

use crate::backend::{ObjectId, ObjectKind, ScanKind};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::messages::{DraftKind, Message, Values};
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMESSAGE, check_interface};
use crate::properties::{Guid, MAPI_DEFERRED_ERRORS, PropertyObject, Value, tags};
use crate::stores::computed::StoreColumns;
use crate::stores::copy_folder::{busy, checked_name};
use crate::stores::object::{ImmediateObject, gone};
use crate::stores::reference::StoreReference;
use crate::stores::tree::name_taken;
use crate::stores::{ChangeSet, CommitMode, OpenedEntry, SHOW_SOFT_DELETES, catalogue};
use crate::tables::{
    Abilities, DeepHierarchy, DefaultOrder, MAPI_UNICODE, SortOrder, SortOrderSet, StoredRows, StoredRowsOptions, Table,
};
use std::rc::Rc;

/// `MAPI_ASSOCIATED`.
pub const MAPI_ASSOCIATED: u32 = 0x40;
/// `CONVENIENT_DEPTH`.
pub const CONVENIENT_DEPTH: u32 = 0x1;
/// `OPEN_IF_EXISTS`.
pub const OPEN_IF_EXISTS: u32 = 0x1;
/// `ITEMPROC_FORCE`.
const ITEMPROC_FORCE: u32 = 0x800;
/// `FOLDER_GENERIC` and `FOLDER_SEARCH`.
pub const FOLDER_GENERIC: u32 = 1;
/// `FOLDER_SEARCH`.
pub const FOLDER_SEARCH: u32 = 2;

/// How often creating a folder is tried anew when others change its siblings meanwhile.
const CREATE_ATTEMPTS: u32 = 8;

/// A folder opened through a store.
#[derive(Clone)]
pub struct Folder {
    pub(crate) store: Rc<StoreReference>,
    pub(crate) object: ObjectId,
    pub(crate) kind: ObjectKind,
    pub(crate) writable: bool,
    /// It was opened with `SHOW_SOFT_DELETES`: deleted messages can be brought back through it.
    pub(crate) shows_deleted: bool,
    pub(crate) last_error: Rc<LastError>,
}

impl Folder {
    pub(crate) fn of(store: Rc<StoreReference>, object: ObjectId, kind: ObjectKind, writable: bool) -> Self {
        let last_error = store.last_error();
        Self { store, object, kind, writable, shows_deleted: false, last_error }
    }

    /// The same folder as one opened with `SHOW_SOFT_DELETES`.
    pub(crate) fn showing_deleted(mut self, shows: bool) -> Self {
        self.shows_deleted = shows;
        self
    }

    /// The store it lies in.
    pub(crate) fn uid(&self) -> Guid {
        self.store.connection.uid()
    }

    /// Whether what it was opened through is still there.
    pub(crate) fn alive(&self) -> &crate::session::Alive {
        &self.store.opening.alive
    }

    /// The object in the backend.
    #[must_use]
    pub fn object(&self) -> &ObjectId {
        &self.object
    }

    /// The connection to commit to, for imports into this folder.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`, `MAPI_E_NO_ACCESS` in a store that may only be read, `MAPI_E_NO_SUPPORT` for
    /// a search folder.
    pub fn import_into(&self) -> Result<&Rc<crate::stores::Connection>> {
        self.store.opening.alive.check()?;
        self.check_creatable()?;
        Ok(&self.store.connection)
    }

    /// The long-term entry identifier of an object of the same store.
    #[must_use]
    pub fn entry_id_of(&self, object: &ObjectId) -> Vec<u8> {
        self.store.entry_id(object)
    }

    /// Its properties (IMAPIProp). Changes are immediate.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        let holder =
            ImmediateObject { store: self.store.clone(), object: self.object.clone(), kind: self.kind, writable: self.writable };
        PropertyObject::new(Rc::new(holder), self.last_error.clone())
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }

    /// `OpenEntry`: anything of the store; without an identifier the root folder (`stores` 4.3).
    ///
    /// # Errors
    /// As [`crate::stores::StoreObject::open_entry`].
    pub fn open_entry(&self, entry_id: Option<&[u8]>, interface: Option<Guid>, flags: u32) -> Result<OpenedEntry> {
        self.last_error.keep(self.store.open_entry(entry_id, interface, flags))
    }

    /// `GetContentsTable` (`stores` 4.1).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_contents_table(&self, flags: u32) -> Result<Table> {
        self.last_error.keep(self.contents(flags))
    }

    fn contents(&self, flags: u32) -> Result<Table> {
        self.store.opening.alive.check()?;
        check_flags(flags, MAPI_ASSOCIATED | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
        let (kind, rows) = match (flags & MAPI_ASSOCIATED != 0, flags & SHOW_SOFT_DELETES != 0) {
            (false, false) => (ScanKind::Contents, ObjectKind::Message),
            (true, false) => (ScanKind::Associated, ObjectKind::Associated),
            (false, true) => (ScanKind::DeletedContents, ObjectKind::Message),
            (true, true) => (ScanKind::DeletedAssociated, ObjectKind::Associated),
        };
        let plain = self.store.connection.identity().capabilities.plain_scans_only;
        let mut columns = catalogue::CONTENTS.to_vec();
        if self.kind == ObjectKind::SearchFolder {
            columns.push(tags::PARENT_DISPLAY);
        }
        let options = StoredRowsOptions {
            container: self.object.clone(),
            kind,
            abilities: Abilities { restrict: !plain, sort: !plain, ..Abilities::CONTENTS },
            default_columns: columns,
            default_order: self.saved_order()?,
        };
        let columns =
            StoreColumns::new(self.store.clone(), if rows == ObjectKind::Associated { rows } else { ObjectKind::Message });
        Ok(self.table(columns, options, flags))
    }

    /// `GetHierarchyTable` (`stores` 4.2).
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_hierarchy_table(&self, flags: u32) -> Result<Table> {
        self.last_error.keep(self.hierarchy(flags))
    }

    fn hierarchy(&self, flags: u32) -> Result<Table> {
        self.store.opening.alive.check()?;
        check_flags(flags, CONVENIENT_DEPTH | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
        let deleted = flags & SHOW_SOFT_DELETES != 0;
        let plain = self.store.connection.identity().capabilities.plain_scans_only;
        let columns = StoreColumns::new(self.store.clone(), ObjectKind::Folder);
        let by_name = SortOrderSet::plain(vec![SortOrder::ascending(tags::DISPLAY_NAME)]);
        let options = StoredRowsOptions {
            container: self.object.clone(),
            kind: if deleted { ScanKind::DeletedSubfolders } else { ScanKind::Subfolders },
            abilities: Abilities { restrict: !plain, sort: !plain, ..Abilities::HIERARCHY },
            default_columns: catalogue::HIERARCHY.to_vec(),
            default_order: DefaultOrder { order: by_name, reported: false },
        };
        if flags & CONVENIENT_DEPTH != 0 && !deleted {
            let connection = &self.store.connection;
            let rows = DeepHierarchy::new(connection.backend().clone(), columns, connection.feed().cloned(), options);
            return Ok(Table::new(rows, flags & MAPI_UNICODE != 0).bound_to(self.store.opening.alive.clone()));
        }
        Ok(self.table(columns, options, flags))
    }

    fn table(&self, columns: Rc<StoreColumns>, options: StoredRowsOptions, flags: u32) -> Table {
        let connection = &self.store.connection;
        let rows = StoredRows::of_store(connection.backend().clone(), columns, connection.feed().cloned(), options);
        Table::new(rows, flags & MAPI_UNICODE != 0).bound_to(self.store.opening.alive.clone())
    }

    pub(crate) fn check_creatable(&self) -> Result<()> {
        if self.kind == ObjectKind::SearchFolder {
            return Err(Failure::new(
                Code::NoSupport,
                "A search folder holds only the results of its search; choose another folder.",
            ));
        }
        self.store.check_writable()
    }

    /// `CreateMessage` (`stores` 5.1): an open message, seen by others after its first save.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` in a search folder, `MAPI_E_NO_ACCESS` without the right to create,
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, the backend's own.
    pub fn create_message(&self, interface: Option<Guid>, flags: u32) -> Result<Message> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, MAPI_ASSOCIATED | ITEMPROC_FORCE | MAPI_DEFERRED_ERRORS)?;
            check_interface(interface, &[IID_IMESSAGE])?;
            self.check_creatable()?;
            let kind = if flags & MAPI_ASSOCIATED != 0 { DraftKind::Associated } else { DraftKind::Message };
            Message::create(self.store.clone(), self.object.clone(), kind)
        })())
    }

    /// `CreateFolder` (`stores` 5.4): a new folder, or with `OPEN_IF_EXISTS` the one of that name.
    ///
    /// # Errors
    /// `MAPI_E_COLLISION`, `MAPI_E_INVALID_PARAMETER`, `MAPI_E_NO_SUPPORT`, `MAPI_E_NO_ACCESS`,
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn create_folder(
        &self,
        folder_type: u32,
        name: &str,
        comment: Option<&str>,
        interface: Option<Guid>,
        flags: u32,
    ) -> Result<Folder> {
        self.last_error.keep(self.create_folder_inner(folder_type, name, comment, interface, flags))
    }

    fn create_folder_inner(
        &self,
        folder_type: u32,
        name: &str,
        comment: Option<&str>,
        interface: Option<Guid>,
        flags: u32,
    ) -> Result<Folder> {
        self.store.opening.alive.check()?;
        let kind = match folder_type {
            FOLDER_GENERIC => ObjectKind::Folder,
            FOLDER_SEARCH => ObjectKind::SearchFolder,
            _ => return Err(Failure::invalid("type", "A new folder is generic (1) or a search folder (2).")),
        };
        let name = checked_name(name)?;
        check_flags(flags, OPEN_IF_EXISTS | MAPI_DEFERRED_ERRORS | MAPI_UNICODE)?;
        check_interface(interface, &[IID_IMAPIFOLDER, IID_IMAPICONTAINER])?;
        self.check_creatable()?;
        let searches = !self.store.connection.identity().capabilities.plain_scans_only;
        if kind == ObjectKind::SearchFolder && !searches {
            return Err(Failure::new(Code::NoSupport, "This store has no search folders."));
        }
        let open_if_exists = flags & OPEN_IF_EXISTS != 0;
        let (object, found) = self.store.ensure_folder(&self.object, kind, &name, comment)?;
        match found {
            Some(existing) if !open_if_exists || existing != kind => Err(name_taken(&name)),
            _ => Ok(Folder::of(self.store.clone(), object, kind, true)),
        }
    }
}

impl StoreReference {
    /// The child folder of that name, created if there is none. The kind of an existing one comes along.
    ///
    /// # Errors
    /// `MAPI_E_OBJECT_DELETED` when the parent is gone, `MAPI_E_BUSY` when others keep changing it, the
    /// backend's own.
    pub(crate) fn ensure_folder(
        &self,
        parent: &ObjectId,
        kind: ObjectKind,
        name: &str,
        comment: Option<&str>,
    ) -> Result<(ObjectId, Option<ObjectKind>)> {
        let mut values = Values::new();
        let now = self.connection.environment().clock.now();
        values.put(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
        if let Some(comment) = comment {
            values.put(tags::COMMENT, Value::Unicode(comment.to_owned()));
        }
        values.put(tags::CREATION_TIME, Value::SysTime(now));
        values.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(now));
        self.make_child(parent, kind, name, &values)
    }

    /// A child folder with these values, or the one that has the name already, with its kind. Two who create
    /// one of the same name at once get the same one.
    ///
    /// # Errors
    /// As [`StoreReference::ensure_folder`].
    pub(crate) fn make_child(
        &self,
        parent: &ObjectId,
        kind: ObjectKind,
        name: &str,
        values: &Values,
    ) -> Result<(ObjectId, Option<ObjectKind>)> {
        let connection = &self.connection;
        for _ in 0..CREATE_ATTEMPTS {
            let mut changes = ChangeSet::new(connection);
            if let Some((object, existing)) = self.claim_name(&mut changes, parent, name, None)? {
                return Ok((object, Some(existing)));
            }
            let object = connection.reserve()?;
            changes.create(object.clone(), parent, kind, values.clone())?;
            match changes.commit(CommitMode::default()) {
                Ok(_) => return Ok((object, None)),
                Err(failure) if matches!(failure.code(), Code::ObjectChanged | Code::Collision) => {}
                Err(failure) => return Err(gone(failure)),
            }
        }
        Err(busy())
    }
}
