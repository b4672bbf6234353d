//! `IMAPISession::Advise` and `Unadvise` (`session` 6.9, 8.3).

use super::handle::Handle;
use super::routing::Owner;
use crate::error::{Code, Failure, Result};
use crate::notifications::{Connected, mask};

/// Events nobody may register for at the session.
const REFUSED: u32 = mask::STATUS_OBJECT_MODIFIED | mask::INDEXING;

impl Handle {
    pub(super) fn advise(&self, entry_id: Option<&[u8]>, mask: u32) -> Result<u32> {
        self.alive.check()?;
        if mask & REFUSED != 0 {
            return Err(Failure::new(Code::NoSupport, "Nobody is told of these events.").with_argument("mask"));
        }
        let Some(entry_id) = entry_id.filter(|bytes| !bytes.is_empty()) else {
            return self.queue.connect(Connected::Session { mask });
        };
        if mask == 0 {
            return Err(Failure::invalid("mask", "Advise for an object needs at least one event to tell."));
        }
        match self.shared.owner(entry_id, self.may_prompt)? {
            Owner::Store(store) => self.reference(&store).advise_through_session(entry_id, mask),
            // A store is never opened to register at it.
            Owner::StoreProvider(id) => {
                let stores = self.shared.open_stores();
                match stores.iter().find(|store| store.entry_id.private() == id.private()) {
                    Some(store) => self.reference(store).advise_through_session(entry_id, mask),
                    None => {
                        Err(Failure::new(Code::UnknownEntryid, "This store is not open; open it first.")
                            .with_argument("entry-id"))
                    }
                }
            }
            Owner::Status(_) | Owner::AddressBook => {
                Err(Failure::new(Code::NoSupport, "What happens to this object is not told.").with_argument("entry-id"))
            }
        }
    }

    pub(super) fn unadvise(&self, connection: u32) -> Result<()> {
        self.alive.check()?;
        match self.queue.registration(connection) {
            Some(Connected::Session { .. }) => self.queue.disconnect(connection),
            Some(Connected::ThroughSession(events)) => match events.upgrade() {
                Some(events) => events.unadvise(&self.queue, connection),
                None => self.queue.disconnect(connection),
            },
            _ => return Err(Failure::not_found("This session has no registration with that number.")),
        }
        Ok(())
    }
}
