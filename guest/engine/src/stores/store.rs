//! Message store objects (`stores` 2).

use crate::backend::ObjectKind;
use crate::error::{Code, Failure, LastError, MapiError, Result, check_flags, check_reserved};
use crate::messages::Message;
use crate::properties::interface::{IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMESSAGE, IID_IMSGSTORE, check_interface};
use crate::properties::{Guid, MAPI_BEST_ACCESS, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, PropertyObject, Value, tags};
use crate::session::Alive;
use crate::stores::computed::private;
use crate::stores::object::ImmediateObject;
use crate::stores::reference::{Named, StoreReference};
use crate::stores::{Connection, Folder, StoreOpening, receive, standard_folders};
use crate::tables::{MAPI_UNICODE, Table};
use std::rc::Rc;

/// `SHOW_SOFT_DELETES`.
pub const SHOW_SOFT_DELETES: u32 = 0x2;
/// `MAPI_NO_CACHE` and `MAPI_CACHE_ONLY`: hints.
const CACHE_HINTS: u32 = 0x200 | 0x4000;

/// What `OpenEntry` opened; the case is its `PR_OBJECT_TYPE`.
pub enum OpenedEntry {
    /// A store.
    Store(StoreObject),
    /// A folder.
    Folder(Folder),
    /// A message.
    Message(Message),
}

/// One reference to a message store.
#[derive(Clone)]
pub struct StoreObject {
    store: Rc<StoreReference>,
    last_error: Rc<LastError>,
}

impl StoreObject {
    /// A reference to an open backend.
    #[must_use]
    pub fn open(connection: Rc<Connection>, opening: StoreOpening) -> Self {
        let store = Rc::new(StoreReference { connection, opening });
        let last_error = store.last_error();
        Self { store, last_error }
    }

    /// The reference everything opened through this object shares.
    pub(crate) fn store(&self) -> &StoreReference {
        &self.store
    }

    /// Notes a failure for `GetLastError`.
    pub(crate) fn keep<T>(&self, result: Result<T>) -> Result<T> {
        self.last_error.keep(result)
    }

    /// The backend behind it, shared by all references to the store.
    #[must_use]
    pub fn connection(&self) -> &Rc<Connection> {
        &self.store.connection
    }

