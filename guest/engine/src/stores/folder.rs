//! Folders (`stores` 3.4, 4, 5): tables of what is in them, and what can be created in them.

use crate::backend::Expected;
use crate::backend::{ObjectId, ObjectKind, ScanFrom, ScanKind, ScanRequest, Scope};
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags};
use crate::messages::{DraftKind, Message, Values};
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMESSAGE, check_interface};
use crate::properties::{Guid, MAPI_DEFERRED_ERRORS, PropTag, PropertyObject, Value, tags};
use crate::stores::computed::{StoreColumns, private};
use crate::stores::object::{ImmediateObject, gone};
use crate::stores::reference::StoreReference;
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

/// Children looked at in one call.
const PAGE: u32 = 1000;

/// A folder opened through a store.
#[derive(Clone)]
pub struct Folder {
    store: Rc<StoreReference>,
    object: ObjectId,
    kind: ObjectKind,
    writable: bool,
    last_error: Rc<LastError>,
}

impl Folder {
    pub(crate) fn of(store: Rc<StoreReference>, object: ObjectId, kind: ObjectKind, writable: bool) -> Self {
        let last_error = store.last_error();
        Self { store, object, kind, writable, last_error }
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

    /// The order `SaveContentsSort` kept (`stores` 5.10).
    fn saved_order(&self) -> Result<DefaultOrder> {
        let (_, values) = self.store.read(&self.object, &[tags::CONTENTS_SORT_ORDER]).map_err(gone)?;
        let saved = values.into_iter().find_map(|property| match property.value {
            Value::MvLong(numbers) if property.tag.id() == tags::CONTENTS_SORT_ORDER.id() => parse_order(&numbers),
            _ => None,
        });
        Ok(saved.map_or_else(DefaultOrder::default, |order| DefaultOrder { order, reported: true }))
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
        let rows = StoredRows::new(connection.backend().clone(), columns, connection.feed().cloned(), options);
        Table::new(rows, flags & MAPI_UNICODE != 0).bound_to(self.store.opening.alive.clone())
    }

    fn check_creatable(&self) -> Result<()> {
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
        let name = crate::properties::code_page::until_nul(name);
        if name.is_empty() {
            return Err(Failure::invalid("name", "A folder needs a name that is not empty."));
        }
        if name.chars().count() > 255 {
            return Err(Failure::invalid("name", "The name of a folder has at most 255 characters."));
        }
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
            Some(existing) if !open_if_exists || existing != kind => {
                Err(Failure::new(Code::Collision, format!("The folder already has a subfolder named \u{201c}{name}\u{201d}.")))
            }
            _ => Ok(Folder::of(self.store.clone(), object, kind, true)),
        }
    }
}

impl StoreReference {
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

    /// The child folder of that name, created if there is none. The kind of an existing one comes along.
    ///
    /// Others may create one at the same time: every creation raises a counter on the parent under the
    /// version it was read at, so that the second one fails and looks again.
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
        let connection = &self.connection;
        for _ in 0..CREATE_ATTEMPTS {
            let (head, values) = self.read(parent, &[private::CHILDREN_CHANGED]).map_err(gone)?;
            if let Some((object, existing)) = self.child_by_name(parent, name)? {
                return Ok((object, Some(existing)));
            }
            let counter = values.iter().find_map(|property| match property.value {
                Value::Long(number) if property.tag == private::CHILDREN_CHANGED => Some(number),
                _ => None,
            });
            let mut raise = Values::new();
            raise.put(private::CHILDREN_CHANGED, Value::Long(counter.unwrap_or(0).wrapping_add(1)));
            let object = connection.reserve()?;
            let mut values = Values::new();
            let now = connection.environment().clock.now();
            values.put(tags::DISPLAY_NAME, Value::Unicode(name.to_owned()));
            if let Some(comment) = comment {
                values.put(tags::COMMENT, Value::Unicode(comment.to_owned()));
            }
            values.put(tags::CREATION_TIME, Value::SysTime(now));
            values.put(tags::LAST_MODIFICATION_TIME, Value::SysTime(now));
            let mut changes = ChangeSet::new(connection);
            changes.set(parent, Expected::Version(head.version), raise, Vec::new())?;
            changes.create(object.clone(), parent, kind, values)?;
            match changes.commit(CommitMode::default()) {
                Ok(_) => return Ok((object, None)),
                Err(failure) if matches!(failure.code(), Code::ObjectChanged | Code::Collision) => {}
                Err(failure) => return Err(gone(failure)),
            }
        }
        Err(Failure::new(Code::Busy, "Others keep changing the subfolders of this folder; try again."))
    }
}

/// The counts, tags and orders of a sort order kept in `PR_CONTENTS_SORT_ORDER`.
fn parse_order(numbers: &[i32]) -> Option<SortOrderSet> {
    let [sorts, categories, expanded, keys @ ..] = numbers else { return None };
    let keys: Vec<SortOrder> = keys
        .chunks_exact(2)
        .map(|pair| SortOrder { tag: PropTag(pair[0].cast_unsigned()), order: pair[1].cast_unsigned() })
        .collect();
    let order = SortOrderSet { categories: u32::try_from(*categories).ok()?, expanded: u32::try_from(*expanded).ok()?, keys };
    (usize::try_from(*sorts).ok()? == order.keys.len()).then_some(order)
}
