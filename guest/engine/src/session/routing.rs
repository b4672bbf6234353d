//! Who owns an entry identifier: OpenEntry and CompareEntryIDs of the session (`session` 5, 6.7, 6.8).

use super::handle::Handle;
use super::shared::{OpenStore, SharedSession};
use super::{StatusObject, open_store, store_table};
use crate::address_book::{self, AbContainer, DistList, MailUser, OpenedAbEntry};
use crate::entry_id::{EntryId, StatusEntryId, WrappedStoreId};
use crate::error::{Code, Failure, Result, Warned, check_flags, check_reserved};
use crate::messages::Message;
use crate::profiles::Profile;
use crate::properties::interface::{
    IID_IABCONTAINER, IID_IDISTLIST, IID_IMAILUSER, IID_IMAPICONTAINER, IID_IMAPIFOLDER, IID_IMAPISTATUS, IID_IMESSAGE,
    IID_IMSGSTORE, check_interface,
};
use crate::properties::{Guid, MAPI_BEST_ACCESS, MAPI_DEFERRED_ERRORS, MAPI_MODIFY};
use crate::stores::{Folder, OpenedEntry, SHOW_SOFT_DELETES, StoreObject};
use std::rc::Rc;

/// `MAPI_GAL_ONLY`, `MAPI_NO_CACHE`, `MAPI_CACHE_ONLY`: passed through to address books.
const ADDRESS_BOOK_HINTS: u32 = 0x80 | 0x200 | 0x4000;

const DEFINED: u32 = MAPI_MODIFY | SHOW_SOFT_DELETES | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | ADDRESS_BOOK_HINTS;

/// Every interface one of the openable types has.
const SERVED: [Guid; 8] = [
    IID_IMSGSTORE,
    IID_IMAPIFOLDER,
    IID_IMAPICONTAINER,
    IID_IMESSAGE,
    IID_IMAILUSER,
    IID_IMAPISTATUS,
    IID_IABCONTAINER,
    IID_IDISTLIST,
];

/// What `OpenEntry` opened; the case is its `PR_OBJECT_TYPE`.
pub enum Entry {
    /// A message store.
    Store(StoreObject),
    /// A folder.
    Folder(Folder),
    /// A message.
    Message(Message),
    /// An address book container.
    Container(AbContainer),
    /// A messaging user.
    MailUser(MailUser),
    /// A distribution list.
    DistList(DistList),
    /// A status object.
    Status(StatusObject),
}

impl Entry {
    /// `PR_OBJECT_TYPE`.
    #[must_use]
    pub const fn object_type(&self) -> i32 {
        match self {
            Self::Store(_) => 1,
            Self::Folder(_) => 3,
            Self::Container(_) => 4,
            Self::Message(_) => 5,
            Self::MailUser(_) => 6,
            Self::DistList(_) => 8,
            Self::Status(_) => 10,
        }
    }
}

/// The owner of an identifier.
pub(super) enum Owner {
    /// The provider a wrapped store identifier names; it need not be logged on.
    StoreProvider(WrappedStoreId),
    /// The engine, for status rows.
    Status(StatusEntryId),
    /// An open store.
    Store(Rc<OpenStore>),
    /// The address book: a provider that is logged on, the root container, or the engine for one-off
    /// recipients.
    AddressBook,
}

impl SharedSession {
    /// The owner of an identifier. A store is never opened to find one; address books are.
    pub(super) fn owner(&self, entry_id: &[u8], may_prompt: bool) -> Result<Owner> {
        let id = match EntryId::parse(entry_id)? {
            EntryId::Store(id) => {
                self.check_installed(&self.load_profile()?, &id)?;
                return Ok(Owner::StoreProvider(id));
            }
            EntryId::OneOff(_) => return Ok(Owner::AddressBook),
            EntryId::Provider(id) => id,
        };
        if address_book::is_root(&id, self.uid) {
            return Ok(Owner::AddressBook);
        }
        if id.uid == self.uid {
            return StatusEntryId::of(&id, self.uid).map(Owner::Status).ok_or_else(|| {
                Failure::new(Code::InvalidEntryid, "The status identifier is malformed.").with_argument("entry-id")
            });
        }
        let store = self.stores.borrow().iter().find(|store| store.connection.uid() == id.uid).cloned();
        if let Some(store) = store {
            return Ok(Owner::Store(store));
        }
        if self.address_books.by_uid(id.uid).is_none() {
            self.start_address_books(&self.load_profile()?, may_prompt);
        }
        if self.address_books.by_uid(id.uid).is_some() {
            return Ok(Owner::AddressBook);
        }
        let text = "No open store or address book owns this entry identifier; open its store first.";
        Err(Failure::new(Code::UnknownEntryid, text).with_argument("entry-id"))
    }
}

