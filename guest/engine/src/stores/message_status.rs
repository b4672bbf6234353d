//! `IMAPIFolder::GetMessageStatus` and `SetMessageStatus` (`stores` 5.9): marks on a message that are no
//! content: no save, no time of modification, no conflict.

use crate::backend::{Change, ObjectId, ObjectKind};
use crate::error::{Code, Failure, Result, check_reserved};
use crate::messages::Values;
use crate::properties::tags;
use crate::stores::reference::Named;
use crate::stores::{CommitMode, Folder};

/// `MSGSTATUS_IN_CONFLICT`: the store's own.
const IN_CONFLICT: u32 = 0x800;

impl Folder {
    /// `GetMessageStatus` of a message of this folder.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_INVALID_PARAMETER` for flags other than 0, `MAPI_E_INVALID_ENTRYID`,
    /// `MAPI_E_UNKNOWN_ENTRYID`, the backend's own.
    pub fn get_message_status(&self, entry_id: &[u8], flags: u32) -> Result<u32> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            check_reserved(flags)?;
            Ok(self.status_of(entry_id)?.status)
        })())
    }

    /// `SetMessageStatus`: sets the bits of `mask` to those of `status`; the status before comes back. A
    /// mask of 0 changes nothing. Between calls of one engine nothing comes in between.
    ///
    /// # Errors
    /// `MAPI_E_NOT_FOUND`, `MAPI_E_NO_ACCESS`, `MAPI_E_INVALID_ENTRYID`, `MAPI_E_UNKNOWN_ENTRYID`, the
    /// backend's own.
    pub fn set_message_status(&self, entry_id: &[u8], status: u32, mask: u32) -> Result<u32> {
        self.last_error.keep((|| {
            self.store.opening.alive.check()?;
            let Marked { object, status: old, deleted } = self.status_of(entry_id)?;
            let mask = mask & !IN_CONFLICT;
            if mask == 0 {
                return Ok(old);
            }
            self.store.check_writable()?;
            if deleted {
                return Err(Failure::new(Code::NoAccess, "A deleted message cannot be marked; bring it back first."));
            }
            let change = Change::Bits { object, tag: tags::MSG_STATUS, set: status & mask, clear: mask };
            self.store.connection.commit(vec![change], CommitMode::default())?;
            Ok(old)
        })())
    }

    fn status_of(&self, entry_id: &[u8]) -> Result<Marked> {
        let missing = || Failure::not_found("There is no such message in this folder.").with_argument("entry-id");
        let Named::Object(object) = self.store.resolve(entry_id)? else { return Err(missing()) };
        let (head, values) = self.store.read(&object, &[tags::MSG_STATUS])?;
        let here =
            head.parent.as_ref() == Some(&self.object) && matches!(head.kind, ObjectKind::Message | ObjectKind::Associated);
        if !here || (head.deleted && !self.shows_deleted) {
            return Err(missing());
        }
        let status = values.into_iter().collect::<Values>().long(tags::MSG_STATUS).unwrap_or(0);
        Ok(Marked { object, status: status.cast_unsigned(), deleted: head.deleted })
    }
}

/// A message with its status.
struct Marked {
    object: ObjectId,
    status: u32,
    deleted: bool,
}
