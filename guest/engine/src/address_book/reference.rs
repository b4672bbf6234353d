//! What everything opened from the address book shares: the providers, the profile and its liveness.

use super::connection::{ActiveBooks, BookConnection};
use crate::backend::{Environment, ObjectId};
use crate::entry_id::{EntryFlags, EntryId, OneOff, ProviderEntryId};
use crate::error::{Code, Failure, LastError, Result};
use crate::profiles::Profiles;
use crate::properties::Guid;
use crate::session::Alive;
use std::rc::Rc;

/// The address book as one client handle sees it.
pub(crate) struct BookReference {
    pub(crate) books: Rc<ActiveBooks>,
    pub(crate) profiles: Rc<Profiles>,
    /// The stored name of the profile.
    pub(crate) profile: String,
    pub(crate) environment: Environment,
    /// The engine-private MAPIUID of the session.
    pub(crate) session: Guid,
    /// Ends with the handle.
    pub(crate) alive: Alive,
}

/// What an entry identifier names in the address book.
pub(crate) enum Named {
    /// The root container.
    Root,
    /// A one-off recipient.
    OneOff(OneOff),
    /// An object of a provider, which may not exist.
    Object(Rc<BookConnection>, ObjectId),
}

/// What behind the session's MAPIUID names the root container.
const ROOT: &[u8] = b"address book";

/// `MAPI_SHORTTERM`, `MAPI_NOTRECIP` and `MAPI_THISSESSION`.
const ROOT_FLAGS: EntryFlags = EntryFlags([0x80 | 0x40 | 0x20, 0, 0, 0]);

/// The identifier of the root container of that session.
pub(crate) fn root_entry_id(session: Guid) -> Vec<u8> {
    ProviderEntryId { flags: ROOT_FLAGS, uid: session, data: ROOT.to_vec() }.to_bytes()
}

/// Whether it is the identifier of the root container of that session.
pub(crate) fn is_root(id: &ProviderEntryId, session: Guid) -> bool {
    id.uid == session && id.data == ROOT
}

impl BookReference {
    /// What an entry identifier names.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty one, `MAPI_E_INVALID_ENTRYID` for a malformed one,
    /// `MAPI_E_UNKNOWN_ENTRYID` when no active provider owns it.
    pub(crate) fn resolve(&self, entry_id: &[u8]) -> Result<Named> {
        match EntryId::parse(entry_id)? {
            EntryId::OneOff(one_off) => Ok(Named::OneOff(one_off)),
            EntryId::Provider(id) if is_root(&id, self.session) => Ok(Named::Root),
            EntryId::Provider(id) => match self.books.by_uid(id.uid) {
                Some(book) => Ok(Named::Object(book, id.object()?)),
                None => Err(unknown()),
            },
            EntryId::Store(_) => Err(unknown()),
        }
    }

    /// A fresh record for `GetLastError`.
    pub(crate) fn last_error() -> Rc<LastError> {
        Rc::default()
    }
}

fn unknown() -> Failure {
    let text = "No active address book owns this entry identifier; it may belong to a store, or to an address book that failed.";
    Failure::new(Code::UnknownEntryid, text).with_argument("entry-id")
}