    /// Whether the reference may change the store.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.store.is_writable()
    }

    /// The token that ends with this reference.
    #[must_use]
    pub fn alive(&self) -> &Alive {
        &self.store.opening.alive
    }

    /// Its wrapped entry identifier.
    #[must_use]
    pub fn entry_id(&self) -> Vec<u8> {
        self.store.opening.entry_id.to_bytes()
    }

    /// Whether an entry identifier belongs to this store (the session routes by it).
    #[must_use]
    pub fn owns(&self, entry_id: &[u8]) -> bool {
        self.store.resolve(entry_id).is_ok()
    }

    /// Its properties (IMAPIProp). Changes are immediate.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        let holder = ImmediateObject {
            store: self.store.clone(),
            object: self.store.connection.identity().store.clone(),
            kind: ObjectKind::Store,
            writable: true,
        };
        PropertyObject::new(Rc::new(holder), self.last_error.clone())
    }

    /// `GetLastError`.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INVALID_OBJECT`.
    pub fn get_last_error(&self, code: Code, flags: u32) -> Result<Option<MapiError>> {
        self.properties().get_last_error(code, flags)
    }

    /// `OpenEntry` (`stores` 2.5); without an identifier the root folder.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_INVALID_ENTRYID`, `MAPI_E_NO_ACCESS`,
    /// `MAPI_E_SUBMITTED`, `MAPI_E_UNKNOWN_FLAGS`, `MAPI_E_INTERFACE_NOT_SUPPORTED`, the backend's own.
    pub fn open_entry(&self, entry_id: Option<&[u8]>, interface: Option<Guid>, flags: u32) -> Result<OpenedEntry> {
        self.last_error.keep(self.store.open_entry(entry_id, interface, flags))
    }

    /// The root folder, opened with as much access as there is.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_OBJECT`.
    pub fn root_folder(&self) -> Result<Folder> {
        self.store.opening.alive.check()?;
        let root = self.store.connection.root().clone();
        Ok(Folder::of(self.store.clone(), root, ObjectKind::Folder, self.store.is_writable()))
    }

    /// `CompareEntryIDs` (`stores` 2.4).
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an absent identifier or flags other than 0.
    pub fn compare_entry_ids(&self, first: &[u8], second: &[u8], flags: u32) -> Result<bool> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            if first.is_empty() || second.is_empty() {
                return Err(Failure::invalid("entry-id", "Two entry identifiers are needed to compare them."));
            }
            check_reserved(flags)?;
            let named = |entry_id: &[u8]| match self.store.resolve(entry_id) {
                Ok(named) => Ok(Some(named)),
                Err(failure) if failure.code() == Code::UnknownEntryid => Ok(None),
                Err(failure) => Err(failure),
            };
            Ok(match (named(first)?, named(second)?) {
                (Some(first), Some(second)) => first == second,
                _ => false,
            })
        })())
    }

    /// `GetReceiveFolder` (`stores` 2.6): the folder's entry identifier and the class that matched, "" for
    /// the default.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a malformed class, `MAPI_E_NO_SUPPORT` on a public store,
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_receive_folder(&self, class: Option<&str>, flags: u32) -> Result<(Vec<u8>, String)> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            receive::find(&self.store, class.unwrap_or_default())
        })())
    }

    /// `SetReceiveFolder` (`stores` 2.6): sets the folder of a class, or without one removes the class's entry.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for a malformed class or a search folder, `MAPI_E_NOT_FOUND`,
    /// `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_CALL_FAILED` and `MAPI_E_NO_ACCESS` for entries that must stay,
    /// `MAPI_E_NO_SUPPORT` on a public store, `MAPI_E_UNKNOWN_FLAGS`, the backend's own; nothing is changed
    /// then.
    pub fn set_receive_folder(&self, class: Option<&str>, flags: u32, entry_id: Option<&[u8]>) -> Result<()> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, MAPI_UNICODE)?;
            receive::set(&self.store, class.unwrap_or_default(), entry_id)
        })())
    }

    /// `GetReceiveFolderTable` (`stores` 2.6).
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` on a public store, `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn get_receive_folder_table(&self, flags: u32) -> Result<Table> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_flags(flags, MAPI_UNICODE | MAPI_DEFERRED_ERRORS)?;
            Ok(receive::table(&self.store, flags)?.bound_to(self.store.opening.alive.clone()))
        })())
    }

    /// `AbortSubmit` (`stores` 2.8): takes a message back from the outgoing queue.
    ///
    /// # Errors
    /// `MAPI_E_UNABLE_TO_ABORT` while it is being sent, `MAPI_E_NOT_IN_QUEUE`, `MAPI_E_NOT_FOUND`,
    /// `MAPI_E_INVALID_ENTRYID`, `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_NO_ACCESS`, `MAPI_E_NO_SUPPORT`,
    /// `MAPI_E_INVALID_PARAMETER` for flags other than 0, the backend's own.
    pub fn abort_submit(&self, entry_id: &[u8], flags: u32) -> Result<()> {
        self.last_error.keep(check_reserved(flags).and_then(|()| self.store.abort_submit(entry_id)))
    }

    /// `GetOutgoingQueue` (`stores` 2.9): what waits to be sent, for clients to look at; strings are
    /// `PT_UNICODE`.
    ///
    /// # Errors
    /// `MAPI_E_NO_SUPPORT` in a store that cannot send, `MAPI_E_INVALID_PARAMETER` for flags other than 0.
    pub fn get_outgoing_queue(&self, flags: u32) -> Result<Table> {
        self.last_error.keep(crate::spooler::queue_table(&self.store, flags))
    }

    /// `HrValidateIPMSubtree` (`stores` 3.2): creates what is missing of the standard folders. What is valid
    /// comes back: `PR_VALID_FOLDER_MASK`, the entry identifiers, and the Inbox's under tag 0x00000102.
    ///
    /// # Errors
    /// `MAPI_E_UNKNOWN_FLAGS`, the backend's own.
    pub fn validate_ipm_subtree(&self, flags: u32) -> Result<Vec<crate::properties::Property>> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            standard_folders::validate(&self.store, flags)
        })())
    }

    /// The mask of the standard folders that are valid, 0 if none was ever made.
    ///
    /// # Errors
    /// The backend's own.
    pub fn valid_folder_mask(&self) -> Result<u32> {
        standard_folders::valid_mask(&self.store)
    }
}