impl Handle {
    pub(super) fn open_entry(self: &Rc<Self>, entry_id: &[u8], interface: Option<Guid>, flags: u32) -> Result<Warned<Entry>> {
        self.alive.check()?;
        if entry_id.is_empty() {
            return Err(Failure::invalid("entry-id", "OpenEntry of the session needs an entry identifier."));
        }
        check_flags(flags, DEFINED)?;
        check_interface(interface, &SERVED)?;
        let entry = match self.shared.owner(entry_id, self.may_prompt)? {
            Owner::StoreProvider(_) => {
                let opened = self.open_msg_store(entry_id, interface, store_flags(flags))?;
                return Ok(Warned { value: Entry::Store(opened.value), warning: opened.warning });
            }
            Owner::Status(id) => {
                check_interface(interface, &[IID_IMAPISTATUS])?;
                let modify = flags & (MAPI_MODIFY | MAPI_BEST_ACCESS) != 0;
                let object = StatusObject::open(Rc::clone(self), id, modify)?;
                // The object of a provider that cannot be written is read-only instead.
                if self.shared.status.resource(id, self.no_mail).is_some_and(|resource| resource.is_engine()) {
                    refuse_modify(flags)?;
                }
                Entry::Status(object)
            }
            Owner::Store(store) => {
                match self.reference(&store).open_entry(Some(entry_id), interface, flags & !ADDRESS_BOOK_ONLY)? {
                    OpenedEntry::Store(store) => Entry::Store(store),
                    OpenedEntry::Folder(folder) => Entry::Folder(folder),
                    OpenedEntry::Message(message) => Entry::Message(message),
                }
            }
            Owner::AddressBook => match self.address_book().open_entry(Some(entry_id), interface, flags & !SHOW_SOFT_DELETES)? {
                OpenedAbEntry::Container(container) => Entry::Container(container),
                OpenedAbEntry::MailUser(user) => Entry::MailUser(user),
                OpenedAbEntry::DistList(list) => Entry::DistList(list),
            },
        };
        Ok(Warned::ok(entry))
    }

    pub(super) fn compare_entry_ids(&self, first: &[u8], second: &[u8], flags: u32) -> Result<bool> {
        self.alive.check()?;
        if first.is_empty() || second.is_empty() {
            return Err(Failure::invalid("entry-id", "Two entry identifiers are needed to compare them."));
        }
        check_reserved(flags)?;
        EntryId::parse(first)?;
        EntryId::parse(second)?;
        let one = self.shared.owner(first, self.may_prompt)?;
        let other = self.shared.owner(second, self.may_prompt)?;
        Ok(match (one, other) {
            (Owner::StoreProvider(one), Owner::StoreProvider(other)) => same_store(&self.shared.load_profile()?, &one, &other),
            (Owner::Status(one), Owner::Status(other)) => one == other,
            (Owner::Store(one), Owner::Store(other)) if Rc::ptr_eq(&one, &other) => {
                self.reference(&one).compare_entry_ids(first, second, 0)?
            }
            (Owner::AddressBook, Owner::AddressBook) => address_book::compare_entry_ids(&self.address_book(), first, second, 0)?,
            _ => false,
        })
    }
}

/// Flags only an address book knows.
const ADDRESS_BOOK_ONLY: u32 = 0x80;

/// The flags of OpenMsgStore for those of OpenEntry on a wrapped store identifier.
const fn store_flags(flags: u32) -> u32 {
    let write = if flags & MAPI_MODIFY == 0 { 0 } else { open_store::flags::MDB_WRITE };
    open_store::flags::MDB_NO_DIALOG | write | flags & (MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS)
}

fn refuse_modify(flags: u32) -> Result<()> {
    if flags & MAPI_MODIFY == 0 || flags & MAPI_BEST_ACCESS != 0 {
        return Ok(());
    }
    Err(Failure::new(Code::NoAccess, "The object can only be read; open it without MAPI_MODIFY."))
}

/// CompareStoreIDs: the same section of the profile, or the same private identifier of one provider.
fn same_store(profile: &Profile, one: &WrappedStoreId, other: &WrappedStoreId) -> bool {
    let section = |id| profile.providers.iter().find(|store| store_table::names(store, id)).map(|store| store.uid);
    match (section(one), section(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
