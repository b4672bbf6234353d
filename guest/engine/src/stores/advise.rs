//! `IMsgStore::Advise` and `Unadvise` (`stores` 2.3).

use crate::backend::{ObjectId, ObjectKind};
use crate::error::{Code, Failure, Result};
use crate::notifications::{Connected, StoreEvents};
use crate::stores::StoreObject;
use crate::stores::reference::{Named, StoreReference};
use std::rc::Rc;

impl StoreObject {
    /// `Advise`: from now on these events of the store (no identifier, or its own), or of one folder or message,
    /// wait under the connection number.
    ///
    /// # Errors
    /// `MAPI_E_INVALID_PARAMETER` for an empty mask; `MAPI_E_NO_SUPPORT` for events a store does not tell, or
    /// a store that tells none; `MAPI_E_NOT_FOUND`, `MAPI_E_UNKNOWN_ENTRYID`, `MAPI_E_INVALID_ENTRYID`; the
    /// backend's own.
    pub fn advise(&self, entry_id: Option<&[u8]>, mask: u32) -> Result<u32> {
        self.keep(self.store().advise(entry_id, mask, false))
    }

    /// `Unadvise`: nothing is handed out for that connection any more.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND` for a connection that was not made at this store.
    pub fn unadvise(&self, connection: u32) -> Result<()> {
        self.keep(self.store().unadvise(connection))
    }

    /// `Advise` of the session for an object of this store (`session` 6.9).
    pub(crate) fn advise_through_session(&self, entry_id: &[u8], mask: u32) -> Result<u32> {
        self.store().advise(Some(entry_id), mask, true)
    }
}

impl StoreReference {
    fn advise(&self, entry_id: Option<&[u8]>, mask: u32, through_session: bool) -> Result<u32> {
        self.opening.alive.check()?;
        StoreEvents::check_mask(mask)?;
        let object = match entry_id.filter(|bytes| !bytes.is_empty()).map(|bytes| self.resolve(bytes)).transpose()? {
            None | Some(Named::Store) => None,
            Some(Named::Object(object)) => Some(self.check_watchable(object)?),
        };
        let (Some(feed), Some(queue)) = (self.connection.feed(), self.opening.alive.queue()) else {
            return Err(Failure::new(Code::NoSupport, "This store does not tell what happens in it."));
        };
        feed.catch_up()?;
        self.connection.events().advise(&queue, object, mask, self.opening.entry_id.to_bytes(), through_session)
    }

    /// A folder or message that is there.
    fn check_watchable(&self, object: ObjectId) -> Result<ObjectId> {
        let (head, _) = self.read(&object, &[])?;
        let watchable =
            matches!(head.kind, ObjectKind::Folder | ObjectKind::SearchFolder | ObjectKind::Message | ObjectKind::Associated);
        if watchable && !head.deleted {
            return Ok(object);
        }
        Err(Failure::not_found("The store has no such folder or message; it may have been deleted."))
    }

    fn unadvise(&self, connection: u32) -> Result<()> {
        self.opening.alive.check()?;
        let events = self.connection.events();
        let queue = self.opening.alive.queue();
        let made_here = queue.as_ref().and_then(|queue| queue.registration(connection)).is_some_and(
            |registration| matches!(registration, Connected::Store(at) if at.upgrade().is_some_and(|at| Rc::ptr_eq(&at, events))),
        );
        match queue.filter(|_| made_here) {
            Some(queue) => {
                events.unadvise(&queue, connection);
                Ok(())
            }
            None => Err(Failure::not_found("This store has no registration with that number.")),
        }
    }
}