impl StoreObject {
    /// Whether a folder lies in it.
    pub(crate) fn is_of(&self, folder: &Folder) -> bool {
        self.store.connection.uid() == folder.uid()
    }

    /// The Outbox, if the store has one and messages can be sent from it.
    ///
    /// # Errors
    /// The backend's own.
    pub(crate) fn outbox(&self) -> Result<Option<Folder>> {
        let identity = self.store.connection.identity();
        let capabilities = &identity.capabilities;
        if !capabilities.submit || !capabilities.feed || capabilities.public_folders {
            return Ok(None);
        }
        let (_, values) = self.store.read(&identity.store, &[tags::IPM_OUTBOX_ENTRYID])?;
        let named = values.into_iter().find_map(|property| match property.value {
            Value::Binary(entry_id) => self.store.resolve(&entry_id).ok(),
            _ => None,
        });
        let Some(Named::Object(object)) = named else { return Ok(None) };
        Ok(Some(Folder::of(self.store.clone(), object, ObjectKind::Folder, self.is_writable())))
    }
}

impl StoreReference {
    pub(crate) fn open_entry(
        self: &Rc<Self>,
        entry_id: Option<&[u8]>,
        interface: Option<Guid>,
        flags: u32,
    ) -> Result<OpenedEntry> {
        self.opening.alive.check()?;
        check_flags(flags, MAPI_MODIFY | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | CACHE_HINTS)?;
        check_interface(interface, &[IID_IMSGSTORE, IID_IMAPIFOLDER, IID_IMAPICONTAINER, IID_IMESSAGE])?;
        let object = match entry_id.filter(|bytes| !bytes.is_empty()).map(|bytes| self.resolve(bytes)).transpose()? {
            None => self.connection.root().clone(),
            Some(Named::Object(object)) => object,
            Some(Named::Store) => {
                check_interface(interface, &[IID_IMSGSTORE])?;
                return Ok(OpenedEntry::Store(StoreObject { store: self.clone(), last_error: self.last_error() }));
            }
        };
        let (head, values) = self.read(&object, &[tags::MESSAGE_FLAGS, private::QUEUE_STATE])?;
        let missing = || Failure::not_found("The store has no such folder or message; it may have been deleted.");
        if head.deleted && flags & SHOW_SOFT_DELETES == 0 {
            return Err(missing());
        }
        let best = flags & MAPI_BEST_ACCESS != 0;
        let modify = flags & MAPI_MODIFY != 0 && !best;
        let may_write = self.is_writable() && !head.deleted;
        if modify && !may_write {
            return Err(Failure::new(Code::NoAccess, "The object cannot be opened for writing; open it read-only."));
        }
        match head.kind {
            ObjectKind::Folder | ObjectKind::SearchFolder => {
                check_interface(interface, &[IID_IMAPIFOLDER, IID_IMAPICONTAINER])?;
                let folder = Folder::of(self.clone(), object, head.kind, (modify || best) && may_write);
                Ok(OpenedEntry::Folder(folder.showing_deleted(flags & SHOW_SOFT_DELETES != 0)))
            }
            ObjectKind::Message | ObjectKind::Associated => {
                check_interface(interface, &[IID_IMESSAGE])?;
                let flags = values.iter().find_map(|property| match property.value {
                    Value::Long(flags) => Some(flags),
                    _ => None,
                });
                let submitted = flags.unwrap_or(0) & crate::messages::message_flags::SUBMIT != 0;
                let locked = crate::spooler::state_in(&values).is_locked(self.connection.environment().clock.now());
                if submitted && locked {
                    return Err(Failure::new(Code::NoAccess, "The message is being sent at this moment; try again in a while."));
                }
                if submitted && modify {
                    return Err(Failure::new(
                        Code::Submitted,
                        "The message waits to be sent and cannot be changed; take it back with AbortSubmit first.",
                    ));
                }
                let writable = (modify || best) && may_write && !submitted;
                Ok(OpenedEntry::Message(Message::open(self.clone(), object, &head, writable)?))
            }
            // Parts of messages have no entry identifiers: this one was forged.
            _ => Err(missing()),
        }
    }
}
