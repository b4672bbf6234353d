//! One reference to an open store: the access granted, its liveness, and what everything opened through it
//! shares.

use crate::backend::{ObjectId, ObjectKind, Want};
use crate::entry_id::{EntryId, ProviderEntryId, WrappedStoreId};
use crate::error::{Code, Failure, LastError, Result};
use crate::properties::{PropTag, Property};
use crate::session::Alive;
use crate::spooler::MailSession;
use crate::stores::Connection;
use std::rc::Rc;

/// What the session says about a reference to a store when it opens one.
#[derive(Clone)]
pub struct StoreOpening {
    /// The wrapped entry identifier clients use (`PR_ENTRYID`, `PR_STORE_ENTRYID`).
    pub entry_id: WrappedStoreId,
    /// Whether write access was asked for and granted.
    pub writable: bool,
    /// Ends with the reference, and with the session.
    pub alive: Alive,
    /// Whether the profile says this is the default store (`PR_DEFAULT_STORE`).
    pub is_default: Rc<dyn Fn() -> bool>,
    /// The session's spooler, told of what is submitted; `None` outside of a session.
    pub mail: Option<Rc<dyn MailSession>>,
}

/// A reference to a store, shared by everything opened through it.
pub(crate) struct StoreReference {
    pub(crate) connection: Rc<Connection>,
    pub(crate) opening: StoreOpening,
}

/// What an entry identifier names in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The store itself.
    Store,
    /// One of its objects, which may not exist.
    Object(ObjectId),
}

impl StoreReference {
    /// Whether objects may be changed and created.
    pub(crate) fn is_writable(&self) -> bool {
        self.opening.writable && self.connection.writable()
    }

    /// # Errors
    /// `MAPI_E_NO_ACCESS` in a store that may only be read.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Failure::new(
            Code::NoAccess,
            "The store was opened read-only, or can only be read; open it with MDB_WRITE to change it.",
        ))
    }

    /// The long-term entry identifier of an object of the store.
    pub(crate) fn entry_id(&self, object: &ObjectId) -> Vec<u8> {
        ProviderEntryId::of_object(self.connection.uid(), object).to_bytes()
    }

    /// What an entry identifier names here.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_ENTRYID` for a malformed one, `MAPI_E_UNKNOWN_ENTRYID` for one of another owner.
    pub(crate) fn resolve(&self, entry_id: &[u8]) -> Result<Named> {
        match EntryId::parse(entry_id)? {
            EntryId::Store(wrapped) if wrapped.private() == self.opening.entry_id.private() => Ok(Named::Store),
            EntryId::Provider(provider) if provider.uid == self.connection.uid() => {
                if provider.data == self.opening.entry_id.private() {
                    return Ok(Named::Store);
                }
                Ok(Named::Object(provider.object()?))
            }
            _ => Err(Failure::new(
                Code::UnknownEntryid,
                "The entry identifier does not belong to this store; open it through the store or session it came from.",
            )
            .with_argument("entry-id")),
        }
    }

    /// Reads an object's head and some properties.
    pub(crate) fn read(&self, object: &ObjectId, tags: &[PropTag]) -> Result<(crate::backend::ObjectHead, Vec<Property>)> {
        self.connection.backend().read(object, Want::Tags(tags), crate::properties::INLINE_LIMIT)
    }

    /// Whether this is the root folder.
    pub(crate) fn is_root(&self, object: &ObjectId) -> bool {
        object == self.connection.root()
    }

    /// A fresh record for `GetLastError`.
    pub(crate) fn last_error(&self) -> Rc<LastError> {
        Rc::new(LastError::default())
    }
}

/// `MAPI_STORE`, `MAPI_FOLDER`, `MAPI_MESSAGE`, `MAPI_ATTACH`, `MAPI_MAILUSER` (`PR_OBJECT_TYPE`).
pub(crate) const fn object_type(kind: ObjectKind) -> i32 {
    match kind {
        ObjectKind::Store => 1,
        ObjectKind::Folder | ObjectKind::SearchFolder => 3,
        ObjectKind::Message | ObjectKind::Associated | ObjectKind::EmbeddedMessage => 5,
        ObjectKind::Recipient => 6,
        ObjectKind::Attachment => 7,
        ObjectKind::DistributionList => 8,
    }
}
