//! OpenAddressBook (`session` 6.4).

use super::handle::Handle;
use crate::address_book::AddrBook;
use crate::error::{Code, MapiError, Result, Warned, check_flags};
use crate::properties::Guid;
use crate::properties::interface::{IID_IADDRBOOK, check_interface};

/// `AB_NO_DIALOG`: providers may not ask for anything.
pub const AB_NO_DIALOG: u32 = 0x1;

impl Handle {
    /// `OpenAddressBook`.
    pub(super) fn open_address_book(&self, interface: Option<Guid>, flags: u32) -> Result<Warned<AddrBook>> {
        self.alive.check()?;
        check_flags(flags, AB_NO_DIALOG)?;
        check_interface(interface, &[IID_IADDRBOOK])?;
        let may_prompt = self.may_prompt && flags & AB_NO_DIALOG == 0;
        let failures = self.shared.start_address_books(&self.shared.load_profile()?, may_prompt);
        let book = AddrBook::new(self.address_book());
        Ok(match MapiError::of_all(&failures) {
            None => Warned::ok(book),
            Some(details) => {
                self.last_error.warn(Code::WErrorsReturned, details);
                Warned::warn(book, Code::WErrorsReturned)
            }
        })
    }
}
