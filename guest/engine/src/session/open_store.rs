//! OpenMsgStore (`session` 6.3).

use super::handle::Handle;
use super::providers::LogonWish;
use super::shared::OpenStore;
use crate::entry_id::EntryId;
use crate::error::{Code, Failure, MapiError, Result, Warned, check_flags};
use crate::profiles::Profile;
use crate::properties::Guid;
use crate::properties::interface::{IID_IMSGSTORE, check_interface};
use crate::stores::{MAPI_FULL_IPM_TREE, StoreObject, StoreOpening};
use std::rc::Rc;

/// The flags of `OpenMsgStore`.
pub mod flags {
    #![expect(missing_docs, reason = "named and explained by `session` 6.3")]
    pub const MDB_NO_DIALOG: u32 = 0x1;
    pub const MDB_WRITE: u32 = 0x4;
    pub const MAPI_DEFERRED_ERRORS: u32 = 0x8;
    pub const MAPI_BEST_ACCESS: u32 = 0x10;
    pub const MDB_TEMPORARY: u32 = 0x20;
    pub const MDB_NO_MAIL: u32 = 0x80;
    pub const MDB_ONLINE: u32 = 0x100;
}

const DEFINED: u32 = flags::MDB_NO_DIALOG
    | flags::MDB_WRITE
    | flags::MAPI_DEFERRED_ERRORS
    | flags::MAPI_BEST_ACCESS
    | flags::MDB_TEMPORARY
    | flags::MDB_NO_MAIL
    | flags::MDB_ONLINE;

impl Handle {
    /// `OpenMsgStore`.
    pub(super) fn open_msg_store(&self, entry_id: &[u8], interface: Option<Guid>, flags: u32) -> Result<Warned<StoreObject>> {
        self.alive.check()?;
        if entry_id.is_empty() {
            return Err(Failure::invalid("entry-id", "OpenMsgStore needs the entry identifier of a store."));
        }
        check_flags(flags, DEFINED)?;
        check_interface(interface, &[IID_IMSGSTORE])?;
        let EntryId::Store(id) = EntryId::parse(entry_id)? else {
            return Err(Failure::new(
                Code::UnknownEntryid,
                "The entry identifier is not that of a message store; take one from the message stores table.",
            )
            .with_argument("entry-id"));
        };
        let profile = self.shared.load_profile()?;
        let section = self.shared.store_section(&profile, &id)?;
        let wish = LogonWish {
            may_prompt: self.may_prompt && flags & flags::MDB_NO_DIALOG == 0,
            write: true,
            temporary: flags & flags::MDB_TEMPORARY != 0,
        };
        let (store, warning) = self.shared.start_store(&profile, &section, wish)?;
        let writable = flags & (flags::MDB_WRITE | flags::MAPI_BEST_ACCESS) != 0 && store.connection.writable();
        *self.access.borrow_mut().entry(store.section).or_default() |= writable;
        let object = self.open_reference(&store, writable);
        let is_of_spooler = flags & (flags::MDB_NO_MAIL | flags::MDB_TEMPORARY) == 0;
        if is_of_spooler && !self.no_mail {
            store.has_mail.set(true);
        }
        let wants_folders = flags & flags::MDB_NO_MAIL == 0 && store.connection.writable();
        let folders = if wants_folders { self.make_standard_folders(&profile, &store) } else { Ok(()) };
        // A store without its standard folders is open all the same.
        Ok(match warning.or(folders.err()) {
            None => Warned::ok(object),
            Some(failure) => {
                self.last_error.warn(Code::WErrorsReturned, MapiError::of(&failure));
                Warned::warn(object, Code::WErrorsReturned)
            }
        })
    }

    /// A reference with the most access this handle was granted, for calls through the session.
    pub(super) fn reference(&self, store: &OpenStore) -> StoreObject {
        let writable = self.access.borrow().get(&store.section).copied().unwrap_or(false);
        self.open_reference(store, writable)
    }

    fn open_reference(&self, store: &OpenStore, writable: bool) -> StoreObject {
        let (shared, section) = (Rc::downgrade(&self.shared), store.section);
        let is_default = move || shared.upgrade().is_some_and(|shared| shared.default_store.get() == Some(section));
        let opening = StoreOpening {
            entry_id: store.entry_id.clone(),
            writable,
            alive: self.alive.derive(),
            is_default: Rc::new(is_default),
            mail: Some(self.shared.mail()),
        };
        StoreObject::open(Rc::clone(&store.connection), opening)
    }

    /// The engine sees to the standard folders whatever access the client asked for (`stores` 3.2).
    fn make_standard_folders(&self, profile: &Profile, store: &OpenStore) -> Result<()> {
        let is_default = profile.default_store().is_some_and(|default| default.uid == store.section);
        let flags = if is_default { MAPI_FULL_IPM_TREE } else { 0 };
        self.open_reference(store, true).validate_ipm_subtree(flags).map(|_| ())
    }
}
