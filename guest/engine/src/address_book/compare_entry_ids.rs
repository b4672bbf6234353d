//! CompareEntryIDs of the address book (`address-book` 3.2).

use super::reference::{BookReference, Named};
use crate::error::{Failure, Result, check_reserved};

/// Whether two identifiers name the same object.
///
/// # Errors
/// As [`super::AddrBook::compare_entry_ids`].
pub(crate) fn compare_entry_ids(books: &BookReference, first: &[u8], second: &[u8], flags: u32) -> Result<bool> {
    books.alive.check()?;
    if first.is_empty() || second.is_empty() {
        return Err(Failure::invalid("entry-id", "Two entry identifiers are needed to compare them."));
    }
    check_reserved(flags)?;
    Ok(match (books.resolve(first)?, books.resolve(second)?) {
        (Named::Root, Named::Root) => true,
        (Named::OneOff(first), Named::OneOff(second)) => first.same_recipient(&second),
        (Named::Object(one, first), Named::Object(other, second)) => one.uid() == other.uid() && first == second,
        _ => false,
    })
}
