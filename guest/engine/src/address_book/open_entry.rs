//! OpenEntry of the address book (`address-book` 3.1).

use super::entry::Entry;
use super::reference::{BookReference, Named};
use super::{AbContainer, DistList, MailUser};
use crate::backend::{ObjectKind, Want};
use crate::error::{Code, Failure, Result, check_flags};
use crate::properties::interface::{IID_IABCONTAINER, IID_IDISTLIST, IID_IMAILUSER, IID_IMAPICONTAINER, check_interface};
use crate::properties::{Guid, MAPI_BEST_ACCESS, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, PropertyObject};
use std::rc::Rc;

/// `MAPI_GAL_ONLY`, `MAPI_NO_CACHE`, `MAPI_CACHE_ONLY`: hints.
const HINTS: u32 = 0x80 | 0x200 | 0x4000;

/// What `OpenEntry` opened; the case is its `PR_OBJECT_TYPE`.
#[derive(Clone)]
pub enum OpenedAbEntry {
    /// A container.
    Container(AbContainer),
    /// A messaging user.
    MailUser(MailUser),
    /// A distribution list.
    DistList(DistList),
}

impl OpenedAbEntry {
    pub(super) fn of(entry: Rc<Entry>) -> Self {
        match entry.kind {
            ObjectKind::Folder => Self::Container(AbContainer::stored(entry)),
            ObjectKind::DistributionList => Self::DistList(DistList::of(entry)),
            _ => Self::MailUser(MailUser::stored(entry)),
        }
    }

    /// Its properties (IMAPIProp).
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        match self {
            Self::Container(container) => container.properties(),
            Self::MailUser(user) => user.properties(),
            Self::DistList(list) => list.properties(),
        }
    }

    /// `PR_OBJECT_TYPE`.
    #[must_use]
    pub const fn object_type(&self) -> i32 {
        match self {
            Self::Container(_) => 4,
            Self::MailUser(_) => 6,
            Self::DistList(_) => 8,
        }
    }
}

impl BookReference {
    /// Opens what an identifier names; without one the root container.
    ///
    /// # Errors
    /// As [`super::AddrBook::open_entry`].
    pub(crate) fn open_entry(
        self: &Rc<Self>,
        entry_id: Option<&[u8]>,
        interface: Option<Guid>,
        flags: u32,
    ) -> Result<OpenedAbEntry> {
        self.alive.check()?;
        check_flags(flags, MAPI_MODIFY | MAPI_DEFERRED_ERRORS | MAPI_BEST_ACCESS | HINTS)?;
        check_interface(interface, &[IID_IABCONTAINER, IID_IMAPICONTAINER, IID_IMAILUSER, IID_IDISTLIST])?;
        let named = match entry_id.filter(|bytes| !bytes.is_empty()) {
            Some(entry_id) => self.resolve(entry_id)?,
            None => Named::Root,
        };
        let best = flags & MAPI_BEST_ACCESS != 0;
        let modify = flags & MAPI_MODIFY != 0 && !best;
        match named {
            Named::Root => {
                check_interface(interface, &[IID_IABCONTAINER, IID_IMAPICONTAINER])?;
                refuse(modify, "The root of the address book can only be read; open it without MAPI_MODIFY.")?;
                Ok(OpenedAbEntry::Container(AbContainer::root(self)))
            }
            Named::OneOff(one_off) => {
                check_interface(interface, &[IID_IMAILUSER])?;
                refuse(modify, "A one-off recipient can only be read; open it without MAPI_MODIFY.")?;
                Ok(OpenedAbEntry::MailUser(MailUser::one_off(&one_off, self.alive.clone())))
            }
            Named::Object(book, object) => {
                let (head, _) = book.read(&object, Want::Tags(&[]))?;
                let served: &[Guid] = match head.kind {
                    ObjectKind::Folder => &[IID_IABCONTAINER, IID_IMAPICONTAINER],
                    ObjectKind::DistributionList => &[IID_IDISTLIST, IID_IMAPICONTAINER],
                    _ => &[IID_IMAILUSER],
                };
                check_interface(interface, served)?;
                let writable = book.is_writable() && object != *book.root();
                refuse(modify && !writable, "This address book can only be read; open the entry without MAPI_MODIFY.")?;
                Ok(OpenedAbEntry::of(Entry::open(self, &book, object, &head, (modify || best) && writable)))
            }
        }
    }
}

fn refuse(refused: bool, text: &'static str) -> Result<()> {
    if refused { Err(Failure::new(Code::NoAccess, text)) } else { Ok(()) }
}
